//! Feature `argmin`: searches that step out of an objective's domain step back into it.

use crate::checks::close;
use argmin::core::{CostFunction, Executor, Gradient, Hessian, Jacobian, Operator, State};
use argmin::solver::gaussnewton::{GaussNewton, GaussNewtonLS};
use argmin::solver::gradientdescent::SteepestDescent;
use argmin::solver::linesearch::condition::ArmijoCondition;
use argmin::solver::linesearch::{BacktrackingLineSearch, HagerZhangLineSearch, MoreThuenteLineSearch};
use argmin::solver::neldermead::NelderMead;
use argmin::solver::newton::{Newton, NewtonCG};
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{CauchyPoint, Steihaug, TrustRegion};
use gradsmith::argmin::Solvable;
use gradsmith::{Error, Objective};
use ndarray::{Array1, Array2, arr2, array};

type Result<T> = std::result::Result<T, argmin::core::Error>;

/// The likelihood of a covariance, at its least at A = S. It has no value where A is not positive definite.
#[derive(gradsmith::Objective, Clone)]
#[objective("tr(S*inv(A)) + logdet(A)", wrt(A: symmetric matrix))]
struct Covariance {
    S: Array2<f64>,
}

/// A barrier: NaN outside of A x < b.
#[derive(gradsmith::Objective, Clone)]
#[objective("-sum(log(b - A*x)) + c'*x", wrt(x: vector))]
struct Barrier {
    A: Array2<f64>,
    b: Array1<f64>,
    c: Array1<f64>,
}

/// The same logarithms in single precision.
#[derive(gradsmith::Objective, Clone)]
#[objective("sum(x) - sum(log(x - l))", wrt(x: vector))]
struct Single {
    l: [f32; 3],
}

fn covariance() -> Covariance {
    Covariance { S: arr2(&[[0.1, 0.02, 0.0], [0.02, 0.08, -0.01], [0.0, -0.01, 0.12]]) }
}

fn barrier() -> Barrier {
    let A = arr2(&[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [1.0, 1.0]]);
    Barrier { A, b: array![1.0, 2.0, 1.5, 0.5, 1.2], c: array![3.0, -1.0] }
}

/// Where Newton's method with a halved step ends that has been inside all along.
fn centre() -> std::result::Result<Vec<f64>, Error> {
    let mut problem = barrier().prepare()?;
    let mut x = vec![0.0, 0.0];
    for _ in 0..60 {
        let (g, h) = (problem.gradient(&x)?, problem.hessian(&x)?);
        let det = h[[0, 0]] * h[[1, 1]] - h[[0, 1]] * h[[1, 0]];
        let step = [(h[[1, 1]] * g[0] - h[[0, 1]] * g[1]) / det, (h[[0, 0]] * g[1] - h[[1, 0]] * g[0]) / det];
        let mut t = 1.0;
        let moved = |t: f64| vec![x[0] - t * step[0], x[1] - t * step[1]];
        while problem.value(&moved(t)).map_or(true, |v| !v.is_finite()) {
            t /= 2.0;
        }
        x = moved(t);
    }
    Ok(x)
}

/// Whether the first step of length 1 against the gradient leads out of the domain.
fn outside(covariance: &Covariance, start: &[f64]) -> std::result::Result<bool, Error> {
    let mut problem = covariance.clone().prepare()?;
    let gradient = problem.gradient(start)?;
    let moved: Vec<f64> = start.iter().zip(&gradient).map(|(x, g)| x - g).collect();
    Ok(problem.value(&moved).is_err())
}

fn more_thuente() -> MoreThuenteLineSearch<Vec<f64>, Vec<f64>, f64> {
    MoreThuenteLineSearch::new()
}

fn hager_zhang() -> HagerZhangLineSearch<Vec<f64>, Vec<f64>, f64> {
    HagerZhangLineSearch::new()
}

fn backtracking() -> BacktrackingLineSearch<Vec<f64>, Vec<f64>, ArmijoCondition<f64>, f64> {
    BacktrackingLineSearch::new(ArmijoCondition::new(1e-4).expect("a fraction")).rho(0.5).expect("a fraction")
}

