//! Products with relations among their factors: `Σ_p (p = i + 1)·x[p]` is `x[i+1]`.
//!
//! Each relation that is an equation is solved for a bound index, which then has a place instead of a letter.
//! Of several ways, one that leaves no condition comes first. What is not solved is a condition.

use super::convert::Converter;
use super::entries::{Locals, apart, conditioned, letter};
use super::notation::{Notation, Tree, Whole};
use super::place::{Atom, Condition, ConditionKind, Place};
use super::solve::{Step, Variable};
use crate::ir::{Affine, Extent, Factor, Form, NodeId, Number, Op, Operand};
use std::collections::BTreeMap;

impl Converter<'_> {
    /// What an equation says that one of its variables is, at places.
    fn value_of(&mut self, value: &Affine<Variable>, factors: &[Factor], locals: &Locals) -> Option<Place> {
        let mut place = Place::fixed(value.offset.clone());
        for &(v, n) in &value.terms {
            let what = match v {
                Variable::Local(local) => locals[local].clone()?,
                Variable::Data(f) => {
                    let operand = &factors[f].operand;
                    let at: Vec<Option<Place>> =
                        operand.axes.iter().map(|&a| locals[a as usize].clone()).collect();
                    self.whole_number(operand.node, &at)?
                }
            };
            place = place.plus(&what, n);
        }
        Some(place)
    }

    /// The whole number that data hold.
    fn whole_number(&mut self, id: NodeId, axes: &Locals) -> Option<Place> {
        let Op::Named(data) = *self.graph.op(id) else { return None };
        let whole = Operand { node: data, axes: (0..axes.len() as u8 - 1).collect() };
        let entry = self.entry(&whole, &axes[1..]);
        Some(Place::of(Atom::Data(entry.note, self.graph.shape(id)[0])))
    }

    /// Where a place of several indices runs over both ends of an array, as that of a window does: the factor,
    /// its axis and the width of the zeros that the array wants there, so that it is `pad(x, 1)[i+k]`.
    fn padding(
        &self,
        factors: &[Factor],
        b: usize,
        place: &Place,
        last: &Place,
    ) -> Option<(usize, usize, i64)> {
        if !self.indexed || place.terms.len() < 2 || place.has_data() {
            return None;
        }
        let mut readers = factors
            .iter()
            .enumerate()
            .filter(|(_, f)| f.operand.axes.contains(&(b as u8)) && !self.graph.is_indicator(f.operand.node));
        let (Some((k, f)), None) = (readers.next(), readers.next()) else { return None };
        let leaf =
            matches!(self.graph.op(f.operand.node), Op::Input(_)) || self.names.contains_key(&f.operand.node);
        let axis = f.operand.axes.iter().position(|a| *a as usize == b)?;
        let whole = self.shown(self.graph.shape(f.operand.node)).len() == f.operand.axes.len();
        if !leaf || !whole || f.power.is_negative() {
            return None;
        }
        let short = |place: &Place| {
            if self.proves(place) { Some(0) } else { self.least(place).as_constant().map(|n| (-n).max(0)) }
        };
        let width = short(place)?.max(short(&last.plus(place, -1))?);
        (width > 0 && width < 16).then_some((k, axis, width))
    }

    /// `pad(x, 1)[i+k]`
    fn padded_entry(&mut self, o: &Operand, locals: &Locals, widths: &[Form]) -> Tree {
        let base = self.tree(o.node);
        let mut places = Vec::new();
        for (k, &a) in o.axes.iter().enumerate() {
            let Some(place) = &locals[a as usize] else { continue };
            let moved = place.plus(&Place::fixed(widths[k].clone()), 1);
            let wide = self.graph.extents.form(self.graph.shape(o.node)[k]).plus(&widths[k], 2);
            places.push(self.place_note(&moved));
            self.uses.push((wide, moved));
        }
        let mut args = vec![base.note];
        let alike = widths.iter().all(|w| *w == widths[0]);
        let widths = if alike { &widths[..1] } else { widths };
        args.extend(widths.iter().map(|w| self.place_note(&Place::fixed(w.clone()))));
        let padded = Notation::Whole(Whole::Pad, args);
        Tree::of_rank(Notation::Entry(Box::new(padded), places), 0)
    }

    /// A relation at these places: what must be 0, or not negative. `None` where the batch takes part.
    pub(super) fn relation(&mut self, id: NodeId, axes: &Locals) -> Option<(ConditionKind, Place)> {
        let at = |k: usize| axes.get(k).cloned().flatten();
        if let Op::Named(_) = self.graph.op(id) {
            return Some((ConditionKind::Equal, self.whole_number(id, axes)?.plus(&at(0)?, -1)));
        }
        let local: Vec<usize> = (0..axes.len()).collect();
        let (kind, value) = self.graph.relation(id, &local)?;
        let start = Place::fixed(value.offset);
        let place = value.terms.iter().try_fold(start, |sum, &(k, n)| Some(sum.plus(&at(k)?, n)))?;
        Some((kind.into(), place))
    }

    /// A product by entries.
    pub(super) fn entry_of_product(
        &mut self,
        coeff: Number,
        factors: &[Factor],
        bound: &[Extent],
        axes: &Locals,
    ) -> Tree {
        let (outside, uses, open) = (self.scope.len(), self.uses.len(), self.open.len());
        let mut locals = axes.to_vec();
        let mut examples = false;
        for &e in bound {
            let batch = self.is_batch(e) && !examples;
            examples |= batch;
            // An index of one value is 0; of others the place is not told yet.
            let single = self.indexed && self.graph.extents.as_constant(e) == Some(1);
            let place = if single { Place::default() } else { Place::of(Atom::Index(String::new(), e)) };
            locals.push((!batch).then_some(place));
        }
        for place in locals.iter().flatten() {
            self.open.extend(place.terms.iter().map(|(atom, _)| atom.extent()));
        }
        let is_relation = |f: &Factor| self.graph.is_indicator(f.operand.node);
        let steps = self.solved(factors, bound, axes);
        let told = |b: usize| steps.iter().any(|step| step.local == b);
        let used = |k: usize| steps.iter().any(|step| step.factor == k);
        let mut letters = Vec::new();
        for k in axes.len()..locals.len() {
            if locals[k].as_ref().is_some_and(|p| !p.terms.is_empty()) && !told(k) {
                let place = self.letters(&[bound[k - axes.len()]], &[0]);
                locals[k] = place.into_iter().next().flatten();
                letters.extend(locals[k].clone());
            }
        }
        let mut conditions = Vec::new();
        let mut never = false;
        let mut pads: BTreeMap<usize, Vec<Form>> = BTreeMap::new();
        let mut left: Vec<&Step> = steps.iter().collect();
        // Each is told by those that are told already.
        while !left.is_empty() {
            let waits = |local: usize| left.iter().any(|other| other.local == local);
            let ready = left.iter().position(|step| {
                step.value.terms.iter().all(|(v, _)| match *v {
                    Variable::Local(local) => !waits(local),
                    Variable::Data(f) => factors[f].operand.axes[1..].iter().all(|&a| !waits(a as usize)),
                })
            });
            let step = left.remove(ready.unwrap_or(0));
            let Some(place) = self.value_of(&step.value, factors, &locals) else { continue };
            let whole =
                matches!(place.terms.as_slice(), [(Atom::Data(..), 1)]) && place.offset == Form::default();
            let extent = bound[step.local - axes.len()];
            let last = Place::fixed(self.graph.extents.form(extent)).shifted(-1);
            if let Some((k, axis, width)) = self.padding(factors, step.local, &place, &last) {
                let rank = factors[k].operand.axes.len();
                let widths = pads.entry(k).or_insert_with(|| vec![Form::default(); rank]);
                widths[axis] = Form::constant(width);
            } else if !whole {
                for asked in [place.clone(), last.plus(&place, -1)] {
                    match self.condition(ConditionKind::AtLeast, asked) {
                        Some(more) => conditions.extend(more),
                        None => never = true,
                    }
                }
            }
            locals[step.local] = Some(place);
        }
        let mut parts: Vec<(Tree, Number, bool)> = Vec::new();
        // Relations first: what they ask is known further down.
        let (relations, arrays): (Vec<usize>, Vec<usize>) =
            (0..factors.len()).partition(|&k| is_relation(&factors[k]));
        let assumed = self.assumed.len();
        for k in relations.into_iter().chain(arrays) {
            let f = &factors[k];
            if used(k) {
                continue;
            }
            self.assume(assumed, &conditions);
            if is_relation(f) {
                let at: Vec<Option<Place>> =
                    f.operand.axes.iter().map(|&a| locals[a as usize].clone()).collect();
                if let Some((kind, place)) = self.relation(f.operand.node, &at) {
                    match self.condition(kind, place) {
                        Some(more) => conditions.extend(more),
                        None => never = true,
                    }
                }
                continue;
            }
            let tree = match pads.get(&k) {
                Some(widths) => self.padded_entry(&f.operand, &locals, widths),
                None => self.entry(&f.operand, &locals),
            };
            let positive = !f.power.is_negative();
            let (own, tree) = if positive { apart(tree) } else { (Vec::new(), tree) };
            conditions.extend(own);
            never |= positive && tree.note == Notation::Number(Number::ZERO);
            let inner = |a: &u8| match &locals[*a as usize] {
                Some(place) => letters.iter().any(|l| place.has(&letter(l))),
                None => *a as usize >= axes.len(),
            };
            parts.push((tree, f.power, f.operand.axes.iter().any(inner)));
        }
        let zero = Tree::plain(Notation::Number(Number::ZERO));
        let tree =
            if never { zero } else { self.gathered(coeff, parts, conditions, &letters, examples, uses) };
        self.scope.truncate(outside);
        self.open.truncate(open);
        self.assumed.truncate(assumed);
        tree
    }

    /// Takes the conditions for given from here on, beside the first `known` places.
    pub(super) fn assume(&mut self, known: usize, conditions: &[Condition]) {
        self.assumed.truncate(known);
        for c in conditions.iter().filter(|c| c.kind != ConditionKind::Unequal) {
            self.assumed.push(c.place.clone());
            if c.kind == ConditionKind::Equal {
                self.assumed.push(c.place.times(-1));
            }
        }
    }

    /// The sum of the product of parts; those that no bound index reads stay outside.
    fn gathered(
        &mut self,
        coeff: Number,
        parts: Vec<(Tree, Number, bool)>,
        conditions: Vec<Condition>,
        letters: &[Place],
        examples: bool,
        uses: usize,
    ) -> Tree {
        let mut distinct: Vec<Condition> = Vec::new();
        for c in conditions {
            if !distinct.iter().any(|known| known.kind == c.kind && known.place.is(&c.place)) {
                distinct.push(c);
            }
        }
        let (coeff, parts) = if self.indexed { collected(coeff, parts) } else { (coeff, parts) };
        let bound = |c: &Condition| letters.iter().any(|l| c.place.has(&letter(l)));
        let (inside_conditions, outside_conditions) = distinct.into_iter().partition(bound);
        if letters.is_empty() && !examples {
            let all = parts.into_iter().map(|(t, p, _)| (t, p)).collect();
            return conditioned(Some(outside_conditions), Tree::product(coeff, all));
        }
        let (inside, outside): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, _, inner)| *inner);
        let plain = |parts: Vec<(Tree, Number, bool)>| parts.into_iter().map(|(t, p, _)| (t, p)).collect();
        let body = Tree::product(Number::ONE, plain(inside));
        let (sign, mut note) = match body.note {
            Notation::Negative(inner) if self.indexed => (coeff.neg(), *inner),
            note => (coeff, note),
        };
        if !letters.is_empty() {
            note = self.limited(letters, inside_conditions, note, uses);
        }
        if examples {
            note = Notation::Examples(Box::new(note));
        }
        let mut all: Vec<(Tree, Number)> = plain(outside);
        all.push((Tree::of_rank(note, 0), Number::ONE));
        conditioned(Some(outside_conditions), Tree::product(sign, all))
    }
}

