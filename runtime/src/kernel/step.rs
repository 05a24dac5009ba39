//! The loops of generated code: a step is its formula, and how its arrays are walked.
//!
//! [`each`], [`rows`] and [`sum`] call a formula for the entries of arrays that are walked together. Such a
//! tuple of [`Arrays`] has slices to read, whose entries are numbers, and slices to write, whose entries are
//! references:
//!
//! ```
//! use gradsmith_runtime::__private as rt;
//!
//! let (z, y) = ([0.0, 1.0, -1.0], [1.0, 1.0, 0.0]);
//! let mut delta = [0.0; 3];
//! let total: f64 = rt::sum(
//!     3,
//!     (&z[..], &y[..], &mut delta[..]),
//!     #[inline(always)]
//!     move |math, total, (z, y, delta)| {
//!         *delta = math.sigmoid(z) - y;
//!         math.mul_add(*delta, *delta, total)
//!     },
//! );
//! assert!(delta[0] == -0.5 && total > 0.25);
//! ```
//!
//! Each is compiled for the processor at hand (see [`simd`](super::simd)), so the formula must be marked
//! `#[inline(always)]`, and takes scalars of the caller by `move`: what is captured by reference would be
//! read again from memory after each store. A number of entries that is known while compiling is given as
//! [`N`], for a plain one goes through memory on the way. Where there is a [`Math`] already, its methods of
//! the same names do the same in place.
//!
//! A sum runs in lanes whose number is a constant, and what is left beyond whole chunks of lanes is summed up
//! apart, in fewer, so that the order of additions depends on the number of entries alone. After [`RUN`] chunks the lanes
//! are put away, so that a sum of any number of entries is as exact as one of a few: see
//! [`sums`](super::sums).
#![allow(
    unsafe_code,
    reason = "entries are read and written where the arrays' lengths have been checked before the loop"
)]

use super::scalar::Scalar;
use super::simd::{Math, scalars, simd};
use super::sums::{ROWS, RUN, Total, max_of_lanes, sum_of_lanes};
use super::walk::{Arrays, Count, EachRow, Kept as _, PANEL};

/// Partial sums that run beside each other where the whole loop is one row: enough to hide the latency of an
/// addition in every vector width.
const LONG_LANES: usize = 64;
/// The same along a row of many.
const LANES: usize = 32;
/// The same for what is left beyond whole chunks of lanes.
const FEW_LANES: usize = 8;
/// Rows shorter than this are summed up one entry after the other, unless each entry takes longer than to join
/// lanes: what one row waits for, the next does not.
const SHORT: usize = 16;

/// How entries come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// They are added, from 0.
    Sum,
    /// The greatest is found, from −∞; NaN if there is one.
    Max,
    /// The same of numbers that are not negative, from 0.
    MaxSize,
}

/// Lanes that begin a cache line, so that no vector of them lies in two.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Lanes<T, const L: usize>([T; L]);

impl Fold {
    #[inline(always)]
    fn neutral<T: Scalar>(self) -> T {
        if self == Fold::Max { T::NEG_INFINITY } else { T::ZERO }
    }

    #[inline(always)]
    fn lanes<T: Scalar, const L: usize>(self, lanes: [T; L]) -> T {
        if self == Fold::Sum { sum_of_lanes(lanes) } else { max_of_lanes(lanes) }
    }

    #[inline(always)]
    fn two<T: Scalar>(self, math: Math, a: T, b: T) -> T {
        if self == Fold::Sum { a + b } else { math.max(a, b) }
    }

    /// The same where there are more runs than one: of a sum, `total` says what there was.
    #[inline(always)]
    fn put<T: Scalar>(self, math: Math, total: &mut Total<T>, whole: T, run: T) -> T {
        if self != Fold::Sum {
            return math.max(whole, run);
        }
        total.add(run);
        total.sum()
    }
}

