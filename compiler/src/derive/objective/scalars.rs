//! Methods of scalars as one function, compiled for the processor at hand: where elementary functions take the time.
//!
//! The function gets the flat vectors. Numbers handed over one by one go through memory, and would be read there by twos
//! before they are written: a function of six then takes 59 ns rather than 48.

use super::*;

impl Items<'_> {
    /// The lines of a method after its checks, where it is such a function; afterwards `out` is a variable, if there is one.
    pub(super) fn scalar_function(
        &self,
        plan: &Plan,
        cuts: &[Cut<'_>],
        out: Option<&Ident>,
    ) -> Option<TokenStream> {
        let (runtime, t) = (&self.model.runtime, self.t());
        let scalars = |cut: &Cut<'_>| cut.parts.iter().all(|(_, shape)| shape.is_empty());
        let is_read = |name: &str| plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == name);
        let data: Vec<&DataField> = self.model.data.iter().filter(|f| is_read(&f.name)).collect();
        if !cuts.iter().all(scalars) || data.iter().any(|f| f.rank > 0) {
            return None;
        }
        let view = View::default();
        let code = codegen::scalars(plan, &self.context(), &|g, n| emit::text(g, n, &view))?;
        let (mut vectors, mut types) = (Vec::new(), Vec::new());
        let (mut arrays, mut before, mut after) =
            (TokenStream::new(), TokenStream::new(), TokenStream::new());
        for cut in cuts {
            let (from, n) = (&cut.from, cut.parts.len());
            let count = Literal::usize_unsuffixed(n);
            let array = if cut.mutable {
                let results = plan.output_buffers.iter().skip(plan.output_buffers.len() - n);
                let results = results.map(|&id| Self::buffer(plan, id));
                after.extend(quote!(*#from = [#(#results),*];));
                types.push(quote!(&mut [#t; #count]));
                quote!(array_mut)
            } else {
                let names = cut.parts.iter().map(|(name, _)| name);
                before.extend(quote!(let [#(#names),*] = *#from;));
                types.push(quote!(&[#t; #count]));
                quote!(array)
            };
            vectors.push(from.clone());
            arrays.extend(quote!(let #from = #runtime::__private::#array(#from)?;));
        }
        let mut args = vectors.clone();
        if !data.is_empty() {
            let names: Vec<Ident> = data.iter().map(|f| codegen::identifier(&f.name)).collect();
            let count = Literal::usize_unsuffixed(names.len());
            // Last: data may be called as the vectors are.
            before.extend(quote!(let [#(#names),*] = numbers;));
            vectors.push(quote!(numbers));
            types.push(quote!([#t; #count]));
            args.push(quote!([#(self.#names),*]));
        }
        let generics = match &self.model.float {
            Float::Generic(t) => quote!(<#t: #runtime::Scalar>),
            _ => quote!(),
        };
        let (returns, binding) = match out {
            Some(out) => (quote!(-> #t), quote!(let #out =)),
            None => (quote!(), quote!()),
        };
        Some(quote! {
            /// All steps, compiled together for the processor at hand.
            #[inline(always)]
            fn steps #generics (math: #runtime::simd::Math, (#(#vectors,)*): (#(#types,)*)) #returns {
                #before
                #code
                #after
                #out
            }
            #arrays
            #binding #runtime::scalars!(steps, (#(#args,)*));
        })
    }
}
