//! Tokens: white space, names with their Greek letters, numbers.

use super::State;
use super::failure::{Failure, Parsed};
use crate::diag::ErrorKind;
use crate::syntax::ast::Ident;
use nom::Parser;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::{char, digit0, digit1, one_of, satisfy};
use nom::combinator::{not, opt, peek, recognize};
use nom::error::context;
use nom::sequence::{pair, preceded, terminated};

/// More digits than this are refused: no measured or published constant has them.
const MAX_DIGITS: usize = 1_000;

/// What follows white space. It is skipped again by each parser that looks past it, so long runs go fast.
pub(super) fn space(mut input: &str) -> &str {
    const RUN: &str = "                                                                ";
    while let Some(after) = input.strip_prefix(RUN) {
        input = after;
    }
    input.trim_start()
}

/// A fixed token after white space, called `name` in errors.
pub(super) fn token<'a>(
    text: &'static str,
    name: &'static str,
) -> impl Parser<&'a str, Output = &'a str, Error = Box<Failure>> {
    preceded(|input| Ok((space(input), ())), context(name, tag(text)))
}

/// The ASCII names of `α` to `ω`, in the order of their code points (`ς` is a sigma).
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
    "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// The ASCII names of `Α` to `Ω`; the code point at the place of `ς` is not assigned.
const GREEK_CAPITAL: [&str; 25] = [
    "Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "Mu",
    "Nu", "Xi", "Omicron", "Pi", "Rho", "", "Sigma", "Tau", "Upsilon", "Phi", "Chi", "Psi", "Omega",
];

/// The ASCII name of a Greek letter: `lambda` of `λ`, `Sigma` of `Σ`.
#[must_use]
pub fn greek_name(letter: char) -> Option<&'static str> {
    let nth = |first: char| letter as usize - first as usize;
    let name = match letter {
        'α'..='ω' => GREEK[nth('α')],
        'Α'..='Ω' => GREEK_CAPITAL[nth('Α')],
        'ϐ' => "beta",
        'ϑ' => "theta",
        'ϕ' => "phi",
        'ϖ' => "pi",
        'ϰ' => "kappa",
        'ϱ' => "rho",
        'ϵ' => "epsilon",
        'ϴ' => "Theta",
        '\u{b5}' => "mu",      // the micro sign, which keyboards have
        '\u{2126}' => "Omega", // the ohm sign
        _ => "",
    };
    (!name.is_empty()).then_some(name)
}

pub(super) fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && greek_name(c).is_some())
}

pub(super) fn continues_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || starts_name(c)
}

/// A name as written.
pub(super) fn raw_name(input: &str) -> Parsed<'_, &str> {
    recognize(pair(satisfy(starts_name), take_while(continues_name))).parse(input)
}

/// The canonical spelling of a name: Greek letters by their ASCII names.
#[must_use]
pub fn canonical_name(raw: &str) -> String {
    if raw.is_ascii() {
        return raw.to_owned();
    }
    let mut name = String::with_capacity(raw.len() * 2);
    for c in raw.chars() {
        match greek_name(c) {
            Some(letter) => name.push_str(letter),
            None => name.push(c),
        }
    }
    name
}

/// A name after white space, called `what` in errors.
pub(super) fn ident<'a>(s: &State<'a>, what: &'static str, input: &'a str) -> Parsed<'a, Ident> {
    let input = space(input);
    let (rest, raw) = context(what, raw_name).parse(input)?;
    if raw == "_" {
        return Err(nom::Err::Error(Failure::expecting(input, &[what])));
    }
    Ok((rest, Ident { name: canonical_name(raw), span: s.span(input, rest) }))
}

/// A name and the `=` (not `==`) after it: the head of a local definition or of a named argument.
pub(super) fn assigned<'a>(s: &State<'a>, input: &'a str) -> Option<(&'a str, Ident)> {
    let start = space(input);
    let (rest, raw) = raw_name(start).ok()?;
    let after = space(rest).strip_prefix('=')?;
    if after.starts_with('=') || raw == "_" {
        return None;
    }
    Some((after, Ident { name: canonical_name(raw), span: s.span(start, rest) }))
}

