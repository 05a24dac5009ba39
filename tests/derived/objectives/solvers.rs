//! Feature `argmin`: prepared problems in the hands of argmin's solvers.

use crate::checks::{close, matrix, vector};
use argmin::core::{
    CostFunction, Executor, Gradient, Hessian, Jacobian, Operator, State, TerminationReason,
    TerminationStatus,
};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::NewtonCG;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use argmin_math::ArgminDot;
use gradsmith::argmin::{GradientTolerance, Solvable};
use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, ArrayViewMut2};

type Result<T> = std::result::Result<T, argmin::core::Error>;

#[derive(gradsmith::Objective)]
#[objective("100*(x2 - x1^2)^2 + (1 - x1)^2", wrt(x1: scalar, x2: scalar))]
struct Rosenbrock;

#[derive(gradsmith::Objective)]
#[objective("norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", wrt(w: vector))]
struct Ridge {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

#[derive(gradsmith::Objective)]
#[residual("y - p .* exp(-c*t)", wrt(p: scalar, c: scalar))]
#[derive(Clone)]
struct Decay {
    t: [f64; 3],
    y: [f64; 3],
}

#[derive(gradsmith::Objective)]
#[objective("-logdet(X) + tr(X)", wrt(X: matrix))]
struct Barrier;

#[test]
fn solvers_of_first_and_second_order_find_the_minimum() -> Result<()> {
    let search = MoreThuenteLineSearch::<Vec<f64>, Vec<f64>, f64>::new;
    let start = || vec![-1.2, 1.0];
    let problem = || Rosenbrock.prepare().map(Solvable::new);
    let by_lbfgs = Executor::new(problem()?, LBFGS::new(search(), 7))
        .configure(|s| s.param(start()).max_iters(100))
        .run()?;
    let by_newton = Executor::new(problem()?, NewtonCG::new(search()))
        .configure(|s| s.param(start()).max_iters(100))
        .run()?;
    let region = || TrustRegion::new(Steihaug::new().with_max_iters(10));
    let by_region =
        Executor::new(problem()?, region()).configure(|s| s.param(start()).max_iters(100)).run()?;
    let matrix_free = Executor::new(problem()?.matrix_free(), region())
        .configure(|s| s.param(start()).max_iters(100))
        .run()?;
    macro_rules! minimum {
        ($($result:ident)*) => {$(
            let state = $result.state();
            let found = format!("{}: {:?}, {}", stringify!($result), state.get_best_param(), state.get_best_cost());
            assert!(state.get_best_cost() < 1e-4, "{found}");
        )*};
    }
    minimum!(by_lbfgs by_newton by_region matrix_free);
    close(by_lbfgs.state().get_best_param().expect("a point"), &[1.0, 1.0], 1e-6);
    assert_eq!(by_region.state().get_iter(), matrix_free.state().get_iter());
    Ok(())
}

#[test]
fn a_search_ends_where_the_gradient_is_small() -> Result<()> {
    let region = || TrustRegion::new(Steihaug::new().with_max_iters(10));
    let by = |tolerance| -> Result<_> {
        let result = Executor::new(
            Solvable::new(Rosenbrock.prepare()?).matrix_free(),
            GradientTolerance::new(region(), tolerance),
        )
        .configure(|s| s.param(vec![-1.2, 1.0]).max_iters(100))
        .run()?;
        let state = result.state();
        let x = state.get_best_param().cloned().unwrap_or_default();
        let slope = Rosenbrock.prepare()?.gradient(&x)?;
        Ok((state.get_iter(), slope.dot(&slope).sqrt(), state.get_termination_status().clone()))
    };
    let converged = TerminationStatus::Terminated(TerminationReason::SolverConverged);
    let (iterations, slope, status) = by(1e-8)?;
    assert!(iterations < 50 && slope <= 1e-8 && status == converged, "{iterations}, {slope}, {status:?}");
    let (sooner, slope, status) = by(1.0)?;
    assert!(sooner < iterations && slope > 1e-8 && slope <= 1.0 && status == converged);
    let (all, _, status) = by(-1.0)?;
    assert_eq!((all, status), (100, TerminationStatus::Terminated(TerminationReason::MaxItersReached)));
    Ok(())
}

#[test]
fn the_matrices_are_the_problems_own() -> Result<()> {
    let ridge = Ridge { X: matrix(5, 3, 1), y: vector(5, 2), lambda: 0.2 };
    let wanted = ridge.X.t().dot(&ridge.X) + 0.2 * Array2::<f64>::eye(3);
    let problem = Solvable::new(ridge.prepare()?);
    let x = vec![0.1, 0.2, -0.3];
    let hessian = problem.hessian(&x)?;
    close(hessian.iter().flatten(), &wanted, 1e-14);
    let v = vec![1.0, -2.0, 0.5];
    let product = problem.matrix_free().hessian(&x)?.dot(&v);
    close(&product, &hessian.dot(&v), 1e-14);
    assert_eq!(problem.problem().w(&x)?.to_vec(), x);

    let decay = Decay { t: [0.0, 1.0, 2.0], y: [2.0, 1.0, 0.5] };
    let (problem, x) = (Solvable::new(decay.clone().prepare()?), vec![1.5, 0.5]);
    let mut plain = decay.prepare()?;
    assert_eq!(problem.apply(&x)?, plain.residual(&x)?.to_vec());
    let jacobian = problem.jacobian(&x)?;
    close(jacobian.iter().flatten(), &plain.jacobian(&x)?, 0.0);
    Ok(())
}

#[test]
fn errors_come_through() -> Result<()> {
    let problem = Solvable::new(Barrier.prepare(2)?);
    let singular = vec![1.0, 2.0, 2.0, 4.0];
    assert_eq!(problem.cost(&singular)?, f64::INFINITY);
    let error = problem.gradient(&singular).expect_err("singular");
    assert_eq!(error.downcast_ref(), Some(&Error::Singular { expression: "logdet(X)".into() }));
    assert!(problem.hessian(&singular).is_err());
    assert!(problem.matrix_free().hessian(&singular).is_err());
    let short = problem.gradient(&vec![1.0]).expect_err("four entries");
    assert_eq!(short.downcast_ref(), Some(&Error::ParameterLength { expected: 4, found: 1 }));
    let product = problem.matrix_free().hessian(&vec![1.0, 0.0, 0.0, 1.0])?.dot(&vec![1.0]);
    assert!(product.iter().all(|p| p.is_nan()) && product.len() == 4);
    Ok(())
}

/// x², and how often it was asked.
#[derive(Default)]
struct Counted {
    values: usize,
    gradients: usize,
    both: usize,
}

impl Objective for Counted {
    type Scalar = f64;

