//! Arrays with the rows first, where these may be among several processes: blocks of rows are cut from what begins with
//! them.

use super::turn::{Turn, all_turned, takes_any_order};
use crate::ir::{Extent, Graph, NodeId, NodeMap};
use std::collections::BTreeSet;

/// Turns what has the rows along another axis than its first, where that can be; the new roots.
pub(super) fn rows_first(g: &mut Graph, roots: &[NodeId], rows: Extent) -> Vec<NodeId> {
    let (order, rows) = (g.reachable(roots), g.extents.find(rows));
    // What is given or asked for stays as it is, and what somebody reads who needs it so.
    let mut fixed: BTreeSet<NodeId> = roots.iter().copied().collect();
    for &id in &order {
        if !takes_any_order(g, id) {
            fixed.insert(id);
            fixed.extend(g.node(id).children());
        }
    }
    let mut turns: NodeMap<Turn> = NodeMap::new();
    for &id in order.iter().filter(|id| !fixed.contains(id)) {
        let along: Vec<usize> = (0..g.rank(id)).filter(|&k| g.extents.find(g.shape(id)[k]) == rows).collect();
        if let [axis] = along[..]
            && axis > 0
        {
            let to = |k: usize| if k == axis { 0 } else { k + usize::from(k < axis) };
            turns.insert(id, (0..g.rank(id)).map(|k| to(k) as u8).collect());
        }
    }
    all_turned(g, &order, roots, &turns)
}
