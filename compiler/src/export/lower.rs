//! Graph to arrays: each node that functions need, children first.

use super::arrays::{Binary, Body, Id, Kind, Op, Reduction};
use crate::ir::{self, AxisFn, Extent, Form, Graph, NodeId, NodeMap, Number, Operand, RelationKind};
use crate::ops::ElementFn;
use crate::syntax::ast::CompareOp;

/// Makes a [`Body`] of nodes.
pub(super) struct Lowering<'g> {
    pub(super) g: &'g Graph,
    pub(super) body: Body,
    done: NodeMap<Id>,
    /// How many values an index takes, as far as that is known: what contractions are ordered by.
    pub(super) size: &'g dyn Fn(Extent) -> usize,
}

/// The values of `roots`.
pub(super) fn lowered(g: &Graph, roots: &[NodeId], size: &dyn Fn(Extent) -> usize) -> (Body, Vec<Id>) {
    let mut lowering = Lowering { g, body: Body::default(), done: NodeMap::new(), size };
    for id in g.reachable(roots) {
        let value = lowering.node(id);
        if let Some(name) = g.name(id) {
            lowering.body.set_name(value, name);
        }
        lowering.done.insert(id, value);
    }
    let values = roots.iter().map(|&root| lowering.of(root)).collect();
    (lowering.body, values)
}

