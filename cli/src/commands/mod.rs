//! The commands, one per file.

pub mod catalog;
pub mod check;
pub mod expand;
pub mod explain;
pub mod export;
#[cfg(feature = "serve")]
pub mod serve;
