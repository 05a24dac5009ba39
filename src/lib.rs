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

// Temporary, until generated code goes through `__private` alone: see the runtime's temporary.rs.
mod temporary {
    pub use gradsmith_runtime::{
        Tensor, axis, blocks, check_batch, check_extent, check_finite, check_finite_scalar, check_length,
        check_shape, check_workspace, contract, linear, matrix, scalar, scalars, simd,
    };
}
#[doc(hidden)]
pub use temporary::*;
