//! Loops by the cases in which they run.
//!
//! What one branch of a choice reads shares no loop with what is wanted in other cases, unless both need the
//! same entries: then these are computed once, in all of these cases.

use super::arrays::Assigned;
use crate::ir::NodeId;
use crate::schedule::cases::Cases;
use crate::schedule::plan::{BufferId, Loop};
use std::collections::{BTreeMap, BTreeSet};

/// What has to be computed together.
struct Group {
    cases: Cases,
    body: BTreeSet<NodeId>,
    written: BTreeSet<BufferId>,
}

/// A loop as several, and in which cases each of them runs.
pub(super) fn split(plan: &Assigned, l: Loop) -> Vec<(Loop, Cases)> {
    if plan.nodes().always() {
        return vec![(l, Cases::always())];
    }
    let mut groups: Vec<Group> = Vec::new();
    for (root, buffer, cases) in roots(plan, &l) {
        let mut group = Group { cases, body: needed(plan, &l, root), written: BTreeSet::from([buffer]) };
        let joins = |g: &Group| g.cases == group.cases || !g.body.is_disjoint(&group.body);
        let (joined, apart): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(joins);
        for other in joined {
            group.cases = other.cases.or(&group.cases);
            group.body.extend(other.body);
            group.written.extend(other.written);
        }
        groups = apart;
        groups.push(group);
    }
    let part = |group: Group| {
        let part = Loop {
            space: l.space.clone(),
            body: l.body.iter().copied().filter(|id| group.body.contains(id)).collect(),
            stores: l.stores.iter().copied().filter(|(_, b)| group.written.contains(b)).collect(),
            reductions: l.reductions.iter().filter(|r| group.written.contains(&r.buffer)).cloned().collect(),
        };
        (part, group.cases)
    };
    groups.into_iter().map(part).collect()
}

/// What a loop writes: the node that is computed, where its entries go, and in which cases.
fn roots(plan: &Assigned, l: &Loop) -> Vec<(NodeId, BufferId, Cases)> {
    let nodes = plan.nodes();
    let of_buffer: BTreeMap<BufferId, NodeId> =
        nodes.order.iter().filter_map(|id| Some((*plan.buffer_of.get(id)?, nodes.resolved(*id)))).collect();
    // What begins a sum goes into the sum's array, and is wanted where that is.
    let cases =
        |buffer: &BufferId| of_buffer.get(buffer).map_or_else(Cases::always, |id| nodes.cases_of(*id));
    let stores = l.stores.iter().map(|(node, b)| (*node, *b, cases(b)));
    stores.chain(l.reductions.iter().map(|r| (r.node, r.buffer, cases(&r.buffer)))).collect()
}

/// What of a loop's body a node is made of.
fn needed(plan: &Assigned, l: &Loop, root: NodeId) -> BTreeSet<NodeId> {
    let inside: BTreeSet<NodeId> = l.body.iter().copied().collect();
    let mut needed = BTreeSet::new();
    let mut pending = vec![root];
    while let Some(id) = pending.pop() {
        if id == root || inside.contains(&id) {
            if inside.contains(&id) && !needed.insert(id) {
                continue;
            }
            pending.extend(plan.nodes().uses_of(id).into_iter().filter(|u| u.aligned).map(|u| u.node));
        }
    }
    needed
}
