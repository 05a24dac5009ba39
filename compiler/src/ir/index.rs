//! Extents and indices.
//!
//! A gradient has exactly the index list of its variable; nothing in the graph is ever "transposed".

use super::form::Form;
use std::collections::{BTreeMap, HashMap};

/// How many values an index takes. Resolve with [`Extents::find`] before comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent(u32);

/// An index: the name of an axis while expressions are put together. Nodes themselves are positional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(u32);

/// What is known of an extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtentKind {
    /// A number.
    Constant(usize),
    /// A named extent, known at run time.
    Symbol(String),
    /// To be inferred: the size of `eye` or `vector(1)`.
    Unknown,
}

/// A form that must not be negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The form.
    pub form: Form,
    /// What it says.
    pub asks: Asks,
    /// The extent of the axis, or of the range.
    pub axis: Extent,
    /// The extents of the indices in the subscript: where one takes no value, nothing is asked.
    pub over: Vec<Extent>,
    /// The subscript or the range, as messages name it.
    pub text: String,
}

/// What a [`Bound`] says of a subscript or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The least value of a subscript is the form.
    Least,
    /// The greatest value of a subscript is so much below the last entry.
    Most,
    /// An end of a part is so much below the extent.
    End,
    /// A range has so many values.
    Count,
}

#[derive(Clone, Debug)]
enum Slot {
    Root(ExtentKind),
    Same(Extent),
}

/// All extents and indices of a graph; equal extents are joined.
///
/// An extent may be a [`Form`] of others, such as `n - 1`: it has a symbol of its own, like any other, and a
/// place in `forms`.
#[derive(Clone, Debug, Default)]
pub struct Extents {
    slots: Vec<Slot>,
    constants: HashMap<usize, Extent>,
    symbols: HashMap<String, Extent>,
    indices: Vec<Extent>,
    products: Vec<(Extent, (Extent, Extent))>,
    forms: Vec<(Extent, Form)>,
    /// Extents of indices whose ranges are still to be found, and equations in which they take part.
    pending: Vec<Extent>,
    deferred: Vec<(Extent, Extent)>,
    bounds: Vec<Bound>,
    needs: Vec<(Extent, String)>,
}

impl Extents {
    fn push(&mut self, kind: ExtentKind) -> Extent {
        self.slots.push(Slot::Root(kind));
        Extent(self.slots.len() as u32 - 1)
    }

    /// The extent that is this number.
    pub fn constant(&mut self, n: usize) -> Extent {
        if let Some(&e) = self.constants.get(&n) {
            return e;
        }
        let e = self.push(ExtentKind::Constant(n));
        self.constants.insert(n, e);
        e
    }

    /// The extent of this name.
    pub fn symbol(&mut self, name: &str) -> Extent {
        if let Some(&e) = self.symbols.get(name) {
            return e;
        }
        let e = self.push(ExtentKind::Symbol(name.to_owned()));
        self.symbols.insert(name.to_owned(), e);
        e
    }

    /// An extent that the context must settle.
    pub fn unknown(&mut self) -> Extent {
        self.push(ExtentKind::Unknown)
    }

    /// An extent of which nothing is known before the ranges of indices are found: equations that it takes part
    /// in wait.
    pub fn pending(&mut self) -> Extent {
        let e = self.unknown();
        self.pending.push(e);
        e
    }

    /// Whether an extent waits for the range of an index.
    #[must_use]
    pub fn is_pending(&self, e: Extent) -> bool {
        !self.pending.is_empty()
            && self.form(e).terms.iter().any(|(x, _)| self.pending.iter().any(|&p| self.find(p) == *x))
    }

    /// What was pending is this one.
    pub(crate) fn settle(&mut self, pending: Extent, known: Extent) {
        self.no_longer_pending(pending);
        let (from, to) = (self.find(pending), self.find(known));
        if from != to {
            self.slots[from.0 as usize] = Slot::Same(to);
            self.join_forms();
        }
    }

    pub(crate) fn no_longer_pending(&mut self, e: Extent) {
        self.pending.retain(|p| *p != e);
    }

    /// How many equations wait for the ranges of indices.
    #[must_use]
    pub fn deferred(&self) -> usize {
        self.deferred.len()
    }

    /// Whether any does.
    #[must_use]
    pub fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    pub(crate) fn take_deferred(&mut self) -> Vec<(Extent, Extent)> {
        std::mem::take(&mut self.deferred)
    }

    /// Makes two forms equal by an equation between extents; `false` where they cannot be, or nothing can be
    /// told from that.
    pub fn equate(&mut self, a: &Form, b: &Form) -> bool {
        let difference = self.resolved(a).plus(&self.resolved(b), -1);
        self.vanish(&difference)
    }

