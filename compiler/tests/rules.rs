//! Every rewrite rule keeps its word: both sides agree over its domain, its own left side makes it fire, and the
//! measure falls.

use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::simplify::{self, Rule};
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;

const VARIABLES: &str = "x: vector[3], y: vector[3], u: vector[3], v: vector[3], s: scalar";

fn lowered(text: &str) -> (Graph, NodeId) {
    let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
    let variables = parse::declarations(VARIABLES, SourceId::Declarations).expect("declarations");
    let lowered = objective::lower(text, &program, &[], &variables, &[], objective::Wanted::Scalar)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    (lowered.graph, lowered.value)
}

fn value(graph: &Graph, node: NodeId, rule: &Rule, sample: usize) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(sample as u64 + 1);
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        rule.sample.0 + unit * (rule.sample.1 - rule.sample.0)
    };
    let inputs: Vec<Vec<f64>> = [3, 3, 3, 3, 1].map(|n| (0..n).map(|_| draw()).collect()).to_vec();
    Evaluator::new(graph, &inputs, &Sizes::new()).scalar(node)
}

#[test]
fn both_sides_agree_over_the_domain() {
    for rule in simplify::ALL {
        let (left, l) = lowered(rule.lhs);
        let (right, r) = lowered(rule.rhs);
        let mut simple = left.clone();
        let (roots, _) = simplify::simplify(&mut simple, &[l]);
        for sample in 0..40 {
            let want = value(&left, l, rule, sample);
            for (what, got) in [
                ("right side", value(&right, r, rule, sample)),
                ("simplified", value(&simple, roots[0], rule, sample)),
            ] {
                let error = (got - want).abs();
                assert!(error <= 1e-12 * want.abs().max(1.0), "{}: {what} is {got}, not {want}", rule.name);
            }
        }
    }
}

#[test]
fn the_statement_makes_the_rule_fire_and_the_measure_fall() {
    for rule in simplify::ALL {
        let (mut graph, node) = lowered(rule.lhs);
        let before = simplify::measure(&graph, &[node]);
        let (roots, log) = simplify::simplify(&mut graph, &[node]);
        let after = simplify::measure(&graph, &roots);
        // What the constructors fold by themselves never reaches its rule: the statement is then their test.
        if before > 0 {
            assert!(
                log.fired.iter().any(|(n, _)| *n == rule.name),
                "{} did not fire: {:?}",
                rule.name,
                log.fired
            );
            assert!(after < before, "{}: the measure went from {before} to {after}", rule.name);
        }
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = simplify::ALL.iter().map(|r| r.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), simplify::ALL.len());
}
