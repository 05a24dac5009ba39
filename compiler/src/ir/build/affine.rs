//! What indices are made of: relations between them, entries named by data, their values, products of others;
//! and what becomes of relations in a contraction.

use super::product::Raised;
use super::{Tensor, indices_of};
use crate::ir::finite::Finite;
use crate::ir::form::{Affine, Form};
use crate::ir::graph::{Factor, Graph, NodeId, Op, Operand, Relation, RelationKind};
use crate::ir::index::{Extent, Index};
use crate::ir::number::Number;
use crate::syntax::ast::CompareOp;

impl Graph {
    /// The values 0, 1, 2, … of an index over `e`.
    pub fn position(&mut self, e: Extent) -> NodeId {
        let e = self.extents.find(e);
        match self.extents.as_constant(e) {
            Some(1) => self.fill_over(Number::ZERO, e),
            _ => self.intern(Op::Position, vec![e]),
        }
    }

    fn fill_over(&mut self, value: Number, e: Extent) -> NodeId {
        let index = self.extents.index(e);
        self.fill(value, &[index])
    }

    /// `offset`, a whole number, as a scalar.
    pub fn form_value(&mut self, offset: &Form) -> Tensor {
        let offset = self.extents.resolved(offset);
        let mut terms = Vec::new();
        if offset.constant != 0 {
            terms.push((Number::int(offset.constant), self.constant(Number::ONE)));
        }
        for &(e, n) in &offset.terms {
            terms.push((Number::int(n), Tensor::new(self.extent_value(e), Vec::new())));
        }
        if terms.is_empty() { self.constant(Number::ZERO) } else { self.sum(&terms) }
    }

    /// 1 where the value is 0, or not negative; 0 elsewhere. Of it, only the indices that it depends on.
    pub fn holds(&mut self, kind: RelationKind, value: &Affine<Index>) -> Tensor {
        // An index of one value is 0.
        let single = |i: Index| self.extents.as_constant(self.extents.of(i)) == Some(1);
        let terms = value.terms.iter().copied().filter(|(i, _)| !single(*i)).collect();
        let mut value = Affine { terms, offset: self.extents.resolved(&value.offset) };
        if let Some(known) = self.known_relation(kind, &value) {
            return self.constant(if known { Number::ONE } else { Number::ZERO });
        }
        if kind == RelationKind::Equal {
            // Of both signs, the one whose first multiple is positive.
            let first = value.terms.first().map(|(_, n)| *n);
            if first.or_else(|| value.offset.terms.first().map(|(_, n)| *n)).is_some_and(|n| n < 0) {
                value = value.times(-1);
            }
            if let [(i, 1), (j, -1)] = value.terms[..]
                && value.offset == Form::default()
                && self.extents.of(i) == self.extents.of(j)
            {
                let delta = self.delta(self.extents.of(i));
                return Tensor::new(delta, vec![i, j]);
            }
        }
        let (indices, coeffs): (Vec<Index>, Vec<i64>) = value.terms.into_iter().unzip();
        let shape = self.extents_of(&indices);
        let relation = Relation { kind, coeffs, offset: value.offset };
        Tensor::new(self.intern(Op::Holds(relation), shape), indices)
    }

    /// What is known of a relation, whatever the indices are.
    fn known_relation(&self, kind: RelationKind, value: &Affine<Index>) -> Option<bool> {
        let terms = value.terms.iter().map(|&(i, n)| (self.extents.of(i), n));
        let [least, most] = self.extents.reach(terms, &value.offset);
        let negative = most.times(-1).shifted(-1).is_never_negative();
        match kind {
            RelationKind::AtLeast if least.is_never_negative() => Some(true),
            RelationKind::AtLeast => negative.then_some(false),
            RelationKind::Equal if *value == Affine::default() => Some(true),
            RelationKind::Equal => (negative || least.shifted(-1).is_never_negative()).then_some(false),
        }
    }

    /// 1 where the index is the whole number that the data holds.
    pub fn named_entry(&mut self, at: Index, data: &Tensor) -> Tensor {
        let mut indices = vec![at];
        indices.extend(&data.indices);
        let shape: Vec<Extent> =
            std::iter::once(self.extents.of(at)).chain(self.shape(data.node).to_vec()).collect();
        let shape = shape.into_iter().map(|e| self.extents.find(e)).collect();
        Tensor::new(self.intern(Op::Named(data.node), shape), indices)
    }

