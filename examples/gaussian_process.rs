//! A Gaussian process: how fast a function varies, how far, and how much noise lies upon it, by the marginal
//! likelihood of sixty values. The kernel is written entry by entry; its factor is computed once and serves
//! the value and the three derivatives. What the formula names is there at the optimum: the kernel, over other
//! points, and the weights, which predict.
//!
//! ```text
//! cargo run --release --features argmin --example gaussian_process
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]
#![allow(non_snake_case, reason = "matrices have capital letters, as in the formula")]

mod data;

use argmin::core::{Error, Executor, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use gradsmith::argmin::Solvable;
use ndarray::{ArrayView1, ArrayView2, aview1, s};
use std::time::Instant;

/// The negative logarithm of the marginal likelihood without its constant (Rasmussen and Williams, Gaussian
/// Processes for Machine Learning, equation 5.8). The parameters are logarithms, so that they need no bounds.
#[derive(gradsmith::Objective)]
#[objective(
    "K = matrix[i, j](exp(2*s - exp(-2*l)*sum[c]((X[i, c] - X[j, c])^2)/2)) + exp(2*e)*eye;
     a = inv(K)*y;
     y'*a/2 + logdet(K)/2",
    wrt(l: scalar, s: scalar, e: scalar)
)]
struct MarginalLikelihood<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

/// By SciPy's `minimize`.
const KNOWN: f64 = -53.360_889_446_245_594;
/// Where a value is predicted, and what NumPy predicts there.
const NEW: [f64; 3] = [1.05, 3.33, 6.5];
const PREDICTED: [f64; 3] = [1.452_971_9, 2.072_217_5, 2.343_020_3];

/// A sine and a line over six units, with noise.
fn series(length: u32) -> (Vec<f64>, Vec<f64>) {
    let mut noise = data::noise();
    (0..length)
        .map(|i| {
            let x = f64::from(i) / 10.0;
            (x, (2.0 * x).sin() + x / 2.0 + 0.3 * noise())
        })
        .unzip()
}

fn main() -> Result<(), Error> {
    let (x, y) = series(60);
    println!("{}", MarginalLikelihood::DERIVATION);

    let X = ArrayView2::from_shape((x.len(), 1), &x)?;
    let mut process = MarginalLikelihood { X, y: aview1(&y) }.prepare()?;
    let problem = Solvable::new(process.clone());
    let time = Instant::now();
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10).with_tolerance_grad(1e-7)?;
    let result = Executor::new(problem, solver)
        .configure(|state| state.param(vec![0.0, 0.0, -1.0]).max_iters(100))
        .run()?;
    let state = result.state();
    data::report("L-BFGS", state.get_iter(), time, state.get_best_cost(), KNOWN)?;
    let Some(best) = state.get_best_param() else { return Err(Error::msg("no parameters")) };
    println!("length {:.3}, height {:.3}, noise {:.3}", best[0].exp(), best[1].exp(), best[2].exp());

    // The kernel over the new points and the old ones, and the weights of the old ones' values.
    let all: Vec<f64> = NEW.iter().chain(&x).copied().collect();
    let zeros = vec![0.0; all.len()];
    let X = ArrayView2::from_shape((all.len(), 1), &all)?;
    let kernel = MarginalLikelihood { X, y: aview1(&zeros) }.prepare()?.K(best)?;
    let predicted = kernel.slice(s![..NEW.len(), NEW.len()..]).dot(&process.a(best)?);
    for ((x, found), known) in NEW.iter().zip(&predicted).zip(PREDICTED) {
        println!("at {x:.2}: {found:.6} (NumPy {known:.6})");
        assert!((found - known).abs() < 1e-4, "another prediction");
    }
    Ok(())
}