    fn len(&self) -> usize {
        1
    }

    fn value(&mut self, x: &[f64]) -> std::result::Result<f64, Error> {
        self.values += 1;
        Ok(x[0] * x[0])
    }

    fn gradient_into(&mut self, x: &[f64], gradient: &mut [f64]) -> std::result::Result<(), Error> {
        self.gradients += 1;
        gradient[0] = 2.0 * x[0];
        Ok(())
    }

    fn value_and_gradient_into(
        &mut self,
        x: &[f64],
        gradient: &mut [f64],
    ) -> std::result::Result<f64, Error> {
        self.both += 1;
        gradient[0] = 2.0 * x[0];
        Ok(x[0] * x[0])
    }

    fn hessian_vector_product_into(
        &mut self,
        _: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> std::result::Result<(), Error> {
        out[0] = 2.0 * v[0];
        Ok(())
    }

    fn hessian_into(&mut self, _: &[f64], mut out: ArrayViewMut2<'_, f64>) -> std::result::Result<(), Error> {
        out[[0, 0]] = 2.0;
        Ok(())
    }
}

#[test]
fn value_and_gradient_of_a_point_are_computed_once() -> Result<()> {
    let problem = Solvable::new(Counted::default());
    let calls = |p: &Solvable<Counted>| {
        let p = p.problem();
        (p.values, p.gradients, p.both)
    };
    for x in [1.0, 2.0] {
        let x = vec![x];
        let (cost, gradient) = (problem.cost(&x)?, problem.gradient(&x)?);
        assert_eq!((cost, gradient), (x[0] * x[0], vec![2.0 * x[0]]));
        assert_eq!((problem.gradient(&x)?, problem.cost(&x)?), (vec![2.0 * x[0]], x[0] * x[0]));
    }
    assert_eq!(calls(&problem), (0, 0, 2));
    // A line search that wants values only: one gradient is computed in vain, then no more.
    for x in [3.0, 4.0, 5.0] {
        assert_eq!(problem.cost(&vec![x])?, x * x);
    }
    assert_eq!(calls(&problem), (2, 0, 3));
    // Until one is asked for again.
    assert_eq!(problem.gradient(&vec![5.0])?, [10.0]);
    assert_eq!((problem.cost(&vec![6.0])?, problem.gradient(&vec![6.0])?), (36.0, vec![12.0]));
    assert_eq!(calls(&problem), (2, 0, 5));
    Ok(())
}
