//! An autoregression fitted by maximum likelihood: what a series will do next from its last three values. An
//! index with an offset, `x[t + 2 - k]`, says which values; no matrix of lags is written down, nor built.
//!
//! ```text
//! cargo run --release --features argmin --example autoregression
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use gradsmith::argmin::{GradientTolerance, Solvable};
use ndarray::ArrayView1;
use std::time::Instant;

/// The negative log-likelihood of a value given the three before it, on average and without its constant;
/// the noise has the standard deviation exp(s).
#[derive(gradsmith::Objective)]
#[objective(
    "r = vector[t](x[t+3] - c - sum[k](phi[k]*x[t+2-k])); mean(r.^2)/(2*exp(2*s)) + s",
    wrt(phi: vector[3], c: scalar, s: scalar)
)]
struct Autoregression<'a> {
    x: ArrayView1<'a, f64>,
}

/// By least squares in NumPy: the coefficients' optimum does not depend on the noise, whose variance is the
/// mean square of what is left.
const KNOWN: f64 = -0.004_939_958_230_469_221;

/// A series around 2 with a damped cycle.
fn series(length: usize) -> Vec<f64> {
    let mut noise = data::noise();
    let mut x = vec![2.0; 3];
    while let &[.., third, second, first] = x.as_slice()
        && x.len() < length
    {
        x.push(0.4 + 1.5 * first - 0.6 * second - 0.1 * third + noise());
    }
    x
}

fn main() -> Result<(), Error> {
    let x = series(600);
    println!("{}", Autoregression::DERIVATION);

    let problem = Solvable::new(Autoregression { x: ArrayView1::from(&x) }.prepare()?);
    let start = vec![0.0; 5];

    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-8)?;
    let lbfgs = Executor::new(problem.clone(), solver)
        .configure(|state| state.param(start.clone()).max_iters(200))
        .run()?;
    data::report("L-BFGS", lbfgs.state().get_iter(), time, lbfgs.state().get_best_cost(), KNOWN)?;

    let time = Instant::now();
    let solver = GradientTolerance::new(TrustRegion::new(Steihaug::new().with_max_iters(20)), 1e-8);
    let region = Executor::new(problem.matrix_free(), solver)
        .configure(|state| state.param(start).max_iters(100))
        .run()?;
    let state = region.state();
    data::report("trust region, H v", state.get_iter(), time, state.get_best_cost(), KNOWN)?;

    if let Some([first, second, third, constant, s]) = lbfgs.state().get_best_param().map(Vec::as_slice) {
        println!("x[t] = {constant:.3} + {first:.3} x[t-1] + {second:.3} x[t-2] + {third:.3} x[t-3]");
        println!("noise {:.3}", s.exp());
    }
    Ok(())
}
