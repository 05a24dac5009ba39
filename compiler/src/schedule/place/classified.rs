//! Nodes in the order in which they can be computed, and what each of them takes.

use super::absorbed::{Absorbed, Accumulated, Scaled};
use super::uses::Use;
use crate::ir::{Extent, Graph, NodeId, NodeMap, Op};
use crate::schedule::form::{Class, class};
use crate::schedule::plan::Output;
use crate::schedule::rewrite::Matrix;
use std::collections::{BTreeMap, BTreeSet};

/// Formulas of which is known what computing each node takes.
#[derive(Debug)]
pub(crate) struct Classified {
    pub(crate) graph: Graph,
    pub(crate) outputs: Vec<Output>,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) accumulated: BTreeMap<NodeId, Accumulated>,
    /// Scaled reductions, by the node that they are the value of.
    pub(crate) scaled: BTreeMap<NodeId, Scaled>,
    /// Products and reductions that another node takes in.
    pub(crate) absorbed: BTreeSet<NodeId>,
    /// All that is computed, operands first.
    pub(crate) order: Vec<NodeId>,
    classes: NodeMap<Class>,
}

impl Classified {
    pub(crate) fn of(formulas: Absorbed) -> Self {
        let order = in_order(&formulas);
        let mut classes = NodeMap::new();
        for &id in &order {
            classes.insert(id, class(&formulas.graph, id));
        }
        let Absorbed { graph, outputs, matrices, accumulated, scaled, absorbed } = formulas;
        Self { graph, outputs, matrices, accumulated, scaled, absorbed, order, classes }
    }

    pub(crate) fn class_of(&self, id: NodeId) -> &Class {
        self.classes.get(id).unwrap_or(&Class::Leaf)
    }

    /// The operands of a node, with whether each runs along the node's own loop.
    pub(crate) fn uses_of(&self, id: NodeId) -> Vec<Use> {
        Use::all(&self.graph, id, self.class_of(id))
    }

    /// The node whose buffer a node's entries are in.
    pub(crate) fn resolved(&self, mut id: NodeId) -> NodeId {
        while let Class::Alias(inner) = self.class_of(id) {
            id = *inner;
        }
        id
    }

    /// Computed inside loops, one entry at a time.
    pub(crate) fn in_loop(&self, id: NodeId) -> bool {
        *self.class_of(id) == Class::Elementwise
            && !self.accumulated.contains_key(&id)
            && !self.scaled.contains_key(&id)
    }

    /// Whether it has a loop, and reads what it reads there.
    pub(super) fn has_loop(&self, id: NodeId) -> bool {
        matches!(self.class_of(id), Class::Elementwise | Class::Reduction { .. })
    }

    /// Whether it is a call of products of matrices.
    pub(super) fn is_product(&self, id: NodeId) -> bool {
        matches!(self.class_of(id), Class::MatMul(_) | Class::Solve(..))
    }

    /// The extents of a node's loop.
    pub(crate) fn space_of(&self, id: NodeId) -> Vec<Extent> {
        let mut locals = self.graph.shape(id).to_vec();
        if let Op::Product { bound, .. } | Op::Axis { bound, .. } = self.graph.op(id) {
            locals.extend(bound);
        }
        match self.class_of(id) {
            Class::Reduction { space, .. } => space.iter().map(|&a| locals[a as usize]).collect(),
            _ => locals,
        }
    }
}

/// Everything that is computed, operands first; what begins an accumulated sum comes before the sum.
fn in_order(formulas: &Absorbed) -> Vec<NodeId> {
    let g = &formulas.graph;
    let mut order = Vec::new();
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    for root in g.reachable(&formulas.roots()) {
        let mut stack = vec![(root, false)];
        while let Some((id, ready)) = stack.pop() {
            if ready {
                order.push(id);
            } else if seen.insert(id) {
                stack.push((id, true));
                let init = formulas.accumulated.get(&id).and_then(|sum| sum.init);
                stack.extend(g.node(id).children().into_iter().chain(init).map(|c| (c, false)));
            }
        }
    }
    order
}
