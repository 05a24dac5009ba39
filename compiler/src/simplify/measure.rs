//! What every rule lowers: a weight for each node, heavier where evaluating it is expensive or dangerous.

use super::rules::{exponentials_within, is_exposed};
use crate::ir::{AxisFn, Factor, Graph, NodeId, Number, Op};

/// Of an exponential where a number may not hold it: more than all that keeps it within bounds.
const EXPONENTIAL: usize = 400;
/// Of data beside something that may be no number where they are 0.
const EXPOSED: usize = 40;

/// The weight of what `roots` need.
#[must_use]
pub fn measure(graph: &Graph, roots: &[NodeId]) -> usize {
    graph.reachable(roots).into_iter().map(|id| weight(graph, id)).sum()
}

/// The weight of one node, its operands not counted.
pub(super) fn weight(graph: &Graph, id: NodeId) -> usize {
    match graph.op(id) {
        Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Input(_) | Op::Delta | Op::Position => 0,
        Op::Holds(_) | Op::Named(_) => 1,
        Op::Others { .. } => 8,
        Op::Sum(terms) => 2 * terms.len(),
        Op::Product { factors, bound, .. } => {
            let power = |f: &Factor| match f.power.as_int() {
                Some(n) if n < 0 && is_sum_of_squares(graph, f.operand.node) => 10,
                Some(n) if n < 0 || is_reciprocal(graph, f.operand.node) => {
                    1 + usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX).min(8)
                }
                Some(_) => 1,
                None => 8,
            };
            let powers: usize = factors.iter().map(power).sum();
            let bases = factors.iter().filter(|f| is_base_beside(graph, f.operand.node, factors)).count();
            let dangerous = |f: &&Factor| f.power.is_negative() || f.power.as_int().is_none();
            let within = |f: &Factor| exponentials_within(graph, f.operand.node);
            let exponentials: usize = factors.iter().filter(dangerous).map(within).sum();
            let exposed = if is_exposed(graph, factors) { EXPOSED } else { 0 };
            let together = 40 * usize::from(has_log_beside_power(graph, factors));
            powers + bound.len() + 4 * bases + EXPONENTIAL * exponentials + exposed + together
        }
        Op::Map { function, args } => {
            // What is taken of a product may be taken of less.
            let product = function.name() == "abs" && matches!(graph.op(args[0].node), Op::Product { .. });
            // Of squares that may overflow, where their root need not.
            let squares = function.name() == "pow" && is_sum_of_squares(graph, args[0].node);
            let within = match function.name() {
                "log" => exponentials_within(graph, args[0].node) + powers_within(graph, args[0].node),
                "log1p" | "pow" | "pow_plain" => exponentials_within(graph, args[0].node),
                "xlogy" | "xlog1py" => exponentials_within(graph, args[1].node),
                _ => 0,
            };
            let weight = function.spec().weight + EXPONENTIAL * within;
            weight + usize::from(product) + 10 * usize::from(squares)
        }
        Op::Select { .. } => 6,
        Op::Axis { function: AxisFn::Norm, .. } => 7,
        Op::Axis { .. } => 8,
        Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) | Op::Cofactors(..) => 20,
        Op::Merge { .. } | Op::Split { .. } => 4,
    }
}

/// Whether a logarithm stands beside a power with an exponent as data, which may be infinite where it is 0.
fn has_log_beside_power(graph: &Graph, factors: &[Factor]) -> bool {
    let is = |names: &[&str]| {
        factors.iter().any(|f| match graph.op(f.operand.node) {
            Op::Map { function, .. } => names.contains(&function.name()),
            Op::Axis { function: AxisFn::LogSoftmax, .. } => names.contains(&"log"),
            _ => false,
        })
    };
    is(&["log", "log1p"]) && is(&["pow", "pow_slope", "pow_curve"])
}

/// How many factors a logarithm may be taken of apart, where their product is no number.
fn powers_within(graph: &Graph, id: NodeId) -> usize {
    let Op::Product { factors, bound, .. } = graph.op(id) else { return 0 };
    let apart = |f: &&Factor| match f.power.as_int() {
        Some(n) => n.abs() > 1 || matches!(graph.op(f.operand.node), Op::Det(_)),
        None => true,
    };
    if bound.is_empty() { factors.iter().filter(apart).count() } else { 0 }
}

/// Whether a power of this node, or of what it is the size, the sign or the direction of, with an exponent as data, stands beside
/// it: both are undefined at 0 where their product is not.
fn is_base_beside(graph: &Graph, id: NodeId, factors: &[Factor]) -> bool {
    let base = match graph.op(id) {
        Op::Map { function, args } if matches!(function.name(), "abs" | "sign") => args[0].node,
        Op::Map { function, args } if function.name() == "per" => args[1].node,
        _ => id,
    };
    factors.iter().any(|f| match graph.op(f.operand.node) {
        Op::Map { function, args } => {
            matches!(function.name(), "pow" | "abs_pow" | "sign_pow" | "pow0" | "pow_slope")
                && args[0].node == base
        }
        _ => false,
    })
}

/// Whether a factor of this node divides.
fn is_reciprocal(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.op(id), Op::Map { function, .. } if function.name() == "recip0")
}

/// Whether the node is a sum of squares along an index: its quotients overflow where those by the norm do not.
fn is_sum_of_squares(graph: &Graph, id: NodeId) -> bool {
    match graph.op(id) {
        Op::Product { factors, bound, .. } => {
            !bound.is_empty() && factors.iter().all(|f| f.power == Number::TWO)
        }
        _ => false,
    }
}
