//! Optimisers over plain slices: parameters θ and a gradient g of the same length go in, and θ is moved.
//!
//! They know nothing of costs, layers or penalties. A penalty is part of the gradient already, put there by
//! the cost that defines it ([`Cost`](crate::Cost)): a λ in the cost is how weights are to be kept small. It
//! is reported as what it costs, checked as any gradient is, and the same for every optimiser. [`AdamW`] alone
//! has a weight decay of its own, and says how the two differ; whoever sets both decays twice.
//!
//! Which numbers are a tensor an optimiser hears by [`Optimizer::see_tensors`], as from a
//! [`Trainer`](crate::train::Trainer). [`Clip`] shortens gradients before a step.
//!
//! One method is one file, and its header states the update equation, the state, the defaults and the source.
//! State is sized by the first step, or by [`Optimizer::reset`] ahead of it; after that a step allocates
//! nothing.
//!
//! ```
//! use gradsmith_runtime::optim::{Adam, Optimizer};
//!
//! // The minimum of (θ₀ - 1)² + (θ₁ + 2)².
//! let mut theta = [0.0, 0.0];
//! let mut adam = Adam::new(0.1)?;
//! for _ in 0..500 {
//!     let gradient = [2.0 * (theta[0] - 1.0), 2.0 * (theta[1] + 2.0)];
//!     adam.step(&mut theta, &gradient)?;
//! }
//! assert!((theta[0] - 1.0_f64).abs() < 1e-6 && (theta[1] + 2.0).abs() < 1e-6);
//! # Ok::<(), gradsmith_runtime::Error>(())
//! ```

use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::tensors::TensorSpec;

mod adam;
mod adamw;
mod clip;
mod decay;
mod momentum;
mod nesterov;
mod rmsprop;
mod sgd;

pub use adam::Adam;
pub use adamw::AdamW;
pub use clip::Clip;
pub use decay::Decayed;
pub use momentum::Momentum;
pub use nesterov::Nesterov;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

/// A method that moves parameters against their gradient.
pub trait Optimizer<T: Scalar> {
    /// One step: reads `gradient`, changes `parameters` and the method's state.
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if the two differ in length, or differ from those of the steps before;
    /// nothing is changed then.
    fn step(&mut self, parameters: &mut [T], gradient: &[T]) -> Result<(), Error>;

    /// Forgets all steps so far and gives its state the size of `len` parameters, so that not even the first
    /// step allocates.
    fn reset(&mut self, len: usize);

    /// Hears which parameters are which tensor, before the first step: a [`Trainer`](crate::train::Trainer)
    /// says so. Most methods treat all numbers alike and take no notice, as they do unless told otherwise.
    ///
    /// # Errors
    /// [`Error::UnknownTensor`] if the method was told to treat a tensor apart that is not among them.
    fn see_tensors(&mut self, tensors: &[TensorSpec]) -> Result<(), Error> {
        let _ = tensors;
        Ok(())
    }

    /// The learning rate η.
    fn learning_rate(&self) -> f64;

    /// Sets the learning rate for the steps to come, as a
    /// [`Schedule`](crate::train::Schedule) does. State is kept.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and greater than 0.
    fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), Error>;
}

/// A learning rate as a number of the precision asked for.
///
/// # Errors
/// [`Error::InvalidOption`] unless it is finite and greater than 0.
pub fn checked_rate<T: Scalar>(learning_rate: f64) -> Result<T, Error> {
    positive("learning_rate", learning_rate).map(T::from_f64)
}

/// `value` if it is finite and greater than 0.
fn positive(option: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err(Error::InvalidOption { option, value, requirement: "finite and greater than 0" })
    }
}

/// `value` if it can be the factor of a decaying mean.
fn decay(option: &'static str, value: f64) -> Result<f64, Error> {
    if (0.0..1.0).contains(&value) {
        Ok(value)
    } else {
        Err(Error::InvalidOption { option, value, requirement: "at least 0 and less than 1" })
    }
}

/// `value` if it is finite and at least 0.
fn not_negative(option: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::InvalidOption { option, value, requirement: "finite and at least 0" })
    }
}

/// Checks all lengths before anything is changed, and gives an empty state its size.
fn prepare<T: Scalar, const N: usize>(
    parameters: &[T],
    gradient: &[T],
    states: [&mut Vec<T>; N],
) -> Result<(), Error> {
    check_length(parameters.len(), gradient.len())?;
    for state in states {
        if state.is_empty() {
            state.resize(parameters.len(), T::ZERO);
        }
        check_length(state.len(), parameters.len())?;
    }
    Ok(())
}

