//! Which entries of a matrix may be other than 0, by the relations between its indices: a diagonal, three of
//! them, blocks, the pairs that data name.
//!
//! A matrix is a sum of pieces. A piece has its values along as many indices as it takes to say where each of
//! them goes, so that all of them together are found in the time that they take.

use super::form::{Place, Places};
use crate::ir::{Extent, Graph, Index, NodeId, Number, Op, Operand, Tensor};
use crate::schedule::Condition;

/// A matrix is not taken apart into more pieces than these.
const MOST: usize = 64;

/// Values, and where in the matrix each of them is added.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The values, one for each tuple of indices.
    pub values: NodeId,
    /// For each axis of the matrix, where; axes are those of the values.
    pub at: Vec<Place>,
    /// When a tuple has an entry.
    pub conditions: Vec<Condition>,
}

impl Piece {
    /// Whether all its entries are above the diagonal of a matrix whose rows and columns are along the same axes.
    #[must_use]
    pub fn is_above_diagonal(&self) -> bool {
        let (rows, columns) = self.at.split_at(self.at.len() / 2);
        let pairs = rows
            .iter()
            .zip(columns)
            .map(|(row, column)| row.plus(column, -1).as_affine().and_then(crate::ir::Affine::as_constant));
        // The first axis along which they differ decides.
        pairs.take_while(Option::is_some).flatten().find(|d| *d != 0).is_some_and(|d| d < 0)
    }
}

/// The pieces of an array all of whose entries outside of them are 0, whatever the inputs are; `None` where nothing
/// says that any is.
pub fn pieces(g: &mut Graph, node: NodeId) -> Option<Vec<Piece>> {
    if g.is_zero(node) {
        return Some(Vec::new());
    }
    let mut terms = Vec::new();
    let out = g.locals(node);
    let out = out[..g.rank(node)].to_vec();
    let whole = Tensor::new(node, out.clone());
    take_apart(
        g,
        &Term { coeff: Number::ONE, factors: vec![(whole, Number::ONE)], bound: Vec::new() },
        &mut terms,
    )?;
    let mut pieces: Vec<Piece> = Vec::new();
    for term in &terms {
        let Some(new) = piece(g, term, &out)? else { continue };
        match pieces.iter_mut().find(|p| p.at == new.at && g.shape(p.values) == g.shape(new.values)) {
            Some(known) => {
                let a = g.whole(known.values);
                let b = Tensor::new(new.values, a.indices.clone());
                known.values = g.sum_as(&[(Number::ONE, a.clone()), (Number::ONE, b)], &a.indices);
                known.conditions.retain(|c| new.conditions.contains(c));
            }
            None => pieces.push(new),
        }
    }
    Some(pieces)
}

/// A product, with what it is summed over.
#[derive(Clone)]
struct Term {
    coeff: Number,
    factors: Vec<(Tensor, Number)>,
    bound: Vec<Index>,
}

/// The terms of a sum of products with relations.
fn take_apart(g: &mut Graph, term: &Term, terms: &mut Vec<Term>) -> Option<()> {
    let related = |g: &Graph, t: &Tensor| {
        g.reachable(&[t.node]).into_iter().any(|id| g.is_indicator(id)) && !g.is_indicator(t.node)
    };
    // Relations may be behind sums, and in products of their own.
    let opens = |g: &Graph, (t, power): &(Tensor, Number)| {
        power.is_one() && related(g, t) && matches!(g.op(t.node), Op::Sum(_) | Op::Product { .. })
    };
    let Some(k) = term.factors.iter().position(|f| opens(g, f)) else {
        terms.push(term.clone());
        return (terms.len() <= MOST).then_some(());
    };
    let (t, _) = term.factors[k].clone();
    match g.op(t.node).clone() {
        Op::Sum(parts) => {
            for part in parts {
                let mut one = term.clone();
                one.coeff = one.coeff.mul(part.coeff);
                one.factors[k].0 = g.tensor(&part.operand, &t.indices);
                take_apart(g, &one, terms)?;
            }
            Some(())
        }
        Op::Product { coeff, factors, bound } => {
            let inner: Vec<Index> = bound.iter().map(|&e| g.extents.index(e)).collect();
            let locals: Vec<Index> = t.indices.iter().chain(&inner).copied().collect();
            let at = |o: &Operand| g.tensor(o, &locals);
            let mut one = term.clone();
            one.coeff = one.coeff.mul(coeff);
            one.factors.splice(k..=k, factors.iter().map(|f| (at(&f.operand), f.power)));
            one.bound.extend(inner);
            take_apart(g, &one, terms)
        }
        _ => None,
    }
}

