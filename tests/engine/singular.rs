//! Determinants and their derivatives where matrices are singular: by both roads, against what the
//! determinants themselves say.

use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_test_support::numbers::difference;

/// A formula of the matrix A, and perhaps of a matrix B, with what it is by hand.
struct Formula {
    text: &'static str,
    by_hand: fn(&[f64], &[f64], usize) -> f64,
}

const FORMULAS: &[Formula] = &[
    Formula { text: "det(A)", by_hand: |a, _, n| det(a, n) },
    Formula { text: "det(A)^2 + 3*det(A)", by_hand: |a, _, n| det(a, n).powi(2) + 3.0 * det(a, n) },
    Formula { text: "sum(A)*det(A)", by_hand: |a, _, n| a.iter().sum::<f64>() * det(a, n) },
    Formula { text: "det(A*B)", by_hand: |a, b, n| det(&times(a, b, n), n) },
    Formula { text: "det(A + A')", by_hand: |a, _, n| det(&symmetric(a, n), n) },
    Formula { text: "2*det(A)^3", by_hand: |a, _, n| 2.0 * det(a, n).powi(3) },
    Formula {
        text: "tr(A)*det(2*A .* B)",
        by_hand: |a, b, n| {
            (0..n).map(|k| a[k * n + k]).sum::<f64>()
                * det(&(0..n * n).map(|k| 2.0 * a[k] * b[k]).collect::<Vec<_>>(), n)
        },
    },
];

/// By expansion along the first row.
fn det(a: &[f64], n: usize) -> f64 {
    if n == 0 {
        return 1.0;
    }
    let minor = |c: usize| -> Vec<f64> { (n..n * n).filter(|at| at % n != c).map(|at| a[at]).collect() };
    (0..n).map(|c| if c % 2 == 0 { a[c] } else { -a[c] } * det(&minor(c), n - 1)).sum()
}

fn times(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| (0..n).map(|k| a[at / n * n + k] * b[k * n + at % n]).sum()).collect()
}

fn symmetric(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| a[at] + a[at % n * n + at / n]).collect()
}

/// Derivatives of a polynomial of low degree, by differences whose errors are those of rounding.
fn slope(f: &dyn Fn(&[f64]) -> f64, x: &[f64], k: usize) -> f64 {
    let at = |h: f64| {
        let mut x = x.to_vec();
        x[k] += h;
        f(&x)
    };
    let (h, d) = (1.0 / 64.0, |h: f64| (at(h) - at(-h)) / (2.0 * h));
    // Richardson's extrapolation, twice.
    let (d1, d2, d3) = (d(h), d(2.0 * h), d(4.0 * h));
    (64.0 * d1 - 20.0 * d2 + d3) / 45.0
}

fn matrices() -> Vec<(usize, Vec<f64>)> {
    let whole = |n: usize, entries: &[i32]| (n, entries.iter().map(|&x| f64::from(x)).collect());
    vec![
        whole(1, &[0]),
        whole(1, &[2]),
        whole(2, &[1, 2, 2, 4]),
        whole(2, &[0, 1, 0, 0]),
        whole(2, &[0; 4]),
        whole(3, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        whole(3, &[1, 2, 3, 2, 4, 6, -1, -2, -3]),
        whole(3, &[0, 1, 0, 0, 0, 1, 0, 0, 0]),
        whole(3, &[0; 9]),
        whole(3, &[1, 2, 0, -1, 1, 1, 2, 0, 1]),
        whole(4, &[1, 2, 3, 4, 2, 4, 6, 8, 1, 0, 1, 0, 2, 2, 4, 4]),
        whole(4, &[1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 2, 1, 2, 1]),
    ]
}

#[test]
fn determinants_have_their_derivatives_at_singular_matrices() {
    let (mut modules, mut wanted) = (Vec::new(), Vec::new());
    for (n, a) in matrices() {
        for (k, formula) in FORMULAS.iter().enumerate() {
            let shape =
                DeclaredShape::Matrix(Some((DeclaredExtent::Constant(n), DeclaredExtent::Constant(n))));
            let text = ObjectiveText {
                expr: formula.text.to_owned(),
                variables: ["A", "B"].map(|name| declaration(name, shape.clone())).to_vec(),
                wrt: vec![("A".to_owned(), objective::whole(formula.text))],
                ..ObjectiveText::default()
            };
            let program = text.program().unwrap_or_else(|e| panic!("{}: {e}", formula.text));
            let b: Vec<f64> = (0..n * n).map(|at| 1.0 - (at * at % 5) as f64 / 2.0).collect();
            let v: Vec<f64> = (0..n * n).map(|at| (at * 3 % 7) as f64 / 4.0 - 0.5).collect();
            let square = |data: &[f64]| Tensor { shape: vec![n, n], data: data.to_vec() };
            let data = [("A", square(&a)), ("B", square(&b)), ("v_A", square(&v))];
            let data: Named<&Tensor> = data.iter().map(|(name, t)| ((*name).to_owned(), t)).collect();
            let nodes: Vec<(String, NodeId)> = [
                ("value", program.value),
                ("gradient", program.gradient[0]),
                ("hessian", program.hessian[0][0]),
                ("product", program.hessian_product[0]),
            ]
            .map(|(name, node)| (name.to_owned(), node))
            .to_vec();
            let value = |a: &[f64]| (formula.by_hand)(a, &b, n);
            let gradient = |a: &[f64]| -> Vec<f64> { (0..n * n).map(|k| slope(&value, a, k)).collect() };
            let hessian: Vec<f64> = (0..n * n)
                .flat_map(|i| (0..n * n).map(move |j| (i, j)))
                .map(|(i, j)| slope(&|a| slope(&value, a, i), &a, j))
                .collect();
            let product = hessian.chunks(n * n).map(|row| row.iter().zip(&v).map(|(h, v)| h * v).sum());
            let want = vec![vec![value(&a)], gradient(&a), hessian.clone(), product.collect()];
            let bare: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
            let interpreted = plans::interpreted(&program.graph, &bare, &data);
            let policy = [Policy::Store, Policy::Blocks, Policy::Recompute][k % 3];
            modules.push(plans::module(&program.graph, &nodes, &data, policy));
            wanted.push((format!("{} at {a:?}", formula.text), want, interpreted));
        }
    }
    let mut failed = Vec::new();
    for ((what, want, interpreted), compiled) in wanted.iter().zip(compiled::run("singular", &modules)) {
        let compiled = compiled.unwrap_or_else(|why| panic!("{what}: {why}"));
        for (road, got) in [("interpreted", interpreted), ("compiled", &compiled)] {
            for (k, (got, want)) in got.iter().zip(want).enumerate() {
                let name = ["value", "gradient", "hessian", "product"][k];
                failed
                    .extend(difference(got, want, 1e-7, 1.0).map(|d| format!("{what}, {road}: {name}: {d}")));
            }
        }
        for (got, want) in compiled.iter().zip(interpreted) {
            failed.extend(difference(got, want, 1e-12, 1.0).map(|d| format!("{what}: roads part: {d}")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
