//! `cargo gradsmith explain`: a cost, a network or an objective, its derivatives, and the steps to them.

use crate::Failure;
use crate::request::Request;
use gradsmith_compiler::derivation::{self, Room, Shown};
use gradsmith_compiler::emit;
use std::io::Write;

/// Prints the derivation in the notation of this name.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about. A notation that does not exist.
pub fn run(request: &Request, format: &str, shown: Shown, out: &mut dyn Write) -> Result<bool, Failure> {
    let Some(target) = emit::target(format) else {
        return Err(Failure::Input(format!("error: formulas are not written as `{format}`")));
    };
    let derivation = match request {
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
    };
    writeln!(out, "{}", derivation.written(target).trim_end())?;
    Ok(true)
}
