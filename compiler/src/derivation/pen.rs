//! What writes nodes of a graph as lines of a page.

use super::{Room, function, left_out, named, partial, whole, words};
use crate::emit::document::{Line, Piece, references};
use crate::emit::notation::Notation;
use crate::emit::{self, Lines, View};
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::Term;
use crate::pipeline::steps::{Called, Chain, Factor, Step};
use std::collections::{BTreeSet, VecDeque};

/// An equation that is to be written.
pub(super) struct Row {
    pub(super) left: Piece,
    pub(super) node: NodeId,
    pub(super) note: String,
    pub(super) marks: Vec<usize>,
}

impl Row {
    pub(super) fn new(left: Piece, node: NodeId) -> Self {
        Self { left, node, note: String::new(), marks: Vec::new() }
    }

    pub(super) fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    pub(super) fn marked(self, marks: Vec<usize>) -> Self {
        Self { marks, ..self }
    }
}

/// Names what the formulas are too long without, so that they have no definitions of their own.
pub(super) fn abbreviate(g: &mut Graph, view: &View, formulas: &[NodeId]) {
    let mut left: VecDeque<NodeId> = formulas.iter().copied().collect();
    while let Some(node) = left.pop_front() {
        for (name, part) in emit::abbreviations(g, node, view).into_iter().rev() {
            g.set_name(part, &name);
            left.push_front(part);
        }
    }
}

/// Writes nodes of one graph.
pub(super) struct Pen<'a> {
    pub(super) g: &'a Graph,
    pub(super) view: View,
}

impl Pen<'_> {
    pub(super) fn formula(&self, node: NodeId) -> Piece {
        Piece::Formula(emit::lines(self.g, node, &self.view))
    }

    pub(super) fn equation(&self, left: Piece, node: NodeId, note: &str) -> Line {
        let formula = emit::lines(self.g, node, &self.view);
        let left = self.entry(left, &formula);
        Line::equation(left, vec![Piece::Formula(formula)]).noted(note)
    }

    /// A second derivative by two vectors that is 0 but for some diagonals.
    pub(super) fn bands(&self, left: &Piece, node: NodeId) -> Option<Vec<(Piece, Lines)>> {
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
    pub(super) fn entry(&self, left: Piece, formula: &Lines) -> Piece {
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
    pub(super) fn equations(&self, lines: &mut Vec<Line>, all: Vec<Row>, room: &mut Room) {
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
    pub(super) fn parts(&self, formulas: &[NodeId], introduced: &mut BTreeSet<String>) -> Vec<Line> {
        let named =
            self.g.reachable(formulas).into_iter().filter(|&id| !matches!(self.g.op(id), Op::Input(_)));
        let names = named.filter_map(|id| Some((self.g.name(id)?.to_owned(), id)));
        let new = names.filter(|(name, _)| introduced.insert(name.clone()));
        new.map(|(name, id)| self.equation(Piece::Name(name), id, "")).collect()
    }

    /// A term that has no share in a derivative, and why.
    pub(super) fn absent(&self, label: &str, term: &Term, by: &str) -> Line {
        let right = vec![
            Piece::Zero,
            words(", because "),
            self.formula(term.node),
            words(" does not mention "),
            Piece::Name(by.to_owned()),
        ];
        Line::says(words(label), right)
    }

    pub(super) fn of_term(&self, origin: &str, node: NodeId, note: &str) -> Line {
        Line::says(words(origin), vec![self.formula(node)]).noted(note)
    }

    /// Goes on from a term as it is written to what is computed for it, where that is another formula; the rules that were used stand
    /// there.
    pub(super) fn computed(&self, lines: &mut Vec<Line>, node: Option<&NodeId>, marks: Vec<usize>) {
        let right = node.map(|computed| vec![self.formula(*computed)]);
        if let Some(right) = right.filter(|right| lines.last().is_none_or(|line| line.right != *right)) {
            let note = "computed so: a number wherever the cost is one";
            lines.push(Line::goes_on(right).noted(note).marked(marks));
        } else if let Some(line) = lines.last_mut() {
            line.marks = marks;
        }
    }

    /// A step as it is written; none where a factor of a product is too long to stand in one.
    pub(super) fn step(&self, step: &Step) -> Option<Vec<Piece>> {
        let mut right = Vec::new();
        for (k, factors) in step.terms.iter().enumerate() {
            if k > 0 {
                right.push(Piece::Plus);
            }
            right.extend(self.product(factors)?);
        }
        Some(right)
    }

    pub(super) fn product(&self, factors: &[Factor]) -> Option<Vec<Piece>> {
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
    pub(super) fn in_full(&self, factor: &Factor) -> Option<Lines> {
        match &factor.called {
            Called::Full => Some(emit::lines(self.g, factor.node, &self.view)),
            Called::Name(name) => Some(named(name)),
            _ => None,
        }
    }

    pub(super) fn factor(&self, factor: &Factor) -> Piece {
        match &factor.called {
            Called::Full => self.formula(factor.node),
            Called::Name(name) => Piece::Name(name.clone()),
            Called::Partial(of, by) => partial(of, by),
            Called::Slope(f, argument, rest) => function(f, true, argument, rest),
        }
    }

    /// A choice in words: `1 where z1 > 0, else 0`.
    pub(super) fn choice(&self, node: NodeId) -> Option<String> {
        let Op::Select { op, lhs, rhs, then, otherwise } = self.g.op(node) else { return None };
        let view = View { expand_top: false, ..self.view.clone() };
        let text = |node: NodeId| emit::text(self.g, node, &view);
        let [l, r, u, v] = [lhs, rhs, then, otherwise].map(|o| text(o.node));
        Some(format!("{u} where {l} {} {r}, else {v}", op.symbol()))
    }

    /// A chain of steps: the first two beside each other where the first is a symbol, then one below the other.
    /// What says the same as a step before it is left out.
    pub(super) fn chain(&self, left: Piece, chain: &Chain, marks: Vec<usize>, lines: &mut Vec<Line>) {
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
        let cancels = chain.steps.last().and_then(|step| step.cancels);
        if let (Some(last), Some(node)) = (own.last_mut(), cancels) {
            last.note = format!("{} cancels", emit::text(self.g, node, &self.view));
            if !marks.is_empty() {
                last.note += &format!("; of the formula that is computed, by {}", references(&marks));
            }
        } else if let Some(last) = own.last_mut() {
            last.marks = marks;
        }
        lines.extend(own);
    }

    pub(super) fn note(&self, step: &Step) -> String {
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
