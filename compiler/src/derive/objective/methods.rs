//! The methods: variables, data and memory in scope, then the steps of a plan.

use super::plans::Matrix;
use super::*;
use crate::derivation::Room;
use crate::derive::docs;
use crate::derive::scaffold::Scaffold;
use crate::emit::document::Piece;
use crate::emit::notation::Notation;

/// How many characters a formula may have in a message.
pub(super) const LONGEST: usize = 160;

impl Items<'_> {
    /// The lines that bring variables, data, extents and temporaries into scope, and the plan's steps.
    pub(super) fn body(&self, plan: &Plan, cuts: &[Cut<'_>]) -> TokenStream {
        let (cx, blocks) = (self.context(), self.copies_out(plan));
        // Arguments first: data may be called as they are.
        let mut code = TokenStream::new();
        for cut in cuts {
            code.extend(self.cut(cut));
        }
        let is_read =
            |f: &&DataField| plan.buffers.iter().any(|b| b.storage == Storage::Input && b.name == f.name);
        let (names, values) = self
            .model
            .data
            .iter()
            .filter(is_read)
            .map(|f| {
                let ident = codegen::identifier(&f.name);
                let value = if f.rank == 0 { quote!(self.#ident) } else { quote!(&self.#ident[..]) };
                (ident, value)
            })
            .unzip::<_, _, Vec<Ident>, Vec<TokenStream>>();
        code.extend(Scaffold::names(&names, values));
        code.extend(cx.bind_blocks(plan));
        let temporaries = plan.buffers.iter().filter(|b| taken_of_workspace(b, blocks));
        let (names, sizes) = temporaries
            .map(|b| (codegen::identifier(&b.name), cx.numbers(plan, b)))
            .unzip::<_, _, Vec<Ident>, Vec<TokenStream>>();
        if !names.is_empty() {
            code.extend(quote!(let [#(#names),*] = self.workspace.split([#(#sizes),*]);));
        }
        let view = View::default();
        code.extend(codegen::body(plan, &cx, &|g, n| emit::text(g, n, &view)));
        let grow = self.grow(plan);
        let extents = self.bind_extents(&quote!(#grow #code));
        quote!(#extents #grow #code)
    }

    /// All that a method does after its checks; afterwards `out` is a variable, if there is one.
    pub(super) fn work(
        &self,
        plan: &Plan,
        cuts: &[Cut<'_>],
        after: &TokenStream,
        out: Option<&Ident>,
    ) -> TokenStream {
        self.scalar_function(plan, cuts, out).unwrap_or_else(|| {
            let body = self.body(plan, cuts);
            quote!(#body #after)
        })
    }

    /// The lines that cut a flat vector, of the right length, into its parts.
    pub(super) fn cut(&self, cut: &Cut<'_>) -> TokenStream {
        let (from, rt) = (&cut.from, &self.model.rt);
        let (names, shapes) = cut.parts.iter().cloned().unzip::<_, _, Vec<Ident>, Vec<&[Extent]>>();
        if !cut.mutable && shapes.iter().all(|shape| shape.is_empty()) {
            return quote!(let [#(#names),*] = *#rt::array(#from)?;);
        }
        let mut code = match names.as_slice() {
            [name] => quote!(let #name = #from;),
            names => {
                let sizes = shapes.iter().map(|shape| self.size(shape));
                let function = if cut.mutable { quote!(split_mut) } else { quote!(split) };
                quote!(let [#(#names),*] = #rt::#function(#from, [#(#sizes),*]);)
            }
        };
        for (name, _) in cut.parts.iter().filter(|(_, shape)| shape.is_empty() && !cut.mutable) {
            code.extend(quote!(let #name = #name[0];));
        }
        code
    }

    pub(super) fn buffer(plan: &Plan, id: BufferId) -> Ident {
        codegen::identifier(&plan.buffers[id.0].name)
    }

    pub(super) fn x_cut(&self) -> Cut<'_> {
        let parts = self
            .program
            .wrt
            .iter()
            .map(|(n, node)| (codegen::identifier(n), self.graph().shape(*node)))
            .collect();
        Cut { from: quote!(x), parts, mutable: false }
    }

    pub(super) fn v_cut(&self) -> Cut<'_> {
        let parts = self
            .program
            .wrt
            .iter()
            .map(|(n, node)| (codegen::identifier(&format!("v_{n}")), self.graph().shape(*node)))
            .collect();
        Cut { from: quote!(direction), parts, mutable: false }
    }

    /// The outputs of a plan, from the `first`, cut from the flat vector `from`; and what writes the scalar
    /// ones there.
    pub(super) fn out_cut<'s>(
        &'s self,
        plan: &Plan,
        from: TokenStream,
        first: usize,
    ) -> (Cut<'s>, TokenStream) {
        let shapes = self.program.wrt.iter().map(|(_, node)| self.graph().shape(*node));
        Self::outputs_cut(plan, from, &plan.output_buffers[first..], shapes)
    }

    /// Outputs of these shapes, cut likewise.
    pub(super) fn outputs_cut<'s>(
        plan: &Plan,
        from: TokenStream,
        outputs: &[BufferId],
        shapes: impl Iterator<Item = &'s [Extent]>,
    ) -> (Cut<'s>, TokenStream) {
        let (mut parts, mut after) = (Vec::new(), TokenStream::new());
        for (k, (shape, &buffer)) in shapes.zip(outputs).enumerate() {
            let name = Self::buffer(plan, buffer);
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

    pub(super) fn check_x(&self, others: &[&str]) -> TokenStream {
        let rt = &self.model.rt;
        let others = others.iter().map(|o| {
            let o = format_ident!("{o}");
            quote!(#rt::check_length(n, #o.len())?;)
        });
        quote! {
            let n = #rt::Objective::len(self);
            #rt::check_length(n, x.len())?;
            #(#others)*
        }
    }

    /// The expression that is the value of a plan, or the error of one that is no finite number.
    fn finite(&self, plan: &Plan, out: &Ident) -> TokenStream {
        let rt = &self.model.rt;
        let named = |name: &str| {
            let g = &plan.graph;
            (0..g.len() as u32)
                .map(NodeId)
                .any(|n| g.name(n) == Some(name) && !matches!(g.op(n), Op::Input(_)))
        };
        let cx = self.context();
        let parts =
            plan.buffers.iter().filter(|b| b.storage == Storage::Temporary && named(&b.name)).map(|b| {
                let (name, ident) = (&b.name, codegen::identifier(&b.name));
                let extents = b.shape.iter().map(|&e| cx.extent(&plan.graph, e));
                quote!((#name, &*#ident, &[#(#extents),*]))
            });
        let text = self.short(self.program.value, "f");
        quote!(#rt::finite(#out, #text, &[#(#parts),*]))
    }

    /// The errors of a method of `x`, and what result is no finite number, if that is one.
    pub(super) fn errors(&self, infinite: &str) -> TokenStream {
        let mut text =
            "# Errors\n- `ParameterLength`: `x`, a direction or an output is not of its length.".to_owned();
        if docs::has_matrices(self.graph(), self.program.value) {
            text += "\n- `Singular`, `NotPositiveDefinite`: a matrix that is inverted, solved with or given to `logdet` is so.";
        }
        if !infinite.is_empty() {
            text = text + "\n- `NonFinite`:" + infinite;
        }
        docs::lines(&text)
    }

    /// A formula for a message, or its name if it is long.
    fn short(&self, node: NodeId, name: &str) -> String {
        let text = emit::text(self.graph(), node, &View::default());
        if text.chars().count() <= LONGEST { text } else { name.to_owned() }
    }

    /// An equation for each of these nodes, one by each variable.
    fn by_variable(&self, left: impl Fn(&str) -> Piece, nodes: &[NodeId]) -> TokenStream {
        let names = self.program.wrt.iter().zip(nodes);
        self.equations(&names.map(|((name, _), &node)| (left(name), node)).collect::<Vec<_>>())
    }

    /// A paragraph for each equation, as text and as MathML too, as far as a page has room.
    pub(super) fn equations(&self, equations: &[(Piece, NodeId)]) -> TokenStream {
        let (view, mut room, mut rendered) = (View::default(), Room::of_page(), Room::of_mathml());
        let mut docs = TokenStream::new();
        for (k, (left, node)) in equations.iter().enumerate() {
            let [text, mathml] = docs::equation(self.graph(), &view, left.clone(), *node);
            let (text, mathml) = (format!(" `{text}`"), format!(" {mathml}"));
            if k > 0 {
                docs.extend(quote!(#[doc = ""]));
            }
            if !room.takes(text.len()) {
                let rest = format!(" {}", derivation::left_out(equations.len() - k));
                docs.extend(quote!(#[doc = #rest]));
                break;
            }
            docs.extend(quote!(#[doc = #text]));
            if rendered.takes(mathml.len()) {
                docs.extend(quote!(#[doc = ""] #[doc = #mathml]));
            }
        }
        docs
    }

    pub(super) fn implementation(&self) -> TokenStream {
        let rt = &self.model.rt;
        let (problem, t) = (&self.problem, self.t());
        let (bounds, args) = self.generics();
        let len = self.len();
        let bind = self.bind_extents(&len);
        let value = {
            let plan = &self.plans.value;
            let out = Self::buffer(plan, plan.output_buffers[0]);
            let work = self.work(plan, &[self.x_cut()], &quote!(), Some(&out));
            let (check, doc) =
                (self.check_x(&[]), self.equations(&[(Piece::Name("f".to_owned()), self.program.value)]));
            let finite = self.finite(plan, &out);
            let errors = self.errors(
                " f is NaN or infinite; the error names the entry or the part of it that this comes from.",
            );
            quote! {
                /// f(x), where `x` has n entries. Allocates nothing.
                ///
                #doc
                ///
                #errors
                fn value(&mut self, x: &[#t]) -> #rt::Result<#t, #rt::Error> {
                    #check
                    let value = {
                        #work
                        #finite
                    };
                    #rt::Cause::of(self, x, value)
                }
            }
        };
        let gradient = {
            let plan = &self.plans.gradient;
            let (cut, after) = self.out_cut(plan, quote!(gradient), 0);
            let work = self.work(plan, &[self.x_cut(), cut], &after, None);
            let check = self.check_x(&["gradient"]);
            let docs = self.by_variable(|by| derivation::partial("f", by), &self.program.gradient);
            let errors = self.errors(" an entry of the gradient is NaN or infinite.");
            quote! {
                /// Writes ∇f(x) to `gradient`, of n entries in the order of `x`. Overwrites, allocates nothing.
                ///
                #docs
                ///
                #errors
                fn gradient_into(
                    &mut self,
                    x: &[#t],
                    gradient: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    {
                        let gradient = &mut *gradient;
                        #work
                    }
                    #rt::Cause::of(self, x, #rt::finite_entries("gradient", gradient))
                }
            }
        };
        let both = {
            let plan = &self.plans.both;
            let (cut, after) = self.out_cut(plan, quote!(gradient), 1);
            let out = Self::buffer(plan, plan.output_buffers[0]);
            let work = self.work(plan, &[self.x_cut(), cut], &after, Some(&out));
            let check = self.check_x(&["gradient"]);
            let finite = self.finite(plan, &out);
            quote! {
                /// f(x), and writes ∇f(x) to `gradient`: what both need is computed once. Allocates nothing.
                ///
                /// # Errors
                /// Those of `value`.
                fn value_and_gradient_into(
                    &mut self,
                    x: &[#t],
                    gradient: &mut [#t],
                ) -> #rt::Result<#t, #rt::Error> {
                    #check
                    let value = {
                        #work
                        #finite
                    };
                    #rt::Cause::of(self, x, value)
                }
            }
        };
        let product = {
            let plan = &self.plans.product;
            let (cut, after) = self.out_cut(plan, quote!(out), 0);
            let work = self.work(plan, &[self.x_cut(), self.v_cut(), cut], &after, None);
            let check = self.check_x(&["direction", "out"]);
            let docs = {
                let left = |by: &str| Piece::HessianProduct(Notation::Name(by.to_owned()));
                self.by_variable(left, &self.program.hessian_product)
            };
            let errors = self.errors("");
            quote! {
                /// Writes ∇²f(x) v to `out`, of n entries, without the matrix; `direction` is v. Allocates nothing.
                ///
                #docs
                ///
                #errors
                fn hessian_vector_product_into(
                    &mut self,
                    x: &[#t],
                    direction: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    #work
                    #rt::Ok(())
                }
            }
        };
        let (reserve, hessian, sparse) = (self.reserve(), self.hessian(), self.sparse_hessian());
        let (variables, restrictions) = (self.variables(), self.restrictions());
        quote! {
            #[automatically_derived]
            impl #bounds #rt::Objective for #problem #args {
                type Scalar = #t;

                #value
                #gradient
                #both

                fn len(&self) -> usize {
                    #bind
                    #len
                }

                #variables
                #restrictions
                #reserve
                #product
                #hessian
                #sparse
            }
        }
    }

    /// Which variables there are, and where.
    fn variables(&self) -> TokenStream {
        let (rt, cx) = (&self.model.rt, self.context());
        let variables = self.program.wrt.iter().enumerate().map(|(k, (name, node))| {
            let extents = self.graph().shape(*node).iter().map(|&e| cx.extent(self.graph(), e));
            let offset = self.offset(k);
            quote!(#rt::Variable::new(#name, #offset, &[#(#extents),*]))
        });
        let variables = quote!(::std::vec![#(#variables),*]);
        let bind = self.bind_extents(&variables);
        quote! {
            fn variables(&self) -> ::std::vec::Vec<#rt::Variable> {
                #bind
                #variables
            }
        }
    }

    pub(super) fn hessian(&self) -> TokenStream {
        let rt = &self.model.rt;
        let t = self.t();
        let check = self.check_x(&[]);
        let blocks = self.program.wrt.iter().zip(&self.program.hessian).flat_map(|((a, _), row)| {
            let by = |(b, _): &(String, NodeId)| derivation::second("f", [a.as_str(), b.as_str()]);
            self.program.wrt.iter().map(by).zip(row.iter().copied())
        });
        let docs = self.equations(&blocks.collect::<Vec<_>>());
        let work = if self.plans.by_products {
            quote!(#rt::hessian_by_products(self, x, &mut out))
        } else {
            self.square(&self.plans.hessian, &[self.x_cut()])
        };
        let errors = self.errors("");
        quote! {
            /// Writes ∇²f(x) to `out`, n×n, a block for each pair of variables; above the diagonal as below. What it
            /// needs above 64 MiB is taken by the first call, or by `reserve`; else nothing is allocated.
            ///
            #docs
            ///
            #errors
            /// - `ShapeMismatch`: `out` is not n×n.
            fn hessian_into(
                &mut self,
                x: &[#t],
                mut out: #rt::ArrayViewMut2<'_, #t>,
            ) -> #rt::Result<(), #rt::Error> {
                #check
                #rt::check_shape("out", &[n, n], out.shape())?;
                #work
            }
        }
    }

    /// What fills a symmetric matrix, n×n, from its blocks on and below the diagonal.
    pub(super) fn square(&self, matrix: &Matrix, cuts: &[Cut<'_>]) -> TokenStream {
        let (rt, t, plan) = (&self.model.rt, self.t(), &matrix.plan);
        if self.single() {
            let out = Self::buffer(plan, plan.output_buffers[0]);
            let body = self.body(plan, cuts);
            quote! {
                let #out = &mut #rt::entries_mut(&mut out)[..];
                #body
                #rt::Ok(())
            }
        } else {
            let body = self.body(plan, cuts);
            let mut blocks = &matrix.blocks[..];
            let n = self.program.wrt.len();
            let mut copies = TokenStream::new();
            if blocks.len() < n * (n + 1) / 2 {
                copies.extend(quote!(out.fill(<#t as #rt::Scalar>::ZERO);));
            }
            let scalar = |buffer: &BufferId| plan.buffers[buffer.0].shape.is_empty();
            let entry_by_entry = !blocks.is_empty() && plan.output_buffers.iter().all(scalar);
            if entry_by_entry && self.program.wrt.iter().all(|(_, x)| self.graph().rank(*x) == 0) {
                let places =
                    blocks.iter().map(|block| Literal::usize_unsuffixed(block.at.0 * n + block.at.1));
                let entries = blocks.iter().map(|b| Self::buffer(plan, plan.output_buffers[b.output]));
                copies.extend(quote! {
                    #rt::place_entries(&mut out, [#(#places),*], [#(#entries),*]);
                });
                blocks = &[];
            }
            for block in blocks {
                let (i, j) = block.at;
                let entries = self.entries_of(plan, block.output);
                let (at, to) = (self.offset(i), self.offset(j));
                let (r, c) = (self.size(self.shape_of_wrt(i)), self.size(self.shape_of_wrt(j)));
                copies.extend(quote! {
                    #rt::place_block(&mut out, #entries, (#at, #to), (#r, #c));
                });
            }
            quote! {
                #body
                #copies
                #rt::Ok(())
            }
        }
    }

    /// The entries of an output, a number or more.
    pub(super) fn entries_of(&self, plan: &Plan, output: usize) -> TokenStream {
        let buffer = plan.output_buffers[output];
        let name = Self::buffer(plan, buffer);
        if plan.buffers[buffer.0].storage == Storage::Scalar {
            quote!(::core::slice::from_ref(&#name))
        } else {
            quote!(&*#name)
        }
    }

    pub(super) fn residual(&self) -> TokenStream {
        let Some(r) = &self.program.residual else { return TokenStream::new() };
        let rt = &self.model.rt;
        let (problem, t) = (&self.problem, self.t());
        let (bounds, args) = self.generics();
        let plans = &self.plans.residual;
        let rows = self.size(self.graph().shape(r.residual));
        let bind = self.bind_extents(&rows);
        let check = self.check_x(&[]);
        let residual = {
            let plan = &plans[0];
            let name = Self::buffer(plan, plan.output_buffers[0]);
            let cut =
                Cut { from: quote!(out), parts: vec![(name, self.graph().shape(r.residual))], mutable: true };
            self.body(plan, &[self.x_cut(), cut])
        };
        let jacobian = {
            let plan = &plans[1];
            let body = self.body(plan, &[self.x_cut()]);
            let blocks = plan.output_buffers.iter().enumerate().map(|(k, &buffer)| {
                let (block, width) = (Self::buffer(plan, buffer), self.size(self.shape_of_wrt(k)));
                quote!((&*#block, #width))
            });
            quote! {
                #body
                #rt::place_columns(&mut out, [#(#blocks),*]);
            }
        };
        let product = {
            let plan = &plans[2];
            let (cut, after) = self.out_cut(plan, quote!(out), 0);
            let body = self.body(plan, &[self.x_cut(), self.v_cut(), cut]);
            quote!(#body #after)
        };
        let residual_doc = self.equations(&[(Piece::Name("r".to_owned()), r.residual)]);
        let jacobian_docs = self.by_variable(|by| derivation::partial("r", by), &r.jacobian);
        let left = |by: &str| Piece::GaussNewtonProduct(Notation::Name(by.to_owned()));
        let product_docs = self.by_variable(left, &r.gauss_newton_product);
        let sparse = self.sparse_jacobian();
        let text = self.short(r.residual, "r");
        let check_product = self.check_x(&["direction", "out"]);
        let (residual_errors, errors) =
            (self.errors(" a residual is NaN or infinite; the error names the first."), self.errors(""));
        quote! {
            #[automatically_derived]
            impl #bounds #rt::Residual for #problem #args {
                fn residuals(&self) -> usize {
                    #bind
                    #rows
                }

                /// Writes r(x) to `out`, of m entries. Allocates nothing.
                ///
                #residual_doc
                ///
                #residual_errors
                fn residual_into(
                    &mut self,
                    x: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    #rt::check_length(#rt::Residual::residuals(self), out.len())?;
                    {
                        let out = &mut *out;
                        #residual
                    }
                    #rt::Cause::of(self, x, #rt::finite_entries(#text, out))
                }

                /// Writes ∂r/∂x to `out`, m×n, a row for each residual. What it needs above 64 MiB is taken by the first
                /// call, or by `reserve`; else nothing is allocated.
                ///
                #jacobian_docs
                ///
                #errors
                /// - `ShapeMismatch`: `out` is not m×n.
                fn jacobian_into(
                    &mut self,
                    x: &[#t],
                    mut out: #rt::ArrayViewMut2<'_, #t>,
                ) -> #rt::Result<(), #rt::Error> {
                    #check
                    #rt::check_shape("out", &[#rt::Residual::residuals(self), n], out.shape())?;
                    #jacobian
                    #rt::Ok(())
                }

                /// Writes JᵀJ v to `out`, of n entries, without J; `direction` is v. Allocates nothing.
                ///
                #product_docs
                ///
                #errors
                fn gauss_newton_product_into(
                    &mut self,
                    x: &[#t],
                    direction: &[#t],
                    out: &mut [#t],
                ) -> #rt::Result<(), #rt::Error> {
                    #check_product
                    #product
                    #rt::Ok(())
                }

                #sparse
            }
        }
    }
}
