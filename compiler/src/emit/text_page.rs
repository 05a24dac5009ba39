//! A page of formulas as plain text.

use super::Lines;
use super::document::{Cell, Document, Line, Piece, Section, Table, references};
use super::fold::{Column, Run, WIDTH, flow};
use super::text::{formula, list, write};

/// What stands between a formula and its reason, and between columns.
const GAP: &str = "    ";

/// Columns of a table are no narrower than this.
const NARROWEST: usize = 16;

/// Sections, each line a formula with its reason; no line is longer than a page is wide unless a single word is.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut out = String::new();
    for section in document.sections() {
        if !out.is_empty() {
            out.push('\n');
        }
        for title in &section.title {
            out.push_str(&self::title(title));
        }
        table(&section.table, &mut out);
        lines(section, &mut out);
    }
    out
}

/// What a formula is called begins its line; the rest of it goes on below itself.
fn title(title: &str) -> String {
    let (left, right) = title.find(" = ").map_or(("", title), |at| title.split_at(at + 3));
    let begins = left.chars().count();
    let others = if left.is_empty() { GAP.len() } else { begins };
    let right = flow(&[Run::Formula(right)], Column { first: begins, others, end: WIDTH });
    format!("{left}{}\n", right.join("\n"))
}

fn lines(section: &Section, out: &mut String) {
    let lefts: Vec<String> = section.lines.iter().map(left).collect();
    let width = lefts.iter().map(|left| left.chars().count()).max().unwrap_or(0);
    for (line, left) in section.lines.iter().zip(&lefts) {
        let pad = " ".repeat(width - left.chars().count());
        let head = if line.equation { format!("  {left}{pad} = ") } else { format!("  {left}: {pad}") };
        for line in self::line(line, &head) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// A line behind its head: what it says, one equality below the other where there is no room for all beside each
/// other, then its footnotes and its note.
fn line(line: &Line, head: &str) -> Vec<String> {
    let column = head.chars().count();
    let whole = flow(&runs(&line.right).runs(), Column::from(column));
    let equalities: Vec<&[Piece]> = line.right.split(|piece| *piece == Piece::Equals).collect();
    let mut said = if whole.len() > 1 && equalities.len() > 1 {
        let sign = if line.equation { column - 2 } else { column };
        let mut said = Vec::new();
        for (k, side) in equalities.iter().enumerate() {
            let begins = if k == 0 { column } else { sign + 2 };
            let mut lines = flow(&runs(side).runs(), Column::from(begins));
            if k > 0 {
                lines[0].insert_str(0, &(" ".repeat(sign) + "= "));
            }
            said.extend(lines);
        }
        said
    } else {
        whole
    };
    if let Some(first) = said.first_mut() {
        first.insert_str(0, head);
    }
    let marks = (!line.marks.is_empty()).then(|| references(&line.marks));
    let note = (!line.note.is_empty()).then(|| format!("({})", line.note));
    let mut gap = if line.right.is_empty() { "" } else { GAP };
    for after in marks.into_iter().chain(note) {
        let Some(last) = said.last_mut() else { continue };
        if last.chars().count() + gap.len() + after.chars().count() <= WIDTH {
            last.push_str(gap);
            last.push_str(&after);
        } else {
            // Below the formula.
            let mut lines = flow(&[Run::Words(&after)], Column::from(column));
            lines[0].insert_str(0, &" ".repeat(column));
            said.extend(lines);
        }
        gap = " ";
    }
    said
}

fn left(line: &Line) -> String {
    match line.footnote {
        Some(number) => format!("[{number}] {}", piece(&line.left)),
        None => piece(&line.left),
    }
}

/// Pieces as runs of text: formulas that stand beside each other are one.
fn runs(pieces: &[Piece]) -> Runs {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for piece in pieces {
        let is_words = matches!(piece, Piece::Words(_));
        let text = self::piece(piece);
        match runs.last_mut() {
            Some((known, last)) if *known == is_words => last.push_str(&text),
            _ => runs.push((is_words, text)),
        }
    }
    Runs(runs)
}

/// Texts, and whether they are words.
struct Runs(Vec<(bool, String)>);

impl Runs {
    fn runs(&self) -> Vec<Run<'_>> {
        self.0
            .iter()
            .map(|(words, text)| if *words { Run::Words(text) } else { Run::Formula(text) })
            .collect()
    }
}

/// Columns side by side, under their heads. Where they are wider than a page, the widest are folded.
fn table(table: &Table, out: &mut String) {
    if table.rows.is_empty() {
        return;
    }
    let head = table.head.iter().map(|text| runs(&[Piece::Words(text.clone())]));
    let mut rows: Vec<Vec<Runs>> = vec![head.collect()];
    rows.extend(table.rows.iter().map(|row| row.iter().map(cell).collect()));
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut columns: Vec<Folded> = (0..count).map(|k| Folded::of(&rows, k, usize::MAX)).collect();
    let mut can_fold = vec![true; count];
    while columns.iter().map(|column| column.width + 3).sum::<usize>() > WIDTH + 1 {
        let wide = (0..count).filter(|&k| can_fold[k] && columns[k].width > NARROWEST);
        let Some(widest) = wide.max_by_key(|&k| columns[k].width) else { break };
        let narrower = Folded::of(&rows, widest, columns[widest].width - 1);
        if narrower.width < columns[widest].width {
            columns[widest] = narrower;
        } else {
            can_fold[widest] = false;
        }
    }
    for row in 0..rows.len() {
        let height = columns.iter().map(|column| column.cells[row].len()).max().unwrap_or(0);
        for n in 0..height {
            let mut line = String::from(" ");
            for column in &columns {
                let text = column.cells[row].get(n).map_or("", String::as_str);
                let pad = " ".repeat(column.width - text.chars().count());
                line.push_str(&format!(" {text}{pad}  "));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// A column of a table, each cell in lines.
struct Folded {
    cells: Vec<Vec<String>>,
    width: usize,
}

impl Folded {
    fn of(rows: &[Vec<Runs>], k: usize, end: usize) -> Self {
        let column = Column { first: 0, others: 0, end };
        let fold = |row: &Vec<Runs>| row.get(k).map(|cell| flow(&cell.runs(), column)).unwrap_or_default();
        let cells: Vec<Vec<String>> = rows.iter().map(fold).collect();
        let width = cells.iter().flatten().map(|line| line.chars().count()).max().unwrap_or(0);
        Self { cells, width }
    }
}

fn cell(cell: &Cell) -> Runs {
    let mut runs = runs(&cell.pieces);
    if !cell.marks.is_empty() {
        runs.0.push((true, format!(" {}", references(&cell.marks))));
    }
    runs
}

/// The formula without saying of what it is an entry.
fn entry(lines: &Lines) -> String {
    write(&Lines { indices: Vec::new(), ..lines.clone() })
}

/// What stands at one side of an equation.
#[must_use]
pub fn piece(piece: &Piece) -> String {
    match piece {
        Piece::Words(text) | Piece::Code(text) | Piece::Name(text) => text.clone(),
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
        Piece::AtLeast => " >= ".to_owned(),
        Piece::AtMost => " <= ".to_owned(),
        Piece::Plus => " + ".to_owned(),
        Piece::Times => " * ".to_owned(),
        Piece::Elementwise => " .* ".to_owned(),
        Piece::Zero => "0".to_owned(),
    }
}
