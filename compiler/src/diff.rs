//! Differentiation: one reverse sweep over the graph.
//!
//! Every node's cotangent has the node's own axes. A contribution to an operand is a contraction over all of
//! the user's indices that the operand lacks, so broadcasting, transposes, traces and diagonals need no rule
//! of their own. Rules of element-wise functions are rows of [`crate::ops::elementwise`]; the structural ones
//! are here, one per kind. Conventions at kinks are those of the language: where `max` ties, equal shares; a
//! norm has derivative 0 at 0.

mod factors;
mod taken;

use crate::ir::build::indices_of;
use crate::ir::verify::debug_verify;
use crate::ir::{
    AxisFn, Cofactors, Extent, Factor, Finite, Graph, Index, Node, NodeId, Number, Op, Operand, Tensor,
};
use crate::syntax::ast::CompareOp;
use factors::Factors;
use std::collections::BTreeMap;
use taken::Share;

/// The derivatives of the scalar `of` by each node of `wrt`: same shape as that node, zeros where `of` does
/// not depend on it.
pub fn gradient(g: &mut Graph, of: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    let one = g.number(Number::ONE);
    pullback(g, &[(of, one)], wrt, &|_, _| None)
}

/// The cotangents of `wrt` when the nodes of `seeds` have the cotangents given with them.
///
/// `name` may name the cotangent of a node (`delta2` for that of `z2`); a named one keeps its place in the
/// code.
pub fn pullback(
    g: &mut Graph,
    seeds: &[(NodeId, NodeId)],
    wrt: &[NodeId],
    name: &dyn Fn(&Graph, NodeId) -> Option<String>,
) -> Vec<NodeId> {
    sweep(g, seeds, wrt, &[], name)
}

/// The Jacobian of a tensor: for each node of `wrt`, the derivative of every entry of `of` by every entry of
/// it, with the axes of `of` first. The cotangents of the sweep carry the axes of `of` along.
pub fn jacobian(g: &mut Graph, of: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    let rows = g.whole(of).indices;
    let columns = g.whole(of).indices;
    let deltas: Vec<(Tensor, Number)> = rows
        .iter()
        .zip(&columns)
        .map(|(&r, &c)| {
            let extent = g.extents.of(r);
            (Tensor::new(g.delta(extent), vec![r, c]), Number::ONE)
        })
        .collect();
    let out: Vec<Index> = rows.iter().chain(&columns).copied().collect();
    let identity = g.contract(Number::ONE, &deltas, &out);
    sweep(g, &[(of, identity)], wrt, &rows, &|_, _| None)
}

/// One sweep; every cotangent has the axes `extra` before those of its node.
fn sweep(
    g: &mut Graph,
    seeds: &[(NodeId, NodeId)],
    wrt: &[NodeId],
    extra: &[Index],
    name: &dyn Fn(&Graph, NodeId) -> Option<String>,
) -> Vec<NodeId> {
    let roots: Vec<NodeId> = seeds.iter().map(|(n, _)| *n).collect();
    let order = g.reachable(&roots);
    let active = active_nodes(g, &order, wrt);
    let always = taken::always_read(g, &order, &roots);
    let mut sweep = Sweep { active, always, extra: extra.to_vec(), ..Sweep::default() };
    for (node, ct) in seeds {
        sweep.contributions.entry(*node).or_default().push(Share { ct: *ct, taken: None });
    }
    let mut found: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for &id in order.iter().rev() {
        let Some(parts) = sweep.contributions.remove(&id) else { continue };
        let taken = if sweep.is_always_read(id) { None } else { taken::together(g, id, &parts) };
        let ct = add_up(g, id, &parts, extra);
        if g.is_zero(ct) {
            continue;
        }
        if let Some(name) = name(g, id) {
            g.set_name(ct, &name);
        }
        if wrt.contains(&id) {
            found.insert(id, ct);
        }
        sweep.propagate(g, id, &Share { ct, taken });
    }
    let cotangent = |id: &NodeId| match found.get(id) {
        Some(ct) => *ct,
        None => {
            let axes: Vec<Index> = extra.iter().copied().chain(g.whole(*id).indices).collect();
            g.fill(Number::ZERO, &axes)
        }
    };
    let cotangents: Vec<NodeId> = wrt.iter().map(cotangent).collect();
    debug_verify(g, &cotangents);
    cotangents
}

