//! Random trees, printed and parsed again, are the same trees up to spans.

use super::ast::{
    Arg, ArrowNetwork, BinaryOp, Binder, BoundIndex, Call, CompareOp, Comparison, Declaration,
    DeclaredExtent, DeclaredShape, Definition, Expr, ExprKind, Ident, Layer, Link, Local, Network, Param,
    Power, Program, Range, Subscript, SubscriptKind, Subscripted,
};
use super::parse;
use crate::source::{SourceId, Span};
use std::fmt::{Debug, Display};

/// A small deterministic generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    fn ident(&mut self) -> Ident {
        let name =
            self.pick(&["a", "y", "w1", "lambda", "x", "e", "e5", "t", "_k", "where_", "Sigma"]).to_owned();
        Ident { name, span: Span::default() }
    }

    fn expr(&mut self, depth: usize) -> Expr {
        let kind = match if depth == 0 { self.below(2) } else { self.below(14) } {
            0 => ExprKind::Number(self.pick(&["0", "1", "0.5", "1e-3", "2.5e10", "10"]).to_owned()),
            1 => ExprKind::Name(self.ident().name),
            2 => ExprKind::Negate(Box::new(self.expr(depth - 1))),
            3 => ExprKind::Transpose(Box::new(self.expr(depth - 1))),
            4 | 5 => self.chain(depth - 1),
            6 => {
                let (base, exponent) = (self.expr(depth - 1), self.expr(depth - 1));
                let elementwise = self.below(2) == 0;
                ExprKind::Power(Box::new(Power { elementwise, op_span: Span::default(), base, exponent }))
            }
            7 => ExprKind::Call(self.call(depth - 1)),
            8 => self.choice(depth - 1),
            9 | 10 => self.subscripted(depth - 1),
            11 | 12 => self.binder(depth - 1),
            _ => {
                let row = |r: &mut Self| {
                    let first = r.expr(depth - 1);
                    std::iter::once(first).chain(r.some(2, |r| r.expr(depth - 1))).collect()
                };
                let first = row(self);
                ExprKind::Block(std::iter::once(first).chain(self.some(2, row)).collect())
            }
        };
        Expr { kind, span: Span::default() }
    }

    /// A chain, never with one of its own precedence on its left.
    fn chain(&mut self, depth: usize) -> ExprKind {
        use BinaryOp::{Add, Div, ElementDiv, ElementMul, Mul, Sub};
        let ops: &[BinaryOp] =
            if self.below(2) == 0 { &[Add, Sub] } else { &[Mul, Div, ElementMul, ElementDiv] };
        let first = loop {
            let first = self.expr(depth);
            match &first.kind {
                ExprKind::Chain(_, links) if links[0].op.is_sum() == ops[0].is_sum() => {}
                _ => break first,
            }
        };
        let link = |r: &mut Self| Link { op: r.pick(ops), op_span: Span::default(), operand: r.expr(depth) };
        let mut links = vec![link(self)];
        links.extend(self.some(2, link));
        ExprKind::Chain(Box::new(first), links)
    }

    /// Arguments: positional, then named, no name twice.
    fn call(&mut self, depth: usize) -> Call {
        let mut args = self.some(2, |r| Arg { name: None, value: r.expr(depth) });
        for name in ["k", "slope"] {
            if self.below(3) == 0 {
                let name = Some(Ident { name: name.to_owned(), span: Span::default() });
                args.push(Arg { name, value: self.expr(depth) });
            }
        }
        Call { function: self.ident(), args }
    }

    fn choice(&mut self, depth: usize) -> ExprKind {
        use CompareOp::{Equal, Greater, GreaterEqual, Less, LessEqual};
        let op = self.pick(&[Less, LessEqual, Greater, GreaterEqual, Equal]);
        let (lhs, rhs) = (self.expr(depth), self.expr(depth));
        let condition = Comparison { op, op_span: Span::default(), lhs, rhs };
        let condition = Expr { kind: ExprKind::Compare(Box::new(condition)), span: Span::default() };
        let function = Ident { name: "where".to_owned(), span: Span::default() };
        let values = [condition, self.expr(depth), self.expr(depth)];
        ExprKind::Call(Call { function, args: values.map(|value| Arg { name: None, value }).into() })
    }

    /// What may stand in a subscript or at an end of a range: its numbers are whole.
    fn whole(&mut self, depth: usize) -> Expr {
        let kind = match if depth == 0 { self.below(2) } else { self.below(5) } {
            0 => ExprKind::Number(self.pick(&["0", "1", "10", "1000000"]).to_owned()),
            1 => ExprKind::Name(self.ident().name),
            2 => ExprKind::Negate(Box::new(self.whole(depth - 1))),
            3 => self.subscripted(depth - 1),
            _ => {
                let ops = [BinaryOp::Add, BinaryOp::Sub];
                let link = |r: &mut Self| Link {
                    op: r.pick(&ops),
                    op_span: Span::default(),
                    operand: r.whole(depth - 1),
                };
                let (first, links) = (self.whole(0), vec![link(self), link(self)]);
                ExprKind::Chain(Box::new(first), links)
            }
        };
        Expr { kind, span: Span::default() }
    }

    fn subscripted(&mut self, depth: usize) -> ExprKind {
        let subscript = |r: &mut Self| {
            let kind = if r.below(2) == 0 {
                SubscriptKind::At(r.whole(depth))
            } else {
                let start = (r.below(2) == 0).then(|| r.whole(depth));
                let end = (r.below(2) == 0).then(|| r.whole(depth));
                let inclusive = end.is_some() && r.below(2) == 0;
                SubscriptKind::Part(Range { start, end, inclusive, span: Span::default() })
            };
            Subscript { kind, span: Span::default() }
        };
        let mut subscripts = vec![subscript(self)];
        subscripts.extend(self.some(2, subscript));
        let base = self.expr(depth);
        ExprKind::Subscripted(Box::new(Subscripted { base, subscripts, brackets: Span::default() }))
    }

    fn binder(&mut self, depth: usize) -> ExprKind {
        let index = |r: &mut Self| {
            let range = (r.below(2) == 0).then(|| Range {
                start: Some(r.whole(depth)),
                end: Some(r.whole(depth)),
                inclusive: r.below(2) == 0,
                span: Span::default(),
            });
            BoundIndex { name: r.ident(), range }
        };
        let mut indices = vec![index(self)];
        indices.extend(self.some(2, index));
        let (function, body) = (self.ident(), self.expr(depth));
        ExprKind::Binder(Box::new(Binder { function, indices, brackets: Span::default(), body }))
    }

    fn local(&mut self) -> Local {
        Local { name: self.ident(), value: self.expr(2) }
    }

    fn program(&mut self) -> Program {
        Program { locals: self.some(2, Self::local), result: self.expr(4) }
    }

    fn definition(&mut self) -> Definition {
        let param = |r: &mut Self| {
            let default = if r.below(2) == 0 { None } else { Some(r.expr(1)) };
            Param { name: r.ident(), default }
        };
        Definition { name: self.ident(), params: self.some(2, param), body: self.program() }
    }

    fn network(&mut self) -> Network {
        if self.below(2) == 0 {
            let mut steps = vec![self.local()];
            steps.extend(self.some(3, Self::local));
            return Network::Long(steps);
        }
        let layer = |r: &mut Self| Layer {
            units: 1 + r.below(1000),
            units_span: Span::default(),
            activation: r.call(1),
        };
        let mut layers = vec![layer(self)];
        layers.extend(self.some(3, layer));
        Network::Arrow(ArrowNetwork { inputs: 1 + self.below(1000), inputs_span: Span::default(), layers })
    }

    fn extent(&mut self) -> DeclaredExtent {
        match self.below(3) {
            0 => DeclaredExtent::Constant(1 + self.below(1000)),
            1 => DeclaredExtent::Free,
            _ => DeclaredExtent::Symbol(self.pick(&["n", "m", "x", "nu"]).to_owned()),
        }
    }

    fn declaration(&mut self) -> Declaration {
        let shape = match self.below(6) {
            0 => DeclaredShape::Scalar,
            1 => DeclaredShape::Vector(None),
            2 => DeclaredShape::Vector(Some(self.extent())),
            3 => DeclaredShape::Matrix(None),
            4 => {
                let mut extents = vec![self.extent(), self.extent(), self.extent()];
                extents.extend(self.some(2, Self::extent));
                DeclaredShape::Tensor(extents)
            }
            _ => DeclaredShape::Matrix(Some((self.extent(), self.extent()))),
        };
        let symmetric = matches!(shape, DeclaredShape::Matrix(_)) && self.below(2) == 0;
        let whole = match shape {
            DeclaredShape::Vector(_) | DeclaredShape::Matrix(Some(_)) => !symmetric && self.below(2) == 0,
            _ => false,
        };
        Declaration { name: self.ident(), shape, shape_span: Span::default(), symmetric, whole }
    }
}

