//! Notation to SVG: formulas as text and strokes at places of their own, for pictures. No font is known here, so each
//! run of letters is told how wide it is to be (`textLength`), and looks alike in any.

use super::Lines;
use super::document::Piece;
use super::layout::{self, Layout, page};
use super::notation::Notation;
use std::fmt::Write as _;

/// A formula with its size, in pixels, drawn from the left end of its base line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// How wide it is.
    pub width: f64,
    /// How far it goes above the base line.
    pub above: f64,
    /// How far it goes below.
    pub below: f64,
    marks: Vec<Mark>,
}

#[derive(Clone, Debug, PartialEq)]
enum Mark {
    Text {
        x: f64,
        y: f64,
        size: f64,
        width: f64,
        style: &'static str,
        text: String,
    },
    /// A path, as points relative to where the formula begins; of three points in a row the middle one bends it.
    Stroke {
        points: Vec<(f64, f64)>,
        bent: bool,
        wide: f64,
    },
}

/// Size of the letters, in pixels.
const SIZE: f64 = 16.0;

/// Where fractions and minus signs are, above the base line, in sizes.
const AXIS: f64 = 0.26;

/// Pieces side by side: formulas, names, words.
#[must_use]
pub fn pieces(pieces: &[Piece]) -> Drawn {
    let mut row = Drawn::default();
    for piece in pieces {
        row.push(of_piece(piece));
    }
    row
}

/// A formula.
#[must_use]
pub fn formula(lines: &Lines) -> Drawn {
    draw(&page(lines), SIZE)
}

/// Plain words, in the letters of captions.
#[must_use]
pub fn words(text: &str) -> Drawn {
    run(text, SIZE * 0.82, "w")
}

impl Drawn {
    /// As elements of an SVG, its base line beginning at a place.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> String {
        let mut out = String::new();
        for mark in &self.marks {
            match mark {
                Mark::Text { x: dx, y: dy, size, width, style, text } => {
                    let _ = write!(
                        out,
                        r#"<text class="{style}" x="{:.1}" y="{:.1}" font-size="{size:.1}""#,
                        x + dx,
                        y + dy
                    );
                    // A letter alone may be as wide as its font has it; signs differ more.
                    let mut letters = text.chars();
                    if !(letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()) {
                        let _ = write!(out, r#" textLength="{width:.1}" lengthAdjust="spacingAndGlyphs""#);
                    }
                    let _ = write!(out, ">{}</text>", escaped(text));
                }
                Mark::Stroke { points, bent, wide } => {
                    let point = |(dx, dy): &(f64, f64)| format!("{:.1},{:.1}", x + dx, y + dy);
                    let all: Vec<String> = points.iter().map(point).collect();
                    let path = match (all.as_slice(), bent) {
                        ([a, b, c], true) => format!("M{a} Q{b} {c}"),
                        (all, _) => format!("M{}", all.join(" L")),
                    };
                    let _ = write!(out, r#"<path class="s" stroke-width="{wide:.1}" d="{path}"/>"#);
                }
            }
        }
        out
    }

    /// How high it is.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.above + self.below
    }

    fn push(&mut self, other: Self) {
        let x = self.width;
        self.place(other, x, 0.0);
    }

    /// Draws another one at a place of this one.
    fn place(&mut self, other: Self, x: f64, y: f64) {
        self.width = self.width.max(x + other.width);
        self.above = self.above.max(other.above - y);
        self.below = self.below.max(other.below + y);
        self.marks.extend(other.marks.into_iter().map(|mark| match mark {
            Mark::Text { x: dx, y: dy, size, width, style, text } => {
                Mark::Text { x: x + dx, y: y + dy, size, width, style, text }
            }
            Mark::Stroke { points, bent, wide } => {
                let points = points.into_iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
                Mark::Stroke { points, bent, wide }
            }
        }));
    }

    fn stroke(&mut self, points: &[(f64, f64)], bent: bool) {
        self.marks.push(Mark::Stroke { points: points.to_vec(), bent, wide: 1.1 });
    }

