//! The picture of a network: a column for each layer.

use super::{Leaf, Pen, Picture, Scene, Stage, by_partial, by_total, canvas, name, of_batch};
use crate::emit::{View, svg};
use crate::ir::NodeId;
use crate::lower::cost::TermKind;
use crate::pipeline::NetworkProgram;
use crate::pipeline::steps::{NetworkSteps, cotangent_name};
use std::collections::BTreeSet;

/// Drawn.
#[must_use]
pub fn network(program: &NetworkProgram, steps: &NetworkSteps, network: &str, cost: &str) -> Picture {
    let g = &program.graph;
    let view = View::of_batch(program.batch);
    let pen = Pen { g, view: view.clone() };
    let mut forward = g.clone();
    forward.forget_names(program.deltas.iter().map(|(name, _)| name.as_str()));
    let forward = Pen { g: &forward, view };
    let parameters: BTreeSet<&str> = program.gradient.iter().map(|p| p.name.as_str()).collect();
    let inputs: BTreeSet<&str> = program.inputs.iter().map(|(name, _)| name.as_str()).collect();
    let mut stages: Vec<Stage> = Vec::new();
    // In which stage a value is made.
    let mut made: Vec<(String, usize)> = Vec::new();
    let mut shown = BTreeSet::new();
    let mut drawn = BTreeSet::new();
    for (value, node) in &program.values {
        if !drawn.insert(*node) {
            if let Some((_, k)) = made.iter().find(|(known, _)| g.name(*node) == Some(known)).cloned() {
                made.push((value.clone(), k));
            }
            continue;
        }
        let speaks = forward.speaks_of(*node);
        // A layer begins with what reads parameters of its own.
        let own: Vec<&str> =
            parameters.iter().copied().filter(|p| speaks.contains(*p) && shown.insert(*p)).collect();
        if stages.is_empty() || !own.is_empty() {
            stages.push(Stage::default());
        }
        let k = stages.len() - 1;
        let stage = &mut stages[k];
        stage.forward.push(forward.named(value, *node));
        for (known, j) in &made {
            if *j != k && speaks.contains(known) && !stage.reads.contains(j) {
                stage.reads.push(*j);
            }
        }
        let own =
            program.gradient.iter().zip(&program.direct).filter(|(p, _)| own.contains(&p.name.as_str()));
        for (partial, direct) in own {
            let is_direct = !g.is_zero(*direct);
            stage.leaves.push(Leaf {
                name: name(&partial.name),
                gradient: vec![pen.equation(by_total("C", &partial.name), partial.node)],
                direct: is_direct.then(|| pen.equation(by_partial("C", &partial.name), *direct)),
                mentioned: is_direct,
                also: Vec::new(),
            });
        }
        made.push((value.clone(), k));
    }
    let output = made.last().map_or(0, |(_, k)| *k);
    for (delta, node) in &program.deltas {
        let value = delta
            .strip_prefix("d_")
            .map(str::to_owned)
            .or_else(|| delta.strip_prefix("delta").map(|n| format!("z{n}")));
        let at = value.and_then(|v| made.iter().find(|(name, _)| *name == v).map(|(_, k)| *k));
        if let Some(stage) = at.and_then(|k| stages.get_mut(k)) {
            stage.back.push(pen.named(delta, *node));
        }
    }
    let mut written = steps.graph.clone();
    written.forget_names(program.deltas.iter().map(|(name, _)| name.as_str()));
    let written = Pen { g: &written, view: forward.view.clone() };
    let data = program.terms.iter().zip(&steps.terms).filter(|(t, _)| t.kind == TermKind::Data);
    let data: Vec<(NodeId, &str)> =
        data.map(|(t, own)| (own.steps.first().copied().unwrap_or(t.node), t.origin.as_str())).collect();
    let penalties = forward.penalties(&program.terms);
    let by_output = program.values.iter().find(|(_, node)| *node == program.output).and_then(|(value, _)| {
        let chain = steps.backwards.iter().find(|chain| chain.name == cotangent_name(value))?;
        let drawn = program.deltas.iter().any(|(name, _)| *name == chain.name);
        let node = chain.steps.last()?.terms.first()?.first()?.node;
        (!drawn).then(|| written.equation(by_partial("c", value), node))
    });
    let last = Stage {
        forward: [written.of_example(&data), of_batch(!penalties.is_empty())].concat(),
        back: vec![by_output.unwrap_or_else(|| svg::words("for one example"))],
        leaves: vec![Leaf { name: name("y"), ..Leaf::default() }],
        reads: vec![output],
    };
    stages.push(last);
    let penalised: Vec<&str> = program
        .gradient
        .iter()
        .zip(&program.direct)
        .filter(|(_, direct)| !g.is_zero(**direct))
        .map(|(p, _)| p.name.as_str())
        .collect();
    let direct = if penalised.is_empty() {
        "No penalty mentions a parameter.".to_owned()
    } else {
        format!(
            "The penalties' share goes past all layers and their cotangents, and is added to the gradients by {} alone.",
            penalised.join(", ")
        )
    };
    let scene = Scene {
        title: format!("Where the derivatives of {cost} come from, on {network}"),
        description: format!(
            "Forward, layer by layer: {}. Backward: {}. {direct}",
            program.values.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", "),
            program.deltas.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ")
        ),
        start: inputs.iter().map(|input| name(input)).collect(),
        stages,
        penalties,
        lane: "penalty",
    };
    canvas::drawn(&scene)
}
