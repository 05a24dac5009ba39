//! What is done with a plan, and what is known of it: rows in blocks, descent, its cost.

mod blocks;
mod count;
mod descent;
mod when;

pub(crate) use blocks::{blocked, divided};
pub use count::Operations;
pub(crate) use count::by_coefficient;
pub use descent::Descent;
pub(crate) use when::gathered;
