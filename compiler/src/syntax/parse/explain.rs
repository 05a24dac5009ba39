//! From a failure to a diagnostic: what stands there, what could have, and the way out.

use super::failure::Failure;
use super::lexer::{continues_name, number, space, starts_name, starts_number};
use super::{MAX_DEPTH, State, index_habits, lookalike, words};
use crate::diag::{Diagnostic, ErrorKind};
use crate::source::Span;

/// Longest piece of the user's text that a message repeats, in characters.
const QUOTED: usize = 40;

/// `text` in backticks, cut to a readable length.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// What a token is to the language.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Begins an operand: a number, a name, `(`, `[`.
    Operand,
    /// Has a meaning, elsewhere.
    Symbol,
    /// Has none.
    Foreign,
}

/// Symbols of more than one character, so that errors cover all of them.
const SYMBOLS: &[&str] =
    &["->", "**", "==", "<=", ">=", ".*", "./", ".^", "=<", "=>", ".'", ".+", ".-", "...", "..=", ".."];

/// The token at the start of `input`, which is not empty.
fn token_at<'a>(s: &State<'a>, input: &'a str) -> (&'a str, Class) {
    let take = |rest: &str| &input[..input.len() - rest.len()];
    if starts_number(input) {
        let rest = number(s, input).map_or("", |(rest, _)| rest);
        return (take(rest), Class::Operand);
    }
    if input.starts_with(starts_name) {
        return (take(input.trim_start_matches(continues_name)), Class::Operand);
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| input.starts_with(**symbol)) {
        return (&input[..symbol.len()], Class::Symbol);
    }
    if let Some(token) = lookalike::known(input) {
        return (&input[..token.len()], Class::Foreign);
    }
    let c = input.chars().next().unwrap_or_default();
    let class = match c {
        '(' | '[' => Class::Operand,
        '+' | '-' | '*' | '/' | '^' | ')' | ']' | ',' | ';' | '=' | '<' | '>' | '\'' | '.' | ':' | 'ᵀ'
        | '⊙' | '⊘' => Class::Symbol,
        _ => Class::Foreign,
    };
    (&input[..c.len_utf8()], class)
}

