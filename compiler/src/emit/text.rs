//! Notation to the cost language's own text, with as few parentheses as its grammar allows.

use super::Lines;
use super::document::{Document, Piece};
use super::notation::{Notation, Whole};
use crate::ir::Number;

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
    out + &formula(&lines.value)
}

/// Sections, each line a formula with its reason.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&section.title.join("\n"));
        out.push('\n');
        let lefts: Vec<String> = section.lines.iter().map(|line| piece(&line.left)).collect();
        let width = lefts.iter().map(|left| left.chars().count()).max().unwrap_or(0);
        for (line, left) in section.lines.iter().zip(&lefts) {
            let pad = " ".repeat(width - left.chars().count());
            let sign = if line.equation { " = " } else { ": " };
            let right: String = line.right.iter().map(piece).collect();
            let gap = if right.is_empty() || line.note.is_empty() { "" } else { "    " };
            let note = if line.note.is_empty() { String::new() } else { format!("{gap}({})", line.note) };
            let (before, after) = if line.equation { (pad.as_str(), "") } else { ("", pad.as_str()) };
            out.push_str(format!("  {left}{before}{sign}{after}{right}{note}").trim_end());
            out.push('\n');
        }
    }
    out
}

fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(text) | Piece::Code(text) | Piece::Name(text) => text.clone(),
        Piece::Aside(text) => format!("    ({text})"),
        Piece::Formula(lines) => write(lines),
        Piece::Total(of, by) => format!("d{of}/d{by}"),
        Piece::Partial(of, by) => match by.as_slice() {
            [a, b] if a == b => format!("∂²{of}/∂{a}²"),
            [a, b] => format!("∂²{of}/∂{a}∂{b}"),
            by => format!("∂{of}/∂{}", by.concat()),
        },
        Piece::HessianProduct(by) => format!("(Hv)_{by}"),
        Piece::Equals => " = ".to_owned(),
        Piece::Plus => " + ".to_owned(),
        Piece::Zero => "0".to_owned(),
    }
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
        Notation::SumOver(indices, body) => format!("sum[{}] {}", indices.join(","), last(body)),
        Notation::AxisOver(f, indices, body) => {
            format!("{}[{}]({})", f.name(), indices.join(","), formula(body))
        }
        Notation::Entry(array, indices) => format!("{}[{}]", at(array, Precedence::Atom), indices.join(",")),
        Notation::Array(body, indices) => format!("({})[{}]", formula(body), indices.join(",")),
    }
}

fn precedence(note: &Notation) -> Precedence {
    match note {
        // A sum over examples or indices reaches to the end of the product.
        Notation::Sum(_) | Notation::Negative(_) | Notation::Examples(_) | Notation::SumOver(..) => {
            Precedence::Sum
        }
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

/// What stands last in a product or is a term: a sum over examples needs no parentheses there.
fn last(note: &Notation) -> String {
    match note {
        Notation::Examples(_) | Notation::SumOver(..) => formula(note),
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
            Notation::Examples(_) | Notation::SumOver(..) if is_last => formula(factor),
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

fn list(args: &[Notation]) -> String {
    args.iter().map(formula).collect::<Vec<_>>().join(", ")
}
