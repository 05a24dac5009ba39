//! What whole texts hold: programs, definitions, networks.

use super::expr::{Scope, arguments, expression};
use super::failure::{Failure, Parsed};
use super::lexer::{assigned, ident, number, space, starts_number, token};
use super::{State, explain, words};
use crate::diag::ErrorKind;
use crate::source::Span;
use crate::syntax::ast::{ArrowNetwork, Call, Definition, Expr, Layer, Local, Network, Param, Program};
use nom::Parser;
use nom::branch::alt;

/// An expression on its own, checked.
fn checked<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Expr> {
    let (rest, expr) = expression(s, Scope::default(), input)?;
    match s.check(&expr) {
        Ok(()) => Ok((rest, *expr)),
        Err(fault) => Err(nom::Err::Failure(Failure::known(input, fault))),
    }
}

/// Local definitions, then the value, to the end.
pub(super) fn program<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Program> {
    let mut locals = Vec::new();
    let mut rest = input;
    while let Some((after, name)) = assigned(s, rest) {
        s.count(rest)?;
        let (after, value) = checked(s, after)?;
        let at = space(after);
        let end = at.strip_prefix(';').map(space);
        if at.is_empty() || end.is_some_and(str::is_empty) {
            let mut help = format!("the last expression is the value: write `; {}`", name.name);
            if locals.is_empty() && at.is_empty() {
                let difference = format!("{} - {}", &s.text[value.span.start..value.span.end], name.name);
                help.push_str(&format!("; a residual is a difference: {}", explain::quote(&difference)));
            }
            let message = "definitions without a value after them";
            let fault = s.error(ErrorKind::MissingResult, Span::at(s.text.len()), message).with_help(help);
            return Err(nom::Err::Failure(Failure::known("", fault)));
        }
        let Some(after) = end else {
            return Err(nom::Err::Failure(Failure::expecting(at, &[words::OPERATOR, words::SEMICOLON])));
        };
        locals.push(Local { name, value });
        rest = after;
    }
    let (rest, result) = checked(s, rest)?;
    let rest = end(rest, &[words::OPERATOR])?;
    Ok((rest, Program { locals, result }))
}

/// The end of the text, where `also` could have stood.
fn end<'a>(input: &'a str, also: &[&'static str]) -> Result<&'a str, nom::Err<Box<Failure>>> {
    let rest = space(input);
    if rest.is_empty() {
        return Ok(rest);
    }
    let mut failure = Failure::expecting(rest, also);
    failure.expected.insert(words::END);
    Err(nom::Err::Failure(failure))
}

/// `name = program`, `name(param, param = default) = program`.
pub(super) fn definition<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Definition> {
    let start = space(input);
    let not_one = || {
        let span = Span::new(s.offset(start), s.text.trim_end().len());
        let fault = s
            .error(
                ErrorKind::DefinitionExpected,
                span,
                format!("{} is not a definition", explain::quote(start.trim_end())),
            )
            .with_help("a definition is `name = expression` or `name(parameter) = expression`");
        nom::Err::Failure(Failure::known(start, fault))
    };
    let head = ident(s, words::NAME, start);
    let (mut rest, name) = head.map_err(|e| if start.contains('=') { e } else { not_one() })?;
    let mut params = Vec::new();
    if let Some(after) = space(rest).strip_prefix('(') {
        let opened = space(rest);
        (rest, params) =
            parameters(s, opened, after).map_err(|e| if opened.contains('=') { e } else { not_one() })?;
    }
    match space(rest).strip_prefix('=') {
        Some(after) if !after.starts_with('=') => {
            let (rest, body) = program(s, after)?;
            Ok((rest, Definition { name, params, body }))
        }
        _ => Err(not_one()),
    }
}

/// `param, param = default)`; `opened` begins with the parenthesis before them.
fn parameters<'a>(s: &State<'a>, opened: &'a str, input: &'a str) -> Parsed<'a, Vec<Param>> {
    let within = |e: nom::Err<Box<Failure>>| {
        e.map(|mut failure| {
            failure.open = failure.open.or(Some(s.offset(opened)));
            failure
        })
    };
    let mut params = Vec::new();
    let mut rest = input;
    if let Some(after) = space(rest).strip_prefix(')') {
        return Ok((after, params));
    }
    loop {
        s.count(rest)?;
        let (mut after, name) = ident(s, words::PARAMETER, rest).map_err(within)?;
        let mut default = None;
        let mut follows = vec![words::EQUALS];
        if let Some(value) = space(after).strip_prefix('=') {
            let (next, value) = checked(s, value).map_err(within)?;
            after = next;
            default = Some(value);
            follows = vec![words::OPERATOR];
        }
        params.push(Param { name, default });
        match alt((token(",", words::COMMA), token(")", words::CLOSE))).parse(after) {
            Ok((next, ",")) => rest = next,
            Ok((next, _)) => return Ok((next, params)),
            Err(e) => {
                return Err(within(e.map(|mut failure| {
                    failure.expected.extend(follows);
                    failure
                })));
            }
        }
    }
}

