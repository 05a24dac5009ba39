//! The calls of a prepared problem allocate nothing.
#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use crate::checks::{flat, matrix, regular, vector};
use gradsmith::{Objective, Residual};
use gradsmith_test_support::counting::allocations;
use ndarray::{Array2, ArrayView1, ArrayView2};

#[derive(gradsmith::Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct LogisticRegression<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
    lambda: f64,
}

#[derive(gradsmith::Objective)]
#[objective(
    "logsumexp(B*w) + sum(softmax(B*w).^2) + t*logdet(A + t*eye) + det(A) + b'*inv(A + t*eye)*b + norm2(B)^2",
    wrt(w: vector, B: matrix, t: scalar)
)]
struct Everything<'a> {
    A: ArrayView2<'a, f64>,
    b: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[residual("tanh(X*W*u) - y", wrt(W: matrix, u: vector))]
struct TwoLayers<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", wrt(x: vector))]
struct Rosenbrock;

#[derive(gradsmith::Objective)]
#[objective(
    "K = matrix[i, j](exp(s - exp(-2*l)*sum[c]((X[i, c] - X[j, c])^2)/2)) + exp(t)*eye;
     y'*inv(K)*y/2 + logdet(K)/2",
    wrt(l: scalar, s: scalar, t: scalar)
)]
struct GaussianProcess<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective(
    "sum[k]((dot(U[p[k], :], V[q[k], :]) - r[k])^2) + lambda/2 * (norm2(U)^2 + norm2(V)^2)",
    wrt(U: matrix[users, 16], V: matrix[items, 16])
)]
struct Ratings<'a> {
    r: ArrayView1<'a, f64>,
    p: Vec<u32>,
    q: Vec<u32>,
    lambda: f64,
}

#[track_caller]
fn allocates_nothing(what: &str, call: impl FnOnce()) {
    assert_eq!(allocations(call).0, 0, "{what}");
}

/// The first call of each method, the Hessian first of all.
fn objective(problem: &mut impl Objective<Scalar = f64>, x: &[f64]) {
    let n = x.len();
    let (mut out, v) = (vec![0.0; n], vec![0.5; n]);
    let mut square = Array2::zeros((n, n));
    allocates_nothing("Hessian", || assert!(problem.hessian_into(x, square.view_mut()).is_ok()));
    allocates_nothing("value", || assert!(problem.value(x).is_ok()));
    allocates_nothing("gradient", || assert!(problem.gradient_into(x, &mut out).is_ok()));
    allocates_nothing("both", || assert!(problem.value_and_gradient_into(x, &mut out).is_ok()));
    allocates_nothing("product", || {
        assert!(problem.hessian_vector_product_into(x, &v, &mut out).is_ok());
    });
}

#[test]
fn no_call_allocates_not_even_the_first() -> Result<(), gradsmith::Error> {
    let (X, y, w) = (matrix(40, 7, 1), vector(40, 2), vector(7, 3));
    let logistic = LogisticRegression { X: X.view(), y: y.view(), lambda: 0.1 };
    objective(&mut logistic.prepare()?, &w.to_vec());

    let (A, b, B, w) = (regular(5, 4), vector(5, 5), matrix(4, 3, 6), vector(3, 7));
    let x = flat!(w, B, [0.5]);
    let everything = Everything { A: A.view(), b: b.view() };
    objective(&mut everything.prepare(3, 4)?, &x);

    let (W, u) = (matrix(7, 2, 8), vector(2, 9));
    let x = flat!(W, u);
    let mut problem = TwoLayers { X: X.view(), y: y.view() }.prepare(2)?;
    objective(&mut problem.clone(), &x);
    let (mut r, mut jacobian, mut out) = (vec![0.0; 40], Array2::zeros((40, 16)), vec![0.0; 16]);
    allocates_nothing("residual", || assert!(problem.residual_into(&x, &mut r).is_ok()));
    allocates_nothing("Jacobian", || assert!(problem.jacobian_into(&x, jacobian.view_mut()).is_ok()));
    allocates_nothing("JᵀJv", || assert!(problem.gauss_newton_product_into(&x, &x, &mut out).is_ok()));
    Ok(())
}

