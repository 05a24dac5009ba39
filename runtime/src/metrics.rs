//! How often a classifier is right, and what it mistakes for what.
//!
//! Outputs and targets are m × k, a row an example. For k > 1 the class of a row is the column of its largest
//! entry (so one-hot targets and probabilities alike); for k = 1 there are two classes, and a row is of class
//! 1 if its entry is greater than 0.5.

use std::fmt;

use ndarray::{ArrayView1, ArrayView2};

use crate::error::Error;
use crate::kernel::checks::{check_batch, check_extent, check_shape};
use crate::kernel::scalar::Scalar;

/// The class that one row stands for. Ties go to the first of the largest entries; for a single entry, 0.5
/// itself is class 0. NaN is never the largest; a row of nothing but NaN, and an empty row, is of class 0.
pub fn class<T: Scalar>(row: ArrayView1<'_, T>) -> usize {
    if row.len() == 1 {
        return usize::from(row[0] > T::HALF);
    }
    let mut best = (0, T::NEG_INFINITY);
    for (column, &entry) in row.iter().enumerate() {
        if entry > best.1 {
            best = (column, entry);
        }
    }
    best.0
}

/// The share of examples, 0 to 1, whose output has the class of its target.
///
/// # Errors
/// [`Error::EmptyBatch`] for no rows, [`Error::ShapeMismatch`] if the two differ in shape.
///
/// ```
/// use gradsmith_runtime::metrics::accuracy;
/// use ndarray::array;
///
/// let outputs = array![[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.8, 0.1], [0.4, 0.4, 0.2]];
/// let targets = array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
/// assert_eq!(accuracy(outputs.view(), targets.view())?, 0.75);
/// # Ok::<(), gradsmith_runtime::Error>(())
/// ```
pub fn accuracy<T: Scalar>(outputs: ArrayView2<'_, T>, targets: ArrayView2<'_, T>) -> Result<f64, Error> {
    check_batch(outputs.nrows())?;
    check_shape("targets", outputs.shape(), targets.shape())?;
    let right =
        outputs.rows().into_iter().zip(targets.rows()).filter(|(a, y)| class(*a) == class(*y)).count();
    Ok(right as f64 / outputs.nrows() as f64)
}

/// Which classes are mistaken for which, of [`confusion_matrix`].
///
/// Printed, it is a table with a row per true class and a column per predicted one:
///
/// ```
/// use gradsmith_runtime::metrics::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::from_labels(&[0, 0, 1, 1, 1, 2], &[0, 1, 1, 1, 0, 2], 3)?;
/// assert_eq!(
///     matrix.to_string(),
///     "\
/// true \\ predicted      0      1       2  recall
///                0      1      1       0  50.0 %
///                1      1      2       0  66.7 %
///                2      0      0       1 100.0 %
///        precision 50.0 % 66.7 % 100.0 %
/// accuracy 66.7 % (4 of 6)"
/// );
/// # Ok::<(), gradsmith_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// Row by row, a row per true class.
    counts: Vec<usize>,
}

impl ConfusionMatrix {
    /// Counts pairs of a true and a predicted label, each from 0 to `classes` − 1.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many predicted as true labels, [`Error::InvalidOption`]
    /// for a label that is not below `classes`.
    pub fn from_labels(truth: &[usize], predicted: &[usize], classes: usize) -> Result<Self, Error> {
        check_extent("predicted", 0, truth.len(), predicted.len())?;
        let mut matrix = Self { classes, counts: vec![0; classes * classes] };
        for (&truth, &predicted) in truth.iter().zip(predicted) {
            for label in [truth, predicted] {
                if label >= classes {
                    let requirement = "less than the number of classes";
                    return Err(Error::InvalidOption { option: "label", value: label as f64, requirement });
                }
            }
            matrix.counts[truth * classes + predicted] += 1;
        }
        Ok(matrix)
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many examples of class `truth` were taken for class `predicted`; 0 for classes that do not exist.
    #[must_use]
    pub fn count(&self, truth: usize, predicted: usize) -> usize {
        if predicted >= self.classes {
            return 0;
        }
        self.counts.get(truth * self.classes + predicted).copied().unwrap_or(0)
    }

    /// How many examples were counted.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many examples were taken for what they are.
    #[must_use]
    pub fn correct(&self) -> usize {
        (0..self.classes).map(|class| self.count(class, class)).sum()
    }

    /// The share of examples, 0 to 1, that were taken for what they are; `None` without examples.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.correct(), self.total())
    }

    /// Of the examples taken for `class`, the share that is of it; `None` if none was taken for it.
    #[must_use]
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), (0..self.classes).map(|truth| self.count(truth, class)).sum())
    }

    /// Of the examples of `class`, the share that was taken for it; `None` if there are none.
    #[must_use]
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.count(class, class), (0..self.classes).map(|predicted| self.count(class, predicted)).sum())
    }
}

