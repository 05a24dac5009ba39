//! Differences that cancel near 0, and quotients by what goes to 0 with them, in one.

use super::{Opened, constant, inner, is_function, multiple, terms, terms_about, terms_of, without};
use crate::ir::{Factor, Graph, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;

/// The terms without those at `taken`, and `added`.
fn replaced(parts: &[(Number, Tensor)], taken: [usize; 2], added: (Number, Tensor)) -> Vec<(Number, Tensor)> {
    let kept = parts.iter().enumerate().filter(|(k, _)| !taken.contains(k));
    kept.map(|(_, p)| p.clone()).chain([added]).collect()
}

/// c − c cos u = 2c sin²(u/2), 1 ± tanh u = 2σ(±2u), 1 ± erf u = erfc(∓u): with the constant c of a sum.
pub(super) fn beside_constant(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let (at, c) = constant(g, &parts)?;
    for (k, (coeff, t)) in parts.iter().enumerate() {
        let minus = *coeff == c.neg();
        if k == at || !(minus || *coeff == c) {
            continue;
        }
        let added = if let Some(u) = inner(g, t, "cos").filter(|_| minus) {
            let half = g.scale(Number::HALF, &u);
            let sine = g.call("sin", &[half]);
            (c.mul(Number::TWO), g.power(&sine, Number::TWO))
        } else if let Some(u) = inner(g, t, "tanh") {
            let twice = g.scale(if minus { Number::TWO.neg() } else { Number::TWO }, &u);
            (c.mul(Number::TWO), g.call("sigmoid", &[twice]))
        } else if let Some(u) = inner(g, t, "erf") {
            let turned = if minus { u } else { g.negate(&u) };
            (c, g.call("erfc", &[turned]))
        } else {
            continue;
        };
        let rest = replaced(&parts, [at, k], added);
        return Some(g.sum_as(&rest, &out));
    }
    None
}

/// √(d + x) − √d = x/(√(d + x) + √d), (1 + x)ᵖ − 1 and uᵖ − 1 without cancellation
pub(super) fn power_minus_one(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let (at, c) = constant(g, &parts)?;
    for (k, (coeff, t)) in parts.iter().enumerate().filter(|(k, _)| *k != at) {
        if let Op::Map { function, args } = g.op(t.node).clone() {
            if function.name() != "pow" || *coeff != c.neg() {
                continue;
            }
            let [base, exponent] = [&args[0], &args[1]].map(|a| g.tensor(a, &t.indices));
            let added = match g.as_constant(base.node) {
                Some(n) if !n.is_negative() && !n.is_zero() => {
                    let log = g.constant(n);
                    let log = g.call("log", &[log]);
                    let scaled = g.multiply(&[exponent, log]);
                    g.call("expm1", &[scaled])
                }
                Some(_) => continue,
                None => match less_one(g, &base) {
                    Some(x) => g.call("pow1pm1", &[x, exponent]),
                    None => g.call("powm1", &[base, exponent]),
                },
            };
            let rest = replaced(&parts, [at, k], (*coeff, added));
            return Some(g.sum_as(&rest, &out));
        }
        let Op::Product { coeff: own, factors, bound } = g.op(t.node).clone() else { continue };
        let [f] = factors.as_slice() else { continue };
        if !own.is_one() || !bound.is_empty() || f.power.as_int().is_some() {
            continue;
        }
        let base = g.tensor(&f.operand, &t.indices);
        let inside = terms_of(g, &base);
        let Some((one, d)) = constant(g, &inside).filter(|(_, d)| !d.is_negative()) else { continue };
        if inside.len() < 2 || *coeff != c.mul(d.pow(f.power).pow(Number::MINUS_ONE)).neg() {
            continue;
        }
        let mut x = inside;
        x.remove(one);
        let added = if f.power == Number::HALF {
            let Some(root_of_d) = d.sqrt() else { continue };
            let x = g.sum(&x);
            let root = g.power(&base, Number::HALF);
            let unit = g.constant(root_of_d);
            let below = g.sum(&[(ONE, root), (ONE, unit)]);
            (*coeff, g.factored(ONE, &[(x, ONE), (below, Number::MINUS_ONE)]))
        } else {
            let x = g.sum(&x);
            let x = g.scale(d.pow(Number::MINUS_ONE), &x);
            let log = g.call("log1p", &[x]);
            let scaled = g.scale(f.power, &log);
            (c.neg(), g.call("expm1", &[scaled]))
        };
        let rest = replaced(&parts, [at, k], added);
        return Some(g.sum_as(&rest, &out));
    }
    None
}

/// The sum `1 + x` as `x`.
pub(super) fn less_one(g: &mut Graph, t: &Tensor) -> Option<Tensor> {
    let mut parts = terms_of(g, t);
    let (at, c) = constant(g, &parts)?;
    if !c.is_one() || parts.len() < 2 {
        return None;
    }
    parts.remove(at);
    Some(g.sum(&parts))
}

/// sin(u)/u, (eᵘ − 1)/u and (xᵖ − 1)/p in one
pub(super) fn over_its_argument(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let about = |g: &Graph, f: &Factor| {
        ["sin", "expm1", "powm1"].iter().any(|name| is_function(g, f.operand.node, name))
    };
    let mut p = Opened::about(g, id, about)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(times) = power.as_int().filter(|n| *n >= 1) else { continue };
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &t.indices)).collect();
        let (name, u) = match (function.name(), args.as_slice()) {
            ("sin", [u]) => ("sinc", u),
            ("expm1", [u]) => ("exprel", u),
            ("powm1", [_, u]) => ("powm1", u),
            _ => continue,
        };
        let Some(Divided { coeff, times: used, at }) = divided_by(g, &p, u) else { continue };
        // As often as both are there.
        let times = times.min(used);
        let joined =
            if name == "powm1" { box_cox(g, &args[0], u, &t) } else { g.call(name, std::slice::from_ref(u)) };
        for (at, each) in at {
            p.factors[at].1 = p.factors[at].1.add(each.mul(Number::int(times)));
        }
        p.coeff = p.coeff.mul(coeff.pow(Number::int(times)));
        p.factors[k].1 = power.add(Number::int(-times));
        p.factors.push((joined, Number::int(times)));
        return Some(p.closed(g));
    }
    None
}

