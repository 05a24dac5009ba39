//! What is done with a plan, and what is known of it: rows in blocks, descent, what it costs, whether it knows lengths.

mod blocks;
mod count;
mod descent;
mod entries;

pub(crate) use blocks::blocked;
pub use count::Operations;
pub(crate) use count::by_coefficient;
pub use descent::Descent;
