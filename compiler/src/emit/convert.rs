//! Graph to notation, node by node.
//!
//! A node has no orientation; the page has: rank 1 is a column, rank 2 rows by columns. The axis over the batch is not
//! shown at all: what is written is for one example. Where no matrix form exists, entries are written
//! ([`super::entries`]).

use super::contract::{Contraction, item_of, oriented};
use super::notation::{self, Notation, Tree, Whole};
use crate::ir::{AxisFn, Extent, Factor, Graph, NodeId, Number, Op, Operand};
use crate::ops::{ElementFn, rule};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use std::collections::BTreeMap;

/// Turns nodes into notation; each node once.
#[derive(Debug)]
pub(super) struct Converter<'a> {
    pub(super) graph: &'a Graph,
    pub(super) batch: Option<Extent>,
    /// Nodes that are written by name.
    pub(super) names: BTreeMap<NodeId, String>,
    known: BTreeMap<NodeId, Tree>,
}

impl<'a> Converter<'a> {
    pub(super) fn new(graph: &'a Graph, batch: Option<Extent>, names: BTreeMap<NodeId, String>) -> Self {
        Self { graph, batch: batch.map(|e| graph.extents.find(e)), names, known: BTreeMap::new() }
    }

    /// Whether the extent is that of the batch.
    pub(super) fn is_batch(&self, e: Extent) -> bool {
        self.batch == Some(self.graph.extents.find(e))
    }

    /// Which axes of a shape are shown; all, where more than one runs over the batch.
    pub(super) fn shown(&self, shape: &[Extent]) -> Vec<u8> {
        let hidden: Vec<bool> = shape.iter().map(|&e| self.is_batch(e)).collect();
        let hide = hidden.iter().filter(|h| **h).count() == 1;
        (0..shape.len()).filter(|&k| !(hide && hidden[k])).map(|k| k as u8).collect()
    }

    /// The node as it stands in a formula.
    pub(super) fn tree(&mut self, id: NodeId) -> Tree {
        if let Some(name) = self.names.get(&id) {
            let rank = self.shown(self.graph.shape(id)).len();
            return Tree { note: Notation::Name(name.clone()), rank, plain: rank == 0 && self.is_plain(id) };
        }
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let tree = self.definition(id);
        self.known.insert(id, tree.clone());
        tree
    }

    /// A scalar that is an input, or the same for all examples by construction.
    fn is_plain(&self, id: NodeId) -> bool {
        self.graph.rank(id) == 0 && matches!(self.graph.op(id), Op::Input(_) | Op::Number(_) | Op::Extent(_) | Op::Pi)
    }

    /// What the node is, whatever its name.
    pub(super) fn definition(&mut self, id: NodeId) -> Tree {
        match self.matrix_form(id) {
            Some(tree) => tree,
            None => self.array(id),
        }
    }

    fn matrix_form(&mut self, id: NodeId) -> Option<Tree> {
        let node = self.graph.node(id).clone();
        let out = self.shown(&node.shape);
        if out.len() > 2 {
            return match node.op {
                Op::Input(_) => Some(Tree::of_rank(self.input(id), out.len())),
                Op::Split { arg, .. } => Some(self.reshaped(arg, out.len())),
                _ => None,
            };
        }
        Some(match node.op {
            Op::Number(n) if n.is_negative() => {
                Tree::plain(notation::negative(Notation::Number(n.neg())))
            }
            Op::Number(n) => Tree::product(n, Vec::new()),
            Op::Pi => Tree::plain(Notation::Pi),
            Op::Extent(e) => Tree::plain(Notation::Name(self.graph.extents.name(e))),
            Op::Input(_) => Tree { note: self.input(id), rank: out.len(), plain: self.is_plain(id) },
            Op::Delta => Tree::of_rank(Notation::Whole(Whole::Eye, Vec::new()), 2),
            Op::Sum(terms) => {
                let mut parts = Vec::new();
                for t in &terms {
                    parts.push((t.coeff, self.operand(&t.operand, &node.shape, &out)?));
                }
                Tree::sum(parts)
            }
            Op::Product { coeff, factors, bound } => {
                let locals: Vec<Extent> = node.shape.iter().chain(&bound).copied().collect();
                return self.product(coeff, &factors, &locals, node.shape.len());
            }
            Op::Map { function, args } => {
                let mut parts = Vec::new();
                for a in &args {
                    parts.push(self.operand(a, &node.shape, &out)?);
                }
                applied(function, parts)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let mut parts = Vec::new();
                for o in [&lhs, &rhs, &then, &otherwise] {
                    parts.push(self.operand(o, &node.shape, &out)?);
                }
                return chosen(op, parts);
            }
            Op::Axis { function, arg, along, bound } => {
                let locals: Vec<Extent> = node.shape.iter().chain(&bound).copied().collect();
                return self.axis(function, &arg, &along, &locals, &out);
            }
            Op::Inverse(a) => {
                let t = self.tree(a);
                whole(Whole::Inverse, vec![t], 2)
            }
            Op::Det(a) => {
                let t = self.tree(a);
                whole(Whole::Det, vec![t], 0)
            }
            Op::LogDet(a) => {
                let t = self.tree(a);
                whole(Whole::LogDet, vec![t], 0)
            }
            Op::Merge { arg, groups } => match self.kronecker(arg, &groups) {
                Some(tree) => tree,
                None => self.reshaped(arg, out.len()),
            },
            Op::Split { arg, .. } => self.reshaped(arg, out.len()),
        })
    }

