//! Places as expressions: where in an array an entry is, when there is one.

use super::kernel::Kernel;
use super::{Context, Names};
use crate::ir::{Extent, Form, Graph, RelationKind};
use crate::schedule::{Condition, Named, Place, Plan};
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

/// What indices are written with.
#[derive(Clone, Copy)]
pub(super) struct Indexing<'a> {
    pub(super) g: &'a Graph,
    pub(super) arrays: Arrays<'a>,
    pub(super) cx: &'a Context,
}

/// What arrays are called.
#[derive(Clone, Copy)]
pub(super) enum Arrays<'a> {
    /// Those of a plan, by their buffers.
    Of(&'a Plan, &'a Names),
    /// Inputs, by their own names.
    Inputs,
}

impl Indexing<'_> {
    /// The position in an array of this shape of the entry at these places; with an axis of the loop left out
    /// of the last, that of its row.
    pub(super) fn offset(&self, shape: &[Extent], places: &[Place], left_out: Option<usize>) -> TokenStream {
        let mut flat: Option<TokenStream> = None;
        for (k, place) in places.iter().enumerate() {
            let place = match (place, left_out) {
                (p, Some(axis)) if k + 1 == places.len() => {
                    let affine = p.affine.without(&axis);
                    self.place(&Place { affine, named: p.named.clone() })
                }
                (other, _) => self.place(other),
            };
            flat = Some(match flat {
                None => place,
                Some(f) => {
                    let n = self.cx.extent(self.g, shape[k]);
                    let place = if place.to_string() == "0" { quote!() } else { quote!(+ #place) };
                    let f = if f.clone().into_iter().count() == 1 { f } else { quote!((#f)) };
                    quote!(#f * #n #place)
                }
            });
        }
        flat.unwrap_or_else(|| quote!(0))
    }

    /// A place as an index, of type `usize`.
    pub(super) fn place(&self, place: &Place) -> TokenStream {
        difference(&self.halves(place))
    }

    /// The whole number that data has at these places.
    fn datum(&self, Named { data, at }: &Named) -> TokenStream {
        let data = *data;
        let array = match self.arrays {
            Arrays::Of(plan, names) => plan.buffer_of.get(&data).map(|&b| names.of(b).clone()),
            Arrays::Inputs => {
                let input = self.g.inputs().iter().find(|i| i.node == data);
                input.map(|i| super::identifier(&i.name))
            }
        };
        let Some(array) = array else { return super::lost().tokens };
        let offset = self.offset(self.g.shape(data), at, None);
        quote!(#array[#offset])
    }

    /// What is added and what is taken away.
    pub(super) fn halves(&self, place: &Place) -> [Vec<TokenStream>; 2] {
        let Place { affine, named } = place;
        let indices = affine.terms.iter().map(|&(axis, n)| (Kernel::index(axis).to_token_stream(), n));
        let named = named.iter().map(|(named, n)| (self.datum(named), *n));
        self.cx.halves(self.g, indices.chain(named), &affine.offset)
    }

    /// Whether a relation holds, without taking away.
    pub(super) fn condition(&self, c: &Condition) -> TokenStream {
        let [plus, minus] = self.halves(&c.value).map(|half| summed(&half));
        match c.kind {
            RelationKind::Equal => quote!(#plus == #minus),
            RelationKind::AtLeast => quote!(#plus >= #minus),
        }
    }
}

impl Context {
    /// `offset + Σ multiple·index`, of expressions for indices: what is added and what is taken away.
    pub(super) fn halves(
        &self,
        g: &Graph,
        indices: impl IntoIterator<Item = (TokenStream, i64)>,
        offset: &Form,
    ) -> [Vec<TokenStream>; 2] {
        let offset = g.extents.resolved(offset);
        let extents = offset.terms.iter().map(|&(e, n)| (self.extent(g, e), n));
        let mut halves = [Vec::new(), Vec::new()];
        for (what, n) in indices.into_iter().chain(extents) {
            let times = Literal::u64_unsuffixed(n.unsigned_abs());
            let term = if n.unsigned_abs() == 1 { what } else { quote!(#times * #what) };
            halves[usize::from(n < 0)].push(term);
        }
        if offset.constant != 0 {
            let constant = Literal::u64_unsuffixed(offset.constant.unsigned_abs());
            halves[usize::from(offset.constant < 0)].push(quote!(#constant));
        }
        halves
    }
}

/// What is added less what is taken away, where that is not negative: in this order nothing on the way is,
/// either.
pub(super) fn difference([plus, minus]: &[Vec<TokenStream>; 2]) -> TokenStream {
    let sum = summed(plus);
    quote!(#sum #(- #minus)*)
}

pub(super) fn summed(parts: &[TokenStream]) -> TokenStream {
    if parts.is_empty() { quote!(0) } else { quote!(#(#parts)+*) }
}
