//! Data sets: inputs and targets, or labels, and perhaps weights; and the rows of them that a network is handed.

use std::fmt;
use std::ops::Range;

use ndarray::{Array2, ArrayView2, s};

use crate::error::Error;
use crate::kernel::checks::{check_batch, check_extent, check_finite};
use crate::kernel::scalar::Scalar;
use crate::model::cost::CostValue;
use crate::model::network::Network;
use crate::model::weighted::{check_weights, runs};
use crate::model::whole::Whole;

/// Examples: inputs and targets, a row an example, and perhaps a weight for each.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a, T> {
    x: ArrayView2<'a, T>,
    y: Targets<'a, T>,
    weights: Option<&'a [T]>,
}

/// What outputs are compared with.
#[derive(Clone, Copy, Debug)]
enum Targets<'a, T> {
    Rows(ArrayView2<'a, T>),
    Labels(Labels<'a>),
}

impl<'a, T: Scalar> Data<'a, T> {
    /// Inputs `x`, m × inputs, and targets `y`, m × outputs.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] without rows, [`Error::ShapeMismatch`] if `y` has not as many as `x`,
    /// [`Error::NonFinite`] for a NaN or an infinity in either, with its place.
    pub fn new(x: ArrayView2<'a, T>, y: ArrayView2<'a, T>) -> Result<Self, Error> {
        let data = Self::rows_of(x, y)?;
        check_finite("x", x)?;
        check_finite("y", y)?;
        Ok(data)
    }

    /// The same with a weight for each example: means are over what the examples weigh together, Σᵢ ωᵢ cᵢ / Σᵢ ωᵢ, and
    /// an example of weight 0 is none, be its row NaN. A mini-batch holds as many examples that count as any other.
    ///
    /// # Errors
    /// Those of [`new`](Self::new), of the rows that count; [`Error::ShapeMismatch`] if there are not as many weights,
    /// [`Error::ExampleWeight`] for one that is negative, NaN or infinite, [`Error::NoWeight`] if all are 0.
    ///
    /// ```
    /// use gradsmith_runtime::train::Data;
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [1.0], [2.0]], array![[0.0], [f64::NAN], [4.0]]);
    /// assert!(Data::new(x.view(), y.view()).is_err());
    /// assert!(Data::weighted(x.view(), y.view(), &[1.0, 0.0, 0.5]).is_ok());
    /// # Ok::<(), gradsmith_runtime::Error>(())
    /// ```
    pub fn weighted(x: ArrayView2<'a, T>, y: ArrayView2<'a, T>, weights: &'a [T]) -> Result<Self, Error> {
        let data = Self::rows_of(x, y)?.with_weights(weights)?;
        for row in data.counted() {
            for (name, rows) in [("x", x), ("y", y)] {
                of_row(check_finite(name, rows.row(row)), row)?;
            }
        }
        Ok(data)
    }

    /// Inputs `x`, m × inputs, and the class of each example, counted from 0: what `categorical_cross_entropy` is told
    /// without a table of zeros and ones. A network is handed one row of these for each example of a batch, with 1 at
    /// the label; one of a single output gets the label itself, 0 or 1.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] without rows, [`Error::ShapeMismatch`] if there are not as many labels,
    /// [`Error::NonFinite`] for a NaN or an infinity in `x`, with its place. Whoever takes the data for a network finds
    /// labels that it has no output for: [`Error::OutOfRange`], with example and label.
    ///
    /// ```
    /// use gradsmith_runtime::train::Data;
    /// use ndarray::array;
    ///
    /// let x = array![[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]];
    /// let labels: Vec<u8> = vec![2, 0, 9];
    /// let data = Data::labels(x.view(), &labels)?;
    /// assert_eq!(data.rows(), 3);
    /// # Ok::<(), gradsmith_runtime::Error>(())
    /// ```
    pub fn labels<L: Label>(x: ArrayView2<'a, T>, labels: &'a [L]) -> Result<Self, Error> {
        check_batch(x.nrows())?;
        check_extent("labels", 0, x.nrows(), labels.len())?;
        check_finite("x", x)?;
        Ok(Self { x, y: Targets::Labels(L::labels(labels)), weights: None })
    }

    /// These examples with a weight for each, as [`weighted`](Self::weighted) has it: a label of weight 0, such as a 255
    /// for *none*, is not looked at.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] if there are not as many weights, [`Error::ExampleWeight`] for one that is negative,
    /// NaN or infinite, [`Error::NoWeight`] if all are 0.
    pub fn with_weights(self, weights: &'a [T]) -> Result<Self, Error> {
        check_weights(weights, self.rows())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Inputs and targets whose entries may be anything.
    fn rows_of(x: ArrayView2<'a, T>, y: ArrayView2<'a, T>) -> Result<Self, Error> {
        check_batch(x.nrows())?;
        check_extent("y", 0, x.nrows(), y.nrows())?;
        Ok(Self { x, y: Targets::Rows(y), weights: None })
    }

    /// How many examples there are; at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// The inputs.
    #[must_use]
    pub fn x(&self) -> ArrayView2<'a, T> {
        self.x
    }

    /// The targets, unless they are labels.
    #[must_use]
    pub fn y(&self) -> Option<ArrayView2<'a, T>> {
        match self.y {
            Targets::Rows(y) => Some(y),
            Targets::Labels(_) => None,
        }
    }

    /// The weights, if there are any.
    #[must_use]
    pub fn weights(&self) -> Option<&'a [T]> {
        self.weights
    }

    /// The examples that count.
    pub(super) fn counted(&self) -> impl Iterator<Item = usize> + use<'a, T> {
        let weights = self.weights;
        (0..self.rows()).filter(move |&row| weights.is_none_or(|w| w[row] != T::ZERO))
    }

    /// The same as a list.
    pub(super) fn list(&self) -> Vec<usize> {
        let mut list = Vec::with_capacity(self.rows());
        list.extend(self.counted());
        list
    }

    /// Whether a network of this type can take them.
    pub(super) fn check<N: Network<Scalar = T>>(&self) -> Result<(), Error> {
        check_extent("x", 1, N::INPUTS, self.x.ncols())?;
        match self.y {
            Targets::Rows(y) => check_extent("y", 1, N::OUTPUTS, y.ncols()),
            Targets::Labels(labels) => {
                let extent = classes(N::OUTPUTS);
                let outside = |&row: &usize| !usize::try_from(labels.at(row)).is_ok_and(|n| n < extent);
                self.counted().find(outside).map_or(Ok(()), |row| {
                    let (subscript, index, value) = ("labels".into(), vec![row], labels.at(row));
                    Err(Error::OutOfRange { subscript, index, value, extent })
                })
            }
        }
    }
}

