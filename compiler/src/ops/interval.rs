//! Intervals of numbers: what is known of a value whatever the inputs are.

/// A closed interval; ±∞ where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Rounding moves the ends of a sum by less than this share of its terms, in single precision too.
pub const SLACK: f64 = 1e-6;

/// Numbers farther from 0 have a reciprocal in single precision, too.
const SMALL: f64 = 1e-30;

impl Interval {
    /// All numbers.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Whether 0 is far away, so that 1/x neither fails nor overflows.
    #[must_use]
    pub fn excludes_zero(self) -> bool {
        self.low >= SMALL || self.high <= -SMALL
    }

    /// Whether the logarithm is a number.
    #[must_use]
    pub fn has_logarithm(self) -> bool {
        self.low >= SMALL && self.high < f64::INFINITY
    }

    /// The same values moved by `x`.
    #[must_use]
    pub fn shifted(self, x: f64) -> Self {
        let slack = |end: f64| if end.is_finite() { SLACK * (x.abs() + end.abs()) } else { 0.0 };
        Self::new(self.low + x - slack(self.low), self.high + x + slack(self.high))
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// The values of an increasing function: the images of the ends are the ends of the image.
    #[must_use]
    pub fn image(self, f: impl Fn(f64) -> f64) -> Self {
        let (low, high) = (f(self.low), f(self.high));
        Self::new(
            if low.is_nan() { f64::NEG_INFINITY } else { low },
            if high.is_nan() { f64::INFINITY } else { high },
        )
    }

    /// The products.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        // 0 times what may be arbitrarily large is 0.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        Self::new(
            ends.into_iter().fold(f64::INFINITY, f64::min),
            ends.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    /// The absolute values.
    #[must_use]
    pub fn size(self) -> Self {
        let (a, b) = (self.low.abs(), self.high.abs());
        let low = if self.low <= 0.0 && self.high >= 0.0 { 0.0 } else { a.min(b) };
        Self::new(low, a.max(b))
    }

    /// The values of `max`.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self::new(self.low.max(other.low), self.high.max(other.high))
    }

    /// The values of `min`.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.min(other.high))
    }

    /// The values of √(a² + b²).
    #[must_use]
    pub fn hypot(self, other: Self) -> Self {
        Self::new(self.size().low.max(other.size().low), f64::INFINITY)
    }
}
