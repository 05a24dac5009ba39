//! Vector registers: one trait over those of AVX-512 and AVX2, which a processor may have, and over those of 16
//! bytes, which every processor of its architecture has, or which the compiler makes do for.
#![allow(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use crate::kernel::scalar::Scalar;

/// A vector register.
///
/// # Safety
/// All functions need the processor to have the instructions; the pointers, room for the lanes said.
pub(in crate::kernel::contract) trait Vector: Copy {
    type T: Scalar;
    /// Which lanes of a vector take sub.
    type Mask: Copy;
    const LANES: usize;
    /// Registers that hold such vectors: 16 or 32.
    const REGISTERS: usize;
    /// Whether a masked load or store takes no longer than a whole one, as with AVX-512. With AVX2 it is microcode
    /// on some processors, some 50 cycles where it crosses a line of the cache, and not used here: then the lanes
    /// of a mask are told one by one, as where there are no masks.
    const MASKS: bool;
    /// Whether [`mul_add`](Self::mul_add) rounds once.
    const FUSED: bool;
    unsafe fn mask(lanes: usize) -> Self::Mask;
    unsafe fn splat(x: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    /// The lanes outside the mask are 0 and not read.
    unsafe fn load_masked(p: *const Self::T, mask: Self::Mask) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    unsafe fn store_masked(self, p: *mut Self::T, mask: Self::Mask);
    /// The lanes of `a` inside the mask, of `b` outside.
    unsafe fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    /// Fetches the line of the cache that holds this number, which may be none of the program's.
    #[inline(always)]
    fn prefetch(_p: *const Self::T) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE is part of x86-64, and a hint never fails.
        unsafe {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(_p.cast());
        }
    }
    /// a·b + c
    unsafe fn mul_add(a: Self, b: Self, c: Self) -> Self;
    unsafe fn mul(a: Self, b: Self) -> Self;
    unsafe fn add(a: Self, b: Self) -> Self;
    /// The sum of the lanes.
    unsafe fn total(self) -> Self::T;
    /// The sums of the lanes of four vectors.
    unsafe fn totals(v: [Self; 4]) -> [Self::T; 4];
    /// Copies 4×4 numbers with rows and columns exchanged, from rows `from_stride` apart to rows `to_stride`
    /// apart.
    unsafe fn transpose(from: *const Self::T, from_stride: isize, to: *mut Self::T, to_stride: usize);
}

/// Implements [`Vector`], given what does each of its functions.
macro_rules! vector {
    ($v:ty, $t:ident, $lanes:literal, $registers:literal, $masks:literal, $fused:expr, $mask:ident, $mask_fn:expr,
     $splat:expr, $load:expr, $load_masked:expr, $store:expr, $store_masked:expr, $select:expr, $fma:expr, $mul:expr, $add:expr, $total:expr, $totals:expr, $transpose:expr) => {
        impl Vector for $v {
            type T = $t;
            type Mask = $mask;
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;
            const MASKS: bool = $masks;
            const FUSED: bool = $fused;
            #[inline(always)]
            unsafe fn mask(lanes: usize) -> $mask {
                $mask_fn(lanes)
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's.
                unsafe { $load(p) }
            }
            #[inline(always)]
            unsafe fn load_masked(p: *const $t, mask: $mask) -> Self {
                // SAFETY: the caller's.
                unsafe { $load_masked(mask, p) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's.
                unsafe { $store(p, self) }
            }
            #[inline(always)]
            unsafe fn store_masked(self, p: *mut $t, mask: $mask) {
                // SAFETY: the caller's.
                unsafe { $store_masked(p, mask, self) }
            }
            #[inline(always)]
            unsafe fn select(mask: $mask, a: Self, b: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $select(mask, a, b) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self, b: Self, c: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn mul(a: Self, b: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            unsafe fn add(a: Self, b: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            unsafe fn total(self) -> $t {
                // SAFETY: the caller's.
                unsafe { $total(self) }
            }
            #[inline(always)]
            unsafe fn totals(v: [Self; 4]) -> [$t; 4] {
                // SAFETY: the caller's.
                unsafe { $totals(v) }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: isize, to: *mut $t, to_stride: usize) {
                // SAFETY: the caller's.
                unsafe { $transpose(from, from_stride, to, to_stride) }
            }
        }
    };
}

// After the macro, which they use.
#[cfg(target_arch = "x86_64")]
mod avx;
#[cfg(any(test, not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))))]
mod lanes;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
#[cfg(target_arch = "x86_64")]
mod sse;

/// The vectors of 16 bytes.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub(super) use core::arch::aarch64::{float32x4_t as Portable32, float64x2_t as Portable64};
#[cfg(target_arch = "x86_64")]
pub(super) use core::arch::x86_64::{__m128 as Portable32, __m128d as Portable64};
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
pub(super) use lanes::{Lanes32 as Portable32, Lanes64 as Portable64};
#[cfg(all(test, any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
pub(super) use lanes::{Lanes32, Lanes64};
