//! Running sums: `Σ_j (j ≤ i + k) x[j]` for all `i`, and those from the other end, found in one pass.

use crate::ir::{Affine, Form, Graph, NodeId, Op, Operand, RelationKind};

/// A sum whose terms are those of an array up to an index of the result, or from it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningSum {
    /// The array, along the axes of the result but for `axis`, where the summed index is.
    pub read: Operand,
    /// The axis of the result along which more is summed.
    pub axis: usize,
    /// Whether the terms are those from the index on, rather than up to it.
    pub onwards: bool,
    /// The last term of `i` is that of `i + offset`, or the first, if onwards, that of `i - offset`.
    pub offset: Form,
}

impl RunningSum {
    /// The node as one, if it is one: of one array, along its own axes.
    #[must_use]
    pub fn of(g: &Graph, id: NodeId) -> Option<Self> {
        let rank = g.rank(id);
        let Summed { of, axis, onwards, offset } = Summed::of(g, id)?;
        let [one] = of[..] else { return None };
        let Op::Product { factors, .. } = g.op(id) else { return None };
        let f = factors.get(one).filter(|f| f.power.is_one() && factors.len() == 2)?;
        let along = (0..rank as u8).map(|local| if local as usize == axis { rank as u8 } else { local });
        along.eq(f.operand.axes.iter().copied()).then(|| Self {
            read: f.operand.clone(),
            axis,
            onwards,
            offset,
        })
    }
}

/// A product that has one in it: which of its factors are summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    pub(crate) of: Vec<usize>,
    pub(crate) axis: usize,
    pub(crate) onwards: bool,
    pub(crate) offset: Form,
}

impl Summed {
    /// One summed index, of which a relation to one other says how far, and nothing else says anything of both.
    pub(crate) fn of(g: &Graph, id: NodeId) -> Option<Self> {
        let Op::Product { factors, bound, .. } = g.op(id) else { return None };
        let rank = g.rank(id);
        if bound.len() != 1 {
            return None;
        }
        let about = |axes: &[u8]| axes.contains(&(rank as u8));
        let relations = || {
            (0..factors.len())
                .filter(|&k| g.is_indicator(factors[k].operand.node) && about(&factors[k].operand.axes))
        };
        let [relation] = relations().collect::<Vec<_>>()[..] else { return None };
        let f = &factors[relation].operand;
        let locals: Vec<usize> = f.axes.iter().map(|&a| a as usize).collect();
        let (kind, value): (_, Affine<usize>) = g.relation(f.node, &locals)?;
        let &(axis, up) = value.terms.iter().find(|(local, _)| *local != rank)?;
        let down = value.multiple(&rank);
        if kind != RelationKind::AtLeast || value.terms.len() != 2 || up.abs() != 1 || up + down != 0 {
            return None;
        }
        let of: Vec<usize> =
            (0..factors.len()).filter(|&k| k != relation && about(&factors[k].operand.axes)).collect();
        let apart = of.iter().all(|&k| !factors[k].operand.axes.contains(&(axis as u8)));
        (apart && !of.is_empty()).then_some(Self { of, axis, onwards: down == 1, offset: value.offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Number, Tensor};

    #[test]
    fn a_triangle_of_terms_is_a_running_sum() {
        let mut g = Graph::new();
        let n = g.extents.symbol("n");
        let x = g.input("x", &[n]);
        let (i, j) = (g.extents.index(n), g.extents.index(n));
        let mut sum = |terms: [i64; 2], constant: i64, index| {
            let value = Affine::sum([(i, terms[0]), (j, terms[1])], Form::constant(constant));
            let upto = g.holds(RelationKind::AtLeast, &value);
            let x = Tensor::new(x, vec![index]);
            let node = g.contract(Number::ONE, &[(upto, Number::ONE), (x, Number::ONE)], &[i]);
            RunningSum::of(&g, node).map(|r| (r.onwards, r.offset.constant))
        };
        assert_eq!(sum([1, -1], -1, j), Some((false, -1)));
        assert_eq!(sum([-1, 1], 0, j), Some((true, 0)));
        // One that counts twice, and one whose terms do not depend on what is summed.
        assert_eq!((sum([2, -1], 0, j), sum([1, -1], 0, i)), (None, None));
    }
}
