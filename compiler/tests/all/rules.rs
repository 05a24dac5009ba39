//! Every rewrite rule keeps its word: what it states holds over its domain, its trigger makes it fire, and
//! each firing lowers the measure.

use super::variants::Draw;
use gradsmith_compiler::catalog;
use gradsmith_compiler::diff;
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::{self, CostText};
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::lower::{Role, objective};
use gradsmith_compiler::pipeline;
use gradsmith_compiler::simplify::{self, Rule};
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::ast::DeclaredShape;
use gradsmith_compiler::syntax::parse;

const VARIABLES: &str = "x: vector[3], y: vector[3], u: vector[3], v: vector[3], s: scalar, A: matrix[3, 3]";

fn try_lowered(text: &str) -> Result<(Graph, NodeId), String> {
    let program = parse::program(text, SourceId::Expression).map_err(|e| e.to_string())?;
    let variables = parse::declarations(VARIABLES, SourceId::Declarations).map_err(|e| e.to_string())?;
    let lowered = objective::lower(text, &program, &[], &variables, &[], objective::Wanted::Scalar)
        .map_err(|e| e.to_string())?;
    let mut graph = lowered.graph;
    // Data: `v`, and all that has this name.
    let by: Vec<NodeId> = graph.inputs().iter().filter(|i| i.name != "v").map(|i| i.node).collect();
    graph.set_data(&by);
    Ok((graph, lowered.value))
}

/// The graph of a scalar; of a vector, the graph of its product with `v`.
fn lowered(text: &str) -> (Graph, NodeId) {
    let as_vector = |_| try_lowered(&format!("dot(v, {text})"));
    try_lowered(text).or_else(as_vector).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn value(graph: &Graph, node: NodeId, rule: &Rule, sample: u64) -> f64 {
    // The variables here are the first of those there.
    let inputs = Draw::sample(sample).inputs(rule.sample.0, rule.sample.1);
    Evaluator::new(graph, &inputs, &Sizes::new()).scalar(node)
}

fn agree(rule: &Rule, what: &str, left: &(Graph, NodeId), right: &(Graph, NodeId)) {
    for sample in 0..40 {
        let [want, got] = [left, right].map(|(graph, node)| value(graph, *node, rule, sample));
        let error = (got - want).abs();
        assert!(error <= 1e-12 * want.abs().max(1.0), "{}: {what} is {got}, not {want}", rule.name);
    }
}

#[test]
fn what_a_rule_states_holds_over_its_domain() {
    for rule in simplify::ALL {
        agree(rule, "the right side", &lowered(rule.lhs), &lowered(rule.rhs));
    }
}

/// A statement is an identity that a person can read: no definitions, none of the numbers and detours that a
/// test needs for its rule to have something to do.
#[test]
fn a_statement_is_no_trigger() {
    for rule in simplify::ALL {
        for side in [rule.lhs, rule.rhs] {
            assert!(!side.contains(';'), "{}: `{side}` has definitions", rule.name);
            let nested = side.matches('(').count();
            assert!(nested <= 4 && side.len() <= 45, "{}: `{side}` is too long to read", rule.name);
        }
    }
}

#[test]
fn a_trigger_makes_its_rule_fire_and_keeps_its_value() {
    for rule in simplify::ALL {
        let (graph, node) = lowered(rule.trigger);
        let mut simple = graph.clone();
        let (roots, log) = simplify::simplify(&mut simple, &[node]);
        let names: Vec<_> = log.fired.iter().map(|(name, _)| *name).collect();
        assert!(names.contains(&rule.name), "{} did not fire: {names:?}", rule.name);
        assert!(!log.gave_up, "{}", rule.name);
        agree(rule, "what it is simplified to", &(graph, node), &(simple, roots[0]));
    }
}

/// Simplifies, and sees to it that each firing lowers the measure of the node it is at, and all together that
/// of the whole.
fn simplified_and_falling(what: &str, graph: &mut Graph, roots: &[NodeId]) {
    let before = simplify::measure(graph, roots);
    let mut firings = 0;
    let (roots, _) = simplify::simplify_seen(graph, roots, &mut |graph, firing| {
        firings += 1;
        let [old, new] = [firing.before, firing.after].map(|n| simplify::measure(graph, &[n]));
        assert!(new < old, "{what}: `{}` takes the measure from {old} to {new}", firing.rule.name);
    });
    let after = simplify::measure(graph, &roots);
    assert!(firings == 0 || after < before, "{what}: the measure went from {before} to {after}");
}

#[test]
fn the_measure_falls_with_each_firing() {
    for rule in simplify::ALL {
        let (mut graph, node) = lowered(rule.trigger);
        simplified_and_falling(rule.name, &mut graph, &[node]);
    }
}

#[test]
fn the_measure_falls_on_the_catalog_and_its_derivatives() {
    for entry in catalog::all().iter().filter(|e| !e.kind.is_function()) {
        let required = entry.definition.params.iter().filter(|p| p.default.is_none()).count();
        let arguments = vec!["c"; required].join(", ");
        let text = CostText {
            expr: format!("{}({arguments})", entry.name()),
            hyper: vec!["c".to_owned()],
            tensors: vec![(front::declaration("w", DeclaredShape::Matrix(None)), Role::Weight)],
            ..CostText::default()
        };
        let cost = text.lower().unwrap_or_else(|e| panic!("{}: {e}", text.expr));
        let (mut graph, a, w) = (cost.graph, cost.a, cost.tensors[0].node);
        let (mut roots, _) = simplify::stabilise(&mut graph, &[cost.data, cost.penalty]);
        let total = pipeline::total(&mut graph, &roots);
        roots.extend(diff::gradient(&mut graph, total, &[a, w]));
        simplified_and_falling(&text.expr, &mut graph, &roots);
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = simplify::ALL.iter().map(|r| r.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), simplify::ALL.len());
}
