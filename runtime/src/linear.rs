//! Inverse and determinant by LU decomposition with partial pivoting.
//!
//! Matrices are square, row-major, n×n. Golub and Van Loan, *Matrix Computations*, algorithm 3.4.1.

use crate::error::Error;
use crate::scalar::Scalar;

/// A = Pᵀ L U, with L and U in one array and the row exchanges beside it.
struct Lu<T> {
    n: usize,
    lu: Vec<T>,
    order: Vec<usize>,
    /// −1 for an odd number of exchanges.
    sign: T,
}

impl<T: Scalar> Lu<T> {
    fn new(a: &[T], n: usize) -> Self {
        let mut lu = a[..n * n].to_vec();
        let mut order: Vec<usize> = (0..n).collect();
        let mut sign = T::ONE;
        for c in 0..n {
            let best = (c..n).fold(c, |b, r| if lu[r * n + c].abs() > lu[b * n + c].abs() { r } else { b });
            if best != c {
                for k in 0..n {
                    lu.swap(best * n + k, c * n + k);
                }
                order.swap(best, c);
                sign = -sign;
            }
            let pivot = lu[c * n + c];
            if pivot == T::ZERO {
                continue;
            }
            for r in c + 1..n {
                let factor = lu[r * n + c] / pivot;
                lu[r * n + c] = factor;
                for k in c + 1..n {
                    let above = lu[c * n + k];
                    lu[r * n + k] -= factor * above;
                }
            }
        }
        Self { n, lu, order, sign }
    }

    fn pivots(&self) -> impl Iterator<Item = T> {
        (0..self.n).map(|k| self.lu[k * self.n + k])
    }
}

/// Writes the inverse of `a` to `out`, both n×n.
///
/// # Errors
/// [`Error::Singular`] if a pivot is 0 or not finite.
///
/// # Panics
/// If a slice is shorter than n·n.
pub fn inverse<T: Scalar>(out: &mut [T], a: &[T], n: usize) -> Result<(), Error> {
    let f = Lu::new(a, n);
    if f.pivots().any(|p| p == T::ZERO || !p.is_finite()) {
        return Err(Error::Singular { expression: "the matrix to invert".into() });
    }
    for c in 0..n {
        // L z = P e_c, then U x = z, down and up the c-th column of the result.
        for r in 0..n {
            let mut z = if f.order[r] == c { T::ONE } else { T::ZERO };
            for k in 0..r {
                z -= f.lu[r * n + k] * out[k * n + c];
            }
            out[r * n + c] = z;
        }
        for r in (0..n).rev() {
            let mut x = out[r * n + c];
            for k in r + 1..n {
                x -= f.lu[r * n + k] * out[k * n + c];
            }
            out[r * n + c] = x / f.lu[r * n + r];
        }
    }
    Ok(())
}

/// The determinant of the n×n matrix `a`; 1 for n = 0.
///
/// # Panics
/// If the slice is shorter than n·n.
#[must_use]
pub fn det<T: Scalar>(a: &[T], n: usize) -> T {
    let f = Lu::new(a, n);
    f.pivots().fold(f.sign, |d, p| d * p)
}

/// The logarithm of the determinant of the n×n matrix `a`, as a sum of logarithms, so that it neither overflows nor
/// underflows.
///
/// # Errors
/// [`Error::Singular`] if the determinant is 0, [`Error::NotPositiveDefinite`] if it is negative or not a number.
///
/// # Panics
/// If the slice is shorter than n·n.
pub fn logdet<T: Scalar>(a: &[T], n: usize) -> Result<T, Error> {
    let f = Lu::new(a, n);
    let mut sign = f.sign;
    let mut log = 0.0;
    for p in f.pivots() {
        if p == T::ZERO {
            return Err(Error::Singular { expression: "the matrix of `logdet`".into() });
        }
        if p < T::ZERO {
            sign = -sign;
        }
        log += p.abs().to_f64().ln();
    }
    if sign > T::ZERO && log.is_finite() {
        Ok(T::from_f64(log))
    } else {
        Err(Error::NotPositiveDefinite { expression: "the matrix of `logdet`".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 9] = [0.0, 2.0, 1.0, 4.0, 1.0, -1.0, 2.0, 3.0, 5.0];

    #[test]
    fn inverse_times_matrix_is_the_identity() {
        let mut inv = [0.0; 9];
        inverse(&mut inv, &A, 3).expect("regular");
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
        assert!((det(&A, 3) + 34.0).abs() < 1e-12);
        assert!(matches!(logdet(&A, 3), Err(Error::NotPositiveDefinite { .. })));
        assert!((logdet(&[1e200, 0.0, 0.0, 1e200], 2).expect("positive") - 400.0 * 10f64.ln()).abs() < 1e-9);
        let singular = [1.0, 2.0, 2.0, 4.0];
        assert!(matches!(inverse(&mut [0.0; 4], &singular, 2), Err(Error::Singular { .. })));
        assert!(matches!(logdet(&singular, 2), Err(Error::Singular { .. })));
    }
}
