//! Forms of extents: whole numbers such as `n - 1` and `2*n + 3`, which the ends of ranges and the offsets of
//! subscripts are; and with indices, what subscripts themselves are: `n - 1 - i`.

use super::index::Extent;

/// A constant, and whole multiples of extents: each once, in order, none zero times.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// The constant.
    pub constant: i64,
    /// The extents and how often each counts.
    pub terms: Vec<(Extent, i64)>,
}

impl Form {
    /// A number.
    #[must_use]
    pub fn constant(n: i64) -> Self {
        Self { constant: n, terms: Vec::new() }
    }

    /// An extent.
    #[must_use]
    pub fn of(e: Extent) -> Self {
        Self { constant: 0, terms: vec![(e, 1)] }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// `self + n·other`; what is beyond counting stays at the end of what can be counted.
    #[must_use]
    pub fn plus(&self, other: &Self, n: i64) -> Self {
        let mut terms = self.terms.clone();
        for &(e, m) in &other.terms {
            match terms.binary_search_by_key(&e, |(x, _)| *x) {
                Ok(k) => terms[k].1 = terms[k].1.saturating_add(m.saturating_mul(n)),
                Err(k) => terms.insert(k, (e, m.saturating_mul(n))),
            }
        }
        terms.retain(|(_, n)| *n != 0);
        Self { constant: self.constant.saturating_add(other.constant.saturating_mul(n)), terms }
    }

    /// `n·self`
    #[must_use]
    pub fn times(&self, n: i64) -> Self {
        Self::default().plus(self, n)
    }

    /// `self + n`
    #[must_use]
    pub fn shifted(&self, n: i64) -> Self {
        Self { constant: self.constant.saturating_add(n), terms: self.terms.clone() }
    }

    /// Whether it is at least 0 for all extents, as far as the signs of its terms show: extents are not negative.
    #[must_use]
    pub fn is_never_negative(&self) -> bool {
        self.constant >= 0 && self.terms.iter().all(|(_, n)| *n >= 0)
    }

    /// The value, given those of the extents.
    #[must_use]
    pub fn value(&self, size: impl Fn(Extent) -> usize) -> i64 {
        let size = |e| i64::try_from(size(e)).unwrap_or(i64::MAX);
        let terms = self.terms.iter().map(|&(e, n)| n.saturating_mul(size(e)));
        terms.fold(self.constant, i64::saturating_add)
    }

    /// As a person writes it: `2*n - m + 1`.
    #[must_use]
    pub fn text(&self, name: impl Fn(Extent) -> String) -> String {
        let mut text = String::new();
        // What is added comes before what is taken away.
        let positive = self.terms.iter().filter(|(_, n)| *n > 0);
        for &(e, n) in positive.chain(self.terms.iter().filter(|(_, n)| *n < 0)) {
            let name = name(e);
            let times = if n.abs() == 1 { name } else { format!("{}*{name}", n.abs()) };
            match (text.is_empty(), n < 0) {
                (true, false) => text = times,
                (true, true) => text = format!("-{times}"),
                (false, minus) => text += &format!(" {} {times}", if minus { '-' } else { '+' }),
            }
        }
        match self.constant {
            c if text.is_empty() => c.to_string(),
            0 => text,
            c => format!("{text} {} {}", if c < 0 { '-' } else { '+' }, c.unsigned_abs()),
        }
    }
}

/// `offset + Σ multiple·index`, of whatever stands for an index: each once, in the order in which they came, none
/// zero times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine<I> {
    /// The indices and how often each counts.
    pub terms: Vec<(I, i64)>,
    /// What is added.
    pub offset: Form,
}

impl<I> Default for Affine<I> {
    fn default() -> Self {
        Self::fixed(Form::default())
    }
}

impl<I> Affine<I> {
    /// An index.
    #[must_use]
    pub fn of(index: I) -> Self {
        Self { terms: vec![(index, 1)], offset: Form::default() }
    }

