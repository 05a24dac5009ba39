//! Subscripts, reducers and builders over indices, blocks: everything becomes relations between indices.
//!
//! `x[i + 1]` is Σ_p (p = i + 1)·x[p]. An index is open between the parentheses of its binder: tensors run along
//! it as they do along the batch, beside the rows and columns of their kind.

use super::names::Meaning;
use super::range::{Ranged, Use};
use super::{Axes, Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Asks, AxisFn, Bound, Extent, Form, Index, Number, RelationKind, Tensor};
use crate::source::Place;
use crate::suggest::did_you_mean;
use crate::syntax::ast::{
    BinaryOp, Binder, BoundIndex, Expr, ExprKind, Range, Subscript, SubscriptKind, Subscripted,
};

/// What reduces over indices.
const REDUCERS: [&str; 9] = ["sum", "mean", "prod", "max", "min", "logsumexp", "norm1", "norm2", "norm_inf"];

/// What builds arrays.
const BUILDERS: [&str; 3] = ["vector", "matrix", "tensor"];

/// The start of a part and its extent.
type Part = (Form, Extent);

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

    // --- Subscripts ---

    pub(super) fn subscripted(&mut self, s: &'a Subscripted, place: Place, frame: usize) -> Lowered {
        let base = self.expr(&s.base, frame)?;
        self.naming = false;
        let axes = base.kind.indices();
        // A row takes one subscript.
        let given = s.subscripts.len();
        if axes.is_empty() {
            let message = format!("`{}` is a scalar, which has no entries", self.text(base.place));
            let help = "leave the subscript out";
            return Err(
                self.report(Diagnostic::new(ErrorKind::SubscriptCount, place, message).with_help(help))
            );
        }
        if axes.len() != given {
            let at = match s.subscripts.get(axes.len()) {
                Some(extra) => self.place(frame, extra.span),
                None => place,
            };
            let many = if axes.len() == 1 { "one subscript" } else { "as many subscripts as it has axes" };
            let message = format!("{} and takes {many}, not {given}", self.describe(&base));
            let help = if given < axes.len() {
                "`:` keeps an axis whole: `X[0, :]`"
            } else {
                "leave the others out"
            };
            return Err(self.report(Diagnostic::new(ErrorKind::SubscriptCount, at, message).with_help(help)));
        }
        let base_text = self.text(base.place);
        let mut tensor = self.broadcast(&base);
        let mut kept = Vec::new();
        let mut failed = false;
        for (subscript, axis) in s.subscripts.iter().zip(axes) {
            match self.subscript(subscript, tensor.clone(), axis, &base_text, frame) {
                Ok((t, left)) => {
                    tensor = t;
                    kept.extend(left);
                }
                Err(Reported) => failed = true,
            }
        }
        if failed {
            return Err(Reported);
        }
        let kind = match (base.kind, kept.as_slice()) {
            (Kind::Row(_), &[i]) => Kind::Row(i),
            (_, &[]) => Kind::Scalar,
            (_, &[i]) => Kind::Column(i),
            (_, &[i, j]) => Kind::Matrix(i, j),
            (_, all) => Kind::Tensor(Axes::new(all)),
        };
        Ok(Value { tensor, kind, place })
    }

    /// A tensor with a subscript for one of its axes, and the index that is left of the axis, if one is.
    fn subscript(
        &mut self,
        subscript: &'a Subscript,
        tensor: Tensor,
        axis: Index,
        base: &str,
        frame: usize,
    ) -> Result<(Tensor, Option<Index>), Reported> {
        let place = self.place(frame, subscript.span);
        let extent = self.graph.extents.of(axis);
        match &subscript.kind {
            SubscriptKind::At(expr) => {
                if let Some(data) = self.data_name(expr, frame)? {
                    let named = self.graph.named_entry(axis, &data);
                    return Ok((self.entry(tensor, axis, named), None));
                }
                let affine = self.affine(expr, frame)?;
                self.bases.insert(self.uses.len(), base.to_owned());
                self.uses.push(Use { axis: extent, value: affine.clone(), place, end: false });
                let relation = self.placed(axis, &affine);
                Ok((self.entry(tensor, axis, relation), None))
            }
            SubscriptKind::Part(range) if range.start.is_none() && range.end.is_none() => {
                Ok((tensor, Some(axis)))
            }
            SubscriptKind::Part(range) => {
                let (start, length) = self.part(range, extent, place, frame)?;
                let left = self.graph.extents.index(length);
                let at = Affine::sum([(left, 1)], start);
                let relation = self.graph.holds(RelationKind::Equal, &Affine::of(axis).plus(&at, -1));
                let t = self.entry_along(tensor, axis, relation, &[left]);
                Ok((t, Some(left)))
            }
        }
    }

    /// The relation that says which entry of `axis` a subscript is.
    fn placed(&mut self, axis: Index, affine: &Affine<usize>) -> Tensor {
        let start = Affine::of(axis).plus(&Affine::fixed(affine.offset.clone()), -1);
        let value = affine.terms.iter().fold(start, |sum, &(k, n)| {
            let Ranged { index, start, .. } = &self.ranges[k];
            sum.plus(&Affine::sum([(*index, 1)], start.clone()), -n)
        });
        self.graph.holds(RelationKind::Equal, &value)
    }

    fn entry(&mut self, tensor: Tensor, axis: Index, relation: Tensor) -> Tensor {
        self.entry_along(tensor, axis, relation, &[])
    }

    /// Σ_axis relation·tensor, which also runs along `more`.
    fn entry_along(&mut self, tensor: Tensor, axis: Index, relation: Tensor, more: &[Index]) -> Tensor {
        // What the axis is now stands in its place, so that rows stay rows.
        let mut out: Vec<Index> = Vec::new();
        let kept: Vec<Index> = tensor.indices.iter().copied().filter(|i| *i != axis).collect();
        for &i in &tensor.indices {
            if i != axis {
                out.push(i);
                continue;
            }
            for &new in relation.indices.iter().chain(more) {
                if new != axis && !kept.contains(&new) && !out.contains(&new) {
                    out.push(new);
                }
            }
        }
        let parts = [(tensor, Number::ONE), (relation, Number::ONE)];
        let node = self.graph.contract_over(Number::ONE, &parts, &out, &[axis]);
        Tensor::new(node, out)
    }

    /// The start and the extent of a part of an axis.
    fn part(
        &mut self,
        range: &'a Range,
        extent: Extent,
        place: Place,
        frame: usize,
    ) -> Result<Part, Reported> {
        let whole = self.graph.extents.form(extent);
        let start = match &range.start {
            Some(start) => self.end_of_range(start, frame)?,
            None => Form::default(),
        };
        let end = match &range.end {
            Some(end) => self.end_of_range(end, frame)?.shifted(i64::from(range.inclusive)),
            None => whole.clone(),
        };
        for at in [&start, &end] {
            self.uses.push(Use { axis: extent, value: Affine::fixed(at.clone()), place, end: true });
        }
        let length = self.length(&start, &end, place)?;
        Ok((start, length))
    }

    /// How many there are from `start` to `end`.
    fn length(&mut self, start: &Form, end: &Form, place: Place) -> Result<Extent, Reported> {
        let length = end.plus(start, -1);
        if let Some(extent) = self.graph.extents.affine(&length) {
            let length = self.graph.extents.form(extent);
            if !length.is_never_negative() {
                let text = format!("`{}`", self.text(place));
                let (asks, over) = (Asks::Count, Vec::new());
                self.graph.extents.must_hold(Bound { form: length, asks, axis: extent, over, text });
            }
            return Ok(extent);
        }
        let (from, to) = (self.graph.extents.text(start), self.graph.extents.text(end));
        let message = format!("`{}` ends before it starts: {from} is more than {to}", self.text(place));
        let help = format!("write `{to}..{from}`; a range counts upwards");
        Err(self.report(Diagnostic::new(ErrorKind::OutOfRange, place, message).with_help(help)))
    }

    /// An end of a range: whole numbers and extents, no index.
    fn end_of_range(&mut self, expr: &'a Expr, frame: usize) -> Result<Form, Reported> {
        let affine = self.affine(expr, frame)?;
        let Some(&(k, _)) = affine.terms.first() else { return Ok(affine.offset) };
        let (place, name) = (self.place(frame, expr.span), self.ranges[k].name.clone());
        let message = format!("the end of a range may not hang on an index, and `{name}` is one");
        let help = format!(
            "a part with a fixed length is `x[{name} + k]` with an index `k` of its own; for a range that ends at another index write `where(j < {name}, ..., 0)`"
        );
        Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)))
    }

    /// The entries that data name, where the subscript is data's.
    fn data_name(&mut self, expr: &'a Expr, frame: usize) -> Result<Option<Tensor>, Reported> {
        let ExprKind::Subscripted(s) = &expr.kind else { return Ok(None) };
        let place = self.place(frame, expr.span);
        if !self.is_whole(&s.base, frame) {
            if let ExprKind::Name(name) = &s.base.kind
                && matches!(self.meaning(name, frame), Meaning::Unknown)
            {
                let at = self.place(frame, s.base.span);
                return Err(self.unknown(name, at, frame, "name"));
            }
            let text = self.text(self.place(frame, s.base.span));
            let message = format!("`{text}` holds numbers, and a subscript must be whole");
            let help = "data that name entries are fields of `usize`, `u32` or `i64`";
            return Err(self.report(Diagnostic::new(ErrorKind::NotWhole, place, message).with_help(help)));
        }
        for subscript in &s.subscripts {
            if let SubscriptKind::At(inner) = &subscript.kind
                && let ExprKind::Subscripted(nested) = &inner.kind
                && self.is_whole(&nested.base, frame)
            {
                let message = "an entry that data name may not name another";
                let help = "hold the result in a field of its own";
                let place = self.place(frame, subscript.span);
                return Err(
                    self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help))
                );
            }
        }
        self.naming = true;
        let value = self.subscripted(s, place, frame);
        self.naming = false;
        let value = value?;
        if value.kind != Kind::Scalar {
            let message = format!("`{}` names many entries at once", self.text(place));
            let help = "name them one by one, with an index: `x[p[k]]`";
            return Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)));
        }
        Ok(Some(value.tensor))
    }

    /// Notes that a variable holds whole numbers.
    pub(super) fn set_whole(&mut self, name: &str, node: crate::ir::NodeId) {
        self.graph.set_whole(node);
        if let Some(v) = self.variables.get_mut(name) {
            v.whole = true;
        }
    }

    fn is_whole(&self, expr: &Expr, frame: usize) -> bool {
        let ExprKind::Name(name) = &expr.kind else { return false };
        !self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            && self.variables.get(name).is_some_and(|v| v.whole)
    }

    // --- Affine expressions ---

    /// A subscript, or an end of a range: whole numbers, extents, indices; sums and whole multiples of them.
    fn affine(&mut self, expr: &'a Expr, frame: usize) -> Result<Affine<usize>, Reported> {
        let place = self.place(frame, expr.span);
        match &expr.kind {
            ExprKind::Number(text) => match text.parse::<i64>() {
                Ok(n) if text.bytes().all(|b| b.is_ascii_digit()) && n < 1 << 48 => {
                    if self.has_point(place) {
                        return Err(self.not_whole(place));
                    }
                    Ok(Affine::fixed(Form::constant(n)))
                }
                _ if text.bytes().all(|b| b.is_ascii_digit()) => {
                    let message = format!("the subscript `{}` is outside of anything", self.text(place));
                    Err(self.report(Diagnostic::new(ErrorKind::OutOfRange, place, message)))
                }
                _ => Err(self.not_whole(place)),
            },
            ExprKind::Name(name) => self.affine_name(name, place, frame),
            ExprKind::Negate(x) => Ok(self.affine(x, frame)?.times(-1)),
            ExprKind::Chain(first, rest) => {
                let mut value = self.affine(first, frame)?;
                for link in rest {
                    let right = match link.op {
                        BinaryOp::Div | BinaryOp::ElementDiv | BinaryOp::ElementMul => {
                            return Err(self.not_affine(place));
                        }
                        _ => self.affine(&link.operand, frame)?,
                    };
                    value = match link.op {
                        BinaryOp::Add => value.plus(&right, 1),
                        BinaryOp::Sub => value.plus(&right, -1),
                        _ => self.affine_product(&value, &right, place)?,
                    };
                }
                Ok(value)
            }
            ExprKind::Call(call) => {
                if let Some(e) = self.extent_call(call, place, frame)? {
                    return Ok(Affine::fixed(self.graph.extents.form(e)));
                }
                Err(self.not_affine(place))
            }
            ExprKind::Subscripted(s) if self.is_whole(&s.base, frame) => {
                let message = format!("`{}` must stand alone as a subscript", self.text(place));
                let help = "hold the sum in the data, or in a field of its own";
                Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)))
            }
            _ => Err(self.not_affine(place)),
        }
    }

    /// Whether a number is written with a point, as `1.0` is.
    fn has_point(&self, place: Place) -> bool {
        self.text(place).contains(['.', 'e', 'E'])
    }

    fn affine_product(
        &mut self,
        a: &Affine<usize>,
        b: &Affine<usize>,
        place: Place,
    ) -> Result<Affine<usize>, Reported> {
        match (a.as_constant(), b.as_constant()) {
            (Some(n), _) => Ok(b.times(n)),
            (_, Some(n)) => Ok(a.times(n)),
            _ => {
                let message = format!("`{}` is not a whole multiple of an index", self.text(place));
                let help = "the multiple must be a number; for rows of one length that stand one after the other, `reshape(v, n, m)[i, j]` is `v[m*i + j]`";
                Err(self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help)))
            }
        }
    }

    fn affine_name(&mut self, name: &str, place: Place, frame: usize) -> Result<Affine<usize>, Reported> {
        if let Some(k) = self.open_index(name, frame) {
            return Ok(Affine::of(k));
        }
        if let Some(e) = self.symbol(name, frame) {
            return Ok(Affine::fixed(self.graph.extents.form(e)));
        }
        let known = self.variables.contains_key(name)
            || self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            || matches!(name, "pi" | "eye");
        if !known {
            return Err(self.unknown(name, place, frame, "index"));
        }
        let message = if self.variables.get(name).is_some_and(|v| v.whole) {
            format!("`{name}` is data, of which one entry may be a subscript")
        } else {
            format!("`{name}` is not an index")
        };
        let help = if self.variables.get(name).is_some_and(|v| v.whole) {
            format!("write `{name}[k]` with an index `k`: `sum[k](x[{name}[k]])`")
        } else {
            "subscripts are whole numbers, indices of `sum[i](...)` and its like, and extents such as `len(x)`".to_owned()
        };
        Err(self.report(Diagnostic::new(ErrorKind::NotAnIndex, place, message).with_help(help)))
    }

    fn not_whole(&mut self, place: Place) -> Reported {
        let message = format!("`{}` is not a whole number", self.text(place));
        let help = "entries are numbered 0, 1, 2, ...";
        self.report(Diagnostic::new(ErrorKind::NotWhole, place, message).with_help(help))
    }

    fn not_affine(&mut self, place: Place) -> Reported {
        let message = format!("`{}` is no subscript", self.text(place));
        let help = "a subscript is a whole number, an index, or sums, differences and whole multiples of such: `2*i + 1`, `len(x) - 1 - i`";
        self.report(Diagnostic::new(ErrorKind::NotAffine, place, message).with_help(help))
    }

    /// The extent that a declaration calls so.
    pub(super) fn symbol(&self, name: &str, frame: usize) -> Option<Extent> {
        let hidden = self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            || self.variables.contains_key(name)
            || self.frames[frame].source == crate::source::SourceId::Catalog;
        if hidden { None } else { self.symbols.get(name).copied() }
    }

    /// The extent that `len`, `rows`, `cols` or `extent` is a call for.
    pub(super) fn extent_call(
        &mut self,
        call: &'a crate::syntax::ast::Call,
        place: Place,
        frame: usize,
    ) -> Result<Option<Extent>, Reported> {
        let name = call.function.name.as_str();
        let params: &[&str] = match name {
            "len" => &["x"],
            "rows" | "cols" => &["X"],
            "extent" => &["T", "axis"],
            _ => return Ok(None),
        };
        let bound =
            self.bind_arguments(name, params, &vec![false; params.len()], &call.args, place, frame)?;
        let args: Vec<&'a Expr> = bound.into_iter().flatten().collect();
        let Some(&first) = args.first() else { return Err(Reported) };
        let value = self.expr(first, frame)?;
        let axes = value.kind.indices();
        let axis = match (name, value.kind) {
            ("len", Kind::Column(i) | Kind::Row(i)) => Some(i),
            ("rows", Kind::Matrix(i, _)) | ("cols", Kind::Matrix(_, i)) => Some(i),
            ("extent", _) if !axes.is_empty() => {
                let Some(&second) = args.get(1) else { return Err(Reported) };
                let at = self.place(frame, second.span);
                let axis = self.affine(second, frame)?.as_constant();
                let Some(axis) = axis else { return Err(self.not_whole(at)) };
                let Some(&i) = usize::try_from(axis).ok().and_then(|k| axes.get(k)) else {
                    let message =
                        format!("{} has no axis {axis}", self.describe(&value).replace(" is ", ", "));
                    let help = format!("axes are numbered from 0 to {}", axes.len() - 1);
                    return Err(
                        self.report(Diagnostic::new(ErrorKind::OutOfRange, at, message).with_help(help))
                    );
                };
                Some(i)
            }
            _ => None,
        };
        let Some(axis) = axis else {
            let what = match name {
                "len" => "a vector",
                "extent" => "an array",
                _ => "a matrix",
            };
            return Err(self.wants(what, name, &value));
        };
        Ok(Some(self.graph.extents.of(axis)))
    }

    // --- Binders ---

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
            let help = format!("call the index otherwise, such as `{name}_` or `i`");
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

    // --- Whole arrays ---

    /// `prod(x)`: of all entries.
    pub(super) fn product_of_all(&mut self, x: &Value, place: Place) -> Value {
        let t = self.broadcast(x);
        let tensor = x.kind.indices().iter().rev().fold(t, |t, &i| self.graph.others(&t, i, &[]));
        Value { tensor, kind: Kind::Scalar, place }
    }

    /// `cumsum(x)[i]` = Σ_{j ≤ i} x[j]
    pub(super) fn cumsum(&mut self, x: &Value, place: Place) -> Lowered {
        let (Kind::Column(j) | Kind::Row(j)) = x.kind else {
            return Err(self.wants("a vector", "cumsum", x));
        };
        let extent = self.graph.extents.of(j);
        let i = self.graph.extents.index(extent);
        let value = Affine::of(i).plus(&Affine::of(j), -1);
        let below = self.graph.holds(RelationKind::AtLeast, &value);
        let t = self.broadcast(x);
        let tensor = self.entry_along(t, j, below, &[i]);
        let kind = if matches!(x.kind, Kind::Row(_)) { Kind::Row(i) } else { Kind::Column(i) };
        Ok(Value { tensor, kind, place })
    }

    /// `pad(x, p, ...)`: zeros on both sides of each axis.
    pub(super) fn pad(&mut self, x: &Value, widths: &[&'a Expr], place: Place, frame: usize) -> Lowered {
        let axes = x.kind.indices();
        if axes.is_empty() {
            return Err(self.wants("an array", "pad", x));
        }
        if widths.len() != 1 && widths.len() != axes.len() {
            let message = format!("{} and `pad` has {} widths here", self.describe(x), widths.len());
            let help = "give one width for all axes, or one for each";
            return Err(
                self.report(Diagnostic::new(ErrorKind::TooManyArguments, place, message).with_help(help))
            );
        }
        let mut tensor = self.broadcast(x);
        let mut kept = Vec::new();
        for (n, &axis) in axes.iter().enumerate() {
            let width = widths.get(n).or(widths.first()).copied();
            let Some(width) = width else { return Err(Reported) };
            let by = self.end_of_range(width, frame)?;
            let at = self.place(frame, width.span);
            if by.as_constant().is_some_and(|n| n < 0) {
                let message = "an array is padded by no less than 0 entries";
                let help = "to leave entries out, take a part: `x[1..len(x) - 1]`";
                return Err(self.report(Diagnostic::new(ErrorKind::BadExtent, at, message).with_help(help)));
            }
            let extent = self.graph.extents.of(axis);
            let wide = self.graph.extents.form(extent).plus(&by, 2);
            let Some(wide) = self.graph.extents.affine(&wide) else { return Err(Reported) };
            let i = self.graph.extents.index(wide);
            // (axis = i − p), nothing where i − p is outside
            let value = Affine::sum([(axis, 1), (i, -1)], by);
            let relation = self.graph.holds(RelationKind::Equal, &value);
            tensor = self.entry_along(tensor, axis, relation, &[i]);
            kept.push(i);
        }
        let kind = x.kind.renamed(&axes, &kept);
        Ok(Value { tensor, kind, place })
    }

    /// `flatten(T)`: row by row.
    pub(super) fn flatten(&mut self, x: &Value, place: Place) -> Lowered {
        let axes = x.kind.indices();
        if let [i] = axes[..] {
            return Ok(Value { tensor: x.tensor.clone(), kind: Kind::Column(i), place });
        }
        if axes.is_empty() {
            return Err(self.wants("an array", "flatten", x));
        }
        self.reshaped(x, &[axes], place)
    }

    /// How many entries there are; none where that is beyond counting.
    fn entries_of(&mut self, extents: &[Extent]) -> Option<Extent> {
        let graph = &mut self.graph;
        let one = graph.extents.constant(1);
        extents.iter().try_fold(one, |total, &e| match graph.extents.as_constant(total) {
            Some(1) => Some(e),
            _ => graph.extents.product(total, e),
        })
    }

    /// Axes merged into one for each group.
    fn reshaped(&mut self, x: &Value, groups: &[Vec<Index>], place: Place) -> Lowered {
        let t = self.broadcast(x);
        let beside: Vec<Index> =
            t.indices.iter().copied().filter(|i| !groups.iter().flatten().any(|g| g == i)).collect();
        let order: Vec<Index> = beside.iter().chain(groups.iter().flatten()).copied().collect();
        let node = self.graph.tensor_as(&t, &order);
        let mut shape: Vec<Extent> = beside.iter().map(|&i| self.graph.extents.of(i)).collect();
        let mut places: Vec<Vec<u8>> = (0..beside.len() as u8).map(|k| vec![k]).collect();
        let mut kept = Vec::new();
        let mut next = beside.len() as u8;
        for group in groups {
            let extents: Vec<Extent> = group.iter().map(|&i| self.graph.extents.of(i)).collect();
            let Some(extent) = self.entries_of(&extents) else {
                let message = "there are too many entries to count";
                return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
            };
            places.push((next..next + group.len() as u8).collect());
            next += group.len() as u8;
            shape.push(extent);
            kept.push(self.graph.extents.index(extent));
        }
        let node = self.graph.merge(node, &places, &shape);
        let indices: Vec<Index> = beside.into_iter().chain(kept.iter().copied()).collect();
        let kind = if let [i] = kept[..] { Kind::Column(i) } else { Kind::Scalar };
        Ok(Value { tensor: Tensor::new(node, indices), kind, place })
    }

    /// `reshape(v, n, m, ...)`
    pub(super) fn reshape(&mut self, x: &Value, extents: &[&'a Expr], place: Place, frame: usize) -> Lowered {
        let flat = if x.kind == Kind::Scalar {
            return Err(self.wants("an array", "reshape", x));
        } else {
            self.flatten(x, place)?
        };
        let Kind::Column(i) = flat.kind else { return Err(Reported) };
        let mut wanted = Vec::new();
        for extent in extents {
            let form = self.end_of_range(extent, frame)?;
            let at = self.place(frame, extent.span);
            let Some(e) = self.graph.extents.affine(&form) else {
                let message = "an extent is a whole number, 0 or more";
                return Err(self.report(Diagnostic::new(ErrorKind::BadExtent, at, message)));
            };
            wanted.push(e);
        }
        if wanted.len() > Axes::MOST {
            let message = format!("a tensor of more than {} axes", Axes::MOST);
            return Err(self.report(Diagnostic::new(ErrorKind::Unsupported, place, message)));
        }
        let Some(total) = self.entries_of(&wanted) else { return Err(Reported) };
        let length = self.graph.extents.of(i);
        if !self.graph.extents.unify(length, total) {
            let [has, wants] = [length, total].map(|e| self.graph.extents.name(e));
            let message = format!("`{}` has {has} entries, and {wants} are asked for", self.text(x.place));
            let help = "the product of the extents must be the number of entries";
            return Err(
                self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help))
            );
        }
        if let [_] = wanted[..] {
            return Ok(Value { place, ..flat });
        }
        let kept: Vec<Index> = wanted.iter().map(|&e| self.graph.extents.index(e)).collect();
        let t = self.broadcast(&flat);
        let beside: Vec<Index> = t.indices.iter().copied().filter(|x| *x != i).collect();
        let order: Vec<Index> = beside.iter().copied().chain([i]).collect();
        let node = self.graph.tensor_as(&t, &order);
        let mut groups: Vec<Vec<u8>> = (0..beside.len() as u8).map(|k| vec![k]).collect();
        let from = beside.len() as u8;
        groups.push((from..from + kept.len() as u8).collect());
        let mut shape: Vec<Extent> = beside.iter().map(|&i| self.graph.extents.of(i)).collect();
        shape.extend(&wanted);
        let node = self.graph.split(node, &groups, &shape);
        let indices = beside.into_iter().chain(kept.iter().copied()).collect();
        let kind = match kept[..] {
            [i, j] => Kind::Matrix(i, j),
            _ => Kind::Tensor(Axes::new(&kept)),
        };
        Ok(Value { tensor: Tensor::new(node, indices), kind, place })
    }

    // --- Blocks ---

    /// `[A, b; c', d]`: the sum of its blocks, each at its place and 0 elsewhere.
    pub(super) fn block(&mut self, rows: &'a [Vec<Expr>], place: Place, frame: usize) -> Lowered {
        let mut values: Vec<Vec<Value>> = Vec::new();
        let mut failed = false;
        for row in rows {
            let mut all = Vec::new();
            for expr in row {
                match self.expr(expr, frame) {
                    Ok(v) if matches!(v.kind, Kind::Tensor(_)) => {
                        let message =
                            format!("a block is a scalar, a vector or a matrix, but {}", self.describe(&v));
                        self.report(Diagnostic::new(ErrorKind::ShapeMismatch, v.place, message));
                        failed = true;
                    }
                    Ok(v) => all.push(v),
                    Err(Reported) => failed = true,
                }
            }
            values.push(all);
        }
        if failed {
            return Err(Reported);
        }
        let one = self.graph.extents.constant(1);
        let (mut placed, mut height, mut width) = (Vec::new(), Form::default(), None::<Form>);
        for row in &values {
            let mut tall: Option<Extent> = None;
            let mut across = Form::default();
            for v in row {
                let of = |i: Index| self.graph.extents.of(i);
                let (h, w) = match v.kind {
                    Kind::Column(i) => (of(i), one),
                    Kind::Row(j) => (one, of(j)),
                    Kind::Matrix(i, j) => (of(i), of(j)),
                    _ => (one, one),
                };
                match tall {
                    Some(known) if !self.graph.extents.unify(known, h) => {
                        let [known, h] = [known, h].map(|e| self.graph.extents.name(e));
                        let message = format!(
                            "blocks side by side are equally high, but `{}` is {h} high beside {known}",
                            self.text(v.place)
                        );
                        let help = "blocks below one another are separated by `;`";
                        return Err(self.report(
                            Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help),
                        ));
                    }
                    Some(_) => {}
                    None => tall = Some(h),
                }
                placed.push((v.clone(), height.clone(), across.clone()));
                across = across.plus(&self.graph.extents.form(w), 1);
            }
            let Some(tall) = tall else { return Err(Reported) };
            height = height.plus(&self.graph.extents.form(tall), 1);
            match &width {
                None => width = Some(across),
                Some(known) => {
                    if !self.graph.extents.equate(&known.clone(), &across) {
                        let [known, across] = [known, &across].map(|f| self.graph.extents.text(f));
                        let message = format!(
                            "the rows of a block are equally wide, but one is {across} wide and another {known}"
                        );
                        return Err(self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message)));
                    }
                }
            }
        }
        let width = width.unwrap_or_default();
        let flat = |f: &Form| f.as_constant() == Some(1);
        let (Some(h), Some(w)) = (self.graph.extents.affine(&height), self.graph.extents.affine(&width))
        else {
            return Err(Reported);
        };
        let (i, j) = (self.graph.extents.index(h), self.graph.extents.index(w));
        let mut terms = Vec::new();
        for (v, down, right) in placed {
            let mut t = self.broadcast(&v);
            let (row, col) = match v.kind {
                Kind::Column(p) => (Some(p), None),
                Kind::Row(q) => (None, Some(q)),
                Kind::Matrix(p, q) => (Some(p), Some(q)),
                _ => (None, None),
            };
            for (own, to, offset, only) in [(row, i, &down, flat(&height)), (col, j, &right, flat(&width))] {
                match own {
                    // to = own + offset
                    Some(own) => {
                        let value = Affine::sum([(own, 1), (to, -1)], offset.clone());
                        let relation = self.graph.holds(RelationKind::Equal, &value);
                        t = self.entry_along(t, own, relation, &[to]);
                    }
                    None if only => {}
                    None => {
                        let value = Affine::sum([(to, 1)], offset.times(-1));
                        let relation = self.graph.holds(RelationKind::Equal, &value);
                        let factors = [(t.clone(), Number::ONE), (relation, Number::ONE)];
                        let mut out = t.indices.clone();
                        out.push(to);
                        t = Tensor::new(self.graph.contract_over(Number::ONE, &factors, &out, &[]), out);
                    }
                }
            }
            terms.push((Number::ONE, t));
        }
        let kind = match (flat(&height), flat(&width)) {
            (true, true) => Kind::Scalar,
            (false, true) => Kind::Column(i),
            (true, false) => Kind::Row(j),
            (false, false) => Kind::Matrix(i, j),
        };
        // An axis of one entry is gone.
        for (_, t) in &mut terms {
            for (gone, one) in [(i, flat(&height)), (j, flat(&width))] {
                if one && t.indices.contains(&gone) {
                    let out: Vec<Index> = t.indices.iter().copied().filter(|x| *x != gone).collect();
                    *t = Tensor::new(self.graph.tensor_as(t, &out), out);
                }
            }
        }
        let tensor = self.graph.sum(&terms);
        Ok(Value { tensor, kind, place })
    }
}