impl State<'_> {
    /// The diagnostic of the furthest failure.
    pub(super) fn explain(&self, failure: Failure) -> Diagnostic {
        if let Some(fault) = failure.fault {
            return *fault;
        }
        let rest = space(&self.text[self.text.len() - failure.rest..]);
        if rest.is_empty() {
            return self.explain_end(&failure);
        }
        let (token, class) = token_at(self, rest);
        let start = self.offset(rest);
        let span = Span::new(start, start + token.len());
        let expected = |word| failure.expected.contains(word);
        if class == Class::Foreign {
            return self.explain_foreign(token, span);
        }
        if let Some(fault) = self.explain_closing(token, span, &failure) {
            return fault;
        }
        let wanted = list(&failure);
        let fault = self.error(
            ErrorKind::UnexpectedToken,
            span,
            format!("expected {wanted}, found {}", quote(token)),
        );
        let after_operand = expected(words::OPERATOR);
        let help = if let Some(habit) = self.explain_indices(token, start, &failure) {
            Some(habit)
        } else if let Some(habit) = self.explain_habit(token, start).filter(|_| after_operand) {
            Some(habit)
        } else if let Some(advice) = lookalike::advice(token) {
            Some(advice)
        } else if after_operand && class == Class::Operand {
            Some(self.explain_juxtaposition(start, token, expected(words::SEMICOLON)))
        } else if token == "=" && after_operand {
            Some(
                "a definition is `name = value;`, one name before the `=`; a comparison is `==`; how far `u` is from \
                 `v` is `u - v`"
                    .to_owned(),
            )
        } else if token == ";" && expected(words::END) {
            Some(if space(&rest[1..]).is_empty() {
                "the value takes no `;`".to_owned()
            } else {
                "only the last expression is the value; those before it are `name = value;`".to_owned()
            })
        } else if token == "," && expected(words::END) {
            Some("a cost is one expression; `,` separates arguments".to_owned())
        } else if token == "->" && expected(words::ACTIVATION) {
            Some("each layer names its activation; `linear` is none".to_owned())
        } else if token == "," && expected(words::ARROW) {
            Some(
                "arrows join the layers, and each names its activation: `784 -> 100 sigmoid -> 10 softmax`"
                    .to_owned(),
            )
        } else if expected(words::UNITS) {
            let next = space(&rest[token.len()..]);
            let activation_follows = next.starts_with(|c: char| c.is_alphabetic());
            Some(if activation_follows {
                "a number of units is written in digits: the sizes are fixed when the crate is compiled"
                    .to_owned()
            } else {
                format!("write the number of units first: `-> 10 {token}`")
            })
        } else if expected(words::INPUTS) {
            Some("a network starts with the number of its inputs: `784 -> 10 softmax`".to_owned())
        } else if token == "_" {
            Some("`_` is no name; in a declaration it is an extent to be found from the formula".to_owned())
        } else if token == "'" {
            Some("`'` stands after what it transposes".to_owned())
        } else {
            None
        };
        match help {
            Some(help) => fault.with_help(help),
            None => fault,
        }
    }

    fn explain_end(&self, failure: &Failure) -> Diagnostic {
        let end = Span::at(self.text.len());
        match failure.open {
            Some(open)
                if [words::CLOSE, words::CLOSE_BRACKET]
                    .iter()
                    .any(|word| failure.expected.contains(word)) =>
            {
                self.unclosed(open, Span::at(self.text.len()))
            }
            _ => {
                let message = format!("the text ends where {} is expected", list(failure));
                let fault = self.error(ErrorKind::UnexpectedEnd, end, message);
                if failure.expected.contains(words::OPEN) {
                    return fault.with_help(index_habits::OPEN);
                }
                if failure.expected.contains(words::ACTIVATION) {
                    return fault.with_help("each layer names its activation; `linear` is none");
                }
                fault
            }
        }
    }

    /// What opens at `open` should be closed before `end`.
    fn unclosed(&self, open: usize, end: Span) -> Diagnostic {
        let (kind, opener, closer) = if self.text.as_bytes()[open] == b'[' {
            (ErrorKind::UnbalancedBracket, '[', ']')
        } else {
            (ErrorKind::UnbalancedParenthesis, '(', ')')
        };
        let note = match &self.text[end.start..end.end] {
            "" => "the text ends here".to_owned(),
            other => format!("this `{other}` does not close it"),
        };
        self.error(kind, Span::new(open, open + 1), format!("this `{opener}` is never closed"))
            .with_secondary(self.place(end), note)
            .with_help(format!("add a `{closer}`"))
    }

    /// A `)` or `]` that closes nothing, or not what was opened last.
    fn explain_closing(&self, token: &str, span: Span, failure: &Failure) -> Option<Diagnostic> {
        let (opener, kind, own) = match token {
            ")" => ('(', ErrorKind::UnbalancedParenthesis, words::CLOSE),
            "]" => ('[', ErrorKind::UnbalancedBracket, words::CLOSE_BRACKET),
            _ => return None,
        };
        if failure.expected.contains(own) {
            return None;
        }
        let open = self.open_at(span.start);
        let opens = |at: &usize| self.text[*at..].starts_with(opener);
        match open.last() {
            // Something is missing before it.
            Some(last) if opens(last) => None,
            // Of `f(x]` nobody knows which of the two is wrong; of `[f(x]` it is the parenthesis that is open.
            Some(last) if token == ")" || open.iter().any(opens) => Some(self.unclosed(*last, span)),
            _ => Some(
                self.error(kind, span, format!("no `{opener}` is open that this `{token}` could close"))
                    .with_help("remove it, or open one before it"),
            ),
        }
    }

    fn explain_foreign(&self, token: &str, span: Span) -> Diagnostic {
        let shown = match token.chars().next() {
            Some(c) if lookalike::is_invisible(c) => format!("the character U+{:04X}", c as u32),
            Some(c) if !c.is_ascii() => format!("`{token}` (U+{:04X})", c as u32),
            _ => quote(token),
        };
        let fault =
            self.error(ErrorKind::UnexpectedCharacter, span, format!("{shown} is not in the language"));
        let index = (token == "{").then(|| self.explain_brace(span.start)).flatten();
        match index.or_else(|| lookalike::advice(token)) {
            Some(advice) => fault.with_help(advice),
            None => fault,
        }
    }

    /// Two operands side by side: a product without its sign, or a definition without its end.
    fn explain_juxtaposition(&self, start: usize, token: &str, may_end: bool) -> String {
        let before = self.text[..start].trim_end();
        if matches!(token, "and" | "or") {
            return "put one `where` into another: `where(x < y, where(y < z, u, v), v)`".to_owned();
        }
        if token == "where" || before.split(|c| !continues_name(c)).next_back() == Some("if") {
            return "a choice is `where(x < y, u, v)`: u where the condition holds, else v".to_owned();
        }
        let word = before.trim_end_matches(|c| continues_name(c) || c == '.');
        let product = match before[word.len()..].rsplit("..").next().unwrap_or_default() {
            left if !left.is_empty() && left.len() < QUOTED && token != "(" && token.len() < QUOTED => {
                format!("write `{left} * {token}` for a product, `{left} + {token}` for a sum")
            }
            _ => "write `*` for a product".to_owned(),
        };
        if may_end { format!("end the definition with `;`, or {product}") } else { product }
    }

    /// `x < y < z`: the second operator is at `again`, and ends where `beyond` begins.
    pub(super) fn chained_comparison(&self, again: &str, beyond: &str) -> Diagnostic {
        let message = "comparisons do not chain";
        self.error(ErrorKind::UnexpectedToken, self.span(again, beyond), message)
            .with_help("put one `where` into another: `where(x < y, where(y < z, u, v), v)`")
    }

    /// Too deep at `at`; but a parenthesis or bracket that is never closed is the plainer reason.
    pub(super) fn too_deep(&self, at: &str) -> Diagnostic {
        if let Some(open) = self.open_at(self.text.len()).last() {
            return self.unclosed(*open, Span::at(self.text.len()));
        }
        let start = self.offset(at);
        let end = start + at.chars().next().map_or(0, char::len_utf8);
        self.error(
            ErrorKind::TooDeep,
            Span::new(start, end),
            format!("nested deeper than {MAX_DEPTH} levels"),
        )
        .with_help("name a part: `name = part; ...`")
    }
}

/// What was expected, as words; an operator goes without saying where something else could stand.
fn list(failure: &Failure) -> String {
    let words: Vec<&str> = failure.expected.iter().copied().collect();
    match words.as_slice() {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
