//! Sums over very many rows or examples, in single precision: as near to those in double precision as sums of
//! a few.
#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

use gradsmith::{Cost, Error, Network, Objective, Parameters};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

#[derive(Objective)]
#[objective("mean((y - s).^2)", wrt(s: scalar))]
struct MeanSquare<'a, T> {
    y: ArrayView1<'a, T>,
}

/// In blocks: value, sums of columns, a matrix times itself.
#[derive(Objective)]
#[objective("mean((X*w - y).^2)", wrt(w: vector))]
struct LeastSquares<'a, T> {
    X: ArrayView2<'a, T>,
    y: ArrayView1<'a, T>,
}

/// A loop over rows, each with a sum of its own.
#[derive(Objective)]
#[objective("sum(log(rowsum(exp(s*X))))", wrt(s: scalar))]
struct Rows<'a, T> {
    X: ArrayView2<'a, T>,
}

/// A sum of the rows of a matrix, as the gradient by a bias is.
#[derive(Objective)]
#[objective("sum((X + vector(1)*b').^3)", wrt(b: vector))]
struct Bias<'a, T> {
    X: ArrayView2<'a, T>,
}

/// The same of a matrix that is read by its columns, too.
#[derive(Objective)]
#[objective("sum((X + Y' + vector(1)*b').^3)", wrt(b: vector))]
struct TurnedBias<'a, T> {
    X: ArrayView2<'a, T>,
    Y: ArrayView2<'a, T>,
}

/// A matrix read by its columns, too.
#[derive(Objective)]
#[objective("sum(X .* (s*Y)')", wrt(s: scalar))]
struct Turned<'a, T> {
    X: ArrayView2<'a, T>,
    Y: ArrayView2<'a, T>,
}

/// A cost on its own: all entries of all examples are one sum.
#[derive(Cost)]
#[cost(huber(delta) + l2(lambda))]
struct Robust<T> {
    delta: T,
    lambda: T,
}

/// One example after the other.
#[derive(Cost)]
#[cost(quadratic + l2(lambda))]
struct Halves<T> {
    lambda: T,
}

/// Layers of few units: sums of columns beside the cost, by entries, by products.
#[derive(Network)]
#[network(2 -> 3 relu -> 2 linear)]
#[cost(huber(delta) + l2(lambda))]
struct Narrow<T> {
    delta: T,
    lambda: T,
}

/// Positive numbers, the same in both precisions; most of them alike, which running sums round alike.
fn numbers(n: usize) -> Array1<f32> {
    (0..n).map(|k| if k % 10 == 0 { 0.3 + (k % 97) as f32 / 97.0 } else { 0.9 }).collect()
}

fn matrix(rows: usize, cols: usize) -> Result<Array2<f32>, ndarray::ShapeError> {
    numbers(rows * cols).into_shape_with_order((rows, cols))
}

/// Numbers of both precisions: their terms are positive, and each goes through roundings of its own, too.
#[track_caller]
fn near<'n>(found: impl IntoIterator<Item = &'n f32>, exact: impl IntoIterator<Item = &'n f64>, what: &str) {
    let mut count = 0;
    let mut found = found.into_iter();
    for exact in exact {
        let Some(&found) = found.next() else { panic!("{what}: {count} numbers") };
        let error = (f64::from(found) - exact).abs() / exact.abs() / f64::from(f32::EPSILON);
        assert!(error <= 32.0, "{what} {count}: {found} for {exact}, {error:.1} ε");
        count += 1;
    }
    assert!(count > 0 && found.next().is_none(), "{what}: {count} numbers");
}

/// The problem in both precisions, of arguments that are the same in both.
#[track_caller]
fn compare<S: Objective<Scalar = f32>, D: Objective<Scalar = f64>>(
    (mut single, mut double): (S, D),
    x: &[f32],
    hessian: bool,
) -> Result<(), Error> {
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    near([&single.value(x)?], [&double.value(&wide)?], "value");
    let (mut found, mut exact) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    near(
        [&single.value_and_gradient_into(x, &mut found)?],
        [&double.value_and_gradient_into(&wide, &mut exact)?],
        "value beside the gradient",
    );
    near(&found, &exact, "gradient");
    if hessian {
        near(&single.hessian(x)?, &double.hessian(&wide)?, "Hessian");
    }
    Ok(())
}

#[test]
fn a_mean_square_of_twenty_million_residuals() -> Result<(), Error> {
    let y = Array1::from_elem(20_000_000, 0.9_f32);
    let mut problem = MeanSquare { y: y.view() }.prepare()?;
    let value = problem.value(&[0.0])?;
    assert!((value - 0.81).abs() < 1e-6, "{value}");
    let gradient = problem.gradient(&[0.0])?;
    assert!((gradient[0] + 1.8).abs() < 2e-6, "{gradient:?}");
    Ok(())
}

