//! Roots of sums of squares: no overflow, no cancellation, |x| for √(x²), and x/‖x‖ in one, so that what does
//! not depend on the scale of x is not computed from powers of it.

use super::{Opened, inner, is_function, terms, terms_of};
use crate::ir::{AxisFn, Factor, Graph, Index, NodeId, Number, Op, Tensor};

const ONE: Number = Number::ONE;

/// The `u` of `c · t = u²`, where `c` and every power in `t` say so.
pub(super) fn root(g: &mut Graph, c: Number, t: &Tensor) -> Option<Tensor> {
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
    Some(g.factored(r, &halves))
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

/// (u²)ᵖ = |u|²ᵖ, for fractions p
pub(super) fn root_of_square(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power.as_int().is_none())?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let twice = power.mul(Number::TWO);
        if power.as_int().is_some() {
            continue;
        }
        let Some(u) = root(g, ONE, &t) else { continue };
        p.factors[k] = (g.call("abs", &[u]), twice);
        return Some(p.closed(g));
    }
    None
}

/// √(c Σ x²) = √c ‖x‖, over all entries, and of rows over their norms: it neither overflows nor underflows
pub(super) fn norm(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |_, f| f.power.as_int().is_none())?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let twice = power.mul(Number::TWO);
        if power.as_int().is_some() || twice.as_int().is_none() {
            continue;
        }
        let Some(inside) = squares(g, &t) else { continue };
        let [(x, two)] = inside.factors.as_slice() else { continue };
        let once = x.indices.iter().enumerate().all(|(n, i)| !x.indices[..n].contains(i));
        if *two != Number::TWO || inside.bound.is_empty() || !once {
            continue;
        }
        let Some(scale) = inside.coeff.sqrt() else { continue };
        let x = x.clone().renamed(&inside.out, &t.indices);
        // Of rows where they are divided by it: elsewhere the root is as good, and quicker.
        let divides = power.is_negative() && {
            let others: Vec<Tensor> =
                p.factors.iter().enumerate().filter(|(n, _)| *n != k).map(|(_, (y, _))| y.clone()).collect();
            others.iter().any(|y| mentions(g, y, &x, &inside.bound))
        };
        if !t.indices.is_empty() && !divides {
            continue;
        }
        let norm = g.axis(AxisFn::Norm, &x, &inside.bound);
        p.coeff = p.coeff.mul(scale.pow(twice));
        p.factors[k] = (norm, twice);
        return Some(p.closed(g));
    }
    None
}

/// A contraction taken apart, one of a contraction as one: tr(X'X) is the sum of all squares.
fn squares(g: &mut Graph, t: &Tensor) -> Option<Opened> {
    let outer = Opened::product(g, t.node)?;
    let [(x, power)] = outer.factors.as_slice() else { return Some(outer) };
    if !power.is_one() || outer.bound.is_empty() {
        return Some(outer);
    }
    let Some(inner) = contraction(g, x) else { return Some(outer) };
    let factors: Vec<_> =
        inner.factors.iter().map(|(y, power)| (y.clone().renamed(&inner.out, &x.indices), *power)).collect();
    let bound: Vec<Index> = outer.bound.iter().chain(&inner.bound).copied().collect();
    let node = g.contract_over(outer.coeff.mul(inner.coeff), &factors, &outer.out, &bound);
    let mut flat = Opened::product(g, node)?;
    for (y, _) in &mut flat.factors {
        *y = y.clone().renamed(&flat.out, &outer.out);
    }
    flat.out = outer.out;
    Some(flat)
}

/// ‖x‖² = Σ x², (√s)² = s, √(u² + v²)² = u² + v²
pub(super) fn even_power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let rooted = |g: &Graph, f: &Factor| {
        f.power.as_int().is_some_and(|n| n > 0 && n % 2 == 0) && square(g, f.operand.node).is_some()
    };
    let mut p = Opened::about(g, id, rooted)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(half) = power.as_int().filter(|n| *n > 0 && n % 2 == 0) else { continue };
        let Some(squared) = square(g, t.node) else { continue };
        let squared = squared(g, &t);
        p.factors[k] = (squared, Number::int(half / 2));
        return Some(p.closed(g));
    }
    None
}

