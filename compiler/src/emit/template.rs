//! The LaTeX of an element-wise function's row, as boxes: one spelling serves LaTeX and MathML.
//!
//! Of LaTeX it knows what the rows use: `#1`, `{...}`, `^`, `_`, `\frac`, `\operatorname`, `\left`, `\right`,
//! names of functions and Greek letters.

use super::layout::{Layout, name};

/// The template with `args` in the place of `#1`, `#2`; `None` where the template says something else, or
/// nothing.
pub(super) fn filled(latex: &'static str, args: &[Layout]) -> Option<Layout> {
    let mut reader = Reader { rest: latex, args };
    let row = reader.row()?;
    (reader.rest.is_empty() && !latex.is_empty()).then_some(row)
}

struct Reader<'a> {
    rest: &'static str,
    args: &'a [Layout],
}

/// Functions that LaTeX has a command for.
pub(super) const COMMANDS: [&str; 14] = [
    "log", "exp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "max", "min",
    "det",
];

impl Reader<'_> {
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Pieces up to `}`, `\right` or the end.
    fn row(&mut self) -> Option<Layout> {
        let mut row: Vec<Layout> = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with('}') || self.rest.starts_with(r"\right") {
                break;
            }
            if self.eat("^") {
                let script = self.piece()?;
                let base = row.pop()?;
                row.push(Layout::Super(Box::new(base), Box::new(script)));
                continue;
            }
            if self.eat("_") {
                let script = self.piece()?;
                let base = row.pop()?;
                row.push(Layout::Sub(Box::new(base), Box::new(script)));
                continue;
            }
            let piece = self.piece()?;
            row.push(piece);
        }
        Some(if row.len() == 1 { row.remove(0) } else { Layout::Row(row) })
    }

    fn group(&mut self) -> Option<Layout> {
        let row = self.row()?;
        self.eat("}").then_some(row)
    }

    fn piece(&mut self) -> Option<Layout> {
        if self.eat("{") {
            return self.group();
        }
        if self.eat("#") {
            let k: usize = self.take(|c| c.is_ascii_digit())?.parse().ok()?;
            return self.args.get(k.checked_sub(1)?).cloned();
        }
        if self.eat(r"\left") {
            let (open, close) = if self.eat("(") {
                ("(", ")")
            } else if self.eat("|") {
                ("|", "|")
            } else {
                return None;
            };
            let inner = self.row()?;
            return (self.eat(r"\right") && self.eat(close))
                .then(|| Layout::Fence(open, Box::new(inner), close));
        }
        if self.eat(r"\") {
            return self.command();
        }
        if let Some(digits) = self.take(|c| c.is_ascii_digit()) {
            return Some(Layout::Number(digits.to_owned()));
        }
        for (text, layout) in [
            ("+", Layout::Binary("+")),
            ("-", Layout::Binary("−")),
            (",", Layout::Symbol(",")),
            ("(", Layout::Symbol("(")),
            (")", Layout::Symbol(")")),
        ] {
            if self.eat(text) {
                return Some(layout);
            }
        }
        let letter = self.rest.chars().next().filter(char::is_ascii_alphabetic)?;
        self.rest = &self.rest[1..];
        Some(Layout::Letter(letter.to_string()))
    }

    fn command(&mut self) -> Option<Layout> {
        let word = self.take(|c| c.is_ascii_alphabetic())?;
        match word {
            "operatorname" => {
                if !self.eat("{") {
                    return None;
                }
                let name = self.take(|c| c.is_ascii_alphanumeric())?;
                self.eat("}").then(|| Layout::Function(name.to_owned()))
            }
            "frac" => {
                let above = self.piece()?;
                let below = self.piece()?;
                Some(Layout::Fraction(Box::new(above), Box::new(below)))
            }
            "varphi" => Some(Layout::Letter("φ".to_owned())),
            _ if COMMANDS.contains(&word) => Some(Layout::Function(word.to_owned())),
            _ => match name(word) {
                letter @ Layout::Letter(_) => Some(letter),
                _ => None,
            },
        }
    }

    fn take(&mut self, of: fn(char) -> bool) -> Option<&'static str> {
        let end = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (end > 0).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops;

    #[test]
    fn every_row_is_read() {
        for op in ops::ALL {
            let args = vec![Layout::Letter("x".to_owned()), Layout::Letter("y".to_owned())];
            assert_eq!(op.written.is_none(), filled(op.latex, &args).is_some(), "{}", op.name);
        }
    }
}
