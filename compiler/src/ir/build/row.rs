//! Rows of text become nodes: an element-wise expression of the cost language over tensors.
//!
//! For the compiler's own tables only; what users write goes through [`crate::lower`].

use super::Tensor;
use crate::ir::graph::Graph;
use crate::ir::number::Number;
use crate::ops;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

impl Graph {
    /// A text of a table, over the arguments (see [`ops::parameters`]), and a value `y` of the function's own.
    pub(crate) fn row(&mut self, text: &'static str, args: &[Tensor], y: Option<&Tensor>) -> Tensor {
        let mut env: Vec<(&str, Tensor)> = Vec::new();
        env.extend(y.map(|y| ("y", y.clone())));
        env.extend(ops::parameters(args.len()).iter().copied().zip(args.iter().cloned()));
        instantiate(self, ops::parsed(text), &env)
    }
}

/// The tensor that `expr` is, element-wise, with the names in `env`.
fn instantiate(g: &mut Graph, expr: &Expr, env: &[(&str, Tensor)]) -> Tensor {
    match &expr.kind {
        ExprKind::Number(text) => {
            let n = Number::parse(text).unwrap_or(Number::ZERO);
            g.constant(n)
        }
        ExprKind::Name(name) => match env.iter().find(|(n, _)| n == name) {
            Some((_, t)) => t.clone(),
            None => {
                debug_assert_eq!(name, "pi", "the compiler's own tables name only what is there");
                let pi = g.pi();
                Tensor::new(pi, Vec::new())
            }
        },
        ExprKind::Negate(inner) => {
            let t = instantiate(g, inner, env);
            g.negate(&t)
        }
        ExprKind::Transpose(inner) => instantiate(g, inner, env),
        ExprKind::Chain(first, rest) => {
            let mut value = instantiate(g, first, env);
            for link in rest {
                let operand = instantiate(g, &link.operand, env);
                value = match link.op {
                    BinaryOp::Add => g.sum(&[(Number::ONE, value), (Number::ONE, operand)]),
                    BinaryOp::Sub => g.sum(&[(Number::ONE, value), (Number::MINUS_ONE, operand)]),
                    BinaryOp::Mul | BinaryOp::ElementMul => g.multiply(&[value, operand]),
                    BinaryOp::Div | BinaryOp::ElementDiv => {
                        let inverse = g.power(&operand, Number::MINUS_ONE);
                        g.multiply(&[value, inverse])
                    }
                };
            }
            value
        }
        ExprKind::Power(power) => {
            let base = instantiate(g, &power.base, env);
            let exponent = instantiate(g, &power.exponent, env);
            match g.as_constant(exponent.node) {
                Some(n) => g.power(&base, n),
                None => g.call("pow", &[base, exponent]),
            }
        }
        ExprKind::Call(call) => {
            let args: Vec<&Expr> = call.args.iter().map(|a| &a.value).collect();
            match (call.function.name.as_str(), args.as_slice()) {
                ("sqrt", [x]) => {
                    let x = instantiate(g, x, env);
                    g.power(&x, Number::HALF)
                }
                ("where", [condition, then, otherwise]) => {
                    let ExprKind::Compare(c) = &condition.kind else {
                        unreachable!("the parser admits only comparisons as the condition of where")
                    };
                    let [lhs, rhs, then, otherwise] =
                        [&c.lhs, &c.rhs, *then, *otherwise].map(|e| instantiate(g, e, env));
                    g.select(c.op, &lhs, &rhs, &then, &otherwise)
                }
                (name, args) => {
                    let args: Vec<Tensor> = args.iter().map(|a| instantiate(g, a, env)).collect();
                    g.call(name, &args)
                }
            }
        }
        ExprKind::Compare(_) => unreachable!("the parser admits comparisons only in where"),
        ExprKind::Subscripted(_) | ExprKind::Binder(_) | ExprKind::Block(_) => {
            unreachable!("the compiler's own tables go entry by entry")
        }
    }
}
