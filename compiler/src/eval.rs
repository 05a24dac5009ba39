//! The reference interpreter: each node by its definition, in doubles, slow and plainly right. The judge in
//! tests.

mod determinant;

use crate::ir::{AxisFn, Extent, Factor, Graph, NodeId, Number, Op, Operand, RelationKind};
use crate::ops::{compare, reference};
use std::collections::BTreeMap;

/// The values of symbolic extents.
pub type Sizes = BTreeMap<String, usize>;

/// Evaluates nodes of a graph; each node once.
#[derive(Debug)]
pub struct Evaluator<'a> {
    graph: &'a Graph,
    inputs: &'a [Vec<f64>],
    sizes: &'a Sizes,
    values: BTreeMap<NodeId, Vec<f64>>,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for `graph` with the inputs' entries, row-major, in the order the inputs were made.
    #[must_use]
    pub fn new(graph: &'a Graph, inputs: &'a [Vec<f64>], sizes: &'a Sizes) -> Self {
        Self { graph, inputs, sizes, values: BTreeMap::new() }
    }

    /// The entries of `id`, row-major.
    pub fn eval(&mut self, id: NodeId) -> &[f64] {
        let mut pending = vec![id];
        while let Some(&node) = pending.last() {
            let missing: Vec<NodeId> =
                self.needed(node).into_iter().filter(|n| !self.values.contains_key(n)).collect();
            if missing.is_empty() {
                pending.pop();
                if !self.values.contains_key(&node) {
                    let value = self.compute(node);
                    self.values.insert(node, value);
                }
            } else {
                pending.extend(missing);
            }
        }
        self.values.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The nodes whose values that of `id` takes, as far as is known. Of a choice by two numbers that is the
    /// branch taken alone: the other one is never evaluated.
    fn needed(&self, id: NodeId) -> Vec<NodeId> {
        match self.graph.op(id) {
            Op::Select { op, lhs, rhs, then, otherwise } if lhs.axes.is_empty() && rhs.axes.is_empty() => {
                let mut needed = vec![lhs.node, rhs.node];
                if needed.iter().all(|n| self.values.contains_key(n)) {
                    let taken = compare(*op, self.at(lhs, &[]), self.at(rhs, &[]));
                    needed.push(if taken { then.node } else { otherwise.node });
                }
                needed
            }
            _ => self.graph.node(id).children(),
        }
    }

    /// The value of a scalar node.
    pub fn scalar(&mut self, id: NodeId) -> f64 {
        self.eval(id).first().copied().unwrap_or(f64::NAN)
    }

    /// The number of values that an index over `e` takes; 0 where no size was given.
    #[must_use]
    pub fn size(&self, e: Extent) -> usize {
        self.graph.extents.size(e, self.sizes, 0)
    }

    fn sizes_of(&self, extents: &[Extent]) -> Vec<usize> {
        extents.iter().map(|&e| self.size(e)).collect()
    }

    /// The entry of an operand at these values of the locals.
    fn at(&self, operand: &Operand, locals: &[usize]) -> f64 {
        let shape = self.graph.shape(operand.node);
        let mut flat = 0;
        for (&axis, &extent) in operand.axes.iter().zip(shape) {
            flat = flat * self.size(extent) + locals[axis as usize];
        }
        self.values.get(&operand.node).and_then(|v| v.get(flat)).copied().unwrap_or(f64::NAN)
    }

    fn compute(&self, id: NodeId) -> Vec<f64> {
        let node = self.graph.node(id);
        let sizes = self.sizes_of(&node.shape);
        let each = |f: &mut dyn FnMut(&[usize]) -> f64| {
            let mut values = Vec::new();
            for_each_index(&sizes, &mut |locals| values.push(f(locals)));
            values
        };
        match &node.op {
            Op::Number(n) => vec![n.to_f64()],
            Op::Pi => vec![std::f64::consts::PI],
            Op::Extent(e) => vec![self.size(*e) as f64],
            Op::Input(input) => self.inputs.get(input.0 as usize).cloned().unwrap_or_default(),
            Op::Delta => each(&mut |l| f64::from(u8::from(l[0] == l[1]))),
            Op::Holds(relation) => {
                let offset = relation.offset.value(|e| self.size(e));
                each(&mut |l| {
                    let terms = relation.coeffs.iter().zip(l).map(|(n, &i)| n * i as i64);
                    let value = offset + terms.sum::<i64>();
                    f64::from(u8::from(match relation.kind {
                        RelationKind::Equal => value == 0,
                        RelationKind::AtLeast => value >= 0,
                    }))
                })
            }
            Op::Named(data) => each(&mut |l| {
                let axes = (1..l.len() as u8).collect();
                let name = self.at(&Operand { node: *data, axes }, l);
                f64::from(u8::from(name == l[0] as f64))
            }),
            Op::Position => each(&mut |l| l[0] as f64),
            Op::Others { arg, order, bound } => {
                let count = self.size(*bound);
                each(&mut |l| {
                    let but = &l[l.len() - *order as usize..];
                    if (1..but.len()).any(|k| but[..k].contains(&but[k])) {
                        return 0.0;
                    }
                    let mut locals = l.to_vec();
                    locals.push(0);
                    let others = (0..count).filter(|k| !but.contains(k));
                    others.fold(1.0, |product, k| {
                        locals[l.len()] = k;
                        product * self.at(arg, &locals)
                    })
                })
            }
            Op::Sum(terms) => {
                each(&mut |l| terms.iter().map(|t| t.coeff.to_f64() * self.at(&t.operand, l)).sum())
            }
            Op::Product { coeff, factors, bound } => {
                let inner = self.sizes_of(bound);
                each(&mut |l| self.contraction(*coeff, factors, l, &inner))
            }
            Op::Map { function, args } => each(&mut |l| {
                let args: Vec<f64> = args.iter().map(|a| self.at(a, l)).collect();
                (function.spec().eval)(&args)
            }),
            Op::Select { op, lhs, rhs, then, otherwise } => each(&mut |l| {
                let taken = compare(*op, self.at(lhs, l), self.at(rhs, l));
                self.at(if taken { then } else { otherwise }, l)
            }),
            Op::Axis { function, arg, along, bound } => {
                let inner = if function.reduces() {
                    self.sizes_of(bound)
                } else {
                    along.iter().map(|&a| sizes[a as usize]).collect()
                };
                each(&mut |l| self.along_axes(*function, arg, along, &inner, l))
            }
            Op::Inverse(a) => self.of_each_matrix(*a, inverse),
            Op::Det(a) => self.of_each_matrix(*a, |m, n| vec![determinant::determinant(m, n)]),
            Op::LogDet(a) => self.of_each_matrix(*a, |m, n| vec![determinant::log_determinant(m, n)]),
            Op::Cofactors(a, part) => self.of_each_matrix(*a, |m, n| determinant::cofactors(m, n, *part)),
            Op::Merge { arg, groups } => self.merge(*arg, groups),
            Op::Split { arg, groups } => self.split(id, *arg, groups),
        }
    }

    fn contraction(&self, coeff: Number, factors: &[Factor], outer: &[usize], inner: &[usize]) -> f64 {
        // As in generated code: what is the same for all entries is multiplied and divided first, by one
        // number after the other.
        let (scalars, entries): (Vec<&Factor>, Vec<&Factor>) =
            factors.iter().partition(|f| f.operand.axes.is_empty());
        let mut scale = coeff.to_f64();
        for f in scalars.iter().filter(|f| f.power.divisions().is_none()) {
            scale *= power(self.at(&f.operand, &[]), f.power);
        }
        for f in &scalars {
            for _ in 0..f.power.divisions().unwrap_or(0) {
                scale /= self.at(&f.operand, &[]);
            }
        }
        // What -0 is added to stays -0.
        let mut sum = -0.0;
        let mut locals = outer.to_vec();
        for_each_index(inner, &mut |bound| {
            locals.truncate(outer.len());
            locals.extend_from_slice(bound);
            // What has a negative power is divided by, as anyone would write it: 0/x is 0 for the least x.
            let (mut above, mut below) = (1.0, 1.0);
            for f in &entries {
                let base = self.at(&f.operand, &locals);
                // Off a diagonal there is nothing, whatever the other factors are.
                if base == 0.0 && self.graph.is_indicator(f.operand.node) {
                    return;
                }
                if f.power.is_negative() {
                    below *= power(base, f.power.neg());
                } else {
                    above *= power(base, f.power);
                }
            }
            sum += above / below;
        });
        scale * sum
    }

    fn along_axes(
        &self,
        function: AxisFn,
        arg: &Operand,
        along: &[u8],
        inner: &[usize],
        outer: &[usize],
    ) -> f64 {
        let mut locals = outer.to_vec();
        locals.resize(outer.len().max(along.iter().map(|&a| a as usize + 1).max().unwrap_or(0)), 0);
        let mut entries = Vec::new();
        for_each_index(inner, &mut |k| {
            for (&axis, &value) in along.iter().zip(k) {
                locals[axis as usize] = value;
            }
            entries.push(self.at(arg, &locals));
        });
        let least = if self.graph.is_size(arg.node) { 0.0 } else { f64::NEG_INFINITY };
        let max = entries.iter().copied().fold(least, reference::max);
        let sum: f64 = entries.iter().map(|x| (x - max).exp()).sum();
        match function {
            AxisFn::Max => max,
            AxisFn::LogSumExp => max + sum.ln(),
            AxisFn::Norm => entries.iter().fold(0.0, |norm: f64, x| reference::hypot(norm, *x)),
            AxisFn::Softmax => (self.at(arg, outer) - max).exp() / sum,
            AxisFn::LogSoftmax => (self.at(arg, outer) - max) - sum.ln(),
        }
    }

    fn entries(&self, id: NodeId) -> &[f64] {
        self.values.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What is made of the matrices along the last two axes, one after the other.
    fn of_each_matrix(&self, id: NodeId, make: impl Fn(&[f64], usize) -> Vec<f64>) -> Vec<f64> {
        let sizes = self.sizes_of(self.graph.shape(id));
        let (n, others) = (sizes[sizes.len() - 1], sizes[..sizes.len() - 2].iter().product());
        let entries = self.entries(id);
        let matrix = |k: usize| entries.get(k * n * n..(k + 1) * n * n).unwrap_or_default();
        (0..others).flat_map(|k| make(matrix(k), n)).collect()
    }

    fn merge(&self, arg: NodeId, groups: &[Vec<u8>]) -> Vec<f64> {
        let order: Vec<u8> = groups.iter().flatten().copied().collect();
        let inner = self.sizes_of(self.graph.shape(arg));
        let sizes: Vec<usize> = order.iter().map(|&a| inner[a as usize]).collect();
        let mut out = Vec::new();
        for_each_index(&sizes, &mut |l| {
            let axes =
                (0..inner.len()).map(|a| order.iter().position(|&o| o as usize == a).unwrap_or(0) as u8);
            out.push(self.at(&Operand { node: arg, axes: axes.collect() }, l));
        });
        out
    }

    fn split(&self, id: NodeId, arg: NodeId, groups: &[Vec<u8>]) -> Vec<f64> {
        let sizes = self.sizes_of(self.graph.shape(id));
        let source = self.values.get(&arg).map_or(&[][..], Vec::as_slice);
        let mut out = Vec::new();
        for_each_index(&sizes, &mut |l| {
            let mut flat = 0;
            for &a in groups.iter().flatten() {
                flat = flat * sizes[a as usize] + l[a as usize];
            }
            out.push(source.get(flat).copied().unwrap_or(f64::NAN));
        });
        out
    }
}

/// `base ^ power` of a positive power, by multiplication where the power is an integer.
fn power(base: f64, power: Number) -> f64 {
    match power.as_int() {
        Some(1) => base,
        Some(p) => base.powi(p as i32),
        None if power == Number::HALF => base.sqrt(),
        None => base.powf(power.to_f64()),
    }
}

/// Runs through all index tuples in row-major order.
fn for_each_index(sizes: &[usize], f: &mut dyn FnMut(&[usize])) {
    if sizes.contains(&0) {
        return;
    }
    let mut index = vec![0; sizes.len()];
    loop {
        f(&index);
        let mut axis = sizes.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < sizes[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// The inverse of an n×n matrix, by Gauss-Jordan elimination with partial pivoting.
fn inverse(a: &[f64], n: usize) -> Vec<f64> {
    if determinant::is_singular(a, n) {
        return vec![f64::NAN; n * n];
    }
    let mut m = a.to_vec();
    m.resize(n * n, f64::NAN);
    let mut inverse: Vec<f64> = (0..n * n).map(|k| f64::from(u8::from(k / n == k % n))).collect();
    for c in 0..n {
        let best = (c..n).fold(c, |b, r| if m[r * n + c].abs() > m[b * n + c].abs() { r } else { b });
        if best != c {
            for k in 0..n {
                m.swap(best * n + k, c * n + k);
                inverse.swap(best * n + k, c * n + k);
            }
        }
        let pivot = m[c * n + c];
        for k in 0..n {
            m[c * n + k] /= pivot;
            inverse[c * n + k] /= pivot;
        }
        for r in (0..n).filter(|&r| r != c) {
            let f = m[r * n + c];
            for k in 0..n {
                m[r * n + k] -= f * m[c * n + k];
                inverse[r * n + k] -= f * inverse[c * n + k];
            }
        }
    }
    inverse
}
