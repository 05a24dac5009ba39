//! Diagnostics: what is wrong, where, and the way out; and a collector, so that all are reported at once.

use crate::source::{Place, SourceId, Span};
use std::fmt;

/// What is wrong, as a class. The message says it to a person; tests and tools compare the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing but white space: ` `.
    Empty,
    /// `sum(x`, `x)`.
    UnbalancedParenthesis,
    /// `x[0`, `x[0]]`, `[1, 2)`.
    UnbalancedBracket,
    /// The text ends where something must follow: `s + `.
    UnexpectedEnd,
    /// `s + * s`.
    UnexpectedToken,
    /// `s @ s`.
    UnexpectedCharacter,
    /// `1.2.3`, `1e+`.
    BadNumber,
    /// `1e400`.
    NumberOutOfRange,
    /// `x[0.5]`, `x[1.0]`.
    NotWhole,
    /// `sum[0](x)`: `NAME[...](...)` is over indices.
    IndexExpected,
    /// `sum(x < y)`.
    ConditionOutsideWhere,
    /// `where(x, x, y)`.
    ConditionExpected,
    /// `q = s + 1;`.
    MissingResult,
    /// `#[define("sum(a)")]`.
    DefinitionExpected,
    /// Ten thousand parentheses.
    TooDeep,
    /// A megabyte of terms.
    TooLong,
    /// A formula to which rewriting finds no end.
    TooIntricate,
    /// `sum(yy)`, `sigmod(x)`, `l22(lambda)`.
    UnknownName,
    /// `x(2)` with a variable `x`.
    NotAFunction,
    /// `s + sin`.
    FunctionWithoutArguments,
    /// `wrt(q)` where nothing is called `q`.
    UndeclaredWrt,
    /// `sigmoid(x, 2)`.
    TooManyArguments,
    /// `sum()`, `quadratic + l2`.
    MissingArgument,
    /// `leaky_relu(x, slop = 0.1)`.
    UnknownArgument,
    /// `clip(x, lo = 0, lo = 1)`.
    DuplicateArgument,
    /// `clip(lo = 0, x, hi = 1)`.
    PositionalAfterNamed,
    /// `x * y` of two column vectors.
    VectorProduct,
    /// `x ^ 2` of a vector.
    VectorPower,
    /// `x / y` of two vectors.
    VectorDivision,
    /// `A*x` with a 3×4 `A` and an `x` of length 3.
    ShapeMismatch,
    /// A cost or an objective that is a vector.
    NotScalar,
    /// `det(A)` of a 3×4 matrix.
    NotSquare,
    /// `B^0.5` of a matrix.
    MatrixPowerExponent,
    /// `u[3]` of three entries, `v[3..1]`.
    OutOfRange,
    /// `x[i^2]`.
    NotAffine,
    /// `x[s]` with a scalar `s`.
    NotAnIndex,
    /// `A[0]` of a matrix, `s[0]` of a scalar, `matrix[i](x[i])`.
    SubscriptCount,
    /// `sum[i](s)`: nothing bounds `i`.
    IndexWithoutRange,
    /// Two uses of an index ask for two ranges.
    ExtentConflict,
    /// `tr(eye)`: nothing says how large.
    Unsized,
    /// `#[define]` twice of one name, or a local that repeats a name.
    DuplicateDefinition,
    /// `foo = sum(a) + foo`.
    RecursiveDefinition,
    /// `3 -> 0 sigmoid`.
    BadExtent,
    /// `3 -> 2 norm2`.
    NotAnActivation,
    /// A long-form network that never defines `a`.
    MissingOutput,
    /// An attribute that is not of the form expected.
    Attribute,
    /// Legal, but not supported (yet) where it stands.
    Unsupported,
}

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The class.
    pub kind: ErrorKind,
    /// Where.
    pub place: Place,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// Other places that matter, each with what to say of it.
    pub secondary: Vec<(Place, String)>,
    /// The way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error of `kind` at `place`.
    #[must_use]
    pub fn new(kind: ErrorKind, place: Place, message: impl Into<String>) -> Self {
        Self { kind, place, message: message.into(), secondary: Vec::new(), help: None }
    }

    /// With the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn with_secondary(mut self, place: Place, note: impl Into<String>) -> Self {
        self.secondary.push((place, note.into()));
        self
    }

    /// The message, then each secondary note and the help on lines of their own.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for (_, note) in &self.secondary {
            text.push_str("\nnote: ");
            text.push_str(note);
        }
        if let Some(help) = &self.help {
            text.push_str("\nhelp: ");
            text.push_str(help);
        }
        text
    }

    /// The message over the source line, with a caret under the offending part.
    ///
    /// `sources` gives the text of each [`SourceId`]; a text that it lacks is left out.
    #[must_use]
    pub fn render(&self, sources: &dyn Fn(SourceId) -> Option<String>) -> String {
        let mut out = self.message.clone();
        if let Some(text) = sources(self.place.source) {
            out.push_str(&snippet(&text, self.place.span));
        }
        out + &self.notes(sources)
    }

    /// What [`render`](Self::render) writes after the message: the other places over their lines, the help.
    #[must_use]
    pub fn notes(&self, sources: &dyn Fn(SourceId) -> Option<String>) -> String {
        let mut out = String::new();
        for (place, note) in &self.secondary {
            out.push_str("\nnote: ");
            out.push_str(note);
            if let Some(text) = sources(place.source) {
                out.push_str(&snippet(&text, place.span));
            }
        }
        if let Some(help) = &self.help {
            out.push_str("\nhelp: ");
            out.push_str(help);
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// The line of `text` that holds `span`, cut to a readable width, with carets under the span.
fn snippet(text: &str, span: Span) -> String {
    const WIDTH: usize = 100;
    if text.trim().is_empty() {
        return String::new();
    }
    let floor = |mut i: usize| {
        i = i.min(text.len());
        while !text.is_char_boundary(i) {
            i -= 1;
        }
        i
    };
    let span = span.balanced(text);
    let (start, end) = (floor(span.start), floor(span.end.max(span.start)));
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let end = end.min(line_end).max(start);
    let before: Vec<char> = text[line_start..start].chars().collect();
    let under = text[start..end].chars().count().clamp(1, WIDTH / 2);
    let skip = (before.len() + under).saturating_sub(WIDTH).min(before.len());
    let mut shown: String = text[line_start..line_end].chars().skip(skip).take(WIDTH).collect();
    if text[line_start..line_end].chars().count() > skip + WIDTH {
        shown.push('…');
    }
    let lead = if skip > 0 { "…" } else { "" };
    let pad = " ".repeat(before.len() - skip + lead.chars().count());
    format!("\n  | {lead}{}\n  | {pad}{}", shown.replace('\t', " "), "^".repeat(under))
}

/// Several errors: what a phase that goes on after an error leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same place already has one of the same class.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.list.iter().any(|d| d.kind == diagnostic.kind && d.place == diagnostic.place) {
            self.list.push(diagnostic);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Ends a phase: an error if anything was collected.
    ///
    /// # Errors
    /// All that was collected.
    pub fn propagate(self) -> Result<(), Self> {
        if self.list.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The errors, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Every message with its snippet, a blank line between two.
    #[must_use]
    pub fn render(&self, sources: &dyn Fn(SourceId) -> Option<String>) -> String {
        self.list.iter().map(|d| format!("error: {}", d.render(sources))).collect::<Vec<_>>().join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { list: vec![diagnostic] }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, d) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{d}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
