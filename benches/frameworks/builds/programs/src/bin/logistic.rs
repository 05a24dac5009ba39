//! Logistic regression.

use gradsmith::Objective;
use ndarray::{Array1, Array2};

#[derive(Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
#[allow(non_snake_case)]
struct Logistic {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

fn main() -> Result<(), gradsmith::Error> {
    let model = Logistic { X: Array2::ones((100, 5)), y: Array1::ones(100), lambda: 0.1 };
    programs::evaluate(&mut model.prepare()?, &[0.1; 5])
}
