//! The derives: attributes in, items out. The only folder that knows syn.
//!
//! Expansion never panics. On error the errors come with a dummy implementation, so that one mistake is one
//! message.

mod attr;
mod bounds;
mod cost;
mod docs;
mod fallback;
mod fields;
mod network;
mod objective;
mod scaffold;
mod span_map;

pub use attr::{Model, ObjectiveKind};
pub use fields::{DataField, Field};

use crate::codegen::Float;
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::ir::{Graph, NodeId, Number, Op};
use crate::source::{Place, SourceId, Span};
use proc_macro2::{Group, Span as TokenSpan, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derive {
    /// `#[derive(Cost)]`
    Cost,
    /// `#[derive(Network)]`
    Network,
    /// `#[derive(Objective)]`
    Objective,
}

impl Derive {
    /// What it makes of an item, or the text of each error: for those who have no tokens to show errors at.
    ///
    /// # Errors
    /// Where the derive would make errors instead of an implementation.
    pub fn code(self, item: TokenStream) -> Result<TokenStream, Vec<String>> {
        self.made(item).map_err(|refused| refused.error.into_iter().map(|e| e.to_string()).collect())
    }

    /// What the macro makes of an item: errors come with an implementation that does nothing.
    fn items(self, item: TokenStream) -> TokenStream {
        self.made(item).unwrap_or_else(|refused| {
            let (errors, dummy) = (refused.error.into_compile_error(), refused.dummy);
            quote!(#errors #dummy)
        })
    }

    fn made(self, item: TokenStream) -> Result<TokenStream, Refused> {
        let (expand, dummy): (Expand, fn(&Model) -> TokenStream) = match self {
            Self::Cost => (cost::expand, fallback::cost),
            Self::Network => (network::expand, fallback::network),
            Self::Objective => (objective::expand, fallback::objective),
        };
        let (model, wrong) =
            Model::read(item).map_err(|error| Refused { error, dummy: TokenStream::new() })?;
        let expanded = wrong.map_or_else(|| guarded(expand, &model), Err).and_then(|tokens| {
            let mut count = 0;
            let tokens = hygienic(tokens, &mut count);
            let text = model.cost.as_ref().map_or("", |cost| &cost.text);
            within(count, TOKENS, text).map_or(Ok(tokens), |error| Err(errors(&model, &error.into())))
        });
        expanded.map_err(|error| Refused { error, dummy: hygienic(dummy(&model), &mut 0) })
    }
}

/// What stands for an item that cannot be derived.
struct Refused {
    error: syn::Error,
    /// An implementation that does nothing, so that one mistake is one message.
    dummy: TokenStream,
}

/// `#[derive(Cost)]`
#[must_use]
pub fn derive_cost(tokens: TokenStream) -> TokenStream {
    Derive::Cost.items(tokens)
}

/// `#[derive(Network)]`
#[must_use]
pub fn derive_network(tokens: TokenStream) -> TokenStream {
    Derive::Network.items(tokens)
}

/// `#[derive(Objective)]`
#[must_use]
pub fn derive_objective(tokens: TokenStream) -> TokenStream {
    Derive::Objective.items(tokens)
}

/// Tokens of the code of a derive, at most: more would keep `rustc` for minutes.
const TOKENS: usize = 1_000_000;

type Expand = fn(&Model) -> Result<TokenStream, syn::Error>;

/// An error where the code of a derive is beyond its budget.
fn within(tokens: usize, most: usize, text: &str) -> Option<Diagnostic> {
    let place = Place { source: SourceId::Expression, span: Span::new(0, text.len()) };
    let message = format!("the code for this comes to {tokens} tokens, and the budget of a derive is {most}");
    let help =
        "differentiate by fewer variables at once, and put scalars that are treated alike into a vector";
    (tokens > most).then(|| Diagnostic::new(ErrorKind::TooIntricate, place, message).with_help(help))
}

/// Expands; a defect of ours becomes an error that says so, never a macro that panics.
fn guarded(expand: Expand, model: &Model) -> Result<TokenStream, syn::Error> {
    catch_unwind(AssertUnwindSafe(|| expand(model))).unwrap_or_else(|_| {
        let message = "gradsmith met a defect of its own in this formula: please report it";
        Err(syn::Error::new_spanned(&model.input.ident, message))
    })
}

/// The tokens as if written by the macro: its local variables and the user's never meet. They are counted.
fn hygienic(tokens: TokenStream, count: &mut usize) -> TokenStream {
    let span = TokenSpan::mixed_site();
    tokens
        .into_iter()
        .map(|mut token| {
            *count += 1;
            if let TokenTree::Group(group) = &token {
                *count += 1;
                token = TokenTree::Group(Group::new(group.delimiter(), hygienic(group.stream(), count)));
            }
            token.set_span(span);
            token
        })
        .collect()
}

/// Diagnostics as errors at the tokens they speak of. Text in a string gets a snippet with a caret.
fn errors(model: &Model, diagnostics: &Diagnostics) -> syn::Error {
    let mut all: Option<syn::Error> = None;
    let field = |id: SourceId| match id {
        SourceId::Hyper(n) => {
            let idents = model.fields.iter().map(|f| &f.ident).chain(model.vectors().map(|f| &f.ident));
            idents.into_iter().nth(n as usize).map(ToTokens::to_token_stream)
        }
        _ => None,
    };
    let sources = |id: SourceId| model.source(id).map(|m| m.text.clone());
    for d in diagnostics {
        let d = of_field(model, d);
        let (span, message) = match model.source(d.place.source) {
            Some(map) if map.is_string => (map.tokens(d.place.span), d.render(&sources)),
            // The compiler shows the place itself.
            Some(map) => (map.tokens(d.place.span), format!("{}{}", d.message, d.notes(&sources))),
            None => (field(d.place.source).unwrap_or_default(), d.text()),
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
    let what =
        if model.objective.is_some() { "number or array of numbers" } else { "number or vector of numbers" };
    let message = format!("the field `{word}` is of type `{ty}`, which is no {what}");
    let help = if model.objective.is_none() {
        "hyper-parameters are fields of type `f32`, `f64` or a type parameter, all of one type, and vectors of these with \
         an entry for each output, as `[f64; 3]`, `Vec<f64>`, `Array1<f64>`"
    } else if fields::is_whole(&ty) {
        "one whole number is no subscript, and no number of the formula: those are `f32` or `f64`; entries are \
         named by arrays of whole numbers, `Vec<usize>`, `ArrayView1<u32>` and the like"
    } else if ty.contains("ArrayD") || ty.contains("ArrayViewD") || ty.contains("IxDyn") {
        "the type says how many axes an array has, as `Array3<f64>` and `ArrayView4<f64>` do; or give a list, \
         `&[f64]`, and its extents in `data(T: tensor[n, m, 3])`"
    } else {
        "data are fields of type `f64`, `Vec<f64>`, `[f64; N]`, `Array1<f64>`, `ArrayView2<f64>`, `Array3<f64>` and \
         the like, or of `f32`, or of a type parameter, written so: what an alias stands for cannot be seen"
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

/// The hyper-parameters: numbers, then vectors.
fn hyper_names(model: &Model) -> Vec<String> {
    let numbers = model.fields.iter().map(|field| field.name.clone());
    numbers.chain(model.vectors().map(|field| format!("{}: vector", field.name))).collect()
}

/// An error where a constant that a formula or a derivative has for a factor or a term is infinite; and in single
/// precision, where one is too large for that or so small that it would be 0. Of a type parameter nobody knows. A
/// derivative that is infinite by itself, as the second of `(1e200*s)^2`, is what it is.
fn check_constants(model: &Model, graph: &Graph, roots: &[NodeId]) -> Result<(), syn::Error> {
    let single = matches!(model.float, Float::F32);
    let constants = graph.reachable(roots).into_iter().flat_map(|id| match graph.op(id) {
        Op::Number(n) if single => vec![*n],
        Op::Product { factors, .. } if factors.is_empty() && !single => Vec::new(),
        Op::Product { coeff, factors, .. } => {
            std::iter::once(*coeff).chain(factors.iter().map(|f| f.power)).collect()
        }
        Op::Sum(terms) => terms.iter().map(|t| t.coeff).collect(),
        _ => Vec::new(),
    });
    let wrong = constants.map(Number::to_f64).find_map(|n| {
        let what = match n as f32 {
            _ if !n.is_finite() => "more than a number holds",
            x if single && x.is_infinite() => "more than an `f32` holds",
            x if single && x == 0.0 && n != 0.0 => "0 as an `f32`",
            _ => return None,
        };
        Some(format!("a constant of this formula or of its derivatives comes to {n:e}, which is {what}"))
    });
    let Some(message) = wrong else { return Ok(()) };
    let length = model.cost.as_ref().map_or(0, |cost| cost.text.len());
    let place = Place { source: SourceId::Expression, span: Span::new(0, length) };
    let help = if single {
        "use `f64`, or write the constants in other units"
    } else {
        "write the constants in other units"
    };
    let error = Diagnostic::new(ErrorKind::NumberOutOfRange, place, message).with_help(help);
    Err(errors(model, &error.into()))
}

/// The generics of an implementation, the number type bound by `Scalar`.
fn generics(model: &Model) -> syn::Generics {
    let mut generics = model.input.generics.clone();
    if let Float::Generic(t) = &model.float {
        let runtime = &model.runtime;
        if let Ok(bound) = syn::parse2(quote!(#t: #runtime::Scalar)) {
            generics.make_where_clause().predicates.push(bound);
        }
    }
    generics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_beyond_the_budget_is_refused_by_its_name() {
        let mut count = 0;
        hygienic(quote!(let x = f(1, [a]);), &mut count);
        assert_eq!(count, 12);
        assert_eq!(within(13, 13, "x"), None);
        let error = within(13, 12, "x").expect("an error");
        assert!(error.message.contains("13 tokens") && error.message.contains("budget of a derive is 12"));
    }
}
