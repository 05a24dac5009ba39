//! The checks of what a caller hands in: generated code begins with them, and code written by hand may. They
//! cost one pass at most.

use std::borrow::Cow;

use ndarray::{ArrayView, Dimension};

use crate::error::Error;
use crate::kernel::scalar::Scalar;

/// Checks one extent of a tensor: `found` against `expected` along `axis`.
///
/// # Errors
/// [`Error::ShapeMismatch`] if they differ.
#[inline]
pub fn check_extent(tensor: &'static str, axis: usize, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::shape(tensor, axis, expected, found)) }
}

/// Checks a whole shape, axis by axis; the first axis that differs is reported. Both slices have one entry
/// per axis.
///
/// # Errors
/// [`Error::ShapeMismatch`] for the first axis that differs.
#[inline]
pub fn check_shape(tensor: &'static str, expected: &[usize], found: &[usize]) -> Result<(), Error> {
    for (axis, (&expected, &found)) in expected.iter().zip(found).enumerate() {
        check_extent(tensor, axis, expected, found)?;
    }
    Ok(())
}

/// Checks that a batch has at least one row.
///
/// # Errors
/// [`Error::EmptyBatch`] if it has none.
#[inline]
pub fn check_batch(rows: usize) -> Result<(), Error> {
    if rows == 0 { Err(Error::EmptyBatch) } else { Ok(()) }
}

/// Checks that there is something along an axis of a tensor, so that `expression` has a value.
///
/// # Errors
/// [`Error::Empty`] if there is nothing.
#[inline]
pub fn check_some(
    tensor: &'static str,
    axis: usize,
    extent: usize,
    expression: &'static str,
) -> Result<(), Error> {
    if extent > 0 {
        return Ok(());
    }
    Err(Error::Empty { tensor: tensor.into(), axis, expression: expression.into() })
}

/// Checks that a workspace made for `capacity` rows can take a batch of `batch` rows.
///
/// # Errors
/// [`Error::EmptyBatch`] for no rows, [`Error::WorkspaceTooSmall`] for too many.
#[inline]
pub fn check_workspace(capacity: usize, batch: usize) -> Result<(), Error> {
    check_batch(batch)?;
    if batch > capacity { Err(Error::WorkspaceTooSmall { capacity, batch }) } else { Ok(()) }
}

/// Checks the length of a parameter or gradient buffer.
///
/// # Errors
/// [`Error::ParameterLength`] if the lengths differ.
#[inline]
pub fn check_length(expected: usize, found: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::ParameterLength { expected, found }) }
}

/// Checks that every entry of a tensor is finite. One pass without branches where the tensor lies in one
/// piece of memory; the place is looked for only once something is known to be wrong.
///
/// # Errors
/// [`Error::NonFinite`] for the first entry, in logical (row-major) order, that is NaN or infinite.
///
/// ```
/// use gradsmith_runtime::Error;
/// use gradsmith_runtime::check::check_finite;
/// use ndarray::array;
///
/// let y = array![[1.0, 0.0], [f64::NAN, 1.0]];
/// let error = check_finite("y", y.view()).unwrap_err();
/// assert!(matches!(&error, Error::NonFinite { index, .. } if index == &[1, 0]));
/// assert_eq!(error.to_string(), "`y` is NaN at [1, 0]");
/// ```
pub fn check_finite<T: Scalar, D: Dimension>(
    tensor: impl Into<Cow<'static, str>>,
    view: ArrayView<'_, T, D>,
) -> Result<(), Error> {
    // Without a way out in the middle, so that the loop is vectorised.
    let finite = match view.as_slice_memory_order() {
        Some(slice) => slice.iter().fold(true, |all, &x| all & x.is_finite()),
        None => view.iter().all(|x| x.is_finite()),
    };
    if finite {
        return Ok(());
    }
    // `indexed_iter` would hand out a pattern that is a tuple or a number by dimension; count in row-major
    // order instead.
    let flat = view.iter().position(|x| !x.is_finite()).unwrap_or(0);
    let value = view.iter().nth(flat).map_or(f64::NAN, |&x| x.to_f64());
    Err(Error::NonFinite { tensor: tensor.into(), index: unravel(flat, view.shape()), value })
}

/// How much the entries of a symmetric matrix may differ from their mirror images, as a part of the largest:
/// what is left of the rounding of sums, or of the solution of a system, that made them.
fn symmetric_within<T: Scalar>() -> f64 {
    // Single precision has 7 digits, of which a sum of some hundred terms keeps 5.
    if T::EPSILON.to_f64() > 1e-10 { 1e-5 } else { 1e-12 }
}

/// Checks that the n×n matrix that `entries` lists is symmetric: equal to 1e-12 of the largest entry, in single
/// precision to 1e-5.
///
/// # Errors
/// [`Error::Asymmetric`] for the entry below the diagonal that differs most.
pub fn check_symmetric<T: Scalar>(tensor: &'static str, entries: &[T], n: usize) -> Result<(), Error> {
    let at = |i: usize, j: usize| entries.get(i * n + j).map_or(f64::NAN, |x| x.to_f64());
    let largest = entries.iter().map(|x| x.to_f64().abs()).fold(0.0, f64::max);
    let allowed = largest * symmetric_within::<T>();
    let mut worst: Option<([usize; 2], f64)> = None;
    for i in 0..n {
        for j in 0..i {
            let (value, mirrored) = (at(i, j), at(j, i));
            let apart = (value - mirrored).abs();
            let same = apart <= allowed || value == mirrored || (value.is_nan() && mirrored.is_nan());
            // A number beside none is as far apart as can be.
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            if !same && worst.is_none_or(|(_, most)| apart > most) {
                worst = Some(([i, j], apart));
            }
        }
    }
    let Some(([i, j], _)) = worst else { return Ok(()) };
    Err(Error::Asymmetric { tensor: tensor.into(), index: [i, j], value: at(i, j), mirrored: at(j, i) })
}

