//! Fields of whole numbers: what the formula reads of them, and what it names by that.

use super::*;
use crate::ir::{Form, Operand, Relation, RelationKind};

/// Which entry a view reads along one axis of a field: `first + Σ step·index`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Along {
    first: Form,
    steps: Vec<i64>,
}

/// What is read of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    /// Along each axis; none where that is all.
    axes: Option<Vec<Along>>,
    /// The extents of the indices.
    over: Vec<Extent>,
    /// The extent of the axis that is looked along.
    named: Extent,
}

impl Items<'_> {
    /// Whether a method reads the entries of a field.
    pub(super) fn is_kept(&self, field: &DataField) -> bool {
        let read = |p: &Plan| p.buffers.iter().any(|b| b.storage == Storage::Input && b.name == field.name);
        field.whole.is_none() || self.plans.all().any(read)
    }

    /// The places that a field of whole numbers holds, checked.
    pub(super) fn places(&self, k: usize, entries: &TokenStream) -> Option<TokenStream> {
        let rt = &self.model.rt;
        let field = &self.model.data[k];
        let node = self.node(&field.name)?;
        let cx = self.context();
        let extents = |all: &[Extent]| -> Vec<TokenStream> {
            all.iter().map(|&e| cx.extent(self.graph(), e)).collect()
        };
        let reads = self.reads(node).into_iter().map(|Read { axes, over, named }| {
            let axes = axes.unwrap_or_default().into_iter().map(|Along { first, steps }| {
                let (first, steps) =
                    (self.forms().affine(&first), steps.into_iter().map(Literal::i64_unsuffixed));
                quote!((#first, &[#(#steps),*]))
            });
            let (counts, named) = (extents(&over), cx.extent(self.graph(), named));
            quote!(#rt::Reads { axes: &[#(#axes),*], counts: &[#(#counts),*], extent: #named })
        });
        let (name, shape) = (&field.name, extents(self.graph().shape(node)));
        Some(quote!(#rt::places(#name, #entries, &[#(#shape),*], &[#(#reads),*])))
    }

    /// What a formula reads of a field, by all that was made of its text: also what was multiplied by 0.
    fn reads(&self, input: NodeId) -> Vec<Read> {
        let g = self.graph();
        let mut found: Vec<Read> = Vec::new();
        for id in (0..g.len() as u32).map(NodeId) {
            let Op::Named(data) = g.op(id) else { continue };
            // What was begun before ranges were known, and not gone on with.
            let unknown = |e: &Extent| *g.extents.kind(*e) == ExtentKind::Unknown;
            if g.shape(id).iter().any(unknown) {
                continue;
            }
            if !g.reachable(&[*data]).contains(&input) {
                continue;
            }
            let shape = g.shape(*data);
            let rank = g.rank(input);
            let settled = |a: Along| Along { first: g.extents.resolved(&a.first), ..a };
            let axes = self.view(*data, input).filter(|axes| axes.len() == rank);
            let axes = axes.map(|axes| axes.into_iter().map(settled).collect::<Vec<_>>());
            // All of it, in whatever order.
            let whole = axes.as_ref().is_none_or(|axes| {
                let own = |k: usize| {
                    let is = |a: &Along| a.first == Form::default() && a.steps == unit(k, rank);
                    axes.iter().any(is)
                };
                shape.len() == rank && (0..rank).all(own) && self.same_extents(shape, input)
            });
            let read = if whole {
                Read { axes: None, over: Vec::new(), named: g.extents.find(g.shape(id)[0]) }
            } else {
                let over = shape.iter().map(|&e| g.extents.find(e)).collect();
                Read { axes, over, named: g.extents.find(g.shape(id)[0]) }
            };
            if !found.contains(&read) {
                found.push(read);
            }
        }
        // What is read in part is read with all of it.
        let wholes: Vec<Extent> = found.iter().filter(|r| r.axes.is_none()).map(|r| r.named).collect();
        found.retain(|r| r.axes.is_none() || !wholes.contains(&r.named));
        found
    }

    /// Whether a shape has the extents of an input, in whatever order.
    fn same_extents(&self, shape: &[Extent], input: NodeId) -> bool {
        let sorted = |shape: &[Extent]| {
            let mut all: Vec<Extent> = shape.iter().map(|&e| self.graph().extents.find(e)).collect();
            all.sort_unstable();
            all
        };
        sorted(shape) == sorted(self.graph().shape(input))
    }

    /// Which entries of an input a node reads: of each axis, in terms of the node's indices.
    fn view(&self, node: NodeId, input: NodeId) -> Option<Vec<Along>> {
        let g = self.graph();
        let rank = g.rank(node);
        if node == input {
            let axis = |k: usize| Along { first: Form::default(), steps: unit(k, rank) };
            return Some((0..rank).map(axis).collect());
        }
        let Op::Product { factors, bound, .. } = g.op(node) else { return None };
        let indicates = |o: &Operand| matches!(g.op(o.node), Op::Holds(_) | Op::Delta);
        let (relations, tensors): (Vec<&Operand>, Vec<&Operand>) =
            factors.iter().map(|f| &f.operand).partition(|o| indicates(o));
        let [tensor] = tensors[..] else { return None };
        // What each local is, where it is known: at first the node's own.
        let mut locals: Vec<Option<Along>> = (0..rank)
            .map(|k| Some(Along { first: Form::default(), steps: unit(k, rank) }))
            .chain(bound.iter().map(|_| None))
            .collect();
        while let Some((local, value)) = relations.iter().find_map(|o| self.told(o, &locals)) {
            locals[local] = Some(value);
        }
        let inner = self.view(tensor.node, input)?;
        let along = |a: Along| {
            let start = Along { first: a.first, steps: vec![0; rank] };
            a.steps.iter().zip(&tensor.axes).try_fold(start, |sum, (&n, &axis)| {
                if n == 0 { Some(sum) } else { Some(sum.plus(locals[axis as usize].as_ref()?, n)) }
            })
        };
        inner.into_iter().map(along).collect()
    }

    /// The local that a relation tells, the others in it being known.
    fn told(&self, relation: &Operand, locals: &[Option<Along>]) -> Option<(usize, Along)> {
        let g = self.graph();
        let delta = Relation { kind: RelationKind::Equal, coeffs: vec![1, -1], offset: Form::default() };
        let Relation { kind, coeffs, offset } = match g.op(relation.node) {
            Op::Holds(relation) => relation,
            _ => &delta,
        };
        let mut open: Option<(usize, i64)> = None;
        let rank = locals.iter().flatten().map(|a| a.steps.len()).max().unwrap_or(0);
        let mut rest = Along { first: offset.clone(), steps: vec![0; rank] };
        for (&axis, &n) in relation.axes.iter().zip(coeffs) {
            match (&locals[axis as usize], open) {
                (Some(known), _) => rest = rest.plus(known, n),
                (None, None) => open = Some((axis as usize, n)),
                (None, Some((local, m))) if local == axis as usize => open = Some((local, m + n)),
                (None, Some(_)) => return None,
            }
        }
        let (local, n) = open.filter(|(_, n)| n.abs() == 1 && *kind == RelationKind::Equal)?;
        let zero = Along { first: Form::default(), steps: vec![0; rank] };
        Some((local, zero.plus(&rest, -n)))
    }
}

impl Along {
    /// `self + n·other`
    fn plus(&self, other: &Self, n: i64) -> Self {
        let steps = self.steps.iter().zip(&other.steps).map(|(a, b)| a.saturating_add(b.saturating_mul(n)));
        Self { first: self.first.plus(&other.first, n), steps: steps.collect() }
    }
}

/// 1 at `k`, else 0.
fn unit(k: usize, n: usize) -> Vec<i64> {
    (0..n).map(|i| i64::from(i == k)).collect()
}
