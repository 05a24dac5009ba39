//! Flat numbers as the arrays they are: views of matrices, slices of a known length, blocks of a symmetric
//! matrix.

use crate::error::Error;
use crate::kernel::checks::check_shape;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::memory::{Entries, EntriesMut, entries, entries_mut};
use crate::kernel::scalar::Scalar;
use ndarray::{ArrayView, ArrayView1, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension, s};

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

/// The same, to write.
///
/// # Errors
/// [`Error::ShapeMismatch`] if it has another.
#[inline]
pub fn checked_mut<'a, 'v, T: Scalar, D: Dimension, const R: usize>(
    name: &'static str,
    shape: [usize; R],
    view: &'a mut ArrayViewMut<'v, T, D>,
) -> Result<EntriesMut<'a, 'v, T, D>, Error> {
    check_shape(name, &shape, view.shape())?;
    Ok(entries_mut(view))
}

/// So many zeros.
#[must_use]
pub fn zeros<T: Scalar>(n: usize) -> Vec<T> {
    vec![T::ZERO; n]
}

/// A number of entries as a number of the type.
#[inline(always)]
pub fn count<T: Scalar>(n: usize) -> T {
    T::from_usize(n)
}

/// Writes entries of a symmetric matrix, on or below the diagonal, each with its mirror image; places are
/// counted row by row.
pub fn place_entries<T: Scalar, const N: usize>(
    out: &mut ArrayViewMut2<'_, T>,
    places: [usize; N],
    entries: [T; N],
) {
    let n = out.ncols().max(1);
    for (place, entry) in places.into_iter().zip(entries) {
        let (i, j) = (place / n, place % n);
        out[[i, j]] = entry;
        out[[j, i]] = entry;
    }
}

/// Rows of a block that are mirrored at a time: their lines stay in the cache.
const MIRRORED: usize = 16;

/// Writes a row-major block of a symmetric matrix, on or below the diagonal, at `at`, and its mirror image
/// across the diagonal.
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
    use ndarray::Array2;

    #[test]
    fn entries_are_mirrored() {
        let mut out = Array2::zeros((3, 3));
        place_entries(&mut out.view_mut().reversed_axes(), [0, 7], [1.0, 2.0]);
        assert_eq!(out, ndarray::arr2(&[[1.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 2.0, 0.0]]));
    }

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
