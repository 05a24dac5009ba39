//! Mistakes in objectives.
use gradsmith::Objective;
use ndarray::{Array1, Array2};

#[derive(Objective)]
#[objective("norm2(w - y)^2", wrt(w: vector[3]))]
struct LengthOfAnArray {
    y: [f64; 4],
}

#[derive(Objective)]
#[objective("norm2(X*w - z)^2", wrt(w: vector))]
struct UnknownField {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("X*w - y", wrt(w: vector))]
struct NotAScalar {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("norm2(X*w - y)^2", wrt(w: vector, y: vector))]
struct FieldAndVariable {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("norm2(X*w - y)^2")]
struct NoVariables {
    X: Array2<f64>,
    y: Array1<f64>,
}

fn main() {}
