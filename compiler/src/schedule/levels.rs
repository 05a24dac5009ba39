//! Levels, loops and buffers.

use super::classify::{Class, class};
use super::{Buffer, BufferId, Loop, MatMul, Output, Plan, Policy, Reduction, Step, Storage};
use crate::ir::{Extent, Graph, NodeId, Number, Op, Operand, Tensor};
use std::collections::{BTreeMap, BTreeSet};

/// A reduction times scalars, written scaled.
#[derive(Clone, Debug)]
struct Scaled {
    reduction: NodeId,
    coeff: Number,
    scalars: Vec<(NodeId, Number)>,
}

/// A sum that is begun by a loop and finished by matrix products into the same array.
#[derive(Clone, Debug, Default)]
struct Accumulated {
    /// What the loop writes first, if anything.
    init: Option<NodeId>,
    /// Products added: node, constant, scalar factors.
    products: Vec<(NodeId, Number, Vec<(NodeId, Number)>)>,
}

pub(super) struct Planner {
    g: Graph,
    outputs: Vec<Output>,
    policy: Policy,
    order: Vec<NodeId>,
    classes: BTreeMap<NodeId, Class>,
    accumulated: BTreeMap<NodeId, Accumulated>,
    /// Scaled reductions, by the node that they are the value of.
    scaled: BTreeMap<NodeId, Scaled>,
    /// Products and reductions that another node takes in.
    absorbed: BTreeSet<NodeId>,
    level: BTreeMap<NodeId, usize>,
}

/// An operand as its user sees it: the node, and its axes as positions of the user's loop.
struct Use {
    node: NodeId,
    /// Runs along exactly the loop's axes, in order.
    aligned: bool,
}

