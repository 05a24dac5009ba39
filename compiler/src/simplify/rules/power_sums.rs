//! Sums of two powers with one exponent, as data or a variable, c (xⁿ + kⁿ) or c (1 + uⁿ): Hill's curve,
//! log-logistic densities. Powers of large numbers are out of range where their quotients are not, so that these
//! are functions of their own: x^(n + j)/(xⁿ + kⁿ), and logarithms.

use super::exponential_sums::{exponentials, power_of};
use super::{Opened, constant, is_function, terms_about, terms_of};
use crate::ir::{Factor, Graph, NodeId, Number, Op, Tensor};

const ONE: Number = Number::ONE;

/// c (xⁿ + kⁿ)
struct PowerSum {
    coeff: Number,
    bases: [Tensor; 2],
    exponent: Tensor,
}

impl PowerSum {
    fn of(g: &mut Graph, t: &Tensor) -> Option<Self> {
        let [a, b] = <[_; 2]>::try_from(terms_of(g, t)).ok()?;
        let (coeff, first, second) = match (power_of(g, &a.1), power_of(g, &b.1)) {
            (Some(x), Some(k)) if a.0 == b.0 => (a.0, x, k),
            (Some(x), None) => (a.0, x, Self::one(g, a.0, &b)?),
            (None, Some(x)) => (b.0, x, Self::one(g, b.0, &a)?),
            _ => return None,
        };
        let k = second.0;
        let one = g.as_constant(k.node).is_some_and(Number::is_one);
        if !one && second.1 != first.1 {
            return None;
        }
        // What is an exponential is one of its sums.
        let plain = [&first.0, &k].iter().all(|base| exponentials(g, base.node) == 0);
        plain.then_some(Self { coeff, bases: [first.0, k], exponent: first.1 })
    }

    /// The constant `coeff` as the power of 1 that it is a multiple of.
    fn one(g: &mut Graph, coeff: Number, (c, t): &(Number, Tensor)) -> Option<(Tensor, Tensor)> {
        let value = c.mul(g.as_constant(t.node)?);
        (value == coeff).then(|| (g.constant(ONE), g.constant(ONE)))
    }

    /// x^(n + j)/(xⁿ + kⁿ) for the base of this number, and the other.
    fn share(&self, g: &mut Graph, function: &str, base: usize, j: Tensor) -> Tensor {
        let [x, k] = [&self.bases[base], &self.bases[1 - base]].map(Tensor::clone);
        g.call(function, &[x, j, k, self.exponent.clone()])
    }
}

/// x^p/(xⁿ + kⁿ)
pub(super) fn quotient(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let of_two = |g: &Graph, id| matches!(g.op(id), Op::Sum(terms) if terms.len() == 2);
    let over = |g: &Graph, f: &Factor| f.power.is_negative() && of_two(g, f.operand.node);
    let mut p = Opened::about(g, id, over)?;
    for below in 0..p.factors.len() {
        let (t, power) = p.factors[below].clone();
        if !power.is_negative() {
            continue;
        }
        let Some(sum) = PowerSum::of(g, &t) else { continue };
        p.coeff = p.coeff.mul(sum.coeff.pow(power));
        p.factors.remove(below);
        let mut left = power.neg();
        if power.as_int().is_some() {
            // Each power of these bases above takes one of those below.
            for k in 0..p.factors.len() {
                let (t, own) = p.factors[k].clone();
                let Some((base, exponent)) = power_of(g, &t).filter(|_| own.is_one() && !left.is_zero())
                else {
                    continue;
                };
                let Some(at) = sum.bases.iter().position(|b| *b == base) else { continue };
                let j = g.sum(&[(ONE, exponent), (Number::MINUS_ONE, sum.exponent.clone())]);
                p.factors[k] = (sum.share(g, "pow_share", at, j), ONE);
                left = left.add(Number::MINUS_ONE);
            }
        }
        if !left.is_zero() {
            // 1 = 1ⁿ = x⁰
            let one = g.as_constant(sum.bases[1].node).is_some();
            let j = if one { g.constant(Number::ZERO) } else { g.negate(&sum.exponent) };
            p.factors.push((sum.share(g, "pow_share", usize::from(one), j), left));
        }
        return Some(p.closed(g));
    }
    None
}

