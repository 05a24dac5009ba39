//! Maximum likelihood: the least negative log-likelihood, by basin's trust region with Hessian-vector products, and the
//! covariance that its Hessian makes.

use super::least_squares::{is_outside, starts};
use super::{Covariance, FitError, Parameter, Stopped, covariance, student, table};
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::objective::Objective;
use basin::{
    CostFunction, Executor, FirstOrderState, Gradient, HessianProduct, TerminationCode, TrustRegion,
};
use ndarray::{Array1, Array2};
use std::cell::RefCell;
use std::fmt;

/// What the gradient comes below, in the value's own size.
const SLOPE: f64 = 1e-9;
/// Iterations that a search may take.
const ITERATIONS: u64 = 1000;
/// No step is longer: parameters are of usual sizes.
const LONGEST: f64 = 1e6;

/// The parameters of greatest likelihood. `Display` prints the table.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Likelihood {
    /// In the order of the vector.
    pub parameters: Vec<Parameter>,
    /// The negative log-likelihood at these.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub value: f64,
    /// The inverse of its Hessian there.
    pub covariance: Covariance,
    /// Why the search ended.
    pub stopped: Stopped,
}

impl Likelihood {
    /// The values of the parameters: a vector as the problem takes it.
    #[must_use]
    pub fn x(&self) -> Array1<f64> {
        self.parameters.iter().map(|p| p.value).collect()
    }

    /// The parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// n×n, with 1 on the diagonal.
    #[must_use]
    pub fn correlation(&self) -> Array2<f64> {
        self.covariance.correlation()
    }

    /// For each parameter the ends of its interval of confidence at this level, as 0.95: value ± z · standard error, by
    /// the normal distribution (A. Wald, 1943).
    ///
    /// # Errors
    /// [`FitError::Level`] if the level is not between 0 and 1.
    pub fn intervals(&self, level: f64) -> Result<Vec<[f64; 2]>, FitError> {
        let z = student::of_level(level, usize::MAX)?;
        Ok(self.parameters.iter().map(|p| p.interval(z)).collect())
    }

    /// 2 n - 2 log L: Akaike's criterion.
    #[must_use]
    pub fn akaike(&self) -> f64 {
        2.0 * self.parameters.len() as f64 + 2.0 * self.value
    }
}

impl fmt::Display for Likelihood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "maximum likelihood")?;
        table::line(f, "stopped", &self.stopped.to_string())?;
        table::line(f, "negative log-likelihood", &table::number(self.value))?;
        table::line(f, "parameters", &self.parameters.len().to_string())?;
        table::line(f, "Akaike", &table::number(self.akaike()))?;
        table::parameters(f, &self.parameters, &self.correlation())
    }
}

/// The parameters, from `start` on, for which a negative log-likelihood is least, with standard errors by its Hessian.
///
/// A point at which the problem has no finite value is stepped back from; the search goes on inside.
///
/// # Errors
/// [`FitError::Start`] if there is no value at the start; [`FitError::Problem`] if the problem refuses what it is asked
/// later on, and where its Hessian at the end is not positive definite, so that this is no minimum or the data do not
/// determine the parameters.
pub fn likelihood<P: Objective + ?Sized>(
    problem: &mut P,
    start: &[P::Scalar],
) -> Result<Likelihood, FitError> {
    let mut parameters = starts(problem, start)?;
    let begin: Vec<f64> = start.iter().map(|x| x.to_f64()).collect();
    let value = problem.value(start).map_err(FitError::Start)?.to_f64();
    let adapter = Adapter(RefCell::new(problem));
    let slope = SLOPE.max(8.0 * P::Scalar::EPSILON.to_f64());
    let (mut x, mut size) = (begin, value);
    // The value's own size is that at the end: from a start far away it is found by and by.
    let stopped = loop {
        let asked = slope * size.abs().max(1.0);
        let solver =
            TrustRegion::matrix_free().with_max_radius(LONGEST).with_absolute_gradient_tolerance(asked);
        let run = Executor::new(&adapter, solver, FirstOrderState::new(x)).max_iter(ITERATIONS);
        let run = run.run().map_err(FitError::Problem)?;
        let before = size;
        (x, size) = (run.param().clone(), run.cost());
        match run.report.termination.code() {
            TerminationCode::MaxIter => break Stopped::Iterations,
            // In the last digits.
            TerminationCode::NumericalNoProgress => break Stopped::NoProgress,
            TerminationCode::SolverFailed => break Stopped::Failed(format!("{:?}", run.report.termination)),
            _ if 2.0 * size.abs().max(1.0) > before.abs().max(1.0) => break Stopped::Converged,
            _ => {}
        }
    };
    let problem = adapter.0.into_inner();
    let at: Vec<P::Scalar> = x.iter().map(|&x| P::Scalar::from_f64(x)).collect();
    let value = problem.value(&at)?.to_f64();
    let covariance = covariance(problem, &at)?;
    for ((p, x), error) in parameters.iter_mut().zip(&at).zip(covariance.standard_errors()) {
        (p.value, p.standard_error) = (x.to_f64(), error);
    }
    Ok(Likelihood { parameters, value, covariance, stopped })
}

/// A problem as basin sees it.
struct Adapter<'a, P: Objective + ?Sized>(RefCell<&'a mut P>);

fn of<T: Scalar>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}

fn numbers<T: Scalar>(x: &Array1<T>) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

impl<P: Objective + ?Sized> CostFunction for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Error;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        match self.0.borrow_mut().value(&of(x)) {
            // A trial that is no number is rejected.
            Err(error) if is_outside(&error) => Ok(f64::INFINITY),
            other => Ok(other?.to_f64()),
        }
    }
}

impl<P: Objective + ?Sized> Gradient for &Adapter<'_, P> {
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(numbers(&self.0.borrow_mut().gradient(&of(x))?))
    }
}

impl<P: Objective + ?Sized> HessianProduct for &Adapter<'_, P> {
    fn hessian_product(&self, x: &Vec<f64>, v: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(numbers(&self.0.borrow_mut().hessian_vector_product(&of(x), &of(v))?))
    }
}
