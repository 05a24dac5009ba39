//! A curve through measured points: parameters with standard errors, intervals, the curve on
//! new data with its band, and a picture of it.
//!
//! ```text
//! cargo run --release --features fit,plot --example curve_fit
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use gradsmith::fit::{FitError, LeastSquares};
use gradsmith::plot;
use std::{env, fs};

/// Monomolecular adsorption: the volume that is adsorbed at a pressure.
#[derive(gradsmith::Objective)]
#[residual("b1*(1 - exp(-b2*pressure)) - volume", wrt(b1: scalar, b2: scalar))]
struct Adsorption<'a> {
    pressure: &'a [f64],
    volume: &'a [f64],
}

/// NIST's StRD, Misra1a: D. Misra, "Dental research monomolecular adsorption study", 1978.
const PRESSURE: [f64; 14] =
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0];
const VOLUME: [f64; 14] =
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78];
/// What NIST certifies: parameters, and their standard deviations.
const CERTIFIED: [[f64; 2]; 2] =
    [[238.942_129_18, 2.707_007_524_1], [5.501_564_318_1e-4, 7.266_868_843_6e-6]];

fn main() -> Result<(), FitError> {
    println!("{}", Adsorption::DERIVATION);
    let mut fit = Adsorption { pressure: &PRESSURE, volume: &VOLUME }.prepare()?;
    let estimate = LeastSquares::new().response(&VOLUME).solve(&mut fit, &[500.0, 1e-4])?;
    println!("{estimate}");
    for (parameter, [lower, upper]) in estimate.parameters.iter().zip(estimate.intervals(0.95)?) {
        println!("{:>3} is between {lower:.6} and {upper:.6} with 95 % confidence", parameter.name);
    }

    // The curve where nothing was measured: the residual over other pressures, of volume 0.
    let new: Vec<f64> = (0..=80).map(|k| f64::from(k) * 10.0).collect();
    let zero = vec![0.0; new.len()];
    let curve = estimate.curve(&mut Adsorption { pressure: &new, volume: &zero }.prepare()?, 0.95)?;
    for k in (0..new.len()).step_by(10) {
        println!("{:5.0} {:8.3}, {:.3} to {:.3}", new[k], curve.values[k], curve.lower[k], curve.upper[k]);
    }
    let [values, lower, upper] = [&curve.values, &curve.lower, &curve.upper].map(|row| row.to_vec());
    let picture = plot::fit((&PRESSURE, &VOLUME), (&new, &values), Some((&lower, &upper)))?
        .title("Misra1a, with a band of 95 %")
        .axes("pressure", "volume");
    let file = env::temp_dir().join("gradsmith_curve_fit.svg");
    match fs::write(&file, picture.svg()) {
        Ok(()) => println!("{}", file.display()),
        Err(error) => println!("no picture: {error}"),
    }

    for (parameter, [value, deviation]) in estimate.parameters.iter().zip(CERTIFIED) {
        assert!(
            (parameter.value / value - 1.0).abs() < 1e-8,
            "{} is not what NIST certifies",
            parameter.name
        );
        assert!(
            (parameter.standard_error / deviation - 1.0).abs() < 1e-8,
            "{}: another deviation",
            parameter.name
        );
    }
    Ok(())
}
