//! Prepared problems as problems of [argmin](https://docs.rs/argmin), feature `argmin`.
//!
//! [`Solvable`] gives what `prepare` returns the traits of argmin's solvers: [`CostFunction`], [`Gradient`],
//! [`Hessian`], and for a residual [`Operator`] and [`Jacobian`], so that `GaussNewton` and `GaussNewtonLS` take
//! it. Parameters are `Vec<T>`: argmin-math 0.5 ends at ndarray 0.16, and vectors need no feature of it but
//! `vec`. A [`Matrix`] is a `Vec<Vec<T>>` to read, and has the inverse that argmin-math has not for those.
//!
//! Outside of the domain, where a matrix given to `logdet` or `inv` is none of those they take, or the result
//! is NaN or infinite, a search is told that the cost is +∞, or, if it asks for slopes, a larger cost than it
//! has met and a slope upwards; so it steps back and goes on inside. A search that starts there, or takes
//! such a point for its next one, ends in the [`Error`](crate::Error) that was met there. That is also the
//! end of those that have no step back: of `Newton` and `GaussNewton`, and of `SR1TrustRegion`, which asks for
//! gradients before it compares values. `GaussNewtonLS` steps back with a `BacktrackingLineSearch`.
//!
//! Solvers ask for value and gradient of a point one after the other, and often again in the next iteration.
//! The last point is remembered with both, so each is computed once a point, and in one pass where the solver
//! wants both: after a point whose gradient nobody asked for, a line search that looks at values alone, the
//! value comes alone too.
//!
//! `TrustRegion` goes on until its iterations are used up; a [`GradientTolerance`] around it, or around any other
//! solver, ends where the gradient is small.
//!
//! ```
//! use argmin::core::{CostFunction, Gradient};
//! # use gradsmith_runtime::{Error, Objective};
//! # use ndarray::ArrayViewMut2;
//! # struct Quartic;
//! # impl Objective for Quartic {
//! #     type Scalar = f64;
//! #     fn len(&self) -> usize { 1 }
//! #     fn value(&mut self, x: &[f64]) -> Result<f64, Error> { Ok(x[0].powi(4)) }
//! #     fn gradient_into(&mut self, x: &[f64], g: &mut [f64]) -> Result<(), Error> {
//! #         g[0] = 4.0 * x[0].powi(3);
//! #         Ok(())
//! #     }
//! #     fn value_and_gradient_into(&mut self, x: &[f64], g: &mut [f64]) -> Result<f64, Error> {
//! #         self.gradient_into(x, g)?;
//! #         self.value(x)
//! #     }
//! #     fn hessian_vector_product_into(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), Error> {
//! #         out[0] = 12.0 * x[0].powi(2) * v[0];
//! #         Ok(())
//! #     }
//! #     fn hessian_into(&mut self, x: &[f64], mut out: ArrayViewMut2<'_, f64>) -> Result<(), Error> {
//! #         out[[0, 0]] = 12.0 * x[0].powi(2);
//! #         Ok(())
//! #     }
//! # }
//! # let prepared = Quartic; // x⁴
//! use gradsmith_runtime::argmin::Solvable;
//!
//! let problem = Solvable::new(prepared);
//! assert_eq!(problem.cost(&vec![2.0])?, 16.0);
//! assert_eq!(problem.gradient(&vec![2.0])?, [32.0]); // remembered
//! # Ok::<(), argmin::core::Error>(())
//! ```

mod matrix;
mod search;
mod tolerance;

pub use matrix::Matrix;
pub use tolerance::GradientTolerance;

use crate::kernel::scalar::Scalar;
use crate::model::objective::{Objective, Residual};
use argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use argmin_math::ArgminDot;
use search::{Progress, Search};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A prepared problem for argmin's solvers.
///
/// Clones share the problem and what is remembered of its last points; each begins a search of its own, whose
/// start must be inside the domain.
#[derive(Debug)]
pub struct Solvable<P: Objective> {
    search: Arc<Mutex<Search<P>>>,
    /// How far the search by this clone has come.
    progress: Mutex<Progress>,
}

impl<P: Objective> Clone for Solvable<P> {
    fn clone(&self) -> Self {
        Self { search: Arc::clone(&self.search), progress: Mutex::default() }
    }
}

impl<P: Objective> Solvable<P> {
    /// The problem for solvers that take the Hessian as a matrix, or none.
    pub fn new(problem: P) -> Self {
        Self { search: Arc::new(Mutex::new(Search::new(problem))), progress: Mutex::default() }
    }

    /// The problem for solvers that only multiply by the Hessian (`NewtonCG`, `TrustRegion` with `Steihaug`):
    /// they get [`HessianAt`] a point, and the matrix is never built.
    pub fn matrix_free(&self) -> MatrixFree<P> {
        MatrixFree(self.clone())
    }

