//! Sums of quotients over one denominator, as one does by hand: `(1 - y)/(1 - a) - y/a` is `(a - y)/(a (1 - a))`.

use crate::ir::build::indices_of;
use crate::ir::{Graph, Index, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

/// Beyond so many terms nobody reads what comes out.
const TERMS: usize = 24;

/// A term: a number and powers of tensors.
#[derive(Clone, Debug)]
struct Monomial {
    coeff: Number,
    factors: Vec<(Tensor, Number)>,
}

impl Monomial {
    fn times(&self, other: &Self) -> Self {
        let mut factors = self.factors.clone();
        for (t, power) in &other.factors {
            match factors.iter_mut().find(|(own, _)| own == t) {
                Some((_, known)) => *known = known.add(*power),
                None => factors.push((t.clone(), *power)),
            }
        }
        factors.retain(|(_, power)| *power != Number::ZERO);
        Self { coeff: self.coeff.mul(other.coeff), factors }
    }
}

/// The sum over one denominator, its numerator multiplied out; `None` where there are not two denominators.
///
/// A choice `where(y == 0, 0, y/a)` counts as its product: the two are equal where the other factor is finite.
pub fn over_common_denominator(g: &mut Graph, node: NodeId) -> Option<NodeId> {
    let axes = g.locals(node)[..g.rank(node)].to_vec();
    let terms = monomials(g, &Tensor::new(node, axes.clone()), 0)?;
    if terms.len() < 2 {
        return None;
    }
    // The least power that any term has of each divisor.
    let mut below: Vec<(Tensor, Number)> = Vec::new();
    for (t, power) in terms.iter().flat_map(|m| &m.factors).filter(|(_, power)| power.is_negative()) {
        match below.iter_mut().find(|(other, _)| other == t) {
            Some((_, least)) if power.to_f64() < least.to_f64() => *least = *power,
            Some(_) => {}
            None => below.push((t.clone(), *power)),
        }
    }
    let power_in = |m: &Monomial, t: &Tensor| {
        m.factors.iter().find(|(own, _)| own == t).map_or(Number::ZERO, |(_, power)| *power)
    };
    // Terms that all have one and the same denominator are one quotient already.
    if below.iter().all(|(t, least)| terms.iter().all(|m| power_in(m, t) == *least)) {
        return None;
    }
    let mut above = Vec::new();
    for m in &terms {
        // What the term has of the divisors is gone; it is multiplied by what it lacks.
        let mut bare = m.clone();
        bare.factors.retain(|(own, _)| !below.iter().any(|(t, _)| t == own));
        let mut raised = vec![bare];
        for (t, least) in &below {
            let more = power_in(m, t).to_f64() - least.to_f64();
            if more.fract() != 0.0 || !(0.0..4.0).contains(&more) {
                return None;
            }
            let divisor = monomials(g, t, 0)?;
            for _ in 0..more as usize {
                raised = raised.iter().flat_map(|r| divisor.iter().map(|d| r.times(d))).collect();
                if raised.len() > TERMS {
                    return None;
                }
            }
        }
        above.extend(raised);
    }
    let mut parts = Vec::new();
    for m in &above {
        let own = indices_of(m.factors.iter().map(|(t, _)| t));
        let product = g.contract(Number::ONE, &m.factors, &own);
        parts.push((m.coeff, Tensor::new(product, own)));
    }
    let numerator = Tensor::new(g.sum_as(&parts, &axes), axes.clone());
    let mut factors = vec![(numerator, Number::ONE)];
    factors.extend(below);
    Some(g.contract(Number::ONE, &factors, &axes))
}

/// The terms that a tensor is the sum of, sums within products multiplied out.
fn monomials(g: &mut Graph, t: &Tensor, depth: usize) -> Option<Vec<Monomial>> {
    let alone = || vec![Monomial { coeff: Number::ONE, factors: vec![(t.clone(), Number::ONE)] }];
    if depth > 4 || (g.name(t.node).is_some() && depth > 0) {
        return Some(alone());
    }
    let locals: Vec<Index> = t.indices.clone();
    Some(match g.op(t.node).clone() {
        Op::Number(n) => vec![Monomial { coeff: n, factors: Vec::new() }],
        Op::Sum(terms) => {
            let mut all = Vec::new();
            for term in terms {
                let inner = g.tensor(&term.operand, &locals);
                for m in monomials(g, &inner, depth + 1)? {
                    all.push(Monomial { coeff: m.coeff.mul(term.coeff), ..m });
                }
            }
            all
        }
        Op::Product { coeff, factors, bound } if bound.is_empty() => {
            let mut all = vec![Monomial { coeff, factors: Vec::new() }];
            for f in factors {
                let inner = g.tensor(&f.operand, &locals);
                let parts = if f.power.is_one() {
                    monomials(g, &inner, depth + 1)?
                } else {
                    vec![Monomial { coeff: Number::ONE, factors: vec![(inner, f.power)] }]
                };
                all = all.iter().flat_map(|m| parts.iter().map(|p| m.times(p))).collect();
                if all.len() > TERMS {
                    return None;
                }
            }
            all
        }
        Op::Select { op: CompareOp::Equal, lhs, rhs, then, otherwise }
            if g.is_zero(rhs.node) && g.is_zero(then.node) && has_factor(g, otherwise.node, lhs.node) =>
        {
            let inner = g.tensor(&otherwise, &locals);
            monomials(g, &inner, depth + 1)?
        }
        // A quotient that is 0 where its dividend is: counts as the quotient.
        Op::Map { function, args } => {
            let Some(text) = function.spec().written else { return Some(alone()) };
            let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &locals)).collect();
            let row = g.row(text, &args, None);
            monomials(g, &row, depth + 1)?
        }
        _ => alone(),
    })
}

/// Whether a product is 0 where one of its factors is.
fn has_factor(g: &Graph, product: NodeId, factor: NodeId) -> bool {
    match g.op(product) {
        Op::Product { factors, .. } => factors.iter().any(|f| f.operand.node == factor),
        _ => product == factor,
    }
}
