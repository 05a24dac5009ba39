//! The order of contractions: products of many tensors become products of two, the cheapest pair first.
//!
//! A contraction inside another may be opened into it ([`opening`] says which), so `(X'*D)*X*v` is one
//! product of four tensors, and the order that was written does not matter. Each step's cost is the product
//! of the extents it runs over.

use super::inverses::Inverses;
use super::opening;
use super::pairs::{self, Along, Next};
use crate::ir::{Graph, Index, NodeId, NodeMap, Number, Op, Tensor};
use crate::schedule::form::{Class, class, is_elementwise};

/// Rewrites every contraction that `roots` need into loops and products of two tensors; the new roots.
/// `symmetric` says which matrices are known to be so.
pub(super) fn binarise(g: &mut Graph, roots: &[NodeId], symmetric: &[NodeId]) -> Vec<NodeId> {
    let mut inverses = Inverses::of(g, roots, symmetric);
    let opened = opening::opened(g, roots, &inverses);
    let mut map: NodeMap<NodeId> = NodeMap::new();
    let mut temporaries = Temporaries { next: 1, next_scalar: 1 };
    for id in g.reachable(roots) {
        let new = match flattened(g, id, &map, &|inner| opened.contains(&inner)) {
            Some((coeff, factors, out, bound)) => {
                ordered(g, coeff, factors, &out, bound, &inverses, &mut temporaries)
            }
            None => {
                let new = g.rebuilt(id, &|c| map.replaced(c));
                scalars_gathered(g, new, &mut temporaries)
            }
        };
        inverses.replace(id, new);
        g.inherit_name(id, new);
        map.insert(id, new);
    }
    roots.iter().map(|r| map.replaced(*r)).collect()
}

/// Names for intermediate products: a named node is not merged back into what uses it.
struct Temporaries {
    next: usize,
    next_scalar: usize,
}

impl Temporaries {
    fn name_scalar(&mut self, g: &mut Graph, id: NodeId) {
        if g.name(id).is_none() {
            g.set_name(id, &format!("{SCALAR}{}", self.next_scalar));
            self.next_scalar += 1;
        }
    }

    fn name(&mut self, g: &mut Graph, id: NodeId) {
        if g.name(id).is_none() {
            g.set_name(id, &format!("p{}", self.next));
            self.next += 1;
        }
    }
}

/// An element-wise product with its constant and its scalars as one scalar, so that a loop multiplies once.
fn scalars_gathered(g: &mut Graph, id: NodeId, temporaries: &mut Temporaries) -> NodeId {
    let Op::Product { coeff, factors, bound } = g.op(id).clone() else { return id };
    let rank = g.rank(id);
    if rank == 0 || !bound.is_empty() {
        return id;
    }
    let locals = g.locals(id);
    let (scalars, arrays): (Vec<_>, Vec<_>) = factors
        .iter()
        .map(|f| (g.tensor(&f.operand, &locals), f.power))
        .partition(|(t, _)| t.indices.is_empty());
    let work = scalars.len() + usize::from(!coeff.is_one());
    if arrays.is_empty() || scalars.is_empty() || (work < 2 && scalars.iter().all(|(_, p)| p.is_one())) {
        return id;
    }
    let factor = g.contract(coeff, &scalars, &[]);
    temporaries.name_scalar(g, factor);
    let mut factors = arrays;
    factors.push((Tensor::new(factor, Vec::new()), Number::ONE));
    g.contract(Number::ONE, &factors, &locals[..rank])
}

/// What names of scalars made here begin with.
const SCALAR: &str = "factor";

type Flat = (Number, Vec<(Tensor, Number)>, Vec<Index>, Vec<Index>);

/// A contraction with the contractions inside it that `opens` names.
fn flattened(
    g: &mut Graph,
    id: NodeId,
    map: &NodeMap<NodeId>,
    opens: &dyn Fn(NodeId) -> bool,
) -> Option<Flat> {
    let Op::Product { bound, .. } = g.op(id) else { return None };
    // What relations say of indices is a loop of its own.
    if bound.is_empty() || g.has_relations(id) {
        return None;
    }
    let locals = g.locals(id);
    let rank = g.rank(id);
    let (out, mut bound) = (locals[..rank].to_vec(), locals[rank..].to_vec());
    let mut coeff = Number::ONE;
    let mut factors = Vec::new();
    open(g, id, &locals, opens, &mut coeff, &mut factors, &mut bound);
    let factors = factors
        .into_iter()
        .map(|(t, p): (Tensor, Number)| (Tensor::new(map.replaced(t.node), t.indices), p))
        .collect();
    Some((coeff, factors, out, bound))
}

/// The factors of a contraction over `locals` with those that `opens` names taken apart.
pub(super) fn opened_factors(
    g: &mut Graph,
    id: NodeId,
    locals: &[Index],
    opens: &dyn Fn(NodeId) -> bool,
) -> Vec<(Tensor, Number)> {
    let (mut coeff, mut factors, mut bound) = (Number::ONE, Vec::new(), Vec::new());
    open(g, id, locals, opens, &mut coeff, &mut factors, &mut bound);
    factors
}

