//! Parameters as a field of one's own structure, for serde: a map from each tensor's name to its shape and its
//! entries, row by row.
//!
//! ```
//! # use gradsmith_runtime::{Parameters, TensorSpec};
//! # #[derive(Debug, PartialEq)]
//! # struct XorParameters([f64; 3]);
//! # impl Parameters for XorParameters {
//! #     type Scalar = f64;
//! #     const TENSORS: &'static [TensorSpec] = &[TensorSpec::new("w1", 0, &[1, 2]), TensorSpec::new("b1", 2, &[1])];
//! #     fn zeros() -> Self { Self([0.0; 3]) }
//! #     fn as_slice(&self) -> &[f64] { &self.0 }
//! #     fn as_mut_slice(&mut self) -> &mut [f64] { &mut self.0 }
//! # }
//! # mod gradsmith { pub use gradsmith_runtime::*; }
//! use gradsmith_runtime::train::Scaler;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Model {
//!     #[serde(with = "gradsmith::save::by_name")]
//!     parameters: XorParameters,
//!     scaler: Scaler,
//! }
//!
//! let scaler = Scaler::of(ndarray::array![[1.0, 2.0], [3.0, 2.0]].view())?;
//! let model = Model { parameters: XorParameters::from_slice(&[0.5, -1.0, 2.0])?, scaler };
//! let text = serde_json::to_string(&model)?;
//! assert!(text.starts_with(r#"{"parameters":{"w1":{"shape":[1,2],"entries":[0.5,-1.0]},"b1":"#));
//! let read: Model = serde_json::from_str(&text)?;
//! assert_eq!((read.parameters, read.scaler), (model.parameters, model.scaler));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{parts, unknown};
use crate::model::parameters::Parameters;

/// A tensor as it is written.
#[derive(Serialize)]
struct Written<'a, T> {
    shape: &'a [usize],
    entries: &'a [T],
}

/// A tensor as it is read.
#[derive(Deserialize)]
#[serde(rename = "Written")]
struct Read<T> {
    shape: Vec<usize>,
    entries: Vec<T>,
}

/// Writes all parameters.
///
/// # Errors
/// What `serializer` returns.
pub fn serialize<P: Parameters, S: Serializer>(parameters: &P, serializer: S) -> Result<S::Ok, S::Error>
where
    P::Scalar: Serialize,
{
    let parts = parts::<P>(parameters.len()).map_err(serde::ser::Error::custom)?;
    let mut map = serializer.serialize_map(Some(parts.len()))?;
    for part in &parts {
        let entries = &parameters.as_slice()[part.range.clone()];
        map.serialize_entry(part.name, &Written { shape: &part.shape, entries })?;
    }
    map.end()
}

/// Reads all parameters.
///
/// # Errors
/// What `deserializer` returns; for a tensor that is missing, unknown, there twice or of another shape, one that
/// names it.
pub fn deserialize<'de, P: Parameters, D: Deserializer<'de>>(deserializer: D) -> Result<P, D::Error>
where
    P::Scalar: DeserializeOwned,
{
    deserializer.deserialize_map(Tensors(PhantomData))
}

struct Tensors<P>(PhantomData<P>);

impl<'de, P: Parameters> Visitor<'de> for Tensors<P>
where
    P::Scalar: DeserializeOwned,
{
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from tensors' names to their shapes and entries")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<P, A::Error> {
        use de::Error;

        let mut parameters = P::zeros();
        let parts = parts::<P>(parameters.len()).map_err(A::Error::custom)?;
        let mut seen = vec![false; parts.len()];
        while let Some(name) = map.next_key::<String>()? {
            let Some(at) = parts.iter().position(|part| part.name == name) else {
                return Err(A::Error::custom(unknown(&name, &parts)));
            };
            if std::mem::replace(&mut seen[at], true) {
                return Err(A::Error::custom(format_args!("the tensor `{name}` is there twice")));
            }
            let Read { shape, entries } = map.next_value::<Read<P::Scalar>>()?;
            parts[at].check_shape(&shape).map_err(A::Error::custom)?;
            let range = parts[at].range.clone();
            if entries.len() != range.len() {
                let (found, expected) = (entries.len(), range.len());
                let message =
                    format_args!("`{name}` has {found} entries, its shape {shape:?} has {expected}");
                return Err(A::Error::custom(message));
            }
            parameters.as_mut_slice()[range].copy_from_slice(&entries);
        }
        match seen.iter().position(|seen| !seen) {
            Some(at) => Err(A::Error::custom(parts[at].missing())),
            None => Ok(parameters),
        }
    }
}
