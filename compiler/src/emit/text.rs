//! Notation to the cost language's own text, with as few parentheses as its grammar allows.

use super::Lines;
use super::notation::{Notation, Whole};
use crate::ir::Number;

/// How tightly a form binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
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
    out + &formula(&lines.value)
}

/// One formula.
#[must_use]
pub fn formula(note: &Notation) -> String {
    match note {
        Notation::Number(n) => n.to_string(),
        Notation::Pi => "pi".to_owned(),
        Notation::Name(name) => name.clone(),
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
            let above_text = at(above, Level::Product);
            let slash = if level(above) == Level::Product { " / " } else { "/" };
            format!("{above_text}{slash}{}", at(below, Level::Power))
        }
        Notation::ElementOver(above, below) => {
            format!("{} ./ {}", at(above, Level::Product), at(below, Level::Power))
        }
        Notation::Power(base, exponent) => {
            format!("{}^{}", at(base, Level::Transposed), self::exponent(exponent))
        }
        Notation::ElementPower(base, exponent) => {
            let dot = if matches!(**base, Notation::Number(_)) { " .^" } else { ".^" };
            format!("{}{dot}{}", at(base, Level::Transposed), self::exponent(exponent))
        }
        Notation::Sqrt(inner) => format!("sqrt({})", formula(inner)),
        Notation::Transpose(inner) => format!("{}'", at(inner, Level::Transposed)),
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
        Notation::SumOver(indices, body) => format!("sum[{}] {}", indices.join(","), last(body)),
        Notation::AxisOver(f, indices, body) => {
            format!("{}[{}]({})", f.name(), indices.join(","), formula(body))
        }
        Notation::Entry(array, indices) => format!("{}[{}]", at(array, Level::Atom), indices.join(",")),
        Notation::Array(body, indices) => format!("({})[{}]", formula(body), indices.join(",")),
    }
}

fn level(note: &Notation) -> Level {
    match note {
        // A sum over examples or indices reaches to the end of the product.
        Notation::Sum(_) | Notation::Negative(_) | Notation::Examples(_) | Notation::SumOver(..) => {
            Level::Sum
        }
        Notation::Times(_)
        | Notation::Over(..)
        | Notation::Elementwise(_)
        | Notation::ElementOver(..)
        | Notation::Matmul(_) => Level::Product,
        Notation::Number(n) if n.is_negative() => Level::Sum,
        Notation::Number(n) if n.to_string().contains('/') => Level::Product,
        Notation::Power(..) | Notation::ElementPower(..) => Level::Power,
        Notation::Transpose(_) => Level::Transposed,
        _ => Level::Atom,
    }
}

fn at(note: &Notation, least: Level) -> String {
    let text = formula(note);
    if level(note) < least { format!("({text})") } else { text }
}

/// What stands last in a product or is a term: a sum over examples needs no parentheses there.
fn last(note: &Notation) -> String {
    match note {
        Notation::Examples(_) | Notation::SumOver(..) => formula(note),
        note => at(note, Level::Product),
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
            Notation::Examples(_) | Notation::SumOver(..) if is_last => formula(factor),
            factor => at(factor, Level::Power),
        });
    }
    parts.join(operator)
}

/// An exponent: a minus needs no parentheses, a fraction does.
fn exponent(note: &Notation) -> String {
    match note {
        Notation::Number(n) if n.is_negative() && !n.to_string().contains('/') => n.to_string(),
        Notation::Number(Number::Float(_)) => formula(note),
        note => at(note, Level::Power),
    }
}

fn list(args: &[Notation]) -> String {
    args.iter().map(formula).collect::<Vec<_>>().join(", ")
}
