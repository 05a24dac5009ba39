//! The derivation: what a cost is, each of its derivatives term by term and step by step, and why a term does or
//! does not enter.
//!
//! It prints what the pipeline has derived and derives nothing itself. Built once, written in any notation of
//! [`emit::ALL`]. Who reads it may take partial and total derivatives for one and the same: so each letter is said
//! in words once, and each step stands where it is taken, in the names at hand.

mod cost;
mod footnotes;
mod network;
mod objective;
mod pen;
mod squares;
mod stated;
mod sweep;

pub use cost::cost;
pub use network::network;
pub use objective::{Shown, objective};

use crate::emit::document::{Document, Line, Piece};
use crate::emit::notation::Notation;
use crate::emit::{self, Lines, Target, View};
use crate::ir::{Graph, NodeId};
use crate::lower::cost::Term;
use footnotes::Footnotes;
use pen::{Pen, Row, abbreviate};
use std::collections::BTreeSet;

/// How much of the way to a derivative is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Steps {
    /// What comes out, and nothing else.
    None,
    /// The steps at which something happens, and the rules that were used.
    Key,
    /// All steps, with what each letter means.
    #[default]
    All,
}

impl Steps {
    /// Each with its name.
    pub const NAMED: [(&'static str, Self); 3] =
        [("all", Self::All), ("key", Self::Key), ("none", Self::None)];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(n, _)| *n == name).map(|(_, steps)| *steps)
    }
}

/// How many characters, as text, the formulas of a section or of a method's documentation may come to where a
/// derive carries them: those of a Hessian are as many as the square of the variables.
const PAGE: usize = 3000;
/// The same of MathML, which is some ten times as long: long formulas are there as text alone.
const MATHML: usize = 3 * PAGE;

/// How much there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Room(usize);

impl Room {
    /// The room that a derive has.
    #[must_use]
    pub fn of_page() -> Self {
        Self(PAGE)
    }

    /// The room that a derive has for MathML.
    #[must_use]
    pub fn of_mathml() -> Self {
        Self(MATHML)
    }

    /// Room for everything.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(usize::MAX)
    }

    /// Whether so many characters more have room; afterwards there is less, or none for what follows.
    pub fn takes(&mut self, characters: usize) -> bool {
        let left = self.0.checked_sub(characters);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// What stands in the place of formulas that there is no room for.
#[must_use]
pub fn left_out(formulas: usize) -> String {
    let (s, them) = if formulas == 1 { ("", "it") } else { ("s", "them") };
    format!("{formulas} formula{s} more: `cargo gradsmith explain` prints {them}")
}

/// A derivation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivation {
    page: Document,
}

impl Derivation {
    fn section(&mut self, title: impl Into<String>) -> &mut Vec<Line> {
        self.page.section(vec![title.into()])
    }

    /// A section whose title is what the user typed.
    fn typed(&mut self, title: Vec<String>) -> &mut Vec<Line> {
        let section = self.page.open(title);
        section.is_typed = true;
        &mut section.lines
    }

    /// The page.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.page
    }

    /// In a notation.
    #[must_use]
    pub fn written(&self, target: &Target) -> String {
        (target.document)(&self.page)
    }

    /// As plain text: sections, each line a formula with its reason.
    #[must_use]
    pub fn text(&self) -> String {
        emit::text::document(&self.page)
    }

    /// As LaTeX: paragraphs and displayed formulas, for the body of a document with amsmath.
    #[must_use]
    pub fn latex(&self) -> String {
        emit::latex::document(&self.page)
    }
}

fn named(name: &str) -> Lines {
    Lines { definitions: Vec::new(), value: Notation::Name(name.to_owned()), indices: Vec::new() }
}

/// A formula by itself.
fn whole(value: Notation) -> Piece {
    Piece::Formula(Lines { definitions: Vec::new(), value, indices: Vec::new() })
}

fn words(text: &str) -> Piece {
    Piece::Words(text.to_owned())
}

