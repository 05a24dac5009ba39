//! The derivation: what a cost is, each of its derivatives term by term and step by step, and why a term does or
//! does not enter.
//!
//! It prints what the pipeline has derived and derives nothing itself. Built once, written in any notation of
//! [`emit::ALL`]. Who reads it may take partial and total derivatives for one and the same: so each letter is said
//! in words once, and each step stands where it is taken, in the names at hand.

mod cost;
mod network;
mod objective;
mod squares;
mod stated;
mod sweep;

pub use cost::cost;
pub use network::network;
pub use objective::{Shown, objective};

use crate::emit::document::{Document, Line, Piece};
use crate::emit::notation::Notation;
use crate::emit::{self, Lines, Target, View};
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::Term;
use crate::pipeline::steps::{Called, Chain, Factor, Step};
use crate::simplify::{self, Log, Rule};
use std::collections::{BTreeSet, VecDeque};

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

/// An equation that is to be written.
struct Row {
    left: Piece,
    node: NodeId,
    note: String,
    marks: Vec<usize>,
}

impl Row {
    fn new(left: Piece, node: NodeId) -> Self {
        Self { left, node, note: String::new(), marks: Vec::new() }
    }

    fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    fn marked(self, marks: Vec<usize>) -> Self {
        Self { marks, ..self }
    }
}

/// Names what the formulas are too long without, so that they have no definitions of their own.
fn abbreviate(g: &mut Graph, view: &View, formulas: &[NodeId]) {
    let mut left: VecDeque<NodeId> = formulas.iter().copied().collect();
    while let Some(node) = left.pop_front() {
        for (name, part) in emit::abbreviations(g, node, view).into_iter().rev() {
            g.set_name(part, &name);
            left.push_front(part);
        }
    }
}

/// Writes nodes of one graph.
struct Pen<'a> {
    g: &'a Graph,
    view: View,
}

