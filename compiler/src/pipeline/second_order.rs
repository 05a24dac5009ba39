//! Products of second order: what a Hessian, or its Gauss-Newton part, makes of a direction.

use super::NetworkProgram;
use crate::diff;
use crate::ir::{Graph, NodeId, Number, Tensor};
use crate::simplify::{self, Log};
use std::collections::BTreeSet;

/// The second order of a network's cost along a direction: the product with the Hessian, and with its
/// Gauss-Newton part.
#[derive(Clone, Debug)]
pub struct NetworkProducts {
    /// The graph of both.
    pub graph: Graph,
    /// An input for each parameter.
    pub directions: Vec<NodeId>,
    /// ∇⟨∇C, v⟩, by parameter.
    pub hessian: Vec<NodeId>,
    /// (1/m) Σ Jᵀ H_z J v, and the penalty's Hessian times v, by parameter.
    pub gauss_newton: Vec<NodeId>,
    /// The rules that fired.
    pub log: Log,
}

/// Derives the products of second order. The Gauss-Newton product takes the cost as a function of the output
/// pre-activations `z` (of the activations where the network has none): J is their Jacobian, H_z the cost's
/// Hessian.
#[must_use]
pub fn network_products(program: &NetworkProgram) -> NetworkProducts {
    let mut graph = program.graph.clone();
    let g = &mut graph;
    let by: Vec<NodeId> = program.gradient.iter().map(|p| p.by).collect();
    let directions: Vec<NodeId> = program
        .gradient
        .iter()
        .map(|p| {
            let shape = g.shape(p.by).to_vec();
            g.input(&format!("v_{}", p.name), &shape)
        })
        .collect();
    let gradient: Vec<NodeId> = program.gradient.iter().map(|p| p.node).collect();
    let along = inner_products(g, &gradient, &directions);
    let hessian = diff::gradient(g, along, &by);
    let seen = before_loss(g, program, &by);
    let slope = diff::gradient(g, program.data, &[seen])[0];
    let jv = pushforward(g, seen, &by, &directions);
    // H_z u with u = J v held fixed: the pullback of the slope along u, to z alone.
    let curved = diff::pullback(g, &[(slope, jv)], &[seen], &|_, _| None)[0];
    let back = diff::pullback(g, &[(seen, curved)], &by, &|_, _| None);
    let direct = inner_products(g, &program.direct, &directions);
    let penalty = diff::gradient(g, direct, &by);
    let gauss_newton: Vec<NodeId> = back
        .iter()
        .zip(&penalty)
        .map(|(a, b)| {
            let t = g.whole(*a);
            let other = Tensor::new(*b, t.indices.clone());
            g.sum_as(&[(Number::ONE, t.clone()), (Number::ONE, other)], &t.indices)
        })
        .collect();
    let mut roots = hessian;
    roots.extend(&gauss_newton);
    let (roots, log) = simplify::simplify(g, &roots);
    let roots = simplify::by_activations(g, &roots, program.output);
    let n = by.len();
    let (hessian, gauss_newton) = (roots[..n].to_vec(), roots[n..].to_vec());
    NetworkProducts { hessian, gauss_newton, graph, directions, log }
}

