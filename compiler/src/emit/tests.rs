//! What is printed, exactly; and that what is printed means the same when it is read again.

use super::{ALL, Inner, View, lines, target, text};
use crate::diff;
use crate::eval::{Evaluator, Sizes};
use crate::ir::{Extent, Graph, NodeId, Number, Tensor};
use crate::lower::{Role, cost, network, objective};
use crate::simplify;
use crate::source::SourceId;
use crate::syntax::ast::Declaration;
use crate::syntax::parse;

fn latex(g: &Graph, node: NodeId, view: &View) -> String {
    super::latex::write(&lines(g, node, view))
}

fn mathml(g: &Graph, node: NodeId, view: &View) -> String {
    lines(g, node, view).mathml()
}

fn declarations(text: &str) -> Vec<Declaration> {
    parse::declarations(text, SourceId::Declarations).expect("declarations")
}

fn objective(source: &str, variables: &str, wrt: &[&str]) -> objective::Objective {
    let program = parse::program(source, SourceId::Expression).expect(source);
    let wrt: Vec<_> = wrt.iter().map(|w| ((*w).to_owned(), objective::whole(source))).collect();
    objective::lower(source, &program, &[], &declarations(variables), &wrt, objective::Wanted::Scalar)
        .expect(source)
}

fn expanded() -> View {
    View { inner: Inner::Expanded, ..View::default() }
}

/// The value as it is printed.
fn value(source: &str, variables: &str) -> String {
    let o = objective(source, variables, &[]);
    text(&o.graph, o.value, &expanded())
}

fn derived(source: &str, variables: &str, wrt: &str) -> (Graph, NodeId) {
    let mut o = objective(source, variables, &[wrt]);
    let d = diff::gradient(&mut o.graph, o.value, &o.wrt);
    (o.graph, d[0])
}

/// The derivative by `wrt` as it is printed.
fn gradient(source: &str, variables: &str, wrt: &str) -> String {
    let (g, d) = derived(source, variables, wrt);
    text(&g, d, &expanded())
}

const REGRESSION: &str = "X: matrix, y: vector, lambda: scalar, w: vector";

#[test]
fn values_are_written_as_in_a_textbook() {
    let cases = [
        (
            "norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2",
            REGRESSION,
            "sum((X * w - y).^2)/2 + lambda/2 * sum(w.^2)",
        ),
        ("mean((X*w - y).^2)", REGRESSION, "mean((X * w - y).^2)"),
        ("sum(log(1 + exp(-y .* (X*w))))", REGRESSION, "sum(log(1 + exp(-y .* (X * w))))"),
        ("tr(A*X*B)", "A: matrix, X: matrix, B: matrix", "tr(A * X * B)"),
        ("x'*A*x", "A: matrix, x: vector", "x' * A * x"),
        ("b'*inv(A)*b + logdet(A)", "A: matrix, b: vector", "b' * inv(A) * b + logdet(A)"),
        ("norm2(w*w' - eye)", "w: matrix", "norm2(w * w' - eye)"),
        ("sum(sqrt(x.^2 + c^2) - c)", "c: scalar, x: vector", "sum(sqrt(x.^2 + c^2) - c)"),
        ("a*x^2*sin(x)/2 - x", "a: scalar, x: scalar", "a * x^2 * sin(x) / 2 - x"),
        ("-x - -1 - a^-2", "a: scalar, x: scalar", "1 - x - 1/a^2"),
        ("tr(kron(A, B))", "A: matrix, B: matrix", "tr(kron(A, B))"),
        ("sum((A .* B) * A')", "A: matrix, B: matrix", "sum((A .* B) * A')"),
        ("max(A*x) - logsumexp(x)", "A: matrix, x: vector", "max(A * x) - logsumexp(x)"),
    ];
    for (source, variables, want) in cases {
        assert_eq!(value(source, variables), want, "{source}");
    }
}

