//! Quotients of gamma functions and what log-densities are made of besides, slow and plainly right: what
//! lgamma, digamma and trigamma differ by between two arguments, as no difference of large numbers.
//!
//! By recurrence to large arguments and there Stirling's series (Abramowitz and Stegun 6.1.15, 6.1.41,
//! 6.3.18, 6.4.11), whose difference is taken term by term.

use super::reference::{BERNOULLI, digamma, lgamma, lgamma_near_two, polygamma};

/// From here on ten terms of Stirling's series are exact.
const LARGE: f64 = 12.0;

/// Below this the functions' own values are subtracted: the recurrence would be long.
const FAR: f64 = -64.0;

/// The smaller of x + k and x + n + k, the larger, and how far they are apart.
fn ends(x: f64, n: f64, k: f64) -> (f64, f64, f64) {
    // k is added to the number n first, so that x + n + k is right where x is small and n a whole number.
    let (one, other) = (x + k, x + (n + k));
    let (low, high) = if n < 0.0 { (other, one) } else { (one, other) };
    (low, high, n.abs())
}

/// The ends moved up until Stirling's series is exact, `step` seeing each pair on the way; nothing at
/// poles, and far below 0.
fn raised(x: f64, n: f64, mut step: impl FnMut((f64, f64, f64))) -> Option<(f64, f64, f64)> {
    let pole = |x: f64| x <= 0.0 && x.fract() == 0.0;
    let (low, high, _) = ends(x, n, 0.0);
    if !(low > FAR && high < f64::INFINITY) || pole(low) || pole(high) {
        return None;
    }
    let mut k = 0.0;
    while ends(x, n, k).0 < LARGE {
        step(ends(x, n, k));
        k += 1.0;
    }
    Some(ends(x, n, k))
}

/// Σₖ cₖ uᵏ for k = 0, 1, … at u = 1/high², and what it is less there than at v = 1/low², over high − low
/// = d.
fn series(c: impl Fn(f64) -> f64, (low, high, d): (f64, f64, f64)) -> (f64, f64) {
    let (u, v) = (1.0 / (high * high), 1.0 / (low * low));
    let (mut at_high, mut slope) = (0.0, 0.0);
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        slope = slope * v + at_high;
        at_high = at_high * u + b * c(2.0 * (k as f64 + 1.0));
    }
    (at_high, slope * (d / high / low * (1.0 / low + 1.0 / high)))
}

/// log(1 + x) − x
#[must_use]
pub fn log1p_less(x: f64) -> f64 {
    if x.abs() > 0.25 {
        return x.ln_1p() - x;
    }
    // 2 atanh s − x = −s x + 2 (s³/3 + s⁵/5 + …) for s = x/(2 + x)
    let s = x / (2.0 + x);
    let odd = (1..20).rev().fold(0.0, |sum, k| sum * s * s + 1.0 / f64::from(2 * k + 1));
    2.0 * s * s * s * odd - s * x
}

/// log(1 + x) − x/(1 + x)
#[must_use]
pub fn log1p_gap(x: f64) -> f64 {
    if x > 0.25 { x.ln_1p() - 1.0 / (1.0 + 1.0 / x) } else { log1p_less(x) + x * (x / (1.0 + x)) }
}

/// log(a/b)
fn log_quotient(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if (0.5..=2.0).contains(&quotient) { ((a - b) / b).ln_1p() } else { quotient.ln() }
}

/// 1 − a/b, and 1 where a is 0
#[must_use]
pub fn shortfall(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        1.0 + 0.0 * b
    } else if a / b < 0.5 {
        1.0 - a / b
    } else {
        (b - a) / b
    }
}

/// a log(a/b) + b − a for a, b ≥ 0
#[must_use]
pub fn deviance(a: f64, b: f64) -> f64 {
    if a == 0.0 {
        return b;
    }
    let u = (a - b) / b;
    // b ((1 + u) log(1 + u) − u)
    if u.abs() < 0.25 { (a - b) * u + a * log1p_less(u) } else { a * log_quotient(a, b) + (b - a) }
}

/// 1 for 0, 1, 2, …, and 0 for all else.
#[must_use]
pub fn is_count(x: f64) -> f64 {
    if x.is_nan() {
        x
    } else if x >= 0.0 && x.fract() == 0.0 {
        1.0
    } else {
        0.0
    }
}

/// (a − 1) log b − b − log Γ(a), with 0 log 0 = 0; of large a by the saddle point (C. Loader, "Fast and
/// Accurate Computation of Binomial Probabilities", 2000)
#[must_use]
pub fn gamma_kernel(a: f64, b: f64) -> f64 {
    let less = a - 1.0;
    if less >= LARGE && b >= 0.0 {
        return -deviance(less, b) - factorial_gap(less);
    }
    (if less == 0.0 { 0.0 } else { less * b.ln() }) - b - lgamma(a)
}

/// log Γ(x + 1) − (x log x − x): about ½ log 2πx
#[must_use]
pub fn factorial_gap(x: f64) -> f64 {
    if x >= LARGE {
        return 0.5 * (2.0 * std::f64::consts::PI * x).ln() + remainder(x);
    }
    // For small x before it is added to 1.
    let factorial = if x.abs() < 0.5 { lgamma_near_two(x) - x.ln_1p() } else { lgamma(x + 1.0) };
    factorial - if x == 0.0 { 0.0 } else { x * (x.ln() - 1.0) }
}

/// log b − ψ(a)
#[must_use]
pub fn digamma_gap(a: f64, b: f64) -> f64 {
    if a < LARGE {
        return b.ln() - digamma(a);
    }
    // ψ(a) = log a − 1/(2a) − …
    let terms = BERNOULLI.iter().enumerate().rev();
    let series =
        terms.fold(0.0, |sum, (k, bernoulli)| (sum + bernoulli / (2.0 * (k as f64 + 1.0))) / (a * a));
    log_quotient(b, a) + (0.5 / a + series)
}

