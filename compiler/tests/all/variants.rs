//! Near misses: every formula that a rule is about, changed at one place by a factor, a sign, a power, a term or another
//! variable, so that a rule whose guard, coefficient or power is wrong by a little gives a wrong number. Values against
//! the formula as it was written, first and second derivatives against differences.
//!
//! What comes out is on record, too, as a digest for each formula and all its variants: a rule that no longer fires where
//! it did, or does more than it did, is right as far as numbers go. `UPDATE_VARIANTS=1` writes the record anew;
//! `PRINT_VARIANTS=1` prints the texts, to be compared with those of another commit; `RECORD_VARIANTS_ONLY=1` leaves the
//! numbers out, for mutation testing.

#![allow(clippy::print_stdout, reason = "what comes out is printed where it is asked for")]

use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::simplify::{self, Rule};
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::ast::{Expr, ExprKind};
use gradsmith_compiler::syntax::parse;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const VARIABLES: &str =
    "x: vector[3], y: vector[3], u: vector[3], v: vector[3], s: scalar, A: matrix[3, 3], B: matrix[3, 3]";
const ENTRIES: [usize; 7] = [3, 3, 3, 3, 1, 9, 9];
/// The variables differentiated by: all but the matrix that rules want symmetric.
const BY: [&str; 6] = ["x", "y", "u", "v", "s", "B"];

/// Places of the parts of an expression, itself among them, with whether each is a name.
fn parts(e: &Expr, found: &mut Vec<(std::ops::Range<usize>, bool)>) {
    found.push((e.span.start..e.span.end, matches!(e.kind, ExprKind::Name(_))));
    match &e.kind {
        ExprKind::Number(_) | ExprKind::Name(_) => {}
        ExprKind::Negate(inner) | ExprKind::Transpose(inner) => parts(inner, found),
        ExprKind::Chain(first, rest) => {
            parts(first, found);
            rest.iter().for_each(|link| parts(&link.operand, found));
        }
        ExprKind::Power(power) => {
            parts(&power.base, found);
            parts(&power.exponent, found);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|arg| parts(&arg.value, found)),
        ExprKind::Compare(c) => {
            parts(&c.lhs, found);
            parts(&c.rhs, found);
        }
        // Subscripts and ranges are no values.
        ExprKind::Subscripted(x) => parts(&x.base, found),
        ExprKind::Binder(binder) => parts(&binder.body, found),
        ExprKind::Block(rows) => rows.iter().flatten().for_each(|entry| parts(entry, found)),
    }
}

/// The text with one part changed, in every way.
fn variants(text: &str) -> Vec<String> {
    let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut places = Vec::new();
    program.locals.iter().for_each(|local| parts(&local.value, &mut places));
    parts(&program.result, &mut places);
    let mut all = vec![text.to_owned()];
    for (place, is_name) in places {
        let part = &text[place.clone()];
        let mut changed: Vec<String> = [
            "(3*({}))",
            "(-({}))",
            "(({}) + 2)",
            "(({}).^2)",
            "(({}).^3)",
            "(({}).^-1)",
            "(({}).^0.5)",
            "(({}).*y)",
        ]
        .iter()
        .map(|form| form.replace("{}", part))
        .collect();
        if is_name {
            changed
                .extend(["x", "y", "s"].iter().filter(|name| **name != part).map(|name| (*name).to_owned()));
        }
        all.extend(changed.iter().map(|new| format!("{}{new}{}", &text[..place.start], &text[place.end..])));
    }
    all
}

/// The objective of a text that is one; of a vector, its product with `v`.
pub(super) fn lowered(text: &str) -> Option<objective::Objective> {
    let variables = parse::declarations(VARIABLES, SourceId::Declarations).expect("declarations");
    let wrt: Vec<_> = BY.iter().map(|name| ((*name).to_owned(), objective::whole(text))).collect();
    let lower = |text: &str| {
        let program = parse::program(text, SourceId::Expression).ok()?;
        objective::lower(text, &program, &[], &variables, &wrt, objective::Wanted::Scalar).ok()
    };
    lower(text).or_else(|| text.rsplit_once(';').is_none().then(|| lower(&format!("dot(v, {text})")))?)
}

