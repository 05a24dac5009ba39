//! Loops of an example in stages: rows of arguments, then the functions of these, then what reads them.
//!
//! A function that has a loop of its own is called for the entries of some examples as if they were one row, and
//! what it makes of them is there for all that read it.

use crate::ir::NodeId;
use crate::schedule::place::Placed;
use crate::schedule::plan::Loop;
use std::collections::{BTreeMap, BTreeSet};

/// A loop as several, where it keeps rows: each writes what the next ones read; sums come when all that they read
/// is there.
pub(super) fn in_stages(placed: &Placed, l: Loop) -> Vec<Loop> {
    let stages = Stages::of(placed, &l);
    let stage_of_sum = |r: NodeId| stages.after_operands(r);
    let last = l.body.iter().map(|&id| stages.of_node(id));
    let last = last.chain(l.reductions.iter().map(|r| stage_of_sum(r.node))).max().unwrap_or(0);
    if last == 0 {
        return vec![l];
    }
    let parts = (0..=last).map(|k| {
        let mut part = Loop::over(l.space.clone());
        part.stores = l.stores.iter().copied().filter(|(id, _)| stages.of_node(*id) == k).collect();
        part.reductions = l.reductions.iter().filter(|r| stage_of_sum(r.node) == k).cloned().collect();
        part.body = stages.body(&part, k);
        part
    });
    parts.filter(|part| !part.stores.is_empty() || !part.reductions.is_empty()).collect()
}

/// When what a loop computes can be there: after as many rows that are kept as it depends on, one after the other.
struct Stages<'a> {
    placed: &'a Placed,
    /// The stage of each node of the loop's body.
    of: BTreeMap<NodeId, usize>,
}

impl<'a> Stages<'a> {
    fn of(placed: &'a Placed, l: &Loop) -> Self {
        let mut stages = Self { placed, of: l.body.iter().map(|&id| (id, 0)).collect() };
        for &id in &l.body {
            let stage = stages.after_operands(id);
            stages.of.insert(id, stage);
        }
        stages
    }

    fn of_node(&self, id: NodeId) -> usize {
        self.of.get(&id).copied().unwrap_or(0)
    }

    fn is_kept(&self, id: NodeId) -> bool {
        self.of.contains_key(&id) && self.placed.kept.contains(&id)
    }

    /// What a node reads along the loop.
    fn operands(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.placed.nodes().uses_of(id).into_iter().filter(|u| u.aligned).map(|u| u.node)
    }

    /// The first stage at which all that the node reads is there.
    fn after_operands(&self, id: NodeId) -> usize {
        let after = |id: NodeId| self.of_node(id) + usize::from(self.is_kept(id));
        self.operands(id).map(after).max().unwrap_or(0)
    }

    /// What the loop of a stage computes, but for rows that are there.
    fn body(&self, part: &Loop, stage: usize) -> Vec<NodeId> {
        let mut body = BTreeSet::new();
        let mut pending: Vec<NodeId> = part.stores.iter().map(|(id, _)| *id).collect();
        pending.extend(part.reductions.iter().flat_map(|r| self.operands(r.node)));
        while let Some(id) = pending.pop() {
            let there = self.is_kept(id) && self.of_node(id) < stage;
            if self.of.contains_key(&id) && !there && body.insert(id) {
                pending.extend(self.operands(id));
            }
        }
        body.into_iter().collect()
    }
}