impl Math {
    /// Calls `formula` for entry after entry.
    ///
    /// # Panics
    /// If an array has fewer than `n` entries.
    #[inline(always)]
    #[track_caller]
    pub fn each<A: Arrays>(self, n: impl Count, arrays: A, formula: impl Fn(Math, A::Entry<'_>)) {
        let n = n.get();
        let place = arrays.place(1, n);
        for j in 0..n {
            // SAFETY: the arrays live and have n entries; the formula keeps none of them, whose type holds
            // for any lifetime.
            formula(self, unsafe { A::entry(place, 0, j, n) });
        }
    }

    /// Calls `formula` for the entries of row after row.
    ///
    /// # Panics
    /// If an array has fewer than `rows`·`cols` entries, an [`EachRow`] or [`Summed`] vector fewer than `cols`,
    /// an [`EachColumn`] fewer than `rows`.
    #[inline(always)]
    #[track_caller]
    pub fn rows<A: Arrays>(
        self,
        rows: impl Count,
        cols: impl Count,
        arrays: A,
        formula: impl Fn(Math, A::Entry<'_>),
    ) {
        let (rows, cols) = (rows.get(), cols.get());
        let place = arrays.place(rows, cols);
        if const { A::SUMMED } && rows > ROWS {
            return self.many_rows::<A>(rows, cols, place, formula);
        }
        for i in 0..rows {
            for j in 0..cols {
                // SAFETY: the arrays live and have `rows` rows of `cols` columns; the formula keeps no entry.
                formula(self, unsafe { A::entry(place, i, j, cols) });
            }
        }
    }

    /// The same where vectors that are added to are put away on the way.
    #[inline(always)]
    fn many_rows<A: Arrays>(
        self,
        rows: usize,
        cols: usize,
        place: A::Place,
        formula: impl Fn(Math, A::Entry<'_>),
    ) {
        for from in (0..cols).step_by(PANEL) {
            let panel = (from, cols.min(from + PANEL));
            let mut kept = A::Kept::EMPTY;
            for first in (0..rows).step_by(ROWS) {
                let until = rows.min(first + ROWS);
                for i in first..until {
                    for j in panel.0..panel.1 {
                        // SAFETY: the arrays live and have `rows` rows of `cols` columns; the formula keeps
                        // no entry.
                        formula(self, unsafe { A::entry(place, i, j, cols) });
                    }
                }
                // SAFETY: the arrays live, and no entry is in use.
                unsafe { A::put_away(place, &mut kept, panel, until == rows) };
            }
        }
    }

    /// Puts `row` in each of the rows of `out`.
    ///
    /// # Panics
    /// If `row` has fewer than `cols` entries, or `out` fewer than `rows`·`cols`.
    #[inline(always)]
    #[track_caller]
    pub fn repeat<T: Scalar>(self, out: &mut [T], rows: impl Count, cols: impl Count, row: &[T]) {
        self.rows(
            rows,
            cols,
            (out, EachRow(row)),
            #[inline(always)]
            |_, (out, x)| *out = x,
        );
    }

    /// Several sums and maxima, one entry after the other: for few entries.
    ///
    /// # Panics
    /// If an array has fewer than `n` entries.
    #[inline(always)]
    #[track_caller]
    #[allow(clippy::needless_range_loop, reason = "one of each of several arrays")]
    pub fn folds_in_order<T: Scalar, A: Arrays, const K: usize>(
        self,
        folds: [Fold; K],
        n: impl Count,
        arrays: A,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        let n = n.get();
        let place = arrays.place(1, n);
        let mut found = [T::ZERO; K];
        for k in 0..K {
            found[k] = folds[k].neutral();
        }
        for j in 0..n {
            // SAFETY: the arrays live and have n entries; the formula keeps none of them.
            found = formula(self, found, unsafe { A::entry(place, 0, j, n) });
        }
        found
    }

    #[inline(always)]
    #[track_caller]
    #[allow(clippy::needless_range_loop, reason = "a lane of each of several arrays")]
    fn folds_by<T: Scalar, A: Arrays, const K: usize, const L: usize>(
        self,
        folds: [Fold; K],
        n: impl Count,
        arrays: A,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        let n = n.get();
        let place = arrays.place(1, n);
        let chunks = n / L;
        let long = chunks > RUN;
        // Loops, not `array::from_fn` or `map`, whose closures are not always compiled in place.
        let mut found = [T::ZERO; K];
        let mut lanes = [Lanes([T::ZERO; L]); K];
        let mut whole = [T::ZERO; K];
        let mut totals = [Total::ZERO; K];
        for k in 0..K {
            whole[k] = folds[k].neutral();
        }
        let mut from = 0;
        while from < chunks {
            for k in 0..K {
                lanes[k] = Lanes([folds[k].neutral(); L]);
            }
            let until = chunks.min(from + RUN);
            for chunk in from..until {
                for lane in 0..L {
                    for k in 0..K {
                        found[k] = lanes[k].0[lane];
                    }
                    // SAFETY: the arrays live and have n entries, chunks·L of them or more; the formula keeps
                    // none.
                    let next = formula(self, found, unsafe { A::entry(place, 0, chunk * L + lane, n) });
                    for k in 0..K {
                        lanes[k].0[lane] = next[k];
                    }
                }
            }
            from = until;
            for k in 0..K {
                let run = folds[k].lanes(lanes[k].0);
                whole[k] = if long { folds[k].put(self, &mut totals[k], whole[k], run) } else { run };
            }
        }
        let rest = if const { A::WRITTEN } {
            self.rest_in_lanes::<T, A, K, L>(folds, place, chunks * L, n, formula)
        } else {
            self.rest(folds, place, chunks * L, n, formula)
        };
        for k in 0..K {
            whole[k] = match (chunks, long) {
                (0, _) => rest[k],
                (_, true) => folds[k].put(self, &mut totals[k], whole[k], rest[k]),
                (_, false) => folds[k].two(self, whole[k], rest[k]),
            };
        }
        whole
    }

    /// The entries of a row `from` the last whole chunk on: in few lanes, the last ones in order, so that short
    /// rows take little more than their entries.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "a lane of each of several arrays")]
    fn rest<T: Scalar, A: Arrays, const K: usize>(
        self,
        folds: [Fold; K],
        place: A::Place,
        from: usize,
        n: usize,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        let mut found = [T::ZERO; K];
        for k in 0..K {
            found[k] = folds[k].neutral();
        }
        let chunks = (n - from) / FEW_LANES;
        let last = from + chunks * FEW_LANES;
        if chunks > 0 {
            let mut lanes = [[T::ZERO; FEW_LANES]; K];
            for k in 0..K {
                lanes[k] = [folds[k].neutral(); FEW_LANES];
            }
            let mut so_far = found;
            for first in (from..last).step_by(FEW_LANES) {
                for lane in 0..FEW_LANES {
                    for k in 0..K {
                        so_far[k] = lanes[k][lane];
                    }
                    // SAFETY: the arrays live and have n entries, `last` of them or more; the formula keeps none.
                    let next = formula(self, so_far, unsafe { A::entry(place, 0, first + lane, n) });
                    for k in 0..K {
                        lanes[k][lane] = next[k];
                    }
                }
            }
            for k in 0..K {
                found[k] = folds[k].lanes(lanes[k]);
            }
        }
        for j in last..n {
            // SAFETY: the arrays live and have n entries; the formula keeps none.
            found = formula(self, found, unsafe { A::entry(place, 0, j, n) });
        }
        found
    }

    /// The same in as many lanes as there are, where arrays are written on the way: of few lanes the compiler
    /// would not know that what it writes is none of what it reads, and take them one after the other.
    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "a lane of each of several arrays")]
    fn rest_in_lanes<T: Scalar, A: Arrays, const K: usize, const L: usize>(
        self,
        folds: [Fold; K],
        place: A::Place,
        from: usize,
        n: usize,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        let mut found = [T::ZERO; K];
        let mut lanes = [[T::ZERO; L]; K];
        for k in 0..K {
            lanes[k] = [folds[k].neutral(); L];
        }
        for lane in 0..n - from {
            for k in 0..K {
                found[k] = lanes[k][lane];
            }
            // SAFETY: the arrays live and have n entries; the formula keeps none.
            let next = formula(self, found, unsafe { A::entry(place, 0, from + lane, n) });
            for k in 0..K {
                lanes[k][lane] = next[k];
            }
        }
        for k in 0..K {
            found[k] = folds[k].lanes(lanes[k]);
        }
        found
    }

    /// Several sums and maxima at once, in lanes: `formula` is given what a lane has so far, and an entry of
    /// each array.
    ///
    /// # Panics
    /// If an array has fewer than `n` entries.
    #[inline(always)]
    #[track_caller]
    pub fn folds<T: Scalar, A: Arrays, const K: usize>(
        self,
        folds: [Fold; K],
        n: impl Count,
        arrays: A,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        let n = n.get();
        if n < SHORT {
            return self.folds_in_order(folds, n, arrays, formula);
        }
        self.folds_by::<T, A, K, LONG_LANES>(folds, n, arrays, formula)
    }

    /// The same where `formula` calls functions, which fill lanes in short rows, too.
    ///
    /// # Panics
    /// If an array has fewer than `n` entries.
    #[inline(always)]
    #[track_caller]
    pub fn folds_of_calls<T: Scalar, A: Arrays, const K: usize>(
        self,
        folds: [Fold; K],
        n: impl Count,
        arrays: A,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        self.folds_by::<T, A, K, LONG_LANES>(folds, n, arrays, formula)
    }

    /// The same along one row of many.
    ///
    /// # Panics
    /// If an array has fewer than `n` entries.
    #[inline(always)]
    #[track_caller]
    pub fn row_folds<T: Scalar, A: Arrays, const K: usize>(
        self,
        folds: [Fold; K],
        n: impl Count,
        arrays: A,
        formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
    ) -> [T; K] {
        self.folds_by::<T, A, K, LANES>(folds, n, arrays, formula)
    }
}

macro_rules! sums {
    ($($(#[$doc:meta])* $sum:ident by $folds:ident;)*) => {
        impl Math {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// If an array has fewer than `n` entries.
                #[inline(always)]
                #[track_caller]
                pub fn $sum<T: Scalar, A: Arrays>(
                    self,
                    n: impl Count,
                    arrays: A,
                    formula: impl Fn(Math, T, A::Entry<'_>) -> T,
                ) -> T {
                    let [sum] = self.$folds(
                        [Fold::Sum],
                        n,
                        arrays,
                        #[inline(always)]
                        |math, [sum], entry| [formula(math, sum, entry)],
                    );
                    sum
                }
            )*
        }
    };
}
sums! {
    /// [`sum`](fn@sum), in place.
    sum by folds;
    /// The same where the formula calls functions, which fill lanes in short rows, too.
    sum_of_calls by folds_of_calls;
    /// The same along one row of many.
    row_sum by row_folds;
    /// The same, one entry after the other: for few entries.
    sum_in_order by folds_in_order;
}

/// Calls `formula` for entry after entry of arrays of `n` entries.
///
/// # Panics
/// If an array has fewer.
#[inline(always)]
#[track_caller]
pub fn each<A: Arrays>(n: impl Count, arrays: A, formula: impl Fn(Math, A::Entry<'_>)) {
    step(
        (n, arrays, formula),
        #[inline(always)]
        |math, (n, arrays, formula)| math.each(n, arrays, formula),
    );
}

/// Calls `formula` for the entries of row after row, each of `cols` entries. A vector that is part of every
/// row is an [`EachRow`], one that has an entry for each row an
/// [`EachColumn`](super::walk::EachColumn), one that all rows are added to is
/// [`Summed`](super::walk::Summed).
///
/// # Panics
/// If an array has fewer entries than that takes.
#[inline(always)]
#[track_caller]
pub fn rows<A: Arrays>(rows: impl Count, cols: impl Count, arrays: A, formula: impl Fn(Math, A::Entry<'_>)) {
    step(
        (rows, cols, arrays, formula),
        #[inline(always)]
        |math, (rows, cols, arrays, formula)| math.rows(rows, cols, arrays, formula),
    );
}

/// What `formula` adds up from 0: it is given a sum so far, one of 64 lanes, and an entry of each array.
///
/// # Panics
/// If an array has fewer than `n` entries.
#[inline(always)]
#[track_caller]
pub fn sum<T: Scalar, A: Arrays>(
    n: impl Count,
    arrays: A,
    formula: impl Fn(Math, T, A::Entry<'_>) -> T,
) -> T {
    step(
        (n, arrays, formula),
        #[inline(always)]
        |math, (n, arrays, formula)| math.sum_of_calls(n, arrays, formula),
    )
}

/// Several sums at once: `formula` is given the sums so far, of a lane, and an entry of each array.
///
/// # Panics
/// If an array has fewer than `n` entries.
#[inline(always)]
#[track_caller]
pub fn sums<T: Scalar, A: Arrays, const K: usize>(
    n: impl Count,
    arrays: A,
    formula: impl Fn(Math, [T; K], A::Entry<'_>) -> [T; K],
) -> [T; K] {
    step(
        (n, arrays, formula),
        #[inline(always)]
        |math, (n, arrays, formula)| math.folds_of_calls([Fold::Sum; K], n, arrays, formula),
    )
}

/// `kernel`, a closure marked `#[inline(always)]`, with these arguments, compiled for the processor at hand.
#[inline(always)]
pub fn step<A, R>(args: A, kernel: impl FnOnce(Math, A) -> R) -> R {
    simd(kernel, args)
}

/// The same for a function of single numbers, which fill no vector.
#[inline(always)]
pub fn scalar_step<A, R>(args: A, kernel: impl FnOnce(Math, A) -> R) -> R {
    scalars(kernel, args)
}

/// Examples that are worked on beside each other, at most: their scalars fill vectors.
pub const EXAMPLES: usize = 32;

/// So many examples of `k` entries are worked on beside each other that these stay in the cache.
#[inline(always)]
#[must_use]
pub const fn examples_at_once(k: usize) -> usize {
    const ENTRIES: usize = 1024;
    if k > ENTRIES {
        1
    } else if k * EXAMPLES > ENTRIES {
        ENTRIES / k
    } else {
        EXAMPLES
    }
}

/// What `work` does with rows of `k` entries, compiled apart for rows of one, where a loop along the row would
/// take longer than its entry.
#[inline(always)]
pub fn by_width<R>(k: usize, work: impl FnOnce(usize) -> R) -> R {
    if k == 1 { work(1) } else { work(k) }
}

/// Puts `row` in each of the rows of `out`.
///
/// # Panics
/// If `row` has fewer than `cols` entries, or `out` fewer than `rows`·`cols`.
#[inline(always)]
#[track_caller]
pub fn repeat<T: Scalar>(out: &mut [T], count: impl Count, cols: impl Count, row: &[T]) {
    step(
        (out, count, cols, row),
        #[inline(always)]
        |math, (out, count, cols, row)| math.repeat(out, count, cols, row),
    );
}

#[cfg(test)]
mod tests {
    use super::super::walk::{EachColumn, Summed};
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn a_sum_may_read_no_array() {
        let half = 0.5;
        let total: f64 = sum(
            70,
            (),
            #[inline(always)]
            move |_, total, ()| total + half,
        );
        assert_eq!(total, 35.0);
    }

    #[test]
    fn rows_are_added_to_what_a_summed_vector_holds() {
        for (rows_, cols) in [(0, 3), (3, 0), (1, 5), (64, 3), (65, 3), (200, 1), (130, 1100)] {
            let x: Vec<f64> = (0..rows_ * cols).map(|k| (k % 10) as f64).collect();
            let mut sums = vec![1.0; cols + 1];
            rows(
                rows_,
                cols,
                (&x[..], Summed(&mut sums[..])),
                #[inline(always)]
                move |_, (x, sum)| *sum += x,
            );
            for j in 0..cols {
                let expected = 1.0 + (0..rows_).map(|i| x[i * cols + j]).sum::<f64>();
                assert_eq!(sums[j], expected, "column {j} of {rows_}×{cols}");
            }
            assert_eq!(sums[cols], 1.0, "{rows_}×{cols}");
        }
    }

    #[test]
    fn sums_of_many_terms_know_infinity_and_nan() {
        let of = |place: usize, special: f32| {
            let mut x = vec![1.0_f32; 10_000];
            x[place] = special;
            sum(
                x.len(),
                (&x[..],),
                #[inline(always)]
                move |_, s: f32, (x,)| s + x,
            )
        };
        for place in [0, 5_000, 9_999] {
            assert_eq!(of(place, f32::INFINITY), f32::INFINITY);
            assert_eq!(of(place, f32::NEG_INFINITY), f32::NEG_INFINITY);
            assert!(of(place, f32::NAN).is_nan());
        }
    }

    #[test]
    fn folds_see_nan_in_whole_chunks_and_in_the_rest() {
        let most = |x: &[f64]| {
            let found = Math::portable().folds(
                [Fold::Max, Fold::Sum],
                x.len(),
                (x,),
                #[inline(always)]
                |math, [most, sum], (x,)| [math.max(most, x), sum + x],
            );
            found[0]
        };
        let x: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!((most(&x), most(&[])), (99.0, f64::NEG_INFINITY));
        for place in [3, 99] {
            let mut x = x.clone();
            x[place] = f64::NAN;
            assert!(most(&x).is_nan(), "NaN at {place}");
        }
    }

    #[test]
    fn arrays_are_as_long_as_the_rows_take() {
        let walk = |rows_: usize, cols: usize, matrix: usize, row: usize, column: usize| {
            let (x, y, z) = (vec![1.0; matrix], vec![10.0; row], vec![100.0; column]);
            let mut out = vec![0.0; matrix];
            rows(
                rows_,
                cols,
                (&x[..], EachRow(&y[..]), EachColumn(&z[..]), &mut out[..]),
                #[inline(always)]
                move |_, (x, y, z, out)| *out = x + y + z,
            );
            out
        };
        assert_eq!(walk(2, 3, 6, 3, 2), [111.0; 6]);
        assert_eq!(walk(0, 3, 0, 3, 0), [0.0; 0]);
        for (matrix, row, column) in [(5, 3, 2), (6, 2, 2), (6, 3, 1)] {
            assert!(catch_unwind(|| walk(2, 3, matrix, row, column)).is_err());
        }
        assert!(catch_unwind(|| walk(usize::MAX, 2, 6, 2, 6)).is_err());
    }
}
