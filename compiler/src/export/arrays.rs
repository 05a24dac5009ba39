//! What the engines compute with: whole arrays, one operation after the other.
//!
//! A [`Body`] is a list of values, each made of earlier ones. Element-wise operations go along axes from left to
//! right as NumPy's do, but for ranks, which are equal or 0: an axis of [`None`] has one entry and goes with any. The same
//! operation on the same values is one value. Writers spell each operation out; none of them sees the graph.

use crate::ir::{AxisFn, Cofactors, Extent, Form, InputId, Number};
use crate::ops::ElementFn;
use crate::syntax::ast::CompareOp;
use std::collections::HashMap;

/// A value of a [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u32);

impl Id {
    /// Its place in the list.
    #[must_use]
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// What entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Real numbers.
    Number,
    /// True or false.
    Truth,
    /// Whole numbers: places along an axis.
    Whole,
}

/// An axis: its extent, or one entry that goes with any.
pub type Axis = Option<Extent>;

/// Element-wise operations of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient, of numbers.
    Div,
    /// Both hold.
    And,
}

/// What entries along axes are made into one by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Sum.
    Sum,
    /// Product.
    Prod,
    /// The greatest; of nothing, and of nothing but negative numbers, 0 where `least` is so.
    Max {
        /// Whether no entry is negative, so that the greatest of none is 0.
        least: bool,
    },
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A constant.
    Number(Number),
    /// π
    Pi,
    /// How many values an index takes, as a number.
    Size(Form),
    /// The same as a whole number.
    Whole(Form),
    /// 0, 1, 2, … along an axis.
    Iota(Extent),
    /// An argument.
    Input(InputId),
    /// Axes put where they belong in an array of more: the k-th is axis `places[k]`, or has one entry. The order of
    /// those that are there stays.
    Align(Id, Vec<Option<u8>>),
    /// Axes in another order: the k-th is axis `order[k]`.
    Transpose(Id, Vec<u8>),
    /// The entries where axes of one label have the same index; the axes are the labels 0, 1, 2, …
    Diagonal(Id, Vec<u8>),
    /// Along axes that are not there the same.
    Broadcast(Id),
    /// The same entries in the same order with another shape.
    Reshape(Id),
    /// An element-wise function.
    Element(ElementFn, Vec<Id>),
    /// An element-wise operation.
    Binary(Binary, Id, Id),
    /// −x
    Negate(Id),
    /// A constant power; none of a negative number.
    Power(Id, Number),
    /// A whole number divided by a positive one, rounded down.
    FloorDiv(Id, i64),
    /// What is left then.
    Remainder(Id, i64),
    /// The nearest whole number of 0, 1, …, one less than the form: a place that there is.
    Clip(Id, Form),
    /// A comparison.
    Compare(CompareOp, Id, Id),
    /// Entries of the second where the first holds, else of the third.
    Select(Id, Id, Id),
    /// True is 1, a whole number itself.
    AsNumbers(Id),
    /// Σ of products over the labels that `out` lacks; each label once in an operand.
    Contract(Vec<(Id, Vec<u8>)>, Vec<u8>),
    /// Entries along axes made into one.
    Reduce(Reduction, Id, Vec<u8>),
    /// A function along axes.
    Along(AxisFn, Id, Vec<u8>),
    /// The entry at a place of an axis, which is then gone.
    Entry(Id, u8, Form),
    /// Along an axis the entries at these places, whose axes stand there instead.
    Take(Id, u8, Id),
    /// The entries at these places, one array of places for each axis.
    Gather(Id, Vec<Id>),
    /// A part of an axis: its first entry; the extent is that of the result.
    Slice {
        /// Of what.
        of: Id,
        /// Along which axis.
        axis: u8,
        /// The first entry.
        start: Form,
        /// Whether it goes backwards from there.
        backwards: bool,
    },
    /// Zeros before the entries of an axis, and after them.
    Pad {
        /// Of what.
        of: Id,
        /// Along which axis.
        axis: u8,
        /// How many before.
        before: Form,
        /// How many after.
        after: Form,
    },
    /// Zeros to which entries are added at these places, one array of places for each axis of the result.
    ScatterAdd(Id, Vec<Id>),
    /// Of the matrices along the last two axes.
    Inverse(Id),
    /// Likewise.
    Det(Id),
    /// Likewise; no number where the determinant is negative.
    LogDet(Id),
    /// Likewise.
    Cofactors(Id, Cofactors),
}

