//! What the user wrote on the struct: attributes and fields.

use super::fields::{DataField, Field};
use super::span_map::SpanMap;
use crate::codegen::{Float, mentions};
use crate::source::SourceId;
use crate::syntax::parse::canonical_name;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use std::fmt;
use syn::parse::ParseStream;
use syn::{Attribute, DeriveInput, LitStr, Meta};

/// What `#[objective(...)]` and `#[residual(...)]` make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectiveKind {
    /// A scalar.
    Value,
    /// A vector r, standing for ½ Σ r².
    Residual,
}

/// The struct and its attributes.
#[derive(Clone)]
pub struct Model {
    /// The derive's input.
    pub input: DeriveInput,
    /// The path of the `gradsmith` crate.
    pub runtime: TokenStream,
    /// What generated code calls the runtime.
    pub rt: Ident,
    /// The number type.
    pub float: Float,
    /// Hyper-parameters: the fields of the number type.
    pub fields: Vec<Field>,
    /// `#[cost(...)]`
    pub cost: Option<SpanMap>,
    /// `#[network(...)]`: the network.
    pub network: Option<SpanMap>,
    /// `#[network("...", x: 784, ...)]`: the declarations.
    pub declarations: SpanMap,
    /// `#[network("...", inputs(x, u))]`
    pub inputs: Vec<Ident>,
    /// `#[define("...")]`, in order.
    pub defines: Vec<SpanMap>,
    /// `#[objective(...)]` or `#[residual(...)]`: its text is in `cost`, its `wrt(...)` in `declarations`.
    pub objective: Option<ObjectiveKind>,
    /// `#[gradsmith(scalar = f32)]`
    pub scalar: Option<Ident>,
    /// `#[gradsmith(weighted)]`
    pub weighted: Option<Ident>,
    /// All fields of numbers and arrays.
    pub data: Vec<DataField>,
    /// `#[objective(..., data(...))]`: what it says of them.
    pub data_declarations: SpanMap,
    /// `#[objective(..., divided(...))]`: fields of which the rows may be among several processes.
    pub divided: Vec<Ident>,
    /// `#[objective(..., bounds(...))]`
    pub bounds: SpanMap,
    /// `#[objective(..., st(...))]`, a text for each constraint.
    pub constraints: Vec<SpanMap>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("name", &self.input.ident).finish_non_exhaustive()
    }
}

/// A name of Rust as a name of the language: Greek letters by their ASCII names.
#[must_use]
pub(super) fn canonical(name: &str) -> String {
    canonical_name(name.trim_start_matches("r#"))
}

/// A short name for the runtime that the struct does not speak of.
fn alias(tokens: TokenStream) -> &'static str {
    if mentions(&tokens, "rt") { "gradsmith_rt" } else { "rt" }
}

impl Model {
    /// Reads a derive's input, and says what is wrong with its attributes or fields, all of it. The model is
    /// then what could be read.
    ///
    /// # Errors
    /// Tokens that are no struct, enum or union.
    pub fn read(tokens: TokenStream) -> syn::Result<(Self, Option<syn::Error>)> {
        let input: DeriveInput = syn::parse2(tokens.clone())?;
        let mut model = Self {
            runtime: quote!(::gradsmith),
            rt: Ident::new(alias(tokens.clone()), Span::call_site()),
            float: Float::F64,
            fields: Vec::new(),
            cost: None,
            network: None,
            declarations: SpanMap::default(),
            inputs: Vec::new(),
            defines: Vec::new(),
            objective: None,
            scalar: None,
            weighted: None,
            data: Vec::new(),
            data_declarations: SpanMap::default(),
            divided: Vec::new(),
            bounds: SpanMap::default(),
            constraints: Vec::new(),
            input,
        };
        let mut errors: Option<syn::Error> = None;
        for attribute in model.input.attrs.clone() {
            if let Err(e) = model.attribute(&attribute) {
                combine(&mut errors, e);
            }
        }
        if let (Some(weighted), None) = (&model.weighted, &model.network) {
            let message = "`weighted` is for networks: costs take weights of examples as they are";
            combine(&mut errors, syn::Error::new_spanned(weighted, message));
        }
        if let Err(e) = model.read_fields() {
            combine(&mut errors, e);
        }
        Ok((model, errors))
    }

