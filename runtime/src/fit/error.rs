//! What a fit can refuse.

use crate::error::Error;
use std::fmt;

/// What a fit can refuse.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FitError {
    /// The problem has no value at the start: what it says of it.
    Start(Error),
    /// The problem refused what it was asked for later on.
    Problem(Error),
    /// The solver refused the problem, with what it says.
    Solver(String),
    /// No parameter has this name.
    UnknownParameter {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A lower bound is not below the upper one, or one of them is NaN.
    Bounds {
        /// The parameter.
        name: String,
        /// Its bounds.
        bounds: [f64; 2],
    },
    /// There are not as many weights as residuals, or a weight is negative or no finite number.
    Weights {
        /// How many residuals there are.
        residuals: usize,
        /// How many weights were given.
        weights: usize,
        /// The first that is no weight, where the number is right.
        wrong: Option<usize>,
    },
    /// There are not as many entries of the response as residuals.
    Response {
        /// How many residuals there are.
        residuals: usize,
        /// How many entries were given.
        entries: usize,
    },
    /// A residual with `st(...)`: what minimises under constraints is another call.
    Constrained,
    /// A level of confidence is not between 0 and 1.
    Level(f64),
    /// A tolerance is not above 0.
    Tolerance(f64),
}

impl From<Error> for FitError {
    fn from(error: Error) -> Self {
        Self::Problem(error)
    }
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => {
                write!(f, "the fit cannot begin at the start that was given: {error}; give another start")
            }
            Self::Problem(error) => error.fmt(f),
            Self::Solver(why) => write!(f, "the solver refused the problem: {why}"),
            Self::UnknownParameter { name, known } => {
                write!(f, "no parameter is called `{name}`; there are {}", known.join(", "))
            }
            Self::Bounds { name, bounds: [lower, upper] } => {
                write!(f, "`{name}` cannot be between {lower} and {upper}: the lower bound comes first")
            }
            Self::Weights { residuals, weights, wrong: None } => {
                write!(f, "there are {weights} weights for {residuals} residuals; give one for each")
            }
            Self::Weights { wrong: Some(k), .. } => {
                write!(
                    f,
                    "weight {k} is negative or no finite number; a residual that does not count has weight 0"
                )
            }
            Self::Response { residuals, entries } => {
                write!(f, "the response has {entries} entries for {residuals} residuals; give one for each")
            }
            Self::Constrained => f.write_str(
                "a fit knows bounds, but no constraints `st(...)`; `Minimise::minimise` knows both",
            ),
            Self::Tolerance(tolerance) => write!(f, "{tolerance} is no tolerance; it is above 0, as 1e-9 is"),
            Self::Level(level) => {
                write!(f, "{level} is no level of confidence; it lies between 0 and 1, as 0.95 does")
            }
        }
    }
}

impl std::error::Error for FitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) | Self::Problem(error) => Some(error),
            _ => None,
        }
    }
}
