//! The log-likelihood of a mixture of two Gaussians, each with its own covariance, for the petals of 150
//! irises: five variables, two of them matrices, and a gradient that is no fun by hand. A precision matrix is
//! `L*L'`, so that nothing has to be kept positive definite; the share of the first is `sigmoid(t)`.
//!
//! ```text
//! cargo run --release --features argmin --example gaussian_mixture
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::argmin::Solvable;
use ndarray::{ArrayView2, s};
use std::time::Instant;

/// `u` and `v` are the logarithms of both densities, without (2π)⁻¹; the last line is -mean(log(exp(u) +
/// exp(v))).
#[derive(gradsmith::Objective)]
#[objective(
    "u = log(sigmoid(t)) + log(det(L)^2)/2 - rowsum(((X - vector(1)*m')*L).^2)/2;
     v = log(sigmoid(-t)) + log(det(R)^2)/2 - rowsum(((X - vector(1)*p')*R).^2)/2;
     log(2*pi) - mean(u + log(1 + exp(v - u)))",
    wrt(t: scalar, m: vector, L: matrix, p: vector, R: matrix)
)]
struct Mixture<'a> {
    X: ArrayView2<'a, f64>,
}

/// By scikit-learn's GaussianMixture(2, reg_covar = 0), expectation and maximisation, from six random starts.
const KNOWN: f64 = 1.039_978_501_837_072;

fn main() -> Result<(), Error> {
    let irises = data::irises();
    let petals = irises.slice(s![.., 2..]);
    // The Hessian of five variables has fifteen blocks; they are left to `Mixture::DERIVATION`.
    println!("{}\n", Mixture::DERIVATION.split("\n\nHessian").next().unwrap_or_default());

    let problem = Solvable::new(Mixture { X: petals }.prepare()?);
    // Equal shares; both round, one small and one large.
    let (small, large, round) = ([2.0, 0.5], [5.0, 1.5], [1.0, 0.0, 0.0, 1.0]);
    let start = [&[0.0][..], &small, &round, &large, &round].concat();

    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-8)?;
    let result =
        Executor::new(problem.clone(), solver).configure(|state| state.param(start).max_iters(500)).run()?;
    let state = result.state();
    data::report("L-BFGS", state.get_iter(), time, state.get_best_cost(), KNOWN)?;

    let best = state.get_best_param().cloned().unwrap_or_default();
    let prepared = problem.problem();
    let share = 1.0 / (1.0 + (-prepared.t(&best)?).exp());
    println!("{:.1} % about {:.3}", 100.0 * share, prepared.m(&best)?);
    println!("{:.1} % about {:.3}", 100.0 * (1.0 - share), prepared.p(&best)?);
    Ok(())
}
