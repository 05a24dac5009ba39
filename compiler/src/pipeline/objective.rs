//! An objective, its gradient and its Hessian.

use super::constraints::{ConstraintsProgram, Restricted, constraints};
use super::second_order::{gauss_newton, hessian_blocks, inner_products};
use crate::diff;
use crate::ir::{Graph, NodeId, Number};
use crate::lower::objective::Locals;
use crate::simplify::{self, Log};

/// An objective with its derivatives of first and second order.
#[derive(Clone, Debug)]
pub struct ObjectiveProgram {
    /// The graph of all.
    pub graph: Graph,
    /// The value.
    pub value: NodeId,
    /// The variables to differentiate by.
    pub wrt: Vec<(String, NodeId)>,
    /// The gradient by each.
    pub gradient: Vec<NodeId>,
    /// An input for each: the direction of the Hessian-vector product.
    pub directions: Vec<NodeId>,
    /// The Hessian-vector product, by variable: of the full Hessian with all directions at once.
    pub hessian_product: Vec<NodeId>,
    /// The Hessian's blocks on and below the diagonal: `hessian[i][j]`, the axes of variable i before those
    /// of j.
    pub hessian: Vec<Vec<NodeId>>,
    /// For a residual: itself, its Jacobian by each variable, and JᵀJv.
    pub residual: Option<ResidualProgram>,
    /// What restricts its variables, if anything does.
    pub restricted: Option<ConstraintsProgram>,
    /// What the text gives names, as it is written.
    pub locals: Locals,
    /// The rules that fired.
    pub log: Log,
    /// The runs that made its parts, each by itself.
    pub logs: PartLogs,
}

impl ObjectiveProgram {
    /// Calls the residual `r`, where nothing else is called so: by that its squares and its Jacobian speak of it.
    pub fn name_residual(&self, g: &mut Graph) {
        if let Some(r) = &self.residual
            && !g.names().any(|name| name == "r")
        {
            g.set_name(r.residual, "r");
        }
    }
}

/// The runs that made the parts of an objective.
#[derive(Clone, Debug, Default)]
pub struct PartLogs {
    /// That which made the value stable.
    pub value: Log,
    /// That of the value and the gradient, by variable.
    pub gradient: Log,
    /// Those of the Hessian, a row of blocks each.
    pub hessian: Vec<Log>,
    /// That of its product with a direction, by variable.
    pub hessian_product: Log,
    /// That of a residual and its Jacobian, by variable.
    pub jacobian: Log,
}

/// What a residual has besides the objective ½ Σ r² that it makes.
#[derive(Clone, Debug)]
pub struct ResidualProgram {
    /// The residual, a vector.
    pub residual: NodeId,
    /// Its Jacobian by each variable: the residual's axis, then the variable's.
    pub jacobian: Vec<NodeId>,
    /// The Gauss-Newton product JᵀJv by each variable.
    pub gauss_newton_product: Vec<NodeId>,
}

