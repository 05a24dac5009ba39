//! `#[derive(Objective)]`: a prepared problem, its shapes checked once, with derivatives of first and second order.

use super::attr::{DataField, ObjectiveKind};
use super::cost::allowances;
use super::{Model, errors, parsed};
use crate::codegen::{self, Context, Float};
use crate::derivation;
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::emit::{self, View};
use crate::ir::{Extent, ExtentKind, Graph, NodeId};
use crate::lower::objective as lower;
use crate::pipeline::{self, ObjectiveProgram};
use crate::schedule::{BufferId, Output, Plan, Policy, Storage, schedule};
use crate::source::{Place, SourceId, Span};
use crate::syntax::ast::{Declaration, DeclaredShape, Ident as Name};
use crate::syntax::parse;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

pub(super) fn expand(model: &Model) -> Result<TokenStream, syn::Error> {
    let Some(kind) = model.objective else {
        let message = "`#[derive(Objective)]` asks for `#[objective(\"norm2(X*w - y)^2\", wrt(w: vector))]`";
        return Err(syn::Error::new_spanned(&model.input.ident, message));
    };
    let (text, program, defines) = parsed(model, "Objective")?;
    let wrt = parse::declarations(&model.declarations.text, SourceId::Declarations)
        .map_err(|e| errors(model, &e.into()))?;
    let mut found = Diagnostics::new();
    let mut variables: Vec<Declaration> = model.data.iter().map(declaration).collect();
    for d in &wrt {
        if variables.iter().any(|v| v.name.name == d.name.name) {
            let place = Place { source: SourceId::Declarations, span: d.name.span };
            let message = format!("`{}` is a field of the struct and a variable of `wrt`", d.name.name);
            let help = "a variable is given at each call; take the field away, or call it otherwise";
            found.push(Diagnostic::new(ErrorKind::DuplicateDefinition, place, message).with_help(help));
        }
        variables.push(d.clone());
    }
    if wrt.is_empty() {
        let place = Place { source: SourceId::Declarations, span: Span::at(0) };
        let message = "`wrt()` names no variable";
        found.push(Diagnostic::new(ErrorKind::Attribute, place, message).with_help("write `wrt(w: vector)`"));
    }
    found.propagate().map_err(|d| errors(model, &d))?;
    let names: Vec<(String, Place)> = wrt
        .iter()
        .map(|d| (d.name.name.clone(), Place { source: SourceId::Declarations, span: d.name.span }))
        .collect();
    let residual = kind == ObjectiveKind::Residual;
    let wanted = if residual { lower::Wanted::Vector } else { lower::Wanted::Scalar };
    let lowered =
        lower::lower(&text, &program, &defines, &variables, &names, wanted).map_err(|d| errors(model, &d))?;
    let symmetric: Vec<bool> = wrt.iter().map(|d| d.symmetric).collect();
    let names: Vec<String> = names.into_iter().map(|(n, _)| n).collect();
    let program = pipeline::objective(lowered, &names, &symmetric, residual);
    let derivation = derivation::objective(&program, &text, residual);
    let items = Items::new(model, &program);
    Ok(items.tokens(&derivation))
}

/// A field as the declaration that it is.
fn declaration(field: &DataField) -> Declaration {
    let shape = match field.rank {
        0 => DeclaredShape::Scalar,
        1 => DeclaredShape::Vector(None),
        _ => DeclaredShape::Matrix(None),
    };
    let name = Name { name: field.name.clone(), span: Span::default() };
    Declaration { name, shape, shape_span: Span::default(), symmetric: false }
}

struct Items<'a> {
    model: &'a Model,
    program: &'a ObjectiveProgram,
    problem: Ident,
    /// Symbolic extents: name, and where its value comes from.
    extents: Vec<(String, Origin)>,
}

/// Where the value of a symbolic extent comes from.
enum Origin {
    /// An axis of a field.
    Field(usize, usize),
    /// A parameter of `prepare`.
    Parameter,
    /// The product of two others.
    Product(Extent, Extent),
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
    fn new(model: &'a Model, program: &'a ObjectiveProgram) -> Self {
        let problem = format_ident!("{}Problem", model.input.ident);
        let mut items = Self { model, program, problem, extents: Vec::new() };
        items.find_extents();
        items
    }

    fn graph(&self) -> &Graph {
        &self.program.graph
    }

