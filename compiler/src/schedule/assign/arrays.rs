//! Arrays and scalars: of inputs and outputs, those that steps hand each other, those of factored matrices.
//!
//! Invariant: an inverse has an array if and only if a step reads its entries.

use crate::ir::{Extent, NodeId, Op};
use crate::schedule::form::Class;
use crate::schedule::place::{Classified, Placed};
use crate::schedule::plan::{Buffer, BufferId, Factors, Storage};
use std::collections::{BTreeMap, BTreeSet};

/// Formulas of which is known what each node is computed into: all that the steps need.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub(super) placed: Placed,
    pub(super) buffers: Vec<Buffer>,
    pub(super) buffer_of: BTreeMap<NodeId, BufferId>,
    pub(super) factors: BTreeMap<NodeId, Factors>,
    pub(super) output_buffers: Vec<BufferId>,
    /// Outputs that are no more than what another array has already.
    pub(super) copies: Vec<(NodeId, BufferId)>,
}

impl Assigned {
    pub(crate) fn of(placed: Placed) -> Self {
        let nodes = placed.nodes();
        let mut all = Arrays::default();
        all.add_inputs(nodes);
        let (output_buffers, copies) = all.add_outputs(nodes);
        all.add_temporaries(&placed);
        all.add_aliases(nodes);
        let factors = all.add_factors(nodes);
        let Arrays { buffers, of, .. } = all;
        Self { placed, buffers, buffer_of: of, factors, output_buffers, copies }
    }
}

/// Buffers by unique names.
#[derive(Default)]
struct Arrays {
    buffers: Vec<Buffer>,
    of: BTreeMap<NodeId, BufferId>,
    names: BTreeSet<String>,
}

impl Arrays {
    fn add(&mut self, name: &str, storage: Storage, shape: &[Extent]) -> BufferId {
        let mut unique = name.to_owned();
        let mut k = 2;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}_{k}");
            k += 1;
        }
        self.buffers.push(Buffer { name: unique, storage, shape: shape.to_vec() });
        BufferId(self.buffers.len() - 1)
    }

    fn add_inputs(&mut self, nodes: &Classified) {
        // The order is by need, not by number: a search by halves would miss some.
        let needed: BTreeSet<NodeId> = nodes.order.iter().copied().collect();
        for input in nodes.graph.inputs() {
            if needed.contains(&input.node) {
                let id = self.add(&input.name, Storage::Input, nodes.graph.shape(input.node));
                self.of.insert(input.node, id);
            }
        }
    }

    /// An output's array holds the node itself, unless another one has it already: then it is a copy.
    fn add_outputs(&mut self, nodes: &Classified) -> (Vec<BufferId>, Vec<(NodeId, BufferId)>) {
        let (mut outputs, mut copies) = (Vec::new(), Vec::new());
        for o in &nodes.outputs {
            let node = nodes.resolved(o.node);
            let shape = nodes.graph.shape(o.node);
            let there = self.of.get(&node).copied();
            let id = match there {
                Some(id) if shape.is_empty() => id,
                _ if shape.is_empty() => self.add(&o.name, Storage::Scalar, &[]),
                _ => self.add(&o.name, Storage::Output, shape),
            };
            let computed = shape.is_empty() || !matches!(nodes.class_of(node), Class::Leaf | Class::Scalar);
            if there.is_none() && computed {
                self.of.insert(node, id);
            } else if !shape.is_empty() {
                copies.push((node, id));
            }
            outputs.push(id);
        }
        (outputs, copies)
    }

    /// What steps hand each other, by the names of the text where it has some.
    fn add_temporaries(&mut self, placed: &Placed) {
        let nodes = placed.nodes();
        let inverses = read_inverses(nodes);
        let mut unnamed = 0;
        for &id in &nodes.order {
            if self.of.contains_key(&id) || nodes.absorbed.contains(&id) {
                continue;
            }
            let needs = match nodes.class_of(id) {
                Class::Leaf | Class::Alias(_) => false,
                Class::Linear => !matches!(nodes.graph.op(id), Op::Inverse(_)) || inverses.contains(&id),
                Class::Elementwise => !nodes.in_loop(id) || placed.stored.contains(&id),
                _ => true,
            };
            if !needs {
                continue;
            }
            let shape = nodes.graph.shape(id);
            let (storage, letter) =
                if shape.is_empty() { (Storage::Scalar, "s") } else { (Storage::Temporary, "t") };
            let name = nodes.graph.name(id).map_or_else(
                || {
                    unnamed += 1;
                    format!("{letter}{unnamed}")
                },
                str::to_owned,
            );
            let buffer = self.add(&name, storage, shape);
            self.of.insert(id, buffer);
        }
    }

    /// The same entries under another shape.
    fn add_aliases(&mut self, nodes: &Classified) {
        for &id in &nodes.order {
            if let Class::Alias(_) = nodes.class_of(id)
                && let Some(&b) = self.of.get(&nodes.resolved(id))
            {
                self.of.insert(id, b);
            }
        }
    }

    fn add_factors(&mut self, nodes: &Classified) -> BTreeMap<NodeId, Factors> {
        let mut factors: BTreeMap<NodeId, Factors> = BTreeMap::new();
        for &id in &nodes.order {
            if let Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _) = *nodes.graph.op(id)
                && !factors.contains_key(&a)
            {
                let number = factors.len() + 1;
                factors.insert(a, self.factors_of(nodes, a, number));
            }
        }
        factors
    }

    /// Arrays for the factors of a matrix, the first, the second... of the plan.
    fn factors_of(&mut self, nodes: &Classified, matrix: NodeId, number: usize) -> Factors {
        let shape = nodes.graph.shape(matrix);
        let mut array = |what: &str, shape: &[Extent]| {
            let name = match nodes.graph.name(matrix) {
                Some(name) => format!("{name}_{what}"),
                None if number == 1 => what.to_owned(),
                None => format!("{what}{number}"),
            };
            self.add(&name, Storage::Temporary, shape)
        };
        let exchanged = &shape[..shape.len() - 1];
        let (entries, exchanges) = (array("factors", shape), array("exchanges", exchanged));
        let known = nodes.matrices.iter().find(|m| m.node == matrix);
        let (text, inverse) = known.map_or_else(Default::default, |m| (m.text.clone(), m.inverse.clone()));
        Factors { text, inverse, entries, exchanges, symmetric: known.is_some_and(|m| m.symmetric) }
    }
}

/// The inverses whose entries something reads: a solution reads the factors of the matrix instead.
fn read_inverses(nodes: &Classified) -> BTreeSet<NodeId> {
    let mut read: BTreeSet<NodeId> = nodes.outputs.iter().map(|o| nodes.resolved(o.node)).collect();
    for &id in &nodes.order {
        let mut children = nodes.graph.node(id).children();
        if let Class::Solve(_, system) = nodes.class_of(id)
            && let Some(k) = children.iter().position(|&c| c == system.inverse)
        {
            children.remove(k);
        }
        read.extend(children);
    }
    read.retain(|&id| matches!(nodes.graph.op(id), Op::Inverse(_)));
    read
}
