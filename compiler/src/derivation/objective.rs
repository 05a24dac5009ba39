//! The derivation of an objective: value, reverse sweep, gradient, Hessian.

use super::{Derivation, Footnotes, Pen, Room, Steps, partial, words};
use crate::emit::document::{Cell, Line, Piece, Table};
use crate::emit::notation::{Notation, Reducer, Whole};
use crate::emit::{self, View};
use crate::ir::{Graph, NodeId, Number, Op};
use crate::pipeline::steps::{Local, Named, Sweep, named_parts, sweep};
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
    let by_squares = squares_of(&mut graph, program).filter(|_| !shown.entries);
    let names = named_parts(&mut graph, &roots(program, by_squares.is_some()), shown.steps != Steps::None);
    let g = &graph;
    let pen = Pen { g, view: View::default() };
    // What has a name already is that.
    let results = Pen { g, view: View { expand_top: false, ..View::default() } };
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
    pen.equations(lines, of_value.into_iter().map(called).chain([value]).collect(), &mut room());
    // What is named is introduced where the first formula speaks of it.
    let mut new_in = |nodes: &[NodeId]| -> Vec<(Piece, NodeId, String)> {
        let inside = g.reachable(nodes);
        let new = of_others.iter().filter(|(_, id)| inside.contains(id) && introduced.insert(*id));
        new.map(|named| called(named)).collect()
    };
    let swept = (shown.steps == Steps::All).then(|| sweep(g, program.value, &program.wrt, &names));
    let swept = swept.filter(|swept| swept.values.len() > 1);
    if let Some(r) = residual {
        let lines = d.section("Jacobian");
        let mut left = room();
        pen.equations(lines, new_in(&r.jacobian), &mut left);
        let jacobian = program.wrt.iter().zip(&r.jacobian);
        let jacobian = jacobian.map(|((name, _), &node)| plain((partial("r", name), node)));
        results.equations(lines, jacobian.collect(), &mut left);
    }
    // Of a residual alone the sweep is the Jacobian.
    if let Some(swept) = swept.as_ref().filter(|s| residual.is_none() || s.values.len() > 2) {
        backwards(&mut d, program, swept, &room);
    }
    let lines = new_in(&program.gradient);
    let section = d.page.open(vec!["gradient".to_owned()]);
    section.marks = marks(&program.logs.gradient);
    let mut left = room();
    pen.equations(&mut section.lines, lines, &mut left);
    let gradient = Gradient { program, pen: &results, swept: swept.as_ref(), mentioned: &mentioned };
    gradient.write(&mut section.lines, &mut left);
    if let Some(of) = &by_squares {
        squares(&mut d, program, of);
    } else {
        let blocks = program.hessian.iter().enumerate().flat_map(|(i, row)| {
            let of = move |j: usize| [i, j].map(|k| Notation::Name(program.wrt[k].0.clone())).to_vec();
            row.iter()
                .enumerate()
                .map(move |(j, &node)| (Piece::Partial(Notation::Name("f".to_owned()), of(j)), node))
        });
        let section = d.page.open(vec!["Hessian".to_owned()]);
        section.marks = marks(&program.logs.hessian);
        let mut left = room();
        pen.equations(&mut section.lines, new_in(&program.hessian.concat()), &mut left);
        results.equations(&mut section.lines, blocks.map(plain).collect(), &mut left);
        let products = program.wrt.iter().zip(&program.hessian_product);
        let products = products
            .map(|((name, _), &node)| plain((Piece::HessianProduct(Notation::Name(name.clone())), node)))
            .collect();
        let section = d.page.open(vec!["Hessian times v".to_owned()]);
        section.marks = marks(&program.logs.hessian_product);
        let mut left = room();
        pen.equations(&mut section.lines, new_in(&program.hessian_product), &mut left);
        results.equations(&mut section.lines, products, &mut left);
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
    fn write(&self, lines: &mut Vec<Line>, room: &mut Room) {
        let (program, pen) = (self.program, self.pen);
        let mut by = Vec::new();
        for ((name, at), &node) in program.wrt.iter().zip(&program.gradient) {
            let note = if self.mentioned.contains(at) {
                String::new()
            } else {
                format!("f does not mention {name}")
            };
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
                before.right = vec![super::whole(value)];
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

/// What an objective is the sum of the squares of, if that is not linear in the variables.
struct Squares {
    /// What r is called.
    name: String,
    /// How often JᵀJ + Σ r ∇²r counts: once where f = ½ Σ r².
    scale: Number,
}

/// A vector with a name, of whose squares the objective is the sum, where its Hessian is more than a block of few
/// words: a residual, or what a formula of several variables squares.
fn squares_of(g: &mut Graph, program: &ObjectiveProgram) -> Option<Squares> {
    let Op::Product { coeff, factors, bound } = g.op(program.value).clone() else { return None };
    let [factor] = factors.as_slice() else { return None };
    let r = factor.operand.node;
    if factor.power != Number::TWO || bound.len() != 1 || g.rank(r) != 1 || matches!(g.op(r), Op::Input(_)) {
        return None;
    }
    let by: Vec<NodeId> = program.wrt.iter().map(|(_, by)| *by).collect();
    let linear = match &program.residual {
        Some(r) => !by.iter().any(|v| g.reachable(&r.jacobian).contains(v)),
        None => !program.hessian.iter().flatten().any(|h| by.iter().any(|v| g.reachable(&[*h]).contains(v))),
    };
    if linear || (program.residual.is_none() && program.wrt.len() < 3) {
        return None;
    }
    let is_free = !g.names().any(|name| name == "r");
    g.set_name(r, if is_free { "r" } else { "r_" });
    Some(Squares { name: g.name(r)?.to_owned(), scale: coeff.mul(Number::TWO) })
}

/// JᵀJ + Σ r ∇²r, of any two parameters.
fn squares(d: &mut Derivation, program: &ObjectiveProgram, squares: &Squares) {
    let letter = |taken: &str, other: &str| {
        let is_taken = program.graph.names().any(|name| name == taken);
        Notation::Name(if is_taken { other } else { taken }.to_owned())
    };
    let (u, v, k) = (letter("u", "u_"), letter("v", "v_"), letter("k", "k_"));
    let j = |by: &Notation| Notation::Name(format!("J_{}", emit::text::formula(by)));
    let scaled = |value: Notation| match squares.scale {
        scale if scale.is_one() => value,
        scale => Notation::Times(vec![Notation::Number(scale), value]),
    };
    let gauss_newton = scaled(Notation::Matmul(vec![Notation::Transpose(Box::new(j(&u))), j(&v)]));
    let r = Notation::Name(squares.name.clone());
    let entry = Notation::Entry(Box::new(r.clone()), vec![k.clone()]);
    let bound = emit::notation::Bound { name: emit::text::formula(&k), range: None };
    let weighted = scaled(Notation::Reduced(Reducer::Sum, vec![bound], Vec::new(), Box::new(entry.clone())));
    let of = Notation::Name("f".to_owned());
    let by = vec![u.clone(), v.clone()];
    let right = vec![
        super::whole(gauss_newton),
        Piece::Plus,
        super::whole(weighted),
        Piece::Times,
        Piece::Partial(entry, by.clone()),
    ];
    let lines = d.section("Hessian");
    let name = &squares.name;
    let note =
        format!("for any two variables u and v, with J_u = ∂{name}/∂u; `--entries` writes each of these");
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
                Some(Local::Jacobian(node) | Local::ByEntry(node)) => {
                    let mut formula = emit::lines(pen.g, node, &pen.view);
                    takes &= left.takes(formula.text().len());
                    let by_entry = matches!(passed.local, Some(Local::ByEntry(_)));
                    let mut varies = pen.g.rank(node) > 0;
                    // The same for each entry.
                    if let Notation::Whole(Whole::Vector | Whole::Matrix, args) = &formula.value
                        && let ([one], true) = (args.as_slice(), by_entry)
                    {
                        (formula.value, varies) = (one.clone(), false);
                    }
                    cell.push(Piece::Formula(formula));
                    if by_entry && varies {
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
            rows.push(vec![
                std::mem::take(&mut first),
                vec![name(&passed.by)],
                cell,
                std::mem::take(&mut own),
            ]);
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
        vec![words(
            "by a letter where it stands in the value's own formula above, all other letters held fixed",
        )],
    ));
    let text = format!(
        "{cotangent} is ∂f/∂{value} with f written as a function of {value}: for each formula that {value} stands in, the local \
         derivative there (of a matrix its transpose) times the cotangent there, added up"
    );
    section.lines.push(Line::says(words("cotangent"), vec![words(&text)]));
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
        pen.equations(d.section("constraints"), constraints, &mut room());
    }
    let note = |variable: usize| {
        let bounded = restricted.limits.iter().any(|l| l.variable == variable);
        if bounded { "0 at a minimum, but where a bound is met" } else { "0 at a minimum" }.to_owned()
    };
    let lagrangian = (Piece::Name("L".to_owned()), restricted.lagrangian, String::new());
    let by = program.wrt.iter().zip(&restricted.stationarity).enumerate();
    let by = by.map(|(k, ((name, _), &node))| (partial("L", name), node, note(k)));
    let lines = d.section("Lagrangian");
    pen.equations(lines, std::iter::once(lagrangian).chain(by).collect(), &mut room());
}
