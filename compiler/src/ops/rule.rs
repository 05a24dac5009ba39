//! Rows of text become nodes: an element-wise expression of the cost language over named tensors.
//!
//! For the compiler's own tables only; what users write goes through [`crate::lower`].

use super::{ElementFn, element};
use crate::ir::{Graph, Number, Tensor};
use crate::source::SourceId;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Program};
use crate::syntax::parse;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// Parses a row's text, once.
///
/// # Panics
/// Where the text is no expression: a defect of the compiler's own tables, which the tests read whole.
#[must_use]
pub fn parsed(text: &'static str) -> &'static Expr {
    static KNOWN: LazyLock<Mutex<HashMap<&'static str, &'static Expr>>> = LazyLock::new(Mutex::default);
    let mut known = match KNOWN.lock() {
        Ok(known) => known,
        Err(poisoned) => poisoned.into_inner(),
    };
    known.entry(text).or_insert_with(|| match parse::program(text, SourceId::Catalog) {
        Ok(Program { result, .. }) => Box::leak(Box::new(result)),
        Err(error) => unreachable!("the compiler's own table: {error}"),
    })
}

/// The tensor that `expr` is, element-wise, with the names in `env`.
pub fn instantiate(g: &mut Graph, expr: &Expr, env: &[(&str, Tensor)]) -> Tensor {
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
    }
}

/// The derivative of `function` by its `k`-th argument, at `args` with value `y`.
pub fn derivative(g: &mut Graph, function: ElementFn, k: usize, args: &[Tensor], y: &Tensor) -> Tensor {
    let expr = parsed(function.spec().derivatives[k]);
    let mut env: Vec<(&str, Tensor)> = vec![("y", y.clone())];
    match args {
        [x] => env.push(("x", x.clone())),
        _ => env.extend(["a", "b"].into_iter().zip(args.iter().cloned())),
    }
    instantiate(g, expr, &env)
}

/// The same derivative as a number: what tests compare with central differences.
#[must_use]
pub fn eval_derivative(function: ElementFn, k: usize, args: &[f64]) -> f64 {
    let mut g = Graph::new();
    let inputs: Vec<Tensor> = (0..args.len())
        .map(|n| {
            let node = g.input(&format!("x{n}"), &[]);
            Tensor::new(node, Vec::new())
        })
        .collect();
    let y = g.map(function, &inputs);
    let d = derivative(&mut g, function, k, &inputs, &y);
    let values: Vec<Vec<f64>> = args.iter().map(|v| vec![*v]).collect();
    crate::eval::Evaluator::new(&g, &values, &crate::eval::Sizes::default()).scalar(d.node)
}

/// Whether every function that a row's text calls exists: read by tests.
#[must_use]
pub fn is_known(name: &str) -> bool {
    matches!(name, "sqrt" | "where") || element(name).is_some()
}
