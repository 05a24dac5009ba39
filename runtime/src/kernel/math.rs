//! The elementary functions, as methods of [`Math`].
//!
//! Those marked *vector* are free of branches and calls, so that a loop over them becomes vector instructions
//! inside [`simd`](crate::kernel::simd::simd); the others cost a call a number. All are defined for every
//! input, NaN and ±∞ included; outside a function's domain the result is NaN. A unit in the last place (ulp)
//! is that of the result.

use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<T: Scalar>(self, x: T) -> T {
            T::$name(self, x)
        }
    )*};
}

impl Math {
    unary! {
        /// eˣ. *Vector*, below 1 ulp.
        exp;
        /// eˣ − 1, exact also near 0. *Vector*, below 2 ulp.
        expm1;
        /// The natural logarithm; −∞ at 0. *Vector*, below 1 ulp.
        log;
        /// log(1 + x), exact also near 0. *Vector*, below 2 ulp.
        log1p;
        /// Hyperbolic tangent. *Vector*, below 2 ulp.
        tanh;
        /// Sine. Below 1 ulp in double precision where the processor has fused multiply-add, else std's.
        sin;
        /// Cosine. Below 1 ulp in double precision where the processor has fused multiply-add, else std's.
        cos;
        /// Tangent.
        tan;
        /// Inverse sine, in [−π/2, π/2].
        asin;
        /// Inverse cosine, in [0, π].
        acos;
        /// Inverse tangent, in [−π/2, π/2].
        atan;
        /// Hyperbolic sine.
        sinh;
        /// Hyperbolic cosine.
        cosh;
        /// The logarithm to base 2; −∞ at 0.
        log2;
        /// The logarithm to base 10; −∞ at 0.
        log10;
        /// The cube root, of negative numbers negative.
        cbrt;
        /// sin(x)/x; 1 at 0.
        sinc;
        /// The error function 2/√π ∫₀ˣ e^(−t²) dt. *Vector*.
        erf;
        /// The standard normal distribution function Φ(x), with full relative accuracy in its left tail.
        /// *Vector*.
        normal_cdf;
        /// The standard normal density e^(−x²/2)/√(2π). *Vector*.
        normal_pdf;
        /// 1 − erf(x), with full relative accuracy in its right tail. *Vector*.
        erfc;
        /// e^(−x²), where the rounding of x² would be multiplied by x². *Vector*.
        gauss;
        /// log Φ(x), with full relative accuracy in both tails. *Vector*.
        log_normal_cdf;
        /// φ(x)/Φ(x), the derivative of log Φ(x). *Vector*.
        inverse_mills;
        /// x + φ(x)/Φ(x): how far x is above the mean of what lies below it. *Vector*.
        inverse_mills_gap;
        /// The variance of what lies below x: the derivative of
        /// [`inverse_mills_gap`](Self::inverse_mills_gap). *Vector*.
        truncated_variance;
        /// log |Γ(x)|; +∞ at 0 and the negative integers.
        lgamma;
        /// ψ(x) = d/dx log Γ(x); NaN at 0 and the negative integers.
        digamma;
        /// log cosh x, without overflow, exact also near 0. *Vector*, below 2 ulp.
        log_cosh;
    }

    /// Sine and cosine at once.
    #[inline(always)]
    pub fn sin_cos<T: Scalar>(self, x: T) -> (T, T) {
        T::sin_cos(self, x)
    }

    /// √x, correctly rounded. *Vector*.
    #[inline(always)]
    pub fn sqrt<T: Scalar>(self, x: T) -> T {
        x.sqrt()
    }

    /// |x|. *Vector*.
    #[inline(always)]
    pub fn abs<T: Scalar>(self, x: T) -> T {
        x.abs()
    }

    /// −1, 0 or 1; 0 at ±0, NaN at NaN. *Vector*.
    #[inline(always)]
    pub fn sign<T: Scalar>(self, x: T) -> T {
        let s = T::ONE.copysign(x);
        if x.abs() > T::ZERO { s } else { x * T::ZERO }
    }

    /// The larger number; NaN if either is. *Vector*.
    #[inline(always)]
    pub fn max<T: Scalar>(self, a: T, b: T) -> T {
        let m = if a > b { a } else { b };
        if a.is_nan() { a } else { m }
    }

    /// The smaller number; NaN if either is. *Vector*.
    #[inline(always)]
    pub fn min<T: Scalar>(self, a: T, b: T) -> T {
        let m = if a < b { a } else { b };
        if a.is_nan() { a } else { m }
    }

