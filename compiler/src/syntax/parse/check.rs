//! What the grammar lets through and the language does not: misplaced conditions and arguments.
//!
//! Walks a finished tree; its height is bounded by the parser.

use super::{State, explain};
use crate::diag::{Diagnostic, ErrorKind};
use crate::syntax::ast::{Call, Expr, ExprKind, Subscript, Subscripted};
use std::collections::BTreeMap;

impl State<'_> {
    /// Conditions stand first in `where` and nowhere else; named arguments come last and once.
    pub(super) fn check(&self, expr: &Expr) -> Result<(), Diagnostic> {
        match &expr.kind {
            ExprKind::Number(_) | ExprKind::Name(_) => Ok(()),
            ExprKind::Subscripted(x) => {
                self.check(&x.base)?;
                x.subscripts.iter().flat_map(Subscript::exprs).try_for_each(|e| self.check_whole(e))
            }
            ExprKind::Binder(binder) => {
                binder.range_ends().try_for_each(|e| self.check_whole(e))?;
                self.check(&binder.body)
            }
            ExprKind::Block(rows) => rows.iter().flatten().try_for_each(|entry| self.check(entry)),
            ExprKind::Negate(inner) | ExprKind::Transpose(inner) => self.check(inner),
            ExprKind::Chain(first, links) => {
                self.check(first)?;
                links.iter().try_for_each(|link| self.check(&link.operand))
            }
            ExprKind::Power(power) => {
                self.check(&power.base)?;
                self.check(&power.exponent)
            }
            ExprKind::Compare(_) => Err(self
                .error(ErrorKind::ConditionOutsideWhere, expr.span, "a condition outside `where`")
                .with_help(
                    "`where(condition, u, v)` is `u` where the condition holds, `v` elsewhere; how far `u` is from `v` \
                     is `u - v`",
                )),
            ExprKind::Call(call) => self.check_call(call),
        }
    }

    /// Of a subscript, or of an end of a range: its numbers are whole, too.
    fn check_whole(&self, expr: &Expr) -> Result<(), Diagnostic> {
        match &expr.kind {
            ExprKind::Number(number) => {
                let text = &self.text[expr.span.start..expr.span.end];
                if text.bytes().all(|b| b.is_ascii_digit()) {
                    return Ok(());
                }
                let message = format!("{} is not a whole number", explain::quote(text));
                let fault = self.error(ErrorKind::NotWhole, expr.span, message);
                let digits = number.bytes().all(|b| b.is_ascii_digit()) && number.len() < 20;
                Err(fault.with_help(if digits {
                    format!("subscripts and ranges count entries, in digits: `{number}`")
                } else {
                    "subscripts and ranges count entries, from 0, in digits".to_owned()
                }))
            }
            ExprKind::Negate(inner) => self.check_whole(inner),
            ExprKind::Chain(first, links) => {
                self.check_whole(first)?;
                links.iter().try_for_each(|link| self.check_whole(&link.operand))
            }
            _ => self.check(expr),
        }
    }

    /// The same of the arguments of one call.
    pub(super) fn check_call(&self, call: &Call) -> Result<(), Diagnostic> {
        let mut named = BTreeMap::new();
        for (i, arg) in call.args.iter().enumerate() {
            match &arg.name {
                None if !named.is_empty() => {
                    return Err(self
                        .error(
                            ErrorKind::PositionalAfterNamed,
                            arg.value.span,
                            "a positional argument after a named one",
                        )
                        .with_help("name it too, or move it to the front"));
                }
                None => {}
                Some(name) => {
                    if let Some(first) = named.insert(name.name.as_str(), name.span) {
                        let message = format!("argument `{}` is given twice", name.name);
                        return Err(self
                            .error(ErrorKind::DuplicateArgument, name.span, message)
                            .with_secondary(self.place(first), "it is given first here"));
                    }
                }
            }
            match &arg.value.kind {
                ExprKind::Compare(condition) if i == 0 && call.function.name == "where" => {
                    self.check(&condition.lhs)?;
                    self.check(&condition.rhs)?;
                }
                _ if i == 0 && call.function.name == "where" => {
                    return Err(self
                        .error(
                            ErrorKind::ConditionExpected,
                            arg.value.span,
                            "the first argument of `where` is a condition",
                        )
                        .with_help("compare with `<`, `<=`, `>`, `>=` or `==`: `where(x < y, u, v)`"));
                }
                _ => self.check(&arg.value)?,
            }
        }
        Ok(())
    }
}

impl Expr {
    /// How many levels of nesting it has; the parser's limit is on these, so it is at most a few hundred.
    pub(super) fn height(&self) -> usize {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::Name(_) => 0,
            ExprKind::Subscripted(x) => 1 + x.base.height().max(x.height_of_subscripts()),
            ExprKind::Binder(binder) => {
                1 + binder.range_ends().map(Self::height).fold(binder.body.height(), usize::max)
            }
            ExprKind::Block(rows) => 1 + rows.iter().flatten().map(Self::height).fold(0, usize::max),
            ExprKind::Negate(inner) | ExprKind::Transpose(inner) => 1 + inner.height(),
            ExprKind::Chain(first, links) => {
                links.iter().map(|link| link.operand.height()).fold(first.height(), usize::max)
            }
            ExprKind::Power(power) => power.base.height().max(1 + power.exponent.height()),
            ExprKind::Compare(comparison) => comparison.lhs.height().max(comparison.rhs.height()),
            ExprKind::Call(call) => 1 + call.args.iter().map(|arg| arg.value.height()).fold(0, usize::max),
        }
    }
}

impl Subscripted {
    /// The height of the highest of its subscripts.
    pub(super) fn height_of_subscripts(&self) -> usize {
        self.subscripts.iter().flat_map(Subscript::exprs).map(Expr::height).fold(0, usize::max)
    }
}
