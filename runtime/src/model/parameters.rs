//! The parameters of a network: one buffer, and what is asked of it by the tensors in it.

use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;
use crate::tensors::TensorSpec;

/// All parameters of a network in ONE contiguous buffer, which is what an optimiser, a checkpoint or a solver
/// from another crate sees. A gradient has the same type: entry i of it belongs to entry i of the parameters.
pub trait Parameters: Sized {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// The tensors in the order in which they lie in the buffer, for reports that name them; empty if the
    /// buffer has no names.
    const TENSORS: &'static [TensorSpec] = &[];

    /// All entries zero.
    fn zeros() -> Self;

    /// The buffer.
    fn as_slice(&self) -> &[Self::Scalar];

    /// The buffer, to be written to.
    fn as_mut_slice(&mut self) -> &mut [Self::Scalar];

    /// How many parameters there are.
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Parameters with these entries, such as a checkpoint holds.
    ///
    /// # Errors
    /// [`Error::ParameterLength`] if there are too few or too many.
    fn from_slice(entries: &[Self::Scalar]) -> Result<Self, Error> {
        let mut parameters = Self::zeros();
        check_length(parameters.len(), entries.len())?;
        parameters.as_mut_slice().copy_from_slice(entries);
        Ok(parameters)
    }

    /// The tensor to which entry `index` of the buffer belongs, and the place in it; `None` beyond the end or
    /// without names.
    fn locate(index: usize) -> Option<(TensorSpec, Vec<usize>)> {
        let tensor = Self::TENSORS.iter().find(|t| (t.offset..t.offset + t.len()).contains(&index))?;
        Some((*tensor, crate::kernel::checks::unravel(index - tensor.offset, tensor.shape)))
    }

    /// Checks that every entry is finite.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for the first entry that is not, with the tensor's name where there is one, else
    /// `parameters`.
    fn check_finite(&self) -> Result<(), Error> {
        let flat = match crate::kernel::checks::check_finite("parameters", ndarray::aview1(self.as_slice())) {
            Err(Error::NonFinite { index, value, .. }) => (index.first().copied().unwrap_or(0), value),
            other => return other,
        };
        let (tensor, index) = match Self::locate(flat.0) {
            Some((tensor, index)) => (tensor.name, index),
            None => ("parameters", vec![flat.0]),
        };
        Err(Error::NonFinite { tensor: tensor.into(), index, value: flat.1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair([f64; 8]);

    impl Parameters for Pair {
        type Scalar = f64;
        const TENSORS: &'static [TensorSpec] = &[
            TensorSpec { name: "w1", offset: 0, shape: &[2, 3] },
            TensorSpec { name: "b1", offset: 6, shape: &[2] },
        ];

        fn zeros() -> Self {
            Self([0.0; 8])
        }
        fn as_slice(&self) -> &[f64] {
            &self.0
        }
        fn as_mut_slice(&mut self) -> &mut [f64] {
            &mut self.0
        }
    }

    #[test]
    fn locate_names_the_tensor_and_the_place() {
        assert_eq!(Pair::locate(5).map(|(t, at)| (t.name, at)), Some(("w1", vec![1, 2])));
        assert_eq!(Pair::locate(6).map(|(t, at)| (t.name, at)), Some(("b1", vec![0])));
        assert_eq!(Pair::locate(8), None);
    }

    #[test]
    fn check_finite_names_the_tensor_and_the_place() {
        let mut p = Pair::zeros();
        assert_eq!(p.check_finite(), Ok(()));
        p.as_mut_slice()[7] = f64::INFINITY;
        let error = p.check_finite().unwrap_err();
        assert_eq!(error.to_string(), "`b1` is inf at [1]");
    }

    #[test]
    fn from_slice_refuses_another_length() {
        assert_eq!(Pair::from_slice(&[1.0; 8]), Ok(Pair([1.0; 8])));
        assert_eq!(Pair::from_slice(&[1.0; 7]), Err(Error::ParameterLength { expected: 8, found: 7 }));
    }
}
