//! What is positive, by its logarithm.

use super::ONE;
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};
use crate::simplify::rules::is_function;

/// The logarithm of an element-wise function or softmax that is positive everywhere. What has been shifted is
/// as it should be.
pub(in crate::simplify::rules) fn exponent_of(g: &mut Graph, t: &Tensor) -> Option<Tensor> {
    match g.op(t.node).clone() {
        Op::Map { function, args } => {
            let text = function.spec().log?;
            let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &t.indices)).collect();
            if function.name() == "exp" && is_shifted(g, args[0].node) {
                return None;
            }
            Some(g.row(text, &args, None))
        }
        Op::Axis { function: AxisFn::Softmax, arg, along, .. } => {
            let u = g.tensor(&arg, &t.indices);
            let along: Vec<Index> = along.iter().map(|&a| t.indices[a as usize]).collect();
            Some(g.axis(AxisFn::LogSoftmax, &u, &along))
        }
        _ => None,
    }
}

/// Whether the greatest exponent is taken away from this one.
fn is_shifted(g: &Graph, id: NodeId) -> bool {
    let held = |c: Number, id: NodeId| c.is_negative() && is_function(g, id, "held");
    match g.op(id) {
        Op::Sum(terms) => terms.iter().any(|t| held(t.coeff, t.operand.node)),
        Op::Product { coeff, factors, .. } => factors.iter().any(|f| held(*coeff, f.operand.node)),
        _ => false,
    }
}

/// Base and exponent of a power with an exponent as data.
pub(in crate::simplify::rules) fn power_of(g: &Graph, t: &Tensor) -> Option<(Tensor, Tensor)> {
    let Op::Map { function, args } = g.op(t.node) else { return None };
    (function.name() == "pow").then(|| (g.tensor(&args[0], &t.indices), g.tensor(&args[1], &t.indices)))
}

/// log(baseᵖ) = p log base, of a positive base, by the factors of it where it is a product: that may be too large
/// or too small for a number where the logarithms are not.
pub(in crate::simplify::rules) fn log_of_power(
    g: &mut Graph,
    base: &Tensor,
    exponent: &Tensor,
) -> Vec<(Number, Tensor)> {
    let apart = match g.op(base.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && !coeff.is_negative() => {
            let factors: Vec<_> =
                factors.iter().map(|f| (g.tensor(&f.operand, &base.indices), f.power)).collect();
            Some((coeff, factors))
        }
        _ => None,
    };
    let Some((coeff, factors)) = apart else {
        return vec![(ONE, g.call("xlogy", &[exponent.clone(), base.clone()]))];
    };
    let mut logs = Vec::new();
    for (t, power) in factors {
        let size = if is_positive(g, t.node) { t } else { g.call("abs", &[t]) };
        logs.push((power, g.call("xlogy", &[exponent.clone(), size])));
    }
    if !coeff.is_one() {
        let c = g.constant(coeff);
        let log = g.call("log", &[c]);
        logs.push((ONE, g.multiply(&[exponent.clone(), log])));
    }
    logs
}

pub(in crate::simplify::rules) fn is_positive(g: &Graph, id: NodeId) -> bool {
    g.interval(id).low >= 1e-30
}

/// How many exponentials there are within the sums and products at a node, as far as they are taken apart: what
/// the measure counts where a number may not hold them.
pub(in crate::simplify) fn exponentials(g: &Graph, id: NodeId) -> usize {
    fn count(g: &Graph, id: NodeId, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        match g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| count(g, t.operand.node, depth - 1)).sum(),
            Op::Product { factors, .. } => factors.iter().map(|f| count(g, f.operand.node, depth - 1)).sum(),
            Op::Map { function, args } => match function.name() {
                "exp" => usize::from(!is_shifted(g, args[0].node)),
                "expm1" | "sinh" | "pow" | "tanh" => 1,
                _ => usize::from(function.spec().log.is_some()),
            },
            Op::Axis { function: AxisFn::Softmax, .. } => 1,
            _ => 0,
        }
    }
    count(g, id, 6)
}
