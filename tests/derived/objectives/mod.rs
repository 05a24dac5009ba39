//! `#[derive(Objective)]`, compiled and run: kinds of fields, shapes, errors, second order, residuals, and
//! the textbook's derivatives as written by hand.
#![allow(non_snake_case, reason = "matrices have capital letters, as in the textbook")]

mod blocks;
mod constants;
mod cookbook;
mod derivations;
#[cfg(feature = "argmin")]
mod domains;
mod errors;
mod fields;
mod given;
mod nothing;
mod numbers;
mod residuals;
mod scales;
#[cfg(feature = "argmin")]
mod solvers;
mod symmetric;
mod textbook;
mod values;
mod variables;