/// Checks that one number is finite.
///
/// # Errors
/// [`Error::NonFinite`] with an empty index if it is NaN or infinite.
#[inline]
pub fn check_finite_scalar<T: Scalar>(tensor: &'static str, x: T) -> Result<(), Error> {
    if x.is_finite() {
        Ok(())
    } else {
        Err(Error::NonFinite { tensor: tensor.into(), index: Vec::new(), value: x.to_f64() })
    }
}

/// The index, axis by axis, of the `flat`-th entry of an array of this shape in row-major order.
pub(crate) fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &extent) in index.iter_mut().zip(shape).rev() {
        let extent = extent.max(1);
        *place = flat % extent;
        flat /= extent;
    }
    index
}

/// Refuses activations without any output.
///
/// # Errors
/// [`Error::ShapeMismatch`] for k = 0.
#[inline]
pub fn check_outputs(k: usize) -> Result<(), Error> {
    if k == 0 { Err(Error::shape("a", 1, 1, 0)) } else { Ok(()) }
}

/// The number of examples of a batch, once a workspace of this capacity is known to serve it.
///
/// # Errors
/// [`Error::EmptyBatch`], [`Error::WorkspaceTooSmall`].
#[inline]
pub fn batch(m: usize, capacity: usize) -> Result<usize, Error> {
    check_workspace(capacity, m)?;
    Ok(m)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array, aview0};

    use super::*;

    #[test]
    fn check_shape_reports_the_first_axis_that_differs() {
        assert_eq!(check_shape("a", &[2, 3], &[2, 3]), Ok(()));
        assert_eq!(check_shape("a", &[2, 3], &[2, 4]), Err(Error::shape("a", 1, 3, 4)));
        assert_eq!(check_shape("a", &[2, 3], &[1, 4]), Err(Error::shape("a", 0, 2, 1)));
    }

    #[test]
    fn check_workspace_takes_one_row_up_to_its_capacity() {
        assert_eq!(check_workspace(4, 0), Err(Error::EmptyBatch));
        assert_eq!(check_workspace(4, 1), Ok(()));
        assert_eq!(check_workspace(4, 4), Ok(()));
        assert_eq!(check_workspace(4, 5), Err(Error::WorkspaceTooSmall { capacity: 4, batch: 5 }));
    }

    #[test]
    fn check_symmetric_names_the_entry_that_differs_most() {
        let near = [2.0, 1.0, -3.0, 1.0 + 1e-13, 5.0, 0.5, -3.0, 0.5, 1e3];
        assert_eq!(check_symmetric("K", &near, 3), Ok(()));
        let mut far = near;
        (far[3], far[7]) = (1.0 + 1e-8, 0.25);
        let error = check_symmetric("K", &far, 3).expect_err("an error");
        assert_eq!(error.to_string(), "`K` is declared symmetric, but is 0.25 at [2, 1] and 0.5 at [1, 2]");
        (far[3], far[7]) = (1.0 + 1e-8, 0.5);
        assert!(matches!(check_symmetric("K", &far, 3), Err(Error::Asymmetric { index: [1, 0], .. })));
        // In single precision rounding takes more, and no number beside a number is never the same.
        assert_eq!(check_symmetric("K", &[1.0_f32, 0.5, 0.500_001, 1.0], 2), Ok(()));
        assert!(check_symmetric("K", &[1.0_f32, 0.5, 0.5001, 1.0], 2).is_err());
        assert!(check_symmetric("K", &[1.0, f64::NAN, 0.5, 1.0], 2).is_err());
        assert_eq!(check_symmetric::<f64>("K", &[], 0), Ok(()));
    }

    #[test]
    fn check_finite_finds_the_logical_place_in_any_layout() {
        let mut a = Array2::<f32>::zeros((3, 4));
        a[[2, 1]] = f32::NEG_INFINITY;
        let at =
            |index: Vec<usize>| Err(Error::NonFinite { tensor: "a".into(), index, value: f64::NEG_INFINITY });
        assert_eq!(check_finite("a", a.view()), at(vec![2, 1]));
        assert_eq!(check_finite("a", a.t()), at(vec![1, 2]));
        assert_eq!(check_finite("a", a.slice(ndarray::s![1.., ..;2])), Ok(()));
        assert_eq!(check_finite("a", a.slice(ndarray::s![1.., 1..;2])), at(vec![1, 0]));
    }

    #[test]
    fn check_finite_takes_every_dimension_and_huge_values() {
        assert_eq!(check_finite("v", Array1::from_elem(5, f64::MAX).view()), Ok(()));
        assert!(check_finite("v", array![[[1.0, f64::NAN]]].view()).is_err());
        let nan = f64::NAN;
        let error = check_finite("s", aview0(&nan)).unwrap_err();
        assert_eq!(error.to_string(), "`s` is NaN");
        assert_eq!(check_finite("none", Array2::<f64>::zeros((0, 3)).view()), Ok(()));
    }
}
