//! Matrices for argmin's solvers: rows, and what argmin-math asks of a matrix and has not for rows of its own.

use super::Error;
use crate::error;
use crate::kernel::linear::factor;
use crate::kernel::scalar::Scalar;
use argmin_math::{ArgminAdd, ArgminDot, ArgminInv, ArgminMul, ArgminTranspose};
use ndarray::{Array2, ArrayView2};
use std::ops::Deref;

/// A matrix, row by row: a Hessian, a Jacobian, or what a solver makes of them.
///
/// It is its rows, as a `Vec<Vec<T>>`, to read; and it can be inverted, which `Newton`, `Dogleg`,
/// `GaussNewton` and `GaussNewtonLS` want of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<T> {
    rows: Vec<Vec<T>>,
    /// The number of columns, of a matrix without rows too.
    columns: usize,
    /// What it is called where it is found to be singular.
    name: String,
}

impl<T: Scalar> Matrix<T> {
    pub(super) fn new(name: &str, entries: ArrayView2<'_, T>) -> Self {
        let rows = entries.rows().into_iter().map(|row| row.to_vec()).collect();
        Self { rows, columns: entries.ncols(), name: name.to_owned() }
    }

    /// A matrix made of others, whose entries are a function of their places.
    fn of(name: String, rows: usize, columns: usize, entry: impl Fn(usize, usize) -> T) -> Self {
        let rows = (0..rows).map(|i| (0..columns).map(|j| entry(i, j)).collect()).collect();
        Self { rows, columns, name }
    }

    /// The rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<Vec<T>> {
        self.rows
    }
}

impl<T> Deref for Matrix<T> {
    type Target = Vec<Vec<T>>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<T: PartialEq> PartialEq<Vec<Vec<T>>> for Matrix<T> {
    fn eq(&self, rows: &Vec<Vec<T>>) -> bool {
        self.rows == *rows
    }
}

impl<T: Scalar> ArgminTranspose<Self> for Matrix<T> {
    fn t(self) -> Self {
        Self::of(format!("{}'", self.name), self.columns, self.rows.len(), |i, j| self.rows[j][i])
    }
}

/// A v; NaN in all entries where `v` is not as long as a row.
impl<T: Scalar> ArgminDot<Vec<T>, Vec<T>> for Matrix<T> {
    fn dot(&self, v: &Vec<T>) -> Vec<T> {
        if v.len() != self.columns {
            return vec![T::NAN; self.rows.len()];
        }
        self.rows.iter().map(|row| row.iter().zip(v).map(|(&a, &x)| a * x).sum()).collect()
    }
}

/// A B; NaN in all entries where `B` has not as many rows as this has columns.
impl<T: Scalar> ArgminDot<Self, Self> for Matrix<T> {
    fn dot(&self, other: &Self) -> Self {
        let fits = self.columns == other.rows.len();
        let mut rows = vec![vec![if fits { T::ZERO } else { T::NAN }; other.columns]; self.rows.len()];
        for (out, row) in rows.iter_mut().zip(&self.rows).filter(|_| fits) {
            for (&a, other) in row.iter().zip(&other.rows) {
                out.iter_mut().zip(other).for_each(|(out, &b)| *out += a * b);
            }
        }
        Self { rows, columns: other.columns, name: format!("{}*{}", self.name, other.name) }
    }
}

/// The outer product v w'.
impl<T: Scalar> ArgminDot<Vec<T>, Matrix<T>> for Vec<T> {
    fn dot(&self, w: &Vec<T>) -> Matrix<T> {
        Matrix::of("v*w'".to_owned(), self.len(), w.len(), |i, j| self[i] * w[j])
    }
}

/// A + B; NaN in all entries where they are not of one shape.
impl<T: Scalar> ArgminAdd<Self, Self> for Matrix<T> {
    fn add(&self, other: &Self) -> Self {
        let fits = self.rows.len() == other.rows.len() && self.columns == other.columns;
        let sum = |i: usize, j: usize| if fits { self.rows[i][j] + other.rows[i][j] } else { T::NAN };
        Self::of(format!("{} + {}", self.name, other.name), self.rows.len(), self.columns, sum)
    }
}

impl<T: Scalar> ArgminMul<T, Self> for Matrix<T> {
    fn mul(&self, factor: &T) -> Self {
        Self::of(self.name.clone(), self.rows.len(), self.columns, |i, j| *factor * self.rows[i][j])
    }
}

/// A⁻¹.
///
/// # Errors
/// [`Singular`](error::Error::Singular), with the matrix's name, [`ShapeMismatch`](error::Error::ShapeMismatch)
/// where it is not square.
impl<T: Scalar> ArgminInv<Self> for Matrix<T> {
    fn inv(&self) -> Result<Self, Error> {
        let n = self.rows.len();
        if self.columns != n {
            return Err(error::Error::shape(self.name.clone(), 1, n, self.columns).into());
        }
        let name = format!("inv({})", self.name);
        let (mut lu, mut exchanges) = (vec![T::ZERO; n * n], vec![T::ZERO; n]);
        let mut inverse = Array2::from_elem((n, n), T::ZERO);
        let factors = factor(&self.rows.concat(), n, &mut lu, &mut exchanges);
        if let Some(out) = inverse.as_slice_mut() {
            // The name is one of this matrix, not of a formula: the error gets it here.
            let singular = |_| error::Error::Singular { expression: name.clone().into() };
            factors.inverse(out, "inv").map_err(singular)?;
        }
        Ok(Self::new(&name, inverse.view()))
    }
}
