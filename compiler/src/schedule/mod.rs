//! Graph to plan: which products are matrix products, which element-wise work shares a loop, what is kept in memory.
//!
//! A plan is a list of [`Step`]s over [`Buffer`]s. Nodes get levels: what reads a whole array comes a level after what
//! writes it, and element-wise nodes of one shape and level share a loop. Invariants: a step reads only what an earlier
//! one, or its own loop further up, has written; nothing is computed twice unless the policy asks for it.

mod absorb;
mod align;
mod blocks;
mod classify;
mod count;
mod descent;
mod distribute;
mod entries;
mod inverses;
mod levels;
mod narrow;
mod opening;
mod order;
mod pairs;
mod planner;
mod product;
mod share;
mod steps;

pub use classify::{Class, class};
pub use count::Operations;
pub(crate) use count::by_coefficient;
pub use descent::Descent;
pub use product::{Product, System};

use crate::ir::{AxisFn, Extent, Graph, NodeId, NodeMap, Number, Op, Tensor};
use std::collections::BTreeMap;

/// Whether intermediate arrays are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Store what several loops need: for networks, whose workspace is there anyway.
    Store,
    /// The same, with rows in blocks: for objectives, whose data may be larger than the cache.
    Blocks,
    /// Compute it again in each loop, so that no array is needed: for a cost, one example at a time.
    Recompute,
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
    /// Added to what is there, rather than put in its place.
    pub accumulate: bool,
    /// Where it is added: a factor of what is there, 1 if there is none.
    pub decay: Option<NodeId>,
    /// The constant factor.
    pub coeff: Number,
    /// Scalar factors, with their powers.
    pub scalars: Vec<(NodeId, Number)>,
}

/// The factors of a square matrix: of all that is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    /// What the formula calls the matrix.
    pub text: String,
    /// Where they are.
    pub room: BufferId,
    /// Which rows were exchanged for them.
    pub exchanges: BufferId,
    /// Whether the matrix is symmetric, whatever the inputs are.
    pub symmetric: bool,
}

/// Steps that run on a block of rows after the other, so that a block is read while it is in the cache; and on parts of the
/// rows at the same time.
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

/// An array that blocks of rows are summed up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSum {
    /// The array.
    pub buffer: BufferId,
    /// What the parts of the rows, but the first, add to it.
    pub parts: BufferId,
    /// Whether it begins at 0, rather than at what is there.
    pub zeroed: bool,
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
    Solve(MatMul),
    /// The factors of a matrix.
    Factor(NodeId),
    /// A function along an axis.
    Axis(NodeId),
    /// What is asked of the factors of a matrix: the entries of its inverse, its determinant.
    Linear(NodeId),
    /// Steps for a block of rows after the other.
    Blocks(Blocks),
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
        self.steps.iter().find_map(|step| if let Step::Blocks(b) = step { Some(b) } else { None })
    }

    /// A buffer by the first of these names that no other has.
    fn add_buffer(
        &mut self,
        mut names: impl Iterator<Item = String>,
        storage: Storage,
        shape: &[Extent],
    ) -> BufferId {
        let name = names.find(|name| self.buffers.iter().all(|b| b.name != *name)).unwrap_or_default();
        self.buffers.push(Buffer { name, storage, shape: shape.to_vec() });
        BufferId(self.buffers.len() - 1)
    }

    /// The steps, those in blocks among them.
    pub fn flat_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| match step {
            Step::Blocks(b) => b.steps.as_slice(),
            other => std::slice::from_ref(other),
        })
    }
}

