//! Xᵀ diag(w) X: the triangle on and above the diagonal.
//!
//! As in [`super::forms`], rows of the output are vectors and a tile of it stays in registers. Both operands
//! are the same matrix, packed twice: with the weights, in panels of the vectors of a tile, and without them, in
//! panels of its rows. A tile on the diagonal computes no more than it needs to the next vector.
#![allow(unsafe_code, reason = "vector instructions and pointers into strided matrices")]

use super::forms::rows;
use super::level::Level;
use super::pack::{pack_columns, pack_rows};
use super::tile::rows_tile;
use super::vector::Vector;
use crate::kernel::gemm::Gemm;
use crate::kernel::memory::Packing;
use crate::kernel::scalar::Scalar as _;

/// Terms of a block: its panels pass through the first-level cache.
const TERMS: usize = 256;
/// Bytes of a block with the weights, and of one without, which share the second-level cache.
const BLOCK: usize = 448 * 1024;

/// Computes what is wanted of the product, by tiles of R rows of N vectors.
///
/// # Safety
/// `p` describes memory that is there; `a` is `b` with rows and columns exchanged, but for the rows that `p`
/// is a part of; the processor has V's instructions.
#[inline(always)]
pub(super) unsafe fn gram<V: Level, const R: usize, const N: usize>(p: &Gemm<V::T>) {
    let width = N * V::LANES;
    let even = |n: usize, most: usize| n.div_ceil(n.div_ceil(most));
    let terms = even(p.k, TERMS);
    let most = (BLOCK / size_of::<V::T>() / terms / width).max(1) * width;
    let block_n = even(p.n, most).next_multiple_of(width);
    let block_m = even(p.m, most).next_multiple_of(R);
    // Of a narrow matrix the rows lie side by side as they are.
    let pack_a = p.n > width || p.a_strides.0 != 1;
    let b_len = terms * block_n;
    let a_len = if pack_a { terms * block_m } else { 0 };
    let mut packing = Packing::<V::T>::take(b_len + a_len);
    {
        let (b_block, a_block) = packing.numbers(b_len + a_len).split_at_mut(b_len);
        // Columns before the first row are not wanted.
        let first = usize::try_from(-p.diagonal).unwrap_or(0) / width * width;
        for from in (0..p.k).step_by(terms) {
            let slice = p.slice(from, (p.k - from).min(terms));
            for col in (first..p.n).step_by(block_n) {
                let cols = (p.n - col).min(block_n);
                // SAFETY: the caller's; the block has room for cols rounded up to panels.
                unsafe { pack_weighted::<V>(b_block, &slice.submatrix(0, 0, col, cols), width) };
                for row in (0..p.m).step_by(block_m) {
                    let sub = slice.submatrix(row, (p.m - row).min(block_m), col, cols);
                    if sub.unwanted(0, 0, cols) {
                        continue;
                    }
                    if pack_a {
                        // SAFETY: as above, of rows rounded up to panels.
                        unsafe { pack_rows::<V>(a_block, &sub, R) };
                    }
                    let a = pack_a.then_some(&*a_block);
                    // SAFETY: the caller's, and the blocks hold what has been packed.
                    unsafe { tiles::<V, R, N>(&sub, a, b_block) };
                }
            }
        }
    }
    packing.put();
}

/// The tiles of a part, whose operands are packed but for `a` where there is none.
///
/// # Safety
/// As for [`gram`].
#[inline(always)]
unsafe fn tiles<V: Level, const R: usize, const N: usize>(p: &Gemm<V::T>, a: Option<&[V::T]>, b: &[V::T]) {
    let (width, k) = (N * V::LANES, p.k);
    for col in (0..p.n).step_by(width) {
        let cols = (p.n - col).min(width);
        for row in (0..p.m).step_by(R) {
            // Columns of the panel to the left of the tile's first row, in whole vectors.
            let before = usize::try_from(row as isize - col as isize - p.diagonal).unwrap_or(0);
            let skip = before / V::LANES * V::LANES;
            if skip >= cols {
                break;
            }
            let whole = p.submatrix(row, (p.m - row).min(R), col + skip, cols - skip);
            let tile = Gemm {
                b: b[col * k + skip..].as_ptr(),
                b_strides: (width as isize, 1),
                b_padded: true,
                ..match a {
                    Some(a) => Gemm { a: a[row * k..].as_ptr(), a_strides: (1, R as isize), ..whole },
                    None => whole,
                }
            };
            macro_rules! rows_of {
                ($n:literal) => {
                    // SAFETY: the caller's; a block is as long as its panels.
                    unsafe {
                        if tile.m == R { rows::<V, R, $n>(&tile, tile.n) } else { below::<V, R, $n>(&tile) }
                    }
                };
            }
            match tile.n.div_ceil(V::LANES) {
                1 => rows_of!(1),
                3 if const { N > 2 } => rows_of!(3),
                _ => rows_of!(2),
            }
        }
    }
}

/// Fewer rows than R, one by one.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn below<V: Vector, const R: usize, const N: usize>(p: &Gemm<V::T>) {
    for row in 0..p.m {
        // SAFETY: the caller's.
        unsafe { rows_tile::<V, 1, N>(&p.submatrix(row, 1, 0, p.n), p.n) };
    }
}

/// Panels of `width` columns of `b`, each listed row by row, times the product's weights if it has some.
///
/// # Safety
/// `p` describes memory that is there, and so are `k` weights unless they are null.
#[inline(always)]
unsafe fn pack_weighted<V: Vector>(block: &mut [V::T], p: &Gemm<V::T>, width: usize) {
    let (weights, n, k) = (p.weights, p.n, p.k);
    assert!(block.len() >= n.next_multiple_of(width) * k);
    let block_start = block.as_mut_ptr();
    // SAFETY: the caller's; every write is inside n rounded up to panels, times k.
    unsafe {
        if p.b_strides.1 != 1 {
            pack_columns::<V>(block, p, width);
        }
        for row in 0..k {
            let weight = V::splat(if weights.is_null() { V::T::ONE } else { *weights.add(row) });
            for col in (0..n).step_by(V::LANES) {
                let to = block_start.add(col / width * width * k + row * width + col % width);
                let x = if p.b_strides.1 != 1 {
                    V::load(to)
                } else {
                    let from = p.b.offset(row as isize * p.b_strides.0).add(col);
                    if n - col >= V::LANES { V::load(from) } else { V::load_masked(from, V::mask(n - col)) }
                };
                V::mul(weight, x).store(to);
            }
        }
    }
}
