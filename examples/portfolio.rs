//! A portfolio: the least variance for a return that is asked for, all of the money spent, and no more than two fifths
//! of it on anything.
//!
//! ```text
//! cargo run --release --features fit --example portfolio
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::fit::Minimise;
use ndarray::{ArrayView1, ArrayView2, array};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective(
    "w'*S*w/2",
    wrt(w: vector[n]),
    data(S: symmetric matrix[n, n], m: vector[n]),
    bounds(0 <= w <= most),
    st("sum(w) == 1", "m'*w >= asked")
)]
struct Portfolio<'a> {
    /// Covariances of the returns, and their means.
    S: ArrayView2<'a, f64>,
    m: ArrayView1<'a, f64>,
    most: f64,
    asked: f64,
}

/// By SciPy's `minimize(method = "SLSQP")`.
const KNOWN: f64 = 0.009_550_446_186_835_523;

fn main() -> Result<(), argmin::core::Error> {
    let m = array![0.08, 0.12, 0.10, 0.07, 0.15];
    let factor = array![
        [0.15, 0.00, 0.00, 0.00, 0.00],
        [0.06, 0.20, 0.00, 0.00, 0.00],
        [0.04, 0.05, 0.16, 0.00, 0.00],
        [0.01, 0.02, 0.03, 0.10, 0.00],
        [0.08, 0.10, 0.06, 0.02, 0.25]
    ];
    let S = factor.dot(&factor.t());
    println!("{}", Portfolio::DERIVATION);

    let time = Instant::now();
    let mut problem = Portfolio { S: S.view(), m: m.view(), most: 0.4, asked: 0.11 }.prepare()?;
    let minimum = problem.minimise(&[0.2; 5])?;
    data::report("SLSQP", minimum.evaluations[1] as u64, time, minimum.value, KNOWN)?;
    println!("{minimum}");

    // What one more hundredth of return costs is the multiplier of its row.
    println!("dV/dasked = {:.6}", minimum.multipliers[1]);
    Ok(())
}
