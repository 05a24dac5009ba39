//! The error function and the normal distribution, in double precision.
//!
//! For a ≥ 0, erfc a = e^(−a²) erfcx a, and (1 + 2a) erfcx a is a polynomial in t = (a − 4)/(a + 4) ∈ [−1, 1)
//! (M. M. Shepherd and J. G. Laframboise, "Chebyshev Approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞",
//! Math. Comp. 36, 1981). The square in the exponent is taken in two parts, or its rounding would be
//! multiplied by a².

use super::exponential::{exp_corrected, polynomial};
use crate::kernel::simd::Math;

/// (1 + 2a) e^(a²) erfc a in (a − 4)/(a + 4): relative error 2⁻⁵³
const ERFCX: [f64; 24] = [
    9.311744978232572e-10,
    1.5738283774192037e-09,
    -1.234686604382353e-08,
    -1.6371779763566967e-08,
    1.0633855618594884e-07,
    7.115337800585303e-08,
    -8.210939042560568e-07,
    2.9801353803031333e-07,
    5.706604414895734e-06,
    -1.1225101875659178e-05,
    -2.4397746422436416e-05,
    0.00015062309720018628,
    -0.00019925714661091188,
    -0.000757773707063825,
    0.005031970067657489,
    -0.016197733981455194,
    0.03716751552655567,
    -0.06633036582031154,
    0.0937328349990944,
    -0.10103906603586531,
    0.06809705425466908,
    0.015379652102610473,
    -0.1396211168405623,
    1.2329951186255526,
];

/// erf(x)/x in x² for |x| ≤ 1: relative error 2⁻⁵⁶
const ERF: [f64; 12] = [
    -7.798193079245572e-10,
    1.3721336242208623e-08,
    -1.6208788198552292e-07,
    1.6447465878901156e-06,
    -1.4924740366012387e-05,
    0.00012055295091464701,
    -0.0008548325981857234,
    0.005223977607256163,
    -0.026866170643255385,
    0.1128379167094512,
    -0.37612638903183543,
    core::f64::consts::FRAC_2_SQRT_PI,
];

/// e^(a²) erfc a for a ≥ 0
#[inline(always)]
fn erfcx(math: Math, a: f64) -> f64 {
    // One division for both quotients; far out, where the product would overflow, the factor e^(−a²) is 0.
    let a = if a > 1e6 { 1e6 } else { a };
    let (up, linear) = (a + 4.0, math.mul_add(2.0, a, 1.0));
    let inverse = 1.0 / (up * linear);
    let t = (a - 4.0) * (inverse * linear);
    polynomial!(math, t, ERFCX) * (inverse * up)
}

/// e^(−factor·x²) for a factor that is a power of 2
#[inline(always)]
fn exp_minus_square(math: Math, x: f64, factor: f64) -> f64 {
    let x = if x.abs() > 1e6 { 1e6 } else { x };
    let high = f64::from_bits(x.to_bits() & 0xffff_ffff_f800_0000);
    let low = x - high;
    // x² = high² + low·(x + high), the first exact
    let (square, rest) = (-factor * high * high, -factor * low * (x + high));
    let sum = square + rest;
    exp_corrected(math, sum, rest - (sum - square))
}

#[inline(always)]
pub(super) fn erf(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let z = x * x;
    let small = x * polynomial!(math, z, ERF);
    let large = (1.0 - exp_minus_square(math, a, 1.0) * erfcx(math, a)).copysign(x);
    if a < 1.0 { small } else { large }
}

/// 1 − erf(x)
#[inline(always)]
pub(super) fn erfc(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let tail = exp_minus_square(math, a, 1.0) * erfcx(math, a);
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// e^(−x²)
#[inline(always)]
pub(super) fn gauss(math: Math, x: f64) -> f64 {
    exp_minus_square(math, x, 1.0)
}

/// Φ(−a) = erfc(a/√2)/2 for a ≥ 0
#[inline(always)]
pub(super) fn upper_tail(math: Math, a: f64) -> f64 {
    0.5 * (exp_minus_square(math, a, 0.5) * erfcx(math, a * core::f64::consts::FRAC_1_SQRT_2))
}

/// Φ(x)
#[inline(always)]
pub(super) fn normal_cdf(math: Math, x: f64) -> f64 {
    let tail = upper_tail(math, x.abs());
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// e^(−x²/2)/√(2π)
#[inline(always)]
pub(super) fn normal_pdf(math: Math, x: f64) -> f64 {
    exp_minus_square(math, x, 0.5) * 0.398_942_280_401_432_7
}
