//! Steps, level after level: scalars, then loops, then calls; copies last.

use super::arrays::Assigned;
use crate::ir::NodeId;
use crate::schedule::cases::Cases;
use crate::schedule::form::Class;
use crate::schedule::place::Classified;
use crate::schedule::plan::{Loop, Plan, Step, When};
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
            steps.extend(scalars.map(|id| self.when(self.nodes().cases_of(*id), Step::Scalar(*id))));
            let loops = self.loops(level, &here).into_iter();
            steps.extend(loops.map(|(l, cases)| self.when(cases, Step::Loop(l))));
            for id in here {
                let calls = self.calls(id, &mut factored).into_iter();
                steps.extend(calls.map(|(step, cases)| self.when(cases, step)));
            }
        }
        steps.extend(self.copied());
        steps
    }

    /// A step, in these cases.
    fn when(&self, cases: Cases, step: Step) -> Step {
        if cases.are_all() {
            step
        } else {
            Step::When(When { cases, steps: vec![step], results: Vec::new() })
        }
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
