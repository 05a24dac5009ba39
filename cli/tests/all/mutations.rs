//! Texts with something cut out, doubled, swapped or put in: refused or accepted, never a panic; accepted
//! ones differentiate.

use gradsmith_compiler::catalog;
use gradsmith_compiler::front::{CostText, NetworkText, ObjectiveText, declaration};
use gradsmith_compiler::lower::{Role, objective};
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_compiler::syntax::parse;
use gradsmith_test_support::expression::Rng;

const OBJECTIVES: [&str; 14] = [
    "norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2",
    "mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2",
    "r = X*w - y; r'*r/2 + sum(abs(w))",
    "logdet(X'*X + lambda*eye) - tr(inv(X'*X + eye))",
    "where(sum(w) < 0, dot(w, w), norm1(w)) + clip(lambda, 0, 1)",
    "w' * solve(X'*X + eye, w) + det(X'*X)^0.5",
    "sum(kron(X, w) .* matrix(2)) + max(w) - norm_inf(X)",
    "sum((X'*X)^3) + sum(diag(w)*X') + logsumexp(y)",
    "sum(softmax(X*w) .* log_softmax(y)) + pi*λ",
    "sum(rowsum(X) .* y) + sum(colsum(X) ./ (1 + w.^2)) + sum(rowmax(X))",
    "sum(vector(1)) * lambda + sum(w .* vector(lambda))",
    "lambda^lambda + 2^-lambda^2 + sum(2.^w) + sum(w.^y)",
    "outer(w, w)*w .* w",
    "y * w",
];

const NETWORKS: [(&str, &str); 5] = [
    ("4 -> 3 sigmoid -> 2 softmax", ""),
    ("3 -> 2 leaky_relu(0.2) -> 1 linear", ""),
    (
        "h = tanh(W1*x + b1); a = softmax(W2*h + b2 + V*x)",
        "x: 4, W1: 3 x 4, b1: 3, W2: 2 x 3, b2: 2, V: 2 x 4",
    ),
    ("a = x + W'*relu(W*x + b) + c", "x: 3, W: 2 x 3, b: 2, c: 3"),
    ("z = g .* (W*x); a = sigmoid(z)", "x: 3, W: 2 x 3, g: 2"),
];

const PIECES: [&str; 34] = [
    "(", ")", "'", "*", ".*", "./", "^", ".^", "-", "+", "/", ",", ";", "=", "<", "==", "->", ":", "1", "0",
    "1e-3", "eye", "pi", "w", "X", "y", "a", "λ", "l2(", "sum(", "where(", "k", "§", ".",
];

/// Splits a text into tokens, roughly: names and numbers stay whole.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    for c in text.chars() {
        match out.last_mut() {
            Some(last) if word(c) && last.chars().all(word) => last.push(c),
            _ => out.push(c.to_string()),
        }
    }
    out
}

fn mutated(text: &str, rng: &mut Rng) -> String {
    let mut t = tokens(text);
    if t.is_empty() {
        return String::new();
    }
    for _ in 0..=rng.below(3) {
        let (i, j) = (rng.below(t.len()), rng.below(t.len()));
        match rng.below(5) {
            0 if t.len() > 1 => drop(t.remove(i)),
            1 => t.insert(i, PIECES[rng.below(PIECES.len())].to_owned()),
            2 => t.swap(i, j),
            3 => t[i] = PIECES[rng.below(PIECES.len())].to_owned(),
            _ => {
                let piece: Vec<String> = t[i.min(j)..i.max(j)].to_vec();
                t.splice(i..i, piece);
            }
        }
    }
    t.concat()
}

fn objective(expr: &str) -> bool {
    let symbol = |s: &str| Some(DeclaredExtent::Symbol(s.to_owned()));
    let matrix = DeclaredShape::Matrix(symbol("n").zip(symbol("d")));
    let variables = [
        ("X", matrix),
        ("w", DeclaredShape::Vector(symbol("d"))),
        ("y", DeclaredShape::Vector(symbol("n"))),
        ("lambda", DeclaredShape::Scalar),
    ];
    let text = ObjectiveText {
        expr: expr.to_owned(),
        wrt: variables.iter().map(|(name, _)| ((*name).to_owned(), objective::whole(expr))).collect(),
        variables: variables.into_iter().map(|(name, shape)| declaration(name, shape)).collect(),
        ..ObjectiveText::default()
    };
    match text.lower() {
        Ok(o) => {
            let _ = Derivatives::of(o.graph, o.value, &o.wrt).hessian_product(&[0, 1]);
            true
        }
        Err(errors) => {
            let _ = errors.render(&|_| Some(expr.to_owned()));
            false
        }
    }
}

fn cost(expr: &str, defines: &[String]) -> bool {
    let text = CostText {
        expr: expr.to_owned(),
        defines: defines.to_vec(),
        hyper: ["lambda", "mu", "n"].map(str::to_owned).to_vec(),
        tensors: vec![
            (declaration("w1", DeclaredShape::Matrix(None)), Role::Weight),
            (declaration("b1", DeclaredShape::Vector(None)), Role::Bias),
        ],
    };
    match text.lower() {
        Ok(mut c) => {
            let value = gradsmith_compiler::pipeline::total(&mut c.graph, &[c.data, c.penalty]);
            let wrt: Vec<_> = c.tensors.iter().map(|t| t.node).chain([c.a]).collect();
            let _ = Derivatives::of(c.graph, value, &wrt);
            true
        }
        Err(errors) => {
            let _ = errors.render(&|_| Some(expr.to_owned()));
            false
        }
    }
}