/// Zeroes a state of `len` entries.
fn restart<T: Scalar>(state: &mut Vec<T>, len: usize) {
    state.clear();
    state.resize(len, T::ZERO);
}

#[cfg(test)]
mod tests {
    use super::*;

    type Named = (&'static str, Box<dyn Optimizer<f64>>);

    /// Every optimiser at a rate that suits ½ Σ c (θ − 3)² with c from 1 to 10.
    fn all() -> Result<Vec<Named>, Error> {
        Ok(vec![
            ("sgd", Box::new(Sgd::new(0.1)?)),
            ("momentum", Box::new(Momentum::new(0.02, 0.9)?)),
            ("nesterov", Box::new(Nesterov::new(0.02, 0.9)?)),
            ("rmsprop", Box::new(RmsProp::new(0.01)?)),
            ("adam", Box::new(Adam::new(0.05)?)),
            ("adamw", Box::new(AdamW::new(0.05)?.weight_decay(0.0)?)),
        ])
    }

    #[test]
    fn all_go_to_the_minimum() -> Result<(), Error> {
        for (name, mut optimizer) in all()? {
            let mut theta = [0.0, 10.0, -5.0];
            let curvature = [1.0, 10.0, 3.0];
            for step in 0..3000 {
                // RMSProp does not settle at a constant rate: its steps have the size of the rate.
                optimizer
                    .set_learning_rate(optimizer.learning_rate() * if step > 1500 { 0.99 } else { 1.0 })?;
                let gradient: [f64; 3] = std::array::from_fn(|i| curvature[i] * (theta[i] - 3.0));
                optimizer.step(&mut theta, &gradient)?;
            }
            assert!(theta.iter().all(|t| (t - 3.0).abs() < 1e-5), "{name}: {theta:?}");
        }
        Ok(())
    }

    #[test]
    fn all_refuse_other_lengths_and_change_nothing() -> Result<(), Error> {
        for (name, mut optimizer) in all()? {
            let mut theta = [1.0, 2.0];
            let error = optimizer.step(&mut theta, &[1.0]);
            assert_eq!(error, Err(Error::ParameterLength { expected: 2, found: 1 }), "{name}");
            assert_eq!(theta, [1.0, 2.0], "{name}");
            optimizer.step(&mut theta, &[1.0, 1.0])?;
            if name != "sgd" {
                let error = optimizer.step(&mut [1.0; 3], &[1.0; 3]);
                assert_eq!(error, Err(Error::ParameterLength { expected: 2, found: 3 }), "{name}");
            }
            optimizer.reset(3);
            optimizer.step(&mut [1.0; 3], &[1.0; 3])?;
        }
        Ok(())
    }

    #[test]
    fn all_start_afresh_after_reset() -> Result<(), Error> {
        for (name, mut optimizer) in all()? {
            let run = |optimizer: &mut dyn Optimizer<f64>| {
                let mut theta = [1.0, -1.0];
                for _ in 0..3 {
                    let gradient = theta;
                    optimizer.step(&mut theta, &gradient)?;
                }
                Ok::<_, Error>(theta)
            };
            let first = run(optimizer.as_mut())?;
            optimizer.reset(2);
            assert_eq!(run(optimizer.as_mut())?, first, "{name}");
        }
        Ok(())
    }

    #[test]
    fn all_refuse_rates_that_are_not_positive() -> Result<(), Error> {
        for (name, mut optimizer) in all()? {
            let rate = optimizer.learning_rate();
            for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
                assert!(optimizer.set_learning_rate(bad).is_err(), "{name} took {bad}");
            }
            assert_eq!(optimizer.learning_rate(), rate, "{name}");
        }
        let error = Sgd::<f32>::new(-0.5).unwrap_err();
        assert_eq!(error.to_string(), "`learning_rate` is -0.5, must be finite and greater than 0");
        assert!(Momentum::<f32>::new(0.1, 1.0).is_err());
        assert!(Nesterov::<f32>::new(0.1, -0.1).is_err());
        assert!(RmsProp::<f32>::new(0.1)?.decay(f64::NAN).is_err());
        assert!(RmsProp::<f32>::new(0.1)?.epsilon(0.0).is_err());
        assert!(Adam::<f32>::new(0.1)?.betas(0.9, 1.0).is_err());
        assert!(Adam::<f32>::new(0.1)?.epsilon(-1e-8).is_err());
        assert!(AdamW::<f32>::new(0.1)?.betas(1.0, 0.9).is_err());
        assert!(AdamW::<f32>::new(0.1)?.epsilon(f64::NAN).is_err());
        assert!(AdamW::<f32>::new(0.1)?.weight_decay(-0.1).is_err());
        assert!(AdamW::<f32>::new(0.1)?.weight_decay(f64::INFINITY).is_err());
        Ok(())
    }

