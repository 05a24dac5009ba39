//! Three layers, 6-64-8-4.

use gradsmith::{Init, Network};

#[derive(Network)]
#[network(6 -> 64 relu -> 8 relu -> 4 linear)]
#[cost(quadratic)]
struct Regression {}

fn main() -> Result<(), gradsmith::Error> {
    programs::evaluate_network!(Regression {}, Regression::init(Init::He, 1), 6 -> 4)
}
