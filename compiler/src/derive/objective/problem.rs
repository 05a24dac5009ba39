//! The prepared problem: its type, what checks shapes and takes memory.

use super::*;
use crate::derive::docs;
use crate::derive::scaffold::Scaffold;

/// Methods of a problem, whose names no accessor takes.
const METHODS: &[&str] = &[
    "len",
    "is_empty",
    "reserve",
    "variables",
    "limits",
    "has_constraints",
    "value",
    "gradient",
    "gradient_into",
    "value_and_gradient",
    "value_and_gradient_into",
    "hessian",
    "hessian_into",
    "hessian_vector_product",
    "hessian_vector_product_into",
    "check_gradient",
    "clone",
    "hessian_pattern",
    "hessian_values",
    "hessian_values_into",
    "hessian_places",
    "jacobian_pattern",
    "jacobian_values",
    "jacobian_values_into",
    "jacobian_places",
    "residual",
    "residual_into",
    "residuals",
    "jacobian",
    "bounds_into",
    "constraints_into",
    "constraint_jacobian_into",
    "constraint_jacobian_values_into",
    "constraint_product_into",
    "constraint_transposed_product_into",
    "lagrangian_hessian_into",
    "lagrangian_hessian_values_into",
    "lagrangian_hessian_vector_product_into",
    "constraints",
    "relations",
    "bounds",
    "constraint_values",
    "constraint_jacobian",
    "constraint_jacobian_pattern",
    "constraint_jacobian_places",
    "lagrangian_hessian",
    "lagrangian_hessian_pattern",
    "lagrangian_hessian_places",
    "jacobian_into",
    "gauss_newton_product",
    "gauss_newton_product_into",
];

/// Arrays of one size.
struct Arrays {
    count: usize,
    size: TokenStream,
    extents: Vec<TokenStream>,
}

/// Arrays by how their sizes are written.
type Memory = BTreeMap<String, Arrays>;