/// The tree as text with every span blanked out.
fn without_spans(tree: &impl Debug) -> String {
    let debug = format!("{tree:?}");
    let mut pieces = debug.split("Span { ");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

fn same<T: Debug>(tree: &impl Debug, printed: &str, again: Result<T, crate::diag::Diagnostic>) {
    let again = again.unwrap_or_else(|error| panic!("`{printed}`: {error}"));
    assert_eq!(without_spans(tree), without_spans(&again), "`{printed}`");
}

fn check<T: Debug + Display>(
    make: fn(&mut Random) -> T,
    parse: fn(&str, SourceId) -> Result<T, crate::diag::Diagnostic>,
) {
    let mut random = Random(20_260_401);
    for _ in 0..1_500 {
        let tree = make(&mut random);
        let printed = tree.to_string();
        same(&tree, &printed, parse(&printed, SourceId::Expression));
    }
}

#[test]
fn programs_survive_printing() {
    check(Random::program, parse::program);
}

#[test]
fn definitions_survive_printing() {
    check(Random::definition, parse::definition);
}

#[test]
fn networks_survive_printing() {
    check(Random::network, parse::network);
}

#[test]
fn declarations_survive_printing() {
    let mut random = Random(7);
    for _ in 0..500 {
        let list = random.some(4, Random::declaration);
        let printed = list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        same(&list, &printed, parse::declarations(&printed, SourceId::Declarations));
    }
}

#[test]
fn no_parenthesis_is_printed_without_need() {
    for text in [
        "-x^2",
        "(-x)^2",
        "x - (y - z)",
        "x * y + z ./ w",
        "(x + y) * z'",
        "(x + y)'",
        "2^-x^2",
        "(x^y)^z",
        "-(x * y)",
        "x * -y",
        "where(x + 1 < y, -x, x.^2)",
        "r = X * w - y; r' * r / 2",
        "x[i + 1]^2",
        "(A * x)[1]'",
        "X'[1, :]",
        "x[1..][..=k - 1][0]",
        "sum[i, j in 0..3](X[i, j])[2 * i..n]",
        "-vector[i](x[i])",
        "[a, b; c', d]' * [1; x]",
        "[a, b; c', d][0, ..2]",
        "f(x)[i] ./ [x[0]; (x + y)[1]]",
    ] {
        let tree = parse::program(text, SourceId::Expression).expect(text);
        assert_eq!(tree.to_string(), text);
    }
}
