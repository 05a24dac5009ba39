//! Vectors of 16 bytes as arrays, of whose element-wise functions the compiler makes what the target has.
#![allow(unsafe_code, reason = "loads and stores through pointers")]

use core::ptr;

use super::Vector;
use crate::kernel::simd::Math;

macro_rules! lanes {
    ($v:ident, $t:ident, $lanes:literal) => {
        #[derive(Clone, Copy)]
        #[repr(align(16))]
        pub(in crate::kernel::contract) struct $v([$t; $lanes]);

        impl Vector for $v {
            type T = $t;
            type Mask = usize;
            const LANES: usize = $lanes;
            const REGISTERS: usize = 32;
            const MASKS: bool = false;
            const FUSED: bool = Math::portable().is_fused();
            #[inline(always)]
            unsafe fn mask(lanes: usize) -> usize {
                lanes
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                Self([x; $lanes])
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's.
                Self(unsafe { p.cast::<[$t; $lanes]>().read() })
            }
            #[inline(always)]
            unsafe fn load_masked(p: *const $t, n: usize) -> Self {
                let mut v = [0.0; $lanes];
                // SAFETY: the caller's, and a mask has no more lanes than a vector.
                unsafe { ptr::copy_nonoverlapping(p, v.as_mut_ptr(), n) };
                Self(v)
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's.
                unsafe { p.cast::<[$t; $lanes]>().write(self.0) }
            }
            #[inline(always)]
            unsafe fn store_masked(self, p: *mut $t, n: usize) {
                // SAFETY: the caller's, and a mask has no more lanes than a vector.
                unsafe { ptr::copy_nonoverlapping(self.0.as_ptr(), p, n) }
            }
            #[inline(always)]
            unsafe fn select(n: usize, a: Self, b: Self) -> Self {
                Self(core::array::from_fn(|l| if l < n { a.0[l] } else { b.0[l] }))
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self, b: Self, c: Self) -> Self {
                Self(core::array::from_fn(|l| Math::portable().mul_add(a.0[l], b.0[l], c.0[l])))
            }
            #[inline(always)]
            unsafe fn mul(a: Self, b: Self) -> Self {
                Self(core::array::from_fn(|l| a.0[l] * b.0[l]))
            }
            #[inline(always)]
            unsafe fn add(a: Self, b: Self) -> Self {
                Self(core::array::from_fn(|l| a.0[l] + b.0[l]))
            }
            #[inline(always)]
            unsafe fn total(self) -> $t {
                let (left, right) = self.0.split_at($lanes / 2);
                left.iter().zip(right).map(|(a, b)| a + b).sum()
            }
            #[inline(always)]
            unsafe fn totals(v: [Self; 4]) -> [$t; 4] {
                // SAFETY: nothing is asked of the processor.
                v.map(|v| unsafe { v.total() })
            }
            #[inline(always)]
            unsafe fn transpose(from: *const $t, from_stride: isize, to: *mut $t, to_stride: usize) {
                for row in 0..4 {
                    for col in 0..4 {
                        // SAFETY: the caller's.
                        unsafe {
                            *to.add(col * to_stride + row) = *from.offset(row as isize * from_stride).add(col)
                        };
                    }
                }
            }
        }
    };
}

lanes!(Lanes32, f32, 4);
lanes!(Lanes64, f64, 2);