/// Whether each node depends on one of `wrt`.
fn active_nodes(g: &Graph, order: &[NodeId], wrt: &[NodeId]) -> Vec<bool> {
    let mut active = vec![false; g.len()];
    for &id in order {
        active[id.0 as usize] =
            wrt.contains(&id) || g.node(id).children().iter().any(|c| active[c.0 as usize]);
    }
    active
}

fn add_up(g: &mut Graph, id: NodeId, parts: &[Share], extra: &[Index]) -> NodeId {
    if let [only] = parts {
        return only.ct;
    }
    let axes: Vec<Index> = extra.iter().copied().chain(g.whole(id).indices).collect();
    let parts: Vec<Tensor> = parts.iter().map(|p| Tensor::new(p.ct, axes.clone())).collect();
    if let Some(chosen) = taken::one_choice(g, &parts, &axes) {
        return chosen;
    }
    let terms: Vec<_> = parts.into_iter().map(|t| (Number::ONE, t)).collect();
    g.sum_as(&terms, &axes)
}

#[derive(Default)]
struct Sweep {
    contributions: BTreeMap<NodeId, Vec<Share>>,
    active: Vec<bool>,
    /// Whether a node is read whatever choices take.
    always: Vec<bool>,
    /// Axes that every cotangent has before those of its node.
    extra: Vec<Index>,
    /// Of the node at hand: its cotangent, and how often its entries are read by what choices have taken.
    ct: Option<Tensor>,
    taken: Option<Tensor>,
    finite: Finite,
}

impl Sweep {
    fn wants(&self, id: NodeId) -> bool {
        self.active.get(id.0 as usize).copied().unwrap_or(false)
    }

    /// Adds `coeff · Σ Π factors` to the cotangent of `operand`, where `locals` are the indices of its user.
    fn give(
        &mut self,
        g: &mut Graph,
        operand: &Operand,
        locals: &[Index],
        coeff: Number,
        factors: &[(Tensor, Number)],
    ) {
        if !self.wants(operand.node) {
            return;
        }
        // Of cotangents that are there by several choices each keeps to its own.
        if let Some(apart) = self.apart(g, factors) {
            for factors in apart {
                self.give_one(g, operand, locals, coeff, &factors);
            }
            return;
        }
        let kept =
            |i: &Index| self.extra.contains(i) || operand.axes.iter().any(|&a| locals[a as usize] == *i);
        let summed = !factors.iter().flat_map(|(t, _)| &t.indices).all(kept);
        let factors = self.safe(g, factors, summed);
        self.give_one(g, operand, locals, coeff, &factors);
    }

    fn give_one(
        &mut self,
        g: &mut Graph,
        operand: &Operand,
        locals: &[Index],
        coeff: Number,
        factors: &[(Tensor, Number)],
    ) {
        let mut factors = factors.to_vec();
        let taken = self.taken_of(g, operand, locals);
        let mut out: Vec<Index> = self.extra.clone();
        for &a in &operand.axes {
            let index = locals[a as usize];
            if out.contains(&index) {
                // A diagonal was taken: its cotangent lies on the diagonal.
                let extent = g.extents.of(index);
                let other = g.extents.index(extent);
                let delta = g.delta(extent);
                factors.push((Tensor::new(delta, vec![index, other]), Number::ONE));
                out.push(other);
            } else {
                out.push(index);
            }
        }
        // Every index of the user is run over, also one that no factor has: the cotangent was broadcast along
        // it.
        let mut bound: Vec<Index> = Vec::new();
        for &i in factors.iter().flat_map(|(t, _)| &t.indices) {
            if !out.contains(&i) && !bound.contains(&i) {
                bound.push(i);
            }
        }
        let ct = g.contract_over(coeff, &factors, &out, &bound);
        self.contributions.entry(operand.node).or_default().push(Share { ct, taken });
    }