impl Lowering<'_> {
    /// The value of a node that has been lowered.
    pub(super) fn of(&mut self, id: NodeId) -> Id {
        match self.done.get(id) {
            Some(&value) => value,
            // Children come first, so that this is of no use but to have no gap.
            None => self.body.number(Number::ZERO),
        }
    }

    /// The operand among `rank` axes.
    pub(super) fn aligned(&mut self, operand: &Operand, rank: usize) -> Id {
        let value = self.of(operand.node);
        let (value, labels) = self.diagonal(value, &operand.axes);
        self.body.align(value, &labels, rank)
    }

    /// Each label once.
    pub(super) fn diagonal(&mut self, value: Id, axes: &[u8]) -> (Id, Vec<u8>) {
        let mut labels: Vec<u8> = Vec::new();
        for &axis in axes {
            if !labels.contains(&axis) {
                labels.push(axis);
            }
        }
        if labels.len() == axes.len() {
            return (value, labels);
        }
        let place = |axis: &u8| labels.iter().position(|l| l == axis).unwrap_or(0) as u8;
        let places: Vec<u8> = axes.iter().map(place).collect();
        let old = &self.body.value(value).shape;
        let shape = labels.iter().map(|l| axes.iter().position(|a| a == l).and_then(|k| old[k])).collect();
        let kind = self.body.value(value).kind;
        (self.body.push(Op::Diagonal(value, places), shape, kind), labels)
    }

    pub(super) fn extent(&self, e: Extent) -> Extent {
        self.g.extents.find(e)
    }

    fn shape(&self, id: NodeId) -> Vec<Extent> {
        self.g.shape(id).iter().map(|&e| self.extent(e)).collect()
    }

    /// 0, 1, 2, … along axis `label` of `rank`.
    pub(super) fn iota(&mut self, e: Extent, label: u8, rank: usize) -> Id {
        let e = self.extent(e);
        let iota = self.body.push(Op::Iota(e), vec![Some(e)], Kind::Whole);
        self.body.align(iota, &[label], rank)
    }

    fn node(&mut self, id: NodeId) -> Id {
        let (shape, rank) = (self.shape(id), self.g.rank(id));
        let g = self.g;
        let value = match g.op(id) {
            ir::graph::Op::Number(n) => self.body.number(*n),
            ir::graph::Op::Pi => self.body.push(Op::Pi, Vec::new(), Kind::Number),
            ir::graph::Op::Extent(e) => self.size_of(&g.extents.form(*e)),
            ir::graph::Op::Input(input) => {
                let kind = if g.input_of(*input).whole { Kind::Whole } else { Kind::Number };
                let axes = shape.iter().copied().map(Some).collect();
                self.body.push(Op::Input(*input), axes, kind)
            }
            ir::graph::Op::Delta | ir::graph::Op::Holds(_) | ir::graph::Op::Named(_) => {
                let operand = Operand { node: id, axes: (0..rank as u8).collect() };
                let extents = shape.clone();
                let holds = self.indicator(&operand, &extents);
                self.body.as_numbers(holds)
            }
            ir::graph::Op::Position => {
                let iota = self.iota(shape[0], 0, 1);
                self.body.as_numbers(iota)
            }
            ir::graph::Op::Sum(terms) => self.sum(terms, rank),
            ir::graph::Op::Product { coeff, factors, bound } => {
                let extents: Vec<Extent> =
                    shape.iter().copied().chain(bound.iter().map(|&e| self.extent(e))).collect();
                self.product(*coeff, factors, &extents, rank)
            }
            ir::graph::Op::Map { function, args } => {
                let args = args.iter().map(|a| self.aligned(a, rank)).collect();
                self.element(*function, args)
            }
            ir::graph::Op::Select { op, lhs, rhs, then, otherwise } => {
                let [a, b, c, d] = [lhs, rhs, then, otherwise].map(|o| self.aligned(o, rank));
                let holds = self.body.compare(*op, a, b);
                self.body.select(holds, c, d)
            }
            ir::graph::Op::Axis { function, arg, along, .. } => self.along(*function, arg, along, rank),
            ir::graph::Op::Others { arg, order, .. } => self.others(arg, *order, &shape),
            ir::graph::Op::Inverse(a) => {
                let a = self.of(*a);
                self.body.same_shape(a, Op::Inverse(a))
            }
            ir::graph::Op::Cofactors(a, part) => {
                let a = self.of(*a);
                self.body.same_shape(a, Op::Cofactors(a, *part))
            }
            ir::graph::Op::Det(a) => self.of_matrices(*a, Op::Det),
            ir::graph::Op::LogDet(a) => self.of_matrices(*a, Op::LogDet),
            ir::graph::Op::Merge { arg, groups } => {
                let value = self.of(*arg);
                let turned = self.body.transpose(value, groups.concat());
                let axes = shape.iter().copied().map(Some).collect();
                self.body.push(Op::Reshape(turned), axes, Kind::Number)
            }
            ir::graph::Op::Split { arg, groups } => {
                let order = groups.concat();
                let apart = order.iter().map(|&a| Some(shape[a as usize])).collect();
                let value = self.of(*arg);
                let apart = self.body.push(Op::Reshape(value), apart, Kind::Number);
                let back =
                    (0..order.len() as u8).map(|a| order.iter().position(|&o| o == a).unwrap_or(0) as u8);
                let back = back.collect();
                self.body.transpose(apart, back)
            }
        };
        if rank == 0 { value } else { self.body.broadcast(value, &shape) }
    }

    fn of_matrices(&mut self, a: NodeId, op: fn(Id) -> Op) -> Id {
        let a = self.of(a);
        let rank = self.body.rank(a) as u8;
        let shape = self.body.without(a, &[rank.saturating_sub(2), rank.saturating_sub(1)]);
        self.body.push(op(a), shape, Kind::Number)
    }

    pub(super) fn size_of(&mut self, form: &Form) -> Id {
        match form.as_constant() {
            Some(n) => self.body.number(Number::int(n)),
            None => self.body.push(Op::Size(form.clone()), Vec::new(), Kind::Number),
        }
    }

    fn element(&mut self, function: ElementFn, args: Vec<Id>) -> Id {
        self.body.element(function, args)
    }

    fn sum(&mut self, terms: &[ir::Term], rank: usize) -> Id {
        // What is added comes before what is taken away, as anyone writes it.
        let mut terms: Vec<&ir::Term> = terms.iter().collect();
        // What is the same along axes comes behind: `x @ w.T + b`.
        terms.sort_by_key(|t| (t.coeff.is_negative(), std::cmp::Reverse(t.operand.axes.len())));
        let mut sum = None;
        for term in terms {
            let value = self.aligned(&term.operand, rank);
            let magnitude = self.body.number(term.coeff.magnitude());
            let scaled = self.body.binary(Binary::Mul, magnitude, value);
            sum = Some(match (sum, term.coeff.is_negative()) {
                (None, false) => scaled,
                (None, true) => self.body.negate(scaled),
                (Some(sum), minus) => {
                    self.body.binary(if minus { Binary::Sub } else { Binary::Add }, sum, scaled)
                }
            });
        }
        sum.unwrap_or_else(|| self.body.number(Number::ZERO))
    }

    fn along(&mut self, function: AxisFn, arg: &Operand, along: &[u8], rank: usize) -> Id {
        let value = self.of(arg.node);
        let place = |label: &u8| arg.axes.iter().position(|a| a == label).unwrap_or(0) as u8;
        let mut axes: Vec<u8> = along.iter().map(place).collect();
        axes.sort_unstable();
        let reduced = match function {
            AxisFn::Max => {
                let least = self.g.is_size(arg.node);
                self.body.reduce(Reduction::Max { least }, value, axes.clone())
            }
            _ if function.reduces() => {
                let shape = self.body.without(value, &axes);
                self.body.push(Op::Along(function, value, axes.clone()), shape, Kind::Number)
            }
            _ => self.body.same_shape(value, Op::Along(function, value, axes.clone())),
        };
        let kept = |k: usize| !function.reduces() || !axes.contains(&(k as u8));
        let labels: Vec<u8> =
            arg.axes.iter().enumerate().filter(|(k, _)| kept(*k)).map(|(_, &label)| label).collect();
        self.body.align(reduced, &labels, rank)
    }

    /// Products along an axis of all entries but those left out, which are 1 there.
    fn others(&mut self, arg: &Operand, order: u8, shape: &[Extent]) -> Id {
        let rank = shape.len();
        let value = self.of(arg.node);
        let Some(at) = arg.axes.iter().position(|&a| a as usize == rank) else { return value };
        let Some(extent) = self.body.value(value).shape[at] else { return value };
        let (left_out, wide) = (rank - order as usize..rank, rank + 1);
        let mut factors = self.body.align(value, &arg.axes, wide);
        let entry = self.iota(extent, rank as u8, wide);
        let one = self.body.number(Number::ONE);
        for axis in left_out.clone() {
            let place = self.iota(extent, axis as u8, wide);
            let same = self.body.compare(CompareOp::Equal, entry, place);
            factors = self.body.select(same, one, factors);
        }
        let mut product = self.body.reduce(Reduction::Prod, factors, vec![rank as u8]);
        let zero = self.body.number(Number::ZERO);
        for second in left_out.clone() {
            for first in left_out.start..second {
                let [i, j] = [first, second].map(|axis| self.iota(extent, axis as u8, rank));
                let same = self.body.compare(CompareOp::Equal, i, j);
                product = self.body.select(same, zero, product);
            }
        }
        product
    }

    /// Whether what a node says of its indices holds; the axes of `operand` are among those of `extents`.
    pub(super) fn indicator(&mut self, operand: &Operand, extents: &[Extent]) -> Id {
        let g = self.g;
        if let ir::graph::Op::Named(data) = g.op(operand.node) {
            let rank = extents.len();
            let named = Operand { node: *data, axes: operand.axes[1..].to_vec() };
            let names = self.aligned(&named, rank);
            let label = operand.axes[0];
            let place = self.iota(extents[label as usize], label, rank);
            return self.body.compare(CompareOp::Equal, names, place);
        }
        let (kind, value) =
            g.relation(operand.node, &operand.axes).unwrap_or((RelationKind::Equal, Default::default()));
        let all: Vec<Id> = value
            .terms
            .iter()
            .map(|&(label, _)| self.iota(extents[label as usize], label, extents.len()))
            .collect();
        let terms = value.terms.iter().zip(all).map(|(&(_, n), index)| (index, n)).collect();
        self.relation(kind, terms, &value.offset)
    }

    /// Whether `offset + Σ multiple·index` is 0, or not negative: what is taken away stands on the other side.
    pub(super) fn relation(&mut self, kind: RelationKind, terms: Vec<(Id, i64)>, offset: &Form) -> Id {
        let (taken, given): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(_, n)| *n < 0);
        let zero = self.body.whole(Form::default());
        let offset = self.g.extents.resolved(offset);
        let part = |sign: i64| Form {
            constant: (sign * offset.constant).max(0),
            terms: offset.terms.iter().filter(|(_, n)| sign * n > 0).map(|&(e, n)| (e, sign * n)).collect(),
        };
        let mut side = |terms: Vec<(Id, i64)>, rest: Form| {
            let sum = terms.into_iter().fold(zero, |sum, (index, n)| self.plus_multiple(sum, index, n.abs()));
            let rest = self.body.whole(rest);
            self.body.binary(Binary::Add, sum, rest)
        };
        let left = side(given, part(1));
        let right = side(taken, part(-1));
        let op = match kind {
            RelationKind::Equal => CompareOp::Equal,
            RelationKind::AtLeast => CompareOp::GreaterEqual,
        };
        self.body.compare(op, left, right)
    }

    /// `offset + Σ multiple·index`, of indices along axes of these extents.
    pub(super) fn affine(&mut self, value: &ir::Affine<u8>, extents: &[Extent]) -> Id {
        let mut sum = self.body.whole(Form::default());
        for &(label, n) in &value.terms {
            let index = self.iota(extents[label as usize], label, extents.len());
            sum = self.plus_multiple(sum, index, n);
        }
        let offset = self.body.whole(self.g.extents.resolved(&value.offset));
        self.body.binary(Binary::Add, sum, offset)
    }

    /// `sum + n·index`
    pub(super) fn plus_multiple(&mut self, sum: Id, index: Id, n: i64) -> Id {
        let size = self.body.whole(Form::constant(n.saturating_abs()));
        let index = if n.abs() == 1 { index } else { self.body.binary(Binary::Mul, size, index) };
        let zero = self.body.whole(Form::default());
        match (n < 0, sum == zero) {
            (false, _) => self.body.binary(Binary::Add, sum, index),
            (true, true) => self.body.negate(index),
            (true, false) => self.body.binary(Binary::Sub, sum, index),
        }
    }
}
