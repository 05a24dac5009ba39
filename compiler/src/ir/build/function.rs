//! Functions: element-wise, choices, along axes, of matrices.

use super::Tensor;
use crate::ir::graph::{AxisFn, Cofactors, Graph, NodeId, Op, Operand};
use crate::ir::index::{Extent, Index};
use crate::ir::number::Number;
use crate::ops::{self, ElementFn};
use crate::syntax::ast::CompareOp;

impl Graph {
    /// `function(args...)`, element-wise over the indices of all.
    pub fn map(&mut self, function: ElementFn, args: &[Tensor]) -> Tensor {
        let out = Self::union(&args.iter().collect::<Vec<_>>());
        let args: Vec<Tensor> = args.iter().map(|t| self.seen_through(t)).collect();
        let constants: Option<Vec<f64>> =
            args.iter().map(|t| self.as_constant(t.node).map(Number::to_f64)).collect();
        if let Some(values) = constants {
            let value = (function.spec().eval)(&values);
            if value.is_finite() {
                return Tensor::new(self.fill(Number::float(value), &out), out);
            }
        }
        let inner = self.union_in_order(&args.iter().collect::<Vec<_>>());
        let args = args.iter().map(|t| self.ordered(t, &inner)).collect();
        let shape = self.extents_of(&inner);
        let node = self.intern(Op::Map { function, args }, shape);
        let t = Tensor::new(node, inner);
        if t.indices.len() == out.len() { t } else { Tensor::new(self.tensor_as(&t, &out), out) }
    }

    /// `function(args...)` by name.
    pub fn call(&mut self, name: &str, args: &[Tensor]) -> Tensor {
        match ops::element(name) {
            Some(f) => self.map(f, args),
            None => unreachable!("the compiler's own tables name only functions that exist: {name}"),
        }
    }

    /// `where(lhs op rhs, then, otherwise)`, element-wise over the indices of all.
    pub fn select(
        &mut self,
        op: CompareOp,
        lhs: &Tensor,
        rhs: &Tensor,
        then: &Tensor,
        otherwise: &Tensor,
    ) -> Tensor {
        let out = self.union_in_order(&[lhs, rhs, then, otherwise]);
        Tensor::new(self.select_as(op, lhs, rhs, then, otherwise, &out), out)
    }

    /// The same with exactly the axes `out`.
    pub fn select_as(
        &mut self,
        op: CompareOp,
        lhs: &Tensor,
        rhs: &Tensor,
        then: &Tensor,
        otherwise: &Tensor,
        out: &[Index],
    ) -> NodeId {
        let [lhs, rhs, then, otherwise] = [lhs, rhs, then, otherwise].map(|t| self.seen_through(t));
        if then == otherwise {
            return self.tensor_as(&then, out);
        }
        if let (Some(a), Some(b)) = (self.as_constant(lhs.node), self.as_constant(rhs.node)) {
            let taken = if ops::compare(op, a.to_f64(), b.to_f64()) { then } else { otherwise };
            return self.tensor_as(&taken, out);
        }
        if let Some((holds, branch)) = self.where_related(op, [&lhs, &rhs], [&then, &otherwise]) {
            return self.contract_over(Number::ONE, &[(branch, Number::ONE), (holds, Number::ONE)], out, &[]);
        }
        let [lhs, rhs, then, otherwise] = [lhs, rhs, then, otherwise].map(|t| self.ordered(&t, out));
        let shape = self.extents_of(out);
        self.intern(Op::Select { op, lhs, rhs, then, otherwise }, shape)
    }

    /// A function along the indices `along` of `arg`.
    pub fn axis(&mut self, function: AxisFn, arg: &Tensor, along: &[Index]) -> Tensor {
        let mut seen = self.seen_through(arg);
        let distinct = seen.indices.iter().enumerate().all(|(k, i)| !seen.indices[..k].contains(i));
        if !distinct || seen.indices.len() != arg.indices.len() {
            seen = arg.clone();
        }
        let arg = seen;
        let (kept, reduced): (Vec<Index>, Vec<Index>) = arg.indices.iter().partition(|i| !along.contains(i));
        if reduced.is_empty() {
            return match function {
                AxisFn::Max | AxisFn::LogSumExp => arg,
                AxisFn::Norm => self.call("abs", &[arg]),
                AxisFn::Softmax => Tensor::new(self.fill(Number::ONE, &arg.indices), arg.indices),
                AxisFn::LogSoftmax => Tensor::new(self.fill(Number::ZERO, &arg.indices), arg.indices),
            };
        }
        let out = if function.reduces() { kept.clone() } else { arg.indices.clone() };
        let mut locals = out.clone();
        if function.reduces() {
            locals.extend(&reduced);
        }
        let operand = self.ordered(&arg, &locals);
        let along = reduced.iter().map(|i| locals.iter().position(|l| l == i).unwrap_or(0) as u8).collect();
        let bound = if function.reduces() { self.extents_of(&reduced) } else { Vec::new() };
        let shape = self.extents_of(&out);
        let node = self.intern(Op::Axis { function, arg: operand, along, bound }, shape);
        Tensor::new(node, out)
    }

