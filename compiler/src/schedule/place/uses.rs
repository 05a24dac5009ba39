//! What a node reads, as its own loop sees it.

use crate::ir::{Graph, NodeId, Op, Operand};
use crate::schedule::form::Class;

/// An operand as its reader sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) node: NodeId,
    /// Runs along exactly the axes of the reader's loop, in order.
    pub(crate) aligned: bool,
}

impl Use {
    /// The operands of a node of this class.
    pub(crate) fn all(g: &Graph, id: NodeId, class: &Class) -> Vec<Self> {
        let space: Vec<u8> = match class {
            Class::Reduction { space, .. } => space.clone(),
            _ => (0..g.rank(id) as u8).collect(),
        };
        let see = |o: &Operand| Self { node: o.node, aligned: o.axes == space };
        match g.op(id) {
            Op::Sum(terms) => terms.iter().map(|t| see(&t.operand)).collect(),
            Op::Product { factors, .. } => factors.iter().map(|f| see(&f.operand)).collect(),
            Op::Map { args, .. } => args.iter().map(see).collect(),
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                [lhs, rhs, then, otherwise].map(see).into_iter().collect()
            }
            Op::Axis { arg, .. } => vec![see(arg)],
            _ => g.node(id).children().into_iter().map(|node| Self { node, aligned: false }).collect(),
        }
    }
}
