//! Which nodes of loops have arrays: those that something reads outside the loop that computes them.

use super::classified::Classified;
use super::leveled::Leveled;
use crate::ir::{NodeId, Op};
use crate::schedule::plan::Policy;
use std::collections::BTreeSet;

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
                        policy != Policy::Recompute
                            && nodes.in_loop(*init)
                            && leveled.level_of(*init) != leveled.init_level(id, *init)
                    };
                    read.extend(sum.init.filter(elsewhere));
                }
                None => read.extend(read_from_arrays(&leveled, id, policy)),
            }
        }
        let stored = read.into_iter().map(|id| nodes.resolved(id)).filter(|&id| nodes.in_loop(id)).collect();
        Self { leveled, stored }
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
        let same_level = policy == Policy::Recompute || leveled.level_of(u.node) == level;
        !(loops && u.aligned && same_level)
    });
    uses.into_iter().map(|u| u.node).collect()
}