    pub(super) fn input(&self, id: NodeId) -> Notation {
        Notation::Name(self.graph.name(id).unwrap_or("?").to_owned())
    }

    fn reshaped(&mut self, arg: NodeId, rank: usize) -> Tree {
        let t = self.tree(arg);
        whole(Whole::Reshape, vec![t], rank)
    }

    /// `kron(A, B)`: the merged product of A over (i, j) and B over (p, q).
    fn kronecker(&mut self, arg: NodeId, groups: &[Vec<u8>]) -> Option<Tree> {
        let Op::Product { coeff, factors, bound } = self.graph.op(arg).clone() else { return None };
        if !bound.is_empty() || groups != [vec![0, 1], vec![2, 3]] || self.names.contains_key(&arg) {
            return None;
        }
        let (mut scalars, mut sides) = (Vec::new(), [None, None]);
        for f in &factors {
            let t = self.tree(f.operand.node);
            match f.operand.axes.as_slice() {
                [] => scalars.push((t, f.power)),
                &[a, b] => {
                    let (side, turned) = match (a, b) {
                        (0, 2) => (0, false),
                        (2, 0) => (0, true),
                        (1, 3) => (1, false),
                        (3, 1) => (1, true),
                        _ => return None,
                    };
                    if sides[side].is_some() || !f.power.is_one() {
                        return None;
                    }
                    sides[side] = Some(if turned { notation::transpose(t.note) } else { t.note });
                }
                _ => return None,
            }
        }
        let [Some(a), Some(b)] = sides else { return None };
        let kron = Tree::of_rank(Notation::Whole(Whole::Kron, vec![a, b]), 2);
        scalars.push((kron, Number::ONE));
        Some(Tree::product(coeff, scalars))
    }

    /// An operand as part of something element-wise over the shown locals `out`.
    fn operand(&mut self, o: &Operand, locals: &[Extent], out: &[u8]) -> Option<Tree> {
        let axes = self.visible(o, locals, out)?;
        oriented(self.tree(o.node), &axes, out)
    }

    /// The operand's shown locals; `None` where it is hidden in one place and shown in the other.
    fn visible(&self, o: &Operand, locals: &[Extent], out: &[u8]) -> Option<Vec<u8>> {
        let shown = self.shown(self.graph.shape(o.node));
        let axes: Vec<u8> = shown.iter().map(|&k| o.axes[k as usize]).collect();
        let fits = axes.iter().all(|a| out.contains(a) || !self.is_batch(locals[*a as usize]));
        fits.then_some(axes)
    }

