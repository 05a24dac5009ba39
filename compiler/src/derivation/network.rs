//! The derivation of a network: forwards, the cost, backwards, the gradient, and where the penalty enters.

use super::stated::stated;
use super::{Derivation, Footnotes, Pen, Steps, function, listed, names_in, partial, total, words};
use crate::emit::document::{Line, Piece};
use crate::emit::{self, View};
use crate::front::NetworkText;
use crate::ir::NodeId;
use crate::lower::cost::TermKind;
use crate::pipeline::NetworkProgram;
use crate::pipeline::steps::{Chain, NetworkSteps, cotangent_name};
use std::collections::BTreeSet;

/// The derivation of a network, of its `steps`: forwards, the cost, backwards, the gradient.
#[must_use]
pub fn network(
    program: &NetworkProgram,
    steps: &NetworkSteps,
    text: &NetworkText,
    shown: Steps,
) -> Derivation {
    let mut d = Derivation::default();
    let mut graph = steps.graph.clone();
    let view = View::of_batch(program.batch);
    let chains = steps.backwards.iter().chain(&steps.gradient).flat_map(|chain| &chain.steps);
    let mut formulas: Vec<NodeId> = chains.flat_map(|s| s.terms.iter().flatten()).map(|f| f.node).collect();
    formulas.extend(steps.terms.iter().flat_map(|term| &term.steps));
    formulas.extend(program.values.iter().map(|(_, node)| *node));
    super::abbreviate(&mut graph, &view, &formulas);
    let pen = Pen { g: &graph, view: view.clone() };
    let mut notes = Footnotes::default();
    forwards(d.typed(vec![format!("network {}", text.network)]), &pen, program, shown);
    // The cost comes before its derivatives, so it is written without their names.
    let mut forward = graph.clone();
    forward.forget_names(program.deltas.iter().map(|(name, _)| name.as_str()));
    let forward = Pen { g: &forward, view };
    of_cost(d.typed(stated(&text.cost, "C", &text.defines)), &forward, (program, steps), shown, &mut notes);
    if shown == Steps::All {
        in_words(d.section("what the letters mean"), program, steps);
    }
    let mut introduced: BTreeSet<String> = program.values.iter().map(|(name, _)| name.clone()).collect();
    introduced.extend(steps.backwards.iter().map(|chain| chain.name.clone()));
    let terms: Vec<NodeId> = program.terms.iter().map(|t| t.node).collect();
    introduced.extend(names_in(forward.g, &terms));
    let lines = d.section("backwards, for one example");
    for (k, chain) in steps.backwards.iter().enumerate() {
        // A step comes before what it ends in, so it is written without that name and those to come.
        let mut so_far = graph.clone();
        so_far.forget_names(steps.backwards[k..].iter().map(|chain| chain.name.as_str()));
        let pen = Pen { g: &so_far, view: pen.view.clone() };
        let delta = program.deltas.iter().find(|(name, _)| *name == chain.name);
        let last = chain.steps.iter().flat_map(|s| s.terms.iter().flatten()).map(|f| f.node).next_back();
        let nodes: Vec<NodeId> = delta.map(|(_, node)| *node).or(last).into_iter().collect();
        lines.extend(pen.parts(&nodes, &mut introduced));
        let left = Piece::Name(chain.name.clone());
        match (shown, delta) {
            (Steps::None, None) => {}
            (Steps::None, Some((_, node))) => lines.push(pen.equation(left, *node, "")),
            _ => pen.chain(left, chain, notes.marks(&chain.rules), lines),
        }
    }
    let lines = d.section("gradient");
    let partials: Vec<NodeId> = program.gradient.iter().map(|p| p.node).collect();
    lines.extend(pen.parts(&partials, &mut introduced));
    for ((partial, direct), chain) in program.gradient.iter().zip(&program.direct).zip(&steps.gradient) {
        let left = total("C", &partial.name);
        if shown == Steps::None {
            lines.push(pen.equation(left, partial.node, ""));
            continue;
        }
        let has_penalty = !program.graph.is_zero(*direct);
        let note = if has_penalty {
            let share = emit::text(pen.g, *direct, &pen.view);
            format!("the direct share ∂C/∂{} of the penalty is {share}", partial.name)
        } else {
            "no penalty mentions it".to_owned()
        };
        let from = lines.len();
        pen.chain(left, chain, notes.marks(&chain.rules), lines);
        if let Some(line) = lines.get_mut(from) {
            line.note = note;
        }
    }
    if shown != Steps::None {
        answer(&mut d, program);
        notes.write(&mut d, &program.log);
    }
    d
}

