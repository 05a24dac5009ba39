//! The derive macros of gradsmith: a shell over `gradsmith_compiler::derive`, where everything is.

use proc_macro::TokenStream;

/// A cost of activations and targets with its partial derivatives, from `#[cost(quadratic + l2(lambda))]`.
#[proc_macro_derive(Cost, attributes(cost, define, gradsmith))]
pub fn derive_cost(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_cost(input.into()).into()
}

/// A network with its whole backpropagation, from `#[network(784 -> 100 sigmoid -> 10 softmax)]` and `#[cost(...)]`.
#[proc_macro_derive(Network, attributes(network, cost, define, gradsmith))]
pub fn derive_network(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_network(input.into()).into()
}

/// An objective with gradient and Hessian, from `#[objective("norm2(X*w - y)^2", wrt(w: vector))]` over a struct of data.
#[proc_macro_derive(Objective, attributes(objective, residual, define, gradsmith))]
pub fn derive_objective(input: TokenStream) -> TokenStream {
    gradsmith_compiler::derive::derive_objective(input.into()).into()
}
