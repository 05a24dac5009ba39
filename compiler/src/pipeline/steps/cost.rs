//! The steps of a cost alone.

use super::{over_common_denominator, rules_beyond};
use crate::diff;
use crate::ir::{Graph, NodeId};
use crate::pipeline::CostProgram;
use crate::simplify;

/// The steps of a cost's derivation.
#[derive(Clone, Debug)]
pub struct CostSteps {
    /// The graph of all: that of the terms' shares, and what is made here.
    pub graph: Graph,
    /// Of each term: as written; as it is computed, where rules have made another formula of it; and these rules.
    pub terms: Vec<(Vec<NodeId>, Vec<&'static str>)>,
    /// Of each term and each of the activations and the tensors: the rules that its share in the derivative took.
    pub rules: Vec<Vec<Vec<&'static str>>>,
    /// The derivative by each over one denominator, where that is shorter.
    pub quotients: Vec<Option<NodeId>>,
}

/// The steps to what a cost's program has derived.
#[must_use]
pub fn cost_steps(program: &CostProgram) -> CostSteps {
    let mut graph = program.shares.graph.clone();
    let mut by = vec![program.a];
    by.extend(program.tensors.iter().map(|t| t.partial.by));
    let mut terms = Vec::new();
    let mut rules = Vec::new();
    for (term, &written) in program.terms.iter().zip(&program.written) {
        let mut g = graph.clone();
        let (stable, before) = simplify::stabilise(&mut g, &[written]);
        let (_, after) = simplify::simplify(&mut g, &stable);
        let used = rules_beyond(&before.then(&after), &[]);
        let is_other = !used.is_empty() && term.node != written;
        terms.push((if is_other { vec![written, term.node] } else { vec![term.node] }, used));
        let shares = diff::gradient(&mut g, stable[0], &by);
        rules.push(shares.iter().map(|&s| rules_beyond(&simplify::simplify(&mut g, &[s]).1, &[])).collect());
    }
    let mut derivatives = vec![program.d_activation];
    derivatives.extend(program.tensors.iter().map(|t| t.partial.node));
    let mut quotients = Vec::new();
    let mut whole = program.graph.clone();
    for node in derivatives {
        let quotient = over_common_denominator(&mut whole, node);
        let nodes = |n: NodeId| whole.reachable(&[n]).len();
        quotients.push(quotient.filter(|&q| nodes(q) <= nodes(node)));
    }
    graph = whole;
    CostSteps { graph, terms, rules, quotients }
}
