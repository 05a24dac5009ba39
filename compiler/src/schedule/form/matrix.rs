//! Contractions as products of matrices: which indices are rows, columns, summed, which run around.

use super::class::is_elementwise;
use crate::ir::{Factor, Graph, Index, NodeId, Op, Operand};

/// How a contraction of two arrays, or of one with itself, is done by products of matrices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixForm {
    /// The factor whose own indices are the rows.
    pub left: Operand,
    /// The factor whose own indices are the columns.
    pub right: Operand,
    /// For the product of a matrix with itself, xᵀ diag(w) x: the weights, if there are any.
    pub gram: Option<Option<Operand>>,
    /// Locals of the result that loops run over, around the product, in order.
    pub around: Vec<u8>,
    /// Summed locals that loops run over, inside those.
    pub around_summed: Vec<u8>,
    /// Locals, adjacent in memory, that together are the rows.
    pub rows: Vec<u8>,
    /// The same for the columns.
    pub cols: Vec<u8>,
    /// The same for what each number is a sum over.
    pub summed: Vec<u8>,
}

impl MatrixForm {
    /// How the node is computed by products of matrices, if that is the way.
    pub(super) fn of(g: &Graph, id: NodeId) -> Option<Self> {
        let Op::Product { factors, bound, .. } = g.op(id) else { return None };
        if bound.is_empty() {
            return None;
        }
        let rank = g.rank(id);
        gram(factors, rank, rank + bound.len())
            .or_else(|| matrix_and_vector(g, factors, rank, rank + bound.len()))
            .or_else(|| pair(factors, rank, rank + bound.len()))
    }
}

/// Whether each axis runs along its own local.
pub(super) fn distinct(axes: &[u8]) -> bool {
    axes.iter().enumerate().all(|(k, a)| !axes[..k].contains(a))
}

/// A matrix that is there, not computed on the way, times a vector: the library takes several rows at a time.
fn matrix_and_vector(g: &Graph, factors: &[Factor], rank: usize, locals: usize) -> Option<MatrixForm> {
    let [a, b] = factors else { return None };
    let (matrix, vector) = if a.operand.axes.len() == 2 { (a, b) } else { (b, a) };
    let (x, v) = (&matrix.operand, &vector.operand);
    let fits = rank == 1
        && locals == 2
        && x.axes.len() == 2
        && distinct(&x.axes)
        && v.axes == [1]
        && matrix.power.is_one()
        && vector.power.is_one()
        && !is_elementwise(g, x.node);
    fits.then(|| MatrixForm {
        left: x.clone(),
        right: v.clone(),
        gram: None,
        around: Vec::new(),
        around_summed: Vec::new(),
        rows: vec![0],
        cols: Vec::new(),
        summed: vec![1],
    })
}

/// A matrix with itself along one index, and at most one vector of weights along that.
fn gram(factors: &[Factor], rank: usize, locals: usize) -> Option<MatrixForm> {
    if rank != 2 || locals != 3 || factors.iter().any(|f| !f.power.is_one()) {
        return None;
    }
    let [bound, first, second] = [2, 0, 1];
    let (weights, matrices): (Vec<_>, Vec<_>) = factors.iter().partition(|f| f.operand.axes == [bound]);
    let [a, b] = matrices.as_slice() else { return None };
    let (a, b) = (&a.operand, &b.operand);
    if a.node != b.node || a.axes.len() != 2 || weights.len() > 1 {
        return None;
    }
    let along = |o: &Operand, own: u8| o.axes == [bound, own] || o.axes == [own, bound];
    let turned = |o: &Operand| o.axes[0] == bound;
    let (left, right) = if along(a, first) { (a, b) } else { (b, a) };
    let fits = along(left, first) && along(right, second) && turned(left) == turned(right);
    fits.then(|| MatrixForm {
        left: left.clone(),
        right: right.clone(),
        gram: Some(weights.first().map(|w| w.operand.clone())),
        around: Vec::new(),
        around_summed: Vec::new(),
        rows: vec![first],
        cols: vec![second],
        summed: vec![bound],
    })
}

/// Two arrays that share what is summed, each with indices of its own.
fn pair(factors: &[Factor], rank: usize, locals: usize) -> Option<MatrixForm> {
    match factors {
        [a, b] if a.power.is_one() && b.power.is_one() => operands(&a.operand, &b.operand, rank, locals),
        _ => None,
    }
}

/// How many loops would run around the product of arrays with these indices.
pub(crate) fn loops_around(a: &[Index], b: &[Index], out: &[Index]) -> usize {
    let mut locals = out.to_vec();
    locals.extend(a.iter().filter(|i| !out.contains(i)));
    let operand = |indices: &[Index]| {
        let local = |i: &Index| locals.iter().position(|l| l == i).and_then(|p| u8::try_from(p).ok());
        let axes: Option<Vec<u8>> = indices.iter().map(local).collect();
        axes.map(|axes| Operand { node: NodeId(0), axes })
    };
    let form = operand(a).zip(operand(b)).and_then(|(a, b)| operands(&a, &b, out.len(), locals.len()));
    form.map_or(locals.len(), |f| f.around.len() + f.around_summed.len())
}