    /// Notes that a form must not be negative.
    pub(crate) fn must_hold(&mut self, bound: Bound) {
        let same = |b: &Bound| {
            (&b.form, b.asks, b.axis, &b.over) == (&bound.form, bound.asks, bound.axis, &bound.over)
        };
        if !self.bounds.iter().any(same) {
            self.bounds.push(bound);
        }
    }

    /// The forms that must not be negative.
    #[must_use]
    pub fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// The representative of all extents known to be equal to `e`.
    #[must_use]
    pub fn find(&self, mut e: Extent) -> Extent {
        while let Slot::Same(next) = self.slots[e.0 as usize] {
            e = next;
        }
        e
    }

    /// What is known of `e`.
    #[must_use]
    pub fn kind(&self, e: Extent) -> &ExtentKind {
        match &self.slots[self.find(e).0 as usize] {
            Slot::Root(kind) => kind,
            Slot::Same(_) => &ExtentKind::Unknown,
        }
    }

    /// What an extent is in terms of those that are no forms themselves.
    #[must_use]
    pub fn form(&self, e: Extent) -> Form {
        let e = self.find(e);
        match self.kind(e) {
            ExtentKind::Constant(n) => Form::constant(i64::try_from(*n).unwrap_or(i64::MAX)),
            // One that has become another extent says nothing of that.
            _ => match self.forms.iter().find(|(x, _)| *x == e) {
                Some((_, form)) => self.resolved(form),
                None => Form::of(e),
            },
        }
    }

    /// The form with every extent by what it is.
    #[must_use]
    pub fn resolved(&self, form: &Form) -> Form {
        let start = Form::constant(form.constant);
        form.terms.iter().fold(start, |sum, &(e, n)| sum.plus(&self.form(e), n))
    }

    /// The least and the greatest value of `offset + Σ multiple·index`, given the indices' extents; of an index
    /// that takes no value, as if it took −1 and 0.
    pub fn reach(&self, terms: impl IntoIterator<Item = (Extent, i64)>, offset: &Form) -> [Form; 2] {
        let offset = self.resolved(offset);
        let (mut least, mut most) = (offset.clone(), offset);
        for (e, n) in terms {
            let last = self.form(e).shifted(-1);
            let end = if n < 0 { &mut least } else { &mut most };
            *end = end.plus(&last, n);
        }
        [least, most]
    }

    /// The extent that a form is, where it is none of a negative number.
    pub fn affine(&mut self, form: &Form) -> Option<Extent> {
        let form = self.resolved(form);
        if let Some(n) = form.as_constant() {
            return usize::try_from(n).ok().map(|n| self.constant(n));
        }
        if let ([(e, 1)], 0) = (form.terms.as_slice(), form.constant) {
            return Some(*e);
        }
        if let Some((e, _)) = self.forms.iter().find(|(e, _)| self.form(*e) == form) {
            return Some(self.find(*e));
        }
        let e = self.push(ExtentKind::Symbol(self.text(&form)));
        self.forms.push((e, form));
        Some(e)
    }

    /// The form that an extent was made of, where it is one that [`Self::affine`] made and no number by now.
    #[must_use]
    pub fn derived(&self, e: Extent) -> Option<Form> {
        let e = self.find(e);
        let known = self.forms.iter().any(|(x, _)| *x == e);
        (known && self.as_constant(e).is_none()).then(|| self.form(e))
    }

    /// How many values an index over it takes, given those of symbols; `unknown` of one that nothing tells.
    #[must_use]
    pub fn size(&self, e: Extent, sizes: &BTreeMap<String, usize>, unknown: usize) -> usize {
        let size = |e| self.size(e, sizes, unknown);
        match self.kind(e) {
            ExtentKind::Constant(n) => *n,
            ExtentKind::Symbol(name) => match (sizes.get(name), self.factors(e), self.derived(e)) {
                (Some(n), ..) => *n,
                (None, Some((a, b)), _) => size(a) * size(b),
                (None, None, Some(form)) => usize::try_from(form.value(size)).unwrap_or(0),
                (None, None, None) => unknown,
            },
            ExtentKind::Unknown => unknown,
        }
    }

    /// The form as a person writes it.
    #[must_use]
    pub fn text(&self, form: &Form) -> String {
        form.text(|e| self.name(e))
    }

    /// Makes two extents one, by what one of them is made of where that is what it takes; `false` where they
    /// cannot be equal, or no extent can be told from that.
    fn solve(&mut self, a: Extent, b: Extent) -> bool {
        let difference = self.form(a).plus(&self.form(b), -1);
        self.vanish(&difference)
    }

