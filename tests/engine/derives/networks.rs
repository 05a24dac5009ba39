//! Random costs and networks, by the derives.

use super::{Derived, Drawn};
use crate::compiled;
use crate::compiled::cases::want_what_is_interpreted;
use cargo_gradsmith::cases::compare::Tolerance;
use cargo_gradsmith::cases::{Body, Case, Cost, Named, Network, Tensor};
use gradsmith_compiler::catalog;
use gradsmith_test_support::expression::Rng;
use gradsmith_test_support::formula::{CALM, GROWING};

/// How far generated code may be from the interpreter, relative to the largest entry of an array.
const WITHIN: f64 = 1e-9;

fn tensor(rng: &mut Rng, shape: &[usize]) -> Tensor {
    Tensor::new(shape.to_vec(), (0..shape.iter().product()).map(|_| rng.number()).collect())
}

/// From 0.05 to 0.95: legal outputs and targets of every loss.
fn unit(rng: &mut Rng, shape: &[usize]) -> Tensor {
    let mut t = tensor(rng, shape);
    for v in &mut t.data {
        *v = 0.5 + 0.3 * *v;
    }
    t
}

fn entries(kind: catalog::Kind) -> Vec<&'static catalog::Entry> {
    catalog::all().iter().filter(|e| e.kind == kind).collect()
}

/// A call of a catalog entry, with numbers or hyper-parameters for what it asks, and now and then for what it
/// does not.
fn call(rng: &mut Rng, entry: &catalog::Entry) -> String {
    let params = &entry.definition.params;
    let mut args: Vec<String> = Vec::new();
    for param in params.iter().filter(|p| p.default.is_none()) {
        let value = rng.pick(&["0.3", "p", "q/2", "0.7*p", "p^2 + 0.1"]);
        args.push(if rng.below(4) == 0 {
            format!("{} = {value}", param.name.name)
        } else {
            value.to_owned()
        });
    }
    // What has a name comes last.
    args.sort_by_key(|a| a.contains(" = "));
    if args.is_empty() { entry.name().to_owned() } else { format!("{}({})", entry.name(), args.join(", ")) }
}

/// A loss, penalties, and something of its own; with the definitions that it calls.
fn cost_text(rng: &mut Rng) -> (String, Vec<String>) {
    let (losses, penalties) = (entries(catalog::Kind::Loss), entries(catalog::Kind::Penalty));
    let mut defines = Vec::new();
    let loss = losses[rng.below(losses.len())];
    let mut text = call(rng, loss);
    if rng.below(3) == 0 {
        text = format!("p*{text}");
    }
    for _ in 0..rng.below(3) {
        let penalty = penalties[rng.below(penalties.len())];
        text = format!("{text} {} {}", rng.pick(&["+", "-", "+ 2*"]), call(rng, penalty));
    }
    if rng.below(2) == 0 {
        let f = if rng.below(2) == 0 { rng.pick(&CALM) } else { rng.pick(&GROWING) };
        let of = rng.pick(&["a", "a .* y", "a + 2*y", "p*a", "a .* softmax(a)", "max(a, y)", "(a - y)"]);
        let around = rng.pick(&["sum", "mean", "norm2", "max", "logsumexp", "norm1"]);
        text = format!("{text} + {around}({})", f.replace('@', of));
    }
    if rng.below(4) == 0 {
        text = format!("{text} + q*k + log(1 + sum(w.^2)) + mean(cos(b))");
    }
    if rng.below(3) == 0 {
        let f = rng.pick(&CALM).replace('@', "d*(a - y)");
        defines.push(format!("pull(d, of = 0.5) = of*mean(({f}) .* (a - y))"));
        text = format!("{text} + {}", rng.pick(&["pull(p)", "pull(of = q, d = 2)", "0.3*pull(1.5, p)"]));
    }
    if rng.below(4) == 0 {
        text = format!("ρ = a - y; {text} + {}", rng.pick(&["sum(ρ.^2 .* a)", "ρ'*ρ", "sum(rho.^4)/4"]));
    }
    (text, defines)
}

fn hyper() -> Named<f64> {
    vec![("p".to_owned(), 0.4), ("q".to_owned(), 0.9)]
}

