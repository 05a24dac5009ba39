//! The networks of Nielsen's "Neural Networks and Deep Learning", and how the book trains them.

use std::marker::PhantomData;

use gradsmith::{Error, Init, Network};

use crate::{Outcome, Run};

/// Chapter 1: the quadratic cost.
#[derive(Network)]
#[network(784 -> 30 sigmoid -> 10 sigmoid)]
#[cost(quadratic)]
struct Quadratic30<T> {
    scalar: PhantomData<T>,
}

/// Chapter 1, more hidden units.
#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(quadratic)]
struct Quadratic100<T> {
    scalar: PhantomData<T>,
}

/// Chapter 3: the cross-entropy.
#[derive(Network)]
#[network(784 -> 30 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy)]
struct CrossEntropy30<T> {
    scalar: PhantomData<T>,
}

/// Chapter 3, more hidden units.
#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy)]
struct CrossEntropy100<T> {
    scalar: PhantomData<T>,
}

/// Chapter 3, regularised: C = C₀ + λ/2n Σ w².
#[derive(Network)]
#[network(784 -> 30 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda / n))]
struct CrossEntropy30L2 {
    lambda: f32,
    n: f32,
}

/// Chapter 3, regularised, more hidden units.
#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 sigmoid)]
#[cost(cross_entropy + l2(lambda / n))]
struct CrossEntropy100L2 {
    lambda: f32,
    n: f32,
}

/// Chapter 6: softmax and the log-likelihood.
#[derive(Network)]
#[network(784 -> 100 sigmoid -> 10 softmax)]
#[cost(categorical_cross_entropy)]
struct LogLikelihood100<T> {
    scalar: PhantomData<T>,
}

/// Which images an epoch is judged on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// The 10,000 test images.
    Test,
    /// The last 10,000 of the training files, on which nothing is trained.
    Validation,
    /// The test images, at the epoch that is best on the validation images.
    TestAtBestValidation,
}

impl Judge {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
            Self::TestAtBestValidation => "test at best validation",
        }
    }
}

/// One experiment of the book.
pub(crate) struct Preset {
    /// What `--preset` calls it; two rows of one name are run one after the other.
    pub name: &'static str,
    /// The network and its cost, as the attributes above have them.
    pub network: &'static str,
    pub cost: &'static str,
    /// How the weights start: N(0, 1), or N(0, 1/inputs).
    pub init: Init,
    pub epochs: usize,
    /// The learning rate η.
    pub eta: f64,
    /// The λ of C₀ + λ/2n Σ w², where the cost has one.
    pub lambda: f32,
    pub judge: Judge,
    /// What the book reports, in words.
    pub book: &'static str,
    /// The derivation of the network's gradient.
    pub derivation: &'static str,
    /// Trains the network.
    pub train: fn(&Preset, &Run<'_>) -> Result<Outcome, Error>,
}

const N_30: &str = "784 -> 30 sigmoid -> 10 sigmoid";
const N_100: &str = "784 -> 100 sigmoid -> 10 sigmoid";
const CE: &str = "cross_entropy";
const CE_L2: &str = "cross_entropy + l2(lambda / n)";

/// What rows have in common.
const BASE: Preset = Preset {
    name: "",
    network: N_30,
    cost: CE_L2,
    init: Init::StandardNormal,
    epochs: 30,
    eta: 0.5,
    lambda: 5.0,
    judge: Judge::Test,
    book: "",
    derivation: CrossEntropy30L2::DERIVATION,
    train: |p, run| run.train(p, &CrossEntropy30L2 { lambda: p.lambda, n: run.examples() }),
};

/// The same with 100 hidden units.
const BASE_100: Preset = Preset {
    network: N_100,
    judge: Judge::Validation,
    derivation: CrossEntropy100L2::DERIVATION,
    train: |p, run| run.train(p, &CrossEntropy100L2 { lambda: p.lambda, n: run.examples() }),
    ..BASE
};

/// Every preset.
pub(crate) const ALL: [Preset; 10] = [
    Preset {
        name: "N1",
        cost: "quadratic",
        eta: 3.0,
        book: "95.42 %, best epoch of the best of 3 runs",
        derivation: Quadratic30::<f32>::DERIVATION,
        train: |p, run| run.train(p, &Quadratic30::<f32> { scalar: PhantomData }),
        ..BASE
    },
    Preset {
        name: "N2",
        network: N_100,
        cost: "quadratic",
        eta: 3.0,
        book: "96.59 %; \"quite some variation\"",
        derivation: Quadratic100::<f32>::DERIVATION,
        train: |p, run| run.train(p, &Quadratic100::<f32> { scalar: PhantomData }),
        ..BASE
    },
    Preset {
        name: "N6",
        cost: CE,
        book: "95.49 %",
        derivation: CrossEntropy30::<f32>::DERIVATION,
        train: |p, run| run.train(p, &CrossEntropy30::<f32> { scalar: PhantomData }),
        ..BASE
    },
    Preset {
        name: "N7",
        network: N_100,
        cost: CE,
        book: "96.82 %",
        derivation: CrossEntropy100::<f32>::DERIVATION,
        train: |p, run| run.train(p, &CrossEntropy100::<f32> { scalar: PhantomData }),
        ..BASE
    },
    Preset { name: "N10", book: "96.49 %, best epoch", ..BASE },
    Preset { name: "N11", book: "97.92 %", ..BASE_100 },
    Preset { name: "N12", epochs: 60, eta: 0.1, book: "98.04 %", ..BASE_100 },
    Preset {
        name: "N13",
        init: Init::FanIn,
        eta: 0.1,
        judge: Judge::Validation,
        book: "92.70 % after the first epoch, 96.50 % after the last",
        ..BASE
    },
    Preset {
        name: "N13",
        eta: 0.1,
        judge: Judge::Validation,
        book: "86.43 % after the first epoch, 96.37 % after the last",
        ..BASE
    },
    Preset {
        name: "N18",
        network: "784 -> 100 sigmoid -> 10 softmax",
        cost: "categorical_cross_entropy",
        init: Init::FanIn,
        epochs: 60,
        eta: 0.1,
        judge: Judge::TestAtBestValidation,
        book: "97.80 %, best of 3 runs",
        derivation: LogLikelihood100::<f32>::DERIVATION,
        train: |p, run| run.train(p, &LogLikelihood100::<f32> { scalar: PhantomData }),
        ..BASE
    },
];
