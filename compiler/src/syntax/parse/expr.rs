//! Expressions, by recursive descent: a comparison of sums of products of signed powers.
//!
//! One level of parentheses or brackets costs one round through `expression`, `arithmetic`, `signed`,
//! `transposed`; `Scope` counts them, so the stack and every later walk over the tree are bounded. No input is
//! read twice but for the name before an `=`: there is no backtracking to blow up.

use super::brackets;
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

    /// Inside the parenthesis or bracket that opens at `input`.
    pub(super) fn inside<'a>(self, s: &State<'a>, input: &'a str) -> Result<Self, nom::Err<Box<Failure>>> {
        Ok(Self { open: Some(s.offset(input)), ..self.deeper(s, 1, input)? })
    }

    /// A failure here, past recovery.
    pub(super) fn expected(self, input: &str, expected: &[&'static str]) -> nom::Err<Box<Failure>> {
        let mut failure = Failure::expecting(space(input), expected);
        failure.open = self.open;
        nom::Err::Failure(failure)
    }
}

pub(super) fn boxed(kind: ExprKind, span: Span) -> Box<Expr> {
    Box::new(Expr { kind, span })
}

/// Anything that has a value; a condition is one to the grammar, and `check` sees to where it stands.
pub(super) fn expression<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let (rest, lhs) = arithmetic(s, scope, input)?;
    let at = space(rest);
    let Ok((after, op)) = compare_op(at) else { return Ok((rest, lhs)) };
    let (rest, rhs) = arithmetic(s, scope, after)?;
    compare(s, space(input), rest, Comparison { op, op_span: s.span(at, after), lhs: *lhs, rhs: *rhs })
}

/// The comparison from `start` to `rest`, unless another follows.
fn compare<'a>(
    s: &State<'a>,
    start: &'a str,
    rest: &'a str,
    comparison: Comparison,
) -> Parsed<'a, Box<Expr>> {
    let again = space(rest);
    if let Ok((beyond, _)) = compare_op(again) {
        return Err(nom::Err::Failure(Failure::known(again, s.chained_comparison(again, beyond))));
    }
    Ok((rest, boxed(ExprKind::Compare(Box::new(comparison)), s.span(start, rest))))
}

pub(super) fn compare_op(input: &str) -> Parsed<'_, CompareOp> {
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

/// An operator of sums or products, and where it stands.
#[derive(Clone, Copy)]
struct Operator {
    kind: BinaryOp,
    span: Span,
}

/// The operator after white space, if one is there, and what follows it.
fn operator<'a>(s: &State<'a>, input: &'a str) -> Option<(&'a str, Operator)> {
    let at = space(input);
    let (after, kind) = binary_op(at).ok()?;
    Some((space(after), Operator { kind, span: s.span(at, after) }))
}

/// A sum of products, in one loop, so that nesting costs one frame for both.
pub(super) fn arithmetic<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let start = space(input);
    let mut at = start;
    let mut left: Option<(Box<Expr>, Operator)> = None;
    loop {
        let (mut rest, mut product) = signed(s, scope, at)?;
        let mut next = operator(s, rest);
        while let Some((after, op)) = next.filter(|(_, op)| !op.kind.is_sum()) {
            let (end, factor) = signed(s, scope, after)?;
            product = join(product, op, factor, s.span(at, end));
            rest = end;
            next = operator(s, rest);
        }
        let sum = match left {
            Some((sum, op)) => join(sum, op, product, s.span(start, rest)),
            None => product,
        };
        let Some((after, op)) = next else { return Ok((rest, sum)) };
        left = Some((sum, op));
        at = after;
    }
}

