//! Three layers, 6-64-8-4.

use gradsmith::{Init, Network};
use ndarray::Array2;

#[derive(Network)]
#[network(6 -> 64 relu -> 8 relu -> 4 linear)]
#[cost(quadratic)]
struct Regression {}

fn main() -> Result<(), gradsmith::Error> {
    let network = Regression {};
    let parameters = Regression::init(Init::He, 1);
    let (x, y) = (Array2::ones((32, 6)), Array2::ones((32, 4)));
    let mut workspace = network.workspace(32);
    let mut gradient = parameters.clone();
    let cost = network.value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut gradient)?;
    println!("{} {}", cost.total(), network.predict(&parameters, x.view())?);
    #[cfg(feature = "everything")]
    {
        let (x, y, mut moved) = (x.view(), y.view(), parameters.clone());
        let value = network.value(&parameters, x, y, &mut workspace)?;
        network.sgd_step(&mut moved, x, y, &mut workspace, 0.01)?;
        network.hessian_vector_product(&parameters, x, y, &mut workspace, &moved, &mut gradient)?;
        network.gauss_newton_product(&parameters, x, y, &mut workspace, &moved, &mut gradient)?;
        println!("{} {gradient:?}", value.total());
    }
    Ok(())
}
