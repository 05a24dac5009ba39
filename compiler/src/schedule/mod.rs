//! Graph to plan: which products are matrix products, which element-wise work shares a loop, what is stored.
//!
//! ```text
//! Graph --rewrite--> Rewritten
//!       --place----> Absorbed --> Classified --> Leveled --> Placed
//!       --assign---> Assigned --> Plan
//! ```
//!
//! A plan is a list of [`Step`]s over [`Buffer`]s. Nodes get levels: what reads a whole array comes a level
//! after what writes it, and element-wise nodes of one shape and level share a loop. Invariants: a step reads
//! only what an earlier one, or its own loop further up, has written ([`verify`]); nothing is computed twice
//! unless the policy asks for it.
//!
//! `form` says what computing a node takes, `plan` has the types of the result, `rewrite` goes from graph to
//! graph, `place` says when and where each node is computed, `assign` gives out arrays and writes the steps,
//! `after` works on plans. `sparse` says which entries of a matrix may be other than 0.

mod after;
mod assign;
mod cases;
mod form;
mod place;
mod plan;
mod rewrite;
mod sparse;
#[cfg(test)]
mod tests;
pub mod verify;

pub(crate) use after::by_coefficient;
pub use after::{Descent, Operations};
pub use cases::{Cases, Comparison, Outcome};
pub use form::{Affine, Class, Condition, MatrixForm, Named, Place, Places, RunningSum, System, class};
pub use plan::{
    BlockSum, Blocks, Buffer, BufferId, Factors, Loop, MatMul, Output, Plan, Policy, Reduction, Solve, Step,
    Storage, When,
};
pub use rewrite::Naming;
pub use sparse::{Piece, pieces};

use crate::ir::{Extent, Graph, NodeId};
use assign::Assigned;
use place::{Absorbed, Classified, Leveled, Placed};
use rewrite::Rewritten;

/// Plans the computation of `outputs`. `naming` says what messages call a matrix.
#[must_use]
pub fn schedule(graph: &Graph, outputs: &[Output], policy: Policy, naming: Naming<'_>) -> Plan {
    let plan = assigned(graph, outputs, policy, None, naming);
    let plan = if policy == Policy::Blocks { after::blocked(plan) } else { plan };
    let plan = after::gathered(plan);
    verify::debug_verify(&plan);
    plan
}

/// Plans the computation of `outputs` where these `rows` may be among several processes: all that runs along them runs
/// in blocks, whose sums these add up.
///
/// # Errors
/// What cannot be computed of some of the rows, or of sums over them, as people read it.
pub fn schedule_divided(
    graph: &Graph,
    outputs: &[Output],
    rows: Extent,
    naming: Naming<'_>,
) -> Result<Plan, String> {
    let plan = assigned(graph, outputs, Policy::Blocks, Some(rows), naming);
    let named = plan.graph.clone();
    let plan = after::divided(plan, rows).map_err(|node| naming(&named, node))?;
    let plan = after::gathered(plan);
    verify::debug_verify(&plan);
    Ok(plan)
}

/// The steps in order, before plans are looked at as a whole.
fn assigned(
    graph: &Graph,
    outputs: &[Output],
    policy: Policy,
    rows: Option<Extent>,
    naming: Naming<'_>,
) -> Plan {
    let rewritten = Rewritten::of(graph, outputs, policy, rows, naming);
    let absorbed = Absorbed::of(rewritten);
    let classified = Classified::of(absorbed, policy);
    let leveled = Leveled::of(classified, policy);
    let placed = Placed::of(leveled, policy);
    Assigned::of(placed).plan()
}

/// Plans `values`, and a step of descent against the gradients of parameters: `(parameter, its gradient)`.
/// The name of the learning rate, a scalar input, is `rate`. Products go straight into the parameters unless
/// the plan is `whole`, so that the updates cannot read its scalars.
#[must_use]
pub fn descent(
    graph: &Graph,
    values: &[Output],
    slopes: &[(NodeId, Output)],
    rate: &str,
    whole: &dyn Fn(&Plan) -> bool,
    naming: Naming<'_>,
) -> Descent {
    let mut graph = graph.clone();
    let rate_node = graph.input(rate, &[]);
    let outputs: Vec<Output> = values.iter().chain(slopes.iter().map(|(_, o)| o)).cloned().collect();
    let plan = schedule(&graph, &outputs, Policy::Store, naming);
    let parameters: Vec<NodeId> = slopes.iter().map(|(parameter, _)| *parameter).collect();
    Descent::of(plan, &parameters, (rate, rate_node), whole)
}
