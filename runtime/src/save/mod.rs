//! Parameters in files: tensor by tensor, with names and shapes, which are checked on reading.
//!
//! With the feature `safetensors`, [`write_safetensors`] and [`read_safetensors`]: the exact numbers, in files that
//! Python, Julia and other Rust crates read.
//!
//! With the feature `serde`, [`by_name`]: parameters as a field of one's own structure, in any format. The rest of
//! a training run has serde's traits itself: [optimisers](crate::optim), [`Run`](crate::train::Run),
//! [`History`](crate::train::History), [`Schedule`](crate::train::Schedule), [`Scaler`](crate::train::Scaler),
//! [`Rng`](crate::Rng). Numbers come back to the bit if the format keeps them: `serde_json` does with its feature
//! `float_roundtrip`.
//!
//! A buffer [without names](crate::Parameters::TENSORS) is one tensor, `parameters`.

use std::ops::Range;

use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::model::parameters::Parameters;

#[cfg(feature = "serde")]
pub mod by_name;
#[cfg(feature = "safetensors")]
mod safetensors;

#[cfg(feature = "safetensors")]
pub use self::safetensors::{read_safetensors, write_safetensors};

/// A tensor of a buffer, as files name it.
struct Part {
    name: &'static str,
    shape: Vec<usize>,
    range: Range<usize>,
}

impl Part {
    /// Checks that a tensor of this shape is meant.
    fn check_shape(&self, found: &[usize]) -> Result<(), Error> {
        if found == self.shape {
            return Ok(());
        }
        let (expected, found) = (self.shape.clone(), found.to_vec());
        Err(Error::TensorShape { tensor: self.name.to_owned(), expected, found })
    }

    fn missing(&self) -> Error {
        Error::MissingTensor { tensor: self.name.to_owned() }
    }
}

/// A tensor that none of the parts is.
fn unknown(tensor: &str, parts: &[Part]) -> Error {
    let known = parts.iter().map(|part| part.name.to_owned()).collect();
    Error::UnknownTensor { tensor: tensor.to_owned(), known }
}

/// The tensors of a buffer of `len` numbers, in order.
///
/// # Errors
/// [`Error::ParameterLength`] if the tensors, listed by hand, are not all of the buffer one after the other.
fn parts<P: Parameters>(len: usize) -> Result<Vec<Part>, Error> {
    if P::TENSORS.is_empty() {
        return Ok(vec![Part { name: "parameters", shape: vec![len], range: 0..len }]);
    }
    let mut end = 0;
    let mut parts = Vec::with_capacity(P::TENSORS.len());
    for tensor in P::TENSORS {
        check_length(end, tensor.offset)?;
        end = tensor.offset + tensor.len();
        parts.push(Part { name: tensor.name, shape: tensor.shape.to_vec(), range: tensor.offset..end });
    }
    check_length(end, len)?;
    Ok(parts)
}