    fn attribute(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let path = attribute.path();
        if path.is_ident("cost") {
            let map = text(attribute, "quadratic + l2(0.01)")?;
            if self.cost.is_some() {
                return Err(syn::Error::new_spanned(
                    attribute,
                    "a second `#[cost(...)]`: write one, as a sum",
                ));
            }
            self.cost = Some(map);
        } else if path.is_ident("define") {
            self.defines.push(text(attribute, "\"half_square = sum((a - y).^2)/2\"")?);
        } else if path.is_ident("network") {
            if self.network.is_some() {
                return Err(syn::Error::new_spanned(attribute, "a second `#[network(...)]`"));
            }
            self.read_network(attribute)?;
        } else if path.is_ident("objective") || path.is_ident("residual") {
            if self.objective.is_some() {
                return Err(syn::Error::new_spanned(
                    attribute,
                    "one `#[objective]` or `#[residual]` is enough",
                ));
            }
            let residual = path.is_ident("residual");
            self.objective = Some(if residual { ObjectiveKind::Residual } else { ObjectiveKind::Value });
            self.read_objective(attribute)?;
        } else if path.is_ident("gradsmith") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let value = meta.value()?;
                    if value.peek(LitStr) {
                        return Err(
                            value.error("expected a path without quotes: `crate = path::to::gradsmith`")
                        );
                    }
                    let path: syn::Path = value.call(parse_path)?;
                    self.runtime = quote!(#path);
                    Ok(())
                } else if meta.path.is_ident("scalar") {
                    let ident: Ident = meta.value()?.parse()?;
                    self.scalar = Some(ident);
                    Ok(())
                } else if meta.path.is_ident("weighted") {
                    self.weighted = meta.path.get_ident().cloned();
                    Ok(())
                } else {
                    Err(meta.error("expected `crate = path::to::gradsmith`, `scalar = f32` or `weighted`"))
                }
            })?;
        }
        Ok(())
    }

    /// An expression, bare or in a string, and options after it: `wrt(w: vector, ...)`.
    fn read_objective(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let tokens: Vec<TokenTree> = attribute.meta.require_list()?.tokens.clone().into_iter().collect();
        let comma = |t: &TokenTree| matches!(t, TokenTree::Punct(p) if p.as_char() == ',');
        let mut parts = tokens.split(comma);
        let mut expression = parts.next().unwrap_or_default();
        let mut options: Vec<&[TokenTree]> = parts.filter(|part| !part.is_empty()).collect();
        // The comma before `wrt` may be missing.
        if let [.., TokenTree::Ident(name), TokenTree::Group(_)] = expression
            && name == "wrt"
        {
            let (before, option) = expression.split_at(expression.len() - 2);
            expression = before;
            options.insert(0, option);
        }
        let stream: TokenStream = expression.iter().cloned().collect();
        self.cost = Some(of_either(stream));
        let (mut wrt, mut data): (Option<TokenStream>, Option<TokenStream>) = (None, None);
        let mut wrong: Option<syn::Error> = None;
        for option in options {
            match option {
                [TokenTree::Ident(name), TokenTree::Group(list)] if name == "wrt" => {
                    if wrt.is_some() {
                        let message = "a second `wrt(...)`: one names all variables";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                    wrt = Some(list.stream());
                }
                [TokenTree::Ident(name), TokenTree::Group(list)] if name == "data" => {
                    if data.is_some() {
                        let message = "a second `data(...)`: one speaks of all fields";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    } else if list.stream().is_empty() {
                        let message = "`data()` says nothing\nhelp: leave it out, or write `data(X: matrix[n, d], K: symmetric matrix)`";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                    data = Some(list.stream());
                }
                [TokenTree::Ident(name), TokenTree::Group(list)] if name == "bounds" => {
                    if !self.bounds.text.is_empty() {
                        let message = "a second `bounds(...)`: one has all limits";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    } else if list.stream().is_empty() {
                        let message = "`bounds()` says nothing\nhelp: leave it out, or write `bounds(w >= 0, l <= s <= u)`";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                    self.bounds = of_either(list.stream());
                }
                [TokenTree::Ident(name), TokenTree::Group(list)] if name == "st" => {
                    if !self.constraints.is_empty() {
                        let message = "a second `st(...)`: one has all constraints";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                    let tokens: Vec<TokenTree> = list.stream().into_iter().collect();
                    let texts = tokens.split(comma).filter(|text| !text.is_empty());
                    self.constraints = texts.map(|text| of_either(text.iter().cloned().collect())).collect();
                    if self.constraints.is_empty() {
                        let message = "`st()` says nothing\nhelp: leave it out, or write `st(\"sum(w) == 1\", \"A*w <= b\")`";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                }
                [TokenTree::Ident(name), TokenTree::Group(list)] if name == "divided" => {
                    if !self.divided.is_empty() {
                        let message = "a second `divided(...)`: one names all fields";
                        combine(&mut wrong, syn::Error::new_spanned(name, message));
                    }
                    match fields_of(list.stream()) {
                        Ok(fields) if fields.is_empty() => {
                            let message = "`divided()` says nothing\nhelp: leave it out, or name a field of which the rows may be among several processes: `divided(X)`";
                            combine(&mut wrong, syn::Error::new_spanned(name, message));
                        }
                        Ok(fields) => self.divided = fields,
                        Err(error) => combine(&mut wrong, error),
                    }
                }
                [first, ..] => combine(&mut wrong, no_option(first)),
                [] => {}
            }
        }
        if let Some(list) = data {
            self.data_declarations = SpanMap::of_tokens(&list);
        }
        match wrt {
            Some(list) => self.declarations = SpanMap::of_tokens(&list),
            None => {
                let message =
                    "say what to differentiate by: `wrt(w: vector)`, with `vector`, `matrix` or `scalar`";
                combine(&mut wrong, syn::Error::new_spanned(attribute, message));
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    /// `784 -> 10 softmax`, or a string, declarations and `inputs(...)`, separated by commas.
    fn read_network(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let tokens = written(attribute, "784 -> 100 sigmoid -> 10 softmax")?;
        let mut parts: Vec<Vec<TokenTree>> = vec![Vec::new()];
        for token in tokens.clone() {
            match (&token, parts.last_mut()) {
                (TokenTree::Punct(p), _) if p.as_char() == ',' => parts.push(Vec::new()),
                (_, Some(part)) => part.push(token),
                (_, None) => {}
            }
        }
        let string =
            parts.first().and_then(|p| p.first()).and_then(|t| syn::parse2::<LitStr>(quote!(#t)).ok());
        let Some(string) = string else {
            self.network = Some(SpanMap::of_tokens(&tokens));
            return Ok(());
        };
        let literal = parts[0][0].clone();
        if let Some(more) = parts[0].get(1) {
            return Err(syn::Error::new_spanned(more, "expected `,` after the text of the network"));
        }
        self.network = Some(SpanMap::of_string(string.value(), literal));
        let mut declarations = TokenStream::new();
        for part in &parts[1..] {
            match part.as_slice() {
                [TokenTree::Ident(name), TokenTree::Group(names)] if name == "inputs" => {
                    for token in names.stream() {
                        match token {
                            TokenTree::Ident(ident) => self.inputs.push(ident),
                            TokenTree::Punct(comma) if comma.as_char() == ',' => {}
                            other => {
                                let message = "expected the names of inputs: `inputs(x, u)`";
                                return Err(syn::Error::new_spanned(other, message));
                            }
                        }
                    }
                }
                [] => {}
                tokens => {
                    let comma = (!declarations.is_empty()).then(|| quote!(,));
                    declarations.extend(quote!(#comma #(#tokens)*));
                }
            }
        }
        self.declarations = SpanMap::of_tokens(&declarations);
        Ok(())
    }

    /// Whether one of the texts has this name in it. A field that none has is left unread, so that rustc's
    /// lint speaks of it.
    pub(super) fn speaks_of(&self, name: &str) -> bool {
        let (wrt, data) = (&self.declarations, &self.data_declarations);
        let texts = [self.cost.as_ref(), self.network.as_ref(), Some(wrt), Some(data)];
        let more = self.defines.iter().chain(&self.constraints).chain([&self.bounds]);
        texts.into_iter().flatten().chain(more).any(|map| {
            let words = map.text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.into_iter().any(|word| canonical(word) == name)
        })
    }

    /// The text that a source is.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Option<&SpanMap> {
        match id {
            SourceId::Expression => self.cost.as_ref(),
            SourceId::Network => self.network.as_ref(),
            SourceId::Declarations => Some(&self.declarations),
            SourceId::Data => Some(&self.data_declarations),
            SourceId::Bounds => Some(&self.bounds),
            SourceId::Constraint(n) => self.constraints.get(n as usize),
            SourceId::Define(n) => self.defines.get(n as usize),
            SourceId::Hyper(_) | SourceId::Input(_) | SourceId::Catalog => None,
        }
    }
}

/// Names of fields, separated by commas.
fn fields_of(list: TokenStream) -> syn::Result<Vec<Ident>> {
    let mut fields = Vec::new();
    for token in list {
        match token {
            TokenTree::Ident(ident) => fields.push(ident),
            TokenTree::Punct(comma) if comma.as_char() == ',' => {}
            other => {
                let message = "expected names of fields: `divided(X, y)`";
                return Err(syn::Error::new_spanned(other, message));
            }
        }
    }
    Ok(fields)
}

/// A text, in a string or bare.
fn of_either(stream: TokenStream) -> SpanMap {
    match (syn::parse2::<LitStr>(stream.clone()), stream.clone().into_iter().next()) {
        (Ok(string), Some(literal)) => SpanMap::of_string(string.value(), literal),
        _ => SpanMap::of_tokens(&stream),
    }
}

fn parse_path(input: ParseStream<'_>) -> syn::Result<syn::Path> {
    syn::Path::parse_mod_style(input)
}

/// What stands in an attribute's parentheses; `example` shows what could.
fn written(attribute: &Attribute, example: &str) -> syn::Result<TokenStream> {
    let path = attribute.path();
    let name = quote!(#path).to_string();
    let help = format!("help: write `#[{name}({example})]`");
    match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => Ok(list.tokens.clone()),
        Meta::List(_) => {
            Err(syn::Error::new_spanned(attribute, format!("`#[{name}()]` says nothing\n{help}")))
        }
        Meta::NameValue(pair) => {
            let value = &pair.value;
            let message = format!(
                "the text of `#[{name}(...)]` stands in parentheses\nhelp: write `#[{name}({})]`",
                quote!(#value)
            );
            Err(syn::Error::new_spanned(attribute, message))
        }
        Meta::Path(_) => {
            let message = format!("the text of `#[{name}(...)]` is missing\n{help}");
            Err(syn::Error::new_spanned(attribute, message))
        }
    }
}

/// The text of an attribute: bare tokens, or one string.
fn text(attribute: &Attribute, example: &str) -> syn::Result<SpanMap> {
    let tokens = written(attribute, example)?;
    let mut each = tokens.clone().into_iter();
    if let Some(literal) = each.next()
        && let Ok(string) = syn::parse2::<LitStr>(literal.clone().into())
    {
        return match each.next() {
            None => Ok(SpanMap::of_string(string.value(), literal)),
            Some(more) => {
                let message = "the text is one string or bare tokens: nothing follows the string";
                Err(syn::Error::new_spanned(more, message))
            }
        };
    }
    Ok(SpanMap::of_tokens(&tokens))
}

/// The error of what follows an objective's expression and is none of its options.
fn no_option(first: &TokenTree) -> syn::Error {
    let name = first.to_string();
    let message = match name.as_str() {
        "bounds" => "`bounds` has limits of variables in parentheses\nhelp: write `bounds(w >= 0, l <= s <= u)`".to_owned(),
        "st" => "`st` has constraints in parentheses\nhelp: write `st(\"sum(w) == 1\", \"A*w <= b\")`".to_owned(),
        "wrt" => "`wrt` names the variables in parentheses\nhelp: write `wrt(w: vector)`".to_owned(),
        "data" => "`data` says in parentheses what fields are\nhelp: write `data(X: matrix[n, d], K: symmetric matrix)`"
            .to_owned(),
        "divided" => "`divided` names fields in parentheses\nhelp: write `divided(X, y)`".to_owned(),
        _ => format!("`{name}` is no option of an objective\nhelp: the options are `wrt(...)`, `data(...)`, `bounds(...)`, `st(...)` and `divided(...)`"),
    };
    syn::Error::new_spanned(first, message)
}

/// Adds an error to those found.
pub(super) fn combine(errors: &mut Option<syn::Error>, error: syn::Error) {
    match errors {
        Some(all) => all.combine(error),
        None => *errors = Some(error),
    }
}