#[test]
fn gradients_are_written_as_in_a_textbook() {
    let cases = [
        ("norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", REGRESSION, "w", "X' * (X * w - y) + lambda * w"),
        ("tr(A*X*B)", "A: matrix, X: matrix, B: matrix", "X", "A' * B'"),
        ("x'*A*x", "A: matrix, x: vector", "x", "A' * x + A * x"),
        ("x'*A*y", "A: matrix, x: vector, y: vector", "A", "x * y'"),
        ("logdet(A)", "A: matrix", "A", "inv(A)'"),
        // A sum is turned where that saves a transpose, and a diagonal between others is its own.
        (
            "sum(w .* rowsum((X*A).^2))/2 - logdet(A)",
            "X: matrix, w: vector, A: matrix",
            "A",
            "X' * diag(w) * X * A - inv(A)'",
        ),
        ("b'*inv(A)*b", "A: matrix, b: vector", "A", "-inv(A)' * b * b' * inv(A)'"),
        ("sum(X)", "X: matrix", "X", "matrix(1)"),
        ("sum(x)", "x: vector", "x", "vector(1)"),
        ("norm2(x)", "x: vector", "x", "x/norm2(x)"),
        ("norm2(x)^3", "x: vector", "x", "3 * norm2(x) * x"),
        ("norm2(x)^-1", "x: vector", "x", "-x/norm2(x)^3"),
        ("y'*tanh(X*w)", REGRESSION, "w", "X' * (y .* (1 - tanh(X * w).^2))"),
        ("logsumexp(A*x)", "A: matrix, x: vector", "x", "A' * softmax(A * x)"),
        ("sum(colsum(A) .* b)", "A: matrix, b: vector", "A", "vector(1) * b'"),
        ("sum(x ./ y)", "x: vector, y: vector", "y", "-x ./ y.^2"),
        ("sum(relu(x))", "x: vector", "x", "where(x > 0, 1, 0)"),
        ("tr(diag(x)*A)", "A: matrix, x: vector", "A", "diag(x)"),
        ("sum(A*diag(x)*B)", "A: matrix, x: vector, B: matrix", "x", "colsum(A) .* rowsum(B)"),
    ];
    for (source, variables, wrt, want) in cases {
        assert_eq!(gradient(source, variables, wrt), want, "{source}");
    }
}

#[test]
fn latex_has_the_usual_symbols() {
    let o = objective("norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", REGRESSION, &[]);
    let want =
        r"\frac{\left\lVert X w - y \right\rVert^2}{2} + \frac{\lambda}{2} \left\lVert w \right\rVert^2";
    assert_eq!(latex(&o.graph, o.value, &expanded()), want);
    let (g, d) = derived("norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2", REGRESSION, "w");
    assert_eq!(latex(&g, d, &expanded()), r"X^{\top} \left(X w - y\right) + \lambda w");
    let (g, d) = derived("sum(sqrt(x1.^2 + eps_max^2))", "eps_max: scalar, x1: vector", "x1");
    let want = r"x_1 \oslash \sqrt{x_1^{\odot 2} + \mathrm{eps}_{\mathrm{max}}^2}";
    assert_eq!(latex(&g, d, &expanded()), want);
    let (g, d) = derived("logdet(A) + sum(sigmoid(A))", "A: matrix", "A");
    assert_eq!(latex(&g, d, &expanded()), r"\sigma\left(A\right) \odot \sigma\left(-A\right) + A^{-\top}");
}

