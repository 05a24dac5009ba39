//! Inverse and determinant by LU decomposition with partial pivoting.
//!
//! Matrices are square, row-major, n×n. Nothing is allocated: each function is lent room for n·n numbers. Golub and Van Loan, *Matrix Computations*, algorithm 3.4.1.

use crate::error::Error;
use crate::scalar::Scalar;
use std::borrow::Cow;

/// Overwrites `lu` by the factors of P A = L U, L with a unit diagonal below, U above, and makes each exchange of rows
/// in `with` too, a matrix of as many rows. Returns the sign of P.
fn factor<T: Scalar>(lu: &mut [T], n: usize, with: &mut [T]) -> T {
    let mut sign = T::ONE;
    for c in 0..n {
        let best = (c..n).fold(c, |b, r| if lu[r * n + c].abs() > lu[b * n + c].abs() { r } else { b });
        if best != c {
            for array in [&mut *lu, &mut *with] {
                if let Some((above, below)) = array.split_at_mut_checked(best * n)
                    && !below.is_empty()
                {
                    above[c * n..][..n].swap_with_slice(&mut below[..n]);
                }
            }
            sign = -sign;
        }
        let pivot = lu[c * n + c];
        if pivot == T::ZERO {
            continue;
        }
        let (above, below) = lu.split_at_mut((c + 1) * n);
        let above = &above[c * n..];
        for row in below.chunks_exact_mut(n) {
            let factor = row[c] / pivot;
            row[c] = factor;
            for (x, &u) in row[c + 1..].iter_mut().zip(&above[c + 1..]) {
                *x -= factor * u;
            }
        }
    }
    sign
}

fn pivots<T: Scalar>(lu: &[T], n: usize) -> impl Iterator<Item = T> {
    (0..n).map(move |k| lu[k * n + k])
}

/// `row −= factor · other`, both rows of `n` entries of one matrix.
fn subtract_row<T: Scalar>(a: &mut [T], n: usize, row: usize, factor: T, other: usize) {
    let (from, to) = if other < row {
        let (above, below) = a.split_at_mut(row * n);
        (&above[other * n..][..n], &mut below[..n])
    } else {
        let (above, below) = a.split_at_mut(other * n);
        (&below[..n], &mut above[row * n..][..n])
    };
    for (x, &y) in to.iter_mut().zip(from) {
        *x -= factor * y;
    }
}

/// Writes the inverse of `a` to `out`, both n×n; `room` is room for as many numbers. `expression` is what the formula
/// calls the inverse.
///
/// # Errors
/// [`Error::Singular`] if a pivot is 0 or not finite.
///
/// # Panics
/// If a slice is shorter than n·n.
pub fn inverse<T: Scalar>(
    out: &mut [T],
    a: &[T],
    n: usize,
    room: &mut [T],
    expression: &'static str,
) -> Result<(), Error> {
    let (out, lu) = (&mut out[..n * n], &mut room[..n * n]);
    lu.copy_from_slice(&a[..n * n]);
    out.fill(T::ZERO);
    out.iter_mut().step_by(n + 1).for_each(|x| *x = T::ONE);
    factor(lu, n, out);
    if pivots(lu, n).any(|p| p == T::ZERO || !p.is_finite()) {
        return Err(Error::Singular { expression: Cow::Borrowed(expression) });
    }
    // L Z = P, then U X = Z, all columns at once.
    for r in 0..n {
        for k in 0..r {
            subtract_row(out, n, r, lu[r * n + k], k);
        }
    }
    for r in (0..n).rev() {
        for k in r + 1..n {
            subtract_row(out, n, r, lu[r * n + k], k);
        }
        let pivot = lu[r * n + r];
        out[r * n..][..n].iter_mut().for_each(|x| *x /= pivot);
    }
    Ok(())
}

/// The determinant of the n×n matrix `a`; 1 for n = 0. `room` is room for as many numbers.
///
/// # Panics
/// If a slice is shorter than n·n.
#[must_use]
pub fn det<T: Scalar>(a: &[T], n: usize, room: &mut [T]) -> T {
    let lu = &mut room[..n * n];
    lu.copy_from_slice(&a[..n * n]);
    let sign = factor(lu, n, &mut []);
    pivots(lu, n).fold(sign, |d, p| d * p)
}

/// The logarithm of the determinant of the n×n matrix `a`, as a sum of logarithms, so that it neither overflows nor
/// underflows. `room` is room for as many numbers, `expression` what the formula calls the logarithm.
///
/// # Errors
/// [`Error::Singular`] if the determinant is 0, [`Error::NotPositiveDefinite`] if it is negative or not a number.
///
/// # Panics
/// If a slice is shorter than n·n.
pub fn logdet<T: Scalar>(a: &[T], n: usize, room: &mut [T], expression: &'static str) -> Result<T, Error> {
    let lu = &mut room[..n * n];
    lu.copy_from_slice(&a[..n * n]);
    let mut sign = factor(lu, n, &mut []);
    let mut log = 0.0;
    for p in pivots(lu, n) {
        if p == T::ZERO {
            return Err(Error::Singular { expression: Cow::Borrowed(expression) });
        }
        if p < T::ZERO {
            sign = -sign;
        }
        log += p.abs().to_f64().ln();
    }
    if sign > T::ZERO && log.is_finite() {
        Ok(T::from_f64(log))
    } else {
        Err(Error::NotPositiveDefinite { expression: Cow::Borrowed(expression) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 9] = [0.0, 2.0, 1.0, 4.0, 1.0, -1.0, 2.0, 3.0, 5.0];

    #[test]
    fn inverse_times_matrix_is_the_identity() {
        let mut inv = [0.0; 9];
        inverse(&mut inv, &A, 3, &mut [0.0; 9], "inv(A)").expect("regular");
        for i in 0..3 {
            for j in 0..3 {
                let e: f64 = (0..3).map(|k| A[i * 3 + k] * inv[k * 3 + j]).sum();
                assert!((e - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn determinants_have_their_sign_and_singular_matrices_are_refused() {
        // expanded by the first row: -2 (20 + 2) + 1 (12 - 2)
        let room = &mut [0.0; 9];
        assert!((det(&A, 3, room) + 34.0).abs() < 1e-12);
        assert_eq!(det::<f64>(&[], 0, &mut []), 1.0);
        let log = |a: &[f64]| logdet(a, if a.len() == 4 { 2 } else { 3 }, &mut [0.0; 9], "logdet(A)");
        assert!(matches!(log(&A), Err(Error::NotPositiveDefinite { .. })));
        assert!((log(&[1e200, 0.0, 0.0, 1e200]).expect("positive") - 400.0 * 10f64.ln()).abs() < 1e-9);
        let singular = [1.0, 2.0, 2.0, 4.0];
        let error = inverse(&mut [0.0; 4], &singular, 2, room, "inv(A)").expect_err("singular");
        assert_eq!(error, Error::Singular { expression: "inv(A)".into() });
        assert!(matches!(log(&singular), Err(Error::Singular { .. })));
    }
}
