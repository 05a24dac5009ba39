//! What a plan costs: how often it multiplies, adds and calls, for given extents.
//!
//! Invariant: each step's work is counted as often as its loop runs, so a plan that computes something twice
//! counts it twice.

use crate::ir::{AxisFn, Extent, Factor, Graph, NodeId, Number, Op};
use crate::schedule::form::{Class, RunningSum, class};
use crate::schedule::plan::{Plan, Step};
use std::collections::BTreeMap;

/// The work of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Multiplications, each with its addition, of products of matrices and vectors.
    pub products: u64,
    /// Additions, multiplications, divisions and comparisons besides.
    pub arithmetic: u64,
    /// Calls of functions, by name.
    pub calls: BTreeMap<&'static str, u64>,
}

/// The terms of a sum, those together that are multiplied by one number but for its sign: one multiplication
/// serves them all. A constant (`None`) and what is multiplied by 1 stand alone.
pub(crate) fn by_coefficient(coefficients: &[Option<Number>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places: BTreeMap<Number, usize> = BTreeMap::new();
    for (k, coefficient) in coefficients.iter().enumerate() {
        match coefficient.map(Number::magnitude).filter(|c| !c.is_one()) {
            Some(c) => match places.get(&c) {
                Some(&place) => groups[place].push(k),
                None => {
                    places.insert(c, groups.len());
                    groups.push(vec![k]);
                }
            },
            None => groups.push(vec![k]),
        }
    }
    groups
}

impl Operations {
    fn call(&mut self, name: &'static str, times: u64) {
        *self.calls.entry(name).or_default() += times;
    }

    /// One entry of a node, `times` times.
    fn entry(&mut self, g: &Graph, id: NodeId, times: u64) {
        match g.op(id) {
            Op::Sum(terms) => {
                let coefficients: Vec<Option<Number>> = terms
                    .iter()
                    .map(|t| g.as_constant(t.operand.node).is_none().then_some(t.coeff))
                    .collect();
                let groups = by_coefficient(&coefficients);
                let scaled =
                    groups.iter().filter(|k| coefficients[k[0]].is_some_and(|c| !c.magnitude().is_one()));
                self.arithmetic += (terms.len().saturating_sub(1) + scaled.count()) as u64 * times;
            }
            Op::Product { coeff, factors, .. } => {
                let scaled = !coeff.is_one() && *coeff != Number::MINUS_ONE;
                self.arithmetic += (factors.len().saturating_sub(1) + usize::from(scaled)) as u64 * times;
                for f in factors {
                    self.power(f.power, times);
                }
            }
            Op::Map { function, .. } => self.call(function.name(), times),
            Op::Select { .. } => self.arithmetic += times,
            _ => {}
        }
    }

    fn power(&mut self, power: Number, times: u64) {
        match power.as_int() {
            Some(1 | -1) => {}
            Some(n) => self.arithmetic += (n.unsigned_abs().ilog2() as u64).max(1) * times,
            None if power == Number::HALF || power == Number::HALF.neg() => self.call("sqrt", times),
            None => self.call("pow", times),
        }
    }
}

impl Plan {
    /// What the plan costs, with these values of the symbolic extents; an extent that is not among them
    /// counts as 1.
    #[must_use]
    pub fn operations(&self, sizes: &BTreeMap<String, usize>) -> Operations {
        let g = &self.graph;
        let volume = |extents: &[Extent]| extents.iter().map(|&e| size(g, e, sizes)).product::<u64>();
        let locals = |id: NodeId| {
            let bound = match g.op(id) {
                Op::Product { bound, .. } | Op::Axis { bound, .. } => bound.as_slice(),
                _ => &[],
            };
            volume(g.shape(id)) * volume(bound)
        };
        let mut count = Operations::default();
        for step in self.flat_steps() {
            match step {
                Step::Scalar(id) => count.entry(g, *id, 1),
                Step::Loop(l) => {
                    let times = volume(&l.space);
                    for &id in &l.body {
                        count.entry(g, id, times);
                    }
                    for r in &l.reductions {
                        let Op::Product { factors, .. } = g.op(r.node) else {
                            count.arithmetic += times;
                            continue;
                        };
                        for f in factors {
                            count.power(f.power, times);
                        }
                        // What stays the same along a row is multiplied once for the row.
                        let inside = match class(g, r.node) {
                            Class::Reduction { space, .. } => space.last().copied(),
                            _ => None,
                        };
                        let varies = |f: &&Factor| inside.is_some_and(|i| f.operand.axes.contains(&i));
                        let varying = factors.iter().filter(varies).count();
                        let fixed = usize::from(varying < factors.len());
                        let multiplied = (varying + fixed).saturating_sub(1) as u64 * times;
                        if factors.iter().any(|f| f.operand.axes.len() < l.space.len()) {
                            count.products += multiplied;
                        } else {
                            // Each factor multiplied, and the sum itself.
                            count.arithmetic += multiplied + times;
                        }
                    }
                }
                Step::MatMul(m) => {
                    let whole = locals(m.product);
                    count.products += if m.form.gram.is_some() {
                        let summed =
                            whole / g.shape(m.product).first().map_or(1, |&e| size(g, e, sizes)).max(1);
                        (whole + summed) / 2
                    } else {
                        whole
                    };
                }
                Step::Axis(id) => {
                    if let Some(running) = RunningSum::of(g, *id) {
                        count.arithmetic += volume(g.shape(running.read.node));
                    }
                    let Op::Axis { function, arg, along, .. } = g.op(*id) else { continue };
                    let entries = volume(g.shape(arg.node));
                    let on = |k: &usize| along.contains(&arg.axes[*k]);
                    let rows: u64 = (0..arg.axes.len())
                        .filter(|k| !on(k))
                        .map(|k| size(g, g.shape(arg.node)[k], sizes))
                        .product();
                    count.arithmetic += 2 * entries;
                    if *function != AxisFn::Max {
                        count.call("exp", entries);
                    }
                    if matches!(function, AxisFn::LogSumExp | AxisFn::LogSoftmax) {
                        count.call("log", rows);
                    }
                }
                Step::Blocks(_) | Step::When(_) => {}
                Step::Descend { array, .. } => count.arithmetic += 2 * volume(&self.buffers[array.0].shape),
                Step::Solve(s) => count.products += locals(s.matmul.product),
                Step::Factor(a) => {
                    let (n, count_of) = matrices(g, *a, sizes);
                    let symmetric = self.factors.get(a).is_some_and(|f| f.symmetric);
                    count.products += count_of * n * n * n / if symmetric { 6 } else { 3 };
                    count.call(if symmetric { "factor_symmetric" } else { "factor" }, 1);
                }
                Step::Linear(id) => {
                    let matrices = g.node(*id).children().first().map(|a| matrices(g, *a, sizes));
                    let (n, count_of) = matrices.unwrap_or_default();
                    match g.op(*id) {
                        Op::Inverse(_) => {
                            count.products += count_of * 2 * n * n * n / 3;
                            count.call("inverse", 1);
                        }
                        Op::Cofactors(_, part) => {
                            count.products += count_of * 2 * n * n * n / 3;
                            count.call(part.name(), 1);
                        }
                        _ => count.arithmetic += count_of * n,
                    }
                }
            }
        }
        count
    }
}

/// How many rows each of the square matrices of an array has, and how many they are.
fn matrices(g: &Graph, node: NodeId, sizes: &BTreeMap<String, usize>) -> (u64, u64) {
    let mut shape = g.shape(node).iter().rev().map(|&e| size(g, e, sizes));
    let n = shape.next().unwrap_or(0);
    (n, shape.skip(1).product())
}

fn size(g: &Graph, e: Extent, sizes: &BTreeMap<String, usize>) -> u64 {
    g.extents.size(e, sizes, 1) as u64
}
