//! Derivatives of first and second order where a formula divides by 0 on the way to them: determinants of
//! singular matrices, powers of 0 with an exponent that is data. By both roads, against differences of what
//! the formula is by hand.

use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::front::{ObjectiveText, declaration};
use gradsmith_compiler::ir::NodeId;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::schedule::Policy;
use gradsmith_compiler::syntax::ast::{DeclaredExtent, DeclaredShape};
use gradsmith_test_support::numbers::difference;

/// A formula by hand, of the variable.
type ByHand<'a> = dyn Fn(&[f64]) -> f64 + 'a;

/// A formula and its data, the first of which is the variable; and what it is by hand.
struct Case<'a> {
    text: &'a str,
    data: Vec<(&'a str, Tensor)>,
    by_hand: Box<ByHand<'a>>,
}

/// A derivative by differences, extrapolated twice: what is left of a polynomial of low degree is rounding.
fn slope(f: &dyn Fn(&[f64]) -> f64, x: &[f64], k: usize) -> f64 {
    let at = |h: f64| {
        let mut x = x.to_vec();
        x[k] += h;
        f(&x)
    };
    let (h, d) = (1.0 / 64.0, |h: f64| (at(h) - at(-h)) / (2.0 * h));
    let (d1, d2, d3) = (d(h), d(2.0 * h), d(4.0 * h));
    (64.0 * d1 - 20.0 * d2 + d3) / 45.0
}

/// Value, gradient, Hessian, and its product with `v`.
fn by_hand(case: &Case<'_>, v: &[f64]) -> Vec<Vec<f64>> {
    let (f, x) = (&case.by_hand, &case.data[0].1.data);
    let n = x.len();
    let gradient = (0..n).map(|k| slope(f, x, k)).collect();
    let entries = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let hessian: Vec<f64> = entries.map(|(i, j)| slope(&|x| slope(f, x, i), x, j)).collect();
    let product = hessian.chunks(n).map(|row| row.iter().zip(v).map(|(h, v)| h * v).sum()).collect();
    vec![vec![f(x)], gradient, hessian, product]
}