/// `relu(z1)`, `leaky_relu'(z1, 0.2)`
fn function(name: &str, prime: bool, argument: &str, rest: &[String]) -> Piece {
    let args = std::iter::once(argument.to_owned()).chain(rest.iter().cloned()).map(Notation::Name).collect();
    Piece::Function { name: name.to_owned(), prime, args }
}

/// What back-propagation adds to a direct partial derivative: `1/m * Σ_examples δ * a_prev'` by a weight,
/// `1/m * Σ_examples δ` by a bias.
pub(crate) fn shared_by_layer(is_weight: bool) -> Lines {
    let name = |name: &str| Notation::Name(name.to_owned());
    let transposed = Notation::Transpose(Box::new(name("a_prev")));
    let of_example = if is_weight { Notation::Matmul(vec![name("δ"), transposed]) } else { name("δ") };
    mean(of_example)
}

/// What lines about terms are headed with: what each comes from, and which part of that it is where there are several.
fn labels(terms: &[Term]) -> Vec<String> {
    let label = |(k, term): (usize, &Term)| {
        let same = |other: &&Term| other.origin == term.origin;
        let before = terms[..k].iter().filter(same).count();
        match terms.iter().filter(same).count() {
            1 => term.origin.clone(),
            _ => format!("{}, part {}", term.origin, before + 1),
        }
    };
    terms.iter().enumerate().map(label).collect()
}

/// What an optimiser knows of penalties: nothing.
fn for_optimisers<'a>(penalised: impl Iterator<Item = &'a str>) -> Option<Line> {
    let totals: Vec<String> = penalised.map(|name| format!("dC/d{name}")).collect();
    let text = format!(
        "is handed {}, the penalty's share included; it knows of no penalty, else it would count it twice",
        listed(&totals)
    );
    (!totals.is_empty()).then(|| Line::says(words("an optimiser"), vec![Piece::Words(text)]))
}

/// `1/m * Σ_examples c`: the share of the examples in the cost of a batch.
#[must_use]
pub fn mean_of_examples() -> Lines {
    mean(Notation::Name("c".to_owned()))
}

fn mean(of_example: Notation) -> Lines {
    let one = Notation::Number(crate::ir::Number::ONE);
    let mean = Notation::Over(Box::new(one), Box::new(Notation::Name("m".to_owned())));
    let value = Notation::Times(vec![mean, Notation::Examples(Box::new(of_example))]);
    Lines { definitions: Vec::new(), value, indices: Vec::new() }
}

/// Words as a list: `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The names of what formulas are made of.
fn names_in(g: &Graph, formulas: &[NodeId]) -> BTreeSet<String> {
    g.reachable(formulas).into_iter().filter_map(|id| g.name(id).map(str::to_owned)).collect()
}

/// The partial derivative of a value by another one.
#[must_use]
pub fn partial(of: &str, by: &str) -> Piece {
    Piece::Partial(Notation::Name(of.to_owned()), vec![Notation::Name(by.to_owned())])
}

/// The second partial derivative of a value by one and by another.
#[must_use]
pub fn second(of: &str, by: [&str; 2]) -> Piece {
    Piece::Partial(Notation::Name(of.to_owned()), by.map(|name| Notation::Name(name.to_owned())).to_vec())
}

/// The total derivative of a value by another one.
#[must_use]
pub fn total(of: &'static str, by: &str) -> Piece {
    Piece::Total(of, Notation::Name(by.to_owned()))
}

/// What documentation says of a node: an equation as text, and as MathML, entry by entry where it has no matrix form.
#[must_use]
pub fn documented(g: &Graph, view: &View, left: Piece, node: NodeId) -> [String; 2] {
    if g.is_zero(node) {
        let text = format!("{} = 0", emit::text::piece(&left));
        return [text, emit::mathml::equation(&Line::equation(left, vec![Piece::Zero]))];
    }
    let pen = Pen { g, view: view.clone() };
    let formula = emit::lines(g, node, view);
    let text = format!("{} = {}", emit::text::piece(&left), formula.text());
    let left = pen.entry(left, &formula);
    let line = Line::equation(left, vec![Piece::Formula(formula)]);
    [text, emit::mathml::equation(&line)]
}
