//! What computing a node takes: a scalar expression, a place in a loop, a product of matrices, a call.

mod class;
mod matrix;
mod places;
mod running;
mod system;

pub(crate) use class::is_elementwise;
pub use class::{Class, class};
pub use matrix::MatrixForm;
pub(crate) use matrix::loops_around;
pub use places::{Affine, Condition, Named, Place, Places};
pub use running::RunningSum;
pub(crate) use running::Summed;
pub use system::System;
