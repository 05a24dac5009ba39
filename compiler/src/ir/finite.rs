//! Which nodes have numbers for entries whatever the inputs are, as long as those are numbers themselves: a
//! factor of 0 makes 0 of these alone.
//!
//! What is too large for a number has no part in this: `exp` counts as finite.

use super::graph::{Factor, Graph, NodeId, Op};
use super::map::NodeMap;
use crate::ops::ElementFn;
use crate::ops::interval::Interval;

/// Arguments that a function is tried at.
const TRIED: [f64; 7] = [-30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0];

/// What is known of a node.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Whether its entries are numbers.
    finite: bool,
    /// Whether computing it may be an error.
    fails: bool,
}

/// What is known of a graph's nodes, found as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Finite {
    known: NodeMap<Known>,
    /// Whether what is made of data alone counts as numbers.
    trusting: bool,
}

impl Finite {
    /// For which what is made of data alone, as 1/n, is a number.
    #[must_use]
    pub fn trusting() -> Self {
        Self { trusting: true, ..Self::default() }
    }

    /// Whether the entries of a node are numbers.
    pub fn is_finite(&mut self, g: &Graph, id: NodeId) -> bool {
        self.known(g, id).finite
    }

    /// Whether the powers of the entries of a node are numbers.
    pub fn is_finite_power(&mut self, g: &Graph, factor: &Factor) -> bool {
        // Of nothing there are no entries, and what has the power 0 is 1.
        if factor.power.is_zero() || matches!(g.op(factor.operand.node), Op::Extent(_)) {
            return true;
        }
        let base = g.interval(factor.operand.node);
        let power = factor.power;
        let rooted = power.as_int().is_some() || base.low >= 0.0;
        let divided = !power.is_negative() || base.excludes_zero();
        rooted && divided && self.is_finite(g, factor.operand.node)
    }

    /// Whether computing a node may be an error: of a matrix that has no inverse.
    pub fn may_fail(&mut self, g: &Graph, id: NodeId) -> bool {
        self.known(g, id).fails
    }

    fn known(&mut self, g: &Graph, id: NodeId) -> Known {
        if let Some(known) = self.known.get(id) {
            return *known;
        }
        // Children come before their parents.
        for next in g.reachable(&[id]) {
            if self.known.get(next).is_none() {
                let known = self.find(g, next);
                self.known.insert(next, known);
            }
        }
        self.known.get(id).copied().unwrap_or(Known { finite: false, fails: true })
    }

    fn find(&mut self, g: &Graph, id: NodeId) -> Known {
        let mut all = Known { finite: true, fails: false };
        g.node(id).each_child(|child| {
            let unknown = Known { finite: false, fails: true };
            let known = self.known.get(child).copied().unwrap_or(unknown);
            all = Known { finite: all.finite && known.finite, fails: all.fails || known.fails };
        });
        match g.op(id) {
            _ if self.trusting && g.is_data(id) => all.finite = true,
            Op::Product { factors, .. } => {
                all.finite = factors
                    .iter()
                    .all(|f| (self.trusting && g.is_data(f.operand.node)) || self.is_finite_power(g, f));
            }
            Op::Map { function, args } => {
                let args: Vec<Interval> = args.iter().map(|a| g.interval(a.node)).collect();
                all.finite &= is_total(*function, &args);
            }
            Op::Inverse(_) | Op::LogDet(_) => all.fails = true,
            _ => {}
        }
        all
    }
}

/// Whether a function has values for all arguments in these intervals: it does for those it is tried at.
pub(crate) fn is_total(function: ElementFn, args: &[Interval]) -> bool {
    let mut tried = vec![0.0; args.len()];
    total_from(function, args, &mut tried, 0)
}

/// Whether it has values at all that is tried of the arguments from this one on, those before it as they are.
fn total_from(function: ElementFn, args: &[Interval], tried: &mut [f64], at: usize) -> bool {
    let Some(arg) = args.get(at) else { return (function.spec().eval)(tried).is_finite() };
    let ends = [arg.low, arg.high].into_iter().filter(|x| x.is_finite());
    let inside = TRIED.into_iter().filter(|x| arg.low <= *x && *x <= arg.high);
    inside.chain(ends).all(|x| {
        tried[at] = x;
        total_from(function, args, tried, at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Number, Tensor};

    #[test]
    fn what_may_be_no_number() {
        let mut g = Graph::new();
        let x = g.input("x", &[]);
        let x = Tensor::new(x, Vec::new());
        let mut finite = Finite::default();
        for name in ["exp", "tanh", "sigmoid", "abs", "sin", "erf", "softplus", "recip0"] {
            let y = g.call(name, std::slice::from_ref(&x));
            assert!(finite.is_finite(&g, y.node), "{name}");
        }
        for name in ["log", "log1p", "asin", "acos", "lgamma", "digamma"] {
            let y = g.call(name, std::slice::from_ref(&x));
            assert!(!finite.is_finite(&g, y.node), "{name}");
        }
        let one = g.constant(Number::ONE);
        let square = g.power(&x, Number::TWO);
        let above = g.sum(&[(Number::ONE, one), (Number::ONE, square.clone())]);
        for (base, power, numbers) in [
            (&x, Number::TWO, true),
            (&x, Number::MINUS_ONE, false),
            (&x, Number::HALF, false),
            (&square, Number::HALF, true),
            (&square, Number::MINUS_ONE, false),
            (&above, Number::MINUS_ONE, true),
            (&above, Number::HALF.neg(), true),
        ] {
            let y = g.power(base, power);
            assert_eq!(finite.is_finite(&g, y.node), numbers, "{base:?}^{power:?}");
        }
        let log = g.call("log", &[above]);
        assert!(finite.is_finite(&g, log.node));
    }
}
