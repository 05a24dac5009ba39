//! A step of 6-64-8-4 by gradsmith.

use gradsmith::{Init, Network};
use ndarray::Array2;

/// The network and its cost.
#[derive(Network)]
#[network(6 -> 64 relu -> 8 relu -> 4 linear)]
#[cost(quadratic)]
struct Regression {}

fn main() -> Result<(), gradsmith::Error> {
    let network = Regression {};
    let mut parameters = Regression::init(Init::He, 1);
    let (x, y) = (Array2::ones((32, 6)), Array2::ones((32, 4)));
    let mut workspace = network.workspace(32);
    let cost = network.sgd_step(&mut parameters, x.view(), y.view(), &mut workspace, 0.01)?;
    println!("{}", cost.total());
    Ok(())
}
