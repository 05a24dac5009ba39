//! Exponentials: kept inside functions that cannot overflow.

use super::{Opened, argument, constant, inner, is_function, opposite, terms, terms_of, without};
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};

const ONE: Number = Number::ONE;

/// exp(log x) = x
pub(super) fn of_log(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "exp")?;
    let u = inner(g, &x, "log")?;
    Some(g.tensor_as(&u, &out))
}

/// 1/(1 + eᵘ) = σ(−u)
pub(super) fn logistic(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p =
        Opened::about(g, id, |g, f| f.power.is_negative() && matches!(g.op(f.operand.node), Op::Sum(_)))?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(n) = power.as_int().filter(|n| *n < 0) else { continue };
        let Op::Sum(_) = g.op(t.node) else { continue };
        let parts = terms_of(g, &t);
        let [(one, unit), (c, e)] = parts.as_slice() else { continue };
        if !one.is_one() || !c.is_one() || g.as_constant(unit.node) != Some(ONE) {
            continue;
        }
        let Some(u) = inner(g, e, "exp") else { continue };
        let minus = g.negate(&u);
        let s = g.call("sigmoid", &[minus]);
        p.factors[k] = (s, Number::int(-n));
        return Some(p.closed(g));
    }
    None
}

/// eᵘ σ(−u) = σ(u)
pub(super) fn times_sigmoid(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_function(g, f.operand.node, "exp"))?;
    for k in 0..p.factors.len() {
        let (e, pe) = p.factors[k].clone();
        let Some(u) = inner(g, &e, "exp").filter(|_| pe.is_one()) else { continue };
        for n in 0..p.factors.len() {
            let (s, ps) = p.factors[n].clone();
            let Some(v) = inner(g, &s, "sigmoid").filter(|_| ps.as_int().is_some_and(|q| q >= 1)) else {
                continue;
            };
            if !opposite(g, &v, &u) {
                continue;
            }
            let joined = g.call("sigmoid", &[u]);
            p.factors[n].1 = ps.add(Number::MINUS_ONE);
            p.factors[k] = (joined, ONE);
            return Some(p.closed(g));
        }
    }
    None
}

/// eᵘ / Σ eᵘ = softmax(u), also where the exponential has gone into a contraction and the denominator stayed
/// outside.
pub(super) fn softmax(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power == Number::MINUS_ONE)?;
    for n in 0..p.factors.len() {
        let (s, ps) = p.factors[n].clone();
        if ps != Number::MINUS_ONE {
            continue;
        }
        for k in (0..p.factors.len()).filter(|&k| k != n && p.factors[k].1.is_one()) {
            let whole = p.factors[k].0.clone();
            if let Some((c, t)) = quotient(g, &whole, &s) {
                p.coeff = p.coeff.mul(c);
                p.factors[k] = (t, ONE);
                p.factors.remove(n);
                return Some(p.closed(g));
            }
            let Some(mut inside) = Opened::product(g, whole.node) else { continue };
            if inside.bound.is_empty() || g.name(whole.node).is_some() {
                continue;
            }
            let s = s.clone().renamed(&whole.indices, &inside.out);
            for m in 0..inside.factors.len() {
                let Some((c, t)) =
                    quotient(g, &inside.factors[m].0, &s).filter(|_| inside.factors[m].1.is_one())
                else {
                    continue;
                };
                p.coeff = p.coeff.mul(c);
                inside.factors[m] = (t, ONE);
                p.factors[k] = (Tensor::new(inside.closed(g), whole.indices), ONE);
                p.factors.remove(n);
                return Some(p.closed(g));
            }
        }
    }
    None
}

/// `e / s` where `e` is eᵘ and `s` is c Σ eᵘ: the coefficient 1/c and softmax(u).
fn quotient(g: &mut Graph, e: &Tensor, s: &Tensor) -> Option<(Number, Tensor)> {
    let u = inner(g, e, "exp")?;
    let Op::Product { coeff, factors, bound } = g.op(s.node).clone() else { return None };
    let [f] = factors.as_slice() else { return None };
    if f.operand.node != e.node || !f.power.is_one() || bound.is_empty() {
        return None;
    }
    // Each axis of the exponential is summed over in the denominator, or the same in both.
    let rank = s.indices.len();
    let mut along: Vec<Index> = Vec::new();
    let aligned = f.operand.axes.iter().zip(&e.indices).all(|(&a, &i)| {
        if (a as usize) < rank {
            s.indices[a as usize] == i
        } else {
            along.push(i);
            !s.indices.contains(&i)
        }
    });
    if !aligned || along.len() != bound.len() {
        return None;
    }
    Some((coeff.pow(Number::MINUS_ONE), g.axis(AxisFn::Softmax, &u, &along)))
}