#[test]
fn least_squares_of_many_rows() -> Result<(), Box<dyn std::error::Error>> {
    for cols in [1, 3] {
        let rows = 600_000;
        let (X, y) = (matrix(rows, cols)?, -numbers(rows));
        let (wide_X, wide_y) = (X.mapv(f64::from), y.mapv(f64::from));
        let single = LeastSquares { X: X.view(), y: y.view() }.prepare()?;
        let double = LeastSquares { X: wide_X.view(), y: wide_y.view() }.prepare()?;
        compare((single, double), &[0.5, 0.25, 1.0][..cols], true)?;
    }
    Ok(())
}

#[test]
fn loops_over_many_rows() -> Result<(), Box<dyn std::error::Error>> {
    let X = matrix(300_000, 3)?;
    let wide = X.mapv(f64::from);
    compare((Rows { X: X.view() }.prepare()?, Rows { X: wide.view() }.prepare()?), &[1.0], false)?;
    Ok(())
}

#[test]
fn sums_of_columns_by_index() -> Result<(), Box<dyn std::error::Error>> {
    let X = matrix(300_000, 3)?;
    let wide = X.mapv(f64::from);
    compare((Bias { X: X.view() }.prepare()?, Bias { X: wide.view() }.prepare()?), &[0.5, 1.0, 0.0], false)?;
    let Y = matrix(3, 300_000)?;
    let wide_Y = Y.mapv(f64::from);
    let single = TurnedBias { X: X.view(), Y: Y.view() }.prepare()?;
    let double = TurnedBias { X: wide.view(), Y: wide_Y.view() }.prepare()?;
    compare((single, double), &[0.5, 1.0, 0.0], false)?;
    for shape in [(300_000, 3), (3, 300_000), (1, 500_000)] {
        let (X, Y) = (matrix(shape.0, shape.1)?, matrix(shape.1, shape.0)?);
        let (wide_X, wide_Y) = (X.mapv(f64::from), Y.mapv(f64::from));
        let single = Turned { X: X.view(), Y: Y.view() }.prepare()?;
        let double = Turned { X: wide_X.view(), Y: wide_Y.view() }.prepare()?;
        compare((single, double), &[0.5], false)?;
    }
    Ok(())
}

#[test]
fn a_cost_of_many_examples() -> Result<(), Box<dyn std::error::Error>> {
    let single = Robust { delta: 100.0_f32, lambda: 0.5 };
    let double = Robust { delta: 100.0_f64, lambda: 0.5 };
    for shape in [(700_000, 1), (2, 400_000)] {
        let (a, y) = (matrix(shape.0, shape.1)?, -matrix(shape.0, shape.1)?);
        let (wide_a, wide_y) = (a.mapv(f64::from), y.mapv(f64::from));
        let found = single.data(a.view(), y.view())?;
        near([&found], [&double.data(wide_a.view(), wide_y.view())?], "data");
        let found = Halves { lambda: 0.5_f32 }.data(a.view(), y.view())?;
        let exact = Halves { lambda: 0.5_f64 }.data(wide_a.view(), wide_y.view())?;
        near([&found], [&exact], "data, one example after the other");
        let found = single.weight_penalty(a.view())?;
        near([&found], [&double.weight_penalty(wide_a.view())?], "penalty");
    }
    Ok(())
}

#[test]
fn a_network_and_many_examples() -> Result<(), Box<dyn std::error::Error>> {
    let rows = 300_000;
    let (x, y) = (matrix(rows, 2)?, -matrix(rows, 2)?);
    let (wide_x, wide_y) = (x.mapv(f64::from), y.mapv(f64::from));
    let single = Narrow { delta: 100.0_f32, lambda: 0.5 };
    let double = Narrow { delta: 100.0_f64, lambda: 0.5 };
    let numbers: Vec<f32> = (0_u8..17).map(|k| 0.25 + f32::from(k % 4) / 8.0).collect();
    let wide: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
    let (at, wide_at) = (NarrowParameters::from_slice(&numbers)?, NarrowParameters::from_slice(&wide)?);
    let (mut workspace, mut wide_workspace) = (single.workspace(rows), double.workspace(rows));

    let found = single.value(&at, x.view(), y.view(), &mut workspace)?;
    let exact = double.value(&wide_at, wide_x.view(), wide_y.view(), &mut wide_workspace)?;
    near([&found.data], [&exact.data], "value");
    let (mut gradient, mut wide_gradient) = (NarrowParameters::zeros(), NarrowParameters::zeros());
    let found = single.value_and_gradient(&at, x.view(), y.view(), &mut workspace, &mut gradient)?;
    double.value_and_gradient(
        &wide_at,
        wide_x.view(),
        wide_y.view(),
        &mut wide_workspace,
        &mut wide_gradient,
    )?;
    near([&found.data], [&exact.data], "value beside the gradient");
    near(gradient.as_slice(), wide_gradient.as_slice(), "gradient");
    Ok(())
}