    /// 1/(1 + e⁻ˣ), without overflow; subnormal where the result is. *Vector*, below 2 ulp.
    #[inline(always)]
    pub fn sigmoid<T: Scalar>(self, x: T) -> T {
        let e = self.exp(-x.abs());
        let d = T::ONE + e;
        let negative = x < T::ZERO;
        let q = (if negative { e } else { T::ONE }) / d;
        // What rounding took from d, times −q/d, the derivative of the quotient; 1/(1 + e) = 1 − e/(1 + e).
        let lost = e - (d - T::ONE);
        let inverse = if negative { T::ONE - q } else { q };
        self.mul_add(-q, lost * inverse, q)
    }

    /// log(1 + eˣ), without overflow. *Vector*, below 2 ulp.
    #[inline(always)]
    pub fn softplus<T: Scalar>(self, x: T) -> T {
        let tail = self.log1p(self.exp(-x.abs()));
        if x > T::ZERO { x + tail } else { tail }
    }

    /// x/(1 + |x|). *Vector*.
    #[inline(always)]
    pub fn softsign<T: Scalar>(self, x: T) -> T {
        x / (T::ONE + x.abs())
    }

    /// 1/x, but 0 at ±0. *Vector*.
    #[inline(always)]
    pub fn recip0<T: Scalar>(self, x: T) -> T {
        let r = T::ONE / x;
        if x == T::ZERO { T::ZERO } else { r }
    }

    /// u/v, but 0 where v is ±0: an entry of a vector over the vector's norm. *Vector*.
    #[inline(always)]
    pub fn per<T: Scalar>(self, u: T, v: T) -> T {
        let q = u / v;
        if v == T::ZERO { T::ZERO } else { q }
    }

    /// √(u² + v²) without overflow; 0 at (0, 0). *Vector*, below 2 ulp.
    #[inline(always)]
    pub fn hypot<T: Scalar>(self, u: T, v: T) -> T {
        T::hypot(self, u, v)
    }

    /// √(u² + v²) − v without cancellation or overflow. *Vector*.
    #[inline(always)]
    pub fn hypot_minus<T: Scalar>(self, u: T, v: T) -> T {
        let h = self.hypot(u, v);
        if v > T::ZERO { u * (u / (h + v)) } else { h - v }
    }

    /// c·log u; 0 where c = 0, whatever u is. *Vector*.
    #[inline(always)]
    pub fn xlogy<T: Scalar>(self, c: T, u: T) -> T {
        let y = c * self.log(u);
        if c == T::ZERO { T::ZERO } else { y }
    }

    /// c·log(1 + u), and 0 where c is 0, whatever u is.
    #[inline(always)]
    pub fn xlog1py<T: Scalar>(self, c: T, u: T) -> T {
        let value = c * self.log1p(u);
        if c == T::ZERO { T::ZERO } else { value }
    }

    /// u/√(u² + v²), and 0 at the origin: what is left of the derivative of a norm.
    #[inline(always)]
    pub fn unit<T: Scalar>(self, u: T, v: T) -> T {
        let h = self.hypot(u, v);
        if h == T::ZERO { T::ZERO } else { u / h }
    }

    /// u/(u² + v²) without overflow, and 0 at the origin. *Vector*.
    #[inline(always)]
    pub fn over_squares<T: Scalar>(self, u: T, v: T) -> T {
        self.unit(u, v) * self.recip0(self.hypot(u, v))
    }

    /// c/u; 0 where c = 0, whatever u is. *Vector*.
    #[inline(always)]
    pub fn xdivy<T: Scalar>(self, c: T, u: T) -> T {
        let y = c / u;
        if c == T::ZERO { T::ZERO } else { y }
    }

    /// xʸ for real y: 1 at y = 0; for x < 0 real where y is an integer, else NaN.
    #[inline(always)]
    pub fn pow<T: Scalar>(self, x: T, y: T) -> T {
        T::pow(self, x, y)
    }

    /// xʸ, but 0 where x is 0 and y negative.
    #[inline(always)]
    pub fn pow0<T: Scalar>(self, x: T, y: T) -> T {
        let power = self.pow(x, y);
        if x == T::ZERO && y < T::ZERO { T::ZERO } else { power }
    }

    /// |x|ʸ for real y: 1 at y = 0.
    #[inline(always)]
    pub fn abs_pow<T: Scalar>(self, x: T, y: T) -> T {
        self.pow(x.abs(), y)
    }

