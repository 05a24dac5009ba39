//! Each element-wise function, called by generated code in a loop and alone, is the function of its row: none
//! is left out, also of those that no text can name; and so are its first and second derivatives, at special
//! points too.

use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::diff;
use gradsmith_compiler::ir::{self, Graph, NodeId, Number};
use gradsmith_compiler::ops;
use gradsmith_compiler::schedule::Policy;
use gradsmith_test_support::numbers::{agree, difference, numbers};

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
        if op.takes_order() && k == 0 {
            let order = graph.constant(Number::int(2));
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
        data.push((vector, Tensor::new(vec![POINTS], drawn.collect())));
        data.push((scalar, Tensor::new(Vec::new(), vec![alone])));
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

/// Where functions of one argument have limits, poles, kinks and ends of their range.
fn special() -> Vec<f64> {
    let positive = [
        0.0,
        5e-324,
        1e-310,
        1e-300,
        1e-160,
        1e-30,
        1e-10,
        1e-5,
        0.25,
        0.5,
        0.999_999,
        1.0,
        1.000_001,
        1.5,
        2.0,
        2.000_01,
        2.5,
        3.0,
        4.0,
        5.0,
        7.5,
        10.0,
        30.0,
        170.5,
        700.0,
        745.0,
        1e5,
        1e10,
        1e30,
        1e160,
        1e300,
        f64::MAX,
        f64::INFINITY,
    ];
    let mut all: Vec<f64> = positive.iter().flat_map(|&x| [x, -x]).collect();
    all.push(f64::NAN);
    all
}

/// All pairs of these are where functions of two arguments are tried.
const PAIRED: [f64; 25] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    3.0,
    -3.0,
    0.5,
    -0.5,
    1.5,
    -2.5,
    1e-300,
    -1e-300,
    1e-10,
    5e-324,
    1e10,
    1e300,
    -1e300,
    1e-160,
    1e160,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Where functions of more than two are, each with all others.
const JOINED: [f64; 6] = [0.0, 1.0, 2.5, -2.0, 1e-200, 1e200];

/// Rows that only derivatives of others have, and the highest of their own derivatives that is no
/// difference of larger numbers: those of what users call are, to second order.
/// (Of the shares of powers, what comes of the exponent beside is 0·log 0, which rewriting makes 0.)
const LAST: [(&str, usize); 14] = [
    ("pow_share", 1),
    ("pow_share_square", 1),
    ("pow_share_slope", 1),
    ("log_exprel1", 1),
    ("log_exprel2", 0),
    ("inverse_mills", 1),
    ("inverse_mills_gap", 1),
    ("truncated_variance", 0),
    ("digamma_step", 1),
    ("trigamma_step", 0),
    ("rising_gap", 1),
    ("rising_gap_slope", 0),
    ("factorial_gap", 1),
    ("digamma_gap", 1),
];

/// A function with its derivatives of first and second order, of vectors, at special points.
fn with_derivatives(op: &ops::ElementOp) -> (Graph, Vec<(String, NodeId)>, Named<Tensor>) {
    let arity = op.derivatives.len() - usize::from(op.takes_order());
    let columns: Vec<Vec<f64>> = if arity == 1 {
        vec![special()]
    } else {
        let points: &[f64] = if arity == 2 { &PAIRED } else { &JOINED };
        let all = points.len().pow(arity as u32);
        let column = |k: u32| (0..all).map(move |at| points[at / points.len().pow(k) % points.len()]);
        (0..arity as u32).map(|k| column(k).collect()).collect()
    };
    let mut graph = Graph::default();
    let extent = graph.extents.constant(columns[0].len());
    let index = graph.extents.index(extent);
    let mut args = Vec::new();
    if op.takes_order() {
        args.push(graph.constant(Number::int(2)));
    }
    let (mut inputs, mut data) = (Vec::new(), Named::new());
    for (k, column) in columns.into_iter().enumerate() {
        let node = graph.input(&format!("x{k}"), &[extent]);
        inputs.push(node);
        args.push(ir::Tensor::new(node, vec![index]));
        data.push((format!("x{k}"), Tensor::new(vec![column.len()], column)));
    }
    let value = graph.call(op.name, &args).node;
    let mut nodes = vec![("value".to_owned(), value)];
    let summed = |graph: &mut Graph, node: NodeId| {
        let t = graph.whole(node);
        graph.contract(Number::ONE, &[(t, Number::ONE)], &[])
    };
    let total = summed(&mut graph, value);
    for (k, first) in diff::gradient(&mut graph, total, &inputs).into_iter().enumerate() {
        nodes.push((format!("by {k}"), first));
        let total = summed(&mut graph, first);
        for (j, second) in diff::gradient(&mut graph, total, &inputs).into_iter().enumerate() {
            nodes.push((format!("by {k} and {j}"), second));
        }
    }
    (graph, nodes, data)
}

#[test]
fn every_row_has_its_derivatives_at_special_points() {
    let (mut modules, mut wanted) = (Vec::new(), Vec::new());
    for op in ops::ALL {
        let (graph, nodes, data) = with_derivatives(op);
        let data_of: Named<&Tensor> = data.iter().map(|(n, t)| (n.clone(), t)).collect();
        let bare: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
        let want = plans::interpreted(&graph, &bare, &data_of);
        modules.push(plans::module(&graph, &nodes, &data_of, Policy::Store));
        wanted.push((op.name, nodes, data, want));
    }
    let mut failed = Vec::new();
    for ((name, nodes, data, want), got) in wanted.iter().zip(compiled::run("special-points", &modules)) {
        let got = got.unwrap_or_else(|why| panic!("{name}: {why}"));
        for (((what, _), got), want) in nodes.iter().zip(&got).zip(want) {
            for (k, (&got, &want)) in got.iter().zip(want).enumerate() {
                // Of what is out of range in second order, both say that it is no finite number.
                let order = what.matches("by").count() + what.matches("and").count();
                if LAST.iter().any(|(last, highest)| last == name && order > *highest) {
                    continue;
                }
                let out_of_range = order == 2 && !got.is_finite() && !want.is_finite();
                // And a constant factor brings the greatest number there is out of range at once.
                let greatest = order > 0 && data.iter().any(|(_, t)| t.data[k].abs() == f64::MAX);
                if !agree(got, want, WITHIN) && !out_of_range && !greatest {
                    let at: Vec<f64> = data.iter().map(|(_, t)| t.data[k]).collect();
                    failed.push(format!("{name}, {what} at {at:?}: compiled {got:e}, interpreted {want:e}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}
