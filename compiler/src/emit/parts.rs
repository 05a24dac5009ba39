//! What the language has words for among relations: `x[1..]`, `X[0, :]`, `cumsum(x)`, `pad(x, 1)`, `prod(x)`;
//! blocks are in [`super::blocks`].
//!
//! Where one formula reads neighbours, parts of one array that are moved against each other, indices say it
//! better: `sum[i]((x[i+1] - x[i])^2)`.

use super::convert::{Converter, whole};
use super::notation::{Notation, Slice, Tree, Whole, transpose};
use super::place::Place;
use crate::ir::{Extent, Factor, Form, NodeId, Number, Op, RelationKind};
use std::collections::{BTreeMap, BTreeSet};

/// What a subscript leaves of an axis.
#[derive(Clone, Debug, PartialEq)]
enum Cut {
    All,
    At(Form),
    /// From a place on, so many.
    From(Form, Form),
}

/// An array seen through subscripts.
#[derive(Clone, Debug)]
struct Seen {
    node: NodeId,
    cuts: Vec<Cut>,
    /// The axes of the result, in the order of those of the array.
    order: Vec<u8>,
}

impl Seen {
    /// Whether it is a part moved along an axis, so that others may be its neighbours.
    fn is_moved(&self) -> bool {
        self.cuts.iter().any(|cut| matches!(cut, Cut::From(..)))
    }
}

