//! Random objectives, costs and networks: generated code, compiled, agrees with the interpreter.

use crate::compiled;
use crate::compiled::plans;
use cargo_gradsmith::cases::compare::Tolerance;
use cargo_gradsmith::cases::{Body, Case, Cost, Named, Network, Tensor};
use gradsmith_compiler::catalog;
use gradsmith_compiler::codegen::Float;
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::{Graph, NodeId, Op};
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_test_support::expression::{Rng, VARIABLES};
use gradsmith_test_support::numbers::{agree, difference};
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

/// What has limits, poles, kinks or a convention at special points, of a vector `@`.
const SPECIAL: [&str; 27] = [
    "sum(sqrt(abs(@)))",
    "sum(log(@))",
    "sum(1 ./ @)",
    "sum(@ ./ (@ + y))",
    "sum(@ .^ 3 .* sign(@))",
    "sum(abs(@) .^ q)",
    "sum(square(@) .^ q)",
    "sum(@ .^ -2)",
    "sum(lgamma(@))",
    "sum(digamma(@) .* x)",
    "sum(y .* log(@))",
    "norm2(@)",
    "norm2(@)^3",
    "@' * x / norm2(@)",
    "norm_inf(@)",
    "norm1(@)*norm2(@)",
    "max(@)",
    "min(@) - max(@)^2",
    "sum(max(@, x))",
    "sum(min(@, 0) .* relu(@))",
    "logsumexp(@)",
    "dot(y, log_softmax(@))",
    "sum(where(@ == x, x, y .* @))",
    "sum(clip(@, -1, 1) .* @)",
    "sum(asin(@))",
    "sum(tanh(@) ./ @)",
    "sum(softplus(@) - log(1 + exp(@)))",
];

/// A few of these, of what random expressions make of the variables.
fn special_program(rng: &mut Rng) -> String {
    let mut terms = Vec::new();
    for _ in 0..1 + rng.below(2) {
        let depth = rng.below(3);
        terms.push(rng.pick(&SPECIAL).replace('@', &expression::expression(rng, &[3], depth)));
    }
    let around = rng.pick(&["%", "%", "%", "exp(%)", "(%)^2", "s*(%)", "det(A)*(%)", "where(s > 0, %, s)"]);
    around.replace('%', &terms.join(" + "))
}

/// Numbers where functions are special; with huge and tiny ones of this size, if one is given.
fn special_number(rng: &mut Rng, size: Option<f64>) -> f64 {
    let own = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0];
    match size {
        Some(size) if rng.below(3) == 0 => [size, -size, 1.0 / size, -1.0 / size][rng.below(4)],
        _ => own[rng.below(own.len())],
    }
}

/// Entries drawn one by one, or all equal.
fn special_tensor(rng: &mut Rng, shape: &[usize], size: Option<f64>) -> Tensor {
    let n: usize = shape.iter().product();
    let first = special_number(rng, size);
    let tied = rng.below(4) == 0;
    let data = (0..n).map(|_| if tied { first } else { special_number(rng, size) }).collect();
    Tensor { shape: shape.to_vec(), data }
}

/// The greatest of all nodes of the interpreted graph, and of the powers in its products; and the least that
/// is not 0.
fn extremes(graph: &Graph, roots: &[NodeId], data: &Named<&Tensor>) -> (f64, f64) {
    let nodes = graph.reachable(roots);
    let (mut greatest, mut least) = (0.0_f64, f64::INFINITY);
    let values = plans::interpreted(graph, &nodes, data);
    let mut seen = |value: f64| {
        greatest = if value.is_nan() { f64::INFINITY } else { greatest.max(value.abs()) };
        least = if value == 0.0 { least } else { least.min(value.abs()) };
    };
    values.iter().flatten().for_each(|v| seen(*v));
    for &node in &nodes {
        let Op::Product { factors, .. } = graph.op(node) else { continue };
        for f in factors.iter().filter(|f| !f.power.is_one()) {
            let base = nodes.iter().position(|n| *n == f.operand.node).map_or(&[][..], |k| &values[k]);
            base.iter().filter(|v| **v != 0.0).for_each(|v| seen(v.abs().powf(f.power.to_f64())));
        }
    }
    (greatest, least)
}

