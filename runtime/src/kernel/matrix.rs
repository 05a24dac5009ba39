//! Matrices as the contractions see them: numbers elsewhere, with a shape and strides.
//!
//! Both views come from row-major slices or from `ndarray` views of any layout, negative strides included,
//! and never copy.
#![allow(
    unsafe_code,
    reason = "a view of a slice whose length is checked: a product may take less time than checking more"
)]

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use crate::kernel::scalar::Scalar;

/// Panics unless the last row and column of a strided matrix is among `len` numbers. Where a stride is 0, rows
/// times columns may be more, but no more than `isize` counts.
#[inline]
#[track_caller]
fn check_strided(len: usize, (rows, cols): (usize, usize), strides: (usize, usize)) {
    let last = |n: usize, stride: usize| n.checked_sub(1).and_then(|n| n.checked_mul(stride));
    let fits = match (last(rows, strides.0), last(cols, strides.1)) {
        (Some(down), Some(right)) => {
            let numbers = rows.checked_mul(cols).is_some_and(|n| isize::try_from(n).is_ok());
            numbers && down.checked_add(right).is_some_and(|end| end < len)
        }
        // Without rows or columns there is nothing to find.
        _ => rows == 0 || cols == 0,
    };
    assert!(fits, "{len} numbers do not make a {rows}×{cols} matrix with strides {strides:?}");
}

/// A matrix to read.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a, T> {
    view: ArrayView2<'a, T>,
}

/// A matrix to write.
#[derive(Debug)]
pub struct MatMut<'a, T> {
    view: ArrayViewMut2<'a, T>,
}

impl<'a, T: Scalar> Mat<'a, T> {
    /// The `rows`×`cols` matrix that `data` lists row by row.
    ///
    /// # Panics
    /// If `data` is not of length `rows`·`cols`.
    #[inline]
    #[track_caller]
    pub fn rows(data: &'a [T], rows: usize, cols: usize) -> Self {
        let numbers = rows.checked_mul(cols);
        assert!(numbers == Some(data.len()), "{} numbers do not make a {rows}×{cols} matrix", data.len());
        // SAFETY: the numbers are there, only read while the view lives, and no more of them than a slice may
        // hold.
        Mat { view: unsafe { ArrayView2::from_shape_ptr((rows, cols), data.as_ptr()) } }
    }

    /// The matrix of this shape, (rows, columns), whose next row is `strides.0` numbers on, and next column
    /// `strides.1`.
    ///
    /// # Panics
    /// If `data` ends before the last row and column.
    #[inline]
    #[track_caller]
    pub fn strided(data: &'a [T], shape: (usize, usize), strides: (usize, usize)) -> Self {
        check_strided(data.len(), shape, strides);
        // SAFETY: the last number is there, so all are; they are only read while the view lives.
        Mat { view: unsafe { ArrayView2::from_shape_ptr(shape.strides(strides), data.as_ptr()) } }
    }

    /// The n×1 matrix of a vector.
    #[inline]
    pub fn column(x: &'a [T]) -> Self {
        Mat::rows(x, x.len(), 1)
    }

    /// The 1×n matrix of a vector.
    #[inline]
    pub fn row(x: &'a [T]) -> Self {
        Mat::rows(x, 1, x.len())
    }

    /// The transpose: the same numbers, seen with rows and columns exchanged.
    #[inline]
    pub fn t(self) -> Self {
        Mat { view: self.view.reversed_axes() }
    }

    /// (rows, columns)
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        self.view.dim()
    }

    /// Distance in numbers from a row to the next, and from a column to the next.
    #[inline]
    pub(crate) fn strides(&self) -> (isize, isize) {
        let strides = self.view.strides();
        (strides[0], strides[1])
    }

    /// The number in the first row and column.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const T {
        self.view.as_ptr()
    }

    /// The same matrix as an `ndarray` view.
    #[inline]
    pub fn view(self) -> ArrayView2<'a, T> {
        self.view
    }
}

impl<'a, T: Scalar> MatMut<'a, T> {
    /// The `rows`×`cols` matrix that `data` lists row by row.
    ///
    /// # Panics
    /// If `data` is not of length `rows`·`cols`.
    #[inline]
    #[track_caller]
    pub fn rows(data: &'a mut [T], rows: usize, cols: usize) -> Self {
        let numbers = rows.checked_mul(cols);
        assert!(numbers == Some(data.len()), "{} numbers do not make a {rows}×{cols} matrix", data.len());
        // SAFETY: the numbers are there, written through the view alone while it lives, and no more of them
        // than a slice may hold.
        MatMut { view: unsafe { ArrayViewMut2::from_shape_ptr((rows, cols), data.as_mut_ptr()) } }
    }

    /// The matrix of this shape, (rows, columns), whose next row is `strides.0` numbers on, and next column
    /// `strides.1`.
    ///
    /// # Panics
    /// If `data` ends before the last row and column, or if two of them would be one number.
    #[inline]
    #[track_caller]
    pub fn strided(data: &'a mut [T], shape: (usize, usize), strides: (usize, usize)) -> Self {
        check_strided(data.len(), shape, strides);
        let ((rows, cols), (down, right)) = (shape, strides);
        let disjoint = (down > 0 || rows < 2)
            && (right > 0 || cols < 2)
            && (down > right * cols.saturating_sub(1) || right > down * rows.saturating_sub(1));
        assert!(disjoint || rows == 0 || cols == 0, "strides {strides:?} let rows and columns overlap");
        // SAFETY: the last number is there, so all are, each once; the view alone writes them while it lives.
        MatMut { view: unsafe { ArrayViewMut2::from_shape_ptr(shape.strides(strides), data.as_mut_ptr()) } }
    }

    /// The n×1 matrix of a vector.
    #[inline]
    pub fn column(x: &'a mut [T]) -> Self {
        let n = x.len();
        MatMut::rows(x, n, 1)
    }

    /// The transpose: the same numbers, seen with rows and columns exchanged.
    #[inline]
    pub fn t(self) -> Self {
        MatMut { view: self.view.reversed_axes() }
    }

    /// (rows, columns)
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        self.view.dim()
    }

    /// Distance in numbers from a row to the next, and from a column to the next.
    #[inline]
    pub(crate) fn strides(&self) -> (isize, isize) {
        let strides = self.view.strides();
        (strides[0], strides[1])
    }

    /// The number in the first row and column.
    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.view.as_mut_ptr()
    }

    /// The same matrix as an `ndarray` view.
    #[inline]
    pub fn view(self) -> ArrayViewMut2<'a, T> {
        self.view
    }
}

impl<'a, T: Scalar> From<ArrayView2<'a, T>> for Mat<'a, T> {
    #[inline]
    fn from(view: ArrayView2<'a, T>) -> Self {
        Mat { view }
    }
}

impl<'a, T: Scalar> From<ArrayViewMut2<'a, T>> for MatMut<'a, T> {
    #[inline]
    fn from(view: ArrayViewMut2<'a, T>) -> Self {
        MatMut { view }
    }
}
