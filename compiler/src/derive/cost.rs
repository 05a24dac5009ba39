//! `#[derive(Cost)]`: an implementation of the runtime's `Cost`, one example at a time, without arrays of its
//! own.

use super::{Model, check_constants, cost_text, define_texts, errors, generics, hyper_names};
use crate::codegen::{self, Context};
use crate::derivation;
use crate::emit::{self, View};
use crate::front::{CostText, declaration};
use crate::ir::{Extent, ExtentKind, Graph, NodeId, Number, Tensor};
use crate::lower::Role;
use crate::pipeline::CostProgram;
use crate::schedule::{Output, Plan, Policy, Storage, schedule};
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

pub(super) fn expand(model: &Model) -> Result<TokenStream, syn::Error> {
    let text = CostText {
        expr: cost_text(model, "Cost")?,
        defines: define_texts(model),
        hyper: hyper_names(model),
        tensors: generic_tensors(),
    };
    let program = text.separate_program().map_err(|d| errors(model, &d))?;
    let mut roots = vec![program.data, program.constant, program.d_activation, program.hessian_diagonal];
    roots.extend(program.tensors.iter().flat_map(|t| [t.penalty, t.partial.node]));
    check_constants(model, &program.graph, &roots)?;
    Ok(implementation(model, &program, &text.expr))
}

/// The weight and the bias that `w` and `b` stand for.
fn generic_tensors() -> Vec<(Declaration, Role)> {
    let symbol = |s: &str| DeclaredExtent::Symbol(s.to_owned());
    vec![
        (declaration("w", DeclaredShape::Matrix(Some((symbol("rows"), symbol("cols"))))), Role::Weight),
        (declaration("b", DeclaredShape::Vector(Some(symbol("units")))), Role::Bias),
    ]
}

