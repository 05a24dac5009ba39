//! The least value under bounds and constraints, by basin's sequential least-squares programming.

use super::least_squares::{check_finite, entry_names, is_outside};
use super::{FitError, newton};
use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::model::constrained::{Constrained, Relation};
use basin::{
    BoxBounds, ConstraintDescription, ConstraintJacobian, ConstraintSet, ConstraintSolveError, CostFunction,
    DenseMatrix, Executor, Gradient, NoLinearConstraints, NonlinearBlock, NonlinearBlocks,
    NonlinearEqualityValues, NonlinearInequalityValues, SelectedFirstOrderState, Slsqp, SlsqpFailure,
    TerminationCode,
};
use ndarray::{Array1, Array2};
use std::cell::{Cell, RefCell};
use std::fmt;

/// What is asked of a search unless something else is said.
const TOLERANCE: f64 = 1e-9;
/// Iterations that it may take.
const ITERATIONS: usize = 1000;
/// What is below this at a minimum is 0, in the rows' own size.
const SMALL: f64 = 1e-6;
/// Below this value there is no bottom: nobody's costs are that low.
const BOTTOMLESS: f64 = -1e20;

/// Finds the least value of a restricted objective.
pub trait Minimise: Constrained {
    /// The least f(x) that the bounds and constraints leave, from `start` on, which need not fulfil them;
    /// [`Minimiser`] has what else may be said.
    ///
    /// # Errors
    /// [`FitError::Start`] if there is no value at the start, moved to the bounds; [`FitError::Bounds`] if a bound is
    /// above another; [`FitError::Problem`] if the problem refuses what it is asked later on.
    fn minimise(&mut self, start: &[Self::Scalar]) -> Result<Minimum, FitError> {
        Minimiser::new().minimise(self, start)
    }
}

impl<P: Constrained + ?Sized> Minimise for P {}

/// Why a search for a minimum ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ended {
    /// A point that fulfils the constraints, and where L is stationary.
    Converged,
    /// The constraints contradict each other, as far as can be seen from where the search has come to.
    Inconsistent,
    /// The value falls without end.
    Unbounded,
    /// The iterations that were allowed are used up.
    Iterations,
    /// The solver gave up, with what it says.
    Failed(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::Inconsistent => f.write_str(
                "no point fulfils the constraints, as far as can be seen from here: try another start",
            ),
            Self::Unbounded => f.write_str("the value falls without end: a bound or a constraint is missing"),
            Self::Iterations => f.write_str("not converged: the iterations allowed are used up"),
            Self::Failed(why) => write!(f, "not converged: {why}"),
        }
    }
}

/// Where a restricted objective is least, with the multipliers that show it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Minimum {
    /// The point.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::vector"))]
    pub x: Array1<f64>,
    /// f there.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub value: f64,
    /// λ of the rows: 0 or more of an inequality, 0 where it has room. The value would fall by λ for each unit by which
    /// the row is loosened.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::vector"))]
    pub multipliers: Array1<f64>,
    /// Of the bounds, an entry each: what makes L stationary, so 0 or less at a lower bound, 0 or more at an upper one,
    /// and 0 between them.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::vector"))]
    pub bound_multipliers: Array1<f64>,
    /// By how much the worst row is above 0, or off it.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub violation: f64,
    /// The largest entry of ∇f + J'λ + the bounds' multipliers.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub stationarity: f64,
    /// The largest λ g: 0 where each inequality has no room, or no multiplier.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub complementarity: f64,
    /// Why the search ended.
    pub ended: Ended,
    /// How often value and gradient were asked for.
    pub evaluations: [usize; 2],
    names: Vec<String>,
}

impl Minimum {
    /// The largest of what is 0 at a minimum (W. Karush 1939, H. W. Kuhn and A. W. Tucker 1951): violation,
    /// stationarity, complementarity.
    #[must_use]
    pub fn residual(&self) -> f64 {
        self.violation.max(self.stationarity).max(self.complementarity)
    }
}

