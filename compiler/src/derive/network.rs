//! `#[derive(Network)]`: parameters in one buffer, a workspace for a batch, the whole backpropagation.

use super::attr::{canonical, combine};
use super::cost::allowances;
use super::{Model, errors, generics, hyper_bindings, parsed};
use crate::codegen::{self, Context, Float};
use crate::derivation;
use crate::diag::Diagnostics;
use crate::emit::{self, View};
use crate::ir::{Extent, Graph, NodeId};
use crate::lower::{Role, network as lower};
use crate::pipeline::{self, NetworkProducts, NetworkProgram};
use crate::schedule::{Buffer, Output, Plan, Policy, Storage, schedule};
use crate::source::SourceId;
use crate::syntax::parse;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

pub(super) fn expand(model: &Model) -> Result<TokenStream, syn::Error> {
    let Some(network) = &model.network else {
        let message = "`#[derive(Network)]` asks for `#[network(784 -> 100 sigmoid -> 10 softmax)]`";
        return Err(syn::Error::new_spanned(&model.input.ident, message));
    };
    let (text, program, defines) = parsed(model, "Network")?;
    let mut found = Diagnostics::new();
    let tree = parse::network(&network.text, SourceId::Network).map_err(|e| found.push(e)).ok();
    let declarations =
        parse::declarations(&model.declarations.text, SourceId::Declarations).map_err(|e| found.push(e)).ok();
    let (Some(tree), Some(declarations)) = (tree, declarations) else { return Err(errors(model, &found)) };
    let mut undeclared: Option<syn::Error> = None;
    let mut inputs = Vec::new();
    for ident in &model.inputs {
        let name = canonical(&ident.to_string());
        if !declarations.iter().any(|d| d.name.name == name) {
            let message = format!("the input `{ident}` is not declared\nhelp: say its length: `{ident}: 3`");
            combine(&mut undeclared, syn::Error::new_spanned(ident, message));
        }
        inputs.push(name);
    }
    undeclared.map_or(Ok(()), Err)?;
    let spelled = lower::spell(&tree, &declarations, &inputs).map_err(|d| errors(model, &d))?;
    let hyper: Vec<String> = model.fields.iter().map(|f| f.name.clone()).collect();
    let parts = lower::Parts {
        network: &network.text,
        declarations: &model.declarations.text,
        spelled: &spelled,
        text: &text,
        program: &program,
        defines: &defines,
        hyper: &hyper,
    };
    let lowered = lower::lower(parts).map_err(|d| errors(model, &d))?;
    let program = pipeline::network(lowered);
    let derivation = derivation::network(&program, &network.text, &text);
    let items = Items::new(model, &program);
    Ok(items.tokens(&derivation))
}

/// One tensor of the parameters.
struct ParameterTensor {
    name: String,
    /// The variable.
    ident: Ident,
    /// The method that views it.
    view: Ident,
    offset: usize,
    shape: Vec<usize>,
    role: Role,
}

impl ParameterTensor {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What the method that views a tensor is called: as the tensor, unless the parameters have another method of that name.
fn view_name(name: &str, all: &[pipeline::Partial]) -> Ident {
    let taken = ["zeros", "as_slice", "as_mut_slice"].contains(&name.trim_end_matches('_'))
        || name.strip_suffix("_mut").is_some_and(|other| all.iter().any(|p| p.name == other));
    let ident = codegen::plain_identifier(name);
    if taken { format_ident!("{ident}_") } else { ident }
}

struct Items<'a> {
    model: &'a Model,
    program: &'a NetworkProgram,
    products: NetworkProducts,
    tensors: Vec<ParameterTensor>,
    parameters: Ident,
    workspace: Ident,
}

/// The plan of a method, and what it fills.
struct Method {
    plan: Plan,
}

