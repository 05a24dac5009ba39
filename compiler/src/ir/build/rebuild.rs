//! Nodes built anew: with other children, or because extents have been settled.

use super::Tensor;
use crate::ir::form::Affine;
use crate::ir::graph::{Graph, NodeId, Op, Operand};
use crate::ir::index::{Extent, Index};

impl Graph {
    /// The node with its children replaced, built anew by the constructors (so normalised anew, extents
    /// resolved).
    pub fn rebuilt(&mut self, id: NodeId, replaced: &dyn Fn(NodeId) -> NodeId) -> NodeId {
        let shape: Vec<Extent> = self.shape(id).iter().map(|&e| self.extents.find(e)).collect();
        let locals = self.locals(id);
        let rank = shape.len();
        let out = &locals[..rank];
        let tensor = |o: &Operand| {
            Tensor::new(replaced(o.node), o.axes.iter().map(|&a| locals[a as usize]).collect::<Vec<_>>())
        };
        match self.op(id).clone() {
            Op::Number(_) | Op::Pi => id,
            Op::Input(_) => {
                // The extents of an input may have been settled since.
                if self.shape(id) == shape { id } else { self.reshaped_input(id, shape) }
            }
            Op::Extent(e) => self.extent_value(e),
            Op::Delta => self.delta(shape[0]),
            Op::Position => self.position(shape[0]),
            Op::Holds(relation) => {
                let value = Affine::sum(out.iter().copied().zip(relation.coeffs), relation.offset);
                let t = self.holds(relation.kind, &value);
                self.tensor_as(&t, out)
            }
            Op::Named(data) => {
                let t = self.named_entry(out[0], &Tensor::new(replaced(data), out[1..].to_vec()));
                self.tensor_as(&t, out)
            }
            Op::Others { arg, order, .. } => {
                let t = self.others(&tensor(&arg), locals[rank], &out[rank - order as usize..]);
                self.tensor_as(&t, out)
            }
            Op::Sum(terms) => {
                let terms: Vec<_> = terms.iter().map(|t| (t.coeff, tensor(&t.operand))).collect();
                self.sum_as(&terms, out)
            }
            Op::Product { coeff, factors, .. } => {
                let parts: Vec<_> = factors.iter().map(|f| (tensor(&f.operand), f.power)).collect();
                self.contract_over(coeff, &parts, out, &locals[rank..])
            }
            Op::Map { function, args } => {
                let args: Vec<_> = args.iter().map(tensor).collect();
                let t = self.map(function, &args);
                self.tensor_as(&t, out)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(tensor);
                self.select_as(op, &lhs, &rhs, &then, &otherwise, out)
            }
            Op::Axis { function, arg, along, .. } => {
                let along: Vec<Index> = along.iter().map(|&a| locals[a as usize]).collect();
                let t = self.axis(function, &tensor(&arg), &along);
                self.tensor_as(&t, out)
            }
            Op::Inverse(a) => {
                let t = Tensor::new(replaced(a), locals.clone());
                let t = self.inverse(&t);
                self.tensor_as(&t, out)
            }
            Op::Cofactors(a, part) => {
                let t = Tensor::new(replaced(a), locals.clone());
                let t = self.cofactors(&t, part);
                self.tensor_as(&t, out)
            }
            Op::Det(a) => {
                let t = self.whole(replaced(a));
                self.det(&t).node
            }
            Op::LogDet(a) => {
                let t = self.whole(replaced(a));
                self.logdet(&t).node
            }
            Op::Merge { arg, groups } => self.merge(replaced(arg), &groups, &shape),
            Op::Split { arg, groups } => self.split(replaced(arg), &groups, &shape),
        }
    }

    fn reshaped_input(&mut self, id: NodeId, shape: Vec<Extent>) -> NodeId {
        let op = self.op(id).clone();
        let node = self.intern(op.clone(), shape);
        if let Op::Input(input) = op {
            self.settle_input(input, node);
        }
        node
    }
}
