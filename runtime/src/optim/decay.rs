//! Weight decay: θ ← θ − η λ θ, for the tensors that are chosen.

use super::not_negative;
use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::tensors::TensorSpec;

/// Which tensors decay. Where nobody has said which numbers are which tensor, nor named any, all do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Decayed {
    /// Those of two axes and more: weights, but not biases, which are few and bend nothing.
    #[default]
    Matrices,
    /// All.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

impl Decayed {
    /// The tensors of these names.
    pub fn named<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::Named(names.into_iter().map(Into::into).collect())
    }

    /// Those among `tensors`, as [`Parameters::TENSORS`](crate::Parameters::TENSORS) lists them, that `choose`
    /// picks.
    pub fn by(tensors: &[TensorSpec], choose: impl Fn(&TensorSpec) -> bool) -> Self {
        Self::named(tensors.iter().filter(|tensor| choose(tensor)).map(|tensor| tensor.name))
    }

    fn picks(&self, tensor: &TensorSpec) -> bool {
        match self {
            Self::Matrices => tensor.shape.len() >= 2,
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == tensor.name),
        }
    }
}

/// A rate of decay, and the numbers it is for.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Decay {
    rate: f64,
    choice: Decayed,
    places: Option<Places>,
}

/// Where the tensors are: known once they have been seen.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Places {
    /// Start and length of each that decays.
    decayed: Vec<(usize, usize)>,
    /// How many numbers there are in all.
    len: usize,
}

impl Decay {
    pub(super) fn new(rate: f64) -> Result<Self, Error> {
        let rate = not_negative("weight_decay", rate)?;
        Ok(Self { rate, choice: Decayed::default(), places: None })
    }

    pub(super) fn set_rate(&mut self, rate: f64) -> Result<(), Error> {
        self.rate = not_negative("weight_decay", rate)?;
        Ok(())
    }

    pub(super) fn set_choice(&mut self, choice: Decayed) {
        (self.choice, self.places) = (choice, None);
    }

    pub(super) fn see_tensors(&mut self, tensors: &[TensorSpec]) -> Result<(), Error> {
        if let Decayed::Named(names) = &self.choice
            && let Some(name) = names.iter().find(|&name| tensors.iter().all(|tensor| tensor.name != *name))
        {
            let known = tensors.iter().map(|tensor| tensor.name.to_owned()).collect();
            return Err(Error::UnknownTensor { tensor: name.clone(), known });
        }
        self.places = (!tensors.is_empty()).then(|| Places {
            decayed: tensors.iter().filter(|t| self.choice.picks(t)).map(|t| (t.offset, t.len())).collect(),
            len: tensors.iter().map(|t| t.offset + t.len()).max().unwrap_or(0),
        });
        Ok(())
    }

    /// Forgets where the tensors are if parameters of another length come.
    pub(super) fn reset(&mut self, len: usize) {
        self.places.take_if(|places| places.len != len);
    }

    /// Lets the chosen numbers decay; none, if there is something to refuse.
    pub(super) fn apply<T: Scalar>(&self, learning_rate: f64, parameters: &mut [T]) -> Result<(), Error> {
        let keep = T::from_f64(1.0 - learning_rate * self.rate);
        let shrink = |numbers: &mut [T]| numbers.iter_mut().for_each(|number| *number *= keep);
        let Some(places) = &self.places else {
            if let Decayed::Named(_) = self.choice {
                let needs = "the tensors that it names, by `see_tensors`";
                return Err(Error::MissingOption { option: "decayed", needs });
            }
            shrink(parameters);
            return Ok(());
        };
        check_length(places.len, parameters.len())?;
        for &(start, len) in &places.decayed {
            // Within the parameters, unless a file was written by hand.
            if let Some(numbers) = parameters.get_mut(start..).and_then(|rest| rest.get_mut(..len)) {
                shrink(numbers);
            }
        }
        Ok(())
    }
}
