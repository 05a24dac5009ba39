//! What a sum of exponentials comes to: by logarithms of its terms, or less their greatest exponent.

use super::ONE;
use super::exponents::exponentials;
use super::parts::{Part, Parts};
use crate::ir::build::indices_of;
use crate::ir::{AxisFn, Graph, Index, Number, Tensor};

/// A sum taken apart, and how large its exponentials may be.
pub(super) struct Taken {
    pub(super) parts: Parts,
    /// The sign of each term, where it is known.
    pub(super) signs: Vec<Option<bool>>,
    pub(super) overflows: bool,
    pub(super) underflows: bool,
}

impl Taken {
    pub(super) fn apart(g: &mut Graph, t: &Tensor, depth: usize) -> Option<Self> {
        if exponentials(g, t.node) == 0 {
            return None;
        }
        let parts = Parts::of(g, t, depth);
        Self::of(g, parts)
    }

    pub(super) fn of(g: &mut Graph, parts: Parts) -> Option<Self> {
        let parts = parts.with_one_constant();
        let several = parts.nested || parts.all.len() > 1 || parts.all.iter().any(|p| !p.bound.is_empty());
        if !several || !parts.have_exponents() {
            return None;
        }
        let (mut overflows, mut underflows) = (false, true);
        for part in &parts.all {
            let x = part.exponent(g);
            let range = g.interval(x.node);
            overflows |= !part.exponent.is_empty() && range.high == f64::INFINITY;
            underflows &= !part.exponent.is_empty() && range.low == f64::NEG_INFINITY;
        }
        let signs = parts.all.iter().map(|p| p.sign(g)).collect();
        Some(Self { parts, signs, overflows, underflows })
    }

    /// Whether the sum may be infinite or 0 where the truth is neither.
    pub(super) fn is_dangerous(&self) -> bool {
        self.overflows || self.underflows
    }

    pub(super) fn is_positive(&self) -> bool {
        self.signs.iter().all(|s| *s == Some(true))
    }

    /// The logarithm of the sum, if it is best found by way of the exponents.
    pub(super) fn log(&self, g: &mut Graph) -> Option<Tensor> {
        if !self.signs.iter().all(Option::is_some) {
            if !self.is_dangerous() {
                return None;
            }
            let (rest, shift) = shifted(g, &self.parts.all);
            let log = g.call("log", &[rest]);
            return Some(g.sum(&[(ONE, log), (ONE, shift)]));
        }
        let of_sign = |positive: bool| -> Vec<Part> {
            let all = self.parts.all.iter().zip(&self.signs);
            all.filter(|(_, s)| **s == Some(positive)).map(|(p, _)| p.clone()).collect()
        };
        let (positive, negative) = (of_sign(true), of_sign(false));
        if negative.is_empty() {
            return self.is_dangerous().then(|| log_of_sum(g, &positive));
        }
        // log(eᵃ − eᵇ) = a + log(1 − eᵇ⁻ᵃ)
        let one = matches!(positive.as_slice(), [only] if only.is_one());
        if !one && !positive.iter().any(|p| !p.exponent.is_empty()) {
            return None;
        }
        let (a, b) = (log_of_sum(g, &positive), log_of_sum(g, &negative));
        if g.is_zero(b.node) {
            // log(eᵃ − 1) = log a + log((eᵃ − 1)/a)
            let log = g.call("log", std::slice::from_ref(&a));
            let rest = g.call("log_exprel", &[a]);
            return Some(g.sum(&[(ONE, log), (ONE, rest)]));
        }
        let less = g.sum(&[(ONE, b), (Number::MINUS_ONE, a.clone())]);
        let rest = g.call("log1mexp", &[less]);
        Some(g.sum(&[(ONE, a), (ONE, rest)]))
    }
}

/// log Σ of terms that are positive whatever the inputs are, among them exponentials that a number may not
/// hold.
pub(super) fn log_of_positive_sum(g: &mut Graph, t: &Tensor) -> Option<Tensor> {
    let sum = Taken::apart(g, t, 0)?;
    (sum.is_dangerous() && sum.parts.bases.is_empty() && sum.is_positive())
        .then(|| log_of_sum(g, &sum.parts.all))
}

/// log Σ of terms of one sign.
pub(super) fn log_of_sum(g: &mut Graph, parts: &[Part]) -> Tensor {
    let (ones, rest): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|p| p.magnitude_is_one());
    let mut log: Option<Tensor> = None;
    for part in rest {
        let next = part.log(g);
        log = Some(match log {
            Some(before) => g.call("logaddexp", &[before, next]),
            None => next,
        });
    }
    match (log, ones.is_empty()) {
        (Some(log), true) => log,
        (Some(log), false) => g.call("softplus", &[log]),
        (None, _) => g.constant(Number::ZERO),
    }
}

/// Σ w eˣ as Σ w eˣ⁻ᵐ and m.
pub(super) fn shifted(g: &mut Graph, parts: &[Part]) -> (Tensor, Tensor) {
    let mut peak: Option<Tensor> = None;
    let mut split = Vec::new();
    for part in parts {
        let x = part.exponent(g);
        let weight = (!part.weight.is_empty()).then(|| g.factored(ONE, &part.weight));
        // What has the weight 0 is not there, however large it is.
        let mut greatest = match &weight {
            Some(w) => g.call("peak", &[w.clone(), x.clone()]),
            None => x.clone(),
        };
        let along: Vec<Index> = part.bound.iter().copied().filter(|i| greatest.indices.contains(i)).collect();
        if !along.is_empty() {
            greatest = g.axis(AxisFn::Max, &greatest, &along);
        }
        peak = Some(match peak {
            Some(before) => g.call("max", &[before, greatest]),
            None => greatest,
        });
        split.push((weight, x));
    }
    let peak = peak.unwrap_or_else(|| g.constant(Number::ZERO));
    let shift = g.call("held", &[peak]);
    let mut terms = Vec::new();
    for (part, (weight, x)) in parts.iter().zip(split) {
        let less = g.sum(&[(ONE, x), (Number::MINUS_ONE, shift.clone())]);
        let term = match weight {
            Some(w) => g.call("xexpy", &[w, less]),
            None => g.call("exp", &[less]),
        };
        let out: Vec<Index> = indices_of([&term]).into_iter().filter(|i| !part.bound.contains(i)).collect();
        let node = g.contract_over(ONE, &[(term, ONE)], &out, &part.bound);
        terms.push((part.coeff, Tensor::new(node, out)));
    }
    (g.sum(&terms), shift)
}