/// Numbers of a sample, the same every time.
pub(super) struct Draw(u64);

impl Draw {
    /// Those of this sample.
    pub(super) fn sample(n: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n + 1))
    }

    pub(super) fn next(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The data of all variables, in their order.
    pub(super) fn inputs(&mut self, low: f64, high: f64) -> Vec<Vec<f64>> {
        let mut inputs: Vec<Vec<f64>> =
            ENTRIES.iter().map(|&n| (0..n).map(|_| self.next(low, high)).collect()).collect();
        // A = x x' + 4 I: symmetric, of positive determinant.
        let x = inputs[0].clone();
        inputs[5] = (0..9).map(|k| x[k / 3] * x[k % 3] + if k / 3 == k % 3 { 4.0 } else { 0.0 }).collect();
        inputs
    }
}

fn value(graph: &Graph, node: NodeId, inputs: &[Vec<f64>]) -> f64 {
    Evaluator::new(graph, inputs, &Sizes::new()).scalar(node)
}

/// Whether all that the node is made of has a value.
fn has_a_value(graph: &Graph, node: NodeId, inputs: &[Vec<f64>]) -> bool {
    let sizes = Sizes::new();
    let mut evaluator = Evaluator::new(graph, inputs, &sizes);
    graph.reachable(&[node]).into_iter().all(|id| evaluator.eval(id).iter().all(|x| x.is_finite()))
}

/// All derivatives, one after the other.
pub(super) fn flat(graph: &Graph, nodes: &[NodeId], inputs: &[Vec<f64>]) -> Vec<f64> {
    let sizes = Sizes::new();
    let mut evaluator = Evaluator::new(graph, inputs, &sizes);
    nodes.iter().flat_map(|&node| evaluator.eval(node).to_vec()).collect()
}

/// The inputs moved along directions of the variables differentiated by.
fn moved(inputs: &[Vec<f64>], along: &[Vec<f64>], h: f64) -> Vec<Vec<f64>> {
    // `BY` leaves out the sixth.
    let places = [0, 1, 2, 3, 4, 6];
    let mut all = inputs.to_vec();
    for (&place, direction) in places.iter().zip(along) {
        for (entry, d) in all[place].iter_mut().zip(direction) {
            *entry += h * d;
        }
    }
    all
}