/// The divisions of a product by another.
struct Divided {
    /// The coefficient of what it is divided by.
    coeff: Number,
    times: i64,
    /// The places of the other's factors, with their powers in it.
    at: Vec<(usize, Number)>,
}

/// How often a product is divided by `u`.
fn divided_by(g: &mut Graph, p: &Opened, u: &Tensor) -> Option<Divided> {
    let (coeff, parts) = match g.op(u.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && g.name(u.node).is_none() => {
            let parts = factors.iter().map(|f| (g.tensor(&f.operand, &u.indices), f.power)).collect();
            (coeff, parts)
        }
        _ => (ONE, vec![(u.clone(), ONE)]),
    };
    let mut times = i64::MAX;
    let mut at = Vec::new();
    for (t, power) in parts {
        let each = power.as_int()?;
        let n = p.factors.iter().position(|(x, _)| *x == t)?;
        let own = p.factors[n].1.as_int()?;
        if own.signum() != -each.signum() || own / each == 0 {
            return None;
        }
        times = times.min((own / each).abs());
        at.push((n, power));
    }
    (!at.is_empty()).then_some(Divided { coeff, times, at })
}

/// (xᵖ − 1)/p = log(x) (eᵗ − 1)/t with t = p log x, for positive x.
fn box_cox(g: &mut Graph, x: &Tensor, p: &Tensor, whole: &Tensor) -> Tensor {
    let log = g.call("log", std::slice::from_ref(x));
    let t = g.multiply(&[p.clone(), log.clone()]);
    let ratio = g.call("exprel", &[t]);
    let stable = g.multiply(&[log, ratio]);
    let plain = g.call("pow_plain", &[x.clone(), p.clone()]);
    let one = g.constant(ONE);
    let less = g.sum(&[(ONE, plain), (Number::MINUS_ONE, one)]);
    let otherwise = g.factored(ONE, &[(less, ONE), (p.clone(), Number::MINUS_ONE)]);
    let zero = g.constant(Number::ZERO);
    let node = g.select_as(CompareOp::Greater, x, &zero, &stable, &otherwise, &whole.indices);
    Tensor::new(node, whole.indices.clone())
}

