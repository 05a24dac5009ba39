//! What a field of an objective's data may be: arrays of any rank, owned or borrowed; and other entries for one.

use std::borrow::Cow;

use ndarray::{ArcArray, Array, ArrayBase, ArrayView, CowArray, Data, Dimension};

use crate::error::Error;
use crate::kernel::arrays::checked;
use crate::kernel::checks::check_symmetric;
use crate::kernel::scalar::Scalar;

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

/// Takes other entries for a field of this shape.
///
/// # Errors
/// [`Error::ShapeMismatch`] if they have another; nothing is written then.
pub fn refill<T: Scalar, D: Dimension, const R: usize>(
    field: &'static str,
    own: &mut Cow<'_, [T]>,
    shape: [usize; R],
    entries: &ArrayView<'_, T, D>,
) -> Result<(), Error> {
    let entries = checked(field, shape, entries)?;
    replace(own, entries.iter().copied());
    Ok(())
}

/// The same of an n×n matrix that is symmetric, given in whichever shape.
///
/// # Errors
/// Those of [`refill`]; [`Error::Asymmetric`] if it is not.
pub fn refill_symmetric<T: Scalar, D: Dimension, const R: usize>(
    field: &'static str,
    own: &mut Cow<'_, [T]>,
    shape: [usize; R],
    entries: &ArrayView<'_, T, D>,
    n: usize,
) -> Result<(), Error> {
    let entries = checked(field, shape, entries)?;
    check_symmetric(field, &entries, n)?;
    replace(own, entries.iter().copied());
    Ok(())
}

/// Writes entries over as many others: into the memory that is owned, else into memory of their own.
pub(super) fn replace<T: Copy>(own: &mut Cow<'_, [T]>, entries: impl ExactSizeIterator<Item = T>) {
    match own {
        Cow::Owned(own) => {
            own.clear();
            own.extend(entries);
        }
        Cow::Borrowed(_) => *own = Cow::Owned(entries.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr2, aview1};

    #[test]
    fn entries_are_written_over_those_that_are_owned() {
        let mut own: Cow<'_, [f64]> = Cow::Owned(vec![1.0; 4]);
        let there = own.as_ptr();
        let turned = arr2(&[[1.0, 2.0], [3.0, 4.0]]).reversed_axes();
        assert_eq!(refill("X", &mut own, [2, 2], &turned.view()), Ok(()));
        assert_eq!((own.as_ptr(), &own[..]), (there, &[1.0, 3.0, 2.0, 4.0][..]));
        let error = refill("X", &mut own, [4], &aview1(&[0.0; 3])).unwrap_err();
        assert_eq!(error.to_string(), "`X` has 3 rows (axis 0), expected 4");
        let error = refill_symmetric("X", &mut own, [2, 2], &turned.view(), 2).unwrap_err();
        assert!(matches!(error, Error::Asymmetric { .. }));
        assert_eq!(own[..], [1.0, 3.0, 2.0, 4.0]);
    }

    #[test]
    fn what_was_borrowed_is_owned_from_then_on() {
        let lent = [1.0, 2.0];
        let mut own = Cow::Borrowed(&lent[..]);
        assert_eq!(refill("y", &mut own, [2], &aview1(&[3.0, 4.0])), Ok(()));
        assert!(matches!(&own, Cow::Owned(own) if own == &[3.0, 4.0]));
        assert_eq!(lent, [1.0, 2.0]);
    }
}
