//! What restricts the variables of an objective: bounds, and constraints with their derivatives.

use crate::error::Error;
use crate::kernel::checks::check_shape;
use crate::kernel::scalar::Scalar;
use crate::model::objective::Objective;
use crate::model::pattern::Pattern;
use ndarray::{Array1, Array2, ArrayViewMut2};

/// How the rows of a constraint compare with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// g(x) ≤ 0: its multiplier is 0 or more.
    AtMost,
    /// h(x) = 0.
    Equal,
}

/// An objective whose variables are restricted: `bounds(...)` and `st(...)` of a derive make a problem implement it.
///
/// Constraints are rows c(x) in the order in which they were written, entries of a matrix row by row: an inequality is
/// left - right, or right - left for `>=`, and is to be 0 at most; an equation is left - right and is to be 0. With
/// multipliers λ of the rows the Lagrangian is L = f + Σ λ c; bounds are no rows and have multipliers of their own.
pub trait Constrained: Objective {
    /// The number of rows.
    fn constraints(&self) -> usize;

    /// How each row compares with 0.
    fn relations(&self) -> Vec<Relation>;

    /// Writes between which numbers each entry of x is to be: -∞ and ∞ where nothing is said. Of several bounds of an
    /// entry the narrowest counts.
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if an array is not of length n; [`Error::NonFinite`] if a bound is NaN.
    fn bounds_into(&mut self, lower: &mut [Self::Scalar], upper: &mut [Self::Scalar]) -> Result<(), Error>;

    /// Writes c(x), a number for each row.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ParameterLength`] if `out` is not as long as there are rows.
    fn constraints_into(&mut self, x: &[Self::Scalar], out: &mut [Self::Scalar]) -> Result<(), Error>;

    /// Writes the Jacobian J = ∂c/∂x, rows×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `out` has another shape.
    fn constraint_jacobian_into(
        &mut self,
        x: &[Self::Scalar],
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// Writes J v, a number for each row, without J.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn constraint_product_into(
        &mut self,
        x: &[Self::Scalar],
        v: &[Self::Scalar],
        out: &mut [Self::Scalar],
    ) -> Result<(), Error>;

    /// Writes J'λ, of length n, without J.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn constraint_transposed_product_into(
        &mut self,
        x: &[Self::Scalar],
        multipliers: &[Self::Scalar],
        out: &mut [Self::Scalar],
    ) -> Result<(), Error>;

    /// Writes ∇²L(x, λ), n×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `out` is not n×n.
    fn lagrangian_hessian_into(
        &mut self,
        x: &[Self::Scalar],
        multipliers: &[Self::Scalar],
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// Writes ∇²L(x, λ) v, of length n, without ∇²L.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn lagrangian_hessian_vector_product_into(
        &mut self,
        x: &[Self::Scalar],
        multipliers: &[Self::Scalar],
        v: &[Self::Scalar],
        out: &mut [Self::Scalar],
    ) -> Result<(), Error>;

    /// Which entries of J may be other than 0, whatever x is, as far as the indices of the formula show; all of them,
    /// where nothing does.
    fn constraint_jacobian_pattern(&mut self) -> Pattern {
        Pattern::whole(self.constraints(), self.len())
    }

    /// Writes the entries of J that [`constraint_jacobian_pattern`](Self::constraint_jacobian_pattern) names, in its
    /// order.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `values` is not as long as the pattern.
    fn constraint_jacobian_values_into(
        &mut self,
        x: &[Self::Scalar],
        values: &mut [Self::Scalar],
    ) -> Result<(), Error> {
        let shape = (self.constraints(), self.len());
        check_shape("values", &[shape.0 * shape.1], &[values.len()])?;
        match ArrayViewMut2::from_shape(shape, values) {
            Ok(out) => self.constraint_jacobian_into(x, out),
            Err(_) => Ok(()),
        }
    }

    /// Which entries of ∇²L on and below the diagonal may be other than 0, likewise.
    fn lagrangian_hessian_pattern(&mut self) -> Pattern {
        Pattern::lower(self.len())
    }

    /// Writes the entries of ∇²L that [`lagrangian_hessian_pattern`](Self::lagrangian_hessian_pattern) names, in its
    /// order.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `values` is not as long as the pattern.
    fn lagrangian_hessian_values_into(
        &mut self,
        x: &[Self::Scalar],
        multipliers: &[Self::Scalar],
        values: &mut [Self::Scalar],
    ) -> Result<(), Error> {
        let n = self.len();
        check_shape("values", &[n * (n + 1) / 2], &[values.len()])?;
        let hessian = self.lagrangian_hessian(x, multipliers)?;
        let lower = hessian.rows().into_iter().enumerate().flat_map(|(i, row)| row.into_iter().take(i + 1));
        for (value, &entry) in values.iter_mut().zip(lower) {
            *value = entry;
        }
        Ok(())
    }

    /// The lower and the upper bound of each entry.
    ///
    /// # Errors
    /// Those of [`bounds_into`](Self::bounds_into).
    fn bounds(&mut self) -> Result<[Array1<Self::Scalar>; 2], Error> {
        let [mut lower, mut upper] = [0, 1].map(|_| vec![Self::Scalar::ZERO; self.len()]);
        self.bounds_into(&mut lower, &mut upper)?;
        Ok([Array1::from_vec(lower), Array1::from_vec(upper)])
    }

    /// c(x), a number for each row.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn constraint_values(&mut self, x: &[Self::Scalar]) -> Result<Array1<Self::Scalar>, Error> {
        let mut out = vec![Self::Scalar::ZERO; self.constraints()];
        self.constraints_into(x, &mut out)?;
        Ok(Array1::from_vec(out))
    }

    /// J, rows×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn constraint_jacobian(&mut self, x: &[Self::Scalar]) -> Result<Array2<Self::Scalar>, Error> {
        let mut out = Array2::from_elem((self.constraints(), self.len()), Self::Scalar::ZERO);
        self.constraint_jacobian_into(x, out.view_mut())?;
        Ok(out)
    }

    /// ∇²L(x, λ), n×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn lagrangian_hessian(
        &mut self,
        x: &[Self::Scalar],
        multipliers: &[Self::Scalar],
    ) -> Result<Array2<Self::Scalar>, Error> {
        let n = self.len();
        let mut out = Array2::from_elem((n, n), Self::Scalar::ZERO);
        self.lagrangian_hessian_into(x, multipliers, out.view_mut())?;
        Ok(out)
    }
}
