//! The constructors: the only way to make nodes, and they normalise.
//!
//! Expressions are put together as [`Tensor`]s, nodes whose axes carry indices; an index that two operands
//! share runs along both. What is normalised here, always: sums and products are flattened (a named node
//! excepted), constants folded, equal terms and equal factors collected, deltas contracted, operands ordered
//! by age, and `where(c, u, 0) * v` becomes `where(c, u * v, 0)`, so that a branch not taken never multiplies
//! an infinity.
//!
//! Leaves and queries are here; [`sum`](self::Graph::sum)s, [`contract`](self::Graph::contract)ions,
//! functions and rebuilding have a file each.

mod affine;
mod function;
mod product;
mod rebuild;
mod row;
mod sum;

use super::graph::{Cofactors, Factor, Graph, NodeId, Op, Operand};
use super::index::{Extent, Index};
use super::number::Number;

/// A node and the index that runs along each of its axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The node.
    pub node: NodeId,
    /// An index per axis; one that stands twice takes the diagonal.
    pub indices: Vec<Index>,
}

impl Tensor {
    /// A node with these indices.
    #[must_use]
    pub fn new(node: NodeId, indices: Vec<Index>) -> Self {
        Self { node, indices }
    }

    /// The same tensor with `from` called `to`.
    #[must_use]
    pub fn renamed(mut self, from: &[Index], to: &[Index]) -> Self {
        for index in &mut self.indices {
            if let Some(k) = from.iter().position(|f| f == index) {
                *index = to[k];
            }
        }
        self
    }
}

/// The indices of tensors, each once, in the order met.
pub(crate) fn indices_of<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<Index> {
    let mut all = Vec::new();
    for &i in tensors.into_iter().flat_map(|t| &t.indices) {
        if !all.contains(&i) {
            all.push(i);
        }
    }
    all
}

/// Sums and products of more operands than this stay whole inside others: flattening a chain of them, each
/// used by the next, would cost the square of its length.
pub(super) const INLINED: usize = 12;

impl Graph {
    /// A constant.
    pub fn number(&mut self, n: Number) -> NodeId {
        self.intern(Op::Number(n), Vec::new())
    }

    /// A constant, as a tensor.
    pub fn constant(&mut self, n: Number) -> Tensor {
        Tensor::new(self.number(n), Vec::new())
    }

    /// π
    pub fn pi(&mut self) -> NodeId {
        self.intern(Op::Pi, Vec::new())
    }

    /// How many values an index over `e` takes, as a scalar.
    pub fn extent_value(&mut self, e: Extent) -> NodeId {
        let e = self.extents.find(e);
        match self.extents.as_constant(e) {
            Some(n) => self.number(Number::int(n as i64)),
            None => match self.extents.derived(e) {
                Some(form) => self.form_value(&form).node,
                None => self.intern(Op::Extent(e), Vec::new()),
            },
        }
    }

    /// The Kronecker delta over `e`.
    pub fn delta(&mut self, e: Extent) -> NodeId {
        let e = self.extents.find(e);
        self.intern(Op::Delta, vec![e, e])
    }

    /// `value` everywhere over `out`.
    pub fn fill(&mut self, value: Number, out: &[Index]) -> NodeId {
        self.contract(value, &[], out)
    }

    /// The node with a new index along each axis.
    pub fn whole(&mut self, node: NodeId) -> Tensor {
        let indices = self.shape(node).to_vec().into_iter().map(|e| self.extents.index(e)).collect();
        Tensor::new(node, indices)
    }

    /// The constant that the node is everywhere, where it is one.
    #[must_use]
    pub fn as_constant(&self, id: NodeId) -> Option<Number> {
        match self.op(id) {
            Op::Number(n) => Some(*n),
            Op::Product { coeff, factors, .. } if factors.is_empty() => Some(*coeff),
            _ => None,
        }
    }

    /// The constant factor of a product; 1 of anything else.
    #[must_use]
    pub fn coefficient(&self, id: NodeId) -> Number {
        match self.op(id) {
            Op::Product { coeff, .. } => *coeff,
            _ => Number::ONE,
        }
    }

    /// Whether the constants in a sum or product are finite numbers.
    #[must_use]
    pub fn has_finite_constants(&self, id: NodeId) -> bool {
        match self.op(id) {
            Op::Number(n) => n.is_finite(),
            Op::Product { coeff, .. } => coeff.is_finite(),
            Op::Sum(terms) => terms.iter().all(|t| t.coeff.is_finite()),
            _ => true,
        }
    }

    /// Whether the node is 0 everywhere.
    #[must_use]
    pub fn is_zero(&self, id: NodeId) -> bool {
        self.as_constant(id).is_some_and(Number::is_zero)
    }

    /// Whether a matrix is its own transpose, whatever its inputs are: as `w*w' - eye` is.
    #[must_use]
    pub fn is_symmetric(&mut self, id: NodeId) -> bool {
        let &[rows, cols] = self.shape(id) else { return false };
        if rows != cols {
            return false;
        }
        if self.is_declared_symmetric(id) {
            return true;
        }
        match self.op(id).clone() {
            Op::Delta => true,
            Op::Inverse(a) | Op::Cofactors(a, Cofactors::Adjugate) => self.is_symmetric(a),
            Op::Sum(terms) => {
                terms.iter().all(|t| self.is_symmetric_operand(&t.operand)) || {
                    let whole = self.whole(id).indices;
                    let terms: Vec<_> =
                        terms.iter().map(|t| (t.coeff, self.tensor(&t.operand, &whole))).collect();
                    self.sum_as(&terms, &[whole[1], whole[0]]) == id
                }
            }
            Op::Map { args, .. } => args.iter().all(|a| self.is_symmetric_operand(a)),
            // Along its axes in the other order it is the same node.
            Op::Product { coeff, factors, .. } => {
                let locals = self.locals(id);
                let mut turned = locals.clone();
                turned.swap(0, 1);
                let parts: Vec<_> = factors
                    .iter()
                    .map(|f| {
                        // What the order does not change stands, in the other order, as it stands in this one.
                        let unchanged = self.is_unchanged_by_order(f);
                        (self.tensor(&f.operand, if unchanged { &turned } else { &locals }), f.power)
                    })
                    .collect();
                self.contract_over(coeff, &parts, &turned[..2], &turned[2..]) == id
            }
            _ => false,
        }
    }

