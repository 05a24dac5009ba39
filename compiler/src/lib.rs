//! The engine of gradsmith: text in; derivation, program and code out.
pub mod catalog;
pub mod diag;
pub mod source;
pub mod suggest;
pub mod syntax;
