//! Examples of different weight: the mean over a batch is over what its examples weigh together.
//!
//! ```text
//! C = Σᵢ ωᵢ c(aᵢ, yᵢ) / Σᵢ ωᵢ + penalty
//! ```
//!
//! So a cost does not depend on the unit that weights are in, weights of 1 give what no weights give, an example of
//! weight 2 counts as two, and one of weight 0 as none: nothing of its row is read. The penalty keeps its size
//! beside the data, whatever is left out.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, s};

use crate::error::Error;
use crate::kernel::checks::{check_batch, check_extent, check_shape};
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::{Total, axpy};
use crate::model::cost::{Cost, CostValue};
use crate::model::network::Network;
use crate::model::parameters::Parameters;

/// Checks the weights of so many examples: what they are together.
///
/// # Errors
/// [`Error::EmptyBatch`] for none, [`Error::ShapeMismatch`] if there are not as many weights, [`Error::ExampleWeight`]
/// for the first that is negative, NaN or infinite, [`Error::NoWeight`] if all are 0.
pub(crate) fn check_weights<T: Scalar>(weights: &[T], examples: usize) -> Result<f64, Error> {
    check_batch(examples)?;
    check_extent("weights", 0, examples, weights.len())?;
    let mut total = Total::ZERO;
    for (example, weight) in weights.iter().enumerate() {
        let value = weight.to_f64();
        if !(value.is_finite() && value >= 0.0) {
            return Err(Error::ExampleWeight { example, value });
        }
        total.add(value);
    }
    let total = total.sum();
    if total > 0.0 { Ok(total) } else { Err(Error::NoWeight) }
}

/// The rows that count, by runs of one weight.
pub(crate) fn runs<T: Scalar>(weights: &[T]) -> impl Iterator<Item = (Range<usize>, T)> + '_ {
    stretches(weights, |a, b| a == b).map(|range| (range.clone(), weights[range.start]))
}

/// The rows that count, by runs between rows that do not and where `same` says no.
fn stretches<'w, T: Scalar>(
    weights: &'w [T],
    same: impl Fn(&T, &T) -> bool + 'w,
) -> impl Iterator<Item = Range<usize>> + 'w {
    let counts = |w: &T| *w != T::ZERO;
    let runs = weights.chunk_by(move |a, b| counts(a) == counts(b) && same(a, b));
    let mut end = 0;
    let ranges = runs.map(move |run| {
        end += run.len();
        (end - run.len()..end, run)
    });
    ranges.filter(move |(_, run)| counts(&run[0])).map(|(range, _)| range)
}

/// The part of so many rows of one weight in all.
fn share<T: Scalar>(weight: T, rows: usize, total: f64) -> T {
    T::from_f64(weight.to_f64() * rows as f64 / total)
}

/// The data part of a cost.
pub(super) fn data<C: Cost + ?Sized>(
    cost: &C,
    a: ArrayView2<'_, C::Scalar>,
    y: ArrayView2<'_, C::Scalar>,
    weights: &[C::Scalar],
) -> Result<C::Scalar, Error> {
    let total = check_weights(weights, a.nrows())?;
    check_shape("y", a.shape(), y.shape())?;
    let mut sum = Total::ZERO;
    for (rows, weight) in runs(weights) {
        let share = share(weight, rows.len(), total);
        sum.add(share * cost.data(a.slice(s![rows.clone(), ..]), y.slice(s![rows, ..]))?);
    }
    Ok(sum.sum())
}

/// Its derivative by the activations.
pub(super) fn d_activation_into<C: Cost + ?Sized>(
    cost: &C,
    a: ArrayView2<'_, C::Scalar>,
    y: ArrayView2<'_, C::Scalar>,
    weights: &[C::Scalar],
    mut out: ArrayViewMut2<'_, C::Scalar>,
) -> Result<(), Error> {
    let total = check_weights(weights, a.nrows())?;
    check_shape("y", a.shape(), y.shape())?;
    check_shape("out", a.shape(), out.shape())?;
    out.fill(C::Scalar::ZERO);
    for rows in stretches(weights, |_, _| true) {
        let mut out = out.slice_mut(s![rows.clone(), ..]);
        let (a, y) = (a.slice(s![rows.clone(), ..]), y.slice(s![rows.clone(), ..]));
        cost.d_activation_into(a, y, out.view_mut())?;
        for (mut row, &weight) in out.rows_mut().into_iter().zip(&weights[rows.clone()]) {
            let share = share(weight, rows.len(), total);
            row.mapv_inplace(|d| share * d);
        }
    }
    Ok(())
}

