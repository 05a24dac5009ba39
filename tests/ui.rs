//! Mistakes, and what the compiler says of them: our words at the very token, one message a mistake.
//!
//! The words are ours; the frame around them (arrows, colours, "aborting due to") is rustc's and changes
//! between its releases. So the files are compared on one stable release, [`PINNED`], which is the one that
//! CI uses; on any other this test is skipped, and says so. To move the pin: change it, then as after any
//! change that is meant
//!
//! ```sh
//! TRYBUILD=overwrite cargo test --test ui && git diff tests/ui
//! ```

use gradsmith_test_support::skipped;
use std::process::Command;

/// The release whose frames are in the `.stderr` files.
const PINNED: &str = "rustc 1.95.";

#[test]
fn mistakes_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().map(|out| out.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(PINNED) {
        let here = version.trim();
        return skipped(&format!("the messages of mistakes are pinned to {PINNED}x, and here is {here}"));
    }
    trybuild::TestCases::new().compile_fail("*.rs");
}
