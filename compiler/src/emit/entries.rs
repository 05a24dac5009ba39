//! Entries: what has no matrix form is written index by index, `sum[i]((x[i+1] - x[i]^2)^2)`.
//!
//! Going down from a node, each of its axes has a place, `i + 1`; relations say which place the axes of a
//! factor have (see [`super::relations`]). What is 0 but for some entries has conditions, which are drawn
//! outwards, so that a sum has them at its terms: `where(i >= 1, ..., 0) + where(i <= n - 2, ..., 0)`.

use super::convert::Converter;
use super::functions::{applied, chosen};
use super::notation::{Bound, Notation, Reducer, Tree, Whole, negative};
use super::place::{Atom, Compared, Condition, ConditionKind, Place};
use super::relations::collected;
use crate::ir::{AxisFn, Extent, Form, NodeId, Number, Op, Operand};
use crate::syntax::ast::CompareOp;

/// The names that indices take, in order; what the formula itself calls so is left out.
const INDICES: [&str; 14] = ["i", "j", "k", "l", "p", "q", "r", "s", "u", "v", "i1", "j1", "k1", "l1"];

/// The place of each local; none for the batch, which is not shown.
pub(super) type Locals = [Option<Place>];

impl Converter<'_> {
    /// The array of the node's entries.
    pub(super) fn array(&mut self, id: NodeId) -> Tree {
        self.by_entries = true;
        let shape = self.graph.shape(id).to_vec();
        let shown = self.shown(&shape);
        if self.sketch {
            return Tree::of_rank(Notation::Name(String::new()), shown.len());
        }
        let (outside, uses) = (self.scope.len(), self.uses.len());
        let axes = self.letters(&shape, &shown);
        let entry = self.entry_of_definition(id, &axes);
        let read = entry.note.subscripts();
        let bounds: Vec<Bound> = axes.iter().flatten().filter_map(|p| self.bound(p, uses, &read)).collect();
        self.scope.truncate(outside);
        if bounds.is_empty() {
            return Tree::of_rank(entry.note, 0);
        }
        Tree::of_rank(Notation::Array(Box::new(entry.note), bounds), shown.len())
    }

    /// A letter for each axis that is shown, in the scope from here on.
    pub(super) fn letters(&mut self, shape: &[Extent], shown: &[u8]) -> Vec<Option<Place>> {
        let mut axes: Vec<Option<Place>> = vec![None; shape.len()];
        for &k in shown {
            let name = self.fresh();
            self.scope.push(name.clone());
            axes[k as usize] = Some(Place::of(Atom::Index(name, shape[k as usize])));
        }
        axes
    }

    /// An index name that is not in use.
    pub(super) fn fresh(&self) -> String {
        let g = self.graph;
        let extents = |name: &str| {
            let mut all = g.inputs().iter().flat_map(|i| g.shape(i.node));
            self.indexed && all.any(|&e| g.extents.name(e) == name)
        };
        let taken = |name: &str| {
            self.scope.iter().any(|u| u == name)
                || g.inputs().iter().any(|i| i.name == name)
                || self.names.values().any(|n| n == name)
                || extents(name)
        };
        let named = INDICES.iter().find(|n| !taken(n)).map(|n| (*n).to_owned());
        named.unwrap_or_else(|| format!("i{}", self.scope.len()))
    }

    pub(super) fn entry(&mut self, o: &Operand, locals: &Locals) -> Tree {
        let axes: Vec<Option<Place>> = o.axes.iter().map(|&a| locals[a as usize].clone()).collect();
        if self.names.contains_key(&o.node) || matches!(self.graph.op(o.node), Op::Input(_)) {
            let tree = self.tree(o.node);
            return self.entry_of(o.node, tree, &axes);
        }
        // A product of matrices stays one where it has the form: `(A * x)[i]`.
        if self.indexed
            && !axes.is_empty()
            && matches!(self.graph.op(o.node), Op::Product { bound, .. } if !bound.is_empty())
            && !self.is_part(o.node)
            && let Some(tree) = self.form(o.node)
            && matches!(tree.note, Notation::Matmul(_) | Notation::Whole(..))
        {
            return self.entry_of(o.node, tree, &axes);
        }
        if self.indexed
            && self.is_block(o.node)
            && let Some(tree) = self.form(o.node)
        {
            return self.entry_of(o.node, tree, &axes);
        }
        self.entry_of_definition(o.node, &axes)
    }

    /// The entry, with indices that nothing around it uses.
    pub(super) fn entry_of_definition(&mut self, id: NodeId, axes: &Locals) -> Tree {
        let outside = self.scope.len();
        for place in axes.iter().flatten() {
            for (atom, _) in &place.terms {
                if let Atom::Index(name, _) = atom {
                    self.scope.push(name.clone());
                }
            }
        }
        let tree = self.entry_of_op(id, axes);
        self.scope.truncate(outside);
        tree
    }

    fn entry_of_op(&mut self, id: NodeId, axes: &Locals) -> Tree {
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Number(_) | Op::Pi | Op::Extent(_) => self.tree(id),
            Op::Delta | Op::Holds(_) | Op::Named(_) => {
                let one = Tree::plain(Notation::Number(Number::ONE));
                match self.relation(id, axes) {
                    Some((kind, place)) => {
                        let conditions = self.condition(kind, place);
                        conditioned(conditions, one)
                    }
                    None => one,
                }
            }
            Op::Position => {
                let place = axes.iter().flatten().next().cloned().unwrap_or_default();
                Tree::sum(vec![(Number::ONE, Tree::plain(self.place_note(&place)))])
            }
            Op::Others { arg, order, bound } => self.others(&arg, order, bound, axes),
            Op::Sum(terms) => {
                let parts = terms.iter().map(|t| (t.coeff, self.entry(&t.operand, axes))).collect();
                sum_of(parts, self.indexed)
            }
            Op::Product { coeff, factors, bound } => self.entry_of_product(coeff, &factors, &bound, axes),
            Op::Map { function, args } => {
                let args = args.iter().map(|a| self.entry(a, axes)).collect();
                drawn_out(applied(function, args))
            }
            Op::Select { otherwise, .. } if self.indexed && self.is_guard(id) => self.entry(&otherwise, axes),
            Op::Select { op, lhs, rhs, then, otherwise }
                if self.indexed
                    && self.graph.is_zero(otherwise.node)
                    && self.told(op, [&lhs, &rhs], axes).is_some() =>
            {
                let told = self.told(op, [&lhs, &rhs], axes);
                let conditions = told.and_then(|(kind, place)| self.condition(kind, place));
                let known = self.assumed.len();
                self.assume(known, conditions.as_deref().unwrap_or_default());
                let then = self.entry(&then, axes);
                self.assumed.truncate(known);
                conditioned(conditions, then)
            }
            Op::Select { op, lhs, rhs, then, otherwise } => {
                let parts = [&lhs, &rhs, &then, &otherwise].map(|o| self.entry(o, axes)).to_vec();
                chosen(op, parts).unwrap_or_else(|| self.tree(id))
            }
            Op::Axis { function, arg, bound, .. } if function.reduces() => {
                self.reduced_axis(function, &arg, &bound, axes)
            }
            Op::Axis { function, arg, along, .. } if self.indexed => {
                self.spelled(function, &arg, &along, axes)
            }
            Op::Axis { function, arg, along, .. } => {
                let body = self.entry(&arg, axes);
                let names = along.iter().filter_map(|&a| axes[a as usize].clone());
                let names = names.map(|p| letter(&p)).collect();
                Tree::of_rank(Notation::AxisOver(function, names, Box::new(body.note)), 0)
            }
            Op::Merge { arg, .. } | Op::Split { arg, .. } => {
                let tree = match self.matrix_form(id) {
                    Some(tree) if self.indexed => tree,
                    _ => {
                        let inner = self.tree(arg);
                        Tree::of_rank(Notation::Whole(Whole::Reshape, vec![inner.note]), axes.len())
                    }
                };
                self.entry_of(id, tree, axes)
            }
            Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _)
                if Self::several(self.graph, id).is_some() =>
            {
                self.entry_of_one(id, a, axes)
            }
            Op::Cofactors(a, part) => {
                let matrix = self.tree(a);
                let inverse = Notation::Whole(Whole::Inverse, vec![matrix.note.clone()]);
                let entry = self.entry_of(id, Tree::of_rank(inverse, 2), axes);
                Self::cofactors(matrix, part, entry)
            }
            Op::Input(_) | Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) => {
                let tree = self.tree(id);
                self.entry_of(id, tree, axes)
            }
        }
    }

    /// Linear algebra of one of several matrices: its entries have letters of their own.
    fn entry_of_one(&mut self, id: NodeId, matrices: NodeId, axes: &Locals) -> Tree {
        let shape = self.graph.shape(matrices).to_vec();
        let others = shape.len() - 2;
        let (outside, uses) = (self.scope.len(), self.uses.len());
        let mut at = self.letters(&shape, &[others as u8, others as u8 + 1]);
        at[..others].clone_from_slice(&axes[..others]);
        let entry = self.entry_of_definition(matrices, &at);
        let read = entry.note.subscripts();
        let bounds = at[others..].iter().flatten().filter_map(|p| self.bound(p, uses, &read)).collect();
        self.scope.truncate(outside);
        let matrix = Tree::of_rank(Notation::Array(Box::new(entry.note), bounds), 2);
        let whole = |what: Whole| Notation::Whole(what, vec![matrix.note.clone()]);
        match *self.graph.op(id) {
            Op::Det(_) => Tree::of_rank(whole(Whole::Det), 0),
            Op::LogDet(_) => Tree::of_rank(whole(Whole::LogDet), 0),
            ref op => {
                let subscripts = axes[others..].iter().flatten().map(|p| self.place_note(p)).collect();
                let inverse = Notation::Entry(Box::new(whole(Whole::Inverse)), subscripts);
                let inverse = Tree::of_rank(inverse, 0);
                match *op {
                    Op::Cofactors(_, part) => Self::cofactors(matrix, part, inverse),
                    _ => inverse,
                }
            }
        }
    }

    /// What a comparison of places asks.
    fn told(&self, op: CompareOp, sides: [&Operand; 2], axes: &Locals) -> Option<(ConditionKind, Place)> {
        let [lhs, rhs] = sides;
        let (l, r) = (self.affine(lhs, axes)?, self.affine(rhs, axes)?);
        Some(match op {
            CompareOp::Less => (ConditionKind::AtLeast, r.plus(&l, -1).shifted(-1)),
            CompareOp::LessEqual => (ConditionKind::AtLeast, r.plus(&l, -1)),
            CompareOp::Greater => (ConditionKind::AtLeast, l.plus(&r, -1).shifted(-1)),
            CompareOp::GreaterEqual => (ConditionKind::AtLeast, l.plus(&r, -1)),
            CompareOp::Equal => (ConditionKind::Equal, l.plus(&r, -1)),
        })
    }

    /// A number that is a place: whole numbers, extents, indices; sums and whole multiples of them.
    fn affine(&self, o: &Operand, locals: &Locals) -> Option<Place> {
        let at: Vec<Option<Place>> = o.axes.iter().map(|&a| locals[a as usize].clone()).collect();
        if self.names.contains_key(&o.node) {
            return None;
        }
        match self.graph.op(o.node) {
            Op::Number(n) => Some(Place::fixed(Form::constant(n.as_int()?))),
            Op::Extent(e) => Some(Place::fixed(self.graph.extents.form(*e))),
            Op::Position => at.into_iter().next().flatten(),
            Op::Sum(terms) => terms.iter().try_fold(Place::default(), |sum, t| {
                Some(sum.plus(&self.affine(&t.operand, &at)?, t.coeff.as_int()?))
            }),
            Op::Product { coeff, factors, bound } if bound.is_empty() => match factors.as_slice() {
                [] => Some(Place::fixed(Form::constant(coeff.as_int()?))),
                [f] if f.power.is_one() => Some(self.affine(&f.operand, &at)?.times(coeff.as_int()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `max[k](...)`
    fn reduced_axis(&mut self, f: AxisFn, arg: &Operand, bound: &[Extent], axes: &Locals) -> Tree {
        let (outside, uses) = (self.scope.len(), self.uses.len());
        let mut locals = axes.to_vec();
        for &e in bound {
            let letter = self.letters(&[e], &[0]);
            locals.extend(letter);
        }
        let body = self.entry(arg, &locals);
        let read = body.note.subscripts();
        let bound = |p| self.bound(p, uses, &read);
        let bounds = locals[axes.len()..].iter().flatten().filter_map(bound).collect();
        self.scope.truncate(outside);
        let note = Notation::Reduced(Reducer::Axis(f), bounds, Vec::new(), Box::new(body.note));
        Tree::of_rank(note, 0)
    }

    /// An entry of `softmax` as `exp(z[i] - logsumexp[k](z[k]))`, that of its logarithm as what stands in there.
    fn spelled(&mut self, f: AxisFn, arg: &Operand, along: &[u8], axes: &Locals) -> Tree {
        let own = self.entry(arg, axes);
        let (outside, uses) = (self.scope.len(), self.uses.len());
        let mut locals = axes.to_vec();
        let mut letters = Vec::new();
        let shape = self.graph.shape(arg.node).to_vec();
        for &a in along {
            let Some(k) = arg.axes.iter().position(|x| *x == a) else { continue };
            let letter = self.letters(&[shape[k]], &[0]);
            letters.extend(letter.iter().flatten().cloned());
            locals[a as usize] = letter.into_iter().next().flatten();
        }
        let body = self.entry(arg, &locals);
        let read = body.note.subscripts();
        let bounds = letters.iter().filter_map(|p| self.bound(p, uses, &read)).collect();
        self.scope.truncate(outside);
        let reducer = Reducer::Axis(AxisFn::LogSumExp);
        let total = Notation::Reduced(reducer, bounds, Vec::new(), Box::new(body.note));
        let log = Tree::sum(vec![(Number::ONE, own), (Number::MINUS_ONE, Tree::of_rank(total, 0))]);
        match crate::ops::element("exp") {
            Some(exp) if f == AxisFn::Softmax => applied(exp, vec![log]),
            _ => log,
        }
    }

    /// The product of all entries but those at the last places.
    fn others(&mut self, arg: &Operand, order: u8, bound: Extent, axes: &Locals) -> Tree {
        let (outside, uses) = (self.scope.len(), self.uses.len());
        let letter = self.letters(&[bound], &[0]);
        let mut locals = axes.to_vec();
        locals.extend(letter.iter().cloned());
        let body = self.entry(arg, &locals);
        let Some(at) = letter.into_iter().flatten().next() else { return body };
        let left_out: Vec<Place> =
            axes[axes.len() - usize::from(order)..].iter().flatten().cloned().collect();
        let (mut apart, mut conditions) = (Vec::new(), Vec::new());
        for (n, place) in left_out.iter().enumerate() {
            match self.condition(ConditionKind::Unequal, at.plus(place, -1)) {
                Some(more) => conditions.extend(more),
                // Of one entry none is left.
                None => {
                    self.scope.truncate(outside);
                    return Tree::plain(Notation::Number(Number::ONE));
                }
            }
            for other in &left_out[..n] {
                apart.push(self.condition(ConditionKind::Unequal, other.plus(place, -1)));
            }
        }
        let bounds = self.bound(&at, uses, &body.note.subscripts()).into_iter().collect();
        self.scope.truncate(outside);
        let note = Notation::Reduced(Reducer::Product, bounds, conditions, Box::new(body.note));
        let all = apart.into_iter().collect::<Option<Vec<_>>>().map(|c| c.into_iter().flatten().collect());
        conditioned(all, Tree::of_rank(note, 0))
    }

    /// An entry of an array that is written as one.
    pub(super) fn entry_of(&mut self, id: NodeId, tree: Tree, axes: &Locals) -> Tree {
        let shape = self.graph.shape(id).to_vec();
        let mut subscripts = Vec::new();
        for (place, &extent) in axes.iter().zip(&shape) {
            if let Some(place) = place {
                subscripts.push(self.place_note(place));
                self.uses.push((self.graph.extents.form(extent), place.clone()));
            }
        }
        if subscripts.is_empty() || tree.rank == 0 {
            return Tree { rank: 0, ..tree };
        }
        Tree::of_rank(Notation::Entry(Box::new(tree.note), subscripts), 0)
    }
}

/// The letter of a place that is one index.
pub(super) fn letter(place: &Place) -> String {
    match place.terms.first() {
        Some((Atom::Index(name, _), _)) => name.clone(),
        _ => String::new(),
    }
}

/// The value where the conditions hold; 0 where they are known not to.
pub(super) fn conditioned(conditions: Option<Vec<Condition>>, tree: Tree) -> Tree {
    let Some(mut conditions) = conditions else { return Tree::plain(Notation::Number(Number::ZERO)) };
    if conditions.is_empty() || tree.note == Notation::Number(Number::ZERO) {
        return tree;
    }
    let note = match tree.note {
        Notation::When(inner, body) => {
            for c in inner {
                if !conditions.iter().any(|known| same(known, &c)) {
                    conditions.push(c);
                }
            }
            Notation::When(conditions, body)
        }
        Notation::Negative(inner) => {
            return negated(conditioned(Some(conditions), Tree { note: *inner, ..tree }));
        }
        note => Notation::When(conditions, Box::new(note)),
    };
    Tree { note, rank: 0, plain: false }
}

/// A product with the conditions of its factors outside.
fn drawn_out(tree: Tree) -> Tree {
    let Notation::Times(factors) = &tree.note else { return tree };
    if !factors.iter().any(|f| matches!(f, Notation::When(..))) {
        return tree;
    }
    let (mut conditions, mut parts) = (Vec::new(), Vec::new());
    for note in factors.clone() {
        let (own, part) = apart(Tree::of_rank(note, 0));
        conditions.extend(own);
        parts.push((part, Number::ONE));
    }
    conditioned(Some(conditions), Tree::product(Number::ONE, parts))
}

fn negated(tree: Tree) -> Tree {
    Tree { note: negative(tree.note), ..tree }
}

fn same(a: &Condition, b: &Condition) -> bool {
    a.kind == b.kind && a.place.is(&b.place)
}

/// The conditions of a value, and the value where they hold.
pub(super) fn apart(tree: Tree) -> (Vec<Condition>, Tree) {
    match tree.note {
        Notation::When(conditions, body) => (conditions, Tree { note: *body, ..tree }),
        Notation::Negative(inner) if matches!(*inner, Notation::When(..)) => {
            let (conditions, body) = apart(Tree { note: *inner, ..tree });
            (conditions, negated(body))
        }
        note => (Vec::new(), Tree { note, ..tree }),
    }
}

/// Terms with their constant factors.
type Scaled = Vec<(Number, Tree)>;

/// A sum of terms, each with its numbers in front.
fn total(terms: Vec<(Number, Tree)>, indexed: bool) -> Tree {
    let tidy = |(coeff, tree): (Number, Tree)| {
        let (coeff, parts) = collected(coeff, vec![(tree, Number::ONE, false)]);
        let parts = parts.into_iter().map(|(t, p, _)| (t, p)).collect();
        (Number::ONE, Tree::product(coeff, parts))
    };
    Tree::sum(if indexed { terms.into_iter().map(tidy).collect() } else { terms })
}

/// `Σ coeff·term`; terms that have the same conditions together.
fn sum_of(parts: Vec<(Number, Tree)>, indexed: bool) -> Tree {
    let mut groups: Vec<(Vec<Condition>, Scaled)> = Vec::new();
    for (coeff, tree) in parts {
        let (conditions, tree) = apart(tree);
        if tree.note == Notation::Number(Number::ZERO) {
            continue;
        }
        let alike = |known: &[Condition]| {
            known.len() == conditions.len() && conditions.iter().all(|c| known.iter().any(|k| same(k, c)))
        };
        match groups.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, terms)) => match terms.iter_mut().find(|(_, known)| known.note == tree.note) {
                Some((n, _)) if indexed => *n = n.add(coeff),
                _ => terms.push((coeff, tree)),
            },
            None => groups.push((conditions, vec![(coeff, tree)])),
        }
    }
    // What is there always comes first.
    groups.sort_by_key(|(conditions, _)| !conditions.is_empty());
    if groups.is_empty() {
        return Tree::plain(Notation::Number(Number::ZERO));
    }
    let all = groups
        .into_iter()
        .map(|(conditions, terms)| (Number::ONE, conditioned(Some(conditions), total(terms, indexed))));
    Tree::sum(all.collect())
}

/// How a condition compares, as the language says it; none where it says the contrary.
pub(super) fn compare(op: Compared) -> Option<CompareOp> {
    Some(match op {
        Compared::Equal => CompareOp::Equal,
        Compared::AtLeast => CompareOp::GreaterEqual,
        Compared::AtMost => CompareOp::LessEqual,
        Compared::More => CompareOp::Greater,
        Compared::Less => CompareOp::Less,
        Compared::Unequal => return None,
    })
}
