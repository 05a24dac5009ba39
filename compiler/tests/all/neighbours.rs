//! Formulas beside the rules: those where more than one change must come together for a rule, or a derivative, to be wrong
//! by a little. Each as it stands, with its whole Hessian; of the formulas of `variants`, too, the whole Hessian. Numbers
//! against differences, and what comes out on record, as there.

use super::variants::{ALL, Digest, Draw, NODES, POSITIVE, disagreements, flat, is_on_record, lowered};
use gradsmith_compiler::diff;
use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::simplify;
use gradsmith_test_support::numbers::difference;

/// Formulas, and the interval that their variables are from.
const NEAR: [(&str, (f64, f64)); 46] = [
    // What one has of `max`, the other has of something else.
    ("sum(max(x, y) + min(y, u))", ALL),
    ("sum(max(x, y) .* min(y, u))", ALL),
    ("sum(max(x, y) + min(y, x))", ALL),
    ("sum(max(x, y).^3 .* min(y, x).^3 .* u)", ALL),
    ("sum(u .* max(x, y).^2 + u .* min(x, y))", ALL),
    // Powers of one base, signs and sizes of it.
    ("sum(x.^2 .* abs(x).^s)", POSITIVE),
    ("sum(x.^3 .* abs(x).^s)", ALL),
    ("sum(sign(x) .* abs(x).^s .* u)", ALL),
    ("sum(sign(x) .* x.^y .* u)", POSITIVE),
    ("sum(abs(x) .* x.^s + abs(y) .* abs(y).^s)", POSITIVE),
    ("sum(sign(x).^5 .* y + sign(x).^4 .* abs(x))", ALL),
    ("sum(sign(x) .* abs(y).^s + x.^2 .* abs(y).^3)", ALL),
    // Diagonals, and sums along another axis than that of the exponential.
    ("sum((diag(A + B) - diag(A)).^2)", ALL),
    ("sum(exp(B) / tr(exp(B)) .* A)", ALL),
    ("sum(sin(diag(1 ./ rowsum(exp(B)))*exp(B)))", ALL),
    ("sum(sin(diag(1 ./ rowsum(exp(B)))*exp(B')))", ALL),
    ("sum(sin(exp(x).^2/sum(exp(x))))", ALL),
    ("sum(exp(x).^2 .* y)/sum(exp(x))", ALL),
    ("dot(v, 2*x - logsumexp(2*x))", ALL),
    ("q = x + y; dot(v, q - logsumexp(q))", ALL),
    ("q = x + y; dot(v, x + y - logsumexp(q)) + sum(q.^3)", ALL),
    ("q = sum(exp(x) .* y); q/sum(exp(x)) + q^2", ALL),
    // Choices along some of the axes that the cotangent has.
    ("sum(where(abs(B*x - y) <= 1, (B*x - y).^2/2, abs(B*x - y)))", ALL),
    ("sum(rowmax(A .* B) .* x)", ALL),
    ("where(s > 0, sum(where(x > y, B*u, v)), s)", POSITIVE),
    ("q = log(x); sum(where(u > v, q, y)) + sum(where(u > v, y, q.^2))", POSITIVE),
    (
        "q = log(x); sum(where(u > v, q, y)) + sum(where(u > v, y, q.^2)) + sum(where(u > 1, q.^3, v))",
        POSITIVE,
    ),
    (
        "q = log(x); sum(where(u > 1, q.^3, v)) + sum(where(u > v, q, y)) + sum(where(u > v, y, q.^2))",
        POSITIVE,
    ),
    // Roots beside what vanishes with them.
    ("r = sqrt(rowsum(B.^2)); sum(r .* tanh(r) .* y)", ALL),
    ("r = sqrt(2*rowsum(B.^2)); sum(r .* tanh(r) .* y)", ALL),
    ("sum(sqrt(2*rowsum(B.^2)).^3 .* x)", ALL),
    ("r = sqrt(x.^2 + y.^2); sum(r .* tanh(r) .* u)", ALL),
    ("sum((B*(x.^2)).^2)/sum(x.^2)", ALL),
    ("norm2(x.^3)^s/norm2(x)", ALL),
    ("q = x/norm2(x); sum(exp(q) .* y) + norm2(x)*sum(q .* u)", ALL),
    ("(x'*B*y)^2/norm2(x)^3/sum(y.^2)", ALL),
    ("n = norm2(x); sum(n^3*sin(n)*y) + norm2(y)^3/sum(y.^2)", ALL),
    ("sqrt(1 + norm2(x)^2)*norm2(x - y)^2/norm2(x - y)", ALL),
    ("n = norm2(x); r = norm2(y); n^3*r^2*s", ALL),
    ("sum(sqrt(x.^2 + 4) - 2) + sum(sqrt(y.^2 + 4) - 3)", ALL),
    ("sum(u .* (3*sqrt(x.^2 + 1/4) - 3/2))", ALL),
    // As many terms as are multiplied out, and one more; what is not, counted among them.
    ("(s + norm2(x))*(s - norm2(x)) + s*norm2(x .* y)", ALL),
    ("((norm2(x) + s)*(norm2(x) - s) + norm2(x .* y)*norm2(x))^3", ALL),
    (
        "sum((x + y + u) .* (v + exp(x) + exp(y) + exp(u)) - x.*v - x.*exp(x) - x.*exp(y) - x.*exp(u) - y.*v - y.*exp(x) - y.*exp(y) - y.*exp(u) - u.*v - u.*exp(x) - u.*exp(y) - u.*exp(u))",
        ALL,
    ),
    (
        "sum((x + y + u) .* (v + exp(x) + exp(y) + exp(u)) - x.*v - x.*exp(x) - x.*exp(y) - x.*exp(u) - y.*v - y.*exp(x) - y.*exp(y) - y.*exp(u) - u.*v - u.*exp(x) - u.*exp(y) - u.*exp(u) + sin(v))",
        ALL,
    ),
    (
        "((s + x'*y)*s - s^2 + sum((x + y + u + v + 1) .* (x.^2 + y.^2 + u.^2 + v.^2 + x.^3) .* exp(x)))^2",
        ALL,
    ),
];

