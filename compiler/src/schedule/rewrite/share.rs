//! Work that several nodes have in common, done once.
//!
//! Derivations are printed before this pass, so it may take forms that nobody would write on paper. What it
//! does keeps every value, tails and infinities included, within a few units in the last place:
//!
//! - functions that guard against 0·log 0 and 0/0 are plain products and quotients where [`bounds`](crate::ir::bounds) exclude
//!   that;
//! - a logarithm that is wanted with and without such a guard is taken once;
//! - a sigmoid whose exponential is there is 1/(1 + e⁻ᵘ) of it: 2 units in the last place, 2.5 above that
//!   exponential;
//! - scalars divided by the same scalar are multiplied by its reciprocal, where that cannot overflow: one
//!   rounding more.

use super::by_rule;
use crate::ir::{Factor, Graph, Index, NodeId, Number, Op, Operand, Tensor};
use crate::ops::ElementOp;
use crate::ops::interval::Interval;
use crate::syntax::ast::CompareOp;
use std::collections::{BTreeMap, BTreeSet};

/// The roots of a graph in which this work is shared.
pub(super) fn shared(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut names = Reciprocals { next: 1 };
    let roots = unguarded(g, roots);
    let roots = logarithms(g, &roots);
    let roots = exponentials(g, &roots, &mut names);
    reciprocals(g, &roots, &mut names)
}

/// The function and its arguments, where the node is one of an element-wise function.
fn call(g: &Graph, id: NodeId) -> Option<(&'static str, &[Operand])> {
    match g.op(id) {
        Op::Map { function, args } => Some((function.name(), args)),
        _ => None,
    }
}

/// The function, its arguments and the node's indices.
fn call_of_tensors(g: &mut Graph, id: NodeId) -> Option<(&'static str, Vec<Tensor>, Vec<Index>)> {
    let locals = g.locals(id);
    let (function, args) = call(g, id)?;
    Some((function, args.iter().map(|o| g.tensor(o, &locals)).collect(), locals))
}

/// Products and quotients without a guard where none is needed.
fn unguarded(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let is = |g: &Graph, id, what: fn(&ElementOp) -> bool| matches!(g.op(id), Op::Map { function, .. } if what(function.spec()));
    let guarded = |op: &ElementOp| op.unguarded.is_some();
    let hypot = |op: &ElementOp| op.name == "hypot";
    let mut roots = roots.to_vec();
    if g.reachable(&roots).into_iter().any(|id| is(g, id, guarded)) {
        roots = by_rule(g, &roots, |g, _, id, _| {
            let Op::Map { function, .. } = *g.op(id) else { return None };
            let unguarded = function.spec().unguarded.as_ref()?;
            let (_, args, locals) = call_of_tensors(g, id)?;
            let ranges: Vec<Interval> = args.iter().map(|t| g.interval(t.node)).collect();
            if !(unguarded.holds)(&ranges) {
                return None;
            }
            let plain = g.row(unguarded.plain, &args, None);
            Some(g.tensor_as(&plain, &locals))
        });
    }
    if g.reachable(&roots).into_iter().any(|id| is(g, id, hypot)) {
        // One node, whichever of the sides comes first; a constant goes last.
        roots = by_rule(g, &roots, |g, _, id, _| {
            let (_, mut sides, locals) = call_of_tensors(g, id).filter(|(f, ..)| *f == "hypot")?;
            sides.sort_by_key(|t| (g.as_constant(t.node).is_some(), t.node));
            let hypot = g.call("hypot", &sides);
            Some(g.tensor_as(&hypot, &locals))
        });
    }
    roots
}

