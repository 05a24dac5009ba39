//! Products with relations among their factors: `Σ_p (p = i + 1)·x[p]` is `x[i+1]`.
//!
//! Each relation that is an equation is solved for a bound index, which then has a place instead of a letter.
//! Of several ways, one that leaves no condition comes first. What is not solved is a condition.

use super::convert::Converter;
use super::entries::{Locals, apart, conditioned, letter};
use super::notation::{Bound, Notation, Reducer, Span, Tree, Whole};
use super::place::{Atom, Condition, ConditionKind, Place};
use crate::ir::{Extent, Factor, Form, NodeId, Number, Op, Operand};
use std::collections::BTreeMap;

/// `offset + Σ multiple·variable`; variables are locals, or beyond them whole numbers of data.
#[derive(Clone, Debug)]
struct Row {
    factor: usize,
    equal: bool,
    terms: BTreeMap<usize, i64>,
    offset: Form,
}

/// The first variable that is a whole number of data: so many and the place of the factor that names it.
const DATA: usize = 1000;

/// A bound local, and the equation that tells it.
#[derive(Clone, Debug)]
struct Step {
    local: usize,
    row: Row,
}

impl Converter<'_> {
    /// An equation but for one of its variables, at places.
    fn value_of(&mut self, row: &Row, but: usize, factors: &[Factor], locals: &Locals) -> Option<Place> {
        let mut place = Place::fixed(row.offset.clone());
        for (&v, &n) in row.terms.iter().filter(|(v, _)| **v != but) {
            let Some(f) = v.checked_sub(DATA) else {
                place = place.plus(locals[v].as_ref()?, n);
                continue;
            };
            let operand = &factors[f].operand;
            let at: Vec<Option<Place>> = operand.axes.iter().map(|&a| locals[a as usize].clone()).collect();
            place = place.plus(&self.whole_number(operand.node, &at)?, n);
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
        match self.graph.op(id).clone() {
            Op::Delta => Some((ConditionKind::Equal, at(0)?.plus(&at(1)?, -1))),
            Op::Holds(r) => {
                let mut place = Place::fixed(r.offset.clone());
                for (k, &n) in r.coeffs.iter().enumerate() {
                    place = place.plus(&at(k)?, n);
                }
                Some((r.kind.into(), place))
            }
            Op::Named(_) => Some((ConditionKind::Equal, self.whole_number(id, axes)?.plus(&at(0)?, -1))),
            _ => None,
        }
    }

    /// The condition that a place asks for: none where it is known to hold, `None` where it is known not to.
    pub(super) fn condition(&self, kind: ConditionKind, place: Place) -> Option<Vec<Condition>> {
        let place = Place { offset: self.graph.extents.resolved(&place.offset), ..place };
        let contrary = place.times(-1).shifted(-1);
        let positive = place.shifted(-1);
        let holds = match kind {
            ConditionKind::AtLeast if self.proves(&place) => Some(true),
            ConditionKind::AtLeast if self.proves(&contrary) => Some(false),
            ConditionKind::Equal | ConditionKind::Unequal
                if place == Place::default() || (self.proves(&place) && self.proves(&place.times(-1))) =>
            {
                Some(true)
            }
            ConditionKind::Equal if self.denied.iter().any(|d| d.is(&place) || d.is(&place.times(-1))) => {
                Some(false)
            }
            ConditionKind::Equal | ConditionKind::Unequal
                if self.proves(&positive) || self.proves(&contrary) =>
            {
                Some(false)
            }
            _ => None,
        };
        match holds.map(|h| h != (kind == ConditionKind::Unequal)) {
            Some(true) => Some(Vec::new()),
            Some(false) => None,
            None => Some(vec![Condition::new(kind, place, &|e| self.extent_note(e))]),
        }
    }

    /// The least value of a place.
    fn least(&self, place: &Place) -> Form {
        let extents = &self.graph.extents;
        place.terms.iter().fold(extents.resolved(&place.offset), |form, (atom, n)| {
            let last = extents.form(atom.extent()).shifted(-1);
            if *n < 0 { form.plus(&last, *n) } else { form }
        })
    }

    /// Whether a place is never negative, whatever values its indices take and however large the extents are.
    fn proves(&self, place: &Place) -> bool {
        let extents = &self.graph.extents;
        let least = |place: &Place| self.least(place);
        let form = least(place);
        if form.is_never_negative() {
            return true;
        }
        if self.assumed.iter().any(|known| least(&place.plus(known, -1)).is_never_negative()) {
            return true;
        }
        // An index that is open has a value.
        let open = self.open.iter().map(|&e| extents.form(e).shifted(-1));
        let bounds = extents.bounds().iter().map(|(bound, ..)| extents.resolved(bound));
        let known: Vec<Form> = open.chain(bounds).collect();
        known.iter().any(|known| {
            let rest = form.plus(known, -1);
            rest.is_never_negative()
                || self.open.iter().any(|&e| rest.plus(&extents.form(e).shifted(-1), -1).is_never_negative())
        })
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
        let used = |k: usize| steps.iter().any(|step| step.row.factor == k);
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
            let waits = |v: &usize| left.iter().any(|other| other.local == *v);
            let ready = left.iter().position(|step| {
                step.row.terms.keys().filter(|v| **v != step.local).all(|v| match v.checked_sub(DATA) {
                    None => !waits(v),
                    Some(f) => factors[f].operand.axes[1..].iter().all(|&a| !waits(&(a as usize))),
                })
            });
            let step = left.remove(ready.unwrap_or(0));
            let Some(rest) = self.value_of(&step.row, step.local, factors, &locals) else { continue };
            let place = rest.times(-step.row.terms[&step.local]);
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

    /// The sum over letters, of values for which conditions hold: limits where they are such.
    fn limited(
        &self,
        letters: &[Place],
        conditions: Vec<Condition>,
        body: Notation,
        uses: usize,
    ) -> Notation {
        let read = body.subscripts();
        let mut bounds: Vec<Bound> = letters.iter().filter_map(|p| self.bound(p, uses, &read)).collect();
        let mut left = Vec::new();
        for mut c in conditions {
            if !self.indexed || c.kind != ConditionKind::AtLeast {
                left.push(c);
                continue;
            }
            // The last letter that it has, by which it limits that.
            let last = (0..letters.len()).rev().find(|&n| c.place.has(&letter(&letters[n])));
            let alone = c.place.terms.len() == 1;
            if let Some(n) = last
                && let Some((atom, m)) = c
                    .place
                    .terms
                    .iter()
                    .find(|(a, _)| matches!(a, Atom::Index(name, _) if *name == letter(&letters[n])))
                && m.abs() == 1
                && let Some(Bound { range: Some(range), .. }) = bounds.get_mut(n)
                && !c.place.has_data()
            {
                let m = *m;
                let rest = c.place.plus(&Place::of(atom.clone()), -m).times(-m);
                let end = Place::fixed(self.graph.extents.form(atom.extent()));
                let default = |note: &Notation, place: &Place| *note == self.place_note(place);
                let within =
                    if m > 0 { self.proves(&rest) } else { self.proves(&end.plus(&rest, -1).shifted(-1)) };
                let (k, own) = if m > 0 { (0, Place::default()) } else { (1, end.shifted(-1)) };
                if within && default(&range.limits[k], &own) {
                    range.limits[k] = self.place_note(&rest);
                    c.limited = true;
                    if alone {
                        range.written[k] = self.place_note(&if m > 0 { rest } else { rest.shifted(1) });
                        range.needed = true;
                        continue;
                    }
                }
            }
            left.push(c);
        }
        Notation::Reduced(Reducer::Sum, bounds, left, Box::new(body))
    }

    /// An index that something runs over, with its range; its subscripts are those from `uses` on that are read
    /// in the end.
    pub(super) fn bound(&self, place: &Place, uses: usize, read: &[Notation]) -> Option<Bound> {
        let [(Atom::Index(name, extent), 1)] = place.terms.as_slice() else { return None };
        let range = self.indexed.then(|| {
            let end = Place::fixed(self.graph.extents.form(*extent));
            let zero = Notation::Number(Number::ZERO);
            Span {
                written: [zero.clone(), self.place_note(&end)],
                limits: [zero, self.place_note(&end.shifted(-1))],
                needed: !self.evident(name, uses, read),
            }
        });
        Some(Bound { name: name.clone(), range })
    }

    /// Whether the subscripts alone say that an index takes all values of its extent.
    fn evident(&self, name: &str, uses: usize, read: &[Notation]) -> bool {
        let extents = &self.graph.extents;
        let uses = self.uses[uses.min(self.uses.len())..].iter();
        let uses: Vec<&(Form, Place)> =
            uses.filter(|(_, place)| read.contains(&self.place_note(place))).collect();
        // The letter of a use that is one index's, and no less than it.
        let alone = |place: &Place| match place.terms.as_slice() {
            [(Atom::Index(letter, e), 1)] if place.offset.is_never_negative() => Some((letter.clone(), *e)),
            _ => None,
        };
        // Such uses that reach to the end of their axes.
        let tight: Vec<(String, &Form)> = uses
            .iter()
            .filter_map(|(axis, place)| {
                let (letter, e) = alone(place)?;
                let reaches = axis.plus(&place.offset, -1) == extents.form(e);
                reaches.then_some((letter, axis))
            })
            .collect();
        let own: Vec<&Form> = tight.iter().filter(|(n, _)| n == name).map(|(_, axis)| *axis).collect();
        let mut told = !own.is_empty();
        for (axis, place) in uses.iter().filter(|(_, p)| p.has(name)) {
            match place.terms.as_slice() {
                // What data name is inside, and their own subscripts are uses.
                [(Atom::Data(..), 1)] => {}
                [_] => {
                    let Some((_, e)) = alone(place) else { return false };
                    let rest = axis.plus(&place.offset, -1).plus(&extents.form(e), -1);
                    if !own.contains(&axis) || !rest.is_never_negative() {
                        return false;
                    }
                }
                terms => {
                    // `x[i+k]`, all of the axis and no more: the others told, it tells the last.
                    let sum = terms.iter().try_fold(place.offset.shifted(1), |sum, (atom, n)| match atom {
                        Atom::Index(_, e) if *n == 1 => Some(sum.plus(&extents.form(*e).shifted(-1), 1)),
                        _ => None,
                    });
                    if sum.is_none_or(|sum| sum != *axis) || !place.offset.is_never_negative() {
                        return false;
                    }
                    let known =
                        |atom: &Atom| tight.iter().any(|(n, _)| matches!(atom, Atom::Index(l, _) if l == n));
                    let others = terms.iter().filter(|(a, _)| !matches!(a, Atom::Index(l, _) if l == name));
                    told |= others.into_iter().all(|(atom, _)| known(atom));
                }
            }
        }
        told
    }

    /// Which bound locals the relations tell, each by which factor, in the order they are eliminated.
    fn solved(&self, factors: &[Factor], bound: &[Extent], axes: &Locals) -> Vec<Step> {
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
                    equal = r.kind == crate::ir::RelationKind::Equal;
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
