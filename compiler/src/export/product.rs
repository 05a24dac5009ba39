//! Products: relations between indices become parts, places and conditions; what is left is element-wise or a
//! contraction of two arrays after the other.
//!
//! A relation says what an index summed over is, `p = i + 1`: arrays along `p` are then read at `i + 1`, as a part where it
//! is known to be one, else entry by entry, what is outside being 0. An index of the result that data name is
//! summed up into. What no index summed over can be told from is a condition.

use super::arrays::{Binary, Id, Kind, Op, Reduction};
use super::lower::Lowering;
use crate::ir::{self, Affine, Extent, Factor, Form, Number, Operand, RelationKind};
use crate::syntax::ast::CompareOp;

/// Where an array is read along an axis.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// At the index.
    Own,
    /// At an affine form of others, divided by a number.
    Affine(Affine<u8>, i64),
    /// Where data say, at the indices along these axes of it.
    Named(Operand),
}

/// What must hold for there to be anything.
enum Condition {
    Relation(RelationKind, Affine<u8>),
    Named(Operand),
}

/// An array along some indices, raised to a power.
#[derive(Clone, Debug)]
struct Array {
    value: Id,
    labels: Vec<u8>,
    power: Number,
}

/// A product that is being put together.
struct Product<'a> {
    extents: &'a [Extent],
    /// The axes of the result; further indices are summed over.
    rank: usize,
    places: Vec<Place>,
    conditions: Vec<Condition>,
    /// Indices of the result that are summed up into where data say, and by which.
    scattered: Vec<(u8, Operand)>,
}

