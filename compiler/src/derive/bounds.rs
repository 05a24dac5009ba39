//! Code about forms of extents, `n - 1`, before it is known that none is negative; and the checks of that.

use crate::codegen::Context;
use crate::ir::{Asks, Bound, Extent, ExtentKind, Form, Graph};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Writes forms of a graph's extents.
pub(super) struct Forms<'a> {
    pub(super) g: &'a Graph,
    pub(super) cx: Context,
}

impl Forms<'_> {
    /// An extent: 0 where its form is negative.
    pub(super) fn clamped(&self, e: Extent) -> TokenStream {
        let rt = &self.cx.rt;
        match self.g.extents.derived(e) {
            Some(form) => {
                let form = self.parts(&form);
                quote!(#rt::extent(#form))
            }
            None => self.cx.extent(self.g, e),
        }
    }

    /// The constant and the terms of a form.
    pub(super) fn parts(&self, form: &Form) -> TokenStream {
        let constant = signed(form.constant);
        let terms = form.terms.iter().map(|&(e, n)| {
            let (n, e) = (signed(n), self.cx.extent(self.g, e));
            quote!((#n, #e))
        });
        quote!(#constant, &[#(#terms),*])
    }

    /// The value of a form.
    pub(super) fn affine(&self, form: &Form) -> TokenStream {
        let (rt, parts) = (&self.cx.rt, self.parts(form));
        quote!(#rt::affine(#parts))
    }

    /// The lines that refuse ranges of a negative length, and subscripts that are outside.
    pub(super) fn checks(&self, bounds: &[Bound]) -> TokenStream {
        // Ranges first: what is outside of one that is none has no place to speak of.
        let (ranges, others): (Vec<&Bound>, Vec<&Bound>) =
            bounds.iter().filter(|b| !b.form.is_never_negative()).partition(|b| b.asks == Asks::Count);
        ranges.into_iter().chain(others).map(|bound| self.check(bound)).collect()
    }

    fn check(&self, Bound { form, asks, axis, over, text }: &Bound) -> TokenStream {
        let (rt, extents) = (&self.cx.rt, &self.g.extents);
        let whole = extents.form(*axis);
        let value = match asks {
            Asks::Count => return self.range(text, form),
            Asks::Least => form.clone(),
            Asks::Most => whole.shifted(-1).plus(form, -1),
            Asks::End => whole.plus(form, -1),
        };
        let check = if *asks == Asks::End { quote!(check_end) } else { quote!(check_subscript) };
        let (value, axis) = (self.affine(&value), self.clamped(*axis));
        let check = quote!(#rt::#check(#text, #value, #axis)?;);
        // Of nothing, nothing is asked.
        let open = over.iter().filter(|&&e| extents.as_constant(e).is_none_or(|n| n == 0));
        let some: Vec<TokenStream> = open.map(|&e| self.clamped(e)).collect();
        if some.is_empty() { check } else { quote!(if #(#some > 0)&&* { #check }) }
    }

    /// The line that refuses a range of a negative length.
    pub(super) fn range(&self, text: &str, length: &Form) -> TokenStream {
        let (rt, length) = (&self.cx.rt, self.affine(length));
        quote!(#rt::check_range(#text, #length)?;)
    }

    /// The line that refuses a range of nothing, of which the part of the formula has no value.
    pub(super) fn some(&self, text: &str, length: &Form) -> TokenStream {
        if length.shifted(-1).is_never_negative() {
            return TokenStream::new();
        }
        let (rt, text, length) = (&self.cx.rt, format!("`{text}`"), self.affine(length));
        quote!(#rt::check_some_of(#text, #length)?;)
    }
}

/// What must not be negative, by what extents are now.
pub(super) fn resolved(g: &Graph) -> Vec<Bound> {
    let bounds = g.extents.bounds().iter();
    bounds.map(|b| Bound { form: g.extents.resolved(&b.form), ..b.clone() }).collect()
}

/// The extents that are neither numbers nor made of others of which one is made, in order, each once.
pub(super) fn roots(g: &Graph, e: Extent, found: &mut Vec<Extent>) {
    let e = g.extents.find(e);
    if !matches!(g.extents.kind(e), ExtentKind::Symbol(_)) {
        return;
    }
    if let Some((a, b)) = factors(g, e) {
        roots(g, a, found);
        roots(g, b, found);
    } else if let Some(form) = g.extents.derived(e) {
        form.terms.iter().for_each(|(e, _)| roots(g, *e, found));
    } else if !found.contains(&e) {
        found.push(e);
    }
}

/// The extents that one is the product of.
pub(super) fn factors(g: &Graph, e: Extent) -> Option<(Extent, Extent)> {
    let same = |x: Extent| g.extents.find(x) == g.extents.find(e);
    g.extents.factors(e).filter(|&(a, b)| !same(a) && !same(b))
}

/// A whole number of type `i64`.
pub(super) fn signed(n: i64) -> TokenStream {
    let magnitude = Literal::u64_unsuffixed(n.unsigned_abs());
    if n < 0 { quote!(-#magnitude) } else { quote!(#magnitude) }
}
