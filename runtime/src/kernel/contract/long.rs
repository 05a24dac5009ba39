//! Products of so many terms that their sums are taken in slices.
//!
//! A slice of up to [`SLICE`] terms for each lane is what the kernels sum up at once. A few of them are added
//! to the output one after the other; of more, there are for each number of the output its sum, what that is
//! too large by, and the slice at hand, as in a [`Total`](crate::kernel::sums::Total): three numbers, whatever
//! the terms. They are in the thread's memory, for a block of the output at a time, so that it is bounded, too.
//! All depends on the shapes alone.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use core::ops::Range;

use crate::kernel::gemm::{Accum, Gemm};
use crate::kernel::memory::{LONG, Scratch};
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::add_to_totals;

/// Terms of a slice for each lane of a sum.
pub(super) const SLICE: usize = 512;

/// Slices that are added to the output one after the other, at most.
const FEW: usize = 4;

/// The terms of slices of at most so many, in parts of about equal length.
fn slices(k: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let size = k.div_ceil(k.div_ceil(most).max(1)).max(1);
    (0..k).step_by(size).map(move |from| from..k.min(from + size))
}

/// A block of an output: its rows and columns.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) rows: Range<usize>,
    pub(super) cols: Range<usize>,
}

/// The sums of k terms that are an m×n matrix, or of those numbers in it that `wanted` says of a block, in
/// slices of `most` terms: `slice` writes the sums of some terms, row by row; `finish` is given those of all.
pub(super) fn in_slices<T: Scalar>(
    (m, n, k): (usize, usize, usize),
    most: usize,
    wanted: impl Fn(&Block) -> bool,
    mut slice: impl FnMut(&Block, Range<usize>, &mut [T]),
    mut finish: impl FnMut(&Block, &[T]),
) {
    let numbers = LONG / size_of::<T>();
    // Multiples of the kernels' tiles.
    let rows = m.min(480);
    let cols = (numbers / rows.max(1) / 96 * 96).max(1).min(n);
    let rows = if cols < n { rows } else { (numbers / n.max(1) / 24 * 24).max(1).min(m) };
    let mut memory = Scratch::new(3 * rows * cols);
    for first in (0..m).step_by(rows.max(1)) {
        for left in (0..n).step_by(cols.max(1)) {
            let block = Block { rows: first..m.min(first + rows), cols: left..n.min(left + cols) };
            if !wanted(&block) {
                continue;
            }
            let len = block.rows.len() * block.cols.len();
            let (sums, rest) = memory.split_at_mut(len);
            let (excesses, rest) = rest.split_at_mut(len);
            let terms = &mut rest[..len];
            excesses.fill(T::ZERO);
            for range in slices(k, most) {
                if range.start == 0 {
                    slice(&block, range, sums);
                } else {
                    slice(&block, range, terms);
                    simd!(add_to_totals, (&mut *sums, &mut *excesses, &*terms));
                }
            }
            finish(&block, sums);
        }
    }
}

impl<T: Scalar> Gemm<T> {
    /// Calls `compute` with the product where it has up to `most` terms, else with slices of it.
    ///
    /// # Safety
    /// The product describes memory that is there: `out` for writing, `a` and `b` for reading.
    #[inline(always)]
    pub(super) unsafe fn by_slices(&self, most: usize, compute: impl Fn(&Self)) {
        if self.k <= most {
            return compute(self);
        }
        if self.k <= FEW * most {
            return slices(self.k, most).for_each(|terms| compute(&self.slice(terms.start, terms.len())));
        }
        // SAFETY: the caller's.
        unsafe { self.by_many_slices(most, &compute) }
    }

    /// # Safety
    /// As for [`by_slices`](Self::by_slices).
    #[inline(never)]
    unsafe fn by_many_slices(&self, most: usize, compute: &dyn Fn(&Self)) {
        let part = |b: &Block| self.submatrix(b.rows.start, b.rows.len(), b.cols.start, b.cols.len());
        in_slices(
            (self.m, self.n, self.k),
            most,
            |block| !part(block).unwanted(0, 0, block.cols.len()),
            |block, terms, out| {
                let out = out.as_mut_ptr();
                compute(&Gemm {
                    out,
                    out_stride: block.cols.len() as isize,
                    alpha: T::ONE,
                    accum: Accum::Replace,
                    ..part(block).slice(terms.start, terms.len())
                });
            },
            |block, sums| {
                let p = part(block);
                for (i, sums) in sums.chunks_exact(p.n).enumerate() {
                    let from = usize::try_from(i as isize - p.diagonal).unwrap_or(0);
                    for (j, &sum) in sums.iter().enumerate().skip(from) {
                        // SAFETY: the caller's; the block has this row and column.
                        unsafe {
                            let out = p.out.offset(i as isize * p.out_stride).add(j);
                            *out = match p.accum {
                                Accum::Replace => p.alpha * sum,
                                Accum::Add => p.beta * *out + p.alpha * sum,
                            };
                        }
                    }
                }
            },
        );
    }
}
