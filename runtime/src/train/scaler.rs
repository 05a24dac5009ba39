//! Columns on one scale: mean 0 and deviation 1, by the examples that are trained on.

use ndarray::{Array2, ArrayView1, ArrayView2, Zip};

use crate::error::Error;
use crate::kernel::checks::{check_batch, check_extent, check_finite};
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::Total;

/// Brings columns to mean 0 and deviation 1, and back.
///
/// Means and deviations are those of the data it was [made of](Self::of): the training part alone, since what is
/// known of held-out examples must not tell. They belong to the model as its parameters do, and with the feature
/// `serde` are written and read beside them. The deviation is the root of the mean square, over all m rows, not
/// m − 1. Columns that are constant there are left as they are.
///
/// ```
/// use gradsmith_runtime::train::Scaler;
/// use ndarray::array;
///
/// let scaler = Scaler::of(array![[1.0, 5.0], [3.0, 5.0]].view())?;
/// assert_eq!(scaler.transform(array![[3.0, 5.0], [5.0, 6.0]].view())?, array![[1.0, 5.0], [3.0, 6.0]]);
/// assert_eq!(scaler.inverse(array![[1.0, 5.0]].view())?, array![[3.0, 5.0]]);
/// # Ok::<(), gradsmith_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scaler {
    columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Column {
    mean: f64,
    deviation: f64,
}

impl Scaler {
    /// By mean and deviation of each column of `x`, a row an example.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] without rows, [`Error::NonFinite`] for a NaN or an infinity, with its place.
    pub fn of<T: Scalar>(x: ArrayView2<'_, T>) -> Result<Self, Error> {
        check_batch(x.nrows())?;
        check_finite("x", x)?;
        Ok(Self { columns: x.columns().into_iter().map(Column::of).collect() })
    }

    /// How many columns it is for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether it is for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The mean of each column; 0 for those left alone.
    pub fn means(&self) -> impl Iterator<Item = f64> + '_ {
        self.columns.iter().map(|column| column.mean)
    }

    /// The deviation of each column; 1 for those left alone.
    pub fn deviations(&self) -> impl Iterator<Item = f64> + '_ {
        self.columns.iter().map(|column| column.deviation)
    }

    /// (x − mean) / deviation, column by column.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number of columns.
    pub fn transform<T: Scalar>(&self, x: ArrayView2<'_, T>) -> Result<Array2<T>, Error> {
        self.each(x, |x, column| (x - column.mean) / column.deviation)
    }

    /// x deviation + mean, column by column: what [`transform`](Self::transform) was given, but for rounding.
    ///
    /// # Errors
    /// [`Error::ShapeMismatch`] for another number of columns.
    pub fn inverse<T: Scalar>(&self, x: ArrayView2<'_, T>) -> Result<Array2<T>, Error> {
        self.each(x, |x, column| x * column.deviation + column.mean)
    }

    fn each<T: Scalar>(
        &self,
        x: ArrayView2<'_, T>,
        f: impl Fn(f64, &Column) -> f64,
    ) -> Result<Array2<T>, Error> {
        check_extent("x", 1, self.columns.len(), x.ncols())?;
        let mut out = x.to_owned();
        for mut row in out.rows_mut() {
            Zip::from(&mut row)
                .and(&ArrayView1::from(&self.columns))
                .for_each(|x, column| *x = T::from_f64(f(x.to_f64(), column)));
        }
        Ok(out)
    }
}

impl Column {
    /// Of finite numbers, at least one.
    fn of<T: Scalar>(numbers: ArrayView1<'_, T>) -> Self {
        let rows = numbers.len() as f64;
        let first = numbers.first().map_or(0.0, |x| x.to_f64());
        let constant = Self { mean: 0.0, deviation: 1.0 };
        // From the first on, and each by m, so that sums neither cancel nor overflow.
        let mut offset = Total::ZERO;
        numbers.iter().for_each(|x| offset.add(x.to_f64() / rows - first / rows));
        let mean = first + offset.sum();
        // By the farthest, so that no square overflows or vanishes.
        let farthest = numbers.iter().fold(0.0, |most: f64, x| most.max((x.to_f64() - mean).abs()));
        if numbers.iter().all(|x| x.to_f64() == first) || !farthest.is_finite() {
            return constant;
        }
        let mut squares = Total::ZERO;
        numbers.iter().for_each(|x| {
            let part = (x.to_f64() - mean) / farthest;
            squares.add(part * part);
        });
        let deviation = farthest * (squares.sum() / rows).sqrt();
        if deviation > 0.0 && mean.is_finite() { Self { mean, deviation } } else { constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use ndarray::{Axis, array, s};

    #[test]
    fn columns_come_to_one_scale_and_back() -> Result<(), Error> {
        let mut rng = Rng::new(4);
        let x = Array2::from_shape_simple_fn((500, 3), || rng.normal()) * array![1e-200, 1.0, 1e200]
            + array![0.0, -1e6, 3e200];
        let scaler = Scaler::of(x.view())?;
        let scaled = scaler.transform(x.view())?;
        for column in scaled.axis_iter(Axis(1)) {
            assert!(column.sum().abs() < 1e-6, "{}", column.sum());
            assert!((column.dot(&column) / 500.0 - 1.0).abs() < 1e-9);
        }
        for (&back, &x) in scaler.inverse(scaled.view())?.iter().zip(&x) {
            assert!((back - x).abs() <= 1e-14 * x.abs().max(1e-200), "{back} {x}");
        }
        Ok(())
    }

    #[test]
    fn constant_columns_are_left_alone() -> Result<(), Error> {
        // 0.1 summed three times and divided by 3 is not 0.1.
        let x = array![[0.1_f32, 1.0], [0.1, 2.0], [0.1, 4.0]];
        let scaler = Scaler::of(x.view())?;
        assert_eq!(scaler.transform(x.view())?.column(0), x.column(0));
        assert_eq!(scaler.means().next(), Some(0.0));
        assert_eq!(scaler.deviations().next(), Some(1.0));
        let one = Scaler::of(x.slice(s![..1, ..]))?;
        assert_eq!(one.transform(x.view())?, x);
        Ok(())
    }

    #[test]
    fn mistakes_are_errors() -> Result<(), Error> {
        let scaler = Scaler::of(array![[1.0, 2.0], [2.0, 3.0]].view())?;
        assert_eq!((scaler.len(), scaler.is_empty()), (2, false));
        let narrow = array![[1.0]];
        let error = Error::shape("x", 1, 2, 1);
        assert_eq!(scaler.transform(narrow.view()), Err(error.clone()));
        assert_eq!(scaler.inverse(narrow.view()), Err(error));
        assert_eq!(Scaler::of(narrow.slice(s![..0, ..])), Err(Error::EmptyBatch));
        let bad = Scaler::of(array![[1.0], [f64::NAN]].view()).unwrap_err();
        assert_eq!(bad.to_string(), "`x` is NaN at [1, 0]");
        Ok(())
    }
}
