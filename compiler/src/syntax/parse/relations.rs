//! What `st(...)` and `bounds(...)` hold: comparisons, which may chain.

use super::expr::{Scope, arithmetic, compare_op};
use super::failure::{Failure, Parsed};
use super::lexer::space;
use super::{State, words};
use crate::diag::ErrorKind;
use crate::syntax::ast::{CompareOp, Expr, Relation};

/// Chains with commas between them, to the end: `w >= 0, l <= s <= u`.
pub(super) fn list<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Vec<Relation>> {
    let mut relations = Vec::new();
    let mut rest = input;
    loop {
        rest = chain(s, rest, &mut relations)?;
        match space(rest).strip_prefix(',') {
            // A comma may end the list.
            Some(after) if space(after).is_empty() => return Ok(("", relations)),
            Some(after) => rest = after,
            None if space(rest).is_empty() => return Ok(("", relations)),
            None => {
                let expected = Failure::expecting(space(rest), &[words::OPERATOR, words::COMMA, words::END]);
                return Err(nom::Err::Failure(expected));
            }
        }
    }
}

/// `left <= middle <= right`: a relation for each two neighbours.
fn chain<'a>(
    s: &State<'a>,
    input: &'a str,
    relations: &mut Vec<Relation>,
) -> Result<&'a str, nom::Err<Box<Failure>>> {
    let (mut rest, mut left) = side(s, input)?;
    let first = relations.len();
    loop {
        let at = space(rest);
        if let (Some(after), false) = (at.strip_prefix('='), at.starts_with("==")) {
            let fault = s
                .error(ErrorKind::UnexpectedToken, s.span(at, after), "`=` gives a name")
                .with_help("a constraint that two sides are equal is `left == right`");
            return Err(nom::Err::Failure(Failure::known(at, fault)));
        }
        let Ok((after, op)) = compare_op(at) else { break };
        if let CompareOp::Less | CompareOp::Greater = op {
            let sign = &at[..1];
            let fault = s
                .error(
                    ErrorKind::UnexpectedToken,
                    s.span(at, after),
                    format!("`{sign}` leaves its limit out"),
                )
                .with_help(format!("a constraint holds its limit in: write `{sign}=`"));
            return Err(nom::Err::Failure(Failure::known(at, fault)));
        }
        let (beyond, right) = side(s, after)?;
        relations.push(Relation { op, op_span: s.span(at, after), lhs: left, rhs: right.clone() });
        (rest, left) = (beyond, right);
    }
    if relations.len() == first {
        let fault = s
            .error(ErrorKind::ConditionExpected, left.span, "a constraint compares two sides")
            .with_help("write `left <= right`, `left >= right` or `left == right`");
        return Err(nom::Err::Failure(Failure::known(input, fault)));
    }
    Ok(rest)
}

fn side<'a>(s: &State<'a>, input: &'a str) -> Parsed<'a, Expr> {
    let (rest, expr) = arithmetic(s, Scope::default(), input)?;
    match s.check(&expr) {
        Ok(()) => Ok((rest, *expr)),
        Err(fault) => Err(nom::Err::Failure(Failure::known(input, fault))),
    }
}

#[cfg(test)]
mod tests {
    use crate::source::SourceId;
    use crate::syntax::ast::CompareOp;
    use crate::syntax::parse::relations;

    #[test]
    fn chains_are_relations_between_neighbours() {
        let text = "l <= A*w <= u, sum(w) == 1, b[0] >= 2*k,";
        let found = relations(text, SourceId::Bounds).unwrap();
        let shown: Vec<(CompareOp, &str, &str)> = found
            .iter()
            .map(|r| (r.op, &text[r.lhs.span.start..r.lhs.span.end], &text[r.rhs.span.start..r.rhs.span.end]))
            .collect();
        assert_eq!(
            shown,
            [
                (CompareOp::LessEqual, "l", "A*w"),
                (CompareOp::LessEqual, "A*w", "u"),
                (CompareOp::Equal, "sum(w)", "1"),
                (CompareOp::GreaterEqual, "b[0]", "2*k"),
            ]
        );
    }

    #[test]
    fn what_is_no_constraint_is_said_and_where() {
        for (text, message, at) in [
            ("sum(w)", "a constraint compares two sides", "sum(w)"),
            ("w < 1", "`<` leaves its limit out", "<"),
            ("w = 1", "`=` gives a name", "="),
        ] {
            let error = relations(text, SourceId::Bounds).unwrap_err();
            assert_eq!(error.message, message, "{text}");
            assert_eq!(&text[error.place.span.start..error.place.span.end], at, "{text}");
        }
        for text in ["w <=", "w <= 1 2", "w <= 1,, v <= 2", "<= 1", "w <= (1"] {
            assert!(relations(text, SourceId::Bounds).is_err(), "{text}");
        }
    }
}
