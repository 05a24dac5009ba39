//! The plan written down: buffers, loops, calls, level after level.

use super::classify::Class;
use super::planner::Planner;
use super::{Buffer, BufferId, Factors, Loop, MatMul, Plan, Reduction, Step, Storage};
use crate::ir::{Extent, NodeId, Number, Op};
use std::collections::{BTreeMap, BTreeSet};

impl Planner {
    pub(super) fn emit(self) -> Plan {
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
                Class::Linear => !matches!(self.g.op(id), Op::Inverse(_)) || self.written_out.contains(&id),
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
        let mut factors: BTreeMap<NodeId, Factors> = BTreeMap::new();
        for &id in &self.order {
            if let Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) = self.g.op(id) {
                let shape = self.g.shape(*a);
                let number = factors.len();
                factors.entry(*a).or_insert_with(|| {
                    let mut part = |what: &str, shape: &[Extent]| {
                        let name = match self.g.name(*a) {
                            Some(name) => format!("{name}_{what}"),
                            None if number == 0 => what.to_owned(),
                            None => format!("{what}{}", number + 1),
                        };
                        add(&mut names, &name, Storage::Temporary, shape)
                    };
                    let (room, exchanges) = (part("factors", shape), part("exchanges", &shape[..1]));
                    let matrix = self.matrices.iter().find(|m| m.node == *a);
                    let text = matrix.map_or_else(String::new, |m| m.text.clone());
                    Factors { text, room, exchanges, symmetric: matrix.is_some_and(|m| m.symmetric) }
                });
            }
        }
        let steps = self.steps(&stored, &buffer_of, &copies);
        let Self { g, outputs, .. } = self;
        Plan { graph: g, buffers, buffer_of, factors, steps, outputs, output_buffers }
    }

    pub(super) fn steps(
        &self,
        stored: &BTreeSet<NodeId>,
        buffer_of: &BTreeMap<NodeId, BufferId>,
        copies: &[(NodeId, BufferId)],
    ) -> Vec<Step> {
        let last = self.level.values().copied().max().unwrap_or(0);
        let mut steps = Vec::new();
        let mut factored: BTreeSet<NodeId> = BTreeSet::new();
        let mut by_level: Vec<Vec<NodeId>> = vec![Vec::new(); last + 1];
        for &id in &self.order {
            by_level[self.level_of(id)].push(id);
        }
        // Sums that a loop of this level begins: what it writes first, and where.
        let mut begun: BTreeMap<usize, Vec<(NodeId, NodeId, BufferId)>> = BTreeMap::new();
        for (id, acc) in &self.accumulated {
            if let (Some(init), Some(&buffer)) = (acc.init, buffer_of.get(id)) {
                begun.entry(self.init_level(init)).or_default().push((*id, init, buffer));
            }
        }
        for (level, here) in by_level.into_iter().enumerate() {
            steps.extend(
                here.iter().filter(|id| *self.class_of(**id) == Class::Scalar).map(|id| Step::Scalar(*id)),
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
                        let k = loop_for(self.space_of(scaled.reduction, self.class_of(scaled.reduction)));
                        let (node, coeff, scalars) = (scaled.reduction, scaled.coeff, scaled.scalars.clone());
                        reductions.push((k, Reduction { node, buffer, coeff, scalars, accumulate: false }));
                    }
                    continue;
                }
                let space = self.space_of(id, c);
                if let Class::Reduction { .. } = c {
                    if let Some(&buffer) = buffer_of.get(&id) {
                        let k = loop_for(space);
                        let (coeff, scalars) = (Number::ONE, Vec::new());
                        reductions
                            .push((k, Reduction { node: id, buffer, coeff, scalars, accumulate: false }));
                    }
                } else if stored.contains(&id)
                    && let Some(&buffer) = buffer_of.get(&id)
                {
                    let k = loop_for(space);
                    wanted.push((k, id));
                    stores.push((k, id, buffer));
                }
            }
            for (id, init, buffer) in begun.remove(&level).unwrap_or_default() {
                let k = loop_for(self.g.shape(id).to_vec());
                wanted.push((k, init));
                stores.push((k, init, buffer));
            }
            for (k, r) in reductions {
                let c = self.class_of(r.node);
                wanted.extend(self.uses_of(r.node, c).into_iter().filter(|u| u.aligned).map(|u| (k, u.node)));
                loops[k].reductions.push(r);
            }
            for (k, id, buffer) in stores {
                loops[k].stores.push((id, buffer));
            }
            let mut bodies = vec![BTreeSet::new(); loops.len()];
            for (k, id) in wanted {
                self.collect(id, level, stored, buffer_of, &mut bodies[k]);
            }
            for (l, body) in loops.iter_mut().zip(bodies) {
                l.body = body.into_iter().collect();
            }
            for mut l in loops {
                let by_column = self.apart(&mut l);
                steps.extend([Some(l), by_column].into_iter().flatten().map(Step::Loop));
            }
            for &id in &here {
                if self.absorbed.contains(&id) {
                    continue;
                }
                if let (Some(acc), Some(&out)) = (self.accumulated.get(&id), buffer_of.get(&id)) {
                    for (k, (product, coeff, scalars)) in acc.products.iter().enumerate() {
                        steps.push(self.product(MatMul {
                            out,
                            product: *product,
                            accumulate: k > 0 || acc.init.is_some(),
                            decay: None,
                            coeff: *coeff,
                            scalars: scalars.clone(),
                        }));
                    }
                    continue;
                }
                match self.class_of(id) {
                    Class::MatMul | Class::Solve => {
                        if let Some(&out) = buffer_of.get(&id) {
                            let (product, accumulate, scalars) = (id, false, Vec::new());
                            let (decay, coeff) = (None, self.g.coefficient(id));
                            steps.push(self.product(MatMul {
                                out,
                                product,
                                accumulate,
                                decay,
                                coeff,
                                scalars,
                            }));
                        }
                    }
                    Class::Axis => steps.push(Step::Axis(id)),
                    Class::Linear => {
                        let (Op::Inverse(a) | Op::Det(a) | Op::LogDet(a)) = *self.g.op(id) else { continue };
                        if factored.insert(a) {
                            steps.push(Step::Factor(a));
                        }
                        if buffer_of.contains_key(&id) {
                            steps.push(Step::Linear(id));
                        }
                    }
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

    /// The step of a product, which with an inverse is a system.
    fn product(&self, m: MatMul) -> Step {
        if *self.class_of(m.product) == Class::Solve { Step::Solve(m) } else { Step::MatMul(m) }
    }

    /// Adds what a loop computes itself to get at `id`: everything element-wise along its axes that is not there yet.
    pub(super) fn collect(
        &self,
        id: NodeId,
        level: usize,
        stored: &BTreeSet<NodeId>,
        buffer_of: &BTreeMap<NodeId, BufferId>,
        body: &mut BTreeSet<NodeId>,
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
            body.insert(id);
            let c = self.class_of(id);
            stack.extend(self.uses_of(id, c).into_iter().filter(|u| u.aligned).map(|u| u.node));
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
