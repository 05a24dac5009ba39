//! Logarithms: taken inside products, powers and exponentials, so that they neither overflow nor cancel.

use super::exponential_sums::{
    exponent_of, is_positive, log_of_power, plain_powers, power_of, where_positive,
};
use super::near_zero::less_one;
use super::{Opened, argument, inner, is_function, terms_of};
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;

/// log(exp x) = x
pub(super) fn of_exp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let u = inner(g, &x, "exp")?;
    Some(g.tensor_as(&u, &out))
}

/// log σ(x) = −softplus(−x)
pub(super) fn of_sigmoid(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let u = inner(g, &x, "sigmoid")?;
    let t = log_sigmoid(g, &u);
    Some(g.tensor_as(&t, &out))
}

fn log_sigmoid(g: &mut Graph, u: &Tensor) -> Tensor {
    let minus = g.negate(u);
    let s = g.call("softplus", &[minus]);
    g.negate(&s)
}

/// log softmax(x) = x − log Σ exp x
pub(super) fn of_softmax(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let t = log_softmax(g, &x)?;
    Some(g.tensor_as(&t, &out))
}

fn log_softmax(g: &mut Graph, x: &Tensor) -> Option<Tensor> {
    let is_softmax = matches!(g.op(x.node), Op::Axis { function: AxisFn::Softmax, .. });
    is_softmax.then(|| g.with_function(x, AxisFn::LogSoftmax))
}

/// log cosh x, in one
pub(super) fn of_cosh(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let u = inner(g, &x, "cosh")?;
    let t = g.call("log_cosh", &[u]);
    Some(g.tensor_as(&t, &out))
}

/// log(c Σ exp x) = log c + logsumexp(x) for c > 0
pub(super) fn of_sum_of_exp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let Op::Product { coeff, factors, bound } = g.op(x.node).clone() else { return None };
    let [factor] = factors.as_slice() else { return None };
    if bound.is_empty() || !factor.power.is_one() || coeff.to_f64() <= 0.0 {
        return None;
    }
    let mut locals = x.indices.clone();
    let inner_indices: Vec<Index> = bound.iter().map(|&e| g.extents.index(e)).collect();
    locals.extend(&inner_indices);
    let e = g.tensor(&factor.operand, &locals);
    let u = inner(g, &e, "exp")?;
    if !inner_indices.iter().all(|i| u.indices.contains(i)) {
        return None;
    }
    let lse = g.axis(AxisFn::LogSumExp, &u, &inner_indices);
    let mut terms = vec![(ONE, lse)];
    if !coeff.is_one() {
        let c = g.constant(coeff);
        terms.push((ONE, g.call("log", &[c])));
    }
    Some(g.sum_as(&terms, &out))
}

/// The sum `1 + rest` as `rest`, where the constant is exactly 1; that of c (d + rest), too, where c d is.
fn one_plus(g: &mut Graph, x: &Tensor) -> Option<Vec<(Number, Tensor)>> {
    let mut terms = match g.op(x.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() => {
            let [f] = factors.as_slice() else { return None };
            if !f.power.is_one() || !matches!(g.op(f.operand.node), Op::Sum(_)) {
                return None;
            }
            let sum = g.tensor(&f.operand, &x.indices);
            terms_of(g, &sum).into_iter().map(|(c, t)| (coeff.mul(c), t)).collect()
        }
        _ => terms_of(g, x),
    };
    let at = terms.iter().position(|(c, t)| c.is_one() && g.as_constant(t.node) == Some(ONE))?;
    terms.remove(at);
    Some(terms)
}

/// log(1 + exp x) = softplus(x)
pub(super) fn of_one_plus_exp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let rest = one_plus(g, &x)?;
    let [(c, e)] = rest.as_slice() else { return None };
    let u = inner(g, e, "exp").filter(|_| c.is_one())?;
    let t = g.call("softplus", &[u]);
    Some(g.tensor_as(&t, &out))
}

/// log(1 + x) = log1p(x)
pub(super) fn of_one_plus(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let rest = one_plus(g, &x)?;
    let rest = g.sum(&rest);
    let t = g.call("log1p", &[rest]);
    Some(g.tensor_as(&t, &out))
}

/// log1p(exp x) = softplus(x), log1p(expm1 x) = x
pub(super) fn log1p_of_exp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log1p")?;
    if let Some(u) = inner(g, &x, "expm1") {
        return Some(g.tensor_as(&u, &out));
    }
    let u = inner(g, &x, "exp")?;
    let t = g.call("softplus", &[u]);
    Some(g.tensor_as(&t, &out))
}