/// The cost of a batch of a network.
pub(super) fn value<N: Network + ?Sized>(
    network: &N,
    parameters: &N::Parameters,
    (x, y): (ArrayView2<'_, N::Scalar>, ArrayView2<'_, N::Scalar>),
    weights: &[N::Scalar],
    workspace: &mut N::Workspace,
) -> Result<CostValue<N::Scalar>, Error> {
    let total = check_weights(weights, x.nrows())?;
    check_extent("y", 0, x.nrows(), y.nrows())?;
    let mut cost = CostValue::ZERO;
    for (rows, weight) in runs(weights) {
        let (x, y) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows.clone(), ..]));
        cost += network.value(parameters, x, y, workspace)?.scale(share(weight, rows.len(), total));
    }
    Ok(cost)
}

/// The cost of a batch of a network, and its gradient: the mean of those of runs of one weight.
pub(super) fn value_and_gradient<N: Network + ?Sized>(
    network: &N,
    parameters: &N::Parameters,
    (x, y): (ArrayView2<'_, N::Scalar>, ArrayView2<'_, N::Scalar>),
    weights: &[N::Scalar],
    workspace: &mut N::Workspace,
    gradient: &mut N::Parameters,
) -> Result<CostValue<N::Scalar>, Error> {
    let total = check_weights(weights, x.nrows())?;
    check_extent("y", 0, x.nrows(), y.nrows())?;
    let mut cost = CostValue::ZERO;
    let mut part: Option<N::Parameters> = None;
    for (k, (rows, weight)) in runs(weights).enumerate() {
        let share = share(weight, rows.len(), total);
        let (x, y) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows, ..]));
        if k == 0 {
            cost = network.value_and_gradient(parameters, x, y, workspace, gradient)?.scale(share);
            if share != N::Scalar::ONE {
                gradient.as_mut_slice().iter_mut().for_each(|g| *g *= share);
            }
            continue;
        }
        let part = part.get_or_insert_with(N::Parameters::zeros);
        cost += network.value_and_gradient(parameters, x, y, workspace, part)?.scale(share);
        axpy(share, part.as_slice(), gradient.as_mut_slice());
    }
    Ok(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_count_come_in_runs_of_one_weight() {
        let weights = [0.0, 1.0, 1.0, 0.0, 0.0, 2.0, 3.0, 3.0];
        let found: Vec<_> = runs(&weights).collect();
        assert_eq!(found, [(1..3, 1.0), (5..6, 2.0), (6..8, 3.0)]);
        assert_eq!(stretches(&weights, |_, _| true).collect::<Vec<_>>(), [1..3, 5..8]);
        assert_eq!(runs::<f64>(&[]).count(), 0);
    }

    #[test]
    fn weights_are_numbers_from_0_and_not_all_of_them_0() {
        assert_eq!(check_weights(&[0.5, 0.0, 2.0], 3), Ok(2.5));
        let errors = [
            (check_weights(&[1.0], 2), "`weights` has 1 row (axis 0), expected 2"),
            (check_weights(&[1.0, -1.0], 2), "the weight of example 1 is -1, must be a number, 0 or greater"),
            (check_weights(&[f64::NAN], 1), "the weight of example 0 is NaN, must be a number, 0 or greater"),
            (check_weights(&[0.0, 0.0], 2), "all examples have weight 0, and a mean over none has no value"),
            (check_weights::<f64>(&[], 0), "the batch has no rows, and a mean over no examples has no value"),
        ];
        for (error, message) in errors {
            assert_eq!(error.map_err(|e| e.to_string()), Err(message.to_owned()));
        }
    }
}
