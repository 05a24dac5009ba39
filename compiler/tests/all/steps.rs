//! Each equality that a derivation prints is true: both sides are evaluated, at points by chance.

use gradsmith_compiler::catalog::{self, Kind};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::{CostText, NetworkText};
use gradsmith_compiler::ir::{Extent, Graph, NodeId};
use gradsmith_compiler::pipeline::steps::{Called, Chain, Holds, Step, cost_steps, network_steps};

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    /// In (0, 1).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / (1u64 << 31) as f64
    }
}

/// A point: a value for each input, those that stand for nodes computed.
pub(super) struct Point {
    pub(super) inputs: Vec<Vec<f64>>,
    sizes: Sizes,
}

impl Point {
    pub(super) fn new(
        g: &Graph,
        seed: u64,
        sizes: &[(&str, usize)],
        stands_for: &[(NodeId, NodeId)],
        value: &dyn Fn(&str, f64) -> f64,
    ) -> Self {
        let sizes: Sizes = sizes.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        let mut chance = Chance(seed);
        let count = |shape: &[Extent]| shape.iter().map(|&e| g.extents.size(e, &sizes, 2)).product::<usize>();
        let inputs = g.inputs().iter().map(|i| {
            let entries = (0..count(g.shape(i.node))).map(|_| chance.next());
            entries.map(|x| value(&i.name, x)).collect::<Vec<f64>>()
        });
        let mut point = Self { inputs: inputs.collect(), sizes };
        for &(input, node) in stands_for {
            let known = point.eval(g, node);
            let at = g.inputs().iter().position(|i| i.node == input).expect("an input");
            point.inputs[at] = known;
        }
        point
    }

    pub(super) fn eval(&self, g: &Graph, node: NodeId) -> Vec<f64> {
        Evaluator::new(g, &self.inputs, &self.sizes).eval(node).to_vec()
    }

    /// A sum of products, entry by entry.
    fn step(&self, g: &Graph, step: &Step) -> Vec<f64> {
        let mut sum: Vec<f64> = Vec::new();
        for factors in &step.terms {
            let mut product: Vec<f64> = Vec::new();
            for factor in factors {
                let value = self.eval(g, factor.node);
                if product.is_empty() {
                    product = value;
                } else {
                    assert_eq!(product.len(), value.len());
                    product.iter_mut().zip(value).for_each(|(p, v)| *p *= v);
                }
            }
            if sum.is_empty() {
                sum = product;
            } else {
                sum.iter_mut().zip(product).for_each(|(s, p)| *s += p);
            }
        }
        sum
    }
}

pub(super) fn agree(a: &[f64], b: &[f64], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-9 * (1.0 + x.abs().max(y.abs())), "{what}: {a:?} is not {b:?}");
    }
}

/// All steps of a chain are one value; how many there are.
fn check_chain(g: &Graph, chain: &Chain, point: &Point, to_one: &Point, what: &str) -> usize {
    for pair in chain.steps.windows(2) {
        let at = if pair[1].holds == Holds::TargetsSumToOne { to_one } else { point };
        agree(&at.step(g, &pair[0]), &at.step(g, &pair[1]), &format!("{what}, {}", chain.name));
    }
    chain.steps.len()
}

/// Checks each step of a network; how many steps there are backwards.
fn check_network(network: &str, cost: &str, hyper: &[&str], positive: bool) -> usize {
    let what = format!("{cost} of {network}");
    let text = NetworkText {
        network: network.to_owned(),
        cost: cost.to_owned(),
        hyper: hyper.iter().map(|h| (*h).to_owned()).collect(),
        ..NetworkText::default()
    };
    let program = text.program().unwrap_or_else(|e| panic!("{what}: {e:?}"));
    let steps = network_steps(&program);
    let g = &steps.graph;
    let sizes = [("m", 3)];
    let value = |name: &str, x: f64| match name {
        "y" => x,
        "lambda" | "n" => 0.5 + x,
        _ if positive => x,
        _ => 2.0 * x - 1.0,
    };
    let point = Point::new(g, 7, &sizes, &steps.stands_for, &value);
    let mut to_one = Point::new(g, 7, &sizes, &steps.stands_for, &value);
    let y = g.inputs().iter().position(|i| i.name == "y").expect("targets");
    let k = to_one.inputs[y].len() / 3;
    for row in to_one.inputs[y].chunks_mut(k) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|entry| *entry /= sum);
    }
    for (n, t) in steps.terms.iter().enumerate() {
        if let [a, b] = t.steps.as_slice() {
            agree(&point.eval(g, *a), &point.eval(g, *b), &format!("{what}, term {n}"));
        }
    }
    let total = point.eval(g, program.data)[0] + point.eval(g, program.penalty)[0];
    agree(&point.eval(g, steps.total), &[total], &what);
    for (chain, partial) in steps.gradient.iter().zip(&program.gradient) {
        check_chain(g, chain, &point, &to_one, &what);
        let last = chain.steps.last().expect("a step");
        agree(&point.step(g, last), &point.eval(g, partial.node), &what);
    }
    steps.backwards.iter().map(|chain| check_chain(g, chain, &point, &to_one, &what)).sum()
}

