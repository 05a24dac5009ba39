//! Element-wise functions: operations of StableHLO, and functions made of them by their definitions.

use super::lines::{Lines, Module, Val, sanitised};
use super::ops::{direction, whole_power};
use crate::export::arrays::Kind;
use crate::export::functions;
use crate::export::{Precision, Refusal};
use crate::ops::ElementFn;
use crate::syntax::ast::{BinaryOp, Binder, Call, Definition, Expr, ExprKind, Range};

/// The operation that a primitive is.
fn operation(primitive: &str) -> Option<&'static str> {
    Some(match primitive {
        "exp" => "exponential",
        "log" => "log",
        "log1p" => "log_plus_one",
        "expm1" => "exponential_minus_one",
        "sin" => "sine",
        "cos" => "cosine",
        "tan" => "tan",
        "tanh" => "tanh",
        "sqrt" => "sqrt",
        "cbrt" => "cbrt",
        "abs" => "abs",
        "sign" => "sign",
        "floor" => "floor",
        "pow" => "power",
        "raw_atan2" => "atan2",
        "max" => "maximum",
        "min" => "minimum",
        _ => return None,
    })
}

/// What every engine has, of arguments of one shape.
pub(super) fn primitive(lines: &mut Lines<'_>, name: &str, args: &[&Val]) -> Val {
    match (name, args) {
        ("log1p", [x]) => log1p(lines, x),
        _ => lines.plain(operation(name).unwrap_or("exponential"), args),
    }
}

/// A function's name for arguments of a shape.
fn of_shape(name: &str, dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
    let name = sanitised(name);
    if dims.is_empty() { name } else { format!("{name}_{}", dims.join("x")) }
}

/// log(1 + x), where XLA's own loses two digits on processors: of u, which is 1 + x but for rounding, log(u) times what x is
/// of u − 1 (Kahan).
fn log1p(lines: &mut Lines<'_>, x: &Val) -> Val {
    let name = of_shape("log1p", &x.ty.dims);
    let name = lines.function(&name, std::slice::from_ref(&x.ty), |lines, args| {
        let (x, dims) = (&args[0], &args[0].ty.dims);
        let (one, infinite) = (lines.number(1.0, dims), lines.number(f64::INFINITY, dims));
        let above = lines.plain("add", &[&one, x]);
        // Else u − 1 would be taken for x.
        let above = lines.plain("optimization_barrier", &[&above]);
        let less = lines.plain("subtract", &[&above, &one]);
        let share = lines.plain("divide", &[x, &less]);
        let log = lines.plain("log", &[&above]);
        let product = lines.plain("multiply", &[&log, &share]);
        let (tiny, huge) = (lines.compare("EQ", &above, &one), lines.compare("EQ", x, &infinite));
        let own = lines.plain("or", &[&tiny, &huge]);
        vec![lines.select(&own, x, &product)]
    });
    lines.call(&name, std::slice::from_ref(x), x.ty.clone())
}

/// An element-wise function of arguments of one shape, without the order that it has a definition for.
pub(super) fn element(
    lines: &mut Lines<'_>,
    function: ElementFn,
    order: Option<i64>,
    args: &[Val],
) -> Result<Val, Refusal> {
    let name = function.name();
    if functions::is_primitive(name) && operation(name).is_some() {
        return Ok(primitive(lines, name, &args.iter().collect::<Vec<_>>()));
    }
    let definition = functions::of_order(function, order).or_else(|| functions::definition(name));
    match definition {
        Some(definition) => called(lines, definition, args),
        None => {
            let what = order.map_or_else(|| format!("`{name}`"), |n| format!("`{name}` of order {n}"));
            Err(Refusal {
                message: format!("{what} has no definition for engines of arrays"),
                help: "leave out the functions that take the derivative, or write the function in terms of others"
                    .to_owned(),
            })
        }
    }
}

fn unfit(definition: &Definition, what: &str) -> Refusal {
    Refusal {
        message: format!(
            "the definition of `{}` has {what}, of which an array engine makes nothing",
            definition.name.name
        ),
        help: "this is a mistake in gradsmith: please report it".to_owned(),
    }
}

