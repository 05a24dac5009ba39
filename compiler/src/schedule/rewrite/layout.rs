//! Arrays of many axes in the order in which products of matrices read them.
//!
//! Of `Σ_{c,u,v} W[f,c,u,v] x[s,c,i+u,j+v]` the windows of `x` are an array along s, c, i, u, j, v. In the order s,
//! c, u, v, i, j the indices that are summed lie side by side, as do those of the result, so that there is one
//! product of matrices for each s, instead of one for each s, c, i, u. Likewise what is a product of matrices
//! itself lies in rows and columns, if those that read it take any order.

use super::turn::{Turn, all_turned, takes_any_order};
use crate::ir::{Graph, Index, NodeId, NodeMap, Op, Tensor};
use crate::schedule::form::{Places, loops_around};

/// The fewest axes of what is laid out anew.
const FEWEST_AXES: usize = 4;

/// Lays arrays out as products read them; the new roots.
pub(super) fn laid_out(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let order = g.reachable(roots);
    let turns = turns(g, &order, roots);
    all_turned(g, &order, roots, &turns)
}

fn turns(g: &mut Graph, order: &[NodeId], roots: &[NodeId]) -> NodeMap<Turn> {
    let mut turns = NodeMap::new();
    for &id in order {
        if g.rank(id) < FEWEST_AXES || roots.contains(&id) || !is_free(g, id) {
            continue;
        }
        let users: Vec<NodeId> =
            order.iter().copied().filter(|&user| g.node(user).children().contains(&id)).collect();
        if !users.iter().all(|&user| takes_any_order(g, user)) {
            continue;
        }
        let read = users.into_iter().find_map(|user| as_read(g, id, user));
        if let Some(turn) = read.or_else(|| as_made(g, id)) {
            turns.insert(id, turn);
        }
    }
    turns
}

/// Whether an array may lie in another order than it does: parts of others, which are copied for a product anyway,
/// and products.
fn is_free(g: &Graph, id: NodeId) -> bool {
    match (g.op(id), Places::of(g, id)) {
        (Op::Product { .. }, Some(places)) => places.is_entry(g.rank(id)),
        (Op::Product { bound, factors, .. }, None) => !bound.is_empty() && factors.len() == 2,
        _ => false,
    }
}

/// The two factors of a contraction without relations, by the indices of its locals.
fn factors(g: &Graph, id: NodeId, locals: &[Index]) -> Option<[Tensor; 2]> {
    let Op::Product { factors, bound, .. } = g.op(id) else { return None };
    let [a, b] = factors.as_slice() else { return None };
    let whole = a.power.is_one() && b.power.is_one() && !bound.is_empty() && !g.has_relations(id);
    whole.then(|| [g.tensor(&a.operand, locals), g.tensor(&b.operand, locals)])
}

/// The order in which a product of matrices wants a factor, if that is not its own: what runs around, what is
/// summed, what are columns.
fn as_read(g: &mut Graph, id: NodeId, user: NodeId) -> Option<Turn> {
    let locals = g.locals(user);
    let out = &locals[..g.rank(user)];
    let [a, b] = factors(g, user, &locals)?;
    let (own, other) = match (a.node == id, b.node == id) {
        (true, false) => (a, b),
        (false, true) => (b, a),
        _ => return None,
    };
    let mine: Vec<Index> = out.iter().copied().filter(|i| own.indices.contains(i)).collect();
    let (around, last) = last_run(&mine, |i| !other.indices.contains(i), out);
    let summed = other.indices.iter().copied().filter(|i| !out.contains(i));
    let wanted: Vec<Index> = around.into_iter().chain(summed).chain(last).collect();
    let now = loops_around(&own.indices, &other.indices, out);
    let then = loops_around(&wanted, &other.indices, out);
    if then >= now { None } else { turned(&own.indices, &wanted) }
}

/// The order in which a product of matrices makes its result in the fewest calls: what runs around, then rows,
/// then columns.
fn as_made(g: &mut Graph, id: NodeId) -> Option<Turn> {
    let locals = g.locals(id);
    let out = &locals[..g.rank(id)];
    let [a, b] = factors(g, id, &locals)?;
    let own = |x: &Tensor, other: &Tensor| {
        let mine: Vec<Index> = x.indices.iter().copied().filter(|i| out.contains(i)).collect();
        last_run(&mine, |i| !other.indices.contains(i), &x.indices)
    };
    let ((around_a, a_runs), (around_b, b_runs)) = (own(&a, &b), own(&b, &a));
    let around = around_a.iter().chain(around_b.iter().filter(|i| !around_a.contains(i))).copied();
    let around: Vec<Index> = around.collect();
    let now = loops_around(&a.indices, &b.indices, out);
    let wanted = [[&a_runs, &b_runs], [&b_runs, &a_runs]]
        .map(|[first, second]| around.iter().chain(first).chain(second).copied().collect::<Vec<Index>>());
    let best = wanted.into_iter().min_by_key(|wanted| loops_around(&a.indices, &b.indices, wanted))?;
    if loops_around(&a.indices, &b.indices, &best) >= now { None } else { turned(out, &best) }
}

/// Indices in two parts: the last that lie side by side in `whole` and are `free`, and before them all others.
fn last_run(indices: &[Index], free: impl Fn(&Index) -> bool, whole: &[Index]) -> (Vec<Index>, Vec<Index>) {
    let place = |i: &Index| whole.iter().position(|w| w == i);
    let joins = |k: usize| place(&indices[k]).map(|p| p + 1) == place(&indices[k + 1]);
    let mut first = indices.len();
    while first > 0 && free(&indices[first - 1]) && (first == indices.len() || joins(first - 1)) {
        first -= 1;
    }
    (indices[..first].to_vec(), indices[first..].to_vec())
}

/// Where the indices are in another order of them.
fn turned(from: &[Index], to: &[Index]) -> Option<Turn> {
    let place = |i: &Index| to.iter().position(|t| t == i).and_then(|place| u8::try_from(place).ok());
    let turn: Option<Turn> = from.iter().map(place).collect();
    turn.filter(|turn| turn.len() == to.len())
}
