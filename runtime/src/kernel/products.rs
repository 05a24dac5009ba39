//! Products and matrices as generated code writes them: short, and for whole arrays without a shape to
//! repeat.

use super::contract::{matmul, matmul_onto, small};
use super::gemm::Accum;
use super::matrix::{Mat, MatMut};
use super::scalar::Scalar;
use super::simd::Math;

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
    /// [`product`](fn@product) of few entries, in place: see [`matmul`](super::contract::small::matmul),
    /// whose constants these are.
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
