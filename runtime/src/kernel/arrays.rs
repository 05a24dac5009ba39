//! Flat numbers as the arrays they are: views of matrices, slices of a known length, blocks of a symmetric
//! matrix.

use crate::error::Error;
use crate::kernel::checks::check_shape;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::memory::{Entries, EntriesMut, entries, entries_mut};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;
use ndarray::{
    Array, ArrayView, ArrayView1, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension, IntoDimension, s,
};

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

/// A row-major slice as an array of these extents.
///
/// # Panics
/// If it is shorter than that.
#[inline]
#[track_caller]
pub fn tensor<T: Scalar, E: IntoDimension>(data: &[T], extents: E) -> ArrayView<'_, T, E::Dim> {
    match ArrayView::from_shape(extents.into_dimension(), data) {
        Ok(view) => view,
        Err(error) => panic!("{} numbers do not make the array: {error}", data.len()),
    }
}

/// The same, to write.
///
/// # Panics
/// If it is shorter than that.
#[inline]
#[track_caller]
pub fn tensor_mut<T: Scalar, E: IntoDimension>(data: &mut [T], extents: E) -> ArrayViewMut<'_, T, E::Dim> {
    let len = data.len();
    match ArrayViewMut::from_shape(extents.into_dimension(), data) {
        Ok(view) => view,
        Err(error) => panic!("{len} numbers do not make the array: {error}"),
    }
}

/// Numbers, row by row, as an array of these extents.
///
/// # Errors
/// [`Error::ParameterLength`] if there are not as many.
pub fn shaped<T: Scalar, E: IntoDimension>(numbers: Vec<T>, extents: E) -> Result<Array<T, E::Dim>, Error> {
    let (dim, found) = (extents.into_dimension(), numbers.len());
    let expected = dim.size();
    Array::from_shape_vec(dim, numbers).map_err(|_| Error::ParameterLength { expected, found })
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

/// The entries of a vector of hyper-parameters, once it is known to have one for each output.
///
/// # Errors
/// [`Error::ShapeMismatch`] if it has not.
#[inline]
pub fn of_outputs<'a, T: Scalar>(
    name: &'static str,
    outputs: usize,
    entries: &'a [T],
) -> Result<&'a [T], Error> {
    check_shape(name, &[outputs], &[entries.len()])?;
    Ok(entries)
}

/// So many zeros.
#[must_use]
pub fn zeros<T: Scalar>(n: usize) -> Vec<T> {
    vec![T::ZERO; n]
}

/// The entries of a short row, by value; 0 where there are none.
#[inline(always)]
#[must_use]
pub fn held<T: Scalar, const N: usize>(row: &[T]) -> [T; N] {
    let mut entries = [T::ZERO; N];
    for (entry, &x) in entries.iter_mut().zip(row) {
        *entry = x;
    }
    entries
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
    place_at(out, block, at, cols);
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

/// Writes a row-major block at `at`.
pub fn place_part<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    block: &[T],
    at: (usize, usize),
    (rows, cols): (usize, usize),
) {
    place_at(out, &block[..rows * cols], at, cols);
}

/// Makes bounds narrower: no lower one below `limit`, no upper one above it, which is a number for each or one for all.
///
/// # Errors
/// If one of them is NaN.
pub fn narrow<T: Scalar>(bounds: &mut [T], limit: &[T], is_lower: bool) -> Result<(), Error> {
    let count = limit.len().max(1);
    for (k, bound) in bounds.iter_mut().enumerate() {
        let Some(&limit) = limit.get(k % count) else { continue };
        if limit.is_nan() {
            return Err(Error::NonFinite { tensor: "bounds".into(), index: vec![k], value: f64::NAN });
        }
        if if is_lower { limit > *bound } else { limit < *bound } {
            *bound = limit;
        }
    }
    Ok(())
}

/// Rows of blocks that are placed beside each other at a time: their lines stay in the cache.
const PLACED: usize = 256;

/// Fewer columns than this are written one after the other: a row of them takes less time than its slice.
const NARROW: usize = 8;

/// Writes row-major blocks beside each other, from the first column on, each of so many columns.
pub fn place_columns<T: Scalar, const N: usize>(out: &mut ArrayViewMut2<'_, T>, blocks: [(&[T], usize); N]) {
    let rows = out.nrows();
    if N == out.ncols()
        && blocks.iter().all(|(_, width)| *width == 1)
        && let Some(out) = out.as_slice_mut()
    {
        return simd!(interleave, (out, blocks.map(|(column, _)| &column[..rows])));
    }
    for first in (0..rows).step_by(PLACED) {
        let until = rows.min(first + PLACED);
        let mut at = 0;
        for (block, width) in blocks {
            place_at(out, &block[first * width..until * width], (first, at), width);
            at += width;
        }
    }
}

/// Writes columns beside each other, row by row.
#[inline(always)]
fn interleave<T: Scalar, const N: usize>(_: Math, (out, columns): (&mut [T], [&[T]; N])) {
    for (i, row) in out.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        for j in 0..N {
            row[j] = columns[j][i];
        }
    }
}

/// Writes a row-major block of `width` columns at `at`.
fn place_at<T: Scalar>(out: &mut ArrayViewMut2<'_, T>, block: &[T], at: (usize, usize), width: usize) {
    let rows = block.len().checked_div(width).unwrap_or(0);
    let mut place = out.slice_mut(s![at.0..at.0 + rows, at.1..at.1 + width]);
    if rows == 0 {
        return;
    }
    if width < NARROW {
        for (j, column) in place.columns_mut().into_iter().enumerate() {
            for (entry, &x) in column.into_iter().zip(block[j..].iter().step_by(width)) {
                *entry = x;
            }
        }
        return;
    }
    for (mut row, block) in place.rows_mut().into_iter().zip(block.chunks_exact(width)) {
        match row.as_slice_mut() {
            Some(row) => row.copy_from_slice(block),
            None => row.assign(&ArrayView1::from(block)),
        }
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
    fn blocks_of_any_width_lie_beside_each_other_in_any_layout() {
        for (rows, widths) in [(0, [1, 1, 2]), (5, [1, 1, 1]), (600, [1, 9, 3]), (257, [0, 8, 7])] {
            let cols: usize = widths.iter().sum();
            let expected = Array2::from_shape_fn((rows, cols), |(i, j)| (100 * i + j) as f64);
            let mut from = 0;
            let blocks = widths.map(|width| {
                let columns = expected.slice(s![.., from..from + width]);
                from += width;
                columns.iter().copied().collect::<Vec<f64>>()
            });
            let blocks = [0, 1, 2].map(|k| (&blocks[k][..], widths[k]));
            let mut by_rows = Array2::from_elem((rows, cols), -1.0);
            place_columns(&mut by_rows.view_mut(), blocks);
            assert_eq!(by_rows, expected, "{rows} rows of {widths:?}");
            let mut by_columns = Array2::from_elem((cols, rows), -1.0);
            place_columns(&mut by_columns.view_mut().reversed_axes(), blocks);
            assert_eq!(by_columns.t(), expected, "{rows} rows of {widths:?}, column by column");
            let mut spread = Array2::from_elem((2 * rows, 2 * cols), -1.0);
            place_columns(&mut spread.slice_mut(s![..;2, ..;2]), blocks);
            assert_eq!(spread.slice(s![..;2, ..;2]), expected, "{rows} rows of {widths:?}, with gaps");
        }
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
