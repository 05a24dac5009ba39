//! Systems of equations, inverses and determinants, all by the factors of a matrix.
//!
//! Matrices are square, row-major, n×n. [`factor`] makes P A = L U with partial pivoting, or A = L D Lᵀ of a
//! symmetric positive definite matrix in half the time; what is asked of [`Factors`] fails if the matrix is
//! singular, and never returns what is no number in silence; but a determinant and what its derivatives are
//! made of are there for all. A singular matrix of whole numbers is known to be one ([`singular`]). The factors
//! are written to memory that is lent, and nothing is allocated but where a matrix is singular or nearly. `docs/runtime-choices.md` has the times of this and of a library.

mod cholesky;
mod cofactors;
mod each;
mod lu;
mod singular;
mod triangular;

use crate::error::Error;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use cofactors::Product;
pub use each::factor_each;
use ndarray::ArrayViewMut2;
use std::borrow::Cow;
use triangular::Triangle;

/// The factors of P A = L U.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a, T> {
    /// L below the diagonal, where it has ones, and U on and above.
    lu: &'a [T],
    /// With which row each was exchanged, one after the other.
    exchanges: &'a [T],
    n: usize,
    /// Whether U is D Lᵀ with D positive.
    definite: bool,
    /// Whether all pivots are finite, and none is 0.
    regular: bool,
}

/// The factors of the n×n matrix `a`, which are written to `lu`, of n·n numbers, and `exchanges`, of n.
///
/// # Panics
/// If a slice is shorter than that.
pub fn factor<'a, T: Scalar>(a: &[T], n: usize, lu: &'a mut [T], exchanges: &'a mut [T]) -> Factors<'a, T> {
    if cholesky::suits(&a[..n * n], n) {
        return factor_symmetric(a, n, lu, exchanges);
    }
    let (lu, exchanges) = (&mut lu[..n * n], &mut exchanges[..n]);
    lu.copy_from_slice(&a[..n * n]);
    lu::factor(lu, n, exchanges);
    Factors::new(&a[..n * n], lu, exchanges, n, false)
}

/// The same of a matrix that is known to be symmetric but for rounding: what is below its diagonal counts
/// only where it is not positive definite.
///
/// # Panics
/// If a slice is shorter than that.
pub fn factor_symmetric<'a, T: Scalar>(
    a: &[T],
    n: usize,
    lu: &'a mut [T],
    exchanges: &'a mut [T],
) -> Factors<'a, T> {
    let (a, lu, exchanges) = (&a[..n * n], &mut lu[..n * n], &mut exchanges[..n]);
    lu.copy_from_slice(a);
    let definite = cholesky::factor(lu, n, exchanges);
    if definite {
        exchanges.iter_mut().enumerate().for_each(|(k, e)| *e = T::from_usize(k));
    } else {
        lu.copy_from_slice(a);
        lu::factor(lu, n, exchanges);
    }
    Factors::new(a, lu, exchanges, n, definite)
}

impl<'a, T: Scalar> Factors<'a, T> {
    fn new(a: &[T], lu: &'a mut [T], exchanges: &'a [T], n: usize, definite: bool) -> Self {
        // Where the determinant is 0, so is a pivot, rounding or not.
        if n > 1 && singular::is_certain(a, lu, n) {
            lu[n * n - 1] = T::ZERO;
        }
        let regular = pivots(lu, n).all(|p| p != T::ZERO && p.is_finite());
        Self { lu, exchanges, n, definite, regular }
    }

    /// The exchanges of rows that were made: which with which.
    fn exchanged(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        let rows = self.exchanges.iter().enumerate().map(|(k, e)| (k, e.to_f64() as usize));
        rows.filter(|(k, other)| k != other)
    }

    /// 1, or -1 for an odd number of exchanges.
    fn sign(&self) -> T {
        if self.exchanged().count().is_multiple_of(2) { T::ONE } else { -T::ONE }
    }

    fn check(&self, expression: &'static str) -> Result<(), Error> {
        if self.regular { Ok(()) } else { Err(Error::Singular { expression: Cow::Borrowed(expression) }) }
    }

    /// The determinant; 1 for n = 0, NaN where the matrix of more than one entry has one that is not finite.
    #[must_use]
    pub fn det(&self) -> T {
        if self.n > 1 && pivots(self.lu, self.n).any(|p| !p.is_finite()) {
            return T::NAN;
        }
        T::from_f64(Product::of(pivots(self.lu, self.n)).value()) * self.sign()
    }

    /// The logarithm of the determinant, as a sum of logarithms, so that it neither overflows nor underflows.
    /// `expression` is what the formula calls it.
    ///
    /// # Errors
    /// [`Error::Singular`] if the determinant is 0, [`Error::NotPositiveDefinite`] if it is negative or not a
    /// number.
    pub fn logdet(&self, expression: &'static str) -> Result<T, Error> {
        let (mut positive, mut log) = (self.sign() > T::ZERO, 0.0);
        for p in pivots(self.lu, self.n) {
            if p == T::ZERO {
                return Err(Error::Singular { expression: Cow::Borrowed(expression) });
            }
            positive ^= p < T::ZERO;
            log += p.abs().to_f64().ln();
        }
        if positive && log.is_finite() {
            Ok(T::from_f64(log))
        } else {
            Err(Error::NotPositiveDefinite { expression: Cow::Borrowed(expression) })
        }
    }

