//! The graph: shared, positional nodes.
//!
//! A node has a shape, a list of extents. Its operands say, for each of their own axes, which *local index*
//! of the node runs along it: locals `0..rank` are the node's own axes, the ones from `rank` on are bound
//! (summed over). So the matrix product `A*B` is `Product [A(0,2), B(2,1)]` with one bound index, and a
//! transpose, a diagonal or a broadcast is nothing but a list of locals. Nodes are hash-consed: equal
//! expressions are one node.
//!
//! Invariants (see [`super::verify`]): children precede their parents; bound locals are used; a `Sum` has at
//! least two terms; a `Product` is never the identity.

use super::bounds;
use super::form::{Affine, Form};
use super::index::{Extent, Extents};
use super::map::NodeMap;
use super::number::Number;
use crate::ops::ElementFn;
use crate::ops::interval::Interval;
use crate::syntax::ast::CompareOp;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A node of a [`Graph`]. Ids follow the order of creation, children first; they are never printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// An input of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub(crate) u32);

/// A node used by another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operand {
    /// The node.
    pub node: NodeId,
    /// For each axis of the node, the local index of the user.
    pub axes: Vec<u8>,
}

/// `coeff · operand` in a sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The tensor; axes of the sum that it lacks are broadcast.
    pub operand: Operand,
    /// The constant factor.
    pub coeff: Number,
}

/// `operand ^ power` in a product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor {
    /// The tensor.
    pub operand: Operand,
    /// The constant, element-wise exponent.
    pub power: Number,
}

/// Functions along one or more axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AxisFn {
    /// Greatest entry.
    Max,
    /// `log Σ exp`.
    LogSumExp,
    /// `√Σ x²`, of huge and of tiny entries too.
    Norm,
    /// `exp(x) / Σ exp(x)`; keeps the axes.
    Softmax,
    /// `x − log Σ exp(x)`; keeps the axes.
    LogSoftmax,
}

impl AxisFn {
    /// Whether the axes it works along are gone from the result.
    #[must_use]
    pub fn reduces(self) -> bool {
        matches!(self, Self::Max | Self::LogSumExp | Self::Norm)
    }

    /// The name in the cost language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::LogSumExp => "logsumexp",
            Self::Norm => "norm2",
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
        }
    }
}

/// What the derivatives of a determinant are made of. They are polynomials in the entries, so that they are
/// there for singular matrices too, of which there is no inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cofactors {
    /// The adjugate: `adj(A)[i,j] = ∂det(A)/∂A[j,i]`, which is `det(A) A⁻¹` where that is.
    Adjugate,
    /// P of a pair of matrices of which the second derivative is made:
    /// `d adj(A)[H] = tr(P H) Q + tr(Q H) P − P H Q − Q H P`. Where there is an inverse, `det(A) A⁻¹` and
    /// `A⁻¹/2` are such a pair; a pair is not unique, so that both come from one and the same node.
    First,
    /// Q of that pair.
    Second,
}

impl Cofactors {
    /// What it is called where work is counted.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adjugate => "adj",
            Self::First => "adj1",
            Self::Second => "adj2",
        }
    }
}

/// `offset + Σ coeffₖ·indexₖ`, compared with 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// How.
    pub kind: RelationKind,
    /// The multiple of each axis' index; none is 0.
    pub coeffs: Vec<i64>,
    /// What is added.
    pub offset: Form,
}

