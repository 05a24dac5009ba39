//! Nodes in the order in which they can be computed, and what each of them takes.

use super::absorbed::{Absorbed, Accumulated, Scaled};
use super::uses::Use;
use super::wanted::wanted;
use crate::ir::{Extent, Graph, NodeId, NodeMap, Op};
use crate::schedule::cases::Cases;
use crate::schedule::form::{Class, class};
use crate::schedule::plan::{Output, Policy};
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
    /// The cases of the nodes that are not wanted always.
    wanted: NodeMap<Cases>,
}

impl Classified {
    pub(crate) fn of(formulas: Absorbed, policy: Policy) -> Self {
        let wanted = wanted(&formulas, &in_order(&formulas, &NodeMap::new()), policy);
        let order = in_order(&formulas, &wanted);
        let mut classes = NodeMap::new();
        for &id in &order {
            classes.insert(id, class(&formulas.graph, id));
        }
        let Absorbed { graph, outputs, matrices, accumulated, scaled, absorbed } = formulas;
        Self { graph, outputs, matrices, accumulated, scaled, absorbed, order, classes, wanted }
    }

    pub(crate) fn class_of(&self, id: NodeId) -> &Class {
        self.classes.get(id).unwrap_or(&Class::Leaf)
    }

    /// In which cases a node is computed.
    pub(crate) fn cases_of(&self, id: NodeId) -> Cases {
        self.wanted.get(id).cloned().unwrap_or_else(Cases::always)
    }

    /// The numbers that decide whether a node is computed.
    pub(super) fn waits_for(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.wanted.get(id).into_iter().flat_map(Cases::compared)
    }

    /// Whether all nodes are computed, whatever comes out of any comparison.
    pub(crate) fn always(&self) -> bool {
        self.wanted.values().next().is_none()
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

    /// Whether its entries are those of an array elsewhere, so that each loop reads them there.
    pub(crate) fn is_part(&self, id: NodeId) -> bool {
        let Op::Product { coeff, factors, .. } = self.graph.op(id) else { return false };
        let arrays: Vec<_> = factors.iter().filter(|f| !self.graph.is_indicator(f.operand.node)).collect();
        let plain = coeff.is_one() && arrays.len() == 1 && arrays.iter().all(|f| f.power.is_one());
        plain && self.graph.has_relations(id) && self.in_loop(id)
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
            Class::Elementwise => self.graph.shape(id).to_vec(),
            _ => locals,
        }
    }
}

/// Everything that is computed, operands first; what begins an accumulated sum comes before the sum, and what
/// decides whether a node is wanted before that.
fn in_order(formulas: &Absorbed, wanted: &NodeMap<Cases>) -> Vec<NodeId> {
    let g = &formulas.graph;
    let mut order = Vec::new();
    let mut seen: BTreeSet<NodeId> = BTreeSet::new();
    // Of data that names entries, the loops that ask for it read the whole.
    let children = |id: NodeId| match g.op(id) {
        Op::Named(data) => {
            let inputs = g.reachable(&[*data]).into_iter();
            inputs.filter(|&id| matches!(g.op(id), Op::Input(_))).collect()
        }
        _ => g.node(id).children(),
    };
    let mut needed: BTreeSet<NodeId> = BTreeSet::new();
    let mut pending = formulas.roots();
    while let Some(id) = pending.pop() {
        if needed.insert(id) {
            pending.extend(children(id));
        }
    }
    for root in needed.iter().copied() {
        let mut stack = vec![(root, false)];
        while let Some((id, ready)) = stack.pop() {
            if ready {
                order.push(id);
            } else if seen.insert(id) {
                stack.push((id, true));
                let init = formulas.accumulated.get(&id).and_then(|sum| sum.init);
                let decides = wanted.get(id).into_iter().flat_map(Cases::compared);
                stack.extend(children(id).into_iter().chain(init).chain(decides).map(|c| (c, false)));
            }
        }
    }
    order
}
