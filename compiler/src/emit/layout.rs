//! Notation to boxes on the page: what LaTeX and MathML have in common, and where parentheses go.

use super::Lines;
use super::notation::{Bound, Notation, Reducer, Slice, Whole};
use super::place::{Compared, Condition};
use super::template;
use crate::ir::{AxisFn, Number};
use crate::syntax::ast::CompareOp;
use crate::syntax::parse::greek_name;

/// A piece of the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Layout {
    /// Side by side.
    Row(Vec<Layout>),
    /// One letter, Latin or Greek, or more letters of indices.
    Letter(String),
    /// A word that is a variable.
    Word(String),
    /// A function's name.
    Function(String),
    /// Plain text of the notation.
    Text(&'static str),
    /// Plain words.
    Words(String),
    /// Digits.
    Number(String),
    /// An operator between operands.
    Binary(&'static str),
    /// A sign or symbol by itself.
    Symbol(&'static str),
    /// The product of neighbours, not written.
    Juxtaposed,
    /// A fraction.
    Fraction(Box<Layout>, Box<Layout>),
    /// Base and superscript.
    Super(Box<Layout>, Box<Layout>),
    /// Base and subscript.
    Sub(Box<Layout>, Box<Layout>),
    /// A square root.
    Root(Box<Layout>),
    /// Growing delimiters: `(`, `|`, `‖`, `⌊`.
    Fence(&'static str, Box<Layout>, &'static str),
    /// A big operator with what stands under it, and perhaps over it.
    Big(Box<Layout>, Box<Layout>, Option<Box<Layout>>),
    /// Rows of a matrix.
    Table(Vec<Vec<Layout>>),
    /// A formula in rows below each other.
    Lines(Vec<Layout>),
    /// Values with their conditions.
    Cases(Vec<(Layout, Layout)>),
}

/// How tightly a form binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Sum,
    Product,
    Fraction,
    Script,
    Atom,
}

/// The formula, then its definitions: "... where t₁ = ...".
pub(super) fn page(lines: &Lines) -> Layout {
    let mut row = vec![layout(&lines.value)];
    for (k, (name, note)) in lines.definitions.iter().enumerate() {
        row.push(Layout::Text(if k == 0 { " where " } else { ", " }));
        row.extend([self::name(name), Layout::Binary("="), layout(note)]);
    }
    one(row)
}

fn one(mut row: Vec<Layout>) -> Layout {
    if row.len() == 1 { row.remove(0) } else { Layout::Row(row) }
}

fn boxed(note: &Notation) -> Box<Layout> {
    Box::new(layout(note))
}

fn parens(inner: Layout) -> Layout {
    Layout::Fence("(", Box::new(inner), ")")
}

fn function(name: &str, args: &[Notation]) -> Layout {
    Layout::Row(vec![Layout::Function(name.to_owned()), parens(list(args))])
}

pub(super) fn list(args: &[Notation]) -> Layout {
    let mut row = Vec::new();
    for (k, arg) in args.iter().enumerate() {
        if k > 0 {
            row.push(Layout::Symbol(","));
        }
        row.push(layout(arg));
    }
    one(row)
}

fn scripted(base: &Notation, script: Layout) -> Layout {
    Layout::Super(Box::new(at(base, Precedence::Atom)), Box::new(script))
}

pub(super) fn layout(note: &Notation) -> Layout {
    match note {
        Notation::Number(n) => number(*n),
        Notation::Pi => Layout::Letter("π".to_owned()),
        Notation::Name(name) | Notation::Symmetric(name) => self::name(name),
        Notation::Sum(terms) => {
            let mut row = Vec::new();
            for (k, (minus, term)) in terms.iter().enumerate() {
                match (k, minus) {
                    (0, false) => {}
                    (0, true) => row.push(Layout::Symbol("−")),
                    (_, true) => row.push(Layout::Binary("−")),
                    (_, false) => row.push(Layout::Binary("+")),
                }
                row.push(last(term));
            }
            Layout::Row(row)
        }
        Notation::Negative(inner) => Layout::Row(vec![Layout::Symbol("−"), last(inner)]),
        Notation::Times(factors) | Notation::Matmul(factors) => {
            juxtaposed(factors, matches!(note, Notation::Times(_)))
        }
        Notation::Elementwise(factors) => {
            let mut row = Vec::new();
            for (k, factor) in factors.iter().enumerate() {
                if k > 0 {
                    row.push(Layout::Binary("⊙"));
                }
                row.push(at(factor, Precedence::Fraction));
            }
            Layout::Row(row)
        }
        Notation::Over(above, below) => Layout::Fraction(boxed(above), boxed(below)),
        Notation::ElementOver(above, below) => Layout::Row(vec![
            at(above, Precedence::Fraction),
            Layout::Binary("⊘"),
            at(below, Precedence::Fraction),
        ]),
        Notation::Power(base, exponent) => scripted(base, layout(exponent)),
        Notation::ElementPower(base, exponent) => {
            scripted(base, Layout::Row(vec![Layout::Symbol("⊙"), at(exponent, Precedence::Product)]))
        }
        Notation::Sqrt(inner) => Layout::Root(boxed(inner)),
        Notation::Transpose(inner) => match &**inner {
            Notation::Whole(Whole::Inverse, args) => match args.as_slice() {
                [a] => scripted(a, Layout::Row(vec![Layout::Symbol("−"), Layout::Symbol("⊤")])),
                _ => function("inv", args),
            },
            inner => scripted(inner, Layout::Symbol("⊤")),
        },
        Notation::Map(f, args) => {
            let laid: Vec<Layout> = args.iter().map(layout).collect();
            template::filled(f.spec().latex, &laid).unwrap_or_else(|| function(f.name(), args))
        }
        Notation::Where(op, parts) => {
            let [lhs, rhs, then, otherwise] = &**parts;
            let condition =
                vec![Layout::Text("if "), layout(lhs), Layout::Binary(comparison(*op)), layout(rhs)];
            Layout::Cases(vec![
                (layout(then), Layout::Row(condition)),
                (layout(otherwise), Layout::Text("otherwise")),
            ])
        }
        Notation::Whole(f, args) => whole(*f, args),
        Notation::Examples(body) => big(Layout::Symbol("∑"), Layout::Text("examples"), body),
        Notation::Reduced(f, bounds, conditions, body) => reduced(*f, bounds, conditions, body),
        Notation::AxisOver(f, indices, body) => {
            let sign = Box::new(Layout::Function(f.name().to_owned()));
            let head = Layout::Big(sign, Box::new(joined(indices)), None);
            Layout::Row(vec![head, parens(layout(body))])
        }
        Notation::Entry(array, places) => {
            let letter = |note: &Notation| match note {
                Notation::Name(name) => Some(name.clone()),
                _ => None,
            };
            let places = match places.iter().map(letter).collect::<Option<Vec<_>>>() {
                Some(letters) => joined(&letters),
                None => list(places),
            };
            Layout::Sub(Box::new(subscripted(array)), Box::new(places))
        }
        Notation::Part(array, slices) => {
            let mut row = Vec::new();
            for (k, slice) in slices.iter().enumerate() {
                if k > 0 {
                    row.push(Layout::Symbol(","));
                }
                match slice {
                    Slice::All => row.push(Layout::Symbol(":")),
                    Slice::At(note) => row.push(layout(note)),
                    Slice::Range(_, limits) => {
                        row.extend([layout(&limits[0]), Layout::Symbol("…"), layout(&limits[1])]);
                    }
                }
            }
            Layout::Sub(Box::new(subscripted(array)), Box::new(one(row)))
        }
        Notation::Array(body, bounds) => {
            let letters: Vec<String> = bounds.iter().map(|b| b.name.clone()).collect();
            Layout::Sub(Box::new(parens(layout(body))), Box::new(joined(&letters)))
        }
        Notation::When(conditions, body) => {
            let mut condition = vec![Layout::Text("if ")];
            condition.extend(all_of(conditions));
            Layout::Cases(vec![
                (layout(body), Layout::Row(condition)),
                (Layout::Number("0".to_owned()), Layout::Text("otherwise")),
            ])
        }
        Notation::Block(rows) => {
            let table = Layout::Table(rows.iter().map(|row| row.iter().map(layout).collect()).collect());
            parens(table)
        }
        Notation::Size(word, array, axis) => {
            let mut args = vec![name(array)];
            if let Some(axis) = axis {
                args.extend([Layout::Symbol(","), Layout::Number(axis.to_string())]);
            }
            Layout::Row(vec![Layout::Function((*word).to_owned()), parens(one(args))])
        }
    }
}

/// Conditions, one after the other.
fn all_of(conditions: &[Condition]) -> Vec<Layout> {
    let mut row = Vec::new();
    for (k, c) in conditions.iter().enumerate() {
        if k > 0 {
            row.push(Layout::Symbol(","));
        }
        let sign = match c.compared {
            Compared::Equal => "=",
            Compared::Unequal => "≠",
            Compared::AtLeast => "≥",
            Compared::AtMost => "≤",
            Compared::More => ">",
            Compared::Less => "<",
        };
        row.extend([layout(&c.left), Layout::Binary(sign), layout(&c.right)]);
    }
    row
}

/// A sum and the like: with limits where ranges are said, and what limits do not say below the sign.
fn reduced(f: Reducer, bounds: &[Bound], conditions: &[Condition], body: &Notation) -> Layout {
    let sign = || match f {
        Reducer::Sum => Layout::Symbol("∑"),
        Reducer::Product => Layout::Symbol("∏"),
        Reducer::Axis(f) => Layout::Function(f.name().to_owned()),
    };
    let letters: Vec<String> = bounds.iter().map(|b| b.name.clone()).collect();
    let big = |under, over| Layout::Big(Box::new(sign()), Box::new(under), over);
    if let Reducer::Axis(_) = f {
        let under = between(bounds, false).unwrap_or_else(|| joined(&letters));
        return Layout::Row(vec![big(under, None), parens(layout(body))]);
    }
    let left: Vec<Condition> = conditions.iter().filter(|c| !c.limited).cloned().collect();
    if bounds.iter().all(|b| b.range.is_none()) || !left.is_empty() {
        let mut under = Vec::new();
        if left.is_empty() {
            under.push(joined(&letters));
        } else {
            let ranges = between(bounds, true);
            let told = left.iter().all(|c| matches!(&c.left, Notation::Name(n) if letters.contains(n)));
            match ranges {
                Some(ranges) => under.extend([ranges, Layout::Symbol(",")]),
                None if !told => under.extend([joined(&letters), Layout::Symbol(":")]),
                None => {}
            }
            under.extend(all_of(&left));
        }
        return Layout::Row(vec![big(one(under), None), last(body)]);
    }
    let mut row = Vec::new();
    for bound in bounds {
        let letter = name(&bound.name);
        row.push(match &bound.range {
            None => big(letter, None),
            Some(span) => {
                let under = Layout::Row(vec![letter, Layout::Symbol("="), layout(&span.limits[0])]);
                big(under, Some(Box::new(layout(&span.limits[1]))))
            }
        });
    }
    row.push(last(body));
    Layout::Row(row)
}

/// `0 ≤ i ≤ n − 2, j`, where a range is not evident, or is not that of the limits.
fn between(bounds: &[Bound], limited: bool) -> Option<Layout> {
    let said =
        |b: &Bound| b.range.as_ref().is_some_and(|s| s.needed || (limited && s.limits[0] != s.written[0]));
    if !bounds.iter().any(said) {
        return None;
    }
    let mut row = Vec::new();
    for (k, bound) in bounds.iter().enumerate() {
        if k > 0 {
            row.push(Layout::Symbol(","));
        }
        match &bound.range {
            Some(span) if said(bound) => row.extend([
                layout(&span.limits[0]),
                Layout::Binary("≤"),
                name(&bound.name),
                Layout::Binary("≤"),
                layout(&span.limits[1]),
            ]),
            _ => row.push(name(&bound.name)),
        }
    }
    Some(one(row))
}

/// What an index hangs on: a name that has a subscript already is put in parentheses.
fn subscripted(array: &Notation) -> Layout {
    match at(array, Precedence::Atom) {
        sub @ Layout::Sub(..) => parens(sub),
        other => other,
    }
}

fn big(sign: Layout, under: Layout, body: &Notation) -> Layout {
    Layout::Row(vec![Layout::Big(Box::new(sign), Box::new(under), None), last(body)])
}

fn whole(f: Whole, args: &[Notation]) -> Layout {
    let bold_one = || Layout::Symbol("𝟏");
    match (f, args) {
        (Whole::Sum, [Notation::ElementPower(inner, two)]) if **two == Notation::Number(Number::TWO) => {
            Layout::Super(Box::new(Layout::Fence("‖", boxed(inner), "‖")), Box::new(number(Number::TWO)))
        }
        (Whole::Sum, [array]) => Layout::Row(vec![Layout::Symbol("∑"), at(array, Precedence::Product)]),
        (Whole::Product, [array]) => Layout::Row(vec![Layout::Symbol("∏"), at(array, Precedence::Product)]),
        (Whole::Norm, [array]) => Layout::Fence("‖", boxed(array), "‖"),
        (Whole::RowSum, [array]) => {
            Layout::Row(vec![at(array, Precedence::Fraction), Layout::Juxtaposed, bold_one()])
        }
        (Whole::ColSum, [array]) => {
            let turned = scripted(array, Layout::Symbol("⊤"));
            Layout::Row(vec![turned, Layout::Juxtaposed, bold_one()])
        }
        (Whole::Inverse, [array]) => scripted(array, number(Number::MINUS_ONE)),
        (Whole::Det, [array]) => Layout::Row(vec![Layout::Function("det".to_owned()), parens(layout(array))]),
        (Whole::LogDet, [_]) => {
            Layout::Row(vec![Layout::Function("log".to_owned()), whole(Whole::Det, args)])
        }
        (Whole::Kron, [a, b]) => {
            Layout::Row(vec![at(a, Precedence::Fraction), Layout::Binary("⊗"), at(b, Precedence::Fraction)])
        }
        (Whole::Vector, [c]) => filled(c, vec![bold_one()]),
        (Whole::Matrix, [c]) => {
            let turned = Layout::Super(Box::new(bold_one()), Box::new(Layout::Symbol("⊤")));
            filled(c, vec![bold_one(), Layout::Juxtaposed, turned])
        }
        (Whole::Eye, _) => Layout::Letter("I".to_owned()),
        (Whole::All(AxisFn::Max), _) => function("max", args),
        _ => function(f.name(), args),
    }
}

fn filled(value: &Notation, ones: Vec<Layout>) -> Layout {
    if *value == Notation::Number(Number::ONE) {
        return one(ones);
    }
    let mut row = vec![at(value, Precedence::Product), Layout::Juxtaposed];
    row.extend(ones);
    Layout::Row(row)
}

fn juxtaposed(factors: &[Notation], scaling: bool) -> Layout {
    let mut row = Vec::new();
    for (k, factor) in factors.iter().enumerate() {
        let is_last = k + 1 == factors.len();
        if k > 0 {
            let digits = matches!(leading(factor), Notation::Number(_));
            row.push(if digits { Layout::Binary("·") } else { Layout::Juxtaposed });
        }
        row.push(match factor {
            Notation::Matmul(_) | Notation::Elementwise(_) | Notation::ElementOver(..)
                if is_last && scaling =>
            {
                layout(factor)
            }
            factor if is_last && reaches_on(factor) => layout(factor),
            factor => at(factor, Precedence::Fraction),
        });
    }
    Layout::Row(row)
}

fn leading(note: &Notation) -> &Notation {
    match note {
        Notation::Power(base, _) => leading(base),
        Notation::Times(factors) => factors.first().map_or(note, leading),
        note => note,
    }
}

fn precedence(note: &Notation) -> Precedence {
    match note {
        Notation::Sum(_) | Notation::Negative(_) | Notation::Where(..) | Notation::When(..) => {
            Precedence::Sum
        }
        note if reaches_on(note) => Precedence::Sum,
        Notation::Number(n) if n.is_negative() => Precedence::Sum,
        Notation::Number(n) if n.to_string().contains('/') => Precedence::Fraction,
        Notation::Times(_)
        | Notation::Elementwise(_)
        | Notation::ElementOver(..)
        | Notation::Matmul(_)
        | Notation::Whole(Whole::RowSum | Whole::ColSum | Whole::Kron | Whole::Matrix, _) => {
            Precedence::Product
        }
        Notation::Whole(Whole::Vector, args) if *args != [Notation::Number(Number::ONE)] => {
            Precedence::Product
        }
        Notation::Over(..) => Precedence::Fraction,
        Notation::Whole(Whole::Sum, _) => Precedence::Script,
        Notation::Power(..)
        | Notation::ElementPower(..)
        | Notation::Transpose(_)
        | Notation::Whole(Whole::Inverse, _) => Precedence::Script,
        Notation::Map(f, _) if f.spec().latex_is_power => Precedence::Script,
        _ => Precedence::Atom,
    }
}

/// A big operator, which reaches to the end of its product.
fn reaches_on(note: &Notation) -> bool {
    match note {
        Notation::Examples(_) | Notation::Reduced(Reducer::Sum | Reducer::Product, ..) => true,
        Notation::Whole(Whole::Sum, args) => {
            !matches!(args.as_slice(), [Notation::ElementPower(_, two)] if **two == Notation::Number(Number::TWO))
        }
        _ => false,
    }
}

fn at(note: &Notation, least: Precedence) -> Layout {
    if precedence(note) < least { parens(layout(note)) } else { layout(note) }
}

fn last(note: &Notation) -> Layout {
    // A brace with cases needs no other around it.
    if reaches_on(note) || matches!(note, Notation::When(..)) {
        layout(note)
    } else {
        at(note, Precedence::Product)
    }
}

fn number(n: Number) -> Layout {
    match n {
        Number::Ratio(p, q) if n.to_string().contains('/') => {
            let digits = |v: i64| Box::new(Layout::Number(v.unsigned_abs().to_string()));
            let fraction = Layout::Fraction(digits(p), digits(q));
            if p < 0 { Layout::Row(vec![Layout::Symbol("−"), fraction]) } else { fraction }
        }
        n => {
            let text = n.to_string();
            match text.strip_prefix('-') {
                Some(size) => Layout::Row(vec![Layout::Symbol("−"), Layout::Number(size.to_owned())]),
                None => Layout::Number(text),
            }
        }
    }
}

fn comparison(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Less => "<",
        CompareOp::LessEqual => "≤",
        CompareOp::Greater => ">",
        CompareOp::GreaterEqual => "≥",
        CompareOp::Equal => "=",
    }
}

