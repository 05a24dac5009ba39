//! gradsmith beside hand-written `ndarray`, burn and candle, on the same inputs in one run.
//!
//! From the root of the repository:
//!
//! ```text
//! cargo bench --manifest-path benches/frameworks/Cargo.toml            # all
//! cargo bench --manifest-path benches/frameworks/Cargo.toml -- w3      # one workload
//! RAYON_NUM_THREADS=4 cargo bench --manifest-path benches/frameworks/Cargo.toml
//! ```
//!
//! The first build takes some minutes; burn asks for Rust 1.95. Without `RAYON_NUM_THREADS` everyone has one
//! thread; hand-written `ndarray` always has one. Before anything is timed, [`agree`] sees to it that
//! all four compute the same.
//!
//! burn and candle multiply matrices by the crate `gemm`, one copy for both, with its AVX-512 kernels
//! (`x86-v4`).

use std::error::Error;
use std::fmt;

pub mod burn;
pub mod candle;
pub mod derived;
pub mod hand;
pub mod workload;

pub use workload::{Data, Workload};

/// Whatever goes wrong in one of the libraries.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A workload set up with one of the libraries.
pub trait Contestant {
    /// What is timed: value and gradient, and a step against it where the workload has one. The value.
    ///
    /// # Errors
    /// The library's.
    fn run(&mut self) -> Result<f32, Failure>;

    /// The same; the gradient's norm, too.
    ///
    /// # Errors
    /// The library's.
    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure>;
}

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// What the derives write.
    Gradsmith,
    /// By hand: buffers made once, passes fused.
    Ndarray,
    /// Autodiff on backend flex.
    Burn,
    /// Its processor backend.
    Candle,
}

impl Library {
    /// gradsmith first: the others are compared with it.
    pub const ALL: [Self; 4] = [Self::Gradsmith, Self::Ndarray, Self::Burn, Self::Candle];

    /// The workload of these data, ready to run.
    ///
    /// # Errors
    /// The library's.
    pub fn on(self, data: &Data) -> Result<Box<dyn Contestant + '_>, Failure> {
        match self {
            Self::Gradsmith => derived::on(data),
            Self::Ndarray => hand::on(data),
            Self::Burn => Ok(burn::on(data)),
            Self::Candle => candle::on(data),
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gradsmith => "gradsmith",
            Self::Ndarray => "ndarray",
            Self::Burn => "burn",
            Self::Candle => "candle",
        })
    }
}

/// How far two libraries may be apart, relative to the number: all compute in single precision.
const TOLERANCE: f64 = 1e-3;

/// Ten steps show a wrong step as well as a wrong gradient.
const STEPS: usize = 10;

/// Whether all libraries find the same values and gradient norms on this workload, step by step.
///
/// # Errors
/// If one differs from gradsmith, or fails.
pub fn agree(workload: Workload) -> Result<(), Failure> {
    let data = workload.data();
    let mut expected = Vec::new();
    for library in Library::ALL {
        let mut contestant = library.on(&data)?;
        for step in 0..STEPS {
            let (value, norm) = contestant.run_with_norm()?;
            let found = [f64::from(value), norm];
            if library == Library::Gradsmith {
                expected.push(found);
            }
            let wanted = expected[step];
            // Not `>`: a NaN differs from everything.
            if !found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= TOLERANCE * b.abs()) {
                return Err(format!(
                    "{workload:?}, step {step}: value and gradient norm are {found:?} by {library}, {wanted:?} by gradsmith"
                )
                .into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_libraries_agree() -> Result<(), Failure> {
        Workload::ALL.into_iter().try_for_each(agree)
    }
}
