//! Random objectives, costs and networks: generated code, compiled, agrees with the interpreter.

use crate::compiled;
use crate::compiled::plans;
use cargo_gradsmith::cases::compare::Tolerance;
use cargo_gradsmith::cases::{Body, Case, Cost, Named, Network, Tensor};
use gradsmith_compiler::catalog;
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_test_support::expression::{Rng, VARIABLES};
use gradsmith_test_support::numbers::difference;
use gradsmith_test_support::{deep, expression};

/// How far generated code may be from the interpreter, relative to the largest entry of an array.
const WITHIN: f64 = 1e-9;

fn tensor(rng: &mut Rng, shape: &[usize]) -> Tensor {
    Tensor { shape: shape.to_vec(), data: (0..shape.iter().product()).map(|_| rng.number()).collect() }
}

#[test]
fn objectives() {
    let mut modules = Vec::new();
    let mut wanted: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    for seed in 0..160 {
        let mut rng = Rng::new(seed);
        let symbolic = seed % 2 == 0;
        let policy = [Policy::Store, Policy::Blocks, Policy::Recompute, Policy::Recompute][seed as usize % 4];
        let expr = if seed % 5 == 0 {
            deep::deep(&mut rng, 30)
        } else {
            expression::program(&mut rng, 3 + seed as usize % 4)
        };
        let extent = |n: usize| {
            if symbolic { DeclaredExtent::Symbol(format!("n{n}")) } else { DeclaredExtent::Constant(n) }
        };
        let shape = |shape: &[usize]| match *shape {
            [n] => DeclaredShape::Vector(Some(extent(n))),
            [n, m] => DeclaredShape::Matrix(Some((extent(n), extent(m)))),
            _ => DeclaredShape::Scalar,
        };
        let text = ObjectiveText {
            expr: expr.clone(),
            variables: VARIABLES.iter().map(|(name, s)| declaration(name, shape(s))).collect(),
            wrt: VARIABLES.iter().map(|(name, _)| ((*name).to_owned(), objective::whole(&expr))).collect(),
            ..ObjectiveText::default()
        };
        let lowered = text.lower().unwrap_or_else(|e| panic!("{expr}\n{e}"));
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
    assert!(modules.len() > 120, "only {} expressions are moderate", modules.len());
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

/// Runs cases with what the interpreter says of them; every disagreement at once.
fn agree(name: &str, cases: Vec<Case>) {
    let mut subjects = Vec::new();
    for mut case in cases {
        compiled::cases::want_what_is_interpreted(&mut case.body)
            .unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let value = match &case.body {
            Body::Cost(c) => c.value,
            Body::Network(n) => n.value,
            Body::Objective(_) | Body::Reject(_) => f64::NAN,
        };
        if !value.is_finite() {
            // The logarithm of an output that is exactly 0: the softmax of one.
            continue;
        }
        let subject = compiled::cases::subject(&case).expect("no case to be refused");
        let subject = subject.unwrap_or_else(|e| panic!("{}: {e}", case.name));
        subjects.push((case, subject));
    }
    let modules: Vec<_> = subjects.iter().map(|(_, s)| s.module.clone()).collect();
    let mut failed = Vec::new();
    for ((case, subject), outcome) in subjects.iter().zip(compiled::run(name, &modules)) {
        let found = subject.disagreements(case, &outcome);
        failed.extend(found.iter().map(|d| format!("{}: {d}", case.name)));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn case(name: String, body: Body) -> Case {
    Case { name, tolerance: Tolerance::Arrays { within: WITHIN }, required: true, body }
}

/// A call of a catalog entry, with numbers or hyper-parameters for what it asks.
fn call(rng: &mut Rng, entry: &catalog::Entry) -> String {
    let asked = entry.definition.params.iter().filter(|p| p.default.is_none()).count();
    let args: Vec<&str> = (0..asked).map(|_| rng.pick(&["0.3", "p", "q/2", "0.7*p"])).collect();
    if args.is_empty() { entry.name().to_owned() } else { format!("{}({})", entry.name(), args.join(", ")) }
}

fn entries(kind: catalog::Kind) -> Vec<&'static catalog::Entry> {
    catalog::all().iter().filter(|e| e.kind == kind).collect()
}

/// A loss, penalties, and something of its own.
fn cost_text(rng: &mut Rng, own: bool) -> String {
    let (losses, penalties) = (entries(catalog::Kind::Loss), entries(catalog::Kind::Penalty));
    let loss = losses[rng.below(losses.len())];
    let mut text = call(rng, loss);
    if rng.below(3) == 0 {
        text = format!("p*{text}");
    }
    for _ in 0..rng.below(3) {
        let penalty = penalties[rng.below(penalties.len())];
        text = format!("{text} {} {}", rng.pick(&["+", "-", "+ 2*"]), call(rng, penalty));
    }
    if own {
        let f = rng.pick(&["tanh", "sin", "softplus", "square", "abs", "gelu", "log1p", "sqrt"]);
        let of = rng.pick(&["a", "a .* y", "a + 2*y", "p*a", "a .* softmax(a)", "max(a, y)"]);
        let around = rng.pick(&["sum", "mean", "norm2", "max", "logsumexp"]);
        text = format!("{text} + {around}({f}({of}))");
    }
    if rng.below(4) == 0 {
        text = format!("{text} + q*k + log(1 + sum(w.^2)) + mean(cos(b))");
    }
    text
}

/// From 0.05 to 0.95: legal outputs and targets of every loss.
fn unit(rng: &mut Rng, shape: &[usize]) -> Tensor {
    let mut t = tensor(rng, shape);
    for v in &mut t.data {
        *v = 0.5 + 0.3 * *v;
    }
    t
}

#[test]
fn costs() {
    let cases = (0..60).map(|seed| {
        let mut rng = Rng::new(7000 + seed);
        let (m, k) = (1 + rng.below(5), [1, 3, 17, 40][rng.below(4)]);
        let (rows, cols) = ([1, 2, 20][rng.below(3)], [3, 35][rng.below(2)]);
        let expr = cost_text(&mut rng, seed % 2 == 0);
        let body = Cost {
            expr: expr.clone(),
            defines: Vec::new(),
            hyper: vec![("p".to_owned(), 0.4), ("q".to_owned(), 0.9)],
            a: unit(&mut rng, &[m, k]),
            y: unit(&mut rng, &[m, k]),
            weights: vec![
                ("w1".to_owned(), tensor(&mut rng, &[rows, cols])),
                ("w2".to_owned(), tensor(&mut rng, &[k, rows])),
            ],
            biases: vec![
                ("b1".to_owned(), tensor(&mut rng, &[rows])),
                ("b2".to_owned(), tensor(&mut rng, &[k])),
            ],
            value: 0.0,
            d_activation: Vec::new(),
            d_weight: Vec::new(),
            d_bias: Vec::new(),
        };
        case(format!("{seed}: {expr} (m {m}, k {k}, w {rows}×{cols})"), Body::Cost(body))
    });
    agree("random-costs", cases.collect());
}

#[test]
fn networks() {
    let mut activations = entries(catalog::Kind::Activation);
    activations.retain(|e| e.definition.params[1..].iter().all(|p| p.default.is_some()));
    let cases = (0..40).map(|seed| {
        let mut rng = Rng::new(9000 + seed);
        let widths = [1, 2, 3, 5, 8, 17, 33, 40];
        let depth = 1 + rng.below(5);
        let m = [1, 2, 7, 33][rng.below(4)];
        let mut width = widths[rng.below(8)];
        let x = tensor(&mut rng, &[m, width]);
        let mut network = width.to_string();
        let mut params: Named<Tensor> = Vec::new();
        for layer in 1..=depth {
            let next = if layer == depth { 1 + rng.below(4) } else { widths[rng.below(8)] };
            let activation = if layer == depth {
                rng.pick(&["sigmoid", "softmax"]).to_owned()
            } else if rng.below(3) == 0 {
                rng.pick(&["sigmoid", "tanh", "softmax", "sin", "linear", "atan"]).to_owned()
            } else {
                activations[rng.below(activations.len())].name().to_owned()
            };
            network = format!("{network} -> {next} {activation}");
            let mut w = tensor(&mut rng, &[next, width]);
            for v in &mut w.data {
                *v /= (width as f64).sqrt();
            }
            params.push((format!("w{layer}"), w));
            params.push((format!("b{layer}"), tensor(&mut rng, &[next])));
            width = next;
        }
        let cost = cost_text(&mut rng, seed % 3 == 0);
        let of =
            |letter: char| params.iter().map(|(n, _)| n.clone()).filter(|n| n.starts_with(letter)).collect();
        let body = Network {
            network: network.clone(),
            declarations: String::new(),
            cost: cost.clone(),
            defines: Vec::new(),
            hyper: vec![("p".to_owned(), 0.4), ("q".to_owned(), 0.9)],
            inputs: vec![("x".to_owned(), x)],
            y: unit(&mut rng, &[m, width]),
            weights: of('w'),
            biases: of('b'),
            params,
            value: 0.0,
            gradient: Vec::new(),
            product: None,
        };
        case(format!("{seed}: {network}, {cost} (m {m})"), Body::Network(body))
    });
    agree("random-networks", cases.collect());
}
