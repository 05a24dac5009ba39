//! Kinks that cancel. What the language says of a kink (sign(0) = 0, equal shares where `max` ties) may only
//! stand where the value depends on it: where a factor that vanishes there, or a term with the opposite kink,
//! makes the whole smooth, it goes, or the next derivative would be that of the convention.

use super::sums::{factors_of, opened_select};
use super::{Opened, inner, is_function, multiple, opposite, terms};
use crate::ir::{Factor, Graph, Index, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;
const MINUS_ONE: Number = Number::MINUS_ONE;

/// Whether the function at `id` is `name`; its arguments with the node's own indices, and those.
fn arguments(g: &mut Graph, id: NodeId, name: &str) -> Option<(Vec<Tensor>, Vec<Index>)> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    if function.name() != name {
        return None;
    }
    let locals = g.locals(id);
    Some((args.iter().map(|a| g.tensor(a, &locals)).collect(), locals))
}

/// |x| = x where x ≥ 0, −x where x ≤ 0; |c y² x| = |c| y² |x|
pub(super) fn abs(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (args, out) = arguments(g, id, "abs")?;
    let x = args.into_iter().next()?;
    let lies = g.interval(x.node);
    if lies.low >= 0.0 {
        return Some(g.tensor_as(&x, &out));
    }
    if lies.high <= 0.0 {
        let minus = g.negate(&x);
        return Some(g.tensor_as(&minus, &out));
    }
    if g.name(x.node).is_some() {
        return None;
    }
    let p = Opened::product(g, x.node).filter(|p| p.bound.is_empty())?;
    let rename = |t: &Tensor| t.clone().renamed(&p.out, &x.indices);
    let (known, open): (Vec<_>, Vec<_>) =
        p.factors.iter().cloned().partition(|(t, power)| {
            power.as_int().is_some_and(|n| n % 2 == 0) || g.interval(t.node).low >= 0.0
        });
    if open.is_empty() || (known.is_empty() && p.coeff.is_one()) {
        return None;
    }
    let open: Vec<_> = open.iter().map(|(t, power)| (rename(t), *power)).collect();
    let rest = g.factored(ONE, &open);
    let mut factors: Vec<_> = known.iter().map(|(t, power)| (rename(t), *power)).collect();
    factors.push((g.call("abs", &[rest]), ONE));
    Some(g.contract(p.coeff.magnitude(), &factors, &out))
}

/// sign(x) = ±1 where x is known not to be 0
pub(super) fn sign(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (args, out) = arguments(g, id, "sign")?;
    let lies = g.interval(args.first()?.node);
    if !lies.excludes_zero() {
        return None;
    }
    Some(g.fill(if lies.low > 0.0 { ONE } else { MINUS_ONE }, &out))
}

/// 1 or −1 where `t` is `x` or `-x`.
fn aligned(g: &mut Graph, t: &Tensor, x: &Tensor) -> Option<Number> {
    if t == x {
        return Some(ONE);
    }
    opposite(g, t, x).then_some(MINUS_ONE)
}

/// sign(x) x = |x|, sign(x) |x| = x, sign(x)² xᵏ = xᵏ, sign(x)³ = sign(x)
pub(super) fn sign_times(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| is_function(g, f.operand.node, "sign"))?;
    for k in 0..p.factors.len() {
        let (s, times) = p.factors[k].clone();
        let (Some(x), Some(times)) = (inner(g, &s, "sign"), times.as_int()) else { continue };
        if times >= 3 {
            p.factors[k].1 = Number::int(times - 2);
            return Some(p.closed(g));
        }
        if times < 1 {
            continue;
        }
        // A positive power of x or |x| beside it.
        for n in (0..p.factors.len()).filter(|n| *n != k) {
            let (t, power) = p.factors[n].clone();
            let size = inner(g, &t, "abs");
            let Some(turn) = aligned(g, size.as_ref().unwrap_or(&t), &x) else { continue };
            if power.is_negative() || (times == 1 && power.to_f64() < 1.0) {
                continue;
            }
            if times == 2 {
                p.factors.remove(k);
                return Some(p.closed(g));
            }
            p.factors[n].1 = power.add(MINUS_ONE);
            if size.is_none() {
                p.coeff = p.coeff.mul(turn);
            }
            p.factors[k] = (if size.is_none() { g.call("abs", &[x]) } else { x }, ONE);
            return Some(p.closed(g));
        }
    }
    None
}

/// |x| |x y| = x² |y|
pub(super) fn abs_times_abs(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let mut p = Opened::about(g, id, |g, f| f.power.is_one() && is_function(g, f.operand.node, "abs"))?;
    let sizes: Vec<(usize, Tensor)> =
        (0..p.factors.len()).filter_map(|k| Some((k, inner(g, &p.factors[k].0, "abs")?))).collect();
    for (k, x) in &sizes {
        for (n, whole) in sizes.iter().filter(|(n, _)| n != k) {
            if !p.factors[*k].1.is_one() || !p.factors[*n].1.is_one() {
                continue;
            }
            let parts = factors_of(g, whole);
            let mut rest = parts.clone();
            let Some(at) = parts.iter().position(|(t, power)| power.is_one() && aligned(g, t, x).is_some())
            else {
                continue;
            };
            rest.remove(at);
            p.factors[*k] = (x.clone(), Number::TWO);
            p.factors[*n] = if rest.is_empty() {
                (g.constant(ONE), ONE)
            } else {
                let rest = g.factored(ONE, &rest);
                (g.call("abs", &[rest]), ONE)
            };
            return Some(p.closed(g));
        }
    }
    None
}

