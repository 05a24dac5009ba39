//! Tensors in index notation, after Laue, Mitterreiter and Giesen, "A Simple and Efficient Tensor Calculus"
//! (AAAI 2020).
//!
//! [`number`] constants, [`index`] extents and indices, [`graph`] shared nodes, [`build`] the constructors
//! that normalise, [`verify`] the check that runs after every stage.

pub mod bounds;
pub mod build;
pub mod finite;
pub mod form;
pub mod graph;
pub mod index;
pub mod map;
pub mod number;
pub mod verify;

pub use build::Tensor;
pub use finite::Finite;
pub use form::{Affine, Form};
pub use graph::{
    AxisFn, Cofactors, Factor, Graph, InputId, Node, NodeId, Op, Operand, Relation, RelationKind, Term,
};
pub use index::{Asks, Bound, Extent, ExtentKind, Index};
pub use map::NodeMap;
pub use number::Number;
