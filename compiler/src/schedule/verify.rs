//! The check that runs on every plan in debug and test builds: what a step reads has been written.
//!
//! It knows of a step what code makes of it: a loop has the entries that it has computed further up, along
//! its own axes; everything else is read from arrays and scalars. What a plan lacks is found here, then, and
//! not by who compiles the code.

use super::form::{Class, class};
use super::place::Use;
use super::plan::{BufferId, Loop, MatMul, Plan, Step};
use crate::ir::{NodeId, Op};
use std::collections::BTreeSet;

/// Says which step reads what is not there, if any does.
///
/// # Errors
/// The first such step, as a sentence. It is a bug of the compiler, never of the input.
pub fn verify(plan: &Plan) -> Result<(), String> {
    let inputs = plan.buffers.iter().enumerate().filter(|(_, b)| b.storage == super::Storage::Input);
    let written = inputs.map(|(k, _)| BufferId(k)).collect();
    let mut there = There { plan, written, factored: BTreeSet::new() };
    there.steps(&plan.steps)?;
    for (output, buffer) in plan.outputs.iter().zip(&plan.output_buffers) {
        if !there.is_given(output.node) && !there.written.contains(buffer) {
            return Err(format!("`{}` is never written", output.name));
        }
    }
    Ok(())
}

/// What has been computed so far.
struct There<'a> {
    plan: &'a Plan,
    written: BTreeSet<BufferId>,
    factored: BTreeSet<NodeId>,
}

impl There<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(step).map_err(|what| format!("{what}, read by {step:?}"))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let g = &self.plan.graph;
        match step {
            Step::Scalar(id) | Step::Axis(id) => {
                self.all(g.node(*id).children())?;
                self.write(*id);
            }
            Step::Loop(l) => self.looped(l)?,
            Step::MatMul(m) => {
                self.all(g.node(m.product).children())?;
                self.scaled(m)?;
            }
            Step::Solve(s) => {
                let given = if s.system.left { &s.matmul.form.right } else { &s.matmul.form.left };
                self.all([given.node])?;
                self.factors(s.system.matrix)?;
                self.scaled(&s.matmul)?;
            }
            Step::Factor(a) => {
                self.all([*a])?;
                self.factored.insert(*a);
            }
            Step::Linear(id) => {
                for a in g.node(*id).children() {
                    self.factors(a)?;
                }
                self.write(*id);
            }
            Step::Blocks(b) => {
                // They begin at 0, or at what is there.
                self.written.extend(b.sums.iter().filter(|s| s.zeroed).map(|s| s.buffer));
                self.steps(&b.steps)?;
            }
            Step::When(w) => {
                self.all(w.cases.compared())?;
                self.steps(&w.steps)?;
            }
            Step::Descend { array, rate, slope } => {
                self.all([*rate])?;
                self.buffer(*array)?;
                self.buffer(*slope)?;
            }
        }
        Ok(())
    }

    fn looped(&mut self, l: &Loop) -> Result<(), String> {
        let g = &self.plan.graph;
        let mut computed: BTreeSet<NodeId> = BTreeSet::new();
        let entry = |there: &Self, id: NodeId, computed: &BTreeSet<NodeId>| {
            let uses = Use::all(g, id, &class(g, id));
            let elsewhere = uses.into_iter().filter(|u| !(u.aligned && computed.contains(&u.node)));
            there.all(elsewhere.map(|u| u.node))
        };
        for &id in &l.body {
            if !matches!(class(g, id), Class::Elementwise) {
                return Err(format!("{:?} is no work for a loop", g.op(id)));
            }
            entry(self, id, &computed)?;
            computed.insert(id);
        }
        for r in &l.reductions {
            entry(self, r.node, &computed)?;
            self.all(r.scalars.iter().map(|(n, _)| *n))?;
        }
        self.all(l.stores.iter().map(|(n, _)| *n).filter(|n| !computed.contains(n)))?;
        self.written.extend(l.stores.iter().map(|(_, b)| *b));
        self.written.extend(l.reductions.iter().map(|r| r.buffer));
        Ok(())
    }

    /// What a product is multiplied by and added to; its array is written then.
    fn scaled(&mut self, m: &MatMul) -> Result<(), String> {
        self.all(m.scalars.iter().map(|(n, _)| *n).chain(m.decay))?;
        if m.accumulate {
            self.buffer(m.out)?;
        }
        self.written.insert(m.out);
        Ok(())
    }

    fn write(&mut self, id: NodeId) {
        self.written.extend(self.plan.buffer_of.get(&id));
    }

    fn all(&self, nodes: impl IntoIterator<Item = NodeId>) -> Result<(), String> {
        nodes.into_iter().try_for_each(|id| match self.plan.buffer_of.get(&id) {
            _ if self.is_given(id) => Ok(()),
            Some(&b) => self.buffer(b),
            None => Err(format!("{:?} has no array", self.plan.graph.op(id))),
        })
    }

    /// Whether the node is written out where it is read.
    fn is_given(&self, id: NodeId) -> bool {
        matches!(
            self.plan.graph.op(id),
            Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Delta | Op::Holds(_) | Op::Named(_) | Op::Position
        )
    }

    fn buffer(&self, b: BufferId) -> Result<(), String> {
        let there = self.written.contains(&b);
        there.then_some(()).ok_or_else(|| format!("`{}` is not written yet", self.plan.buffers[b.0].name))
    }

    fn factors(&self, a: NodeId) -> Result<(), String> {
        let there = self.factored.contains(&a) && self.plan.factors.contains_key(&a);
        there.then_some(()).ok_or_else(|| format!("{:?} is not factored yet", self.plan.graph.op(a)))
    }
}

/// [`verify`] in debug builds, nothing in release builds.
pub(super) fn debug_verify(plan: &Plan) {
    if cfg!(debug_assertions)
        && let Err(what) = verify(plan)
    {
        debug_assert!(false, "{what}");
    }
}
