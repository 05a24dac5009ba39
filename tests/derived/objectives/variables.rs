//! Several variables, declared extents, symmetric matrices.

use crate::checks::{close, consistent, flat, inv, matrix, outer, regular, vector};
use gradsmith::Objective;
use ndarray::{Array2, ArrayView1, ArrayView2, s};

#[derive(gradsmith::Objective)]
#[objective(
    "norm2(B*w + t*c)^2/2 + sum(exp(B)) + t^3",
    wrt(w: vector, B: matrix, t: scalar)
)]
struct Three<'a> {
    c: ArrayView1<'a, f64>,
    #[expect(dead_code, reason = "the formula does not mention it")]
    w0: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("norm2(W .* (X - U*V))^2/2", wrt(U: matrix[n, 10], V: matrix[10, d]))]
struct Factorisation<'a> {
    X: ArrayView2<'a, f64>,
    W: ArrayView2<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(exp(U))/2 + norm2(U)^2", wrt(U: matrix[n, 10]))]
struct Declared;

#[derive(gradsmith::Objective)]
#[objective("logdet(S) + x'*inv(S)*x", wrt(S: symmetric matrix))]
struct Likelihood<'a> {
    x: ArrayView1<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("tr(A*S*S) + norm2(S*x - x)^2 + t*tr(S)^2", wrt(S: symmetric matrix[2, 2], t: scalar))]
struct Symmetric {
    A: Array2<f64>,
    x: [f64; 2],
}

#[derive(gradsmith::Objective)]
#[objective("sum(x.^2)", wrt(x: vector[3], unused: vector[2]))]
struct Unused;

#[test]
fn the_derivation_says_which_variable_is_not_mentioned() {
    assert!(Unused::DERIVATION.contains("f does not mention unused"), "{}", Unused::DERIVATION);
    assert!(!Unused::DERIVATION.contains("mention x"), "{}", Unused::DERIVATION);
}

#[test]
fn several_variables_lie_one_after_the_other() -> Result<(), gradsmith::Error> {
    let (c, w, B, t) = (vector(4, 1), vector(3, 2), matrix(4, 3, 3), 0.7);
    // `w0` tells how long w is? No: it is not mentioned, so B's columns are a parameter of `prepare`.
    let mut problem = Three { c: c.view(), w0: w.view() }.prepare(3)?;
    let x = flat!(w, B, [t]);
    assert_eq!(problem.len(), 3 + 12 + 1);
    consistent(&mut problem, &x);
    let r = B.dot(&w) + t * &c;
    let wanted = flat!(B.t().dot(&r), outer(&r, &w) + B.mapv(f64::exp), [r.dot(&c) + 3.0 * t * t]);
    close(&problem.gradient(&x)?, &wanted, 1e-14);
    assert_eq!(problem.w(&x)?, w);
    assert_eq!(problem.B(&x)?, B);
    assert_eq!(problem.t(&x)?, t);
    // The blocks: ∂²f/∂w² = B'B at the front, ∂²f/∂t² at the end.
    let hessian = problem.hessian(&x)?;
    close(hessian.slice(s![..3, ..3]).iter(), &B.t().dot(&B), 1e-14);
    close([&hessian[[15, 15]]], [&(c.dot(&c) + 6.0 * t)], 1e-14);
    close(hessian.slice(s![15, ..3]).iter(), &B.t().dot(&c), 1e-14);
    Ok(())
}

#[test]
fn extents_are_inferred_from_data_or_declared() -> Result<(), gradsmith::Error> {
    let (X, W) = (matrix(4, 3, 1), matrix(4, 3, 2));
    let mut problem = Factorisation { X: X.view(), W: W.view() }.prepare()?;
    assert_eq!(problem.len(), 4 * 10 + 10 * 3);
    let (U, V) = (matrix(4, 10, 3), matrix(10, 3, 4));
    let x = flat!(U, V);
    consistent(&mut problem, &x);
    let r = &W * &W * (U.dot(&V) - &X);
    close(&problem.gradient(&x)?, &flat!(r.dot(&V.t()), U.t().dot(&r)), 1e-13);

    // Nothing tells n.
    let mut problem = Declared.prepare(2)?;
    assert_eq!(problem.len(), 20);
    let U = matrix(2, 10, 5);
    consistent(&mut problem, &flat!(U));
    assert_eq!(problem.U(&flat!(U))?, U);
    Ok(())
}

/// The gradient by a symmetric matrix is the symmetric part of the gradient by all entries.
#[test]
fn symmetric_matrices_have_symmetric_gradients() -> Result<(), gradsmith::Error> {
    let x = vector(3, 1);
    let mut S = regular(3, 2);
    S = (&S + &S.t()) / 2.0;
    let mut problem = Likelihood { x: x.view() }.prepare()?;
    let gradient = problem.gradient(&flat!(S))?;
    let P = inv(&S);
    let y = P.dot(&x);
    close(&gradient, &(P - outer(&y, &y)), 1e-13);
    let hessian = problem.hessian(&flat!(S))?;
    close(&hessian, hessian.t().as_standard_layout().iter(), 1e-13);
    // Along symmetric directions it is the second derivative.
    let v = Array2::from_shape_fn((3, 3), |(i, j)| (1 + i + j) as f64 / 7.0);
    let product = problem.hessian_vector_product(&flat!(S), &flat!(v))?;
    close(&product, &hessian.dot(&vector_of(&v)), 1e-12);
    let h = 1e-5;
    let along = |problem: &mut LikelihoodProblem<'_>, h: f64| problem.gradient(&flat!((&S + h * &v)));
    let difference = (along(&mut problem, h)? - along(&mut problem, -h)?) / (2.0 * h);
    close(&product, &difference, 1e-8);

    let A = matrix(2, 2, 7);
    let mut problem = Symmetric { A, x: [0.4, -1.3] }.prepare()?;
    let at = [2.0, 0.5, 0.5, 3.0, 0.8];
    let gradient = problem.gradient(&at)?;
    close([&gradient[1]], [&gradient[2]], 1e-15);
    let hessian = problem.hessian(&at)?;
    close(&hessian, hessian.t().as_standard_layout().iter(), 1e-14);
    for direction in [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0, 0.0], [0.3, -0.2, -0.2, 0.1, 2.0]] {
        let product = problem.hessian_vector_product(&at, &direction)?;
        close(&product, &hessian.dot(&ndarray::aview1(&direction)), 1e-13);
        let mut moved = |h: f64| {
            let x: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
            problem.gradient(&x)
        };
        close(&product, &((moved(1e-5)? - moved(-1e-5)?) / 2e-5), 1e-8);
    }
    Ok(())
}

fn vector_of(matrix: &Array2<f64>) -> ndarray::Array1<f64> {
    matrix.iter().copied().collect()
}

#[test]
fn what_is_not_mentioned_has_gradient_0() -> Result<(), gradsmith::Error> {
    let mut problem = Unused.prepare()?;
    let x = [1.0, 2.0, 3.0, 4.0, 5.0];
    consistent(&mut problem, &x);
    assert_eq!(problem.gradient(&x)?.to_vec(), [2.0, 4.0, 6.0, 0.0, 0.0]);
    assert_eq!(problem.hessian(&x)?.diag().to_vec(), [2.0, 2.0, 2.0, 0.0, 0.0]);
    Ok(())
}
