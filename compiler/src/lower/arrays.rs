//! Functions of whole arrays that are relations between indices: `prod`, `cumsum`, `pad`, `flatten`, `reshape`.

use super::{Axes, Kind, Lowered, Lowerer, Reported, Value};
use crate::diag::{Diagnostic, ErrorKind};
use crate::ir::{Affine, Extent, Index, RelationKind, Tensor};
use crate::source::Place;
use crate::syntax::ast::Expr;

impl<'a> Lowerer<'a> {
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
            let [has, wants] = [length, total].map(|e| self.graph.extent_text(e));
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
}
