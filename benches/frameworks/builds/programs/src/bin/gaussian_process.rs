//! The likelihood of a Gaussian process by its scale, its length and the noise.

use gradsmith::Objective;
use ndarray::{Array1, Array2};

#[derive(Objective)]
#[objective(
    "K = exp(2*scale) * exp(-D / (2*exp(2*length))) + exp(2*noise)*eye;
     y'*inv(K)*y/2 + logdet(K)/2",
    wrt(scale: scalar, length: scalar, noise: scalar)
)]
#[allow(non_snake_case)]
struct Process {
    D: Array2<f64>,
    y: Array1<f64>,
}

fn main() -> Result<(), gradsmith::Error> {
    let n = 200;
    let place = |i: usize| i as f64 * 0.05;
    let squares = Array2::from_shape_fn((n, n), |(i, j)| (place(i) - place(j)).powi(2));
    let process = Process { D: squares, y: Array1::from_shape_fn(n, |i| place(i).sin()) };
    programs::evaluate(&mut process.prepare()?, &[0.1, -0.2, -1.0])
}
