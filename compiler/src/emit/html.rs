//! A page of formulas as HTML: a section with a heading for each, and each line a formula in MathML with its reason.

use super::document::{Document, Line, Piece};
use super::svg::escaped;
use super::{Target, mathml};

/// Fragments of a page: what stands between the tags of its body.
pub static FRAGMENT: Target = Target { name: "html", write: mathml::write, document };

/// One section after the other, headed `h3`.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        out.push_str("<section>");
        for (k, title) in section.title.iter().enumerate() {
            let tag = if k == 0 { "h3" } else { "p" };
            out.push_str(&format!("<{tag}>{}</{tag}>", escaped(title)));
        }
        out.push_str("<ul class=\"lines\">\n");
        for line in &section.lines {
            out.push_str(&format!("<li>{}</li>\n", self::line(line)));
        }
        out.push_str("</ul></section>\n");
    }
    out
}

fn line(line: &Line) -> String {
    // What is said beside a formula is no part of it.
    let (asides, right): (Vec<Piece>, Vec<Piece>) =
        line.right.iter().cloned().partition(|piece| matches!(piece, Piece::Aside(_)));
    let asides = asides.iter().filter_map(|piece| match piece {
        Piece::Aside(text) => Some(text.as_str()),
        _ => None,
    });
    let notes: Vec<String> =
        asides.chain([line.note.as_str()]).filter(|n| !n.is_empty()).map(escaped).collect();
    let note = if notes.is_empty() {
        String::new()
    } else {
        format!("<span class=\"why\">{}</span>", notes.join("; "))
    };
    let formula = mathml::line(&Line { right, ..line.clone() });
    format!("<span class=\"formula\">{formula}</span>{note}")
}
