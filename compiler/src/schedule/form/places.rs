//! Products with relations as loops: which indices a loop runs over, and what the others are then.
//!
//! `Σ_p (p = i + 1) x[p]` runs over `i` alone and reads `x[i + 1]`; `Σ_i (p = i + 1) c[i]` reads `c[p - 1]` where
//! that is an entry; `Σ_k (p = data[k]) c[k]` runs over `k` and adds to the entry that the data names.

use crate::ir::{Extent, Form, Graph, NodeId, Op, Operand, RelationKind};

/// What an index is, in a loop over others: `offset + Σ multiple·index + Σ multiple·datum`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Of the indices of the loop by their places in it.
    pub affine: Affine,
    /// Of whole numbers that data have, and how often each counts.
    pub named: Vec<(Named, i64)>,
}

/// The whole number that data has at these places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The data.
    pub data: NodeId,
    /// For each of its axes, where.
    pub at: Vec<Place>,
}

/// `offset + Σ multiple·axis`, of axes of the loop in order.
pub type Affine = crate::ir::Affine<usize>;

impl Affine {
    /// The axis, where it is the index itself.
    #[must_use]
    pub fn as_axis(&self) -> Option<usize> {
        match self.terms[..] {
            [(axis, 1)] if self.offset == Form::default() => Some(axis),
            _ => None,
        }
    }
}

impl From<Affine> for Place {
    fn from(affine: Affine) -> Self {
        Self { affine, named: Vec::new() }
    }
}

impl From<Named> for Place {
    fn from(named: Named) -> Self {
        Self { affine: Affine::default(), named: vec![(named, 1)] }
    }
}

impl Place {
    /// An index of the loop.
    #[must_use]
    pub fn axis(axis: usize) -> Self {
        Affine::of(axis).into()
    }

    /// The form, where no data name it.
    #[must_use]
    pub fn as_affine(&self) -> Option<&Affine> {
        self.named.is_empty().then_some(&self.affine)
    }

    /// The axis, where it is an index itself.
    #[must_use]
    pub fn as_axis(&self) -> Option<usize> {
        self.as_affine().and_then(Affine::as_axis)
    }

    /// `self + n·other`
    #[must_use]
    pub fn plus(&self, other: &Self, n: i64) -> Self {
        let mut sum =
            Self { affine: self.affine.plus(&other.affine, n).in_order(), named: self.named.clone() };
        for (named, m) in &other.named {
            let more = m.saturating_mul(n);
            match sum.named.iter_mut().find(|(known, _)| known == named) {
                Some((_, known)) => *known = known.saturating_add(more),
                None => sum.named.push((named.clone(), more)),
            }
        }
        sum.named.retain(|(_, n)| *n != 0);
        sum
    }

    /// The same in a loop whose axes have other numbers.
    #[must_use]
    pub fn renamed(&self, axis: &dyn Fn(&usize) -> usize) -> Self {
        let named = self.named.iter().map(|(named, n)| {
            let at = named.at.iter().map(|p| p.renamed(axis)).collect();
            (Named { data: named.data, at }, *n)
        });
        Self { affine: self.affine.renamed(axis), named: named.collect() }
    }

    /// Whether it changes along an axis of the loop.
    #[must_use]
    pub fn runs_along(&self, axis: usize) -> bool {
        let named = || self.named.iter().flat_map(|(named, _)| &named.at);
        self.affine.multiple(&axis) != 0 || named().any(|p| p.runs_along(axis))
    }

    /// The forms that it and what names it are made of.
    pub fn each_affine(&self, f: &mut impl FnMut(&Affine)) {
        f(&self.affine);
        self.named.iter().flat_map(|(named, _)| &named.at).for_each(|p| p.each_affine(f));
    }

    /// The data that name it, and what names these.
    pub fn each_named(&self, f: &mut impl FnMut(&Named)) {
        for (named, _) in &self.named {
            f(named);
            named.at.iter().for_each(|p| p.each_named(f));
        }
    }
}

/// A relation between indices of the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How it compares with 0.
    pub kind: RelationKind,
    /// What does.
    pub value: Place,
}

/// How a loop does a product with relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The locals that the loop runs over, outermost first.
    pub space: Vec<u8>,
    /// What each local is, by its axes.
    pub of: Vec<Place>,
    /// When a tuple of indices counts.
    pub conditions: Vec<Condition>,
}

/// Which relations to take for saying what an index is, in order.
#[derive(Clone, Copy)]
enum Prefer {
    /// Summed indices alone, so that there may be nothing to sum: what is left is a condition.
    Summed,
    /// Those that have a value whatever the others are.
    Total,
}

