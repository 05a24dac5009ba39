//! The constructors: the only way to make nodes, and they normalise.
//!
//! Expressions are put together as [`Tensor`]s, nodes whose axes carry indices; an index that two operands share runs
//! along both. What is normalised here, always: sums and products are flattened (a named node excepted), constants
//! folded, equal terms and equal factors collected, deltas contracted, operands ordered by age, and
//! `where(c, u, 0) * v` becomes `where(c, u * v, 0)`, so that a branch not taken never multiplies an infinity.

use super::graph::{AxisFn, Factor, Graph, NodeId, Op, Operand, Term};
use super::index::{Extent, Index};
use super::number::Number;
use crate::ops::{self, ElementFn};
use crate::syntax::ast::CompareOp;

/// A node and the index that runs along each of its axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The node.
    pub node: NodeId,
    /// An index per axis; one that stands twice takes the diagonal.
    pub indices: Vec<Index>,
}

impl Tensor {
    /// A node with these indices.
    #[must_use]
    pub fn new(node: NodeId, indices: Vec<Index>) -> Self {
        Self { node, indices }
    }

    /// The same tensor with `from` called `to`.
    #[must_use]
    pub fn renamed(mut self, from: &[Index], to: &[Index]) -> Self {
        for index in &mut self.indices {
            if let Some(k) = from.iter().position(|f| f == index) {
                *index = to[k];
            }
        }
        self
    }
}

/// Sums and products of more operands than this stay whole inside others: flattening a chain of them, each used by
/// the next, would cost the square of its length.
const INLINED: usize = 12;

/// A factor while a product is being put together.
#[derive(Clone, Debug)]
struct Part {
    node: NodeId,
    indices: Vec<Index>,
    power: Number,
}

impl Graph {
    // ---- leaves

    /// A constant.
    pub fn number(&mut self, n: Number) -> NodeId {
        self.intern(Op::Number(n), Vec::new())
    }

    /// A constant, as a tensor.
    pub fn constant(&mut self, n: Number) -> Tensor {
        Tensor::new(self.number(n), Vec::new())
    }

    /// π
    pub fn pi(&mut self) -> NodeId {
        self.intern(Op::Pi, Vec::new())
    }

    /// How many values an index over `e` takes, as a scalar.
    pub fn extent_value(&mut self, e: Extent) -> NodeId {
        let e = self.extents.find(e);
        match self.extents.as_constant(e) {
            Some(n) => self.number(Number::int(n as i64)),
            None => self.intern(Op::Extent(e), Vec::new()),
        }
    }

    /// The Kronecker delta over `e`.
    pub fn delta(&mut self, e: Extent) -> NodeId {
        let e = self.extents.find(e);
        self.intern(Op::Delta, vec![e, e])
    }

    /// `value` everywhere over `out`.
    pub fn fill(&mut self, value: Number, out: &[Index]) -> NodeId {
        self.contract(value, &[], out)
    }

    /// The node with a new index along each axis.
    pub fn whole(&mut self, node: NodeId) -> Tensor {
        let indices = self.shape(node).to_vec().into_iter().map(|e| self.extents.index(e)).collect();
        Tensor::new(node, indices)
    }

    // ---- queries

    /// The constant that the node is everywhere, where it is one.
    #[must_use]
    pub fn as_constant(&self, id: NodeId) -> Option<Number> {
        match self.op(id) {
            Op::Number(n) => Some(*n),
            Op::Product { coeff, factors, .. } if factors.is_empty() => Some(*coeff),
            _ => None,
        }
    }

    /// Whether the node is 0 everywhere.
    #[must_use]
    pub fn is_zero(&self, id: NodeId) -> bool {
        self.as_constant(id).is_some_and(Number::is_zero)
    }

    fn is_named(&self, id: NodeId) -> bool {
        self.name(id).is_some() && !matches!(self.op(id), Op::Input(_))
    }

    /// Operands of a node as tensors, given an index for each of its locals.
    #[must_use]
    pub fn tensor(&self, operand: &Operand, locals: &[Index]) -> Tensor {
        Tensor::new(operand.node, operand.axes.iter().map(|&a| locals[a as usize]).collect())
    }

