//! Sums of products of exponentials and of what else is positive: Σ w eˣ = eᵐ Σ w eˣ⁻ᵐ for every m, so that
//! logarithms, quotients and powers of such sums are numbers wherever the truth is.
//!
//! m is the greatest of the exponents. Since nothing depends on it, it is differentiated as the constant that
//! it might as well be.

mod bases;
mod exponents;
mod parts;
mod taken;

pub(super) use bases::{plain_powers, where_positive};
pub(in crate::simplify) use exponents::exponentials;
pub(super) use exponents::{exponent_of, is_positive, log_of_power, power_of};

use super::{Opened, inner};
use crate::ir::{Factor, Graph, NodeId, Number, Op, Tensor};
use bases::guarded;
use parts::{Part, Parts};
use taken::{Taken, log_of_positive_sum, log_of_sum, shifted};

const ONE: Number = Number::ONE;

/// log Σ w eˣ by way of the greatest x, or of logarithms of the terms where all signs are known
pub(in crate::simplify::rules) fn log_of(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    let (factor, x, shifted_by_one) = match (function.name(), args.as_slice()) {
        ("log", [x]) => (None, x, false),
        ("log1p", [x]) => (None, x, true),
        ("xlogy", [c, x]) => (Some(c), x, false),
        ("xlog1py", [c, x]) => (Some(c), x, true),
        _ => return None,
    };
    if exponentials(g, x.node) == 0 {
        return None;
    }
    let out = g.locals(id);
    let x = g.tensor(x, &out);
    let mut parts = Parts::default();
    if shifted_by_one {
        parts.all.push(Part::constant(ONE));
    }
    parts.add(g, ONE, &x);
    let sum = Taken::of(g, parts)?;
    let mut log = sum.log(g)?;
    if let Some(c) = factor {
        let c = g.tensor(c, &out);
        log = g.multiply(&[c, log]);
    }
    // Where a base is not positive all stays as it is.
    if !sum.parts.bases.is_empty() {
        let plain = plain_powers(g, &x, &sum.parts.bases);
        let mut args: Vec<Tensor> = factor.map(|c| g.tensor(c, &out)).into_iter().collect();
        args.push(plain);
        let otherwise = g.map(function, &args);
        return Some(where_positive(g, &sum.parts.bases, &log, &otherwise, &out));
    }
    Some(g.tensor_as(&log, &out))
}

/// P/Q with sums of exponentials: each by its greatest exponent
pub(in crate::simplify::rules) fn quotient(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let over = |g: &Graph, f: &Factor| f.power.is_negative() && exponentials(g, f.operand.node) > 0;
    let mut p = Opened::about(g, id, over)?;
    let mut bases: Vec<Tensor> = Vec::new();
    let mut found = false;
    let original = p.factors.clone();
    // What is above matters only where what is below is taken apart.
    for below in [true, false] {
        for k in 0..original.len() {
            let (t, power) = p.factors[k].clone();
            if power.is_negative() != below || power.as_int().is_none() {
                continue;
            }
            // What cancels near 0, as expm1, is best left to itself.
            if matches!(g.op(t.node), Op::Map { .. }) {
                continue;
            }
            let Some(sum) = Taken::apart(g, &t, 0).filter(|sum| sum.overflows) else { continue };
            if !below && !found {
                return None;
            }
            if below
                && !found
                && let Some(node) = share(g, &p, k, &sum)
            {
                return Some(node);
            }
            found = true;
            for base in &sum.parts.bases {
                if !bases.contains(base) {
                    bases.push(base.clone());
                }
            }
            let (rest, shift) = shifted(g, &sum.parts.all);
            let scaled = g.scale(power, &shift);
            p.factors[k] = (rest, power);
            p.factors.push((g.call("exp", &[scaled]), ONE));
        }
    }
    if !found {
        return None;
    }
    // Powers of these bases beside it are exponentials, too.
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        if let Some((base, exponent)) =
            power_of(g, &t).filter(|(base, _)| bases.iter().any(|b| b.node == base.node))
        {
            let logs = log_of_power(g, &base, &exponent);
            let log = g.sum(&logs);
            let scaled = g.scale(power, &log);
            p.factors[k] = (g.call("exp", &[scaled]), ONE);
        }
    }
    let factors = exponentials_joined(g, p.factors.clone());
    p.factors = original;
    Some(guarded(g, &p, (p.coeff, &factors), &bases))
}

