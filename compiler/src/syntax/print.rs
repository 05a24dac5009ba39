//! Tree to text, with as few parentheses as the grammar allows: `parse(print(tree))` is `tree`, up to spans.
//!
//! Every tree node prints by `Display`. A precedence is how tightly a form binds; an operand in parentheses
//! is one that binds less tightly than its place asks for.

use super::ast::{
    Arg, ArrowNetwork, BinaryOp, Binder, BoundIndex, Call, CompareOp, Declaration, DeclaredExtent,
    DeclaredShape, Definition, Expr, ExprKind, Local, Network, Param, Program, Range, Subscript,
    SubscriptKind, Subscripted,
};
use std::fmt::{self, Display, Formatter};

/// How tightly a form binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Comparison,
    Sum,
    Product,
    Signed,
    Transposed,
    Atom,
}

impl BinaryOp {
    /// `+` or `-`, rather than an operator of products.
    #[must_use]
    pub fn is_sum(self) -> bool {
        matches!(self, Self::Add | Self::Sub)
    }

    /// As written in ASCII.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::ElementMul => ".*",
            Self::ElementDiv => "./",
        }
    }
}

impl CompareOp {
    /// As written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
        }
    }
}

fn precedence(expr: &Expr) -> Precedence {
    match &expr.kind {
        ExprKind::Compare(_) => Precedence::Comparison,
        ExprKind::Chain(_, links) if links.iter().any(|link| link.op.is_sum()) => Precedence::Sum,
        ExprKind::Chain(..) => Precedence::Product,
        ExprKind::Negate(_) | ExprKind::Power(_) => Precedence::Signed,
        ExprKind::Transpose(_) | ExprKind::Subscripted(_) => Precedence::Transposed,
        ExprKind::Number(_)
        | ExprKind::Name(_)
        | ExprKind::Call(_)
        | ExprKind::Binder(_)
        | ExprKind::Block(_) => Precedence::Atom,
    }
}

/// `expr` where something of `least` may stand.
fn operand(f: &mut Formatter<'_>, expr: &Expr, least: Precedence) -> fmt::Result {
    if precedence(expr) < least { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

/// Items with `, ` between.
fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(text) | ExprKind::Name(text) => f.write_str(text),
            ExprKind::Negate(inner) => {
                f.write_str("-")?;
                operand(f, inner, Precedence::Signed)
            }
            ExprKind::Transpose(inner) => {
                operand(f, inner, Precedence::Transposed)?;
                f.write_str("'")
            }
            ExprKind::Chain(first, links) => {
                let least = if precedence(self) == Precedence::Sum {
                    Precedence::Product
                } else {
                    Precedence::Signed
                };
                operand(f, first, least)?;
                for link in links {
                    write!(f, " {} ", link.op.symbol())?;
                    operand(f, &link.operand, least)?;
                }
                Ok(())
            }
            ExprKind::Power(power) => {
                operand(f, &power.base, Precedence::Transposed)?;
                f.write_str(if power.elementwise { ".^" } else { "^" })?;
                operand(f, &power.exponent, Precedence::Signed)
            }
            ExprKind::Call(call) => write!(f, "{call}"),
            ExprKind::Subscripted(subscripted) => write!(f, "{subscripted}"),
            ExprKind::Binder(binder) => write!(f, "{binder}"),
            ExprKind::Block(rows) => {
                f.write_str("[")?;
                for (i, row) in rows.iter().enumerate() {
                    f.write_str(if i > 0 { "; " } else { "" })?;
                    list(f, row)?;
                }
                f.write_str("]")
            }
            ExprKind::Compare(comparison) => {
                operand(f, &comparison.lhs, Precedence::Sum)?;
                write!(f, " {} ", comparison.op.symbol())?;
                operand(f, &comparison.rhs, Precedence::Sum)
            }
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.name)?;
        list(f, &self.args)?;
        f.write_str(")")
    }
}

impl Display for Subscripted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        operand(f, &self.base, Precedence::Transposed)?;
        f.write_str("[")?;
        list(f, &self.subscripts)?;
        f.write_str("]")
    }
}

