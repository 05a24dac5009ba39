//! `cargo gradsmith`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_gradsmith::run(std::env::args_os())
}