/// How a [`Relation`] compares with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// It is 0: an entry's place.
    Equal,
    /// It is not negative: a triangle.
    AtLeast,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A constant scalar.
    Number(Number),
    /// π
    Pi,
    /// How many values an index takes, as a scalar: the `n` of a mean.
    Extent(Extent),
    /// An input.
    Input(InputId),
    /// The Kronecker delta: 1 where both indices are equal.
    Delta,
    /// 1 where a relation between its indices holds, else 0: a delta that knows of offsets, multiples and
    /// triangles. It is what `x[i + 1]` is made of: `Σ_p (p = i + 1)·x[p]`.
    Holds(Relation),
    /// 1 where the first index is the whole number that the data, at the others, says: what `w[p[k]]` is made
    /// of.
    Named(NodeId),
    /// The value of its index: 0, 1, 2, …
    Position,
    /// `Σ coeff · term`, broadcast.
    Sum(Vec<Term>),
    /// `coeff · Σ_bound Π factor^power`: element-wise products, contractions, traces, broadcasts.
    Product {
        /// The constant factor.
        coeff: Number,
        /// The tensors.
        factors: Vec<Factor>,
        /// Extents of the bound indices.
        bound: Vec<Extent>,
    },
    /// An element-wise function.
    Map {
        /// Which.
        function: ElementFn,
        /// Its arguments, broadcast.
        args: Vec<Operand>,
    },
    /// `where(lhs op rhs, then, otherwise)`, element-wise.
    Select {
        /// The comparison.
        op: CompareOp,
        /// Its left side.
        lhs: Operand,
        /// Its right side.
        rhs: Operand,
        /// Value where it holds.
        then: Operand,
        /// Value where it does not.
        otherwise: Operand,
    },
    /// A function along axes of `arg`. For one that reduces, the locals from `rank` on are the axes reduced.
    Axis {
        /// Which.
        function: AxisFn,
        /// The argument; every axis its own local.
        arg: Operand,
        /// Locals of the axes it works along.
        along: Vec<u8>,
        /// Extents of the reduced axes (none where the axes are kept).
        bound: Vec<Extent>,
    },
    /// The products of all entries of `arg` along its bound axis but those at the indices of the last `order`
    /// axes; 0 where two of these are one. Without any, the product of all. So the derivative of one is the
    /// next, right also where entries are 0.
    Others {
        /// The argument; every axis its own local, the bound one the local from `rank` on.
        arg: Operand,
        /// How many are left out.
        order: u8,
        /// The extent of the bound axis.
        bound: Extent,
    },
    /// The inverse of a square matrix.
    Inverse(NodeId),
    /// The determinant of a square matrix, or of each along the last two axes: likewise of all linear algebra.
    Det(NodeId),
    /// The logarithm of the determinant of a matrix whose determinant is positive.
    LogDet(NodeId),
    /// What derivatives of the determinant of a square matrix are made of.
    Cofactors(NodeId, Cofactors),
    /// An axis pair merged into one, row-major, for each axis of the result: the Kronecker product's shape.
    /// Locals of `arg` count 0, 1, ... ; `groups` says which of them make up each axis of the result,
    /// outermost first.
    Merge {
        /// The tensor.
        arg: NodeId,
        /// Axes of `arg` per axis of the result.
        groups: Vec<Vec<u8>>,
    },
    /// The inverse of [`Op::Merge`]: the same groups, now of the result's axes.
    Split {
        /// The tensor.
        arg: NodeId,
        /// Axes of the result per axis of `arg`.
        groups: Vec<Vec<u8>>,
    },
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it is.
    pub op: Op,
    /// The extent of each axis.
    pub shape: Vec<Extent>,
}

impl Node {
    /// The nodes it is made of, with repetition.
    #[must_use]
    pub fn children(&self) -> Vec<NodeId> {
        let mut children = Vec::new();
        self.each_child(|c| children.push(c));
        children
    }

    /// Calls `f` with every node it is made of, with repetition.
    pub fn each_child(&self, mut f: impl FnMut(NodeId)) {
        match &self.op {
            Op::Number(_)
            | Op::Pi
            | Op::Extent(_)
            | Op::Input(_)
            | Op::Delta
            | Op::Holds(_)
            | Op::Position => {}
            Op::Sum(terms) => {
                for t in terms {
                    f(t.operand.node);
                }
            }
            Op::Product { factors, .. } => {
                for x in factors {
                    f(x.operand.node);
                }
            }
            Op::Map { args, .. } => {
                for a in args {
                    f(a.node);
                }
            }
            Op::Select { lhs, rhs, then, otherwise, .. } => {
                for o in [lhs, rhs, then, otherwise] {
                    f(o.node);
                }
            }
            Op::Axis { arg, .. } | Op::Others { arg, .. } => f(arg.node),
            Op::Named(a) | Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _) => f(*a),
            Op::Merge { arg, .. } | Op::Split { arg, .. } => f(*arg),
        }
    }
}

/// An input: a variable, datum, target or hyper-parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The name in the text.
    pub name: String,
    /// Its node.
    pub node: NodeId,
    /// Whether it is given, and nothing is differentiated by it.
    pub data: bool,
    /// Whether it is a matrix that is its own transpose.
    pub symmetric: bool,
    /// Whether its entries are whole numbers, which are subscripts only.
    pub whole: bool,
}