impl fmt::Display for Minimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "minimum {:.9} ({})", self.value, self.ended)?;
        let [values, gradients] = self.evaluations;
        writeln!(f, "  evaluations    {values} values, {gradients} gradients")?;
        writeln!(f, "  violation      {:.1e}", self.violation)?;
        writeln!(f, "  stationarity   {:.1e}", self.stationarity)?;
        let width = self.names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
        for ((name, x), z) in self.names.iter().zip(&self.x).zip(&self.bound_multipliers) {
            let at = if *z == 0.0 { String::new() } else { format!("  at a bound, multiplier {z:.6}") };
            writeln!(f, "  {name:<width$}  {x:.9}{at}")?;
        }
        for (k, multiplier) in self.multipliers.iter().enumerate() {
            writeln!(f, "  row {k:<3} multiplier {multiplier:.6}")?;
        }
        Ok(())
    }
}

/// How a restricted objective is minimised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minimiser {
    tolerance: Option<f64>,
    iterations: Option<usize>,
}

impl Minimiser {
    /// With the tolerance 1e-9 and 1000 iterations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the violation, and the change of the value, come below.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// How many iterations the search may take.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// The least f(x) that the bounds and constraints leave.
    ///
    /// Memory and time grow with the square and the third power of the number of variables: for thousands of these a
    /// solver of sparse systems is the better one, which [`Constrained`] has all it needs for.
    ///
    /// # Errors
    /// Those of [`Minimise::minimise`].
    pub fn minimise<P: Constrained + ?Sized>(
        &self,
        problem: &mut P,
        start: &[P::Scalar],
    ) -> Result<Minimum, FitError> {
        check_length(problem.len(), start.len()).map_err(FitError::Start)?;
        check_finite(start)?;
        let precision = P::Scalar::EPSILON.to_f64();
        let tolerance = self.tolerance.unwrap_or(TOLERANCE.max(10.0 * precision));
        let is_above = tolerance > 0.0;
        if !is_above {
            return Err(FitError::Tolerance(tolerance));
        }
        let names = entry_names(problem);
        let bounds = problem.bounds()?.map(|side| side.iter().map(|b| b.to_f64()).collect::<Vec<f64>>());
        for ((name, &lower), &upper) in names.iter().zip(&bounds[0]).zip(&bounds[1]) {
            if lower > upper {
                return Err(FitError::Bounds { name: name.clone(), bounds: [lower, upper] });
            }
        }
        let begin: Vec<f64> = start
            .iter()
            .zip(&bounds[0])
            .zip(&bounds[1])
            .map(|((x, lower), upper)| x.to_f64().max(*lower).min(*upper))
            .collect();
        let relations = problem.relations();
        let of =
            |relation| (0..relations.len()).filter(|&k| relations[k] == relation).collect::<Vec<usize>>();
        let (equations, inequalities) = (of(Relation::Equal), of(Relation::AtMost));
        let calls = Cell::new([0, 0]);
        let told = equations.clone();
        let mut adapter =
            Adapter { problem: RefCell::new(problem), bounds, equations, told, inequalities, calls };
        adapter.value(&begin).map_err(FitError::Start)?;
        adapter.rows(&begin).map_err(FitError::Start)?;
        let small = SMALL.max(100.0 * precision);
        if begin.is_empty() {
            // Nothing to vary: what holds, holds.
            let state = adapter.state(begin, Array1::zeros(relations.len()))?;
            let ended = if state.excess() > small { Ended::Inconsistent } else { Ended::Converged };
            return Ok(state.minimum(ended, adapter.calls.get(), names));
        }
        let solver = Slsqp::new().with_absolute_accuracy_tolerance(tolerance);
        let iterations = self.iterations.unwrap_or(ITERATIONS) as u64;
        let search = |adapter: &Adapter<'_, P>, from: Vec<f64>| {
            let state = SelectedFirstOrderState::new(from);
            let run = Executor::new(adapter, solver.clone(), state).max_iter(iterations);
            run.run_with_solver().map_err(|error| match error {
                ConstraintSolveError::Evaluation(error) => FitError::Problem(error),
                other => FitError::Solver(other.to_string()),
            })
        };
        let mut run = search(&adapter, begin)?;
        // Equations that say what others say, as those of a symmetric matrix do twice, are left to these.
        while let Some(SlsqpFailure::RankDeficientEqualities | SlsqpFailure::TooManyEqualities) =
            run.solver.failure()
        {
            let from = run.param().clone();
            let told = adapter.independent(&from)?;
            if told.len() == adapter.told.len() {
                break;
            }
            adapter.told = told;
            run = search(&adapter, from)?;
        }
        let mut multipliers = Array1::zeros(relations.len());
        for (rows, found) in [
            (&adapter.told, run.solver.equality_multipliers()),
            (&adapter.inequalities, run.solver.inequality_multipliers()),
        ] {
            for (&row, &multiplier) in rows.iter().zip(found.unwrap_or_default()) {
                multipliers[row] = multiplier;
            }
        }
        let state = adapter.state(run.param().clone(), multipliers)?;
        let code = run.report.termination.code();
        let far = state.value < BOTTOMLESS || state.x.iter().any(|x| x.abs() > -BOTTOMLESS);
        if far && state.excess() <= small {
            return Ok(state.minimum(Ended::Unbounded, adapter.calls.get(), names));
        }
        // From where the search was broken off the next root may be a maximum.
        let state = if code == TerminationCode::MaxIter { state } else { newton::polished(&adapter, state)? };
        let ended = match (code, run.solver.failure()) {
            (TerminationCode::MaxIter, _) if state.residual() > tolerance => Ended::Iterations,
            _ if state.distance() <= small => Ended::Converged,
            (_, Some(SlsqpFailure::IncompatibleConstraints)) => Ended::Inconsistent,
            _ if state.excess() > small && state.is_stuck(&adapter) => Ended::Inconsistent,
            (
                _,
                Some(
                    why @ (SlsqpFailure::TooManyEqualities
                    | SlsqpFailure::RankDeficientEqualities
                    | SlsqpFailure::SingularSubproblem),
                ),
            ) => Ended::Failed(format!("equations that depend on each other, or are too many ({why:?})")),
            (_, Some(why)) => Ended::Failed(format!("{why:?}")),
            (TerminationCode::SolverFailed, None) => Ended::Failed("the solver does not say why".to_owned()),
            _ => Ended::Converged,
        };
        Ok(state.minimum(ended, adapter.calls.get(), names))
    }
}

