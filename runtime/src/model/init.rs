//! Where the parameters of a network start.

use std::fmt;
use std::str::FromStr;

use crate::kernel::scalar::Scalar;
use crate::rng::Rng;

/// Where the parameters of a layer start.
///
/// `fan_in` is the number of a unit's inputs (the columns of its weight), `fan_out` the number of units (the
/// rows).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Init {
    /// Weights N(0, 1/fan_in), biases N(0, 1): the default initialiser of Nielsen, "Neural Networks and Deep
    /// Learning", chapter 3.
    #[default]
    FanIn,
    /// Weights and biases N(0, 1): his "large" initialiser, that of chapter 1.
    StandardNormal,
    /// Weights uniform in ±√(6/(fan_in + fan_out)), biases 0: Glorot and Bengio, AISTATS 2010, equation 16.
    Glorot,
    /// Weights N(0, 2/fan_in), biases 0, for relu: He, Zhang, Ren and Sun, ICCV 2015, equation 10.
    He,
    /// All zero. Units of a hidden layer then never come to differ: for single layers, and tests.
    Zeros,
}

impl Init {
    /// Every initialiser, in the order of the enum.
    pub const ALL: [Self; 5] = [Self::FanIn, Self::StandardNormal, Self::Glorot, Self::He, Self::Zeros];

    /// Its name in words: `fan_in`, `standard_normal`, `glorot`, `he`, `zeros`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FanIn => "fan_in",
            Self::StandardNormal => "standard_normal",
            Self::Glorot => "glorot",
            Self::He => "he",
            Self::Zeros => "zeros",
        }
    }

    /// Fills one weight tensor, `fan_out` units × `fan_in` inputs.
    pub fn weights<T: Scalar>(self, rng: &mut Rng, weights: &mut [T], fan_in: usize, fan_out: usize) {
        let fan_in = fan_in.max(1) as f64;
        match self {
            Self::FanIn => fill(weights, || rng.normal() / fan_in.sqrt()),
            Self::StandardNormal => fill(weights, || rng.normal()),
            Self::Glorot => {
                let limit = (6.0 / (fan_in + fan_out as f64)).sqrt();
                fill(weights, || limit * (2.0 * rng.uniform() - 1.0));
            }
            Self::He => fill(weights, || rng.normal() * (2.0 / fan_in).sqrt()),
            Self::Zeros => weights.fill(T::ZERO),
        }
    }

    /// Fills one bias, an entry per unit.
    pub fn biases<T: Scalar>(self, rng: &mut Rng, biases: &mut [T]) {
        match self {
            Self::FanIn | Self::StandardNormal => fill(biases, || rng.normal()),
            Self::Glorot | Self::He | Self::Zeros => biases.fill(T::ZERO),
        }
    }
}

/// Writes one draw to each entry. Draws are made in double precision, so `f32` and `f64` networks start from
/// the same numbers.
fn fill<T: Scalar>(entries: &mut [T], mut draw: impl FnMut() -> f64) {
    for entry in entries {
        *entry = T::from_f64(draw());
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is none of [`Init::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownInit(String);

impl fmt::Display for UnknownInit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown initialiser `{}`; there are", self.0)?;
        for (i, init) in Init::ALL.into_iter().enumerate() {
            write!(f, "{} `{init}`", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownInit {}

impl FromStr for Init {
    type Err = UnknownInit;

    fn from_str(name: &str) -> Result<Self, UnknownInit> {
        Self::ALL.into_iter().find(|init| init.name() == name).ok_or_else(|| UnknownInit(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_initialiser_has_its_stated_spread() {
        let (fan_in, fan_out) = (400, 100);
        let spread = |init: Init| {
            let mut w = vec![1.0_f64; fan_in * fan_out];
            let mut b = vec![1.0_f64; 10_000];
            let mut rng = Rng::new(9);
            init.weights(&mut rng, &mut w, fan_in, fan_out);
            init.biases(&mut rng, &mut b);
            let deviation = |v: &[f64]| (v.iter().map(|x| x * x).sum::<f64>() / v.len() as f64).sqrt();
            let largest = w.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
            (deviation(&w), largest, deviation(&b))
        };
        let near = |got: f64, want: f64| (got - want).abs() <= 0.03 * want;
        let (w, _, b) = spread(Init::FanIn);
        assert!(near(w, 1.0 / 20.0) && near(b, 1.0));
        let (w, _, b) = spread(Init::StandardNormal);
        assert!(near(w, 1.0) && near(b, 1.0));
        let (w, largest, b) = spread(Init::Glorot);
        let limit = (6.0_f64 / 500.0).sqrt();
        assert!(near(w, limit / 3.0_f64.sqrt()) && largest <= limit && b == 0.0);
        let (w, _, b) = spread(Init::He);
        assert!(near(w, (2.0_f64 / 400.0).sqrt()) && b == 0.0);
        assert_eq!(spread(Init::Zeros), (0.0, 0.0, 0.0));
    }

    #[test]
    fn names_round_trip() {
        for init in Init::ALL {
            assert_eq!(init.to_string().parse(), Ok(init));
        }
        let error = "xavier".parse::<Init>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown initialiser `xavier`; there are `fan_in`, `standard_normal`, `glorot`, `he`, `zeros`"
        );
    }
}
