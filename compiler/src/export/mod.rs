//! The same derivative for engines that exist: NumPy, JAX, and XLA by StableHLO.
//!
//! ```text
//! texts --program--> functions of one graph --lower, product--> arrays --> a file for each engine
//! ```
//!
//! [`program`] says which functions a cost, a network and an objective have. [`arrays`] is what all engines compute with; an
//! element-wise function that one lacks is made of what it has, by its definition in `functions.cost`. A
//! notation for programs is a file here and a line in [`ALL`]; formulas for people are in [`emit`](crate::emit).

pub mod arrays;
pub mod functions;
mod lower;
mod product;
pub mod program;
mod python;
mod stablehlo;

use crate::ir::{Extent, ExtentKind, Graph};
use program::Program;
use std::collections::BTreeMap;
use std::fmt;

/// What numbers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// In single precision.
    F32,
    /// In double precision.
    #[default]
    F64,
}

/// An axis of the data divided among devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The extent that is divided: `m`.
    pub extent: String,
    /// What the axis of the mesh is called.
    pub axis: String,
    /// How many devices there are.
    pub devices: usize,
}

/// How a program is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many values indices take, by the names of extents.
    pub extents: BTreeMap<String, usize>,
    /// What numbers are.
    pub precision: Precision,
    /// What is divided among devices.
    pub shard: Option<Shard>,
}

impl Options {
    /// How many values an index takes, if that is known.
    #[must_use]
    pub fn size(&self, g: &Graph, e: Extent) -> Option<usize> {
        match (g.extents.kind(e), g.extents.factors(e), g.extents.derived(e)) {
            (ExtentKind::Constant(n), ..) => Some(*n),
            (ExtentKind::Unknown, ..) => None,
            (ExtentKind::Symbol(name), ..) if self.extents.contains_key(name) => {
                self.extents.get(name).copied()
            }
            (_, Some((a, b)), _) => self.size(g, a)?.checked_mul(self.size(g, b)?),
            (_, None, Some(form)) => {
                let known = form.terms.iter().all(|&(x, _)| self.size(g, x).is_some());
                let value = form.value(|x| self.size(g, x).unwrap_or(0));
                known.then(|| usize::try_from(value).unwrap_or(0))
            }
            (_, None, None) => None,
        }
    }
}

/// Why a program is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What stands in the way.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for Refusal {}

/// A notation for programs.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: `numpy`, `jax`, `stablehlo`.
    pub name: &'static str,
    /// What it is, in a line.
    pub says: &'static str,
    /// Writes a program.
    pub write: fn(&Program, &Options) -> Result<String, Refusal>,
}

/// Every notation.
pub static ALL: &[Target] = &[
    Target {
        name: "numpy",
        says: "a Python module on NumPy and SciPy's special functions",
        write: python::numpy,
    },
    Target {
        name: "jax",
        says: "a Python module on JAX, for jit, meshes and optimisers",
        write: python::jax,
    },
    Target {
        name: "stablehlo",
        says: "an MLIR module for XLA: CPUs, GPUs, TPUs, meshes of them",
        write: stablehlo::write,
    },
];

/// The notation of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|t| t.name == name)
}
