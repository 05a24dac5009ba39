//! `sum(x) / n` over all n entries is a mean.

use super::convert::Converter;
use super::notation::{Notation, Tree, Whole};
use crate::ir::{Extent, Factor, NodeId, Number, Op};

type Scalars = Vec<(Tree, Number)>;

impl Converter<'_> {
    /// Makes the one sum among `scalars` a mean where all its extents divide, and takes these away. The sum
    /// is over `bound`, or, where nothing is bound, that of a factor.
    pub(super) fn means(
        &self,
        factors: &[Factor],
        bound: &[Extent],
        scalars: &mut Scalars,
        outer: &mut Scalars,
    ) {
        let mut left = bound.to_vec();
        if left.is_empty() {
            let mut sums =
                factors.iter().filter(|f| f.power.is_one()).filter_map(|f| self.summed(f.operand.node));
            let (Some(extents), None) = (sums.next(), sums.next()) else { return };
            left = extents;
        }
        let is_sum = |(t, p): &(Tree, Number)| p.is_one() && sum_within(&t.note);
        let mut sums = (0..scalars.len()).filter(|&k| is_sum(&scalars[k]));
        let (Some(sum), None) = (sums.next(), sums.next()) else { return };
        let mut divisors = Vec::new();
        for f in factors.iter().filter(|f| f.power == Number::MINUS_ONE) {
            if let Op::Extent(e) = *self.graph.op(f.operand.node)
                && let Some(k) = left.iter().position(|&b| self.same(b, e))
            {
                left.remove(k);
                divisors.push(self.extent_note(e));
            }
        }
        if !left.is_empty() || divisors.is_empty() {
            return;
        }
        become_mean(&mut scalars[sum].0.note);
        for divisor in divisors {
            let is_it = |(t, p): &(Tree, Number)| *p == Number::MINUS_ONE && t.note == divisor;
            if let Some(k) = outer.iter().position(is_it) {
                outer.remove(k);
            } else if let Some(k) = scalars.iter().position(is_it) {
                scalars.remove(k);
            }
        }
    }

    fn same(&self, a: Extent, b: Extent) -> bool {
        self.graph.extents.find(a) == self.graph.extents.find(b)
    }

    /// What a scalar is summed over, the batch left out; `None` where it is no sum.
    fn summed(&self, id: NodeId) -> Option<Vec<Extent>> {
        if self.names.contains_key(&id) || !self.shown(self.graph.shape(id)).is_empty() {
            return None;
        }
        let Op::Product { factors, bound, .. } = self.graph.op(id) else { return None };
        let extents: Vec<Extent> = bound.iter().copied().filter(|e| !self.is_batch(*e)).collect();
        match factors.as_slice() {
            _ if !extents.is_empty() => Some(extents),
            [only] if only.power.is_one() => self.summed(only.operand.node),
            _ => None,
        }
    }
}

fn sum_within(note: &Notation) -> bool {
    match note {
        Notation::Whole(Whole::Sum, _) => true,
        Notation::Examples(inner) => sum_within(inner),
        _ => false,
    }
}

fn become_mean(note: &mut Notation) {
    match note {
        Notation::Whole(f, _) => *f = Whole::Mean,
        Notation::Examples(inner) => become_mean(inner),
        _ => {}
    }
}
