//! log |Γ| and its derivatives, in double precision.
//!
//! log Γ: a polynomial about its zero at 2, recurrence to reach it from elsewhere. The derivatives:
//! recurrence upwards. For large x the asymptotic series (Abramowitz and Stegun 6.1.41, 6.3.18, 6.4.11);
//! below ½ the reflections (6.1.17, 6.3.7, 6.4.7). The error is some 1e-15 of the largest term added, so that
//! it is absolute near a zero of the function.

use core::f64::consts::PI;

/// B₂, B₄, …: the Bernoulli numbers
pub(super) const BERNOULLI: [f64; 8] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
];

/// From here on eight terms of the series are exact to double precision, for log Γ and for its derivatives.
const STIRLING: f64 = 8.0;
pub(super) const LARGE: f64 = 12.0;

/// sin πx and cos πx, exact at multiples of ½
fn sin_cos_pi(x: f64) -> (f64, f64) {
    let n = x.round();
    let (sin, cos) = (PI * (x - n)).sin_cos();
    let sign = if n % 2.0 == 0.0 { 1.0 } else { -1.0 };
    let cos = if (x - n).abs() == 0.5 { 0.0 } else { cos };
    (sign * sin, sign * cos)
}

pub(super) fn lgamma(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() || x == 0.0 {
        return f64::INFINITY;
    }
    if x < 0.5 {
        if x == x.floor() {
            return f64::INFINITY;
        }
        if x.abs() < 1e-300 {
            return -x.abs().ln();
        }
        // Γ(x) Γ(1 − x) = π / sin πx
        return (PI / sin_cos_pi(x).0.abs()).ln() - lgamma(1.0 - x);
    }
    if x > STIRLING {
        let inverse_square = 1.0 / (x * x);
        let mut series = 0.0;
        for (k, b) in BERNOULLI.iter().enumerate().rev() {
            let two_k = 2.0 * (k as f64 + 1.0);
            series = series * inverse_square + b / (two_k * (two_k - 1.0));
        }
        // (x − ½) log x − x + ½ log 2π, in a form that overflows only where the result does
        return (x - 0.5) * (x.ln() - 1.0) + (0.5 * (2.0 * PI).ln() - 0.5) + series / x;
    }
    if x < 1.5 {
        return near_two(x - 1.0) - (x - 1.0).ln_1p();
    }
    let (mut y, mut product) = (x, 1.0);
    while y > 2.5 {
        y -= 1.0;
        product *= y;
    }
    near_two(y - 2.0) + product.ln()
}

/// log Γ(2 + z) for |z| ≤ ½, exact near its zero z = 0: relative error 2⁻⁵⁴
pub(super) fn near_two(z: f64) -> f64 {
    const P: [f64; 18] = [
        2.7880013392491846e-07,
        -5.812501250599261e-07,
        9.199898075671394e-07,
        -1.9741884532905586e-06,
        4.3847319318293745e-06,
        -9.456338120610123e-06,
        2.0505584372896933e-05,
        -4.492371708374659e-05,
        9.945767440096764e-05,
        -0.00022315497868931946,
        0.0005096695153484373,
        -0.0011927539009204018,
        0.002890510331036772,
        -0.007385551028937974,
        0.020580808427780335,
        -0.0673523010531956,
        0.32246703342411326,
        0.42278433509846713,
    ];
    z * P.iter().fold(0.0, |p, c| p * z + c)
}

pub(super) fn digamma(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < 0.5 {
        if x == x.floor() || x == f64::NEG_INFINITY {
            return f64::NAN;
        }
        // ψ(1 − x) − ψ(x) = π cot πx
        let (sin, cos) = sin_cos_pi(x);
        return digamma(1.0 - x) - PI * (cos / sin);
    }
    let (mut y, mut sum) = (x, 0.0);
    while y < LARGE {
        sum += 1.0 / y;
        y += 1.0;
    }
    let inverse_square = 1.0 / (y * y);
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        series = (series + b / (2.0 * (k as f64 + 1.0))) * inverse_square;
    }
    y.ln() - 0.5 / y - series - sum
}

pub(super) fn polygamma(n: i32, x: f64) -> f64 {
    if n <= 0 {
        return if n == 0 { digamma(x) } else { f64::NAN };
    }
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let sign = if n % 2 == 0 { -1.0 } else { 1.0 };
    if x.abs() < 1e-15 && x != 0.0 {
        // The pole at 0 is all there is, and its powers may be out of range.
        let factorial: f64 = (1..=n).map(f64::from).product();
        return sign * (factorial / x.powi(n)) / x;
    }
    if x < 0.5 {
        if x == x.floor() {
            // A pole: even in x − pole for odd n, and then +∞ from both sides.
            return if n % 2 == 1 { f64::INFINITY } else { f64::NAN };
        }
        // (−1)ⁿ ψ⁽ⁿ⁾(1 − x) − ψ⁽ⁿ⁾(x) = dⁿ/dxⁿ π cot πx
        return -sign * polygamma(n, 1.0 - x) - derivative_of_pi_cot_pi(n, x);
    }
    // (−1)ⁿ⁺¹ ψ⁽ⁿ⁾(x) = Σₖ n!/(x + k)ⁿ⁺¹ = (n−1)!/xⁿ + n!/(2xⁿ⁺¹) + Σⱼ B₂ⱼ (2j + n − 1)!/((2j)! x²ʲ⁺ⁿ)
    let factorial: f64 = (1..=n).map(f64::from).product();
    let large = LARGE + f64::from(n);
    let (mut y, mut sum) = (x, 0.0);
    while y < large {
        sum += factorial / y.powi(n + 1);
        y += 1.0;
    }
    let inverse_square = 1.0 / (y * y);
    // (2j + n − 1)!/(2j)! · y⁻²ʲ, from j = 1
    let mut factor = factorial / f64::from(n);
    let mut series = 1.0 * factor + factorial / (2.0 * y);
    for (j, b) in BERNOULLI.iter().enumerate() {
        let two_j = 2.0 * (j as f64 + 1.0);
        let m = two_j + f64::from(n);
        factor *= (m - 2.0) * (m - 1.0) / ((two_j - 1.0) * two_j) * inverse_square;
        series += b * factor;
    }
    sign * (sum + series / y.powi(n))
}

/// dⁿ/dxⁿ π cot πx = πⁿ⁺¹ Pₙ(cot πx), P₀(c) = c, Pₙ₊₁ = −(1 + c²) Pₙ′
fn derivative_of_pi_cot_pi(n: i32, x: f64) -> f64 {
    let mut p = vec![0.0, 1.0];
    for _ in 0..n {
        let mut next = vec![0.0; p.len() + 1];
        for (k, &a) in p.iter().enumerate().skip(1) {
            next[k - 1] -= k as f64 * a;
            next[k + 1] -= k as f64 * a;
        }
        p = next;
    }
    let (sin, cos) = sin_cos_pi(x);
    let c = cos / sin;
    p.iter().rev().fold(0.0, |value, &a| value * c + a) * PI.powi(n + 1)
}
