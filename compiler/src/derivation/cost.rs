//! The derivation of a cost alone: ∂C/∂a, the direct partial derivatives, and where back-propagation meets them.

use super::stated::stated;
use super::{Derivation, Footnotes, Pen, Steps, names_in, partial, total, words};
use crate::emit::View;
use crate::emit::document::{Line, Piece};
use crate::front::CostText;
use crate::ir::{NodeId, Op};
use crate::lower::Role;
use crate::lower::cost::TermKind;
use crate::pipeline::CostProgram;
use crate::pipeline::steps::cost_steps;
use std::collections::BTreeSet;

/// The derivation of a cost alone.
#[must_use]
pub fn cost(program: &CostProgram, text: &CostText, shown: Steps) -> Derivation {
    let mut d = Derivation::default();
    let mut steps = cost_steps(program);
    let view = View::default();
    let mut formulas: Vec<NodeId> = steps.terms.iter().flat_map(|(nodes, _)| nodes.clone()).collect();
    formulas.push(program.d_activation);
    formulas.extend(program.tensors.iter().map(|t| t.partial.node));
    formulas.extend(steps.quotients.iter().flatten());
    super::abbreviate(&mut steps.graph, &view, &formulas);
    let g = &steps.graph;
    let pen = Pen { g, view };
    let mut notes = Footnotes::default();
    let mut introduced = BTreeSet::new();
    let labels = super::labels(&program.terms);
    let lines = d.typed(stated(&text.expr, "C", &text.defines));
    for ((t, label), (nodes, rules)) in program.terms.iter().zip(&labels).zip(&steps.terms) {
        let note = match t.kind {
            TermKind::Data => "of one example; its mean over the m examples of a batch is a part of C",
            TermKind::Penalty => "a penalty: the same for every example, so the mean leaves it as it is",
            TermKind::Constant => "a constant",
        };
        let nodes = if shown == Steps::None { &nodes[nodes.len() - 1..] } else { nodes };
        lines.extend(pen.parts(nodes, &mut introduced));
        lines.push(pen.of_term(label, nodes[0], note));
        pen.computed(lines, nodes.get(1), notes.marks(rules));
    }
    if shown == Steps::All {
        in_words(d.section("what the letters mean"), &pen, program);
    }
    let mut by = vec![("a".to_owned(), program.a, program.d_activation)];
    by.extend(program.tensors.iter().map(|t| (t.partial.name.clone(), t.partial.by, t.partial.node)));
    let mut shares = program.shares.clone();
    super::abbreviate(&mut shares.graph, &View::default(), &shares.by_term.concat());
    let share_pen = Pen { g: &shares.graph, view: View::default() };
    let terms: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
    introduced.extend(names_in(&program.graph, &terms));
    for (k, (name, node, whole)) in by.iter().enumerate() {
        let title = if name == "a" {
            "∂c/∂a, by the activations of one example".to_owned()
        } else {
            format!("∂C/∂{name}, direct")
        };
        let lines = d.section(title);
        let unmentioned = |t: &crate::lower::cost::Term| !program.graph.reachable(&[t.node]).contains(node);
        if name != "a" && program.terms.iter().all(unmentioned) {
            let line = Line::equation(partial("C", name), vec![Piece::Zero]);
            lines.push(line.noted(format!("no term mentions {name}")));
            continue;
        }
        let shared: Vec<NodeId> = shares.by_term.iter().map(|nodes| nodes[k]).collect();
        lines.extend(share_pen.parts(&shared, &mut introduced));
        lines.extend(pen.parts(&[*whole], &mut introduced));
        for (n, (t, nodes)) in program.terms.iter().zip(&shares.by_term).enumerate() {
            let mentions = program.graph.reachable(&[t.node]).contains(node);
            lines.push(if mentions {
                share_pen.of_term(&labels[n], nodes[k], "").marked(notes.marks(&steps.rules[n][k]))
            } else {
                pen.absent(&labels[n], t, name)
            });
        }
        // By the activations of an example the mean's 1/m is left to the words.
        let left = if name == "a" { partial("c", name) } else { partial("C", name) };
        if program.graph.is_zero(*whole) {
            lines.push(Line::equation(left, vec![Piece::Zero]));
            continue;
        }
        let is_weight = k > 0 && program.tensors[k - 1].partial.role == Role::Weight;
        let note = match name.as_str() {
            "a" => "∂C/∂a, of a batch, is 1/m of it for each example".to_owned(),
            _ if is_weight => format!("the direct part of dC/d{name}, which is put together below"),
            _ => String::new(),
        };
        match steps.quotients[k].filter(|_| shown != Steps::None) {
            Some(quotient) => {
                lines.push(pen.equation(left, *whole, ""));
                let quotient = vec![pen.formula(quotient)];
                lines.push(Line::goes_on(quotient).noted(note));
            }
            None => lines.push(pen.equation(left, *whole, &note)),
        }
    }
    in_a_network(&mut d, &pen, program, shown);
    if shown == Steps::None {
        return d;
    }
    answer(&mut d, program);
    notes.write(&mut d, &program.log);
    d
}

