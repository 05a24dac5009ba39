//! The engine of gradsmith: text in; derivation, program and code out.
pub mod catalog;
pub mod codegen;
pub mod diag;
pub mod diff;
pub mod emit;
pub mod eval;
pub mod ir;
pub mod lower;
pub mod ops;
pub mod schedule;
pub mod simplify;
pub mod source;
pub mod suggest;
pub mod syntax;
