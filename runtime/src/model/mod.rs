//! What a user's type implements, by a derive or by hand, or meets in doing so.
//!
//! [`cost`], [`network`] with its [`parameters`], and [`objective`] are the three traits of the derives;
//! [`init`] says where parameters start, [`data`] what a field of an objective may be, [`whole`] what one that
//! names entries, [`differences`]
//! whether a gradient is right, [`pattern`] which entries of a matrix may be other than 0, [`not_finite`] where a result that is no number comes from;
//! [`weighted`] what costs and networks make of examples of different weight.

pub(crate) mod constrained;
pub(crate) mod cost;
pub(crate) mod data;
pub(crate) mod differences;
pub(crate) mod init;
pub(crate) mod network;
pub(crate) mod not_finite;
pub(crate) mod objective;
pub(crate) mod parameters;
pub(crate) mod pattern;
pub(crate) mod variable;
pub(crate) mod weighted;
pub(crate) mod whole;
