//! Learning rates that change while training: each a factor of the rate η₀ that the optimiser was made with.
//!
//! With t counted from 0, by epochs or by steps, after a warm-up is over:
//!
//! - step: γ^⌊t/k⌋, as PyTorch's `StepLR`, whose γ is 0.1 by default; optax `exponential_decay(staircase=True)`
//! - exponential: γᵗ, as PyTorch's `ExponentialLR`
//! - cosine: f + (1 − f)(1 + cos(π t/T))/2 up to T, then f. Source: Loshchilov and Hutter, "SGDR: Stochastic
//!   Gradient Descent with Warm Restarts", ICLR 2017, equation 5, without restarts
//! - on plateau: γ each time that nothing has improved for as long as a rule waits, as Keras' and optax'
//!   `reduce_on_plateau`; PyTorch waits one epoch more. Their γ is 0.1, they wait 10 epochs
//! - warm-up, before any of them: from f to 1 in equal parts over the first n. Source: Goyal et al., "Accurate,
//!   Large Minibatch SGD", 2017, section 2.2

use std::f64::consts::PI;

use super::stopping::EarlyStopping;
use crate::error::Error;

/// How the learning rate changes from epoch to epoch, or from step to step:
/// [`Trainer::schedule`](super::Trainer::schedule).
///
/// ```
/// use gradsmith_runtime::train::Schedule;
///
/// let schedule = Schedule::cosine(100).warm_up(5, 0.2).floor(0.01);
/// assert_eq!(schedule.factor(0), 0.2);
/// assert_eq!(schedule.factor(5), 1.0);
/// assert_eq!(schedule.factor(105), 0.01);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    shape: Shape,
    /// Over how many, and from which factor.
    warm_up: Option<(usize, f64)>,
    floor: f64,
    per_step: bool,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Shape {
    Constant,
    Step { every: usize, factor: f64 },
    Exponential { factor: f64 },
    Cosine { over: usize },
    Plateau { rule: EarlyStopping, factor: f64 },
}

impl Schedule {
    fn new(shape: Shape) -> Self {
        Self { shape, warm_up: None, floor: 0.0, per_step: false }
    }

    /// Always the same rate: for a [`warm_up`](Self::warm_up) alone.
    #[must_use]
    pub fn constant() -> Self {
        Self::new(Shape::Constant)
    }

    /// Multiplies the rate with `factor`, between 0 and 1, once in `every` epochs.
    #[must_use]
    pub fn step(every: usize, factor: f64) -> Self {
        Self::new(Shape::Step { every, factor })
    }

    /// Multiplies the rate with `factor`, between 0 and 1, in each epoch.
    #[must_use]
    pub fn exponential(factor: f64) -> Self {
        Self::new(Shape::Exponential { factor })
    }

    /// Half a wave of the cosine, from the whole rate down to the [`floor`](Self::floor) in `over` epochs.
    #[must_use]
    pub fn cosine(over: usize) -> Self {
        Self::new(Shape::Cosine { over })
    }

    /// Multiplies the rate with `factor`, between 0 and 1, where `rule` would stop, and then waits as long
    /// again. It looks at whole epochs only.
    #[must_use]
    pub fn on_plateau(rule: EarlyStopping, factor: f64) -> Self {
        Self::new(Shape::Plateau { rule, factor })
    }

    /// Begins at the share `from`, above 0 and at most 1, of the rate, and rises evenly to all of it in the
    /// first `over` epochs. The schedule counts from there.
    #[must_use]
    pub fn warm_up(mut self, over: usize, from: f64) -> Self {
        self.warm_up = Some((over, from));
        self
    }

    /// The share of the rate, 0 to 1, below which the schedule does not go; 0 unless told otherwise.
    #[must_use]
    pub fn floor(mut self, floor: f64) -> Self {
        self.floor = floor;
        self
    }

    /// Counts steps where it would count epochs.
    #[must_use]
    pub fn per_step(mut self) -> Self {
        self.per_step = true;
        self
    }

    /// The share of the rate at epoch or step `t`, counted from 0, but for what plateaus take away.
    #[must_use]
    pub fn factor(&self, t: usize) -> f64 {
        let t = match self.warm_up {
            Some((over, from)) if t < over => return from + (1.0 - from) * t as f64 / over as f64,
            Some((over, _)) => t - over,
            None => t,
        };
        match &self.shape {
            Shape::Constant | Shape::Plateau { .. } => 1.0,
            Shape::Step { every, factor } => factor.powf((t / (*every).max(1)) as f64).max(self.floor),
            Shape::Exponential { factor } => factor.powf(t as f64).max(self.floor),
            Shape::Cosine { over } if t < *over => {
                self.floor + (1.0 - self.floor) * (1.0 + (PI * t as f64 / *over as f64).cos()) / 2.0
            }
            Shape::Cosine { .. } => self.floor,
        }
    }

    /// Whether it counts steps.
    pub(super) fn counts_steps(&self) -> bool {
        self.per_step
    }

    pub(super) fn lowest(&self) -> f64 {
        self.floor
    }

