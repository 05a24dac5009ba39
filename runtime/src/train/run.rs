//! How far training has come: what it takes to stop and go on later as if nothing had been.

use super::history::{Ended, EpochRecord, History};
use super::schedule::Schedule;
use super::stopping::{Best, EarlyStopping, Seen, Watch};
use crate::error::Error;
use crate::model::parameters::Parameters;

/// A training run: the epochs so far, and what early stopping and the schedule remember of them.
///
/// Parameters, optimiser and run together are a checkpoint, to be taken in a callback after an epoch. With the
/// feature `serde` all three can be written and read (the parameters by the feature `safetensors`, too); a
/// trainer of the same options then goes on from there to the bit as one that never stopped.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Run<T> {
    pub(super) history: History,
    best: Best<T>,
    /// The learning rate that the schedule's factors are for.
    learning_rate: Option<f64>,
    plateau: Watch,
    /// What plateaus have left of the learning rate.
    reduced: f64,
}

impl<T> Default for Run<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Run<T> {
    /// A run of which nothing is done yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            history: History::default(),
            best: Best::default(),
            learning_rate: None,
            plateau: Watch::default(),
            reduced: 1.0,
        }
    }

    /// What it has come to so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What it has come to.
    #[must_use]
    pub fn into_history(self) -> History {
        self.history
    }

    /// Whether early stopping has ended it, so that nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.history.ended == Ended::Early
    }

    /// Begins, or goes on, with an optimiser that has this learning rate now; returns that at the beginning of
    /// the run.
    pub(super) fn begin(&mut self, learning_rate: f64) -> f64 {
        self.history.ended = Ended::NotYet;
        *self.learning_rate.get_or_insert(learning_rate)
    }

    /// The share of the learning rate that a schedule leaves at time `t`.
    pub(super) fn factor(&self, schedule: &Schedule, t: usize) -> f64 {
        schedule.factor(t) * self.reduced
    }

    /// Takes note of an epoch for the schedule.
    pub(super) fn see_plateau(&mut self, schedule: &Schedule, record: &EpochRecord) {
        let Some((rule, factor)) = schedule.plateau() else { return };
        if self.plateau.see(rule, record) == Seen::Over {
            self.reduced = (self.reduced * factor).max(schedule.lowest());
            self.plateau.wait_again();
        }
    }
}

impl<T: Copy> Run<T> {
    /// Makes room for `len` parameters, if the best are to be `kept`.
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if the run was of other parameters.
    pub(super) fn prepare(&mut self, len: usize, kept: bool) -> Result<(), Error> {
        self.best.prepare(len, kept)
    }

    /// Takes note of an epoch for early stopping; true if it is time to stop.
    pub(super) fn see<P: Parameters<Scalar = T>>(
        &mut self,
        rule: &EarlyStopping,
        record: &EpochRecord,
        parameters: &P,
    ) -> bool {
        self.best.see(rule, record, parameters).is_break()
    }

    /// Ends, and puts the best parameters back, where some were kept.
    pub(super) fn end<P: Parameters<Scalar = T>>(&mut self, ended: Ended, parameters: &mut P) {
        self.history.ended = ended;
        self.history.best = self.best.restore(parameters);
    }
}
