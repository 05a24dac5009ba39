//! Each element-wise function, called by generated code in a loop and alone, is the function of its row: none
//! is left out, also of those that no text can name.

use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::ir::{self, Graph, NodeId};
use gradsmith_compiler::ops;
use gradsmith_compiler::schedule::Policy;
use gradsmith_test_support::numbers::{difference, numbers};

/// In double precision, with a little for what std rounds otherwise.
const WITHIN: f64 = 1e-13;

/// So many that vectors of every width are filled, with a rest.
const POINTS: usize = 37;

/// The function of vectors and of scalars, and the arguments.
fn graph(op: &ops::ElementOp, row: u64) -> (Graph, Vec<(String, NodeId)>, Named<Tensor>) {
    let mut graph = Graph::default();
    let extent = graph.extents.constant(POINTS);
    let index = graph.extents.index(extent);
    let (mut vectors, mut scalars, mut data) = (Vec::new(), Vec::new(), Named::new());
    for k in 0..op.derivatives.len() {
        if op.name == "polygamma" && k == 0 {
            let order = graph.constant(ir::Number::int(2));
            vectors.push(order.clone());
            scalars.push(order);
            continue;
        }
        let (low, high) = op.domain;
        let mut drawn = numbers(POINTS + 1, 2 * row + k as u64).map(|x| low + (high - low) * (x + 1.0) / 2.0);
        let alone = drawn.next().unwrap_or(f64::NAN);
        let (vector, scalar) = (format!("x{k}"), format!("s{k}"));
        let node = graph.input(&vector, &[extent]);
        vectors.push(ir::Tensor::new(node, vec![index]));
        let node = graph.input(&scalar, &[]);
        scalars.push(ir::Tensor::new(node, Vec::new()));
        data.push((vector, Tensor { shape: vec![POINTS], data: drawn.collect() }));
        data.push((scalar, Tensor { shape: Vec::new(), data: vec![alone] }));
    }
    let nodes = [("looped", vectors), ("alone", scalars)]
        .map(|(name, args)| (name.to_owned(), graph.call(op.name, &args).node));
    (graph, nodes.into(), data)
}

#[test]
fn every_row_has_its_method() {
    let (mut modules, mut wanted) = (Vec::new(), Vec::new());
    for (row, op) in (0..).zip(ops::ALL) {
        let (graph, nodes, data) = graph(op, row);
        let data: Named<&Tensor> = data.iter().map(|(n, t)| (n.clone(), t)).collect();
        let bare: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
        wanted.push(plans::interpreted(&graph, &bare, &data));
        modules.push(plans::module(&graph, &nodes, &data, Policy::Store));
        let called = modules.iter().last().map(|m| m.body.to_string()).unwrap_or_default();
        for receiver in ["math", "single"] {
            let call = format!("{receiver} . {} (", op.name);
            assert!(called.contains(&call), "{} is not called on `{receiver}`:\n{called}", op.name);
        }
    }
    let mut failed = Vec::new();
    for ((op, want), got) in ops::ALL.iter().zip(&wanted).zip(compiled::run("functions", &modules)) {
        match got {
            Err(why) => failed.push(format!("{}: {why}", op.name)),
            Ok(got) => {
                assert_eq!(got.len(), want.len(), "{}", op.name);
                failed.extend(got.iter().zip(want).filter_map(|(got, want)| {
                    Some(format!("{}: {}", op.name, difference(got, want, WITHIN, 1.0)?))
                }));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
