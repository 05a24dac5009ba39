//! Softmax and its kin by maximum, exponential and sum: scalars for one example, so that no array is needed.

use super::by_rule;
use crate::ir::{AxisFn, Graph, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

/// The roots of a graph without functions along axes.
pub(super) fn spelled_out(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    by_rule(g, roots, |g, _, id, _| spelled_axis(g, id))
}

fn spelled_axis(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Axis { function, arg, along, .. } = g.op(id).clone() else { return None };
    if function == AxisFn::Max {
        return None;
    }
    let rank = g.rank(id);
    let locals = g.locals(id);
    let x = g.tensor(&arg, &locals);
    let along: Vec<_> = along.iter().map(|&a| locals[a as usize]).collect();
    let out = &locals[..rank];
    let one = Number::ONE;
    if function == AxisFn::Norm {
        // √Σ x² where that sum has lost nothing, in single precision too; else M √Σ (x/M)² with M the greatest
        // size, 0 where that is 0.
        let size = g.call("abs", std::slice::from_ref(&x));
        let max = g.axis(AxisFn::Max, &size, &along);
        let inverse = g.call("recip0", std::slice::from_ref(&max));
        let scaled = g.multiply(&[x.clone(), inverse]);
        g.set_name(scaled.node, "scaled");
        let squares = g.contract(one, &[(scaled, Number::TWO)], &max.indices);
        let root = (Tensor::new(squares, max.indices.clone()), Number::HALF);
        let scaled = g.contract(one, &[(max.clone(), one), root], &max.indices);
        let scaled = Tensor::new(scaled, max.indices.clone());
        let plain = g.contract(one, &[(x, Number::TWO)], &max.indices);
        let plain = Tensor::new(plain, max.indices.clone());
        let inverse = g.power(&plain, Number::MINUS_ONE);
        let extent = g.call("max", &[plain.clone(), inverse]);
        let root = g.power(&plain, Number::HALF);
        let most = g.constant(Number::float(1e30));
        return Some(g.select_as(CompareOp::Less, &extent, &most, &root, &scaled, out));
    }
    let max = g.axis(AxisFn::Max, &x, &along);
    let shifted = g.sum(&[(one, x), (Number::MINUS_ONE, max.clone())]);
    let e = g.call("exp", std::slice::from_ref(&shifted));
    let total = Tensor::new(g.contract(one, &[(e.clone(), one)], &max.indices), max.indices.clone());
    Some(match function {
        AxisFn::Softmax => g.contract(one, &[(e, one), (total, Number::MINUS_ONE)], out),
        AxisFn::LogSoftmax => {
            let log = g.call("log", &[total]);
            // Not one sum: the maximum goes first, so that nothing is lost beside a large one.
            g.set_name(shifted.node, "shifted");
            g.sum_as(&[(one, shifted), (Number::MINUS_ONE, log)], out)
        }
        AxisFn::LogSumExp | AxisFn::Max | AxisFn::Norm => {
            let log = g.call("log", &[total]);
            g.sum_as(&[(one, max), (one, log)], out)
        }
    })
}
