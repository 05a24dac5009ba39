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
            Op::Extent(e) if *e == k => outputs,
            _ => graph.rebuilt(id, &|c| map.replaced(c)),
        };
        graph.inherit_name(id, new);
        map.insert(id, new);
    }
    let nodes = nodes.iter().map(|&n| map.replaced(n)).collect();
    (graph, nodes)
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
                Op::Input(_) | Op::Sum(_) | Op::Map { .. } | Op::Select { .. } => true,
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
