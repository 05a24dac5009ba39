//! The reverse sweep of an objective as a table, and the gradient as the sweep makes it.

use super::{Derivation, Footnotes, Pen, Room, abbreviate, partial, words};
use crate::emit::document::{Cell, Line, Piece, Table};
use crate::emit::notation::{Notation, Whole};
use crate::emit::{self, Lines, View};
use crate::ir::{Graph, NodeId, Op};
use crate::pipeline::ObjectiveProgram;
use crate::pipeline::steps::{Local, Passed, Sweep, named};

/// A sweep that is to be written.
pub(super) struct Swept {
    pub(super) sweep: Sweep,
    /// What its formulas would be too long without.
    abbreviated: Vec<NodeId>,
}

impl Swept {
    /// The sweep, with names for what its formulas would be too long without.
    pub(super) fn new(mut sweep: Sweep) -> Self {
        let mut formulas = sweep.gradient.clone();
        for value in &sweep.values {
            formulas.push(value.cotangent);
            formulas.extend(value.passed.iter().map(|passed| match passed.local {
                Some(Local::Jacobian(node) | Local::ByEntry(node)) => node,
                None => passed.share,
            }));
        }
        let before: Vec<NodeId> = named(&sweep.graph, &formulas).into_iter().map(|(_, id)| id).collect();
        abbreviate(&mut sweep.graph, &View::default(), &formulas);
        let after = named(&sweep.graph, &formulas).into_iter().map(|(_, id)| id);
        let abbreviated = after.filter(|id| !before.contains(id)).collect();
        Self { sweep, abbreviated }
    }