fn implementation(model: &Model, program: &CostProgram, text: &str) -> TokenStream {
    let name = &model.input.ident;
    let rt = &model.rt;
    let t = model.float.tokens();
    let generics = generics(model);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = model.input.generics.split_for_impl();
    let derivation = derivation::cost(program, text);
    let (derivation_text, derivation_latex) = (derivation.text(), derivation.latex());
    let m = Methods { model, program };
    let (data, constant, d_activation) = (m.data(), m.constant(), m.d_activation());
    let (weight, bias) = (&program.tensors[0], &program.tensors[1]);
    let weight_penalty = m.penalty(weight.penalty, "w");
    let bias_penalty = m.penalty(bias.penalty, "b");
    let d_weight = m.d_tensor(weight.partial.node, "w");
    let d_bias = m.d_tensor(bias.partial.node, "b");
    let docs = |what: &str, node: NodeId| {
        if program.graph.is_zero(node) {
            let line = format!(" {what} 0.");
            return quote!(#[doc = #line]);
        }
        let view = View::default();
        let lines = emit::lines(&program.graph, node, &view);
        let (formula, mathml) = (lines.text(), lines.mathml());
        let line = format!(" {what} `{formula}`");
        quote!(#[doc = #line] #[doc = ""] #[doc = #mathml])
    };
    let doc_data = docs("The mean over the examples of", program.data);
    let doc_a = docs("∂C/∂a: 1/m times, example by example,", program.d_activation);
    let doc_w = docs("The direct ∂C/∂w:", weight.partial.node);
    let doc_b = docs("The direct ∂C/∂b:", bias.partial.node);
    let doc_wp = docs("The penalty of one weight:", weight.penalty);
    let doc_bp = docs("The penalty of one bias:", bias.penalty);
    let vis = &model.input.vis;
    let second_order = m.second_order();
    let doc_second = docs("The diagonal of ∂²c/∂a², of one example:", program.hessian_diagonal);
    let doc_first = docs("∂c/∂a, of one example:", program.d_activation);
    let mentioned: Vec<TokenStream> = model
        .fields
        .iter()
        .filter(|f| model.speaks_of(&f.name))
        .map(|f| {
            let i = &f.ident;
            quote!(&self.#i)
        })
        .collect();
    model.block(&quote! {
        impl #impl_generics #name #type_generics #where_clause {
            /// What a boosting library asks of a custom objective: gradient and diagonal of the Hessian by
            /// the scores `a`, example by example, neither summed nor averaged; both are m×k.
            ///
            #doc_first
            #doc_second
            ///
            /// # Errors
            /// Where shapes do not fit, or the batch is empty.
            #vis fn gradient_and_hessian_diagonal_into(
                &self,
                a: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
                mut gradient: #rt::ArrayViewMut2<'_, #t>,
                mut hessian: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #second_order
            }

            /// Gradient and diagonal of the Hessian by the scores `a`, example by example and not averaged.
            ///
            /// # Errors
            /// Where shapes do not fit, or the batch is empty.
            #vis fn gradient_and_hessian_diagonal(
                &self,
                a: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
            ) -> #rt::Result<
                (#rt::Array2<#t>, #rt::Array2<#t>),
                #rt::Error,
            > {
                let mut gradient =
                    #rt::Array2::from_elem(a.dim(), <#t as #rt::Scalar>::ZERO);
                let mut hessian = gradient.clone();
                self.gradient_and_hessian_diagonal_into(a, y, gradient.view_mut(), hessian.view_mut())?;
                #rt::Ok((gradient, hessian))
            }
        }

            #[automatically_derived]
            impl #impl_generics #rt::Cost for #name #type_generics #where_clause {
                type Scalar = #t;

                const DERIVATION: &'static str = #derivation_text;

                const DERIVATION_LATEX: &'static str = #derivation_latex;

                #doc_data
                fn data(
                    &self,
                    a: #rt::ArrayView2<'_, #t>,
                    y: #rt::ArrayView2<'_, #t>,
                ) -> #rt::Result<#t, #rt::Error> {
                    #data
                }

                #doc_wp
                fn weight_penalty(
                    &self,
                    w: #rt::ArrayView2<'_, #t>,
                ) -> #rt::Result<#t, #rt::Error> {
                    #weight_penalty
                }

                #doc_bp
                fn bias_penalty(
                    &self,
                    b: #rt::ArrayView1<'_, #t>,
                ) -> #rt::Result<#t, #rt::Error> {
                    #bias_penalty
                }

                fn constant(&self) -> #t {
                    // A hyper-parameter that no derivative keeps is read all the same.
                    let _ = (#(#mentioned,)*);
                    #constant
                }

                #doc_a
                fn d_activation_into(
                    &self,
                    a: #rt::ArrayView2<'_, #t>,
                    y: #rt::ArrayView2<'_, #t>,
                    mut out: #rt::ArrayViewMut2<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #d_activation
                }

                #doc_w
                fn d_weight_into(
                    &self,
                    w: #rt::ArrayView2<'_, #t>,
                    mut out: #rt::ArrayViewMut2<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #d_weight
                }

                #doc_b
                fn d_bias_into(
                    &self,
                    b: #rt::ArrayView1<'_, #t>,
                    mut out: #rt::ArrayViewMut1<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #d_bias
                }
            }
    })
}

/// The input that is 1/m: no name that a user can write, so none of theirs, and `one_over_m` in the code.
const ONE_OVER_M: &str = "one over m";

struct Methods<'a> {
    model: &'a Model,
    program: &'a CostProgram,
}

