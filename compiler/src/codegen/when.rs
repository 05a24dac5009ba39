//! Steps of a branch: an `if`, whose value is what others read of them.

use super::step::Steps;
use crate::ir::NodeId;
use crate::schedule::{BufferId, Cases, Outcome, When};
use crate::syntax::ast::CompareOp;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Steps<'_> {
    /// The steps, where one of their cases is so. What is not computed is not a number, and is not read.
    pub(super) fn when(&mut self, w: &When) -> TokenStream {
        let condition = self.condition(&w.cases);
        // What is known of sums in here is not known outside.
        let outside = self.sums.clone();
        let steps = self.all(&w.steps);
        self.sums = outside;
        let names: Vec<&Ident> = w.results.iter().map(|b| self.names.of(*b)).collect();
        let none = w.results.iter().map(|b| self.not_computed(*b));
        match names.as_slice() {
            [] => quote!(if #condition { #steps }),
            [one] => quote!(let #one = if #condition { #steps #one } else { #(#none)* };),
            all => quote! {
                let (#(#all),*) = if #condition { #steps (#(#all),*) } else { (#(#none),*) };
            },
        }
    }

    /// What stands for a result that there is none of: no number, the factors of nothing.
    fn not_computed(&self, result: BufferId) -> TokenStream {
        let (rt, t) = (&self.cx.rt, self.cx.float.tokens());
        match self.plan.factored_in(result) {
            Some(f) => {
                let [entries, exchanges] = [f.entries, f.exchanges].map(|b| self.names.of(b));
                quote!(#rt::factor(&[], 0, #entries, #exchanges))
            }
            None => quote!(<#t as #rt::Scalar>::NAN),
        }
    }

    pub(super) fn condition(&self, cases: &Cases) -> TokenStream {
        if cases.all().is_empty() {
            return quote!(false);
        }
        let lone = cases.all().len() == 1;
        let each = cases.all().iter().map(|case| {
            let outcomes = case.iter().map(|outcome| self.outcome(outcome, lone && case.len() == 1));
            let all = quote!(#(#outcomes)&&*);
            if lone || case.len() == 1 { all } else { quote!((#all)) }
        });
        quote!(#(#each)||*)
    }

    fn outcome(&self, (comparison, holds): &Outcome, alone: bool) -> TokenStream {
        let value = |n: NodeId| self.scalar_value(n).tokens;
        let (l, r) = (value(comparison.lhs), value(comparison.rhs));
        let op = comparison_operator(comparison.op);
        match (holds, alone) {
            (true, true) => quote!(#l #op #r),
            (true, false) => quote!((#l #op #r)),
            (false, _) => quote!(!(#l #op #r)),
        }
    }
}

/// The operator in Rust.
pub(super) fn comparison_operator(op: CompareOp) -> TokenStream {
    match op {
        CompareOp::Less => quote!(<),
        CompareOp::LessEqual => quote!(<=),
        CompareOp::Greater => quote!(>),
        CompareOp::GreaterEqual => quote!(>=),
        CompareOp::Equal => quote!(==),
    }
}
