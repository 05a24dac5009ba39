//! The lower tail of the standard normal distribution, in double precision: log Φ, and what its derivatives
//! are made of.
//!
//! For a = −x ≥ 0 the ratio m = φ/Φ is a + e, and what lies below x has the variance v = 1 − m e. Far out
//! e is 1/a and v is 1/a², about; (a + 5/4) e and (a + 3/2)² v are polynomials in t = (a − 4)/(a + 4) ∈
//! [−1, 1), as in [`error_function`](super::error_function), so that neither is what is left of a
//! difference. Above 0 nothing cancels.

use super::error_function::{normal_pdf, upper_tail};
use super::exponential::{double, polynomial};
use crate::kernel::simd::Math;

/// (a + 5/4) e in t: relative error 2⁻⁵⁶
const GAP: [f64; 29] = [
    6.153295933975157e-09,
    2.7904590995897916e-09,
    -6.754962087309244e-08,
    -2.2069880099076346e-09,
    3.837840059032627e-07,
    -2.0930034524345943e-07,
    -1.5395924194295698e-06,
    2.0428924318403356e-06,
    4.875790430587051e-06,
    -1.1847764277302993e-05,
    -1.2051890103000121e-05,
    5.284790724129358e-05,
    1.7180749123460826e-05,
    -0.00019809565043695621,
    3.890635841987643e-05,
    0.0006412121123393074,
    -0.0004641139744087998,
    -0.001759721016890752,
    0.002491568737638462,
    0.003681723238261603,
    -0.010095793216229111,
    -0.0027683668116408535,
    0.03236023191588967,
    -0.025396637048681683,
    -0.06750053480954152,
    0.18248125713271846,
    -0.14259871052441345,
    -0.15540205677598162,
    1.1844375085697232,
];

/// (a + 3/2)² v in t: relative error 2⁻⁵⁶
const VARIANCE: [f64; 31] = [
    -5.1822365409847036e-08,
    4.1677708439601276e-08,
    5.133554433476115e-07,
    -5.382489945956875e-07,
    -2.3632781003418333e-06,
    3.682201949219895e-06,
    6.164529812475662e-06,
    -1.806056881361479e-05,
    -5.151123747924565e-06,
    7.135241061182802e-05,
    -4.1724466701971274e-05,
    -0.00023758212833673603,
    0.00029970030127998877,
    0.0006686010902070791,
    -0.0013193135321213668,
    -0.0015206934029156018,
    0.004668113132987429,
    0.0023134030028278177,
    -0.014049504684186108,
    0.0006500397632467044,
    0.03585385065862612,
    -0.02149424292882489,
    -0.07317390299608627,
    0.09730102394424463,
    0.09488732868941002,
    -0.2832032102224136,
    0.045285298652011724,
    0.51068776080318,
    -0.5954595628518253,
    -0.2140243334801477,
    1.4118533615220346,
];

/// e for a ≥ 0
#[inline(always)]
fn gap(math: Math, a: f64) -> f64 {
    let t = 1.0 - 8.0 / (a + 4.0);
    polynomial!(math, t, GAP) / (a + 1.25)
}

/// log Φ(x)
#[inline(always)]
pub(super) fn log_normal_cdf(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let m = a + gap(math, a);
    let below = -(0.5 * a * a) - double::log(math, 2.506_628_274_631_000_7 * m);
    let above = double::log1p(math, -upper_tail(math, a));
    if x < 0.0 { below } else { above }
}

/// φ(x)/Φ(x)
#[inline(always)]
pub(super) fn inverse_mills(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let below = a + gap(math, a);
    let above = normal_pdf(math, x) / (1.0 - upper_tail(math, a));
    if x < 0.0 { below } else { above }
}

/// x + φ(x)/Φ(x)
#[inline(always)]
pub(super) fn inverse_mills_gap(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let below = gap(math, a);
    let above = a + normal_pdf(math, x) / (1.0 - upper_tail(math, a));
    if x < 0.0 { below } else { above }
}

/// 1 − m (x + m) for m = φ(x)/Φ(x)
#[inline(always)]
pub(super) fn truncated_variance(math: Math, x: f64) -> f64 {
    let a = x.abs();
    let t = 1.0 - 8.0 / (a + 4.0);
    let below = polynomial!(math, t, VARIANCE) / (a + 1.5) / (a + 1.5);
    let m = normal_pdf(math, x) / (1.0 - upper_tail(math, a));
    // m is 0 long before
    let a = if a > 1e3 { 1e3 } else { a };
    let above = 1.0 - m * (a + m);
    if x < 0.0 { below } else { above }
}
