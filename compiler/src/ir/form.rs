//! Forms of extents: whole numbers such as `n - 1` and `2*n + 3`, which the ends of ranges and the offsets of
//! subscripts are.

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
