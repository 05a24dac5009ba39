//! What is asked of the scheduler, and what it answers: buffers, and steps over them.

use super::cases::Cases;
use super::form::{MatrixForm, System};
use crate::ir::{Extent, Graph, NodeId, Number};
use std::collections::BTreeMap;

/// Whether intermediate arrays are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Store what several loops need: for networks, whose workspace is there anyway.
    Store,
    /// The same, with rows in blocks: for objectives, whose data may be larger than the cache.
    Blocks,
    /// Compute it again in each loop, so that no array is needed: for a cost of all entries at once.
    Recompute,
    /// The same but for what calls functions, of which the entries of an example are kept: for a cost, one
    /// example at a time.
    Examples,
}

impl Policy {
    /// Whether what several loops need is computed in each of them.
    pub(super) fn recomputes(self) -> bool {
        matches!(self, Self::Recompute | Self::Examples)
    }
}

/// What is asked of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name of the array or scalar to fill.
    pub name: String,
    /// The node.
    pub node: NodeId,
}

/// Where the entries of a node are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Storage {
    /// In an array that the caller has filled.
    Input,
    /// In an array that the caller wants filled.
    Output,
    /// In an array of the workspace.
    Temporary,
    /// In an array of the workspace that holds one block of rows, for each part of them.
    Block,
    /// In an array of the workspace that holds what each part of the rows, but the first, adds to a sum.
    Parts,
    /// In a local variable.
    Scalar,
}

/// An array or a scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Its name, unique in the plan.
    pub name: String,
    /// Where it is.
    pub storage: Storage,
    /// The extent of each axis, row-major.
    pub shape: Vec<Extent>,
}

/// A buffer of a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// A loop over all index tuples of a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The extents, outermost first.
    pub space: Vec<Extent>,
    /// Element-wise nodes computed in it, in the order of their numbers; their axes are the loop's.
    pub body: Vec<NodeId>,
    /// Nodes whose entries are written, and where to. A node may be a leaf: then it is copied.
    pub stores: Vec<(NodeId, BufferId)>,
    /// Sums and maxima over the loop.
    pub reductions: Vec<Reduction>,
}

/// A sum or maximum over a loop, times scalars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// The node that is summed up: a contraction or a maximum.
    pub node: NodeId,
    /// Where the result goes.
    pub buffer: BufferId,
    /// A constant factor besides the node's own.
    pub coeff: Number,
    /// Scalar factors, with their powers.
    pub scalars: Vec<(NodeId, Number)>,
    /// Added to what is in the array, rather than put in its place.
    pub accumulate: bool,
}

/// `out (+)= alpha · a · b`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatMul {
    /// The array written.
    pub out: BufferId,
    /// The product node: a contraction of two operands.
    pub product: NodeId,
    /// Which of its indices are rows, columns and summed.
    pub form: MatrixForm,
    /// Added to what is there, rather than put in its place.
    pub accumulate: bool,
    /// Where it is added: a factor of what is there, 1 if there is none.
    pub decay: Option<NodeId>,
    /// The constant factor.
    pub coeff: Number,
    /// Scalar factors, with their powers.
    pub scalars: Vec<(NodeId, Number)>,
}

/// A product with an inverse: `out = alpha · A⁻¹ · b`, without the entries of A⁻¹.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solve {
    /// Its right side as the other factor, its scale and where it goes.
    pub matmul: MatMul,
    /// The system that it is the solution of.
    pub system: System,
}

/// The factors of a square matrix: of all that is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    /// What the formula calls the matrix.
    pub text: String,
    /// What messages call its inverse: the matrix, where the formula has no inverse of it.
    pub inverse: String,
    /// The array of their entries.
    pub entries: BufferId,
    /// Which rows were exchanged for them.
    pub exchanges: BufferId,
    /// Whether the matrix is symmetric, whatever the inputs are.
    pub symmetric: bool,
}

/// Steps that run on a block of rows after the other, so that a block is read while it is in the cache; and
/// on parts of the rows at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The extent that is divided: the first of each array in `read` and `written`.
    pub extent: Extent,
    /// The arrays that the steps see a block of, and only read.
    pub read: Vec<BufferId>,
    /// Those that they write.
    pub written: Vec<BufferId>,
    /// The extents of the longest of their rows.
    pub row: Vec<Extent>,
    /// Arrays summed up over the blocks.
    pub sums: Vec<BlockSum>,
    /// Scalars summed up over the blocks, from 0.
    pub totals: Vec<BufferId>,
    /// What is done with each block.
    pub steps: Vec<Step>,
}

impl Blocks {
    /// Whether one block comes after the other, since they add to entries that data name.
    #[must_use]
    pub fn is_one_part(&self) -> bool {
        self.sums.iter().any(|s| s.parts.is_none())
    }
}

