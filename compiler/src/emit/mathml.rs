//! Notation to presentation MathML (MathML Core): elements only, no scripts, styles or namespaces, on one
//! line, so that it can stand in a doc comment. Only a page has boxes around its formulas, in which they scroll.

use super::Lines;
use super::document::{Cell, Document, Line, Piece, Table, references};
use super::layout::{self, Layout, page};
use super::notation::Notation;

/// The formula; its definitions after it.
#[must_use]
pub fn write(lines: &Lines) -> String {
    format!(r#"<math display="block">{}</math>"#, mathml(&page(lines)))
}

/// One equation.
#[must_use]
pub fn equation(line: &Line) -> String {
    let right: String = line.right.iter().map(piece).collect();
    let sign = element("mo", "=");
    format!(r#"<math display="block">{}</math>"#, element("mrow", &(piece(&line.left) + &sign + &right)))
}

/// A section's table and tables of its equations, under its title as a comment; words and notes, which no formula breaks,
/// are paragraphs between them. A formula scrolls in a box of its own.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        // Two hyphens would end the comment.
        let title = section.title.join("; ").replace("--", "- -");
        out.push_str(&format!("<!-- {title} -->\n"));
        if !section.table.rows.is_empty() {
            out.push_str(&boxed(&table(&section.table)));
        }
        let mut rows = String::new();
        for line in &section.lines {
            let paragraph = if line.is_prose() {
                format!("{}: {}", pieces(std::slice::from_ref(&line.left)), said(&line.right))
            } else {
                rows.push_str(&(element("mtr", &cells(line)) + "\n"));
                if line.note.is_empty() { String::new() } else { format!("({})", escaped(&line.note)) }
            };
            if !paragraph.is_empty() {
                out.push_str(&boxed(&std::mem::take(&mut rows)));
                out.push_str(&(element("p", &paragraph) + "\n"));
            }
        }
        out.push_str(&boxed(&rows));
    }
    out
}

/// Rows of formulas as a table, if there are any.
fn boxed(rows: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<div style=\"overflow:auto hidden\"><math display=\"block\"><mtable displaystyle=\"true\">\n{rows}</mtable></math></div>\n"
    )
}

/// Words outside formulas.
fn said(pieces: &[Piece]) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Words(text) => escaped(text),
        other => self::piece(other),
    };
    pieces.iter().map(text).collect()
}

/// The rows of a table, its head first.
fn table(table: &Table) -> String {
    let row = |cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| element("mtd", &element("mrow", cell))).collect();
        element("mtr", &cells) + "\n"
    };
    let head = row(table.head.iter().map(|text| words(text)).collect());
    let cell = |cell: &Cell| {
        let marks = if cell.marks.is_empty() {
            String::new()
        } else {
            words(&format!(" {}", references(&cell.marks)))
        };
        cell.pieces.iter().map(piece).collect::<String>() + &marks
    };
    head + &table.rows.iter().map(|cells| row(cells.iter().map(cell).collect())).collect::<String>()
}

/// Pieces side by side.
#[must_use]
pub fn pieces(cell: &[Piece]) -> String {
    format!("<math>{}</math>", element("mrow", &cell.iter().map(piece).collect::<String>()))
}

fn cells(line: &Line) -> String {
    let right: String = line.right.iter().map(piece).collect();
    let sign = element("mo", if line.equation { "=" } else { ":" });
    let cell = |inner: &str| element("mtd", &element("mrow", inner));
    let note = if line.marks.is_empty() { String::new() } else { cell(&words(&references(&line.marks))) };
    let number = line.footnote.map(|number| words(&format!("[{number}] "))).unwrap_or_default();
    cell(&(number + &piece(&line.left))) + &cell(&(sign + &right)) + &note
}

