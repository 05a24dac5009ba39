//! W1 to W4: the gradient of a network, and a step of gradient descent.

use crate::clock::{Line, norm};
use crate::inputs::{LAMBDA, Perceptron, RATE};
use gradsmith::{Error, Network, Parameters, Scalar};
use std::hint::black_box;

/// W1.
#[derive(Clone, Debug, Network)]
#[network(6 -> 64 relu -> 8 relu -> 4 linear)]
#[cost(quadratic)]
#[gradsmith(scalar = f32)]
pub struct Tiny;

/// W2.
#[derive(Clone, Debug, Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda))]
pub struct Digits<T> {
    lambda: T,
}

/// W3.
#[derive(Clone, Debug, Network)]
#[network(784 -> 512 relu -> 512 relu -> 10 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
pub struct Deeper {
    lambda: f32,
}

/// W4.
#[derive(Clone, Debug, Network)]
#[network(1024 -> 2048 tanh -> 2048 tanh -> 1024 tanh)]
#[cost(quadratic + l2(lambda))]
pub struct Large {
    lambda: f32,
}

/// The seeded network and batch, with memory for a step.
#[derive(Debug)]
pub struct Training<N: Network> {
    network: N,
    seed: Perceptron<N::Scalar>,
    parameters: N::Parameters,
    gradient: N::Parameters,
    workspace: N::Workspace,
}

impl<N: Network> Training<N> {
    /// `workload` says which inputs `network` gets.
    ///
    /// # Errors
    /// If they are not the network's.
    pub fn new(network: N, workload: u64, batch: usize) -> Result<Self, Error> {
        let seed = Perceptron::of(workload, batch);
        Ok(Self {
            parameters: N::Parameters::from_slice(&seed.parameters())?,
            gradient: N::Parameters::zeros(),
            workspace: network.workspace(batch),
            network,
            seed,
        })
    }

    /// Value and gradient.
    ///
    /// # Errors
    /// If the value is not finite.
    pub fn gradient(&mut self) -> Result<N::Scalar, Error> {
        let (x, y) = (self.seed.x.view(), self.seed.y.view());
        let parameters = black_box(&self.parameters);
        let cost =
            self.network.value_and_gradient(parameters, x, y, &mut self.workspace, &mut self.gradient)?;
        Ok(cost.total())
    }

    /// Of the last call of [`Training::gradient`].
    pub fn gradient_norm(&self) -> f64 {
        norm(self.gradient.as_slice())
    }

    /// Value, gradient, and a step against it.
    ///
    /// # Errors
    /// If the value is not finite.
    pub fn step(&mut self) -> Result<N::Scalar, Error> {
        let (x, y) = (self.seed.x.view(), self.seed.y.view());
        let cost = self.network.sgd_step(black_box(&mut self.parameters), x, y, &mut self.workspace, RATE)?;
        Ok(cost.total())
    }
}

/// Times value and gradient, with a step or without.
fn run<N: Network>(
    case: &'static str,
    network: N,
    workload: u64,
    batch: usize,
    step: bool,
) -> Result<(), Error> {
    let mut training = Training::new(network, workload, batch)?;
    let loss = training.gradient()?.to_f64();
    let gnorm = training.gradient_norm();
    let line = Line { case, dtype: N::Scalar::NAME, loss, gnorm };
    if step {
        line.time(|| training.step())
    } else {
        line.time(|| training.gradient())
    }
    Ok(())
}

/// W1, batches of 1 and 32.
///
/// # Errors
/// If a value is not finite.
pub fn w1() -> Result<(), Error> {
    run("W1.b1", Tiny, 1, 1, false)?;
    run("W1.b32", Tiny, 1, 32, false)
}

/// The network of W2.
#[must_use]
pub fn digits<T: Scalar>() -> Digits<T> {
    Digits { lambda: T::from_f64(LAMBDA) }
}

/// W2, batches of 10 and 100.
///
/// # Errors
/// If a value is not finite.
pub fn w2() -> Result<(), Error> {
    for (case, batch) in [("W2.b10", 10), ("W2.b100", 100)] {
        run(case, digits::<f32>(), 2, batch, true)?;
        run(case, digits::<f64>(), 2, batch, true)?;
    }
    Ok(())
}

/// The network of W3.
#[must_use]
pub fn deeper() -> Deeper {
    Deeper { lambda: LAMBDA as f32 }
}

/// W3.
///
/// # Errors
/// If a value is not finite.
pub fn w3() -> Result<(), Error> {
    run("W3", deeper(), 3, 128, true)
}

/// W4.
///
/// # Errors
/// If a value is not finite.
pub fn w4() -> Result<(), Error> {
    run("W4", Large { lambda: LAMBDA as f32 }, 4, 512, true)
}
