//! Rows in blocks: steps that read one large array follow each other block by block, while it is in the
//! cache.
//!
//! A step can run on a block of rows if the extent that is divided is the first of every array it touches, or
//! none of its extents. What it sums over the rows it adds to, block after block; steps that read such a sum
//! come after. The rows are in parts, too, that several threads work on: each has sums of its own.
//!
//! Without such an array, loops over lists gain, of which the entries name rows of others: what one of them makes
//! of a row, and the rows named, are in the cache for the next. What these loops add to rows that data name is
//! added in the order of the list, in one part.
//!
//! Rows that may be among several processes are another matter ([`divided`]): then all that runs along them runs in
//! blocks, in as many passes as it takes, since what is summed up there alone is added up among the processes.

use crate::ir::{AxisFn, Extent, ExtentKind, Form, NodeId, Op, Operand};
use crate::schedule::form::{Place, Places};
use crate::schedule::plan::{BlockSum, Blocks, BufferId, Loop, MatMul, Plan, Step, Storage};
use std::collections::BTreeSet;

/// What a step touches.
struct Effects {
    reads: BTreeSet<BufferId>,
    writes: BTreeSet<BufferId>,
    /// Of what it writes: what it sums over the rows.
    sums: BTreeSet<BufferId>,
    /// Of these: those at entries that data name.
    named: BTreeSet<BufferId>,
    /// The extents of rows that data name, which it reads.
    rows: Vec<Vec<Extent>>,
    /// Whether it runs along the extent, so that it can run on a block of it.
    divisible: bool,
}

/// What blocks are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sought {
    /// Large arrays, read more than once.
    Arrays,
    /// Lists of which the entries name rows of arrays.
    Lists,
    /// Whatever runs along rows that may be among several processes.
    All,
}

/// The plan with the steps that gain from it in blocks of rows.
pub(crate) fn blocked(mut plan: Plan) -> Plan {
    let best = |sought| {
        let candidates = plan.first_extents(if sought == Sought::Arrays { 2 } else { 1 });
        candidates.into_iter().filter_map(|e| plan.divided(e, sought)).max_by_key(|d| d.gain)
    };
    // Data are as long as there are examples; parameters are no longer than what lists name.
    let arrays = best(Sought::Arrays);
    let of_data = arrays.as_ref().is_some_and(|d| d.data);
    let lists = if of_data { None } else { best(Sought::Lists) };
    if let Some(divided) = lists.or(arrays) {
        plan.divide(divided);
    }
    plan
}

/// The plan with all that runs along these rows in blocks.
///
/// # Errors
/// What cannot be computed of some of the rows, or of sums over them.
pub(crate) fn divided(mut plan: Plan, rows: Extent) -> Result<Plan, NodeId> {
    let e = plan.graph.extents.find(rows);
    plan.asks_for_no_place(e)?;
    let mut steps = std::mem::take(&mut plan.steps);
    while steps.iter().any(|step| plan.runs_along(step, e)) {
        let Pass { before, inside, after, row } = plan.pass(steps, e)?;
        plan.steps.extend(before);
        let blocks = plan.block(e, inside, row, Sought::All);
        plan.steps.push(Step::Blocks(blocks));
        steps = after;
    }
    plan.steps.extend(steps);
    for b in plan.needed_in_one_pass_only() {
        plan.buffers[b.0].storage = Storage::Block;
    }
    Ok(plan)
}

/// The steps of a pass over rows, those before and those after.
struct Pass {
    before: Vec<Step>,
    inside: Vec<Step>,
    after: Vec<Step>,
    /// The extents of the longest row that it touches.
    row: Vec<Extent>,
}

/// The steps of a plan: those along an extent, those before and those after.
struct Divided {
    extent: Extent,
    /// How often it saves reading a large array again that these run in blocks.
    gain: usize,
    before: Vec<Step>,
    inside: Vec<Step>,
    after: Vec<Step>,
    /// The extents of the longest row that they touch, which say how many rows stay in the cache.
    row: Vec<Extent>,
    /// Whether data are among these arrays.
    data: bool,
    sought: Sought,
}

impl Plan {
    /// The first extents of arrays that have so many or more, which could be divided.
    fn first_extents(&self, rank: usize) -> BTreeSet<Extent> {
        let extents = &self.graph.extents;
        let arrays = self.buffers.iter().filter(|b| b.shape.len() >= rank);
        arrays
            .map(|b| extents.find(b.shape[0]))
            .filter(|&e| matches!(extents.kind(e), ExtentKind::Symbol(_)) && extents.factors(e).is_none())
            .collect()
    }

