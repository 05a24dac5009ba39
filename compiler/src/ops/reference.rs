//! Values of the special functions, slow and plainly right: what the interpreter computes with.
//!
//! Sources: log Γ about 1 and 2 by its series there (6.1.33); elsewhere it, ψ and the polygammas by
//! recurrence to a large argument and Stirling's series (6.1.41, 6.3.18, 6.4.11), below 0 by reflection
//! (6.1.17, 6.3.7, 6.4.7). At their poles log Γ is +∞, as are the polygammas of odd order, which go to +∞
//! from both sides; ψ and those of even order are no number.

use std::f64::consts::{LN_2, PI};

/// 1/(1 + e⁻ˣ)
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// log(1 + eˣ)
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// −1, 0 or 1; NaN of NaN
#[must_use]
pub fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0 * x
    }
}

/// sign(x) times a function of |x|, and 0 at 0, whatever that is there.
#[must_use]
pub fn signed(x: f64, size: f64) -> f64 {
    if x == 0.0 { 0.0 } else { sign(x) * size }
}

/// aᵇ, but 0 where a is 0 and b negative.
#[must_use]
pub fn pow0(a: f64, b: f64) -> f64 {
    if a == 0.0 && b < 0.0 { 0.0 } else { a.powf(b) }
}

/// The larger; NaN if either is.
#[must_use]
pub fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// The smaller; NaN if either is.
#[must_use]
pub fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

/// √(a² + b²); NaN if either is, where std has ∞ beside ∞.
#[must_use]
pub fn hypot(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.hypot(b) }
}

/// ∂aᵇ/∂a = b aᵇ⁻¹, which is 0 for b = 0 at a = 0 too.
#[must_use]
pub fn pow_slope(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { b * a.powf(b - 1.0) }
}

/// ∂²aᵇ/∂a² = b (b − 1) aᵇ⁻², which is 0 for b = 0 and b = 1 at a = 0 too.
#[must_use]
pub fn pow_curve(a: f64, b: f64) -> f64 {
    if b == 0.0 || b == 1.0 { 0.0 } else { b * ((b - 1.0) * a.powf(b - 2.0)) }
}

/// A power times what logarithms make of its base: where the power goes to 0 it decides.
fn vanishing(power: f64, logarithmic: f64) -> f64 {
    if power == 0.0 && !logarithmic.is_nan() { 0.0 } else { power * logarithmic }
}

/// ∂aᵇ/∂b = aᵇ log a, which goes to 0 with a for b > 0.
#[must_use]
pub fn pow_log(a: f64, b: f64) -> f64 {
    vanishing(a.powf(b), a.ln())
}

/// ∂²aᵇ/∂b² = aᵇ log² a, which goes to 0 with a for b > 0.
#[must_use]
pub fn pow_log_square(a: f64, b: f64) -> f64 {
    vanishing(a.powf(b), a.ln() * a.ln())
}

/// ∂²aᵇ/∂a∂b = aᵇ⁻¹ (1 + b log a), which goes to 0 with a for b > 1.
#[must_use]
pub fn pow_mixed(a: f64, b: f64) -> f64 {
    vanishing(a.powf(b - 1.0), 1.0 + if b == 0.0 { 0.0 } else { b * a.ln() })
}

/// log cosh x: near 0 as log(1 + 2 sinh²(x/2)).
#[must_use]
pub fn log_cosh(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        let s = (0.5 * x).sinh();
        (2.0 * s * s).ln_1p()
    } else {
        x + (-2.0 * x).exp().ln_1p() - LN_2
    }
}

/// √(a² + b²) − b
#[must_use]
pub fn hypot_minus(a: f64, b: f64) -> f64 {
    let h = hypot(a, b);
    if b > 0.0 { a * (a / (h + b)) } else { h - b }
}

/// a/√(a² + b²), 0 at the origin
#[must_use]
pub fn unit(a: f64, b: f64) -> f64 {
    let h = hypot(a, b);
    if h == 0.0 { 0.0 } else { a / h }
}