/// Plans the computation of `outputs`.
#[must_use]
pub fn schedule(graph: &Graph, outputs: &[Output], policy: Policy) -> Plan {
    let mut g = graph.clone();
    let mut roots: Vec<NodeId> = outputs.iter().map(|o| o.node).collect();
    if policy == Policy::Recompute {
        roots = spell_out_axis_functions(&mut g, &roots);
    }
    // What is known of matrices is known of the formulas, before they are taken apart.
    let mut matrices = inverses::matrices(&mut g, &roots);
    roots.extend(matrices.iter().map(|m| m.node));
    let roots = share::shared(&mut g, &roots);
    let roots = distribute::distributed(&mut g, &roots);
    let symmetric: Vec<NodeId> =
        roots[outputs.len()..].iter().zip(&matrices).filter(|(_, m)| m.symmetric).map(|(n, _)| *n).collect();
    let roots = order::binarise(&mut g, &roots, &symmetric);
    let mut roots = align::aligned(&mut g, &roots);
    for (matrix, node) in matrices.iter_mut().zip(roots.split_off(outputs.len())) {
        matrix.node = node;
    }
    let outputs: Vec<Output> =
        outputs.iter().zip(&roots).map(|(o, n)| Output { name: o.name.clone(), node: *n }).collect();
    let plan = planner::Planner::new(g, outputs, policy, matrices).plan();
    if policy == Policy::Blocks { blocks::blocked(plan) } else { plan }
}

/// The graph with each node replaced by what `rule` makes of it: given are the node, and what it is with new operands.
fn rewritten(
    g: &mut Graph,
    roots: &[NodeId],
    mut rule: impl FnMut(&mut Graph, NodeId, NodeId, &NodeMap<NodeId>) -> Option<NodeId>,
) -> Vec<NodeId> {
    let mut map: NodeMap<NodeId> = NodeMap::new();
    for id in g.reachable(roots) {
        let same = g.rebuilt(id, &|c| map.replaced(c));
        let new = rule(g, id, same, &map).unwrap_or(same);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// Softmax and its kin by maximum, exponential and sum: scalars for one example, so that no array is needed.
fn spell_out_axis_functions(g: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
    rewritten(g, roots, |g, _, id, _| spelled_axis(g, id))
}

fn spelled_axis(g: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Axis { function, arg, along, .. } = g.op(id).clone() else { return None };
    if function == AxisFn::Max {
        return None;
    }
    let rank = g.rank(id);
    let locals = g.locals(id);
    let x = g.tensor(&arg, &locals);
    let along: Vec<_> = along.iter().map(|&a| locals[a as usize]).collect();
    let out = &locals[..rank];
    let one = Number::ONE;
    if function == AxisFn::Norm {
        // M √Σ (x/M)² with M the greatest size, 0 where that is 0.
        let size = g.call("abs", std::slice::from_ref(&x));
        let max = g.axis(AxisFn::Max, &size, &along);
        let inverse = g.call("recip0", std::slice::from_ref(&max));
        let scaled = g.multiply(&[x, inverse]);
        g.set_name(scaled.node, "scaled");
        let squares = g.contract(one, &[(scaled, Number::TWO)], &max.indices);
        let root = (Tensor::new(squares, max.indices.clone()), Number::HALF);
        return Some(g.contract(one, &[(max, one), root], out));
    }
    let max = g.axis(AxisFn::Max, &x, &along);
    let shifted = g.sum(&[(one, x), (Number::MINUS_ONE, max.clone())]);
    let e = g.call("exp", std::slice::from_ref(&shifted));
    let total = Tensor::new(g.contract(one, &[(e.clone(), one)], &max.indices), max.indices.clone());
    Some(match function {
        AxisFn::Softmax => g.contract(one, &[(e, one), (total, Number::MINUS_ONE)], out),
        AxisFn::LogSoftmax => {
            let log = g.call("log", &[total]);
            // Not one sum: the maximum goes first, so that nothing is lost beside a large one.
            g.set_name(shifted.node, "shifted");
            g.sum_as(&[(one, shifted), (Number::MINUS_ONE, log)], out)
        }
        AxisFn::LogSumExp | AxisFn::Max | AxisFn::Norm => {
            let log = g.call("log", &[total]);
            g.sum_as(&[(one, max), (one, log)], out)
        }
    })
}
