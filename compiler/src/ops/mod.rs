//! What the language can do element by element: one row a function, in [`elementwise`]; how a row's text becomes
//! nodes, in [`rule`]; values to check against, in [`mod@reference`].

pub mod elementwise;
pub mod reference;
pub mod rule;

pub use elementwise::{ALL, ElementFn, ElementOp, element};

use crate::syntax::ast::CompareOp;

/// Whether `a op b` holds.
#[must_use]
pub fn compare(op: CompareOp, a: f64, b: f64) -> bool {
    match op {
        CompareOp::Less => a < b,
        CompareOp::LessEqual => a <= b,
        CompareOp::Greater => a > b,
        CompareOp::GreaterEqual => a >= b,
        CompareOp::Equal => a == b,
    }
}
