//! Tensors in networks and costs.

use crate::checks::close;
use gradsmith::check::{CheckOptions, check_network};
use gradsmith::{Cost, Error, Init, Network, Parameters, TensorSpec};
use ndarray::{Array1, Array2, array};

#[derive(Network)]
#[network("a = sigmoid(vector[f](sum[c, i](W[f, c, i]*x[c, i])) + b)", x: 3 x 2, W: 2 x 3 x 2, b: 2)]
#[cost(quadratic + l2(0.1, W))]
struct OfTensors;

/// The same, all in a row.
#[derive(Network)]
#[network("a = sigmoid(W*x + b)", x: 6, W: 2 x 6, b: 2)]
#[cost(quadratic + l2(0.1, W))]
struct OfVectors;

#[test]
fn tensors_lie_row_by_row_in_rows_and_in_the_parameters() -> Result<(), Error> {
    assert_eq!(
        OfTensorsParameters::TENSORS,
        [TensorSpec::new("W", 0, &[2, 3, 2]), TensorSpec::new("b", 12, &[2])]
    );
    assert_eq!((OfTensors::INPUTS, OfVectors::INPUTS), (6, 6));
    let mut parameters = OfTensors::init(Init::FanIn, 7);
    // As many weights for a unit, so the same numbers.
    assert_eq!(parameters.as_slice(), OfVectors::init(Init::FanIn, 7).as_slice());
    parameters.W_mut()[[1, 2, 0]] = 0.5;
    assert_eq!((parameters.as_slice()[10], parameters.W().shape()), (0.5, &[2, 3, 2][..]));
    let same = OfVectorsParameters::from_slice(parameters.as_slice())?;
    let x = Array2::from_shape_fn((5, 6), |(i, j)| (i * j) as f64 / 10.0 - 0.7);
    let y = Array2::from_shape_fn((5, 2), |(i, j)| (i + j) as f64 / 6.0);
    let (mut gradient, mut expected) = (OfTensorsParameters::zeros(), OfVectorsParameters::zeros());
    let cost = OfTensors.value_and_gradient(
        &parameters,
        x.view(),
        y.view(),
        &mut OfTensors.workspace(5),
        &mut gradient,
    )?;
    let known = OfVectors.value_and_gradient(
        &same,
        x.view(),
        y.view(),
        &mut OfVectors.workspace(5),
        &mut expected,
    )?;
    close([&cost.total()], [&known.total()], 1e-14);
    close(gradient.as_slice(), expected.as_slice(), 1e-14);
    let report = check_network(&OfTensors, &parameters, x.view(), y.view(), CheckOptions::default())?;
    assert!(report.passed(), "{report}");
    let short = x.slice(ndarray::s![.., ..5]);
    let error = OfTensors.value(&parameters, short, y.view(), &mut OfTensors.workspace(5)).map(drop);
    assert_eq!(error, Err(Error::shape("x", 1, 6, 5)));
    Ok(())
}

/// What is nothing in the value is asked for nonetheless.
#[derive(Cost)]
#[cost(quadratic + 0*a[2] + 0*sum(w[1..3, :]) + 0*sum[i](b[i + 1]*b[i]))]
struct Reaching;

#[test]
fn a_cost_checks_its_subscripts_where_rows_are_given() {
    let of = |k: usize| Reaching.data(Array2::zeros((1, k)).view(), Array2::zeros((1, k)).view()).map(drop);
    assert_eq!(of(3), Ok(()));
    let message = of(2).expect_err("a[2] of 2").to_string();
    assert_eq!(message, "the subscript `2` reaches 2, but the axis has 2 entries");
    assert_eq!(Reaching.weight_penalty(array![[1.0], [1.0], [1.0]].view()), Ok(0.0));
    let message =
        Reaching.weight_penalty(array![[1.0], [1.0]].view()).expect_err("rows 1..3 of 2").to_string();
    assert_eq!(message, "the subscript `1..3` reaches 3, but the axis has 2 entries");
    assert_eq!(Reaching.bias_penalty(array![1.0].view()), Ok(0.0));
    let message = Reaching.bias_penalty(Array1::zeros(0).view()).expect_err("no b").to_string();
    assert_eq!(message, "the range of `i` comes to -1 entries, less than none");
}
