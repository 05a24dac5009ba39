//! Operations on whole arrays as lines.

use super::elements;
use super::linear;
use super::lines::{Lines, Type, Val};
use crate::export::Refusal;
use crate::export::arrays::{self, Axis, Binary, Body, Id, Kind, Op, Reduction};
use crate::export::functions;
use crate::ir::{AxisFn, Extent, Form, Number};
use crate::syntax::ast::CompareOp;
use std::collections::HashMap;

/// What a value of a body is by now. A constant is written with the shape that it is needed in.
#[derive(Clone, Debug)]
enum Held {
    Number(f64),
    Whole(i64),
    Made(Val),
}

/// Writes the values of a body.
pub(super) struct Writer<'a, 'm> {
    pub(super) lines: Lines<'m>,
    body: &'a Body,
    size: &'a dyn Fn(Extent) -> usize,
    /// The argument of an input.
    input: &'a dyn Fn(crate::ir::InputId) -> Option<Val>,
    held: HashMap<Id, Held>,
}

fn wide(places: &[u8]) -> Vec<usize> {
    places.iter().map(|&k| k as usize).collect()
}

pub(super) fn direction(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Less => "LT",
        CompareOp::LessEqual => "LE",
        CompareOp::Greater => "GT",
        CompareOp::GreaterEqual => "GE",
        CompareOp::Equal => "EQ",
    }
}

impl<'a, 'm> Writer<'a, 'm> {
    pub(super) fn new(
        lines: Lines<'m>,
        body: &'a Body,
        size: &'a dyn Fn(Extent) -> usize,
        input: &'a dyn Fn(crate::ir::InputId) -> Option<Val>,
    ) -> Self {
        Self { lines, body, size, input, held: HashMap::new() }
    }

    /// Writes the values that `roots` need: these.
    pub(super) fn write(&mut self, roots: &[Id]) -> Result<Vec<Val>, Refusal> {
        let body = self.body;
        let uses = body.uses(roots);
        for (id, value) in body.values().filter(|(id, _)| uses[id.place()] > 0) {
            let held = self.value(value)?;
            self.held.insert(id, held);
        }
        Ok(roots.iter().map(|&root| self.of(root)).collect())
    }

    fn dims(&self, shape: &[Axis]) -> Vec<usize> {
        shape.iter().map(|axis| axis.map_or(1, |e| (self.size)(e))).collect()
    }

    fn form(&self, form: &Form) -> i64 {
        form.value(self.size)
    }

    fn count(&self, form: &Form) -> usize {
        usize::try_from(self.form(form)).unwrap_or(0)
    }

    /// The value with a shape of its own.
    fn of(&mut self, id: Id) -> Val {
        match self.held.get(&id) {
            Some(Held::Made(val)) => val.clone(),
            Some(Held::Whole(n)) => {
                let n = *n;
                self.lines.whole(n, &[])
            }
            Some(Held::Number(x)) => {
                let x = *x;
                self.lines.number(x, &[])
            }
            None => self.lines.number(0.0, &[]),
        }
    }

    /// The value with entries of this kind along all of these axes.
    fn spread(&mut self, id: Id, dims: &[usize], kind: Kind) -> Val {
        let constant = match (self.held.get(&id), kind) {
            (Some(Held::Number(x)), Kind::Number) => Some(self.lines.number(*x, dims)),
            (Some(Held::Whole(n)), Kind::Whole) => Some(self.lines.whole(*n, dims)),
            (Some(Held::Whole(n)), Kind::Number) => Some(self.lines.number(*n as f64, dims)),
            _ => None,
        };
        if let Some(val) = constant {
            return val;
        }
        let val = self.of(id);
        let val = self.lines.convert(&val, kind);
        self.lines.spread(&val, dims)
    }

    fn kind(&self, id: Id) -> Kind {
        self.body.value(id).kind
    }

    fn value(&mut self, value: &arrays::Value) -> Result<Held, Refusal> {
        let dims = self.dims(&value.shape);
        let made = match &value.op {
            Op::Number(n) => return Ok(Held::Number(n.to_f64())),
            Op::Pi => return Ok(Held::Number(std::f64::consts::PI)),
            Op::Size(form) => return Ok(Held::Number(self.form(form) as f64)),
            Op::Whole(form) => return Ok(Held::Whole(self.form(form))),
            op => self.made(op, &dims, value.kind)?,
        };
        if made.ty != Type::new(&dims, value.kind) {
            return Err(Refusal {
                message: format!("{:?} has another shape than it should have", value.op),
                help: "this is a mistake in gradsmith: please report it".to_owned(),
            });
        }
        Ok(Held::Made(match &value.name {
            Some(name) => self.lines.rename(made, name),
            None => made,
        }))
    }

