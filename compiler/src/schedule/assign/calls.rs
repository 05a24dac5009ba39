//! Calls: products of matrices, functions along axes, linear algebra.

use super::arrays::Assigned;
use crate::ir::{NodeId, Op};
use crate::schedule::cases::Cases;
use crate::schedule::form::{Class, MatrixForm};
use crate::schedule::place::{Classified, Scaled};
use crate::schedule::plan::{BufferId, MatMul, Solve, Step};
use std::collections::BTreeSet;

impl Assigned {
    /// The calls that compute a node, and in which cases each of them is made; `factored` are the matrices
    /// whose factors are there.
    pub(super) fn calls(&self, id: NodeId, factored: &mut BTreeSet<NodeId>) -> Vec<(Step, Cases)> {
        let cases = self.nodes().cases_of(id);
        if let Class::Linear = self.nodes().class_of(id) {
            return self.linear(id, cases, factored);
        }
        self.products(id).into_iter().map(|step| (step, cases.clone())).collect()
    }

    fn products(&self, id: NodeId) -> Vec<Step> {
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
    fn linear(&self, id: NodeId, cases: Cases, factored: &mut BTreeSet<NodeId>) -> Vec<(Step, Cases)> {
        let nodes = self.nodes();
        let Some(a) = of_matrix(nodes, id) else { return Vec::new() };
        let factors = factored.insert(a).then(|| {
            // All cases in which something is asked of them, if what these depend on is there already.
            let asks = nodes.order.iter().filter(|n| of_matrix(nodes, **n) == Some(a));
            let all = asks.map(|n| nodes.cases_of(*n)).reduce(|a, b| a.or(&b)).unwrap_or_else(Cases::always);
            let there = all.comparisons().all(|c| cases.comparisons().any(|known| known == c));
            (Step::Factor(a), if there { all } else { Cases::always() })
        });
        let asked = self.buffer_of.contains_key(&id).then_some((Step::Linear(id), cases));
        factors.into_iter().chain(asked).collect()
    }
}

/// The matrix of a node of linear algebra.
fn of_matrix(nodes: &Classified, id: NodeId) -> Option<NodeId> {
    match *nodes.graph.op(id) {
        Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _) => Some(a),
        _ => None,
    }
}
