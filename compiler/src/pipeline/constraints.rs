//! Constraints with their Jacobian, and the Lagrangian f + Σ λ g + Σ μ h with its derivatives.

use super::second_order::{SymmetricPart, hessian_blocks, inner_products, pushforward};
use crate::diff;
use crate::ir::{Graph, NodeId, Number};
use crate::lower::constraints::{Constraint, Limit};
use crate::simplify::{self, Log};

/// A constraint, derived. Its rows are the entries of `node`, row by row.
#[derive(Clone, Debug)]
pub struct ConstraintProgram {
    /// As it was written.
    pub text: String,
    /// Whether its rows are to be 0, rather than 0 at most.
    pub is_equation: bool,
    /// What is to be 0, or 0 at most.
    pub node: NodeId,
    /// Its Jacobian by each variable: the constraint's axes, then the variable's.
    pub jacobian: Vec<NodeId>,
    /// Its change along all directions at once: J v.
    pub product: NodeId,
    /// The name of its multiplier, and the input that it is: of the same shape.
    pub multiplier: (String, NodeId),
}

/// All that restricts an objective's variables.
#[derive(Clone, Debug)]
pub struct ConstraintsProgram {
    /// In the order of the rows.
    pub constraints: Vec<ConstraintProgram>,
    /// Limits of variables, in the order written.
    pub limits: Vec<Limit>,
    /// J'λ by each variable.
    pub transposed_product: Vec<NodeId>,
    /// L = f + Σ λ g + Σ μ h.
    pub lagrangian: NodeId,
    /// ∇L by each variable, which is 0 at a minimum.
    pub stationarity: Vec<NodeId>,
    /// The product of L's Hessian with all directions at once, by variable.
    pub hessian_product: Vec<NodeId>,
    /// The blocks of L's Hessian on and below the diagonal.
    pub hessian: Vec<Vec<NodeId>>,
}

/// An objective as its constraints see it.
pub(super) struct Restricted<'a> {
    pub(super) value: NodeId,
    pub(super) by: &'a [NodeId],
    pub(super) directions: &'a [NodeId],
    /// What makes the derivative by variable k the symmetric one, where it is declared so: its axes are behind so many.
    pub(super) symmetric_part: SymmetricPart<'a>,
}

/// Derives constraints, which are simplified already but for their derivatives.
pub(super) fn constraints(
    g: &mut Graph,
    of: &Restricted<'_>,
    constraints: Vec<Constraint>,
    limits: Vec<Limit>,
) -> (ConstraintsProgram, Log) {
    let mut log = Log::default();
    let mut derived = Vec::new();
    let mut terms = vec![(Number::ONE, g.whole(of.value))];
    let mut counts = [0, 0];
    let along: Vec<NodeId> =
        of.directions.iter().enumerate().map(|(k, &v)| (of.symmetric_part)(g, v, k, 0)).collect();
    for Constraint { node, is_equation, text } in constraints {
        counts[usize::from(is_equation)] += 1;
        let letter = if is_equation { "mu" } else { "lambda" };
        let mut name = format!("{letter}_{}", counts[usize::from(is_equation)]);
        while g.inputs().iter().any(|i| i.name == name) {
            name.push('_');
        }
        let shape = g.shape(node).to_vec();
        let multiplier = g.input(&name, &shape);
        let mut jacobian = diff::jacobian(g, node, of.by);
        let rank = g.rank(node);
        for (k, block) in jacobian.iter_mut().enumerate() {
            *block = (of.symmetric_part)(g, *block, k, rank);
        }
        let product = pushforward(g, node, of.by, &along);
        let mut roots = vec![product];
        roots.extend(jacobian);
        let (roots, fired) = simplify::simplify(g, &roots);
        log = log.then(&fired);
        let term = inner_products(g, &[node], &[multiplier]);
        terms.push((Number::ONE, g.whole(term)));
        derived.push(ConstraintProgram {
            text,
            is_equation,
            node,
            jacobian: roots[1..].to_vec(),
            product: roots[0],
            multiplier: (name, multiplier),
        });
    }
    let nodes: Vec<NodeId> = derived.iter().map(|c| c.node).collect();
    let multipliers: Vec<NodeId> = derived.iter().map(|c| c.multiplier.1).collect();
    let weighted = inner_products(g, &nodes, &multipliers);
    let lagrangian = g.sum_as(&terms, &[]);
    let mut gradients = |g: &mut Graph, node| {
        let mut gradient = diff::gradient(g, node, of.by);
        for (k, node) in gradient.iter_mut().enumerate() {
            *node = (of.symmetric_part)(g, *node, k, 0);
        }
        let (gradient, fired) = simplify::simplify(g, &gradient);
        log = log.clone().then(&fired);
        gradient
    };
    let transposed_product = gradients(g, weighted);
    let stationarity = gradients(g, lagrangian);
    let curved = inner_products(g, &stationarity, of.directions);
    let hessian_product = gradients(g, curved);
    let (hessian, rows) = hessian_blocks(g, &stationarity, of.by, of.symmetric_part, log.too_large);
    log = rows.iter().fold(log, Log::then);
    let program = ConstraintsProgram {
        constraints: derived,
        limits,
        transposed_product,
        lagrangian,
        stationarity,
        hessian_product,
        hessian,
    };
    (program, log)
}
