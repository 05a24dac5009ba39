//! Products to matrix form: which contraction is a matrix product, an inner or outer product, a trace, a sum.
//!
//! The factors of a product are vectors and matrices over local indices. Those over the same indices are
//! multiplied entry by entry; then one bound index after the other is summed over, matrix times vector first:
//! `A * x`, `A' * x`, `sum(x)`, `x' * y`, `A * B`, `rowsum(A)`, `tr(A * B)`, `A * diag(x) * B`. What remains
//! lies on the axes of the result: a vector, a matrix, an outer product, a diagonal. Where that fails the
//! answer is `None`, and the caller writes entries.

use super::notation::{Notation, Tree, Whole, elementwise, matmul, transpose, transposes};
use super::scale::without_scale;
use crate::ir::Number;

/// A vector or matrix over local indices, a product of `pieces` entry by entry.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// One or two distinct locals: a column, or row and column.
    pub(super) axes: Vec<u8>,
    /// Notations of that orientation, with their powers.
    pub(super) pieces: Vec<(Notation, Number)>,
}

/// What the contraction is so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Contraction {
    /// Vectors and matrices.
    pub(super) items: Vec<Item>,
    /// Scalar factors that came out.
    pub(super) scalars: Vec<(Tree, Number)>,
    /// Whether a minus came out.
    pub(super) minus: bool,
}

impl Contraction {
    /// Sums over `bound`, and says what array over `out` remains, if any does.
    pub(super) fn run(&mut self, bound: &[u8], out: &[u8]) -> Option<Option<Tree>> {
        self.merge();
        while self.items.iter().any(|t| t.axes.iter().any(|a| bound.contains(a))) {
            let done = self.matrix_vector(bound)
                || self.total_of_vector(bound)
                || self.matrix_matrix(bound)
                || self.total_of_matrix(bound)
                || self.through_diagonal(bound);
            if !done {
                return None;
            }
            self.merge();
        }
        self.result(out)
    }

    /// Multiplies entry by entry what lies over the same indices.
    fn merge(&mut self) {
        let mut merged: Vec<Item> = Vec::new();
        for item in self.items.drain(..) {
            let same = |m: &&mut Item| {
                m.axes.len() == item.axes.len() && item.axes.iter().all(|a| m.axes.contains(a))
            };
            match merged.iter_mut().find(same) {
                Some(m) if m.axes == item.axes => m.pieces.extend(item.pieces),
                Some(m) => m.pieces.extend(item.pieces.into_iter().map(|(n, p)| (transpose(n), p))),
                None => merged.push(item),
            }
        }
        self.items = merged;
    }

    fn holders(&self, index: u8) -> Vec<usize> {
        (0..self.items.len()).filter(|&k| self.items[k].axes.contains(&index)).collect()
    }

    /// The item as one notation, its scalar factors moved to the front of everything.
    fn whole(&mut self, pieces: Vec<(Notation, Number)>) -> Notation {
        let (above, below, minus, rest) = without_scale(elementwise(pieces));
        let scalar = |note| Tree::plain(note);
        self.scalars.extend(above.into_iter().map(|n| (scalar(n), Number::ONE)));
        self.scalars.extend(below.into_iter().map(|n| (scalar(n), Number::MINUS_ONE)));
        self.minus ^= minus;
        rest
    }

    /// Takes items out, the higher place first.
    fn take(&mut self, a: usize, b: usize) -> (Item, Item) {
        let (low, high) = (a.min(b), a.max(b));
        let second = self.items.remove(high);
        let first = self.items.remove(low);
        if a < b { (first, second) } else { (second, first) }
    }

    /// `A * x`, else `A' * x`.
    fn matrix_vector(&mut self, bound: &[u8]) -> bool {
        for column in [1, 0] {
            for &i in bound {
                let [a, b] = self.holders(i)[..] else { continue };
                let (m, v) = if self.items[a].axes.len() == 2 { (a, b) } else { (b, a) };
                if self.items[v].axes.len() != 1 || self.items[m].axes.get(column) != Some(&i) {
                    continue;
                }
                let (matrix, vector) = self.take(m, v);
                let kept = matrix.axes[1 - column];
                let matrix = self.whole(matrix.pieces);
                let vector = self.whole(vector.pieces);
                let matrix = if column == 1 { matrix } else { transpose(matrix) };
                self.items
                    .push(Item { axes: vec![kept], pieces: vec![(matmul(matrix, vector), Number::ONE)] });
                return true;
            }
        }
        false
    }

