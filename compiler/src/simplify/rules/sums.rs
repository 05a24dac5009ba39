//! Sums: multiplied out where that makes them smaller, common factors taken out.

use super::super::measure::weight;
use super::{Opened, inner, opposite, terms, terms_about, terms_of};
use crate::ir::{Factor, Graph, Index, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;

/// Products of sums are not multiplied out beyond so many terms.
const TERMS: usize = 24;

/// (x + y) u − x u = y u: multiply out, let like terms cancel, and keep what comes out if it is smaller and
/// no more arithmetic: a gradient that shares its sums with the value is best left as it is.
pub(super) fn expand(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    expanded_and(g, id, |_, sum| sum)
}

/// (1 − y) σ(z) − y σ(−z) = σ(z) − y: the same where σ(u) + σ(−u) = 1 cancels, too.
pub(super) fn expand_sigmoids(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    expanded_and(g, id, |g, mut sum| {
        while let Some(next) = reflect(g, sum) {
            sum = next;
        }
        sum
    })
}

fn expanded_and(g: &mut Graph, id: NodeId, then: impl Fn(&mut Graph, NodeId) -> NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    if !parts.iter().any(|(_, t)| multiplies_sum(g, t)) {
        return None;
    }
    // Counted first: what is made and thrown away stays in the graph.
    let mut count = 0usize;
    for (_, t) in &parts {
        count = count.saturating_add(terms_multiplied_out(g, t.node));
        if count > TERMS {
            return None;
        }
    }
    let mut expanded: Vec<(Number, Tensor)> = Vec::new();
    for (c, t) in &parts {
        multiply_out(g, *c, t, &mut expanded);
        if expanded.len() > TERMS {
            return None;
        }
    }
    let sum = g.sum_as(&expanded, &out);
    let new = then(g, sum);
    (size(g, new) < size(g, id) && arithmetic(g, new) <= arithmetic(g, id)).then_some(new)
}

fn multiplies_sum(g: &Graph, t: &Tensor) -> bool {
    match g.op(t.node) {
        Op::Product { factors, bound, .. } => {
            bound.is_empty()
                && factors.len() > 1
                && factors.iter().any(|f| f.power.is_one() && matches!(g.op(f.operand.node), Op::Sum(_)))
        }
        _ => false,
    }
}

/// How many terms [`multiply_out`] makes of a node; any number above [`TERMS`] where it is more.
fn terms_multiplied_out(g: &Graph, id: NodeId) -> usize {
    let Op::Product { factors, bound, .. } = g.op(id) else { return 1 };
    if !bound.is_empty() || factors.len() < 2 {
        return 1;
    }
    let mut count = 1usize;
    for f in factors.iter().filter(|f| f.power.is_one()) {
        let Op::Sum(terms) = g.op(f.operand.node) else { continue };
        let mut inner = 0usize;
        for t in terms {
            inner = inner.saturating_add(terms_multiplied_out(g, t.operand.node));
            if inner > TERMS {
                return inner;
            }
        }
        count = count.saturating_mul(inner);
        if count > TERMS {
            break;
        }
    }
    count
}

fn multiply_out(g: &mut Graph, coeff: Number, t: &Tensor, out: &mut Vec<(Number, Tensor)>) {
    if !multiplies_sum(g, t) || out.len() > TERMS {
        out.push((coeff, t.clone()));
        return;
    }
    let Op::Product { coeff: c, factors, .. } = g.op(t.node).clone() else { return };
    let sum = factors.iter().position(|f| f.power.is_one() && matches!(g.op(f.operand.node), Op::Sum(_)));
    let Some(k) = sum else { return };
    let rest: Vec<(Tensor, Number)> = factors
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != k)
        .map(|(_, f)| (g.tensor(&f.operand, &t.indices), f.power))
        .collect();
    let inner_terms = terms_of(g, &g.tensor(&factors[k].operand, &t.indices));
    for (ci, term) in inner_terms {
        let mut all = rest.clone();
        all.push((term, ONE));
        let node = g.contract(ONE, &all, &t.indices);
        multiply_out(g, coeff.mul(c).mul(ci), &Tensor::new(node, t.indices.clone()), out);
    }
}

