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

#[derive(Objective)]
#[objective("sum(x.^2)", wrt(x: vector), bounds(x >= 0), nonsense)]
struct Options;

#[derive(Objective)]
#[objective(b^2, data(c: vector), wrt(b: scalar), st("b <= 1"), subject_to(b), wrt(c: scalar))]
struct OptionsOnBothSides;

#[derive(Objective)]
#[objective("w'*K*w + sum(y)", wrt(w: vector[n]), data(K: symmetric matrix[2, 3], z: vector, y: matrix[n, n]))]
struct DataThatIsOtherwise {
    K: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("w'*K*w + sum(y)", wrt(w: vector), data(w: vector[n], K: matrix[y, y]), data(y: vector[n]))]
struct DataTwice {
    K: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("w'*K*w + sum(y)", wrt(w: vector), data(y: vector[3]), data())]
struct DataOfNothing {
    K: Array2<f64>,
    y: [f64; 4],
}

#[derive(Objective)]
#[objective("w'*K*w + sum(y)", wrt(w: vector), data(y: vector[w], K: symmetric vector))]
struct SymmetricVector {
    K: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("w'*K*w + sum(y)", wrt(w: vector), data(y: vector[3], K: matrix[w, 2]))]
struct LengthsOfTypes {
    K: Array2<f64>,
    y: [f64; 4],
}

fn main() {}