impl Places {
    /// How the node is done, if it is a product with relations.
    #[must_use]
    pub fn of(g: &Graph, id: NodeId) -> Option<Self> {
        if !g.has_relations(id) {
            return None;
        }
        let Op::Product { factors, bound, .. } = g.op(id) else { return None };
        let rank = g.rank(id);
        let extents: Vec<Extent> = g.shape(id).iter().chain(bound).copied().collect();
        let operands: Vec<&Operand> = factors.iter().map(|f| &f.operand).collect();
        let solved = |prefer| Solved::of(g, &operands, &extents, rank, prefer);
        let first = solved(Prefer::Summed);
        let first = (first.summed(rank) == 0 && first.whole(rank)).then_some(first);
        Some(first.unwrap_or_else(|| solved(Prefer::Total)).places(rank))
    }

    /// What the indices of a product of these operands are, by the relations among them; the first `rank` are
    /// those of the result.
    #[must_use]
    pub fn among(g: &Graph, operands: &[&Operand], extents: &[Extent], rank: usize) -> Self {
        Solved::of(g, operands, extents, rank, Prefer::Total).places(rank)
    }

    /// Whether each entry is one product: there is nothing to sum, and every entry has its turn.
    #[must_use]
    pub fn is_entry(&self, rank: usize) -> bool {
        self.space.len() == rank && self.space.iter().enumerate().all(|(k, &l)| k == l as usize)
    }

    /// The entry that data name at these places; of a part of data, the entry of the whole.
    #[must_use]
    pub fn entry_of(g: &Graph, data: NodeId, places: Vec<Place>) -> Place {
        within(g, data, places)
    }

    /// What the axes of an operand are.
    #[must_use]
    pub fn axes(&self, operand: &Operand) -> Vec<Place> {
        operand.axes.iter().map(|&a| self.of[a as usize].clone()).collect()
    }

    /// Whether an entry of the result is met at most once, which a place that data names, or more than one index
    /// makes, does not say.
    #[must_use]
    pub fn scatters(&self, rank: usize) -> bool {
        let own = |local: usize, axis: usize| self.space[axis] as usize == local;
        self.of[..rank].iter().enumerate().any(|(l, p)| p.as_axis().is_none_or(|axis| !own(l, axis)))
    }
}

/// Relations while they are being solved.
struct Solved<'a> {
    g: &'a Graph,
    operands: &'a [&'a Operand],
    extents: &'a [Extent],
    /// What a local is in terms of others, which are free or determined later.
    determined: Vec<Option<Known>>,
    /// What has to hold besides.
    rest: Vec<(RelationKind, Affine)>,
}

#[derive(Clone)]
enum Known {
    /// Terms are locals here.
    Affine(Affine),
    Named(Operand),
}

