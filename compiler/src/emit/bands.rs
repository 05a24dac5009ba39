//! Matrices that are 0 but for some diagonals, entry by entry: a tridiagonal Hessian is `∂²f/∂x[i]²`,
//! `∂²f/∂x[i]∂x[i+1]` and `∂²f/∂x[i]∂x[i-1]`, as a lecturer writes it.

use super::convert::Converter;
use super::entries::letter;
use super::notation::Notation;
use super::place::{Atom, Condition, ConditionKind, Place};
use super::{Lines, View, abbreviate, shown};
use crate::ir::{Graph, NodeId, Number};
use std::collections::{BTreeMap, BTreeSet};

/// More diagonals than these are written as one formula.
const MOST: usize = 5;

/// An entry of a diagonal: the places of its row and its column, and its formula.
pub type Band = ([Notation; 2], Lines);

/// The diagonals of a matrix outside of which it is 0; `None` where it has others, or is short without.
#[must_use]
pub fn bands(g: &Graph, node: NodeId, view: &View) -> Option<Vec<Band>> {
    let &[rows, columns] = g.shape(node) else { return None };
    if view.batch.is_some() || !Converter::is_indexed(g, None, &shown(g, node, view)) {
        return None;
    }
    let (mut names, mut define) = (BTreeMap::new(), BTreeSet::new());
    let shared = abbreviate(g, (node, true), view, &mut names, &mut define);
    // What is long is written in steps.
    if !define.is_empty() {
        return None;
    }
    let mut c = Converter::new(g, None, names, shared);
    c.indexed = true;
    if c.matrix_form(node).is_some() {
        return None;
    }
    let axes = c.letters(&[rows, columns], &[0, 1]);
    let [Some(row), Some(column)] = axes.as_slice() else { return None };
    c.open.extend([rows, columns]);
    let whole = c.entry_of_definition(node, &axes).note;
    // Where the column is the row's, or near.
    let mut found: Vec<Place> = Vec::new();
    for condition in conditions(&whole) {
        let own = |p: &Place, n: i64| p.plus(row, -n).plus(column, n);
        let places = [own(&condition.place, 1), own(&condition.place, -1)];
        let near = |p: &Place| p.terms.is_empty();
        let Some(k) = places.iter().position(near).filter(|_| condition.kind == ConditionKind::Equal) else {
            continue;
        };
        // row − column + d = 0, or its negative
        let d = if k == 0 { places[0].clone() } else { places[1].times(-1) };
        let place = row.plus(&d, 1);
        if !found.iter().any(|known| known.is(&place)) {
            found.push(place);
        }
    }
    if found.is_empty() || found.len() > MOST {
        return None;
    }
    c.denied = found.iter().map(|place| column.plus(place, -1)).collect();
    if c.entry_of_definition(node, &axes).note != Notation::Number(Number::ZERO) {
        return None;
    }
    c.denied.clear();
    found.sort_by_key(|place| place.plus(row, -1).offset.constant.unsigned_abs());
    let last = Place::fixed(g.extents.form(columns)).shifted(-1);
    let mut bands = Vec::new();
    c.scope.retain(|name| *name != letter(column));
    for place in found {
        c.assumed = vec![place.clone(), last.plus(&place, -1)];
        let value = c.entry_of_definition(node, &[Some(row.clone()), Some(place.clone())]).note;
        let at = [c.place_note(row), c.place_note(&place)];
        if value != Notation::Number(Number::ZERO) {
            bands.push((at, Lines { definitions: Vec::new(), value, indices: Vec::new() }));
        }
    }
    Some(bands)
}

/// All conditions of a formula that are no limits of sums within.
fn conditions(note: &Notation) -> Vec<&Condition> {
    let (mut found, mut stack) = (Vec::new(), vec![note]);
    while let Some(note) = stack.pop() {
        match note {
            Notation::When(conditions, _) | Notation::Reduced(_, _, conditions, _) => {
                let plain = |c: &&Condition| c.place.terms.iter().all(|(a, _)| matches!(a, Atom::Index(..)));
                found.extend(conditions.iter().filter(plain));
            }
            _ => {}
        }
        stack.extend(note.children());
    }
    found
}
