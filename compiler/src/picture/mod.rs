//! The picture of a derivative, as a lecturer draws it: values from left to right in one row, cotangents from right to
//! left in the row under it, each parameter above what reads it and its gradient below; and in lanes of their own, at the
//! top and at the bottom, what speaks of parameters alone, a penalty, which so meets the gradient of what it mentions
//! and nothing else.
//!
//! ```text
//! program --scene--> stages, leaves, what is direct --drawn--> picture --written--> SVG
//! ```
//!
//! It draws what the pipeline has derived. The same program gives the same bytes.

mod canvas;
mod cost;
mod network;
mod objective;
mod written;

pub use cost::cost;
pub use network::network;
pub use objective::objective;
pub use written::Picture;

use crate::derivation::{mean_of_examples, partial, total};
use crate::emit::document::Piece;
use crate::emit::svg::{self, Drawn};
use crate::emit::{self, View};
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::{Term, TermKind};
use std::collections::BTreeSet;

/// What a value is made of before it is drawn.
#[derive(Clone, Debug, Default)]
struct Scene {
    /// In a sentence, for those who do not see it.
    title: String,
    /// What it shows, in plain words.
    description: String,
    /// What comes in at the left.
    start: Vec<Drawn>,
    /// From left to right; the last one is the value that is differentiated.
    stages: Vec<Stage>,
    /// What speaks of leaves alone: its formulas, drawn above the last stage.
    penalties: Vec<Drawn>,
    /// Words for what goes along the lanes.
    lane: &'static str,
}

/// A column of the picture.
#[derive(Clone, Debug, Default)]
struct Stage {
    forward: Vec<Drawn>,
    back: Vec<Drawn>,
    leaves: Vec<Leaf>,
    /// Which stages before it reads, its neighbour or others.
    reads: Vec<usize>,
}

/// What is given: a parameter or data.
#[derive(Clone, Debug, Default)]
struct Leaf {
    name: Drawn,
    /// What its gradient is; nothing for data.
    gradient: Vec<Drawn>,
    /// What of the gradient comes along the lane at the bottom.
    direct: Option<Drawn>,
    /// Whether the lane at the top begins here.
    mentioned: bool,
    /// Which later stages read it once more.
    also: Vec<usize>,
}

/// A formula longer than this is left to the page.
const WIDEST: f64 = 380.0;

/// Writes formulas of one graph.
struct Pen<'a> {
    g: &'a Graph,
    view: View,
}

impl Pen<'_> {
    /// `left = formula`, or the left side alone where that would be too wide.
    fn equation(&self, left: Piece, node: NodeId) -> Drawn {
        let formula = Piece::Formula(emit::lines(self.g, node, &self.view));
        let whole = svg::pieces(&[left.clone(), Piece::Equals, formula]);
        if whole.width <= WIDEST {
            return whole;
        }
        svg::pieces(&[left, Piece::Equals, Piece::Words("…".to_owned())])
    }

    /// The formula, or else other words for it.
    fn formula(&self, node: NodeId, otherwise: &str) -> Drawn {
        let formula = svg::formula(&emit::lines(self.g, node, &self.view));
        if formula.width <= WIDEST { formula } else { svg::words(otherwise) }
    }

    /// `c = ...`, the cost of one example, of these terms.
    fn of_example(&self, terms: &[(NodeId, &str)]) -> Vec<Drawn> {
        match terms {
            [(node, _)] => vec![self.named("c", *node), svg::words("of one example")],
            terms => {
                let mut lines = vec![name("c"), svg::words("of one example, the sum of")];
                lines.extend(terms.iter().map(|(node, origin)| self.formula(*node, origin)));
                lines
            }
        }
    }

    /// The penalties, each with its name above; a definition of several terms has one name.
    fn penalties(&self, terms: &[Term]) -> Vec<Drawn> {
        let (mut drawn, mut said) = (Vec::new(), "");
        for term in terms.iter().filter(|t| t.kind == TermKind::Penalty) {
            if term.origin != said {
                drawn.push(svg::words(&term.origin));
                said = &term.origin;
            }
            drawn.push(self.formula(term.node, "…"));
        }
        drawn
    }

    fn named(&self, name: &str, node: NodeId) -> Drawn {
        self.equation(Piece::Name(name.to_owned()), node)
    }

    /// The names that a formula speaks of: inputs and named values, and not what is behind these.
    fn speaks_of(&self, node: NodeId) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack = self.g.node(node).children();
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            match (self.g.op(id), self.g.name(id)) {
                (Op::Input(input), _) => {
                    found.insert(self.g.input_of(*input).name.clone());
                }
                (_, Some(name)) => {
                    found.insert(name.to_owned());
                }
                _ => stack.extend(self.g.node(id).children()),
            }
        }
        found
    }
}

fn name(text: &str) -> Drawn {
    svg::pieces(&[Piece::Name(text.to_owned())])
}

/// `C = 1/m Σ c`, the cost of a batch.
fn of_batch(has_penalties: bool) -> Vec<Drawn> {
    let mean = Piece::Formula(mean_of_examples());
    let mut lines = vec![svg::pieces(&[Piece::Name("C".to_owned()), Piece::Equals, mean])];
    if has_penalties {
        lines.push(svg::words("plus penalties"));
    }
    lines
}

fn by_total(of: &'static str, by: &str) -> Piece {
    total(of, by)
}

fn by_partial(of: &str, by: &str) -> Piece {
    partial(of, by)
}