    /// New indices for the locals of a node: its own axes, then the bound ones.
    pub fn locals(&mut self, id: NodeId) -> Vec<Index> {
        let mut extents = self.shape(id).to_vec();
        if let Op::Product { bound, .. } | Op::Axis { bound, .. } = self.op(id) {
            extents.extend(bound);
        }
        extents.into_iter().map(|e| self.extents.index(e)).collect()
    }

    fn extents_of(&self, indices: &[Index]) -> Vec<Extent> {
        indices.iter().map(|&i| self.extents.of(i)).collect()
    }

    fn operand(tensor: &Tensor, locals: &[Index]) -> Operand {
        let axes =
            tensor.indices.iter().map(|i| locals.iter().position(|l| l == i).unwrap_or(0) as u8).collect();
        Operand { node: tensor.node, axes }
    }

    /// The operand behind a mere view (a permutation, a diagonal, a broadcast), the constant behind a filled array.
    fn seen_through(&mut self, t: &Tensor) -> Tensor {
        if !self.is_named(t.node)
            && let Op::Product { coeff, factors, bound } = self.op(t.node)
            && bound.is_empty()
        {
            if factors.is_empty() {
                let n = *coeff;
                return self.constant(n);
            }
            if let ([factor], true) = (factors.as_slice(), coeff.is_one())
                && factor.power.is_one()
                && !matches!(self.op(factor.operand.node), Op::Delta)
            {
                return self.tensor(&factor.operand, &t.indices);
            }
        }
        t.clone()
    }

    /// All indices of `tensors`, those of the one with most axes first.
    fn union(tensors: &[&Tensor]) -> Vec<Index> {
        let mut out: Vec<Index> = Vec::new();
        let mut widest: Option<&Tensor> = None;
        for &t in tensors {
            if widest.is_none_or(|w| t.indices.len() > w.indices.len()) {
                widest = Some(t);
            }
        }
        for t in widest.into_iter().chain(tensors.iter().copied()) {
            for &i in &t.indices {
                if !out.contains(&i) {
                    out.push(i);
                }
            }
        }
        out
    }

    // ---- sums

    /// `Σ coeff · tensor` over the indices of all.
    pub fn sum(&mut self, terms: &[(Number, Tensor)]) -> Tensor {
        let out = Self::union(&terms.iter().map(|(_, t)| t).collect::<Vec<_>>());
        Tensor::new(self.sum_as(terms, &out), out)
    }

    /// `Σ coeff · tensor` with exactly the axes `out`; what a term lacks of them is broadcast.
    pub fn sum_as(&mut self, terms: &[(Number, Tensor)], out: &[Index]) -> NodeId {
        let mut constant = Number::ZERO;
        let mut collected: Vec<(Tensor, Number)> = Vec::new();
        let mut pending: Vec<(Number, Tensor)> = terms.iter().rev().cloned().collect();
        while let Some((coeff, t)) = pending.pop() {
            if coeff.is_zero() {
                continue;
            }
            let t = self.seen_through(&t);
            let named = self.is_named(t.node);
            match self.op(t.node).clone() {
                Op::Number(n) => constant = constant.add(coeff.mul(n)),
                Op::Sum(inner) if !named && inner.len() <= INLINED => {
                    for term in inner.iter().rev() {
                        pending.push((coeff.mul(term.coeff), self.tensor(&term.operand, &t.indices)));
                    }
                }
                Op::Product { coeff: c, .. } if c.is_zero() => {}
                Op::Product { coeff: c, .. } if !c.is_one() && !named => {
                    let unit = self.with_unit_coeff(t.node);
                    pending.push((coeff.mul(c), Tensor::new(unit, t.indices)));
                }
                _ => match collected.iter_mut().find(|(other, _)| *other == t) {
                    Some((_, sum)) => *sum = sum.add(coeff),
                    None => collected.push((t, coeff)),
                },
            }
        }
        collected.retain(|(_, c)| !c.is_zero());
        collected.sort_by(|(a, _), (b, _)| (a.node, &a.indices).cmp(&(b.node, &b.indices)));
        if collected.is_empty() {
            return self.fill(constant, out);
        }
        if let ([(t, c)], true) = (collected.as_slice(), constant.is_zero()) {
            return self.contract(*c, &[(t.clone(), Number::ONE)], out);
        }
        if !constant.is_zero() {
            let one = self.constant(Number::ONE);
            collected.insert(0, (one, constant));
        }
        let terms = collected
            .iter()
            .map(|(t, c)| Term { operand: Self::operand(t, out), coeff: *c })
            .collect::<Vec<_>>();
        let shape = self.extents_of(out);
        self.intern(Op::Sum(terms), shape)
    }