/// log(eᵃ + eᵇ), of equal infinities that infinity
#[must_use]
pub fn logaddexp(a: f64, b: f64) -> f64 {
    let apart = if a == b { 0.0 } else { (a - b).abs() };
    max(a, b) + (-apart).exp().ln_1p()
}

/// log(1 − eˣ)
#[must_use]
pub fn log1mexp(x: f64) -> f64 {
    if x > -LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// eˣ/(1 − eˣ) for x ≤ 0
#[must_use]
pub fn exp_odds(x: f64) -> f64 {
    if x > 0.0 { f64::NAN } else { 1.0 / (-x).exp_m1() }
}

/// 1/x, and 0 at 0
#[must_use]
pub fn recip0(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { 1.0 / x }
}

/// The angle of the point (x, y) in (−π, π], also where y is −0; 0 at the origin.
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    if x == 0.0 && y == 0.0 { 0.0 } else { (y + 0.0).atan2(x) }
}

/// The n-th derivative of sin(x)/x: ∫₀¹ tⁿ cos(xt + nπ/2) dt.
#[must_use]
pub fn sinc_derivative(n: f64, x: f64) -> f64 {
    if n < 0.0 || n.fract() != 0.0 {
        return f64::NAN;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if x.abs() < 1.0 + 0.5 * n {
        // Σ (−1)ᵏ x²ᵏ⁻ⁿ/((2k + 1) (2k − n)!) over 2k ≥ n
        let mut k = (0.5 * n).ceil();
        let mut power = if n % 2.0 == 0.0 { 1.0 } else { x };
        power *= if k % 2.0 == 0.0 { 1.0 } else { -1.0 };
        let mut sum = 0.0;
        while sum + power / (2.0 * k + 1.0) != sum {
            sum += power / (2.0 * k + 1.0);
            k += 1.0;
            power *= -x / (2.0 * k - n - 1.0) * (x / (2.0 * k - n));
        }
        return sum;
    }
    // x s⁽ⁿ⁾ + n s⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾ x
    let turned = [x.sin(), x.cos(), -x.sin(), -x.cos()];
    (0..=n as usize).fold(0.0, |before, k| (turned[k % 4] - k as f64 * before) / x)
}

/// B₂ₖ for k = 1, 2, …
pub(super) const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// ζ(k) − 1 for k = 2, 3, …
const ZETA_LESS_ONE: [f64; 30] = [
    0.6449340668482264,
    0.2020569031595943,
    0.08232323371113819,
    0.03692775514336993,
    0.01734306198444914,
    0.008349277381922827,
    0.00407735619794434,
    0.0020083928260822143,
    0.0009945751278180853,
    0.0004941886041194645,
    0.0002460865533080483,
    0.00012271334757848915,
    6.124813505870483e-05,
    3.058823630702049e-05,
    1.528225940865187e-05,
    7.637197637899763e-06,
    3.81729326499984e-06,
    1.908212716553939e-06,
    9.539620338727962e-07,
    4.769329867878064e-07,
    2.38450502727733e-07,
    1.1921992596531106e-07,
    5.960818905125948e-08,
    2.980350351465228e-08,
    1.4901554828365043e-08,
    7.45071178983543e-09,
    3.725334024788457e-09,
    1.862659723513049e-09,
    9.313274324196682e-10,
    4.656629065033784e-10,
];

/// log Γ(2 + z) for |z| ≤ ½: z (1 − γ) + Σₖ (−1)ᵏ (ζ(k) − 1) zᵏ/k
pub(super) fn lgamma_near_two(z: f64) -> f64 {
    let terms = ZETA_LESS_ONE.iter().enumerate().rev();
    let series = terms.fold(0.0, |sum, (k, zeta)| -z * sum + zeta / (k as f64 + 2.0));
    z * ((1.0 - 0.577_215_664_901_532_9) + z * series)
}

/// sin πx and cos πx, exact at multiples of ½
fn sin_cos_pi(x: f64) -> (f64, f64) {
    let n = x.round();
    let r = x - n;
    let sign = if n % 2.0 == 0.0 { 1.0 } else { -1.0 };
    let cos = if r.abs() == 0.5 { 0.0 } else { (PI * r).cos() };
    (sign * (PI * r).sin(), sign * cos)
}

fn is_pole(x: f64) -> bool {
    x <= 0.0 && x.fract() == 0.0
}

/// log |Γ(x)|
#[must_use]
pub fn lgamma(x: f64) -> f64 {
    if x.is_infinite() || is_pole(x) {
        return f64::INFINITY;
    }
    if x.abs() < 1e-8 {
        return -x.abs().ln() - 0.577_215_664_901_532_9 * x;
    }
    if x < 0.5 {
        return (PI / sin_cos_pi(x).0.abs()).ln() - lgamma(1.0 - x);
    }
    if x < 1.5 {
        return lgamma_near_two(x - 1.0) - (x - 1.0).ln_1p();
    }
    if x < 2.5 {
        return lgamma_near_two(x - 2.0);
    }
    let (mut z, mut product) = (x, 1.0);
    while z < 15.0 {
        product *= z;
        z += 1.0;
    }
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        let n = 2.0 * (k as f64 + 1.0);
        series += b / (n * (n - 1.0) * z.powf(n - 1.0));
    }
    // (z − ½) log z − z, in a form that overflows only where the result does
    (z - 0.5) * (z.ln() - 1.0) + (0.5 * (2.0 * PI).ln() - 0.5) + series - product.ln()
}