impl Op {
    /// Calls `f` with each value that it is made of.
    pub fn each(&self, mut f: impl FnMut(Id)) {
        match self {
            Self::Number(_) | Self::Pi | Self::Size(_) | Self::Whole(_) | Self::Iota(_) | Self::Input(_) => {}
            Self::Align(a, _)
            | Self::Transpose(a, _)
            | Self::Diagonal(a, _)
            | Self::Broadcast(a)
            | Self::Reshape(a)
            | Self::Negate(a)
            | Self::Power(a, _)
            | Self::FloorDiv(a, _)
            | Self::Remainder(a, _)
            | Self::Clip(a, _)
            | Self::AsNumbers(a)
            | Self::Reduce(_, a, _)
            | Self::Entry(a, ..)
            | Self::Along(_, a, _)
            | Self::Slice { of: a, .. }
            | Self::Pad { of: a, .. }
            | Self::Inverse(a)
            | Self::Det(a)
            | Self::LogDet(a)
            | Self::Cofactors(a, _) => f(*a),
            Self::Binary(_, a, b) | Self::Compare(_, a, b) | Self::Take(a, _, b) => {
                [*a, *b].into_iter().for_each(f)
            }
            Self::Select(a, b, c) => [*a, *b, *c].into_iter().for_each(f),
            Self::Element(_, args) => args.iter().copied().for_each(f),
            Self::Contract(operands, _) => operands.iter().for_each(|(a, _)| f(*a)),
            Self::Gather(a, places) | Self::ScatterAdd(a, places) => {
                f(*a);
                places.iter().copied().for_each(f);
            }
        }
    }
}

/// An operation with the shape of what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The operation.
    pub op: Op,
    /// Its axes.
    pub shape: Vec<Axis>,
    /// What its entries are.
    pub kind: Kind,
    /// What the text calls it.
    pub name: Option<String>,
}

/// Values, each made of earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Body {
    values: Vec<Value>,
    known: HashMap<(Op, Vec<Axis>), Id>,
}

impl Body {
    /// The value.
    #[must_use]
    pub fn value(&self, id: Id) -> &Value {
        &self.values[id.place()]
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self, id: Id) -> usize {
        self.value(id).shape.len()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of an operation, made if it is new.
    pub(super) fn push(&mut self, op: Op, shape: Vec<Axis>, kind: Kind) -> Id {
        let id = Id(self.values.len() as u32);
        let known = *self.known.entry((op.clone(), shape.clone())).or_insert(id);
        if known == id {
            self.values.push(Value { op, shape, kind, name: None });
        }
        known
    }

    /// Gives a value a name, if it has none; an argument has one.
    pub(super) fn set_name(&mut self, id: Id, name: &str) {
        let value = &mut self.values[id.place()];
        if value.name.is_none() && !matches!(value.op, Op::Input(_) | Op::Number(_)) {
            value.name = Some(name.to_owned());
        }
    }

    /// How often each value is used by those that `roots` need, a root once more; 0 of what nobody needs.
    #[must_use]
    pub fn uses(&self, roots: &[Id]) -> Vec<u32> {
        let mut uses = vec![0; self.values.len()];
        for root in roots {
            uses[root.place()] += 1;
        }
        for (k, value) in self.values.iter().enumerate().rev() {
            if uses[k] > 0 {
                value.op.each(|id| uses[id.place()] += 1);
            }
        }
        uses
    }

    /// The values in the order made.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = (Id, &Value)> {
        self.values.iter().enumerate().map(|(k, value)| (Id(k as u32), value))
    }
}

// What is made of values: shapes and kinds follow from those of the operands.
impl Body {
    pub(super) fn number(&mut self, n: Number) -> Id {
        self.push(Op::Number(n), Vec::new(), Kind::Number)
    }

    pub(super) fn whole(&mut self, n: Form) -> Id {
        self.push(Op::Whole(n), Vec::new(), Kind::Whole)
    }

    /// The number that a value is, if it is a constant.
    #[must_use]
    pub fn as_number(&self, id: Id) -> Option<Number> {
        match self.value(id).op {
            Op::Number(n) => Some(n),
            _ => None,
        }
    }

    fn is_zero_form(&self, id: Id) -> bool {
        matches!(&self.value(id).op, Op::Whole(form) if form.as_constant() == Some(0))
    }

    /// The shape of what is made, entry by entry, of these.
    fn joined(&self, operands: &[Id]) -> Vec<Axis> {
        let rank = operands.iter().map(|&id| self.rank(id)).max().unwrap_or(0);
        let axis = |k: usize| operands.iter().find_map(|&id| self.value(id).shape.get(k).copied().flatten());
        (0..rank).map(axis).collect()
    }

