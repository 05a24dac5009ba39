//! Arrays walked together: what a formula is given of each, entry by entry.
#![allow(
    unsafe_code,
    reason = "entries are read and written where the arrays' lengths have been checked before the loop"
)]

use super::scalar::Scalar;
use super::sums::Total;

/// A number of entries that is known while compiling.
#[derive(Clone, Copy, Debug)]
pub struct N<const COUNT: usize>;

/// A number of entries: a `usize`, or an [`N`].
pub trait Count: Copy {
    /// The number.
    fn get(self) -> usize;
}

impl Count for usize {
    #[inline(always)]
    fn get(self) -> usize {
        self
    }
}

impl<const COUNT: usize> Count for N<COUNT> {
    #[inline(always)]
    fn get(self) -> usize {
        COUNT
    }
}

/// A vector as each row of a matrix: entry (i, j) is its entry j.
#[derive(Debug)]
pub struct EachRow<A>(pub A);

/// A vector as each column of a matrix: entry (i, j) is its entry i.
#[derive(Debug)]
pub struct EachColumn<A>(pub A);

/// A vector that each row is added to: entry (i, j) is its entry j, to which the formula adds. After some rows
/// what it holds is put away, and it begins at 0 again; in the end it holds all that was added.
#[derive(Debug)]
pub struct Summed<A>(pub A);

/// Columns whose sums are put away at a time.
pub(super) const PANEL: usize = 512;

/// What is put away of an array.
pub trait Kept {
    /// Of nothing.
    const EMPTY: Self;
}

impl Kept for () {
    const EMPTY: Self = ();
}

/// The sums of columns so far, beside what they are too large by.
#[derive(Debug)]
pub struct Sums<T>([T; PANEL], [T; PANEL]);

impl<T: Scalar> Kept for Sums<T> {
    const EMPTY: Self = Self([T::ZERO; PANEL], [T::ZERO; PANEL]);
}

/// Arrays that are walked together, as a matrix of rows and columns.
///
/// # Safety
/// What [`place`](Self::place) returns for `rows` and `cols` is good for [`entry`](Self::entry) with these
/// `cols`, any row below `rows` and any column below `cols`, as long as what `self` borrows is borrowed.
pub unsafe trait Arrays {
    /// What a formula gets of them: a number where an array is read, a reference where it is written.
    type Entry<'e>;

    /// Where they are.
    type Place: Copy;

    /// Whether one of them is [`Summed`].
    const SUMMED: bool = false;

    /// Whether one of them is written.
    const WRITTEN: bool = false;

    /// What is put away of them.
    type Kept: Kept;

    /// Where they are, once they are known to have the entries of `rows` rows of `cols` columns.
    fn place(self, rows: usize, cols: usize) -> Self::Place;

    /// The entry of the place in row `i` and column `j` of `cols`.
    ///
    /// # Safety
    /// The place is one of arrays that live, with more rows than `i` and more columns than `j`; an entry is
    /// no longer used when the next one is asked for.
    unsafe fn entry<'e>(place: Self::Place, i: usize, j: usize, cols: usize) -> Self::Entry<'e>;

    /// Puts away what has been added to columns `from..until`, no more than `PANEL`, and lets them begin at 0;
    /// or, if it is the `last` time, leaves all that was added there.
    ///
    /// # Safety
    /// The place is one of arrays that live, with no fewer columns; no entry is in use.
    #[inline(always)]
    unsafe fn put_away(place: Self::Place, kept: &mut Self::Kept, (from, until): (usize, usize), last: bool) {
        let _ = (place, kept, from, until, last);
    }
}

/// The number of entries; where it overflows, more than any slice has, so that a check of lengths fails.
#[inline(always)]
fn area(rows: usize, cols: usize) -> usize {
    rows.saturating_mul(cols)
}

// SAFETY: `place` returns the beginning of `rows`·`cols` numbers, or panics.
unsafe impl<T: Scalar> Arrays for &[T] {
    type Entry<'e> = T;
    type Place = *const T;
    type Kept = ();

    #[inline(always)]
    fn place(self, rows: usize, cols: usize) -> *const T {
        self[..area(rows, cols)].as_ptr()
    }

    #[inline(always)]
    unsafe fn entry<'e>(place: *const T, i: usize, j: usize, cols: usize) -> Self::Entry<'e> {
        // SAFETY: `place` has found as many numbers, and the caller asks for one of them.
        unsafe { *place.add(i * cols + j) }
    }
}

// SAFETY: `place` returns the beginning of `rows`·`cols` numbers, or panics.
unsafe impl<T: Scalar> Arrays for &mut [T] {
    type Entry<'e> = &'e mut T;
    type Place = *mut T;
    type Kept = ();
    const WRITTEN: bool = true;

    #[inline(always)]
    fn place(self, rows: usize, cols: usize) -> *mut T {
        self[..area(rows, cols)].as_mut_ptr()
    }

