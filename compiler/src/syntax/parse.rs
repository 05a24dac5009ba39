//! Text to tree, with nom; one grammar for costs, objectives, definitions, networks and declarations.
//!
//! ```text
//! program     = { local } expression
//! local       = name "=" expression ";"
//! definition  = name [ "(" [ param { "," param } ] ")" ] "=" program      param = name [ "=" expression ]
//! expression  = sum [ ( "<" | "<=" | ">" | ">=" | "==" ) sum ]            only first in `where`
//! sum         = product { ( "+" | "-" ) product }
//! product     = signed { ( "*" | "/" | ".*" | "./" ) signed }             also `⊙`, `⊘`
//! signed      = "-" signed | transposed [ ( "^" | ".^" ) signed ]
//! transposed  = atom { "'" | "[" subscript { "," subscript } "]" }        also `ᵀ`
//! atom        = number | name | name "(" [ arg { "," arg } ] ")" | "(" expression ")"
//!             | name "[" index { "," index } "]" "(" expression ")" | "[" row { ";" row } "]"
//! arg         = [ name "=" ] expression
//! subscript   = sum | ":" | [ sum ] ".." [ sum ] | [ sum ] "..=" sum
//! index       = name [ "in" sum ( ".." | "..=" ) sum ]
//! relations   = relation { "," relation }           relation = sum ( "<=" | ">=" | "==" ) sum { ... sum }
//! row         = expression { "," expression }
//! network     = number { "->" number name [ "(" args ")" ] } | local { local } [ ";" ]
//! declaration = name ":" shape
//! shape       = size { "x" size } | "scalar" | "vector" [ "[" extent "]" ]          size   = number | "_"
//!             | [ "symmetric" ] "matrix" [ "[" extent "," extent "]" ]             extent = size | name
//!             | "tensor" "[" extent "," extent "," extent { "," extent } "]"
//!             | "indices" [ "[" extent [ "," extent ] "]" ]
//! ```
//!
//! Never: a panic, a stack that grows with the text ([`MAX_DEPTH`]), time beyond linear. One error is
//! reported, the furthest one; what needs names, arities or shapes is found later, when the tree is lowered.

mod brackets;
mod check;
mod declarations;
mod explain;
mod expr;
mod failure;
mod habits;
mod index_habits;
mod items;
mod lexer;
mod lookalike;
mod relations;
#[cfg(test)]
mod tests;

use crate::diag::{Diagnostic, ErrorKind};
use crate::source::{Place, SourceId, Span};
use crate::syntax::ast::{Declaration, Definition, Network, Program, Relation};
use failure::{Failure, Parsed};
use std::cell::Cell;

pub use lexer::{canonical_name, greek_name};

/// How many parentheses, brackets, calls, signs, exponents and transposes may stand inside one another.
pub const MAX_DEPTH: usize = 128;

/// How many operands a text may have.
pub const MAX_OPERANDS: usize = 20_000;

/// What parsers expect, each worded once.
mod words {
    pub(super) const EXPRESSION: &str = "an expression";
    pub(super) const OPERATOR: &str = "an operator";
    pub(super) const OPEN: &str = "`(`";
    pub(super) const CLOSE: &str = "`)`";
    pub(super) const CLOSE_BRACKET: &str = "`]`";
    pub(super) const COMMA: &str = "`,`";
    pub(super) const SEMICOLON: &str = "`;`";
    /// Of a block; `SEMICOLON` ends a definition.
    pub(super) const NEXT_ROW: &str = "`;` before another row";
    pub(super) const POINTS: &str = "`..`";
    pub(super) const SUBSCRIPT: &str = "a subscript";
    pub(super) const INDEX: &str = "an index";
    pub(super) const EQUALS: &str = "`=`";
    pub(super) const COLON: &str = "`:`";
    pub(super) const ARROW: &str = "`->`";
    pub(super) const END: &str = "the end";
    pub(super) const NAME: &str = "a name";
    pub(super) const PARAMETER: &str = "the name of a parameter";
    pub(super) const EXTENT: &str = "a number or a name";
    pub(super) const SHAPE: &str = "a shape";
    pub(super) const INPUTS: &str = "the number of inputs";
    pub(super) const UNITS: &str = "a number of units";
    pub(super) const ACTIVATION: &str = "an activation";
}

