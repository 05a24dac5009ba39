//! Costs and networks, whose extents are symbols, as their derives derive them: what comes out is on record, as in
//! `variants`; the diagonal of a cost's Hessian against differences.

use super::variants::{Digest, is_on_record};
use gradsmith_compiler::catalog;
use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::{self, CostText, NetworkText};
use gradsmith_compiler::ir::{ExtentKind, Graph, NodeId};
use gradsmith_compiler::lower::Role;
use gradsmith_compiler::syntax::ast::DeclaredShape;
use gradsmith_test_support::numbers::{difference, numbers};

/// Costs beside those of the catalog.
pub(super) const COSTS: [&str; 16] = [
    "sqrt(k*sum((a - y).^2))",
    "mean(where(a > y, a.^2, y)) + sqrt(k + sum(w.^2))",
    "sum((a - y).^2)/2",
    "mean(abs(a - y))^2",
    "sum(where(a > y, (a - y).^2, y.*log(y./a)))",
    "norm2(a - y) + norm2(w)",
    "logsumexp(a) - dot(y, a)",
    "-dot(y, log(softmax(a)))",
    "dot(a, y)^2 + sum(a)^3",
    "sum(max(a, y).^2) + max(a)^2",
    "sum(a .* y .* exp(a + y)) * mean(a)",
    "sum(1 ./ (1 + exp(-a))) * c",
    "sum((a + y).^3 .* sigmoid(a)) + sum(w.^4)",
    "sum(a .* softmax(a))^2",
    "norm2(a)^3 * mean(log(a))",
    "c*sum(a.^c)/k + sum(w)/k",
];

/// Networks and their costs.
pub(super) const NETWORKS: [(&str, &str); 9] = [
    ("3 -> 2 linear -> 2 linear", "sum((a - y).^2)/2"),
    ("3 -> 4 sigmoid -> 2 sigmoid", "mse + l2(0.1)"),
    ("3 -> 4 tanh -> 2 softmax", "categorical_cross_entropy"),
    ("3 -> 4 sigmoid -> 4 sigmoid -> 1 sigmoid", "binary_cross_entropy"),
    ("3 -> 4 relu -> 2 linear", "sum((a - y).^2)/2"),
    ("3 -> 4 softplus -> 2 softplus", "poisson"),
    ("3 -> 4 sigmoid -> 2 sigmoid", "sum(a.*(1 - a).*y) + sum(w.^2 .* sigmoid(w))"),
    ("3 -> 2 sigmoid", "sum(sigmoid(-z) .* y) + sum(sigmoid(z) .* sigmoid(-z))"),
    ("3 -> 4 elu -> 2 linear", "-dot(y, log_softmax(a)) + sum(b.^2)"),
];

/// Adds what nodes are to a digest; how many these are.
fn add(digest: &mut Digest, g: &Graph, nodes: &[NodeId]) -> usize {
    for &node in nodes {
        digest.add(&emit::text(g, node, &View::default()));
    }
    nodes.len()
}

fn cost(expr: &str) -> CostText {
    CostText {
        expr: expr.to_owned(),
        hyper: vec!["c".to_owned()],
        tensors: vec![(front::declaration("w", DeclaredShape::Matrix(None)), Role::Weight)],
        ..CostText::default()
    }
}

/// The nodes where each symbolic extent is 3, with `a` moved by so much at one place.
fn values(g: &Graph, nodes: &[NodeId], a: NodeId, moved: Option<(usize, f64)>) -> Vec<Vec<f64>> {
    let mut sizes = Sizes::new();
    let mut size = |e| match g.extents.kind(e) {
        ExtentKind::Constant(n) => *n,
        ExtentKind::Symbol(name) => *sizes.entry(name.clone()).or_insert(3),
        ExtentKind::Unknown => 0,
    };
    let mut inputs = Vec::new();
    for (seed, input) in g.inputs().iter().enumerate() {
        let n = g.shape(input.node).iter().map(|&e| size(e)).product();
        let mut entries: Vec<f64> = numbers(n, 31 + seed as u64).map(|x| 0.5 + 0.4 * x).collect();
        if let Some((k, h)) = moved.filter(|_| input.node == a) {
            entries[k] += h;
        }
        inputs.push(entries);
    }
    let mut evaluator = Evaluator::new(g, &inputs, &sizes);
    nodes.iter().map(|&node| evaluator.eval(node).to_vec()).collect()
}

#[test]
fn costs_come_to_what_is_on_record_and_their_curvature_to_differences() {
    let of_catalog = catalog::all().iter().filter(|e| !e.kind.is_function()).map(|entry| {
        let required = entry.definition.params.iter().filter(|p| p.default.is_none()).count();
        format!("{}({})", entry.name(), vec!["c"; required].join(", "))
    });
    let mut record = String::new();
    for text in of_catalog.chain(COSTS.map(str::to_owned)) {
        let p = cost(&text).program().unwrap_or_else(|e| panic!("{text}\n{e}"));
        let mut digest = Digest::new();
        let mut nodes = vec![p.data, p.constant, p.d_activation, p.hessian_diagonal];
        nodes.extend(p.tensors.iter().flat_map(|t| [t.penalty, t.partial.node]));
        nodes.extend(p.terms.iter().map(|t| t.node));
        let mut count = add(&mut digest, &p.graph, &nodes);
        count += add(&mut digest, &p.shares.graph, &p.shares.by_term.concat());
        record.push_str(&(digest.line(count, &text) + "\n"));
        let got = values(&p.graph, &[p.hessian_diagonal], p.a, None).concat();
        let want: Vec<f64> = (0..got.len())
            .map(|k| {
                const H: f64 = 1e-6;
                let [up, down] =
                    [H, -H].map(|h| values(&p.graph, &[p.d_activation], p.a, Some((k, h))).concat());
                (up[k] - down[k]) / (2.0 * H)
            })
            .collect();
        assert_eq!(difference(&got, &want, 1e-6, 1.0), None, "{text}");
    }
    is_on_record("costs", &record);
}

#[test]
fn networks_come_to_what_is_on_record() {
    let mut record = String::new();
    for (network, cost) in NETWORKS {
        let what = format!("{network}; {cost}");
        let text =
            NetworkText { network: network.to_owned(), cost: cost.to_owned(), ..NetworkText::default() };
        let p = text.program().unwrap_or_else(|e| panic!("{what}\n{e}"));
        let products = text.products(&p).unwrap_or_else(|e| panic!("{what}\n{e}"));
        let mut digest = Digest::new();
        let mut nodes = vec![p.data, p.penalty];
        nodes.extend(p.gradient.iter().map(|partial| partial.node));
        nodes.extend(p.values.iter().chain(&p.deltas).map(|(_, node)| *node));
        nodes.extend(&p.direct);
        let count = add(&mut digest, &p.graph, &nodes)
            + add(&mut digest, &products.graph, &products.hessian)
            + add(&mut digest, &products.graph, &products.gauss_newton);
        record.push_str(&(digest.line(count, &what) + "\n"));
    }
    is_on_record("networks", &record);
}
