//! Names that nothing is called.

use gradsmith::{Cost, Network};

#[derive(Cost)]
#[cost(quadratc)]
struct Loss;

#[derive(Cost)]
#[cost(quadratic + l22(lambda))]
struct Penalty {
    lambda: f64,
}

#[derive(Cost)]
#[cost(quadratic + l2(lamda / n))]
struct HyperParameter {
    lambda: f64,
    n: f64,
}

#[derive(Network)]
#[network(3 -> 4 sigmod -> 2 softmax)]
#[cost(quadratic)]
struct Activation;

#[derive(Cost)]
#[cost(quadratic + sum(yy))]
struct Variable;

#[derive(Cost)]
#[cost(sum(sqare(a - y)))]
struct Function;

#[derive(Network)]
#[network("a = sigmoid(W*x + c)", x: 3, W: 2 x 3, b: 2)]
#[cost(quadratic)]
struct Tensor;

#[derive(Network)]
#[network(3 -> 4 sigmoid -> 2 softmax)]
#[cost(quadratic + l2(0.1, w3))]
struct Layer;

#[derive(Cost)]
#[cost(quadratic + l2(0.1, w1))]
struct LayerOfACost;

#[derive(Cost)]
#[cost(crossentropy + weight_decay(lambda))]
struct TwoOfThem {
    lambda: f64,
}

fn main() {}
