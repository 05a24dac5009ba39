//! The training data as mini-batches.

use std::ops::ControlFlow;

use super::data::Batch;
use super::evaluate::MeanCost;
use super::{Data, Order};
use crate::error::Error;
use crate::model::cost::CostValue;
use crate::model::network::Network;
use crate::model::parameters::Parameters;
use crate::rng::Rng;

/// The training data as mini-batches, and the buffers that a step reuses.
pub(super) struct Batches<'n, 'd, N: Network> {
    network: &'n N,
    data: Data<'d, N::Scalar>,
    size: usize,
    /// The order of the examples that count; empty if they are taken as given.
    order: Vec<usize>,
    shuffled: bool,
    /// One batch of gathered rows, where they are gathered.
    batch: Batch<N::Scalar>,
    workspace: N::Workspace,
    gradient: N::Parameters,
}

impl<'n, 'd, N: Network> Batches<'n, 'd, N> {
    pub(super) fn new(network: &'n N, data: Data<'d, N::Scalar>, size: usize, order: Order) -> Self {
        let shuffled = order == Order::Shuffled;
        // Rows of weight 0 are in no batch.
        let order: Vec<usize> = if shuffled || data.weights().is_some() { data.list() } else { Vec::new() };
        let size = size.min(if order.is_empty() { data.rows() } else { order.len() });
        Self {
            network,
            data,
            size,
            batch: Batch::new::<N>(if order.is_empty() { 0 } else { size }, size, &data),
            order,
            shuffled,
            workspace: network.workspace(size),
            gradient: N::Parameters::zeros(),
        }
    }

    /// How many examples an epoch sees.
    fn rows(&self) -> usize {
        if self.order.is_empty() { self.data.rows() } else { self.order.len() }
    }

    pub(super) fn per_epoch(&self) -> usize {
        self.rows().div_ceil(self.size)
    }

    pub(super) fn reorder(&mut self, rng: &mut Rng) {
        if self.shuffled {
            rng.shuffle(&mut self.order);
        }
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
        let rows = self.rows();
        let (mut sum, mut total) = (MeanCost::default(), 0.0);
        for (batch, start) in (0..rows).step_by(self.size).enumerate() {
            let range = start..rows.min(start + self.size);
            let part = if self.order.is_empty() {
                self.batch.stretch(&self.data, range)
            } else {
                self.batch.gathered(&self.data, &self.order[range])
            };
            let (workspace, gradient) = (&mut self.workspace, &mut self.gradient);
            let cost = part.value_and_gradient(self.network, parameters, workspace, gradient)?.to_f64();
            if !cost.total().is_finite() {
                let cause = parameters.check_finite().err().map(Box::new);
                return Err(Error::Diverged { epoch, batch: Some(batch), cost: cost.total(), cause });
            }
            if step(batch, cost, parameters, gradient)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            sum.add(cost, part.weight());
            total += part.weight();
        }
        let mean = sum.over(total);
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