/// The factors of a term, each once: of a diagonal, two may have become the same.
pub(super) fn factors_of(g: &Graph, t: &Tensor) -> Vec<(Tensor, Number)> {
    match g.op(t.node) {
        Op::Product { factors, bound, .. } if bound.is_empty() && g.name(t.node).is_none() => {
            let mut found: Vec<(Tensor, Number)> = Vec::with_capacity(factors.len());
            for f in factors {
                let factor = g.tensor(&f.operand, &t.indices);
                match found.iter_mut().find(|(known, _)| *known == factor) {
                    Some((_, power)) => *power = power.add(f.power),
                    None => found.push((factor, f.power)),
                }
            }
            found
        }
        _ => vec![(t.clone(), ONE)],
    }
}

/// c r σ(u) + c r σ(−u) = c r
pub(super) fn reflect(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    for a in 0..parts.len() {
        for b in a + 1..parts.len() {
            if parts[a].0 != parts[b].0 {
                continue;
            }
            let (fa, fb) = (factors_of(g, &parts[a].1), factors_of(g, &parts[b].1));
            if fa.len() != fb.len() {
                continue;
            }
            let only_a: Vec<_> = fa.iter().filter(|f| !fb.contains(f)).cloned().collect();
            let only_b: Vec<_> = fb.iter().filter(|f| !fa.contains(f)).cloned().collect();
            let ([(sa, pa)], [(sb, pb)]) = (only_a.as_slice(), only_b.as_slice()) else { continue };
            let (Some(u), Some(v)) = (inner(g, sa, "sigmoid"), inner(g, sb, "sigmoid")) else { continue };
            if !pa.is_one() || !pb.is_one() || !opposite(g, &u, &v) {
                continue;
            }
            let common: Vec<_> = fa.iter().filter(|f| fb.contains(f)).cloned().collect();
            let axes: Vec<Index> = parts[a].1.indices.clone();
            let node = g.contract(ONE, &common, &axes);
            let mut rest: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != a && *n != b)
                .map(|(_, p)| p.clone())
                .collect();
            rest.push((parts[a].0, Tensor::new(node, axes)));
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

/// S x + Sᵀ x = 2 S x where S is symmetric as it stands: each S along its indices in one order, and like
/// terms add up.
pub(super) fn mirrored(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let mut turned = Vec::with_capacity(parts.len());
    let mut any = false;
    for (c, t) in &parts {
        let node = match Opened::product(g, t.node).filter(|p| !p.bound.is_empty()) {
            Some(mut p) => {
                for k in 0..p.factors.len() {
                    let (f, _) = &p.factors[k];
                    let place = |at: Index| p.out.iter().chain(&p.bound).position(|i| *i == at);
                    let later = matches!(f.indices.as_slice(), [i, j] if place(*i) > place(*j));
                    if later && g.is_symmetric(f.node) {
                        any = true;
                        p.factors[k].0.indices.reverse();
                    }
                }
                p.closed(g)
            }
            None => t.node,
        };
        turned.push((*c, Tensor::new(node, t.indices.clone())));
    }
    if !any {
        return None;
    }
    let new = g.sum_as(&turned, &out);
    let count = |g: &Graph, id: NodeId| match g.op(id) {
        Op::Sum(terms) => terms.len(),
        _ => 1,
    };
    (count(g, new) < parts.len()).then_some(new)
}

/// Additions and multiplications, those by constants and in whole powers too, down to a sum's factors.
fn arithmetic(g: &Graph, id: NodeId) -> usize {
    let scaled = |c: Number| usize::from(c != ONE && c != ONE.neg());
    let sum = |id: NodeId| match g.op(id) {
        Op::Sum(terms) => terms.len() - 1 + terms.iter().map(|t| scaled(t.coeff)).sum::<usize>(),
        _ => 0,
    };
    let product = |id: NodeId, below: &dyn Fn(NodeId) -> usize| match g.op(id) {
        Op::Product { coeff, factors, .. } => {
            let one = |f: &Factor| match f.power.as_int() {
                Some(n) => usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX).min(8),
                None => 1,
            };
            let own = factors.iter().map(|f| one(f) + below(f.operand.node)).sum::<usize>();
            scaled(*coeff) + own.saturating_sub(1)
        }
        _ => below(id),
    };
    let factor = |id: NodeId| match g.op(id) {
        Op::Sum(terms) => sum(id) + terms.iter().map(|t| product(t.operand.node, &|_| 0)).sum::<usize>(),
        _ => 0,
    };
    match g.op(id) {
        Op::Sum(terms) => sum(id) + terms.iter().map(|t| product(t.operand.node, &factor)).sum::<usize>(),
        _ => product(id, &factor),
    }
}

/// What a sum costs, down to its factors.
fn size(g: &Graph, id: NodeId) -> usize {
    let below = |n: NodeId| match g.op(n) {
        Op::Product { factors, .. } => {
            weight(g, n)
                + factors
                    .iter()
                    .map(|f| match g.op(f.operand.node) {
                        Op::Input(_) | Op::Number(_) | Op::Extent(_) => 0,
                        _ => weight(g, f.operand.node),
                    })
                    .sum::<usize>()
        }
        _ => weight(g, n),
    };
    match g.op(id) {
        Op::Sum(terms) => weight(g, id) + terms.iter().map(|t| below(t.operand.node)).sum::<usize>(),
        _ => below(id),
    }
}

/// a b + a c = a (b + c)
pub(super) fn common_factor(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let mut all: Vec<Vec<(Tensor, Number)>> = parts.iter().map(|(_, t)| factors_of(g, t)).collect();
    over_norms_apart(g, &mut all);
    if all.iter().flatten().any(|(t, _)| inner(g, t, "log").is_some()) {
        return None;
    }
    let common: Vec<(Tensor, Number)> = all[0]
        .iter()
        .filter(|f| {
            all[1..].iter().all(|others| others.contains(f)) && !matches!(g.op(f.0.node), Op::Number(_))
        })
        .cloned()
        .collect();
    if common.is_empty() {
        return None;
    }
    let rest: Vec<(Number, Tensor)> = parts
        .iter()
        .zip(&all)
        .map(|((c, _), factors)| {
            let own: Vec<_> = factors.iter().filter(|f| !common.contains(f)).cloned().collect();
            (*c, g.factored(ONE, &own))
        })
        .collect();
    let sum = g.sum(&rest);
    let mut factors = common;
    factors.push((sum, ONE));
    Some(g.contract(ONE, &factors, &out))
}

/// r s + c s t = s (r + c t) for a sum s, of which the first has the terms; where r and c have opposite signs, for else nothing cancels
pub(super) fn own_factor(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let has_sum = |g: &Graph, t: NodeId| match g.op(t) {
        Op::Product { factors, bound, .. } => {
            let of_sum = |f: &Factor| f.power.is_one() && matches!(g.op(f.operand.node), Op::Sum(_));
            bound.is_empty() && factors.iter().any(of_sum)
        }
        _ => false,
    };
    let (parts, out) = terms_about(g, id, has_sum)?;
    for (k, (c, t)) in parts.iter().enumerate() {
        if !has_sum(g, t.node) {
            continue;
        }
        let factors = factors_of(g, t);
        for (at, (s, power)) in factors.iter().enumerate() {
            let own = terms_of(g, s);
            if !power.is_one() || own.len() < 2 || factors.len() < 2 || g.name(s.node).is_some() {
                continue;
            }
            let Some(first) = parts.iter().position(|(_, t)| *t == own[0].1).filter(|n| *n != k) else {
                continue;
            };
            let first = parts[first].0;
            let mut rest = parts.clone();
            rest.remove(k);
            let r = first.mul(own[0].0.pow(Number::MINUS_ONE));
            if r.is_negative() == c.is_negative() {
                continue;
            }
            let taken = own.iter().all(|(c, t)| {
                let place = rest.iter().position(|(d, u)| u == t && *d == c.mul(r));
                place.map(|place| rest.remove(place)).is_some()
            });
            if !taken {
                continue;
            }
            let mut beside = factors.clone();
            beside.remove(at);
            let (one, beside) = (g.constant(ONE), g.factored(ONE, &beside));
            let sum = g.sum(&[(r, one), (*c, beside)]);
            rest.push((ONE, g.multiply(&[s.clone(), sum])));
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

/// x/‖x‖ as x · 1/‖x‖ where every term has x, or x over its norm, and one has x alone.
fn over_norms_apart(g: &mut Graph, all: &mut [Vec<(Tensor, Number)>]) {
    let over = |g: &Graph, t: &Tensor| match g.op(t.node) {
        Op::Map { function, args } if function.name() == "per" => {
            Some([g.tensor(&args[0], &t.indices), g.tensor(&args[1], &t.indices)])
        }
        _ => None,
    };
    let alone = all.iter().flatten().filter(|(_, power)| power.is_one()).map(|(t, _)| t.clone());
    let common = alone.collect::<Vec<_>>().into_iter().find(|x| {
        let (mut apart, mut together) = (0, 0);
        for factors in all.iter() {
            if factors.iter().any(|(t, power)| t == x && power.is_one()) {
                apart += 1;
            } else if factors
                .iter()
                .any(|(t, power)| power.is_one() && over(g, t).is_some_and(|[entry, _]| entry == *x))
            {
                together += 1;
            }
        }
        apart > 0 && together > 0 && apart + together == all.len()
    });
    let Some(x) = common else { return };
    for factors in all.iter_mut() {
        if factors.iter().any(|(t, power)| *t == x && power.is_one()) {
            continue;
        }
        let at = factors
            .iter()
            .position(|(t, power)| power.is_one() && over(g, t).is_some_and(|[entry, _]| entry == x));
        if let Some(at) = at
            && let Some([entry, norm]) = over(g, &factors[at].0)
        {
            factors[at].0 = entry;
            factors.push((g.call("recip0", &[norm]), ONE));
        }
    }
}

/// where(c, u, v) + where(c, x, y) = where(c, u + x, v + y)
pub(super) fn selects(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (parts, out) = terms(g, id)?;
    let opened: Vec<(usize, CompareOp, [Tensor; 4])> = parts
        .iter()
        .enumerate()
        .filter_map(|(k, (_, t))| opened_select(g, t).map(|(op, x)| (k, op, x)))
        .collect();
    for (n, (a, op, x)) in opened.iter().enumerate() {
        for (b, other, y) in &opened[n + 1..] {
            let (a, b) = (*a, *b);
            if op != other || x[..2] != y[..2] {
                continue;
            }
            let (ca, cb) = (parts[a].0, parts[b].0);
            let then = g.sum(&[(ca, x[2].clone()), (cb, y[2].clone())]);
            let otherwise = g.sum(&[(ca, x[3].clone()), (cb, y[3].clone())]);
            let joined = g.select(*op, &x[0], &x[1], &then, &otherwise);
            let mut rest: Vec<_> = parts
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != a && *n != b)
                .map(|(_, p)| p.clone())
                .collect();
            rest.push((ONE, joined));
            return Some(g.sum_as(&rest, &out));
        }
    }
    None
}

pub(super) fn opened_select(g: &Graph, t: &Tensor) -> Option<(CompareOp, [Tensor; 4])> {
    let Op::Select { op, lhs, rhs, then, otherwise } = g.op(t.node) else { return None };
    Some((*op, [lhs, rhs, then, otherwise].map(|o| g.tensor(o, &t.indices))))
}
