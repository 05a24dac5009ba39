//! The rules, by theme. A row says its name, what it states (an identity in the cost language, for people),
//! where that holds, and an expression in which it fires, for tests, which check all three.

mod choices;
mod exponential_sums;
mod exponentials;
mod kinks;
mod logarithms;
mod near_zero;
mod norms;
mod power_sums;
mod powers;
mod sums;
mod zeros;

pub(super) use exponential_sums::exponentials as exponentials_within;
pub(super) use exponentials::by_activation as sigmoid_by_activation;
pub(super) use zeros::is_exposed;

use crate::ir::{Factor, Graph, Index, NodeId, Number, Op, Tensor};

/// When a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before and after differentiating.
    Always,
    /// After differentiating only.
    After,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, in the log.
    pub name: &'static str,
    /// What it states, as derivations print it: before, in the cost language.
    pub lhs: &'static str,
    /// After.
    pub rhs: &'static str,
    /// Where it holds, for people.
    pub domain: &'static str,
    /// The interval that tests sample its variables from.
    pub sample: (f64, f64),
    /// When it applies.
    pub stage: Stage,
    /// The node after the rule, if it fires.
    pub apply: fn(&mut Graph, NodeId) -> Option<NodeId>,
    /// An expression in which it fires, a scalar: for tests, never printed.
    pub trigger: &'static str,
}

macro_rules! rules {
    ($( $name:literal: $lhs:literal => $rhs:literal, $domain:literal in $lo:literal .. $hi:literal,
        $stage:ident, $apply:path, on $trigger:literal; )+) => {
        &[$( Rule {
            name: $name, lhs: $lhs, rhs: $rhs, domain: $domain, sample: ($lo, $hi),
            stage: Stage::$stage, apply: $apply, trigger: $trigger,
        } ),+]
    };
}

