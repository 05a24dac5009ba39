//! A batch at once: formulas of one example, for the entries of all.
//!
//! Where entries know nothing of each other, a batch of m examples is one array of m·k entries, however short
//! its rows are. That holds of an array each of whose entries is a function of the entries at its place, and of
//! the mean of a scalar that is affine in sums of such: with factors α that all examples have in common,
//!
//! ```text
//! (1/m) Σᵢ (α₀ + Σₛ αₛ Σⱼ fₛ(aᵢⱼ, yᵢⱼ))  =  α₀ + Σₛ (αₛ/m) Σᵢⱼ fₛ(aᵢⱼ, yᵢⱼ)
//! ```
//!
//! What is asked here is this and nothing of how it was written: factors, signs, quotients, means, sums of
//! several losses, a `where` by hyper-parameters. In the result the number of outputs is an input: an index
//! over `k` now takes m·k values.

use crate::ir::{Extent, Graph, NodeId, NodeMap, Number, Op, Tensor};

/// The input that is m: no name that a user can write, so none of theirs, and `count_m` in the code.
pub const EXAMPLES: &str = "count m";
/// The input that is k: no name that a user can write, and `count_k` in the code.
pub const OUTPUTS: &str = "count k";

/// A graph in which an index over the outputs may run over the entries of all examples.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The graph.
    pub graph: Graph,
    /// What was asked for.
    pub nodes: Vec<NodeId>,
}

impl Batch {
    /// The mean over the examples of a scalar of one example, whose arrays have extent `k`; `None` where it takes
    /// each example by itself.
    #[must_use]
    pub fn mean(graph: &Graph, k: Extent, scalar: NodeId) -> Option<Self> {
        let (mut graph, nodes) = counted(graph, k, &[scalar]);
        let m = graph.input(EXAMPLES, &[]);
        let seen = Seen::of(&graph, k, &nodes);
        let mean = Means { graph: &mut graph, seen, k, m, known: NodeMap::new() }.of(nodes[0])?;
        Some(Self { graph, nodes: vec![mean] })
    }

    /// These arrays of one example, of all; `None` where they take each example by itself.
    #[must_use]
    pub fn each(graph: &Graph, k: Extent, arrays: &[NodeId]) -> Option<Self> {
        let (graph, nodes) = counted(graph, k, arrays);
        let seen = Seen::of(&graph, k, &nodes);
        let along = |&n: &NodeId| graph.shape(n) == [k] && seen.by_entries.get(n).is_some();
        nodes.iter().all(along).then_some(Self { graph, nodes })
    }
}

/// The nodes where the number of outputs is an input.
fn counted(graph: &Graph, k: Extent, nodes: &[NodeId]) -> (Graph, Vec<NodeId>) {
    let mut graph = graph.clone();
    let outputs = graph.input(OUTPUTS, &[]);
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in graph.reachable(nodes) {
        let new = match graph.op(id) {
            Op::Extent(e) => {
                let e = *e;
                of_outputs(&mut graph, e, k, outputs)
            }
            _ => graph.rebuilt(id, &|c| map.replaced(c)),
        };
        graph.inherit_name(id, new);
        map.insert(id, new);
    }
    let nodes = nodes.iter().map(|&n| map.replaced(n)).collect();
    (graph, nodes)
}

/// An extent as a number, where the number of outputs is an input.
fn of_outputs(g: &mut Graph, e: Extent, k: Extent, outputs: NodeId) -> NodeId {
    let scalar = |node: NodeId| Tensor::new(node, Vec::new());
    let e = g.extents.find(e);
    if e == k {
        outputs
    } else if let Some(form) = g.extents.derived(e) {
        let one = g.constant(Number::ONE);
        let mut terms = vec![(Number::int(form.constant), one)];
        for (e, n) in form.terms {
            terms.push((Number::int(n), scalar(of_outputs(g, e, k, outputs))));
        }
        g.sum_as(&terms, &[])
    } else {
        g.extent_value(e)
    }
}

