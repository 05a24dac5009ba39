//! Neighbours, entries named by data, contractions: values and derivatives of what indices are there for.

use crate::checks::{close, consistent};
use gradsmith::{Error, Objective};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView3, arr1};

#[derive(gradsmith::Objective)]
#[objective("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", wrt(x: vector))]
struct Rosenbrock;

#[test]
fn the_length_of_x_says_how_many_terms_there_are() -> Result<(), Error> {
    let mut problem = Rosenbrock.prepare(4)?;
    let x = [-1.2, 1.0, 0.5, 2.0];
    consistent(&mut problem, &x);
    let term = |i: usize| 100.0 * (x[i + 1] - x[i] * x[i]).powi(2) + (1.0 - x[i]).powi(2);
    close([&problem.value(&x)?], [&(0..3).map(term).sum()], 1e-14);
    assert_eq!(problem.gradient(&[1.0; 4])?.to_vec(), [0.0; 4]);
    // Of one there is no neighbour, and of none no range.
    assert_eq!(Rosenbrock.prepare(1)?.value(&[3.0])?, 0.0);
    let message = Rosenbrock.prepare(0).map(drop).expect_err("no x").to_string();
    assert_eq!(message, "the range of `i` comes to -1 entries, less than none");
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[i](y[i]*(x[i+1] - x[i])^2)", wrt(x: vector))]
struct Steps<'a> {
    y: &'a [f64],
}

#[derive(gradsmith::Objective)]
#[objective("sum[i](c*y[i]*(x[i+1] - x[i])^2)", wrt(c: scalar))]
struct Given<'a> {
    x: &'a [f64],
    y: &'a [f64],
}

#[test]
fn one_is_one_shorter_than_the_other() -> Result<(), Error> {
    let y = [1.0, 2.0, 3.0];
    let mut problem = Steps { y: &y }.prepare()?;
    let x = [0.0, 1.0, 3.0, 4.0];
    consistent(&mut problem, &x);
    assert_eq!((problem.len(), problem.value(&x)?), (4, 1.0 + 8.0 + 3.0));
    let mut problem = Given { x: &x, y: &y }.prepare()?;
    assert_eq!(problem.gradient(&[1.0])?.to_vec(), [12.0]);
    let error = Given { x: &x, y: &x }.prepare().map(drop).expect_err("as long as x").to_string();
    assert!(error.contains("(axis 0), expected"), "{error}");
    Ok(())
}

/// Each entry over the weighted sum of those before it: c/w.
#[derive(gradsmith::Objective)]
#[objective(
    "s = vector[t in 0..len(y)](sum[k](where(k <= t, w*y[k], 0))); sum[t](y[t+1]/s[t])",
    wrt(w: scalar)
)]
struct Shares<'a> {
    y: &'a [f64],
}

#[test]
fn a_part_of_what_choices_make_keeps_its_place() -> Result<(), Error> {
    let mut problem = Shares { y: &[1.0, 2.0, 3.0, 6.0] }.prepare()?;
    consistent(&mut problem, &[0.5]);
    let c = 2.0 / 1.0 + 3.0 / 3.0 + 6.0 / 6.0;
    close([&problem.value(&[0.5])?], [&(c / 0.5)], 1e-15);
    close(&problem.gradient(&[0.5])?, [&(-c / 0.25)], 1e-15);
    close(&problem.hessian(&[0.5])?, [&(2.0 * c / 0.125)], 1e-15);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[k]((w[p[k]] - y[k])^2)", wrt(w: vector))]
struct Table<'a> {
    p: &'a [usize],
    y: ArrayView1<'a, f64>,
}

#[test]
fn entries_that_data_name_are_added_where_they_meet() -> Result<(), Error> {
    let y = arr1(&[1.0, 2.0, 3.0, 4.0]);
    let mut problem = Table { p: &[2, 0, 2, 1], y: y.view() }.prepare(4)?;
    let w = [0.5, -1.0, 2.0, 9.0];
    consistent(&mut problem, &w);
    assert_eq!(problem.value(&w)?, 1.0 + 2.25 + 1.0 + 25.0);
    assert_eq!(problem.gradient(&w)?.to_vec(), [-3.0, -10.0, 2.0 * (1.0 - 1.0), 0.0]);
    let error = Table { p: &[2, 0, 4, 1], y: y.view() }.prepare(4).map(drop);
    let outside = Error::OutOfRange { subscript: "p".into(), index: vec![2], value: 4, extent: 4 };
    assert_eq!(error, Err(outside));
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[i, j, k](T[i, j, k]*u[i]*v[j]*w[k])", wrt(u: vector, v: vector, w: vector))]
struct Trilinear<'a> {
    T: ArrayView3<'a, f64>,
}

