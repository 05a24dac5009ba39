//! What is refused, and what is said of it.

use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, arr2};

#[derive(gradsmith::Objective)]
#[objective("norm2(X*w - y)^2/2", wrt(w: vector))]
struct LeastSquares<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("b'*inv(A + t*eye)*b", wrt(t: scalar))]
struct Resolvent<'a> {
    A: ArrayView2<'a, f64>,
    b: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("logdet(X)", wrt(X: matrix))]
struct LogDet;

#[derive(gradsmith::Objective)]
#[objective("norm2(solve(A + X, b))^2", wrt(X: matrix))]
struct Solve<'a> {
    A: ArrayView2<'a, f64>,
    b: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[residual("y - p .* exp(-c*t)", wrt(p: scalar, c: scalar))]
struct Decay {
    t: Vec<f64>,
    y: Vec<f64>,
}

#[test]
fn shapes_are_checked_once_and_named() {
    let (X, y) = (Array2::zeros((5, 3)), Array1::zeros(4));
    let error = LeastSquares { X: X.view(), y: y.view() }.prepare().map(drop);
    assert_eq!(error, Err(Error::ShapeMismatch { tensor: "y".into(), axis: 0, expected: 5, found: 4 }));
    let error = error.expect_err("5 and 4");
    assert_eq!(error.to_string(), "`y` has 4 rows (axis 0), expected 5");

    let A = Array2::zeros((3, 4));
    let b = Array1::zeros(3);
    let error = Resolvent { A: A.view(), b: b.view() }.prepare().map(drop);
    assert_eq!(error, Err(Error::ShapeMismatch { tensor: "A".into(), axis: 1, expected: 3, found: 4 }));

    let error = Decay { t: vec![1.0; 3], y: vec![1.0; 2] }.prepare().map(drop);
    let error = error.expect_err("3 and 2").to_string();
    assert!(error.contains('3') && error.contains('2') && error.contains("axis 0"), "{error}");
}

#[derive(Objective)]
#[objective("norm2(X*w - y)^2", wrt(w: vector))]
struct FourMeasurements {
    X: Array2<f64>,
    y: [f64; 4],
}

#[test]
fn an_array_has_the_extent_of_its_type() {
    let error = FourMeasurements { X: Array2::zeros((5, 3)), y: [0.0; 4] }.prepare().map(drop);
    assert_eq!(error, Err(Error::ShapeMismatch { tensor: "X".into(), axis: 0, expected: 4, found: 5 }));
}

#[test]
fn vectors_of_a_wrong_length_are_refused_by_every_call() {
    let (X, y) = (Array2::<f64>::zeros((5, 3)), Array1::zeros(5));
    let mut problem = LeastSquares { X: X.view(), y: y.view() }.prepare().expect("shapes that fit");
    let (right, wrong) = ([0.0; 3], [0.0; 4]);
    let refused = Error::ParameterLength { expected: 3, found: 4 };
    assert_eq!(problem.value(&wrong), Err(refused.clone()));
    assert_eq!(problem.gradient_into(&right, &mut [0.0; 4]), Err(refused.clone()));
    assert_eq!(problem.gradient_into(&wrong, &mut [0.0; 3]), Err(refused.clone()));
    assert_eq!(problem.value_and_gradient(&wrong).map(drop), Err(refused.clone()));
    assert_eq!(problem.hessian_vector_product(&right, &wrong).map(drop), Err(refused.clone()));
    assert_eq!(problem.hessian_vector_product_into(&right, &right, &mut [0.0; 4]), Err(refused.clone()));
    assert_eq!(problem.hessian(&wrong).map(drop), Err(refused.clone()));
    assert_eq!(problem.w(&wrong).map(drop), Err(refused));
    let mut narrow = Array2::zeros((3, 2));
    let error = problem.hessian_into(&right, narrow.view_mut());
    assert_eq!(error, Err(Error::ShapeMismatch { tensor: "out".into(), axis: 1, expected: 3, found: 2 }));

    let mut problem = Decay { t: vec![1.0; 3], y: vec![1.0; 3] }.prepare().expect("shapes that fit");
    assert_eq!(
        problem.residual_into(&[0.0; 2], &mut [0.0; 2]),
        Err(Error::ParameterLength { expected: 3, found: 2 })
    );
    let mut tall = Array2::zeros((4, 2));
    let error = problem.jacobian_into(&[0.0; 2], tall.view_mut());
    assert_eq!(error, Err(Error::ShapeMismatch { tensor: "out".into(), axis: 0, expected: 3, found: 4 }));
    let error = problem.gauss_newton_product(&[0.0; 2], &[0.0; 3]).map(drop);
    assert_eq!(error, Err(Error::ParameterLength { expected: 2, found: 3 }));
}

#[test]
fn a_singular_matrix_is_an_error_that_names_the_expression() {
    let (A, b) = (arr2(&[[1.0, 2.0], [2.0, 4.0]]), Array1::ones(2));
    let mut problem = Resolvent { A: A.view(), b: b.view() }.prepare().expect("shapes that fit");
    let error = problem.value(&[0.0]).expect_err("the second row is twice the first");
    let Error::Singular { expression } = &error else { panic!("{error}") };
    assert!(expression.starts_with("inv(") && expression.contains('A'), "{error}");
    assert!(error.to_string().ends_with("is singular"), "{error}");
    assert!(problem.value(&[1.0]).is_ok(), "an error leaves the problem as it was");

    let mut problem = LogDet.prepare(2).expect("nothing to check");
    let singular = problem.value(&[1.0, 2.0, 2.0, 4.0]);
    assert_eq!(singular, Err(Error::Singular { expression: "logdet(X)".into() }));
    let negative = problem.value(&[0.0, 1.0, 1.0, 0.0]);
    assert_eq!(negative, Err(Error::NotPositiveDefinite { expression: "logdet(X)".into() }));
    let gradient = problem.gradient(&[1.0, 2.0, 2.0, 4.0]).map(drop);
    assert_eq!(gradient, Err(Error::Singular { expression: "X".into() }));

    let zero = Array2::zeros((2, 2));
    let mut problem = Solve { A: zero.view(), b: b.view() }.prepare().expect("shapes that fit");
    let error = problem.value(&[1.0, 1.0, 1.0, 1.0]).expect_err("ones are singular").to_string();
    assert!(error.contains("A + X"), "{error}");
    assert!(problem.hessian(&[1.0, 1.0, 1.0, 1.0]).is_err());
}

#[test]
fn check_gradient_says_what_is_singular() {
    let mut problem = LogDet.prepare(2).expect("nothing to check");
    let options = gradsmith::check::CheckOptions::default();
    assert!(problem.check_gradient(&[1.0, 2.0, 2.0, 4.0], options).is_err());
    assert!(problem.check_gradient(&[2.0, 1.0, -1.0, 4.0], options).is_ok_and(|r| r.passed()));
}