    /// A function along the same axes of the same argument, one that keeps the axes as the one of `t` does.
    pub(crate) fn with_function(&mut self, t: &Tensor, function: AxisFn) -> Tensor {
        let Op::Axis { arg, along, .. } = self.op(t.node).clone() else { return t.clone() };
        // With indices of its own: `t` may be a diagonal.
        let whole = self.whole(t.node).indices;
        let x = self.tensor(&arg, &whole);
        let along: Vec<Index> = along.iter().map(|&a| whole[a as usize]).collect();
        let made = self.axis(function, &x, &along);
        Tensor::new(self.tensor_as(&made, &whole), t.indices.clone())
    }

    /// The inverse of a matrix: of the last two axes, for each of the others.
    pub fn inverse(&mut self, arg: &Tensor) -> Tensor {
        let arg = self.matrix_view(arg);
        let shape = self.shape(arg.node).to_vec();
        if let Op::Inverse(inner) = *self.op(arg.node) {
            return Tensor::new(inner, arg.indices);
        }
        // (A⁻¹)ᵀ = (Aᵀ)⁻¹, so the indices may stay as they are.
        Tensor::new(self.intern(Op::Inverse(arg.node), shape), arg.indices)
    }

    /// The determinant of a matrix.
    pub fn det(&mut self, arg: &Tensor) -> Tensor {
        let arg = self.matrix_view(arg);
        self.for_each_matrix(Op::Det(arg.node), &arg)
    }

    /// What derivatives of the determinant of a matrix are made of.
    pub fn cofactors(&mut self, arg: &Tensor, part: Cofactors) -> Tensor {
        let arg = self.matrix_view(arg);
        let shape = self.shape(arg.node).to_vec();
        // adj(A)ᵀ = adj(Aᵀ), and a pair of A is one of Aᵀ when both are transposed.
        Tensor::new(self.intern(Op::Cofactors(arg.node, part), shape), arg.indices)
    }

    /// The logarithm of the determinant of a matrix.
    pub fn logdet(&mut self, arg: &Tensor) -> Tensor {
        let arg = self.matrix_view(arg);
        self.for_each_matrix(Op::LogDet(arg.node), &arg)
    }

    /// A number for each matrix.
    fn for_each_matrix(&mut self, op: Op, arg: &Tensor) -> Tensor {
        let others = arg.indices.len().saturating_sub(2);
        let shape = self.shape(arg.node)[..others].to_vec();
        Tensor::new(self.intern(op, shape), arg.indices[..others].to_vec())
    }

    /// All indices of `tensors`; symmetric matrices follow the order of the others.
    fn union_in_order(&self, tensors: &[&Tensor]) -> Vec<Index> {
        let (follow, lead): (Vec<&Tensor>, Vec<&Tensor>) =
            tensors.iter().partition(|t| self.is_declared_symmetric(t.node));
        if follow.is_empty() || lead.iter().all(|t| t.indices.is_empty()) {
            return Self::union(tensors);
        }
        let mut all = Self::union(&lead);
        all.extend(Self::union(&follow).into_iter().filter(|i| !lead.iter().any(|t| t.indices.contains(i))));
        all
    }

    /// The operand that a tensor is.
    fn ordered(&self, t: &Tensor, locals: &[Index]) -> Operand {
        let mut t = t.clone();
        self.in_order(t.node, &mut t.indices, locals);
        Self::operand(&t, locals)
    }

    fn matrix_view(&mut self, arg: &Tensor) -> Tensor {
        let seen = self.seen_through(arg);
        // Several of them stand in the order that they came in.
        let seen_as_it_is = seen.indices.len() == 2 || seen.indices == arg.indices;
        let distinct = (1..seen.indices.len()).all(|k| !seen.indices[..k].contains(&seen.indices[k]));
        if seen_as_it_is && distinct && seen.indices.len() >= 2 { seen } else { arg.clone() }
    }

    /// Merges groups of axes into one axis each, row-major.
    pub fn merge(&mut self, arg: NodeId, groups: &[Vec<u8>], shape: &[Extent]) -> NodeId {
        if let Op::Split { arg: inner, groups: g } = self.op(arg)
            && g == groups
        {
            return *inner;
        }
        let shape = shape.iter().map(|&e| self.extents.find(e)).collect();
        self.intern(Op::Merge { arg, groups: groups.to_vec() }, shape)
    }

    /// Splits each axis into the group of axes it was merged from.
    pub fn split(&mut self, arg: NodeId, groups: &[Vec<u8>], shape: &[Extent]) -> NodeId {
        if let Op::Merge { arg: inner, groups: g } = self.op(arg)
            && g == groups
        {
            return *inner;
        }
        let shape = shape.iter().map(|&e| self.extents.find(e)).collect();
        self.intern(Op::Split { arg, groups: groups.to_vec() }, shape)
    }
}
