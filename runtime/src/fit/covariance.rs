//! Covariances: of least squares by R of the Jacobian's QR factorisation, of likelihoods by the Hessian's Cholesky
//! factor.
//!
//! The condition of J'J is that of J squared: its inverse has half the digits that R has (Å. Björck, "Numerical methods
//! for least squares problems", SIAM 1996, chapter 2). So J'J is never formed.

use super::FitError;
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::objective::Objective;
use ndarray::{Array1, Array2, s};

/// Variances of parameters, and how they vary together.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Covariance {
    /// n×n, in the order of the vector: infinite on the diagonal where nothing determines a parameter.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::square"))]
    pub matrix: Array2<f64>,
}

impl Covariance {
    /// The square roots of the diagonal.
    #[must_use]
    pub fn standard_errors(&self) -> Array1<f64> {
        self.matrix.diag().mapv(f64::sqrt)
    }

    /// n×n, with 1 on the diagonal; 0 beside parameters that do not vary, NaN beside those that nothing determines.
    #[must_use]
    pub fn correlation(&self) -> Array2<f64> {
        let errors = self.standard_errors();
        Array2::from_shape_fn(self.matrix.raw_dim(), |(i, j)| {
            let product = errors[i] * errors[j];
            match (i == j, product == 0.0) {
                (true, _) => 1.0,
                (_, true) => 0.0,
                _ => self.matrix[[i, j]] / product,
            }
        })
    }
}

/// The covariance of the parameters at `x`, where the objective is a negative log-likelihood and has its least value
/// there: the inverse of its Hessian, by its Cholesky factor (R. A. Fisher, "Theory of statistical estimation", 1925).
///
/// # Errors
/// Those of [`Objective::value`]; [`Error::NotPositiveDefinite`] where the Hessian is not, so that `x` is no minimum or
/// the data do not determine the parameters.
pub fn covariance<P: Objective + ?Sized>(problem: &mut P, x: &[P::Scalar]) -> Result<Covariance, FitError> {
    let hessian = problem.hessian(x)?.mapv(Scalar::to_f64);
    let n = hessian.nrows();
    // With 1 on the diagonal, so that the units of the parameters do not matter.
    let scale = hessian.diag().mapv(|h| if h > 0.0 { h.sqrt().recip() } else { 1.0 });
    let scaled = Array2::from_shape_fn((n, n), |(i, j)| hessian[[i, j]] * scale[i] * scale[j]);
    let refused = || Error::NotPositiveDefinite { expression: "the Hessian at the estimate".into() };
    let r = cholesky(&scaled, P::Scalar::EPSILON.to_f64()).ok_or_else(refused)?;
    let inverse = inverse(&r);
    let matrix =
        Array2::from_shape_fn((n, n), |(i, j)| scale[i] * scale[j] * inverse.row(i).dot(&inverse.row(j)));
    Ok(Covariance { matrix })
}

/// The upper triangle R of RᵀR = A, if A is positive definite.
fn cholesky(a: &Array2<f64>, precision: f64) -> Option<Array2<f64>> {
    let n = a.nrows();
    let mut r = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in i..n {
            let known: f64 = r.slice(s![..i, i]).dot(&r.slice(s![..i, j]));
            let rest = a[[i, j]] - known;
            if i == j {
                let is_positive = rest > precision * n as f64;
                if !is_positive {
                    return None;
                }
                r[[i, i]] = rest.sqrt();
            } else {
                r[[i, j]] = rest / r[[i, i]];
            }
        }
    }
    Some(r)
}

/// The inverse of an upper triangle.
fn inverse(r: &Array2<f64>) -> Array2<f64> {
    let n = r.nrows();
    let mut inverse = Array2::<f64>::zeros((n, n));
    for j in 0..n {
        inverse[[j, j]] = 1.0 / r[[j, j]];
        for i in (0..j).rev() {
            let sum = r.slice(s![i, i + 1..=j]).dot(&inverse.slice(s![i + 1..=j, j]));
            inverse[[i, j]] = -sum / r[[i, i]];
        }
    }
    inverse
}

