//! Attribute tokens as text, and back from a span of that text to the tokens under it.
//!
//! The compiler knows byte spans only; stable Rust cannot point into a literal. So tokens are written out as
//! the text that the parser reads, with a table from byte ranges to tokens, and an error points at the tokens
//! its span touches. A string literal is one token: its errors carry the text with a caret.

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
        let mut tokens = tokens.clone().into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::None => ("", ""),
                    };
                    let whole = TokenTree::Group(group.clone());
                    // `l2(lambda)` is a call, `sum[i](x[i])` a sum, `a * (b + c)` is neither.
                    let after = |c: char| c.is_alphanumeric() || c == '_' || c == ']';
                    let subscripts = open == "[" && self.text.ends_with(')');
                    self.push(open, &whole, joined || subscripts || self.text.ends_with(after));
                    self.push_all(&group.stream());
                    self.push(close, &whole, true);
                    joined = false;
                }
                TokenTree::Punct(ref punct) => {
                    // `.*`, `->`, `1.*x`, `0..n` and `..=n` are written together, so they are read together.
                    let after_point = self.text.ends_with('.');
                    let second = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == '.');
                    let range = punct.spacing() == Spacing::Joint && tokens.peek().is_some_and(second);
                    let power = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == '^');
                    let close = match punct.as_char() {
                        ',' | ';' | '^' => true,
                        '.' if range => !self.text.ends_with(','),
                        '.' => tokens.peek().is_some_and(power),
                        _ => false,
                    };
                    let sign = punct.as_char() == '-' && self.ends_open();
                    self.push(&punct.as_char().to_string(), &token, joined || after_point || close);
                    let ends_range = self.text.ends_with("..") || self.text.ends_with("..=");
                    let apart = matches!(punct.as_char(), ',' | ';');
                    let joint = punct.spacing() == Spacing::Joint && !apart;
                    joined = joint || punct.as_char() == '^' || sign || ends_range;
                }
                TokenTree::Ident(ref ident) => {
                    let name = ident.to_string();
                    self.push(name.trim_start_matches("r#"), &token, joined && self.ends_joined());
                    joined = false;
                }
                TokenTree::Literal(ref literal) => {
                    self.push(&literal.to_string(), &token, joined && self.ends_joined());
                    joined = false;
                }
            }
        }
    }

    /// Whether an operand must follow: a minus here is a sign.
    fn ends_open(&self) -> bool {
        let text = self.text.trim_end();
        text.is_empty()
            || text.ends_with(['(', '[', ',', ';', '=', '+', '-', '*', '/', '^', '<', '>'])
            || text.ends_with("..")
    }

    /// Whether the text ends in what is written next to its operand: a sign, `^`, or the points of a range.
    fn ends_joined(&self) -> bool {
        self.text.ends_with(['^', '-']) || self.text.ends_with("..") || self.text.ends_with("..=")
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
        let span = span.balanced(&self.text);
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
        assert_eq!(text(quote!(sum(x .* y) .^ 2)), "sum(x .* y).^2");
        assert_eq!(text(quote!(-sum(x.^2) * (a - y)^-s)), "-sum(x.^2) * (a - y)^-s");
        assert_eq!(text(quote!(l1(-mu, b) - l2(1e-3, w1); x)), "l1(-mu, b) - l2(1e-3, w1); x");
        assert_eq!(text(quote!(where(a <= 1, 2, 3))), "where(a <= 1, 2, 3)");
    }

    /// What is written in Rust's tokens is read as it would be in a string.
    #[test]
    fn tokens_of_indices_are_read_as_their_text_is() {
        use crate::source::SourceId;
        use crate::syntax::parse;
        for (written, text) in [
            ("x[i+1]", "x[i + 1]"),
            ("x[-1]", "x[-1]"),
            ("X[i,:]", "X[i, :]"),
            ("X[:,0..n]", "X[:, 0..n]"),
            ("x[0..2]", "x[0..2]"),
            ("x[0 .. 2]", "x[0..2]"),
            ("X[1..,..=k - 1]", "X[1.., ..=k - 1]"),
            ("x[..]", "x[..]"),
            ("x[(n - 1)..(2*n)]", "x[(n - 1)..(2 * n)]"),
            ("x[..-1 + n]", "x[..-1 + n]"),
            ("x[1..][i]", "x[1..][i]"),
            ("(A*x)[1]", "(A * x)[1]"),
            ("t(X)[1, j]^2", "t(X)[1, j]^2"),
            ("x_[0]", "x_[0]"),
            ("[a;b]", "[a; b]"),
            ("[A, b; t(c), d]*[x; 1]", "[A, b; t(c), d] * [x; 1]"),
            ("sum[i in 0..3](x[i])", "sum[i in 0..3](x[i])"),
            ("sum [i, j in 1..=n] (i*x[j])", "sum[i, j in 1..=n](i * x[j])"),
            ("max[u in 0..len(x)-1](1./x[u])", "max[u in 0..len(x) - 1](1./ x[u])"),
            (
                "sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)",
                "sum[i](100 * (x[i + 1] - x[i]^2)^2 + (1 - x[i])^2)",
            ),
        ] {
            let tokens: TokenStream = written.parse().expect("tokens");
            let map = SpanMap::of_tokens(&tokens);
            assert_eq!(map.text, text, "{written}");
            let read = |text: &str| parse::program(text, SourceId::Expression).expect(text).to_string();
            assert_eq!(read(&map.text), read(written), "{written}");
        }
        let declared: TokenStream =
            "T: tensor[n, _, 3], p: indices[n], x: 3 x 28 x _".parse().expect("tokens");
        let map = SpanMap::of_tokens(&declared);
        let read = |text: &str| {
            let all = parse::declarations(text, SourceId::Declarations).expect(text);
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(read(&map.text), ["T: tensor[n, _, 3]", "p: indices[n]", "x: tensor[3, 28, _]"]);
    }

    #[test]
    fn a_span_in_brackets_finds_its_tokens() {
        let map = SpanMap::of_tokens(&quote!(sum[i in 0..n](x[i + 1] * [a; b])));
        let under = |text: &str| {
            let at = map.text.find(text).expect(text);
            map.tokens(Span::new(at, at + text.len())).to_string()
        };
        assert_eq!(under("0..n"), "0 .. n");
        assert_eq!(under("i + 1"), "i + 1");
        assert_eq!(under("..n"), ".. n");
    }

    #[test]
    fn a_span_finds_its_tokens() {
        let map = SpanMap::of_tokens(&quote!(quadratic + l22(lambda)));
        let at = map.text.find("l22").unwrap_or(0);
        assert_eq!(map.tokens(Span::new(at, at + 3)).to_string(), "l22");
        assert_eq!(map.tokens(Span::at(map.text.len())).to_string(), quote!((lambda)).to_string());
    }
}
