//! Inverse and determinant by LU decomposition with partial pivoting.
//!
//! Matrices are square, row-major, n×n. Nothing is allocated: each function is lent room for n·n numbers.
//! `docs/runtime-choices.md` has the times of this and of a library.

mod lu;

use crate::error::Error;
use crate::scalar::Scalar;
use std::borrow::Cow;

fn pivots<T: Scalar>(lu: &[T], n: usize) -> impl Iterator<Item = T> {
    (0..n).map(move |k| lu[k * n + k])
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
    lu::factor(lu, n, out);
    if pivots(lu, n).any(|p| p == T::ZERO || !p.is_finite()) {
        return Err(Error::Singular { expression: Cow::Borrowed(expression) });
    }
    // U X = L⁻¹ P, all columns at once.
    lu::substitute(lu, n, out);
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
    let sign = lu::factor(lu, n, &mut []);
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
    let mut sign = lu::factor(lu, n, &mut []);
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
    use crate::rng::Rng;

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

    #[test]
    fn every_size_is_inverted_whatever_its_halves() {
        let mut rng = Rng::new(7);
        for n in (1..40).chain([47, 48, 49, 64, 65, 97, 130]) {
            // Nothing on the diagonal stands out, so that rows are exchanged in nearly every step.
            let a: Vec<f64> = (0..n * n).map(|_| 2.0 * rng.uniform() - 1.0).collect();
            let (mut inv, mut room) = (vec![0.0; n * n], vec![0.0; n * n]);
            inverse(&mut inv, &a, n, &mut room, "inv(A)").expect("regular");
            let size = inv.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
            for i in 0..n {
                for j in 0..n {
                    let e: f64 = (0..n).map(|k| a[i * n + k] * inv[k * n + j]).sum();
                    let error = (e - f64::from(u8::from(i == j))).abs();
                    assert!(error < 1e-13 * n as f64 * size, "{n}: {error:e} at {i}, {j}");
                }
            }
            let (d, back) = (det(&a, n, &mut room), det(&inv, n, &mut room.clone()));
            assert!((d * back - 1.0).abs() < 1e-10 * size, "{n}: {d:e} {back:e}");
        }
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for bad in [f64::NAN, f64::INFINITY] {
            for n in [2, 30, 60] {
                let mut a = vec![0.0; n * n];
                a.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
                a[n * n / 2] = bad;
                a[n * n - 1] = bad;
                let (mut inv, mut room) = (vec![0.0; n * n], vec![0.0; n * n]);
                assert!(inverse(&mut inv, &a, n, &mut room, "inv(A)").is_err(), "{n}, {bad}");
                assert!(logdet(&a, n, &mut room, "logdet(A)").is_err(), "{n}, {bad}");
            }
        }
    }
}