#[test]
fn mathml_is_one_element_without_what_a_doc_comment_refuses() {
    let (g, d) = derived("norm2(x)", "x: vector", "x");
    let bars = |s: &str| format!(r#"<mo fence="true" form="{s}">‖</mo>"#);
    let norm = format!("<mrow>{}<mi>x</mi>{}</mrow>", bars("prefix"), bars("postfix"));
    let want = format!(r#"<math display="block"><mfrac><mi>x</mi>{norm}</mfrac></math>"#);
    assert_eq!(mathml(&g, d, &expanded()), want);
    let o = objective("sum(where(x < 1e-300, x.^2, lgamma(x)))", "x: vector", &[]);
    let page = mathml(&o.graph, o.value, &expanded());
    assert!(page.contains("&lt;") && !page.contains('\n'), "{page}");
    let (mut open, mut rest) = (Vec::new(), page.as_str());
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').expect("closed tag") + at;
        let tag = &rest[at + 1..end];
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => open.push(tag.split(' ').next().expect("a name")),
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty());
}

#[test]
fn a_batch_is_written_for_one_example() {
    let source = "quadratic + l2(lambda)";
    let program = parse::program(source, SourceId::Expression).expect(source);
    let tensors: Vec<(Declaration, Role)> =
        declarations("w: matrix").into_iter().map(|d| (d, Role::Weight)).collect();
    let c = cost::lower(source, &program, &[], &["lambda".to_owned()], &tensors, true).expect(source);
    let view = View::of_batch(c.batch);
    let mut g = c.graph;
    assert_eq!(text(&g, c.data, &view), "1/(2 * m) * Σ_examples sum((a - y).^2)");
    assert_eq!(text(&g, c.penalty, &view), "lambda/2 * sum(w.^2)");
    let d = diff::gradient(&mut g, c.data, &[c.a]);
    assert_eq!(text(&g, d[0], &view), "(a - y)/m");
    assert_eq!(latex(&g, d[0], &view), r"\frac{a - y}{m}");
    let d = diff::gradient(&mut g, c.penalty, &[c.tensors[0].node]);
    assert_eq!(text(&g, d[0], &view), "lambda * w");
}

#[test]
fn a_mean_over_outputs_is_a_mean() {
    let source = "mse";
    let program = parse::program(source, SourceId::Expression).expect(source);
    let c = cost::lower(source, &program, &[], &[], &[], true).expect(source);
    let view = View::of_batch(c.batch);
    assert_eq!(text(&c.graph, c.data, &view), "1/m * Σ_examples mean((a - y).^2)");
}

struct Trained {
    graph: Graph,
    batch: Extent,
    data: NodeId,
    gradients: Vec<NodeId>,
}

fn trained(text: &str, cost: &str) -> Trained {
    let parsed = parse::network(text, SourceId::Network).expect(text);
    let spelled = network::spell(&parsed, &[], &[]).expect(text);
    let program = parse::program(cost, SourceId::Expression).expect(cost);
    let hyper = ["lambda".to_owned()];
    let parts = network::Parsed {
        network: text,
        declarations: "",
        spelled: &spelled,
        text: cost,
        program: &program,
        defines: &[],
        hyper: &hyper,
    };
    let n = network::lower(parts).expect(cost);
    let mut graph = n.cost.graph;
    let one = graph.number(Number::ONE);
    let wrt: Vec<NodeId> = n.cost.tensors.iter().map(|t| t.node).collect();
    let name = |_: &Graph, id: NodeId| {
        let layer = n.values.iter().find(|(_, v)| *v == id)?.0.strip_prefix('z')?;
        Some(format!("delta{layer}"))
    };
    let seeds = [(n.cost.data, one), (n.cost.penalty, one)];
    let gradients = diff::pullback(&mut graph, &seeds, &wrt, &name);
    Trained { graph, batch: n.cost.batch, data: n.cost.data, gradients }
}

fn named(t: &Trained, name: &str) -> NodeId {
    let all = t.graph.reachable(&t.gradients);
    all.into_iter().rev().find(|id| t.graph.name(*id) == Some(name)).expect(name)
}

#[test]
fn networks_are_written_with_the_names_of_the_textbook() {
    let t = trained("784 -> 100 sigmoid -> 10 sigmoid", "quadratic + l2(lambda)");
    let view = View::of_batch(t.batch);
    let shown = |id: NodeId| text(&t.graph, id, &view);
    assert_eq!(shown(t.data), "1/(2 * m) * Σ_examples sum((a2 - y).^2)");
    assert_eq!(shown(named(&t, "z2")), "w2 * a1 + b2");
    assert_eq!(shown(named(&t, "delta1")), "a1 .* (w2' * delta2) .* sigmoid(-z1)");
    assert_eq!(shown(t.gradients[0]), "lambda * w1 + Σ_examples delta1 * x'");
    assert_eq!(shown(t.gradients[3]), "Σ_examples delta2");
    // Without a batch to hide, examples are rows.
    assert_eq!(text(&t.graph, t.gradients[0], &View::default()), "delta1' * x + lambda * w1");
    assert_eq!(text(&t.graph, named(&t, "z1"), &View::default()), "x * w1' + vector(1) * b1'");
    let by_name = View { expand_top: false, ..view.clone() };
    assert_eq!(text(&t.graph, named(&t, "delta2"), &by_name), "delta2");
    assert_eq!(
        latex(&t.graph, t.gradients[2], &view),
        r"\lambda w_2 + \sum_{\text{examples}} \delta_2 a_1^{\top}"
    );
}

#[test]
fn what_has_no_matrix_form_is_written_by_entries() {
    let mut g = Graph::new();
    let n = g.extents.symbol("n");
    let [a, b, c] = ["A", "B", "C"].map(|name| g.input(name, &[n, n]));
    let [i, j, k, l] = [(); 4].map(|()| g.extents.index(n));
    let factor = |node, indices| (Tensor::new(node, indices), Number::ONE);
    let star = g.contract(
        Number::TWO,
        &[factor(a, vec![i, l]), factor(b, vec![j, l]), factor(c, vec![k, l])],
        &[i, j, k],
    );
    let view = View::default();
    assert_eq!(text(&g, star, &view), "tensor[i, j, k](2 * sum[l](A[i,l] * B[j,l] * C[k,l]))");
    assert_eq!(latex(&g, star, &view), r"2 \sum_{l=0}^{n - 1} A_{il} B_{jl} C_{kl}");
    let ring = g.contract(
        Number::ONE,
        &[factor(a, vec![i, l]), factor(b, vec![j, l]), factor(c, vec![l, l])],
        &[i, j],
    );
    assert_eq!(text(&g, ring, &view), "A * diag(diag(C)) * B'");
    let row = g.contract(Number::ONE, &[factor(star, vec![i, j, k]), factor(a, vec![k, l])], &[i, j, l]);
    assert_eq!(
        text(&g, row, &view),
        "tensor[i, j, k](2 * sum[l](A[l,k] * sum[p](A[i,p] * B[j,p] * C[l,p])))"
    );
}

#[test]
fn long_formulas_write_what_they_share_once() {
    let mut source = "x".to_owned();
    let mut locals = String::new();
    for k in 0..30 {
        locals.push_str(&format!("v{k} = sin({source}) .* cos({source}) + {source}; "));
        source = format!("v{k}");
    }
    let o = objective(&format!("{locals}sum({source})"), "x: vector", &[]);
    let shown = text(&o.graph, o.value, &expanded());
    assert!(shown.starts_with("t1 = x + sin(x) .* cos(x); t2 = t1 + sin(t1) .* cos(t1); "), "{shown}");
    assert!(shown.len() < 2000, "{}", shown.len());
    let defined = text(&o.graph, o.value, &View { inner: Inner::Defined, ..View::default() });
    assert!(defined.starts_with("v0 = x + sin(x) .* cos(x); v1 = v0 + "), "{defined}");
    let page = latex(&o.graph, o.value, &expanded());
    assert!(page.starts_with(r"\sum \left(t_{29} + "), "{page}");
}

#[test]
fn deep_formulas_are_written_in_steps() {
    let mut g = Graph::new();
    let x = g.input("x", &[]);
    let mut t = Tensor::new(x, Vec::new());
    for _ in 0..5000 {
        t = g.call("sin", &[t]);
    }
    let shown = text(&g, t.node, &View::default());
    assert!(shown.starts_with("t1 = sin(sin("), "{}", &shown[..40]);
    assert!(mathml(&g, t.node, &View::default()).ends_with("</math>"));
}

#[test]
fn targets_are_found_by_name() {
    for t in ALL {
        assert!(target(t.name).is_some_and(|found| found.name == t.name));
    }
    assert!(target("pdf").is_none());
}

// ---- what is printed is read again

const SIZES: &str = "X: 4 x 3, Y: 4 x 3, A: 3 x 3, B: 3 x 3, w: 3, u: 3, y: 4, lambda: scalar, c: scalar, V3: 3, V43: 4 x 3, V33: 3 x 3, V0: scalar";

/// Values from 0.2 to 1.4 for every input, the same each time.
fn entries(g: &Graph) -> Vec<Vec<f64>> {
    let mut state = 12_345_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        0.2 + 1.2 * ((state >> 40) as f64 / (1u64 << 24) as f64)
    };
    let count = |e: &Extent| g.extents.as_constant(*e).unwrap_or(1);
    g.inputs()
        .iter()
        .map(|i| (0..g.shape(i.node).iter().map(count).product()).map(|_| next()).collect())
        .collect()
}

