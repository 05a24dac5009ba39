//! A survival model: times until an event, some of them only known to be longer (censored), a Weibull distribution whose
//! scale depends on a covariate, and standard errors.
//!
//! ```text
//! cargo run --release --features fit --example survival
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

mod data;

use gradsmith::fit::likelihood;
use std::time::Instant;

/// The negative log-likelihood: density of what has happened, probability of what has not. The parameters are the
/// logarithm of the shape, and the scale's: log scale = a + b x.
#[derive(gradsmith::Objective)]
#[objective(
    "z = (log(t) - a - b*x)*exp(k);
     sum(exp(z) - event .* (k + z - log(t)))",
    wrt(k: scalar, a: scalar, b: scalar)
)]
struct Weibull<'a> {
    t: &'a [f64],
    event: &'a [f64],
    x: &'a [f64],
}

/// By SciPy's Nelder-Mead.
const KNOWN: f64 = 65.457_977_077_334_97;

fn main() -> Result<(), argmin::core::Error> {
    let mut uniform = data::uniform();
    let x: Vec<f64> = (0..80).map(|_| uniform() * 2.0).collect();
    let died: Vec<f64> =
        x.iter().map(|x| (-(uniform() + 0.5 + 1e-12).ln()).powf(1.0 / 1.5) * (1.0 - 0.7 * x).exp()).collect();
    let left: Vec<f64> = (0..80).map(|_| 4.0 * (uniform() + 0.5)).collect();
    let t: Vec<f64> = died.iter().zip(&left).map(|(died, left)| died.min(*left)).collect();
    let event: Vec<f64> =
        died.iter().zip(&left).map(|(died, left)| f64::from(u8::from(died <= left))).collect();
    println!("{}", Weibull::DERIVATION);

    let time = Instant::now();
    let found = likelihood(&mut Weibull { t: &t, event: &event, x: &x }.prepare()?, &[0.0; 3])?;
    data::report("trust region", 0, time, found.value, KNOWN)?;
    println!("{found}");
    let [shape, ratio] = [0, 2].map(|k| found.parameters[k].value.exp());
    println!(
        "shape {shape:.3} (made with 1.5); a unit of x times the scale {ratio:.3} (made with {:.3})",
        (-0.7_f64).exp()
    );
    Ok(())
}
