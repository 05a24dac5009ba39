//! The memory of a prepared problem, taken once so that its calls allocate nothing.

use super::{LINE, ThreadMemory, reserve, split_mut};
use core::fmt;

/// Bytes that a problem takes for matrices without being asked: a Hessian of several variables with some 3000
/// numbers. They are zeroed by the system, which mostly hands out no page before it is written: gradients
/// alone cost addresses.
const UNASKED: usize = 64 << 20;

/// Numbers, of four bytes at least, that arrays take a multiple of: whole lines of the cache, so that each begins
/// with one.
const WHOLE: usize = LINE / 4;

/// Numbers that every call writes before it reads them.
pub struct Workspace<T> {
    numbers: Vec<T>,
}

impl<T: ThreadMemory> Workspace<T> {
    /// A workspace of `most` numbers, all that any call takes, or, where that is more than 64 MiB, for
    /// `least`, all but what matrices of second order take.
    #[must_use]
    pub fn new(least: usize, most: usize) -> Self {
        reserve::<T>();
        let bytes = most.saturating_mul(size_of::<T>());
        Self { numbers: Self::zeros(if bytes <= UNASKED { most.max(least) } else { least }) }
    }

    /// So many numbers, and what is left out before the first line.
    fn zeros(numbers: usize) -> Vec<T> {
        vec![T::default(); numbers.saturating_add(WHOLE)]
    }

    /// Grows to so many numbers, if there are fewer.
    pub fn grow(&mut self, numbers: usize) {
        if self.numbers.len() < numbers.saturating_add(WHOLE) {
            // Afresh: nothing in it is worth moving.
            self.numbers = Self::zeros(numbers);
        }
    }

    /// Arrays of these sizes, each from the start of a line on.
    ///
    /// # Panics
    /// If there is not as much.
    #[inline(always)]
    #[track_caller]
    pub fn split<const K: usize>(&mut self, sizes: [usize; K]) -> [&mut [T]; K] {
        let start = self.numbers.as_ptr().align_offset(LINE).min(WHOLE);
        // Not `map`, as in `split_mut`.
        let mut taken = sizes;
        for size in &mut taken {
            *size = lines(*size);
        }
        let mut arrays = split_mut(&mut self.numbers[start..], taken);
        for (array, size) in arrays.iter_mut().zip(sizes) {
            *array = &mut core::mem::take(array)[..size];
        }
        arrays
    }
}

/// Of the same length; what is in it is nobody's.
impl<T: ThreadMemory> Clone for Workspace<T> {
    fn clone(&self) -> Self {
        Self { numbers: vec![T::default(); self.numbers.len()] }
    }
}

/// How much it is: its numbers say nothing.
impl<T> fmt::Debug for Workspace<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace({} numbers)", self.numbers.len())
    }
}

/// So many numbers, in whole lines: what an array takes in a [`Workspace`].
#[inline(always)]
#[must_use]
pub fn lines(numbers: usize) -> usize {
    numbers.saturating_add(WHOLE - 1) / WHOLE * WHOLE
}

/// The numbers that so many arrays of these extents take in a [`Workspace`]; as many as there can be where there would
/// be more.
#[must_use]
pub fn numbers(arrays: &[(usize, &[usize])]) -> usize {
    let size = |extents: &[usize]| extents.iter().fold(1_usize, |n, &e| n.saturating_mul(e));
    let taken = arrays.iter().map(|(count, extents)| lines(size(extents)).saturating_mul(*count));
    taken.fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_matrices_are_there_at_once_and_large_ones_when_asked_for() {
        let mut small = Workspace::<f64>::new(16, numbers(&[(1, &[1000]), (1, &[0]), (1, &[7]), (1, &[])]));
        let arrays = small.split([1000, 0, 7, 1]);
        assert_eq!(arrays.each_ref().map(|a| a.len()), [1000, 0, 7, 1]);
        assert!(arrays.iter().all(|a| (a.as_ptr() as usize).is_multiple_of(LINE)));
        let mut large = Workspace::<f64>::new(16, numbers(&[(1, &[1 << 20, 1 << 20])]));
        assert_eq!(large.numbers.len(), 32);
        large.grow(20);
        assert_eq!(large.clone().numbers.len(), 36);
        assert_eq!(format!("{large:?}"), "Workspace(36 numbers)");
    }

    #[test]
    fn what_no_memory_holds_is_as_much_as_can_be_said() {
        assert_eq!(numbers(&[(2, &[2, 3]), (1, &[17])]), 64);
        assert!(numbers(&[(1, &[usize::MAX, 2]), (1, &[4])]) > usize::MAX - 2 * WHOLE);
        assert_eq!(numbers(&[(1, &[usize::MAX, 0]), (1, &[])]), 16);
    }
}
