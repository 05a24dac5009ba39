//! Exact numbers: ratios of integers as long as they fit, doubles where they do not.

use std::cmp::Ordering;
use std::fmt;

/// A constant. Ratios are in lowest terms with a positive denominator, so equal numbers are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// `numerator / denominator`.
    Ratio(i64, i64),
    /// The bits of a double that is no ratio of two `i64`.
    Float(u64),
}

#[allow(clippy::should_implement_trait, reason = "methods keep exact arithmetic apart from that of doubles")]
impl Number {
    /// 0
    pub const ZERO: Self = Self::Ratio(0, 1);
    /// 1
    pub const ONE: Self = Self::Ratio(1, 1);
    /// −1
    pub const MINUS_ONE: Self = Self::Ratio(-1, 1);
    /// ½
    pub const HALF: Self = Self::Ratio(1, 2);
    /// 2
    pub const TWO: Self = Self::Ratio(2, 1);

    /// An integer.
    #[must_use]
    pub const fn int(n: i64) -> Self {
        Self::Ratio(n, 1)
    }

    /// A ratio, reduced; a double where it does not fit.
    #[must_use]
    pub fn ratio(numerator: i128, denominator: i128) -> Self {
        if denominator == 0 {
            return Self::float(numerator as f64 / 0.0);
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).max(1) as i128;
        let (n, d) = (numerator / divisor, denominator / divisor);
        let (n, d) = if d < 0 { (-n, -d) } else { (n, d) };
        match (i64::try_from(n), i64::try_from(d)) {
            (Ok(n), Ok(d)) => Self::Ratio(n, d),
            _ => Self::float(n as f64 / d as f64),
        }
    }

    /// A double; exact integers become ratios.
    #[must_use]
    pub fn float(value: f64) -> Self {
        if value.fract() == 0.0 && value.abs() < 9e15 {
            Self::Ratio(value as i64, 1)
        } else {
            Self::Float(value.to_bits())
        }
    }

    /// The decimal `text`, exactly where it fits; `None` where it is no finite number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: f64 = text.parse().ok()?;
        if !value.is_finite() {
            return None;
        }
        Some(Self::decimal(text).unwrap_or_else(|| Self::float(value)))
    }

    fn decimal(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        if whole.len() + fraction.len() > 18 {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        if exponent.abs() > 18 {
            return if digits == 0 { Some(Self::ZERO) } else { None };
        }
        let scale = 10i128.pow(exponent.unsigned_abs());
        let exact = if exponent >= 0 {
            Self::ratio(digits.checked_mul(scale)?, 1)
        } else {
            Self::ratio(digits, scale)
        };
        matches!(exact, Self::Ratio(..)).then_some(exact)
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Ratio(n, d) => n as f64 / d as f64,
            Self::Float(bits) => f64::from_bits(bits),
        }
    }

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.to_f64() == 0.0
    }

    /// Whether it is 1.
    #[must_use]
    pub fn is_one(self) -> bool {
        self == Self::ONE
    }

    /// Whether it is below 0.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.to_f64() < 0.0
    }

    /// As an integer, where it is one.
    #[must_use]
    pub fn as_int(self) -> Option<i64> {
        match self {
            Self::Ratio(n, 1) => Some(n),
            _ => None,
        }
    }

    /// Sum.
    #[must_use]
    pub fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ratio(a, b), Self::Ratio(c, d)) => {
                let (a, b, c, d) = (i128::from(a), i128::from(b), i128::from(c), i128::from(d));
                Self::ratio(a * d + c * b, b * d)
            }
            _ => Self::float(self.to_f64() + other.to_f64()),
        }
    }

    /// Product.
    #[must_use]
    pub fn mul(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ratio(a, b), Self::Ratio(c, d)) => {
                Self::ratio(i128::from(a) * i128::from(c), i128::from(b) * i128::from(d))
            }
            _ => Self::float(self.to_f64() * other.to_f64()),
        }
    }

    /// Whether it is no number that arithmetic may go on with: infinite, or undefined.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.to_f64().is_finite()
    }

    /// The product, unless it is out of range although neither number is: too large for a double, or too
    /// small to have all its digits.
    #[must_use]
    pub fn within_mul(self, other: Self) -> Option<Self> {
        self.mul(other).within(&[self, other])
    }

    /// `self · base ^ exponent`, unless that is out of range although neither number is.
    #[must_use]
    pub fn within_mul_pow(self, base: Self, exponent: Self) -> Option<Self> {
        let power = base.pow(exponent).within(&[base])?;
        self.within_mul(power)
    }

    /// The number that came `from` these, none of which is 0 or infinite, unless it is out of range.
    fn within(self, from: &[Self]) -> Option<Self> {
        let size = self.to_f64().abs();
        let out = size.is_infinite() || size < f64::MIN_POSITIVE;
        let moderate = from.iter().all(|n| n.is_finite() && !n.is_zero());
        (!(out && moderate)).then_some(self)
    }

    /// Negation.
    #[must_use]
    pub fn neg(self) -> Self {
        self.mul(Self::MINUS_ONE)
    }

    /// Of a power that is a division or a few: how many.
    #[must_use]
    pub fn divisions(self) -> Option<u32> {
        let n = self.as_int().filter(|n| (-4..0).contains(n))?;
        u32::try_from(n.unsigned_abs()).ok()
    }

    /// Without its sign.
    #[must_use]
    pub fn magnitude(self) -> Self {
        if self.is_negative() { self.neg() } else { self }
    }

    /// Power, exact for integer exponents of moderate size and for roots that come out.
    #[must_use]
    pub fn pow(self, exponent: Self) -> Self {
        if let (Self::Ratio(n, d), Some(e)) = (self, exponent.as_int())
            && e.abs() <= 64
            && !(n == 0 && e < 0)
        {
            let (n, d) = if e < 0 { (i128::from(d), i128::from(n)) } else { (i128::from(n), i128::from(d)) };
            if let (Some(n), Some(d)) =
                (n.checked_pow(e.unsigned_abs() as u32), d.checked_pow(e.unsigned_abs() as u32))
            {
                return Self::ratio(n, d);
            }
        }
        if exponent == Self::HALF
            && let Some(root) = self.sqrt()
        {
            return root;
        }
        Self::float(self.to_f64().powf(exponent.to_f64()))
    }

    /// The square root, where it is exact.
    #[must_use]
    pub fn sqrt(self) -> Option<Self> {
        let Self::Ratio(n, d) = self else { return None };
        let root = |v: i64| {
            let r = (v as f64).sqrt().round() as i64;
            (r.checked_mul(r) == Some(v)).then_some(r)
        };
        if n < 0 { None } else { Some(Self::Ratio(root(n)?, root(d)?)) }
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_f64().total_cmp(&other.to_f64())
    }
}