/// Prints `node`, reads it again and compares ⟨node, seed⟩, where `seed` is a declared array of the node's
/// shape.
fn assert_reads_back(g: &Graph, node: NodeId, seed: &str, about: &str) {
    let inputs = entries(g);
    let sizes = Sizes::new();
    let weights = &inputs[g.inputs().iter().position(|i| i.name == seed).expect(seed)];
    let want: f64 =
        Evaluator::new(g, &inputs, &sizes).eval(node).iter().zip(weights).map(|(d, v)| d * v).sum();
    let views = [expanded(), View { inner: Inner::Defined, budget: 5, ..View::default() }];
    for view in views {
        let printed = text(g, node, &view);
        let (locals, result) = printed.rsplit_once("; ").map_or(("", printed.as_str()), |(l, r)| (l, r));
        let locals = if locals.is_empty() { String::new() } else { format!("{locals}; ") };
        let again = objective(&format!("{locals}sum(({result}) .* {seed})"), SIZES, &[]);
        let got = Evaluator::new(&again.graph, &inputs, &sizes).scalar(again.value);
        let close = (got - want).abs() <= 1e-9 * want.abs().max(1.0);
        assert!(close || (got.is_nan() && want.is_nan()), "{about}\n  {printed}\n  {got} is not {want}");
        // The other targets at least have something to say of it.
        assert!(!latex(g, node, &view).contains("  "), "{}", latex(g, node, &view));
    }
}

