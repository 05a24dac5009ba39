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
    /// Those of them that loops of the same example read, too.
    pub(crate) kept: BTreeSet<NodeId>,
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
        let mut stored: BTreeSet<NodeId> =
            read.into_iter().map(|id| nodes.resolved(id)).filter(|&id| nodes.in_loop(id)).collect();
        let kept = if policy == Policy::Examples { kept(nodes) } else { BTreeSet::new() };
        stored.extend(&kept);
        Self { leveled, stored, kept }
    }

    pub(crate) fn nodes(&self) -> &Classified {
        &self.leveled.nodes
    }
}

/// Rows of what functions make of the rows of an example, and of their arguments: then a function is called for
/// the entries of some examples at once, however short their rows are, and once for all loops.
fn kept(nodes: &Classified) -> BTreeSet<NodeId> {
    let g = &nodes.graph;
    let row = |id: NodeId| nodes.in_loop(id) && g.rank(id) == 1;
    let calls = |id: NodeId| matches!(g.op(id), Op::Map { function, .. } if !function.is_cheap()) && row(id);
    let mut kept = BTreeSet::new();
    for &id in nodes.order.iter().filter(|id| calls(**id)) {
        kept.insert(id);
        kept.extend(nodes.uses_of(id).into_iter().filter(|u| u.aligned && row(u.node)).map(|u| u.node));
    }
    kept
}

/// What a node reads that its own loop does not compute.
fn read_from_arrays(leveled: &Leveled, id: NodeId, policy: Policy) -> Vec<NodeId> {
    let nodes = &leveled.nodes;
    let level = leveled.level_of(id);
    if nodes.graph.is_indicator(id) || nodes.absorbed.contains(&id) && !nodes.is_product(id) {
        return Vec::new();
    }
    let computed = nodes.scaled.get(&id).map_or(id, |s| s.node);
    let loops = nodes.has_loop(computed);
    let mut uses = nodes.uses_of(computed);
    // A loop compares its indices instead of reading a delta, and knows them.
    let known = |id: NodeId| nodes.graph.is_indicator(id) || *nodes.graph.op(id) == Op::Position;
    uses.retain(|u| !(loops && known(u.node)));
    uses.retain(|u| {
        let same_level = policy.recomputes() || leveled.level_of(u.node) == level || nodes.is_part(u.node);
        !(loops && u.aligned && same_level)
    });
    uses.into_iter().map(|u| u.node).collect()
}
