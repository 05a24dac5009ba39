//! What every rule lowers: a weight for each node, heavier where evaluating it is expensive or dangerous.

use crate::ir::{Factor, Graph, NodeId, Op};

/// The weight of what `roots` need.
#[must_use]
pub fn measure(graph: &Graph, roots: &[NodeId]) -> usize {
    graph.reachable(roots).into_iter().map(|id| weight(graph, id)).sum()
}

/// The weight of one node, its operands not counted.
pub(super) fn weight(graph: &Graph, id: NodeId) -> usize {
    match graph.op(id) {
        Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Input(_) | Op::Delta => 0,
        Op::Sum(terms) => 2 * terms.len(),
        Op::Product { factors, bound, .. } => {
            let power = |f: &Factor| match f.power.as_int() {
                Some(n) if n < 0 => 2,
                Some(_) => 1,
                None => 8,
            };
            let powers: usize = factors.iter().map(power).sum();
            powers + bound.len()
        }
        Op::Map { function, .. } => function.spec().weight,
        Op::Select { .. } => 6,
        Op::Axis { .. } => 8,
        Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) | Op::Cofactors(..) => 20,
        Op::Merge { .. } | Op::Split { .. } => 4,
    }
}
