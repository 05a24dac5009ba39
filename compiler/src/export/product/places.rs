//! Relations solved, and arrays read at the places that indices then have.

use super::super::arrays::{Binary, Id, Op};
use super::super::lower::Lowering;
use super::{Array, Condition, Place, Product};
use crate::ir::{self, Affine, Extent, Factor, Form, Number, Operand, RelationKind};
use crate::syntax::ast::CompareOp;

impl Lowering<'_> {
    /// What the relations say of indices.
    pub(super) fn solve(&mut self, product: &mut Product<'_>, indicators: &[&Factor]) {
        let g = self.g;
        for f in indicators {
            let Some((kind, relation)) = g.relation(f.operand.node, &f.operand.axes) else { continue };
            if kind == RelationKind::AtLeast || !self.solved(product, &relation) {
                product.conditions.push(Condition::Relation(kind, relation));
            }
        }
        for f in indicators {
            let ir::graph::Op::Named(data) = g.op(f.operand.node) else { continue };
            let (at, names) =
                (f.operand.axes[0], Operand { node: *data, axes: f.operand.axes[1..].to_vec() });
            let own = product.places[at as usize] == Place::Own && !names.axes.contains(&at);
            let sums_up = names.axes.iter().any(|&a| a as usize >= product.rank);
            if own && at as usize >= product.rank && !product.is_needed(at) {
                product.places[at as usize] = Place::Named(names);
            } else if own && (at as usize) < product.rank && sums_up && !product.is_needed(at) {
                product.places[at as usize] = Place::Named(names.clone());
                product.scattered.push((at, names));
            } else {
                product.conditions.push(Condition::Named(f.operand.clone()));
            }
        }
        // What is known by now is put in: a condition speaks of indices that are left.
        for k in 0..product.conditions.len() {
            if let Condition::Relation(kind, relation) = &product.conditions[k]
                && let Some(relation) = known(&product.places, relation)
            {
                product.conditions[k] = Condition::Relation(*kind, relation);
            }
        }
    }

    /// Takes an equation for one of the indices summed over.
    fn solved(&self, product: &mut Product<'_>, relation: &Affine<u8>) -> bool {
        let Some(relation) = known(&product.places, relation) else { return false };
        let extents = product.extents;
        let candidate = |&(label, n): &(u8, i64)| {
            let own = product.places[label as usize] == Place::Own && label as usize >= product.rank;
            let value = relation.without(&label).times(-n.signum());
            let inside = n.abs() == 1 && self.is_inside(&value, extents, label);
            // What is divided is not put into another form.
            let free = own && (n.abs() == 1 || !product.is_needed(label));
            free.then(|| (n.abs() == 1, inside, (self.size)(extents[label as usize]), label))
        };
        let Some((.., label)) = relation.terms.iter().filter_map(candidate).max() else { return false };
        let n = relation.multiple(&label);
        let value = relation.without(&label).times(-n.signum());
        for place in &mut product.places {
            if let Place::Affine(known, _) = place
                && n.abs() == 1
            {
                *known = known.with(&label, &value);
            }
        }
        product.places[label as usize] = Place::Affine(value, n.abs());
        true
    }

    /// Whether all values of a form are places along the axis of a label.
    fn is_inside(&self, value: &Affine<u8>, extents: &[Extent], label: u8) -> bool {
        let over = value.terms.iter().map(|&(l, n)| (extents[l as usize], n));
        let [least, most] = self.g.extents.reach(over, &value.offset);
        let room = self.g.extents.form(extents[label as usize]).shifted(-1).plus(&most, -1);
        self.holds(&least) && self.holds(&room)
    }

    /// Whether a form is not negative for all extents that functions take: what must hold of these is asked first.
    fn holds(&self, form: &Form) -> bool {
        let asked = self.g.extents.bounds().iter().filter(|b| b.over.is_empty());
        form.is_never_negative()
            || asked.map(|b| self.g.extents.resolved(&b.form)).any(|b| form.plus(&b, -1).is_never_negative())
    }

    /// A factor as it is read: along indices that nothing else says.
    pub(super) fn read(&mut self, product: &Product<'_>, f: &Factor) -> Array {
        let (value, labels, masked) = self.read_unmasked(product, f);
        let power = f.power;
        let conditions: Vec<(Id, Vec<u8>)> = masked
            .into_iter()
            .filter_map(|label| self.inside(product, label, &product.places[label as usize]))
            .collect();
        if conditions.is_empty() {
            return Array { value, labels, power };
        }
        let mut raised = self.body.power(value, power.magnitude());
        if power.is_negative() {
            let one = self.body.number(Number::ONE);
            raised = self.body.binary(Binary::Div, one, raised);
        }
        for (holds, over) in conditions {
            raised = self.only_where(raised, &labels, holds, &over);
        }
        Array { value: raised, labels, power: Number::ONE }
    }

    /// The same with any entry where it is outside, and the indices that say whether it is.
    fn read_unmasked(&mut self, product: &Product<'_>, f: &Factor) -> (Id, Vec<u8>, Vec<u8>) {
        let mut value = self.of(f.operand.node);
        // The index of each axis, solved or not.
        let mut axes: Vec<u8> = f.operand.axes.clone();
        let mut masked: Vec<u8> = Vec::new();
        let positive = !f.power.is_negative();
        loop {
            let solved = |label: u8| product.places[label as usize] != Place::Own;
            let alone = |k: usize| {
                let mine = product.labels_of(axes[k]);
                let others = axes.iter().enumerate().filter(|(j, _)| *j != k);
                others.flat_map(|(_, &l)| product.labels_of(l)).all(|l| !mine.contains(&l))
            };
            let Some(k) = (0..axes.len()).find(|&k| solved(axes[k]) && alone(k)) else { break };
            let label = axes[k];
            let (read, labels, complete) = self.read_axis(product, value, k as u8, label, positive);
            value = read;
            axes.splice(k..=k, labels);
            if !complete {
                masked.push(label);
            }
        }
        if axes.iter().any(|&label| product.places[label as usize] != Place::Own) {
            let solved = axes.iter().filter(|&&l| product.places[l as usize] != Place::Own);
            masked.extend(solved);
            (value, axes) = self.gathered(product, value, &axes);
        }
        let (value, labels) = self.diagonal(value, &axes);
        masked.sort_unstable();
        masked.dedup();
        (value, labels, masked)
    }

    /// An array where a condition holds, which is along some of its labels, else 0.
    fn only_where(&mut self, value: Id, labels: &[u8], holds: Id, over: &[u8]) -> Id {
        let rank = labels.len();
        let place = |l: &u8| labels.iter().position(|x| x == l).unwrap_or(0) as u8;
        let places: Vec<u8> = over.iter().map(place).collect();
        let holds = self.body.align(holds, &places, rank);
        let zero = self.body.number(Number::ZERO);
        self.body.select(holds, value, zero)
    }

    /// One axis read where its index is; the labels that stand in its place, and whether what is outside is 0
    /// already.
    fn read_axis(
        &mut self,
        product: &Product<'_>,
        value: Id,
        axis: u8,
        label: u8,
        positive: bool,
    ) -> (Id, Vec<u8>, bool) {
        let extents = product.extents;
        let kind = self.body.value(value).kind;
        let place = product.places[label as usize].clone();
        if let Place::Affine(at, 1) = &place {
            let offset = self.g.extents.resolved(&at.offset);
            let inside = self.is_inside(at, extents, label);
            if at.terms.is_empty() && inside {
                let shape = self.body.without(value, &[axis]);
                let entry = self.body.push(Op::Entry(value, axis, offset), shape, kind);
                return (entry, Vec::new(), true);
            }
            if let &[(l, n @ (1 | -1))] = at.terms.as_slice() {
                let (to, from) = (extents[l as usize], extents[label as usize]);
                let mut shape = self.body.value(value).shape.clone();
                shape[axis as usize] = Some(to);
                if inside {
                    let op = Op::Slice { of: value, axis, start: offset, backwards: n < 0 };
                    return (self.body.push(op, shape, kind), vec![l], true);
                }
                let before = offset.times(-1);
                let (to, from) = (self.g.extents.form(to), self.g.extents.form(from));
                let after = to.plus(&from, -1).plus(&before, -1);
                if n == 1 && positive && before.is_never_negative() && after.is_never_negative() {
                    let op = Op::Pad { of: value, axis, before, after };
                    return (self.body.push(op, shape, kind), vec![l], true);
                }
            }
        }
        let labels = product.labels_of_place(&place);
        let (places, sure) = self.places(product, label, &place, &labels);
        let mut shape = self.body.without(value, &[axis]);
        let more = self.body.value(places).shape.clone();
        shape.splice(axis as usize..axis as usize, more);
        (self.body.push(Op::Take(value, axis, places), shape, kind), labels, sure)
    }

    /// Entries read at places that have indices in common.
    fn gathered(&mut self, product: &Product<'_>, value: Id, axes: &[u8]) -> (Id, Vec<u8>) {
        let mut labels: Vec<u8> = Vec::new();
        for &axis in axes {
            labels.extend(product.labels_of(axis));
        }
        labels.sort_unstable();
        labels.dedup();
        let places = axes.iter().map(|&label| {
            let place = product.places[label as usize].clone();
            self.places(product, label, &place, &labels).0
        });
        let places: Vec<Id> = places.collect();
        let shape = labels.iter().map(|&l| Some(product.extents[l as usize])).collect();
        let kind = self.body.value(value).kind;
        (self.body.push(Op::Gather(value, places), shape, kind), labels)
    }

    /// Where an array is read along an axis, as whole numbers along `labels`, all of which there are; and whether they
    /// were so without being made to.
    pub(super) fn places(
        &mut self,
        product: &Product<'_>,
        label: u8,
        place: &Place,
        labels: &[u8],
    ) -> (Id, bool) {
        let at = |l: u8| labels.iter().position(|x| *x == l).unwrap_or(0) as u8;
        match place {
            Place::Own => (self.iota(product.extents[label as usize], at(label), labels.len()), true),
            Place::Named(names) => {
                let (names, over) = self.names(product, names);
                let places: Vec<u8> = over.iter().map(|&l| at(l)).collect();
                let all = places.len() == labels.len() && places.is_sorted();
                (if all { names } else { self.body.align(names, &places, labels.len()) }, true)
            }
            Place::Affine(value, by) => {
                let sure = *by == 1 && self.is_inside(value, product.extents, label);
                let raw = self.raw(product, value, labels);
                let whole = if *by == 1 { raw } else { self.body.same_shape(raw, Op::FloorDiv(raw, *by)) };
                if sure {
                    return (whole, true);
                }
                let extent = self.g.extents.form(product.extents[label as usize]);
                (self.body.same_shape(whole, Op::Clip(whole, extent)), false)
            }
        }
    }

    /// The whole numbers that data say, with the indices that they are along.
    pub(super) fn names(&mut self, product: &Product<'_>, names: &Operand) -> (Id, Vec<u8>) {
        let power = Number::ONE;
        // Outside it is another array's part in the product that is 0, or a condition.
        let (value, mut labels, _) = self.read_unmasked(product, &Factor { operand: names.clone(), power });
        let mut order: Vec<u8> = (0..labels.len() as u8).collect();
        order.sort_by_key(|&k| labels[k as usize]);
        let value = self.body.transpose(value, order);
        labels.sort_unstable();
        (value, labels)
    }

    /// An affine form along `labels`.
    fn raw(&mut self, product: &Product<'_>, value: &Affine<u8>, labels: &[u8]) -> Id {
        let at = |l: &u8| labels.iter().position(|x| x == l).unwrap_or(0) as u8;
        let extents: Vec<Extent> = labels.iter().map(|&l| product.extents[l as usize]).collect();
        self.affine(&value.renamed(at), &extents)
    }

    /// Whether the place of an index is one that there is, with the labels that this depends on; nothing where it
    /// always is.
    pub(super) fn inside(
        &mut self,
        product: &Product<'_>,
        label: u8,
        place: &Place,
    ) -> Option<(Id, Vec<u8>)> {
        let Place::Affine(value, by) = place else { return None };
        let extent = product.extents[label as usize];
        if *by == 1 && self.is_inside(value, product.extents, label) {
            return None;
        }
        let labels = product.labels_of_place(place);
        let raw = self.raw(product, value, &labels);
        let over = value.terms.iter().map(|&(l, n)| (product.extents[l as usize], n));
        let [least, most] = self.g.extents.reach(over, &value.offset);
        let size = self.g.extents.form(extent);
        let mut holds = None;
        let zero = self.body.whole(Form::default());
        if !self.holds(&least) {
            let test = self.body.compare(CompareOp::GreaterEqual, raw, zero);
            holds = self.both(holds, test);
        }
        let end = size.times(*by);
        if !self.holds(&end.shifted(-1).plus(&most, -1)) {
            let end = self.body.whole(end);
            let test = self.body.compare(CompareOp::Less, raw, end);
            holds = self.both(holds, test);
        }
        if *by != 1 {
            let rest = self.body.same_shape(raw, Op::Remainder(raw, *by));
            let test = self.body.compare(CompareOp::Equal, rest, zero);
            holds = self.both(holds, test);
        }
        holds.map(|holds| (holds, labels))
    }

    pub(super) fn both(&mut self, known: Option<Id>, more: Id) -> Option<Id> {
        Some(known.map_or(more, |known| self.body.binary(Binary::And, known, more)))
    }

    /// A condition along all of `labels`, with only those of its own having entries.
    pub(super) fn condition(&mut self, product: &Product<'_>, condition: &Condition, labels: &[u8]) -> Id {
        let at = |l: &u8| labels.iter().position(|x| x == l).unwrap_or(0) as u8;
        match condition {
            Condition::Relation(kind, value) => {
                // What is still solved for otherwise is put in as whole numbers.
                let mut terms = Vec::new();
                for &(label, n) in &value.terms {
                    let place = product.places[label as usize].clone();
                    let (index, _) = self.places(product, label, &place, labels);
                    terms.push((index, n));
                }
                self.relation(*kind, terms, &value.offset)
            }
            Condition::Named(operand) => {
                let named = self.g.op(operand.node).clone();
                let ir::graph::Op::Named(data) = named else { return self.body.whole(Form::default()) };
                let names = Operand { node: data, axes: operand.axes[1..].to_vec() };
                let (names, over) = self.names(product, &names);
                let places: Vec<u8> = over.iter().map(at).collect();
                let names = self.body.align(names, &places, labels.len());
                let label = operand.axes[0];
                let place = product.places[label as usize].clone();
                let (index, _) = self.places(product, label, &place, labels);
                self.body.compare(CompareOp::Equal, names, index)
            }
        }
    }
}

/// A relation by the indices that are left; nothing where one is known in another way than as an affine form.
fn known(places: &[Place], relation: &Affine<u8>) -> Option<Affine<u8>> {
    let mut known = relation.clone();
    for &(label, _) in &relation.terms {
        match &places[label as usize] {
            Place::Own => {}
            Place::Affine(value, 1) => known = known.with(&label, value),
            _ => return None,
        }
    }
    Some(known)
}