/// 1 − xⁿ/(xⁿ + kⁿ) = kⁿ/(xⁿ + kⁿ)
pub(super) fn one_minus_share(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (mut parts, out) = terms_about(g, id, |g, t| is_function(g, t, "pow_share"))?;
    let (one, value) = constant(g, &parts)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Op::Map { function, args } = g.op(t.node) else { continue };
        if *c != value.neg() || function.name() != "pow_share" || !g.is_zero(args[1].node) {
            continue;
        }
        let [x, j, other, n] = <[_; 4]>::try_from(args.clone()).ok()?.map(|a| g.tensor(&a, &t.indices));
        parts[k] = (value, g.call("pow_share", &[other, j, x, n]));
        parts.remove(one);
        return Some(g.sum_as(&parts, &out));
    }
    None
}

/// log(xⁿ + kⁿ), and of the shares of it
pub(super) fn logarithm(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    let out = g.locals(id);
    let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &out)).collect();
    let (factor, x) = match (function.name(), args.as_slice()) {
        ("log" | "log1p", [x]) => (None, x),
        ("xlogy" | "xlog1py", [c, x]) => (Some(c), x),
        _ => return None,
    };
    let log = if function.name().contains("1p") {
        let (base, exponent) = power_of(g, x).filter(|(base, _)| exponentials(g, base.node) == 0)?;
        let one = g.constant(ONE);
        g.call("log_pow_sum", &[base, one, exponent])
    } else if let Op::Map { function, args } = g.op(x.node).clone() {
        if function.name() != "pow_share" {
            return None;
        }
        let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &x.indices)).collect();
        g.call("log_pow_share", &args)
    } else {
        let PowerSum { coeff, bases: [x, k], exponent } = PowerSum::of(g, x)?;
        if coeff.is_negative() {
            return None;
        }
        let log = g.call("log_pow_sum", &[x, k, exponent]);
        let size = g.constant(coeff);
        let beside = g.call("log", &[size]);
        g.sum(&[(ONE, log), (ONE, beside)])
    };
    let log = match factor {
        Some(c) => g.call("xmul", &[c.clone(), log]),
        None => log,
    };
    Some(g.tensor_as(&log, &out))
}

/// The place of the base and of the exponent beside it among the arguments of a share.
fn places(function: &str) -> Option<(usize, usize)> {
    match function {
        "pow_share" | "pow_share_square" => Some((0, 1)),
        "pow_share_slope" => Some((1, 2)),
        _ => None,
    }
}

/// Sums and products within each other that are looked into.
const DEEPEST: usize = 4;

/// Whether there is a share in a factor or in the first term of a sum.
fn has_share(g: &Graph, id: NodeId, depth: usize) -> bool {
    match g.op(id) {
        Op::Map { function, .. } => places(function.name()).is_some(),
        Op::Product { factors, .. } if depth > 0 => {
            factors.iter().any(|f| has_share(g, f.operand.node, depth - 1))
        }
        Op::Sum(terms) if depth > 0 => has_share(g, terms[0].operand.node, depth - 1),
        _ => false,
    }
}

/// The factors of a base that is a product or a quotient, with the coefficient.
fn factors_of_base(g: &Graph, base: &Tensor) -> Option<(Number, Vec<(Tensor, Number)>)> {
    match g.op(base.node) {
        Op::Product { coeff, factors, bound } if bound.is_empty() => {
            let factors = factors.iter().map(|f| (g.tensor(&f.operand, &base.indices), f.power));
            Some((*coeff, factors.collect()))
        }
        Op::Map { function, args } if function.name() == "xdivy" => {
            let [above, below] = [&args[0], &args[1]].map(|a| g.tensor(a, &base.indices));
            Some((ONE, vec![(above, ONE), (below, Number::MINUS_ONE)]))
        }
        _ => None,
    }
}