impl<'a> Items<'a> {
    fn new(model: &'a Model, program: &'a NetworkProgram) -> Self {
        let mut offset = 0;
        let mut tensors = Vec::new();
        for p in &program.gradient {
            let shape: Vec<usize> = program
                .graph
                .shape(p.by)
                .iter()
                .map(|&e| program.graph.extents.as_constant(e).unwrap_or(0))
                .collect();
            let ident = codegen::identifier(&p.name);
            let view = view_name(&p.name, &program.gradient);
            let tensor = ParameterTensor { name: p.name.clone(), ident, view, offset, shape, role: p.role };
            offset += tensor.len();
            tensors.push(tensor);
        }
        let parameters = format_ident!("{}Parameters", model.input.ident);
        let workspace = format_ident!("{}Workspace", model.input.ident);
        let products = pipeline::network_products(program);
        Self { model, program, products, tensors, parameters, workspace }
    }

    fn graph(&self) -> &Graph {
        &self.program.graph
    }

    fn t(&self) -> TokenStream {
        self.model.float.tokens()
    }

    fn total(&self) -> usize {
        self.tensors.iter().map(ParameterTensor::len).sum()
    }

    fn context(&self) -> Context {
        let mut extents = BTreeMap::new();
        extents.insert("m".to_owned(), quote!(m));
        Context { runtime: self.model.runtime.clone(), float: self.model.float.clone(), extents }
    }

