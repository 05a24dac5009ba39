//! Problems that take other data of the same shapes: each is then what one is that was prepared of these data.

use crate::checks::{close, consistent, matrix, vector};
use gradsmith::{Error, Objective, Scalar};
use ndarray::{Array2, ArrayView1, ArrayView2, array, s};

#[derive(Objective)]
#[objective("norm2(X*w - y)^2/2 + lambda/2 * norm2(w)^2", wrt(w: vector))]
struct Ridge<'a, T> {
    X: ArrayView2<'a, T>,
    y: Vec<T>,
    lambda: &'a T,
}

fn same_as_prepared<T: Scalar>(of: fn(f64) -> T) -> Result<(), Error> {
    let (X, Z) = (matrix(4, 3, 1).mapv(of), matrix(8, 3, 2).mapv(of));
    let (y, v, w) = (vector(4, 3).mapv(of), vector(4, 4).mapv(of), vector(3, 5).mapv(of).to_vec());
    let (lambda, mu) = (of(0.5), of(0.25));
    let mut problem = Ridge { X: X.view(), y: y.to_vec(), lambda: &lambda }.prepare()?;
    // Rows that do not lie one after the other, and data that do not live as long as the problem.
    let every_other = Z.slice(s![..;2, ..]).to_owned();
    problem.set_X(Z.slice(s![..;2, ..]))?;
    problem.set_y(&v)?;
    problem.set_lambda(mu);
    let mut fresh = Ridge { X: every_other.view(), y: v.to_vec(), lambda: &mu }.prepare()?;
    assert_eq!(problem.value_and_gradient(&w)?, fresh.value_and_gradient(&w)?);
    assert_eq!(problem.hessian(&w)?, fresh.hessian(&w)?);
    // What was lent is what it was.
    assert_eq!(X, matrix(4, 3, 1).mapv(of));
    // And back: lists, arrays, views.
    problem.set_X(&X)?;
    problem.set_y(&y.to_vec())?;
    problem.set_y(y.view())?;
    problem.set_lambda(lambda);
    let mut fresh = Ridge { X: X.view(), y: y.to_vec(), lambda: &lambda }.prepare()?;
    assert_eq!(problem.value(&w)?, fresh.value(&w)?);
    Ok(())
}

#[test]
fn other_data_give_what_a_problem_of_these_data_gives() -> Result<(), Error> {
    same_as_prepared(|x| x)?;
    same_as_prepared(|x| x as f32)
}

#[derive(Objective)]
#[objective(
    "sum[k](s[k]*(w[p[k]] - w[t[k, 0]])^2) + w'*K*w",
    wrt(w: vector[n]),
    data(K: symmetric matrix[n, n], t: indices[m, 2], T: matrix[m, 2])
)]
#[define("unused = sum(T)")]
struct Pairs {
    p: Vec<u32>,
    t: Array2<i64>,
    s: [f64; 2],
    K: Array2<f64>,
    T: Vec<f64>,
}

fn pairs(p: [u32; 2], t: [[i64; 2]; 2]) -> Pairs {
    let K = array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]];
    Pairs { p: p.to_vec(), t: array![t[0], t[1]], s: [1.0, 2.0], K, T: vec![0.0; 4] }
}

#[test]
fn whole_numbers_are_checked_and_the_pattern_goes_with_them() -> Result<(), Error> {
    let x = [1.0, 5.0, 9.5];
    let mut problem = pairs([0, 1], [[1, -7], [2, 99]]).prepare()?;
    let before = problem.hessian_values(&x)?;
    problem.set_p(&[2, 2])?;
    problem.set_t(&array![[0, 0], [1, -1]])?;
    let mut fresh = pairs([2, 2], [[0, 0], [1, -1]]).prepare()?;
    assert_eq!(problem.value(&x)?, fresh.value(&x)?);
    assert_eq!(problem.hessian_pattern(), fresh.hessian_pattern());
    assert_eq!(problem.hessian_values(&x)?, fresh.hessian_values(&x)?);
    assert_ne!(problem.hessian_values(&x)?, before);
    consistent(&mut problem, &x);
    Ok(())
}

#[test]
fn what_prepare_refuses_is_refused_and_changes_nothing() -> Result<(), Error> {
    let x = [1.0, 5.0, 9.5];
    let mut problem = pairs([0, 1], [[1, 0], [2, 0]]).prepare()?;
    let value = problem.value(&x)?;
    let K = array![[2.0, 1.0, 0.0], [1.0, 2.0, 3.0], [0.0, 0.0, 1.0]];
    let errors = [
        (problem.set_p(&[0, 3]), "`p` is 3 at [1], but the axis that it names has 3 entries"),
        (
            problem.set_t(&array![[0, 0], [-1, 0]]),
            "`t` is -1 at [1, 0], but it names entries, which count from 0",
        ),
        (problem.set_p(&[0]), "`p` has 1 row (axis 0), expected 2"),
        (problem.set_s(&[1.0; 3]), "`s` has 3 rows (axis 0), expected 2"),
        (problem.set_K(&K), "`K` is declared symmetric, but is 0 at [2, 1] and 3 at [1, 2]"),
        (problem.set_K(K.slice(s![..2, ..])), "`K` has 2 rows (axis 0), expected 3"),
    ];
    for (error, message) in errors {
        assert_eq!(error.map_err(|e| e.to_string()), Err(message.to_owned()));
    }
    assert_eq!(problem.value(&x)?, value);
    Ok(())
}

// A list stays a list, whatever is declared to lie in it; names that are taken get a `_`.
#[derive(Objective)]
#[objective(
    "set_T = 2*s; sum(T .* T)*s^2 + sum(y)*set_y*set_T",
    wrt(s: scalar, set_y: scalar),
    data(T: tensor[n, 2, 2])
)]
struct Named {
    T: Vec<f64>,
    y: Vec<f64>,
}

#[test]
fn names_that_are_taken_and_lists_of_tensors() -> Result<(), Error> {
    let mut problem = Named { T: vec![1.0; 8], y: vec![1.0] }.prepare()?;
    let x = [2.0, 0.5];
    assert_eq!((problem.set_y(&x)?, problem.set_T(&x)?), (0.5, 4.0));
    problem.set_T_(&vec![2.0; 8])?;
    problem.set_y_(ArrayView1::from(&[3.0]))?;
    close([&problem.value(&x)?], [&(32.0 * 4.0 + 3.0 * 0.5 * 4.0)], 1e-15);
    assert!(problem.set_T_(&vec![2.0; 4]).is_err());
    Ok(())
}