    fn node(&self, name: &str) -> Option<NodeId> {
        self.graph().inputs().iter().find(|i| i.name == name).map(|i| i.node)
    }

    fn find_extents(&mut self) {
        let g = &self.program.graph;
        let mut known: Vec<(String, Origin)> = Vec::new();
        let name = |e: Extent| match g.extents.kind(e) {
            ExtentKind::Symbol(name) => Some(name.clone()),
            _ => None,
        };
        for (k, field) in self.model.data.iter().enumerate().filter(|(_, f)| f.rank > 0) {
            let Some(node) = self.node(&field.name) else { continue };
            for (axis, &e) in g.shape(node).iter().enumerate() {
                if let Some(name) = name(e)
                    && !known.iter().any(|(n, _)| *n == name)
                {
                    known.push((name, Origin::Field(k, axis)));
                }
            }
        }
        let mut pending: Vec<Extent> = Vec::new();
        for (_, node) in &self.program.wrt {
            pending.extend(g.shape(*node));
        }
        for id in (0..g.len() as u32).map(NodeId) {
            pending.extend(g.shape(id).iter().filter(|&&e| g.extents.factors(e).is_some()));
        }
        for e in pending {
            let Some(name) = name(e) else { continue };
            if known.iter().any(|(n, _)| *n == name) {
                continue;
            }
            let origin = match g.extents.factors(e) {
                Some((a, b)) => Origin::Product(a, b),
                None => Origin::Parameter,
            };
            known.push((name, origin));
        }
        self.extents = known;
    }

    fn t(&self) -> TokenStream {
        self.model.float.tokens()
    }

    fn context(&self) -> Context {
        Context {
            runtime: self.model.runtime.clone(),
            float: self.model.float.clone(),
            extents: BTreeMap::new(),
        }
    }

