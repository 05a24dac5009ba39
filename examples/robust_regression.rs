//! Robust regression by Huber's loss: the marks of wines by their measurements, where a taster's whim counts
//! by its size and not by its square. The loss is written out in the formula; its kinks need no care.
//!
//! ```text
//! cargo run --release --features argmin --example robust_regression
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use gradsmith::argmin::{GradientTolerance, Solvable};
use ndarray::{ArrayView1, ArrayView2, aview1};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective(
    "r = X*w - y; mean(where(abs(r) <= delta, r.^2/2, delta*(abs(r) - delta/2)))",
    wrt(w: vector)
)]
struct Huber<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    delta: f64,
}

/// By SciPy's `least_squares(loss = "huber")`, and by its BFGS.
const KNOWN: f64 = 0.151_376_010_405_664_06;

fn main() -> Result<(), Error> {
    let (x, y) = data::wines();
    let X = data::with_ones(&data::standardised(&x));
    let delta = 0.5;
    println!("{}", Huber::DERIVATION);

    let problem = Solvable::new(Huber { X: X.view(), y: y.view(), delta }.prepare()?);
    let start = vec![0.0; X.ncols()];

    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-8)?;
    let lbfgs = Executor::new(problem.clone(), solver)
        .configure(|state| state.param(start.clone()).max_iters(200))
        .run()?;
    data::report("L-BFGS", lbfgs.state().get_iter(), time, lbfgs.state().get_best_cost(), KNOWN)?;

    let time = Instant::now();
    let solver = GradientTolerance::new(TrustRegion::new(Steihaug::new().with_max_iters(20)), 1e-8);
    let region = Executor::new(problem.matrix_free(), solver)
        .configure(|state| state.param(start).max_iters(200))
        .run()?;
    data::report(
        "trust region, H v",
        region.state().get_iter(),
        time,
        region.state().get_best_cost(),
        KNOWN,
    )?;

    let w = lbfgs.state().get_best_param().cloned().unwrap_or_default();
    let far = (X.dot(&aview1(&w)) - &y).iter().filter(|r| r.abs() > delta).count();
    println!(
        "{far} of {} wines are further than {delta} from their mark, and pull no harder for it",
        y.len()
    );
    Ok(())
}
