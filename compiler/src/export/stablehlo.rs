//! StableHLO.

use super::program::Program;
use super::{Options, Refusal};

/// Writes a module.
pub(super) fn write(_program: &Program, _options: &Options) -> Result<String, Refusal> {
    Err(Refusal { message: String::new(), help: String::new() })
}
