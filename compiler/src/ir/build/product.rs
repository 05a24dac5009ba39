//! Products and contractions: flattened, deltas contracted, equal factors collected, what does not hang
//! together apart.

use super::{INLINED, Tensor, indices_of};
use crate::ir::graph::{Cofactors, Factor, Graph, NodeId, Op, Operand};
use crate::ir::index::{Extent, Index};
use crate::ir::number::Number;

/// Products of more factors are not asked whether they read the same from both ends.
const MIRRORED: usize = 24;

/// A factor while a product is being put together.
#[derive(Clone, Debug)]
pub(super) struct Raised {
    pub(super) node: NodeId,
    pub(super) indices: Vec<Index>,
    pub(super) power: Number,
}

impl Graph {
    /// `t ^ power`, element-wise.
    pub fn power(&mut self, t: &Tensor, power: Number) -> Tensor {
        let out = Self::union(&[t]);
        Tensor::new(self.contract(Number::ONE, &[(t.clone(), power)], &out), out)
    }

    /// The element-wise product over the indices of all.
    pub fn multiply(&mut self, factors: &[Tensor]) -> Tensor {
        let out = Self::union(&factors.iter().collect::<Vec<_>>());
        let parts: Vec<_> = factors.iter().map(|t| (t.clone(), Number::ONE)).collect();
        Tensor::new(self.contract(Number::ONE, &parts, &out), out)
    }

    /// `coeff · Π factor^power`, element-wise over the indices of all, in the order met.
    pub(crate) fn factored(&mut self, coeff: Number, factors: &[(Tensor, Number)]) -> Tensor {
        let out = indices_of(factors.iter().map(|(t, _)| t));
        Tensor::new(self.contract(coeff, factors, &out), out)
    }

    /// `t` with exactly the axes `out`: permuted, summed over what `out` lacks, broadcast over what `t`
    /// lacks.
    pub fn tensor_as(&mut self, t: &Tensor, out: &[Index]) -> NodeId {
        self.contract(Number::ONE, &[(t.clone(), Number::ONE)], out)
    }

    /// `coeff · Σ Π factor^power` with the axes `out`; every other index of a factor is summed over.
    pub fn contract(&mut self, coeff: Number, factors: &[(Tensor, Number)], out: &[Index]) -> NodeId {
        let mut bound: Vec<Index> = Vec::new();
        for &i in factors.iter().flat_map(|(t, _)| &t.indices) {
            if !out.contains(&i) && !bound.contains(&i) {
                bound.push(i);
            }
        }
        self.contract_over(coeff, factors, out, &bound)
    }

