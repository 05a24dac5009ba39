//! The forms of a product as functions of their own, compiled for the instructions of a vector.
#![allow(
    unsafe_code,
    reason = "kernels that take pointers, some compiled for more than the target's baseline"
)]

use super::forms::Form;
use super::vector::Vector;
use crate::kernel::gemm::Gemm;

/// A vector that products are computed with.
///
/// # Safety
/// All functions need the processor to have the vector's instructions; for the rest they are as unsafe as what
/// they are named after.
pub(super) trait Level: Vector {
    /// [`Form::compute`].
    unsafe fn compute(form: Form, p: &Gemm<Self::T>);
    /// [`columns_in_place`](super::forms::columns_in_place) of two products.
    unsafe fn pair(products: &[Gemm<Self::T>; 2]);
    /// [`rows_in_place_here`](super::forms::rows_in_place_here), of which each form would else have a copy.
    unsafe fn rows_in_place(p: &Gemm<Self::T>);
    /// [`rows_tile`](super::tile::rows_tile). Built without optimisation it is a function of its own, and
    /// so are the dots: all tiles in one function would need more than a thread's stack has.
    unsafe fn rows<const R: usize, const N: usize>(p: &Gemm<Self::T>, cols: usize);
    /// [`dots_tile`](super::tile::dots_tile).
    unsafe fn dots<const R: usize, const C: usize>(p: &Gemm<Self::T>, rows: usize, cols: usize);
}

/// `level!(name, [attributes], vectors)` makes vectors a level, whose functions have the attributes.
macro_rules! level {
    ($module:ident, [$(#[$attribute:meta])*], $($v:ty)*) => {
        mod $module {
            use crate::kernel::contract::forms::{Form, columns_in_place, rows_in_place_here};
            use crate::kernel::contract::level::Level;
            use crate::kernel::contract::tile::{dots_tile, rows_tile};
            use crate::kernel::gemm::Gemm;

            $(#[$attribute])*
            pub(super) unsafe fn compute<V: Level>(form: Form, p: &Gemm<V::T>) {
                // SAFETY: the caller's.
                unsafe { form.compute::<V>(p) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn pair<V: Level>(products: &[Gemm<V::T>; 2]) {
                // SAFETY: the caller's.
                unsafe { columns_in_place::<V, 2>(products) }
            }

            $(#[$attribute])*
            #[inline(never)]
            pub(super) unsafe fn in_place<V: Level>(p: &Gemm<V::T>) {
                // SAFETY: the caller's.
                unsafe { rows_in_place_here::<V>(p) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn rows<V: Level, const R: usize, const N: usize>(p: &Gemm<V::T>, cols: usize) {
                // SAFETY: the caller's.
                unsafe { rows_tile::<V, R, N>(p, cols) }
            }

            $(#[$attribute])*
            pub(super) unsafe fn dots<V: Level, const R: usize, const C: usize>(
                p: &Gemm<V::T>,
                rows: usize,
                cols: usize,
            ) {
                // SAFETY: the caller's.
                unsafe { dots_tile::<V, R, C>(p, rows, cols) }
            }
        }

        $(impl $crate::kernel::contract::level::Level for $v {
            #[inline(always)]
            unsafe fn compute(form: $crate::kernel::contract::forms::Form, p: &$crate::kernel::gemm::Gemm<Self::T>) {
                // SAFETY: the caller's.
                unsafe { $module::compute::<Self>(form, p) }
            }
            #[inline(always)]
            unsafe fn pair(products: &[$crate::kernel::gemm::Gemm<Self::T>; 2]) {
                // SAFETY: the caller's.
                unsafe { $module::pair::<Self>(products) }
            }
            #[inline(always)]
            unsafe fn rows_in_place(p: &$crate::kernel::gemm::Gemm<Self::T>) {
                // SAFETY: the caller's.
                unsafe { $module::in_place::<Self>(p) }
            }
            #[inline(always)]
            unsafe fn rows<const R: usize, const N: usize>(p: &$crate::kernel::gemm::Gemm<Self::T>, cols: usize) {
                // SAFETY: the caller's.
                unsafe { $module::rows::<Self, R, N>(p, cols) }
            }
            #[inline(always)]
            unsafe fn dots<const R: usize, const C: usize>(p: &$crate::kernel::gemm::Gemm<Self::T>, rows: usize, cols: usize) {
                // SAFETY: the caller's.
                unsafe { $module::dots::<Self, R, C>(p, rows, cols) }
            }
        })*
    };
}

pub(super) use level;
