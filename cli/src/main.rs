//! `cargo gradsmith`.

use std::process::ExitCode;
use std::thread;

/// Formulas nest, and what walks them recurses. A main thread has 8 MiB on Linux and macOS, but 1 MiB on
/// Windows.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let run = || cargo_gradsmith::run(std::env::args_os());
    match thread::Builder::new().stack_size(STACK).spawn(run).map(thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // It has said so itself.
        Ok(Err(_)) => ExitCode::FAILURE,
        // The system has no thread for us.
        Err(_) => run(),
    }
}