/// eᵘ/(c eᵘ + R) = σ(u + log c − log R)/c for positive c and R: its derivatives do not cancel.
fn share(g: &mut Graph, p: &Opened, below: usize, sum: &Taken) -> Option<NodeId> {
    if p.factors[below].1 != Number::MINUS_ONE || !sum.is_positive() || sum.parts.all.len() < 2 {
        return None;
    }
    for k in (0..p.factors.len()).filter(|&k| k != below) {
        let (t, power) = p.factors[k].clone();
        let exponent = match (inner(g, &t, "exp"), power_of(g, &t)) {
            (Some(u), _) => u,
            (None, Some((base, exponent))) => {
                let logs = log_of_power(g, &base, &exponent);
                g.sum(&logs)
            }
            _ => continue,
        };
        if !power.is_one() {
            continue;
        }
        let mut found = None;
        for (n, part) in sum.parts.all.iter().enumerate() {
            if part.weight.is_empty() && part.bound.is_empty() && part.exponent(g) == exponent {
                found = Some(n);
            }
        }
        let Some(n) = found else { continue };
        let mut rest = sum.parts.all.clone();
        let own = rest.remove(n);
        let (own_log, rest) = (own.log(g), log_of_sum(g, &rest));
        let odds = g.sum(&[(ONE, own_log), (Number::MINUS_ONE, rest)]);
        let mut factors = p.factors.clone();
        factors[k] = (g.call("sigmoid", &[odds]), ONE);
        factors.remove(below);
        let coeff = p.coeff.mul(own.coeff.pow(Number::MINUS_ONE));
        return Some(guarded(g, p, (coeff, &factors), &sum.parts.bases));
    }
    None
}

/// eᵘ eᵛ = eᵘ⁺ᵛ for those along the same indices or fewer: apart one is infinite where the other is 0.
fn exponentials_joined(g: &mut Graph, factors: Vec<(Tensor, Number)>) -> Vec<(Tensor, Number)> {
    let (exps, mut rest): (Vec<_>, Vec<_>) =
        factors.into_iter().partition(|(t, power)| power.is_one() && inner(g, t, "exp").is_some());
    let mut joined: Vec<Tensor> = Vec::new();
    for (t, _) in exps {
        let Some(u) = inner(g, &t, "exp") else { continue };
        let within = |x: &Tensor, y: &Tensor| x.indices.iter().all(|i| y.indices.contains(i));
        match joined.iter_mut().find(|v| within(v, &u) || within(&u, v)) {
            Some(v) => *v = g.sum(&[(ONE, v.clone()), (ONE, u)]),
            None => joined.push(u),
        }
    }
    for u in joined {
        rest.push((g.call("exp", &[u]), ONE));
    }
    rest
}

/// (Σ w eˣ)ᵖ = exp(p log Σ w eˣ) where all terms are positive, as of (1 + eˣ)ᵖ or σ(x)ᵖ: for exponents as data and
/// for fractions
pub(in crate::simplify::rules) fn power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Op::Map { function, args } = g.op(id).clone() {
        if !matches!(function.name(), "pow" | "pow_plain") || exponentials(g, args[0].node) == 0 {
            return None;
        }
        let out = g.locals(id);
        let [base, exponent] = [&args[0], &args[1]].map(|a| g.tensor(a, &out));
        let log = exponent_of(g, &base).or_else(|| log_of_positive_sum(g, &base))?;
        let scaled = g.multiply(&[exponent, log]);
        let power = g.call("exp", &[scaled]);
        return Some(g.tensor_as(&power, &out));
    }
    let rooted = |g: &Graph, f: &Factor| f.power.as_int().is_none() && exponentials(g, f.operand.node) > 0;
    let mut p = Opened::about(g, id, rooted)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        if power.as_int().is_some() {
            continue;
        }
        let Some(log) = exponent_of(g, &t).or_else(|| log_of_positive_sum(g, &t)) else { continue };
        let scaled = g.scale(power, &log);
        p.factors[k] = (g.call("exp", &[scaled]), ONE);
        return Some(p.closed(g));
    }
    None
}
