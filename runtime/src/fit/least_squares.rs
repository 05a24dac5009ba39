//! The least ½ Σ r², by basin's Levenberg-Marquardt; with bounds by its trust region.

use super::{Covariance, Estimate, Evaluations, FitError, Parameter, Stopped, covariance};
use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::model::objective::{Objective, Residual};
use basin::{
    BoxBounds, ConstraintDescription, ConstraintSet, ConstraintSolveError, DenseMatrix, Executor,
    LevenbergMarquardtQr, PointState, TerminationCode, TrustRegionReflective,
};
use ndarray::{Array1, Array2};
use std::cell::{Cell, RefCell};
use std::ops::{Bound, RangeBounds};

/// Iterations that a search may take unless something else is said.
const ITERATIONS: usize = 2000;

/// What is asked of a search: below this the cosine between the residuals and each column of the Jacobian.
const COSINE: f64 = 1e-12;
/// The same at the end of a search that has given up.
const NEARLY: f64 = 1e-8;
/// Or the length of a step beside that of the parameters.
const STEP: f64 = 1e-14;

/// Finds the parameters of a residual.
pub trait Solve: Residual {
    /// The parameters from `start` on for which ½ Σ r² is least; [`LeastSquares`] has what else may be said.
    ///
    /// # Errors
    /// [`FitError::Start`] if there is no residual at the start; [`FitError::Problem`] if the problem refuses what it
    /// is asked later on.
    fn solve(&mut self, start: &[Self::Scalar]) -> Result<Estimate, FitError> {
        LeastSquares::new().solve(self, start)
    }
}

impl<P: Residual + ?Sized> Solve for P {}

/// How a residual is fitted.
///
/// By default every parameter varies freely, all residuals count alike, and their variance is estimated from what is
/// left of them: standard errors then say how well the data determine the parameters whatever unit the residuals have.
///
/// ```no_run
/// # use gradsmith_runtime::fit::{FitError, LeastSquares};
/// # fn fitted(mut fit: impl gradsmith_runtime::Residual<Scalar = f64>, sigma: &[f64]) -> Result<(), FitError> {
/// let weights: Vec<f64> = sigma.iter().map(|s| 1.0 / s).collect();
/// let estimate = LeastSquares::new()
///     .weights(&weights)
///     .known_deviations()
///     .bounds("b[0]", 0.0..)
///     .fix("b[2]")
///     .solve(&mut fit, &[1.0, 0.5, 2.0])?;
/// println!("{estimate}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct LeastSquares {
    fixed: Vec<String>,
    bounds: Vec<(String, [f64; 2])>,
    weights: Option<Vec<f64>>,
    known_deviations: bool,
    response: Option<Vec<f64>>,
    iterations: Option<usize>,
}

impl LeastSquares {
    /// All parameters vary, all residuals count alike.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds a parameter at its value in the start: an entry, as `b[1]`, or all entries of a variable, as `b`.
    #[must_use]
    pub fn fix(mut self, name: &str) -> Self {
        self.fixed.push(name.to_owned());
        self
    }

    /// Keeps a parameter between two numbers: `0.0..`, `..=1.0`, `-1.0..=1.0`. An entry, or all of a variable. A start
    /// outside is moved inside.
    #[must_use]
    pub fn bounds(mut self, name: &str, range: impl RangeBounds<f64>) -> Self {
        let end = |bound: Bound<&f64>, open: f64| match bound {
            Bound::Included(&b) | Bound::Excluded(&b) => b,
            Bound::Unbounded => open,
        };
        let range = [end(range.start_bound(), f64::NEG_INFINITY), end(range.end_bound(), f64::INFINITY)];
        self.bounds.push((name.to_owned(), range));
        self
    }

    /// What each residual is multiplied by: 1/σ of its datum, or only in proportion to it. A residual of weight 0 does
    /// not count, but is to be a number.
    #[must_use]
    pub fn weights(mut self, weights: &[f64]) -> Self {
        self.weights = Some(weights.to_vec());
        self
    }

