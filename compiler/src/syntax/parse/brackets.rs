//! What stands in brackets: subscripts, the indices of a reducer or builder, blocks.
//!
//! `sum[i]` is an entry of a variable called `sum`, `sum[i](e)` a sum over `i`. Which of them it is shows
//! behind the bracket, so what is inside is read once, as either, and then told apart.

use super::expr::{Scope, arithmetic, boxed, expression};
use super::failure::{Failure, Parsed};
use super::lexer::{assigned, canonical_name, keyword, raw_name, space};
use super::{State, explain, index_habits, words};
use crate::diag::ErrorKind;
use crate::source::Span;
use crate::syntax::ast::{
    Binder, BoundIndex, Expr, ExprKind, Ident, Range, Subscript, SubscriptKind, Subscripted,
};

/// What stands between two commas after an expression.
enum Item {
    /// `i + 1`, `1..`, `:`, and `i`, which is an index if a parenthesis follows.
    Subscript(Subscript),
    /// `i in 0..n`.
    Index(BoundIndex),
}

/// The brackets at `input`, after `base`, which begins at `start`: subscripts; or a binder, where `base` is a
/// name by itself (`named`) and a parenthesis follows.
pub(super) fn after<'a>(
    s: &State<'a>,
    scope: Scope,
    start: &'a str,
    base: Box<Expr>,
    named: bool,
    input: &'a str,
) -> Parsed<'a, Box<Expr>> {
    let (rest, items) = items(s, scope, named, input)?;
    let brackets = s.span(input, rest);
    let at = space(rest);
    if named && at.starts_with('(') {
        return binder(s, scope, base, items, brackets, at);
    }
    let mut subscripts = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Item::Subscript(subscript) => subscripts.push(subscript),
            Item::Index(_) => return Err(scope.expected(at, &[words::OPEN])),
        }
    }
    Ok((rest, subscripted(base, subscripts, brackets, s.span(start, rest))))
}

#[expect(clippy::boxed_local, reason = "unboxed in this frame, not in that of a caller that nests")]
fn subscripted(base: Box<Expr>, subscripts: Vec<Subscript>, brackets: Span, span: Span) -> Box<Expr> {
    boxed(ExprKind::Subscripted(Box::new(Subscripted { base: *base, subscripts, brackets })), span)
}

/// `[i + 1, :]`, `[i in 0..n, j]`, from the bracket at `input` to the one that closes it.
fn items<'a>(s: &State<'a>, scope: Scope, named: bool, input: &'a str) -> Parsed<'a, Vec<Item>> {
    let scope = scope.inside(s, input)?;
    let mut items = Vec::new();
    let mut rest = &input[1..];
    loop {
        let (after, item) = item(s, scope, named, space(rest))?;
        items.push(item);
        let at = space(after);
        if let Some(after) = at.strip_prefix(']') {
            return Ok((after, items));
        }
        rest = at
            .strip_prefix(',')
            .ok_or_else(|| scope.expected(at, &[words::OPERATOR, words::COMMA, words::CLOSE_BRACKET]))?;
    }
}

fn item<'a>(s: &State<'a>, scope: Scope, named: bool, start: &'a str) -> Parsed<'a, Item> {
    if named && let Some((after, name)) = bound(s, start) {
        let (rest, range) = written(s, scope, space(after))?;
        return Ok((rest, Item::Index(BoundIndex { name, range: Some(range) })));
    }
    if start.is_empty() || start.starts_with([',', ']']) {
        let called = start.strip_prefix(']').is_some_and(|after| space(after).starts_with('('));
        let expected = if named && called { words::INDEX } else { words::SUBSCRIPT };
        return Err(scope.expected(start, &[expected]));
    }
    let (rest, kind) = subscript(s, scope, start)?;
    Ok((rest, Item::Subscript(Subscript { kind, span: s.span(start, rest) })))
}

/// `i in`, and what follows.
fn bound<'a>(s: &State<'a>, start: &'a str) -> Option<(&'a str, Ident)> {
    let (rest, raw) = raw_name(start).ok().filter(|(_, raw)| *raw != "_")?;
    let after = keyword("in", rest)?;
    Some((after, Ident { name: canonical_name(raw), span: s.span(start, rest) }))
}

/// The range of an index: both ends.
fn written<'a>(s: &State<'a>, scope: Scope, start: &'a str) -> Parsed<'a, Range> {
    let (rest, first) = arithmetic(s, scope, start)?;
    let at = space(rest);
    let (after, inclusive) =
        points(at).ok_or_else(|| scope.expected(at, &[words::OPERATOR, words::POINTS]))?;
    let (rest, last) = arithmetic(s, scope, after)?;
    Ok((rest, Range { start: Some(*first), end: Some(*last), inclusive, span: s.span(start, rest) }))
}

fn subscript<'a>(s: &State<'a>, scope: Scope, start: &'a str) -> Parsed<'a, SubscriptKind> {
    let part = |first: Option<Box<Expr>>, last: Option<Box<Expr>>, inclusive, rest| {
        let (first, last) = (first.map(|e| *e), last.map(|e| *e));
        SubscriptKind::Part(Range { start: first, end: last, inclusive, span: s.span(start, rest) })
    };
    if let Some(rest) = start.strip_prefix(':') {
        s.count(start)?;
        return Ok((rest, part(None, None, false, rest)));
    }
    let (mut rest, mut first) = (start, None);
    if points(start).is_none() {
        let (after, entry) = arithmetic(s, scope, start)?;
        if points(space(after)).is_none() {
            return Ok((after, SubscriptKind::At(*entry)));
        }
        (rest, first) = (after, Some(entry));
    } else {
        s.count(start)?;
    }
    let Some((after, inclusive)) = points(space(rest)) else {
        return Err(scope.expected(start, &[words::SUBSCRIPT]));
    };
    let open = space(after);
    if !inclusive && (open.is_empty() || open.starts_with([',', ']'])) {
        return Ok((after, part(first, None, false, after)));
    }
    let (rest, last) = arithmetic(s, scope, after)?;
    Ok((rest, part(first, Some(last), inclusive, rest)))
}

