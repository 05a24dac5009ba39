//! The loops around the innermost: rows, chunks of lanes, what is done after them.

use super::*;

impl Kernel<'_> {
    /// The row loop: slices, lanes, the innermost loop, what is done after it.
    pub(super) fn row(&self) -> (TokenStream, bool) {
        let (inner, math) = self.inner();
        let j = self.inner_index();
        let n = if self.flat {
            self.cx.product(self.g, &self.l.space)
        } else {
            self.cx.extent(self.g, self.l.space[self.innermost()])
        };
        let mut before = TokenStream::new();
        for a in &self.accesses {
            let (name, array) = (&a.name, self.names.of(a.buffer));
            let mutable = if a.written { quote!(mut) } else { quote!() };
            if self.flat {
                before.extend(quote!(let #name = &#mutable #array[..#n];));
            } else if self.is_row(a) {
                let offset = self.offset(a, true);
                if a.axes.len() == 1 {
                    before.extend(quote!(let #name = &#mutable #array[..#n];));
                } else {
                    let offset = if a.axes.len() == 2 { offset } else { quote!((#offset)) };
                    before.extend(quote!(let #name = &#mutable #array[#offset * #n..][..#n];));
                }
            } else if !self.runs_inside(a) && !a.written {
                let offset = self.offset(a, false);
                before.extend(quote!(let #name = #array[#offset];));
            }
        }
        let mut after = TokenStream::new();
        let lanes = self.uses_lanes();
        let runtime = &self.cx.runtime;
        let width = if self.is_single_row() { LONG_LANES } else { LANES };
        let count = Literal::usize_unsuffixed(width);
        let rows = self.accesses.iter().all(|a| self.is_row(a) || !self.runs_inside(a));
        let position = self.speaks_of_positions() || !rows;
        for s in self.sums.iter().filter(|s| s.lanes) {
            let (name, neutral) = (&s.name, self.neutral(s));
            if lanes && !position {
                // Folded where the chunks are.
            } else if lanes {
                before.extend(quote!(let mut #name = [#neutral; #count];));
                let fold = if s.max { quote!(max_of_lanes) } else { quote!(sum_of_lanes) };
                after.extend(quote!(let #name = #runtime::contract::#fold(#name);));
            } else {
                before.extend(quote!(let mut #name = #neutral;));
            }
            if let Some(k) = s.access {
                let a = &self.accesses[k];
                let (array, offset) = (self.names.of(a.buffer), self.offset(a, false));
                let value = self.scaled(s, &s.name);
                after.extend(self.put(s, &quote!(#array[#offset]), &value));
            } else if !self.is_single_row() {
                let total = format_ident!("{}_total", s.name);
                after.extend(if s.max {
                    quote!(#total = math.max(#total, #name);)
                } else {
                    quote!(#total += #name;)
                });
            }
        }
        let looped = if lanes && !position {
            self.chunked(&inner, &n, width)
        } else if lanes {
            let windows = self.accesses.iter().filter(|a| self.is_row(a)).map(|a| {
                let name = &a.name;
                let mutable = if a.written { quote!(mut) } else { quote!() };
                quote!(let #name = &#mutable #name[start..start + width];)
            });
            let j = Self::index(self.innermost());
            quote! {
                let mut start = 0;
                while start < #n {
                    let width = (#n - start).min(#count);
                    #(#windows)*
                    for lane in 0..width {
                        let #j = start + lane;
                        #inner
                    }
                    start += width;
                }
            }
        } else {
            match self.follows(self.innermost()) {
                Some(other) => quote!(let #j = #other; #inner),
                None => quote!(for #j in 0..#n { #inner }),
            }
        };
        let math = math || self.sums.iter().any(|s| s.max);
        (quote!(#before #looped #after), math)
    }

    /// The row in chunks of `width`, a lane an entry, and what is left of it in lanes of its own: each sum becomes one
    /// number.
    pub(super) fn chunked(&self, inner: &TokenStream, n: &TokenStream, width: usize) -> TokenStream {
        let runtime = &self.cx.runtime;
        let count = Literal::usize_unsuffixed(width);
        let extents = if self.flat { &self.l.space[..] } else { &self.l.space[self.innermost()..] };
        let left = constant_product(self.g, extents).map_or(1, |n| n % width);
        let sums: Vec<&Sum> = self.sums.iter().filter(|s| s.lanes).collect();
        let names: Vec<&Ident> = sums.iter().map(|s| &s.name).collect();
        let arrays = sums.iter().map(|s| {
            let (name, neutral) = (&s.name, self.neutral(s));
            quote!(let mut #name = [#neutral; #count];)
        });
        let arrays = quote!(#(#arrays)*);
        let folded: Vec<TokenStream> = sums
            .iter()
            .map(|s| {
                let name = &s.name;
                let fold = if s.max { quote!(max_of_lanes) } else { quote!(sum_of_lanes) };
                quote!(#runtime::contract::#fold(#name))
            })
            .collect();
        let rows: Vec<&Access> = self.accesses.iter().filter(|a| self.is_row(a)).collect();
        let part = |a: &Access, end: &str| format_ident!("{}_{end}", a.name);
        let split = rows.iter().map(|a| {
            let (name, chunks, rest) = (&a.name, part(a, "chunks"), part(a, "rest"));
            let method = if a.written { quote!(as_chunks_mut) } else { quote!(as_chunks) };
            quote!(let (#chunks, #rest) = #name.#method::<#count>();)
        });
        let borrow = |a: &Access| if a.written { quote!(&mut) } else { quote!(&) };
        let chunk = rows.iter().map(|a| {
            let (name, chunks, borrow) = (&a.name, part(a, "chunks"), borrow(a));
            quote!(let #name = #borrow #chunks[chunk];)
        });
        let rest = rows.iter().map(|a| {
            let (name, rest, borrow) = (&a.name, part(a, "rest"), borrow(a));
            quote!(let #name = #borrow #rest[..width];)
        });
        let (tuple, binding) = match (folded.as_slice(), names.as_slice()) {
            ([one], [name]) => (quote!(#one), quote!(#name)),
            (all, names) => (quote!((#(#all),*)), quote!((#(#names),*))),
        };
        let main = quote! {
            #(#split)*
            let #binding = {
                #arrays
                for chunk in 0..#n / #count {
                    #(#chunk)*
                    for lane in 0..#count { #inner }
                }
                #tuple
            };
        };
        if left == 0 {
            return main;
        }
        let ends: Vec<Ident> = names.iter().map(|n| format_ident!("{n}_rest")).collect();
        let end_binding = match ends.as_slice() {
            [one] => quote!(#one),
            all => quote!((#(#all),*)),
        };
        let both = sums.iter().zip(&ends).map(|(s, end)| {
            let name = &s.name;
            if s.max { quote!(let #name = math.max(#name, #end);) } else { quote!(let #name = #name + #end;) }
        });
        quote! {
            #main
            let #end_binding = {
                #arrays
                let width = #n % #count;
                #(#rest)*
                for lane in 0..width { #inner }
                #tuple
            };
            #(#both)*
        }
    }

    /// A gathered sum, times its constant and scalars.
    pub(super) fn scaled(&self, s: &Sum, name: &Ident) -> TokenStream {
        let mut parts = vec![(Code::atom(quote!(#name)), Number::ONE)];
        let none = BTreeMap::new();
        parts.extend(s.scalars.iter().map(|(n, p)| (self.value(*n, &[], &none), *p)));
        let mut writer = Writer { g: self.g, cx: self.cx, receiver: "math", math: false, equal: None };
        writer.product(s.coeff, &parts).tokens
    }

    pub(super) fn put(&self, s: &Sum, target: &TokenStream, value: &TokenStream) -> TokenStream {
        // One visit only: the result has all axes but the innermost.
        let once = s.out.len() + 1 == self.l.space.len();
        match (once, s.max) {
            (true, _) => quote!(#target = #value;),
            (false, true) => quote!(#target = math.max(#target, #value);),
            (false, false) => quote!(#target += #value;),
        }
    }

    pub(super) fn is_single_row(&self) -> bool {
        self.flat || self.l.space.len() <= 1
    }

    /// The index that this axis' index is always equal to.
    fn follows(&self, axis: usize) -> Option<Ident> {
        let [before, here] = self.diagonal?;
        (here as usize == axis).then(|| Self::index(before as usize))
    }

    /// The whole nest.
    pub(super) fn nest(&self) -> (TokenStream, bool) {
        let (mut code, math) = if self.l.space.is_empty() { (TokenStream::new(), false) } else { self.row() };
        if !self.flat {
            for axis in (0..self.innermost().min(self.l.space.len())).rev() {
                let i = Self::index(axis);
                let n = self.cx.extent(self.g, self.l.space[axis]);
                code = match self.follows(axis) {
                    Some(other) => quote!(let #i = #other; #code),
                    None => quote!(for #i in 0..#n { #code }),
                };
            }
        }
        let mut before = TokenStream::new();
        if self.diagonal.is_some() {
            let zero = self.cx.number(Number::ZERO);
            for (node, buffer) in &self.l.stores {
                let (array, n) = (self.names.of(*buffer), self.cx.product(self.g, self.g.shape(*node)));
                before.extend(quote!(#array[..#n].fill(#zero);));
            }
        }
        for s in &self.sums {
            let neutral = self.neutral(s);
            if let Some(k) = s.access {
                let once = s.lanes && s.out.len() + 1 == self.l.space.len();
                if !once && !s.accumulate {
                    let a = &self.accesses[k];
                    let array = self.names.of(a.buffer);
                    let n = self.cx.product(self.g, &a.shape);
                    before.extend(quote!(#array[..#n].fill(#neutral);));
                }
            } else if !self.is_single_row() {
                let total = format_ident!("{}_total", s.name);
                before.extend(quote!(let mut #total = #neutral;));
            }
        }
        (quote!(#before #code), math)
    }

    /// The scalars that the loop yields, as names of the caller and expressions of the loop.
    pub(super) fn results(&self) -> (Vec<Ident>, Vec<TokenStream>) {
        let mut names = Vec::new();
        let mut values = Vec::new();
        for s in self.sums.iter().filter(|s| s.access.is_none()) {
            names.push(self.names.of(s.buffer).clone());
            let name = if self.is_single_row() { s.name.clone() } else { format_ident!("{}_total", s.name) };
            values.push(self.scaled(s, &name));
        }
        (names, values)
    }

    /// Symbolic extents that the loop speaks of.
    pub(super) fn extent_args(&self) -> Vec<(String, Ident, TokenStream)> {
        let mut args: Vec<(String, Ident, TokenStream)> = Vec::new();
        let indices: Vec<Ident> = (0..self.l.space.len()).map(Self::index).collect();
        let taken = |name: &Ident| indices.contains(name) || self.names.has(&name.to_string());
        let mut extents = self.l.space.clone();
        for a in &self.accesses {
            extents.extend(&a.shape);
        }
        for e in extents {
            if self.g.extents.as_constant(e).is_some() {
                continue;
            }
            let name = self.g.extents.name(e);
            if !args.iter().any(|(n, ..)| *n == name) {
                let mut ident = plain_identifier(&name);
                while taken(&ident) {
                    ident = format_ident!("{ident}_extent");
                }
                args.push((name, ident, self.cx.extent(self.g, e)));
            }
        }
        args
    }
}