/// Runs each solver and compares where it ends.
macro_rules! all_find {
    ($problem:expr, $start:expr, $wanted:expr, $tolerance:expr, $($name:literal: $solver:expr, $iterations:expr;)*) => {$(
        let result = Executor::new($problem, $solver)
            .configure(|s| s.param($start).max_iters($iterations))
            .run()
            .unwrap_or_else(|e| panic!("{}: {e}", $name));
        let state = result.state();
        // Newton's method knows no cost, and so no best point.
        let found = state.get_best_param().or(state.get_param()).expect("a point");
        let far = found.iter().zip($wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let why = state.get_termination_status();
        assert!(far <= $tolerance, "{}: {found:?}, off by {far:e}: {why}", $name);
    )*};
}

#[test]
fn a_search_goes_on_where_a_logarithm_of_a_determinant_ends() -> Result<()> {
    let wanted = covariance().S.into_iter().collect::<Vec<_>>();
    // No farther than that: where two eigenvalues are negative the determinant is positive again.
    let hager_zhang = || hager_zhang().with_bounds(f64::EPSILON, 2.0).expect("an interval");
    // The gradient at S + t e e' is t (A⁻¹e)(A⁻¹e)': a step of length 1 along it leaves one eigenvalue negative.
    for (axis, t) in [(0, 0.2), (1, 0.15), (2, 0.5)] {
        let mut start = wanted.clone();
        start[4 * axis] += t;
        assert!(outside(&covariance(), &start)?);
        let problem = || covariance().prepare().map(Solvable::new).expect("shapes that fit");
        all_find!(
            problem(), start.clone(), &wanted, 1e-4,
            "L-BFGS, More-Thuente": LBFGS::new(more_thuente(), 7), 100;
            "L-BFGS, Hager-Zhang": LBFGS::new(hager_zhang(), 7), 100;
            "L-BFGS, backtracking": LBFGS::new(backtracking(), 7), 100;
            "Newton-CG, More-Thuente": NewtonCG::new(more_thuente()), 100;
            "trust region": TrustRegion::new(Steihaug::new().with_max_iters(20)), 200;
        );
    }
    Ok(())
}

#[test]
fn a_search_goes_on_where_a_barrier_is_no_number() -> Result<()> {
    let wanted = centre()?;
    for start in [[0.0, 0.0], [0.999, -0.49], [-1.999, 1.499]] {
        let problem = || barrier().prepare().map(Solvable::new).expect("shapes that fit");
        all_find!(
            problem(), start.to_vec(), &wanted, 1e-5,
            "L-BFGS, More-Thuente": LBFGS::new(more_thuente(), 7), 100;
            "L-BFGS, Hager-Zhang": LBFGS::new(hager_zhang(), 7), 100;
            "L-BFGS, backtracking": LBFGS::new(backtracking(), 7), 100;
            "Newton-CG, More-Thuente": NewtonCG::new(more_thuente()), 100;
            "Newton-CG, Hager-Zhang": NewtonCG::new(hager_zhang()), 100;
            "trust region": TrustRegion::new(Steihaug::new().with_max_iters(20)), 200;
            "trust region, Cauchy": TrustRegion::new(CauchyPoint::new()), 2000;
            "steepest descent, More-Thuente": SteepestDescent::new(more_thuente()), 1000;
            "Newton": Newton::new().with_gamma(0.3).expect("a fraction"), 200;
        );
        // It never ends by itself, and goes on to divide 0 by 0 where it is done.
        all_find!(
            problem(), start.to_vec(), &wanted, 1e-4,
            "steepest descent, Hager-Zhang": SteepestDescent::new(hager_zhang()), 22;
        );
        let simplex = vec![start.to_vec(), vec![start[0] + 1.0, start[1]], vec![start[0], start[1] + 1.0]];
        let result =
            Executor::new(problem(), NelderMead::new(simplex)).configure(|s| s.max_iters(300)).run()?;
        close(result.state().get_best_param().expect("a point"), &wanted, 1e-5);
    }
    Ok(())
}

/// Exactly the error of the matrix or the number that is at fault.
fn named<R>(result: Result<R>, expected: &Error) {
    let error = result.map(drop).expect_err("no start inside the domain");
    assert_eq!(error.downcast_ref(), Some(expected), "{error}");
}

#[test]
fn a_search_that_starts_outside_says_of_what() -> Result<()> {
    let matrix = Error::NotPositiveDefinite { expression: "logdet(A)".into() };
    let start = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0];
    let problem = || covariance().prepare().map(Solvable::new).expect("shapes that fit");
    let run = |s: LBFGS<_, Vec<f64>, Vec<f64>, f64>| {
        Executor::new(problem(), s).configure(|s| s.param(start.clone()).max_iters(9)).run()
    };
    named(run(LBFGS::new(more_thuente(), 7)), &matrix);
    let newton = Executor::new(problem(), NewtonCG::new(more_thuente()));
    named(newton.configure(|s| s.param(start.clone()).max_iters(9)).run(), &matrix);
    let region = Executor::new(problem(), TrustRegion::new(Steihaug::new()));
    named(region.configure(|s| s.param(start.clone()).max_iters(9)).run(), &matrix);
    let simplex = NelderMead::new(vec![start.clone(), vec![0.0; 9]]);
    named(Executor::new(problem(), simplex).configure(|s| s.max_iters(2000)).run(), &matrix);
    // A clone begins a search of its own, whatever the one before has seen.
    let first = problem();
    assert!(first.cost(&covariance().S.into_iter().collect())?.is_finite());
    assert_eq!(first.cost(&start)?, f64::INFINITY);
    named(first.clone().gradient(&start), &matrix);
    Ok(())
}

