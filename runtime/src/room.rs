//! Memory for the arrays of a call that is handed none: views that do not lie row by row, what a penalty computes on the
//! way. It belongs to the thread and grows to the largest call; then nothing is allocated.

use crate::error::{Error, check_shape};
use crate::scalar::Scalar;
use core::ops::{Deref, DerefMut};
use ndarray::{ArrayView, ArrayViewMut, Dimension};

/// An array in the thread's memory, given back when dropped. Its numbers are left from the last use.
#[derive(Debug)]
pub struct Room<T: Scalar> {
    numbers: Vec<T>,
    len: usize,
}

impl<T: Scalar> Room<T> {
    /// Room for `len` numbers.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let mut all = T::rooms().take();
        let mut numbers = all.pop().unwrap_or_default();
        T::rooms().set(all);
        if numbers.len() < len {
            numbers.resize(len, T::ZERO);
        }
        Self { numbers, len }
    }
}

impl<T: Scalar> Deref for Room<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.numbers[..self.len]
    }
}

impl<T: Scalar> DerefMut for Room<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[..self.len]
    }
}

impl<T: Scalar> Drop for Room<T> {
    fn drop(&mut self) {
        let numbers = core::mem::take(&mut self.numbers);
        // A thread about to end keeps nothing any more.
        let _ = T::rooms().try_with(|kept| {
            let mut all = kept.take();
            all.push(numbers);
            kept.set(all);
        });
    }
}

/// The entries of a view, row by row.
#[derive(Debug)]
pub enum Entries<'a, T: Scalar> {
    /// Where they lie so.
    There(&'a [T]),
    /// A copy.
    Copied(Room<T>),
}

impl<T: Scalar> Deref for Entries<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(room) => room,
        }
    }
}

/// The entries of a view, row by row: borrowed where they lie so, copied otherwise.
#[inline]
pub fn entries<'a, T: Scalar, D: Dimension>(view: &'a ArrayView<'_, T, D>) -> Entries<'a, T> {
    match view.as_slice() {
        Some(slice) => Entries::There(slice),
        None => Entries::Copied(copied(view.len(), view.iter())),
    }
}

fn copied<'a, T: Scalar>(len: usize, entries: impl Iterator<Item = &'a T>) -> Room<T> {
    let mut room = Room::new(len);
    for (to, from) in room.iter_mut().zip(entries) {
        *to = *from;
    }
    room
}

/// The entries of a view to write, row by row: the view's own where they lie so, else a copy that is written back when dropped.
#[derive(Debug)]
pub enum EntriesMut<'a, 'v, T: Scalar, D: Dimension> {
    /// Where they lie so.
    There(&'a mut [T]),
    /// A copy, and where it belongs.
    Copied(Room<T>, &'a mut ArrayViewMut<'v, T, D>),
}

impl<T: Scalar, D: Dimension> Deref for EntriesMut<'_, '_, T, D> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(room, _) => room,
        }
    }
}

impl<T: Scalar, D: Dimension> DerefMut for EntriesMut<'_, '_, T, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::There(entries) => entries,
            Self::Copied(room, _) => room,
        }
    }
}

impl<T: Scalar, D: Dimension> Drop for EntriesMut<'_, '_, T, D> {
    #[inline]
    fn drop(&mut self) {
        if let Self::Copied(room, view) = self {
            for (entry, value) in view.iter_mut().zip(room.iter()) {
                *entry = *value;
            }
        }
    }
}

/// The entries of a view to write, row by row: in place where they lie so, by way of a copy otherwise.
#[inline]
pub fn entries_mut<'a, 'v, T: Scalar, D: Dimension>(
    view: &'a mut ArrayViewMut<'v, T, D>,
) -> EntriesMut<'a, 'v, T, D> {
    if view.is_standard_layout() {
        EntriesMut::There(view.as_slice_mut().unwrap_or_default())
    } else {
        EntriesMut::Copied(copied(view.len(), view.iter()), view)
    }
}

/// The same, once the view is known to have this shape.
///
/// # Errors
/// [`Error::ShapeMismatch`] if it has another.
#[inline]
pub fn checked_mut<'a, 'v, T: Scalar, D: Dimension, const R: usize>(
    name: &'static str,
    shape: [usize; R],
    view: &'a mut ArrayViewMut<'v, T, D>,
) -> Result<EntriesMut<'a, 'v, T, D>, Error> {
    check_shape(name, &shape, view.shape())?;
    Ok(entries_mut(view))
}
