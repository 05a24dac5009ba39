//! A test that lacks what it needs (a compiler's release, a folder, a tool) says so where people see it.

use std::io::Write;

/// Set, to anything but `0`, where nothing may be left out: there [`skipped`] fails.
const NO_SKIP: &str = "GRADSMITH_NO_SKIP";

/// Says that the rest of this test does not run, and why: on standard error, whatever the harness captures;
/// an error under `GRADSMITH_NO_SKIP`.
///
/// # Panics
///
/// Where the environment has `GRADSMITH_NO_SKIP`.
#[track_caller]
pub fn skipped(why: &str) {
    let allowed = std::env::var_os(NO_SKIP).is_none_or(|set| set == "0");
    assert!(allowed, "skipped under {NO_SKIP}: {why}");
    note(&format!("skipped: {why} ({NO_SKIP}=1 makes this an error)"));
}

/// A line that people see though the test passes: the harness captures what `eprintln!` writes, and not this.
pub fn note(what: &str) {
    let thread = std::thread::current();
    // Where standard error is closed, nobody looks.
    let _ = writeln!(std::io::stderr(), "{}: {what}", thread.name().unwrap_or("a test"));
}
