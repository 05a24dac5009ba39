//! The prepared problem: its type, what checks shapes and takes memory.

use super::*;

impl Items<'_> {
    pub(super) fn generics(&self) -> (TokenStream, TokenStream) {
        let runtime = &self.model.runtime;
        match &self.model.float {
            Float::Generic(t) => (quote!(<'p, #t: #runtime::Scalar>), quote!(<'p, #t>)),
            _ => (quote!(<'p>), quote!(<'p>)),
        }
    }

    pub(super) fn problem_type(&self) -> TokenStream {
        let vis = &self.model.input.vis;
        let (name, of, t) = (&self.problem, &self.model.input.ident, self.t());
        let (bounds, args) = self.generics();
        let fields = self.model.data.iter().map(|f| {
            let ident = codegen::identifier(&f.name);
            if f.rank == 0 { quote!(#ident: #t) } else { quote!(#ident: ::std::borrow::Cow<'p, [#t]>) }
        });
        let extents = self.extents.iter().map(|(n, _)| {
            let ident = format_ident!("extent_{}", codegen::identifier(n));
            quote!(#ident: usize)
        });
        let doc = format!(" [`{of}`], its shapes checked and its memory taken: what a solver calls.");
        let allow = allowances();
        let bind = self.bind_extents();
        let accessors = self.program.wrt.iter().enumerate().map(|(k, (variable, node))| {
            let ident = codegen::identifier(variable);
            let runtime = &self.model.runtime;
            let shape = self.graph().shape(*node);
            let before: Vec<TokenStream> = (0..k).map(|j| self.size(self.shape_of_wrt(j))).collect();
            let (start, size) = (quote!(0 #(+ #before)*), self.size(shape));
            let cx = self.context();
            let check = quote! {
                let n = #runtime::Objective::len(self);
                #runtime::check_length(n, x.len())?;
                let x = &x[#start..][..#size];
            };
            match shape {
                [] => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident(&self, x: &[#t]) -> ::core::result::Result<#t, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(x[0])
                        }
                    }
                }
                [_] => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> ::core::result::Result<#runtime::__private::ArrayView1<'x, #t>, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(#runtime::__private::ArrayView1::from(x))
                        }
                    }
                }
                extents => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    let dims: Vec<TokenStream> =
                        extents.iter().map(|&e| cx.extent(self.graph(), e)).collect();
                    let (r, c) = (&dims[0], &dims[1]);
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> ::core::result::Result<#runtime::__private::ArrayView2<'x, #t>, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(#runtime::__private::matrix(x, #r, #c))
                        }
                    }
                }
            }
        });
        quote! {
            #[doc = #doc]
            #allow
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #name #bounds {
                #(#fields,)*
                #(#extents,)*
                workspace: ::std::vec::Vec<#t>,
                lifetime: ::core::marker::PhantomData<&'p ()>,
            }

            #allow
            impl #bounds #name #args {
                #(#accessors)*
            }
        }
    }

    /// The lines that name the extents inside a method.
    pub(super) fn bind_extents(&self) -> TokenStream {
        let lines = self.extents.iter().map(|(n, _)| {
            let (ident, field) = (codegen::identifier(n), format_ident!("extent_{}", codegen::identifier(n)));
            quote!(let #ident = self.#field;)
        });
        quote!(#(#lines)*)
    }

    pub(super) fn prepare(&self, derivation: &derivation::Derivation) -> TokenStream {
        let runtime = &self.model.runtime;
        let vis = &self.model.input.vis;
        let (of, problem, t) = (&self.model.input.ident, &self.problem, self.t());
        let generics = crate::derive::generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let args = match &self.model.float {
            Float::Generic(t) => quote!(<'_, #t>),
            _ => quote!(<'_>),
        };
        let mut checks = TokenStream::new();
        let mut params: Vec<TokenStream> = Vec::new();
        for (name, origin) in &self.extents {
            let ident = codegen::identifier(name);
            match origin {
                Origin::Field(k, axis) => {
                    let field = &self.model.data[*k].ident;
                    let axis = Literal::usize_unsuffixed(*axis);
                    checks.extend(quote! {
                        let #ident = #runtime::__private::Datum::<#t>::extents(&self.#field)[#axis];
                    });
                }
                Origin::Parameter => params.push(quote!(#ident: usize)),
                Origin::Product(a, b) => {
                    let cx = self.context();
                    let (a, b) = (cx.extent(self.graph(), *a), cx.extent(self.graph(), *b));
                    checks.extend(quote!(let #ident = #a * #b;));
                }
            }
        }
        let cx = self.context();
        for f in self.model.data.iter().filter(|f| f.rank > 0) {
            let Some(node) = self.node(&f.name) else { continue };
            let (field, name) = (&f.ident, &f.name);
            let expected: Vec<TokenStream> =
                self.graph().shape(node).iter().map(|&e| cx.extent(self.graph(), e)).collect();
            checks.extend(quote! {
                #runtime::check_shape(
                    #name,
                    &[#(#expected),*],
                    &#runtime::__private::Datum::<#t>::extents(&self.#field),
                )?;
            });
        }
        let fields = self.model.data.iter().map(|f| {
            let (ident, field) = (codegen::identifier(&f.name), &f.ident);
            match (f.rank, f.reference) {
                (0, false) => quote!(#ident: self.#field),
                (0, true) => quote!(#ident: *self.#field),
                _ => quote!(#ident: #runtime::__private::Datum::<#t>::entries(&self.#field)),
            }
        });
        let extents = self.extents.iter().map(|(n, _)| {
            let (ident, field) = (codegen::identifier(n), format_ident!("extent_{}", codegen::identifier(n)));
            quote!(#field: #ident)
        });
        let rooms: Vec<TokenStream> = self.plans().iter().map(|p| self.room(p)).collect();
        let (text, latex) = (derivation.text(), derivation.latex());
        let allow = allowances();
        let given: Vec<String> = self
            .extents
            .iter()
            .filter(|(_, o)| matches!(o, Origin::Parameter))
            .map(|(n, _)| format!("`{n}`"))
            .collect();
        let doc = if given.is_empty() {
            " Checks the shapes and takes the memory, once.".to_owned()
        } else {
            format!(" Checks the shapes and takes the memory, once. No field tells {}.", given.join(", "))
        };
        quote! {
            #allow
            impl #impl_generics #of #type_generics #where_clause {
                /// The derivation, as text: the value, the gradient, the Hessian.
                #vis const DERIVATION: &'static str = #text;
                /// The derivation, as LaTeX.
                #vis const DERIVATION_LATEX: &'static str = #latex;

                #[doc = #doc]
                ///
                /// # Errors
                /// Where shapes do not fit: field, axis and both extents.
                #vis fn prepare(&self, #(#params),*) -> ::core::result::Result<#problem #args, #runtime::Error> {
                    #checks
                    let rooms = [0, #(#rooms),*];
                    let room = rooms.into_iter().max().unwrap_or(0);
                    ::core::result::Result::Ok(#problem {
                        #(#fields,)*
                        #(#extents,)*
                        workspace: ::std::vec![<#t as #runtime::Scalar>::ZERO; room],
                        lifetime: ::core::marker::PhantomData,
                    })
                }
            }
        }
    }

    /// Numbers that a plan takes of the workspace: its temporaries, and the blocks that are copied out.
    pub(super) fn room(&self, plan: &Plan) -> TokenStream {
        let cx = self.context();
        let sizes: Vec<TokenStream> = plan
            .buffers
            .iter()
            .filter(|b| matches!(b.storage, Storage::Temporary | Storage::Output))
            .map(|b| {
                let extents: Vec<TokenStream> = b.shape.iter().map(|&e| cx.extent(&plan.graph, e)).collect();
                quote!(1 #(* #extents)*)
            })
            .collect();
        quote!(0 #(+ #sizes)*)
    }
}
