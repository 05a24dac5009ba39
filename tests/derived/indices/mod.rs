//! Indices, compiled and run: tensors as data, variables, inputs and parameters; whole numbers that name entries;
//! what is checked once data is given.
#![allow(non_snake_case, reason = "matrices have capital letters in formulas")]

mod computed;
mod costs;
mod lists;
mod named;
mod networks;
mod patterns;
mod prepared;
mod sizes;
