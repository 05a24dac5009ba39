//! Results of an objective that are no finite numbers, and where they come from.
//!
//! A method looks at its result alone. Only where that is no finite number are the variables and the data
//! looked through: an entry of the data that no result depends on, one that `where` leaves out, may be NaN.

use ndarray::ArrayView1;

use crate::error::Error;
use crate::kernel::checks::{check_finite, unravel};
use crate::kernel::scalar::Scalar;
use crate::model::objective::Objective;

/// An array of a problem: its name in the formula, its entries row by row, its extents.
type Named<'a, T> = (&'static str, &'a [T], &'a [usize]);

/// A problem whose variables and data can be looked through.
pub trait Cause: Objective {
    /// What is behind an error that was met at `x`.
    fn cause(&self, x: &[Self::Scalar], error: Error) -> Error;

    /// A result at `x`, of an error what is behind it.
    ///
    /// # Errors
    /// That of the result, or what is behind it.
    #[inline]
    fn of<R>(&self, x: &[Self::Scalar], result: Result<R, Error>) -> Result<R, Error> {
        result.map_err(|error| self.cause(x, error))
    }
}

/// The value of `expression`, if it is a finite number. `parts` are named parts of it, in the order in which
/// they are computed.
///
/// # Errors
/// [`Error::NonFinite`] where it is not, at the first entry of the parts that is not finite, else at the
/// expression itself.
#[inline]
pub fn finite<T: Scalar>(value: T, expression: &'static str, parts: &[Named<'_, T>]) -> Result<T, Error> {
    if value.is_finite() { Ok(value) } else { Err(first_of(value, expression, parts)) }
}

#[cold]
fn first_of<T: Scalar>(value: T, expression: &'static str, parts: &[Named<'_, T>]) -> Error {
    let mut parts = parts.iter().filter_map(|part| not_finite(*part));
    parts.next().unwrap_or_else(|| Error::NonFinite {
        tensor: expression.into(),
        index: Vec::new(),
        value: value.to_f64(),
    })
}

/// Checks the entries of a result.
///
/// # Errors
/// [`Error::NonFinite`] for the first that is no finite number.
#[inline]
pub fn finite_entries<T: Scalar>(result: &'static str, entries: &[T]) -> Result<(), Error> {
    check_finite(result, ArrayView1::from(entries))
}

/// What is behind an error: the first entry that is no finite number of the variables, which lie one after
/// the other in `x`, and of the data; else the error itself. Errors of another kind stay what they are.
#[cold]
pub fn cause<T: Scalar>(
    error: Error,
    x: &[T],
    variables: &[(&'static str, &[usize])],
    data: &[Named<'_, T>],
) -> Error {
    if !matches!(error, Error::NonFinite { .. }) {
        return error;
    }
    let mut rest = x;
    for &(name, extents) in variables {
        let (entries, others) = rest.split_at_checked(extents.iter().product()).unwrap_or((rest, &[]));
        if let Some(found) = not_finite((name, entries, extents)) {
            return found;
        }
        rest = others;
    }
    data.iter().find_map(|array| not_finite(*array)).unwrap_or(error)
}

fn not_finite<T: Scalar>((name, entries, extents): Named<'_, T>) -> Option<Error> {
    let at = entries.iter().position(|x| !x.is_finite())?;
    let value = entries[at].to_f64();
    Some(Error::NonFinite { tensor: name.into(), index: unravel(at, extents), value })
}