/// ψ(x) = Γ'(x)/Γ(x)
#[must_use]
pub fn digamma(x: f64) -> f64 {
    if x == f64::NEG_INFINITY || is_pole(x) {
        return f64::NAN;
    }
    if x < 0.0 {
        let (sin, cos) = sin_cos_pi(x);
        return digamma(1.0 - x) - PI * (cos / sin);
    }
    let (mut z, mut sum) = (x, 0.0);
    while z < 15.0 {
        sum -= 1.0 / z;
        z += 1.0;
    }
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().rev() {
        let n = 2.0 * (k as f64 + 1.0);
        series += b / (n * z.powf(n));
    }
    sum + z.ln() - 0.5 / z - series
}

/// ψ⁽ⁿ⁾(x) for n ≥ 1.
#[must_use]
pub fn polygamma(n: f64, x: f64) -> f64 {
    if !(n >= 1.0 && n.fract() == 0.0) || x == f64::NEG_INFINITY || x.is_nan() {
        return f64::NAN;
    }
    let odd = n as u32 % 2 == 1;
    let sign = if odd { 1.0 } else { -1.0 };
    if is_pole(x) {
        return if odd { f64::INFINITY } else { f64::NAN };
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let factorial = |m: f64| (1..=m as u32).map(f64::from).product::<f64>();
    if x < 0.0 && x > -1e-10 {
        // The pole at 0 is all there is.
        return sign * factorial(n) / x.powf(n + 1.0);
    }
    if x < 0.0 {
        // (−1)ⁿ ψ⁽ⁿ⁾(1 − x) − ψ⁽ⁿ⁾(x) = dⁿ/dxⁿ π cot πx = πⁿ⁺¹ Pₙ(cot πx), P₀(c) = c, Pₙ₊₁ = −(1 + c²) Pₙ′
        let mut p = vec![0.0, 1.0];
        for _ in 0..n as u32 {
            let slope: Vec<f64> = p.iter().enumerate().skip(1).map(|(k, c)| -(k as f64) * c).collect();
            p = slope.iter().chain(&[0.0, 0.0]).copied().collect();
            slope.iter().enumerate().for_each(|(k, c)| p[k + 2] += c);
        }
        let (sin, cos) = sin_cos_pi(x);
        let cot = cos / sin;
        let derivative = p.iter().rev().fold(0.0, |sum, c| sum * cot + c) * PI.powf(n + 1.0);
        return -sign * polygamma(n, 1.0 - x) - derivative;
    }
    let (mut z, mut sum) = (x, 0.0);
    while z < 20.0 {
        sum += factorial(n) / z.powf(n + 1.0);
        z += 1.0;
    }
    let mut series = factorial(n - 1.0) / z.powf(n) + 0.5 * factorial(n) / z.powf(n + 1.0);
    for (k, b) in BERNOULLI.iter().enumerate() {
        let m = 2.0 * (k as f64 + 1.0);
        // (m + n − 1)! / (m! z^(m+n)), multiplied up so that nothing overflows
        let mut term = b / z.powf(m + n);
        for j in 1..n as u32 {
            term *= m + f64::from(j);
        }
        series += term;
    }
    sign * (sum + series)
}

/// b, or the least number where a is 0 or b is −∞.
#[must_use]
pub fn peak(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == f64::NEG_INFINITY { f64::MIN } else { b }
}

/// log|1 + x|
#[must_use]
pub fn log1p_abs(x: f64) -> f64 {
    if x > -1.0 { x.ln_1p() } else { (-2.0 - x).ln_1p() }
}

/// x log y, 0 where x = 0
#[must_use]
pub fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

fn is_normal(x: f64) -> bool {
    x.is_finite() && x.abs() >= f64::MIN_POSITIVE
}

/// d log(a/c), for a > 0 and c ≥ 0
fn log_of_quotient(a: f64, c: f64, d: f64) -> f64 {
    let quotient = a / c;
    if is_normal(quotient) { xlogy(d, quotient) } else { xlogy(d, a) - xlogy(d, c) }
}

/// a^(d + b)/(a^d + c^d)
#[must_use]
pub fn pow_share(a: f64, b: f64, c: f64, d: f64) -> f64 {
    share_to_power(1, a, b, c, d)
}

/// a^(2 d + b)/(a^d + c^d)²
#[must_use]
pub fn pow_share_square(a: f64, b: f64, c: f64, d: f64) -> f64 {
    share_to_power(2, a, b, c, d)
}

/// a^(n d + b)/(a^d + c^d)ⁿ. Out of range, a^b and the share one after the other where both are numbers as they are, for the
/// logarithm of a large number has fewer digits.
fn share_to_power(n: i32, a: f64, b: f64, c: f64, d: f64) -> f64 {
    let times = f64::from(n);
    let (part, sum) = (a.powf(times * d + b), (a.powf(d) + c.powf(d)).powi(n));
    if !(a > 0.0 && c >= 0.0) || (is_normal(part) && is_normal(sum)) {
        return part / sum;
    }
    let log_share = -times * softplus(-log_of_quotient(a, c, d));
    let (power, share) = (a.powf(b), log_share.exp());
    if is_normal(power) && is_normal(share) { power * share } else { (xlogy(b, a) + log_share).exp() }
}

/// b^(e + c) d^e/(b^e + d^e)² log(b/d)^a, and 0 where that without the logarithm is 0.
#[must_use]
pub fn pow_share_slope(a: f64, b: f64, c: f64, d: f64, e: f64) -> f64 {
    let shares = pow_share(b, c, d, e) * pow_share(d, 0.0, b, e);
    if shares == 0.0 { 0.0 } else { shares * log_of_quotient(b, d, 1.0).powf(a) }
}

/// a^c/(a^c + b^c) log(a/b), and 0 where that without the logarithm is 0.
#[must_use]
pub fn pow_share_log(a: f64, b: f64, c: f64) -> f64 {
    let share = pow_share(a, 0.0, b, c);
    if share == 0.0 { 0.0 } else { share * log_of_quotient(a, b, 1.0) }
}

/// log(a^(d + b)/(a^d + c^d))
#[must_use]
pub fn log_pow_share(a: f64, b: f64, c: f64, d: f64) -> f64 {
    if !(a > 0.0 && c >= 0.0) {
        return (a.powf(d + b) / (a.powf(d) + c.powf(d))).ln();
    }
    xlogy(b, a) - softplus(-log_of_quotient(a, c, d))
}

/// log(a^c + b^c)
#[must_use]
pub fn log_pow_sum(a: f64, b: f64, c: f64) -> f64 {
    if !(a >= 0.0 && b >= 0.0) {
        return (a.powf(c) + b.powf(c)).ln();
    }
    logaddexp(xlogy(c, a), xlogy(c, b))
}

/// log softplus(x)
#[must_use]
pub fn log_softplus(x: f64) -> f64 {
    // log(1 + t)/t is 1 − t/2 + t²/3 for small t = eˣ.
    if x < -13.0 {
        let t = x.exp();
        x + (t * (t / 3.0 - 0.5)).ln_1p()
    } else {
        softplus(x).ln()
    }
}

/// σ(x)/softplus(x)
#[must_use]
pub fn softplus_slope(x: f64) -> f64 {
    if x < -13.0 {
        let t = x.exp();
        1.0 / ((1.0 + t) * (1.0 + t * (t / 3.0 - 0.5)))
    } else {
        sigmoid(x) / softplus(x)
    }
}

/// 1 − σ(x) − σ(x)/softplus(x) = (log(1 + t) − t)/((1 + t) log(1 + t)) with t = eˣ
#[must_use]
pub fn softplus_bend(x: f64) -> f64 {
    if x > 0.0 {
        return sigmoid(-x) - sigmoid(x) / softplus(x);
    }
    // log(1 + t) = 2 artanh s with s = t/(2 + t), and t = 2s + ts.
    let t = x.exp();
    let s = t / (2.0 + t);
    let square = s * s;
    let series = (0..18).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 3));
    // Both sides divided by t.
    let over = 2.0 * square / (2.0 + t) * series - s;
    let log_over = if x < -13.0 { 1.0 + t * (t / 3.0 - 0.5) } else { t.ln_1p() / t };
    over / ((1.0 + t) * log_over)
}

