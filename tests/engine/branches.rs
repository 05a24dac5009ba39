//! The branch of a `where` that is not taken has no share in value and derivatives: whatever stands there,
//! numbers that are none and matrices without an inverse among them, what comes out is what comes out with
//! harmless data there. Interpreted, and by generated code of every policy.

use crate::compiled::plans;
use crate::compiled::{self, Module};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;
use gradsmith_test_support::expression::Rng;
use gradsmith_test_support::numbers::difference;
use gradsmith_test_support::untaken::{self, BY_ENTRY, BY_NUMBER, DATA, sound};

/// Choices within choices that are tried.
const SEEDS: u64 = 24;

struct Subject {
    graph: gradsmith_compiler::ir::Graph,
    nodes: Vec<(String, NodeId)>,
}

fn subject(expr: &str) -> Subject {
    let text = ObjectiveText {
        expr: expr.to_owned(),
        variables: parse::declarations(&untaken::declarations(), SourceId::Declarations)
            .expect("declarations"),
        wrt: ["s", "t", "w", "A", "S", "v", "x", "B"]
            .map(|n| (n.to_owned(), objective::whole(expr)))
            .to_vec(),
        ..ObjectiveText::default()
    };
    let p = text.program().unwrap_or_else(|e| panic!("{expr}\n{e}"));
    let named = |what: &str, nodes: Vec<NodeId>| -> Vec<(String, NodeId)> {
        nodes.into_iter().enumerate().map(|(k, n)| (format!("{what}{k}"), n)).collect()
    };
    let mut nodes = vec![("value".to_owned(), p.value)];
    nodes.extend(named("gradient", p.gradient));
    nodes.extend(named("product", p.hessian_product));
    nodes.extend(named("hessian", p.hessian.concat()));
    Subject { graph: p.graph, nodes }
}

/// The data, spoilt or harmless, with directions for the Hessian's products.
fn data(spoilt: bool) -> Vec<(String, Tensor)> {
    let tensor = |shape: &[usize], data: &[f64]| Tensor::new(shape.to_vec(), data.to_vec());
    let mut all = Vec::new();
    for (name, shape, bad, good) in DATA {
        all.push((name.to_owned(), tensor(shape, if spoilt { bad } else { good })));
        let direction: Vec<f64> = (0..good.len()).map(|k| 0.3 + 0.2 * k as f64).collect();
        all.push((format!("v_{name}"), tensor(shape, &direction)));
    }
    all
}

fn check(name: &str, texts: &[&str]) {
    let (spoilt, harmless) = (data(true), data(false));
    let [spoilt, harmless] =
        [&spoilt, &harmless].map(|d| d.iter().map(|(n, t)| (n.clone(), t)).collect::<Named<&Tensor>>());
    let mut failed = Vec::new();
    let mut modules: Vec<Module> = Vec::new();
    let mut wanted = Vec::new();
    for (k, text) in texts.iter().enumerate() {
        let Subject { graph, nodes } = subject(text);
        let bare: Vec<NodeId> = nodes.iter().map(|(_, n)| *n).collect();
        let want = plans::interpreted(&graph, &bare, &harmless);
        assert!(want.iter().flatten().all(|v| v.is_finite()), "{text}: harmless data are none");
        let mut compare = |road: &str, got: &[Vec<f64>]| {
            for ((name, _), (got, want)) in nodes.iter().zip(got.iter().zip(&want)) {
                if let Some(d) = difference(got, want, 1e-10, 1.0) {
                    failed.push(format!("{text}, {road}: {name}: {d}"));
                }
            }
        };
        compare("interpreted", &plans::interpreted(&graph, &bare, &spoilt));
        // Value and gradient together, as a method computes them; second derivatives by themselves.
        let policy = [Policy::Blocks, Policy::Store, Policy::Recompute][k % 3];
        modules.push(plans::module(&graph, &nodes, &spoilt, policy));
        wanted.push((format!("{text}, {policy:?}"), nodes, want));
    }
    for ((text, nodes, want), got) in wanted.iter().zip(compiled::run(name, &modules)) {
        match got {
            Err(why) => failed.push(format!("{text}: {why}")),
            Ok(got) => {
                for ((name, _), (got, want)) in nodes.iter().zip(got.iter().zip(want)) {
                    failed.extend(difference(got, want, 1e-10, 1.0).map(|d| format!("{text}: {name}: {d}")));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn of_choices_within_choices_likewise() {
    let text = |seed| sound(&mut Rng::new(seed), 2 + seed as usize % 2);
    let texts: Vec<String> = (0..SEEDS).map(text).collect();
    check("branches-by-chance", &texts.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn of_a_choice_by_a_number_the_other_branch_is_not_evaluated() {
    check("branches-by-number", &BY_NUMBER);
}

#[test]
fn of_a_choice_by_entries_those_not_taken_have_no_share() {
    check("branches-by-entry", &BY_ENTRY);
}
