//! What generated code calls and nobody else should.

pub use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

pub use crate::objective::{Datum, IntoEntries};

use crate::error::Error;
use crate::matrix::{Mat, MatMut};
use crate::scalar::Scalar;
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use std::borrow::Cow;

/// The entries of a view, row by row: borrowed where they lie so, copied otherwise.
#[inline]
pub fn entries<'a, T: Scalar, D: Dimension>(view: &'a ArrayView<'_, T, D>) -> Cow<'a, [T]> {
    match view.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().copied().collect()),
    }
}

/// Lets `f` fill the entries of a view, row by row: in place where they lie so, by way of a copy otherwise.
///
/// # Errors
/// Those of `f`; then the view may be partly written.
#[inline]
pub fn fill<T: Scalar, D: Dimension>(
    view: &mut ArrayViewMut<'_, T, D>,
    f: impl FnOnce(&mut [T]) -> Result<(), Error>,
) -> Result<(), Error> {
    if let Some(slice) = view.as_slice_mut() {
        return f(slice);
    }
    let mut copy = vec![T::ZERO; view.len()];
    f(&mut copy)?;
    for (entry, value) in view.iter_mut().zip(copy) {
        *entry = value;
    }
    Ok(())
}

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

/// Refuses activations without any output.
///
/// # Errors
/// [`Error::ShapeMismatch`] for k = 0.
#[inline]
pub fn check_outputs(k: usize) -> Result<(), Error> {
    if k == 0 { Err(Error::shape("a", 1, 1, 0)) } else { Ok(()) }
}

/// Writes a row-major block of a symmetric matrix at `at`, and its mirror image across the diagonal.
pub fn place_block<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    block: &[T],
    at: (usize, usize),
    size: (usize, usize),
) {
    for (i, row) in block.chunks_exact(size.1.max(1)).take(size.0).enumerate() {
        for (j, &value) in row.iter().enumerate() {
            out[[at.0 + i, at.1 + j]] = value;
            out[[at.1 + j, at.0 + i]] = value;
        }
    }
}

/// Writes a row-major block of `width` columns from column `at` on.
pub fn place_columns<T: Scalar>(out: &mut ArrayViewMut2<'_, T>, block: &[T], at: usize, width: usize) {
    for (i, row) in block.chunks_exact(width.max(1)).enumerate() {
        for (j, &value) in row.iter().enumerate() {
            out[[i, at + j]] = value;
        }
    }
}
