//! Stochastic gradient descent.
//!
//! Update: θ ← θ − η g.
//! State: none.
//! Defaults: none; η is the caller's.
//! Source: Robbins and Monro, "A Stochastic Approximation Method", Ann. Math. Statist. 22, 1951, equation 8.

use std::marker::PhantomData;

use super::{Optimizer, positive};
use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::axpy;

/// Stochastic gradient descent: θ ← θ − η g.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sgd<T> {
    learning_rate: f64,
    scalar: PhantomData<T>,
}

impl<T: Scalar> Sgd<T> {
    /// With learning rate η.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless η is finite and greater than 0.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        Ok(Self { learning_rate: positive("learning_rate", learning_rate)?, scalar: PhantomData })
    }
}

impl<T: Scalar> Optimizer<T> for Sgd<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        check_length(parameters.len(), gradient.len())?;
        axpy(T::from_f64(-self.learning_rate), gradient, parameters);
        Ok(())
    }

    fn reset(&mut self, _len: usize) {}

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
    fn sgd_subtracts_the_scaled_gradient() -> Result<(), Error> {
        let mut theta = [1.0_f32, 2.0];
        Sgd::new(0.5)?.step(&mut theta, &[0.5, -1.0])?;
        assert_eq!(theta, [0.75, 2.5]);
        Ok(())
    }
}
