//! Early stopping: wait a while for an improvement, then go back to the best parameters.

use std::ops::ControlFlow;

use super::history::EpochRecord;
use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::model::parameters::Parameters;

/// Which number of an epoch is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

/// The best score so far, and how many epochs there were since.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Watch {
    /// None before the first epoch that has one.
    #[cfg_attr(feature = "serde", serde(with = "crate::number::option"))]
    best: Option<f64>,
    waited: usize,
}

/// What an epoch is beside those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Better,
    /// No better, but there is patience left.
    Waiting,
    /// No better, as often in a row as there was patience for.
    Over,
}

impl Watch {
    /// Takes note of an epoch.
    pub(super) fn see(&mut self, rule: &EarlyStopping, record: &EpochRecord) -> Seen {
        let score = rule.score(record);
        if score > self.best.unwrap_or(f64::NEG_INFINITY) + rule.min_change {
            (self.best, self.waited) = (Some(score), 0);
            return Seen::Better;
        }
        self.waited += 1;
        if self.waited >= rule.patience { Seen::Over } else { Seen::Waiting }
    }

    /// Waits anew for something better than the best so far.
    pub(super) fn wait_again(&mut self) {
        self.waited = 0;
    }
}

/// The best epoch so far, and its parameters.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Best<T> {
    watch: Watch,
    epoch: Option<usize>,
    parameters: Vec<T>,
}

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self { watch: Watch::default(), epoch: None, parameters: Vec::new() }
    }
}

impl<T: Copy> Best<T> {
    /// Makes room for `len` parameters, if some are to be `kept`.
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if those of the best epoch are others.
    pub(super) fn prepare(&mut self, len: usize, kept: bool) -> Result<(), Error> {
        if self.epoch.is_some() {
            check_length(len, self.parameters.len())?;
        }
        if kept {
            self.parameters.reserve_exact(len.saturating_sub(self.parameters.len()));
        }
        Ok(())
    }

    /// Takes note of an epoch; breaks if it is time to stop.
    pub(super) fn see<P: Parameters<Scalar = T>>(
        &mut self,
        rule: &EarlyStopping,
        record: &EpochRecord,
        parameters: &P,
    ) -> ControlFlow<()> {
        match self.watch.see(rule, record) {
            Seen::Better => {
                self.epoch = Some(record.epoch);
                self.parameters.clear();
                self.parameters.extend_from_slice(parameters.as_slice());
                ControlFlow::Continue(())
            }
            Seen::Waiting => ControlFlow::Continue(()),
            Seen::Over => ControlFlow::Break(()),
        }
    }

    /// Puts the best parameters back and says from which epoch they are; leaves them as they are if none was
    /// ever scored.
    pub(super) fn restore<P: Parameters<Scalar = T>>(&self, parameters: &mut P) -> Option<usize> {
        if self.epoch.is_some() {
            parameters.as_mut_slice().copy_from_slice(&self.parameters);
        }
        self.epoch
    }
}
