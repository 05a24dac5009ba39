//! The elementary functions per number type.
//!
//! They are written for [`Math`] and a type of number each, below [`Scalar`](super::scalar::Scalar), which
//! promises them; the methods of [`Math`] that are generic in the number stand in [`math`](super::math).

mod error_function;
mod exponential;
mod gamma;
mod gamma_ratio;
mod mills;
mod sinc;
mod trigonometric;

use crate::kernel::simd::Math;

/// What [`Math`] calls. Not nameable outside this crate, which seals
/// [`Scalar`](crate::kernel::scalar::Scalar).
#[allow(missing_docs, reason = "documented where `Math` offers them")]
pub trait ElementaryKernels: Copy {
    fn exp(math: Math, x: Self) -> Self;
    fn expm1(math: Math, x: Self) -> Self;
    fn log(math: Math, x: Self) -> Self;
    fn log1p(math: Math, x: Self) -> Self;
    fn tanh(math: Math, x: Self) -> Self;
    fn log_cosh(math: Math, x: Self) -> Self;
    fn hypot(math: Math, u: Self, v: Self) -> Self;
    fn erf(math: Math, x: Self) -> Self;
    fn normal_cdf(math: Math, x: Self) -> Self;
    fn normal_pdf(math: Math, x: Self) -> Self;
    fn erfc(math: Math, x: Self) -> Self;
    fn gauss(math: Math, x: Self) -> Self;
    fn log_normal_cdf(math: Math, x: Self) -> Self;
    fn inverse_mills(math: Math, x: Self) -> Self;
    fn inverse_mills_gap(math: Math, x: Self) -> Self;
    fn truncated_variance(math: Math, x: Self) -> Self;
    fn sin(math: Math, x: Self) -> Self;
    fn sin_cos(math: Math, x: Self) -> (Self, Self);
    fn cos(math: Math, x: Self) -> Self;
    fn tan(math: Math, x: Self) -> Self;
    fn asin(math: Math, x: Self) -> Self;
    fn acos(math: Math, x: Self) -> Self;
    fn atan(math: Math, x: Self) -> Self;
    fn sinh(math: Math, x: Self) -> Self;
    fn cosh(math: Math, x: Self) -> Self;
    fn log2(math: Math, x: Self) -> Self;
    fn log10(math: Math, x: Self) -> Self;
    fn cbrt(math: Math, x: Self) -> Self;
    fn atan2(math: Math, y: Self, x: Self) -> Self;
    fn sinc(math: Math, x: Self) -> Self;
    fn sinc_derivative(math: Math, n: i32, x: Self) -> Self;
    fn lgamma(math: Math, x: Self) -> Self;
    fn digamma(math: Math, x: Self) -> Self;
    fn polygamma(math: Math, n: i32, x: Self) -> Self;
    fn lbeta(math: Math, x: Self, y: Self) -> Self;
    fn log_gamma_ratio(math: Math, x: Self, n: Self) -> Self;
    fn digamma_step(math: Math, x: Self, n: Self) -> Self;
    fn trigamma_step(math: Math, x: Self, n: Self) -> Self;
    fn rising_gap(math: Math, x: Self, n: Self) -> Self;
    fn rising_gap_slope(math: Math, x: Self, n: Self) -> Self;
    fn log1p_gap(math: Math, x: Self) -> Self;
    fn gamma_kernel(math: Math, x: Self, y: Self) -> Self;
    fn digamma_gap(math: Math, x: Self, y: Self) -> Self;
    fn deviance(math: Math, x: Self, y: Self) -> Self;
    fn factorial_gap(math: Math, x: Self) -> Self;
    fn pow(math: Math, x: Self, y: Self) -> Self;
}

macro_rules! kernels {
    ($t:ident, $precision:ident) => {
        impl ElementaryKernels for $t {
            kernels! { $t
                vector $precision: expm1 tanh log_cosh;
                either $precision: exp, log, log1p;
                in_double error_function: erf erfc gauss normal_cdf normal_pdf;
                in_double mills: log_normal_cdf inverse_mills inverse_mills_gap truncated_variance;
                circular $precision: sin cos;
                std tan asin acos atan sinh cosh log2 log10 cbrt;
                of_two gamma_ratio: lbeta log_gamma_ratio digamma_step trigamma_step rising_gap rising_gap_slope gamma_kernel digamma_gap deviance;
            }
            #[inline(always)]
            fn factorial_gap(_: Math, x: Self) -> Self {
                gamma_ratio::factorial_gap(f64::from(x)) as $t
            }
            #[inline(always)]
            fn log1p_gap(_: Math, x: Self) -> Self {
                gamma_ratio::log1p_gap(f64::from(x)) as $t
            }
            #[inline(always)]
            fn atan2(_: Math, y: Self, x: Self) -> Self {
                // π, not −π, below the negative axis: y + 0 is never −0.
                if y == 0.0 && x == 0.0 { 0.0 } else { $t::atan2(y + 0.0, x) }
            }
            #[inline(always)]
            fn sinc(_: Math, x: Self) -> Self {
                sinc::sinc(f64::from(x)) as $t
            }
            #[inline(always)]
            fn sinc_derivative(_: Math, n: i32, x: Self) -> Self {
                sinc::sinc_derivative(n, f64::from(x)) as $t
            }
            #[inline(always)]
            fn hypot(math: Math, u: Self, v: Self) -> Self {
                if math.alone {
                    exponential::$precision::alone::hypot(math, u, v)
                } else {
                    exponential::$precision::hypot(math, u, v)
                }
            }
            #[inline(always)]
            fn sin_cos(math: Math, x: Self) -> (Self, Self) {
                trigonometric::$precision::sin_cos(math, x)
            }
            #[inline(always)]
            fn lgamma(_: Math, x: Self) -> Self {
                gamma::lgamma(f64::from(x)) as $t
            }
            #[inline(always)]
            fn digamma(_: Math, x: Self) -> Self {
                gamma::digamma(f64::from(x)) as $t
            }
            #[inline(always)]
            fn polygamma(_: Math, n: i32, x: Self) -> Self {
                gamma::polygamma(n, f64::from(x)) as $t
            }
            #[inline(always)]
            fn pow(_: Math, x: Self, y: Self) -> Self {
                x.powf(y)
            }
        }
    };
    ($t:ident vector $precision:ident: $($vector:ident)*; either $same:ident: $($name:ident),*; $(in_double $module:ident: $($double:ident)*;)+ circular $circular:ident: $($periodic:ident)*; std $($std:ident)*; of_two $pairs:ident: $($pair:ident)*;) => {
        $(#[inline(always)]
        fn $vector(math: Math, x: Self) -> Self {
            exponential::$precision::$vector(math, x)
        })*
        $(#[inline(always)]
        fn $name(math: Math, x: Self) -> Self {
            if math.alone { exponential::$same::alone::$name(x) } else { exponential::$same::$name(math, x) }
        })*
        $($(#[inline(always)]
        fn $double(math: Math, x: Self) -> Self {
            $module::$double(math, f64::from(x)) as $t
        })*)+
        $(#[inline(always)]
        fn $periodic(math: Math, x: Self) -> Self {
            trigonometric::$circular::$periodic(math, x)
        })*
        $(#[inline(always)]
        fn $std(_: Math, x: Self) -> Self {
            $t::$std(x)
        })*
        $(#[inline(always)]
        fn $pair(_: Math, x: Self, y: Self) -> Self {
            $pairs::$pair(f64::from(x), f64::from(y)) as $t
        })*
    };
}

kernels!(f32, single);
kernels!(f64, double);