    fn made(&mut self, op: &Op, dims: &[usize], kind: Kind) -> Result<Val, Refusal> {
        Ok(match op {
            Op::Number(_) | Op::Pi | Op::Size(_) | Op::Whole(_) => self.lines.number(0.0, &[]),
            Op::Iota(_) => self.lines.iota(0, dims),
            Op::Input(input) => match (self.input)(*input) {
                Some(val) => val,
                None => self.lines.zeros(&Type::new(dims, kind)),
            },
            Op::Align(a, _) | Op::Reshape(a) => {
                let a = self.of(*a);
                self.lines.reshape(&a, dims)
            }
            Op::Transpose(a, order) => {
                let a = self.of(*a);
                self.lines.transpose(&a, &wide(order))
            }
            Op::Diagonal(a, labels) => {
                let a = self.of(*a);
                let places: Vec<Val> =
                    labels.iter().map(|&label| self.lines.iota(label as usize, dims)).collect();
                self.lines.gather(&a, &places, dims)
            }
            Op::Broadcast(a) => self.spread(*a, dims, kind),
            Op::Element(function, args) => {
                // An order is a number in the text.
                let order = args.first().and_then(|&a| self.body.as_number(a)).and_then(Number::as_int);
                let skipped = usize::from(functions::of_order(*function, order).is_some());
                let given = args[skipped..].iter().map(|&a| self.spread(a, dims, Kind::Number));
                let given: Vec<Val> = given.collect();
                elements::element(&mut self.lines, *function, order, &given)?
            }
            Op::Binary(op, a, b) => {
                let (a, b) = (self.spread(*a, dims, kind), self.spread(*b, dims, kind));
                let name = match op {
                    Binary::Add => "add",
                    Binary::Sub => "subtract",
                    Binary::Mul => "multiply",
                    Binary::Div => "divide",
                    Binary::And => "and",
                };
                self.lines.plain(name, &[&a, &b])
            }
            Op::Negate(a) => {
                let a = self.of(*a);
                self.lines.plain("negate", &[&a])
            }
            Op::Power(a, power) => {
                let a = self.of(*a);
                self.power(&a, *power)
            }
            Op::FloorDiv(a, by) => {
                let a = self.of(*a);
                let rest = self.remainder(&a, *by);
                let whole = self.lines.plain("subtract", &[&a, &rest]);
                let by = self.lines.whole(*by, dims);
                self.lines.plain("divide", &[&whole, &by])
            }
            Op::Remainder(a, by) => {
                let a = self.of(*a);
                self.remainder(&a, *by)
            }
            Op::Clip(a, form) => {
                let a = self.of(*a);
                let last = (self.form(form) - 1).max(0);
                let (low, high) = (self.lines.whole(0, dims), self.lines.whole(last, dims));
                self.lines.plain("clamp", &[&low, &a, &high])
            }
            Op::Compare(op, a, b) => {
                let both = [self.kind(*a), self.kind(*b)];
                let kind = if both[0] == both[1] { both[0] } else { Kind::Number };
                let (a, b) = (self.spread(*a, dims, kind), self.spread(*b, dims, kind));
                self.lines.compare(direction(*op), &a, &b)
            }
            Op::Select(holds, then, otherwise) => {
                let holds = self.spread(*holds, dims, Kind::Truth);
                let (then, otherwise) = (self.spread(*then, dims, kind), self.spread(*otherwise, dims, kind));
                self.lines.select(&holds, &then, &otherwise)
            }
            Op::AsNumbers(a) => self.spread(*a, dims, Kind::Number),
            Op::Contract(operands, out) => self.contract(operands, out, dims),
            Op::Reduce(how, a, axes) => {
                let a = self.of(*a);
                let axes = wide(axes);
                match how {
                    Reduction::Sum => self.lines.reduce("add", &a, &axes, 0.0),
                    Reduction::Prod => self.lines.reduce("multiply", &a, &axes, 1.0),
                    Reduction::Max { least } => {
                        let init = if *least { 0.0 } else { f64::NEG_INFINITY };
                        self.lines.reduce("maximum", &a, &axes, init)
                    }
                }
            }
            Op::Along(function, a, axes) => {
                let a = self.of(*a);
                self.along(*function, &a, &wide(axes))
            }
            Op::Entry(a, axis, at) => {
                let (a, at) = (self.of(*a), self.count(at));
                if a.ty.is_empty() {
                    return Ok(self.lines.zeros(&Type::new(dims, kind)));
                }
                let part = self.lines.slice(&a, *axis as usize, at, 1);
                self.lines.reshape(&part, dims)
            }
            Op::Take(a, axis, places) => {
                let (a, places) = (self.of(*a), self.spread_whole(*places));
                self.lines.take(&a, *axis as usize, &places)
            }
            Op::Gather(a, places) => {
                let a = self.of(*a);
                let places: Vec<Val> = places.iter().map(|&p| self.spread_whole(p)).collect();
                self.lines.gather(&a, &places, dims)
            }
            Op::Slice { of, axis, start, backwards } => {
                let (a, axis, start) = (self.of(*of), *axis as usize, self.count(start));
                let count = dims[axis];
                if count == 0 || a.ty.is_empty() {
                    return Ok(self.lines.zeros(&Type::new(dims, kind)));
                }
                if *backwards {
                    let part = self.lines.slice(&a, axis, (start + 1).saturating_sub(count), count);
                    self.lines.reverse(&part, axis)
                } else {
                    self.lines.slice(&a, axis, start, count)
                }
            }
            Op::Pad { of, axis, before, after } => {
                let (a, before, after) = (self.of(*of), self.count(before), self.count(after));
                self.lines.pad(&a, *axis as usize, before, after)
            }
            Op::ScatterAdd(a, places) => self.scatter(*a, places, dims),
            Op::Inverse(a) => {
                let a = self.of(*a);
                linear::inverse(&mut self.lines, &a)
            }
            Op::Det(a) => {
                let a = self.of(*a);
                linear::determinant(&mut self.lines, &a)
            }
            Op::LogDet(a) => {
                let a = self.of(*a);
                linear::log_determinant(&mut self.lines, &a)
            }
            Op::Cofactors(a, part) => {
                let a = self.of(*a);
                linear::cofactors(&mut self.lines, &a, *part)
            }
        })
    }