/// Either form: the arrow form starts with a number or has an arrow.
pub(super) fn network<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Network> {
    if starts_number(space(input)) || input.contains("->") { arrow(s, input) } else { long(s, input) }
}

fn arrow<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Network> {
    let (mut rest, (inputs, inputs_span)) = extent(s, words::INPUTS, input)?;
    let mut layers = Vec::new();
    loop {
        let (after, _) = match token("->", words::ARROW).parse(rest) {
            Err(_) if !layers.is_empty() && space(rest).is_empty() => break,
            Err(e) if layers.is_empty() => return Err(e),
            Err(_) => {
                return Err(nom::Err::Failure(Failure::expecting(space(rest), &[words::ARROW, words::END])));
            }
            Ok(arrow) => arrow,
        };
        s.count(after)?;
        let (after, (units, units_span)) = extent(s, words::UNITS, after)?;
        let (mut after, function) = ident(s, words::ACTIVATION, after)?;
        let mut args = Vec::new();
        if space(after).starts_with('(') {
            (after, args) = arguments(s, Scope::default(), space(after))?;
        }
        let activation = Call { function, args };
        if let Err(fault) = s.check_call(&activation) {
            return Err(nom::Err::Failure(Failure::known(after, fault)));
        }
        layers.push(Layer { units, units_span, activation });
        rest = after;
    }
    Ok((space(rest), Network::Arrow(ArrowNetwork { inputs, inputs_span, layers })))
}

/// A whole number above 0, called `what` in errors.
pub(super) fn extent<'a>(s: &State<'a>, what: &'static str, input: &'a str) -> Parsed<'a, (usize, Span)> {
    let start = space(input);
    let digits = match start.strip_prefix('-') {
        Some(after) if !after.starts_with('>') => space(after),
        _ => start,
    };
    if !starts_number(digits) {
        return Err(nom::Err::Failure(Failure::expecting(start, &[what])));
    }
    let (rest, _) = number(s, digits)?;
    let span = s.span(start, rest);
    match s.text[span.start..span.end].parse() {
        Ok(count) if count > 0 => Ok((rest, (count, span))),
        _ => {
            let shown = explain::quote(&s.text[span.start..span.end]);
            let fault = s
                .error(ErrorKind::BadExtent, span, format!("{shown} is not {what}"))
                .with_help("write a whole number above 0, digits only");
            Err(nom::Err::Failure(Failure::known(start, fault)))
        }
    }
}

/// `h = tanh(W*x + b); a = softmax(V*h)`.
fn long<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Network> {
    let mut steps = Vec::new();
    let mut rest = input;
    loop {
        let Some((after, name)) = assigned(s, rest) else {
            let start = space(rest);
            let (after, expr) = checked(s, start)?; // an error in it comes first
            let after = space(after);
            if !after.is_empty() && !after.starts_with(';') {
                return Err(nom::Err::Failure(Failure::expecting(
                    after,
                    &[words::OPERATOR, words::SEMICOLON],
                )));
            }
            let fault = s
                .error(ErrorKind::MissingOutput, expr.span, "a step of a network without a name")
                .with_help("each step is `name = expression`; the output is called `a`: write `a = ...`");
            return Err(nom::Err::Failure(Failure::known(start, fault)));
        };
        s.count(rest)?;
        let (after, value) = checked(s, after)?;
        steps.push(Local { name, value });
        let at = space(after);
        match at.strip_prefix(';').map(space) {
            Some("") => return Ok(("", Network::Long(steps))),
            Some(next) => rest = next,
            None if at.is_empty() => return Ok((at, Network::Long(steps))),
            None => {
                let expected = [words::OPERATOR, words::SEMICOLON, words::END];
                return Err(nom::Err::Failure(Failure::expecting(at, &expected)));
            }
        }
    }
}
