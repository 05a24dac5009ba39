//! Costs whose entries know nothing of each other, so that a batch is one long example.

use crate::ir::{AxisFn, Graph, NodeId, Op};
use crate::schedule::plan::{Plan, Step};

impl Plan {
    /// Whether what is computed is, entry by entry, the same function of the arrays' entries, or one sum of
    /// such: then it may run over several examples at once as if they were one. No length has a part in it,
    /// nor another sum.
    #[must_use]
    pub fn is_by_entries(&self) -> bool {
        let g = &self.graph;
        let mut loops = self.flat_steps().filter_map(|s| if let Step::Loop(l) = s { Some(l) } else { None });
        let (Some(l), None) = (loops.next(), loops.next()) else { return false };
        let sum = match l.reductions.as_slice() {
            [] => None,
            [r] if self.output_buffers.contains(&r.buffer) && !is_maximum(g, r.node) => Some(r.node),
            _ => return false,
        };
        // A scalar computed from a sum would have to be computed for each example.
        let free = |id: NodeId| sum.is_none_or(|sum| !g.reachable(&[id]).contains(&sum));
        let roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        l.space.len() <= 1
            && self.buffers.iter().all(|b| b.shape.len() <= 1)
            && self.flat_steps().all(|s| match s {
                Step::Scalar(id) => free(*id),
                other => matches!(other, Step::Loop(_)),
            })
            && !g.reachable(&roots).iter().any(|id| matches!(g.op(*id), Op::Extent(_)))
    }
}

fn is_maximum(g: &Graph, id: NodeId) -> bool {
    matches!(g.op(id), Op::Axis { function: AxisFn::Max, .. })
}
