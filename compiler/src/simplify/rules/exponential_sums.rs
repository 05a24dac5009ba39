//! Sums of products of exponentials and of what else is positive: Σ w eˣ = eᵐ Σ w eˣ⁻ᵐ for every m, so that
//! logarithms, quotients and powers of such sums are numbers wherever the truth is.
//!
//! m is the greatest of the exponents. Since nothing depends on it, it is differentiated as the constant that
//! it might as well be.

use super::{Opened, inner, is_function, terms_of};
use crate::ir::build::indices_of;
use crate::ir::{AxisFn, Factor, Graph, Index, NodeId, Number, Op, Tensor};
use crate::syntax::ast::CompareOp;

const ONE: Number = Number::ONE;

/// A term of a sum, `coeff · Π weightᵖ · exp(Σ c·exponent)`, summed along `bound`.
#[derive(Clone, Debug)]
struct Part {
    coeff: Number,
    weight: Vec<(Tensor, Number)>,
    exponent: Vec<(Number, Tensor)>,
    bound: Vec<Index>,
}

impl Part {
    fn constant(coeff: Number) -> Self {
        Self { coeff, weight: Vec::new(), exponent: Vec::new(), bound: Vec::new() }
    }

    fn weighted(t: &Tensor) -> Self {
        Self { weight: vec![(t.clone(), ONE)], ..Self::constant(ONE) }
    }

    fn exponential(coeff: Number, exponent: Tensor) -> Self {
        Self { exponent: vec![(ONE, exponent)], ..Self::constant(coeff) }
    }

    fn is_one(&self) -> bool {
        self.coeff.is_one() && self.magnitude_is_one()
    }

    fn magnitude_is_one(&self) -> bool {
        self.coeff.magnitude().is_one() && self.weight.is_empty() && self.exponent.is_empty()
    }

    /// The exponent, 0 where there is none.
    fn exponent(&self, g: &mut Graph) -> Tensor {
        g.sum(&self.exponent)
    }

    /// 1 or −1 where the sign is known, whatever the inputs are.
    fn sign(&self, g: &Graph) -> Option<bool> {
        let known = self.weight.iter().all(|(t, power)| {
            let range = g.interval(t.node);
            let positive = range.excludes_zero() && range.low > 0.0;
            (positive && power.to_f64().is_finite()) || matches!(g.op(t.node), Op::Extent(_))
        });
        (known && !self.coeff.is_zero()).then_some(!self.coeff.is_negative())
    }