/// log(eᵘ σ(v) s²ᵏ r) = u + log σ(v) + 2k log|s| + log r: what is positive comes out of the logarithm, whatever r
/// is. Powers with an exponent as data come out where their bases are positive, determinants where they are.
pub(super) fn of_product(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    if is_function(g, id, "xlogy") {
        return of_weighted_product(g, id);
    }
    let (x, out) = argument(g, id, "log")?;
    let (coeff, factors) = match g.op(x.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && !coeff.is_zero() => {
            (coeff, factors.iter().map(|f| (g.tensor(&f.operand, &x.indices), f.power)).collect())
        }
        Op::Map { .. } => (ONE, vec![(x.clone(), ONE)]),
        _ => return None,
    };
    let mut terms: Vec<(Number, Tensor)> = Vec::new();
    let mut rest: Vec<(Tensor, Number)> = Vec::new();
    let mut bases: Vec<Tensor> = Vec::new();
    for (t, power) in factors {
        // What has been shifted already comes out all the same.
        if let Some(log) = inner(g, &t, "exp").or_else(|| exponent_of(g, &t)) {
            terms.push((power, log));
        } else if let Some((base, exponent)) = power_of(g, &t) {
            let logs = log_of_power(g, &base, &exponent);
            terms.extend(logs.into_iter().map(|(c, log)| (power.mul(c), log)));
            if !is_positive(g, base.node) && !bases.contains(&base) {
                bases.push(base);
            }
        } else if power.as_int().is_none() {
            // A root has no sign.
            terms.push((power, g.call("log", &[t])));
        } else {
            let even = power.as_int().map_or(0, |n| n - n % 2);
            if even != 0 {
                let log = log_of_size(g, &t);
                terms.push((Number::int(even), log));
            }
            rest.push((t, power.add(Number::int(-even))));
        }
    }
    rest.retain(|(_, power)| !power.is_zero());
    if terms.is_empty() {
        return of_dets(g, coeff, &rest, &out);
    }
    if !(rest.is_empty() && coeff.is_one()) {
        let r = g.factored(coeff, &rest);
        terms.push((ONE, g.call("log", &[r])));
    }
    if bases.is_empty() {
        return Some(g.sum_as(&terms, &out));
    }
    let apart = g.sum(&terms);
    let plain = plain_powers(g, &x, &bases);
    let otherwise = g.call("log", &[plain]);
    Some(where_positive(g, &bases, &apart, &otherwise, &out))
}

/// c log(eᵘ w) = c u + c log w
fn of_weighted_product(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { args, .. } = g.op(id).clone() else { return None };
    let out = g.locals(id);
    let [c, x] = <[_; 2]>::try_from(args).ok()?.map(|a| g.tensor(&a, &out));
    let (coeff, factors) = match g.op(x.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && !coeff.is_zero() => {
            (coeff, factors.iter().map(|f| (g.tensor(&f.operand, &x.indices), f.power)).collect())
        }
        Op::Map { .. } => (ONE, vec![(x.clone(), ONE)]),
        _ => return None,
    };
    let (mut terms, mut rest) = (Vec::new(), Vec::new());
    for (t, power) in factors {
        match exponent_of(g, &t) {
            Some(log) => terms.push((power, g.multiply(&[c.clone(), log]))),
            None => rest.push((t, power)),
        }
    }
    if terms.is_empty() {
        return None;
    }
    if !(rest.is_empty() && coeff.is_one()) {
        let r = g.factored(coeff, &rest);
        terms.push((ONE, g.call("xlogy", &[c, r])));
    }
    Some(g.sum_as(&terms, &out))
}

/// log|t|
fn log_of_size(g: &mut Graph, t: &Tensor) -> Tensor {
    if g.interval(t.node).low >= 0.0 {
        return g.call("log", std::slice::from_ref(t));
    }
    if let Some(x) = less_one(g, t) {
        return g.call("log1p_abs", &[x]);
    }
    let size = g.call("abs", std::slice::from_ref(t));
    g.call("log", &[size])
}

/// log(det(A) r) = logdet(A) + log r, but log(|det(A)| (−r)) where det(A) < 0.
fn of_dets(g: &mut Graph, coeff: Number, factors: &[(Tensor, Number)], out: &[Index]) -> Option<NodeId> {
    let at = factors.iter().position(|(t, power)| power.is_one() && matches!(g.op(t.node), Op::Det(_)))?;
    let det = factors[at].0.clone();
    let Op::Det(a) = *g.op(det.node) else { return None };
    // Of several, one may be negative where the others are not.
    if !det.indices.is_empty() {
        return None;
    }
    let logdet = log_of_det(g, &det, a);
    let rest: Vec<_> = factors.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, f)| f.clone()).collect();
    let beside = g.factored(coeff, &rest);
    let log = g.call("log", &[beside]);
    let apart = g.sum(&[(ONE, logdet), (ONE, log)]);
    if rest.is_empty() && !coeff.is_negative() {
        return Some(g.tensor_as(&apart, out));
    }
    let mut turned = rest;
    turned.push((g.call("abs", std::slice::from_ref(&det)), ONE));
    let turned = g.factored(coeff.neg(), &turned);
    let otherwise = g.call("log", &[turned]);
    let zero = g.constant(Number::ZERO);
    Some(g.select_as(CompareOp::Less, &det, &zero, &otherwise, &apart, out))
}

