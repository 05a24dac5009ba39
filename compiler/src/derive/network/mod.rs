//! `#[derive(Network)]`: parameters in one buffer, a workspace for a batch, the whole backpropagation.
//!
//! [`types`] are the parameters and the workspace, [`methods`] what method bodies share, [`products`] the
//! second order, [`weighted`] examples of different weight in one pass.

mod methods;
mod products;
mod types;
mod weighted;

use crate::codegen::{self, Context, Float};
use crate::derivation;
use crate::derive::attr::{canonical, combine};
use crate::derive::{Model, check_constants, cost_text, define_texts, docs, errors, generics, hyper_names};
use crate::diag::{Diagnostic, Diagnostics, ErrorKind};
use crate::emit::{self, View};
use crate::front::NetworkText;
use crate::ir::{Extent, Graph, NodeId};
use crate::lower::Role;
use crate::picture;
use crate::pipeline::steps::network_steps;
use crate::pipeline::{self, NetworkProducts, NetworkProgram};
use crate::schedule::{Buffer, Output, Plan, Policy, Storage, schedule};
use crate::source::{Place, SourceId};
use crate::syntax::parse;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeMap;
use weighted::Weighted;

pub(super) fn expand(model: &Model) -> Result<TokenStream, syn::Error> {
    let Some(network) = &model.network else {
        let message = "`#[derive(Network)]` asks for `#[network(784 -> 100 sigmoid -> 10 softmax)]`";
        return Err(syn::Error::new_spanned(&model.input.ident, message));
    };
    let text = NetworkText {
        network: network.text.clone(),
        declarations: model.declarations.text.clone(),
        inputs: model.inputs.iter().map(|ident| canonical(&ident.to_string())).collect(),
        cost: cost_text(model, "Network")?,
        defines: define_texts(model),
        hyper: hyper_names(model),
    };
    let mut undeclared: Option<syn::Error> = None;
    for (ident, name) in model.inputs.iter().zip(&text.inputs) {
        if text.undeclared_inputs().contains(&name.as_str()) {
            let message = format!("the input `{ident}` is not declared\nhelp: say its length: `{ident}: 3`");
            combine(&mut undeclared, syn::Error::new_spanned(ident, message));
        }
    }
    undeclared.map_or(Ok(()), Err)?;
    let program = text.program().map_err(|d| errors(model, &d))?;
    lengths(model, &program)?;
    open_extents(&program, &text.declarations).propagate().map_err(|d| errors(model, &d))?;
    let steps = network_steps(&program);
    let derivation = docs::derivation(
        &model.input.vis,
        "What was derived and how: forwards, the cost, backwards, the gradient.",
        &derivation::network(&program, &steps, &text, derivation::Steps::All),
        &picture::network(&program, &steps, &text.network, &text.cost),
    );
    let products = text.products(&program).map_err(|d| errors(model, &d))?;
    let mut roots = vec![program.data, program.penalty];
    roots.extend(program.gradient.iter().map(|p| p.node));
    check_constants(model, &program.graph, &roots)?;
    check_constants(model, &products.graph, &[&products.hessian[..], &products.gauss_newton].concat())?;
    let weighted = weighted::program(model, &text, &program)?;
    let items = Items::new(model, &program, products);
    Ok(items.tokens(&derivation, weighted.as_ref()))
}

