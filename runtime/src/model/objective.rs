//! What a prepared problem is to a solver: a function of one flat vector, with derivatives of first and
//! second order.

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut2};

use crate::error::Error;
use crate::kernel::checks::check_shape;
use crate::kernel::memory::Scratch;
use crate::kernel::scalar::Scalar;
use crate::model::differences::{CheckOptions, GradientReport, check_gradient};
use crate::model::pattern::Pattern;
use crate::model::variable::Variable;

/// A function of n numbers, twice differentiable where it is at all: what a prepared problem is to a solver.
///
/// `#[derive(Objective)]` makes a struct of data preparable; what its `prepare` returns implements this
/// trait. By then shapes have been checked and memory has been taken: calls that write where they are told
/// allocate nothing, and fail only where the vector has the wrong length, a matrix is singular or the result
/// is no finite number. One thing may be taken later: what the Hessian or the Jacobian needs above 64 MiB is
/// taken by [`reserve`](Self::reserve), or else by their first call, so that a large problem that is asked for
/// gradients alone need not have it. Variables lie in the vector one after the other, matrices row by row.
pub trait Objective {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// n, the number of entries of all variables together.
    fn len(&self) -> usize;

    /// Whether there is nothing to vary.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The variables in the order in which they lie in the vector, for reports that name them; `x`, unless they have
    /// other names.
    fn variables(&self) -> Vec<Variable> {
        vec![Variable::new("x", 0, &[self.len()])]
    }

    /// Between which numbers each entry is to be, lower and upper, where `bounds(...)` says so.
    ///
    /// # Errors
    /// [`Error::NonFinite`] if a bound is NaN.
    #[allow(clippy::type_complexity, reason = "two vectors, or none")]
    fn limits(&mut self) -> Result<Option<[Array1<Self::Scalar>; 2]>, Error> {
        Ok(None)
    }

    /// Whether there are constraints besides, `st(...)`: then the problem is `Constrained`, too.
    fn has_constraints(&self) -> bool {
        false
    }

    /// Takes the memory of every call, however much it is, so that none allocates from here on. Up to 64 MiB
    /// have been taken before.
    fn reserve(&mut self) {}

    /// f(x).
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if `x` is not of length n; [`Error::Singular`] or
    /// [`Error::NotPositiveDefinite`] where a matrix of the expression is; [`Error::NonFinite`] where the value
    /// is NaN or infinite, with the entry or the part of the expression that it comes from.
    fn value(&mut self, x: &[Self::Scalar]) -> Result<Self::Scalar, Error>;

    /// Writes ∇f(x), of length n.
    ///
    /// # Errors
    /// Those of [`value`](Self::value), but [`Error::NonFinite`] where the gradient is not finite.
    fn gradient_into(&mut self, x: &[Self::Scalar], gradient: &mut [Self::Scalar]) -> Result<(), Error>;

