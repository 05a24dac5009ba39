//! Training: mini-batches in seeded random order, epoch after epoch, until the epochs are over or nothing
//! improves.
//!
//! A [`Trainer`] asks the network for a gradient and hands it to the optimiser; that is all either hears of
//! the other. What it keeps between steps is allocated once per call of [`fit`](Trainer::fit): one batch of
//! rows, one gradient, one workspace. Steps allocate nothing.
//!
//! [`Data`] are inputs and targets, or inputs and [labels](Data::labels), and perhaps [weights](Data::weighted) of examples: all
//! means are then over what the examples weigh together, and rows of weight 0 are not there. (Where the rows of a batch
//! have different weights, a network that has no code of its own for these takes a pass for each, and allocates.)
//!
//! Costs are reported in double precision and in two parts, [`CostValue`]; epochs and batches are counted
//! from 0.
//!
//! With the feature `progress`, [`fit`](Trainer::fit) draws a bar on standard error, with the epoch, the
//! batches done and the cost of the last one, where that is a terminal and unless the trainer is
//! [`quiet`](Trainer::quiet).

use std::fmt;
use std::ops::ControlFlow;

use crate::error::Error;
use crate::model::cost::CostValue;
use crate::model::network::Network;
use crate::model::parameters::Parameters;
use crate::optim::Optimizer;
use crate::rng::Rng;

mod data;
mod evaluate;
mod progress;
mod stopping;

pub use data::{Data, Label};
pub use evaluate::{Evaluator, Metric};
pub use stopping::{EarlyStopping, Monitor};

use data::Batch;
use evaluate::MeanCost;
use progress::Progress;
use stopping::Best;

/// In which order examples are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// In random order, another in each epoch.
    #[default]
    Shuffled,
    /// As the rows stand. Batches are then read where they lie, without a copy.
    AsGiven,
}

/// What one epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochRecord {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The cost on the training data as it was met: each mini-batch before the step that it caused, averaged
    /// over the examples.
    pub train: CostValue<f64>,
    /// The cost on the validation data after the epoch.
    pub validation: Option<CostValue<f64>>,
    /// The metric on the validation data after the epoch.
    pub metric: Option<f64>,
}

impl fmt::Display for EpochRecord {
    /// One line: `epoch 3: train 0.3510 data + 0.0123 penalty = 0.3633; validation …; metric 0.9650`. A
    /// precision in the format string is that of all its numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        write!(f, "epoch {}: train {:.digits$}", self.epoch, self.train)?;
        if let Some(validation) = self.validation {
            write!(f, "; validation {validation:.digits$}")?;
        }
        if let Some(metric) = self.metric {
            write!(f, "; metric {metric:.digits$}")?;
        }
        Ok(())
    }
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were done.
    Completed,
    /// Nothing had improved for as long as [`EarlyStopping`] waits.
    Early,
    /// The callback broke off.
    ByCallback,
}

/// What training came to, epoch by epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// One record per epoch, in order.
    pub epochs: Vec<EpochRecord>,
    /// With early stopping, the epoch from which the parameters are.
    pub best: Option<usize>,
    /// Why it ended.
    pub ended: Ended,
}

/// What a callback sees after each epoch, and may ask.
pub struct Epoch<'e, N: Network, O> {
    /// What the epoch came to.
    pub record: &'e EpochRecord,
    /// The parameters after the epoch.
    pub parameters: &'e N::Parameters,
    /// The optimiser, so that a schedule can set its learning rate.
    pub optimizer: &'e mut O,
    network: &'e N,
    evaluator: &'e mut Evaluator<N>,
}

/// The record alone: parameters are too many to be read.
impl<N: Network, O> fmt::Debug for Epoch<'_, N, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epoch").field("record", self.record).finish_non_exhaustive()
    }
}

