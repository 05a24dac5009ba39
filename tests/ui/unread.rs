//! Fields that no text speaks of: nothing reads them, and rustc's own lint says so. One whose term comes to
//! nothing is read all the same.

#![deny(dead_code)]

use gradsmith::{Cost, Network, Objective};

#[derive(Objective)]
#[objective("sum((x - y).^2)", wrt(x: vector))]
struct OfAnObjective {
    y: Vec<f64>,
    z: Vec<f64>,
}

#[derive(Cost)]
#[cost(quadratic + l2(0*lambda))]
struct OfACost {
    lambda: f64,
    mu: f64,
}

#[derive(Network)]
#[network(3 -> 2 sigmoid)]
#[cost(quadratic + l2(0*lambda))]
struct OfANetwork {
    lambda: f64,
    mu: f64,
}

fn main() {
    let _ = OfAnObjective { y: vec![1.0], z: vec![2.0] }.prepare();
    let _ = OfACost { lambda: 1.0, mu: 2.0 }.constant();
    let _ = OfANetwork { lambda: 1.0, mu: 2.0 }.workspace(1);
}
