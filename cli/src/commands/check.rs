//! `cargo gradsmith check`: reference cases through the compiler and its interpreter.

use crate::Failure;
use crate::cases::{interpret, read};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs every case of `files`, writes each disagreement and, last, how many cases passed and failed; whether
/// all did.
///
/// # Errors
/// A file that cannot be read or is no file of cases; nothing is run then.
pub fn run(files: &[PathBuf], out: &mut dyn Write) -> Result<bool, Failure> {
    let mut read_files = Vec::new();
    for path in files {
        let at = |what: String| Failure::Input(format!("error: {}: {what}", path.display()));
        let text = fs::read_to_string(path).map_err(|e| at(e.to_string()))?;
        read_files.push((path, read::cases(&text).map_err(|e| at(e.to_string()))?));
    }
    let (mut passed, mut failed) = (0, 0);
    for (path, cases) in read_files {
        let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        for case in cases {
            let case = Arc::new(case);
            let found = interpret::run(&case);
            if found.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            let wish = if case.required { "" } else { " (desirable)" };
            for disagreement in found {
                writeln!(out, "{file}: {}{wish}: {disagreement}", case.name)?;
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(failed == 0)
}
