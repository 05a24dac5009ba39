//! Graph to notation, node by node.
//!
//! A node has no orientation; the page has: rank 1 is a column, rank 2 rows by columns. The axis over the
//! batch is not shown at all: what is written is for one example. Where no matrix form exists, entries are
//! written ([`super::entries`]).

use super::contract::{Contraction, item_of, oriented};
use super::functions::{applied, chosen};
use super::notation::{self, Notation, Tree, Whole};
use super::place::Place;
use super::scale::scaled;
use crate::ir::{AxisFn, Cofactors, Extent, Factor, Form, Graph, NodeId, Number, Op, Operand};
use crate::syntax::ast::CompareOp;
use std::collections::{BTreeMap, BTreeSet};

/// Turns nodes into notation; each node once.
#[derive(Debug)]
pub(super) struct Converter<'a> {
    pub(super) graph: &'a Graph,
    pub(super) batch: Option<Extent>,
    /// Nodes that are written by name.
    pub(super) names: BTreeMap<NodeId, String>,
    /// Names of indices that are in use around what is being written.
    pub(super) scope: Vec<String>,
    /// Whether anything had no matrix form and was written by its entries.
    pub(super) by_entries: bool,
    /// Whether it is only asked what has a matrix form: then nothing is written out more than once.
    pub(super) sketch: bool,
    /// Whether indices take part, or arrays of more axes than a matrix: then all is written in words that the
    /// language has, and what has no matrix form makes the formula that it is part of one by entries.
    pub(super) indexed: bool,
    /// The places at which arrays are read, with the extents of their axes.
    pub(super) uses: Vec<(Form, Place)>,
    /// The extents of the indices that are open.
    pub(super) open: Vec<Extent>,
    /// Places that are not negative.
    pub(super) assumed: Vec<Place>,
    /// Places that are not 0.
    pub(super) denied: Vec<Place>,
    /// Nodes that are shown more than once: only these are kept.
    shared: BTreeSet<NodeId>,
    /// By the letters around, too: an array inside has others.
    known: BTreeMap<(NodeId, Vec<String>), Tree>,
    forms: BTreeMap<(NodeId, Vec<String>), Option<Tree>>,
}

impl<'a> Converter<'a> {
    pub(super) fn new(
        graph: &'a Graph,
        batch: Option<Extent>,
        names: BTreeMap<NodeId, String>,
        shared: BTreeSet<NodeId>,
    ) -> Self {
        Self {
            graph,
            batch: batch.map(|e| graph.extents.find(e)),
            names,
            scope: Vec::new(),
            by_entries: false,
            sketch: false,
            indexed: false,
            uses: Vec::new(),
            open: Vec::new(),
            assumed: Vec::new(),
            denied: Vec::new(),
            shared,
            known: BTreeMap::new(),
            forms: BTreeMap::new(),
        }
    }

    /// Whether a formula of these nodes is one of indices.
    pub(super) fn is_indexed(graph: &'a Graph, batch: Option<Extent>, shown: &BTreeSet<NodeId>) -> bool {
        let sketch = Self::new(graph, batch, BTreeMap::new(), BTreeSet::new());
        let wide = |id: NodeId| sketch.shown(graph.shape(id)).len() > 2;
        graph.inputs().iter().any(|i| wide(i.node))
            || shown.iter().any(|&id| {
                matches!(graph.op(id), Op::Holds(_) | Op::Named(_) | Op::Position | Op::Others { .. })
                    || Self::several(graph, id).is_some()
            })
    }

