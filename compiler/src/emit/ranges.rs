//! Ranges: what is known of places, and between which limits an index runs.

use super::convert::Converter;
use super::entries::letter;
use super::notation::{Bound, Notation, Reducer, Span};
use super::place::{Atom, Condition, ConditionKind, Place};
use crate::ir::{Form, Number};

impl Converter<'_> {
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
    pub(super) fn least(&self, place: &Place) -> Form {
        let terms = place.terms.iter().map(|(atom, n)| (atom.extent(), *n));
        let [least, _] = self.graph.extents.reach(terms, &place.offset);
        least
    }

    /// Whether a place is never negative, whatever values its indices take and however large the extents are.
    pub(super) fn proves(&self, place: &Place) -> bool {
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
        let bounds = extents.bounds().iter().map(|bound| extents.resolved(&bound.form));
        let known: Vec<Form> = open.chain(bounds).collect();
        known.iter().any(|known| {
            let rest = form.plus(known, -1);
            rest.is_never_negative()
                || self.open.iter().any(|&e| rest.plus(&extents.form(e).shifted(-1), -1).is_never_negative())
        })
    }

    /// The sum over letters, of values for which conditions hold: limits where they are such.
    pub(super) fn limited(
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
}
