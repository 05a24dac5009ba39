//! Products with vectors of 16 bytes, which need no more than the target has.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use super::forms::Form;
use super::level::{Level, level};
use super::vector::{Portable32, Portable64};
use crate::kernel::gemm::Gemm;

level!(baseline, [], Portable32 Portable64);