/// What is known of the nodes of a formula.
struct Seen {
    /// Numbers that all examples have in common: computed of numbers alone.
    common: NodeMap<()>,
    /// Arrays each of whose entries is a function of entries at its place, and of what is common; the latter, too.
    by_entries: NodeMap<()>,
}

impl Seen {
    fn of(g: &Graph, k: Extent, roots: &[NodeId]) -> Self {
        let mut seen = Self { common: NodeMap::new(), by_entries: NodeMap::new() };
        for id in g.reachable(roots) {
            let all = |known: &NodeMap<()>| g.node(id).children().into_iter().all(|c| known.get(c).is_some());
            if g.rank(id) == 0 && all(&seen.common) {
                seen.common.insert(id, ());
                seen.by_entries.insert(id, ());
            }
            let entry = match g.op(id) {
                // A vector of hyper-parameters is the same for all examples.
                Op::Input(id) => matches!(g.input_of(*id).name.as_str(), "a" | "y"),
                Op::Sum(_) | Op::Map { .. } | Op::Select { .. } => true,
                Op::Product { bound, .. } => bound.is_empty(),
                _ => false,
            };
            if entry && g.shape(id) == [k] && all(&seen.by_entries) {
                seen.by_entries.insert(id, ());
            }
        }
        seen
    }
}

/// Means over the examples.
struct Means<'a> {
    graph: &'a mut Graph,
    seen: Seen,
    k: Extent,
    m: NodeId,
    known: NodeMap<Option<NodeId>>,
}

