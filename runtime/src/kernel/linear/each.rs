//! The matrices of an array one after the other: their factors, and what is asked of each.

use super::{Factors, factor, pivots};
use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// The factors of each of the n×n matrices of an array.
#[derive(Clone, Copy, Debug)]
pub struct FactorsOfEach<'a, T> {
    lu: &'a [T],
    exchanges: &'a [T],
    n: usize,
}

/// The factors of the n×n matrices that lie in `a` one after the other, which are written to `lu`, as long as `a`,
/// and `exchanges`, of n numbers for each.
///
/// # Panics
/// If a slice is shorter than that.
pub fn factor_each<'a, T: Scalar>(
    a: &[T],
    n: usize,
    lu: &'a mut [T],
    exchanges: &'a mut [T],
) -> FactorsOfEach<'a, T> {
    let all = a.chunks_exact((n * n).max(1)).zip(lu.chunks_exact_mut((n * n).max(1)));
    for ((a, lu), exchanges) in all.zip(exchanges.chunks_exact_mut(n.max(1))) {
        factor(a, n, lu, exchanges);
    }
    FactorsOfEach { lu, exchanges, n }
}

impl<'a, T: Scalar> FactorsOfEach<'a, T> {
    fn each(&self) -> impl Iterator<Item = Factors<'a, T>> {
        let n = self.n;
        let all = self.lu.chunks_exact((n * n).max(1)).zip(self.exchanges.chunks_exact(n.max(1)));
        all.map(move |(lu, exchanges)| {
            let regular = pivots(lu, n).all(|p| p != T::ZERO && p.is_finite());
            // Whether it is positive definite is not kept; the way of all others is right for it, too.
            Factors { lu, exchanges, n, definite: false, regular }
        })
    }

    /// Writes all determinants; 1 for n = 0.
    pub fn det(&self, out: &mut [T]) {
        out.fill(T::ONE);
        for (out, factors) in out.iter_mut().zip(self.each()) {
            *out = factors.det();
        }
    }

    /// Writes the logarithms of all determinants. `expression` is what the formula calls them.
    ///
    /// # Errors
    /// Those of [`Factors::logdet`], of the first matrix that has one.
    pub fn logdet(&self, out: &mut [T], expression: &'static str) -> Result<(), Error> {
        out.fill(T::ZERO);
        for (out, factors) in out.iter_mut().zip(self.each()) {
            *out = factors.logdet(expression)?;
        }
        Ok(())
    }

    /// Writes all inverses. `expression` is what the formula calls them.
    ///
    /// # Errors
    /// [`Error::Singular`] if one of the matrices is.
    pub fn inverse(&self, out: &mut [T], expression: &'static str) -> Result<(), Error> {
        let own = out.chunks_exact_mut((self.n * self.n).max(1));
        self.each().zip(own).try_for_each(|(factors, out)| factors.inverse(out, expression))
    }

    /// Writes the adjugates of all matrices, which are in `a`.
    pub fn adjugate(&self, a: &[T], out: &mut [T]) {
        self.of_each(a, out, |factors, a, out| factors.adjugate(a, out));
    }

    /// Writes the first matrix of the pair of each.
    pub fn adjugate_first(&self, a: &[T], out: &mut [T]) {
        self.of_each(a, out, |factors, a, out| factors.adjugate_first(a, out));
    }

    /// Writes the second matrix of the pair of each.
    pub fn adjugate_second(&self, a: &[T], out: &mut [T]) {
        self.of_each(a, out, |factors, a, out| factors.adjugate_second(a, out));
    }

    fn of_each(&self, a: &[T], out: &mut [T], write: impl Fn(Factors<'a, T>, &[T], &mut [T])) {
        let size = (self.n * self.n).max(1);
        let all = self.each().zip(a.chunks_exact(size)).zip(out.chunks_exact_mut(size));
        all.for_each(|((factors, a), out)| write(factors, a, out));
    }
}

#[cfg(test)]
mod tests {
    use super::factor_each;

    #[test]
    fn each_has_its_own_determinant_and_inverse() {
        // diag(2, 4), one that exchanges rows, and a singular one.
        let a = [2.0, 0.0, 0.0, 4.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 2.0, 4.0];
        let (mut lu, mut exchanges, mut out) = ([0.0; 12], [0.0; 6], [0.0; 12]);
        let factors = factor_each(&a, 2, &mut lu, &mut exchanges);
        let mut dets = [0.0; 3];
        factors.det(&mut dets);
        assert_eq!(dets, [8.0, -2.0, 0.0]);
        factors.adjugate(&a, &mut out);
        assert_eq!(out, [4.0, 0.0, 0.0, 2.0, 0.0, -1.0, -2.0, 0.0, 4.0, -2.0, -2.0, 1.0]);
        assert!(
            factors.inverse(&mut out, "inv(A)").is_err() && factors.logdet(&mut dets, "logdet(A)").is_err()
        );
        let factors = factor_each(&a[..8], 2, &mut lu, &mut exchanges);
        factors.inverse(&mut out[..8], "inv(A)").expect("regular");
        assert_eq!(out[..8], [0.5, 0.0, 0.0, 0.25, 0.0, 0.5, 1.0, 0.0]);
    }

    #[test]
    fn of_none_and_of_nothing() {
        let mut out = [0.0; 2];
        factor_each::<f64>(&[], 0, &mut [], &mut []).det(&mut out);
        assert_eq!(out, [1.0; 2]);
        let factors = factor_each::<f64>(&[], 2, &mut [], &mut []);
        factors.inverse(&mut [], "inv(A)").expect("none");
    }
}
