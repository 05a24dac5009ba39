//! Steps of branches gathered: what runs in the same cases stands together, so that the code asks once.
//!
//! A step goes back to the last ones of its cases, over steps that neither write what it touches nor touch
//! what it writes. Blocks of rows of which every step is of the same cases run in these cases as a whole.

use crate::ir::NodeId;
use crate::schedule::plan::{Blocks, BufferId, MatMul, Plan, Step, Storage, When};
use std::collections::BTreeSet;
use std::iter;

/// The plan with the steps of each branch together.
pub(crate) fn gathered(mut plan: Plan) -> Plan {
    if !plan.steps.iter().flat_map(branches).any(|_| true) {
        return plan;
    }
    let steps = std::mem::take(&mut plan.steps);
    plan.steps = plan.together(steps);
    let outputs: BTreeSet<BufferId> = plan.output_buffers.iter().copied().collect();
    let mut steps = std::mem::take(&mut plan.steps);
    plan.hand_out(&mut steps, &outputs);
    plan.steps = steps;
    plan
}

/// The steps of branches, those in blocks among them.
fn branches(step: &Step) -> Vec<&When> {
    match step {
        Step::When(w) => vec![w],
        Step::Blocks(b) => b.steps.iter().flat_map(branches).collect(),
        _ => Vec::new(),
    }
}

/// What a step touches.
#[derive(Default)]
struct Touched {
    reads: BTreeSet<BufferId>,
    writes: BTreeSet<BufferId>,
}

impl Touched {
    /// Whether the order of these two matters.
    fn hinders(&self, other: &Self) -> bool {
        let meet = |a: &BTreeSet<BufferId>, b: &BTreeSet<BufferId>| !a.is_disjoint(b);
        meet(&self.writes, &other.reads)
            || meet(&self.reads, &other.writes)
            || meet(&self.writes, &other.writes)
    }
}

impl Plan {
    fn together(&self, steps: Vec<Step>) -> Vec<Step> {
        let mut done: Vec<Step> = Vec::new();
        for step in steps {
            let step = match step {
                Step::Blocks(b) => self.as_a_whole(b),
                other => other,
            };
            let Step::When(mut when) = step else {
                done.push(step);
                continue;
            };
            let touched = self.touched(&when.steps);
            let earlier = done.iter().rposition(|s| matches!(s, Step::When(w) if w.cases == when.cases));
            let free = |k: usize| !done[k + 1..].iter().any(|s| self.touched([s]).hinders(&touched));
            match earlier.filter(|&k| free(k)) {
                Some(k) => {
                    if let Step::When(w) = &mut done[k] {
                        w.steps.append(&mut when.steps);
                    }
                }
                None => done.push(Step::When(when)),
            }
        }
        done
    }

    /// Blocks of rows with their branches gathered, and in a branch themselves if all they do is.
    fn as_a_whole(&self, mut b: Blocks) -> Step {
        b.steps = self.together(b.steps);
        if let [Step::When(w)] = &mut b.steps[..] {
            let cases = w.cases.clone();
            b.steps = std::mem::take(&mut w.steps);
            return Step::When(When { cases, steps: vec![Step::Blocks(b)], results: Vec::new() });
        }
        Step::Blocks(b)
    }

    /// Says of each branch what of it others read: `read` is what something after it does.
    fn hand_out(&self, steps: &mut [Step], read: &BTreeSet<BufferId>) {
        let mut read = read.clone();
        for step in steps.iter_mut().rev() {
            match step {
                Step::When(w) => {
                    let scalar = |b: &BufferId| self.buffers[b.0].storage == Storage::Scalar;
                    let factors = |b: &BufferId| self.factored_in(*b).is_some();
                    let written = self.touched(&w.steps).writes;
                    let handed = |b: &BufferId| scalar(b) || factors(b);
                    w.results = written.intersection(&read).copied().filter(handed).collect();
                    self.hand_out(&mut w.steps, &read);
                }
                Step::Blocks(b) => self.hand_out(&mut b.steps, &read),
                _ => {}
            }
            read.extend(self.touched([&*step]).reads);
        }
    }

    /// What steps read and write. A loop may read more here than it does, what it computes on the way.
    fn touched<'s>(&self, steps: impl IntoIterator<Item = &'s Step>) -> Touched {
        let mut touched = Touched::default();
        for step in steps {
            self.touch(step, &mut touched);
        }
        touched
    }

    fn touch(&self, step: &Step, touched: &mut Touched) {
        let buffers = |nodes: Vec<NodeId>| nodes.into_iter().filter_map(|n| self.buffer_of.get(&n).copied());
        let children = |id: NodeId| buffers(self.graph.node(id).children());
        let factors = |a: NodeId| self.factors.get(&a).into_iter().flat_map(|f| [f.entries, f.exchanges]);
        match step {
            Step::Scalar(id) | Step::Axis(id) => {
                touched.reads.extend(children(*id));
                touched.writes.extend(buffers(vec![*id]));
            }
            Step::Loop(l) => {
                let computed = l.body.iter().copied().chain(l.reductions.iter().map(|r| r.node));
                touched.reads.extend(computed.flat_map(children));
                touched.reads.extend(buffers(l.stores.iter().map(|(n, _)| *n).collect()));
                let scalars = l.reductions.iter().flat_map(|r| &r.scalars).map(|(n, _)| *n);
                touched.reads.extend(buffers(scalars.collect()));
                touched.writes.extend(l.stores.iter().map(|(_, b)| *b));
                touched.writes.extend(l.reductions.iter().map(|r| r.buffer));
                touched.reads.extend(l.reductions.iter().filter(|r| r.accumulate).map(|r| r.buffer));
            }
            Step::MatMul(m) => {
                touched.reads.extend(children(m.product));
                self.touch_scaled(m, touched);
            }
            Step::Solve(s) => {
                touched.reads.extend(children(s.matmul.product));
                touched.reads.extend(factors(s.system.matrix));
                self.touch_scaled(&s.matmul, touched);
            }
            Step::Factor(a) => {
                touched.reads.extend(buffers(vec![*a]));
                touched.writes.extend(factors(*a));
            }
            Step::Linear(id) => {
                touched.reads.extend(self.graph.node(*id).children().into_iter().flat_map(factors));
                touched.writes.extend(buffers(vec![*id]));
            }
            Step::Blocks(b) => {
                b.steps.iter().for_each(|step| self.touch(step, touched));
                touched.writes.extend(b.sums.iter().flat_map(|s| iter::once(s.buffer).chain(s.parts)));
            }
            Step::When(w) => {
                touched.reads.extend(buffers(w.cases.compared().collect()));
                w.steps.iter().for_each(|step| self.touch(step, touched));
            }
            Step::Descend { array, rate, slope } => {
                touched.reads.extend(buffers(vec![*rate]).chain([*array, *slope]));
                touched.writes.insert(*array);
            }
        }
    }

    fn touch_scaled(&self, m: &MatMul, touched: &mut Touched) {
        let scalars = m.scalars.iter().map(|(n, _)| *n).chain(m.decay);
        touched.reads.extend(scalars.filter_map(|n| self.buffer_of.get(&n).copied()));
        touched.reads.extend(m.accumulate.then_some(m.out));
        touched.writes.insert(m.out);
    }
}
