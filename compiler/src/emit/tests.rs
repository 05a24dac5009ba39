//! What is printed, exactly; and what is printed, read again.

use super::{Inner, View, latex, mathml, text};
use crate::diff;
use crate::eval::{Evaluator, Sizes};
use crate::ir::{ExtentKind, Graph, NodeId};
use crate::lower::{Role, cost, network, objective};
use crate::source::SourceId;
use crate::syntax::ast::Declaration;
use crate::syntax::parse;

fn declarations(text: &str) -> Vec<Declaration> {
    parse::declarations(text, SourceId::Declarations).expect("declarations")
}

fn objective(source: &str, variables: &str, wrt: &[&str]) -> objective::Objective {
    let program = parse::program(source, SourceId::Expression).expect(source);
    let wrt: Vec<_> = wrt.iter().map(|w| ((*w).to_owned(), objective::whole(source))).collect();
    objective::lower(source, &program, &[], &declarations(variables), &wrt).expect(source)
}

/// The value as it is printed.
fn shown(source: &str, variables: &str) -> String {
    let o = objective(source, variables, &[]);
    text(&o.graph, o.value, &View { inner: Inner::Expanded, ..View::default() })
}

/// The derivative by `wrt` as it is printed.
fn gradient(source: &str, variables: &str, wrt: &str) -> String {
    let mut o = objective(source, variables, &[wrt]);
    let d = diff::gradient(&mut o.graph, o.value, &o.wrt);
    text(&o.graph, d[0], &View { inner: Inner::Expanded, ..View::default() })
}

#[test]
fn dump() {
    for (s, v, w) in [
        ("norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", "X: matrix, y: vector, lambda: scalar, w: vector", "w"),
        ("sum(log(1 + exp(-y .* (X*w))))/2", "X: matrix, y: vector, w: vector", "w"),
        ("mean((X*w - y).^2)", "X: matrix, y: vector, w: vector", "w"),
        ("tr(A*X)", "A: matrix, X: matrix", "X"),
        ("tr(A*X*B)", "A: matrix, X: matrix, B: matrix", "X"),
        ("x'*A*x", "A: matrix, x: vector", "x"),
        ("x'*A*x", "A: matrix, x: vector", "A"),
        ("logdet(A)", "A: matrix", "A"),
        ("sum(X)", "X: matrix", "X"),
        ("sum(x)", "x: vector", "x"),
        ("norm2(x)", "x: vector", "x"),
        ("sum(sqrt(x.^2 + eps^2) - eps)", "eps: scalar, x: vector", "x"),
        ("logsumexp(A*x)", "A: matrix, x: vector", "x"),
        ("b'*inv(A)*b", "A: matrix, b: vector", "A"),
        ("tr(diag(x)*A*diag(x))", "A: matrix, x: vector", "x"),
        ("sum(relu(x))", "x: vector", "x"),
        ("sum(rowsum(A.^2).^2)", "A: matrix", "A"),
        ("sum(x ./ y)", "x: vector, y: vector", "y"),
        ("norm2(w*w' - eye)^2/2", "w: matrix", "w"),
        ("sum(colsum(A) .* b)", "A: matrix, b: vector", "A"),
        ("max(A*x)", "A: matrix, x: vector", "x"),
        ("tr(kron(A, B))", "A: matrix[3,3], B: matrix[2,2]", "A"),
        ("sum(x.^a)", "a: scalar, x: vector", "x"),
        ("sum(x.^a)", "a: scalar, x: vector", "a"),
        ("a*x^2*sin(x)/2 - x", "a: scalar, x: scalar", "x"),
        ("sum((A .* B) * (A .* C)')", "A: matrix, B: matrix, C: matrix", "B"),
        ("sum((A*x) .* (B*x) .* (C*x))", "A: matrix, B: matrix, C: matrix, x: vector", "x"),
        ("det(A)", "A: matrix", "A"),
        ("logsumexp(A)", "A: matrix", "A"),
        ("sum(A*diag(x)*B)", "A: matrix, x: vector, B: matrix", "x"),
    ] {
        let o = objective(s, v, &[]);
        let view = View { inner: Inner::Expanded, ..View::default() };
        eprintln!("{s}\n  = {}\n  d {}", shown(s, v), gradient(s, v, w));
        let mut o2 = objective(s, v, &[w]);
        let d = diff::gradient(&mut o2.graph, o2.value, &o2.wrt);
        eprintln!("  = {}\n  d {}", latex(&o.graph, o.value, &view), latex(&o2.graph, d[0], &view));
        if s.len() < 12 { eprintln!("  d {}", mathml(&o2.graph, d[0], &view)); }
    }
}

#[test]
fn dump_net() {
    let net = "784 -> 100 sigmoid -> 10 sigmoid";
    let network = parse::network(net, SourceId::Network).expect("net");
    let spelled = network::spell(&network, &[], &[]).expect("spell");
    for c in ["quadratic + l2(lambda)", "cross_entropy", "quadratic + orthogonal(lambda)"] {
        let program = parse::program(c, SourceId::Expression).expect("cost");
        let hyper = ["lambda".to_owned()];
        let parts = network::Parts {
            network: net, declarations: "", spelled: &spelled, text: c, program: &program, defines: &[], hyper: &hyper,
        };
        let n = network::lower(parts).expect("lower");
        let mut g = n.cost.graph;
        let one = g.number(crate::ir::Number::ONE);
        let wrt: Vec<NodeId> = n.cost.tensors.iter().map(|t| t.node).collect();
        let values = n.values.clone();
        let name = |_: &Graph, id: NodeId| {
            values.iter().find(|(_, v)| *v == id).and_then(|(n, _)| n.strip_prefix('z')).map(|k| format!("delta{k}"))
        };
        let d = diff::pullback(&mut g, &[(n.cost.data, one), (n.cost.penalty, one)], &wrt, &name);
        let view = View::of_batch(n.cost.batch);
        for (_, v) in &n.values { eprintln!("{} = {}", g.name(*v).unwrap(), text(&g, *v, &view)); }
        for id in g.reachable(&d) { if let Some(n) = g.name(id) { if n.starts_with("delta") { eprintln!("{n} = {}", text(&g, id, &view)); } } }
        eprintln!("C = {}", text(&g, n.cost.data, &view));
        eprintln!("P = {}", text(&g, n.cost.penalty, &view));
        for x in &d { eprintln!("d = {}    {}", text(&g, *x, &view), latex(&g, *x, &view)); }
        eprintln!("C = {}", text(&g, n.cost.data, &View { inner: Inner::Expanded, ..view.clone() }));
        eprintln!("C = {}", latex(&g, n.cost.data, &View { inner: Inner::Expanded, ..view.clone() }));
    }
}
