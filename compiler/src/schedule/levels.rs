//! Levels: what reads a whole array comes a level after what writes it.

use super::classify::Class;
use super::planner::{Planner, Use};
use crate::ir::{Extent, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// The loop that reads a node along its axes: level and extents; none where the whole array is read.
type Reader = Option<(usize, Vec<Extent>)>;

impl Planner {
    /// The earliest level at which a loop may read the operand.
    pub(super) fn level_for_loop(&self, u: &Use) -> usize {
        let node = self.resolved(u.node);
        match self.class_of(node) {
            Class::Leaf => 0,
            Class::Scalar => self.level_of(node),
            _ if u.aligned && node == u.node && self.in_loop(node) => self.level_of(node),
            _ => self.level_of(node) + 1,
        }
    }

    /// The earliest level at which a call may read the operand: calls follow the loops of their level.
    pub(super) fn level_for_call(&self, id: NodeId) -> usize {
        let id = self.resolved(id);
        match self.class_of(id) {
            Class::Leaf => 0,
            Class::MatMul | Class::Solve | Class::Axis | Class::Linear => self.level_of(id) + 1,
            _ if self.accumulated.contains_key(&id) => self.level_of(id) + 1,
            _ => self.level_of(id),
        }
    }

    pub(super) fn assign_levels(&mut self) {
        for id in self.order.clone() {
            let c = self.class_of(id);
            let level = if let Some(acc) = self.accumulated.get(&id) {
                let mut level = acc.init.map_or(0, |n| self.level_for_loop(&Use { node: n, aligned: true }));
                for (product, _, scalars) in &acc.products {
                    for child in self.g.node(*product).children() {
                        level = level.max(self.level_for_call(child));
                    }
                    level = scalars.iter().fold(level, |l, (s, _)| l.max(self.level_for_call(*s)));
                }
                level
            } else if let Some(scaled) = self.scaled.get(&id) {
                let level = self.level_of(scaled.reduction);
                scaled
                    .scalars
                    .iter()
                    .fold(level, |l, (s, _)| l.max(self.level_for_loop(&Use { node: *s, aligned: false })))
            } else {
                let uses = self.uses_of(id, c);
                match c {
                    Class::Leaf => 0,
                    Class::Scalar => uses
                        .iter()
                        .map(|u| match self.class_of(u.node) {
                            Class::Leaf => 0,
                            Class::Scalar => self.level_of(u.node),
                            _ => self.level_of(u.node) + 1,
                        })
                        .max()
                        .unwrap_or(0),
                    Class::Elementwise | Class::Reduction { .. } => {
                        uses.iter().map(|u| self.level_for_loop(u)).max().unwrap_or(0)
                    }
                    Class::MatMul | Class::Solve | Class::Axis | Class::Linear => {
                        uses.iter().map(|u| self.level_for_call(u.node)).max().unwrap_or(0)
                    }
                    Class::Alias(inner) => self.level_of(*inner),
                }
            };
            self.level.insert(id, level);
        }
    }

    /// The level of the loop that begins an accumulated sum: as early as it can be, so that it shares other loops.
    pub(super) fn init_level(&self, init: NodeId) -> usize {
        self.level_for_loop(&Use { node: init, aligned: true })
    }

    /// Moves an element-wise node to the one loop that reads it, if there is only one and it is later.
    pub(super) fn sink(&mut self) {
        let outputs: BTreeSet<NodeId> = self.outputs.iter().map(|o| self.resolved(o.node)).collect();
        let mut readers: BTreeMap<NodeId, Vec<Reader>> = BTreeMap::new();
        for id in self.order.clone().into_iter().rev() {
            if self.in_loop(id)
                && !outputs.contains(&id)
                && let Some(all) = readers.get(&id)
                && let Some(Some((level, _))) = all.first()
                && all.iter().all(|r| r == &all[0])
                && *level > self.level_of(id)
            {
                self.level.insert(id, *level);
            }
            if self.absorbed.contains(&id) {
                if matches!(self.class_of(id), Class::MatMul | Class::Solve) {
                    for child in self.g.node(id).children() {
                        readers.entry(child).or_default().push(None);
                    }
                }
                continue;
            }
            let c = self.class_of(id);
            if let Some(acc) = self.accumulated.get(&id) {
                if let Some(init) = acc.init {
                    readers
                        .entry(init)
                        .or_default()
                        .push(Some((self.init_level(init), self.space_of(id, c))));
                }
                continue;
            }
            if let Some(scaled) = self.scaled.get(&id).cloned() {
                let c = self.class_of(scaled.reduction);
                let reader = (self.level_of(id), self.space_of(scaled.reduction, c));
                for u in self.uses_of(scaled.reduction, c) {
                    readers.entry(u.node).or_default().push(u.aligned.then(|| reader.clone()));
                }
                continue;
            }
            let loops = matches!(c, Class::Elementwise | Class::Reduction { .. });
            for u in self.uses_of(id, c) {
                let reader = (loops && u.aligned).then(|| (self.level_of(id), self.space_of(id, c)));
                readers.entry(u.node).or_default().push(reader);
            }
        }
    }
}
