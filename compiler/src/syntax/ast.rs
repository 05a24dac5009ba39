//! The faithful tree: what was written, where, and nothing decided yet.
//!
//! Names are canonical: a Greek letter is stored by its ASCII name (`λ` as `lambda`). Chains of `+ -` and of
//! `* / .* ./` are flat, so the tree is as deep as the text's nesting, never as long as a sum.

use crate::source::Span;

/// A name, with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// Canonical spelling.
    pub name: String,
    /// Place.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, parentheses around it excluded.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.5`: the digits as written (canonical decimal text, so that `0.1` stays exactly one tenth).
    Number(String),
    /// `x`, `pi`.
    Name(String),
    /// `-x`.
    Negate(Box<Expr>),
    /// `x'`, `xᵀ`. (`t(x)` is a call.)
    Transpose(Box<Expr>),
    /// `first op second op ...`, operators of one precedence, left-associative.
    Chain(Box<Expr>, Vec<Link>),
    /// `base ^ exponent`, `base .^ exponent`.
    Power(Box<Power>),
    /// `f(x, k = 2)`.
    Call(Call),
    /// `x < y`: legal only as the first argument of `where`.
    Compare(Box<Comparison>),
    /// `x[i + 1]`, `X[e, :]`, `x[1..]`.
    Subscripted(Box<Subscripted>),
    /// `sum[i, j in 0..n](e)`, `vector[i](e)`: a reducer or a builder over indices.
    Binder(Box<Binder>),
    /// `[a; b]`, `[A, b; c', d]`: rows, each of blocks side by side; at least one of one.
    Block(Vec<Vec<Expr>>),
}

/// One more operand of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// The operand.
    pub operand: Expr,
}

/// Operators of chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `.*`, `⊙`
    ElementMul,
    /// `./`, `⊘`
    ElementDiv,
}

/// A power.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// `.^` rather than `^`.
    pub elementwise: bool,
    /// Where the operator stands.
    pub op_span: Span,
    /// What is raised.
    pub base: Expr,
    /// To what.
    pub exponent: Expr,
}

/// A call. A bare name (`quadratic`) is an [`ExprKind::Name`], not a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub function: Ident,
    /// With what.
    pub args: Vec<Arg>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// `k` in `f(x, k = 2)`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// An expression with subscripts. It binds like `'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscripted {
    /// What the subscripts are of.
    pub base: Expr,
    /// One for each axis; at least one.
    pub subscripts: Vec<Subscript>,
    /// From `[` to `]`.
    pub brackets: Span,
}

/// One subscript.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscript {
    /// What it is.
    pub kind: SubscriptKind,
    /// Where it stands.
    pub span: Span,
}

impl Subscript {
    /// What it is made of: one expression, or the ends of a part.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let (at, part) = match &self.kind {
            SubscriptKind::At(at) => (Some(at), None),
            SubscriptKind::Part(part) => (None, Some(part)),
        };
        at.into_iter().chain(part.into_iter().flat_map(Range::ends))
    }
}

/// What a subscript is.
#[derive(Clone, Debug, PartialEq)]
pub enum SubscriptKind {
    /// `i + 1`: one entry of the axis, which is gone.
    At(Expr),
    /// `a..b`, `..b`, `a..=b`, `a..`, `..`, `:`: a part of the axis, which stays.
    Part(Range),
}

/// Entries from `start` on, up to `end`; without one, from the first, to the last. `:` and `..` are both neither.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The first.
    pub start: Option<Expr>,
    /// The one after the last; the last, if `inclusive`.
    pub end: Option<Expr>,
    /// `..=` rather than `..`; there is an `end` then.
    pub inclusive: bool,
    /// Where it stands.
    pub span: Span,
}

impl Range {
    /// Its ends, where it has them.
    pub fn ends(&self) -> impl Iterator<Item = &Expr> {
        self.start.iter().chain(&self.end)
    }
}

/// `function[indices](body)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binder {
    /// The reducer or builder, as written; which names are one, lowering knows.
    pub function: Ident,
    /// The indices; at least one.
    pub indices: Vec<BoundIndex>,
    /// From `[` to `]`.
    pub brackets: Span,
    /// What stands for each of their values.
    pub body: Expr,
}

