//! Fields with the names of what a cost supplies.

use gradsmith::{Cost, Network};

#[derive(Cost)]
#[cost(quadratic + l2(b) + l1(w12))]
struct OfACost {
    b: f64,
    w12: f64,
}

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + l2(x))]
struct OfANetwork {
    x: f64,
}

// A tensor of the network, too: `V` would mean one of the two.
#[allow(non_snake_case)]
#[derive(Network)]
#[network("a = tanh(W*x + V*u)", inputs(x, u), x: 3, u: 2, W: 2 x 3, V: 2 x 2)]
#[cost(quadratic + l2(V))]
struct OfADeclaredTensor {
    V: f64,
}

// Vectors have an entry for each output; matrices are no hyper-parameters.
#[derive(Network)]
#[network(3 -> 2 softmax)]
#[cost("-sum(c .* y .* log(a)) + sum(d .* a)")]
struct OfAnotherLength {
    c: [f64; 3],
    d: [f64; 2],
}

#[derive(Cost)]
#[cost("-sum(M*a)")]
#[allow(non_snake_case)]
struct OfAMatrix {
    M: ndarray::Array2<f64>,
}

#[derive(Cost)]
#[cost("quadratic + c + mean(y)*c")]
struct NotSummed {
    c: Vec<f64>,
}

// A tensor knows of no outputs.
#[derive(Cost)]
#[cost("quadratic + sum(c)*l2(1)")]
struct BesideATensor {
    c: Vec<f64>,
}

#[derive(Cost)]
#[cost("sum(w .* a)")]
struct OfASuppliedName {
    w: [f64; 2],
}

fn main() {}