/// The error of one row as one of the array.
fn of_row(checked: Result<(), Error>, row: usize) -> Result<(), Error> {
    checked.map_err(|error| match error {
        Error::NonFinite { tensor, index, value } => {
            Error::NonFinite { tensor, index: [&[row], &index[..]].concat(), value }
        }
        other => other,
    })
}

/// How many labels so many outputs tell apart: one output tells two.
fn classes(outputs: usize) -> usize {
    if outputs == 1 { 2 } else { outputs }
}

/// A whole number that may be a label: `u8`, `usize`, `i64` and the like.
pub trait Label: Whole {
    #[doc(hidden)]
    fn labels(all: &[Self]) -> Labels<'_>
    where
        Self: Sized;
}

macro_rules! labels {
    ($($kind:ident: $number:ty),*) => {
        /// Labels of any type.
        #[doc(hidden)]
        #[derive(Clone, Copy)]
        pub enum Labels<'a> {
            $(
                #[doc(hidden)]
                $kind(&'a [$number])
            ),*
        }

        impl Labels<'_> {
            /// The label of an example.
            fn at(&self, example: usize) -> i128 {
                match self {
                    $(Self::$kind(all) => all[example].value()),*
                }
            }

            fn len(&self) -> usize {
                match self {
                    $(Self::$kind(all) => all.len()),*
                }
            }
        }

        $(
            impl Label for $number {
                fn labels(all: &[Self]) -> Labels<'_> {
                    Labels::$kind(all)
                }
            }
        )*
    };
}