    /// The weighted residuals have variance 1, since the weights are 1/σ with σ known: standard errors are those that
    /// these σ make, whatever the residuals are. Otherwise weights count relative to each other, and the variance is
    /// estimated by Σ r² over the degrees of freedom. (SciPy calls it `absolute_sigma=True`.)
    #[must_use]
    pub fn known_deviations(mut self) -> Self {
        self.known_deviations = true;
        self
    }

    /// The data y that the residuals compare with, for R².
    #[must_use]
    pub fn response(mut self, y: &[f64]) -> Self {
        self.response = Some(y.to_vec());
        self
    }

    /// How many iterations a search may take; by default 2000.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// The same from a start that is made of the problem, as one that looks at its data.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve).
    pub fn solve_from<P: Residual + ?Sized>(
        &self,
        problem: &mut P,
        start: impl FnOnce(&mut P) -> Vec<P::Scalar>,
    ) -> Result<Estimate, FitError> {
        let start = start(problem);
        self.solve(problem, &start)
    }

    /// The parameters from `start` on for which ½ Σ r² is least.
    ///
    /// A point at which the problem has no finite residual is stepped back from; the search goes on inside.
    ///
    /// # Errors
    /// [`FitError::Start`] if there is no residual at the start; [`FitError::UnknownParameter`],
    /// [`FitError::Bounds`], [`FitError::Weights`] where what was said does not fit the problem;
    /// [`FitError::Problem`] if the problem refuses what it is asked later on.
    pub fn solve<P: Residual + ?Sized>(
        &self,
        problem: &mut P,
        start: &[P::Scalar],
    ) -> Result<Estimate, FitError> {
        if problem.has_constraints() {
            return Err(FitError::Constrained);
        }
        let mut parameters = self.parameters(problem, start)?;
        self.check_lengths(problem.residuals())?;
        let free: Vec<usize> = (0..parameters.len()).filter(|&k| !parameters[k].fixed).collect();
        let within =
            |p: &Parameter| if p.fixed { p.value } else { p.value.max(p.bounds[0]).min(p.bounds[1]) };
        let x: Vec<f64> = parameters.iter().map(within).collect();
        let begin: Vec<f64> = free.iter().map(|&k| x[k]).collect();
        let mut adapter = Adapter {
            problem: RefCell::new(problem),
            scale: 1.0,
            x,
            bounds: [0, 1].map(|side| free.iter().map(|&k| parameters[k].bounds[side]).collect()),
            free,
            weights: self.weights.as_deref(),
            calls: Cell::default(),
        };
        let first = adapter.weighted(&begin).map_err(FitError::Start)?;
        // The search has residuals of size 1, whatever unit they are in.
        let size = first.iter().map(|r| r * r).sum::<f64>().sqrt();
        adapter.scale = if size > 0.0 && size.recip().is_finite() { size.recip() } else { 1.0 };
        let (found, stopped) = if begin.is_empty() || first.is_empty() {
            (begin, Stopped::Converged)
        } else {
            adapter.search(begin, self.iterations.unwrap_or(ITERATIONS))?
        };
        let residuals = Array1::from(adapter.weighted(&found)?);
        let jacobian = adapter.jacobian(&found)?;
        // A search that finds nothing better may be at the minimum, in its last digits.
        let stopped = match stopped {
            Stopped::NoProgress | Stopped::Failed(_) if adapter.is_minimum(&found, &residuals, &jacobian) => {
                Stopped::Converged
            }
            other => other,
        };
        for (&k, &value) in adapter.free.iter().zip(&found) {
            parameters[k].value = P::Scalar::from_f64(value).to_f64();
        }
        let rss = residuals.dot(&residuals);
        let counts =
            self.weights.as_ref().map_or(residuals.len(), |w| w.iter().filter(|w| **w > 0.0).count());
        let (observations, known_deviations) = (counts, self.known_deviations);
        let degrees_of_freedom = counts.saturating_sub(found.len());
        let variance = if known_deviations { 1.0 } else { rss / degrees_of_freedom as f64 };
        let covariance =
            adapter.spread(&covariance::of_jacobian(&jacobian, P::Scalar::EPSILON.to_f64()), variance);
        for (p, error) in parameters.iter_mut().zip(covariance.standard_errors()) {
            p.standard_error = error;
        }
        let evaluations = adapter.calls.get();
        let r_squared = self.response.as_ref().map(|y| 1.0 - rss / self.scatter(y)).filter(|r| r.is_finite());
        Ok(Estimate {
            parameters,
            residuals,
            rss,
            observations,
            degrees_of_freedom,
            known_deviations,
            covariance,
            r_squared,
            stopped,
            evaluations,
        })
    }