    /// The steps divided by what runs along `e`, where something is gained.
    fn divided(&self, e: Extent, sought: Sought) -> Option<Divided> {
        let (mut before, mut inside, mut after) = (Vec::new(), Vec::new(), Vec::new());
        let mut late: BTreeSet<BufferId> = BTreeSet::new();
        let mut sums: BTreeSet<BufferId> = BTreeSet::new();
        let mut here: BTreeSet<BufferId> = BTreeSet::new();
        let mut touched: Vec<BufferId> = Vec::new();
        let mut named: Vec<Vec<Extent>> = Vec::new();
        for step in &self.steps {
            let effects = self.effects(step, e, sought);
            let adds_to: BTreeSet<BufferId> = effects.sums.intersection(&effects.reads).copied().collect();
            let needs = |from: &BTreeSet<BufferId>| {
                effects.reads.iter().any(|b| from.contains(b) && !adds_to.contains(b))
            };
            let written = |from: &BTreeSet<BufferId>| effects.writes.iter().any(|b| from.contains(b));
            // Sums may go on being added to inside, but not be read there.
            let must_wait = needs(&late) || needs(&sums) || written(&late);
            if !must_wait && effects.divisible {
                let counts = |b: &&BufferId| {
                    self.is_rows(**b, e) && (sought == Sought::Lists || self.buffers[b.0].shape.len() > 1)
                };
                touched.extend(effects.reads.iter().chain(&effects.writes).filter(counts));
                named.extend(effects.rows);
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
        let arrays: BTreeSet<BufferId> = touched.iter().copied().collect();
        let gain = touched.len() - arrays.len();
        let rows = arrays.iter().map(|b| self.buffers[b.0].shape[1..].to_vec());
        let row = match sought {
            Sought::Arrays | Sought::All => rows.max_by_key(Vec::len),
            Sought::Lists => named.into_iter().max_by_key(Vec::len),
        };
        let row = row.filter(|_| gain > 0)?;
        let given = self.graph.inputs().iter().filter(|i| i.data);
        let data = given.filter_map(|i| self.buffer_of.get(&i.node)).any(|b| arrays.contains(b));
        Some(Divided { extent: e, gain, before, inside, after, row, data, sought })
    }

    /// The first pass over the rows that these steps make.
    fn pass(&self, steps: Vec<Step>, e: Extent) -> Result<Pass, NodeId> {
        let mut pass = Pass { before: Vec::new(), inside: Vec::new(), after: Vec::new(), row: Vec::new() };
        let (mut late, mut sums, mut here) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for step in steps {
            let (effects, along) = (self.effects(&step, e, Sought::All), self.runs_along(&step, e));
            if along && !effects.divisible {
                return Err(self.undivided(&step, e));
            }
            let adds_to: BTreeSet<BufferId> = effects.sums.intersection(&effects.reads).copied().collect();
            let needs = |from: &BTreeSet<BufferId>| {
                effects.reads.iter().any(|b| from.contains(b) && !adds_to.contains(b))
            };
            let written = |from: &BTreeSet<BufferId>| effects.writes.iter().any(|b| from.contains(b));
            let must_wait = needs(&late) || needs(&sums) || written(&late);
            if along && !must_wait {
                let rows = effects.reads.iter().chain(&effects.writes).filter(|&&b| self.is_rows(b, e));
                let longest = rows.map(|b| &self.buffers[b.0].shape[1..]).max_by_key(|row| row.len());
                if let Some(row) = longest.filter(|row| row.len() > pass.row.len()) {
                    pass.row = row.to_vec();
                }
                sums.extend(effects.sums);
                here.extend(effects.writes);
                pass.inside.push(step);
            } else if along || must_wait || needs(&here) || written(&here) {
                late.extend(effects.writes);
                pass.after.push(step);
            } else {
                pass.before.push(step);
            }
        }
        Ok(pass)
    }

    /// The nodes that a step computes, and copies.
    fn computed(&self, step: &Step) -> Vec<NodeId> {
        match step {
            Step::Scalar(id) | Step::Axis(id) | Step::Linear(id) | Step::Factor(id) => vec![*id],
            Step::Loop(l) => {
                let summed = l.reductions.iter().map(|r| r.node);
                l.body.iter().copied().chain(l.stores.iter().map(|(n, _)| *n)).chain(summed).collect()
            }
            Step::MatMul(m) => vec![m.product],
            Step::Solve(s) => vec![s.matmul.product, s.system.matrix],
            Step::When(w) => w.steps.iter().flat_map(|step| self.computed(step)).collect(),
            Step::Blocks(_) | Step::Descend { .. } => Vec::new(),
        }
    }

    /// Whether a step has to do with rows: whether one of these is an axis of what it computes, reads or sums over.
    fn runs_along(&self, step: &Step, e: Extent) -> bool {
        let g = &self.graph;
        let speaks = |shape: &[Extent]| shape.iter().any(|&x| self.speaks_of(x, e));
        let of_node = |id: NodeId| {
            let bound = match g.op(id) {
                Op::Product { bound, .. } | Op::Axis { bound, .. } => speaks(bound),
                Op::Others { bound, .. } => self.speaks_of(*bound, e),
                _ => false,
            };
            bound || speaks(g.shape(id)) || g.node(id).children().into_iter().any(|c| speaks(g.shape(c)))
        };
        let space = |step: &Step| matches!(step, Step::Loop(l) if speaks(&l.space));
        step.flat().into_iter().any(space) || self.computed(step).into_iter().any(of_node)
    }

    /// What of a step cannot be divided, as far as that can be told.
    fn undivided(&self, step: &Step, e: Extent) -> NodeId {
        let (g, computed) = (&self.graph, self.computed(step));
        let reduces = |id: &NodeId| match g.op(*id) {
            Op::Axis { .. } | Op::Others { .. } => true,
            _ => !g.shape(*id).iter().all(|&x| !self.speaks_of(x, e) || g.extents.find(x) == e),
        };
        let found = computed.iter().find(|id| reduces(id)).or(computed.last());
        found.copied().unwrap_or(NodeId(0))
    }

    /// Refuses what compares places with the number of rows, which is not what there is of them in one process.
    fn asks_for_no_place(&self, e: Extent) -> Result<(), NodeId> {
        let roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        let asks = |id: &NodeId| matches!(self.graph.op(*id), Op::Holds(r) if self.is_made_of(&r.offset, e));
        self.graph.reachable(&roots).into_iter().find(asks).map_or(Ok(()), Err)
    }

    /// The temporaries along rows that one pass alone sees.
    fn needed_in_one_pass_only(&self) -> BTreeSet<BufferId> {
        let mut only = BTreeSet::new();
        for (k, step) in self.steps.iter().enumerate() {
            let Step::Blocks(blocks) = step else { continue };
            let temporary = |b: &&BufferId| self.buffers[b.0].storage == Storage::Temporary;
            let mut own: BTreeSet<BufferId> = blocks.written.iter().filter(temporary).copied().collect();
            for (_, other) in self.steps.iter().enumerate().filter(|(other, _)| *other != k) {
                for step in other.flat() {
                    let effects = self.effects(step, blocks.extent, Sought::All);
                    own.retain(|b| !effects.reads.contains(b) && !effects.writes.contains(b));
                }
            }
            only.extend(own);
        }
        only
    }

    /// Puts the steps along an extent in blocks.
    fn divide(&mut self, divided: Divided) {
        let Divided { extent, before, inside, after, row, sought, .. } = divided;
        self.steps = before;
        let blocks = self.block(extent, inside, row, sought);
        self.steps.push(Step::Blocks(blocks));
        self.steps.extend(after);
        for b in self.needed_in_blocks_only(sought) {
            self.buffers[b.0].storage = Storage::Block;
        }
    }

    fn block(&mut self, extent: Extent, mut steps: Vec<Step>, row: Vec<Extent>, sought: Sought) -> Blocks {
        let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
        let (mut sums, mut totals): (Vec<BlockSum>, Vec<BufferId>) = (Vec::new(), Vec::new());
        for step in &mut steps {
            let effects = self.effects(step, extent, sought);
            read.extend(effects.reads.iter().filter(|&&b| self.is_rows(b, extent)).copied());
            written.extend(effects.writes.iter().filter(|&&b| self.is_rows(b, extent)).copied());
            for b in effects.sums {
                if self.buffers[b.0].shape.is_empty() {
                    totals.push(b);
                } else if sums.iter().all(|s| s.buffer != b) {
                    let apart = sought == Sought::All || !effects.named.contains(&b);
                    let parts = apart.then(|| self.add_parts(b));
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
    fn needed_in_blocks_only(&self, sought: Sought) -> BTreeSet<BufferId> {
        let Some(blocks) = self.blocks() else { return BTreeSet::new() };
        let temporary = |b: &&BufferId| self.buffers[b.0].storage == Storage::Temporary;
        let mut only: BTreeSet<BufferId> = blocks.written.iter().filter(temporary).copied().collect();
        for step in self.steps.iter().filter(|s| !matches!(s, Step::Blocks(_))) {
            let effects = self.effects(step, blocks.extent, sought);
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
        shape.iter().skip(1).all(|&x| !self.speaks_of(x, e))
            && shape.first().is_none_or(|&x| self.graph.extents.find(x) == e || !self.speaks_of(x, e))
    }

    /// Whether an extent is the divided one, or made of it: inside a block that is the block's number of rows.
    fn speaks_of(&self, x: Extent, e: Extent) -> bool {
        let extents = &self.graph.extents;
        let x = extents.find(x);
        x == e
            || extents.factors(x).is_some_and(|(a, b)| self.speaks_of(a, e) || self.speaks_of(b, e))
            || extents.derived(x).is_some_and(|form| self.is_made_of(&form, e))
    }

    fn is_made_of(&self, form: &Form, e: Extent) -> bool {
        self.graph.extents.resolved(form).terms.iter().any(|&(x, _)| self.speaks_of(x, e))
    }

    fn effects(&self, step: &Step, e: Extent, sought: Sought) -> Effects {
        let none = BTreeSet::new;
        let mut effects = Effects {
            reads: none(),
            writes: none(),
            sums: none(),
            named: none(),
            rows: Vec::new(),
            divisible: true,
        };
        match step {
            Step::Scalar(id) => {
                effects.divisible = false;
                self.read(&mut effects, self.graph.node(*id).children(), e);
                self.write(&mut effects, *id, self.buffer_of.get(id).copied(), e);
            }
            Step::Loop(l) => self.loop_effects(&mut effects, l, e, sought),
            Step::MatMul(m) => self.product_effects(&mut effects, m, e, sought),
            Step::Solve(s) => {
                self.product_effects(&mut effects, &s.matmul, e, sought);
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
                    let inner = self.effects(step, e, sought);
                    effects.reads.extend(inner.reads);
                    effects.writes.extend(inner.writes);
                    effects.sums.extend(inner.sums);
                    effects.named.extend(inner.named);
                    effects.rows.extend(inner.rows);
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

    fn loop_effects(&self, effects: &mut Effects, l: &Loop, e: Extent, sought: Sought) {
        let first = l.space.first().is_some_and(|&x| self.graph.extents.find(x) == e);
        effects.divisible = first && self.is_simple(&l.space, e);
        let summed = l.reductions.iter().map(|r| r.node);
        for id in l.body.iter().copied().chain(summed) {
            if sought != Sought::Arrays
                && let Some(places) = Places::of(&self.graph, id)
            {
                self.placed_effects(effects, l, id, &places, e);
                continue;
            }
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

    /// What a product with relations touches: it can run on a block if an index along the rows is the rows' own,
    /// and what data name are rows of arrays that are not divided.
    fn placed_effects(&self, effects: &mut Effects, l: &Loop, id: NodeId, places: &Places, e: Extent) {
        let (g, rank) = (&self.graph, self.graph.rank(id));
        let Op::Product { factors, .. } = g.op(id) else { return };
        let arrays = factors.iter().map(|f| &f.operand).filter(|o| !g.is_indicator(o.node));
        for operand in arrays.filter(|o| !l.body.contains(&o.node)) {
            let at = places.axes(operand);
            effects.divisible &=
                *g.op(operand.node) != Op::Position && self.is_divided_at(operand.node, &at, e);
            if at.first().is_some_and(|p| p.as_affine().is_none()) {
                effects.rows.push(g.shape(operand.node)[1..].to_vec());
            }
            self.read(effects, vec![operand.node], e);
        }
        effects.divisible &= places.of.iter().all(|p| p.as_axis() == Some(0) || p.affine.multiple(&0) == 0);
        // The first row of a block is not the first of all.
        effects.divisible &= places.conditions.iter().all(|c| c.value.affine.multiple(&0) == 0);
        for place in places.of.iter().chain(places.conditions.iter().map(|c| &c.value)) {
            place.each_affine(&mut |affine| effects.divisible &= !self.is_made_of(&affine.offset, e));
            place.each_named(&mut |named| {
                effects.divisible &= self.is_divided_at(named.data, &named.at, e);
                self.read(effects, vec![named.data], e);
            });
        }
        if places.scatters(rank) {
            effects.divisible &= g.shape(id).iter().all(|&x| g.extents.find(x) != e);
            effects.named.extend(l.reductions.iter().filter(|r| r.node == id).map(|r| r.buffer));
        }
    }

    /// Whether an array is read, or written, at a row of its own for each of the rows, or has none of them.
    fn is_divided_at(&self, array: NodeId, at: &[Place], e: Extent) -> bool {
        let shape = self.graph.shape(array).iter().map(|&x| self.graph.extents.find(x));
        shape.zip(at).enumerate().all(|(k, (x, place))| {
            let own = place.as_axis() == Some(0);
            if x == e { k == 0 && own } else { !own && place.affine.multiple(&0) == 0 }
        })
    }

    fn product_effects(&self, effects: &mut Effects, m: &MatMul, e: Extent, sought: Sought) {
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
            // What is there may be no symmetric matrix; the sums of parts begin at 0.
            && (m.form.gram.is_none() || sought == Sought::All)
            && m.form.summed == [rows]
            && m.form.around_summed.is_empty();
    }
}