/// A call of a definition, which is written once for each shape.
fn called(lines: &mut Lines<'_>, definition: &Definition, args: &[Val]) -> Result<Val, Refusal> {
    let Some(ty) = args.first().map(|a| a.ty.clone()) else { return Err(unfit(definition, "no parameter")) };
    let name = of_shape(&definition.name.name, &ty.dims);
    if lines.module.is_new(&name) {
        write(lines.module, definition, &name, &ty.dims)?;
    }
    Ok(lines.call(&name, args, ty))
}

fn write(module: &mut Module, definition: &Definition, name: &str, dims: &[usize]) -> Result<(), Refusal> {
    let mut lines = Lines::new(module);
    let ty = super::lines::Type::new(dims, Kind::Number);
    let text = lines.module.text(&ty);
    let mut scope = Vec::new();
    let mut signature = Vec::new();
    for param in &definition.params {
        let val = Val { name: lines.fresh(&param.name.name), ty: ty.clone() };
        signature.push(format!("{}: {text}", val.name));
        scope.push((param.name.name.clone(), Known::Made(val)));
    }
    let mut writer = Writer { lines, definition, dims, scope };
    for local in &definition.body.locals {
        let mut known = writer.expr(&local.value)?;
        if let Known::Made(val) = known {
            known = Known::Made(writer.lines.rename(val, &local.name.name));
        }
        writer.scope.push((local.name.name.clone(), known));
    }
    let result = writer.expr(&definition.body.result)?;
    let result = writer.made(&result);
    let body = std::mem::take(&mut writer.lines.text);
    let function = format!(
        "  func.func private @{name}({}) -> {text} {{\n{body}    return {} : {text}\n  }}\n",
        signature.join(", "),
        result.name
    );
    module.private.push(function);
    Ok(())
}

/// A number of the text, or entries.
#[derive(Clone, Debug)]
enum Known {
    Number(f64),
    Made(Val),
}

struct Writer<'a, 'm> {
    lines: Lines<'m>,
    definition: &'a Definition,
    dims: &'a [usize],
    scope: Vec<(String, Known)>,
}

impl Writer<'_, '_> {
    fn made(&mut self, known: &Known) -> Val {
        match known {
            Known::Number(x) => self.lines.number(*x, self.dims),
            Known::Made(val) => val.clone(),
        }
    }

    fn name(&self, name: &str) -> Option<Known> {
        if let Some((_, known)) = self.scope.iter().rev().find(|(known, _)| known == name) {
            return Some(known.clone());
        }
        let single = self.lines.module.precision == Precision::F32;
        Some(Known::Number(match name {
            "pi" => std::f64::consts::PI,
            "inf" => f64::INFINITY,
            "nan" => f64::NAN,
            "least" if single => f64::from(f32::MIN),
            "least" => f64::MIN,
            _ => return None,
        }))
    }

    fn binary(&mut self, op: BinaryOp, a: &Known, b: &Known) -> Known {
        if let (Known::Number(x), Known::Number(y)) = (a, b) {
            return Known::Number(match op {
                BinaryOp::Add => x + y,
                BinaryOp::Sub => x - y,
                BinaryOp::Mul | BinaryOp::ElementMul => x * y,
                BinaryOp::Div | BinaryOp::ElementDiv => x / y,
            });
        }
        let name = match op {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "subtract",
            BinaryOp::Mul | BinaryOp::ElementMul => "multiply",
            BinaryOp::Div | BinaryOp::ElementDiv => "divide",
        };
        let (a, b) = (self.made(a), self.made(b));
        Known::Made(self.lines.plain(name, &[&a, &b]))
    }