fn network(network: &str, declarations: &str, cost: &str) -> bool {
    let text = NetworkText {
        network: network.to_owned(),
        declarations: declarations.to_owned(),
        cost: cost.to_owned(),
        hyper: vec!["lambda".to_owned()],
        ..NetworkText::default()
    };
    match text.lower() {
        Ok(n) => {
            let mut c = n.cost;
            let value = gradsmith_compiler::pipeline::total(&mut c.graph, &[c.data, c.penalty]);
            let wrt: Vec<_> = c.tensors.iter().map(|t| t.node).collect();
            let _ = Derivatives::of(c.graph, value, &wrt);
            true
        }
        Err(errors) => {
            let _ = errors.render(&|_| Some(network.to_owned()));
            false
        }
    }
}

/// Runs `f` on mutations of `text`; how many of them were accepted. A panic names its text.
fn each(text: &str, count: usize, seed: u64, f: impl Fn(&str) -> bool + std::panic::RefUnwindSafe) -> usize {
    let mut rng = Rng::new(seed);
    let mut accepted = 0;
    for _ in 0..count {
        let mutant = mutated(text, &mut rng);
        match std::panic::catch_unwind(|| f(&mutant)) {
            Ok(good) => accepted += usize::from(good),
            Err(_) => panic!("a panic on `{mutant}`"),
        }
    }
    accepted
}

#[test]
fn objectives_never_panic() {
    let accepted: usize = (0..).zip(OBJECTIVES).map(|(n, text)| each(text, 300, n, objective)).sum();
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn costs_never_panic() {
    let written = "quadratic + cross_entropy/2 + l2(lambda / n) + l1(mu, b) + log(1 + quadratic)*huber(0.5)";
    let mut accepted = each(written, 1500, 77, |text| cost(text, &[]));
    for (n, entry) in (0..).zip(catalog::all()) {
        let body =
            parse::definition(entry.text, Default::default()).map(|d| d.body.to_string()).unwrap_or_default();
        accepted += each(&body, 40, 100 + n, |text| cost(text, &[]));
        accepted += each(&format!("own = {body}"), 20, n, |text| cost("own + quadratic", &[text.to_owned()]));
    }
    assert!(accepted > 200, "{accepted}");
}

#[test]
fn networks_never_panic() {
    let mut accepted = 0;
    for (n, (text, declarations)) in (0..).zip(NETWORKS) {
        accepted += each(text, 200, n, |text| network(text, declarations, "quadratic + l2(lambda)"));
        accepted += each(declarations, 100, n, |declarations| network(text, declarations, "mse"));
        accepted += each("cross_entropy + l2(lambda, b)", 60, n, |cost| network(text, declarations, cost));
    }
    assert!(accepted > 50, "{accepted}");
}

/// `q0 = start; q1 = step of q0; ...; qn`.
fn locals(n: usize, start: &str, step: &str) -> String {
    let steps = (0..n).map(|k| format!("q{} = {}; ", k + 1, step.replace('@', &format!("q{k}"))));
    format!("q0 = {start}; {}q{n}", steps.collect::<String>())
}

/// `f0(v) = v; f1(v) = step of f0; ...`.
fn definitions(n: usize, step: &str) -> Vec<String> {
    let steps = (0..n).map(|k| format!("f{}(v) = {}", k + 1, step.replace('@', &format!("f{k}"))));
    std::iter::once("f0(v) = v + 1".to_owned()).chain(steps).collect()
}

#[test]
fn long_chains_are_lowered_or_refused_on_a_small_stack() {
    let run = || {
        assert!(objective(&locals(1000, "lambda", "@ + 1")));
        assert!(objective(&locals(200, "lambda", "sin(@)")));
        assert!(!cost(&locals(1000, "quadratic", "sin(@)"), &[]));
        assert!(!cost(&locals(300, "quadratic", "@ + @"), &[]));
        assert!(!cost(&locals(300, "l2(lambda)", "2*@ - @"), &[]));
        assert!(!cost("f60(quadratic)", &definitions(60, "@(v) + @(v + 1)")));
        assert!(!cost(
            "f60(quadratic)",
            &definitions(60, &format!("{}@(v){}", "sin(".repeat(60), ")".repeat(60)))
        ));
        assert!(cost("f20(quadratic)", &definitions(20, "@(v) + v")));
        assert!(!cost(&format!("quadratic{}", " * quadratic".repeat(600)), &[]));
        assert!(cost(&format!("quadratic{}", " + l2(lambda)".repeat(600)), &[]));
        let layers = " -> 3 tanh".repeat(150);
        assert!(network(&format!("4{layers}"), "", "quadratic + l2(lambda)"));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("a thread");
    thread.join().expect("neither a panic nor an exhausted stack");
}
