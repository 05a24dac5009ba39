//! Loops along short rows.
//!
//! A loop over whole arrays runs through all their entries as if they were one row, unless it sums for each
//! column, too. Of a short row a large part fills no vector: there a function is computed number by number.
//! Such sums get a loop of their own, behind the one that calls functions. 784-100-10 with a batch of 100
//! gained 7 % by it, its ten outputs alone.

use crate::ir::{Extent, NodeId, Op};
use crate::schedule::place::Classified;
use crate::schedule::plan::Loop;

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

fn is_narrow(nodes: &Classified, space: &[Extent]) -> bool {
    let row = space.split_last().filter(|(_, rows)| !rows.is_empty());
    let row = row.and_then(|(&row, _)| nodes.graph.extents.as_constant(row));
    row.is_some_and(|n| n < SHORT && n % VECTOR != 0)
}
