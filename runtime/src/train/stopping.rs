//! Early stopping: wait a while for an improvement, then go back to the best parameters.

use std::ops::ControlFlow;

use super::EpochRecord;
use crate::error::Error;
use crate::model::parameters::Parameters;

/// Which number of an epoch is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// The whole cost on the validation data; less is better.
    Total,
    /// Its data part, without the penalty; less is better.
    Data,
    /// The metric on the validation data; more is better.
    Metric,
}

/// Stops training once `patience` epochs in a row have not improved on the best, and then restores the
/// parameters of the best epoch (of the best there was, if the epochs are over first). NaN is never an
/// improvement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    monitor: Monitor,
    patience: usize,
    min_change: f64,
}

impl EarlyStopping {
    /// Watches `monitor`, and waits for `patience` epochs, at least 1.
    #[must_use]
    pub fn new(monitor: Monitor, patience: usize) -> Self {
        Self { monitor, patience, min_change: 0.0 }
    }

    /// By how much an epoch must be better than the best to count, in the monitor's own unit; 0 unless told
    /// otherwise, at least 0.
    #[must_use]
    pub fn min_change(mut self, min_change: f64) -> Self {
        self.min_change = min_change;
        self
    }

    /// What is watched.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        self.monitor
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = |option, value, requirement| Err(Error::InvalidOption { option, value, requirement });
        if self.patience == 0 {
            return invalid("patience", 0.0, "at least 1");
        }
        if !(self.min_change >= 0.0 && self.min_change.is_finite()) {
            return invalid("min_change", self.min_change, "finite and at least 0");
        }
        Ok(())
    }

    /// The watched number of an epoch, turned so that more is better.
    fn score(&self, record: &EpochRecord) -> f64 {
        let score = match self.monitor {
            Monitor::Total => record.validation.map(|cost| -cost.total()),
            Monitor::Data => record.validation.map(|cost| -cost.data),
            Monitor::Metric => record.metric,
        };
        score.unwrap_or(f64::NAN)
    }
}

/// The best epoch so far, and its parameters.
pub(super) struct Best<T> {
    stopping: EarlyStopping,
    epoch: Option<usize>,
    score: f64,
    waited: usize,
    parameters: Vec<T>,
}

impl<T: Copy> Best<T> {
    pub(super) fn new(stopping: EarlyStopping, len: usize) -> Self {
        Self {
            stopping,
            epoch: None,
            score: f64::NEG_INFINITY,
            waited: 0,
            parameters: Vec::with_capacity(len),
        }
    }

    /// Takes note of an epoch; breaks if it is time to stop.
    pub(super) fn see<P: Parameters<Scalar = T>>(
        &mut self,
        record: &EpochRecord,
        parameters: &P,
    ) -> ControlFlow<()> {
        let score = self.stopping.score(record);
        if score > self.score + self.stopping.min_change {
            (self.epoch, self.score, self.waited) = (Some(record.epoch), score, 0);
            self.parameters.clear();
            self.parameters.extend_from_slice(parameters.as_slice());
            return ControlFlow::Continue(());
        }
        self.waited += 1;
        if self.waited >= self.stopping.patience { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Puts the best parameters back and says from which epoch they are; leaves them as they are if none was
    /// ever scored.
    pub(super) fn restore<P: Parameters<Scalar = T>>(self, parameters: &mut P) -> Option<usize> {
        if self.epoch.is_some() {
            parameters.as_mut_slice().copy_from_slice(&self.parameters);
        }
        self.epoch
    }
}
