//! The reverse sweep of an objective as a reader does it by hand: every intermediate value has a name, a local
//! derivative by each value that it is made of, and a cotangent, `d_t1` for ∂f/∂t1.
//!
//! ```text
//! f = t1' * t1 / 2,  t1 = X * w - y        d_t1 = t1        ∂f/∂w = X' * d_t1
//! ```

use super::with_all;
use crate::diff;
use crate::ir::{Graph, NodeId, Number, Op, Tensor};
use crate::simplify;
use std::collections::{BTreeMap, BTreeSet};

/// A value this small is written again rather than named.
const SMALL: usize = 4;

/// Of larger formulas than this nothing is named: nobody reads them.
const LARGEST: usize = 4_000_000;

/// A value with a name.
pub type Named = (String, NodeId);

/// What an intermediate value is made of, with the derivative by it.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The name of what it is made of.
    pub by: String,
    /// The derivative by it: the Jacobian, or entry by entry; none where neither has a short form.
    pub local: Option<Local>,
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
}

/// Gives names to what several of the formulas share, and says all values with a name that they are made of,
/// children first.
///
/// Without `new_names` it is those alone that have one.
pub fn named_parts(g: &mut Graph, roots: &[NodeId], new_names: bool) -> Vec<Named> {
    let all = g.reachable(roots);
    if new_names && all.len().saturating_mul(roots.len()) <= LARGEST {
        let mut formulas: BTreeMap<NodeId, u32> = BTreeMap::new();
        for &root in roots {
            for id in g.reachable(&[root]) {
                *formulas.entry(id).or_default() += 1;
            }
        }
        let uses = g.uses(roots);
        let mut sizes: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut chosen = BTreeSet::new();
        for &id in &all {
            let mut size = 1usize;
            g.node(id).each_child(|c| size = size.saturating_add(sizes.get(&c).copied().unwrap_or(1)));
            let is_shared =
                formulas.get(&id).is_some_and(|n| *n > 1) && uses.get(id.0 as usize).is_some_and(|n| *n > 1);
            let named = g.name(id).is_some();
            if !named && is_shared && size >= SMALL && id != roots[0] && is_worth_a_name(g, id) {
                chosen.insert(id);
            }
            sizes.insert(id, if named || chosen.contains(&id) { 1 } else { size });
        }
        // Numbered in the order in which a reader meets them.
        let mut number = 0;
        for &root in roots {
            for id in g.reachable(&[root]) {
                if chosen.remove(&id) {
                    let name = loop {
                        number += 1;
                        let name = format!("t{number}");
                        if !g.names().any(|known| known == name) {
                            break name;
                        }
                    };
                    g.set_name(id, &name);
                }
            }
        }
    }
    let is_value = |id: &NodeId| !matches!(g.op(*id), Op::Input(_)) && roots.first() != Some(id);
    all.into_iter().filter(is_value).filter_map(|id| g.name(id).map(|name| (name.to_owned(), id))).collect()
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
    let mut shares: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (name, node, k) in values {
        let others: Vec<(NodeId, NodeId)> = replaced.iter().filter(|(n, _)| *n != node).copied().collect();
        let formula = with_all(&mut g, node, &others);
        let cotangent_name = free(&g, &format!("d_{name}"));
        let (cotangent, seed) = match k {
            None => {
                let one = g.number(Number::ONE);
                (one, one)
            }
            Some(k) => {
                let parts = shares.remove(&inputs[k]).unwrap_or_default();
                let cotangent = added(&mut g, inputs[k], &parts);
                let shape = g.shape(node).to_vec();
                let input = g.input(&cotangent_name, &shape);
                stands_for.push((input, cotangent));
                (cotangent, input)
            }
        };
        let inside = g.reachable(&[formula]);
        let own: Vec<(String, NodeId)> =
            targets.iter().filter(|(_, x)| inside.contains(x)).cloned().collect();
        let by: Vec<NodeId> = own.iter().map(|(_, x)| *x).collect();
        let back = diff::pullback(&mut g, &[(formula, seed)], &by, &|_, _| None);
        let (back, _) = simplify::simplify(&mut g, &back);
        let mut passed = Vec::new();
        for ((by, x), share) in own.into_iter().zip(back) {
            let local = local(&mut g, formula, x, seed, share);
            shares.entry(x).or_default().push(share);
            passed.push(Passed { by, local, share });
        }
        rows.push(Intermediate { name, formula, passed, cotangent_name, cotangent });
    }
    let gradient = wrt
        .iter()
        .map(|(_, x)| {
            let parts = shares.remove(x).unwrap_or_default();
            added(&mut g, *x, &parts)
        })
        .collect();
    Sweep { graph: g, stands_for, values: rows, gradient }
}

/// A name that nothing has.
fn free(g: &Graph, name: &str) -> String {
    let mut name = name.to_owned();
    while g.names().any(|known| known == name) {
        name.push('_');
    }
    name
}

/// The sum of shares of the cotangent of `x`.
fn added(g: &mut Graph, x: NodeId, parts: &[NodeId]) -> NodeId {
    let axes = g.whole(x).indices;
    let terms: Vec<_> = parts.iter().map(|&p| (Number::ONE, Tensor::new(p, axes.clone()))).collect();
    let sum = if terms.is_empty() { g.fill(Number::ZERO, &axes) } else { g.sum_as(&terms, &axes) };
    simplify::simplify(g, &[sum]).0[0]
}

/// The derivative of a formula by one of its values, where it has a short form. `share` is what `seed` makes of it.
fn local(g: &mut Graph, formula: NodeId, x: NodeId, seed: NodeId, share: NodeId) -> Option<Local> {
    if g.shape(formula) == g.shape(x) {
        let axes = g.whole(formula).indices;
        let ones = g.fill(Number::ONE, &axes);
        let slope = diff::pullback(g, &[(formula, ones)], &[x], &|_, _| None);
        let product = |g: &mut Graph, slope: NodeId| {
            let factors = [seed, slope].map(|n| (Tensor::new(n, axes.clone()), Number::ONE));
            g.contract(Number::ONE, &factors, &axes)
        };
        let (slope, _) = simplify::simplify(g, &slope);
        let whole = product(g, slope[0]);
        let (whole, _) = simplify::simplify(g, &[whole]);
        if whole[0] == share {
            return Some(Local::ByEntry(slope[0]));
        }
    }
    if g.rank(formula) + g.rank(x) > 2 {
        return None;
    }
    let jacobian = diff::jacobian(g, formula, &[x]);
    let (jacobian, _) = simplify::simplify(g, &jacobian);
    Some(Local::Jacobian(jacobian[0]))
}
