//! Products and matrices as generated code writes them: short, and for whole arrays without a shape to repeat.

use crate::contract::{Accum, matmul, matmul_onto, small};
use crate::cost::CostValue;
use crate::error::{Error, check_finite, check_finite_scalar, check_shape, check_workspace};
use crate::matrix::{Mat, MatMut};
use crate::network::Parameters;
use crate::room::{Entries, entries};
use crate::scalar::Scalar;
use crate::simd::Math;
use ndarray::{ArrayView, Dimension};

/// The matrix that a slice lists row by row.
///
/// # Panics
/// If the slice has another number of entries.
#[inline(always)]
#[track_caller]
pub fn mat<T: Scalar>(data: &[T], rows: usize, cols: usize) -> Mat<'_, T> {
    Mat::rows(data, rows, cols)
}

/// The same, to write.
///
/// # Panics
/// If the slice has another number of entries.
#[inline(always)]
#[track_caller]
pub fn mat_mut<T: Scalar>(data: &mut [T], rows: usize, cols: usize) -> MatMut<'_, T> {
    MatMut::rows(data, rows, cols)
}

/// A vector as a matrix of one column.
#[inline(always)]
pub fn column<T: Scalar>(data: &[T]) -> Mat<'_, T> {
    Mat::column(data)
}

/// A vector as a matrix of one row.
#[inline(always)]
pub fn row<T: Scalar>(data: &[T]) -> Mat<'_, T> {
    Mat::row(data)
}

/// out = alpha·a·b, where `out` lists the product row by row.
///
/// # Panics
/// If the shapes are not a: m×k, b: k×n and `out` of length m·n.
#[inline(always)]
#[track_caller]
pub fn product<T: Scalar>(out: &mut [T], alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    matmul(MatMut::rows(out, a.shape().0, b.shape().1), Accum::Replace, alpha, a, b);
}

/// out += alpha·a·b.
///
/// # Panics
/// As [`product`].
#[inline(always)]
#[track_caller]
pub fn add_product<T: Scalar>(out: &mut [T], alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    matmul(MatMut::rows(out, a.shape().0, b.shape().1), Accum::Add, alpha, a, b);
}

/// out = beta·out + alpha·a·b.
///
/// # Panics
/// As [`product`].
#[inline(always)]
#[track_caller]
pub fn product_onto<T: Scalar>(out: &mut [T], beta: T, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    matmul_onto(MatMut::rows(out, a.shape().0, b.shape().1), beta, alpha, a, b);
}

impl Math {
    /// [`product`](fn@product) of few entries, in place: see [`matmul`](crate::contract::small::matmul), whose constants these are.
    ///
    /// # Panics
    /// As [`product`](fn@product).
    #[inline(always)]
    #[track_caller]
    pub fn product<
        T: Scalar,
        const M: usize,
        const N: usize,
        const K: usize,
        const A: bool,
        const B: bool,
    >(
        self,
        out: &mut [T],
        alpha: T,
        a: Mat<'_, T>,
        b: Mat<'_, T>,
    ) {
        let out = MatMut::rows(out, a.shape().0, b.shape().1);
        small::matmul::<T, M, N, K, A, B>(self, out, Accum::Replace, alpha, a, b);
    }

    /// The same, added to what is there.
    ///
    /// # Panics
    /// As [`product`](fn@product).
    #[inline(always)]
    #[track_caller]
    pub fn add_product<
        T: Scalar,
        const M: usize,
        const N: usize,
        const K: usize,
        const A: bool,
        const B: bool,
    >(
        self,
        out: &mut [T],
        alpha: T,
        a: Mat<'_, T>,
        b: Mat<'_, T>,
    ) {
        let out = MatMut::rows(out, a.shape().0, b.shape().1);
        small::matmul::<T, M, N, K, A, B>(self, out, Accum::Add, alpha, a, b);
    }
}

/// The entries of an argument, row by row, once it is known to have this shape.
///
/// # Errors
/// [`Error::ShapeMismatch`] if it has another.
#[inline]
pub fn checked<'a, T: Scalar, D: Dimension, const R: usize>(
    name: &'static str,
    shape: [usize; R],
    view: &'a ArrayView<'_, T, D>,
) -> Result<Entries<'a, T>, Error> {
    check_shape(name, &shape, view.shape())?;
    Ok(entries(view))
}

/// The number of examples of a batch, once a workspace of this capacity is known to serve it.
///
/// # Errors
/// [`Error::EmptyBatch`], [`Error::WorkspaceTooSmall`].
#[inline]
pub fn batch(m: usize, capacity: usize) -> Result<usize, Error> {
    check_workspace(capacity, m)?;
    Ok(m)
}

/// A number of entries as a number of the type.
#[inline(always)]
pub fn count<T: Scalar>(n: usize) -> T {
    T::from_usize(n)
}

/// The cost of a batch, if it is finite.
///
/// # Errors
/// [`Error::NonFinite`] where it is not, at the first entry that is not finite of the inputs (name, entries row by row, columns),
/// else of the parameters, else at the cost itself.
#[inline]
pub fn finite_cost<T: Scalar, P: Parameters<Scalar = T>>(
    data: T,
    penalty: T,
    inputs: &[(&'static str, &[T], usize)],
    parameters: &P,
) -> Result<CostValue<T>, Error> {
    let cost = CostValue { data, penalty };
    if !cost.total().is_finite() {
        all_finite(cost.total(), inputs, parameters)?;
    }
    Ok(cost)
}

#[cold]
fn all_finite<T: Scalar, P: Parameters<Scalar = T>>(
    cost: T,
    inputs: &[(&'static str, &[T], usize)],
    parameters: &P,
) -> Result<(), Error> {
    for &(name, entries, columns) in inputs {
        let rows = entries.len().checked_div(columns).unwrap_or(0);
        check_finite(name, Mat::rows(&entries[..rows * columns], rows, columns).view())?;
    }
    parameters.check_finite()?;
    check_finite_scalar("cost", cost)
}

/// So many zeros.
#[must_use]
pub fn zeros<T: Scalar>(n: usize) -> Vec<T> {
    vec![T::ZERO; n]
}
