//! What generated code calls where a formula as it stands overflows or cancels: sums of exponentials less their
//! greatest exponent, log softplus, quotients such as (eˣ − 1)/x.

use super::scalar::Scalar;
use super::simd::Math;

/// e⁻¹³ and its square are so small that three terms of a series are all.
const FAR: f64 = -13.0;

#[inline(always)]
fn is_normal<T: Scalar>(x: T) -> bool {
    x.is_finite() && x.abs() >= T::MIN_POSITIVE
}

impl Math {
    /// x, on which nothing depends: by how much exponents are shifted. *Vector*.
    #[inline(always)]
    pub fn held<T: Scalar>(self, x: T) -> T {
        x
    }

    /// x, but the least number where w is 0 or x is −∞: an exponent as it counts for the greatest. *Vector*.
    #[inline(always)]
    pub fn peak<T: Scalar>(self, w: T, x: T) -> T {
        if w == T::ZERO || x == T::NEG_INFINITY { -T::MAX } else { x }
    }

    /// c·eᵘ; 0 where c = 0, whatever u is. *Vector*.
    #[inline(always)]
    pub fn xexpy<T: Scalar>(self, c: T, u: T) -> T {
        let y = c * self.exp(u);
        if c == T::ZERO { T::ZERO } else { y }
    }

    /// log|1 + x|, exact also near 0 and −2. *Vector*.
    #[inline(always)]
    pub fn log1p_abs<T: Scalar>(self, x: T) -> T {
        self.log1p(if x > -T::ONE { x } else { -T::TWO - x })
    }

    /// a^(d + b)/(a^d + c^d), also where a power of positive a and c is out of range.
    #[inline(always)]
    pub fn pow_share<T: Scalar>(self, a: T, b: T, c: T, d: T) -> T {
        self.share_to_power(1, a, b, c, d)
    }

    /// a^(2 d + b)/(a^d + c^d)², also where a power of positive a and c is out of range.
    #[inline(always)]
    pub fn pow_share_square<T: Scalar>(self, a: T, b: T, c: T, d: T) -> T {
        self.share_to_power(2, a, b, c, d)
    }

    /// a^(n d + b)/(a^d + c^d)ⁿ. Out of range, a^b and the share one after the other where both are numbers as they are,
    /// for the logarithm of a large number has fewer digits.
    #[inline(always)]
    fn share_to_power<T: Scalar>(self, n: i32, a: T, b: T, c: T, d: T) -> T {
        let times = T::from_f64(f64::from(n));
        let (part, sum) = (self.pow(a, times * d + b), self.powi(self.pow(a, d) + self.pow(c, d), n));
        let positive = a > T::ZERO && c >= T::ZERO;
        if !positive || (is_normal(part) && is_normal(sum)) {
            return part / sum;
        }
        let log_share = -times * self.softplus(-self.log_of_quotient(a, c, d));
        let (power, share) = (self.pow(a, b), self.exp(log_share));
        if is_normal(power) && is_normal(share) {
            power * share
        } else {
            self.exp(self.xlogy(b, a) + log_share)
        }
    }

    /// b^(e + c) d^e/(b^e + d^e)² log(b/d)^order, and 0 where that without the logarithm is 0.
    #[inline(always)]
    pub fn pow_share_slope<T: Scalar>(self, order: i32, b: T, c: T, d: T, e: T) -> T {
        let shares = self.pow_share(b, c, d, e) * self.pow_share(d, T::ZERO, b, e);
        if shares == T::ZERO { shares } else { shares * self.powi(self.log_of_quotient(b, d, T::ONE), order) }
    }

    /// a^c/(a^c + b^c) log(a/b), and 0 where that without the logarithm is 0.
    #[inline(always)]
    pub fn pow_share_log<T: Scalar>(self, a: T, b: T, c: T) -> T {
        let share = self.pow_share(a, T::ZERO, b, c);
        if share == T::ZERO { share } else { share * self.log_of_quotient(a, b, T::ONE) }
    }

