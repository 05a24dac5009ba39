//! What a network is to a training loop: parameters in one buffer, a workspace per batch size, a value and
//! its gradient.
//!
//! `#[derive(Network)]` implements both traits; a network written by hand may, and then trains with the same
//! [`Trainer`](crate::train::Trainer). Shapes throughout: inputs `x` are m × [`INPUTS`](Network::INPUTS),
//! targets `y` and outputs m × [`OUTPUTS`](Network::OUTPUTS), a row an example.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::cost::CostValue;
use crate::error::{Error, check_length};
use crate::optim::{Optimizer, Sgd};
use crate::rng::Init;
use crate::scalar::Scalar;

/// One named tensor within a parameter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The name in the formulas: `w1`, `b1`.
    pub name: &'static str,
    /// Where its first entry stands in the buffer.
    pub offset: usize,
    /// Its extents: `[units, inputs]` for a weight, `[units]` for a bias. Entries are stored row by row.
    pub shape: &'static [usize],
}

impl Tensor {
    /// A tensor of this name and shape, from the entry `offset` of the buffer on.
    #[must_use]
    pub const fn new(name: &'static str, offset: usize, shape: &'static [usize]) -> Self {
        Self { name, offset, shape }
    }

    /// How many entries it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        let (mut product, mut axis) = (1, 0);
        while axis < self.shape.len() {
            product *= self.shape[axis];
            axis += 1;
        }
        product
    }

    /// Whether it has no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All parameters of a network in ONE contiguous buffer, which is what an optimiser, a checkpoint or a solver
/// from another crate sees. A gradient has the same type: entry i of it belongs to entry i of the parameters.
pub trait Parameters: Sized {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// The tensors in the order in which they lie in the buffer, for reports that name them; empty if the
    /// buffer has no names.
    const TENSORS: &'static [Tensor] = &[];

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
    fn locate(index: usize) -> Option<(Tensor, Vec<usize>)> {
        let tensor = Self::TENSORS.iter().find(|t| (t.offset..t.offset + t.len()).contains(&index))?;
        Some((*tensor, crate::error::unravel(index - tensor.offset, tensor.shape)))
    }

    /// Checks that every entry is finite.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for the first entry that is not, with the tensor's name where there is one, else
    /// `parameters`.
    fn check_finite(&self) -> Result<(), Error> {
        let flat = match crate::error::check_finite("parameters", ndarray::aview1(self.as_slice())) {
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

/// A network with one input and a cost: what a training loop needs of it.
///
/// The implementor holds the hyper-parameters of its cost; parameters and workspace are handed in, so one
/// network serves many threads. A workspace that was made for a batch of m rows takes any batch of 1 to m
/// rows, which is how a short last batch works.
pub trait Network {
    /// The precision: `f32` or `f64`.
    type Scalar: Scalar;

    /// The parameters, and the gradient by them.
    type Parameters: Parameters<Scalar = Self::Scalar>;

    /// Activations and other intermediate results of one batch.
    type Workspace;

    /// How many inputs an example has: the columns of `x`.
    const INPUTS: usize;

    /// How many outputs it has: the columns of `y`.
    const OUTPUTS: usize;

    /// Parameters to start from, drawn from the distribution that `init` names. The same seed gives the same
    /// parameters on every machine.
    fn init(init: Init, seed: u64) -> Self::Parameters;

    /// Room for batches of 1 to `batch` rows. The only allocation; what takes the workspace allocates
    /// nothing.
    fn workspace(&self, batch: usize) -> Self::Workspace;

    /// Writes the output activations of `x` to `out`, m × [`OUTPUTS`](Self::OUTPUTS).
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::ShapeMismatch`] for `x` or `out`, [`Error::WorkspaceTooSmall`].
    fn predict_into(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        workspace: &mut Self::Workspace,
        out: ArrayViewMut2<'_, Self::Scalar>,
    ) -> Result<(), Error>;

    /// The output activations of `x`, in a new array. Makes a workspace of its own: for single questions, not
    /// for loops.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::ShapeMismatch`] for `x`.
    fn predict(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
    ) -> Result<Array2<Self::Scalar>, Error> {
        let rows = x.nrows();
        let mut out = Array2::from_elem((rows, Self::OUTPUTS), Self::Scalar::ZERO);
        self.predict_into(parameters, x, &mut self.workspace(rows), out.view_mut())?;
        Ok(out)
    }

    /// The cost of the batch: the mean of its examples' data cost, and the penalty once.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::ShapeMismatch`] for `x` or `y`, [`Error::WorkspaceTooSmall`].
    fn value(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        workspace: &mut Self::Workspace,
    ) -> Result<CostValue<Self::Scalar>, Error>;

    /// The cost of the batch, and its total derivative by every parameter: what back-propagation brings (δ
    /// aᵀ) and the direct part of the penalties. `gradient` is overwritten.
    ///
    /// # Errors
    /// Those of [`value`](Self::value).
    fn value_and_gradient(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        workspace: &mut Self::Workspace,
        gradient: &mut Self::Parameters,
    ) -> Result<CostValue<Self::Scalar>, Error>;

    /// One step of gradient descent on the batch, θ ← θ − η ∂C/∂θ, and the cost before it: the same as
    /// [`value_and_gradient`](Self::value_and_gradient) followed by [`Sgd`]. A derived network
    /// folds gradient, penalty and step into one pass over each weight matrix, and allocates nothing; the default
    /// allocates a gradient.
    ///
    /// # Errors
    /// Those of [`value`](Self::value), and [`Error::InvalidOption`] unless η is finite and greater than 0. The
    /// parameters are then what they were.
    fn sgd_step(
        &self,
        parameters: &mut Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        workspace: &mut Self::Workspace,
        learning_rate: f64,
    ) -> Result<CostValue<Self::Scalar>, Error> {
        let mut sgd = Sgd::new(learning_rate)?;
        let mut gradient = Self::Parameters::zeros();
        let cost = self.value_and_gradient(parameters, x, y, workspace, &mut gradient)?;
        sgd.step(parameters.as_mut_slice(), gradient.as_slice())?;
        Ok(cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair([f64; 8]);

    impl Parameters for Pair {
        type Scalar = f64;
        const TENSORS: &'static [Tensor] = &[
            Tensor { name: "w1", offset: 0, shape: &[2, 3] },
            Tensor { name: "b1", offset: 6, shape: &[2] },
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