    /// The parameters as they start.
    fn parameters<P: Residual + ?Sized>(
        &self,
        problem: &mut P,
        start: &[P::Scalar],
    ) -> Result<Vec<Parameter>, FitError> {
        let mut parameters = starts(problem, start)?;
        let names: Vec<String> = parameters.iter().map(|p| p.name.clone()).collect();
        let variables = problem.variables();
        let variables: Vec<&str> =
            variables.iter().flat_map(|v| std::iter::repeat_n(v.name, v.len())).collect();
        let named = |name: &str| -> Result<Vec<usize>, FitError> {
            // As it is written, whatever blanks there are.
            let plain = |text: &str| text.replace(' ', "");
            let is = |k: &usize| plain(&names[*k]) == plain(name) || variables[*k] == name.trim();
            let found: Vec<usize> = (0..names.len()).filter(is).collect();
            if found.is_empty() {
                return Err(FitError::UnknownParameter { name: name.to_owned(), known: names.clone() });
            }
            Ok(found)
        };
        if let Some([lower, upper]) = problem.limits()? {
            for ((p, lower), upper) in parameters.iter_mut().zip(&lower).zip(&upper) {
                p.bounds = [lower.to_f64(), upper.to_f64()];
            }
        }
        for name in &self.fixed {
            for k in named(name)? {
                parameters[k].fixed = true;
            }
        }
        for (name, bounds) in &self.bounds {
            let in_order = bounds[0] < bounds[1];
            if !in_order {
                return Err(FitError::Bounds { name: name.clone(), bounds: *bounds });
            }
            for k in named(name)? {
                let [lower, upper] = &mut parameters[k].bounds;
                (*lower, *upper) = (lower.max(bounds[0]), upper.min(bounds[1]));
            }
        }
        let crossed = parameters.iter().find(|p| !p.fixed && p.bounds[0] > p.bounds[1]);
        match crossed {
            Some(p) => Err(FitError::Bounds { name: p.name.clone(), bounds: p.bounds }),
            None => Ok(parameters),
        }
    }

    fn check_lengths(&self, residuals: usize) -> Result<(), FitError> {
        if let Some(entries) = self.response.as_ref().map(Vec::len).filter(|entries| *entries != residuals) {
            return Err(FitError::Response { residuals, entries });
        }
        let Some(weights) = &self.weights else { return Ok(()) };
        let wrong = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite()));
        if weights.len() == residuals && wrong.is_none() {
            return Ok(());
        }
        let wrong = wrong.filter(|_| weights.len() == residuals);
        Err(FitError::Weights { residuals, weights: weights.len(), wrong })
    }

    /// Σ w² (y - mean)², by the mean that is weighted likewise.
    fn scatter(&self, y: &[f64]) -> f64 {
        let squares = |k: usize| self.weights.as_ref().map_or(1.0, |w| w.get(k).map_or(0.0, |w| w * w));
        let all = || y.iter().enumerate().map(|(k, &y)| (squares(k), y));
        let mean = all().map(|(w, y)| w * y).sum::<f64>() / all().map(|(w, _)| w).sum::<f64>();
        all().map(|(w, y)| w * (y - mean) * (y - mean)).sum()
    }
}

