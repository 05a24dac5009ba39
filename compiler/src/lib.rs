//! The engine of gradsmith: text in; derivation, program and code out.
pub mod diag;
pub mod source;
pub mod syntax;
