//! Tree to graph: names, shapes, index lists and extents; every error that a text has, reported at once.
//!
//! A [`Value`] is a tensor whose indices say which of its axes is the row and which the column. Names are
//! looked up in `Frame`s: one for the text, one for each call of a definition. Locals and arguments are
//! lowered where they are used, because in a cost the same text stands for one weight tensor after the other
//! ([`cost`]).

mod affine;
mod arguments;
mod arrays;
mod binder;
mod block;
mod call;
pub mod constraints;
pub mod cost;
mod errors;
mod finite;
mod forms;
mod limits;
mod names;
pub mod network;
pub mod objective;
mod operators;
mod range;
mod shape;
mod subscript;

pub use call::BUILTINS;
pub use forms::{FORMS, Form};
pub use shape::Shape;

use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{Extent, ExtentKind, Graph, Index, NodeId, NodeMap, Tensor};
use crate::source::{Place, SourceId, Span};
use crate::syntax::ast::{Declaration, Definition, Expr, ExprKind, Program};
use std::collections::{BTreeMap, BTreeSet};

/// Which index of a value is the row, which the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Scalar,
    /// A column vector.
    Column(Index),
    /// A row vector.
    Row(Index),
    /// A matrix: row, column.
    Matrix(Index, Index),
    /// A tensor of three axes or more.
    Tensor(Axes),
}

/// The indices of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    indices: [Index; Self::MOST],
    rank: u8,
}

impl Axes {
    /// The most axes that a tensor may have.
    pub const MOST: usize = 8;

    /// As many as there are, up to [`Self::MOST`].
    #[must_use]
    pub fn new(all: &[Index]) -> Self {
        let mut indices = [Index::default(); Self::MOST];
        let rank = all.len().min(Self::MOST);
        indices[..rank].copy_from_slice(&all[..rank]);
        Self { indices, rank: rank as u8 }
    }

    /// The indices.
    #[must_use]
    pub fn all(&self) -> &[Index] {
        &self.indices[..self.rank as usize]
    }
}

impl Kind {
    /// The indices, row first.
    #[must_use]
    pub fn indices(self) -> Vec<Index> {
        match self {
            Self::Scalar => Vec::new(),
            Self::Column(i) | Self::Row(i) => vec![i],
            Self::Matrix(i, j) => vec![i, j],
            Self::Tensor(axes) => axes.all().to_vec(),
        }
    }

    fn renamed(self, from: &[Index], to: &[Index]) -> Self {
        let f = |i: Index| from.iter().position(|x| *x == i).map_or(i, |k| to[k]);
        match self {
            Self::Scalar => self,
            Self::Column(i) => Self::Column(f(i)),
            Self::Row(i) => Self::Row(f(i)),
            Self::Matrix(i, j) => Self::Matrix(f(i), f(j)),
            Self::Tensor(axes) => {
                Self::Tensor(Axes::new(&axes.all().iter().map(|&i| f(i)).collect::<Vec<_>>()))
            }
        }
    }
}

/// A lowered expression.
#[derive(Clone, Debug)]
pub struct Value {
    /// The tensor; the index of the batch, if it differs per example, beside those of `kind`.
    pub tensor: Tensor,
    /// Rows and columns.
    pub kind: Kind,
    /// Where it was written.
    pub place: Place,
}

/// An error has been reported; go on with the rest.
#[derive(Clone, Copy, Debug)]
pub struct Reported;

type Lowered = Result<Value, Reported>;

/// What a tensor of the user's is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Data, target, hyper-parameter or `wrt` variable.
    Plain,
    /// A weight: `w` stands for it.
    Weight,
    /// A bias: `b` stands for it.
    Bias,
}

/// A declared name.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The input (or, for the `z` and `a` of a network, the inner node).
    pub node: NodeId,
    /// Its shape; `indices` hold extents only, they are renamed at each use.
    pub value: Value,
    /// What it is for.
    pub role: Role,
    /// Whether it differs from example to example.
    pub batched: bool,
    /// Whether it holds whole numbers, which are subscripts only.
    pub whole: bool,
}

/// What the generic `w` of a penalty stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Weights,
    Biases,
    Tensor(String),
}

