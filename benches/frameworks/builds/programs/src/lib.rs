//! What the programs do.

use gradsmith::{Error, Objective};

/// Value and gradient at `x`; and, with everything, what else there is.
pub fn evaluate<O: Objective<Scalar = f64>>(problem: &mut O, x: &[f64]) -> Result<(), Error> {
    let mut gradient = vec![0.0; x.len()];
    let value = problem.value_and_gradient_into(x, &mut gradient)?;
    println!("{value} {gradient:?}");
    #[cfg(feature = "everything")]
    {
        let value = problem.value(x)?;
        problem.gradient_into(x, &mut gradient)?;
        let direction = gradient.clone();
        problem.hessian_vector_product_into(x, &direction, &mut gradient)?;
        println!("{value} {gradient:?} {}", problem.hessian(x)?);
    }
    Ok(())
}

/// Value and gradient of a network for 32 examples, and a prediction; and, with everything, what else there is. As text, because
/// the products of second order are methods of the derived type.
#[macro_export]
macro_rules! evaluate_network {
    ($network:expr, $parameters:expr, $inputs:literal -> $outputs:literal) => {{
        let (network, parameters) = ($network, $parameters);
        let (x, y) = (ndarray::Array2::ones((32, $inputs)), ndarray::Array2::ones((32, $outputs)));
        let (x, y) = (x.view(), y.view());
        let mut workspace = network.workspace(32);
        let mut gradient = parameters.clone();
        let cost = network.value_and_gradient(&parameters, x, y, &mut workspace, &mut gradient)?;
        println!("{} {}", cost.total(), network.predict(&parameters, x)?);
        #[cfg(feature = "everything")]
        {
            let mut moved = parameters.clone();
            let value = network.value(&parameters, x, y, &mut workspace)?;
            network.sgd_step(&mut moved, x, y, &mut workspace, 0.01)?;
            network.hessian_vector_product(&parameters, x, y, &mut workspace, &moved, &mut gradient)?;
            network.gauss_newton_product(&parameters, x, y, &mut workspace, &moved, &mut gradient)?;
            println!("{} {gradient:?}", value.total());
        }
        Ok(())
    }};
}
