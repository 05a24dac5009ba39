//! Rows in blocks: steps that read one large array follow each other block by block, while it is in the
//! cache.
//!
//! A step can run on a block of rows if the extent that is divided is the first of every array it touches, or
//! none of its extents. What it sums over the rows it adds to, block after block; steps that read such a sum
//! come after. The rows are in parts, too, that several threads work on: each has sums of its own.

use crate::ir::{AxisFn, Extent, ExtentKind, NodeId, Op, Operand};
use crate::schedule::plan::{BlockSum, Blocks, BufferId, Loop, MatMul, Plan, Step, Storage};
use std::collections::BTreeSet;

/// What a step touches.
struct Effects {
    reads: BTreeSet<BufferId>,
    writes: BTreeSet<BufferId>,
    /// Of what it writes: what it sums over the rows.
    sums: BTreeSet<BufferId>,
    /// Whether it runs along the extent, so that it can run on a block of it.
    divisible: bool,
}

/// The plan with the steps that gain from it in blocks of rows.
pub(crate) fn blocked(mut plan: Plan) -> Plan {
    let candidates: BTreeSet<Extent> = plan
        .buffers
        .iter()
        .filter(|b| b.shape.len() > 1)
        .map(|b| plan.graph.extents.find(b.shape[0]))
        .filter(|&e| matches!(plan.graph.extents.kind(e), ExtentKind::Symbol(_)))
        .filter(|&e| plan.graph.extents.factors(e).is_none())
        .collect();
    let best = candidates.into_iter().filter_map(|e| plan.divided(e)).max_by_key(|d| d.gain);
    if let Some(divided) = best {
        plan.divide(divided);
    }
    plan
}

/// The steps of a plan: those along an extent, those before and those after.
struct Divided {
    extent: Extent,
    /// How often it saves reading a large array again that these run in blocks.
    gain: usize,
    before: Vec<Step>,
    inside: Vec<Step>,
    after: Vec<Step>,
    /// The large arrays that they touch.
    large: BTreeSet<BufferId>,
}

