//! The derivation: what a cost is, each of its derivatives term by term, and why a term does or does not
//! enter.
//!
//! It prints what the pipeline has derived and derives nothing itself. Built once, written in any notation of
//! [`emit::ALL`].

use crate::emit::document::{Document, Line, Piece};
use crate::emit::notation::Notation;
use crate::emit::{self, Lines, Target, View};
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::{Term, TermKind};
use crate::pipeline::{ConstraintProgram, ConstraintsProgram, CostProgram, NetworkProgram, ObjectiveProgram};
use crate::simplify::Log;
use std::collections::BTreeSet;

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

    /// As LaTeX: one `aligned` block per section.
    #[must_use]
    pub fn latex(&self) -> String {
        emit::latex::document(&self.page)
    }
}

/// What the user wrote: each local on a line of its own, and what the last expression is.
fn stated(text: &str, last: &str) -> Vec<String> {
    // The rows of a block are separated as locals are.
    let mut depth = 0;
    let ends = |c: char| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        c == ';' && depth == 0
    };
    let mut lines: Vec<String> =
        text.split(ends).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    if let Some(line) = lines.last_mut() {
        *line = format!("{last} = {line}");
    }
    lines
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
        Line { left, right: vec![Piece::Formula(formula)], note: note.to_owned(), equation: true }
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
    fn equations(&self, lines: &mut Vec<Line>, all: Vec<(Piece, NodeId, String)>, mut room: Room) {
        let count = all.len();
        for (k, (left, node, note)) in all.into_iter().enumerate() {
            if let Some(bands) = self.bands(&left, node)
                && room.takes(bands.iter().map(|(_, formula)| formula.text().len()).sum())
            {
                let mut bands = bands.into_iter().peekable();
                while let Some((left, formula)) = bands.next() {
                    let note = if bands.peek().is_none() { "all others are 0" } else { "" }.to_owned();
                    lines.push(Line { left, right: vec![Piece::Formula(formula)], note, equation: true });
                }
                continue;
            }
            let formula = emit::lines(self.g, node, &self.view);
            if !room.takes(formula.text().len()) {
                let (left, note) = (Piece::Words("...".to_owned()), left_out(count - k));
                lines.push(Line { left, right: Vec::new(), note, equation: false });
                return;
            }
            let left = self.entry(left, &formula);
            lines.push(Line { left, right: vec![Piece::Formula(formula)], note, equation: true });
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
    fn absent(&self, term: &Term, by: &str) -> Line {
        Line {
            left: Piece::Words(term.origin.clone()),
            right: vec![
                Piece::Zero,
                Piece::Words(", because ".to_owned()),
                self.formula(term.node),
                Piece::Words(" does not mention ".to_owned()),
                Piece::Name(by.to_owned()),
            ],
            note: String::new(),
            equation: false,
        }
    }

    fn of_term(&self, origin: &str, node: NodeId, note: &str) -> Line {
        Line {
            left: Piece::Words(origin.to_owned()),
            right: vec![self.formula(node)],
            note: note.to_owned(),
            equation: false,
        }
    }
}

/// The names of what formulas are made of.
fn names_in(g: &Graph, formulas: &[NodeId]) -> BTreeSet<String> {
    g.reachable(formulas).into_iter().filter_map(|id| g.name(id).map(str::to_owned)).collect()
}

fn plain(left: Piece, right: Vec<Piece>) -> Line {
    Line { left, right, note: String::new(), equation: true }
}

/// The partial derivative of a value by another one.
#[must_use]
pub fn partial(of: &str, by: &str) -> Piece {
    Piece::Partial(Notation::Name(of.to_owned()), vec![Notation::Name(by.to_owned())])
}

/// The total derivative of a value by another one.
#[must_use]
pub fn total(of: &'static str, by: &str) -> Piece {
    Piece::Total(of, Notation::Name(by.to_owned()))
}

/// What documentation says of a node: its formula as text, and as MathML what it is equal to, entry by entry where
/// it has no matrix form.
#[must_use]
pub fn documented(g: &Graph, view: &View, left: Piece, node: NodeId) -> [String; 2] {
    let pen = Pen { g, view: view.clone() };
    let formula = emit::lines(g, node, view);
    let (text, left) = (formula.text(), pen.entry(left, &formula));
    let line = Line { left, right: vec![Piece::Formula(formula)], note: String::new(), equation: true };
    [text, emit::mathml::equation(&line)]
}

fn rules(derivation: &mut Derivation, log: &Log) {
    if log.fired.is_empty() {
        return;
    }
    let lines = derivation.section("rewritten with");
    for rule in log.rules() {
        lines.push(Line {
            left: Piece::Words(rule.name.to_owned()),
            right: vec![Piece::Code(rule.lhs.to_owned()), Piece::Equals, Piece::Code(rule.rhs.to_owned())],
            note: rule.domain.to_owned(),
            equation: false,
        });
    }
}

/// The derivation of a cost alone: ∂C/∂a and the direct partials.
#[must_use]
pub fn cost(program: &CostProgram, text: &str) -> Derivation {
    let mut d = Derivation::default();
    let pen = Pen { g: &program.graph, view: View::default() };
    let lines = d.section(format!("C = {text}"));
    for t in &program.terms {
        let note = match t.kind {
            TermKind::Data => "of one example; the batch's cost is the mean over its m examples",
            TermKind::Penalty => "a penalty: the same for every example, so the mean leaves it as it is",
            TermKind::Constant => "a constant",
        };
        lines.push(pen.of_term(&t.origin, t.node, note));
    }
    let mut by = vec![("a".to_owned(), program.a, program.d_activation)];
    by.extend(program.tensors.iter().map(|t| (t.partial.name.clone(), t.partial.by, t.partial.node)));
    let shares = &program.shares;
    let share_pen = Pen { g: &shares.graph, view: View::default() };
    let terms: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
    let mut introduced = names_in(pen.g, &terms);
    for (k, (name, node, whole)) in by.iter().enumerate() {
        let title = if name == "a" {
            "∂C/∂a, of one example".to_owned()
        } else {
            format!("∂C/∂{name}, direct")
        };
        let lines = d.section(title);
        let shared: Vec<NodeId> = shares.by_term.iter().map(|nodes| nodes[k]).collect();
        lines.extend(share_pen.parts(&shared, &mut introduced));
        lines.extend(pen.parts(&[*whole], &mut introduced));
        for (t, nodes) in program.terms.iter().zip(&shares.by_term) {
            let mentions = program.graph.reachable(&[t.node]).contains(node);
            lines.push(if mentions {
                share_pen.of_term(&t.origin, nodes[k], "")
            } else {
                pen.absent(t, name)
            });
        }
        let left = partial("C", name);
        lines.push(match name.as_str() {
            _ if program.graph.is_zero(*whole) => plain(left, vec![Piece::Zero]),
            "a" => pen.equation(left, *whole, "times 1/m in the mean over the batch"),
            _ => pen.equation(left, *whole, ""),
        });
    }
    if program.tensors.iter().any(|t| t.partial.role == crate::lower::Role::Weight) {
        let name = |name: &str| Notation::Name(name.to_owned());
        let transposed = Notation::Transpose(Box::new(name("a_prev")));
        let passed = Lines {
            definitions: Vec::new(),
            value: Notation::Matmul(vec![name("δ"), transposed]),
            indices: Vec::new(),
        };
        let aside = Piece::Aside("back-propagation adds δ * a_prev' to the direct part".to_owned());
        let right = vec![Piece::Formula(passed), Piece::Plus, partial("C", "w"), aside];
        let lines = d.section("total derivative by a weight");
        lines.push(plain(total("C", "w"), right));
    }
    rules(&mut d, &program.log);
    d
}

/// The derivation of a network: forwards, the cost, backwards, the gradient.
#[must_use]
pub fn network(program: &NetworkProgram, network: &str, cost: &str) -> Derivation {
    let mut d = Derivation::default();
    let g = &program.graph;
    let pen = Pen { g, view: View::of_batch(program.batch) };
    let lines = d.section(format!("network {network}"));
    let mut shown: Vec<NodeId> = Vec::new();
    for (name, node) in &program.values {
        if shown.contains(node) {
            let known = g.name(*node).unwrap_or(name);
            if known != name {
                lines.push(plain(Piece::Name(name.clone()), vec![Piece::Name(known.to_owned())]));
            }
            continue;
        }
        shown.push(*node);
        lines.push(pen.equation(Piece::Name(name.clone()), *node, ""));
    }
    // The cost comes before its derivatives, so it is written without their names.
    let mut forward = g.clone();
    forward.forget_names(program.deltas.iter().map(|(name, _)| name.as_str()));
    let forward = Pen { g: &forward, view: View::of_batch(program.batch) };
    let lines = d.section(format!("C = {cost}"));
    for t in &program.terms {
        let note = match t.kind {
            TermKind::Data => "the mean over the m examples of the batch",
            TermKind::Penalty => "a penalty: counted once",
            TermKind::Constant => "a constant",
        };
        lines.push(forward.of_term(&t.origin, t.node, note));
    }
    let mut introduced: BTreeSet<String> =
        program.values.iter().chain(&program.deltas).map(|(name, _)| name.clone()).collect();
    let terms: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
    introduced.extend(names_in(forward.g, &terms));
    let lines = d.section("backwards, for one example");
    for (name, node) in &program.deltas {
        lines.extend(pen.parts(&[*node], &mut introduced));
        lines.push(pen.equation(Piece::Name(name.clone()), *node, ""));
    }
    let lines = d.section("gradient");
    let partials: Vec<NodeId> = program.gradient.iter().map(|p| p.node).collect();
    lines.extend(pen.parts(&partials, &mut introduced));
    for (partial, direct) in program.gradient.iter().zip(&program.direct) {
        let note = if g.is_zero(*direct) {
            "no penalty mentions it".to_owned()
        } else {
            format!("the penalty's direct share is {}", emit::text(g, *direct, &pen.view))
        };
        lines.push(pen.equation(total("C", &partial.name), partial.node, &note));
    }
    rules(&mut d, &program.log);
    d
}

/// The derivation of an objective: value, gradient, Hessian; of each, formulas as far as there is `room`.
#[must_use]
pub fn objective(
    program: &ObjectiveProgram,
    text: &str,
    residual: bool,
    room: impl Fn() -> Room,
) -> Derivation {
    let mut d = Derivation::default();
    let g = &program.graph;
    let pen = Pen { g, view: View::default() };
    let named = |nodes: Vec<NodeId>| {
        let name = |&id: &NodeId| g.name(id).filter(|_| !matches!(g.op(id), Op::Input(_)));
        nodes.into_iter().filter_map(move |id| name(&id).map(|n| (Piece::Name(n.to_owned()), id)))
    };
    let plain = |(left, node): (Piece, NodeId)| (left, node, String::new());
    let title = stated(text, if residual { "f = sum(r.^2)/2, r" } else { "f" });
    let lines = d.page.section(title);
    let mentioned = g.reachable(&[program.value]);
    let locals = named(mentioned.clone()).filter(|(_, id)| *id != program.value);
    let value = (Piece::Name("f".to_owned()), program.value);
    pen.equations(lines, locals.chain([value]).map(plain).collect(), room());
    let lines = d.section("gradient");
    // Products of many factors have names for parts of them, which the derivatives are made of.
    let parts = named(g.reachable(&program.gradient)).filter(|(_, id)| !mentioned.contains(id)).map(plain);
    let by = program.wrt.iter().zip(&program.gradient).map(|((name, by), &node)| {
        let note = if mentioned.contains(by) { String::new() } else { format!("f does not mention {name}") };
        (partial("f", name), node, note)
    });
    pen.equations(lines, parts.chain(by).collect(), room());
    let blocks = program.hessian.iter().enumerate().flat_map(|(i, row)| {
        let of = move |j: usize| [i, j].map(|k| Notation::Name(program.wrt[k].0.clone())).to_vec();
        row.iter()
            .enumerate()
            .map(move |(j, &node)| (Piece::Partial(Notation::Name("f".to_owned()), of(j)), node))
    });
    pen.equations(d.section("Hessian"), blocks.map(plain).collect(), room());
    let products = program.wrt.iter().zip(&program.hessian_product);
    let products =
        products.map(|((name, _), &node)| (Piece::HessianProduct(Notation::Name(name.clone())), node));
    pen.equations(d.section("Hessian times v"), products.map(plain).collect(), room());
    if let Some(restricted) = &program.restricted {
        constrained(&mut d, &pen, program, restricted, &room);
    }
    rules(&mut d, &program.log);
    d
}

/// What is to hold, and what does where the objective is least: ∇f + Σ λ ∇g + Σ μ ∇h = 0.
fn constrained(
    d: &mut Derivation,
    pen: &Pen<'_>,
    program: &ObjectiveProgram,
    restricted: &ConstraintsProgram,
    room: &impl Fn() -> Room,
) {
    if !restricted.constraints.is_empty() {
        let constraint = |(k, c): (usize, &ConstraintProgram)| {
            let name = &c.multiplier.0;
            let note = if c.is_equation {
                format!("equal to 0, as {}; multiplier {name}", c.text)
            } else {
                format!("at most 0, as {}; multiplier {name} >= 0", c.text)
            };
            (Piece::Name(format!("c_{}", k + 1)), c.node, note)
        };
        let constraints = restricted.constraints.iter().enumerate().map(constraint).collect();
        pen.equations(d.section("constraints"), constraints, room());
    }
    let note = |variable: usize| {
        let bounded = restricted.limits.iter().any(|l| l.variable == variable);
        if bounded { "0 at a minimum, but where a bound is met" } else { "0 at a minimum" }.to_owned()
    };
    let lagrangian = (Piece::Name("L".to_owned()), restricted.lagrangian, String::new());
    let by = program.wrt.iter().zip(&restricted.stationarity).enumerate();
    let by = by.map(|(k, ((name, _), &node))| (partial("L", name), node, note(k)));
    let lines = d.section("Lagrangian");
    pen.equations(lines, std::iter::once(lagrangian).chain(by).collect(), room());
}