    fn product(&mut self, coeff: Number, factors: &[Factor], locals: &[Extent], rank: usize) -> Option<Tree> {
        let shown = self.shown(locals);
        let hidden = (0..locals.len() as u8).find(|l| !shown.contains(l));
        let (out, bound): (Vec<u8>, Vec<u8>) = shown.iter().partition(|&&l| (l as usize) < rank);
        if out.len() > 2 {
            return None;
        }
        let per_example = hidden.filter(|&h| h as usize >= rank);
        let mut outer = Vec::new();
        let mut inner = Contraction::default();
        for f in factors {
            let axes = self.visible(&f.operand, locals, &shown)?;
            let tree = self.tree(f.operand.node);
            if axes.is_empty() {
                let differs = per_example.is_some_and(|h| f.operand.axes.contains(&h));
                let list = if per_example.is_some() && !differs { &mut outer } else { &mut inner.scalars };
                list.push((tree, f.power));
            } else {
                inner.items.push(item_of(tree, f.power, &axes)?);
            }
        }
        let array = inner.run(&bound, &out)?;
        let array_rank = array.as_ref().map_or(0, |t| t.rank);
        let extents: Vec<Extent> = bound.iter().map(|&b| locals[b as usize]).collect();
        let mut scalars = inner.scalars;
        for k in self.means(factors, &extents, &mut scalars, &mut outer).into_iter().rev() {
            scalars.remove(k);
        }
        let coeff = if inner.minus { coeff.neg() } else { coeff };
        let tree = if per_example.is_some() {
            let mut all = scalars;
            all.extend(array.map(|t| (t, Number::ONE)));
            let summed = Tree::product(Number::ONE, all);
            let (sign, note) = match summed.note {
                Notation::Negative(inner) => (coeff.neg(), *inner),
                note => (coeff, note),
            };
            let summed = Tree::of_rank(Notation::Examples(Box::new(note)), array_rank);
            let body = summed.note;
            Tree::of_rank(notation::scaled(sign, outer, Some(body)), array_rank)
        } else {
            scalars.extend(array.map(|t| (t, Number::ONE)));
            Tree::product(coeff, scalars)
        };
        Some(tree)
    }

    /// `sum(x) / n` over all n entries is a mean: of the sum over `bound`, or of a factor that is a sum.
    fn means(
        &mut self,
        factors: &[Factor],
        bound: &[Extent],
        scalars: &mut [(Tree, Number)],
        outer: &mut Vec<(Tree, Number)>,
    ) -> Vec<usize> {
        let mut left: Vec<Extent> = bound.to_vec();
        if left.is_empty() {
            let of_sum = |f: &&Factor| match self.graph.op(f.operand.node) {
                Op::Product { bound, .. } if f.power.is_one() && !self.names.contains_key(&f.operand.node) => {
                    Some(bound.iter().copied().filter(|e| !self.is_batch(*e)).collect::<Vec<_>>())
                }
                _ => None,
            };
            let mut sums = factors.iter().filter(|f| self.shown(self.graph.shape(f.operand.node)).is_empty());
            left = match (sums.find_map(|f| of_sum(&f)), sums.find_map(|f| of_sum(&f))) {
                (Some(extents), None) => extents,
                _ => return Vec::new(),
            };
        }
        let is_sum = |(t, p): &(Tree, Number)| p.is_one() && matches!(t.note, Notation::Whole(Whole::Sum, _));
        let mut sums = (0..scalars.len()).filter(|&k| is_sum(&scalars[k]));
        let (Some(sum), None) = (sums.next(), sums.next()) else { return Vec::new() };
        let mut divisors = Vec::new();
        for f in factors.iter().filter(|f| f.power == Number::MINUS_ONE) {
            if let Op::Extent(e) = self.graph.op(f.operand.node)
                && let Some(k) = left.iter().position(|b| self.graph.extents.find(*b) == self.graph.extents.find(*e))
            {
                left.remove(k);
                divisors.push(Notation::Name(self.graph.extents.name(*e)));
            }
        }
        if !left.is_empty() || divisors.is_empty() {
            return Vec::new();
        }
        if let Notation::Whole(f, _) = &mut scalars[sum].0.note {
            *f = Whole::Mean;
        }
        let is_divisor = |(t, p): &(Tree, Number)| *p == Number::MINUS_ONE && divisors.contains(&t.note);
        outer.retain(|s| !is_divisor(s));
        (0..scalars.len()).filter(|&k| is_divisor(&scalars[k])).collect()
    }

    fn axis(
        &mut self,
        function: AxisFn,
        arg: &Operand,
        along: &[u8],
        locals: &[Extent],
        out: &[u8],
    ) -> Option<Tree> {
        let shown = self.shown(locals);
        if along.iter().any(|a| !shown.contains(a)) {
            return None;
        }
        let axes = self.visible(arg, locals, &shown)?;
        let tree = self.tree(arg.node);
        let (function, note) = match axes.as_slice() {
            _ if axes.iter().all(|a| along.contains(a)) => (Whole::All(function), tree.note),
            [_, j] if along.contains(j) => (Whole::Rows(function), tree.note),
            [_, _] => (Whole::Rows(function), notation::transpose(tree.note)),
            _ => return None,
        };
        let turned = matches!(function, Whole::Rows(f) if !f.reduces()) && axes.last().is_some_and(|j| !along.contains(j));
        let result = Tree::of_rank(Notation::Whole(function, vec![note]), out.len());
        let axes: Vec<u8> = axes.into_iter().filter(|a| out.contains(a)).collect();
        let result = if turned { Tree { note: notation::transpose(result.note), ..result } } else { result };
        oriented(result, &axes, out)
    }
}

