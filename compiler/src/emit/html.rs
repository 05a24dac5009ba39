//! A page of formulas as HTML: a section with a heading for each, and each line a formula in MathML with its reason.

use super::document::{Document, Line};
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
    let note = match line.note.as_str() {
        "" => String::new(),
        note => format!("<span class=\"why\">{}</span>", escaped(note)),
    };
    format!("<span class=\"formula\">{}</span>{note}", mathml::line(line))
}
