//! Random objectives, planned by every policy: generated code, compiled, agrees with the interpreter. (Those
//! of `derives` go through the derives, with data of all kinds.)

use crate::compiled;
use crate::compiled::plans;
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::schedule::Policy;
use gradsmith_test_support::expression::{Rng, VARIABLES};
use gradsmith_test_support::numbers::difference;
use gradsmith_test_support::{deep, expression};

/// How far generated code may be from the interpreter, relative to the largest entry of an array.
const WITHIN: f64 = 1e-9;

fn tensor(rng: &mut Rng, shape: &[usize]) -> Tensor {
    Tensor::new(shape.to_vec(), (0..shape.iter().product()).map(|_| rng.number()).collect())
}

/// An objective of all variables that random expressions have, with symbols or numbers for their extents.
pub(super) fn over_variables(expr: &str, symbolic: bool) -> ObjectiveText {
    let declarations = expression::declarations(symbolic);
    ObjectiveText { expr: expr.to_owned(), declarations, ..ObjectiveText::default() }
}

#[test]
fn objectives() {
    let mut modules = Vec::new();
    let mut wanted: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    for seed in 0..80 {
        let mut rng = Rng::new(seed);
        let symbolic = seed % 2 == 0;
        let policy = [Policy::Store, Policy::Blocks, Policy::Recompute, Policy::Recompute][seed as usize % 4];
        let expr = if seed % 5 == 0 {
            deep::deep(&mut rng, 30)
        } else {
            expression::program(&mut rng, 3 + seed as usize % 4)
        };
        let lowered = over_variables(&expr, symbolic).lower().unwrap_or_else(|e| panic!("{expr}\n{e}"));
        let mut d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
        // Every third with its Hessian's product with a direction.
        let all: Vec<usize> = (0..VARIABLES.len()).collect();
        let product = if seed % 3 == 0 { d.hessian_product(&all) } else { Vec::new() };
        let data: Named<Tensor> = (["", "v_"].iter())
            .flat_map(|of| VARIABLES.iter().map(move |(name, s)| (format!("{of}{name}"), s)))
            .map(|(name, s)| (name, tensor(&mut rng, s)))
            .collect();
        let data: Named<&Tensor> = data.iter().map(|(n, t)| (n.clone(), t)).collect();
        let mut nodes: Vec<(String, NodeId)> = vec![("value".to_owned(), d.value)];
        nodes.extend(VARIABLES.iter().zip(&d.gradient).map(|((n, _), g)| (format!("grad_{n}"), *g)));
        nodes.extend(VARIABLES.iter().zip(&product).map(|((n, _), p)| (format!("product_{n}"), *p)));
        let bare: Vec<NodeId> = nodes.iter().map(|(_, n)| *n).collect();
        let want = plans::interpreted(&d.graph, &bare, &data);
        if want.iter().flatten().any(|v| !v.is_finite() || v.abs() > 1e6) {
            continue;
        }
        modules.push(plans::module(&d.graph, &nodes, &data, policy));
        wanted.push((format!("{policy:?}, symbolic extents: {symbolic}: {expr}"), want));
    }
    assert!(modules.len() > 60, "only {} expressions are moderate", modules.len());
    let mut failed = Vec::new();
    for ((expr, want), got) in wanted.iter().zip(compiled::run("random-objectives", &modules)) {
        match got {
            Err(why) => failed.push(format!("{expr}: {why}")),
            Ok(got) => {
                for (k, (got, want)) in got.iter().zip(want).enumerate() {
                    failed.extend(
                        difference(got, want, WITHIN, 1.0).map(|d| format!("{expr}: array {k}: {d}")),
                    );
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
