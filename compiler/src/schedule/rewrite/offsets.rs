//! Entries read at an offset, computed where they are read:
//!
//! ```text
//! t[i] = x[i+1] - x[i]^2;    g[p] = c[p] + where(p >= 1, t[p-1], 0)
//!                            g[p] = c[p] + where(p >= 1, x[p] - x[p-1]^2, 0)
//! ```
//!
//! A loop computes what it reads along its own axes; an array that it reads elsewhere must have been stored,
//! which takes longer than a few operations. So cheap entries are computed again at their place. And a sum over
//! `n - 1` entries beside an output of `n` is one over `n` of those that count, so that both are one loop.

use super::by_rule;
use crate::ir::{Affine, Extent, Graph, Index, NodeId, Number, Op, Operand, RelationKind, Tensor};
use crate::schedule::form::{Places, is_elementwise};

/// The most operations that are done again rather than stored.
const MOST: usize = 24;

/// Computes cheap entries where they are read; the new roots.
pub(super) fn in_place(g: &mut Graph, roots: &[NodeId], outputs: usize) -> Vec<NodeId> {
    let roots = by_rule(g, roots, |g, _, same, _| computed_in_place(g, same));
    let spaces = spaces(g, &roots[..outputs]);
    by_rule(g, &roots, |g, _, same, _| along_outputs(g, same, &spaces))
}

/// A product with relations that reads entries at an offset, with their formula at that place.
fn computed_in_place(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let rank = g.rank(id);
    let places = Places::of(g, id).filter(|p| rank > 0 && p.is_entry(rank))?;
    let Op::Product { coeff, factors, .. } = g.op(id).clone() else { return None };
    let read: Vec<_> = factors.iter().filter(|f| !g.is_indicator(f.operand.node)).collect();
    if !read.iter().any(|f| is_formula(g, f.operand.node) && is_offset(&places, &f.operand, rank)) {
        return None;
    }
    let locals = g.locals(id);
    let out = &locals[..rank];
    let mut at = At { out: out.to_vec(), of: Vec::new() };
    for (place, &index) in places.of.iter().zip(&locals) {
        at.of.push((index, in_indices(place.as_affine()?, out)));
    }
    let mut all = Vec::new();
    for f in read {
        let t = g.tensor(&f.operand, &locals);
        all.push((at.computed(g, &t), f.power));
    }
    for c in &places.conditions {
        all.push((g.holds(c.kind, &in_indices(c.value.as_affine()?, out)), Number::ONE));
    }
    Some(g.contract_over(coeff, &all, out, &[]))
}

/// The extents of the loops that outputs with relations have, and what they are computed from.
fn spaces(g: &Graph, outputs: &[NodeId]) -> Vec<(Vec<Extent>, Vec<NodeId>)> {
    let along = |&&id: &&NodeId| g.rank(id) > 0 && is_elementwise(g, id);
    let of = |&id: &NodeId| (g.shape(id).to_vec(), g.reachable(&[id]));
    let asks = |(_, nodes): &(_, Vec<NodeId>)| nodes.iter().any(|&n| g.has_relations(n));
    outputs.iter().filter(along).map(of).filter(asks).collect()
}

/// A sum of cheap entries, over a few less than an output has, as one over as many, of those that count.
fn along_outputs(g: &mut Graph, id: NodeId, spaces: &[(Vec<Extent>, Vec<NodeId>)]) -> Option<NodeId> {
    let Op::Product { coeff, factors, bound } = g.op(id).clone() else { return None };
    let suits = |f: &Operand| is_formula(g, f.node) && f.axes.len() == bound.len();
    if g.rank(id) > 0 || bound.is_empty() || !factors.iter().all(|f| suits(&f.operand)) {
        return None;
    }
    let fewer = |less: &Extent, more: &Extent| {
        let left = g.extents.form(*more).plus(&g.extents.form(*less), -1);
        left.as_constant().is_some_and(|n| n >= 0)
    };
    let (space, _) = spaces.iter().find(|(space, from)| {
        let fits = space.len() == bound.len() && bound.iter().zip(space).all(|(b, e)| fewer(b, e));
        fits && *space != bound && !from.contains(&id)
    })?;
    let locals = g.locals(id);
    let out: Vec<Index> = space.iter().map(|&e| g.extents.index(e)).collect();
    let of = locals.iter().zip(&out).map(|(&from, &to)| (from, Affine::of(to))).collect();
    let mut at = At { out: out.clone(), of };
    let mut all = Vec::new();
    for f in &factors {
        let t = g.tensor(&f.operand, &locals);
        all.push((at.computed(g, &t), f.power));
    }
    for (&index, &less) in out.iter().zip(&bound) {
        let last = Affine::fixed(g.extents.form(less).shifted(-1));
        all.push((g.holds(RelationKind::AtLeast, &last.plus(&Affine::of(index), -1)), Number::ONE));
    }
    Some(g.contract_over(coeff, &all, &[], &out))
}

/// Whether a node is a formula of a few operations.
fn is_formula(g: &Graph, id: NodeId) -> bool {
    let mut left = MOST;
    is_inner(g, id) && fits(g, id, &mut left)
}

