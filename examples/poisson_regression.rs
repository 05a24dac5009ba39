//! Poisson regression with an offset and an elastic net: counts whose logarithm is linear, in time at risk that differs, and
//! coefficients of which the useless ones are exactly 0.
//!
//! |w| has a kink at 0, where a smooth solver stops only nearly. With w = p - q and p, q ≥ 0 it is p + q, and a bound is a
//! bound: what is not wanted ends on it.
//!
//! ```text
//! cargo run --release --features fit --example poisson_regression
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::fit::Minimise;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use std::time::Instant;

#[derive(gradsmith::Objective)]
#[objective(
    "z = X*(p - q) + c + offset;
     mean(exp(z) - y .* z) + l1*sum(p + q) + l2/2*norm2(p - q)^2",
    wrt(p: vector, q: vector, c: scalar),
    bounds(p >= 0, q >= 0)
)]
struct Counts<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    offset: ArrayView1<'a, f64>,
    l1: f64,
    l2: f64,
}

/// By SciPy's L-BFGS-B on the same.
const KNOWN: f64 = -6.337_368_229_083_599;

fn main() -> Result<(), argmin::core::Error> {
    let mut uniform = data::uniform();
    let X = Array2::from_shape_simple_fn((120, 6), || 2.0 * uniform());
    let offset = Array1::from_shape_simple_fn(120, || (5.5 + 9.0 * uniform()).ln());
    let made_with = Array1::from(vec![0.8, -0.5, 0.0, 0.0, 0.3, 0.0]);
    let y = (X.dot(&made_with) + &offset).mapv(|z| (z.exp() * (1.0 + uniform())).floor());

    let time = Instant::now();
    let mut problem =
        Counts { X: X.view(), y: y.view(), offset: offset.view(), l1: 0.5, l2: 0.05 }.prepare()?;
    let found = problem.minimise(&[0.0; 13])?;
    data::report("SLSQP", found.evaluations[1] as u64, time, found.value, KNOWN)?;
    for (k, (p, q)) in found.x.iter().zip(found.x.iter().skip(6)).take(6).enumerate() {
        println!("w[{k}] = {:9.6} (made with {})", p - q, made_with[k]);
    }
    let zeros = (0..6).filter(|&k| found.x[k] == 0.0 && found.x[k + 6] == 0.0).count();
    println!("{zeros} of 6 are exactly 0");
    Ok(())
}
