//! What generated code calls.

pub mod axis;
pub mod contract;
pub mod math;
pub mod matrix;
pub mod scalar;
pub mod simd;
