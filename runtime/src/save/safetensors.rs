//! Files of the format safetensors: a table of names, types, shapes and places, then the numbers.

use std::io;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::{Part, parts, unknown};
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::parameters::Parameters;

/// Writes all parameters, tensor by tensor, in their own precision.
///
/// # Errors
/// What `to` returns.
///
/// ```
/// # use gradsmith_runtime::{Parameters, TensorSpec};
/// # #[derive(Debug, PartialEq)]
/// # struct XorParameters([f32; 3]);
/// # impl Parameters for XorParameters {
/// #     type Scalar = f32;
/// #     const TENSORS: &'static [TensorSpec] = &[TensorSpec::new("w1", 0, &[1, 2]), TensorSpec::new("b1", 2, &[1])];
/// #     fn zeros() -> Self { Self([0.0; 3]) }
/// #     fn as_slice(&self) -> &[f32] { &self.0 }
/// #     fn as_mut_slice(&mut self) -> &mut [f32] { &mut self.0 }
/// # }
/// use gradsmith_runtime::save::{read_safetensors, write_safetensors};
///
/// let parameters = XorParameters::from_slice(&[0.5, -1.0, 2.0])?;
/// let mut file = Vec::new();
/// write_safetensors(&parameters, &mut file)?;
///
/// let mut read = XorParameters::zeros();
/// read_safetensors(&mut read, &file)?;
/// assert_eq!(read, parameters);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_safetensors<P: Parameters>(parameters: &P, mut to: impl io::Write) -> io::Result<()> {
    to.write_all(&file(parameters).map_err(io::Error::other)?)
}

fn file<P: Parameters>(parameters: &P) -> Result<Vec<u8>, Error> {
    let parts = parts::<P>(parameters.len())?;
    let numbers = parameters.as_slice();
    let bytes: Vec<Vec<u8>> = parts.iter().map(|part| bytes_of(&numbers[part.range.clone()])).collect();
    let views = parts.iter().zip(&bytes).map(|(part, bytes)| {
        TensorView::new(dtype::<P::Scalar>(), part.shape.clone(), bytes).map(|view| (part.name, view))
    });
    let views = views.collect::<Result<Vec<_>, _>>().map_err(format)?;
    serialize(views, None).map_err(format)
}

/// Reads all parameters from the bytes of a file. Whatever they are, it does not panic; and nothing is changed
/// where something is refused. That numbers are finite is not asked:
/// [`check_finite`](Parameters::check_finite) does.
///
/// # Errors
/// [`Error::Format`] for what is no such file, [`Error::MissingTensor`], [`Error::UnknownTensor`],
/// [`Error::TensorShape`] and [`Error::NumberType`] for one of other parameters, with the tensor's name.
pub fn read_safetensors<P: Parameters>(parameters: &mut P, bytes: &[u8]) -> Result<(), Error> {
    let file = SafeTensors::deserialize(bytes).map_err(format)?;
    let parts = parts::<P>(parameters.len())?;
    let is_known = |name: &str| parts.iter().any(|part| part.name == name);
    // Names come in no order, but a message must be the same each time.
    if let Some(name) = file.names().into_iter().filter(|name| !is_known(name)).min() {
        return Err(unknown(name, &parts));
    }
    let views = parts.iter().map(|part| view::<P::Scalar>(&file, part)).collect::<Result<Vec<_>, _>>()?;
    for (part, view) in parts.iter().zip(views) {
        read_numbers(view.data(), &mut parameters.as_mut_slice()[part.range.clone()]);
    }
    Ok(())
}

/// A tensor of the file, if it is of the type and shape of this part.
fn view<'f, T: Scalar>(file: &SafeTensors<'f>, part: &Part) -> Result<TensorView<'f>, Error> {
    let view = file.tensor(part.name).map_err(|_| part.missing())?;
    if view.dtype() != dtype::<T>() {
        let found = format!("{:?}", view.dtype()).to_lowercase();
        return Err(Error::NumberType { tensor: part.name.to_owned(), expected: T::NAME, found });
    }
    part.check_shape(view.shape())?;
    Ok(view)
}

fn format(error: safetensors::SafeTensorError) -> Error {
    Error::Format { format: "safetensors file", reason: error.to_string() }
}

fn is_double<T: Scalar>() -> bool {
    size_of::<T>() == 8
}

fn dtype<T: Scalar>() -> Dtype {
    if is_double::<T>() { Dtype::F64 } else { Dtype::F32 }
}

/// The numbers one after the other, the lowest byte first.
fn bytes_of<T: Scalar>(numbers: &[T]) -> Vec<u8> {
    let numbers = numbers.iter().map(|number| number.to_f64());
    if is_double::<T>() {
        numbers.flat_map(f64::to_le_bytes).collect()
    } else {
        numbers.flat_map(|number| (number as f32).to_le_bytes()).collect()
    }
}

/// As many numbers as there are places for; the type has been checked, and the length with the shape.
fn read_numbers<T: Scalar>(bytes: &[u8], to: &mut [T]) {
    if is_double::<T>() {
        for (number, bytes) in to.iter_mut().zip(bytes.as_chunks().0) {
            *number = T::from_f64(f64::from_le_bytes(*bytes));
        }
    } else {
        for (number, bytes) in to.iter_mut().zip(bytes.as_chunks().0) {
            *number = T::from_f64(f64::from(f32::from_le_bytes(*bytes)));
        }
    }
}
