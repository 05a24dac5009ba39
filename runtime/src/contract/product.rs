//! A matrix product as pointers and strides, and who computes it.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use core::cell::Cell;

use super::Accum;
use crate::matrix::{Mat, MatMut};
use crate::scalar::Scalar;

/// out (m×n) = or += alpha·a·b. The kernels want the columns of `out` adjacent.
pub struct Product<T> {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) alpha: T,
    pub(super) accum: Accum,
    pub(super) out: *mut T,
    pub(super) out_stride: isize,
    pub(super) a: *const T,
    pub(super) a_strides: (isize, isize),
    pub(super) b: *const T,
    pub(super) b_strides: (isize, isize),
}

/// A buffer to pack matrices into. Its numbers are left from the last use.
pub struct Scratch<T>(Vec<T>);

impl<T> Scratch<T> {
    /// Numbers in a line of the cache.
    const LINE: usize = 64 / size_of::<T>();

    /// The first `len` numbers, from the start of a line on.
    #[inline]
    pub(super) fn numbers(&mut self, len: usize) -> &mut [T] {
        let start = self.0.as_ptr().align_offset(64).min(Self::LINE);
        &mut self.0[start..start + len]
    }
}

/// A number type's own kernels. Not nameable outside this crate.
pub trait Contract: Copy + 'static {
    /// Computes the product if there is a kernel for this processor; else returns false and does nothing.
    ///
    /// # Safety
    /// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap.
    unsafe fn product(p: &Product<Self>) -> bool;

    /// Takes the thread's buffer, grown to `len` numbers.
    fn take_scratch(len: usize) -> Scratch<Self>;

    /// Gives it back for the next product.
    fn put_scratch(scratch: Scratch<Self>);
}

macro_rules! contract {
    ($t:ident, $kernel:ident, $scratch:ident) => {
        thread_local!(static $scratch: Cell<Vec<$t>> = const { Cell::new(Vec::new()) });

        impl Contract for $t {
            #[inline]
            unsafe fn product(_p: &Product<Self>) -> bool {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the caller's.
                return unsafe { super::x86::$kernel(_p) };
                #[cfg(not(target_arch = "x86_64"))]
                false
            }

            fn take_scratch(len: usize) -> Scratch<Self> {
                let mut scratch = $scratch.take();
                let room = len + Scratch::<Self>::LINE;
                if scratch.len() < room {
                    scratch.resize(room, 0.0);
                }
                Scratch(scratch)
            }

            fn put_scratch(scratch: Scratch<Self>) {
                $scratch.set(scratch.0);
            }
        }
    };
}

contract!(f32, single, SCRATCH_32);
contract!(f64, double, SCRATCH_64);

/// Computes the product by this crate's kernels, if the processor and the layout of `out` suit them; else returns false.
#[inline]
pub(super) fn product<T: Scalar>(
    out: &mut MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) -> bool {
    let ((m, n), (_, k)) = (out.shape(), a.shape());
    let (out_strides, a_strides, b_strides) = (out.strides(), a.strides(), b.strides());
    let (out, a, b) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr());
    let p = if out_strides.1 == 1 || n == 1 {
        Product { m, n, k, alpha, accum, out, out_stride: out_strides.0, a, a_strides, b, b_strides }
    } else if out_strides.0 == 1 || m == 1 {
        // outᵀ = bᵀ aᵀ
        let flip = |(row, col)| (col, row);
        Product {
            m: n,
            n: m,
            k,
            alpha,
            accum,
            out,
            out_stride: out_strides.1,
            a: b,
            a_strides: flip(b_strides),
            b: a,
            b_strides: flip(a_strides),
        }
    } else {
        return false;
    };
    // SAFETY: pointers, extents and strides are those of `ndarray` views; `out` is borrowed for writing alone. The caller
    // has checked that the extents agree.
    unsafe { T::product(&p) }
}
