//! Blocks, `[A, b; c', d]`: the sum of arrays, each at its place and 0 elsewhere.

use super::{Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Extent, Form, Index, Number, RelationKind, Tensor};
use crate::source::Place;
use crate::syntax::ast::Expr;

impl<'a> Lowerer<'a> {
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
                        let [known, h] = [known, h].map(|e| self.graph.extent_text(e));
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
                        let [known, across] = [known, &across].map(|f| self.graph.form_text(f));
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
