//! The Hessian of a sum of squares, f = ½ Σ r², as Jᵀ J + Σ r ∇²r, and what it makes of a direction v:
//!
//! ```text
//! (H v)_u = J_uᵀ (J v) + Σ_k r_k Σ_w ∂²r_k/∂u∂w v_w        for each variable u, over all variables w
//! ```

use crate::ir::{Graph, NodeId, Op};
use crate::pipeline::objective::symmetric_part;
use crate::pipeline::second_order::pushforward;
use crate::simplify;

/// J v: the change of `r` where each of the variables changes along its direction.
pub fn jacobian_product(g: &mut Graph, r: NodeId, by: &[NodeId], directions: &[NodeId]) -> NodeId {
    let is_symmetric = |g: &Graph, node: NodeId| match g.op(node) {
        Op::Input(id) => g.input_of(*id).symmetric,
        _ => false,
    };
    let symmetric: Vec<bool> = by.iter().map(|&node| is_symmetric(g, node)).collect();
    let along: Vec<NodeId> =
        directions.iter().enumerate().map(|(k, &v)| symmetric_part(g, v, &symmetric, k, 0)).collect();
    let product = pushforward(g, r, by, &along);
    simplify::simplify(g, &[product]).0[0]
}