/// Programs at special points, in this precision.
///
/// The interpreter evaluates the graph that is planned, so that only the order of sums and products and fused
/// multiplications may differ. With moderate arguments, these are errors of rounding, relative to the largest
/// of the results (of all nodes, where some arguments are huge); what is infinite or no number is so by both roads. Where a node is huge or tiny, a product
/// in another order may be out of range on the way: then one of the results may be no finite number. In single
/// precision only what has all nodes in range is compared, since the interpreter has a wider one.
fn special(name: &str, float: Float, seeds: std::ops::Range<u64>, size: Option<f64>, within: f64) {
    let single = matches!(float, Float::F32);
    let mut modules = Vec::new();
    let mut wanted: Vec<(String, Option<f64>, Vec<Vec<f64>>)> = Vec::new();
    for seed in seeds {
        let mut rng = Rng::new(seed);
        let expr = special_program(&mut rng);
        let shape = |shape: &[usize]| match *shape {
            [n] => DeclaredShape::Vector(Some(DeclaredExtent::Constant(n))),
            [n, m] => DeclaredShape::Matrix(Some((DeclaredExtent::Constant(n), DeclaredExtent::Constant(m)))),
            _ => DeclaredShape::Scalar,
        };
        let text = ObjectiveText {
            expr: expr.clone(),
            variables: VARIABLES.iter().map(|(name, s)| declaration(name, shape(s))).collect(),
            wrt: VARIABLES.iter().map(|(name, _)| ((*name).to_owned(), objective::whole(&expr))).collect(),
            ..ObjectiveText::default()
        };
        let lowered = match text.lower() {
            Ok(lowered) => lowered,
            // x - x below a fraction: a constant that is none is refused.
            Err(e) if e.to_string().contains("is a constant that is") => continue,
            Err(e) => panic!("{expr}\n{e}"),
        };
        let mut d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
        let all: Vec<usize> = (0..VARIABLES.len()).collect();
        let product = if seed % 2 == 0 { d.hessian_product(&all) } else { Vec::new() };
        let mut data: Named<Tensor> =
            VARIABLES.iter().map(|(n, s)| ((*n).to_owned(), special_tensor(&mut rng, s, size))).collect();
        data.extend(VARIABLES.iter().map(|(n, s)| (format!("v_{n}"), tensor(&mut rng, s))));
        if single {
            data.iter_mut().flat_map(|(_, t)| &mut t.data).for_each(|x| *x = f64::from(*x as f32));
        }
        let at: Vec<String> = data[..VARIABLES.len()]
            .iter()
            .filter(|(n, _)| expr.contains(n.as_str()))
            .map(|(n, t)| format!("{n} = {:?}", t.data))
            .collect();
        let data: Named<&Tensor> = data.iter().map(|(n, t)| (n.clone(), t)).collect();
        let mut nodes: Vec<(String, NodeId)> = vec![("value".to_owned(), d.value)];
        nodes.extend(VARIABLES.iter().zip(&d.gradient).map(|((n, _), g)| (format!("grad_{n}"), *g)));
        nodes.extend(VARIABLES.iter().zip(&product).map(|((n, _), p)| (format!("product_{n}"), *p)));
        let bare: Vec<NodeId> = nodes.iter().map(|(_, n)| *n).collect();
        let want = plans::interpreted(&d.graph, &bare, &data);
        let (greatest, least) = extremes(&d.graph, &bare, &data);
        let moderate = size.is_none_or(|size| greatest < size.powf(1.2) && least > size.powf(-1.2));
        let policy = [Policy::Store, Policy::Blocks, Policy::Recompute][seed as usize % 3];
        modules.push(plans::module_in(float.clone(), &d.graph, &nodes, &data, policy));
        wanted.push((
            format!("{policy:?}, seed {seed}: {expr} at {}", at.join(", ")),
            moderate.then_some(greatest),
            want,
        ));
    }
    let mut failed = Vec::new();
    let strict = wanted.iter().filter(|(_, moderate, _)| moderate.is_some()).count();
    assert!(4 * strict > wanted.len(), "of only {strict} programs all nodes are moderate");
    for ((expr, moderate, want), got) in wanted.iter().zip(compiled::run(name, &modules)) {
        let got = match got {
            Err(why) => {
                failed.push(format!("{expr}: {why}"));
                continue;
            }
            Ok(got) => got,
        };
        if single && moderate.is_none() {
            continue;
        }
        let results = want.iter().flatten().filter(|w| w.is_finite());
        let results = results.fold(0.0, |m: f64, w| m.max(w.abs()));
        // What cancels leaves the rounding of what there was.
        let scale = moderate.filter(|m| size.is_some() && m.is_finite()).unwrap_or(0.0).max(results);
        for (k, (got, want)) in got.iter().zip(want).enumerate() {
            for (j, (&got, &want)) in got.iter().zip(want).enumerate() {
                let alike = agree(got, want, within) || (got - want).abs() <= within * scale;
                let either = got.is_finite() && want.is_finite();
                if !alike && (moderate.is_some() || either) {
                    failed.push(format!("{expr}: array {k}, entry {j}: {got:e}, interpreted {want:e}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn objectives_at_special_points() {
    special("special-objectives", Float::F64, 20_000..20_900, None, 1e-9);
}

#[test]
fn objectives_at_huge_and_tiny_points() {
    special("huge-objectives", Float::F64, 21_000..21_400, Some(1e300), 1e-9);
}

#[test]
fn objectives_at_huge_and_tiny_points_in_single_precision() {
    special("single-objectives", Float::F32, 22_000..22_500, Some(1e30), 1e-4);
}

/// Runs cases with what the interpreter says of them; every disagreement at once.
fn agree_all(name: &str, cases: Vec<Case>) {
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
    agree_all("random-costs", cases.collect());
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
    agree_all("random-networks", cases.collect());
}