/// What is wrong with a text, at a few points; nothing where it has no value there. `see` is shown what comes out: value
/// and gradient.
pub(super) fn disagreements(text: &str, (low, high): (f64, f64), see: &mut dyn FnMut(String)) -> Vec<String> {
    const H: f64 = 1e-5;
    let Some(original) = lowered(text) else { return Vec::new() };
    let (plain, at) = (original.graph.clone(), original.value);
    let mut d = Derivatives::of(original.graph, original.value, &original.wrt);
    if d.log.gave_up {
        return vec![format!("{text}: the rules do not end")];
    }
    let view = View::default();
    let mut texts = vec![emit::text(&d.graph, d.value, &view)];
    texts.extend(d.gradient.iter().map(|&node| emit::text(&d.graph, node, &view)));
    see(format!("{text}: {}", texts.join(" | ")));
    if std::env::var_os("RECORD_VARIANTS_ONLY").is_some() {
        return Vec::new();
    }
    let products = d.hessian_product(&[0, 1, 2, 3, 4, 5]);
    let mut found = Vec::new();
    for sample in 0..3 {
        let mut draw = Draw::sample(sample);
        let inputs = draw.inputs(low, high);
        let along: Vec<Vec<f64>> =
            [3, 3, 3, 3, 1, 9].iter().map(|&n| (0..n).map(|_| draw.next(-1.0, 1.0)).collect()).collect();
        let (up, down) = (moved(&inputs, &along, H), moved(&inputs, &along, -H));
        let want = value(&plain, at, &inputs);
        let slope = (value(&plain, at, &up) - value(&plain, at, &down)) / (2.0 * H);
        // Outside its domain, or so steep that differences say nothing.
        if !has_a_value(&plain, at, &inputs) || !slope.is_finite() || want.abs() > 1e4 || slope.abs() > 1e4 {
            continue;
        }
        let mut check = |what: &str, got: f64, want: f64, within: f64, scale: f64| {
            if (got - want).abs() > within * scale.max(want.abs()).max(1.0) || got.is_nan() != want.is_nan() {
                found.push(format!("{text}: {what} is {got}, not {want}"));
            }
        };
        check("the value", value(&d.graph, d.value, &inputs), want, 1e-9, 0.0);
        let with = |inputs: &[Vec<f64>]| {
            let mut all = inputs.to_vec();
            all.resize(d.graph.inputs().len() - along.len(), Vec::new());
            all.extend(along.iter().cloned());
            all
        };
        let gradient = flat(&d.graph, &d.gradient, &with(&inputs));
        let directions = along.concat();
        let got: f64 = gradient.iter().zip(&directions).map(|(g, d)| g * d).sum();
        check("the slope", got, slope, 1e-5, 0.0);
        let curved = flat(&d.graph, &products, &with(&inputs));
        let ends = [&up, &down].map(|ends| flat(&d.graph, &d.gradient, &with(ends)));
        let size = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        for (k, got) in curved.iter().enumerate() {
            let want = (ends[0][k] - ends[1][k]) / (2.0 * H);
            if want.is_finite() && want.abs() < 1e6 {
                check("an entry of the product with the Hessian", *got, want, 1e-4, size);
            }
        }
    }
    found
}

/// A digest of texts (FNV-1a).
pub(super) struct Digest(u64);

impl Digest {
    /// That of none.
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes one more text in.
    pub(super) fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The line of a record: of so many texts that a formula has come to.
    pub(super) fn line(&self, count: usize, text: &str) -> String {
        format!("{:016x} {count:3} {text}", self.0)
    }
}

/// What a formula and its variants came to: what is wrong, and the line of the record.
fn tried(text: &str, domain: (f64, f64)) -> (Vec<String>, String) {
    let print = std::env::var_os("PRINT_VARIANTS").is_some();
    let (mut failed, mut digest, mut count) = (Vec::new(), Digest::new(), 0);
    for variant in variants(text) {
        failed.extend(disagreements(&variant, domain, &mut |out| {
            if print {
                println!("{out}");
            }
            digest.add(&out);
            count += 1;
        }));
    }
    (failed, digest.line(count, text))
}