fn open(
    g: &mut Graph,
    id: NodeId,
    locals: &[Index],
    opens: &dyn Fn(NodeId) -> bool,
    coeff: &mut Number,
    out: &mut Vec<(Tensor, Number)>,
    bound: &mut Vec<Index>,
) {
    let Op::Product { coeff: c, factors, .. } = g.op(id).clone() else { return };
    *coeff = coeff.mul(c);
    for f in &factors {
        let t = g.tensor(&f.operand, locals);
        let inner = f.operand.node;
        if opens(inner) {
            let rank = g.rank(inner);
            let fresh = g.locals(inner);
            let mut inside = t.indices.clone();
            inside.extend(&fresh[rank..]);
            bound.extend(&fresh[rank..]);
            open(g, inner, &inside, opens, coeff, out, bound);
        } else {
            out.push((t, f.power));
        }
    }
}

/// Contracts pairs, the cheapest first, until the rest is one loop or one product of two.
fn ordered(
    g: &mut Graph,
    coeff: Number,
    mut factors: Vec<(Tensor, Number)>,
    out: &[Index],
    mut bound: Vec<Index>,
    inverses: &Inverses,
    temporaries: &mut Temporaries,
) -> NodeId {
    loop {
        inverses.turn(&mut factors, out);
        let whole = g.contract_over(coeff, &factors, out, &bound);
        let Op::Product { factors: f, bound: b, .. } = g.op(whole) else { return whole };
        let class = class(g, whole);
        if b.is_empty() || matches!(class, Class::MatMul(_) | Class::Solve(..)) {
            return whole;
        }
        // Vectors along the summed index alone, beside a matrix or one with itself, are one vector.
        if let Some((matrices, rest)) = matrix_and_vectors(g, &factors, out, &bound) {
            let vector = g.contract(Number::ONE, &rest, &bound);
            temporaries.name(g, vector);
            factors = matrices;
            factors.push((Tensor::new(vector, bound.clone()), Number::ONE));
            continue;
        }
        if f.len() < 2 || factors.len() < 2 {
            return whole;
        }
        let along: Vec<Along> = factors.iter().map(|(t, _)| inverses.along(t)).collect();
        // One pass over an array that is there; but the entries of an inverse are not.
        if matches!(class, Class::Reduction { covered: true, .. }) && !pairs::has_system(&along, out) {
            return whole;
        }
        // A power is an element-wise pass of its own before a product of matrices.
        if let Some(k) = factors.iter().position(|(_, p)| !p.is_one()) {
            let (t, p) = factors[k].clone();
            let raised = g.power(&t, p);
            if raised.node != t.node {
                temporaries.name(g, raised.node);
                factors[k] = (raised, Number::ONE);
                continue;
            }
        }
        let Some(Next { first, second, result, .. }) = pairs::next(g, &along, out) else { return whole };
        let mut met = vec![factors[first].clone()];
        met.extend(second.map(|k| factors.remove(k)));
        // What the pair has summed over is done with.
        let summed = |i: &Index| met.iter().any(|(t, _)| t.indices.contains(i));
        bound.retain(|i| !summed(i) || result.contains(i));
        inverses.turn(&mut met, &result);
        let node = g.contract(Number::ONE, &met, &result);
        if !matches!(g.op(node), Op::Input(_)) {
            temporaries.name(g, node);
        }
        factors[first] = (Tensor::new(node, result), Number::ONE);
        // What the pair has been summed over is done with.
        bound.retain(|i| factors.iter().any(|(t, _)| t.indices.contains(i)));
    }
}

type Raised = (Tensor, Number);

/// A matrix that is there, or one twice, and beside it two or more vectors along the one index summed over.
fn matrix_and_vectors(
    g: &Graph,
    factors: &[Raised],
    out: &[Index],
    bound: &[Index],
) -> Option<(Vec<Raised>, Vec<Raised>)> {
    let [summed] = bound else { return None };
    let (rest, matrices): (Vec<Raised>, Vec<Raised>) =
        factors.iter().cloned().partition(|(t, _)| t.indices == [*summed]);
    let vectors = rest.len() > 1 || rest.iter().any(|(_, power)| !power.is_one());
    let along = |(t, power): &Raised, free: &Index| {
        power.is_one() && t.indices.len() == 2 && t.indices.contains(summed) && t.indices.contains(free)
    };
    let fits = match (matrices.as_slice(), out) {
        ([x], [free]) => along(x, free) && !is_elementwise(g, x.0.node),
        ([x, z], [i, j]) => {
            x.0.node == z.0.node && ((along(x, i) && along(z, j)) || (along(x, j) && along(z, i)))
        }
        _ => false,
    };
    (vectors && fits).then_some((matrices, rest))
}