impl Pen<'_> {
    fn formula(&self, node: NodeId) -> Piece {
        Piece::Formula(emit::lines(self.g, node, &self.view))
    }

    fn equation(&self, left: Piece, node: NodeId, note: &str) -> Line {
        let formula = emit::lines(self.g, node, &self.view);
        let left = self.entry(left, &formula);
        Line::equation(left, vec![Piece::Formula(formula)]).noted(note)
    }

    /// A second derivative by two vectors that is 0 but for some diagonals.
    fn bands(&self, left: &Piece, node: NodeId) -> Option<Vec<(Piece, Lines)>> {
        let Piece::Partial(of, by) = left else { return None };
        let [a, b] = by.as_slice() else { return None };
        let entry = |v: &Notation, place: Notation| Notation::Entry(Box::new(v.clone()), vec![place]);
        let bands = emit::bands(self.g, node, &self.view)?;
        let line = |([i, j], formula): emit::Band| {
            (Piece::Partial(of.clone(), vec![entry(a, i), entry(b, j)]), formula)
        };
        Some(bands.into_iter().map(line).collect()).filter(|lines: &Vec<_>| !lines.is_empty())
    }

    /// What a formula is the entry of, with its indices: `∂f/∂x[i]`.
    fn entry(&self, left: Piece, formula: &Lines) -> Piece {
        let mut letters = formula.indices.iter().map(|bound| Notation::Name(bound.name.clone()));
        if formula.indices.is_empty() {
            return left;
        }
        let mut at = |variable: Notation, rank: usize| {
            let places: Vec<Notation> = letters.by_ref().take(rank).collect();
            if places.is_empty() { variable } else { Notation::Entry(Box::new(variable), places) }
        };
        let rank = |variable: &Notation| match variable {
            Notation::Name(name) => {
                self.g.inputs().iter().find(|i| i.name == *name).map_or(0, |i| self.g.rank(i.node))
            }
            _ => 0,
        };
        let all = usize::MAX;
        match left {
            Piece::Name(name) => {
                let value = at(Notation::Name(name), all);
                Piece::Formula(Lines { definitions: Vec::new(), value, indices: Vec::new() })
            }
            Piece::Total(of, by) => Piece::Total(of, at(by, all)),
            Piece::HessianProduct(by) => Piece::HessianProduct(at(by, all)),
            Piece::GaussNewtonProduct(by) => Piece::GaussNewtonProduct(at(by, all)),
            Piece::Partial(of, by) => {
                // A residual has an axis of its own, before those of the variables.
                let ranks: Vec<usize> = by.iter().map(rank).collect();
                let own = formula.indices.len().saturating_sub(ranks.iter().sum());
                let of = at(of, own);
                Piece::Partial(of, by.into_iter().zip(ranks).map(|(v, rank)| at(v, rank)).collect())
            }
            other => other,
        }
    }

    /// Equations, as far as there is room.
    fn equations(&self, lines: &mut Vec<Line>, all: Vec<Row>, room: &mut Room) {
        let count = all.len();
        for (k, Row { left, node, note, marks }) in all.into_iter().enumerate() {
            if let Some(bands) = self.bands(&left, node)
                && room.takes(bands.iter().map(|(_, formula)| formula.text().len()).sum())
            {
                let mut bands = bands.into_iter().peekable();
                while let Some((left, formula)) = bands.next() {
                    let line = Line::equation(left, vec![Piece::Formula(formula)]);
                    lines.push(if bands.peek().is_none() {
                        line.noted("all others are 0").marked(marks.clone())
                    } else {
                        line
                    });
                }
                continue;
            }
            let formula = emit::lines(self.g, node, &self.view);
            if !room.takes(formula.text().len()) {
                let (left, note) = (Piece::Words("...".to_owned()), left_out(count - k));
                lines.push(Line::says(left, Vec::new()).noted(note));
                return;
            }
            let left = self.entry(left, &formula);
            lines.push(Line::equation(left, vec![Piece::Formula(formula)]).noted(note).marked(marks));
        }
    }

    /// What is named in formulas and in none before them: parts of products of many factors, of which
    /// derivatives are made.
    fn parts(&self, formulas: &[NodeId], introduced: &mut BTreeSet<String>) -> Vec<Line> {
        let named =
            self.g.reachable(formulas).into_iter().filter(|&id| !matches!(self.g.op(id), Op::Input(_)));
        let names = named.filter_map(|id| Some((self.g.name(id)?.to_owned(), id)));
        let new = names.filter(|(name, _)| introduced.insert(name.clone()));
        new.map(|(name, id)| self.equation(Piece::Name(name), id, "")).collect()
    }

    /// A term that has no share in a derivative, and why.
    fn absent(&self, label: &str, term: &Term, by: &str) -> Line {
        let right = vec![
            Piece::Zero,
            words(", because "),
            self.formula(term.node),
            words(" does not mention "),
            Piece::Name(by.to_owned()),
        ];
        Line::says(words(label), right)
    }

    fn of_term(&self, origin: &str, node: NodeId, note: &str) -> Line {
        Line::says(words(origin), vec![self.formula(node)]).noted(note)
    }

    /// Goes on from a term as it is written to what is computed for it, where that is another formula; the rules that were used stand
    /// there.
    fn computed(&self, lines: &mut Vec<Line>, node: Option<&NodeId>, marks: Vec<usize>) {
        let right = node.map(|computed| vec![self.formula(*computed)]);
        if let Some(right) = right.filter(|right| lines.last().is_none_or(|line| line.right != *right)) {
            let note = "computed so: finite wherever the value is";
            lines.push(Line::goes_on(right).noted(note).marked(marks));
        } else if let Some(line) = lines.last_mut() {
            line.marks = marks;
        }
    }

    /// A step as it is written; none where a factor of a product is too long to stand in one.
    fn step(&self, step: &Step) -> Option<Vec<Piece>> {
        let mut right = Vec::new();
        for (k, factors) in step.terms.iter().enumerate() {
            if k > 0 {
                right.push(Piece::Plus);
            }
            right.extend(self.product(factors)?);
        }
        Some(right)
    }

    fn product(&self, factors: &[Factor]) -> Option<Vec<Piece>> {
        let in_full: Vec<Lines> = factors.iter().filter_map(|f| self.in_full(f)).collect();
        if in_full.len() == factors.len() && factors.len() > 1 {
            let mut flat = Vec::new();
            for lines in in_full {
                if !lines.definitions.is_empty() || !lines.indices.is_empty() {
                    return None;
                }
                match lines.value {
                    Notation::Elementwise(inner) => flat.extend(inner),
                    value => flat.push(value),
                }
            }
            // A quotient in front needs no parentheses: what follows it is not below it.
            let mut right = Vec::new();
            if matches!(flat.first(), Some(Notation::ElementOver(..))) {
                right.extend([whole(flat.remove(0)), Piece::Elementwise]);
            }
            // Also of one factor: a sum has its parentheses.
            right.push(whole(Notation::Elementwise(flat)));
            return Some(right);
        }
        let mut right = Vec::new();
        for (k, factor) in factors.iter().enumerate() {
            if k > 0 {
                right.push(Piece::Elementwise);
            }
            right.push(self.factor(factor));
        }
        Some(right)
    }

    /// A factor that is not called anything but by its name.
    fn in_full(&self, factor: &Factor) -> Option<Lines> {
        match &factor.called {
            Called::Full => Some(emit::lines(self.g, factor.node, &self.view)),
            Called::Name(name) => Some(named(name)),
            _ => None,
        }
    }

    fn factor(&self, factor: &Factor) -> Piece {
        match &factor.called {
            Called::Full => self.formula(factor.node),
            Called::Name(name) => Piece::Name(name.clone()),
            Called::Partial(of, by) => partial(of, by),
            Called::Slope(f, argument, rest) => function(f, true, argument, rest),
        }
    }

    /// A choice in words: `1 where z1 > 0, else 0`.
    fn choice(&self, node: NodeId) -> Option<String> {
        let Op::Select { op, lhs, rhs, then, otherwise } = self.g.op(node) else { return None };
        let view = View { expand_top: false, ..self.view.clone() };
        let text = |node: NodeId| emit::text(self.g, node, &view);
        let [l, r, u, v] = [lhs, rhs, then, otherwise].map(|o| text(o.node));
        Some(format!("{u} where {l} {} {r}, else {v}", op.symbol()))
    }

    /// A chain of steps: the first two beside each other where the first is a symbol, then one below the other.
    /// What says the same as a step before it is left out.
    fn chain(&self, left: Piece, chain: &Chain, marks: Vec<usize>, lines: &mut Vec<Line>) {
        let mut shown: Vec<Vec<String>> = Vec::new();
        let mut own: Vec<Line> = Vec::new();
        let mut after_symbol = false;
        let symbol = |f: &Factor| !matches!(f.called, Called::Full | Called::Name(_));
        let mut left = Some(left);
        for step in &chain.steps {
            let Some(pieces) = self.step(step) else { continue };
            let said = in_any_order(&pieces);
            if shown.contains(&said) {
                continue;
            }
            shown.push(said);
            let note = self.note(step);
            match own.last_mut() {
                Some(line) if after_symbol => {
                    line.right.push(Piece::Equals);
                    line.right.extend(pieces);
                    line.note = note;
                    after_symbol = false;
                }
                _ => {
                    let line = match left.take() {
                        Some(left) => {
                            after_symbol = step.terms.iter().flatten().all(symbol);
                            Line::equation(left, pieces)
                        }
                        None => Line::goes_on(pieces),
                    };
                    own.push(line.noted(note));
                }
            }
        }
        // What was used is referred to where the outcome stands.
        if let Some(last) = own.last_mut() {
            last.marks = marks;
        }
        lines.extend(own);
    }

    fn note(&self, step: &Step) -> String {
        let said = step.choice.as_ref().and_then(|factor| {
            let Called::Slope(f, argument, rest) = &factor.called else { return None };
            let args = std::iter::once(argument).chain(rest).cloned().collect::<Vec<_>>().join(", ");
            Some(format!("{f}'({args}) is {}", self.choice(factor.node)?))
        });
        said.unwrap_or_else(|| step.note.clone())
    }
}

