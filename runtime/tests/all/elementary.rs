//! The elementary functions against values computed with 400 bits (data/elementary.txt, data/of_two.txt), and
//! single against double precision.

use gradsmith_runtime::__private::{Math, step};
use gradsmith_runtime::Scalar;

/// Calls the function of that name.
#[inline(always)]
fn call<T: Scalar>(math: Math, (name, x): (&str, T)) -> T {
    match name {
        "exp" => math.exp(x),
        "expm1" => math.expm1(x),
        "log" => math.log(x),
        "log1p" => math.log1p(x),
        "tanh" => math.tanh(x),
        "sigmoid" => math.sigmoid(x),
        "softplus" => math.softplus(x),
        "log_cosh" => math.log_cosh(x),
        "erf" => math.erf(x),
        "normal_cdf" => math.normal_cdf(x),
        "normal_pdf" => math.normal_pdf(x),
        "sin" => math.sin(x),
        "cos" => math.cos(x),
        "tan" => math.tan(x),
        "asin" => math.asin(x),
        "acos" => math.acos(x),
        "atan" => math.atan(x),
        "sinh" => math.sinh(x),
        "cosh" => math.cosh(x),
        "lgamma" => math.lgamma(x),
        "digamma" => math.digamma(x),
        "erfc" => math.erfc(x),
        "gauss" => math.gauss(x),
        "log_normal_cdf" => math.log_normal_cdf(x),
        "inverse_mills" => math.inverse_mills(x),
        "inverse_mills_gap" => math.inverse_mills_gap(x),
        "truncated_variance" => math.truncated_variance(x),
        "factorial_gap" => math.factorial_gap(x),
        "log1p_gap" => math.log1p_gap(x),
        "log1mexp" => math.log1mexp(x),
        "exp_odds" => math.exp_odds(x),
        "sinc" => math.sinc(x),
        "sinc_slope" => math.sinc_derivative(1, x),
        "sinc_curve" => math.sinc_derivative(2, x),
        "log2" => math.log2(x),
        "log10" => math.log10(x),
        "cbrt" => math.cbrt(x),
        "trigamma" => math.trigamma(x),
        "tetragamma" => math.polygamma(2, x),
        "pentagamma" => math.polygamma(3, x),
        "hexagamma" => math.polygamma(4, x),
        _ => panic!("no function {name}"),
    }
}

/// Calls the function of two arguments of that name.
#[inline(always)]
fn call_of_two<T: Scalar>(math: Math, (name, x, y): (&str, T, T)) -> T {
    match name {
        "logaddexp" => math.logaddexp(x, y),
        "atan2" => math.atan2(x, y),
        "lbeta" => math.lbeta(x, y),
        "log_gamma_ratio" => math.log_gamma_ratio(x, y),
        "digamma_step" => math.digamma_step(x, y),
        "trigamma_step" => math.trigamma_step(x, y),
        "rising_gap" => math.rising_gap(x, y),
        "rising_gap_slope" => math.rising_gap_slope(x, y),
        "gamma_kernel" => math.gamma_kernel(x, y),
        "digamma_gap" => math.digamma_gap(x, y),
        "deviance" => math.deviance(x, y),
        "shortfall" => math.shortfall(x, y),
        "log1p_scaled" => math.log1p_scaled(x, y),
        _ => panic!("no function {name}"),
    }
}

/// All ways to compute it: for the target's baseline, in a loop and alone, and for this processor.
fn all<T: Scalar>(name: &str, x: T) -> [T; 3] {
    [call(Math::portable(), (name, x)), call(Math::portable().single(), (name, x)), step((name, x), call)]
}

