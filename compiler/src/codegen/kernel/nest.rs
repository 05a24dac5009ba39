//! Loops by indices: rows cut to slices, the innermost loop, what is done after it.

use super::*;

/// Lanes of a sum along a lone row.
const LONG_LANES: usize = 64;
/// Chunks of a sum after which its lanes are put away, as the runtime does.
const RUN: usize = 40;

impl Kernel<'_> {
    /// The nest as a statement: a closure that is compiled for the processor at hand, or a block of a
    /// function that is.
    pub(super) fn nested(&self) -> TokenStream {
        let (aliases, cx) = self.renamed_extents();
        let this = Kernel { cx: &cx, accesses: self.accesses.clone(), sums: self.sums.clone(), ..*self };
        let code = this.nest();
        let results: Vec<&Sum> = self.sums.iter().filter(|s| s.access.is_none()).collect();
        let names: Vec<Ident> = results.iter().map(|s| s.name.clone()).collect();
        let values: Vec<TokenStream> = results
            .iter()
            .map(|s| {
                let name = if self.is_single_row() { s.name.clone() } else { Self::total(s) };
                let sum = if self.is_total(s) { quote!(#name.sum()) } else { quote!(#name) };
                unparenthesised(this.scaled(s, sum).0)
            })
            .collect();
        let (binding, value) = (self.bound(&names, true), Self::together(&values));
        let code = quote!(#aliases #code #value);
        match (self.together, names.is_empty()) {
            (true, true) => quote!({ #code }),
            (true, false) => quote!(#binding { #code };),
            (false, _) => {
                let call = self.as_step(&code);
                quote!(#binding #call;)
            }
        }
    }

    /// Code as a closure that is given the loop's arrays, and called through the runtime.
    pub(super) fn as_step(&self, code: &TokenStream) -> TokenStream {
        let rt = &self.cx.rt;
        let mut arrays: Vec<(&Ident, bool)> = Vec::new();
        for a in &self.accesses {
            let name = self.names.of(a.buffer);
            match arrays.iter_mut().find(|(n, _)| *n == name) {
                Some((_, written)) => *written |= a.written,
                None => arrays.push((name, a.written)),
            }
        }
        let names = arrays.iter().map(|(name, _)| name);
        let given = arrays.iter().map(|(name, written)| Self::borrowed(name, *written));
        let math = if crate::codegen::mentions(code, "math") { quote!(math) } else { quote!(_) };
        quote!(#rt::step((#(#given,)*), #[inline(always)] move |#math, (#(#names,)*)| { #code }))
    }

    fn total(s: &Sum) -> Ident {
        format_ident!("{}_total", s.name)
    }

    /// The lines that rename extents which go by the name of an index, and what they are called then.
    fn renamed_extents(&self) -> (TokenStream, Context) {
        let indices: Vec<String> =
            (0..self.l.space.len()).map(|axis| Self::index(axis).to_string()).collect();
        let mut cx = self.cx.clone();
        let mut lines = TokenStream::new();
        let spoken_of = self.l.space.iter().chain(self.accesses.iter().flat_map(|a| &a.shape));
        let spoken_of: Vec<Extent> = spoken_of.copied().chain(self.extents_of_places()).collect();
        for e in spoken_of {
            let (name, tokens) = (self.g.extents.name(e), cx.extent(self.g, e));
            if self.g.extents.as_constant(e).is_none() && indices.contains(&tokens.to_string()) {
                let renamed = format_ident!("{}_extent", plain_identifier(&name));
                lines.extend(quote!(let #renamed = #tokens;));
                cx.extents.insert(name, quote!(#renamed));
            }
        }
        (lines, cx)
    }

    /// The row loop: slices, the innermost loop, what is done after it.
    fn row(&self) -> TokenStream {
        if let Some(windows) = self.windows() {
            return windows;
        }
        let n = self.row_length();
        let (slices, looped) = (self.slices(&n), self.looped(&n));
        let lanes = || self.sums.iter().filter(|s| s.lanes);
        let before = lanes().map(|s| self.sum_begins(s));
        let after = lanes().map(|s| {
            let (end, put) = (self.sum_ends(s), self.sum_is_put(s));
            quote!(#end #put)
        });
        let put_back = self.put_back();
        quote!(#slices #(#before)* #looped #put_back #(#after)*)
    }

    /// How many entries the innermost loop has.
    fn row_length(&self) -> TokenStream {
        if self.flat {
            self.cx.product(self.g, &self.l.space)
        } else {
            self.cx.extent(self.g, self.l.space[self.innermost()])
        }
    }

    /// What the innermost loop reads and writes: rows as slices, numbers that stay the same.
    pub(super) fn slices(&self, n: &TokenStream) -> TokenStream {
        let mut slices = TokenStream::new();
        for a in &self.accesses {
            let (name, array) = (&a.name, self.names.of(a.buffer));
            let mutable = if a.written { quote!(mut) } else { quote!() };
            if self.flat || self.is_row(a) {
                let row = self.row_in_array(a, n);
                slices.extend(match self.held(a) {
                    None => quote!(let #name = &#mutable #row;),
                    Some(entries) if a.written => {
                        let (rt, whole) = (&self.cx.rt, Self::row_of(a));
                        quote! {
                            let #whole = &mut #row;
                            let mut #name = #rt::held::<_, #entries>(#whole);
                        }
                    }
                    Some(entries) => {
                        let rt = &self.cx.rt;
                        quote!(let #name = #rt::held::<_, #entries>(&#row);)
                    }
                });
            } else if !self.runs_inside(a) && !a.written {
                let offset = self.offset(a, false);
                slices.extend(quote!(let #name = #array[#offset];));
            }
        }
        slices
    }

    /// The part of an array that the innermost loop runs along.
    fn row_in_array(&self, a: &Access, n: &TokenStream) -> TokenStream {
        let array = self.names.of(a.buffer);
        if self.window.is_some() {
            let offset = self.offset(a, false);
            return quote!(#array[#offset..][..#n]);
        }
        let rank = a.axes.len();
        if self.flat || a.places.is_empty() && rank == 1 {
            return quote!(#array[..#n]);
        }
        let offset = self.offset(a, true);
        if !a.places.is_empty() {
            return quote!(#array[#offset..][..#n]);
        }
        let offset = if rank == 2 { offset } else { quote!((#offset)) };
        quote!(#array[#offset * #n..][..#n])
    }

    /// The entries of a short row that data name, if the loop holds them while it runs along it: the compiler does
    /// not know that such a row is none of those that are written, unless all are read before any is written.
    fn held(&self, a: &Access) -> Option<Literal> {
        const MOST: usize = 64;
        let named = |a: &Access| a.places.iter().any(|p| p.as_affine().is_none());
        let alone = |a: &Access| self.accesses.iter().filter(|other| other.buffer == a.buffer).count() == 1;
        let n = constant_product(self.g, &self.l.space[self.innermost()..]).filter(|n| *n <= MOST)?;
        let holds = named(a) && !self.uses_lanes() && !self.is_entry() && self.window.is_none();
        (holds && alone(a)).then(|| Literal::usize_unsuffixed(n))
    }

    /// The terms of a sum along rows that are held: they are added up in halves, which vectors do.
    pub(super) fn in_halves(&self, s: &Sum) -> Option<Literal> {
        let held = s.lanes
            && !s.max
            && self.accesses.iter().filter(|a| a.runs_along(self.innermost())).all(|a| self.is_row(a));
        held.then(|| self.accesses.iter().find_map(|a| self.held(a))).flatten()
    }

    /// The row of which the entries are held.
    fn row_of(a: &Access) -> Ident {
        format_ident!("{}_there", a.name)
    }

    /// What puts back the entries that were held.
    fn put_back(&self) -> TokenStream {
        let held = self.accesses.iter().filter(|a| a.written && self.is_row(a) && self.held(a).is_some());
        held.map(|a| {
            let (name, whole) = (&a.name, Self::row_of(a));
            quote!(#whole.copy_from_slice(&#name);)
        })
        .collect()
    }

    /// What a sum along the row begins with.
    pub(super) fn sum_begins(&self, s: &Sum) -> TokenStream {
        let (name, neutral, rt) = (&s.name, self.neutral(s), &self.cx.rt);
        let count = Literal::usize_unsuffixed(self.lane_count());
        if self.is_entry() {
            // A call finds it.
            TokenStream::new()
        } else if let Some(n) = self.in_halves(s) {
            quote!(let mut #name = [#neutral; #n];)
        } else if !self.uses_lanes() {
            quote!(let mut #name = #neutral;)
        } else if s.max {
            quote!(let mut #name = [#neutral; #count];)
        } else {
            let run = Self::run(s);
            quote! {
                let mut #run = #rt::Total::ZERO;
                let mut #name = [#neutral; #count];
            }
        }
    }

    /// Its lanes as one number.
    pub(super) fn sum_ends(&self, s: &Sum) -> TokenStream {
        let (name, rt) = (&s.name, &self.cx.rt);
        if self.in_halves(s).is_some() {
            quote!(let #name = #rt::sum_of_lanes(#name);)
        } else if self.is_entry() || !self.uses_lanes() {
            TokenStream::new()
        } else if s.max {
            quote!(let #name = #rt::max_of_lanes(#name);)
        } else {
            let run = Self::run(s);
            quote! {
                #run.add_lanes(&mut #name);
                let #name = #run.sum();
            }
        }
    }

    /// Where the sum of a row goes.
    pub(super) fn sum_is_put(&self, s: &Sum) -> TokenStream {
        let name = &s.name;
        if let Some(k) = s.access {
            let a = &self.accesses[k];
            let (array, offset) = (self.names.of(a.buffer), self.offset(a, false));
            let (value, _) = self.scaled(s, quote!(#name));
            self.put(s, &quote!(#array[#offset]), &value)
        } else if self.is_total(s) {
            let total = Self::total(s);
            quote!(#total.add(#name);)
        } else if !self.is_single_row() {
            let total = Self::total(s);
            self.added(s, &quote!(#total), &quote!(#name))
        } else {
            TokenStream::new()
        }
    }

    fn run(s: &Sum) -> Ident {
        format_ident!("{}_run", s.name)
    }

    fn lane_count(&self) -> usize {
        if self.is_single_row() { LONG_LANES } else { LANES }
    }

    /// The innermost loop.
    pub(super) fn looped(&self, n: &TokenStream) -> TokenStream {
        let j = Self::index(self.innermost());
        if self.is_entry() {
            return self.summed_row(n);
        }
        let inner = self.inner().statements;
        if self.uses_lanes() {
            let windows = self.accesses.iter().filter(|a| self.is_row(a)).map(|a| {
                let name = &a.name;
                let mutable = if a.written { quote!(mut) } else { quote!() };
                quote!(let #name = &#mutable #name[start..start + width];)
            });
            let count = Literal::usize_unsuffixed(self.lane_count());
            let run = Literal::usize_unsuffixed(RUN * self.lane_count());
            let put_away: TokenStream = self
                .sums
                .iter()
                .filter(|s| s.lanes && !s.max)
                .map(|s| {
                    let (name, run) = (&s.name, Self::run(s));
                    quote!(#run.add_lanes(&mut #name);)
                })
                .collect();
            let put_away =
                if put_away.is_empty() { put_away } else { quote!(if start % #run == 0 { #put_away }) };
            let from = self.window.map(|_| quote!(from+));
            return quote! {
                let mut start = 0;
                while start < #n {
                    let width = (#n - start).min(#count);
                    #(#windows)*
                    for lane in 0..width {
                        let #j = #from start + lane;
                        #inner
                    }
                    start += width;
                    #put_away
                }
            };
        }
        if self.window.is_some() {
            return quote!(for lane in 0..#n {
                let #j = from + lane;
                #inner
            });
        }
        let inner_index = self.inner_index();
        match self.follows(self.innermost()) {
            Some(other) => quote!(let #inner_index = #other; #inner),
            None => quote!(for #inner_index in 0..#n { #inner }),
        }
    }

    /// Sums along a row, as a call.
    fn summed_row(&self, n: &TokenStream) -> TokenStream {
        let rows = self.accesses.iter().filter(|a| self.is_row(a));
        let (arrays, names) = self.arrays(rows, |a| Self::borrowed(&a.name, a.written));
        let formula = self.formula(&names, true);
        let sums: Vec<Ident> = self.sums.iter().filter(|s| s.lanes).map(|s| s.name.clone()).collect();
        let binding = self.bound(&sums, self.is_one_sum());
        if self.is_one_sum() {
            quote!(#binding math.row_sum(#n, #arrays, #formula);)
        } else {
            let kinds = self.kinds();
            quote!(#binding math.row_folds(#kinds, #n, #arrays, #formula);)
        }
    }

    /// Values as one.
    pub(super) fn together(values: &[TokenStream]) -> TokenStream {
        match values {
            [] => quote!(),
            [one] => quote!(#one),
            all => quote!([#(#all),*]),
        }
    }

    /// A gathered sum, times its constant and scalars, and whether that takes functions of `math`.
    pub(super) fn scaled(&self, s: &Sum, sum: TokenStream) -> (TokenStream, bool) {
        let mut parts = vec![(Code::atom(sum), Number::ONE)];
        let none = BTreeMap::new();
        parts.extend(s.scalars.iter().map(|(n, p)| (self.value(*n, &[], &none), *p)));
        let mut writer = Writer { g: self.g, cx: self.cx, receiver: "math", math: false, equal: None };
        (writer.product(s.coeff, &parts).tokens, writer.math)
    }

    /// The statement that adds to a sum, or finds the greater.
    pub(super) fn added(&self, s: &Sum, target: &TokenStream, value: &TokenStream) -> TokenStream {
        if let Some(a) = s.access.map(|k| &self.accesses[k]).filter(|_| self.is_apart(s)) {
            let (rt, excess, offset) = (&self.cx.rt, self.excess(s), self.offset(a, false));
            return quote!(#rt::Total::add_to(&mut #target, &mut #excess[#offset], #value););
        }
        if s.max { quote!(#target = math.max(#target, #value);) } else { quote!(#target += #value;) }
    }

    fn put(&self, s: &Sum, target: &TokenStream, value: &TokenStream) -> TokenStream {
        if self.is_visited_once(s) { quote!(#target = #value;) } else { self.added(s, target, value) }
    }

    /// Whether what the rows add up to is a sum of any number of terms.
    fn is_total(&self, s: &Sum) -> bool {
        s.access.is_none() && !s.max && !self.is_single_row()
    }

    /// Whether the result has all axes but the innermost.
    fn is_visited_once(&self, s: &Sum) -> bool {
        s.out.len() + 1 == self.l.space.len() && !s.scattered
    }

    pub(super) fn is_single_row(&self) -> bool {
        self.flat || self.l.space.len() <= 1
    }

    /// The index that this axis' index is always equal to.
    fn follows(&self, axis: usize) -> Option<Ident> {
        let [before, here] = self.diagonal?;
        (here as usize == axis).then(|| Self::index(before as usize))
    }

    /// What arrays hold before the loop: 0 off a diagonal, and where sums begin.
    pub(super) fn filled(&self) -> TokenStream {
        let mut code = TokenStream::new();
        if self.diagonal.is_some() {
            let zero = self.cx.number(Number::ZERO);
            for (node, buffer) in &self.l.stores {
                let (array, n) = (self.names.of(*buffer), self.cx.product(self.g, self.g.shape(*node)));
                code.extend(quote!(#array[..#n].fill(#zero);));
            }
        }
        for s in &self.sums {
            let Some(k) = s.access else { continue };
            if !(s.accumulate || s.lanes && self.is_visited_once(s)) {
                let a = &self.accesses[k];
                let (array, neutral) = (self.names.of(a.buffer), self.neutral(s));
                let n = self.cx.product(self.g, &a.shape);
                code.extend(quote!(#array[..#n].fill(#neutral);));
            }
        }
        code
    }

    /// The whole nest.
    fn nest(&self) -> TokenStream {
        let mut code = if self.l.space.is_empty() { self.inner().statements } else { self.row() };
        if !self.flat {
            for axis in (0..self.innermost().min(self.l.space.len())).rev() {
                let i = Self::index(axis);
                let n = self.cx.extent(self.g, self.l.space[axis]);
                code = match self.follows(axis) {
                    Some(other) => quote!(let #i = #other; #code),
                    None => {
                        self.in_runs(axis, &n, &code).unwrap_or_else(|| quote!(for #i in 0..#n { #code }))
                    }
                };
            }
        }
        let mut before = TokenStream::new();
        for s in self.sums.iter().filter(|s| s.access.is_none() && !self.is_single_row()) {
            let (total, rt) = (Self::total(s), &self.cx.rt);
            let neutral = if self.is_total(s) { quote!(#rt::Running::ZERO) } else { self.neutral(s) };
            before.extend(quote!(let mut #total = #neutral;));
        }
        let (rt, t) = (&self.cx.rt, self.cx.float.tokens());
        for s in self.sums.iter().filter(|s| self.is_apart(s)) {
            let (excess, n) = (self.excess(s), self.cx.product(self.g, self.g.shape(s.node)));
            let zero = self.neutral(s);
            before.extend(quote! {
                let mut #excess = #rt::Scratch::<#t>::new(#n);
                #excess.fill(#zero);
            });
        }
        quote!(#before #code)
    }
}
