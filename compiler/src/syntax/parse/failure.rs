//! The error of the nom parsers: how far they came and what could have stood there.
//!
//! A failure holds the bytes left, not the offset, because that is what nom hands to an error; fewer bytes is
//! further. `or` keeps the furthest of two and merges what was expected where they tie.

use crate::diag::Diagnostic;
use nom::error::{ContextError, ErrorKind as NomKind, ParseError};
use std::collections::BTreeSet;

/// What a parser gives: the rest and a value, or a [`Failure`].
///
/// Failures and trees travel boxed: the parser's stack frames hold several of each, and they nest.
pub(super) type Parsed<'a, T> = nom::IResult<&'a str, T, Box<Failure>>;

/// Where a parser stopped, and why.
#[derive(Debug)]
pub(super) struct Failure {
    /// Bytes left where it stopped.
    pub(super) rest: usize,
    /// What could have stood there.
    pub(super) expected: BTreeSet<&'static str>,
    /// Context: the innermost parenthesis still open, as an offset.
    pub(super) open: Option<usize>,
    /// Set where the parser itself knows better what is wrong than `expected` can say.
    pub(super) fault: Option<Box<Diagnostic>>,
}

impl Failure {
    /// Nothing of `expected` stands at `rest`.
    pub(super) fn expecting(rest: &str, expected: &[&'static str]) -> Box<Self> {
        Box::new(Self {
            rest: rest.len(),
            expected: expected.iter().copied().collect(),
            open: None,
            fault: None,
        })
    }

    /// A failure whose diagnostic is known already.
    pub(super) fn known(rest: &str, fault: Diagnostic) -> Box<Self> {
        Box::new(Self {
            rest: rest.len(),
            expected: BTreeSet::new(),
            open: None,
            fault: Some(Box::new(fault)),
        })
    }
}

impl ParseError<&str> for Box<Failure> {
    fn from_error_kind(input: &str, _: NomKind) -> Self {
        Failure::expecting(input, &[])
    }

    fn append(_: &str, _: NomKind, other: Self) -> Self {
        other
    }

    fn or(mut self, mut other: Self) -> Self {
        if self.fault.is_some() || self.rest < other.rest {
            return self;
        }
        if self.rest == other.rest && other.fault.is_none() {
            self.expected.append(&mut other.expected);
            self.open = self.open.or(other.open);
            return self;
        }
        other
    }
}

impl ContextError<&str> for Box<Failure> {
    /// A token that fails at its first byte is named by its context.
    fn add_context(input: &str, name: &'static str, mut other: Self) -> Self {
        if other.rest == input.len() {
            other.expected = BTreeSet::from([name]);
        }
        other
    }
}
