//! Non-negative least squares with a solver of one's own: thirty lines of accelerated projected gradient,
//! which ask a prepared problem for nothing but gradients, and for Hessian-vector products to find the step
//! length.
//!
//! ```text
//! cargo run --release --features argmin --example nonnegative_least_squares
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::{Error, Objective};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective("mean((X*w - y).^2)/2", wrt(w: vector))]
struct LeastSquares<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

/// By SciPy's `nnls` (Lawson and Hanson's active sets).
const KNOWN: f64 = 0.232_603_089_263_427_65;

/// The largest eigenvalue of a convex quadratic's Hessian, by power iteration.
fn curvature(problem: &mut impl Objective<Scalar = f64>) -> Result<f64, Error> {
    let (x, mut v) = (vec![0.0; problem.len()], Array1::ones(problem.len()));
    let mut norm = 0.0;
    for _ in 0..100 {
        v = problem.hessian_vector_product(&x, &v.to_vec())?;
        norm = v.dot(&v).sqrt();
        v /= norm;
    }
    Ok(norm)
}

/// Beck and Teboulle's FISTA, restarted where it turns uphill: a gradient step, cut off at 0, with momentum.
fn minimise(problem: &mut impl Objective<Scalar = f64>) -> Result<(Vec<f64>, u64), Error> {
    let step = 1.0 / (1.01 * curvature(problem)?);
    let n = problem.len();
    let (mut w, mut ahead, mut gradient, mut t) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], 1.0_f64);
    for iteration in 1..100_000 {
        problem.gradient_into(&ahead, &mut gradient)?;
        let next: Vec<f64> = ahead.iter().zip(&gradient).map(|(w, g)| (w - step * g).max(0.0)).collect();
        let uphill: f64 = (0..n).map(|k| (ahead[k] - next[k]) * (next[k] - w[k])).sum();
        let moved = (0..n).fold(0.0, |m: f64, k| m.max((next[k] - w[k]).abs()));
        let after = if uphill > 0.0 { 1.0 } else { 0.5 + (0.25 + t * t).sqrt() };
        let momentum = if uphill > 0.0 { 0.0 } else { (t - 1.0) / after };
        ahead = next.iter().zip(&w).map(|(next, w)| next + momentum * (next - w)).collect();
        (w, t) = (next, after);
        if moved < 1e-10 {
            return Ok((w, iteration));
        }
    }
    Ok((w, 100_000))
}

fn main() -> Result<(), argmin::core::Error> {
    // Each measurement scaled to 0 to 1, and a constant: which of them raise a wine's mark?
    let (x, y) = data::wines();
    let least = x.map_axis(Axis(0), |column| column.iter().copied().fold(f64::INFINITY, f64::min));
    let most = x.map_axis(Axis(0), |column| column.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let X = data::with_ones(&((x - &least) / (most - &least)));
    println!("{}", LeastSquares::DERIVATION);

    let time = Instant::now();
    let mut problem = LeastSquares { X: X.view(), y: y.view() }.prepare()?;
    let (w, iterations) = minimise(&mut problem)?;
    data::report("projected gradient", iterations, time, problem.value(&w)?, KNOWN)?;

    let names = ["fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides"];
    let names =
        [&names[..], &["free SO2", "SO2", "density", "pH", "sulphates", "alcohol", "constant"]].concat();
    for (name, w) in names.iter().zip(&w).filter(|(_, w)| **w > 0.0) {
        println!("  {w:6.3}  {name}");
    }
    Ok(())
}
