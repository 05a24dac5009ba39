//! Subscripts: an entry or a part of an array is a sum with a relation between indices. `x[i + 1]` is
//! Σ_p (p = i + 1)·x[p].

use super::names::Meaning;
use super::range::{Ranged, Use};
use super::{Axes, Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Asks, Bound, Extent, Form, Index, Number, RelationKind, Tensor};
use crate::source::Place;
use crate::syntax::ast::{Expr, ExprKind, Range, Subscript, SubscriptKind, Subscripted};

/// The start of a part and its extent.
type Part = (Form, Extent);

impl<'a> Lowerer<'a> {
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
    pub(super) fn entry_along(
        &mut self,
        tensor: Tensor,
        axis: Index,
        relation: Tensor,
        more: &[Index],
    ) -> Tensor {
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
    pub(super) fn length(&mut self, start: &Form, end: &Form, place: Place) -> Result<Extent, Reported> {
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
        let (from, to) = (self.graph.form_text(start), self.graph.form_text(end));
        let message = format!("`{}` ends before it starts: {from} is more than {to}", self.text(place));
        let help = format!("write `{to}..{from}`; a range counts upwards");
        Err(self.report(Diagnostic::new(ErrorKind::OutOfRange, place, message).with_help(help)))
    }

    /// An end of a range: whole numbers and extents, no index.
    pub(super) fn end_of_range(&mut self, expr: &'a Expr, frame: usize) -> Result<Form, Reported> {
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

    pub(super) fn is_whole(&self, expr: &Expr, frame: usize) -> bool {
        let ExprKind::Name(name) = &expr.kind else { return false };
        !self.frames[frame].bindings.iter().any(|(n, _)| n == name)
            && self.variables.get(name).is_some_and(|v| v.whole)
    }
}
