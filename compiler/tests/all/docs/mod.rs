//! The documentation that users read, held against the compiler.

#[cfg(feature = "derive")]
mod derives;
mod language;
