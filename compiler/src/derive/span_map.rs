//! Attribute tokens as text, and back from a span of that text to the tokens under it.
//!
//! The compiler knows byte spans only; stable Rust cannot point into a literal. So tokens are written out as the
//! text that the parser reads, with a table from byte ranges to tokens, and an error points at the tokens its span
//! touches. A string literal is one token: its errors carry the text with a caret.

use crate::source::Span;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A text with the tokens it came from.
#[derive(Clone, Debug, Default)]
pub struct SpanMap {
    /// The text.
    pub text: String,
    /// Whether it was written as a string.
    pub is_string: bool,
    tokens: Vec<(Span, TokenTree)>,
}

impl SpanMap {
    /// The text of bare tokens.
    #[must_use]
    pub fn of_tokens(tokens: &TokenStream) -> Self {
        let mut map = Self::default();
        map.push_all(tokens);
        map
    }

    /// The text of a string literal.
    #[must_use]
    pub fn of_string(text: String, literal: TokenTree) -> Self {
        let span = Span::new(0, text.len().max(1));
        Self { text, is_string: true, tokens: vec![(span, literal)] }
    }

    fn push_all(&mut self, tokens: &TokenStream) {
        let mut joined = true;
        for token in tokens.clone() {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::None => ("", ""),
                    };
                    let whole = TokenTree::Group(group.clone());
                    self.push(open, &whole, true);
                    self.push_all(&group.stream());
                    self.push(close, &whole, true);
                    joined = false;
                }
                TokenTree::Punct(ref punct) => {
                    // `.*`, `->` and `1.*x` are written together, so they are read together.
                    let after_point = self.text.ends_with('.');
                    self.push(&punct.as_char().to_string(), &token, joined || after_point);
                    joined = punct.spacing() == Spacing::Joint;
                }
                TokenTree::Ident(ref ident) => {
                    let name = ident.to_string();
                    self.push(name.trim_start_matches("r#"), &token, false);
                    joined = false;
                }
                TokenTree::Literal(ref literal) => {
                    self.push(&literal.to_string(), &token, false);
                    joined = false;
                }
            }
        }
    }

    fn push(&mut self, text: &str, token: &TokenTree, joined: bool) {
        if text.is_empty() {
            return;
        }
        if !joined && !self.text.is_empty() && !self.text.ends_with(['(', '[', '{']) {
            self.text.push(' ');
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.tokens.push((Span::new(start, self.text.len()), token.clone()));
    }

    /// The tokens under a span: those that it overlaps, else the one it touches, else the last before it.
    #[must_use]
    pub fn tokens(&self, span: Span) -> TokenStream {
        let overlaps = |s: &Span| s.start < span.end.max(span.start + 1) && span.start < s.end;
        let mut found: Vec<TokenTree> =
            self.tokens.iter().filter(|(s, _)| overlaps(s)).map(|(_, t)| t.clone()).collect();
        if found.is_empty() {
            let before = self.tokens.iter().rev().find(|(s, _)| s.end <= span.start);
            found.extend(before.or_else(|| self.tokens.first()).map(|(_, t)| t.clone()));
        }
        // A group stands for both of its delimiters.
        found.dedup_by(|a, b| {
            matches!((a, b), (TokenTree::Group(x), TokenTree::Group(y))
            if x.to_string() == y.to_string())
        });
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn tokens_become_the_text_that_was_written() {
        let text = |tokens| SpanMap::of_tokens(&tokens).text;
        assert_eq!(text(quote!(784 -> 100 sigmoid -> 10 softmax)), "784 -> 100 sigmoid -> 10 softmax");
        assert_eq!(text(quote!(quadratic + l2(lambda / n))), "quadratic + l2(lambda / n)");
        assert_eq!(text(quote!(sum(x .* y) .^ 2)), "sum(x .* y) .^ 2");
        assert_eq!(text(quote!(where(a <= 1, 2, 3))), "where(a <= 1, 2, 3)");
    }

    #[test]
    fn a_span_finds_its_tokens() {
        let map = SpanMap::of_tokens(&quote!(quadratic + l22(lambda)));
        let at = map.text.find("l22").unwrap_or(0);
        assert_eq!(map.tokens(Span::new(at, at + 3)).to_string(), "l22");
        assert_eq!(map.tokens(Span::at(map.text.len())).to_string(), quote!((lambda)).to_string());
    }
}
