//! Rows of a large matrix in blocks that stay in the cache while several passes read them.

use core::ops::Range;

/// Bytes of a block: half of a second-level cache of 512 KiB, which processors since about 2017 have at least.
const BYTES: usize = 256 * 1024;

/// How many of `rows` rows of `len` numbers each make a block: half of `least` or more where there are so many, and about
/// equally many in each. The number depends on the arguments alone, never on the processor.
#[must_use]
pub fn length<T>(rows: usize, len: usize, least: usize) -> usize {
    let row = len.saturating_mul(size_of::<T>()).max(1);
    let most = (BYTES / row).max(least).max(1);
    // Equal blocks, in multiples of eight rows.
    let count = rows.div_ceil(most).max(1);
    rows.div_ceil(count).next_multiple_of(8).min(rows)
}

/// The blocks of `rows` rows, in order, each of `length` rows but for the last.
pub fn of_rows(rows: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(length.max(1)).map(move |start| start..rows.min(start.saturating_add(length.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(rows: usize, len: usize, least: usize) -> Vec<Range<usize>> {
        of_rows(rows, length::<f64>(rows, len, least)).collect()
    }

    #[test]
    fn blocks_cover_all_rows_once() {
        for (rows, len, least) in
            [(0, 5, 32), (1, 5, 32), (10_000, 200, 32), (10_000, 1_000_000, 32), (777, 3, 1)]
        {
            let blocks = blocks(rows, len, least);
            assert_eq!(
                blocks.iter().flat_map(Clone::clone).collect::<Vec<_>>(),
                (0..rows).collect::<Vec<_>>()
            );
            assert!(blocks.iter().rev().skip(1).all(|b| 2 * b.len() >= least), "{rows}×{len}: {blocks:?}");
        }
    }

    #[test]
    fn a_block_stays_in_the_cache() {
        assert!(blocks(10_000, 200, 32).iter().all(|b| b.len() * 200 * 8 <= BYTES + 8 * 200 * 8));
        // Without numbers in the rows, and with more than memory holds, there still are blocks.
        assert_eq!(blocks(10, 0, 32).len(), 1);
        assert_eq!(blocks(100, usize::MAX, 32).len(), 4);
    }
}
