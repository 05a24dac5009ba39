//! Steps, level after level: scalars, then loops, then calls; copies last.

use super::arrays::Assigned;
use crate::ir::NodeId;
use crate::schedule::form::Class;
use crate::schedule::place::Classified;
use crate::schedule::plan::{Loop, Plan, Step};
use std::collections::BTreeSet;

impl Assigned {
    pub(crate) fn plan(self) -> Plan {
        let steps = self.steps();
        let Self { placed, buffers, buffer_of, factors, output_buffers, .. } = self;
        let Classified { graph, outputs, .. } = placed.leveled.nodes;
        Plan { graph, buffers, buffer_of, factors, steps, outputs, output_buffers }
    }

    pub(super) fn nodes(&self) -> &Classified {
        self.placed.nodes()
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut factored: BTreeSet<NodeId> = BTreeSet::new();
        for (level, here) in self.placed.leveled.by_level().into_iter().enumerate() {
            let scalars = here.iter().filter(|id| *self.nodes().class_of(**id) == Class::Scalar);
            steps.extend(scalars.map(|id| Step::Scalar(*id)));
            steps.extend(self.loops(level, &here).into_iter().map(Step::Loop));
            for id in here {
                steps.extend(self.calls(id, &mut factored));
            }
        }
        steps.extend(self.copied());
        steps
    }

    /// Outputs that another array has already.
    fn copied(&self) -> impl Iterator<Item = Step> {
        self.copies.iter().map(|&(node, buffer)| {
            let mut copy = Loop::over(self.nodes().graph.shape(node).to_vec());
            copy.stores.push((node, buffer));
            Step::Loop(copy)
        })
    }
}