/// log(xᵖ) = p log x, for odd p and for fractions: where x < 0 neither side is a number.
pub(super) fn of_power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (x, out) = argument(g, id, "log")?;
    let Op::Product { coeff, factors, bound } = g.op(x.node).clone() else { return None };
    let [f] = factors.as_slice() else { return None };
    let even = f.power.as_int().is_some_and(|p| p % 2 == 0);
    if !bound.is_empty() || !coeff.is_one() || f.power.is_one() || even {
        return None;
    }
    let t = g.tensor(&f.operand, &x.indices);
    let log = g.call("log", &[t]);
    Some(g.sum_as(&[(f.power, log)], &out))
}

/// log det A = logdet A where det A > 0; log(1/det A) goes by the rule for powers, and det(A⁻¹) = 1/det A.
pub(super) fn of_det(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Op::Det(a) = *g.op(id)
        && let Op::Inverse(inner) = *g.op(a)
    {
        let t = g.whole(inner);
        let det = g.det(&t);
        let out = det.indices.clone();
        return Some(g.contract(ONE, &[(det, Number::MINUS_ONE)], &out));
    }
    let (x, locals) = argument(g, id, "log")?;
    let Op::Det(a) = *g.op(x.node) else { return None };
    let log = log_of_det(g, &x, a);
    let out = locals[..g.rank(id)].to_vec();
    Some(g.tensor_as(&log, &out))
}

/// The logarithm of the determinant of `matrix` that is given.
fn log_of_det(g: &mut Graph, det: &Tensor, matrix: NodeId) -> Tensor {
    let own = g.whole(matrix).indices;
    let indices = det.indices.iter().chain(&own[det.indices.len()..]).copied().collect();
    g.logdet(&Tensor::new(matrix, indices))
}

/// The argument of a logarithm, and the function that joins a factor to it.
fn logarithm(g: &Graph, t: &Tensor) -> Option<(&'static str, Tensor)> {
    match inner(g, t, "log") {
        Some(u) => Some(("xlogy", u)),
        None => inner(g, t, "log1p").map(|u| ("xlog1py", u)),
    }
}

fn is_log(g: &Graph, id: NodeId) -> bool {
    is_function(g, id, "log") || is_function(g, id, "log1p")
}

/// c · log u is 0 wherever c is 0, whatever u is: a factor that runs along nothing but u's indices joins the
/// logarithm.
pub(super) fn times_log(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_log(g, f.operand.node))?;
    let log = p.factors.iter().position(|(t, power)| power.is_one() && logarithm(g, t).is_some())?;
    let (joined, u) = logarithm(g, &p.factors[log].0)?;
    let joins = |(t, _): &(Tensor, Number)| {
        t.indices.iter().all(|i| u.indices.contains(i))
            && !g.is_indicator(t.node)
            && !matches!(g.op(t.node), Op::Extent(_))
            && logarithm(g, t).is_none()
    };
    let (with, without): (Vec<_>, Vec<_>) = p.factors.iter().cloned().partition(joins);
    if with.is_empty() {
        return None;
    }
    let c = g.factored(ONE, &with);
    let joined = g.call(joined, &[c, u]);
    let log_tensor = p.factors[log].0.clone();
    p.factors = without.into_iter().filter(|(t, _)| *t != log_tensor).collect();
    p.factors.push((joined, ONE));
    Some(p.closed(g))
}

/// c · (log u + v) = c · log u + c · v, so that the rule before can see the logarithm.
pub(super) fn spread(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let p = Opened::about(g, id, |g, f| f.power.is_one() && matches!(g.op(f.operand.node), Op::Sum(_)))?;
    if p.factors.len() < 2 {
        return None;
    }
    let at = p.factors.iter().position(|(t, power)| {
        power.is_one() && matches!(g.op(t.node), Op::Sum(_)) && {
            terms_of(g, t).iter().any(|(_, x)| inner(g, x, "log").is_some())
        }
    })?;
    // Only where a factor besides the extents can be zero.
    let others = p.factors.iter().enumerate().filter(|(k, _)| *k != at);
    if others.clone().all(|(_, (t, _))| matches!(g.op(t.node), Op::Extent(_))) {
        return None;
    }
    let rest: Vec<_> = others.map(|(_, f)| f.clone()).collect();
    let parts = terms_of(g, &p.factors[at].0);
    let terms: Vec<_> = parts
        .into_iter()
        .map(|(c, t)| {
            let mut factors = rest.clone();
            factors.push((t, ONE));
            let node = g.contract_over(ONE, &factors, &p.out, &p.bound);
            let node = times_log(g, node).unwrap_or(node);
            (p.coeff.mul(c), Tensor::new(node, p.out.clone()))
        })
        .collect();
    Some(g.sum_as(&terms, &p.out))
}
