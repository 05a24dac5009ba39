//! P A = L U with partial pivoting.
//!
//! The columns halve themselves until a few are left, so that nearly all work is products of matrices:
//! Toledo, "Locality of reference in LU decomposition with partial pivoting" (SIAM J. Matrix Anal. Appl. 18,
//! 1997).

use super::triangular::{Triangle, subtract};
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;
use ndarray::s;

/// Columns that are eliminated one by one.
const COLUMNS: usize = 4;
/// All columns are, where no more rows than this are left: what a product would gain, its call costs.
const FEW: usize = 24;

/// Overwrites the n×n matrix `lu` by the factors of P A = L U, L with a unit diagonal below, U above.
/// `exchanges` says with which row each row was exchanged, one after the other.
pub(super) fn factor<T: Scalar>(lu: &mut [T], n: usize, exchanges: &mut [T]) {
    if n > 0 {
        eliminate(lu, n, (0, n), exchanges);
    }
}

/// Eliminates the columns from `start` to `end`, all before them being done; later ones are left as they are,
/// but for exchanges of rows.
fn eliminate<T: Scalar>(lu: &mut [T], n: usize, (start, end): (usize, usize), exchanges: &mut [T]) {
    if end - start <= COLUMNS || n - start <= FEW {
        return simd!(one_by_one, (lu, n, (start, end), exchanges));
    }
    let middle = start + (end - start).div_ceil(2).next_multiple_of(COLUMNS).min(end - start - 1);
    eliminate(lu, n, (start, middle), exchanges);
    {
        // A12 ← L11⁻¹ A12, A22 ← A22 − L21 A12
        let mut all = MatMut::rows(&mut lu[..n * n], n, n).view();
        let (l11, mut a12, l21, a22) = all.multi_slice_mut((
            s![start..middle, start..middle],
            s![start..middle, middle..end],
            s![middle.., start..middle],
            s![middle.., middle..end],
        ));
        Triangle::lower(l11.view()).solve(a12.view_mut());
        subtract(a22, Mat::from(l21.view()), a12.view());
    }
    eliminate(lu, n, (middle, end), exchanges);
}

#[inline(always)]
#[allow(clippy::type_complexity, reason = "what a kernel is handed is one tuple")]
fn one_by_one<T: Scalar>(
    math: Math,
    (lu, n, (start, end), exchanges): (&mut [T], usize, (usize, usize), &mut [T]),
) {
    for c in start..end {
        let best = (c..n).fold(c, |b, r| if lu[r * n + c].abs() > lu[b * n + c].abs() { r } else { b });
        exchanges[c] = T::from_usize(best);
        if best != c {
            swap_rows(lu, n, c, best);
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
                *x = math.mul_add(-factor, u, *x);
            }
        }
    }
}

/// Exchanges two rows, the second below the first.
#[inline(always)]
pub(super) fn swap_rows<T>(a: &mut [T], width: usize, first: usize, second: usize) {
    let (above, below) = a.split_at_mut(second * width);
    above[first * width..][..width].swap_with_slice(&mut below[..width]);
}
