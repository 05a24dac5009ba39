//! The derivation of an objective: value, reverse sweep, gradient, Hessian.

use super::squares::{Squares, squares_of};
use super::stated::stated;
use super::sweep::Swept;
use super::{Derivation, Footnotes, Pen, Room, Row, Steps, abbreviate, partial, words};
use crate::emit::View;
use crate::emit::document::{Line, Piece};
use crate::emit::notation::Notation;
use crate::front::ObjectiveText;
use crate::ir::{Graph, NodeId, Number};
use crate::lower::constraints::Limit;
use crate::pipeline::steps::{Named, Parts, named, sweep};
use crate::pipeline::{ConstraintProgram, ConstraintsProgram, ObjectiveProgram};
use crate::simplify::Log;
use std::collections::BTreeSet;

/// What is shown of an objective.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How much of the way.
    pub steps: Steps,
    /// Whether a Hessian that is JᵀJ + Σ r ∇²r is written entry by entry, too.
    pub entries: bool,
}

impl Shown {
    /// What a derive carries.
    #[must_use]
    pub fn carried() -> Self {
        Self { steps: Steps::Key, entries: false }
    }
}

/// The derivation of an objective: value, gradient, Hessian; of each, formulas as far as there is `room`.
#[must_use]
pub fn objective(
    program: &ObjectiveProgram,
    text: &ObjectiveText,
    shown: Shown,
    room: impl Fn() -> Room,
) -> Derivation {
    let mut graph = program.graph.clone();
    let residual = program.residual.as_ref();
    program.name_residual(&mut graph);
    let squares = squares_of(&mut graph, program).filter(|_| !shown.entries);
    let with_names = shown.steps != Steps::None;
    let roots = roots(program, squares.is_some());
    // A value has one name: what the sweep calls a cotangent is called so in what follows, too.
    let mut parts = Parts::of(&graph, &roots, with_names);
    let names = parts.name_value(&mut graph);
    let own = |names: &[Named]| -> Vec<NodeId> { names.iter().map(|(_, id)| *id).collect() };
    abbreviate(&mut graph, &View::default(), &[own(&names), vec![program.value]].concat());
    let names = named(&graph, &[program.value]);
    let swept = (shown.steps == Steps::All).then(|| sweep(&graph, program.value, &program.wrt, &names));
    let swept = swept.filter(|swept| swept.values.len() > 1).map(Swept::new);
    // Of a residual alone the sweep is the Jacobian.
    let has_table = swept.as_ref().is_some_and(|s| residual.is_none() || s.sweep.values.len() > 2);
    let cotangents = swept.as_ref().filter(|_| has_table).map_or(&[][..], |s| &s.sweep.cotangents);
    let names = parts.name_all(&mut graph, cotangents);
    abbreviate(&mut graph, &View::default(), &[own(&names), roots.clone()].concat());
    let names = named(&graph, &roots);
    let mut page = Page {
        d: Derivation::default(),
        g: &graph,
        program,
        shown,
        room: &room,
        notes: Footnotes::default(),
        // The table introduces cotangents.
        introduced: cotangents
            .iter()
            .filter(|(name, id)| graph.name(*id) == Some(name))
            .map(|(_, id)| *id)
            .collect(),
        names,
    };
    page.value(text);
    if residual.is_some() {
        page.jacobian();
    }
    if let Some(swept) = swept.as_ref().filter(|_| has_table) {
        swept.table(&mut page.d, program, &mut page.notes, &mut room());
    }
    page.gradient(swept.as_ref(), has_table);
    match &squares {
        Some(squares) => page.squares(squares),
        None => {
            page.hessian();
            page.hessian_product();
        }
    }
    if let Some(restricted) = &program.restricted {
        let pen = Pen { g: &graph, view: View::default() };
        constrained(&mut page.d, &pen, program, restricted, &room);
    }
    let Page { mut d, notes, .. } = page;
    if shown.steps != Steps::None {
        // What is not written needs no footnote.
        notes.write(&mut d, &Log::default());
    }
    d
}

