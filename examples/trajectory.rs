//! A pendulum swings up from hanging to standing in three seconds, with as little torque as that takes. The angles at
//! 59 times are the unknowns; the torque is what the equation of motion asks for along them. A neighbour is an
//! offset, `a[k+2] - 2*a[k+1] + a[k]`, and a product with the Hessian is a loop over the steps.
//!
//! ```text
//! cargo run --release --features argmin --example trajectory
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use gradsmith::Residual;
use gradsmith::argmin::{GradientTolerance, Solvable};
use std::f64::consts::PI;
use std::time::Instant;

/// The torque at each time and the root of the step, so that half the sum of squares stands for an integral. The
/// pendulum hangs, at 0, before the first time and stands, at π, after the last, for two steps each: at rest.
#[derive(gradsmith::Objective)]
#[residual(
    "a = [0; 0; angle; pi; pi];
     sqrt(h)*vector[k]((a[k+2] - 2*a[k+1] + a[k])/h^2 + g*sin(a[k+1]))",
    wrt(angle: vector)
)]
struct SwingUp {
    g: f64,
    h: f64,
}

/// By SciPy's `least_squares`.
const KNOWN: f64 = 18.189_636_492_961_86;

fn main() -> Result<(), Error> {
    let (steps, seconds, g) = (60, 3.0, 9.81);
    let h = seconds / f64::from(steps);
    println!("{}", SwingUp::DERIVATION);

    let start: Vec<f64> = (1..steps).map(|k| PI * f64::from(k) / f64::from(steps)).collect();
    let problem = Solvable::new(SwingUp { g, h }.prepare(start.len())?);
    let time = Instant::now();
    let solver = GradientTolerance::new(TrustRegion::new(Steihaug::new()).with_max_radius(10.0)?, 1e-8);
    let result = Executor::new(problem.matrix_free(), solver)
        .configure(|state| state.param(start).max_iters(100))
        .run()?;
    let state = result.state();
    data::report("trust region, H v", state.get_iter(), time, state.get_best_cost(), KNOWN)?;

    let best = state.get_best_param().cloned().unwrap_or_default();
    let angles: Vec<String> = best.iter().skip(9).step_by(10).map(|angle| format!("{angle:.2}")).collect();
    let torque = problem.problem().residual(&best)? / h.sqrt();
    let greatest = torque.iter().fold(0.0, |most: f64, t| most.max(t.abs()));
    println!("angle after each half of a second: {}", angles.join(", "));
    println!("greatest torque {greatest:.2}; to hold it level takes {g}");
    Ok(())
}
