//! Entries, parts and sums as other languages write them, and how to write them here: `x[1:3]`,
//! `sum[i = 1:n]`, `sum(x[i] for i in ...)`, `Σ_i x_i`, `[1 2]`.

use super::failure::Failure;
use super::lexer::{continues_name, space, starts_name, starts_number};
use super::{State, words};

/// Pieces of the user's text longer than this are not repeated in what to write.
const SHORT: usize = 24;

/// What goes over indices.
const OVER_INDICES: &[&str] = &[
    "sum",
    "mean",
    "prod",
    "max",
    "min",
    "logsumexp",
    "norm1",
    "norm2",
    "norm_inf",
    "vector",
    "matrix",
    "tensor",
];

/// Whether a reducer or a builder is called so.
pub(super) fn over_indices(name: &str) -> bool {
    OVER_INDICES.contains(&name)
}

/// Where the parentheses of a reducer are missing.
pub(super) const OPEN: &str = "its expression stands in parentheses: `sum[i in 0..n](x[i])`";
const BOTH_ENDS: &str = "the range of an index has both its ends: `i in 0..n`";
const NO_STEPS: &str = "a range has two ends and no step: every second entry is `vector[i](x[2*i])`";

/// What the innermost bracket that is still open is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// None is.
    Nothing,
    Parentheses,
    Subscripts,
    Block,
}

/// Whether `text` is one name.
fn is_name(text: &str) -> bool {
    text.starts_with(starts_name) && text.trim_start_matches(continues_name).is_empty()
}

/// `i in` taken off `text`.
fn without_index(text: &str) -> Option<(&str, &str)> {
    let (name, range) = text.split_once(char::is_whitespace)?;
    Some((name, range.trim_start().strip_prefix("in ")?.trim())).filter(|(name, _)| is_name(name))
}

