//! Random objectives at special points: generated code, compiled, agrees with the interpreter where functions
//! have limits, poles, kinks or ties, and where numbers are huge or tiny.

use super::random::over_variables;
use crate::compiled::{self, plans};
use cargo_gradsmith::cases::{Named, Tensor};
use gradsmith_compiler::codegen::Float;
use gradsmith_compiler::ir::{Graph, NodeId, Op};
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::schedule::Policy;
use gradsmith_test_support::expression::{self, Rng, VARIABLES};
use gradsmith_test_support::numbers::agree;

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
    Tensor::new(shape.to_vec(), data)
}

fn direction(rng: &mut Rng, shape: &[usize]) -> Tensor {
    Tensor::new(shape.to_vec(), (0..shape.iter().product()).map(|_| rng.number()).collect())
}

/// How far the numbers go that the interpreter meets: all nodes, and what products may come by on the way.
struct Range {
    greatest: f64,
    least: f64,
    /// Whether all are numbers.
    finite: bool,
}

impl Range {
    fn of(graph: &Graph, roots: &[NodeId], data: &Named<&Tensor>) -> Self {
        let nodes = graph.reachable(roots);
        let mut range = Self { greatest: 0.0, least: f64::INFINITY, finite: true };
        let values = plans::interpreted(graph, &nodes, data);
        values.iter().flatten().for_each(|v| range.meet(*v));
        for &node in &nodes {
            let Op::Product { factors, .. } = graph.op(node) else { continue };
            let (mut up, mut down) = (1.0_f64, 1.0_f64);
            for f in factors {
                let base = nodes.iter().position(|n| *n == f.operand.node).map_or(&[][..], |k| &values[k]);
                let raised = base.iter().filter(|v| **v != 0.0).map(|v| v.abs().powf(f.power.to_f64()));
                let (least, greatest) = raised.fold((1.0, 1.0), |(a, b): (f64, f64), v| (a.min(v), b.max(v)));
                (up, down) = (up * greatest, down * least);
            }
            range.finite &= up.is_finite() && down > 0.0;
            range.meet(up);
            range.meet(down);
        }
        range
    }

    fn meet(&mut self, value: f64) {
        self.finite &= value.is_finite();
        if value.is_finite() && value != 0.0 {
            self.greatest = self.greatest.max(value.abs());
            self.least = self.least.min(value.abs());
        }
    }

    fn is_within(&self, most: f64) -> bool {
        self.finite && self.greatest < most && self.least > 1.0 / most
    }
}

/// What the interpreter says of a program.
struct Wanted {
    what: String,
    /// Whether it has products of matrices.
    matrices: bool,
    /// Whether no node is huge, tiny, infinite or no number, where some arguments are huge.
    moderate: bool,
    /// What rounding may be relative to, if that is more than the results.
    rounded: f64,
    results: Vec<Vec<f64>>,
}

impl Wanted {
    fn disagreements(&self, got: &[Vec<f64>], within: f64) -> Vec<String> {
        let finite = |m: f64, w: &f64| if w.is_finite() { m.max(w.abs()) } else { m };
        let scale = self.results.iter().flatten().fold(self.rounded, finite);
        let mut found = Vec::new();
        for (k, (got, want)) in got.iter().zip(&self.results).enumerate() {
            for (j, (&got, &want)) in got.iter().zip(want).enumerate() {
                let alike = agree(got, want, within) || (got - want).abs() <= within * scale;
                let (both, neither) =
                    (got.is_finite() && want.is_finite(), !got.is_finite() && !want.is_finite());
                let allowed = alike || (self.matrices && neither) || !(self.moderate || both);
                if !allowed {
                    let what = &self.what;
                    found.push(format!("{what}: array {k}, entry {j}: {got:e}, interpreted {want:e}"));
                }
            }
        }
        found
    }
}

/// Programs at special points, in this precision.
///
/// The interpreter evaluates the graph that is planned, so that only the order of sums and products and fused
/// multiplications may differ. What is allowed for that:
///
/// - rounding, relative to the largest of the results, and, where arguments are huge, of all nodes;
/// - that a product in another order is out of range on the way, where a node is huge or tiny: then one of the
///   results may be no finite number. In single precision such programs are not compared at all, since the
///   interpreter has the wider range;
/// - what products of matrices make of infinite entries: inf*(a - b) is infinite, inf*a - inf*b no number.
///
/// All else that is infinite or no number is so by both roads.
fn special(name: &str, float: Float, seeds: std::ops::Range<u64>, size: Option<f64>, within: f64) {
    let single = matches!(float, Float::F32);
    let mut modules = Vec::new();
    let mut wanted: Vec<Wanted> = Vec::new();
    for seed in seeds {
        let mut rng = Rng::new(seed);
        let expr = special_program(&mut rng);
        let lowered = match over_variables(&expr, false).lower() {
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
        data.extend(VARIABLES.iter().map(|(n, s)| (format!("v_{n}"), direction(&mut rng, s))));
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
        let range = Range::of(&d.graph, &bare, &data);
        let moderate = size.is_none() || range.is_within(if single { 1e37 } else { 1e304 });
        let policy = [Policy::Store, Policy::Blocks, Policy::Recompute][seed as usize % 3];
        modules.push(plans::module_in(float.clone(), &d.graph, &nodes, &data, policy));
        let rounded = if size.is_some() { range.greatest } else { 0.0 };
        wanted.push(Wanted {
            what: format!("{policy:?}, seed {seed}: {expr} at {}", at.join(", ")),
            matrices: ["det(", "solve(", "inv(", " * "].iter().any(|of| expr.contains(of)),
            moderate,
            rounded,
            results: want,
        });
    }
    let mut failed = Vec::new();
    let strict = wanted.iter().filter(|w| w.moderate).count();
    assert!(10 * strict > wanted.len(), "of only {strict} programs all nodes are moderate");
    for (want, got) in wanted.iter().zip(compiled::run(name, &modules)) {
        match got {
            Err(why) => failed.push(format!("{}: {why}", want.what)),
            Ok(_) if single && !want.moderate => {}
            Ok(got) => failed.extend(want.disagreements(&got, within)),
        }
    }
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn objectives_at_special_points() {
    special("special-objectives", Float::F64, 20_000..20_100, None, 1e-9);
}

#[test]
fn objectives_at_huge_and_tiny_points() {
    special("huge-objectives", Float::F64, 21_000..21_060, Some(1e300), 1e-9);
}

#[test]
fn objectives_at_huge_and_tiny_points_in_single_precision() {
    special("single-objectives", Float::F32, 22_000..22_060, Some(1e30), 1e-4);
}

/// Programs by which something was found, kept.
#[test]
fn programs_that_once_disagreed() {
    // A factor of a diagonal that is no number, off the diagonal.
    special("once-a-diagonal", Float::F64, 30_099..30_100, None, 1e-9);
    // A choice by a scalar before a sum that is no number where it is not taken.
    special("once-a-choice", Float::F64, 20_517..20_518, None, 1e-9);
}