/// The errors of vectors of hyper-parameters whose type says that they have not an entry for each output.
fn lengths(model: &Model, program: &NetworkProgram) -> Result<(), syn::Error> {
    let g = &program.graph;
    let outputs = g.shape(program.output).last().and_then(|&e| g.extents.as_constant(e));
    let mut wrong: Option<syn::Error> = None;
    for field in model.vectors() {
        let (Some(n), Some(outputs)) = (field.length, outputs) else { continue };
        if n != outputs {
            let name = &field.name;
            let message = format!(
                "`{name}` has {n} entries, and the network {outputs} outputs\nhelp: a vector of hyper-parameters has an entry for each output"
            );
            combine(&mut wrong, syn::Error::new_spanned(&field.ident, message));
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// The errors of tensors of which nothing says how large they are: memory is made for numbers.
fn open_extents(program: &NetworkProgram, declarations: &str) -> Diagnostics {
    let mut errors = Diagnostics::new();
    let declared = parse::declarations(declarations, SourceId::Declarations).unwrap_or_default();
    let g = &program.graph;
    let parameters = program.gradient.iter().map(|p| (&p.name, g.shape(p.by)));
    let inputs = program.inputs.iter().map(|(name, node)| (name, g.shape(*node).get(1..).unwrap_or(&[])));
    for (name, shape) in inputs.chain(parameters) {
        if shape.iter().all(|&e| g.extents.as_constant(e).is_some()) {
            continue;
        }
        let span = declared.iter().find(|d| d.name.name == *name).map(|d| d.name.span.to(d.shape_span));
        let place = Place { source: SourceId::Declarations, span: span.unwrap_or_default() };
        let message = format!("nothing says how large `{name}` is");
        let help =
            "a network's tensors have numbers for extents: `W: 10 x 784`; `_` where the formula says it";
        errors.push(Diagnostic::new(ErrorKind::Unsized, place, message).with_help(help));
    }
    errors
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

/// What the method that views a tensor is called: as the tensor, unless the parameters have another method of
/// that name.
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

impl<'a> Items<'a> {
    fn new(model: &'a Model, program: &'a NetworkProgram, products: NetworkProducts) -> Self {
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
        Context {
            rt: self.model.rt.to_token_stream(),
            float: self.model.float.clone(),
            extents,
            divided: None,
        }
    }

    /// The generics of the types made here: the number type's, if it is a parameter.
    fn type_generics(&self) -> (TokenStream, TokenStream) {
        let runtime = &self.model.runtime;
        match &self.model.float {
            Float::Generic(t) => (quote!(<#t: #runtime::Scalar>), quote!(<#t>)),
            _ => (quote!(), quote!()),
        }
    }

    fn method(&self, outputs: &[(&str, NodeId)]) -> Plan {
        let outputs: Vec<Output> =
            outputs.iter().map(|(name, node)| Output { name: (*name).to_owned(), node: *node }).collect();
        schedule(self.graph(), &outputs, Policy::Store, &emit::name_or_text)
    }

    fn tokens(&self, derivation: &TokenStream, weighted: Option<&NetworkProgram>) -> TokenStream {
        let predict = self.method(&[("output", self.program.output)]);
        let value = self.method(&[("data", self.program.data), ("penalty", self.program.penalty)]);
        let mut outputs =
            vec![("data".to_owned(), self.program.data), ("penalty".to_owned(), self.program.penalty)];
        outputs.extend(self.program.gradient.iter().map(|p| (format!("grad_{}", p.name), p.node)));
        let borrowed: Vec<(&str, NodeId)> = outputs.iter().map(|(n, id)| (n.as_str(), *id)).collect();
        let gradient = self.method(&borrowed);
        let weighted = weighted.map(|program| self.weighted(program));
        let (parameters, parameters_methods) = self.parameters_type();
        let (workspace, workspace_methods) = self.workspace_type();
        let [hessian, gauss_newton] =
            [&self.products.hessian, &self.products.gauss_newton].map(|nodes| self.product_method(nodes));
        let implementation = self.implementation(
            derivation,
            [&predict, &value, &gradient],
            [&hessian, &gauss_newton],
            weighted.as_ref(),
        );
        let products = self.products(&hessian, &gauss_newton);
        let lengths = self.tensors.iter().map(|p| Literal::usize_unsuffixed(p.len()));
        let count = Literal::usize_unsuffixed(self.tensors.len());
        let block = self.model.block(&quote! {
                #implementation
                #parameters_methods
                #workspace_methods
                /// Of each tensor, in the order of the buffer.
                const TENSOR_LENGTHS: [usize; #count] = [#(#lengths),*];
                #products
        });
        quote! {
            #block

            #parameters
            #workspace
        }
    }

    fn implementation(
        &self,
        derivation: &TokenStream,
        [predict, value, gradient]: [&Plan; 3],
        [hessian, gauss_newton]: [&Plan; 2],
        weighted: Option<&Weighted>,
    ) -> TokenStream {
        let rt = &self.model.rt;
        let name = &self.model.input.ident;
        let t = self.t();
        let generics = generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let (parameters, workspace) = (&self.parameters, &self.workspace);
        let (_, args) = self.type_generics();
        let single = self.program.inputs.len() == 1;
        let vis = if single {
            quote!()
        } else {
            let vis = &self.model.input.vis;
            quote!(#vis)
        };
        let (inputs, targets) = (self.inputs(false), self.inputs(true));
        let bind = self.parameters(false);
        let (predict_body, value_body, gradient_body) =
            (self.body(predict), self.body(value), self.body(gradient));
        let output = codegen::identifier(&predict.buffers[predict.output_buffers[0].0].name);
        let outputs = self.columns(self.program.output);
        let (value_result, gradient_result) = (self.cost(value), self.cost(gradient));
        let gradients = self.gradients(gradient, 2);
        let numbers = |plan: &&Plan| Self::workspace_numbers(plan, self.program.batch);
        let (descent_body, descent) = self.descent();
        let plans = [predict, value, gradient, &descent, hessian, gauss_newton];
        let numbers: Vec<_> = plans
            .into_iter()
            .chain(weighted.iter().flat_map(|w| w.plans()))
            .map(|plan| numbers(&plan))
            .collect();
        let weighted = weighted.map(|w| &w.methods);
        let per_example = Literal::usize_unsuffixed(numbers.iter().map(|n| n.0).max().unwrap_or(0));
        let fixed = Literal::usize_unsuffixed(numbers.iter().map(|n| n.1).max().unwrap_or(0));
        let init = self.init();
        let data_params = self.data_params();
        let unread = self.unread(&[value, gradient]);
        let [doc_predict, doc_value, doc_gradient, doc_step] = self.docs();
        let doc_workspace = docs::lines(&format!(
            "Memory for batches of 1 to `batch` examples, made once: {per_example} numbers an example, and {fixed} \
             besides. What takes the workspace allocates nothing."
        ));
        let methods = quote! {
            #doc_predict
            #vis fn predict_into(
                &self,
                parameters: &#parameters #args,
                #(#data_params,)*
                workspace: &mut #workspace #args,
                mut out: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #inputs
                let #output = &mut #rt::checked_mut("out", [m, #outputs], &mut out)?[..];
                #bind
                #predict_body
                #rt::Ok(())
            }

            #doc_value
            #vis fn value(
                &self,
                parameters: &#parameters #args,
                #(#data_params,)*
                y: #rt::ArrayView2<'_, #t>,
                workspace: &mut #workspace #args,
            ) -> #rt::Result<#rt::CostValue<#t>, #rt::Error> {
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
                y: #rt::ArrayView2<'_, #t>,
                workspace: &mut #workspace #args,
                gradient: &mut #parameters #args,
            ) -> #rt::Result<#rt::CostValue<#t>, #rt::Error> {
                #targets
                #bind
                #gradients
                #gradient_body
                #gradient_result
            }

            #doc_step
            #vis fn sgd_step(
                &self,
                parameters: &mut #parameters #args,
                #(#data_params,)*
                y: #rt::ArrayView2<'_, #t>,
                workspace: &mut #workspace #args,
                learning_rate: f64,
            ) -> #rt::Result<#rt::CostValue<#t>, #rt::Error> {
                #targets
                let learning_rate: #t = #rt::checked_rate(learning_rate)?;
                #descent_body
            }
        };
        let memory = quote! {
            #init

            #doc_workspace
            #vis fn workspace(&self, batch: usize) -> #workspace #args {
                #unread
                #workspace { capacity: batch, buffer: #rt::zeros(batch * #per_example + #fixed) }
            }
        };
        if !single {
            let count = self.program.inputs.len();
            let inputs_doc =
                format!(" A network of {count} inputs: its methods take them in the order declared.");
            return quote! {
                #[doc = #inputs_doc]
                impl #impl_generics #name #type_generics #where_clause {
                    #methods
                    #memory
                    #derivation
                }
            };
        }
        let inputs_count = self.columns(self.program.inputs[0].1);
        quote! {
            #[automatically_derived]
            impl #impl_generics #rt::Network for #name #type_generics #where_clause {
                type Scalar = #t;
                type Parameters = #parameters #args;
                type Workspace = #workspace #args;
                const INPUTS: usize = #inputs_count;
                const OUTPUTS: usize = #outputs;
                #methods
                #weighted
                #memory
            }

            impl #impl_generics #name #type_generics #where_clause {
                #derivation
            }
        }
    }

    /// Fills the parameters from a seed, tensor after tensor.
    fn init(&self) -> TokenStream {
        let rt = &self.model.rt;
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
                // What slides over its input, as a convolution does, has so many of each at every place.
                [units, inputs, field @ ..] => {
                    let field: usize = field.iter().product();
                    let [units, inputs] =
                        [units, inputs].map(|n| Literal::usize_unsuffixed(n.saturating_mul(field)));
                    quote!(init.weights(&mut rng, &mut buffer[#start..#end], #inputs, #units);)
                }
                _ => quote!(init.biases(&mut rng, &mut buffer[#start..#end]);),
            }
        });
        quote! {
            /// Parameters to start from, in a buffer of their own, drawn from the distribution that `init` names. The same
            /// seed gives the same on every machine.
            #vis fn init(init: #rt::Init, seed: u64) -> #parameters #args {
                let mut rng = #rt::Rng::new(seed);
                let mut parameters = #parameters::zeros();
                let buffer = parameters.as_mut_slice();
                #(#fills)*
                parameters
            }
        }
    }
}
