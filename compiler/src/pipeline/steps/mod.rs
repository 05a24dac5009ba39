//! The steps between a cost and its derivatives, each a node: what a derivation prints of them can be evaluated,
//! and a test evaluates both sides of each equality that is printed.
//!
//! A step is a sum of products, entry by entry, of factors: what a factor is called, `∂c/∂a2`, and which node it
//! is. So a page shows `∂c/∂a2 .* sigmoid'(z2)`, then the two factors in full, then what they come to, though no
//! constructor would make a node of the second without cancelling what cancels.

mod common;
mod cost;
mod network;
mod parts;
mod squares;
mod sweep;

pub use common::over_common_denominator;
pub use cost::{CostSteps, cost_steps};
pub use network::{NetworkSteps, TermSteps, network_steps};
pub use parts::{Named, Parts, named};
pub use squares::jacobian_product;
pub use sweep::{Intermediate, Local, Passed, Sweep, sweep};

use crate::ir::{Graph, NodeId, NodeMap};
use crate::simplify::Log;

/// What a factor is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// By nothing: it is written in full, values that have a name by it.
    Full,
    /// By the name it has.
    Name(String),
    /// As a partial derivative: of what, by what.
    Partial(String, String),
    /// As a function's derivative: of which, of what, and what else it is given.
    Slope(String, String, Vec<String>),
}

/// A factor of a step.
#[derive(Clone, Debug)]
pub struct Factor {
    /// What it is called.
    pub called: Called,
    /// What it is.
    pub node: NodeId,
}

impl Factor {
    fn full(node: NodeId) -> Self {
        Self { called: Called::Full, node }
    }
}

/// What is known of a step besides that it is equal to the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// Nothing: it is equal to the one before wherever both are defined.
    #[default]
    Always,
    /// It is equal to the one before where the targets sum to 1.
    TargetsSumToOne,
}

/// One side of an equality: a sum of products.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Its terms, each a product of factors, entry by entry.
    pub terms: Vec<Vec<Factor>>,
    /// Where it is equal to the step before.
    pub holds: Holds,
    /// Why, in plain words; may be empty.
    pub note: String,
    /// What has been used and is to be said in words: a choice between two values.
    pub choice: Option<Factor>,
    /// What stands above and below in the step before.
    pub cancels: Option<NodeId>,
}

impl Step {
    fn product(factors: Vec<Factor>) -> Self {
        Self { terms: vec![factors], ..Self::default() }
    }

    fn full(node: NodeId) -> Self {
        Self::product(vec![Factor::full(node)])
    }

    fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// `name = step = step = ...`
#[derive(Clone, Debug)]
pub struct Chain {
    /// What it is about.
    pub name: String,
    /// The steps, each equal to the next.
    pub steps: Vec<Step>,
    /// The rules that were used on the way, as the passes have used them.
    pub rules: Vec<&'static str>,
}

/// What the cotangent of a value of a network is called.
#[must_use]
pub fn cotangent_name(value: &str) -> String {
    super::network::delta_name(value)
}

/// The rules of a log that others have not used as often.
fn rules_beyond(log: &Log, others: &[(&'static str, usize)]) -> Vec<&'static str> {
    let before = |name: &str| others.iter().filter(|(n, _)| *n == name).map(|(_, c)| *c).max().unwrap_or(0);
    log.fired.iter().filter(|(name, count)| *count > before(name)).map(|(name, _)| *name).collect()
}

/// The node with one node in the place of another.
fn with(g: &mut Graph, node: NodeId, from: NodeId, to: NodeId) -> NodeId {
    with_all(g, node, &[(from, to)])
}

/// The node with nodes in the places of others.
fn with_all(g: &mut Graph, node: NodeId, replaced: &[(NodeId, NodeId)]) -> NodeId {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in g.reachable(&[node]) {
        if let Some((_, to)) = replaced.iter().find(|(from, _)| *from == id) {
            map.insert(id, *to);
            continue;
        }
        let mut moved = false;
        g.node(id).each_child(|c| moved |= map.replaced(c) != c);
        if moved {
            let new = g.rebuilt(id, &|c| map.replaced(c));
            g.inherit_name(id, new);
            map.insert(id, new);
        }
    }
    map.replaced(node)
}

/// Whether a node is needed for another one, beyond those where looking stops.
fn needs(g: &Graph, root: NodeId, wanted: NodeId, stops: &[NodeId]) -> bool {
    let (mut stack, mut seen) = (vec![root], std::collections::BTreeSet::new());
    while let Some(id) = stack.pop() {
        if id == wanted {
            return true;
        }
        if !stops.contains(&id) && seen.insert(id) {
            stack.extend(g.node(id).children());
        }
    }
    false
}