/// Units in the last place, and absolute error, that a function may be off at x; one of them must hold.
fn bound(name: &str, x: f64) -> (f64, f64) {
    match name {
        // Also near its zeros at 1 and 2.
        "lgamma" if x > 0.5 => (12.0, 0.0),
        "exp" | "log" => (1.001, 0.0),
        "expm1" | "log1p" | "tanh" | "sigmoid" | "softplus" | "log_cosh" => (2.0, 0.0),
        "erf" => (2.0, 0.0),
        "normal_pdf" | "gauss" => (4.0, 0.0),
        "erfc" => (6.0, 0.0),
        "log_normal_cdf" | "inverse_mills" | "inverse_mills_gap" => (6.0, 0.0),
        "truncated_variance" => (12.0, 0.0),
        "log1mexp" => (4.0, 0.0),
        "factorial_gap" | "log1p_gap" => (20.0, 0.0),
        "exp_odds" => (3.0, 0.0),
        "sinc" => (2.0, 0.0),
        // Also near their zeros, of which sinc has those of the sine.
        "sinc_slope" | "sinc_curve" => (6.0, 4.0 * f64::EPSILON / x.abs().max(1.0)),
        "normal_cdf" => (6.0, 0.0),
        "sin" | "cos" => (1.0, 0.0),
        // std's, where they come from the platform
        "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "log2" | "log10" | "cbrt" => (4.0, 0.0),
        "lgamma" | "digamma" => (100.0, 1e-14),
        _ => (100.0, 0.0),
    }
}

fn ulp(x: f64) -> f64 {
    let x = x.abs().max(f64::MIN_POSITIVE);
    x.next_up() - x
}

#[test]
fn double_precision_is_as_accurate_as_documented() {
    for line in include_str!("data/elementary.txt").lines() {
        let mut fields = line.split(' ');
        let name = fields.next().unwrap();
        // The exact value is high + low.
        let [x, high, low] =
            [(); 3].map(|()| f64::from_bits(u64::from_str_radix(fields.next().unwrap(), 16).unwrap()));
        let (ulps, absolute) = bound(name, x);
        for y in all(name, x) {
            let error = ((y - high) - low).abs();
            let right = y == high || error <= ulps * ulp(high) || error <= absolute;
            assert!(right, "{name}({x:e}) = {y:e}, not {high:e}: {} ulp", error / ulp(high));
        }
    }
}

/// The same of functions of two arguments; relative to the larger argument of `logaddexp`, which may be 0.
fn bound_of_two(name: &str, x: f64, y: f64) -> (f64, f64) {
    match name {
        "logaddexp" => (2.0, 2.0 * f64::EPSILON * x.abs().max(y.abs())),
        "atan2" => (4.0, 0.0),
        "shortfall" | "log1p_scaled" => (3.0, 0.0),
        // Near a zero, exact to what is subtracted.
        "gamma_kernel" => {
            (30.0, 8.0 * f64::EPSILON * (if x < 13.0 { y + (x - 1.0).abs() * y.ln().abs() } else { 0.0 }))
        }
        "digamma_gap" => (30.0, if x < 13.0 { 8.0 * f64::EPSILON * (1.0 / x + y.ln().abs()) } else { 0.0 }),
        "lbeta" | "log_gamma_ratio" | "rising_gap" => (30.0, 0.0),
        _ => (16.0, 0.0),
    }
}

