//! Powers and functions that have become trivial.

use super::{Opened, inner, is_function};
use crate::ir::{Graph, NodeId, Number, Op};

/// |x|^(2n) = x^(2n)
pub(super) fn of_abs(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_function(g, f.operand.node, "abs"))?;
    let k = p
        .factors
        .iter()
        .position(|(t, power)| power.as_int().is_some_and(|n| n % 2 == 0) && inner(g, t, "abs").is_some())?;
    p.factors[k].0 = inner(g, &p.factors[k].0, "abs")?;
    Some(p.closed(g))
}

/// pow(x, c) = x^c where the exponent has turned out a constant
pub(super) fn constant_exponent(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    if function.name() != "pow" {
        return None;
    }
    let n = g.as_constant(args[1].node)?;
    let locals = g.locals(id);
    let x = g.tensor(&args[0], &locals);
    Some(g.contract(Number::ONE, &[(x, n)], &locals))
}

/// max(x, x) = min(x, x) = x
pub(super) fn max_of_one(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    if !matches!(function.name(), "max" | "min") || args[0] != args[1] {
        return None;
    }
    let locals = g.locals(id);
    let x = g.tensor(&args[0], &locals);
    Some(g.tensor_as(&x, &locals))
}