fn all_agree<'a>(name: &str, texts: impl Iterator<Item = (&'a str, (f64, f64))>) {
    let texts: Vec<_> = texts.collect();
    let next = AtomicUsize::new(0);
    let mut found: Vec<(usize, (Vec<String>, String))> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut found = Vec::new();
                    loop {
                        let k = next.fetch_add(1, Ordering::Relaxed);
                        let Some((text, domain)) = texts.get(k) else { return found };
                        found.push((k, tried(text, *domain)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    found.sort_by_key(|(k, _)| *k);
    let failed: Vec<String> = found.iter().flat_map(|(_, (failed, _))| failed.clone()).collect();
    assert!(failed.is_empty(), "{} disagree:\n{}", failed.len(), failed.join("\n"));
    let record: String = found.iter().map(|(_, (_, line))| format!("{line}\n")).collect();
    is_on_record(name, &record);
}

/// Whether what has come out is what is on record.
pub(super) fn is_on_record(name: &str, record: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/variants/{name}.txt"));
    if std::env::var_os("UPDATE_VARIANTS").is_some() {
        fs::write(&path, record).expect("the record can be written");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    let differ: Vec<_> = record.lines().filter(|line| !known.lines().any(|k| k == *line)).collect();
    assert!(
        differ.is_empty() && known.lines().count() == record.lines().count(),
        "other formulas come out than those on record: read them, then UPDATE_VARIANTS=1\n{}",
        differ.join("\n")
    );
}

#[test]
fn what_rules_are_about_changed_at_one_place() {
    all_agree("statements", simplify::ALL.iter().map(|rule: &Rule| (rule.lhs, rule.sample)));
}

#[test]
fn what_makes_rules_fire_changed_at_one_place() {
    all_agree("triggers", simplify::ALL.iter().map(|rule: &Rule| (rule.trigger, rule.sample)));
}

pub(super) const ALL: (f64, f64) = (-2.0, 2.0);
pub(super) const POSITIVE: (f64, f64) = (0.2, 2.0);

/// Every kind of node, and neighbours of rules.
pub(super) const NODES: [(&str, (f64, f64)); 50] = [
    ("sum(x .* y .* exp(u))", ALL),
    ("x'*B*y + tr(B*A) - tr(B)", ALL),
    ("sum(outer(x, y) .* B) + sum(diag(B).^2)", ALL),
    ("where(x' * y > s, sum(x .* y), sum(x.^2))", ALL),
    ("sum(where(x > y, u .* x, v.^2))", ALL),
    ("sum(where(x > y, u, v)) + sum(where(x > u, v, y))", ALL),
    ("max(x .* y) + min(x + u)", ALL),
    ("sum(rowmax(B .* (x*y')))", ALL),
    ("logsumexp(x .* y)", ALL),
    ("norm2(x .* y - u)", ALL),
    ("dot(y, softmax(x .* u))", ALL),
    ("dot(y, log_softmax(x .* u))", ALL),
    ("x'*inv(A + 9*eye + B/9)*y", ALL),
    ("det(A + B/9)", ALL),
    ("logdet(A + 9*eye + B*B'/9)", ALL),
    ("sum(kron(B, x*y').^2)", ALL),
    ("sum(sqrt(rowsum(B.^2)))", ALL),
    ("sum(colsum(B) .* x) + sum(rowsum(B*B') .* y)", ALL),
    ("sum(x .^ y)", POSITIVE),
    ("sum(atan(x) .* sin(y) ./ (1 + u.^2))", ALL),
    ("sum(x./y) + sum(u.^-3 .* v)", POSITIVE),
    ("sum(abs(x).^1.5 .* y)", ALL),
    ("norm1(x .* y) + norm_inf(u)", ALL),
    ("3 ./ (1 + 2*exp(s)) + (1 + exp(s))^-3", ALL),
    ("sum(x - 2*logsumexp(x))", ALL),
    ("log(1 + 2*exp(s)) + log(sigmoid(s)^2)", ALL),
    ("2*sqrt(s^2 + x'*x) - s", ALL),
    ("sum(2*sqrt(x.^2 + y.^2) - x)", ALL),
    ("sum((x.^2).^1.5)", ALL),
    ("sum(x)/sqrt(sum((2*x).^2))", ALL),
    ("sum(kron(diag(x), B)) + sum(kron(B*x*y', A).^2)", ALL),
    ("sum(diag(B*B').^2 .* x) + tr(diag(x)*B*diag(y))", ALL),
    ("sum((x + y) .* (u + v) - x .* v - y .* u)", ALL),
    ("(norm2(x) + s)*(norm2(x) - s) + norm2(x .* y)*norm2(x)", ALL),
    ("sum(abs(x) + softplus(-2*abs(x)))", ALL),
    ("sum(relu(x) + softplus(-abs(x)))", ALL),
    ("sum(softplus(-abs(x)) - min(x, 0))", ALL),
    ("r = sqrt(rowsum(B.^2)); sum(where(r <= 2, r.^2/2, 2*r - 2))", ALL),
    ("n = norm2(x); where(n <= 2, n^2/2, 2*n - 2) + n*s", ALL),
    ("r = sqrt(x.^2 + y.^2); sum(where(r <= 2, r.^2/2, 2*r - 2))", ALL),
    ("norm2(x)*tanh(norm2(x)) + dot(x, y)^2/(dot(x, x)*dot(y, y))", ALL),
    ("x'*A*x/(x'*x) + sum(x.^3)/norm2(x)^3", ALL),
    ("sum((x .* u + diag(min(outer(x, x), outer(x, x)))) .* softplus(y))", ALL),
    ("r = sqrt(rowsum(B.^2)); sum(r .* tanh(r) .* x)", ALL),
    ("sum(where(x > 0, log(x), u) .* v)", ALL),
    ("where(s > 0, sum(log(x)), sum(u))", ALL),
    ("sum((B*where(x > 0, sqrt(x), 0)) .* y)", ALL),
    ("sum(where(x > 0, u, 0) .* where(y > 0, log(y), v))", ALL),
    ("dot(y, softmax(where(x > 0, log(x), u)))", ALL),
    ("norm2(where(x > 0, sqrt(x), u) .* y)", ALL),
];

#[test]
fn every_kind_of_node_changed_at_one_place() {
    all_agree("nodes", NODES.into_iter());
}

/// Two sums of what is positive beside each other, within each other, over each other, and constants in both.
const SUMS: [(&str, (f64, f64)); 24] = [
    ("log(sum(exp(x)) * (1 + exp(s)))", ALL),
    ("log(sum(exp(x)) + sum(exp(y)))", ALL),
    ("log(sum(x .* exp(y)) * sum(u .* exp(v)))", POSITIVE),
    ("sum(log(exp(x) + exp(y) + 1) .* u)", ALL),
    ("sum(log(x .* exp(y) + 2 + u .* exp(v)))", POSITIVE),
    ("sum(log1p(1 + exp(x)) + log(expm1(y) + 3))", POSITIVE),
    ("sum(log(expm1(x) + expm1(y)))", POSITIVE),
    ("sum(log(1 + exp(x) .* (1 + exp(y))))", POSITIVE),
    ("sum(log((2 + exp(x)) .* (1 + exp(y)) + 1))", ALL),
    ("log(sum((1 + exp(x)) .* exp(y)))", ALL),
    ("sum(log((exp(B) + 1)*exp(x)) .* y)", ALL),
    ("sum(exp(x) ./ ((1 + exp(y)) .* (2 + exp(x))))", ALL),
    ("sum((1 + exp(x)) ./ (3 + exp(x) + exp(y)))", ALL),
    ("sum(exp(x)) / (sum(exp(y)) + exp(s))", ALL),
    ("sum(exp(x) / (1 + sum(exp(x))) .* y)", ALL),
    ("sum((1 + exp(x)).^s .* (1 + exp(y)).^-s)", ALL),
    ("sum(log(x.^s + y.^s + 1))", POSITIVE),
    ("sum((x.^s + y.^s) ./ (x.^s + u.^s))", POSITIVE),
    ("sum(x.^(s - 1) ./ (1 + x.^s).^2 .* y)", POSITIVE),
    ("sum(log(x.^s ./ (x.^s + y.^s)) + log(1 - u.^s ./ (u.^s + v.^s)))", POSITIVE),
    ("sum(log1p(x.^s) .* y - log(u.^s + v.^s))", POSITIVE),
    ("sum((x ./ y).^s ./ (1 + (x ./ y).^s))", POSITIVE),
    ("sum(log(1 - x/4) .* (x/4).^s + log(x.^s .* (4 - x).^u))", POSITIVE),
    ("sum(y .* (log(x) - s).^2) + sum(u .* (sqrt(v) + s))", POSITIVE),
];

#[test]
fn sums_of_positive_things_changed_at_one_place() {
    all_agree("sums", SUMS.into_iter());
}