    /// What no index changes.
    #[must_use]
    pub fn fixed(offset: Form) -> Self {
        Self { terms: Vec::new(), offset }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_constant(&self) -> Option<i64> {
        if self.terms.is_empty() { self.offset.as_constant() } else { None }
    }
}

impl<I: Clone + PartialEq> Affine<I> {
    /// The same of other indices.
    #[must_use]
    pub fn renamed<J: Clone + PartialEq>(&self, index: impl Fn(&I) -> J) -> Affine<J> {
        Affine::sum(self.terms.iter().map(|(i, n)| (index(i), *n)), self.offset.clone())
    }

    /// A sum of multiples of indices, which may be met more than once.
    #[must_use]
    pub fn sum(terms: impl IntoIterator<Item = (I, i64)>, offset: Form) -> Self {
        Self::default().plus(&Self { terms: terms.into_iter().collect(), offset }, 1)
    }

    /// `self + n·other`; what is beyond counting stays at the end of what can be counted.
    #[must_use]
    pub fn plus(&self, other: &Self, n: i64) -> Self {
        let mut terms = self.terms.clone();
        for (index, m) in &other.terms {
            let more = m.saturating_mul(n);
            match terms.iter_mut().find(|(i, _)| i == index) {
                Some((_, known)) => *known = known.saturating_add(more),
                None => terms.push((index.clone(), more)),
            }
        }
        terms.retain(|(_, n)| *n != 0);
        Self { terms, offset: self.offset.plus(&other.offset, n) }
    }

    /// `n·self`
    #[must_use]
    pub fn times(&self, n: i64) -> Self {
        Self::default().plus(self, n)
    }

    /// `self + n`
    #[must_use]
    pub fn shifted(&self, n: i64) -> Self {
        Self { terms: self.terms.clone(), offset: self.offset.shifted(n) }
    }

    /// How often an index counts.
    #[must_use]
    pub fn multiple(&self, index: &I) -> i64 {
        self.terms.iter().find(|(i, _)| i == index).map_or(0, |(_, n)| *n)
    }

    /// The same without an index.
    #[must_use]
    pub fn without(&self, index: &I) -> Self {
        let terms = self.terms.iter().filter(|(i, _)| i != index).cloned().collect();
        Self { terms, offset: self.offset.clone() }
    }

    /// What an index is where `self` is 0, if it counts once or minus once.
    #[must_use]
    pub fn solved_for(&self, index: &I) -> Option<Self> {
        let n = self.multiple(index);
        (n.abs() == 1).then(|| self.without(index).times(-n))
    }

    /// The same with a value in the place of an index.
    #[must_use]
    pub fn with(&self, index: &I, value: &Self) -> Self {
        match self.multiple(index) {
            0 => self.clone(),
            n => self.without(index).plus(value, n),
        }
    }
}

impl<I: Ord> Affine<I> {
    /// The same with its indices in order.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.terms.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affine(terms: &[(char, i64)], constant: i64) -> Affine<char> {
        Affine::sum(terms.iter().copied(), Form::constant(constant))
    }

    #[test]
    fn an_equation_says_what_an_index_is() {
        // 2 i − p + 3 = 0, and so p = 2 i + 3; of i it says nothing.
        let equation = affine(&[('i', 2), ('p', -1)], 3);
        assert_eq!(equation.solved_for(&'p'), Some(affine(&[('i', 2)], 3)));
        assert_eq!((equation.solved_for(&'i'), equation.solved_for(&'q')), (None, None));
        let value = equation.solved_for(&'p').unwrap_or_default();
        assert_eq!(affine(&[('p', -1), ('k', 1)], 1).with(&'p', &value), affine(&[('k', 1), ('i', -2)], -2));
        assert_eq!(equation.with(&'p', &value), Affine::default());
    }

    #[test]
    fn each_index_stands_once() {
        assert_eq!(affine(&[('i', 1), ('j', 1), ('i', -1)], 0), Affine::of('j'));
        assert_eq!(affine(&[('i', i64::MAX), ('i', 1)], 0).multiple(&'i'), i64::MAX);
        assert_eq!(affine(&[('j', 1), ('i', 2)], 0).in_order().terms, [('i', 2), ('j', 1)]);
        assert_eq!((affine(&[], 4).as_constant(), Affine::of('i').as_constant()), (Some(4), None));
    }
}