/// The base of a share, if there is one that is a product or a quotient, in a factor or in the first term of a sum.
fn base_within(g: &Graph, t: &Tensor, depth: usize) -> Option<Tensor> {
    match g.op(t.node) {
        Op::Map { function, args } => {
            let (base, _) = places(function.name())?;
            let base = g.tensor(&args[base], &t.indices);
            factors_of_base(g, &base).is_some().then_some(base)
        }
        Op::Product { factors, bound, .. } if depth > 0 && bound.is_empty() => {
            let factors = factors.iter().filter(|f| f.power.is_one());
            factors.map(|f| g.tensor(&f.operand, &t.indices)).find_map(|f| base_within(g, &f, depth - 1))
        }
        Op::Sum(terms) if depth > 0 => base_within(g, &g.tensor(&terms[0].operand, &t.indices), depth - 1),
        _ => None,
    }
}

/// The tensor times a base that its shares are of.
fn times_base(g: &mut Graph, t: &Tensor, base: &Tensor, depth: usize) -> Option<Tensor> {
    match g.op(t.node).clone() {
        Op::Map { function, args } => {
            let (own, beside) = places(function.name())?;
            let mut args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &t.indices)).collect();
            if args[own] != *base {
                return None;
            }
            let one = g.constant(ONE);
            args[beside] = g.sum(&[(ONE, args[beside].clone()), (ONE, one)]);
            Some(g.map(function, &args))
        }
        Op::Product { coeff, factors, bound } if depth > 0 && bound.is_empty() => {
            let mut factors: Vec<_> =
                factors.iter().map(|f| (g.tensor(&f.operand, &t.indices), f.power)).collect();
            let taken = factors.iter_mut().filter(|f| f.1.is_one()).find_map(|f| {
                f.0 = times_base(g, &f.0, base, depth - 1)?;
                Some(())
            });
            taken.map(|()| g.factored(coeff, &factors))
        }
        Op::Sum(_) if depth > 0 => {
            let mut terms = terms_of(g, t);
            for (_, t) in &mut terms {
                *t = times_base(g, t, base, depth - 1)?;
            }
            Some(g.sum(&terms))
        }
        _ => None,
    }
}

/// u · u^(n + j)/(uⁿ + kⁿ) = u^(n + j + 1)/(uⁿ + kⁿ) for a base that is a product, as the chain rule has it: where u is
/// large or small, its factors are not multiplied out.
pub(super) fn share_times_base(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| has_share(g, f.operand.node, DEEPEST))?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(base) = base_within(g, &t, DEEPEST).filter(|_| power.is_one()) else { continue };
        let Some((coeff, of)) = factors_of_base(g, &base) else { continue };
        let mut rest = p.factors.clone();
        // All that is above in the base is above here; what is below, and not here, comes above.
        let mut found = false;
        let there = of.iter().all(|(f, own)| {
            let at = (0..rest.len()).find(|&n| {
                let (t, power) = &rest[n];
                let left = power.add(own.neg());
                n != k && t == f && (left.is_zero() || left.is_negative() == own.is_negative())
            });
            match at {
                Some(n) => rest[n].1 = rest[n].1.add(own.neg()),
                None => rest.push((f.clone(), own.neg())),
            }
            found |= at.is_some();
            at.is_some() || own.is_negative()
        });
        if !there || !found {
            continue;
        }
        let Some(more) = times_base(g, &t, &base, DEEPEST) else { continue };
        rest[k].0 = more;
        rest.retain(|(_, power)| !power.is_zero());
        p.factors = rest;
        p.coeff = p.coeff.mul(coeff.pow(Number::MINUS_ONE));
        return Some(p.closed(g));
    }
    None
}
