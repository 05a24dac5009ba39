//! Methods of scalars as one function, compiled for the processor at hand: where elementary functions take
//! the time.
//!
//! The function gets the flat vectors. Numbers handed over one by one go through memory, and would be read
//! there by twos before they are written: a function of six then takes 59 ns rather than 48.

use super::*;

impl Items<'_> {
    /// The lines of a method after its checks, where it is such a function; afterwards `out` is a variable,
    /// if there is one.
    pub(super) fn scalar_function(
        &self,
        plan: &Plan,
        cuts: &[Cut<'_>],
        out: Option<&Ident>,
    ) -> Option<TokenStream> {
        let rt = &self.model.rt;
        let scalars = |cut: &Cut<'_>| cut.parts.iter().all(|(_, shape)| shape.is_empty());
        let is_read = |name: &str| plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == name);
        let data: Vec<&DataField> = self.model.data.iter().filter(|f| is_read(&f.name)).collect();
        if !cuts.iter().all(scalars) || data.iter().any(|f| f.rank > 0) {
            return None;
        }
        let view = View::default();
        let code = codegen::scalars(plan, &self.context(), &|g, n| emit::text(g, n, &view))?;
        let mut vectors = Vec::new();
        let (mut arrays, mut before, mut after) =
            (TokenStream::new(), TokenStream::new(), TokenStream::new());
        for cut in cuts {
            let (from, n) = (&cut.from, cut.parts.len());
            let array = if cut.mutable {
                let results = plan.output_buffers.iter().skip(plan.output_buffers.len() - n);
                let results = results.map(|&id| Self::buffer(plan, id));
                after.extend(quote!(*#from = [#(#results),*];));
                quote!(array_mut)
            } else {
                let names = cut.parts.iter().map(|(name, _)| name);
                before.extend(quote!(let [#(#names),*] = *#from;));
                quote!(array)
            };
            vectors.push(from.clone());
            arrays.extend(quote!(let #from = #rt::#array(#from)?;));
        }
        let mut args = vectors.clone();
        if !data.is_empty() {
            let names: Vec<Ident> = data.iter().map(|f| codegen::identifier(&f.name)).collect();
            // Last: data may be called as the vectors are.
            before.extend(quote!(let [#(#names),*] = numbers;));
            vectors.push(quote!(numbers));
            args.push(quote!([#(self.#names),*]));
        }
        let (value, binding) = match out {
            Some(out) => (quote!(#out), quote!(let #out =)),
            None => (quote!(), quote!()),
        };
        let doc = " All steps, compiled together for the processor at hand.";
        Some(quote! {
            #arrays
            #[doc = #doc]
            #binding #rt::scalar_step((#(#args,)*), #[inline(always)] move |math, (#(#vectors,)*)| {
                #before
                #code
                #after
                #value
            });
        })
    }
}
