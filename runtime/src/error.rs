//! What can go wrong at run time, typed, and the checks that find it.
//!
//! Nothing in this crate panics on what a caller hands in: a mismatched shape, an empty batch, a NaN in the
//! data, an option out of range is an [`Error`] that names the tensor and the place. The checks at the end of
//! the file are what generated code calls on entry; they cost one pass at most.

use std::borrow::Cow;
use std::fmt;

use ndarray::{ArrayView, Dimension};

use crate::scalar::Scalar;

/// What a call into the runtime, or into generated code, can refuse.
///
/// Axes are counted as ndarray counts them: axis 0 of a matrix runs over its rows (the examples of a batch,
/// the units of a weight matrix), axis 1 over its columns.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A tensor has the wrong extent along one axis.
    ShapeMismatch {
        /// The tensor's name in the formula (`a`, `y`, `w1`).
        tensor: Cow<'static, str>,
        /// The axis on which the extents differ, counted from 0.
        axis: usize,
        /// The extent that the formula or the other tensors ask for.
        expected: usize,
        /// The extent that was handed in.
        found: usize,
    },
    /// A batch, or a data set, has no rows: a mean over nothing has no value.
    EmptyBatch,
    /// An entry is NaN or infinite.
    NonFinite {
        /// The tensor's name in the formula (`a`, `y`, `w1`).
        tensor: Cow<'static, str>,
        /// Where: one number per axis, counted from 0; empty for a scalar.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A parameter or gradient buffer has the wrong number of entries.
    ParameterLength {
        /// How many entries the network, or the optimiser's state, has.
        expected: usize,
        /// How many were handed in.
        found: usize,
    },
    /// A workspace was made for fewer rows than the batch has.
    WorkspaceTooSmall {
        /// The most rows that the workspace can take.
        capacity: usize,
        /// The rows of the batch.
        batch: usize,
    },
    /// A matrix that must be inverted or solved with is singular to working precision.
    Singular {
        /// The matrix as the formula writes it.
        expression: Cow<'static, str>,
    },
    /// A matrix that must be symmetric positive definite is not, to working precision.
    NotPositiveDefinite {
        /// The matrix as the formula writes it.
        expression: Cow<'static, str>,
    },
    /// An option is outside its range.
    InvalidOption {
        /// The option's name, as the method that sets it is called.
        option: &'static str,
        /// The value that was given.
        value: f64,
        /// What it must be, to be read after "must be".
        requirement: &'static str,
    },
    /// An option was set that needs something that was not given.
    MissingOption {
        /// The option's name, as the method that sets it is called.
        option: &'static str,
        /// What it needs, to be read after "needs".
        needs: &'static str,
    },
    /// The cost became NaN or infinite while training.
    Diverged {
        /// The epoch, counted from 0.
        epoch: usize,
        /// The mini-batch within the epoch, counted from 0; `None` when it was seen between two epochs.
        batch: Option<usize>,
        /// The cost that was computed.
        cost: f64,
        /// The first parameter or data entry found to be non-finite, if there is one.
        cause: Option<Box<Error>>,
    },
}