/// Compiles the case, to be what the interpreter says.
fn drawn(text: String, body: Body) -> Drawn {
    let tolerance = Tolerance::Arrays { within: WITHIN };
    let mut case = Case { name: text.clone(), tolerance, required: true, body };
    if let Err(why) = want_what_is_interpreted(&mut case.body) {
        return Drawn::Refused { why, text };
    }
    let value = match &case.body {
        Body::Cost(c) => c.value,
        Body::Network(n) => n.value,
        Body::Objective(_) | Body::Reject(_) => f64::NAN,
    };
    if !value.is_finite() {
        // The logarithm of an output that is exactly 0: the softmax of one.
        return Drawn::Immoderate;
    }
    match compiled::cases::subject(&case) {
        None => panic!("{text}: no case for a derive"),
        Some(Err(why)) => Drawn::Refused { why, text },
        Some(Ok(subject)) => {
            let module = subject.module.clone();
            let check = move |outcome: &compiled::Outcome| {
                subject.disagreements(&case, outcome).iter().map(ToString::to_string).collect()
            };
            Drawn::Ready(Derived { text, module, check: Box::new(check) })
        }
    }
}

pub(super) fn cost(rng: &mut Rng) -> Drawn {
    let (m, k) = (1 + rng.below(5), [1, 3, 17, 40][rng.below(4)]);
    let (rows, cols) = ([1, 2, 20][rng.below(3)], [3, 35][rng.below(2)]);
    let (expr, defines) = cost_text(rng);
    let body = Cost {
        expr: expr.clone(),
        defines: defines.clone(),
        hyper: hyper(),
        a: unit(rng, &[m, k]),
        y: unit(rng, &[m, k]),
        weights: vec![
            ("w1".to_owned(), tensor(rng, &[rows, cols])),
            ("w2".to_owned(), tensor(rng, &[k, rows])),
        ],
        biases: vec![("b1".to_owned(), tensor(rng, &[rows])), ("b2".to_owned(), tensor(rng, &[k]))],
        value: 0.0,
        d_activation: Vec::new(),
        d_weight: Vec::new(),
        d_bias: Vec::new(),
    };
    drawn(format!("cost {expr}, {defines:?} (m {m}, k {k}, w {rows}×{cols})"), Body::Cost(body))
}

fn weight(rng: &mut Rng, rows: usize, cols: usize) -> Tensor {
    let mut w = tensor(rng, &[rows, cols]);
    for v in &mut w.data {
        *v /= (cols as f64).sqrt();
    }
    w
}

/// The layers of a network, drawn.
#[derive(Default)]
struct Layers {
    network: String,
    declarations: String,
    inputs: Named<Tensor>,
    params: Named<Tensor>,
    weights: Vec<String>,
    biases: Vec<String>,
    outputs: usize,
}

fn activation(rng: &mut Rng) -> String {
    let all = entries(catalog::Kind::Activation);
    let all: Vec<_> =
        all.iter().filter(|e| e.definition.params[1..].iter().all(|p| p.default.is_some())).collect();
    match rng.below(4) {
        0 => rng.pick(&["sigmoid", "tanh", "softmax", "sin", "linear", "atan", "erf"]).to_owned(),
        1 => rng.pick(&["leaky_relu(0.2)", "elu(alpha = 0.7)", "softplus", "clip(-1, 1)"]).to_owned(),
        _ => all[rng.below(all.len())].name().to_owned(),
    }
}

/// `4 -> 8 tanh -> 2 softmax`
fn arrows(rng: &mut Rng, m: usize) -> Layers {
    let widths = [1, 2, 3, 5, 8, 17, 33, 40];
    let depth = 1 + rng.below(5);
    let mut width = widths[rng.below(8)];
    let mut layers = Layers { network: width.to_string(), ..Layers::default() };
    layers.inputs.push(("x".to_owned(), tensor(rng, &[m, width])));
    for layer in 1..=depth {
        let last = layer == depth;
        let next = if last { 1 + rng.below(4) } else { widths[rng.below(8)] };
        let f = if last { rng.pick(&["sigmoid", "softmax"]).to_owned() } else { activation(rng) };
        layers.network = format!("{} -> {next} {f}", layers.network);
        let (w, b) = (format!("w{layer}"), format!("b{layer}"));
        layers.params.push((w.clone(), weight(rng, next, width)));
        layers.params.push((b.clone(), tensor(rng, &[next])));
        layers.weights.push(w);
        layers.biases.push(b);
        width = next;
    }
    layers.outputs = width;
    layers
}

