//! Choices within choices by one and the same comparison.

use super::sums::opened_select;
use crate::ir::{Graph, NodeId, Op, Tensor};
use crate::simplify::measure;
use crate::syntax::ast::CompareOp;

/// where(c, u where(c, x, y), v) = where(c, u x, v), and so in the other branch
pub(super) fn within(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let axes = g.locals(id)[..g.rank(id)].to_vec();
    let (op, mut parts) = opened_select(g, &Tensor::new(id, axes.clone()))?;
    let compared = (op, [parts[0].clone(), parts[1].clone()]);
    let mut found = false;
    for branch in [2, 3] {
        if let Some(taken) = taken(g, &compared, &parts[branch], branch) {
            parts[branch] = taken;
            found = true;
        }
    }
    if !found {
        return None;
    }
    let [lhs, rhs, then, otherwise] = &parts;
    let new = g.select_as(op, lhs, rhs, then, otherwise, &axes);
    // What else needs the inner choice keeps it.
    (measure(g, &[new]) < measure(g, &[id])).then_some(new)
}

/// A branch with what is taken there of the choices by the same comparison, itself or its factors.
fn taken(g: &mut Graph, compared: &(CompareOp, [Tensor; 2]), t: &Tensor, branch: usize) -> Option<Tensor> {
    if g.name(t.node).is_some() {
        return None;
    }
    if let Some((op, parts)) = opened_select(g, t) {
        return (op == compared.0 && parts[..2] == compared.1).then(|| parts[branch].clone());
    }
    let Op::Product { coeff, factors, bound } = g.op(t.node).clone() else { return None };
    if !bound.is_empty() {
        return None;
    }
    let mut found = false;
    let mut all = Vec::new();
    for factor in &factors {
        let own = g.tensor(&factor.operand, &t.indices);
        let inner = taken(g, compared, &own, branch);
        found |= inner.is_some();
        all.push((inner.unwrap_or(own), factor.power));
    }
    found.then(|| Tensor::new(g.contract(coeff, &all, &t.indices), t.indices.clone()))
}