/// Factors with numbers in front and equal ones as powers: `800 * x[i]^2`, never `2 * 400 * x[i] * x[i]`.
pub(super) fn collected(
    coeff: Number,
    parts: Vec<(Tree, Number, bool)>,
) -> (Number, Vec<(Tree, Number, bool)>) {
    let (mut coeff, mut all) = (coeff, Vec::<(Tree, Number, bool)>::new());
    let mut left: Vec<_> = parts.into_iter().rev().collect();
    while let Some((tree, power, inner)) = left.pop() {
        if !power.is_one() {
            merge(&mut all, (tree, power, inner));
            continue;
        }
        let plain = tree.plain;
        let part = |note| (Tree { note, rank: 0, plain }, Number::ONE, inner);
        match tree.note {
            Notation::Number(n) => coeff = coeff.mul(n),
            Notation::Negative(note) => {
                coeff = coeff.neg();
                left.push(part(*note));
            }
            Notation::Times(notes) => left.extend(notes.into_iter().rev().map(part)),
            Notation::Power(base, exponent) if matches!(*exponent, Notation::Number(_)) => {
                let Notation::Number(n) = *exponent else { continue };
                merge(&mut all, (Tree { note: *base, rank: 0, plain }, n, inner));
            }
            note => merge(&mut all, (Tree { note, rank: 0, plain }, power, inner)),
        }
    }
    (coeff, all)
}

fn merge(all: &mut Vec<(Tree, Number, bool)>, part: (Tree, Number, bool)) {
    match all.iter_mut().find(|(tree, _, inner)| tree.note == part.0.note && *inner == part.2) {
        Some((_, power, _)) => *power = power.add(part.1),
        None => all.push(part),
    }
    all.retain(|(_, power, _)| !power.is_zero());
}
