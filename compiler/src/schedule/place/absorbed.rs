//! Nodes that take others in: sums finished by matrix products, reductions scaled where they are summed.

use super::uses::Use;
use crate::ir::verify::debug_verify;
use crate::ir::{Graph, Index, NodeId, Number, Op, Operand, Tensor};
use crate::schedule::form::{Class, class, is_elementwise};
use crate::schedule::plan::Output;
use crate::schedule::rewrite::{Matrix, Rewritten};
use std::collections::{BTreeMap, BTreeSet};

/// A matrix product, a solution or a reduction, times a constant and scalars.
#[derive(Clone, Debug)]
pub(crate) struct Scaled {
    pub(crate) node: NodeId,
    /// The constant; that of a matrix product is part of it.
    pub(crate) coeff: Number,
    /// Scalar factors, with their powers.
    pub(crate) scalars: Vec<(NodeId, Number)>,
}

/// A sum that is begun by a loop and finished by matrix products into the same array.
#[derive(Clone, Debug)]
pub(crate) struct Accumulated {
    /// What the loop writes first, if anything.
    pub(crate) init: Option<NodeId>,
    /// What is added.
    pub(crate) products: Vec<Scaled>,
}

/// Formulas of which is known which nodes take others in.
#[derive(Debug)]
pub(crate) struct Absorbed {
    pub(crate) graph: Graph,
    pub(crate) outputs: Vec<Output>,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) accumulated: BTreeMap<NodeId, Accumulated>,
    /// Scaled reductions, by the node that they are the value of.
    pub(crate) scaled: BTreeMap<NodeId, Scaled>,
    /// Products and reductions that another node takes in.
    pub(crate) absorbed: BTreeSet<NodeId>,
}

impl Absorbed {
    pub(crate) fn of(rewritten: Rewritten) -> Self {
        let Rewritten { mut graph, outputs, matrices } = rewritten;
        let mut roots: Vec<NodeId> = outputs.iter().map(|o| o.node).collect();
        let accumulated = accumulated(&mut graph, &roots);
        roots.extend(accumulated.values().filter_map(|sum| sum.init));
        debug_verify(&graph, &roots);
        let scaled = scaled(&graph, &roots, &accumulated);
        let products = accumulated.values().flat_map(|sum| &sum.products);
        let absorbed = products.chain(scaled.values()).map(|s| s.node).collect();
        Self { graph, outputs, matrices, accumulated, scaled, absorbed }
    }

    /// What has to be computed: the outputs, and what sums begin with.
    pub(super) fn roots(&self) -> Vec<NodeId> {
        let begun = self.accumulated.values().filter_map(|sum| sum.init);
        self.outputs.iter().map(|o| o.node).chain(begun).collect()
    }
}

/// How often each node is used.
struct Counts(Vec<u32>);

impl Counts {
    fn once(&self, id: NodeId) -> bool {
        self.0.get(id.0 as usize).is_some_and(|n| *n == 1)
    }
}

/// Sums (and scaled products) with matrix products among their terms that nothing else uses.
fn accumulated(g: &mut Graph, roots: &[NodeId]) -> BTreeMap<NodeId, Accumulated> {
    let (counts, order) = (Counts(g.uses(roots)), g.reachable(roots));
    let in_loops = read_in_loops(g, &order);
    let mut found = BTreeMap::new();
    for id in order {
        // A sum that feeds a loop anyway is finished there, unless the text has a name for it.
        let own = roots.contains(&id) || g.name(id).is_some() || !in_loops.contains(&id);
        if own
            && is_elementwise(g, id)
            && let Some(sum) = begun_and_finished(g, id, &counts, &found)
        {
            found.insert(id, sum);
        }
    }
    found
}

/// A sum as what a loop begins and products finish, if there are such products.
fn begun_and_finished(
    g: &mut Graph,
    id: NodeId,
    counts: &Counts,
    found: &BTreeMap<NodeId, Accumulated>,
) -> Option<Accumulated> {
    let axes = g.whole(id).indices;
    let terms: Vec<(Number, Tensor)> = match g.op(id).clone() {
        Op::Sum(terms) => terms.iter().map(|t| (t.coeff, g.tensor(&t.operand, &axes))).collect(),
        Op::Product { .. } => vec![(Number::ONE, Tensor::new(id, axes.clone()))],
        _ => return None,
    };
    let mut products: Vec<Scaled> = Vec::new();
    let mut rest = Vec::new();
    let mut begins = None;
    for (coeff, t) in terms {
        let scaled = scaled_product(g, id, &t, &axes, counts);
        match scaled.map(|s| Scaled { coeff: coeff.mul(s.coeff), ..s }) {
            Some(scaled) if matches!(class(g, scaled.node), Class::MatMul(_)) => products.push(scaled),
            // A solution stands where its right side did, so it is what a sum begins with, or not in it.
            Some(solution) if begins.is_none() && rest.is_empty() => begins = Some(((coeff, t), solution)),
            _ => rest.push((coeff, t)),
        }
    }
    if let Some((term, solution)) = begins {
        if rest.is_empty() && !products.iter().any(|p| is_gram(g, p.node)) {
            products.insert(0, solution);
        } else {
            rest.push(term);
        }
    }
    if products.is_empty() {
        return None;
    }
    // Another sum that it begins with stays an array: what that one takes in is nowhere else.
    for (_, t) in rest.iter().filter(|(_, t)| found.contains_key(&t.node)) {
        set_apart(g, t.node);
    }
    let init = (!rest.is_empty()).then(|| g.sum_as(&rest, &axes));
    // A matrix times itself is added to what is symmetric only, so it comes first.
    products.sort_by_key(|p| !is_gram(g, p.node));
    let onto_asymmetric = init.is_some_and(|n| !is_symmetric(g, n));
    (!(is_gram(g, products[0].node) && onto_asymmetric)).then_some(Accumulated { init, products })
}

