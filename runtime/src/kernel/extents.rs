//! Extents that follow from others, such as `n - 1`, and what they ask: no range of a negative length, no
//! subscript outside its axis. Prepared problems check all of it once.

use crate::error::Error;

/// `constant + Σ multiple·extent`
#[must_use]
pub fn affine(constant: i64, terms: &[(i64, usize)]) -> i128 {
    let term = |&(n, extent): &(i64, usize)| {
        i128::from(n).saturating_mul(i128::try_from(extent).unwrap_or(i128::MAX))
    };
    terms.iter().map(term).fold(i128::from(constant), i128::saturating_add)
}

/// The same as an extent: 0 where it is negative, of which a check speaks.
#[must_use]
pub fn extent(constant: i64, terms: &[(i64, usize)]) -> usize {
    usize::try_from(affine(constant, terms).max(0)).unwrap_or(usize::MAX)
}

/// The extent n for which `constant + multiple·n + Σ multiple·extent` is `total`, as near as there is one: a
/// check of the shape says where there is none.
#[must_use]
pub fn solved(total: usize, multiple: i64, constant: i64, terms: &[(i64, usize)]) -> usize {
    let rest = affine(constant, terms);
    let left = i128::try_from(total).unwrap_or(i128::MAX).saturating_sub(rest);
    let n = left.checked_div(i128::from(multiple)).unwrap_or(0);
    usize::try_from(n.max(0)).unwrap_or(usize::MAX)
}

/// `a - b`, or 0 where that is negative: an end of a part of an axis.
#[inline(always)]
#[must_use]
pub fn less(a: usize, b: usize) -> usize {
    a.saturating_sub(b)
}

/// The extent that is left of so many entries, the others being these.
#[must_use]
pub fn quotient(entries: usize, others: &[usize]) -> usize {
    entries.checked_div(others.iter().fold(1, |n, &m| n.saturating_mul(m))).unwrap_or(0)
}

/// How many entries there are, at most as many as can be counted.
#[must_use]
pub fn entries_of(extents: &[usize]) -> usize {
    extents.iter().fold(1, |n, &m| n.saturating_mul(m))
}

/// Checks that a range does not end before it starts.
///
/// # Errors
/// [`Error::Range`] where it does.
pub fn check_range(range: &'static str, length: i128) -> Result<(), Error> {
    if length >= 0 { Ok(()) } else { Err(Error::Range { range: range.into(), length }) }
}

/// Checks that there is something in a range, so that `expression` has a value.
///
/// # Errors
/// [`Error::Range`] where there is nothing.
pub fn check_some_of(expression: &'static str, length: i128) -> Result<(), Error> {
    if length > 0 { Ok(()) } else { Err(Error::Range { range: expression.into(), length }) }
}

/// Checks that a subscript, at an end of its range, stays inside an axis.
///
/// # Errors
/// [`Error::OutOfRange`] where it does not.
pub fn check_subscript(subscript: &'static str, value: i128, extent: usize) -> Result<(), Error> {
    if usize::try_from(value).is_ok_and(|place| place < extent) {
        return Ok(());
    }
    Err(Error::OutOfRange { subscript: subscript.into(), index: Vec::new(), value, extent })
}

/// The same of an end of a part, which may be the extent itself.
///
/// # Errors
/// [`Error::OutOfRange`] where it is beyond.
pub fn check_end(subscript: &'static str, value: i128, extent: usize) -> Result<(), Error> {
    if usize::try_from(value).is_ok_and(|end| end <= extent) {
        return Ok(());
    }
    Err(Error::OutOfRange { subscript: subscript.into(), index: Vec::new(), value, extent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_extents_may_be_negative_and_extents_are_not() {
        assert_eq!(affine(-1, &[(1, 5), (-2, 3)]), -2);
        assert_eq!(extent(-1, &[(1, 5), (-2, 3)]), 0);
        assert_eq!(extent(-1, &[(1, 5)]), 4);
        assert_eq!(affine(i64::MAX, &[(i64::MAX, usize::MAX), (i64::MAX, usize::MAX)]), i128::MAX);
        // 7 = 2n + 1, 7 = 3 − n: none, 7 of 0·n: none.
        assert_eq!((solved(7, 2, 1, &[]), solved(7, -1, 3, &[]), solved(7, 0, 1, &[])), (3, 0, 0));
        assert_eq!(solved(4, 1, -1, &[(-1, 2)]), 7);
        assert_eq!((quotient(24, &[2, 3]), quotient(24, &[0]), quotient(24, &[usize::MAX, 2])), (4, 0, 0));
    }

    #[test]
    fn what_is_outside_is_named_with_value_and_extent() {
        assert_eq!(check_subscript("i + 2", 4, 5), Ok(()));
        assert_eq!(check_end("..n", 5, 5), Ok(()));
        assert_eq!(check_range("the range of `i`", 0), Ok(()));
        let errors = [
            (check_subscript("i + 2", 5, 5), "the subscript `i + 2` reaches 5, but the axis has 5 entries"),
            (check_subscript("i - 2", -2, 5), "the subscript `i - 2` reaches -2, but the axis counts from 0"),
            (check_end("..n", 2, 1), "the subscript `..n` reaches 2, but the axis has 1 entry"),
            (check_range("the range of `i`", -1), "the range of `i` comes to -1 entries, less than none"),
            (check_some_of("`mean[i](x[i + 1])`", 0), "`mean[i](x[i + 1])` is of nothing, and has no value"),
        ];
        for (error, message) in errors {
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }
}