    /// Makes a form 0.
    fn vanish(&mut self, difference: &Form) -> bool {
        if let Some(n) = difference.as_constant() {
            return n == 0;
        }
        // Of those that can be told, one that nothing is known of; else the youngest.
        let told = difference.terms.iter().filter(|(_, n)| n.abs() == 1);
        let unknown = |e: Extent| *self.kind(e) == ExtentKind::Unknown;
        let Some(&(e, n)) = told.max_by_key(|(e, _)| (unknown(*e), *e)) else { return false };
        // e·n + rest = 0
        let value = difference.plus(&Form::of(e), -n).times(-n);
        let Some(same) = self.affine(&value) else { return false };
        if self.find(same) != e {
            self.slots[e.0 as usize] = Slot::Same(same);
        }
        self.join_forms();
        true
    }

    /// Joins forms that have become equal to one another or to what is none.
    fn join_forms(&mut self) {
        for k in 0..self.products.len() {
            let (product, (a, b)) = self.products[k];
            let e = self.find(product);
            if let (Some(m), Some(n), None) = (self.as_constant(a), self.as_constant(b), self.as_constant(e))
                && let Some(size) = m.checked_mul(n)
            {
                let size = self.constant(size);
                self.slots[e.0 as usize] = Slot::Same(size);
            }
        }
        for k in 0..self.forms.len() {
            let e = self.find(self.forms[k].0);
            if self.forms[k].0 != e {
                continue;
            }
            let form = self.form(e);
            let same = match (form.as_constant(), form.terms.as_slice()) {
                (Some(n), _) => usize::try_from(n).ok().map(|n| self.constant(n)),
                (None, &[(x, 1)]) if form.constant == 0 => Some(x),
                _ => (self.forms[..k].iter().map(|(x, _)| self.find(*x))).find(|&x| self.form(x) == form),
            };
            if let Some(same) = same.filter(|&same| same != e) {
                self.slots[e.0 as usize] = Slot::Same(same);
            }
        }
    }

