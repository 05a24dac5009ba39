//! A network, and the total gradient of its cost.

use super::{Partial, total};
use crate::diff;
use crate::ir::{Graph, NodeId, Number, Tensor};
use crate::lower::cost::{Cost, Term, TermKind};
use crate::lower::network::{Activation, NetworkCost};
use crate::simplify::{self, Log};

/// A network with the total gradient of its cost, over a batch.
#[derive(Clone, Debug)]
pub struct NetworkProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The terms of the cost, their nodes now stable.
    pub terms: Vec<Term>,
    /// The extent of the batch.
    pub batch: crate::ir::Extent,
    /// What the data supplies, by name.
    pub inputs: Vec<(String, NodeId)>,
    /// The targets.
    pub y: NodeId,
    /// The output activations.
    pub output: NodeId,
    /// The layers' values, in the order computed.
    pub values: Vec<(String, NodeId)>,
    /// The cotangents of the layers' values that backpropagation passes on, last layer first.
    pub deltas: Vec<(String, NodeId)>,
    /// The data cost of the batch.
    pub data: NodeId,
    /// The penalties.
    pub penalty: NodeId,
    /// The total gradient by each parameter.
    pub gradient: Vec<Partial>,
    /// The part of each gradient that comes from the penalty alone, in the same order.
    pub direct: Vec<NodeId>,
    /// The cost and the network as they were written.
    pub written: Written,
    /// The rules that fired.
    pub log: Log,
}

/// A network's cost before anything was made of it: nodes of the same graph.
#[derive(Clone, Debug)]
pub struct Written {
    /// The output activations.
    pub output: NodeId,
    /// What each term is for each choice of tensors: of the examples, where it is of data.
    pub instances: Vec<Vec<NodeId>>,
    /// Which values are a function of another one.
    pub activations: Vec<Activation>,
}

/// What the cotangent of a value is called: `delta2` for `z2`, `d_h` for `h`.
pub(super) fn delta_name(value: &str) -> String {
    match value.strip_prefix('z') {
        Some(rest) if rest.chars().all(|c| c.is_ascii_digit()) || rest.starts_with('_') => {
            format!("delta{rest}")
        }
        _ => format!("d_{value}"),
    }
}

/// The input that is what the examples weigh, of all together: no name that a user can write, and `example_weights` in
/// the code.
pub const EXAMPLE_WEIGHTS: &str = "example weights";

/// Derives a network's cost: back-propagation from the examples' costs, and the penalties' direct part beside
/// it.
#[must_use]
pub fn network(network: NetworkCost) -> NetworkProgram {
    derived(network, false)
}

/// The same where each example has a weight, a part of 1: an input more, in place of the mean's 1/m.
#[must_use]
pub fn weighted_network(network: NetworkCost) -> NetworkProgram {
    derived(network, true)
}