/// ∫₀¹ tⁿ eᵗˣ dt for n = 0, 1, 2: (eˣ − 1)/x and its derivatives.
#[must_use]
pub fn exprel(n: u8, x: f64) -> f64 {
    if x.abs() < 2.0 {
        // Σ xᵏ/(k! (k + n + 1))
        return (0..30).rev().fold(0.0, |sum, k| {
            let k = f64::from(k);
            let n = f64::from(n);
            sum * x / (k + 1.0) + 1.0 / (k + n + 1.0)
        });
    }
    let e = x.exp();
    // What is 0 beside the rest is left out, since it may be 0 times infinity.
    let at = |power: f64| if e == 0.0 { 0.0 } else { e * power };
    match n {
        0 => x.exp_m1() / x,
        1 => (at(x - 1.0) + 1.0) / x / x,
        _ => (at((x - 1.0) * (x - 1.0) + 1.0) - 2.0) / x / x / x,
    }
}

/// Σ wₖ B₂ₖ₊₂/(2k + 2)! xᵏ, of which x/(eˣ − 1) and its logarithm are made (Abramowitz and Stegun 23.1.1).
fn bernoulli(x: f64, weight: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut power, mut factorial) = (0.0, 1.0, 2.0);
    for (k, b) in BERNOULLI.iter().enumerate() {
        let n = (2 * k + 2) as f64;
        sum += weight(n) * b / factorial * power;
        power *= x;
        factorial *= (n + 1.0) * (n + 2.0);
    }
    sum
}