/// A word that is no longer name: `in`.
pub(super) fn keyword<'a>(word: &str, input: &'a str) -> Option<&'a str> {
    space(input).strip_prefix(word).filter(|after| !after.starts_with(continues_name))
}

/// Whether a number starts here.
pub(super) fn starts_number(input: &str) -> bool {
    let mut bytes = input.bytes();
    match bytes.next() {
        Some(b'.') => bytes.next().is_some_and(|b| b.is_ascii_digit()),
        first => first.is_some_and(|b| b.is_ascii_digit()),
    }
}

/// The point of a number: not the one of `.*`, `./`, `.^`, nor the first of a range's two.
fn point(input: &str) -> Parsed<'_, char> {
    terminated(char('.'), not(one_of("*/^'."))).parse(input)
}

/// A number, in canonical form. The caller has looked: one starts here.
pub(super) fn number<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, String> {
    let exponent = preceded(one_of("eE"), pair(opt(one_of("+-")), digit1));
    let (rest, (whole, fraction, exponent)) =
        (digit0, opt(preceded(point, digit0)), opt(exponent)).parse(input)?;
    let bad = |rest: &'a str, message: &str, help: &str| {
        let shown = super::explain::quote(&input[..input.len() - rest.len()]);
        let fault = s
            .error(ErrorKind::BadNumber, s.span(input, rest), format!("{shown} is not a number: {message}"))
            .with_help(help);
        Err(nom::Err::Failure(Failure::known(input, fault)))
    };
    if peek((one_of("eE"), one_of::<_, _, Box<Failure>>("+-"))).parse(rest).is_ok() {
        return bad(
            &rest[2..],
            "its exponent has no digits",
            "write it like `1e-3`; a name `e` takes its `*`: `2 * e`",
        );
    }
    if peek((char('.'), one_of::<_, _, Box<Failure>>("0123456789"))).parse(rest).is_ok() {
        let (rest, _) = take_while(|c: char| c.is_ascii_digit() || c == '.').parse(rest)?;
        return bad(rest, "it has a second point", "keep one decimal point");
    }
    if rest.starts_with('_') {
        let (rest, _) = take_while(|c: char| c.is_ascii_digit() || c == '_').parse(rest)?;
        return bad(rest, "digits are not grouped", "leave the `_` out");
    }
    let text = canonical_number(whole, fraction.unwrap_or(""), exponent);
    let out_of_range = |message: &str| {
        let shown = super::explain::quote(&input[..input.len() - rest.len()]);
        let fault = s
            .error(ErrorKind::NumberOutOfRange, s.span(input, rest), format!("{shown} {message}"))
            .with_help(
                "numbers are held in double precision: 0, or between about 5e-324 and 1.8e308 in magnitude",
            );
        Err(nom::Err::Failure(Failure::known(input, fault)))
    };
    let value: f64 = text.parse().unwrap_or(f64::INFINITY);
    if value.is_infinite() {
        return out_of_range("is too large");
    }
    if value == 0.0 && text != "0" {
        return out_of_range("is too small");
    }
    if text.len() > MAX_DIGITS {
        return out_of_range("has too many digits");
    }
    Ok((rest, text))
}

/// One spelling for one number: no idle zeros, no `+`, `0.5` for `.5`; no digit that counts is lost.
fn canonical_number(whole: &str, fraction: &str, exponent: Option<(Option<char>, &str)>) -> String {
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() && fraction.is_empty() {
        return "0".to_owned();
    }
    let mut text = String::with_capacity(whole.len() + fraction.len() + 8);
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    if let Some((sign, digits)) = exponent {
        let digits = digits.trim_start_matches('0');
        if !digits.is_empty() {
            text.push('e');
            if sign == Some('-') {
                text.push('-');
            }
            text.push_str(digits);
        }
    }
    text
}
