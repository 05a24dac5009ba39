//! Entries of Hessians and Jacobians that may be other than 0: which, and their values alone.

use crate::checks::{close, consistent};
use gradsmith::{Error, Objective, Pattern, Residual};
use ndarray::{Array2, arr2};

fn entries(pattern: &Pattern) -> Vec<(usize, usize)> {
    pattern.iter().collect()
}

#[derive(gradsmith::Objective)]
#[objective("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", wrt(x: vector))]
struct Chain;

#[test]
fn neighbours_make_three_diagonals() -> Result<(), Error> {
    let mut problem = Chain.prepare(4)?;
    let pattern = problem.hessian_pattern();
    let wanted = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)];
    assert_eq!((pattern.shape(), entries(&pattern)), ([4, 4], wanted.to_vec()));
    assert_eq!((pattern.rows()[1], pattern.columns()[1]), (1, 0));
    consistent(&mut problem, &[-1.2, 1.0, 0.5, 2.0]);
    // As many as there are, of a million variables.
    assert_eq!(Chain.prepare(1_000_000)?.hessian_pattern().len(), 1_999_999);
    assert!(Chain.prepare(1)?.hessian_pattern().is_empty());
    let error = problem.hessian_values_into(&[0.0; 4], &mut [0.0; 6]).expect_err("too short").to_string();
    assert!(error.contains("values"), "{error}");
    let error = problem.hessian_values(&[0.0; 3]).expect_err("too few").to_string();
    assert!(error.contains('3'), "{error}");
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum[k]((r[k] - dot(U[p[k], :], V[q[k], :]))^2)", wrt(U: matrix[_, 2], V: matrix[_, 2]))]
struct Ratings<'a> {
    r: &'a [f64],
    p: &'a [usize],
    q: &'a [u32],
}

#[test]
fn pairs_that_data_name_make_blocks() -> Result<(), Error> {
    let (r, p, q) = ([1.0, -2.0, 0.5, 3.0], [0, 2, 0, 2], [1, 0, 1, 1]);
    let mut problem = Ratings { r: &r, p: &p, q: &q }.prepare(3, 2)?;
    let x: Vec<f64> = (0..10).map(|k| f64::from(k) * 0.3 - 1.0).collect();
    consistent(&mut problem, &x);
    let found = entries(&problem.hessian_pattern());
    // Of user 1 nothing is said; users 0 and 2 with their own 2 x 2 blocks, each pair with another.
    assert!(found.iter().all(|&(row, column)| ![2, 3].contains(&row) && ![2, 3].contains(&column)));
    assert_eq!(found.len(), 2 * 3 + 2 * 3 + 3 * 4);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("sum(exp(x)) + s*sum(y.^4) + log(1 + s^2)", wrt(x: vector, y: vector, s: scalar))]
struct Apart;

#[test]
fn variables_that_know_nothing_of_each_other() -> Result<(), Error> {
    let mut problem = Apart.prepare(2, 3)?;
    consistent(&mut problem, &[0.1, -0.4, 1.0, 2.0, -0.5, 0.7]);
    let found = entries(&problem.hessian_pattern());
    let diagonal = (0..5).map(|i| (i, i));
    assert_eq!(found, diagonal.chain([(5, 2), (5, 3), (5, 4), (5, 5)]).collect::<Vec<_>>());
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("exp(norm2(x)^2)", wrt(x: vector))]
struct Dense;

#[test]
fn where_nothing_is_known_all_entries_are_named() -> Result<(), Error> {
    let mut problem = Dense.prepare(3)?;
    assert_eq!(problem.hessian_pattern(), Pattern::lower(3));
    consistent(&mut problem, &[0.1, 0.2, -0.3]);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[residual("[x[1..] - x[..len(x) - 1].^2; c*(x[0] - 3)]", wrt(x: vector, c: scalar))]
struct Defects;

#[test]
fn the_rows_of_a_jacobian() -> Result<(), Error> {
    let mut problem = Defects.prepare(3)?;
    let x = [0.5, -1.0, 2.0, 0.25];
    consistent(&mut problem, &x);
    let pattern = problem.jacobian_pattern();
    assert_eq!(entries(&pattern), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 3)]);
    let mut jacobian = Array2::zeros((3, 4));
    for (at, value) in pattern.iter().zip(problem.jacobian_values(&x)?) {
        jacobian[at] = value;
    }
    close(&jacobian, &problem.jacobian(&x)?, 1e-14);
    close(&jacobian, &arr2(&[[-1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 1.0, 0.0], [0.25, 0.0, 0.0, -2.5]]), 1e-14);
    Ok(())
}
