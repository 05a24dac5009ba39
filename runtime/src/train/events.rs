//! What a callback sees of training, after each step and after each epoch.

use std::fmt;

use super::Data;
use super::evaluate::{Evaluator, Metric};
use super::history::EpochRecord;
use super::run::Run;
use crate::error::Error;
use crate::model::cost::CostValue;
use crate::model::network::Network;

/// What has happened: a callback of [`Trainer::run`](super::Trainer::run) is told of both.
#[derive(Debug)]
pub enum Event<'e, N: Network, O> {
    /// A step of the optimiser.
    Step(Step<'e, N, O>),
    /// An epoch, after its last step and the evaluation of the validation data.
    Epoch(Epoch<'e, N, O>),
}

/// What a callback sees after each step, and may change.
pub struct Step<'e, N: Network, O> {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The mini-batch within the epoch, counted from 0.
    pub batch: usize,
    /// The cost of the mini-batch before the step.
    pub cost: CostValue<f64>,
    /// The gradient of that cost as the optimiser got it: clipped, where that is asked for.
    pub gradient: &'e N::Parameters,
    /// The parameters after the step.
    pub parameters: &'e N::Parameters,
    /// The optimiser, whose learning rate can be set for the steps to come.
    pub optimizer: &'e mut O,
}

/// Where it is, and what it cost: parameters are too many to be read.
impl<N: Network, O> fmt::Debug for Step<'_, N, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("epoch", &self.epoch)
            .field("batch", &self.batch)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

/// What a callback sees after each epoch, and may ask.
pub struct Epoch<'e, N: Network, O> {
    /// What the epoch came to.
    pub record: &'e EpochRecord,
    /// The parameters after the epoch.
    pub parameters: &'e N::Parameters,
    /// The optimiser, so that a schedule of one's own can set its learning rate.
    pub optimizer: &'e mut O,
    /// The run so far: with the parameters and the optimiser all that it takes to go on from here.
    pub run: &'e Run<N::Scalar>,
    pub(super) network: &'e N,
    pub(super) evaluator: &'e mut Evaluator<N>,
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
