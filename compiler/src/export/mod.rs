//! Programs for other engines: what those have no function for, in terms of what all of them have.

pub mod functions;
