//! From a formula to a trained network, on real data: 1599 red wines, eleven measurements each, and what
//! tasters thought of them.
//!
//! Two networks differ by one term of one attribute, `+ l2(lambda)`. The program prints the derivation from
//! which the second one's back-propagation was generated, and trains both. Without the penalty the network
//! learns its wines by heart, and grows ever surer of itself on new ones, right or wrong: their cost climbs.
//! With the penalty, the costs of known and new wines stay close together.
//!
//! ```text
//! cargo run --release --example train
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use std::ops::ControlFlow;

use gradsmith::metrics::{self, ConfusionMatrix};
use gradsmith::optim::Sgd;
use gradsmith::train::{Data, Trainer};
use gradsmith::{Error, Init, Network, Rng};
use ndarray::{Array2, Axis};

#[derive(Network)]
#[network(11 -> 40 tanh -> 3 softmax)]
#[cost(categorical_cross_entropy)]
struct Plain;

#[derive(Network)]
#[network(11 -> 40 tanh -> 3 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
struct Penalised {
    lambda: f64,
}

/// Marks go from 3 to 8, but few wines have the outer ones.
const CLASSES: [&str; 3] = ["5 and worse", "6", "7 and better"];

fn class(mark: usize) -> usize {
    mark.clamp(5, 7) - 5
}

/// The wines in random order: measurements, and classes. (The data set's `ndarray` is an older one,
/// so its numbers are copied.)
fn wines() -> (Array2<f64>, Vec<usize>) {
    let wines = linfa_datasets::winequality();
    let mut order: Vec<usize> = (0..wines.targets.len()).collect();
    Rng::new(1).shuffle(&mut order);
    let columns = wines.records.ncols();
    let x =
        Array2::from_shape_fn((order.len(), columns), |(row, column)| wines.records[(order[row], column)]);
    let labels = order.iter().map(|&wine| class(wines.targets[wine])).collect();
    (x, labels)
}

/// Trains, and reports how it goes.
fn train<N: Network<Scalar = f64>>(
    network: &N,
    train: Data<'_, f64>,
    held_out: Data<'_, f64>,
    truth: &[usize],
) -> Result<(), Error> {
    println!("            trained on                       held out");
    println!("epoch       data cost  penalty  accuracy     data cost  accuracy");
    let mut parameters = N::init(Init::FanIn, 1);
    Trainer::new(network, Sgd::new(0.1)?).batch_size(20).epochs(401).seed(1).fit_with(
        &mut parameters,
        train,
        None,
        |epoch| {
            if epoch.record.epoch % 50 == 0 {
                let (cost, new) = (epoch.cost(train)?, epoch.cost(held_out)?);
                println!(
                    "{:>5} {:>15.4} {:>8.4} {:>7.1} % {:>13.4} {:>7.1} %",
                    epoch.record.epoch,
                    cost.data,
                    cost.penalty,
                    100.0 * epoch.accuracy(train)?,
                    new.data,
                    100.0 * epoch.accuracy(held_out)?
                );
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let outputs = network.predict(&parameters, held_out.x())?;
    let predicted: Vec<usize> = outputs.rows().into_iter().map(metrics::class).collect();
    println!("\n{}\n", ConfusionMatrix::from_labels(truth, &predicted, CLASSES.len())?);
    Ok(())
}

fn main() -> Result<(), Error> {
    let (mut x, labels) = wines();
    let (rows, split) = (x.nrows(), x.nrows() * 3 / 4);
    println!(
        "{rows} red wines, {} measurements each; {split} to train on, {} held out",
        x.ncols(),
        rows - split
    );
    for (class, name) in CLASSES.iter().enumerate() {
        let count = labels.iter().filter(|&&label| label == class).count();
        println!("  {count:>4} of quality {name}");
    }

    // Mean 0 and variance 1, by the wines that are trained on.
    let known = x.slice_axis(Axis(0), (..split).into()).to_owned();
    let (Some(mean), deviation) = (known.mean_axis(Axis(0)), known.std_axis(Axis(0), 0.0)) else {
        return Err(Error::EmptyBatch);
    };
    x = (x - mean) / deviation;
    let ((x, new_x), (labels, truth)) = (x.view().split_at(Axis(0), split), labels.split_at(split));
    let (known, new) = (Data::labels(x, labels)?, Data::labels(new_x, truth)?);

    println!("\n--- derived at compile time ---\n\n{}", Penalised::DERIVATION);
    println!("--- without the penalty ---\n");
    train(&Plain, known, new, truth)?;
    println!("--- with l2(lambda), lambda = 0.005 ---\n");
    train(&Penalised { lambda: 0.005 }, known, new, truth)
}
