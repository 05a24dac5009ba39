//! `cargo gradsmith explain`: a cost, a network or an objective, its derivatives, and the steps to them.

use crate::Failure;
use crate::derived::Derived;
use crate::page;
use crate::request::Request;
use gradsmith_compiler::derivation::Shown;
use gradsmith_compiler::emit;
use std::io::Write;

/// Prints the derivation in the notation of this name.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about. A notation that does not exist.
pub fn run(request: &Request, format: &str, shown: Shown, out: &mut dyn Write) -> Result<bool, Failure> {
    match format {
        "svg" => {
            out.write_all(page::picture(request)?.as_bytes())?;
            return Ok(true);
        }
        "html" => {
            out.write_all(page::whole(request, shown)?.as_bytes())?;
            return Ok(true);
        }
        _ => {}
    }
    let Some(target) = emit::target(format) else {
        return Err(Failure::Input(format!("error: formulas are not written as `{format}`")));
    };
    writeln!(out, "{}", Derived::of(request)?.derivation(shown).written(target).trim_end())?;
    Ok(true)
}
