//! What a prepared problem is to a solver: a function of one flat vector, with derivatives of first and second order.
//!
//! `#[derive(Objective)]` makes a struct of data preparable; what `prepare` returns implements [`Objective`]. Shapes
//! have been checked then, and memory taken: calls that write where they are told allocate nothing, and fail only where the vector has the wrong
//! length or a matrix is singular. One thing may be taken later: what the Hessian or the Jacobian needs above 64 MiB, which
//! [`Objective::reserve`] takes, or else their first call, so that who asks a large problem for gradients alone need not
//! have it. Variables lie in the vector one after the other, matrices row by row.

use ndarray::{
    ArcArray, Array, Array1, Array2, ArrayBase, ArrayView, ArrayViewMut2, CowArray, Data, Dimension, Ix1, Ix2,
};
use std::borrow::Cow;

use crate::check::{CheckOptions, GradientReport, check_gradient};
use crate::error::Error;
use crate::scalar::Scalar;

/// A function of n numbers, twice differentiable where it is at all.
pub trait Objective {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// n, the number of entries of all variables together.
    fn len(&self) -> usize;

    /// Whether there is nothing to vary.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the memory of every call, however much it is, so that none allocates from here on. What is up to 64 MiB has been
    /// taken before.
    fn reserve(&mut self) {}

    /// f(x).
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if `x` is not of length n; [`Error::Singular`] or [`Error::NotPositiveDefinite`] where
    /// a matrix of the expression is.
    fn value(&mut self, x: &[Self::Scalar]) -> Result<Self::Scalar, Error>;

    /// Writes ∇f(x), of length n.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
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

/// What a field of data is: its extents and its entries, row by row.
pub trait Datum<T: Scalar> {
    /// The extents: one for a vector, rows and columns for a matrix.
    fn extents(&self) -> Vec<usize>;

    /// The entries, row by row: borrowed where they lie so.
    fn entries(&self) -> Cow<'_, [T]>;
}

impl<T: Scalar> Datum<T> for Vec<T> {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar, const N: usize> Datum<T> for [T; N] {
    fn extents(&self) -> Vec<usize> {
        vec![N]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar> Datum<T> for [T] {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar, S: Data<Elem = T>> Datum<T> for ArrayBase<S, Ix1> {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        match self.as_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<T: Scalar, S: Data<Elem = T>> Datum<T> for ArrayBase<S, Ix2> {
    fn extents(&self) -> Vec<usize> {
        vec![self.nrows(), self.ncols()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        match self.as_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<T: Scalar, D: Datum<T> + ?Sized> Datum<T> for &D {
    fn extents(&self) -> Vec<usize> {
        (**self).extents()
    }

    fn entries(&self) -> Cow<'_, [T]> {
        (**self).entries()
    }
}

/// A field of data that is given away: what it owns is kept, what it borrows stays borrowed, for `'p`.
pub trait IntoEntries<'p, T: Scalar>: Datum<T> {
    /// The entries, row by row: copied only where they do not lie so, or are of a fixed number.
    fn into_entries(self) -> Cow<'p, [T]>;
}

impl<'p, T: Scalar> IntoEntries<'p, T> for Vec<T> {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self)
    }
}

impl<'p, T: Scalar, const N: usize> IntoEntries<'p, T> for [T; N] {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.to_vec())
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for Array<T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        if self.as_slice().is_none() {
            return Cow::Owned(self.iter().copied().collect());
        }
        let len = self.len();
        let (mut all, offset) = self.into_raw_vec_and_offset();
        all.drain(..offset.unwrap_or(0));
        all.truncate(len);
        Cow::Owned(all)
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for ArrayView<'p, T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        match self.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for CowArray<'p, T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for ArcArray<T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Scalar, D: Datum<T> + ?Sized> IntoEntries<'p, T> for &'p D {
    fn into_entries(self) -> Cow<'p, [T]> {
        self.entries()
    }
}
