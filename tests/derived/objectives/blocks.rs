//! More rows than a block holds: sums go on from block to block, what goes along the rows is written in its
//! place.

use crate::checks::{between, close, inv, matrix, regular, vector};
use gradsmith::{__private::Division, Objective, parallel};
use ndarray::{Array1, Array2, Axis};

#[derive(Objective)]
#[objective("sum(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct Logistic {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

/// Rows that make several blocks, the last one short.
const ROWS: usize = 2003;
const COLS: usize = 60;

#[test]
fn a_vector_is_summed_over_all_blocks() -> Result<(), gradsmith::Error> {
    assert!(Division::of::<f64>(ROWS, COLS, COLS).others() > 0);
    let (X, w, v) = (matrix(ROWS, COLS, 1), vector(COLS, 2), between(-1.0, 1.0, COLS, 3));
    let y = vector(ROWS, 4).mapv(f64::signum);
    let margins = &y * &X.dot(&w);
    let falls = margins.mapv(|t| 1.0 / (1.0 + t.exp()));
    let value = margins.mapv(|t| (-t).exp().ln_1p()).sum() + 0.05 * w.dot(&w);
    let gradient = -X.t().dot(&(&y * &falls)) + &w * 0.1;
    let weights = &falls * &falls.mapv(|s| 1.0 - s);
    let product = X.t().dot(&(&weights * &X.dot(&v))) + &v * 0.1;
    let hessian = X.t().dot(&(&X * &weights.insert_axis(Axis(1)))) + Array2::<f64>::eye(COLS) * 0.1;

    let mut problem = Logistic { X, y, lambda: 0.1 }.prepare()?;
    let x = w.to_vec();
    close([&problem.value(&x)?], [&value], 1e-13);
    close(&problem.gradient(&x)?, &gradient, 1e-12);
    close(&problem.hessian_vector_product(&x, v.as_slice().unwrap_or(&[]))?, &product, 1e-12);
    close(problem.hessian(&x)?.iter(), hessian.iter(), 1e-12);
    Ok(())
}

/// The value, the gradient and a product on so many threads.
fn on_threads(threads: usize) -> Result<(f64, Vec<f64>, Vec<f64>), gradsmith::Error> {
    let (X, y) = (matrix(20 * ROWS, COLS, 1), vector(20 * ROWS, 4).mapv(f64::signum));
    let mut problem = Logistic { X, y, lambda: 0.1 }.prepare()?;
    let (w, v) = (vector(COLS, 2).to_vec(), vector(COLS, 3).to_vec());
    let (mut gradient, mut product) = (vec![f64::NAN; COLS], vec![f64::NAN; COLS]);
    parallel::set_threads(threads);
    let value = problem.value_and_gradient_into(&w, &mut gradient)?;
    problem.hessian_vector_product_into(&w, &v, &mut product)?;
    parallel::set_threads(1);
    Ok((value, gradient, product))
}

#[test]
fn any_number_of_threads_has_the_same_sums() -> Result<(), gradsmith::Error> {
    let alone = on_threads(1)?;
    assert!(alone.0.is_finite());
    for threads in [2, 3, 16] {
        assert_eq!(on_threads(threads)?, alone, "{threads} threads");
    }
    Ok(())
}

#[derive(Objective)]
#[objective("norm2(M .* (U*V' - T))^2 + sum(colsum(U).^3)", wrt(U: matrix))]
struct Masked {
    M: Array2<f64>,
    V: Array2<f64>,
    T: Array2<f64>,
}

#[test]
fn a_matrix_is_written_block_by_block() -> Result<(), gradsmith::Error> {
    let (U, V, T) = (matrix(ROWS, 3, 5), matrix(COLS, 3, 6), matrix(ROWS, COLS, 7));
    let M = matrix(ROWS, COLS, 8).mapv(|x| if x > 0.0 { 1.0 } else { 0.0 });
    let residual = &M * &(&U.dot(&V.t()) - &T);
    let sums = U.sum_axis(Axis(0));
    let value = residual.mapv(|r| r * r).sum() + sums.mapv(|s| s.powi(3)).sum();
    let gradient = (&M * &residual).dot(&V) * 2.0 + &sums.mapv(|s| 3.0 * s * s).insert_axis(Axis(0));
    let mut problem = Masked { M, V, T }.prepare()?;
    let x: Vec<f64> = U.iter().copied().collect();
    close([&problem.value(&x)?], [&value], 1e-12);
    close(&problem.gradient(&x)?, gradient.iter(), 1e-11);
    Ok(())
}

#[derive(Objective)]
#[objective("norm2(X*W - Y)^2/2", wrt(W: matrix))]
struct Responses {
    X: Array2<f64>,
    Y: Array2<f64>,
}

#[test]
fn a_matrix_is_summed_over_all_blocks() -> Result<(), gradsmith::Error> {
    let (X, W, Y) = (matrix(ROWS, COLS, 9), matrix(COLS, 4, 10), matrix(ROWS, 4, 11));
    let residual = &X.dot(&W) - &Y;
    let value = residual.mapv(|r| r * r).sum() / 2.0;
    let gradient = X.t().dot(&residual);
    let mut problem = Responses { X, Y }.prepare()?;
    let x: Vec<f64> = W.iter().copied().collect();
    close([&problem.value(&x)?], [&value], 1e-12);
    close(&problem.gradient(&x)?, gradient.iter(), 1e-11);
    Ok(())
}

/// A system for each row, by the factors of one matrix.
#[derive(Objective)]
#[objective("sum((X*inv(A)).^2)", wrt(A: matrix))]
struct Systems {
    X: Array2<f64>,
}

#[test]
fn systems_are_solved_block_by_block() -> Result<(), gradsmith::Error> {
    let (X, A) = (matrix(5 * ROWS, 20, 12), regular(20, 13));
    let inverse = inv(&A);
    let Z = X.dot(&inverse);
    let value = Z.mapv(|z| z * z).sum();
    let gradient = Z.t().dot(&Z).dot(&inverse.t()) * -2.0;
    let mut problem = Systems { X }.prepare()?;
    let x: Vec<f64> = A.iter().copied().collect();
    for threads in [1, 2] {
        parallel::set_threads(threads);
        close([&problem.value(&x)?], [&value], 1e-11);
        close(&problem.gradient(&x)?, gradient.iter(), 1e-9);
        let singular = problem.value(&[0.0; 400]);
        assert!(matches!(singular, Err(gradsmith::Error::Singular { .. })), "{singular:?}");
    }
    parallel::set_threads(1);
    Ok(())
}
