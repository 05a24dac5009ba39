//! What generated code calls: mathematics over slices and matrices, and the memory and threads it runs on.
//!
//! The modules stand on each other in this order, and never the other way round:
//!
//! - [`simd`](mod@simd): a loop compiled for the processor at hand, and [`Math`](simd::Math), which knows
//!   which that is
//! - [`elementary`]: the functions per number type; [`gemm`]: how a product is called; [`memory`]: what a
//!   thread keeps
//! - [`scalar`]: the number types, which promise the three
//! - [`math`]: the functions, generic in the number; [`matrix`]: views; [`sums`]; [`checks`]; [`parallel`]:
//!   threads
//! - [`contract`]: products, which [`products`] writes short; [`axis`], [`others`], [`running`]: along an axis; [`walk`] and
//!   [`step`]: the loops of generated code; [`arrays`]: flat numbers as arrays
//! - [`linear`]: systems of equations; [`ranks`]: rows among processes; [`blocks`]: rows in blocks and on threads

#[macro_use]
pub(crate) mod simd;

pub(crate) mod arrays;
pub(crate) mod axis;
pub(crate) mod blocks;
pub(crate) mod checks;
pub(crate) mod contract;
pub(crate) mod elementary;
pub(crate) mod extents;
pub(crate) mod gemm;
pub(crate) mod linear;
pub(crate) mod math;
pub(crate) mod matrix;
pub(crate) mod memory;
pub(crate) mod others;
pub mod parallel;
pub(crate) mod products;
pub(crate) mod ranks;
pub(crate) mod running;
pub(crate) mod runs;
pub(crate) mod scalar;
pub(crate) mod stable;
pub(crate) mod step;
pub(crate) mod sums;
pub(crate) mod walk;