/// log((eˣ − 1)/x)
#[must_use]
pub fn log_exprel(x: f64) -> f64 {
    if x.abs() < 1.0 {
        let square = x * x;
        x / 2.0 + square * bernoulli(square, |n| 1.0 / n)
    } else if x > 0.0 {
        x + ((-(-x).exp_m1()) / x).ln()
    } else {
        (x.exp_m1() / x).ln()
    }
}

/// 1/(1 − e⁻ˣ) − 1/x, the derivative of log((eˣ − 1)/x)
#[must_use]
pub fn log_exprel1(x: f64) -> f64 {
    if x.abs() < 1.0 {
        let square = x * x;
        0.5 + x * bernoulli(square, |_| 1.0)
    } else {
        -1.0 / (-x).exp_m1() - 1.0 / x
    }
}

/// 1/x² − 1/(4 sinh²(x/2)), its second derivative
#[must_use]
pub fn log_exprel2(x: f64) -> f64 {
    if x.abs() < 1.0 {
        let square = x * x;
        bernoulli(square, |n| n - 1.0)
    } else {
        let s = 2.0 * (x / 2.0).sinh();
        1.0 / x / x - 1.0 / s / s
    }
}

/// aᵇ − 1
#[must_use]
pub fn powm1(a: f64, b: f64) -> f64 {
    if a > 0.0 { (b * a.ln()).exp_m1() } else { a.powf(b) - 1.0 }
}