/// Derives an objective, or the objective ½ Σ r² of a residual. `symmetric` says which variables are
/// symmetric matrices: their gradient is the symmetric part of the gradient by all entries, and so is each row
/// of a residual's Jacobian.
#[must_use]
pub fn objective(
    objective: crate::lower::objective::Objective,
    wrt: &[String],
    symmetric: &[bool],
    residual: bool,
) -> ObjectiveProgram {
    let crate::lower::objective::Objective {
        mut graph,
        value,
        wrt: by,
        constraints: mut held,
        limits,
        locals,
    } = objective;
    let g = &mut graph;
    let r = residual.then_some(value);
    let value = match r {
        Some(r) => {
            let t = g.whole(r);
            g.contract(Number::HALF, &[(t, Number::TWO)], &[])
        }
        None => value,
    };
    let mut roots = vec![value];
    roots.extend(r);
    roots.extend(held.iter().map(|c| c.node));
    g.set_data(&by);
    let (stable, before) = simplify::stabilise(g, &roots);
    let (value, r) = (stable[0], r.map(|_| stable[1]));
    let (after, _) = simplify::simplify(g, &stable[1 + usize::from(r.is_some())..]);
    for (constraint, node) in held.iter_mut().zip(after) {
        constraint.node = node;
    }
    let mut roots = vec![value];
    roots.extend(diff::gradient(g, value, &by));
    for (k, node) in roots[1..].iter_mut().enumerate() {
        *node = symmetric_part(g, *node, symmetric, k, 0);
    }
    let (roots, after) = simplify::simplify(g, &roots);
    let (value, gradient) = (roots[0], roots[1..].to_vec());
    let mut logs = PartLogs { value: before.clone(), gradient: after.clone(), ..PartLogs::default() };
    let mut log = before.then(&after);
    // ∇⟨∇f, v⟩
    let directions: Vec<NodeId> = by
        .iter()
        .zip(wrt)
        .map(|(node, name)| {
            let shape = g.shape(*node).to_vec();
            g.input(&format!("v_{name}"), &shape)
        })
        .collect();
    let along = inner_products(g, &gradient, &directions);
    let mut hessian_product = diff::gradient(g, along, &by);
    for (k, node) in hessian_product.iter_mut().enumerate() {
        *node = symmetric_part(g, *node, symmetric, k, 0);
    }
    let (hessian_product, fired) = simplify::simplify(g, &hessian_product);
    log = log.then(&fired);
    logs.hessian_product = fired;
    let symmetric_part = |g: &mut Graph, node, k, at| symmetric_part(g, node, symmetric, k, at);
    let too_large = log.too_large;
    let (hessian, rows) = hessian_blocks(g, &gradient, &by, &symmetric_part, too_large);
    log = rows.iter().fold(log, Log::then);
    logs.hessian = rows;
    let residual = r.map(|r| {
        // Of a symmetric matrix entries change in pairs, here as in the gradient: J v is that of v's symmetric part.
        let along: Vec<NodeId> =
            directions.iter().enumerate().map(|(k, &v)| symmetric_part(g, v, k, 0)).collect();
        let (mut jacobian, mut product) = gauss_newton(g, r, &by, &along);
        let rank = g.rank(r);
        for k in 0..by.len() {
            jacobian[k] = symmetric_part(g, jacobian[k], k, rank);
            product[k] = symmetric_part(g, product[k], k, 0);
        }
        let mut roots = vec![r];
        roots.extend(&jacobian);
        roots.extend(&product);
        let (roots, fired) = simplify::simplify(g, &roots);
        log.gave_up |= fired.gave_up;
        log.too_large |= fired.too_large;
        logs.jacobian = fired;
        let n = by.len();
        ResidualProgram {
            residual: roots[0],
            jacobian: roots[1..=n].to_vec(),
            gauss_newton_product: roots[1 + n..].to_vec(),
        }
    });
    let restricted = (!held.is_empty() || !limits.is_empty()).then(|| {
        let of = Restricted { value, by: &by, directions: &directions, symmetric_part: &symmetric_part };
        let (program, fired) = constraints(g, &of, held, limits);
        log.gave_up |= fired.gave_up;
        log.too_large |= fired.too_large;
        program
    });
    let wrt = wrt.iter().cloned().zip(by).collect();
    ObjectiveProgram {
        graph,
        value,
        wrt,
        gradient,
        directions,
        hessian_product,
        hessian,
        residual,
        restricted,
        locals,
        log,
        logs,
    }
}

/// What a text gives names, as it is computed. `wrt` are the variables.
#[must_use]
pub fn locals(locals: Locals, wrt: &[(String, NodeId)]) -> Locals {
    let Locals { mut graph, nodes } = locals;
    let is_variable = |name: &str| wrt.iter().any(|(variable, _)| variable == name);
    let by: Vec<NodeId> = graph.inputs().iter().filter(|i| is_variable(&i.name)).map(|i| i.node).collect();
    graph.set_data(&by);
    let (names, roots): (Vec<String>, Vec<NodeId>) = nodes.into_iter().unzip();
    let (roots, _) = simplify::stabilise(&mut graph, &roots);
    let (roots, _) = simplify::simplify(&mut graph, &roots);
    Locals { graph, nodes: names.into_iter().zip(roots).collect() }
}

/// The symmetric part of a node along the axes `at`, `at + 1`, where variable k is declared symmetric.
pub(super) fn symmetric_part(g: &mut Graph, node: NodeId, symmetric: &[bool], k: usize, at: usize) -> NodeId {
    if !symmetric.get(k).copied().unwrap_or(false) || g.rank(node) < at + 2 {
        return node;
    }
    let t = g.whole(node);
    let mut turned = t.clone();
    turned.indices.swap(at, at + 1);
    g.sum_as(&[(Number::HALF, t.clone()), (Number::HALF, turned)], &t.indices)
}