    /// out = alpha·A⁻¹·b. `expression` is what the formula calls the inverse.
    ///
    /// # Errors
    /// [`Error::Singular`] if a pivot is 0 or not finite.
    ///
    /// # Panics
    /// If `out` and `b` are not both n×m.
    #[track_caller]
    pub fn solve(
        &self,
        out: MatMut<'_, T>,
        alpha: T,
        b: Mat<'_, T>,
        expression: &'static str,
    ) -> Result<(), Error> {
        self.check(expression)?;
        let mut x = self.begun(out, alpha, b);
        for (k, other) in self.exchanged() {
            swap_rows(&mut x, k, other);
        }
        if let Some(x) = few(&mut x) {
            simd!(triangular::vector, (self.lu, x, false));
            return Ok(());
        }
        let lu = Mat::rows(self.lu, self.n, self.n).view();
        Triangle::lower(lu).solve(x.view_mut());
        Triangle::upper(lu).solve(x);
        Ok(())
    }

    /// out = alpha·A⁻ᵀ·b. `expression` is what the formula calls the inverse.
    ///
    /// # Errors
    /// [`Error::Singular`] if a pivot is 0 or not finite.
    ///
    /// # Panics
    /// If `out` and `b` are not both n×m.
    #[track_caller]
    pub fn solve_transposed(
        &self,
        out: MatMut<'_, T>,
        alpha: T,
        b: Mat<'_, T>,
        expression: &'static str,
    ) -> Result<(), Error> {
        self.check(expression)?;
        let mut x = self.begun(out, alpha, b);
        if let Some(x) = few(&mut x) {
            simd!(triangular::vector, (self.lu, x, true));
        } else {
            let lu = Mat::rows(self.lu, self.n, self.n).view();
            Triangle::upper(lu).t().solve(x.view_mut());
            Triangle::lower(lu).t().solve(x.view_mut());
        }
        for (k, other) in self.exchanged().rev() {
            swap_rows(&mut x, k, other);
        }
        Ok(())
    }

    /// alpha·b, where the solution will be.
    #[track_caller]
    fn begun<'o>(&self, out: MatMut<'o, T>, alpha: T, b: Mat<'_, T>) -> ArrayViewMut2<'o, T> {
        let (shape, given) = (out.shape(), b.shape());
        assert!(shape == given && shape.0 == self.n, "solve: {shape:?} of {given:?} by {0}×{0}", self.n);
        let (mut x, b) = (out.view(), b.view());
        match (x.as_slice_mut(), b.to_slice()) {
            (Some(x), Some(b)) => x.iter_mut().zip(b).for_each(|(x, &b)| *x = alpha * b),
            _ => x.zip_mut_with(&b, |x, &b| *x = alpha * b),
        }
        x
    }

    /// Writes the inverse to `out`, n×n. `expression` is what the formula calls it.
    ///
    /// # Errors
    /// [`Error::Singular`] if a pivot is 0 or not finite.
    ///
    /// # Panics
    /// If `out` is shorter than n·n.
    pub fn inverse(&self, out: &mut [T], expression: &'static str) -> Result<(), Error> {
        self.check(expression)?;
        let n = self.n;
        let out = &mut out[..n * n];
        // A⁻¹ = U⁻¹ L⁻¹ P
        out.fill(T::ZERO);
        if n <= triangular::ROWS {
            simd!(triangular::inverse, (self.lu, &mut *out, n));
        } else if self.definite && n >= cholesky::LARGE {
            cholesky::inverse(self.lu, out, n);
        } else {
            let lu = Mat::rows(self.lu, n, n).view();
            triangular::invert_lower(lu, MatMut::rows(out, n, n).view());
            Triangle::upper(lu).solve(MatMut::rows(out, n, n).view());
        }
        if self.exchanged().next().is_some() {
            for row in out.chunks_exact_mut(n) {
                for (k, other) in self.exchanged().rev() {
                    row.swap(k, other);
                }
            }
        }
        Ok(())
    }
}

fn pivots<T: Scalar>(lu: &[T], n: usize) -> impl Iterator<Item = T> {
    (0..n).map(move |k| lu[k * n + k])
}

/// A right side that is one vector, and a short one.
fn few<'x, T: Scalar>(x: &'x mut ArrayViewMut2<'_, T>) -> Option<&'x mut [T]> {
    let few = x.ncols() == 1 && x.nrows() <= triangular::ROWS_OF_VECTOR;
    x.as_slice_mut().filter(|_| few)
}

fn swap_rows<T: Scalar>(x: &mut ArrayViewMut2<'_, T>, first: usize, second: usize) {
    if let (cols, Some(x)) = (x.ncols(), x.as_slice_mut()) {
        return lu::swap_rows(x, cols, first, second);
    }
    for mut column in x.columns_mut() {
        column.swap(first, second);
    }
}

#[cfg(test)]
mod tests;
