//! The training data as mini-batches.

use std::ops::{ControlFlow, Range};

use super::data::Batch;
use super::evaluate::MeanCost;
use super::together::Together;
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
    /// Where ranks share the examples: these are then numbered over all of them.
    pub(super) together: Option<Together<'n, N::Scalar>>,
    /// The rows of a batch that are here.
    here: Vec<usize>,
}

impl<'n, 'd, N: Network> Batches<'n, 'd, N> {
    pub(super) fn new(
        network: &'n N,
        data: Data<'d, N::Scalar>,
        size: usize,
        order: Order,
        mut together: Option<Together<'n, N::Scalar>>,
    ) -> Self {
        let shuffled = order == Order::Shuffled;
        // Rows of weight 0 are in no batch.
        let order: Vec<usize> = match &mut together {
            Some(together) => together.take_examples(),
            None if shuffled || data.weights().is_some() => data.list(),
            None => Vec::new(),
        };
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
            here: Vec::with_capacity(if together.is_some() { size } else { 0 }),
            together,
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
            let ControlFlow::Continue((cost, weight)) = self.gradient(range, parameters)? else {
                return Ok(ControlFlow::Break(()));
            };
            if !cost.total().is_finite() {
                let cause = parameters.check_finite().err().map(Box::new);
                return Err(Error::Diverged { epoch, batch: Some(batch), cost: cost.total(), cause });
            }
            let flow = step(batch, cost, parameters, &mut self.gradient);
            match &mut self.together {
                // The others hear of it at the next exchange.
                Some(together) => match flow {
                    Ok(ControlFlow::Continue(())) => {}
                    other => together.leave(other.map(|_| ())),
                },
                None if flow?.is_break() => return Ok(ControlFlow::Break(())),
                None => {}
            }
            sum.add(cost, weight);
            total += weight;
        }
        if let Some(together) = &mut self.together
            && together.agree()?.is_break()
        {
            return Ok(ControlFlow::Break(()));
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

    /// Cost, weight and gradient of the examples at these places of the order; breaks where another rank breaks off.
    fn gradient(
        &mut self,
        range: Range<usize>,
        parameters: &N::Parameters,
    ) -> Result<ControlFlow<(), (CostValue<f64>, f64)>, Error> {
        let Self { network, data, order, batch, workspace, gradient, together, here, .. } = self;
        let Some(together) = together else {
            let part = if order.is_empty() {
                batch.stretch(data, range)
            } else {
                batch.gathered(data, &order[range])
            };
            let cost = part.value_and_gradient(*network, parameters, workspace, gradient)?.to_f64();
            return Ok(ControlFlow::Continue((cost, part.weight())));
        };
        together.mine(&order[range], here);
        let mut found = None;
        if !here.is_empty() && !together.leaves() {
            let part = batch.gathered(data, here);
            match part.value_and_gradient(*network, parameters, workspace, gradient) {
                Ok(cost) => found = Some((cost, part.weight())),
                Err(error) => together.leave(Err(error)),
            }
        }
        together.sum(found, gradient)
    }
}