    /// The products of all entries of `arg` along `along` but those at the indices of `but`, an axis each.
    pub fn others(&mut self, arg: &Tensor, along: Index, but: &[Index]) -> Tensor {
        let mut out: Vec<Index> = indices_of([arg]).into_iter().filter(|i| *i != along).collect();
        out.extend(but);
        let extent = self.extents.of(along);
        let axes: Vec<Index> = out[..out.len() - but.len()].iter().copied().chain([along]).collect();
        let node = self.tensor_as(arg, &axes);
        let mut locals = out.clone();
        locals.push(along);
        let operand = Self::operand(&Tensor::new(node, axes), &locals);
        let shape = self.extents_of(&out);
        let order = but.len() as u8;
        Tensor::new(self.intern(Op::Others { arg: operand, order, bound: extent }, shape), out)
    }

    /// A node that is a part of another, or its entries in another order, by relations alone: the tensor and
    /// the relations, with new indices for what is summed.
    fn as_part(&mut self, node: NodeId, indices: &[Index]) -> Option<(Vec<Tensor>, Vec<Index>)> {
        let Op::Product { coeff, factors, bound } = self.op(node).clone() else { return None };
        let tensors = factors.iter().filter(|f| !self.is_indicator(f.operand.node)).count();
        let plain = coeff.is_one() && factors.iter().all(|f: &Factor| f.power.is_one());
        if bound.is_empty() || tensors > 1 || !plain || factors.len() < 2 || self.is_named(node) {
            return None;
        }
        // A running sum is no part: it is found once for all that ask for it.
        let rank = self.rank(node);
        let told = |local: usize| {
            let by = |f: &Factor| f.operand.axes.contains(&(local as u8)) && self.says_which(f.operand.node);
            factors.iter().any(by)
        };
        if !(rank..rank + bound.len()).all(told) {
            return None;
        }
        let inner: Vec<Index> = bound.iter().map(|&e| self.extents.index(e)).collect();
        let locals: Vec<Index> = indices.iter().copied().chain(inner.iter().copied()).collect();
        let at = |o: &Operand| self.tensor(o, &locals);
        Some((factors.iter().map(|f| at(&f.operand)).collect(), inner))
    }

    /// A choice by a comparison of indices, of which one branch is 0, as a relation and the other branch.
    pub(super) fn where_related(
        &mut self,
        op: CompareOp,
        [lhs, rhs]: [&Tensor; 2],
        [then, otherwise]: [&Tensor; 2],
    ) -> Option<(Tensor, Tensor)> {
        let holds = self.is_zero(otherwise.node);
        if !holds && !self.is_zero(then.node) {
            return None;
        }
        let difference = self.as_affine(rhs)?.plus(&self.as_affine(lhs)?, -1);
        if difference.terms.is_empty() {
            return None;
        }
        // Of whole numbers, a is less than b where b - a - 1 is not negative.
        let (kind, value) = match (op, holds) {
            (CompareOp::Less, true) | (CompareOp::GreaterEqual, false) => {
                (RelationKind::AtLeast, difference.shifted(-1))
            }
            (CompareOp::LessEqual, true) | (CompareOp::Greater, false) => {
                (RelationKind::AtLeast, difference.clone())
            }
            (CompareOp::Greater, true) | (CompareOp::LessEqual, false) => {
                (RelationKind::AtLeast, difference.times(-1).shifted(-1))
            }
            (CompareOp::GreaterEqual, true) | (CompareOp::Less, false) => {
                (RelationKind::AtLeast, difference.times(-1))
            }
            (CompareOp::Equal, true) => (RelationKind::Equal, difference.clone()),
            (CompareOp::Equal, false) => return None,
        };
        let branch = if holds { then } else { otherwise };
        if !self.counts_where_met(branch, &difference) {
            return None;
        }
        Some((self.holds(kind, &value), branch.clone()))
    }

    /// Whether what may be no number hangs on an index of the relation: what does not would be multiplied by the
    /// sum of what counts, also where nothing does.
    fn counts_where_met(&self, branch: &Tensor, relation: &Affine<Index>) -> bool {
        let meets = |i: &Index| relation.multiple(i) != 0;
        let mut finite = Finite::default();
        match self.op(branch.node) {
            Op::Product { factors, bound, .. } if bound.is_empty() => factors.iter().all(|f| {
                let at = |&axis: &u8| meets(&branch.indices[axis as usize]);
                f.operand.axes.iter().any(at) || finite.is_finite_power(self, f)
            }),
            _ => branch.indices.iter().any(meets) || finite.is_finite(self, branch.node),
        }
    }