/// What the loss is a function of: the last named value through which alone the parameters reach output and
/// data cost; else the first such value of the output's shape, which are the pre-activations; else the
/// output.
fn before_loss(g: &Graph, program: &NetworkProgram, by: &[NodeId]) -> NodeId {
    let (output, data) = (program.output, program.data);
    let in_data = g.reachable(&[data]);
    let depends = |id: NodeId| g.reachable(&[id]).iter().any(|n| by.contains(n));
    let alone = |id: NodeId, roots: &[NodeId]| {
        let (mut stack, mut met) = (roots.to_vec(), BTreeSet::from([id]));
        while let Some(next) = stack.pop() {
            if met.insert(next) {
                stack.extend(g.node(next).children());
            }
        }
        id != output && !by.iter().any(|p| met.contains(p)) && in_data.contains(&id) && depends(id)
    };
    let unnamed: Vec<NodeId> = g
        .reachable(&[output])
        .into_iter()
        .filter(|&id| !by.contains(&id) && g.shape(id) == g.shape(output))
        .collect();
    let named = program.values.iter().rev().map(|(_, n)| *n);
    let found = |roots: &[NodeId]| named.clone().chain(unnamed.iter().copied()).find(|&id| alone(id, roots));
    // A cost may speak of inner values beside the output, and of the output's arguments instead of it.
    let of_output = || if in_data.contains(&output) { None } else { found(&[output]) };
    found(&[output, data]).or_else(of_output).unwrap_or(output)
}

/// The Jacobian of `r` and JᵀJv. J v is the derivative of ⟨Jᵀs, v⟩ by s, since Jᵀs is linear in s.
pub(super) fn gauss_newton(
    g: &mut Graph,
    r: NodeId,
    by: &[NodeId],
    v: &[NodeId],
) -> (Vec<NodeId>, Vec<NodeId>) {
    let jacobian = diff::jacobian(g, r, by);
    let jv = pushforward(g, r, by, v);
    let product = diff::pullback(g, &[(r, jv)], by, &|_, _| None);
    (jacobian, product)
}

/// What makes a derivative by variable k, whose axes are behind so many, the symmetric one, where it is declared so.
pub(super) type SymmetricPart<'a> = &'a dyn Fn(&mut Graph, NodeId, usize, usize) -> NodeId;

/// The blocks of a Hessian on and below the diagonal, of the gradient by each variable, and the run that made each row.
/// What is too large is refused: no more is made of it.
pub(super) fn hessian_blocks(
    g: &mut Graph,
    gradient: &[NodeId],
    by: &[NodeId],
    symmetric_part: SymmetricPart<'_>,
    mut too_large: bool,
) -> (Vec<Vec<NodeId>>, Vec<Log>) {
    let (mut hessian, mut logs) = (Vec::new(), Vec::new());
    for (i, row) in gradient.iter().enumerate() {
        let mut blocks = if too_large { vec![*row; i + 1] } else { diff::jacobian(g, *row, &by[..=i]) };
        let rank = g.rank(*row);
        for (k, node) in blocks.iter_mut().enumerate().filter(|_| !too_large) {
            *node = symmetric_part(g, *node, k, rank);
        }
        let (blocks, fired) = simplify::simplify(g, &blocks);
        too_large |= fired.too_large;
        logs.push(fired);
        hessian.push(blocks);
    }
    (hessian, logs)
}

/// J v: the change of `of` when each of `by` changes along its direction.
pub(super) fn pushforward(g: &mut Graph, of: NodeId, by: &[NodeId], v: &[NodeId]) -> NodeId {
    let shape = g.shape(of).to_vec();
    let mut name = "seed".to_owned();
    while g.inputs().iter().any(|i| i.name == name) {
        name.push('_');
    }
    let s = g.input(&name, &shape);
    let back = diff::pullback(g, &[(of, s)], by, &|_, _| None);
    let along = inner_products(g, &back, v);
    diff::gradient(g, along, &[s])[0]
}

/// Σ ⟨aᵢ, bᵢ⟩ over whole arrays.
pub(super) fn inner_products(g: &mut Graph, a: &[NodeId], b: &[NodeId]) -> NodeId {
    let terms: Vec<_> = a
        .iter()
        .zip(b)
        .map(|(&x, &y)| {
            let x = g.whole(x);
            let y = Tensor::new(y, x.indices.clone());
            let inner = g.contract(Number::ONE, &[(x, Number::ONE), (y, Number::ONE)], &[]);
            (Number::ONE, Tensor::new(inner, Vec::new()))
        })
        .collect();
    g.sum_as(&terms, &[])
}
