//! Sums in a fixed order, of any number of terms, and what adds to one.
//!
//! A running sum of n terms loses up to n/2 ε of the sum of their magnitudes, where ε is the distance from 1 to
//! the next number: in `f32` all of it long before 10⁸ terms. So none runs on for long: what a run of [`RUN`]
//! additions comes to is added to a [`Total`], whose error is that of two additions however many there are. A
//! term goes through RUN additions of its lane, up to six that join the lanes and two of the total; eight, two
//! and two more where rows are in blocks and parts: fewer than 64, so that the error is below 32 ε Σ |xᵢ|. Beside
//! the lanes, a sum keeps two numbers.
//!
//! Products keep their tiles in registers for up to 128 terms, since half of that takes two hundredths more
//! time: 128 additions of a run, four runs of a slice, four slices or two of a total. That is below 72 ε for any
//! terms, but less for all except those made for it: a run of n equal terms, the worst usual ones, loses n/8 ε at
//! most, 16 for 128.

use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;

/// Additions that follow one another in a lane before the sum is put away.
pub(crate) const RUN: usize = 40;

/// Rows that are added to arrays before these are put away: no lanes are joined then.
pub(crate) const ROWS: usize = 48;

/// A sum of any number of terms: its error is that of two additions (W. Kahan, "Further remarks on reducing
/// truncation errors", 1965).
///
/// ```
/// use gradsmith_runtime::__private::Total;
///
/// let mut total = Total::<f32>::ZERO;
/// for _ in 0..20_000_000 {
///     total.add(0.1);
/// }
/// assert_eq!(total.sum(), 2_000_000.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Total<T> {
    sum: T,
    /// What the sum is too large by.
    excess: T,
}

impl<T: Scalar> Total<T> {
    /// Of no terms.
    pub const ZERO: Self = Self { sum: T::ZERO, excess: T::ZERO };

    /// Of a sum so far and what it is too large by.
    #[inline(always)]
    pub(crate) const fn of(sum: T, excess: T) -> Self {
        Self { sum, excess }
    }

    /// The two.
    #[inline(always)]
    pub(crate) const fn parts(self) -> (T, T) {
        (self.sum, self.excess)
    }

    /// Adds a term.
    #[inline(always)]
    pub fn add(&mut self, term: T) {
        let term = term - self.excess;
        let sum = self.sum + term;
        let excess = (sum - self.sum) - term;
        // Infinity stays what it is.
        self.excess = if excess.is_finite() { excess } else { T::ZERO };
        self.sum = sum;
    }

    /// Adds a term to a sum that lies apart from what it is too large by.
    #[inline(always)]
    pub fn add_to(sum: &mut T, excess: &mut T, term: T) {
        let mut total = Self::of(*sum, *excess);
        total.add(term);
        (*sum, *excess) = total.parts();
    }

    /// Adds what lanes have come to, which begin at 0 again.
    #[inline(always)]
    pub fn add_lanes<const N: usize>(&mut self, lanes: &mut [T; N]) {
        self.add(sum_of_lanes(*lanes));
        *lanes = [T::ZERO; N];
    }

    /// The sum so far.
    #[inline(always)]
    #[must_use]
    pub fn sum(self) -> T {
        self.sum
    }
}

/// Adds a term to each of several sums, which lie beside what they are too large by: [`Total::add`].
#[inline(always)]
pub(crate) fn add_to_totals<T: Scalar>(_: Math, (sums, excesses, terms): (&mut [T], &mut [T], &[T])) {
    for ((sum, excess), &term) in sums.iter_mut().zip(excesses).zip(terms) {
        Total::add_to(sum, excess, term);
    }
}

/// A sum of terms that come one after the other: a run of them is added up before a [`Total`] takes it, for that
/// takes six times as long.
#[derive(Clone, Copy, Debug)]
pub struct Running<T> {
    total: Total<T>,
    run: T,
    left: usize,
}

impl<T: Scalar> Running<T> {
    /// Of no terms.
    pub const ZERO: Self = Self { total: Total::ZERO, run: T::ZERO, left: RUN };

    /// Adds a term.
    #[inline(always)]
    pub fn add(&mut self, term: T) {
        self.run += term;
        self.left -= 1;
        if self.left == 0 {
            self.total.add(self.run);
            (self.run, self.left) = (T::ZERO, RUN);
        }
    }

    /// The sum so far.
    #[inline(always)]
    #[must_use]
    pub fn sum(self) -> T {
        self.total.sum() + (self.run - self.total.excess)
    }
}

/// The sum of terms that come one after the other.
#[inline(always)]
pub(crate) fn sum_of_terms<T: Scalar>(terms: impl Iterator<Item = T>) -> T {
    let mut sum = Running::ZERO;
    for term in terms {
        sum.add(term);
    }
    sum.sum()
}

/// The sum of partial sums, halves first: the same order on every machine.
#[inline(always)]
#[must_use]
pub fn sum_of_lanes<T: Scalar, const N: usize>(mut lanes: [T; N]) -> T {
    let mut width = N;
    while width > 1 {
        let half = width.div_ceil(2);
        for k in 0..width - half {
            let other = lanes[k + half];
            lanes[k] += other;
        }
        width = half;
    }
    lanes.first().copied().unwrap_or(T::ZERO)
}

/// The greatest of partial maxima; NaN if one of them is.
#[inline(always)]
#[must_use]
pub fn max_of_lanes<T: Scalar, const N: usize>(lanes: [T; N]) -> T {
    lanes.into_iter().fold(T::NEG_INFINITY, |a, b| if b > a || b.is_nan() { b } else { a })
}

/// y += alpha·x
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn axpy<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    assert!(x.len() == y.len(), "axpy: lengths {} and {}", x.len(), y.len());
    simd!(axpy_kernel, (alpha, x, y));
}

#[inline(always)]
fn axpy_kernel<T: Scalar>(math: Math, (alpha, x, y): (T, &[T], &mut [T])) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = math.mul_add(alpha, x, *y);
    }
}

/// Σᵢ xᵢ²
#[inline]
pub(crate) fn sum_squares<T: Scalar>(x: &[T]) -> T {
    simd!(sum_squares_kernel, x)
}

#[inline(always)]
fn sum_squares_kernel<T: Scalar>(math: Math, x: &[T]) -> T {
    math.sum_map(
        x,
        #[inline(always)]
        |x| x * x,
    )
}

/// How many sums run side by side. A constant, so that a sum's order does not depend on the processor.
const LANES: usize = 32;

impl Math {
    /// Σᵢ f(xᵢ), vectorised where `f` is; the order of the additions depends on the length alone.
    ///
    /// `f` should be marked `#[inline(always)]`: see the module [`simd`](mod@crate::kernel::simd).
    #[inline(always)]
    pub fn sum_map<T: Scalar>(self, x: &[T], f: impl Fn(T) -> T) -> T {
        let mut total = Total::ZERO;
        for x in x.chunks(RUN * LANES) {
            let mut lanes = [T::ZERO; LANES];
            let (blocks, rest) = x.as_chunks::<LANES>();
            for x in blocks {
                for l in 0..LANES {
                    lanes[l] += f(x[l]);
                }
            }
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane += f(x);
            }
            total.add(sum_of_lanes(lanes));
        }
        total.sum()
    }
}
