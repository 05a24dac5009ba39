//! Linear algebra: the factors of a matrix, and what is asked of them.

use super::product::Layout;
use super::step::Steps;
use crate::ir::{Cofactors, NodeId, Op};
use crate::schedule::{Factors, Solve};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Steps<'_> {
    /// The factors of a matrix, which from here on go by the name of their array.
    pub(super) fn factored(&self, a: NodeId) -> TokenStream {
        let g = &self.plan.graph;
        let (Some(factors), Some(&x)) = (self.plan.factors.get(&a), self.plan.buffer_of.get(&a)) else {
            return super::lost().tokens;
        };
        let (rt, shape) = (&self.cx.rt, g.shape(a));
        let n = shape.last().map(|&e| self.cx.extent(g, e));
        let [x, entries, exchanges] = [x, factors.entries, factors.exchanges].map(|b| self.names.of(b));
        let (function, symmetric) = if shape.len() > 2 {
            (quote!(factor_each), ", each a matrix")
        } else if factors.symmetric {
            (quote!(factor_symmetric), ", which is symmetric")
        } else {
            (quote!(factor), "")
        };
        let doc = format!(" The factors of `{x}`{symmetric}");
        quote! {
            #[doc = #doc]
            let #entries = #rt::#function(#x, #n, #entries, #exchanges);
        }
    }

    fn is_array(&self, id: NodeId) -> bool {
        self.plan.graph.rank(id) > 0
    }

    /// The factors of the matrix, by name, and what the formula calls it and its inverse.
    fn factors_of(&self, a: NodeId) -> Option<(&Ident, &Factors)> {
        self.plan.factors.get(&a).map(|f| (self.names.of(f.entries), f))
    }

    pub(super) fn linear(&self, id: NodeId) -> TokenStream {
        let g = &self.plan.graph;
        let (Op::Inverse(a) | Op::Det(a) | Op::LogDet(a) | Op::Cofactors(a, _)) = *g.op(id) else {
            return super::lost().tokens;
        };
        let (Some(&out), Some((factors, called))) = (self.plan.buffer_of.get(&id), self.factors_of(a)) else {
            return super::lost().tokens;
        };
        let out = self.names.of(out);
        match g.op(id) {
            Op::Inverse(_) => {
                let expression = &called.inverse;
                quote!(#factors.inverse(#out, #expression)?;)
            }
            Op::Cofactors(_, part) => {
                let Some(&matrix) = self.plan.buffer_of.get(&a) else { return super::lost().tokens };
                let matrix = self.names.of(matrix);
                match part {
                    Cofactors::Adjugate => quote!(#factors.adjugate(#matrix, #out);),
                    Cofactors::First => quote!(#factors.adjugate_first(#matrix, #out);),
                    Cofactors::Second => quote!(#factors.adjugate_second(#matrix, #out);),
                }
            }
            Op::Det(_) if self.is_array(id) => quote!(#factors.det(#out);),
            Op::Det(_) => quote!(let #out = #factors.det();),
            _ => {
                let expression = format!("logdet({})", called.text);
                if self.is_array(id) {
                    quote!(#factors.logdet(#out, #expression)?;)
                } else {
                    quote!(let #out = #factors.logdet(#expression)?;)
                }
            }
        }
    }

    /// A product with an inverse.
    pub(super) fn solve(&mut self, s: &Solve) -> TokenStream {
        let g = &self.plan.graph;
        let (m, product, system) = (&s.matmul, &s.matmul.form, &s.system);
        let (alpha, _, doc) = self.scale(m);
        let layout = Layout::new(self.cx, g, m);
        let out = layout.out(self.names.of(m.out));
        let other = if system.left { &product.right } else { &product.left };
        let (Some((factors, called)), Some(given)) = (self.factors_of(system.matrix), self.array(other))
        else {
            return super::lost().tokens;
        };
        let (out, given) = if system.left {
            (out, layout.view(given, other, &product.summed, &product.cols))
        } else {
            // X = B A⁻¹ is Xᵀ = A⁻ᵀ Bᵀ.
            (quote!(#out.t()), layout.view(given, other, &product.rows, &product.summed))
        };
        let given = if system.left { given } else { quote!(#given.t()) };
        let function = if system.transposed { quote!(solve_transposed) } else { quote!(solve) };
        let expression = &called.inverse;
        let call = layout.around(quote!(#factors.#function(#out, #alpha, #given, #expression)?;));
        quote! {
            #[doc = #doc]
            #call
        }
    }
}
