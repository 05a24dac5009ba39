//! A page of formulas: titled sections of lines, each line a left side, a right side and a note; of tables, whose
//! cells are such right sides; and of footnotes, which lines refer to by number. It says what stands there; how it
//! looks is for each notation to say.

use super::Lines;
use super::notation::Notation;

/// A page of formulas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    sections: Vec<Section>,
}

/// What stands under a title: a table, if there is one, then lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The title, line by line.
    pub title: Vec<String>,
    /// Whether the title is a text of the cost language as it was typed, rather than words.
    pub is_typed: bool,
    /// A table before the lines.
    pub table: Table,
    /// What stands under it.
    pub lines: Vec<Line>,
}

/// A table; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What each column holds, in plain words.
    pub head: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// What stands in it, piece after piece.
    pub pieces: Vec<Piece>,
    /// The footnotes that it refers to.
    pub marks: Vec<usize>,
}

impl From<Vec<Piece>> for Cell {
    fn from(pieces: Vec<Piece>) -> Self {
        Self { pieces, marks: Vec::new() }
    }
}

impl From<Piece> for Cell {
    fn from(piece: Piece) -> Self {
        Self::from(vec![piece])
    }
}

/// References to footnotes, in brackets: `[1, 3]`.
#[must_use]
pub fn references(marks: &[usize]) -> String {
    let numbers: Vec<String> = marks.iter().map(usize::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the line is about; no words at all where it goes on from the line before: `= a2 - y` under
    /// `delta2 = ...`.
    pub left: Piece,
    /// What is said of it, piece after piece; nothing where only the note speaks.
    pub right: Vec<Piece>,
    /// Why, in plain words; may be empty.
    pub note: String,
    /// Whether it is an equation, `left = right`, rather than `left: right`.
    pub equation: bool,
    /// The footnotes that it refers to: what was used to get there.
    pub marks: Vec<usize>,
    /// The number of the footnote that it is, if it is one.
    pub footnote: Option<usize>,
}

impl Line {
    /// `left = right`
    #[must_use]
    pub fn equation(left: Piece, right: Vec<Piece>) -> Self {
        Self { left, right, note: String::new(), equation: true, marks: Vec::new(), footnote: None }
    }

    /// `left: right`
    #[must_use]
    pub fn says(left: Piece, right: Vec<Piece>) -> Self {
        Self { equation: false, ..Self::equation(left, right) }
    }

    /// `= right`, of what the line before is about.
    #[must_use]
    pub fn goes_on(right: Vec<Piece>) -> Self {
        Self::equation(Piece::Words(String::new()), right)
    }

    /// The line with a note.
    #[must_use]
    pub fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The line with references to footnotes.
    #[must_use]
    pub fn marked(self, marks: Vec<usize>) -> Self {
        Self { marks, ..self }
    }

    /// Whether it goes on from the line before.
    #[must_use]
    pub fn is_continued(&self) -> bool {
        matches!(&self.left, Piece::Words(text) if text.is_empty())
    }

    /// Whether it is words alone, which may be broken anywhere.
    #[must_use]
    pub fn is_prose(&self) -> bool {
        let word = |piece: &Piece| matches!(piece, Piece::Words(_));
        !self.equation && !self.right.is_empty() && self.right.iter().all(word)
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Plain words.
    Words(String),
    /// A text of the cost language, as it was typed.
    Code(String),
    /// A formula.
    Formula(Lines),
    /// The name of a value.
    Name(String),
    /// The total derivative of a value by another one, or an entry of it.
    Total(&'static str, Notation),
    /// The partial derivative of a value by one or two others, or entries of them.
    Partial(Notation, Vec<Notation>),
    /// The share of a variable, or an entry of it, in the product of the Hessian with a direction.
    HessianProduct(Notation),
    /// The same of the Jacobian's transpose, the Jacobian and a direction.
    GaussNewtonProduct(Notation),
    /// A function of a value by the user's name for it, or its derivative: `relu(z1)`, `sigmoid'(z2)`.
    Function {
        /// Its name.
        name: String,
        /// Whether its derivative is meant.
        prime: bool,
        /// Its arguments: the value, and what else the user gave.
        args: Vec<Notation>,
    },
    /// `=`
    Equals,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `+`
    Plus,
    /// A product, of numbers and matrices.
    Times,
    /// A product entry by entry.
    Elementwise,
    /// `0`
    Zero,
}

impl Document {
    /// Opens a section: where its lines go.
    pub fn section(&mut self, title: Vec<String>) -> &mut Vec<Line> {
        &mut self.open(title).lines
    }

    /// Opens a section.
    pub fn open(&mut self, title: Vec<String>) -> &mut Section {
        self.sections.push(Section { title, ..Section::default() });
        match self.sections.last_mut() {
            Some(section) => section,
            None => unreachable!("a section was just pushed"),
        }
    }

    /// The section that was opened last.
    pub fn last(&mut self) -> Option<&mut Section> {
        self.sections.last_mut()
    }

    /// The sections in which anything stands.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|s| !s.lines.is_empty() || !s.table.rows.is_empty())
    }
}