labels!(
    U8: u8, U16: u16, U32: u32, U64: u64, Usize: usize, I8: i8, I16: i16, I32: i32, I64: i64, Isize: isize
);

/// How many there are: not each of them.
impl fmt::Debug for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Labels({})", self.len())
    }
}

/// Rows that a network is handed.
#[derive(Clone, Copy)]
pub(super) struct Part<'b, T> {
    pub(super) x: ArrayView2<'b, T>,
    pub(super) y: ArrayView2<'b, T>,
    weights: Option<&'b [T]>,
}

impl<T: Scalar> Part<'_, T> {
    /// What the rows weigh together: how many there are, where they have no weights.
    pub(super) fn weight(&self) -> f64 {
        self.weights.map_or(self.x.nrows() as f64, |w| w.iter().map(|w| w.to_f64()).sum())
    }

    /// The rows by runs of one weight.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Range<usize>, f64)> + '_ {
        let one = self.weights.is_none().then(|| (0..self.x.nrows(), 1.0));
        let several = self.weights.map(|w| runs(w).map(|(rows, weight)| (rows, weight.to_f64())));
        one.into_iter().chain(several.into_iter().flatten())
    }

    pub(super) fn value<N: Network<Scalar = T>>(
        &self,
        network: &N,
        parameters: &N::Parameters,
        workspace: &mut N::Workspace,
    ) -> Result<CostValue<T>, Error> {
        match self.weights {
            None => network.value(parameters, self.x, self.y, workspace),
            Some(w) => network.value_weighted(parameters, self.x, self.y, w, workspace),
        }
    }

    pub(super) fn value_and_gradient<N: Network<Scalar = T>>(
        &self,
        network: &N,
        parameters: &N::Parameters,
        workspace: &mut N::Workspace,
        gradient: &mut N::Parameters,
    ) -> Result<CostValue<T>, Error> {
        let (x, y) = (self.x, self.y);
        match self.weights {
            None => network.value_and_gradient(parameters, x, y, workspace, gradient),
            Some(w) => network.value_and_gradient_weighted(parameters, x, y, w, workspace, gradient),
        }
    }
}

/// Rows that do not lie in the data as a network takes them: those of a batch, gathered; targets made of labels.
pub(super) struct Batch<T> {
    x: Array2<T>,
    y: Array2<T>,
    weights: Vec<T>,
    /// The rows in the order in which they are handed over.
    rows: Vec<usize>,
}

impl<T: Scalar> Default for Batch<T> {
    fn default() -> Self {
        let none = || Array2::from_elem((0, 0), T::ZERO);
        Self { x: none(), y: none(), weights: Vec::new(), rows: Vec::new() }
    }
}

impl<T: Scalar> Batch<T> {
    /// Room for batches of so many gathered rows; for stretches of that many where the data has labels.
    pub(super) fn new<N: Network<Scalar = T>>(gathered: usize, stretch: usize, data: &Data<'_, T>) -> Self {
        let mut batch = Self::default();
        batch.grow::<N>(gathered, stretch, data);
        batch
    }

    /// Room for as much, if there is less.
    pub(super) fn grow<N: Network<Scalar = T>>(
        &mut self,
        gathered: usize,
        stretch: usize,
        data: &Data<'_, T>,
    ) {
        let made = matches!(data.y, Targets::Labels(_));
        let targets = if made { gathered.max(stretch) } else { gathered };
        for (array, rows, columns) in [(&mut self.x, gathered, N::INPUTS), (&mut self.y, targets, N::OUTPUTS)]
        {
            if array.nrows() < rows {
                *array = Array2::from_elem((rows, columns), T::ZERO);
            }
        }
        if data.weights.is_some() {
            self.weights.reserve(gathered);
            self.rows.reserve(gathered);
        }
    }

    /// The rows of a range, of data without weights.
    pub(super) fn stretch<'b, 'd: 'b>(&'b mut self, data: &Data<'d, T>, range: Range<usize>) -> Part<'b, T> {
        let x = data.x.reborrow().slice_move(s![range.clone(), ..]);
        let y = match data.y {
            Targets::Rows(y) => y.reborrow().slice_move(s![range, ..]),
            Targets::Labels(labels) => one_hot(&mut self.y, &labels, range),
        };
        Part { x, y, weights: None }
    }

