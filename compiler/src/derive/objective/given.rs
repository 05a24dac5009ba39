//! Other data of the same shapes, for a problem that is there: a method for each field.
//!
//! What depends on shapes alone was checked by `prepare`, and holds. What depends on entries is checked again: that a
//! matrix is symmetric, that whole numbers stay inside the axis that they name.

use super::*;
use crate::derive::scaffold::Scaffold;

impl Items<'_> {
    /// The methods.
    pub(super) fn given(&self) -> TokenStream {
        let (problem, (bounds, args)) = (&self.problem, self.generics());
        let fields = self.model.data.iter().enumerate();
        let fields: Vec<(usize, &DataField, NodeId)> = fields
            .filter(|(_, f)| self.is_kept(f))
            .filter_map(|(k, f)| Some((k, f, self.node(&f.name)?)))
            .collect();
        if fields.is_empty() {
            return TokenStream::new();
        }
        let names: Vec<String> = fields.iter().map(|(_, f, _)| format!("set_{}", f.name)).collect();
        let before = self.names_of_locals();
        let idents = self.other_methods(before.chain(names.iter().map(String::as_str)));
        let idents = &idents[idents.len() - fields.len()..];
        let methods = fields.iter().zip(idents).map(|(&(k, f, node), ident)| {
            if f.rank == 0 { self.set_number(f, ident) } else { self.set_entries(k, f, node, ident) }
        });
        quote! {
            impl #bounds #problem #args {
                #(#methods)*
            }
        }
    }

    fn set_number(&self, field: &DataField, ident: &Ident) -> TokenStream {
        let (vis, t, name) = (&self.model.input.vis, self.t(), codegen::identifier(&field.name));
        let doc = format!(" Another number for `{}`.", field.name);
        quote! {
            #[doc = #doc]
            #vis fn #ident(&mut self, number: #t) {
                self.#name = number;
            }
        }
    }

    fn set_entries(&self, k: usize, field: &DataField, node: NodeId, ident: &Ident) -> TokenStream {
        let (vis, rt, entry) = (&self.model.input.vis, &self.model.rt, self.entry_type(k));
        let (name, own) = (&field.name, codegen::identifier(&field.name));
        let cx = self.context_of_self();
        let extents: Vec<TokenStream> =
            self.graph().shape(node).iter().map(|&e| cx.extent(self.graph(), e)).collect();
        // A list is given as one, whatever lies in it.
        let (axes, shape) = if field.is_laid_out() {
            (1, vec![quote!(#rt::entries_of(&[#(#extents),*]))])
        } else {
            (field.rank, extents.clone())
        };
        let view = Scaffold::view(axes, false);
        let given = quote!(&entries.into());
        let work = if field.whole.is_some() {
            let Some((extents, reads)) = self.named_by(k, &cx) else { return TokenStream::new() };
            let slots = self.slot_names();
            let work = quote! {
                #rt::refill_places(
                    #name, &mut self.#own, [#(#shape),*], #given, &[#(#extents),*], &[#(#reads),*],
                )
            };
            // Where values go may depend on it.
            if slots.is_empty() {
                work
            } else {
                quote!(#work?; #(self.#slots = #rt::Slots::default();)* #rt::Ok(()))
            }
        } else if self.graph().is_declared_symmetric(node) {
            let n = &extents[0];
            quote! {
                #rt::refill_symmetric(#name, &mut self.#own, [#(#shape),*], #given, #n)
            }
        } else {
            quote!(#rt::refill(#name, &mut self.#own, [#(#shape),*], #given))
        };
        let doc = format!(
            " Other entries for `{name}`, as many as there are. They are copied, over those the problem owns."
        );
        quote! {
            #[doc = #doc]
            ///
            /// # Errors
            /// `ShapeMismatch`, where there are more or fewer, and what `prepare` refuses of entries. The problem is then
            /// what it was.
            #vis fn #ident<'v>(
                &mut self,
                entries: impl ::core::convert::Into<#rt::#view<'v, #entry>>,
            ) -> #rt::Result<(), #rt::Error> {
                #work
            }
        }
    }
}