impl<'a> Solved<'a> {
    fn of(
        g: &'a Graph,
        operands: &'a [&'a Operand],
        extents: &'a [Extent],
        rank: usize,
        prefer: Prefer,
    ) -> Self {
        let mut this = Self { g, operands, extents, determined: vec![None; extents.len()], rest: Vec::new() };
        let mut relations = Vec::new();
        for o in operands {
            let locals: Vec<usize> = o.axes.iter().map(|&a| a as usize).collect();
            if let Op::Named(data) = g.op(o.node) {
                let data = Operand { node: *data, axes: o.axes[1..].to_vec() };
                this.determined[locals[0]].get_or_insert(Known::Named(data));
            } else if let Some((kind, value)) = g.relation(o.node, &locals) {
                relations.push((kind, value.in_order()));
            }
        }
        let mut pending: Vec<(RelationKind, Affine)> = relations;
        while let Some((which, local)) = this.choice(&pending, rank, prefer) {
            let (_, relation) = pending.remove(which);
            let Some(value) = relation.solved_for(&local) else { break };
            for (_, other) in &mut pending {
                *other = other.with(&local, &value).in_order();
            }
            for known in this.determined.iter_mut().flatten() {
                if let Known::Affine(a) = known {
                    *a = a.with(&local, &value).in_order();
                }
            }
            this.determined[local] = Some(Known::Affine(value));
        }
        this.rest = pending;
        this
    }

    /// The relation that says next what an index is, and the index.
    fn choice(
        &self,
        pending: &[(RelationKind, Affine)],
        rank: usize,
        prefer: Prefer,
    ) -> Option<(usize, usize)> {
        let mut best: Option<(u8, usize, usize)> = None;
        for (which, (kind, relation)) in pending.iter().enumerate() {
            if *kind != RelationKind::Equal {
                continue;
            }
            for &(local, _) in &relation.terms {
                let Some(value) = relation.solved_for(&local) else { continue };
                // One that data names is known by the others.
                if self.determined[local].is_some() {
                    continue;
                }
                let total = self.is_inside(&value, self.extents[local]);
                let summed = local >= rank;
                if matches!(prefer, Prefer::Summed) && !summed {
                    continue;
                }
                let score = match prefer {
                    Prefer::Summed => u8::from(total),
                    Prefer::Total => 2 * u8::from(total) + u8::from(summed),
                };
                if best.is_none_or(|(s, ..)| score > s) {
                    best = Some((score, which, local));
                }
            }
        }
        best.map(|(_, which, local)| (which, local))
    }

    /// Whether a value is one of an axis, whatever the indices are.
    fn is_inside(&self, value: &Affine, axis: Extent) -> bool {
        let [least, most] = self.ends(value);
        let last = self.g.extents.form(axis).shifted(-1);
        least.is_never_negative() && last.plus(&most, -1).is_never_negative()
    }

    fn ends(&self, value: &Affine) -> [Form; 2] {
        let terms = value.terms.iter().map(|&(local, n)| (self.extents[local], n));
        self.g.extents.reach(terms, &value.offset)
    }

    /// How many summed indices the loop runs over.
    fn summed(&self, rank: usize) -> usize {
        self.determined[rank..].iter().filter(|d| d.is_none()).count()
    }

    /// Whether the loop runs over all indices of the result.
    fn whole(&self, rank: usize) -> bool {
        self.determined[..rank].iter().all(Option::is_none)
    }

    fn places(self, rank: usize) -> Places {
        let g = self.g;
        let free: Vec<u8> =
            (0..self.extents.len()).filter(|&l| self.determined[l].is_none()).map(|l| l as u8).collect();
        let space = self.order(&free, rank);
        // What has to hold: indices that follow from others are among those of their axes.
        let mut hold: Vec<(RelationKind, Affine)> = Vec::new();
        for (local, known) in self.determined.iter().enumerate() {
            let Some(Known::Affine(value)) = known else { continue };
            let value = self.resolved(value);
            let last = g.extents.form(self.extents[local]).shifted(-1);
            let above = Affine::fixed(last).plus(&value, -1);
            hold.extend([value, above].map(|value| (RelationKind::AtLeast, value)));
        }
        hold.extend(self.rest.iter().map(|(kind, value)| (*kind, self.resolved(value))));
        let always = |(kind, value): &(RelationKind, Affine)| {
            *kind == RelationKind::AtLeast && self.ends(value)[0].is_never_negative()
        };
        hold.retain(|relation| !always(relation));
        let of: Vec<Place> = (0..self.extents.len()).map(|l| self.place(&Affine::of(l), &space)).collect();
        let conditions =
            hold.iter().map(|(kind, value)| Condition { kind: *kind, value: self.place(value, &space) });
        Places { conditions: conditions.collect(), space, of }
    }

    /// A value in terms of indices that are free or named by data.
    fn resolved(&self, value: &Affine) -> Affine {
        let start = Affine::fixed(value.offset.clone());
        let sum = value.terms.iter().fold(start, |sum, &(local, n)| match &self.determined[local] {
            Some(Known::Affine(inner)) => sum.plus(&self.resolved(inner), n),
            _ => sum.plus(&Affine::of(local), n),
        });
        sum.in_order()
    }

    /// A value in terms of the loop's axes.
    fn place(&self, value: &Affine, space: &[u8]) -> Place {
        let value = self.resolved(value);
        let start = Place::from(Affine::fixed(value.offset.clone()));
        value.terms.iter().fold(start, |sum, &(local, n)| match &self.determined[local] {
            Some(Known::Named(data)) => sum.plus(&self.named(data, space), n),
            _ => match space.iter().position(|&s| s as usize == local) {
                Some(axis) => sum.plus(&Place::axis(axis), n),
                None => sum,
            },
        })
    }

    /// What data name; of a part of data, the entry of the whole.
    fn named(&self, data: &Operand, space: &[u8]) -> Place {
        let at: Vec<Place> = data.axes.iter().map(|&a| self.place(&Affine::of(a as usize), space)).collect();
        within(self.g, data.node, at)
    }

    /// The loop's axes in order: along rows of what is read innermost, if the result has them, too.
    fn order(&self, free: &[u8], rank: usize) -> Vec<u8> {
        let along_rows = |local: u8| {
            self.operands.iter().any(|o| {
                !self.g.is_indicator(o.node)
                    && o.axes.last().is_some_and(|&last| match &self.determined[last as usize] {
                        None => last == local,
                        Some(Known::Affine(a)) => a.multiple(&(local as usize)) == 1,
                        Some(Known::Named(_)) => false,
                    })
            })
        };
        let (out, summed): (Vec<u8>, Vec<u8>) = free.iter().partition(|&&l| (l as usize) < rank);
        // What is added to entries elsewhere is read as it lies, if it is an array along all of the loop.
        let is_whole = |o: &&&Operand| free.iter().all(|l| o.axes.contains(l)) && o.axes.len() == free.len();
        if !self.whole(rank)
            && let Some(o) = self.operands.iter().filter(|o| !self.g.is_indicator(o.node)).find(is_whole)
        {
            return o.axes.clone();
        }
        match out.split_last() {
            Some((&last, before)) if !summed.is_empty() && along_rows(last) => {
                before.iter().copied().chain(summed).chain([last]).collect()
            }
            _ => out.into_iter().chain(summed).collect(),
        }
    }
}

