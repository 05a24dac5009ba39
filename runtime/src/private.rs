//! What generated code calls and nobody else should.

pub use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};

pub use crate::objective::{Datum, IntoEntries};
pub use crate::room::{Entries, Room, entries, fill};
pub use crate::workspace::{Workspace, numbers};

use crate::error::Error;
use crate::matrix::{Mat, MatMut};
use crate::scalar::Scalar;

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
