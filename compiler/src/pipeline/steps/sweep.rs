//! The reverse sweep of an objective as a reader does it by hand: every intermediate value has a name, a local
//! derivative by each value that it is made of, and a cotangent, `d_t1` for ∂f/∂t1.
//!
//! ```text
//! f = t1' * t1 / 2,  t1 = X * w - y        d_t1 = t1        ∂f/∂w = X' * d_t1
//! ```

use super::{Named, with_all};
use crate::diff;
use crate::ir::{Graph, NodeId, Number, Tensor};
use crate::simplify::{self, Log};
use std::collections::BTreeMap;

/// What an intermediate value is made of, with the derivative by it.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The name of what it is made of.
    pub by: String,
    /// The derivative by it: the Jacobian, or entry by entry; none where neither has a short form.
    pub local: Option<Local>,
    /// The rules that were used for what is shown of it.
    pub rules: Vec<&'static str>,
    /// What it hands back to it: its share in that cotangent.
    pub share: NodeId,
}

/// A local derivative.
#[derive(Clone, Copy, Debug)]
pub enum Local {
    /// All derivatives of entries by entries.
    Jacobian(NodeId),
    /// The derivative of each entry by the one at its place, the only one that it depends on.
    ByEntry(NodeId),
}

/// An intermediate value, or the objective itself.
#[derive(Clone, Debug)]
pub struct Intermediate {
    /// Its name.
    pub name: String,
    /// What it is, written with the names of what it is made of.
    pub formula: NodeId,
    /// What it is made of.
    pub passed: Vec<Passed>,
    /// The name of its cotangent.
    pub cotangent_name: String,
    /// Its cotangent, written with those of what is made of it.
    pub cotangent: NodeId,
    /// The rules that were used to add it up.
    pub rules: Vec<&'static str>,
}

/// A reverse sweep.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The graph of all.
    pub graph: Graph,
    /// Inputs that stand for nodes; each of these needs those before it alone.
    pub stands_for: Vec<(NodeId, NodeId)>,
    /// From the objective back.
    pub values: Vec<Intermediate>,
    /// The gradient by each variable, written with cotangents.
    pub gradient: Vec<NodeId>,
    /// The rules that were used to add up each of these.
    pub rules: Vec<Vec<&'static str>>,
    /// The cotangents that are nodes of the graph that was swept.
    pub cotangents: Vec<Named>,
}

/// The sweep of `value` back to the variables, through the named values that depend on any of them.
#[must_use]
pub fn sweep(graph: &Graph, value: NodeId, wrt: &[Named], names: &[Named]) -> Sweep {
    let mut g = graph.clone();
    let of_value = g.reachable(&[value]);
    let by: Vec<NodeId> = wrt.iter().map(|(_, node)| *node).collect();
    let is_active = |g: &Graph, id: NodeId| g.reachable(&[id]).iter().any(|n| by.contains(n));
    let through: Vec<Named> = names
        .iter()
        .filter(|(_, id)| *id != value && of_value.contains(id) && is_active(&g, *id))
        .cloned()
        .collect();
    let mut stands_for = Vec::new();
    // An input for each value, and its formula with those of the others.
    let inputs: Vec<NodeId> = through
        .iter()
        .map(|(name, node)| {
            let shape = g.shape(*node).to_vec();
            let input = g.input(name, &shape);
            stands_for.push((input, *node));
            input
        })
        .collect();
    let replaced: Vec<(NodeId, NodeId)> =
        through.iter().map(|(_, n)| *n).zip(inputs.iter().copied()).collect();
    let mut values: Vec<(String, NodeId, Option<usize>)> = vec![("f".to_owned(), value, None)];
    values.extend(through.iter().enumerate().rev().map(|(k, (name, node))| (name.clone(), *node, Some(k))));
    let targets: Vec<(String, NodeId)> = through
        .iter()
        .zip(&inputs)
        .map(|((name, _), input)| (name.clone(), *input))
        .chain(wrt.iter().cloned())
        .collect();
    let mut shares: BTreeMap<NodeId, Vec<Share>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (name, node, k) in values {
        let others: Vec<(NodeId, NodeId)> = replaced.iter().filter(|(n, _)| *n != node).copied().collect();
        let formula = with_all(&mut g, node, &others);
        let cotangent_name = free(&g, &format!("d_{name}"));
        let (cotangent, seed, rules) = match k {
            None => {
                let one = g.number(Number::ONE);
                (one, one, Vec::new())
            }
            Some(k) => {
                let parts = shares.remove(&inputs[k]).unwrap_or_default();
                let (cotangent, rules) = added(&mut g, inputs[k], &parts);
                let shape = g.shape(node).to_vec();
                let input = g.input(&cotangent_name, &shape);
                stands_for.push((input, cotangent));
                (cotangent, input, rules)
            }
        };
        let inside = g.reachable(&[formula]);
        let own: Vec<(String, NodeId)> =
            targets.iter().filter(|(_, x)| inside.contains(x)).cloned().collect();
        let by: Vec<NodeId> = own.iter().map(|(_, x)| *x).collect();
        let back = diff::pullback(&mut g, &[(formula, seed)], &by, &|_, _| None);
        let (back, log) = simplify::simplify(&mut g, &back);
        let mut passed = Vec::new();
        for (k, ((by, x), share)) in own.into_iter().zip(back).enumerate() {
            let used = used_for(&g, &log, k);
            let local = local(&mut g, formula, x, seed, share);
            // What is said of it is the share itself where there is no shorter form.
            let (local, rules) = local.map_or((None, used.clone()), |(local, rules)| (Some(local), rules));
            let rest = used.into_iter().filter(|rule| !rules.contains(rule)).collect();
            shares.entry(x).or_default().push(Share { node: share, rules: rest });
            passed.push(Passed { by, local, rules, share });
        }
        rows.push(Intermediate { name, formula, passed, cotangent_name, cotangent, rules });
    }
    let added = wrt.iter().map(|(_, x)| added(&mut g, *x, &shares.remove(x).unwrap_or_default()));
    let (gradient, rules) = added.unzip();
    let cotangents = known(&mut g, &rows, &stands_for, graph.len());
    Sweep { graph: g, stands_for, values: rows, gradient, rules, cotangents }
}

