//! Gradient descent with momentum: a ball that rolls down with friction.
//!
//! Update: v ← μ v − η g; θ ← θ + v.
//! State: v, zero at first.
//! Defaults: none; μ = 0.9 is usual.
//! Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, in the form of
//! Sutskever, Martens, Dahl and Hinton, ICML 2013, equations 1 and 2. η is inside v, so a change of η works
//! on the steps that follow only.

use super::{Optimizer, decay, positive, prepare, restart};
use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// Gradient descent with (heavy-ball) momentum: v ← μ v − η g; θ ← θ + v.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Momentum<T> {
    learning_rate: f64,
    momentum: f64,
    velocity: Vec<T>,
}

impl<T: Scalar> Momentum<T> {
    /// With learning rate η and momentum coefficient μ.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless η is finite and greater than 0, and 0 ≤ μ < 1.
    pub fn new(learning_rate: f64, momentum: f64) -> Result<Self, Error> {
        Ok(Self {
            learning_rate: positive("learning_rate", learning_rate)?,
            momentum: decay("momentum", momentum)?,
            velocity: Vec::new(),
        })
    }
}

impl<T: Scalar> Optimizer<T> for Momentum<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        prepare(parameters, gradient, [&mut self.velocity])?;
        let (rate, mu) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        for ((theta, v), &g) in parameters.iter_mut().zip(&mut self.velocity).zip(gradient) {
            *v = mu * *v - rate * g;
            *theta += *v;
        }
        Ok(())
    }

    fn reset(&mut self, len: usize) {
        restart(&mut self.velocity, len);
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
    fn momentum_gathers_speed_under_a_constant_gradient() -> Result<(), Error> {
        // η = 1, μ = ½, g = 1: v = −1, −1.5, −1.75.
        let mut momentum = Momentum::new(1.0, 0.5)?;
        let mut theta = [0.0_f64];
        for want in [-1.0, -2.5, -4.25] {
            momentum.step(&mut theta, &[1.0])?;
            assert_eq!(theta, [want]);
        }
        Ok(())
    }
}
