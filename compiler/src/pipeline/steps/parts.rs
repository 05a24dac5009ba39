//! Names for what the formulas of an objective share: each value has one name wherever it stands.

use crate::ir::{Graph, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// A value this small is written again rather than named.
const SMALL: usize = 4;

/// Of larger formulas than this nothing is named: nobody reads them.
const LARGEST: usize = 4_000_000;

/// A value with a name.
pub type Named = (String, NodeId);

/// What formulas share, named in two stages: what the value is made of, then, when the reverse sweep has named the
/// cotangents, the rest.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The formulas, the value first.
    roots: &'a [NodeId],
    /// What is worth a name and has none yet.
    chosen: BTreeSet<NodeId>,
    /// The last number of a name.
    number: usize,
}

impl<'a> Parts<'a> {
    /// What several of the formulas share; nothing without `new_names`, where those that have a name are all.
    #[must_use]
    pub fn of(g: &Graph, roots: &'a [NodeId], new_names: bool) -> Self {
        let all = g.reachable(roots);
        let mut chosen = BTreeSet::new();
        if new_names && all.len().saturating_mul(roots.len()) <= LARGEST {
            let mut formulas: BTreeMap<NodeId, u32> = BTreeMap::new();
            for &root in roots {
                for id in g.reachable(&[root]) {
                    *formulas.entry(id).or_default() += 1;
                }
            }
            let uses = g.uses(roots);
            let mut sizes: BTreeMap<NodeId, usize> = BTreeMap::new();
            for &id in &all {
                let mut size = 1usize;
                g.node(id).each_child(|c| size = size.saturating_add(sizes.get(&c).copied().unwrap_or(1)));
                let is_shared = formulas.get(&id).is_some_and(|n| *n > 1)
                    && uses.get(id.0 as usize).is_some_and(|n| *n > 1);
                let named = g.name(id).is_some();
                if !named && is_shared && size >= SMALL && id != roots[0] && is_worth_a_name(g, id) {
                    chosen.insert(id);
                }
                sizes.insert(id, if named || chosen.contains(&id) { 1 } else { size });
            }
        }
        Self { roots, chosen, number: 0 }
    }

    /// Names what the value is made of, and says all that have a name there, children first.
    pub fn name_value(&mut self, g: &mut Graph) -> Vec<Named> {
        let value = &self.roots[..1];
        self.number_in(g, value, &[]);
        named(g, value)
    }

    /// Names the rest, by the names `known` where a value has one there, and says all that have a name, children first.
    pub fn name_all(&mut self, g: &mut Graph, known: &[Named]) -> Vec<Named> {
        let mut behind = Vec::new();
        for (name, id) in known {
            if self.chosen.remove(id) {
                g.set_name(*id, name);
                behind.push(*id);
            }
        }
        // What stands in these is met elsewhere first, if at all.
        self.number_in(g, self.roots, &behind);
        self.number_in(g, self.roots, &[]);
        named(g, self.roots)
    }

    /// Numbers in the order in which a reader meets them, who does not look behind some names.
    fn number_in(&mut self, g: &mut Graph, roots: &[NodeId], behind: &[NodeId]) {
        for &root in roots {
            for id in seen_from(g, root, behind) {
                if self.chosen.remove(&id) {
                    let name = loop {
                        self.number += 1;
                        let name = format!("t{}", self.number);
                        if !g.names().any(|known| known == name) {
                            break name;
                        }
                    };
                    g.set_name(id, &name);
                }
            }
        }
    }
}

/// What a node is made of, children first, without what stands only behind some others.
fn seen_from(g: &Graph, root: NodeId, behind: &[NodeId]) -> Vec<NodeId> {
    let (mut stack, mut seen) = (vec![root], BTreeSet::new());
    while let Some(id) = stack.pop() {
        if seen.insert(id) && !behind.contains(&id) {
            stack.extend(g.node(id).children());
        }
    }
    seen.into_iter().collect()
}

/// The values with a name that formulas are made of, children first, the first of the formulas not among them.
#[must_use]
pub fn named(g: &Graph, roots: &[NodeId]) -> Vec<Named> {
    let is_value = |id: &NodeId| !matches!(g.op(*id), Op::Input(_)) && roots.first() != Some(id);
    let all = g.reachable(roots).into_iter().filter(is_value);
    all.filter_map(|id| g.name(id).map(|name| (name.to_owned(), id))).collect()
}

/// Not: what reads an array at another place, and what is other than 0 at some places only.
fn is_worth_a_name(g: &Graph, id: NodeId) -> bool {
    let placed = |id: NodeId| match g.op(id) {
        Op::Product { factors, .. } => factors.iter().any(|f| g.is_indicator(f.operand.node)),
        _ => g.is_indicator(id),
    };
    match g.op(id) {
        Op::Sum(terms) => !terms.iter().any(|t| placed(t.operand.node)),
        _ => !placed(id),
    }
}