/// One more link of a chain, or the first of one. `(a + b) + c` is one chain, as `a + b + c` is.
#[expect(clippy::boxed_local, reason = "unboxed in this frame, not in that of a caller that nests")]
fn join(mut left: Box<Expr>, op: Operator, right: Box<Expr>, span: Span) -> Box<Expr> {
    let link = Link { op: op.kind, op_span: op.span, operand: *right };
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
    let (at, (scope, signs)) = signs(s, scope, input)?;
    let (mut rest, mut expr) = transposed(s, scope, at)?;
    let op_at = space(rest);
    if let Ok((after, elementwise)) = power_op(op_at) {
        let (end, exponent) = signed(s, scope.deeper(s, 1, op_at)?, after)?;
        expr = raise(expr, elementwise, s.span(op_at, after), exponent, s.span(at, end));
        rest = end;
    }
    for sign in signs.into_iter().rev() {
        expr = boxed(ExprKind::Negate(expr), s.span(sign, rest));
    }
    Ok((rest, expr))
}

#[expect(clippy::boxed_local, reason = "unboxed in this frame, not in that of a caller that nests")]
fn raise(base: Box<Expr>, elementwise: bool, op_span: Span, exponent: Box<Expr>, span: Span) -> Box<Expr> {
    let power = Power { elementwise, op_span, base: *base, exponent: *exponent };
    boxed(ExprKind::Power(Box::new(power)), span)
}

/// The minus signs before an operand, first to last; each is a level of nesting.
fn signs<'a>(s: &State<'a>, mut scope: Scope, input: &'a str) -> Parsed<'a, (Scope, Vec<&'a str>)> {
    let mut at = space(input);
    let mut signs = Vec::new();
    while let Some(after) = at.strip_prefix('-').filter(|after| !after.starts_with('>')) {
        scope = scope.deeper(s, 1, at)?;
        s.count(at)?;
        signs.push(at);
        at = space(after);
    }
    Ok((at, (scope, signs)))
}

/// An atom and the transposes and subscripts after it.
fn transposed<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    s.count(input)?;
    let (mut rest, mut expr) = match input.as_bytes().first() {
        Some(b'(') => group(s, scope, input)?,
        Some(b'[') => brackets::block(s, scope, input)?,
        _ => atom(s, scope, input)?,
    };
    let mut named = input.starts_with(starts_name) && matches!(expr.kind, ExprKind::Name(_));
    let mut height = None;
    loop {
        let at = space(rest);
        if !at.starts_with(['\'', 'ᵀ', '[']) {
            return Ok((rest, expr));
        }
        // What they are of was within bounds without these levels around it.
        let grown = height.unwrap_or_else(|| expr.height()) + 1;
        scope.deeper(s, grown, at)?;
        s.count(at)?;
        (rest, expr) = match at.strip_prefix(['\'', 'ᵀ']) {
            Some(after) => (after, boxed(ExprKind::Transpose(expr), s.span(input, after))),
            None => brackets::after(s, scope, input, expr, named, at)?,
        };
        named = false;
        height = Some(match &expr.kind {
            ExprKind::Subscripted(x) => grown.max(1 + x.height_of_subscripts()),
            ExprKind::Binder(_) => expr.height(),
            _ => grown,
        });
    }
}

/// A number, a name or a call. White space before it is gone.
fn atom<'a>(s: &State<'a>, scope: Scope, input: &'a str) -> Parsed<'a, Box<Expr>> {
    if starts_number(input) {
        let (rest, text) = number(s, input)?;
        return Ok((rest, boxed(ExprKind::Number(text), s.span(input, rest))));
    }
    if !input.starts_with(starts_name) {
        return Err(scope.expected(input, &[words::EXPRESSION]));
    }
    let (rest, name) = ident(s, words::EXPRESSION, input)?;
    if space(rest).starts_with('(') {
        return call(s, scope, name, space(rest));
    }
    Ok((rest, boxed(ExprKind::Name(name.name), name.span)))
}

/// The call of `function`, whose arguments start at `input`.
fn call<'a>(s: &State<'a>, scope: Scope, function: Ident, input: &'a str) -> Parsed<'a, Box<Expr>> {
    let start = function.span.start;
    let (rest, args) = arguments(s, scope, input)?;
    let span = Span::new(start, s.offset(rest));
    Ok((rest, boxed(ExprKind::Call(Call { function, args }), span)))
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
