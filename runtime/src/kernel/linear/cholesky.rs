//! A = L D Lᵀ of a symmetric positive definite matrix: no rows are exchanged, and half of the matrix is
//! computed.
//!
//! The factors are stored as those of A = L U are, with U = D Lᵀ, so that whatever uses them need not ask.

use super::triangular::{Triangle, gram_of_lower, invert_lower};
use crate::kernel::contract::gram_above;
use crate::kernel::gemm::Accum;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;
use ndarray::s;

/// Rows that are eliminated one by one.
const FEW: usize = 32;
/// Rows and columns of a block that is compared with the one across the diagonal.
const BLOCK: usize = 16;

/// Rows from which on the half of an inverse takes less time than the passes that it is made in.
pub(super) const LARGE: usize = 64;

/// Whether the n×n matrix `a` may be positive definite: its own transpose, positive on the diagonal.
pub(super) fn suits<T: Scalar>(a: &[T], n: usize) -> bool {
    let positive = |i: usize| a[i * n + i] > T::ZERO;
    let block = |from: (usize, usize)| {
        (from.0..(from.0 + BLOCK).min(n))
            .all(|i| (from.1..(from.1 + BLOCK).min(i)).all(|j| a[i * n + j] == a[j * n + i]))
    };
    (0..n).all(positive) && (0..n).step_by(BLOCK).all(|i| (0..i + 1).step_by(BLOCK).all(|j| block((i, j))))
}

/// Overwrites the n×n matrix `a`, of which the part on and above the diagonal is read, by the factors L below
/// and D Lᵀ above. False if a pivot is not positive: then what `a` holds is of no use. `reciprocals` is room
/// for n numbers.
pub(super) fn factor<T: Scalar>(a: &mut [T], n: usize, reciprocals: &mut [T]) -> bool {
    n == 0 || eliminate(a, n, (0, n), reciprocals)
}

fn eliminate<T: Scalar>(a: &mut [T], n: usize, (start, end): (usize, usize), reciprocals: &mut [T]) -> bool {
    if end - start <= FEW {
        return simd!(one_by_one, (a, n, (start, end), reciprocals));
    }
    let middle = start + (end - start).div_ceil(2).next_multiple_of(8);
    if !eliminate(a, n, (start, middle), reciprocals) {
        return false;
    }
    {
        // U12 ← L11⁻¹ A12, L21 ← (D⁻¹ U12)ᵀ, A22 ← A22 − U12ᵀ D⁻¹ U12
        let reciprocals = &reciprocals[start..middle];
        let mut all = MatMut::rows(&mut a[..n * n], n, n).view();
        let (l11, mut u12, mut l21, a22) = all.multi_slice_mut((
            s![start..middle, start..middle],
            s![start..middle, middle..end],
            s![middle..end, start..middle],
            s![middle..end, middle..end],
        ));
        Triangle::lower(l11.view()).solve(u12.view_mut());
        gram_above(MatMut::from(a22), Accum::Add, -T::ONE, Mat::from(u12.view()), Some(reciprocals));
        l21.assign(&u12.t());
        for mut row in l21.rows_mut() {
            row.iter_mut().zip(reciprocals).for_each(|(l, &d)| *l *= d);
        }
    }
    eliminate(a, n, (middle, end), reciprocals)
}

/// Writes A⁻¹, by the factors of A, to `out`, which is 0: it is VᵀV with V = D^(−1/2) L⁻¹, so that its half is
/// computed, too.
pub(super) fn inverse<T: Scalar>(factors: &[T], out: &mut [T], n: usize) {
    let factors = Mat::rows(factors, n, n).view();
    let mut v = MatMut::rows(out, n, n).view();
    invert_lower(factors, v.view_mut());
    for (k, (mut row, pivot)) in v.rows_mut().into_iter().zip(factors.diag()).enumerate() {
        let scale = T::ONE / pivot.sqrt();
        row.slice_mut(s![..=k]).mapv_inplace(|x| x * scale);
    }
    gram_of_lower(v);
}

#[inline(always)]
#[allow(clippy::type_complexity, reason = "what a kernel is handed is one tuple")]
fn one_by_one<T: Scalar>(
    math: Math,
    (a, n, (start, end), reciprocals): (&mut [T], usize, (usize, usize), &mut [T]),
) -> bool {
    for c in start..end {
        let pivot = a[c * n + c];
        let reciprocal = T::ONE / pivot;
        // A pivot that is no number is not greater than 0, and one so small that 1/p overflows is none.
        if !(pivot > T::ZERO && pivot.is_finite() && reciprocal.is_finite()) {
            return false;
        }
        reciprocals[c] = reciprocal;
        let (above, below) = a.split_at_mut((c + 1) * n);
        let above = &above[c * n..][..end];
        for (row, r) in below.chunks_exact_mut(n).zip(c + 1..end) {
            let factor = above[r] * reciprocal;
            row[c] = factor;
            for (x, &u) in row[r..end].iter_mut().zip(&above[r..]) {
                *x = math.mul_add(-factor, u, *x);
            }
        }
    }
    true
}
