//! AdamW: Adam beside a weight decay that does not go through its means.
//!
//! Update, at step t = 1, 2, …: θ ← θ − η λ θ for the decayed tensors; then the step of [Adam](super::Adam).
//! State: that of Adam, and which numbers decay.
//! Defaults: those of Adam; λ = 0.01, as PyTorch has it; tensors of two axes and more decay, biases do not.
//! Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, Algorithm 2, with η_t α
//! in one number η, which multiplies λ too, as in PyTorch and optax.

use super::decay::{Decay, Decayed};
use super::{Adam, Optimizer};
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::tensors::TensorSpec;

/// Adam with decoupled weight decay: θ ← θ − η λ θ, then Adam's step.
///
/// # Weight decay or a λ in the cost
///
/// `+ l2(lambda)` in the cost is the recommended way: it says what is minimised, is reported as the penalty, and
/// is there for every optimiser. Under gradient descent the two are the same. Under Adam they differ: the
/// penalty's gradient λ θ is divided by √v̂ with the rest, so that a weight is held back less the larger its
/// gradients are; a decay θ ← (1 − η λ) θ shrinks all decayed numbers by the same share. What a decay leads to
/// is the minimum of no cost that could be written down, and the cost that is reported knows nothing of it.
///
/// ```
/// use gradsmith_runtime::TensorSpec;
/// use gradsmith_runtime::optim::{AdamW, Decayed, Optimizer};
///
/// let tensors = [TensorSpec::new("w1", 0, &[1, 2]), TensorSpec::new("b1", 2, &[1])];
/// let decayed = Decayed::by(&tensors, |tensor| tensor.name.starts_with('w'));
/// let mut adamw = AdamW::new(0.1)?.weight_decay(0.5)?.decayed(decayed);
/// adamw.see_tensors(&tensors)?;
///
/// let mut theta = [1.0, 2.0, 3.0];
/// adamw.step(&mut theta, &[0.0; 3])?;
/// assert_eq!(theta, [0.95, 1.9, 3.0]);
/// # Ok::<(), gradsmith_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamW<T> {
    adam: Adam<T>,
    decay: Decay,
}

impl<T: Scalar> AdamW<T> {
    /// With learning rate η, Adam's defaults, and λ = 0.01 for tensors of two axes and more.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless η is finite and greater than 0.
    pub fn new(learning_rate: f64) -> Result<Self, Error> {
        Ok(Self { adam: Adam::new(learning_rate)?, decay: Decay::new(0.01)? })
    }

    /// Sets λ: a step takes the share η λ from each decayed number.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and at least 0.
    pub fn weight_decay(mut self, weight_decay: f64) -> Result<Self, Error> {
        self.decay.set_rate(weight_decay)?;
        Ok(self)
    }

    /// Sets which tensors decay.
    #[must_use]
    pub fn decayed(mut self, decayed: Decayed) -> Self {
        self.decay.set_choice(decayed);
        self
    }

    /// Sets β₁ and β₂, the shares of the two means that are kept at each step.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless both are at least 0 and less than 1.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Result<Self, Error> {
        self.adam = self.adam.betas(beta1, beta2)?;
        Ok(self)
    }

    /// Sets ε, which bounds the step where gradients vanish.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and greater than 0.
    pub fn epsilon(mut self, epsilon: f64) -> Result<Self, Error> {
        self.adam = self.adam.epsilon(epsilon)?;
        Ok(self)
    }
}

impl<T: Scalar> Optimizer<T> for AdamW<T> {
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error> {
        self.adam.prepare(parameters, gradient)?;
        self.decay.apply(self.adam.learning_rate(), parameters)?;
        self.adam.step(parameters, gradient)
    }

    fn reset(&mut self, len: usize) {
        self.adam.reset(len);
        self.decay.reset(len);
    }

    fn see_tensors(&mut self, tensors: &[TensorSpec]) -> Result<(), Error> {
        self.decay.see_tensors(tensors)
    }

    fn learning_rate(&self) -> f64 {
        self.adam.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error> {
        self.adam.set_learning_rate(learning_rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENSORS: [TensorSpec; 2] = [TensorSpec::new("w", 0, &[1, 2]), TensorSpec::new("b", 2, &[1])];

    /// One step without a gradient, of which only the decay is left.
    fn decayed(choice: Option<Decayed>, tensors: &[TensorSpec]) -> Result<[f64; 3], Error> {
        let mut adamw = AdamW::new(0.5)?.weight_decay(0.5)?;
        if let Some(choice) = choice {
            adamw = adamw.decayed(choice);
        }
        adamw.see_tensors(tensors)?;
        let mut theta = [4.0; 3];
        adamw.step(&mut theta, &[0.0; 3])?;
        Ok(theta)
    }

    #[test]
    fn what_decays_is_chosen_by_tensor() -> Result<(), Error> {
        assert_eq!(decayed(None, &TENSORS)?, [3.0, 3.0, 4.0]);
        assert_eq!(decayed(Some(Decayed::All), &TENSORS)?, [3.0; 3]);
        assert_eq!(decayed(Some(Decayed::named(["b"])), &TENSORS)?, [4.0, 4.0, 3.0]);
        assert_eq!(decayed(Some(Decayed::by(&TENSORS, |t| t.len() == 2)), &TENSORS)?, [3.0, 3.0, 4.0]);
        // Nobody has said which numbers are which tensor.
        assert_eq!(decayed(None, &[])?, [3.0; 3]);
        Ok(())
    }

    #[test]
    fn what_decays_outlives_a_reset() -> Result<(), Error> {
        let mut adamw = AdamW::new(0.5)?.weight_decay(0.5)?;
        adamw.see_tensors(&TENSORS)?;
        adamw.reset(3);
        let mut theta = [4.0; 3];
        adamw.step(&mut theta, &[0.0; 3])?;
        assert_eq!(theta, [3.0, 3.0, 4.0]);
        adamw.reset(1);
        adamw.step(&mut theta[..1], &[0.0])
    }

    #[test]
    fn tensors_that_are_not_there_are_named() {
        let error = decayed(Some(Decayed::named(["w", "c"])), &TENSORS).unwrap_err();
        assert_eq!(error.to_string(), "there is no tensor `c` among the parameters `w`, `b`");
        let error = decayed(Some(Decayed::named(["w"])), &[]).unwrap_err();
        assert_eq!(error.to_string(), "there is no tensor `w`: the parameters have no names");
    }

    #[test]
    fn nothing_decays_where_the_step_is_refused() -> Result<(), Error> {
        let mut adamw = AdamW::new(0.5)?;
        adamw.see_tensors(&TENSORS)?;
        let mut theta = [4.0; 2];
        let error = adamw.step(&mut theta, &[0.0; 2]);
        assert_eq!(error, Err(Error::ParameterLength { expected: 3, found: 2 }));
        assert_eq!(theta, [4.0; 2]);
        let mut adamw = AdamW::new(0.5)?.decayed(Decayed::named(["w"]));
        let error = adamw.step(&mut theta, &[0.0; 2]).unwrap_err();
        assert_eq!(error.to_string(), "`decayed` needs the tensors that it names, by `see_tensors`");
        assert_eq!(theta, [4.0; 2]);
        Ok(())
    }
}