#[test]
fn what_is_printed_means_the_same_when_it_is_read() {
    let objectives = [
        "norm2(X*w - y)^2/2 + lambda/2*norm2(w)^2",
        "sum(log(1 + exp(-y .* (X*w)))) + lambda*sum(abs(w))",
        "sum(sigmoid(X*w) .* y) / 3",
        "logsumexp(A*w) - max(w)",
        "sum(softmax(A*w) .* log_softmax(u - w))",
        "w'*A*B*w - c*w'*u",
        "tr(A*B) + tr(A'*B) + tr(A)",
        "logdet(A'*A + eye) + u'*inv(A + 3*eye)*w",
        "norm2(X) + norm2(A*w - u) + norm1(w .* u)",
        "sum(sqrt(w.^2 + c^2) - c)",
        "sum(where(w > u, w.^3, exp(w) ./ u))",
        "sum(X * diag(w) * A) + sum(diag(A) .* w)",
        "sum((A*w) .* (B*w) .* u)",
        "sum(rowsum(X.^2).^2) + sum(colsum(X .* Y) .* w)",
        "sum(w.^c) + c^2.5 - 1/(c + lambda^2)",
        "norm2(A*A' - eye)^2*lambda/2",
        "sum(max(w, u)) + sum(min(w, c)) + norm_inf(w - 2*u)",
        "sum(tanh(A*(w .* u)) ./ (1 + u.^2))",
        "sum(rowmax(A)) + logsumexp(X*w) + det(A)",
        "r = X*w - y; s = r'*r; s*sqrt(s) + sum(r)*mean(w)",
        "sum(relu(X) .* Y.^2) - sum(log(Y)) / (2*c)",
        "mean(X .* Y) * sum(w) - sum(outer(w, u))",
        "sum((w*u') .* A) + sum((A + w*vector(1)').^2)",
        "-(c - lambda)*(c + 1)*sum(w)/(c*lambda)^2",
        "sum(kron(A, B)) + tr(A^3) + tr(A^-1)",
    ];
    for source in objectives {
        for (wrt, seed) in [("w", "V3"), ("A", "V33"), ("X", "V43"), ("c", "V0")] {
            let mut o = objective(source, SIZES, &[wrt]);
            assert_reads_back(&o.graph, o.value, "V0", source);
            let g = &mut o.graph;
            let d = diff::gradient(g, o.value, &o.wrt)[0];
            if source.contains("kron") && wrt == "A" {
                continue; // the derivative of a Kronecker product is written by entries
            }
            assert_reads_back(g, d, seed, &format!("{source} by {wrt}"));
            let (simple, _) = simplify::simplify(g, &[d]);
            assert_reads_back(g, simple[0], seed, &format!("{source} by {wrt}, simplified"));
            if wrt == "w" && !source.contains("max") {
                let along = g.inputs().iter().find(|i| i.name == "u").expect("u").node;
                let (d, along) = (g.whole(simple[0]), along);
                let factors = [(d.clone(), Number::ONE), (Tensor::new(along, d.indices), Number::ONE)];
                let slope = g.contract(Number::ONE, &factors, &[]);
                let product = diff::gradient(g, slope, &o.wrt)[0];
                assert_reads_back(g, product, seed, &format!("second derivative of {source}"));
            }
        }
    }
}