/// A residual as basin sees it: of the parameters that vary, and with weights.
struct Adapter<'a, P: Residual + ?Sized> {
    problem: RefCell<&'a mut P>,
    /// What the search has residuals times.
    scale: f64,
    /// All parameters, the ones that are held among them.
    x: Vec<f64>,
    free: Vec<usize>,
    /// Lower and upper, of those that vary.
    bounds: [Vec<f64>; 2],
    weights: Option<&'a [f64]>,
    calls: Cell<Evaluations>,
}

impl<P: Residual + ?Sized> Adapter<'_, P> {
    fn whole(&self, free: &[f64]) -> Vec<P::Scalar> {
        let mut x: Vec<P::Scalar> = self.x.iter().map(|&x| P::Scalar::from_f64(x)).collect();
        for (&k, &value) in self.free.iter().zip(free) {
            x[k] = P::Scalar::from_f64(value);
        }
        x
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn weighted(&self, free: &[f64]) -> Result<Vec<f64>, Error> {
        let calls = self.calls.get();
        self.calls.set(Evaluations { residuals: calls.residuals + 1, ..calls });
        let residual = self.problem.borrow_mut().residual(&self.whole(free))?;
        Ok(residual.iter().enumerate().map(|(k, r)| r.to_f64() * self.weight(k)).collect())
    }

    /// By the parameters that vary.
    fn jacobian(&self, free: &[f64]) -> Result<Array2<f64>, Error> {
        let calls = self.calls.get();
        self.calls.set(Evaluations { jacobians: calls.jacobians + 1, ..calls });
        let whole = self.problem.borrow_mut().jacobian(&self.whole(free))?;
        let entry = |(i, k): (usize, usize)| whole[[i, self.free[k]]].to_f64() * self.weight(i);
        Ok(Array2::from_shape_fn((whole.nrows(), self.free.len()), entry))
    }

    fn search(&self, begin: Vec<f64>, iterations: usize) -> Result<(Vec<f64>, Stopped), FitError> {
        let bounded = self.bounds.iter().flatten().any(|b| b.is_finite());
        let (iterations, start) = (iterations as u64, PointState::new(begin));
        // Of numbers that are known to fewer digits no more is asked.
        let precision = P::Scalar::EPSILON.to_f64();
        let (cosine, step) = (COSINE.max(8.0 * precision), STEP.max(precision / 4.0));
        let ended = if bounded {
            let solver = TrustRegionReflective::new()
                .with_absolute_scaled_gradient_tolerance(cosine)
                .with_relative_step_tolerance(step);
            Executor::new(self, solver, start).max_iter(iterations).run().map_err(refused)
        } else {
            let solver = LevenbergMarquardtQr::<Vec<f64>, DenseMatrix>::new()
                .with_absolute_gradient_tolerance(None)
                .with_gradient_orthogonality_tolerance(cosine)
                .with_relative_step_tolerance(step);
            Executor::new(self, solver, start).max_iter(iterations).run().map_err(FitError::Problem)
        }?;
        let stopped = match ended.report.termination.code() {
            TerminationCode::MaxIter => Stopped::Iterations,
            TerminationCode::NumericalNoProgress => Stopped::NoProgress,
            TerminationCode::SolverFailed => Stopped::Failed(format!("{:?}", ended.report.termination)),
            _ => Stopped::Converged,
        };
        Ok((ended.param().clone(), stopped))
    }

    /// Whether the residuals are at right angles to what each parameter changes, as nearly as numbers are; of one at a
    /// bound, whether it would have to leave.
    fn is_minimum(&self, x: &[f64], residuals: &Array1<f64>, jacobian: &Array2<f64>) -> bool {
        let size = residuals.dot(residuals).sqrt();
        let nearly = NEARLY.max(64.0 * P::Scalar::EPSILON.to_f64());
        jacobian.columns().into_iter().enumerate().all(|(k, column)| {
            let slope = column.dot(residuals);
            let outwards = if slope > 0.0 { self.bounds[0][k] } else { self.bounds[1][k] };
            let at_bound =
                outwards.is_finite() && (x[k] - outwards).abs() <= nearly * outwards.abs().max(1.0);
            at_bound || slope.abs() <= nearly * size * column.dot(&column).sqrt()
        })
    }

    /// The covariance of all parameters, of that of those that vary for residuals of variance 1.
    fn spread(&self, of_varied: &Array2<f64>, variance: f64) -> Covariance {
        let n = self.x.len();
        let mut matrix = Array2::zeros((n, n));
        for (i, &p) in self.free.iter().enumerate() {
            for (j, &q) in self.free.iter().enumerate() {
                matrix[[p, q]] = of_varied[[i, j]] * variance;
            }
        }
        Covariance { matrix }
    }
}