/// Every rule, in the order tried. In their statements and triggers `x`, `y`, `u`, `v` are vectors, `s` is a
/// scalar and `A` a symmetric matrix.
#[rustfmt::skip]
pub static ALL: &[Rule] = rules! {
    "log of exp": "log(exp(x))" => "x", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_exp, on "sum(log(exp(x)))";
    "log of sigmoid": "log(sigmoid(x))" => "-softplus(-x)", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_sigmoid, on "sum(log(sigmoid(x)))";
    "log of softmax": "log(softmax(x))" => "log_softmax(x)", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_softmax, on "dot(y, log(softmax(x)))";
    "log of cosh": "log(cosh(x))" => "softplus(2*x) - x - log(2)", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_cosh, on "sum(log(cosh(x)))";
    "log of sum of exp": "log(sum(exp(x)))" => "logsumexp(x)", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_sum_of_exp, on "log(sum(exp(x)))";
    "log of 1 + exp": "log(1 + exp(x))" => "softplus(x)", "all x" in -3.0 .. 3.0,
        Always, logarithms::of_one_plus_exp, on "sum(log(1 + exp(x)))";
    "log1p of exp": "log1p(exp(x))" => "softplus(x)", "all x" in -3.0 .. 3.0,
        Always, logarithms::log1p_of_exp, on "sum(log1p(exp(x)))";
    "log of a sum of two powers": "log(x.^s + y.^s)" => "s*log(y) + log1p((x ./ y).^s)", "x, y > 0" in 0.1 .. 3.0,
        Always, power_sums::logarithm, on "sum(log(x.^s + y.^s))";
    "log of a sum with exp": "log(y + exp(x))" => "x + log(1 + y .* exp(-x))", "y + exp(x) > 0" in 0.1 .. 3.0,
        Always, exponential_sums::log_of, on "sum(log(y + exp(x)))";
    "log of 1 + x": "log(1 + x)" => "log1p(x)", "x > -1" in -0.9 .. 3.0,
        Always, logarithms::of_one_plus, on "sum(log(1 + x))";
    "log of a product": "log(exp(x) .* y)" => "x + log(y)", "y > 0" in 0.1 .. 3.0,
        Always, logarithms::of_product, on "sum(log(exp(x) .* y))";
    "log of a power": "log(1 ./ x)" => "-log(x)", "x > 0" in 0.1 .. 3.0,
        Always, logarithms::of_power, on "sum(log(1 ./ x))";
    "log of det": "log(det(A))" => "logdet(A)", "det(A) > 0" in 0.1 .. 1.0,
        Always, logarithms::of_det, on "log(det(outer(x, x) + 4*eye))";
    "log that is 0": "log(1 - x) .* x.^s" => "where(x == 0, 0, log(1 - x) .* x.^s)", "x < 1, s > -1" in 0.1 .. 0.9,
        After, zeros::vanishing_log, on "sum(log(1 - x) .* x.^s)";
    "0 log 0": "x .* log(y)" => "where(x == 0, 0, x .* log(y))", "y > 0, or x = 0" in 0.1 .. 3.0,
        Always, logarithms::times_log, on "sum(x .* log(y))";
    "spread over log": "x .* (log(y) - log(u))" => "x .* log(y) - x .* log(u)", "y, u > 0" in 0.1 .. 3.0,
        Always, logarithms::spread, on "sum(x .* (log(y) - log(u)))";
    "exp of log": "exp(log(x))" => "x", "x > 0" in 0.1 .. 3.0,
        Always, exponentials::of_log, on "sum(exp(log(x)))";
    "1/(1 + exp)": "1 ./ (1 + exp(x))" => "sigmoid(-x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::logistic, on "sum(1 ./ (1 + exp(x)))";
    "exp times sigmoid": "exp(x) .* sigmoid(-x)" => "sigmoid(x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::times_sigmoid, on "sum(exp(x) .* sigmoid(-x))";
    "exp over sum of exp": "exp(x) / sum(exp(x))" => "softmax(x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::softmax, on "dot(y, exp(x) / sum(exp(x)))";
    "softmax adds to 1": "sum(softmax(x))" => "1", "all x" in -3.0 .. 3.0,
        Always, exponentials::softmax_total, on "sum(softmax(x))";
    "exp times exp": "exp(x) .* exp(y)" => "exp(x + y)", "all x, y" in -3.0 .. 3.0,
        Always, exponentials::product, on "sum(exp(x) .* exp(y))";
    "exp - 1": "exp(x) - 1" => "expm1(x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::minus_one, on "sum(exp(x) - 1)";
    "share of a sum of two powers": "x.^s ./ (x.^s + y.^s)" => "1 ./ (1 + (y ./ x).^s)", "x, y > 0" in 0.1 .. 3.0,
        Always, power_sums::quotient, on "sum(x.^s ./ (x.^s + y.^s))";
    "share times its base": "x ./ y .* (x ./ y).^s ./ ((x ./ y).^s + 1)" => "(x ./ y).^(s + 1) ./ ((x ./ y).^s + 1)", "x ./ y > 0" in 0.1 .. 3.0,
        Always, power_sums::share_times_base, on "sum(x ./ y .* (x ./ y).^s ./ ((x ./ y).^s + 1))";
    "1 - share": "1 - x.^s ./ (x.^s + y.^s)" => "y.^s ./ (x.^s + y.^s)", "x, y > 0" in 0.1 .. 3.0,
        Always, power_sums::one_minus_share, on "sum(1 - x.^s ./ (x.^s + y.^s))";
    "quotient of sums with exp": "exp(x) ./ (exp(y) + u)" => "exp(x - y) ./ (1 + u .* exp(-y))", "exp(y) + u other than 0" in 0.1 .. 3.0,
        Always, exponential_sums::quotient, on "sum(exp(x) ./ (exp(y) + u))";
    "power of a sum with exp": "sqrt(1 + exp(x))" => "exp(softplus(x) / 2)", "all x" in -3.0 .. 3.0,
        Always, exponential_sums::power, on "sum(sqrt(1 + exp(x)))";
    "term of log-add-exp": "x - logaddexp(x, y)" => "-softplus(y - x)", "all x, y" in -3.0 .. 3.0,
        Always, near_zero::less_logaddexp, on "sum(x - logaddexp(x, y))";
    "1 - cos": "1 - cos(x)" => "2*sin(x / 2).^2", "all x" in -3.0 .. 3.0,
        Always, near_zero::beside_constant, on "sum(1 - cos(x))";
    "power - 1": "(1 + x).^s - 1" => "expm1(s*log1p(x))", "x > -1" in 0.1 .. 3.0,
        Always, near_zero::power_minus_one, on "sum((1 + x).^s - 1)";
    "over its argument": "sin(x) ./ x" => "sinc(x)", "all x; 1 where x = 0" in 0.1 .. 3.0,
        Always, near_zero::over_its_argument, on "sum(sin(x) ./ x)";
    "difference of lgamma": "lgamma(x + y) - lgamma(x)" => "log_gamma_ratio(x, y)", "all x, y" in 0.1 .. 3.0,
        Always, near_zero::less_gamma, on "sum(lgamma(x + y) - lgamma(x))";
    "lgamma of two and their sum": "lgamma(x) + lgamma(y) - lgamma(x + y)" => "lbeta(x, y)", "all x, y" in 0.1 .. 3.0,
        Always, near_zero::gamma_and_ratio, on "sum(lgamma(y) - log_gamma_ratio(x, y))";
    "1 - sigmoid": "1 - sigmoid(x)" => "sigmoid(-x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::one_minus_sigmoid, on "sum(1 - sigmoid(x))";
    "x - logsumexp": "x - logsumexp(x)" => "log_softmax(x)", "all x" in -3.0 .. 3.0,
        Always, exponentials::log_softmax, on "dot(y, x - logsumexp(x))";
    "root of two squares": "sqrt(x.^2 + y.^2)" => "abs(x) .* sqrt(1 + (y ./ x).^2)", "all x, y; |y| where x = 0" in 0.1 .. 3.0,
        Always, norms::hypot, on "sum(sqrt(x.^2 + y.^2))";
    "root minus its part": "sqrt(1 + x.^2) - 1" => "x.^2 ./ (sqrt(1 + x.^2) + 1)", "all x" in -3.0 .. 3.0,
        Always, norms::hypot_minus, on "sum(sqrt(1 + x.^2) - 1)";
    "root of a square": "sqrt(x.^2)" => "abs(x)", "all x" in -3.0 .. 3.0,
        Always, norms::root_of_square, on "sum(sqrt(x.^2))";
    "norm": "sqrt(sum(x.^2))" => "norm2(x)", "all x" in -3.0 .. 3.0,
        Always, norms::norm, on "sqrt(sum(x.^2))";
    "even power of a root": "norm2(x)^2" => "sum(x.^2)", "all x" in -3.0 .. 3.0,
        Always, norms::even_power, on "r = norm2(x); r^2 + sum(y)";
    "norm times what is over it": "norm2(x) * (x ./ norm2(x))" => "x", "all x; 0 where x = 0" in -3.0 .. 3.0,
        Always, norms::norm_times, on "q = x/norm2(x); sum(exp(norm2(x)*q))";
    "squares over the norm": "sum(x.^2) / norm2(x)" => "norm2(x)", "all x; 0 where x = 0" in -3.0 .. 3.0,
        Always, norms::squares_per_norm, on "n = norm2(x); sum(x.^2)/n";
    "power of sum of squares": "sum(x.^2)^s" => "norm2(x)^(2*s)", "all x, s" in 0.1 .. 3.0,
        Always, norms::power_of_squares, on "sum(x.^2)^s";
    "power of norm over it": "norm2(x)^s * (x ./ norm2(x))" => "norm2(x)^(s - 1) * x", "all x; 0 where x = 0" in 0.1 .. 3.0,
        Always, norms::norm_power, on "q = x/norm2(x); sum(exp(norm2(x)^s*q))";
    "over the norm": "x / norm2(x)" => "x ./ norm2(x)", "all x; 0 where x = 0" in -3.0 .. 3.0,
        Always, norms::per_norm, on "dot(y, x/norm2(x))";
    "over the sum of squares": "x / sum(x.^2)" => "x ./ norm2(x) / norm2(x)", "x other than 0" in -3.0 .. 3.0,
        Always, norms::per_squares, on "dot(y, x/sum(x.^2))";
    "abs of what has a sign": "abs(exp(x) .* y)" => "exp(x) .* abs(y)", "all x, y" in -3.0 .. 3.0,
        Always, kinks::abs, on "sum(abs(exp(x) .* y))";
    "sign of what is not 0": "sign(1 + x.^2)" => "vector(1)", "all x" in -3.0 .. 3.0,
        Always, kinks::sign, on "sum(sign(1 + x.^2))";
    "sign times its argument": "sign(x) .* x" => "abs(x)", "all x" in -3.0 .. 3.0,
        Always, kinks::sign_times, on "sum(sign(x) .* x)";
    "abs times abs": "abs(x) .* abs(x .* y)" => "x.^2 .* abs(y)", "all x, y" in -3.0 .. 3.0,
        Always, kinks::abs_times_abs, on "sum(abs(x) .* abs(x .* y))";
    "even function of abs": "cosh(abs(x))" => "cosh(x)", "all x" in -3.0 .. 3.0,
        Always, kinks::even_of_abs, on "sum(cosh(abs(x)))";
    "power of a square": "(x.^2) .^ y" => "abs(x) .^ (2*y)", "all x, y" in 0.1 .. 3.0,
        Always, kinks::pow_of_abs, on "sum((x.^2) .^ y)";
    "powers of one base": "x .* x.^y" => "x .^ (y + 1)", "x > 0, or x = 0 and y > 0" in 0.1 .. 3.0,
        Always, kinks::one_base, on "sum(x .* x.^y)";
    "max of opposites": "max(x, -x)" => "abs(x)", "all x" in -3.0 .. 3.0,
        Always, kinks::max_of_opposites, on "sum(max(x, -x))";
    "max and min": "max(x, y).^2 + min(x, y).^2" => "x.^2 + y.^2", "all x, y" in -3.0 .. 3.0,
        Always, kinks::max_and_min, on "sum(max(x, y).^2 + min(x, y).^2)";
    "max times min": "max(x, y) .* min(x, y)" => "x .* y", "all x, y" in -3.0 .. 3.0,
        Always, kinks::max_times_min, on "sum(max(x, y) .* min(x, y))";
    "ramp and softplus": "max(x, y) + softplus(-abs(x - y))" => "y + softplus(x - y)", "all x, y" in -3.0 .. 3.0,
        Always, kinks::softplus_and_ramp, on "sum(max(x, y) + softplus(-abs(x - y)))";
    "even power of abs": "abs(x).^2" => "x.^2", "all x" in -3.0 .. 3.0,
        Always, powers::of_abs, on "sum(abs(x).^2)";
    "constant exponent": "x .^ (1 + 2)" => "x.^3", "all x" in 0.1 .. 3.0,
        Always, powers::constant_exponent, on "sum(x .^ (2 + sum(softmax(y))))";
    "max of one": "max(x, x)" => "x", "all x" in -3.0 .. 3.0,
        Always, powers::max_of_one, on "sum(max(x, x))";
    "sum and its multiple": "x + y - (x + y) .* u" => "(x + y) .* (1 - u)", "all x, y, u" in -3.0 .. 3.0,
        Always, sums::own_factor, on "sum(x + y - (x + y) .* u)";
    "sum of choices": "where(x > y, u, 0) + where(x > y, v, 1)" => "where(x > y, u + v, 1)", "all x, y, u, v" in -3.0 .. 3.0,
        Always, sums::selects, on "sum(where(x > y, u, 0) + where(x > y, v, 1))";
    "choice within a choice": "where(x > y, u .* where(x > y, v, 1), 1)" => "where(x > y, u .* v, 1)", "all x, y, u, v" in -3.0 .. 3.0,
        After, choices::within, on "sum(where(x > y, u .* where(x > y, v, 1), 1))";
    "sigmoids add to 1": "y .* sigmoid(x) + y .* sigmoid(-x)" => "y", "all x, y" in -3.0 .. 3.0,
        After, sums::reflect, on "sum(y .* sigmoid(x) + y .* sigmoid(-x))";
    "mirrored terms": "A*u + A'*u" => "2*A*u", "A' = A" in -3.0 .. 3.0,
        After, sums::mirrored, on "sum((x*x' - eye)*u + (x*x' - eye)'*u)";
    "expand": "(x + y) .* u - x .* u" => "y .* u", "all x, y, u" in -3.0 .. 3.0,
        After, sums::expand, on "sum((x + y) .* u - x .* u)";
    "expand sigmoids": "(1 - y) .* sigmoid(x) - y .* sigmoid(-x)" => "sigmoid(x) - y", "all x, y" in -3.0 .. 3.0,
        After, sums::expand_sigmoids, on "sum((1 - y) .* sigmoid(x) - y .* sigmoid(-x))";
    "factor of 0": "y .* exp(x)" => "where(y == 0, 0, y .* exp(x))", "a datum y of 0 leaves out what stands beside it" in 0.1 .. 3.0,
        After, zeros::constant_factor, on "sum(v .* sqrt(x))";
    "common factor": "x .* y + x .* u" => "x .* (y + u)", "all x, y, u" in -3.0 .. 3.0,
        After, sums::common_factor, on "sum(x .* y + x .* u)";
};

