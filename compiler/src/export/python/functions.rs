//! Element-wise functions that the module lacks, by their definitions.

use super::Dialect;
use crate::export::functions;
use crate::syntax::ast::{BinaryOp, CompareOp, Definition, Expr, ExprKind};

/// What a definition is called in Python.
pub(super) fn python_name(name: &str) -> String {
    format!("_{}", name.trim_start_matches('_'))
}

/// The definitions that one calls, but for what the module has.
pub(super) fn called(definition: &Definition, dialect: &Dialect) -> Vec<&'static Definition> {
    let mut found: Vec<&'static Definition> = Vec::new();
    let mut note = |name: &str| {
        if (dialect.native)(name).is_none()
            && let Some(definition) = functions::definition(name)
            && !found.iter().any(|d| d.name.name == name)
        {
            found.push(definition);
        }
    };
    let locals = definition.body.locals.iter().map(|l| &l.value);
    for expr in locals.chain(std::iter::once(&definition.body.result)) {
        each_call(expr, &mut note);
    }
    found
}

fn each_call(expr: &Expr, note: &mut dyn FnMut(&str)) {
    match &expr.kind {
        ExprKind::Negate(x) | ExprKind::Transpose(x) => each_call(x, note),
        ExprKind::Chain(first, rest) => {
            each_call(first, note);
            rest.iter().for_each(|link| each_call(&link.operand, note));
        }
        ExprKind::Power(p) => {
            each_call(&p.base, note);
            each_call(&p.exponent, note);
        }
        ExprKind::Call(call) => {
            note(&call.function.name);
            call.args.iter().for_each(|arg| each_call(&arg.value, note));
        }
        ExprKind::Compare(c) => {
            each_call(&c.lhs, note);
            each_call(&c.rhs, note);
        }
        ExprKind::Binder(binder) => each_call(&binder.body, note),
        _ => {}
    }
}

/// The definition as a function.
pub(super) fn written(definition: &Definition, dialect: &Dialect) -> Vec<String> {
    let parameters: Vec<&str> = definition.params.iter().map(|p| p.name.name.as_str()).collect();
    let mut lines = vec![format!("def {}({}):", python_name(&definition.name.name), parameters.join(", "))];
    let pen = Pen { dialect };
    for local in &definition.body.locals {
        lines.push(format!("    {} = {}", local.name.name, pen.expr(&local.value).0));
    }
    lines.push(format!("    return {}", pen.expr(&definition.body.result).0));
    lines.into_iter().flat_map(broken).collect()
}

/// Long lines in two or more, between parentheses where they may be.
fn broken(line: String) -> Vec<String> {
    const WIDTH: usize = 110;
    let mut lines = Vec::new();
    let mut rest = line;
    while rest.len() > WIDTH {
        let mut depth = 0;
        let mut at = None;
        for (k, c) in rest.char_indices() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ' ' if depth > 0 && k < WIDTH && k > 12 => at = Some(k),
                _ => {}
            }
        }
        let Some(at) = at else { break };
        let tail = format!("            {}", rest[at..].trim_start());
        rest.truncate(at);
        lines.push(rest);
        rest = tail;
    }
    lines.push(rest);
    lines
}

struct Pen<'a> {
    dialect: &'a Dialect,
}

/// How tightly: sums 1, products 2, signs 3, powers 4, all else 5.
type Bound = (String, u8);

fn at((text, level): Bound, least: u8) -> String {
    if level < least { format!("({text})") } else { text }
}

impl Pen<'_> {
    fn expr(&self, expr: &Expr) -> Bound {
        match &expr.kind {
            ExprKind::Number(text) => (text.clone(), 5),
            ExprKind::Name(name) => match name.as_str() {
                "pi" | "inf" | "nan" => (format!("{}.{name}", self.dialect.module), 5),
                "least" => (format!("{}.finfo(DTYPE).min", self.dialect.module), 5),
                _ => (name.clone(), 5),
            },
            ExprKind::Negate(x) => (format!("-{}", at(self.expr(x), 3)), 3),
            ExprKind::Transpose(x) => self.expr(x),
            ExprKind::Chain(first, rest) => {
                let sum = rest.iter().any(|l| matches!(l.op, BinaryOp::Add | BinaryOp::Sub));
                let level = if sum { 1 } else { 2 };
                let mut text = at(self.expr(first), level);
                for link in rest {
                    let (symbol, least) = match link.op {
                        BinaryOp::Add => (" + ", 1),
                        BinaryOp::Sub => (" - ", 2),
                        BinaryOp::Mul | BinaryOp::ElementMul => (" * ", 3),
                        BinaryOp::Div | BinaryOp::ElementDiv => (" / ", 3),
                    };
                    text = format!("{text}{symbol}{}", at(self.expr(&link.operand), least));
                }
                (text, level)
            }
            ExprKind::Power(p) => {
                (format!("{}**{}", at(self.expr(&p.base), 5), at(self.expr(&p.exponent), 4)), 4)
            }
            ExprKind::Call(call) => {
                let args: Vec<String> = call.args.iter().map(|a| self.expr(&a.value).0).collect();
                let name = match (self.dialect.native)(&call.function.name) {
                    Some(native) => native.to_owned(),
                    None => python_name(&call.function.name),
                };
                (format!("{name}({})", args.join(", ")), 5)
            }
            ExprKind::Compare(c) => {
                let symbol = match c.op {
                    CompareOp::Less => "<",
                    CompareOp::LessEqual => "<=",
                    CompareOp::Greater => ">",
                    CompareOp::GreaterEqual => ">=",
                    CompareOp::Equal => "==",
                };
                (format!("{} {symbol} {}", at(self.expr(&c.lhs), 1), at(self.expr(&c.rhs), 1)), 0)
            }
            ExprKind::Binder(binder) => {
                let over = if binder.function.name == "prod" { "math.prod" } else { "sum" };
                let mut ranges = String::new();
                for index in &binder.indices {
                    let Some(range) = &index.range else { continue };
                    let end =
                        |e: &Option<Expr>| e.as_ref().map_or_else(|| "0".to_owned(), |e| self.expr(e).0);
                    let (from, mut to) = (end(&range.start), end(&range.end));
                    if range.inclusive {
                        to = format!("{to} + 1");
                    }
                    ranges += &format!(" for {} in range({from}, {to})", index.name.name);
                }
                (format!("{over}({}{ranges})", self.expr(&binder.body).0), 5)
            }
            _ => ("None".to_owned(), 5),
        }
    }
}
