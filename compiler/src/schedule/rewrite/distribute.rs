//! Sums inside contractions taken apart, each term contracted by itself:
//!
//! ```text
//! Σ_q x[q] (a[q,i] δ[j,l] - b[q,i,j,l]) = (Σ_q x[q] a[q,i]) δ[j,l] - Σ_q x[q] b[q,i,j,l]
//! ```
//!
//! A sum whose terms run along different indices is an array along all of them, most of it zeros or copies
//! where a term is a delta or lacks an index. Second derivatives by matrices are full of such sums. Each term
//! contracted by itself is often far less work, and no array of four axes is left. Sums of vectors and
//! matrices stay as they are written: `X' * (a - b)` and `W * (W'*W - eye)` subtract before anything is lost.

use super::order;
use super::pairs::{self, Along};
use crate::ir::{Graph, Index, NodeId, NodeMap, Number, Op, Tensor};
use crate::schedule::form::is_elementwise;
use std::collections::BTreeSet;

/// From so many axes on a sum may be taken apart.
const MANY_AXES: usize = 3;

/// Passes: what one of them takes apart may leave a sum with one user, whose work then counts.
const PASSES: usize = 4;

/// Takes apart the sums of contractions where that is less work; the new roots.
pub(super) fn distributed(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut roots = roots.to_vec();
    for _ in 0..PASSES {
        let before = roots.clone();
        if g.reachable(&roots).into_iter().any(|id| candidate(g, id).is_some()) {
            roots = pass(g, &roots);
        }
        if roots == before {
            break;
        }
    }
    roots
}

fn pass(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut uses = g.uses(roots);
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in g.reachable(roots) {
        let rebuilt = g.rebuilt(id, &|c| map.replaced(c));
        if rebuilt != id {
            // What a node has become is used where the node was.
            let of = uses.get(id.0 as usize).copied().unwrap_or(0);
            uses.resize(g.len().max(uses.len()), 0);
            uses[rebuilt.0 as usize] += of;
        }
        let new = taken_apart(g, rebuilt, &uses).unwrap_or(rebuilt);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// A contraction with a sum among its factors as a sum of contractions, if that is less work.
fn taken_apart(g: &mut Graph, id: NodeId, uses: &[u32]) -> Option<NodeId> {
    let which = candidate(g, id)?;
    let Op::Product { coeff, factors, .. } = g.op(id).clone() else { return None };
    let locals = g.locals(id);
    let (out, bound) = locals.split_at(g.rank(id));
    let mut rest: Vec<(Tensor, Number)> =
        factors.iter().map(|f| (g.tensor(&f.operand, &locals), f.power)).collect();
    let (sum, _) = rest.remove(which);
    let Op::Sum(terms) = g.op(sum.node).clone() else { return None };
    let mut contractions = Vec::new();
    for term in &terms {
        let t = g.tensor(&term.operand, &sum.indices);
        let mut all = rest.clone();
        all.push((t, Number::ONE));
        let own: Vec<Index> =
            out.iter().copied().filter(|i| all.iter().any(|(t, _)| t.indices.contains(i))).collect();
        let contracted = g.contract_over(coeff.mul(term.coeff), &all, &own, bound);
        let contracted = taken_apart(g, contracted, uses).unwrap_or(contracted);
        contractions.push((Number::ONE, Tensor::new(contracted, own)));
    }
    let new = g.sum_as(&contractions, out);
    (work(g, new, uses) < work(g, id, uses)).then_some(new)
}

/// Which factor of a contraction is a sum that may be taken apart.
fn candidate(g: &Graph, id: NodeId) -> Option<usize> {
    let Op::Product { factors, bound, .. } = g.op(id) else { return None };
    let which = factors.iter().position(|f| f.power.is_one() && suits(g, f.operand.node));
    which.filter(|_| !bound.is_empty())
}

/// Whether a factor is a sum that may be taken apart.
fn suits(g: &Graph, id: NodeId) -> bool {
    matches!(g.op(id), Op::Sum(_)) && g.name(id).is_none() && g.rank(id) >= MANY_AXES
}

/// The multiplications of a node and of all that it alone needs.
fn work(g: &mut Graph, id: NodeId, uses: &[u32]) -> f64 {
    let own = |n: NodeId| uses.get(n.0 as usize).is_none_or(|u| *u < 2);
    let contraction =
        |g: &Graph, n: NodeId| matches!(g.op(n), Op::Product { bound, .. } if !bound.is_empty());
    let inside = |g: &Graph, n: NodeId| own(n) && g.name(n).is_none() && contraction(g, n);
    let opened: BTreeSet<NodeId> = g.reachable(&[id]).into_iter().filter(|&n| inside(g, n)).collect();
    let (mut pending, mut seen, mut total) = (vec![id], BTreeSet::new(), 0.0);
    while let Some(id) = pending.pop() {
        if !seen.insert(id) {
            continue;
        }
        if contraction(g, id) {
            let locals = g.locals(id);
            let out = locals[..g.rank(id)].to_vec();
            let factors = order::opened_factors(g, id, &locals, &|n| opened.contains(&n));
            pending.extend(factors.iter().map(|(t, _)| t.node).filter(|n| own(*n)));
            let array = |(t, _): (Tensor, Number)| Along { indices: t.indices, inverse: false };
            total += pairs::work(g, factors.into_iter().map(array).collect(), &out);
        } else if is_elementwise(g, id) {
            total += pairs::entries_of(g, g.shape(id));
            pending.extend(g.node(id).children().into_iter().filter(|n| own(*n)));
        }
    }
    total
}
