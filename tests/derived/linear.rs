//! Systems of equations in objectives: as exact as the system allows, by whichever factors suit it, and
//! refused by name.

#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use crate::checks::consistent;
use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, arr1, arr2};

#[derive(gradsmith::Objective)]
#[objective("sum(solve(A, b) .* c)", wrt(c: vector))]
struct Solution<'a> {
    A: ArrayView2<'a, f64>,
    b: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("y'*solve(K + s^2*eye, y)/2 + logdet(K + s^2*eye)/2", wrt(s: scalar, y: vector))]
struct GaussianProcess<'a> {
    K: ArrayView2<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("log(det(X'*X + t*eye)) + w'*solve(X'*X + t*eye, w)", wrt(t: scalar, w: vector))]
struct Shrunk<'a> {
    X: ArrayView2<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("tr(solve(A, B)*C*solve(A', B)')", wrt(A: matrix, B: matrix))]
struct Both<'a> {
    C: ArrayView2<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("r = y - X*w; r'*inv(S)*r + w'*solve(S2, w)", wrt(w: vector))]
struct Generalised<'a> {
    X: ArrayView2<'a, f32>,
    y: ArrayView1<'a, f32>,
    S: ArrayView2<'a, f32>,
    S2: ArrayView2<'a, f32>,
}

#[derive(gradsmith::Objective)]
#[residual("r = 2*A*b; r + c", wrt(b: vector, c: vector))]
struct NamedProduct<'a> {
    A: ArrayView2<'a, f64>,
}

fn hilbert(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| 1.0 / (i + j + 1) as f64)
}

