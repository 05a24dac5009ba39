#![doc = include_str!("../README.md")]
pub use gradsmith_macros::{Cost, Network, Objective};
#[cfg(feature = "argmin")]
pub use gradsmith_runtime::argmin;
pub use gradsmith_runtime::{
    Cost, CostValue, Error, Init, Network, Objective, Parameters, Residual, Rng, Scalar, TensorSpec,
    UnknownInit,
};
pub use gradsmith_runtime::{check, metrics, optim, parallel, train};

#[doc(hidden)]
pub use gradsmith_runtime::__private;