    /// `sum(x)`, `x' * y`, `tr(A)`.
    fn total_of_vector(&mut self, bound: &[u8]) -> bool {
        for &i in bound {
            let [v] = self.holders(i)[..] else { continue };
            if self.items[v].axes.len() != 1 {
                continue;
            }
            let item = self.items.remove(v);
            let note = self.inner(item.pieces);
            self.scalars.push((Tree::of_rank(note, 0), Number::ONE));
            return true;
        }
        false
    }

    fn inner(&mut self, pieces: Vec<(Notation, Number)>) -> Notation {
        if pieces.len() == 2 && pieces.iter().all(|(_, p)| p.is_one()) {
            let mut notes = Vec::new();
            for piece in pieces {
                notes.push(self.whole(vec![piece]));
            }
            let (Some(right), Some(left)) = (notes.pop(), notes.pop()) else {
                return Notation::Number(Number::ONE);
            };
            // A scalar is its own transpose: the form with fewer transposes, otherwise the older one first.
            let forward = matmul(transpose(left.clone()), right.clone());
            let backward = matmul(transpose(right), left);
            return if transposes(&backward) < transposes(&forward) { backward } else { forward };
        }
        match self.whole(pieces) {
            Notation::Whole(Whole::Diag, args) => Notation::Whole(Whole::Trace, args),
            note => Notation::Whole(Whole::Sum, vec![note]),
        }
    }

    /// `A * B` with the transposes it takes.
    fn matrix_matrix(&mut self, bound: &[u8]) -> bool {
        for &i in bound {
            let [a, b] = self.holders(i)[..] else { continue };
            if self.items[a].axes.len() != 2 || self.items[b].axes.len() != 2 {
                continue;
            }
            // The left factor is the one whose columns are summed over, if that saves a transpose.
            let (a, b) =
                if self.items[a].axes[0] == i && self.items[b].axes[1] == i { (b, a) } else { (a, b) };
            let (left, right) = self.take(a, b);
            let product = self.chained(left, None, right, i);
            self.items.push(product);
            return true;
        }
        false
    }

    /// `left * [diag(middle) *] right` over `i`.
    fn chained(&mut self, left: Item, middle: Option<Item>, right: Item, i: u8) -> Item {
        let turn = |note, yes: bool| if yes { transpose(note) } else { note };
        let left_note = self.whole(left.pieces);
        let left_note = turn(left_note, left.axes[1] != i);
        let right_note = self.whole(right.pieces);
        let right_note = turn(right_note, right.axes[0] != i);
        let left_note = match middle {
            Some(m) => {
                let diagonal = self.whole(m.pieces);
                matmul(left_note, Notation::Whole(Whole::Diag, vec![diagonal]))
            }
            None => left_note,
        };
        let other = |axes: &[u8]| if axes[0] == i { axes[1] } else { axes[0] };
        let axes = vec![other(&left.axes), other(&right.axes)];
        Item { axes, pieces: vec![(matmul(left_note, right_note), Number::ONE)] }
    }

    /// `sum(A .* B)`, `tr(A * B)`, `rowsum(A)`, `colsum(A)`.
    fn total_of_matrix(&mut self, bound: &[u8]) -> bool {
        for &i in bound {
            let [m] = self.holders(i)[..] else { continue };
            if self.items[m].axes.len() != 2 {
                continue;
            }
            let item = self.items.remove(m);
            let other = if item.axes[0] == i { item.axes[1] } else { item.axes[0] };
            let everything = bound.contains(&other) && self.holders(other).is_empty();
            if everything {
                let note = self.double_sum(item.pieces);
                self.scalars.push((Tree::of_rank(note, 0), Number::ONE));
            } else {
                let f = if item.axes[1] == i { Whole::RowSum } else { Whole::ColSum };
                let note = Notation::Whole(f, vec![self.whole(item.pieces)]);
                self.items.push(Item { axes: vec![other], pieces: vec![(note, Number::ONE)] });
            }
            return true;
        }
        false
    }

    fn double_sum(&mut self, pieces: Vec<(Notation, Number)>) -> Notation {
        if let [(a, pa), (b, pb)] = pieces.as_slice()
            && pa.is_one()
            && pb.is_one()
        {
            // Σ Aᵢⱼ Bⱼᵢ = tr(A B)
            let turned = match (a, b) {
                (a, Notation::Transpose(b)) => Some((a.clone(), (**b).clone())),
                (Notation::Transpose(a), b) => Some((b.clone(), (**a).clone())),
                (Notation::Matmul(_), _) => Some((a.clone(), transpose(b.clone()))),
                (_, Notation::Matmul(_)) => Some((b.clone(), transpose(a.clone()))),
                _ => None,
            };
            if let Some((a, b)) = turned {
                let a = self.whole(vec![(a, Number::ONE)]);
                let b = self.whole(vec![(b, Number::ONE)]);
                return Notation::Whole(Whole::Trace, vec![matmul(a, b)]);
            }
        }
        let note = self.whole(pieces);
        Notation::Whole(Whole::Sum, vec![note])
    }