    #[allow(clippy::too_many_lines, reason = "one arm a node kind, each a rule of a few lines")]
    fn propagate(&mut self, g: &mut Graph, id: NodeId, share: &Share) {
        let Node { op, shape } = g.node(id).clone();
        let rank = shape.len();
        let locals = g.locals(id);
        let axes = &locals[..rank];
        // The axes of the cotangent: the extra ones, then the node's own.
        let ct_axes: Vec<Index> = self.extra.iter().chain(axes).copied().collect();
        let ct = Tensor::new(share.ct, ct_axes.clone());
        self.begin(g, share.taken.as_ref(), &ct, axes);
        let y = Tensor::new(id, axes.to_vec());
        let one = Number::ONE;
        match op {
            Op::Number(_)
            | Op::Pi
            | Op::Extent(_)
            | Op::Input(_)
            | Op::Delta
            | Op::Holds(_)
            | Op::Named(_)
            | Op::Position => {}
            // ∂(Σ cᵢ xᵢ)/∂xᵢ = cᵢ
            Op::Sum(terms) => {
                for t in &terms {
                    self.give(g, &t.operand, &locals, t.coeff, &[(ct.clone(), one)]);
                }
            }
            Op::Product { coeff, factors, .. } => {
                self.propagate_product(g, &Factors { coeff, factors: &factors, locals: &locals }, &ct);
            }
            // ∂f(x)/∂xₖ = fₖ(x), from the row of f
            Op::Map { function, args } => {
                let tensors: Vec<Tensor> = args.iter().map(|a| g.tensor(a, &locals)).collect();
                for (k, arg) in args.iter().enumerate() {
                    if !self.wants(arg.node) {
                        continue;
                    }
                    let mut slope = function.spec().derivatives[k];
                    // A power of what vanishes with its derivative: 0 there, as of a norm.
                    if function.name() == "pow" && k == 0 && is_sum_of_squares(g, arg.node) {
                        slope = "where(b == 0, 0, b * pow0(a, b - 1))";
                    }
                    let d = g.row(slope, &tensors, Some(&y));
                    self.give(g, arg, &locals, one, &[(ct.clone(), one), (d, one)]);
                }
            }
            // Only the branch taken has a share; the condition has none. What is finite and runs along more
            // than the choice stays outside it, so that `X' * where(...)` has the derivative
            // `X' * diag(where(...)) * X`.
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let (l, r) = (g.tensor(&lhs, &locals), g.tensor(&rhs, &locals));
                let zero = g.constant(Number::ZERO);
                let (ct, outside) = finite_beyond(g, &ct, axes);
                let mut share_axes = axes.to_vec();
                share_axes.extend(ct.indices.iter().filter(|i| !axes.contains(i)));
                let whole = self.taken.clone();
                for (operand, holds) in [(&then, true), (&otherwise, false)] {
                    if self.wants(operand.node) {
                        let chosen = |g: &mut Graph, t: &Tensor, axes: &[Index]| {
                            let (u, v) = if holds { (t, &zero) } else { (&zero, t) };
                            Tensor::new(g.select_as(op, &l, &r, u, v, axes), axes.to_vec())
                        };
                        let share = taken::beneath(g, &ct, &mut |g, t| chosen(g, t, &share_axes));
                        let share = g.tensor_as(&share, &share_axes);
                        self.taken.clone_from(&whole);
                        self.choose(g, &mut |g, t| chosen(g, t, &indices_of([&l, &r, t])));
                        let mut factors = vec![(Tensor::new(share, share_axes.clone()), one)];
                        factors.extend_from_slice(&outside);
                        self.give(g, operand, &locals, one, &factors);
                    }
                }
            }
            Op::Axis { function, arg, along, .. } if self.wants(arg.node) => {
                let along: Vec<Index> = along.iter().map(|&a| locals[a as usize]).collect();
                let x = g.tensor(&arg, &locals);
                match function {
                    // 1 at the greatest entry, shared equally among ties
                    AxisFn::Max => {
                        let (zero, unit) = (g.constant(Number::ZERO), g.constant(one));
                        let hit = g.select(CompareOp::Equal, &x, &y, &unit, &zero);
                        let ties = Tensor::new(g.contract(one, &[(hit.clone(), one)], axes), axes.to_vec());
                        // Of nothing there are no ties, and the greatest size is 0.
                        let shared = if g.is_size(x.node) {
                            g.call("recip0", &[ties])
                        } else {
                            g.power(&ties, Number::MINUS_ONE)
                        };
                        self.give(g, &arg, &locals, one, &[(ct, one), (hit, one), (shared, one)]);
                    }
                    // softmax(x)
                    AxisFn::LogSumExp => {
                        let s = g.axis(AxisFn::Softmax, &x, &along);
                        self.give(g, &arg, &locals, one, &[(ct, one), (s, one)]);
                    }
                    // x/‖x‖, 0 at 0
                    AxisFn::Norm => {
                        let unit = g.call("per", &[x, y]);
                        self.give(g, &arg, &locals, one, &[(ct, one), (unit, one)]);
                    }
                    // s ⊙ (ct − Σ ct ⊙ s)
                    AxisFn::Softmax => {
                        self.spread(g, &along);
                        let y = self.safe(g, &[(y, one)], true).remove(0).0;
                        let kept: Vec<Index> =
                            ct_axes.iter().copied().filter(|i| !along.contains(i)).collect();
                        let inner = g.contract(one, &[(ct.clone(), one), (y.clone(), one)], &kept);
                        let inner = Tensor::new(inner, kept);
                        let centred = g.sum(&[(one, ct), (Number::MINUS_ONE, inner)]);
                        self.give(g, &arg, &locals, one, &[(y, one), (centred, one)]);
                    }
                    // ct − softmax(x) Σ ct
                    AxisFn::LogSoftmax => {
                        self.spread(g, &along);
                        let kept: Vec<Index> =
                            ct_axes.iter().copied().filter(|i| !along.contains(i)).collect();
                        let total = Tensor::new(g.contract(one, &[(ct.clone(), one)], &kept), kept);
                        let s = g.axis(AxisFn::Softmax, &x, &along);
                        let s = self.safe(g, &[(s, one)], true).remove(0).0;
                        let back = g.multiply(&[s, total]);
                        let share = g.sum(&[(one, ct), (Number::MINUS_ONE, back)]);
                        self.give(g, &arg, &locals, one, &[(share, one)]);
                    }
                }
            }
            Op::Axis { .. } => {}
            // ∂(Π_{k ∉ S} xₖ)/∂xᵢ = Π_{k ∉ S ∪ {i}} xₖ
            Op::Others { arg, order, .. } => {
                let along = locals[rank];
                let x = g.tensor(&arg, &locals);
                let extent = g.extents.of(along);
                let at = g.extents.index(extent);
                let mut but = axes[rank - order as usize..].to_vec();
                but.push(at);
                let others = g.others(&x, along, &but).renamed(&[at], &[along]);
                self.give(g, &arg, &locals, one, &[(ct, one), (others, one)]);
            }
            // −A⁻ᵀ ct A⁻ᵀ
            Op::Inverse(a) if self.wants(a) => {
                let Some((others, &[i, j])) = axes.split_last_chunk() else { return };
                let at = |row: Index, column: Index| [others, &[row, column]].concat();
                let n = shape[others.len()];
                let (p, q) = (g.extents.index(n), g.extents.index(n));
                let (left, right) = (Tensor::new(id, at(i, p)), Tensor::new(id, at(q, j)));
                let factors = [(left, one), (ct, one), (right, one)];
                self.give(g, &whole(g, a), &at(p, q), Number::MINUS_ONE, &factors);
            }
            // ct adj(A)ᵀ: det(A) A⁻ᵀ, and there where A is singular too
            Op::Det(a) if self.wants(a) => {
                let (t, turned) = matrices(g, a, axes);
                let adjugate = g.cofactors(&t, Cofactors::Adjugate);
                let flipped = Tensor::new(adjugate.node, turned);
                self.give(g, &whole(g, a), &t.indices, one, &[(ct, one), (flipped, one)]);
            }
            // ⟨ct, P⟩ Qᵀ + ⟨ct, Q⟩ Pᵀ − (P ctᵀ Q)ᵀ − (Q ctᵀ P)ᵀ
            Op::Cofactors(a, Cofactors::Adjugate) if self.wants(a) => {
                let Some((others, &[i, j])) = axes.split_last_chunk() else { return };
                let at = |row: Index, column: Index| [others, &[row, column]].concat();
                let n = shape[others.len()];
                let (p, q) = (g.extents.index(n), g.extents.index(n));
                let pair = [Cofactors::First, Cofactors::Second].map(|part| {
                    let t = g.whole(a);
                    g.cofactors(&t, part).node
                });
                for (first, second) in [(pair[0], pair[1]), (pair[1], pair[0])] {
                    let along = |node: NodeId, by: Vec<Index>| (Tensor::new(node, by), one);
                    let traces = [(ct.clone(), one), along(first, at(i, j)), along(second, at(q, p))];
                    self.give(g, &whole(g, a), &at(p, q), one, &traces);
                    let product = [(ct.clone(), one), along(first, at(q, j)), along(second, at(i, p))];
                    self.give(g, &whole(g, a), &at(p, q), Number::MINUS_ONE, &product);
                }
            }
            // ct A⁻ᵀ
            Op::LogDet(a) if self.wants(a) => {
                let (t, turned) = matrices(g, a, axes);
                let inverse = g.inverse(&t);
                let flipped = Tensor::new(inverse.node, turned);
                self.give(g, &whole(g, a), &t.indices, one, &[(ct, one), (flipped, one)]);
            }
            // No formula is differentiated three times, and the pair comes out of differentiating twice.
            Op::Cofactors(a, Cofactors::First | Cofactors::Second) if self.wants(a) => {
                debug_assert!(false, "a third derivative of a determinant");
            }
            Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) | Op::Cofactors(..) => {}
            Op::Merge { arg, groups } => {
                if self.wants(arg) {
                    let own = g.shape(arg).to_vec();
                    let taken = self.taken_as(g, axes, |g, t| g.split(t, &groups, &own));
                    let (groups, shape) = self.with_extra(g, &groups, arg);
                    let back = g.split(ct.node, &groups, &shape);
                    self.contributions.entry(arg).or_default().push(Share { ct: back, taken });
                }
            }
            Op::Split { arg, groups } => {
                if self.wants(arg) {
                    let own = g.shape(arg).to_vec();
                    let taken = self.taken_as(g, axes, |g, t| g.merge(t, &groups, &own));
                    let (groups, shape) = self.with_extra(g, &groups, arg);
                    let back = g.merge(ct.node, &groups, &shape);
                    self.contributions.entry(arg).or_default().push(Share { ct: back, taken });
                }
            }
        }
    }

    /// Groups of axes with the extra ones before them, each by itself, and the shape of the cotangent of
    /// `arg`.
    fn with_extra(&self, g: &Graph, groups: &[Vec<u8>], arg: NodeId) -> (Vec<Vec<u8>>, Vec<Extent>) {
        let n = self.extra.len() as u8;
        let mut all: Vec<Vec<u8>> = (0..n).map(|k| vec![k]).collect();
        all.extend(groups.iter().map(|group| group.iter().map(|a| a + n).collect()));
        let mut shape: Vec<Extent> = self.extra.iter().map(|&i| g.extents.of(i)).collect();
        shape.extend(g.shape(arg));
        (all, shape)
    }
}

