//! Notation to the cost language's own text, with as few parentheses as its grammar allows.

use super::Lines;
use super::document::{Cell, Document, Line, Piece, Table};
use super::entries::compare;
use super::notation::{Bound, Notation, Reducer, Slice, Whole};
use super::place::Condition;
use crate::ir::Number;
use crate::syntax::ast::CompareOp;

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

/// The same without saying of what the formula is an entry.
fn entry(lines: &Lines) -> String {
    write(&Lines { indices: Vec::new(), ..lines.clone() })
}

/// Where words are broken.
const WIDTH: usize = 112;

/// Sections, each line a formula with its reason.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&section.title.join("\n"));
        if !section.marks.is_empty() {
            out.push_str(&format!("    {}", marks(&section.marks)));
        }
        out.push('\n');
        table(&section.table, &mut out);
        let lefts: Vec<String> = section.lines.iter().map(left).collect();
        let width = lefts.iter().map(|left| left.chars().count()).max().unwrap_or(0);
        for (line, left) in section.lines.iter().zip(&lefts) {
            let pad = " ".repeat(width - left.chars().count());
            let sign = if line.equation { " = " } else { ": " };
            let right: String = line.right.iter().map(piece).collect();
            if line.is_prose() {
                let indent = width + 4;
                let right = broken(&right, indent, WIDTH);
                out.push_str(&format!("  {left}{sign}{pad}{right}\n"));
                continue;
            }
            let mut after = Vec::new();
            if !line.marks.is_empty() {
                after.push(marks(&line.marks));
            }
            if !line.note.is_empty() {
                after.push(format!("({})", line.note));
            }
            let gap = if right.is_empty() || after.is_empty() { "" } else { "    " };
            let after = after.join(" ");
            let (first, last) = if line.equation { (pad.as_str(), "") } else { ("", pad.as_str()) };
            out.push_str(format!("  {left}{first}{sign}{last}{right}{gap}{after}").trim_end());
            out.push('\n');
        }
    }
    out
}

fn left(line: &Line) -> String {
    match line.footnote {
        Some(number) => format!("[{number}] {}", piece(&line.left)),
        None => piece(&line.left),
    }
}

/// `[1, 3]`
fn marks(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// Words in lines of at most so many characters, all but the first indented.
fn broken(words: &str, indent: usize, width: usize) -> String {
    let (mut out, mut at) = (String::new(), indent);
    for word in words.split(' ') {
        let length = word.chars().count();
        if at > indent && at + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            at = indent;
        } else if at > indent {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += length;
    }
    out
}

/// Columns side by side, under their heads.
fn table(table: &Table, out: &mut String) {
    if table.rows.is_empty() {
        return;
    }
    let cell = |cell: &Cell| cell.iter().map(piece).collect::<String>();
    let mut rows = vec![table.head.clone()];
    rows.extend(table.rows.iter().map(|row| row.iter().map(cell).collect()));
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |k: usize| rows.iter().filter_map(|r| r.get(k)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    for row in &rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let pad = " ".repeat(width - cell.chars().count());
            line.push_str(&format!(" {cell}{pad}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// What stands at one side of an equation.
#[must_use]
pub fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(text) | Piece::Code(text) | Piece::Name(text) => text.clone(),
        Piece::Aside(text) => format!("    ({text})"),
        Piece::Formula(lines) => entry(lines),
        Piece::Total(of, by) => format!("d{of}/d{}", formula(by)),
        Piece::Partial(of, by) => match by.as_slice() {
            [a, b] if a == b => format!("∂²{}/∂{}²", formula(of), formula(a)),
            [a, b] => format!("∂²{}/∂{}∂{}", formula(of), formula(a), formula(b)),
            by => format!("∂{}/∂{}", formula(of), by.iter().map(formula).collect::<String>()),
        },
        Piece::HessianProduct(by) => format!("(Hv)_{}", formula(by)),
        Piece::GaussNewtonProduct(by) => format!("(JᵀJv)_{}", formula(by)),
        Piece::Function { name, prime, args } => {
            format!("{name}{}({})", if *prime { "'" } else { "" }, list(args))
        }
        Piece::Equals => " = ".to_owned(),
        Piece::Plus => " + ".to_owned(),
        Piece::Times => " * ".to_owned(),
        Piece::Elementwise => " .* ".to_owned(),
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

fn list(args: &[Notation]) -> String {
    args.iter().map(formula).collect::<Vec<_>>().join(", ")
}
