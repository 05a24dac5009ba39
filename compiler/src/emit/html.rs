//! A page of formulas as HTML: a section with a heading for each, and each line a formula in MathML with its reason.

use super::document::{Cell, Document, Line, Piece, Table};
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
        if !section.table.rows.is_empty() {
            out.push_str(&table(&section.table));
        }
        if !section.lines.is_empty() {
            out.push_str("<ul class=\"lines\">\n");
            for line in &section.lines {
                let class = if line.is_continued() { " class=\"on\"" } else { "" };
                let id = line.footnote.map(|n| format!(" id=\"rule-{n}\"")).unwrap_or_default();
                out.push_str(&format!("<li{class}{id}>{}</li>\n", self::line(line)));
            }
            out.push_str("</ul>");
        }
        out.push_str("</section>\n");
    }
    out
}

fn table(table: &Table) -> String {
    let head: String =
        table.head.iter().map(|text| format!("<th scope=\"col\">{}</th>", escaped(text))).collect();
    let mut out = format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>\n");
    for row in &table.rows {
        let cell = |cell: &Cell| format!("<td>{}{}</td>", mathml::pieces(&cell.pieces), marks(&cell.marks));
        let cells: String = row.iter().map(cell).collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out + "</tbody></table></div>\n"
}

/// References to footnotes.
fn marks(numbers: &[usize]) -> String {
    numbers.iter().map(|n| format!("<sup><a href=\"#rule-{n}\">{n}</a></sup>")).collect()
}

fn line(line: &Line) -> String {
    let mut note = marks(&line.marks);
    if !line.note.is_empty() {
        note.push_str(&format!("<span class=\"why\">{}</span>", escaped(&line.note)));
    }
    let number = line.footnote.map(|n| format!("<b>{n}</b> ")).unwrap_or_default();
    let formula = if line.equation {
        mathml::equation(line)
    } else if line.is_prose() {
        let words: Vec<String> = line
            .right
            .iter()
            .filter_map(|piece| match piece {
                Piece::Words(text) => Some(escaped(text)),
                _ => None,
            })
            .collect();
        format!("{}: {}", mathml::pieces(std::slice::from_ref(&line.left)), words.concat())
    } else {
        format!("{}: {}", mathml::pieces(std::slice::from_ref(&line.left)), mathml::pieces(&line.right))
    };
    format!("{number}<span class=\"formula\">{formula}</span>{note}")
}
