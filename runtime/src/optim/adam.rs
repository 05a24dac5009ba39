//! Adam: momentum and RMSProp in one, both corrected for starting from zero.
//!
//! Update, at step t = 1, 2, …: m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; m̂ = m/(1 − β₁ᵗ); v̂ = v/(1 −
//! β₂ᵗ); θ ← θ − η m̂ / (√v̂ + ε).
//! State: m and v, zero at first, and the powers β₁ᵗ, β₂ᵗ.
//! Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8; the source takes η = 0.001.
//! Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1.

use super::{Optimizer, decay, positive, prepare, restart};
use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// Adam: θ ← θ − η m̂ / (√v̂ + ε), with decaying means m̂ of g and v̂ of g².
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adam<T> {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    mean: Vec<T>,
    mean_square: Vec<T>,
    /// β₁ᵗ and β₂ᵗ of the last step t.
    powers: [f64; 2],
}

impl<T: Scalar> Adam<T> {
    /// With learning rate η, β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless η is finite and greater than 0.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        Ok(Self {
            learning_rate: positive("learning_rate", learning_rate)?,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            mean: Vec::new(),
            mean_square: Vec::new(),
            powers: [1.0; 2],
        })
    }

    /// Sets β₁ and β₂, the shares of the two means that are kept at each step.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless both are at least 0 and less than 1.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Result<Self, Error> {
        self.betas = [decay("beta1", beta1)?, decay("beta2", beta2)?];
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

impl<T: Scalar> Adam<T> {
    /// Checks all lengths, so that the step to come changes all or nothing.
    pub(super) fn prepare(&mut self, parameters: &[T], gradient: &[T]) -> Result<(), Error> {
        prepare(parameters, gradient, [&mut self.mean, &mut self.mean_square])
    }
}

impl<T: Scalar> Optimizer<T> for Adam<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        self.prepare(parameters, gradient)?;
        let [beta1, beta2] = self.betas;
        self.powers = [self.powers[0] * beta1, self.powers[1] * beta2];
        // η/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ) are the same for all entries, so m̂ and v̂ need not be formed.
        let rate = T::from_f64(self.learning_rate / (1.0 - self.powers[0]));
        let root = T::from_f64(1.0 / (1.0 - self.powers[1]).sqrt());
        let epsilon = T::from_f64(self.epsilon);
        let (keep1, take1) = (T::from_f64(beta1), T::from_f64(1.0 - beta1));
        let (keep2, take2) = (T::from_f64(beta2), T::from_f64(1.0 - beta2));
        let states = self.mean.iter_mut().zip(&mut self.mean_square);
        for ((theta, (m, v)), &g) in parameters.iter_mut().zip(states).zip(gradient) {
            *m = keep1 * *m + take1 * g;
            *v = keep2 * *v + take2 * (g * g);
            *theta -= rate * *m / (v.sqrt() * root + epsilon);
        }
        Ok(())
    }

    fn reset(&mut self, len: usize) {
        restart(&mut self.mean, len);
        restart(&mut self.mean_square, len);
        self.powers = [1.0; 2];
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
    fn adam_starts_with_steps_of_the_learning_rate() -> Result<(), Error> {
        // m̂ = g and v̂ = g² at t = 1, whatever the size of g.
        let mut theta = [0.0_f64, 0.0, 0.0];
        Adam::new(0.001)?.step(&mut theta, &[1e-3, -5.0, 1e6])?;
        for (got, want) in theta.iter().zip([-0.001, 0.001, -0.001]) {
            assert!((got - want).abs() < 1e-7, "{theta:?}");
        }
        Ok(())
    }

    #[test]
    fn adam_is_algorithm_1_literally() -> Result<(), Error> {
        let (eta, beta1, beta2, epsilon) = (0.01, 0.8, 0.95, 1e-6);
        let mut adam = Adam::new(eta)?.betas(beta1, beta2)?.epsilon(epsilon)?;
        let mut theta = [1.0_f64];
        let (mut m, mut v, mut want) = (0.0, 0.0, 1.0);
        for (t, g) in (1..).zip([1.0, -0.5, 0.25, 3.0, 0.0, -2.0]) {
            adam.step(&mut theta, &[g])?;
            m = beta1 * m + (1.0 - beta1) * g;
            v = beta2 * v + (1.0 - beta2) * g * g;
            let m_hat = m / (1.0 - beta1.powi(t));
            let v_hat: f64 = v / (1.0 - beta2.powi(t));
            want -= eta * m_hat / (v_hat.sqrt() + epsilon);
            assert!((theta[0] - want).abs() < 1e-14, "step {t}");
        }
        Ok(())
    }
}
