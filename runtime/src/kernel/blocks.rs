//! Rows of a large matrix in blocks that stay in the cache while several passes read them, and in parts on
//! several threads.
//!
//! How rows are divided depends on their number and length and on what is summed up alone, never on the
//! processor or on the number of threads, so that neither do the results: each part sums up what it finds in
//! the order of its blocks, and the parts' sums are added in order. Of what is returned by a block there is a
//! [`Total`] for each part. What blocks add to themselves, in arrays, is put away after every eighth block of a
//! part that has more: then there are three arrays for each of up to eight parts, in which a
//! [`Total`] is the sum and what it is too large by.
//!
//! Rows that may be divided among processes are in [`Parts`], of which each is such a part: these are the same on any
//! number of processes, and their sums are added in the order that [`ranks`](crate::kernel::ranks) says.

use crate::error::Error;
use crate::kernel::memory::Scratch;
use crate::kernel::parallel;
use crate::kernel::ranks::{Among, DEPTH, Node, Nodes};
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::{Total, add_to_totals, axpy};
use core::convert::Infallible;
use core::mem::take;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes of a block: half of a second-level cache of 512 KiB, which processors since about 2017 have at
/// least.
const BYTES: usize = 256 * 1024;

/// Bytes of a block of rows that data name, from each array that has such: half of a first-level cache, as the
/// rows are read from two.
const FIRST_BYTES: usize = 16 * 1024;

/// The most parts: more threads than this are of no use to what reads memory.
const PARTS: usize = 8;

/// The fewest blocks of a part: some 40 µs, where handing a part over takes a few.
const BLOCKS: usize = 2;

/// Blocks that add to one array before it is put away.
const RUN: usize = 8;

/// The fewest rows of a block, and the fewest where each block is added to more numbers than a row has.
const LEAST: usize = 32;
const LEAST_FOR_MATRICES: usize = 256;

/// How rows are divided into parts, and those into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    rows: usize,
    /// Rows of a block; the last has fewer.
    block: usize,
    parts: usize,
}

