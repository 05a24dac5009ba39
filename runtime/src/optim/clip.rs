//! Gradient clipping: a bound on how far one step can lead.
//!
//! By norm: g ← g c/‖g‖ where ‖g‖ > c, over all parameters; the direction stays. Source: Pascanu, Mikolov and
//! Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, Algorithm 1; without the 1e-6
//! that PyTorch adds to the norm.
//! By value: each entry into −c … c; the direction changes.
//! Defaults: none; c = 1 is usual for the norm.

use super::positive;
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::Total;

/// Shortens gradients that are too long: [`apply`](Self::apply) before a step, or
/// [`Trainer::clip`](crate::train::Trainer::clip).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Clip {
    kind: Kind,
    bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Kind {
    Norm,
    Value,
}

impl Clip {
    /// Gradients longer than `bound` become that long: ‖g‖, the root of the sum of all squares.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and greater than 0.
    pub fn norm(bound: f64) -> Result<Self, Error> {
        Ok(Self { kind: Kind::Norm, bound: positive("clip", bound)? })
    }

    /// Entries beyond `bound` become `bound`, and those below −`bound` become −`bound`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it is finite and greater than 0.
    pub fn value(bound: f64) -> Result<Self, Error> {
        Ok(Self { kind: Kind::Value, bound: positive("clip", bound)? })
    }

    /// Clips in place. What is NaN or infinite stays, so that it is found where it is looked for.
    pub fn apply<T: Scalar>(&self, gradient: &mut [T]) {
        match self.kind {
            Kind::Norm => {
                let norm = norm(gradient);
                if norm.is_finite() && norm > self.bound {
                    let factor = T::from_f64(self.bound / norm);
                    gradient.iter_mut().for_each(|g| *g *= factor);
                }
            }
            Kind::Value => {
                let bound = T::from_f64(self.bound);
                for g in gradient {
                    if g.is_finite() && g.abs() > bound {
                        *g = bound.copysign(*g);
                    }
                }
            }
        }
    }
}

/// ‖g‖, by the largest entry, so that no square overflows; infinite or NaN only if an entry is.
fn norm<T: Scalar>(gradient: &[T]) -> f64 {
    let largest = gradient.iter().fold(0.0, |most: f64, g| {
        let size = g.to_f64().abs();
        if size > most || size.is_nan() { size } else { most }
    });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let mut sum = Total::ZERO;
    for g in gradient {
        let part = g.to_f64() / largest;
        sum.add(part * part);
    }
    largest * sum.sum().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_are_shortened_and_short_ones_stay() -> Result<(), Error> {
        let clipped = |clip: Clip, mut g: [f64; 2]| {
            clip.apply(&mut g);
            g
        };
        assert_eq!(clipped(Clip::norm(5.0)?, [3.0, 4.0]), [3.0, 4.0]);
        assert_eq!(clipped(Clip::norm(2.5)?, [3.0, -4.0]), [1.5, -2.0]);
        let [a, b] = clipped(Clip::norm(1.0)?, [1e300, 1e300]);
        assert!((a - 0.5_f64.sqrt()).abs() < 1e-15 && a == b);
        assert_eq!(clipped(Clip::value(3.5)?, [3.0, -4.0]), [3.0, -3.5]);
        assert_eq!(clipped(Clip::norm(1.0)?, [0.0, 0.0]), [0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn what_is_not_finite_is_left_to_be_found() -> Result<(), Error> {
        for clip in [Clip::norm(1.0)?, Clip::value(1.0)?] {
            for bad in [f32::NAN, f32::INFINITY] {
                let mut g = [bad, 0.5];
                clip.apply(&mut g);
                assert!(!g[0].is_finite() && g[1] == 0.5);
            }
        }
        Ok(())
    }

    #[test]
    fn bounds_are_checked() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Clip::norm(bad).is_err() && Clip::value(bad).is_err());
        }
        assert_eq!(
            Clip::norm(0.0).unwrap_err().to_string(),
            "`clip` is 0, must be finite and greater than 0"
        );
    }
}
