//! What the language has words for among relations: `x[1..]`, `X[0, :]`, `cumsum(x)`, `pad(x, 1)`,
//! `[A, b; c', d]`, `prod(x)`.
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

/// A block: what stands there, and for rows and columns where it begins and how many there are.
struct Tile {
    tree: Tree,
    at: [(Form, Form); 2],
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

    fn form_of(&self, e: Extent) -> Form {
        self.graph.extents.form(e)
    }

    /// Whether a form is not negative, however large extents are.
    fn holds_always(&self, form: &Form) -> bool {
        let bounds = self.graph.extents.bounds().iter().map(|(b, ..)| self.graph.extents.resolved(b));
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

    /// Whether a node is written as blocks.
    pub(super) fn is_block(&mut self, id: NodeId) -> bool {
        matches!(self.graph.op(id), Op::Sum(_))
            && self.form(id).is_some_and(|tree| matches!(tree.note, Notation::Block(_)))
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

    /// `cumsum(x)`: Σ_{j ≤ i} x[j]
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

    /// `[A, b; c', d]`: tiles that fill the array.
    fn blocks(&mut self, id: NodeId) -> Option<Tree> {
        let Op::Sum(terms) = self.graph.op(id).clone() else { return None };
        let shape = self.graph.shape(id).to_vec();
        if shape.is_empty() || shape.len() > 2 || shape.iter().any(|e| self.is_batch(*e)) {
            return None;
        }
        let (mut tiles, mut others) = (Vec::new(), Vec::new());
        for term in &terms {
            let axes: Vec<usize> = term.operand.axes.iter().map(|&a| a as usize).collect();
            match self.tile(term.operand.node, &axes, term.coeff, &shape) {
                Some(tile) => tiles.push(tile),
                None => others.push(term),
            }
        }
        if tiles.len() < 2 {
            return None;
        }
        let height = self.form_of(shape[0]);
        let width = shape.get(1).map_or_else(|| Form::constant(1), |e| self.form_of(*e));
        let (mut rows, mut down) = (Vec::new(), Form::default());
        while down != height {
            let (mut row, mut right, mut tall) = (Vec::new(), Form::default(), None);
            while right != width {
                let k = tiles.iter().position(|t| t.at[0].0 == down && t.at[1].0 == right)?;
                let tile = tiles.remove(k);
                let [(_, h), (_, w)] = tile.at;
                let known = tall.get_or_insert(h.clone());
                if *known != h || w == Form::default() {
                    return None;
                }
                right = right.plus(&w, 1);
                row.push(tile.tree.note);
            }
            down = down.plus(&tall.filter(|t| *t != Form::default())?, 1);
            rows.push(row);
        }
        let block = Tree::of_rank(Notation::Block(rows), shape.len());
        if !tiles.is_empty() || others.is_empty() {
            return tiles.is_empty().then_some(block);
        }
        let mut parts = vec![(Number::ONE, block)];
        let out: Vec<u8> = (0..shape.len() as u8).collect();
        for term in others {
            parts.push((term.coeff, self.operand(&term.operand, &shape, &out)?));
        }
        Some(Tree::sum(parts))
    }

    /// Factors with those taken apart that are arrays at places themselves.
    fn opened_up(&self, factors: Vec<Factor>, bound: Vec<Extent>, rank: usize) -> (Vec<Factor>, Vec<Extent>) {
        let (mut all, mut bound, mut left) = (Vec::new(), bound, factors);
        while let Some(f) = left.pop() {
            let placed = |inner: &[Factor]| {
                inner.iter().any(|f| matches!(self.graph.op(f.operand.node), Op::Holds(_)))
            };
            let single = |e: &Extent| self.graph.extents.as_constant(*e) == Some(1);
            match self.graph.op(f.operand.node) {
                Op::Product { coeff, factors: inner, bound: more }
                    if coeff.is_one()
                        && f.power.is_one()
                        && !self.names.contains_key(&f.operand.node)
                        && !f.operand.axes.is_empty()
                        && (placed(inner) || (!more.is_empty() && more.iter().all(single))) =>
                {
                    let own = f.operand.axes.len();
                    let from = rank + bound.len();
                    let local = |a: u8| match (a as usize).checked_sub(own) {
                        Some(k) => (from + k) as u8,
                        None => f.operand.axes[a as usize],
                    };
                    for x in inner {
                        let mut x = x.clone();
                        x.operand.axes.iter_mut().for_each(|a| *a = local(*a));
                        left.push(x);
                    }
                    bound.extend(more);
                }
                _ => all.push(f),
            }
        }
        all.reverse();
        (all, bound)
    }

    /// A term that is an array at a place, 0 elsewhere.
    fn tile(&mut self, node: NodeId, to: &[usize], c: Number, shape: &[Extent]) -> Option<Tile> {
        let (coeff, factors, bound) = match self.graph.op(node).clone() {
            Op::Product { coeff, factors, bound } => (coeff, factors, bound),
            Op::Holds(_) | Op::Delta => {
                let axes = (0..to.len() as u8).collect();
                let operand = crate::ir::Operand { node, axes };
                (Number::ONE, vec![Factor { operand, power: Number::ONE }], Vec::new())
            }
            _ => return None,
        };
        let (factors, bound) = self.opened_up(factors, bound, self.graph.rank(node));
        let (relations, arrays): (Vec<Factor>, Vec<Factor>) =
            factors.into_iter().partition(|f| self.graph.is_indicator(f.operand.node));
        if relations.is_empty() {
            return None;
        }
        let rank = self.graph.rank(node);
        // For each axis of the whole: where the tile begins, how many, and which local runs along it.
        let mut axes: Vec<Option<(Form, Form, Option<u8>)>> = vec![None; shape.len()];
        let mut cuts: Vec<(u8, Slice)> = Vec::new();
        let mut limits = Vec::new();
        let mut values: BTreeMap<u8, [Form; 2]> = BTreeMap::new();
        for f in &relations {
            let Op::Holds(r) = self.graph.op(f.operand.node) else { return None };
            let offset = self.graph.extents.resolved(&r.offset);
            if r.kind != RelationKind::Equal {
                limits.push((f.operand.axes.clone(), r.coeffs.clone(), offset));
                continue;
            }
            let (axis, found) = match (f.operand.axes.as_slice(), r.coeffs.as_slice()) {
                (&[a], &[n]) if n.abs() == 1 && (a as usize) < rank => {
                    (to[a as usize], (offset.times(-n), Form::constant(1), None))
                }
                (&[a, b], &[m, n]) if m * n == -1 => {
                    let (out, own, sign) = if (a as usize) < rank { (a, b, n) } else { (b, a, m) };
                    let length = self.form_of(*bound.get((own as usize).checked_sub(rank)?)?);
                    // own = out − sign·offset, so it begins at sign·offset; what lies outside is cut off.
                    let axis = *to.get(out as usize)?;
                    let begin = offset.times(sign);
                    let end = begin.plus(&length, 1);
                    let total = self.form_of(shape[axis]);
                    let zero = Form::default();
                    let beyond = end.plus(&total, -1);
                    let told = |f: &Form| f.is_never_negative() || f.times(-1).is_never_negative();
                    if !told(&begin) || !told(&beyond) {
                        return None;
                    }
                    let from = if begin.is_never_negative() { begin.clone() } else { zero.clone() };
                    let to_end = if beyond != zero && beyond.is_never_negative() { total } else { end };
                    let count = to_end.plus(&from, -1);
                    let first = from.plus(&begin, -1);
                    let after = first.plus(&count, 1);
                    values.insert(own, [first.clone(), after.shifted(-1)]);
                    if from != begin || count != length {
                        let note = |form: &Form| self.place_note(&Place::fixed(form.clone()));
                        let ends =
                            [(first != zero).then(|| note(&first)), (after != length).then(|| note(&after))];
                        let limits = [note(&first), note(&after.shifted(-1))];
                        cuts.push((own, Slice::Range(Box::new(ends), Box::new(limits))));
                    }
                    (axis, (from, count, Some(own)))
                }
                _ => return None,
            };
            if axes[axis].replace(found).is_some() {
                return None;
            }
        }
        // What is asked besides must be so where the tile stands.
        for (locals, coeffs, offset) in limits {
            let ([a], [n]) = (locals.as_slice(), coeffs.as_slice()) else { return None };
            let [first, last] = values.get(a)?;
            if !self.holds_always(&offset.plus(if *n > 0 { first } else { last }, *n)) {
                return None;
            }
        }
        for (k, &axis) in to.iter().enumerate() {
            axes[axis].get_or_insert((Form::default(), self.form_of(shape[axis]), Some(k as u8)));
        }
        let axes: Vec<(Form, Form, Option<u8>)> = axes.into_iter().collect::<Option<_>>()?;
        let own: Vec<Option<u8>> = axes.iter().map(|(.., own)| *own).collect();
        let (row, column) = (own[0], own.get(1).copied().flatten());
        // An axis of one entry that nothing else has.
        let single = |a: u8| {
            let at = (a as usize).checked_sub(rank).and_then(|k| bound.get(k));
            Some(a) != row
                && Some(a) != column
                && at.is_some_and(|e| self.graph.extents.as_constant(*e) == Some(1))
        };
        let mut parts = Vec::new();
        let mut filled = false;
        for f in &arrays {
            let (is_row, is_column) = (|a| Some(a) == row, |a| Some(a) == column);
            let turned = match f.operand.axes.as_slice() {
                [] => None,
                &[a] if is_row(a) && column.is_none() => Some(false),
                &[a] if is_column(a) && row.is_none() => Some(true),
                &[a] if single(a) && row.is_none() && column.is_none() => Some(false),
                &[a, b] if (is_row(a) || single(a)) && (is_column(b) || single(b)) => Some(false),
                &[a, b] if (is_column(a) || single(a)) && (is_row(b) || single(b)) => Some(true),
                _ => return None,
            };
            let mut tree = self.form(f.operand.node)?;
            for (k, &a) in f.operand.axes.iter().enumerate() {
                if let Some((_, cut)) = cuts.iter().find(|(local, _)| *local == a) {
                    if !matches!(tree.note, Notation::Name(_)) {
                        return None;
                    }
                    let mut slices = vec![Slice::All; f.operand.axes.len()];
                    slices[k] = cut.clone();
                    tree.note = Notation::Part(Box::new(tree.note), slices);
                }
            }
            filled |= turned.is_some();
            parts.push(match turned {
                Some(true) => (Tree { note: transpose(tree.note), rank: 2, ..tree }, f.power),
                _ => (tree, f.power),
            });
        }
        if own.iter().flatten().next().is_some() && !filled {
            return None;
        }
        let tree = Tree::product(coeff.mul(c), parts);
        let mut at = axes.into_iter().map(|(start, count, _)| (start, count));
        let first = at.next()?;
        let second = at.next().unwrap_or((Form::default(), Form::constant(1)));
        Some(Tile { tree, at: [first, second] })
    }
}
