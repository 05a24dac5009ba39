//! The planner: which nodes join which loop, what is stored, in which order.
//!
//! [`super::absorb`] finds sums that products finish and reductions that scale, [`super::levels`] says when each node can
//! be computed, [`super::steps`] writes the plan down.

use super::classify::{Class, class};
use super::inverses::Matrix;
use super::{Output, Plan, Policy};
use crate::ir::{Extent, Graph, NodeId, NodeMap, Number, Op, Operand};
use std::collections::{BTreeMap, BTreeSet};
/// A reduction times scalars, written scaled.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    pub(super) reduction: NodeId,
    pub(super) coeff: Number,
    pub(super) scalars: Vec<(NodeId, Number)>,
}

/// Scalar factors, with their powers.
pub(super) type Scalars = Vec<(NodeId, Number)>;

/// A sum that is begun by a loop and finished by matrix products into the same array.
#[derive(Clone, Debug, Default)]
pub(super) struct Accumulated {
    /// What the loop writes first, if anything.
    pub(super) init: Option<NodeId>,
    /// Products added: node, constant, scalar factors.
    pub(super) products: Vec<(NodeId, Number, Scalars)>,
}

pub(super) struct Planner {
    pub(super) g: Graph,
    pub(super) outputs: Vec<Output>,
    pub(super) policy: Policy,
    pub(super) order: Vec<NodeId>,
    pub(super) classes: NodeMap<Class>,
    pub(super) accumulated: BTreeMap<NodeId, Accumulated>,
    /// Scaled reductions, by the node that they are the value of.
    pub(super) scaled: BTreeMap<NodeId, Scaled>,
    /// Products and reductions that another node takes in.
    pub(super) absorbed: BTreeSet<NodeId>,
    pub(super) level: NodeMap<usize>,
    /// Matrices with an inverse or a determinant.
    pub(super) matrices: Vec<Matrix>,
    /// Inverses whose entries something reads.
    pub(super) written_out: BTreeSet<NodeId>,
}

/// An operand as its user sees it: the node, and its axes as positions of the user's loop.
pub(super) struct Use {
    pub(super) node: NodeId,
    /// Runs along exactly the loop's axes, in order.
    pub(super) aligned: bool,
}

impl Planner {
    pub(super) fn new(g: Graph, outputs: Vec<Output>, policy: Policy, matrices: Vec<Matrix>) -> Self {
        Self {
            g,
            outputs,
            policy,
            order: Vec::new(),
            classes: NodeMap::new(),
            accumulated: BTreeMap::new(),
            scaled: BTreeMap::new(),
            absorbed: BTreeSet::new(),
            level: NodeMap::new(),
            matrices,
            written_out: BTreeSet::new(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        self.find_accumulated();
        self.find_scaled();
        let roots = self.roots();
        self.order = self.in_order(&roots);
        for &id in &self.order {
            self.classes.insert(id, class(&self.g, id));
        }
        self.find_written_out();
        self.assign_levels();
        if self.policy != Policy::Recompute {
            self.sink();
        }
        self.emit()
    }

    /// Everything that `roots` need, operands first; what begins an accumulated sum comes before the sum.
    pub(super) fn in_order(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut order = Vec::new();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        for root in self.g.reachable(roots) {
            let mut stack = vec![(root, false)];
            while let Some((id, ready)) = stack.pop() {
                if ready {
                    order.push(id);
                } else if seen.insert(id) {
                    stack.push((id, true));
                    let init = self.accumulated.get(&id).and_then(|a| a.init);
                    stack.extend(self.g.node(id).children().into_iter().chain(init).map(|c| (c, false)));
                }
            }
        }
        order
    }

    pub(super) fn roots(&self) -> Vec<NodeId> {
        let mut roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        roots.extend(self.accumulated.values().filter_map(|a| a.init));
        roots
    }

    /// The operands of a node, with whether each runs along the node's own loop.
    pub(super) fn uses_of(&self, id: NodeId, c: &Class) -> Vec<Use> {
        let rank = self.g.rank(id);
        let space: Vec<u8> = match c {
            Class::Reduction { space, .. } => space.clone(),
            _ => (0..rank as u8).collect(),
        };
        let see = |o: &Operand| Use { node: o.node, aligned: o.axes == space };
        match self.g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| see(&t.operand)).collect(),
            Op::Product { factors, .. } => factors.iter().map(|f| see(&f.operand)).collect(),
            Op::Map { args, .. } => args.iter().map(see).collect(),
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                [lhs, rhs, then, otherwise].map(see).into_iter().collect()
            }
            Op::Axis { arg, .. } => vec![see(arg)],
            _ => self.g.node(id).children().into_iter().map(|node| Use { node, aligned: false }).collect(),
        }
    }

    pub(super) fn class_of(&self, id: NodeId) -> &Class {
        self.classes.get(id).unwrap_or(&Class::Leaf)
    }

    pub(super) fn level_of(&self, id: NodeId) -> usize {
        self.level.get(id).copied().unwrap_or(0)
    }

    /// The node whose buffer a node's entries are in.
    pub(super) fn resolved(&self, mut id: NodeId) -> NodeId {
        while let Class::Alias(inner) = self.class_of(id) {
            id = *inner;
        }
        id
    }

    /// Computed inside loops, one entry at a time.
    pub(super) fn in_loop(&self, id: NodeId) -> bool {
        *self.class_of(id) == Class::Elementwise
            && !self.accumulated.contains_key(&id)
            && !self.scaled.contains_key(&id)
    }

    /// The extents of a node's loop.
    pub(super) fn space_of(&self, id: NodeId, c: &Class) -> Vec<Extent> {
        let mut locals = self.g.shape(id).to_vec();
        if let Op::Product { bound, .. } | Op::Axis { bound, .. } = self.g.op(id) {
            locals.extend(bound);
        }
        match c {
            Class::Reduction { space, .. } => space.iter().map(|&a| locals[a as usize]).collect(),
            _ => locals,
        }
    }

    /// Everything that is written somewhere, in loops: where, at which level, over which extents.
    pub(super) fn stored(&self) -> BTreeSet<NodeId> {
        let mut stored: BTreeSet<NodeId> = BTreeSet::new();
        let mut need = |id: NodeId| {
            let id = self.resolved(id);
            if self.in_loop(id) {
                stored.insert(id);
            }
        };
        for o in &self.outputs {
            need(o.node);
        }
        for &id in &self.order {
            let mut c = self.class_of(id);
            if let Some(acc) = self.accumulated.get(&id) {
                if let Some(init) = acc.init
                    && self.policy != Policy::Recompute
                    && self.in_loop(init)
                    && self.level_of(init) != self.init_level(init)
                {
                    need(init);
                }
                continue;
            }
            let (mut reader, level) = (id, self.level_of(id));
            if let Some(scaled) = self.scaled.get(&id) {
                reader = scaled.reduction;
                c = self.class_of(reader);
            } else if self.absorbed.contains(&id) && !matches!(c, Class::MatMul | Class::Solve) {
                continue;
            }
            let loops = matches!(c, Class::Elementwise | Class::Reduction { .. });
            for u in self.uses_of(reader, c) {
                // A loop compares its indices instead of reading a delta.
                if loops && matches!(self.g.op(u.node), Op::Delta) {
                    continue;
                }
                let same_loop = loops
                    && u.aligned
                    && (self.policy == Policy::Recompute || self.level_of(u.node) == level);
                if !same_loop {
                    need(u.node);
                }
            }
        }
        stored
    }
}
