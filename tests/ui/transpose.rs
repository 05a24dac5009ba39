//! A lone quote in bare tokens does not lex as Rust: the compiler itself refuses it.

use gradsmith::Cost;

#[derive(Cost)]
#[cost(a' * y)]
struct Transpose;

fn main() {}