impl Binder {
    /// The ends of the ranges that its indices are given.
    pub fn range_ends(&self) -> impl Iterator<Item = &Expr> {
        self.indices.iter().filter_map(|index| index.range.as_ref()).flat_map(Range::ends)
    }
}

/// An index of a binder.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundIndex {
    /// The name.
    pub name: Ident,
    /// Which values it takes, where that is written: `i in 1..n`, with both ends.
    pub range: Option<Range>,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which.
    pub op: CompareOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left side.
    pub lhs: Expr,
    /// Right side.
    pub rhs: Expr,
}

/// A relation that is to hold: a constraint, or a limit of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// `<=`, `>=` or `==`.
    pub op: CompareOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left side.
    pub lhs: Expr,
    /// Right side.
    pub rhs: Expr,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompareOp {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
}

/// `name = value;`
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// The name.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
}

/// Local definitions, then the result: a whole cost or objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// In the order written.
    pub locals: Vec<Local>,
    /// The value.
    pub result: Expr,
}

/// A `#[define]` or a catalog entry: `name(param, param = default) = program`.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What is defined.
    pub name: Ident,
    /// Its parameters; none for `quadratic = ...`.
    pub params: Vec<Param>,
    /// What it stands for.
    pub body: Program,
}

/// A parameter of a definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name.
    pub name: Ident,
    /// The value where the call gives none.
    pub default: Option<Expr>,
}

/// A network as written in `#[network(...)]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// `784 -> 100 sigmoid -> 10 softmax`.
    Arrow(ArrowNetwork),
    /// `h = tanh(W1*x + b1); a = softmax(W2*h + b2)`: definitions in order; the last needs no `;`.
    Long(Vec<Local>),
}

/// The arrow form.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrowNetwork {
    /// Number of inputs.
    pub inputs: usize,
    /// Where that number stands.
    pub inputs_span: Span,
    /// The layers, first to last; at least one.
    pub layers: Vec<Layer>,
}

/// One dense layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Number of units.
    pub units: usize,
    /// Where that number stands.
    pub units_span: Span,
    /// `sigmoid`, `leaky_relu(0.2)`: the function and its further arguments.
    pub activation: Call,
}

/// One declaration: `x: 784`, `W1: 100 x 784`, `T: 3 x 28 x 28`, `w: vector`, `U: matrix[n, 10]`, `t: scalar`.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// What is declared.
    pub name: Ident,
    /// As what.
    pub shape: DeclaredShape,
    /// Where the shape stands.
    pub shape_span: Span,
    /// `symmetric matrix[n, n]`.
    pub symmetric: bool,
    /// `indices[n]`, `indices[n, 2]`: whole numbers, which are subscripts only.
    pub whole: bool,
}

/// A declared shape.
#[derive(Clone, Debug, PartialEq)]
pub enum DeclaredShape {
    /// `scalar`
    Scalar,
    /// `vector`, `vector[n]`, `784`
    Vector(Option<DeclaredExtent>),
    /// `matrix`, `matrix[n, 10]`, `100 x 784`
    Matrix(Option<(DeclaredExtent, DeclaredExtent)>),
    /// `tensor[n, m, 3]`, `3 x 28 x 28`: three axes or more.
    Tensor(Vec<DeclaredExtent>),
}

impl DeclaredShape {
    /// The symbols in it.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        let extents: Vec<&DeclaredExtent> = match self {
            Self::Scalar => Vec::new(),
            Self::Vector(n) => n.iter().collect(),
            Self::Matrix(pair) => pair.iter().flat_map(|(r, c)| [r, c]).collect(),
            Self::Tensor(all) => all.iter().collect(),
        };
        extents.into_iter().filter_map(|e| match e {
            DeclaredExtent::Symbol(name) => Some(name.as_str()),
            DeclaredExtent::Constant(_) | DeclaredExtent::Free => None,
        })
    }
}

/// A declared extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredExtent {
    /// `10`
    Constant(usize),
    /// `n`
    Symbol(String),
    /// `_`: to be found from the formula, each of its own.
    Free,
}