/// (JᵀJ)⁻¹, by R of J = QR; infinite variances for parameters that nothing determines.
/// `precision` is what a number of the Jacobian is known to.
///
/// Columns are scaled to length 1, and the one with most left of it comes next, so that R shows the rank (P. Businger
/// and G. Golub, "Linear least squares solutions by Householder transformations", 1965).
pub(super) fn of_jacobian(jacobian: &Array2<f64>, precision: f64) -> Array2<f64> {
    let (m, n) = jacobian.dim();
    let scale: Array1<f64> = jacobian.columns().into_iter().map(|c| c.dot(&c).sqrt()).collect();
    let mut a = jacobian / &scale.mapv(|s| if s > 0.0 { s } else { 1.0 });
    let mut order: Vec<usize> = (0..n).collect();
    let mut rank = 0;
    while rank < n.min(m) {
        let k = rank;
        let left = |c: usize| a.slice(s![k.., c]).dot(&a.slice(s![k.., c]));
        let best = (k..n).max_by(|&c, &d| left(c).total_cmp(&left(d))).unwrap_or(k);
        let is_something = left(best).sqrt() > precision * m.max(n) as f64;
        if !is_something {
            break;
        }
        order.swap(k, best);
        for row in 0..m {
            a.swap([row, k], [row, best]);
        }
        let norm = left_norm(&a, k);
        let diagonal = if a[[k, k]] > 0.0 { -norm } else { norm };
        // v = a - diagonal·e; the reflection is 1 - vvᵀ/(diagonal·(diagonal - a)).
        let mut v = a.slice(s![k.., k]).to_owned();
        v[0] -= diagonal;
        let half = -diagonal * v[0];
        for c in k + 1..n {
            let factor = v.dot(&a.slice(s![k.., c])) / half;
            a.slice_mut(s![k.., c]).scaled_add(-factor, &v);
        }
        a[[k, k]] = diagonal;
        rank += 1;
    }
    let known = inverse(&a.slice(s![..rank, ..rank]).to_owned());
    // What the rest is made of cannot be told from it.
    let shared = known.dot(&a.slice(s![..rank, rank..]));
    let told = |i: usize| i < rank && shared.row(i).iter().all(|x| x.abs() <= precision.sqrt());
    let mut covariance = Array2::zeros((n, n));
    for (i, &p) in order.iter().enumerate() {
        for (j, &q) in order.iter().enumerate() {
            covariance[[p, q]] = if told(i) && told(j) {
                known.row(i).dot(&known.row(j)) / (scale[p] * scale[q])
            } else if i == j {
                f64::INFINITY
            } else {
                f64::NAN
            };
        }
    }
    covariance
}

fn left_norm(a: &Array2<f64>, k: usize) -> f64 {
    let column = a.slice(s![k.., k]);
    column.dot(&column).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_inverse_of_a_gram_matrix_is_found_without_it() {
        // The columns of a straight line, far from the origin: JᵀJ has a condition of 1e16.
        let j = Array2::from_shape_fn((5, 2), |(i, c)| if c == 0 { 1.0 } else { 1e4 + i as f64 });
        let covariance = of_jacobian(&j, f64::EPSILON);
        // By hand: Σ(t - mean)² = 10, mean = 1e4 + 2.
        assert!((covariance[[1, 1]] * 10.0 - 1.0).abs() < 1e-9);
        let expected = 0.2 + 10_002.0_f64.powi(2) / 10.0;
        assert!((covariance[[0, 0]] / expected - 1.0).abs() < 1e-9);
        assert!((covariance[[0, 1]] / (-10_002.0 / 10.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_nothing_determines_has_no_finite_variance() {
        // The first two cannot be told apart, the third changes nothing, the fourth is known.
        let j = array![[1.0, 2.0, 0.0, 1.0], [2.0, 4.0, 0.0, 0.0], [1.0, 2.0, 0.0, -1.0]];
        let covariance = of_jacobian(&j, f64::EPSILON);
        assert!((0..3).all(|k| covariance[[k, k]].is_infinite()));
        assert!((covariance[[3, 3]] - 0.5).abs() < 1e-15);
        assert!(of_jacobian(&Array2::zeros((0, 1)), f64::EPSILON)[[0, 0]].is_infinite());
    }
}
