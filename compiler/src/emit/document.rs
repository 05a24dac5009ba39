//! A page of formulas: titled sections of lines, each line a left side, a right side and a note. It says what
//! stands there; how it looks is for each notation to say.

use super::Lines;
use super::notation::Notation;

/// A page of formulas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    sections: Vec<Section>,
}

/// Lines under a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The title, in plain words.
    pub title: Vec<String>,
    /// What stands under it.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the line is about.
    pub left: Piece,
    /// What is said of it, piece after piece; nothing where only the note speaks.
    pub right: Vec<Piece>,
    /// Why, in plain words; may be empty.
    pub note: String,
    /// Whether it is an equation, `left = right`, rather than `left: right`.
    pub equation: bool,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Plain words.
    Words(String),
    /// Plain words that only plain text has room for.
    Aside(String),
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
    /// `=`
    Equals,
    /// `+`
    Plus,
    /// `0`
    Zero,
}

impl Document {
    /// Opens a section: where its lines go.
    pub fn section(&mut self, title: Vec<String>) -> &mut Vec<Line> {
        self.sections.push(Section { title, lines: Vec::new() });
        match self.sections.last_mut() {
            Some(section) => &mut section.lines,
            None => unreachable!("a section was just pushed"),
        }
    }

    /// The sections that have lines.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|s| !s.lines.is_empty())
    }
}
