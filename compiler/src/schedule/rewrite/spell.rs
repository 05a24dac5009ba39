//! Softmax and its kin by maximum, exponential and sum: scalars for one example, so that no array is needed.
//!
//! What is divided by a norm is multiplied by its inverse. In a sum that may be too much for a number, as the
//! entries themselves multiplied by each other, where the quotients are not: so a sum of quotients by norms is
//! that of the entries where the norms are neither large nor small.

use super::by_rule;
use crate::ir::{AxisFn, Graph, Index, NodeId, NodeMap, Number, Op, Operand, Tensor};
use crate::syntax::ast::CompareOp;

/// Sums of squares between these have lost nothing, in single precision too.
const MOST: f64 = 1e30;
const LEAST: f64 = 1e-30;

/// The roots of a graph without functions along axes.
pub(super) fn spelled_out(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    by_rule(g, roots, |g, old, same, map| {
        spelled_axis(g, same)
            .or_else(|| quotient(g, old, map))
            .or_else(|| sum_of_quotients(g, old, same, map))
    })
}

/// What is divided by a norm, and the norm.
fn by_norm(g: &Graph, id: NodeId) -> Option<(&Operand, NodeId)> {
    let Op::Map { function, args } = g.op(id) else { return None };
    let [u, norm] = args.as_slice() else { return None };
    let is_norm = matches!(g.op(norm.node), Op::Axis { function: AxisFn::Norm, .. });
    (function.name() == "per" && is_norm && g.rank(norm.node) == 0).then_some((u, norm.node))
}

/// u/‖x‖ as u times the inverse.
fn quotient(g: &mut Graph, id: NodeId, map: &NodeMap<NodeId>) -> Option<NodeId> {
    let (u, norm) = by_norm(g, id)?;
    let (u, norm) = (Operand { node: map.replaced(u.node), axes: u.axes.clone() }, map.replaced(norm));
    let locals = g.locals(id);
    let inverse = g.call("recip0", &[Tensor::new(norm, Vec::new())]);
    let product = [g.tensor(&u, &locals), inverse];
    let product = g.multiply(&product);
    Some(g.tensor_as(&product, &locals))
}

/// Σ u/‖x‖ …, which `plain` is Σ u … times inverses of, where no norm is large or small.
fn sum_of_quotients(g: &mut Graph, id: NodeId, plain: NodeId, map: &NodeMap<NodeId>) -> Option<NodeId> {
    let Op::Product { coeff, factors, bound } = g.op(id).clone() else { return None };
    if bound.is_empty() || !factors.iter().any(|f| by_norm(g, f.operand.node).is_some()) {
        return None;
    }
    let (rank, locals) = (g.rank(id), g.locals(id));
    let mut parts = Vec::with_capacity(factors.len());
    let mut sizes: Vec<Tensor> = Vec::new();
    for f in factors {
        let Some((u, norm)) = by_norm(g, f.operand.node).map(|(u, norm)| (u.clone(), norm)) else {
            let other = Operand { node: map.replaced(f.operand.node), axes: f.operand.axes };
            parts.push((g.tensor(&other, &locals), f.power));
            continue;
        };
        // The quotient's own indices, and what it is made of along them.
        let own: Vec<_> = f.operand.axes.iter().map(|&a| locals[a as usize]).collect();
        let u = g.tensor(&Operand { node: map.replaced(u.node), axes: u.axes }, &own);
        let Op::Axis { arg, .. } = g.op(norm).clone() else { return None };
        let x = g.whole(map.replaced(arg.node));
        let squares = squares(g, &x, &[]);
        sizes.push(size(g, &squares));
        let norm = Tensor::new(map.replaced(norm), Vec::new());
        parts.push((g.call("per", &[u, norm]), f.power));
    }
    let careful = g.contract_over(coeff, &parts, &locals[..rank], &locals[rank..]);
    let largest = sizes.into_iter().reduce(|a, b| g.call("max", &[a, b]))?;
    let most = g.constant(Number::float(MOST));
    let out = &locals[..rank];
    let [plain, careful] = [plain, careful].map(|node| Tensor::new(node, out.to_vec()));
    Some(g.select_as(CompareOp::Less, &largest, &most, &plain, &careful, out))
}

/// Σ x² along all but these indices.
fn squares(g: &mut Graph, x: &Tensor, out: &[Index]) -> Tensor {
    Tensor::new(g.contract(Number::ONE, &[(x.clone(), Number::TWO)], out), out.to_vec())
}

/// A sum of squares, or [`MOST`] where it is small.
fn size(g: &mut Graph, squares: &Tensor) -> Tensor {
    let (least, most) = (g.constant(Number::float(LEAST)), g.constant(Number::float(MOST)));
    g.select(CompareOp::Greater, squares, &least, squares, &most)
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
        // √Σ x² where that sum has lost nothing; else M √Σ (x/M)² with M the greatest
        // size, 0 where that is 0.
        let absolute = g.call("abs", std::slice::from_ref(&x));
        let max = g.axis(AxisFn::Max, &absolute, &along);
        let inverse = g.call("recip0", std::slice::from_ref(&max));
        let scaled = g.multiply(&[x.clone(), inverse]);
        g.set_name(scaled.node, "scaled");
        let sum = g.contract(one, &[(scaled, Number::TWO)], &max.indices);
        let root = (Tensor::new(sum, max.indices.clone()), Number::HALF);
        let scaled = g.contract(one, &[(max.clone(), one), root], &max.indices);
        let scaled = Tensor::new(scaled, max.indices.clone());
        let plain = squares(g, &x, &max.indices);
        let size = size(g, &plain);
        let root = g.power(&plain, Number::HALF);
        let most = g.constant(Number::float(MOST));
        return Some(g.select_as(CompareOp::Less, &size, &most, &root, &scaled, out));
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