/// What a name in a frame stands for.
#[derive(Clone, Copy, Debug)]
struct Binding<'a> {
    expr: &'a Expr,
    /// The frame whose names `expr` speaks of.
    frame: usize,
    /// How many bindings of that frame it may see.
    visible: usize,
    /// How many of its indices.
    indices: usize,
}

#[derive(Debug)]
struct Frame<'a> {
    source: SourceId,
    /// Where an error inside the catalog is reported: the call.
    blame: Option<Place>,
    bindings: Vec<(String, Binding<'a>)>,
    /// How many of the bindings may be seen at the moment.
    visible: usize,
    /// The indices of its binders that are open, each by its place among the ranges.
    indices: Vec<(String, usize)>,
    target: Target,
    /// Names of the definitions being expanded.
    expanding: Vec<String>,
}

/// The tensors that `w` and `b` stand for at the moment.
type Instance = (Option<String>, Option<String>);

/// The state of lowering.
pub struct Lowerer<'a> {
    /// The graph being made.
    pub graph: Graph,
    /// The errors found.
    pub errors: Diagnostics,
    texts: BTreeMap<SourceId, String>,
    variables: BTreeMap<String, Variable>,
    /// In the order declared.
    order: Vec<String>,
    defines: BTreeMap<String, (&'a Definition, SourceId)>,
    /// Losses and penalties may be named.
    is_cost: bool,
    /// The cost is that of a network.
    is_network: bool,
    batch: Option<Index>,
    outputs: Option<Extent>,
    frames: Vec<Frame<'a>>,
    calls: BTreeMap<(usize, usize), Result<usize, Reported>>,
    lowered: BTreeMap<(usize, String, Instance), Lowered>,
    instance: Instance,
    /// Definitions without parameters.
    constants: BTreeMap<String, Lowered>,
    /// Which value a name is that of, and which names are those of several.
    called: BTreeMap<String, NodeId>,
    ambiguous: BTreeSet<String>,
    unsized_places: Vec<(Extent, Place, String)>,
    /// What has no value where an extent is 0.
    of_entries: Vec<(Extent, Place)>,
    quiet: bool,
    /// How many expressions are being lowered, one inside the other.
    depth: usize,
    /// A limit is exceeded: nothing more is lowered.
    exhausted: bool,
    /// The indices of all binders, in the order of the text; those that are open; their uses, and for each the
    /// text that the subscript is of.
    ranges: Vec<range::Ranged>,
    open: Vec<usize>,
    uses: Vec<range::Use>,
    bases: BTreeMap<usize, String>,
    /// Where equations between extents stand that wait for ranges.
    deferred_at: Vec<Place>,
    /// Extents by the symbols of declarations.
    symbols: BTreeMap<String, Extent>,
    /// Whether a subscript is being lowered that names an entry.
    naming: bool,
    /// What bindings depend on, by frame and position.
    mentioned: BTreeMap<(usize, usize), names::Mentions>,
}

impl core::fmt::Debug for Lowerer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lowerer").field("declared", &self.order).finish_non_exhaustive()
    }
}

impl<'a> Lowerer<'a> {
    /// Nothing declared yet. `texts` are the sources, for messages.
    #[must_use]
    pub fn new(texts: &[(SourceId, &str)]) -> Self {
        Self {
            graph: Graph::new(),
            errors: Diagnostics::new(),
            texts: texts.iter().map(|(id, t)| (*id, (*t).to_owned())).collect(),
            variables: BTreeMap::new(),
            order: Vec::new(),
            defines: BTreeMap::new(),
            is_cost: false,
            is_network: false,
            batch: None,
            outputs: None,
            frames: Vec::new(),
            calls: BTreeMap::new(),
            lowered: BTreeMap::new(),
            instance: (None, None),
            constants: BTreeMap::new(),
            called: BTreeMap::new(),
            ambiguous: BTreeSet::new(),
            unsized_places: Vec::new(),
            of_entries: Vec::new(),
            quiet: false,
            depth: 0,
            exhausted: false,
            ranges: Vec::new(),
            open: Vec::new(),
            uses: Vec::new(),
            bases: BTreeMap::new(),
            deferred_at: Vec::new(),
            symbols: BTreeMap::new(),
            naming: false,
            mentioned: BTreeMap::new(),
        }
    }

