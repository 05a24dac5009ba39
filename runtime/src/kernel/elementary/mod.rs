//! The elementary functions per number type.
//!
//! They are written for [`Math`] and a type of number each, below [`Scalar`](super::scalar::Scalar), which
//! promises them; the methods of [`Math`] that are generic in the number stand in [`math`](super::math).

mod error_function;
mod exponential;
mod gamma;
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
    fn sin(math: Math, x: Self) -> Self;
    fn sin_cos(math: Math, x: Self) -> (Self, Self);
    fn cos(math: Math, x: Self) -> Self;
    fn tan(math: Math, x: Self) -> Self;
    fn asin(math: Math, x: Self) -> Self;
    fn acos(math: Math, x: Self) -> Self;
    fn atan(math: Math, x: Self) -> Self;
    fn sinh(math: Math, x: Self) -> Self;
    fn cosh(math: Math, x: Self) -> Self;
    fn lgamma(math: Math, x: Self) -> Self;
    fn digamma(math: Math, x: Self) -> Self;
    fn polygamma(math: Math, n: i32, x: Self) -> Self;
    fn pow(math: Math, x: Self, y: Self) -> Self;
}

macro_rules! kernels {
    ($t:ident, $precision:ident) => {
        impl ElementaryKernels for $t {
            kernels! { $t
                vector $precision: expm1 tanh log_cosh;
                either $precision: exp, log, log1p;
                in_double error_function: erf normal_cdf normal_pdf;
                circular $precision: sin cos;
                std tan asin acos atan sinh cosh;
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
    ($t:ident vector $precision:ident: $($vector:ident)*; either $same:ident: $($name:ident),*; in_double $module:ident: $($double:ident)*; circular $circular:ident: $($periodic:ident)*; std $($std:ident)*;) => {
        $(#[inline(always)]
        fn $vector(math: Math, x: Self) -> Self {
            exponential::$precision::$vector(math, x)
        })*
        $(#[inline(always)]
        fn $name(math: Math, x: Self) -> Self {
            if math.alone { exponential::$same::alone::$name(x) } else { exponential::$same::$name(math, x) }
        })*
        $(#[inline(always)]
        fn $double(math: Math, x: Self) -> Self {
            $module::$double(math, f64::from(x)) as $t
        })*
        $(#[inline(always)]
        fn $periodic(math: Math, x: Self) -> Self {
            trigonometric::$circular::$periodic(math, x)
        })*
        $(#[inline(always)]
        fn $std(_: Math, x: Self) -> Self {
            $t::$std(x)
        })*
    };
}

kernels!(f32, single);
kernels!(f64, double);