/// A point with multipliers, and how far it is from a minimum.
pub(super) struct State {
    pub(super) x: Array1<f64>,
    value: f64,
    pub(super) multipliers: Array1<f64>,
    pub(super) bound_multipliers: Array1<f64>,
    /// c(x) and its Jacobian.
    pub(super) rows: Vec<f64>,
    pub(super) jacobian: Array2<f64>,
    /// ∇f + J'λ.
    pub(super) slope: Array1<f64>,
    /// Of each row.
    violations: Vec<f64>,
    /// The largest |∇f| + |J'λ| of an entry.
    slope_size: f64,
    violation: f64,
    stationarity: f64,
    complementarity: f64,
}

impl State {
    /// The largest of what is 0 at a minimum.
    pub(super) fn residual(&self) -> f64 {
        self.violation.max(self.stationarity).max(self.complementarity)
    }

    /// The same in the sizes of what it is a difference of.
    fn distance(&self) -> f64 {
        let slope = self.slope_size.max(f64::MIN_POSITIVE);
        let size = self.value.abs().max(1.0);
        self.excess().max(self.stationarity / slope).max(self.complementarity / size)
    }

    /// The largest violation in the size of its row: 1 + Σ |J x|.
    fn excess(&self) -> f64 {
        let size = |row: usize| {
            1.0 + self.jacobian.row(row).iter().zip(&self.x).map(|(j, x)| (j * x).abs()).sum::<f64>()
        };
        let excess = |row: usize| self.violations[row] / size(row);
        largest((0..self.violations.len()).map(excess))
    }

    /// Whether no step makes the violations smaller: their squares have no slope within the bounds.
    fn is_stuck<P: Constrained + ?Sized>(&self, problem: &Adapter<'_, P>) -> bool {
        let violated: Array1<f64> = (0..self.rows.len())
            .map(|row| if self.violations[row] > 0.0 { self.rows[row] } else { 0.0 })
            .collect();
        let slope = self.jacobian.t().dot(&violated);
        let size =
            |k: usize| self.jacobian.column(k).iter().zip(&violated).map(|(j, v)| (j * v).abs()).sum::<f64>();
        (0..self.x.len()).all(|k| {
            let outwards = if slope[k] > 0.0 { problem.bounds[0][k] } else { problem.bounds[1][k] };
            slope[k].abs() <= 1e-3 * size(k) || (self.x[k] - outwards).abs() <= 1e-9 * outwards.abs().max(1.0)
        })
    }

    fn minimum(self, ended: Ended, evaluations: [usize; 2], names: Vec<String>) -> Minimum {
        let Self {
            x, value, multipliers, bound_multipliers, violation, stationarity, complementarity, ..
        } = self;
        Minimum {
            x,
            value,
            multipliers,
            bound_multipliers,
            violation,
            stationarity,
            complementarity,
            ended,
            evaluations,
            names,
        }
    }
}

