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

/// A contraction is not taken apart into more than these: sums of sums of sums are as many as the product of
/// their lengths.
const MOST_TERMS: usize = 256;

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
    let mut works = Works { uses: g.uses(roots), known: NodeMap::new(), made: 0 };
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in g.reachable(roots) {
        let rebuilt = g.rebuilt(id, &|c| map.replaced(c));
        if rebuilt != id {
            works.also_used(rebuilt, works.uses(id).unwrap_or(0));
        }
        works.made = 0;
        let new = taken_apart(g, rebuilt, &mut works).unwrap_or(rebuilt);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// A contraction with a sum among its factors as a sum of contractions, if that is less work.
fn taken_apart(g: &mut Graph, id: NodeId, works: &mut Works) -> Option<NodeId> {
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
        works.made += 1;
        if works.made > MOST_TERMS {
            return None;
        }
        let t = g.tensor(&term.operand, &sum.indices);
        let mut all = rest.clone();
        all.push((t, Number::ONE));
        let own: Vec<Index> =
            out.iter().copied().filter(|i| all.iter().any(|(t, _)| t.indices.contains(i))).collect();
        let contracted = g.contract_over(coeff.mul(term.coeff), &all, &own, bound);
        let contracted = taken_apart(g, contracted, works).unwrap_or(contracted);
        contractions.push((Number::ONE, Tensor::new(contracted, own)));
    }
    let new = g.sum_as(&contractions, out);
    (works.all(g, new) < works.all(g, id)).then_some(new)
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

/// How many multiplications nodes take. A contraction is asked about once, though all that rest on it ask.
struct Works {
    uses: Vec<u32>,
    known: NodeMap<Work>,
    /// How many contractions the one at hand has been taken apart into.
    made: usize,
}

/// What a contraction takes, with those inside it that nothing else needs.
struct Work {
    multiplications: f64,
    /// What it is made of that nothing else needs.
    operands: Vec<NodeId>,
}

impl Works {
    /// How often a node was used when the pass began; nothing of one that is new.
    fn uses(&self, id: NodeId) -> Option<u32> {
        self.uses.get(id.0 as usize).copied()
    }

    /// What a node has become is used where the node was.
    fn also_used(&mut self, id: NodeId, more: u32) {
        let k = id.0 as usize;
        if self.uses.len() <= k {
            self.uses.resize(k + 1, 0);
        }
        let owned = self.is_own(id);
        self.uses[k] += more;
        if self.is_own(id) != owned {
            self.known = NodeMap::new();
        }
    }

    /// Whether nothing else needs the node.
    fn is_own(&self, id: NodeId) -> bool {
        self.uses(id).is_none_or(|u| u < 2)
    }

    /// Whether a node is opened into the contraction that needs it.
    fn is_inside(&self, g: &Graph, id: NodeId) -> bool {
        self.is_own(id) && g.name(id).is_none() && is_contraction(g, id)
    }

    /// The multiplications of a node and of all that it alone needs.
    fn all(&mut self, g: &mut Graph, id: NodeId) -> f64 {
        let (mut pending, mut seen, mut total) = (vec![id], BTreeSet::new(), 0.0);
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            if is_contraction(g, id) {
                let work = self.contraction(g, id);
                total += work.multiplications;
                pending.extend(&work.operands);
            } else if is_elementwise(g, id) {
                total += pairs::entries_of(g, g.shape(id));
                pending.extend(g.node(id).children().into_iter().filter(|n| self.is_own(*n)));
            }
        }
        total
    }

    fn contraction(&mut self, g: &mut Graph, id: NodeId) -> &Work {
        if self.known.get(id).is_none() {
            let (mut opened, mut pending) = (BTreeSet::new(), vec![id]);
            while let Some(id) = pending.pop() {
                let inside = g.node(id).children().into_iter().filter(|n| self.is_inside(g, *n));
                pending.extend(inside.filter(|n| opened.insert(*n)));
            }
            let locals = g.locals(id);
            let out = locals[..g.rank(id)].to_vec();
            let factors = order::opened_factors(g, id, &locals, &|n| opened.contains(&n));
            let operands = factors.iter().map(|(t, _)| t.node).filter(|n| self.is_own(*n)).collect();
            let array = |(t, _): (Tensor, Number)| Along { indices: t.indices, inverse: false };
            let multiplications = pairs::work(g, factors.into_iter().map(array).collect(), &out);
            self.known.insert(id, Work { multiplications, operands });
        }
        self.known.get(id).unwrap_or(&NOTHING)
    }
}

/// What nothing takes.
static NOTHING: Work = Work { multiplications: 0.0, operands: Vec::new() };

fn is_contraction(g: &Graph, id: NodeId) -> bool {
    matches!(g.op(id), Op::Product { bound, .. } if !bound.is_empty())
}