impl<N: Network, O> Epoch<'_, N, O> {
    /// The cost of the network, as it is now, on `data`.
    ///
    /// # Errors
    /// Those of [`Evaluator::cost`].
    pub fn cost(&mut self, data: Data<'_, N::Scalar>) -> Result<CostValue<f64>, Error> {
        self.evaluator.cost(self.network, self.parameters, data)
    }

    /// The metric of the network, as it is now, on `data`.
    ///
    /// # Errors
    /// Those of [`Evaluator::metric`].
    pub fn metric(&mut self, metric: Metric<N::Scalar>, data: Data<'_, N::Scalar>) -> Result<f64, Error> {
        self.evaluator.metric(self.network, self.parameters, metric, data)
    }

    /// The [`accuracy`](crate::metrics::accuracy) of the network, as it is now, on `data`.
    ///
    /// # Errors
    /// Those of [`Evaluator::metric`].
    pub fn accuracy(&mut self, data: Data<'_, N::Scalar>) -> Result<f64, Error> {
        self.metric(crate::metrics::accuracy, data)
    }
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
    quiet: bool,
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
            .field("quiet", &self.quiet)
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
            quiet: false,
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

    /// Draws no progress bar, even with the feature `progress` and on a terminal.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
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
        self.check(&train, validation.as_ref())?;
        let mut batches = Batches::new(self.network, train, self.batch_size, self.order);
        let mut evaluator = Evaluator::new(self.batch_size);
        let mut best = self.early_stopping.map(|stopping| Best::new(stopping, parameters.len()));
        let mut progress = Progress::new(self.quiet, self.epochs, batches.per_epoch());
        let mut rng = Rng::new(self.seed);
        let mut history = History { epochs: Vec::new(), best: None, ended: Ended::Completed };
        for epoch in 0..self.epochs {
            batches.reorder(&mut rng);
            let train = batches.run(epoch, parameters, &mut self.optimizer, &mut progress)?;
            progress.clear();
            let mut record = EpochRecord { epoch, train, validation: None, metric: None };
            if let Some(data) = validation {
                record.validation = Some(evaluator.cost(self.network, parameters, data)?);
                if let Some(metric) = self.metric {
                    record.metric = Some(evaluator.metric(self.network, parameters, metric, data)?);
                }
            }
            history.epochs.push(record);
            let wait = best.as_mut().map_or(ControlFlow::Continue(()), |best| best.see(&record, parameters));
            let flow = on_epoch(&mut Epoch {
                record: &record,
                parameters,
                optimizer: &mut self.optimizer,
                network: self.network,
                evaluator: &mut evaluator,
            })?;
            if flow.is_break() {
                history.ended = Ended::ByCallback;
                break;
            }
            if wait.is_break() {
                history.ended = Ended::Early;
                break;
            }
        }
        history.best = best.and_then(|best| best.restore(parameters));
        Ok(history)
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
        match &self.early_stopping {
            Some(_) if validation.is_none() => missing("early_stopping", "validation data"),
            Some(stopping) if stopping.monitor() == Monitor::Metric && self.metric.is_none() => {
                missing("early_stopping", "a `metric`, which it is told to monitor")
            }
            Some(stopping) => stopping.check(),
            None => Ok(()),
        }
    }
}

/// The training data as mini-batches, and the buffers that a step reuses.
struct Batches<'n, 'd, N: Network> {
    network: &'n N,
    data: Data<'d, N::Scalar>,
    size: usize,
    /// The order of the examples that count; empty if they are taken as given.
    order: Vec<usize>,
    shuffled: bool,
    /// One batch of gathered rows, where they are gathered.
    batch: Batch<N::Scalar>,
    workspace: N::Workspace,
    gradient: N::Parameters,
}

impl<'n, 'd, N: Network> Batches<'n, 'd, N> {
    fn new(network: &'n N, data: Data<'d, N::Scalar>, size: usize, order: Order) -> Self {
        let shuffled = order == Order::Shuffled;
        // Rows of weight 0 are in no batch.
        let order: Vec<usize> = if shuffled || data.weights().is_some() { data.list() } else { Vec::new() };
        let size = size.min(if order.is_empty() { data.rows() } else { order.len() });
        Self {
            network,
            data,
            size,
            batch: Batch::new::<N>(if order.is_empty() { 0 } else { size }, size, &data),
            order,
            shuffled,
            workspace: network.workspace(size),
            gradient: N::Parameters::zeros(),
        }
    }

    /// How many examples an epoch sees.
    fn rows(&self) -> usize {
        if self.order.is_empty() { self.data.rows() } else { self.order.len() }
    }

    fn per_epoch(&self) -> usize {
        self.rows().div_ceil(self.size)
    }

    fn reorder(&mut self, rng: &mut Rng) {
        if self.shuffled {
            rng.shuffle(&mut self.order);
        }
    }

    /// One epoch: a step for each mini-batch. Returns the mean cost over the examples, each met before its
    /// step.
    fn run<O: Optimizer<N::Scalar>>(
        &mut self,
        epoch: usize,
        parameters: &mut N::Parameters,
        optimizer: &mut O,
        progress: &mut Progress,
    ) -> Result<CostValue<f64>, Error> {
        let rows = self.rows();
        let (mut sum, mut total) = (MeanCost::default(), 0.0);
        for (batch, start) in (0..rows).step_by(self.size).enumerate() {
            let range = start..rows.min(start + self.size);
            let part = if self.order.is_empty() {
                self.batch.stretch(&self.data, range)
            } else {
                self.batch.gathered(&self.data, &self.order[range])
            };
            let (workspace, gradient) = (&mut self.workspace, &mut self.gradient);
            let cost = part.value_and_gradient(self.network, parameters, workspace, gradient)?.to_f64();
            if !cost.total().is_finite() {
                let cause = parameters.check_finite().err().map(Box::new);
                return Err(Error::Diverged { epoch, batch: Some(batch), cost: cost.total(), cause });
            }
            optimizer.step(parameters.as_mut_slice(), gradient.as_slice())?;
            sum.add(cost, part.weight());
            total += part.weight();
            progress.batch(epoch, batch + 1, cost.total());
        }
        let mean = sum.over(total);
        // A cost can stay finite while parameters overflow: a sigmoid saturates and hides it.
        parameters.check_finite().map_err(|cause| Error::Diverged {
            epoch,
            batch: None,
            cost: mean.total(),
            cause: Some(Box::new(cause)),
        })?;
        Ok(mean)
    }
}
