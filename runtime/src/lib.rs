//! The runtime of gradsmith: what its users' types implement, what users call, and what generated code calls.
//!
//! Depend on `gradsmith`, which offers all of this under its own name, and the derives. From here come
//!
//! - the traits [`Cost`], [`Network`] with its [`Parameters`], [`Objective`] and [`Residual`], which the
//!   derives implement and code by hand may; [`CostValue`], [`Pattern`], [`TensorSpec`] and [`Init`], which they speak of;
//!   [`Scalar`], which is `f32` or `f64`; [`Error`], all that can be refused
//! - [`train`], with optimisers from [`optim`] and measures from [`metrics`]
//! - [`check`]: gradients against differences, and what a caller hands in against what is expected
//! - [`parallel`]: how many threads large products and many rows are divided among; [`ranks`]: rows among processes
//! - [`Rng`]: the same random numbers on every machine
#![cfg_attr(feature = "fit", doc = "- [`fit`]: parameters with standard errors")]
#![cfg_attr(
    any(feature = "safetensors", feature = "serde"),
    doc = "- [`save`]: parameters in files, and beside other things that serde writes"
)]
#![cfg_attr(feature = "plot", doc = "- [`plot`]: pictures of histories and of fits")]
#![cfg_attr(feature = "argmin", doc = "- [`argmin`]: prepared problems for argmin's solvers")]
//!
//! Inside, the crate is built in layers: errors; the kernels, which generated code reaches through one hidden
//! module; the optimisers; the traits; training and checks. None imports from one above it.

#[cfg(feature = "argmin")]
pub mod argmin;
pub mod check;
mod error;
#[cfg(feature = "fit")]
pub mod fit;
mod kernel;
pub mod metrics;
mod model;
#[cfg(feature = "serde")]
mod number;
pub mod optim;
#[cfg(feature = "plot")]
pub mod plot;
mod rng;
#[cfg(any(feature = "safetensors", feature = "serde"))]
pub mod save;
mod tensors;
pub mod train;

pub use error::Error;
pub use kernel::parallel;

/// Rows divided among processes: what these exchange, and which rows each holds.
pub mod ranks {
    pub use crate::kernel::ranks::{Alone, Exchange, Ranks, Reduction, rows};
}

pub use kernel::scalar::Scalar;
pub use model::constrained::{Constrained, Relation};
pub use model::cost::{Cost, CostValue};
pub use model::init::{Init, UnknownInit};
pub use model::network::Network;
pub use model::objective::{Objective, Residual};
pub use model::parameters::Parameters;
pub use model::pattern::Pattern;
pub use model::variable::Variable;
pub use rng::Rng;
pub use tensors::TensorSpec;

/// What only generated code names, in one flat list.
#[doc(hidden)]
pub mod __private {
    pub use core::marker::PhantomData;
    pub use core::mem::take;
    pub use core::option::Option::{self, None, Some};
    pub use core::result::Result::{self, Ok};
    pub use ndarray::{
        Array1, Array2, Array3, Array4, Array5, Array6, ArrayD, ArrayView1, ArrayView2, ArrayView3,
        ArrayView4, ArrayView5, ArrayView6, ArrayViewD, ArrayViewMut1, ArrayViewMut2, ArrayViewMut3,
        ArrayViewMut4, ArrayViewMut5, ArrayViewMut6, ArrayViewMutD,
    };

    pub use crate::kernel::arrays::{
        array, array_mut, checked, checked_mut, count, held, matrix, matrix_mut, narrow, of_outputs,
        place_block, place_columns, place_entries, place_part, shaped, tensor, tensor_mut, zeros,
    };
    pub use crate::kernel::axis::{log_softmax, logsumexp, max, norm, softmax};
    pub use crate::kernel::blocks::{Division, Parts, Share};
    pub use crate::kernel::checks::{
        batch, check_batch, check_length, check_outputs, check_shape, check_some, check_symmetric,
    };
    pub use crate::kernel::contract::small::matmul as matmul_small;
    pub use crate::kernel::contract::{VectorProduct, gram, matmul, matmul_onto, matvec_pair};
    pub use crate::kernel::extents::{
        affine, check_end, check_range, check_some_of, check_subscript, entries_of, extent, less, quotient,
        solved,
    };
    pub use crate::kernel::gemm::Accum;
    pub use crate::kernel::linear::{factor, factor_each, factor_symmetric};
    pub use crate::kernel::matrix::{Mat, MatMut};
    pub use crate::kernel::memory::{
        Entries, Scratch, Workspace, entries, entries_mut, lines, numbers, split, split_mut,
    };
    pub use crate::kernel::others::others;
    pub use crate::kernel::products::{add_product, column, mat, mat_mut, product, product_onto, row};
    pub use crate::kernel::ranks::{Alone, Among, Exchange, fingerprint};
    pub use crate::kernel::running::{sums_onwards, sums_upto};
    pub use crate::kernel::runs::Runs;
    pub use crate::kernel::simd::Math;
    pub use crate::kernel::step::{
        EXAMPLES, Fold, by_width, each, examples_at_once, repeat, rows, scalar_step, step, sum, sums,
    };
    pub use crate::kernel::sums::{Running, Total, axpy, max_of_lanes, sum_of_lanes};
    pub use crate::kernel::walk::{Arrays, EachColumn, EachRow, N, Summed};
    pub use crate::model::data::{Datum, IntoEntries, refill, refill_symmetric};
    pub use crate::model::network::finite_cost;
    pub use crate::model::not_finite::{Cause, cause, finite, finite_entries};
    pub use crate::model::objective::hessian_by_products;
    pub use crate::model::pattern::{Pattern, Slots};
    pub use crate::model::weighted::{weighted_gradient, weighted_value};
    pub use crate::model::whole::{Reads, Whole, places, refill_places};
    pub use crate::optim::checked_rate;
    pub use crate::{
        Constrained, Cost, CostValue, Error, Init, Network, Objective, Parameters, Relation, Residual, Rng,
        Scalar, TensorSpec, Variable,
    };
}