#[test]
fn functions_of_two_arguments_are_as_accurate() {
    let mut failed = Vec::new();
    for line in include_str!("data/of_two.txt").lines() {
        let mut fields = line.split(' ');
        let name = fields.next().unwrap();
        let [x, y, high, low] =
            [(); 4].map(|()| f64::from_bits(u64::from_str_radix(fields.next().unwrap(), 16).unwrap()));
        let (ulps, absolute) = bound_of_two(name, x, y);
        for math in [Math::portable(), Math::portable().single()] {
            let got = call_of_two(math, (name, x, y));
            let error = ((got - high) - low).abs();
            if !(error <= ulps * ulp(high) || error <= absolute) {
                let off = error / ulp(high);
                failed.push(format!("{name}({x:e}, {y:e}) = {got:e}, not {high:e}: {off} ulp"));
            }
        }
        // Single precision: of the same numbers, rounded.
        let (x, y) = (x as f32, y as f32);
        let want = call_of_two(Math::portable(), (name, f64::from(x), f64::from(y)));
        let got = f64::from(call_of_two(Math::portable(), (name, x, y)));
        let scale = want.abs().max(if name == "logaddexp" { f64::from(x.abs().max(y.abs())) } else { 1e-38 });
        if (got - want).abs() > 3e-7 * scale && want.abs() < 1e38 {
            failed.push(format!("{name}({x:e}, {y:e}) = {got:e} in single precision, not {want:e}"));
        }
    }
    assert!(failed.is_empty(), "{}:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn single_precision_is_as_accurate_as_documented() {
    let names = [
        "exp",
        "expm1",
        "log",
        "log1p",
        "tanh",
        "sigmoid",
        "softplus",
        "log_cosh",
        "erf",
        "normal_cdf",
        "erfc",
        "gauss",
        "log_normal_cdf",
        "inverse_mills",
        "inverse_mills_gap",
        "truncated_variance",
        "sinc",
        "sinc_slope",
        "sinc_curve",
        "log1mexp",
    ];
    for name in names {
        for bits in (0..=u32::MAX).step_by(50_021) {
            let x = f32::from_bits(bits);
            let exact = call(Math::portable(), (name, f64::from(x)));
            for y in all(name, x) {
                if exact as f32 == y || exact.is_nan() && y.is_nan() {
                    continue;
                }
                let near = (exact as f32).abs().clamp(f32::MIN_POSITIVE, f32::MAX / 2.0);
                let error = (f64::from(y) - exact).abs() / f64::from(near.next_up() - near);
                let ulps = if matches!(name, "exp" | "log") { 1.001 } else { 2.0 };
                assert!(error <= ulps, "{name}({x:e}) = {y:e}, not {exact:e}: {error} ulp");
            }
        }
    }
}

#[test]
fn special_points_are_exact() {
    let inf = f64::INFINITY;
    let table: &[(&str, f64, f64)] = &[
        ("exp", -inf, 0.0),
        ("exp", inf, inf),
        ("exp", 0.0, 1.0),
        ("exp", 709.8, inf),
        ("exp", -745.2, 0.0),
        ("exp", -745.0, 5e-324),
        ("expm1", -inf, -1.0),
        ("expm1", inf, inf),
        ("expm1", 1e-300, 1e-300),
        ("expm1", 5e-324, 5e-324),
        ("expm1", -1e3, -1.0),
        ("log", 0.0, -inf),
        ("log", inf, inf),
        ("log", 1.0, 0.0),
        ("log1p", -1.0, -inf),
        ("log1p", inf, inf),
        ("log1p", 1e-300, 1e-300),
        ("log1p", -5e-324, -5e-324),
        ("tanh", inf, 1.0),
        ("tanh", -1e300, -1.0),
        ("tanh", 1e-300, 1e-300),
        ("atan", 1e300, core::f64::consts::FRAC_PI_2),
        ("sigmoid", -745.0, 5e-324),
        ("sigmoid", -inf, 0.0),
        ("sigmoid", inf, 1.0),
        ("sigmoid", 0.0, 0.5),
        ("softplus", -inf, 0.0),
        ("softplus", inf, inf),
        ("softplus", 1e300, 1e300),
        ("softplus", -745.0, 5e-324),
        ("log_cosh", 0.0, 0.0),
        ("log_cosh", 1e300, 1e300),
        ("log_cosh", -inf, inf),
        ("log_cosh", 1e-100, 5e-201),
        ("erf", inf, 1.0),
        ("erf", -inf, -1.0),
        ("erf", 0.0, 0.0),
        ("normal_cdf", -inf, 0.0),
        ("normal_cdf", inf, 1.0),
        ("normal_pdf", inf, 0.0),
        ("erfc", inf, 0.0),
        ("erfc", -inf, 2.0),
        ("erfc", 0.0, 1.0),
        ("log_normal_cdf", inf, 0.0),
        ("log_normal_cdf", -inf, -inf),
        ("log_normal_cdf", -1e10, -5e19),
        ("inverse_mills", -1e150, 1e150),
        ("inverse_mills", -inf, inf),
        ("inverse_mills", inf, 0.0),
        ("inverse_mills_gap", -1e150, 1e-150),
        ("inverse_mills_gap", -inf, 0.0),
        ("truncated_variance", inf, 1.0),
        ("log1mexp", 0.0, -inf),
        ("log1mexp", -inf, 0.0),
        ("log1mexp", -1e-300, -690.775_527_898_213_7),
        ("log1mexp", -745.0, -5e-324),
        ("exp_odds", -1e3, 0.0),
        ("sinc", 0.0, 1.0),
        ("sinc", inf, 0.0),
        ("sinc", 1e-310, 1.0),
        ("sinc_slope", 0.0, 0.0),
        ("sinc_slope", -inf, 0.0),
        ("sinc_curve", 0.0, -1.0 / 3.0),
        ("log2", 1024.0, 10.0),
        ("log10", 1e-300, -300.0),
        ("log2", 0.0, -inf),
        ("cbrt", -27.0, -3.0),
        ("lgamma", 1.0, 0.0),
        ("lgamma", 2.0, 0.0),
        ("lgamma", 0.0, inf),
        ("lgamma", -3.0, inf),
        ("lgamma", inf, inf),
        ("digamma", inf, inf),
        ("trigamma", inf, 0.0),
        ("trigamma", -1.0, inf),
        ("trigamma", 5e-324, inf),
        ("lgamma", -inf, inf),
        ("tetragamma", 1e-310, -inf),
        ("tetragamma", -1e-310, inf),
    ];
    for &(name, x, expected) in table {
        for y in all(name, x) {
            assert!(y == expected, "{name}({x:e}) = {y:e}, not {expected:e}");
        }
    }
    for (name, x) in [
        ("log", -1.0),
        ("log1p", -1.5),
        ("log1mexp", 0.1),
        ("log1mexp", 1e3),
        ("log10", -1.0),
        ("digamma", -2.0),
        ("tetragamma", 0.0),
    ] {
        assert!(all(name, x).iter().all(|y| y.is_nan()), "{name}({x})");
    }
}

#[test]
fn nan_and_the_sign_of_zero_pass_through() {
    for name in [
        "exp",
        "expm1",
        "log",
        "log1p",
        "tanh",
        "sigmoid",
        "softplus",
        "log_cosh",
        "erf",
        "normal_cdf",
        "erfc",
        "gauss",
        "log_normal_cdf",
        "inverse_mills",
        "inverse_mills_gap",
        "truncated_variance",
        "log1mexp",
        "sinc",
        "sinc_curve",
        "log2",
        "log10",
        "cbrt",
        "lgamma",
        "digamma",
    ] {
        assert!(all(name, f64::NAN).iter().all(|y| y.is_nan()), "{name}");
        assert!(all(name, f32::NAN).iter().all(|y| y.is_nan()), "{name}");
    }
    for name in ["expm1", "log1p", "tanh", "erf", "sin", "atan", "cbrt"] {
        assert!(all(name, -0.0f64).iter().all(|y| *y == 0.0 && y.is_sign_negative()), "{name}");
    }
}

fn close(x: f64, y: f64) -> bool {
    x == y || (x - y).abs() <= 1e-14 * y.abs()
}

#[test]
fn oracle_values_hold_to_their_digits() {
    let m = Math::portable();
    assert!(close(m.sigmoid(-700.0), 9.859_676_543_759_77e-305));
    assert!(close(m.log_cosh(1e-8), 5e-17));
    assert!(close(m.exp(-690.0), (-690.0f64).exp()));
    assert!(close(m.log(1e-310), 1e-310f64.ln()));
}

#[test]
fn hypot_minus_neither_cancels_nor_overflows() {
    let m = Math::portable();
    for (u, v, expected) in [
        (0.0, 0.0, 0.0),
        (1.0, 1e8, 5e-9),
        (3.0, 4.0, 1.0),
        (3.0, -4.0, 9.0),
        (0.0, -2.0, 4.0),
        (0.0, 2.0, 0.0),
        (1e200, 1e200, 1e200 * (core::f64::consts::SQRT_2 - 1.0)),
        (1e-200, 1e-200, 1e-200 * (core::f64::consts::SQRT_2 - 1.0)),
        (1e300, 0.0, 1e300),
        (1.0, -1e300, 2e300 / 1.0),
    ] {
        let expected = if expected > 1e300 { 1e300 + 1e300 } else { expected };
        assert!((m.hypot_minus(u, v) - expected).abs() <= 4.0 * f64::EPSILON * expected, "({u:e}, {v:e})");
    }
    assert_eq!(m.hypot(3.0, 4.0), 5.0);
    assert_eq!(m.hypot(0.0, 0.0), 0.0);
    assert_eq!(m.hypot(f64::INFINITY, 1.0), f64::INFINITY);
    assert!(m.hypot(f64::NAN, 1.0).is_nan());
    assert!(m.hypot(1.0, f64::NAN).is_nan());
    // Triangles of 3, 4 and 5 of every size, and what is too small to matter.
    for exponent in -1070..1020 {
        let unit = 2.0f64.powi(exponent);
        assert_eq!(m.hypot(3.0 * unit, -4.0 * unit), 5.0 * unit, "2^{exponent}");
        assert_eq!(m.hypot(unit, 1e-17 * unit), unit, "2^{exponent}");
    }
    for exponent in -145..124 {
        let unit = 2.0f32.powi(exponent);
        assert_eq!(m.hypot(-3.0 * unit, 4.0 * unit), 5.0 * unit, "2^{exponent}");
        assert_eq!(m.hypot(1e-8 * unit, unit), unit, "2^{exponent}");
    }
}

#[test]
fn products_with_zero_are_zero() {
    let m = Math::portable();
    assert_eq!([m.xlogy(0.0, 0.0), m.xlogy(0.0, -1.0), m.xlogy(0.0, f64::INFINITY)], [0.0; 3]);
    assert_eq!([m.xdivy(0.0, 0.0), m.xdivy(0.0, f64::NAN), m.recip0(-0.0)], [0.0; 3]);
    assert_eq!(m.xlogy(2.0, 0.0), f64::NEG_INFINITY);
    assert_eq!([m.xdivy(1.0, 4.0), m.recip0(4.0)], [0.25; 2]);
}

#[test]
fn infinities_and_the_origin_of_functions_of_two_arguments() {
    let (m, inf) = (Math::portable(), f64::INFINITY);
    assert_eq!(m.logaddexp(-inf, -inf), -inf);
    assert_eq!([m.logaddexp(inf, inf), m.logaddexp(inf, -inf), m.logaddexp(-inf, 2.0)], [inf, inf, 2.0]);
    assert!(m.logaddexp(f64::NAN, 1.0).is_nan() && m.logaddexp(1.0, f64::NAN).is_nan());
    assert_eq!([m.atan2(0.0, 0.0), m.atan2(-0.0, -0.0)], [0.0; 2]);
    assert_eq!([m.atan2(0.0, -1.0), m.atan2(-0.0, -1.0)], [core::f64::consts::PI; 2]);
    assert_eq!([m.log_gamma_ratio(1.0, 1.0), m.log_gamma_ratio(3.0, 0.0), m.lbeta(1.0, 1.0)], [0.0; 3]);
    assert_eq!([m.lbeta(0.0, 2.0), m.log_gamma_ratio(2.0, inf)], [inf; 2]);
    assert_eq!([m.digamma_step(2.0, 0.0), m.trigamma_step(1e300, 1.0)], [0.0; 2]);
}

#[test]
fn powers_follow_std() {
    let m = Math::portable();
    for (x, y) in
        [(0.0f64, 0.0f64), (-2.0, 3.0), (-2.0, 0.5), (2.0, -1.5), (0.0, -1.0), (-0.0, 3.0), (1.5, 0.0)]
    {
        assert_eq!(m.pow(x, y).to_bits() << 1, f64::powf(x, y).to_bits() << 1, "{x}^{y}");
    }
    for n in -5..=8 {
        assert!(close(m.powi(-1.7, n), f64::powi(-1.7, n)), "{n}");
    }
}

#[test]
fn signs_and_extremes() {
    let m = Math::portable();
    assert_eq!([-3.0, -0.0, 0.0, 2.0].map(|x: f32| m.sign(x)), [-1.0, 0.0, 0.0, 1.0]);
    assert!(m.sign(f64::NAN).is_nan());
    assert_eq!([m.sign(f64::INFINITY), m.sign(f64::NEG_INFINITY)], [1.0, -1.0]);
    assert_eq!([m.max(1.0, 2.0), m.min(1.0, 2.0)], [2.0, 1.0]);
    for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN)] {
        assert!(m.max(a, b).is_nan() && m.min(a, b).is_nan());
    }
}