    /// log(a^(d + b)/(a^d + c^d)), also where a power of positive a and c is out of range.
    #[inline(always)]
    pub fn log_pow_share<T: Scalar>(self, a: T, b: T, c: T, d: T) -> T {
        let positive = a > T::ZERO && c >= T::ZERO;
        if !positive {
            return self.log(self.pow(a, d + b) / (self.pow(a, d) + self.pow(c, d)));
        }
        self.xlogy(b, a) - self.softplus(-self.log_of_quotient(a, c, d))
    }

    /// log(a^c + b^c), also where a power of positive a and b is out of range.
    #[inline(always)]
    pub fn log_pow_sum<T: Scalar>(self, a: T, b: T, c: T) -> T {
        let positive = a >= T::ZERO && b >= T::ZERO;
        if !positive {
            return self.log(self.pow(a, c) + self.pow(b, c));
        }
        self.logaddexp(self.xlogy(c, a), self.xlogy(c, b))
    }

    /// d log(a/c), for a > 0 and c ≥ 0.
    #[inline(always)]
    fn log_of_quotient<T: Scalar>(self, a: T, c: T, d: T) -> T {
        let quotient = a / c;
        if is_normal(quotient) { self.xlogy(d, quotient) } else { self.xlogy(d, a) - self.xlogy(d, c) }
    }

    /// log softplus(x), which goes to x far below. *Vector*.
    #[inline(always)]
    pub fn log_softplus<T: Scalar>(self, x: T) -> T {
        let far = x + self.log1p(first_terms(self.exp(x)));
        let near = self.log(self.softplus(x));
        if x < T::from_f64(FAR) { far } else { near }
    }

    /// σ(x)/softplus(x), the derivative of log softplus(x): 1 far below. *Vector*.
    #[inline(always)]
    pub fn softplus_slope<T: Scalar>(self, x: T) -> T {
        let t = self.exp(x);
        let far = T::ONE / ((T::ONE + t) * (T::ONE + first_terms(t)));
        let near = self.sigmoid(x) / self.softplus(x);
        if x < T::from_f64(FAR) { far } else { near }
    }

    /// 1 − σ(x) − σ(x)/softplus(x), of which the second derivative of log softplus(x) is made. *Vector*.
    #[inline(always)]
    pub fn softplus_bend<T: Scalar>(self, x: T) -> T {
        let above = self.sigmoid(-x) - self.sigmoid(x) / self.softplus(x);
        // With t = eˣ: (log(1 + t) − t)/((1 + t) log(1 + t)), where log(1 + t) = 2 artanh s, s = t/(2 + t),
        // and t = 2s + ts.
        let t = self.exp(x);
        let s = t / (T::TWO + t);
        let square = s * s;
        let mut series = T::ZERO;
        for k in (0..18).rev() {
            series = series * square + T::ONE / T::from_f64(f64::from(2 * k + 3));
        }
        let over = T::TWO * square / (T::TWO + t) * series - s;
        let log_over = if x < T::from_f64(FAR) { T::ONE + first_terms(t) } else { self.log1p(t) / t };
        if x > T::ZERO { above } else { over / ((T::ONE + t) * log_over) }
    }

    /// (eˣ − 1)/x, 1 at 0. *Vector*.
    #[inline(always)]
    pub fn exprel<T: Scalar>(self, x: T) -> T {
        let quotient = self.expm1(x) / x;
        if x == T::ZERO { T::ONE } else { quotient }
    }

    /// The derivative of [`exprel`](Self::exprel): ((x − 1) eˣ + 1)/x², ½ at 0.
    #[inline(always)]
    pub fn exprel1<T: Scalar>(self, x: T) -> T {
        let e = self.exp(x);
        let e = if e == T::ZERO { e } else { e * (x - T::ONE) };
        let far = (e + T::ONE) / x / x;
        if x.abs() < T::TWO { exprel_series(1.0, x) } else { far }
    }

    /// The second derivative of [`exprel`](Self::exprel): ((x² − 2x + 2) eˣ − 2)/x³, ⅓ at 0.
    #[inline(always)]
    pub fn exprel2<T: Scalar>(self, x: T) -> T {
        let e = self.exp(x);
        let square = (x - T::ONE) * (x - T::ONE) + T::ONE;
        let e = if e == T::ZERO { e } else { e * square };
        let far = (e - T::TWO) / x / x / x;
        if x.abs() < T::TWO { exprel_series(2.0, x) } else { far }
    }

