//! What the user wrote on the struct: attributes and fields.

use super::span_map::SpanMap;
use crate::codegen::Float;
use crate::source::SourceId;
use crate::syntax::parse::canonical_name;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Fields, LitStr, Type};

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

/// The struct and its attributes.
pub struct Model {
    /// The derive's input.
    pub input: DeriveInput,
    /// The path of the `gradsmith` crate.
    pub runtime: TokenStream,
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
    pub inputs: Vec<String>,
    /// `#[define("...")]`, in order.
    pub defines: Vec<SpanMap>,
}

/// A name of Rust as a name of the language: Greek letters by their ASCII names.
#[must_use]
pub(super) fn canonical(name: &str) -> String {
    canonical_name(name.trim_start_matches("r#"))
}

impl Model {
    /// Reads a derive's input.
    ///
    /// # Errors
    /// What is wrong with its attributes or fields, all of it.
    pub fn read(tokens: TokenStream) -> syn::Result<Self> {
        let input: DeriveInput = syn::parse2(tokens)?;
        let mut model = Self {
            runtime: quote!(::gradsmith),
            float: Float::F64,
            fields: Vec::new(),
            cost: None,
            network: None,
            declarations: SpanMap::default(),
            inputs: Vec::new(),
            defines: Vec::new(),
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
        errors.map_or(Ok(model), Err)
    }

    fn attribute(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let path = attribute.path();
        if path.is_ident("cost") {
            let map = text(attribute)?;
            if self.cost.replace(map).is_some() {
                return Err(syn::Error::new_spanned(attribute, "one `#[cost(...)]` is enough: write a sum"));
            }
        } else if path.is_ident("define") {
            self.defines.push(text(attribute)?);
        } else if path.is_ident("network") {
            if self.network.is_some() {
                return Err(syn::Error::new_spanned(attribute, "a second `#[network(...)]`"));
            }
            self.read_network(attribute)?;
        } else if path.is_ident("gradsmith") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let path: syn::Path = meta.value()?.call(parse_path)?;
                    self.runtime = quote!(#path);
                    Ok(())
                } else {
                    Err(meta.error("expected `crate = path::to::gradsmith`"))
                }
            })?;
        }
        Ok(())
    }

    /// `784 -> 10 softmax`, or a string, declarations and `inputs(...)`, separated by commas.
    fn read_network(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let tokens = attribute.meta.require_list()?.tokens.clone();
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
        self.network = Some(SpanMap::of_string(string.value(), literal));
        let mut declarations = TokenStream::new();
        for part in &parts[1..] {
            match part.as_slice() {
                [TokenTree::Ident(name), TokenTree::Group(names)] if name == "inputs" => {
                    let list = names.stream();
                    for token in list {
                        if let TokenTree::Ident(ident) = token {
                            self.inputs.push(canonical(&ident.to_string()));
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
        let mut float: Option<(Float, String)> = None;
        for field in fields {
            let (Some(ident), Some(kind)) = (&field.ident, self.float_of(&field.ty)) else { continue };
            let ty = &field.ty;
            let name = quote!(#ty).to_string();
            match &float {
                Some((_, known)) if *known != name => {
                    let message =
                        format!("fields of one number type are expected, here are `{known}` and `{name}`");
                    return Err(syn::Error::new_spanned(ty, message));
                }
                _ => float = Some((kind, name)),
            }
            let name = canonical(&ident.to_string());
            self.fields.push(Field { name, ident: ident.clone(), ty: field.ty.clone() });
        }
        if let Some((float, _)) = float {
            self.float = float;
        } else if let Some(parameter) = self.input.generics.type_params().next() {
            self.float = Float::Generic(parameter.ident.clone());
        }
        Ok(())
    }

    fn float_of(&self, ty: &Type) -> Option<Float> {
        let Type::Path(path) = ty else { return None };
        let ident = path.path.get_ident()?;
        if ident == "f32" {
            return Some(Float::F32);
        }
        if ident == "f64" {
            return Some(Float::F64);
        }
        self.input.generics.type_params().find(|p| p.ident == *ident).map(|p| Float::Generic(p.ident.clone()))
    }

    /// The text that a source is.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Option<&SpanMap> {
        match id {
            SourceId::Expression => self.cost.as_ref(),
            SourceId::Network => self.network.as_ref(),
            SourceId::Declarations => Some(&self.declarations),
            SourceId::Define(n) => self.defines.get(n as usize),
            SourceId::Catalog => None,
        }
    }
}

fn parse_path(input: ParseStream<'_>) -> syn::Result<syn::Path> {
    syn::Path::parse_mod_style(input)
}

/// The text of an attribute: bare tokens, or one string.
fn text(attribute: &Attribute) -> syn::Result<SpanMap> {
    let tokens = attribute.meta.require_list()?.tokens.clone();
    let string = |input: ParseStream<'_>| input.parse::<LitStr>();
    if let Ok(string) = string.parse2(tokens.clone())
        && let Some(literal) = tokens.clone().into_iter().next()
    {
        return Ok(SpanMap::of_string(string.value(), literal));
    }
    Ok(SpanMap::of_tokens(&tokens))
}

/// Adds an error to those found.
pub(super) fn combine(errors: &mut Option<syn::Error>, error: syn::Error) {
    match errors {
        Some(all) => all.combine(error),
        None => *errors = Some(error),
    }
}
