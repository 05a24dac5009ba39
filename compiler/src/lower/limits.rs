//! How much a text may come to once names and calls stand for what they mean: a short one can be a tower of
//! definitions.

use super::{Lowerer, Reported};
use crate::diag::{Diagnostic, ErrorKind};
use crate::source::Place;

/// How deep definitions may call each other.
pub(super) const CALL_DEPTH: usize = 64;

/// How deep expressions may nest once names and calls stand for what they mean. In an unoptimised build 2 MiB
/// of stack are enough for it.
pub(super) const MAX_NESTING: usize = 200;

/// How many calls of definitions a text may come to.
pub(super) const MAX_FRAMES: usize = 10_000;

impl Lowerer<'_> {
    /// Reports that the text is more than can be lowered, and ends the lowering.
    pub(super) fn exhaust(&mut self, kind: ErrorKind, place: Place, message: String) -> Reported {
        if !self.exhausted {
            self.exhausted = true;
            let help = "definitions are written out where they are used: let fewer of them stand on others";
            self.errors.push(Diagnostic::new(kind, place, message).with_help(help));
        }
        Reported
    }

    /// Whether lowering may go one level deeper.
    pub(super) fn check_depth(&mut self, place: Place) -> Result<(), Reported> {
        if self.exhausted {
            return Err(Reported);
        }
        if self.depth < MAX_NESTING {
            return Ok(());
        }
        let message = format!("written out, this nests more than {MAX_NESTING} levels deep");
        Err(self.exhaust(ErrorKind::TooDeep, place, message))
    }
}
