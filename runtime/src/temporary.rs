//! Temporary, until generated code goes through `__private` alone: the old names and paths. To be deleted
//! with this file: its lines in lib.rs, `Room` in `__private`, `pub` of what becomes unreachable in
//! kernel/mod.rs, the block in the facade's lib.rs, and `temporary::*` in tests/face.rs.
#![allow(missing_docs, reason = "old names, hidden")]

pub use crate::check::{
    check_batch, check_extent, check_finite, check_finite_scalar, check_length, check_shape, check_workspace,
};
pub use crate::kernel::{axis, blocks, linear, matrix, scalar, simd};
pub use crate::model::parameters::TensorSpec as Tensor;
pub mod contract {
    pub use crate::kernel::contract::VectorProduct as Vector;
    pub use crate::kernel::contract::*;
    pub use crate::kernel::gemm::Accum;
    pub use crate::kernel::sums::*;
}
impl blocks::Division {
    #[doc(hidden)]
    #[must_use]
    pub fn room(self) -> usize {
        self.block_rows()
    }
}
#[doc(hidden)]
#[macro_export]
macro_rules! simd {
    ($kernel:expr, $args:expr) => {
        $crate::__private::simd(
            #[inline(always)]
            |math, args| $kernel(math, args),
            $args,
        )
    };
}
#[doc(hidden)]
#[macro_export]
macro_rules! scalars {
    ($kernel:expr, $args:expr) => {
        $crate::__private::scalars(
            #[inline(always)]
            |math, args| $kernel(math, args),
            $args,
        )
    };
}
