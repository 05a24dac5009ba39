//! What the language can do element by element: one row per function, in [`elementwise`]; values to check
//! against, in [`mod@reference`], [`normal`] and [`gamma_ratio`]; how far a function's values can go, in
//! [`interval`]. Tables and texts only: nodes are made of them where nodes are made.

pub mod elementwise;
pub mod gamma_ratio;
pub mod interval;
pub mod normal;
pub mod reference;
mod text;

pub use elementwise::{ALL, ElementFn, ElementOp, Unguarded, element, parameters};
pub use text::parsed;

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
