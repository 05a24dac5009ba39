//! A support vector machine by its dual: two kinds of iris, a Gaussian kernel, one equation, and a box.
//!
//! ```text
//! cargo run --release --features fit --example support_vector_machine
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::fit::Minimise;
use ndarray::{Array1, ArrayView1, ArrayView2, s};
use std::time::Instant;

/// Multipliers `a` of the points `X` with the signs `t`; `c` says how dear a point on the wrong side is.
#[derive(gradsmith::Objective)]
#[objective(
    "K = matrix[i, j](exp(-g*sum[k]((X[i, k] - X[j, k])^2)));
     (t .* a)'*K*(t .* a)/2 - sum(a)",
    wrt(a: vector),
    bounds(0 <= a <= c),
    st("t'*a == 0")
)]
struct Dual<'a> {
    X: ArrayView2<'a, f64>,
    t: ArrayView1<'a, f64>,
    g: f64,
    c: f64,
}

/// By scikit-learn's `SVC(kernel = "rbf", gamma = 0.5, C = 1, tol = 1e-12)`: the dual's value, and its intercept.
const KNOWN: f64 = -18.423_154_120_546_627;
const INTERCEPT: f64 = 0.123_692_12;

fn main() -> Result<(), argmin::core::Error> {
    // Versicolor and virginica, which no plane separates.
    let X = data::irises().slice(s![50.., ..]).to_owned();
    let t: Array1<f64> = (0..100).map(|k| if k < 50 { -1.0 } else { 1.0 }).collect();
    println!("{}", Dual::DERIVATION);

    let time = Instant::now();
    let mut problem = Dual { X: X.view(), t: t.view(), g: 0.5, c: 1.0 }.prepare()?;
    let minimum = problem.minimise(&[0.0; 100])?;
    data::report("SLSQP", minimum.evaluations[1] as u64, time, minimum.value, KNOWN)?;

    // The multiplier of the equation is the intercept.
    let intercept = minimum.multipliers[0];
    println!("intercept {intercept:.8} (known {INTERCEPT:.8})");
    let kernel = |i: usize, j: usize| {
        let apart: f64 = X.row(i).iter().zip(X.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
        (-0.5 * apart).exp()
    };
    let side = |i: usize| (0..100).map(|j| t[j] * minimum.x[j] * kernel(i, j)).sum::<f64>() + intercept;
    let right = (0..100).filter(|&i| side(i) * t[i] > 0.0).count();
    let support = minimum.x.iter().filter(|a| **a > 1e-8).count();
    println!("{support} support vectors, {right} of 100 on the right side");
    if (intercept - INTERCEPT).abs() > 1e-6 {
        return Err(argmin::core::Error::msg("another intercept"));
    }
    Ok(())
}
