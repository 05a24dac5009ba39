//! Sums of many terms that a nest adds to the entries of an array.
//!
//! Most are summed along one axis of the loop: that axis is in runs, and after each the runtime puts away what
//! the entries hold. Others, of three axes or more, have an array beside them, of what each entry is too large
//! by. Neither is for sums of a few terms.

use super::*;

/// Terms that may be added one after the other: rows of a run of the runtime's.
const FEW_TERMS: usize = 48;

impl Kernel<'_> {
    /// The axes along which terms are added to an array's entries, if these are many or nobody knows.
    fn added_along(&self, s: &Sum) -> Vec<usize> {
        // Along the innermost axis the sum is in a variable, or in lanes.
        let loops = if s.lanes { self.innermost().min(self.l.space.len()) } else { self.l.space.len() };
        let axes: Vec<usize> = (0..loops).filter(|axis| !s.out.contains(axis)).collect();
        let extents: Vec<Extent> = axes.iter().map(|&axis| self.l.space[axis]).collect();
        let few = constant_product(self.g, &extents).is_some_and(|n| n <= FEW_TERMS);
        if self.walk != Walk::Nest || s.access.is_none() || s.max || few || s.scattered || axes.is_empty() {
            Vec::new()
        } else {
            axes
        }
    }

    /// The axis whose iterations are in runs for this sum: the entries that they add to lie together.
    fn run_axis(&self, s: &Sum) -> Option<usize> {
        match self.added_along(s)[..] {
            [axis] if s.out.iter().take(axis).copied().eq(0..axis) => Some(axis),
            _ => None,
        }
    }

    /// Whether what the entries are too large by is in an array beside them.
    pub(super) fn is_apart(&self, s: &Sum) -> bool {
        !self.added_along(s).is_empty() && self.run_axis(s).is_none()
    }

    /// That array.
    pub(super) fn excess(&self, s: &Sum) -> Ident {
        unique(self.names, &mut BTreeSet::new(), &format!("excess_{}", s.name))
    }

    /// The loop along an axis, in runs, if sums want that.
    pub(super) fn in_runs(&self, axis: usize, n: &TokenStream, code: &TokenStream) -> Option<TokenStream> {
        let mut buffers = BTreeSet::new();
        let mut arrays = Vec::new();
        for s in self.sums.iter().filter(|s| self.run_axis(s) == Some(axis)) {
            let Some(a) = s.access.map(|k| &self.accesses[k]).filter(|a| buffers.insert(a.buffer)) else {
                continue;
            };
            let array = self.names.of(a.buffer);
            if axis == 0 {
                arrays.push(Self::borrowed(array, true));
                continue;
            }
            // The entries that the loops around this one have come to.
            let around = Access { axes: a.axes[..axis].to_vec(), ..a.clone() };
            let (offset, len) = (self.offset(&around, false), self.cx.product(self.g, &a.shape[axis..]));
            arrays.push(quote!(&mut #array[(#offset) * (#len)..][..#len]));
        }
        if arrays.is_empty() {
            return None;
        }
        let (rt, i) = (&self.cx.rt, Self::index(axis));
        let [runs, range] = ["runs", "range"].map(|name| unique(self.names, &mut BTreeSet::new(), name));
        Some(quote! {
            let mut #runs = #rt::Runs::of(#n);
            while let #rt::Some(#range) = #runs.next([#(#arrays),*]) {
                for #i in #range { #code }
            }
        })
    }
}