/// f(|x|) = f(x) for even functions f
pub(super) fn even_of_abs(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    for name in ["cosh", "cos", "log_cosh", "normal_pdf"] {
        let Some((args, out)) = arguments(g, id, name) else { continue };
        let x = inner(g, args.first()?, "abs")?;
        let t = g.call(name, &[x]);
        return Some(g.tensor_as(&t, &out));
    }
    None
}

/// |x|ᵖ and (x²)ᵖ, with the exponent as data, as one function
pub(super) fn pow_of_abs(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (args, out) = arguments(g, id, "pow")?;
    let [base, exponent] = <[Tensor; 2]>::try_from(args).ok()?;
    let (x, exponent) = match inner(g, &base, "abs") {
        Some(x) => (x, exponent),
        None => (super::norms::root(g, ONE, &base)?, g.scale(Number::TWO, &exponent)),
    };
    if g.as_constant(x.node).is_some() {
        return None;
    }
    let t = g.call("abs_pow", &[x, exponent]);
    Some(g.tensor_as(&t, &out))
}

/// Powers of one base with an exponent as data, in one: xᵏ xᵖ = xᵖ⁺ᵏ, |x|ᵏ |x|ᵖ = |x|ᵖ⁺ᵏ, sign(x) |x|ᵖ likewise.
pub(super) fn one_base(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let about = |g: &Graph, f: &Factor| {
        f.power.is_one()
            && ["pow", "abs_pow", "sign_pow"].iter().any(|name| is_function(g, f.operand.node, name))
    };
    let mut p = Opened::about(g, id, about)?;
    for k in 0..p.factors.len() {
        let (t, one) = p.factors[k].clone();
        let Op::Map { function, args } = g.op(t.node).clone() else { continue };
        let name = function.name();
        if !one.is_one() || !["pow", "abs_pow", "sign_pow"].contains(&name) {
            continue;
        }
        let [x, exponent] = [&args[0], &args[1]].map(|a| g.tensor(a, &t.indices));
        for n in (0..p.factors.len()).filter(|n| *n != k) {
            let (t, power) = p.factors[n].clone();
            let Some(times) = power.as_int() else { continue };
            // What the exponent grows by, and whether the sign of the base comes in.
            let (more, signed) = if t == x {
                (times, times % 2 != 0)
            } else if name != "pow" && inner(g, &t, "abs").is_some_and(|u| u == x) {
                (times, false)
            } else if name != "pow" && times == 1 && inner(g, &t, "sign").is_some_and(|u| u == x) {
                (0, true)
            } else {
                continue;
            };
            let joined = match (name, signed) {
                ("abs_pow", true) | ("sign_pow", false) => "sign_pow",
                ("abs_pow" | "sign_pow", _) => "abs_pow",
                _ => "pow",
            };
            let more = g.constant(Number::int(more));
            let exponent = g.sum(&[(ONE, exponent), (ONE, more)]);
            p.factors[k].0 = g.call(joined, &[x, exponent]);
            p.factors.remove(n);
            return Some(p.closed(g));
        }
    }
    None
}

/// max(x, −x) = |x|, min(x, −x) = −|x|
pub(super) fn max_of_opposites(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    for (name, coeff) in [("max", ONE), ("min", MINUS_ONE)] {
        let Some((args, out)) = arguments(g, id, name) else { continue };
        let [a, b] = <[Tensor; 2]>::try_from(args).ok()?;
        if !opposite(g, &a, &b) {
            return None;
        }
        let size = g.call("abs", &[a]);
        return Some(g.contract(coeff, &[(size, ONE)], &out));
    }
    None
}

/// The factor `name(a, b)^p` of a term: where it is, its arguments, the power.
fn pair_of(g: &Graph, factors: &[(Tensor, Number)], name: &str) -> Option<(usize, [Tensor; 2], Number)> {
    factors.iter().enumerate().find_map(|(k, (t, power))| {
        let Op::Map { function, args } = g.op(t.node) else { return None };
        if function.name() != name {
            return None;
        }
        let [a, b] = args.as_slice() else { return None };
        Some((k, [g.tensor(a, &t.indices), g.tensor(b, &t.indices)], *power))
    })
}

/// Whether both are the same two, in one order or the other.
fn is_pair(one: &[Tensor; 2], other: &[Tensor; 2]) -> bool {
    one == other || (one[0] == other[1] && one[1] == other[0])
}