impl Error {
    /// An [`Error::ShapeMismatch`], spelled short.
    pub fn shape(tensor: impl Into<Cow<'static, str>>, axis: usize, expected: usize, found: usize) -> Self {
        Self::ShapeMismatch { tensor: tensor.into(), axis, expected, found }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShapeMismatch { tensor, axis, expected, found } => {
                let many = match axis {
                    0 => "rows",
                    1 => "columns",
                    _ => "entries",
                };
                let one = match axis {
                    0 => "row",
                    1 => "column",
                    _ => "entry",
                };
                let word = if *found == 1 { one } else { many };
                write!(f, "`{tensor}` has {found} {word} (axis {axis}), expected {expected}")
            }
            Self::EmptyBatch => {
                f.write_str("the batch has no rows, and a mean over no examples has no value")
            }
            Self::NonFinite { tensor, index, value } if index.is_empty() => {
                write!(f, "`{tensor}` is {value}")
            }
            Self::NonFinite { tensor, index, value } => write!(f, "`{tensor}` is {value} at {index:?}"),
            Self::ParameterLength { expected, found } => {
                let entries = if *found == 1 { "entry" } else { "entries" };
                write!(f, "the buffer has {found} {entries}, the parameters have {expected}")
            }
            Self::WorkspaceTooSmall { capacity, batch } => {
                write!(f, "the batch has {batch} rows, the workspace was made for at most {capacity}")
            }
            Self::Singular { expression } => write!(f, "`{expression}` is singular"),
            Self::NotPositiveDefinite { expression } => write!(f, "`{expression}` is not positive definite"),
            Self::InvalidOption { option, value, requirement } => {
                write!(f, "`{option}` is {value}, must be {requirement}")
            }
            Self::MissingOption { option, needs } => write!(f, "`{option}` needs {needs}"),
            Self::Diverged { epoch, batch, cost, cause } => {
                write!(f, "the cost is {cost} in epoch {epoch}")?;
                if let Some(batch) = batch {
                    write!(f, ", mini-batch {batch}")?;
                }
                match cause {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
        }
    }
}

// `Diverged` prints its cause itself, so `source` must not name it again: a report that walks the chain would
// say it twice.
impl std::error::Error for Error {}

/// Checks one extent of a tensor: `found` against `expected` along `axis`.
///
/// # Errors
/// [`Error::ShapeMismatch`] if they differ.
#[doc(hidden)]
#[inline]
pub fn check_extent(tensor: &'static str, axis: usize, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::shape(tensor, axis, expected, found)) }
}

/// Checks a whole shape, axis by axis; the first axis that differs is reported. Both slices have one entry
/// per axis.
///
/// # Errors
/// [`Error::ShapeMismatch`] for the first axis that differs.
#[doc(hidden)]
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
#[doc(hidden)]
#[inline]
pub fn check_batch(rows: usize) -> Result<(), Error> {
    if rows == 0 { Err(Error::EmptyBatch) } else { Ok(()) }
}

/// Checks that a workspace made for `capacity` rows can take a batch of `batch` rows.
///
/// # Errors
/// [`Error::EmptyBatch`] for no rows, [`Error::WorkspaceTooSmall`] for too many.
#[doc(hidden)]
#[inline]
pub fn check_workspace(capacity: usize, batch: usize) -> Result<(), Error> {
    check_batch(batch)?;
    if batch > capacity { Err(Error::WorkspaceTooSmall { capacity, batch }) } else { Ok(()) }
}

/// Checks the length of a parameter or gradient buffer.
///
/// # Errors
/// [`Error::ParameterLength`] if the lengths differ.
#[doc(hidden)]
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
/// use gradsmith_runtime::{Error, check_finite};
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

/// Checks that one number is finite.
///
/// # Errors
/// [`Error::NonFinite`] with an empty index if it is NaN or infinite.
#[doc(hidden)]
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

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array, aview0};

    use super::*;

    #[test]
    fn messages_name_the_tensor_and_both_extents() {
        let cases = [
            (Error::shape("y", 1, 10, 9), "`y` has 9 columns (axis 1), expected 10"),
            (Error::shape("w1", 0, 3, 1), "`w1` has 1 row (axis 0), expected 3"),
            (
                Error::ParameterLength { expected: 6, found: 5 },
                "the buffer has 5 entries, the parameters have 6",
            ),
            (
                Error::WorkspaceTooSmall { capacity: 8, batch: 9 },
                "the batch has 9 rows, the workspace was made for at most 8",
            ),
            (
                Error::InvalidOption { option: "rate", value: -1.0, requirement: "positive" },
                "`rate` is -1, must be positive",
            ),
            (
                Error::MissingOption { option: "early_stopping", needs: "validation data" },
                "`early_stopping` needs validation data",
            ),
            (
                Error::Diverged {
                    epoch: 2,
                    batch: Some(7),
                    cost: f64::NAN,
                    cause: Some(Box::new(Error::NonFinite {
                        tensor: "w1".into(),
                        index: vec![0, 2],
                        value: f64::INFINITY,
                    })),
                },
                "the cost is NaN in epoch 2, mini-batch 7: `w1` is inf at [0, 2]",
            ),
        ];
        for (error, message) in cases {
            assert_eq!(error.to_string(), message);
        }
    }

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
