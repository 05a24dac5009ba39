//! What a network is to a training loop: parameters, a workspace per batch size, a value and its gradient.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::error::Error;
use crate::kernel::checks::{check_finite, check_finite_scalar};
use crate::kernel::matrix::Mat;
use crate::kernel::scalar::Scalar;
use crate::model::cost::CostValue;
use crate::model::init::Init;
use crate::model::parameters::Parameters;
use crate::model::weighted;
use crate::optim::{Optimizer, Sgd};

/// A network with one input and a cost: what a training loop needs of it.
///
/// `#[derive(Network)]` implements it; a network written by hand may, and then trains with the same
/// [`Trainer`](crate::train::Trainer). Shapes throughout: inputs `x` are m × [`INPUTS`](Network::INPUTS),
/// targets `y` and outputs m × [`OUTPUTS`](Network::OUTPUTS), a row an example.
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

    /// A workspace for batches of 1 to `batch` rows. The only allocation; what takes the workspace allocates
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

    /// The cost of the batch where examples have weights: its data part is Σᵢ ωᵢ cᵢ / Σᵢ ωᵢ, `weights` being ω, and the
    /// penalty counts once. So weights of 1 give [`value`](Self::value), and a mask is weights of 0 and 1: of an
    /// example of weight 0 nothing is read, be it NaN.
    ///
    /// # Errors
    /// Those of [`value`](Self::value); [`Error::ShapeMismatch`] if there are not m weights, [`Error::ExampleWeight`] for
    /// one that is negative, NaN or infinite, [`Error::NoWeight`] if all are 0.
    fn value_weighted(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        weights: &[Self::Scalar],
        workspace: &mut Self::Workspace,
    ) -> Result<CostValue<Self::Scalar>, Error> {
        weighted::value(self, parameters, (x, y), weights, workspace)
    }

    /// The cost of the batch where examples have weights, as [`value_weighted`](Self::value_weighted) has it, and its
    /// total derivative by every parameter. `gradient` is overwritten.
    ///
    /// Rows of one weight that follow each other are a pass of
    /// [`value_and_gradient`](Self::value_and_gradient), so that few weights, sorted, take little more than none; where
    /// there are several such runs, a second gradient is allocated.
    ///
    /// # Errors
    /// Those of [`value_weighted`](Self::value_weighted).
    fn value_and_gradient_weighted(
        &self,
        parameters: &Self::Parameters,
        x: ArrayView2<'_, Self::Scalar>,
        y: ArrayView2<'_, Self::Scalar>,
        weights: &[Self::Scalar],
        workspace: &mut Self::Workspace,
        gradient: &mut Self::Parameters,
    ) -> Result<CostValue<Self::Scalar>, Error> {
        weighted::value_and_gradient(self, parameters, (x, y), weights, workspace, gradient)
    }

    /// One step of gradient descent on the batch, θ ← θ − η ∂C/∂θ, and the cost before it: the same as
    /// [`value_and_gradient`](Self::value_and_gradient) followed by [`Sgd`]. A derived network
    /// folds gradient, penalty and step into one pass over each weight matrix, and allocates nothing; the
    /// default allocates a gradient.
    ///
    /// # Errors
    /// Those of [`value`](Self::value), and [`Error::InvalidOption`] unless η is finite and greater than 0.
    /// The parameters are then what they were.
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

/// The cost of a batch, if it is finite.
///
/// # Errors
/// [`Error::NonFinite`] where it is not, at the first entry that is not finite of the inputs (name, entries
/// row by row, columns), else of the parameters, else at the cost itself.
#[inline]
pub fn finite_cost<T: Scalar, P: Parameters<Scalar = T>>(
    data: T,
    penalty: T,
    inputs: &[(&'static str, &[T], usize)],
    parameters: &P,
) -> Result<CostValue<T>, Error> {
    let cost = CostValue { data, penalty };
    if !cost.total().is_finite() {
        all_finite(cost.total(), inputs, parameters)?;
    }
    Ok(cost)
}

#[cold]
fn all_finite<T: Scalar, P: Parameters<Scalar = T>>(
    cost: T,
    inputs: &[(&'static str, &[T], usize)],
    parameters: &P,
) -> Result<(), Error> {
    for &(name, entries, columns) in inputs {
        let rows = entries.len().checked_div(columns).unwrap_or(0);
        check_finite(name, Mat::rows(&entries[..rows * columns], rows, columns).view())?;
    }
    parameters.check_finite()?;
    check_finite_scalar("cost", cost)
}
