//! `#[derive(Objective)]`: a prepared problem, its shapes checked once, with derivatives of first and second
//! order.
//!
//! [`problem`] is the type, [`extents`] where its sizes come from, [`checks`] and [`whole`] what is refused,
//! [`plans`] what is computed, [`methods`] the code around it, [`scalars`] that of small functions, [`sparse`] that of matrices which
//! are mostly 0, [`locals`] that of values which the formula names; [`given`] takes other data; [`divided`] is about rows among
//! processes.

mod checks;
mod constraints;
mod divided;
mod extents;
mod given;
mod locals;
mod methods;
mod plans;
mod problem;
mod scalars;
mod sparse;
mod whole;

use crate::codegen::{self, Context, Float};
use crate::derivation::{self, Room};
use crate::derive::attr::ObjectiveKind;
use crate::derive::fields::DataField;
use crate::derive::{Model, check_constants, cost_text, define_texts, docs, errors};
use crate::diag::{Diagnostic, ErrorKind};
use crate::emit::{self, View};
use crate::front::{ObjectiveText, declaration};
use crate::ir::{Extent, ExtentKind, Graph, NodeId, Op};
use crate::picture;
use crate::pipeline::ObjectiveProgram;
use crate::schedule::{Buffer, BufferId, Output, Plan, Policy, Storage, schedule, schedule_divided};
use crate::source::{Place, SourceId, Span};
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use crate::syntax::parse;
use extents::{Origin, SymbolicExtent};
use plans::{Plans, taken_of_workspace};
use proc_macro2::{Ident, Literal, Span as TokenSpan, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use syn::Lifetime;

pub(super) fn expand(model: &Model) -> Result<TokenStream, syn::Error> {
    let Some(kind) = model.objective else {
        let message = "`#[derive(Objective)]` asks for `#[objective(\"norm2(X*w - y)^2\", wrt(w: vector))]`";
        return Err(syn::Error::new_spanned(&model.input.ident, message));
    };
    if model.declarations.text.trim().is_empty() {
        let place = Place { source: SourceId::Declarations, span: Span::at(0) };
        let error = Diagnostic::new(ErrorKind::Attribute, place, "`wrt()` names no variable");
        return Err(errors(model, &error.with_help("write `wrt(w: vector)`").into()));
    }
    let mut model = model.clone();
    lay_out(&mut model);
    let model = &model;
    let text = ObjectiveText {
        expr: cost_text(model, "Objective")?,
        defines: define_texts(model),
        variables: model.data.iter().map(field_declaration).collect(),
        wrt: Vec::new(),
        declarations: model.declarations.text.clone(),
        data: model.data_declarations.text.clone(),
        residual: kind == ObjectiveKind::Residual,
        bounds: model.bounds.text.clone(),
        constraints: model.constraints.iter().map(|c| c.text.clone()).collect(),
    };
    let program = text.program().map_err(|d| errors(model, &d))?;
    let mut roots = vec![program.value];
    roots.extend(
        program.gradient.iter().chain(&program.hessian_product).chain(program.hessian.iter().flatten()),
    );
    if let Some(r) = &program.residual {
        roots.push(r.residual);
        roots.extend(r.jacobian.iter().chain(&r.gauss_newton_product));
    }
    if let Some(r) = &program.restricted {
        roots.extend(r.constraints.iter().flat_map(|c| c.jacobian.iter().chain([&c.node, &c.product])));
        roots.extend(r.limits.iter().map(|l| &l.node));
        roots.extend(r.transposed_product.iter().chain(&r.hessian_product).chain(r.hessian.iter().flatten()));
    }
    check_constants(model, &program.graph, &roots)?;
    let derivation = docs::derivation(
        &model.input.vis,
        "What was derived and how: the value, the gradient, the Hessian.",
        &derivation::objective(&program, &text, derivation::Shown::carried(), Room::of_page),
        &picture::objective(&program, &text.expr),
    );
    // A field that the text does not speak of is left alone.
    let mut model = model.clone();
    model.data = model.data.iter().filter(|f| model.speaks_of(&f.name)).cloned().collect();
    let rows = divided::rows(&model, &program)?;
    let items = Items::new(&model, &program, rows);
    items.can_be_divided()?;
    Ok(items.tokens(&derivation))
}

/// Gives lists the ranks that `data(...)` says of them.
fn lay_out(model: &mut Model) {
    // What does not parse is said later.
    let declared = parse::declarations(&model.data_declarations.text, SourceId::Data).unwrap_or_default();
    for field in model.data.iter_mut().filter(|f| f.list) {
        let said = declared.iter().find(|d| d.name.name == field.name);
        field.rank = match said.map(|d| &d.shape) {
            Some(DeclaredShape::Matrix(_)) => 2,
            Some(DeclaredShape::Tensor(extents)) => extents.len(),
            _ => field.rank,
        };
    }
}

/// A field as the declaration that it is.
fn field_declaration(field: &DataField) -> Declaration {
    let shape = match field.rank {
        0 => DeclaredShape::Scalar,
        1 => DeclaredShape::Vector(field.length.map(DeclaredExtent::Constant)),
        2 => DeclaredShape::Matrix(None),
        n => DeclaredShape::Tensor(vec![DeclaredExtent::Free; n]),
    };
    Declaration { whole: field.whole.is_some(), ..declaration(&field.name, shape) }
}

struct Items<'a> {
    model: &'a Model,
    program: &'a ObjectiveProgram,
    problem: Ident,
    plans: Plans,
    extents: Vec<SymbolicExtent>,
    /// That of rows which may be among several processes.
    rows: Option<Extent>,
}

