//! Levels: what reads a whole array comes a level after what writes it.

use super::absorbed::Accumulated;
use super::classified::Classified;
use super::uses::Use;
use crate::ir::{Extent, NodeId, NodeMap};
use crate::schedule::form::Class;
use crate::schedule::plan::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The loop that reads a node along its axes: level and extents; none where the whole array is read.
type Reader = Option<(usize, Vec<Extent>)>;

/// Formulas of which is known at which level each node is computed.
#[derive(Debug)]
pub(crate) struct Leveled {
    pub(crate) nodes: Classified,
    level: NodeMap<usize>,
}

impl Leveled {
    pub(crate) fn of(nodes: Classified, policy: Policy) -> Self {
        let mut leveled = Self { nodes, level: NodeMap::new() };
        for k in 0..leveled.nodes.order.len() {
            let id = leveled.nodes.order[k];
            leveled.level.insert(id, leveled.earliest(id));
        }
        if !policy.recomputes() {
            leveled.sink();
        }
        leveled
    }

    pub(crate) fn level_of(&self, id: NodeId) -> usize {
        self.level.get(id).copied().unwrap_or(0)
    }

    /// The level of the loop that begins an accumulated sum: as early as it can be, so that it shares other
    /// loops.
    pub(crate) fn init_level(&self, sum: NodeId, init: NodeId) -> usize {
        let decided = self.nodes.waits_for(sum).map(|n| self.level_for_loop(Use { node: n, aligned: false }));
        decided.fold(self.level_for_loop(Use { node: init, aligned: true }), usize::max)
    }

    /// The nodes of each level, in order.
    pub(crate) fn by_level(&self) -> Vec<Vec<NodeId>> {
        let last = self.level.values().copied().max().unwrap_or(0);
        let mut by_level: Vec<Vec<NodeId>> = vec![Vec::new(); last + 1];
        for &id in &self.nodes.order {
            by_level[self.level_of(id)].push(id);
        }
        by_level
    }

    /// The earliest level at which a node can be computed: what it is made of is there, and what decides
    /// whether it is wanted.
    fn earliest(&self, id: NodeId) -> usize {
        let decided = |n: NodeId| match self.nodes.class_of(id) {
            Class::Scalar => self.level_for_scalar(n),
            _ => self.level_for_loop(Use { node: n, aligned: false }),
        };
        self.nodes.waits_for(id).map(decided).fold(self.earliest_of_operands(id), usize::max)
    }

    fn earliest_of_operands(&self, id: NodeId) -> usize {
        let nodes = &self.nodes;
        if let Some(sum) = nodes.accumulated.get(&id) {
            return self.earliest_of_sum(id, sum);
        }
        if let Some(scaled) = nodes.scaled.get(&id) {
            let level_of = |s: NodeId| self.level_for_loop(Use { node: s, aligned: false });
            let scalars = scaled.scalars.iter().map(|(s, _)| level_of(*s));
            return scalars.fold(self.level_of(scaled.node), usize::max);
        }
        let uses = nodes.uses_of(id);
        match nodes.class_of(id) {
            Class::Leaf => 0,
            Class::Scalar => uses.iter().map(|u| self.level_for_scalar(u.node)).max().unwrap_or(0),
            Class::Elementwise | Class::Reduction { .. } => {
                uses.iter().map(|u| self.level_for_loop(*u)).max().unwrap_or(0)
            }
            Class::MatMul(_) | Class::Solve(..) | Class::Axis | Class::Linear => {
                uses.iter().map(|u| self.level_for_call(u.node)).max().unwrap_or(0)
            }
            Class::Alias(inner) => self.level_of(*inner),
        }
    }

    fn earliest_of_sum(&self, id: NodeId, sum: &Accumulated) -> usize {
        let mut level = sum.init.map_or(0, |init| self.init_level(id, init));
        for product in &sum.products {
            let operands = self.nodes.graph.node(product.node).children();
            let scalars = product.scalars.iter().map(|(s, _)| *s);
            level =
                operands.into_iter().chain(scalars).map(|n| self.level_for_call(n)).fold(level, usize::max);
        }
        level
    }

    /// The earliest level at which a scalar expression may read the operand: scalars come before the loops of
    /// their level.
    fn level_for_scalar(&self, id: NodeId) -> usize {
        match self.nodes.class_of(id) {
            Class::Leaf => 0,
            Class::Scalar => self.level_of(id),
            _ => self.level_of(id) + 1,
        }
    }

    /// The earliest level at which a loop may read the operand.
    fn level_for_loop(&self, u: Use) -> usize {
        let node = self.nodes.resolved(u.node);
        match self.nodes.class_of(node) {
            Class::Leaf => 0,
            Class::Scalar => self.level_of(node),
            _ if u.aligned && node == u.node && self.nodes.in_loop(node) => self.level_of(node),
            _ => self.level_of(node) + 1,
        }
    }

    /// The earliest level at which a call may read the operand: calls follow the loops of their level.
    fn level_for_call(&self, id: NodeId) -> usize {
        let id = self.nodes.resolved(id);
        match self.nodes.class_of(id) {
            Class::Leaf => 0,
            Class::MatMul(_) | Class::Solve(..) | Class::Axis | Class::Linear => self.level_of(id) + 1,
            _ if self.nodes.accumulated.contains_key(&id) => self.level_of(id) + 1,
            _ => self.level_of(id),
        }
    }

    /// Moves an element-wise node to the one loop that reads it, if there is only one and it is later.
    fn sink(&mut self) {
        let outputs: BTreeSet<NodeId> =
            self.nodes.outputs.iter().map(|o| self.nodes.resolved(o.node)).collect();
        let mut readers: BTreeMap<NodeId, Vec<Reader>> = BTreeMap::new();
        for k in (0..self.nodes.order.len()).rev() {
            let id = self.nodes.order[k];
            if self.nodes.in_loop(id)
                && !outputs.contains(&id)
                && let Some(all) = readers.get(&id)
                && let Some(Some((level, _))) = all.first()
                && all.iter().all(|r| r == &all[0])
                && *level > self.level_of(id)
            {
                self.level.insert(id, *level);
            }
            for (read, reader) in self.reads(id) {
                readers.entry(read).or_default().push(reader);
            }
        }
    }

    /// What a node reads where it is computed, and by which loop.
    fn reads(&self, id: NodeId) -> Vec<(NodeId, Reader)> {
        let nodes = &self.nodes;
        if nodes.absorbed.contains(&id) {
            // What a reduction reads is read by the node that scales it.
            let operands = if nodes.is_product(id) { nodes.graph.node(id).children() } else { Vec::new() };
            return operands.into_iter().map(|n| (n, None)).collect();
        }
        if let Some(sum) = nodes.accumulated.get(&id) {
            let begun = |init: NodeId| (init, Some((self.init_level(id, init), nodes.space_of(id))));
            return sum.init.into_iter().map(begun).collect();
        }
        let computed = nodes.scaled.get(&id).map_or(id, |s| s.node);
        let reader = nodes.has_loop(computed).then(|| (self.level_of(id), nodes.space_of(computed)));
        let seen = |u: Use| (u.node, reader.clone().filter(|_| u.aligned));
        nodes.uses_of(computed).into_iter().map(seen).collect()
    }
}
