//! Fits by least squares and by maximum likelihood: parameters with standard errors, feature `fit`.
//!
//! ```text
//! Residual --LeastSquares--> basin's Levenberg-Marquardt --QR of the Jacobian--> Estimate
//! ```
//!
//! [`Solve::solve`] takes what `prepare` has made of a residual, and a start, and finds the least ½ Σ r². What comes
//! back is an [`Estimate`]: parameters by name, their standard errors, correlations, intervals of confidence, and why
//! the search ended. [`LeastSquares`] holds what may be said besides: bounds, fixed parameters, weights. An objective that is
//! a negative log-likelihood is minimised by [`likelihood`], and [`covariance`] is the inverse of its Hessian. [`Minimise`] minimises under
//! constraints.
//!
//! ```
//! use gradsmith_runtime::fit::Solve;
//! # use gradsmith_runtime::{Error, Objective, Residual};
//! # use ndarray::ArrayViewMut2;
//! # struct Line { t: Vec<f64>, y: Vec<f64> }
//! # impl Objective for Line {
//! #     type Scalar = f64;
//! #     fn len(&self) -> usize { 2 }
//! #     fn value(&mut self, x: &[f64]) -> Result<f64, Error> {
//! #         Ok(self.residual(x)?.mapv(|r| r * r / 2.0).sum())
//! #     }
//! #     fn gradient_into(&mut self, _: &[f64], _: &mut [f64]) -> Result<(), Error> { unimplemented!() }
//! #     fn value_and_gradient_into(&mut self, _: &[f64], _: &mut [f64]) -> Result<f64, Error> { unimplemented!() }
//! #     fn hessian_vector_product_into(&mut self, _: &[f64], _: &[f64], _: &mut [f64]) -> Result<(), Error> { unimplemented!() }
//! #     fn hessian_into(&mut self, _: &[f64], _: ArrayViewMut2<'_, f64>) -> Result<(), Error> { unimplemented!() }
//! # }
//! # impl Residual for Line {
//! #     fn residuals(&self) -> usize { self.t.len() }
//! #     fn residual_into(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), Error> {
//! #         for ((r, t), y) in out.iter_mut().zip(&self.t).zip(&self.y) { *r = x[0] + x[1] * t - y; }
//! #         Ok(())
//! #     }
//! #     fn jacobian_into(&mut self, _: &[f64], mut out: ArrayViewMut2<'_, f64>) -> Result<(), Error> {
//! #         for (mut row, t) in out.rows_mut().into_iter().zip(&self.t) { row[0] = 1.0; row[1] = *t; }
//! #         Ok(())
//! #     }
//! #     fn gauss_newton_product_into(&mut self, _: &[f64], _: &[f64], _: &mut [f64]) -> Result<(), Error> { unimplemented!() }
//! # }
//! # let mut line = Line { t: vec![0.0, 1.0, 2.0, 3.0], y: vec![1.0, 3.1, 4.9, 7.0] };
//! // a straight line through (0, 1), (1, 3.1), (2, 4.9), (3, 7)
//! let estimate = line.solve(&[0.0, 0.0])?;
//! assert!((estimate.parameters[1].value - 1.98).abs() < 1e-9);
//! assert!((estimate.parameters[1].standard_error - 0.0424).abs() < 1e-4);
//! # Ok::<(), gradsmith_runtime::fit::FitError>(())
//! ```

mod covariance;
mod error;
mod estimate;
mod least_squares;
mod likelihood;
mod minimise;
mod newton;
#[cfg(feature = "serde")]
mod serial;
mod student;
mod table;

pub use covariance::{Covariance, covariance};
pub use error::FitError;
pub use estimate::{Curve, Estimate, Evaluations, Parameter, Stopped};
pub use least_squares::{LeastSquares, Solve};
pub use likelihood::{Likelihood, likelihood};
pub use minimise::{Ended, Minimise, Minimiser, Minimum};
