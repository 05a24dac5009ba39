//! The derivation of an objective: value, reverse sweep, gradient, Hessian.

use super::{Derivation, Footnotes, Pen, Room, Steps, partial, words};
use crate::emit::document::{Cell, Line, Piece, Table};
use crate::emit::notation::{Notation, Reducer};
use crate::emit::{self, Lines, View};
use crate::ir::{Graph, NodeId, Op};
use crate::pipeline::steps::{Local, Named, Sweep, named_parts, sweep};
use crate::pipeline::{ConstraintProgram, ConstraintsProgram, ObjectiveProgram, ResidualProgram};
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

/// The derivation of an objective: value, gradient, Hessian; of each, formulas as far as there is `room`.
#[must_use]
pub fn objective(
    program: &ObjectiveProgram,
    text: &str,
    shown: Shown,
    room: impl Fn() -> Room,
) -> Derivation {
    let mut d = Derivation::default();
    let mut graph = program.graph.clone();
    let residual = program.residual.as_ref();
    // The residual has a name by which its squares and the Jacobian speak of it.
    if let Some(r) = residual
        && !graph.names().any(|name| name == "r")
    {
        graph.set_name(r.residual, "r");
    }
    let by_squares = residual.filter(|_| !shown.entries && !has_short_hessian(program));
    let names = named_parts(&mut graph, &roots(program, by_squares.is_some()));
    let g = &graph;
    let pen = Pen { g, view: View::default() };
    let plain = |(left, node): (Piece, NodeId)| (left, node, String::new());
    let called = |(name, node): &Named| (Piece::Name(name.clone()), *node, String::new());
    let title = stated(text, if residual.is_some() { "f = sum(r.^2)/2, r" } else { "f" });
    let mentioned = g.reachable(&[program.value]);
    let (of_value, of_others): (Vec<&Named>, Vec<&Named>) =
        names.iter().partition(|(_, id)| mentioned.contains(id));
    let mut introduced: BTreeSet<NodeId> = BTreeSet::new();
    let mut notes = Footnotes::default();
    let mut marks = |log: &Log| {
        let rules: Vec<&'static str> = log.fired.iter().map(|(name, _)| *name).collect();
        if shown.steps == Steps::None { Vec::new() } else { notes.marks(&rules) }
    };
    let section = d.page.open(title);
    section.marks = marks(&program.logs.value);
    let lines = &mut section.lines;
    introduced.extend(of_value.iter().map(|(_, id)| *id));
    let value = (Piece::Name("f".to_owned()), program.value, String::new());
    pen.equations(lines, of_value.into_iter().map(called).chain([value]).collect(), room());
    // What is named is introduced where the first formula speaks of it.
    let mut new_in = |nodes: &[NodeId]| -> Vec<(Piece, NodeId, String)> {
        let inside = g.reachable(nodes);
        let new = of_others.iter().filter(|(_, id)| inside.contains(id) && introduced.insert(*id));
        new.map(|named| called(named)).collect()
    };
    let swept = (shown.steps == Steps::All).then(|| sweep(g, program.value, &program.wrt, &names));
    let swept = swept.filter(|swept| swept.values.len() > 1);
    if let Some(r) = residual {
        let mut of_residual = new_in(&r.jacobian);
        let jacobian = program.wrt.iter().zip(&r.jacobian);
        of_residual.extend(jacobian.map(|((name, _), &node)| plain((partial("r", name), node))));
        pen.equations(d.section("Jacobian"), of_residual, room());
    }
    // Of a residual alone the sweep is the Jacobian.
    if let Some(swept) = swept.as_ref().filter(|s| residual.is_none() || s.values.len() > 2) {
        backwards(&mut d, program, swept, &room);
    }
    let lines = new_in(&program.gradient);
    let section = d.page.open(vec!["gradient".to_owned()]);
    section.marks = marks(&program.logs.gradient);
    pen.equations(&mut section.lines, lines, room());
    let gradient = Gradient { program, pen: &pen, swept: swept.as_ref(), mentioned: &mentioned };
    gradient.write(&mut section.lines, room());
    if let Some(r) = by_squares {
        squares(&mut d, program, r);
    } else {
        let blocks = program.hessian.iter().enumerate().flat_map(|(i, row)| {
            let of = move |j: usize| [i, j].map(|k| Notation::Name(program.wrt[k].0.clone())).to_vec();
            row.iter()
                .enumerate()
                .map(move |(j, &node)| (Piece::Partial(Notation::Name("f".to_owned()), of(j)), node))
        });
        let mut lines = new_in(&program.hessian.concat());
        lines.extend(blocks.map(plain));
        let section = d.page.open(vec!["Hessian".to_owned()]);
        section.marks = marks(&program.logs.hessian);
        pen.equations(&mut section.lines, lines, room());
        let mut lines = new_in(&program.hessian_product);
        let products = program.wrt.iter().zip(&program.hessian_product);
        lines.extend(products.map(|((name, _), &node)| {
            plain((Piece::HessianProduct(Notation::Name(name.clone())), node))
        }));
        let section = d.page.open(vec!["Hessian times v".to_owned()]);
        section.marks = marks(&program.logs.hessian_product);
        pen.equations(&mut section.lines, lines, room());
    }
    if let Some(restricted) = &program.restricted {
        constrained(&mut d, &pen, program, restricted, &room);
    }
    if shown.steps != Steps::None {
        // What is not written needs no footnote.
        let none = Log::default();
        notes.write(&mut d, if by_squares.is_some() { &none } else { &program.log });
    }
    d
}