/// A page about an objective, as far as it is written.
struct Page<'a> {
    d: Derivation,
    g: &'a Graph,
    program: &'a ObjectiveProgram,
    shown: Shown,
    room: &'a dyn Fn() -> Room,
    notes: Footnotes,
    /// The values with a name, and those of them that the page has introduced.
    names: Vec<Named>,
    introduced: BTreeSet<NodeId>,
}

impl Page<'_> {
    /// Writes all that a node is made of.
    fn pen(&self) -> Pen<'_> {
        Pen { g: self.g, view: View::default() }
    }

    /// Writes what has a name by it.
    fn results(&self) -> Pen<'_> {
        Pen { g: self.g, view: View { expand_top: false, ..View::default() } }
    }

    /// References to the rules that a run used for one of its roots, but for some.
    fn marks(&mut self, log: &Log, root: usize, but: &[&'static str]) -> Vec<usize> {
        let uses = log.uses(self.g, root);
        let rules: Vec<&'static str> =
            uses.iter().map(|used| used.rule).filter(|rule| !but.contains(rule)).collect();
        self.referred(&rules)
    }

    fn referred(&mut self, rules: &[&'static str]) -> Vec<usize> {
        if self.shown.steps == Steps::None { Vec::new() } else { self.notes.marks(rules) }
    }

    /// What formulas speak of by names that the page has not introduced, each before what speaks of it.
    fn new_in(&mut self, formulas: &[NodeId]) -> Vec<Row> {
        let known: Vec<NodeId> = self.introduced.iter().copied().collect();
        let mut rows = Vec::new();
        for &formula in formulas {
            let inside = within(self.g, formula, &known);
            for (name, id) in self.names.iter().filter(|(_, id)| inside.contains(id)) {
                if self.introduced.insert(*id) {
                    rows.push(Row::new(Piece::Name(name.clone()), *id));
                }
            }
        }
        rows
    }

    /// A section: what its formulas speak of, then these.
    fn section(&mut self, title: &str, rows: Vec<Row>, room: &mut Room) -> usize {
        let nodes: Vec<NodeId> = rows.iter().map(|row| row.node).collect();
        let parts = self.new_in(&nodes);
        let mut lines = Vec::new();
        self.pen().equations(&mut lines, parts, room);
        let count = lines.len();
        self.results().equations(&mut lines, rows, room);
        self.d.section(title).extend(lines);
        count
    }

    /// The value as it is written, then as it is computed: a rule is referred to where what it made stands.
    fn value(&mut self, text: &ObjectiveText) {
        let (g, program) = (self.g, self.program);
        let left = if program.residual.is_some() { "f = sum(r.^2)/2, r" } else { "f" };
        let title = stated(&text.expr, left, &text.defines);
        let mut rows = self.new_in(&[program.value]);
        rows.push(Row::new(Piece::Name("f".to_owned()), program.value));
        let mut uses = program.logs.value.uses(g, 0);
        uses.extend(program.logs.gradient.uses(g, 0));
        let nodes: Vec<NodeId> = rows.iter().map(|row| row.node).collect();
        for (row, own) in rows.iter_mut().zip(&nodes) {
            let inside = within(g, *own, &nodes);
            let (here, others) =
                uses.into_iter().partition(|used| inside.contains(&used.made) || *own == program.value);
            uses = others;
            let here: Vec<_> = here;
            let rules: Vec<&'static str> = here.iter().map(|used: &crate::simplify::Use| used.rule).collect();
            row.marks = self.referred(&rules);
        }
        let mut lines = Vec::new();
        self.pen().equations(&mut lines, rows, &mut (self.room)());
        *self.d.typed(title) = lines;
    }

    fn jacobian(&mut self) {
        let program = self.program;
        let Some(r) = &program.residual else { return };
        let rows = program.wrt.iter().zip(&r.jacobian).enumerate();
        let rows = rows.map(|(k, ((name, _), &node))| {
            let marks = self.marks(&program.logs.jacobian, k + 1, &[]);
            Row::new(partial("r", name), node).marked(marks)
        });
        let rows = rows.collect();
        self.section("Jacobian", rows, &mut (self.room)());
    }

    /// The gradient, after the step that comes before it in the sweep.
    fn gradient(&mut self, swept: Option<&Swept>, has_table: bool) {
        let program = self.program;
        let mentioned = self.g.reachable(&[program.value]);
        let known: Vec<&'static str> =
            if has_table { swept.map(|s| s.rules().collect()).unwrap_or_default() } else { Vec::new() };
        let rows = program.wrt.iter().zip(&program.gradient).enumerate();
        let rows: Vec<Row> = rows
            .map(|(k, ((name, at), &node))| {
                let marks = self.marks(&program.logs.gradient, k + 1, &known);
                let note =
                    if mentioned.contains(at) { String::new() } else { format!("f does not mention {name}") };
                Row::new(partial("f", name), node).noted(note).marked(marks)
            })
            .collect();
        let count = self.section("gradient", rows, &mut (self.room)());
        let Some(swept) = swept else { return };
        let Some(section) = self.d.page.last() else { return };
        // One line for each variable, where there was room for all.
        if section.lines.len() == count + program.wrt.len() {
            let written = section.lines.split_off(count);
            let lines = swept.before(program, written, &mut self.notes);
            section.lines.extend(lines);
        }
    }

    fn hessian(&mut self) {
        let program = self.program;
        let mut rows = Vec::new();
        for (i, row) in program.hessian.iter().enumerate() {
            for (j, &node) in row.iter().enumerate() {
                let by = [i, j].map(|k| Notation::Name(program.wrt[k].0.clone())).to_vec();
                let marks =
                    program.logs.hessian.get(i).map(|log| self.marks(log, j, &[])).unwrap_or_default();
                rows.push(Row::new(Piece::Partial(Notation::Name("f".to_owned()), by), node).marked(marks));
            }
        }
        self.section("Hessian", rows, &mut (self.room)());
    }

    fn hessian_product(&mut self) {
        let rows = self.product_rows();
        self.section("Hessian times v", rows, &mut (self.room)());
        self.direction();
    }

    fn product_rows(&mut self) -> Vec<Row> {
        let program = self.program;
        let rows = program.wrt.iter().zip(&program.hessian_product).enumerate();
        rows.map(|(k, ((name, _), &node))| {
            let marks = self.marks(&program.logs.hessian_product, k, &[]);
            Row::new(Piece::HessianProduct(Notation::Name(name.clone())), node).marked(marks)
        })
        .collect()
    }

    /// What v is.
    fn direction(&mut self) {
        if self.shown.steps == Steps::None {
            return;
        }
        let Some(((first, _), others)) = self.program.wrt.split_first() else { return };
        let (left, said) = if others.is_empty() {
            (
                Piece::Name(format!("v_{first}")),
                format!("a direction, a change of {first}; (Hv)_{first} is how ∂f/∂{first} changes along it"),
            )
        } else {
            let said = format!(
                "a direction, a change of each variable, v_{first} of {first} and so on; (Hv)_{first} is how ∂f/∂{first} \
                 changes along all of them at once"
            );
            (Piece::Name("v".to_owned()), said)
        };
        let line = Line::says(left, vec![words(&said)]);
        self.d.page.last().into_iter().for_each(|section| section.lines.push(line.clone()));
    }

    /// A Hessian that is JᵀJ + Σ r ∇²r, and its product with a direction; this also in shared parts, where it is short.
    fn squares(&mut self, squares: &Squares) {
        self.d.section("Hessian").push(squares.hessian(self.g));
        let mut parts = self.new_in(&[squares.along()]);
        parts.retain(|row| row.node != squares.along());
        let mut lines = Vec::new();
        self.pen().equations(&mut lines, parts, &mut Room::unlimited());
        lines.extend(squares.product(&self.pen()));
        let rows = self.product_rows();
        let nodes: Vec<NodeId> = rows.iter().map(|row| row.node).collect();
        let (introduced, notes) = (self.introduced.clone(), self.notes.clone());
        let parts = self.new_in(&nodes);
        let mut own = Vec::new();
        let mut room = Room::of_page();
        self.pen().equations(&mut own, parts, &mut room);
        self.results().equations(&mut own, rows, &mut room);
        if own.iter().all(|line| line.equation) {
            lines.extend(own);
        } else {
            (self.introduced, self.notes) = (introduced, notes);
        }
        self.d.section("Hessian times v").extend(lines);
        self.direction();
    }
}

/// The nodes that a line shows: all that its formula is made of, but nothing behind the name of another line.
fn within(g: &Graph, node: NodeId, lines: &[NodeId]) -> BTreeSet<NodeId> {
    let (mut stack, mut seen) = (vec![node], BTreeSet::new());
    while let Some(id) = stack.pop() {
        if (id == node || !lines.contains(&id)) && seen.insert(id) {
            stack.extend(g.node(id).children());
        }
    }
    seen
}

/// All formulas that are written, the value first.
fn roots(program: &ObjectiveProgram, by_squares: bool) -> Vec<NodeId> {
    let mut roots = vec![program.value];
    roots.extend(&program.gradient);
    roots.extend(program.residual.iter().flat_map(|r| &r.jacobian));
    if !by_squares {
        roots.extend(program.hessian.iter().flatten());
    }
    roots.extend(&program.hessian_product);
    roots
}

/// What is to hold, and what does where the objective is least: ∇f + Σ λ ∇g + Σ μ ∇h = 0.
fn constrained(
    d: &mut Derivation,
    pen: &Pen<'_>,
    program: &ObjectiveProgram,
    restricted: &ConstraintsProgram,
    room: &impl Fn() -> Room,
) {
    if !restricted.constraints.is_empty() || !restricted.limits.is_empty() {
        let constraint = |(k, c): (usize, &ConstraintProgram)| {
            let name = &c.multiplier.0;
            let note = if c.is_equation {
                format!("equal to 0, as {}; multiplier {name}", c.text)
            } else {
                format!("at most 0, as {}; multiplier {name} >= 0", c.text)
            };
            Row::new(Piece::Name(format!("c_{}", k + 1)), c.node).noted(note)
        };
        let constraints = restricted.constraints.iter().enumerate().map(constraint).collect();
        let lines = d.section("constraints");
        pen.equations(lines, constraints, &mut room());
        lines.extend(restricted.limits.iter().map(|limit| bound(pen, program, limit)));
    }
    let note = |variable: usize| {
        let bounded = restricted.limits.iter().any(|l| l.variable == variable);
        if bounded { "0 at a minimum, but where a bound is met" } else { "0 at a minimum" }.to_owned()
    };
    let lagrangian = Row::new(Piece::Name("L".to_owned()), restricted.lagrangian);
    let by = program.wrt.iter().zip(&restricted.stationarity).enumerate();
    let by = by.map(|(k, ((name, _), &node))| Row::new(partial("L", name), node).noted(note(k)));
    let lines = d.section("Lagrangian");
    pen.equations(lines, std::iter::once(lagrangian).chain(by).collect(), &mut room());
}

/// A limit of a variable: `w >= 0`.
fn bound(pen: &Pen<'_>, program: &ObjectiveProgram, limit: &Limit) -> Line {
    let variable =
        Notation::Name(program.wrt.get(limit.variable).map(|(name, _)| name.clone()).unwrap_or_default());
    let place = |at: &usize| Notation::Number(Number::int(*at as i64));
    let limited = match &limit.entry {
        Some(entry) => Notation::Entry(Box::new(variable), entry.iter().map(place).collect()),
        None => variable,
    };
    let sign = if limit.is_lower { Piece::AtLeast } else { Piece::AtMost };
    Line::says(words("bound"), vec![super::whole(limited), sign, pen.formula(limit.node)])
}
