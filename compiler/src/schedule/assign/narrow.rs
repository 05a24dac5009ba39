//! Loops along short rows.
//!
//! A loop over whole arrays runs through all their entries as if they were one row, unless it sums for each
//! column, too. Of a short row a large part fills no vector: there a function is computed number by number.
//! Such sums get a loop of their own, behind the one that calls functions. 784-100-10 with a batch of 100
//! gained 7 % by it, its ten outputs alone.

use crate::ir::{Extent, NodeId, Op};
use crate::schedule::place::{Classified, Placed};
use crate::schedule::plan::Loop;
use std::collections::{BTreeMap, BTreeSet};

/// Entries of a vector register, and of rows that count as short.
const VECTOR: usize = 16;
const SHORT: usize = 64;

/// The loop that sums for each column what this loop has computed, if that lets this one run through the rows
/// as one.
pub(super) fn split_by_column(nodes: &Classified, l: &mut Loop) -> Option<Loop> {
    let g = &nodes.graph;
    let calls = |id: NodeId| matches!(g.op(id), Op::Map { function, .. } if !function.is_cheap());
    if !is_narrow(nodes, &l.space) || !l.body.iter().any(|&id| calls(id)) {
        return None;
    }
    let (total, by_column): (Vec<_>, Vec<_>) =
        l.reductions.iter().cloned().partition(|r| g.shape(r.node).is_empty());
    let stored = |id: NodeId| !l.body.contains(&id) || l.stores.iter().any(|(node, _)| *node == id);
    let whole = |id: NodeId| nodes.uses_of(id).iter().all(|u| u.aligned || g.shape(u.node).is_empty());
    let one_row = l.body.iter().all(|&id| whole(id)) && total.iter().all(|r| whole(r.node));
    let read = |id: NodeId| nodes.uses_of(id).iter().all(|u| stored(u.node));
    if by_column.is_empty() || !one_row || !by_column.iter().all(|r| read(r.node)) {
        return None;
    }
    l.reductions = total;
    Some(Loop { reductions: by_column, ..Loop::over(l.space.clone()) })
}

/// A loop as several where it keeps rows: one that writes the arguments of functions, one that calls these, and
/// so on; what sums up comes last and reads what is there.
pub(super) fn in_stages(placed: &Placed, l: Loop) -> Vec<Loop> {
    let nodes = placed.nodes();
    let inside: BTreeSet<NodeId> = l.body.iter().copied().collect();
    // What has to be there before: rows of this loop that are kept, and of how many stages.
    let mut stage = BTreeMap::new();
    for &id in &l.body {
        let before = nodes.uses_of(id).into_iter().filter(|u| u.aligned && inside.contains(&u.node));
        let before = before
            .map(|u| stage.get(&u.node).copied().unwrap_or(0) + usize::from(placed.kept.contains(&u.node)));
        let first = before.max().unwrap_or(0);
        stage.insert(id, first);
    }
    let at = |id: NodeId| stage.get(&id).copied().unwrap_or(0);
    let read = |id: NodeId| {
        let uses = nodes.uses_of(id).into_iter().filter(|u| u.aligned);
        uses.map(|u| at(u.node) + usize::from(inside.contains(&u.node) && placed.kept.contains(&u.node)))
            .max()
    };
    let last_sum = l.reductions.iter().filter_map(|r| read(r.node)).max().unwrap_or(0);
    let last = l.body.iter().map(|&id| at(id)).chain([last_sum]).max().unwrap_or(0);
    if last == 0 {
        return vec![l];
    }
    let stages = (0..=last).map(|k| {
        let mut part = Loop::over(l.space.clone());
        part.stores = l.stores.iter().copied().filter(|(id, _)| at(*id) == k).collect();
        part.reductions = l.reductions.iter().filter(|r| read(r.node).unwrap_or(0) == k).cloned().collect();
        let mut needed = BTreeSet::new();
        let mut pending: Vec<NodeId> = part.stores.iter().map(|(id, _)| *id).collect();
        let of = |id: NodeId| nodes.uses_of(id).into_iter().filter(|u| u.aligned).map(|u| u.node);
        pending.extend(part.reductions.iter().flat_map(|r| of(r.node)));
        while let Some(id) = pending.pop() {
            let there = placed.kept.contains(&id) && at(id) < k;
            if inside.contains(&id) && !there && needed.insert(id) {
                pending.extend(of(id));
            }
        }
        part.body = needed.into_iter().collect();
        part
    });
    stages.filter(|part| !part.stores.is_empty() || !part.reductions.is_empty()).collect()
}

fn is_narrow(nodes: &Classified, space: &[Extent]) -> bool {
    let row = space.split_last().filter(|(_, rows)| !rows.is_empty());
    let row = row.and_then(|(&row, _)| nodes.graph.extents.as_constant(row));
    row.is_some_and(|n| n < SHORT && n % VECTOR != 0)
}
