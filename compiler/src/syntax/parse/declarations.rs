//! Declarations: names and their shapes.

use super::failure::{Failure, Parsed};
use super::items::extent;
use super::lexer::{ident, keyword, space, starts_number, token};
use super::{State, explain, words};
use crate::diag::ErrorKind;
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape, Ident};
use nom::Parser;
use nom::combinator::cut;

/// `name: shape`, with commas between; one more comma at the end does no harm.
pub(super) fn declarations<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Vec<Declaration>> {
    let mut list = Vec::new();
    let mut rest = input;
    while !space(rest).is_empty() {
        s.count(rest)?;
        let (after, name) = ident(s, words::NAME, rest)?;
        let (after, _) = cut(token(":", words::COLON)).parse(after).map_err(|e| bare_name(s, &name, e))?;
        let (after, declaration) = shape(s, name, after)?;
        list.push(declaration);
        let at = space(after);
        rest = match at.strip_prefix(',') {
            Some(next) => next,
            None if at.is_empty() => at,
            None => return Err(nom::Err::Failure(Failure::expecting(at, &[words::COMMA, words::END]))),
        };
    }
    Ok((rest, list))
}

/// A name without a shape gets the way out; other slips stay what they are.
fn bare_name(s: &State<'_>, name: &Ident, e: nom::Err<Box<Failure>>) -> nom::Err<Box<Failure>> {
    e.map(|failure| {
        let rest = &s.text[s.text.len() - failure.rest..];
        if !(rest.is_empty() || rest.starts_with(',')) {
            return failure;
        }
        let shown = explain::quote(&s.text[name.span.start..name.span.end]);
        let fault = s
            .error(ErrorKind::UnexpectedToken, name.span, format!("{shown} has no shape"))
            .with_help(format!("write `{}: vector`, or another shape after the `:`", name.name));
        Failure::known(rest, fault)
    })
}

/// The shape of `name`.
fn shape<'a>(s: &State<'a>, name: Ident, input: &'a str) -> Parsed<'a, Declaration> {
    let start = space(input);
    if starts_size(start) {
        let (rest, shape) = sizes(s, start)?;
        let shape_span = s.span(start, rest);
        return Ok((rest, Declaration { name, shape, shape_span, symmetric: false, whole: false }));
    }
    let (mut rest, mut word) = ident(s, words::SHAPE, start)?;
    let symmetric = word.name == "symmetric";
    let mut word_at = start;
    if symmetric {
        word_at = space(rest);
        (rest, word) = ident(s, "`matrix`", word_at)?;
    }
    let whole = word.name == "indices" && !symmetric;
    let shape = match word.name.as_str() {
        "matrix" => {
            let (after, extents) = extents(s, 2, Some(2), rest)?;
            rest = after;
            let mut extents = extents.into_iter();
            DeclaredShape::Matrix(extents.next().zip(extents.next()))
        }
        "vector" if !symmetric => {
            let (after, extents) = extents(s, 1, Some(1), rest)?;
            rest = after;
            DeclaredShape::Vector(extents.into_iter().next())
        }
        "indices" if whole => {
            let (after, extents) = extents(s, 1, Some(2), rest)?;
            rest = after;
            let mut extents = extents.into_iter();
            match (extents.next(), extents.next()) {
                (Some(rows), Some(columns)) => DeclaredShape::Matrix(Some((rows, columns))),
                (length, _) => DeclaredShape::Vector(length),
            }
        }
        "tensor" if !symmetric => {
            if !space(rest).starts_with('[') {
                let help = "three or more, a number, a symbol or `_` each: `tensor[n, _, 3]`";
                let fault = s
                    .error(ErrorKind::UnexpectedToken, word.span, "a tensor without its extents")
                    .with_help(help);
                return Err(nom::Err::Failure(Failure::known(rest, fault)));
            }
            let (after, extents) = extents(s, 3, None, rest)?;
            rest = after;
            DeclaredShape::Tensor(extents)
        }
        "scalar" if !symmetric => DeclaredShape::Scalar,
        other => {
            let (what, help) = if symmetric {
                ("symmetric shape", "only a `matrix` is symmetric: `symmetric matrix[n, n]`")
            } else {
                (
                    "shape",
                    "shapes are `scalar`, `vector`, `vector[n]`, `matrix`, `matrix[n, 10]`, `tensor[n, m, 3]`, `10`, \
                     `100 x 10` and `3 x 28 x 28`; whole numbers are `indices[n]`",
                )
            };
            let fault = s
                .error(
                    ErrorKind::UnexpectedToken,
                    word.span,
                    format!("{} is not a {what}", explain::quote(other)),
                )
                .with_help(help);
            return Err(nom::Err::Failure(Failure::known(word_at, fault)));
        }
    };
    Ok((rest, Declaration { name, shape, shape_span: s.span(start, rest), symmetric, whole }))
}

/// Whether an extent starts here that is no symbol.
fn starts_size(input: &str) -> bool {
    starts_number(input) || input.starts_with('-') || keyword("_", input).is_some()
}

/// `10`, `_`. The caller has looked: one starts here.
fn size<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, DeclaredExtent> {
    s.count(input)?;
    if let Some(rest) = keyword("_", input) {
        return Ok((rest, DeclaredExtent::Free));
    }
    let (rest, (count, _)) = extent(s, "an extent", input)?;
    Ok((rest, DeclaredExtent::Constant(count)))
}

/// `784`, `100 x 784`, `3 x 28 x 28`.
fn sizes<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, DeclaredShape> {
    let (mut rest, first) = size(s, input)?;
    let mut more = Vec::new();
    while let Some(after) = space(rest).strip_prefix(['x', '×']).filter(|after| starts_size(space(after))) {
        let (next, extent) = size(s, space(after))?;
        more.push(extent);
        rest = next;
    }
    let shape = match more.len() {
        0 => DeclaredShape::Vector(Some(first)),
        1 => DeclaredShape::Matrix(more.pop().map(|columns| (first, columns))),
        _ => {
            more.insert(0, first);
            DeclaredShape::Tensor(more)
        }
    };
    Ok((rest, shape))
}

/// `[n, 10, _]`: `least` extents and at most `most`, or no brackets and nothing.
fn extents<'a>(
    s: &State<'a>,
    least: usize,
    most: Option<usize>,
    input: &'a str,
) -> Parsed<'a, Vec<DeclaredExtent>> {
    let mut extents = Vec::new();
    let Some(mut rest) = space(input).strip_prefix('[') else { return Ok((input, extents)) };
    loop {
        let at = space(rest);
        let (after, extent) = if starts_size(at) {
            size(s, at)?
        } else {
            s.count(at)?;
            let (after, name) = ident(s, words::EXTENT, at)?;
            (after, DeclaredExtent::Symbol(name.name))
        };
        extents.push(extent);
        let at = space(after);
        let (more, done) = (most.is_none_or(|most| extents.len() < most), extents.len() >= least);
        if let Some(rest) = at.strip_prefix(']').filter(|_| done) {
            return Ok((rest, extents));
        }
        match at.strip_prefix(',').filter(|_| more) {
            Some(after) => rest = after,
            None => {
                let comma = more.then_some(words::COMMA);
                let expected: Vec<_> =
                    comma.into_iter().chain(done.then_some(words::CLOSE_BRACKET)).collect();
                return Err(nom::Err::Failure(Failure::expecting(at, &expected)));
            }
        }
    }
}
