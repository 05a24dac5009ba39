//! Inverses: which matrices are symmetric, and which inverses only contractions read.
//!
//! An inverse that is only ever a factor of products of matrices has no entries: each such product is the
//! solution of a system, by factors that all share.

use super::Naming;
use super::pairs::Along;
use crate::ir::{Graph, Index, NodeId, Number, Op, Tensor};
use std::collections::BTreeSet;

/// What is known of a matrix with an inverse or a determinant before the formula is taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) node: NodeId,
    /// What the formula calls it.
    pub(crate) text: String,
    /// What to call its inverse in a message: that, if the formula has it, else the matrix itself.
    pub(crate) inverse: String,
    /// Whether it is symmetric, whatever the inputs are.
    pub(crate) symmetric: bool,
}

/// The matrices with an inverse or a determinant.
pub(super) fn matrices(g: &mut Graph, roots: &[NodeId], naming: Naming<'_>) -> Vec<Matrix> {
    let mut matrices: BTreeSet<NodeId> = BTreeSet::new();
    for id in g.reachable(roots) {
        if let Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _) = g.op(id) {
            matrices.insert(*a);
        }
    }
    let known = |node: NodeId| {
        let text = naming(g, node);
        let inverse = if g.has_written_inverse(node) { format!("inv({text})") } else { text.clone() };
        Matrix { node, text, inverse, symmetric: g.is_symmetric(node) }
    };
    matrices.into_iter().map(known).collect()
}

/// Those of the nodes that the matrices have become that are known to be symmetric.
pub(super) fn symmetric(matrices: &[Matrix], now: &[NodeId]) -> Vec<NodeId> {
    now.iter().zip(matrices).filter(|(_, m)| m.symmetric).map(|(n, _)| *n).collect()
}

/// What is known of inverses while contractions are put in order.
pub(super) struct Inverses {
    /// Those of symmetric matrices: A⁻¹ and A⁻ᵀ are one.
    symmetric: BTreeSet<NodeId>,
    /// Those that nothing besides contractions reads; the entries of others are computed anyway.
    solved: BTreeSet<NodeId>,
}

impl Inverses {
    pub(super) fn of(g: &Graph, roots: &[NodeId], symmetric: &[NodeId]) -> Self {
        let nodes = g.reachable(roots);
        let mut read: BTreeSet<NodeId> = roots.iter().copied().collect();
        for &id in &nodes {
            match g.op(id) {
                Op::Product { bound, factors, .. } if !bound.is_empty() && !g.has_relations(id) => {
                    read.extend(factors.iter().filter(|f| !f.power.is_one()).map(|f| f.operand.node));
                }
                _ => read.extend(g.node(id).children()),
            }
        }
        let of = |id: &NodeId| match g.op(*id) {
            Op::Inverse(a) => Some(*a),
            _ => None,
        };
        // Systems by several matrices are products with their inverses.
        let all = || nodes.iter().copied().filter(|id| of(id).is_some() && g.rank(*id) == 2);
        Self {
            symmetric: all().filter(|id| of(id).is_some_and(|a| symmetric.contains(&a))).collect(),
            solved: all().filter(|id| !read.contains(id)).collect(),
        }
    }

    /// What is known of a node is known of the one in its place.
    pub(super) fn replace(&mut self, old: NodeId, new: NodeId) {
        for set in [&mut self.symmetric, &mut self.solved] {
            if set.contains(&old) {
                set.insert(new);
            }
        }
    }

    /// A factor as the order of contractions sees it.
    pub(super) fn along(&self, t: &Tensor) -> Along {
        Along { indices: t.indices.clone(), inverse: self.solved.contains(&t.node) }
    }

    /// Symmetric inverses with an index of the result first: written one way, a system is solved once.
    pub(super) fn turn(&self, factors: &mut [(Tensor, Number)], result: &[Index]) {
        for (t, _) in factors.iter_mut().filter(|(t, _)| self.symmetric.contains(&t.node)) {
            if let [first, second] = &mut t.indices[..]
                && result.contains(second)
                && !result.contains(first)
            {
                std::mem::swap(first, second);
            }
        }
    }
}
