//! Random expressions: gradients against central differences, Hessian-vector products against differences of
//! gradients, simplified against original, symmetry, the same with symbolic extents.

use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::ir::{Graph, NodeId};
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_test_support::expression::{Rng, VARIABLES};
use gradsmith_test_support::{deep, expression};

/// A point: the data of each variable.
type Point = Vec<Vec<f64>>;

fn eval(graph: &Graph, node: NodeId, inputs: &[Vec<f64>], sizes: &Sizes) -> Vec<f64> {
    Evaluator::new(graph, inputs, sizes).eval(node).to_vec()
}

fn moved(point: &Point, direction: &Point, by: f64) -> Point {
    let along = |(p, v): (&Vec<f64>, &Vec<f64>)| p.iter().zip(v).map(|(p, v)| p + by * v).collect();
    point.iter().zip(direction).map(along).collect()
}

fn inner(u: &[Vec<f64>], v: &Point) -> f64 {
    u.iter().flatten().zip(v.iter().flatten()).map(|(a, b)| a * b).sum()
}

/// The slope of `f` along a line at 0; none where it has no clear one (a kink nearby, cancellation).
fn slope(f: impl Fn(f64) -> f64) -> Option<f64> {
    let central = |h: f64| (f(h) - f(-h)) / (2.0 * h);
    let refined = |h: f64| (4.0 * central(h / 2.0) - central(h)) / 3.0;
    let (one, other) = (refined(1e-3), refined(4e-4));
    ((one - other).abs() <= 1e-7 * (1.0 + one.abs()) && one.abs() < 1e6).then_some(other)
}

fn text(expr: &str, symbolic: bool) -> ObjectiveText {
    let declarations = expression::declarations(symbolic);
    ObjectiveText { expr: expr.to_owned(), declarations, ..ObjectiveText::default() }
}

fn near(what: &str, expr: &str, got: f64, want: f64, within: f64) {
    let scale = 1.0 + got.abs().max(want.abs());
    assert!((got - want).abs() <= within * scale, "{what} of\n  {expr}\nis {got}, not {want}");
}

/// Checks one expression; how many of its slopes could be compared.
fn check(expr: &str, rng: &mut Rng, symbolic: bool) -> usize {
    let mut draw = || -> Point {
        VARIABLES.iter().map(|(_, s)| (0..s.iter().product()).map(|_| rng.number()).collect()).collect()
    };
    let (point, v, u) = (draw(), draw(), draw());
    let sizes = Sizes::from([("n2".to_owned(), 2), ("n3".to_owned(), 3)]);
    let lowered = text(expr, symbolic).lower().unwrap_or_else(|e| panic!("{expr}\n{e}"));
    let original = |p: &Point| eval(&lowered.graph, lowered.value, p, &sizes)[0];
    let mut d = Derivatives::of(lowered.graph.clone(), lowered.value, &lowered.wrt);
    let value = original(&point);
    if !value.is_finite() || value.abs() > 1e6 {
        return 0;
    }
    near("the simplified value", expr, eval(&d.graph, d.value, &point, &sizes)[0], value, 1e-9);
    let gradient_at =
        |p: &Point| -> Vec<Vec<f64>> { d.gradient.iter().map(|&g| eval(&d.graph, g, p, &sizes)).collect() };
    let mut compared = 0;
    if let Some(want) = slope(|h| original(&moved(&point, &v, h))) {
        near("the slope", expr, inner(&gradient_at(&point), &v), want, 1e-6);
        compared += 1;
    } else {
        return 0;
    }
    let first = d.clone();
    let all: Vec<usize> = (0..VARIABLES.len()).collect();
    let products = d.hessian_product(&all);
    let product_along = |direction: &Point| -> Vec<Vec<f64>> {
        let inputs = [point.clone(), direction.clone()].concat();
        products.iter().map(|&p| eval(&d.graph, p, &inputs, &sizes)).collect()
    };
    let gradient = |p: &Point| -> Vec<Vec<f64>> {
        first.gradient.iter().map(|&g| eval(&first.graph, g, p, &sizes)).collect()
    };
    let got = inner(&product_along(&v), &u);
    if let Some(want) = slope(|h| inner(&gradient(&moved(&point, &v, h)), &u)) {
        near("the second derivative", expr, got, want, 1e-5);
        near("the second derivative, the other way round,", expr, inner(&product_along(&u), &v), want, 1e-5);
        compared += 1;
    }
    compared
}

/// Checks a text for each seed, and that most of them have slopes to compare, of first and second order.
fn check_many(seeds: std::ops::Range<u64>, make: impl Fn(&mut Rng) -> String, symbolic: bool) {
    let mut compared = 0;
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let mut rng = Rng::new(seed);
        let expr = make(&mut rng);
        compared += check(&expr, &mut rng, symbolic);
    }
    assert!(compared as u64 > count, "only {compared} slopes of {count} expressions could be compared");
}

#[test]
fn shallow_expressions_have_the_slopes_of_their_differences() {
    check_many(0..200, |rng| expression::program(rng, 3), false);
}

#[test]
fn deep_expressions_have_the_slopes_of_their_differences() {
    check_many(1000..1040, |rng| expression::program(rng, 6), false);
}

#[test]
fn thirty_functions_inside_one_another() {
    check_many(3000..3060, |rng| deep::deep(rng, 30), false);
    check_many(3100..3120, |rng| deep::deep(rng, 30), true);
}

#[test]
fn every_depth_up_to_thirty() {
    check_many(
        4000..4058,
        |rng| {
            let depth = 1 + rng.below(30);
            deep::deep(rng, depth)
        },
        false,
    );
}

#[test]
fn symbolic_extents_change_nothing() {
    check_many(2000..2080, |rng| expression::program(rng, 4), true);
}

#[test]
fn constants_whose_inverse_is_rounded_are_drawn_out_once() {
    // c·(1/c) is not 1 here: taken for a new coefficient each time, it kept the rewriting busy for minutes.
    let expr = "det(tanh((gelu(tanh(0.5)) * (y .* x)) * ((z + B'*x)') * (min(C, C*A) * A)) + 2*eye)";
    assert!(check(expr, &mut Rng::new(1), false) > 0);
}
