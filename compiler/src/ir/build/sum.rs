//! Sums: flattened, constants folded, like terms collected, terms in the order of their age.

use super::{INLINED, Tensor};
use crate::ir::graph::{Graph, NodeId, Op, Term};
use crate::ir::index::Index;
use crate::ir::number::Number;

impl Graph {
    /// `Σ coeff · tensor` over the indices of all.
    pub fn sum(&mut self, terms: &[(Number, Tensor)]) -> Tensor {
        let out = Self::union(&terms.iter().map(|(_, t)| t).collect::<Vec<_>>());
        Tensor::new(self.sum_as(terms, &out), out)
    }

    /// `Σ coeff · tensor` with exactly the axes `out`; what a term lacks of them is broadcast.
    pub fn sum_as(&mut self, terms: &[(Number, Tensor)], out: &[Index]) -> NodeId {
        let mut constant = Number::ZERO;
        let mut collected: Vec<(Tensor, Number)> = Vec::new();
        let mut pending: Vec<(Number, Tensor)> = terms.iter().rev().cloned().collect();
        while let Some((coeff, t)) = pending.pop() {
            if coeff.is_zero() {
                continue;
            }
            let t = self.seen_through(&t);
            let named = self.is_named(t.node);
            match self.op(t.node).clone() {
                Op::Number(n) => constant = constant.add(coeff.mul(n)),
                // What folds out of range stays a term: with it the value may be in range.
                Op::Sum(inner)
                    if !named
                        && inner.len() <= INLINED
                        && inner.iter().all(|term| coeff.within_mul(term.coeff).is_some()) =>
                {
                    for term in inner.iter().rev() {
                        pending.push((coeff.mul(term.coeff), self.tensor(&term.operand, &t.indices)));
                    }
                }
                Op::Product { coeff: c, .. } if c.is_zero() => {}
                Op::Product { coeff: c, .. } if !c.is_one() && !named && coeff.within_mul(c).is_some() => {
                    let unit = self.with_unit_coeff(t.node);
                    pending.push((coeff.mul(c), Tensor::new(unit, t.indices)));
                }
                _ => {
                    let mut t = t;
                    self.in_order(t.node, &mut t.indices, out);
                    collected.push((t, coeff));
                }
            }
        }
        // Like terms lie side by side once in order.
        collected.sort_by(|(a, _), (b, _)| (a.node, &a.indices).cmp(&(b.node, &b.indices)));
        collected.dedup_by(|(t, coeff), (kept, sum)| {
            let total = sum.add(*coeff);
            let like = t == kept && (total.is_finite() || !sum.is_finite() || !coeff.is_finite());
            if like {
                *sum = total;
            }
            like
        });
        collected.retain(|(_, c)| !c.is_zero());
        if collected.is_empty() {
            return self.fill(constant, out);
        }
        if let ([(t, c)], true) = (collected.as_slice(), constant.is_zero()) {
            return self.contract(*c, &[(t.clone(), Number::ONE)], out);
        }
        if !constant.is_zero() {
            let one = self.constant(Number::ONE);
            collected.insert(0, (one, constant));
        }
        let terms = collected
            .iter()
            .map(|(t, c)| Term { operand: Self::operand(t, out), coeff: *c })
            .collect::<Vec<_>>();
        let shape = self.extents_of(out);
        self.intern(Op::Sum(terms), shape)
    }

    /// The product `id` with coefficient 1.
    pub(super) fn with_unit_coeff(&mut self, id: NodeId) -> NodeId {
        let locals = self.locals(id);
        let rank = self.rank(id);
        let Op::Product { factors, .. } = self.op(id).clone() else { return id };
        let parts: Vec<_> = factors.iter().map(|f| (self.tensor(&f.operand, &locals), f.power)).collect();
        self.contract_over(Number::ONE, &parts, &locals[..rank], &locals[rank..])
    }

    /// `-t`
    pub fn negate(&mut self, t: &Tensor) -> Tensor {
        self.scale(Number::MINUS_ONE, t)
    }

    /// `coeff · t`
    pub fn scale(&mut self, coeff: Number, t: &Tensor) -> Tensor {
        self.sum(&[(coeff, t.clone())])
    }
}