    /// The same with the summed indices named: one that no factor has multiplies by its extent.
    pub fn contract_over(
        &mut self,
        mut coeff: Number,
        factors: &[(Tensor, Number)],
        out: &[Index],
        bound: &[Index],
    ) -> NodeId {
        // A mere view of a sum, or its constant multiple, leaves the sum as it is.
        let view = factors.len() == 1 && bound.is_empty();
        let mut bound = bound.to_vec();
        let mut parts: Vec<Raised> = Vec::new();
        let mut pending: Vec<Raised> = factors
            .iter()
            .rev()
            .map(|(t, p)| Raised { node: t.node, indices: t.indices.clone(), power: *p })
            .collect();
        let mut apart = Number::ONE;
        while let Some(part) = pending.pop() {
            self.inline_part(part, view, (&mut coeff, &mut apart), &mut parts, &mut pending);
        }
        if !apart.is_one() && !coeff.is_zero() {
            // Constants that are out of range together stay apart: with the others the value may be in range.
            match coeff.within_mul(apart) {
                Some(folded) => coeff = folded,
                None if parts.is_empty() => coeff = coeff.mul(apart),
                None => {
                    let parts: Vec<_> =
                        parts.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)).collect();
                    let node = self.contract_over(coeff, &parts, out, &bound);
                    let factor = (Tensor::new(node, out.to_vec()), Number::ONE);
                    return self.contract_over(apart, &[factor], out, &[]);
                }
            }
        }
        if coeff.is_zero() {
            let shape = self.extents_of(out);
            return self.product_node(Number::ZERO, Vec::new(), Vec::new(), shape);
        }
        Self::contract_deltas(self, &mut parts, out, &mut bound);
        let relations = parts.len();
        self.contract_relations(&mut parts, &mut bound);
        if parts.len() != relations {
            Self::contract_deltas(self, &mut parts, out, &mut bound);
        }
        if parts.iter().any(|p| self.is_zero(p.node) && !p.power.is_negative()) {
            let shape = self.extents_of(out);
            return self.product_node(Number::ZERO, Vec::new(), Vec::new(), shape);
        }
        // An index that nothing runs along any more.
        let mut k = 0;
        while k < bound.len() {
            if parts.iter().any(|p| p.indices.contains(&bound[k])) {
                k += 1;
                continue;
            }
            let extent = self.extents.of(bound.remove(k));
            match self.extents.as_constant(extent) {
                Some(n) => coeff = coeff.mul(Number::int(n as i64)),
                None => {
                    let node = self.extent_value(extent);
                    parts.push(Raised { node, indices: Vec::new(), power: Number::ONE });
                }
            }
        }
        for part in &mut parts {
            self.in_order(part.node, &mut part.indices, out);
        }
        let mut merged: Vec<Raised> = Vec::new();
        for part in parts {
            match merged.iter_mut().find(|m| m.node == part.node && m.indices == part.indices) {
                Some(m) => m.power = m.power.add(part.power),
                None => merged.push(part),
            }
        }
        merged.retain(|p| !p.power.is_zero());
        if !bound.iter().all(|b| merged.iter().any(|p| p.indices.contains(b))) {
            // Merging cancelled the last factor along a bound index: count it again.
            let again: Vec<_> =
                merged.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)).collect::<Vec<_>>();
            return self.contract_over(coeff, &again, out, &bound);
        }
        if let Some(done) = self.push_into_select(coeff, &merged, out, &bound) {
            return done;
        }
        if self.adjugate_over_det(&mut merged) {
            let again: Vec<_> =
                merged.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)).collect();
            return self.contract_over(coeff, &again, out, &bound);
        }
        let summed = !bound.is_empty();
        let merged = self.split_components(merged, out, &mut bound);
        // What stays outside a sum may be a choice, and the sum one of its branches.
        if summed
            && bound.is_empty()
            && let Some(done) = self.push_into_select(coeff, &merged, out, &bound)
        {
            return done;
        }
        self.finish_product(coeff, merged, out, &bound)
    }

    /// adj(A)/det(A) is A⁻¹, which is there where the determinant itself is out of range. Both sides are
    /// numbers only where det(A) ≠ 0.
    fn adjugate_over_det(&mut self, parts: &mut [Raised]) -> bool {
        for k in 0..parts.len() {
            let Op::Cofactors(a, Cofactors::Adjugate) = *self.op(parts[k].node) else { continue };
            let det = parts.iter().position(|p| {
                let own = parts[k].indices.get(..p.indices.len()) == Some(&p.indices[..]);
                *self.op(p.node) == Op::Det(a) && own && p.power.as_int().is_some_and(|power| power < 0)
            });
            if let (Some(det), true) = (det, parts[k].power.is_one()) {
                let shape = self.shape(a).to_vec();
                parts[k].node = self.intern(Op::Inverse(a), shape);
                parts[det].power = parts[det].power.add(Number::ONE);
                return true;
            }
        }
        false
    }

    /// A contraction is one only of what hangs together: factors along no bound index stay outside, and
    /// groups of factors that share no bound index become contractions of their own.
    fn split_components(&mut self, parts: Vec<Raised>, out: &[Index], bound: &mut Vec<Index>) -> Vec<Raised> {
        if bound.is_empty() {
            return parts;
        }
        let mut groups: Vec<(Vec<Index>, Vec<Raised>)> = Vec::new();
        let mut outside = Vec::new();
        for part in parts {
            let mut indices: Vec<Index> =
                part.indices.iter().copied().filter(|i| bound.contains(i)).collect();
            if indices.is_empty() {
                outside.push(part);
                continue;
            }
            let mut members = vec![part];
            groups.retain_mut(|(i, m)| {
                if i.iter().any(|x| indices.contains(x)) {
                    indices.append(i);
                    members.splice(0..0, m.drain(..));
                    false
                } else {
                    true
                }
            });
            groups.push((indices, members));
        }
        if outside.is_empty() && groups.len() == 1 {
            return groups.pop().map_or_else(Vec::new, |(_, members)| members);
        }
        bound.clear();
        for (inner, members) in groups {
            let free: Vec<Index> =
                out.iter().copied().filter(|o| members.iter().any(|p| p.indices.contains(o))).collect();
            let mut unique: Vec<Index> = Vec::new();
            for i in inner {
                if !unique.contains(&i) {
                    unique.push(i);
                }
            }
            let node = self.finish_product(Number::ONE, members, &free, &unique);
            outside.push(Raised { node, indices: free, power: Number::ONE });
        }
        let mut merged: Vec<Raised> = Vec::new();
        for part in outside {
            match merged.iter_mut().find(|m| m.node == part.node && m.indices == part.indices) {
                Some(m) => m.power = m.power.add(part.power),
                None => merged.push(part),
            }
        }
        merged.retain(|p| !p.power.is_zero());
        merged
    }

    /// Takes one factor apart as far as that is sound: constants, nested products, integer powers of
    /// products.
    fn inline_part(
        &mut self,
        part: Raised,
        view: bool,
        (coeff, apart): (&mut Number, &mut Number),
        parts: &mut Vec<Raised>,
        pending: &mut Vec<Raised>,
    ) {
        if part.power.is_zero() {
            return;
        }
        let named = self.is_named(part.node);
        let integer = part.power.as_int().is_some();
        match self.op(part.node) {
            Op::Number(n) => match coeff.within_mul_pow(*n, part.power) {
                Some(folded) => *coeff = folded,
                None => *apart = apart.mul(n.pow(part.power)),
            },
            Op::Product { coeff: c, factors, bound: inner } if !named && (integer || factors.is_empty()) => {
                // What folds out of range stays a factor: with it the value may be in range.
                let folded = match coeff.within_mul_pow(*c, part.power) {
                    Some(folded) => folded,
                    None if factors.is_empty() => {
                        *apart = apart.mul(c.pow(part.power));
                        *coeff
                    }
                    None => {
                        parts.push(part);
                        return;
                    }
                };
                if inner.is_empty() && factors.len() <= INLINED {
                    *coeff = folded;
                    let inlined: Vec<Raised> = factors
                        .iter()
                        .rev()
                        .map(|f| Raised {
                            node: f.operand.node,
                            indices: f.operand.axes.iter().map(|&a| part.indices[a as usize]).collect(),
                            power: f.power.mul(part.power),
                        })
                        .collect();
                    pending.extend(inlined);
                } else if !c.is_one() {
                    *coeff = folded;
                    let node = self.with_unit_coeff(part.node);
                    pending.push(Raised { node, ..part });
                } else {
                    parts.push(part);
                }
            }
            Op::Delta | Op::Holds(_) | Op::Named(_) => parts.push(Raised { power: Number::ONE, ..part }),
            Op::Sum(terms) if !named && integer && !view => {
                // A factor that all terms have, sign included, stands before the sum: 1/2 (a + b), -(a + b).
                let c = terms[0].coeff;
                let common = !c.is_one() && terms[1..].iter().all(|t| t.coeff == c);
                let negative = terms.iter().all(|t| t.coeff.is_negative());
                let c = match (common, negative) {
                    (true, _) => c,
                    (false, true) => Number::MINUS_ONE,
                    (false, false) => {
                        parts.push(part);
                        return;
                    }
                };
                let Some(folded) = coeff.within_mul_pow(c, part.power) else {
                    parts.push(part);
                    return;
                };
                // Exactly 1, which c·(1/c) is not for every c.
                let rest = |own: Number| if common { Number::ONE } else { own.neg() };
                let terms: Vec<_> =
                    terms.iter().map(|t| (rest(t.coeff), self.tensor(&t.operand, &part.indices))).collect();
                let mut axes: Vec<Index> = Vec::new();
                for &i in &part.indices {
                    if !axes.contains(&i) {
                        axes.push(i);
                    }
                }
                *coeff = folded;
                let node = self.sum_as(&terms, &axes);
                parts.push(Raised { node, indices: axes, power: part.power });
            }
            _ => parts.push(part),
        }
    }

    fn contract_deltas(&mut self, parts: &mut Vec<Raised>, out: &[Index], bound: &mut Vec<Index>) {
        let mut k = 0;
        while k < parts.len() {
            if !matches!(self.op(parts[k].node), Op::Delta) {
                k += 1;
                continue;
            }
            let (i, j) = (parts[k].indices[0], parts[k].indices[1]);
            let (from, to) = if i == j {
                parts.remove(k);
                continue;
            } else if bound.contains(&j) {
                (j, i)
            } else if bound.contains(&i) {
                (i, j)
            } else {
                // Both are free: the delta stays, and the others speak of the earlier index only.
                let place = |x: Index| out.iter().position(|o| *o == x);
                let (from, to) = if place(i) <= place(j) { (j, i) } else { (i, j) };
                for (n, part) in parts.iter_mut().enumerate() {
                    if n != k {
                        for index in part.indices.iter_mut().filter(|index| **index == from) {
                            *index = to;
                        }
                    } else {
                        part.indices = vec![to, from];
                    }
                }
                k += 1;
                continue;
            };
            parts.remove(k);
            bound.retain(|b| *b != from);
            for index in parts.iter_mut().flat_map(|p| &mut p.indices).filter(|index| **index == from) {
                *index = to;
            }
            k = 0;
        }
    }

    /// `where(c, u, 0) · v` is `where(c, u · v, 0)`, for every `v` that runs along nothing but the
    /// condition's axes; where `c` is one number for all entries, for every `v`, and for the sum of the
    /// products. How many there are of something is no such `v`: it is finite, and best multiplied last. Nor is a
    /// relation, unless it is along an index that the branch is summed over.
    fn push_into_select(
        &mut self,
        coeff: Number,
        parts: &[Raised],
        out: &[Index],
        bound: &[Index],
    ) -> Option<NodeId> {
        for (k, part) in parts.iter().enumerate() {
            let Op::Select { op, lhs, rhs, then, otherwise } = self.op(part.node).clone() else { continue };
            let (zero_then, zero_else) = (self.is_zero(then.node), self.is_zero(otherwise.node));
            if !part.power.is_one() || !(zero_then || zero_else) || self.is_named(part.node) {
                continue;
            }
            let whole = lhs.axes.is_empty() && rhs.axes.is_empty();
            let summed: &[Index] = if whole { bound } else { &[] };
            let inside = |p: &Raised| {
                p.indices.iter().any(|i| summed.contains(i))
                    || (whole || p.indices.iter().all(|i| part.indices.contains(i)))
                        && !self.is_indicator(p.node)
                        && !matches!(self.op(p.node), Op::Extent(_))
            };
            let (moved, kept): (Vec<_>, Vec<_>) =
                parts.iter().enumerate().filter(|(n, _)| *n != k).map(|(_, p)| p.clone()).partition(inside);
            // By one number, the constant goes inside, too.
            let (inner, outer) = if whole { (coeff, Number::ONE) } else { (Number::ONE, coeff) };
            if moved.is_empty() && summed.is_empty() && inner.is_one() {
                continue;
            }
            let tensor =
                |o: &Operand| Tensor::new(o.node, o.axes.iter().map(|&a| part.indices[a as usize]).collect());
            let [lhs, rhs, then, otherwise] = [&lhs, &rhs, &then, &otherwise].map(tensor);
            let mut axes = Vec::new();
            for &i in part.indices.iter().chain(moved.iter().flat_map(|p| &p.indices)) {
                if !axes.contains(&i) && !summed.contains(&i) {
                    axes.push(i);
                }
            }
            let times = |g: &mut Self, branch: &Tensor| {
                if g.is_zero(branch.node) {
                    return g.constant(Number::ZERO);
                }
                let mut all = vec![(branch.clone(), Number::ONE)];
                all.extend(moved.iter().map(|p| (Tensor::new(p.node, p.indices.clone()), p.power)));
                let mut along = Vec::new();
                for &i in all.iter().flat_map(|(t, _)| &t.indices) {
                    if !along.contains(&i) && !summed.contains(&i) {
                        along.push(i);
                    }
                }
                Tensor::new(g.contract_over(inner, &all, &along, summed), along)
            };
            let (then, otherwise) = (times(self, &then), times(self, &otherwise));
            let select = Tensor::new(self.select_as(op, &lhs, &rhs, &then, &otherwise, &axes), axes);
            let mut all = vec![(select, Number::ONE)];
            all.extend(kept.into_iter().map(|p| (Tensor::new(p.node, p.indices), p.power)));
            let bound: &[Index] = if whole { &[] } else { bound };
            return Some(self.contract_over(outer, &all, out, bound));
        }
        None
    }

    fn finish_product(
        &mut self,
        coeff: Number,
        mut parts: Vec<Raised>,
        out: &[Index],
        bound: &[Index],
    ) -> NodeId {
        // A sum is never multiplied by -1: its terms are.
        if coeff == Number::MINUS_ONE
            && bound.is_empty()
            && let [part] = parts.as_slice()
            && part.power.is_one()
            && !self.is_named(part.node)
            && let Op::Sum(terms) = self.op(part.node).clone()
        {
            let terms: Vec<_> =
                terms.iter().map(|t| (t.coeff.neg(), self.tensor(&t.operand, &part.indices))).collect();
            return self.sum_as(&terms, out);
        }
        if coeff.is_one()
            && bound.is_empty()
            && let [part] = parts.as_slice()
            && part.power.is_one()
            && part.indices == out
        {
            return part.node;
        }
        let mirrored = !bound.is_empty() && self.is_mirrored(&parts, out);
        let (factors, locals) = if parts.iter().any(|p| self.is_declared_symmetric(p.node)) {
            self.factors_by_neighbours(&mut parts, out)
        } else {
            Self::factors(&parts, out, out)
        };
        let bound = self.extents_of(&locals[out.len()..]);
        let shape = self.extents_of(out);
        let node = self.product_node(coeff, factors, bound, shape);
        if mirrored {
            self.set_mirrored(node);
        }
        node
    }

    /// Whether a product of symmetric matrices, and of others on both sides of them, reads the same from both
    /// ends, as S*S*S and A*S*A' do, however its factors are multiplied with each other first.
    fn is_mirrored(&mut self, parts: &[Raised], out: &[Index]) -> bool {
        let &[i, j] = out else { return false };
        if !self.has_symmetric() || self.extents.of(i) != self.extents.of(j) {
            return false;
        }
        let mut flat = Vec::new();
        let mut pending: Vec<Raised> = parts.to_vec();
        while let Some(part) = pending.pop() {
            match self.op(part.node).clone() {
                Op::Product { coeff, factors, bound }
                    if coeff.is_one() && part.power.is_one() && !bound.is_empty() =>
                {
                    let mut locals = part.indices;
                    locals.extend(bound.into_iter().map(|e| self.extents.index(e)));
                    pending.extend(factors.iter().map(|f| {
                        let t = self.tensor(&f.operand, &locals);
                        Raised { node: t.node, indices: t.indices, power: f.power }
                    }));
                }
                _ => flat.push(part),
            }
            if flat.len() + pending.len() > MIRRORED {
                return false;
            }
        }
        flat.iter().any(|p| self.is_declared_symmetric(p.node))
            && self.factors_by_neighbours(&mut flat.clone(), out).0
                == self.factors_by_neighbours(&mut flat, &[j, i]).0
    }

    /// The indices of a product, those of the result and then the summed ones: by the factors that they have in
    /// common with others whose place is known. So a product that reads the same from both ends, as S*T*T*S does
    /// for symmetric matrices, is one node whichever end its indices were given from.
    fn by_neighbours(&self, parts: &[Raised], out: &[Index]) -> Vec<Index> {
        let mut bound: Vec<Index> = Vec::new();
        for &i in parts.iter().flat_map(|p| &p.indices) {
            if !out.contains(&i) && !bound.contains(&i) {
                bound.push(i);
            }
        }
        let mut rank = vec![0; bound.len()];
        for _ in 0..bound.len() {
            let place = |x: Index| match out.iter().position(|o| *o == x) {
                Some(place) => place,
                None => out.len() + bound.iter().position(|b| *b == x).map_or(0, |k| rank[k]),
            };
            // What a factor says of the index along its axis; a symmetric one has no first axis.
            let said = |p: &Raised, axis: usize| {
                let symmetric = self.is_declared_symmetric(p.node);
                let others: Vec<usize> =
                    (0..p.indices.len()).filter(|&k| k != axis).map(|k| place(p.indices[k])).collect();
                (p.node, if symmetric { 0 } else { axis }, p.power, others)
            };
            let keys: Vec<_> = bound
                .iter()
                .zip(&rank)
                .map(|(i, rank)| {
                    let axes = parts.iter().flat_map(|p| (0..p.indices.len()).map(move |k| (p, k)));
                    let mut all: Vec<_> =
                        axes.filter(|(p, k)| p.indices[*k] == *i).map(|(p, k)| said(p, k)).collect();
                    all.sort();
                    (*rank, all)
                })
                .collect();
            let mut sorted: Vec<_> = keys.iter().collect();
            sorted.sort();
            sorted.dedup();
            let next: Vec<usize> =
                keys.iter().map(|key| sorted.binary_search(&key).unwrap_or_default()).collect();
            if next == rank {
                break;
            }
            rank = next;
        }
        let mut ranked: Vec<(usize, Index)> = rank.into_iter().zip(bound).collect();
        ranked.sort();
        out.iter().copied().chain(ranked.into_iter().map(|(_, i)| i)).collect()
    }

    /// Factors and locals where some matrices are symmetric.
    fn factors_by_neighbours(&self, parts: &mut [Raised], out: &[Index]) -> (Vec<Factor>, Vec<Index>) {
        let order = self.by_neighbours(parts, out);
        for part in &mut *parts {
            self.in_order(part.node, &mut part.indices, &order);
        }
        Self::factors(parts, out, &order)
    }

    /// Factors in order, by the places that indices have in `order`, and the locals of their product.
    fn factors(parts: &[Raised], out: &[Index], order: &[Index]) -> (Vec<Factor>, Vec<Index>) {
        let mut parts: Vec<&Raised> = parts.iter().collect();
        let masked = |p: &Raised| -> Vec<usize> {
            p.indices.iter().map(|i| order.iter().position(|o| o == i).unwrap_or(usize::MAX)).collect()
        };
        parts.sort_by(|a, b| {
            (a.node, masked(a), a.power)
                .cmp(&(b.node, masked(b), b.power))
                .then_with(|| a.indices.cmp(&b.indices))
        });
        let mut locals = out.to_vec();
        for &i in parts.iter().flat_map(|p| &p.indices) {
            if !locals.contains(&i) {
                locals.push(i);
            }
        }
        let factors = parts
            .iter()
            .map(|p| Factor {
                operand: Self::operand(&Tensor::new(p.node, p.indices.clone()), &locals),
                power: p.power,
            })
            .collect();
        (factors, locals)
    }

    fn product_node(
        &mut self,
        coeff: Number,
        factors: Vec<Factor>,
        bound: Vec<Extent>,
        shape: Vec<Extent>,
    ) -> NodeId {
        if factors.is_empty() && shape.is_empty() {
            return self.number(coeff);
        }
        self.intern(Op::Product { coeff, factors, bound }, shape)
    }
}