/// log Γ(x) − ((x − ½) log x − x + ½ log 2π) for large x
fn remainder(x: f64) -> f64 {
    let terms = BERNOULLI.iter().enumerate().rev();
    terms.fold(0.0, |sum, (k, b)| {
        let m = 2.0 * (k as f64 + 1.0);
        sum / (x * x) + b / (m * (m - 1.0))
    }) / x
}

/// log Γ(x + n) − log Γ(x) − n log x
#[must_use]
pub fn rising_gap(x: f64, n: f64) -> f64 {
    if n == 1.0 {
        // Γ(x + 1) = x Γ(x)
        return 0.0 * x;
    }
    if !(x >= LARGE && n > 0.0 && x + n < f64::INFINITY) {
        return log_gamma_ratio(x, n) - if n == 0.0 { 0.0 } else { n * x.ln() };
    }
    let ends = (x, x + n, n);
    let (p, slope) = series(|m| 1.0 / (m * (m - 1.0)), ends);
    // x ((1 + u) log(1 + u) − u) − ½ log(1 + u) for u = n/x
    let u = n / x;
    let bent = n * u + (x + n) * log1p_less(u);
    bent - 0.5 * growth(ends) - slope / x - p * (u / (x + n))
}

/// ψ(x + n) − ψ(x) − n/x
#[must_use]
pub fn rising_gap_slope(x: f64, n: f64) -> f64 {
    if n == 1.0 {
        // Γ(x + 1) = x Γ(x)
        return 0.0 * x;
    }
    if !(x >= LARGE && n > 0.0 && x + n < f64::INFINITY) {
        return digamma_step(x, n) - n / x;
    }
    let ends = (x, x + n, n);
    let (p, slope) = series(|m| 1.0 / m, ends);
    let squares = n / (x + n) / x * (1.0 / x + 1.0 / (x + n));
    log1p_less(n / x) + 0.5 * (n / (x + n) / x) + squares * p + slope / (x * x)
}

/// log |high/low|
fn growth((low, high, d): (f64, f64, f64)) -> f64 {
    if d > low.abs() || low < 0.0 && high > 0.0 {
        high.abs().ln() - low.abs().ln()
    } else {
        (d / low).ln_1p()
    }
}

/// log Γ(x + n) − log Γ(x)
#[must_use]
pub fn log_gamma_ratio(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * x;
    }
    if n.abs() >= 1.0 && x.min(x + n) < LARGE {
        return lgamma(x + n) - lgamma(x);
    }
    let mut steps = 0.0;
    let Some((low, high, d)) = raised(x, n, |at| steps += growth(at)) else {
        return lgamma(x + n) - lgamma(x);
    };
    // The remainder is p(1/x²)/x.
    let (p, slope) = series(|m| 1.0 / (m * (m - 1.0)), (low, high, d));
    let remainder = -slope / low - p * (d / high / low);
    let ratio = d * high.ln() + ((low - 0.5) * growth((low, high, d)) - d) + remainder - steps;
    if n < 0.0 { -ratio } else { ratio }
}

/// log Γ(a) + log Γ(b) − log Γ(a + b)
#[must_use]
pub fn lbeta(a: f64, b: f64) -> f64 {
    let (low, high) = (a.min(b), a.max(b));
    if low.is_nan() || high.is_nan() || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if low <= 0.0 || high == f64::INFINITY {
        return lgamma(a) + (lgamma(b) - lgamma(a + b));
    }
    if low < LARGE {
        return lgamma(low) - log_gamma_ratio(high, low);
    }
    // Stirling's formula for all three, the logarithms of quotients
    let rest = remainder(low) + (remainder(high) - remainder(high + low));
    (0.5 * (2.0 * std::f64::consts::PI).ln() - 0.5 * high.ln()) + rest
        - (low - 0.5) * (high / low).ln_1p()
        - high * (low / high).ln_1p()
}

/// ψ(x + n) − ψ(x)
#[must_use]
pub fn digamma_step(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * digamma(x);
    }
    let mut steps = 0.0;
    let Some((low, high, d)) = raised(x, n, |(low, high, d)| steps += d / high / low) else {
        return digamma(x + n) - digamma(x);
    };
    let (p, slope) = series(|m| 1.0 / m, (low, high, d));
    let squares = d / high / low * (1.0 / low + 1.0 / high);
    let step = growth((low, high, d)) + 0.5 * (d / high / low) + squares * p + slope / (low * low) + steps;
    if n < 0.0 { -step } else { step }
}

/// ψ′(x + n) − ψ′(x)
#[must_use]
pub fn trigamma_step(x: f64, n: f64) -> f64 {
    if n == 0.0 {
        return 0.0 * polygamma(1.0, x);
    }
    let squares = |(low, high, d): (f64, f64, f64)| d / high / low * (1.0 / low + 1.0 / high);
    let mut steps = 0.0;
    let Some((low, high, d)) = raised(x, n, |at| steps += squares(at)) else {
        return polygamma(1.0, x + n) - polygamma(1.0, x);
    };
    // 1/x + 1/(2x²) + p(1/x²)/x³
    let (p, slope) = series(|_| 1.0, (low, high, d));
    let cubes =
        d / high / low * ((1.0 / low) * (1.0 / low) + 1.0 / (low * high) + (1.0 / high) * (1.0 / high));
    let step = d / high / low + 0.5 * squares((low, high, d)) + cubes * p + slope / low / (low * low) + steps;
    if n < 0.0 { step } else { -step }
}