/// The whole Hessian, block by block, times the direction: Jacobians of the gradients carry axes along. As they are
/// derived, and simplified; the latter are shown to `see`.
fn blocks_agree(text: &str, (low, high): (f64, f64), see: &mut dyn FnMut(&str)) {
    let original = lowered(text).unwrap_or_else(|| panic!("{text}: no objective"));
    let mut d = Derivatives::of(original.graph, original.value, &original.wrt);
    let products = d.hessian_product(&[0, 1, 2, 3, 4, 5]);
    let (gradient, wrt) = (d.gradient.clone(), d.wrt.clone());
    let rows: Vec<Vec<NodeId>> =
        gradient.iter().map(|&node| diff::jacobian(&mut d.graph, node, &wrt)).collect();
    let simple: Vec<Vec<NodeId>> = rows.iter().map(|row| simplify::simplify(&mut d.graph, row).0).collect();
    for &block in simple.iter().flatten() {
        see(&emit::text(&d.graph, block, &View::default()));
    }
    let mut draw = Draw::sample(17);
    let mut inputs = draw.inputs(low, high);
    let sizes: Vec<usize> = [3, 3, 3, 3, 1, 9].to_vec();
    let along: Vec<Vec<f64>> =
        sizes.iter().map(|&n| (0..n).map(|_| draw.next(-1.0, 1.0)).collect()).collect();
    inputs.resize(d.graph.inputs().len() - along.len(), Vec::new());
    inputs.extend(along.iter().cloned());
    for (i, row) in rows.iter().chain(&simple).enumerate() {
        let i = i % rows.len();
        let want = flat(&d.graph, &[products[i]], &inputs);
        let mut got = vec![0.0; sizes[i]];
        for (j, &block) in row.iter().enumerate() {
            let entries = flat(&d.graph, &[block], &inputs);
            for (k, entry) in entries.iter().enumerate() {
                got[k / sizes[j]] += entry * along[j][k % sizes[j]];
            }
        }
        for (got, want) in got.iter().zip(&want) {
            let near = (got - want).abs() <= 1e-9 * want.abs().max(1.0) || !want.is_finite();
            assert!(near, "{text}: by blocks {got}, as a product {want}");
        }
    }
}

/// The line on record of a formula with its whole Hessian.
fn line(text: &str, domain: (f64, f64), mut digest: Digest) -> String {
    let mut count = 0;
    blocks_agree(text, domain, &mut |out| {
        digest.add(out);
        count += 1;
    });
    digest.line(count, text) + "\n"
}

#[test]
fn hessians_by_blocks_are_their_products() {
    let rules = simplify::ALL.iter().map(|rule| (rule.lhs, rule.sample));
    let record: String = rules.chain(NODES).map(|(text, domain)| line(text, domain, Digest::new())).collect();
    is_on_record("blocks", &record);
}

#[test]
fn neighbours_of_rules_are_what_they_say() {
    let mut failed = Vec::new();
    let mut record = String::new();
    for (text, domain) in NEAR {
        assert!(lowered(text).is_some(), "{text}: no objective");
        let mut digest = Digest::new();
        failed.extend(disagreements(text, domain, &mut |out| digest.add(&out)));
        record.push_str(&line(text, domain, digest));
    }
    assert!(failed.is_empty(), "{} disagree:\n{}", failed.len(), failed.join("\n"));
    is_on_record("neighbours", &record);
}

/// The diagonal of the gradient by `B`, through nodes of each kind down to the leaves.
#[test]
fn diagonals_are_entries() {
    let mut record = String::new();
    for text in [
        "sum(B.^2)/2",
        "sum(exp(B))",
        "sum(exp(B) .* B')",
        "sum(B .* B .* sin(A + B))",
        "sum(where(B > A, B.^2, A .* B))",
        "logdet(A + B*B')",
        "det(B)",
        "sum(exp(B*B))",
        "x'*B*y + tr(B)",
        "logsumexp(B*x) + sum(rowmax(B .* A))",
        "sum(max(B, B'))",
    ] {
        let original = lowered(text).unwrap_or_else(|| panic!("{text}: no objective"));
        let mut d = Derivatives::of(original.graph, original.value, &original.wrt);
        let gradient = d.gradient[5];
        let inputs = Draw::sample(5).inputs(0.1, 1.0);
        let whole = flat(&d.graph, &[gradient], &inputs);
        let mut digest = Digest::new();
        for (a, b) in [(0, 1), (1, 0)] {
            let diagonal = diff::diagonal(&mut d.graph, gradient, a, b);
            let entries = flat(&d.graph, &[diagonal], &inputs);
            assert_eq!(difference(&entries, &[whole[0], whole[4], whole[8]], 1e-12, 1.0), None, "{text}");
            digest.add(&emit::text(&d.graph, diagonal, &View::default()));
        }
        record.push_str(&(digest.line(2, text) + "\n"));
    }
    is_on_record("diagonals", &record);
}