#[test]
fn the_steps_of_back_propagation_are_true_for_every_loss_and_activation() {
    let losses: Vec<&str> =
        catalog::all().iter().filter(|e| e.kind == Kind::Loss).map(|e| e.name()).collect();
    for loss in losses {
        let cost = match loss {
            "quantile" => "quantile(0.3)".to_owned(),
            "gaussian_nll" => "gaussian_nll(0.7)".to_owned(),
            loss => loss.to_owned(),
        };
        for last in ["sigmoid", "softmax", "linear", "tanh", "relu", "softplus", "silu"] {
            // Logarithms want numbers between 0 and 1, where these have them.
            let positive = matches!(last, "linear" | "tanh" | "relu" | "softplus" | "silu");
            let network = format!("2 -> 3 sigmoid -> 2 {last}");
            let text = format!("{cost} + l2(lambda / n)");
            let in_domain = !matches!(
                loss,
                "cross_entropy"
                    | "binary_cross_entropy"
                    | "focal"
                    | "kl_divergence"
                    | "poisson"
                    | "categorical_cross_entropy"
            ) || matches!(last, "sigmoid" | "softmax");
            if in_domain {
                assert!(
                    check_network(&network, &text, &["lambda", "n"], positive) >= 8,
                    "{text} of {network}"
                );
            }
        }
    }
    let activations: Vec<&str> =
        catalog::all().iter().filter(|e| e.kind == Kind::Activation).map(|e| e.name()).collect();
    for hidden in
        activations.into_iter().chain(["sigmoid", "tanh", "softplus", "softmax", "log_softmax", "sin"])
    {
        let hidden = if hidden == "clip" { "clip(-0.5, 0.6)" } else { hidden };
        let network = format!("2 -> 3 {hidden} -> 4 leaky_relu(0.2) -> 2 sigmoid");
        for cost in ["quadratic + l2(lambda)", "cross_entropy + 0.5*activity_l2(lambda)"] {
            check_network(&network, cost, &["lambda"], false);
        }
    }
}

#[test]
fn the_cancellation_of_a_loss_that_fits_its_activation_is_shown() {
    let text = NetworkText {
        network: "2 -> 3 sigmoid -> 2 sigmoid".to_owned(),
        cost: "cross_entropy".to_owned(),
        ..NetworkText::default()
    };
    let program = text.program().expect("a network");
    let steps = network_steps(&program);
    let delta = steps.backwards.iter().find(|c| c.name == "delta2").expect("delta2");
    let factors: Vec<usize> = delta.steps.iter().map(|s| s.terms[0].len()).collect();
    assert_eq!(factors, [1, 2, 2, 1]);
    assert!(
        matches!(&delta.steps[1].terms[0][1].called, Called::Slope(f, z, _) if f == "sigmoid" && z == "z2")
    );
}

#[test]
fn a_cost_over_one_denominator_is_the_same() {
    for loss in catalog::all().iter().filter(|e| e.kind == Kind::Loss) {
        let expr = match loss.name() {
            "quantile" => "quantile(0.3)",
            "gaussian_nll" => "gaussian_nll(0.7)",
            name => name,
        };
        let program = CostText { expr: expr.to_owned(), ..CostText::default() }.program().expect(expr);
        let steps = cost_steps(&program);
        let g = &steps.graph;
        let point = Point::new(g, 3, &[("k", 4)], &[], &|_, x| 0.1 + 0.8 * x);
        for (nodes, _) in &steps.terms {
            if let [a, b] = nodes.as_slice() {
                agree(&point.eval(g, *a), &point.eval(g, *b), expr);
            }
        }
        if let Some(quotient) = steps.quotients[0] {
            agree(&point.eval(g, quotient), &point.eval(g, program.d_activation), expr);
        }
    }
}
