//! What the user wrote on the struct: attributes and fields.

use super::span_map::SpanMap;
use crate::codegen::{Float, mentions};
use crate::source::SourceId;
use crate::syntax::parse::canonical_name;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use std::fmt;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Fields, GenericArgument, LitStr, Meta, PathArguments, Type};

/// A field that the text may speak of.
#[derive(Clone)]
pub struct Field {
    /// The name in the text: Greek letters by their ASCII names.
    pub name: String,
    /// The field's own identifier.
    pub ident: Ident,
    /// Its type.
    pub ty: Type,
}

/// A field that is data of an objective.
#[derive(Clone, Debug)]
pub struct DataField {
    /// The name in the text.
    pub name: String,
    /// The field's own identifier.
    pub ident: Ident,
    /// 0 for a number, 1 for a vector, 2 for a matrix.
    pub rank: usize,
    /// How many entries it has, where the type says so: `[f64; 3]`.
    pub length: Option<usize>,
    /// Whether it is a reference to that.
    pub reference: bool,
}

// By their names: syn's types print only with a feature of its own.
impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.name).finish()
    }
}

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
    /// All fields of numbers, vectors and matrices.
    pub data: Vec<DataField>,
    /// `#[objective(..., data(...))]`: what it says of them.
    pub data_declarations: SpanMap,
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
            data: Vec::new(),
            data_declarations: SpanMap::default(),
            input,
        };
        let mut errors: Option<syn::Error> = None;
        for attribute in model.input.attrs.clone() {
            if let Err(e) = model.attribute(&attribute) {
                combine(&mut errors, e);
            }
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
                } else {
                    Err(meta.error("expected `crate = path::to::gradsmith` or `scalar = f32`"))
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
        let string = syn::parse2::<LitStr>(stream.clone());
        self.cost = Some(match (string, expression.first()) {
            (Ok(string), Some(literal)) => SpanMap::of_string(string.value(), literal.clone()),
            _ => SpanMap::of_tokens(&stream),
        });
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

    fn read_fields(&mut self) -> syn::Result<()> {
        let Data::Struct(data) = &self.input.data else {
            let message = "expected a struct: its fields are the hyper-parameters";
            return Err(syn::Error::new_spanned(&self.input.ident, message));
        };
        let fields = match &data.fields {
            Fields::Named(named) => named.named.iter().collect::<Vec<_>>(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(_) => {
                let message = "expected named fields: the formula speaks of the hyper-parameters by name";
                return Err(syn::Error::new_spanned(&data.fields, message));
            }
        };
        let mut found: Vec<(Ident, Type, ArrayType)> = fields
            .into_iter()
            .filter_map(|f| Some((f.ident.clone()?, f.ty.clone(), self.array_of(&f.ty)?)))
            .collect();
        // Beside `f64`, a type parameter is something else.
        if found.iter().any(|(_, _, array)| !matches!(array.float, Float::Generic(_))) {
            found.retain(|(_, _, array)| !matches!(array.float, Float::Generic(_)));
        }
        let mut float: Option<(Float, String)> = None;
        let mut wrong: Option<syn::Error> = None;
        for (ident, ty, array) in found {
            let (kind, number) = (array.float, array.number);
            let (rank, length, reference) = (array.rank, array.length, array.reference);
            let name = canonical(&ident.to_string());
            if rank == 0 && !reference {
                self.fields.push(Field { name: name.clone(), ident: ident.clone(), ty: ty.clone() });
            }
            self.data.push(DataField { name, ident, rank, length, reference });
            match &float {
                // A reference to a type parameter may be to anything.
                _ if rank == 0 && reference => {}
                Some((_, known)) if *known != number => {
                    let message =
                        format!("fields of one number type are expected, here are `{known}` and `{number}`");
                    combine(&mut wrong, syn::Error::new_spanned(ty, message));
                }
                _ => float = Some((kind, number)),
            }
        }
        if let Some(scalar) = self.scalar.clone() {
            let ty: Type = syn::parse2(quote!(#scalar))?;
            let Some(chosen) = self.float_of(&ty) else {
                return Err(syn::Error::new_spanned(scalar, "expected `f32`, `f64` or a type parameter"));
            };
            if let Some((_, known)) = &float
                && scalar != known
            {
                let message = format!("the fields are of type `{known}`, not `{scalar}`");
                return Err(syn::Error::new_spanned(scalar, message));
            }
            self.float = chosen;
        } else if let Some((float, _)) = float {
            self.float = float;
        } else if let Some(parameter) = self.input.generics.type_params().next() {
            self.float = Float::Generic(parameter.ident.clone());
        }
        wrong.map_or(Ok(()), Err)
    }

    /// The type of a field that is no number, so that the text cannot speak of it.
    pub(super) fn other_field(&self, name: &str) -> Option<String> {
        let Data::Struct(data) = &self.input.data else { return None };
        let named = |f: &syn::Field| f.ident.as_ref().is_some_and(|i| canonical(&i.to_string()) == name);
        let field = data.fields.iter().find(|f| named(f))?;
        let ty = &field.ty;
        let text = quote!(#ty).to_string();
        // As people write it: `Option<T>`, `&'a str`.
        Some(
            text.replace(" < ", "<")
                .replace(" >", ">")
                .replace(" ::", "::")
                .replace(":: ", "::")
                .replace("& ", "&"),
        )
    }

    /// A number, vector or matrix of the number type, or a reference to one.
    fn array_of(&self, ty: &Type) -> Option<ArrayType> {
        let number = |ty: &Type| {
            let ty = ungrouped(ty);
            self.float_of(ty).map(|float| (float, quote!(#ty).to_string()))
        };
        let made = |rank, (float, number)| ArrayType { rank, length: None, float, number, reference: false };
        match ungrouped(ty) {
            Type::Reference(r) => self.array_of(&r.elem).map(|a| ArrayType { reference: true, ..a }),
            Type::Array(a) => number(&a.elem)
                .map(|n| ArrayType { length: literal(&a.len).filter(|n| *n > 0), ..made(1, n) }),
            Type::Slice(a) => number(&a.elem).map(|n| made(1, n)),
            Type::Path(path) => {
                if let Some(n) = number(ty) {
                    return Some(made(0, n));
                }
                let last = path.path.segments.last()?;
                let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
                let types: Vec<&Type> = args
                    .args
                    .iter()
                    .filter_map(|a| if let GenericArgument::Type(t) = a { Some(t) } else { None })
                    .collect();
                let n = types.iter().find_map(|t| number(t))?;
                let name = last.ident.to_string();
                let axes = |end: &str| {
                    types.iter().any(|t| {
                        matches!(t, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == end))
                    })
                };
                if name == "Vec" || name.ends_with("Array1") || name.ends_with("View1") || axes("Ix1") {
                    Some(made(1, n))
                } else if name.ends_with("Array2") || name.ends_with("View2") || axes("Ix2") {
                    Some(made(2, n))
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    fn float_of(&self, ty: &Type) -> Option<Float> {
        let Type::Path(path) = ungrouped(ty) else { return None };
        let ident = path.path.get_ident()?;
        if ident == "f32" {
            return Some(Float::F32);
        }
        if ident == "f64" {
            return Some(Float::F64);
        }
        self.input.generics.type_params().find(|p| p.ident == *ident).map(|p| Float::Generic(p.ident.clone()))
    }

    /// Whether one of the texts has this name in it. A field that none has is left unread, so that rustc's
    /// lint speaks of it.
    pub(super) fn speaks_of(&self, name: &str) -> bool {
        let texts = [self.cost.as_ref(), self.network.as_ref(), Some(&self.declarations)];
        texts.into_iter().flatten().chain(&self.defines).any(|map| {
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
            SourceId::Define(n) => self.defines.get(n as usize),
            SourceId::Hyper(_) | SourceId::Catalog => None,
        }
    }
}

/// The type without the invisible brackets that it has as an argument of somebody's `macro_rules!`.
fn ungrouped(mut ty: &Type) -> &Type {
    while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) = ty {
        ty = elem;
    }
    ty
}

/// The number that an expression is: not the value of a constant, which nobody knows yet.
fn literal(expr: &syn::Expr) -> Option<usize> {
    match expr {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        syn::Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

/// What a field's type says.
struct ArrayType {
    rank: usize,
    length: Option<usize>,
    float: Float,
    number: String,
    reference: bool,
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
        "bounds" | "st" => {
            format!("`{name}(...)` is not supported yet\nhelp: the options are `wrt(...)` and `data(...)`")
        }
        "wrt" => "`wrt` names the variables in parentheses\nhelp: write `wrt(w: vector)`".to_owned(),
        "data" => "`data` says in parentheses what fields are\nhelp: write `data(X: matrix[n, d], K: symmetric matrix)`"
            .to_owned(),
        _ => format!("`{name}` is no option of an objective\nhelp: the options are `wrt(...)` and `data(...)`"),
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
