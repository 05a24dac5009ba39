//! What a field of an objective's data may be: vectors and matrices, owned or borrowed.

use std::borrow::Cow;

use ndarray::{ArcArray, Array, ArrayBase, ArrayView, CowArray, Data, Dimension, Ix1, Ix2};

use crate::kernel::scalar::Scalar;

/// What a field of data is: its extents and its entries, row by row.
pub trait Datum<T: Scalar> {
    /// The extents: one for a vector, rows and columns for a matrix.
    fn extents(&self) -> Vec<usize>;

    /// The entries, row by row: borrowed where they lie so.
    fn entries(&self) -> Cow<'_, [T]>;
}

impl<T: Scalar> Datum<T> for Vec<T> {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar, const N: usize> Datum<T> for [T; N] {
    fn extents(&self) -> Vec<usize> {
        vec![N]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar> Datum<T> for [T] {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Scalar, S: Data<Elem = T>> Datum<T> for ArrayBase<S, Ix1> {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        match self.as_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<T: Scalar, S: Data<Elem = T>> Datum<T> for ArrayBase<S, Ix2> {
    fn extents(&self) -> Vec<usize> {
        vec![self.nrows(), self.ncols()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        match self.as_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<T: Scalar, D: Datum<T> + ?Sized> Datum<T> for &D {
    fn extents(&self) -> Vec<usize> {
        (**self).extents()
    }

    fn entries(&self) -> Cow<'_, [T]> {
        (**self).entries()
    }
}

/// A field of data that is given away: what it owns is kept, what it borrows stays borrowed, for `'p`.
pub trait IntoEntries<'p, T: Scalar>: Datum<T> {
    /// The entries, row by row: copied only where they do not lie so, or are of a fixed number.
    fn into_entries(self) -> Cow<'p, [T]>;
}

impl<'p, T: Scalar> IntoEntries<'p, T> for Vec<T> {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self)
    }
}

impl<'p, T: Scalar, const N: usize> IntoEntries<'p, T> for [T; N] {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.to_vec())
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for Array<T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        if self.as_slice().is_none() {
            return Cow::Owned(self.iter().copied().collect());
        }
        let len = self.len();
        let (mut all, offset) = self.into_raw_vec_and_offset();
        all.drain(..offset.unwrap_or(0));
        all.truncate(len);
        Cow::Owned(all)
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for ArrayView<'p, T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        match self.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for CowArray<'p, T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Scalar, D: Dimension> IntoEntries<'p, T> for ArcArray<T, D>
where
    Self: Datum<T>,
{
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Scalar, D: Datum<T> + ?Sized> IntoEntries<'p, T> for &'p D {
    fn into_entries(self) -> Cow<'p, [T]> {
        self.entries()
    }
}
