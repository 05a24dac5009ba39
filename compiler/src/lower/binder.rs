//! Reducers and builders over indices, `sum[i](...)`, `matrix[i, j](...)`.
//!
//! An index is open between the parentheses of its binder: tensors run along it as they do along the batch, beside
//! the rows and columns of their kind.

use super::{Axes, Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{AxisFn, Form, Index, Number, Tensor};
use crate::source::Place;
use crate::suggest::did_you_mean;
use crate::syntax::ast::{Binder, BoundIndex};

/// What reduces over indices.
pub(super) const REDUCERS: [&str; 9] =
    ["sum", "mean", "prod", "max", "min", "logsumexp", "norm1", "norm2", "norm_inf"];

/// What builds arrays.
const BUILDERS: [&str; 3] = ["vector", "matrix", "tensor"];

impl<'a> Lowerer<'a> {
    /// The indices beside those of a value's kind: of the batch, and of the binders around.
    pub(super) fn beside(&self) -> Vec<Index> {
        self.batch.iter().copied().chain(self.open.iter().map(|&k| self.ranges[k].index)).collect()
    }

    /// The index of this name, if one is open here.
    pub(super) fn open_index(&self, name: &str, frame: usize) -> Option<usize> {
        self.frames[frame].indices.iter().rev().find(|(n, _)| n == name).map(|(_, k)| *k)
    }

    /// The value of an index, as a number.
    pub(super) fn index_value(&mut self, k: usize, place: Place) -> Value {
        let (index, start) = (self.ranges[k].index, self.ranges[k].start.clone());
        let extent = self.graph.extents.of(index);
        let from_zero = Tensor::new(self.graph.position(extent), vec![index]);
        let start = self.graph.form_value(&start);
        let tensor = self.graph.sum(&[(Number::ONE, from_zero), (Number::ONE, start)]);
        Value { tensor, kind: Kind::Scalar, place }
    }

    pub(super) fn binder(&mut self, b: &'a Binder, place: Place, frame: usize) -> Lowered {
        let name = b.function.name.as_str();
        if !REDUCERS.contains(&name) && !BUILDERS.contains(&name) {
            return Err(self.no_binder(b, frame));
        }
        let count = b.indices.len();
        let wrong = match (name, count) {
            ("vector", 2) => Some("matrix"),
            ("vector", 3..) => Some("tensor"),
            ("matrix" | "tensor", 1) => Some("vector"),
            ("tensor", 2) => Some("matrix"),
            ("matrix", 3..) => Some("tensor"),
            _ => None,
        };
        if let Some(right) = wrong {
            let at = match (name, b.indices.get(1)) {
                ("vector", Some(second)) => self.place(frame, second.name.span),
                _ => place,
            };
            let message = format!(
                "`{name}` has {} here",
                if count == 1 { "one index".to_owned() } else { format!("{count} indices") }
            );
            let help = format!("write `{right}[...](...)`");
            return Err(self.report(Diagnostic::new(ErrorKind::SubscriptCount, at, message).with_help(help)));
        }
        let (opened, visible) = (self.open.len(), self.frames[frame].indices.len());
        let mut failed = false;
        for index in &b.indices {
            failed |= self.open_bound(index, frame).is_err();
        }
        let body = if failed { Err(Reported) } else { self.expr(&b.body, frame) };
        self.frames[frame].indices.truncate(visible);
        let indices: Vec<Index> = self.open.split_off(opened).iter().map(|&k| self.ranges[k].index).collect();
        let body = body?;
        if BUILDERS.contains(&name) {
            self.built(name, body, &indices, place)
        } else {
            self.reduced_over(name, body, &indices, place)
        }
    }

    fn no_binder(&mut self, b: &'a Binder, frame: usize) -> Reported {
        let name = b.function.name.as_str();
        let at = self.place(frame, b.function.span);
        let all = REDUCERS.iter().chain(&BUILDERS).copied();
        let near = did_you_mean(name, all).map_or_else(
            || "`sum[i](...)` and its like are `sum mean prod max min logsumexp norm1 norm2 norm_inf`, `vector matrix tensor`".to_owned(),
            |near| format!("did you mean `{near}[...](...)`?"),
        );
        let known =
            self.variables.contains_key(name) || self.frames[frame].bindings.iter().any(|(n, _)| n == name);
        let message = if known {
            format!("`{name}` is a variable: `{name}[...]` is an entry, which is not called")
        } else {
            format!("`{name}` does not run over indices")
        };
        self.report(Diagnostic::new(ErrorKind::NotAFunction, at, message).with_help(near))
    }

    /// Opens an index of a binder.
    fn open_bound(&mut self, bound: &'a BoundIndex, frame: usize) -> Result<(), Reported> {
        let name = &bound.name.name;
        let place = self.place(frame, bound.name.span);
        if let Some(what) = self.taken(name, frame) {
            let message = format!("`{name}` is {what} already, and an index hides nothing");
            let free = ["i", "j", "l", "r"].into_iter().find(|other| self.taken(other, frame).is_none());
            let others = free.map_or_else(String::new, |free| format!(" or `{free}`"));
            let help = format!("call the index otherwise, such as `{name}_`{others}");
            return Err(
                self.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help))
            );
        }
        let k = match &bound.range {
            None => self.open_range(name, place),
            Some(range) => {
                let at = self.place(frame, range.span);
                let start = match &range.start {
                    Some(start) => self.end_of_range(start, frame)?,
                    None => Form::default(),
                };
                let Some(end) = &range.end else { return Err(Reported) };
                let end = self.end_of_range(end, frame)?.shifted(i64::from(range.inclusive));
                if start.as_constant().is_some_and(|n| n < 0) {
                    let message = format!("`{}` starts below 0", self.text(at));
                    let help =
                        "indices are whole numbers from 0 on; write what is subtracted in the subscript";
                    return Err(
                        self.report(Diagnostic::new(ErrorKind::OutOfRange, at, message).with_help(help))
                    );
                }
                let extent = self.length(&start, &end, at)?;
                self.written_range(name, place, start, extent)
            }
        };
        self.open.push(k);
        self.frames[frame].indices.push((name.clone(), k));
        Ok(())
    }

    /// What the name of an index means already.
    fn taken(&self, name: &str, frame: usize) -> Option<&'static str> {
        if self.open_index(name, frame).is_some() {
            return Some("an index around");
        }
        if name == "pi" || name == "eye" {
            return Some("a constant");
        }
        if self.frames[frame].bindings.iter().any(|(n, _)| n == name) {
            return Some("a definition");
        }
        if self.variables.contains_key(name) {
            return Some("a variable");
        }
        if self.symbols.contains_key(name) {
            return Some("an extent");
        }
        (self.is_cost && matches!(name, "k" | "a" | "y" | "z" | "w" | "b"))
            .then_some("a name of the cost's own")
    }

    /// An array whose entries are the body's.
    fn built(&mut self, name: &str, body: Value, indices: &[Index], place: Place) -> Lowered {
        if body.kind != Kind::Scalar {
            let message =
                format!("the entries of `{name}[...](...)` are scalars, but {}", self.describe(&body));
            let help = "give the entry an index for each of its axes: `matrix[i, j](X[i, j])`";
            let kind = ErrorKind::NotScalar;
            return Err(self.report(Diagnostic::new(kind, body.place, message).with_help(help)));
        }
        let kind = match *indices {
            [i] => Kind::Column(i),
            [i, j] => Kind::Matrix(i, j),
            _ if indices.len() > Axes::MOST => {
                let message = format!("a tensor of more than {} axes", Axes::MOST);
                return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
            }
            _ => Kind::Tensor(Axes::new(indices)),
        };
        Ok(Value { tensor: body.tensor, kind, place })
    }

    /// A reducer over indices.
    fn reduced_over(&mut self, name: &str, body: Value, indices: &[Index], place: Place) -> Lowered {
        let kind = body.kind;
        let mut all = indices.to_vec();
        all.extend(kind.indices());
        let value = |tensor| Ok(Value { tensor, kind, place });
        match name {
            "sum" => value(self.product_over(&[body.tensor], indices, kind)),
            "mean" => {
                self.need_values(indices, place);
                let mut factors = vec![self.product_over(&[body.tensor], indices, kind)];
                for &i in indices {
                    let extent = self.graph.extents.of(i);
                    let n = Tensor::new(self.graph.extent_value(extent), Vec::new());
                    factors.push(self.graph.power(&n, Number::MINUS_ONE));
                }
                value(self.graph.multiply(&factors))
            }
            "norm1" => {
                let abs = self.graph.call("abs", &[body.tensor]);
                value(self.product_over(&[abs], indices, kind))
            }
            "norm2" => {
                let square = self.graph.power(&body.tensor, Number::TWO);
                let total = self.product_over(&[square], indices, kind);
                value(self.graph.power(&total, Number::HALF))
            }
            "prod" => {
                let t = indices.iter().rev().fold(body.tensor, |t, &i| self.graph.others(&t, i, &[]));
                value(t)
            }
            _ => {
                let mut t = match name {
                    "norm_inf" => self.graph.call("abs", &[body.tensor]),
                    "min" => self.graph.negate(&body.tensor),
                    _ => body.tensor,
                };
                if name != "norm_inf" {
                    self.need_values(indices, place);
                }
                if !all.iter().all(|i| t.indices.contains(i)) {
                    let out: Vec<Index> = self
                        .beside()
                        .into_iter()
                        .filter(|i| t.indices.contains(i) && !all.contains(i))
                        .chain(all.iter().copied())
                        .collect();
                    t = Tensor::new(self.graph.tensor_as(&t, &out), out);
                }
                let f = if name == "logsumexp" { AxisFn::LogSumExp } else { AxisFn::Max };
                let t = self.graph.axis(f, &t, indices);
                value(if name == "min" { self.graph.negate(&t) } else { t })
            }
        }
    }

    /// Notes that what is written has no value where an index takes none.
    fn need_values(&mut self, indices: &[Index], place: Place) {
        for &i in indices {
            self.needs_entries(Kind::Column(i), place);
        }
    }
}
