//! A logistic regression over rows that processes share, minimised by L-BFGS in each of them:
//!
//! ```text
//! cargo build --release --example logistic_regression
//! mpirun -n 4 target/release/examples/logistic_regression
//! ```
//!
//! The last line is the same on any number of processes, to the last bit.
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::Rng;
use gradsmith::argmin::Solvable;
use gradsmith::ranks::Ranks;
use ndarray::{Array1, Array2, s};

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector), divided(X))]
struct LogisticRegression {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

/// Some of so many rows: what a file would have. Each row has a seed, so that it is the same wherever it is made.
fn rows(range: std::ops::Range<usize>, columns: usize) -> (Array2<f64>, Array1<f64>) {
    let mut X = Array2::zeros((range.len(), columns));
    let mut y = Array1::zeros(range.len());
    for (i, row) in range.enumerate() {
        let mut rng = Rng::new(row as u64);
        X.row_mut(i).mapv_inplace(|_| 2.0 * rng.uniform() - 1.0);
        let score = X.slice(s![i, ..columns / 2]).sum() + rng.uniform() - 0.5;
        y[i] = if score > 0.0 { 1.0 } else { -1.0 };
    }
    (X, y)
}

fn main() {
    gradsmith_mpi::run(|ranks| -> Result<(), Error> {
        let (total, columns) = (100_000, 20);
        let here = ranks.rows(total);
        println!("rank {} of {}: {} of {total} rows", ranks.rank(), ranks.ranks(), here.len());
        let (X, y) = rows(here, columns);
        let problem = LogisticRegression { X, y, lambda: 1e-3 }.prepare_among(ranks)?;

        let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-9)?;
        let result = Executor::new(Solvable::new(problem), solver)
            .configure(|state| state.param(vec![0.0; columns]).max_iters(200))
            .run()?;
        if ranks.rank() == 0 {
            let state = result.state();
            println!("after {} iterations {:e}", state.get_iter(), state.get_best_cost());
        }
        Ok(())
    });
}