/// An array as the parts of a [`Division`] share it.
#[derive(Debug)]
pub enum Share<'a, T> {
    /// So many numbers belong to each of the rows: a block's rows are handed over.
    Rows(&'a mut [T], usize),
    /// The same, but no longer needed after the block: there are [`Division::block_rows`] rows in all.
    Block(&'a mut [T], usize),
    /// Added to by every block: the first part adds to the first array, the others to as much of the second
    /// each, which has [`Division::others`] such arrays.
    Sum(&'a mut [T], &'a mut [T]),
    /// Added to at entries that data name: for divisions of one part.
    Whole(&'a mut [T]),
}

impl Division {
    /// The division of `rows` rows of `len` numbers each, summed up in `sum` numbers.
    ///
    /// A block has half of 32 rows or more, where there are so many: half of 256, where `sum` is more than
    /// `len`. There are no more parts than that their sums are as many numbers as the rows have.
    #[must_use]
    pub fn of<T>(rows: usize, len: usize, sum: usize) -> Self {
        let least = if sum > len { LEAST_FOR_MATRICES } else { LEAST };
        let block = Self::equal::<T>(rows, len, BYTES, least);
        let affordable = rows.saturating_mul(len) / sum.max(1);
        let parts = (rows.div_ceil(block) / BLOCKS).min(affordable.saturating_add(1)).clamp(1, PARTS);
        Self { rows, block, parts }
    }

    /// The same division in one part: for what the blocks add to entries that data name. Each of these gets few of
    /// the terms, and an array of all of them for each part would be more than there is to add.
    #[must_use]
    pub fn in_order<T>(rows: usize, len: usize) -> Self {
        Self { rows, block: Self::equal::<T>(rows, len, FIRST_BYTES, LEAST), parts: 1 }
    }

    /// Rows of equal blocks of so many bytes, in multiples of eight rows.
    fn equal<T>(rows: usize, len: usize, bytes: usize, least: usize) -> usize {
        let row = len.saturating_mul(size_of::<T>()).max(1);
        let count = rows.div_ceil((bytes / row).max(least)).max(1);
        rows.div_ceil(count).next_multiple_of(8).min(rows).max(1)
    }

    /// Rows of one block for each part.
    #[inline]
    #[must_use]
    pub fn block_rows(self) -> usize {
        self.parts * self.block
    }

    /// Arrays that the parts sum up in, but the first.
    #[inline]
    #[must_use]
    pub fn others(self) -> usize {
        if self.is_long() { 3 * self.parts - 1 } else { self.parts - 1 }
    }

    /// Whether parts put away what they have summed up.
    fn is_long(self) -> bool {
        self.rows.div_ceil(self.block).div_ceil(self.parts) > RUN
    }

    /// Calls `work` for each block, with the range of its rows and what it has of the arrays, and returns the
    /// sums of what it returns. The parts run on the [threads](crate::kernel::parallel) that there are.
    ///
    /// # Panics
    /// If an array has fewer numbers than its [`Share`] says.
    pub fn run<T: Scalar, const A: usize, const S: usize>(
        self,
        shares: [Share<'_, T>; A],
        work: impl Fn(Range<usize>, [&mut [T]; A]) -> [T; S] + Sync,
    ) -> [T; S] {
        let Ok(totals) = self.divided(shares, |rows, arrays| Ok::<_, Infallible>(work(rows, arrays)));
        totals
    }

    /// The same for work that may fail.
    ///
    /// # Errors
    /// The first in the order of the rows; then the arrays may be partly written.
    ///
    /// # Panics
    /// If an array has fewer numbers than its [`Share`] says.
    pub fn try_run<T: Scalar, const A: usize, const S: usize>(
        self,
        shares: [Share<'_, T>; A],
        work: impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], Error> + Sync,
    ) -> Result<[T; S], Error> {
        self.divided(shares, work)
    }

    fn divided<T: Scalar, E: Send, const A: usize, const S: usize>(
        self,
        mut shares: [Share<'_, T>; A],
        work: impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], E> + Sync,
    ) -> Result<[T; S], E> {
        let (zero, long) = ([Total::ZERO; S], self.is_long());
        if self.parts == 1 {
            let shares = shares.each_mut().map(|share| share.take_part(true, 1, self.rows, self.block, long));
            let mut whole = Part { rows: 0..self.rows, shares, totals: Ok(zero) };
            whole.run(self.block, &work);
            return whole.totals.map(|totals| totals.map(Total::sum));
        }
        let rows = |k| self.start(k)..self.start(k + 1);
        let parts = worked(self.parts, rows, (self.block, long), shares, false, &work);
        let [mut first, others @ ..] = parts;
        for part in others.into_iter().take(self.parts - 1) {
            first.add(part);
        }
        first.totals.map(|totals| totals.map(Total::sum))
    }

    /// The first row of a part.
    fn start(self, part: usize) -> usize {
        let blocks = self.rows.div_ceil(self.block);
        (blocks * part.min(self.parts) / self.parts).saturating_mul(self.block).min(self.rows)
    }
}

/// The work of up to [`PARTS`] parts of the rows, on threads: each with the rows that `rows` says, the blocks and
/// whether sums are put away as `(block, long)` does. The first adds to what there is, unless it begins at 0, too.
fn worked<'a, T: Scalar, E: Send, const A: usize, const S: usize>(
    count: usize,
    rows: impl Fn(usize) -> Range<usize>,
    (block, long): (usize, bool),
    mut shares: [Share<'a, T>; A],
    afresh: bool,
    work: &(impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], E> + Sync),
) -> [Part<'a, T, E, A, S>; PARTS] {
    let parts: [_; PARTS] = core::array::from_fn(|k| {
        let rows = if k < count { rows(k) } else { 0..0 };
        let left = count.saturating_sub(k);
        let shares = shares.each_mut().map(|share| share.take_part(k == 0, left, rows.len(), block, long));
        Mutex::new(Part { rows, shares, totals: Ok([Total::ZERO; S]) })
    });
    let next = AtomicUsize::new(0);
    parallel::run(parallel::threads().min(count), &|_| {
        loop {
            let k = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts[..count].get(k) else { break };
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            if k > 0 || afresh {
                part.clear();
            }
            part.run(block, work);
        }
    });
    parts.map(|p| p.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Rows that may be divided among processes: those here, part by part.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'e, T> {
    among: Among<'e, T>,
    /// Rows of a block.
    block: usize,
    /// The most parts at a time.
    at_once: usize,
    /// Whether parts put away what they have summed up.
    long: bool,
}

/// What the parts do with an array of a [`Share`].
enum Held<'a, T> {
    Rows(&'a mut [T], usize),
    Block(&'a mut [T], usize),
    /// What the sums are added to in the end, where the parts add up, and the sums of subtrees.
    Sum(&'a mut [T], &'a mut [T], &'a mut [T]),
    Whole(&'a mut [T]),
}

impl<'e, T: Scalar> Parts<'e, T> {
    /// The parts of rows of `len` numbers each, summed up in `sum` numbers.
    #[must_use]
    pub fn of(among: Among<'e, T>, len: usize, sum: usize) -> Self {
        let rows = among.longest();
        let least = if sum > len { LEAST_FOR_MATRICES } else { LEAST };
        let block = Division::equal::<T>(rows, len, BYTES, least);
        let affordable = among.rows().saturating_mul(len) / sum.max(1);
        let at_once = affordable.saturating_add(1).min(among.own().len()).clamp(1, PARTS);
        Self { among, block, at_once, long: rows.div_ceil(block) > RUN }
    }

    /// Rows of one block for each part that is at work.
    #[inline]
    #[must_use]
    pub fn block_rows(self) -> usize {
        self.at_once * self.block
    }

    /// Arrays that the parts sum up in.
    #[inline]
    #[must_use]
    pub fn others(self) -> usize {
        self.at_work() + self.among.depth()
    }

    /// Of these, those of parts that are at work.
    fn at_work(self) -> usize {
        if self.long { 3 * self.at_once } else { self.at_once }
    }

    /// Calls `work` for each block of the rows here, with the range of its rows, counted from the first of them, and
    /// what it has of the arrays; adds up what all processes have summed up, and returns the sums of what `work` does.
    ///
    /// # Errors
    /// Those of [`Exchange`](crate::kernel::ranks::Exchange), and [`Error::Rank`] where another process has failed.
    ///
    /// # Panics
    /// If an array has fewer numbers than its [`Share`] says.
    pub fn run<const A: usize, const S: usize>(
        self,
        shares: [Share<'_, T>; A],
        work: impl Fn(Range<usize>, [&mut [T]; A]) -> [T; S] + Sync,
    ) -> Result<[T; S], Error> {
        self.try_run(shares, |rows, arrays| Ok(work(rows, arrays)))
    }

    /// The same for work that may fail.
    ///
    /// # Errors
    /// The first in the order of the rows here; else those of [`run`](Self::run). Then the arrays may be partly written.
    ///
    /// # Panics
    /// If an array has fewer numbers than its [`Share`] says.
    pub fn try_run<const A: usize, const S: usize>(
        self,
        shares: [Share<'_, T>; A],
        work: impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], Error> + Sync,
    ) -> Result<[T; S], Error> {
        let count = self.others().max(1);
        let mut held = shares.map(|share| match share {
            Share::Rows(array, width) => Held::Rows(array, width),
            Share::Block(array, width) => Held::Block(array, width),
            Share::Whole(array) => Held::Whole(array),
            Share::Sum(array, others) => {
                let len = others.len() / count;
                let (parts, subtrees) = others.split_at_mut(self.at_work() * len);
                Held::Sum(&mut array[..len], parts, subtrees)
            }
        });
        let (mut nodes, mut totals) = (Nodes::default(), [[T::ZERO; S]; DEPTH]);
        let worked = self.each_part(&mut held, &mut nodes, &mut totals, &work);
        let len = S + held.iter().map(Held::sums).sum::<usize>();
        let mut own = Scratch::new(nodes.len() * len);
        for (k, own) in own.chunks_exact_mut(len.max(1)).enumerate().take(nodes.len()) {
            let (arrays, sums) = own.split_at_mut(len - S);
            let mut rest = arrays;
            for share in &held {
                if let Held::Sum(array, _, subtrees) = share {
                    let (own, after) = rest.split_at_mut(array.len());
                    own.copy_from_slice(&subtrees[k * array.len()..][..array.len()]);
                    rest = after;
                }
            }
            sums.copy_from_slice(&totals[k]);
        }
        let mut sums = Scratch::new(len);
        sums.fill(T::ZERO);
        self.among.sum_up(worked.map(|()| &mut own[..]), &mut sums)?;
        let mut rest = &sums[..];
        for share in &mut held {
            if let Held::Sum(array, ..) = share {
                let (own, after) = rest.split_at(array.len());
                axpy(T::ONE, own, array);
                rest = after;
            }
        }
        Ok(core::array::from_fn(|k| rest[k]))
    }

    /// The work of all parts here: sums of subtrees are then in their arrays, and in `totals`.
    fn each_part<const A: usize, const S: usize>(
        self,
        held: &mut [Held<'_, T>; A],
        nodes: &mut Nodes,
        totals: &mut [[T; S]; DEPTH],
        work: &(impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], Error> + Sync),
    ) -> Result<(), Error> {
        let own = self.among.own();
        for first in own.clone().step_by(self.at_once) {
            let count = self.at_once.min(own.end - first);
            let all = self.among.part(first).start..self.among.part(first + count - 1).end;
            let shares = held.each_mut().map(|share| share.lend(all.clone(), count, self.long));
            let rows = |k| self.among.part(first + k);
            let parts = worked(count, rows, (self.block, self.long), shares, true, work);
            let mut found: [Result<[T; S], Error>; PARTS] = core::array::from_fn(|_| Ok([T::ZERO; S]));
            for (found, part) in found.iter_mut().zip(parts) {
                *found = part.totals.map(|totals| totals.map(Total::sum));
            }
            for (k, found) in found.into_iter().take(count).enumerate() {
                let at = nodes.len();
                totals[at] = found?;
                held.iter_mut().for_each(|share| share.put(k, count, self.long, at));
                nodes.push(Node::leaf(first + k), &mut |to| {
                    let (before, after) = totals.split_at_mut(to + 1);
                    for (sum, &more) in before[to].iter_mut().zip(&after[0]) {
                        *sum += more;
                    }
                    held.iter_mut().for_each(|share| share.join(to));
                });
            }
        }
        Ok(())
    }
}

impl<T: Scalar> Held<'_, T> {
    /// How many numbers are summed up in it.
    fn sums(&self) -> usize {
        if let Self::Sum(array, ..) = self { array.len() } else { 0 }
    }

    /// What so many parts have of it, of which the rows are these.
    fn lend(&mut self, rows: Range<usize>, count: usize, long: bool) -> Share<'_, T> {
        match self {
            Self::Rows(array, width) => {
                Share::Rows(&mut array[rows.start * *width..rows.end * *width], *width)
            }
            Self::Block(array, width) => Share::Block(array, *width),
            Self::Whole(array) => Share::Whole(array),
            Self::Sum(array, parts, _) => {
                let len = array.len();
                let arrays = if long { 3 * count } else { count };
                let (first, others) = parts[..arrays * len].split_at_mut(len);
                Share::Sum(first, others)
            }
        }
    }

    /// Puts what part `k` of so many has summed up where the sums of subtrees are.
    fn put(&mut self, k: usize, count: usize, long: bool, at: usize) {
        if let Self::Sum(array, parts, subtrees) = self {
            let len = array.len();
            // As `take_part` gives them out: with two for what is put away after each, where there are such.
            let part = if long { 3 * k } else { k };
            debug_assert!(k < count, "a part that there is");
            subtrees[at * len..(at + 1) * len].copy_from_slice(&parts[part * len..(part + 1) * len]);
        }
    }

    /// Adds the sum at the place after `to` to that at `to`.
    fn join(&mut self, to: usize) {
        if let Self::Sum(array, _, subtrees) = self {
            let len = array.len();
            let (before, after) = subtrees.split_at_mut((to + 1) * len);
            axpy(T::ONE, &after[..len], &mut before[to * len..]);
        }
    }
}

/// A part's rows and arrays.
struct Part<'a, T, E, const A: usize, const S: usize> {
    rows: Range<usize>,
    shares: [Share<'a, T>; A],
    totals: Result<[Total<T>; S], E>,
}

impl<'a, T: Scalar> Share<'a, T> {
    /// What a part has of it that has so many rows, where it is the first of `left` parts that there still
    /// are: of sums its own array, and if `long` where to put that away.
    fn take_part(&mut self, first: bool, left: usize, rows: usize, block: usize, long: bool) -> Self {
        match self {
            Self::Rows(array, width) => Self::Rows(take_first(array, rows * *width), *width),
            Self::Block(array, width) => Self::Block(take_first(array, rows.min(block) * *width), *width),
            Self::Whole(array) => Self::Whole(take(array)),
            Self::Sum(array, others) if first => {
                let len = array.len();
                Self::Sum(take(array), if long { take_first(others, 2 * len) } else { &mut [] })
            }
            Self::Sum(_, others) => {
                let len = others.len() / (if long { 3 * left } else { left }).max(1);
                let array = take_first(others, len);
                Self::Sum(array, if long { take_first(others, 2 * len) } else { &mut [] })
            }
        }
    }
}

/// The first `len` numbers, which `array` then no longer has.
fn take_first<'a, T>(array: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (first, rest) = take(array).split_at_mut(len);
    *array = rest;
    first
}

impl<T: Scalar, E, const A: usize, const S: usize> Part<'_, T, E, A, S> {
    /// Does the work of its blocks, until one fails.
    fn run(&mut self, block: usize, work: &impl Fn(Range<usize>, [&mut [T]; A]) -> Result<[T; S], E>) {
        for (k, start) in self.rows.clone().step_by(block).enumerate() {
            if k > 0 && k % RUN == 0 {
                self.put_away(k == RUN);
            }
            let rows = start..self.rows.end.min(start.saturating_add(block));
            let (from, len) = (start - self.rows.start, rows.len());
            let arrays = self.shares.each_mut().map(|share| match share {
                Share::Rows(array, width) => &mut array[from * *width..(from + len) * *width],
                Share::Block(array, width) => &mut array[..len * *width],
                Share::Sum(array, _) | Share::Whole(array) => array,
            });
            let more = work(rows, arrays);
            self.add_totals(more);
            if self.totals.is_err() {
                return;
            }
        }
        if self.rows.len().div_ceil(block) > RUN {
            self.put_away(false);
            for share in &mut self.shares {
                if let Share::Sum(array, kept) = share {
                    array.copy_from_slice(&kept[..array.len()]);
                }
            }
        }
    }

    /// Adds what the last blocks have summed up to what was put away before, unless it is the `first` time, and
    /// begins at 0 again.
    fn put_away(&mut self, first: bool) {
        for share in &mut self.shares {
            if let Share::Sum(array, kept) = share {
                if first {
                    kept.fill(T::ZERO);
                }
                let (sums, excesses) = kept.split_at_mut(array.len());
                simd!(add_to_totals, (sums, excesses, &**array));
                array.fill(T::ZERO);
            }
        }
    }

    fn add_totals(&mut self, more: Result<[T; S], E>) {
        match (&mut self.totals, more) {
            (Ok(totals), Ok(more)) => totals.iter_mut().zip(more).for_each(|(total, x)| total.add(x)),
            (totals @ Ok(_), Err(error)) => *totals = Err(error),
            (Err(_), _) => {}
        }
    }

    /// Lets its sums begin at 0.
    fn clear(&mut self) {
        for share in &mut self.shares {
            if let Share::Sum(array, _) = share {
                array.fill(T::ZERO);
            }
        }
    }

    /// Adds the sums of another part.
    fn add(&mut self, other: Self) {
        for shares in self.shares.iter_mut().zip(other.shares) {
            if let (Share::Sum(array, _), Share::Sum(x, _)) = shares {
                axpy(T::ONE, x, array);
            }
        }
        self.add_totals(other.totals.map(|totals| totals.map(Total::sum)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks that `work` sees, in order.
    fn blocks<T: Scalar>(rows: usize, len: usize, sum: usize) -> Vec<Range<usize>> {
        let seen = Mutex::new(Vec::new());
        Division::of::<T>(rows, len, sum).run::<T, 0, 0>([], |block, []| {
            seen.lock().unwrap().push(block);
            []
        });
        let mut seen = seen.into_inner().unwrap();
        seen.sort_by_key(|block| block.start);
        seen
    }

    #[test]
    fn blocks_cover_all_rows_once() {
        for (rows, len, sum) in
            [(0, 5, 5), (1, 5, 5), (10_000, 200, 2000), (10_000, 1_000_000, 3), (777, 3, 0), (70_001, 33, 33)]
        {
            let least = if sum > len { LEAST_FOR_MATRICES } else { LEAST };
            let blocks = blocks::<f64>(rows, len, sum);
            assert_eq!(
                blocks.iter().flat_map(Clone::clone).collect::<Vec<_>>(),
                (0..rows).collect::<Vec<_>>()
            );
            assert!(blocks.iter().rev().skip(1).all(|b| 2 * b.len() >= least), "{rows}×{len}: {blocks:?}");
        }
    }

    #[test]
    fn a_block_stays_in_the_cache() {
        assert!(blocks::<f64>(10_000, 200, 200).iter().all(|b| b.len() * 200 * 8 <= BYTES + 8 * 200 * 8));
        // Without numbers in the rows, and with more than memory holds, there still are blocks.
        assert_eq!(blocks::<f64>(10, 0, 0).len(), 1);
        assert_eq!(blocks::<f64>(100, usize::MAX, 0).len(), 4);
    }

    #[test]
    fn chunks_are_of_two_blocks_or_more_and_their_sums_are_no_larger_than_the_rows() {
        for (rows, sum, parts) in [
            (0, 0, 1),
            (100, 200, 1),
            (480, 200, 1),
            (640, 200, 2),
            (10_000, 200, 8),
            (10_000, 40_000, 8),
            (10_000, 1_000_000, 3),
            (10_000, usize::MAX, 1),
            (10_000_000, 0, 8),
        ] {
            let division = Division::of::<f64>(rows, 200, sum);
            assert_eq!(division.parts, parts, "{rows} rows, {sum} sums");
            let arrays = if division.is_long() { 3 * parts } else { parts };
            assert_eq!(division.others() + 1, arrays, "{rows} rows, {sum} sums");
            assert_eq!(division.block_rows(), parts * division.block);
        }
    }

    /// Rows written, rows of a block used on the way, sums of columns and a total, on so many threads.
    fn sums(rows: usize, cols: usize, threads: usize) -> (Vec<f64>, Vec<f64>, f64) {
        let x: Vec<f64> = (0..rows * cols).map(|k| ((k * 37 % 101) as f64).sin()).collect();
        let division = Division::of::<f64>(rows, cols, cols);
        let mut doubled = vec![f64::NAN; rows];
        let mut firsts = vec![f64::NAN; division.block_rows()];
        // What is there is added to.
        let mut sums = vec![1.0; cols];
        let mut others = vec![f64::NAN; division.others() * cols];
        parallel::set_threads(threads);
        let shares =
            [Share::Rows(&mut doubled, 1), Share::Block(&mut firsts, 1), Share::Sum(&mut sums, &mut others)];
        let [total] = division.run(shares, |block, [doubled, firsts, sums]| {
            let x = &x[block.start * cols..block.end * cols];
            let mut total = 0.0;
            for ((row, first), double) in x.chunks_exact(cols).zip(&mut *firsts).zip(doubled) {
                *first = row[0];
                *double = 2.0 * *first;
                total += *first;
                axpy(1.0, row, sums);
            }
            assert_eq!(firsts.len(), block.len());
            [total]
        });
        parallel::set_threads(1);
        (doubled, sums, total)
    }

    #[test]
    fn the_first_error_is_reported() {
        let division = Division::of::<f64>(10_000, 200, 0);
        let fails = |from: usize| {
            division.try_run([], |block, []: [&mut [f64]; 0]| {
                if block.end > from {
                    Err(Error::ParameterLength { expected: block.start, found: 0 })
                } else {
                    Ok([1.0])
                }
            })
        };
        let blocks = fails(10_000).unwrap()[0];
        for threads in [1, 2] {
            parallel::set_threads(threads);
            let Err(Error::ParameterLength { expected, .. }) = fails(3_000) else { panic!("no error") };
            assert!(expected <= 3_000 && expected + division.block > 3_000, "{blocks} blocks, {expected}");
        }
        parallel::set_threads(1);
    }

    #[test]
    fn any_number_of_threads_has_the_same_sums() {
        for rows in [0, 1, 500, 5_000, 20_011] {
            let alone = sums(rows, 50, 1);
            let expected: f64 = (0..rows).map(|k| ((k * 50 * 37 % 101) as f64).sin()).sum();
            assert!((alone.2 - expected).abs() < 1e-9, "{rows} rows");
            assert!((alone.1[0] - expected - 1.0).abs() < 1e-9, "{rows} rows");
            assert!(alone.0.iter().enumerate().all(|(k, &d)| d == 2.0 * ((k * 50 * 37 % 101) as f64).sin()));
            for threads in [2, 3, 20] {
                assert_eq!(sums(rows, 50, threads), alone, "{rows} rows, {threads} threads");
            }
        }
    }
}
