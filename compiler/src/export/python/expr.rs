//! Values as Python expressions.

use super::super::arrays::{Binary, Body, Id, Kind, Op, Reduction, Value};
use super::super::functions;
use super::names::{Names, name_of};
use super::{Dialect, Helpers};
use crate::ir::{AxisFn, Cofactors, Form, Graph, Number};
use crate::syntax::ast::CompareOp;
use std::collections::BTreeMap;

/// How tightly an expression binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Compare,
    And,
    Sum,
    Product,
    Matrix,
    Unary,
    Power,
    Atom,
}

/// A text with how tightly it binds.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    level: Level,
}

impl Text {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Self {
        Self { text: text.into(), level }
    }

    /// As it stands where something binds so tightly.
    pub(super) fn at(&self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// Expressions longer than this get a line, and a name, of their own.
const LONG: usize = 72;

/// Writes the values of a body, line by line.
pub(super) struct Writer<'a> {
    pub(super) g: &'a Graph,
    pub(super) body: &'a Body,
    pub(super) dialect: &'static Dialect,
    pub(super) names: &'a mut Names,
    pub(super) helpers: &'a mut Helpers,
    /// What values are called, or are written as.
    texts: BTreeMap<Id, Text>,
    pub(super) lines: Vec<String>,
    temporaries: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        g: &'a Graph,
        body: &'a Body,
        dialect: &'static Dialect,
        names: &'a mut Names,
        helpers: &'a mut Helpers,
    ) -> Self {
        Self { g, body, dialect, names, helpers, texts: BTreeMap::new(), lines: Vec::new(), temporaries: 0 }
    }

    /// Writes the lines that `roots` need; what each of them then is.
    pub(super) fn write(&mut self, roots: &[Id]) -> Vec<String> {
        let uses = self.body.uses(roots);
        for (id, value) in self.body.values() {
            let used = uses[id.place()];
            if used == 0 {
                continue;
            }
            let text = self.expression(value);
            let simple = matches!(
                value.op,
                Op::Number(_) | Op::Pi | Op::Size(_) | Op::Whole(_) | Op::Input(_) | Op::Iota(_)
            );
            let view = matches!(value.op, Op::Align(..) | Op::Transpose(..)) && text.text.len() < 24;
            let inline = value.name.is_none() && (used == 1 || view) && text.text.len() <= LONG;
            let text = if simple || inline { text } else { self.named(value, &text) };
            self.texts.insert(id, text);
        }
        roots.iter().map(|root| self.texts.get(root).map_or_else(String::new, |t| t.text.clone())).collect()
    }

    fn named(&mut self, value: &Value, text: &Text) -> Text {
        let name = match &value.name {
            Some(name) => self.names.local(name),
            None => {
                self.temporaries += 1;
                let name = format!("t{}", self.temporaries);
                self.names.local(&name)
            }
        };
        self.lines.push(format!("{name} = {}", text.text));
        Text::new(name, Level::Atom)
    }

    fn of(&self, id: Id) -> Text {
        self.texts.get(&id).cloned().unwrap_or_else(|| Text::new("None", Level::Atom))
    }

    fn at(&self, id: Id, level: Level) -> String {
        self.of(id).at(level)
    }

    /// An argument of a call.
    fn arg(&self, id: Id) -> String {
        self.of(id).text
    }

    /// A function of the array module.
    fn np(&self, name: &str) -> String {
        format!("{}.{name}", self.dialect.module)
    }

    pub(super) fn form(&self, form: &Form) -> Text {
        form_text(self.g, self.names, form)
    }

    fn call(name: &str, args: &[String]) -> Text {
        Text::new(format!("{name}({})", args.join(", ")), Level::Atom)
    }

    fn shape(&self, value: &Value) -> String {
        let axes: Vec<String> = value
            .shape
            .iter()
            .map(|axis| axis.map_or_else(|| "1".to_owned(), |e| self.form(&self.g.extents.form(e)).text))
            .collect();
        tuple(&axes)
    }

