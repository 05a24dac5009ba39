//! `cargo gradsmith`.
fn main() {}
