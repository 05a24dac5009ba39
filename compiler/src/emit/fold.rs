//! Lines of text that are too long, broken: words at spaces, formulas at their outermost, loosest operators.

/// How long a line may be: as much as a page of rustdoc or a projector shows without scrolling.
pub(super) const WIDTH: usize = 92;

/// What holds less than any other, loosest first, and whether a line ends behind it; else one begins with it.
const LEVELS: [(&[&str], bool); 6] = [
    (&["; "], true),
    (&[", "], true),
    (&[" -> ", " = "], false),
    (&[" + ", " - "], false),
    (PRODUCTS, false),
    (&[" < ", " <= ", " > ", " >= ", " == "], false),
];

const PRODUCTS: &[&str] = &[" * ", " .* ", " / ", " ./ "];

/// So much room is left to what stands in brackets, at least; else it begins further to the left.
const NARROW: usize = 28;

/// Part of a text, where lines may be broken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run<'a> {
    /// Words, broken at any space.
    Words(&'a str),
    /// A formula, kept together where a line holds it.
    Formula(&'a str),
}

/// A column of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Where the first line begins.
    pub first: usize,
    /// Where all others do.
    pub others: usize,
    /// Where lines end.
    pub end: usize,
}

impl Column {
    /// A column that all lines begin with.
    pub(super) fn from(at: usize) -> Self {
        Self { first: at, others: at, end: WIDTH }
    }
}

/// The lines of a text in a column: all but the first with the spaces before them.
pub(super) fn flow(runs: &[Run<'_>], column: Column) -> Vec<String> {
    // What no space sets apart stays together: the point after a formula.
    let mut units: Vec<Vec<Run<'_>>> = vec![Vec::new()];
    for run in runs {
        let (text, is_words) = match run {
            Run::Words(text) => (*text, true),
            Run::Formula(text) => (*text, false),
        };
        if !is_words {
            units.last_mut().into_iter().for_each(|unit| unit.push(*run));
            continue;
        }
        for (k, word) in text.split(' ').enumerate() {
            if k > 0 {
                units.push(Vec::new());
            }
            if !word.is_empty() {
                units.last_mut().into_iter().for_each(|unit| unit.push(Run::Words(word)));
            }
        }
    }
    let mut lines = vec![String::new()];
    let mut at = column.first;
    let mut is_begun = false;
    for unit in units.iter().filter(|unit| !unit.is_empty()) {
        let length: usize = unit.iter().map(|run| length(text_of(run))).sum();
        if is_begun
            && at + 1 + length > column.end
            && (column.others + length <= column.end || at > column.others + NARROW)
        {
            lines.push(" ".repeat(column.others));
            at = column.others;
        } else if is_begun {
            push(&mut lines, " ");
            at += 1;
        }
        is_begun = true;
        for (k, run) in unit.iter().enumerate() {
            let tail: usize = unit[k + 1..].iter().map(|run| self::length(text_of(run))).sum();
            let room = column.end.saturating_sub(tail);
            let parts = match run {
                Run::Words(word) => vec![(at, (*word).to_owned())],
                Run::Formula(text) => folded(text, at, at, room),
            };
            for (n, (indent, part)) in parts.into_iter().enumerate() {
                if n > 0 {
                    lines.push(" ".repeat(indent));
                }
                at = indent + self::length(&part);
                push(&mut lines, &part);
            }
        }
    }
    lines
}

fn text_of<'a>(run: &Run<'a>) -> &'a str {
    match run {
        Run::Words(text) | Run::Formula(text) => text,
    }
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A formula that begins at a column, in lines of which each says where it begins; those that go on at the outermost
/// operators begin at `others`.
fn folded(text: &str, at: usize, others: usize, end: usize) -> Vec<(usize, String)> {
    if at + length(text) <= end {
        return vec![(at, text.to_owned())];
    }
    let of_level = |(signs, behind): &(&[&str], bool)| (split(text, signs, *behind), *signs == PRODUCTS);
    match LEVELS.iter().map(of_level).find(|(parts, _)| parts.len() > 1) {
        Some((parts, is_product)) => filled(&parts, is_product, at, others, end),
        None => within(text, at, others, end),
    }
}

