//! Notation to presentation MathML (MathML Core): elements only, no scripts, styles or namespaces, on one line, so that
//! it can stand in a doc comment.

use super::Lines;
use super::layout::{Layout, page};

/// The formula; its definitions after it.
#[must_use]
pub fn write(lines: &Lines) -> String {
    let page = page(lines);
    format!(r#"<math display="block">{}</math>"#, mathml(&page))
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
        Layout::Big(sign, under) => element("munder", &(single(sign) + &single(under))),
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
