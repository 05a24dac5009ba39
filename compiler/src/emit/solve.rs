//! Which indices of a product its relations tell: equations between whole multiples of indices, solved one
//! after the other.

use super::convert::Converter;
use super::entries::Locals;
use super::place::{Atom, Place};
use crate::ir::{Extent, Factor, Form, Op, RelationKind};
use std::collections::BTreeMap;

/// `offset + Σ multiple·variable`; variables are locals, or beyond them whole numbers of data.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) factor: usize,
    equal: bool,
    pub(super) terms: BTreeMap<usize, i64>,
    pub(super) offset: Form,
}

/// The first variable that is a whole number of data: so many and the place of the factor that names it.
pub(super) const DATA: usize = 1000;

/// A bound local, and the equation that tells it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) local: usize,
    pub(super) row: Row,
}

impl Converter<'_> {
    /// Which bound locals the relations tell, each by which factor, in the order they are eliminated.
    pub(super) fn solved(&self, factors: &[Factor], bound: &[Extent], axes: &Locals) -> Vec<Step> {
        let rank = axes.len();
        let mut extents: BTreeMap<usize, Extent> =
            bound.iter().enumerate().map(|(k, &e)| (rank + k, e)).collect();
        let mut depends: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (k, f) in factors.iter().enumerate() {
            let o = &f.operand;
            let shape = self.graph.shape(o.node);
            let mut terms = BTreeMap::new();
            let mut offset = Form::default();
            let mut equal = true;
            let mut add = |a: usize, n: i64| *terms.entry(a).or_insert(0) += n;
            match self.graph.op(o.node) {
                Op::Delta => {
                    add(o.axes[0] as usize, 1);
                    add(o.axes[1] as usize, -1);
                }
                Op::Holds(r) => {
                    o.axes.iter().zip(&r.coeffs).for_each(|(&a, &n)| add(a as usize, n));
                    offset = r.offset.clone();
                    equal = r.kind == RelationKind::Equal;
                }
                Op::Named(_) => {
                    // A whole number of the data is a variable of its own.
                    let data = DATA + k;
                    add(o.axes[0] as usize, 1);
                    add(data, -1);
                    extents.insert(data, shape[0]);
                    depends.insert(data, o.axes[1..].iter().map(|&a| a as usize).collect());
                }
                _ => continue,
            }
            for (&a, &e) in o.axes.iter().zip(shape) {
                extents.entry(a as usize).or_insert(e);
            }
            terms.retain(|_, n| *n != 0);
            rows.push(Row { factor: k, equal, terms, offset });
        }
        let place = |terms: &BTreeMap<usize, i64>, offset: &Form| Place {
            terms: terms.iter().map(|(v, n)| (Atom::Index(v.to_string(), extents[v]), *n)).collect(),
            offset: self.graph.extents.resolved(offset),
        };
        let mut steps: Vec<Step> = Vec::new();
        loop {
            let mut best: Option<(usize, usize, usize)> = None;
            for (k, row) in rows.iter().enumerate().filter(|(_, row)| row.equal) {
                for (&b, &n) in row.terms.iter().filter(|(b, n)| (rank..DATA).contains(*b) && n.abs() == 1) {
                    let hidden = self.is_batch(extents[&b]);
                    let circular = row.terms.keys().any(|v| depends.get(v).is_some_and(|d| d.contains(&b)));
                    if hidden || circular {
                        continue;
                    }
                    let mut rest = row.terms.clone();
                    rest.remove(&b);
                    let value = place(&rest, &row.offset).times(-n);
                    let last = Place::fixed(self.graph.extents.form(extents[&b])).shifted(-1);
                    let asked = [value.clone(), last.plus(&value, -1)];
                    let data = rest.len() == 1 && rest.keys().all(|v| *v >= DATA);
                    let open = if data { 0 } else { asked.iter().filter(|p| !self.proves(p)).count() };
                    if best.is_none_or(|(least, ..)| open < least) {
                        best = Some((open, k, b));
                    }
                }
            }
            let Some((_, k, b)) = best else { return steps };
            let row = rows.remove(k);
            steps.push(Step { local: b, row: row.clone() });
            let n = row.terms[&b];
            for other in &mut rows {
                let Some(m) = other.terms.remove(&b) else { continue };
                // b = −n·rest
                for (&v, &c) in row.terms.iter().filter(|(v, _)| **v != b) {
                    *other.terms.entry(v).or_insert(0) += -m * n * c;
                }
                other.terms.retain(|_, c| *c != 0);
                other.offset = other.offset.plus(&row.offset, -m * n);
            }
            let own: Vec<usize> = row.terms.keys().copied().filter(|v| *v != b).collect();
            let mut through = own.clone();
            through.extend(own.iter().filter_map(|v| depends.get(v)).flatten());
            for list in depends.values_mut().filter(|list| list.contains(&b)) {
                list.retain(|v| *v != b);
                list.extend(&through);
            }
        }
    }
}
