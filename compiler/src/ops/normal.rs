//! The normal distribution and the error function, slow and plainly right.
//!
//! With a = −x > 0 and F = 2/(a + 3/(a + 4/(a + …)), the ratio m = φ(x)/Φ(x) is a + 1/(a + F) (Laplace's
//! continued fraction; Abramowitz and Stegun 26.2.14), so that what m is above a, and the variance of what
//! lies below x, are no differences of large numbers. About 0, erf by its Maclaurin series (7.1.5).

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// From here on the continued fraction is taken.
const TAIL: f64 = 0.5;

/// e^(−factor·x²) for a factor that is a power of 2: the square in two parts, the first without rounding.
fn exp_minus_square(x: f64, factor: f64) -> f64 {
    let x = x.abs().min(1e6);
    let high = f64::from_bits(x.to_bits() & 0xffff_ffff_f800_0000);
    (-factor * high * high).exp() * (-factor * (x - high) * (x + high)).exp()
}

/// e^(−x²)
#[must_use]
pub fn gauss(x: f64) -> f64 {
    if x.is_nan() { x } else { exp_minus_square(x, 1.0) }
}

/// The density of the standard normal distribution.
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    if x.is_nan() { x } else { exp_minus_square(x, 0.5) / (2.0 * PI).sqrt() }
}

/// F for a ≥ [`TAIL`].
fn fraction(a: f64) -> f64 {
    // What is left out after n terms is e^(−2a √(2n)) of it, about.
    let terms = 40 + (300.0 / (a * a)) as u32;
    (2..terms).rev().fold(0.0, |fraction, k| f64::from(k) / (a + fraction))
}

/// φ(x)/Φ(x): minus the mean of what lies below x.
#[must_use]
pub fn inverse_mills(x: f64) -> f64 {
    if x < -TAIL { -x + inverse_mills_gap(x) } else { normal_pdf(x) / normal_cdf(x) }
}

/// x + φ(x)/Φ(x): how far the mean of what lies below x is from x.
#[must_use]
pub fn inverse_mills_gap(x: f64) -> f64 {
    if x < -TAIL { 1.0 / (-x + fraction(-x)) } else { x + inverse_mills(x) }
}

/// 1 − m (x + m) with m = φ(x)/Φ(x): the variance of what lies below x.
#[must_use]
pub fn truncated_variance(x: f64) -> f64 {
    if x < -TAIL {
        let (gap, fraction) = (inverse_mills_gap(x), fraction(-x));
        return gap * (fraction - gap);
    }
    let m = inverse_mills(x);
    1.0 - if m == 0.0 { 0.0 } else { m * (x + m) }
}

/// The distribution function of the standard normal distribution.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    if x < -TAIL { normal_pdf(x) / inverse_mills(x) } else { 0.5 * erfc(-x * FRAC_1_SQRT_2) }
}

/// Its logarithm.
#[must_use]
pub fn log_normal_cdf(x: f64) -> f64 {
    if x < -TAIL {
        -(0.5 * x * x) - ((2.0 * PI).sqrt() * inverse_mills(x)).ln()
    } else {
        (-normal_cdf(-x)).ln_1p()
    }
}

/// The error function.
#[must_use]
pub fn erf(x: f64) -> f64 {
    if x.abs() < 1.0 { erf_series(x) } else { (1.0 - erfc(x.abs())).copysign(x) }
}

fn erf_series(x: f64) -> f64 {
    // e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): all terms of one sign, so nothing cancels.
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// 1 − erf(x), with its tail.
#[must_use]
pub fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        2.0 - erfc(-x)
    } else if x < TAIL {
        1.0 - erf_series(x)
    } else {
        // 2 Φ(−x √2), where the root's rounding would move the square
        let a = x * std::f64::consts::SQRT_2;
        gauss(x) * (2.0 / PI).sqrt() / (a + 1.0 / (a + fraction(a)))
    }
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "shortest decimal forms of the numbers meant")]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() <= 2e-15 * want.abs(), "{got} is not {want}");
    }

    #[test]
    fn special_values() {
        close(erf(0.5), 0.5204998778130465);
        close(erfc(3.0), 2.209049699858544e-5);
        close(erfc(1.0), 0.15729920705028513);
        close(normal_cdf(-5.0), 2.866515718791939e-7);
        assert!(erfc(-0.0) == 1.0 && erfc(f64::INFINITY) == 0.0 && erfc(f64::NEG_INFINITY) == 2.0);
    }
}