    /// [`ten_steps`] as optax 0.2.8 (jax 0.10.2) takes them in double precision:
    ///
    /// ```python
    /// def run(optimizer, theta=jnp.array([0.0, 10.0, -5.0])):
    ///     state = optimizer.init(theta)
    ///     for _ in range(10):
    ///         gradient = jnp.array([1.0, 10.0, 3.0]) * (theta - 3) + 0.05 * theta**3
    ///         updates, state = optimizer.update(gradient, state, theta)
    ///         theta = optax.apply_updates(theta, updates)
    ///     return theta
    ///
    /// run(optax.sgd(0.02)), run(optax.sgd(0.02, momentum=0.9)), run(optax.sgd(0.02, momentum=0.9, nesterov=True))
    /// run(optax.rmsprop(0.1, decay=0.9, eps=1e-8, eps_in_sqrt=False)), run(optax.adam(0.1))
    /// run(optax.adamw(0.1, weight_decay=0.5))  # the last with mask=[True, True, False], tensor by tensor
    /// run(optax.chain(optax.clip_by_global_norm(2.0), optax.sgd(0.1)))
    /// run(optax.chain(optax.clip(1.5), optax.sgd(0.1)))
    /// ```
    #[test]
    fn all_go_the_way_of_optax() -> Result<(), Error> {
        let tensors = [TensorSpec::new("w", 0, &[1, 2]), TensorSpec::new("b", 2, &[1])];
        let adamw = || AdamW::new(0.1).and_then(|adamw| adamw.weight_decay(0.5));
        let mut by_tensor = adamw()?;
        by_tensor.see_tensors(&tensors)?;
        let (norm, value) = (Some(Clip::norm(2.0)?), Some(Clip::value(1.5)?));
        let rows = [
            (
                ten_steps(Sgd::new(0.02)?, None)?,
                [0.548_432_589_782_423_3, 3.250_073_277_775_462_6, -1.066_471_070_786_288_1],
            ),
            (
                ten_steps(Momentum::new(0.02, 0.9)?, None)?,
                [2.055_205_676_167_848, 5.136_678_898_517_77, 6.211_759_369_820_143],
            ),
            (
                ten_steps(Nesterov::new(0.02, 0.9)?, None)?,
                [2.163_037_595_790_274_5, 3.873_520_982_943_128, 5.070_250_093_191_88],
            ),
            (
                ten_steps(RmsProp::new(0.1)?, None)?,
                [1.507_469_515_801_648_2, 8.375_693_866_387_465, -3.375_828_674_276_629],
            ),
            (
                ten_steps(Adam::new(0.1)?, None)?,
                [0.985_366_771_811_470_1, 9.007_592_834_152_08, -4.007_898_265_400_882],
            ),
            (
                ten_steps(adamw()?, None)?,
                [0.791_687_860_826_527_4, 5.243_234_648_195_7, -2.216_527_939_084_326_4],
            ),
            (
                ten_steps(by_tensor, None)?,
                [0.791_687_860_826_527_4, 5.243_234_648_195_7, -4.007_898_265_400_882],
            ),
            (
                ten_steps(Sgd::new(0.1)?, norm)?,
                [0.058_024_977_359_469_25, 8.080_845_015_715_237, -4.442_239_424_556_599_5],
            ),
            (ten_steps(Sgd::new(0.1)?, value)?, [1.5, 8.5, -3.5]),
        ];
        for (row, (theta, want)) in rows.into_iter().enumerate() {
            for (got, want) in theta.iter().zip(want) {
                // Adam divides by √v̂ in one number with √(1 − β₂ᵗ), optax by one after the other.
                assert!((got - want).abs() < 1e-11, "row {row}: {theta:?}");
            }
        }
        Ok(())
    }

    /// Ten steps from [0, 10, −5] by the gradient c (θ − 3) + θ³/20, c = [1, 10, 3].
    fn ten_steps(mut optimizer: impl Optimizer<f64>, clip: Option<Clip>) -> Result<[f64; 3], Error> {
        let mut theta = [0.0_f64, 10.0, -5.0];
        for _ in 0..10 {
            let mut gradient: [f64; 3] =
                std::array::from_fn(|i| [1.0, 10.0, 3.0][i] * (theta[i] - 3.0) + 0.05 * theta[i].powi(3));
            if let Some(clip) = clip {
                clip.apply(&mut gradient);
            }
            optimizer.step(&mut theta, &gradient)?;
        }
        Ok(theta)
    }
}