fn derived(network: NetworkCost, weighted: bool) -> NetworkProgram {
    let NetworkCost { cost, inputs, values, activations } = network;
    let Cost { mut graph, mut terms, a, y, tensors, batch, .. } = cost;
    let instances = terms.iter().map(|t| t.instances.iter().map(|i| i.node).collect()).collect();
    let written = Written { output: a, instances, activations };
    // Values first: each example's cost, the penalties, the layers.
    let mut roots: Vec<NodeId> = vec![a];
    roots.extend(values.iter().map(|(_, n)| *n));
    roots.extend(terms.iter().map(|t| t.node));
    roots.extend(terms.iter().flat_map(|t| t.instances.iter().map(|i| i.node)));
    let by: Vec<NodeId> = tensors.iter().map(|t| t.node).collect();
    graph.set_data(&by);
    let (stable, before) = simplify::stabilise(&mut graph, &roots);
    let mut next = stable.into_iter();
    let mut take = |old: NodeId| next.next().unwrap_or(old);
    let output = take(a);
    let values: Vec<(String, NodeId)> = values.into_iter().map(|(n, old)| (n, take(old))).collect();
    for t in &mut terms {
        t.node = take(t.node);
    }
    for i in terms.iter_mut().flat_map(|t| &mut t.instances) {
        i.node = take(i.node);
    }
    let of = |parts: &[TermKind]| -> Vec<NodeId> {
        terms.iter().filter(|t| parts.contains(&t.kind)).map(|t| t.node).collect()
    };
    let (data_nodes, penalty_nodes) = (of(&[TermKind::Data, TermKind::Constant]), of(&[TermKind::Penalty]));
    let mean_data = total(&mut graph, &data_nodes);
    let penalty = total(&mut graph, &penalty_nodes);
    // Backwards from Σ over the examples; the mean's 1/m comes last, as in the textbook.
    let m = graph.extents.index(batch);
    let examples: Vec<_> = terms
        .iter()
        .filter(|t| t.kind == TermKind::Data)
        .flat_map(|t| &t.instances)
        .map(|i| (Number::ONE, Tensor::new(i.node, vec![m])))
        .collect();
    let weights = weighted.then(|| {
        let weights = graph.input(EXAMPLE_WEIGHTS, &[batch]);
        Tensor::new(weights, vec![m])
    });
    let data = match &weights {
        Some(weights) => {
            let mut parts = of(&[TermKind::Constant]);
            if !examples.is_empty() {
                let per_example = Tensor::new(graph.sum_as(&examples, &[m]), vec![m]);
                let factors = [(per_example, Number::ONE), (weights.clone(), Number::ONE)];
                parts.push(graph.contract(Number::ONE, &factors, &[]));
            }
            total(&mut graph, &parts)
        }
        None => mean_data,
    };
    let by: Vec<NodeId> = tensors.iter().map(|t| t.node).collect();
    let known = values.clone();
    let name = |_: &Graph, id: NodeId| known.iter().find(|(_, n)| *n == id).map(|(n, _)| delta_name(n));
    let mut deltas: Vec<NodeId> = Vec::new();
    let propagated = if examples.is_empty() {
        diff::gradient(&mut graph, data, &by)
    } else {
        let per_example = graph.sum_as(&examples, &[m]);
        let start = match &weights {
            Some(weights) => weights.node,
            None => graph.fill(Number::ONE, &[m]),
        };
        let mut wanted = by.clone();
        wanted.extend(values.iter().map(|(_, n)| *n));
        let mut all = diff::pullback(&mut graph, &[(per_example, start)], &wanted, &name);
        deltas = all.split_off(by.len());
        all
    };
    let direct = diff::gradient(&mut graph, penalty, &by);
    let mean = if weighted {
        graph.constant(Number::ONE)
    } else {
        let count = Tensor::new(graph.extent_value(batch), Vec::new());
        graph.power(&count, Number::MINUS_ONE)
    };
    let mut totals = Vec::new();
    for (data_part, penalty_part) in propagated.iter().zip(&direct) {
        let t = graph.whole(*data_part);
        let mut terms = vec![(Number::ONE, Tensor::new(*penalty_part, t.indices.clone()))];
        if !examples.is_empty() {
            let scaled = graph.contract(
                Number::ONE,
                &[(t.clone(), Number::ONE), (mean.clone(), Number::ONE)],
                &t.indices,
            );
            terms.push((Number::ONE, Tensor::new(scaled, t.indices.clone())));
        }
        totals.push(graph.sum_as(&terms, &t.indices));
    }
    let mut roots = vec![data, penalty, output];
    roots.extend(&totals);
    roots.extend(&direct);
    roots.extend(&deltas);
    roots.extend(terms.iter().map(|t| t.node));
    let (roots, after) = simplify::simplify(&mut graph, &roots);
    let roots = simplify::by_activations(&mut graph, &roots, roots[2]);
    let (p, d) = (totals.len(), deltas.len());
    for (t, node) in terms.iter_mut().zip(&roots[3 + 2 * p + d..]) {
        t.node = *node;
    }
    let gradient = tensors
        .into_iter()
        .zip(&roots[3..])
        .map(|(t, node)| Partial { name: t.name, by: t.node, role: t.role, node: *node })
        .collect();
    let named = roots[3 + 2 * p..3 + 2 * p + d].iter().zip(&values);
    let mut deltas: Vec<(String, NodeId)> = named
        .filter(|(node, _)| !graph.is_zero(**node))
        .map(|(node, (name, _))| (delta_name(name), *node))
        .filter(|(name, node)| graph.name(*node) == Some(name))
        .collect();
    deltas.reverse();
    NetworkProgram {
        data: roots[0],
        penalty: roots[1],
        output: roots[2],
        direct: roots[3 + p..3 + 2 * p].to_vec(),
        graph,
        terms,
        batch,
        inputs,
        y,
        values,
        deltas,
        gradient,
        written,
        log: before.then(&after),
    }
}
