//! P A = L U with partial pivoting, and what is solved by it.
//!
//! Everything halves itself until a few columns or rows are left, so that nearly all work is products of matrices:
//! Toledo, "Locality of reference in LU decomposition with partial pivoting" (SIAM J. Matrix Anal. Appl. 18, 1997).
//! Nothing is allocated.

use crate::contract::{Accum, axpy, matmul};
use crate::matrix::{Mat, MatMut};
use crate::scalar::Scalar;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};

/// Columns that are eliminated one by one.
const COLUMNS: usize = 4;
/// All columns are, where no more rows than this are left: what a product would gain, its call costs.
const FEW: usize = 24;
/// Rows that are substituted one by one.
const ROWS: usize = 16;

/// Overwrites the n×n matrix `lu` by the factors of P A = L U, L with a unit diagonal below, U above, and makes each
/// exchange of rows in `with` too, a matrix of as many rows or of none. Returns the sign of P.
pub(super) fn factor<T: Scalar>(lu: &mut [T], n: usize, with: &mut [T]) -> T {
    let mut sign = T::ONE;
    if n > 0 {
        eliminate(lu, n, (0, n), with, &mut sign);
    }
    sign
}

/// Eliminates the columns from `start` to `end`, all before them being done; later ones are left as they are, but for
/// exchanges of rows.
fn eliminate<T: Scalar>(lu: &mut [T], n: usize, (start, end): (usize, usize), with: &mut [T], sign: &mut T) {
    if end - start <= COLUMNS || n - start <= FEW {
        return one_by_one(lu, n, (start, end), with, sign);
    }
    let middle = start + (end - start).div_ceil(2).next_multiple_of(COLUMNS).min(end - start - 1);
    eliminate(lu, n, (start, middle), with, sign);
    {
        // A12 ← L11⁻¹ A12, A22 ← A22 − L21 A12
        let mut all = MatMut::rows(&mut lu[..n * n], n, n).view();
        let (l11, mut a12, l21, a22) = all.multi_slice_mut((
            s![start..middle, start..middle],
            s![start..middle, middle..end],
            s![middle.., start..middle],
            s![middle.., middle..end],
        ));
        lower(l11.view(), a12.view_mut());
        subtract(a22, l21.view(), a12.view());
    }
    eliminate(lu, n, (middle, end), with, sign);
}

fn one_by_one<T: Scalar>(lu: &mut [T], n: usize, (start, end): (usize, usize), with: &mut [T], sign: &mut T) {
    for c in start..end {
        let best = (c..n).fold(c, |b, r| if lu[r * n + c].abs() > lu[b * n + c].abs() { r } else { b });
        if best != c {
            swap_rows(lu, n, c, best);
            if !with.is_empty() {
                let width = with.len() / n;
                swap_rows(with, width, c, best);
            }
            *sign = -*sign;
        }
        let pivot = lu[c * n + c];
        if pivot == T::ZERO {
            continue;
        }
        let (above, below) = lu.split_at_mut((c + 1) * n);
        let above = &above[c * n..][c + 1..end];
        for row in below.chunks_exact_mut(n) {
            let factor = row[c] / pivot;
            row[c] = factor;
            for (x, &u) in row[c + 1..end].iter_mut().zip(above) {
                *x -= factor * u;
            }
        }
    }
}

fn swap_rows<T>(a: &mut [T], width: usize, first: usize, second: usize) {
    let (above, below) = a.split_at_mut(second * width);
    above[first * width..][..width].swap_with_slice(&mut below[..width]);
}

/// a −= b·c
fn subtract<T: Scalar>(a: ArrayViewMut2<'_, T>, b: ArrayView2<'_, T>, c: ArrayView2<'_, T>) {
    matmul(MatMut::from(a), Accum::Add, -T::ONE, Mat::from(b), Mat::from(c));
}

/// x −= factor·y, rows of one length.
fn subtract_row<T: Scalar>(x: &mut [T], factor: T, y: &[T]) {
    if x.len() < 16 {
        for (x, &y) in x.iter_mut().zip(y) {
            *x -= factor * y;
        }
    } else {
        axpy(-factor, y, x);
    }
}

/// x ← L⁻¹ x, where L is the part of `l` below its diagonal, with ones on that; the columns of x are adjacent.
fn lower<T: Scalar>(l: ArrayView2<'_, T>, mut x: ArrayViewMut2<'_, T>) {
    let n = l.nrows();
    if n > ROWS {
        let half = (n / 2).next_multiple_of(ROWS);
        let (mut first, mut second) = x.split_at(Axis(0), half);
        lower(l.slice(s![..half, ..half]), first.view_mut());
        subtract(second.view_mut(), l.slice(s![half.., ..half]), first.view());
        return lower(l.slice(s![half.., half..]), second);
    }
    for r in 1..n {
        let (above, mut below) = x.view_mut().split_at(Axis(0), r);
        if let Some(x) = below.row_mut(0).as_slice_mut() {
            for k in 0..r {
                subtract_row(x, l[[r, k]], above.row(k).to_slice().unwrap_or_default());
            }
        }
    }
}

/// x ← U⁻¹ x, where U is the part of `u` on and above its diagonal; the columns of x are adjacent.
fn upper<T: Scalar>(u: ArrayView2<'_, T>, mut x: ArrayViewMut2<'_, T>) {
    let n = u.nrows();
    if n > ROWS {
        let half = (n / 2).next_multiple_of(ROWS);
        let (mut first, mut second) = x.split_at(Axis(0), half);
        upper(u.slice(s![half.., half..]), second.view_mut());
        subtract(first.view_mut(), u.slice(s![..half, half..]), second.view());
        return upper(u.slice(s![..half, ..half]), first);
    }
    for r in (0..n).rev() {
        let (mut above, below) = x.view_mut().split_at(Axis(0), r + 1);
        if let Some(x) = above.row_mut(r).as_slice_mut() {
            for k in r + 1..n {
                subtract_row(x, u[[r, k]], below.row(k - r - 1).to_slice().unwrap_or_default());
            }
            let pivot = u[[r, r]];
            x.iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

/// x ← U⁻¹ L⁻¹ x for the factors in `lu`, n×n; x has n rows.
pub(super) fn substitute<T: Scalar>(lu: &[T], n: usize, x: &mut [T]) {
    if n > 0 && !x.is_empty() {
        let lu = Mat::rows(&lu[..n * n], n, n).view();
        let cols = x.len() / n;
        let mut x = MatMut::rows(x, n, cols).view();
        lower(lu, x.view_mut());
        upper(lu, x);
    }
}