// ---- what the rules share

/// The argument of the element-wise function `name` at `id`, and the locals of `id`.
fn argument(g: &mut Graph, id: NodeId, name: &str) -> Option<(Tensor, Vec<Index>)> {
    let Op::Map { function, args } = g.op(id) else { return None };
    if function.name() != name || args.len() != 1 {
        return None;
    }
    let arg = args[0].clone();
    let locals = g.locals(id);
    Some((g.tensor(&arg, &locals), locals))
}

/// Whether the node is the element-wise function `name` of something.
fn is_function(g: &Graph, id: NodeId, name: &str) -> bool {
    matches!(g.op(id), Op::Map { function, .. } if function.name() == name)
}

/// The argument of the function `name` where a tensor is that function of something.
fn inner(g: &Graph, t: &Tensor, name: &str) -> Option<Tensor> {
    let Op::Map { function, args } = g.op(t.node) else { return None };
    (function.name() == name && args.len() == 1).then(|| g.tensor(&args[0], &t.indices))
}

/// A product or power taken apart, with new indices: coefficient, factors, the node's own indices, the bound
/// ones.
struct Opened {
    coeff: Number,
    factors: Vec<(Tensor, Number)>,
    out: Vec<Index>,
    bound: Vec<Index>,
}

impl Opened {
    /// The product at `id`, if one of its factors is what a rule is about. Most are not, and are not taken
    /// apart.
    fn about(g: &mut Graph, id: NodeId, what: impl Fn(&Graph, &Factor) -> bool) -> Option<Self> {
        let Op::Product { factors, .. } = g.op(id) else { return None };
        if factors.iter().any(|f| what(g, f)) { Self::product(g, id) } else { None }
    }