/// The total derivatives in a network: where back-propagation meets the direct part.
fn in_a_network(d: &mut Derivation, pen: &Pen<'_>, program: &CostProgram, shown: Steps) {
    let roles: Vec<Role> = program.tensors.iter().map(|t| t.partial.role).collect();
    if !roles.contains(&Role::Weight) {
        return;
    }
    // Written by constructors as any formula: 1/m Σ δ a_prev', of tensors that stand for those of a layer.
    let lines = d.section("in a network, where back-propagation meets the direct part");
    for t in program.tensors.iter().filter(|t| t.partial.role != Role::Plain) {
        let name = &t.partial.name;
        let is_weight = t.partial.role == Role::Weight;
        let share = super::shared_by_layer(is_weight);
        let left = total("C", name);
        let first = vec![partial("C", name), Piece::Plus, Piece::Formula(share.clone())];
        let is_zero = program.graph.is_zero(t.partial.node);
        lines.push(Line::equation(left, first));
        if is_zero {
            if let Some(line) = lines.last_mut() {
                line.note = format!("∂C/∂{name} = 0");
            }
            lines.push(Line::goes_on(vec![Piece::Formula(share)]));
        } else {
            lines.push(Line::goes_on(vec![pen.formula(t.partial.node), Piece::Plus, Piece::Formula(share)]));
        }
    }
    if shown == Steps::None {
        return;
    }
    let says = |left: &str, text: &str| Line::says(words(left), vec![words(text)]);
    lines.push(says(
        "δ",
        "∂c/∂z of a layer z = w * a_prev + b, for one example: c is written as a function of z, all that is computed \
         from z put in, so that the letter z stands in its formula",
    ));
    lines.push(says("a_prev", "what the layer reads: the activations before it, or the input"));
}

/// What ∂ and d mean.
fn in_words(lines: &mut Vec<Line>, pen: &Pen<'_>, program: &CostProgram) {
    let name = program.tensors.first().map_or("w", |t| &t.partial.name);
    let says = |left: Piece, text: String| Line::says(left, vec![Piece::Words(text)]);
    lines.push(says(
        words("a, y"),
        "of one example: the activations of the last layer, and the targets".to_owned(),
    ));
    // The number of outputs, where a formula speaks of it.
    let g = &program.graph;
    let mut formulas: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
    formulas.push(program.d_activation);
    let outputs = |id: &NodeId| matches!(g.op(*id), Op::Extent(e) if Some(e) == g.shape(program.a).first());
    if let Some(count) = g.reachable(&formulas).into_iter().find(outputs) {
        lines.push(says(pen.formula(count), "how many outputs there are".to_owned()));
    }
    let data: Vec<String> =
        program.terms.iter().filter(|t| t.kind == TermKind::Data).map(|t| t.origin.clone()).collect();
    lines.push(says(
        partial("C", name),
        format!("the partial derivative: only where the letter {name} itself stands in the formula of C, all else held fixed"),
    ));
    lines.push(says(
        total("C", name),
        format!(
            "the total derivative: also through everything that depends on {name}, as the activations a of a network do"
        ),
    ));
    if !data.is_empty() {
        let mut seen = Vec::new();
        for origin in data {
            if !seen.contains(&origin) {
                seen.push(origin);
            }
        }
        let text = format!(
            "the cost of one example: what mentions a or y ({}); C, of a batch of m examples, is the mean of their c, \
             whence 1/m, plus the penalties",
            seen.join(", ")
        );
        lines.push(says(words("c"), text));
    }
}

/// Where each penalty enters, and where it does not.
fn answer(d: &mut Derivation, program: &CostProgram) {
    let g = &program.graph;
    let lines = d.section("where each term enters");
    for t in program.terms.iter().filter(|t| t.kind != TermKind::Constant) {
        let inside = g.reachable(&[t.node]);
        let of_a = inside.contains(&program.a);
        let tensors: Vec<&str> = program
            .tensors
            .iter()
            .filter(|p| inside.contains(&p.partial.by))
            .map(|p| p.partial.name.as_str())
            .collect();
        let totals: Vec<String> = tensors.iter().map(|w| format!("dC/d{w}")).collect();
        let partials: Vec<String> = tensors.iter().map(|w| format!("∂C/∂{w}")).collect();
        let text = match (of_a, tensors.is_empty()) {
            (true, true) => {
                "enters through a alone: ∂c/∂a, so every δ, and by δ each dC/dw and dC/db".to_owned()
            }
            (true, false) => format!(
                "enters through a, every δ; and {} directly, as {}",
                super::listed(&totals),
                super::listed(&partials)
            ),
            (false, false) => format!(
                "enters {} directly, as {}; it does not mention a, so ∂c/∂a and every δ are what they are without it",
                super::listed(&totals),
                super::listed(&partials)
            ),
            (false, true) => continue,
        };
        let line = Line::says(words(&t.origin), vec![Piece::Words(text)]);
        // A definition of several terms has one line.
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let penalised = program.tensors.iter().filter(|t| !g.is_zero(t.partial.node));
    lines.extend(super::for_optimisers(penalised.map(|t| t.partial.name.as_str())));
}