/// What makes the square of a root without its root.
type Square = fn(&mut Graph, &Tensor) -> Tensor;

/// If the node is a root: how its square comes about.
fn square(g: &Graph, id: NodeId) -> Option<Square> {
    match g.op(id) {
        Op::Axis { function: AxisFn::Norm, .. } => Some(|g, t| {
            let (x, _) = normed(g, t).unwrap_or_else(|| (t.clone(), Vec::new()));
            Tensor::new(g.contract(ONE, &[(x, Number::TWO)], &t.indices), t.indices.clone())
        }),
        Op::Map { function, .. } if function.name() == "hypot" => Some(|g, t| {
            let Op::Map { args, .. } = g.op(t.node).clone() else { return t.clone() };
            let squares: Vec<_> = args
                .iter()
                .map(|a| {
                    let side = g.tensor(a, &t.indices);
                    (ONE, g.power(&side, Number::TWO))
                })
                .collect();
            g.sum(&squares)
        }),
        // A root that has a name of its own; of what is known not to be negative.
        Op::Product { coeff, factors, bound } if bound.is_empty() && coeff.is_one() => {
            let [f] = factors.as_slice() else { return None };
            let half = f.power == Number::HALF && g.interval(f.operand.node).low >= 0.0;
            half.then_some(|g, t| {
                let Op::Product { factors, .. } = g.op(t.node).clone() else { return t.clone() };
                g.tensor(&factors[0].operand, &t.indices)
            })
        }
        _ => None,
    }
}

/// Of a norm: what it is the norm of, with the norm's own indices, and the indices it is taken along.
fn normed(g: &mut Graph, n: &Tensor) -> Option<(Tensor, Vec<Index>)> {
    let Op::Axis { function: AxisFn::Norm, arg, .. } = g.op(n.node).clone() else { return None };
    let locals = g.locals(n.node);
    let rank = n.indices.len();
    let along = locals[rank..].to_vec();
    Some((g.tensor(&arg, &locals).renamed(&locals[..rank], &n.indices), along))
}

/// Whether `x` is made of the entries that the norm `n` is taken of: then it is 0 where the norm is.
fn is_of(g: &mut Graph, x: &Tensor, n: &Tensor) -> bool {
    let Some((whole, along)) = normed(g, n) else { return false };
    are_entries(x, &whole, &along)
}

/// Whether `x` is made of entries of `whole`, one of those taken together along `along`.
fn are_entries(x: &Tensor, whole: &Tensor, along: &[Index]) -> bool {
    x.node == whole.node && x.indices.iter().zip(&whole.indices).all(|(i, j)| along.contains(j) || i == j)
}

/// Whether `x` is 0 wherever `n` is: an entry of what `n` is the norm of, or that over its norm.
fn vanishes_with(g: &mut Graph, x: &Tensor, n: &Tensor) -> bool {
    if let Op::Map { function, args } = g.op(x.node).clone()
        && function.name() == "per"
    {
        let entry = g.tensor(&args[0], &x.indices);
        return is_of(g, &entry, n);
    }
    match g.op(n.node).clone() {
        // Two sides, or the root of squares of x and of others.
        Op::Map { function, args } if function.name() == "hypot" => {
            args.iter().any(|a| g.tensor(a, &n.indices) == *x)
        }
        Op::Product { factors, .. } => match factors.as_slice() {
            [f] if !f.power.is_negative() => {
                let inside = g.tensor(&f.operand, &n.indices);
                is_square_of(g, &inside, x)
            }
            _ => false,
        },
        _ => is_of(g, x, n),
    }
}

