//! The types: parameters in one buffer with named views, a workspace.

use super::*;
use crate::derive::scaffold::Scaffold;

impl Items<'_> {
    pub(super) fn parameters_type(&self) -> (TokenStream, TokenStream) {
        let vis = &self.model.input.vis;
        let (name, network) = (&self.parameters, &self.model.input.ident);
        let rt = &self.model.rt;
        let t = self.t();
        let (bounds, args) = self.type_generics();
        let total = Literal::usize_unsuffixed(self.total());
        let doc = format!(
            " The {} parameters of [`{network}`], or a gradient by them, in one buffer, row by row: {}.",
            self.total(),
            self.tensors.iter().map(|p| format!("`{}`", p.name)).collect::<Vec<_>>().join(", ")
        );
        let views = self.tensors.iter().map(|p| {
            let (ident, mutable) = (&p.view, format_ident!("{}_mut", p.view));
            let (start, end) =
                (Literal::usize_unsuffixed(p.offset), Literal::usize_unsuffixed(p.offset + p.len()));
            let what = match p.role {
                Role::Weight => "The weights",
                Role::Bias => "The biases",
                Role::Plain => "The tensor",
            };
            match p.shape.as_slice() {
                [r, c] => {
                    let doc = format!(" {what} `{}`, {r}×{c}.", p.name);
                    let (r, c) = (Literal::usize_unsuffixed(*r), Literal::usize_unsuffixed(*c));
                    quote! {
                        #[doc = #doc]
                        #[must_use]
                        #vis fn #ident(&self) -> #rt::ArrayView2<'_, #t> {
                            #rt::matrix(&self.buffer[#start..#end], #r, #c)
                        }
                        #[doc = #doc]
                        #vis fn #mutable(&mut self) -> #rt::ArrayViewMut2<'_, #t> {
                            #rt::matrix_mut(&mut self.buffer[#start..#end], #r, #c)
                        }
                    }
                }
                shape if shape.len() > 2 => {
                    let by: Vec<String> = shape.iter().map(ToString::to_string).collect();
                    let doc = format!(" {what} `{}`, {}.", p.name, by.join("×"));
                    let [view, view_mut] = [false, true].map(|mutable| Scaffold::view(shape.len(), mutable));
                    let shape = shape.iter().map(|n| Literal::usize_unsuffixed(*n).to_token_stream());
                    let extents = Scaffold::extents(&shape.collect::<Vec<_>>());
                    quote! {
                        #[doc = #doc]
                        #[must_use]
                        #vis fn #ident(&self) -> #rt::#view<'_, #t> {
                            #rt::tensor(&self.buffer[#start..#end], #extents)
                        }
                        #[doc = #doc]
                        #vis fn #mutable(&mut self) -> #rt::#view_mut<'_, #t> {
                            #rt::tensor_mut(&mut self.buffer[#start..#end], #extents)
                        }
                    }
                }
                shape => {
                    let doc = format!(" {what} `{}`, of length {}.", p.name, shape.iter().product::<usize>());
                    quote! {
                        #[doc = #doc]
                        #[must_use]
                        #vis fn #ident(&self) -> #rt::ArrayView1<'_, #t> {
                            #rt::ArrayView1::from(&self.buffer[#start..#end])
                        }
                        #[doc = #doc]
                        #vis fn #mutable(&mut self) -> #rt::ArrayViewMut1<'_, #t> {
                            #rt::ArrayViewMut1::from(&mut self.buffer[#start..#end])
                        }
                    }
                }
            }
        });
        let table = self.tensors.iter().map(|p| {
            let name = &p.name;
            let offset = Literal::usize_unsuffixed(p.offset);
            let shape = p.shape.iter().map(|n| Literal::usize_unsuffixed(*n));
            quote!(#rt::TensorSpec::new(#name, #offset, &[#(#shape),*]))
        });
        let definition = quote! {
            #[doc = #doc]
            #[allow(clippy::nursery, clippy::restriction)]
            #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
            #vis struct #name #bounds {
                buffer: ::std::vec::Vec<#t>,
            }
        };
        let methods = quote! {
            impl #bounds #name #args {
                /// All parameters 0, in a new buffer.
                #[must_use]
                #vis fn zeros() -> Self {
                    Self { buffer: #rt::zeros(#total) }
                }
                /// All parameters, tensor after tensor, row by row.
                #[must_use]
                #vis fn as_slice(&self) -> &[#t] {
                    &self.buffer
                }
                /// All parameters, tensor after tensor, row by row.
                #vis fn as_mut_slice(&mut self) -> &mut [#t] {
                    &mut self.buffer
                }
                #(#views)*
            }

            #[automatically_derived]
            impl #bounds #rt::Parameters for #name #args {
                type Scalar = #t;
                const TENSORS: &'static [#rt::TensorSpec] = &[#(#table),*];
                fn zeros() -> Self {
                    Self::zeros()
                }
                fn as_slice(&self) -> &[#t] {
                    &self.buffer
                }
                fn as_mut_slice(&mut self) -> &mut [#t] {
                    &mut self.buffer
                }
            }
        };
        (definition, methods)
    }

    pub(super) fn workspace_type(&self) -> (TokenStream, TokenStream) {
        let vis = &self.model.input.vis;
        let (name, network) = (&self.workspace, &self.model.input.ident);
        let t = self.t();
        let (bounds, args) = self.type_generics();
        let doc =
            format!(" Memory for batches of [`{network}`], made once; it serves every batch up to its size.");
        let definition = quote! {
            #[doc = #doc]
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #name #bounds {
                capacity: usize,
                buffer: ::std::vec::Vec<#t>,
            }
        };
        let methods = quote! {
            impl #bounds #name #args {
                /// The largest batch it serves.
                #[must_use]
                #vis fn capacity(&self) -> usize {
                    self.capacity
                }
            }
        };
        (definition, methods)
    }

    /// Numbers that the temporaries of a plan take: per example, and besides.
    pub(super) fn workspace_numbers(plan: &Plan, batch: Extent) -> (usize, usize) {
        let (mut per_example, mut fixed) = (0, 0);
        for b in plan.buffers.iter().filter(|b| b.storage == Storage::Temporary) {
            let (examples, size) = Self::size(plan, b, batch);
            if examples { per_example += size } else { fixed += size }
        }
        (per_example, fixed)
    }

    /// Whether a buffer has a row an example, and its other extents' product.
    pub(super) fn size(plan: &Plan, b: &Buffer, batch: Extent) -> (bool, usize) {
        let e = &plan.graph.extents;
        let examples = b.shape.iter().any(|&x| e.find(x) == e.find(batch));
        (examples, b.shape.iter().map(|&x| e.as_constant(x).unwrap_or(1)).product())
    }
}
