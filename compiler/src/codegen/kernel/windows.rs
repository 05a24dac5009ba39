//! Rows in windows: along which part of the innermost axis all conditions hold.
//!
//! There nothing is asked, and what is read lies in slices, `x[i - 1]` as well as `x[i]`; before and after that
//! part, an entry at a time asks. Where nothing counts there, as under a triangle, that is left out.

use super::*;
use crate::codegen::indexing::summed;
use crate::ir::RelationKind;

/// Entries of a row up to which its ends are not worth a loop of their own.
const SHORT: usize = 8;

/// A part of the innermost axis, from `from` up to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Whether all conditions hold in it that ends of a part can say.
    inside: bool,
}

impl Kernel<'_> {
    /// The conditions of a product that are asked for each entry.
    pub(super) fn asked<'p>(&self, places: &'p Places) -> impl Iterator<Item = &'p Condition> {
        let inside = self.window.is_some_and(|w| w.inside);
        places.conditions.iter().filter(move |c| !(inside && Self::is_an_end(c)))
    }

    /// Whether any is.
    pub(super) fn asks(&self, places: &Places) -> bool {
        self.asked(places).next().is_some()
    }

    /// Whether the entries of a row that meet a condition are all, none, or those up to an end.
    fn is_an_end(c: &Condition) -> bool {
        c.kind == RelationKind::AtLeast && c.value.named.is_empty()
    }

    /// The conditions that ends of a part of the row can say.
    fn ends(&self) -> Vec<Condition> {
        let mut ends: Vec<Condition> = Vec::new();
        for id in self.l.body.iter().copied().chain(self.l.reductions.iter().map(|r| r.node)) {
            for c in self.ends_of(id) {
                if !ends.contains(&c) {
                    ends.push(c);
                }
            }
        }
        ends
    }

    fn ends_of(&self, id: NodeId) -> Vec<Condition> {
        let places = Places::of(self.g, id);
        places.into_iter().flat_map(|p| p.conditions).filter(Self::is_an_end).collect()
    }

    /// Whether nothing counts where one of the conditions fails.
    fn counts_inside_alone(&self, ends: &[Condition]) -> bool {
        self.l.stores.is_empty()
            && self.l.reductions.iter().all(|r| {
                let own = self.ends_of(r.node);
                ends.iter().all(|c| own.contains(c))
            })
    }

    /// The row in windows, if conditions have ends.
    pub(super) fn windows(&self) -> Option<TokenStream> {
        let ends = self.ends();
        if ends.is_empty() || self.window.is_some() || self.diagonal.is_some() {
            return None;
        }
        let alone = self.counts_inside_alone(&ends);
        let short = constant_product(self.g, &self.l.space[self.innermost()..]).is_some_and(|n| n <= SHORT);
        if short && !alone {
            return None;
        }
        let n = self.cx.extent(self.g, self.l.space[self.innermost()]);
        let (first, last) = self.first_and_last(&ends, &n);
        let inside = self.windowed(true);
        let inside = quote!(if from < to { #inside });
        let parts = if alone {
            inside
        } else {
            let edge = self.windowed(false);
            quote! {
                for (from, to) in [(0, from), (from.max(to), #n)] { #edge }
                #inside
            }
        };
        let lanes = || self.sums.iter().filter(|s| s.lanes);
        let before = lanes().map(|s| {
            let (all, neutral, rt) = (Self::of_windows(s), self.neutral(s), &self.cx.rt);
            if s.max { quote!(let mut #all = #neutral;) } else { quote!(let mut #all = #rt::Running::ZERO;) }
        });
        let after = lanes().map(|s| {
            let (all, name, put) = (Self::of_windows(s), &s.name, self.sum_is_put(s));
            let sum = if s.max { quote!(#all) } else { quote!(#all.sum()) };
            quote!(let #name = #sum; #put)
        });
        Some(quote! {
            let from = #first;
            let to = #last;
            #(#before)* #parts #(#after)*
        })
    }

    /// Where the part begins in which all these conditions hold, and where it ends: not before, or there is none.
    fn first_and_last(&self, ends: &[Condition], n: &TokenStream) -> (TokenStream, TokenStream) {
        let axis = self.innermost();
        let (mut first, mut last, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for c in ends {
            let times = c.value.affine.multiple(&axis);
            let step = i64::try_from(times.unsigned_abs()).unwrap_or(i64::MAX);
            let by = Literal::u64_unsuffixed(times.unsigned_abs());
            let rest = c.value.affine.without(&axis);
            match times {
                0 => whole.push(self.condition(c)),
                // times·j + rest ≥ 0
                1.. => {
                    let least = self.at_least_zero(rest.times(-1));
                    first.push(if step == 1 { least } else { quote!(#least.div_ceil(#by)) });
                }
                // rest ≥ |times|·j
                _ => {
                    let most = self.at_least_zero(rest.shifted(step));
                    last.push(if step == 1 { most } else { quote!((#most / #by)) });
                }
            }
        }
        let first = first.into_iter().reduce(|a, b| quote!(#a.max(#b)));
        let first = first.map_or_else(|| quote!(0), |first| quote!(#first.min(#n)));
        let last = last.into_iter().fold(n.clone(), |a, b| quote!(#b.min(#a)));
        let last = if whole.is_empty() { last } else { quote!(if #(#whole)&&* { #last } else { 0 }) };
        (first, last)
    }

    /// The value, or 0 where it is negative.
    fn at_least_zero(&self, a: Affine) -> TokenStream {
        let [plus, minus] = self.halves(a);
        let (rt, plus) = (&self.cx.rt, summed(&plus));
        if minus.is_empty() {
            return if plus.clone().into_iter().count() == 1 { plus } else { quote!((#plus)) };
        }
        let minus = summed(&minus);
        quote!(#rt::less(#plus, #minus))
    }

    /// Whether it is about entries whose conditions are asked one by one.
    pub(super) fn is_edge(&self) -> bool {
        self.window.is_some_and(|w| !w.inside)
    }

    /// Adds to the sum of all windows.
    pub(super) fn added_to_row(s: &Sum, value: &TokenStream) -> TokenStream {
        let all = Self::of_windows(s);
        if s.max { quote!(#all = math.max(#all, #value);) } else { quote!(#all.add(#value);) }
    }

    /// The sum of all windows.
    fn of_windows(s: &Sum) -> Ident {
        format_ident!("{}_of_row", s.name)
    }

    /// The loop along a window.
    fn windowed(&self, inside: bool) -> TokenStream {
        let mut part = Kernel {
            walk: Walk::Nest,
            window: Some(Window { inside }),
            accesses: Vec::new(),
            sums: Vec::new(),
            ..*self
        };
        part.find_accesses();
        part.flat = false;
        part.name_accesses();
        let (j, n) = (Self::index(self.innermost()), quote!(count));
        let (slices, looped) = (part.slices(&n), part.looped(&n));
        // At an edge, each entry is added where those of the row are.
        let lanes = || part.sums.iter().filter(|s| s.lanes && inside);
        let before = lanes().map(|s| part.sum_begins(s));
        let after = lanes().map(|s| {
            let (name, end) = (&s.name, part.sum_ends(s));
            let add = Self::added_to_row(s, &quote!(#name));
            quote!(#end #add)
        });
        quote! {
            let count = to - from;
            let #j = from;
            #slices #(#before)* #looped #(#after)*
        }
    }
}
