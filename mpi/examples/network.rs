//! A network trained by processes that share the examples:
//!
//! ```text
//! cargo build --release --example network
//! mpirun -n 4 target/release/examples/network
//! ```
//!
//! Mini-batches, steps and records are those of one process, but for rounding.
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use gradsmith::metrics::accuracy;
use gradsmith::optim::Adam;
use gradsmith::ranks::Ranks;
use gradsmith::train::{Data, EarlyStopping, Monitor, Trainer};
use gradsmith::{Error, Init, Network, Rng};
use ndarray::Array2;

#[derive(gradsmith::Network)]
#[network(8 -> 32 tanh -> 3 softmax)]
#[cost(categorical_cross_entropy + l2(0.0001))]
#[gradsmith(scalar = f32)]
struct Classifier;

/// Some of the examples: each has a seed, so that it is the same wherever it is made.
fn examples(numbers: impl Iterator<Item = usize>) -> (Array2<f32>, Vec<u8>) {
    let (mut x, mut labels) = (Vec::new(), Vec::new());
    for number in numbers {
        let mut rng = Rng::new(number as u64);
        let own: Vec<f32> = (0..8).map(|_| rng.normal() as f32).collect();
        let score = own[0] * own[1] + own[2];
        labels.push(if score < -0.5 { 0 } else { 1 + u8::from(score > 0.5) });
        x.extend(own);
    }
    (Array2::from_shape_vec((labels.len(), 8), x).unwrap_or_default(), labels)
}

fn main() {
    gradsmith_mpi::run(|ranks| -> Result<(), Error> {
        // Which of 20,000 examples are here, and which of 4,000 to validate by.
        let (x, labels) = examples(ranks.examples(20_000));
        let (held_x, held_labels) = examples(ranks.examples(4_000).map(|number| 20_000 + number));
        let train = Data::labels(x.view(), &labels)?;
        let held_out = Data::labels(held_x.view(), &held_labels)?;

        let mut parameters = Classifier::init(Init::FanIn, 1); // the same in every process
        let history = Trainer::new(&Classifier, Adam::new(0.003)?)
            .batch_size(200)
            .epochs(20)
            .metric(accuracy)
            .early_stopping(EarlyStopping::new(Monitor::Metric, 4))
            .among(ranks)
            .fit(&mut parameters, train, Some(held_out))?;
        if ranks.rank() == 0 {
            history.epochs.iter().for_each(|epoch| println!("{epoch}"));
        }
        Ok(())
    });
}
