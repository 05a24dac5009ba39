//! Arrays walked together: the runtime has the loop, and calls a closure for the entries.

use super::*;

impl Kernel<'_> {
    /// How the loop may go: by indices, where nothing shorter does.
    pub(super) fn best_walk(&self) -> Walk {
        let rank = self.l.space.len();
        let again = |a: &Access| self.accesses.iter().filter(|other| other.buffer == a.buffer).count() > 1;
        if rank == 0
            || self.by_position()
            || self.accesses.iter().any(|a| !a.places.is_empty())
            || self.diagonal.is_some()
            || self.accesses.iter().any(|a| a.written && again(a))
        {
            Walk::Nest
        } else if self.is_single_row() {
            Walk::Each
        } else if rank == 2
            && self.sums.iter().all(|s| !s.lanes && s.access.is_some())
            && self.accesses.iter().all(|a| match a.axes.as_slice() {
                [0, 1] | [1] => true,
                [0] => !a.written,
                _ => false,
            })
        {
            Walk::Rows
        } else {
            Walk::Nest
        }
    }

    /// Whether an entry depends on where it is, or arrays are read otherwise than row by row.
    pub(super) fn by_position(&self) -> bool {
        self.speaks_of_positions() || !self.accesses.iter().all(|a| self.is_row(a) || !self.runs_inside(a))
    }

    /// The number of entries along these axes, as an argument: in a call of its own, what is known is told by
    /// a type.
    fn count(&self, extents: &[Extent]) -> TokenStream {
        match constant_product(self.g, extents) {
            Some(n) if !self.together => {
                let (rt, n) = (&self.cx.rt, Literal::usize_unsuffixed(n));
                quote!(#rt::N::<#n>)
            }
            _ => self.cx.product(self.g, extents),
        }
    }

    /// A tuple, of tuples where it would be longer than the runtime knows.
    fn tuple(items: &[TokenStream]) -> TokenStream {
        const MOST: usize = 12;
        match items {
            [one] => quote!((#one,)),
            all if all.len() <= MOST => quote!((#(#all),*)),
            all => {
                let groups: Vec<TokenStream> =
                    all.chunks(all.len().div_ceil(MOST).max(2)).map(Self::tuple).collect();
                Self::tuple(&groups)
            }
        }
    }

    /// Arrays as an argument, and what a closure calls their entries.
    pub(super) fn arrays<'k>(
        &self,
        accesses: impl Iterator<Item = &'k Access>,
        each: impl Fn(&Access) -> TokenStream,
    ) -> (TokenStream, TokenStream) {
        let (arrays, names): (Vec<TokenStream>, Vec<TokenStream>) = accesses
            .map(|a| {
                let name = &a.name;
                (each(a), quote!(#name))
            })
            .unzip();
        (Self::tuple(&arrays), Self::tuple(&names))
    }

    /// The array, borrowed for the loop.
    pub(super) fn borrowed(name: &Ident, written: bool) -> TokenStream {
        if written { quote!(&mut *#name) } else { quote!(&*#name) }
    }

    /// The array as the loop walks it.
    fn walked_array(&self, a: &Access) -> TokenStream {
        let (rt, array) = (&self.cx.rt, Self::borrowed(self.names.of(a.buffer), a.written));
        match (self.walk, a.axes.as_slice()) {
            (Walk::Rows, [1]) if self.is_added_to(a) => quote!(#rt::Summed(#array)),
            (Walk::Rows, [1]) => quote!(#rt::EachRow(#array)),
            (Walk::Rows, [0]) => quote!(#rt::EachColumn(#array)),
            _ => array,
        }
    }

    /// Whether the array is a sum, which entries are added to.
    fn is_added_to(&self, a: &Access) -> bool {
        let access = |s: &Sum| s.access.map(|k| &self.accesses[k]);
        a.written && self.sums.iter().any(|s| !s.max && access(s).is_some_and(|of| of.name == a.name))
    }

    /// The closure that is called for entries: its parameters, what it does.
    pub(super) fn formula(&self, names: &TokenStream, shared: bool) -> TokenStream {
        let Inner { statements, yields, math } = self.inner();
        let math = if math { quote!(math) } else { quote!(_) };
        let sums: Vec<&Ident> = self.sums.iter().filter(|s| s.lanes).map(|s| &s.name).collect();
        // A call of its own captures scalars by value; within a function a reference costs nothing.
        let moved = if shared || self.together { quote!() } else { quote!(move) };
        let attribute = quote!(#[inline(always)]);
        let one_statement = statements.clone().into_iter().filter(is_semicolon).count() == 1;
        match (sums.as_slice(), yields.as_slice()) {
            ([], _) if one_statement => {
                let assignment: TokenStream = statements.into_iter().filter(|t| !is_semicolon(t)).collect();
                quote!(#attribute #moved |#math, #names| #assignment)
            }
            ([], _) => quote!(#attribute #moved |#math, #names| { #statements }),
            ([sum], [value]) if self.is_one_sum() => {
                quote!(#attribute #moved |#math, #sum, #names| { #statements #value })
            }
            (sums, values) => {
                quote!(#attribute #moved |#math, [#(#sums),*], #names| { #statements [#(#values),*] })
            }
        }
    }

    /// Whether all that is gathered in lanes is one sum, and no maximum.
    pub(super) fn is_one_sum(&self) -> bool {
        let mut lanes = self.sums.iter().filter(|s| s.lanes);
        lanes.next().is_some_and(|s| !s.max) && lanes.next().is_none()
    }

    /// The kinds of what is gathered in lanes, as an argument.
    pub(super) fn kinds(&self) -> TokenStream {
        let rt = &self.cx.rt;
        let kinds = self.sums.iter().filter(|s| s.lanes).map(|s| match s.max {
            true if self.is_of_sizes(s) => quote!(#rt::Fold::MaxSize),
            true => quote!(#rt::Fold::Max),
            false => quote!(#rt::Fold::Sum),
        });
        quote!([#(#kinds),*])
    }

    /// Whether functions are called for an entry.
    fn calls(&self) -> bool {
        let dear = |op: &Op| matches!(op, Op::Map { function, .. } if !function.is_cheap());
        self.l.body.iter().any(|&id| dear(self.g.op(id)))
    }

    /// The loop as a call of the runtime; afterwards its scalars are variables.
    pub(super) fn walked(&self) -> TokenStream {
        let rt = &self.cx.rt;
        let (arrays, names) = self.arrays(self.accesses.iter(), |a| self.walked_array(a));
        let formula = self.formula(&names, false);
        if self.walk == Walk::Rows {
            let [rows, cols] = [0, 1].map(|axis| self.count(&self.l.space[axis..=axis]));
            return if self.together {
                quote!(math.rows(#rows, #cols, #arrays, #formula);)
            } else {
                quote!(#rt::rows(#rows, #cols, #arrays, #formula);)
            };
        }
        let n = self.count(&self.l.space);
        let sums: Vec<&Sum> = self.sums.iter().filter(|s| s.lanes).collect();
        if sums.is_empty() {
            return if self.together {
                quote!(math.each(#n, #arrays, #formula);)
            } else {
                quote!(#rt::each(#n, #arrays, #formula);)
            };
        }
        let names: Vec<Ident> = sums.iter().map(|s| s.name.clone()).collect();
        let one = self.is_one_sum();
        let binding = self.bound(&names, one);
        let lanes = self.uses_lanes();
        let scaled: Vec<(TokenStream, bool)> = sums
            .iter()
            .map(|s| {
                let name = &s.name;
                self.scaled(s, quote!(#name))
            })
            .collect();
        let has_factors = sums.iter().any(|s| !(s.coeff.is_one() && s.scalars.is_empty()));
        let values: Vec<TokenStream> =
            scaled.iter().map(|(value, _)| unparenthesised(value.clone())).collect();
        let value = Self::together(&values);
        let rebound = if has_factors {
            let binding = self.bound(&names, true);
            quote!(#binding #value;)
        } else {
            quote!()
        };
        if lanes && !self.together && sums.iter().all(|s| !s.max) && !scaled.iter().any(|(_, math)| *math) {
            let function = if one { quote!(sum) } else { quote!(sums) };
            return quote!(#binding #rt::#function(#n, #arrays, #formula); #rebound);
        }
        let call = if one {
            let function = match (lanes, self.calls()) {
                (false, _) => quote!(sum_in_order),
                (true, false) => quote!(sum),
                (true, true) => quote!(sum_of_calls),
            };
            quote!(math.#function(#n, #arrays, #formula))
        } else {
            let function = match (lanes, self.calls()) {
                (false, _) => quote!(folds_in_order),
                (true, false) => quote!(folds),
                (true, true) => quote!(folds_of_calls),
            };
            let kinds = self.kinds();
            quote!(math.#function(#kinds, #n, #arrays, #formula))
        };
        if self.together {
            return quote!(#binding #call; #rebound);
        }
        let code = if has_factors || sums.len() == 1 && !one { quote!(#binding #call; #value) } else { call };
        let (binding, step) = (self.bound(&names, true), self.as_step(&code));
        quote!(#binding #step;)
    }

    /// The call that puts a vector into each row of a matrix, where the loop does nothing else.
    pub(super) fn repeat(&self) -> Option<TokenStream> {
        let find = |axes: &[usize], written| {
            self.accesses.iter().find(|a| a.axes == axes && a.written == written).map(|a| &a.name)
        };
        let (out, row) = (find(&[0, 1], true)?, find(&[1], false)?);
        if self.walk != Walk::Rows || self.inner().statements.to_string() != quote!(*#out = #row;).to_string()
        {
            return None;
        }
        let [rows, cols] = [0, 1].map(|axis| self.count(&self.l.space[axis..=axis]));
        let rt = &self.cx.rt;
        Some(if self.together {
            quote!(math.repeat(#out, #rows, #cols, #row);)
        } else {
            quote!(#rt::repeat(#out, #rows, #cols, #row);)
        })
    }
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == ';')
}
