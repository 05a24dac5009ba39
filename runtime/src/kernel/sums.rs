//! Sums of a slice in a fixed order, and what adds to one.

use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;

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
        sum_of_lanes(lanes)
    }
}