/// The gradient, with the step that comes before it.
struct Gradient<'a> {
    program: &'a ObjectiveProgram,
    pen: &'a Pen<'a>,
    swept: Option<&'a Sweep>,
    mentioned: &'a [NodeId],
}

impl Gradient<'_> {
    fn write(&self, lines: &mut Vec<Line>, room: Room) {
        let (program, pen) = (self.program, self.pen);
        let mut by = Vec::new();
        for ((name, at), &node) in program.wrt.iter().zip(&program.gradient) {
            let note =
                if self.mentioned.contains(at) { String::new() } else { format!("f does not mention {name}") };
            by.push((partial("f", name), node, note));
        }
        let from = lines.len();
        pen.equations(lines, by, room);
        let Some(swept) = self.swept else { return };
        let swept_pen = Pen { g: &swept.graph, view: View::default() };
        // One line for each variable, where there was room for all.
        if lines.len() != from + program.wrt.len() {
            return;
        }
        let written = lines.split_off(from);
        for ((line, (name, at)), &share) in written.into_iter().zip(&program.wrt).zip(&swept.gradient) {
            let mut before = swept_pen.equation(partial("f", name), share, "");
            // The gradient by a symmetric matrix is the symmetric part of what the sweep hands back.
            if is_symmetric(&program.graph, *at) || before.right == line.right || !line.note.is_empty() {
                lines.push(line);
                continue;
            }
            if program.residual.is_some() && swept.values.len() == 2 && pen.g.rank(*at) < 2 {
                let transposed = Notation::Transpose(Box::new(Notation::Name(format!("J_{name}"))));
                let value = Notation::Matmul(vec![transposed, Notation::Name(swept.values[1].name.clone())]);
                before.right = vec![Piece::Formula(Lines { definitions: Vec::new(), value, indices: Vec::new() })];
            }
            lines.push(before);
            lines.push(Line::goes_on(line.right));
        }
    }
}

/// All formulas that are written.
fn roots(program: &ObjectiveProgram, by_squares: bool) -> Vec<NodeId> {
    let mut roots = vec![program.value];
    roots.extend(&program.gradient);
    roots.extend(program.residual.iter().flat_map(|r| &r.jacobian));
    if !by_squares {
        roots.extend(program.hessian.iter().flatten());
        roots.extend(&program.hessian_product);
    }
    roots
}

/// Whether the Hessian is that of few blocks, or the residual is linear in the parameters.
fn has_short_hessian(program: &ObjectiveProgram) -> bool {
    let Some(r) = &program.residual else { return true };
    program.wrt.len() == 1 || is_linear(program, r)
}

/// Whether no entry of the Jacobian depends on the parameters.
fn is_linear(program: &ObjectiveProgram, r: &ResidualProgram) -> bool {
    let inside = program.graph.reachable(&r.jacobian);
    !program.wrt.iter().any(|(_, by)| inside.contains(by))
}