    /// y sign(x)·|x|ʸ⁻¹, the derivative of |x|ʸ by x, and 0 at x = 0, whatever y is.
    #[inline(always)]
    pub fn abs_pow_slope<T: Scalar>(self, x: T, y: T) -> T {
        let slope = self.sign(x) * self.pow_slope(x.abs(), y);
        if x == T::ZERO { T::ZERO } else { slope }
    }

    /// sign(x)·|x|ʸ for real y, and 0 at x = 0, whatever y is.
    #[inline(always)]
    pub fn sign_pow<T: Scalar>(self, x: T, y: T) -> T {
        let power = self.sign(x) * self.pow(x.abs(), y);
        if x == T::ZERO { T::ZERO } else { power }
    }

    /// y xʸ⁻¹, the derivative of xʸ by x; 0 at y = 0.
    #[inline(always)]
    pub fn pow_slope<T: Scalar>(self, x: T, y: T) -> T {
        let slope = y * self.pow(x, y - T::ONE);
        if y == T::ZERO { T::ZERO } else { slope }
    }

    /// y (y − 1) xʸ⁻², the second derivative of xʸ by x; 0 at y = 0 and y = 1.
    #[inline(always)]
    pub fn pow_curve<T: Scalar>(self, x: T, y: T) -> T {
        let curve = y * ((y - T::ONE) * self.pow(x, y - T::TWO));
        if y == T::ZERO || y == T::ONE { T::ZERO } else { curve }
    }

    /// xʸ log x, the derivative of xʸ by y; 0 at x = 0 for y > 0.
    #[inline(always)]
    pub fn pow_log<T: Scalar>(self, x: T, y: T) -> T {
        vanishing(self.pow(x, y), self.log(x))
    }

    /// xʸ log² x, the second derivative of xʸ by y; 0 at x = 0 for y > 0.
    #[inline(always)]
    pub fn pow_log_square<T: Scalar>(self, x: T, y: T) -> T {
        let log = self.log(x);
        vanishing(self.pow(x, y), log * log)
    }

    /// xʸ⁻¹ (1 + y log x), the derivative of xʸ by both; 0 at x = 0 for y > 1.
    #[inline(always)]
    pub fn pow_mixed<T: Scalar>(self, x: T, y: T) -> T {
        vanishing(self.pow(x, y - T::ONE), T::ONE + self.xlogy(y, x))
    }

    /// xⁿ by repeated multiplication, 1 at n = 0. *Vector* where n is a constant.
    #[inline(always)]
    pub fn powi<T: Scalar>(self, x: T, n: i32) -> T {
        let mut power = T::ONE;
        let (mut square, mut k) = (x, n.unsigned_abs());
        while k > 0 {
            if k & 1 == 1 {
                power *= square;
            }
            k >>= 1;
            if k > 0 {
                square = square * square;
            }
        }
        if n < 0 { T::ONE / power } else { power }
    }

    /// log(eᵘ + eᵛ), without overflow; of equal infinities that infinity. *Vector*.
    #[inline(always)]
    pub fn logaddexp<T: Scalar>(self, u: T, v: T) -> T {
        let apart = if u == v { T::ZERO } else { (u - v).abs() };
        self.max(u, v) + self.log1p(self.exp(-apart))
    }

    /// log(1 − eˣ) for x < 0; −∞ at 0. *Vector*.
    #[inline(always)]
    pub fn log1mexp<T: Scalar>(self, x: T) -> T {
        let near = self.log(-self.expm1(x));
        let far = self.log1p(-self.exp(x));
        if x > T::from_f64(-core::f64::consts::LN_2) { near } else { far }
    }

    /// eˣ/(1 − eˣ) for x ≤ 0. *Vector*.
    #[inline(always)]
    pub fn exp_odds<T: Scalar>(self, x: T) -> T {
        let odds = T::ONE / self.expm1(-x);
        if x > T::ZERO { T::NAN } else { odds }
    }

    /// The angle of the point (x, y), in (−π, π]; 0 at the origin.
    #[inline(always)]
    pub fn atan2<T: Scalar>(self, y: T, x: T) -> T {
        T::atan2(self, y, x)
    }

    /// The n-th derivative of sin(x)/x; NaN for n < 0.
    #[inline(always)]
    pub fn sinc_derivative<T: Scalar>(self, n: i32, x: T) -> T {
        T::sinc_derivative(self, n, x)
    }

    /// ψ′(x), the derivative of ψ = (log Γ)′; +∞ at 0 and the negative integers.
    #[inline(always)]
    pub fn trigamma<T: Scalar>(self, x: T) -> T {
        T::polygamma(self, 1, x)
    }

