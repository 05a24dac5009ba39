#![doc = include_str!("../README.md")]
#![doc = include_str!("tour.md")]
#[cfg(doctest)]
mod doctests;
pub mod guide;
pub mod language;

/// Implements the trait [`Cost`](trait@Cost), from a formula in the [cost language](language).
pub use gradsmith_macros::Cost;
/// Implements the trait [`Network`](trait@Network), from a network and a cost in the
/// [cost language](language).
pub use gradsmith_macros::Network;
/// Makes a problem that implements the trait [`Objective`](trait@Objective), from a formula in the
/// [cost language](language).
pub use gradsmith_macros::Objective;
#[cfg(feature = "argmin")]
pub use gradsmith_runtime::argmin;
#[cfg(feature = "fit")]
pub use gradsmith_runtime::fit;
#[cfg(feature = "plot")]
pub use gradsmith_runtime::plot;
#[cfg(any(feature = "safetensors", feature = "serde"))]
pub use gradsmith_runtime::save;
pub use gradsmith_runtime::{
    Constrained, Cost, CostValue, Error, Init, Network, Objective, Parameters, Pattern, Relation, Residual,
    Rng, Scalar, TensorSpec, UnknownInit, Variable,
};
pub use gradsmith_runtime::{check, metrics, optim, parallel, ranks, train};

#[doc(hidden)]
pub use gradsmith_runtime::__private;