/// What pieces say, the factors of a product in order: `x .* y` and `y .* x` are one step.
fn in_any_order(pieces: &[Piece]) -> Vec<String> {
    let mut said = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Formula(Lines { definitions, value: Notation::Elementwise(factors), .. })
                if definitions.is_empty() =>
            {
                let mut factors: Vec<String> = factors.iter().map(emit::text::formula).collect();
                factors.sort();
                said.extend(factors);
            }
            piece => said.push(format!("{piece:?}")),
        }
    }
    said
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

/// The footnotes: the rules that fired, numbered in the order in which lines refer to them.
#[derive(Clone, Debug, Default)]
struct Footnotes {
    rules: Vec<&'static str>,
}

impl Footnotes {
    /// The numbers of these rules.
    fn marks(&mut self, rules: &[&'static str]) -> Vec<usize> {
        let mut marks = Vec::new();
        for rule in rules {
            let at = self.rules.iter().position(|known| known == rule).unwrap_or_else(|| {
                self.rules.push(rule);
                self.rules.len() - 1
            });
            marks.push(at + 1);
        }
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// The section: those that were referred to, then what else the log says.
    fn write(mut self, d: &mut Derivation, log: &Log) {
        let others: Vec<&'static str> = log.rules().map(|rule| rule.name).collect();
        self.marks(&others);
        if self.rules.is_empty() {
            return;
        }
        let rule = |name: &str| -> Option<&'static Rule> { simplify::ALL.iter().find(|r| r.name == name) };
        let lines = d.section("rewritten with");
        for (k, rule) in self.rules.iter().filter_map(|name| rule(name)).enumerate() {
            let right =
                vec![Piece::Code(rule.lhs.to_owned()), Piece::Equals, Piece::Code(rule.rhs.to_owned())];
            let line = Line::says(words(rule.name), right).noted(rule.domain);
            lines.push(Line { footnote: Some(k + 1), ..line });
        }
    }
}

/// What back-propagation adds to a direct partial derivative: `1/m * Σ_examples δ * a_prev'` by a weight,
/// `1/m * Σ_examples δ` by a bias.
pub(crate) fn shared_by_layer(is_weight: bool) -> Lines {
    let name = |name: &str| Notation::Name(name.to_owned());
    let transposed = Notation::Transpose(Box::new(name("a_prev")));
    let of_example = if is_weight { Notation::Matmul(vec![name("δ"), transposed]) } else { name("δ") };
    let one = Notation::Number(crate::ir::Number::ONE);
    let mean = Notation::Over(Box::new(one), Box::new(name("m")));
    let value = Notation::Times(vec![mean, Notation::Examples(Box::new(of_example))]);
    Lines { definitions: Vec::new(), value, indices: Vec::new() }
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
