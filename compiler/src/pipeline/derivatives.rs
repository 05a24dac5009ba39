//! A scalar of any lowered graph with its derivatives: what reference cases are compared with.

use super::total;
use crate::diff;
use crate::ir::{Graph, NodeId, Number, Tensor};
use crate::simplify::{self, Log};

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
    /// The rules that fired.
    pub log: Log,
}

impl Derivatives {
    /// Differentiates `value` by `wrt`.
    #[must_use]
    pub fn of(mut graph: Graph, value: NodeId, wrt: &[NodeId]) -> Self {
        graph.set_data(wrt);
        let (mut roots, before) = simplify::stabilise(&mut graph, &[value]);
        let gradient = diff::gradient(&mut graph, roots[0], wrt);
        roots.extend(gradient);
        let (roots, after) = simplify::simplify(&mut graph, &roots);
        let log = before.then(&after);
        Self { graph, value: roots[0], wrt: wrt.to_vec(), gradient: roots[1..].to_vec(), log }
    }

    /// The Hessian-vector product by the `chosen` of the nodes, the direction being one new input for each,
    /// in order: the gradient of ⟨∇f, v⟩. Mixed blocks with nodes not chosen are left out.
    pub fn hessian_product(&mut self, chosen: &[usize]) -> Vec<NodeId> {
        let mut terms = Vec::new();
        for &k in chosen {
            let gradient = self.graph.whole(self.gradient[k]);
            let shape = self.graph.shape(self.wrt[k]).to_vec();
            let mut name = match self.graph.name(self.wrt[k]) {
                Some(own) if chosen.len() > 1 => format!("v_{own}"),
                _ => "v".to_owned(),
            };
            while self.graph.inputs().iter().any(|i| i.name == name) {
                name.push_str("_2");
            }
            let direction = self.graph.input(&name, &shape);
            let direction = Tensor::new(direction, gradient.indices.clone());
            let factors = [(gradient, Number::ONE), (direction, Number::ONE)];
            let inner = self.graph.contract(Number::ONE, &factors, &[]);
            terms.push(inner);
        }
        let along = total(&mut self.graph, &terms);
        let wrt: Vec<NodeId> = chosen.iter().map(|&k| self.wrt[k]).collect();
        let products = diff::gradient(&mut self.graph, along, &wrt);
        let (products, fired) = simplify::simplify(&mut self.graph, &products);
        self.log = std::mem::take(&mut self.log).then(&fired);
        products
    }
}