    /// log Γ(u) + log Γ(v) − log Γ(u + v), the logarithm of the beta function.
    #[inline(always)]
    pub fn lbeta<T: Scalar>(self, u: T, v: T) -> T {
        T::lbeta(self, u, v)
    }

    /// log Γ(x + n) − log Γ(x), without cancellation; n may be any number.
    #[inline(always)]
    pub fn log_gamma_ratio<T: Scalar>(self, x: T, n: T) -> T {
        T::log_gamma_ratio(self, x, n)
    }

    /// ψ(x + n) − ψ(x), without cancellation.
    #[inline(always)]
    pub fn digamma_step<T: Scalar>(self, x: T, n: T) -> T {
        T::digamma_step(self, x, n)
    }

    /// ψ′(x + n) − ψ′(x), without cancellation.
    #[inline(always)]
    pub fn trigamma_step<T: Scalar>(self, x: T, n: T) -> T {
        T::trigamma_step(self, x, n)
    }

    /// log Γ(x + n) − log Γ(x) − n log x, which goes to 0 as x grows.
    #[inline(always)]
    pub fn rising_gap<T: Scalar>(self, x: T, n: T) -> T {
        T::rising_gap(self, x, n)
    }

    /// ψ(x + n) − ψ(x) − n/x, the derivative of that by x.
    #[inline(always)]
    pub fn rising_gap_slope<T: Scalar>(self, x: T, n: T) -> T {
        T::rising_gap_slope(self, x, n)
    }

    /// (u − 1) log v − v − log Γ(u), with 0 log 0 = 0: the log-density of a gamma variable of shape u at v.
    #[inline(always)]
    pub fn gamma_kernel<T: Scalar>(self, u: T, v: T) -> T {
        T::gamma_kernel(self, u, v)
    }

    /// log v − ψ(u), the derivative of that by u.
    #[inline(always)]
    pub fn digamma_gap<T: Scalar>(self, u: T, v: T) -> T {
        T::digamma_gap(self, u, v)
    }

    /// u log(u/v) + v − u for u, v ≥ 0, exact also where they are close.
    #[inline(always)]
    pub fn deviance<T: Scalar>(self, u: T, v: T) -> T {
        T::deviance(self, u, v)
    }

    /// log Γ(x + 1) − (x log x − x): what Stirling's formula leaves of a factorial.
    #[inline(always)]
    pub fn factorial_gap<T: Scalar>(self, x: T) -> T {
        T::factorial_gap(self, x)
    }

    /// 1 − u/v, exact also where u and v are close; 1 where u is 0. *Vector*.
    #[inline(always)]
    pub fn shortfall<T: Scalar>(self, u: T, v: T) -> T {
        let quotient = u / v;
        let far = T::ONE - quotient;
        let near = (v - u) / v;
        let y = if quotient < T::HALF { far } else { near };
        if u == T::ZERO { T::ONE + T::ZERO * v } else { y }
    }

    /// v log(1 + u/v), which goes to u as v grows. *Vector*.
    #[inline(always)]
    pub fn log1p_scaled<T: Scalar>(self, u: T, v: T) -> T {
        v * self.log1p(u / v)
    }

    /// log(1 + x) − x/(1 + x), exact also near 0.
    #[inline(always)]
    pub fn log1p_gap<T: Scalar>(self, x: T) -> T {
        T::log1p_gap(self, x)
    }

    /// −∞, the logarithm of a density outside its support; NaN of NaN. *Vector*.
    #[inline(always)]
    pub fn outside<T: Scalar>(self, x: T) -> T {
        if x.is_nan() { x } else { T::NEG_INFINITY }
    }

    /// 1 for 0, 1, 2, …, and 0 for all else; NaN of NaN.
    #[inline(always)]
    pub fn is_count<T: Scalar>(self, x: T) -> T {
        let whole = x >= T::ZERO && x == x.floor() && x < T::INFINITY;
        let other = if x.is_nan() { x } else { T::ZERO };
        if whole { T::ONE } else { other }
    }

    /// The n-th derivative of ψ = (log Γ)′, for n ≥ 1; n = 0 is ψ itself, NaN for n < 0.
    #[inline(always)]
    pub fn polygamma<T: Scalar>(self, n: i32, x: T) -> T {
        T::polygamma(self, n, x)
    }
}

/// A power times what logarithms make of its base: where the power goes to 0 it decides.
#[inline(always)]
fn vanishing<T: Scalar>(power: T, logarithmic: T) -> T {
    let y = power * logarithmic;
    if power == T::ZERO && !logarithmic.is_nan() { T::ZERO } else { y }
}
