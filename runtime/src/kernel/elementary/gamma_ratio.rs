//! What log Γ, ψ and ψ′ differ by between two arguments, in double precision, without cancellation.
//!
//! By recurrence to large arguments, and there Stirling's series (Abramowitz and Stegun 6.1.41, 6.3.18,
//! 6.4.11), whose difference is taken term by term.

use super::gamma::{BERNOULLI, LARGE, digamma, lgamma, near_two, polygamma};

/// Below this the functions' own values are subtracted: the recurrence would be long.
const FAR: f64 = -64.0;

/// The smaller of x and x + n, the larger, and how far they are apart.
#[derive(Clone, Copy)]
struct Ends {
    low: f64,
    high: f64,
    apart: f64,
}

impl Ends {
    /// Those of x + k and x + k + n.
    fn shifted(x: f64, n: f64, k: f64) -> Self {
        // k is added to the number n first, so that x + n + k is right where x is small and n a whole number.
        let (one, other) = (x + k, x + (n + k));
        let (low, high) = if n < 0.0 { (other, one) } else { (one, other) };
        Self { low, high, apart: n.abs() }
    }

    /// Moved up until Stirling's series is exact, `step` seeing each pair on the way; nothing at poles,
    /// and far below 0.
    fn raised(x: f64, n: f64, mut step: impl FnMut(Self)) -> Option<Self> {
        let pole = |x: f64| x <= 0.0 && x == x.floor();
        let mut ends = Self::shifted(x, n, 0.0);
        if !(ends.low > FAR && ends.high < f64::INFINITY) || pole(ends.low) || pole(ends.high) {
            return None;
        }
        let mut k = 0.0;
        while ends.low < LARGE {
            step(ends);
            k += 1.0;
            ends = Self::shifted(x, n, k);
        }
        Some(ends)
    }

    /// log |high/low|
    fn log_quotient(self) -> f64 {
        if self.apart > self.low.abs() || self.low < 0.0 && self.high > 0.0 {
            self.high.abs().ln() - self.low.abs().ln()
        } else {
            (self.apart / self.low).ln_1p()
        }
    }

    /// 1/low − 1/high, and the same of squares and cubes
    fn reciprocals(self) -> [f64; 3] {
        let (u, v) = (1.0 / self.low, 1.0 / self.high);
        let first = self.apart / self.high / self.low;
        [first, first * (u + v), first * (u * u + u * v + v * v)]
    }

    /// p = Σₖ B₂ₖ₊₂ c(2k + 2) uᵏ for k = 0, 1, … at u = 1/high²; and what it is more at u = 1/low².
    fn series(self, c: impl Fn(f64) -> f64) -> [f64; 2] {
        let (u, v) = (1.0 / (self.high * self.high), 1.0 / (self.low * self.low));
        let (mut p, mut slope) = (0.0, 0.0);
        for (k, b) in BERNOULLI.iter().enumerate().rev() {
            slope = slope * v + p;
            p = p * u + b * c(2.0 * (k as f64 + 1.0));
        }
        [p, slope * self.reciprocals()[1]]
    }
}

/// log Γ(x) − ((x − ½) log x − x + ½ log 2π) for large x
fn remainder(x: f64) -> f64 {
    let terms = BERNOULLI.iter().enumerate().rev();
    terms.fold(0.0, |sum, (k, b)| {
        let m = 2.0 * (k as f64 + 1.0);
        sum / (x * x) + b / (m * (m - 1.0))
    }) / x
}

/// With the sign of n.
fn signed(n: f64, size: f64) -> f64 {
    if n < 0.0 { -size } else { size }
}

/// log Γ(x + n) − log Γ(x)
pub(super) fn log_gamma_ratio(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * x;
    }
    if n.abs() >= 1.0 && x.min(x + n) < LARGE {
        return lgamma(x + n) - lgamma(x);
    }
    let mut steps = 0.0;
    let Some(ends) = Ends::raised(x, n, |at| steps += at.log_quotient()) else {
        return lgamma(x + n) - lgamma(x);
    };
    // log Γ(x) = (x − ½) log x − x + ½ log 2π + p(1/x²)/x
    let [p, more] = ends.series(|m| 1.0 / (m * (m - 1.0)));
    let remainder = -(more / ends.low + p * ends.reciprocals()[0]);
    let low = (ends.low - 0.5) * ends.log_quotient() - ends.apart;
    signed(n, ends.apart * ends.high.ln() + low + remainder - steps)
}

/// log Γ(a) + log Γ(b) − log Γ(a + b)
pub(super) fn lbeta(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    // Not of NaN either.
    if !(low > 0.0 && high < f64::INFINITY) {
        return lgamma(a) + (lgamma(b) - lgamma(a + b));
    }
    if low < LARGE {
        return lgamma(low) - log_gamma_ratio(high, low);
    }
    // Stirling's formula for all three, the logarithms of quotients
    let rest = remainder(low) + (remainder(high) - remainder(high + low));
    let powers = (low - 0.5) * (high / low).ln_1p() + high * (low / high).ln_1p();
    (0.5 * (2.0 * core::f64::consts::PI).ln() - 0.5 * high.ln()) + rest - powers
}

/// ψ(x + n) − ψ(x)
pub(super) fn digamma_step(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * digamma(x);
    }
    let mut steps = 0.0;
    let Some(ends) = Ends::raised(x, n, |at| steps += at.reciprocals()[0]) else {
        return digamma(x + n) - digamma(x);
    };
    // ψ(x) = log x − 1/(2x) − p(1/x²)/x²
    let [p, more] = ends.series(|m| 1.0 / m);
    let [first, squares, _] = ends.reciprocals();
    let series = squares * p + more / (ends.low * ends.low);
    signed(n, ends.log_quotient() + 0.5 * first + series + steps)
}

