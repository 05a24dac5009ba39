//! A penalty μ Σ |w| has a kink at 0: two roads on which what is not wanted ends there exactly.

use argmin::core::{Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::argmin::Solvable;
use gradsmith::fit::Minimise;
use gradsmith::{Error, Objective};
use ndarray::{Array2, ArrayView2};

#[derive(Clone, Objective)]
#[objective("norm2(X*w - y)^2/(2*len(y))", wrt(w: vector))]
#[allow(non_snake_case, reason = "as in the formula")]
struct Smooth<'a> {
    X: ArrayView2<'a, f64>,
    y: &'a [f64],
}

#[derive(Objective)]
#[objective("norm2(X*(p - q) - y)^2/(2*len(y)) + mu*sum(p + q)", wrt(p: vector, q: vector), bounds(p >= 0, q >= 0))]
#[allow(non_snake_case, reason = "as in the formula")]
struct Split<'a> {
    X: ArrayView2<'a, f64>,
    y: &'a [f64],
    mu: f64,
}

/// By scikit-learn's `Lasso(alpha = 0.1, fit_intercept = False, tol = 1e-14)`.
const KNOWN: [f64; 6] = [2.131_018_74, 0.0, 0.0, -0.688_073_81, 0.0, 0.0];

fn data() -> (Array2<f64>, Vec<f64>) {
    let x = Array2::from_shape_fn((40, 6), |(i, j)| ((i * 7 + j * 13 + 1) as f64 * 1.37).sin());
    let noise = |i: usize| 0.1 * ((i * i) as f64).sin();
    let y = (0..40).map(|i| 2.0 * x[[i, 0]] - x[[i, 3]] + noise(i)).collect();
    (x, y)
}

fn is_known(w: &[f64], within: f64) -> bool {
    w.iter().zip(KNOWN).all(|(w, known)| (w - known).abs() < within && (*w == 0.0) == (known == 0.0))
}

#[test]
fn orthant_wise_search_ends_on_zeros() -> Result<(), argmin::core::Error> {
    let (x, y) = data();
    let problem = Solvable::new(Smooth { X: x.view(), y: &y }.prepare()?);
    // The penalty is the solver's: the problem is smooth.
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10)
        .with_tolerance_grad(1e-10)?
        .with_tolerance_cost(0.0)?
        .with_l1_regularization(0.1)?;
    let found = Executor::new(problem, solver).configure(|s| s.param(vec![0.1; 6]).max_iters(500)).run()?;
    let w = found.state().get_best_param().expect("a point");
    assert!(is_known(w, 1e-6), "{w:?}");
    Ok(())
}

#[test]
fn halves_that_are_bounded_end_on_zeros() -> Result<(), gradsmith::fit::FitError> {
    let (x, y) = data();
    let found = Split { X: x.view(), y: &y, mu: 0.1 }.prepare()?.minimise(&[0.1; 12])?;
    let w: Vec<f64> = (0..6).map(|k| found.x[k] - found.x[k + 6]).collect();
    assert!(is_known(&w, 1e-8), "{w:?}\n{found}");
    Ok(())
}

#[test]
fn both_have_the_same_smooth_part() -> Result<(), Error> {
    let (x, y) = data();
    let w = [0.5, -0.2, 0.0, 0.1, 0.0, 0.3];
    let halves: Vec<f64> =
        w.iter().map(|w| f64::max(*w, 0.0)).chain(w.iter().map(|w| f64::max(-w, 0.0))).collect();
    let smooth = Smooth { X: x.view(), y: &y }.prepare()?.value(&w)?;
    let split = Split { X: x.view(), y: &y, mu: 0.1 }.prepare()?.value(&halves)?;
    let size: f64 = w.iter().map(|w| w.abs()).sum();
    assert!((split - smooth - 0.1 * size).abs() < 1e-14);
    Ok(())
}