/// A node along its own axes.
fn whole(g: &Graph, node: NodeId) -> Operand {
    Operand { node, axes: (0..g.rank(node) as u8).collect() }
}

/// The matrices of an array, one for each tuple of the indices `others`, and the indices of their transposes.
fn matrices(g: &mut Graph, node: NodeId, others: &[Index]) -> (Tensor, Vec<Index>) {
    let whole = g.whole(node).indices;
    let own = &whole[others.len()..];
    let turned = others.iter().chain(own.iter().rev()).copied().collect();
    (Tensor::new(node, [others, own].concat()), turned)
}

/// A cotangent as the part that runs along `axes` and what stays beside a choice over them: inputs and deltas
/// along other axes, numbers of things; all finite, so that 0 times them is 0.
fn finite_beyond(g: &mut Graph, ct: &Tensor, axes: &[Index]) -> (Tensor, Vec<(Tensor, Number)>) {
    let (coeff, factors) = match g.op(ct.node).clone() {
        Op::Product { coeff, factors, bound } if bound.is_empty() && g.name(ct.node).is_none() => {
            (coeff, factors.iter().map(|f| (g.tensor(&f.operand, &ct.indices), f.power)).collect())
        }
        _ => (Number::ONE, vec![(ct.clone(), Number::ONE)]),
    };
    let (outside, inside): (Vec<_>, Vec<_>) =
        factors.into_iter().partition(|(t, power): &(Tensor, Number)| match g.op(t.node) {
            Op::Extent(_) => true,
            Op::Input(_) | Op::Delta | Op::Holds(_) | Op::Named(_) | Op::Position => {
                power.as_int().is_some_and(|n| n > 0) && t.indices.iter().any(|i| !axes.contains(i))
            }
            _ => false,
        });
    if outside.is_empty() {
        return (ct.clone(), outside);
    }
    (g.factored(coeff, &inside), outside)
}

