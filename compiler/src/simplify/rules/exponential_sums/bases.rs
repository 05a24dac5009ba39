//! Choices by whether the bases of powers are positive.

use super::ONE;
use super::exponents::power_of;
use crate::ir::build::indices_of;
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};
use crate::simplify::rules::{Opened, terms_of};
use crate::syntax::ast::CompareOp;

/// One where all bases are positive, the other elsewhere, along `out`: along other indices, where all of them are.
pub(in crate::simplify::rules) fn where_positive(
    g: &mut Graph,
    bases: &[Tensor],
    then: &Tensor,
    otherwise: &Tensor,
    out: &[Index],
) -> NodeId {
    let mut least: Option<Tensor> = None;
    for base in bases {
        let along: Vec<Index> = indices_of([base]).into_iter().filter(|i| !out.contains(i)).collect();
        let own = if along.is_empty() {
            base.clone()
        } else {
            let minus = g.negate(base);
            let greatest = g.axis(AxisFn::Max, &minus, &along);
            g.negate(&greatest)
        };
        least = Some(match least {
            Some(least) => g.call("min", &[least, own]),
            None => own,
        });
    }
    let zero = g.constant(Number::ZERO);
    let least = least.unwrap_or_else(|| zero.clone());
    g.select_as(CompareOp::Greater, &least, &zero, then, otherwise, out)
}

/// The same with powers of these bases that no rule takes apart.
pub(in crate::simplify::rules) fn plain_powers(g: &mut Graph, t: &Tensor, bases: &[Tensor]) -> Tensor {
    if let Some((base, exponent)) = power_of(g, t) {
        let own = bases.iter().any(|b| b.node == base.node);
        return if own { g.call("pow_plain", &[base, exponent]) } else { t.clone() };
    }
    match g.op(t.node).clone() {
        Op::Sum(_) => {
            let terms: Vec<_> =
                terms_of(g, t).into_iter().map(|(c, x)| (c, plain_powers(g, &x, bases))).collect();
            let node = g.sum_as(&terms, &t.indices);
            Tensor::new(node, t.indices.clone())
        }
        Op::Product { .. } => {
            let Some(mut p) = Opened::product(g, t.node) else { return t.clone() };
            for (x, _) in &mut p.factors {
                let own = x.clone().renamed(&p.out, &t.indices);
                *x = plain_powers(g, &own, bases).renamed(&t.indices, &p.out);
            }
            Tensor::new(p.closed(g), t.indices.clone())
        }
        _ => t.clone(),
    }
}

/// The product with `coeff` and `factors`, where the bases are positive; elsewhere `p` as it was. What both have stays
/// outside the choice.
pub(super) fn guarded(
    g: &mut Graph,
    p: &Opened,
    (coeff, factors): (Number, &[(Tensor, Number)]),
    bases: &[Tensor],
) -> NodeId {
    if bases.is_empty() {
        return g.contract_over(coeff, factors, &p.out, &p.bound);
    }
    let (mut both, then): (Vec<_>, Vec<_>) = factors.iter().cloned().partition(|f| p.factors.contains(f));
    let otherwise: Vec<_> = p.factors.iter().filter(|f| !both.contains(f)).cloned().collect();
    let out = indices_of(then.iter().chain(&otherwise).map(|(t, _)| t));
    let then = g.factored(coeff, &then);
    let plain: Vec<_> = otherwise.iter().map(|(t, power)| (plain_powers(g, t, bases), *power)).collect();
    let otherwise = g.factored(p.coeff, &plain);
    let node = where_positive(g, bases, &then, &otherwise, &out);
    both.push((Tensor::new(node, out), ONE));
    g.contract_over(ONE, &both, &p.out, &p.bound)
}