#[test]
fn outside_is_for_turning_back_not_for_going_on() -> Result<()> {
    let problem = Solvable::new(barrier().prepare()?);
    let (inside, out) = (vec![0.0, 0.0], vec![2.0, 0.0]);
    let at_start = problem.cost(&inside)?;
    // To one that looks at values alone, +∞.
    assert_eq!(problem.cost(&out)?, f64::INFINITY);
    assert_eq!(problem.cost(&vec![3.0, 0.0])?, f64::INFINITY);
    // To one that asks for slopes, more than inside, and upwards.
    let slope = problem.gradient(&inside)?;
    close(&slope, &[3.0 + 1.0 - 0.5 + 1.0 / 1.2, -1.0 + 1.0 / 1.5 - 2.0 + 1.0 / 1.2], 1e-15);
    assert_eq!(problem.cost(&inside)?, at_start);
    let told = problem.cost(&out)?;
    assert!(told > at_start && told.is_finite(), "{told}");
    assert!(problem.gradient(&out)?[0] > 0.0);
    // Who asks again, or for the Hessian, is there to stay.
    for _ in 0..2 {
        let error = problem.gradient(&out).expect_err("there is none");
        assert!(matches!(error.downcast_ref(), Some(Error::NonFinite { .. })), "{error}");
        assert!(problem.hessian(&out).is_err() && problem.matrix_free().hessian(&out).is_err());
    }
    // Who asks for a gradient first cannot turn back.
    assert!(problem.gradient(&vec![0.0, 7.0]).is_err());
    assert!(problem.gradient(&inside).is_ok());
    Ok(())
}

/// As some line searches of argmin come to, which divide by 0.
#[test]
fn a_point_that_is_no_number_is_outside_too() -> Result<()> {
    let problem = Solvable::new(barrier().prepare()?);
    let (inside, nowhere) = (vec![0.0, 0.0], vec![0.0, f64::NAN]);
    problem.cost(&inside)?;
    assert_eq!(problem.cost(&nowhere)?, f64::INFINITY);
    let error = problem.gradient(&nowhere).expect_err("no number");
    assert_eq!(error.to_string(), "`x` is NaN at [1]");
    problem.gradient(&inside)?;
    Ok(())
}