impl Plan {
    /// The steps divided by what runs along `e`, where something is gained.
    fn divided(&self, e: Extent) -> Option<Divided> {
        let (mut before, mut inside, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let mut late: BTreeSet<BufferId> = BTreeSet::new();
        let mut sums: BTreeSet<BufferId> = BTreeSet::new();
        let mut here: BTreeSet<BufferId> = BTreeSet::new();
        let mut touched: Vec<BufferId> = Vec::new();
        for step in &self.steps {
            let effects = self.effects(step, e);
            let adds_to: BTreeSet<BufferId> = effects.sums.intersection(&effects.reads).copied().collect();
            let needs = |from: &BTreeSet<BufferId>| {
                effects.reads.iter().any(|b| from.contains(b) && !adds_to.contains(b))
            };
            let written = |from: &BTreeSet<BufferId>| effects.writes.iter().any(|b| from.contains(b));
            // Sums may go on being added to inside, but not be read there.
            let must_wait = needs(&late) || needs(&sums) || written(&late);
            if !must_wait && effects.divisible {
                let large = |b: &&BufferId| self.is_rows(**b, e) && self.buffers[b.0].shape.len() > 1;
                touched.extend(effects.reads.iter().chain(&effects.writes).filter(large));
                sums.extend(effects.sums);
                here.extend(effects.writes);
                inside.push(step.clone());
            } else if must_wait || needs(&here) || written(&here) {
                late.extend(effects.writes);
                after.push(step.clone());
            } else {
                before.push(step.clone());
            }
        }
        let large: BTreeSet<BufferId> = touched.iter().copied().collect();
        let gain = touched.len() - large.len();
        (gain > 0).then_some(Divided { extent: e, gain, before, inside, after, large })
    }

    /// Puts the steps along an extent in blocks.
    fn divide(&mut self, divided: Divided) {
        let Divided { extent, before, inside, after, large, .. } = divided;
        self.steps = before;
        let blocks = self.block(extent, inside, &large);
        self.steps.push(Step::Blocks(blocks));
        self.steps.extend(after);
        for b in self.needed_in_blocks_only() {
            self.buffers[b.0].storage = Storage::Block;
        }
    }

    fn block(&mut self, extent: Extent, mut steps: Vec<Step>, large: &BTreeSet<BufferId>) -> Blocks {
        let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
        let (mut sums, mut totals): (Vec<BlockSum>, Vec<BufferId>) = (Vec::new(), Vec::new());
        for step in &mut steps {
            let effects = self.effects(step, extent);
            read.extend(effects.reads.iter().filter(|&&b| self.is_rows(b, extent)).copied());
            written.extend(effects.writes.iter().filter(|&&b| self.is_rows(b, extent)).copied());
            for b in effects.sums {
                if self.buffers[b.0].shape.is_empty() {
                    totals.push(b);
                } else if sums.iter().all(|s| s.buffer != b) {
                    let parts = self.add_parts(b);
                    sums.push(BlockSum { buffer: b, parts, zeroed: !effects.reads.contains(&b) });
                }
            }
            step.each_flat(&mut |step| match step {
                Step::MatMul(m) if !self.is_rows(m.out, extent) => m.accumulate = true,
                Step::Loop(l) => {
                    for r in &mut l.reductions {
                        r.accumulate = !self.is_rows(r.buffer, extent);
                    }
                }
                _ => {}
            });
        }
        read.retain(|b| !written.contains(b));
        // The longest row says how many of them stay in the cache.
        let row = large
            .iter()
            .map(|b| self.buffers[b.0].shape[1..].to_vec())
            .max_by_key(Vec::len)
            .unwrap_or_default();
        let [read, written] = [read, written].map(|set| set.into_iter().collect());
        Blocks { extent, read, written, row, sums, totals, steps }
    }

    /// An array for what the parts of the rows add to a sum.
    fn add_parts(&mut self, sum: BufferId) -> BufferId {
        let (name, shape) = (self.buffers[sum.0].name.clone(), self.buffers[sum.0].shape.clone());
        let names = (0..).map(|k| format!("{name}_parts{}", "_".repeat(k)));
        self.add_buffer(names, Storage::Parts, &shape)
    }

    /// The temporaries that no step sees whole.
    fn needed_in_blocks_only(&self) -> BTreeSet<BufferId> {
        let Some(blocks) = self.blocks() else { return BTreeSet::new() };
        let temporary = |b: &&BufferId| self.buffers[b.0].storage == Storage::Temporary;
        let mut only: BTreeSet<BufferId> = blocks.written.iter().filter(temporary).copied().collect();
        for step in self.steps.iter().filter(|s| !matches!(s, Step::Blocks(_))) {
            let effects = self.effects(step, blocks.extent);
            only.retain(|b| !effects.reads.contains(b) && !effects.writes.contains(b));
        }
        only
    }

    /// Whether the array's first axis is the divided one.
    fn is_rows(&self, b: BufferId, e: Extent) -> bool {
        self.buffers[b.0].shape.first().is_some_and(|&first| self.graph.extents.find(first) == e)
    }

    /// Whether an array of this shape is cut into blocks, or has no part in it; no other way will do.
    fn is_simple(&self, shape: &[Extent], e: Extent) -> bool {
        let extents = &self.graph.extents;
        let holds_e = |x: Extent| {
            let x = extents.find(x);
            x == e || extents.factors(x).is_some_and(|(a, b)| extents.find(a) == e || extents.find(b) == e)
        };
        shape.iter().skip(1).all(|&x| !holds_e(x))
            && shape.first().is_none_or(|&x| extents.find(x) == e || !holds_e(x))
    }

    fn effects(&self, step: &Step, e: Extent) -> Effects {
        let none = BTreeSet::new;
        let mut effects = Effects { reads: none(), writes: none(), sums: none(), divisible: true };
        match step {
            Step::Scalar(id) => {
                effects.divisible = false;
                self.read(&mut effects, self.graph.node(*id).children(), e);
                self.write(&mut effects, *id, self.buffer_of.get(id).copied(), e);
            }
            Step::Loop(l) => self.loop_effects(&mut effects, l, e),
            Step::MatMul(m) => self.product_effects(&mut effects, m, e),
            Step::Solve(s) => {
                self.product_effects(&mut effects, &s.matmul, e);
                effects.reads.extend(self.factor_buffers(s.system.matrix));
                // A sum over the rows would be the system itself in parts.
                effects.divisible &= effects.sums.is_empty();
            }
            Step::Factor(a) => {
                effects.divisible = false;
                self.read(&mut effects, vec![*a], e);
                effects.writes.extend(self.factor_buffers(*a));
            }
            Step::Linear(id) => {
                effects.divisible = false;
                let matrices = self.graph.node(*id).children();
                effects.reads.extend(matrices.into_iter().flat_map(|a| self.factor_buffers(a)));
                self.write(&mut effects, *id, self.buffer_of.get(id).copied(), e);
            }
            Step::Axis(id) => {
                let rows = match self.graph.op(*id) {
                    Op::Axis { arg, along, .. } => {
                        let own = self.graph.shape(arg.node);
                        let across = arg.axes.first().is_some_and(|a| !along.contains(a));
                        across && own.first().is_some_and(|&x| self.graph.extents.find(x) == e)
                    }
                    _ => false,
                };
                effects.divisible = rows;
                self.read(&mut effects, self.graph.node(*id).children(), e);
                self.write(&mut effects, *id, self.buffer_of.get(id).copied(), e);
            }
            Step::When(w) => {
                self.read(&mut effects, w.cases.compared().collect(), e);
                for step in &w.steps {
                    let inner = self.effects(step, e);
                    effects.reads.extend(inner.reads);
                    effects.writes.extend(inner.writes);
                    effects.sums.extend(inner.sums);
                    effects.divisible &= inner.divisible;
                }
            }
            Step::Blocks(_) | Step::Descend { .. } => effects.divisible = false,
        }
        effects
    }

    /// Where the factors of a matrix are.
    fn factor_buffers(&self, matrix: NodeId) -> impl Iterator<Item = BufferId> {
        self.factors.get(&matrix).into_iter().flat_map(|f| [f.entries, f.exchanges])
    }

    fn read(&self, effects: &mut Effects, nodes: Vec<NodeId>, e: Extent) {
        for node in nodes {
            if let Some(&b) = self.buffer_of.get(&node) {
                effects.reads.insert(b);
                self.check(effects, node, b, e);
            } else if !self.is_simple(self.graph.shape(node), e) {
                effects.divisible = false;
            }
        }
    }

    fn write(&self, effects: &mut Effects, node: NodeId, buffer: Option<BufferId>, e: Extent) {
        if let Some(b) = buffer {
            effects.writes.insert(b);
            self.check(effects, node, b, e);
        }
    }

    /// An array read or written under another shape than its own cannot be cut.
    fn check(&self, effects: &mut Effects, node: NodeId, b: BufferId, e: Extent) {
        let (shape, own) = (self.graph.shape(node), &self.buffers[b.0].shape);
        let same = |(x, y): (&Extent, &Extent)| self.graph.extents.find(*x) == self.graph.extents.find(*y);
        let same = shape.len() == own.len() && shape.iter().zip(own).all(same);
        effects.divisible &= same && self.is_simple(shape, e);
    }

    fn loop_effects(&self, effects: &mut Effects, l: &Loop, e: Extent) {
        let first = l.space.first().is_some_and(|&x| self.graph.extents.find(x) == e);
        effects.divisible = first && self.is_simple(&l.space, e);
        let summed = l.reductions.iter().map(|r| r.node);
        for id in l.body.iter().copied().chain(summed) {
            let children = self.graph.node(id).children();
            // In a block an index is not the number that it is, and a neighbour may be in another.
            let position = |id: NodeId| *self.graph.op(id) == Op::Position || self.graph.is_indicator(id);
            effects.divisible &= !position(id) && !children.iter().any(|&c| position(c));
            self.read(effects, children.into_iter().filter(|c| !l.body.contains(c)).collect(), e);
        }
        for (node, buffer) in &l.stores {
            if !l.body.contains(node) {
                self.read(effects, vec![*node], e);
            }
            self.write(effects, *node, Some(*buffer), e);
        }
        for r in &l.reductions {
            self.read(effects, r.scalars.iter().map(|(n, _)| *n).collect(), e);
            self.write(effects, r.node, Some(r.buffer), e);
            if !self.is_rows(r.buffer, e) {
                effects.sums.insert(r.buffer);
                effects.divisible &= !matches!(self.graph.op(r.node), Op::Axis { function: AxisFn::Max, .. });
            }
        }
    }

    fn product_effects(&self, effects: &mut Effects, m: &MatMul, e: Extent) {
        let g = &self.graph;
        self.read(effects, g.node(m.product).children(), e);
        self.read(effects, m.scalars.iter().map(|(n, _)| *n).collect(), e);
        self.write(effects, m.product, Some(m.out), e);
        if m.accumulate {
            effects.reads.insert(m.out);
        }
        let along = |o: &Operand| g.shape(o.node).first().is_some_and(|&x| g.extents.find(x) == e);
        if self.is_rows(m.out, e) {
            return;
        }
        // Summed over the rows: both have them, and they alone are summed.
        effects.sums.insert(m.out);
        let rows = g.shape(m.product).len() as u8;
        effects.divisible &= along(&m.form.left)
            && along(&m.form.right)
            && m.form.gram.is_none()
            && m.form.summed == [rows]
            && m.form.around_summed.is_empty();
    }
}
