//! What is looked for by chance, as functions of bytes: under `cargo fuzz`, which finds bytes that reach new code,
//! and in this package's own tests, on bytes drawn at random.

use gradsmith_compiler::derive::{derive_cost, derive_network, derive_objective};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_test_support::expression::{Rng, VARIABLES, declarations, program};
use proc_macro2::TokenStream;
use quote::quote;

/// Any text, as a cost, as a network's formulas and as an objective: derived or refused, never a panic. The derives
/// catch panics, and say that they did.
///
/// # Panics
/// Where a derive has panicked.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (which, text) = text.split_at(text.char_indices().nth(1).map_or(0, |(at, _)| at));
    let derived = match which.bytes().next().unwrap_or(0) % 4 {
        0 => derive_cost(quote!(
            #[cost(#text)]
            struct Model {
                lambda: f64,
                mu: f64,
            }
        )),
        1 => derive_network(quote!(
            #[network(#text, x: 3, W: 2 x 3, V: 2 x 2, c: 2)]
            #[cost(quadratic + l2(lambda))]
            struct Model {
                lambda: f64,
            }
        )),
        2 => derive_network(quote!(
            #[network(#text)]
            #[cost(cross_entropy)]
            struct Model {}
        )),
        _ => derive_objective(quote!(
            #[objective(#text, wrt(w: vector, s: scalar))]
            struct Model {
                X: Array2<f64>,
                y: Array1<f64>,
                lambda: f64,
            }
        )),
    };
    let said = derived.to_string();
    let defects = ["a defect of its own", "lost a value", "an error it cannot name"];
    assert!(!defects.iter().any(|defect| said.contains(defect)), "{text}: {said}");
    assert!(said.parse::<TokenStream>().is_ok(), "{text}: {said}");
}

/// A formula drawn by the bytes: the rules end, and neither its value nor its derivatives become no numbers where what
/// was written has a value; where all is moderate they agree.
///
/// # Panics
/// Where they do not.
pub fn simplified(data: &[u8]) {
    let mut rng = Rng::of(data);
    let depth = 1 + rng.below(5);
    let expr = program(&mut rng, depth);
    let declarations = declarations(false);
    let text = ObjectiveText { expr: expr.clone(), declarations, ..ObjectiveText::default() };
    // Refused: a constant that is not finite, or one that nothing depends on.
    let Ok(lowered) = text.lower() else { return };
    let d = Derivatives::of(lowered.graph.clone(), lowered.value, &lowered.wrt);
    assert!(!d.log.gave_up, "the rules do not end: {expr}");
    let special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0];
    for round in 0..3 {
        let inputs: Vec<Vec<f64>> = VARIABLES
            .iter()
            .map(|(_, s)| {
                let n = s.iter().product();
                let mut draw = || if round == 0 { rng.number() } else { special[rng.below(special.len())] };
                let tied = draw();
                (0..n).map(|_| if round == 2 { tied } else { draw() }).collect()
            })
            .collect();
        let (before, moderate) = values(&lowered.graph, lowered.value, &inputs);
        let (after, _) = values(&d.graph, d.value, &inputs);
        let scale = before.abs().max(1.0);
        // What is written overflows or is undefined somewhere on its way: the simplified may do better.
        if !moderate {
            continue;
        }
        assert!((before - after).abs() <= 1e-8 * scale, "{expr}\nis {after}, not {before}, at {inputs:?}");
    }
}

/// The value, and whether all nodes on the way to it are finite and of moderate size.
fn values(graph: &Graph, node: NodeId, inputs: &[Vec<f64>]) -> (f64, bool) {
    let sizes = Sizes::new();
    let mut evaluator = Evaluator::new(graph, inputs, &sizes);
    let moderate =
        graph.reachable(&[node]).into_iter().all(|id| evaluator.eval(id).iter().all(|x| x.abs() < 1e6));
    (evaluator.scalar(node), moderate)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many inputs for each target.
    const INPUTS: u64 = 500;

    fn bytes(seed: u64) -> Vec<u8> {
        let mut rng = Rng::new(seed);
        (0..8 + rng.below(120)).map(|_| rng.below(256) as u8).collect()
    }

    #[test]
    fn formulas() {
        (0..INPUTS).for_each(|seed| simplified(&bytes(seed)));
    }

    #[test]
    fn texts() {
        const PIECES: [&str; 40] = [
            "(",
            ")",
            "'",
            "*",
            ".*",
            "./",
            "^",
            ".^",
            "-",
            "+",
            "/",
            ",",
            ";",
            "=",
            "<",
            "==",
            "->",
            ":",
            "1",
            "0",
            "1e-3",
            "eye",
            "pi",
            "w",
            "X",
            "y",
            "a",
            "λ",
            "l2(",
            "sum(",
            "where(",
            "k",
            "§",
            ".",
            "quadratic",
            "norm2(",
            "3 -> 2 sigmoid",
            "a = ",
            "inv(",
            "max(",
        ];
        for seed in 0..INPUTS {
            let mut rng = Rng::new(seed);
            let mut input = String::from(rng.pick(&["0", "1", "2", "3"]));
            for _ in 0..1 + rng.below(14) {
                input.push_str(rng.pick(&PIECES));
                input.push_str(rng.pick(&["", " "]));
            }
            text(input.as_bytes());
            text(&bytes(seed));
        }
    }
}
