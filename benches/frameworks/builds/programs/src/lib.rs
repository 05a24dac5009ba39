//! What the programs of objectives do.

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
