//! Functions of trees: calls, choices, and the functions that a person writes as an expression.

use super::notation::{Notation, Tree};
use crate::ir::Number;
use crate::ops::{self, ElementFn};
use crate::syntax::ast::{BinaryOp, CompareOp, Expr, ExprKind};

/// `where(lhs op rhs, then, otherwise)`.
pub(super) fn chosen(op: CompareOp, parts: Vec<Tree>) -> Option<Tree> {
    let rank = parts.iter().map(|t| t.rank).max().unwrap_or(0);
    let plain = parts.iter().all(|t| t.plain);
    let notes: Vec<Notation> = parts.into_iter().map(|t| t.note).collect();
    let notes: [Notation; 4] = notes.try_into().ok()?;
    Some(Tree { note: Notation::Where(op, Box::new(notes)), rank, plain })
}

/// An element-wise function of trees: a call, or as its row is written.
pub(super) fn applied(function: ElementFn, args: Vec<Tree>) -> Tree {
    if let Some(text) = function.spec().written {
        let env: Vec<(&str, Tree)> = ops::parameters(args.len()).iter().copied().zip(args).collect();
        return written(ops::parsed(text), &env);
    }
    called(function, args)
}

fn called(function: ElementFn, args: Vec<Tree>) -> Tree {
    let rank = args.iter().map(|t| t.rank).max().unwrap_or(0);
    let plain = args.iter().all(|t| t.plain);
    Tree { note: Notation::Map(function, args.into_iter().map(|t| t.note).collect()), rank, plain }
}

/// A row's text over trees.
fn written(expr: &Expr, env: &[(&str, Tree)]) -> Tree {
    let number = |n: Number| Tree::product(n, Vec::new());
    match &expr.kind {
        ExprKind::Number(text) => number(Number::parse(text).unwrap_or(Number::ZERO)),
        ExprKind::Name(name) => {
            env.iter().find(|(n, _)| n == name).map_or_else(|| Tree::plain(Notation::Pi), |(_, t)| t.clone())
        }
        ExprKind::Negate(inner) => Tree::sum(vec![(Number::MINUS_ONE, written(inner, env))]),
        ExprKind::Chain(first, rest) => {
            let mut terms = vec![(Number::ONE, written(first, env))];
            let mut factors = vec![(written(first, env), Number::ONE)];
            for link in rest {
                let t = written(&link.operand, env);
                match link.op {
                    BinaryOp::Add | BinaryOp::Sub if t.note == Notation::Number(Number::ZERO) => {}
                    BinaryOp::Add => terms.push((Number::ONE, t)),
                    BinaryOp::Sub => terms.push((Number::MINUS_ONE, t)),
                    BinaryOp::Mul | BinaryOp::ElementMul => factors.push((t, Number::ONE)),
                    BinaryOp::Div | BinaryOp::ElementDiv => factors.push((t, Number::MINUS_ONE)),
                }
            }
            if terms.len() > 1 { Tree::sum(terms) } else { Tree::product(Number::ONE, factors) }
        }
        ExprKind::Power(p) => {
            let base = written(&p.base, env);
            if base.note == Notation::Number(Number::ONE) {
                return base;
            }
            let exponent = written(&p.exponent, env);
            match exponent.note {
                Notation::Number(n) if n.is_zero() => number(Number::ONE),
                Notation::Number(n) => Tree::product(Number::ONE, vec![(base, n)]),
                _ => Tree::power(base, exponent),
            }
        }
        ExprKind::Call(call) => {
            let args: Vec<Tree> = call.args.iter().map(|a| written(&a.value, env)).collect();
            match (ops::element(&call.function.name), args.into_iter().next()) {
                (Some(f), Some(arg)) => called(f, vec![arg]),
                (_, Some(arg)) => Tree::product(Number::ONE, vec![(arg, Number::HALF)]),
                _ => number(Number::ONE),
            }
        }
        ExprKind::Transpose(inner) => written(inner, env),
        // The compiler's own tables go entry by entry.
        ExprKind::Compare(_) | ExprKind::Subscripted(_) | ExprKind::Binder(_) | ExprKind::Block(_) => {
            number(Number::ONE)
        }
    }
}