impl Planner {
    pub(super) fn new(g: Graph, outputs: Vec<Output>, policy: Policy) -> Self {
        Self {
            g,
            outputs,
            policy,
            order: Vec::new(),
            classes: BTreeMap::new(),
            accumulated: BTreeMap::new(),
            scaled: BTreeMap::new(),
            absorbed: BTreeSet::new(),
            level: BTreeMap::new(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        self.find_accumulated();
        self.find_scaled();
        let roots = self.roots();
        self.order = self.in_order(&roots);
        self.classes = self.order.iter().map(|&id| (id, class(&self.g, id))).collect();
        self.assign_levels();
        if self.policy == Policy::Store {
            self.sink();
        }
        self.emit()
    }

    /// Everything that `roots` need, operands first; what begins an accumulated sum comes before the sum.
    fn in_order(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut order = Vec::new();
        let mut seen: BTreeSet<NodeId> = BTreeSet::new();
        for root in self.g.reachable(roots) {
            let mut stack = vec![(root, false)];
            while let Some((id, ready)) = stack.pop() {
                if ready {
                    order.push(id);
                } else if seen.insert(id) {
                    stack.push((id, true));
                    let init = self.accumulated.get(&id).and_then(|a| a.init);
                    stack.extend(self.g.node(id).children().into_iter().chain(init).map(|c| (c, false)));
                }
            }
        }
        order
    }

    fn roots(&self) -> Vec<NodeId> {
        let mut roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        roots.extend(self.accumulated.values().filter_map(|a| a.init));
        roots
    }

    /// Sums (and scaled products) with matrix products among their terms that nothing else uses.
    fn find_accumulated(&mut self) {
        let roots: Vec<NodeId> = self.outputs.iter().map(|o| o.node).collect();
        let uses = self.g.uses(&roots);
        let order = self.g.reachable(&roots);
        let users = self.elementwise_users(&order);
        for &id in &order {
            if class(&self.g, id) != Class::Elementwise {
                continue;
            }
            // A sum that feeds a loop anyway is finished there, unless the text has a name for it.
            let is_output = roots.contains(&id);
            if !is_output && self.g.name(id).is_none() && users.contains(&id) {
                continue;
            }
            let axes = self.g.whole(id).indices;
            let terms: Vec<(Number, Tensor)> = match self.g.op(id).clone() {
                Op::Sum(terms) => terms.iter().map(|t| (t.coeff, self.g.tensor(&t.operand, &axes))).collect(),
                Op::Product { .. } => vec![(Number::ONE, Tensor::new(id, axes.clone()))],
                _ => continue,
            };
            let mut acc = Accumulated::default();
            let mut rest = Vec::new();
            for (coeff, t) in terms {
                match self.scaled_product(&t, &axes, &uses) {
                    Some((node, c, scalars)) => acc.products.push((node, coeff.mul(c), scalars)),
                    None => rest.push((coeff, t)),
                }
            }
            if acc.products.is_empty() {
                continue;
            }
            if !rest.is_empty() {
                acc.init = Some(self.g.sum_as(&rest, &axes));
            }
            self.absorbed.extend(acc.products.iter().map(|(n, ..)| *n));
            self.accumulated.insert(id, acc);
        }
    }

    /// Products of scalars and one reduction that nothing else uses: the loop that sums also scales.
    fn find_scaled(&mut self) {
        let roots = self.roots();
        let uses = self.g.uses(&roots);
        let once = |n: NodeId| uses.get(n.0 as usize).is_some_and(|u| *u == 1);
        for id in self.g.reachable(&roots) {
            if class(&self.g, id) != Class::Elementwise || self.accumulated.contains_key(&id) {
                continue;
            }
            let Op::Product { coeff, factors, .. } = self.g.op(id) else { continue };
            let (scalars, arrays): (Vec<_>, Vec<_>) = factors.iter().partition(|f| f.operand.axes.is_empty());
            let [array] = arrays.as_slice() else { continue };
            let node = array.operand.node;
            let in_order = array.operand.axes.iter().enumerate().all(|(k, &a)| k == a as usize);
            let sums = matches!(class(&self.g, node), Class::Reduction { .. })
                && matches!(self.g.op(node), Op::Product { .. });
            if !sums
                || !once(node)
                || !array.power.is_one()
                || !in_order
                || array.operand.axes.len() != self.g.rank(id)
                || roots.contains(&node)
            {
                continue;
            }
            let scalars = scalars.iter().map(|f| (f.operand.node, f.power)).collect();
            self.scaled.insert(id, Scaled { reduction: node, coeff: *coeff, scalars });
            self.absorbed.insert(node);
        }
    }

    /// Nodes that another element-wise node or a reduction reads along its own loop.
    fn elementwise_users(&self, order: &[NodeId]) -> BTreeSet<NodeId> {
        let mut used = BTreeSet::new();
        for &id in order {
            let c = class(&self.g, id);
            if matches!(c, Class::Elementwise | Class::Reduction { .. }) {
                used.extend(self.uses_of(id, &c).into_iter().filter(|u| u.aligned).map(|u| u.node));
            }
        }
        used
    }

    /// A matrix product times scalars, used once: the product, the constant and the scalars.
    #[allow(clippy::type_complexity, reason = "taken apart at once by the only caller")]
    fn scaled_product(
        &self,
        t: &Tensor,
        axes: &[crate::ir::Index],
        uses: &[u32],
    ) -> Option<(NodeId, Number, Vec<(NodeId, Number)>)> {
        let once = |n: NodeId| uses.get(n.0 as usize).is_some_and(|u| *u == 1);
        if t.indices != axes {
            return None;
        }
        let matmul = |n: NodeId| class(&self.g, n) == Class::MatMul;
        if matmul(t.node) {
            return once(t.node).then(|| (t.node, Number::ONE, Vec::new()));
        }
        let Op::Product { coeff, factors, bound } = self.g.op(t.node) else { return None };
        let identity = |o: &Operand| o.axes.iter().enumerate().all(|(k, &a)| k == a as usize);
        let mut product = None;
        let mut scalars = Vec::new();
        for f in factors {
            let n = f.operand.node;
            if f.operand.axes.is_empty() {
                scalars.push((n, f.power));
            } else if product.is_none()
                && f.power.is_one()
                && matmul(n)
                && once(n)
                && f.operand.axes.len() == axes.len()
                && identity(&f.operand)
            {
                product = Some(n);
            } else {
                return None;
            }
        }
        bound.is_empty().then_some(())?;
        product.map(|n| (n, *coeff, scalars))
    }

    /// The operands of a node, with whether each runs along the node's own loop.
    fn uses_of(&self, id: NodeId, c: &Class) -> Vec<Use> {
        let rank = self.g.rank(id);
        let space: Vec<u8> = match c {
            Class::Reduction { space, .. } => space.clone(),
            _ => (0..rank as u8).collect(),
        };
        let see = |o: &Operand| Use { node: o.node, aligned: o.axes == space };
        match self.g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| see(&t.operand)).collect(),
            Op::Product { factors, .. } => factors.iter().map(|f| see(&f.operand)).collect(),
            Op::Map { args, .. } => args.iter().map(see).collect(),
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                [lhs, rhs, then, otherwise].map(see).into_iter().collect()
            }
            Op::Axis { arg, .. } => vec![see(arg)],
            _ => self.g.node(id).children().into_iter().map(|node| Use { node, aligned: false }).collect(),
        }
    }

    fn class_of(&self, id: NodeId) -> Class {
        self.classes.get(&id).cloned().unwrap_or(Class::Leaf)
    }

    fn level_of(&self, id: NodeId) -> usize {
        self.level.get(&id).copied().unwrap_or(0)
    }

    /// The node whose buffer a node's entries are in.
    fn resolved(&self, mut id: NodeId) -> NodeId {
        while let Class::Alias(inner) = self.class_of(id) {
            id = inner;
        }
        id
    }

    /// Computed inside loops, one entry at a time.
    fn in_loop(&self, id: NodeId) -> bool {
        self.class_of(id) == Class::Elementwise
            && !self.accumulated.contains_key(&id)
            && !self.scaled.contains_key(&id)
    }

    /// The earliest level at which a loop may read the operand.
    fn level_for_loop(&self, u: &Use) -> usize {
        let node = self.resolved(u.node);
        match self.class_of(node) {
            Class::Leaf => 0,
            Class::Scalar => self.level_of(node),
            _ if u.aligned && node == u.node && self.in_loop(node) => self.level_of(node),
            _ => self.level_of(node) + 1,
        }
    }

    /// The earliest level at which a call may read the operand: calls follow the loops of their level.
    fn level_for_call(&self, id: NodeId) -> usize {
        let id = self.resolved(id);
        match self.class_of(id) {
            Class::Leaf => 0,
            Class::MatMul | Class::Axis | Class::Linear => self.level_of(id) + 1,
            _ if self.accumulated.contains_key(&id) => self.level_of(id) + 1,
            _ => self.level_of(id),
        }
    }

    fn assign_levels(&mut self) {
        for id in self.order.clone() {
            let c = self.class_of(id);
            let level = if let Some(acc) = self.accumulated.get(&id) {
                let mut level = acc.init.map_or(0, |n| self.level_for_loop(&Use { node: n, aligned: true }));
                for (product, _, scalars) in &acc.products {
                    for child in self.g.node(*product).children() {
                        level = level.max(self.level_for_call(child));
                    }
                    level = scalars.iter().fold(level, |l, (s, _)| l.max(self.level_for_call(*s)));
                }
                level
            } else if let Some(scaled) = self.scaled.get(&id) {
                let level = self.level_of(scaled.reduction);
                scaled
                    .scalars
                    .iter()
                    .fold(level, |l, (s, _)| l.max(self.level_for_loop(&Use { node: *s, aligned: false })))
            } else {
                let uses = self.uses_of(id, &c);
                match c {
                    Class::Leaf => 0,
                    Class::Scalar => uses
                        .iter()
                        .map(|u| match self.class_of(u.node) {
                            Class::Leaf => 0,
                            Class::Scalar => self.level_of(u.node),
                            _ => self.level_of(u.node) + 1,
                        })
                        .max()
                        .unwrap_or(0),
                    Class::Elementwise | Class::Reduction { .. } => {
                        uses.iter().map(|u| self.level_for_loop(u)).max().unwrap_or(0)
                    }
                    Class::MatMul | Class::Axis | Class::Linear => {
                        uses.iter().map(|u| self.level_for_call(u.node)).max().unwrap_or(0)
                    }
                    Class::Alias(inner) => self.level_of(inner),
                }
            };
            self.level.insert(id, level);
        }
    }

    /// The level of the loop that begins an accumulated sum: as early as it can be, so that it shares other loops.
    fn init_level(&self, init: NodeId) -> usize {
        self.level_for_loop(&Use { node: init, aligned: true })
    }

    /// Moves an element-wise node to the one loop that reads it, if there is only one and it is later.
    fn sink(&mut self) {
        let outputs: BTreeSet<NodeId> = self.outputs.iter().map(|o| self.resolved(o.node)).collect();
        let mut readers: BTreeMap<NodeId, Vec<Option<(usize, Vec<Extent>)>>> = BTreeMap::new();
        for id in self.order.clone().into_iter().rev() {
            if self.in_loop(id)
                && !outputs.contains(&id)
                && let Some(all) = readers.get(&id)
                && let Some(Some((level, _))) = all.first()
                && all.iter().all(|r| r == &all[0])
                && *level > self.level_of(id)
            {
                self.level.insert(id, *level);
            }
            if self.absorbed.contains(&id) {
                if self.class_of(id) == Class::MatMul {
                    for child in self.g.node(id).children() {
                        readers.entry(child).or_default().push(None);
                    }
                }
                continue;
            }
            let c = self.class_of(id);
            if let Some(acc) = self.accumulated.get(&id) {
                if let Some(init) = acc.init {
                    readers
                        .entry(init)
                        .or_default()
                        .push(Some((self.init_level(init), self.space_of(id, &c))));
                }
                continue;
            }
            if let Some(scaled) = self.scaled.get(&id).cloned() {
                let c = self.class_of(scaled.reduction);
                let reader = (self.level_of(id), self.space_of(scaled.reduction, &c));
                for u in self.uses_of(scaled.reduction, &c) {
                    readers.entry(u.node).or_default().push(u.aligned.then(|| reader.clone()));
                }
                continue;
            }
            let loops = matches!(c, Class::Elementwise | Class::Reduction { .. });
            for u in self.uses_of(id, &c) {
                let reader = (loops && u.aligned).then(|| (self.level_of(id), self.space_of(id, &c)));
                readers.entry(u.node).or_default().push(reader);
            }
        }
    }

    /// The extents of a node's loop.
    fn space_of(&self, id: NodeId, c: &Class) -> Vec<Extent> {
        let mut locals = self.g.shape(id).to_vec();
        if let Op::Product { bound, .. } | Op::Axis { bound, .. } = self.g.op(id) {
            locals.extend(bound);
        }
        match c {
            Class::Reduction { space, .. } => space.iter().map(|&a| locals[a as usize]).collect(),
            _ => locals,
        }
    }

    /// Everything that is written somewhere, in loops: where, at which level, over which extents.
    fn stored(&self) -> BTreeSet<NodeId> {
        let mut stored: BTreeSet<NodeId> = BTreeSet::new();
        let mut need = |id: NodeId| {
            let id = self.resolved(id);
            if self.in_loop(id) {
                stored.insert(id);
            }
        };
        for o in &self.outputs {
            need(o.node);
        }
        for &id in &self.order {
            let mut c = self.class_of(id);
            if let Some(acc) = self.accumulated.get(&id) {
                if let Some(init) = acc.init
                    && self.policy == Policy::Store
                    && self.in_loop(init)
                    && self.level_of(init) != self.init_level(init)
                {
                    need(init);
                }
                continue;
            }
            let (mut reader, level) = (id, self.level_of(id));
            if let Some(scaled) = self.scaled.get(&id) {
                reader = scaled.reduction;
                c = self.class_of(reader);
            } else if self.absorbed.contains(&id) && c != Class::MatMul {
                continue;
            }
            let loops = matches!(c, Class::Elementwise | Class::Reduction { .. });
            for u in self.uses_of(reader, &c) {
                // A loop compares its indices instead of reading a delta.
                if loops && matches!(self.g.op(u.node), Op::Delta) {
                    continue;
                }
                let same_loop = loops
                    && u.aligned
                    && (self.policy == Policy::Recompute || self.level_of(u.node) == level);
                if !same_loop {
                    need(u.node);
                }
            }
        }
        stored
    }

    fn emit(self) -> Plan {
        let stored = self.stored();
        let mut names = Names::default();
        let mut buffers: Vec<Buffer> = Vec::new();
        let mut buffer_of: BTreeMap<NodeId, BufferId> = BTreeMap::new();
        let mut add = |names: &mut Names, name: &str, storage, shape: &[Extent]| {
            buffers.push(Buffer { name: names.unique(name), storage, shape: shape.to_vec() });
            BufferId(buffers.len() - 1)
        };
        // The order is by need, not by number: a search by halves would miss some.
        let needed: BTreeSet<NodeId> = self.order.iter().copied().collect();
        for input in self.g.inputs() {
            if needed.contains(&input.node) {
                let id = add(&mut names, &input.name, Storage::Input, self.g.shape(input.node));
                buffer_of.insert(input.node, id);
            }
        }
        // An output's array holds the node itself, unless another one has it already.
        let mut copies: Vec<(NodeId, BufferId)> = Vec::new();
        let mut output_buffers = Vec::new();
        for o in &self.outputs {
            let node = self.resolved(o.node);
            let shape = self.g.shape(o.node).to_vec();
            let computed =
                !matches!(self.class_of(node), Class::Leaf | Class::Scalar) && !buffer_of.contains_key(&node);
            let storage = if shape.is_empty() { Storage::Scalar } else { Storage::Output };
            if shape.is_empty() {
                let id = match buffer_of.get(&node) {
                    Some(id) => *id,
                    None => {
                        let id = add(&mut names, &o.name, Storage::Scalar, &[]);
                        buffer_of.insert(node, id);
                        id
                    }
                };
                output_buffers.push(id);
                continue;
            }
            let id = add(&mut names, &o.name, storage, &shape);
            if computed {
                buffer_of.insert(node, id);
            } else {
                copies.push((node, id));
            }
            output_buffers.push(id);
        }
        let mut temporaries = 0;
        for &id in &self.order {
            if buffer_of.contains_key(&id) || self.absorbed.contains(&id) {
                continue;
            }
            let c = self.class_of(id);
            let needs = match c {
                Class::Leaf | Class::Alias(_) => false,
                Class::Elementwise => {
                    self.accumulated.contains_key(&id)
                        || self.scaled.contains_key(&id)
                        || stored.contains(&id)
                }
                _ => true,
            };
            if !needs {
                continue;
            }
            let shape = self.g.shape(id).to_vec();
            let storage = if shape.is_empty() { Storage::Scalar } else { Storage::Temporary };
            let name = match self.g.name(id) {
                Some(name) => name.to_owned(),
                None => {
                    temporaries += 1;
                    format!("{}{temporaries}", if shape.is_empty() { "s" } else { "t" })
                }
            };
            let buffer = add(&mut names, &name, storage, &shape);
            buffer_of.insert(id, buffer);
        }
        for &id in &self.order {
            if let Class::Alias(_) = self.class_of(id)
                && let Some(&b) = buffer_of.get(&self.resolved(id))
            {
                buffer_of.insert(id, b);
            }
        }
        let mut room: BTreeMap<Extent, BufferId> = BTreeMap::new();
        for &id in &self.order {
            if let Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) = self.g.op(id) {
                let shape = self.g.shape(*a);
                room.entry(shape[0]).or_insert_with(|| add(&mut names, "lu", Storage::Temporary, shape));
            }
        }
        let steps = self.steps(&stored, &buffer_of, &copies);
        let Self { g, outputs, .. } = self;
        Plan { graph: g, buffers, buffer_of, room, steps, outputs, output_buffers }
    }

    fn steps(
        &self,
        stored: &BTreeSet<NodeId>,
        buffer_of: &BTreeMap<NodeId, BufferId>,
        copies: &[(NodeId, BufferId)],
    ) -> Vec<Step> {
        let last = self.level.values().copied().max().unwrap_or(0);
        let mut steps = Vec::new();
        let mut by_level: Vec<Vec<NodeId>> = vec![Vec::new(); last + 1];
        for &id in &self.order {
            by_level[self.level_of(id)].push(id);
        }
        for (level, here) in by_level.into_iter().enumerate() {
            steps.extend(
                here.iter().filter(|id| self.class_of(**id) == Class::Scalar).map(|id| Step::Scalar(*id)),
            );
            // Loops: one for each space, in the order of their first node.
            let mut loops: Vec<Loop> = Vec::new();
            let mut loop_for = |space: Vec<Extent>| -> usize {
                match loops.iter().position(|l| l.space == space) {
                    Some(k) => k,
                    None => {
                        loops.push(Loop {
                            space,
                            body: Vec::new(),
                            stores: Vec::new(),
                            reductions: Vec::new(),
                        });
                        loops.len() - 1
                    }
                }
            };
            let mut wanted: Vec<(usize, NodeId)> = Vec::new();
            let mut stores: Vec<(usize, NodeId, BufferId)> = Vec::new();
            let mut reductions: Vec<(usize, Reduction)> = Vec::new();
            for &id in &here {
                let c = self.class_of(id);
                if self.accumulated.contains_key(&id) || self.absorbed.contains(&id) {
                    continue;
                }
                if let Some(scaled) = self.scaled.get(&id) {
                    if let Some(&buffer) = buffer_of.get(&id) {
                        let k = loop_for(self.space_of(scaled.reduction, &self.class_of(scaled.reduction)));
                        let (node, coeff, scalars) = (scaled.reduction, scaled.coeff, scaled.scalars.clone());
                        reductions.push((k, Reduction { node, buffer, coeff, scalars }));
                    }
                    continue;
                }
                let space = self.space_of(id, &c);
                if let Class::Reduction { .. } = c {
                    if let Some(&buffer) = buffer_of.get(&id) {
                        let k = loop_for(space);
                        let (coeff, scalars) = (Number::ONE, Vec::new());
                        reductions.push((k, Reduction { node: id, buffer, coeff, scalars }));
                    }
                } else if stored.contains(&id)
                    && let Some(&buffer) = buffer_of.get(&id)
                {
                    let k = loop_for(space);
                    wanted.push((k, id));
                    stores.push((k, id, buffer));
                }
            }
            for (id, acc) in &self.accumulated {
                if let (Some(init), Some(&buffer)) = (acc.init, buffer_of.get(id))
                    && self.init_level(init) == level
                {
                    let k = loop_for(self.g.shape(*id).to_vec());
                    wanted.push((k, init));
                    stores.push((k, init, buffer));
                }
            }
            for (k, r) in reductions {
                let c = self.class_of(r.node);
                wanted
                    .extend(self.uses_of(r.node, &c).into_iter().filter(|u| u.aligned).map(|u| (k, u.node)));
                loops[k].reductions.push(r);
            }
            for (k, id, buffer) in stores {
                loops[k].stores.push((id, buffer));
            }
            for (k, id) in wanted {
                self.collect(id, level, stored, buffer_of, &mut loops[k].body);
            }
            for l in &mut loops {
                l.body.sort_unstable();
                l.body.dedup();
            }
            steps.extend(loops.into_iter().map(Step::Loop));
            for &id in &here {
                if self.absorbed.contains(&id) {
                    continue;
                }
                if let (Some(acc), Some(&out)) = (self.accumulated.get(&id), buffer_of.get(&id)) {
                    for (k, (product, coeff, scalars)) in acc.products.iter().enumerate() {
                        steps.push(Step::MatMul(MatMul {
                            out,
                            product: *product,
                            accumulate: k > 0 || acc.init.is_some(),
                            coeff: *coeff,
                            scalars: scalars.clone(),
                        }));
                    }
                    continue;
                }
                match self.class_of(id) {
                    Class::MatMul => {
                        if let Some(&out) = buffer_of.get(&id) {
                            let coeff = match self.g.op(id) {
                                Op::Product { coeff, .. } => *coeff,
                                _ => Number::ONE,
                            };
                            let (product, accumulate, scalars) = (id, false, Vec::new());
                            steps.push(Step::MatMul(MatMul { out, product, accumulate, coeff, scalars }));
                        }
                    }
                    Class::Axis => steps.push(Step::Axis(id)),
                    Class::Linear => steps.push(Step::Linear(id)),
                    _ => {}
                }
            }
        }
        for (node, buffer) in copies {
            let space = self.g.shape(*node).to_vec();
            let (body, reductions) = (Vec::new(), Vec::new());
            steps.push(Step::Loop(Loop { space, body, stores: vec![(*node, *buffer)], reductions }));
        }
        steps
    }

    /// Adds what a loop computes itself to get at `id`: everything element-wise along its axes that is not there yet.
    fn collect(
        &self,
        id: NodeId,
        level: usize,
        stored: &BTreeSet<NodeId>,
        buffer_of: &BTreeMap<NodeId, BufferId>,
        body: &mut Vec<NodeId>,
    ) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if !self.in_loop(id) || body.contains(&id) {
                continue;
            }
            let earlier = self.level_of(id) < level;
            if earlier && stored.contains(&id) && buffer_of.contains_key(&id) {
                continue;
            }
            body.push(id);
            let c = self.class_of(id);
            stack.extend(self.uses_of(id, &c).into_iter().filter(|u| u.aligned).map(|u| u.node));
        }
    }
}

/// Unique names.
#[derive(Default)]
struct Names {
    used: BTreeSet<String>,
}

impl Names {
    fn unique(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut k = 2;
        while !self.used.insert(candidate.clone()) {
            candidate = format!("{name}_{k}");
            k += 1;
        }
        candidate
    }
}