/// u − log(eᵘ + eᵛ) = −log(1 + eᵛ⁻ᵘ)
pub(super) fn less_logaddexp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        if function.name() != "logaddexp" {
            continue;
        }
        let sides = [g.tensor(&args[0], &t.indices), g.tensor(&args[1], &t.indices)];
        for (u, v) in [(&sides[0], &sides[1]), (&sides[1], &sides[0])] {
            let Some(mut rest) = without(g, &parts, k, u) else { continue };
            let apart = g.sum(&[(ONE, v.clone()), (Number::MINUS_ONE, u.clone())]);
            rest.push((*c, g.call("softplus", &[apart])));
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

/// The terms of a sum, also of a multiple of one; a constant is a multiple of 1.
fn spread(g: &mut Graph, t: &Tensor) -> Vec<(Number, Tensor)> {
    let (coeff, inner) = multiple(g, t);
    let one = g.constant(ONE);
    let parts = terms_of(g, &inner).into_iter().map(|(c, t)| {
        let (d, t) = multiple(g, &t);
        match g.as_constant(t.node) {
            Some(n) => (coeff.mul(c).mul(d).mul(n), one.clone()),
            None => (coeff.mul(c).mul(d), t),
        }
    });
    parts.collect()
}

/// y − x, if y has all the terms of x and more.
fn left_of(g: &mut Graph, y: &Tensor, x: &Tensor) -> Option<Tensor> {
    let mut left = spread(g, y);
    for part in spread(g, x) {
        let at = left.iter().position(|own| *own == part)?;
        left.remove(at);
    }
    (!left.is_empty()).then(|| g.sum(&left))
}

/// lgamma(x + n) − lgamma(x), and the same of digamma: the arguments may be large, and n as small as it will.
pub(super) fn less_gamma(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) =
        terms_about(g, id, |g, t| is_function(g, t, "lgamma") || is_function(g, t, "digamma"))?;
    for (name, step) in [("lgamma", "log_gamma_ratio"), ("digamma", "digamma_step")] {
        let of: Vec<(usize, Tensor)> =
            parts.iter().enumerate().filter_map(|(k, (_, t))| Some((k, inner(g, t, name)?))).collect();
        for (k, x) in &of {
            for (n, y) in &of {
                if parts[*k].0 != parts[*n].0.neg() || k == n {
                    continue;
                }
                let Some(between) = left_of(g, y, x) else { continue };
                let mut rest = parts.clone();
                rest[*n].1 = g.call(step, &[x.clone(), between]);
                rest.remove(*k);
                return Some(g.sum_as(&rest, &out));
            }
        }
    }
    None
}

/// lgamma(y) − (lgamma(x + y) − lgamma(x)) = lbeta(x, y)
pub(super) fn gamma_and_ratio(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms_about(g, id, |g, t| is_function(g, t, "log_gamma_ratio"))?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        if function.name() != "log_gamma_ratio" {
            continue;
        }
        let [x, y] = <[_; 2]>::try_from(args).ok()?.map(|a| g.tensor(&a, &t.indices));
        let own =
            parts.iter().position(|(d, u)| *d == c.neg() && inner(g, u, "lgamma").is_some_and(|u| u == y));
        let Some(own) = own else { continue };
        let mut rest = parts.clone();
        rest[k] = (c.neg(), g.call("lbeta", &[x, y]));
        rest.remove(own);
        return Some(g.sum_as(&rest, &out));
    }
    None
}
