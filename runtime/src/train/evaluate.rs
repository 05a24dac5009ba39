//! Costs and metrics of whole data sets, in chunks of rows, so that the workspace stays small.

use std::fmt;

use ndarray::{Array2, ArrayView2, s};

use super::Data;
use super::data::{Batch, Part};
use crate::error::Error;
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
    buffers: Option<Buffers<N>>,
}

/// What a chunk needs, for `rows` rows.
struct Buffers<N: Network> {
    workspace: N::Workspace,
    outputs: Array2<N::Scalar>,
    /// Rows that do not lie in the data as a network takes them.
    batch: Batch<N::Scalar>,
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
        let (sum, total) = self.cost_sum(network, parameters, data)?;
        Ok(sum.over(total))
    }

    /// The costs of all examples together, and what these weigh.
    pub(super) fn cost_sum(
        &mut self,
        network: &N,
        parameters: &N::Parameters,
        data: Data<'_, N::Scalar>,
    ) -> Result<(MeanCost, f64), Error> {
        let (mut mean, mut total) = (MeanCost::default(), 0.0);
        self.chunks(network, data, |part, workspace, _| {
            mean.add(part.value(network, parameters, workspace)?.to_f64(), part.weight());
            total += part.weight();
            Ok(())
        })?;
        Ok((mean, total))
    }

    /// The metric of the network's outputs for `data`: the mean over its rows, by their weights where they have some.
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
        let (sum, total) = self.metric_sum(network, parameters, metric, data)?;
        Ok(sum / total)
    }

    /// The metric of all rows together, and what these weigh.
    pub(super) fn metric_sum(
        &mut self,
        network: &N,
        parameters: &N::Parameters,
        metric: Metric<N::Scalar>,
        data: Data<'_, N::Scalar>,
    ) -> Result<(f64, f64), Error> {
        let (mut sum, mut total) = (Total::ZERO, 0.0);
        self.chunks(network, data, |part, workspace, outputs| {
            let mut outputs = outputs.slice_mut(s![..part.x.nrows(), ..]);
            network.predict_into(parameters, part.x, workspace, outputs.view_mut())?;
            total += part.weight();
            for (rows, weight) in part.runs() {
                let (a, y) = (outputs.slice(s![rows.clone(), ..]), part.y.slice(s![rows.clone(), ..]));
                sum.add(metric(a, y)? * (weight * rows.len() as f64));
            }
            Ok(())
        })?;
        Ok((sum.sum(), total))
    }

    /// Calls `each` with one chunk of rows after the other, of those that count.
    fn chunks(
        &mut self,
        network: &N,
        data: Data<'_, N::Scalar>,
        mut each: impl FnMut(Part<'_, N::Scalar>, &mut N::Workspace, &mut Array2<N::Scalar>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        data.check::<N>()?;
        let rows = self.rows;
        let Buffers { workspace, outputs, batch } = self.buffers.get_or_insert_with(|| Buffers {
            workspace: network.workspace(rows),
            outputs: Array2::from_elem((rows, N::OUTPUTS), N::Scalar::ZERO),
            batch: Batch::default(),
        });
        let gathered = if data.weights().is_some() { rows } else { 0 };
        batch.grow::<N>(gathered, rows, &data);
        if data.weights().is_none() {
            for start in (0..data.rows()).step_by(rows) {
                let range = start..data.rows().min(start + rows);
                each(batch.stretch(&data, range), workspace, outputs)?;
            }
            return Ok(());
        }
        for chunk in data.list().chunks(rows) {
            each(batch.gathered(&data, chunk), workspace, outputs)?;
        }
        Ok(())
    }
}

/// The mean of what batches cost, each by its weight.
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
    /// Adds a batch of this weight: its rows, where they have none.
    pub(super) fn add(&mut self, cost: CostValue<f64>, weight: f64) {
        let CostValue { data, penalty } = cost.scale(weight);
        self.data.add(data);
        self.penalty.add(penalty);
    }

    /// The sums: of the data part, and of the penalty.
    pub(super) fn sums(&self) -> [f64; 2] {
        [self.data.sum(), self.penalty.sum()]
    }

    /// The mean, over this weight.
    pub(super) fn over(self, weight: f64) -> CostValue<f64> {
        CostValue { data: self.data.sum(), penalty: self.penalty.sum() }.scale(1.0 / weight)
    }
}
