//! What is multiplied by exactly 0 contributes nothing, though it is no number.

use super::{Opened, inner, is_function};
use crate::ir::finite::is_total;
use crate::ir::{AxisFn, Factor, Finite, Graph, Index, NodeId, Number, Op, Tensor};
use crate::ops::interval::Interval;
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;

/// Functions of which large arguments make what a number does not hold.
const LARGE: [&str; 4] = ["exp", "expm1", "cosh", "sinh"];

/// Sums within sums that are looked into.
const DEEPEST: usize = 4;

/// Whether a factor may be infinite or undefined, as it stands: a power, a function that not all numbers have, or a
/// sum of such.
fn is_delicate(g: &Graph, f: &Factor) -> bool {
    delicate_within(g, f, DEEPEST)
}

fn delicate_within(g: &Graph, f: &Factor, depth: usize) -> bool {
    match g.op(f.operand.node) {
        Op::Extent(_) => false,
        _ if f.power.is_negative() || f.power.as_int().is_none() => true,
        Op::Map { function, args } => match function.name() {
            "xmul" | "xlogy" | "xlog1py" | "xdivy" | "xexpy" => !g.is_data(args[0].node),
            name if LARGE.contains(&name) => true,
            _ => !is_total(*function, &vec![Interval::ALL; args.len()]),
        },
        Op::Sum(terms) if depth > 0 => terms.iter().any(|t| match g.op(t.operand.node) {
            Op::Product { factors, .. } => factors.iter().any(|f| delicate_within(g, f, depth - 1)),
            _ => delicate_within(g, &Factor { operand: t.operand.clone(), power: ONE }, depth - 1),
        }),
        _ => false,
    }
}

fn is_given(g: &Graph, f: &Factor) -> bool {
    f.power.as_int().is_some_and(|n| n > 0)
        && !g.is_indicator(f.operand.node)
        && !matches!(g.op(f.operand.node), Op::Extent(_) | Op::Number(_) | Op::Pi)
        && g.is_data(f.operand.node)
}

/// Whether data stand beside something that may be no number: what the measure counts.
pub(in crate::simplify) fn is_exposed(g: &Graph, factors: &[Factor]) -> bool {
    let delicate = |f: &Factor| !g.is_data(f.operand.node) && is_delicate(g, f);
    factors.iter().any(|f| is_given(g, f)) && factors.iter().any(delicate)
}

/// Whether a factor is a number whatever the inputs are, one that a number holds.
fn is_safe(g: &Graph, finite: &mut Finite, f: &Factor) -> bool {
    let overflows = match g.op(f.operand.node) {
        Op::Map { function, args } => {
            LARGE.contains(&function.name()) && g.interval(args[0].node).high == f64::INFINITY
        }
        _ => false,
    };
    !overflows && finite.is_finite_power(g, f)
}

/// c f(x) = 0 wherever c is 0, entry by entry, for data c, whatever f(x) is
pub(super) fn constant_factor(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Product { factors, .. } = g.op(id).clone() else { return None };
    if !is_exposed(g, &factors) {
        return None;
    }
    let mut finite = Finite::trusting();
    let mut p = Opened::product(g, id)?;
    let unsafe_at: Vec<usize> = (0..factors.len())
        .filter(|&k| is_delicate(g, &factors[k]) && !g.is_data(factors[k].operand.node))
        .filter(|&k| !is_safe(g, &mut finite, &factors[k]))
        .collect();
    let along: Vec<Index> = unsafe_at.iter().flat_map(|&k| p.factors[k].0.indices.clone()).collect();
    let given: Vec<usize> = (0..factors.len())
        .filter(|&k| is_given(g, &factors[k]))
        .filter(|&k| p.factors[k].0.indices.iter().all(|i| along.contains(i)))
        .collect();
    if unsafe_at.is_empty() || given.is_empty() {
        return None;
    }
    let of = |at: &[usize]| -> Vec<(Tensor, Number)> { at.iter().map(|&k| p.factors[k].clone()).collect() };
    let (c, f) = (g.factored(ONE, &of(&given)), g.factored(ONE, &of(&unsafe_at)));
    // A quotient has a function of its own already.
    let joined = match (g.op(f.node).clone(), unsafe_at.as_slice()) {
        (Op::Product { .. }, [k]) if p.factors[*k].1 == Number::MINUS_ONE => {
            let below = p.factors[*k].0.clone();
            g.call("xdivy", &[c, below])
        }
        _ => g.call("xmul", &[c, f]),
    };
    let rest = p.factors.iter().enumerate();
    let mut rest: Vec<_> =
        rest.filter(|(k, _)| !given.contains(k) && !unsafe_at.contains(k)).map(|(_, f)| f.clone()).collect();
    rest.push((joined, ONE));
    p.factors = rest;
    Some(p.closed(g))
}

/// log(1 − u) times uᵖ or a derivative of it, which may be infinite where u, and the logarithm with it, is 0: for exponents
/// as data
pub(super) fn vanishing_log(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let slope =
        |g: &Graph, id: NodeId| ["pow", "pow_slope", "pow_curve"].iter().any(|name| is_function(g, id, name));
    let mut p = Opened::about(g, id, |g, f| f.power.is_one() && slope(g, f.operand.node))?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Op::Map { args, .. } = g.op(t.node).clone() else { continue };
        if !power.is_one() || !slope(g, t.node) {
            continue;
        }
        let base = g.tensor(&args[0], &t.indices);
        for n in (0..p.factors.len()).filter(|&n| n != k) {
            let (log, times) = p.factors[n].clone();
            if times.as_int().is_none_or(|n| n < 1) || !vanishes(g, &log, &base) {
                continue;
            }
            let log = g.power(&log, times);
            let mut joined = g.call("xmul", &[log.clone(), t.clone()]);
            // The power itself goes to infinity as fast as the logarithm to 0 from the exponent −1 on.
            if is_function(g, t.node, "pow") {
                let exponent = g.tensor(&args[1], &t.indices);
                let plain = g.call("pow_plain", &[base, exponent.clone()]);
                let plain = g.multiply(&[log, plain]);
                let limit = g.constant(Number::MINUS_ONE);
                joined = g.select(CompareOp::Greater, &exponent, &limit, &joined, &plain);
            }
            p.factors[k] = (joined, ONE);
            p.factors.remove(n);
            return Some(p.closed(g));
        }
    }
    None
}

/// Whether a logarithm is 0 where `base` is: log(1 − base).
fn vanishes(g: &mut Graph, log: &Tensor, base: &Tensor) -> bool {
    let argument = if let Some(u) = inner(g, log, "log") {
        u
    } else if let Some(u) = inner(g, log, "log1p") {
        return super::opposite(g, &u, base);
    } else if let Op::Axis { function: AxisFn::LogSoftmax, .. } = g.op(log.node) {
        g.with_function(log, AxisFn::Softmax)
    } else {
        return false;
    };
    let one = g.constant(ONE);
    let less = g.sum(&[(ONE, one), (Number::MINUS_ONE, argument)]);
    less == *base
}
