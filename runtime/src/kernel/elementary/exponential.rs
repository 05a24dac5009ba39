//! exp, log and what is made of them, for both number types, without branches.
//!
//! Method: reduce the argument by bit manipulation, evaluate a polynomial, put the exponent back.
//! The polynomials are truncated Chebyshev series, fitted in 60 digits; a comment gives what each stands for.
//! Reduction and reconstruction of the logarithm follow fdlibm (Sun Microsystems, 1993: e_log.c, s_log1p.c).
//!
//! Conditions are written as a value chosen after both are computed, and every loop has a constant length, so
//! that a loop over any of these functions vectorises.

use crate::kernel::simd::Math;

/// c₀ xⁿ + c₁ xⁿ⁻¹ + … + cₙ
macro_rules! polynomial {
    ($math:expr, $x:expr, $c:expr) => {{
        let mut p = $c[0];
        for &c in &$c[1..] {
            p = $math.mul_add(p, $x, c);
        }
        p
    }};
}
pub(super) use polynomial;

macro_rules! elementary {
    ($name:ident, $t:ident, $bits:ident, $table:ident) => {
        pub(super) mod $name {
            use super::{Math, $table as table};

            /// Bits of the mantissa that are stored.
            const MANTISSA: u32 = $t::MANTISSA_DIGITS - 1;
            /// Exponent of 1, as stored.
            const BIAS: $bits = ($t::MAX_EXP - 1) as $bits;
            /// 1.5·2^MANTISSA: adding it rounds to an integer, which the low bits of the sum hold.
            const ROUND: $t = 1.5 * (1u64 << MANTISSA) as $t;
            /// A multiple of 4 above every −n below.
            const SHIFT: $bits = 8 * (BIAS + 1);
            /// The bits of √½.
            const ROOT_HALF: $bits = core::$t::consts::FRAC_1_SQRT_2.to_bits();

            /// x = n ln 2 + r + c, |r| ≤ ln 2 / 2, c the rounding error of r. Returns (n + SHIFT, r, c).
            #[inline(always)]
            fn reduce(math: Math, x: $t) -> ($bits, $t, $t) {
                let t = math.mul_add(x, core::$t::consts::LOG2_E, ROUND);
                let n = t - ROUND;
                let high = math.mul_add(n, -table::LN2_HIGH, x);
                let low = n * table::LN2_LOW;
                let r = high - low;
                (t.to_bits().wrapping_sub(ROUND.to_bits().wrapping_sub(SHIFT)), r, (high - r) - low)
            }

            /// y·2ⁿ for the n that `reduce` returns, rounded once also where the result is subnormal.
            #[inline(always)]
            fn scale(y: $t, n: $bits) -> $t {
                let half = n >> 1;
                let exponent =
                    |n: $bits| $t::from_bits(n.wrapping_sub(SHIFT / 2).wrapping_add(BIAS) << MANTISSA);
                (y * exponent(half)) * exponent(n - half)
            }

            /// x moved into [low, high]; NaN stays.
            #[inline(always)]
            fn within(x: $t, low: $t, high: $t) -> $t {
                let x = if x < low { low } else { x };
                if x > high { high } else { x }
            }

            #[inline(always)]
            pub(in crate::kernel::elementary) fn exp(math: Math, x: $t) -> $t {
                let (n, r, c) = reduce(math, within(x, table::EXP_MIN, table::EXP_MAX));
                let p = math.mul_add(r * r, polynomial!(math, r, table::EXP), c) + r;
                scale(1.0 + p, n)
            }

            /// 2ⁿ(1 − 2⁻ⁿ + (eʳ − 1)): nothing cancels, because the terms are added from the largest to the
            /// smallest.
            #[inline(always)]
            pub(in crate::kernel::elementary) fn expm1(math: Math, x: $t) -> $t {
                let (n, r, c) = reduce(math, within(x, -40.0, table::EXP_MAX));
                let tail = math.mul_add(r * r, polynomial!(math, r, table::EXP), c);
                let inverse = $t::from_bits(SHIFT.wrapping_sub(n).wrapping_add(BIAS) << MANTISSA);
                let inverse = if n > SHIFT + 64 { 0.0 } else { inverse };
                scale(((1.0 - inverse) + r) + tail, n).copysign(x)
            }

            /// log(m·2ᵏ) for m = 1 + f ∈ [√½, √2): with s = f/(2 + f), log m = 2 atanh s = f − f²/2 + s(f²/2
            /// + R(s²)).
            #[inline(always)]
            fn log_of_parts(math: Math, k: $t, f: $t) -> $t {
                let s = f / (2.0 + f);
                let z = s * s;
                let half_square = 0.5 * f * f;
                let tail = math.mul_add(z, polynomial!(math, z, table::LOG), half_square);
                let low = math.mul_add(s, tail, k * table::LN2_LOW);
                math.mul_add(k, table::LN2_HIGH, f - (half_square - low))
            }

            /// u = m·2ᵏ with m ∈ [√½, √2), for u positive and normal. Returns (k, m, k + BIAS).
            #[inline(always)]
            fn split(u: $t) -> ($t, $t, $bits) {
                const ONE: $bits = BIAS << MANTISSA;
                let b = u.to_bits().wrapping_add(ONE - ROOT_HALF);
                let k = b >> MANTISSA;
                let m = $t::from_bits((b & ((1 << MANTISSA) - 1)) + ROOT_HALF);
                // An integer becomes a number: 2^MANTISSA + k has k in its low bits.
                const BASE: $t = (1u64 << MANTISSA) as $t;
                (($t::from_bits(BASE.to_bits() | k) - BASE) - BIAS as $t, m, k)
            }

            #[inline(always)]
            pub(in crate::kernel::elementary) fn log(math: Math, x: $t) -> $t {
                let subnormal = x < $t::MIN_POSITIVE;
                const UP: $t = (1u64 << 54) as $t;
                let (k, m, _) = split(if subnormal { x * UP } else { x });
                let y = log_of_parts(math, if subnormal { k - 54.0 } else { k }, m - 1.0);
                let y = if x < $t::INFINITY { y } else { x };
                let y = if x == 0.0 { $t::NEG_INFINITY } else { y };
                if x < 0.0 { $t::NAN } else { y }
            }

            #[inline(always)]
            pub(in crate::kernel::elementary) fn log1p(math: Math, x: $t) -> $t {
                let u = 1.0 + x;
                // What rounding took from u: 1 + x = u + c (Knuth's TwoSum).
                let b = u - 1.0;
                let c = (1.0 - (u - b)) + (x - b);
                let (k, m, stored) = split(u);
                let down = $t::from_bits((2 * BIAS).wrapping_sub(stored) << MANTISSA);
                // Where c is below the precision of k ln 2; and 2⁻ᵏ may be too small for its bits there.
                let c = if u < table::LARGE { c * down } else { 0.0 };
                let y = log_of_parts(math, k, (m - 1.0) + c).copysign(x);
                let y = if x < $t::INFINITY { y } else { x };
                let y = if x == -1.0 { $t::NEG_INFINITY } else { y };
                if x < -1.0 { $t::NAN } else { y }
            }

            /// With t = e^(2|x|) − 1: t/(t + 2) below 0.55, corrected for the rounding errors of t and t + 2;
            /// above, 1 − 2/(t + 2), where they do not matter.
            #[inline(always)]
            pub(in crate::kernel::elementary) fn tanh(math: Math, x: $t) -> $t {
                let a = x.abs();
                let (n, r, c) = reduce(math, within(2.0 * a, 0.0, 40.0));
                let tail = math.mul_add(r * r, polynomial!(math, r, table::EXP), c);
                let power = |n: $bits| $t::from_bits(n.wrapping_add(BIAS) << MANTISSA);
                let head = (1.0 - power(SHIFT.wrapping_sub(n))) + r;
                let sum = head + tail;
                let up = power(n.wrapping_sub(SHIFT));
                let (t, t_error) = (sum * up, (tail - (sum - head)) * up);
                let d = t + 2.0;
                let d_error = (t - (d - 2.0)) + t_error;
                let large = a > 0.55;
                let q = (if large { 2.0 } else { t }) / d;
                // 1/(t + 2) = (1 − t/(t + 2))/2
                let small = math.mul_add(0.5 - 0.5 * q, t_error - q * d_error, q);
                (if large { 1.0 - q } else { small }).copysign(x)
            }

            /// Below 3/4 a series in x²; above, |x| − ln 2 + log(1 + e^(−2|x|)).
            #[inline(always)]
            pub(in crate::kernel::elementary) fn log_cosh(math: Math, x: $t) -> $t {
                let a = x.abs();
                let z = a * a;
                let small = math.mul_add(z * z, polynomial!(math, z, table::LOG_COSH), (0.5 * a) * a);
                let tail = log1p(math, exp(math, -2.0 * a));
                let large = (a - table::LN2_HIGH) + (tail - table::LN2_LOW);
                if a < 0.75 { small } else { large }
            }

            /// √((su)² + (sv)²)/s for a power s of 2 that keeps the squares of huge and of tiny numbers in
            /// range.
            #[inline(always)]
            pub(in crate::kernel::elementary) fn hypot(math: Math, u: $t, v: $t) -> $t {
                const fn power(exponent: i32) -> $t {
                    $t::from_bits(BIAS.wrapping_add_signed(exponent as _) << MANTISSA)
                }
                // A quarter of the exponents is left on either side, for the square and for what is small
                // beside it.
                const EDGE: i32 = 15 * ($t::MAX_EXP / 32);
                const FAR: i32 = 25 * ($t::MAX_EXP / 32);
                let (a, b) = (u.abs(), v.abs());
                let huge = (a > power(EDGE)) | (b > power(EDGE));
                let tiny = (a < power(-EDGE)) & (b < power(-EDGE));
                let (down, up) = if tiny { (power(FAR), power(-FAR)) } else { (1.0, 1.0) };
                let (down, up) = if huge { (power(-FAR), power(FAR)) } else { (down, up) };
                let (a, b) = (a * down, b * down);
                math.mul_add(a, a, b * b).sqrt() * up
            }

            /// For numbers that come alone: std's functions where they are faster than what vectorises, and
            /// branches.
            pub(in crate::kernel::elementary) mod alone {
                use super::Math;

                #[inline(always)]
                pub(in crate::kernel::elementary) fn exp(x: $t) -> $t {
                    x.exp()
                }

                #[inline(always)]
                pub(in crate::kernel::elementary) fn log(x: $t) -> $t {
                    x.ln()
                }

                #[inline(always)]
                pub(in crate::kernel::elementary) fn hypot(math: Math, u: $t, v: $t) -> $t {
                    #[cold]
                    #[inline(never)]
                    fn far(u: $t, v: $t) -> $t {
                        super::hypot(Math::portable(), u, v)
                    }
                    // Where neither square was lost that matters.
                    const MODERATE: $t = $t::MAX * $t::EPSILON;
                    let square = math.mul_add(u, u, v * v);
                    if square > 1.0 / MODERATE && square < MODERATE { square.sqrt() } else { far(u, v) }
                }

                /// log u + c/u for 1 + x = u + c: std's log takes 0.75 (f32: 0.43) of the time of its log1p.
                #[inline(always)]
                pub(in crate::kernel::elementary) fn log1p(x: $t) -> $t {
                    let u = 1.0 + x;
                    if u == 1.0 {
                        return x;
                    }
                    let c = x - (u - 1.0);
                    // Not a number where u is infinite or 0.
                    let correction = c / u;
                    u.ln() + if correction < 1.0 { correction } else { 0.0 }
                }
            }
        }
    };
}