/// Whether the node is a sum of squares as it stands, weighted by data or inverses if at all: then the derivative of
/// its root where it is 0 is 0 by convention.
fn is_sum_of_squares(g: &Graph, id: NodeId) -> bool {
    match g.op(id) {
        Op::Number(n) => !n.is_negative(),
        Op::Extent(_) => true,
        Op::Sum(terms) => {
            terms.iter().all(|t| !t.coeff.is_negative() && is_sum_of_squares(g, t.operand.node))
        }
        Op::Product { coeff, factors, .. } => {
            let is_weight =
                |f: &Factor| g.is_data(f.operand.node) || matches!(g.op(f.operand.node), Op::Inverse(_));
            let is_square = |f: &Factor| {
                f.power.as_int().is_some_and(|p| p % 2 == 0) || is_sum_of_squares(g, f.operand.node)
            };
            let apart = apart(g, factors);
            let (weights, rest): (Vec<&Factor>, Vec<&Factor>) =
                apart.into_iter().partition(|f| is_weight(f) && !is_square(f));
            // r'Pr has r twice, along two indices.
            let is_form = |f: &Factor, other: &Factor| {
                f.operand.node == other.operand.node && f.power.is_one() && other.power.is_one()
            };
            !coeff.is_negative()
                && (weights.is_empty() || !rest.is_empty())
                && match rest.as_slice() {
                    [f, other] if is_form(f, other) => true,
                    _ => rest.iter().all(|f| is_square(f)),
                }
        }
        _ => false,
    }
}

