//! The loops of a level: one for each space, with all that is written or summed up over it.

use super::arrays::Assigned;
use super::stages::in_stages;
use super::{by_cases, narrow};
use crate::ir::{Extent, NodeId, Number};
use crate::schedule::cases::Cases;
use crate::schedule::form::Class;
use crate::schedule::place::Scaled;
use crate::schedule::plan::{BufferId, Loop, Reduction};
use std::collections::BTreeSet;

impl Loop {
    /// A loop that does nothing yet.
    pub(super) fn over(space: Vec<Extent>) -> Self {
        Self { space, body: Vec::new(), stores: Vec::new(), reductions: Vec::new() }
    }
}

impl Assigned {
    /// The loops of a level, in the order of their first node, and in which cases each of them runs; `here`
    /// are its nodes.
    pub(super) fn loops(&self, level: usize, here: &[NodeId]) -> Vec<(Loop, Cases)> {
        let nodes = self.nodes();
        let mut loops = Loops { plan: self, level, loops: Vec::new(), bodies: Vec::new() };
        for &id in here {
            if !nodes.accumulated.contains_key(&id) && !nodes.absorbed.contains(&id) {
                loops.add(id);
            }
        }
        // Sums that a loop of this level begins: what it writes first.
        for (id, sum) in &nodes.accumulated {
            if let (Some(init), Some(&buffer)) = (sum.init, self.buffer_of.get(id))
                && self.placed.leveled.init_level(*id, init) == level
            {
                loops.store(nodes.graph.shape(*id).to_vec(), init, buffer);
            }
        }
        loops.finished()
    }
}

/// Loops in the making.
struct Loops<'a> {
    plan: &'a Assigned,
    level: usize,
    loops: Vec<Loop>,
    /// What each of them computes.
    bodies: Vec<BTreeSet<NodeId>>,
}

impl Loops<'_> {
    /// Adds a node that a loop computes and that has a buffer.
    fn add(&mut self, id: NodeId) {
        let nodes = self.plan.nodes();
        let Some(&buffer) = self.plan.buffer_of.get(&id) else { return };
        if let Some(scaled) = nodes.scaled.get(&id) {
            self.reduce(scaled, buffer);
        } else if let Class::Reduction { .. } = nodes.class_of(id) {
            self.reduce(&Scaled { node: id, coeff: Number::ONE, scalars: Vec::new() }, buffer);
        } else if self.plan.placed.stored.contains(&id) {
            self.store(nodes.space_of(id), id, buffer);
        }
    }

    fn store(&mut self, space: Vec<Extent>, node: NodeId, buffer: BufferId) {
        let k = self.over(space);
        self.loops[k].stores.push((node, buffer));
        self.compute(k, node);
    }

    fn reduce(&mut self, scaled: &Scaled, buffer: BufferId) {
        let Scaled { node, coeff, ref scalars } = *scaled;
        let nodes = self.plan.nodes();
        let k = self.over(nodes.space_of(node));
        let scalars = scalars.clone();
        self.loops[k].reductions.push(Reduction { node, buffer, coeff, scalars, accumulate: false });
        for u in nodes.uses_of(node).into_iter().filter(|u| u.aligned) {
            self.compute(k, u.node);
        }
    }

    /// The loop over this space.
    fn over(&mut self, space: Vec<Extent>) -> usize {
        self.loops.iter().position(|l| l.space == space).unwrap_or_else(|| {
            self.loops.push(Loop::over(space));
            self.bodies.push(BTreeSet::new());
            self.loops.len() - 1
        })
    }

    /// Adds what a loop computes itself to get at `id`: everything element-wise along its axes that is not
    /// there yet.
    fn compute(&mut self, k: usize, id: NodeId) {
        let (nodes, placed) = (self.plan.nodes(), &self.plan.placed);
        let there = |id: NodeId| {
            placed.leveled.level_of(id) < self.level
                && placed.stored.contains(&id)
                && self.plan.buffer_of.contains_key(&id)
        };
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if nodes.in_loop(id) && !there(id) && self.bodies[k].insert(id) {
                stack.extend(nodes.uses_of(id).into_iter().filter(|u| u.aligned).map(|u| u.node));
            }
        }
    }

    fn finished(self) -> Vec<(Loop, Cases)> {
        let mut all = Vec::new();
        for (mut l, body) in self.loops.into_iter().zip(self.bodies) {
            l.body = body.into_iter().collect();
            let parts = by_cases::split(self.plan, l).into_iter().flat_map(|(l, cases)| {
                in_stages(&self.plan.placed, l).into_iter().map(move |l| (l, cases.clone()))
            });
            for (mut l, cases) in parts {
                let by_column = narrow::split_by_column(self.plan.nodes(), &mut l);
                all.push((l, cases.clone()));
                all.extend(by_column.map(|l| (l, cases)));
            }
        }
        all
    }
}