impl<P: Residual + ?Sized> basin::Constraints for &Adapter<'_, P> {
    type Set = ConstraintSet<BoxBounds<Vec<f64>>>;

    fn constraints(&self) -> <Self::Set as ConstraintDescription>::Borrowed<'_> {
        let [lower, upper] = &self.bounds;
        ConstraintSet::new().with_bounds(BoxBounds::new(Some(lower), Some(upper)))
    }
}

/// What a search under bounds ended in.
fn refused(error: ConstraintSolveError<Error>) -> FitError {
    match error {
        ConstraintSolveError::Evaluation(error) => FitError::Problem(error),
        other => FitError::Solver(other.to_string()),
    }
}

/// The entries of a problem's vector by their names.
pub(super) fn entry_names<P: Objective + ?Sized>(problem: &P) -> Vec<String> {
    problem.variables().iter().flat_map(|v| v.entries().collect::<Vec<_>>()).collect()
}

/// Whether a start is one.
pub(super) fn check_finite<T: Scalar>(start: &[T]) -> Result<(), FitError> {
    let wrong = start.iter().map(|x| x.to_f64()).enumerate().find(|(_, x)| !x.is_finite());
    wrong.map_or(Ok(()), |(k, value)| {
        Err(FitError::Start(Error::NonFinite { tensor: "start".into(), index: vec![k], value }))
    })
}

/// The parameters of a problem as they start.
pub(super) fn starts<P: Objective + ?Sized>(
    problem: &P,
    start: &[P::Scalar],
) -> Result<Vec<Parameter>, FitError> {
    check_length(problem.len(), start.len()).map_err(FitError::Start)?;
    check_finite(start)?;
    let names = entry_names(problem);
    let parameter = |(name, start): (String, &P::Scalar)| Parameter {
        name,
        value: start.to_f64(),
        start: start.to_f64(),
        standard_error: 0.0,
        fixed: false,
        bounds: [f64::NEG_INFINITY, f64::INFINITY],
    };
    Ok(names.into_iter().zip(start).map(parameter).collect())
}

/// Whether a point is only outside of where the problem has a value.
pub(super) fn is_outside(error: &Error) -> bool {
    matches!(error, Error::NonFinite { .. } | Error::Singular { .. } | Error::NotPositiveDefinite { .. })
}

impl<P: Residual + ?Sized> basin::Residual for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Output = Vec<f64>;
    type Error = Error;

    fn residual(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        match self.weighted(x) {
            // A trial that is no number is rejected.
            Err(error) if is_outside(&error) => Ok(vec![f64::NAN; self.problem.borrow().residuals()]),
            other => Ok(other?.into_iter().map(|r| r * self.scale).collect()),
        }
    }
}

impl<P: Residual + ?Sized> basin::Jacobian for &Adapter<'_, P> {
    type Jacobian = DenseMatrix;

    fn jacobian(&self, x: &Vec<f64>) -> Result<DenseMatrix, Error> {
        let jacobian = Adapter::jacobian(self, x)?;
        let (m, n) = jacobian.dim();
        Ok(DenseMatrix::from_fn(m, n, |i, j| jacobian[[i, j]] * self.scale))
    }
}