/// Σ softmax(x) = 1
pub(super) fn softmax_total(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let p = Opened::about(g, id, |g, f| {
        matches!(g.op(f.operand.node), Op::Axis { function: AxisFn::Softmax, .. })
    })?;
    let [(s, power)] = p.factors.as_slice() else { return None };
    let Op::Axis { function: AxisFn::Softmax, along, .. } = g.op(s.node) else { return None };
    let along: Vec<Index> = along.iter().map(|&a| s.indices[a as usize]).collect();
    // Of a diagonal the sum is another.
    let distinct = (1..s.indices.len()).all(|k| !s.indices[..k].contains(&s.indices[k]));
    let all = along.len() == p.bound.len() && along.iter().all(|i| p.bound.contains(i));
    if !power.is_one() || !distinct || !all {
        return None;
    }
    Some(g.fill(p.coeff, &p.out))
}

/// eᵘ eᵛ = e^(u+v), (eᵘ)ᵖ = e^(pu); not where that would make an outer product of exponentials.
pub(super) fn product(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_function(g, f.operand.node, "exp"))?;
    let exps: Vec<usize> =
        (0..p.factors.len()).filter(|&k| inner(g, &p.factors[k].0, "exp").is_some()).collect();
    if let Some(&k) = exps.iter().find(|&&k| !p.factors[k].1.is_one()) {
        let (e, power) = p.factors[k].clone();
        let u = inner(g, &e, "exp")?;
        let scaled = g.scale(power, &u);
        p.factors[k] = (g.call("exp", &[scaled]), ONE);
        return Some(p.closed(g));
    }
    for (n, &a) in exps.iter().enumerate() {
        for &b in &exps[n + 1..] {
            let (ea, eb) = (p.factors[a].0.clone(), p.factors[b].0.clone());
            let within = |x: &Tensor, y: &Tensor| x.indices.iter().all(|i| y.indices.contains(i));
            if !within(&ea, &eb) && !within(&eb, &ea) {
                continue;
            }
            let (u, v) = (inner(g, &ea, "exp")?, inner(g, &eb, "exp")?);
            let total = g.sum(&[(ONE, u), (ONE, v)]);
            p.factors[a] = (g.call("exp", &[total]), ONE);
            p.factors.remove(b);
            return Some(p.closed(g));
        }
    }
    None
}

/// Replaces the constant of the sum and the term `f(u)` that goes with it.
fn absorb(
    g: &mut Graph,
    id: NodeId,
    f: &str,
    make: fn(&mut Graph, Number, &Tensor) -> (Number, Tensor),
) -> Option<NodeId> {
    let (mut parts, out) = terms(g, id)?;
    let (at, c) = constant(g, &parts)?;
    let (k, u) = parts
        .iter()
        .enumerate()
        .find_map(|(k, (coeff, t))| (*coeff == c.neg()).then(|| inner(g, t, f).map(|u| (k, u))).flatten())?;
    parts[k] = make(g, c, &u);
    parts.remove(at);
    Some(g.sum_as(&parts, &out))
}

/// eᵘ − 1 = expm1(u)
pub(super) fn minus_one(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    absorb(g, id, "exp", |g, c, u| (c.neg(), g.call("expm1", std::slice::from_ref(u))))
}

/// 1 − σ(u) = σ(−u)
pub(super) fn one_minus_sigmoid(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    absorb(g, id, "sigmoid", |g, c, u| {
        let minus = g.negate(u);
        (c, g.call("sigmoid", &[minus]))
    })
}

/// u − logsumexp(u) = log_softmax(u), also where the terms of u have been taken up into the sum.
pub(super) fn log_softmax(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Op::Axis { function: AxisFn::LogSumExp, arg, bound, .. } = g.op(t.node).clone() else { continue };
        let free: Vec<Index> = out.iter().copied().filter(|i| !t.indices.contains(i)).collect();
        if free.len() != bound.len() {
            continue;
        }
        // The reduced axes of the argument run along the indices that the logsumexp lacks, in one order or
        // another.
        let mut locals = t.indices.clone();
        locals.extend(&free);
        let u = g.tensor(&arg, &locals);
        let Some(mut rest) = without(g, &parts, k, &u) else { continue };
        let t = g.axis(AxisFn::LogSoftmax, &u, &free);
        rest.push((c.neg(), t));
        return Some(g.sum_as(&rest, &out));
    }
    None
}

/// σ(u) σ(−u) = a (1 − a) with a = σ(u), which is not `output`
pub(crate) fn by_activation(g: &mut Graph, id: NodeId, output: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_function(g, f.operand.node, "sigmoid"))?;
    for k in 0..p.factors.len() {
        let (minus, power) = p.factors[k].clone();
        let Some(v) = inner(g, &minus, "sigmoid").filter(|_| power.is_one()) else { continue };
        for n in (0..p.factors.len()).filter(|n| *n != k) {
            let a = p.factors[n].0.clone();
            let Some(u) = inner(g, &a, "sigmoid") else { continue };
            // Of the two the one whose argument is not itself a negative is the activation.
            if a.node == output
                || minus.node == output
                || !opposite(g, &v, &u)
                || (g.name(a.node).is_none() && g.name(minus.node).is_some())
            {
                continue;
            }
            let one = g.constant(ONE);
            p.factors[k] = (g.sum(&[(ONE, one), (Number::MINUS_ONE, a)]), ONE);
            return Some(p.closed(g));
        }
    }
    None
}