    /// Makes two extents one; `false` where both are numbers and differ.
    pub fn unify(&mut self, a: Extent, b: Extent) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return true;
        }
        if self.is_pending(a) || self.is_pending(b) {
            self.deferred.push((a, b));
            return true;
        }
        if self.derived(a).is_some() || self.derived(b).is_some() {
            return self.solve(a, b);
        }
        let rank = |kind: &ExtentKind| match kind {
            ExtentKind::Constant(_) => 0,
            ExtentKind::Symbol(_) => 1,
            ExtentKind::Unknown => 2,
        };
        let (ka, kb) = (rank(self.kind(a)), rank(self.kind(b)));
        if ka == 0 && kb == 0 {
            return false;
        }
        let (keep, drop) = if (ka, a) <= (kb, b) { (a, b) } else { (b, a) };
        self.slots[drop.0 as usize] = Slot::Same(keep);
        self.join_forms();
        true
    }

    /// The extent as a person writes it.
    #[must_use]
    pub fn name(&self, e: Extent) -> String {
        match self.kind(e) {
            ExtentKind::Constant(n) => n.to_string(),
            ExtentKind::Symbol(name) => match (self.factors(e), self.derived(e)) {
                (Some((a, b)), _) => format!("{}*{}", self.name(a), self.name(b)),
                (None, Some(form)) => self.text(&form),
                (None, None) => name.clone(),
            },
            ExtentKind::Unknown => "?".to_owned(),
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub fn as_constant(&self, e: Extent) -> Option<usize> {
        match self.kind(e) {
            ExtentKind::Constant(n) => Some(*n),
            _ => None,
        }
    }

    /// The extents that `e` is the product of, where it is one that [`Self::product`] made; none of what is its own product
    /// with 1.
    #[must_use]
    pub fn factors(&self, e: Extent) -> Option<(Extent, Extent)> {
        let same = |x: Extent| self.find(x) == self.find(e);
        self.products
            .iter()
            .find(|(product, _)| same(*product))
            .map(|(_, f)| *f)
            .filter(|&(a, b)| !same(a) && !same(b))
    }

    /// The extents that are no products or forms of others, of which `e` is made; of a number none.
    #[must_use]
    pub fn roots(&self, e: Extent) -> Vec<Extent> {
        let e = self.find(e);
        if self.as_constant(e).is_some() {
            return Vec::new();
        }
        let parts = match (self.factors(e), self.derived(e)) {
            (Some((a, b)), _) => vec![a, b],
            (None, Some(form)) => form.terms.iter().map(|(x, _)| *x).filter(|&x| self.find(x) != e).collect(),
            (None, None) => return vec![e],
        };
        let mut found = Vec::new();
        for root in parts.into_iter().flat_map(|part| self.roots(part)) {
            if !found.contains(&root) {
                found.push(root);
            }
        }
        found
    }

    /// All products that were made, each with what it is the product of.
    pub fn products(&self) -> impl Iterator<Item = (Extent, (Extent, Extent))> + '_ {
        self.products.iter().copied()
    }

    /// The product of two extents: what `kron` makes; none where it is beyond counting.
    pub fn product(&mut self, a: Extent, b: Extent) -> Option<Extent> {
        if let (Some(m), Some(n)) = (self.as_constant(a), self.as_constant(b)) {
            return m.checked_mul(n).map(|size| self.constant(size));
        }
        let same = |x: Extent, y: Extent| self.find(x) == self.find(y);
        let known = self.products.iter().find(|(_, (x, y))| same(*x, a) && same(*y, b));
        if let Some((product, _)) = known {
            return Some(*product);
        }
        let name = format!("{}*{}", self.name(a), self.name(b));
        let product = self.push(ExtentKind::Symbol(name));
        self.products.push((product, (a, b)));
        Some(product)
    }

    /// Notes that `text` has no value where `extent` is 0: a mean of nothing, a largest number of none.
    pub fn need(&mut self, extent: Extent, text: &str) {
        if !self.needs.iter().any(|(e, t)| *e == extent && t == text) {
            self.needs.push((extent, text.to_owned()));
        }
    }

    /// The extents that must not be 0, each once, with the first text that has no value then.
    #[must_use]
    pub fn needs(&self) -> Vec<(Extent, &str)> {
        let mut found: Vec<(Extent, &str)> = Vec::new();
        for (e, text) in &self.needs {
            let e = self.find(*e);
            if !found.iter().any(|(other, _)| *other == e) {
                found.push((e, text));
            }
        }
        found
    }

    /// A new index over `extent`.
    pub fn index(&mut self, extent: Extent) -> Index {
        self.indices.push(extent);
        Index(self.indices.len() as u32 - 1)
    }

    /// The extent of an index.
    #[must_use]
    pub fn of(&self, index: Index) -> Extent {
        self.find(self.indices[index.0 as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn less(extents: &mut Extents, e: Extent, n: i64) -> Extent {
        extents.affine(&Form::of(e).shifted(-n)).unwrap()
    }

    #[test]
    fn forms_are_extents_of_their_own() {
        let mut extents = Extents::default();
        let n = extents.symbol("n");
        let one = less(&mut extents, n, 1);
        assert_eq!(less(&mut extents, one, 1), less(&mut extents, n, 2));
        assert_eq!((extents.name(one), extents.affine(&Form::of(n))), ("n - 1".to_owned(), Some(n)));
        let five = extents.constant(5);
        assert!(extents.unify(n, five));
        assert_eq!((extents.as_constant(one), extents.derived(one)), (Some(4), None));
        assert_eq!(extents.affine(&Form::constant(-1)), None);
    }

    #[test]
    fn an_extent_is_made_of_others() {
        let mut extents = Extents::default();
        let [n, m, one] = [extents.symbol("n"), extents.symbol("m"), extents.constant(1)];
        let product = extents.product(n, m).unwrap();
        let form = extents.affine(&Form::of(product).plus(&Form::of(n), 2).shifted(-1)).unwrap();
        assert_eq!(
            (extents.roots(n), extents.roots(one), extents.roots(form)),
            (vec![n], vec![], vec![n, m])
        );
        // What is its own product with 1 is no product.
        let k = extents.symbol("k");
        let same = extents.product(k, one).unwrap();
        assert!(extents.unify(same, k));
        assert_eq!((extents.factors(k), extents.roots(same)), (None, vec![extents.find(k)]));
    }

    #[test]
    fn equations_between_forms_are_solved() {
        let mut extents = Extents::default();
        let (n, m) = (extents.symbol("n"), extents.symbol("m"));
        let one = less(&mut extents, n, 1);
        // m = n − 1, so that it is not n.
        assert!(extents.unify(m, one) && !extents.unify(m, n));
        // n = m + k, whatever stands for what.
        let mut extents = Extents::default();
        let [n, m, k] = ["n", "m", "k"].map(|name| extents.symbol(name));
        let sum = extents.affine(&Form::of(m).plus(&Form::of(k), 1)).unwrap();
        assert!(extents.unify(n, sum));
        assert_eq!(extents.form(n), extents.form(sum));
        // 2 n = 3 says nothing of n that there is.
        let mut extents = Extents::default();
        let (n, three) = (extents.symbol("n"), extents.constant(3));
        let twice = extents.affine(&Form::of(n).times(2)).unwrap();
        assert!(!extents.unify(twice, three));
    }

    #[test]
    fn equations_wait_for_ranges() {
        let mut extents = Extents::default();
        let (n, open) = (extents.symbol("n"), extents.pending());
        let two = extents.constant(2);
        assert!(extents.unify(open, n) && extents.unify(open, two));
        assert_eq!(extents.take_deferred().len(), 2);
        extents.settle(open, two);
        assert!(extents.unify(open, n));
        assert_eq!(extents.as_constant(n), Some(2));
    }
}
