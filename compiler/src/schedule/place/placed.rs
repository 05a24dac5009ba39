//! Which nodes of loops have arrays: those that something reads outside the loop that computes them.

use super::classified::Classified;
use super::leveled::Leveled;
use crate::ir::{NodeId, Op};
use crate::schedule::plan::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// Formulas of which is known where each node is computed, and which of them are stored.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) leveled: Leveled,
    /// Nodes of loops that are written to arrays.
    pub(crate) stored: BTreeSet<NodeId>,
}

impl Placed {
    pub(crate) fn of(leveled: Leveled, policy: Policy) -> Self {
        let nodes = &leveled.nodes;
        let mut read: Vec<NodeId> = nodes.outputs.iter().map(|o| o.node).collect();
        for &id in &nodes.order {
            match nodes.accumulated.get(&id) {
                Some(sum) => {
                    let elsewhere = |init: &NodeId| {
                        !policy.recomputes()
                            && nodes.in_loop(*init)
                            && leveled.level_of(*init) != leveled.init_level(id, *init)
                    };
                    read.extend(sum.init.filter(elsewhere));
                }
                None => read.extend(read_from_arrays(&leveled, id, policy)),
            }
        }
        let stored: BTreeSet<NodeId> =
            read.into_iter().map(|id| nodes.resolved(id)).filter(|&id| nodes.in_loop(id)).collect();
        let mut placed = Self { leveled, stored };
        if policy == Policy::Examples {
            let kept = placed.called_again();
            placed.stored.extend(kept);
        }
        placed
    }

    /// Rows of what a function makes of a row, where loops of several levels want them.
    fn called_again(&self) -> BTreeSet<NodeId> {
        let (nodes, mut first) = (self.nodes(), BTreeMap::new());
        let mut again = BTreeSet::new();
        for &id in &nodes.order {
            let computed = nodes.scaled.get(&id).map_or(id, |s| s.node);
            let begins = self.stored.contains(&id) || nodes.has_loop(computed) && !nodes.in_loop(computed);
            if nodes.absorbed.contains(&id) || !begins {
                continue;
            }
            let level = self.leveled.level_of(id);
            let mut seen = BTreeSet::new();
            let mut pending = vec![computed];
            while let Some(part) = pending.pop() {
                if !seen.insert(part) {
                    continue;
                }
                let uses = nodes.uses_of(part).into_iter().filter(|u| u.aligned && nodes.in_loop(u.node));
                pending.extend(uses.map(|u| u.node));
                if *first.entry(part).or_insert(level) != level && self.is_call(part) {
                    again.insert(part);
                }
            }
        }
        again
    }

    /// Whether a node is a function of each entry, and no quick one.
    fn is_call(&self, id: NodeId) -> bool {
        let g = &self.nodes().graph;
        let called = matches!(g.op(id), Op::Map { function, .. } if !function.is_cheap());
        called && g.rank(id) == 1 && self.nodes().in_loop(id)
    }

    pub(crate) fn nodes(&self) -> &Classified {
        &self.leveled.nodes
    }
}

/// What a node reads that its own loop does not compute.
fn read_from_arrays(leveled: &Leveled, id: NodeId, policy: Policy) -> Vec<NodeId> {
    let nodes = &leveled.nodes;
    let level = leveled.level_of(id);
    if nodes.absorbed.contains(&id) && !nodes.is_product(id) {
        return Vec::new();
    }
    let computed = nodes.scaled.get(&id).map_or(id, |s| s.node);
    let loops = nodes.has_loop(computed);
    let mut uses = nodes.uses_of(computed);
    // A loop compares its indices instead of reading a delta.
    uses.retain(|u| !(loops && matches!(nodes.graph.op(u.node), Op::Delta)));
    uses.retain(|u| {
        let same_level = policy.recomputes() || leveled.level_of(u.node) == level;
        !(loops && u.aligned && same_level)
    });
    uses.into_iter().map(|u| u.node).collect()
}