    /// u·v; 0 where u = 0, whatever v is. *Vector*.
    #[inline(always)]
    pub fn xmul<T: Scalar>(self, u: T, v: T) -> T {
        let y = u * v;
        if u == T::ZERO { T::ZERO } else { y }
    }

    /// log((eˣ − 1)/x), exact also near 0, where it is x/2. *Vector*.
    #[inline(always)]
    pub fn log_exprel<T: Scalar>(self, x: T) -> T {
        let square = x * x;
        let near = x * T::HALF + square * bernoulli(square, |k| 1.0 / f64::from(2 * k + 2));
        let size = x.abs();
        // (eˣ − 1)/x = e^x⁺ (1 − e^−|x|)/|x|
        let far = self.max(x, T::ZERO) + self.log(-self.expm1(-size) / size);
        if size < T::ONE { near } else { far }
    }

    /// 1/(1 − e⁻ˣ) − 1/x, the derivative of [`log_exprel`](Self::log_exprel): ½ at 0. *Vector*.
    #[inline(always)]
    pub fn log_exprel1<T: Scalar>(self, x: T) -> T {
        let near = T::HALF + x * bernoulli(x * x, |_| 1.0);
        let far = -T::ONE / self.expm1(-x) - T::ONE / x;
        if x.abs() < T::ONE { near } else { far }
    }

    /// 1/x² − 1/(4 sinh²(x/2)), the second derivative of [`log_exprel`](Self::log_exprel): 1/12 at 0.
    #[inline(always)]
    pub fn log_exprel2<T: Scalar>(self, x: T) -> T {
        let near = bernoulli(x * x, |k| f64::from(2 * k + 1));
        let sinh = T::TWO * self.sinh(x * T::HALF);
        let far = T::ONE / x / x - T::ONE / sinh / sinh;
        if x.abs() < T::ONE { near } else { far }
    }

    /// xʸ − 1, exact also near 0.
    #[inline(always)]
    pub fn powm1<T: Scalar>(self, x: T, y: T) -> T {
        let near = self.expm1(y * self.log(x));
        if x > T::ZERO { near } else { self.pow(x, y) - T::ONE }
    }

    /// (1 + x)ʸ − 1, exact also near 0.
    #[inline(always)]
    pub fn pow1pm1<T: Scalar>(self, x: T, y: T) -> T {
        let near = self.expm1(y * self.log1p(x));
        if x > -T::ONE { near } else { self.pow(T::ONE + x, y) - T::ONE }
    }

    /// xʸ as [`pow`](Self::pow) has it.
    #[inline(always)]
    pub fn pow_plain<T: Scalar>(self, x: T, y: T) -> T {
        self.pow(x, y)
    }
}

/// log(1 + t)/t − 1 for small t.
#[inline(always)]
fn first_terms<T: Scalar>(t: T) -> T {
    t * (t / T::from_f64(3.0) - T::HALF)
}

/// Σ xᵏ/(k! (k + n + 1))
#[inline(always)]
fn exprel_series<T: Scalar>(n: f64, x: T) -> T {
    let mut sum = T::ZERO;
    for k in (0..30_i32).rev() {
        let k = f64::from(k);
        sum = sum * x / T::from_f64(k + 1.0) + T::ONE / T::from_f64(k + n + 1.0);
    }
    sum
}

/// B₂ₖ/(2k)! for k = 1, 2, ... (Abramowitz and Stegun 23.1.1).
const BERNOULLI: [f64; 10] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
    43867.0 / 5_109_094_217_170_944_000.0,
    -174_611.0 / 802_857_662_698_291_200_000.0,
];

/// Σ wₖ B₂ₖ₊₂/(2k + 2)! xᵏ
#[inline(always)]
fn bernoulli<T: Scalar>(x: T, weight: impl Fn(i32) -> f64) -> T {
    let mut sum = T::ZERO;
    for k in (0..10_i32).rev() {
        sum = sum * x + T::from_f64(BERNOULLI[k as usize] * weight(k));
    }
    sum
}
