//! Operands copied into panels, so that the inner kernels read them from end to end.
#![allow(unsafe_code, reason = "pointers into strided matrices")]

use super::vector::Vector;
use crate::kernel::gemm::Gemm;

/// Panels of `width` columns of `b`, each listed row by row.
///
/// # Safety
/// `p` describes memory that is there.
#[inline(always)]
pub(super) unsafe fn pack_columns<V: Vector>(block: &mut [V::T], p: &Gemm<V::T>, width: usize) {
    // SAFETY: the caller's.
    unsafe { pack::<V>(block, width, p.b, (p.b_strides.1, p.b_strides.0), p.n, p.k) }
}

/// Panels of `height` rows of `a`, each listed column by column.
///
/// # Safety
/// `p` describes memory that is there.
#[inline(always)]
pub(super) unsafe fn pack_rows<V: Vector>(block: &mut [V::T], p: &Gemm<V::T>, height: usize) {
    // SAFETY: the caller's.
    unsafe { pack::<V>(block, height, p.a, p.a_strides, p.m, p.k) }
}

/// Panels of `width` of the `count` rows of a matrix, each listed column by column, `terms` columns.
///
/// # Safety
/// There are `count`×`terms` numbers at `from`, with these strides.
#[inline(always)]
unsafe fn pack<V: Vector>(
    block: &mut [V::T],
    width: usize,
    from: *const V::T,
    (row, col): (isize, isize),
    count: usize,
    terms: usize,
) {
    assert!(block.len() >= count.next_multiple_of(width) * terms);
    if row == 1 {
        // Along the lines of the source: one may be a page away from the next.
        for k in 0..terms {
            for first in (0..count).step_by(width) {
                let line = &mut block[(first * terms + k * width)..];
                let n = (count - first).min(width);
                // SAFETY: the caller's, and the block is that long.
                unsafe {
                    let from = from.offset(k as isize * col).add(first);
                    if n == width {
                        core::ptr::copy_nonoverlapping(from, line.as_mut_ptr(), width);
                    } else {
                        core::ptr::copy_nonoverlapping(from, line.as_mut_ptr(), n);
                    }
                }
            }
        }
    } else {
        for (first, panel) in (0..count).step_by(width).zip(block.chunks_exact_mut(width * terms)) {
            // SAFETY: the caller's, and the panel has room for `width` numbers per term.
            unsafe {
                let from = from.offset(first as isize * row);
                pack_transposed::<V>(panel, width, from, (row, col), (count - first).min(width), terms);
            }
        }
    }
}

/// panel[k·width + i] = from(i, k), in squares of 4 by 4 where k is adjacent.
///
/// # Safety
/// There are `rows`×`terms` numbers at `from`, with these strides.
#[inline(always)]
unsafe fn pack_transposed<V: Vector>(
    panel: &mut [V::T],
    width: usize,
    from: *const V::T,
    (row, col): (isize, isize),
    rows: usize,
    terms: usize,
) {
    assert!(rows <= width && panel.len() >= width * terms);
    let (whole_rows, whole_terms) = if col == 1 { (rows / 4 * 4, terms / 4 * 4) } else { (0, 0) };
    for i in (0..whole_rows).step_by(4) {
        for k in (0..whole_terms).step_by(4) {
            // SAFETY: the caller's; the panel is that long.
            unsafe {
                V::transpose(
                    from.offset(i as isize * row).add(k),
                    row,
                    panel.as_mut_ptr().add(k * width + i),
                    width,
                );
            }
        }
    }
    for k in 0..terms {
        let first = if k < whole_terms { whole_rows } else { 0 };
        for i in first..rows {
            // SAFETY: the caller's.
            panel[k * width + i] = unsafe { *from.offset(i as isize * row + k as isize * col) };
        }
    }
}