/// Gives a node a name, so that it is not taken apart by what uses it.
fn set_apart(g: &mut Graph, id: NodeId) {
    let taken: BTreeSet<&str> = g.names().collect();
    let free = (1..).map(|k| format!("p{k}")).find(|name| !taken.contains(name.as_str()));
    if let (None, Some(name)) = (g.name(id), free) {
        g.set_name(id, &name);
    }
}

/// Products of scalars and one reduction that nothing else uses: the loop that sums also scales.
fn scaled(
    g: &Graph,
    roots: &[NodeId],
    accumulated: &BTreeMap<NodeId, Accumulated>,
) -> BTreeMap<NodeId, Scaled> {
    let counts = Counts(g.uses(roots));
    let mut found = BTreeMap::new();
    for id in g.reachable(roots) {
        if !is_elementwise(g, id) || accumulated.contains_key(&id) {
            continue;
        }
        let Op::Product { coeff, factors, .. } = g.op(id) else { continue };
        if g.has_relations(id) {
            continue;
        }
        let (scalars, arrays): (Vec<_>, Vec<_>) = factors.iter().partition(|f| f.operand.axes.is_empty());
        let [array] = arrays.as_slice() else { continue };
        let node = array.operand.node;
        let sums =
            || matches!(g.op(node), Op::Product { .. }) && matches!(class(g, node), Class::Reduction { .. });
        if counts.once(node)
            && array.power.is_one()
            && is_whole(&array.operand, g.rank(id))
            && !roots.contains(&node)
            && sums()
        {
            let scalars = scalars.iter().map(|f| (f.operand.node, f.power)).collect();
            found.insert(id, Scaled { node, coeff: *coeff, scalars });
        }
    }
    found
}

/// Nodes that an element-wise node or a reduction reads along its own loop.
fn read_in_loops(g: &Graph, order: &[NodeId]) -> BTreeSet<NodeId> {
    let mut read = BTreeSet::new();
    for &id in order {
        let class = class(g, id);
        if matches!(class, Class::Elementwise | Class::Reduction { .. }) {
            read.extend(Use::all(g, id, &class).into_iter().filter(|u| u.aligned).map(|u| u.node));
        }
    }
    read
}

/// The term `t` of the node `of`, if it is a matrix product or a solution times scalars, used once.
fn scaled_product(g: &Graph, of: NodeId, t: &Tensor, axes: &[Index], counts: &Counts) -> Option<Scaled> {
    if t.indices != axes {
        return None;
    }
    let is_product = |n: NodeId| matches!(class(g, n), Class::MatMul(_) | Class::Solve(..));
    if is_product(t.node) {
        let alone = || Scaled { node: t.node, coeff: g.coefficient(t.node), scalars: Vec::new() };
        return counts.once(t.node).then(alone);
    }
    // A term that others read, too, is computed for itself.
    if t.node != of && !counts.once(t.node) {
        return None;
    }
    let Op::Product { coeff, factors, bound } = g.op(t.node) else { return None };
    if g.has_relations(t.node) {
        return None;
    }
    let mut product = None;
    let mut scalars = Vec::new();
    for f in factors {
        let n = f.operand.node;
        if f.operand.axes.is_empty() {
            scalars.push((n, f.power));
        } else if product.is_none()
            && f.power.is_one()
            && is_whole(&f.operand, axes.len())
            && counts.once(n)
            && is_product(n)
        {
            product = Some(n);
        } else {
            return None;
        }
    }
    bound.is_empty().then_some(())?;
    product.map(|node| Scaled { node, coeff: coeff.mul(g.coefficient(node)), scalars })
}

/// Whether an operand has all axes of its user, in order.
fn is_whole(o: &Operand, rank: usize) -> bool {
    o.axes.len() == rank && o.axes.iter().enumerate().all(|(k, &a)| k == a as usize)
}

/// Whether a product is that of a matrix with itself.
fn is_gram(g: &Graph, id: NodeId) -> bool {
    matches!(class(g, id), Class::MatMul(form) if form.gram.is_some())
}

/// Whether a matrix is seen to be symmetric: made of deltas and numbers.
fn is_symmetric(g: &Graph, id: NodeId) -> bool {
    let fits =
        |o: &Operand| o.axes.is_empty() || matches!(g.op(o.node), Op::Delta) || is_symmetric(g, o.node);
    match g.op(id) {
        Op::Delta => true,
        Op::Sum(terms) => terms.iter().all(|t| fits(&t.operand)),
        Op::Product { factors, bound, .. } => bound.is_empty() && factors.iter().all(|f| fits(&f.operand)),
        _ => false,
    }
}
