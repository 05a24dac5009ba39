//! What it takes to compute a node: nothing, a scalar expression, a place in a loop, a loop with a sum, a product of
//! two matrices, a call.

use crate::ir::{AxisFn, Factor, Graph, NodeId, Op, Operand};

/// The class of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// A constant, an extent or an input.
    Leaf,
    /// A scalar expression of scalars.
    Scalar,
    /// One value for each entry, inside a loop.
    Elementwise,
    /// A sum or maximum inside a loop.
    Reduction {
        /// The loop's axes as locals of the node, outermost first.
        space: Vec<u8>,
        /// Whether an operand runs along all of them, so that the loop is no longer than what it reads.
        covered: bool,
    },
    /// A product of two matrices or vectors.
    MatMul,
    /// A function along an axis, kept whole.
    Axis,
    /// Linear algebra: inverse, determinant.
    Linear,
    /// The same entries under another shape.
    Alias(NodeId),
}

/// Classifies a node.
#[must_use]
pub fn class(g: &Graph, id: NodeId) -> Class {
    let rank = g.rank(id);
    match g.op(id) {
        Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Input(_) => Class::Leaf,
        // A stored matrix, summed along its rows against a vector: the library takes several rows at a time.
        Op::Product { factors, bound, .. }
            if !bound.is_empty()
                && factors.iter().any(|f| is_summed_by_rows(g, &f.operand, rank))
                && is_matmul(factors, rank, rank + bound.len()) =>
        {
            Class::MatMul
        }
        Op::Product { factors, bound, .. } if !bound.is_empty() => {
            contraction(factors, rank, rank + bound.len())
        }
        Op::Axis { function: AxisFn::Max, arg, along, .. } => {
            let covered = arg.axes.len() == rank + along.len();
            let space = if covered { arg.axes.clone() } else { all(rank + along.len()) };
            Class::Reduction { space, covered }
        }
        Op::Axis { .. } => Class::Axis,
        Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) => Class::Linear,
        Op::Merge { arg, groups } | Op::Split { arg, groups } => {
            debug_assert!(
                groups.iter().flatten().enumerate().all(|(k, &a)| k == a as usize),
                "axes merge in order"
            );
            Class::Alias(*arg)
        }
        _ if rank == 0 => Class::Scalar,
        _ => Class::Elementwise,
    }
}

/// Whether the operand is a matrix that no loop would compute on the way, its rows running along the bound index.
fn is_summed_by_rows(g: &Graph, operand: &Operand, bound: usize) -> bool {
    operand.axes.len() == 2
        && operand.axes[0] as usize == bound
        && class(g, operand.node) != Class::Elementwise
}

fn all(locals: usize) -> Vec<u8> {
    (0..locals as u8).collect()
}

/// Whether each axis runs along its own local.
fn distinct(axes: &[u8]) -> bool {
    axes.iter().enumerate().all(|(k, a)| !axes[..k].contains(a))
}

fn contraction(factors: &[Factor], rank: usize, locals: usize) -> Class {
    let cover = factors.iter().find(|f| f.operand.axes.len() == locals && distinct(&f.operand.axes));
    if let Some(f) = cover {
        return Class::Reduction { space: f.operand.axes.clone(), covered: true };
    }
    if is_matmul(factors, rank, locals) {
        return Class::MatMul;
    }
    // Without a cover: one long loop. Where the last axis of the result is the last of an operand too, it goes
    // innermost, so that whole rows are added up; else what is summed over does.
    let last = rank.wrapping_sub(1) as u8;
    let in_rows = rank > 0 && factors.iter().any(|f| f.operand.axes.last() == Some(&last));
    let space = if in_rows {
        (0..last).chain(rank as u8..locals as u8).chain(std::iter::once(last)).collect()
    } else {
        all(locals)
    };
    Class::Reduction { space, covered: false }
}

/// Two operands of at most two axes that share one bound axis and no other.
fn is_matmul(factors: &[Factor], rank: usize, locals: usize) -> bool {
    let [a, b] = factors else { return false };
    let (a, pa, b, pb) = (&a.operand, a.power, &b.operand, b.power);
    let own = |x: &Operand, other: &Operand| x.axes.iter().filter(|l| !other.axes.contains(l)).count();
    let shared: Vec<u8> = a.axes.iter().copied().filter(|l| b.axes.contains(l)).collect();
    locals == rank + 1
        && pa.is_one()
        && pb.is_one()
        && distinct(&a.axes)
        && distinct(&b.axes)
        && shared.len() == 1
        && shared[0] as usize == rank
        && own(a, b) <= 1
        && own(b, a) <= 1
        && own(a, b) + own(b, a) == rank
}
