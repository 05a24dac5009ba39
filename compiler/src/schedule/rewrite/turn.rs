//! Arrays whose axes stand in another order from here on, and all that reads them.

use crate::ir::{Graph, Index, NodeId, NodeMap, Op, Operand, Tensor};

/// Where the axes of a turned node are now.
pub(super) type Turn = Vec<u8>;

/// Whether a node may be turned, and read what is: one that has an index for each axis of what it reads.
pub(super) fn takes_any_order(g: &Graph, id: NodeId) -> bool {
    matches!(g.op(id), Op::Product { .. } | Op::Sum(_) | Op::Select { .. })
}

/// The nodes that are to be turned, turned; the new roots. `order` is all that these need, operands first.
/// Whoever reads a turned node takes any order.
pub(super) fn all_turned(
    g: &mut Graph,
    order: &[NodeId],
    roots: &[NodeId],
    turns: &NodeMap<Turn>,
) -> Vec<NodeId> {
    if turns.values().next().is_none() {
        return roots.to_vec();
    }
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for &id in order {
        let new = rebuilt(g, id, turns, &map);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// The node, turned if it is to be, of operands that may be.
fn rebuilt(g: &mut Graph, id: NodeId, turns: &NodeMap<Turn>, map: &NodeMap<NodeId>) -> NodeId {
    if !takes_any_order(g, id) {
        return g.rebuilt(id, &|c| map.replaced(c));
    }
    let locals = g.locals(id);
    let (own, bound) = locals.split_at(g.rank(id));
    let moved = |indices: Vec<Index>, turn: Option<&Turn>| -> Vec<Index> {
        let Some(turn) = turn else { return indices };
        let mut there = indices.clone();
        for (&to, index) in turn.iter().zip(indices) {
            there[to as usize] = index;
        }
        there
    };
    let out = moved(own.to_vec(), turns.get(id));
    let tensor = |o: &Operand| {
        let indices = o.axes.iter().map(|&a| locals[a as usize]).collect();
        Tensor::new(map.replaced(o.node), moved(indices, turns.get(o.node)))
    };
    match g.op(id).clone() {
        Op::Sum(terms) => {
            let terms: Vec<_> = terms.iter().map(|t| (t.coeff, tensor(&t.operand))).collect();
            g.sum_as(&terms, &out)
        }
        Op::Product { coeff, factors, .. } => {
            let factors: Vec<_> = factors.iter().map(|f| (tensor(&f.operand), f.power)).collect();
            g.contract_over(coeff, &factors, &out, bound)
        }
        Op::Select { op, lhs, rhs, then, otherwise } => {
            let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(tensor);
            g.select_as(op, &lhs, &rhs, &then, &otherwise, &out)
        }
        _ => id,
    }
}
