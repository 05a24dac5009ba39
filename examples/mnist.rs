//! Handwritten digits: the experiments of Nielsen's "Neural Networks and Deep Learning", chapters 1, 3 and 6,
//! each with a derived network, printed epoch by epoch as the book does.
//!
//! ```text
//! cargo run --release --example mnist -- --list
//! cargo run --release --example mnist -- --data DIR --preset N12 --seed 1
//! ```
//!
//! `DIR` holds the four files of MNIST, plain or gzip. The results are in docs/nielsen.md.
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

#[path = "mnist/idx.rs"]
mod idx;
#[path = "mnist/presets.rs"]
mod presets;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fmt};

#[cfg(feature = "safetensors")]
use gradsmith::Parameters;
use gradsmith::optim::Sgd;
use gradsmith::train::{Data, Trainer};
use gradsmith::{Error, Network};

use idx::Digits;
use presets::{ALL, Judge, Preset};

const HELP: &str = "\
Trains the networks of Nielsen's \"Neural Networks and Deep Learning\" on MNIST.

usage: cargo run --release --example mnist -- --data DIR [options]

  --data DIR      the folder with train-images-idx3-ubyte, train-labels-idx1-ubyte,
                  t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or with .gz behind it
  --preset NAME   the experiment, or `all`; N12 if not given
  --seed NUMBER   seeds the weights and the shuffling; 1 if not given
  --epochs COUNT  another number of epochs than the book's
  --load FILE     judges the parameters of a file (safetensors) on the test images, and trains nothing: those of
                  examples/xla/train.py, say; needs `--features safetensors`
  --derivation    prints the derivation of the gradient first
  --list          lists the presets
  --help          prints this";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let options = match Options::read(env::args().skip(1))? {
        Command::Help => {
            println!("{HELP}");
            return Ok(());
        }
        Command::List => {
            for preset in &ALL {
                println!("{preset}");
            }
            return Ok(());
        }
        Command::Train(options) => options,
    };
    let files = Files::read(&options.data)?;
    let mut run = files.run(options.seed, options.epochs)?;
    if let Some(path) = &options.load {
        run.loaded = Some(std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?);
    }
    for preset in ALL.iter().filter(|preset| options.preset == "all" || options.preset == preset.name) {
        println!("{preset}");
        if options.derivation {
            println!("\n{}", preset.derivation);
        }
        let outcome = (preset.train)(preset, &run)?;
        println!("{} seed {}: {outcome}\n", preset.name, options.seed);
    }
    Ok(())
}

/// What the command line asks for.
enum Command {
    Help,
    List,
    Train(Options),
}