    /// What is watched, and the factor where nothing improves.
    pub(super) fn plateau(&self) -> Option<(&EarlyStopping, f64)> {
        match &self.shape {
            Shape::Plateau { rule, factor } => Some((rule, *factor)),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let invalid = |option, value, requirement| Err(Error::InvalidOption { option, value, requirement });
        let share = "greater than 0 and at most 1";
        let is_share = |x: f64| x > 0.0 && x <= 1.0;
        match &self.shape {
            Shape::Step { every: 0, .. } => return invalid("every", 0.0, "at least 1"),
            Shape::Cosine { over: 0 } => return invalid("over", 0.0, "at least 1"),
            Shape::Step { factor, .. } | Shape::Exponential { factor } | Shape::Plateau { factor, .. }
                if !is_share(*factor) =>
            {
                return invalid("factor", *factor, share);
            }
            _ => {}
        }
        match self.warm_up {
            Some((0, _)) => return invalid("over", 0.0, "at least 1"),
            Some((_, from)) if !is_share(from) => return invalid("from", from, share),
            _ => {}
        }
        if (0.0..=1.0).contains(&self.floor) { Ok(()) } else { invalid("floor", self.floor, "0 to 1") }
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::EpochRecord;
    use super::super::run::Run;
    use super::super::stopping::Monitor;
    use super::*;
    use crate::model::cost::CostValue;

    /// Ten values each of optax 0.2.8, `[float(schedule(t)) for t in range(10)]`.
    #[test]
    fn schedules_are_those_of_optax() {
        let rows = [
            // optax.exponential_decay(1.0, 3, 0.5, staircase=True)
            (Schedule::step(3, 0.5), [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]),
            // optax.exponential_decay(1.0, 1, 0.8)
            (
                Schedule::exponential(0.8),
                [1.0, 0.8, 0.64, 0.512, 0.4096, 0.32768, 0.262_144, 0.209_715_2, 0.167_772_16, 0.134_217_728],
            ),
            // optax.cosine_decay_schedule(1.0, 6, alpha=0.1)
            (
                Schedule::cosine(6).floor(0.1),
                [
                    1.0,
                    0.939_711_431_702_997_4,
                    0.775,
                    0.55,
                    0.325,
                    0.160_288_568_297_002_58,
                    0.1,
                    0.1,
                    0.1,
                    0.1,
                ],
            ),
            // optax.join_schedules([optax.linear_schedule(0.1, 1.0, 4), optax.exponential_decay(1.0, 1, 0.8)], [4])
            (
                Schedule::exponential(0.8).warm_up(4, 0.1),
                [0.1, 0.325, 0.55, 0.775, 1.0, 0.8, 0.64, 0.512, 0.4096, 0.32768],
            ),
            // optax.join_schedules([optax.linear_schedule(0.25, 1.0, 3), optax.cosine_decay_schedule(1.0, 5)], [3])
            (
                Schedule::cosine(5).warm_up(3, 0.25),
                [
                    0.25,
                    0.5,
                    0.75,
                    1.0,
                    0.904_508_497_187_473_7,
                    0.654_508_497_187_473_7,
                    0.345_491_502_812_526_33,
                    0.095_491_502_812_526_33,
                    0.0,
                    0.0,
                ],
            ),
            (Schedule::constant().warm_up(2, 0.5), [0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ];
        for (schedule, want) in rows {
            assert_eq!(schedule.check(), Ok(()));
            for (t, want) in want.into_iter().enumerate() {
                assert!((schedule.factor(t) - want).abs() < 1e-15, "{schedule:?} at {t}");
            }
        }
    }

    /// Of optax 0.2.8, with a cost for each epoch:
    ///
    /// ```python
    /// rule = optax.contrib.reduce_on_plateau(factor=0.5, patience=2, rtol=0.0, atol=0.1, min_scale=0.2)
    /// state = rule.init(jnp.zeros(1))
    /// for cost in costs:
    ///     _, state = rule.update(jnp.ones(1), state, value=jnp.array(cost))
    ///     print(state.scale)
    /// ```
    #[test]
    fn plateaus_are_those_of_optax() {
        let rule = EarlyStopping::new(Monitor::Total, 2).min_change(0.1);
        let schedule = Schedule::on_plateau(rule, 0.5).floor(0.2);
        let costs = [5.0, 4.0, 3.95, 3.97, 3.0, 3.1, 3.0, 3.2, 3.3, 2.99];
        let scales = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2];
        let mut run = Run::<f64>::new();
        for (epoch, (cost, want)) in costs.into_iter().zip(scales).enumerate() {
            let cost = CostValue { data: cost, penalty: 0.0 };
            let (validation, metric) = (Some(cost), None);
            run.see_plateau(
                &schedule,
                &EpochRecord { epoch, train: cost, validation, metric, learning_rate: 1.0 },
            );
            assert_eq!(run.factor(&schedule, epoch), want, "epoch {epoch}");
        }
    }

    #[test]
    fn options_are_checked() {
        let rule = EarlyStopping::new(Monitor::Data, 1);
        let cases = [
            (Schedule::step(0, 0.5), "`every` is 0, must be at least 1"),
            (Schedule::step(1, 0.0), "`factor` is 0, must be greater than 0 and at most 1"),
            (Schedule::exponential(1.5), "`factor` is 1.5, must be greater than 0 and at most 1"),
            (Schedule::on_plateau(rule, f64::NAN), "`factor` is NaN, must be greater than 0 and at most 1"),
            (Schedule::cosine(0), "`over` is 0, must be at least 1"),
            (Schedule::constant().warm_up(0, 0.5), "`over` is 0, must be at least 1"),
            (Schedule::constant().warm_up(3, 0.0), "`from` is 0, must be greater than 0 and at most 1"),
            (Schedule::cosine(3).floor(-0.5), "`floor` is -0.5, must be 0 to 1"),
        ];
        for (schedule, message) in cases {
            assert_eq!(schedule.check().map_err(|error| error.to_string()), Err(message.to_owned()));
        }
    }
}