fn fits(g: &Graph, id: NodeId, left: &mut usize) -> bool {
    if !is_inner(g, id) {
        return true;
    }
    let operands = match g.op(id) {
        Op::Sum(terms) => terms.iter().map(|t| t.operand.node).collect(),
        Op::Product { factors, .. } => factors.iter().map(|f| f.operand.node).collect(),
        _ => g.node(id).children(),
    };
    let Some(rest) = left.checked_sub(operands.len()) else { return false };
    *left = rest;
    operands.into_iter().all(|o| fits(g, o, left))
}

/// Whether a node is an operation of such a formula, rather than what it reads.
fn is_inner(g: &Graph, id: NodeId) -> bool {
    g.rank(id) > 0
        && match g.op(id) {
            Op::Sum(_) | Op::Select { .. } => true,
            Op::Product { factors, bound, .. } => {
                let cheap = |p: Number| p.as_int().is_some_and(|n| n.abs() <= 4);
                bound.is_empty() && factors.iter().all(|f| cheap(f.power))
            }
            Op::Map { function, .. } => function.is_cheap(),
            _ => false,
        }
}

/// Whether an operand is read along all axes of the loop, at places of one index each that are not its own.
fn is_offset(places: &Places, operand: &Operand, rank: usize) -> bool {
    let axes = places.axes(operand);
    let of: Option<Vec<&Affine<usize>>> = axes.iter().map(|p| p.as_affine()).collect();
    let Some(of) = of else { return false };
    let along = |axis: usize| of.iter().any(|a| a.multiple(&axis) != 0);
    of.iter().all(|a| a.terms.len() <= 1) && (0..rank).all(along)
}

/// The same of indices instead of axes.
fn in_indices(a: &Affine<usize>, out: &[Index]) -> Affine<Index> {
    a.renamed(|&axis| out[axis])
}

/// Where entries are computed: what the indices are that they had.
struct At {
    out: Vec<Index>,
    of: Vec<(Index, Affine<Index>)>,
}

impl At {
    fn of(&self, index: Index) -> Affine<Index> {
        let known = self.of.iter().find(|(i, _)| *i == index);
        known.map_or_else(|| Affine::of(index), |(_, value)| value.clone())
    }

    /// The indices that a value depends on, in the order of the loop.
    fn along(&self, indices: &[Index]) -> Vec<Index> {
        let of: Vec<Affine<Index>> = indices.iter().map(|&i| self.of(i)).collect();
        self.out.iter().copied().filter(|i| of.iter().any(|a| a.multiple(i) != 0)).collect()
    }

    /// A formula at that place.
    fn computed(&mut self, g: &mut Graph, t: &Tensor) -> Tensor {
        if g.rank(t.node) == 0 {
            return t.clone();
        }
        if !is_inner(g, t.node) {
            return self.read(g, t);
        }
        let out = self.along(&t.indices);
        let mut operand = |g: &mut Graph, o: &Operand| {
            let inner = g.tensor(o, &t.indices);
            self.computed(g, &inner)
        };
        match g.op(t.node).clone() {
            Op::Sum(terms) => {
                let terms: Vec<_> = terms.iter().map(|t| (t.coeff, operand(g, &t.operand))).collect();
                Tensor::new(g.sum_as(&terms, &out), out)
            }
            Op::Product { coeff, factors, .. } => {
                let factors: Vec<_> = factors.iter().map(|f| (operand(g, &f.operand), f.power)).collect();
                Tensor::new(g.contract_over(coeff, &factors, &out, &[]), out)
            }
            Op::Map { function, args } => {
                let args: Vec<Tensor> = args.iter().map(|a| operand(g, a)).collect();
                let mapped = g.map(function, &args);
                Tensor::new(g.tensor_as(&mapped, &out), out)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(|o| operand(g, o));
                Tensor::new(g.select_as(op, &lhs, &rhs, &then, &otherwise, &out), out)
            }
            _ => t.clone(),
        }
    }

    /// What formulas are made of, at that place: 0 where it has no entry.
    fn read(&self, g: &mut Graph, t: &Tensor) -> Tensor {
        if let Some((kind, value)) = g.relation(t.node, &t.indices) {
            let value = t.indices.iter().fold(value, |value, i| value.with(i, &self.of(*i)));
            return g.holds(kind, &value);
        }
        if *g.op(t.node) == Op::Position {
            return value(g, &self.of(t.indices[0]));
        }
        let out = self.along(&t.indices);
        let mut factors = vec![(t.clone(), Number::ONE)];
        let mut bound: Vec<Index> = Vec::new();
        for &index in &t.indices {
            let place = self.of(index);
            if place != Affine::of(index) && !bound.contains(&index) {
                bound.push(index);
                let relation = place.plus(&Affine::of(index), -1);
                factors.push((g.holds(RelationKind::Equal, &relation), Number::ONE));
            }
        }
        Tensor::new(g.contract_over(Number::ONE, &factors, &out, &bound), out)
    }
}

/// An affine form as a number.
fn value(g: &mut Graph, a: &Affine<Index>) -> Tensor {
    let mut terms = vec![(Number::ONE, g.form_value(&a.offset))];
    for &(index, n) in &a.terms {
        let position = g.position(g.extents.of(index));
        terms.push((Number::int(n), Tensor::new(position, vec![index])));
    }
    g.sum(&terms)
}
