//! A cost of one example, and its direct partial derivatives.

use super::{Partial, total};
use crate::diff;
use crate::ir::{Graph, NodeId, Op};
use crate::lower::cost::{Cost, Term, TermKind};
use crate::simplify::{self, Log};

/// A cost with its direct partial derivatives, of one example.
#[derive(Clone, Debug)]
pub struct CostProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The terms as they were lowered, their nodes now stable.
    pub terms: Vec<Term>,
    /// The terms as they were written.
    pub written: Vec<NodeId>,
    /// The activations.
    pub a: NodeId,
    /// The data cost of one example, with the constants that speak of the number of outputs.
    pub data: NodeId,
    /// What mentions neither data nor tensors, nor the number of outputs.
    pub constant: NodeId,
    /// ∂c/∂a, of one example.
    pub d_activation: NodeId,
    /// The diagonal of ∂²c/∂a², of one example.
    pub hessian_diagonal: NodeId,
    /// Penalty and direct derivative of each declared tensor.
    pub tensors: Vec<TensorPartial>,
    /// Each term's share in each derivative.
    pub shares: Shares,
    /// The rules that fired.
    pub log: Log,
}

/// The derivatives of single terms, each simplified by itself.
#[derive(Clone, Debug)]
pub struct Shares {
    /// The graph of all.
    pub graph: Graph,
    /// For each term, its derivative by the activations, then by each tensor.
    pub by_term: Vec<Vec<NodeId>>,
}

/// What a cost says of one tensor.
#[derive(Clone, Debug)]
pub struct TensorPartial {
    /// The tensor's penalty.
    pub penalty: NodeId,
    /// Its derivative.
    pub partial: Partial,
}

/// Derives a cost of one example, lowered without a batch.
#[must_use]
pub fn cost(cost: Cost) -> CostProgram {
    let Cost { mut graph, mut terms, a, tensors, .. } = cost;
    let roots: Vec<NodeId> = terms.iter().map(|t| t.node).collect();
    let by: Vec<NodeId> = std::iter::once(a).chain(tensors.iter().map(|t| t.node)).collect();
    graph.set_data(&by);
    let written = roots.clone();
    let (stable, before) = simplify::stabilise(&mut graph, &roots);
    for (t, node) in terms.iter_mut().zip(stable) {
        t.node = node;
    }
    let of = |terms: &[Term], part: TermKind| -> Vec<NodeId> {
        terms.iter().filter(|t| t.kind == part).map(|t| t.node).collect()
    };
    // A constant that speaks of the number of outputs is known with the examples only.
    let counts = |n: &NodeId| graph.reachable(&[*n]).iter().any(|&id| matches!(graph.op(id), Op::Extent(_)));
    let (counting, constant): (Vec<_>, Vec<_>) = of(&terms, TermKind::Constant).into_iter().partition(counts);
    let data = total(&mut graph, &[of(&terms, TermKind::Data), counting].concat());
    let constant = total(&mut graph, &constant);
    let d_activation = diff::gradient(&mut graph, data, &[a])[0];
    let penalty = total(&mut graph, &of(&terms, TermKind::Penalty));
    let by: Vec<NodeId> = tensors.iter().map(|t| t.node).collect();
    let partials = diff::gradient(&mut graph, penalty, &by);
    let mut roots = vec![data, constant, d_activation];
    // A penalty of one tensor: the terms that depend on it.
    for t in &tensors {
        let own: Vec<NodeId> = of(&terms, TermKind::Penalty)
            .into_iter()
            .filter(|n| graph.reachable(&[*n]).contains(&t.node))
            .collect();
        roots.push(total(&mut graph, &own));
    }
    roots.extend(partials);
    roots.extend(terms.iter().map(|t| t.node));
    let (roots, after) = simplify::simplify(&mut graph, &roots);
    let second = diff::jacobian(&mut graph, roots[2], &[a])[0];
    let (second, of_second) = simplify::simplify(&mut graph, &[second]);
    let diagonal = diff::diagonal(&mut graph, second[0], 0, 1);
    let (diagonal, of_diagonal) = simplify::simplify(&mut graph, &[diagonal]);
    let hessian_diagonal = diagonal[0];
    let n = tensors.len();
    for (t, node) in terms.iter_mut().zip(&roots[3 + 2 * n..]) {
        t.node = *node;
    }
    let tensors = tensors
        .into_iter()
        .enumerate()
        .map(|(k, t)| TensorPartial {
            penalty: roots[3 + k],
            partial: Partial { name: t.name, by: t.node, role: t.role, node: roots[3 + n + k] },
        })
        .collect();
    let wrt: Vec<NodeId> = std::iter::once(a).chain(by).collect();
    let (shares, of_shares) = shares(&graph, &terms, &wrt);
    // Derivations say what has happened to the cost and its first derivatives.
    let mut log = before.then(&after);
    for other in [&of_second, &of_diagonal, &of_shares] {
        log.gave_up |= other.gave_up;
        log.too_large |= other.too_large;
    }
    CostProgram {
        graph,
        terms,
        written,
        a,
        data: roots[0],
        constant: roots[1],
        d_activation: roots[2],
        hessian_diagonal,
        tensors,
        shares,
        log,
    }
}

fn shares(graph: &Graph, terms: &[Term], by: &[NodeId]) -> (Shares, Log) {
    let mut graph = graph.clone();
    let mut roots = Vec::new();
    for t in terms {
        roots.extend(diff::gradient(&mut graph, t.node, by));
    }
    let (roots, log) = simplify::simplify(&mut graph, &roots);
    (Shares { graph, by_term: roots.chunks(by.len()).map(<[NodeId]>::to_vec).collect() }, log)
}
