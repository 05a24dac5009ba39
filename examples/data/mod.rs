//! Real data for the examples, and how an optimum is reported. (The data sets' `ndarray` is an older one, so
//! their numbers are copied.)
#![allow(dead_code, reason = "each example takes what it needs")]

use ndarray::{Array1, Array2, Axis, concatenate};
use std::time::Instant;

/// 1599 red wines: eleven measurements each, and the marks that tasters gave, from 3 to 8.
pub(crate) fn wines() -> (Array2<f64>, Array1<f64>) {
    let wines = linfa_datasets::winequality();
    let x = Array2::from_shape_fn((wines.records.nrows(), 11), |(i, j)| wines.records[(i, j)]);
    let marks = wines.targets.iter().map(|&mark| mark as f64).collect();
    (x, marks)
}

/// 150 irises: length and width of sepal and petal.
pub(crate) fn irises() -> Array2<f64> {
    let irises = linfa_datasets::iris();
    Array2::from_shape_fn((irises.records.nrows(), 4), |(i, j)| irises.records[(i, j)])
}

/// Each column with mean 0 and variance 1.
pub(crate) fn standardised(x: &Array2<f64>) -> Array2<f64> {
    let mean = x.sum_axis(Axis(0)) / x.nrows() as f64;
    (x - &mean) / x.std_axis(Axis(0), 0.0)
}

/// A last column of ones.
pub(crate) fn with_ones(x: &Array2<f64>) -> Array2<f64> {
    let ones = Array2::ones((x.nrows(), 1));
    concatenate![Axis(1), *x, ones]
}

/// Numbers between −1/2 and 1/2 that are the same in any language: a congruential generator's.
pub(crate) fn uniform() -> impl FnMut() -> f64 {
    let mut state: u64 = 1;
    move || {
        state = (1_103_515_245 * state + 12_345) % (1 << 31);
        state as f64 / f64::from(1_u32 << 31) - 0.5
    }
}

/// Noise that is the same, too: each the sum of four of these.
pub(crate) fn noise() -> impl FnMut() -> f64 {
    let mut uniform = uniform();
    move || (0..4).map(|_| uniform()).sum()
}

/// Prints what a solver found, and checks it against the value that another program found (docs/optima.md).
///
/// # Errors
/// If the two differ by more than a millionth.
pub(crate) fn report(
    solver: &str,
    iterations: u64,
    since: Instant,
    found: f64,
    known: f64,
) -> Result<(), argmin::core::Error> {
    let time = since.elapsed().as_secs_f64() * 1e3;
    let off = (found - known).abs() / known.abs();
    println!(
        "{solver:<18} {iterations:>4} iterations {time:>7.2} ms   optimum {found:.12} \
         (known {known:.12}, off by {off:.0e} of it)"
    );
    if off <= 1e-6 { Ok(()) } else { Err(argmin::core::Error::msg("the optimum is not the known one")) }
}