    fn space(self, left: f64, right: f64) -> Self {
        let width = left + self.width + right;
        let mut spaced = Self::default();
        spaced.place(self, left, 0.0);
        spaced.width = width;
        spaced
    }
}

fn of_piece(piece: &Piece) -> Drawn {
    let note = |note: &Notation| draw(&layout::layout(note), SIZE);
    let sign = |text: &str| run(text, SIZE, "i");
    let beside = |parts: Vec<Drawn>| {
        let mut row = Drawn::default();
        parts.into_iter().for_each(|part| row.push(part));
        row
    };
    match piece {
        Piece::Words(text) | Piece::Code(text) => words(text),
        Piece::Formula(lines) => formula(lines),
        Piece::Name(text) => draw(&layout::name(text), SIZE),
        Piece::Total(of, by) => {
            fraction(beside(vec![sign("d"), sign(of)]), beside(vec![sign("d"), note(by)]))
        }
        Piece::Partial(of, by) => {
            let below = by.iter().flat_map(|v| [sign("∂"), note(v)]).collect();
            fraction(beside(vec![sign("∂"), note(of)]), beside(below))
        }
        Piece::HessianProduct(by) => beside(vec![run("(Hv)", SIZE, "n"), note(by)]),
        Piece::GaussNewtonProduct(by) => beside(vec![run("(JᵀJv)", SIZE, "n"), note(by)]),
        Piece::Function { name, prime, args } => {
            let mut parts = vec![run(&format!("{name}{}(", if *prime { "′" } else { "" }), SIZE, "n")];
            for (k, arg) in args.iter().enumerate() {
                parts.extend((k > 0).then(|| run(", ", SIZE, "n")));
                parts.push(note(arg));
            }
            parts.push(run(")", SIZE, "n"));
            beside(parts)
        }
        Piece::Times => run(" ", SIZE, "n"),
        Piece::Elementwise => operator("⊙", SIZE),
        Piece::Equals => operator("=", SIZE),
        Piece::AtLeast => operator("≥", SIZE),
        Piece::AtMost => operator("≤", SIZE),
        Piece::Plus => operator("+", SIZE),
        Piece::Zero => run("0", SIZE, "n"),
    }
}

/// How wide a character is, in sizes: about what the usual fonts with serifs have.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ';' | ':' | '\'' | '|' | '!' | 'ι' => 0.29,
        'f' | 't' | 'r' | 's' | '(' | ')' | '[' | ']' | ' ' | '-' => 0.36,
        'm' | 'w' | '∑' | '∏' | '…' => 0.76,
        'M' | 'W' => 0.92,
        '⊤' | '+' | '−' | '=' | '⊙' | '⊘' | '≤' | '≥' | '<' | '>' | '×' | '→' | '∞' => 0.62,
        'A'..='Z' => 0.68,
        _ => 0.52,
    }
}

fn run(text: &str, size: f64, style: &'static str) -> Drawn {
    let width = size * text.chars().map(advance).sum::<f64>();
    let text = Mark::Text { x: 0.0, y: 0.0, size, width, style, text: text.to_owned() };
    Drawn { width, above: 0.72 * size, below: 0.22 * size, marks: vec![text] }
}

fn operator(sign: &str, size: f64) -> Drawn {
    run(sign, size, "n").space(0.22 * size, 0.22 * size)
}

fn fraction(above: Drawn, below: Drawn) -> Drawn {
    let (axis, gap) = (-AXIS * SIZE, 3.0);
    let width = above.width.max(below.width) + 4.0;
    let mut drawn = Drawn::default();
    let (x, y) = ((width - above.width) / 2.0, axis - gap - above.below);
    drawn.place(above, x, y);
    let (x, y) = ((width - below.width) / 2.0, axis + gap + below.above);
    drawn.place(below, x, y);
    drawn.width = width;
    drawn.stroke(&[(0.0, axis), (width, axis)], false);
    drawn.space(1.5, 1.5)
}