/// ψ′(x + n) − ψ′(x)
pub(super) fn trigamma_step(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * polygamma(1, x);
    }
    let mut steps = 0.0;
    let Some(ends) = Ends::raised(x, n, |at| steps += at.reciprocals()[1]) else {
        return polygamma(1, x + n) - polygamma(1, x);
    };
    // ψ′(x) = 1/x + 1/(2x²) + p(1/x²)/x³
    let [p, more] = ends.series(|_| 1.0);
    let [first, squares, cubes] = ends.reciprocals();
    let series = cubes * p + more / ends.low / (ends.low * ends.low);
    signed(n, -(first + 0.5 * squares + series + steps))
}

/// log Γ(x + n) − log Γ(x) − n log x, which goes to 0 as x grows
pub(super) fn rising_gap(x: f64, n: f64) -> f64 {
    if n == 1.0 {
        // Γ(x + 1) = x Γ(x)
        return 0.0 * x;
    }
    if !(x >= LARGE && n > 0.0 && x + n < f64::INFINITY) {
        return log_gamma_ratio(x, n) - if n == 0.0 { 0.0 } else { n * x.ln() };
    }
    let ends = Ends { low: x, high: x + n, apart: n };
    let [p, more] = ends.series(|m| 1.0 / (m * (m - 1.0)));
    // x ((1 + u) log(1 + u) − u) − ½ log(1 + u) for u = n/x
    let u = n / x;
    let bent = n * u + ends.high * log1p_less(u);
    bent - 0.5 * ends.log_quotient() - more / x - p * ends.reciprocals()[0]
}

/// ψ(x + n) − ψ(x) − n/x, its derivative by x
pub(super) fn rising_gap_slope(x: f64, n: f64) -> f64 {
    if n == 1.0 {
        // Γ(x + 1) = x Γ(x)
        return 0.0 * x;
    }
    if !(x >= LARGE && n > 0.0 && x + n < f64::INFINITY) {
        return digamma_step(x, n) - n / x;
    }
    let ends = Ends { low: x, high: x + n, apart: n };
    let [p, more] = ends.series(|m| 1.0 / m);
    let [first, squares, _] = ends.reciprocals();
    log1p_less(n / x) + 0.5 * first + squares * p + more / (x * x)
}

/// (a − 1) log b − b − log Γ(a), with 0 log 0 = 0; of large a by the saddle point (C. Loader, "Fast and
/// Accurate Computation of Binomial Probabilities", 2000)
pub(super) fn gamma_kernel(a: f64, b: f64) -> f64 {
    let less = a - 1.0;
    if less >= LARGE && b >= 0.0 {
        return -deviance(less, b) - factorial_gap(less);
    }
    (if less == 0.0 { 0.0 } else { less * b.ln() }) - b - lgamma(a)
}

/// log Γ(x + 1) − (x log x − x): about ½ log 2πx
pub(super) fn factorial_gap(x: f64) -> f64 {
    if x >= LARGE {
        return 0.5 * (2.0 * core::f64::consts::PI * x).ln() + remainder(x);
    }
    // For small x before it is added to 1.
    let factorial = if x.abs() < 0.5 { near_two(x) - x.ln_1p() } else { lgamma(x + 1.0) };
    factorial - if x == 0.0 { 0.0 } else { x * (x.ln() - 1.0) }
}

/// log b − ψ(a)
pub(super) fn digamma_gap(a: f64, b: f64) -> f64 {
    if a < LARGE {
        return b.ln() - digamma(a);
    }
    // ψ(a) = log a − 1/(2a) − …
    let terms = BERNOULLI.iter().enumerate().rev();
    let series =
        terms.fold(0.0, |sum, (k, bernoulli)| (sum + bernoulli / (2.0 * (k as f64 + 1.0))) / (a * a));
    log_quotient(b, a) + (0.5 / a + series)
}

/// log(1 + x) − x
fn log1p_less(x: f64) -> f64 {
    if x.abs() > 0.25 {
        return x.ln_1p() - x;
    }
    // 2 atanh s − x = −s x + 2 (s³/3 + s⁵/5 + …) for s = x/(2 + x), |s| ≤ 1/7
    let s = x / (2.0 + x);
    let odd = (1..11).rev().fold(0.0, |sum, k| sum * s * s + 1.0 / f64::from(2 * k + 1));
    2.0 * s * s * s * odd - s * x
}

/// log(1 + x) − x/(1 + x)
pub(super) fn log1p_gap(x: f64) -> f64 {
    if x > 0.25 {
        return x.ln_1p() - 1.0 / (1.0 + 1.0 / x);
    }
    log1p_less(x) + x * (x / (1.0 + x))
}

/// a log(a/b) + b − a for a, b ≥ 0: b ((1 + u) log(1 + u) − u) for u = (a − b)/b
pub(super) fn deviance(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        return b;
    }
    let u = (a - b) / b;
    if u.abs() < 0.25 { (a - b) * u + a * log1p_less(u) } else { a * log_quotient(a, b) + (b - a) }
}

/// log(a/b), exact also where a and b are close
fn log_quotient(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if (0.5..=2.0).contains(&quotient) { ((a - b) / b).ln_1p() } else { quotient.ln() }
}
