//! `#[residual]`: Jacobians, and the products of Gauss and Newton.

use crate::checks::{close, consistent, flat, matrix, vector};
use gradsmith::{Objective, Residual};
use ndarray::{Array1, Array2, ArrayView2};

#[derive(gradsmith::Objective)]
#[residual("y - p .* exp(-c*t)", wrt(p: scalar, c: scalar))]
struct Decay {
    t: Vec<f64>,
    y: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[residual("tanh(X*W*u) - y", wrt(W: matrix, u: vector))]
struct TwoLayers<'a> {
    X: ArrayView2<'a, f64>,
    y: Array1<f64>,
}

#[derive(gradsmith::Objective)]
#[residual("X*w - y", wrt(w: vector))]
struct Linear<'a> {
    X: &'a Array2<f64>,
    y: Array1<f64>,
}

/// Of the residual's calls against each other, and against differences.
fn consistent_residual<P: Residual<Scalar = f64>>(problem: &mut P, x: &[f64]) {
    consistent(problem, x);
    let r = problem.residual(x).expect("regular");
    assert_eq!(r.len(), problem.residuals());
    close([&problem.value(x).expect("regular")], [&(0.5 * r.dot(&r))], 1e-14);
    let J = problem.jacobian(x).expect("regular");
    close(&problem.gradient(x).expect("regular"), &J.t().dot(&r), 1e-13);
    let v = vector(x.len(), 5);
    let product = problem.gauss_newton_product(x, &v.to_vec()).expect("regular");
    close(&product, &J.t().dot(&J.dot(&v)), 1e-13);
    let h = 1e-6;
    for k in 0..x.len() {
        let mut moved = |h: f64| {
            let mut x = x.to_vec();
            x[k] += h;
            problem.residual(&x).expect("regular")
        };
        close(J.column(k).iter(), &((moved(h) - moved(-h)) / (2.0 * h)), 1e-8);
    }
}

#[test]
fn jacobian_of_exponential_decay() -> Result<(), gradsmith::Error> {
    let t = vec![0.0, 0.5, 1.0, 2.0, 4.0];
    let y = vec![2.1, 1.4, 0.9, 0.5, 0.1];
    let mut problem = Decay { t: t.clone(), y }.prepare()?;
    let (p, c) = (1.8, 0.7);
    consistent_residual(&mut problem, &[p, c]);
    let J = Array2::from_shape_fn((5, 2), |(i, k)| {
        let e = (-c * t[i]).exp();
        if k == 0 { -e } else { p * t[i] * e }
    });
    close(&problem.jacobian(&[p, c])?, &J, 1e-15);
    Ok(())
}

#[test]
fn jacobian_by_a_matrix_and_a_vector() -> Result<(), gradsmith::Error> {
    let (X, y) = (matrix(6, 3, 1), vector(6, 2));
    let (W, u) = (matrix(3, 2, 3), vector(2, 4));
    let mut problem = TwoLayers { X: X.view(), y }.prepare(2)?;
    consistent_residual(&mut problem, &flat!(W, u));
    Ok(())
}

#[test]
fn jacobian_of_a_linear_residual_is_its_matrix() -> Result<(), gradsmith::Error> {
    let X = matrix(4, 3, 1);
    let mut problem = Linear { X: &X, y: vector(4, 2) }.prepare()?;
    consistent_residual(&mut problem, &[0.1, -0.7, 2.0]);
    assert_eq!(problem.jacobian(&[0.0; 3])?, X);
    close(&problem.hessian(&[0.0; 3])?, &X.t().dot(&X), 1e-14);
    // Written by columns.
    let mut room = Array2::zeros((3, 4));
    problem.jacobian_into(&[0.0; 3], room.view_mut().reversed_axes())?;
    assert_eq!(room.t(), X);
    Ok(())
}