/// Whether `s` is a sum of squares among which is that of `x`.
fn is_square_of(g: &mut Graph, s: &Tensor, x: &Tensor) -> bool {
    let Some(p) = Opened::product(g, s.node) else { return false };
    let [(t, power)] = p.factors.as_slice() else { return false };
    let t = t.clone().renamed(&p.out, &s.indices);
    *power == Number::TWO && are_entries(x, &t, &p.bound)
}

/// x/‖x‖ in one: 0 where x is 0; also where x has gone into a contraction and the norm stayed outside.
pub(super) fn per_norm(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let over = |g: &Graph, f: &Factor| is_norm(g, f.operand.node) && f.power.is_negative();
    let about = |g: &Graph, f: &Factor| over(g, f) || is_function(g, f.operand.node, "recip0");
    let mut p = Opened::about(g, id, about)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(power) = power.as_int() else { continue };
        // How often it is divided by the norm, and the power of this factor once that is done so often less.
        let (n, times, step) = match inner(g, &t, "recip0") {
            Some(n) if power >= 1 => (n, power, -1),
            None if is_norm(g, t.node) && power <= -1 => (t.clone(), -power, 1),
            _ => continue,
        };
        for at in (0..p.factors.len()).filter(|at| *at != k) {
            let (x, own) = p.factors[at].clone();
            let Some(own) = own.as_int().filter(|own| *own >= 1) else { continue };
            if is_of(g, &x, &n) {
                p.factors[at].1 = Number::int(own - 1);
                p.factors[k].1 = Number::int(power + step);
                p.factors.push((g.call("per", &[x, n]), ONE));
                return Some(p.closed(g));
            }
            let Some((over, used)) = within(g, &x, &n, times / own) else { continue };
            p.factors[at].0 = over;
            p.factors[k].1 = Number::int(power + step * own * used);
            return Some(p.closed(g));
        }
    }
    None
}

/// The contraction `t` over the norm `n` of one of its factors, or of a factor of these, at most `times` times; and
/// how often that is.
fn within(g: &mut Graph, t: &Tensor, n: &Tensor, times: i64) -> Option<(Tensor, i64)> {
    if times < 1 {
        return None;
    }
    let mut inside = contraction(g, t)?;
    let own = n.clone().renamed(&t.indices, &inside.out);
    for m in 0..inside.factors.len() {
        let (x, power) = inside.factors[m].clone();
        let Some(power) = power.as_int().filter(|power| *power >= 1) else { continue };
        let used = if is_of(g, &x, &own) {
            let used = power.min(times);
            inside.factors[m].1 = Number::int(power - used);
            inside.factors.push((g.call("per", &[x, own]), Number::int(used)));
            used
        } else if let Some((over, used)) = within(g, &x, &own, times / power) {
            inside.factors[m].0 = over;
            used * power
        } else {
            continue;
        };
        return Some((Tensor::new(inside.closed(g), t.indices.clone()), used));
    }
    None
}

/// The tensor taken apart, if it is a contraction without a name.
fn contraction(g: &mut Graph, t: &Tensor) -> Option<Opened> {
    if g.name(t.node).is_some() {
        return None;
    }
    Opened::product(g, t.node).filter(|p| !p.bound.is_empty())
}

fn is_norm(g: &Graph, id: NodeId) -> bool {
    matches!(g.op(id), Op::Axis { function: AxisFn::Norm, .. })
}

