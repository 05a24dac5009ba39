//! What generated code calls.

#[cfg(feature = "argmin")]
pub mod argmin;
pub mod axis;
pub mod blocks;
mod call;
pub mod check;
pub mod contract;
pub mod cost;
pub mod error;
pub mod linear;
pub mod math;
pub mod matrix;
pub mod metrics;
pub mod network;
pub mod objective;
pub mod optim;
pub mod parallel;
mod private;
pub mod rng;
mod room;
pub mod scalar;
pub mod simd;
mod step;
pub mod train;
mod workspace;

pub use cost::{Cost, CostValue};
pub use error::{Error, check_finite};
#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
#[doc(hidden)]
pub use error::{check_batch, check_extent, check_finite_scalar, check_length, check_shape, check_workspace};
pub use network::{Network, Parameters, Tensor};
pub use objective::{Objective, Residual};
pub use rng::{Init, Rng};
pub use scalar::Scalar;