    /// The product at `id`.
    fn product(g: &mut Graph, id: NodeId) -> Option<Self> {
        let Op::Product { coeff, factors, .. } = g.op(id).clone() else { return None };
        let locals = g.locals(id);
        let rank = g.rank(id);
        let factors = factors.iter().map(|f| (g.tensor(&f.operand, &locals), f.power)).collect();
        Some(Self { coeff, factors, out: locals[..rank].to_vec(), bound: locals[rank..].to_vec() })
    }

    /// The product put together again.
    fn closed(&self, g: &mut Graph) -> NodeId {
        g.contract_over(self.coeff, &self.factors, &self.out, &self.bound)
    }
}

/// Tensors with their coefficients.
type Terms = Vec<(Number, Tensor)>;

/// The terms of the sum at `id`, with new indices.
fn terms(g: &mut Graph, id: NodeId) -> Option<(Terms, Vec<Index>)> {
    let Op::Sum(terms) = g.op(id).clone() else { return None };
    let locals = g.locals(id);
    Some((terms.iter().map(|t| (t.coeff, g.tensor(&t.operand, &locals))).collect(), locals))
}

/// The same, if one of the terms is what a rule is about.
fn terms_about(
    g: &mut Graph,
    id: NodeId,
    what: impl Fn(&Graph, NodeId) -> bool,
) -> Option<(Terms, Vec<Index>)> {
    let Op::Sum(all) = g.op(id) else { return None };
    if all.iter().any(|t| what(g, t.operand.node)) { terms(g, id) } else { None }
}

