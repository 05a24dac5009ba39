//! Single precision at special points: what double precision gives of the same numbers, rounded.

use gradsmith_runtime::__private::{Math, step};
use gradsmith_runtime::Scalar;

/// A function of two arguments; one of one argument takes the first.
type Binary<T> = fn(Math, T, T) -> T;

macro_rules! functions {
    ($($name:ident($($x:ident),*);)*) => {
        const NAMES: &[(&str, bool)] = &[$((stringify!($name), functions!(@ $($x)*))),*];

        fn functions<T: Scalar>() -> Vec<Binary<T>> {
            vec![$(|math, a, b| {
                let _ = (a, b);
                functions!(= math $name a b $($x)*)
            }),*]
        }
    };
    (@ a) => { false };
    (@ a b) => { true };
    (= $math:ident $name:ident $a:ident $b:ident a) => { $math.$name($a) };
    (= $math:ident $name:ident $a:ident $b:ident a b) => { $math.$name($a, $b) };
}

functions! {
    exp(a); expm1(a); log(a); log1p(a); tanh(a); sin(a); cos(a); tan(a); asin(a); acos(a); atan(a); sinh(a);
    cosh(a); erf(a); normal_cdf(a); normal_pdf(a); lgamma(a); digamma(a); log_cosh(a); sqrt(a); abs(a); sign(a);
    sigmoid(a); softplus(a); softsign(a); recip0(a); erfc(a); gauss(a); log_normal_cdf(a); inverse_mills(a);
    inverse_mills_gap(a); truncated_variance(a); log1mexp(a); exp_odds(a); sinc(a); log2(a); log10(a); cbrt(a);
    trigamma(a); atan2(a, b); lbeta(a, b); digamma_step(a, b); trigamma_step(a, b);
    max(a, b); min(a, b); hypot(a, b); hypot_minus(a, b); unit(a, b); xlogy(a, b); xlog1py(a, b); xdivy(a, b);
    pow(a, b); pow_slope(a, b); pow_curve(a, b); pow_log(a, b); pow_log_square(a, b); pow_mixed(a, b);
}

fn points() -> Vec<f32> {
    let positive = [
        0.0,
        1e-45,
        1e-40,
        1e-38,
        1e-30,
        1e-20,
        1e-10,
        1e-5,
        0.25,
        0.5,
        0.999,
        1.0,
        1.001,
        1.5,
        2.0,
        2.5,
        3.0,
        4.0,
        7.5,
        10.0,
        33.25,
        88.0,
        104.0,
        1e5,
        1e10,
        1e20,
        1e30,
        f32::MAX,
        f32::INFINITY,
    ];
    positive.iter().flat_map(|&x| [x, -x]).chain([f32::NAN]).collect()
}

/// Of two arguments none is subnormal, where single precision has lost digits that double precision has; nor
/// is an exponent one that single precision rounds when it takes 1 from it.
fn pairs(name: &str) -> Vec<(f32, f32)> {
    let kept = |x: &f32| x.abs() == 0.0 || (x.abs() > 1e-31 && x.abs() != f32::MAX) || x.is_nan();
    let exponent = |x: &f32| {
        !name.starts_with("pow")
            || x.is_nan()
            || x.is_infinite()
            || ((2.0 * x).fract() == 0.0 && x.abs() < 20.0)
    };
    let second: Vec<f32> = points().into_iter().filter(kept).filter(exponent).collect();
    points()
        .into_iter()
        .filter(kept)
        .flat_map(|a| second.iter().map(move |&b| (a, b)).collect::<Vec<_>>())
        .collect()
}

/// To a few units in the last place, those of subnormal numbers included.
fn near(name: &str, got: f32, want: f64) -> bool {
    // Powers are multiplied by what is large or cancels.
    let (relative, least) =
        if name.starts_with("pow_") { (2e-5, 1e-36) } else { (2e-6, 3.0 * f64::from(f32::from_bits(1))) };
    let rounded = want as f32;
    let off = (f64::from(got) - want).abs();
    // At the ends of the range either side of the last step is right.
    let edge = want.abs() > f64::from(f32::MAX) * (1.0 - 1e-6) && got.abs() >= f32::MAX * (1.0 - 1e-6);
    got == rounded
        || (got.is_nan() && rounded.is_nan())
        || off <= relative * want.abs() + least
        || (edge && got.is_sign_positive() == (want > 0.0))
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let mut failed = Vec::new();
    for (k, &(name, binary)) in NAMES.iter().enumerate() {
        let (single, double) = (functions::<f32>()[k], functions::<f64>()[k]);
        let pairs = if binary { pairs(name) } else { points().into_iter().map(|a| (a, 0.0)).collect() };
        for (a, b) in pairs {
            let want = double(Math::portable(), f64::from(a), f64::from(b));
            let roads = [
                single(Math::portable(), a, b),
                single(Math::portable().single(), a, b),
                step((single, a, b), |math, (f, a, b): (Binary<f32>, f32, f32)| f(math, a, b)),
            ];
            for got in roads {
                if !near(name, got, want) {
                    failed.push(format!("{name}({a:e}, {b:e}) = {got:e}, not {want:e}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} of them:\n{}", failed.len(), failed.join("\n"));
}