    /// Places, as whole numbers of a shape of their own.
    fn spread_whole(&mut self, id: Id) -> Val {
        let val = self.of(id);
        self.lines.convert(&val, Kind::Whole)
    }

    /// The axis along which places are 0, 1, 2, …
    fn counted(&self, places: Id) -> Option<usize> {
        match &self.body.value(places).op {
            Op::Iota(_) => Some(0),
            Op::Align(a, axes) if matches!(self.body.value(*a).op, Op::Iota(_)) => {
                axes.iter().position(Option::is_some)
            }
            _ => None,
        }
    }

    fn scatter(&mut self, updates: Id, places: &[Id], dims: &[usize]) -> Val {
        let updates = self.of(updates);
        let over = updates.ty.dims.clone();
        let along = |id: Id, axis: usize| self.body.value(id).shape.get(axis).copied().flatten().is_some();
        // Where the places along an axis are those of the entries, all go there together.
        let windows: Vec<(usize, usize)> = (0..places.len())
            .filter_map(|k| self.counted(places[k]).map(|axis| (k, axis)))
            .filter(|&(k, axis)| over[axis] == dims[k])
            .filter(|&(k, axis)| (0..places.len()).all(|j| j == k || !along(places[j], axis)))
            .collect();
        let mut order: Vec<usize> =
            (0..over.len()).filter(|axis| !windows.iter().any(|(_, w)| w == axis)).collect();
        let count = order.len();
        order.extend(windows.iter().map(|(_, axis)| axis));
        let updates = self.lines.transpose(&updates, &order);
        let axes: Vec<usize> = (0..places.len()).filter(|k| !windows.iter().any(|(w, _)| w == k)).collect();
        let mut named = Vec::new();
        for &k in &axes {
            let place = self.spread_whole(places[k]);
            let left: Vec<usize> = match place.rank() {
                0 => Vec::new(),
                _ => order[..count].iter().map(|&axis| place.ty.dims[axis]).collect(),
            };
            named.push(self.lines.reshape(&place, &left));
        }
        if axes.is_empty() {
            return self.lines.reduce("add", &updates, &(0..count).collect::<Vec<_>>(), 0.0);
        }
        self.lines.scatter_add(&updates, &named, &axes, dims)
    }