/// The largest of these; infinite if one is no number.
fn largest(all: impl Iterator<Item = f64>) -> f64 {
    all.fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { f64::max(most, x) })
}

/// A problem as basin sees it: equations and inequalities apart.
pub(super) struct Adapter<'a, P: Constrained + ?Sized> {
    problem: RefCell<&'a mut P>,
    bounds: [Vec<f64>; 2],
    /// The rows that are equations, and those that are not.
    equations: Vec<usize>,
    inequalities: Vec<usize>,
    /// The equations that the solver hears of.
    told: Vec<usize>,
    /// For values, and for gradients.
    calls: Cell<[usize; 2]>,
}

fn of<T: Scalar>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}

impl<P: Constrained + ?Sized> Adapter<'_, P> {
    fn count(&self, kind: usize) {
        let mut calls = self.calls.get();
        calls[kind] += 1;
        self.calls.set(calls);
    }

    fn value(&self, x: &[f64]) -> Result<f64, Error> {
        self.count(0);
        Ok(self.problem.borrow_mut().value(&of(x))?.to_f64())
    }

    fn slope(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        self.count(1);
        Ok(self.problem.borrow_mut().gradient(&of(x))?.iter().map(|g| g.to_f64()).collect())
    }

    fn rows(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let values = self.problem.borrow_mut().constraint_values(&of(x))?;
        Ok(values.iter().map(|c| c.to_f64()).collect())
    }

    fn slopes(&self, x: &[f64]) -> Result<Array2<f64>, Error> {
        Ok(self.problem.borrow_mut().constraint_jacobian(&of(x))?.mapv(Scalar::to_f64))
    }

    /// The values of some rows; no number where the point is outside of where they have one.
    fn some(&self, x: &[f64], rows: &[usize]) -> Result<Vec<f64>, ConstraintSolveError<Error>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match self.rows(x) {
            Ok(values) => Ok(rows.iter().map(|&row| values[row]).collect()),
            Err(error) if is_outside(&error) => Ok(vec![f64::NAN; rows.len()]),
            Err(error) => Err(ConstraintSolveError::Evaluation(error)),
        }
    }

    /// What there is at a point.
    pub(super) fn state(&self, x: Vec<f64>, mut multipliers: Array1<f64>) -> Result<State, Error> {
        // Of an inequality they are 0 or more.
        for &row in &self.inequalities {
            multipliers[row] = f64::max(multipliers[row], 0.0);
        }
        let value = self.value(&x)?;
        let (rows, gradient) = (self.rows(&x)?, Array1::from(self.slope(&x)?));
        let jacobian = self.slopes(&x)?;
        let of_rows = jacobian.t().dot(&multipliers);
        let slope_size = largest(gradient.iter().zip(&of_rows).map(|(g, r)| g.abs() + r.abs()));
        let slope = gradient + of_rows;
        let at_bound = |k: usize| {
            let near = |bound: f64| bound.is_finite() && (x[k] - bound).abs() <= 1e-9 * bound.abs().max(1.0);
            near(self.bounds[0][k]) && slope[k] > 0.0 || near(self.bounds[1][k]) && slope[k] < 0.0
        };
        let bound_multipliers: Array1<f64> =
            (0..x.len()).map(|k| if at_bound(k) { -slope[k] } else { 0.0 }).collect();
        let is_equation = |row: &usize| self.equations.contains(row);
        let off = |row: usize| if is_equation(&row) { rows[row].abs() } else { rows[row].max(0.0) };
        // What is no number is no root.
        let violations: Vec<f64> =
            (0..rows.len()).map(|row| if rows[row].is_nan() { f64::INFINITY } else { off(row) }).collect();
        let violation = largest(violations.iter().copied());
        let complementarity =
            largest(self.inequalities.iter().map(|&row| (rows[row] * multipliers[row]).abs()));
        let stationarity = largest(slope.iter().zip(&bound_multipliers).map(|(s, z)| (s + z).abs()));
        Ok(State {
            x: Array1::from(x),
            value,
            multipliers,
            bound_multipliers,
            rows,
            jacobian,
            slope,
            violations,
            slope_size,
            violation,
            stationarity,
            complementarity,
        })
    }

    /// Whether a row holds without room.
    pub(super) fn holds(&self, state: &State, row: usize) -> bool {
        self.told.contains(&row) || state.multipliers[row] > 0.0 && state.rows[row].abs() <= SMALL
    }

    /// The equations of which none is, near this point, a sum of multiples of those before.
    fn independent(&self, x: &[f64]) -> Result<Vec<usize>, Error> {
        let jacobian = self.slopes(x)?;
        let mut found: Vec<(usize, Array1<f64>)> = Vec::new();
        for &row in &self.told {
            let gradient = jacobian.row(row).to_owned();
            let size = gradient.dot(&gradient).sqrt();
            let mut rest = gradient;
            // Twice, so that rounding leaves nothing (W. Kahan's advice, after B. Parlett).
            for _ in 0..2 {
                for (_, known) in &found {
                    let along = rest.dot(known);
                    rest.scaled_add(-along, known);
                }
            }
            let left = rest.dot(&rest).sqrt();
            if left > SMALL * size && left > 0.0 {
                found.push((row, rest / left));
            }
        }
        Ok(found.into_iter().map(|(row, _)| row).collect())
    }

    /// ∇²L.
    pub(super) fn curvature(&self, state: &State) -> Result<Array2<f64>, Error> {
        let (x, multipliers) = (of(&state.x.to_vec()), of(&state.multipliers.to_vec()));
        let hessian = self.problem.borrow_mut().lagrangian_hessian(&x, &multipliers)?;
        Ok(hessian.mapv(Scalar::to_f64))
    }

    /// A bound of an entry.
    pub(super) fn bound(&self, k: usize, lower: bool) -> f64 {
        self.bounds[usize::from(!lower)][k]
    }

    /// Whether a point is between the bounds.
    pub(super) fn is_within(&self, x: &Array1<f64>) -> bool {
        x.iter().enumerate().all(|(k, x)| (self.bounds[0][k]..=self.bounds[1][k]).contains(x))
    }
}

