//! RMSProp: each parameter's step divided by the recent size of its gradient.
//!
//! Update: s ← ρ s + (1 − ρ) g²; θ ← θ − η g / (√s + ε).
//! State: s, zero at first.
//! Defaults: ρ = 0.9, ε = 1e-8; the source takes η = 0.001.
//! Source: Tieleman and Hinton, "Lecture 6.5 — rmsprop", Coursera: Neural Networks for Machine Learning,
//! 2012, slide 29; ε is that of the usual implementations.

use super::{Optimizer, positive, prepare, restart};
use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// RMSProp: s ← ρ s + (1 − ρ) g²; θ ← θ − η g / (√s + ε).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RmsProp<T> {
    learning_rate: f64,
    decay: f64,
    epsilon: f64,
    mean_square: Vec<T>,
}

impl<T: Scalar> RmsProp<T> {
    /// With learning rate η, decay ρ = 0.9 and ε = 1e-8.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless η is finite and greater than 0.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        Ok(Self {
            learning_rate: positive("learning_rate", learning_rate)?,
            decay: 0.9,
            epsilon: 1e-8,
            mean_square: Vec::new(),
        })
    }

    /// Sets ρ, the share of the mean square that is kept at each step.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless 0 ≤ ρ < 1.
    pub fn decay(mut self, decay: f64) -> Result<Self, Error> {
        self.decay = super::decay("decay", decay)?;
        Ok(self)
    }

    /// Sets ε, which bounds the step where gradients vanish.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and greater than 0.
    pub fn epsilon(mut self, epsilon: f64) -> Result<Self, Error> {
        self.epsilon = positive("epsilon", epsilon)?;
        Ok(self)
    }
}

impl<T: Scalar> Optimizer<T> for RmsProp<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        prepare(parameters, gradient, [&mut self.mean_square])?;
        let (rate, epsilon) = (T::from_f64(self.learning_rate), T::from_f64(self.epsilon));
        let (keep, take) = (T::from_f64(self.decay), T::from_f64(1.0 - self.decay));
        for ((theta, s), &g) in parameters.iter_mut().zip(&mut self.mean_square).zip(gradient) {
            *s = keep * *s + take * (g * g);
            *theta -= rate * g / (s.sqrt() + epsilon);
        }
        Ok(())
    }

    fn reset(&mut self, len: usize) {
        restart(&mut self.mean_square, len);
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        self.learning_rate = positive("learning_rate", learning_rate)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rmsprop_steps_as_computed_by_hand() -> Result<(), Error> {
        // ρ = ¾, g = 2 then 4: s = 1, then ¾ + 4 = 4.75.
        let mut rmsprop = RmsProp::new(0.5)?.decay(0.75)?;
        let mut theta = [0.0_f64];
        rmsprop.step(&mut theta, &[2.0])?;
        assert!((theta[0] + 1.0).abs() < 1e-7);
        rmsprop.step(&mut theta, &[4.0])?;
        assert!((theta[0] + 1.0 + 2.0 / 4.75_f64.sqrt()).abs() < 1e-7);
        Ok(())
    }

    #[test]
    fn rmsprop_stays_where_the_gradient_is_zero() -> Result<(), Error> {
        let mut theta = [1.0_f32];
        RmsProp::new(0.1)?.step(&mut theta, &[0.0])?;
        assert_eq!(theta, [1.0]);
        Ok(())
    }
}
