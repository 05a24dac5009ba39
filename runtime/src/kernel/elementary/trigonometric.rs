//! Sine and cosine of one number.
//!
//! x = n·π/2 + y − d with π/2 in three parts, the first of which a fused multiply-add subtracts without
//! error; then two series in y². The sums follow fdlibm (Sun Microsystems, 1993: k_sin.c, k_cos.c). Without
//! such an instruction, and beyond [`LIMIT`], std's are called.

use crate::kernel::simd::Math;

/// Below it n has so few bits that y is within 2⁻¹² of ±π/4.
const LIMIT: f64 = (1u64 << 40) as f64;
/// 1.5·2⁵²: adding it rounds to an integer, which the low bits of the sum hold.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
/// π/2 is their sum.
const HALF_PI: [f64; 3] =
    [core::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// (y − sin y)/y³ in y² for |y| ≤ π/4: relative error of the sine 2⁻⁵⁵
const SIN: [f64; 6] = [
    -1.591810123027412e-10,
    2.5051131455427946e-08,
    -2.755731610068303e-06,
    0.0001984126983675497,
    -0.008333333333330946,
    0.16666666666666666,
];
/// (cos y − 1 + y²/2)/y⁴ in y² for |y| ≤ π/4: relative error of the cosine 2⁻⁵⁹
const COS: [f64; 6] = [
    -1.1382614868556325e-11,
    2.0876146024689747e-09,
    -2.7557317270560326e-07,
    2.4801587298763433e-05,
    -0.0013888888888887395,
    0.041666666666666664,
];

pub(super) mod double {
    use super::{Math, here};

    /// In place where the processor is known to have the instruction; else in a function compiled for the
    /// processor at hand: calling it takes half the time of calling std's.
    #[inline(always)]
    pub(in crate::kernel::elementary) fn sin_cos(math: Math, x: f64) -> (f64, f64) {
        if math.is_fused() { here(math, x) } else { called(x) }
    }

    #[inline(never)]
    fn called(x: f64) -> (f64, f64) {
        simd!(here, x)
    }

    #[inline(always)]
    pub(in crate::kernel::elementary) fn sin(math: Math, x: f64) -> f64 {
        sin_cos(math, x).0
    }

    #[inline(always)]
    pub(in crate::kernel::elementary) fn cos(math: Math, x: f64) -> f64 {
        sin_cos(math, x).1
    }
}

/// std's, which are fast in single precision.
pub(super) mod single {
    use super::Math;

    #[inline(always)]
    pub(in crate::kernel::elementary) fn sin_cos(_: Math, x: f32) -> (f32, f32) {
        std(x)
    }

    // One call of the C library where both stand in one function of their own, else mostly two.
    #[inline(never)]
    fn std(x: f32) -> (f32, f32) {
        x.sin_cos()
    }

    #[inline(always)]
    pub(in crate::kernel::elementary) fn sin(_: Math, x: f32) -> f32 {
        x.sin()
    }

    #[inline(always)]
    pub(in crate::kernel::elementary) fn cos(_: Math, x: f32) -> f32 {
        x.cos()
    }
}

#[inline(always)]
fn here(math: Math, x: f64) -> (f64, f64) {
    // NaN is not below anything.
    if math.is_fused() && x.abs() < LIMIT { of_moderate(math, x) } else { far(x) }
}

/// std's, out of the way.
#[cold]
#[inline(never)]
fn far(x: f64) -> (f64, f64) {
    x.sin_cos()
}

/// The polynomial in z by pairs, so that fewer operations wait for each other: there is no other number to go
/// on with.
#[inline(always)]
fn series(math: Math, z: f64, square: f64, c: [f64; 6]) -> f64 {
    let high = math.mul_add(c[0], z, c[1]);
    let middle = math.mul_add(c[2], z, c[3]);
    let low = math.mul_add(c[4], z, c[5]);
    math.mul_add(math.mul_add(high, square, middle), square, low)
}

/// For |x| < [`LIMIT`], where multiply-add rounds once.
#[inline(always)]
fn of_moderate(math: Math, x: f64) -> (f64, f64) {
    let t = math.mul_add(x, core::f64::consts::FRAC_2_PI, ROUND);
    let (n, quadrant) = (t - ROUND, t.to_bits());
    // Exact: a multiple of 2⁻⁵³ below 1.
    let r = math.mul_add(n, -HALF_PI[0], x);
    let p = n * HALF_PI[1];
    let y = r - p;
    // What y is too large by: its own rounding (Knuth's TwoSum), that of p, the last part.
    let back = y - r;
    let rest = math.mul_add(n, HALF_PI[2], math.mul_add(n, HALF_PI[1], -p));
    let d = ((p + back) - (r - (y - back))) + rest;
    let z = y * y;
    let square = z * z;
    let sine = y - math.mul_add(z * y, series(math, z, square, SIN), d);
    let half = 0.5 * z;
    let head = 1.0 - half;
    let tail = math.mul_add(square, series(math, z, square, COS), math.mul_add(y, d, (1.0 - head) - half));
    let cosine = head + tail;
    let (s, c) = if quadrant & 1 == 1 { (cosine, sine) } else { (sine, cosine) };
    let negated = |x: f64, twos: u64| f64::from_bits(x.to_bits() ^ ((twos & 2) << 62));
    (negated(s, quadrant), negated(c, quadrant.wrapping_add(1)))
}