struct Options {
    data: PathBuf,
    preset: String,
    seed: u64,
    epochs: Option<usize>,
    load: Option<PathBuf>,
    derivation: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
        let mut data = None;
        let mut options = Self {
            data: PathBuf::new(),
            preset: "N12".to_owned(),
            seed: 1,
            epochs: None,
            load: None,
            derivation: false,
        };
        while let Some(argument) = arguments.next() {
            // `--seed 2` and `--seed=2`
            let (name, given) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value =
                || given.clone().or_else(|| arguments.next()).ok_or(format!("`{name}` asks for a value"));
            match name {
                "--help" | "-h" => return Ok(Command::Help),
                "--list" => return Ok(Command::List),
                "--derivation" => options.derivation = true,
                "--data" => data = Some(PathBuf::from(value()?)),
                "--preset" => options.preset = preset(&value()?)?,
                "--seed" => options.seed = number(name, &value()?)?,
                "--load" => options.load = Some(PathBuf::from(value()?)),
                "--epochs" => options.epochs = Some(number(name, &value()?)?),
                _ => return Err(format!("unknown argument `{argument}`\n\n{HELP}")),
            }
        }
        options.data = data.ok_or_else(|| format!("`--data DIR` is missing\n\n{HELP}"))?;
        Ok(Command::Train(options))
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{name}` asks for a number, found `{text}`"))
}

fn preset(text: &str) -> Result<String, String> {
    let name = if text == "all" { text.to_owned() } else { text.to_uppercase() };
    if name == "all" || ALL.iter().any(|preset| preset.name == name) {
        return Ok(name);
    }
    let mut names: Vec<&str> = ALL.iter().map(|preset| preset.name).collect();
    names.dedup();
    Err(format!("unknown preset `{text}`; presets are {} and all", names.join(", ")))
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, network, cost, init, epochs, eta, lambda, judge, book, .. } = self;
        write!(f, "{name:<4} {network}, {cost}, {init}, {epochs} epochs, eta {eta}")?;
        if cost.contains("lambda") {
            write!(f, ", lambda {lambda}")?;
        }
        write!(f, "\n     judged on {}; the book: {book}", judge.name())
    }
}

/// The 60,000 training and the 10,000 test images.
struct Files {
    train: Digits,
    test: Digits,
}

impl Files {
    fn read(folder: &Path) -> Result<Self, idx::IdxError> {
        let train = Digits::read(folder, "train", 60_000)?;
        let test = Digits::read(folder, "t10k", 10_000)?;
        Ok(Self { train, test })
    }

    /// The book's split: the last 10,000 of the training files are for validation.
    fn run(&self, seed: u64, epochs: Option<usize>) -> Result<Run<'_>, Error> {
        let [(x, y), (validation_x, validation_y)] = self.train.split(50_000);
        Ok(Run {
            seed,
            epochs,
            train: Data::new(x, y)?,
            validation: Data::new(validation_x, validation_y)?,
            test: Data::new(self.test.x.view(), self.test.y.view())?,
            loaded: None,
        })
    }
}

/// What a network is trained with, whichever it is.
pub(crate) struct Run<'a> {
    seed: u64,
    epochs: Option<usize>,
    train: Data<'a, f32>,
    validation: Data<'a, f32>,
    test: Data<'a, f32>,
    /// A file of parameters that are to be judged instead of trained.
    loaded: Option<Vec<u8>>,
}

impl Run<'_> {
    /// The n of λ/2n Σ w².
    pub(crate) fn examples(&self) -> f32 {
        self.train.rows() as f32
    }

    /// Trains `network` as the book does: stochastic gradient descent, mini-batches of 10.
    ///
    /// # Errors
    /// Those of the trainer.
    pub(crate) fn train<N: Network<Scalar = f32>>(
        &self,
        preset: &Preset,
        network: &N,
    ) -> Result<Outcome, Error> {
        if let Some(file) = &self.loaded {
            return self.judge(network, file);
        }
        let mut parameters = N::init(preset.init, self.seed);
        let mut outcome = Outcome { judge: preset.judge, epochs: Vec::new(), training: Duration::ZERO };
        let mut trainer = Trainer::new(network, Sgd::new(preset.eta)?)
            .batch_size(10)
            .epochs(self.epochs.unwrap_or(preset.epochs))
            .seed(self.seed);
        let mut start = Instant::now();
        trainer.fit_with(&mut parameters, self.train, None, |epoch| {
            outcome.training += start.elapsed();
            let (judged, rows) = match preset.judge {
                Judge::Test => (self.test, self.test.rows()),
                Judge::Validation | Judge::TestAtBestValidation => (self.validation, self.validation.rows()),
            };
            let right = (epoch.accuracy(judged)? * rows as f64).round();
            let test = match preset.judge {
                Judge::TestAtBestValidation => epoch.accuracy(self.test)?,
                Judge::Test | Judge::Validation => right / rows as f64,
            };
            print!("Epoch {}: {right} / {rows}", epoch.record.epoch);
            if preset.judge == Judge::TestAtBestValidation {
                print!(" (test {:.2} %)", 100.0 * test);
            }
            println!(
                "   training cost {}; {} {}",
                epoch.record.train,
                judged_name(preset),
                epoch.cost(judged)?
            );
            outcome.epochs.push((right / rows as f64, test));
            start = Instant::now();
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(outcome)
    }
}

impl Run<'_> {
    /// Reads parameters and judges them on the test images.
    #[cfg(feature = "safetensors")]
    fn judge<N: Network<Scalar = f32>>(&self, network: &N, file: &[u8]) -> Result<Outcome, Error> {
        let mut parameters = N::Parameters::zeros();
        gradsmith::save::read_safetensors(&mut parameters, file)?;
        let outputs = network.predict(&parameters, self.test.x())?;
        let accuracy = self.test.y().map_or(Ok(0.0), |y| gradsmith::metrics::accuracy(outputs.view(), y))?;
        Ok(Outcome { judge: Judge::Test, epochs: vec![(accuracy, accuracy)], training: Duration::ZERO })
    }

    #[cfg(not(feature = "safetensors"))]
    fn judge<N: Network<Scalar = f32>>(&self, _network: &N, _file: &[u8]) -> Result<Outcome, Error> {
        Err(Error::Format {
            format: "way to read it",
            reason: "`--load` needs `--features safetensors`".into(),
        })
    }
}

fn judged_name(preset: &Preset) -> &'static str {
    if preset.judge == Judge::Test { "test" } else { "validation" }
}

/// The accuracies of a run.
pub(crate) struct Outcome {
    judge: Judge,
    /// Epoch by epoch: what it is judged on, and what is then reported.
    epochs: Vec<(f64, f64)>,
    training: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.epochs.first(), self.epochs.last()) else {
            return f.write_str("no epochs");
        };
        let mut best = 0;
        for (epoch, (judged, _)) in self.epochs.iter().enumerate() {
            if *judged > self.epochs[best].0 {
                best = epoch;
            }
        }
        write!(
            f,
            "{}: best {:.2} % (epoch {best}), first {:.2} %, final {:.2} %; {:.3} s an epoch of training",
            self.judge.name(),
            100.0 * self.epochs[best].1,
            100.0 * first.1,
            100.0 * last.1,
            self.training.as_secs_f64() / self.epochs.len() as f64
        )
    }
}