#[test]
fn nor_does_one_with_indices() -> Result<(), gradsmith::Error> {
    objective(&mut Rosenbrock.prepare(50)?, &vector(50, 1).to_vec());

    let (X, y) = (matrix(90, 3, 2), vector(90, 3));
    let process = GaussianProcess { X: X.view(), y: y.view() };
    objective(&mut process.prepare()?, &[0.5, 0.2, -2.0]);

    let (r, users, items) = (vector(60, 4), 7, 5);
    let list = |count: u32| (0..60).map(|k| k * k % count).collect();
    let ratings = Ratings { r: r.view(), p: list(7), q: list(5), lambda: 0.1 };
    let x = vector(16 * (users + items), 5).to_vec();
    objective(&mut ratings.prepare(users, items)?, &x);
    Ok(())
}

#[test]
fn singular_matrices_are_refused_without_allocation() -> Result<(), gradsmith::Error> {
    let (A, b) = (Array2::zeros((5, 5)), vector(5, 5));
    let mut problem = Everything { A: A.view(), b: b.view() }.prepare(3, 4)?;
    let x = flat!(vector(3, 1), matrix(4, 3, 2), [0.0]);
    allocates_nothing("value", || assert!(problem.value(&x).is_err()));
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("norm2(X - U*V')^2/2", wrt(U: matrix[n, 3], V: matrix[d, 3]))]
struct Factors<'a> {
    X: ArrayView2<'a, f64>,
}

/// What a Hessian takes above 64 MiB is taken when it is wanted.
#[test]
fn the_memory_of_a_large_hessian_is_reserved() -> Result<(), gradsmith::Error> {
    let X = matrix(1100, 2, 1);
    let mut problem = Factors { X: X.view() }.prepare()?;
    let x = vec![0.1; problem.len()];
    let mut square = Array2::zeros((x.len(), x.len()));
    let mut reserved = problem.clone();
    reserved.reserve();
    allocates_nothing("reserved", || assert!(reserved.hessian_into(&x, square.view_mut()).is_ok()));
    let expected = square.clone();
    assert_eq!(allocations(|| problem.hessian_into(&x, square.view_mut())).0, 1);
    assert_eq!(square, expected);
    assert!(format!("{problem:?}").ends_with("lifetime: PhantomData<&()> }"));
    Ok(())
}

/// The Hessian by a million variables is not there, and its memory not either.
#[test]
fn a_hessian_that_no_memory_holds_is_in_nobodys_way() -> Result<(), gradsmith::Error> {
    let X = matrix(300_000, 2, 1);
    let mut problem = Factors { X: X.view() }.prepare()?;
    let x = vec![0.1; problem.len()];
    let (value, gradient) = problem.value_and_gradient(&x)?;
    assert!(value.is_finite() && gradient.iter().all(|g| g.is_finite()));
    Ok(())
}

#[test]
fn other_data_are_written_over_those_that_a_problem_owns() -> Result<(), gradsmith::Error> {
    let (X, y, w) = (matrix(40, 7, 1), vector(40, 2), vector(7, 3).to_vec());
    let mut problem = LogisticRegression { X: X.view(), y: y.view(), lambda: 0.1 }.prepare()?;
    let (Z, v) = (matrix(80, 7, 4), vector(40, 5));
    // What was lent is copied once.
    problem.set_X(&X)?;
    problem.set_y(&y)?;
    allocates_nothing("data", || {
        assert!(problem.set_X(Z.slice(ndarray::s![..40, ..])).is_ok() && problem.set_y(&v).is_ok());
        problem.set_lambda(0.2);
        assert!(problem.value(&w).is_ok());
    });
    let mut ratings = Ratings { r: y.view(), p: vec![0; 40], q: vec![1; 40], lambda: 0.1 }.prepare(2, 3)?;
    let p = [1_u32; 40];
    allocates_nothing("whole numbers", || assert!(ratings.set_p(&p).is_ok()));
    Ok(())
}
