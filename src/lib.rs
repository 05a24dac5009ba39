//! Symbolic derivatives of cost functions at compile time, as specialised Rust back-propagation.
pub use gradsmith_macros::{Cost, Network, Objective};
pub use gradsmith_runtime::*;
