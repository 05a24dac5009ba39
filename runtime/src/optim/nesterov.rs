//! Nesterov's accelerated gradient: momentum whose gradient is taken where the momentum is about to lead.
//!
//! Update: v ← μ v − η g; θ ← θ + μ v − η g.
//! State: v, zero at first.
//! Defaults: none; μ = 0.9 is usual.
//! Source: Nesterov, Soviet Mathematics Doklady 27, 1983, in the form of Sutskever, Martens, Dahl and Hinton,
//! ICML 2013, equations 3 and 4, written for the point θ = φ + μ v at which their gradient is taken (Bengio,
//! Boulanger-Lewandowski and Pascanu, ICASSP 2013, equations 6 and 7). So the parameters that a caller sees
//! are the looked-ahead ones, and g is their gradient; φ = θ − μ v comes to the same minimum.

use super::{Optimizer, decay, positive, prepare, restart};
use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// Gradient descent with Nesterov's momentum: v ← μ v − η g; θ ← θ + μ v − η g.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Nesterov<T> {
    learning_rate: f64,
    momentum: f64,
    velocity: Vec<T>,
}

impl<T: Scalar> Nesterov<T> {
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

impl<T: Scalar> Optimizer<T> for Nesterov<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        prepare(parameters, gradient, [&mut self.velocity])?;
        let (rate, mu) = (T::from_f64(self.learning_rate), T::from_f64(self.momentum));
        for ((theta, v), &g) in parameters.iter_mut().zip(&mut self.velocity).zip(gradient) {
            *v = mu * *v - rate * g;
            *theta += mu * *v - rate * g;
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
    fn nesterov_steps_as_computed_by_hand() -> Result<(), Error> {
        // η = 1, μ = ½, g = 1: v = −1, −1.5; steps −0.5 − 1 and −0.75 − 1.
        let mut nesterov = Nesterov::new(1.0, 0.5)?;
        let mut theta = [0.0_f64];
        for want in [-1.5, -3.25] {
            nesterov.step(&mut theta, &[1.0])?;
            assert_eq!(theta, [want]);
        }
        Ok(())
    }

    #[test]
    fn nesterov_is_the_looked_ahead_form_of_its_source() -> Result<(), Error> {
        let (eta, mu) = (0.05, 0.8);
        let gradient = |theta: f64| theta.powi(3) - 2.0 * theta + 0.5;
        let mut nesterov = Nesterov::new(eta, mu)?;
        let mut theta = [2.0];
        let (mut phi, mut v) = (2.0, 0.0);
        for _ in 0..50 {
            let g = gradient(theta[0]);
            nesterov.step(&mut theta, &[g])?;
            v = mu * v - eta * gradient(phi + mu * v);
            phi += v;
            assert!((theta[0] - (phi + mu * v)).abs() < 1e-12);
        }
        Ok(())
    }
}