    /// What is left of a division rounded down.
    fn remainder(&mut self, a: &Val, by: i64) -> Val {
        let dims = &a.ty.dims;
        let (by, zero) = (self.lines.whole(by, dims), self.lines.whole(0, dims));
        let rest = self.lines.plain("remainder", &[a, &by]);
        let below = self.lines.compare("LT", &rest, &zero);
        let more = self.lines.plain("add", &[&rest, &by]);
        self.lines.select(&below, &more, &rest)
    }

    fn power(&mut self, a: &Val, power: Number) -> Val {
        let lines = &mut self.lines;
        let dims = a.ty.dims.clone();
        if power.is_negative() {
            let below = self.power(a, power.neg());
            let one = self.lines.number(1.0, &dims);
            return self.lines.plain("divide", &[&one, &below]);
        }
        match power.as_int() {
            Some(n) if n <= 64 => whole_power(lines, a, n as u32),
            _ if power == Number::HALF => lines.plain("sqrt", &[a]),
            _ => {
                let exponent = lines.number(power.to_f64(), &dims);
                elements::primitive(lines, "pow", &[a, &exponent])
            }
        }
    }

    fn contract(&mut self, operands: &[(Id, Vec<u8>)], out: &[u8], dims: &[usize]) -> Val {
        let mut parts: Vec<(Val, Vec<u8>)> = Vec::new();
        for (id, labels) in operands {
            let val = self.of(*id);
            parts.push((self.lines.convert(&val, Kind::Number), labels.clone()));
        }
        let Some(mut product) = parts.first().cloned() else { return self.lines.number(0.0, dims) };
        for k in 1..parts.len() {
            let later: Vec<u8> = parts[k + 1..].iter().flat_map(|(_, labels)| labels.clone()).collect();
            let kept: Vec<u8> = out.iter().copied().chain(later).collect();
            product = self.pair(product, parts[k].clone(), &kept);
        }
        let (val, labels) = product;
        let gone: Vec<usize> = (0..labels.len()).filter(|&k| !out.contains(&labels[k])).collect();
        let val = self.lines.reduce("add", &val, &gone, 0.0);
        let left: Vec<u8> = labels.into_iter().filter(|l| out.contains(l)).collect();
        let place = |label: &u8| left.iter().position(|l| l == label);
        let order: Vec<usize> = out.iter().filter_map(place).collect();
        let val = self.lines.transpose(&val, &order);
        // An index that no operand is along.
        let places: Vec<usize> = (0..out.len()).filter(|&k| left.contains(&out[k])).collect();
        self.lines.broadcast(&val, &places, dims)
    }

