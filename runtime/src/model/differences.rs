//! Is this gradient right? The question of every hand-written derivative, answered by central differences.
//!
//! For entry i, with hᵢ = step · max(|xᵢ|, 1),
//!
//! ```text
//! numericᵢ = ( f(x + hᵢ eᵢ) − f(x − hᵢ eᵢ) ) / 2hᵢ  =  ∂f/∂xᵢ + O(hᵢ²) + O(ε f/hᵢ)
//! ```
//!
//! The step ∛ε balances the two errors (Nocedal and Wright, "Numerical Optimization", 2nd ed., section 8.1).
//! An entry passes if
//!
//! ```text
//! |analyticᵢ − numericᵢ|  ≤  tolerance · max(|analyticᵢ|, |numericᵢ|)
//!                            + 16 ε ( |f| / hᵢ  +  |∂²f/∂xᵢ²| max(|xᵢ|, 1) )
//! ```
//!
//! whose last term is what rounding alone, of f and within f, can do to the difference: below it nothing can
//! be said. An entry that does not pass is looked at again with the difference N(hᵢ/2) and Richardson's (4
//! N(hᵢ/2) − N(hᵢ))/3, whose error is O(hᵢ⁴): a function that bends much is no wrong gradient. At a kink
//! (relu at 0) a central difference is the mean of both sides, and may rightly differ from the derivative
//! that a library chooses there.

use std::fmt;

use crate::error::Error;
use crate::kernel::checks::check_length;
use crate::kernel::scalar::Scalar;

/// How [`check_gradient`] looks. `CheckOptions::default()` suits a smooth function of well-scaled arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CheckOptions {
    step: Option<f64>,
    tolerance: Option<f64>,
    entries: Option<usize>,
}

impl CheckOptions {
    /// The step relative to max(|xᵢ|, 1); by default ∛ε of the precision, 6e-6 for `f64` and 5e-3 for `f32`.
    #[must_use]
    pub fn step(mut self, step: f64) -> Self {
        self.step = Some(step);
        self
    }

    /// The relative error up to which an entry passes; by default 1e-6 for `f64` and 1e-2 for `f32`.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = Some(tolerance);
        self
    }

    /// Checks at most so many entries, evenly spread over the gradient; by default all. Each takes two calls
    /// of the function.
    #[must_use]
    pub fn entries(mut self, entries: usize) -> Self {
        self.entries = Some(entries);
        self
    }
}

/// One entry of a gradient, by the two ways to it.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientEntry {
    /// Which entry of the flat gradient.
    pub index: usize,
    /// The tensor it belongs to and the place in it, where the parameters have names.
    pub place: Option<(&'static str, Vec<usize>)>,
    /// What was to be checked.
    pub analytic: f64,
    /// The central difference.
    pub numeric: f64,
    /// |analytic − numeric| / max(|analytic|, |numeric|); 0 where both are 0.
    pub relative_error: f64,
    /// |analytic − numeric| over what is allowed; the entry passes up to 1.
    pub excess: f64,
}

impl fmt::Display for GradientEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.index)?;
        if let Some((name, index)) = &self.place {
            write!(f, " (`{name}` at {index:?})")?;
        }
        let Self { analytic, numeric, relative_error, .. } = self;
        write!(f, ": analytic {analytic:e}, numeric {numeric:e}, relative error {relative_error:.1e}")
    }
}

/// What [`check_gradient`] found.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a report that nobody reads checks nothing: assert!(report.passed(), \"{report}\")"]
pub struct GradientReport {
    /// How many entries were compared.
    pub checked: usize,
    /// How many of them differ by more than is allowed.
    pub failed: usize,
    /// The entry that differs most, measured by what is allowed; `None` if there was nothing to compare.
    pub worst: Option<GradientEntry>,
    /// The relative error up to which an entry passes.
    pub tolerance: f64,
}

impl GradientReport {
    /// Whether every entry that was compared is within what is allowed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed == 0
    }
}

impl fmt::Display for GradientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { checked, failed, tolerance, .. } = self;
        if self.passed() {
            write!(f, "gradient agrees in {checked} entries (tolerance {tolerance:e})")?;
        } else {
            write!(f, "gradient differs in {failed} of {checked} entries (tolerance {tolerance:e})")?;
        }
        match &self.worst {
            Some(worst) => write!(f, "; worst: {worst}"),
            None => Ok(()),
        }
    }
}