fn hold(name: &str, cases: &[Case<'_>], within: f64) {
    let (mut modules, mut wanted) = (Vec::new(), Vec::new());
    for (k, case) in cases.iter().enumerate() {
        let shape = |shape: &[usize]| match *shape {
            [n] => DeclaredShape::Vector(Some(DeclaredExtent::Constant(n))),
            [n, m] => DeclaredShape::Matrix(Some((DeclaredExtent::Constant(n), DeclaredExtent::Constant(m)))),
            _ => DeclaredShape::Scalar,
        };
        let text = ObjectiveText {
            expr: case.text.to_owned(),
            variables: case.data.iter().map(|(name, t)| declaration(name, shape(&t.shape))).collect(),
            wrt: vec![(case.data[0].0.to_owned(), objective::whole(case.text))],
            ..ObjectiveText::default()
        };
        let program = text.program().unwrap_or_else(|e| panic!("{}: {e}", case.text));
        let variable = &case.data[0].1;
        let v: Vec<f64> = (0..variable.data.len()).map(|at| (at * 3 % 7) as f64 / 4.0 - 0.5).collect();
        let direction = Tensor::new(variable.shape.clone(), v.clone());
        let mut data: Named<&Tensor> = case.data.iter().map(|(n, t)| ((*n).to_owned(), t)).collect();
        data.push((format!("v_{}", case.data[0].0), &direction));
        let nodes: Vec<(String, NodeId)> = [
            ("value", program.value),
            ("gradient", program.gradient[0]),
            ("hessian", program.hessian[0][0]),
            ("product", program.hessian_product[0]),
        ]
        .map(|(name, node)| (name.to_owned(), node))
        .to_vec();
        let bare: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
        let interpreted = plans::interpreted(&program.graph, &bare, &data);
        let policy = [Policy::Store, Policy::Blocks, Policy::Recompute][k % 3];
        modules.push(plans::module(&program.graph, &nodes, &data, policy));
        let at: Vec<_> = case.data.iter().map(|(name, t)| format!("{name} = {:?}", t.data)).collect();
        wanted.push((format!("{} at {}", case.text, at.join(", ")), by_hand(case, &v), interpreted));
    }
    let mut failed = Vec::new();
    for ((what, want, interpreted), compiled) in wanted.iter().zip(compiled::run(name, &modules)) {
        let compiled = compiled.unwrap_or_else(|why| panic!("{what}: {why}"));
        for (road, got) in [("interpreted", interpreted), ("compiled", &compiled)] {
            for (k, (got, want)) in got.iter().zip(want).enumerate() {
                let name = ["value", "gradient", "hessian", "product"][k];
                failed.extend(
                    difference(got, want, within, 1.0).map(|d| format!("{what}, {road}: {name}: {d}")),
                );
            }
        }
        for (got, want) in compiled.iter().zip(interpreted) {
            failed.extend(difference(got, want, 1e-11, 1.0).map(|d| format!("{what}: roads part: {d}")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

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

fn trace(a: &[f64], n: usize) -> f64 {
    (0..n).map(|k| a[k * n + k]).sum()
}

type OfMatrices = fn(&[f64], &[f64], usize) -> f64;

const OF_MATRICES: [(&str, OfMatrices); 7] = [
    ("det(A)", |a, _, n| det(a, n)),
    ("det(A)^2 + 3*det(A)", |a, _, n| det(a, n).powi(2) + 3.0 * det(a, n)),
    ("2*det(A)^3", |a, _, n| 2.0 * det(a, n).powi(3)),
    ("sum(A)*det(A)", |a, _, n| a.iter().sum::<f64>() * det(a, n)),
    ("det(A*B)", |a, b, n| det(&times(a, b, n), n)),
    ("det(A + A')", |a, _, n| {
        det(&(0..n * n).map(|at| a[at] + a[at % n * n + at / n]).collect::<Vec<_>>(), n)
    }),
    ("tr(A)*det(2*A .* B)", |a, b, n| {
        trace(a, n) * det(&(0..n * n).map(|k| 2.0 * a[k] * b[k]).collect::<Vec<_>>(), n)
    }),
];

#[test]
fn determinants_of_singular_matrices() {
    let matrices: [(usize, &[i32]); 12] = [
        (1, &[0]),
        (1, &[2]),
        (2, &[1, 2, 2, 4]),
        (2, &[0, 1, 0, 0]),
        (2, &[0; 4]),
        (3, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (3, &[1, 2, 3, 2, 4, 6, -1, -2, -3]),
        (3, &[0, 1, 0, 0, 0, 1, 0, 0, 0]),
        (3, &[0; 9]),
        (3, &[1, 2, 0, -1, 1, 1, 2, 0, 1]),
        (4, &[1, 2, 3, 4, 2, 4, 6, 8, 1, 0, 1, 0, 2, 2, 4, 4]),
        (4, &[1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 2, 1, 2, 1]),
    ];
    let mut cases = Vec::new();
    for (n, a) in matrices {
        for (text, of) in OF_MATRICES {
            let b: Vec<f64> = (0..n * n).map(|at| 1.0 - (at * at % 5) as f64 / 2.0).collect();
            let square = |data: Vec<f64>| Tensor::new(vec![n, n], data);
            let data = vec![("A", square(a.iter().map(|&x| x.into()).collect())), ("B", square(b.clone()))];
            cases.push(Case { text, data, by_hand: Box::new(move |a| of(a, &b, n)) });
        }
    }
    hold("singular", &cases, 1e-7);
}

type OfPowers = fn(&[f64], i32) -> f64;

/// Of a number or a vector, p and l = 1.5.
const OF_POWERS: [(&str, OfPowers); 9] = [
    ("s^p", |s, p| s[0].powi(p)),
    ("(s^p - 0.75)^2", |s, p| (s[0].powi(p) - 0.75).powi(2)),
    // Weibull's distribution, and its hazard.
    ("1 - exp(-(s/l)^p)", |s, p| 1.0 - (-(s[0] / 1.5).powi(p)).exp()),
    ("(p + 1)/l*(s/l)^p", |s, p| (f64::from(p) + 1.0) / 1.5 * (s[0] / 1.5).powi(p)),
    // Hill's.
    ("s^p/(l^p + s^p)", |s, p| s[0].powi(p) / (1.5_f64.powi(p) + s[0].powi(p))),
    ("sum(x.^p)^2", |x, p| x.iter().map(|x| x.powi(p)).sum::<f64>().powi(2)),
    ("sum(exp(x.^p))", |x, p| x.iter().map(|x| x.powi(p).exp()).sum()),
    ("sum((1 - x).^p)", |x, p| x.iter().map(|x| (1.0 - x).powi(p)).sum()),
    ("sum(sin(x).^p .* x)", |x, p| x.iter().map(|x| x.sin().powi(p) * x).sum()),
];

#[test]
fn powers_of_0_with_an_exponent_that_is_data() {
    let mut cases = Vec::new();
    for (text, of) in OF_POWERS {
        for p in 0..=4 {
            let variable = if text.starts_with("sum") {
                ("x", Tensor::new(vec![4], vec![0.0, 1.0, -0.75, 0.5]))
            } else {
                ("s", Tensor::new(Vec::new(), vec![0.0]))
            };
            let scalar = |x: f64| Tensor::new(Vec::new(), vec![x]);
            let data = vec![variable, ("p", scalar(p.into())), ("l", scalar(1.5))];
            cases.push(Case { text, data, by_hand: Box::new(move |x| of(x, p)) });
        }
    }
    hold("powers", &cases, 1e-6);
}
