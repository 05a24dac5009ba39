//! Products with an inverse: systems of equations.

use super::matrix::MatrixForm;
use crate::ir::{Graph, NodeId, Op};

/// A product with an inverse, as what it is: the solution of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// The inverse.
    pub inverse: NodeId,
    /// Its matrix.
    pub matrix: NodeId,
    /// Whether it is the left factor, X = A⁻¹ B. Else X = B A⁻¹ is solved for its transpose.
    pub left: bool,
    /// Whether the system that is solved is that of Aᵀ: X = A⁻ᵀ B, or Xᵀ = A⁻ᵀ Bᵀ.
    pub transposed: bool,
}

impl MatrixForm {
    /// The system that the product is the solution of, if one of its factors is an inverse: A⁻¹ B is never
    /// the product of two matrices.
    pub(super) fn system(&self, g: &Graph) -> Option<System> {
        if self.gram.is_some() {
            return None;
        }
        [true, false].into_iter().find_map(|left| {
            let (operand, own) = if left { (&self.left, &self.rows) } else { (&self.right, &self.cols) };
            let Op::Inverse(matrix) = *g.op(operand.node) else { return None };
            let ([own], [summed]) = (own.as_slice(), self.summed.as_slice()) else { return None };
            let inverse = operand.node;
            match operand.axes.as_slice() {
                [a, b] if (a, b) == (own, summed) => {
                    Some(System { inverse, matrix, left, transposed: false })
                }
                [a, b] if (a, b) == (summed, own) => Some(System { inverse, matrix, left, transposed: true }),
                _ => None,
            }
        })
    }
}
