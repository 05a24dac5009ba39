//! Extents and indices.
//!
//! A gradient has exactly the index list of its variable; nothing in the graph is ever "transposed".

use std::collections::HashMap;

/// How many values an index takes. Resolve with [`Extents::find`] before comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent(u32);

/// An index: the name of an axis while expressions are put together. Nodes themselves are positional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

#[derive(Clone, Debug)]
enum Slot {
    Root(ExtentKind),
    Same(Extent),
}

/// All extents and indices of a graph; equal extents are joined.
#[derive(Clone, Debug, Default)]
pub struct Extents {
    slots: Vec<Slot>,
    constants: HashMap<usize, Extent>,
    symbols: HashMap<String, Extent>,
    indices: Vec<Extent>,
    products: Vec<(Extent, (Extent, Extent))>,
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

    /// Makes two extents one; `false` where both are numbers and differ.
    pub fn unify(&mut self, a: Extent, b: Extent) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return true;
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
        true
    }

    /// The extent as a person writes it.
    #[must_use]
    pub fn name(&self, e: Extent) -> String {
        match self.kind(e) {
            ExtentKind::Constant(n) => n.to_string(),
            ExtentKind::Symbol(name) => name.clone(),
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

    /// The extents that `e` is the product of, where it is one that [`Self::product`] made.
    #[must_use]
    pub fn factors(&self, e: Extent) -> Option<(Extent, Extent)> {
        self.products.iter().find(|(product, _)| self.find(*product) == self.find(e)).map(|(_, f)| *f)
    }

    /// The product of two extents: what `kron` makes; none where it is beyond counting.
    pub fn product(&mut self, a: Extent, b: Extent) -> Option<Extent> {
        if let (Some(m), Some(n)) = (self.as_constant(a), self.as_constant(b)) {
            return m.checked_mul(n).map(|size| self.constant(size));
        }
        let name = format!("{}*{}", self.name(a), self.name(b));
        let product = self.symbol(&name);
        if self.factors(product).is_none() {
            self.products.push((product, (a, b)));
        }
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
