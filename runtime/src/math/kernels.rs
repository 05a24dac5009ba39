//! The functions per number type.

use crate::simd::Math;

/// What [`Math`] calls. Not nameable outside this crate, which seals [`Scalar`](crate::scalar::Scalar).
#[allow(missing_docs, reason = "documented where `Math` offers them")]
pub trait Kernels: Copy + 'static {
    fn fused_mul_add(self, b: Self, c: Self) -> Self;
    fn exp(math: Math, x: Self) -> Self;
    fn expm1(math: Math, x: Self) -> Self;
    fn log(math: Math, x: Self) -> Self;
    fn log1p(math: Math, x: Self) -> Self;
    fn tanh(math: Math, x: Self) -> Self;
    fn log_cosh(math: Math, x: Self) -> Self;
    fn erf(math: Math, x: Self) -> Self;
    fn normal_cdf(math: Math, x: Self) -> Self;
    fn sin(math: Math, x: Self) -> Self;
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

macro_rules! std_kernels {
    ($t:ident) => {
        impl Kernels for $t {
            #[inline(always)]
            fn fused_mul_add(self, b: Self, c: Self) -> Self {
                self.mul_add(b, c)
            }
            #[inline(always)]
            fn exp(_: Math, x: Self) -> Self {
                x.exp()
            }
            #[inline(always)]
            fn expm1(_: Math, x: Self) -> Self {
                x.exp_m1()
            }
            #[inline(always)]
            fn log(_: Math, x: Self) -> Self {
                x.ln()
            }
            #[inline(always)]
            fn log1p(_: Math, x: Self) -> Self {
                x.ln_1p()
            }
            #[inline(always)]
            fn tanh(_: Math, x: Self) -> Self {
                x.tanh()
            }
            #[inline(always)]
            fn log_cosh(_: Math, x: Self) -> Self {
                let s = (0.5 * x).sinh();
                if x.abs() < 1.0 {
                    (2.0 * s * s).ln_1p()
                } else {
                    x.abs() - core::$t::consts::LN_2 + (-2.0 * x.abs()).exp().ln_1p()
                }
            }
            #[inline(always)]
            fn erf(_: Math, _: Self) -> Self {
                $t::NAN
            }
            #[inline(always)]
            fn normal_cdf(_: Math, _: Self) -> Self {
                $t::NAN
            }
            #[inline(always)]
            fn sin(_: Math, x: Self) -> Self {
                x.sin()
            }
            #[inline(always)]
            fn cos(_: Math, x: Self) -> Self {
                x.cos()
            }
            #[inline(always)]
            fn tan(_: Math, x: Self) -> Self {
                x.tan()
            }
            #[inline(always)]
            fn asin(_: Math, x: Self) -> Self {
                x.asin()
            }
            #[inline(always)]
            fn acos(_: Math, x: Self) -> Self {
                x.acos()
            }
            #[inline(always)]
            fn atan(_: Math, x: Self) -> Self {
                x.atan()
            }
            #[inline(always)]
            fn sinh(_: Math, x: Self) -> Self {
                x.sinh()
            }
            #[inline(always)]
            fn cosh(_: Math, x: Self) -> Self {
                x.cosh()
            }
            #[inline(always)]
            fn lgamma(_: Math, _: Self) -> Self {
                $t::NAN
            }
            #[inline(always)]
            fn digamma(_: Math, _: Self) -> Self {
                $t::NAN
            }
            #[inline(always)]
            fn polygamma(_: Math, _: i32, _: Self) -> Self {
                $t::NAN
            }
            #[inline(always)]
            fn pow(_: Math, x: Self, y: Self) -> Self {
                x.powf(y)
            }
        }
    };
}

std_kernels!(f32);
std_kernels!(f64);
