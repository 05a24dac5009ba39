//! Training: mini-batches in seeded random order, epoch after epoch, until the epochs are over or nothing
//! improves.
//!
//! A [`Trainer`] asks the network for a gradient and hands it to the optimiser; that is all either hears of
//! the other. Between the two the gradient may be clipped, and the optimiser's learning rate follows a
//! [`Schedule`]. What it keeps between steps is allocated once per call of [`fit`](Trainer::fit): one batch of
//! rows, one gradient, one workspace. Steps allocate nothing.
//!
//! [`Data`] are inputs and targets, or inputs and [labels](Data::labels), and perhaps [weights](Data::weighted) of examples: all
//! means are then over what the examples weigh together, and rows of weight 0 are not there. (Where the rows of a batch
//! have different weights, a network that has no code of its own for these takes a pass for each, and allocates.)
//!
//! Costs are reported in double precision and in two parts, [`CostValue`]; epochs and batches
//! are counted from 0.
//!
//! [`Trainer::run`] does what [`fit`](Trainer::fit) does, says so after each step, and can be stopped and taken
//! up again: a [`Run`] is what it remembers. A [`Scaler`] brings inputs to one scale before.
//!
//! With the feature `progress`, [`fit`](Trainer::fit) draws a bar on standard error, with the epoch, the
//! batches done and the cost of the last one, where that is a terminal and unless the trainer is
//! [`quiet`](Trainer::quiet).

use std::fmt;
use std::ops::ControlFlow;

use crate::error::Error;
use crate::kernel::ranks::Exchange;
use crate::model::cost::CostValue;
use crate::model::network::Network;
use crate::model::parameters::Parameters;
use crate::optim::{Clip, Optimizer};
use crate::rng::Rng;

mod batches;
mod data;
mod evaluate;
mod events;
mod history;
mod progress;
mod run;
mod scaler;
mod schedule;
mod stopping;
mod together;

pub use data::{Data, Label};
pub use evaluate::{Evaluator, Metric};
pub use events::{Epoch, Event, Step};
pub use history::{Ended, EpochRecord, History};
pub use run::Run;
pub use scaler::Scaler;
pub use schedule::Schedule;
pub use stopping::{EarlyStopping, Monitor};

use batches::Batches;
use progress::Progress;
use together::Together;

/// In which order examples are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Order {
    /// In random order, another in each epoch.
    #[default]
    Shuffled,
    /// As the rows stand. Batches are then read where they lie, without a copy.
    AsGiven,
}

/// A training loop for a network `N` and an optimiser `O`.
///
/// ```no_run
/// # use gradsmith_runtime::{Error, Network};
/// # use ndarray::Array2;
/// # fn run<N: Network<Scalar = f32>>(network: N, x: Array2<f32>, y: Array2<f32>) -> Result<(), Error> {
/// use gradsmith_runtime::metrics::accuracy;
/// use gradsmith_runtime::optim::Sgd;
/// use gradsmith_runtime::train::{Data, EarlyStopping, Monitor, Trainer};
/// use gradsmith_runtime::{Init, Parameters};
/// use ndarray::s;
///
/// let train = Data::new(x.slice(s![..900, ..]), y.slice(s![..900, ..]))?;
/// let held_out = Data::new(x.slice(s![900.., ..]), y.slice(s![900.., ..]))?;
///
/// let mut parameters = N::init(Init::FanIn, 1);
/// let history = Trainer::new(&network, Sgd::new(0.5)?)
///     .batch_size(10)
///     .epochs(30)
///     .seed(1)
///     .metric(accuracy)
///     .early_stopping(EarlyStopping::new(Monitor::Metric, 5))
///     .fit(&mut parameters, train, Some(held_out))?;
/// for epoch in &history.epochs {
///     println!("{epoch}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Trainer<'n, N: Network, O> {
    network: &'n N,
    optimizer: O,
    batch_size: usize,
    epochs: usize,
    seed: u64,
    order: Order,
    metric: Option<Metric<N::Scalar>>,
    early_stopping: Option<EarlyStopping>,
    schedule: Option<Schedule>,
    clip: Option<Clip>,
    quiet: bool,
    among: Option<&'n dyn Exchange<N::Scalar>>,
}

/// The options, whatever network and optimiser are.
impl<N: Network, O> fmt::Debug for Trainer<'_, N, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("batch_size", &self.batch_size)
            .field("epochs", &self.epochs)
            .field("seed", &self.seed)
            .field("order", &self.order)
            .field("early_stopping", &self.early_stopping)
            .field("schedule", &self.schedule)
            .field("clip", &self.clip)
            .field("quiet", &self.quiet)
            .field("among", &self.among)
            .finish_non_exhaustive()
    }
}

