//! What names mean: the catalog sees nothing of the user's.

#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use crate::checks::close;
use gradsmith::{Cost, Error, Network};
use ndarray::array;

#[derive(Cost)]
#[cost(categorical_cross_entropy(0.1) + l2(k))]
struct Smoothed {
    k: f64,
}

#[derive(Cost)]
#[cost(categorical_cross_entropy(0.1) + l2(lambda))]
struct Plain {
    lambda: f64,
}

#[test]
fn a_field_k_is_not_the_number_of_outputs() -> Result<(), Error> {
    let (a, y) = (array![[0.2, 0.3, 0.5]], array![[0.0, 1.0, 0.0]]);
    let (smoothed, plain) = (Smoothed { k: 100.0 }, Plain { lambda: 100.0 });
    close([&smoothed.data(a.view(), y.view())?], [&plain.data(a.view(), y.view())?], 1e-15);
    let s = [0.1 / 3.0, 0.9 + 0.1 / 3.0, 0.1 / 3.0];
    let value: f64 = a.iter().zip(s).map(|(a, s): (&f64, f64)| -s * a.ln()).sum();
    close([&smoothed.data(a.view(), y.view())?], [&value], 1e-14);
    let w = array![[2.0]];
    close([&smoothed.weight_penalty(w.view())?], [&200.0], 1e-14);
    Ok(())
}

#[derive(Network)]
#[network("h = tanh(v*x); a = sigmoid(w*h + b)", x: 2, v: 2 x 2, w: 1 x 2, b: 1)]
#[cost(quadratic + sum(w.^2) + sum(b.^2) + l2(0.5, w) + l2(3))]
struct Named;

#[test]
fn a_tensor_called_w_is_what_w_means() -> Result<(), Error> {
    let mut parameters = NamedParameters::zeros();
    for (p, value) in parameters.as_mut_slice().iter_mut().zip([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) {
        *p = value;
    }
    let (v, w, b) = (1.0 + 4.0 + 9.0 + 16.0, 25.0 + 36.0, 49.0);
    let (x, y) = (array![[0.5, -0.5]], array![[0.0]]);
    let mut workspace = Named.workspace(1);
    let value = Named.value(&parameters, x.view(), y.view(), &mut workspace)?;
    close([&value.penalty], [&(w + b + 0.25 * w + 1.5 * (v + w))], 1e-14);
    Ok(())
}