    fn expression(&mut self, value: &Value) -> Text {
        match &value.op {
            Op::Number(n) => number(*n, self.dialect),
            Op::Pi => Text::new(self.np("pi"), Level::Atom),
            Op::Size(form) | Op::Whole(form) => self.form(form),
            Op::Iota(e) => {
                let extent = self.form(&self.g.extents.form(*e)).text;
                Self::call(&self.np("arange"), &[extent])
            }
            Op::Input(input) => {
                let name = &self.g.input_of(*input).name;
                Text::new(self.names.argument(name), Level::Atom)
            }
            Op::Align(a, places) => {
                let index: Vec<&str> =
                    places.iter().map(|p| if p.is_some() { ":" } else { "None" }).collect();
                Text::new(format!("{}[{}]", self.at(*a, Level::Atom), index.join(", ")), Level::Atom)
            }
            Op::Transpose(a, order) if order[..] == [1, 0] => {
                Text::new(format!("{}.T", self.at(*a, Level::Atom)), Level::Atom)
            }
            Op::Transpose(a, order) => {
                let order: Vec<String> = order.iter().map(u8::to_string).collect();
                Self::call(&self.np("transpose"), &[self.arg(*a), tuple(&order)])
            }
            Op::Diagonal(a, labels) => {
                let spec = format!("\"{}->{}\"", letters(labels), letters(&distinct(labels)));
                Self::call(&self.np("einsum"), &[spec, self.arg(*a)])
            }
            Op::Broadcast(a) => match self.body.as_number(*a) {
                Some(n) if n.is_zero() => {
                    Self::call(&self.np("zeros"), &[self.shape(value), "DTYPE".to_owned()])
                }
                _ if self.body.rank(*a) == 0 && self.body.value(*a).kind == Kind::Number => {
                    Self::call(&self.np("full"), &[self.shape(value), self.arg(*a), "DTYPE".to_owned()])
                }
                _ => Self::call(&self.np("broadcast_to"), &[self.arg(*a), self.shape(value)]),
            },
            Op::Reshape(a) => Self::call(&self.np("reshape"), &[self.arg(*a), self.shape(value)]),
            Op::Element(function, args) => {
                let order = args.first().and_then(|a| self.body.as_number(*a)).and_then(Number::as_int);
                let written: Vec<String> = args.iter().map(|a| self.arg(*a)).collect();
                let spec = function.spec();
                if let Some(native) = (self.dialect.native)(spec.name) {
                    self.helpers.uses(native);
                    return Self::call(native, &written);
                }
                let ordered = functions::of_order(*function, order);
                let (definition, written) = match ordered {
                    Some(definition) => (Some(definition), &written[1..]),
                    None => (functions::definition(spec.name), &written[..]),
                };
                match definition {
                    Some(definition) => Self::call(&self.helpers.element(definition, self.dialect), written),
                    None => {
                        self.helpers.missing(spec.name);
                        Self::call(spec.name, written)
                    }
                }
            }
            Op::Binary(op, a, b) => {
                let (symbol, level) = match op {
                    Binary::Add => (" + ", Level::Sum),
                    Binary::Sub => (" - ", Level::Sum),
                    Binary::Mul => (" * ", Level::Product),
                    Binary::Div => (" / ", Level::Product),
                    Binary::And => (" & ", Level::And),
                };
                let right = match level {
                    Level::Sum if *op == Binary::Add => Level::Sum,
                    Level::Sum => Level::Product,
                    Level::Product => Level::Unary,
                    _ => Level::Sum,
                };
                let left = if level == Level::And { Level::And } else { level };
                Text::new(
                    format!("{}{symbol}{}", self.beside(*a, *b, left), self.beside(*b, *a, right)),
                    level,
                )
            }
            Op::Negate(a) => Text::new(format!("-{}", self.at(*a, Level::Unary)), Level::Unary),
            Op::Power(a, n) => match n.as_int() {
                Some(n) => Text::new(format!("{}**{n}", self.at(*a, Level::Atom)), Level::Power),
                None if *n == Number::HALF => Self::call(&self.np("sqrt"), &[self.arg(*a)]),
                None => {
                    let exponent = number(*n, self.dialect).at(Level::Atom);
                    Text::new(format!("{}**{exponent}", self.at(*a, Level::Atom)), Level::Power)
                }
            },
            Op::FloorDiv(a, n) => {
                Text::new(format!("{} // {n}", self.at(*a, Level::Product)), Level::Product)
            }
            Op::Remainder(a, n) => {
                Text::new(format!("{} % {n}", self.at(*a, Level::Product)), Level::Product)
            }
            Op::Clip(a, form) => {
                let last = self.form(&form.shifted(-1)).text;
                Self::call(&self.np("clip"), &[self.arg(*a), "0".to_owned(), last])
            }
            Op::Compare(op, a, b) => {
                let symbol = match op {
                    CompareOp::Less => "<",
                    CompareOp::LessEqual => "<=",
                    CompareOp::Greater => ">",
                    CompareOp::GreaterEqual => ">=",
                    CompareOp::Equal => "==",
                };
                let text = format!(
                    "{} {symbol} {}",
                    self.beside(*a, *b, Level::Sum),
                    self.beside(*b, *a, Level::Sum)
                );
                Text::new(text, Level::Compare)
            }
            Op::Select(holds, then, otherwise) if self.is_unit_matrix(*holds, *then, *otherwise) => {
                let extent = value.shape[0].map(|e| self.form(&self.g.extents.form(e)).text);
                Self::call(&self.np("eye"), &[extent.unwrap_or_default(), "dtype=DTYPE".to_owned()])
            }
            Op::Select(holds, then, otherwise) => {
                let args = [*holds, *then, *otherwise].map(|id| self.arg(id));
                Self::call(&self.np("where"), &args)
            }
            Op::AsNumbers(a) => Self::call(&self.np("asarray"), &[self.arg(*a), "DTYPE".to_owned()]),
            Op::Contract(operands, out) => self.contraction(operands, out),
            Op::Reduce(how, a, axes) => {
                let name = match how {
                    Reduction::Sum => "sum",
                    Reduction::Prod => "prod",
                    Reduction::Max { .. } => "max",
                };
                let mut args = vec![self.arg(*a)];
                args.extend(self.axes(*a, axes));
                if matches!(how, Reduction::Max { least: true }) {
                    args.push("initial=0".to_owned());
                }
                Self::call(&self.np(name), &args)
            }
            Op::Along(function, a, axes) => {
                let name = match function {
                    AxisFn::Norm => {
                        self.helpers.plain("_norm");
                        "_norm"
                    }
                    AxisFn::LogSumExp => self.dialect.logsumexp,
                    AxisFn::Softmax => self.dialect.softmax,
                    AxisFn::LogSoftmax => self.dialect.log_softmax,
                    AxisFn::Max => "max",
                };
                self.helpers.uses(name);
                let mut args = vec![self.arg(*a)];
                // JAX's softmax goes along the last axis unless told.
                let explicit = || {
                    let axes: Vec<String> = axes.iter().map(u8::to_string).collect();
                    let axes = if axes.len() == 1 { axes.concat() } else { tuple(&axes) };
                    format!("axis={axes}")
                };
                args.push(explicit());
                Self::call(name, &args)
            }
            Op::Entry(a, axis, at) => {
                let at = self.form(at).text;
                Text::new(
                    format!("{}[{}{at}]", self.at(*a, Level::Atom), ":, ".repeat(*axis as usize)),
                    Level::Atom,
                )
            }
            Op::Take(a, axis, places) => {
                let index = format!("{}{}", ":, ".repeat(*axis as usize), self.arg(*places));
                Text::new(format!("{}[{index}]", self.at(*a, Level::Atom)), Level::Atom)
            }
            Op::Gather(a, places) => {
                let places: Vec<String> = places.iter().map(|p| self.arg(*p)).collect();
                Text::new(format!("{}[{}]", self.at(*a, Level::Atom), places.join(", ")), Level::Atom)
            }
            Op::Slice { of, axis, start, backwards } => {
                let extent = value.shape[*axis as usize].map(|e| self.g.extents.form(e)).unwrap_or_default();
                let (low, end) = if *backwards {
                    (start.plus(&extent, -1).shifted(1), start.shifted(1))
                } else {
                    (start.clone(), start.plus(&extent, 1))
                };
                let whole = self.body.value(*of).shape[*axis as usize].map(|e| self.g.extents.form(e));
                let text = |form: &Form| self.form(form).text;
                let from = if low == Form::default() { String::new() } else { text(&low) };
                let to = if whole.as_ref() == Some(&end) { String::new() } else { text(&end) };
                let part =
                    format!("{}[{}{from}:{to}]", self.at(*of, Level::Atom), ":, ".repeat(*axis as usize));
                if *backwards {
                    Self::call(&self.np("flip"), &[part, axis.to_string()])
                } else {
                    Text::new(part, Level::Atom)
                }
            }
            Op::Pad { of, axis, before, after } => {
                let width = format!("({}, {})", self.form(before).text, self.form(after).text);
                let widths: Vec<String> = (0..self.body.rank(*of))
                    .map(|k| if k == *axis as usize { width.clone() } else { "(0, 0)".to_owned() })
                    .collect();
                let widths = if widths.len() == 1 { width } else { tuple(&widths) };
                Self::call(&self.np("pad"), &[self.arg(*of), widths])
            }
            Op::ScatterAdd(updates, places) => {
                self.helpers.plain("_scatter_add");
                let places: Vec<String> = places.iter().map(|p| self.arg(*p)).collect();
                let args = [self.shape(value), tuple(&places), self.arg(*updates)];
                Self::call("_scatter_add", &args)
            }
            Op::Inverse(a) => self.helper("_inverse", *a),
            Op::Det(a) => self.helper("_det", *a),
            Op::LogDet(a) => self.helper("_logdet", *a),
            Op::Cofactors(a, Cofactors::Adjugate) => self.helper("_adjugate", *a),
            Op::Cofactors(a, part) => {
                let place = usize::from(*part == Cofactors::Second);
                let pair = self.helper("_adjugate_pair", *a).text;
                Text::new(format!("{pair}[{place}]"), Level::Atom)
            }
        }
    }