/// c max(x, y)ᵖ + c min(x, y)ᵖ = c xᵖ + c yᵖ
pub(super) fn max_and_min(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let opened: Vec<_> = parts.iter().map(|(_, t)| factors_of(g, t)).collect();
    for m in 0..parts.len() {
        let Some((at, pair, power)) = pair_of(g, &opened[m], "max") else { continue };
        let mut others = opened[m].clone();
        others.remove(at);
        for n in (0..parts.len()).filter(|n| *n != m) {
            let Some((beside, same, other)) = pair_of(g, &opened[n], "min") else { continue };
            let mut rest = opened[n].clone();
            rest.remove(beside);
            if parts[m].0 != parts[n].0 || !is_pair(&pair, &same) || other != power || rest != others {
                continue;
            }
            let mut kept: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(k, _)| *k != m && *k != n)
                .map(|(_, p)| p.clone())
                .collect();
            let axes = parts[m].1.indices.clone();
            for x in pair {
                let mut factors = others.clone();
                factors.push((x, power));
                kept.push((parts[m].0, Tensor::new(g.contract(ONE, &factors, &axes), axes.clone())));
            }
            return Some(g.sum_as(&kept, &out));
        }
    }
    None
}

/// max(x, y)ᵖ min(x, y)ᵖ = xᵖ yᵖ
pub(super) fn max_times_min(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let about = |g: &Graph, f: &Factor| is_function(g, f.operand.node, "max");
    let mut p = Opened::about(g, id, about)?;
    let (m, pair, power) = pair_of(g, &p.factors, "max")?;
    let (n, same, other) = pair_of(g, &p.factors, "min")?;
    if !is_pair(&pair, &same) || power != other {
        return None;
    }
    let [x, y] = pair;
    p.factors[m] = (x, power);
    p.factors[n] = (y, power);
    Some(p.closed(g))
}

/// log(1 + e^−|d|) and the ramp that it smooths, in one: with d = x − y
///
/// ```text
/// max(x, y) + softplus(−|d|) = y + softplus(d)
/// |d|/2     + softplus(−|d|) = softplus(d) − d/2
/// relu(d)   + softplus(−|d|) = softplus(d)
/// ```
pub(super) fn softplus_and_ramp(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        let Some(v) = inner(g, t, "softplus") else { continue };
        let (slope, size) = multiple(g, &v);
        let Some(u) = inner(g, &size, "abs").filter(|_| slope.is_negative()) else { continue };
        let slope = slope.neg();
        let d = g.scale(slope, &u);
        for (n, (cn, ramp)) in parts.iter().enumerate().filter(|(n, _)| *n != k) {
            let Some(joined) = smoothed(g, *c, (slope, &u), &d, *cn, ramp) else { continue };
            let mut rest: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(m, _)| *m != k && *m != n)
                .map(|(_, p)| p.clone())
                .collect();
            rest.extend(joined);
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

/// `c` softplus(−|d|) with the term `cn · ramp`, where d = `slope` · u.
fn smoothed(
    g: &mut Graph,
    c: Number,
    (slope, u): (Number, &Tensor),
    d: &Tensor,
    cn: Number,
    ramp: &Tensor,
) -> Option<Vec<(Number, Tensor)>> {
    let half = |x: Number| x.mul(Number::HALF);
    if inner(g, ramp, "abs").is_some_and(|x| x == *u) {
        if cn != half(c.mul(slope)) {
            return None;
        }
        let soft = g.call("softplus", std::slice::from_ref(d));
        return Some(vec![(c, soft), (half(c).neg(), d.clone())]);
    }
    let whole = [(ramp.clone(), ONE)];
    for (name, sign) in [("max", ONE), ("min", MINUS_ONE)] {
        let Some((_, [a, b], _)) = pair_of(g, &whole, name) else { continue };
        if cn != c.mul(sign) {
            return None;
        }
        let up = g.sum(&[(sign, a.clone()), (sign.neg(), b.clone())]);
        if !(up == *d || opposite(g, &up, d)) {
            return None;
        }
        // A constant, if one is, stays beside.
        let (up, low) = if g.as_constant(a.node).is_some() { (g.negate(&up), a) } else { (up, b) };
        let soft = g.call("softplus", &[up]);
        return Some(vec![(c, soft), (cn, low)]);
    }
    let (op, [x, zero, then, otherwise]) = opened_select(g, ramp)?;
    let (above, below) = match op {
        CompareOp::Greater | CompareOp::GreaterEqual => (then, otherwise),
        CompareOp::Less | CompareOp::LessEqual => (otherwise, then),
        CompareOp::Equal => return None,
    };
    let is_ramp = g.is_zero(zero.node) && g.is_zero(below.node) && (above == x || is_cut_far(g, &above, &x));
    if cn != c || !is_ramp || !(x == *d || opposite(g, &x, d)) {
        return None;
    }
    Some(vec![(c, g.call("softplus", &[above]))])
}

/// Whether `t` is x, but a constant where x is above it, so large that softplus is the same as its argument there.
fn is_cut_far(g: &Graph, t: &Tensor, x: &Tensor) -> bool {
    let Some((CompareOp::Greater | CompareOp::GreaterEqual, [u, limit, then, otherwise])) =
        opened_select(g, t)
    else {
        return false;
    };
    let far = g.as_constant(limit.node).is_some_and(|n| n.to_f64() >= 40.0);
    far && u == *x && otherwise == *x && then == limit
}
