//! The road from a lowered graph to what is planned and printed: stabilise, differentiate, simplify.

pub mod batch;
mod constraints;
mod cost;
mod derivatives;
mod network;
mod objective;
mod second_order;
pub mod steps;

pub use constraints::{ConstraintProgram, ConstraintsProgram};
pub use cost::{CostProgram, Shares, TensorPartial, cost};
pub use derivatives::Derivatives;
pub use network::{EXAMPLE_WEIGHTS, NetworkProgram, Written, network, weighted_network};
pub use objective::{ObjectiveProgram, PartLogs, ResidualProgram, locals, objective};
pub use second_order::{NetworkProducts, network_products};

use crate::ir::{Graph, NodeId, Number, Tensor};
use crate::lower::Role;

/// A derivative, ready to be planned or printed.
#[derive(Clone, Debug)]
pub struct Partial {
    /// What it is taken by.
    pub name: String,
    /// That node.
    pub by: NodeId,
    /// Weight, bias or neither.
    pub role: Role,
    /// The derivative.
    pub node: NodeId,
}

/// The sum of scalars.
#[must_use]
pub fn total(g: &mut Graph, nodes: &[NodeId]) -> NodeId {
    let terms: Vec<_> = nodes.iter().map(|&n| (Number::ONE, Tensor::new(n, Vec::new()))).collect();
    g.sum_as(&terms, &[])
}
