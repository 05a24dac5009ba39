//! Source text and positions in it: byte spans of UTF-8, nothing about Rust tokens.

/// A half-open byte range `[start, end)` of a source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `[start, end)`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The empty range at `offset`.
    #[must_use]
    pub const fn at(offset: usize) -> Self {
        Self { start: offset, end: offset }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Which text a span belongs to; a cost is made of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceId {
    /// The expression itself: the cost, the objective, or what the command line was given.
    #[default]
    Expression,
    /// The network.
    Network,
    /// The declarations of a long-form network, an objective's `wrt` list or tensor declarations.
    Declarations,
    /// The n-th `#[define]`.
    Define(u32),
    /// The built-in catalog. Never at fault: a diagnostic that lands here is moved to the call.
    Catalog,
}

/// A place: a span in one of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub source: SourceId,
    /// The bytes of it.
    pub span: Span,
}
