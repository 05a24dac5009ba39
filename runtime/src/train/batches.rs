//! The training data as mini-batches.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, s};

use super::evaluate::MeanCost;
use super::{Data, Order};
use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::cost::CostValue;
use crate::model::network::Network;
use crate::model::parameters::Parameters;
use crate::rng::Rng;

/// The training data as mini-batches, and the buffers that a step reuses.
pub(super) struct Batches<'n, 'd, N: Network> {
    network: &'n N,
    data: Data<'d, N::Scalar>,
    size: usize,
    /// The order of the examples; empty if they are taken as given.
    order: Vec<usize>,
    /// One batch of gathered rows; empty if they are taken as given.
    x: Array2<N::Scalar>,
    y: Array2<N::Scalar>,
    workspace: N::Workspace,
    gradient: N::Parameters,
}

impl<'n, 'd, N: Network> Batches<'n, 'd, N> {
    pub(super) fn new(network: &'n N, data: Data<'d, N::Scalar>, size: usize, order: Order) -> Self {
        let size = size.min(data.rows());
        let gathered = if order == Order::Shuffled { size } else { 0 };
        let buffer = |columns| Array2::from_elem((gathered, columns), N::Scalar::ZERO);
        Self {
            network,
            data,
            size,
            order: if order == Order::Shuffled { (0..data.rows()).collect() } else { Vec::new() },
            x: buffer(N::INPUTS),
            y: buffer(N::OUTPUTS),
            workspace: network.workspace(size),
            gradient: N::Parameters::zeros(),
        }
    }

    pub(super) fn per_epoch(&self) -> usize {
        self.data.rows().div_ceil(self.size)
    }

    pub(super) fn reorder(&mut self, rng: &mut Rng) {
        rng.shuffle(&mut self.order);
    }

    /// One epoch: cost and gradient of each mini-batch, for `step` to make a step of, which may break off.
    /// Returns the mean cost over the examples, each met before its step.
    pub(super) fn run(
        &mut self,
        epoch: usize,
        parameters: &mut N::Parameters,
        mut step: impl FnMut(
            usize,
            CostValue<f64>,
            &mut N::Parameters,
            &mut N::Parameters,
        ) -> Result<ControlFlow<()>, Error>,
    ) -> Result<ControlFlow<(), CostValue<f64>>, Error> {
        let rows = self.data.rows();
        let mut sum = MeanCost::default();
        for (batch, start) in (0..rows).step_by(self.size).enumerate() {
            let range = start..rows.min(start + self.size);
            let count = range.len();
            let (x, y) = if self.order.is_empty() {
                (self.data.x.slice(s![range.clone(), ..]), self.data.y.slice(s![range, ..]))
            } else {
                gather(&mut self.x, self.data.x, &self.order[range.clone()]);
                gather(&mut self.y, self.data.y, &self.order[range]);
                (self.x.slice(s![..count, ..]), self.y.slice(s![..count, ..]))
            };
            let (workspace, gradient) = (&mut self.workspace, &mut self.gradient);
            let cost = self.network.value_and_gradient(parameters, x, y, workspace, gradient)?.to_f64();
            if !cost.total().is_finite() {
                let cause = parameters.check_finite().err().map(Box::new);
                return Err(Error::Diverged { epoch, batch: Some(batch), cost: cost.total(), cause });
            }
            if step(batch, cost, parameters, gradient)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            sum.add(cost, count);
        }
        let mean = sum.over(rows);
        // A cost can stay finite while parameters overflow: a sigmoid saturates and hides it.
        parameters.check_finite().map_err(|cause| Error::Diverged {
            epoch,
            batch: None,
            cost: mean.total(),
            cause: Some(Box::new(cause)),
        })?;
        Ok(ControlFlow::Continue(mean))
    }
}

/// Copies the rows of `from` that `rows` names to the top of `to`.
fn gather<T: Scalar>(to: &mut Array2<T>, from: ArrayView2<'_, T>, rows: &[usize]) {
    for (mut to, &row) in to.rows_mut().into_iter().zip(rows) {
        to.assign(&from.row(row));
    }
}
