//! What the methods of every door begin with: short names, arrays cut from a flat one, fields as variables.

use super::Model;
use crate::codegen::{self, Context};
use crate::schedule::{Plan, Storage};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Statements that need no model.
pub(super) struct Scaffold;

impl Scaffold {
    /// The type of a view of so many axes, one at least: ndarray has names for up to six.
    pub(super) fn view(axes: usize, mutable: bool) -> TokenStream {
        match (axes, mutable) {
            (1, false) => quote!(ArrayView1),
            (2, false) => quote!(ArrayView2),
            (3, false) => quote!(ArrayView3),
            (4, false) => quote!(ArrayView4),
            (5, false) => quote!(ArrayView5),
            (6, false) => quote!(ArrayView6),
            (_, false) => quote!(ArrayViewD),
            (1, true) => quote!(ArrayViewMut1),
            (2, true) => quote!(ArrayViewMut2),
            (3, true) => quote!(ArrayViewMut3),
            (4, true) => quote!(ArrayViewMut4),
            (5, true) => quote!(ArrayViewMut5),
            (6, true) => quote!(ArrayViewMut6),
            (_, true) => quote!(ArrayViewMutD),
        }
    }

    /// The type of an array of so many axes, one at least.
    pub(super) fn array(axes: usize) -> TokenStream {
        match axes {
            1 => quote!(Array1),
            2 => quote!(Array2),
            3 => quote!(Array3),
            4 => quote!(Array4),
            5 => quote!(Array5),
            6 => quote!(Array6),
            _ => quote!(ArrayD),
        }
    }

    /// What gives such a view or array its shape.
    pub(super) fn extents(extents: &[TokenStream]) -> TokenStream {
        if extents.len() > 6 { quote!(&[#(#extents),*][..]) } else { quote!([#(#extents),*]) }
    }

    /// The line that gives values their names.
    pub(super) fn names(names: &[Ident], values: Vec<TokenStream>) -> TokenStream {
        match (names, values.as_slice()) {
            ([], _) => TokenStream::new(),
            ([name], [value]) => quote!(let #name = #value;),
            (names, values) => quote!(let (#(#names),*) = (#(#values),*);),
        }
    }
}

impl Model {
    /// Items in a block of their own, where the runtime has a short name; lints that generated code may set
    /// off without being wrong are silent there.
    pub(super) fn block(&self, items: &TokenStream) -> TokenStream {
        let (runtime, rt) = (&self.runtime, &self.rt);
        quote! {
            #[allow(
                clippy::all,
                clippy::pedantic,
                clippy::nursery,
                clippy::restriction,
                non_snake_case,
                unused_doc_comments,
                unused_mut,
                unused_parens,
                unused_qualifications,
                unused_variables
            )]
            const _: () = {
                use #runtime::__private as #rt;
                #items
            };
        }
    }

    /// The line that cuts arrays of these sizes from the beginning of a flat one.
    pub(super) fn split(
        &self,
        names: &[Ident],
        from: &TokenStream,
        sizes: &TokenStream,
        mutable: bool,
    ) -> TokenStream {
        let rt = &self.rt;
        match (names.is_empty(), mutable) {
            (true, _) => TokenStream::new(),
            (false, true) => quote!(let [#(#names),*] = #rt::split_mut(&mut #from, #sizes);),
            (false, false) => quote!(let [#(#names),*] = #rt::split(&#from, #sizes);),
        }
    }

    /// The lines that bring those hyper-parameters into scope that a plan reads; vectors are checked.
    pub(super) fn hyper_bindings(&self, plan: &Plan, cx: &Context) -> TokenStream {
        let read = |name: &str| plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == name);
        let used: Vec<_> = self.fields.iter().filter(|f| read(&f.name)).collect();
        let names: Vec<Ident> = used.iter().map(|f| codegen::identifier(&f.name)).collect();
        let values = used.iter().map(|f| {
            let field = &f.ident;
            quote!(self.#field)
        });
        let mut code = Scaffold::names(&names, values.collect());
        let (rt, t) = (&self.rt, self.float.tokens());
        let shape = |name: &str| {
            let mut inputs = plan.buffers.iter().filter(|b| b.storage == Storage::Input);
            inputs.find(|b| b.name == name).and_then(|b| b.shape.first().copied())
        };
        for field in self.vectors() {
            let (name, own) = (&field.name, &field.ident);
            let Some(extent) = shape(name).map(|e| cx.extent(&plan.graph, e)) else { continue };
            let ident = codegen::identifier(name);
            code.extend(quote! {
                let #ident = #rt::Datum::<#t>::entries(&self.#own);
                let #ident = #rt::of_outputs(#name, #extent, &#ident)?;
            });
        }
        code
    }
}