    #[inline(always)]
    unsafe fn entry<'e>(place: *mut T, i: usize, j: usize, cols: usize) -> Self::Entry<'e> {
        // SAFETY: `place` has found as many numbers, the caller asks for one of them, and no longer uses the
        // one before.
        unsafe { &mut *place.add(i * cols + j) }
    }
}

// SAFETY: the array is asked for one row, and only that is read or written.
unsafe impl<A: Arrays> Arrays for EachRow<A> {
    type Entry<'e> = A::Entry<'e>;
    type Place = A::Place;
    type Kept = ();
    const WRITTEN: bool = A::WRITTEN;

    #[inline(always)]
    fn place(self, _: usize, cols: usize) -> A::Place {
        self.0.place(1, cols)
    }

    #[inline(always)]
    unsafe fn entry<'e>(place: A::Place, _: usize, j: usize, cols: usize) -> Self::Entry<'e> {
        // SAFETY: the one row has as many columns.
        unsafe { A::entry(place, 0, j, cols) }
    }
}

// SAFETY: the array is asked for one row, and only that is read or written.
unsafe impl<T: Scalar> Arrays for Summed<&mut [T]> {
    type Entry<'e> = &'e mut T;
    type Place = *mut T;
    type Kept = Sums<T>;
    const SUMMED: bool = true;
    const WRITTEN: bool = true;

    #[inline(always)]
    fn place(self, _: usize, cols: usize) -> *mut T {
        self.0.place(1, cols)
    }

    #[inline(always)]
    unsafe fn entry<'e>(place: *mut T, _: usize, j: usize, _: usize) -> Self::Entry<'e> {
        // SAFETY: the one row has as many columns, and the caller no longer uses the entry before.
        unsafe { &mut *place.add(j) }
    }

    #[inline(always)]
    unsafe fn put_away(place: *mut T, kept: &mut Sums<T>, (from, until): (usize, usize), last: bool) {
        // SAFETY: the one row has as many columns, and nobody else has them now.
        let run = unsafe { core::slice::from_raw_parts_mut(place.add(from), until - from) };
        let Sums(sums, excesses) = kept;
        for ((run, sum), excess) in run.iter_mut().zip(sums).zip(excesses) {
            let mut total = Total::of(*sum, *excess);
            total.add(*run);
            (*sum, *excess) = total.parts();
            *run = if last { *sum } else { T::ZERO };
        }
    }
}

// SAFETY: the array is asked for one column, and only that is read or written.
unsafe impl<A: Arrays> Arrays for EachColumn<A> {
    type Entry<'e> = A::Entry<'e>;
    type Place = A::Place;
    type Kept = ();
    const WRITTEN: bool = A::WRITTEN;

    #[inline(always)]
    fn place(self, rows: usize, _: usize) -> A::Place {
        self.0.place(rows, 1)
    }

    #[inline(always)]
    unsafe fn entry<'e>(place: A::Place, i: usize, _: usize, _: usize) -> Self::Entry<'e> {
        // SAFETY: the one column has as many rows.
        unsafe { A::entry(place, i, 0, 1) }
    }
}

/// No array at all: what is summed up along a row may be the same for all of it.
// SAFETY: there is no entry.
unsafe impl Arrays for () {
    type Entry<'e> = ();
    type Place = ();
    type Kept = ();

    #[inline(always)]
    fn place(self, _: usize, _: usize) {}

    #[inline(always)]
    unsafe fn entry<'e>((): (), _: usize, _: usize, _: usize) -> Self::Entry<'e> {}
}

macro_rules! arrays {
    ($($array:ident $n:tt),*) => {
        // SAFETY: what each of the arrays promises, all do.
        unsafe impl<$($array: Arrays),*> Arrays for ($($array,)*) {
            type Entry<'e> = ($($array::Entry<'e>,)*);
            type Place = ($($array::Place,)*);
            type Kept = ($($array::Kept,)*);
            const SUMMED: bool = $($array::SUMMED)||*;
            const WRITTEN: bool = $($array::WRITTEN)||*;

            #[inline(always)]
            fn place(self, rows: usize, cols: usize) -> Self::Place {
                ($(self.$n.place(rows, cols),)*)
            }

            #[inline(always)]
            unsafe fn entry<'e>(place: Self::Place, i: usize, j: usize, cols: usize) -> Self::Entry<'e> {
                // SAFETY: what holds of the tuple holds of each of its arrays.
                unsafe { ($($array::entry(place.$n, i, j, cols),)*) }
            }

            #[inline(always)]
            unsafe fn put_away(place: Self::Place, kept: &mut Self::Kept, cols: (usize, usize), last: bool) {
                // SAFETY: what holds of the tuple holds of each of its arrays.
                unsafe { $($array::put_away(place.$n, &mut kept.$n, cols, last);)* }
            }
        }

        impl<$($array: Kept),*> Kept for ($($array,)*) {
            const EMPTY: Self = ($($array::EMPTY,)*);
        }
    };
}
arrays!(A 0);
arrays!(A 0, B 1);
arrays!(A 0, B 1, C 2);
arrays!(A 0, B 1, C 2, D 3);
arrays!(A 0, B 1, C 2, D 3, E 4);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
arrays!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
