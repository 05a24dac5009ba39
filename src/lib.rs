#![doc = include_str!("../README.md")]
pub use gradsmith_macros::{Cost, Network, Objective};
pub use gradsmith_runtime::*;