    /// These rows: sorted by their weights, if they have any, so that rows of one weight are beside each other. Those of
    /// one weight stay in order.
    pub(super) fn gathered<'b>(&'b mut self, data: &Data<'_, T>, rows: &'b [usize]) -> Part<'b, T> {
        let Self { x, y, weights, rows: sorted } = self;
        let mut rows = rows;
        if let Some(all) = data.weights {
            sorted.clear();
            sorted.extend(0..rows.len());
            let weight = |k: usize| all[rows[k]].to_f64();
            // By place last, which is what a stable sort would do with memory of its own.
            sorted.sort_unstable_by(|&a, &b| weight(a).total_cmp(&weight(b)).then(a.cmp(&b)));
            sorted.iter_mut().for_each(|k| *k = rows[*k]);
            weights.clear();
            weights.extend(sorted.iter().map(|&row| all[row]));
            rows = &sorted[..];
        }
        gather(x, data.x, rows);
        let y = match data.y {
            Targets::Rows(from) => {
                gather(y, from, rows);
                y.slice(s![..rows.len(), ..])
            }
            Targets::Labels(labels) => one_hot(y, &labels, rows.iter().copied()),
        };
        Part { x: x.slice(s![..rows.len(), ..]), y, weights: data.weights.map(|_| &weights[..]) }
    }
}

/// Copies the rows of `from` that `rows` names to the top of `to`.
fn gather<T: Scalar>(to: &mut Array2<T>, from: ArrayView2<'_, T>, rows: &[usize]) {
    for (mut to, &row) in to.rows_mut().into_iter().zip(rows) {
        to.assign(&from.row(row));
    }
}

/// Writes the targets that labels stand for to the top of `to`.
fn one_hot<'b, T: Scalar>(
    to: &'b mut Array2<T>,
    labels: &Labels<'_>,
    rows: impl ExactSizeIterator<Item = usize>,
) -> ArrayView2<'b, T> {
    let (count, outputs) = (rows.len(), to.ncols());
    for (mut to, row) in to.rows_mut().into_iter().zip(rows) {
        let label = usize::try_from(labels.at(row)).unwrap_or(usize::MAX);
        to.fill(T::ZERO);
        match (outputs, to.get_mut(label)) {
            // One output is the label itself.
            (1, _) => to[0] = T::from_usize(label),
            (_, Some(entry)) => *entry = T::ONE,
            // Nobody gets here: labels have been checked.
            (_, None) => {}
        }
    }
    to.slice(s![..count, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn labels_are_rows_of_zeros_with_a_one() {
        let mut to = Array2::from_elem((4, 3), 9.0);
        let labels = <u8 as Label>::labels(&[2, 0, 1]);
        let rows = one_hot(&mut to, &labels, [1, 0].into_iter());
        assert_eq!(rows, array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        let mut to = Array2::from_elem((2, 1), 9.0);
        assert_eq!(one_hot(&mut to, &labels, 1..3), array![[0.0], [1.0]]);
        assert_eq!(format!("{labels:?}"), "Labels(3)");
    }

    #[test]
    fn what_counts_must_be_finite_and_nothing_else() {
        let (x, y) = (array![[0.0], [f64::NAN], [1.0]], array![[0.0], [1.0], [f64::INFINITY]]);
        let of = |weights: &[f64]| Data::weighted(x.view(), y.view(), weights).map(|d| d.counted().count());
        assert_eq!(of(&[3.0, 0.0, 0.0]), Ok(1));
        assert_eq!(of(&[3.0, 1.0, 0.0]).map_err(|e| e.to_string()), Err("`x` is NaN at [1, 0]".into()));
        assert_eq!(of(&[3.0, 0.0, 0.1]).map_err(|e| e.to_string()), Err("`y` is inf at [2, 0]".into()));
        assert!(of(&[1.0, 0.0]).is_err() && of(&[0.0; 3]).is_err());
    }
}