/// e^(x + d) for x ≤ 0 and a correction d, |d| at most half a unit in the last place of x.
#[inline(always)]
pub(super) fn exp_corrected(math: Math, x: f64, d: f64) -> f64 {
    let y = double::exp(math, x);
    math.mul_add(y, d, y)
}

elementary!(double, f64, u64, table_64);
elementary!(single, f32, u32, table_32);

#[allow(clippy::excessive_precision, reason = "shortest decimal forms of the numbers meant")]
mod table_64 {
    /// The upper 33 bits of ln 2, so that n·LN2_HIGH is exact for |n| < 2²⁰ (fdlibm), and the rest.
    pub(super) const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    pub(super) const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// Far above it, log(1 + x) = log x.
    pub(super) const LARGE: f64 = 1e20;
    /// Below it eˣ is 0, above it ∞.
    pub(super) const EXP_MIN: f64 = -746.0;
    pub(super) const EXP_MAX: f64 = 710.0;
    /// (eʳ − 1 − r)/r² for |r| ≤ ln 2 / 2: relative error 2⁻⁵²
    pub(super) const EXP: [f64; 10] = [
        2.5105217695684516e-08,
        2.762008948195459e-07,
        2.755725539833871e-06,
        2.4801521293463862e-05,
        0.00019841269874822307,
        0.0013888888917215586,
        0.008333333333326134,
        0.04166666666662412,
        0.1666666666666667,
        0.5000000000000001,
    ];
    /// R(z)/z, R(s²) = (log((1 + s)/(1 − s)) − 2s)/s: relative error 2⁻⁵¹
    pub(super) const LOG: [f64; 7] = [
        0.14618452072714802,
        0.15331554743280912,
        0.18182894320084278,
        0.2222221106056441,
        0.2857142862645262,
        0.3999999999989839,
        0.666666666666667,
    ];
    /// (log cosh x − x²/2)/x⁴ in x² for |x| ≤ 3/4: relative error 2⁻⁵²
    pub(super) const LOG_COSH: [f64; 12] = [
        1.8928958394782361e-07,
        -1.1471933943786552e-06,
        4.038987834787154e-06,
        -1.1773610166281766e-05,
        3.271744916349377e-05,
        -9.097548742129331e-05,
        0.0002565784204772222,
        -0.0007386027520041944,
        0.0021869488416208114,
        -0.006746031745674784,
        0.022222222222218053,
        -0.08333333333333333,
    ];
}

