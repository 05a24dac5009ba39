//! The memory of a prepared problem, taken once so that its calls allocate nothing.

use super::{ThreadMemory, reserve, split_mut};
use core::fmt;

/// Bytes that a problem takes for matrices without being asked: a Hessian of several variables with some 3000
/// numbers. They are zeroed by the system, which mostly hands out no page before it is written: gradients
/// alone cost addresses.
const UNASKED: usize = 64 << 20;

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
        Self { numbers: vec![T::default(); if bytes <= UNASKED { most.max(least) } else { least }] }
    }

    /// Grows to so many numbers, if there are fewer.
    pub fn grow(&mut self, numbers: usize) {
        if self.numbers.len() < numbers {
            // Afresh: nothing in it is worth moving.
            self.numbers = vec![T::default(); numbers];
        }
    }

    /// Arrays of these sizes.
    ///
    /// # Panics
    /// If there is not as much.
    #[inline(always)]
    #[track_caller]
    pub fn split<const K: usize>(&mut self, sizes: [usize; K]) -> [&mut [T]; K] {
        split_mut(&mut self.numbers, sizes)
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

/// The numbers of several arrays, each given by its extents; as many as there can be where there would be
/// more.
#[must_use]
pub fn numbers(arrays: &[&[usize]]) -> usize {
    let size = |extents: &&[usize]| extents.iter().fold(1_usize, |n, &e| n.saturating_mul(e));
    arrays.iter().map(size).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_matrices_are_there_at_once_and_large_ones_when_asked_for() {
        let mut small = Workspace::<f64>::new(10, 1000);
        assert_eq!(small.split([1000, 0]).map(|a| a.len()), [1000, 0]);
        let mut large = Workspace::<f64>::new(10, numbers(&[&[1 << 20, 1 << 20]]));
        assert_eq!(large.numbers.len(), 10);
        large.grow(20);
        assert_eq!(large.clone().numbers.len(), 20);
        assert_eq!(format!("{large:?}"), "Workspace(20 numbers)");
    }

    #[test]
    fn what_no_memory_holds_is_as_much_as_can_be_said() {
        assert_eq!(numbers(&[&[2, 3], &[4]]), 10);
        assert_eq!(numbers(&[&[usize::MAX, 2], &[4]]), usize::MAX);
        assert_eq!(numbers(&[&[usize::MAX, 0], &[]]), 1);
    }
}
