//! Rows of a large matrix in blocks that stay in the cache while several passes read them.

use core::ops::Range;

/// Bytes of a block: half of a second-level cache of 512 KiB, which processors since about 2017 have at least.
const BYTES: usize = 256 * 1024;

/// The blocks of `rows` rows of `len` numbers each, in order: of equal length but for the last, and of half of `least`
/// rows or more where there are so many. The lengths depend on the arguments alone, never on the processor.
pub fn of_rows<T>(rows: usize, len: usize, least: usize) -> impl Iterator<Item = Range<usize>> {
    let row = len.saturating_mul(size_of::<T>()).max(1);
    let most = (BYTES / row).max(least).max(1);
    // Equal blocks, in multiples of eight rows.
    let count = rows.div_ceil(most).max(1);
    let block = rows.div_ceil(count).next_multiple_of(8);
    (0..rows).step_by(block.max(1)).map(move |start| start..rows.min(start + block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_once() {
        for (rows, len, least) in
            [(0, 5, 32), (1, 5, 32), (10_000, 200, 32), (10_000, 1_000_000, 32), (777, 3, 1)]
        {
            let blocks: Vec<Range<usize>> = of_rows::<f64>(rows, len, least).collect();
            assert_eq!(
                blocks.iter().flat_map(Clone::clone).collect::<Vec<_>>(),
                (0..rows).collect::<Vec<_>>()
            );
            assert!(blocks.iter().rev().skip(1).all(|b| 2 * b.len() >= least), "{rows}×{len}: {blocks:?}");
        }
    }

    #[test]
    fn a_block_stays_in_the_cache() {
        assert!(of_rows::<f64>(10_000, 200, 32).all(|b| b.len() * 200 * 8 <= BYTES + 8 * 200 * 8));
        // Without numbers in the rows, and with more than memory holds, there still are blocks.
        assert_eq!(of_rows::<f64>(10, 0, 32).count(), 1);
        assert_eq!(of_rows::<f64>(100, usize::MAX, 32).count(), 4);
    }
}