/// A quick hash of small numbers. Macros run unoptimised, where the usual one is a tenth of their time.
#[derive(Clone, Copy, Debug, Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        // The upper half is mixed best, and tables take the lower.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}

/// Nodes, inputs, extents, and names given by the text.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Between which numbers each node's entries lie.
    intervals: Vec<Interval>,
    /// The newest node of each hash, and for each node the one before it of the same hash.
    newest: HashMap<u64, NodeId, BuildHasherDefault<Mixer>>,
    before: Vec<Option<NodeId>>,
    inputs: Vec<Input>,
    names: NodeMap<String>,
    /// Inverses that the text has, and not a derivative or a system alone: messages name them.
    written: BTreeSet<NodeId>,
    /// Matrices that are symmetric because inputs are declared so: their indices stand in one order.
    symmetric: BTreeSet<NodeId>,
    /// Extents and indices.
    pub extents: Extents,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// What the node is.
    #[must_use]
    pub fn op(&self, id: NodeId) -> &Op {
        &self.node(id).op
    }

    /// The extent of each axis of the node.
    #[must_use]
    pub fn shape(&self, id: NodeId) -> &[Extent] {
        &self.node(id).shape
    }

    /// Between which numbers the node's entries lie, whatever the inputs are.
    #[must_use]
    pub fn interval(&self, id: NodeId) -> Interval {
        self.intervals.get(id.0 as usize).copied().unwrap_or(Interval::ALL)
    }

    /// Whether no entry of the node is negative, whatever the inputs are: the greatest of nothing is 0 then.
    #[must_use]
    pub fn is_size(&self, id: NodeId) -> bool {
        self.interval(id).low >= 0.0
    }

    /// The number of axes of the node.
    #[must_use]
    pub fn rank(&self, id: NodeId) -> usize {
        self.node(id).shape.len()
    }

    /// The number of nodes, reachable or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The id of `op`, made if it is new. Only [`super::build`] calls it: it does not normalise.
    pub(super) fn intern(&mut self, op: Op, shape: Vec<Extent>) -> NodeId {
        let node = Node { op, shape };
        let mut mixer = Mixer::default();
        node.hash(&mut mixer);
        let hash = mixer.finish();
        let newest = self.newest.get(&hash).copied();
        let mut candidate = newest;
        while let Some(known) = candidate {
            if *self.node(known) == node {
                return known;
            }
            candidate = self.before[known.0 as usize];
        }
        let id = NodeId(self.nodes.len() as u32);
        let interval = bounds::found(self, &node.op);
        self.intervals.push(interval);
        self.nodes.push(node);
        self.before.push(newest);
        self.newest.insert(hash, id);
        if self.inherits_symmetry(id) {
            self.symmetric.insert(id);
        }
        id
    }

    /// Whether a matrix is symmetric because it is made, entry by entry or as an inverse, of some that are.
    fn inherits_symmetry(&self, id: NodeId) -> bool {
        if self.symmetric.is_empty() || self.rank(id) != 2 {
            return false;
        }
        let whole = |o: &Operand| matches!(o.axes[..], [0, 1] | [1, 0]);
        let known = |o: &Operand| whole(o) && self.symmetric.contains(&o.node);
        let delta = |o: &Operand| whole(o) && matches!(self.op(o.node), Op::Delta);
        let of = |operands: Vec<&Operand>| {
            operands.iter().any(|o| known(o))
                && operands.iter().all(|o| o.axes.is_empty() || known(o) || delta(o))
        };
        match self.op(id) {
            // Settled extents make a new node of an input.
            Op::Input(input) => self.inputs.get(input.0 as usize).is_some_and(|i| i.symmetric),
            Op::Inverse(a) | Op::Cofactors(a, Cofactors::Adjugate) => self.symmetric.contains(a),
            Op::Sum(terms) => of(terms.iter().map(|t| &t.operand).collect()),
            Op::Product { factors, bound, .. } => {
                bound.is_empty() && of(factors.iter().map(|f| &f.operand).collect())
            }
            Op::Map { args, .. } => of(args.iter().collect()),
            Op::Select { lhs, rhs, then, otherwise, .. } => of(vec![lhs, rhs, then, otherwise]),
            _ => false,
        }
    }

    /// Notes that an input is a symmetric matrix, before anything is made of it.
    pub(crate) fn set_symmetric(&mut self, id: NodeId) {
        if let Op::Input(input) = *self.op(id) {
            self.inputs[input.0 as usize].symmetric = true;
            self.symmetric.insert(id);
        }
    }

    /// Notes that an input holds whole numbers.
    pub(crate) fn set_whole(&mut self, id: NodeId) {
        if let Op::Input(input) = *self.op(id) {
            self.inputs[input.0 as usize].whole = true;
        }
    }

    /// What an extent that no declaration names is of an array: the word for it, the array and, of `extent`,
    /// the axis.
    #[must_use]
    pub fn size(&self, e: Extent) -> Option<(&'static str, &str, Option<usize>)> {
        let name = self.extents.name(e);
        self.inputs.iter().find_map(|i| {
            let rest = name.strip_prefix(i.name.as_str())?.strip_prefix('_')?;
            let (word, axis) = match (self.rank(i.node), rest) {
                (1, "len") => ("len", None),
                (2, "rows") => ("rows", None),
                (2, "cols") => ("cols", None),
                (_, rest) => ("extent", Some(rest.strip_prefix("axis")?.parse().ok()?)),
            };
            Some((word, i.name.as_str(), axis))
        })
    }

    /// An extent as a formula has it: `n`, `len(x)`, `rows(X) - 1`.
    #[must_use]
    pub fn extent_text(&self, e: Extent) -> String {
        if self.extents.as_constant(e).is_none() {
            if let Some((a, b)) = self.extents.factors(e) {
                return format!("{}*{}", self.extent_text(a), self.extent_text(b));
            }
            if let Some(form) = self.extents.derived(e) {
                return self.form_text(&form);
            }
        }
        match self.size(e) {
            Some((word, array, None)) => format!("{word}({array})"),
            Some((word, array, Some(axis))) => format!("{word}({array}, {axis})"),
            None => self.extents.name(e),
        }
    }

    /// A form of extents as a formula has it.
    #[must_use]
    pub fn form_text(&self, form: &Form) -> String {
        form.text(|e| self.extent_text(e))
    }

    /// Whether a node tells by its indices alone whether it is 1 or 0.
    #[must_use]
    pub fn is_indicator(&self, id: NodeId) -> bool {
        matches!(self.op(id), Op::Delta | Op::Holds(_) | Op::Named(_))
    }

    /// The relation that a node is between what stands for its axes; a delta is one, too.
    pub fn relation<I: Clone + PartialEq>(
        &self,
        id: NodeId,
        axes: &[I],
    ) -> Option<(RelationKind, Affine<I>)> {
        let along = axes.iter().cloned();
        match self.op(id) {
            Op::Delta => Some((RelationKind::Equal, Affine::sum(along.zip([1, -1]), Form::default()))),
            Op::Holds(r) => {
                Some((r.kind, Affine::sum(along.zip(r.coeffs.iter().copied()), r.offset.clone())))
            }
            _ => None,
        }
    }

    /// Whether a node is a product with relations between its indices: a part, or what is put in its place.
    #[must_use]
    pub fn has_relations(&self, id: NodeId) -> bool {
        let relation = |f: &Factor| matches!(self.op(f.operand.node), Op::Holds(_) | Op::Named(_));
        matches!(self.op(id), Op::Product { factors, .. } if factors.iter().any(relation))
    }

    /// Whether any matrix is.
    pub(crate) fn has_symmetric(&self) -> bool {
        !self.symmetric.is_empty()
    }

    /// Notes that a product is symmetric, being the same from both ends.
    pub(super) fn set_mirrored(&mut self, id: NodeId) {
        self.symmetric.insert(id);
    }

    /// Whether the node is known to be symmetric because inputs are declared so; for all matrices that are, see
    /// [`is_symmetric`](Self::is_symmetric).
    #[must_use]
    pub fn is_declared_symmetric(&self, id: NodeId) -> bool {
        self.symmetric.contains(&id)
    }

    /// A new input.
    pub fn input(&mut self, name: &str, shape: &[Extent]) -> NodeId {
        let id = InputId(self.inputs.len() as u32);
        let shape = shape.iter().map(|&e| self.extents.find(e)).collect();
        let node = self.intern(Op::Input(id), shape);
        self.inputs.push(Input { name: name.to_owned(), node, data: false, symmetric: false, whole: false });
        node
    }

    /// The input's node, now that its extents are settled.
    pub(super) fn settle_input(&mut self, id: InputId, node: NodeId) {
        self.inputs[id.0 as usize].node = node;
    }

    /// Notes that nothing is differentiated by the inputs there are, but for `by`.
    pub fn set_data(&mut self, by: &[NodeId]) {
        for input in &mut self.inputs {
            input.data = !by.contains(&input.node);
        }
    }

    /// Whether a node is made of data and constants, as far as a few steps show.
    #[must_use]
    pub fn is_data(&self, id: NodeId) -> bool {
        fn made(g: &Graph, id: NodeId, steps: usize) -> bool {
            match g.op(id) {
                Op::Input(input) => g.input_of(*input).data,
                Op::Number(_) | Op::Pi | Op::Extent(_) => true,
                _ if steps == 0 => false,
                _ => {
                    let mut all = true;
                    g.node(id).each_child(|child| all = all && made(g, child, steps - 1));
                    all
                }
            }
        }
        made(self, id, 4)
    }

    /// The inputs, in the order made.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The input.
    #[must_use]
    pub fn input_of(&self, id: InputId) -> &Input {
        &self.inputs[id.0 as usize]
    }

    /// Gives a node the name that the text has for it; the first name stays; a constant takes none. A named
    /// node is never merged into the sum or product that uses it, so it keeps its place in the derivation and
    /// in the code.
    pub fn set_name(&mut self, id: NodeId, name: &str) {
        let nameable = !matches!(self.op(id), Op::Input(_)) && self.as_constant(id).is_none();
        if nameable && self.names.get(id).is_none() {
            self.names.insert(id, name.to_owned());
        }
    }

    /// Takes these names from the nodes that have them: for a page where they are not introduced yet.
    pub fn forget_names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let names: BTreeSet<&str> = names.into_iter().collect();
        for known in self.names.slots_mut() {
            if known.as_deref().is_some_and(|name| names.contains(name)) {
                *known = None;
            }
        }
    }

    /// The name of a node: an input's, or the one the text gave.
    #[must_use]
    pub fn name(&self, id: NodeId) -> Option<&str> {
        match self.op(id) {
            Op::Input(input) => Some(&self.input_of(*input).name),
            _ => self.names.get(id).map(String::as_str),
        }
    }

    /// The names of all inputs and nodes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let nodes = self.names.values().map(String::as_str);
        self.inputs.iter().map(|i| i.name.as_str()).chain(nodes)
    }

    /// Notes that the text has this node, an inverse.
    pub(crate) fn set_written(&mut self, id: NodeId) {
        self.written.insert(id);
    }

    /// Whether the text has the inverse of `matrix`.
    #[must_use]
    pub fn has_written_inverse(&self, matrix: NodeId) -> bool {
        self.written.iter().any(|&id| *self.op(id) == Op::Inverse(matrix))
    }

    /// Moves the name of `from` to `to`, if it has one, and that the text has it: what a rewrite does.
    pub(crate) fn inherit_name(&mut self, from: NodeId, to: NodeId) {
        if from != to && self.written.contains(&from) {
            self.written.insert(to);
        }
        if from != to
            && let Some(name) = self.names.get(from).cloned()
        {
            self.set_name(to, &name);
        }
    }

    /// Every node that `roots` need, children first.
    #[must_use]
    pub fn reachable(&self, roots: &[NodeId]) -> Vec<NodeId> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<NodeId> = roots.to_vec();
        while let Some(id) = stack.pop() {
            if !std::mem::replace(&mut seen[id.0 as usize], true) {
                self.node(id).each_child(|c| stack.push(c));
            }
        }
        (0..self.nodes.len() as u32).map(NodeId).filter(|id| seen[id.0 as usize]).collect()
    }

    /// How often each node is used by the nodes that `roots` need; a root counts as one use more.
    #[must_use]
    pub fn uses(&self, roots: &[NodeId]) -> Vec<u32> {
        let mut uses = vec![0; self.nodes.len()];
        for id in self.reachable(roots) {
            self.node(id).each_child(|child| uses[child.0 as usize] += 1);
        }
        for root in roots {
            uses[root.0 as usize] += 1;
        }
        uses
    }
}