fn piece(piece: &Piece) -> String {
    let name = |text: &str| mathml(&layout::name(text));
    let note = |note: &Notation| mathml(&layout::layout(note));
    let fraction = |above: String, below: String| {
        element("mfrac", &(element("mrow", &above) + &element("mrow", &below)))
    };
    let partial = |of: &str| format!("<mo>∂</mo>{of}");
    let squared = |inner: &str| element("msup", &format!("{inner}<mn>2</mn>"));
    match piece {
        Piece::Words(text) | Piece::Code(text) => words(text),
        Piece::Formula(lines) => mathml(&page(lines)),
        Piece::Name(text) => name(text),
        Piece::Total(of, by) => {
            fraction(format!("<mi>d</mi><mi>{of}</mi>"), format!("<mi>d</mi>{}", note(by)))
        }
        Piece::Partial(of, by) => match by.as_slice() {
            [a, b] => {
                let above = squared("<mo>∂</mo>") + &note(of);
                let below =
                    if a == b { partial(&squared(&note(a))) } else { partial(&note(a)) + &partial(&note(b)) };
                fraction(above, below)
            }
            by => fraction(partial(&note(of)), partial(&by.iter().map(note).collect::<String>())),
        },
        Piece::HessianProduct(by) => {
            let product = element("mrow", "<mo>(</mo><mi>H</mi><mo>&#x2062;</mo><mi>v</mi><mo>)</mo>");
            element("msub", &(product + &note(by)))
        }
        Piece::GaussNewtonProduct(by) => {
            let transposed = element("msup", "<mi>J</mi><mi>⊤</mi>");
            let product = "<mo>&#x2062;</mo><mi>J</mi><mo>&#x2062;</mo><mi>v</mi><mo>)</mo>";
            element("msub", &(element("mrow", &format!("<mo>(</mo>{transposed}{product}")) + &note(by)))
        }
        Piece::Function { name, prime, args } => {
            let name = if name == "sigmoid" { "σ" } else { name };
            let name = element("mi", &escaped(name));
            let name = if *prime { element("msup", &(name + "<mo>′</mo>")) } else { name };
            let args = args.iter().map(note).collect::<Vec<_>>().join("<mo>,</mo>");
            name + &element("mrow", &format!("<mo>(</mo>{args}<mo>)</mo>"))
        }
        Piece::Times => "<mo>&#x2062;</mo>".to_owned(),
        Piece::Elementwise => element("mo", "⊙"),
        Piece::Equals => element("mo", "="),
        Piece::AtLeast => element("mo", "≥"),
        Piece::AtMost => element("mo", "≤"),
        Piece::Plus => element("mo", "+"),
        Piece::Zero => element("mn", "0"),
    }
}

/// Plain text; a formula would swallow spaces at its ends.
fn words(text: &str) -> String {
    element("mtext", &escaped(text).replace(' ', "&#xa0;"))
}

fn element(tag: &str, inner: &str) -> String {
    format!("<{tag}>{inner}</{tag}>")
}

fn mathml(layout: &Layout) -> String {
    match layout {
        Layout::Row(row) => element("mrow", &row.iter().map(mathml).collect::<String>()),
        Layout::Letter(text) => element("mi", &escaped(text)),
        Layout::Word(text) => element("mi", &escaped(text)),
        // The invisible operator sets the function's name off from what follows.
        Layout::Function(name) => element("mi", &escaped(name)) + "<mo>&#x2061;</mo>",
        Layout::Words(text) => words(text),
        Layout::Lines(rows) => {
            let row = |row: &Layout| element("mtr", &element("mtd", &mathml(row)));
            element("mtable", &rows.iter().map(row).collect::<String>())
        }
        Layout::Text(text) => element("mtext", &text.replace(' ', "&#xa0;")),
        Layout::Number(text) => match text.split_once('e') {
            Some((mantissa, exponent)) => {
                let power = element("msup", &format!("<mn>10</mn><mn>{}</mn>", exponent.replace('-', "−")));
                element("mrow", &format!("<mn>{mantissa}</mn><mo>·</mo>{power}"))
            }
            None => element("mn", text),
        },
        Layout::Binary(sign) => element("mo", &escaped(sign)),
        Layout::Symbol("𝟏") => "<mn>𝟏</mn>".to_owned(),
        Layout::Symbol("⊤") => "<mi>⊤</mi>".to_owned(),
        Layout::Symbol("−") => r#"<mo form="prefix">−</mo>"#.to_owned(),
        Layout::Symbol(sign) => element("mo", &escaped(sign)),
        Layout::Juxtaposed => "<mo>&#x2062;</mo>".to_owned(),
        Layout::Fraction(above, below) => element("mfrac", &(mathml(above) + &mathml(below))),
        Layout::Super(base, script) => element("msup", &(single(base) + &single(script))),
        Layout::Sub(base, script) => element("msub", &(single(base) + &single(script))),
        Layout::Root(inner) => element("msqrt", &mathml(inner)),
        Layout::Fence(open, inner, close) => {
            let fence = |sign, form| format!(r#"<mo fence="true" form="{form}">{sign}</mo>"#);
            element("mrow", &(fence(open, "prefix") + &mathml(inner) + &fence(close, "postfix")))
        }
        Layout::Big(sign, under, None) => element("munder", &(single(sign) + &single(under))),
        Layout::Big(sign, under, Some(over)) => {
            element("munderover", &(single(sign) + &single(under) + &single(over)))
        }
        Layout::Table(rows) => {
            let row = |row: &Vec<Layout>| {
                element("mtr", &row.iter().map(|l| element("mtd", &mathml(l))).collect::<String>())
            };
            element("mtable", &rows.iter().map(row).collect::<String>())
        }
        Layout::Cases(cases) => {
            let cell = |l: &Layout| element("mtd", &mathml(l));
            let rows: String = cases
                .iter()
                .map(|(value, condition)| element("mtr", &(cell(value) + &cell(condition))))
                .collect();
            let brace = r#"<mo fence="true" form="prefix">{</mo>"#;
            element("mrow", &(brace.to_owned() + &element("mtable", &rows)))
        }
    }
}

/// One element, where a place takes exactly one.
fn single(layout: &Layout) -> String {
    match layout {
        Layout::Function(name) => element("mi", &escaped(name)),
        layout => mathml(layout),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
