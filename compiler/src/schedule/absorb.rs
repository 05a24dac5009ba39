//! Nodes that take others in: sums finished by matrix products, reductions scaled where they are summed.

use super::classify::{Class, class, is_elementwise};
use super::planner::{Accumulated, Planner, Scaled};
use super::product::Product;
use crate::ir::{Graph, NodeId, Number, Op, Operand, Tensor};
use std::collections::BTreeSet;

impl Planner {
    /// Sums (and scaled products) with matrix products among their terms that nothing else uses.
    pub(super) fn find_accumulated(&mut self) {
        let roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        let uses = self.g.uses(&roots);
        let order = self.g.reachable(&roots);
        let users = self.elementwise_users(&order);
        for &id in &order {
            if !is_elementwise(&self.g, id) {
                continue;
            }
            // A sum that feeds a loop anyway is finished there, unless the text has a name for it.
            let is_output = roots.contains(&id);
            if !is_output && self.g.name(id).is_none() && users.contains(&id) {
                continue;
            }
            let axes = self.g.whole(id).indices;
            let terms: Vec<(Number, Tensor)> = match self.g.op(id).clone() {
                Op::Sum(terms) => terms.iter().map(|t| (t.coeff, self.g.tensor(&t.operand, &axes))).collect(),
                Op::Product { .. } => vec![(Number::ONE, Tensor::new(id, axes.clone()))],
                _ => continue,
            };
            let mut acc = Accumulated::default();
            let mut rest = Vec::new();
            let mut begins = None;
            for (coeff, t) in terms {
                match self.scaled_product(id, &t, &axes, &uses) {
                    Some((node, c, scalars)) if class(&self.g, node) == Class::MatMul => {
                        acc.products.push((node, coeff.mul(c), scalars));
                    }
                    // A solution stands where its right side did, so it is what a sum begins with, or no part of it.
                    Some((node, c, scalars)) if begins.is_none() && rest.is_empty() => {
                        begins = Some(((coeff, t), (node, coeff.mul(c), scalars)));
                    }
                    _ => rest.push((coeff, t)),
                }
            }
            if let Some((term, solution)) = begins {
                if rest.is_empty() && !acc.products.iter().any(|(n, ..)| gram(&self.g, *n)) {
                    acc.products.insert(0, solution);
                } else {
                    rest.push(term);
                }
            }
            if acc.products.is_empty() {
                continue;
            }
            if !rest.is_empty() {
                acc.init = Some(self.g.sum_as(&rest, &axes));
            }
            // A matrix times itself is added to what is symmetric only, so it comes first.
            acc.products.sort_by_key(|(n, ..)| !gram(&self.g, *n));
            if gram(&self.g, acc.products[0].0) && acc.init.is_some_and(|n| !symmetric(&self.g, n)) {
                continue;
            }
            self.absorbed.extend(acc.products.iter().map(|(n, ..)| *n));
            self.accumulated.insert(id, acc);
        }
    }

    /// Products of scalars and one reduction that nothing else uses: the loop that sums also scales.
    pub(super) fn find_scaled(&mut self) {
        let roots = self.roots();
        let uses = self.g.uses(&roots);
        let once = |n: NodeId| uses.get(n.0 as usize).is_some_and(|u| *u == 1);
        for id in self.g.reachable(&roots) {
            if !is_elementwise(&self.g, id) || self.accumulated.contains_key(&id) {
                continue;
            }
            let Op::Product { coeff, factors, .. } = self.g.op(id) else { continue };
            let (scalars, arrays): (Vec<_>, Vec<_>) = factors.iter().partition(|f| f.operand.axes.is_empty());
            let [array] = arrays.as_slice() else { continue };
            let node = array.operand.node;
            let in_order = array.operand.axes.iter().enumerate().all(|(k, &a)| k == a as usize);
            let sums = matches!(class(&self.g, node), Class::Reduction { .. })
                && matches!(self.g.op(node), Op::Product { .. });
            if !sums
                || !once(node)
                || !array.power.is_one()
                || !in_order
                || array.operand.axes.len() != self.g.rank(id)
                || roots.contains(&node)
            {
                continue;
            }
            let scalars = scalars.iter().map(|f| (f.operand.node, f.power)).collect();
            self.scaled.insert(id, Scaled { reduction: node, coeff: *coeff, scalars });
            self.absorbed.insert(node);
        }
    }

    /// Nodes that another element-wise node or a reduction reads along its own loop.
    pub(super) fn elementwise_users(&self, order: &[NodeId]) -> BTreeSet<NodeId> {
        let mut used = BTreeSet::new();
        for &id in order {
            let c = class(&self.g, id);
            if matches!(c, Class::Elementwise | Class::Reduction { .. }) {
                used.extend(self.uses_of(id, &c).into_iter().filter(|u| u.aligned).map(|u| u.node));
            }
        }
        used
    }

    /// A matrix product or a solution times scalars, used once: the product, the constant and the scalars.
    #[allow(clippy::type_complexity, reason = "taken apart at once by the only caller")]
    pub(super) fn scaled_product(
        &self,
        of: NodeId,
        t: &Tensor,
        axes: &[crate::ir::Index],
        uses: &[u32],
    ) -> Option<(NodeId, Number, Vec<(NodeId, Number)>)> {
        let once = |n: NodeId| uses.get(n.0 as usize).is_some_and(|u| *u == 1);
        if t.indices != axes {
            return None;
        }
        let matmul = |n: NodeId| matches!(class(&self.g, n), Class::MatMul | Class::Solve);
        if matmul(t.node) {
            return once(t.node).then(|| (t.node, self.g.coefficient(t.node), Vec::new()));
        }
        // A term that others read, too, is computed for itself.
        if t.node != of && !once(t.node) {
            return None;
        }
        let Op::Product { coeff, factors, bound } = self.g.op(t.node) else { return None };
        let identity = |o: &Operand| o.axes.iter().enumerate().all(|(k, &a)| k == a as usize);
        let mut product = None;
        let mut scalars = Vec::new();
        for f in factors {
            let n = f.operand.node;
            if f.operand.axes.is_empty() {
                scalars.push((n, f.power));
            } else if product.is_none()
                && f.power.is_one()
                && matmul(n)
                && once(n)
                && f.operand.axes.len() == axes.len()
                && identity(&f.operand)
            {
                product = Some(n);
            } else {
                return None;
            }
        }
        bound.is_empty().then_some(())?;
        product.map(|n| (n, coeff.mul(self.g.coefficient(n)), scalars))
    }
}

/// Whether a product is that of a matrix with itself.
fn gram(g: &Graph, id: NodeId) -> bool {
    Product::of(g, id).is_some_and(|p| p.gram.is_some())
}

/// Whether a matrix is seen to be symmetric: made of deltas and numbers.
fn symmetric(g: &Graph, id: NodeId) -> bool {
    let part = |o: &Operand| o.axes.is_empty() || matches!(g.op(o.node), Op::Delta) || symmetric(g, o.node);
    match g.op(id) {
        Op::Delta => true,
        Op::Sum(terms) => terms.iter().all(|t| part(&t.operand)),
        Op::Product { factors, bound, .. } => bound.is_empty() && factors.iter().all(|f| part(&f.operand)),
        _ => false,
    }
}