impl fmt::Display for Number {
    /// Short decimals where they are exact (`0.1`), ratios otherwise (`1/3`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ratio(n, 1) => write!(f, "{n}"),
            Self::Ratio(n, d) => {
                let mut rest = d;
                for p in [2, 5] {
                    while rest % p == 0 {
                        rest /= p;
                    }
                }
                if rest == 1 && d > 8 { write!(f, "{}", self.to_f64()) } else { write!(f, "{n}/{d}") }
            }
            Self::Float(bits) => write!(f, "{:?}", f64::from_bits(bits)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(Number::parse("0.1"), Some(Number::Ratio(1, 10)));
        assert_eq!(Number::parse("2.5E2"), Some(Number::int(250)));
        assert_eq!(Number::parse("1e-300"), Some(Number::Float(1e-300f64.to_bits())));
        assert_eq!(Number::parse("1e400"), None);
    }

    #[test]
    fn what_is_out_of_range_is_told() {
        let [huge, tiny] = ["1e200", "1e-200"].map(|text| Number::parse(text).expect(text));
        assert_eq!(huge.within_mul(huge), None);
        assert_eq!(tiny.within_mul(tiny), None);
        assert_eq!(Number::ONE.within_mul_pow(huge, Number::TWO), None);
        assert_eq!(Number::TWO.within_mul_pow(tiny, Number::MINUS_ONE), Some(Number::float(2e200)));
        assert_eq!(huge.within_mul(Number::ZERO), Some(Number::ZERO));
        assert_eq!(Number::ZERO.within_mul(tiny), Some(Number::ZERO));
        // What is infinite stays so.
        let infinite = Number::float(f64::INFINITY);
        assert_eq!(infinite.within_mul(Number::TWO), Some(infinite));
    }

    #[test]
    fn arithmetic_stays_exact_and_falls_back_to_doubles() {
        assert_eq!(Number::ratio(1, 3).add(Number::ratio(1, 6)), Number::HALF);
        assert_eq!(Number::ratio(4, 9).pow(Number::HALF), Number::ratio(2, 3));
        assert_eq!(Number::TWO.pow(Number::int(-3)), Number::ratio(1, 8));
        assert!(matches!(Number::int(i64::MAX).mul(Number::int(4)), Number::Float(_)));
        assert!((Number::TWO.pow(Number::HALF).to_f64() - 2f64.sqrt()).abs() < 1e-16);
    }
}
