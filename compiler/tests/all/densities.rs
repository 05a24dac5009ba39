//! Log-densities outside their support are −∞ with derivative 0, whatever they are part of; what is no number
//! stays none. Their values inside are reference cases.

use gradsmith_compiler::catalog::{self, Kind};
use gradsmith_compiler::emit::{self, View};
use gradsmith_compiler::eval::{Evaluator, Sizes};
use gradsmith_compiler::front::CostText;
use gradsmith_compiler::lower::objective;
use gradsmith_compiler::pipeline::Derivatives;
use gradsmith_compiler::source::SourceId;
use gradsmith_compiler::syntax::parse;

/// Value, gradient and product of the Hessian with 1 of a text of the scalars `x`, `p` and `q`; `v` is
/// (1, 1).
fn evaluated(text: &str, inputs: [f64; 3]) -> (f64, [f64; 3], [f64; 3]) {
    let declared =
        parse::declarations("x: scalar, p: scalar, q: scalar, v: vector[2]", SourceId::Declarations)
            .expect("scalars");
    let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
    let wrt = ["x", "p", "q"].map(|name| (name.to_owned(), objective::whole(text)));
    let lowered = objective::lower(text, &program, &[], &declared, &wrt, objective::Wanted::Scalar)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut d = Derivatives::of(lowered.graph, lowered.value, &lowered.wrt);
    let products = d.hessian_product(&[0, 1, 2]);
    let mut inputs: Vec<Vec<f64>> = inputs.iter().map(|&x| vec![x]).collect();
    // The directions come after what is declared.
    inputs.push(vec![1.0; 2]);
    inputs.extend([(); 3].map(|()| vec![1.0]));
    let sizes = Sizes::new();
    let mut evaluator = Evaluator::new(&d.graph, &inputs, &sizes);
    let value = evaluator.scalar(d.value);
    let mut all = |nodes: &[_]| [0, 1, 2].map(|k| evaluator.scalar(nodes[k]));
    (value, all(&d.gradient), all(&products))
}

/// Each density with a part of its line, by its first argument, that is not in its support.
const OUTSIDE: &[(&str, &[f64])] = &[
    ("lognormal_lpdf(x, p, q)", &[-1.0, 0.0, -0.0, -1e300]),
    ("gamma_lpdf(x, p, q)", &[-1.0, -1e-300, -1e300]),
    ("inverse_gamma_lpdf(x, p, q)", &[-1.0, 0.0, -1e-300]),
    ("beta_lpdf(x, p, q)", &[-0.1, 1.1, 1e300, -1e-300]),
    ("exponential_lpdf(x, p)", &[-1.0, -1e-300]),
    ("weibull_lpdf(x, p, q)", &[-1.0, -1e-300]),
    ("poisson_lpmf(x, p)", &[-1.0, 0.5, 1e-300, -0.5]),
    ("binomial_lpmf(x, 5, p/4)", &[-1.0, 6.0, 2.5]),
    ("negative_binomial_lpmf(x, p, q)", &[-1.0, 0.5]),
    ("bernoulli_lpmf(x, p/4)", &[-1.0, 0.5, 2.0]),
    ("dirichlet_lpdf(x*v, p*v)", &[0.4, -0.5, 0.6]),
];

#[test]
fn outside_the_support_the_value_is_infinite_and_derivatives_are_0() {
    for (text, points) in OUTSIDE {
        for &x in *points {
            let (value, gradient, product) = evaluated(text, [x, 1.3, 2.1]);
            assert_eq!(value, f64::NEG_INFINITY, "{text} at {x}");
            assert_eq!((gradient, product), ([0.0; 3], [0.0; 3]), "{text} at {x}");
        }
    }
}

#[test]
fn each_bounded_support_is_tried() {
    let real = ["normal", "student_t", "laplace", "cauchy", "logistic", "multivariate_normal"];
    for entry in catalog::all().iter().filter(|e| e.kind == Kind::Density) {
        let tried = OUTSIDE.iter().any(|(text, _)| text.starts_with(&format!("{}(", entry.name())));
        let everywhere = real.iter().any(|name| entry.name() == format!("{name}_lpdf"));
        assert!(tried != everywhere, "{}", entry.name());
    }
}

