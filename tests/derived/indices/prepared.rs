//! What `prepare` finds and checks: tensors, extents by symbol, whole numbers that name entries, ranges that data
//! must fit.

use crate::checks::{close, consistent};
use gradsmith::{Error, Objective};
use ndarray::{Array1, Array2, Array3, Array4, ArrayView1, ArrayView3, arr1};

/// Σ T[i,j,k]·W[i,j,k]² + Σ b, the entries of T counted.
#[derive(gradsmith::Objective)]
#[objective("sum(T .* W.^2) + sum(b)", wrt(W: tensor[n, 3, m], b: vector[n]), data(T: tensor[n, 3, m]))]
struct Weighted<'a> {
    T: ArrayView3<'a, f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(T .* W.^2) + sum(b)", wrt(W: tensor[n, 3, m], b: vector[n]), data(T: tensor[n, 3, m], s: vector[m]))]
struct Listed<'a> {
    T: &'a [f64],
    s: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(T.^2 .* s)", wrt(s: scalar))]
struct Owned {
    T: Array4<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(exp(A*x)) + k*sum(x)", wrt(x: vector[k]), data(A: matrix[_, k]))]
struct Rows {
    A: Vec<f64>,
}

fn cube(n: usize, m: usize) -> Array3<f64> {
    Array3::from_shape_fn((n, 3, m), |(i, j, k)| (100 * i + 10 * j + k) as f64 / 50.0)
}

#[test]
fn tensors_are_data_and_variables_row_by_row() -> Result<(), Error> {
    let T = cube(2, 4);
    let mut problem = Weighted { T: T.view() }.prepare()?;
    let x: Vec<f64> = (0..26).map(|k| f64::from(k) / 10.0).collect();
    consistent(&mut problem, &x);
    let W = problem.W(&x)?;
    assert_eq!((W.shape(), W[[1, 2, 3]]), (&[2, 3, 4][..], 2.3));
    let value = T.iter().zip(&x).map(|(t, w)| t * w * w).sum::<f64>() + 2.4 + 2.5;
    close([&problem.value(&x)?], [&value], 1e-14);
    let gradient: Vec<f64> = T.iter().zip(&x).map(|(t, w)| 2.0 * t * w).chain([1.0, 1.0]).collect();
    close(&problem.gradient(&x)?, &gradient, 1e-14);
    // A view in another layout is read by index.
    let turned = T.view().reversed_axes().as_standard_layout().into_owned();
    let mut turned = Weighted { T: turned.view().reversed_axes() }.prepare()?;
    close([&turned.value(&x)?], [&value], 1e-14);
    let wrong = Array3::zeros((2, 2, 4));
    let error = Weighted { T: wrong.view() }.prepare().map(drop);
    assert_eq!(error, Err(Error::shape("T", 1, 3, 2)));
    let owned = Array4::from_shape_fn((2, 1, 3, 2), |(i, _, k, l)| (i + k + l) as f64);
    let total = owned.iter().map(|t| t * t).sum::<f64>();
    close(&Owned { T: owned }.prepare()?.gradient(&[0.0])?, &[total], 1e-14);
    Ok(())
}

#[test]
fn a_list_is_an_array_of_the_extents_declared() -> Result<(), Error> {
    let T = cube(2, 4);
    let list: Vec<f64> = T.iter().copied().collect();
    let x: Vec<f64> = (0..26).map(|k| f64::from(k) / 10.0).collect();
    let value = Weighted { T: T.view() }.prepare()?.value(&x)?;
    // The length of `s` says m, and n is what is left.
    let mut problem = Listed { T: &list, s: vec![0.0; 4] }.prepare()?;
    assert_eq!((problem.len(), problem.value(&x)?), (26, value));
    let error = Listed { T: &list[..23], s: vec![0.0; 4] }.prepare().map(drop);
    assert_eq!(error, Err(Error::shape("T", 0, 12, 23)));
    let error = Listed { T: &list, s: Vec::new() }.prepare().map(drop);
    assert_eq!(error, Err(Error::shape("T", 0, 0, 24)));
    // The length of x says how many rows there are.
    let mut problem = Rows { A: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] }.prepare(2)?;
    close([&problem.value(&[0.0, 0.0])?], [&3.0], 1e-14);
    consistent(&mut problem, &[0.1, -0.2]);
    Ok(())
}

