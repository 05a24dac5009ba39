//! Graph to graph, before anything is planned: work in common is done once, sums and contractions are taken
//! apart and put in order, arrays turned.
//!
//! Derivations are printed from the graph before. Invariant: after each rewriting the graph is a legal one,
//! which [`verify`](crate::ir::verify) checks where debug assertions are on: in tests and in a user's debug
//! builds, of whose derives it is 3 % of the work. A release build of a user's crate builds the macro without
//! it.

mod align;
mod distribute;
mod first;
mod inverses;
mod layout;
mod offsets;
mod opening;
mod order;
mod pairs;
mod running;
mod share;
mod spell;
mod turn;

pub(crate) use inverses::Matrix;

use super::plan::{Output, Policy};
use crate::ir::verify::debug_verify;
use crate::ir::{Extent, Graph, NodeId, NodeMap};

/// What a node is called where people read it: by its name, or as a formula.
pub type Naming<'a> = &'a dyn Fn(&Graph, NodeId) -> String;

/// The formulas in the shape in which they are computed: contractions are loops, or products of two.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) graph: Graph,
    /// What was asked for, with the nodes it is now.
    pub(crate) outputs: Vec<Output>,
    /// Matrices with an inverse or a determinant.
    pub(crate) matrices: Vec<Matrix>,
}

impl Rewritten {
    /// Where `rows` may be among several processes, arrays begin with them.
    pub(crate) fn of(
        graph: &Graph,
        outputs: &[Output],
        policy: Policy,
        rows: Option<Extent>,
        naming: Naming<'_>,
    ) -> Self {
        let mut graph = graph.clone();
        let g = &mut graph;
        let mut roots: Vec<NodeId> = outputs.iter().map(|o| o.node).collect();
        if policy.recomputes() {
            roots = verified(g, &roots, spell::spelled_out);
        }
        // What is known of matrices is known of the formulas, before they are taken apart.
        let mut matrices = inverses::matrices(g, &roots, naming);
        roots.extend(matrices.iter().map(|m| m.node));
        let roots = verified(g, &roots, share::shared);
        let roots = verified(g, &roots, distribute::distributed);
        let symmetric = inverses::symmetric(&matrices, &roots[outputs.len()..]);
        let roots = verified(g, &roots, |g, roots| order::binarise(g, roots, &symmetric));
        let mut roots = verified(g, &roots, align::aligned);
        if g.reachable(&roots).into_iter().any(|id| g.has_relations(id)) {
            roots = verified(g, &roots, layout::laid_out);
            roots = verified(g, &roots, running::taken_out);
            roots = verified(g, &roots, |g, roots| offsets::in_place(g, roots, outputs.len()));
        }
        if let Some(rows) = rows {
            roots = verified(g, &roots, |g, roots| first::rows_first(g, roots, rows));
        }
        for (matrix, node) in matrices.iter_mut().zip(roots.split_off(outputs.len())) {
            matrix.node = node;
        }
        let outputs = outputs.iter().zip(&roots).map(|(o, n)| Output { name: o.name.clone(), node: *n });
        Self { outputs: outputs.collect(), graph, matrices }
    }
}

/// The roots after a rewriting, which leaves a legal graph.
fn verified(
    g: &mut Graph,
    roots: &[NodeId],
    rewrite: impl FnOnce(&mut Graph, &[NodeId]) -> Vec<NodeId>,
) -> Vec<NodeId> {
    let roots = rewrite(g, roots);
    debug_verify(g, &roots);
    roots
}

/// The graph with each node replaced by what `rule` makes of it: given are the node, and what it is with new
/// operands.
fn by_rule(
    g: &mut Graph,
    roots: &[NodeId],
    mut rule: impl FnMut(&mut Graph, NodeId, NodeId, &NodeMap<NodeId>) -> Option<NodeId>,
) -> Vec<NodeId> {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in g.reachable(roots) {
        let same = g.rebuilt(id, &|c| map.replaced(c));
        let new = rule(g, id, same, &map).unwrap_or(same);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Number, Tensor};

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "a term that does not fit")]
    fn a_rewriting_that_breaks_the_graph_is_found() {
        let mut g = Graph::new();
        let n = g.extents.symbol("n");
        let (u, v) = (g.input("u", &[n]), g.input("v", &[n]));
        verified(&mut g, &[u], |g, _| {
            // Vectors as if they were scalars.
            let terms = [u, v].map(|x| (Number::ONE, Tensor::new(x, Vec::new())));
            vec![g.sum_as(&terms, &[])]
        });
    }
}