/// (1 + a)ᵇ − 1
#[must_use]
pub fn pow1pm1(a: f64, b: f64) -> f64 {
    if a > -1.0 { (b * a.ln_1p()).exp_m1() } else { (1.0 + a).powf(b) - 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-14 * want.abs().max(1e-300), "{got} is not {want}");
    }

    #[test]
    fn special_values() {
        close(lgamma(0.5), 0.5 * PI.ln());
        close(lgamma(10.0), 12.801_827_480_081_469);
        close(lgamma(1e-10), 23.025_850_929_882_735);
        close(digamma(1.0), -0.577_215_664_901_532_9);
        close(polygamma(1.0, 1.0), PI * PI / 6.0);
        close(polygamma(2.0, 1.0), -2.404_113_806_319_188_5);
        close(log_cosh(1e-8), 5e-17);
    }

    #[test]
    #[allow(clippy::unreadable_literal, reason = "shortest decimal forms of the numbers meant")]
    fn gamma_functions_near_their_zeros_and_below_0() {
        // Below 0 the terms of a reflection may cancel.
        let beside =
            |got: f64, want: f64| assert!((got - want).abs() <= 1e-14 * want.abs().max(1.0), "{got}");
        close(lgamma(0.999999), 5.772164873855652e-07);
        close(lgamma(1.000001), -5.772148423874147e-07);
        close(lgamma(1.25), -0.09827183642181316);
        close(lgamma(2.00001), 4.22787559764836e-06);
        close(lgamma(1.75), -0.08440112102048555);
        beside(lgamma(-0.25), 1.589575312551186);
        beside(lgamma(-2.5), -0.056243716497674054);
        beside(lgamma(-10.1), -13.0209732710115);
        beside(lgamma(-170.5), -707.9984331450788);
        beside(digamma(-0.25), 2.9141391202135276);
        beside(digamma(-0.999999), -999999.5771842643);
        beside(digamma(-2.5), 1.103156640645243);
        beside(digamma(-10.1), 12.030052248548309);
        close(polygamma(1.0, -0.25), 18.541879647671607);
        close(polygamma(2.0, -0.5), -0.82879664423432);
        close(polygamma(3.0, -1.5), 194.59427621918763);
        close(polygamma(2.0, -10.1), 1998.650780070702);
        close(polygamma(1.0, -170.5), 9.863756464538747);
        close(polygamma(4.0, -2.000001), 2.3999999983226643e+31);
        assert!(lgamma(1.0) == 0.0 && lgamma(2.0) == 0.0);
        for pole in [0.0, -0.0, -1.0, -170.0, -1e300] {
            assert!(lgamma(pole) == f64::INFINITY && polygamma(1.0, pole) == f64::INFINITY);
            assert!(digamma(pole).is_nan() && polygamma(2.0, pole).is_nan());
        }
    }

    #[test]
    fn powers_at_0_are_what_they_tend_to() {
        let inf = f64::INFINITY;
        for (b, slope, curve, mixed, log) in [
            (-1.0, -inf, inf, inf, -inf),
            (0.0, 0.0, 0.0, inf, -inf),
            (0.5, inf, -inf, -inf, 0.0),
            (1.0, 1.0, 0.0, -inf, 0.0),
            (2.0, 0.0, 2.0, 0.0, 0.0),
            (3.0, 0.0, 0.0, 0.0, 0.0),
        ] {
            let got = [pow_slope(0.0, b), pow_curve(0.0, b), pow_mixed(0.0, b), pow_log(0.0, b)];
            assert_eq!(got, [slope, curve, mixed, log], "0^{b}");
            assert_eq!(pow_log_square(0.0, b), if b > 0.0 { 0.0 } else { inf }, "0^{b}");
        }
    }
}