#[test]
fn what_is_no_number_stays_none() {
    for (text, _) in OUTSIDE {
        let (value, ..) = evaluated(text, [f64::NAN, 1.3, 2.1]);
        assert!(value.is_nan(), "{text}: {value}");
    }
}

/// What is observed may be a constant, in the support or outside.
#[test]
fn of_constants_they_are_what_they_are_of_data() {
    for (constant, data, x) in [
        ("poisson_lpmf(3, p)", "poisson_lpmf(x, p)", 3.0),
        ("poisson_lpmf(2.5, p)", "poisson_lpmf(x, p)", 2.5),
        ("binomial_lpmf(2, 5, p/4)", "binomial_lpmf(x, 5, p/4)", 2.0),
        ("binomial_lpmf(0, 5, p/4)", "binomial_lpmf(x, 5, p/4)", 0.0),
        ("negative_binomial_lpmf(4, p, q)", "negative_binomial_lpmf(x, p, q)", 4.0),
        ("bernoulli_lpmf(1, p/4)", "bernoulli_lpmf(x, p/4)", 1.0),
        ("bernoulli_lpmf(0, p/4)", "bernoulli_lpmf(x, p/4)", 0.0),
        ("gamma_lpdf(2, p, q)", "gamma_lpdf(x, p, q)", 2.0),
        ("gamma_lpdf(-2, p, q)", "gamma_lpdf(x, p, q)", -2.0),
        ("lognormal_lpdf(0.5, p, q)", "lognormal_lpdf(x, p, q)", 0.5),
    ] {
        let at = [x, 1.3, 2.1];
        let ((got, g, _), (want, by, _)) = (evaluated(constant, at), evaluated(data, at));
        let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-14 * b.abs();
        assert!(near(got, want), "{constant}: {got}, not {want}");
        // By `x` only the other one has a derivative.
        assert!((1..3).all(|k| near(g[k], by[k])), "{constant}: {g:?}, not {by:?}");
    }
}

/// A part that is −∞ has no share in what is made of it.
#[test]
fn in_a_mixture_the_part_outside_its_support_has_no_share() {
    let text = "logaddexp(log(q) + gamma_lpdf(x, p, 2), log(1 - q) + normal_lpdf(x, 0, 1))";
    let alone = "log(1 - q) + normal_lpdf(x, 0, 1)";
    let at = [-0.7, 1.3, 0.4];
    assert_eq!(evaluated(text, at), evaluated(alone, at));
    // And where neither has a value, no derivative by what only they speak of is anything else than 0.
    let (value, gradient, _) = evaluated("logaddexp(gamma_lpdf(x, p, 2), exponential_lpdf(x, q))", at);
    assert_eq!((value, gradient), (f64::NEG_INFINITY, [0.0; 3]));
}

/// In a cost, too, where `a`, `y`, `b` and `k` are what it supplies; and what only rewriting and the
/// catalog call is free for the user's own definitions.
#[test]
fn in_a_cost_arguments_are_not_what_the_cost_supplies() {
    let text = |expr: &str, defines: &[&str]| CostText {
        expr: expr.to_owned(),
        defines: defines.iter().map(|d| (*d).to_owned()).collect(),
        hyper: vec!["c".to_owned()],
        ..CostText::default()
    };
    let shown = |text: &CostText| {
        let cost = text.lower_example().unwrap_or_else(|e| panic!("{}: {e}", text.expr));
        emit::text(&cost.graph, cost.data, &View::default())
    };
    let [density, written] =
        ["-sum(laplace_lpdf(y, a, c))", "-sum(-abs(y - a)/c - log(2*c))"].map(|t| shown(&text(t, &[])));
    assert_eq!(density, written);
    let own = text("deviance(sum(a)) - sum(poisson_lpmf(y, a))", &["deviance(u) = 3*u^2"]);
    let spelled = text("3*sum(a)^2 - sum(poisson_lpmf(y, a))", &[]);
    assert_eq!(shown(&own), shown(&spelled));
}