    fn helper(&mut self, name: &'static str, a: Id) -> Text {
        self.helpers.plain(name);
        Self::call(name, &[self.arg(a)])
    }

    /// An operand beside another: new axes that only lead go without saying where the other one has them.
    fn beside(&self, id: Id, other: Id, level: Level) -> String {
        if let Op::Align(inner, places) = &self.body.value(id).op
            && let Some(first) = places.iter().position(Option::is_some)
            && places[first..].iter().all(Option::is_some)
            && self.body.rank(other) == places.len()
            && self.body.value(other).shape[..first].iter().all(Option::is_some)
            && self.of(id).text.contains('[')
        {
            return self.at(*inner, level);
        }
        self.at(id, level)
    }

    /// Whether a choice is 1 where two indices are the same, else 0.
    fn is_unit_matrix(&self, holds: Id, then: Id, otherwise: Id) -> bool {
        let is = |id: Id, n: Number| self.body.as_number(id) == Some(n);
        let index = |id: Id, at: usize| match &self.body.value(id).op {
            Op::Align(inner, places) if places.len() == 2 && places[at].is_some() => {
                matches!(self.body.value(*inner).op, Op::Iota(_)).then_some(*inner)
            }
            _ => None,
        };
        let Op::Compare(CompareOp::Equal, a, b) = self.body.value(holds).op else { return false };
        let one = index(a, 0).filter(|i| index(b, 1) == Some(*i));
        is(then, Number::ONE) && is(otherwise, Number::ZERO) && one.is_some()
    }

