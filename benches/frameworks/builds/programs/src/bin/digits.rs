//! Two layers for images of digits, 784-100-10.

use gradsmith::{Init, Network};

#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda))]
struct Digits {
    lambda: f64,
}

fn main() -> Result<(), gradsmith::Error> {
    programs::evaluate_network!(Digits { lambda: 0.01 }, Digits::init(Init::Glorot, 1), 784 -> 10)
}
