//! Mistakes in `divided(...)`: rows that cannot be among several processes.
use gradsmith::Objective;
use ndarray::{Array1, Array2};

#[derive(Objective)]
#[objective("max(X*w - y) + norm2(w)^2", wrt(w: vector), divided(X))]
struct Maximum {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("logsumexp(X*w)", wrt(w: vector), divided(X))]
struct LogSumExp {
    X: Array2<f64>,
}

#[derive(Objective)]
#[objective("prod(X*w)", wrt(w: vector), divided(X))]
struct Product {
    X: Array2<f64>,
}

#[derive(Objective)]
#[objective("w'*K*w - y'*w", wrt(w: vector), divided(K))]
struct RowsByRows {
    K: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum[i]((x[i + 1] - c*x[i])^2)", wrt(c: scalar), divided(x))]
struct Neighbours {
    x: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum((y - u).^2) + sum(u.^4)", wrt(u: vector), divided(y))]
struct VariableByRows {
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum((y - c).^2)", wrt(c: scalar), divided(y))]
struct OfOneLength {
    y: [f64; 3],
}

#[derive(Objective)]
#[objective("sum((y - c).^2) + lambda*c^2", wrt(c: scalar), divided(lambda, z))]
struct NoRows {
    y: Array1<f64>,
    lambda: f64,
}

#[derive(Objective)]
#[objective("sum((y - c).^2) + sum(z.^2)*c", wrt(c: scalar), divided(y, z))]
struct OtherRows {
    y: Array1<f64>,
    z: Array1<f64>,
}

#[derive(Objective)]
#[residual("X*w - y", wrt(w: vector), divided(X))]
struct Residuals {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum((y - c).^2)", wrt(c: scalar), divided())]
struct Nothing {
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum((y - c).^2)", wrt(c: scalar), divided)]
struct WithoutParentheses {
    y: Array1<f64>,
}

fn main() {}
