//! The branch of a `where` that is not taken, in derived methods: not evaluated where one number decides, no
//! share of the entries where each has its own.

#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use crate::checks::consistent;
use gradsmith::{Cost, Error, Init, Network, Objective, Parameters, Residual};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, arr1, arr2};

#[derive(gradsmith::Objective)]
#[objective("where(s > 0, logdet(A) + w'*solve(A, w), w'*w)", wrt(w: vector, s: scalar))]
struct Definite<'a> {
    A: ArrayView2<'a, f64>,
}

/// Long enough for blocks of rows and several threads.
#[derive(gradsmith::Objective)]
#[objective("where(s > 0, sum(log(X*w)), norm2(X*w - y)^2/2) + where(s > 1, sum(log(w)), 0)", wrt(w: vector))]
struct Tall<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    s: f64,
}

#[derive(gradsmith::Objective)]
#[residual("where(k > 0, solve(A, b), b) - c", wrt(b: vector))]
struct Chosen<'a> {
    A: ArrayView2<'a, f32>,
    c: ArrayView1<'a, f32>,
    k: f32,
}

#[derive(gradsmith::Objective)]
#[objective("sum(where(m > 0, (X*w - y).^2, 0)) + sum(where(w > 0, w.*log(w), 0))", wrt(w: vector))]
struct Missing<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    m: ArrayView1<'a, f64>,
}

/// A loss, a penalty and a step that a hyper-parameter chooses.
#[derive(Clone, Debug, gradsmith::Network)]
#[network(3 -> 4 tanh -> 2 sigmoid)]
#[cost(where(p > 0, cross_entropy, quadratic) + where(p > 1, l2(p), l1(1/(2 + p))))]
struct Switched {
    p: f64,
}

#[derive(Clone, Debug, gradsmith::Network)]
#[network(3 -> 4 tanh -> 2 sigmoid)]
#[cost(cross_entropy + l2(p))]
struct First {
    p: f64,
}

#[derive(Clone, Debug, gradsmith::Network)]
#[network(3 -> 4 tanh -> 2 sigmoid)]
#[cost(quadratic + l1(1/(2 + p)))]
struct Second {
    p: f64,
}

#[derive(Clone, Debug, gradsmith::Cost)]
#[cost(where(p > 0, sum(log(a).^2) + norm2(a - y), max(a .* y) + sum(a)^2))]
struct Either {
    p: f64,
}

/// Value and gradient, and the parameters after a step of descent.
fn descended<N: Network<Scalar = f64>>(net: &N) -> (f64, Vec<f64>, Vec<f64>) {
    let x = arr2(&[[0.2, -0.4, 1.0], [0.9, 0.1, -0.6]]);
    let y = arr2(&[[1.0, 0.0], [0.0, 1.0]]);
    let mut parameters = N::init(Init::default(), 7);
    let (mut workspace, mut gradient) = (net.workspace(2), N::Parameters::zeros());
    let value = net
        .value_and_gradient(&parameters, x.view(), y.view(), &mut workspace, &mut gradient)
        .expect("shapes that fit");
    net.sgd_step(&mut parameters, x.view(), y.view(), &mut workspace, 0.1).expect("shapes that fit");
    (value.total(), gradient.as_slice().to_vec(), parameters.as_slice().to_vec())
}

#[test]
fn a_cost_chooses_by_a_hyper_parameter() {
    for p in [-0.5, 1.5] {
        let got = descended(&Switched { p });
        let want = if p > 0.0 { descended(&First { p }) } else { descended(&Second { p }) };
        close([&got.0], &[want.0]);
        close(&got.1, &want.1);
        close(&got.2, &want.2);
    }
    let (a, y) = (arr2(&[[-0.5, 0.25], [0.75, 0.5]]), arr2(&[[1.0, 0.5], [0.0, 1.0]]));
    let cost = Either { p: 0.0 };
    // The greatest of a y, and the sum squared.
    let value = (0.125 + 0.0625 + 0.5 + 1.5625) / 2.0;
    close([&cost.data(a.view(), y.view()).expect("shapes that fit")], &[value]);
    let slope = cost.d_activation(a.view(), y.view()).expect("shapes that fit");
    close(&slope, &[-0.25, -0.25 + 0.25, 1.25, 1.25 + 0.5]);
}

fn close<'a>(got: impl IntoIterator<Item = &'a f64>, want: &[f64]) {
    let got: Vec<f64> = got.into_iter().copied().collect();
    assert_eq!(got.len(), want.len());
    assert!(
        got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-12 * (1.0 + w.abs())),
        "{got:?}, not {want:?}"
    );
}