/// The entry of the array that `node` is a part of.
fn within(g: &Graph, node: NodeId, at: Vec<Place>) -> Place {
    let Some(places) = Places::of(g, node) else {
        let Op::Product { factors, bound, .. } = g.op(node) else { return Named { data: node, at }.into() };
        // A mere order of axes.
        let ([f], true) = (factors.as_slice(), bound.is_empty()) else {
            return Named { data: node, at }.into();
        };
        let inner = f.operand.axes.iter().map(|&a| at[a as usize].clone()).collect();
        return within(g, f.operand.node, inner);
    };
    let Op::Product { factors, .. } = g.op(node) else { return Named { data: node, at }.into() };
    let Some(f) = factors.iter().find(|f| !g.is_indicator(f.operand.node)) else {
        return Named { data: node, at }.into();
    };
    let inner = places.axes(&f.operand).into_iter().map(|place| substituted(&place, &at)).collect();
    within(g, f.operand.node, inner)
}

/// A place with places for the axes of its loop.
fn substituted(place: &Place, axes: &[Place]) -> Place {
    let start = Place::from(Affine::fixed(place.affine.offset.clone()));
    let sum = place.affine.terms.iter().fold(start, |sum, &(axis, n)| sum.plus(&axes[axis], n));
    place.named.iter().fold(sum, |sum, (named, n)| {
        let at = named.at.iter().map(|p| substituted(p, axes)).collect();
        sum.plus(&Named { data: named.data, at }.into(), *n)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Index, Number, Tensor};

    /// x of n numbers, an index i over n − 1, and p = i + 1.
    fn neighbour() -> (Graph, [Index; 2], Tensor) {
        let mut g = Graph::new();
        let n = g.extents.symbol("n");
        let less = g.extents.affine(&Form::of(n).shifted(-1)).unwrap();
        let (p, i) = (g.extents.index(n), g.extents.index(less));
        let relation = crate::ir::Affine::sum([(p, 1), (i, -1)], Form::constant(-1));
        let place = g.holds(RelationKind::Equal, &relation);
        (g, [p, i], place)
    }

    /// Σ of an input along `from` and the relation, along `to`.
    fn placed(g: &mut Graph, from: Index, to: Index, relation: &Tensor) -> NodeId {
        let extent = g.extents.of(from);
        let x = Tensor::new(g.input("x", &[extent]), vec![from]);
        g.contract(Number::ONE, &[(x, Number::ONE), (relation.clone(), Number::ONE)], &[to])
    }

    #[test]
    fn a_neighbour_is_an_entry_and_nothing_is_asked() {
        let (mut g, [p, i], relation) = neighbour();
        let node = placed(&mut g, p, i, &relation);
        let places = Places::of(&g, node).unwrap();
        assert!(places.is_entry(1) && places.conditions.is_empty());
        assert_eq!(places.of[1], Affine { terms: vec![(0, 1)], offset: Form::constant(1) }.into());
    }

    #[test]
    fn what_is_put_back_is_an_entry_where_there_is_one() {
        let (mut g, [p, i], relation) = neighbour();
        let node = placed(&mut g, i, p, &relation);
        let places = Places::of(&g, node).unwrap();
        // x[p − 1] where p ≥ 1; p ≤ n − 1 always.
        let at = Affine { terms: vec![(0, 1)], offset: Form::constant(-1) };
        assert!(places.is_entry(1));
        assert_eq!(places.of[1], at.clone().into());
        assert_eq!(places.conditions, [Condition { kind: RelationKind::AtLeast, value: at.into() }]);
    }

    #[test]
    fn what_data_name_is_added_to() {
        let mut g = Graph::new();
        let (m, n) = (g.extents.symbol("m"), g.extents.symbol("n"));
        let data = g.input("data", &[m]);
        let (k, p) = (g.extents.index(m), g.extents.index(n));
        let named = g.named_entry(p, &Tensor::new(data, vec![k]));
        let node = placed(&mut g, k, p, &named);
        let places = Places::of(&g, node).unwrap();
        assert!(!places.is_entry(1) && places.scatters(1));
        assert_eq!(
            (places.space.len(), &places.of[0]),
            (1, &Named { data, at: vec![Place::axis(0)] }.into())
        );
    }
}
