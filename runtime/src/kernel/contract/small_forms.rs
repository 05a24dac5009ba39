//! The forms of small products, inside a function that is compiled for the vectors.
#![allow(unsafe_code, reason = "vector instructions and pointers into strided matrices")]

use core::mem::MaybeUninit;

use super::small::Transposed;
use super::tile::{dots_tile, rows_tile_before};
use super::vector::Vector;
use crate::kernel::gemm::{Accum, Gemm, Small};
use crate::kernel::scalar::Scalar as _;
use crate::kernel::simd::FusedMulAdd as _;

/// Numbers of `b` that are copied with rows and columns exchanged, at most.
const TRANSPOSED: usize = 1024;

/// Computes the product, if there is a form for it; else returns false.
///
/// # Safety
/// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap; it is as
/// S knows it; the processor has V's instructions.
#[inline(always)]
pub(super) unsafe fn form<S: Small, V: Vector>(p: &Gemm<V::T>) -> bool {
    // SAFETY: the caller's.
    unsafe {
        if const { S::N == 1 } || const { S::N == 0 } && p.n == 1 {
            by_layout::<Transposed<S>, V>(&p.transposed())
        } else {
            by_layout::<S, V>(p)
        }
    }
}

/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn by_layout<S: Small, V: Vector>(p: &Gemm<V::T>) -> bool {
    // SAFETY: the caller's. `b` is stored by its columns but in the first two cases, where its columns are
    // adjacent all the same.
    unsafe {
        if const { !S::B || S::N == 1 || S::K == 1 }
            || const { S::N == 0 || S::K == 0 } && (p.n == 1 || p.k == 1)
        {
            rows::<S, V>(p);
        } else if const { S::M <= 1 && S::K < 16 } && p.m == 1 && p.k < 16 {
            one_row::<V>(p);
        } else if const { S::M <= 1 } && p.m == 1 {
            for col in (0..p.n).step_by(8) {
                let cols = (p.n - col).min(8);
                dots_tile::<V, 1, 8>(&p.submatrix(0, 1, col, cols), 1, cols);
            }
        } else if const { S::M != 1 && S::N * S::K <= TRANSPOSED } && p.n * p.k <= TRANSPOSED {
            let mut block = [const { MaybeUninit::<V::T>::uninit() }; TRANSPOSED];
            let transposed = block.as_mut_ptr().cast::<V::T>();
            transpose::<V>(transposed, p);
            rows::<S, V>(&Gemm { b: transposed, b_strides: (p.n as isize, 1), ..*p });
        } else {
            return false;
        }
    }
    true
}

/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn one_row<V: Vector>(p: &Gemm<V::T>) {
    // SAFETY: the caller's.
    unsafe {
        for j in 0..p.n {
            let mut sum = V::T::ZERO;
            for k in 0..p.k {
                let (a, b) = (
                    *p.a.offset(k as isize * p.a_strides.1),
                    *p.b.offset(k as isize * p.b_strides.0 + j as isize * p.b_strides.1),
                );
                sum = mul_add::<V>(a, b, sum);
            }
            let out = p.out.add(j);
            *out = match p.accum {
                Accum::Replace => p.alpha * sum,
                Accum::Add => mul_add::<V>(p.alpha, sum, *out),
            };
        }
    }
}

/// a·b + c of single numbers. Without the instruction, it would be a function of the standard library.
#[inline(always)]
fn mul_add<V: Vector>(a: V::T, b: V::T, c: V::T) -> V::T {
    if const { V::FUSED } { a.fused_mul_add(b, c) } else { a * b + c }
}

/// transposed[k·n + j] = b(k, j), in squares of 4 by 4 where k is adjacent; the last ones overlap with those
/// before.
///
/// # Safety
/// As for [`rows_tile`]; there is room for all of `b`.
#[inline(always)]
unsafe fn transpose<V: Vector>(transposed: *mut V::T, p: &Gemm<V::T>) {
    let ((row, col), n, terms) = (p.b_strides, p.n, p.k);
    // SAFETY: the caller's.
    unsafe {
        if row == 1 && n >= 4 && terms >= 4 {
            for j in (0..n).step_by(4) {
                let j = j.min(n - 4);
                for k in (0..terms).step_by(4) {
                    let k = k.min(terms - 4);
                    V::transpose(p.b.offset(j as isize * col).add(k), col, transposed.add(k * n + j), n);
                }
            }
        } else {
            for k in 0..terms {
                for j in 0..n {
                    *transposed.add(k * n + j) = *p.b.offset(k as isize * row + j as isize * col);
                }
            }
        }
    }
}

/// Vectors in the width of the next panel, of those that are left: of AVX-512 four, of which registers hold four
/// rows; of AVX2 two, or three at the end, where one alone would want a mask.
const fn width_of<V: Vector>(left: usize) -> usize {
    match (left, V::MASKS) {
        (4.., true) => 4,
        (3, false) => 3,
        (1, _) => 1,
        _ => 2,
    }
}

/// Whether a panel of so many vectors is among those of a row of `n` numbers, or may be where `n` is 0.
const fn has_panel<V: Vector>(n: usize, vectors: usize) -> bool {
    let mut left = n.div_ceil(V::LANES);
    while left > 0 {
        if width_of::<V>(left) == vectors {
            return true;
        }
        left -= width_of::<V>(left);
    }
    n == 0 && width_of::<V>(vectors) == vectors
}

/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows<S: Small, V: Vector>(p: &Gemm<V::T>) {
    let mut col = 0;
    macro_rules! panels {
        ($vectors:literal, $rows:literal) => {
            if const { has_panel::<V>(S::N, $vectors) } {
                while col < p.n && width_of::<V>((p.n - col).div_ceil(V::LANES)) == $vectors {
                    let cols = (p.n - col).min($vectors * V::LANES);
                    // A row that is one vector is followed by the next row.
                    let gapless = $vectors == 1 && col == 0 && p.out_stride == p.n as isize;
                    // SAFETY: the caller's.
                    unsafe { panel::<S, V, $rows, $vectors>(&p.submatrix(0, p.m, col, cols), gapless) };
                    col += cols;
                }
            }
        };
    }
    panels!(4, 4);
    panels!(2, 4);
    panels!(3, 3);
    panels!(1, 8);
}

/// # Safety
/// As for [`rows_tile`]; if `gapless`, no row of the output is followed by anything but the next.
#[inline(always)]
unsafe fn panel<S: Small, V: Vector, const R: usize, const N: usize>(p: &Gemm<V::T>, gapless: bool) {
    let mut row = 0;
    let left = |row: usize| if gapless { (p.m - row) * p.n } else { 0 };
    // SAFETY: the caller's.
    unsafe {
        if const { S::M == 0 || S::M >= R } {
            while p.m - row >= R {
                rows_tile_before::<V, R, N>(&p.submatrix(row, R, 0, p.n), p.n, left(row));
                row += R;
            }
        }
        if const { S::M == 0 || S::M % R != 0 } {
            while row < p.m {
                rows_tile_before::<V, 1, N>(&p.submatrix(row, 1, 0, p.n), p.n, left(row));
                row += 1;
            }
        }
    }
}