    /// The declared names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.order
    }

    /// A declared name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// The batch: examples along one index, its extent called `m`.
    fn open_batch(&mut self) -> Index {
        let m = self.graph.extents.symbol("m");
        let index = self.graph.extents.index(m);
        self.batch = Some(index);
        index
    }

    /// Declares an input of this shape, a batch of them where `batched`.
    fn declare(&mut self, name: &str, shape: &Shape, role: Role, batched: bool) -> NodeId {
        let extents = shape.extents();
        let mut axes: Vec<Extent> = Vec::new();
        let mut indices: Vec<Index> = Vec::new();
        if let (true, Some(batch)) = (batched, self.batch) {
            axes.push(self.graph.extents.of(batch));
            indices.push(batch);
        }
        let own: Vec<Index> = extents.iter().map(|&e| self.graph.extents.index(e)).collect();
        axes.extend(&extents);
        indices.extend(&own);
        let node = self.graph.input(name, &axes);
        let kind = match (shape, own.as_slice()) {
            (Shape::Vector(_), [i]) => Kind::Column(*i),
            (Shape::Matrix(..), [i, j]) => Kind::Matrix(*i, *j),
            (Shape::Tensor(_), all) => Kind::Tensor(Axes::new(all)),
            _ => Kind::Scalar,
        };
        let value = Value { tensor: Tensor::new(node, indices), kind, place: Place::default() };
        self.order.push(name.to_owned());
        self.variables.insert(name.to_owned(), Variable { node, value, role, batched, whole: false });
        node
    }

    /// A declared shape; its symbols are names of extents from now on.
    fn declared(&mut self, d: &Declaration) -> Shape {
        let shape = Shape::declared(&mut self.graph, d);
        for symbol in d.shape.symbols() {
            let extent = self.graph.extents.symbol(symbol);
            self.symbols.insert(symbol.to_owned(), extent);
        }
        shape
    }

    /// Opens the frame of a text.
    fn open_frame(&mut self, program: &'a Program, source: SourceId) -> usize {
        let frame = self.frames.len();
        let expanding = Vec::new();
        let (bindings, target) = (Vec::new(), Target::Weights);
        let indices = Vec::new();
        self.frames.push(Frame { source, blame: None, bindings, visible: 0, indices, target, expanding });
        self.bind_locals(frame, program);
        frame
    }

    /// Binds a program's locals in a frame, in order, refusing names that are taken.
    fn bind_locals(&mut self, frame: usize, program: &'a Program) {
        for local in &program.locals {
            let name = &local.name.name;
            let place = self.place(frame, local.name.span);
            let taken = name == "pi"
                || self.frames[frame].bindings.iter().any(|(n, _)| n == name)
                || (self.frames[frame].expanding.is_empty() && self.variables.contains_key(name));
            if taken {
                let what = if name == "pi" {
                    "`pi` is a constant and cannot be redefined".to_owned()
                } else {
                    format!("`{name}` is defined twice")
                };
                let help = format!("give it another name, such as `{name}_2`");
                self.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, what).with_help(help));
                continue;
            }
            let visible = self.frames[frame].bindings.len();
            let binding = Binding { expr: &local.value, frame, visible, indices: 0 };
            self.frames[frame].bindings.push((name.clone(), binding));
        }
        self.frames[frame].visible = self.frames[frame].bindings.len();
    }

    fn place(&self, frame: usize, span: Span) -> Place {
        match self.frames.get(frame) {
            Some(Frame { blame: Some(place), .. }) => *place,
            Some(f) => Place { source: f.source, span },
            None => Place { source: SourceId::Expression, span },
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        if !self.quiet {
            self.errors.push(diagnostic);
        }
        Reported
    }

    /// Lowers the locals of a frame in the order written, so that none stands on a long chain of others.
    fn lower_locals(&mut self, frame: usize) {
        for k in 0..self.frames[frame].bindings.len() {
            let _ = self.bound(frame, k);
        }
    }

    /// Lowers every local that nothing used, so that its errors are reported too.
    fn check_unused(&mut self, frame: usize) {
        let used: BTreeSet<&str> =
            self.lowered.keys().filter(|(f, ..)| *f == frame).map(|(_, name, _)| name.as_str()).collect();
        let unused: Vec<usize> = self.frames[frame]
            .bindings
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| !used.contains(name.as_str()))
            .map(|(k, _)| k)
            .collect();
        for k in unused {
            let _ = self.bound(frame, k);
        }
    }

    /// The k-th binding of a frame, lowered once for each tensor that `w` and `b` stand for.
    fn bound(&mut self, frame: usize, k: usize) -> Lowered {
        let (name, binding) = self.frames[frame].bindings[k].clone();
        let key = (frame, name.clone(), self.instance.clone());
        if let Some(known) = self.lowered.get(&key) {
            return known.clone();
        }
        let mut value = self.lower_seen(binding);
        if let Ok(v) = &value
            && self.infinity(v).is_none()
            && let Err(reported) = self.check_finite(v)
        {
            value = Err(reported);
        }
        if let Ok(v) = &value
            && binding.frame == frame
            && self.frames[frame].blame.is_none()
        {
            self.name_value(v.tensor.node, &name);
        }
        self.lowered.insert(key, value.clone());
        value
    }

    /// Gives a value the name that the text has for it. One name is one value's: what a text names once for each
    /// weight, or for each call of a definition, has none.
    fn name_value(&mut self, node: NodeId, name: &str) {
        match self.called.insert(name.to_owned(), node) {
            Some(known) if known != node => {
                self.ambiguous.insert(name.to_owned());
                self.graph.forget_names([name]);
            }
            _ if self.ambiguous.contains(name) => {}
            _ => self.graph.set_name(node, name),
        }
    }

    /// Lowers an expression that sees only the first bindings of its frame.
    fn lower_seen(&mut self, binding: Binding<'a>) -> Lowered {
        let frame = &mut self.frames[binding.frame];
        let seen = std::mem::replace(&mut frame.visible, binding.visible);
        let hidden = frame.indices.split_off(binding.indices.min(frame.indices.len()));
        let value = self.extended(binding.expr, binding.frame);
        let frame = &mut self.frames[binding.frame];
        frame.visible = seen;
        frame.indices.extend(hidden);
        value
    }

    /// The same where it must be finite.
    fn lower_finite(&mut self, binding: Binding<'a>) -> Lowered {
        let value = self.lower_seen(binding)?;
        self.check_finite(&value)?;
        Ok(value)
    }

    /// Lowers an expression; a constant that is infinite or undefined is refused.
    fn expr(&mut self, expr: &'a Expr, frame: usize) -> Lowered {
        let value = self.extended(expr, frame)?;
        self.check_finite(&value)?;
        Ok(value)
    }

    /// Lowers an expression that may be a constant without a finite value, for those who know what infinity
    /// says: a bound.
    fn extended(&mut self, expr: &'a Expr, frame: usize) -> Lowered {
        let place = self.place(frame, expr.span);
        self.check_depth(place)?;
        self.depth += 1;
        let value = self.expr_at(expr, frame, place);
        self.depth -= 1;
        self.deferred_at.resize(self.graph.extents.deferred(), place);
        value.map(|v| Value { place, ..v })
    }

    fn expr_at(&mut self, expr: &'a Expr, frame: usize, place: Place) -> Lowered {
        match &expr.kind {
            ExprKind::Number(text) => self.literal(text, place),
            ExprKind::Name(name) => self.name(expr, name, frame),
            ExprKind::Negate(inner) => {
                let mut v = self.extended(inner, frame)?;
                v.tensor = self.graph.negate(&v.tensor);
                Ok(v)
            }
            ExprKind::Transpose(inner) => {
                let v = self.expr(inner, frame)?;
                if let Kind::Tensor(_) = v.kind {
                    let message = format!("a matrix is transposed, but {}", self.describe(&v));
                    let help = "say which axis goes where: `tensor[i, j, k](T[k, j, i])`";
                    let kind = ErrorKind::ShapeMismatch;
                    return Err(self.report(Diagnostic::new(kind, v.place, message).with_help(help)));
                }
                Ok(Self::transposed(v))
            }
            ExprKind::Chain(first, rest) => self.chain(first, rest, frame),
            ExprKind::Power(power) => self.power(power, place, frame),
            ExprKind::Call(call) => self.call(expr, call, frame),
            ExprKind::Subscripted(s) => self.subscripted(s, place, frame),
            ExprKind::Binder(b) => self.binder(b, place, frame),
            ExprKind::Block(rows) => self.block(rows, place, frame),
            ExprKind::Compare(_) => {
                let message = "a comparison is a condition, not a value";
                let help = "conditions stand first in `where(x < y, u, v)`";
                Err(self.report(
                    Diagnostic::new(ErrorKind::ConditionOutsideWhere, place, message).with_help(help),
                ))
            }
        }
    }

    fn transposed(mut v: Value) -> Value {
        v.kind = match v.kind {
            Kind::Scalar => Kind::Scalar,
            Kind::Column(i) => Kind::Row(i),
            Kind::Row(i) => Kind::Column(i),
            Kind::Matrix(i, j) => Kind::Matrix(j, i),
            Kind::Tensor(axes) => Kind::Tensor(axes),
        };
        v
    }

    /// The value with new indices, the batch's excepted: each use of a name runs along axes of its own.
    fn fresh(&mut self, value: &Value) -> Value {
        let from = value.kind.indices();
        let to: Vec<Index> = from
            .iter()
            .map(|&i| {
                let e = self.graph.extents.of(i);
                self.graph.extents.index(e)
            })
            .collect();
        Value {
            tensor: value.tensor.clone().renamed(&from, &to),
            kind: value.kind.renamed(&from, &to),
            place: value.place,
        }
    }

    /// The axes of a node for the value: the batch first, where it has one, then rows and columns.
    fn axes(&self, value: &Value) -> Vec<Index> {
        let mut axes: Vec<Index> =
            self.beside().into_iter().filter(|b| value.tensor.indices.contains(b)).collect();
        axes.extend(value.kind.indices());
        axes
    }

    /// The value as a node with the axes of [`Self::axes`].
    fn node(&mut self, value: &Value) -> NodeId {
        let axes = self.axes(value);
        self.graph.tensor_as(&value.tensor, &axes)
    }

    /// Reports what `eye`, `vector(1)` and `matrix(1)` nothing gave a size.
    fn check_sizes(&mut self) {
        self.settle_ranges();
        for (extent, place, what) in std::mem::take(&mut self.unsized_places) {
            if *self.graph.extents.kind(extent) == ExtentKind::Unknown {
                let message = format!("nothing says how large `{what}` is");
                let help = "use it beside something of known shape, as in `A + eye`";
                self.report(Diagnostic::new(ErrorKind::Unsized, place, message).with_help(help));
            }
        }
        for (extent, place) in std::mem::take(&mut self.of_entries) {
            if self.graph.extents.as_constant(extent) == Some(0) {
                let message = format!("`{}` is of nothing, and has no value", self.text(place));
                let help =
                    "of no entries there are a sum, which is 0, and a norm, but no mean and no largest";
                self.report(Diagnostic::new(ErrorKind::ShapeMismatch, place, message).with_help(help));
            }
        }
    }
}

