//! What it takes to compute a node: nothing, a scalar expression, a place in a loop, a loop with a sum, a
//! product of two matrices, a call.

use super::matrix::{MatrixForm, distinct};
use super::places::Places;
use super::running::RunningSum;
use super::system::System;
use crate::ir::{AxisFn, Graph, NodeId, Op};

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
    /// A product of two matrices or vectors, or several.
    MatMul(MatrixForm),
    /// The same with an inverse: the solution of a system.
    Solve(MatrixForm, System),
    /// A function along an axis, kept whole.
    Axis,
    /// Linear algebra: inverse, determinant, adjugate.
    Linear,
    /// The same entries under another shape.
    Alias(NodeId),
}

/// Classifies a node.
#[must_use]
pub fn class(g: &Graph, id: NodeId) -> Class {
    let rank = g.rank(id);
    match g.op(id) {
        Op::Number(_) | Op::Pi | Op::Extent(_) | Op::Input(_) | Op::Holds(_) | Op::Named(_) => Class::Leaf,
        Op::Product { .. } if RunningSum::of(g, id).is_some() => Class::Axis,
        Op::Product { .. } if Places::of(g, id).is_some() => placed(g, id),
        Op::Product { bound, .. } if !bound.is_empty() => contraction(g, id),
        Op::Axis { function: AxisFn::Max, arg, along, .. } => {
            let covered = arg.axes.len() == rank + along.len();
            let space = if covered { arg.axes.clone() } else { all(rank + along.len()) };
            Class::Reduction { space, covered }
        }
        Op::Axis { .. } | Op::Others { .. } => Class::Axis,
        Op::Inverse(_) | Op::Det(_) | Op::LogDet(_) | Op::Cofactors(..) => Class::Linear,
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

/// The class of a product with relations.
fn placed(g: &Graph, id: NodeId) -> Class {
    let rank = g.rank(id);
    match Places::of(g, id) {
        Some(places) if !places.is_entry(rank) => Class::Reduction { space: places.space, covered: false },
        _ if rank == 0 => Class::Scalar,
        _ => Class::Elementwise,
    }
}

/// Whether the node's class is [`Class::Elementwise`].
#[must_use]
pub(crate) fn is_elementwise(g: &Graph, id: NodeId) -> bool {
    let entries = match g.op(id) {
        Op::Product { bound, .. } if bound.is_empty() => true,
        Op::Product { .. } => Places::of(g, id).is_some_and(|p| p.is_entry(g.rank(id))),
        Op::Sum(_) | Op::Map { .. } | Op::Select { .. } | Op::Delta | Op::Position => true,
        _ => false,
    };
    entries && g.rank(id) > 0
}

fn all(locals: usize) -> Vec<u8> {
    (0..locals as u8).collect()
}

fn contraction(g: &Graph, id: NodeId) -> Class {
    let Op::Product { factors, bound, .. } = g.op(id) else { return Class::Leaf };
    let (rank, locals) = (g.rank(id), g.rank(id) + bound.len());
    let whole = |form: MatrixForm| match form.system(g) {
        Some(system) => Class::Solve(form, system),
        None => Class::MatMul(form),
    };
    let cover = factors.iter().find(|f| f.operand.axes.len() == locals && distinct(&f.operand.axes));
    match (MatrixForm::of(g, id), cover) {
        // A vector is no array to run along: several rows of the matrix go at a time.
        (Some(form), _) if form.cols.is_empty() => return whole(form),
        (_, Some(f)) => return Class::Reduction { space: f.operand.axes.clone(), covered: true },
        (Some(form), None) => return whole(form),
        (None, None) => {}
    }
    // Without a cover: one long loop. Where the last axis of the result is the last of an operand too, it
    // goes innermost, so that whole rows are added up; else what is summed over does.
    let last = rank.wrapping_sub(1) as u8;
    let in_rows = rank > 0 && factors.iter().any(|f| f.operand.axes.last() == Some(&last));
    let space = if in_rows {
        (0..last).chain(rank as u8..locals as u8).chain(std::iter::once(last)).collect()
    } else {
        all(locals)
    };
    Class::Reduction { space, covered: false }
}
