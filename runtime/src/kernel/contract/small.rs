//! Products so small that the choice of a kernel would take longer than they do.
//!
//! [`matmul`] here does what [`super::matmul`] does, in a function that [`simd`](mod@crate::kernel::simd)
//! compiles. It is told extents and layout as constants, of which a kernel is made while the user's crate is
//! compiled.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use core::marker::PhantomData;

use super::dispatch::product_of;
use crate::kernel::gemm::{Accum, Small};
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;

/// Multiplications from which on a product is no small one, whatever its constant extents: it is worth
/// packing its numbers, and perhaps several threads.
const LARGE: usize = 500_000;

/// Terms of a run, in which a sum is taken at once.
const RUN: usize = 128;

/// Whether a product with these extents, as far as they are known, may be small: else no kernel is compiled.
const fn may_be_small(m: usize, n: usize, k: usize) -> bool {
    let of_two = (if m == 0 { 1 } else { m }).saturating_mul(if n == 0 { 1 } else { n });
    k <= RUN && of_two.saturating_mul(if k == 0 { 1 } else { k }) < LARGE
}

/// A product of these extents and layouts.
struct Known<const M: usize, const N: usize, const K: usize, const A: bool, const B: bool>;

impl<const M: usize, const N: usize, const K: usize, const A: bool, const B: bool> Small
    for Known<M, N, K, A, B>
{
    const M: usize = M;
    const N: usize = N;
    const K: usize = K;
    const A: bool = A;
    const B: bool = B;
}

/// What is known of [`Gemm::transposed`] of a product with one column.
pub(super) struct Transposed<S>(PhantomData<S>);

impl<S: Small> Small for Transposed<S> {
    const M: usize = 1;
    const N: usize = S::M;
    const K: usize = S::K;
    const A: bool = !S::B;
    const B: bool = !S::A;
}

/// out = alpha·a·b, or out += alpha·a·b, inside a closure that [`step`](crate::__private::step) calls.
///
/// M, N and K are the rows and columns of `out` and the terms of each sum, or 0 where they are not known
/// before; A and B say whether `a` and `b` are stored by their columns. Where the matrices are others, the
/// result is the same, later.
///
/// # Panics
/// If the shapes are not out: m×n, a: m×k, b: k×n.
#[inline(always)]
#[track_caller]
pub fn matmul<T: Scalar, const M: usize, const N: usize, const K: usize, const A: bool, const B: bool>(
    math: Math,
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let ((m, n), (ma, k), (kb, nb)) = (out.shape(), a.shape(), b.shape());
    assert!(m == ma && k == kb && n == nb, "matmul: {m}×{n} from {ma}×{k} and {kb}×{nb}");
    if const { may_be_small(M, N, K) }
        && m > 0
        && n > 0
        && k > 0
        && k <= RUN
        && m.saturating_mul(n).saturating_mul(k) < LARGE
        && let Some(p) = product_of(&mut out, accum, T::ONE, alpha, a, b)
    {
        let known = Known::<M, N, K, A, B>::known(&p);
        // An extent of 1 has no stride.
        let same = |a: (isize, isize), b: (isize, isize), shape: (usize, usize)| {
            (a.0 == b.0 || shape.0 == 1) && (a.1 == b.1 || shape.1 == 1)
        };
        // Of `p`, which is the transpose of the product where `out` lies by columns.
        let as_known = (known.m, known.n, known.k) == (p.m, p.n, p.k)
            && (known.out_stride == p.out_stride || p.m == 1)
            && same(known.a_strides, p.a_strides, (p.m, p.k))
            && same(known.b_strides, p.b_strides, (p.k, p.n));
        // SAFETY: pointers, extents and strides are those of matrices whose shapes agree, and those that are
        // known are the same; `out` is borrowed for writing alone.
        if as_known && unsafe { T::small_product::<Known<M, N, K, A, B>>(math, &p) } {
            return;
        }
    }
    super::matmul(out, accum, alpha, a, b);
}
