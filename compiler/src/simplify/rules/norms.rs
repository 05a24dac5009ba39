//! Roots of sums of squares: no overflow, no cancellation, and |x| for √(x²).

use super::{Opened, terms, terms_of};
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};

const ONE: Number = Number::ONE;

/// The `u` of `c · t = u²`, where `c` and every power in `t` say so.
fn root(g: &mut Graph, c: Number, t: &Tensor) -> Option<Tensor> {
    if let Some(n) = g.as_constant(t.node) {
        let r = c.mul(n).sqrt()?;
        return Some(g.constant(r));
    }
    let Op::Product { coeff, factors, bound } = g.op(t.node).clone() else { return None };
    let r = c.mul(coeff).sqrt()?;
    let even = factors.iter().all(|f| f.power.as_int().is_some_and(|p| p % 2 == 0));
    if !bound.is_empty() || !even || factors.is_empty() {
        return None;
    }
    let halves: Vec<_> =
        factors.iter().map(|f| (g.tensor(&f.operand, &t.indices), f.power.mul(Number::HALF))).collect();
    let mut indices: Vec<Index> = Vec::new();
    for &i in halves.iter().flat_map(|(x, _)| &x.indices) {
        if !indices.contains(&i) {
            indices.push(i);
        }
    }
    Some(Tensor::new(g.contract(r, &halves, &indices), indices))
}

/// √(u² + v²) = hypot(u, v)
pub(super) fn hypot(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power.as_int().is_none())?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let twice = power.mul(Number::TWO);
        if power.as_int().is_some() || twice.as_int().is_none() || !matches!(g.op(t.node), Op::Sum(_)) {
            continue;
        }
        let parts = terms_of(g, &t);
        let [(ca, a), (cb, b)] = parts.as_slice() else { continue };
        let (Some(u), Some(v)) = (root(g, *ca, a), root(g, *cb, b)) else { continue };
        // The constant comes last, as in √(u² + 1).
        let (u, v) = if g.as_constant(u.node).is_some() { (v, u) } else { (u, v) };
        p.factors[k] = (g.call("hypot", &[u, v]), twice);
        return Some(p.closed(g));
    }
    None
}

/// √(u² + v²) − v, in one
pub(super) fn hypot_minus(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        if function.name() != "hypot" {
            continue;
        }
        let sides = [g.tensor(&args[0], &t.indices), g.tensor(&args[1], &t.indices)];
        for (u, v) in [(&sides[0], &sides[1]), (&sides[1], &sides[0])] {
            let constant = g.as_constant(v.node);
            let at = parts.iter().position(|(cr, r)| match (constant, g.as_constant(r.node)) {
                (Some(n), Some(m)) => cr.mul(m) == c.mul(n).neg(),
                _ => r == v && *cr == c.neg(),
            });
            let Some(at) = at else { continue };
            let mut rest: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != k && *n != at)
                .map(|(_, p)| p.clone())
                .collect();
            rest.push((*c, g.call("hypot_minus", &[u.clone(), v.clone()])));
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

/// √(u²) = |u|
pub(super) fn root_of_square(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power.as_int().is_none())?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let twice = power.mul(Number::TWO);
        if power.as_int().is_some() || twice.as_int().is_none() {
            continue;
        }
        let Some(u) = root(g, ONE, &t) else { continue };
        p.factors[k] = (g.call("abs", &[u]), twice);
        return Some(p.closed(g));
    }
    None
}

/// √(c Σ x²) = √c ‖x‖, over all entries: a norm that neither overflows nor underflows
pub(super) fn norm(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power.as_int().is_none())?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let twice = power.mul(Number::TWO);
        if power.as_int().is_some() || twice.as_int().is_none() || !t.indices.is_empty() {
            continue;
        }
        let Some(inside) = Opened::product(g, t.node) else { continue };
        let [(x, two)] = inside.factors.as_slice() else { continue };
        let once = x.indices.iter().enumerate().all(|(n, i)| !x.indices[..n].contains(i));
        if *two != Number::TWO || inside.bound.is_empty() || !once {
            continue;
        }
        let Some(scale) = inside.coeff.sqrt() else { continue };
        let norm = g.axis(AxisFn::Norm, x, &inside.bound);
        p.coeff = p.coeff.mul(scale.pow(twice));
        p.factors[k] = (norm, twice);
        return Some(p.closed(g));
    }
    None
}

/// ‖x‖² = Σ x²
pub(super) fn even_power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p =
        Opened::about(g, id, |g, f| matches!(g.op(f.operand.node), Op::Axis { function: AxisFn::Norm, .. }))?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(half) = power.as_int().filter(|n| n % 2 == 0) else { continue };
        let Op::Axis { function: AxisFn::Norm, arg, .. } = g.op(t.node).clone() else { continue };
        let locals = g.locals(t.node);
        let rank = t.indices.len();
        let x = g.tensor(&arg, &locals).renamed(&locals[..rank], &t.indices);
        let squares = g.contract(ONE, &[(x, Number::TWO)], &t.indices);
        p.factors[k] = (Tensor::new(squares, t.indices), Number::int(half / 2));
        return Some(p.closed(g));
    }
    None
}
