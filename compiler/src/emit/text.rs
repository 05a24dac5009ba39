//! Notation to the cost language's own text, with as few parentheses as its grammar allows.

use super::Lines;
use super::entries::compare;
use super::notation::{Bound, Notation, Reducer, Slice, Whole};
use super::place::Condition;
use crate::ir::Number;
use crate::syntax::ast::CompareOp;

pub use super::text_page::{document, piece};

/// How tightly a form binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Sum,
    Product,
    Power,
    Transposed,
    Atom,
}

/// Definitions, then the formula: `t1 = exp(x); t1 ./ (1 + t1)`.
#[must_use]
pub fn write(lines: &Lines) -> String {
    let mut out = String::new();
    for (name, note) in &lines.definitions {
        out.push_str(&format!("{name} = {}; ", formula(note)));
    }
    out + &if lines.indices.is_empty() { formula(&lines.value) } else { array(&lines.value, &lines.indices) }
}

/// One formula.
#[must_use]
pub fn formula(note: &Notation) -> String {
    match note {
        Notation::Number(n) => n.to_string(),
        Notation::Pi => "pi".to_owned(),
        Notation::Name(name) | Notation::Symmetric(name) => name.clone(),
        Notation::Sum(terms) => {
            let mut out = String::new();
            for (k, (minus, term)) in terms.iter().enumerate() {
                out.push_str(match (k, minus) {
                    (0, true) => "-",
                    (0, false) => "",
                    (_, true) => " - ",
                    (_, false) => " + ",
                });
                out.push_str(&last(term));
            }
            out
        }
        Notation::Negative(inner) => format!("-{}", last(inner)),
        Notation::Times(factors) => chain(factors, " * ", true),
        Notation::Elementwise(factors) => chain(factors, " .* ", false),
        Notation::Matmul(factors) => chain(factors, " * ", false),
        Notation::Over(above, below) => {
            // A divisor binds to what stands before it alone, which is all of it.
            let above_text = at(above, Precedence::Product);
            let slash = if precedence(above) == Precedence::Product { " / " } else { "/" };
            format!("{above_text}{slash}{}", at(below, Precedence::Power))
        }
        Notation::ElementOver(above, below) => {
            format!("{} ./ {}", at(above, Precedence::Product), at(below, Precedence::Power))
        }
        Notation::Power(base, exponent) => {
            format!("{}^{}", at(base, Precedence::Transposed), self::exponent(exponent))
        }
        Notation::ElementPower(base, exponent) => {
            let dot = if matches!(**base, Notation::Number(_)) { " .^" } else { ".^" };
            format!("{}{dot}{}", at(base, Precedence::Transposed), self::exponent(exponent))
        }
        Notation::Sqrt(inner) => format!("sqrt({})", formula(inner)),
        Notation::Transpose(inner) => format!("{}'", at(inner, Precedence::Transposed)),
        Notation::Map(f, args) => format!("{}({})", f.name(), list(args)),
        Notation::Where(op, parts) => {
            let [lhs, rhs, then, otherwise] = &**parts;
            format!(
                "where({} {} {}, {})",
                formula(lhs),
                op.symbol(),
                formula(rhs),
                list(&[then.clone(), otherwise.clone()])
            )
        }
        Notation::Whole(Whole::Eye, _) => "eye".to_owned(),
        Notation::Whole(f, args) => format!("{}({})", f.name(), list(args)),
        Notation::Examples(body) => format!("Σ_examples {}", last(body)),
        Notation::Reduced(Reducer::Sum, bounds, conditions, body) if is_evident(bounds) => {
            format!(
                "sum[{}] {}",
                letters(bounds).join(","),
                last(&where_holds(conditions, body, Number::ZERO))
            )
        }
        Notation::Reduced(f, bounds, conditions, body) => {
            let neutral = if *f == Reducer::Product { Number::ONE } else { Number::ZERO };
            let body = formula(&where_holds(conditions, body, neutral));
            format!("{}[{}]({body})", f.name(), ranges(bounds))
        }
        Notation::AxisOver(f, indices, body) => {
            format!("{}[{}]({})", f.name(), indices.join(","), formula(body))
        }
        Notation::Entry(array, places) => {
            let places: Vec<String> = places.iter().map(subscript).collect();
            format!("{}[{}]", at(array, Precedence::Atom), places.join(","))
        }
        Notation::Part(array, slices) => {
            let slices: Vec<String> = slices.iter().map(slice).collect();
            format!("{}[{}]", at(array, Precedence::Atom), slices.join(", "))
        }
        Notation::Array(body, bounds) if is_evident(bounds) => {
            format!("({})[{}]", formula(body), letters(bounds).join(","))
        }
        Notation::Array(body, bounds) => array(body, bounds),
        Notation::When(conditions, body) => formula(&where_holds(conditions, body, Number::ZERO)),
        Notation::Block(rows) => {
            let rows: Vec<String> = rows.iter().map(|row| list(row)).collect();
            format!("[{}]", rows.join("; "))
        }
        Notation::Size(word, array, None) => format!("{word}({array})"),
        Notation::Size(word, array, Some(axis)) => format!("{word}({array}, {axis})"),
    }
}