    /// The product `id` with coefficient 1.
    fn with_unit_coeff(&mut self, id: NodeId) -> NodeId {
        let locals = self.locals(id);
        let rank = self.rank(id);
        let Op::Product { factors, .. } = self.op(id).clone() else { return id };
        let parts: Vec<_> = factors.iter().map(|f| (self.tensor(&f.operand, &locals), f.power)).collect();
        self.contract_over(Number::ONE, &parts, &locals[..rank], &locals[rank..])
    }

    /// `-t`
    pub fn negate(&mut self, t: &Tensor) -> Tensor {
        self.scale(Number::MINUS_ONE, t)
    }

    /// `coeff · t`
    pub fn scale(&mut self, coeff: Number, t: &Tensor) -> Tensor {
        self.sum(&[(coeff, t.clone())])
    }

    // ---- products

    /// `t ^ power`, element-wise.
    pub fn power(&mut self, t: &Tensor, power: Number) -> Tensor {
        let out = Self::union(&[t]);
        Tensor::new(self.contract(Number::ONE, &[(t.clone(), power)], &out), out)
    }

    /// The element-wise product over the indices of all.
    pub fn multiply(&mut self, factors: &[Tensor]) -> Tensor {
        let out = Self::union(&factors.iter().collect::<Vec<_>>());
        let parts: Vec<_> = factors.iter().map(|t| (t.clone(), Number::ONE)).collect();
        Tensor::new(self.contract(Number::ONE, &parts, &out), out)
    }

    /// `t` with exactly the axes `out`: permuted, summed over what `out` lacks, broadcast over what `t` lacks.
    pub fn tensor_as(&mut self, t: &Tensor, out: &[Index]) -> NodeId {
        self.contract(Number::ONE, &[(t.clone(), Number::ONE)], out)
    }

    /// `coeff · Σ Π factor^power` with the axes `out`; every other index of a factor is summed over.
    pub fn contract(&mut self, coeff: Number, factors: &[(Tensor, Number)], out: &[Index]) -> NodeId {
        let mut bound: Vec<Index> = Vec::new();
        for &i in factors.iter().flat_map(|(t, _)| &t.indices) {
            if !out.contains(&i) && !bound.contains(&i) {
                bound.push(i);
            }
        }
        self.contract_over(coeff, factors, out, &bound)
    }