/// `xlogy(c, u)` as a choice over `c · log u` wherever several nodes want that logarithm, so that it is taken
/// once.
fn logarithms(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let logarithm = |g: &Graph, id: NodeId| -> Option<(&'static str, NodeId)> {
        match call(g, id)? {
            ("log", args) => Some(("log", args[0].node)),
            ("log1p", args) => Some(("log1p", args[0].node)),
            ("xlogy", args) => Some(("log", args[1].node)),
            ("xlog1py", args) => Some(("log1p", args[1].node)),
            _ => None,
        }
    };
    let mut wanted: BTreeMap<(&'static str, NodeId), usize> = BTreeMap::new();
    for key in g.reachable(roots).iter().filter_map(|&id| logarithm(g, id)) {
        *wanted.entry(key).or_default() += 1;
    }
    if wanted.values().all(|n| *n < 2) {
        return roots.to_vec();
    }
    by_rule(g, roots, |g, old, id, _| {
        let (log, _) = logarithm(g, old).filter(|key| wanted.get(key).is_some_and(|n| *n > 1))?;
        let (_, args, locals) = call_of_tensors(g, id)?;
        let [c, u] = args.as_slice() else { return None };
        let log = g.call(log, std::slice::from_ref(u));
        let product = g.multiply(&[c.clone(), log]);
        let zero = g.constant(Number::ZERO);
        Some(g.select_as(CompareOp::Equal, c, &zero, &zero, &product, &locals))
    })
}

/// A sum of multiples of nodes, by which arguments are compared that are written differently.
type Linear = BTreeMap<(NodeId, Vec<u8>), Number>;

/// Arguments of more terms are not taken apart, nor are sums deeper inside than this.
const TERMS: usize = 12;
const DEPTH: usize = 3;

/// The terms of an operand; one that would have too many is one term.
fn linear(g: &Graph, operand: &Operand) -> Linear {
    fn add(g: &Graph, o: &Operand, coeff: Number, depth: usize, all: &mut Linear) {
        let through = |inner: &Operand| Operand {
            node: inner.node,
            axes: inner.axes.iter().map(|&a| o.axes[a as usize]).collect(),
        };
        match g.op(o.node) {
            Op::Sum(terms) if depth > 0 && terms.len() <= TERMS => {
                for t in terms {
                    add(g, &through(&t.operand), coeff.mul(t.coeff), depth - 1, all);
                }
            }
            Op::Product { coeff: c, factors, bound } if depth > 0 && bound.is_empty() => {
                match factors.as_slice() {
                    [f] if f.power.is_one() => add(g, &through(&f.operand), coeff.mul(*c), depth - 1, all),
                    // A constant is no part of what is multiplied by it, and only one that is on its own is a
                    // term.
                    _ => insert(all, o, coeff),
                }
            }
            _ => insert(all, o, coeff),
        }
    }
    fn insert(all: &mut Linear, o: &Operand, coeff: Number) {
        let sum = all.entry((o.node, o.axes.clone())).or_insert(Number::ZERO);
        *sum = sum.add(coeff);
    }
    let mut all = Linear::new();
    add(g, operand, Number::ONE, DEPTH, &mut all);
    all.retain(|_, c| !c.is_zero());
    all
}

/// Exponentials and sigmoids of one argument, up to its sign.
struct Family {
    /// The argument, of the exponential or sigmoid that comes first.
    argument: NodeId,
    /// Whether e^u is there, and e^−u.
    exponentials: [bool; 2],
    sigmoid: bool,
}

/// Sigmoids by an exponential that is there anyway.
fn exponentials(g: &mut Graph, roots: &[NodeId], names: &mut Reciprocals) -> Vec<NodeId> {
    let mut families: Vec<Family> = Vec::new();
    let mut by_argument: BTreeMap<(usize, Linear), usize> = BTreeMap::new();
    // For each function: its family, and whether its argument is the other's negative.
    let mut members: BTreeMap<NodeId, (usize, bool)> = BTreeMap::new();
    for id in g.reachable(roots) {
        let Some((function @ ("exp" | "sigmoid"), [argument])) = call(g, id) else { continue };
        let terms = linear(g, argument);
        let opposite = terms.iter().map(|(k, c)| (k.clone(), c.neg())).collect();
        let (terms, opposite) = ((g.rank(id), terms), (g.rank(id), opposite));
        let (family, negative) = match (by_argument.get(&terms), by_argument.get(&opposite)) {
            (Some(&family), _) => (family, false),
            (None, Some(&family)) => (family, true),
            (None, None) => {
                families.push(Family { argument: argument.node, exponentials: [false; 2], sigmoid: false });
                by_argument.insert(terms, families.len() - 1);
                (families.len() - 1, false)
            }
        };
        match function {
            "exp" => families[family].exponentials[usize::from(negative)] = true,
            _ => families[family].sigmoid = true,
        }
        members.insert(id, (family, negative));
    }
    let both = |f: &Family| f.sigmoid && f.exponentials != [false; 2];
    if !families.iter().any(both) {
        return roots.to_vec();
    }
    by_rule(g, roots, |g, old, id, map| {
        let (family, negative) = members.get(&old).map(|&(k, negative)| (&families[k], negative))?;
        if !both(family) {
            return None;
        }
        let (function, _) = call(g, id)?;
        let locals = g.locals(id);
        let u = Tensor::new(map.replaced(family.argument), locals.clone());
        let exponential = |g: &mut Graph, negative: bool| {
            let u = if negative { g.negate(&u) } else { u.clone() };
            g.call("exp", &[u])
        };
        if function == "exp" {
            return Some(exponential(g, negative).node);
        }
        let (one, of_opposite) = (g.constant(Number::ONE), family.exponentials[usize::from(!negative)]);
        let e = exponential(g, if of_opposite { !negative } else { negative });
        let above = g.sum(&[(Number::ONE, one.clone()), (Number::ONE, e.clone())]);
        let inverse = names.of(g, &above);
        if of_opposite {
            return Some(inverse.node);
        }
        // e^u may be infinite.
        let large = g.sum(&[(Number::ONE, one.clone()), (Number::MINUS_ONE, inverse.clone())]);
        let small = g.multiply(&[e.clone(), inverse]);
        Some(g.select_as(CompareOp::Greater, &e, &one, &large, &small, &locals))
    })
}

/// Names for reciprocals: one that has a name is not merged into the products that use it.
struct Reciprocals {
    next: usize,
}

impl Reciprocals {
    /// 1/x by a name of its own.
    fn of(&mut self, g: &mut Graph, x: &Tensor) -> Tensor {
        let inverse = g.power(x, Number::MINUS_ONE);
        if g.name(inverse.node).is_none() {
            g.set_name(inverse.node, &format!("inverse{}", self.next));
            self.next += 1;
        }
        inverse
    }
}

/// Scalars by which scalars are divided more than once: the operands of products with a negative whole power.
fn reciprocals(g: &mut Graph, roots: &[NodeId], names: &mut Reciprocals) -> Vec<NodeId> {
    let divisors = |g: &Graph, id: NodeId| -> Vec<NodeId> {
        match g.op(id) {
            Op::Product { factors, .. } if g.rank(id) == 0 => {
                let below = factors.iter().filter(|f| f.power.as_int().is_some_and(|n| n < 0));
                below.filter(|f| f.operand.axes.is_empty()).map(|f| f.operand.node).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut quotients: BTreeMap<NodeId, usize> = BTreeMap::new();
    for divisor in g.reachable(roots).into_iter().flat_map(|id| divisors(g, id)) {
        *quotients.entry(divisor).or_default() += 1;
    }
    let shared: BTreeSet<NodeId> = quotients
        .into_iter()
        .filter(|&(x, n)| n > 1 && g.interval(x).excludes_zero())
        .map(|(x, _)| x)
        .collect();
    if shared.is_empty() {
        return roots.to_vec();
    }
    let mut inverses: BTreeMap<NodeId, Tensor> = BTreeMap::new();
    by_rule(g, roots, |g, old, id, _| {
        if shared.contains(&old) {
            let inverse = names.of(g, &Tensor::new(id, Vec::new()));
            inverses.insert(id, inverse);
        }
        let Op::Product { coeff, factors, bound } = g.op(id).clone() else { return None };
        let below = |f: &Factor| f.power.as_int().is_some_and(|n| n < 0);
        let replaced = |f: &Factor| inverses.get(&f.operand.node).filter(|x| below(f) && x.node != id);
        if g.rank(id) > 0 || !factors.iter().any(|f| replaced(f).is_some()) {
            return None;
        }
        let locals = g.locals(id);
        let factors: Vec<(Tensor, Number)> = factors
            .iter()
            .map(|f| match replaced(f) {
                Some(inverse) => (inverse.clone(), f.power.neg()),
                None => (g.tensor(&f.operand, &locals), f.power),
            })
            .collect();
        debug_assert_eq!(bound.len(), locals.len(), "a scalar");
        Some(g.contract_over(coeff, &factors, &[], &locals))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Evaluator, Sizes};
    use crate::lower::objective::{self, Wanted};
    use crate::source::SourceId;
    use crate::syntax::parse;

    /// The graph of a formula over scalars x and y, simplified; and the formula.
    fn graph(text: &str) -> (Graph, NodeId) {
        let program = parse::program(text, SourceId::Expression).unwrap_or_else(|e| panic!("{text}: {e}"));
        let variables =
            parse::declarations("x: scalar, y: scalar", SourceId::Declarations).expect("declarations");
        let lowered = objective::lower(text, &program, &[], &variables, &[], Wanted::Scalar)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        let mut g = lowered.graph;
        let (roots, _) = crate::simplify::simplify(&mut g, &[lowered.value]);
        (g, roots[0])
    }

    fn calls(g: &Graph, root: NodeId) -> Vec<&'static str> {
        g.reachable(&[root]).into_iter().filter_map(|id| call(g, id).map(|(name, _)| name)).collect()
    }

    fn divisions(g: &Graph, root: NodeId) -> usize {
        let below = |id: &NodeId| match g.op(*id) {
            Op::Product { factors, .. } => factors.iter().any(|f| f.power.is_negative()),
            _ => false,
        };
        g.reachable(&[root]).iter().filter(|id| below(id)).count()
    }

    /// The shared form; both are equal at moderate points and at extreme ones.
    fn shared_form(text: &str) -> (Graph, NodeId) {
        let (g, root) = graph(text);
        let mut after = g.clone();
        let new = shared(&mut after, &[root])[0];
        for x in [-800.0, -40.0, -1.5, 0.0, 0.3, 2.0, 40.0, 705.0, 800.0] {
            for y in [-3.0, 0.0, 0.7, 1e200] {
                let inputs = [vec![x], vec![y]];
                let [want, got] = [(&g, root), (&after, new)]
                    .map(|(g, root)| Evaluator::new(g, &inputs, &Sizes::new()).scalar(root));
                let close = (got - want).abs() <= 1e-13 * want.abs();
                assert!(
                    close || got == want || got.is_nan() && want.is_nan(),
                    "{text} at {x}, {y}: {got}, not {want}"
                );
            }
        }
        (after, new)
    }

    #[test]
    fn a_sigmoid_is_made_of_the_exponential_that_is_there() {
        for text in [
            "exp(x - y) + sigmoid(x - y)",
            "exp(x - y) + sigmoid(y - x)",
            "exp(0.1*(x - y)) + sigmoid(0.1*x - 0.1*y)*sigmoid(0.1*y - 0.1*x)",
            "exp(-x) + sigmoid(x)*sigmoid(-x)",
        ] {
            let (g, root) = shared_form(text);
            assert_eq!(calls(&g, root), ["exp"], "{text}");
            assert_eq!(divisions(&g, root), 1, "{text}");
        }
        let (g, root) = shared_form("exp(x) + exp(-x) + sigmoid(x)");
        assert_eq!(calls(&g, root), ["exp", "exp"]);
        let (g, root) = shared_form("exp(x - y) + sigmoid(x + y)");
        assert_eq!(calls(&g, root), ["exp", "sigmoid"]);
    }

    #[test]
    fn one_division_by_what_is_not_0() {
        let (g, root) = shared_form("sin(x/(1 + y^2)) + cos(y/(1 + y^2)) + (2 + sin(x))/(1 + y^2)^2");
        assert_eq!(divisions(&g, root), 1);
        // 1/y may overflow where x/y does not.
        let (g, root) = shared_form("sin(x/y) + cos(2/y)");
        assert_eq!(divisions(&g, root), 2);
    }

    #[test]
    fn guards_only_where_they_are_needed() {
        let (g, root) = shared_form("x*log(2 + sin(y))");
        assert_eq!(calls(&g, root), ["sin", "log"]);
        let (g, root) = shared_form("x*log(1 + y^2)");
        assert_eq!(calls(&g, root), ["xlog1py"]);
    }
}