/// Compares `gradient` with central differences of `f` about `x`. Works for any function of a slice; `f` is
/// called twice an entry, four times where the first look finds a difference.
///
/// # Errors
/// [`Error::ParameterLength`] if `gradient` and `x` differ in length, [`Error::InvalidOption`] for a step or
/// tolerance that is not finite and greater than 0, [`Error::NonFinite`] if `gradient` or `x` holds NaN or ∞,
/// or if `f` returns one (the index is then the entry of `x` that was moved, none at `x` itself). A gradient
/// that differs is no error but a report that has not [`passed`](GradientReport::passed).
///
/// ```
/// use gradsmith_runtime::check::{CheckOptions, check_gradient};
///
/// let f = |x: &[f64]| x[0].sin() * x[1];
/// let x = [0.3_f64, 2.0];
///
/// let gradient = [x[1] * x[0].cos(), x[0].sin()];
/// let report = check_gradient(f, &gradient, &x, CheckOptions::default())?;
/// assert!(report.passed(), "{report}");
///
/// let wrong = [x[1] * x[0].cos(), -x[0].sin()];
/// let report = check_gradient(f, &wrong, &x, CheckOptions::default())?;
/// assert!(report.to_string().starts_with(
///     "gradient differs in 1 of 2 entries (tolerance 1e-6); worst: entry 1: analytic -2.955"
/// ));
/// # Ok::<(), gradsmith_runtime::Error>(())
/// ```
pub fn check_gradient<T: Scalar>(
    mut f: impl FnMut(&[T]) -> T,
    gradient: &[T],
    x: &[T],
    options: CheckOptions,
) -> Result<GradientReport, Error> {
    check_length(x.len(), gradient.len())?;
    let epsilon = T::EPSILON.to_f64();
    let positive = |option, value: f64| {
        if value.is_finite() && value > 0.0 {
            return Ok(value);
        }
        Err(Error::InvalidOption { option, value, requirement: "finite and greater than 0" })
    };
    let step = positive("step", options.step.unwrap_or(epsilon.cbrt()))?;
    let default_tolerance = if epsilon < 1e-10 { 1e-6 } else { 1e-2 };
    let tolerance = positive("tolerance", options.tolerance.unwrap_or(default_tolerance))?;
    crate::kernel::checks::check_finite("x", ndarray::aview1(x))?;
    crate::kernel::checks::check_finite("gradient", ndarray::aview1(gradient))?;
    let f_centre = f(x).to_f64();
    if !f_centre.is_finite() {
        return Err(Error::NonFinite { tensor: "f".into(), index: Vec::new(), value: f_centre });
    }

    let checked = options.entries.unwrap_or(x.len()).min(x.len());
    let mut report = GradientReport { checked, failed: 0, worst: None, tolerance };
    let mut point = x.to_vec();
    for k in 0..checked {
        // Evenly spread; the product may not fit usize for huge parameters.
        let index = (k as u128 * x.len() as u128 / checked as u128) as usize;
        let centre = x[index].to_f64();
        let scale = centre.abs().max(1.0);
        let mut value_at = |offset: f64| {
            point[index] = T::from_f64(centre + offset);
            let value = f(&point).to_f64();
            // x ± h is rounded to the precision: what counts is the distance that was really gone.
            let gone = point[index].to_f64() - centre;
            point[index] = x[index];
            if value.is_finite() {
                Ok((gone, value))
            } else {
                Err(Error::NonFinite { tensor: "f".into(), index: vec![index], value })
            }
        };
        let mut slope = |h: f64| {
            let ((right, f_right), (left, f_left)) = (value_at(h)?, value_at(-h)?);
            Ok(((f_right - f_left) / (right - left), f_right, f_left))
        };
        let h = step * scale;
        let (mut numeric, f_right, f_left) = slope(h)?;
        let analytic = gradient[index].to_f64();
        let curvature = (f_right - 2.0 * f_centre + f_left).abs() / (h * h);
        let noise = 16.0 * epsilon * (f_right.abs().max(f_left.abs()) / h + curvature * scale);
        // |analytic − numeric| relative to their size, and relative to what is allowed.
        let compare = |numeric: f64| {
            let difference = (analytic - numeric).abs();
            let size = analytic.abs().max(numeric.abs());
            let share = |of: f64| if difference == 0.0 { 0.0 } else { difference / of };
            (share(size), share(tolerance * size + noise))
        };
        let (mut relative_error, mut excess) = compare(numeric);
        if excess > 1.0 {
            numeric = (4.0 * slope(0.5 * h)?.0 - numeric) / 3.0;
            (relative_error, excess) = compare(numeric);
        }
        // A difference that overflows is NaN or infinite, and no agreement.
        if excess.is_nan() {
            excess = f64::INFINITY;
        }
        report.failed += usize::from(excess > 1.0);
        if report.worst.as_ref().is_none_or(|worst| excess > worst.excess) {
            report.worst =
                Some(GradientEntry { index, place: None, analytic, numeric, relative_error, excess });
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64]) -> f64 {
        100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)
    }

    fn rosenbrock_gradient(x: &[f64]) -> [f64; 2] {
        let inner = x[1] - x[0] * x[0];
        [-400.0 * x[0] * inner - 2.0 * (1.0 - x[0]), 200.0 * inner]
    }

    #[test]
    fn a_right_gradient_passes_at_any_scale() -> Result<(), Error> {
        for x in [[-1.2, 1.0], [1.0, 1.0], [0.0, 0.0], [300.0, -4000.0]] {
            let report = check_gradient(rosenbrock, &rosenbrock_gradient(&x), &x, CheckOptions::default())?;
            assert!(report.passed(), "{report}");
            assert_eq!(report.checked, 2);
        }
        Ok(())
    }

    #[test]
    fn an_error_of_a_thousandth_is_found_and_placed() -> Result<(), Error> {
        let x = [-1.2, 1.0];
        let mut gradient = rosenbrock_gradient(&x);
        gradient[1] *= 1.001;
        let report = check_gradient(rosenbrock, &gradient, &x, CheckOptions::default())?;
        assert_eq!((report.failed, report.passed()), (1, false));
        let worst = report.worst.unwrap();
        assert_eq!((worst.index, worst.analytic), (1, gradient[1]));
        assert!((worst.relative_error - 1e-3).abs() < 1e-5);
        let report = check_gradient(rosenbrock, &gradient, &x, CheckOptions::default().tolerance(0.01))?;
        assert!(report.passed(), "{report}");
        Ok(())
    }

    #[test]
    fn single_precision_is_judged_by_its_own_rounding() -> Result<(), Error> {
        let f = |x: &[f32]| x.iter().map(|x| x.exp()).sum::<f32>();
        let x = [0.5_f32, -3.0, 2.0, 0.0];
        let right = x.map(f32::exp);
        let report = check_gradient(f, &right, &x, CheckOptions::default())?;
        assert!(report.passed(), "{report}");
        let report = check_gradient(f, &right.map(|g| 1.1 * g), &x, CheckOptions::default())?;
        assert!(!report.passed(), "{report}");
        Ok(())
    }

    #[test]
    fn a_missing_entry_of_zero_is_found() -> Result<(), Error> {
        let f = |x: &[f64]| x[0] + 1e-3 * x[1];
        let report = check_gradient(f, &[1.0, 0.0], &[1.0, 1.0], CheckOptions::default())?;
        assert_eq!((report.failed, report.worst.map(|w| w.index)), (1, Some(1)));
        Ok(())
    }

    #[test]
    fn entries_are_spread_evenly() -> Result<(), Error> {
        let mut moved = Vec::new();
        let x = [0.0_f64; 100];
        let f = |p: &[f64]| {
            moved.extend(p.iter().position(|&p| p != 0.0));
            0.0
        };
        let report = check_gradient(f, &x, &x, CheckOptions::default().entries(4))?;
        assert_eq!((report.checked, report.passed()), (4, true));
        assert_eq!(moved, [0, 0, 25, 25, 50, 50, 75, 75]);
        Ok(())
    }

    #[test]
    fn mistakes_are_errors() {
        let f = |x: &[f64]| x[0].ln();
        let options = CheckOptions::default();
        assert_eq!(
            check_gradient(f, &[1.0, 2.0], &[1.0], options),
            Err(Error::ParameterLength { expected: 1, found: 2 })
        );
        assert!(check_gradient(f, &[1.0], &[1.0], options.step(0.0)).is_err());
        assert!(check_gradient(f, &[1.0], &[1.0], options.tolerance(f64::NAN)).is_err());
        let error = check_gradient(f, &[f64::NAN], &[1.0], options).unwrap_err();
        assert_eq!(error.to_string(), "`gradient` is NaN at [0]");
        let step = f64::from_bits(1.0_f64.to_bits() + 1);
        let error = check_gradient(f, &[1.0], &[1.0], options.step(step)).unwrap_err();
        assert_eq!(error.to_string(), "`f` is NaN at [0]");
        let error = check_gradient(f, &[1.0], &[-1.0], options).unwrap_err();
        assert_eq!(error.to_string(), "`f` is NaN");
    }
}