/// Parts side by side, as many as a line holds.
fn filled(parts: &[&str], is_product: bool, at: usize, others: usize, end: usize) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let (mut begins, mut line) = (at, String::new());
    for part in parts {
        let column = begins + length(&line) + 1;
        if !line.is_empty() && column + length(part) <= end {
            line.push(' ');
            line.push_str(part);
            continue;
        }
        // A factor that no line holds is broken where it stands.
        let head = longest_brackets(part).map_or(0, |(open, _)| length(&part[..open]));
        if is_product && !line.is_empty() && others + length(part) > end && column + head + NARROW <= end {
            let mut broken = folded(part, column, column, end).into_iter();
            let first = broken.next().map(|(_, first)| first).unwrap_or_default();
            let mut so_far = (begins, format!("{line} {first}"));
            for next in broken {
                lines.push(std::mem::replace(&mut so_far, next));
            }
            (begins, line) = so_far;
            continue;
        }
        if !line.is_empty() {
            lines.extend(folded_if_long(&line, begins, end));
            begins = others;
        }
        line = (*part).to_owned();
    }
    lines.extend(folded_if_long(&line, begins, end));
    lines
}

/// A part that a line does not hold goes on farther in.
fn folded_if_long(line: &str, begins: usize, end: usize) -> Vec<(usize, String)> {
    folded(line, begins, begins + 2, end)
}

/// A formula without operators outside its brackets: broken within the longest.
fn within(text: &str, at: usize, others: usize, end: usize) -> Vec<(usize, String)> {
    let Some((open, close)) = longest_brackets(text) else { return vec![(at, text.to_owned())] };
    let (head, inner, tail) = (&text[..open], &text[open..close], &text[close..]);
    let column = at + length(head);
    let mut lines = if column + NARROW <= end {
        let mut lines = folded(inner, column, column, end.saturating_sub(length(tail)));
        if let Some((begins, first)) = lines.first_mut() {
            *begins = at;
            first.insert_str(0, head);
        }
        lines
    } else {
        let mut lines = vec![(at, head.to_owned())];
        lines.extend(folded(inner, others + 2, others + 2, end.saturating_sub(length(tail))));
        lines
    };
    if let Some((_, last)) = lines.last_mut() {
        last.push_str(tail);
    }
    lines
}

/// The text, split at signs that stand in no brackets; without the spaces there.
fn split<'a>(text: &'a str, signs: &[&str], behind: bool) -> Vec<&'a str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 && at > from => {
                if let Some(sign) = signs.iter().find(|sign| text[at..].starts_with(**sign)) {
                    let ends = if behind { at + sign.trim_end().len() } else { at };
                    parts.push(text[from..ends].trim());
                    from = ends + 1;
                }
            }
            _ => {}
        }
    }
    parts.push(text[from.min(text.len())..].trim());
    parts
}

/// Where what stands in the longest pair of brackets begins and ends.
fn longest_brackets(text: &str) -> Option<(usize, usize)> {
    let (mut open, mut longest): (Vec<usize>, Option<(usize, usize)>) = (Vec::new(), None);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => open.push(at + 1),
            ')' | ']' => {
                let from = open.pop()?;
                if longest.is_none_or(|(a, b)| at - from > b - a) {
                    longest = Some((from, at));
                }
            }
            _ => {}
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::{Column, Run, flow};

    #[test]
    fn a_long_formula_is_broken_at_its_outermost_operators_and_says_the_same() {
        let product = "sum[k](where(p[k] == i, 2 * V[q[k],j] * (a + b), 0))";
        let formula = format!("{product} + {product} - {product}");
        for end in [50, 60, 72, 100, 200] {
            let lines = flow(&[Run::Formula(&formula)], Column { first: 4, others: 4, end });
            let said: String = lines.join(" ");
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(bare(&said), bare(&formula));
            for line in &lines {
                assert!(line.chars().count() <= end && !line.ends_with(' '), "{lines:#?}");
            }
        }
        let lines = flow(&[Run::Formula(&formula)], Column { first: 0, others: 0, end: 60 });
        assert_eq!(lines, [product.to_owned(), format!("+ {product}"), format!("- {product}")]);
    }

    #[test]
    fn words_go_on_where_the_column_begins() {
        let runs = [Run::Words("0, because "), Run::Formula("sum(a + b)"), Run::Words(" does not mention w")];
        let lines = flow(&runs, Column { first: 10, others: 2, end: 30 });
        assert_eq!(lines, ["0, because", "  sum(a + b) does not mention", "  w"]);
    }
}
