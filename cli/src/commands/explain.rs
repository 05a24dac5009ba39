//! `cargo gradsmith explain`: a cost, a network or an objective, its derivatives, and the steps to them.

use crate::Failure;
use crate::page;
use crate::request::Request;
use gradsmith_compiler::derivation::{self, Derivation, Room, Shown};
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
    writeln!(out, "{}", derivation(request, shown)?.written(target).trim_end())?;
    Ok(true)
}

/// The derivation of what is asked about.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about.
pub fn derivation(request: &Request, shown: Shown) -> Result<Derivation, Failure> {
    Ok(match request {
        Request::Cost(text) => {
            let program = text.program().map_err(|e| request.refusal(&e))?;
            derivation::cost(&program, &text.expr, shown.steps)
        }
        Request::Network(text) => {
            let program = text.program().map_err(|e| request.refusal(&e))?;
            derivation::network(&program, &text.network, &text.cost, shown.steps)
        }
        Request::Objective(text) => {
            let program = text.program().map_err(|e| request.refusal(&e))?;
            derivation::objective(&program, &text.expr, shown, Room::unlimited)
        }
    })
}