    /// The number of entries of a shape, of type `usize`.
    fn size(&self, shape: &[Extent]) -> TokenStream {
        let cx = self.context();
        let extents: Vec<TokenStream> = shape.iter().map(|&e| cx.extent(self.graph(), e)).collect();
        match extents.as_slice() {
            [] => quote!(1),
            [first, rest @ ..] => quote!(#first #(* #rest)*),
        }
    }

    fn shape_of_wrt(&self, k: usize) -> &[Extent] {
        self.graph().shape(self.program.wrt[k].1)
    }

    /// n, the number of entries of all variables.
    fn len(&self) -> TokenStream {
        let sizes: Vec<TokenStream> =
            (0..self.program.wrt.len()).map(|k| self.size(self.shape_of_wrt(k))).collect();
        quote!(#(#sizes)+*)
    }

    // ---- the type

    fn generics(&self) -> (TokenStream, TokenStream) {
        let runtime = &self.model.runtime;
        match &self.model.float {
            Float::Generic(t) => (quote!(<'p, #t: #runtime::Scalar>), quote!(<'p, #t>)),
            _ => (quote!(<'p>), quote!(<'p>)),
        }
    }

    fn tokens(&self, derivation: &derivation::Derivation) -> TokenStream {
        let problem = self.problem_type();
        let prepare = self.prepare(derivation);
        let implementation = self.implementation();
        let residual = self.residual();
        quote!(#problem #prepare #implementation #residual)
    }

    fn problem_type(&self) -> TokenStream {
        let vis = &self.model.input.vis;
        let (name, of, t) = (&self.problem, &self.model.input.ident, self.t());
        let (bounds, args) = self.generics();
        let fields = self.model.data.iter().map(|f| {
            let ident = codegen::identifier(&f.name);
            if f.rank == 0 { quote!(#ident: #t) } else { quote!(#ident: ::std::borrow::Cow<'p, [#t]>) }
        });
        let extents = self.extents.iter().map(|(n, _)| {
            let ident = format_ident!("extent_{}", codegen::identifier(n));
            quote!(#ident: usize)
        });
        let doc = format!(" [`{of}`], its shapes checked and its memory taken: what a solver calls.");
        let allow = allowances();
        let bind = self.bind_extents();
        let accessors = self.program.wrt.iter().enumerate().map(|(k, (variable, node))| {
            let ident = codegen::identifier(variable);
            let runtime = &self.model.runtime;
            let shape = self.graph().shape(*node);
            let before: Vec<TokenStream> = (0..k).map(|j| self.size(self.shape_of_wrt(j))).collect();
            let (start, size) = (quote!(0 #(+ #before)*), self.size(shape));
            let cx = self.context();
            let check = quote! {
                let n = #runtime::Objective::len(self);
                #runtime::check_length(n, x.len())?;
                let x = &x[#start..][..#size];
            };
            match shape {
                [] => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident(&self, x: &[#t]) -> ::core::result::Result<#t, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(x[0])
                        }
                    }
                }
                [_] => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> ::core::result::Result<#runtime::__private::ArrayView1<'x, #t>, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(#runtime::__private::ArrayView1::from(x))
                        }
                    }
                }
                extents => {
                    let doc = format!(" The variable `{variable}` in a flat vector.");
                    let dims: Vec<TokenStream> =
                        extents.iter().map(|&e| cx.extent(self.graph(), e)).collect();
                    let (r, c) = (&dims[0], &dims[1]);
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// If the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> ::core::result::Result<#runtime::__private::ArrayView2<'x, #t>, #runtime::Error> {
                            #bind #check
                            ::core::result::Result::Ok(#runtime::__private::matrix(x, #r, #c))
                        }
                    }
                }
            }
        });
        quote! {
            #[doc = #doc]
            #allow
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #name #bounds {
                #(#fields,)*
                #(#extents,)*
                workspace: ::std::vec::Vec<#t>,
                lifetime: ::core::marker::PhantomData<&'p ()>,
            }

            #allow
            impl #bounds #name #args {
                #(#accessors)*
            }
        }
    }

    /// The lines that name the extents inside a method.
    fn bind_extents(&self) -> TokenStream {
        let lines = self.extents.iter().map(|(n, _)| {
            let (ident, field) = (codegen::identifier(n), format_ident!("extent_{}", codegen::identifier(n)));
            quote!(let #ident = self.#field;)
        });
        quote!(#(#lines)*)
    }

    fn prepare(&self, derivation: &derivation::Derivation) -> TokenStream {
        let runtime = &self.model.runtime;
        let vis = &self.model.input.vis;
        let (of, problem, t) = (&self.model.input.ident, &self.problem, self.t());
        let generics = super::generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let args = match &self.model.float {
            Float::Generic(t) => quote!(<'_, #t>),
            _ => quote!(<'_>),
        };
        let mut checks = TokenStream::new();
        let mut params: Vec<TokenStream> = Vec::new();
        for (name, origin) in &self.extents {
            let ident = codegen::identifier(name);
            match origin {
                Origin::Field(k, axis) => {
                    let field = &self.model.data[*k].ident;
                    let axis = Literal::usize_unsuffixed(*axis);
                    checks.extend(quote! {
                        let #ident = #runtime::__private::Datum::<#t>::extents(&self.#field)[#axis];
                    });
                }
                Origin::Parameter => params.push(quote!(#ident: usize)),
                Origin::Product(a, b) => {
                    let cx = self.context();
                    let (a, b) = (cx.extent(self.graph(), *a), cx.extent(self.graph(), *b));
                    checks.extend(quote!(let #ident = #a * #b;));
                }
            }
        }
        let cx = self.context();
        for f in self.model.data.iter().filter(|f| f.rank > 0) {
            let Some(node) = self.node(&f.name) else { continue };
            let (field, name) = (&f.ident, &f.name);
            let expected: Vec<TokenStream> =
                self.graph().shape(node).iter().map(|&e| cx.extent(self.graph(), e)).collect();
            checks.extend(quote! {
                #runtime::check_shape(
                    #name,
                    &[#(#expected),*],
                    &#runtime::__private::Datum::<#t>::extents(&self.#field),
                )?;
            });
        }
        let fields = self.model.data.iter().map(|f| {
            let (ident, field) = (codegen::identifier(&f.name), &f.ident);
            match (f.rank, f.reference) {
                (0, false) => quote!(#ident: self.#field),
                (0, true) => quote!(#ident: *self.#field),
                _ => quote!(#ident: #runtime::__private::Datum::<#t>::entries(&self.#field)),
            }
        });
        let extents = self.extents.iter().map(|(n, _)| {
            let (ident, field) = (codegen::identifier(n), format_ident!("extent_{}", codegen::identifier(n)));
            quote!(#field: #ident)
        });
        let rooms: Vec<TokenStream> = self.plans().iter().map(|p| self.room(p)).collect();
        let (text, latex) = (derivation.text(), derivation.latex());
        let allow = allowances();
        let given: Vec<String> = self
            .extents
            .iter()
            .filter(|(_, o)| matches!(o, Origin::Parameter))
            .map(|(n, _)| format!("`{n}`"))
            .collect();
        let doc = if given.is_empty() {
            " Checks the shapes and takes the memory, once.".to_owned()
        } else {
            format!(" Checks the shapes and takes the memory, once. No field tells {}.", given.join(", "))
        };
        quote! {
            #allow
            impl #impl_generics #of #type_generics #where_clause {
                /// The derivation, as text: the value, the gradient, the Hessian.
                #vis const DERIVATION: &'static str = #text;
                /// The derivation, as LaTeX.
                #vis const DERIVATION_LATEX: &'static str = #latex;

                #[doc = #doc]
                ///
                /// # Errors
                /// Where shapes do not fit: field, axis and both extents.
                #vis fn prepare(&self, #(#params),*) -> ::core::result::Result<#problem #args, #runtime::Error> {
                    #checks
                    let rooms = [0, #(#rooms),*];
                    let room = rooms.into_iter().max().unwrap_or(0);
                    ::core::result::Result::Ok(#problem {
                        #(#fields,)*
                        #(#extents,)*
                        workspace: ::std::vec![<#t as #runtime::Scalar>::ZERO; room],
                        lifetime: ::core::marker::PhantomData,
                    })
                }
            }
        }
    }

    // ---- plans

    fn plan(&self, outputs: &[(String, NodeId)]) -> Plan {
        let outputs: Vec<Output> =
            outputs.iter().map(|(name, node)| Output { name: name.clone(), node: *node }).collect();
        schedule(self.graph(), &outputs, Policy::Store)
    }

    fn value_plan(&self) -> Plan {
        self.plan(&[("value".to_owned(), self.program.value)])
    }

    fn by_variable(&self, prefix: &str, nodes: &[NodeId]) -> Vec<(String, NodeId)> {
        self.program.wrt.iter().zip(nodes).map(|((n, _), node)| (format!("{prefix}{n}"), *node)).collect()
    }

    fn gradient_plan(&self) -> Plan {
        self.plan(&self.by_variable("d_", &self.program.gradient))
    }

    fn both_plan(&self) -> Plan {
        let mut outputs = vec![("value".to_owned(), self.program.value)];
        outputs.extend(self.by_variable("d_", &self.program.gradient));
        self.plan(&outputs)
    }

    fn product_plan(&self) -> Plan {
        self.plan(&self.by_variable("h_", &self.program.product))
    }

    fn hessian_plan(&self) -> Plan {
        let mut outputs = Vec::new();
        for (i, row) in self.program.hessian.iter().enumerate() {
            for (j, node) in row.iter().enumerate() {
                outputs.push((format!("h_{}_{}", self.program.wrt[i].0, self.program.wrt[j].0), *node));
            }
        }
        self.plan(&outputs)
    }

    fn residual_plans(&self) -> Vec<Plan> {
        match &self.program.residual {
            Some(r) => vec![
                self.plan(&[("residual".to_owned(), r.residual)]),
                self.plan(&self.by_variable("j_", &r.jacobian)),
                self.plan(&self.by_variable("g_", &r.product)),
            ],
            None => Vec::new(),
        }
    }

    fn plans(&self) -> Vec<Plan> {
        let mut plans = vec![
            self.value_plan(),
            self.gradient_plan(),
            self.both_plan(),
            self.product_plan(),
            self.hessian_plan(),
        ];
        plans.extend(self.residual_plans());
        plans
    }

    /// Numbers that a plan takes of the workspace: its temporaries, and the blocks that are copied out.
    fn room(&self, plan: &Plan) -> TokenStream {
        let cx = self.context();
        let sizes: Vec<TokenStream> = plan
            .buffers
            .iter()
            .filter(|b| matches!(b.storage, Storage::Temporary | Storage::Output))
            .map(|b| {
                let extents: Vec<TokenStream> = b.shape.iter().map(|&e| cx.extent(&plan.graph, e)).collect();
                quote!(1 #(* #extents)*)
            })
            .collect();
        quote!(0 #(+ #sizes)*)
    }

    // ---- methods

    /// The lines that bring data, extents and temporaries into scope, and the plan's steps.
    fn body(&self, plan: &Plan, cuts: &[Cut<'_>], blocks: bool) -> TokenStream {
        let cx = self.context();
        let mut code = self.bind_extents();
        for f in &self.model.data {
            let used = plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == f.name);
            if !used {
                continue;
            }
            let ident = codegen::identifier(&f.name);
            code.extend(if f.rank == 0 {
                quote!(let #ident = self.#ident;)
            } else {
                quote!(let #ident = &self.#ident[..];)
            });
        }
        for cut in cuts {
            let from = &cut.from;
            let split = if cut.mutable { quote!(split_at_mut) } else { quote!(split_at) };
            let start = if cut.mutable { quote!(&mut #from[..]) } else { quote!(&#from[..]) };
            code.extend(quote!(let rest = #start;));
            for (name, shape) in &cut.parts {
                let size = self.size(shape);
                code.extend(quote!(let (#name, rest) = rest.#split(#size);));
                if shape.is_empty() && !cut.mutable {
                    code.extend(quote!(let #name = #name[0];));
                }
            }
        }
        code.extend(quote!(let rest = &mut self.workspace[..];));
        for b in &plan.buffers {
            let wanted = b.storage == Storage::Temporary || (blocks && b.storage == Storage::Output);
            if !wanted {
                continue;
            }
            let name = codegen::identifier(&b.name);
            let extents: Vec<TokenStream> = b.shape.iter().map(|&e| cx.extent(&plan.graph, e)).collect();
            code.extend(quote!(let (#name, rest) = rest.split_at_mut(1 #(* #extents)*);));
        }
        let view = View::default();
        let names: BTreeMap<NodeId, String> = plan.outputs.iter().map(|o| (o.node, o.name.clone())).collect();
        code.extend(codegen::body(plan, &cx, &move |p, n| {
            let formula = emit::text(&p.graph, n, &view);
            match names.get(&n).map(String::as_str).or_else(|| p.graph.name(n)) {
                Some(name) => format!("{name} = {formula}"),
                None => formula,
            }
        }));
        code
    }

    fn buffer(plan: &Plan, id: BufferId) -> Ident {
        codegen::identifier(&plan.buffers[id.0].name)
    }

    fn x_cut(&self) -> Cut<'_> {
        let parts = self
            .program
            .wrt
            .iter()
            .map(|(n, node)| (codegen::identifier(n), self.graph().shape(*node)))
            .collect();
        Cut { from: quote!(x), parts, mutable: false }
    }

    fn v_cut(&self) -> Cut<'_> {
        let parts = self
            .program
            .wrt
            .iter()
            .map(|(n, node)| (codegen::identifier(&format!("v_{n}")), self.graph().shape(*node)))
            .collect();
        Cut { from: quote!(v), parts, mutable: false }
    }

    /// The outputs of a plan, from the `first`, cut from the flat vector `from`; and what writes the scalar ones there.
    fn out_cut<'s>(&'s self, plan: &Plan, from: TokenStream, first: usize) -> (Cut<'s>, TokenStream) {
        let mut parts = Vec::new();
        let mut after = TokenStream::new();
        for (k, (_, node)) in self.program.wrt.iter().enumerate() {
            let shape = self.graph().shape(*node);
            let name = Self::buffer(plan, plan.output_buffers[first + k]);
            if shape.is_empty() {
                let slot = format_ident!("slot_{}", k);
                after.extend(quote!(#slot[0] = #name;));
                parts.push((slot, shape));
            } else {
                parts.push((name, shape));
            }
        }
        (Cut { from, parts, mutable: true }, after)
    }

    fn check_x(&self, others: &[&str]) -> TokenStream {
        let runtime = &self.model.runtime;
        let others = others.iter().map(|o| {
            let o = format_ident!("{o}");
            quote!(#runtime::check_length(n, #o.len())?;)
        });
        quote! {
            let n = #runtime::Objective::len(self);
            #runtime::check_length(n, x.len())?;
            #(#others)*
        }
    }

    fn implementation(&self) -> TokenStream {
        let runtime = &self.model.runtime;
        let (problem, t) = (&self.problem, self.t());
        let (bounds, args) = self.generics();
        let allow = allowances();
        let view = View::default();
        let formula = |name: &str, node: NodeId| {
            let line = format!(" `{name} = {}`", emit::text(self.graph(), node, &view));
            let mathml = emit::mathml(self.graph(), node, &view);
            quote!(#[doc = #line] #[doc = ""] #[doc = #mathml] #[doc = ""])
        };
        let (len, bind) = (self.len(), self.bind_extents());
        let value = {
            let plan = self.value_plan();
            let body = self.body(&plan, &[self.x_cut()], false);
            let out = Self::buffer(&plan, plan.output_buffers[0]);
            let (check, doc) = (self.check_x(&[]), formula("f", self.program.value));
            quote! {
                #doc
                fn value(&mut self, x: &[#t]) -> ::core::result::Result<#t, #runtime::Error> {
                    #check
                    #body
                    ::core::result::Result::Ok(#out)
                }
            }
        };
        let gradient = {
            let plan = self.gradient_plan();
            let (cut, after) = self.out_cut(&plan, quote!(gradient), 0);
            let body = self.body(&plan, &[self.x_cut(), cut], false);
            let check = self.check_x(&["gradient"]);
            let docs = self.by_variable("df/d", &self.program.gradient);
            let docs = docs.iter().map(|(n, node)| formula(n, *node));
            quote! {
                #(#docs)*
                fn gradient_into(
                    &mut self,
                    x: &[#t],
                    gradient: &mut [#t],
                ) -> ::core::result::Result<(), #runtime::Error> {
                    #check
                    #body
                    #after
                    ::core::result::Result::Ok(())
                }
            }
        };
        let both = {
            let plan = self.both_plan();
            let (cut, after) = self.out_cut(&plan, quote!(gradient), 1);
            let body = self.body(&plan, &[self.x_cut(), cut], false);
            let out = Self::buffer(&plan, plan.output_buffers[0]);
            let check = self.check_x(&["gradient"]);
            quote! {
                fn value_and_gradient_into(
                    &mut self,
                    x: &[#t],
                    gradient: &mut [#t],
                ) -> ::core::result::Result<#t, #runtime::Error> {
                    #check
                    #body
                    #after
                    ::core::result::Result::Ok(#out)
                }
            }
        };
        let product = {
            let plan = self.product_plan();
            let (cut, after) = self.out_cut(&plan, quote!(out), 0);
            let body = self.body(&plan, &[self.x_cut(), self.v_cut(), cut], false);
            let check = self.check_x(&["v", "out"]);
            let docs = self.by_variable("(Hv)_", &self.program.product);
            let docs = docs.iter().map(|(n, node)| formula(n, *node));
            quote! {
                #(#docs)*
                fn hessian_vector_product_into(
                    &mut self,
                    x: &[#t],
                    v: &[#t],
                    out: &mut [#t],
                ) -> ::core::result::Result<(), #runtime::Error> {
                    #check
                    #body
                    #after
                    ::core::result::Result::Ok(())
                }
            }
        };
        let hessian = self.hessian();
        quote! {
            #allow
            const _: () = {
                #[automatically_derived]
                impl #bounds #runtime::Objective for #problem #args {
                    type Scalar = #t;

                    fn len(&self) -> usize {
                        #bind
                        #len
                    }

                    #value
                    #gradient
                    #both
                    #product
                    #hessian
                }
            };
        }
    }

    fn hessian(&self) -> TokenStream {
        let runtime = &self.model.runtime;
        let t = self.t();
        let plan = self.hessian_plan();
        let check = self.check_x(&[]);
        let view = View::default();
        let mut docs = TokenStream::new();
        for (i, row) in self.program.hessian.iter().enumerate() {
            for (j, node) in row.iter().enumerate() {
                let (a, b) = (&self.program.wrt[i].0, &self.program.wrt[j].0);
                let line = format!(" `d²f/d{a}d{b} = {}`", emit::text(self.graph(), *node, &view));
                docs.extend(quote!(#[doc = #line] #[doc = ""]));
            }
        }
        let single = self.program.wrt.len() == 1 && !self.shape_of_wrt(0).is_empty();
        let work = if single {
            let out = Self::buffer(&plan, plan.output_buffers[0]);
            let body = self.body(&plan, &[self.x_cut()], false);
            quote! {
                #runtime::__private::fill(&mut out, |#out| {
                    #body
                    ::core::result::Result::Ok(())
                })
            }
        } else {
            let body = self.body(&plan, &[self.x_cut()], true);
            let mut copies = TokenStream::new();
            let mut k = 0;
            let starts: Vec<TokenStream> = (0..self.program.wrt.len())
                .map(|i| {
                    let before: Vec<TokenStream> = (0..i).map(|j| self.size(self.shape_of_wrt(j))).collect();
                    quote!(0 #(+ #before)*)
                })
                .collect();
            for (i, row) in self.program.hessian.iter().enumerate() {
                for j in 0..row.len() {
                    let buffer = plan.output_buffers[k];
                    let block = Self::buffer(&plan, buffer);
                    k += 1;
                    let (r, c) = (self.size(self.shape_of_wrt(i)), self.size(self.shape_of_wrt(j)));
                    let (at, to) = (&starts[i], &starts[j]);
                    let block = if plan.buffers[buffer.0].storage == Storage::Scalar {
                        quote!(::core::slice::from_ref(&#block))
                    } else {
                        quote!(&*#block)
                    };
                    copies.extend(quote! {
                        #runtime::__private::place_block(&mut out, #block, (#at, #to), (#r, #c));
                    });
                }
            }
            quote! {
                #body
                #copies
                ::core::result::Result::Ok(())
            }
        };
        quote! {
            #docs
            fn hessian_into(
                &mut self,
                x: &[#t],
                mut out: #runtime::__private::ArrayViewMut2<'_, #t>,
            ) -> ::core::result::Result<(), #runtime::Error> {
                #check
                #runtime::check_shape("out", &[n, n], out.shape())?;
                #work
            }
        }
    }

    fn residual(&self) -> TokenStream {
        let Some(r) = &self.program.residual else { return TokenStream::new() };
        let runtime = &self.model.runtime;
        let (problem, t) = (&self.problem, self.t());
        let (bounds, args) = self.generics();
        let allow = allowances();
        let plans = self.residual_plans();
        let (bind, rows) = (self.bind_extents(), self.size(self.graph().shape(r.residual)));
        let check = self.check_x(&[]);
        let residual = {
            let plan = &plans[0];
            let name = Self::buffer(plan, plan.output_buffers[0]);
            let cut =
                Cut { from: quote!(out), parts: vec![(name, self.graph().shape(r.residual))], mutable: true };
            self.body(plan, &[self.x_cut(), cut], false)
        };
        let jacobian = {
            let plan = &plans[1];
            let body = self.body(plan, &[self.x_cut()], true);
            let mut copies = TokenStream::new();
            let mut before: Vec<TokenStream> = Vec::new();
            for k in 0..self.program.wrt.len() {
                let block = Self::buffer(plan, plan.output_buffers[k]);
                let size = self.size(self.shape_of_wrt(k));
                copies.extend(quote! {
                    #runtime::__private::place_columns(&mut out, &*#block, 0 #(+ #before)*, #size);
                });
                before.push(size);
            }
            quote!(#body #copies)
        };
        let product = {
            let plan = &plans[2];
            let (cut, after) = self.out_cut(plan, quote!(out), 0);
            let body = self.body(plan, &[self.x_cut(), self.v_cut(), cut], false);
            quote!(#body #after)
        };
        let check_product = self.check_x(&["v", "out"]);
        quote! {
            #allow
            const _: () = {
                #[automatically_derived]
                impl #bounds #runtime::Residual for #problem #args {
                    fn residuals(&self) -> usize {
                        #bind
                        #rows
                    }

                    fn residual_into(
                        &mut self,
                        x: &[#t],
                        out: &mut [#t],
                    ) -> ::core::result::Result<(), #runtime::Error> {
                        #check
                        #runtime::check_length(#runtime::Residual::residuals(self), out.len())?;
                        #residual
                        ::core::result::Result::Ok(())
                    }

                    fn jacobian_into(
                        &mut self,
                        x: &[#t],
                        mut out: #runtime::__private::ArrayViewMut2<'_, #t>,
                    ) -> ::core::result::Result<(), #runtime::Error> {
                        #check
                        #runtime::check_shape("out", &[#runtime::Residual::residuals(self), n], out.shape())?;
                        #jacobian
                        ::core::result::Result::Ok(())
                    }

                    fn gauss_newton_product_into(
                        &mut self,
                        x: &[#t],
                        v: &[#t],
                        out: &mut [#t],
                    ) -> ::core::result::Result<(), #runtime::Error> {
                        #check_product
                        #product
                        ::core::result::Result::Ok(())
                    }
                }
            };
        }
    }
}
