//! Structs that cannot hold hyper-parameters.

use gradsmith::{Cost, Network};

#[derive(Cost)]
#[cost(quadratic)]
enum Enum {
    A,
}

#[derive(Cost)]
#[cost(quadratic + l2(lambda))]
struct Tuple(f64);

#[derive(Cost)]
#[cost(quadratic + l2(lambda) + l1(mu))]
struct TwoFloats {
    lambda: f64,
    mu: f32,
}

#[derive(Cost)]
#[cost(quadratic + l2(lambda))]
struct NotANumber {
    lambda: String,
}

#[derive(Cost)]
#[cost(quadratic + l2(lambda / n))]
struct Integer {
    lambda: f64,
    n: usize,
}

#[derive(Cost)]
#[cost(quadratic + l2(lambda) + l1(mu))]
struct TwoParameters<S, T> {
    lambda: S,
    mu: T,
}

#[derive(Cost)]
#[cost(quadratic + l2(lambda))]
struct Optional<T> {
    lambda: Option<T>,
}

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[cost(quadratic)]
union Union {
    lambda: f64,
}

fn main() {}
