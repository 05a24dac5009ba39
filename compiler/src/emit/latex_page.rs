//! A page of formulas as LaTeX, to stand in the body of a document with amsmath: words as paragraphs, formulas displayed
//! between them, broken where they are wider than a line.

use super::broken::{rows, squeezed};
use super::document::{Cell, Document, Line, Piece, Section, Table, references};
use super::latex::{latex, prose, words};
use super::layout::Layout;
use super::pieces::{boxed, row};
use super::svg::{self, height, width};

/// How wide a line of formulas is, in sizes of a letter as they are measured here: `article` at 10pt has 34 of its own, but
/// its signs stand farther apart.
const LINE: f64 = 25.0;

/// A formula that is wider than this does not stand among words.
const INLINE: f64 = 16.0;

/// What stands between the columns of a table and between its rows, in sizes of a letter.
const GAP: f64 = 1.0;

/// A table that is higher than this is a list, which goes on on the next page.
const HIGHEST: f64 = 30.0;

/// One section after the other.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::from("% Stands in the body of a document with \\usepackage{amsmath}.\n");
    // Words are not stretched to fill lines.
    out.push_str("\\begingroup\\raggedright\\allowdisplaybreaks\n");
    for section in document.sections() {
        let typed = |title: &String| format!("\\texttt{{{}}}", super::latex::code(title));
        let in_words = |title: &String| prose(title);
        let title: Vec<String> = if section.is_typed {
            section.title.iter().map(typed).collect()
        } else {
            section.title.iter().map(in_words).collect()
        };
        out.push_str(&format!("\n\\subsection*{{{}}}\n", title.join(" \\\\ ")));
        out.push_str(&table(&section.table));
        out.push_str(&lines(section));
    }
    out + "\\endgroup\n"
}

fn lines(section: &Section) -> String {
    let mut out = String::new();
    let mut left = section.lines.as_slice();
    while let Some(line) = left.first() {
        let is_shown = |line: &Line| line.equation && words_among(line).is_none();
        // Equations that follow each other are one display.
        let count = left.iter().take_while(|line| is_shown(line)).count();
        if count > 0 {
            out.push_str(&display(&left[..count]));
            left = &left[count..];
            continue;
        }
        // What is said of a formula goes before it, with what goes on from it behind.
        let formula = line.right.iter().all(|piece| boxed(piece).is_some()) && !line.right.is_empty();
        if formula {
            let note = if line.note.is_empty() { String::new() } else { format!(" ({})", prose(&line.note)) };
            out.push_str(&set(&format!("{}{note}:", said(std::slice::from_ref(&line.left)))));
            let count = 1 + left[1..].iter().take_while(|line| line.is_continued()).count();
            let first = Line {
                left: Piece::Words(String::new()),
                note: String::new(),
                equation: false,
                ..line.clone()
            };
            out.push_str(&display(&[std::slice::from_ref(&first), &left[1..count]].concat()));
            left = &left[count..];
            continue;
        }
        out.push_str(&paragraph(line));
        left = &left[1..];
    }
    out
}

fn words_among(line: &Line) -> Option<&Piece> {
    line.right.iter().find(|piece| boxed(piece).is_none())
}

/// A line as a paragraph.
fn paragraph(line: &Line) -> String {
    let number = line.footnote.map(|number| format!("[{number}] ")).unwrap_or_default();
    let sign = if line.equation { " =" } else { ":" };
    let left = said(std::slice::from_ref(&line.left));
    let mut text = format!("{number}{left}{sign} {}", said(&line.right));
    if !line.marks.is_empty() {
        text.push_str(&format!(" {}", references(&line.marks)));
    }
    if !line.note.is_empty() {
        text.push_str(&format!(" ({})", prose(&line.note)));
    }
    set(text.trim_end())
}

/// A paragraph.
fn set(text: &str) -> String {
    format!("\\noindent {text}\\par\n")
}

/// Pieces among words.
fn said(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match boxed(piece) {
            Some(Layout::Binary(sign)) => {
                out.push_str(&format!(" ${}$ ", latex(&Layout::Binary(sign)).trim()))
            }
            Some(layout) if width(&layout) > INLINE => {
                out.push_str(&format!("\\[ {} \\]\n", latex(&squeezed(layout, LINE))));
            }
            // A derivative among words is written on their line.
            Some(Layout::Fraction(above, below))
                if matches!(piece, Piece::Partial(..) | Piece::Total(..)) =>
            {
                out.push_str(&format!("${} / {}$", latex(&above), latex(&below)));
            }
            Some(layout) => out.push_str(&format!("${}$", latex(&layout))),
            None => out.push_str(&match piece {
                Piece::Code(text) => format!("\\texttt{{{}}}", super::latex::code(text)),
                Piece::Words(text) => prose(text),
                _ => String::new(),
            }),
        }
    }
    out
}