/// The factors of a product, those of products within it among them.
fn apart<'a>(g: &'a Graph, factors: &'a [Factor]) -> Vec<&'a Factor> {
    let within = |f: &'a Factor| match g.op(f.operand.node) {
        Op::Product { coeff, factors, .. } if f.power.is_one() && !coeff.is_negative() => {
            factors.iter().collect()
        }
        _ => vec![f],
    };
    factors.iter().flat_map(within).collect()
}

/// The entries of a node where its axes `a` and `b` are equal, along `a`; the axis `b` is gone. The index
/// goes through to the leaves, so that the array of which this is the diagonal need never be there.
pub fn diagonal(g: &mut Graph, id: NodeId, a: usize, b: usize) -> NodeId {
    let entries = diagonal_of(g, id, a, b);
    debug_verify(g, &[entries]);
    entries
}

fn diagonal_of(g: &mut Graph, id: NodeId, a: usize, b: usize) -> NodeId {
    let locals = g.locals(id);
    let rank = g.rank(id);
    let (kept, dropped) = (locals[a], locals[b]);
    let out: Vec<Index> = locals[..rank].iter().copied().filter(|i| *i != dropped).collect();
    let within = |g: &mut Graph, o: &Operand| -> Tensor {
        let t = g.tensor(o, &locals).renamed(&[dropped], &[kept]);
        let twice: Vec<usize> =
            t.indices.iter().enumerate().filter(|(_, i)| **i == kept).map(|(k, _)| k).collect();
        match twice.as_slice() {
            [first, second] if !matches!(g.op(t.node), Op::Input(_) | Op::Delta) => {
                let (first, second) = (*first, *second);
                let node = diagonal_of(g, t.node, first, second);
                let mut indices = t.indices;
                indices.remove(second);
                Tensor::new(node, indices)
            }
            _ => t,
        }
    };
    match g.op(id).clone() {
        Op::Sum(terms) => {
            let terms: Vec<_> = terms.iter().map(|t| (t.coeff, within(g, &t.operand))).collect();
            g.sum_as(&terms, &out)
        }
        Op::Product { coeff, factors, .. } => {
            let parts: Vec<_> = factors.iter().map(|f| (within(g, &f.operand), f.power)).collect();
            g.contract_over(coeff, &parts, &out, &locals[rank..])
        }
        Op::Map { function, args } => {
            let args: Vec<_> = args.iter().map(|o| within(g, o)).collect();
            let t = g.map(function, &args);
            g.tensor_as(&t, &out)
        }
        Op::Select { op, lhs, rhs, then, otherwise } => {
            let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(|o| within(g, o));
            g.select_as(op, &lhs, &rhs, &then, &otherwise, &out)
        }
        _ => {
            let axes = locals[..rank].iter().map(|&i| if i == dropped { kept } else { i }).collect();
            g.tensor_as(&Tensor::new(id, axes), &out)
        }
    }
}
