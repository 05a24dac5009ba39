//! Notation to presentation MathML (MathML Core): elements only, no scripts, styles or namespaces, on one
//! line, so that it can stand in a doc comment.

use super::Lines;
use super::document::{Document, Line, Piece};
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

/// One table per section, under its title as a comment.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        // Two hyphens would end the comment.
        let title = section.title.join("; ").replace("--", "- -");
        let rows: String = section.lines.iter().map(|line| element("mtr", &cells(line)) + "\n").collect();
        out.push_str(&format!(
            "<!-- {title} -->\n<math display=\"block\"><mtable displaystyle=\"true\">\n{rows}</mtable></math>\n"
        ));
    }
    out
}

/// One line of a page without its note: an equation, or what is said of something.
#[must_use]
pub fn line(line: &Line) -> String {
    let right: String = line.right.iter().map(piece).collect();
    let sign = element("mo", if line.equation { "=" } else { ":" });
    let row = element("mrow", &(piece(&line.left) + &sign + &right));
    format!(r#"<math display="block">{row}</math>"#)
}

fn cells(line: &Line) -> String {
    let right: String = line.right.iter().filter(|p| !matches!(p, Piece::Aside(_))).map(piece).collect();
    let sign = element("mo", if line.equation { "=" } else { ":" });
    let cell = |inner: &str| element("mtd", &element("mrow", inner));
    let note = if line.note.is_empty() { String::new() } else { cell(&words(&line.note)) };
    cell(&piece(&line.left)) + &cell(&(sign + &right)) + &note
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
        Piece::Words(text) | Piece::Aside(text) | Piece::Code(text) => words(text),
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
        Piece::Equals => element("mo", "="),
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
