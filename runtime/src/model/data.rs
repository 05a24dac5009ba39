//! What a field of an objective's data may be: arrays of any rank, owned or borrowed.

use std::borrow::Cow;

use ndarray::{ArcArray, Array, ArrayBase, ArrayView, CowArray, Data, Dimension};

/// What a field of data is: its extents and its entries, row by row.
pub trait Datum<T: Copy> {
    /// The extents: one for a vector, rows and columns for a matrix, and so on.
    fn extents(&self) -> Vec<usize>;

    /// The entries, row by row: borrowed where they lie so.
    fn entries(&self) -> Cow<'_, [T]>;
}

impl<T: Copy> Datum<T> for Vec<T> {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Copy, const N: usize> Datum<T> for [T; N] {
    fn extents(&self) -> Vec<usize> {
        vec![N]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Copy> Datum<T> for [T] {
    fn extents(&self) -> Vec<usize> {
        vec![self.len()]
    }

    fn entries(&self) -> Cow<'_, [T]> {
        Cow::Borrowed(self)
    }
}

impl<T: Copy, S: Data<Elem = T>, D: Dimension> Datum<T> for ArrayBase<S, D> {
    fn extents(&self) -> Vec<usize> {
        self.shape().to_vec()
    }

    fn entries(&self) -> Cow<'_, [T]> {
        match self.as_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<T: Copy, D: Datum<T> + ?Sized> Datum<T> for &D {
    fn extents(&self) -> Vec<usize> {
        (**self).extents()
    }

    fn entries(&self) -> Cow<'_, [T]> {
        (**self).entries()
    }
}

/// A field of data that is given away: what it owns is kept, what it borrows stays borrowed, for `'p`.
pub trait IntoEntries<'p, T: Copy>: Datum<T> {
    /// The entries, row by row: copied only where they do not lie so, or are of a fixed number.
    fn into_entries(self) -> Cow<'p, [T]>;
}

impl<'p, T: Copy> IntoEntries<'p, T> for Vec<T> {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self)
    }
}

impl<'p, T: Copy, const N: usize> IntoEntries<'p, T> for [T; N] {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.to_vec())
    }
}

impl<'p, T: Copy, D: Dimension> IntoEntries<'p, T> for Array<T, D> {
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

impl<'p, T: Copy, D: Dimension> IntoEntries<'p, T> for ArrayView<'p, T, D> {
    fn into_entries(self) -> Cow<'p, [T]> {
        match self.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(self.iter().copied().collect()),
        }
    }
}

impl<'p, T: Copy, D: Dimension> IntoEntries<'p, T> for CowArray<'p, T, D> {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Copy, D: Dimension> IntoEntries<'p, T> for ArcArray<T, D> {
    fn into_entries(self) -> Cow<'p, [T]> {
        Cow::Owned(self.iter().copied().collect())
    }
}

impl<'p, T: Copy, D: Datum<T> + ?Sized> IntoEntries<'p, T> for &'p D {
    fn into_entries(self) -> Cow<'p, [T]> {
        self.entries()
    }
}
