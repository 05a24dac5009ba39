//! Arguments of losses, penalties and functions.

use gradsmith::{Cost, Network};

#[derive(Cost)]
#[cost(quadratic + l2)]
struct Missing;

#[derive(Cost)]
#[cost(quadratic + l2(0.1, w, 3))]
struct TooMany;

#[derive(Cost)]
#[cost(huber(delta = 1, delta = 2))]
struct Duplicate;

#[derive(Cost)]
#[cost(huber(delt = 1))]
struct Unknown;

#[derive(Cost)]
#[cost(quadratic + elastic_net(lambda = 0.1, 0.5))]
struct PositionalAfterNamed;

#[derive(Cost)]
#[cost(quadratic(2))]
struct OfALossWithout;

#[derive(Cost)]
#[cost(sum(sigmoid(a, 2)))]
struct OfAFunction;

#[derive(Cost)]
#[cost(sum(a) + exp)]
struct FunctionWithout;

#[derive(Cost)]
#[cost(quadratic + lambda(2))]
struct NotAFunction {
    lambda: f64,
}

#[derive(Network)]
#[network(3 -> 2 leaky_relu(slop = 0.1))]
#[cost(quadratic)]
struct OfAnActivation;

fn main() {}