impl Lowering<'_> {
    pub(super) fn product(
        &mut self,
        coeff: Number,
        factors: &[Factor],
        extents: &[Extent],
        rank: usize,
    ) -> Id {
        let g = self.g;
        let (indicators, others): (Vec<&Factor>, Vec<&Factor>) =
            factors.iter().partition(|f| g.is_indicator(f.operand.node));
        let (scalars, arrays): (Vec<&Factor>, Vec<&Factor>) =
            others.into_iter().partition(|f| f.operand.axes.is_empty());
        let mut product = Product {
            extents,
            rank,
            places: vec![Place::Own; extents.len()],
            conditions: Vec::new(),
            scattered: Vec::new(),
        };
        self.solve(&mut product, &indicators);
        let mut read: Vec<Array> = arrays.iter().map(|f| self.read(&product, f)).collect();
        // A place that no array is read at is a condition itself.
        for label in 0..extents.len() as u8 {
            let used = arrays.iter().any(|f| f.operand.axes.contains(&label));
            let place = product.places[label as usize].clone();
            let solved = !used && place != Place::Own && !product.scattered.iter().any(|(l, _)| *l == label);
            if solved && let Some((value, labels)) = self.inside(&product, label, &place) {
                let value = self.body.to_number(value);
                read.push(Array { value, labels, power: Number::ONE });
            }
        }
        let bound = |label: &u8| *label as usize >= rank;
        // An index that nothing is along counts the same so often.
        let idle: Vec<u8> = (rank as u8..extents.len() as u8)
            .filter(|l| product.places[*l as usize] == Place::Own)
            .filter(|l| !read.iter().any(|a| a.labels.contains(l)))
            .filter(|l| !product.conditions.iter().any(|c| product.labels_within(c).contains(l)))
            .filter(|l| !product.scattered.iter().any(|(_, names)| names.axes.contains(l)))
            .collect();
        let summed = read.iter().any(|a| a.labels.iter().any(bound))
            || product.conditions.iter().any(|c| product.labels_within(c).iter().any(bound));
        let (value, labels) = if summed || !product.scattered.is_empty() {
            self.contracted(&product, read)
        } else {
            let value = self.elementwise(&product, read);
            let all = (0..rank as u8).collect();
            (value, if self.body.rank(value) == 0 { Vec::new() } else { all })
        };
        let mut value = self.put_in_place(&product, value, &labels);
        for label in idle {
            let size = self.size_of(&g.extents.form(extents[label as usize]));
            value = self.body.binary(Binary::Mul, size, value);
        }
        self.scaled(coeff, &scalars, value)
    }

    /// The constant and the scalars, and what is divided by, one after the other.
    fn scaled(&mut self, coeff: Number, scalars: &[&Factor], value: Id) -> Id {
        let mut scale = self.body.number(coeff);
        for f in scalars.iter().filter(|f| !f.power.is_negative()) {
            let x = self.of(f.operand.node);
            let x = self.body.power(x, f.power);
            scale = self.body.binary(Binary::Mul, scale, x);
        }
        let mut below: Option<Id> = None;
        for f in scalars.iter().filter(|f| f.power.is_negative()) {
            let x = self.of(f.operand.node);
            let x = self.body.power(x, f.power.neg());
            below = Some(match below {
                // One after the other: a product might be out of range.
                Some(before) => {
                    scale = self.body.binary(Binary::Div, scale, before);
                    x
                }
                None => x,
            });
        }
        // A quotient of the whole reads better than a product with a quotient, where nothing is lost by it.
        if let Some(below) = below {
            scale = self.body.binary(Binary::Div, scale, below);
        }
        if self.body.as_number(value).is_some_and(Number::is_one) {
            return scale;
        }
        if let (Op::Binary(Binary::Div, one, below), true) =
            (self.body.value(scale).op.clone(), self.body.rank(scale) == 0)
            && self.body.as_number(one).is_some_and(Number::is_one)
        {
            return self.body.binary(Binary::Div, value, below);
        }
        self.body.binary(Binary::Mul, scale, value)
    }

    /// What the relations say of indices.
    fn solve(&mut self, product: &mut Product<'_>, indicators: &[&Factor]) {
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
        least.is_never_negative() && room.is_never_negative()
    }

    /// A factor as it is read: along indices that nothing else says.
    fn read(&mut self, product: &Product<'_>, f: &Factor) -> Array {
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
    fn places(&mut self, product: &Product<'_>, label: u8, place: &Place, labels: &[u8]) -> (Id, bool) {
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
    fn names(&mut self, product: &Product<'_>, names: &Operand) -> (Id, Vec<u8>) {
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
    fn inside(&mut self, product: &Product<'_>, label: u8, place: &Place) -> Option<(Id, Vec<u8>)> {
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
        if !least.is_never_negative() {
            let test = self.body.compare(CompareOp::GreaterEqual, raw, zero);
            holds = self.both(holds, test);
        }
        let end = size.times(*by);
        if !end.shifted(-1).plus(&most, -1).is_never_negative() {
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

    fn both(&mut self, known: Option<Id>, more: Id) -> Option<Id> {
        Some(known.map_or(more, |known| self.body.binary(Binary::And, known, more)))
    }

    /// A condition along all of `labels`, with only those of its own having entries.
    fn condition(&mut self, product: &Product<'_>, condition: &Condition, labels: &[u8]) -> Id {
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

    /// A product along the axes of the result alone.
    fn elementwise(&mut self, product: &Product<'_>, arrays: Vec<Array>) -> Id {
        let rank = product.rank;
        let mut above = None;
        let mut below = None;
        for array in arrays {
            let negative = array.power.is_negative();
            let value = self.body.power(array.value, array.power.magnitude());
            let value = self.body.align(value, &array.labels, rank);
            let part = if negative { &mut below } else { &mut above };
            *part = Some(part.map_or(value, |known| self.body.binary(Binary::Mul, known, value)));
        }
        let one = self.body.number(Number::ONE);
        let mut value = above.unwrap_or(one);
        if let Some(below) = below {
            value = self.body.binary(Binary::Div, value, below);
        }
        let all: Vec<u8> = (0..rank as u8).collect();
        let mut holds = None;
        for condition in &product.conditions {
            let test = self.condition(product, condition, &all);
            holds = self.both(holds, test);
        }
        match holds {
            Some(holds) => {
                let zero = self.body.number(Number::ZERO);
                self.body.select(holds, value, zero)
            }
            None => value,
        }
    }

    /// A product summed over some indices; what is left is along the labels.
    fn contracted(&mut self, product: &Product<'_>, arrays: Vec<Array>) -> (Id, Vec<u8>) {
        let mut operands: Vec<(Id, Vec<u8>)> = Vec::new();
        let (below, above): (Vec<Array>, Vec<Array>) =
            arrays.into_iter().partition(|a| a.power.is_negative());
        for array in above {
            operands.push((self.body.power(array.value, array.power), array.labels));
        }
        for array in below {
            let value = self.body.power(array.value, array.power.neg());
            let covers = |labels: &[u8]| array.labels.iter().all(|l| labels.contains(l));
            match operands.iter().position(|(_, labels)| covers(labels)) {
                Some(k) => {
                    let (x, labels) = operands[k].clone();
                    let place = |l: &u8| labels.iter().position(|o| o == l).unwrap_or(0) as u8;
                    let places: Vec<u8> = array.labels.iter().map(place).collect();
                    let value = self.body.align(value, &places, labels.len());
                    operands[k].0 = self.body.binary(Binary::Div, x, value);
                }
                None => {
                    let one = self.body.number(Number::ONE);
                    operands.push((self.body.binary(Binary::Div, one, value), array.labels));
                }
            }
        }
        for condition in &product.conditions {
            let needs = product.labels_within(condition);
            self.restrict(product, &mut operands, condition, &needs);
        }
        // What data name is summed up into last: until then its places are along the indices that name them.
        let mut kept: Vec<u8> =
            (0..product.rank as u8).filter(|l| !product.scattered.iter().any(|(s, _)| s == l)).collect();
        let mut naming: Vec<(u8, Id, Vec<u8>)> = Vec::new();
        for (at, names) in &product.scattered {
            let (places, over) = self.names(product, names);
            kept.extend(&over);
            naming.push((*at, places, over));
        }
        kept.sort_unstable();
        kept.dedup();
        let (value, labels) = self.paired(product, operands, &kept);
        if naming.is_empty() {
            return (value, labels);
        }
        // Σ of the entries at the places that data say.
        let wide: Vec<u8> = kept
            .iter()
            .copied()
            .filter(|l| labels.contains(l) || naming.iter().any(|n| n.2.contains(l)))
            .collect();
        let at = |l: &u8| wide.iter().position(|x| x == l).unwrap_or(0) as u8;
        let over: Vec<u8> = labels.iter().map(at).collect();
        let updates = self.body.align(value, &over, wide.len());
        let extents: Vec<Extent> = wide.iter().map(|&l| product.extents[l as usize]).collect();
        let updates = self.body.broadcast(updates, &extents);
        let out: Vec<u8> = (0..product.rank as u8)
            .filter(|l| wide.contains(l) || naming.iter().any(|n| n.0 == *l))
            .collect();
        let mut places = Vec::new();
        for label in &out {
            places.push(match naming.iter().find(|n| n.0 == *label) {
                Some((_, names, over)) => {
                    let over: Vec<u8> = over.iter().map(at).collect();
                    self.body.align(*names, &over, wide.len())
                }
                None => self.iota(product.extents[*label as usize], at(label), wide.len()),
            });
        }
        let shape = out.iter().map(|&l| Some(product.extents[l as usize])).collect();
        (self.body.push(Op::ScatterAdd(updates, places), shape, Kind::Number), out)
    }

    /// Makes the operand that has most of the indices of a condition 0 where that does not hold.
    fn restrict(
        &mut self,
        product: &Product<'_>,
        operands: &mut Vec<(Id, Vec<u8>)>,
        condition: &Condition,
        needs: &[u8],
    ) {
        let shared = |labels: &[u8]| needs.iter().filter(|l| labels.contains(l)).count();
        let best = (0..operands.len()).max_by_key(|&k| (shared(&operands[k].1), usize::MAX - k));
        let Some(k) = best.filter(|&k| needs.is_empty() || shared(&operands[k].1) > 0) else {
            let holds = self.condition(product, condition, needs);
            operands.push((self.body.to_number(holds), needs.to_vec()));
            return;
        };
        let (value, labels) = operands[k].clone();
        let mut wide = labels.clone();
        wide.extend(needs.iter().filter(|l| !labels.contains(l)));
        wide.sort_unstable();
        let places: Vec<u8> =
            labels.iter().map(|l| wide.iter().position(|w| w == l).unwrap_or(0) as u8).collect();
        let value = self.body.align(value, &places, wide.len());
        let holds = self.condition(product, condition, &wide);
        let zero = self.body.number(Number::ZERO);
        operands[k] = (self.body.select(holds, value, zero), wide);
    }

    /// Contracts two operands after the other, those first of which the least is left; what is left of all is along
    /// labels of `kept`.
    fn paired(
        &mut self,
        product: &Product<'_>,
        mut operands: Vec<(Id, Vec<u8>)>,
        kept: &[u8],
    ) -> (Id, Vec<u8>) {
        let size = |labels: &[u8], by: &Self| -> f64 {
            labels.iter().map(|&l| (by.size)(product.extents[l as usize]) as f64).product()
        };
        while operands.len() > 1 {
            let mut best: Option<(f64, f64, usize, usize)> = None;
            for i in 0..operands.len() {
                for j in i + 1..operands.len() {
                    let left = self.left_of(&operands, i, j, kept);
                    let mut union = operands[i].1.clone();
                    union.extend(operands[j].1.iter().filter(|l| !operands[i].1.contains(l)));
                    let wide = size(&operands[i].1, self).max(size(&operands[j].1, self));
                    let cost = (size(&left, self) - wide, size(&union, self));
                    if best.is_none_or(|(a, b, ..)| cost < (a, b)) {
                        best = Some((cost.0, cost.1, i, j));
                    }
                }
            }
            let Some((.., i, j)) = best else { break };
            let left = self.left_of(&operands, i, j, kept);
            let second = operands.remove(j);
            let first = operands[i].clone();
            operands[i] = (self.contract_two(product, first, second, &left), left);
        }
        let Some((value, labels)) = operands.pop() else {
            return (self.body.number(Number::ONE), Vec::new());
        };
        let gone: Vec<u8> =
            (0..labels.len() as u8).filter(|&k| !kept.contains(&labels[k as usize])).collect();
        let left = labels.iter().copied().filter(|l| kept.contains(l)).collect();
        (self.body.reduce(Reduction::Sum, value, gone), left)
    }

    /// The labels of what two operands make: those that are still needed, in order.
    fn left_of(&self, operands: &[(Id, Vec<u8>)], i: usize, j: usize, kept: &[u8]) -> Vec<u8> {
        let others = operands.iter().enumerate().filter(|(k, _)| *k != i && *k != j);
        let needed: Vec<u8> =
            others.flat_map(|(_, (_, labels))| labels.iter().copied()).chain(kept.iter().copied()).collect();
        let mut left: Vec<u8> = operands[i].1.clone();
        left.extend(operands[j].1.iter().filter(|l| !operands[i].1.contains(l)));
        left.retain(|l| needed.contains(l));
        left.sort_unstable();
        left
    }

    fn contract_two(&mut self, product: &Product<'_>, a: (Id, Vec<u8>), b: (Id, Vec<u8>), out: &[u8]) -> Id {
        let summed = |labels: &[u8]| labels.iter().any(|l| !out.contains(l));
        if !summed(&a.1) && !summed(&b.1) {
            let at = |labels: &[u8]| -> Vec<u8> {
                labels.iter().map(|l| out.iter().position(|o| o == l).unwrap_or(0) as u8).collect()
            };
            let x = self.body.align(a.0, &at(&a.1), out.len());
            let y = self.body.align(b.0, &at(&b.1), out.len());
            return self.body.binary(Binary::Mul, x, y);
        }
        let shape = out.iter().map(|&l| Some(product.extents[l as usize])).collect();
        // An index of one operand alone is summed over before.
        let alone = |mine: &(Id, Vec<u8>), other: &(Id, Vec<u8>)| -> Vec<u8> {
            let gone = |l: &u8| !out.contains(l) && !other.1.contains(l);
            (0..mine.1.len() as u8).filter(|&k| gone(&mine.1[k as usize])).collect()
        };
        let reduced = |lowering: &mut Self, mine: &(Id, Vec<u8>), gone: Vec<u8>| {
            let labels: Vec<u8> = mine
                .1
                .iter()
                .enumerate()
                .filter(|(k, _)| !gone.contains(&(*k as u8)))
                .map(|(_, &l)| l)
                .collect();
            (lowering.body.reduce(Reduction::Sum, mine.0, gone), labels)
        };
        let (gone_a, gone_b) = (alone(&a, &b), alone(&b, &a));
        let (a, b) = (reduced(self, &a, gone_a), reduced(self, &b, gone_b));
        if a.1.iter().chain(&b.1).all(|l| out.contains(l)) {
            return self.contract_two(product, a, b, out);
        }
        self.body.push(Op::Contract(vec![a, b], out.to_vec()), shape, Kind::Number)
    }

    /// What is along labels of the result, among its axes.
    fn put_in_place(&mut self, product: &Product<'_>, value: Id, labels: &[u8]) -> Id {
        if self.body.rank(value) == product.rank && labels.len() == product.rank && labels.is_sorted() {
            return value;
        }
        self.body.align(value, labels, product.rank)
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

impl Product<'_> {
    /// The indices that are left in the place of one: itself, or those that say it.
    fn labels_of(&self, label: u8) -> Vec<u8> {
        match &self.places[label as usize] {
            Place::Own => vec![label],
            place => self.labels_of_place(place),
        }
    }

    /// The indices that say a place.
    fn labels_of_place(&self, place: &Place) -> Vec<u8> {
        let mut labels: Vec<u8> = match place {
            Place::Own => Vec::new(),
            Place::Affine(value, _) => value.terms.iter().flat_map(|(l, _)| self.labels_of(*l)).collect(),
            Place::Named(names) => names.axes.iter().flat_map(|&l| self.labels_of(l)).collect(),
        };
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// The indices that a condition is about.
    fn labels_within(&self, condition: &Condition) -> Vec<u8> {
        let mut labels: Vec<u8> = match condition {
            Condition::Relation(_, value) => {
                value.terms.iter().flat_map(|(l, _)| self.labels_of(*l)).collect()
            }
            Condition::Named(operand) => operand.axes.iter().flat_map(|&l| self.labels_of(l)).collect(),
        };
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Whether another index is said by this one.
    fn is_needed(&self, label: u8) -> bool {
        self.places.iter().any(|place| self.labels_of_place(place).contains(&label))
    }
}