    /// f(x), and writes ∇f(x): what both need is computed once.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn value_and_gradient_into(
        &mut self,
        x: &[Self::Scalar],
        gradient: &mut [Self::Scalar],
    ) -> Result<Self::Scalar, Error>;

    /// Writes ∇²f(x) v, of length n, without ∇²f.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn hessian_vector_product_into(
        &mut self,
        x: &[Self::Scalar],
        v: &[Self::Scalar],
        out: &mut [Self::Scalar],
    ) -> Result<(), Error>;

    /// Writes ∇²f(x), n×n, the variables' blocks in the order of the variables.
    ///
    /// # Errors
    /// Those of [`value`](Self::value); [`Error::ShapeMismatch`] if `out` is not n×n.
    fn hessian_into(&mut self, x: &[Self::Scalar], out: ArrayViewMut2<'_, Self::Scalar>)
    -> Result<(), Error>;

    /// ∇f(x), of length n.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn gradient(&mut self, x: &[Self::Scalar]) -> Result<Array1<Self::Scalar>, Error> {
        let mut gradient = vec![Self::Scalar::ZERO; self.len()];
        self.gradient_into(x, &mut gradient)?;
        Ok(Array1::from_vec(gradient))
    }

    /// f(x) and ∇f(x).
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    #[allow(clippy::type_complexity, reason = "a number and a vector")]
    fn value_and_gradient(
        &mut self,
        x: &[Self::Scalar],
    ) -> Result<(Self::Scalar, Array1<Self::Scalar>), Error> {
        let mut gradient = vec![Self::Scalar::ZERO; self.len()];
        let value = self.value_and_gradient_into(x, &mut gradient)?;
        Ok((value, Array1::from_vec(gradient)))
    }

    /// ∇²f(x) v, of length n.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn hessian_vector_product(
        &mut self,
        x: &[Self::Scalar],
        v: &[Self::Scalar],
    ) -> Result<Array1<Self::Scalar>, Error> {
        let mut out = vec![Self::Scalar::ZERO; self.len()];
        self.hessian_vector_product_into(x, v, &mut out)?;
        Ok(Array1::from_vec(out))
    }

    /// ∇²f(x), n×n.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn hessian(&mut self, x: &[Self::Scalar]) -> Result<Array2<Self::Scalar>, Error> {
        let n = self.len();
        let mut out = Array2::from_elem((n, n), Self::Scalar::ZERO);
        self.hessian_into(x, out.view_mut())?;
        Ok(out)
    }

    /// Which entries of ∇²f on and below the diagonal may be other than 0, whatever x is, as far as the indices of
    /// the formula show: neighbours, pairs that data name, blocks. All of them, where nothing does. What is
    /// found at the first call is kept.
    fn hessian_pattern(&mut self) -> Pattern {
        Pattern::lower(self.len())
    }

    /// Writes the entries of ∇²f(x) that [`hessian_pattern`](Self::hessian_pattern) names, in its order, in the
    /// time that these alone take.
    ///
    /// # Errors
    /// Those of [`value`](Self::value); [`Error::ShapeMismatch`] if `values` is not as long as the pattern.
    fn hessian_values_into(&mut self, x: &[Self::Scalar], values: &mut [Self::Scalar]) -> Result<(), Error> {
        let n = self.len();
        check_shape("values", &[n * (n + 1) / 2], &[values.len()])?;
        let hessian = self.hessian(x)?;
        let lower = hessian.rows().into_iter().enumerate().flat_map(|(i, row)| row.into_iter().take(i + 1));
        for (value, &entry) in values.iter_mut().zip(lower) {
            *value = entry;
        }
        Ok(())
    }

    /// The entries of ∇²f(x) that [`hessian_pattern`](Self::hessian_pattern) names, in its order.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn hessian_values(&mut self, x: &[Self::Scalar]) -> Result<Array1<Self::Scalar>, Error> {
        let mut values = vec![Self::Scalar::ZERO; self.hessian_pattern().len()];
        self.hessian_values_into(x, &mut values)?;
        Ok(Array1::from_vec(values))
    }

    /// Compares ∇f(x) with central differences of f.
    ///
    /// # Errors
    /// Those of [`value`](Self::value), and those of [`check_gradient`].
    fn check_gradient(&mut self, x: &[Self::Scalar], options: CheckOptions) -> Result<GradientReport, Error> {
        let mut gradient = vec![Self::Scalar::ZERO; self.len()];
        self.gradient_into(x, &mut gradient)?;
        check_gradient(|x| self.value(x).unwrap_or(Self::Scalar::NAN), &gradient, x, options)
    }
}

/// An objective ½ Σ r(x)² with its residual r, of m entries.
pub trait Residual: Objective {
    /// m, the number of residuals.
    fn residuals(&self) -> usize;

    /// Writes r(x), of length m.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn residual_into(&mut self, x: &[Self::Scalar], out: &mut [Self::Scalar]) -> Result<(), Error>;

    /// Writes the Jacobian ∂r/∂x, m×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `out` is not m×n.
    fn jacobian_into(
        &mut self,
        x: &[Self::Scalar],
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// Writes the Gauss-Newton product JᵀJv, of length n, without J.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn gauss_newton_product_into(
        &mut self,
        x: &[Self::Scalar],
        v: &[Self::Scalar],
        out: &mut [Self::Scalar],
    ) -> Result<(), Error>;

    /// r(x), of length m.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn residual(&mut self, x: &[Self::Scalar]) -> Result<Array1<Self::Scalar>, Error> {
        let mut out = vec![Self::Scalar::ZERO; self.residuals()];
        self.residual_into(x, &mut out)?;
        Ok(Array1::from_vec(out))
    }

    /// ∂r/∂x, m×n.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn jacobian(&mut self, x: &[Self::Scalar]) -> Result<Array2<Self::Scalar>, Error> {
        let mut out = Array2::from_elem((self.residuals(), self.len()), Self::Scalar::ZERO);
        self.jacobian_into(x, out.view_mut())?;
        Ok(out)
    }

    /// Which entries of ∂r/∂x may be other than 0, whatever x is, as far as the indices of the formula show; all
    /// of them, where nothing does. What is found at the first call is kept.
    fn jacobian_pattern(&mut self) -> Pattern {
        Pattern::whole(self.residuals(), self.len())
    }

    /// Writes the entries of ∂r/∂x that [`jacobian_pattern`](Self::jacobian_pattern) names, in its order, in the
    /// time that these alone take.
    ///
    /// # Errors
    /// Those of [`Objective::value`]; [`Error::ShapeMismatch`] if `values` is not as long as the pattern.
    fn jacobian_values_into(&mut self, x: &[Self::Scalar], values: &mut [Self::Scalar]) -> Result<(), Error> {
        let shape = (self.residuals(), self.len());
        check_shape("values", &[shape.0 * shape.1], &[values.len()])?;
        match ArrayViewMut2::from_shape(shape, values) {
            Ok(out) => self.jacobian_into(x, out),
            Err(_) => Ok(()),
        }
    }

    /// The entries of ∂r/∂x that [`jacobian_pattern`](Self::jacobian_pattern) names, in its order.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn jacobian_values(&mut self, x: &[Self::Scalar]) -> Result<Array1<Self::Scalar>, Error> {
        let mut values = vec![Self::Scalar::ZERO; self.jacobian_pattern().len()];
        self.jacobian_values_into(x, &mut values)?;
        Ok(Array1::from_vec(values))
    }

    /// JᵀJv, of length n.
    ///
    /// # Errors
    /// Those of [`Objective::value`].
    fn gauss_newton_product(
        &mut self,
        x: &[Self::Scalar],
        v: &[Self::Scalar],
    ) -> Result<Array1<Self::Scalar>, Error> {
        let mut out = vec![Self::Scalar::ZERO; self.len()];
        self.gauss_newton_product_into(x, v, &mut out)?;
        Ok(Array1::from_vec(out))
    }
}

