//! Costs and metrics of whole data sets, in chunks of rows, so that the workspace stays small.

use std::fmt;

use ndarray::{Array2, ArrayView2, s};

use super::Data;
use crate::error::Error;
use crate::kernel::checks::check_extent;
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::Total;
use crate::model::cost::CostValue;
use crate::model::network::Network;

/// What can be measured on outputs and targets, both m × outputs: a mean over the rows, as
/// [`accuracy`](crate::metrics::accuracy) is. Larger is better.
pub type Metric<T> = fn(ArrayView2<'_, T>, ArrayView2<'_, T>) -> Result<f64, Error>;

/// The rows of a chunk, where a mini-batch has fewer: enough to keep the contractions busy.
const CHUNK: usize = 256;

/// Evaluates a network on data sets of any size. Its buffers are allocated by the first evaluation and used
/// by all that follow.
pub struct Evaluator<N: Network> {
    rows: usize,
    /// A workspace and an array of outputs, both for `rows` rows.
    buffers: Option<(N::Workspace, Array2<N::Scalar>)>,
}

/// How many rows at a time: the buffers say nothing.
impl<N: Network> fmt::Debug for Evaluator<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<N: Network> Evaluator<N> {
    /// Goes through data in chunks of `rows` rows, or of 256 if that is more.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self { rows: rows.max(CHUNK), buffers: None }
    }

    /// The cost on `data`: the mean data cost of all examples, and the penalty once.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for data that the network cannot take.
    pub fn cost(
        &mut self,
        network: &N,
        parameters: &N::Parameters,
        data: Data<'_, N::Scalar>,
    ) -> Result<CostValue<f64>, Error> {
        let mut mean = MeanCost::default();
        self.chunks(network, data, |x, y, workspace, _| {
            mean.add(network.value(parameters, x, y, workspace)?.to_f64(), x.nrows());
            Ok(())
        })?;
        Ok(mean.over(data.rows()))
    }

    /// The metric of the network's outputs for `data`: the mean over its chunks, weighted by their rows.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for data that the network cannot take, and what the metric returns.
    pub fn metric(
        &mut self,
        network: &N,
        parameters: &N::Parameters,
        metric: Metric<N::Scalar>,
        data: Data<'_, N::Scalar>,
    ) -> Result<f64, Error> {
        let mut sum = Total::ZERO;
        self.chunks(network, data, |x, y, workspace, outputs| {
            let mut outputs = outputs.slice_mut(s![..x.nrows(), ..]);
            network.predict_into(parameters, x, workspace, outputs.view_mut())?;
            sum.add(metric(outputs.view(), y)? * x.nrows() as f64);
            Ok(())
        })?;
        Ok(sum.sum() / data.rows() as f64)
    }

    /// Calls `each` with one chunk of rows after the other.
    fn chunks<T: Scalar>(
        &mut self,
        network: &N,
        data: Data<'_, T>,
        mut each: impl FnMut(
            ArrayView2<'_, T>,
            ArrayView2<'_, T>,
            &mut N::Workspace,
            &mut Array2<N::Scalar>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_extent("x", 1, N::INPUTS, data.x().ncols())?;
        check_extent("y", 1, N::OUTPUTS, data.y().ncols())?;
        let rows = self.rows;
        let (workspace, outputs) = self.buffers.get_or_insert_with(|| {
            (network.workspace(rows), Array2::from_elem((rows, N::OUTPUTS), N::Scalar::ZERO))
        });
        for start in (0..data.rows()).step_by(rows) {
            let range = start..data.rows().min(start + rows);
            let (x, y) = (data.x(), data.y());
            each(x.slice(s![range.clone(), ..]), y.slice(s![range, ..]), workspace, outputs)?;
        }
        Ok(())
    }
}

/// The mean of what batches cost, each weighted by its rows.
pub(super) struct MeanCost {
    data: Total<f64>,
    penalty: Total<f64>,
}

impl Default for MeanCost {
    fn default() -> Self {
        Self { data: Total::ZERO, penalty: Total::ZERO }
    }
}

impl MeanCost {
    /// Adds a batch of `rows` rows.
    pub(super) fn add(&mut self, cost: CostValue<f64>, rows: usize) {
        let CostValue { data, penalty } = cost.scale(rows as f64);
        self.data.add(data);
        self.penalty.add(penalty);
    }

    /// The mean, of so many rows.
    pub(super) fn over(self, rows: usize) -> CostValue<f64> {
        CostValue { data: self.data.sum(), penalty: self.penalty.sum() }.scale(1.0 / rows as f64)
    }
}