#[test]
fn single_precision_finds_its_way_back_too() -> Result<()> {
    let problem = || Single { l: [1.0, -2.0, 100.0] }.prepare().map(Solvable::new).expect("shapes that fit");
    let search = MoreThuenteLineSearch::<Vec<f32>, Vec<f32>, f32>::new();
    let result = Executor::new(problem(), LBFGS::new(search, 7))
        .configure(|s| s.param(vec![1.1, -1.9, 100.3]).max_iters(100))
        .run()?;
    let found = result.state().get_best_param().expect("a point").iter().map(|&x| f64::from(x));
    close(&found.collect::<Vec<_>>(), &[2.0, -1.0, 101.0], 1e-3);
    Ok(())
}

/// NIST's DanWood: energy radiated by a carbon filament lamp at a temperature.
#[derive(gradsmith::Objective, Clone)]
#[residual("y - p .* x.^q", wrt(p: scalar, q: scalar))]
struct DanWood {
    x: [f64; 6],
    y: [f64; 6],
}

const DAN_WOOD: DanWood =
    DanWood { x: [1.309, 1.471, 1.490, 1.565, 1.611, 1.680], y: [2.138, 3.421, 3.597, 4.340, 4.882, 5.660] };

/// The parameters that NIST certifies.
const CERTIFIED: [f64; 2] = [7.688_622_617_6e-1, 3.860_405_587_1];

#[test]
fn gauss_newton_finds_the_certified_parameters() -> Result<()> {
    for start in [[1.0, 5.0], [0.7, 4.0]] {
        let problem = || DAN_WOOD.prepare().map(Solvable::new).expect("shapes that fit");
        all_find!(
            problem(), start.to_vec(), &CERTIFIED, 1e-8,
            "Gauss-Newton": GaussNewton::new().with_tolerance(1e-14).expect("a tolerance"), 50;
            "Gauss-Newton, backtracking": GaussNewtonLS::new(backtracking()).with_tolerance(1e-14).expect("a tolerance"), 50;
        );
    }
    Ok(())
}

/// A residual with an end of its domain: p > 0.
#[derive(gradsmith::Objective, Clone)]
#[residual("y - log(p*t)", wrt(p: scalar))]
struct Logarithm {
    t: [f64; 3],
    y: [f64; 3],
}

#[test]
fn gauss_newton_turns_back_or_says_where_it_is() -> Result<()> {
    // From p = 10 the full step is to 10 - 10 log(10).
    let problem = || Logarithm { t: [1.0; 3], y: [0.0; 3] }.prepare().map(Solvable::new).expect("shapes");
    let plain =
        Executor::new(problem(), GaussNewton::new()).configure(|s| s.param(vec![10.0]).max_iters(20)).run();
    let error = plain.map(drop).expect_err("it has no line search");
    assert!(matches!(error.downcast_ref(), Some(Error::NonFinite { .. })), "{error}");
    all_find!(
        problem(), vec![10.0], &[1.0], 1e-6,
        "backtracking": GaussNewtonLS::new(backtracking()), 50;
    );
    let (start, inside) = (vec![-1.0], vec![2.0]);
    let problem = problem();
    assert!(problem.apply(&start).is_err() && problem.jacobian(&start).is_err());
    assert!(problem.apply(&inside)?.iter().all(|r| r.is_finite()));
    assert_eq!(problem.apply(&start)?, [f64::INFINITY; 3]);
    let singular = Executor::new(Solvable::new(Flat { y: [1.0, 2.0] }.prepare()?), GaussNewton::new());
    named(
        singular.configure(|s| s.param(vec![0.5, 0.5]).max_iters(5)).run(),
        &Error::Singular { expression: "inv(J'*J)".into() },
    );
    Ok(())
}

/// Two parameters of which only the sum counts.
#[derive(gradsmith::Objective)]
#[residual("y - (p + q)", wrt(p: scalar, q: scalar))]
struct Flat {
    y: [f64; 2],
}