/// `part / whole`, where there is a whole.
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A share as a percentage with one decimal; a dash for none.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CORNER: &str = "true \\ predicted";
        let head = CORNER.len();
        // One width per column: its class's number, its counts, its precision.
        let cell = |truth: Option<usize>, predicted: usize| match truth {
            Some(truth) => self.count(truth, predicted).to_string(),
            None => predicted.to_string(),
        };
        let rows = || (0..self.classes).map(Some).chain([None]);
        let width: Vec<usize> = (0..self.classes)
            .map(|p| {
                rows().map(|t| cell(t, p).len()).chain([percent(self.precision(p)).len()]).max().unwrap_or(0)
            })
            .collect();
        write!(f, "{CORNER}")?;
        for (predicted, width) in width.iter().enumerate() {
            write!(f, " {predicted:>width$}")?;
        }
        writeln!(f, " {:>7}", "recall")?;
        for truth in 0..self.classes {
            write!(f, "{truth:>head$}")?;
            for (predicted, width) in width.iter().enumerate() {
                write!(f, " {:>width$}", self.count(truth, predicted))?;
            }
            writeln!(f, " {:>7}", percent(self.recall(truth)))?;
        }
        write!(f, "{:>head$}", "precision")?;
        for (predicted, width) in width.iter().enumerate() {
            write!(f, " {:>width$}", percent(self.precision(predicted)))?;
        }
        let (correct, total) = (self.correct(), self.total());
        write!(f, "\naccuracy {} ({correct} of {total})", percent(self.accuracy()))
    }
}

/// Counts which classes are mistaken for which. There are k classes for k > 1 columns, and 2 for a single
/// one.
///
/// # Errors
/// [`Error::EmptyBatch`] for no rows, [`Error::ShapeMismatch`] if the two differ in shape.
pub fn confusion_matrix<T: Scalar>(
    outputs: ArrayView2<'_, T>,
    targets: ArrayView2<'_, T>,
) -> Result<ConfusionMatrix, Error> {
    check_batch(outputs.nrows())?;
    check_shape("targets", outputs.shape(), targets.shape())?;
    let labels = |rows: ArrayView2<'_, T>| rows.rows().into_iter().map(class).collect::<Vec<_>>();
    let classes = if outputs.ncols() == 1 { 2 } else { outputs.ncols() };
    ConfusionMatrix::from_labels(&labels(targets), &labels(outputs), classes)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array, aview1};

    use super::*;

    #[test]
    fn class_breaks_ties_to_the_first_and_passes_over_nan() {
        assert_eq!(class(aview1(&[0.1, 0.7, 0.7])), 1);
        assert_eq!(class(aview1(&[f64::NAN, 0.0, -1.0])), 1);
        assert_eq!(class(aview1(&[f64::NAN, f64::NAN])), 0);
        assert_eq!(class(aview1(&[f64::NEG_INFINITY, f64::INFINITY])), 1);
        assert_eq!(class::<f32>(aview1(&[])), 0);
    }

    #[test]
    fn a_single_column_is_split_at_one_half() -> Result<(), Error> {
        let outputs = array![[0.2], [0.5], [0.500_001], [0.9]];
        let targets = array![[0.0], [0.0], [1.0], [0.0]];
        assert_eq!(accuracy(outputs.view(), targets.view())?, 0.75);
        let matrix = confusion_matrix(outputs.view(), targets.view())?;
        assert_eq!(
            (matrix.classes(), matrix.count(0, 0), matrix.count(0, 1), matrix.count(1, 1)),
            (2, 2, 1, 1)
        );
        Ok(())
    }

    #[test]
    fn shares_follow_their_definitions() -> Result<(), Error> {
        let matrix = ConfusionMatrix::from_labels(&[0, 0, 0, 1, 1], &[0, 0, 1, 1, 0], 3)?;
        assert_eq!(matrix.precision(0), Some(2.0 / 3.0));
        assert_eq!(matrix.precision(1), Some(0.5));
        assert_eq!(matrix.precision(2), None);
        assert_eq!(matrix.recall(0), Some(2.0 / 3.0));
        assert_eq!(matrix.recall(1), Some(0.5));
        assert_eq!(matrix.recall(2), None);
        assert_eq!(matrix.accuracy(), Some(0.6));
        assert_eq!((matrix.count(0, 3), matrix.count(3, 0), matrix.precision(9)), (0, 0, None));
        Ok(())
    }

    #[test]
    fn the_matrix_has_the_accuracy_of_the_arrays() -> Result<(), Error> {
        let mut rng = crate::rng::Rng::new(2);
        let mut random = || Array2::from_shape_simple_fn((50, 4), || rng.uniform());
        let (outputs, targets) = (random(), random());
        let matrix = confusion_matrix(outputs.view(), targets.view())?;
        assert_eq!(matrix.accuracy(), Some(accuracy(outputs.view(), targets.view())?));
        assert_eq!(matrix.total(), 50);
        Ok(())
    }

    #[test]
    fn mistakes_are_errors() {
        let (a, y) = (Array2::<f32>::zeros((3, 2)), Array2::<f32>::zeros((3, 4)));
        assert_eq!(accuracy(a.view(), y.view()), Err(Error::shape("targets", 1, 2, 4)));
        let none = Array2::<f32>::zeros((0, 2));
        assert_eq!(accuracy(none.view(), none.view()), Err(Error::EmptyBatch));
        assert!(ConfusionMatrix::from_labels(&[0, 1], &[0], 2).is_err());
        let error = ConfusionMatrix::from_labels(&[2], &[0], 2).unwrap_err();
        assert_eq!(error.to_string(), "`label` is 2, must be less than the number of classes");
    }
}