    /// The generics of the types made here: the number type's, if it is a parameter.
    fn type_generics(&self) -> (TokenStream, TokenStream) {
        let runtime = &self.model.runtime;
        match &self.model.float {
            Float::Generic(t) => (quote!(<#t: #runtime::Scalar>), quote!(<#t>)),
            _ => (quote!(), quote!()),
        }
    }

    fn method(&self, outputs: &[(&str, NodeId)]) -> Method {
        let outputs: Vec<Output> =
            outputs.iter().map(|(name, node)| Output { name: (*name).to_owned(), node: *node }).collect();
        Method { plan: schedule(self.graph(), &outputs, Policy::Store) }
    }

    /// The plan of a product with a direction: the Hessian's or the Gauss-Newton one.
    fn product_method(&self, nodes: &[NodeId]) -> Method {
        let outputs: Vec<Output> = self
            .program
            .gradient
            .iter()
            .zip(nodes)
            .map(|(p, node)| Output { name: format!("grad_{}", p.name), node: *node })
            .collect();
        Method { plan: schedule(&self.products.graph, &outputs, Policy::Store) }
    }

    /// The two products, as methods of the struct itself.
    fn products(&self, hessian: &Method, gauss_newton: &Method) -> TokenStream {
        let runtime = &self.model.runtime;
        let vis = &self.model.input.vis;
        let t = self.t();
        let (parameters, workspace) = (&self.parameters, &self.workspace);
        let (_, args) = self.type_generics();
        let data_params: Vec<TokenStream> = self
            .program
            .inputs
            .iter()
            .map(|(n, _)| {
                let ident = codegen::identifier(n);
                quote!(#ident: #runtime::__private::ArrayView2<'_, #t>)
            })
            .collect();
        let (targets, bind) = (self.inputs(true), self.parameters());
        let directions = self.tensors.iter().map(|p| {
            let (ident, n) =
                (codegen::identifier(&format!("v_{}", p.name)), Literal::usize_unsuffixed(p.len()));
            quote!(let (#ident, rest) = rest.split_at(#n);)
        });
        let directions = quote!(let rest = &direction.buffer[..]; #(#directions)*);
        let method = |name: &str, doc: &[&str], m: &Method| {
            let name = format_ident!("{name}");
            let (outputs, body) = (self.gradients(&m.plan, 0), self.body(m));
            quote! {
                #(#[doc = #doc])*
                ///
                /// # Errors
                /// Where shapes do not fit, the batch is empty, or the workspace too small.
                #vis fn #name(
                    &self,
                    parameters: &#parameters #args,
                    #(#data_params,)*
                    y: #runtime::__private::ArrayView2<'_, #t>,
                    workspace: &mut #workspace #args,
                    direction: &#parameters #args,
                    gradient: &mut #parameters #args,
                ) -> ::core::result::Result<(), #runtime::Error> {
                    #targets
                    #bind
                    #directions
                    #outputs
                    #body
                    ::core::result::Result::Ok(())
                }
            }
        };
        let hessian_doc = [
            " Writes the product of the cost's Hessian with `direction` to `gradient`, without the Hessian: the gradient",
            " of ⟨∇C, v⟩. Nothing is allocated.",
        ];
        let gauss_newton_doc = [
            " Writes the Gauss-Newton product 1/m Σ Jᵀ H J v to `gradient`, where J is the Jacobian of the output",
            " pre-activations and H the Hessian of the cost by them; a penalty counts with its own Hessian. Nothing is",
            " allocated.",
        ];
        let hessian = method("hessian_vector_product", &hessian_doc, hessian);
        let gauss_newton = method("gauss_newton_product", &gauss_newton_doc, gauss_newton);
        quote!(#hessian #gauss_newton)
    }

    fn tokens(&self, derivation: &derivation::Derivation) -> TokenStream {
        let predict = self.method(&[("output", self.program.output)]);
        let value = self.method(&[("data", self.program.data), ("penalty", self.program.penalty)]);
        let mut outputs =
            vec![("data".to_owned(), self.program.data), ("penalty".to_owned(), self.program.penalty)];
        outputs.extend(self.program.gradient.iter().map(|p| (format!("grad_{}", p.name), p.node)));
        let borrowed: Vec<(&str, NodeId)> = outputs.iter().map(|(n, id)| (n.as_str(), *id)).collect();
        let gradient = self.method(&borrowed);
        let parameters = self.parameters_type();
        let workspace = self.workspace_type();
        let implementation = self.implementation(derivation, &predict, &value, &gradient);
        quote!(#parameters #workspace #implementation)
    }

    // ---- types

    fn parameters_type(&self) -> TokenStream {
        let vis = &self.model.input.vis;
        let (name, network) = (&self.parameters, &self.model.input.ident);
        let runtime = &self.model.runtime;
        let t = self.t();
        let (bounds, args) = self.type_generics();
        let total = Literal::usize_unsuffixed(self.total());
        let doc = format!(
            " The {} parameters of [`{network}`], in one buffer: {}.",
            self.total(),
            self.tensors.iter().map(|p| format!("`{}`", p.name)).collect::<Vec<_>>().join(", ")
        );
        let views = self.tensors.iter().map(|p| {
            let (ident, mutable) = (&p.view, format_ident!("{}_mut", p.view));
            let (start, end) =
                (Literal::usize_unsuffixed(p.offset), Literal::usize_unsuffixed(p.offset + p.len()));
            let what = match p.role {
                Role::Weight => "The weights",
                Role::Bias => "The biases",
                Role::Plain => "The tensor",
            };
            match p.shape.as_slice() {
                [r, c] => {
                    let doc = format!(" {what} `{}`, {r}×{c}.", p.name);
                    let (r, c) = (Literal::usize_unsuffixed(*r), Literal::usize_unsuffixed(*c));
                    quote! {
                        #[doc = #doc]
                        #[must_use]
                        #vis fn #ident(&self) -> #runtime::__private::ArrayView2<'_, #t> {
                            #runtime::__private::matrix(&self.buffer[#start..#end], #r, #c)
                        }
                        #[doc = #doc]
                        #vis fn #mutable(&mut self) -> #runtime::__private::ArrayViewMut2<'_, #t> {
                            #runtime::__private::matrix_mut(&mut self.buffer[#start..#end], #r, #c)
                        }
                    }
                }
                shape => {
                    let doc = format!(" {what} `{}`, of length {}.", p.name, shape.iter().product::<usize>());
                    quote! {
                        #[doc = #doc]
                        #[must_use]
                        #vis fn #ident(&self) -> #runtime::__private::ArrayView1<'_, #t> {
                            #runtime::__private::ArrayView1::from(&self.buffer[#start..#end])
                        }
                        #[doc = #doc]
                        #vis fn #mutable(&mut self) -> #runtime::__private::ArrayViewMut1<'_, #t> {
                            #runtime::__private::ArrayViewMut1::from(&mut self.buffer[#start..#end])
                        }
                    }
                }
            }
        });
        let table = self.tensors.iter().map(|p| {
            let name = &p.name;
            let offset = Literal::usize_unsuffixed(p.offset);
            let shape = p.shape.iter().map(|n| Literal::usize_unsuffixed(*n));
            quote!(#runtime::Tensor { name: #name, offset: #offset, shape: &[#(#shape),*] })
        });
        let allow = allowances();
        quote! {
            #[doc = #doc]
            #allow
            #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
            #vis struct #name #bounds {
                buffer: ::std::vec::Vec<#t>,
            }

            #allow
            impl #bounds #name #args {
                /// All parameters 0.
                #[must_use]
                #vis fn zeros() -> Self {
                    Self { buffer: ::std::vec![<#t as #runtime::Scalar>::ZERO; #total] }
                }
                /// All parameters, tensor after tensor, row by row.
                #[must_use]
                #vis fn as_slice(&self) -> &[#t] {
                    &self.buffer
                }
                /// All parameters, tensor after tensor, row by row.
                #vis fn as_mut_slice(&mut self) -> &mut [#t] {
                    &mut self.buffer
                }
                #(#views)*
            }

            #[automatically_derived]
            #allow
            impl #bounds #runtime::Parameters for #name #args {
                type Scalar = #t;
                const TENSORS: &'static [#runtime::Tensor] = &[#(#table),*];
                fn zeros() -> Self {
                    Self::zeros()
                }
                fn as_slice(&self) -> &[#t] {
                    &self.buffer
                }
                fn as_mut_slice(&mut self) -> &mut [#t] {
                    &mut self.buffer
                }
            }
        }
    }

    fn workspace_type(&self) -> TokenStream {
        let vis = &self.model.input.vis;
        let (name, network) = (&self.workspace, &self.model.input.ident);
        let t = self.t();
        let (bounds, args) = self.type_generics();
        let doc =
            format!(" Memory for batches of [`{network}`], made once; it serves every batch up to its size.");
        let allow = allowances();
        quote! {
            #[doc = #doc]
            #allow
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #name #bounds {
                capacity: usize,
                buffer: ::std::vec::Vec<#t>,
            }

            #allow
            impl #bounds #name #args {
                /// The largest batch it serves.
                #[must_use]
                #vis fn capacity(&self) -> usize {
                    self.capacity
                }
            }
        }
    }

    /// Numbers that the temporaries of a plan take: per example, and besides.
    fn room(plan: &Plan, batch: Extent) -> (usize, usize) {
        let (mut per_example, mut fixed) = (0, 0);
        for b in plan.buffers.iter().filter(|b| b.storage == Storage::Temporary) {
            let (examples, size) = Self::size(plan, b, batch);
            if examples { per_example += size } else { fixed += size }
        }
        (per_example, fixed)
    }

    /// Whether a buffer has a row an example, and its other extents' product.
    fn size(plan: &Plan, b: &Buffer, batch: Extent) -> (bool, usize) {
        let e = &plan.graph.extents;
        let examples = b.shape.iter().any(|&x| e.find(x) == e.find(batch));
        (examples, b.shape.iter().map(|&x| e.as_constant(x).unwrap_or(1)).product())
    }

    // ---- methods

    /// The lines that check the inputs and make slices of them.
    fn inputs(&self, targets: bool) -> TokenStream {
        let runtime = &self.model.runtime;
        let mut code = TokenStream::new();
        let mut names: Vec<(String, NodeId)> = self.program.inputs.clone();
        if targets {
            names.push(("y".to_owned(), self.program.y));
        }
        let first = names.first().map(|(n, _)| codegen::identifier(n));
        if let Some(first) = &first {
            code.extend(quote! {
                let m = #first.nrows();
                #runtime::check_batch(m)?;
                #runtime::check_workspace(workspace.capacity, m)?;
            });
        }
        for (name, node) in &names {
            let ident = codegen::identifier(name);
            let columns = self.columns(*node);
            code.extend(quote! {
                #runtime::check_shape(#name, &[m, #columns], #ident.shape())?;
                let #ident = #runtime::__private::entries(&#ident);
                let #ident = &#ident[..];
            });
        }
        code
    }

    fn columns(&self, node: NodeId) -> TokenStream {
        let n =
            self.graph().shape(node).last().and_then(|&e| self.graph().extents.as_constant(e)).unwrap_or(0);
        let n = Literal::usize_unsuffixed(n);
        quote!(#n)
    }

    /// The lines that name the parameters' tensors.
    fn parameters(&self) -> TokenStream {
        let split = self.tensors.iter().map(|p| {
            let (ident, n) = (&p.ident, Literal::usize_unsuffixed(p.len()));
            quote!(let (#ident, rest) = rest.split_at(#n);)
        });
        quote!(let rest = &parameters.buffer[..]; #(#split)*)
    }

    /// The lines that name the tensors of `gradient` that a plan fills, from its output `first` on.
    fn gradients(&self, plan: &Plan, first: usize) -> TokenStream {
        let split = self.tensors.iter().enumerate().map(|(k, p)| {
            let buffer = plan.output_buffers[first + k];
            let (ident, n) =
                (codegen::identifier(&plan.buffers[buffer.0].name), Literal::usize_unsuffixed(p.len()));
            quote!(let (#ident, rest) = rest.split_at_mut(#n);)
        });
        quote!(let rest = &mut gradient.buffer[..]; #(#split)*)
    }

    /// The lines that name the temporaries in the workspace.
    fn temporaries(&self, plan: &Plan) -> TokenStream {
        let batch = self.program.batch;
        let split: Vec<TokenStream> = plan
            .buffers
            .iter()
            .filter(|b| b.storage == Storage::Temporary)
            .map(|b| {
                let name = codegen::identifier(&b.name);
                let (examples, size) = Self::size(plan, b, batch);
                let size = Literal::usize_unsuffixed(size);
                let size = if examples { quote!(m * #size) } else { quote!(#size) };
                quote!(let (#name, rest) = rest.split_at_mut(#size);)
            })
            .collect();
        if split.is_empty() { quote!() } else { quote!(let rest = &mut workspace.buffer[..]; #(#split)*) }
    }

    fn body(&self, method: &Method) -> TokenStream {
        let plan = &method.plan;
        let view = View::of_batch(self.program.batch);
        let names = self.named_outputs(plan);
        let body = codegen::body(plan, &self.context(), &move |p, n| {
            let formula = emit::text(&p.graph, n, &view);
            match names.get(&n) {
                Some(name) => format!("{name} = {formula}"),
                None => match p.graph.name(n) {
                    Some(name) => format!("{name} = {formula}"),
                    None => formula,
                },
            }
        });
        let reads: Vec<String> =
            plan.buffers.iter().filter(|b| b.storage == Storage::Input).map(|b| b.name.clone()).collect();
        let hyper = hyper_bindings(self.model, &reads);
        let temporaries = self.temporaries(plan);
        quote!(#hyper #temporaries #body)
    }

    fn named_outputs(&self, plan: &Plan) -> BTreeMap<NodeId, String> {
        plan.outputs.iter().map(|o| (o.node, o.name.clone())).collect()
    }

    fn result(&self, method: &Method) -> TokenStream {
        let runtime = &self.model.runtime;
        let scalar = |k: usize| {
            let buffer = method.plan.output_buffers[k];
            codegen::identifier(&method.plan.buffers[buffer.0].name)
        };
        let (data, penalty) = (scalar(0), scalar(1));
        let inputs: Vec<TokenStream> = self
            .program
            .inputs
            .iter()
            .map(|(name, node)| (name.clone(), *node))
            .chain(std::iter::once(("y".to_owned(), self.program.y)))
            .map(|(name, node)| {
                let (ident, columns) = (codegen::identifier(&name), self.columns(node));
                quote!(#runtime::check_finite(#name, #runtime::__private::matrix(#ident, m, #columns))?;)
            })
            .collect();
        quote! {
            let cost = #runtime::CostValue { data: #data, penalty: #penalty };
            if !#runtime::Scalar::is_finite(cost.total()) {
                // Say where it began.
                #(#inputs)*
                #runtime::Parameters::check_finite(parameters)?;
                #runtime::check_finite_scalar("cost", cost.total())?;
            }
            ::core::result::Result::Ok(cost)
        }
    }

    fn implementation(
        &self,
        derivation: &derivation::Derivation,
        predict: &Method,
        value: &Method,
        gradient: &Method,
    ) -> TokenStream {
        let runtime = &self.model.runtime;
        let name = &self.model.input.ident;
        let t = self.t();
        let generics = generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let (parameters, workspace) = (&self.parameters, &self.workspace);
        let (_, args) = self.type_generics();
        let (text, latex) = (derivation.text(), derivation.latex());
        let single = self.program.inputs.len() == 1;
        let vis = if single {
            quote!()
        } else {
            let vis = &self.model.input.vis;
            quote!(#vis)
        };
        let (inputs, targets) = (self.inputs(false), self.inputs(true));
        let bind = self.parameters();
        let (predict_body, value_body, gradient_body) =
            (self.body(predict), self.body(value), self.body(gradient));
        let output = codegen::identifier(&predict.plan.buffers[predict.plan.output_buffers[0].0].name);
        let outputs = self.columns(self.program.output);
        let (value_result, gradient_result) = (self.result(value), self.result(gradient));
        let gradients = self.gradients(&gradient.plan, 2);
        let room = |m: &Method| Self::room(&m.plan, self.program.batch);
        let hessian = self.product_method(&self.products.hessian);
        let gauss_newton = self.product_method(&self.products.gauss_newton);
        let rooms = [room(predict), room(value), room(gradient), room(&hessian), room(&gauss_newton)];
        let products = self.products(&hessian, &gauss_newton);
        let per_example = Literal::usize_unsuffixed(rooms.iter().map(|r| r.0).max().unwrap_or(0));
        let fixed = Literal::usize_unsuffixed(rooms.iter().map(|r| r.1).max().unwrap_or(0));
        let init = self.init();
        let data_params: Vec<TokenStream> = self
            .program
            .inputs
            .iter()
            .map(|(n, _)| {
                let ident = codegen::identifier(n);
                quote!(#ident: #runtime::__private::ArrayView2<'_, #t>)
            })
            .collect();
        let docs = self.docs();
        let [doc_predict, doc_value, doc_gradient] = &docs;
        let methods = quote! {
            #init

            /// Memory for batches of up to `batch` examples.
            #vis fn workspace(&self, batch: usize) -> #workspace #args {
                let numbers = batch * #per_example + #fixed;
                #workspace { capacity: batch, buffer: ::std::vec![<#t as #runtime::Scalar>::ZERO; numbers] }
            }

            #doc_predict
            #vis fn predict_into(
                &self,
                parameters: &#parameters #args,
                #(#data_params,)*
                workspace: &mut #workspace #args,
                mut out: #runtime::__private::ArrayViewMut2<'_, #t>,
            ) -> ::core::result::Result<(), #runtime::Error> {
                #inputs
                #runtime::check_shape("out", &[m, #outputs], out.shape())?;
                #bind
                #runtime::__private::fill(&mut out, |#output| {
                    #predict_body
                    ::core::result::Result::Ok(())
                })
            }

            #doc_value
            #vis fn value(
                &self,
                parameters: &#parameters #args,
                #(#data_params,)*
                y: #runtime::__private::ArrayView2<'_, #t>,
                workspace: &mut #workspace #args,
            ) -> ::core::result::Result<#runtime::CostValue<#t>, #runtime::Error> {
                #targets
                #bind
                #value_body
                #value_result
            }

            #doc_gradient
            #vis fn value_and_gradient(
                &self,
                parameters: &#parameters #args,
                #(#data_params,)*
                y: #runtime::__private::ArrayView2<'_, #t>,
                workspace: &mut #workspace #args,
                gradient: &mut #parameters #args,
            ) -> ::core::result::Result<#runtime::CostValue<#t>, #runtime::Error> {
                #targets
                #bind
                #gradients
                #gradient_body
                #gradient_result
            }
        };
        let allow = allowances();
        let derivation_items = {
            let vis = &self.model.input.vis;
            quote! {
                /// The derivation, as text: forwards, the cost, backwards, the gradient.
                #vis const DERIVATION: &'static str = #text;
                /// The derivation, as LaTeX.
                #vis const DERIVATION_LATEX: &'static str = #latex;
            }
        };
        if !single {
            let count = self.program.inputs.len();
            let inputs_doc =
                format!(" A network of {count} inputs: its methods take them in the order declared.");
            return quote! {
                #allow
                #[doc = #inputs_doc]
                impl #impl_generics #name #type_generics #where_clause {
                    #derivation_items
                    #methods
                    #products
                }
            };
        }
        let inputs_count = self.columns(self.program.inputs[0].1);
        quote! {
            #allow
            impl #impl_generics #name #type_generics #where_clause {
                #derivation_items
                #products
            }

            #[automatically_derived]
            #allow
            impl #impl_generics #runtime::Network for #name #type_generics #where_clause {
                type Scalar = #t;
                type Parameters = #parameters #args;
                type Workspace = #workspace #args;
                const INPUTS: usize = #inputs_count;
                const OUTPUTS: usize = #outputs;
                #methods
            }
        }
    }

    /// Fills the parameters from a seed, tensor after tensor.
    fn init(&self) -> TokenStream {
        let runtime = &self.model.runtime;
        let (parameters, (_, args)) = (&self.parameters, self.type_generics());
        let vis = if self.program.inputs.len() == 1 {
            quote!()
        } else {
            let v = &self.model.input.vis;
            quote!(#v)
        };
        let fills = self.tensors.iter().map(|p| {
            let (start, end) =
                (Literal::usize_unsuffixed(p.offset), Literal::usize_unsuffixed(p.offset + p.len()));
            match p.shape.as_slice() {
                [units, inputs] => {
                    let (units, inputs) =
                        (Literal::usize_unsuffixed(*units), Literal::usize_unsuffixed(*inputs));
                    quote!(init.weights(&mut rng, &mut buffer[#start..#end], #inputs, #units);)
                }
                _ => quote!(init.biases(&mut rng, &mut buffer[#start..#end]);),
            }
        });
        quote! {
            /// Parameters drawn from `seed`.
            #vis fn init(init: #runtime::Init, seed: u64) -> #parameters #args {
                let mut rng = #runtime::Rng::new(seed);
                let mut parameters = #parameters::zeros();
                let buffer = parameters.as_mut_slice();
                #(#fills)*
                parameters
            }
        }
    }

    /// rustdoc with the formulas: of `predict_into`, `value`, `value_and_gradient`.
    fn docs(&self) -> [TokenStream; 3] {
        let view = View::of_batch(self.program.batch);
        let g = self.graph();
        let formula = |name: &str, node: NodeId| {
            let line = format!(" `{name} = {}`", emit::text(g, node, &view));
            let mathml = emit::mathml(g, node, &view);
            quote!(#[doc = #line] #[doc = ""] #[doc = #mathml] #[doc = ""])
        };
        let mut shown = Vec::new();
        let values: TokenStream = self
            .program
            .values
            .iter()
            .filter(|(_, node)| {
                let new = !shown.contains(node);
                shown.push(*node);
                new
            })
            .map(|(name, node)| formula(name, *node))
            .collect();
        let cost = formula("C", self.program.data);
        let penalty = formula("penalty", self.program.penalty);
        let deltas: TokenStream =
            self.program.deltas.iter().map(|(name, node)| formula(name, *node)).collect();
        let gradient: TokenStream =
            self.program.gradient.iter().map(|p| formula(&format!("dC/d{}", p.name), p.node)).collect();
        [
            quote! {
                /// Writes the output activations, a row an example.
                ///
                #values
            },
            quote! {
                /// The cost of a batch, data and penalty apart.
                ///
                #cost
                #penalty
            },
            quote! {
                /// The cost of a batch and its gradient by every parameter, which replaces what `gradient` holds.
                /// Nothing is allocated.
                ///
                #deltas
                #gradient
            },
        ]
    }
}
