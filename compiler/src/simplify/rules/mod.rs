//! The rules, by theme. A row says its name, what it states (an identity in the cost language), where that holds, and
//! an example that makes it fire; the tests check all three.

mod exponentials;
mod logarithms;
mod norms;
mod powers;
mod sums;

pub(super) use exponentials::by_activation as sigmoid_by_activation;

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
    /// Before, in the cost language.
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
}

macro_rules! rules {
    ($( $name:literal: $lhs:literal => $rhs:literal, $domain:literal in $lo:literal .. $hi:literal, $stage:ident, $apply:path; )+) => {
        &[$( Rule {
            name: $name, lhs: $lhs, rhs: $rhs, domain: $domain, sample: ($lo, $hi),
            stage: Stage::$stage, apply: $apply,
        } ),+]
    };
}

/// Every rule, in the order tried. In their statements `x`, `y`, `u`, `v` are vectors and `s` is a scalar.
#[rustfmt::skip]
pub static ALL: &[Rule] = rules! {
    "log of exp":          "sum(log(exp(x)))" => "sum(x)",                               "all x" in -3.0 .. 3.0, Always, logarithms::of_exp;
    "log of sigmoid":      "sum(log(sigmoid(x)))" => "sum(-softplus(-x))",               "all x" in -3.0 .. 3.0, Always, logarithms::of_sigmoid;
    "log of softmax":      "dot(y, log(softmax(x)))" => "dot(y, log_softmax(x))",        "all x" in -3.0 .. 3.0, Always, logarithms::of_softmax;
    "log of cosh":         "sum(log(cosh(x)))" => "sum(softplus(2*x) - x - log(2))",     "all x" in -3.0 .. 3.0, Always, logarithms::of_cosh;
    "log of sum of exp":   "log(sum(exp(x)))" => "logsumexp(x)",                         "all x" in -3.0 .. 3.0, Always, logarithms::of_sum_of_exp;
    "log of 1 + exp":      "sum(log(1 + exp(x)))" => "sum(softplus(x))",                 "all x" in -3.0 .. 3.0, Always, logarithms::of_one_plus_exp;
    "log of 1 + x":        "sum(log(1 + x))" => "sum(log1p(x))",                         "x > -1" in -0.9 .. 3.0, Always, logarithms::of_one_plus;
    "log1p of exp":        "sum(log1p(exp(x)))" => "sum(softplus(x))",                   "all x" in -3.0 .. 3.0, Always, logarithms::log1p_of_exp;
    "log of a product":    "sum(log(exp(x) .* y))" => "sum(x + log(y))",                 "y > 0" in 0.1 .. 3.0, Always, logarithms::of_product;
    "log of a power":      "sum(log(1 ./ x))" => "sum(-log(x))",                         "x > 0" in 0.1 .. 3.0, Always, logarithms::of_power;
    "log of det":          "log(det(outer(x, x) + 4*eye))" => "logdet(outer(x, x) + 4*eye)", "det > 0" in 0.1 .. 1.0, Always, logarithms::of_det;
    "0 log 0":             "sum(x .* log(y))" => "sum(where(x == 0, 0, x .* log(y)))",   "y > 0, or x = 0" in 0.1 .. 3.0, Always, logarithms::times_log;
    "spread over log":     "sum(x .* (log(y) - log(u)))" => "sum(x .* log(y) - x .* log(u))", "y, u > 0" in 0.1 .. 3.0, Always, logarithms::spread;
    "exp of log":          "sum(exp(log(x)))" => "sum(x)",                               "x > 0" in 0.1 .. 3.0, Always, exponentials::of_log;
    "1/(1 + exp)":         "sum(1 ./ (1 + exp(x)))" => "sum(sigmoid(-x))",               "all x" in -3.0 .. 3.0, Always, exponentials::logistic;
    "exp times sigmoid":   "sum(exp(x) .* sigmoid(-x))" => "sum(sigmoid(x))",            "all x" in -3.0 .. 3.0, Always, exponentials::times_sigmoid;
    "exp over sum of exp": "dot(y, exp(x) / sum(exp(x)))" => "dot(y, softmax(x))",       "all x" in -3.0 .. 3.0, Always, exponentials::softmax;
    "softmax adds to 1":   "sum(softmax(x))" => "1",                                     "all x" in -3.0 .. 3.0, Always, exponentials::softmax_total;
    "exp times exp":       "sum(exp(x) .* exp(y))" => "sum(exp(x + y))",                 "all x, y" in -3.0 .. 3.0, Always, exponentials::product;
    "exp - 1":             "sum(exp(x) - 1)" => "sum(expm1(x))",                         "all x" in -3.0 .. 3.0, Always, exponentials::minus_one;
    "1 - sigmoid":         "sum(1 - sigmoid(x))" => "sum(sigmoid(-x))",                  "all x" in -3.0 .. 3.0, Always, exponentials::one_minus_sigmoid;
    "x - logsumexp":       "dot(y, x - logsumexp(x))" => "dot(y, log_softmax(x))",       "all x" in -3.0 .. 3.0, Always, exponentials::log_softmax;
    "root of two squares": "sum(sqrt(x.^2 + y.^2))" => "sum(abs(x) .* sqrt(1 + (y ./ x).^2))", "all x, y" in 0.1 .. 3.0, Always, norms::hypot;
    "root minus its part": "sum(sqrt(1 + x.^2) - 1)" => "sum(x.^2 ./ (sqrt(1 + x.^2) + 1))", "all x" in -3.0 .. 3.0, Always, norms::hypot_minus;
    "root of a square":    "sum(sqrt(x.^2))" => "sum(abs(x))",                           "all x" in -3.0 .. 3.0, Always, norms::root_of_square;
    "norm":                "sqrt(sum(x.^2))" => "norm2(x)",                              "all x" in -3.0 .. 3.0, Always, norms::norm;
    "even power of norm":  "r = norm2(x); r^2 + sum(y)" => "sum(x.^2) + sum(y)",         "all x" in -3.0 .. 3.0, Always, norms::even_power;
    "even power of abs":   "sum(abs(x).^2)" => "sum(x.^2)",                              "all x" in -3.0 .. 3.0, Always, powers::of_abs;
    "constant exponent":   "sum(x .^ (2 + sum(softmax(y))))" => "sum(x .* x .* x)",                "all x" in 0.1 .. 3.0, Always, powers::constant_exponent;
    "max of one":          "sum(max(x, x))" => "sum(x)",                                 "all x" in -3.0 .. 3.0, Always, powers::max_of_one;
    "sum of choices":      "sum(where(x > y, u, 0) + where(x > y, v, 1))" => "sum(where(x > y, u + v, 1))", "all x, y, u, v" in -3.0 .. 3.0, Always, sums::selects;
    "sigmoids add to 1":   "sum(y .* sigmoid(x) + y .* sigmoid(-x))" => "sum(y)",         "all x, y" in -3.0 .. 3.0, After, sums::reflect;
    "mirrored terms":      "sum((x*x' - eye)*u + (x*x' - eye)'*u)" => "sum(2*(x*x' - eye)*u)", "all x, u" in -3.0 .. 3.0, After, sums::mirrored;
    "expand":              "sum((x + y) .* u - x .* u)" => "sum(y .* u)",                "all x, y, u" in -3.0 .. 3.0, After, sums::expand;
    "expand sigmoids":     "sum((1 - y) .* sigmoid(x) - y .* sigmoid(-x))" => "sum(sigmoid(x) - y)", "all x, y" in -3.0 .. 3.0, After, sums::expand_sigmoids;
    "common factor":       "sum(x .* y + x .* u)" => "sum(x .* (y + u))",                "all x, y, u" in -3.0 .. 3.0, After, sums::common_factor;
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

/// A product or power taken apart, with new indices: coefficient, factors, the node's own indices, the bound ones.
struct Opened {
    coeff: Number,
    factors: Vec<(Tensor, Number)>,
    out: Vec<Index>,
    bound: Vec<Index>,
}

impl Opened {
    /// The product at `id`, if one of its factors is what a rule is about. Most are not, and are not taken apart.
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

/// The terms of a tensor seen as a sum: those of a sum, or the tensor itself, constants as coefficients of 1.
fn terms_of(g: &Graph, t: &Tensor) -> Vec<(Number, Tensor)> {
    match g.op(t.node) {
        Op::Sum(terms) => terms.iter().map(|x| (x.coeff, g.tensor(&x.operand, &t.indices))).collect(),
        _ => vec![(Number::ONE, t.clone())],
    }
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

/// Whether `a` is `-b`.
fn opposite(g: &mut Graph, a: &Tensor, b: &Tensor) -> bool {
    let minus = g.negate(b);
    let node = g.tensor_as(&minus, &a.indices);
    same_set(&a.indices, &b.indices) && node == a.node
}

fn same_set(a: &[Index], b: &[Index]) -> bool {
    a.len() == b.len() && a.iter().all(|i| b.contains(i))
}
