//! Calls: products of matrices, functions along axes, linear algebra.

use super::arrays::Assigned;
use crate::ir::{NodeId, Op};
use crate::schedule::form::{Class, MatrixForm};
use crate::schedule::place::Scaled;
use crate::schedule::plan::{BufferId, MatMul, Solve, Step};
use std::collections::BTreeSet;

impl Assigned {
    /// The calls that compute a node; `factored` are the matrices whose factors are there.
    pub(super) fn calls(&self, id: NodeId, factored: &mut BTreeSet<NodeId>) -> Vec<Step> {
        let nodes = self.nodes();
        if nodes.absorbed.contains(&id) {
            return Vec::new();
        }
        let buffer = self.buffer_of.get(&id).copied();
        if let (Some(sum), Some(out)) = (nodes.accumulated.get(&id), buffer) {
            let products = sum.products.iter().enumerate();
            let step = |(k, product)| self.product(product, out, k > 0 || sum.init.is_some());
            return products.filter_map(step).collect();
        }
        match nodes.class_of(id) {
            Class::MatMul(_) | Class::Solve(..) => {
                let alone = Scaled { node: id, coeff: nodes.graph.coefficient(id), scalars: Vec::new() };
                buffer.and_then(|out| self.product(&alone, out, false)).into_iter().collect()
            }
            Class::Axis => vec![Step::Axis(id)],
            Class::Linear => self.linear(id, factored),
            _ => Vec::new(),
        }
    }

    /// A product into an array, which with an inverse is a system.
    fn product(&self, product: &Scaled, out: BufferId, accumulate: bool) -> Option<Step> {
        let Scaled { node, coeff, ref scalars } = *product;
        let matmul = |form: &MatrixForm| {
            let (form, scalars) = (form.clone(), scalars.clone());
            MatMul { out, product: node, form, accumulate, decay: None, coeff, scalars }
        };
        match self.nodes().class_of(node) {
            Class::MatMul(form) => Some(Step::MatMul(matmul(form))),
            Class::Solve(form, system) => Some(Step::Solve(Solve { matmul: matmul(form), system: *system })),
            other => {
                debug_assert!(false, "sums take in products, and this is {other:?}");
                None
            }
        }
    }

    /// What is asked of the factors of a matrix, after those if they are not there yet.
    fn linear(&self, id: NodeId, factored: &mut BTreeSet<NodeId>) -> Vec<Step> {
        let (Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _)) = *self.nodes().graph.op(id)
        else {
            return Vec::new();
        };
        let factors = factored.insert(a).then_some(Step::Factor(a));
        let asked = self.buffer_of.contains_key(&id).then_some(Step::Linear(id));
        factors.into_iter().chain(asked).collect()
    }
}
