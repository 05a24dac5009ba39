//! What a user's type implements, by a derive or by hand, or meets in doing so.

pub(crate) mod cost;
pub(crate) mod data;
pub(crate) mod differences;
pub(crate) mod init;
pub(crate) mod network;
pub(crate) mod objective;
pub(crate) mod parameters;
