//! Fields of whole numbers: what the formula reads of them, and what it names by that.

use super::*;
use crate::derive::bounds::Forms;
use crate::ir::{Affine, Operand, RelationKind};

/// Which entry a view reads along one axis of a field, by the view's own axes.
type Along = Affine<usize>;

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
        field.whole.is_none() || self.plans.of_methods().any(read)
    }

    /// The places that a field of whole numbers holds, checked.
    pub(super) fn places(&self, k: usize, entries: &TokenStream) -> Option<TokenStream> {
        let (rt, name) = (&self.model.rt, &self.model.data[k].name);
        let (shape, reads) = self.named_by(k, &self.context())?;
        Some(quote!(#rt::places(#name, #entries, &[#(#shape),*], &[#(#reads),*])))
    }

    /// The extents of a field of whole numbers, and what is read of it.
    pub(super) fn named_by(&self, k: usize, cx: &Context) -> Option<(Vec<TokenStream>, Vec<TokenStream>)> {
        let rt = &self.model.rt;
        let node = self.node(&self.model.data[k].name)?;
        let forms = Forms { g: self.graph(), cx: cx.clone() };
        let extents = |all: &[Extent]| -> Vec<TokenStream> {
            all.iter().map(|&e| cx.extent(self.graph(), e)).collect()
        };
        let reads = self.reads(node).into_iter().map(|Read { axes, over, named }| {
            let axes = axes.unwrap_or_default().into_iter().map(|along| {
                let steps = (0..over.len()).map(|k| Literal::i64_unsuffixed(along.multiple(&k)));
                let first = forms.affine(&along.offset);
                quote!((#first, &[#(#steps),*]))
            });
            let (counts, named) = (extents(&over), cx.extent(self.graph(), named));
            quote!(#rt::Reads { axes: &[#(#axes),*], counts: &[#(#counts),*], extent: #named })
        });
        Some((extents(self.graph().shape(node)), reads.collect()))
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
            let settled = |a: Along| Along { offset: g.extents.resolved(&a.offset), ..a }.in_order();
            let axes = self.view(*data, input).filter(|axes| axes.len() == rank);
            let axes = axes.map(|axes| axes.into_iter().map(settled).collect::<Vec<_>>());
            // All of it, in whatever order.
            let whole = axes.as_ref().is_none_or(|axes| {
                let own = |k: usize| axes.contains(&Affine::of(k));
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
            return Some((0..rank).map(Affine::of).collect());
        }
        let Op::Product { factors, bound, .. } = g.op(node) else { return None };
        let indicates = |o: &Operand| matches!(g.op(o.node), Op::Holds(_) | Op::Delta);
        let (relations, tensors): (Vec<&Operand>, Vec<&Operand>) =
            factors.iter().map(|f| &f.operand).partition(|o| indicates(o));
        let [tensor] = tensors[..] else { return None };
        // What each local is, where it is known: at first the node's own.
        let mut locals: Vec<Option<Along>> =
            (0..rank).map(|k| Some(Affine::of(k))).chain(bound.iter().map(|_| None)).collect();
        while let Some((local, value)) = relations.iter().find_map(|o| self.told(o, &locals)) {
            locals[local] = Some(value);
        }
        let inner = self.view(tensor.node, input)?;
        let along = |a: Along| {
            a.terms.iter().try_fold(Affine::fixed(a.offset), |sum, &(k, n)| {
                Some(sum.plus(locals[tensor.axes[k] as usize].as_ref()?, n))
            })
        };
        inner.into_iter().map(along).collect()
    }

    /// The local that a relation tells, the others in it being known.
    fn told(&self, relation: &Operand, locals: &[Option<Along>]) -> Option<(usize, Along)> {
        let axes: Vec<usize> = relation.axes.iter().map(|&a| a as usize).collect();
        let (RelationKind::Equal, equation) = self.graph().relation(relation.node, &axes)? else {
            return None;
        };
        let mut open = equation.terms.iter().map(|(local, _)| *local).filter(|&l| locals[l].is_none());
        let (Some(local), None) = (open.next(), open.next()) else { return None };
        let value = equation.solved_for(&local)?;
        let start = Affine::fixed(value.offset);
        let known = value.terms.iter().try_fold(start, |sum, &(l, n)| Some(sum.plus(locals[l].as_ref()?, n)));
        Some((local, known?))
    }
}
