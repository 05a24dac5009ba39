//! A lowered graph and its derivatives, of first and second order.

use gradsmith_compiler::diff;
use gradsmith_compiler::ir::{Graph, NodeId, Number, Tensor};

/// A scalar, and its derivatives by some nodes.
#[derive(Clone, Debug)]
pub struct Derivatives {
    /// The graph.
    pub graph: Graph,
    /// The scalar.
    pub value: NodeId,
    /// The nodes differentiated by.
    pub wrt: Vec<NodeId>,
    /// The gradients, each of the shape of its node.
    pub gradient: Vec<NodeId>,
}

impl Derivatives {
    /// Differentiates `value` by `wrt`.
    #[must_use]
    pub fn of(mut graph: Graph, value: NodeId, wrt: &[NodeId]) -> Self {
        let gradient = diff::gradient(&mut graph, value, wrt);
        Self { graph, value, wrt: wrt.to_vec(), gradient }
    }

    /// The Hessian-vector product by the `chosen` of the nodes, the direction being one new input for each, in order:
    /// the gradient of ⟨∇f, v⟩. Mixed blocks with nodes not chosen are left out.
    pub fn product(&mut self, chosen: &[usize]) -> Vec<NodeId> {
        let mut terms = Vec::new();
        for &k in chosen {
            let gradient = self.graph.whole(self.gradient[k]);
            let shape = self.graph.shape(self.wrt[k]).to_vec();
            let direction = self.graph.input(&format!("direction {k}"), &shape);
            let direction = Tensor::new(direction, gradient.indices.clone());
            let factors = [(gradient, Number::ONE), (direction, Number::ONE)];
            let inner = self.graph.contract(Number::ONE, &factors, &[]);
            terms.push((Number::ONE, Tensor::new(inner, Vec::new())));
        }
        let along = self.graph.sum_as(&terms, &[]);
        let wrt: Vec<NodeId> = chosen.iter().map(|&k| self.wrt[k]).collect();
        diff::gradient(&mut self.graph, along, &wrt)
    }
}