/// Any product of vectors and matrices over any indices.
#[test]
fn contractions_mean_the_same_when_they_are_read() {
    let mut state = 7_u64;
    let mut pick = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (mut read, mut by_entries) = (0, 0);
    for _ in 0..300 {
        let o = objective("sum(A*w) + sum(B*u) + c + V0 + sum(V3) + sum(V33)", SIZES, &[]);
        let mut g = o.graph;
        let input = |g: &Graph, name: &str| g.inputs().iter().find(|i| i.name == name).expect(name).node;
        let three = g.extents.constant(3);
        let indices: Vec<_> = (0..4).map(|_| g.extents.index(three)).collect();
        let rank = pick(3);
        let mut factors = vec![(Tensor::new(input(&g, "c"), Vec::new()), Number::int(pick(3) as i64 - 1))];
        for _ in 0..2 + pick(4) {
            let name = ["w", "u", "A", "B"][pick(4)];
            let node = input(&g, name);
            let axes = (0..g.rank(node)).map(|_| indices[pick(4)]).collect();
            let power = [1, 1, 1, 2, -1][pick(5)];
            factors.push((Tensor::new(node, axes), Number::int(power)));
        }
        let coeff = [Number::ONE, Number::int(-3), Number::ratio(1, 2)][pick(3)];
        let node = g.contract(coeff, &factors, &indices[..rank]);
        if text(&g, node, &expanded()).contains('[') {
            by_entries += 1;
            continue;
        }
        assert_reads_back(&g, node, ["V0", "V3", "V33"][rank], "a contraction");
        read += 1;
    }
    assert!(read > 4 * by_entries, "{read} in matrix form, {by_entries} by entries");
}
