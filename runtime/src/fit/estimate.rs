//! What a fit has found.

use super::{Covariance, FitError, student};
use crate::kernel::scalar::Scalar;
use crate::model::objective::Residual;
use ndarray::{Array1, Array2, ArrayView1};

/// One number that was fitted, or held.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Parameter {
    /// As formulas write it: `b1`, `b[0]`.
    pub name: String,
    /// Its value at the end.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub value: f64,
    /// Its value at the start.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub start: f64,
    /// The square root of its variance; 0 if it was held, infinite where the data do not determine it.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub standard_error: f64,
    /// Whether it was held.
    pub fixed: bool,
    /// Between which numbers it was to be.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::two"))]
    pub bounds: [f64; 2],
}

impl Parameter {
    /// The value ± `t` standard errors.
    pub(super) fn interval(&self, t: f64) -> [f64; 2] {
        let half = if self.fixed { 0.0 } else { t * self.standard_error };
        [self.value - half, self.value + half]
    }

    /// Whether it has come to a bound: then its standard error is that of a fit without bounds.
    #[must_use]
    pub fn is_at_bound(&self) -> bool {
        let near = |b: &f64| b.is_finite() && (self.value - b).abs() <= 1e-8 * b.abs().max(1.0);
        !self.fixed && self.bounds.iter().any(near)
    }
}

/// Why a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stopped {
    /// The residuals are at right angles to what any parameter changes, or no step changes anything but the last digits.
    Converged,
    /// No smaller sum is to be found in the numbers at hand: mostly a minimum, in its last digits.
    NoProgress,
    /// The iterations that were allowed are used up.
    Iterations,
    /// The solver gave up, with what it says.
    Failed(String),
}

impl Stopped {
    /// Whether a minimum was found as far as the solver can tell.
    #[must_use]
    pub fn has_converged(&self) -> bool {
        matches!(self, Self::Converged)
    }
}

/// How often a search has called the problem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evaluations {
    /// For residuals.
    pub residuals: usize,
    /// For Jacobians.
    pub jacobians: usize,
}

/// A fitted curve, and the band around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its values.
    pub values: Array1<f64>,
    /// The lower end of the band.
    pub lower: Array1<f64>,
    /// The upper end.
    pub upper: Array1<f64>,
}

/// The parameters that a fit has found, and how well the data determine them. `Display` prints the table.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Estimate {
    /// In the order of the vector.
    pub parameters: Vec<Parameter>,
    /// r at these, times the weights: m numbers.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::vector"))]
    pub residuals: Array1<f64>,
    /// Σ r², of the same.
    #[cfg_attr(feature = "serde", serde(with = "super::serial::one"))]
    pub rss: f64,
    /// How many residuals count: those of weight 0 do not.
    pub observations: usize,
    /// These, less the parameters that were fitted.
    pub degrees_of_freedom: usize,
    /// Whether the residuals were said to have variance 1, which is then not estimated.
    pub known_deviations: bool,
    /// Of the parameters, the ones that were held among them.
    pub covariance: Covariance,
    /// 1 - Σ r² / Σ (y - mean y)², weighted, if the response is known.
    pub r_squared: Option<f64>,
    /// Why the search ended.
    pub stopped: Stopped,
    /// How often the problem was called.
    pub evaluations: Evaluations,
}

impl Estimate {
    /// The values of the parameters: a vector as the problem takes it.
    #[must_use]
    pub fn x(&self) -> Array1<f64> {
        self.parameters.iter().map(|p| p.value).collect()
    }

    /// The parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// How many parameters were fitted.
    #[must_use]
    pub fn varied(&self) -> usize {
        self.parameters.iter().filter(|p| !p.fixed).count()
    }

    /// Σ r² by the degrees of freedom: the variance of a residual of weight 1. NaN without any.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.rss / self.degrees_of_freedom as f64
    }

    /// n×n, with 1 on the diagonal.
    #[must_use]
    pub fn correlation(&self) -> Array2<f64> {
        self.covariance.correlation()
    }

    /// For each parameter the ends of its interval of confidence at this level, as 0.95: value ± t · standard error,
    /// by Student's t; by the normal distribution where deviations are known.
    ///
    /// # Errors
    /// [`FitError::Level`] if the level is not between 0 and 1.
    pub fn intervals(&self, level: f64) -> Result<Vec<[f64; 2]>, FitError> {
        let t = self.quantile(level)?;
        Ok(self.parameters.iter().map(|p| p.interval(t)).collect())
    }

    /// A curve at other points, with its band of confidence at this level: `other` is the same residual over them, with
    /// a response of 0, so that it is the curve itself (its negative, where the residual is the response less the curve).
    /// The curve ± t · √(g C g'), where g is its slope by the parameters and C their covariance (G. Seber and C. Wild, "Nonlinear regression", 1989, section 5.1).
    ///
    /// # Errors
    /// [`FitError::Level`] if the level is not between 0 and 1; [`FitError::Problem`] if `other` refuses the parameters.
    pub fn curve<P: Residual + ?Sized>(&self, other: &mut P, level: f64) -> Result<Curve, FitError> {
        let t = self.quantile(level)?;
        let x: Vec<P::Scalar> = self.parameters.iter().map(|p| P::Scalar::from_f64(p.value)).collect();
        let values = other.residual(&x)?.mapv(Scalar::to_f64);
        let slopes = other.jacobian(&x)?.mapv(Scalar::to_f64);
        let variance = |g: ArrayView1<'_, f64>| {
            let variance = g.dot(&self.covariance.matrix.dot(&g));
            // Of what the data do not determine nothing is known.
            if variance.is_nan() { f64::INFINITY } else { variance.max(0.0) }
        };
        let half: Array1<f64> = slopes.rows().into_iter().map(|g| t * variance(g).sqrt()).collect();
        Ok(Curve { lower: &values - &half, upper: &values + &half, values })
    }

    /// m log(Σ r² / m) + 2 n: Akaike's criterion but for a constant, as lmfit has it.
    #[must_use]
    pub fn akaike(&self) -> f64 {
        self.criterion(2.0)
    }

    /// m log(Σ r² / m) + n log(m): the Bayesian criterion, likewise.
    #[must_use]
    pub fn bayesian(&self) -> f64 {
        self.criterion((self.observations as f64).ln())
    }

    fn quantile(&self, level: f64) -> Result<f64, FitError> {
        student::of_level(level, if self.known_deviations { usize::MAX } else { self.degrees_of_freedom })
    }

    fn criterion(&self, price: f64) -> f64 {
        let m = self.observations as f64;
        m * (self.rss / m).ln() + price * self.varied() as f64
    }
}
