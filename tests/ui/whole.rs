//! Fields of whole numbers and of many axes.
use gradsmith::{Network, Objective};
use ndarray::{Array1, Array2, ArrayD};

#[derive(Objective)]
#[objective("sum[k](w[p[k]]*y[k]) + p*sum(w)", wrt(w: vector))]
struct OneWholeNumber {
    p: usize,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum(T)*c", wrt(c: scalar), data(T: tensor[n, m, 3]))]
struct AnyRank {
    T: ArrayD<f64>,
}

#[derive(Objective)]
#[objective("sum(p)*c + sum(w.*p)", wrt(c: scalar, w: vector))]
struct WholeNumbersAsNumbers {
    p: Vec<u32>,
}

#[derive(Objective)]
#[objective("sum[k](w[y[k]])", wrt(w: vector), data(y: indices[n]))]
struct NumbersAsWholeNumbers {
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective("sum[k](w[p[k]])", wrt(w: vector, p: indices[3]))]
struct WholeVariable;

#[derive(Objective)]
#[objective("c*sum(T)", wrt(c: scalar), data(T: tensor[n, m, 3]))]
struct AnotherRank {
    T: Array2<f64>,
}

#[derive(Network)]
#[network("a = W*x + b + sum(V)*b", x: 3, W: 2 x 3, b: 2, V: 4 x _)]
#[cost(quadratic)]
struct OpenExtent;

fn main() {}
