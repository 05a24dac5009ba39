//! `sgd_step`: the step that a gradient and `Sgd` take, without writing the gradient down.
#![allow(missing_docs, reason = "networks of tests")]

use gradsmith::optim::{Optimizer, Sgd};
use gradsmith::{Error, Init, Network, Parameters, Rng};
use ndarray::Array2;

fn batch(rows: usize, cols: usize, seed: u64) -> Array2<f64> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_fn((rows, cols), |_| rng.uniform() - 0.5)
}

/// Steps both ways, over batches of several lengths, stay together.
fn agrees<N: Network<Scalar = f64>>(network: &N) -> Result<(), Error> {
    let rate = 0.3;
    let mut parameters = N::init(Init::Glorot, 7);
    let mut other = N::Parameters::from_slice(parameters.as_slice())?;
    let mut gradient = N::Parameters::zeros();
    let mut workspace = network.workspace(9);
    let mut sgd = Sgd::new(rate)?;
    for (k, rows) in [9, 4, 1, 9].into_iter().enumerate() {
        let (x, y) =
            (batch(rows, N::INPUTS, k as u64), batch(rows, N::OUTPUTS, 50 + k as u64).mapv(f64::abs));
        let cost = network.sgd_step(&mut parameters, x.view(), y.view(), &mut workspace, rate)?;
        let before = network.value_and_gradient(&other, x.view(), y.view(), &mut workspace, &mut gradient)?;
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * (1.0 + b.abs());
        assert!(
            near(cost.data, before.data) && near(cost.penalty, before.penalty),
            "{cost:?} and {before:?}"
        );
        sgd.step(other.as_mut_slice(), gradient.as_slice())?;
        assert!(gradient.as_slice().iter().any(|g| *g != 0.0));
        for (a, b) in parameters.as_slice().iter().zip(other.as_slice()) {
            assert!(near(*a, *b), "{a} and {b}");
        }
    }
    Ok(())
}

/// A network and its check, with all hyper-parameters 0.1.
macro_rules! steps {
    ($name:ident: ($($network:tt)*), $cost:literal, { $($hyper:ident),* }) => {
        #[test]
        fn $name() -> Result<(), Error> {
            #[derive(Network)]
            #[network($($network)*)]
            #[cost($cost)]
            struct Net {
                $($hyper: f64),*
            }
            agrees(&Net { $($hyper: 0.1),* })
        }
    };
}

steps!(decay_goes_into_the_weights: ("5 -> 4 tanh -> 3 sigmoid"), "cross_entropy + l2(lambda)", { lambda });
steps!(without_penalty: ("5 -> 4 relu -> 3 linear"), "quadratic", {});
steps!(several_factors: ("5 -> 4 sigmoid -> 3 softmax"), "categorical_cross_entropy + l2(lambda / n)", { lambda, n });
steps!(corners_of_l1: ("5 -> 4 tanh -> 3 linear"), "mse + l1(lambda) + elastic_net(mu, 0.5, w2)", { lambda, mu });
steps!(penalties_that_are_products: ("5 -> 4 tanh -> 3 linear"), "mse + orthogonal(lambda)", { lambda });
steps!(penalised_biases: ("5 -> 4 tanh -> 3 linear"), "mse + l2(lambda) + l2(lambda, b)", { lambda });
steps!(
    shared_weights: ("h = tanh(W*x + b); a = W'*h + c", x: 5, W: 3 x 5, b: 3, c: 5), "mse + l2(lambda, W)", { lambda }
);

// Layers so large that their products go straight into the parameters.
steps!(large_decay: (40 -> 50 tanh -> 30 sigmoid), "cross_entropy + l2(lambda)", { lambda });
steps!(large_without_penalty: (40 -> 50 relu -> 30 linear), "quadratic", {});
steps!(large_several_factors: (40 -> 50 sigmoid -> 30 softmax), "categorical_cross_entropy + l2(lambda / n)", { lambda, n });
steps!(large_corners: (40 -> 50 tanh -> 30 linear), "mse + l1(lambda) + elastic_net(mu, 0.5, w2)", { lambda, mu });
steps!(large_products_in_penalties: (40 -> 50 tanh -> 30 linear), "mse + orthogonal(lambda)", { lambda });
steps!(large_penalised_biases: (40 -> 50 tanh -> 30 linear), "mse + l2(lambda) + l2(lambda, b)", { lambda });
steps!(
    large_shared_weights: ("h = tanh(W*x + b); a = W'*h + c", x: 40, W: 50 x 40, b: 50, c: 40), "mse + l2(lambda, W)", { lambda }
);
steps!(
    two_parameters_of_one_gradient: ("a = tanh(W*x + V*x + b)", x: 40, W: 50 x 40, V: 50 x 40, b: 50), "mse", {}
);
steps!(
    of_one_gradient_but_for_a_penalty: ("a = tanh(W*x + V*x + b)", x: 40, W: 50 x 40, V: 50 x 40, b: 50), "mse + l2(lambda, V)", { lambda }
);

// More steps than one function has, but fewer once the updates are apart.
steps!(
    many_layers: (3 -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh -> 3 tanh), "mse + l2(lambda)", { lambda }
);

#[derive(Network)]
#[network(3 -> 2 tanh -> 1 linear)]
#[cost(quadratic + l2(lambda))]
struct Small {
    lambda: f64,
}

#[test]
fn a_refused_step_changes_nothing() -> Result<(), Error> {
    let network = Small { lambda: 0.1 };
    let start = Small::init(Init::Glorot, 1);
    let mut parameters = start.clone();
    let mut workspace = network.workspace(4);
    let (x, y) = (batch(4, 3, 1), batch(4, 1, 2));
    let mut broken = y.clone();
    broken[(2, 0)] = f64::INFINITY;
    let error = network.sgd_step(&mut parameters, x.view(), broken.view(), &mut workspace, 0.1);
    assert!(matches!(error, Err(Error::NonFinite { .. })), "{error:?}");
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = network.sgd_step(&mut parameters, x.view(), y.view(), &mut workspace, rate);
        assert!(matches!(error, Err(Error::InvalidOption { .. })), "{rate}: {error:?}");
    }
    assert!(network.sgd_step(&mut parameters, x.view(), x.view(), &mut workspace, 0.1).is_err());
    assert_eq!(parameters.as_slice(), start.as_slice());
    Ok(())
}
