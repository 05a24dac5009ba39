//! Sums over many terms in loops of three axes, compiled in single precision: along every choice of axes.

use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::codegen::Float;
use gradsmith_compiler::ir::{self, Graph, NodeId, Number};
use gradsmith_compiler::schedule::Policy;

#[test]
fn sums_along_any_axes() {
    let shape = [60, 70, 3];
    let mut graph = Graph::new();
    let extents = ["a", "b", "c"].map(|name| graph.extents.symbol(name));
    let node = graph.input("X", &extents);
    let axes = extents.map(|extent| graph.extents.index(extent));
    let mut nodes: Vec<(String, NodeId)> = Vec::new();
    for chosen in 0..7 {
        let kept: Vec<usize> = (0..3).filter(|axis| chosen >> axis & 1 == 1).collect();
        let out: Vec<ir::Index> = kept.iter().map(|&axis| axes[axis]).collect();
        let squares = [(ir::Tensor::new(node, axes.to_vec()), Number::TWO)];
        nodes.push((format!("sum_{chosen}"), graph.contract(Number::ONE, &squares, &out)));
    }
    // Alike for the most part, which running sums round alike.
    let number = |k: usize| if k.is_multiple_of(10) { 0.3 + (k % 97) as f32 / 97.0 } else { 0.9 };
    let data = (0..shape.iter().product()).map(|k| f64::from(number(k))).collect();
    let x = Tensor::new(shape.to_vec(), data);
    let data: Named<&Tensor> = vec![("X".to_owned(), &x)];

    let bare: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
    let want = plans::interpreted(&graph, &bare, &data);
    let policies = [Policy::Store, Policy::Blocks, Policy::Recompute];
    let modules = policies.map(|policy| plans::module_in(Float::F32, &graph, &nodes, &data, policy));
    let code = modules[0].body.to_string();
    for kind in ["Running", "Runs", "Total :: add_to", "add_lanes"] {
        assert!(code.contains(kind), "no {kind}");
    }
    for (policy, got) in policies.iter().zip(compiled::run("long_loops", &modules)) {
        let got = got.unwrap_or_else(|why| panic!("{policy:?}: {why}"));
        for ((name, _), (want, got)) in nodes.iter().zip(want.iter().zip(&got)) {
            assert_eq!(want.len(), got.len(), "{policy:?} {name}");
            for (k, (want, got)) in want.iter().zip(got).enumerate() {
                let error = (got - want).abs() / want / f64::from(f32::EPSILON);
                assert!(error <= 32.0, "{policy:?} {name} {k}: {got} for {want}, {error:.1} ε");
            }
        }
    }
}
