//! Sums taken apart into products of weights and exponentials.

use super::ONE;
use super::exponents::{exponent_of, exponentials, is_positive, log_of_power, power_of};
use super::taken::{Taken, log_of_sum, shifted};
use crate::ir::{AxisFn, Graph, Index, NodeId, Number, Op, Tensor};
use crate::simplify::rules::{Opened, inner, terms_of};

/// A term of a sum, `coeff · Π weightᵖ · exp(Σ c·exponent)`, summed along `bound`.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) coeff: Number,
    pub(super) weight: Vec<(Tensor, Number)>,
    pub(super) exponent: Vec<(Number, Tensor)>,
    pub(super) bound: Vec<Index>,
}

impl Part {
    pub(super) fn constant(coeff: Number) -> Self {
        Self { coeff, weight: Vec::new(), exponent: Vec::new(), bound: Vec::new() }
    }

    fn weighted(t: &Tensor) -> Self {
        Self { weight: vec![(t.clone(), ONE)], ..Self::constant(ONE) }
    }

    fn exponential(coeff: Number, exponent: Tensor) -> Self {
        Self { exponent: vec![(ONE, exponent)], ..Self::constant(coeff) }
    }

    pub(super) fn is_one(&self) -> bool {
        self.coeff.is_one() && self.magnitude_is_one()
    }

    pub(super) fn magnitude_is_one(&self) -> bool {
        self.coeff.magnitude().is_one() && self.is_constant()
    }

    fn is_constant(&self) -> bool {
        self.weight.is_empty() && self.exponent.is_empty() && self.bound.is_empty()
    }

    /// The exponent, 0 where there is none.
    pub(super) fn exponent(&self, g: &mut Graph) -> Tensor {
        g.sum(&self.exponent)
    }

    /// 1 or −1 where the sign is known, whatever the inputs are.
    pub(super) fn sign(&self, g: &Graph) -> Option<bool> {
        let known = self.weight.iter().all(|(t, power)| {
            let range = g.interval(t.node);
            let positive = range.excludes_zero() && range.low > 0.0;
            (positive && power.to_f64().is_finite()) || matches!(g.op(t.node), Op::Extent(_))
        });
        (known && !self.coeff.is_zero()).then_some(!self.coeff.is_negative())
    }

    /// The logarithm of the size of a term whose sign is known.
    pub(super) fn log(&self, g: &mut Graph) -> Tensor {
        let mut terms = self.exponent.clone();
        for (t, power) in &self.weight {
            terms.push((*power, g.call("log", std::slice::from_ref(t))));
        }
        let mut log = g.sum(&terms);
        if !self.bound.is_empty() {
            log = g.axis(AxisFn::LogSumExp, &log, &self.bound);
        }
        if self.coeff.magnitude().is_one() {
            return log;
        }
        let size = g.constant(self.coeff.magnitude());
        let beside = g.call("log", &[size]);
        g.sum(&[(ONE, log), (ONE, beside)])
    }
}

/// What is known of a sum: its terms, and what must be positive for them to be what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) all: Vec<Part>,
    /// Whether a term has been made of a sum of exponentials within.
    pub(super) nested: bool,
    /// Bases of powers with an exponent as data.
    pub(super) bases: Vec<Tensor>,
    /// How many sums there are around it.
    depth: usize,
}

/// Sums within products within sums, at most: what is deeper may be met along many paths.
const DEEPEST: usize = 3;

impl Parts {
    pub(super) fn of(g: &mut Graph, t: &Tensor, depth: usize) -> Self {
        let mut parts = Self { depth, ..Self::default() };
        parts.add(g, ONE, t);
        parts
    }

    /// The same with its constants in one: each of them may have come from another part of the text.
    pub(super) fn with_one_constant(mut self) -> Self {
        let constants = self.all.iter().filter(|p| p.is_constant());
        let total = constants.fold(Number::ZERO, |total, p| total.add(p.coeff));
        self.all.retain(|p| !p.is_constant());
        if !total.is_zero() {
            self.all.push(Part::constant(total));
        }
        self
    }

    pub(super) fn have_exponents(&self) -> bool {
        self.all.iter().any(|p| !p.exponent.is_empty())
    }

    pub(super) fn add(&mut self, g: &mut Graph, coeff: Number, t: &Tensor) {
        let scaled = |part: Part| Part { coeff: part.coeff.mul(coeff), ..part };
        if let Some(x) = exponent_of(g, t) {
            self.all.push(scaled(Part::exponential(ONE, x)));
            return;
        }
        match g.op(t.node).clone() {
            Op::Number(n) => self.all.push(scaled(Part::constant(n))),
            Op::Sum(_) => {
                if let Some(x) = one_minus_tanh_squared(g, t) {
                    self.nested = true;
                    self.all.push(scaled(x));
                    return;
                }
                for (c, term) in terms_of(g, t) {
                    self.add(g, coeff.mul(c), &term);
                }
            }
            Op::Product { .. } => {
                if self.depth < DEEPEST
                    && let Some((rest, inner)) = one_sum(g, t)
                {
                    self.times_sum(g, coeff, &rest, &inner);
                    return;
                }
                let part = self.product(g, t);
                self.all.push(scaled(part));
            }
            Op::Map { function, args } => {
                let arg = g.tensor(&args[0], &t.indices);
                match function.name() {
                    "expm1" => {
                        self.all.push(scaled(Part::exponential(ONE, arg)));
                        self.all.push(scaled(Part::constant(Number::MINUS_ONE)));
                    }
                    "sinh" => {
                        let minus = g.negate(&arg);
                        self.all.push(scaled(Part::exponential(Number::HALF, arg)));
                        self.all.push(scaled(Part::exponential(Number::HALF.neg(), minus)));
                    }
                    "pow" => {
                        let part = self.product(g, t);
                        self.all.push(scaled(part));
                    }
                    _ => self.all.push(scaled(Part::weighted(t))),
                }
            }
            _ => self.all.push(scaled(Part::weighted(t))),
        }
    }

