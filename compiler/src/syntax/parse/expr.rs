//! Expressions, by recursive descent: a comparison of sums of products of signed powers.
//!
//! One level of parentheses costs one round through `expression`, `arithmetic`, `signed`, `atom`; `Scope` counts
//! them, so the stack and every later walk over the tree are bounded. No input is read twice but for the
//! name before an `=`: there is no backtracking to blow up.

use super::failure::{Failure, Parsed};
use super::lexer::{assigned, ident, number, space, starts_name, starts_number};
use super::{MAX_DEPTH, State, words};
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOp, Call, CompareOp, Comparison, Expr, ExprKind, Ident, Link, Power};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::char;
use nom::combinator::{not, value};
use nom::sequence::terminated;

/// How deep the parser is, and in what.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope {
    depth: usize,
    open: Option<usize>,
}

impl Scope {
    /// `levels` deeper.
    fn deeper<'a>(
        self,
        s: &State<'a>,
        levels: usize,
        input: &'a str,
    ) -> Result<Self, nom::Err<Box<Failure>>> {
        let depth = self.depth + levels;
        if depth > MAX_DEPTH {
            return Err(nom::Err::Failure(Failure::known(input, s.too_deep(input))));
        }
        Ok(Self { depth, ..self })
    }

    /// Inside the parenthesis that opens at `input`.
    fn inside<'a>(self, s: &State<'a>, input: &'a str) -> Result<Self, nom::Err<Box<Failure>>> {
        Ok(Self { open: Some(s.offset(input)), ..self.deeper(s, 1, input)? })
    }

    /// A failure here, past recovery.
    fn expected(self, input: &str, expected: &[&'static str]) -> nom::Err<Box<Failure>> {
        let mut failure = Failure::expecting(space(input), expected);
        failure.open = self.open;
        nom::Err::Failure(failure)
    }
}

fn boxed(kind: ExprKind, span: Span) -> Box<Expr> {
    Box::new(Expr { kind, span })
}

/// Anything that has a value; a condition is one to the grammar, and `check` sees to where it stands.
pub(super) fn expression<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let input = space(input);
    let (rest, lhs) = arithmetic(s, scope, input)?;
    let at = space(rest);
    let Ok((after, op)) = compare_op(at) else { return Ok((rest, lhs)) };
    let op_span = s.span(at, after);
    let (rest, rhs) = arithmetic(s, scope, after)?;
    let again = space(rest);
    if let Ok((beyond, _)) = compare_op(again) {
        return Err(nom::Err::Failure(Failure::known(again, s.chained_comparison(again, beyond))));
    }
    let kind = ExprKind::Compare(Box::new(Comparison { op, op_span, lhs: *lhs, rhs: *rhs }));
    Ok((rest, boxed(kind, s.span(input, rest))))
}

fn compare_op(input: &str) -> Parsed<'_, CompareOp> {
    alt((
        value(CompareOp::LessEqual, tag("<=")),
        value(CompareOp::GreaterEqual, tag(">=")),
        value(CompareOp::Equal, tag("==")),
        value(CompareOp::Less, char('<')),
        value(CompareOp::Greater, char('>')),
    ))
    .parse(input)
}

fn binary_op(input: &str) -> Parsed<'_, BinaryOp> {
    alt((
        value(BinaryOp::Add, char('+')),
        value(BinaryOp::Sub, terminated(char('-'), not(char('>')))), // `->` belongs to networks
        value(BinaryOp::Mul, terminated(char('*'), not(char('*')))), // `**` is nobody's product
        value(BinaryOp::Div, char('/')),
        value(BinaryOp::ElementMul, alt((tag(".*"), tag("⊙")))),
        value(BinaryOp::ElementDiv, alt((tag("./"), tag("⊘")))),
    ))
    .parse(input)
}

fn power_op(input: &str) -> Parsed<'_, bool> {
    alt((value(false, char('^')), value(true, tag(".^")))).parse(input)
}

/// The operator of a sum or a product after white space: what follows it, and where it stands.
fn operator<'a>(s: &State<'a>, input: &'a str) -> Option<(&'a str, BinaryOp, Span)> {
    let at = space(input);
    let (after, op) = binary_op(at).ok()?;
    Some((space(after), op, s.span(at, after)))
}

/// A sum of products, in one loop, so that nesting costs one frame for both.
fn arithmetic<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let start = space(input);
    let mut at = start;
    let mut left: Option<(Box<Expr>, BinaryOp, Span)> = None;
    loop {
        let (mut rest, mut product) = signed(s, scope, at)?;
        let mut next = operator(s, rest);
        while let Some((after, op, op_span)) = next.filter(|(_, op, _)| !op.is_sum()) {
            let (end, factor) = signed(s, scope, after)?;
            product = join(product, Link { op, op_span, operand: *factor }, s.span(at, end));
            rest = end;
            next = operator(s, rest);
        }
        let sum = match left {
            Some((sum, op, op_span)) => {
                join(sum, Link { op, op_span, operand: *product }, s.span(start, rest))
            }
            None => product,
        };
        let Some((after, op, op_span)) = next else { return Ok((rest, sum)) };
        left = Some((sum, op, op_span));
        at = after;
    }
}

