//! Rewriting: named rules, each true for all reals of its stated domain, applied until none fires.
//!
//! [`stabilise`] comes before differentiating, [`simplify`] after. The laws of the rules:
//! - sound on the whole domain: √(x²) is |x|, never x; log(x²) is never 2 log x;
//! - each lowers the measure of [`measure`], so the driver ends; `a·b + a·c → a·(b + c)` is a rule, its
//!   reverse is one only where what comes out is smaller;
//! - no rule for commuted or associated forms: the constructors of [`crate::ir::build`] order operands;
//! - a name is stable: it appears in the log, and derivations print the log.
//!
//! The driver has a budget. Running out of it leaves a graph that is right but less simple than it might be;
//! the log says so, and the front end refuses such a formula with the way out.

mod measure;
mod rules;

pub use measure::measure;
pub use rules::{ALL, Rule, Stage};

use crate::ir::verify::debug_verify;
use crate::ir::{Graph, NodeId, NodeMap};
use std::collections::BTreeSet;

/// Which rules fired, in the order of their first firing, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Rule and count.
    pub fired: Vec<(&'static str, usize)>,
    /// Whether rules would still have fired when the budget was spent.
    pub gave_up: bool,
    /// Whether there were more nodes than [`NODES`]: then nothing has been rewritten.
    pub too_large: bool,
    /// What each pass of one run did; of runs that are taken together, nothing.
    pub(crate) passes: Vec<Pass>,
}

/// What one pass over the graph did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pass {
    /// What was rewritten.
    roots: Vec<NodeId>,
    /// Where rules fired, and what each of them made.
    fired: Vec<(NodeId, Use)>,
}

/// A rule that was used, and what it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The rule's name.
    pub rule: &'static str,
    /// The node that it made.
    pub made: NodeId,
}

impl Log {
    fn note(&mut self, name: &'static str) {
        match self.fired.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => *count += 1,
            None => self.fired.push((name, 1)),
        }
    }

    /// What was used for one of the roots of a run, by its place, in the order of use. `graph` is the one of that run or
    /// has grown from it.
    #[must_use]
    pub fn uses(&self, graph: &Graph, root: usize) -> Vec<Use> {
        let mut uses = Vec::new();
        for pass in self.passes.iter().filter(|pass| !pass.fired.is_empty()) {
            let Some(root) = pass.roots.get(root) else { continue };
            let inside: BTreeSet<NodeId> = graph.reachable(&[*root]).into_iter().collect();
            uses.extend(pass.fired.iter().filter(|(at, _)| inside.contains(at)).map(|(_, used)| *used));
        }
        uses
    }

    /// Both logs, one after the other.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        self.passes.clear();
        for (name, count) in &other.fired {
            match self.fired.iter_mut().find(|(n, _)| n == name) {
                Some((_, c)) => *c += count,
                None => self.fired.push((name, *count)),
            }
        }
        self.gave_up |= other.gave_up;
        self.too_large |= other.too_large;
        self
    }

    /// The rules that fired, each with the statement it makes.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.fired.iter().filter_map(|(name, _)| ALL.iter().find(|r| r.name == *name))
    }
}

/// Nodes of a formula and its derivatives, those that rewriting has left behind among them, at most.
pub const NODES: usize = 100_000;
/// Passes over the graph, at most.
pub const PASSES: usize = 24;
/// Firings at one node in one pass, at most.
const FIRINGS: usize = 32;

/// What a rewriting may take.
#[derive(Clone, Copy, Debug)]
struct Budget {
    passes: usize,
    nodes: usize,
}

const BUDGET: Budget = Budget { passes: PASSES, nodes: NODES };

/// A rule that has fired: the node it fired at, and what it made of it.
#[derive(Clone, Copy, Debug)]
pub struct Firing {
    /// The rule.
    pub rule: &'static Rule,
    /// The node before.
    pub before: NodeId,
    /// The node after.
    pub after: NodeId,
}

/// Makes values exact and finite wherever the truth is, before anything is differentiated.
pub fn stabilise(graph: &mut Graph, roots: &[NodeId]) -> (Vec<NodeId>, Log) {
    run(graph, roots, |stage| stage == Stage::Always, BUDGET, &mut |_, _| {})
}

/// Makes expressions small, after differentiating.
pub fn simplify(graph: &mut Graph, roots: &[NodeId]) -> (Vec<NodeId>, Log) {
    run(graph, roots, |_| true, BUDGET, &mut |_, _| {})
}