    /// A product of `rest` and the sum `inner`, term by term.
    fn times_sum(&mut self, g: &mut Graph, coeff: Number, rest: &Tensor, inner: &Tensor) {
        let bases = std::mem::take(&mut self.bases);
        let mut terms = Self { bases, depth: self.depth + 1, ..Self::default() };
        terms.add(g, coeff, inner);
        let beside = terms.product(g, rest);
        for term in terms.all {
            self.all.push(Part {
                coeff: term.coeff.mul(beside.coeff),
                weight: beside.weight.iter().chain(&term.weight).cloned().collect(),
                exponent: beside.exponent.iter().chain(&term.exponent).cloned().collect(),
                bound: beside.bound.iter().chain(&term.bound).copied().collect(),
            });
        }
        self.bases = terms.bases;
        self.nested |= terms.nested;
    }

    /// A sum of exponentials within a product, that a number may not hold.
    fn within(&self, g: &mut Graph, t: &Tensor) -> Option<Taken> {
        let deeper = self.depth + 1;
        let sum = if deeper > DEEPEST { None } else { Taken::apart(g, t, deeper) };
        sum.filter(|sum| sum.is_dangerous() && sum.parts.bases.is_empty())
    }

    /// A product, or a power with an exponent as data, as one term.
    fn product(&mut self, g: &mut Graph, t: &Tensor) -> Part {
        let opened = match g.op(t.node) {
            Op::Product { .. } => Opened::product(g, t.node),
            _ => None,
        };
        if let Some(n) = g.as_constant(t.node) {
            return Part::constant(n);
        }
        let (coeff, factors, bound) = match opened {
            Some(p) => {
                let moved = |(x, power): (Tensor, Number)| (x.renamed(&p.out, &t.indices), power);
                (p.coeff, p.factors.into_iter().map(moved).collect(), p.bound)
            }
            None => (ONE, vec![(t.clone(), ONE)], Vec::new()),
        };
        let mut part = Part { bound, ..Part::constant(coeff) };
        for (x, power) in factors {
            if let Some(log) = exponent_of(g, &x) {
                part.exponent.push((power, log));
            } else if let Some((base, exponent)) = power_of(g, &x) {
                if !is_positive(g, base.node) && !self.bases.contains(&base) {
                    self.bases.push(base.clone());
                }
                for (c, log) in log_of_power(g, &base, &exponent) {
                    part.exponent.push((power.mul(c), log));
                }
            } else if let Some(sum) = self.within(g, &x) {
                if sum.is_positive() {
                    self.nested = true;
                    part.exponent.push((power, log_of_sum(g, &sum.parts.all)));
                } else if power.as_int().is_some() {
                    self.nested = true;
                    let (rest, shift) = shifted(g, &sum.parts.all);
                    part.weight.push((rest, power));
                    part.exponent.push((power, shift));
                } else {
                    part.weight.push((x, power));
                }
            } else {
                part.weight.push((x, power));
            }
        }
        part
    }
}

/// A product as what is beside its only factor that is a sum with exponentials, and that factor.
fn one_sum(g: &mut Graph, t: &Tensor) -> Option<(Tensor, Tensor)> {
    let Op::Product { coeff, factors, bound } = g.op(t.node).clone() else { return None };
    if !bound.is_empty() {
        return None;
    }
    let is_sum = |g: &Graph, id: NodeId| match g.op(id) {
        Op::Sum(_) => exponentials(g, id) > 0,
        Op::Map { function, .. } => matches!(function.name(), "expm1" | "sinh"),
        _ => false,
    };
    let at = factors.iter().position(|f| f.power.is_one() && is_sum(g, f.operand.node))?;
    if factors.iter().enumerate().any(|(k, f)| k != at && is_sum(g, f.operand.node)) {
        return None;
    }
    let inner = g.tensor(&factors[at].operand, &t.indices);
    let rest: Vec<_> = factors
        .iter()
        .enumerate()
        .filter(|(k, _)| *k != at)
        .map(|(_, f)| (g.tensor(&f.operand, &t.indices), f.power))
        .collect();
    Some((g.factored(coeff, &rest), inner))
}

/// c (1 − tanh² u) = c / cosh² u
fn one_minus_tanh_squared(g: &mut Graph, t: &Tensor) -> Option<Part> {
    let parts = terms_of(g, t);
    let [(c, one), (d, square)] = parts.as_slice() else { return None };
    let c = c.mul(g.as_constant(one.node)?);
    if *d != c.neg() {
        return None;
    }
    let Op::Product { coeff, factors, bound } = g.op(square.node).clone() else { return None };
    let [f] = factors.as_slice() else { return None };
    if !coeff.is_one() || !bound.is_empty() || f.power != Number::TWO {
        return None;
    }
    let tanh = g.tensor(&f.operand, &square.indices);
    let u = inner(g, &tanh, "tanh")?;
    let log = g.call("log_cosh", &[u]);
    let twice = g.scale(Number::TWO.neg(), &log);
    Some(Part::exponential(c, twice))
}