/// The text being parsed; parsers see what is left of it.
struct State<'a> {
    text: &'a str,
    source: SourceId,
    operands: Cell<usize>,
}

impl<'a> State<'a> {
    /// Where `rest`, a tail of the text, begins.
    fn offset(&self, rest: &str) -> usize {
        self.text.len() - rest.len()
    }

    /// From where `start` begins to where `end` begins.
    fn span(&self, start: &str, end: &str) -> Span {
        Span::new(self.offset(start), self.offset(end))
    }

    fn place(&self, span: Span) -> Place {
        Place { source: self.source, span }
    }

    fn error(&self, kind: ErrorKind, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(kind, self.place(span), message)
    }

    /// One more operand.
    fn count(&self, at: &str) -> Result<(), nom::Err<Box<Failure>>> {
        self.operands.set(self.operands.get() + 1);
        if self.operands.get() <= MAX_OPERANDS {
            return Ok(());
        }
        let message = format!("more than {MAX_OPERANDS} operands");
        let fault = self
            .error(ErrorKind::TooLong, Span::at(self.offset(at)), message)
            .with_help("write sums over entries with `sum`, `dot` or a product of matrices");
        Err(nom::Err::Failure(Failure::known(at, fault)))
    }
}

/// Runs `parser` over all of `text`.
fn whole<'a, T>(
    text: &'a str,
    source: SourceId,
    parser: impl FnOnce(&State<'a>, &'a str) -> Parsed<'a, T>,
) -> Result<T, Diagnostic> {
    let s = State { text, source, operands: Cell::new(0) };
    if text.trim_start().is_empty() {
        let span = Span::new(0, text.len());
        return Err(s
            .error(ErrorKind::Empty, span, "nothing is written here")
            .with_help("write an expression"));
    }
    match parser(&s, text) {
        Ok((_, tree)) => Ok(tree),
        Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => Err(s.explain(*failure)),
        // Only streaming parsers ask for more.
        Err(nom::Err::Incomplete(_)) => Err(s.explain(*Failure::expecting("", &[]))),
    }
}

/// A whole cost or objective: `r = X*w - y; r'*r/2`.
///
/// # Errors
/// The furthest syntax error.
pub fn program(text: &str, source: SourceId) -> Result<Program, Diagnostic> {
    whole(text, source, items::program)
}

/// A `#[define]` or a catalog entry: `pseudo_huber(d) = d^2 * sum(sqrt(1 + ((a - y)/d).^2) - 1)`.
///
/// # Errors
/// The furthest syntax error.
pub fn definition(text: &str, source: SourceId) -> Result<Definition, Diagnostic> {
    whole(text, source, items::definition)
}

/// A network: `784 -> 100 sigmoid -> 10 softmax`, or the long form `h = tanh(W*x); a = softmax(V*h)`.
///
/// # Errors
/// The furthest syntax error.
pub fn network(text: &str, source: SourceId) -> Result<Network, Diagnostic> {
    whole(text, source, items::network)
}

/// The constraints of `st(...)`, or the limits of `bounds(...)`: `l <= A*w <= u, sum(w) == 1`; a chain of three sides is
/// two.
///
/// # Errors
/// The furthest syntax error.
pub fn relations(text: &str, source: SourceId) -> Result<Vec<Relation>, Diagnostic> {
    whole(text, source, relations::list)
}

/// Declarations: `x: 784, W1: 100 x 784`, `w: vector, S: symmetric matrix[n, n]`; none in an empty text.
///
/// # Errors
/// The furthest syntax error.
pub fn declarations(text: &str, source: SourceId) -> Result<Vec<Declaration>, Diagnostic> {
    if text.trim_start().is_empty() {
        return Ok(Vec::new());
    }
    whole(text, source, declarations::declarations)
}
