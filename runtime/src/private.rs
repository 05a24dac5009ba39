//! What generated code calls and nobody else should.

pub use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

pub use crate::axis::{log_softmax, logsumexp, max, norm, softmax};
pub use crate::blocks::{Division, Share};
pub use crate::call::*;
pub use crate::contract::small::matmul as matmul_small;
pub use crate::contract::{
    Accum, Vector as VectorProduct, axpy, gram, matmul, matmul_onto, matvec_pair, max_of_lanes, sum_of_lanes,
};
pub use crate::cost::{Cost, CostValue};
pub use crate::error::{Error, check_batch, check_length, check_shape};
pub use crate::linear::{factor, factor_symmetric};
pub use crate::matrix::{Mat, MatMut};
pub use crate::network::{Network, Parameters, Tensor as TensorSpec};
pub use crate::objective::{Datum, IntoEntries, Objective, Residual};
pub use crate::optim::checked_rate;
pub use crate::rng::{Init, Rng};
pub use crate::room::{Entries, EntriesMut, Room, checked_mut, entries, entries_mut};
pub use crate::simd::Math;
pub use crate::step::*;
pub use crate::workspace::{Workspace, numbers};
pub use core::marker::PhantomData;
pub use core::option::Option::{self, None, Some};
pub use core::result::Result::{self, Ok};
pub use std::borrow::Cow;
pub use std::vec::Vec;

pub use crate::scalar::Scalar;
use ndarray::s;

/// A row-major slice as a matrix.
#[inline]
pub fn matrix<T: Scalar>(data: &[T], rows: usize, cols: usize) -> ArrayView2<'_, T> {
    Mat::rows(data, rows, cols).view()
}

/// A row-major slice as a matrix to write.
#[inline]
pub fn matrix_mut<T: Scalar>(data: &mut [T], rows: usize, cols: usize) -> ArrayViewMut2<'_, T> {
    MatMut::rows(data, rows, cols).view()
}

/// A flat vector of a length known when the code was generated.
///
/// # Errors
/// [`Error::ParameterLength`] if it has another.
#[inline]
pub fn array<T, const N: usize>(x: &[T]) -> Result<&[T; N], Error> {
    x.try_into().map_err(|_| Error::ParameterLength { expected: N, found: x.len() })
}

/// The same, to write.
///
/// # Errors
/// [`Error::ParameterLength`] if it has another.
#[inline]
pub fn array_mut<T, const N: usize>(x: &mut [T]) -> Result<&mut [T; N], Error> {
    let found = x.len();
    x.try_into().map_err(|_| Error::ParameterLength { expected: N, found })
}

/// Refuses activations without any output.
///
/// # Errors
/// [`Error::ShapeMismatch`] for k = 0.
#[inline]
pub fn check_outputs(k: usize) -> Result<(), Error> {
    if k == 0 { Err(Error::shape("a", 1, 1, 0)) } else { Ok(()) }
}

/// Rows of a block that are mirrored at a time: their lines stay in the cache.
const MIRRORED: usize = 16;

/// Writes a row-major block of a symmetric matrix, on or below the diagonal, at `at`, and its mirror image across the
/// diagonal.
pub fn place_block<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    block: &[T],
    at: (usize, usize),
    (rows, cols): (usize, usize),
) {
    place_columns_at(out, block, at, cols);
    let mut mirror = out.slice_mut(s![at.1..at.1 + cols, at.0..at.0 + rows]);
    for first in (0..rows).step_by(MIRRORED) {
        let until = rows.min(first + MIRRORED);
        for (j, mut line) in mirror.rows_mut().into_iter().enumerate() {
            // On the diagonal the lower half says what the upper is.
            let from = if at.0 == at.1 { first.max(j) } else { first };
            // The same, without a stride where there is none.
            match line.as_slice_mut() {
                Some(line) => (from..until).for_each(|i| line[i] = block[i * cols + j]),
                None => (from..until).for_each(|i| line[i] = block[i * cols + j]),
            }
        }
    }
}

/// Writes a row-major block of `width` columns from column `at` on.
pub fn place_columns<T: Scalar>(out: &mut ArrayViewMut2<'_, T>, block: &[T], at: usize, width: usize) {
    place_columns_at(out, block, (0, at), width);
}

fn place_columns_at<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    block: &[T],
    at: (usize, usize),
    width: usize,
) {
    for (i, row) in block.chunks_exact(width.max(1)).enumerate() {
        out.slice_mut(s![at.0 + i, at.1..at.1 + width]).assign(&ArrayView1::from(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_mirrored() {
        let entry = |i: usize, j: usize| (i.max(j) * 100 + i.min(j)) as f64;
        let expected = Array2::from_shape_fn((43, 43), |(i, j)| entry(i, j));
        for turned in [false, true] {
            let mut out = Array2::zeros((43, 43));
            let mut view = if turned { out.view_mut().reversed_axes() } else { out.view_mut() };
            for (at, (rows, cols)) in [((0, 0), (20, 20)), ((20, 0), (23, 20)), ((20, 20), (23, 23))] {
                // Above the diagonal there is nothing to rely on.
                let of = |k: usize| {
                    let (i, j) = (at.0 + k / cols, at.1 + k % cols);
                    if i < j { -1.0 } else { entry(i, j) }
                };
                let block: Vec<f64> = (0..rows * cols).map(of).collect();
                place_block(&mut view, &block, at, (rows, cols));
            }
            assert_eq!(out, expected);
        }
    }
}
