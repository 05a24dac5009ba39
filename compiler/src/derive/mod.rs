//! The derives: attributes in, items out. The only folder that knows syn.
//!
//! Expansion never panics. On error the errors come with a dummy implementation, so that one mistake is one
//! message.

mod attr;
mod cost;
mod fallback;
mod network;
mod objective;
mod scaffold;
mod span_map;

pub use attr::{DataField, Field, Model, ObjectiveKind};

use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::source::SourceId;
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::quote;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `#[derive(Cost)]`
#[must_use]
pub fn derive_cost(tokens: TokenStream) -> TokenStream {
    finish(Model::read(tokens), cost::expand, fallback::cost)
}

/// `#[derive(Network)]`
#[must_use]
pub fn derive_network(tokens: TokenStream) -> TokenStream {
    finish(Model::read(tokens), network::expand, fallback::network)
}

/// `#[derive(Objective)]`
#[must_use]
pub fn derive_objective(tokens: TokenStream) -> TokenStream {
    finish(Model::read(tokens), objective::expand, fallback::objective)
}

type Expand = fn(&Model) -> Result<TokenStream, syn::Error>;

fn finish(
    model: syn::Result<(Model, Option<syn::Error>)>,
    expand: Expand,
    dummy: fn(&Model) -> TokenStream,
) -> TokenStream {
    let (model, wrong) = match model {
        Ok(read) => read,
        Err(error) => return error.into_compile_error(),
    };
    match wrong.map_or_else(|| guarded(expand, &model), Err) {
        Ok(tokens) => hygienic(tokens),
        Err(error) => {
            let (errors, dummy) = (error.into_compile_error(), hygienic(dummy(&model)));
            quote!(#errors #dummy)
        }
    }
}

/// Expands; a defect of ours becomes an error that says so, never a macro that panics.
fn guarded(expand: Expand, model: &Model) -> Result<TokenStream, syn::Error> {
    catch_unwind(AssertUnwindSafe(|| expand(model))).unwrap_or_else(|_| {
        let message = "gradsmith met a defect of its own in this formula: please report it";
        Err(syn::Error::new_spanned(&model.input.ident, message))
    })
}

/// The tokens as if written by the macro: its local variables and the user's never meet.
fn hygienic(tokens: TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                token = TokenTree::Group(Group::new(group.delimiter(), hygienic(group.stream())));
            }
            token.set_span(span);
            token
        })
        .collect()
}

/// Diagnostics as errors at the tokens they speak of. Text in a string gets a snippet with a caret.
fn errors(model: &Model, diagnostics: &Diagnostics) -> syn::Error {
    let mut all: Option<syn::Error> = None;
    let sources = |id: SourceId| model.source(id).map(|m| m.text.clone());
    for d in diagnostics {
        let d = of_field(model, d);
        let (span, message) = match model.source(d.place.source) {
            Some(map) if map.is_string => (map.tokens(d.place.span), d.render(&sources)),
            // The compiler shows the place itself.
            Some(map) => (map.tokens(d.place.span), format!("{}{}", d.message, d.notes(&sources))),
            None => (TokenStream::new(), d.text()),
        };
        let error = if span.is_empty() {
            syn::Error::new_spanned(&model.input.ident, message)
        } else {
            syn::Error::new_spanned(span, message)
        };
        attr::combine(&mut all, error);
    }
    all.unwrap_or_else(|| {
        syn::Error::new_spanned(&model.input.ident, "gradsmith found an error it cannot name")
    })
}

/// An unknown name that is a field after all: the field is no number.
fn of_field(model: &Model, d: &Diagnostic) -> Diagnostic {
    let word = model
        .source(d.place.source)
        .filter(|_| d.kind == ErrorKind::UnknownName)
        .and_then(|map| map.text.get(d.place.span.start..d.place.span.end));
    let Some((word, ty)) = word.and_then(|w| Some((w, model.other_field(&attr::canonical(w))?))) else {
        return d.clone();
    };
    let what = if model.objective.is_some() { "number, vector or matrix" } else { "number type" };
    let message = format!("the field `{word}` is of type `{ty}`, which is no {what}");
    let help = if model.objective.is_some() {
        "data are fields of type `f64`, `Vec<f64>`, `[f64; N]`, `Array1<f64>`, `ArrayView2<f64>` and the like, or of \
         `f32`, or of a type parameter, written so: what an alias stands for cannot be seen"
    } else {
        "hyper-parameters are fields of type `f32`, `f64` or a type parameter, all of one type"
    };
    Diagnostic::new(d.kind, d.place, message).with_help(help)
}

/// The text of the cost.
fn cost_text(model: &Model, derive: &str) -> Result<String, syn::Error> {
    let missing = || {
        let message =
            format!("`#[derive({derive})]` asks for a cost, for instance `#[cost(quadratic + l2(0.01))]`");
        syn::Error::new_spanned(&model.input.ident, message)
    };
    model.cost.as_ref().map(|cost| cost.text.clone()).ok_or_else(missing)
}

/// The texts of the definitions.
fn define_texts(model: &Model) -> Vec<String> {
    model.defines.iter().map(|define| define.text.clone()).collect()
}

/// The names of the hyper-parameters, none of which is one that the cost supplies.
fn hyper_names(model: &Model) -> Result<Vec<String>, syn::Error> {
    let mut taken: Option<syn::Error> = None;
    for field in &model.fields {
        let name = &field.name;
        if let Some(what) = crate::lower::cost::supplied(name) {
            let message = format!(
                "the field `{name}` has a name that the cost supplies: `{name}` is {what}\nhelp: call the field otherwise, such as `my_{name}`"
            );
            attr::combine(&mut taken, syn::Error::new_spanned(&field.ident, message));
        }
    }
    let names = || model.fields.iter().map(|field| field.name.clone()).collect();
    taken.map_or_else(|| Ok(names()), Err)
}

/// The generics of an implementation, the number type bound by `Scalar`.
fn generics(model: &Model) -> syn::Generics {
    let mut generics = model.input.generics.clone();
    if let crate::codegen::Float::Generic(t) = &model.float {
        let runtime = &model.runtime;
        if let Ok(bound) = syn::parse2(quote!(#t: #runtime::Scalar)) {
            generics.make_where_clause().predicates.push(bound);
        }
    }
    generics
}