impl Converter<'_> {
    /// The node in a word that the language has for it.
    pub(super) fn word(&mut self, id: NodeId) -> Option<Tree> {
        match self.graph.op(id) {
            Op::Others { order: 0, .. } if self.graph.rank(id) == 0 => self.product_of_all(id),
            Op::Product { .. } => self.part(id).or_else(|| self.cumulated(id)).or_else(|| self.padded(id)),
            Op::Sum(_) => self.blocks(id),
            _ => None,
        }
    }

    /// Whether the node is a part of an array, or entries of it.
    pub(super) fn is_part(&self, id: NodeId) -> bool {
        self.seen(id).is_some()
    }

    pub(super) fn form_of(&self, e: Extent) -> Form {
        self.graph.extents.form(e)
    }

    /// Whether a form is not negative, however large extents are.
    pub(super) fn holds_always(&self, form: &Form) -> bool {
        let bounds = self.graph.extents.bounds().iter().map(|b| self.graph.extents.resolved(&b.form));
        form.is_never_negative() || bounds.into_iter().any(|b| form.plus(&b, -1).is_never_negative())
    }

    /// Whether `local` runs along the batch, which is not shown.
    fn hides(&self, shape: &[Extent], bound: &[Extent], local: u8) -> bool {
        let all: Vec<Extent> = shape.iter().chain(bound).copied().collect();
        !self.shown(&all).contains(&local)
    }

    fn seen(&self, id: NodeId) -> Option<Seen> {
        let Op::Product { coeff, factors, bound } = self.graph.op(id) else { return None };
        let shape = self.graph.shape(id);
        let (relations, arrays): (Vec<&Factor>, Vec<&Factor>) =
            factors.iter().partition(|f| self.graph.is_indicator(f.operand.node));
        let [array] = arrays.as_slice() else { return None };
        if !coeff.is_one() || !array.power.is_one() || (relations.is_empty() && bound.is_empty()) {
            return None;
        }
        let rank = shape.len();
        let (mut cuts, mut order) = (Vec::new(), Vec::new());
        let mut used = 0;
        let axes = &array.operand.axes;
        for (&l, &e) in axes.iter().zip(self.graph.shape(array.operand.node)) {
            if self.hides(shape, bound, l) {
                continue;
            }
            let of: Vec<&&Factor> = relations.iter().filter(|f| f.operand.axes.contains(&l)).collect();
            if (l as usize) < rank && of.is_empty() {
                cuts.push(Cut::All);
                order.push(l);
                continue;
            }
            if of.is_empty() && self.graph.extents.as_constant(e) == Some(1) {
                cuts.push(Cut::At(Form::default()));
                continue;
            }
            let [relation] = of.as_slice() else { return None };
            let Op::Holds(r) = self.graph.op(relation.operand.node) else { return None };
            used += 1;
            if (l as usize) < rank || r.kind != RelationKind::Equal {
                return None;
            }
            let offset = self.graph.extents.resolved(&r.offset);
            match (relation.operand.axes.as_slice(), r.coeffs.as_slice()) {
                ([_], &[n]) if n.abs() == 1 => cuts.push(Cut::At(offset.times(-n))),
                (&[a, b], &[1, -1] | &[-1, 1]) => {
                    let m = if a == l { b } else { a };
                    let sign = if a == l { r.coeffs[0] } else { r.coeffs[1] };
                    // l = m − sign·offset
                    let start = offset.times(-sign);
                    let count = self.form_of(*shape.get(m as usize)?);
                    let rest = self.form_of(e).plus(&start, -1).plus(&count, -1);
                    if !self.holds_always(&start) || !self.holds_always(&rest) {
                        return None;
                    }
                    cuts.push(Cut::From(start, count));
                    order.push(m);
                }
                _ => return None,
            }
        }
        let distinct: BTreeSet<u8> = order.iter().copied().collect();
        let shown = self.shown(shape);
        (used == relations.len() && distinct.len() == order.len() && order.len() == shown.len())
            .then_some(Seen { node: array.operand.node, cuts, order })
    }

    fn part(&mut self, id: NodeId) -> Option<Tree> {
        let seen = self.seen(id)?;
        let base = self.form(seen.node)?;
        let extents = self.graph.shape(seen.node).to_vec();
        let shown = self.shown(&extents);
        let note = |c: &Self, form: &Form| c.place_note(&Place::fixed(form.clone()));
        let rank = seen.order.len();
        if rank > 2 || base.rank == 0 {
            return None;
        }
        if rank == 0 {
            let at = seen.cuts.iter().map(|cut| match cut {
                Cut::At(form) => note(self, form),
                _ => Notation::Number(Number::ZERO),
            });
            return Some(Tree::of_rank(Notation::Entry(Box::new(base.note), at.collect()), 0));
        }
        let mut slices = Vec::new();
        for (cut, &k) in seen.cuts.iter().zip(&shown) {
            let length = self.form_of(extents[k as usize]);
            slices.push(match cut {
                Cut::All => Slice::All,
                Cut::At(form) => Slice::At(note(self, form)),
                Cut::From(start, count) => {
                    let end = start.plus(count, 1);
                    let from = (*start != Form::default()).then(|| note(self, start));
                    let to = (end != length).then(|| note(self, &end));
                    let limits = [note(self, start), note(self, &end.shifted(-1))];
                    Slice::Range(Box::new([from, to]), Box::new(limits))
                }
            });
        }
        let part = Notation::Part(Box::new(base.note), slices);
        let turned = rank == 2 && seen.order[0] > seen.order[1];
        Some(Tree::of_rank(if turned { transpose(part) } else { part }, rank))
    }

    /// Whether entries of the node read parts of one array that are moved against each other.
    pub(super) fn reads_neighbours(&mut self, id: NodeId) -> bool {
        let mut parts: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut moved = BTreeSet::new();
        let mut stack = vec![(id, true)];
        while let Some((at, top)) = stack.pop() {
            if !seen.insert(at) || (!top && (self.names.contains_key(&at) || self.graph.rank(at) == 0)) {
                continue;
            }
            if let Some(view) = self.seen(at) {
                if view.is_moved() {
                    moved.insert(view.node);
                }
                parts.entry(view.node).or_default().insert(at);
                continue;
            }
            if !top && self.is_block(at) {
                continue;
            }
            match self.graph.op(at) {
                Op::Sum(_) | Op::Map { .. } | Op::Select { .. } => {
                    self.graph.node(at).each_child(|c| stack.push((c, false)));
                }
                // A sum over what all factors run along is one of what goes entry by entry.
                Op::Product { factors, bound, .. } => {
                    let axes = |f: &Factor| f.operand.axes.iter().copied().collect::<BTreeSet<u8>>();
                    let first = factors.iter().map(axes).find(|a| !a.is_empty());
                    let alike = first
                        .is_none_or(|first| factors.iter().map(axes).all(|a| a.is_empty() || a == first));
                    if bound.is_empty() || alike {
                        self.graph.node(at).each_child(|c| stack.push((c, false)));
                    }
                }
                Op::Axis { .. } if top => self.graph.node(at).each_child(|c| stack.push((c, false))),
                Op::Input(_) => {
                    parts.entry(at).or_default().insert(at);
                }
                _ => {}
            }
        }
        moved.iter().any(|base| parts.get(base).is_some_and(|views| views.len() > 1))
    }

    /// `prod(x)`
    fn product_of_all(&mut self, id: NodeId) -> Option<Tree> {
        let mut at = id;
        let mut axes = 0;
        while let Op::Others { arg, order: 0, .. } = self.graph.op(at)
            && !self.names.contains_key(&arg.node)
        {
            at = arg.node;
            axes += 1;
        }
        if let Op::Others { arg, .. } = self.graph.op(at) {
            at = arg.node;
            axes += 1;
        }
        (self.graph.rank(at) == axes).then_some(())?;
        let tree = self.form(at)?;
        (tree.rank == axes).then(|| whole(Whole::Product, vec![tree], 0))
    }

    /// `cumsum(x)`: `Σ_{j ≤ i} x[j]`
    fn cumulated(&mut self, id: NodeId) -> Option<Tree> {
        let Op::Product { coeff, factors, bound } = self.graph.op(id).clone() else { return None };
        let shape = self.graph.shape(id).to_vec();
        let ([i], [j]) = (shape.as_slice(), bound.as_slice()) else { return None };
        let (relations, arrays): (Vec<Factor>, Vec<Factor>) =
            factors.into_iter().partition(|f| self.graph.is_indicator(f.operand.node));
        let [relation] = relations.as_slice() else { return None };
        let Op::Holds(r) = self.graph.op(relation.operand.node) else { return None };
        let at = |axis: u8| relation.operand.axes.iter().position(|a| *a == axis).map(|k| r.coeffs[k]);
        let up_to = r.kind == RelationKind::AtLeast
            && self.graph.extents.resolved(&r.offset) == Form::default()
            && (at(0), at(1)) == (Some(1), Some(-1));
        if !up_to || self.form_of(*i) != self.form_of(*j) || arrays.is_empty() || self.is_batch(*i) {
            return None;
        }
        let mut parts = Vec::new();
        for f in &arrays {
            if f.operand.axes != [1] {
                return None;
            }
            parts.push((self.form(f.operand.node)?, f.power));
        }
        let inner = Tree::product(Number::ONE, parts);
        if inner.rank == 0 {
            return None;
        }
        Some(Tree::product(coeff, vec![(whole(Whole::CumSum, vec![inner], 1), Number::ONE)]))
    }

    /// `pad(x, 1)`
    fn padded(&mut self, id: NodeId) -> Option<Tree> {
        let Op::Product { coeff, factors, bound } = self.graph.op(id).clone() else { return None };
        let shape = self.graph.shape(id).to_vec();
        let (relations, arrays): (Vec<Factor>, Vec<Factor>) =
            factors.into_iter().partition(|f| self.graph.is_indicator(f.operand.node));
        let [array] = arrays.as_slice() else { return None };
        let hides = shape.iter().chain(&bound).any(|e| self.is_batch(*e));
        if !coeff.is_one() || !array.power.is_one() || hides || shape.len() > 2 || relations.is_empty() {
            return None;
        }
        let mut widths = Vec::new();
        for (k, (&l, &e)) in array.operand.axes.iter().zip(self.graph.shape(array.operand.node)).enumerate() {
            if l as usize == k {
                widths.push(Form::default());
                continue;
            }
            let mut of = relations.iter().filter(|f| f.operand.axes.contains(&l));
            let (Some(relation), None) = (of.next(), of.next()) else { return None };
            let Op::Holds(r) = self.graph.op(relation.operand.node) else { return None };
            let at = |axis: u8| relation.operand.axes.iter().position(|a| *a == axis).map(|n| r.coeffs[n]);
            let (Some(own), Some(to)) = (at(l), at(k as u8)) else { return None };
            if r.kind != RelationKind::Equal || own * to != -1 || r.coeffs.len() != 2 {
                return None;
            }
            // own·l − own·k + offset = 0: k = l + own·offset
            let width = self.graph.extents.resolved(&r.offset).times(own);
            if self.form_of(*shape.get(k)?) != self.form_of(e).plus(&width, 2) || !width.is_never_negative() {
                return None;
            }
            widths.push(width);
        }
        if widths.len() != shape.len() || relations.len() != bound.len() {
            return None;
        }
        let base = self.form(array.operand.node)?;
        if base.rank != shape.len() {
            return None;
        }
        if widths.iter().all(|w| *w == widths[0]) {
            widths.truncate(1);
        }
        let mut args = vec![base];
        args.extend(widths.into_iter().map(|w| Tree::plain(self.place_note(&Place::fixed(w)))));
        Some(whole(Whole::Pad, args, shape.len()))
    }
}
