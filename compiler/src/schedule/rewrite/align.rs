//! Element-wise arrays in the order of their only reader.
//!
//! A loop reads what it computes itself along its own axes; what it reads along others must have been stored.
//! An element-wise array of three or more axes with one element-wise reader, which sees them in another
//! order, is therefore turned: then it belongs to the reader's loop, and is never an array. A matrix is left
//! as it is, since it is read along its rows.

use super::turn::{Turn, all_turned, takes_any_order};
use crate::ir::{Graph, NodeId, NodeMap, Op, Operand};
use crate::schedule::form::is_elementwise;

/// The fewest axes of what is turned.
const FEWEST_AXES: usize = 3;

/// Turns what is read in another order by its only reader; the new roots.
pub(super) fn aligned(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let order = g.reachable(roots);
    let turns = turns(g, &order, &g.uses(roots));
    all_turned(g, &order, roots, &turns)
}

/// What is to be turned. Readers come first: one that is turned reads what it needs in yet another order.
fn turns(g: &Graph, order: &[NodeId], uses: &[u32]) -> NodeMap<Turn> {
    let mut turns: NodeMap<Turn> = NodeMap::new();
    for &id in order.iter().rev() {
        let rank = g.rank(id);
        if rank < FEWEST_AXES || !turns_over(g, id) {
            continue;
        }
        for o in operands(g, id) {
            let own = g.name(o.node).is_none() && uses.get(o.node.0 as usize) == Some(&1);
            if g.rank(o.node) != rank || !own || !turns_over(g, o.node) {
                continue;
            }
            let axes = turned(&o.axes, turns.get(id));
            let all = (0..rank as u8).all(|a| axes.contains(&a));
            if all && !axes.is_sorted() {
                turns.insert(o.node, axes);
            }
        }
    }
    turns
}

/// Whether a node can be turned, or belong to a loop with what it reads turned.
fn turns_over(g: &Graph, id: NodeId) -> bool {
    takes_any_order(g, id) && !g.has_relations(id) && is_elementwise(g, id)
}

fn operands(g: &Graph, id: NodeId) -> Vec<Operand> {
    match g.op(id) {
        Op::Sum(terms) => terms.iter().map(|t| t.operand.clone()).collect(),
        Op::Product { factors, .. } => {
            factors.iter().filter(|f| f.power.is_one()).map(|f| f.operand.clone()).collect()
        }
        Op::Select { lhs, rhs, then, otherwise, .. } => [lhs, rhs, then, otherwise].map(Clone::clone).into(),
        _ => Vec::new(),
    }
}

fn turned(axes: &[u8], turn: Option<&Turn>) -> Turn {
    axes.iter().map(|&a| turn.map_or(a, |t| t[a as usize])).collect()
}
