//! The picture of an objective: a column for each value that the text names, or for those that a person would name.

use super::{Leaf, Pen, Picture, Scene, Stage, by_partial, canvas, name};
use crate::diff;
use crate::emit::{View, svg};
use crate::ir::{Graph, NodeId, NodeMap, Op};
use crate::pipeline::ObjectiveProgram;
use crate::simplify;
use std::collections::BTreeSet;

/// So many values between the variables and the objective are drawn.
const STAGES: usize = 6;

/// Drawn.
#[must_use]
pub fn objective(program: &ObjectiveProgram, text: &str) -> Picture {
    let mut g = program.graph.clone();
    program.name_residual(&mut g);
    let between = between(&mut g, program);
    let cotangents = diff::gradient(&mut g, program.value, &between);
    let (cotangents, _) = simplify::simplify(&mut g, &cotangents);
    let (apart, shares) = direct(&g, program, &between);
    let direct = Pen { g: &apart, view: View::default() };
    let pen = Pen { g: &g, view: View::default() };
    let short = Pen { g: &g, view: View { expand_top: false, ..View::default() } };
    let mut stages: Vec<Stage> = Vec::new();
    let mut made: Vec<String> = Vec::new();
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let nodes = between.iter().copied().chain([program.value]);
    for (k, node) in nodes.enumerate() {
        let is_last = k == between.len();
        let called = if is_last { "f".to_owned() } else { g.name(node).unwrap_or("u").to_owned() };
        let speaks = pen.speaks_of(node);
        let mut stage = Stage::default();
        stage.forward.push(pen.named(&called, node));
        stage.reads = (0..k).filter(|&j| speaks.contains(&made[j])).collect();
        stage.back.push(if is_last {
            svg::words("1")
        } else {
            short.equation(by_partial("f", &called), cotangents[k])
        });
        for input in g.inputs() {
            let variable = program.wrt.iter().position(|(name, _)| *name == input.name);
            if !speaks.contains(&input.name) {
                continue;
            }
            if !shown.insert(input.name.clone()) {
                let leaf =
                    stages.iter_mut().flat_map(|s| &mut s.leaves).find(|l| l.name == name(&input.name));
                match (leaf, variable) {
                    // What f reads though a value before it does goes along the lanes.
                    (Some(leaf), Some(v)) if is_last => {
                        leaf.mentioned = true;
                        leaf.direct = Some(direct.formula(shares[v], "its direct share"));
                    }
                    (Some(leaf), _) => leaf.also.push(k),
                    (None, _) => {}
                }
                continue;
            }
            let gradient = variable.map(|v| pen.equation(by_partial("f", &input.name), program.gradient[v]));
            stage.leaves.push(Leaf {
                name: name(&input.name),
                gradient: gradient.into_iter().collect(),
                ..Leaf::default()
            });
        }
        made.push(called);
        stages.push(stage);
    }
    let by: Vec<&str> = program.wrt.iter().map(|(name, _)| name.as_str()).collect();
    let scene = Scene {
        title: format!("Where the derivatives of {text} come from"),
        description: format!(
            "Forward, from what is given to f: {}. Backward, the cotangent of each, and from these the gradient by {}.",
            made.join(", "),
            by.join(", ")
        ),
        stages,
        lane: "direct",
        ..Scene::default()
    };
    canvas::drawn(&scene)
}

/// The derivative of f by each variable where the values between are held.
fn direct(g: &Graph, program: &ObjectiveProgram, between: &[NodeId]) -> (Graph, Vec<NodeId>) {
    let mut apart = g.clone();
    let mut replaced = NodeMap::new();
    for id in g.reachable(&[program.value]) {
        let node = match g.name(id) {
            Some(name) if between.contains(&id) => apart.input(name, g.shape(id)),
            _ => apart.rebuilt(id, &|child| replaced.replaced(child)),
        };
        replaced.insert(id, node);
    }
    let by: Vec<NodeId> = program.wrt.iter().map(|(_, node)| *node).collect();
    let shares = diff::gradient(&mut apart, replaced.replaced(program.value), &by);
    let (shares, _) = simplify::simplify(&mut apart, &shares);
    (apart, shares)
}

/// The values between the variables and the objective, children first: those with names, else products of arrays and
/// what is the last array, which get names.
fn between(g: &mut Graph, program: &ObjectiveProgram) -> Vec<NodeId> {
    let variables: BTreeSet<NodeId> = program.wrt.iter().map(|(_, node)| *node).collect();
    let depends = |g: &Graph, id: NodeId| g.reachable(&[id]).iter().any(|n| variables.contains(n));
    let inner: Vec<NodeId> = g
        .reachable(&[program.value])
        .into_iter()
        .filter(|&id| id != program.value && !matches!(g.op(id), Op::Input(_)) && depends(g, id))
        .collect();
    let named: Vec<NodeId> = inner.iter().copied().filter(|&id| g.name(id).is_some()).collect();
    if !named.is_empty() {
        let skip = named.len().saturating_sub(STAGES);
        return named[skip..].to_vec();
    }
    let arrays: Vec<NodeId> = inner.into_iter().filter(|&id| g.rank(id) > 0 && !g.is_indicator(id)).collect();
    let product = |&id: &NodeId| matches!(g.op(id), Op::Product { bound, .. } if !bound.is_empty());
    let mut picked: Vec<NodeId> = arrays.iter().copied().filter(|id| product(id)).take(2).collect();
    picked.extend(arrays.last().copied());
    picked.sort_unstable();
    picked.dedup();
    let taken: BTreeSet<String> = g.names().map(str::to_owned).collect();
    let mut number = 0;
    for &id in &picked {
        let called = loop {
            number += 1;
            let called = format!("u{number}");
            if !taken.contains(&called) {
                break called;
            }
        };
        g.set_name(id, &called);
    }
    picked
}
