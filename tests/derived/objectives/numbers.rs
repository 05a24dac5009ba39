//! Results that are no finite numbers: an error that names the entry or the part that it comes from.

use gradsmith::{Error, Objective, Residual};
use ndarray::{Array1, Array2, array};

#[derive(gradsmith::Objective, Clone)]
#[objective("sum(log(X*w - y)) + lambda*sum(w.^2)", wrt(w: vector))]
struct Logarithms {
    X: Array2<f64>,
    y: Array1<f64>,
    lambda: f64,
}

fn logarithms() -> Logarithms {
    Logarithms { X: array![[1.0, 2.0], [3.0, 4.0]], y: array![0.5, 0.5], lambda: 0.1 }
}

fn not_finite(tensor: &str, index: &[usize], value: f64) -> impl Fn(&Error) -> bool {
    let (tensor, index) = (tensor.to_owned(), index.to_vec());
    move |error| match error {
        Error::NonFinite { tensor: t, index: i, value: v } => {
            *t == tensor && *i == index && (*v == value || (v.is_nan() && value.is_nan()))
        }
        _ => false,
    }
}

/// Value, gradient, and both together have the same cause.
fn all_say<P: Objective<Scalar = f64>>(problem: &mut P, x: &[f64], is: impl Fn(&Error) -> bool) {
    for error in [
        problem.value(x).map(drop).expect_err("the value"),
        problem.value_and_gradient(x).map(drop).expect_err("both"),
        problem.gradient(x).map(drop).expect_err("the gradient"),
    ] {
        assert!(is(&error), "{error}");
    }
}

#[test]
fn the_entry_of_the_data_is_named() -> Result<(), Error> {
    let x = [1.0, 1.0];
    let mut data = logarithms();
    data.X[[1, 0]] = f64::NAN;
    all_say(&mut data.prepare()?, &x, not_finite("X", &[1, 0], f64::NAN));
    let mut data = logarithms();
    data.y[1] = f64::NEG_INFINITY;
    // The logarithm is infinite, its derivative 0.
    let mut problem = data.prepare()?;
    let error = problem.value(&x).expect_err("a logarithm of an infinity");
    assert!(not_finite("y", &[1], f64::NEG_INFINITY)(&error), "{error}");
    assert!(problem.gradient(&x).is_ok());
    let data = Logarithms { lambda: f64::NAN, ..logarithms() };
    all_say(&mut data.prepare()?, &x, not_finite("lambda", &[], f64::NAN));
    let mut problem = logarithms().prepare()?;
    all_say(&mut problem, &[1.0, f64::INFINITY], not_finite("w", &[1], f64::INFINITY));
    assert!(problem.value(&x)?.is_finite(), "an error leaves the problem as it was");
    Ok(())
}

#[test]
fn else_the_expression_is_named() -> Result<(), Error> {
    let mut problem = logarithms().prepare()?;
    let error = problem.value(&[-1.0, -1.0]).expect_err("logarithms of negative numbers");
    assert_eq!(error.to_string(), "`sum(log(X * w - y)) + lambda * sum(w.^2)` is NaN");
    // Its gradient is a number there.
    assert!(problem.gradient(&[-1.0, -1.0]).is_ok());
    let again = problem.value_and_gradient(&[-1.0, -1.0]).map(drop).expect_err("the value is asked for");
    assert_eq!(again.to_string(), error.to_string());
    Ok(())
}

#[derive(gradsmith::Objective)]
#[objective("g = log(A*w); g'*A*g", wrt(w: vector[2]))]
struct Named {
    A: Array2<f64>,
}

#[derive(gradsmith::Objective)]
#[objective("exp(a)*b", wrt(a: scalar, b: scalar))]
struct Scalars;

#[derive(gradsmith::Objective)]
#[objective("sum(where(m > 0, (y - w).^2, 0))", wrt(w: vector))]
struct Masked {
    m: Array1<f64>,
    y: Array1<f64>,
}

#[test]
fn a_local_that_is_stored_is_named() -> Result<(), Error> {
    let mut problem = Named { A: array![[1.0, 0.0], [0.0, 1.0]] }.prepare()?;
    let error = problem.value(&[1.0, -1.0]).expect_err("a logarithm of -1");
    assert!(not_finite("g", &[1], f64::NAN)(&error), "{error}");
    Ok(())
}

#[test]
fn numbers_alone_are_looked_at_too() -> Result<(), Error> {
    let mut problem = Scalars.prepare()?;
    all_say(&mut problem, &[f64::NAN, 1.0], not_finite("a", &[], f64::NAN));
    let error = problem.value(&[1000.0, 2.0]).expect_err("an overflow");
    assert!(not_finite("b * exp(a)", &[], f64::INFINITY)(&error), "{error}");
    let error = problem.gradient(&[1000.0, 2.0]).expect_err("an overflow");
    assert!(not_finite("gradient", &[0], f64::INFINITY)(&error), "{error}");
    Ok(())
}

#[test]
fn what_a_mask_leaves_out_may_be_no_number() -> Result<(), Error> {
    let mut problem = Masked { m: array![1.0, 0.0], y: array![2.0, f64::NAN] }.prepare()?;
    assert_eq!(problem.value(&[0.0, 5.0])?, 4.0);
    assert_eq!(problem.value_and_gradient(&[0.0, 5.0])?, (4.0, array![-4.0, 0.0]));
    assert_eq!(problem.gradient(&[0.0, 5.0])?, array![-4.0, 0.0]);
    Ok(())
}

#[derive(gradsmith::Objective)]
#[residual("y - log(p*t)", wrt(p: scalar))]
struct Residuals {
    t: [f64; 2],
    y: [f64; 2],
}

#[test]
fn residuals_are_looked_at_too() -> Result<(), Error> {
    let mut problem = Residuals { t: [1.0, -1.0], y: [0.0, 0.0] }.prepare()?;
    let error = problem.residual(&[1.0]).expect_err("a logarithm of -1");
    assert!(not_finite("y - log(p * t)", &[1], f64::NAN)(&error), "{error}");
    let mut problem = Residuals { t: [1.0, 1.0], y: [0.0, f64::NAN] }.prepare()?;
    let error = problem.residual(&[1.0]).expect_err("data that are none");
    assert!(not_finite("y", &[1], f64::NAN)(&error), "{error}");
    Ok(())
}
