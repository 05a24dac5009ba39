//! The commands, one a file.

pub mod catalog;
pub mod check;
pub mod expand;
pub mod explain;