/// The terms of a tensor seen as a sum: those of a sum, or the tensor itself, constants as coefficients of 1.
fn terms_of(g: &Graph, t: &Tensor) -> Vec<(Number, Tensor)> {
    match g.op(t.node) {
        Op::Sum(terms) => terms.iter().map(|x| (x.coeff, g.tensor(&x.operand, &t.indices))).collect(),
        _ => vec![(Number::ONE, t.clone())],
    }
}

/// The position of the constant of a sum, and its value.
fn constant(g: &Graph, parts: &[(Number, Tensor)]) -> Option<(usize, Number)> {
    let k = parts.iter().position(|(_, t)| matches!(g.op(t.node), Op::Number(_)))?;
    Some((k, parts[k].0.mul(g.as_constant(parts[k].1.node)?)))
}

/// The coefficient of a tensor that is a constant multiple of a single factor, and that factor.
fn multiple(g: &Graph, t: &Tensor) -> (Number, Tensor) {
    if let Op::Product { coeff, factors, bound } = g.op(t.node)
        && bound.is_empty()
        && let [f] = factors.as_slice()
        && f.power.is_one()
        && f.operand.axes.len() == t.indices.len()
    {
        return (*coeff, g.tensor(&f.operand, &t.indices));
    }
    (Number::ONE, t.clone())
}

/// Without the term at `at`, of coefficient c, and without −c · u, if that is there: in one or by the terms of u.
fn without(g: &Graph, parts: &Terms, at: usize, u: &Tensor) -> Option<Terms> {
    let taken = if matches!(g.op(u.node), Op::Sum(_)) && g.name(u.node).is_none() {
        terms_of(g, u)
    } else {
        vec![multiple(g, u)]
    };
    let mut rest = parts.clone();
    let (c, _) = rest.remove(at);
    for (own, t) in taken {
        let wanted = c.neg().mul(own);
        let at = rest.iter().position(|(coeff, r)| *coeff == wanted && *r == t)?;
        rest.remove(at);
    }
    Some(rest)
}

/// Whether `a` is `-b`.
fn opposite(g: &mut Graph, a: &Tensor, b: &Tensor) -> bool {
    let minus = g.negate(b);
    let node = g.tensor_as(&minus, &a.indices);
    same_set(&a.indices, &b.indices) && node == a.node
}

fn same_set(a: &[Index], b: &[Index]) -> bool {
    a.len() == b.len() && a.iter().all(|i| b.contains(i))
}
