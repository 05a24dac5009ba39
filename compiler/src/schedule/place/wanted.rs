//! In which cases each node is wanted: what only one branch of a choice reads is not computed where the other
//! branch is taken, so that it can neither fail nor take time. A comparison that only scalars would wait for
//! is none that anything waits for: to ask takes as long as to compute them.

use super::absorbed::Absorbed;
use crate::ir::{Graph, NodeId, NodeMap, Op};
use crate::schedule::cases::{Cases, Comparison};
use crate::schedule::form::{Class, class};
use crate::schedule::plan::Policy;
use std::collections::BTreeSet;

/// The cases of the nodes that are not wanted always; `order` has operands first.
///
/// Invariant: no number that is compared needs a node that waits for the comparison. Where one would, the
/// node does not wait.
pub(super) fn wanted(formulas: &Absorbed, order: &[NodeId], policy: Policy) -> NodeMap<Cases> {
    let g = &formulas.graph;
    if !order.iter().any(|&id| Comparison::of(g, id).is_some()) {
        return NodeMap::new();
    }
    let mut wanted = Wanted { formulas, cases: NodeMap::new() };
    for output in &formulas.outputs {
        wanted.add(output.node, &Cases::always());
    }
    for &id in order.iter().rev() {
        wanted.pass_on(id);
    }
    wanted.worth_it(order);
    if policy == Policy::Examples {
        wanted.beside_others(order);
    }
    wanted.without_circles(order);
    wanted.cases
}

struct Wanted<'a> {
    formulas: &'a Absorbed,
    cases: NodeMap<Cases>,
}

impl Wanted<'_> {
    fn add(&mut self, id: NodeId, cases: &Cases) {
        let all = self.cases.get(id).map_or_else(|| cases.clone(), |known| known.or(cases));
        self.cases.insert(id, all);
    }

    /// What a node is made of is wanted where it is; a branch, where it is taken besides.
    fn pass_on(&mut self, id: NodeId) {
        let g = &self.formulas.graph;
        let Some(cases) = self.cases.get(id).cloned() else { return };
        match Comparison::of(g, id) {
            Some((comparison, branches)) => {
                for compared in [comparison.lhs, comparison.rhs] {
                    self.add(compared, &cases);
                }
                for (branch, holds) in branches.into_iter().zip([true, false]) {
                    self.add(branch.node, &cases.and((comparison, holds)));
                }
            }
            None => g.node(id).each_child(|child| self.add(child, &cases)),
        }
        if let Some(init) = self.formulas.accumulated.get(&id).and_then(|sum| sum.init) {
            self.add(init, &cases);
        }
    }

    /// Leaves the comparisons that more than scalars wait for.
    fn worth_it(&mut self, order: &[NodeId]) {
        let g = &self.formulas.graph;
        let more = |id: &NodeId| !matches!(class(g, *id), Class::Leaf | Class::Scalar | Class::Alias(_));
        let cases = |id: NodeId| self.cases.get(id).filter(|cases| !cases.are_all());
        let kept: BTreeSet<Comparison> =
            order.iter().copied().filter(more).filter_map(cases).flat_map(Cases::comparisons).collect();
        for slot in self.cases.slots_mut() {
            if let Some(cases) = slot {
                let others: BTreeSet<Comparison> =
                    cases.comparisons().filter(|c| !kept.contains(c)).collect();
                for comparison in others {
                    *cases = cases.without(comparison);
                }
            }
            slot.take_if(|cases| cases.are_all());
        }
    }

    /// Of one example after the other, what takes less time than to ask does not wait: scalars, which are
    /// computed for some examples at once, and sums of products of what another sum reads.
    fn beside_others(&mut self, order: &[NodeId]) {
        let g = &self.formulas.graph;
        let inputs = |id: NodeId| -> Option<Vec<NodeId>> {
            let Op::Product { factors, .. } = g.op(id) else { return None };
            let whole = |n: NodeId| matches!(g.op(n), Op::Input(_)) && g.rank(n) > 0;
            let all = matches!(class(g, id), Class::Reduction { .. });
            let powers = factors.iter().all(|f| f.power.as_int().is_some_and(|n| n > 0));
            let read: Vec<NodeId> = factors.iter().map(|f| f.operand.node).collect();
            (all && powers && read.iter().all(|&n| whole(n))).then_some(read)
        };
        let waits = |cases: &NodeMap<Cases>, id: NodeId| cases.get(id).is_some_and(|c| !c.are_all());
        let sums: Vec<(NodeId, Vec<NodeId>)> =
            order.iter().filter_map(|&id| Some((id, inputs(id)?))).collect();
        let read: BTreeSet<NodeId> = sums
            .iter()
            .filter(|(id, _)| !waits(&self.cases, *id))
            .flat_map(|(_, read)| read.iter().copied())
            .collect();
        let beside: BTreeSet<NodeId> = sums
            .into_iter()
            .filter(|(_, own)| own.iter().all(|n| read.contains(n)))
            .map(|(id, _)| id)
            .collect();
        for &id in order {
            let ready = || g.node(id).children().into_iter().all(|c| !waits(&self.cases, c));
            if beside.contains(&id) || class(g, id) == Class::Scalar && ready() {
                self.cases.insert(id, Cases::always());
            }
        }
        for slot in self.cases.slots_mut() {
            slot.take_if(|cases| cases.are_all());
        }
    }

    /// Takes comparisons away that nodes wait for which they need themselves.
    fn without_circles(&mut self, order: &[NodeId]) {
        let waiting = |cases: &NodeMap<Cases>| -> BTreeSet<Comparison> {
            cases.values().flat_map(Cases::comparisons).collect()
        };
        // Those made of the oldest nodes first: what they wait for has been settled then.
        let mut comparisons: Vec<Comparison> = waiting(&self.cases).into_iter().collect();
        comparisons.sort_by_key(|c| (c.lhs.max(c.rhs), *c));
        let mut settled: BTreeSet<Comparison> = BTreeSet::new();
        for comparison in comparisons {
            let needed = self.needed(comparison, &settled);
            for id in order.iter().filter(|id| needed.contains(id)) {
                if let Some(cases) = self.cases.get(*id).filter(|c| c.comparisons().any(|c| c == comparison))
                {
                    let cases = cases.without(comparison);
                    self.cases.insert(*id, cases);
                }
            }
            settled.insert(comparison);
        }
        for slot in self.cases.slots_mut() {
            slot.take_if(|cases| cases.are_all());
        }
    }

    /// All that has to be there before a comparison, where nodes wait for those that are settled.
    fn needed(&self, comparison: Comparison, settled: &BTreeSet<Comparison>) -> BTreeSet<NodeId> {
        let g: &Graph = &self.formulas.graph;
        let mut needed = BTreeSet::new();
        let mut pending = vec![comparison.lhs, comparison.rhs];
        while let Some(id) = pending.pop() {
            if !needed.insert(id) {
                continue;
            }
            pending.extend(g.node(id).children());
            pending.extend(self.formulas.accumulated.get(&id).and_then(|sum| sum.init));
            let cases = self.cases.get(id).into_iter();
            let waits = cases.flat_map(Cases::comparisons).filter(|c| settled.contains(c));
            pending.extend(waits.flat_map(|c| [c.lhs, c.rhs]));
        }
        needed
    }
}
