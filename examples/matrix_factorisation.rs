//! Matrix factorisation with missing entries: eleven measurements of 1599 wines, a fifth of them hidden, as
//! the product of two thin matrices. Once with a mask `W` that is 1 where an entry is known, once by a list of
//! the known entries, as ratings come: who, what, how much. Both are the same function.
//!
//! ```text
//! cargo run --release --features argmin --example matrix_factorisation
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::argmin::Solvable;
use gradsmith::{Objective, Rng};
use ndarray::{Array2, ArrayView1, ArrayView2};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective(
    "norm2(W .* (X - U*V'))^2/2 + lambda/2 * (norm2(U)^2 + norm2(V)^2)",
    wrt(U: matrix[n, 3], V: matrix[d, 3])
)]
struct Factorisation<'a> {
    X: ArrayView2<'a, f64>,
    W: ArrayView2<'a, f64>,
    lambda: f64,
}

/// The same by the list of what is known: `x[k]` stands in row `p[k]`, column `q[k]`.
#[derive(gradsmith::Objective)]
#[objective(
    "sum[k]((x[k] - dot(U[p[k], :], V[q[k], :]))^2)/2 + lambda/2 * (norm2(U)^2 + norm2(V)^2)",
    wrt(U: matrix[n, 3], V: matrix[d, 3])
)]
struct Ratings<'a> {
    x: ArrayView1<'a, f64>,
    p: ArrayView1<'a, usize>,
    q: ArrayView1<'a, usize>,
    lambda: f64,
}

/// By alternating least squares in NumPy, from four random starts.
const KNOWN: f64 = 2_813.052_009_660;

fn main() -> Result<(), Error> {
    let X = data::standardised(&data::wines().0);
    let known = |i: usize, j: usize| !(3 * i + 7 * j).is_multiple_of(5);
    let W = Array2::from_shape_fn(X.dim(), |(i, j)| f64::from(u8::from(known(i, j))));
    println!("{}", Factorisation::DERIVATION);

    let prepared = Factorisation { X: X.view(), W: W.view(), lambda: 1.0 }.prepare()?;
    let mut rng = Rng::new(1);
    let start: Vec<f64> = (0..prepared.len()).map(|_| 0.1 * rng.normal()).collect();
    let problem = Solvable::new(prepared);

    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 20).with_tolerance_grad(1e-4)?;
    let result = Executor::new(problem.clone(), solver)
        .configure(|state| state.param(start.clone()).max_iters(2000))
        .run()?;
    let state = result.state();
    data::report("L-BFGS, a mask", state.get_iter(), time, state.get_best_cost(), KNOWN)?;

    let (mut x, mut p, mut q) = (Vec::new(), Vec::new(), Vec::new());
    for ((i, j), &value) in X.indexed_iter().filter(|&((i, j), _)| known(i, j)) {
        x.push(value);
        p.push(i);
        q.push(j);
    }
    let (x, p, q) = (x.as_slice().into(), p.as_slice().into(), q.as_slice().into());
    // The list does not say how many rows and columns there are.
    let ratings = Ratings { x, p, q, lambda: 1.0 }.prepare(X.nrows(), X.ncols())?;
    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 20).with_tolerance_grad(1e-4)?;
    let listed = Executor::new(Solvable::new(ratings), solver)
        .configure(|state| state.param(start).max_iters(2000))
        .run()?;
    let listed = listed.state();
    data::report("L-BFGS, a list", listed.get_iter(), time, listed.get_best_cost(), KNOWN)?;

    // The hidden entries as the factors predict them: columns have mean 0, so predicting the mean would be
    // off by 1.
    let best = state.get_best_param().cloned().unwrap_or_default();
    let prepared = problem.problem();
    let rest = &X - &prepared.U(&best)?.dot(&prepared.V(&best)?.t());
    let hidden = W.mapv(|w| 1.0 - w);
    let error = ((&hidden * &rest * &rest).sum() / hidden.sum()).sqrt();
    println!("root mean square error of the hidden entries: {error:.3}");
    Ok(())
}