/// What is nothing in the value is asked for nonetheless.
#[derive(gradsmith::Objective)]
#[objective("sum(x.^2) + 0*sum[i](y[i]*(x[i+1] - x[i]))", wrt(x: vector))]
struct Steps {
    y: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(u.^2) + 0*sum[i](y[i]*(x[i+1] - x[i]))", wrt(u: vector[3]))]
struct Given {
    x: Array1<f64>,
    y: Array1<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(u.^2) + 0*sum[i in 0..n](x[i+2])", wrt(u: vector[n]))]
struct Reaching {
    x: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(u.^2) + 0*sum[i, k](w[k]*x[i+k])", wrt(u: scalar))]
struct Window {
    x: Vec<f64>,
    w: Vec<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(u.^2) + 0*mean(x[1..]) + 0*x[..4][0]", wrt(u: scalar))]
struct Part {
    x: Vec<f64>,
}

#[test]
fn lengths_that_follow_from_others_are_found_and_checked() -> Result<(), Error> {
    // y is one shorter than x, whose length nobody gives.
    let mut problem = Steps { y: vec![1.0; 4] }.prepare()?;
    assert_eq!(problem.value(&[1.0; 5])?, 5.0);
    assert!(problem.value(&[1.0; 4]).is_err());
    let given = |x: usize, y: usize| Given { x: Array1::zeros(x), y: Array1::zeros(y) }.prepare().map(drop);
    assert_eq!(given(5, 4), Ok(()));
    assert_eq!(given(1, 0), Ok(()));
    let message = given(5, 5).expect_err("y is too long").to_string();
    assert!(
        message == "`y` has 5 rows (axis 0), expected 4" || message == "`x` has 5 rows (axis 0), expected 6"
    );
    assert!(given(0, 0).is_err());
    Ok(())
}

#[test]
fn subscripts_stay_inside_what_data_turns_out_to_be() {
    let reaching = |x: usize, n: usize| Reaching { x: vec![0.0; x] }.prepare(n).map(drop);
    assert_eq!((reaching(5, 3), reaching(0, 0)), (Ok(()), Ok(())));
    let error = reaching(5, 4).expect_err("x[5] of 5");
    assert_eq!(error.to_string(), "the subscript `i+2` reaches 5, but the axis has 5 entries");
    let window = |x: usize, w: usize| Window { x: vec![0.0; x], w: vec![0.0; w] }.prepare().map(drop);
    assert_eq!((window(5, 3), window(2, 3)), (Ok(()), Ok(())));
    let error = window(1, 3).expect_err("three of one");
    assert_eq!(error.to_string(), "the range of `i` comes to -1 entries, less than none");
    let part = |x: usize| Part { x: vec![0.0; x] }.prepare().map(drop);
    assert_eq!(part(4), Ok(()));
    assert_eq!(
        part(3).expect_err("three").to_string(),
        "the subscript `..4` reaches 4, but the axis has 3 entries"
    );
}

#[derive(gradsmith::Objective)]
#[objective("sum(w.^2) + 0*sum[k](w[p[k]])", wrt(w: vector))]
struct Names {
    p: Vec<i32>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(U.^2) + 0*sum[k](r[k]*dot(U[p[k], :], V[q[k], :]))", wrt(U: matrix[n, 2]))]
struct Two<'a> {
    r: &'a [f64],
    p: &'a [u32],
    q: ArrayView1<'a, i64>,
    V: Array2<f64>,
}

/// A column names rows of U, the other one rows of V.
#[derive(gradsmith::Objective)]
#[objective(
    "sum(U.^2) + 0*sum[k](dot(U[t[k, 0], :], V[t[k, 1], :]))",
    wrt(U: matrix[2, 2]),
    data(t: indices[n, 2])
)]
struct Columns<'a> {
    t: &'a [u8],
    V: Array2<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("sum(w.^2) + 0*sum[k](w[p[2*k + 1]]) + 0*sum(X[p[0], :])", wrt(w: vector[3]), data(p: indices[4]))]
struct Odd {
    p: Array1<u64>,
    X: Array2<f64>,
}

#[test]
fn whole_numbers_are_checked_where_they_are_read() -> Result<(), Error> {
    let names = |p: &[i32], n: usize| Names { p: p.to_vec() }.prepare(n).map(drop);
    assert_eq!((names(&[2, 0, 2], 3), names(&[], 0)), (Ok(()), Ok(())));
    let error = names(&[2, 0, -1], 3);
    let outside = |p: &'static str, index: &[usize], value, extent| {
        Err(Error::OutOfRange { subscript: p.into(), index: index.to_vec(), value, extent })
    };
    assert_eq!(error, outside("p", &[2], -1, 3));
    assert_eq!(
        error.expect_err("-1").to_string(),
        "`p` is -1 at [2], but it names entries, which count from 0"
    );
    let error = names(&[3], 3);
    assert_eq!(error, outside("p", &[0], 3, 3));
    assert_eq!(
        error.expect_err("3").to_string(),
        "`p` is 3 at [0], but the axis that it names has 3 entries"
    );

    let (r, p) = ([1.0, 2.0], [1, 0]);
    let two = |q: &Array1<i64>, n: usize| {
        Two { r: &r, p: &p, q: q.view(), V: Array2::zeros((3, 2)) }.prepare(n).map(drop)
    };
    assert_eq!(two(&arr1(&[0, 2]), 2), Ok(()));
    assert_eq!(two(&arr1(&[0, 3]), 2), outside("q", &[1], 3, 3));
    assert_eq!(two(&arr1(&[0, 2]), 1), outside("p", &[0], 1, 1));
    assert_eq!(two(&arr1(&[0, 2, 1]), 2), Err(Error::shape("q", 0, 2, 3)));

    let columns = |t: &[u8]| Columns { t, V: Array2::zeros((9, 2)) }.prepare().map(drop);
    assert_eq!(columns(&[0, 8, 1, 5]), Ok(()));
    assert_eq!(columns(&[0, 8, 2, 5]), outside("t", &[1, 0], 2, 2));
    assert_eq!(columns(&[0, 9, 1, 5]), outside("t", &[0, 1], 9, 9));
    assert_eq!(columns(&[0, 8, 1]), Err(Error::shape("t", 0, 2, 3)));

    let odd = |p: &[u64]| Odd { p: arr1(p), X: Array2::zeros((6, 1)) }.prepare().map(drop);
    assert_eq!(odd(&[5, 2, 9, 0]), Ok(()));
    assert_eq!(odd(&[5, 2, 9, 3]), outside("p", &[3], 3, 3));
    assert_eq!(odd(&[6, 2, 9, 0]), outside("p", &[0], 6, 6));
    Ok(())
}