/// The values of a term, along the indices that say where they go; none, if it is 0. `None` where these are all of
/// the matrix's.
fn piece(g: &mut Graph, term: &Term, out: &[Index]) -> Option<Option<Piece>> {
    let locals: Vec<Index> = out.iter().chain(&term.bound).copied().collect();
    let extents: Vec<Extent> = locals.iter().map(|&i| g.extents.of(i)).collect();
    let local = |i: &Index| locals.iter().position(|l| l == i).unwrap_or(0) as u8;
    let operands: Vec<Operand> = term
        .factors
        .iter()
        .map(|(t, _)| Operand { node: t.node, axes: t.indices.iter().map(local).collect() })
        .collect();
    let places = Places::among(g, &operands.iter().collect::<Vec<_>>(), &extents, out.len());
    let at = &places.of[..out.len()];
    let kept: Vec<usize> =
        (0..places.space.len()).filter(|&axis| at.iter().any(|p| p.runs_along(axis))).collect();
    if kept.len() >= out.len() {
        return None;
    }
    let (free, rest): (Vec<usize>, Vec<usize>) =
        (0..locals.len()).partition(|&local| kept.iter().any(|&axis| places.space[axis] as usize == local));
    let of = |chosen: &[usize]| chosen.iter().map(|&local| locals[local]).collect::<Vec<Index>>();
    let values = g.contract_over(term.coeff, &term.factors, &of(&free), &of(&rest));
    if g.is_zero(values) {
        return Some(None);
    }
    // An axis of the loop as one of the values.
    let axis =
        |axis: &usize| free.iter().position(|&local| local == places.space[*axis] as usize).unwrap_or(0);
    let at = at.iter().map(|p| p.renamed(&axis)).collect();
    let own = |c: &&Condition| {
        (0..places.space.len()).all(|axis| kept.contains(&axis) || !c.value.runs_along(axis))
    };
    let conditions = places.conditions.iter().filter(own);
    let conditions = conditions.map(|c| Condition { kind: c.kind, value: c.value.renamed(&axis) }).collect();
    Some(Some(Piece { values, at, conditions }))
}

#[cfg(test)]
mod tests {
    use crate::front::ObjectiveText;
    use crate::schedule::pieces;

    /// How many indices the values of each piece of the Hessian have.
    fn ranks(expr: &str, declared: &str) -> Option<Vec<usize>> {
        let text = ObjectiveText {
            expr: expr.to_owned(),
            declarations: declared.to_owned(),
            ..ObjectiveText::default()
        };
        let mut program = text.program().expect("an objective");
        let found = pieces(&mut program.graph, program.hessian[0][0])?;
        let named = found.iter().flat_map(|p| &p.at).any(|p| p.as_affine().is_none());
        assert!(!named, "{expr}");
        Some(found.iter().map(|p| program.graph.rank(p.values)).collect())
    }

    #[test]
    fn neighbours_make_bands() {
        let found = ranks("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", "x: vector").unwrap();
        assert!(found.iter().all(|rank| *rank == 1) && found.len() >= 3, "{found:?}");
    }

    #[test]
    fn what_is_0_has_no_piece_and_what_is_dense_has_no_pattern() {
        assert_eq!(ranks("sum(x)", "x: vector"), Some(vec![]));
        assert_eq!(ranks("exp(norm2(x)^2)", "x: vector"), None);
        assert_eq!(ranks("sum(exp(x))", "x: vector"), Some(vec![1]));
    }

    #[test]
    fn entries_by_number_are_scalars() {
        let found = ranks("(1 - x[0])^2 + 100*(x[1] - x[0]^2)^2", "x: vector[2]").unwrap();
        assert!(found.iter().all(|rank| *rank == 0), "{found:?}");
    }
}
