//! Between which numbers the entries of a node lie, whatever the inputs are: how a denominator is known not
//! to be 0.

use super::graph::{AxisFn, Factor, Graph, Op, Operand};
use super::number::Number;
use crate::ops::interval::{Interval, SLACK};

/// The interval of what is made of nodes that are there.
pub(super) fn found(g: &Graph, op: &Op) -> Interval {
    let at = |o: &Operand| g.interval(o.node);
    match op {
        Op::Number(n) => Interval::new(n.to_f64(), n.to_f64()),
        Op::Pi => Interval::new(3.0, 4.0),
        Op::Extent(_) => Interval::new(0.0, f64::INFINITY),
        Op::Delta | Op::Holds(_) | Op::Named(_) => Interval::new(0.0, 1.0),
        Op::Position => Interval::new(0.0, f64::INFINITY),
        Op::Others { arg, .. } => match at(arg) {
            x if x.low >= 0.0 => Interval::new(0.0, f64::INFINITY),
            _ => Interval::ALL,
        },
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
            let power = |f: &Factor| raised(at(&f.operand), f.power);
            let product = factors.iter().fold(Interval::new(c, c), |all, f| all.times(power(f)));
            match (bound.is_empty(), product) {
                (true, product) => product,
                (false, p) if p.low >= 0.0 => Interval::new(0.0, f64::INFINITY),
                (false, p) if p.high <= 0.0 => Interval::new(f64::NEG_INFINITY, 0.0),
                _ => Interval::ALL,
            }
        }
        Op::Map { function, args } => {
            let args: Vec<Interval> = args.iter().map(at).collect();
            (function.spec().range)(&args)
        }
        Op::Select { then, otherwise, .. } => at(then).hull(at(otherwise)),
        Op::Axis { function, arg, .. } => match function {
            AxisFn::Max => at(arg),
            AxisFn::Softmax => Interval::new(0.0, 1.0),
            AxisFn::Norm => Interval::new(0.0, f64::INFINITY),
            AxisFn::LogSoftmax => Interval::new(f64::NEG_INFINITY, 0.0),
            AxisFn::LogSumExp => Interval::ALL,
        },
        Op::Merge { arg, .. } | Op::Split { arg, .. } => g.interval(*arg),
        Op::Input(_) | Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) | Op::Cofactors(..) => Interval::ALL,
    }
}

/// The values of `base ^ power`.
fn raised(base: Interval, power: Number) -> Interval {
    let exponent = power.to_f64();
    let even = power.as_int().is_some_and(|n| n % 2 == 0);
    let base = if even { base.size() } else { base };
    let raised = match power.as_int() {
        _ if base.low >= 0.0 => base.image(|x| x.powf(exponent.abs())),
        Some(n) if n % 2 != 0 => base.image(|x| x.powf(exponent.abs())),
        _ => return Interval::ALL,
    };
    if exponent >= 0.0 {
        return raised;
    }
    match (raised.low, raised.high) {
        (low, high) if low > 0.0 || high < 0.0 => Interval::new(1.0 / high, 1.0 / low),
        (low, high) if low >= 0.0 => Interval::new(1.0 / high, f64::INFINITY),
        _ => Interval::ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Evaluator, Sizes};
    use crate::ir::NodeId;
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
            for x in [-7.5, -1.0, 0.25, 3.0, 30.0] {
                for y in [-2.0, -0.1, 0.5, 9.0] {
                    let inputs = [vec![x], vec![y], vec![x - y, y]];
                    let sizes = Sizes::new();
                    let mut evaluator = Evaluator::new(&g, &inputs, &sizes);
                    for id in g.reachable(&[root]) {
                        let interval = g.interval(id);
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
            g.interval(root).excludes_zero()
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