/// Steps with names: skips, shared weights, one or two inputs, tensors of any name.
fn steps(rng: &mut Rng, m: usize) -> Layers {
    let (n, width, outputs) = (2 + rng.below(4), 2 + rng.below(7), 1 + rng.below(3));
    let mut layers = Layers { outputs, ..Layers::default() };
    let mut text: Vec<String> = Vec::new();
    let mut declared: Vec<String> = vec![format!("x1: {n}")];
    layers.inputs.push(("x1".to_owned(), tensor(rng, &[m, n])));
    let mut add =
        |layers: &mut Layers, rng: &mut Rng, name: &str, rows: usize, cols: Option<usize>| match cols {
            Some(cols) => {
                declared.push(format!("{name}: {rows} x {cols}"));
                layers.params.push((name.to_owned(), weight(rng, rows, cols)));
                layers.weights.push(name.to_owned());
            }
            None => {
                declared.push(format!("{name}: {rows}"));
                layers.params.push((name.to_owned(), tensor(rng, &[rows])));
                layers.biases.push(name.to_owned());
            }
        };
    let element = |rng: &mut Rng, of: &str| {
        let f = if rng.below(2) == 0 { rng.pick(&CALM) } else { rng.pick(&GROWING) };
        f.replace('@', of)
    };
    add(&mut layers, rng, "W1", width, Some(n));
    add(&mut layers, rng, "b1", width, None);
    let mut sum = "W1*x1 + b1".to_owned();
    if rng.below(3) == 0 {
        add(&mut layers, rng, "Θ", width, Some(3));
        sum.push_str(" + Θ*x2");
        layers.inputs.push(("x2".to_owned(), tensor(rng, &[m, 3])));
    }
    text.push(format!("h = {}", element(rng, &sum)));
    let mut last = "h";
    if rng.below(2) == 0 {
        // The same weights more than once, and what has gone by.
        add(&mut layers, rng, "U", width, Some(width));
        add(&mut layers, rng, "β", width, None);
        let inner = rng.pick(&["U*h + β", "U'*h + β", "U*(U*h) + beta", "U*h + h .* β"]);
        text.push(format!("g = h + {}", element(rng, inner)));
        last = "g";
    }
    if rng.below(3) == 0 {
        text.push(format!("gate = softmax({last})"));
        text.push(format!("mixed = gate .* {last} + 0.3*{last}"));
        last = "mixed";
    }
    add(&mut layers, rng, "V", outputs, Some(width));
    let mut out = format!("V*{last}");
    if rng.below(2) == 0 {
        add(&mut layers, rng, "c", outputs, None);
        out.push_str(" + c");
    }
    if rng.below(3) == 0 {
        add(&mut layers, rng, "S", outputs, Some(n));
        out.push_str(" + S*x1");
    }
    text.push(format!("a = {}({out})", rng.pick(&["sigmoid", "softmax"])));
    if layers.inputs.len() > 1 {
        declared.push("x2: 3".to_owned());
    }
    layers.network = text.join("; ");
    layers.declarations = declared.join(", ");
    let ascii = |name: &mut String| *name = name.replace('Θ', "Theta").replace('β', "beta");
    layers
        .params
        .iter_mut()
        .map(|(n, _)| n)
        .chain(&mut layers.weights)
        .chain(&mut layers.biases)
        .for_each(ascii);
    layers
}

pub(super) fn network(rng: &mut Rng) -> Drawn {
    let m = [1, 2, 7, 33][rng.below(4)];
    let layers = if rng.below(2) == 0 { arrows(rng, m) } else { steps(rng, m) };
    let (cost, defines) = cost_text(rng);
    let text =
        format!("network {}, {}, cost {cost}, {defines:?} (m {m})", layers.network, layers.declarations);
    let body = Network {
        network: layers.network,
        declarations: layers.declarations,
        cost,
        defines,
        hyper: hyper(),
        inputs: layers.inputs,
        y: unit(rng, &[m, layers.outputs]),
        weights: layers.weights,
        biases: layers.biases,
        params: layers.params,
        value: 0.0,
        gradient: Vec::new(),
        product: None,
    };
    drawn(text, Body::Network(body))
}