fn largest<'a>(x: impl IntoIterator<Item = &'a f64>) -> f64 {
    x.into_iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

#[test]
fn a_solution_is_as_exact_as_its_system_allows() {
    for n in 8..=10 {
        let A = hilbert(n);
        let b = A.dot(&Array1::from_shape_fn(n, |i| 1.0 + i as f64));
        let mut problem = Solution { A: A.view(), b: b.view() }.prepare().expect("shapes that fit");
        // The gradient by `c` is the solution.
        let x = Array1::from(problem.gradient(&vec![0.0; n]).expect("regular"));
        let residual = largest(&(A.dot(&x) - &b)) / largest(&x);
        // An inverse of a matrix of condition 1e10 to 1e13 leaves 1e-9 and more.
        assert!(residual < 1e-15, "{n}: {residual:e}");
    }
}

#[test]
fn a_symmetric_matrix_may_be_definite_or_not() {
    let K = arr2(&[[2.0, 0.5, 0.1], [0.5, 1.5, -0.3], [0.1, -0.3, 1.0]]);
    let mut problem = GaussianProcess { K: K.view() }.prepare().expect("square");
    consistent(&mut problem, &[0.7, 1.0, -2.0, 0.5]);
    // Two negative eigenvalues and a positive one: no Cholesky factors, yet a logarithm.
    let K = arr2(&[[-2.0, 0.5, 0.1], [0.5, 1.5, -0.3], [0.1, -0.3, -1.0]]);
    let mut problem = GaussianProcess { K: K.view() }.prepare().expect("square");
    consistent(&mut problem, &[0.2, 1.0, -2.0, 0.5]);
    // Not symmetric.
    let K = arr2(&[[2.0, 0.9, 0.1], [0.5, 1.5, -0.3], [0.7, -0.3, 1.0]]);
    let mut problem = GaussianProcess { K: K.view() }.prepare().expect("square");
    consistent(&mut problem, &[0.7, 1.0, -2.0, 0.5]);

    let X = arr2(&[[1.0, 2.0, 0.5], [0.3, -1.0, 2.0], [0.7, 0.2, 0.1], [1.5, 1.0, -1.0]]);
    let mut problem = Shrunk { X: X.view() }.prepare().expect("shapes that fit");
    consistent(&mut problem, &[0.5, 1.0, -2.0, 0.5]);
    // Known to be symmetric, but indefinite.
    consistent(&mut problem, &[-9.0, 1.0, -2.0, 0.5]);
}

#[test]
fn matrices_are_solved_for_from_either_side() {
    let C = arr2(&[[1.0, 0.2, -0.4, 0.3], [0.1, 2.0, 0.3, 0.0], [0.5, 0.4, 1.0, 0.2], [0.0, 0.1, 0.7, 1.0]]);
    let mut problem = Both { C: C.view() }.prepare(3).expect("shapes that fit");
    let x: Vec<f64> =
        (0..21).map(|k| (k as f64 * 0.7).sin() + if k % 4 == 0 && k < 9 { 3.0 } else { 0.0 }).collect();
    consistent(&mut problem, &x);
}

#[test]
fn single_precision_solves_too() {
    let n = 40;
    let S =
        Array2::from_shape_fn(
            (n, n),
            |(i, j)| {
                if i == j { 4.0 } else { 1.0 / (1.0 + (i as f32 - j as f32).powi(2)) }
            },
        );
    let X = Array2::from_shape_fn((n, 2), |(i, j)| ((3 * i + j) as f32).sin());
    let y = Array1::from_shape_fn(n, |i| (i as f32).cos());
    let S2 = arr2(&[[0.0, 1.0], [-1.0, 0.5]]);
    let mut problem = Generalised { X: X.view(), y: y.view(), S: S.view(), S2: S2.view() }
        .prepare()
        .expect("shapes that fit");
    let (w, step) = ([0.3, -0.2], 1e-2);
    let gradient = problem.gradient(&w).expect("regular");
    for k in 0..2 {
        let mut at = |t: f32| {
            let mut w = w;
            w[k] += t;
            problem.value(&w).expect("regular")
        };
        let difference = (at(step) - at(-step)) / (2.0 * step);
        assert!((gradient[k] - difference).abs() < 1e-2 * difference.abs().max(1.0), "{difference}");
    }
}

#[test]
fn what_is_singular_is_named() {
    let (A, b) = (arr2(&[[1.0, 2.0], [2.0, 4.0]]), Array1::ones(2));
    let mut problem = Solution { A: A.view(), b: b.view() }.prepare().expect("square");
    // The formula has no `inv`: what is singular is the matrix.
    let refused = Error::Singular { expression: "A".into() };
    assert_eq!(problem.value(&[1.0, 1.0]), Err(refused.clone()));
    assert_eq!(problem.gradient(&[1.0, 1.0]).map(drop), Err(refused));

    let K = arr2(&[[0.0, 1.0], [1.0, 0.0]]);
    let mut problem = GaussianProcess { K: K.view() }.prepare().expect("square");
    let error = problem.value(&[0.5, 1.0, 1.0]).expect_err("det = -15/16");
    let Error::NotPositiveDefinite { expression } = &error else { panic!("{error}") };
    assert_eq!(expression, "logdet(K + s^2 * eye)");
    let error = problem.value(&[1.0, 1.0, 1.0]).expect_err("ones are singular");
    let names = ["K + s^2 * eye", "logdet(K + s^2 * eye)"];
    assert!(matches!(&error, Error::Singular { expression } if names.contains(&&**expression)), "{error}");
    // An error leaves the problem as it was.
    assert!(problem.value(&[2.0, 1.0, 1.0]).is_ok());
    let K = arr2(&[[f64::NAN, 1.0], [1.0, 2.0]]);
    let mut problem = GaussianProcess { K: K.view() }.prepare().expect("square");
    assert!(problem.value(&[1.0, 1.0, 1.0]).is_err());
    assert!(problem.gradient(&[1.0, 1.0, 1.0]).is_err());
}

#[test]
fn a_named_product_keeps_its_constant_inside_a_sum() {
    let A = arr2(&[[1.0, 2.0], [3.0, 4.0]]);
    let mut problem = NamedProduct { A: A.view() }.prepare().expect("shapes that fit");
    assert_eq!(problem.residual(&[1.0, -1.0, 0.5, 0.25]), Ok(arr1(&[-1.5, -1.75])));
}
