//! Memory that calls do not allocate: what a thread keeps from one call to the next, and what a prepared
//! problem takes once.
//!
//! It knows neither matrices nor products. [`ThreadMemory`] is what a number type promises, below
//! [`Scalar`](super::scalar::Scalar).

mod packing;
mod scratch;
mod split;
mod thread;
mod workspace;

pub(super) use packing::{LINE, LONG, Packing, reserve};
pub(crate) use scratch::EntriesMut;
pub use scratch::{Entries, Scratch, entries, entries_mut};
pub use split::{split, split_mut};
pub(crate) use thread::ThreadMemory;
pub use workspace::{Workspace, lines, numbers};