impl<'a> Lowerer<'a> {
    /// Makes the user's definitions known, refusing names that are taken.
    fn add_defines(&mut self, defines: &'a [(Definition, SourceId, String)]) {
        for (definition, source, _) in defines {
            let name = &definition.name.name;
            let place = Place { source: *source, span: definition.name.span };
            let mut seen: Vec<&str> = Vec::new();
            for param in &definition.params {
                if seen.contains(&param.name.name.as_str()) {
                    let place = Place { source: *source, span: param.name.span };
                    let message = format!("`{name}` has two parameters called `{}`", param.name.name);
                    self.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message));
                }
                seen.push(&param.name.name);
            }
            let in_catalog = crate::catalog::find(name).is_some()
                || crate::ops::element(name).is_some_and(|f| f.spec().public)
                || call::is_builtin(name)
                || matches!(name.as_str(), "pi" | "eye");
            if in_catalog {
                let message = format!("`{name}` is the language's own and cannot be redefined");
                let help = format!("give it another name, such as `my_{name}`");
                self.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help));
            } else if self.defines.contains_key(name) {
                let message = format!("`{name}` is defined twice");
                self.report(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message));
            } else {
                self.defines.insert(name.clone(), (definition, *source));
            }
        }
    }
}

/// Rebuilds what `roots` need now that every extent is settled; the new roots, in order.
fn settle(graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in graph.reachable(roots) {
        let new = graph.rebuilt(id, &|child| map.replaced(child));
        graph.inherit_name(id, new);
        map.insert(id, new);
    }
    let roots: Vec<NodeId> = roots.iter().map(|r| map.replaced(*r)).collect();
    crate::ir::verify::debug_verify(graph, &roots);
    roots
}