fn whole(f: Whole, args: Vec<Tree>, rank: usize) -> Tree {
    Tree::of_rank(Notation::Whole(f, args.into_iter().map(|t| t.note).collect()), rank)
}

/// `where(lhs op rhs, then, otherwise)`.
pub(super) fn chosen(op: crate::syntax::ast::CompareOp, parts: Vec<Tree>) -> Option<Tree> {
    let rank = parts.iter().map(|t| t.rank).max().unwrap_or(0);
    let plain = parts.iter().all(|t| t.plain);
    let notes: Vec<Notation> = parts.into_iter().map(|t| t.note).collect();
    let notes: [Notation; 4] = notes.try_into().ok()?;
    Some(Tree { note: Notation::Where(op, Box::new(notes)), rank, plain })
}

/// An element-wise function of trees: a call, or as its row is written.
pub(super) fn applied(function: ElementFn, args: Vec<Tree>) -> Tree {
    if let Some(text) = function.spec().written {
        let names: &[&str] = if args.len() == 1 { &["x"] } else { &["a", "b"] };
        let env: Vec<(&str, Tree)> = names.iter().copied().zip(args).collect();
        return written(rule::parsed(text), &env);
    }
    called(function, args)
}

fn called(function: ElementFn, args: Vec<Tree>) -> Tree {
    let rank = args.iter().map(|t| t.rank).max().unwrap_or(0);
    let plain = args.iter().all(|t| t.plain);
    Tree { note: Notation::Map(function, args.into_iter().map(|t| t.note).collect()), rank, plain }
}

/// A row's text over trees.
fn written(expr: &Expr, env: &[(&str, Tree)]) -> Tree {
    let number = |n: Number| Tree::product(n, Vec::new());
    match &expr.kind {
        ExprKind::Number(text) => number(Number::parse(text).unwrap_or(Number::ZERO)),
        ExprKind::Name(name) => env.iter().find(|(n, _)| n == name).map_or_else(|| Tree::plain(Notation::Pi), |(_, t)| t.clone()),
        ExprKind::Negate(inner) => Tree::sum(vec![(Number::MINUS_ONE, written(inner, env))]),
        ExprKind::Chain(first, rest) => {
            let mut terms = vec![(Number::ONE, written(first, env))];
            let mut factors = vec![(written(first, env), Number::ONE)];
            for link in rest {
                let t = written(&link.operand, env);
                match link.op {
                    BinaryOp::Add => terms.push((Number::ONE, t)),
                    BinaryOp::Sub => terms.push((Number::MINUS_ONE, t)),
                    BinaryOp::Mul | BinaryOp::ElementMul => factors.push((t, Number::ONE)),
                    BinaryOp::Div | BinaryOp::ElementDiv => factors.push((t, Number::MINUS_ONE)),
                }
            }
            if terms.len() > 1 { Tree::sum(terms) } else { Tree::product(Number::ONE, factors) }
        }
        ExprKind::Power(p) => {
            let base = written(&p.base, env);
            match &p.exponent.kind {
                ExprKind::Number(text) => {
                    Tree::product(Number::ONE, vec![(base, Number::parse(text).unwrap_or(Number::ONE))])
                }
                _ => Tree::power(base, written(&p.exponent, env)),
            }
        }
        ExprKind::Call(call) => {
            let args: Vec<Tree> = call.args.iter().map(|a| written(&a.value, env)).collect();
            match (crate::ops::element(&call.function.name), args.into_iter().next()) {
                (Some(f), Some(arg)) => called(f, vec![arg]),
                (_, Some(arg)) => Tree::product(Number::ONE, vec![(arg, Number::HALF)]),
                _ => number(Number::ONE),
            }
        }
        ExprKind::Transpose(inner) => written(inner, env),
        ExprKind::Compare(_) => number(Number::ONE),
    }
}
