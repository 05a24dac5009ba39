//! Implementations that stand in where expansion failed: what else the user wrote still type-checks.

use super::{Model, generics};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// A `Cost` that is never called.
pub(super) fn cost(model: &Model) -> TokenStream {
    let (name, runtime, t) = (&model.input.ident, &model.runtime, model.float.tokens());
    let generics = generics(model);
    let (impl_generics, type_generics, where_clause) = {
        let (_, ty, _) = model.input.generics.split_for_impl();
        let (i, _, w) = generics.split_for_impl();
        (quote!(#i), quote!(#ty), quote!(#w))
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #runtime::Cost for #name #type_generics #where_clause {
            type Scalar = #t;
            const DERIVATION: &'static str = "";
            const DERIVATION_LATEX: &'static str = "";
            fn data(
                &self,
                _: #runtime::__private::ArrayView2<'_, #t>,
                _: #runtime::__private::ArrayView2<'_, #t>,
            ) -> ::core::result::Result<#t, #runtime::Error> {
                ::core::unreachable!()
            }
            fn weight_penalty(
                &self,
                _: #runtime::__private::ArrayView2<'_, #t>,
            ) -> ::core::result::Result<#t, #runtime::Error> {
                ::core::unreachable!()
            }
            fn bias_penalty(
                &self,
                _: #runtime::__private::ArrayView1<'_, #t>,
            ) -> ::core::result::Result<#t, #runtime::Error> {
                ::core::unreachable!()
            }
            fn d_activation_into(
                &self,
                _: #runtime::__private::ArrayView2<'_, #t>,
                _: #runtime::__private::ArrayView2<'_, #t>,
                _: #runtime::__private::ArrayViewMut2<'_, #t>,
            ) -> ::core::result::Result<(), #runtime::Error> {
                ::core::unreachable!()
            }
            fn d_weight_into(
                &self,
                _: #runtime::__private::ArrayView2<'_, #t>,
                _: #runtime::__private::ArrayViewMut2<'_, #t>,
            ) -> ::core::result::Result<(), #runtime::Error> {
                ::core::unreachable!()
            }
            fn d_bias_into(
                &self,
                _: #runtime::__private::ArrayView1<'_, #t>,
                _: #runtime::__private::ArrayViewMut1<'_, #t>,
            ) -> ::core::result::Result<(), #runtime::Error> {
                ::core::unreachable!()
            }
        }
    }
}

/// Nothing but the names of the types that a network's derive makes.
pub(super) fn network(model: &Model) -> TokenStream {
    let vis = &model.input.vis;
    let parameters = format_ident!("{}Parameters", model.input.ident);
    let workspace = format_ident!("{}Workspace", model.input.ident);
    quote! {
        #[doc(hidden)]
        #[derive(Clone, Debug)]
        #vis struct #parameters;
        #[doc(hidden)]
        #[derive(Clone, Debug)]
        #vis struct #workspace;
    }
}

/// Nothing but the name of the type that an objective's derive makes.
pub(super) fn objective(model: &Model) -> TokenStream {
    let vis = &model.input.vis;
    let problem = format_ident!("{}Problem", model.input.ident);
    quote! {
        #[doc(hidden)]
        #[derive(Clone, Debug)]
        #vis struct #problem;
    }
}