/// Indices side by side, with commas where one is longer than a letter.
fn joined(indices: &[String]) -> Layout {
    if indices.iter().all(|i| i.chars().count() == 1) {
        return one(indices.iter().map(|i| Layout::Letter(i.clone())).collect());
    }
    let mut row = Vec::new();
    for (k, index) in indices.iter().enumerate() {
        if k > 0 {
            row.push(Layout::Symbol(","));
        }
        row.push(name(index));
    }
    one(row)
}

/// A name: Greek letters by their ASCII names, digits and what follows `_` as a subscript, words upright.
pub(super) fn name(text: &str) -> Layout {
    let (head, tail) = match text.split_once('_') {
        Some((head, tail)) if !head.is_empty() && !tail.is_empty() => (head, Some(name(tail))),
        _ => (text, None),
    };
    let stem = head.trim_end_matches(|c: char| c.is_ascii_digit());
    let (stem, digits) = if stem.is_empty() { (head, "") } else { (stem, &head[stem.len()..]) };
    let base = if stem.chars().all(|c| c.is_ascii_digit()) {
        Layout::Number(stem.to_owned())
    } else if stem.chars().count() == 1 {
        Layout::Letter(stem.to_owned())
    } else {
        match ('Α'..='ω').find(|c| greek_name(*c) == Some(stem)) {
            Some('ς') => Layout::Letter("σ".to_owned()),
            Some(c) => Layout::Letter(c.to_string()),
            None => Layout::Word(stem.to_owned()),
        }
    };
    let mut subscript = Vec::new();
    if !digits.is_empty() {
        subscript.push(Layout::Number(digits.to_owned()));
    }
    if let Some(tail) = tail {
        if !subscript.is_empty() {
            subscript.push(Layout::Symbol(","));
        }
        subscript.push(tail);
    }
    if subscript.is_empty() { base } else { Layout::Sub(Box::new(base), Box::new(one(subscript))) }
}