/// [`simplify`] under the eyes of `see`, which is shown each firing.
pub fn simplify_seen(
    graph: &mut Graph,
    roots: &[NodeId],
    see: &mut dyn FnMut(&Graph, Firing),
) -> (Vec<NodeId>, Log) {
    run(graph, roots, |_| true, BUDGET, see)
}

/// σ(z) σ(−z) as a (1 − a): for the hidden units of networks, whose activation a = σ(z) is kept anyway. It
/// saves an exponential for each unit and gives up the last digits of a saturated one, which nobody sees back
/// through a layer. The units of the `output` keep them: what a loss says of a saturated output is the answer.
pub fn by_activations(graph: &mut Graph, roots: &[NodeId], output: NodeId) -> Vec<NodeId> {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in graph.reachable(roots) {
        let mut new = moved(graph, id, &map);
        while let Some(next) = rules::sigmoid_by_activation(graph, new, map.replaced(output)) {
            new = next;
        }
        graph.inherit_name(id, new);
        map.insert(id, new);
    }
    let roots: Vec<NodeId> = roots.iter().map(|r| map.replaced(*r)).collect();
    debug_verify(graph, &roots);
    roots
}

/// The node, built anew where one of its children has been replaced.
fn moved(graph: &mut Graph, id: NodeId, map: &NodeMap<NodeId>) -> NodeId {
    let mut moved = false;
    graph.node(id).each_child(|c| moved |= map.replaced(c) != c);
    if moved { graph.rebuilt(id, &|c| map.replaced(c)) } else { id }
}

fn run(
    graph: &mut Graph,
    roots: &[NodeId],
    wanted: impl Fn(Stage) -> bool,
    budget: Budget,
    see: &mut dyn FnMut(&Graph, Firing),
) -> (Vec<NodeId>, Log) {
    let rules: Vec<&'static Rule> = ALL.iter().filter(|r| wanted(r.stage)).collect();
    let before = roots;
    let mut roots = before.to_vec();
    let mut log = Log { gave_up: true, ..Log::default() };
    for _ in 0..budget.passes {
        let mut map: NodeMap<NodeId> = NodeMap::new();
        let mut changed = false;
        let mut fired_at = Vec::new();
        for id in graph.reachable(&roots) {
            if graph.len() > budget.nodes {
                return (before.to_vec(), Log { too_large: true, ..log });
            }
            let mut new = moved(graph, id, &map);
            for _ in 0..FIRINGS {
                // What folds out of range is left as it is.
                let fired = |r: &'static Rule, graph: &mut Graph| {
                    let next = (r.apply)(graph, new)?;
                    (next != new && graph.has_finite_constants(next)).then_some((r, next))
                };
                let Some((rule, next)) = rules.iter().find_map(|r| fired(r, graph)) else {
                    break;
                };
                log.note(rule.name);
                fired_at.push((id, Use { rule: rule.name, made: next }));
                see(graph, Firing { rule, before: new, after: next });
                graph.inherit_name(new, next);
                new = next;
            }
            graph.inherit_name(id, new);
            changed |= new != id;
            map.insert(id, new);
        }
        log.passes.push(Pass { roots: roots.clone(), fired: fired_at });
        for root in &mut roots {
            *root = map.replaced(*root);
        }
        if !changed {
            log.gave_up = false;
            break;
        }
    }
    debug_verify(graph, &roots);
    (roots, log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::{ObjectiveText, declaration};
    use crate::syntax::ast::DeclaredShape;

    #[test]
    fn a_budget_that_is_spent_is_said_so() {
        let expr = "log(1 + exp(s))".to_owned();
        let variables = vec![declaration("s", DeclaredShape::Scalar)];
        let text = ObjectiveText { expr, variables, ..ObjectiveText::default() };
        let lowered = text.lower().expect("an objective");
        for (passes, gave_up) in [(0, true), (1, true), (2, false), (PASSES, false)] {
            let mut graph = lowered.graph.clone();
            let budget = Budget { passes, ..BUDGET };
            let (_, log) = run(&mut graph, &[lowered.value], |_| true, budget, &mut |_, _| {});
            assert_eq!(log.gave_up, gave_up, "{passes} passes: {log:?}");
        }
        for (nodes, too_large) in [(1, true), (NODES, false)] {
            let mut graph = lowered.graph.clone();
            let budget = Budget { nodes, ..BUDGET };
            let (roots, log) = run(&mut graph, &[lowered.value], |_| true, budget, &mut |_, _| {});
            assert_eq!((log.too_large, roots == [lowered.value]), (too_large, too_large), "{nodes}: {log:?}");
        }
    }
}