    /// `A * diag(x) * B`
    fn through_diagonal(&mut self, bound: &[u8]) -> bool {
        for &i in bound {
            let [a, b, c] = self.holders(i)[..] else { continue };
            let mut places = [a, b, c];
            places.sort_by_key(|&k| self.items[k].axes.len());
            if self.items[places[0]].axes.len() != 1 || self.items[places[1]].axes.len() != 2 {
                continue;
            }
            let (mut left, mut right) = (places[1], places[2]);
            if self.items[left].axes[0] == i && self.items[right].axes[1] == i {
                (left, right) = (right, left);
            }
            let (l, r, v) =
                (self.items[left].clone(), self.items[right].clone(), self.items[places[0]].clone());
            for k in [c, b, a] {
                self.items.remove(k);
            }
            let product = self.chained(l, Some(v), r, i);
            self.items.push(product);
            return true;
        }
        false
    }

    /// The array over `out`, of what is left.
    fn result(&mut self, out: &[u8]) -> Option<Option<Tree>> {
        let items = std::mem::take(&mut self.items);
        if items.is_empty() {
            return Some(None);
        }
        match *out {
            [_] => {
                let pieces = items.into_iter().flat_map(|t| t.pieces).collect();
                Some(Some(Tree::of_rank(self.whole(pieces), 1)))
            }
            [i, j] => {
                let (mut rows, mut columns, mut matrix) = (None, None, None);
                for item in items {
                    match item.axes.as_slice() {
                        [a] if *a == i => rows = Some(self.whole(item.pieces)),
                        [a] if *a == j => columns = Some(self.whole(item.pieces)),
                        [a, _] => {
                            let note = self.whole(item.pieces);
                            matrix = Some(if *a == i { note } else { transpose(note) });
                        }
                        _ => return None,
                    }
                }
                Some(Some(Tree::of_rank(two_axes(rows, matrix, columns), 2)))
            }
            _ => None,
        }
    }
}

/// `u .* M .* v'`, as a matrix product.
fn two_axes(rows: Option<Notation>, matrix: Option<Notation>, columns: Option<Notation>) -> Notation {
    let ones = || Notation::Whole(Whole::Vector, vec![Notation::Number(Number::ONE)]);
    let diagonal = |v: Notation| Notation::Whole(Whole::Diag, vec![v]);
    match matrix {
        None => {
            let (u, v) = (rows.unwrap_or_else(ones), columns.unwrap_or_else(ones));
            // A column may be a product; the outer product is one more.
            matmul(u, transpose(v))
        }
        Some(Notation::Whole(Whole::Eye, _)) => {
            let pieces = rows.into_iter().chain(columns).map(|n| (n, Number::ONE)).collect::<Vec<_>>();
            if pieces.is_empty() {
                Notation::Whole(Whole::Eye, Vec::new())
            } else {
                diagonal(elementwise(pieces))
            }
        }
        Some(mut note) => {
            if let Some(u) = rows {
                note = matmul(diagonal(u), note);
            }
            match columns {
                Some(v) => matmul(note, diagonal(v)),
                None => note,
            }
        }
    }
}

/// A part of a sum or an argument over `axes`, seen over `out`: transposed, put on the diagonal, or
/// broadcast.
pub(super) fn oriented(tree: Tree, axes: &[u8], out: &[u8]) -> Option<Tree> {
    if tree.rank == 0 || axes == out {
        return Some(tree);
    }
    let item = item_of(tree, Number::ONE, axes)?;
    let mut c = Contraction { items: vec![item], ..Contraction::default() };
    let array = c.run(&[], out)??;
    let mut factors = c.scalars;
    factors.push((array, Number::ONE));
    let sign = if c.minus { Number::MINUS_ONE } else { Number::ONE };
    Some(Tree::product(sign, factors))
}

/// A factor over `axes` as an item: a matrix whose axes are one index is its diagonal.
pub(super) fn item_of(tree: Tree, power: Number, axes: &[u8]) -> Option<Item> {
    let note = match (tree.rank, axes) {
        (0, [_]) => Notation::Whole(Whole::Vector, vec![tree.note]),
        (0, [_, _]) => Notation::Whole(Whole::Matrix, vec![tree.note]),
        (1, [_]) | (2, [_, _]) => tree.note,
        _ => return None,
    };
    Some(match axes {
        [i, j] if i == j => {
            Item { axes: vec![*i], pieces: vec![(Notation::Whole(Whole::Diag, vec![note]), power)] }
        }
        axes => Item { axes: axes.to_vec(), pieces: vec![(note, power)] },
    })
}