impl Items<'_> {
    /// The lifetime of borrowed data: `'p`, unless the struct has one of that name.
    pub(super) fn lifetime(&self) -> Lifetime {
        let mut name = "'p".to_owned();
        while self.model.input.generics.lifetimes().any(|l| l.lifetime.to_string() == name) {
            name.push('_');
        }
        Lifetime::new(&name, TokenSpan::call_site())
    }

    pub(super) fn generics(&self) -> (TokenStream, TokenStream) {
        let (runtime, p) = (&self.model.runtime, self.lifetime());
        match &self.model.float {
            Float::Generic(t) => (quote!(<#p, #t: #runtime::Scalar>), quote!(<#p, #t>)),
            _ => (quote!(<#p>), quote!(<#p>)),
        }
    }

    pub(super) fn problem_type(&self) -> TokenStream {
        let (vis, runtime) = (&self.model.input.vis, &self.model.runtime);
        let (name, of, t, p) = (&self.problem, &self.model.input.ident, self.t(), self.lifetime());
        let (bounds, _) = self.generics();
        let fields = self.model.data.iter().filter(|f| self.is_kept(f)).map(|f| {
            let ident = codegen::identifier(&f.name);
            match (f.rank, &f.whole) {
                (0, _) => quote!(#ident: #t),
                (_, None) => quote!(#ident: ::std::borrow::Cow<#p, [#t]>),
                (_, Some(_)) => quote!(#ident: ::std::borrow::Cow<#p, [usize]>),
            }
        });
        let extents = self.extents.iter().map(|e| {
            let field = &e.field;
            quote!(#field: usize)
        });
        let (slots, _) = self.slots();
        let among = self.rows.map(|_| quote!(among: #runtime::__private::Among<#p, #t>,));
        let doc = format!(" [`{of}`], its shapes checked and its memory taken: what a solver calls.");
        let names: Vec<String> = self.program.wrt.iter().map(|(name, _)| format!("`{name}`")).collect();
        let vector = docs::lines(&match names.as_slice() {
            [name] => format!("A point is {name} as a flat vector, row by row if it has rows."),
            names => format!(
                "A point is one flat vector: {}, one after the other, each row by row if it has rows.",
                names.join(", ")
            ),
        });
        quote! {
            #[doc = #doc]
            ///
            #vector
            #[allow(non_snake_case, reason = "matrices have capital letters")]
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #name #bounds {
                #(#fields,)*
                #(#extents,)*
                #(#slots,)*
                #among
                workspace: #runtime::__private::Workspace<#t>,
                lifetime: ::core::marker::PhantomData<&#p ()>,
            }
        }
    }

    /// What the accessor of a variable is called.
    fn accessor(variable: &str) -> Ident {
        let ident = codegen::plain_identifier(variable);
        if METHODS.iter().any(|m| ident == m) { format_ident!("{ident}_") } else { ident }
    }

    /// What further methods are called that are to have these names: with `_` after it where one is taken.
    pub(super) fn other_methods<'n>(&self, names: impl Iterator<Item = &'n str>) -> Vec<Ident> {
        let methods = METHODS.iter().map(|name| (*name).to_owned());
        let accessors = self.program.wrt.iter().map(|(variable, _)| Self::accessor(variable).to_string());
        let mut taken: BTreeSet<String> = methods.chain(accessors).collect();
        let mut free = |name: &str| {
            let mut ident = codegen::plain_identifier(name);
            while !taken.insert(ident.to_string()) {
                ident = format_ident!("{ident}_");
            }
            ident
        };
        names.map(&mut free).collect()
    }

    /// The variables in a flat vector, each by its name.
    pub(super) fn accessors(&self) -> TokenStream {
        let vis = &self.model.input.vis;
        let (name, t) = (&self.problem, self.t());
        let (bounds, args) = self.generics();
        let accessors = self.program.wrt.iter().enumerate().map(|(k, (variable, node))| {
            let ident = Self::accessor(variable);
            let rt = &self.model.rt;
            let shape = self.graph().shape(*node);
            let start = self.offset(k);
            let part = match (k, self.program.wrt.len() - 1 - k) {
                (_, 0) if k == 0 => quote!(x),
                (0, _) => {
                    let size = self.size(shape);
                    quote!(&x[..#size])
                }
                (_, 0) => quote!(&x[#start..]),
                _ => {
                    let size = self.size(shape);
                    quote!(&x[#start..][..#size])
                }
            };
            let cx = self.context();
            let check = quote!(#rt::check_length(#rt::Objective::len(self), x.len())?;);
            let dims: Vec<TokenStream> = shape.iter().map(|&e| cx.extent(self.graph(), e)).collect();
            let spoken_of = if dims.len() > 1 { quote!(#part #(#dims)*) } else { part.clone() };
            let bind = self.bind_extents(&spoken_of);
            match shape {
                [] => {
                    let doc = format!(" The variable `{variable}` in a flat vector, where it lies.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// `ParameterLength`, if the vector is not of the problem's length.
                        #vis fn #ident(&self, x: &[#t]) -> #rt::Result<#t, #rt::Error> {
                            #check
                            #bind
                            #rt::Ok((#part)[0])
                        }
                    }
                }
                [_] => {
                    let doc = format!(" The variable `{variable}` in a flat vector, where it lies.");
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// `ParameterLength`, if the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> #rt::Result<#rt::ArrayView1<'x, #t>, #rt::Error> {
                            #check
                            #bind
                            #rt::Ok(#rt::ArrayView1::from(#part))
                        }
                    }
                }
                _ => {
                    let doc = format!(" The variable `{variable}` in a flat vector, where it lies.");
                    let view = Scaffold::view(dims.len(), false);
                    let array = if let [r, c] = &dims[..] {
                        quote!(#rt::matrix(#part, #r, #c))
                    } else {
                        let extents = Scaffold::extents(&dims);
                        quote!(#rt::tensor(#part, #extents))
                    };
                    quote! {
                        #[doc = #doc]
                        ///
                        /// # Errors
                        /// `ParameterLength`, if the vector is not of the problem's length.
                        #vis fn #ident<'x>(
                            &self,
                            x: &'x [#t],
                        ) -> #rt::Result<#rt::#view<'x, #t>, #rt::Error> {
                            #check
                            #bind
                            #rt::Ok(#array)
                        }
                    }
                }
            }
        });
        quote! {
            impl #bounds #name #args {
                #(#accessors)*
            }
        }
    }

    /// The lines that name the extents that `code` speaks of.
    pub(super) fn bind_extents(&self, code: &TokenStream) -> TokenStream {
        let lines = self.extents.iter().filter(|e| codegen::mentions(code, &e.ident.to_string())).map(|e| {
            let (ident, field) = (&e.ident, &e.field);
            quote!(let #ident = self.#field;)
        });
        let among = (self.rows.is_some() && codegen::mentions(code, "among"))
            .then(|| quote!(let among = self.among;));
        quote!(#(#lines)* #among)
    }

    pub(super) fn prepare(&self, derivation: &TokenStream) -> TokenStream {
        let rt = &self.model.rt;
        let vis = &self.model.input.vis;
        let (of, problem) = (&self.model.input.ident, &self.problem);
        let generics = crate::derive::generics(self.model);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (_, type_generics, _) = self.model.input.generics.split_for_impl();
        let (args, p) = (self.generics().1, self.lifetime());
        let lifetimes: Vec<_> = self.model.input.generics.lifetimes().map(|l| &l.lifetime).collect();
        let outlives = (!lifetimes.is_empty()).then(|| quote!(where #(#lifetimes: #p),*));
        let (extents_lines, params) = self.define_extents();
        let mut checks = self.check_bounds();
        checks.extend(self.check_shapes());
        checks.extend(self.check_entries());
        let cx = self.context();
        for (k, f) in self.model.data.iter().enumerate().filter(|(_, f)| !self.is_kept(f)) {
            let (field, entry) = (&f.ident, self.entry_type(k));
            let places = self.places(k, &quote!(#rt::Datum::<#entry>::entries(&self.#field)));
            checks.extend(places.map(|places| quote!(#places?;)));
        }
        let kept = self.model.data.iter().enumerate().filter(|(_, f)| self.is_kept(f));
        let fields = kept.map(|(k, f)| {
            let (ident, field, entry) = (codegen::identifier(&f.name), &f.ident, self.entry_type(k));
            let entries = quote!(#rt::IntoEntries::<#entry>::into_entries(self.#field));
            match (f.rank, f.reference, &f.whole) {
                (0, false, _) => quote!(#ident: self.#field),
                (0, true, _) => quote!(#ident: *self.#field),
                (_, _, None) => quote!(#ident: #entries),
                (_, _, Some(_)) => {
                    let places = self.places(k, &entries);
                    quote!(#ident: #places?)
                }
            }
        });
        let extents = self.extents.iter().map(|e| {
            let (ident, field) = (&e.ident, &e.field);
            quote!(#field: #ident)
        });
        let symmetric: Vec<TokenStream> = (self.model.data.iter())
            .filter_map(|f| {
                let node = self.node(&f.name).filter(|&n| self.graph().is_declared_symmetric(n))?;
                let (name, ident) = (&f.name, codegen::identifier(&f.name));
                let n = cx.extent(self.graph(), self.graph().shape(node)[0]);
                Some(quote!(#rt::check_symmetric(#name, &problem.#ident, #n)?;))
            })
            .collect();
        let (least, most) = (self.first_numbers(), self.all_numbers());
        let given: Vec<String> = self
            .extents
            .iter()
            .filter(|e| matches!(e.origin, Origin::Parameter))
            .map(|e| format!("`{}`", e.ident))
            .collect();
        let doc = if given.is_empty() {
            " Checks the shapes and takes the memory, once: `value`, `gradient_into` and their like allocate nothing.".to_owned()
        } else {
            let given = given.join(", ");
            format!(
                " Checks the shapes and takes the memory, once: `value`, `gradient_into` and their like allocate nothing. No field tells {given}."
            )
        };
        let later = (!self.later_memories().is_empty()).then(|| {
            quote! {
                #[doc = ""]
                #[doc = " What matrices of second order take above 64 MiB is left to `reserve`, or to their first call."]
            }
        });
        let (_, slots) = self.slots();
        let among = self.rows.map(|_| quote!(among,));
        let made = quote! {
            #problem {
                #(#fields,)*
                #(#extents,)*
                #(#slots,)*
                #among
                workspace: #rt::Workspace::new(#least, #most),
                lifetime: #rt::PhantomData,
            }
        };
        let outside =
            !self.graph().extents.bounds().is_empty() || self.model.data.iter().any(|f| f.whole.is_some());
        let outside = outside.then(|| {
            let doc = " `Range`, `OutOfRange`, where a range or a subscript leaves its axis, or a whole number of the data does: which, its value, the extent.";
            quote!(#[doc = #doc])
        });
        let (made, asymmetric) = if symmetric.is_empty() {
            (quote!(#rt::Ok(#made)), None)
        } else {
            let doc = " `Asymmetric`, where a matrix that is declared symmetric is not: the entry, and its mirror image.";
            (quote!(let problem = #made; #(#symmetric)* #rt::Ok(problem)), Some(quote!(#[doc = #doc])))
        };
        let fields = self.divided_fields();
        let result = quote!(#rt::Result<#problem #args, #rt::Error>);
        let errors = quote! {
            ///
            /// # Errors
            /// `ShapeMismatch`, where shapes do not fit: field, axis and both extents. `Empty`, where data have no rows
            /// or columns and a part of the formula has no value then.
            #outside
            #asymmetric
        };
        let prepare = match self.extents.iter().find(|x| self.is_rows(&x.name)) {
            None => quote! {
                #[doc = #doc]
                #later
                #errors
                #vis fn prepare<#p>(self, #(#params),*) -> #result
                #outlives
                {
                    #extents_lines
                    #checks
                    #made
                }
            },
            Some(SymbolicExtent { ident: rows, .. }) => {
                let t = self.t();
                let given: Vec<&Ident> = self
                    .extents
                    .iter()
                    .filter(|e| matches!(e.origin, Origin::Parameter))
                    .map(|e| &e.ident)
                    .collect();
                let (numbers, entries) = self.shared();
                quote! {
                    #fields

                    #[doc = #doc]
                    #[doc = " All rows are here."]
                    #later
                    #errors
                    #vis fn prepare<#p>(self, #(#params),*) -> #result
                    #outlives
                    {
                        self.prepare_among(#(#given,)* &#rt::Alone)
                    }

                    /// The same where each rank has the rows that `Ranks::rows` says; of all that is not divided every rank has all.
                    /// What the methods give is that of all rows, and has the same bits on any number of ranks. All ranks call them in
                    /// the same order, at the same point.
                    #errors
                    /// On all ranks, where one of them fails, or has other rows, extents or numbers than it is to have.
                    #vis fn prepare_among<#p>(
                        self,
                        #(#params,)*
                        among: &#p dyn #rt::Exchange<#t>,
                    ) -> #result
                    #outlives
                    {
                        #extents_lines
                        let among = #rt::Among::of(among, #rows)?;
                        let prepared = (move || -> #result {
                            #checks
                            #made
                        })();
                        among.agree(prepared, #numbers, |problem| #entries)
                    }
                }
            }
        };
        quote! {
            impl #impl_generics #of #type_generics #where_clause {
                #derivation

                #prepare
            }
        }
    }

    /// The method that says of an error what is behind it: a variable or data with an entry that is no finite
    /// number.
    pub(super) fn cause(&self) -> TokenStream {
        let rt = &self.model.rt;
        let (problem, t, cx) = (&self.problem, self.t(), self.context());
        let (bounds, args) = self.generics();
        let shape = |shape: &[Extent]| {
            let extents = shape.iter().map(|&e| cx.extent(self.graph(), e));
            quote!(&[#(#extents),*])
        };
        let variables = self.program.wrt.iter().map(|(name, node)| {
            let shape = shape(self.graph().shape(*node));
            quote!((#name, #shape))
        });
        let data = self.model.data.iter().filter(|f| f.whole.is_none()).filter_map(|f| {
            let (name, ident) = (&f.name, codegen::identifier(&f.name));
            let shape = shape(self.graph().shape(self.node(name)?));
            let entries = if f.rank == 0 {
                quote!(::core::slice::from_ref(&self.#ident))
            } else {
                quote!(&self.#ident)
            };
            Some(quote!((#name, #entries, #shape)))
        });
        let call = quote!(#rt::cause(error, x, &[#(#variables),*], &[#(#data),*]));
        let bind = self.bind_extents(&call);
        quote! {
            #[doc(hidden)]
            impl #bounds #rt::Cause for #problem #args {
                fn cause(&self, x: &[#t], error: #rt::Error) -> #rt::Error {
                    #bind
                    #call
                }
            }
        }
    }

    /// Numbers that the workspace has from the start: what the plan that takes most takes, those of matrices
    /// aside.
    fn first_numbers(&self) -> TokenStream {
        let plans = self.plans.all().filter(|p| !self.makes_a_matrix(p));
        let all: Vec<Memory> = plans.map(|p| self.memory(p, self.copies_out(p))).collect();
        let mut memories: Vec<&Memory> = Vec::new();
        for memory in &all {
            if !memories.iter().any(|r| within(memory, r)) {
                memories.retain(|r| !within(r, memory));
                memories.push(memory);
            }
        }
        match memories.as_slice() {
            [] => quote!(0),
            [memory] => self.total(memory),
            [first, rest @ ..] => {
                let (first, rest) = (self.total(first), rest.iter().map(|r| self.total(r)));
                quote!((#first) #(.max(#rest))*)
            }
        }
    }

    /// Numbers that are enough for every plan, those of matrices among them.
    fn all_numbers(&self) -> TokenStream {
        let rt = &self.model.rt;
        let sizes = self.later_memories().into_iter().map(|memory| {
            let arrays = memory.values().map(|Arrays { count, extents, .. }| {
                let count = Literal::usize_unsuffixed(*count);
                quote!((#count, &[#(#extents),*]))
            });
            quote!(#rt::numbers(&[#(#arrays),*]))
        });
        let sizes: Vec<TokenStream> = sizes.collect();
        match sizes.as_slice() {
            [] => quote!(0),
            [first, rest @ ..] => quote!(#first #(.max(#rest))*),
        }
    }

    /// What the plans of matrices take, where it is not there from the start.
    fn later_memories(&self) -> Vec<Memory> {
        self.plans.all().filter(|p| self.makes_a_matrix(p)).filter_map(|p| self.later_memory(p)).collect()
    }

    fn later_memory(&self, plan: &Plan) -> Option<Memory> {
        let memory = self.memory(plan, self.copies_out(plan));
        let first = |p: &&Plan| !self.makes_a_matrix(p);
        let there = |p: &Plan| within(&memory, &self.memory(p, self.copies_out(p)));
        (!self.plans.all().filter(first).any(there)).then_some(memory)
    }

    /// The line that makes the workspace large enough for a plan of a matrix, where it may not be from the
    /// start. A Hessian may have a million times the entries of a gradient, which most callers want alone.
    pub(super) fn grow(&self, plan: &Plan) -> TokenStream {
        match self.later_memory(plan) {
            Some(memory) if self.makes_a_matrix(plan) => {
                let memory = self.total(&memory);
                quote!(self.workspace.grow(#memory);)
            }
            _ => TokenStream::new(),
        }
    }

    /// The method that takes what matrices need, where any does.
    pub(super) fn reserve(&self) -> TokenStream {
        let memories: Vec<TokenStream> = self.later_memories().iter().map(|m| self.total(m)).collect();
        if memories.is_empty() {
            return TokenStream::new();
        }
        let code = quote!(#(self.workspace.grow(#memories);)*);
        let extents = self.bind_extents(&code);
        quote! {
            fn reserve(&mut self) {
                #extents
                #code
            }
        }
    }

    /// Numbers that a plan takes of the workspace: its temporaries, and the blocks that are copied out.
    fn memory(&self, plan: &Plan, blocks: bool) -> Memory {
        let cx = self.context();
        let mut memory = Memory::new();
        for b in plan.buffers.iter().filter(|b| taken_of_workspace(b, blocks)) {
            let extents = cx.factors(plan, b);
            let size = codegen::times(&extents);
            let arrays = memory.entry(size.to_string());
            arrays.or_insert_with(|| Arrays { count: 0, size, extents }).count += 1;
        }
        memory
    }

    /// What a plan takes of the workspace by itself, if anything.
    pub(super) fn memory_of(&self, plan: &Plan) -> Option<TokenStream> {
        let memory = self.memory(plan, self.copies_out(plan));
        (!memory.is_empty()).then(|| self.total(&memory))
    }

    /// All sizes together, each in whole lines of the cache.
    fn total(&self, memory: &Memory) -> TokenStream {
        if memory.is_empty() {
            return quote!(0);
        }
        let rt = &self.model.rt;
        let sizes = memory.values().map(|Arrays { count, size, .. }| {
            let n = Literal::usize_unsuffixed(*count);
            if *count == 1 { quote!(#rt::lines(#size)) } else { quote!(#n * #rt::lines(#size)) }
        });
        quote!(#(#sizes)+*)
    }
}

/// Whether `small` has nothing that `large` has not.
fn within(small: &Memory, large: &Memory) -> bool {
    small.iter().all(|(key, a)| large.get(key).is_some_and(|b| a.count <= b.count))
}
