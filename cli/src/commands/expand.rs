//! `cargo gradsmith expand`: the Rust that a derive macro makes.

use crate::Failure;
use crate::commands::explain::Subject;
use crate::request::Request;
use std::io::Write;

/// Prints the generated code, formatted.
///
/// # Errors
/// Texts that are wrong.
pub fn run(request: &Request, _out: &mut dyn Write) -> Result<bool, Failure> {
    Subject::of(request)?;
    Err(Failure::Input("error: this version cannot print the generated code yet".to_owned()))
}
