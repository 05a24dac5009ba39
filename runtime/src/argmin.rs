//! Prepared problems as problems of [argmin](https://docs.rs/argmin), feature `argmin`.
//!
//! [`Solvable`] gives what `prepare` returns the traits of argmin's solvers: [`CostFunction`], [`Gradient`],
//! [`Hessian`], and for a residual [`Operator`] and [`Jacobian`]. Parameters are `Vec<T>`, matrices
//! `Vec<Vec<T>>`: argmin-math 0.5 ends at ndarray 0.16, and vectors need no feature of it but `vec`.
//!
//! Solvers ask for value and gradient of a point one after the other, and often again in the next iteration.
//! The last point is remembered with both, so each is computed once a point, and in one pass where the solver
//! wants both: after a point whose gradient nobody asked for, a line search that looks at values alone, the
//! value comes alone too.
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

use crate::kernel::scalar::Scalar;
use crate::model::objective::{Objective, Residual};
use argmin::core::{CostFunction, Error, Gradient, Hessian, Jacobian, Operator};
use argmin_math::ArgminDot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A prepared problem for argmin's solvers.
///
/// Clones share the problem and what is remembered of its last point.
#[derive(Debug)]
pub struct Solvable<P: Objective> {
    state: Arc<Mutex<State<P>>>,
}

#[derive(Debug)]
struct State<P: Objective> {
    problem: P,
    last: Option<Last<P::Scalar>>,
}

/// What is known of the last point.
#[derive(Debug)]
struct Last<T> {
    x: Vec<T>,
    value: T,
    gradient: Option<Vec<T>>,
    /// Whether the gradient was asked for.
    wanted: bool,
}

impl<P: Objective> State<P> {
    /// Makes `x` the last point, its value known; and its gradient, where that is `wanted` or likely to be.
    fn visit(&mut self, x: &[P::Scalar], wanted: bool) -> Result<&mut Last<P::Scalar>, Error> {
        let known = self.last.take_if(|last| last.x != x || (wanted && last.gradient.is_none()));
        if self.last.is_none() {
            let likely = known.is_none_or(|before| before.wanted);
            let mut gradient = (wanted || likely).then(|| vec![P::Scalar::ZERO; x.len()]);
            let value = match &mut gradient {
                Some(gradient) => self.problem.value_and_gradient_into(x, gradient)?,
                None => self.problem.value(x)?,
            };
            self.last = Some(Last { x: x.to_vec(), value, gradient, wanted: false });
        }
        let last = self.last.as_mut().ok_or_else(|| Error::msg("no point was visited"))?;
        last.wanted |= wanted;
        Ok(last)
    }
}

impl<P: Objective> Clone for Solvable<P> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state) }
    }
}

impl<P: Objective> Solvable<P> {
    /// The problem for solvers that take the Hessian as a matrix, or none.
    pub fn new(problem: P) -> Self {
        Self { state: Arc::new(Mutex::new(State { problem, last: None })) }
    }

    /// The problem for solvers that only multiply by the Hessian (`NewtonCG`, `TrustRegion` with `Steihaug`):
    /// they get [`HessianAt`] a point, and the matrix is never built.
    pub fn matrix_free(&self) -> MatrixFree<P> {
        MatrixFree(self.clone())
    }

    /// The problem itself, for as long as the guard lives; the solver waits meanwhile.
    pub fn problem(&self) -> impl std::ops::DerefMut<Target = P> {
        struct Guard<'a, P: Objective>(MutexGuard<'a, State<P>>);
        impl<P: Objective> std::ops::Deref for Guard<'_, P> {
            type Target = P;
            fn deref(&self) -> &P {
                &self.0.problem
            }
        }
        impl<P: Objective> std::ops::DerefMut for Guard<'_, P> {
            fn deref_mut(&mut self) -> &mut P {
                self.0.last = None; // `problem` may become another
                &mut self.0.problem
            }
        }
        Guard(self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Objective> CostFunction for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Output = P::Scalar;

    fn cost(&self, x: &Self::Param) -> Result<P::Scalar, Error> {
        Ok(self.lock().visit(x, false)?.value)
    }
}

impl<P: Objective> Gradient for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Gradient = Vec<P::Scalar>;

    fn gradient(&self, x: &Self::Param) -> Result<Self::Gradient, Error> {
        Ok(self.lock().visit(x, true)?.gradient.clone().unwrap_or_default())
    }
}

impl<P: Objective> Hessian for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Hessian = Vec<Vec<P::Scalar>>;

    fn hessian(&self, x: &Self::Param) -> Result<Self::Hessian, Error> {
        let hessian = self.lock().problem.hessian(x)?;
        Ok(hessian.rows().into_iter().map(|row| row.to_vec()).collect())
    }
}

impl<P: Residual> Operator for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Output = Vec<P::Scalar>;

    fn apply(&self, x: &Self::Param) -> Result<Self::Output, Error> {
        Ok(self.lock().problem.residual(x)?.to_vec())
    }
}

impl<P: Residual> Jacobian for Solvable<P> {
    type Param = Vec<P::Scalar>;
    type Jacobian = Vec<Vec<P::Scalar>>;

    fn jacobian(&self, x: &Self::Param) -> Result<Self::Jacobian, Error> {
        let jacobian = self.lock().problem.jacobian(x)?;
        Ok(jacobian.rows().into_iter().map(|row| row.to_vec()).collect())
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
        self.0.lock().problem.hessian_vector_product_into(x, x, &mut out)?;
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