impl<'n, N: Network, O: Optimizer<N::Scalar>> Trainer<'n, N, O> {
    /// Ten epochs of shuffled mini-batches of 32, seed 0, until told otherwise.
    pub fn new(network: &'n N, optimizer: O) -> Self {
        Self {
            network,
            optimizer,
            batch_size: 32,
            epochs: 10,
            seed: 0,
            order: Order::Shuffled,
            metric: None,
            early_stopping: None,
            schedule: None,
            clip: None,
            quiet: false,
            among: None,
        }
    }

    /// How many examples a mini-batch has, at least 1. The last batch of an epoch has what is left.
    #[must_use]
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// How often all examples are seen.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs;
        self
    }

    /// The seed of the shuffles. Each call of [`fit`](Self::fit) begins with it, so equal calls give equal
    /// results.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// In which order examples are seen.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Measures the validation data after each epoch, with [`accuracy`](crate::metrics::accuracy) for
    /// instance.
    #[must_use]
    pub fn metric(mut self, metric: Metric<N::Scalar>) -> Self {
        self.metric = Some(metric);
        self
    }

    /// Stops when the validation data no longer improve, and goes back to the best parameters.
    #[must_use]
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.early_stopping = Some(early_stopping);
        self
    }

    /// Lets the learning rate follow a schedule: factors of the rate that the optimiser has when a run begins,
    /// and has again when it ends.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Clips the gradient of each mini-batch before its step.
    #[must_use]
    pub fn clip(mut self, clip: Clip) -> Self {
        self.clip = Some(clip);
        self
    }

    /// Draws no progress bar, even with the feature `progress` and on a terminal.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Trains together with other ranks, each of which has the examples that
    /// [`Ranks::examples`](crate::ranks::Ranks::examples) says, the same options and the same parameters. Mini-batches,
    /// steps and records are those of one process with all examples, but for rounding, and the same on all ranks to the
    /// last bit; validation data may be divided as they come, each rank having some.
    ///
    /// All ranks call the same methods. Where a callback breaks off on one of them, or fails, all end; what it asks of
    /// other data is about those alone.
    #[must_use]
    pub fn among(mut self, ranks: &'n dyn Exchange<N::Scalar>) -> Self {
        self.among = Some(ranks);
        self
    }

    /// The optimiser. Its state lives on from one [`fit`](Self::fit) to the next.
    pub fn optimizer(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// Trains `parameters` on `train`, and reports each epoch's cost; on `validation` too, where it is given.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] and [`Error::MissingOption`] for options that are out of range or need
    /// validation data, [`Error::ShapeMismatch`] for data that the network cannot take, [`Error::Diverged`]
    /// as soon as a cost or, at the end of an epoch, a parameter is NaN or infinite, with the epoch and the
    /// mini-batch. `parameters` are then as the last step left them.
    pub fn fit(
        &mut self,
        parameters: &mut N::Parameters,
        train: Data<'_, N::Scalar>,
        validation: Option<Data<'_, N::Scalar>>,
    ) -> Result<History, Error> {
        self.fit_with(parameters, train, validation, |_| Ok(ControlFlow::Continue(())))
    }

    /// [`fit`](Self::fit) with a callback after each epoch, which may report, measure other data, set the
    /// learning rate, or break off.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), and what the callback returns.
    ///
    /// ```no_run
    /// # use gradsmith_runtime::{Error, Network, optim::Sgd, train::{Data, Trainer}};
    /// # fn run<N: Network<Scalar = f32>>(
    /// #     mut trainer: Trainer<'_, N, Sgd<f32>>,
    /// #     mut parameters: N::Parameters,
    /// #     train: Data<'_, f32>,
    /// #     test: Data<'_, f32>,
    /// # ) -> Result<(), Error> {
    /// use std::ops::ControlFlow;
    ///
    /// trainer.fit_with(&mut parameters, train, None, |epoch| {
    ///     let right = epoch.accuracy(test)? * test.rows() as f64;
    ///     println!("Epoch {}: {right:.0} / {}", epoch.record.epoch, test.rows());
    ///     Ok(ControlFlow::Continue(()))
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_with(
        &mut self,
        parameters: &mut N::Parameters,
        train: Data<'_, N::Scalar>,
        validation: Option<Data<'_, N::Scalar>>,
        mut on_epoch: impl FnMut(&mut Epoch<'_, N, O>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<History, Error> {
        let mut run = Run::new();
        self.run(&mut run, parameters, train, validation, |event| match event {
            Event::Step(_) => Ok(ControlFlow::Continue(())),
            Event::Epoch(epoch) => on_epoch(epoch),
        })?;
        Ok(run.into_history())
    }

    /// Trains until `run` has all its epochs: from the beginning, or from where it was left. A callback hears of
    /// each step and of each epoch; it may do what that of [`fit_with`](Self::fit_with) may.
    ///
    /// What a callback copies or writes after an epoch, parameters, optimiser and run, is a checkpoint. Trained on
    /// from it, with the same options and data, parameters have the same bits as without a stop. Parameters as they
    /// are when training ends are no checkpoint where early stopping has put back those of the best epoch. An
    /// epoch that a callback breaks off within is not on record, and is done again, from where it was broken off.
    /// A run that early stopping has ended is over, and nothing is done.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit), what the callback returns, and [`Error::ParameterLength`] for a run of
    /// other parameters.
    ///
    /// ```no_run
    /// # use gradsmith_runtime::{Error, Network, optim::Adam, train::{Data, Trainer}};
    /// # fn run<N: Network<Scalar = f32>>(
    /// #     mut trainer: Trainer<'_, N, Adam<f32>>,
    /// #     mut parameters: N::Parameters,
    /// #     data: Data<'_, f32>,
    /// # ) -> Result<(), Error> {
    /// use gradsmith_runtime::train::{Event, Run};
    /// use std::ops::ControlFlow;
    ///
    /// let mut run = Run::new();
    /// trainer.run(&mut run, &mut parameters, data, None, |event| {
    ///     match event {
    ///         Event::Step(step) if step.cost.data > 100.0 => return Ok(ControlFlow::Break(())),
    ///         Event::Step(_) => {}
    ///         Event::Epoch(epoch) => println!("{}", epoch.record),
    ///     }
    ///     Ok(ControlFlow::Continue(()))
    /// })?;
    /// println!("{} epochs", run.history().epochs.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn run(
        &mut self,
        run: &mut Run<N::Scalar>,
        parameters: &mut N::Parameters,
        train: Data<'_, N::Scalar>,
        validation: Option<Data<'_, N::Scalar>>,
        on_event: impl FnMut(&mut Event<'_, N, O>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<(), Error> {
        if run.is_over() {
            return Ok(());
        }
        let checked = self.check(&train, validation.as_ref()).and_then(|()| {
            run.prepare(parameters.len(), self.early_stopping.is_some())?;
            self.optimizer.see_tensors(N::Parameters::TENSORS)
        });
        let together = match self.among {
            Some(ranks) => {
                let options = [
                    ("batch_size", self.batch_size as u64),
                    ("epochs", self.epochs as u64),
                    ("seed", self.seed),
                    ("order", self.order as u64),
                    ("validation data", u64::from(validation.is_some())),
                    ("run", run.history.epochs.len() as u64),
                ];
                Some(Together::of(ranks, &train, parameters, &options, checked)?)
            }
            None => {
                checked?;
                None
            }
        };
        let learning_rate = run.begin(self.optimizer.learning_rate());
        let outcome = self.go(run, learning_rate, parameters, train, validation, together, on_event);
        if self.schedule.is_some() {
            self.optimizer.set_learning_rate(learning_rate)?;
        }
        run.end(outcome?, parameters);
        Ok(())
    }

    /// The epochs that `run` has not had yet.
    #[allow(clippy::too_many_arguments, reason = "what `run` is told, and what it has made of it")]
    fn go(
        &mut self,
        run: &mut Run<N::Scalar>,
        learning_rate: f64,
        parameters: &mut N::Parameters,
        train: Data<'_, N::Scalar>,
        validation: Option<Data<'_, N::Scalar>>,
        together: Option<Together<'n, N::Scalar>>,
        mut on_event: impl FnMut(&mut Event<'_, N, O>) -> Result<ControlFlow<()>, Error>,
    ) -> Result<Ended, Error> {
        let Self { network, optimizer, schedule, clip, .. } = self;
        let network = *network;
        let quiet = self.quiet || together.as_ref().is_some_and(|t| !t.is_first());
        let mut batches = Batches::new(network, train, self.batch_size, self.order, together);
        let per_epoch = batches.per_epoch();
        let mut evaluator = Evaluator::new(self.batch_size);
        let mut progress = Progress::new(quiet, self.epochs, per_epoch);
        let mut rng = Rng::new(self.seed);
        let done = run.history.epochs.len();
        for _ in 0..done {
            // An order is that of the epoch before, shuffled.
            batches.reorder(&mut rng);
        }
        for epoch in done..self.epochs {
            batches.reorder(&mut rng);
            let flow = batches.run(epoch, parameters, |batch, cost, parameters, gradient| {
                if let Some(schedule) = schedule
                    && (batch == 0 || schedule.counts_steps())
                {
                    let t = if schedule.counts_steps() { epoch * per_epoch + batch } else { epoch };
                    // A rate of 0 is none: steps that change nothing are of the smallest.
                    let rate = (learning_rate * run.factor(schedule, t)).max(f64::MIN_POSITIVE);
                    optimizer.set_learning_rate(rate)?;
                }
                if let Some(clip) = clip {
                    clip.apply(gradient.as_mut_slice());
                }
                optimizer.step(parameters.as_mut_slice(), gradient.as_slice())?;
                progress.batch(epoch, batch + 1, cost.total());
                on_event(&mut Event::Step(Step { epoch, batch, cost, gradient, parameters, optimizer }))
            });
            progress.clear();
            let ControlFlow::Continue(train) = flow? else { return Ok(Ended::ByCallback) };
            let learning_rate = optimizer.learning_rate();
            let mut record = EpochRecord { epoch, train, validation: None, metric: None, learning_rate };
            if let Some(data) = validation {
                let measured = measured(&mut evaluator, network, parameters, self.metric, data);
                let [costs, penalties, weight, metric, weighed] = match &mut batches.together {
                    Some(together) => together.sums(measured)?,
                    None => measured?,
                };
                let mean = CostValue { data: costs, penalty: penalties }.scale(1.0 / weight);
                record.validation = Some(mean);
                record.metric = self.metric.map(|_| metric / weighed);
            }
            run.history.epochs.push(record);
            if let Some(schedule) = schedule {
                run.see_plateau(schedule, &record);
            }
            let stop = match &self.early_stopping {
                Some(rule) => run.see(rule, &record, parameters),
                None => false,
            };
            let flow = on_event(&mut Event::Epoch(Epoch {
                record: &record,
                parameters,
                optimizer,
                run,
                network,
                evaluator: &mut evaluator,
            }));
            let flow = match &mut batches.together {
                Some(together) => {
                    match flow {
                        Ok(ControlFlow::Continue(())) => {}
                        other => together.leave(other.map(|_| ())),
                    }
                    together.agree()?
                }
                None => flow?,
            };
            if flow.is_break() {
                return Ok(Ended::ByCallback);
            }
            if stop {
                return Ok(Ended::Early);
            }
        }
        Ok(Ended::Completed)
    }

    /// Checks options and data before anything is allocated.
    fn check(
        &self,
        train: &Data<'_, N::Scalar>,
        validation: Option<&Data<'_, N::Scalar>>,
    ) -> Result<(), Error> {
        if self.batch_size == 0 {
            return Err(Error::InvalidOption { option: "batch_size", value: 0.0, requirement: "at least 1" });
        }
        train.check::<N>()?;
        validation.map_or(Ok(()), Data::check::<N>)?;
        let missing = |option, needs| Err(Error::MissingOption { option, needs });
        if validation.is_none() && self.metric.is_some() {
            return missing("metric", "validation data");
        }
        let plateau = self.schedule.as_ref().and_then(|schedule| schedule.plateau());
        let rules =
            [("early_stopping", self.early_stopping.as_ref()), ("schedule", plateau.map(|(rule, _)| rule))];
        for (option, rule) in rules {
            match rule {
                Some(_) if validation.is_none() => return missing(option, "validation data"),
                Some(rule) if rule.monitor() == Monitor::Metric && self.metric.is_none() => {
                    return missing(option, "a `metric`, which it is told to monitor");
                }
                Some(rule) => rule.check()?,
                None => {}
            }
        }
        self.schedule.as_ref().map_or(Ok(()), Schedule::check)
    }
}

/// Costs of validation data, their penalties and what they weigh; the same of a metric, where there is one.
fn measured<N: Network>(
    evaluator: &mut Evaluator<N>,
    network: &N,
    parameters: &N::Parameters,
    metric: Option<Metric<N::Scalar>>,
    data: Data<'_, N::Scalar>,
) -> Result<[f64; 5], Error> {
    let (sum, weight) = evaluator.cost_sum(network, parameters, data)?;
    let [costs, penalties] = sum.sums();
    let (metric, weighed) = match metric {
        Some(metric) => evaluator.metric_sum(network, parameters, metric, data)?,
        None => (0.0, 1.0),
    };
    Ok([costs, penalties, weight, metric, weighed])
}
