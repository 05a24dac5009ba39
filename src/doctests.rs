//! The examples of the derives' documentation. They use this crate, on which that of the macros cannot
//! depend, so they are run here.

#[doc = include_str!("../macros/docs/cost.md")]
mod cost {}
#[doc = include_str!("../macros/docs/network.md")]
mod network {}
#[doc = include_str!("../macros/docs/objective.md")]
mod objective {}