/// Writes ∇²f(x), n×n, by a product with each unit vector: where the sums of rows among processes make no matrix.
///
/// # Errors
/// Those of [`Objective::value`].
pub fn hessian_by_products<P: Objective + ?Sized>(
    problem: &mut P,
    x: &[P::Scalar],
    out: &mut ArrayViewMut2<'_, P::Scalar>,
) -> Result<(), Error> {
    let (mut unit, mut row) = (Scratch::new(x.len()), Scratch::new(x.len()));
    unit.fill(P::Scalar::ZERO);
    for (k, mut to) in out.rows_mut().into_iter().enumerate() {
        unit[k] = P::Scalar::ONE;
        problem.hessian_vector_product_into(x, &unit, &mut row)?;
        unit[k] = P::Scalar::ZERO;
        to.assign(&ArrayView1::from(&row[..]));
    }
    // Rounding alone makes a difference between an entry and its mirror image.
    for i in 0..out.nrows() {
        for j in 0..i {
            out[[j, i]] = out[[i, j]];
        }
    }
    Ok(())
}

macro_rules! forwarded {
    ($($to:ty),*) => {$(
        impl<P: Objective + ?Sized> Objective for $to {
            type Scalar = P::Scalar;

            fn len(&self) -> usize {
                (**self).len()
            }

            fn variables(&self) -> Vec<Variable> {
                (**self).variables()
            }

            fn limits(&mut self) -> Result<Option<[Array1<P::Scalar>; 2]>, Error> {
                (**self).limits()
            }

            fn has_constraints(&self) -> bool {
                (**self).has_constraints()
            }

            fn reserve(&mut self) {
                (**self).reserve();
            }

            fn value(&mut self, x: &[P::Scalar]) -> Result<P::Scalar, Error> {
                (**self).value(x)
            }

            fn gradient_into(&mut self, x: &[P::Scalar], gradient: &mut [P::Scalar]) -> Result<(), Error> {
                (**self).gradient_into(x, gradient)
            }

            fn value_and_gradient_into(
                &mut self,
                x: &[P::Scalar],
                gradient: &mut [P::Scalar],
            ) -> Result<P::Scalar, Error> {
                (**self).value_and_gradient_into(x, gradient)
            }

            fn hessian_vector_product_into(
                &mut self,
                x: &[P::Scalar],
                v: &[P::Scalar],
                out: &mut [P::Scalar],
            ) -> Result<(), Error> {
                (**self).hessian_vector_product_into(x, v, out)
            }

            fn hessian_into(&mut self, x: &[P::Scalar], out: ArrayViewMut2<'_, P::Scalar>) -> Result<(), Error> {
                (**self).hessian_into(x, out)
            }

            fn hessian_pattern(&mut self) -> Pattern {
                (**self).hessian_pattern()
            }

            fn hessian_values_into(&mut self, x: &[P::Scalar], values: &mut [P::Scalar]) -> Result<(), Error> {
                (**self).hessian_values_into(x, values)
            }
        }

        impl<P: Residual + ?Sized> Residual for $to {
            fn residuals(&self) -> usize {
                (**self).residuals()
            }

            fn residual_into(&mut self, x: &[P::Scalar], out: &mut [P::Scalar]) -> Result<(), Error> {
                (**self).residual_into(x, out)
            }

            fn jacobian_into(&mut self, x: &[P::Scalar], out: ArrayViewMut2<'_, P::Scalar>) -> Result<(), Error> {
                (**self).jacobian_into(x, out)
            }

            fn gauss_newton_product_into(
                &mut self,
                x: &[P::Scalar],
                v: &[P::Scalar],
                out: &mut [P::Scalar],
            ) -> Result<(), Error> {
                (**self).gauss_newton_product_into(x, v, out)
            }

            fn jacobian_pattern(&mut self) -> Pattern {
                (**self).jacobian_pattern()
            }

            fn jacobian_values_into(&mut self, x: &[P::Scalar], values: &mut [P::Scalar]) -> Result<(), Error> {
                (**self).jacobian_values_into(x, values)
            }
        }
    )*};
}

// What takes a problem takes one that it is lent, or one whose type is not known.
forwarded!(&mut P, Box<P>);
