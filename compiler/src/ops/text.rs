//! The texts of the rows, parsed.

use crate::source::SourceId;
use crate::syntax::ast::{Expr, Program};
use crate::syntax::parse;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// Parses a row's text, once.
///
/// # Panics
/// Where the text is no expression: a defect of the compiler's own tables, which the tests read whole.
#[must_use]
pub fn parsed(text: &'static str) -> &'static Expr {
    static KNOWN: LazyLock<Mutex<HashMap<&'static str, &'static Expr>>> = LazyLock::new(Mutex::default);
    let mut known = match KNOWN.lock() {
        Ok(known) => known,
        Err(poisoned) => poisoned.into_inner(),
    };
    known.entry(text).or_insert_with(|| match parse::program(text, SourceId::Catalog) {
        Ok(Program { result, .. }) => Box::leak(Box::new(result)),
        Err(error) => unreachable!("the compiler's own table: {error}"),
    })
}
