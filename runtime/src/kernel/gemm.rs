//! A product of two matrices as its kernels are called: pointers and strides, and what a number type has to
//! compute it.
//!
//! The types alone stand here, below [`Scalar`](super::scalar::Scalar), which promises the kernels; those are
//! in [`contract`](super::contract), above it.

use super::simd::Math;

/// What becomes of the numbers that an output holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accum {
    /// They are overwritten, never read: NaN among them does no harm.
    Replace,
    /// The result is added to them.
    Add,
}

/// out (m×n) = alpha·a·b, or beta·out + alpha·a·b. The kernels want the columns of `out` adjacent.
#[derive(Debug)]
pub struct Gemm<T> {
    pub(super) m: usize,
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) alpha: T,
    pub(super) accum: Accum,
    /// Where it is added: the factor of what is there.
    pub(super) beta: T,
    pub(super) out: *mut T,
    pub(super) out_stride: isize,
    pub(super) a: *const T,
    pub(super) a_strides: (isize, isize),
    pub(super) b: *const T,
    pub(super) b_strides: (isize, isize),
    /// Whether a row of `b` may be read to the end of a vector register, wherever the last column is in one.
    pub(super) b_padded: bool,
    /// Null, or a factor for each term of the sums.
    pub(super) weights: *const T,
    /// Where the diagonal of the whole output is: only numbers at (i, j) with j + diagonal ≥ i are wanted.
    pub(super) diagonal: isize,
}

/// What is known of a product m×k times k×n before it is computed. Kernels ask for it in constants (`if
/// const`), so that an unoptimised build, too, compiles only those that a product of its extents can need.
pub trait Small {
    /// Rows of the output, or 0 where they are known at run time only.
    const M: usize;
    /// Columns of the output, or 0.
    const N: usize;
    /// Terms of each sum, or 0.
    const K: usize;
    /// Whether the left matrix is stored by its columns.
    const A: bool;
    /// Whether the right matrix is stored by its columns.
    const B: bool;

    /// The product, with what is known put in.
    #[inline(always)]
    fn known<T: Copy>(p: &Gemm<T>) -> Gemm<T> {
        let or = |known: usize, found: usize| if known == 0 { found } else { known };
        let (m, n, k) = (or(Self::M, p.m), or(Self::N, p.n), or(Self::K, p.k));
        let strides = |by_columns: bool, rows: usize, cols: usize| {
            if by_columns { (1, rows as isize) } else { (cols as isize, 1) }
        };
        Gemm {
            m,
            n,
            k,
            out_stride: n as isize,
            a_strides: strides(Self::A, m, k),
            b_strides: strides(Self::B, k, n),
            ..*p
        }
    }
}

/// A number type's own kernels. Not nameable outside this crate.
#[allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]
pub trait GemmKernels: Copy + 'static {
    /// Computes the product.
    ///
    /// # Safety
    /// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap.
    unsafe fn product(p: &Gemm<Self>);

    /// Computes two products of one matrix with a column each, if there is a kernel for their layout; else
    /// returns false.
    ///
    /// # Safety
    /// As for [`product`](Self::product), for both; they have `a` in common.
    unsafe fn pair(products: &[Gemm<Self>; 2]) -> bool;

    /// The same as [`product`](Self::product) for a [`Small`] product, where the caller was compiled for one
    /// of the kernels.
    ///
    /// # Safety
    /// As for [`product`](Self::product).
    unsafe fn small_product<S: Small>(math: Math, p: &Gemm<Self>) -> bool;
}