impl<P: Constrained + ?Sized> basin::Constraints for &Adapter<'_, P> {
    type Set = ConstraintSet<
        BoxBounds<Vec<f64>>,
        NoLinearConstraints,
        NonlinearBlocks<NonlinearBlock, NonlinearBlock>,
    >;

    fn constraints(&self) -> <Self::Set as ConstraintDescription>::Borrowed<'_> {
        let [lower, upper] = &self.bounds;
        ConstraintSet::new()
            .with_bounds(BoxBounds::new(Some(lower), Some(upper)))
            .with_nonlinear_equalities(self.told.len())
            .with_nonlinear_inequalities(self.inequalities.len())
    }
}

impl<P: Constrained + ?Sized> CostFunction for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Output = f64;
    type Error = Error;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        match self.value(x) {
            // A trial that is no number is rejected.
            Err(error) if is_outside(&error) => Ok(f64::NAN),
            other => other,
        }
    }
}

impl<P: Constrained + ?Sized> Gradient for &Adapter<'_, P> {
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        match self.slope(x) {
            Err(error) if is_outside(&error) => Ok(vec![f64::NAN; x.len()]),
            other => other,
        }
    }
}

impl<P: Constrained + ?Sized> NonlinearEqualityValues for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Values = Vec<f64>;
    type Error = Error;

    fn nonlinear_equalities(&self, x: &Vec<f64>) -> Result<Vec<f64>, ConstraintSolveError<Error>> {
        self.some(x, &self.told)
    }
}

impl<P: Constrained + ?Sized> NonlinearInequalityValues for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Values = Vec<f64>;
    type Error = Error;

    fn nonlinear_inequalities(&self, x: &Vec<f64>) -> Result<Vec<f64>, ConstraintSolveError<Error>> {
        self.some(x, &self.inequalities)
    }
}

impl<P: Constrained + ?Sized> ConstraintJacobian for &Adapter<'_, P> {
    type Param = Vec<f64>;
    type Jacobian = DenseMatrix;
    type Error = Error;

    fn constraint_jacobian(&self, x: &Vec<f64>) -> Result<DenseMatrix, ConstraintSolveError<Error>> {
        let slopes = self.slopes(x).map_err(ConstraintSolveError::Evaluation)?;
        let order: Vec<usize> = self.told.iter().chain(&self.inequalities).copied().collect();
        Ok(DenseMatrix::from_fn(order.len(), x.len(), |i, j| slopes[[order[i], j]]))
    }
}