/// The layers' values.
fn forwards(lines: &mut Vec<Line>, pen: &Pen<'_>, program: &NetworkProgram, shown: Steps) {
    let mut known: Vec<NodeId> = Vec::new();
    for (name, node) in &program.values {
        let left = Piece::Name(name.clone());
        if known.contains(node) {
            let other = pen.g.name(*node).unwrap_or(name);
            if other != name {
                lines.push(Line::equation(left, vec![Piece::Name(other.to_owned())]));
            }
            continue;
        }
        known.push(*node);
        let mut line = pen.equation(left, *node, "");
        let activation = program.written.activations.iter().find(|a| a.value == *name);
        let own = emit::lines(pen.g, *node, &pen.view).text();
        if let Some(a) = activation.filter(|a| shown != Steps::None && a.function != "linear") {
            let args: Vec<String> = std::iter::once(a.argument.clone()).chain(a.rest.clone()).collect();
            // What the function's name says already is not said again.
            if own != format!("{}({})", a.function, args.join(", ")) {
                let called = function(&a.function, false, &a.argument, &a.rest);
                let in_full = std::mem::replace(&mut line.right, vec![called]);
                match pen.choice(*node) {
                    Some(choice) => line.note = choice,
                    None => {
                        line.right.push(Piece::Equals);
                        line.right.extend(in_full);
                    }
                }
            }
        }
        lines.push(line);
    }
}

/// The terms, and what the batch's cost is made of.
fn of_cost(
    lines: &mut Vec<Line>,
    pen: &Pen<'_>,
    (program, steps): (&NetworkProgram, &NetworkSteps),
    shown: Steps,
    notes: &mut Footnotes,
) {
    let mut introduced: BTreeSet<String> = program.values.iter().map(|(name, _)| name.clone()).collect();
    let labels = super::labels(&program.terms);
    for ((t, label), own) in program.terms.iter().zip(&labels).zip(&steps.terms) {
        let of_example = t.kind == TermKind::Data;
        let note = match t.kind {
            TermKind::Data => "of one example",
            TermKind::Penalty => "a penalty: counted once",
            TermKind::Constant => "a constant",
        };
        let nodes = match own.steps.as_slice() {
            [] => vec![t.node],
            nodes if of_example => nodes.to_vec(),
            _ => vec![t.node],
        };
        let note = if own.steps.is_empty() && of_example {
            "the mean over the m examples of the batch"
        } else {
            note
        };
        if shown == Steps::None {
            lines.extend(pen.parts(&nodes[nodes.len() - 1..], &mut introduced));
            lines.push(pen.of_term(label, nodes[nodes.len() - 1], note));
            continue;
        }
        lines.extend(pen.parts(&nodes, &mut introduced));
        lines.push(pen.of_term(label, nodes[0], note));
        pen.computed(lines, nodes.get(1), notes.marks(&own.rules));
    }
    if shown == Steps::None {
        return;
    }
    if program.terms.iter().any(|t| t.kind == TermKind::Data) {
        let note = "c is the cost of one example, above";
        lines.push(pen.equation(Piece::Name("C".to_owned()), steps.total, note));
    }
}