impl Means<'_> {
    /// The mean of a scalar that is affine in sums by entries.
    fn of(&mut self, id: NodeId) -> Option<NodeId> {
        if self.is_common(id) {
            return Some(id);
        }
        if let Some(known) = self.known.get(id) {
            return *known;
        }
        let mean = self.made(id);
        self.known.insert(id, mean);
        mean
    }

    fn is_common(&self, id: NodeId) -> bool {
        self.seen.common.get(id).is_some()
    }

    fn made(&mut self, id: NodeId) -> Option<NodeId> {
        let scalar = |node: NodeId| Tensor::new(node, Vec::new());
        match self.graph.op(id).clone() {
            Op::Sum(terms) => {
                let means = terms.iter().map(|t| Some((t.coeff, scalar(self.of(t.operand.node)?))));
                let means: Vec<_> = means.collect::<Option<_>>()?;
                Some(self.graph.sum_as(&means, &[]))
            }
            Op::Product { coeff, factors, bound } if bound.is_empty() => {
                let (common, own): (Vec<_>, Vec<_>) =
                    factors.into_iter().partition(|f| self.is_common(f.operand.node));
                let [own] = own.as_slice() else { return None };
                if !own.power.is_one() {
                    return None;
                }
                let mean = self.of(own.operand.node)?;
                let mut parts: Vec<_> = common.iter().map(|f| (scalar(f.operand.node), f.power)).collect();
                parts.push((scalar(mean), Number::ONE));
                Some(self.graph.contract(coeff, &parts, &[]))
            }
            Op::Product { factors, bound, .. } => {
                let by_entries = |n: NodeId| self.seen.by_entries.get(n).is_some();
                if bound != [self.k] || !factors.iter().all(|f| by_entries(f.operand.node)) {
                    return None;
                }
                let parts = [(scalar(id), Number::ONE), (scalar(self.m), Number::MINUS_ONE)];
                Some(self.graph.contract(Number::ONE, &parts, &[]))
            }
            Op::Select { op, lhs, rhs, then, otherwise }
                if self.is_common(lhs.node) && self.is_common(rhs.node) =>
            {
                let (then, otherwise) = (self.of(then.node)?, self.of(otherwise.node)?);
                let [lhs, rhs, then, otherwise] = [lhs.node, rhs.node, then, otherwise].map(scalar);
                Some(self.graph.select_as(op, &lhs, &rhs, &then, &otherwise, &[]))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Evaluator, Sizes};
    use crate::front::CostText;
    use crate::pipeline::CostProgram;

    fn program(text: &str) -> CostProgram {
        let hyper = vec!["lambda".to_owned()];
        let text = CostText { expr: text.to_owned(), hyper, ..CostText::default() };
        text.separate_program().expect("a cost")
    }

    fn k(program: &CostProgram) -> Extent {
        program.graph.shape(program.a)[0]
    }

    /// Three examples of two outputs.
    const A: [f64; 6] = [0.2, 0.7, 0.4, 0.9, 0.6, 0.1];
    const Y: [f64; 6] = [0.5, 0.3, 0.8, 0.6, 0.1, 0.2];

    /// The node's entries, given those of `a` and `y` and how many these are.
    fn entries(g: &Graph, node: NodeId, k: Extent, (a, y): (&[f64], &[f64])) -> Vec<f64> {
        let inputs: Vec<Vec<f64>> = g
            .inputs()
            .iter()
            .map(|input| match input.name.as_str() {
                "a" => a.to_vec(),
                "y" => y.to_vec(),
                EXAMPLES => vec![3.0],
                OUTPUTS => vec![2.0],
                _ => vec![0.7],
            })
            .collect();
        let sizes = Sizes::from([(g.extents.name(k), a.len())]);
        Evaluator::new(g, &inputs, &sizes).eval(node).to_vec()
    }

    #[test]
    fn what_is_affine_in_sums_by_entries_is_one_sum_for_all_examples() {
        for text in [
            "sum((a - y).^2)",
            "-sum((a - y).^2)/2",
            "quadratic",
            "mae",
            "lambda*quadratic/3 + (1 - lambda)*(mae - 2*huber)",
            "0.5*(cross_entropy + mse)*lambda^2 + k*lambda",
            "gaussian_nll(lambda)",
            "s = sum(abs(a - y)); q = 2*s; q - s/k + 1",
            "where(lambda > 1, mae, 3*mse - lambda)",
            "sum(where(a > y, a - y, lambda*(y - a)))",
            "dot(a, y) + norm1(a)",
            "sum((a - y).^2)/len(a[1..])",
        ] {
            let program = program(text);
            let k = k(&program);
            let batch = Batch::mean(&program.graph, k, program.data).expect(text);
            let at_once = entries(&batch.graph, batch.nodes[0], k, (&A, &Y))[0];
            let one = |(a, y): (&[f64], &[f64])| entries(&program.graph, program.data, k, (a, y))[0];
            let mean = A.chunks(2).zip(Y.chunks(2)).map(one).sum::<f64>() / 3.0;
            assert!((at_once - mean).abs() < 1e-14, "{text}: {at_once}, not {mean}");
            let slopes = Batch::each(&program.graph, k, &[program.d_activation]).expect(text);
            let at_once = entries(&slopes.graph, slopes.nodes[0], k, (&A, &Y));
            let one = |(a, y): (&[f64], &[f64])| entries(&program.graph, program.d_activation, k, (a, y));
            let rows: Vec<f64> = A.chunks(2).zip(Y.chunks(2)).flat_map(one).collect();
            let same = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-15;
            assert!(
                at_once.len() == 6 && at_once.iter().zip(&rows).all(same),
                "{text}: {at_once:?}, not {rows:?}"
            );
        }
    }

    #[test]
    fn other_functions_of_sums_take_each_example_by_itself() {
        for text in [
            "rmse",
            "log(1 + quadratic)",
            "quadratic*mae",
            "quadratic/(1 + mae)",
            "cosine",
            "categorical_cross_entropy_with_logits",
            "max(a)",
            "sum((a - mean(a)).^2)",
            "where(sum(a) > 1, mae, mse)",
        ] {
            let program = program(text);
            assert!(Batch::mean(&program.graph, k(&program), program.data).is_none(), "{text}");
        }
    }
}