fn operands(a: &Operand, b: &Operand, rank: usize, locals: usize) -> Option<MatrixForm> {
    let bound: Vec<u8> = (rank as u8..locals as u8).collect();
    let shared = |local: &u8| a.axes.contains(local) && b.axes.contains(local);
    if !distinct(&a.axes) || !distinct(&b.axes) || !bound.iter().all(shared) {
        return None;
    }
    // The last index of the result, so that its rows are written as they lie.
    let last = (rank as u8).checked_sub(1)?;
    if shared(&last) {
        return None;
    }
    let (left, right) = if b.axes.contains(&last) { (a, b) } else { (b, a) };
    let own = |x: &Operand, other: &Operand| -> Vec<u8> {
        (0..rank as u8).filter(|l| x.axes.contains(l) && !other.axes.contains(l)).collect()
    };
    let cols = adjacent(&own(right, left), true, &[right]).pop()?;
    // Of the runs that could be rows, the longest, and of those the last.
    let longest = |runs: Vec<Vec<u8>>| runs.into_iter().max_by_key(Vec::len);
    let rows = longest(adjacent(&own(left, right), true, &[left]))?;
    let in_order: Vec<u8> = left.axes.iter().copied().filter(|l| bound.contains(l)).collect();
    let summed = longest(adjacent(&in_order, false, &[left, right]))?;
    let used = |l: &u8| rows.contains(l) || cols.contains(l) || summed.contains(l);
    Some(MatrixForm {
        left: left.clone(),
        right: right.clone(),
        gram: None,
        around: (0..rank as u8).filter(|l| !used(l)).collect(),
        around_summed: bound.iter().copied().filter(|l| !used(l)).collect(),
        rows,
        cols,
        summed,
    })
}

/// The locals in runs that lie side by side in all of the operands and, if they are the result's, in that.
fn adjacent(locals: &[u8], in_result: bool, operands: &[&Operand]) -> Vec<Vec<u8>> {
    let place = |o: &Operand, l: u8| o.axes.iter().position(|&a| a == l);
    let joins = |before: u8, l: u8| {
        // The result's indices are numbered as they lie in it.
        (!in_result || l == before + 1)
            && operands.iter().all(|o| place(o, before).map(|p| p + 1) == place(o, l))
    };
    let mut runs: Vec<Vec<u8>> = Vec::new();
    for &l in locals {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|&before| joins(before, l)) => run.push(l),
            _ => runs.push(vec![l]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Number;

    fn factor(node: u32, axes: &[u8]) -> Factor {
        Factor { operand: Operand { node: NodeId(node), axes: axes.into() }, power: Number::ONE }
    }

    #[test]
    fn adjacent_indices_are_one() {
        // out[i,j,k] = Σ_p a[i,j,p] b[p,k]
        let p = pair(&[factor(0, &[0, 1, 3]), factor(1, &[3, 2])], 3, 4).unwrap();
        assert_eq!((p.rows, p.cols, p.summed, p.around), (vec![0, 1], vec![2], vec![3], vec![]));
    }

    #[test]
    fn what_both_have_and_what_lies_apart_runs_around() {
        // out[i,j,k] = Σ_p a[i,j,p] b[i,p,k]
        let p = pair(&[factor(0, &[0, 1, 3]), factor(1, &[0, 3, 2])], 3, 4).unwrap();
        assert_eq!((p.rows, p.cols, p.around), (vec![1], vec![2], vec![0]));
        // out[i,j,k,l] = Σ_p a[p,i,k] b[p,j,l]: neither i, k nor j, l lie side by side in the result.
        let p = pair(&[factor(0, &[4, 0, 2]), factor(1, &[4, 1, 3])], 4, 5).unwrap();
        assert_eq!((p.rows, p.cols, p.around), (vec![2], vec![3], vec![0, 1]));
    }

    #[test]
    fn a_matrix_with_itself() {
        let factors = [factor(0, &[2, 0]), factor(0, &[2, 1]), factor(1, &[2])];
        assert_eq!(gram(&factors, 2, 3).unwrap().gram.unwrap().unwrap().node, NodeId(1));
        // x xᵀ, and x·x, which is none.
        assert!(gram(&[factor(0, &[0, 2]), factor(0, &[1, 2])], 2, 3).is_some());
        assert!(gram(&[factor(0, &[0, 2]), factor(0, &[2, 1])], 2, 3).is_none());
    }
}
