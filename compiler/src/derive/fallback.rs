//! What stands in where expansion failed: the same items from a text that is right, so that what else the
//! user wrote still type-checks and one mistake is one message. None of it ever runs: the program does not
//! compile.

use super::span_map::SpanMap;
use super::{Model, cost, network};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The implementation of another cost.
pub(super) fn cost(model: &Model) -> TokenStream {
    cost::expand(&another_cost(model)).unwrap_or_default()
}

/// The types and implementations of another cost, of the same network where that is right.
pub(super) fn network(model: &Model) -> TokenStream {
    let same = another_cost(model);
    network::expand(&same).unwrap_or_else(|_| {
        let another = Model {
            network: Some(SpanMap::of_tokens(&quote!(1 -> 1 linear))),
            declarations: SpanMap::default(),
            inputs: Vec::new(),
            ..same
        };
        network::expand(&another).unwrap_or_default()
    })
}

fn another_cost(model: &Model) -> Model {
    Model { cost: Some(SpanMap::of_tokens(&quote!(sum(a)))), defines: Vec::new(), ..model.clone() }
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