#[test]
fn a_matrix_of_the_branch_not_taken_is_not_looked_at() {
    let singular = arr2(&[[1.0, 1.0], [1.0, 1.0]]);
    let mut problem = Definite { A: singular.view() }.prepare().expect("square");
    let x = [0.5, -2.0, -1.0];
    close(&[problem.value(&x).expect("w'*w")], &[4.25]);
    close(&problem.gradient(&x).expect("2*w"), &[1.0, -4.0, 0.0]);
    close(&problem.hessian_vector_product(&x, &[1.0, 0.5, 3.0]).expect("2*v"), &[2.0, 1.0, 0.0]);
    let hessian = problem.hessian(&x).expect("2*eye");
    close(&hessian, &[2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    // Where it is taken, it is refused.
    let taken = [0.5, -2.0, 1.0];
    assert!(matches!(problem.value(&taken), Err(Error::Singular { .. } | Error::NotPositiveDefinite { .. })));
    assert!(problem.gradient(&taken).is_err());

    let definite = arr2(&[[2.0, 0.5], [0.5, 1.0]]);
    let mut problem = Definite { A: definite.view() }.prepare().expect("square");
    consistent(&mut problem, &taken);
    consistent(&mut problem, &x);
}

#[test]
fn branches_run_in_blocks_of_rows() {
    let n = 40_000;
    let X = Array2::from_shape_fn((n, 3), |(i, j)| 0.1 + ((i * 7 + j * 3) % 11) as f64 / 11.0);
    let y = Array1::from_shape_fn(n, |i| (i % 5) as f64);
    let w = [0.4, -1.3, 0.2];
    let mut problem = Tall { X: X.view(), y: y.view(), s: -1.0 }.prepare().expect("shapes that fit");
    let r = X.dot(&arr1(&w)) - &y;
    let (value, gradient) = problem.value_and_gradient(&w).expect("no logarithm is taken");
    assert!((value / (r.dot(&r) / 2.0) - 1.0).abs() < 1e-12);
    let want = X.t().dot(&r);
    assert!(gradient.iter().zip(&want).all(|(g, w)| (g / w - 1.0).abs() < 1e-10), "{gradient:?}, not {want}");
    let v = [1.0, 0.5, -0.25];
    let product = problem.hessian_vector_product(&w, &v).expect("X'*X*v");
    let want = X.t().dot(&X.dot(&arr1(&v)));
    assert!(product.iter().zip(&want).all(|(g, w)| (g / w - 1.0).abs() < 1e-10), "{product:?}, not {want}");
    for s in [0.5, 2.0] {
        let mut problem = Tall { X: X.view(), y: y.view(), s }.prepare().expect("shapes that fit");
        consistent(&mut problem, &[0.4, 1.3, 0.2]);
    }
}

#[test]
fn a_residual_chooses_its_system() {
    let (A, c) = (arr2(&[[1.0_f32, 2.0], [2.0, 4.0]]), arr1(&[0.5_f32, 1.0]));
    let mut problem = Chosen { A: A.view(), c: c.view(), k: 0.0 }.prepare().expect("shapes that fit");
    let b = [1.5_f32, -1.0];
    assert_eq!(problem.residual(&b).expect("b - c"), arr1(&[1.0, -2.0]));
    assert_eq!(problem.jacobian(&b).expect("eye"), Array2::<f32>::eye(2));
    assert_eq!(problem.gradient(&b).expect("b - c"), arr1(&[1.0, -2.0]));
    let mut problem = Chosen { A: A.view(), c: c.view(), k: 1.0 }.prepare().expect("shapes that fit");
    assert!(problem.residual(&b).is_err() && problem.jacobian(&b).is_err());
}

#[test]
fn data_left_out_may_be_no_numbers() {
    let X = arr2(&[[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]]);
    let (y, m) = (arr1(&[f64::NAN, 0.4, f64::INFINITY]), arr1(&[0.0, 1.0, -1.0]));
    let mut problem = Missing { X: X.view(), y: y.view(), m: m.view() }.prepare().expect("shapes that fit");
    let w = [0.6, 0.0];
    let r = -0.5 * 0.6 - 0.4;
    close(&[problem.value(&w).expect("numbers")], &[r * r + 0.6 * 0.6_f64.ln()]);
    close(&problem.gradient(&w).expect("numbers"), &[-r + 0.6_f64.ln() + 1.0, 2.0 * 0.3 * r]);
    let hessian = problem.hessian(&w).expect("numbers");
    close(&hessian, &[0.5 + 1.0 / 0.6, -0.3, -0.3, 0.18]);
    close(&problem.hessian_vector_product(&w, &[1.0, 2.0]).expect("numbers"), &[0.5 + 1.0 / 0.6 - 0.6, 0.06]);
}