/// The array of entries.
fn array(body: &Notation, bounds: &[Bound]) -> String {
    let builder = match bounds.len() {
        1 => "vector",
        2 => "matrix",
        _ => "tensor",
    };
    format!("{builder}[{}]({})", ranges(bounds), formula(body))
}

/// Whether ranges are left to the reader.
fn is_evident(bounds: &[Bound]) -> bool {
    bounds.iter().all(|b| b.range.is_none())
}

fn letters(bounds: &[Bound]) -> Vec<String> {
    bounds.iter().map(|b| b.name.clone()).collect()
}

/// `i in 0..n, j`
fn ranges(bounds: &[Bound]) -> String {
    let one = |bound: &Bound| match &bound.range {
        Some(span) if span.needed => {
            format!("{} in {}..{}", bound.name, subscript(&span.written[0]), subscript(&span.written[1]))
        }
        _ => bound.name.clone(),
    };
    bounds.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The body where the conditions hold, else the other number.
fn where_holds(conditions: &[Condition], body: &Notation, otherwise: Number) -> Notation {
    conditions.iter().rev().fold(body.clone(), |body, c| {
        let other = Notation::Number(otherwise);
        let (op, then, otherwise) = match compare(c.compared) {
            Some(op) => (op, body, other),
            None => (CompareOp::Equal, other, body),
        };
        Notation::Where(op, Box::new([c.left.clone(), c.right.clone(), then, otherwise]))
    })
}

/// A subscript, without spaces.
fn subscript(note: &Notation) -> String {
    formula(note).replace(' ', "")
}

fn slice(slice: &Slice) -> String {
    let end = |note: &Option<Notation>| note.as_ref().map(subscript).unwrap_or_default();
    match slice {
        Slice::All => ":".to_owned(),
        Slice::At(note) => subscript(note),
        Slice::Range(ends, _) => format!("{}..{}", end(&ends[0]), end(&ends[1])),
    }
}

fn precedence(note: &Notation) -> Precedence {
    match note {
        // A sum over examples or indices reaches to the end of the product.
        Notation::Sum(_) | Notation::Negative(_) | Notation::Examples(_) => Precedence::Sum,
        Notation::Reduced(Reducer::Sum, bounds, ..) if is_evident(bounds) => Precedence::Sum,
        Notation::Times(_)
        | Notation::Over(..)
        | Notation::Elementwise(_)
        | Notation::ElementOver(..)
        | Notation::Matmul(_) => Precedence::Product,
        Notation::Number(n) if n.is_negative() => Precedence::Sum,
        Notation::Number(n) if n.to_string().contains('/') => Precedence::Product,
        Notation::Power(..) | Notation::ElementPower(..) => Precedence::Power,
        Notation::Transpose(_) => Precedence::Transposed,
        _ => Precedence::Atom,
    }
}

fn at(note: &Notation, least: Precedence) -> String {
    let text = formula(note);
    if precedence(note) < least { format!("({text})") } else { text }
}

/// Whether a form reaches to the end of its product.
fn reaches_on(note: &Notation) -> bool {
    match note {
        Notation::Examples(_) => true,
        Notation::Reduced(Reducer::Sum, bounds, ..) => is_evident(bounds),
        _ => false,
    }
}

/// What stands last in a product or is a term: a sum over examples needs no parentheses there.
fn last(note: &Notation) -> String {
    match note {
        note if reaches_on(note) => formula(note),
        note => at(note, Precedence::Product),
    }
}

fn chain(factors: &[Notation], operator: &str, scaling: bool) -> String {
    let mut parts = Vec::new();
    for (k, factor) in factors.iter().enumerate() {
        // The first may be a quotient; the last of a scaled array may be a product.
        let is_last = k + 1 == factors.len();
        parts.push(match factor {
            Notation::Over(..) if k == 0 => formula(factor),
            Notation::Matmul(_) | Notation::Elementwise(_) | Notation::ElementOver(..)
                if is_last && scaling =>
            {
                formula(factor)
            }
            factor if is_last && reaches_on(factor) => formula(factor),
            factor => at(factor, Precedence::Power),
        });
    }
    parts.join(operator)
}

/// An exponent: a minus needs no parentheses, a fraction does.
fn exponent(note: &Notation) -> String {
    match note {
        Notation::Number(n) if n.is_negative() && !n.to_string().contains('/') => n.to_string(),
        Notation::Number(Number::Float(_)) => formula(note),
        note => at(note, Precedence::Power),
    }
}

pub(super) fn list(args: &[Notation]) -> String {
    args.iter().map(formula).collect::<Vec<_>>().join(", ")
}
