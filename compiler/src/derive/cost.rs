//! `#[derive(Cost)]`: an implementation of the runtime's `Cost`, one example at a time, without arrays of its
//! own.

use super::bounds::{self, Forms};
use super::{Model, check_constants, cost_text, define_texts, docs, errors, generics, hyper_names};
use crate::codegen::{self, Context, Repeated, Rows};
use crate::derivation;
use crate::emit::document::Piece;
use crate::emit::{self, View};
use crate::front::{CostText, declaration};
use crate::ir::{Bound, Extent, ExtentKind, Graph, NodeId, Number, Tensor};
use crate::lower::Role;
use crate::picture;
use crate::pipeline::CostProgram;
use crate::pipeline::batch::{Batch, EXAMPLES, OUTPUTS};
use crate::schedule::{Buffer, Output, Plan, Policy, Storage, schedule};
use crate::syntax::ast::{Declaration, DeclaredExtent, DeclaredShape};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Visibility;

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
    Ok(implementation(model, &program, &text))
}

/// The weight and the bias that `w` and `b` stand for.
fn generic_tensors() -> Vec<(Declaration, Role)> {
    let symbol = |s: &str| DeclaredExtent::Symbol(s.to_owned());
    vec![
        (declaration("w", DeclaredShape::Matrix(Some((symbol("rows"), symbol("cols"))))), Role::Weight),
        (declaration("b", DeclaredShape::Vector(Some(symbol("units")))), Role::Bias),
    ]
}