    /// The same with the summed indices named: one that no factor has multiplies by its extent.
    pub fn contract_over(
        &mut self,
        mut coeff: Number,
        factors: &[(Tensor, Number)],
        out: &[Index],
        bound: &[Index],
    ) -> NodeId {
        // A mere view of a sum, or its constant multiple, leaves the sum as it is.
        let view = factors.len() == 1 && bound.is_empty();
        let mut bound = bound.to_vec();
        let mut parts: Vec<Part> = Vec::new();
        let mut pending: Vec<Part> = factors
            .iter()
            .rev()
            .map(|(t, p)| Part { node: t.node, indices: t.indices.clone(), power: *p })
            .collect();
        while let Some(part) = pending.pop() {
            self.inline_part(part, view, &mut coeff, &mut parts, &mut pending);
        }
        if coeff.is_zero() {
            let shape = self.extents_of(out);
            return self.product_node(Number::ZERO, Vec::new(), Vec::new(), shape);
        }
        Self::contract_deltas(self, &mut parts, out, &mut bound);
        // An index that nothing runs along any more.
        let mut k = 0;
        while k < bound.len() {
            if parts.iter().any(|p| p.indices.contains(&bound[k])) {
                k += 1;
                continue;
            }
            let extent = self.extents.of(bound.remove(k));
            match self.extents.as_constant(extent) {
                Some(n) => coeff = coeff.mul(Number::int(n as i64)),
                None => {
                    let node = self.extent_value(extent);
                    parts.push(Part { node, indices: Vec::new(), power: Number::ONE });
                }
            }
        }
        let mut merged: Vec<Part> = Vec::new();
        for part in parts {
            match merged.iter_mut().find(|m| m.node == part.node && m.indices == part.indices) {
                Some(m) => m.power = m.power.add(part.power),
                None => merged.push(part),
            }
        }
        merged.retain(|p| !p.power.is_zero());
        if !bound.iter().all(|b| merged.iter().any(|p| p.indices.contains(b))) {
            // Merging cancelled the last factor along a bound index: count it again.
            let again: Vec<_> =
                merged.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)).collect::<Vec<_>>();
            return self.contract_over(coeff, &again, out, &bound);
        }
        if let Some(done) = self.push_into_select(coeff, &merged, out, &bound) {
            return done;
        }
        let merged = self.split_components(merged, out, &mut bound);
        self.finish_product(coeff, merged, out, &bound)
    }

    /// A contraction is one only of what hangs together: factors along no bound index stay outside, and groups of
    /// factors that share no bound index become contractions of their own.
    fn split_components(&mut self, parts: Vec<Part>, out: &[Index], bound: &mut Vec<Index>) -> Vec<Part> {
        if bound.is_empty() {
            return parts;
        }
        let mut groups: Vec<(Vec<Index>, Vec<Part>)> = Vec::new();
        let mut outside = Vec::new();
        for part in parts {
            let mut indices: Vec<Index> =
                part.indices.iter().copied().filter(|i| bound.contains(i)).collect();
            if indices.is_empty() {
                outside.push(part);
                continue;
            }
            let mut members = vec![part];
            groups.retain_mut(|(i, m)| {
                if i.iter().any(|x| indices.contains(x)) {
                    indices.append(i);
                    members.splice(0..0, m.drain(..));
                    false
                } else {
                    true
                }
            });
            groups.push((indices, members));
        }
        if outside.is_empty() && groups.len() == 1 {
            return groups.pop().map_or_else(Vec::new, |(_, members)| members);
        }
        bound.clear();
        for (inner, members) in groups {
            let free: Vec<Index> =
                out.iter().copied().filter(|o| members.iter().any(|p| p.indices.contains(o))).collect();
            let mut unique: Vec<Index> = Vec::new();
            for i in inner {
                if !unique.contains(&i) {
                    unique.push(i);
                }
            }
            let node = self.finish_product(Number::ONE, members, &free, &unique);
            outside.push(Part { node, indices: free, power: Number::ONE });
        }
        let mut merged: Vec<Part> = Vec::new();
        for part in outside {
            match merged.iter_mut().find(|m| m.node == part.node && m.indices == part.indices) {
                Some(m) => m.power = m.power.add(part.power),
                None => merged.push(part),
            }
        }
        merged.retain(|p| !p.power.is_zero());
        merged
    }

    /// Takes one factor apart as far as that is sound: constants, nested products, integer powers of products.
    fn inline_part(
        &mut self,
        part: Part,
        view: bool,
        coeff: &mut Number,
        parts: &mut Vec<Part>,
        pending: &mut Vec<Part>,
    ) {
        if part.power.is_zero() {
            return;
        }
        let named = self.is_named(part.node);
        let integer = part.power.as_int().is_some();
        match self.op(part.node) {
            Op::Number(n) => *coeff = coeff.mul(n.pow(part.power)),
            Op::Product { coeff: c, factors, bound: inner } if !named && (integer || factors.is_empty()) => {
                if inner.is_empty() && factors.len() <= INLINED {
                    *coeff = coeff.mul(c.pow(part.power));
                    let inlined: Vec<Part> = factors
                        .iter()
                        .rev()
                        .map(|f| Part {
                            node: f.operand.node,
                            indices: f.operand.axes.iter().map(|&a| part.indices[a as usize]).collect(),
                            power: f.power.mul(part.power),
                        })
                        .collect();
                    pending.extend(inlined);
                } else if !c.is_one() {
                    *coeff = coeff.mul(c.pow(part.power));
                    let node = self.with_unit_coeff(part.node);
                    pending.push(Part { node, ..part });
                } else {
                    parts.push(part);
                }
            }
            Op::Delta => parts.push(Part { power: Number::ONE, ..part }),
            Op::Sum(terms) if !named && integer && !view => {
                // A factor that all terms have, sign included, stands before the sum: 1/2 (a + b), -(a + b).
                let c = terms[0].coeff;
                let common = !c.is_one() && terms[1..].iter().all(|t| t.coeff == c);
                let negative = terms.iter().all(|t| t.coeff.is_negative());
                let c = match (common, negative) {
                    (true, _) => c,
                    (false, true) => Number::MINUS_ONE,
                    (false, false) => {
                        parts.push(part);
                        return;
                    }
                };
                let inverse = c.pow(Number::MINUS_ONE);
                let terms: Vec<_> = terms
                    .iter()
                    .map(|t| (t.coeff.mul(inverse), self.tensor(&t.operand, &part.indices)))
                    .collect();
                let mut axes: Vec<Index> = Vec::new();
                for &i in &part.indices {
                    if !axes.contains(&i) {
                        axes.push(i);
                    }
                }
                *coeff = coeff.mul(c.pow(part.power));
                let node = self.sum_as(&terms, &axes);
                parts.push(Part { node, indices: axes, power: part.power });
            }
            _ => parts.push(part),
        }
    }

    fn contract_deltas(&mut self, parts: &mut Vec<Part>, out: &[Index], bound: &mut Vec<Index>) {
        let mut k = 0;
        while k < parts.len() {
            if !matches!(self.op(parts[k].node), Op::Delta) {
                k += 1;
                continue;
            }
            let (i, j) = (parts[k].indices[0], parts[k].indices[1]);
            let (from, to) = if i == j {
                parts.remove(k);
                continue;
            } else if bound.contains(&j) {
                (j, i)
            } else if bound.contains(&i) {
                (i, j)
            } else {
                // Both are free: the delta stays, and the others speak of the earlier index only.
                let place = |x: Index| out.iter().position(|o| *o == x);
                let (from, to) = if place(i) <= place(j) { (j, i) } else { (i, j) };
                for (n, part) in parts.iter_mut().enumerate() {
                    if n != k {
                        for index in part.indices.iter_mut().filter(|index| **index == from) {
                            *index = to;
                        }
                    } else {
                        part.indices = vec![to, from];
                    }
                }
                k += 1;
                continue;
            };
            parts.remove(k);
            bound.retain(|b| *b != from);
            for index in parts.iter_mut().flat_map(|p| &mut p.indices).filter(|index| **index == from) {
                *index = to;
            }
            k = 0;
        }
    }

    /// `where(c, u, 0) · v` is `where(c, u · v, 0)`, for every `v` that runs along nothing but the condition's axes.
    fn push_into_select(
        &mut self,
        coeff: Number,
        parts: &[Part],
        out: &[Index],
        bound: &[Index],
    ) -> Option<NodeId> {
        for (k, part) in parts.iter().enumerate() {
            let Op::Select { op, lhs, rhs, then, otherwise } = self.op(part.node).clone() else { continue };
            let (zero_then, zero_else) = (self.is_zero(then.node), self.is_zero(otherwise.node));
            if !part.power.is_one() || !(zero_then || zero_else) || self.is_named(part.node) {
                continue;
            }
            let inside = |p: &Part| {
                p.indices.iter().all(|i| part.indices.contains(i)) && !matches!(self.op(p.node), Op::Delta)
            };
            let (moved, kept): (Vec<_>, Vec<_>) =
                parts.iter().enumerate().filter(|(n, _)| *n != k).map(|(_, p)| p.clone()).partition(inside);
            if moved.is_empty() {
                continue;
            }
            let tensor =
                |o: &Operand| Tensor::new(o.node, o.axes.iter().map(|&a| part.indices[a as usize]).collect());
            let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(tensor);
            let times = |g: &mut Self, branch: &Tensor| {
                if g.is_zero(branch.node) {
                    return branch.clone();
                }
                let mut all = vec![(branch.clone(), Number::ONE)];
                all.extend(moved.iter().map(|p| (Tensor::new(p.node, p.indices.clone()), p.power)));
                let mut axes = Vec::new();
                for &i in all.iter().flat_map(|(t, _)| &t.indices) {
                    if !axes.contains(&i) {
                        axes.push(i);
                    }
                }
                Tensor::new(g.contract(Number::ONE, &all, &axes), axes)
            };
            let (then, otherwise) = (times(self, &then), times(self, &otherwise));
            let mut axes = Vec::new();
            for &i in &part.indices {
                if !axes.contains(&i) {
                    axes.push(i);
                }
            }
            let select = Tensor::new(self.select_as(op, &lhs, &rhs, &then, &otherwise, &axes), axes);
            let mut all = vec![(select, Number::ONE)];
            all.extend(kept.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)));
            return Some(self.contract_over(coeff, &all, out, bound));
        }
        None
    }

    fn finish_product(
        &mut self,
        coeff: Number,
        mut parts: Vec<Part>,
        out: &[Index],
        bound: &[Index],
    ) -> NodeId {
        // A sum is never multiplied by -1: its terms are.
        if coeff == Number::MINUS_ONE
            && bound.is_empty()
            && let [part] = parts.as_slice()
            && part.power.is_one()
            && !self.is_named(part.node)
            && let Op::Sum(terms) = self.op(part.node).clone()
        {
            let terms: Vec<_> =
                terms.iter().map(|t| (t.coeff.neg(), self.tensor(&t.operand, &part.indices))).collect();
            return self.sum_as(&terms, out);
        }
        if coeff.is_one()
            && bound.is_empty()
            && let [part] = parts.as_slice()
            && part.power.is_one()
            && part.indices == out
        {
            return part.node;
        }
        let masked = |p: &Part| -> Vec<usize> {
            p.indices.iter().map(|i| out.iter().position(|o| o == i).unwrap_or(usize::MAX)).collect()
        };
        parts.sort_by(|a, b| {
            (a.node, masked(a), a.power)
                .cmp(&(b.node, masked(b), b.power))
                .then_with(|| a.indices.cmp(&b.indices))
        });
        let mut locals = out.to_vec();
        for &i in parts.iter().flat_map(|p| &p.indices) {
            if !locals.contains(&i) {
                locals.push(i);
            }
        }
        let factors = parts
            .iter()
            .map(|p| Factor {
                operand: Self::operand(&Tensor::new(p.node, p.indices.clone()), &locals),
                power: p.power,
            })
            .collect();
        let bound = self.extents_of(&locals[out.len()..]);
        let shape = self.extents_of(out);
        self.product_node(coeff, factors, bound, shape)
    }

    fn product_node(
        &mut self,
        coeff: Number,
        factors: Vec<Factor>,
        bound: Vec<Extent>,
        shape: Vec<Extent>,
    ) -> NodeId {
        if factors.is_empty() && shape.is_empty() {
            return self.number(coeff);
        }
        self.intern(Op::Product { coeff, factors, bound }, shape)
    }

    // ---- functions

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
        let inner = Self::union(&args.iter().collect::<Vec<_>>());
        let args = args.iter().map(|t| Self::operand(t, &inner)).collect();
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
        let out = Self::union(&[lhs, rhs, then, otherwise]);
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
        let [lhs, rhs, then, otherwise] = [lhs, rhs, then, otherwise].map(|t| Self::operand(&t, out));
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
        let operand = Self::operand(&arg, &locals);
        let along = reduced.iter().map(|i| locals.iter().position(|l| l == i).unwrap_or(0) as u8).collect();
        let bound = if function.reduces() { self.extents_of(&reduced) } else { Vec::new() };
        let shape = self.extents_of(&out);
        let node = self.intern(Op::Axis { function, arg: operand, along, bound }, shape);
        Tensor::new(node, out)
    }

    /// The inverse of a matrix.
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
        Tensor::new(self.intern(Op::Det(arg.node), Vec::new()), Vec::new())
    }

    /// The logarithm of the determinant of a matrix.
    pub fn logdet(&mut self, arg: &Tensor) -> Tensor {
        let arg = self.matrix_view(arg);
        Tensor::new(self.intern(Op::LogDet(arg.node), Vec::new()), Vec::new())
    }

    fn matrix_view(&mut self, arg: &Tensor) -> Tensor {
        let seen = self.seen_through(arg);
        if seen.indices.len() == 2 && seen.indices[0] != seen.indices[1] { seen } else { arg.clone() }
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

    // ---- rebuilding

    /// The node with its children replaced, built anew by the constructors (so normalised anew, extents resolved).
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