/// One more link of a chain, or the first of one. `(a + b) + c` is one chain, as `a + b + c` is.
fn join(mut left: Box<Expr>, link: Link, span: Span) -> Box<Expr> {
    match &mut left.kind {
        ExprKind::Chain(_, links) if links.first().is_some_and(|l| l.op.is_sum() == link.op.is_sum()) => {
            links.push(link);
            left.span = span;
            left
        }
        _ => boxed(ExprKind::Chain(left, vec![link]), span),
    }
}

/// Minus signs, then a power. An exponent is one of these too: `2^-a^2`.
fn signed<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let mut at = space(input);
    let mut scope = scope;
    let mut signs = Vec::new();
    while let Some(after) = at.strip_prefix('-').filter(|after| !after.starts_with('>')) {
        scope = scope.deeper(s, 1, at)?;
        s.count(at)?;
        signs.push(at);
        at = space(after);
    }
    let (mut rest, mut expr) = transposed(s, scope, at)?;
    if let Ok((after, elementwise)) = power_op(space(rest)) {
        let op_span = s.span(space(rest), after);
        let inner = scope.deeper(s, 1, space(rest))?;
        let (end, exponent) = signed(s, inner, after)?;
        let power = Power { elementwise, op_span, base: *expr, exponent: *exponent };
        expr = boxed(ExprKind::Power(Box::new(power)), s.span(at, end));
        rest = end;
    }
    for sign in signs.into_iter().rev() {
        expr = boxed(ExprKind::Negate(expr), s.span(sign, rest));
    }
    Ok((rest, expr))
}

/// An atom and the transposes after it.
fn transposed<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let (mut rest, mut expr) = atom(s, scope, input)?;
    // The atom was within bounds when nothing stood around it: what it has of height counts against the signs.
    let mut height = None;
    while let Some(after) = space(rest).strip_prefix(['\'', 'ᵀ']) {
        let grown = height.unwrap_or_else(|| expr.height()) + 1;
        scope.deeper(s, grown, space(rest))?;
        s.count(rest)?;
        height = Some(grown);
        expr = boxed(ExprKind::Transpose(expr), s.span(input, after));
        rest = after;
    }
    Ok((rest, expr))
}

/// A number, a name, a call, or an expression in parentheses. White space before it is gone.
fn atom<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    s.count(input)?;
    if input.starts_with('(') {
        return group(s, scope, input);
    }
    if starts_number(input) {
        let (rest, text) = number(s, input)?;
        return Ok((rest, boxed(ExprKind::Number(text), s.span(input, rest))));
    }
    if !input.starts_with(starts_name) {
        return Err(scope.expected(input, &[words::EXPRESSION]));
    }
    let (rest, function) = ident(s, words::EXPRESSION, input)?;
    if space(rest).starts_with('(') {
        let (rest, args) = arguments(s, scope, space(rest))?;
        let span = s.span(input, rest);
        return Ok((rest, boxed(ExprKind::Call(Call { function, args }), span)));
    }
    let Ident { name, span } = function;
    Ok((rest, boxed(ExprKind::Name(name), span)))
}

fn group<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let scope = scope.inside(s, input)?;
    let (rest, expr) = expression(s, scope, &input[1..])?;
    match space(rest).strip_prefix(')') {
        Some(after) => Ok((after, expr)),
        None => Err(scope.expected(rest, &[words::OPERATOR, words::CLOSE])),
    }
}

/// `(x, k = 2)`, the parenthesis at `input` included.
pub(super) fn arguments<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Vec<Arg>> {
    let scope = scope.inside(s, input)?;
    let mut args = Vec::new();
    let mut rest = &input[1..];
    if let Some(after) = space(rest).strip_prefix(')') {
        return Ok((after, args));
    }
    loop {
        let (start, name) = match assigned(s, rest) {
            Some((after, name)) => (after, Some(name)),
            None => (rest, None),
        };
        let (after, value) = expression(s, scope, start)?;
        args.push(Arg { name, value: *value });
        let (next, more) = separator(scope, after)?;
        if !more {
            return Ok((next, args));
        }
        rest = next;
    }
}

/// `,` before another argument (true) or `)` after the last (false).
fn separator(scope: Scope, input: &str) -> Parsed<'_, bool> {
    let at = space(input);
    let more: Parsed<'_, bool> = alt((value(true, char(',')), value(false, char(')')))).parse(at);
    more.map_err(|_| scope.expected(at, &[words::OPERATOR, words::COMMA, words::CLOSE]))
}