    /// The matrices, more than two axes of them, that a node is linear algebra of.
    pub(super) fn several(graph: &Graph, id: NodeId) -> Option<NodeId> {
        match *graph.op(id) {
            Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _) if graph.rank(a) > 2 => Some(a),
            _ => None,
        }
    }

    /// The name of an extent: that of its declaration, or what it is of an array.
    pub(super) fn extent_note(&self, e: Extent) -> Notation {
        let g = self.graph;
        if g.extents.as_constant(e).is_none() {
            if let Some((a, b)) = g.extents.factors(e) {
                return Notation::Times(vec![self.extent_note(a), self.extent_note(b)]);
            }
            if let Some(form) = g.extents.derived(e) {
                return Place::fixed(form).note(&|e| self.extent_note(e));
            }
        }
        match g.size(e) {
            Some((word, array, axis)) => Notation::Size(word, array.to_owned(), axis),
            None => Notation::Name(g.extents.name(e)),
        }
    }

    /// A place as it is written.
    pub(super) fn place_note(&self, place: &Place) -> Notation {
        let resolved = Place { offset: self.graph.extents.resolved(&place.offset), ..place.clone() };
        resolved.note(&|e| self.extent_note(e))
    }

    /// The matrix form of a node, or its name; of a scalar, whatever it is written as.
    pub(super) fn form(&mut self, id: NodeId) -> Option<Tree> {
        if !self.indexed || self.names.contains_key(&id) {
            return Some(self.tree(id));
        }
        let key = (id, self.scope.clone());
        if let Some(known) = self.forms.get(&key) {
            return known.clone();
        }
        let tree = match self.matrix_form(id) {
            None if self.shown(self.graph.shape(id)).is_empty() => Some(self.array(id)),
            tree => tree,
        };
        self.forms.insert(key, tree.clone());
        tree
    }

    /// Whether anything of the node, written out but for `names`, has no matrix form.
    pub(super) fn writes_entries(
        graph: &'a Graph,
        batch: Option<Extent>,
        names: BTreeMap<NodeId, String>,
        shared: BTreeSet<NodeId>,
        (id, indexed): (NodeId, bool),
    ) -> bool {
        let mut sketch = Self::new(graph, batch, names, shared);
        (sketch.sketch, sketch.indexed) = (true, indexed);
        sketch.definition(id);
        sketch.by_entries
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
            return Tree { note: self.named(id, name), rank, plain: rank == 0 && self.is_plain(id) };
        }
        let key = (id, if self.indexed { self.scope.clone() } else { Vec::new() });
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut tree = self.definition(id);
        if self.shared.contains(&id) {
            if self.sketch && !matches!(tree.note, Notation::Number(_)) {
                // A word of its rank has a matrix form where it has; written out, formulas that share their
                // parts level by level would double with each level.
                tree.note = Notation::Name(String::new());
            }
            self.known.insert(key, tree.clone());
        }
        tree
    }

    /// The name of a node.
    fn named(&self, id: NodeId, name: &str) -> Notation {
        let symmetric = self.graph.is_declared_symmetric(id);
        if symmetric { Notation::Symmetric(name.to_owned()) } else { Notation::Name(name.to_owned()) }
    }

    /// A scalar that is an input, or the same for all examples by construction.
    fn is_plain(&self, id: NodeId) -> bool {
        self.graph.rank(id) == 0
            && matches!(self.graph.op(id), Op::Input(_) | Op::Number(_) | Op::Extent(_) | Op::Pi)
    }

    /// What the node is, whatever its name.
    pub(super) fn definition(&mut self, id: NodeId) -> Tree {
        match self.matrix_form(id) {
            Some(tree) => tree,
            None => self.array(id),
        }
    }

    pub(super) fn matrix_form(&mut self, id: NodeId) -> Option<Tree> {
        let node = self.graph.node(id).clone();
        let out = self.shown(&node.shape);
        if self.indexed {
            if let Some(word) = self.word(id) {
                return Some(word);
            }
            if self.reads_neighbours(id) {
                return None;
            }
        }
        if Self::several(self.graph, id).is_some() {
            return None;
        }
        if out.len() > 2 {
            return match node.op {
                Op::Input(_) => Some(Tree::of_rank(self.input(id), out.len())),
                Op::Merge { arg, .. } | Op::Split { arg, .. } => {
                    Some(self.reshaped(arg, &node.shape, out.len()))
                }
                _ => None,
            };
        }
        Some(match node.op {
            Op::Number(n) if n.is_negative() => Tree::plain(notation::negative(Notation::Number(n.neg()))),
            Op::Number(n) => Tree::product(n, Vec::new()),
            Op::Pi => Tree::plain(Notation::Pi),
            Op::Extent(e) => Tree::plain(self.extent_note(e)),
            Op::Input(_) => Tree { note: self.input(id), rank: out.len(), plain: self.is_plain(id) },
            Op::Delta => Tree::of_rank(Notation::Whole(Whole::Eye, Vec::new()), 2),
            Op::Holds(_) | Op::Named(_) | Op::Position | Op::Others { .. } => return None,
            Op::Sum(terms) => {
                let mut parts = Vec::new();
                for t in &terms {
                    parts.push((t.coeff, self.operand(&t.operand, &node.shape, &out)?));
                }
                Tree::sum(parts)
            }
            Op::Product { factors, .. }
                if factors
                    .iter()
                    .any(|f| matches!(self.graph.op(f.operand.node), Op::Holds(_) | Op::Named(_))) =>
            {
                return None;
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
            Op::Select { otherwise, .. } if self.is_guard(id) => {
                return self.operand(&otherwise, &node.shape, &out);
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
            Op::Cofactors(a, part) => {
                let t = self.tree(a);
                Self::cofactors(t.clone(), part, whole(Whole::Inverse, vec![t], 2))
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
                None => self.reshaped(arg, &node.shape, out.len()),
            },
            Op::Split { arg, .. } => self.reshaped(arg, &node.shape, out.len()),
        })
    }

    /// Whether the node is `where(c == 0, 0, c * ...)`: a product that is 0 wherever its factor c is, whatever
    /// stands beside it. It is written as the product.
    pub(super) fn is_guard(&self, id: NodeId) -> bool {
        let g = self.graph;
        let Op::Select { op: CompareOp::Equal, lhs, rhs, then, otherwise } = g.op(id) else { return false };
        if !g.is_zero(rhs.node) || !g.is_zero(then.node) {
            return false;
        }
        // Another guard may stand between.
        let mut inner = otherwise;
        while let Op::Select { otherwise: next, .. } = g.op(inner.node)
            && self.is_guard(inner.node)
        {
            inner = next;
        }
        match g.op(inner.node) {
            Op::Product { factors, .. } => factors.iter().any(|f| f.operand.node == lhs.node),
            _ => inner.node == lhs.node,
        }
    }

    /// The adjugate as `det(A) inv(A)`, the pair of its derivative as that and `inv(A)/2`: what they are where
    /// there is an inverse, in words that the language has. `inverse` is that matrix or an entry of it.
    pub(super) fn cofactors(matrix: Tree, part: Cofactors, inverse: Tree) -> Tree {
        if part == Cofactors::Second {
            return Tree::product(Number::HALF, vec![(inverse, Number::ONE)]);
        }
        let det = whole(Whole::Det, vec![matrix], 0);
        Tree::product(Number::ONE, vec![(det, Number::ONE), (inverse, Number::ONE)])
    }

    pub(super) fn input(&self, id: NodeId) -> Notation {
        self.named(id, self.graph.name(id).unwrap_or("?"))
    }

    fn reshaped(&mut self, arg: NodeId, shape: &[Extent], rank: usize) -> Tree {
        // Kronecker products had entries in other axes before the language had a word for that.
        self.by_entries = true;
        let t = self.tree(arg);
        let mut args = vec![t];
        if self.indexed && rank == 1 {
            return whole(Whole::Flatten, args, rank);
        }
        if self.indexed {
            // `reshape(v, 2, 3)`: the extents are part of the call.
            args.extend(
                shape.iter().filter(|e| !self.is_batch(**e)).map(|&e| Tree::plain(self.extent_note(e))),
            );
        }
        whole(Whole::Reshape, args, rank)
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
    pub(super) fn operand(&mut self, o: &Operand, locals: &[Extent], out: &[u8]) -> Option<Tree> {
        let axes = self.visible(o, locals, out)?;
        oriented(self.form(o.node)?, &axes, out)
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
            let tree = self.form(f.operand.node)?;
            if axes.is_empty() {
                let differs = per_example.is_some_and(|h| f.operand.axes.contains(&h));
                let list = if per_example.is_some() && !differs { &mut outer } else { &mut inner.scalars };
                list.push((tree, f.power));
            } else {
                inner.items.push(item_of(tree, f.power, &axes)?);
            }
        }
        let results = |scalars: &[(Tree, Number)]| scalars.iter().filter(|(t, _)| !t.plain).count();
        let before = results(&inner.scalars);
        let array = inner.run(&bound, &out)?;
        let made = results(&inner.scalars) - before;
        let array_rank = array.as_ref().map_or(0, |t| t.rank);
        let extents: Vec<Extent> = bound.iter().map(|&b| locals[b as usize]).collect();
        let mut scalars = inner.scalars;
        // One sum over all that is bound, or none.
        if made == usize::from(!extents.is_empty()) {
            self.means(factors, &extents, &mut scalars, &mut outer);
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
            Tree::of_rank(scaled(sign, outer, Some(body)), array_rank)
        } else {
            scalars.extend(array.map(|t| (t, Number::ONE)));
            Tree::product(coeff, scalars)
        };
        Some(tree)
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
        let tree = self.form(arg.node)?;
        let rows = axes.len() == 2 && axes.iter().any(|a| !along.contains(a));
        // Of those of matrices the language has a word for the greatest of each row alone.
        self.by_entries |= (rows && function != AxisFn::Max) || (axes.len() == 2 && !function.reduces());
        let (function, note) = match axes.as_slice() {
            [_, _] if self.indexed && !function.reduces() => return None,
            _ if axes.iter().all(|a| along.contains(a)) => {
                (if function == AxisFn::Norm { Whole::Norm } else { Whole::All(function) }, tree.note)
            }
            // The language has a word for the greatest of each row alone.
            [_, _] if self.indexed && function != AxisFn::Max => return None,
            [_, j] if along.contains(j) => (Whole::Rows(function), tree.note),
            [_, _] => (Whole::Rows(function), notation::transpose(tree.note)),
            _ => return None,
        };
        let turned = matches!(function, Whole::Rows(f) if !f.reduces())
            && axes.last().is_some_and(|j| !along.contains(j));
        let result = Tree::of_rank(Notation::Whole(function, vec![note]), out.len());
        let axes: Vec<u8> = axes.into_iter().filter(|a| out.contains(a)).collect();
        let result = if turned { Tree { note: notation::transpose(result.note), ..result } } else { result };
        oriented(result, &axes, out)
    }
}

pub(super) fn whole(f: Whole, args: Vec<Tree>, rank: usize) -> Tree {
    Tree::of_rank(Notation::Whole(f, args.into_iter().map(|t| t.note).collect()), rank)
}