/// What ∂, d, delta, d_a and 1/m mean, once.
fn in_words(lines: &mut Vec<Line>, program: &NetworkProgram, steps: &NetworkSteps) {
    let Some(last) = program.gradient.last() else { return };
    let last = program.gradient.iter().rfind(|p| p.role == crate::lower::Role::Weight).unwrap_or(last);
    let w = &last.name;
    let says = |left: Piece, text: String| Line::says(left, vec![Piece::Words(text)]);
    let inputs: Vec<String> = program.inputs.iter().map(|(name, _)| name.clone()).collect();
    lines.push(says(
        words(&[inputs.clone(), vec!["y".to_owned()]].concat().join(", ")),
        format!("one example: what the network reads ({}), and the targets (y)", listed(&inputs)),
    ));
    lines.push(says(
        partial("C", w),
        format!("the partial derivative: only where the letter {w} itself stands in the formula of C, all else held fixed"),
    ));
    lines.push(says(
        total("C", w),
        format!("the total derivative: also through everything that depends on {w}, layer after layer up to the cost"),
    ));
    let value_of = |chain: &Chain| {
        program.values.iter().find(|(v, _)| cotangent_name(v) == chain.name).map(|(v, _)| format!("∂c/∂{v}"))
    };
    let of_kind = |is_delta: bool| -> (Vec<String>, Vec<String>) {
        let chains = steps.backwards.iter().filter(|c| c.name.starts_with("delta") == is_delta);
        chains.filter_map(|c| Some((c.name.clone(), value_of(c)?))).unzip()
    };
    let (deltas, partials) = of_kind(true);
    if let Some(delta) = deltas.first() {
        let text = format!(
            "{}, for one example: c is written as a function of what a layer adds up, all that is computed from that put in, so \
             that its letter stands in the formula",
            listed(&partials)
        );
        lines.push(says(words(&deltas.join(", ")), text));
        let (others, partials) = of_kind(false);
        if !others.is_empty() {
            let text = format!("{} in the same way", listed(&partials));
            lines.push(says(words(&others.join(", ")), text));
        }
        let text = format!(
            "C is the mean of c over the m examples: the shares of all, each made of its own {delta}, are added up and divided by m"
        );
        lines.push(says(words("1/m * Σ_examples"), text));
    }
}

/// Where the penalty enters, and where it does not.
fn answer(d: &mut Derivation, program: &NetworkProgram) {
    let penalties: Vec<_> = program.terms.iter().filter(|t| t.kind == TermKind::Penalty).collect();
    if penalties.is_empty() || program.deltas.is_empty() {
        return;
    }
    let g = &program.graph;
    let lines = d.section("where the penalty enters");
    let deltas: Vec<String> = program.deltas.iter().map(|(name, _)| name.clone()).collect();
    let output = program.values.iter().find(|(_, n)| *n == program.output).map_or("a", |(name, _)| name);
    for t in penalties {
        let inside = g.reachable(&[t.node]);
        let by: Vec<&str> =
            program.gradient.iter().filter(|p| inside.contains(&p.by)).map(|p| p.name.as_str()).collect();
        let totals: Vec<String> = by.iter().map(|w| format!("dC/d{w}")).collect();
        let partials: Vec<String> = by.iter().map(|w| format!("∂C/∂{w}")).collect();
        let names: Vec<String> = by.iter().map(|w| (*w).to_owned()).collect();
        let text = format!(
            "does not mention {output}, so ∂c/∂{output}, {} are what they are without it; it mentions {}, so it enters {} \
             directly, as {}, beside what back-propagation brings",
            listed(&deltas),
            listed(&names),
            listed(&totals),
            listed(&partials),
        );
        lines.push(Line::says(words(&t.origin), vec![Piece::Words(text)]));
    }
    let penalised = program.gradient.iter().zip(&program.direct).filter(|(_, direct)| !g.is_zero(**direct));
    lines.extend(super::for_optimisers(penalised.map(|(p, _)| p.name.as_str())));
}
