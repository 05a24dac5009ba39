//! `cargo gradsmith expand`: the Rust that a derive macro makes.

use crate::Failure;
use crate::request::{Request, Subject};
use gradsmith_compiler::derive::Derive;
use gradsmith_compiler::front::ObjectiveText;
use gradsmith_compiler::lower::cost::hyper_parameter;
use gradsmith_compiler::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::io::Write;
use syn::{Attribute, Expr, ImplItem, Item, Stmt};

/// Prints the generated code, formatted, under the struct that it is derived for, without what only rustdoc is for.
///
/// # Errors
/// Texts that are wrong: each error under the line it is about.
pub fn run(request: &Request, out: &mut dyn Write) -> Result<bool, Failure> {
    let (derive, item) = match &request.subject {
        Subject::Cost(text) => {
            text.lower().map_err(|e| request.refusal(&e))?;
            let (cost, defines, fields) = (&text.expr, &text.defines, hyper_parameters(&text.hyper)?);
            let item = quote!(#[cost(#cost)] #(#[define(#defines)])* struct MyCost { #(#fields),* });
            (Derive::Cost, item)
        }
        Subject::Network(text) => {
            text.lower().map_err(|e| request.refusal(&e))?;
            let (cost, network, defines) = (&text.cost, &text.network, &text.defines);
            let (fields, inputs) = (hyper_parameters(&text.hyper)?, fields(&text.inputs)?);
            let mut arguments = quote!(#network);
            if !text.declarations.trim().is_empty() {
                let declarations = tokens(&text.declarations)?;
                arguments.extend(quote!(, #declarations));
            }
            if !inputs.is_empty() {
                arguments.extend(quote!(, inputs(#(#inputs),*)));
            }
            let item = quote! {
                #[network(#arguments)] #[cost(#cost)] #(#[define(#defines)])* struct MyNetwork { #(#fields),* }
            };
            (Derive::Network, item)
        }
        Subject::Objective(text) => {
            // Derivatives beyond their budget are refused here, and not in the code that is printed.
            text.program().map_err(|e| request.refusal(&e))?;
            (Derive::Objective, objective(text)?)
        }
    };
    let name = match derive {
        Derive::Cost => quote!(Cost),
        Derive::Network => quote!(Network),
        Derive::Objective => quote!(Objective),
    };
    // What only the code shows to be wrong: that it would be too long, or a constant too large.
    let code = derive.code(item.clone()).map_err(|errors| {
        let errors: Vec<String> = errors.into_iter().map(|error| format!("error: {error}")).collect();
        Failure::Input(errors.join("\n\n"))
    })?;
    for part in [quote!(#[derive(#name)] #item), code] {
        write!(out, "{}", formatted(part)?)?;
    }
    Ok(true)
}

/// The struct of an objective: what is not differentiated by is its data.
fn objective(text: &ObjectiveText) -> Result<TokenStream, Failure> {
    let asked = |d: &&Declaration| text.wrt.iter().any(|(name, _)| *name == d.name.name);
    let (wrt, data): (Vec<_>, Vec<_>) = text.variables.iter().partition(asked);
    let wrt: Vec<String> = wrt.iter().map(ToString::to_string).collect();
    let wrt = tokens(&wrt.join(", "))?;
    let says_more = |d: &&&Declaration| {
        let bare = match &d.shape {
            DeclaredShape::Scalar => true,
            DeclaredShape::Vector(extent) => extent.is_none(),
            DeclaredShape::Matrix(extents) => extents.is_none(),
            DeclaredShape::Tensor(extents) => extents.iter().all(|extent| *extent == DeclaredExtent::Free),
        };
        d.symmetric || !bare
    };
    let said: Vec<String> = data.iter().filter(says_more).map(ToString::to_string).collect();
    let said = tokens(&said.join(", "))?;
    let said = (!said.is_empty()).then(|| quote!(, data(#said)));
    let types = data.iter().map(|d| {
        let entry = if d.whole { quote!(usize) } else { quote!(f64) };
        match &d.shape {
            DeclaredShape::Scalar => entry,
            DeclaredShape::Vector(_) => quote!(ArrayView1<'a, #entry>),
            DeclaredShape::Matrix(_) => quote!(ArrayView2<'a, #entry>),
            DeclaredShape::Tensor(extents) => {
                let view = format_ident!("ArrayView{}", extents.len());
                quote!(#view<'a, #entry>)
            }
        }
    });
    let names: Vec<String> = data.iter().map(|d| d.name.name.clone()).collect();
    let fields = fields(&names)?;
    let borrows = data.iter().any(|d| d.shape != DeclaredShape::Scalar);
    let lifetime = borrows.then(|| quote!(<'a>));
    let attribute = if text.residual { quote!(residual) } else { quote!(objective) };
    let (expr, defines) = (&text.expr, &text.defines);
    let bounds = tokens(&text.bounds)?;
    let bounds = (!bounds.is_empty()).then(|| quote!(, bounds(#bounds)));
    let constraints = &text.constraints;
    let constraints = (!constraints.is_empty()).then(|| quote!(, st(#(#constraints),*)));
    Ok(quote! {
        #[#attribute(#expr, wrt(#wrt) #said #bounds #constraints)] #(#[define(#defines)])* struct MyObjective #lifetime { #(#fields: #types),* }
    })
}

/// Hyper-parameters as fields, each with its type.
fn hyper_parameters(texts: &[String]) -> Result<Vec<TokenStream>, Failure> {
    let (names, vectors): (Vec<String>, Vec<bool>) = texts
        .iter()
        .map(|text| hyper_parameter(text))
        .map(|(name, vector)| (name.to_owned(), vector))
        .unzip();
    let typed = fields(&names)?.into_iter().zip(vectors).map(|(name, vector)| match vector {
        true => quote!(#name: Vec<f64>),
        false => quote!(#name: f64),
    });
    Ok(typed.collect())
}

/// Names as Rust has them.
fn fields(names: &[String]) -> Result<Vec<Ident>, Failure> {
    let ident = |name: &String| {
        let known = syn::parse_str::<Ident>(name);
        known.or_else(|_| syn::parse_str::<Ident>(&format!("r#{name}")))
    };
    let idents = names.iter().map(|name| {
        ident(name).map_err(|_| Failure::Input(format!("error: `{name}` is no name of a field in Rust")))
    });
    idents.collect()
}

fn tokens(text: &str) -> Result<TokenStream, Failure> {
    text.parse().map_err(|_| Failure::Input(format!("error: `{text}` is not made of Rust's tokens")))
}

fn formatted(code: TokenStream) -> Result<String, Failure> {
    let mut file: syn::File = syn::parse2(code).map_err(|e| {
        Failure::Input(format!("error: the code generated is not Rust: {e}; please report this"))
    })?;
    file.items.iter_mut().for_each(without_pages);
    Ok(prettyplease::unparse(&file))
}

/// Leaves out what only rustdoc is for: MathML beside formulas, and the derivation in the documentation of its constant.
fn without_pages(item: &mut Item) {
    match item {
        Item::Const(item) => {
            let Expr::Block(block) = &mut *item.expr else { return };
            for statement in &mut block.block.stmts {
                if let Stmt::Item(item) = statement {
                    without_pages(item);
                }
            }
        }
        Item::Impl(item) => {
            for member in &mut item.items {
                match member {
                    ImplItem::Const(member) if member.ident == "DERIVATION" => member.attrs.truncate(1),
                    ImplItem::Fn(member) => without_mathml(&mut member.attrs),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Takes out paragraphs of MathML, each with the empty line before it.
fn without_mathml(attributes: &mut Vec<Attribute>) {
    let mut kept: Vec<Attribute> = Vec::with_capacity(attributes.len());
    for attribute in attributes.drain(..) {
        if attribute.to_token_stream().to_string().contains("<math") {
            kept.pop();
        } else {
            kept.push(attribute);
        }
    }
    *attributes = kept;
}