    pub(super) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        let (x, y) = (self.as_number(a), self.as_number(b));
        let both = |f: fn(Number, Number) -> Number| x.zip(y).map(|(x, y)| f(x, y));
        let one = |n: Option<Number>| n.is_some_and(Number::is_one);
        let exact = match op {
            Binary::Mul if one(x) => return b,
            Binary::Mul | Binary::Div if one(y) => return a,
            Binary::Mul if x == Some(Number::MINUS_ONE) => return self.negate(b),
            Binary::Add | Binary::Sub if self.is_zero_form(b) => return a,
            Binary::Add if self.is_zero_form(a) => return b,
            Binary::Add => both(Number::add),
            Binary::Mul => both(Number::mul),
            _ => None,
        };
        if let Some(n) = exact {
            return self.number(n);
        }
        if let (Op::Whole(x), Op::Whole(y)) = (&self.value(a).op, &self.value(b).op) {
            let sum = match op {
                Binary::Add => Some(x.plus(y, 1)),
                Binary::Sub => Some(x.plus(y, -1)),
                _ => None,
            };
            if let Some(form) = sum {
                return self.whole(form);
            }
        }
        let kind = self.value(a).kind;
        self.push(Op::Binary(op, a, b), self.joined(&[a, b]), kind)
    }

    pub(super) fn negate(&mut self, a: Id) -> Id {
        match self.value(a).op {
            Op::Number(n) => self.number(n.neg()),
            Op::Negate(inner) => inner,
            _ => {
                let (shape, kind) = (self.value(a).shape.clone(), self.value(a).kind);
                self.push(Op::Negate(a), shape, kind)
            }
        }
    }

    pub(super) fn power(&mut self, a: Id, power: Number) -> Id {
        if power.is_one() {
            return a;
        }
        let shape = self.value(a).shape.clone();
        self.push(Op::Power(a, power), shape, Kind::Number)
    }

    pub(super) fn element(&mut self, function: ElementFn, args: Vec<Id>) -> Id {
        let shape = self.joined(&args);
        self.push(Op::Element(function, args), shape, Kind::Number)
    }

    pub(super) fn compare(&mut self, op: CompareOp, a: Id, b: Id) -> Id {
        self.push(Op::Compare(op, a, b), self.joined(&[a, b]), Kind::Truth)
    }

    pub(super) fn select(&mut self, holds: Id, then: Id, otherwise: Id) -> Id {
        let (shape, kind) = (self.joined(&[holds, then, otherwise]), self.value(then).kind);
        self.push(Op::Select(holds, then, otherwise), shape, kind)
    }

    pub(super) fn as_numbers(&mut self, a: Id) -> Id {
        if self.value(a).kind == Kind::Number {
            return a;
        }
        let shape = self.value(a).shape.clone();
        self.push(Op::AsNumbers(a), shape, Kind::Number)
    }

    /// An operation that keeps the shape and the kind.
    pub(super) fn same_shape(&mut self, a: Id, op: Op) -> Id {
        let (shape, kind) = (self.value(a).shape.clone(), self.value(a).kind);
        self.push(op, shape, kind)
    }

    /// Puts axis k of a value in the place `labels[k]` of `rank` axes; labels differ.
    pub(super) fn align(&mut self, a: Id, labels: &[u8], rank: usize) -> Id {
        if labels.is_empty() {
            return a;
        }
        let mut order: Vec<u8> = (0..labels.len() as u8).collect();
        order.sort_by_key(|&k| labels[k as usize]);
        let a = self.transpose(a, order);
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        if sorted.len() == rank {
            return a;
        }
        let places: Vec<Option<u8>> =
            (0..rank as u8).map(|label| sorted.iter().position(|&l| l == label).map(|k| k as u8)).collect();
        let old = &self.value(a).shape;
        let shape = places.iter().map(|p| p.and_then(|k| old[k as usize])).collect();
        let kind = self.value(a).kind;
        self.push(Op::Align(a, places), shape, kind)
    }

    pub(super) fn transpose(&mut self, a: Id, order: Vec<u8>) -> Id {
        if order.iter().enumerate().all(|(k, &o)| k == o as usize) {
            return a;
        }
        let old = &self.value(a).shape;
        let shape = order.iter().map(|&k| old[k as usize]).collect();
        let kind = self.value(a).kind;
        self.push(Op::Transpose(a, order), shape, kind)
    }

    pub(super) fn broadcast(&mut self, a: Id, shape: &[Extent]) -> Id {
        let full: Vec<Axis> = shape.iter().copied().map(Some).collect();
        if self.value(a).shape == full {
            return a;
        }
        let kind = self.value(a).kind;
        self.push(Op::Broadcast(a), full, kind)
    }

    /// The axes that are left without some.
    pub(super) fn without(&self, a: Id, axes: &[u8]) -> Vec<Axis> {
        let shape = self.value(a).shape.iter().enumerate();
        shape.filter(|(k, _)| !axes.contains(&(*k as u8))).map(|(_, e)| *e).collect()
    }

    pub(super) fn reduce(&mut self, how: Reduction, a: Id, axes: Vec<u8>) -> Id {
        if axes.is_empty() {
            return a;
        }
        // A sum of sums is one sum.
        if let (Reduction::Sum, Op::Reduce(Reduction::Sum, inner, before)) = (how, &self.value(a).op) {
            let (inner, mut all) = (*inner, before.clone());
            let left: Vec<u8> = (0..self.rank(inner) as u8).filter(|k| !before.contains(k)).collect();
            all.extend(axes.iter().map(|&k| left[k as usize]));
            all.sort_unstable();
            return self.reduce(how, inner, all);
        }
        let shape = self.without(a, &axes);
        self.push(Op::Reduce(how, a, axes), shape, Kind::Number)
    }
}