impl State<'_> {
    /// Where parentheses and brackets stand that are open at `end`, outermost first.
    pub(super) fn open_at(&self, end: usize) -> Vec<usize> {
        let mut open = Vec::new();
        let bytes = &self.text.as_bytes()[..end];
        for (offset, byte) in bytes.iter().enumerate() {
            let opener = match byte {
                b'(' | b'[' => {
                    open.push(offset);
                    continue;
                }
                b')' => b'(',
                b']' => b'[',
                _ => continue,
            };
            if open.last().is_some_and(|&at| bytes[at] == opener) {
                open.pop();
            }
        }
        open
    }

    fn inside(&self, open: Option<&usize>) -> Inside {
        let Some(&open) = open else { return Inside::Nothing };
        if self.text.as_bytes()[open] == b'(' {
            return Inside::Parentheses;
        }
        let operand = |c: char| continues_name(c) || matches!(c, ')' | ']' | '\'' | 'ᵀ');
        if self.text[..open].trim_end().ends_with(operand) { Inside::Subscripts } else { Inside::Block }
    }

    /// From `start` to what ends an item of a list.
    fn item_from(&self, start: usize) -> &str {
        let mut depth = 0_usize;
        let text = &self.text[start..];
        for (offset, byte) in text.bytes().enumerate() {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' if depth > 0 => depth -= 1,
                b')' | b']' | b',' | b';' if depth == 0 => return text[..offset].trim(),
                _ => {}
            }
        }
        text.trim()
    }

    /// From the last comma, or from the bracket at `open`, to `end`.
    fn item_to(&self, open: usize, end: usize) -> &str {
        let (mut depth, mut start) = (0_usize, open + 1);
        for (offset, byte) in self.text.bytes().enumerate().take(end).skip(open + 1) {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b',' | b';' if depth == 0 => start = offset + 1,
                _ => {}
            }
        }
        self.text[start..end].trim()
    }

    /// The name that ends where the bracket at `open` begins.
    fn name_before(&self, open: usize) -> &str {
        let before = self.text[..open].trim_end();
        let name = &before[before.trim_end_matches(continues_name).len()..];
        if name.len() <= SHORT { name } else { "" }
    }

    /// The way out where `token`, at `start`, is not what may follow in brackets, or is a range or a sum that
    /// may not stand where it does.
    pub(super) fn explain_indices(&self, token: &str, start: usize, failure: &Failure) -> Option<String> {
        let expected = |word| failure.expected.contains(word);
        let stack = self.open_at(start);
        let open = stack.last().copied();
        let inside = self.inside(stack.last());
        let before = open.map_or("", |open| self.item_to(open, start));
        let operand = token.starts_with(starts_name) || starts_number(token);
        if expected(words::OPEN) {
            return Some(OPEN.to_owned());
        }
        if operand && let Some(help) = self.comprehension(token, start, open, inside) {
            return Some(help);
        }
        if operand
            && expected(words::OPERATOR)
            && let Some(help) = self.binder_without_parentheses(start)
        {
            return Some(help);
        }
        match (inside, token) {
            (Inside::Subscripts, _) => self.explain_subscript(token, start, open?, before, failure),
            (Inside::Block, ":" | "..") => {
                let last = self.item_from(start + token.len());
                let ends = format!("{before}..{last}");
                let plain = |end: &str| end.bytes().all(|b| b.is_ascii_alphanumeric()) && !end.is_empty();
                let ends = if plain(before) && plain(last) && ends.len() <= SHORT { &ends } else { "0..n" };
                Some(format!("whole numbers, one below the other, are `vector[i in {ends}](i)`, the end left out"))
            }
            (Inside::Block, "]") if self.text[open? + 1..start].trim().is_empty() => {
                Some("a block has an entry at least".to_owned())
            }
            (Inside::Block, "]") if before.is_empty() => {
                Some("`,` and `;` stand between entries, not behind the last".to_owned())
            }
            (Inside::Block, _) if operand && expected(words::OPERATOR) => {
                let left = before.rsplit(char::is_whitespace).next().unwrap_or_default();
                let shown = if left.is_empty() || left.len() + token.len() > SHORT {
                    "[a, b; c, d]".to_owned()
                } else {
                    format!("{left}, {token}")
                };
                Some(format!("entries of a row stand apart by `,`, rows by `;`: `{shown}`"))
            }
            (_, ".." | "..=") => Some(
                "a range stands in subscripts, `x[0..3]`, and behind the name of an index, `sum[i in 0..3](x[i])`"
                    .to_owned(),
            ),
            (_, ":") if expected(words::EXPRESSION) || expected(words::OPERATOR) => {
                let name = open.map_or("", |open| self.name_before(open));
                Some(if inside == Inside::Parentheses && is_name(name) && expected(words::EXPRESSION) {
                    format!("subscripts stand in brackets and count from 0: `{name}[:, 0]`")
                } else {
                    "`:` by itself is a subscript, `X[i, :]`; a part is `x[0..3]`, its end left out".to_owned()
                })
            }
            _ => None,
        }
    }

    /// In the brackets at `open`, after `before`.
    fn explain_subscript(
        &self,
        token: &str,
        start: usize,
        open: usize,
        before: &str,
        failure: &Failure,
    ) -> Option<String> {
        let rest = self.item_from(start + token.len());
        let name = self.name_before(open);
        let base = if is_name(name) { name } else { "x" };
        let short = |a: &str, b: &str| a.len() + b.len() <= SHORT;
        match token {
            ":" | ".." | "..=" if before.ends_with(':') || before.contains("..") => Some(NO_STEPS.to_owned()),
            ":" if rest.contains("..") && is_name(before) => Some(index_in(before, rest)),
            ":" if rest.contains(':') => Some(NO_STEPS.to_owned()),
            ":" => {
                let (index, first) = match without_index(before) {
                    Some((index, first)) => (format!("{index} in "), first),
                    None => (String::new(), before),
                };
                Some(if short(first, rest) {
                    colons(&index, base, first, rest)
                } else {
                    "a range is `a..b`, its end left out, or `a..=b` with its end".to_owned()
                })
            }
            "=" if is_name(before) => Some(index_in(before, rest)),
            "in" => Some(
                "an index and its range stand behind what goes over them: `sum[i in 0..n](...)`".to_owned(),
            ),
            "<" | "<=" | ">" | ">=" | "==" => {
                Some("which values count is said behind: `sum[i, j](where(i < j, x[i]*x[j], 0))`".to_owned())
            }
            ";" => Some("subscripts and indices stand apart by `,`".to_owned()),
            "]" | "," if failure.expected.contains(words::POINTS) => {
                let (index, values) = without_index(before).filter(|(i, v)| short(i, v))?;
                Some(match values.strip_prefix("range(").and_then(|ends| ends.strip_suffix(')')) {
                    Some(ends) if !ends.contains(',') => format!("write `{index} in 0..{ends}`"),
                    Some(ends) => {
                        format!("write `{index} in {}`", ends.replacen(',', "..", 1).replace(' ', ""))
                    }
                    None if is_name(values) => format!(
                        "a range has two ends, the second left out: `{index} in 0..{values}`, or `0..len({values})` of \
                         a vector"
                    ),
                    None => format!("a range has two ends, the second left out: `{index} in 0..{values}`"),
                })
            }
            "]" | "," if before.ends_with("..=") => {
                Some(format!("`..=` names the last entry; a part without an end is `{base}[0..]`"))
            }
            "]" | "," if before.ends_with("..") => Some(BOTH_ENDS.to_owned()),
            "]" | "," | ".." | "..=" if before.ends_with(" in") => Some(BOTH_ENDS.to_owned()),
            // `x[:3]`, `x[:-1]`
            _ if before == ":" => {
                let last = self.item_from(start);
                short(last, base).then(|| colons("", base, "", last))
            }
            _ if is_name(before) && failure.expected.contains(words::OPERATOR) => {
                // `i from 0..3`
                let word = token.starts_with(starts_name)
                    && rest.starts_with(|c| starts_name(c) || c.is_ascii_digit());
                let ranged = if word { rest } else { self.item_from(start) };
                let is_range = ranged.contains("..") || ranged.contains(':');
                (is_range && ranged.len() <= SHORT).then(|| index_in(before, ranged))
            }
            _ => None,
        }
    }

    /// `sum(x[i] for i in ...)`, `for i in ...`.
    fn comprehension(
        &self,
        token: &str,
        start: usize,
        open: Option<usize>,
        inside: Inside,
    ) -> Option<String> {
        let after = if token == "for" {
            space(&self.text[start + token.len()..])
        } else if self.text[..start].trim_end().ends_with("for") && self.name_before(start) == "for" {
            &self.text[start..]
        } else {
            return None;
        };
        let called = open.filter(|_| inside == Inside::Parentheses).map_or("", |open| self.name_before(open));
        let called = match inside {
            Inside::Block => "vector",
            _ if over_indices(called) => called,
            _ => "sum",
        };
        let index = &after[..after.len() - after.trim_start_matches(continues_name).len()];
        let values = without_index(self.item_from(self.offset(after))).map_or("", |(_, values)| values);
        let values = match values.strip_prefix("range(").and_then(|ends| ends.strip_suffix(')')) {
            Some(last) if !last.contains(',') => format!("0..{last}"),
            None if values.contains("..") => values.to_owned(),
            _ => "0..n".to_owned(),
        };
        let (index, values) = if is_name(index) && index.len() + values.len() <= SHORT {
            (index, values.as_str())
        } else {
            ("i", "0..n")
        };
        Some(format!("the index stands behind the name: `{called}[{index} in {values}](...)`"))
    }

    /// `sum[i] x[i]`, `Σ_i x[i]`, `Σ(i) x[i]`: what precedes `start` is read as the head of a sum.
    fn binder_without_parentheses(&self, start: usize) -> Option<String> {
        let before = self.text[..start].trim_end();
        let head = match before.chars().next_back()? {
            close @ (']' | ')') => {
                let inside = self.open_at(before.len() - 1);
                let &open = inside.last()?;
                let (name, index) = (self.name_before(open), before[open + 1..before.len() - 1].trim());
                let plain = index.chars().all(|c| continues_name(c) || matches!(c, ',' | ' '));
                let over = if close == ']' { over_indices(name) } else { is_sigma(name) };
                (plain && over && index.len() <= SHORT).then_some((name, index))?
            }
            _ => {
                let word = self.name_before(before.len());
                word.split_once('_').filter(|(name, _)| is_sigma(name) || over_indices(name))?
            }
        };
        let (name, index) = (if is_sigma(head.0) { "sum" } else { head.0 }, head.1);
        is_name(&index.replace([',', ' '], "")).then(|| {
            format!("its expression stands in parentheses: `{name}[{index}](...)`; a product takes its `*`")
        })
    }

    /// `x_{i}`, `x{i}`, `sum_{i}`: the brace is at `start`.
    pub(super) fn explain_brace(&self, start: usize) -> Option<String> {
        let name = self.name_before(start);
        let name = Some(name.strip_suffix('_').unwrap_or(name)).filter(|name| is_name(name))?;
        let (index, _) = self.text[start + 1..].split_once('}')?;
        let index = index.trim();
        if index.is_empty() || index.len() > SHORT {
            return None;
        }
        let over = over_indices(name) || is_sigma(name);
        let written = index.split_once('=').map_or(index, |(index, _)| index.trim());
        Some(match (is_sigma(name), over) {
            (true, _) => format!("write `sum[{written}](...)`"),
            (_, true) => format!("write `{name}[{written}](...)`"),
            _ => format!("an entry is `{name}[{index}]`; group with `(` and `)`"),
        })
    }
}