#[test]
fn a_tensor_is_contracted_with_vectors() -> Result<(), Error> {
    let T = Array3::from_shape_fn((2, 3, 4), |(i, j, k)| ((7 * i + 3 * j + k) % 5) as f64 - 1.5);
    let x = [0.5, -1.0, 2.0, 1.0, 0.0, 3.0, -2.0, 1.0, 0.25];
    let mut problem = Trilinear { T: T.view() }.prepare()?;
    consistent(&mut problem, &x);
    let value: f64 = T.indexed_iter().map(|((i, j, k), t)| t * x[i] * x[2 + j] * x[5 + k]).sum();
    close([&problem.value(&x)?], [&value], 1e-14);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[k]((r[k] - dot(U[p[k], :], V[q[k], :]))^2)", wrt(U: matrix[n, 2], V: matrix[m, 2]))]
struct Ratings {
    r: Array1<f64>,
    p: Array1<u32>,
    q: Vec<i64>,
}

#[test]
fn a_table_of_ratings_has_factors() -> Result<(), Error> {
    let ratings = |q: Vec<i64>| Ratings { r: arr1(&[5.0, 3.0, 1.0, 4.0]), p: arr1(&[0, 2, 2, 0]), q };
    let q = [1, 0, 1, 1];
    let mut problem = ratings(q.to_vec()).prepare(3, 2)?;
    let x: Vec<f64> = (0..10).map(|k| f64::from(k) / 4.0 - 1.0).collect();
    consistent(&mut problem, &x);
    let (U, V) = (problem.U(&x)?, problem.V(&x)?);
    let of = |(k, &j): (usize, &i64)| {
        let (i, j) = ([0, 2, 2, 0][k], usize::try_from(j).expect("a row of V"));
        ([5.0, 3.0, 1.0, 4.0][k] - U.row(i).dot(&V.row(j))).powi(2)
    };
    close([&problem.value(&x)?], [&q.iter().enumerate().map(of).sum()], 1e-14);
    let error = ratings(vec![1, 0, -1, 1]).prepare(3, 2).map(drop);
    let outside = Error::OutOfRange { subscript: "q".into(), index: vec![2], value: -1, extent: 2 };
    assert_eq!(error, Err(outside));
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[i, k](w[k]*x[i+k]*A[i, 0])", wrt(w: vector))]
struct Window {
    x: Vec<f64>,
    A: Array2<f64>,
}

#[test]
fn a_window_is_as_long_as_what_is_left() -> Result<(), Error> {
    // Five entries, of which three have a row: the window is of three.
    let mut problem = Window { x: vec![1.0, 2.0, 3.0, 4.0, 5.0], A: Array2::ones((3, 1)) }.prepare()?;
    assert_eq!(problem.gradient(&[0.0; 3])?.to_vec(), [6.0, 9.0, 12.0]);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective(
    "sum[c](logdet(S[c, :, :]) + (x - M[c, :])'*solve(S[c, :, :], x - M[c, :]))",
    wrt(S: tensor[_, _, _], M: matrix)
)]
struct Gaussians<'a> {
    x: &'a [f64],
}

#[test]
fn each_matrix_has_its_own_determinant_and_inverse() -> Result<(), Error> {
    let point = [0.5, -1.0];
    let mut problem = Gaussians { x: &point }.prepare(2)?;
    let x = [2.0, 0.3, 0.1, 1.5, 0.5, -0.2, 0.4, 3.0, 1.0, 0.0, -0.5, 2.0];
    consistent(&mut problem, &x);
    // log(2·1.5 − 0.03) and log(1.5 + 0.08), and the distances by the inverses of 2 × 2 matrices.
    let distance = |s: &[f64], m: &[f64]| {
        let (det, r) = (s[0] * s[3] - s[1] * s[2], [point[0] - m[0], point[1] - m[1]]);
        let solved = [s[3] * r[0] - s[1] * r[1], s[0] * r[1] - s[2] * r[0]];
        det.ln() + (r[0] * solved[0] + r[1] * solved[1]) / det
    };
    let wanted = distance(&x[..4], &x[8..10]) + distance(&x[4..8], &x[10..]);
    close([&problem.value(&x)?], [&wanted], 1e-14);
    let mut singular = x;
    singular[4..8].copy_from_slice(&[1.0, 2.0, 2.0, 4.0]);
    let error = problem.value(&singular).expect_err("singular").to_string();
    assert!(error.contains("singular"), "{error}");
    Ok(())
}
