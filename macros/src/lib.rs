//! The derive macros of [gradsmith](https://docs.rs/gradsmith), which re-exports them: a shell over
//! `gradsmith_compiler::derive`, where everything is.

use proc_macro::TokenStream;

#[doc = include_str!("../docs/cost.md")]
#[proc_macro_derive(Cost, attributes(cost, define, gradsmith))]
pub fn derive_cost(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_cost(input.into()).into()
}

#[doc = include_str!("../docs/network.md")]
#[proc_macro_derive(Network, attributes(network, cost, define, gradsmith))]
pub fn derive_network(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_network(input.into()).into()
}

#[doc = include_str!("../docs/objective.md")]
#[proc_macro_derive(Objective, attributes(objective, residual, define, gradsmith))]
pub fn derive_objective(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_objective(input.into()).into()
}
