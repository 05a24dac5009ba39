//! What can go wrong at run time, typed.
//!
//! Nothing in this crate panics on what a caller hands in: a mismatched shape, an empty batch, a NaN in the
//! data, an option out of range is an [`Error`] that names the tensor and the place.

use std::borrow::Cow;
use std::fmt;

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
    /// An example has a weight that is negative, NaN or infinite.
    ExampleWeight {
        /// The example, counted from 0.
        example: usize,
        /// Its weight.
        value: f64,
    },
    /// All examples have weight 0: a mean over none has no value.
    NoWeight,
    /// A tensor has no entries along one axis, and a part of the formula has no value then: a mean, the largest
    /// of all, a softmax.
    Empty {
        /// The tensor's name in the formula (`X`, `y`).
        tensor: Cow<'static, str>,
        /// The axis along which there is nothing, counted from 0.
        axis: usize,
        /// The part that has no value, as the formula writes it.
        expression: Cow<'static, str>,
    },
    /// An entry is NaN or infinite.
    NonFinite {
        /// The tensor's name in the formula (`a`, `y`, `w1`).
        tensor: Cow<'static, str>,
        /// Where: one number per axis, counted from 0; empty for a scalar.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A matrix that is declared symmetric is not.
    Asymmetric {
        /// The matrix's name in the formula (`K`).
        tensor: Cow<'static, str>,
        /// Row and column of the entry that differs most from its mirror image, counted from 0.
        index: [usize; 2],
        /// What stands there.
        value: f64,
        /// What stands in that column and row.
        mirrored: f64,
    },
    /// A subscript is outside of its axis: one of the formula, at an end of its range, or a whole number of the
    /// data.
    OutOfRange {
        /// The subscript as the formula writes it (`i + 2`), or the name of the data (`p`).
        subscript: Cow<'static, str>,
        /// Where in the data: one number per axis, counted from 0; empty for a subscript of the formula.
        index: Vec<usize>,
        /// What the subscript comes to, counted from 0.
        value: i128,
        /// How many entries the axis has.
        extent: usize,
    },
    /// A range of an index, or a part of an axis, ends before it starts; or there is nothing in it, and a part of
    /// the formula has no value then.
    Range {
        /// The range, or the part of the formula, as a message names it.
        range: Cow<'static, str>,
        /// The number of its entries: 0, or less.
        length: i128,
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
    /// A tensor is named that the parameters do not have: by an option, or in a file.
    UnknownTensor {
        /// The name.
        tensor: String,
        /// The tensors there are.
        known: Vec<String>,
    },
    /// A tensor of the parameters is not among what was read.
    MissingTensor {
        /// The tensor's name in the formula (`w1`).
        tensor: String,
    },
    /// A tensor that was read has another shape than that of the parameters.
    TensorShape {
        /// The tensor's name in the formula (`w1`).
        tensor: String,
        /// The shape that the parameters ask for.
        expected: Vec<usize>,
        /// The shape that was read.
        found: Vec<usize>,
    },
    /// A tensor that was read consists of other numbers than the parameters do.
    NumberType {
        /// The tensor's name in the formula (`w1`).
        tensor: String,
        /// The precision of the parameters: `f32` or `f64`.
        expected: &'static str,
        /// What was read, as the format calls it.
        found: String,
    },
    /// What was read is not of the format that it should be, or what was to be written cannot be.
    Format {
        /// The format's name.
        format: &'static str,
        /// What is wrong with it, in the words of who reads or writes it.
        reason: String,
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
    /// Another of the ranks among which rows are divided has failed, has other rows than it is to have, or cannot be
    /// reached.
    Rank {
        /// Which, counted from 0.
        rank: usize,
        /// What is wrong with it.
        reason: Cow<'static, str>,
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
                let many = along(*axis);
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
            Self::ExampleWeight { example, value } => {
                write!(f, "the weight of example {example} is {value}, must be a number, 0 or greater")
            }
            Self::NoWeight => f.write_str("all examples have weight 0, and a mean over none has no value"),
            Self::Empty { tensor, axis, expression } => {
                let many = along(*axis);
                write!(
                    f,
                    "`{tensor}` has no {many} (axis {axis}), and `{expression}` of nothing has no value"
                )
            }
            Self::NonFinite { tensor, index, value } if index.is_empty() => {
                write!(f, "`{tensor}` is {value}")
            }
            Self::NonFinite { tensor, index, value } => write!(f, "`{tensor}` is {value} at {index:?}"),
            Self::Asymmetric { tensor, index: [i, j], value, mirrored } => write!(
                f,
                "`{tensor}` is declared symmetric, but is {value} at [{i}, {j}] and {mirrored} at [{j}, {i}]"
            ),
            Self::OutOfRange { subscript, index, value, extent } => {
                let entries = if *extent == 1 { "entry" } else { "entries" };
                match (index.is_empty(), *value < 0) {
                    (true, true) => {
                        write!(f, "the subscript `{subscript}` reaches {value}, but the axis counts from 0")
                    }
                    (true, false) => write!(
                        f,
                        "the subscript `{subscript}` reaches {value}, but the axis has {extent} {entries}"
                    ),
                    (false, true) => write!(
                        f,
                        "`{subscript}` is {value} at {index:?}, but it names entries, which count from 0"
                    ),
                    (false, false) => write!(
                        f,
                        "`{subscript}` is {value} at {index:?}, but the axis that it names has {extent} {entries}"
                    ),
                }
            }
            Self::Range { range, length: 0 } => write!(f, "{range} is of nothing, and has no value"),
            Self::Range { range, length } => {
                write!(f, "{range} comes to {length} entries, less than none")
            }
            Self::ParameterLength { expected, found } => {
                let entries = if *found == 1 { "entry" } else { "entries" };
                write!(f, "the buffer has {found} {entries}, the parameters have {expected}")
            }
            Self::WorkspaceTooSmall { capacity, batch } => {
                write!(f, "the batch has {batch} rows, the workspace was made for at most {capacity}")
            }
            Self::Singular { expression } => write!(f, "`{expression}` is singular"),
            Self::NotPositiveDefinite { expression } => write!(f, "`{expression}` is not positive definite"),
            Self::UnknownTensor { tensor, known } if known.is_empty() => {
                write!(f, "there is no tensor `{tensor}`: the parameters have no names")
            }
            Self::UnknownTensor { tensor, known } => {
                write!(f, "there is no tensor `{tensor}` among the parameters `{}`", known.join("`, `"))
            }
            Self::MissingTensor { tensor } => write!(f, "the tensor `{tensor}` is missing"),
            Self::TensorShape { tensor, expected, found } => {
                write!(f, "`{tensor}` has the shape {found:?}, expected {expected:?}")
            }
            Self::NumberType { tensor, expected, found } => {
                write!(f, "`{tensor}` is of {found}, but the parameters are of {expected}; convert it first")
            }
            Self::Format { format, reason } => write!(f, "no {format}: {reason}"),
            Self::InvalidOption { option, value, requirement } => {
                write!(f, "`{option}` is {value}, must be {requirement}")
            }
            Self::MissingOption { option, needs } => write!(f, "`{option}` needs {needs}"),
            Self::Rank { rank, reason } => write!(f, "rank {rank}: {reason}"),
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

/// What there are many of along an axis.
fn along(axis: usize) -> &'static str {
    match axis {
        0 => "rows",
        1 => "columns",
        _ => "entries",
    }
}

// `Diverged` prints its cause itself, so `source` must not name it again: a report that walks the chain would
// say it twice.
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_tensor_and_both_extents() {
        let cases = [
            (Error::shape("y", 1, 10, 9), "`y` has 9 columns (axis 1), expected 10"),
            (Error::shape("w1", 0, 3, 1), "`w1` has 1 row (axis 0), expected 3"),
            (
                Error::Empty { tensor: "X".into(), axis: 1, expression: "rowmax(X)".into() },
                "`X` has no columns (axis 1), and `rowmax(X)` of nothing has no value",
            ),
            (
                Error::Asymmetric { tensor: "K".into(), index: [2, 0], value: 1.5, mirrored: -1.0 },
                "`K` is declared symmetric, but is 1.5 at [2, 0] and -1 at [0, 2]",
            ),
            (
                Error::ParameterLength { expected: 6, found: 5 },
                "the buffer has 5 entries, the parameters have 6",
            ),
            (
                Error::WorkspaceTooSmall { capacity: 8, batch: 9 },
                "the batch has 9 rows, the workspace was made for at most 8",
            ),
            (
                Error::UnknownTensor { tensor: "w9".into(), known: vec!["w1".into(), "b1".into()] },
                "there is no tensor `w9` among the parameters `w1`, `b1`",
            ),
            (Error::MissingTensor { tensor: "b1".into() }, "the tensor `b1` is missing"),
            (
                Error::TensorShape { tensor: "w1".into(), expected: vec![2, 3], found: vec![3, 2] },
                "`w1` has the shape [3, 2], expected [2, 3]",
            ),
            (
                Error::NumberType { tensor: "w1".into(), expected: "f32", found: "bf16".into() },
                "`w1` is of bf16, but the parameters are of f32; convert it first",
            ),
            (
                Error::Format { format: "safetensors file", reason: "its header is too short".into() },
                "no safetensors file: its header is too short",
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
                Error::Rank { rank: 1, reason: "it has failed, by an error of its own".into() },
                "rank 1: it has failed, by an error of its own",
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
}