fn implementation(model: &Model, program: &CostProgram, text: &CostText) -> TokenStream {
    let name = &model.input.ident;
    let rt = &model.rt;
    let t = model.float.tokens();
    let generics = generics(model);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = model.input.generics.split_for_impl();
    let m = Methods { model, program };
    let (data, constant, d_activation) = (m.data(), m.constant(), m.d_activation());
    let (weight, bias) = (&program.tensors[0], &program.tensors[1]);
    let weight_penalty = m.penalty(weight.penalty, "w");
    let bias_penalty = m.penalty(bias.penalty, "b");
    let d_weight = m.d_tensor(weight.partial.node, "w");
    let d_bias = m.d_tensor(bias.partial.node, "b");
    let equation = |left: Piece, node: NodeId| docs::paragraphs(&program.graph, &View::default(), left, node);
    let (called, partial) = (|name: &str| Piece::Name(name.to_owned()), derivation::partial);
    let formula_c = equation(called("c"), program.data);
    let formula_a = equation(partial("c", "a"), program.d_activation);
    let formula_w = equation(partial("C", "w"), weight.partial.node);
    let formula_b = equation(partial("C", "b"), bias.partial.node);
    let formula_wp = equation(called("penalty"), weight.penalty);
    let formula_bp = equation(called("penalty"), bias.penalty);
    let diagonal = equation(Piece::Words("diag ∂²c/∂a²".to_owned()), program.hessian_diagonal);
    let vis = &model.input.vis;
    let second_order = m.second_order();
    let of_examples = docs::lines(
        "# Errors\n\
         - `EmptyBatch`: `a` has no rows.\n\
         - `ShapeMismatch`: `y` or an output is not of the shape of `a`, `a` has no columns, or a vector of \
         hyper-parameters has not an entry for each output.",
    );
    let of_a_penalty = |node: NodeId| {
        let matrices =
            "`Singular`, `NotPositiveDefinite`: a matrix that is inverted or given to `logdet` is so.";
        docs::has_matrices(&program.graph, node).then_some(matrices)
    };
    let penalty_errors =
        |node: NodeId| of_a_penalty(node).map(|errors| docs::lines(&format!("\n# Errors\n- {errors}")));
    let partial_errors = |node: NodeId| {
        let shape = "- `ShapeMismatch`: `out` is not of the tensor's shape.";
        let matrices = of_a_penalty(node).map(|errors| format!("\n- {errors}")).unwrap_or_default();
        docs::lines(&format!("\n# Errors\n{shape}{matrices}"))
    };
    let (errors_wp, errors_bp) = (penalty_errors(weight.penalty), penalty_errors(bias.penalty));
    let (errors_w, errors_b) = (partial_errors(weight.partial.node), partial_errors(bias.partial.node));
    let derivation = docs::derivation(
        &Visibility::Inherited,
        "What C is, and how ∂C/∂a and the direct ∂C/∂w and ∂C/∂b come about.",
        &derivation::cost(program, text, derivation::Steps::All),
        &picture::cost(program, &text.expr),
    );
    let mentioned: Vec<TokenStream> = model
        .fields
        .iter()
        .filter(|f| model.speaks_of(&f.name))
        .map(|f| &f.ident)
        .chain(model.vectors().map(|f| &f.ident))
        .map(|i| quote!(&self.#i))
        .collect();
    model.block(&quote! {
        #[automatically_derived]
        impl #impl_generics #rt::Cost for #name #type_generics #where_clause {
            type Scalar = #t;

            /// The data part of the cost, 1/m Σᵢ c(aᵢ, yᵢ): the mean over the m examples, which are the rows of `a` and
            /// `y`, both m×k. Allocates nothing.
            #formula_c
            ///
            #of_examples
            fn data(
                &self,
                a: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
            ) -> #rt::Result<#t, #rt::Error> {
                #data
            }

            /// Writes ∂C/∂a to `out`, m×k: row i is 1/m ∂c/∂a of example i. A penalty of weights or biases has no share
            /// in it, since it does not mention `a`. Overwrites, allocates nothing.
            #formula_a
            ///
            #of_examples
            fn d_activation_into(
                &self,
                a: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
                mut out: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #d_activation
            }

            /// The penalty of ONE weight tensor, units×inputs. It counts once, whatever the batch.
            #formula_wp
            #errors_wp
            fn weight_penalty(
                &self,
                w: #rt::ArrayView2<'_, #t>,
            ) -> #rt::Result<#t, #rt::Error> {
                #weight_penalty
            }

            /// Writes the direct ∂C/∂w of one weight tensor to `out`, of its shape: what back-propagation adds its
            /// δ aᵀ to. Overwrites.
            #formula_w
            #errors_w
            fn d_weight_into(
                &self,
                w: #rt::ArrayView2<'_, #t>,
                mut out: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #d_weight
            }

            /// The penalty of ONE bias, an entry for each unit. It counts once, whatever the batch.
            #formula_bp
            #errors_bp
            fn bias_penalty(
                &self,
                b: #rt::ArrayView1<'_, #t>,
            ) -> #rt::Result<#t, #rt::Error> {
                #bias_penalty
            }

            /// Writes the direct ∂C/∂b of one bias to `out`, of its length: what back-propagation adds its δ to.
            /// Overwrites.
            #formula_b
            #errors_b
            fn d_bias_into(
                &self,
                b: #rt::ArrayView1<'_, #t>,
                mut out: #rt::ArrayViewMut1<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #d_bias
            }

            fn constant(&self) -> #t {
                // A hyper-parameter that no derivative keeps is read all the same.
                let _ = (#(#mentioned,)*);
                #constant
            }

            #derivation
        }

        impl #impl_generics #name #type_generics #where_clause {
            /// What a boosting library asks of a custom objective: gradient and diagonal of the Hessian by the scores
            /// `a`, example by example, neither summed nor averaged. Both are m×k and overwritten; nothing is
            /// allocated.
            #formula_a
            #diagonal
            ///
            #of_examples
            #vis fn gradient_and_hessian_diagonal_into(
                &self,
                a: #rt::ArrayView2<'_, #t>,
                y: #rt::ArrayView2<'_, #t>,
                mut gradient: #rt::ArrayViewMut2<'_, #t>,
                mut hessian: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #second_order
            }

            /// The same in two new arrays, m×k: gradient and diagonal of the Hessian, example by example and not
            /// averaged.
            ///
            #of_examples
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

    /// What code knows that has these extents in variables of their names.
    fn context(&self, extents: &[&str]) -> Context {
        let variable = |name: &&str| ((*name).to_owned(), format_ident!("{name}").into_token_stream());
        Context {
            rt: self.model.rt.to_token_stream(),
            float: self.model.float.clone(),
            extents: extents.iter().map(variable).collect(),
            divided: None,
        }
    }

    /// Arrays that a plan needs besides what it is given: none for a loss, few for a penalty.
    fn temporaries(&self, plan: &Plan, cx: &Context) -> TokenStream {
        self.temporaries_times(plan, cx, None)
    }

    /// The same, so many of each.
    fn temporaries_times(&self, plan: &Plan, cx: &Context, count: Option<TokenStream>) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let count = count.into_iter().collect::<Vec<_>>();
        let (names, sizes): (Vec<Ident>, Vec<TokenStream>) = Self::temporary(plan)
            .map(|b| {
                let entries = cx.entries(&plan.graph, &b.shape);
                (codegen::identifier(&b.name), quote!(#(#count *)* #entries))
            })
            .unzip();
        let Some((first, others)) = sizes.split_first() else { return TokenStream::new() };
        let total = quote!(#first #(+ #others)*);
        let split = self.model.split(&names, &quote!(scratch), &quote!([#(#sizes),*]), true);
        quote! {
            let mut scratch = #rt::Scratch::<#t>::new(#total);
            #split
        }
    }

    fn temporary(plan: &Plan) -> impl Iterator<Item = &Buffer> {
        plan.buffers.iter().filter(|b| b.storage == Storage::Temporary)
    }

    fn body(&self, plan: &Plan, cx: &Context) -> TokenStream {
        codegen::body(plan, cx, &Self::formula)
    }

    /// What a node is, in comments.
    fn formula(g: &Graph, node: NodeId) -> String {
        let text = emit::text(g, node, &View::default());
        [(ONE_OVER_M, "1/m"), (EXAMPLES, "m"), (OUTPUTS, "k")]
            .into_iter()
            .fold(text, |text, (input, name)| text.replace(input, name))
    }

    /// The extent of the outputs.
    fn k(&self) -> Extent {
        self.graph().shape(self.program.a)[0]
    }

    /// The lines that refuse what subscripts and ranges do not fit, as far as these extents say it: the symbols of
    /// an input.
    fn check_bounds(&self, symbols: &[&str]) -> TokenStream {
        let g = self.graph();
        let is_known =
            |e: &Extent| matches!(g.extents.kind(*e), ExtentKind::Symbol(s) if symbols.contains(&s.as_str()));
        let told = |extents: &[Extent]| {
            let mut roots = Vec::new();
            extents.iter().for_each(|e| bounds::roots(g, *e, &mut roots));
            roots.iter().all(is_known)
        };
        let of =
            |bound: &Bound| bound.form.terms.iter().map(|(e, _)| *e).chain([bound.axis]).collect::<Vec<_>>();
        let known: Vec<Bound> = bounds::resolved(g).into_iter().filter(|b| told(&of(b))).collect();
        let forms = Forms { g, cx: self.context(symbols) };
        let needs = g.extents.needs().into_iter().filter(|(e, _)| told(&[*e]));
        let some = needs.filter_map(|(e, text)| Some(forms.some(text, &g.extents.derived(e)?)));
        let (bounds, some) = (forms.checks(&known), some.collect::<TokenStream>());
        quote!(#bounds #some)
    }

    /// The line that refuses another shape than the formula makes of what it is given, whose symbols these are.
    fn check_shape(&self, name: &str, symbols: &[&str]) -> TokenStream {
        let (rt, g) = (&self.model.rt, self.graph());
        let Some(input) = g.inputs().iter().find(|i| i.name == name) else { return TokenStream::new() };
        let idents: Vec<Ident> = symbols.iter().map(|s| format_ident!("{s}")).collect();
        let cx = self.context(symbols);
        let shape = g.shape(input.node);
        let expected: Vec<TokenStream> = shape.iter().map(|&e| cx.extent(g, e)).collect();
        if expected.iter().zip(symbols).all(|(e, s)| e.to_string() == *s) {
            return TokenStream::new();
        }
        // A batch is along the first axis.
        let batch = (name == "a").then(|| quote!(m,));
        quote!(#rt::check_shape(#name, &[#batch #(#expected),*], &[#batch #(#idents),*])?;)
    }

    /// The lines that check `a` and `y` and make slices of them.
    fn examples(&self) -> TokenStream {
        let rt = &self.model.rt;
        let bounds = self.check_bounds(&["k"]);
        let shape = self.check_shape("a", &["k"]);
        quote! {
            let (m, k) = a.dim();
            #rt::check_batch(m)?;
            #rt::check_outputs(k)?;
            #shape
            #bounds
            let (a, y) = (#rt::entries(&a), #rt::checked("y", [m, k], &y)?);
        }
    }

    /// The steps of a plan for all examples at once: an index over the outputs takes m·k values.
    fn at_once(&self, plan: &Plan) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let cx = self.context(&["k"]);
        let is_read = |name: &str| plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == name);
        let counts: TokenStream = [(OUTPUTS, quote!(k)), (EXAMPLES, quote!(m))]
            .into_iter()
            .filter(|(input, _)| is_read(input))
            .map(|(input, count)| {
                let name = codegen::identifier(input);
                quote!(let #name: #t = #rt::count(#count);)
            })
            .collect();
        let (temporaries, body) = (self.temporaries(plan, &cx), self.body(plan, &cx));
        let doc = " No entry knows of another: all examples are one.";
        quote! {
            #counts
            #[doc = #doc]
            let k = m * k;
            #temporaries
            #body
        }
    }

    /// The steps of a plan for one example after the other, compiled together if they are short. `written` are
    /// arrays, each with the name of its row in the plan; a `value`, if there is one, is summed up.
    fn one_by_one(&self, plan: &Plan, written: &[(&str, Ident)], value: Option<&Ident>) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let cx = self.context(&["k"]);
        let given = ["a", "y"].map(|name| (name, format_ident!("{name}"), false));
        let written = written.iter().map(|(array, row)| (*array, row.clone(), true));
        let rows: Vec<Rows> = given
            .into_iter()
            .chain(written)
            .map(|(array, row, written)| Rows { array: format_ident!("{array}"), row, written })
            .collect();
        let arrays: Vec<&Ident> = rows[2..].iter().map(|r| &r.array).collect();
        let binding = value.map(|_| quote!(let total: #t =));
        let Some(Repeated { code, beside }) =
            codegen::repeated(plan, &cx, &Self::formula, (&[self.k()], &rows), value)
        else {
            return self.in_steps(plan, &cx, &rows, value);
        };
        let count = beside.then(|| quote!(#rt::examples_at_once(k)));
        let temporaries = self.temporaries_times(plan, &cx, count);
        let kept: Vec<Ident> = Self::temporary(plan).map(|b| codegen::identifier(&b.name)).collect();
        let math = if codegen::mentions(&code, "math") { quote!(math) } else { quote!(_) };
        let doc = if beside {
            " Some examples beside each other, all steps compiled together for the processor at hand."
        } else {
            " One example after the other, all steps compiled together for the processor at hand."
        };
        quote! {
            #temporaries
            #[doc = #doc]
            #binding #rt::step(
                (&*a, &*y, #(&mut *#arrays,)* #(&mut *#kept),*),
                #[inline(always)]
                move |#math, (a, y, #(#arrays,)* #(#kept),*)| {
                    #rt::by_width(k, #[inline(always)] move |k| { #code })
                },
            );
        }
    }

    /// The same where a step is too long to be compiled with others.
    fn in_steps(&self, plan: &Plan, cx: &Context, rows: &[Rows], value: Option<&Ident>) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let (temporaries, body) = (self.temporaries(plan, cx), self.body(plan, cx));
        let each = rows[2..].iter().fold(quote!((a, y)), |before, Rows { row, .. }| quote!((#before, #row)));
        let arrays = rows[2..].iter().map(|r| &r.array);
        let loops = |add: TokenStream| {
            quote! {
                for #each in a.chunks_exact(k).zip(y.chunks_exact(k))#(.zip(#arrays.chunks_exact_mut(k)))* {
                    #body
                    #add
                }
            }
        };
        let Some(value) = value else {
            let loops = loops(quote!());
            return quote!(#temporaries #loops);
        };
        let loops = loops(quote!(total.add(#value);));
        quote! {
            #temporaries
            let total: #t = {
                let mut total = #rt::Running::<#t>::ZERO;
                #loops
                total.sum()
            };
        }
    }

    fn output(plan: &Plan, number: usize) -> Ident {
        codegen::identifier(&plan.buffers[plan.output_buffers[number].0].name)
    }

    fn data(&self) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let examples = self.examples();
        let output = |node| Output { name: "data".to_owned(), node };
        let planned = |g: &Graph, node, policy| schedule(g, &[output(node)], policy, &emit::name_or_text);
        if let Some(batch) = Batch::mean(self.graph(), self.k(), self.program.data) {
            let plan = planned(&batch.graph, batch.nodes[0], Policy::Recompute);
            let (hyper, work, value) = (
                self.model.hyper_bindings(&plan, &self.context(&["k"])),
                self.at_once(&plan),
                Self::output(&plan, 0),
            );
            return quote!(#examples #hyper #work #rt::Ok(#value));
        }
        let plan = planned(self.graph(), self.program.data, Policy::Examples);
        let hyper = self.model.hyper_bindings(&plan, &self.context(&["k"]));
        let work = self.one_by_one(&plan, &[], Some(&Self::output(&plan, 0)));
        quote!(#examples #hyper #work #rt::Ok(total / #rt::count::<#t>(m)))
    }

    fn d_activation(&self) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.model.float.tokens();
        let mut graph = self.graph().clone();
        // The mean's 1/m belongs to the derivative: one more scalar input.
        let m = graph.input(ONE_OVER_M, &[]);
        let d = graph.whole(self.program.d_activation);
        let scaled = graph.contract(
            Number::ONE,
            &[(Tensor::new(m, Vec::new()), Number::ONE), (d.clone(), Number::ONE)],
            &d.indices,
        );
        let (work, hyper) = self.arrays(&graph, &[("out", "d_activation", scaled)]);
        let examples = self.examples();
        quote! {
            #examples
            let mut out = #rt::checked_mut("out", [m, k], &mut out)?;
            #hyper
            let one_over_m = <#t as #rt::Scalar>::ONE / #rt::count::<#t>(m);
            #work
            #rt::Ok(())
        }
    }

    /// Gradient and diagonal of the Hessian by the scores, per example and not averaged.
    fn second_order(&self) -> TokenStream {
        let rt = &self.model.rt;
        let arrays = [
            ("gradient", "gradient_row", self.program.d_activation),
            ("hessian", "hessian_row", self.program.hessian_diagonal),
        ];
        let (work, hyper) = self.arrays(self.graph(), &arrays);
        let examples = self.examples();
        quote! {
            #examples
            let mut gradient = #rt::checked_mut("gradient", [m, k], &mut gradient)?;
            let mut hessian = #rt::checked_mut("hessian", [m, k], &mut hessian)?;
            #hyper
            #work
            #rt::Ok(())
        }
    }

    /// What fills arrays with a row for each example, given as what the array is called, its row, and the node of
    /// that; and the lines that bind hyper-parameters.
    fn arrays(&self, graph: &Graph, arrays: &[(&str, &str, NodeId)]) -> (TokenStream, TokenStream) {
        let planned = |g: &Graph, nodes: &[NodeId], policy| {
            let outputs: Vec<Output> = arrays
                .iter()
                .zip(nodes)
                .map(|((_, row, _), &node)| Output { name: (*row).to_owned(), node })
                .collect();
            let plan = schedule(g, &outputs, policy, &emit::name_or_text);
            let rows = arrays.iter().enumerate().map(|(n, (array, ..))| (*array, Self::output(&plan, n)));
            let rows: Vec<(&str, Ident)> = rows.collect();
            (plan, rows)
        };
        let nodes: Vec<NodeId> = arrays.iter().map(|(.., node)| *node).collect();
        if let Some(batch) = Batch::each(graph, self.k(), &nodes) {
            let (plan, rows) = planned(&batch.graph, &batch.nodes, Policy::Recompute);
            let work = self.at_once(&plan);
            let bind = rows.iter().map(|(array, row)| {
                let array = format_ident!("{array}");
                quote!(let #row = &mut #array[..];)
            });
            return (quote!(#(#bind)* #work), self.model.hyper_bindings(&plan, &self.context(&["k"])));
        }
        let (plan, rows) = planned(graph, &nodes, Policy::Examples);
        (self.one_by_one(&plan, &rows, None), self.model.hyper_bindings(&plan, &self.context(&["k"])))
    }

    fn constant(&self) -> TokenStream {
        let plan = self.plan("constant", self.program.constant);
        let cx = self.context(&[]);
        let hyper = self.model.hyper_bindings(&plan, &self.context(&["k"]));
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
            let bounds = self.check_bounds(&["rows", "cols"]);
            let shape = self.check_shape("w", &["rows", "cols"]);
            let code = quote! {
                let (rows, cols) = w.dim();
                #shape
                #bounds
                #checks
                let w = &#rt::entries(&w)[..];
            };
            (code, self.context(&["rows", "cols"]))
        } else {
            let checks = self.check_entries(name, &["units"]);
            let (bounds, shape) = (self.check_bounds(&["units"]), self.check_shape("b", &["units"]));
            let code = quote! {
                let units = b.len();
                #shape
                #bounds
                #checks
                let b = &#rt::entries(&b)[..];
            };
            (code, self.context(&["units"]))
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
        let hyper = self.model.hyper_bindings(&plan, &self.context(&["k"]));
        let (temporaries, body) = (self.temporaries(&plan, &cx), self.body(&plan, &cx));
        let value = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        quote!(#tensor #hyper #temporaries #body #rt::Ok(#value))
    }

    fn d_tensor(&self, node: NodeId, name: &str) -> TokenStream {
        let rt = &self.model.rt;
        let plan = self.plan(&format!("d_{name}"), node);
        let out = codegen::identifier(&plan.buffers[plan.output_buffers[0].0].name);
        let (tensor, cx) = self.tensor(name);
        let hyper = self.model.hyper_bindings(&plan, &self.context(&["k"]));
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