    /// The product of two, summed over what is not kept.
    fn pair(&mut self, a: (Val, Vec<u8>), b: (Val, Vec<u8>), kept: &[u8]) -> (Val, Vec<u8>) {
        let alone = |lines: &mut Lines<'_>, mine: (Val, Vec<u8>), other: &[u8]| {
            let gone = |l: &u8| !kept.contains(l) && !other.contains(l);
            let axes: Vec<usize> = (0..mine.1.len()).filter(|&k| gone(&mine.1[k])).collect();
            let left: Vec<u8> = mine.1.iter().copied().filter(|l| !gone(l)).collect();
            (lines.reduce("add", &mine.0, &axes, 0.0), left)
        };
        let labels = (a.1.clone(), b.1.clone());
        let (a, b) = (alone(&mut self.lines, a, &labels.1), alone(&mut self.lines, b, &labels.0));
        // One entry that goes with any is there as often as the other's.
        let matched = |lines: &mut Lines<'_>, mine: &(Val, Vec<u8>), other: &(Val, Vec<u8>)| {
            let dim = |(k, &label): (usize, &u8)| {
                let there = other.1.iter().position(|&l| l == label);
                match (mine.0.ty.dims[k], there) {
                    (1, Some(at)) => other.0.ty.dims[at],
                    (n, _) => n,
                }
            };
            let dims: Vec<usize> = mine.1.iter().enumerate().map(dim).collect();
            lines.spread(&mine.0, &dims)
        };
        let (x, y) = (matched(&mut self.lines, &a, &b), matched(&mut self.lines, &b, &a));
        let both = |batch: bool| -> (Vec<usize>, Vec<usize>) {
            let shared = a.1.iter().enumerate().filter(|(_, l)| b.1.contains(l) && kept.contains(l) == batch);
            shared.map(|(k, l)| (k, b.1.iter().position(|m| m == l).unwrap_or(0))).unzip()
        };
        let (batch, summed) = (both(true), both(false));
        let mut labels: Vec<u8> = batch.0.iter().map(|&k| a.1[k]).collect();
        labels.extend(a.1.iter().filter(|l| !b.1.contains(l)));
        labels.extend(b.1.iter().filter(|l| !a.1.contains(l)));
        let val = self.lines.dot((&x, &y), (&batch.0, &batch.1), (&summed.0, &summed.1));
        (val, labels)
    }

    /// A value without some axes, along all again.
    fn back(&mut self, reduced: &Val, axes: &[usize], dims: &[usize]) -> Val {
        let places: Vec<usize> = (0..dims.len()).filter(|k| !axes.contains(k)).collect();
        self.lines.broadcast(reduced, &places, dims)
    }

    fn along(&mut self, function: AxisFn, a: &Val, axes: &[usize]) -> Val {
        let dims = a.ty.dims.clone();
        if function == AxisFn::Norm {
            // By the greatest magnitude, so that no square is out of range.
            let sizes = self.lines.plain("abs", &[a]);
            let top = self.lines.reduce("maximum", &sizes, axes, 0.0);
            let each = self.back(&top, axes, &dims);
            let scaled = self.lines.plain("divide", &[a, &each]);
            let squares = self.lines.plain("multiply", &[&scaled, &scaled]);
            let sum = self.lines.reduce("add", &squares, axes, 0.0);
            let root = self.lines.plain("sqrt", &[&sum]);
            let norm = self.lines.plain("multiply", &[&top, &root]);
            let left = top.ty.dims.clone();
            let (zero, infinite) = (self.lines.number(0.0, &left), self.lines.number(f64::INFINITY, &left));
            let is_zero = self.lines.compare("EQ", &top, &zero);
            let is_infinite = self.lines.compare("EQ", &top, &infinite);
            let plain = self.lines.plain("or", &[&is_zero, &is_infinite]);
            return self.lines.select(&plain, &top, &norm);
        }
        let top = self.lines.reduce("maximum", a, axes, f64::NEG_INFINITY);
        if function == AxisFn::Max {
            return top;
        }
        let each = self.back(&top, axes, &dims);
        let shifted = self.lines.plain("subtract", &[a, &each]);
        let exponentials = elements::primitive(&mut self.lines, "exp", &[&shifted]);
        let sum = self.lines.reduce("add", &exponentials, axes, 0.0);
        match function {
            AxisFn::Softmax => {
                let sum = self.back(&sum, axes, &dims);
                self.lines.plain("divide", &[&exponentials, &sum])
            }
            AxisFn::LogSoftmax => {
                let log = elements::primitive(&mut self.lines, "log", &[&sum]);
                let log = self.back(&log, axes, &dims);
                self.lines.plain("subtract", &[&shifted, &log])
            }
            _ => {
                let log = elements::primitive(&mut self.lines, "log", &[&sum]);
                self.lines.plain("add", &[&top, &log])
            }
        }
    }
}

/// A power by multiplication.
pub(super) fn whole_power(lines: &mut Lines<'_>, a: &Val, n: u32) -> Val {
    if n == 0 {
        return lines.number(1.0, &a.ty.dims);
    }
    let (mut square, mut rest) = (a.clone(), n);
    let mut power: Option<Val> = None;
    loop {
        if rest % 2 == 1 {
            power = Some(match power {
                Some(power) => lines.plain("multiply", &[&power, &square]),
                None => square.clone(),
            });
        }
        rest /= 2;
        if rest == 0 {
            return power.unwrap_or(square);
        }
        square = lines.plain("multiply", &[&square, &square]);
    }
}