/// JᵀJ + Σ r ∇²r, of any two parameters.
fn squares(d: &mut Derivation, program: &ObjectiveProgram, _: &ResidualProgram) {
    let letter = |taken: &str, other: &str| {
        let is_taken = program.graph.names().any(|name| name == taken);
        Notation::Name(if is_taken { other } else { taken }.to_owned())
    };
    let (u, v, k) = (letter("u", "u_"), letter("v", "v_"), letter("k", "k_"));
    let j = |by: &Notation| Notation::Name(format!("J_{}", emit::text::formula(by)));
    let formula = |value: Notation| Piece::Formula(Lines { definitions: Vec::new(), value, indices: Vec::new() });
    let gauss_newton = Notation::Matmul(vec![Notation::Transpose(Box::new(j(&u))), j(&v)]);
    let r = Notation::Name("r".to_owned());
    let entry = Notation::Entry(Box::new(r.clone()), vec![k.clone()]);
    let bound = emit::notation::Bound { name: emit::text::formula(&k), range: None };
    let weighted = Notation::Reduced(Reducer::Sum, vec![bound], Vec::new(), Box::new(entry.clone()));
    let of = Notation::Name("f".to_owned());
    let by = vec![u.clone(), v.clone()];
    let right = vec![
        formula(gauss_newton),
        Piece::Plus,
        formula(weighted),
        Piece::Times,
        Piece::Partial(entry, by.clone()),
    ];
    let lines = d.section("Hessian");
    let note = "for any two parameters u and v, with J_u = ∂r/∂u; `--entries` writes each of these";
    lines.push(Line::equation(Piece::Partial(of, by), right).noted(note));
}

/// The reverse sweep as a table.
fn backwards(d: &mut Derivation, program: &ObjectiveProgram, swept: &Sweep, room: &impl Fn() -> Room) {
    let pen = Pen { g: &swept.graph, view: View::default() };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut left = room();
    let name = |name: &str| Piece::Name(name.to_owned());
    for value in &swept.values {
        let cotangent = emit::lines(pen.g, value.cotangent, &pen.view);
        let mut takes = left.takes(cotangent.text().len());
        let symbol = pen.entry(name(&value.cotangent_name), &cotangent);
        let mut own: Cell = vec![symbol, Piece::Equals, Piece::Formula(cotangent)];
        let mut first: Cell = vec![name(&value.name)];
        for passed in &value.passed {
            let mut cell = Vec::new();
            match passed.local {
                Some(Local::ByEntry(node)) if is_one(pen.g, node) => cell.push(words("1")),
                Some(Local::Jacobian(node) | Local::ByEntry(node)) => {
                    let formula = emit::lines(pen.g, node, &pen.view);
                    takes &= left.takes(formula.text().len());
                    cell.push(Piece::Formula(formula));
                    if matches!(passed.local, Some(Local::ByEntry(_))) && pen.g.rank(node) > 0 {
                        cell.push(words(", entry by entry"));
                    }
                }
                // What has no short form is said by what it does.
                None => {
                    let formula = emit::lines(pen.g, passed.share, &pen.view);
                    takes &= left.takes(formula.text().len());
                    cell.extend([words("hands back "), Piece::Formula(formula)]);
                }
            }
            rows.push(vec![std::mem::take(&mut first), vec![name(&passed.by)], cell, std::mem::take(&mut own)]);
        }
        if !takes {
            return;
        }
    }
    let wrt: Vec<String> = program.wrt.iter().map(|(name, _)| name.clone()).collect();
    let section = d.page.open(vec![format!("the reverse sweep, from f back to {}", super::listed(&wrt))]);
    let head = ["value", "by", "local derivative", "cotangent"];
    section.table = Table { head: head.map(str::to_owned).to_vec(), rows };
    let Some(example) = swept.values.get(1) else { return };
    let (value, cotangent) = (&example.name, &example.cotangent_name);
    section.lines.push(Line::says(
        words("local derivative"),
        vec![words("by a letter where it stands in the value's own formula above, all other letters held fixed")],
    ));
    let text = format!(
        "{cotangent} is ∂f/∂{value} with f written as a function of {value}: for each formula that {value} stands in, the \
         local derivative there times the cotangent there, added up"
    );
    section.lines.push(Line::says(words("cotangent"), vec![words(&text)]));
}

fn is_one(g: &Graph, node: NodeId) -> bool {
    match g.op(node) {
        Op::Product { coeff, factors, bound } => coeff.is_one() && factors.is_empty() && bound.is_empty(),
        _ => g.as_constant(node).is_some_and(crate::ir::Number::is_one),
    }
}

fn is_symmetric(g: &Graph, node: NodeId) -> bool {
    matches!(g.op(node), Op::Input(id) if g.input_of(*id).symmetric)
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