    fn axes(&self, a: Id, axes: &[u8]) -> Option<String> {
        if axes.len() == self.body.rank(a) {
            return None;
        }
        let axes: Vec<String> = axes.iter().map(u8::to_string).collect();
        Some(format!("axis={}", if axes.len() == 1 { axes.concat() } else { tuple(&axes) }))
    }

    fn contraction(&mut self, operands: &[(Id, Vec<u8>)], out: &[u8]) -> Text {
        if let [(a, i), (b, j)] = operands {
            let texts = [a, b].map(|id| self.of(*id));
            if let Some(product) = matrix_product((&texts[0], i), (&texts[1], j), out) {
                return product;
            }
            if let Some(product) = matrix_product((&texts[1], j), (&texts[0], i), out) {
                return product;
            }
        }
        let inputs: Vec<String> = operands.iter().map(|(_, labels)| letters(labels)).collect();
        let mut args = vec![format!("\"{}->{}\"", inputs.join(","), letters(out))];
        args.extend(operands.iter().map(|(id, _)| self.arg(*id)));
        Self::call(&self.np("einsum"), &args)
    }
}

/// A product of matrices and vectors, where it is one.
fn matrix_product(a: (&Text, &[u8]), b: (&Text, &[u8]), out: &[u8]) -> Option<Text> {
    let turned = |t: &Text| format!("{}.T", t.at(Level::Atom));
    let [left, right] = match (a.1, b.1, out) {
        (&[i], &[j], &[]) if i == j => [a.0.at(Level::Matrix), b.0.at(Level::Unary)],
        (&[i, k], &[j], &[o]) if k == j && i == o => [a.0.at(Level::Matrix), b.0.at(Level::Unary)],
        (&[k, i], &[j], &[o]) if k == j && i == o => [turned(a.0), b.0.at(Level::Unary)],
        (&[i, k], &[l, j], &[o, p]) if k == l && i == o && j == p => {
            [a.0.at(Level::Matrix), b.0.at(Level::Unary)]
        }
        (&[k, i], &[l, j], &[o, p]) if k == l && i == o && j == p => [turned(a.0), b.0.at(Level::Unary)],
        (&[i, k], &[j, l], &[o, p]) if k == l && i == o && j == p => [a.0.at(Level::Matrix), turned(b.0)],
        (&[k, i], &[j, l], &[o, p]) if k == l && i == o && j == p => [turned(a.0), turned(b.0)],
        _ => return None,
    };
    Some(Text::new(format!("{left} @ {right}"), Level::Matrix))
}