fn is_sigma(name: &str) -> bool {
    matches!(name, "Σ" | "Sigma" | "Sum")
}

/// `i in range`, of a range as other languages write it.
fn index_in(index: &str, range: &str) -> String {
    let range = range.strip_prefix("in ").unwrap_or(range).trim();
    if index.len() + range.len() > SHORT {
        return "the values of an index are `i in 0..n`".to_owned();
    }
    match range.split_once(':').map(|(first, last)| (first.trim(), last.trim())) {
        Some(("1", last)) => {
            format!("write `{index} in 0..{last}`: indices count from 0, and the end is left out")
        }
        Some((first, last)) => format!("write `{index} in {first}..{last}`: the end is left out"),
        None if range.contains("..") => format!("write `{index} in {range}`"),
        None => format!("the values of an index are `{index} in 0..n`"),
    }
}

/// `first:last` with points. Ends before 0 count from the end elsewhere.
fn colons(index: &str, base: &str, first: &str, last: &str) -> String {
    let end = |end: &str| match end.strip_prefix('-') {
        Some(back) => format!("len({base}) - {}", back.trim()),
        None => end.to_owned(),
    };
    let back = last.starts_with('-');
    let (first, last) = (end(first), end(last));
    if back {
        return format!("write `{index}{first}..{last}`: what counts from the end says so");
    }
    if last.is_empty() || last == "end" {
        return format!("write `{index}{first}..`: without an end, up to the last");
    }
    if last.contains("end") {
        return format!("write `{index}{first}..len({base})`, and what is taken off: the end is left out");
    }
    format!("write `{index}{first}..{last}`, the end left out, or `{index}{first}..={last}` with its end")
}
