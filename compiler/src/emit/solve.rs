//! Which indices of a product its relations tell: equations between whole multiples of indices, solved one
//! after the other.

use super::convert::Converter;
use super::entries::Locals;
use super::place::{Atom, Place};
use crate::ir::{Affine, Extent, Factor, Op, RelationKind};
use std::collections::BTreeMap;

/// What is solved for, and in terms of which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    /// An axis of the product, or what it is summed over.
    Local(usize),
    /// The whole number of data that a factor names.
    Data(usize),
}

/// A bound local, the factor that tells it, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) local: usize,
    pub(super) factor: usize,
    pub(super) value: Affine<Variable>,
}

impl Converter<'_> {
    /// Which bound locals the relations tell, each by which factor, in the order they are eliminated.
    pub(super) fn solved(&self, factors: &[Factor], bound: &[Extent], axes: &Locals) -> Vec<Step> {
        let rank = axes.len();
        let mut extents: BTreeMap<Variable, Extent> =
            bound.iter().enumerate().map(|(k, &e)| (Variable::Local(rank + k), e)).collect();
        let mut depends: BTreeMap<Variable, Vec<Variable>> = BTreeMap::new();
        let mut rows: Vec<(usize, RelationKind, Affine<Variable>)> = Vec::new();
        for (k, f) in factors.iter().enumerate() {
            let o = &f.operand;
            let shape = self.graph.shape(o.node);
            let locals: Vec<Variable> = o.axes.iter().map(|&a| Variable::Local(a as usize)).collect();
            let (kind, value) = if let Op::Named(_) = self.graph.op(o.node) {
                let data = Variable::Data(k);
                extents.insert(data, shape[0]);
                depends.insert(data, locals[1..].to_vec());
                (RelationKind::Equal, Affine::of(locals[0]).plus(&Affine::of(data), -1))
            } else if let Some(relation) = self.graph.relation(o.node, &locals) {
                relation
            } else {
                continue;
            };
            for (&local, &e) in locals.iter().zip(shape) {
                extents.entry(local).or_insert(e);
            }
            rows.push((k, kind, value.in_order()));
        }
        let place = |value: &Affine<Variable>| Place {
            terms: value.terms.iter().map(|(v, n)| (Atom::Index(format!("{v:?}"), extents[v]), *n)).collect(),
            offset: self.graph.extents.resolved(&value.offset),
        };
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let mut best: Option<(usize, usize, usize, Affine<Variable>)> = None;
            for (k, (_, _, row)) in rows.iter().enumerate().filter(|(_, row)| row.1 == RelationKind::Equal) {
                for (v, _) in &row.terms {
                    let Variable::Local(local) = *v else { continue };
                    let Some(value) = row.solved_for(v).filter(|_| local >= rank) else { continue };
                    let hidden = self.is_batch(extents[v]);
                    let circular =
                        row.terms.iter().any(|(w, _)| depends.get(w).is_some_and(|d| d.contains(v)));
                    if hidden || circular {
                        continue;
                    }
                    let at = place(&value);
                    let last = Place::fixed(self.graph.extents.form(extents[v])).shifted(-1);
                    let data = matches!(value.terms[..], [(Variable::Data(_), _)]);
                    let asked = [last.plus(&at, -1), at];
                    let open = if data { 0 } else { asked.iter().filter(|p| !self.proves(p)).count() };
                    if best.as_ref().is_none_or(|(least, ..)| open < *least) {
                        best = Some((open, k, local, value));
                    }
                }
            }
            let Some((_, k, local, value)) = best else { return steps };
            let (factor, ..) = rows.remove(k);
            let told = Variable::Local(local);
            for (_, _, other) in &mut rows {
                *other = other.with(&told, &value).in_order();
            }
            let mut through: Vec<Variable> = value.terms.iter().map(|(v, _)| *v).collect();
            through.extend(value.terms.iter().filter_map(|(v, _)| depends.get(v)).flatten());
            for list in depends.values_mut().filter(|list| list.contains(&told)) {
                list.retain(|v| *v != told);
                list.extend(&through);
            }
            steps.push(Step { local, factor, value });
        }
    }
}
