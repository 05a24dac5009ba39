//! A classifier from a table to a file: irises by their leaves (Fisher, 1936), with inputs on one scale, a learning
//! rate that warms up and falls, the parameters saved and read again, and a picture of how it went.
//!
//! ```text
//! cargo run --example classifier --features plot,safetensors
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use std::{env, error::Error, fs, process};

use gradsmith::metrics::accuracy;
use gradsmith::optim::{Adam, Clip};
use gradsmith::save::{read_safetensors, write_safetensors};
use gradsmith::train::{Data, Scaler, Schedule, Trainer};
use gradsmith::{Init, Network, Rng, plot};
use ndarray::{Array2, Axis};

#[derive(Network)]
#[network(4 -> 8 tanh -> 3 softmax)]
#[cost(categorical_cross_entropy + l2(lambda))]
struct Irises {
    lambda: f64,
}

/// Four lengths and the species of each flower, in random order; species as one-hot rows.
fn flowers() -> Result<(Array2<f64>, Array2<f64>), Box<dyn Error>> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/iris.csv"))?;
    let numbers = |line: &str| line.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>();
    let mut flowers = text.lines().skip(1).map(numbers).collect::<Result<Vec<_>, _>>()?;
    Rng::new(1).shuffle(&mut flowers);
    let x = Array2::from_shape_fn((flowers.len(), 4), |(row, column)| flowers[row][column]);
    let y =
        Array2::from_shape_fn(
            (flowers.len(), 3),
            |(row, class)| {
                if flowers[row][4] == class as f64 { 1.0 } else { 0.0 }
            },
        );
    Ok((x, y))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (x, y) = flowers()?;
    let ((x, new_x), (y, new_y)) = (x.view().split_at(Axis(0), 100), y.view().split_at(Axis(0), 100));
    let scaler = Scaler::of(x)?;
    let (x, new_x) = (scaler.transform(x)?, scaler.transform(new_x)?);
    let (train, new) = (Data::new(x.view(), y)?, Data::new(new_x.view(), new_y)?);

    let network = Irises { lambda: 0.002 };
    let mut parameters = Irises::init(Init::FanIn, 1);
    let history = Trainer::new(&network, Adam::new(0.02)?)
        .batch_size(10)
        .epochs(60)
        .schedule(Schedule::cosine(55).warm_up(5, 0.2).floor(0.01))
        .clip(Clip::norm(1.0)?)
        .metric(accuracy)
        .fit(&mut parameters, train, Some(new))?;
    for epoch in history.epochs.iter().step_by(10).chain(history.epochs.last()) {
        println!("{epoch}; learning rate {:.4}", epoch.learning_rate);
    }
    let outputs = network.predict(&parameters, new_x.view())?;

    let folder = env::temp_dir().join(format!("gradsmith-classifier-{}", process::id()));
    fs::create_dir_all(&folder)?;
    write_safetensors(&parameters, fs::File::create(folder.join("irises.safetensors"))?)?;
    history.write_csv(fs::File::create(folder.join("history.csv"))?)?;
    fs::write(folder.join("history.svg"), plot::training(&history).title("Irises").svg())?;

    let mut read = <Irises as Network>::Parameters::zeros();
    read_safetensors(&mut read, &fs::read(folder.join("irises.safetensors"))?)?;
    assert_eq!(network.predict(&read, new_x.view())?, outputs);
    println!("What was saved in {} predicts the same.", folder.display());
    Ok(())
}
