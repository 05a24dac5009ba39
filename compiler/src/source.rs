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

    /// The range with the parentheses of `text` that it breaks: an operand's own are not part of its span.
    #[must_use]
    pub fn balanced(self, text: &str) -> Self {
        let Some(inside) = text.get(self.start..self.end) else { return self };
        let (mut unopened, mut unclosed) = (0, 0);
        for c in inside.bytes() {
            match c {
                b'(' => unclosed += 1,
                b')' if unclosed > 0 => unclosed -= 1,
                b')' => unopened += 1,
                _ => {}
            }
        }
        // A lone parenthesis is what the message is about.
        if inside.len() <= 1 {
            return self;
        }
        let (mut start, mut end) = (self.start, self.end);
        for _ in 0..unopened {
            match text[..start].trim_end().strip_suffix('(') {
                Some(before) => start = before.len(),
                None => break,
            }
        }
        for _ in 0..unclosed {
            let rest = text[end..].trim_start();
            if !rest.starts_with(')') {
                break;
            }
            end = text.len() - rest.len() + 1;
        }
        Self { start, end }
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
    /// What an objective's `data(...)` says of its fields.
    Data,
    /// An objective's `bounds(...)`.
    Bounds,
    /// The n-th constraint of an objective's `st(...)`.
    Constraint(u32),
    /// The n-th `#[define]`.
    Define(u32),
    /// The n-th hyper-parameter, which is a name alone and no text.
    Hyper(u32),
    /// The n-th name of what the data supplies to a network, a name alone, too.
    Input(u32),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_take_in_the_parentheses_they_break() {
        for (text, start, end, want) in [
            ("sum((a - y) * (a + y))", 5, 20, "(a - y) * (a + y)"),
            ("((a) - y) * b", 2, 13, "((a) - y) * b"),
            ("a * (b + c)", 0, 10, "a * (b + c)"),
            ("sum(a - y)", 4, 9, "a - y"),
            ("a)", 1, 2, ")"),
        ] {
            let span = Span::new(start, end).balanced(text);
            assert_eq!(text.get(span.start..span.end), Some(want));
        }
    }
}
