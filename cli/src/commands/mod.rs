//! The commands, one per file.

pub mod catalog;
pub mod check;
pub mod expand;
pub mod explain;
pub mod export;
pub mod serve;
