//! Products: relations between indices become parts, places and conditions; what is left is element-wise or a
//! contraction of two arrays after the other.
//!
//! A relation says what an index summed over is, `p = i + 1`: arrays along `p` are then read at `i + 1`, as a part where it
//! is known to be one, else entry by entry, what is outside being 0. An index of the result that data name is
//! summed up into. What no index summed over can be told from is a condition.

mod contraction;
mod places;

use super::arrays::{Binary, Id, Op};
use super::lower::Lowering;
use crate::ir::{Affine, Extent, Factor, Number, Operand, RelationKind};

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
            let summed_up = product.scattered.iter().any(|(l, _)| *l == label);
            if !(used || summed_up || place == Place::Own)
                && let Some((value, labels)) = self.inside(&product, label, &place)
            {
                let value = self.body.as_numbers(value);
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
        // By one after the other: a product of divisors may be out of range.
        let mut divisors = Vec::new();
        for f in scalars.iter().filter(|f| f.power.is_negative()) {
            let x = self.of(f.operand.node);
            match f.power.divisions() {
                Some(times) => divisors.extend((0..times).map(|_| x)),
                None => divisors.push(self.body.power(x, f.power.neg())),
            }
        }
        for divisor in divisors {
            scale = self.body.binary(Binary::Div, scale, divisor);
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

    /// What is along labels of the result, among its axes.
    fn put_in_place(&mut self, product: &Product<'_>, value: Id, labels: &[u8]) -> Id {
        if self.body.rank(value) == product.rank && labels.len() == product.rank && labels.is_sorted() {
            return value;
        }
        self.body.align(value, labels, product.rank)
    }
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
