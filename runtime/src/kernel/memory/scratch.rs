//! Memory for the arrays of a call that is handed none: views that do not lie row by row, what a penalty
//! computes on the way. It belongs to the thread and grows to the largest call; then nothing is allocated.

use super::ThreadMemory;
use core::ops::{Deref, DerefMut};
use ndarray::{ArrayView, ArrayViewMut, Dimension};

/// An array in the thread's memory, given back when dropped. Its numbers are left from the last use.
#[derive(Debug)]
pub struct Scratch<T: ThreadMemory> {
    numbers: Vec<T>,
    len: usize,
}

impl<T: ThreadMemory> Scratch<T> {
    /// An array of `len` numbers.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let mut all = T::arrays().take();
        let mut numbers = all.pop().unwrap_or_default();
        T::arrays().set(all);
        if numbers.len() < len {
            // Afresh: zeroed memory is not touched before it is used, and nothing in the old is worth moving.
            numbers = vec![T::default(); len];
        }
        Self { numbers, len }
    }
}

impl<T: ThreadMemory> Deref for Scratch<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.numbers[..self.len]
    }
}

impl<T: ThreadMemory> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[..self.len]
    }
}

impl<T: ThreadMemory> Drop for Scratch<T> {
    fn drop(&mut self) {
        let numbers = core::mem::take(&mut self.numbers);
        // A thread about to end keeps nothing any more.
        let _ = T::arrays().try_with(|kept| {
            let mut all = kept.take();
            all.push(numbers);
            kept.set(all);
        });
    }
}

/// The entries of a view, row by row.
#[derive(Debug)]
pub enum Entries<'a, T: ThreadMemory> {
    /// Where they lie so.
    There(&'a [T]),
    /// A copy.
    Copied(Scratch<T>),
}

impl<T: ThreadMemory> Deref for Entries<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(copy) => copy,
        }
    }
}

/// The entries of a view, row by row: borrowed where they lie so, copied otherwise.
#[inline]
pub fn entries<'a, T: ThreadMemory, D: Dimension>(view: &'a ArrayView<'_, T, D>) -> Entries<'a, T> {
    match view.as_slice() {
        Some(slice) => Entries::There(slice),
        None => Entries::Copied(copied(view.len(), view.iter())),
    }
}

fn copied<'a, T: ThreadMemory>(len: usize, entries: impl Iterator<Item = &'a T>) -> Scratch<T> {
    let mut copy = Scratch::new(len);
    for (to, from) in copy.iter_mut().zip(entries) {
        *to = *from;
    }
    copy
}

/// The entries of a view to write, row by row: the view's own where they lie so, else a copy that is written
/// back when dropped.
#[derive(Debug)]
pub enum EntriesMut<'a, 'v, T: ThreadMemory, D: Dimension> {
    /// Where they lie so.
    There(&'a mut [T]),
    /// A copy, and where it belongs.
    Copied(Scratch<T>, &'a mut ArrayViewMut<'v, T, D>),
}

impl<T: ThreadMemory, D: Dimension> Deref for EntriesMut<'_, '_, T, D> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(copy, _) => copy,
        }
    }
}

impl<T: ThreadMemory, D: Dimension> DerefMut for EntriesMut<'_, '_, T, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(copy, _) => copy,
        }
    }
}

impl<T: ThreadMemory, D: Dimension> Drop for EntriesMut<'_, '_, T, D> {
    #[inline]
    fn drop(&mut self) {
        if let Self::Copied(copy, view) = self {
            for (entry, value) in view.iter_mut().zip(copy.iter()) {
                *entry = *value;
            }
        }
    }
}

/// The entries of a view to write, row by row: in place where they lie so, by way of a copy otherwise.
#[inline]
pub fn entries_mut<'a, 'v, T: ThreadMemory, D: Dimension>(
    view: &'a mut ArrayViewMut<'v, T, D>,
) -> EntriesMut<'a, 'v, T, D> {
    if view.is_standard_layout() {
        EntriesMut::There(view.as_slice_mut().unwrap_or_default())
    } else {
        EntriesMut::Copied(copied(view.len(), view.iter()), view)
    }
}
