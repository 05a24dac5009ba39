//! Logistic regression with a weight for each example, and what the data say of each coefficient: standard errors by the
//! Hessian of the negative log-likelihood.
//!
//! ```text
//! cargo run --release --features fit --example weighted_logistic_regression
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use gradsmith::fit::likelihood;
use ndarray::{ArrayView1, ArrayView2, s};
use std::time::Instant;

/// Σ k (log(1 + eᶻ) - y z): each flower counts k times.
#[derive(gradsmith::Objective)]
#[objective("z = X*w + b; sum(k .* (softplus(z) - y .* z))", wrt(w: vector, b: scalar))]
struct Logistic<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    k: ArrayView1<'a, f64>,
}

/// By Newton's method in NumPy.
const KNOWN: f64 = 10.539_135_988_355_474;
const ERRORS: [f64; 5] = [2.638_409_15, 4.328_409_68, 8.815_908_05, 9.473_334_43, 37.971_206_6];

fn main() -> Result<(), argmin::core::Error> {
    // Versicolor or virginica; a flower of three counts once, the next twice, the third three times.
    let X = data::irises().slice(s![50.., ..]).to_owned();
    let y = (0..100).map(|k| f64::from(u8::from(k >= 50))).collect::<ndarray::Array1<f64>>();
    let k = (0..100).map(|k| 1.0 + f64::from(k % 3)).collect::<ndarray::Array1<f64>>();

    let time = Instant::now();
    let mut problem = Logistic { X: X.view(), y: y.view(), k: k.view() }.prepare()?;
    let found = likelihood(&mut problem, &[0.0; 5])?;
    data::report("trust region", 0, time, found.value, KNOWN)?;
    println!("{found}");
    for (parameter, [lower, upper]) in found.parameters.iter().zip(found.intervals(0.95)?) {
        println!("{:<5} is between {lower:8.3} and {upper:8.3} with 95 % confidence", parameter.name);
    }
    let off = found.parameters.iter().zip(ERRORS).map(|(p, e)| (p.standard_error / e - 1.0).abs());
    if off.fold(0.0, f64::max) > 1e-6 {
        return Err(argmin::core::Error::msg("other standard errors"));
    }
    Ok(())
}
