//! Between which numbers the entries of a node lie, whatever the inputs are: how a denominator is known not to be 0.

use super::graph::{AxisFn, Factor, Graph, NodeId, Op, Operand};
use super::number::Number;

/// A closed interval; ±∞ where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Rounding moves the ends of a sum by less than this share of its terms, in single precision too.
const SLACK: f64 = 1e-6;

/// Numbers farther from 0 have a reciprocal in single precision, too.
const SMALL: f64 = 1e-30;

impl Interval {
    /// All numbers.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Whether 0 is far away, so that 1/x neither fails nor overflows.
    #[must_use]
    pub fn excludes_zero(self) -> bool {
        self.low >= SMALL || self.high <= -SMALL
    }

    /// Whether the logarithm is a number.
    #[must_use]
    pub fn has_logarithm(self) -> bool {
        self.low >= SMALL && self.high < f64::INFINITY
    }

    /// The same values moved by `x`.
    #[must_use]
    pub fn shifted(self, x: f64) -> Self {
        let slack = |end: f64| if end.is_finite() { SLACK * (x.abs() + end.abs()) } else { 0.0 };
        Self::new(self.low + x - slack(self.low), self.high + x + slack(self.high))
    }

    fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// What is increasing: the ends of the image are the images of the ends.
    fn image(self, f: impl Fn(f64) -> f64) -> Self {
        let (low, high) = (f(self.low), f(self.high));
        Self::new(
            if low.is_nan() { f64::NEG_INFINITY } else { low },
            if high.is_nan() { f64::INFINITY } else { high },
        )
    }

    fn times(self, other: Self) -> Self {
        // 0 times what may be arbitrarily large is 0.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let ends = [
            product(self.low, other.low),
            product(self.low, other.high),
            product(self.high, other.low),
            product(self.high, other.high),
        ];
        Self::new(
            ends.into_iter().fold(f64::INFINITY, f64::min),
            ends.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    fn size(self) -> Self {
        let (a, b) = (self.low.abs(), self.high.abs());
        let low = if self.low <= 0.0 && self.high >= 0.0 { 0.0 } else { a.min(b) };
        Self::new(low, a.max(b))
    }

    fn power(self, power: Number) -> Self {
        let exponent = power.to_f64();
        let even = power.as_int().is_some_and(|n| n % 2 == 0);
        let base = if even { self.size() } else { self };
        let raised = match power.as_int() {
            _ if base.low >= 0.0 => base.image(|x| x.powf(exponent.abs())),
            Some(n) if n % 2 != 0 => base.image(|x| x.powf(exponent.abs())),
            _ => return Self::ALL,
        };
        if exponent >= 0.0 {
            return raised;
        }
        match (raised.low, raised.high) {
            (low, high) if low > 0.0 || high < 0.0 => Self::new(1.0 / high, 1.0 / low),
            (low, high) if low >= 0.0 => Self::new(1.0 / high, f64::INFINITY),
            _ => Self::ALL,
        }
    }
}

/// The intervals of a graph's nodes, found as they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    known: Vec<Interval>,
}

impl Bounds {
    /// The interval of a node.
    pub fn of(&mut self, g: &Graph, id: NodeId) -> Interval {
        // Children come before their parents.
        while self.known.len() <= id.0 as usize {
            let next = self.find(g, NodeId(self.known.len() as u32));
            self.known.push(next);
        }
        self.get(id)
    }

    fn get(&self, id: NodeId) -> Interval {
        self.known.get(id.0 as usize).copied().unwrap_or(Interval::ALL)
    }

    fn find(&self, g: &Graph, id: NodeId) -> Interval {
        let at = |o: &Operand| self.get(o.node);
        match g.op(id) {
            Op::Number(n) => Interval::new(n.to_f64(), n.to_f64()),
            Op::Pi => Interval::new(3.0, 4.0),
            Op::Extent(_) => Interval::new(0.0, f64::INFINITY),
            Op::Delta => Interval::new(0.0, 1.0),
            Op::Sum(terms) => {
                let (mut sum, mut slack) = (Interval::new(0.0, 0.0), [0.0, 0.0]);
                for t in terms {
                    let c = t.coeff.to_f64();
                    let term = at(&t.operand).times(Interval::new(c, c));
                    for (slack, end) in slack.iter_mut().zip([term.low, term.high]) {
                        *slack += if end.is_finite() { SLACK * end.abs() } else { 0.0 };
                    }
                    sum = Interval::new(sum.low + term.low, sum.high + term.high);
                }
                Interval::new(sum.low - slack[0], sum.high + slack[1])
            }
            Op::Product { coeff, factors, bound } => {
                let c = coeff.to_f64();
                let raised = |f: &Factor| at(&f.operand).power(f.power);
                let product = factors.iter().fold(Interval::new(c, c), |all, f| all.times(raised(f)));
                match (bound.is_empty(), product) {
                    (true, product) => product,
                    (false, p) if p.low >= 0.0 => Interval::new(0.0, f64::INFINITY),
                    (false, p) if p.high <= 0.0 => Interval::new(f64::NEG_INFINITY, 0.0),
                    _ => Interval::ALL,
                }
            }
            Op::Map { function, args } => {
                let args: Vec<Interval> = args.iter().map(at).collect();
                function_values(function.name(), &args)
            }
            Op::Select { then, otherwise, .. } => at(then).hull(at(otherwise)),
            Op::Axis { function, arg, .. } => match function {
                AxisFn::Max => at(arg),
                AxisFn::Softmax => Interval::new(0.0, 1.0),
                AxisFn::Norm => Interval::new(0.0, f64::INFINITY),
                AxisFn::LogSoftmax => Interval::new(f64::NEG_INFINITY, 0.0),
                AxisFn::LogSumExp => Interval::ALL,
            },
            Op::Merge { arg, .. } | Op::Split { arg, .. } => self.get(*arg),
            Op::Input(_) | Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) => Interval::ALL,
        }
    }
}