/// x/Σx² by way of x/‖x‖, which neither overflows nor underflows where the result does not
pub(super) fn per_squares(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let over =
        |g: &Graph, f: &Factor| f.power.is_negative() && matches!(g.op(f.operand.node), Op::Product { .. });
    let mut p = Opened::about(g, id, over)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let Some(times) = power.as_int().filter(|n| *n < 0) else { continue };
        let Some(inside) = Opened::product(g, t.node) else { continue };
        let [(x, two)] = inside.factors.as_slice() else { continue };
        if *two != Number::TWO
            || !inside.coeff.is_one()
            || inside.bound.is_empty()
            || g.name(t.node).is_some()
        {
            continue;
        }
        let once = x.indices.iter().enumerate().all(|(n, i)| !x.indices[..n].contains(i));
        let x = x.clone().renamed(&inside.out, &t.indices);
        let along = inside.bound.clone();
        let beside: Vec<Tensor> = p
            .factors
            .iter()
            .filter(|(_, own)| own.as_int().is_some_and(|n| n >= 1))
            .map(|(y, _)| y.clone())
            .collect();
        if !once || !beside.iter().any(|y| mentions(g, y, &x, &along)) {
            continue;
        }
        let norm = g.axis(AxisFn::Norm, &x, &along);
        p.factors[k] = (norm, Number::int(2 * times));
        return Some(p.closed(g));
    }
    None
}

/// Whether `y` is, or is a contraction with, entries of `x` that are taken together along `along`.
fn mentions(g: &mut Graph, y: &Tensor, x: &Tensor, along: &[Index]) -> bool {
    if are_entries(y, x, along) {
        return true;
    }
    let Some(inside) = contraction(g, y) else { return false };
    let own = x.clone().renamed(&y.indices, &inside.out);
    inside
        .factors
        .iter()
        .any(|(t, power)| power.as_int().is_some_and(|n| n >= 1) && mentions(g, t, &own, along))
}

/// ‖x‖ (x/‖x‖) = x, and 1/‖x‖, which is 0 at 0, times ‖x‖ where something beside is 0 there, too; times
/// another 1/‖x‖ it is a power.
pub(super) fn norm_times(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let about = |g: &Graph, f: &Factor| {
        is_function(g, f.operand.node, "per") || is_function(g, f.operand.node, "recip0")
    };
    let mut p = Opened::about(g, id, about)?;
    for k in 0..p.factors.len() {
        let (t, times) = p.factors[k].clone();
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        let Some(times) = times.as_int().filter(|n| *n >= 1) else { continue };
        let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &t.indices)).collect();
        let n = match (function.name(), args.as_slice()) {
            ("per", [_, n]) | ("recip0", [n]) => n.clone(),
            _ => continue,
        };
        // Powers of n beside it, those of a root without a name among them.
        let (base, one) = match g.op(n.node).clone() {
            Op::Product { coeff, factors, bound }
                if coeff.is_one() && bound.is_empty() && factors.len() == 1 =>
            {
                let f = &factors[0];
                let named = p.factors.iter().any(|(t, _)| *t == n);
                if named { (n.clone(), ONE) } else { (g.tensor(&f.operand, &n.indices), f.power) }
            }
            _ => (n.clone(), ONE),
        };
        let Some(at) = p.factors.iter().position(|(t, _)| *t == base) else { continue };
        let left = p.factors[at].1.add(one.neg());
        if function.name() == "recip0" && p.factors[at].1.is_negative() {
            // Where it is 0 the other one is infinite already.
            p.factors[at].1 = left;
            p.factors[k].1 = Number::int(times - 1);
            return Some(p.closed(g));
        }
        if left.is_negative() {
            continue;
        }
        match function.name() {
            "per" if is_of(g, &args[0], &n) => p.factors.push((args[0].clone(), ONE)),
            "recip0" => {
                let others: Vec<Tensor> = p
                    .factors
                    .iter()
                    .enumerate()
                    .filter(|(m, (_, power))| *m != k && *m != at && !power.is_negative())
                    .map(|(_, (t, _))| t.clone())
                    .collect();
                if left.is_zero() && !others.iter().any(|x| vanishes_with(g, x, &n)) {
                    continue;
                }
            }
            _ => continue,
        }
        p.factors[at].1 = left;
        p.factors[k].1 = Number::int(times - 1);
        return Some(p.closed(g));
    }
    None
}