    fn pen(&self) -> Pen<'_> {
        Pen { g: &self.sweep.graph, view: View::default() }
    }

    /// All rules that were used for what the table shows.
    pub(super) fn rules(&self) -> impl Iterator<Item = &'static str> {
        let rows = self.sweep.values.iter();
        rows.flat_map(|value| value.rules.iter().chain(value.passed.iter().flat_map(|p| &p.rules))).copied()
    }

    /// The section, if there is room for it.
    pub(super) fn table(
        &self,
        d: &mut Derivation,
        program: &ObjectiveProgram,
        notes: &mut Footnotes,
        room: &mut Room,
    ) {
        let pen = self.pen();
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let (mut own_notes, mut takes) = (notes.clone(), true);
        for value in &self.sweep.values {
            let cotangent = emit::lines(pen.g, value.cotangent, &pen.view);
            takes &= room.takes(cotangent.text().len());
            let symbol = pen.entry(name(&value.cotangent_name), &cotangent);
            let mut own = Cell::from(vec![symbol, Piece::Equals, Piece::Formula(cotangent)]);
            let mut first = Cell::from(name(&value.name));
            for passed in &value.passed {
                let mut by = name(&passed.by);
                let (formula, pieces) = self.local(&value.name, passed, &mut by);
                takes &= room.takes(formula);
                // Numbered as one reads, row by row.
                let local = Cell { pieces, marks: own_notes.marks(&passed.rules) };
                own.marks = if own.pieces.is_empty() { Vec::new() } else { own_notes.marks(&value.rules) };
                rows.push(vec![std::mem::take(&mut first), Cell::from(by), local, std::mem::take(&mut own)]);
            }
        }
        if !takes {
            return;
        }
        *notes = own_notes;
        let wrt: Vec<String> = program.wrt.iter().map(|(name, _)| name.clone()).collect();
        let section = d.page.open(vec![format!("the reverse sweep, from f back to {}", super::listed(&wrt))]);
        let head = ["value", "by", "local derivative", "cotangent"];
        section.table = Table { head: head.map(str::to_owned).to_vec(), rows };
        for &id in &self.abbreviated {
            let name = pen.g.name(id).unwrap_or_default().to_owned();
            section.lines.push(pen.equation(Piece::Name(name), id, ""));
        }
        self.in_words(program, &wrt, &mut section.lines);
    }

    /// A local derivative and how long it is; where it has no short form, what it hands back, by which entry.
    fn local(&self, of: &str, passed: &Passed, by: &mut Piece) -> (usize, Vec<Piece>) {
        let pen = self.pen();
        let Some(local) = passed.local else {
            let formula = emit::lines(pen.g, passed.share, &pen.view);
            *by = pen.entry(name(&passed.by), &formula);
            return (formula.text().len(), vec![words("hands back "), Piece::Formula(formula)]);
        };
        let (Local::Jacobian(node) | Local::ByEntry(node)) = local;
        let by_entry = matches!(local, Local::ByEntry(_));
        let mut formula = emit::lines(pen.g, node, &pen.view);
        let length = formula.text().len();
        if !formula.indices.is_empty() {
            let symbol = if by_entry {
                entry_by_entry(of, &passed.by, &formula)
            } else {
                pen.entry(partial(of, &passed.by), &formula)
            };
            return (length, vec![symbol, Piece::Equals, Piece::Formula(formula)]);
        }
        let mut varies = pen.g.rank(node) > 0;
        // The same for each entry.
        if let Notation::Whole(Whole::Vector | Whole::Matrix, args) = &formula.value
            && let ([one], true) = (args.as_slice(), by_entry)
        {
            (formula.value, varies) = (one.clone(), false);
        }
        let mut pieces = vec![Piece::Formula(formula)];
        if by_entry && varies {
            pieces.push(words(", entry by entry"));
        }
        (length, pieces)
    }

    /// What the columns and ∂f/∂w mean.
    fn in_words(&self, program: &ObjectiveProgram, wrt: &[String], lines: &mut Vec<Line>) {
        let Some(example) = self.sweep.values.get(1) else { return };
        let says = |left: Piece, text: &str| Line::says(left, vec![words(text)]);
        let (value, cotangent) = (&example.name, &example.cotangent_name);
        lines.push(says(
            words("local derivative"),
            "by a letter where it stands in the value's own formula above, all other letters held fixed",
        ));
        let text = format!(
            "{cotangent} is ∂f/∂{value} with f written as a function of {value}: for each formula that {value} stands in, \
             the local derivative there (of a matrix its transpose) times the cotangent there, added up"
        );
        lines.push(says(words("cotangent"), &text));
        let Some((first, others)) = wrt.split_first() else { return };
        let values: Vec<String> = self.sweep.values[1..].iter().rev().map(|v| v.name.clone()).collect();
        let held = if others.is_empty() { "" } else { ", the other variables held fixed" };
        let text = format!(
            "with {} written out, f as a function of {first} alone{held}: for each formula that {first} stands in, the \
             same product, added up{}",
            super::listed(&values),
            if program.wrt.first().is_some_and(|(_, at)| is_symmetric(&program.graph, *at)) {
                format!("; the symmetric part of that, as {first} is symmetric")
            } else {
                String::new()
            }
        );
        lines.push(says(partial("f", first), &text));
    }

    /// The lines of the gradient, each after the step that the sweep ends in, where that is another formula.
    pub(super) fn before(
        &self,
        program: &ObjectiveProgram,
        written: Vec<Line>,
        notes: &mut Footnotes,
    ) -> Vec<Line> {
        let (pen, sweep) = (self.pen(), &self.sweep);
        let mut lines = Vec::new();
        let shares = sweep.gradient.iter().zip(&sweep.rules);
        for ((line, (name, at)), (&share, rules)) in written.into_iter().zip(&program.wrt).zip(shares) {
            let mut before = pen.equation(partial("f", name), share, "");
            // The gradient by a symmetric matrix is the symmetric part of what the sweep hands back.
            if is_symmetric(&program.graph, *at) || before.right == line.right || !line.note.is_empty() {
                lines.push(line);
                continue;
            }
            if program.residual.is_some() && sweep.values.len() == 2 && pen.g.rank(*at) < 2 {
                let transposed = Notation::Transpose(Box::new(Notation::Name(format!("J_{name}"))));
                let value = Notation::Matmul(vec![transposed, Notation::Name(sweep.values[1].name.clone())]);
                before.right = vec![super::whole(value)];
            }
            before.marks = notes.marks(rules);
            // What is said of entries does not go on from what is said of all.
            let goes_on = before.left == line.left;
            lines.push(before);
            lines.push(if goes_on { Line::goes_on(line.right).marked(line.marks) } else { line });
        }
        lines
    }
}

fn name(name: &str) -> Piece {
    Piece::Name(name.to_owned())
}

/// `∂t[i,j]/∂x[i,j]`
fn entry_by_entry(of: &str, by: &str, formula: &Lines) -> Piece {
    let places: Vec<Notation> =
        formula.indices.iter().map(|bound| Notation::Name(bound.name.clone())).collect();
    let at = |name: &str| Notation::Entry(Box::new(Notation::Name(name.to_owned())), places.clone());
    Piece::Partial(at(of), vec![at(by)])
}

fn is_symmetric(g: &Graph, node: NodeId) -> bool {
    matches!(g.op(node), Op::Input(id) if g.input_of(*id).symmetric)
}
