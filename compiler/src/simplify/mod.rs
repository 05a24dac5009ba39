//! Rewriting: named rules, each true for all reals of its stated domain, applied until none fires.
//!
//! [`stabilise`] comes before differentiating, [`simplify`] after. The laws of the rules:
//! - sound on the whole domain: √(x²) is |x|, never x; log(x²) is never 2 log x;
//! - each lowers the measure of [`measure`], so the driver ends; `a·b + a·c → a·(b + c)` is a rule, its reverse is one
//!   only where what comes out is smaller;
//! - no rule for commuted or associated forms: the constructors of [`crate::ir::build`] order operands;
//! - a name is stable: it appears in the log, and derivations print the log.
//!
//! The driver has a budget; running out of it leaves a correct graph, only less simple.

mod measure;
mod rules;

pub use measure::measure;
pub use rules::{ALL, Rule, Stage};

use crate::ir::verify::debug_verify;
use crate::ir::{Graph, NodeId, NodeMap};

/// Which rules fired, in the order of their first firing, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Rule and count.
    pub fired: Vec<(&'static str, usize)>,
}

impl Log {
    fn note(&mut self, name: &'static str) {
        match self.fired.iter_mut().find(|(n, _)| *n == name) {
            Some((_, count)) => *count += 1,
            None => self.fired.push((name, 1)),
        }
    }

    /// Both logs, one after the other.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        for (name, count) in &other.fired {
            match self.fired.iter_mut().find(|(n, _)| n == name) {
                Some((_, c)) => *c += count,
                None => self.fired.push((name, *count)),
            }
        }
        self
    }

    /// The rules that fired, each with the statement it makes.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.fired.iter().filter_map(|(name, _)| ALL.iter().find(|r| r.name == *name))
    }
}

/// Passes over the graph, at most.
const PASSES: usize = 24;
/// Firings at one node in one pass, at most.
const FIRINGS: usize = 32;

/// Makes values exact and finite wherever the truth is, before anything is differentiated.
pub fn stabilise(graph: &mut Graph, roots: &[NodeId]) -> (Vec<NodeId>, Log) {
    run(graph, roots, |stage| stage == Stage::Always)
}

/// Makes expressions small, after differentiating.
pub fn simplify(graph: &mut Graph, roots: &[NodeId]) -> (Vec<NodeId>, Log) {
    run(graph, roots, |_| true)
}

/// σ(z) σ(−z) as a (1 − a): for networks, where a = σ(z) is kept anyway. It gives up the tail's last digits, which back
/// through a layer nobody sees, and saves an exponential for each unit.
pub fn by_activations(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in graph.reachable(roots) {
        let mut new = moved(graph, id, &map);
        while let Some(next) = rules::sigmoid_by_activation(graph, new) {
            new = next;
        }
        graph.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// The node, built anew where one of its children has been replaced.
fn moved(graph: &mut Graph, id: NodeId, map: &NodeMap<NodeId>) -> NodeId {
    let mut moved = false;
    graph.node(id).each_child(|c| moved |= map.replaced(c) != c);
    if moved { graph.rebuilt(id, &|c| map.replaced(c)) } else { id }
}

fn run(graph: &mut Graph, roots: &[NodeId], wanted: impl Fn(Stage) -> bool) -> (Vec<NodeId>, Log) {
    let rules: Vec<&'static Rule> = ALL.iter().filter(|r| wanted(r.stage)).collect();
    let mut roots = roots.to_vec();
    let mut log = Log::default();
    for _ in 0..PASSES {
        let mut map: NodeMap<NodeId> = NodeMap::new();
        let mut changed = false;
        for id in graph.reachable(&roots) {
            let mut new = moved(graph, id, &map);
            for _ in 0..FIRINGS {
                let Some((name, next)) = rules
                    .iter()
                    .find_map(|r| (r.apply)(graph, new).filter(|n| *n != new).map(|n| (r.name, n)))
                else {
                    break;
                };
                log.note(name);
                graph.inherit_name(new, next);
                new = next;
            }
            graph.inherit_name(id, new);
            changed |= new != id;
            map.insert(id, new);
        }
        for root in &mut roots {
            *root = map.replaced(*root);
        }
        if !changed {
            break;
        }
    }
    debug_verify(graph, &roots);
    (roots, log)
}
