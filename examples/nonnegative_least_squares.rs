//! Non-negative least squares: `bounds(w >= 0)` beside the formula, and the solver has all it needs.
//!
//! ```text
//! cargo run --release --features fit --example nonnegative_least_squares
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::fit::Minimise;
use ndarray::{ArrayView1, ArrayView2, Axis};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective("mean((X*w - y).^2)/2", wrt(w: vector), bounds(w >= 0))]
struct LeastSquares<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

/// By SciPy's `nnls` (Lawson and Hanson's active sets).
const KNOWN: f64 = 0.232_603_089_263_427_65;

fn main() -> Result<(), argmin::core::Error> {
    // Each measurement scaled to 0 to 1, and a constant: which of them raise a wine's mark?
    let (x, y) = data::wines();
    let least = x.map_axis(Axis(0), |column| column.iter().copied().fold(f64::INFINITY, f64::min));
    let most = x.map_axis(Axis(0), |column| column.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let X = data::with_ones(&((x - &least) / (most - &least)));

    let time = Instant::now();
    let mut problem = LeastSquares { X: X.view(), y: y.view() }.prepare()?;
    let minimum = problem.minimise(&[1.0; 12])?;
    data::report("SLSQP", minimum.evaluations[1] as u64, time, minimum.value, KNOWN)?;

    let names = ["fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides"];
    let names =
        [&names[..], &["free SO2", "SO2", "density", "pH", "sulphates", "alcohol", "constant"]].concat();
    for (name, w) in names.iter().zip(&minimum.x).filter(|(_, w)| **w > 0.0) {
        println!("  {w:6.3}  {name}");
    }
    Ok(())
}