/// Rows of cells, the middle at the height of a minus sign.
fn table(rows: Vec<Vec<Drawn>>, size: f64, centred: bool) -> Drawn {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<f64> = (0..columns)
        .map(|k| rows.iter().filter_map(|row| row.get(k)).map(|cell| cell.width).fold(0.0, f64::max))
        .collect();
    let heights: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| {
            let most = |f: fn(&Drawn) -> f64, least: f64| row.iter().map(f).fold(least, f64::max);
            (most(|d| d.above, 0.72 * size), most(|d| d.below, 0.22 * size))
        })
        .collect();
    let gap = 0.3 * size;
    let total = heights.iter().map(|(a, b)| a + b + gap).sum::<f64>() - gap;
    let mut drawn = Drawn::default();
    let mut y = -AXIS * size - total / 2.0;
    for (row, (above, below)) in rows.into_iter().zip(heights) {
        let mut x = 0.0;
        for (cell, width) in row.into_iter().zip(&widths) {
            let shift = if centred { (width - cell.width) / 2.0 } else { 0.0 };
            drawn.place(cell, x + shift, y + above);
            x += width + 0.8 * size;
        }
        y += above + below + gap;
    }
    drawn
}

fn fenced(open: &str, inner: Drawn, close: &str, size: f64) -> Drawn {
    let (above, below) = (inner.above.max(0.75 * size), inner.below.max(0.25 * size));
    let side = |sign: &str, left: bool| {
        let (top, bottom, middle) = (-above, below, (below - above) / 2.0);
        let w = 0.3 * size;
        let (outer, near) = if left { (0.1 * w, w) } else { (0.9 * w, 0.0) };
        let mut drawn = Drawn { width: w, above, below, marks: Vec::new() };
        match sign {
            "(" | ")" => {
                drawn.stroke(&[(near, top), (outer - (near - outer) * 0.5, middle), (near, bottom)], true)
            }
            "|" => drawn.stroke(&[(w / 2.0, top), (w / 2.0, bottom)], false),
            "‖" => {
                drawn.stroke(&[(w * 0.3, top), (w * 0.3, bottom)], false);
                drawn.stroke(&[(w * 0.8, top), (w * 0.8, bottom)], false);
            }
            "[" | "]" => drawn.stroke(&[(near, top), (outer, top), (outer, bottom), (near, bottom)], false),
            "⌊" | "⌋" => drawn.stroke(&[(outer, top), (outer, bottom), (near, bottom)], false),
            "⌈" | "⌉" => drawn.stroke(&[(near, top), (outer, top), (outer, bottom)], false),
            "{" | "}" => {
                let half = (outer + near) / 2.0;
                let wave = [(near, top), (half, top + 2.0), (half, middle - 2.0), (outer, middle)];
                let back = [(half, middle + 2.0), (half, bottom - 2.0), (near, bottom)];
                drawn.stroke(&[&wave[..], &back[..]].concat(), false);
            }
            "" => drawn.width = 0.0,
            other => return run(other, size, "n"),
        }
        drawn
    };
    let mut drawn = side(open, true);
    drawn.push(inner);
    drawn.push(side(close, false));
    drawn
}

/// How wide a box is, in sizes of a letter.
pub(super) fn width(layout: &Layout) -> f64 {
    draw(layout, SIZE).width / SIZE
}

/// How high a box is, in sizes of a letter.
pub(super) fn height(layout: &Layout) -> f64 {
    draw(layout, SIZE).height() / SIZE
}