#[allow(clippy::excessive_precision, reason = "shortest decimal forms of the numbers meant")]
mod table_32 {
    /// The upper 15 bits of ln 2, so that n·LN2_HIGH is exact for |n| < 2⁹ (fdlibm), and the rest.
    pub(super) const LN2_HIGH: f32 = 6.931_457_5e-1;
    pub(super) const LN2_LOW: f32 = 1.428_606_8e-6;
    /// Far above it, log(1 + x) = log x.
    pub(super) const LARGE: f32 = 1e10;
    /// Below it eˣ is 0, above it ∞.
    pub(super) const EXP_MIN: f32 = -104.0;
    pub(super) const EXP_MAX: f32 = 89.0;
    /// (eʳ − 1 − r)/r² for |r| ≤ ln 2 / 2: relative error 2⁻²³
    pub(super) const EXP: [f32; 5] = [0.0013933652, 0.008363182, 0.041666467, 0.16666576, 0.5];
    /// R(z)/z, R(s²) = (log((1 + s)/(1 − s)) − 2s)/s: relative error 2⁻²²
    pub(super) const LOG: [f32; 3] = [0.29582036, 0.39988726, 0.66666687];
    /// (log cosh x − x²/2)/x⁴ in x² for |x| ≤ 3/4: relative error 2⁻²⁴
    pub(super) const LOG_COSH: [f32; 6] =
        [0.00014755597, -0.00067769707, 0.0021702608, -0.0067439117, 0.022222122, -0.083333336];
}