/// `..` or `..=` (true), and what follows.
fn points(input: &str) -> Option<(&str, bool)> {
    let after = input.strip_prefix("..").filter(|after| !after.starts_with('.'))?;
    Some(after.strip_prefix('=').map_or((after, false), |after| (after, true)))
}

/// `function[items](body)`, whose parenthesis is at `input`.
#[expect(clippy::boxed_local, reason = "unboxed in this frame, not in that of a caller that nests")]
fn binder<'a>(
    s: &State<'a>,
    scope: Scope,
    base: Box<Expr>,
    items: Vec<Item>,
    brackets: Span,
    input: &'a str,
) -> Parsed<'a, Box<Expr>> {
    let ExprKind::Name(name) = base.kind else {
        return Err(scope.expected(input, &[words::OPERATOR]));
    };
    let function = Ident { name, span: base.span };
    let mut indices = Vec::with_capacity(items.len());
    for item in items {
        indices.push(match item {
            Item::Index(index) => index,
            Item::Subscript(subscript) => index(s, &function, subscript, input)?,
        });
    }
    let scope = scope.inside(s, input)?;
    let (rest, body) = expression(s, scope, &input[1..])?;
    let at = space(rest);
    let Some(rest) = at.strip_prefix(')') else {
        return match at.strip_prefix(',') {
            Some(more) => Err(two_bodies(s, scope, &function, brackets, &body, more)),
            None => Err(scope.expected(at, &[words::OPERATOR, words::CLOSE])),
        };
    };
    let span = Span::new(function.span.start, s.offset(rest));
    Ok((rest, boxed(ExprKind::Binder(Box::new(Binder { function, indices, brackets, body: *body })), span)))
}

/// What was read as a subscript, as an index.
fn index(
    s: &State<'_>,
    function: &Ident,
    subscript: Subscript,
    at: &str,
) -> Result<BoundIndex, nom::Err<Box<Failure>>> {
    let span = subscript.span;
    let (text, name) = (&s.text[span.start..span.end], &s.text[function.span.start..function.span.end]);
    let help = match subscript.kind {
        SubscriptKind::At(Expr { kind: ExprKind::Name(name), span: bare }) if bare == span => {
            return Ok(BoundIndex { name: Ident { name, span }, range: None });
        }
        SubscriptKind::Part(Range { start: Some(_), end: Some(_), .. }) if text.len() < 20 => {
            format!("name the index that takes these values: `{name}[i in {text}](...)`")
        }
        _ if index_habits::over_indices(name) => format!(
            "`{name}[i](...)` is over all values of an index, `{name}[i in 0..n](...)` over those of a range"
        ),
        _ => "a product takes its `*`; over indices go `sum[i](...)`, `max[i in 0..n](...)` and their like"
            .to_owned(),
    };
    let message = format!("expected an index, found {}", explain::quote(text));
    let fault = s.error(ErrorKind::IndexExpected, span, message).with_help(help);
    Err(nom::Err::Failure(Failure::known(at, fault)))
}

/// `dot[i](x[i], y[i])`: the second expression starts at `more`, unless something is wrong in it.
fn two_bodies(
    s: &State<'_>,
    scope: Scope,
    function: &Ident,
    brackets: Span,
    body: &Expr,
    more: &str,
) -> nom::Err<Box<Failure>> {
    let start = assigned(s, more).map_or(more, |(value, _)| value);
    let second = match expression(s, scope, start) {
        Ok((_, second)) => second.span,
        Err(error) => return error,
    };
    let written = |span: Span| &s.text[span.start..span.end];
    let (name, indices) = (written(function.span), written(brackets));
    let help = match (written(body.span), written(second)) {
        (x, y) if name == "dot" && x.len() + y.len() + indices.len() < 40 => {
            format!("write `sum{indices}({x} * {y})`")
        }
        _ => format!("write a `{name}[...](...)` for each, or put the two together: `sum[i](x[i] * y[i])`"),
    };
    let message = format!("`{name}[...](...)` is of one expression");
    let fault = s.error(ErrorKind::TooManyArguments, second, message).with_help(help);
    nom::Err::Failure(Failure::known(more, fault))
}

/// `[a, b; c, d]`, the bracket at `input` included.
pub(super) fn block<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let scope = scope.inside(s, input)?;
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut rest = &input[1..];
    loop {
        let (after, entry) = expression(s, scope, rest)?;
        row.push(*entry);
        let at = space(after);
        let Some(separator) = at.chars().next().filter(|c| matches!(c, ',' | ';' | ']')) else {
            let expected = [words::OPERATOR, words::COMMA, words::NEXT_ROW, words::CLOSE_BRACKET];
            return Err(scope.expected(at, &expected));
        };
        rest = &at[1..];
        if separator != ',' {
            rows.push(std::mem::take(&mut row));
        }
        if separator == ']' {
            return Ok((rest, boxed(ExprKind::Block(rows), s.span(input, rest))));
        }
    }
}
