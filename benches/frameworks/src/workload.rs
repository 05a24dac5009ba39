//! What is computed, and on which numbers.

use peers::inputs::{Factorisation, Perceptron, Regression};

/// A workload in single precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// 6-64-8-4, ReLU, squared distance, for this many examples; value and gradient.
    W1(usize),
    /// 784-100-10, sigmoid, cross-entropy, penalty, for this many examples; value, gradient, step.
    W2(usize),
    /// 784-512-512-10, ReLU, softmax, penalty, 128 examples; value, gradient, step.
    W3,
    /// Logistic regression, 10,000 × 200; value and gradient.
    W5a,
    /// Masked factorisation, 500 × 500 by rank 10; value and gradient.
    W6a,
}

impl Workload {
    /// All that are timed.
    pub const ALL: [Self; 7] =
        [Self::W1(1), Self::W1(32), Self::W2(10), Self::W2(100), Self::W3, Self::W5a, Self::W6a];

    /// The seeded inputs.
    #[must_use]
    pub fn data(self) -> Data {
        match self {
            Self::W1(batch) => Data::Network(Kind::Regression, Perceptron::of(1, batch)),
            Self::W2(batch) => Data::Network(Kind::Binary, Perceptron::of(2, batch)),
            Self::W3 => Data::Network(Kind::Classes, Perceptron::of(3, 128)),
            Self::W5a => Data::Regression(Regression::new()),
            Self::W6a => Data::Factorisation(Factorisation::new(500, 10)),
        }
    }
}

/// What follows a network's layers, and whether it is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// W1: ReLU, half the squared distance; no penalty, no step.
    Regression,
    /// W2: sigmoid, cross-entropy.
    Binary,
    /// W3: ReLU, softmax and cross-entropy.
    Classes,
}

impl Kind {
    /// The number of the workload.
    #[must_use]
    pub fn workload(self) -> u64 {
        match self {
            Self::Regression => 1,
            Self::Binary => 2,
            Self::Classes => 3,
        }
    }

    /// Penalty and step.
    #[must_use]
    pub fn trained(self) -> bool {
        self != Self::Regression
    }
}

/// The inputs of a workload.
#[derive(Debug)]
pub enum Data {
    /// W1 to W3.
    Network(Kind, Perceptron<f32>),
    /// W5.
    Regression(Regression<f32>),
    /// W6.
    Factorisation(Factorisation<f32>),
}