/// What a value hands back.
struct Share {
    node: NodeId,
    /// The rules that were used for it and not shown beside its local derivative.
    rules: Vec<&'static str>,
}

/// The rules that a run used for one of its roots, each once.
fn used_for(g: &Graph, log: &Log, root: usize) -> Vec<&'static str> {
    let mut rules = Vec::new();
    for used in log.uses(g, root) {
        if !rules.contains(&used.rule) {
            rules.push(used.rule);
        }
    }
    rules
}

/// The cotangents that, written without names, are among the first nodes of the graph, so many as there were before the
/// sweep. Of several that are one value, the first.
fn known(g: &mut Graph, rows: &[Intermediate], stands_for: &[(NodeId, NodeId)], before: usize) -> Vec<Named> {
    let mut known: Vec<Named> = Vec::new();
    let mut in_full: Vec<(NodeId, NodeId)> = Vec::new();
    for &(input, node) in stands_for {
        let full = with_all(g, node, &in_full);
        let (full, _) = simplify::simplify(g, &[full]);
        in_full.push((input, full[0]));
        let row = rows.iter().find(|row| row.cotangent == node);
        if let Some(row) =
            row.filter(|_| (full[0].0 as usize) < before && known.iter().all(|(_, id)| *id != full[0]))
        {
            known.push((row.cotangent_name.clone(), full[0]));
        }
    }
    known
}

/// A name that nothing has.
fn free(g: &Graph, name: &str) -> String {
    let mut name = name.to_owned();
    while g.names().any(|known| known == name) {
        name.push('_');
    }
    name
}

/// The sum of shares of the cotangent of `x`, and the rules that were used for it.
fn added(g: &mut Graph, x: NodeId, parts: &[Share]) -> (NodeId, Vec<&'static str>) {
    let axes = g.whole(x).indices;
    let terms: Vec<_> = parts.iter().map(|p| (Number::ONE, Tensor::new(p.node, axes.clone()))).collect();
    let sum = if terms.is_empty() { g.fill(Number::ZERO, &axes) } else { g.sum_as(&terms, &axes) };
    let (sum, log) = simplify::simplify(g, &[sum]);
    let mut all = used_for(g, &log, 0);
    for rule in parts.iter().flat_map(|part| &part.rules) {
        if !all.contains(rule) {
            all.push(rule);
        }
    }
    (sum[0], all)
}

/// The derivative of a formula by one of its values, where it has a short form, and the rules that were used for it. `share`
/// is what `seed` makes of it.
fn local(
    g: &mut Graph,
    formula: NodeId,
    x: NodeId,
    seed: NodeId,
    share: NodeId,
) -> Option<(Local, Vec<&'static str>)> {
    if g.shape(formula) == g.shape(x) {
        let axes = g.whole(formula).indices;
        let ones = g.fill(Number::ONE, &axes);
        let slope = diff::pullback(g, &[(formula, ones)], &[x], &|_, _| None);
        let product = |g: &mut Graph, slope: NodeId| {
            let factors = [seed, slope].map(|n| (Tensor::new(n, axes.clone()), Number::ONE));
            g.contract(Number::ONE, &factors, &axes)
        };
        let (slope, log) = simplify::simplify(g, &slope);
        let rules = used_for(g, &log, 0);
        let whole = product(g, slope[0]);
        let (whole, _) = simplify::simplify(g, &[whole]);
        if whole[0] == share {
            return Some((Local::ByEntry(slope[0]), rules));
        }
    }
    if g.rank(formula) + g.rank(x) > 2 {
        return None;
    }
    let jacobian = diff::jacobian(g, formula, &[x]);
    let (jacobian, log) = simplify::simplify(g, &jacobian);
    Some((Local::Jacobian(jacobian[0]), used_for(g, &log, 0)))
}
