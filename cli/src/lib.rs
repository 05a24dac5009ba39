//! `cargo gradsmith`: explain, expand and check cost functions from the command line.
//!
//! The commands are in [`commands`]; [`cases`] reads and runs reference cases, for `check` and for the
//! project's tests.

pub mod cases;
pub mod commands;
pub mod page;
pub mod request;

mod args;
mod derived;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The input is at fault: the text to show.
    Input(String),
    /// Texts are wrong, each mistake with the text that it is in.
    Texts(Vec<request::Mistake>),
    /// The output cannot be written.
    Output(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) => f.write_str(text),
            Self::Texts(mistakes) => {
                let all: Vec<&str> = mistakes.iter().map(|m| m.says.as_str()).collect();
                f.write_str(&all.join("\n\n"))
            }
            Self::Output(error) => write!(f, "the output cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<request::Mistake> for Failure {
    fn from(mistake: request::Mistake) -> Self {
        Self::Texts(vec![mistake])
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command line `args`, its first word being the program.
///
/// Exit code 0: done; 1: cases failed; 2: the input or the command line is at fault.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().collect();
    // `cargo gradsmith check` runs `cargo-gradsmith gradsmith check`.
    if args.get(1).is_some_and(|word| word == "gradsmith") {
        args.remove(1);
    }
    let matches = match args::command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = args::dispatch(&matches, &mut out).and_then(|good| {
        out.flush()?;
        Ok(good)
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // A reader that has seen enough, as in `| head`, is no failure.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(2)
        }
    }
}
