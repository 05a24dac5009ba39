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

fn main() {}
