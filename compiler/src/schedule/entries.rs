//! Costs whose entries know nothing of each other, so that a batch is one long example.

use super::{Loop, Plan, Step};
use crate::ir::{AxisFn, NodeId, Op};

impl Plan {
    /// Whether what is computed is, entry by entry, the same function of the arrays' entries, or one sum of such: then it
    /// may run over several examples at once as if they were one. No length has a part in it, nor another sum.
    #[must_use]
    pub fn is_by_entries(&self) -> bool {
        let g = &self.graph;
        let roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        let loops: Vec<&Loop> =
            self.steps.iter().filter_map(|s| if let Step::Loop(l) = s { Some(l) } else { None }).collect();
        let sums: Vec<NodeId> = loops.iter().flat_map(|l| &l.reductions).map(|r| r.node).collect();
        let is_sum = |id: NodeId| !matches!(g.op(id), Op::Axis { function: AxisFn::Max, .. });
        // A scalar computed from a sum would have to be computed for each example.
        let scalar = |id: NodeId| !g.reachable(&[id]).iter().any(|n| sums.contains(n));
        let last = |id: NodeId| {
            loops.iter().all(|l| l.reductions.iter().all(|r| r.node != id || self.is_output(r.buffer)))
        };
        let long = |shape: &[_]| shape.len() <= 1;
        self.steps.iter().all(|s| match s {
            Step::Loop(l) => long(&l.space),
            Step::Scalar(id) => scalar(*id),
            _ => false,
        }) && loops.len() == 1
            && self.buffers.iter().all(|b| long(&b.shape))
            && sums.len() <= 1
            && sums.iter().all(|&id| is_sum(id) && last(id))
            && !g.reachable(&roots).iter().any(|id| matches!(g.op(*id), Op::Extent(_)))
    }

    fn is_output(&self, buffer: super::BufferId) -> bool {
        self.output_buffers.contains(&buffer)
    }
}