impl Display for Subscript {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SubscriptKind::At(entry) => operand(f, entry, Precedence::Sum),
            SubscriptKind::Part(part) => write!(f, "{part}"),
        }
    }
}

impl Display for Range {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.start.is_none() && self.end.is_none() {
            return f.write_str(":");
        }
        if let Some(start) = &self.start {
            operand(f, start, Precedence::Sum)?;
        }
        f.write_str(if self.inclusive { "..=" } else { ".." })?;
        match &self.end {
            Some(end) => operand(f, end, Precedence::Sum),
            None => Ok(()),
        }
    }
}

impl Display for Binder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.function.name)?;
        list(f, &self.indices)?;
        write!(f, "]({})", self.body)
    }
}

impl Display for BoundIndex {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name.name)?;
        match &self.range {
            Some(range) => write!(f, " in {range}"),
            None => Ok(()),
        }
    }
}

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{} = ", name.name)?;
        }
        write!(f, "{}", self.value)
    }
}

impl Display for Local {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.name.name, self.value)
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for local in &self.locals {
            write!(f, "{local}; ")?;
        }
        write!(f, "{}", self.result)
    }
}

impl Display for Param {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name.name)?;
        match &self.default {
            Some(default) => write!(f, " = {default}"),
            None => Ok(()),
        }
    }
}

impl Display for Definition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name.name)?;
        if !self.params.is_empty() {
            f.write_str("(")?;
            list(f, &self.params)?;
            f.write_str(")")?;
        }
        write!(f, " = {}", self.body)
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrow(arrow) => write!(f, "{arrow}"),
            Self::Long(steps) => {
                for (i, step) in steps.iter().enumerate() {
                    let gap = if i > 0 { "; " } else { "" };
                    write!(f, "{gap}{step}")?;
                }
                Ok(())
            }
        }
    }
}

impl Display for ArrowNetwork {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inputs)?;
        for layer in &self.layers {
            let call = &layer.activation;
            write!(f, " -> {} ", layer.units)?;
            if call.args.is_empty() { f.write_str(&call.function.name)? } else { write!(f, "{call}")? }
        }
        Ok(())
    }
}

impl Display for Declaration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let symmetric = if self.symmetric { "symmetric " } else { "" };
        write!(f, "{}: {symmetric}", self.name.name)?;
        match &self.shape {
            // `3 x 3` has no symmetric form.
            DeclaredShape::Matrix(Some((rows, columns))) if self.symmetric => {
                write!(f, "matrix[{rows}, {columns}]")
            }
            DeclaredShape::Vector(None) if self.whole => f.write_str("indices"),
            DeclaredShape::Vector(Some(length)) if self.whole => write!(f, "indices[{length}]"),
            DeclaredShape::Matrix(Some((rows, columns))) if self.whole => {
                write!(f, "indices[{rows}, {columns}]")
            }
            shape => write!(f, "{shape}"),
        }
    }
}

impl Display for DeclaredShape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use DeclaredExtent::Constant;
        match self {
            Self::Scalar => f.write_str("scalar"),
            Self::Vector(None) => f.write_str("vector"),
            Self::Vector(Some(Constant(n))) => write!(f, "{n}"),
            Self::Vector(Some(n)) => write!(f, "vector[{n}]"),
            Self::Matrix(None) => f.write_str("matrix"),
            Self::Matrix(Some((Constant(rows), Constant(columns)))) => write!(f, "{rows} x {columns}"),
            Self::Matrix(Some((rows, columns))) => write!(f, "matrix[{rows}, {columns}]"),
            Self::Tensor(extents) if extents.iter().all(|e| matches!(e, Constant(_))) => {
                for (i, extent) in extents.iter().enumerate() {
                    write!(f, "{}{extent}", if i > 0 { " x " } else { "" })?;
                }
                Ok(())
            }
            Self::Tensor(extents) => {
                f.write_str("tensor[")?;
                list(f, extents)?;
                f.write_str("]")
            }
        }
    }
}

impl Display for DeclaredExtent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(n) => write!(f, "{n}"),
            Self::Symbol(n) => f.write_str(n),
            Self::Free => f.write_str("_"),
        }
    }
}