fn draw(layout: &Layout, size: f64) -> Drawn {
    match layout {
        Layout::Row(row) => {
            let mut drawn = Drawn::default();
            row.iter().for_each(|part| drawn.push(draw(part, size)));
            drawn
        }
        Layout::Letter(text) => run(text, size, "i"),
        Layout::Word(text) | Layout::Number(text) => run(text, size, "n"),
        Layout::Function(name) => run(name, size, "n").space(0.0, 0.12 * size),
        Layout::Text(text) => run(text, size, "n"),
        Layout::Words(text) => run(text, size, "n"),
        Layout::Binary(sign) => operator(sign, size),
        Layout::Symbol(",") => run(",", size, "n").space(0.0, 0.15 * size),
        Layout::Symbol(sign) => run(sign, size, "n"),
        Layout::Juxtaposed => Drawn { width: 0.14 * size, ..Drawn::default() },
        Layout::Fraction(above, below) => fraction(draw(above, size * 0.88), draw(below, size * 0.88)),
        Layout::Super(base, script) => {
            let (mut base, script) = (draw(base, size), draw(script, size * 0.7));
            let y = -(0.38 * size).max(base.above - 0.35 * size);
            let x = base.width + 0.04 * size;
            base.place(script, x, y);
            base
        }
        Layout::Sub(base, script) => {
            let (mut base, script) = (draw(base, size), draw(script, size * 0.7));
            let x = base.width + 0.03 * size;
            base.place(script, x, 0.2 * size);
            base
        }
        Layout::Root(inner) => {
            let inner = draw(inner, size);
            let (lead, top, bottom) = (0.55 * size, -inner.above - 2.0, inner.below);
            let width = lead + inner.width;
            let mut drawn = Drawn::default();
            drawn.place(inner, lead, 0.0);
            drawn.above += 3.0;
            let sign = [
                (0.0, -0.3 * size),
                (0.2 * size, -0.2 * size),
                (0.36 * size, bottom),
                (lead, top),
                (width, top),
            ];
            drawn.stroke(&sign, false);
            drawn
        }
        Layout::Fence(open, inner, close) => fenced(open, draw(inner, size), close, size),
        Layout::Big(sign, under, over) => {
            let large = matches!(&**sign, Layout::Symbol(s) if s.chars().count() == 1);
            let sign = draw(sign, if large { size * 1.35 } else { size });
            let (under, over) = (draw(under, size * 0.62), over.as_ref().map(|over| draw(over, size * 0.62)));
            let width = sign.width.max(under.width).max(over.as_ref().map_or(0.0, |over| over.width));
            let mut drawn = Drawn::default();
            let (above, below) = (sign.above, sign.below);
            let x = (width - sign.width) / 2.0;
            drawn.place(sign, x, 0.0);
            let (x, y) = ((width - under.width) / 2.0, below + under.above);
            drawn.place(under, x, y);
            if let Some(over) = over {
                let (x, y) = ((width - over.width) / 2.0, -above - over.below);
                drawn.place(over, x, y);
            }
            drawn.width = width;
            drawn.space(0.1 * size, 0.18 * size)
        }
        Layout::Table(rows) => {
            let rows = rows.iter().map(|row| row.iter().map(|cell| draw(cell, size)).collect()).collect();
            table(rows, size, true)
        }
        Layout::Lines(rows) => table(rows.iter().map(|row| vec![draw(row, size)]).collect(), size, false),
        Layout::Cases(cases) => {
            let rows = cases.iter().map(|(value, when)| vec![draw(value, size), draw(when, size)]).collect();
            fenced("{", table(rows, size, false), "", size)
        }
    }
}

/// Text as an element's content or an attribute's value.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Piece, fraction, pieces, words};

    #[test]
    fn what_stands_side_by_side_is_as_wide_as_its_parts() {
        let (a, b) = (words("a < b"), words("c"));
        let both = pieces(&[Piece::Words("a < b".to_owned()), Piece::Words("c".to_owned())]);
        assert_eq!(both.width, a.width + b.width);
        assert!(both.at(0.0, 0.0).contains(">a &lt; b</text>"), "{}", both.at(0.0, 0.0));
    }

    #[test]
    fn a_fraction_is_higher_than_both_its_parts() {
        let (a, b) = (words("numerator"), words("b"));
        let drawn = fraction(a.clone(), b.clone());
        assert!(drawn.height() > a.height() + b.height() && drawn.width > a.width);
        assert!(drawn.at(3.0, 4.0).contains("<path"), "its line");
    }
}