    /// The problem itself, for as long as the guard lives; the solver waits meanwhile.
    pub fn problem(&self) -> impl std::ops::DerefMut<Target = P> {
        struct Guard<'a, P: Objective>(MutexGuard<'a, Search<P>>);
        impl<P: Objective> std::ops::Deref for Guard<'_, P> {
            type Target = P;
            fn deref(&self) -> &P {
                &self.0.problem
            }
        }
        impl<P: Objective> std::ops::DerefMut for Guard<'_, P> {
            fn deref_mut(&mut self) -> &mut P {
                self.0.forget(); // `problem` may become another
                &mut self.0.problem
            }
        }
        Guard(self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Search<P>> {
        self.search.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for something, as this clone's search.
    fn ask<R>(&self, ask: impl FnOnce(&mut Search<P>, &mut Progress) -> R) -> R {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        ask(&mut self.lock(), &mut progress)
    }
}

impl<P: Objective> CostFunction for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Output = P::Scalar;

    fn cost(&self, x: &Self::Param) -> Result<P::Scalar, Error> {
        self.ask(|search, progress| search.value(x, progress))
    }
}

impl<P: Objective> Gradient for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Gradient = Vec<P::Scalar>;

    fn gradient(&self, x: &Self::Param) -> Result<Self::Gradient, Error> {
        self.ask(|search, progress| search.gradient(x, progress))
    }
}

impl<P: Objective> Hessian for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Hessian = Matrix<P::Scalar>;

    fn hessian(&self, x: &Self::Param) -> Result<Self::Hessian, Error> {
        let mut search = self.lock();
        search.check(x)?;
        Ok(Matrix::new("∇²f", search.problem.hessian(x)?.view()))
    }
}

impl<P: Residual> Operator for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Output = Vec<P::Scalar>;

    fn apply(&self, x: &Self::Param) -> Result<Self::Output, Error> {
        self.ask(|search, progress| search.residual(x, progress))
    }
}

impl<P: Residual> Jacobian for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Jacobian = Matrix<P::Scalar>;

    fn jacobian(&self, x: &Self::Param) -> Result<Self::Jacobian, Error> {
        Ok(Matrix::new("J", self.lock().jacobian(x)?.view()))
    }
}

/// A problem whose Hessian is multiplied by, not built.
#[derive(Debug)]
pub struct MatrixFree<P: Objective>(Solvable<P>);

impl<P: Objective> Clone for MatrixFree<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Objective> CostFunction for MatrixFree<P> {
    type Param = Vec<P::Scalar>;
    type Output = P::Scalar;

    fn cost(&self, x: &Self::Param) -> Result<P::Scalar, Error> {
        self.0.cost(x)
    }
}

impl<P: Objective> Gradient for MatrixFree<P> {
    type Param = Vec<P::Scalar>;
    type Gradient = Vec<P::Scalar>;

    fn gradient(&self, x: &Self::Param) -> Result<Self::Gradient, Error> {
        self.0.gradient(x)
    }
}

impl<P: Objective> Hessian for MatrixFree<P> {
    type Param = Vec<P::Scalar>;
    type Hessian = HessianAt<P>;

    fn hessian(&self, x: &Self::Param) -> Result<HessianAt<P>, Error> {
        // What cannot be told of a product is told here: a wrong length, a singular matrix.
        let mut out = vec![P::Scalar::ZERO; x.len()];
        let mut search = self.0.lock();
        search.check(x)?;
        search.problem.hessian_vector_product_into(x, x, &mut out)?;
        Ok(HessianAt { problem: self.0.clone(), x: x.clone() })
    }
}

/// ∇²f(x), to be multiplied by a vector.
#[derive(Debug)]
pub struct HessianAt<P: Objective> {
    problem: Solvable<P>,
    x: Vec<P::Scalar>,
}

impl<P: Objective> Clone for HessianAt<P> {
    fn clone(&self) -> Self {
        Self { problem: self.problem.clone(), x: self.x.clone() }
    }
}

impl<P: Objective> ArgminDot<Vec<P::Scalar>, Vec<P::Scalar>> for HessianAt<P> {
    /// ∇²f(x) v; NaN in all entries where `v` is not of the length of x.
    fn dot(&self, v: &Vec<P::Scalar>) -> Vec<P::Scalar> {
        let mut out = vec![P::Scalar::ZERO; self.x.len()];
        let done = self.problem.lock().problem.hessian_vector_product_into(&self.x, v, &mut out);
        if done.is_err() {
            out.fill(P::Scalar::NAN);
        }
        out
    }
}