/// Σx² / ‖x‖ = ‖x‖
pub(super) fn squares_per_norm(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let over = |g: &Graph, f: &Factor| is_norm(g, f.operand.node) && f.power.is_negative();
    let about = |g: &Graph, f: &Factor| over(g, f) || is_function(g, f.operand.node, "recip0");
    let mut p = Opened::about(g, id, about)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        let (n, left) = match (inner(g, &t, "recip0"), power.as_int()) {
            (Some(n), Some(times)) if times >= 1 && is_norm(g, n.node) => (n, times - 1),
            (None, Some(times)) if times <= -1 && is_norm(g, t.node) => (t, times + 1),
            _ => continue,
        };
        let Some((x, _)) = normed(g, &n) else { continue };
        let squares = Tensor::new(g.contract(ONE, &[(x, Number::TWO)], &n.indices), n.indices.clone());
        let found = p
            .factors
            .iter()
            .position(|(t, power)| *t == squares && power.as_int().is_some_and(|power| power >= 1));
        let Some(at) = found else { continue };
        p.factors[at].1 = p.factors[at].1.add(Number::MINUS_ONE);
        p.factors[k].1 = Number::int(left);
        p.factors.push((n, ONE));
        return Some(p.closed(g));
    }
    None
}

/// (Σx²)ᵖ = ‖x‖²ᵖ, with the exponent as data, over all entries
pub(super) fn power_of_squares(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    let [base, exponent] = args.as_slice() else { return None };
    if function.name() != "pow" || !base.axes.is_empty() || g.name(base.node).is_some() {
        return None;
    }
    let inside = Opened::product(g, base.node)?;
    let [(x, two)] = inside.factors.as_slice() else { return None };
    let once = x.indices.iter().enumerate().all(|(n, i)| !x.indices[..n].contains(i));
    if *two != Number::TWO || inside.bound.is_empty() || !once || !inside.coeff.is_one() {
        return None;
    }
    let locals = g.locals(id);
    let norm = g.axis(AxisFn::Norm, x, &inside.bound);
    let exponent = g.tensor(exponent, &locals);
    let twice = g.scale(Number::TWO, &exponent);
    let power = g.call("pow", &[norm, twice]);
    Some(g.tensor_as(&power, &locals))
}

/// The power ‖x‖ᵖ with the exponent as data, times x/‖x‖: x ‖x‖ᵖ⁻¹, which is 0 where x is
pub(super) fn norm_power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| f.power.is_one() && is_function(g, f.operand.node, "per"))?;
    for k in 0..p.factors.len() {
        let Op::Map { function, args } = g.op(p.factors[k].0.node).clone() else { continue };
        if function.name() != "per" || !p.factors[k].1.is_one() {
            continue;
        }
        let [x, n] = [&args[0], &args[1]].map(|a| g.tensor(a, &p.factors[k].0.indices));
        if !is_of(g, &x, &n) {
            continue;
        }
        for at in (0..p.factors.len()).filter(|at| *at != k) {
            let (t, power) = p.factors[at].clone();
            let Op::Map { function, args } = g.op(t.node).clone() else { continue };
            let name = function.name();
            if !power.is_one() || !["pow", "pow0", "pow_slope"].contains(&name) {
                continue;
            }
            let [base, exponent] = [&args[0], &args[1]].map(|a| g.tensor(a, &t.indices));
            if base != n {
                continue;
            }
            // p ‖x‖ᵖ⁻¹ is the slope of ‖x‖ᵖ.
            let less = g.constant(Number::int(if name == "pow_slope" { 2 } else { 1 }));
            let lower = g.sum(&[(ONE, exponent.clone()), (Number::MINUS_ONE, less)]);
            p.factors[at].0 = g.call("pow0", &[n, lower]);
            p.factors[k] = (x, ONE);
            if name == "pow_slope" {
                p.factors.push((exponent, ONE));
            }
            return Some(p.closed(g));
        }
    }
    None
}
