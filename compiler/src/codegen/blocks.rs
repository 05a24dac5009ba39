//! Rows in blocks: a closure for one block of rows, which the runtime calls for each.

use super::plain_identifier;
use super::step::Steps;
use crate::ir::Number;
use crate::schedule::{Blocks, BufferId, Step, Storage};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;

impl Steps<'_> {
    /// The steps for one block of rows after the other: inside, arrays and their number of rows are the
    /// block's.
    pub(super) fn blocks(&mut self, b: &Blocks) -> TokenStream {
        let (g, zero) = (&self.plan.graph, self.cx.number(Number::ZERO));
        // Inside, the number of rows goes by its name, where it has one.
        let extent = g.extents.name(b.extent);
        let mut tokens = self.cx.extent(g, b.extent).into_iter();
        let rows = match (tokens.next(), tokens.next()) {
            (Some(TokenTree::Ident(name)), None) => name,
            _ => plain_identifier(&extent),
        };
        let mut cx = self.cx.clone();
        cx.extents.insert(extent, quote!(#rows));
        let mut inside = self.within(&cx);
        let steps = inside.all(&b.steps);
        let single = inside.single;
        self.single |= single;
        let name = |id: BufferId| self.names.of(id);
        let zeroed = b.sums.iter().filter(|s| s.zeroed).map(|s| name(s.buffer));
        let cuts = b.read.iter().map(|&id| self.cut(id));
        let shares = self.shares(b);
        let written = b.written.iter().copied().chain(b.sums.iter().map(|s| s.buffer)).map(name);
        let totals: Vec<&Ident> = b.totals.iter().copied().map(name).collect();
        let bind = if totals.is_empty() { quote!() } else { quote!(let [#(#totals),*] =) };
        let totals = quote!([#(#totals),*]);
        let rt = &self.cx.rt;
        let fails = b.steps.iter().flat_map(Step::flat).any(|s| matches!(s, Step::Solve(_)));
        let (run, result) =
            if fails { (quote!(try_run), quote!(#rt::Ok(#totals))) } else { (quote!(run), totals) };
        let or_fail = (fails || self.cx.divided.is_some()).then(|| quote!(?));
        let doc = if self.cx.divided.is_some() {
            " In blocks of rows that stay in the cache, on as many threads as there are; summed up among the ranks."
        } else if b.is_one_part() {
            " In blocks of rows that stay in the cache."
        } else {
            " In blocks of rows that stay in the cache, on as many threads as there are."
        };
        quote! {
            #(#zeroed.fill(#zero);)*
            #[doc = #doc]
            #bind blocks.#run(#shares, |block, [#(#written),*]| {
                #(#cuts)*
                let #rows = block.len();
                #steps
                #result
            })#or_fail;
        }
    }

    /// How many numbers a row of an array has.
    fn width(&self, id: BufferId) -> TokenStream {
        self.cx.entries(&self.plan.graph, &self.plan.buffers[id.0].shape[1..])
    }

    /// The block's rows of an array that is read.
    fn cut(&self, id: BufferId) -> TokenStream {
        let (name, n) = (self.names.of(id), self.width(id));
        if self.plan.buffers[id.0].shape.len() == 1 {
            return quote!(let #name = &#name[block.start..block.end];);
        }
        let n = if n.clone().into_iter().count() > 1 { quote!((#n)) } else { n };
        quote!(let #name = &#name[block.start * #n..block.end * #n];)
    }

    /// The arrays that are written: those of rows, and the sums.
    fn shares(&self, b: &Blocks) -> TokenStream {
        let rt = &self.cx.rt;
        let share = quote!(#rt::Share);
        let of_rows = b.written.iter().map(|&id| {
            let (name, n) = (self.names.of(id), self.width(id));
            match self.plan.buffers[id.0].storage {
                Storage::Block => quote!(#share::Block(#name, #n)),
                _ => quote!(#share::Rows(#name, #n)),
            }
        });
        let sums = b.sums.iter().map(|s| {
            let name = self.names.of(s.buffer);
            match s.parts.map(|parts| self.names.of(parts)) {
                Some(parts) => quote!(#share::Sum(#name, #parts)),
                None => quote!(#share::Whole(#name)),
            }
        });
        let shares = of_rows.chain(sums);
        quote!([#(#shares),*])
    }
}