    fn expr(&mut self, expr: &Expr) -> Result<Known, Refusal> {
        Ok(match &expr.kind {
            ExprKind::Number(text) => match text.parse() {
                Ok(x) => Known::Number(x),
                Err(_) => return Err(unfit(self.definition, text)),
            },
            ExprKind::Name(name) => match self.name(name) {
                Some(known) => known,
                None => return Err(unfit(self.definition, name)),
            },
            ExprKind::Negate(inner) => match self.expr(inner)? {
                Known::Number(x) => Known::Number(-x),
                Known::Made(val) => Known::Made(self.lines.plain("negate", &[&val])),
            },
            ExprKind::Chain(first, links) => {
                let mut value = self.expr(first)?;
                for link in links {
                    let operand = self.expr(&link.operand)?;
                    value = self.binary(link.op, &value, &operand);
                }
                value
            }
            ExprKind::Power(power) => {
                let (base, exponent) = (self.expr(&power.base)?, self.expr(&power.exponent)?);
                match (&base, &exponent) {
                    (Known::Number(x), Known::Number(y)) => Known::Number(x.powf(*y)),
                    (Known::Made(base), Known::Number(n)) if *n == n.trunc() && (0.0..=64.0).contains(n) => {
                        Known::Made(whole_power(&mut self.lines, base, *n as u32))
                    }
                    _ => {
                        let (base, exponent) = (self.made(&base), self.made(&exponent));
                        Known::Made(primitive(&mut self.lines, "pow", &[&base, &exponent]))
                    }
                }
            }
            ExprKind::Call(call) => self.call(call)?,
            ExprKind::Binder(binder) => self.binder(binder)?,
            ExprKind::Compare(_) | ExprKind::Transpose(_) | ExprKind::Subscripted(_) | ExprKind::Block(_) => {
                return Err(unfit(self.definition, "a matrix"));
            }
        })
    }

    fn call(&mut self, call: &Call) -> Result<Known, Refusal> {
        let name = call.function.name.as_str();
        if let ("where", [condition, then, otherwise]) = (name, call.args.as_slice()) {
            let ExprKind::Compare(comparison) = &condition.value.kind else {
                return Err(unfit(self.definition, "a condition that is no comparison"));
            };
            let (lhs, rhs) = (self.expr(&comparison.lhs)?, self.expr(&comparison.rhs)?);
            let (then, otherwise) = (self.expr(&then.value)?, self.expr(&otherwise.value)?);
            if let (Known::Number(x), Known::Number(y)) = (&lhs, &rhs) {
                return Ok(if crate::ops::compare(comparison.op, *x, *y) { then } else { otherwise });
            }
            let (lhs, rhs) = (self.made(&lhs), self.made(&rhs));
            let holds = self.lines.compare(direction(comparison.op), &lhs, &rhs);
            let (then, otherwise) = (self.made(&then), self.made(&otherwise));
            return Ok(Known::Made(self.lines.select(&holds, &then, &otherwise)));
        }
        let mut args = Vec::new();
        for arg in &call.args {
            let known = self.expr(&arg.value)?;
            args.push(self.made(&known));
        }
        if operation(name).is_some() {
            return Ok(Known::Made(primitive(&mut self.lines, name, &args.iter().collect::<Vec<_>>())));
        }
        match functions::definition(name) {
            Some(definition) => Ok(Known::Made(called(&mut self.lines, definition, &args)?)),
            None => Err(unfit(self.definition, name)),
        }
    }

    /// A sum or product over constant ranges, spelled out.
    fn binder(&mut self, binder: &Binder) -> Result<Known, Refusal> {
        let (op, mut value) = match binder.function.name.as_str() {
            "sum" => (BinaryOp::Add, None),
            "prod" => (BinaryOp::Mul, None),
            other => return Err(unfit(self.definition, other)),
        };
        let [index] = binder.indices.as_slice() else { return Err(unfit(self.definition, "two indices")) };
        let range = index.range.as_ref().and_then(whole_range);
        let Some((start, end)) = range else { return Err(unfit(self.definition, "an open range")) };
        for k in start..end {
            self.scope.push((index.name.name.clone(), Known::Number(k as f64)));
            let term = self.expr(&binder.body)?;
            self.scope.pop();
            value = Some(match value {
                Some(before) => self.binary(op, &before, &term),
                None => term,
            });
        }
        Ok(value.unwrap_or(Known::Number(if op == BinaryOp::Add { 0.0 } else { 1.0 })))
    }
}

/// From, up to, without the end.
fn whole_range(range: &Range) -> Option<(i64, i64)> {
    let whole = |expr: &Expr| match &expr.kind {
        ExprKind::Number(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let end = whole(range.end.as_ref()?)?;
    Some((whole(range.start.as_ref()?)?, end + i64::from(range.inclusive)))
}
