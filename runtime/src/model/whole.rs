//! Data of whole numbers: which entries of an array a formula takes.
//!
//! They are made places, and checked, once: what a formula reads of them lies inside the axis that it names.

use std::borrow::Cow;

use ndarray::{ArrayView, Dimension};

use crate::error::Error;
use crate::kernel::checks::{check_shape, unravel};
use crate::model::data::{Datum, replace};

/// A whole number that may name an entry.
pub trait Whole: Copy {
    /// Its value.
    fn value(self) -> i128;

    /// It as a place. One that is none is beyond all.
    fn place(self) -> usize {
        usize::try_from(self.value()).unwrap_or(usize::MAX)
    }

    /// The entries as places, as they are where they are of that type.
    fn places(entries: Cow<'_, [Self]>) -> Cow<'_, [usize]> {
        Cow::Owned(entries.iter().map(|n| n.place()).collect())
    }
}

impl Whole for usize {
    fn value(self) -> i128 {
        i128::try_from(self).unwrap_or(i128::MAX)
    }

    fn places(entries: Cow<'_, [Self]>) -> Cow<'_, [usize]> {
        entries
    }
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            fn value(self) -> i128 {
                i128::from(self)
            }
        }
    )*};
}

whole!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Whole for isize {
    fn value(self) -> i128 {
        i128::try_from(self).unwrap_or(i128::MAX)
    }
}

/// What a formula reads of a field, and where it looks for what is named there.
#[derive(Clone, Copy, Debug)]
pub struct Reads<'a> {
    /// Along each axis of the field: which entry comes first, and how far apart two of them are for each
    /// index. Of no axes: all entries.
    pub axes: &'a [(i128, &'a [i64])],
    /// How many values each index takes.
    pub counts: &'a [usize],
    /// How many entries the axis has that is looked along.
    pub extent: usize,
}

/// The entries of a field of this shape as places, once it is known that all that is read of them lies inside.
///
/// # Errors
/// [`Error::OutOfRange`] for the first that does not.
pub fn places<'p, W: Whole>(
    field: &'static str,
    entries: Cow<'p, [W]>,
    shape: &[usize],
    reads: &[Reads<'_>],
) -> Result<Cow<'p, [usize]>, Error> {
    check_places(field, &entries, shape, reads)?;
    Ok(W::places(entries))
}

/// Takes other entries for a field of whole numbers, once it is known that all that is read of them lies inside.
///
/// # Errors
/// [`Error::ShapeMismatch`] where there are not as many, and those of [`places`]; nothing is written then.
pub fn refill_places<W: Whole, D: Dimension, const R: usize>(
    field: &'static str,
    own: &mut Cow<'_, [usize]>,
    given: [usize; R],
    entries: &ArrayView<'_, W, D>,
    shape: &[usize],
    reads: &[Reads<'_>],
) -> Result<(), Error> {
    check_shape(field, &given, entries.shape())?;
    let entries = Datum::<W>::entries(entries);
    check_places(field, &entries, shape, reads)?;
    replace(own, entries.iter().map(|n| n.place()));
    Ok(())
}

/// Checks that all that is read of entries of this shape lies inside the axes that they name.
fn check_places<W: Whole>(
    field: &'static str,
    entries: &[W],
    shape: &[usize],
    reads: &[Reads<'_>],
) -> Result<(), Error> {
    for read in reads {
        let outside = |&place: &usize| {
            let value = entries.get(place).map(|n| n.value());
            value.is_some_and(|n| !usize::try_from(n).is_ok_and(|n| n < read.extent))
        };
        let wrong = match read.axes {
            [] => (0..entries.len()).find(outside),
            _ => read_places(shape, read).find(outside),
        };
        if let Some(place) = wrong {
            let value = entries.get(place).map_or(0, |n| n.value());
            let index = unravel(place, shape);
            return Err(Error::OutOfRange { subscript: field.into(), index, value, extent: read.extent });
        }
    }
    Ok(())
}

/// The places that are read: each index counts up, the last one fastest.
fn read_places<'a>(shape: &'a [usize], read: &'a Reads<'a>) -> impl Iterator<Item = usize> + 'a {
    let total = read.counts.iter().fold(1, |n: usize, &m| n.saturating_mul(m));
    (0..total).filter_map(move |flat| {
        let index = unravel(flat, read.counts);
        let mut place: usize = 0;
        for ((first, steps), &extent) in read.axes.iter().zip(shape) {
            let along = steps.iter().zip(&index).map(|(&n, &i)| i128::from(n) * i as i128).sum::<i128>();
            let at = usize::try_from(first + along).ok().filter(|&at| at < extent)?;
            place = place * extent + at;
        }
        Some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[(i128, &[i64])] = &[];

    fn all(extent: usize) -> [Reads<'static>; 1] {
        [Reads { axes: ALL, counts: &[], extent }]
    }

    #[test]
    fn places_of_usize_are_not_copied() -> Result<(), Error> {
        let p = [2_usize, 0, 1];
        assert!(matches!(places("p", Cow::Borrowed(&p[..]), &[3], &all(3))?, Cow::Borrowed(q) if q == p));
        let p: [u8; 2] = [255, 0];
        assert_eq!(places("p", Cow::Borrowed(&p[..]), &[2], &all(256))?.to_vec(), [255, 0]);
        Ok(())
    }

    #[test]
    fn one_outside_is_named_with_its_place_its_value_and_the_extent() {
        let (p, q) = ([0_i32, -1], [7_u64, u64::MAX, 9]);
        let error = places("p", Cow::Borrowed(&p[..]), &[2], &all(4)).unwrap_err();
        assert_eq!(error.to_string(), "`p` is -1 at [1], but it names entries, which count from 0");
        let error = places("q", Cow::Borrowed(&q[..]), &[3, 1], &all(9)).unwrap_err();
        let message = "`q` is 18446744073709551615 at [1, 0], but the axis that it names has 9 entries";
        assert_eq!(error.to_string(), message);
    }

    /// Of `t: indices[3, 2]`, `U[t[k, 0], :]` and `V[t[k + 1, 1], :]` read a column each.
    #[test]
    fn only_what_is_read_is_checked() {
        let t = [0_i64, -5, 1, 7, 2, 8];
        let columns = |rows, extent| {
            let first = Reads { axes: &[(0, &[1]), (0, &[0])], counts: &[3], extent: rows };
            let second = Reads { axes: &[(1, &[1]), (1, &[0])], counts: &[2], extent };
            places("t", Cow::Borrowed(&t[..]), &[3, 2], &[first, second]).map(|p| p[5])
        };
        assert_eq!(columns(3, 9), Ok(8));
        let error = |index: &[usize], value, extent| {
            Err(Error::OutOfRange { subscript: "t".into(), index: index.to_vec(), value, extent })
        };
        assert_eq!(columns(2, 9), error(&[2, 0], 2, 2));
        assert_eq!(columns(3, 8), error(&[2, 1], 8, 8));
    }
}