/// An array that a method's body expects in scope, cut from a flat vector.
struct Cut<'a> {
    /// The flat vector.
    from: TokenStream,
    /// The arrays, in order: name and shape.
    parts: Vec<(Ident, &'a [Extent])>,
    mutable: bool,
}

impl<'a> Items<'a> {
    fn new(model: &'a Model, program: &'a ObjectiveProgram, rows: Option<Extent>) -> Self {
        let problem = format_ident!("{}Problem", model.input.ident);
        let plans = Plans::new(program, rows);
        let mut items = Self { model, program, problem, plans, extents: Vec::new(), rows };
        items.find_extents();
        items.leave_out_locals();
        items
    }

    fn graph(&self) -> &Graph {
        &self.program.graph
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        self.graph().inputs().iter().find(|i| i.name == name).map(|i| i.node)
    }

    fn t(&self) -> TokenStream {
        self.model.float.tokens()
    }

    fn context(&self) -> Context {
        Context {
            rt: self.model.rt.to_token_stream(),
            float: self.model.float.clone(),
            extents: self
                .extents
                .iter()
                .map(|e| {
                    let ident = &e.ident;
                    (e.name.clone(), quote!(#ident))
                })
                .collect(),
            divided: self.rows.map(|e| self.graph().extents.name(e)),
        }
    }

    /// The number of entries of a shape, of type `usize`.
    fn size(&self, shape: &[Extent]) -> TokenStream {
        self.context().entries(self.graph(), shape)
    }

    fn shape_of_wrt(&self, k: usize) -> &[Extent] {
        self.graph().shape(self.program.wrt[k].1)
    }

    /// The number of entries of the first so many variables together.
    fn offset(&self, variables: usize) -> TokenStream {
        let shapes = || (0..variables).map(|k| self.shape_of_wrt(k));
        let constant = |shape: &[Extent]| -> Option<usize> {
            shape.iter().map(|&e| self.graph().extents.as_constant(e)).product()
        };
        if let Some(n) = shapes().map(constant).sum::<Option<usize>>() {
            let n = Literal::usize_unsuffixed(n);
            return quote!(#n);
        }
        let sizes = shapes().map(|shape| self.size(shape));
        quote!(#(#sizes)+*)
    }

    /// n, the number of entries of all variables.
    fn len(&self) -> TokenStream {
        self.offset(self.program.wrt.len())
    }

    fn tokens(&self, derivation: &TokenStream) -> TokenStream {
        let problem = self.problem_type();
        let (prepare, accessors) = (self.prepare(derivation), self.accessors());
        let (implementation, residual, cause) = (self.implementation(), self.residual(), self.cause());
        let constrained = self.constrained();
        let (places, given, locals) = (self.sparse_places(), self.given(), self.locals());
        let block = self.model.block(&quote! {
                #implementation
                #residual
                #constrained
                #prepare
                #accessors
                #given
                #locals
                #places
                #cause
        });
        quote! {
            #block

            #problem
        }
    }
}