    /// A number that is an affine form of indices, as one.
    fn as_affine(&self, t: &Tensor) -> Option<Affine<Index>> {
        let of = |o: &Operand| self.as_affine(&self.tensor(o, &t.indices));
        match self.op(t.node) {
            Op::Position => Some(Affine::of(t.indices[0])),
            Op::Number(n) => Some(Affine::fixed(Form::constant(n.as_int()?))),
            Op::Extent(e) => Some(Affine::fixed(self.extents.form(*e))),
            Op::Sum(terms) => terms.iter().try_fold(Affine::default(), |sum, term| {
                Some(sum.plus(&of(&term.operand)?, term.coeff.as_int()?))
            }),
            Op::Product { coeff, factors, bound } if bound.is_empty() => match factors.as_slice() {
                [] => Some(Affine::fixed(Form::constant(coeff.as_int()?))),
                [f] if f.power.is_one() => Some(of(&f.operand)?.times(coeff.as_int()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it relates indices by an equation, or by data that name one.
    fn says_which(&self, node: NodeId) -> bool {
        match self.op(node) {
            Op::Holds(relation) => relation.kind == RelationKind::Equal,
            Op::Delta | Op::Named(_) => true,
            _ => false,
        }
    }

    /// Takes apart what relations between bound indices make of one another: a part of a part is a part, and of
    /// an index that only relations have, what is left is what it says of the others.
    pub(super) fn contract_relations(&mut self, parts: &mut Vec<Raised>, bound: &mut Vec<Index>) {
        if !parts.iter().any(|p| self.is_indicator(p.node) || self.has_relations(p.node)) {
            return;
        }
        self.inline_parts(parts, bound);
        loop {
            self.merge_repeated(parts);
            if !self.eliminate(parts, bound) {
                return;
            }
        }
    }

    /// Parts whose indices meet those of a relation, if they are summed, are taken apart.
    fn inline_parts(&mut self, parts: &mut Vec<Raised>, bound: &mut Vec<Index>) {
        let mut k = 0;
        while k < parts.len() {
            let meets = |i: &Index| {
                bound.contains(i)
                    && parts.iter().any(|p| matches!(self.op(p.node), Op::Holds(_)) && p.indices.contains(i))
            };
            let relation = |g: &Self, f: &Factor| g.is_indicator(f.operand.node);
            let relations_alone = matches!(self.op(parts[k].node), Op::Product { factors, .. }
                if factors.iter().all(|f| relation(self, f)));
            if parts[k].power.is_one()
                && (relations_alone || parts[k].indices.iter().any(meets))
                && let Some((tensors, inner)) = self.as_part(parts[k].node, &parts[k].indices.clone())
            {
                let new = tensors.into_iter().map(|t| Raised {
                    node: t.node,
                    indices: t.indices,
                    power: Number::ONE,
                });
                parts.splice(k..=k, new);
                bound.extend(inner);
                k = 0;
                continue;
            }
            k += 1;
        }
    }

    /// A relation that has one index twice says something of it once.
    fn merge_repeated(&mut self, parts: &mut Vec<Raised>) {
        for part in parts.iter_mut() {
            let indices = &part.indices;
            let twice = (1..indices.len()).any(|n| indices[..n].contains(&indices[n]));
            if twice && let Some((kind, value)) = self.relation(part.node, indices) {
                let t = self.holds(kind, &value);
                *part = Raised { node: t.node, indices: t.indices, power: Number::ONE };
            }
        }
        parts.retain(|p| !matches!(self.op(p.node), Op::Number(n) if n.is_one()));
    }

    /// Removes one bound index that only relations have; whether there was one.
    fn eliminate(&mut self, parts: &mut Vec<Raised>, bound: &mut Vec<Index>) -> bool {
        for b in bound.clone() {
            let users: Vec<usize> = (0..parts.len()).filter(|&k| parts[k].indices.contains(&b)).collect();
            let relations: Option<Vec<_>> =
                users.iter().map(|&k| self.relation(parts[k].node, &parts[k].indices)).collect();
            let Some(relations) = relations.filter(|r| !r.is_empty()) else { continue };
            // The one that says which it is.
            let told = |(kind, equation): &(RelationKind, Affine<Index>)| {
                if *kind == RelationKind::Equal { equation.solved_for(&b) } else { None }
            };
            let Some((which, value)) =
                relations.iter().enumerate().find_map(|(k, relation)| Some((k, told(relation)?)))
            else {
                continue;
            };
            let last = Affine::fixed(self.extents.form(self.extents.of(b)).shifted(-1));
            let mut new = Vec::new();
            for (_, (kind, other)) in relations.iter().enumerate().filter(|(k, _)| *k != which) {
                new.push(self.holds(*kind, &other.with(&b, &value)));
            }
            // It is one of the index's values.
            new.push(self.holds(RelationKind::AtLeast, &value));
            new.push(self.holds(RelationKind::AtLeast, &last.plus(&value, -1)));
            for &k in users.iter().rev() {
                parts.remove(k);
            }
            bound.retain(|i| *i != b);
            for t in new {
                if !matches!(self.op(t.node), Op::Number(n) if n.is_one()) {
                    parts.push(Raised { node: t.node, indices: t.indices, power: Number::ONE });
                }
            }
            return true;
        }
        false
    }
}
