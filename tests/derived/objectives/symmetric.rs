//! Data that is declared symmetric: used as such, and checked when it is given.

use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, array};

#[derive(Objective)]
#[objective(
    "y'*inv(K + exp(s)*eye)*y/2 + logdet(K + exp(s)*eye)/2 + w'*K*(X*v) + w'*K*w",
    wrt(s: scalar, w: vector[n], v: vector[d]),
    data(K: symmetric matrix[n, n], X: matrix[n, d], y: vector[n])
)]
struct Declared {
    K: Array2<f64>,
    X: Array2<f64>,
    y: Array1<f64>,
}

#[derive(Objective)]
#[objective(
    "y'*inv(K + exp(s)*eye)*y/2 + logdet(K + exp(s)*eye)/2 + w'*K*(X*v) + w'*K*w",
    wrt(s: scalar, w: vector, v: vector)
)]
struct Undeclared {
    K: Array2<f64>,
    X: Array2<f64>,
    y: Array1<f64>,
}

fn kernel() -> Array2<f64> {
    array![[2.0, 0.5, -0.25], [0.5, 3.0, 0.125], [-0.25, 0.125, 1.5]]
}

fn others() -> (Array2<f64>, Array1<f64>) {
    (array![[1.0, -2.0], [0.5, 0.25], [3.0, 1.0]], array![1.0, -0.5, 0.75])
}

#[test]
fn derivatives_are_those_of_any_matrix_that_is_symmetric() -> Result<(), Error> {
    let (X, y) = others();
    let mut declared = Declared { K: kernel(), X: X.clone(), y: y.clone() }.prepare()?;
    let mut undeclared = Undeclared { K: kernel(), X, y }.prepare()?;
    let x = [-0.3, 0.2, 0.4, -0.1, 0.7, -0.6];
    let (mut one, mut other) = ([0.0; 6], [0.0; 6]);
    let values = [
        declared.value_and_gradient_into(&x, &mut one)?,
        undeclared.value_and_gradient_into(&x, &mut other)?,
    ];
    assert!((values[0] - values[1]).abs() < 1e-14, "{values:?}");
    assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-13), "{one:?}, not {other:?}");
    let (one, other) = (declared.hessian(&x)?, undeclared.hessian(&x)?);
    assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-13), "{one}, not {other}");
    Ok(())
}

#[test]
fn a_matrix_that_is_not_symmetric_is_refused_when_it_is_given() {
    let (X, y) = others();
    let prepared = |K: Array2<f64>| Declared { K, X: X.clone(), y: y.clone() }.prepare().err();
    let mut K = kernel();
    K[[2, 0]] += 1e-13;
    assert_eq!(prepared(K.clone()), None, "rounding");
    K[[2, 0]] = 0.75;
    K[[0, 1]] += 1e-6;
    let error = Error::Asymmetric { tensor: "K".into(), index: [2, 0], value: 0.75, mirrored: -0.25 };
    assert_eq!(prepared(K), Some(error));
    let wide = Array2::zeros((3, 2));
    assert!(matches!(prepared(wide), Some(Error::ShapeMismatch { axis: 1, expected: 3, found: 2, .. })));
}

#[derive(Objective)]
#[residual("A*w + S*w - y", wrt(w: vector), data(S: symmetric matrix[2, 2], A: matrix[2, 2]))]
struct Single<'a> {
    S: &'a Array2<f32>,
    A: Array2<f32>,
    y: [f32; 2],
}

#[test]
fn single_precision_is_held_to_what_it_has() -> Result<(), Error> {
    let of = |S: &Array2<f32>| {
        let mut p = Single { S, A: Array2::eye(2), y: [1.0, 2.0] }.prepare()?;
        p.jacobian(&[0.5, 0.5])
    };
    let near = array![[2.0_f32, 1.0], [1.000_005, 3.0]];
    assert_eq!(of(&near)?, array![[3.0, 1.0], [1.000_005, 4.0]]);
    assert!(matches!(
        of(&array![[2.0_f32, 1.0], [1.001, 3.0]]),
        Err(Error::Asymmetric { index: [1, 0], .. })
    ));
    Ok(())
}

#[derive(Objective)]
#[objective("norm2(X*w - y)^2", wrt(w: vector[d]), data(X: matrix[n, d], y: vector[4]))]
struct Extents {
    X: Array2<f64>,
    y: Array1<f64>,
}

#[test]
fn extents_of_data_are_checked_when_it_is_given() {
    let prepared = |n: usize| Extents { X: Array2::zeros((n, 2)), y: Array1::zeros(n) }.prepare().err();
    assert_eq!(prepared(4), None);
    assert!(matches!(prepared(3), Some(Error::ShapeMismatch { expected: 4, found: 3, .. })));
}

#[derive(Objective)]
#[residual("S*S*x - y .* (1 + 0*a)", wrt(S: symmetric matrix[2, 2], a: vector))]
struct Squared {
    x: [f64; 2],
    y: [f64; 2],
}

/// As the gradient: that by all entries, its symmetric part.
#[test]
fn a_residual_changes_by_entries_of_a_symmetric_variable_in_pairs() -> Result<(), Error> {
    let x = [0.5, -2.0];
    let mut problem = Squared { x, y: [1.0, 3.0] }.prepare()?;
    let at = [1.0, 0.25, 0.25, -0.5, 0.1, 0.2];
    let residual = |S: [f64; 4]| {
        let of = |x: [f64; 2]| [S[0] * x[0] + S[1] * x[1], S[2] * x[0] + S[3] * x[1]];
        of(of(x))
    };
    let jacobian = problem.jacobian(&at)?;
    let S = [at[0], at[1], at[2], at[3]];
    for (k, mirror) in [(0, 0), (1, 2), (2, 1), (3, 3)] {
        let slope = |entry: usize| {
            let moved = |h: f64| {
                let mut S = S;
                S[entry] += h;
                residual(S)
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            [(up[0] - down[0]) / 2e-5, (up[1] - down[1]) / 2e-5]
        };
        for i in 0..2 {
            let half = (slope(k)[i] + slope(mirror)[i]) / 2.0;
            assert!((jacobian[[i, k]] - half).abs() < 1e-9, "row {i}, entry {k}: {jacobian}");
        }
    }
    // Jᵀr is the gradient, and JᵀJv what the product says.
    let (_, gradient) = problem.value_and_gradient(&at)?;
    let r = Array1::from_vec(residual(S).iter().zip([1.0, 3.0]).map(|(r, y)| r - y).collect());
    assert!(jacobian.t().dot(&r).iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-12));
    let v = [0.5, 1.0, -2.0, 0.25, 3.0, -1.0];
    let product = jacobian.t().dot(&jacobian.dot(&Array1::from_vec(v.to_vec())));
    let found = problem.gauss_newton_product(&at, &v)?;
    assert!(product.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-12), "{product}, not {found:?}");
    Ok(())
}
