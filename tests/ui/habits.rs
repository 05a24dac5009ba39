//! How other tools write it, in bare tokens and in strings: answered in this language's words.

use gradsmith::{Cost, Objective};
use ndarray::{Array1, Array2};

#[derive(Cost)]
#[cost(sum((a - y)**2))]
struct Stars;

#[derive(Cost)]
#[cost("sum(a**2)")]
struct StarsInAString;

#[derive(Cost)]
#[cost(sum(np.exp(a) - y))]
struct Library;

#[derive(Cost)]
#[cost("np.sum(np.power(a, 2))")]
struct LibraryInAString;

#[derive(Cost)]
#[cost(a.T * y)]
struct Transposed;

#[derive(Cost)]
#[cost("(a - y).sum()")]
struct Method;

#[derive(Cost)]
#[cost(sum(pow(a - y, 2)))]
struct Power;

#[derive(Cost)]
#[cost("sum(e^(a - y))")]
struct E;

#[derive(Cost)]
#[cost(sum(gamma(a)) + self.c)]
struct OwnField {
    c: f64,
}

#[derive(Cost)]
#[cost(sum(gamma(a)))]
struct Gamma;

#[derive(Cost)]
#[cost("mine(0.1) + quadratic")]
#[define("mine(delta) = delt * sum(w.^2)")]
struct ParameterMisspelt;

#[derive(Cost)]
#[cost("mine(0.1) + quadratic")]
#[define("mine(delta) = rho * sum(w.^2)")]
struct ParametersAreNames;

#[derive(Objective)]
#[objective("norm2(sum(X, axis=1) - y)", wrt(w: vector))]
struct Axis {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("norm2(X @ w - y)", wrt(w: vector))]
struct At {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[residual("y = X*w", wrt(w: vector))]
struct Equation {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[residual("X*w = y", wrt(w: vector))]
struct EquationTheOtherWay {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("logdet(X'*X + I)", wrt(X: matrix[n, d]))]
struct IdentityByItsLetter;

#[derive(Objective)]
#[objective("logdet(X'*X + eye(3))", wrt(X: matrix[n, 3]))]
struct IdentityOfASize;

fn main() {}