    fn is_symmetric_operand(&mut self, operand: &Operand) -> bool {
        match operand.axes.as_slice() {
            [] => true,
            [0, 1] | [1, 0] => self.is_symmetric(operand.node),
            _ => false,
        }
    }

    /// Whether a factor is the same with the product's first two axes in the other order: a symmetric matrix, or
    /// an even power of what changes its sign, as `X[i, c] - X[j, c]` does.
    fn is_unchanged_by_order(&mut self, factor: &Factor) -> bool {
        let Operand { node, ref axes } = factor.operand;
        if let [0, 1] | [1, 0] = axes.as_slice()
            && self.is_symmetric(node)
        {
            return true;
        }
        let place = |axis: u8| axes.iter().position(|&a| a == axis);
        let (Some(i), Some(j)) = (place(0), place(1)) else { return false };
        let Op::Sum(terms) = self.op(node).clone() else { return false };
        if factor.power.as_int().is_none_or(|p| p % 2 != 0) || self.shape(node)[i] != self.shape(node)[j] {
            return false;
        }
        let whole = self.whole(node).indices;
        let negated: Vec<_> =
            terms.iter().map(|t| (t.coeff.neg(), self.tensor(&t.operand, &whole))).collect();
        let mut turned = whole;
        turned.swap(i, j);
        let negative = self.sum_as(&negated, &turned);
        // Terms stand in the order in which they were written.
        matches!(self.op(negative), Op::Sum(others)
            if others.len() == terms.len() && terms.iter().all(|t| others.contains(t)))
    }

    /// Whether the text has a name for the node, so that it stays what it is.
    #[must_use]
    pub(crate) fn is_named(&self, id: NodeId) -> bool {
        self.name(id).is_some() && !matches!(self.op(id), Op::Input(_))
    }

    /// Operands of a node as tensors, given an index for each of its locals.
    #[must_use]
    pub fn tensor(&self, operand: &Operand, locals: &[Index]) -> Tensor {
        Tensor::new(operand.node, operand.axes.iter().map(|&a| locals[a as usize]).collect())
    }

    /// New indices for the locals of a node: its own axes, then the bound ones.
    pub fn locals(&mut self, id: NodeId) -> Vec<Index> {
        let mut extents = self.shape(id).to_vec();
        match self.op(id) {
            Op::Product { bound, .. } | Op::Axis { bound, .. } => extents.extend(bound),
            Op::Others { bound, .. } => extents.push(*bound),
            _ => {}
        }
        extents.into_iter().map(|e| self.extents.index(e)).collect()
    }

    pub(super) fn extents_of(&self, indices: &[Index]) -> Vec<Extent> {
        indices.iter().map(|&i| self.extents.of(i)).collect()
    }

    pub(super) fn operand(tensor: &Tensor, locals: &[Index]) -> Operand {
        let axes =
            tensor.indices.iter().map(|i| locals.iter().position(|l| l == i).unwrap_or(0) as u8).collect();
        Operand { node: tensor.node, axes }
    }

    /// The indices of a node, those of a symmetric matrix in the order in which they stand in `order`: A' is A.
    /// What is not in `order` comes last.
    pub(super) fn in_order(&self, node: NodeId, indices: &mut [Index], order: &[Index]) {
        // A delta beside them follows.
        let follows = || self.has_symmetric() && matches!(self.op(node), Op::Delta);
        if let [i, j] = indices
            && i != j
            && (self.is_declared_symmetric(node) || follows())
        {
            let place = |x: Index| (order.iter().position(|o| *o == x).unwrap_or(usize::MAX), x);
            if place(*j) < place(*i) {
                std::mem::swap(i, j);
            }
        }
    }

    /// The operand behind a mere view (a permutation, a diagonal, a broadcast), the constant behind a filled
    /// array and behind a delta's diagonal.
    pub(super) fn seen_through(&mut self, t: &Tensor) -> Tensor {
        if matches!(self.op(t.node), Op::Delta) && t.indices[0] == t.indices[1] {
            return self.constant(Number::ONE);
        }
        if !self.is_named(t.node)
            && let Op::Product { coeff, factors, bound } = self.op(t.node)
            && bound.is_empty()
        {
            if factors.is_empty() {
                let n = *coeff;
                return self.constant(n);
            }
            if let ([factor], true) = (factors.as_slice(), coeff.is_one())
                && factor.power.is_one()
                && !self.is_indicator(factor.operand.node)
            {
                return self.tensor(&factor.operand, &t.indices);
            }
        }
        t.clone()
    }

    /// All indices of `tensors`, those of the one with most axes first.
    pub(super) fn union(tensors: &[&Tensor]) -> Vec<Index> {
        let mut out: Vec<Index> = Vec::new();
        let mut widest: Option<&Tensor> = None;
        for &t in tensors {
            if widest.is_none_or(|w| t.indices.len() > w.indices.len()) {
                widest = Some(t);
            }
        }
        for t in widest.into_iter().chain(tensors.iter().copied()) {
            for &i in &t.indices {
                if !out.contains(&i) {
                    out.push(i);
                }
            }
        }
        out
    }
}