fn distinct(labels: &[u8]) -> Vec<u8> {
    let mut found = labels.to_vec();
    found.sort_unstable();
    found.dedup();
    found
}

fn letters(labels: &[u8]) -> String {
    labels.iter().map(|&l| char::from(b'a' + l % 26)).collect()
}

/// A tuple, also of one.
pub(super) fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        _ => format!("({})", items.join(", ")),
    }
}

/// A constant: a whole number, a short ratio, or the shortest decimal that reads back the same.
fn number(n: Number, dialect: &Dialect) -> Text {
    let value = n.to_f64();
    let level = if n.is_negative() { Level::Unary } else { Level::Atom };
    if let Some(whole) = n.as_int().filter(|n| n.abs() < 1 << 53) {
        return Text::new(whole.to_string(), level);
    }
    if let Number::Ratio(p, q) = n
        && format!("{value}").len() > 12
        && p.abs() < 10_000
        && q < 10_000
    {
        return Text::new(format!("{p} / {q}"), Level::Product);
    }
    if value.is_infinite() {
        let sign = if value < 0.0 { "-" } else { "" };
        return Text::new(format!("{sign}{}.inf", dialect.module), level);
    }
    if value.is_nan() {
        return Text::new(format!("{}.nan", dialect.module), Level::Atom);
    }
    Text::new(format!("{value:?}"), level)
}

/// An extent, or an end of a part.
pub(super) fn form_text(g: &Graph, names: &Names, form: &Form) -> Text {
    let form = g.extents.resolved(form);
    let text = form.text(|e| match g.extents.factors(e) {
        Some((a, b)) if g.extents.as_constant(e).is_none() => {
            let of = |e| form_text(g, names, &g.extents.form(e)).at(Level::Unary);
            format!("{}*{}", of(a), of(b))
        }
        _ => names.extent(&name_of(g, e)),
    });
    let level = match (form.terms.as_slice(), form.constant) {
        ([], n) if n >= 0 => Level::Atom,
        (&[(e, 1)], 0) if g.extents.factors(e).is_none() => Level::Atom,
        (&[(_, n)], 0) if n > 0 => Level::Product,
        _ => Level::Sum,
    };
    Text::new(text, level)
}
