//! Checks: of a gradient against central differences, and of what a caller hands in.
//!
//! [`check_gradient`] compares any gradient with differences of its function, [`check_network`] that of a
//! network; an objective has [`check_gradient`](crate::Objective::check_gradient) as a method. The other
//! functions find a wrong shape, an empty batch or a number that is not finite, and return it as an
//! [`Error`]: derived code begins with them, and so may a [`Cost`](crate::Cost) or a
//! [`Network`] written by hand.
//!
//! ```
//! use gradsmith_runtime::Error;
//! use gradsmith_runtime::check::{check_batch, check_shape};
//!
//! fn sizes(a: [usize; 2], y: [usize; 2]) -> Result<usize, Error> {
//!     check_batch(a[0])?;
//!     check_shape("y", &a, &y)?;
//!     Ok(a[0])
//! }
//!
//! assert_eq!(sizes([3, 2], [3, 2]), Ok(3));
//! assert_eq!(sizes([3, 2], [3, 1]).unwrap_err().to_string(), "`y` has 1 column (axis 1), expected 2");
//! ```

use ndarray::ArrayView2;

use crate::error::Error;
use crate::kernel::scalar::Scalar;
use crate::model::network::Network;
use crate::model::parameters::Parameters;

pub use crate::kernel::checks::{
    check_batch, check_extent, check_finite, check_finite_scalar, check_length, check_shape, check_workspace,
};
pub use crate::model::differences::{CheckOptions, GradientEntry, GradientReport, check_gradient};

/// [`check_gradient`] for a network: compares what [`Network::value_and_gradient`] returns with differences
/// of [`Network::value`] about `parameters`, on the batch `x`, `y`. The report names the tensor of the worst
/// entry.
///
/// # Errors
/// Those of [`Network::value_and_gradient`] and of [`check_gradient`].
pub fn check_network<N: Network>(
    network: &N,
    parameters: &N::Parameters,
    x: ArrayView2<'_, N::Scalar>,
    y: ArrayView2<'_, N::Scalar>,
    options: CheckOptions,
) -> Result<GradientReport, Error> {
    let mut workspace = network.workspace(x.nrows());
    let mut gradient = N::Parameters::zeros();
    network.value_and_gradient(parameters, x, y, &mut workspace, &mut gradient)?;
    let mut trial = N::Parameters::zeros();
    let mut failure = None;
    let f = |point: &[N::Scalar]| {
        trial.as_mut_slice().copy_from_slice(point);
        network.value(&trial, x, y, &mut workspace).map_or_else(
            |error| {
                failure = Some(error);
                N::Scalar::NAN
            },
            |cost| cost.total(),
        )
    };
    let report = check_gradient(f, gradient.as_slice(), parameters.as_slice(), options);
    let mut report = failure.map_or(report, Err)?;
    if let Some(worst) = &mut report.worst {
        worst.place = N::Parameters::locate(worst.index).map(|(tensor, index)| (tensor.name, index));
    }
    Ok(report)
}
