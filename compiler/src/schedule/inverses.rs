//! Inverses: which matrices are symmetric, and of which inverses the entries are read.
//!
//! An inverse that is only ever a factor of products of matrices has no entries: each such product is the solution of a
//! system, by factors that all share. Invariant: an inverse has an array if and only if a step reads it.

use super::classify::Class;
use super::pairs::Along;
use super::planner::Planner;
use super::product::Product;
use crate::emit::{self, View};
use crate::ir::{Graph, Index, NodeId, Number, Op, Tensor};
use std::collections::BTreeSet;

/// What is known of a matrix with an inverse or a determinant before the formula is taken apart.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    pub(super) node: NodeId,
    /// What the formula calls it.
    pub(super) text: String,
    /// Whether it is symmetric, whatever the inputs are.
    pub(super) symmetric: bool,
}

/// The matrices with an inverse or a determinant.
pub(super) fn matrices(g: &mut Graph, roots: &[NodeId]) -> Vec<Matrix> {
    let mut matrices: BTreeSet<NodeId> = BTreeSet::new();
    for id in g.reachable(roots) {
        if let Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) = g.op(id) {
            matrices.insert(*a);
        }
    }
    let known = |node: NodeId| {
        let text = g.name(node).map_or_else(|| emit::text(g, node, &View::default()), str::to_owned);
        Matrix { node, text, symmetric: g.is_symmetric(node) }
    };
    matrices.into_iter().map(known).collect()
}

/// What is known of inverses while contractions are put in order.
pub(super) struct Inverses {
    /// Those of symmetric matrices: A⁻¹ and A⁻ᵀ are one.
    symmetric: BTreeSet<NodeId>,
    /// Those that nothing besides contractions reads; the entries of others are there in any case.
    solved: BTreeSet<NodeId>,
}

impl Inverses {
    pub(super) fn of(g: &Graph, roots: &[NodeId], symmetric: &[NodeId]) -> Self {
        let nodes = g.reachable(roots);
        let mut read: BTreeSet<NodeId> = roots.iter().copied().collect();
        for &id in &nodes {
            match g.op(id) {
                Op::Product { bound, factors, .. } if !bound.is_empty() => {
                    read.extend(factors.iter().filter(|f| !f.power.is_one()).map(|f| f.operand.node));
                }
                _ => read.extend(g.node(id).children()),
            }
        }
        let of = |id: &NodeId| match g.op(*id) {
            Op::Inverse(a) => Some(*a),
            _ => None,
        };
        let all = || nodes.iter().copied().filter(|id| of(id).is_some());
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

impl Planner {
    /// Finds the inverses whose entries something reads.
    pub(super) fn find_written_out(&mut self) {
        let mut read: BTreeSet<NodeId> = self.outputs.iter().map(|o| self.resolved(o.node)).collect();
        for &id in &self.order {
            let mut children = self.g.node(id).children();
            if *self.class_of(id) == Class::Solve
                && let Some(system) = Product::of(&self.g, id).and_then(|p| p.system(&self.g))
                && let Some(k) = children.iter().position(|&c| c == system.inverse)
            {
                children.remove(k);
            }
            read.extend(children);
        }
        read.retain(|&id| matches!(self.g.op(id), Op::Inverse(_)));
        self.written_out = read;
    }
}
