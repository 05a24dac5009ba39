//! Blocks: a sum of arrays at places that fill an array, `[A, b; c', d]`.

use super::convert::Converter;
use super::notation::{Notation, Slice, Tree, transpose};
use super::place::Place;
use crate::ir::{Extent, Factor, Form, NodeId, Number, Op, Operand, RelationKind};
use std::collections::BTreeMap;

/// A block: what stands there, and for rows and columns where it begins and how many there are.
struct Tile {
    tree: Tree,
    at: [(Form, Form); 2],
}

impl Converter<'_> {
    /// Whether a node is written as blocks.
    pub(super) fn is_block(&mut self, id: NodeId) -> bool {
        matches!(self.graph.op(id), Op::Sum(_))
            && self.form(id).is_some_and(|tree| matches!(tree.note, Notation::Block(_)))
    }

    /// `[A, b; c', d]`: tiles that fill the array.
    pub(super) fn blocks(&mut self, id: NodeId) -> Option<Tree> {
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
                let operand = Operand { node, axes };
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