/// Equations below each other, the signs in one column.
fn display(lines: &[Line]) -> String {
    let left = |line: &Line| boxed(&line.left).unwrap_or_else(|| Layout::Row(Vec::new()));
    let widest = lines.iter().map(|line| width(&left(line))).fold(0.0, f64::max);
    let room = LINE - widest - 1.5;
    let mut shown: Vec<String> = Vec::new();
    // A note that no line has room for is a paragraph after it.
    let (mut after, mut out) = (String::new(), String::new());
    for line in lines {
        let mut own = equation(line, &left(line), room);
        let note = if line.note.is_empty() { String::new() } else { format!("({})", line.note) };
        if !line.marks.is_empty() {
            own.last_mut().into_iter().for_each(|(last, _)| {
                last.push_str(&format!(" \\quad {}", words(&references(&line.marks))));
            });
        }
        let wide = svg::words(&note).width / 13.0 + 1.0 + own.last().map_or(0.0, |(_, width)| *width);
        let fits = wide + if line.marks.is_empty() { 0.0 } else { 3.0 } <= room;
        if fits && !note.is_empty() {
            own.last_mut()
                .into_iter()
                .for_each(|(last, _)| last.push_str(&format!(" \\quad {}", words(&note))));
        }
        let rows: Vec<String> = own.into_iter().map(|(row, _)| format!("  {row}")).collect();
        let gap = if shown.is_empty() {
            ""
        } else if after.is_empty() {
            " \\\\\n"
        } else {
            "\n"
        };
        shown.push(format!("{gap}{after}{}", rows.join(" \\\\\n")));
        after = if fits || note.is_empty() { String::new() } else { prose(&note) };
        if !after.is_empty() {
            after = format!(" \\intertext{{{after}}}\n");
        }
    }
    out.push_str("\\begin{align*}\n");
    out.push_str(&shown.concat());
    out.push_str("\n\\end{align*}\n");
    match after.trim().strip_prefix("\\intertext{").and_then(|text| text.strip_suffix('}')) {
        Some(text) => out + &set(text),
        None => out,
    }
}

/// The rows of an equation with their widths.
fn equation(line: &Line, left: &Layout, room: f64) -> Vec<(String, f64)> {
    let sides: Vec<&[Piece]> = line.right.split(|piece| *piece == Piece::Equals).collect();
    let whole = row(&line.right);
    let sides = if width(&whole) <= room { vec![whole] } else { sides.into_iter().map(row).collect() };
    let mut out = Vec::new();
    for (k, side) in sides.into_iter().enumerate() {
        let sign = if k == 0 && !line.equation { "" } else { "= " };
        let before = if k == 0 { latex(left) } else { String::new() };
        let before = if before.is_empty() { String::new() } else { before + " " };
        for (n, row) in rows(side, room).into_iter().enumerate() {
            let text = latex(&row);
            // An operator that begins a row is still one between two operands.
            out.push((
                if n == 0 {
                    format!("{before}&{sign}{text}")
                } else {
                    format!("&\\quad {{}}{}", text.trim_start())
                },
                width(&row),
            ));
        }
    }
    out
}

/// An `array` with a line under its head; a list of its rows where that is wider than a line or as high as a page.
fn table(table: &Table) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let cell = |cell: &Cell| -> Vec<Layout> {
        let mut parts = Vec::new();
        for piece in &cell.pieces {
            parts.push(boxed(piece).unwrap_or_else(|| match piece {
                Piece::Words(text) | Piece::Code(text) => Layout::Words(text.clone()),
                _ => Layout::Row(Vec::new()),
            }));
        }
        if !cell.marks.is_empty() {
            parts.push(Layout::Words(format!(" {}", references(&cell.marks))));
        }
        parts
    };
    let mut rows: Vec<Vec<Layout>> =
        vec![table.head.iter().map(|text| Layout::Words(text.clone())).collect()];
    rows.extend(table.rows.iter().map(|row| row.iter().map(|c| Layout::Row(cell(c))).collect()));
    let count = table.head.len();
    let widths = |rows: &[Vec<Layout>]| -> Vec<f64> {
        (0..count).map(|k| rows.iter().filter_map(|r| r.get(k)).map(width).fold(0.0, f64::max)).collect()
    };
    let mut room = widths(&rows);
    let all: f64 = LINE - GAP * count as f64;
    // The widest columns give way, as far as they can.
    let mut limit = room.iter().copied().fold(0.0, f64::max);
    while room.iter().map(|w| w.min(limit)).sum::<f64>() > all && limit > 4.0 {
        limit -= 0.5;
    }
    room.iter_mut().for_each(|w| *w = w.min(limit));
    for row in &mut rows {
        for (cell, room) in row.iter_mut().zip(&room) {
            *cell = squeezed(std::mem::replace(cell, Layout::Row(Vec::new())), *room + 0.1);
        }
    }
    let heights = rows.iter().map(|row| row.iter().map(height).fold(0.0, f64::max) + GAP / 2.0);
    if widths(&rows).iter().sum::<f64>() > all + GAP || heights.sum::<f64>() > HIGHEST {
        return listed(table);
    }
    let shown = |cell: &Layout| format!("\\displaystyle {}", latex(cell));
    let rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().join(" & ")).collect();
    let (head, rows) = (&rows[0], rows[1..].join(" \\\\[2pt]\n  "));
    let columns = "l".repeat(count);
    format!("\\[ \\begin{{array}}{{{columns}}}\n  {head} \\\\ \\hline\n  {rows}\n\\end{{array}} \\]\n")
}

/// The rows of a table as paragraphs: what each cell holds, then the cell. What an empty cell leaves out is what stands
/// above it.
fn listed(table: &Table) -> String {
    let mut out = String::new();
    let mut first: &[Piece] = &[];
    for row in &table.rows {
        let mut said = Vec::new();
        for (k, (head, cell)) in table.head.iter().zip(row).enumerate() {
            if k == 0 && !cell.pieces.is_empty() {
                first = &cell.pieces;
            }
            let pieces = if k == 0 { first } else { &cell.pieces };
            if !pieces.is_empty() {
                let marks = if cell.marks.is_empty() {
                    String::new()
                } else {
                    format!(" {}", references(&cell.marks))
                };
                said.push(format!("{} {}{marks}", prose(head), self::said(pieces)));
            }
        }
        out.push_str(&set(&(said.join("; ") + ".")));
    }
    out
}