/// An array that blocks of rows are summed up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSum {
    /// The array.
    pub buffer: BufferId,
    /// What the parts of the rows, but the first, add to it; none of a sum that is added to at entries that data
    /// name, since then there is one part.
    pub parts: Option<BufferId>,
    /// Whether it begins at 0, rather than at what is there.
    pub zeroed: bool,
}

/// Steps of a branch: they run where it is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The cases in which they run.
    pub cases: Cases,
    /// What is done then.
    pub steps: Vec<Step>,
    /// What of them others read, in such cases alone: scalars, and matrices' factors, by the array of their
    /// entries.
    pub results: Vec<BufferId>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A scalar expression.
    Scalar(NodeId),
    /// Fused element-wise work.
    Loop(Loop),
    /// A product of two.
    MatMul(MatMul),
    /// A product with an inverse: a system, solved by the factors of its matrix.
    Solve(Solve),
    /// The factors of a matrix.
    Factor(NodeId),
    /// A function along an axis.
    Axis(NodeId),
    /// What is asked of the factors of a matrix: the entries of its inverse, its determinant.
    Linear(NodeId),
    /// Steps for a block of rows after the other.
    Blocks(Blocks),
    /// Steps that only some outcomes of comparisons want.
    When(When),
    /// `array -= rate · slope`
    Descend {
        /// The array that is moved.
        array: BufferId,
        /// How far: a scalar.
        rate: NodeId,
        /// Along what.
        slope: BufferId,
    },
}

impl Step {
    /// The steps that it is made of, or itself.
    #[must_use]
    pub fn flat(&self) -> Vec<&Self> {
        match self {
            Self::Blocks(b) => b.steps.iter().flat_map(Self::flat).collect(),
            Self::When(w) => w.steps.iter().flat_map(Self::flat).collect(),
            other => vec![other],
        }
    }

    /// The same, to be changed.
    pub(super) fn each_flat(&mut self, f: &mut impl FnMut(&mut Self)) {
        match self {
            Self::Blocks(Blocks { steps, .. }) | Self::When(When { steps, .. }) => {
                steps.iter_mut().for_each(|step| step.each_flat(f));
            }
            other => f(other),
        }
    }
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The graph with contractions in order: what the steps' nodes are of.
    pub graph: Graph,
    /// All buffers.
    pub buffers: Vec<Buffer>,
    /// The buffer of each node that has one.
    pub buffer_of: BTreeMap<NodeId, BufferId>,
    /// The matrices that are factored.
    pub factors: BTreeMap<NodeId, Factors>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The outputs, with the nodes they now are, in the order asked for.
    pub outputs: Vec<Output>,
    /// The buffer of each output.
    pub output_buffers: Vec<BufferId>,
}

impl Plan {
    /// The steps that run in blocks of rows.
    #[must_use]
    pub fn blocks(&self) -> Option<&Blocks> {
        self.passes().into_iter().next()
    }

    /// All of them, where there are several passes over the rows.
    #[must_use]
    pub fn passes(&self) -> Vec<&Blocks> {
        fn among<'p>(steps: &'p [Step], found: &mut Vec<&'p Blocks>) {
            for step in steps {
                match step {
                    Step::Blocks(b) => found.push(b),
                    Step::When(w) => among(&w.steps, found),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        among(&self.steps, &mut found);
        found
    }

    /// The factors of a matrix whose entries are in this array.
    #[must_use]
    pub fn factored_in(&self, entries: BufferId) -> Option<&Factors> {
        self.factors.values().find(|f| f.entries == entries)
    }

    /// Whether both products are of one matrix, stored by its rows, with a vector each, and neither needs the
    /// other: then one pass over the matrix computes them.
    #[must_use]
    pub fn is_pair(&self, first: &MatMul, second: &MatMul) -> bool {
        let vector = |m: &MatMul| {
            let f = &m.form;
            let plain =
                m.decay.is_none() && f.gram.is_none() && f.around.is_empty() && f.around_summed.is_empty();
            plain && f.cols.is_empty() && f.left.axes == [0, 1]
        };
        let reads = |m: &MatMul, out| self.buffer_of.get(&m.form.right.node) == Some(&out);
        vector(first)
            && vector(second)
            && first.form.left == second.form.left
            && first.out != second.out
            && !reads(first, second.out)
            && !reads(second, first.out)
    }

    /// A buffer by the first of these names that no other has.
    pub(super) fn add_buffer(
        &mut self,
        mut names: impl Iterator<Item = String>,
        storage: Storage,
        shape: &[Extent],
    ) -> BufferId {
        let name = names.find(|name| self.buffers.iter().all(|b| b.name != *name)).unwrap_or_default();
        self.buffers.push(Buffer { name, storage, shape: shape.to_vec() });
        BufferId(self.buffers.len() - 1)
    }

    /// The steps, those in blocks and in branches among them.
    pub fn flat_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(Step::flat)
    }
}
