//! Which contractions are opened into those that use them, and which are arrays of their own.
//!
//! One that is used once always is opened: then the order of its products is free. One that several
//! contractions use is opened into each of them where that is less work, as `X'*D*X` in `(X'*D*X)*w` and
//! `(X'*D*X)'*v`, which are best never formed. Users come first, so that what is asked of a node is whether
//! it pays in what its users have become.

use super::inverses::Inverses;
use super::{order, pairs};
use crate::ir::{Graph, Index, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// No contraction of more factors than this comes out of taking shared ones apart: `A^512*w` stays a matter
/// of squares.
const MOST_FACTORS: usize = 24;

/// The contractions to open wherever they are used.
pub(super) fn opened(g: &mut Graph, roots: &[NodeId], inverses: &Inverses) -> BTreeSet<NodeId> {
    let nodes = g.reachable(roots);
    let mut users: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    let mut whole: BTreeSet<NodeId> = roots.iter().copied().collect();
    for &id in &nodes {
        for child in g.node(id).children() {
            users.entry(child).or_default().push(id);
        }
        match g.op(id) {
            Op::Product { bound, factors, .. } if !bound.is_empty() => {
                whole.extend(factors.iter().filter(|f| !f.power.is_one()).map(|f| f.operand.node));
            }
            _ => whole.extend(g.node(id).children()),
        }
    }
    let mut opened = BTreeSet::new();
    for &id in nodes.iter().rev() {
        let contraction = matches!(g.op(id), Op::Product { bound, .. } if !bound.is_empty());
        if !contraction || whole.contains(&id) || g.name(id).is_some() || g.has_relations(id) {
            continue;
        }
        let once = users.get(&id).is_some_and(|u| u.len() == 1);
        if once || pays(g, id, &users, &opened, inverses) {
            opened.insert(id);
        }
    }
    opened
}

/// Whether the users of `id` with it inside are less work than without it and `id` itself.
fn pays(
    g: &mut Graph,
    id: NodeId,
    users: &BTreeMap<NodeId, Vec<NodeId>>,
    opened: &BTreeSet<NodeId>,
    inverses: &Inverses,
) -> bool {
    let mut standing = BTreeSet::new();
    let mut pending: Vec<NodeId> = users.get(&id).cloned().unwrap_or_default();
    while let Some(user) = pending.pop() {
        if opened.contains(&user) {
            pending.extend(users.get(&user).into_iter().flatten());
        } else {
            standing.insert(user);
        }
    }
    let (outside, inside) = (|n: NodeId| opened.contains(&n), |n: NodeId| n == id || opened.contains(&n));
    let Some(mut closed) = work(g, id, inverses, &outside) else { return false };
    let mut open = 0.0;
    for user in standing {
        let (Some(without), Some(with)) =
            (work(g, user, inverses, &outside), work(g, user, inverses, &inside))
        else {
            return false;
        };
        closed += without;
        open += with;
    }
    open < closed
}

/// The multiplications of a contraction with those inside it that `opens` says, in the order that [`order`]
/// takes.
fn work(g: &mut Graph, id: NodeId, inverses: &Inverses, opens: &dyn Fn(NodeId) -> bool) -> Option<f64> {
    let locals = g.locals(id);
    let out: Vec<Index> = locals[..g.rank(id)].to_vec();
    let factors = order::opened_factors(g, id, &locals, opens);
    let factors = factors.iter().map(|(t, _)| inverses.along(t)).collect::<Vec<_>>();
    (factors.len() <= MOST_FACTORS).then(|| pairs::work(g, factors, &out))
}
