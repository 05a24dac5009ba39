//! What the tests of several packages share: numbers and expressions made by chance, choices with a spoilt branch, an
//! allocator that counts, threads as ranks, and the one way for a test to say that it did not run.

pub mod counting;
pub mod deep;
pub mod expression;
pub mod formula;
pub mod numbers;
pub mod room;
mod skip;
pub mod untaken;

pub use skip::{note, skipped};