    /// The logarithm of the size of a term whose sign is known.
    fn log(&self, g: &mut Graph) -> Tensor {
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
struct Parts {
    all: Vec<Part>,
    /// Whether a term has been made of a sum of exponentials within.
    nested: bool,
    /// Bases of powers with an exponent as data.
    bases: Vec<Tensor>,
    /// How many sums there are around it.
    depth: usize,
}

/// Sums within products within sums, at most: what is deeper may be met along many paths.
const DEEPEST: usize = 3;

impl Parts {
    fn of(g: &mut Graph, t: &Tensor, depth: usize) -> Self {
        let mut parts = Self { depth, ..Self::default() };
        parts.add(g, ONE, t);
        parts
    }

    fn have_exponents(&self) -> bool {
        self.all.iter().any(|p| !p.exponent.is_empty())
    }

    fn add(&mut self, g: &mut Graph, coeff: Number, t: &Tensor) {
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
                bound: term.bound,
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

/// The logarithm of an element-wise function or softmax that is positive everywhere. What has been shifted is
/// as it should be.
pub(super) fn exponent_of(g: &mut Graph, t: &Tensor) -> Option<Tensor> {
    match g.op(t.node).clone() {
        Op::Map { function, args } => {
            let text = function.spec().log?;
            let args: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &t.indices)).collect();
            if function.name() == "exp" && is_shifted(g, args[0].node) {
                return None;
            }
            Some(g.row(text, &args, None))
        }
        Op::Axis { function: AxisFn::Softmax, arg, along, .. } => {
            let u = g.tensor(&arg, &t.indices);
            let along: Vec<Index> = along.iter().map(|&a| t.indices[a as usize]).collect();
            Some(g.axis(AxisFn::LogSoftmax, &u, &along))
        }
        _ => None,
    }
}

/// Whether the greatest exponent is taken away from this one.
fn is_shifted(g: &Graph, id: NodeId) -> bool {
    let held = |c: Number, id: NodeId| c.is_negative() && is_function(g, id, "held");
    match g.op(id) {
        Op::Sum(terms) => terms.iter().any(|t| held(t.coeff, t.operand.node)),
        Op::Product { coeff, factors, .. } => factors.iter().any(|f| held(*coeff, f.operand.node)),
        _ => false,
    }
}

/// Base and exponent of a power with an exponent as data.
pub(super) fn power_of(g: &Graph, t: &Tensor) -> Option<(Tensor, Tensor)> {
    let Op::Map { function, args } = g.op(t.node) else { return None };
    (function.name() == "pow").then(|| (g.tensor(&args[0], &t.indices), g.tensor(&args[1], &t.indices)))
}

/// log(baseᵖ) = p log base, of a positive base, by the factors of it where it is a product: that may be too large
/// or too small for a number where the logarithms are not.
pub(super) fn log_of_power(g: &mut Graph, base: &Tensor, exponent: &Tensor) -> Vec<(Number, Tensor)> {
    let apart = match g.op(base.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && !coeff.is_negative() => {
            let factors: Vec<_> =
                factors.iter().map(|f| (g.tensor(&f.operand, &base.indices), f.power)).collect();
            Some((coeff, factors))
        }
        _ => None,
    };
    let Some((coeff, factors)) = apart else {
        return vec![(ONE, g.call("xlogy", &[exponent.clone(), base.clone()]))];
    };
    let mut logs = Vec::new();
    for (t, power) in factors {
        let size = if is_positive(g, t.node) { t } else { g.call("abs", &[t]) };
        logs.push((power, g.call("xlogy", &[exponent.clone(), size])));
    }
    if !coeff.is_one() {
        let c = g.constant(coeff);
        let log = g.call("log", &[c]);
        logs.push((ONE, g.multiply(&[exponent.clone(), log])));
    }
    logs
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

pub(super) fn is_positive(g: &Graph, id: NodeId) -> bool {
    g.interval(id).low >= 1e-30
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

/// log Σ of terms that are positive whatever the inputs are, among them exponentials that a number may not
/// hold.
fn log_of_positive_sum(g: &mut Graph, t: &Tensor) -> Option<Tensor> {
    let sum = Taken::apart(g, t, 0)?;
    (sum.is_dangerous() && sum.parts.bases.is_empty() && sum.is_positive())
        .then(|| log_of_sum(g, &sum.parts.all))
}

/// A sum taken apart, and how large its exponentials may be.
struct Taken {
    parts: Parts,
    /// The sign of each term, where it is known.
    signs: Vec<Option<bool>>,
    overflows: bool,
    underflows: bool,
}

impl Taken {
    fn apart(g: &mut Graph, t: &Tensor, depth: usize) -> Option<Self> {
        if exponentials(g, t.node) == 0 {
            return None;
        }
        let parts = Parts::of(g, t, depth);
        Self::of(g, parts)
    }

    fn of(g: &mut Graph, parts: Parts) -> Option<Self> {
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
    fn is_dangerous(&self) -> bool {
        self.overflows || self.underflows
    }

    fn is_positive(&self) -> bool {
        self.signs.iter().all(|s| *s == Some(true))
    }

    /// The logarithm of the sum, if it is best found by way of the exponents.
    fn log(&self, g: &mut Graph) -> Option<Tensor> {
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

/// log Σ of terms of one sign.
fn log_of_sum(g: &mut Graph, parts: &[Part]) -> Tensor {
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
fn shifted(g: &mut Graph, parts: &[Part]) -> (Tensor, Tensor) {
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

/// How many exponentials there are within the sums and products at a node, as far as they are taken apart: what
/// the measure counts where a number may not hold them.
pub(in crate::simplify) fn exponentials(g: &Graph, id: NodeId) -> usize {
    fn count(g: &Graph, id: NodeId, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        match g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| count(g, t.operand.node, depth - 1)).sum(),
            Op::Product { factors, .. } => factors.iter().map(|f| count(g, f.operand.node, depth - 1)).sum(),
            Op::Map { function, args } => match function.name() {
                "exp" => usize::from(!is_shifted(g, args[0].node)),
                "expm1" | "sinh" | "pow" | "tanh" => 1,
                _ => usize::from(function.spec().log.is_some()),
            },
            Op::Axis { function: AxisFn::Softmax, .. } => 1,
            _ => 0,
        }
    }
    count(g, id, 6)
}

/// log Σ w eˣ by way of the greatest x, or of logarithms of the terms where all signs are known
pub(super) fn log_of(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Map { function, args } = g.op(id).clone() else { return None };
    let (factor, x, shifted_by_one) = match (function.name(), args.as_slice()) {
        ("log", [x]) => (None, x, false),
        ("log1p", [x]) => (None, x, true),
        ("xlogy", [c, x]) => (Some(c), x, false),
        ("xlog1py", [c, x]) => (Some(c), x, true),
        _ => return None,
    };
    if exponentials(g, x.node) == 0 {
        return None;
    }
    let out = g.locals(id);
    let x = g.tensor(x, &out);
    let mut parts = Parts::default();
    if shifted_by_one {
        parts.all.push(Part::constant(ONE));
    }
    parts.add(g, ONE, &x);
    let sum = Taken::of(g, parts)?;
    let mut log = sum.log(g)?;
    if let Some(c) = factor {
        let c = g.tensor(c, &out);
        log = g.multiply(&[c, log]);
    }
    // Where a base is not positive all stays as it is.
    if !sum.parts.bases.is_empty() {
        let plain = plain_powers(g, &x, &sum.parts.bases);
        let mut args: Vec<Tensor> = factor.map(|c| g.tensor(c, &out)).into_iter().collect();
        args.push(plain);
        let otherwise = g.map(function, &args);
        return Some(where_positive(g, &sum.parts.bases, &log, &otherwise, &out));
    }
    Some(g.tensor_as(&log, &out))
}

/// One where all bases are positive, the other elsewhere, along `out`: along other indices, where all of them are.
pub(super) fn where_positive(
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
pub(super) fn plain_powers(g: &mut Graph, t: &Tensor, bases: &[Tensor]) -> Tensor {
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

/// P/Q with sums of exponentials: each by its greatest exponent
pub(super) fn quotient(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let over = |g: &Graph, f: &Factor| f.power.is_negative() && exponentials(g, f.operand.node) > 0;
    let mut p = Opened::about(g, id, over)?;
    let mut bases: Vec<Tensor> = Vec::new();
    let mut found = false;
    let original = p.factors.clone();
    // What is above matters only where what is below is taken apart.
    for below in [true, false] {
        for k in 0..original.len() {
            let (t, power) = p.factors[k].clone();
            if power.is_negative() != below || power.as_int().is_none() {
                continue;
            }
            // What cancels near 0, as expm1, is best left to itself.
            if matches!(g.op(t.node), Op::Map { .. }) {
                continue;
            }
            let Some(sum) = Taken::apart(g, &t, 0).filter(|sum| sum.overflows) else { continue };
            if !below && !found {
                return None;
            }
            if below
                && !found
                && let Some(node) = share(g, &p, k, &sum)
            {
                return Some(node);
            }
            found = true;
            for base in &sum.parts.bases {
                if !bases.contains(base) {
                    bases.push(base.clone());
                }
            }
            let (rest, shift) = shifted(g, &sum.parts.all);
            let scaled = g.scale(power, &shift);
            p.factors[k] = (rest, power);
            p.factors.push((g.call("exp", &[scaled]), ONE));
        }
    }
    if !found {
        return None;
    }
    // Powers of these bases beside it are exponentials, too.
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        if let Some((base, exponent)) =
            power_of(g, &t).filter(|(base, _)| bases.iter().any(|b| b.node == base.node))
        {
            let logs = log_of_power(g, &base, &exponent);
            let log = g.sum(&logs);
            let scaled = g.scale(power, &log);
            p.factors[k] = (g.call("exp", &[scaled]), ONE);
        }
    }
    let factors = exponentials_joined(g, p.factors.clone());
    p.factors = original;
    Some(guarded(g, &p, (p.coeff, &factors), &bases))
}

/// The product with `coeff` and `factors`, where the bases are positive; elsewhere `p` as it was. What both have stays
/// outside the choice.
fn guarded(
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

/// eᵘ/(c eᵘ + R) = σ(u + log c − log R)/c for positive c and R: its derivatives do not cancel.
fn share(g: &mut Graph, p: &Opened, below: usize, sum: &Taken) -> Option<NodeId> {
    if p.factors[below].1 != Number::MINUS_ONE || !sum.is_positive() || sum.parts.all.len() < 2 {
        return None;
    }
    for k in (0..p.factors.len()).filter(|&k| k != below) {
        let (t, power) = p.factors[k].clone();
        let exponent = match (inner(g, &t, "exp"), power_of(g, &t)) {
            (Some(u), _) => u,
            (None, Some((base, exponent))) => {
                let logs = log_of_power(g, &base, &exponent);
                g.sum(&logs)
            }
            _ => continue,
        };
        if !power.is_one() {
            continue;
        }
        let mut found = None;
        for (n, part) in sum.parts.all.iter().enumerate() {
            if part.weight.is_empty() && part.bound.is_empty() && part.exponent(g) == exponent {
                found = Some(n);
            }
        }
        let Some(n) = found else { continue };
        let mut rest = sum.parts.all.clone();
        let own = rest.remove(n);
        let (own_log, rest) = (own.log(g), log_of_sum(g, &rest));
        let odds = g.sum(&[(ONE, own_log), (Number::MINUS_ONE, rest)]);
        let mut factors = p.factors.clone();
        factors[k] = (g.call("sigmoid", &[odds]), ONE);
        factors.remove(below);
        let coeff = p.coeff.mul(own.coeff.pow(Number::MINUS_ONE));
        return Some(guarded(g, p, (coeff, &factors), &sum.parts.bases));
    }
    None
}

/// eᵘ eᵛ = eᵘ⁺ᵛ for those along the same indices or fewer: apart one is infinite where the other is 0.
fn exponentials_joined(g: &mut Graph, factors: Vec<(Tensor, Number)>) -> Vec<(Tensor, Number)> {
    let (exps, mut rest): (Vec<_>, Vec<_>) =
        factors.into_iter().partition(|(t, power)| power.is_one() && inner(g, t, "exp").is_some());
    let mut joined: Vec<Tensor> = Vec::new();
    for (t, _) in exps {
        let Some(u) = inner(g, &t, "exp") else { continue };
        let within = |x: &Tensor, y: &Tensor| x.indices.iter().all(|i| y.indices.contains(i));
        match joined.iter_mut().find(|v| within(v, &u) || within(&u, v)) {
            Some(v) => *v = g.sum(&[(ONE, v.clone()), (ONE, u)]),
            None => joined.push(u),
        }
    }
    for u in joined {
        rest.push((g.call("exp", &[u]), ONE));
    }
    rest
}

/// (Σ w eˣ)ᵖ = exp(p log Σ w eˣ) where all terms are positive, as of (1 + eˣ)ᵖ or σ(x)ᵖ: for exponents as data and
/// for fractions
pub(super) fn power(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Op::Map { function, args } = g.op(id).clone() {
        if !matches!(function.name(), "pow" | "pow_plain") || exponentials(g, args[0].node) == 0 {
            return None;
        }
        let out = g.locals(id);
        let [base, exponent] = [&args[0], &args[1]].map(|a| g.tensor(a, &out));
        let log = exponent_of(g, &base).or_else(|| log_of_positive_sum(g, &base))?;
        let scaled = g.multiply(&[exponent, log]);
        let power = g.call("exp", &[scaled]);
        return Some(g.tensor_as(&power, &out));
    }
    let rooted = |g: &Graph, f: &Factor| f.power.as_int().is_none() && exponentials(g, f.operand.node) > 0;
    let mut p = Opened::about(g, id, rooted)?;
    for k in 0..p.factors.len() {
        let (t, power) = p.factors[k].clone();
        if power.as_int().is_some() {
            continue;
        }
        let Some(log) = exponent_of(g, &t).or_else(|| log_of_positive_sum(g, &t)) else { continue };
        let scaled = g.scale(power, &log);
        p.factors[k] = (g.call("exp", &[scaled]), ONE);
        return Some(p.closed(g));
    }
    None
}