impl Methods<'_> {
    fn graph(&self) -> &Graph {
        &self.program.graph
    }

    fn plan(&self, name: &str, node: NodeId) -> Plan {
        let output = Output { name: name.to_owned(), node };
        schedule(self.graph(), &[output], Policy::Recompute, &emit::name_or_text)
    }

    fn context(&self, extents: &[(&str, TokenStream)]) -> Context {
        let extents: BTreeMap<String, TokenStream> =
            extents.iter().map(|(n, tokens)| ((*n).to_owned(), tokens.clone())).collect();
        Context {
            rt: quote::ToTokens::to_token_stream(&self.model.rt),
            float: self.model.float.clone(),
            extents,
        }
    }

    /// Arrays that a plan needs besides what it is given: none for a loss, few for a penalty.
    fn temporaries(&self, plan: &Plan, cx: &Context) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let (names, sizes): (Vec<Ident>, Vec<TokenStream>) = plan
            .buffers
            .iter()
            .filter(|b| b.storage == Storage::Temporary)
            .map(|b| (codegen::identifier(&b.name), cx.entries(&plan.graph, &b.shape)))
            .unzip();
        let Some((first, others)) = sizes.split_first() else { return TokenStream::new() };
        let total = quote!(#first #(+ #others)*);
        let split = self.model.split(&names, &quote!(scratch), &quote!([#(#sizes),*]), true);
        quote! {
            let mut scratch = #rt::Scratch::<#t>::new(#total);
            #split
        }
    }

    fn body(&self, plan: &Plan, cx: &Context) -> TokenStream {
        let view = View::default();
        codegen::body(plan, cx, &|g, n| emit::text(g, n, &view).replace(ONE_OVER_M, "1/m"))
    }

    /// The line that makes one example of all, where that is the same.
    fn as_one(plan: &Plan) -> TokenStream {
        let doc = " No entry knows of another: all examples are one.";
        if plan.is_by_entries() { quote!(#[doc = #doc] let k = m * k;) } else { TokenStream::new() }
    }

    /// The lines that check `a` and `y` and make slices of them.
    fn examples(&self) -> TokenStream {
        let rt = &self.model.rt;
        quote! {
            let (m, k) = a.dim();
            #rt::check_batch(m)?;
            #rt::check_outputs(k)?;
            let (a, y) = (#rt::entries(&a), #rt::checked("y", [m, k], &y)?);
        }
    }

    fn data(&self) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let plan = self.plan("data", self.program.data);
        let cx = self.context(&[("k", quote!(k))]);
        let hyper = self.model.hyper_bindings(&plan);
        let (temporaries, body, examples) =
            (self.temporaries(&plan, &cx), self.body(&plan, &cx), self.examples());
        let value = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        let as_one = Self::as_one(&plan);
        quote! {
            #examples
            #hyper
            #as_one
            #temporaries
            let mut total = #rt::Running::<#t>::ZERO;
            for (a, y) in a.chunks_exact(k).zip(y.chunks_exact(k)) {
                #body
                total.add(#value);
            }
            #rt::Ok(total.sum() / #rt::count::<#t>(m))
        }
    }

    fn d_activation(&self) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let mut program = self.program.clone();
        let g = &mut program.graph;
        // The mean's 1/m belongs to the derivative: one more scalar input.
        let m = g.input(ONE_OVER_M, &[]);
        let d = g.whole(program.d_activation);
        let scaled = g.contract(
            Number::ONE,
            &[(Tensor::new(m, Vec::new()), Number::ONE), (d.clone(), Number::ONE)],
            &d.indices,
        );
        let output = Output { name: "d_activation".to_owned(), node: scaled };
        let plan = schedule(&program.graph, &[output], Policy::Recompute, &emit::name_or_text);
        let cx = self.context(&[("k", quote!(k))]);
        let hyper = self.model.hyper_bindings(&plan);
        let (temporaries, body, examples) =
            (self.temporaries(&plan, &cx), self.body(&plan, &cx), self.examples());
        let out = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        let as_one = Self::as_one(&plan);
        quote! {
            #examples
            let mut out = #rt::checked_mut("out", [m, k], &mut out)?;
            #hyper
            let one_over_m = <#t as #rt::Scalar>::ONE / #rt::count::<#t>(m);
            #as_one
            #temporaries
            for ((a, y), #out) in a.chunks_exact(k).zip(y.chunks_exact(k)).zip(out.chunks_exact_mut(k)) {
                #body
            }
            #rt::Ok(())
        }
    }

    /// Gradient and diagonal of the Hessian by the scores, per example and not averaged.
    fn second_order(&self) -> TokenStream {
        let rt = &self.model.rt;
        let outputs = [
            Output { name: "gradient_row".to_owned(), node: self.program.d_activation },
            Output { name: "hessian_row".to_owned(), node: self.program.hessian_diagonal },
        ];
        let plan = schedule(self.graph(), &outputs, Policy::Recompute, &emit::name_or_text);
        let cx = self.context(&[("k", quote!(k))]);
        let hyper = self.model.hyper_bindings(&plan);
        let (temporaries, body, examples) =
            (self.temporaries(&plan, &cx), self.body(&plan, &cx), self.examples());
        let as_one = Self::as_one(&plan);
        let [g, h] = [0, 1].map(|n| codegen::identifier(&plan.buffers[plan.output_buffers[n].0].name));
        quote! {
            #examples
            let mut gradient = #rt::checked_mut("gradient", [m, k], &mut gradient)?;
            let mut hessian = #rt::checked_mut("hessian", [m, k], &mut hessian)?;
            #hyper
            #as_one
            #temporaries
            let rows = gradient.chunks_exact_mut(k).zip(hessian.chunks_exact_mut(k));
            for ((a, y), (#g, #h)) in a.chunks_exact(k).zip(y.chunks_exact(k)).zip(rows) {
                #body
            }
            #rt::Ok(())
        }
    }

    fn constant(&self) -> TokenStream {
        let plan = self.plan("constant", self.program.constant);
        let cx = self.context(&[]);
        let hyper = self.model.hyper_bindings(&plan);
        let body = self.body(&plan, &cx);
        let value = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        // `k` is not known here: a constant that speaks of it is part of the data cost.
        quote!(#hyper #body #value)
    }

    /// The lines that bring one tensor into scope.
    fn tensor(&self, name: &str) -> (TokenStream, Context) {
        let rt = &self.model.rt;
        if name == "w" {
            let checks = self.check_entries(name, &["rows", "cols"]);
            let code = quote! {
                let (rows, cols) = w.dim();
                #checks
                let w = &#rt::entries(&w)[..];
            };
            (code, self.context(&[("rows", quote!(rows)), ("cols", quote!(cols))]))
        } else {
            let checks = self.check_entries(name, &["units"]);
            let code = quote! {
                let units = b.len();
                #checks
                let b = &#rt::entries(&b)[..];
            };
            (code, self.context(&[("units", quote!(units))]))
        }
    }

    /// The lines that refuse a tensor without entries where a penalty has no value then.
    fn check_entries(&self, name: &str, axes: &[&str]) -> TokenStream {
        let (rt, extents) = (&self.model.rt, &self.graph().extents);
        let needs = extents.needs();
        let checks = axes.iter().enumerate().filter_map(|(axis, symbol)| {
            let is = |e: Extent| matches!(extents.kind(e), ExtentKind::Symbol(s) if s == symbol);
            let (_, text) = needs.iter().find(|(e, _)| is(*e))?;
            let (axis, extent) = (Literal::usize_unsuffixed(axis), format_ident!("{symbol}"));
            Some(quote!(#rt::check_some(#name, #axis, #extent, #text)?;))
        });
        checks.collect()
    }

    fn penalty(&self, node: NodeId, name: &str) -> TokenStream {
        let rt = &self.model.rt;
        let plan = self.plan("penalty", node);
        let (tensor, cx) = self.tensor(name);
        let hyper = self.model.hyper_bindings(&plan);
        let (temporaries, body) = (self.temporaries(&plan, &cx), self.body(&plan, &cx));
        let value = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        quote!(#tensor #hyper #temporaries #body #rt::Ok(#value))
    }

    fn d_tensor(&self, node: NodeId, name: &str) -> TokenStream {
        let rt = &self.model.rt;
        let plan = self.plan(&format!("d_{name}"), node);
        let out = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        let (tensor, cx) = self.tensor(name);
        let hyper = self.model.hyper_bindings(&plan);
        let (temporaries, body) = (self.temporaries(&plan, &cx), self.body(&plan, &cx));
        let shape = if name == "w" { quote!([rows, cols]) } else { quote!([units]) };
        quote! {
            #tensor
            let #out = &mut #rt::checked_mut("out", #shape, &mut out)?[..];
            #hyper
            #temporaries
            #body
            #rt::Ok(())
        }
    }
}
