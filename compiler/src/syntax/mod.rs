//! Text to tree and back: [`ast`], [`parse`], [`print`](mod@print).

pub mod ast;
pub mod parse;
pub mod print;
#[cfg(test)]
mod roundtrip;