/// What an element-wise function can be for arguments in these intervals.
fn function_values(name: &str, args: &[Interval]) -> Interval {
    let infinity = f64::INFINITY;
    match (name, args) {
        ("exp", [x]) => x.image(f64::exp),
        ("expm1", [x]) => x.image(f64::exp_m1),
        ("log", [x]) => x.image(f64::ln),
        ("log1p", [x]) => x.image(f64::ln_1p),
        ("abs", [x]) => x.size(),
        ("sin" | "cos" | "tanh" | "softsign" | "sign" | "erf" | "unit", _) => Interval::new(-1.0, 1.0),
        ("asin" | "atan", _) => Interval::new(-2.0, 2.0),
        ("acos", _) => Interval::new(0.0, 4.0),
        ("sigmoid" | "normal_cdf" | "normal_pdf", _) => Interval::new(0.0, 1.0),
        ("softplus" | "log_cosh", _) => Interval::new(0.0, infinity),
        ("cosh", _) => Interval::new(1.0, infinity),
        ("hypot", [a, b]) => Interval::new(a.size().low.max(b.size().low), infinity),
        ("max", [a, b]) => Interval::new(a.low.max(b.low), a.high.max(b.high)),
        ("min", [a, b]) => Interval::new(a.low.min(b.low), a.high.min(b.high)),
        _ => Interval::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Evaluator, Sizes};
    use crate::lower::objective::{self, Wanted};
    use crate::source::SourceId;
    use crate::syntax::parse;

    fn graph(text: &str) -> (Graph, NodeId) {
        let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
        let variables = parse::declarations("x: scalar, y: scalar, v: vector[2]", SourceId::Declarations)
            .expect("declarations");
        let lowered = objective::lower(text, &program, &[], &variables, &[], Wanted::Scalar)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        (lowered.graph, lowered.value)
    }

    #[test]
    fn every_value_is_within_its_interval() {
        for text in [
            "-3*x^3*y^2 + x^-2 - 1/(2 + sin(y))",
            "exp(-x^2)*log(1 + y^2) - sqrt(1 + x^2)/(1 + exp(y))",
            "where(x > y, abs(x)^0.5, min(x, y)^3) - max(x, 2)*tanh(y)^2 + 5*softplus(-x)",
            "norm2(v)^2 - sum(exp(v)) + max(v) - x/(1 + abs(y))",
        ] {
            let (g, root) = graph(text);
            let mut bounds = Bounds::default();
            for x in [-7.5, -1.0, 0.25, 3.0, 30.0] {
                for y in [-2.0, -0.1, 0.5, 9.0] {
                    let inputs = [vec![x], vec![y], vec![x - y, y]];
                    let sizes = Sizes::new();
                    let mut evaluator = Evaluator::new(&g, &inputs, &sizes);
                    for id in g.reachable(&[root]) {
                        let interval = bounds.of(&g, id);
                        for value in evaluator.eval(id) {
                            let inside = interval.low <= *value && *value <= interval.high;
                            assert!(
                                inside,
                                "{text} at {x}, {y}: {value} of {:?} not in {interval:?}",
                                g.op(id)
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_known_not_to_be_0() {
        let excludes = |text| {
            let (g, root) = graph(text);
            Bounds::default().of(&g, root).excludes_zero()
        };
        for text in ["1 + x^2 + y^2", "2 + sin(x)", "1 + sqrt(1 + x^2)^3", "-1 - exp(x)", "3 - 2*tanh(x)^2"] {
            assert!(excludes(text), "{text}");
        }
        for text in
            ["x^2", "1 + sin(x)", "exp(x)", "1 + x", "1 - tanh(x)^2", "cosh(x) - 1", "log(2 + x^2) - 1"]
        {
            assert!(!excludes(text), "{text}");
        }
    }
}
