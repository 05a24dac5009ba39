//! When and where each node is computed: in a loop that others share, as a call, inside another node; and
//! which nodes have arrays.
//!
//! Each step here takes what the one before it has found out, so that nothing can be read that is not known
//! yet.

mod absorbed;
mod classified;
mod leveled;
mod placed;
mod uses;
mod wanted;

pub(crate) use absorbed::{Absorbed, Scaled};
pub(crate) use classified::Classified;
pub(crate) use leveled::Leveled;
pub(crate) use placed::Placed;
pub(crate) use uses::Use;
