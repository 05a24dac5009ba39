//! Logistic regression: which red wines get a mark of 6 or better? Gradient, Hessian and Hessian-vector
//! product come from one line; argmin's solvers do the rest: L-BFGS by gradients, Newton-CG by the Hessian as
//! a matrix, a trust region by Hessian-vector products alone.
//!
//! ```text
//! cargo run --release --features argmin --example logistic_regression
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::NewtonCG;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use gradsmith::argmin::{GradientTolerance, Solvable};
use ndarray::{ArrayView1, ArrayView2, aview1};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct LogisticRegression<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    lambda: f64,
}

/// By SciPy's trust-exact, and by scikit-learn's LogisticRegression(C = 1/(n lambda)).
const KNOWN: f64 = 0.526_593_594_752_023_5;

fn main() -> Result<(), Error> {
    let (x, marks) = data::wines();
    let X = data::with_ones(&data::standardised(&x));
    let y = marks.mapv(|mark| if mark >= 6.0 { 1.0 } else { -1.0 });
    println!("{}", LogisticRegression::DERIVATION);

    let prepared = LogisticRegression { X: X.view(), y: y.view(), lambda: 0.01 }.prepare()?;
    let problem = Solvable::new(prepared);
    let start = vec![0.0; X.ncols()];

    let (time, search) = (Instant::now(), MoreThuenteLineSearch::new());
    let lbfgs = Executor::new(problem.clone(), LBFGS::new(search, 10).with_tolerance_grad(1e-8)?)
        .configure(|state| state.param(start.clone()).max_iters(100))
        .run()?;
    data::report("L-BFGS", lbfgs.state().get_iter(), time, lbfgs.state().get_best_cost(), KNOWN)?;

    let (time, search) = (Instant::now(), MoreThuenteLineSearch::new());
    let newton = Executor::new(problem.clone(), NewtonCG::new(search).with_tolerance(1e-10)?)
        .configure(|state| state.param(start.clone()).max_iters(100))
        .run()?;
    data::report("Newton-CG", newton.state().get_iter(), time, newton.state().get_best_cost(), KNOWN)?;

    let time = Instant::now();
    let solver = GradientTolerance::new(TrustRegion::new(Steihaug::new().with_max_iters(12)), 1e-8);
    let region = Executor::new(problem.matrix_free(), solver)
        .configure(|state| state.param(start).max_iters(100))
        .run()?;
    data::report(
        "trust region, H v",
        region.state().get_iter(),
        time,
        region.state().get_best_cost(),
        KNOWN,
    )?;

    let w = lbfgs.state().get_best_param().cloned().unwrap_or_default();
    let right = X.dot(&aview1(&w)).iter().zip(&y).filter(|(score, y)| **score * **y > 0.0).count();
    println!("{right} of {} wines on the right side", y.len());
    Ok(())
}
