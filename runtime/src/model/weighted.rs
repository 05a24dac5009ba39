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
use crate::kernel::memory::Scratch;
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
    for (example, weight) in weights.iter().enumerate() {
        let value = weight.to_f64();
        if !(value.is_finite() && value >= 0.0) {
            return Err(Error::ExampleWeight { example, value });
        }
    }
    let total = total(weights);
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

/// The cost of a batch of a network: a pass for each run of one weight.
pub(super) fn value<N: Network + ?Sized>(
    network: &N,
    parameters: &N::Parameters,
    data: Batch<'_, N::Scalar>,
    weights: &[N::Scalar],
    workspace: &mut N::Workspace,
) -> Result<CostValue<N::Scalar>, Error> {
    values(data, weights, runs(weights).map(|(rows, _)| rows), |x, y, _| {
        network.value(parameters, x, y, workspace)
    })
}

/// The same and its gradient.
pub(super) fn value_and_gradient<N: Network + ?Sized>(
    network: &N,
    parameters: &N::Parameters,
    data: Batch<'_, N::Scalar>,
    weights: &[N::Scalar],
    workspace: &mut N::Workspace,
    gradient: &mut N::Parameters,
) -> Result<CostValue<N::Scalar>, Error> {
    gradients(data, weights, runs(weights).map(|(rows, _)| rows), gradient, |x, y, _, gradient| {
        network.value_and_gradient(parameters, x, y, workspace, gradient)
    })
}

/// The cost of a batch of a network, of which a `pass` is told by which part of 1 each example counts: one pass, unless
/// rows that do not count stand between those that do.
///
/// # Errors
/// Those of the weights, and of `pass`.
pub fn weighted_value<T: Scalar>(
    data: Batch<'_, T>,
    weights: &[T],
    mut pass: impl FnMut(ArrayView2<'_, T>, ArrayView2<'_, T>, &[T]) -> Result<CostValue<T>, Error>,
) -> Result<CostValue<T>, Error> {
    values(data, weights, stretches(weights, |_, _| true), |x, y, weights| pass(x, y, &parts(weights)))
}

/// The same and its gradient.
///
/// # Errors
/// Those of the weights, and of `pass`.
pub fn weighted_gradient<T: Scalar, P: Parameters<Scalar = T>>(
    data: Batch<'_, T>,
    weights: &[T],
    gradient: &mut P,
    mut pass: impl FnMut(ArrayView2<'_, T>, ArrayView2<'_, T>, &[T], &mut P) -> Result<CostValue<T>, Error>,
) -> Result<CostValue<T>, Error> {
    gradients(data, weights, stretches(weights, |_, _| true), gradient, |x, y, weights, gradient| {
        pass(x, y, &parts(weights), gradient)
    })
}

/// Inputs and targets.
type Batch<'a, T> = (ArrayView2<'a, T>, ArrayView2<'a, T>);

/// Weights as parts of 1.
fn parts<T: Scalar>(weights: &[T]) -> Scratch<T> {
    let total = total(weights);
    let mut parts = Scratch::new(weights.len());
    for (part, &weight) in parts.iter_mut().zip(weights) {
        *part = share(weight, 1, total);
    }
    parts
}

fn total<T: Scalar>(weights: &[T]) -> f64 {
    let mut total = Total::ZERO;
    weights.iter().for_each(|w| total.add(w.to_f64()));
    total.sum()
}

/// The mean of what passes over these stretches of rows give, by what these weigh.
fn values<T: Scalar>(
    (x, y): Batch<'_, T>,
    weights: &[T],
    stretches: impl Iterator<Item = Range<usize>>,
    mut pass: impl FnMut(ArrayView2<'_, T>, ArrayView2<'_, T>, &[T]) -> Result<CostValue<T>, Error>,
) -> Result<CostValue<T>, Error> {
    let all = check_weights(weights, x.nrows())?;
    check_extent("y", 0, x.nrows(), y.nrows())?;
    let mut cost = CostValue::ZERO;
    for rows in stretches {
        let own = &weights[rows.clone()];
        let (x, y) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows, ..]));
        cost += pass(x, y, own)?.scale(T::from_f64(total(own) / all));
    }
    Ok(cost)
}

/// The same and the mean of the gradients. Where there is more than one stretch, memory for another gradient is taken.
fn gradients<T: Scalar, P: Parameters<Scalar = T>>(
    data: Batch<'_, T>,
    weights: &[T],
    stretches: impl Iterator<Item = Range<usize>>,
    gradient: &mut P,
    mut pass: impl FnMut(ArrayView2<'_, T>, ArrayView2<'_, T>, &[T], &mut P) -> Result<CostValue<T>, Error>,
) -> Result<CostValue<T>, Error> {
    let all = check_weights(weights, data.0.nrows())?;
    let (mut first, mut next) = (true, None);
    values(data, weights, stretches, |x, y, own| {
        let share = T::from_f64(total(own) / all);
        if std::mem::take(&mut first) {
            let cost = pass(x, y, own, gradient)?;
            if share != T::ONE {
                gradient.as_mut_slice().iter_mut().for_each(|g| *g *= share);
            }
            return Ok(cost);
        }
        let next = next.get_or_insert_with(P::zeros);
        let cost = pass(x, y, own, next)?;
        axpy(share, next.as_slice(), gradient.as_mut_slice());
        Ok(cost)
    })
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
