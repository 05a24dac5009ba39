//! The derivative of a product, by its factors.
//!
//! Each factor's share is the product of all others: written out, n products of n − 1, and n² of them one
//! derivative further. Where there are many, the products of halves, of halves of these and so on have names,
//! so that each is computed once and none is taken into what uses it: in all, three multiplications a factor.

use super::{Sweep, is_sum_of_squares};
use crate::ir::{Factor, Graph, Index, NodeId, Number, Tensor};

/// So many factors are written out: the constructors take products of no more into others, too.
const MANY: usize = 12;
/// Halves of so many are.
const FEW: usize = 4;

type Raised = (Tensor, Number);

/// A product that a sweep is at.
pub(super) struct Factors<'a> {
    pub(super) coeff: Number,
    pub(super) factors: &'a [Factor],
    /// The product's indices.
    pub(super) locals: &'a [Index],
}

impl Factors<'_> {
    fn raised(&self, g: &Graph, k: usize) -> Raised {
        (g.tensor(&self.factors[k].operand, self.locals), self.factors[k].power)
    }

    /// The factors along the same axes, if these are many.
    fn alike(&self) -> Vec<usize> {
        let along = |k: usize| &self.factors[k].operand.axes;
        let distinct = |axes: &[u8]| axes.iter().enumerate().all(|(k, a)| !axes[..k].contains(a));
        let candidates = if self.factors.len() > MANY { self.factors.len() - MANY } else { 0 };
        let found = (0..candidates).find_map(|first| {
            let same: Vec<usize> =
                (first..self.factors.len()).filter(|&k| along(k) == along(first)).collect();
            (same.len() > MANY && distinct(along(first))).then_some(same)
        });
        found.unwrap_or_default()
    }

    /// The product of some of the factors along the same axes, named if it is one of more than one.
    fn part(&self, g: &mut Graph, of: &[usize], names: &mut Names) -> Tensor {
        let axes = g.tensor(&self.factors[of[0]].operand, self.locals).indices;
        let parts: Vec<Raised> = if of.len() <= FEW {
            of.iter().map(|&k| self.raised(g, k)).collect()
        } else {
            let (left, right) = of.split_at(of.len() / 2);
            [left, right].map(|half| (self.part(g, half, names), Number::ONE)).to_vec()
        };
        named(g, &parts, axes, names)
    }
}

fn named(g: &mut Graph, parts: &[Raised], axes: Vec<Index>, names: &mut Names) -> Tensor {
    let node = g.contract(Number::ONE, parts, &axes);
    names.give(g, node);
    Tensor::new(node, axes)
}

/// `u1`, `u2`, ... without those that mean something already.
struct Names {
    next: usize,
}

impl Names {
    fn new(g: &Graph) -> Self {
        let number = |name: &str| name.strip_prefix('u').and_then(|k| k.parse::<usize>().ok());
        Self { next: g.names().filter_map(number).max().unwrap_or(0).saturating_add(1) }
    }

    fn give(&mut self, g: &mut Graph, node: NodeId) {
        if g.name(node).is_none() {
            g.set_name(node, &format!("u{}", self.next));
            self.next = self.next.saturating_add(1);
        }
    }
}

impl Sweep {
    /// ∂(c Σ Π xᵢ^pᵢ)/∂xₖ = c pₖ xₖ^(pₖ−1) Π_{i≠k} xᵢ^pᵢ
    pub(super) fn propagate_product(&mut self, g: &mut Graph, product: &Factors<'_>, ct: &Tensor) {
        let many = product.alike();
        let others: Vec<usize> = (0..product.factors.len()).filter(|k| !many.contains(k)).collect();
        let mut names = Names { next: 0 };
        let mut around = vec![(ct.clone(), Number::ONE)];
        if !many.is_empty() {
            names = Names::new(g);
            around.push((product.part(g, &many, &mut names), Number::ONE));
        }
        self.give_each(g, product, &others, &around);
        if !many.is_empty() {
            around.truncate(1);
            around.extend(others.iter().map(|&k| product.raised(g, k)));
            self.give_halves(g, product, &many, &around, None, &mut names);
        }
    }

    /// Gives the factors `of`, beside each other and beside `around`, their shares.
    fn give_each(&mut self, g: &mut Graph, product: &Factors<'_>, of: &[usize], around: &[Raised]) {
        for &k in of {
            let f = &product.factors[k];
            if !self.wants(f.operand.node) {
                continue;
            }
            let mut parts = around.to_vec();
            for &n in of {
                let (t, power) = product.raised(g, n);
                if n != k {
                    parts.push((t, power));
                } else if f.power == Number::HALF && is_sum_of_squares(g, t.node) {
                    let root = g.power(&t, Number::HALF);
                    parts.push((g.call("recip0", &[root]), Number::ONE));
                } else {
                    parts.push((t, power.add(Number::MINUS_ONE)));
                }
            }
            self.give(g, &f.operand, product.locals, product.coeff.mul(f.power), &parts);
        }
    }

    /// The same of many along the same axes, half by half; `beside` is what their other halves multiply to.
    fn give_halves(
        &mut self,
        g: &mut Graph,
        product: &Factors<'_>,
        of: &[usize],
        around: &[Raised],
        beside: Option<&Tensor>,
        names: &mut Names,
    ) {
        if of.len() <= FEW {
            let beside = beside.map(|t| (t.clone(), Number::ONE));
            let around: Vec<Raised> = around.iter().cloned().chain(beside).collect();
            return self.give_each(g, product, of, &around);
        }
        let (left, right) = of.split_at(of.len() / 2);
        for (half, other) in [(left, right), (right, left)] {
            if !half.iter().any(|&k| self.wants(product.factors[k].operand.node)) {
                continue;
            }
            let mut more = product.part(g, other, names);
            if let Some(beside) = beside {
                let axes = more.indices.clone();
                more = named(g, &[(beside.clone(), Number::ONE), (more, Number::ONE)], axes, names);
            }
            self.give_halves(g, product, half, around, Some(&more), names);
        }
    }
}
