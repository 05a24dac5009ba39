//! Products of matrices: one call of the runtime, in loops over the indices that belong to neither rows nor
//! columns.

use super::expr::{Code, Writer};
use super::kernel::Kernel;
use super::step::Steps;
use super::{Context, constant_product, unparenthesised};
use crate::ir::{Extent, Graph, NodeId, Number, Op, Operand};
use crate::schedule::{BufferId, MatMul, MatrixForm};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

impl Steps<'_> {
    pub(super) fn matmul(&mut self, m: &MatMul) -> TokenStream {
        let g = &self.plan.graph;
        let product = &m.form;
        let rt = &self.cx.rt;
        let (alpha, decay, doc) = self.scale(m);
        // What loops add up begins with 0.
        let filled = !m.accumulate && !product.around_summed.is_empty();
        let adds = m.accumulate || filled;
        let accum = if adds { quote!(#rt::Accum::Add) } else { quote!(#rt::Accum::Replace) };
        let layout = Layout::new(self.cx, g, m);
        let out = self.names.of(m.out);
        let (Some(left), Some(right)) = (self.array(&product.left), self.array(&product.right)) else {
            return super::lost().tokens;
        };
        let call = match &product.gram {
            Some(weights) => {
                let out = layout.out(out);
                let x = layout.view(left, &product.left, &product.summed, &product.rows);
                let weights = match weights.as_ref().map(|w| self.array(w)) {
                    None => quote!(#rt::None),
                    Some(Some(name)) => quote!(#rt::Some(&*#name)),
                    Some(None) => super::lost().tokens,
                };
                quote!(#rt::gram(#out, #accum, #alpha, #x, #weights);)
            }
            None => {
                let left = layout.view(left, &product.left, &product.rows, &product.summed);
                let right = layout.view(right, &product.right, &product.summed, &product.cols);
                let known = layout.known().filter(|_| self.together && decay.is_none());
                self.math |= known.is_some();
                let function = if adds { quote!(add_product) } else { quote!(product) };
                match (known, decay, layout.is_whole()) {
                    (Some(known), _, true) => {
                        quote!(math.#function::<_, #known>(#out, #alpha, #left, #right);)
                    }
                    (Some(known), _, false) => {
                        let out = layout.out(out);
                        quote!(#rt::matmul_small::<_, #known>(math, #out, #accum, #alpha, #left, #right);)
                    }
                    (None, Some(decay), true) => {
                        quote!(#rt::product_onto(#out, #decay, #alpha, #left, #right);)
                    }
                    (None, Some(decay), false) => {
                        let out = layout.out(out);
                        quote!(#rt::matmul_onto(#out, #decay, #alpha, #left, #right);)
                    }
                    (None, None, true) => quote!(#rt::#function(#out, #alpha, #left, #right);),
                    (None, None, false) => {
                        let out = layout.out(out);
                        quote!(#rt::matmul(#out, #accum, #alpha, #left, #right);)
                    }
                }
            }
        };
        let call = layout.around(call);
        if filled {
            let (out, n) = (self.names.of(m.out), self.cx.entries(g, g.shape(m.product)));
            let zero = self.cx.number(Number::ZERO);
            return quote! {
                #out[..#n].fill(#zero);
                #[doc = #doc]
                #call
            };
        }
        quote! {
            #[doc = #doc]
            #call
        }
    }

    /// The factor of a product, that of what is there, and what the call is said to do.
    pub(super) fn scale(&mut self, m: &MatMul) -> (TokenStream, Option<TokenStream>, String) {
        // The formula has the product's own constant.
        let own = self.plan.graph.coefficient(m.product);
        let rest = m.coeff.mul(own.pow(Number::MINUS_ONE));
        let factor = self.factor(rest, &m.scalars);
        let factor = factor.as_str();
        let (sign, factor) = match (m.accumulate, factor.strip_prefix('-')) {
            (true, Some(factor)) => ("-=", factor),
            (true, None) => ("+=", factor),
            (false, _) => ("=", factor),
        };
        let (alpha, math) = self.scalars(m.coeff, &m.scalars);
        let alpha = unparenthesised(alpha);
        self.single |= math;
        let name = &self.plan.buffers[m.out.0].name;
        let decay = m.decay.map(|d| self.scalar_value(d).tokens);
        let doc = match &decay {
            Some(decay) => {
                let sign = sign.trim_end_matches('=');
                self.assignment(m.out, &format!("= {decay} * {name} {sign}"), factor, &self.text(m.product))
            }
            None => self.assignment(m.out, sign, factor, &self.text(m.product)),
        };
        (alpha, decay, doc)
    }

    /// The product of a constant and scalars, and whether it uses `single`.
    fn scalars(&self, coeff: Number, scalars: &[(NodeId, Number)]) -> (TokenStream, bool) {
        let mut writer =
            Writer { g: &self.plan.graph, cx: self.cx, receiver: "single", math: false, equal: None };
        let parts: Vec<(Code, Number)> = scalars.iter().map(|(n, p)| (self.scalar_value(*n), *p)).collect();
        (writer.product(coeff, &parts).tokens, writer.math)
    }

    /// A constant and scalars before what they are factors of, as a comment has them.
    pub(super) fn factor(&self, coeff: Number, scalars: &[(NodeId, Number)]) -> String {
        let constant = if coeff.is_negative() { coeff.neg() } else { coeff };
        let mut factors = if constant.is_one() { Vec::new() } else { vec![constant.to_string()] };
        if !scalars.is_empty() {
            let (product, _) = self.scalars(Number::ONE, scalars);
            factors.push(product.to_string().replace(' ', ""));
        }
        let sign = if coeff.is_negative() { "-" } else { "" };
        let factors: String = factors.iter().map(|f| format!("{f} * ")).collect();
        format!("{sign}{factors}")
    }

    /// Two products of one matrix with a vector each, as one call.
    pub(super) fn matvec_pair(&mut self, pair: [&MatMul; 2]) -> TokenStream {
        let g = &self.plan.graph;
        let rt = &self.cx.rt;
        let (mut docs, mut vectors, mut matrix) = (Vec::new(), Vec::new(), TokenStream::new());
        for m in pair {
            let (alpha, _, doc) = self.scale(m);
            docs.push(doc);
            let product = &m.form;
            let (Some(a), Some(x)) = (self.array(&product.left), self.array(&product.right)) else {
                return super::lost().tokens;
            };
            let layout = Layout::new(self.cx, g, m);
            matrix = layout.view(a, &product.left, &product.rows, &product.summed);
            let out = self.names.of(m.out);
            let accum = if m.accumulate { quote!(Add) } else { quote!(Replace) };
            vectors.push(quote! {
                #rt::VectorProduct { out: #out, accum: #rt::Accum::#accum, alpha: #alpha, x: #x }
            });
        }
        quote! {
            #(#[doc = #docs])*
            #rt::matvec_pair(#matrix, [#(#vectors),*]);
        }
    }

    pub(super) fn array(&self, operand: &Operand) -> Option<&Ident> {
        let buffer: &BufferId = self.plan.buffer_of.get(&operand.node)?;
        Some(self.names.of(*buffer))
    }
}

/// The extents of a product's locals, and what to call its loops' indices.
pub(super) struct Layout<'a> {
    cx: &'a Context,
    g: &'a Graph,
    product: &'a MatrixForm,
    /// The extent of each local.
    locals: Vec<Extent>,
    rank: usize,
}

impl<'a> Layout<'a> {
    pub(super) fn new(cx: &'a Context, g: &'a Graph, m: &'a MatMul) -> Self {
        let rank = g.rank(m.product);
        let mut locals = g.shape(m.product).to_vec();
        if let Op::Product { bound, .. } = g.op(m.product) {
            locals.extend(bound);
        }
        Self { cx, g, product: &m.form, locals, rank }
    }

    fn loops(&self) -> impl Iterator<Item = u8> {
        self.product.around.iter().chain(&self.product.around_summed).copied()
    }

    fn index(local: u8) -> Ident {
        Kernel::index(local as usize)
    }

    /// How many numbers an index, or several as one, runs over.
    fn count(&self, locals: &[u8]) -> TokenStream {
        let extents: Vec<Extent> = locals.iter().map(|&l| self.locals[l as usize]).collect();
        let n = self.cx.product(self.g, &extents);
        if extents.len() > 1 && n.clone().into_iter().count() > 1 { quote!((#n)) } else { n }
    }

    /// The call in its loops.
    pub(super) fn around(&self, call: TokenStream) -> TokenStream {
        let loops: Vec<u8> = self.loops().collect();
        loops.into_iter().rev().fold(call, |inner, local| {
            let (index, n) = (Self::index(local), self.count(&[local]));
            quote!(for #index in 0..#n { #inner })
        })
    }

    /// Whether the array is the result, row by row.
    fn is_whole(&self) -> bool {
        let axes: Vec<u8> = (0..self.rank as u8).collect();
        let (rows, cols) = (&self.product.rows, &self.product.cols);
        self.is_column() || matches!(self.place(&axes, rows, cols), Place::Whole)
    }

    fn is_column(&self) -> bool {
        self.rank == 1 && self.product.rows.len() == 1
    }

    /// The result as a matrix to write.
    pub(super) fn out(&self, array: &Ident) -> TokenStream {
        let rt = &self.cx.rt;
        let axes: Vec<u8> = (0..self.rank as u8).collect();
        let (rows, cols) = (&self.product.rows, &self.product.cols);
        if self.is_column() {
            return quote!(#rt::MatMut::column(#array));
        }
        let (r, c) = (self.count(rows), self.count(cols));
        match self.place(&axes, rows, cols) {
            Place::Whole => quote!(#rt::mat_mut(#array, #r, #c)),
            Place::Rows(offset) => {
                quote!(#rt::mat_mut(&mut #array[#offset..][..#r * #c], #r, #c))
            }
            Place::Strided(offset, [rs, cs]) => {
                quote!(#rt::MatMut::strided(&mut #array[#offset..], (#r, #c), (#rs, #cs)))
            }
        }
    }

    /// An operand as a matrix to read: its rows, its columns.
    pub(super) fn view(&self, array: &Ident, operand: &Operand, rows: &[u8], cols: &[u8]) -> TokenStream {
        let rt = &self.cx.rt;
        if rows.is_empty() || cols.is_empty() {
            let form = if cols.is_empty() { quote!(column) } else { quote!(row) };
            return quote!(#rt::#form(#array));
        }
        let turned = is_turned(operand, rows, cols);
        let (rows, cols) = if turned { (cols, rows) } else { (rows, cols) };
        let (r, c) = (self.count(rows), self.count(cols));
        let t = if turned { quote!(.t()) } else { quote!() };
        match self.place(&operand.axes, rows, cols) {
            Place::Whole => quote!(#rt::mat(#array, #r, #c)#t),
            Place::Rows(offset) => {
                quote!(#rt::mat(&#array[#offset..][..#r * #c], #r, #c)#t)
            }
            Place::Strided(offset, [rs, cs]) => {
                quote!(#rt::Mat::strided(&#array[#offset..], (#r, #c), (#rs, #cs))#t)
            }
        }
    }

    /// What is known of the product before it is computed: rows, columns and terms, 0 if not; whether the
    /// operands are stored by their columns. Nothing where a matrix is part of an array and its rows are not
    /// adjacent.
    fn known(&self) -> Option<TokenStream> {
        let p = self.product;
        let axes: Vec<u8> = (0..self.rank as u8).collect();
        let strided = |axes: &[u8], rows: &[u8], cols: &[u8]| {
            !rows.is_empty() && !cols.is_empty() && matches!(self.place(axes, rows, cols), Place::Strided(..))
        };
        if strided(&axes, &p.rows, &p.cols) {
            return None;
        }
        let by_columns = |o: &Operand, rows: &[u8], cols: &[u8]| {
            let turned = is_turned(o, rows, cols);
            let (rows, cols) = if turned { (cols, rows) } else { (rows, cols) };
            (!strided(&o.axes, rows, cols)).then_some(turned)
        };
        let (a, b) = (by_columns(&p.left, &p.rows, &p.summed)?, by_columns(&p.right, &p.summed, &p.cols)?);
        let known = [&p.rows, &p.cols, &p.summed].map(|locals| {
            let extents: Vec<Extent> = locals.iter().map(|&l| self.locals[l as usize]).collect();
            Literal::usize_unsuffixed(constant_product(self.g, &extents).unwrap_or(0))
        });
        Some(quote!(#(#known),*, #a, #b))
    }

    /// Where in an array with these axes the matrix lies.
    fn place(&self, axes: &[u8], rows: &[u8], cols: &[u8]) -> Place {
        let joined: Vec<u8> = rows.iter().chain(cols).copied().collect();
        let leading = axes.len() - joined.len();
        if axes[leading..] == joined[..] {
            if leading == 0 {
                return Place::Whole;
            }
            let before = self.position(&axes[..leading]);
            let (r, c) = (self.count(rows), self.count(cols));
            return Place::Rows(quote!(#before * #r * #c));
        }
        let stride = |local: u8| {
            let after = axes.iter().position(|&a| a == local).map_or(axes.len(), |p| p + 1);
            self.count(&axes[after..])
        };
        let mut offset = TokenStream::new();
        for (n, &l) in axes.iter().filter(|l| !joined.contains(l)).enumerate() {
            let (index, stride) = (Self::index(l), stride(l));
            let plus = if n > 0 { quote!(+) } else { quote!() };
            offset.extend(quote!(#plus #index * #stride));
        }
        if offset.is_empty() {
            let zero = Literal::usize_unsuffixed(0);
            offset = quote!(#zero);
        }
        let last = |run: &[u8]| stride(run[run.len() - 1]);
        Place::Strided(offset, [last(rows), last(cols)])
    }

    /// The position of the loops' indices among those of these axes.
    fn position(&self, axes: &[u8]) -> TokenStream {
        let mut position: Option<TokenStream> = None;
        for &l in axes {
            let index = Self::index(l);
            position = Some(match position {
                None => quote!(#index),
                Some(p) => {
                    let n = self.count(&[l]);
                    quote!((#p * #n + #index))
                }
            });
        }
        position.unwrap_or_else(|| quote!(0))
    }
}

/// Whether an array lists the columns of the matrix one after the other.
fn is_turned(operand: &Operand, rows: &[u8], cols: &[u8]) -> bool {
    let position = |l: &[u8]| operand.axes.iter().position(|a| Some(a) == l.first());
    !rows.is_empty() && !cols.is_empty() && position(rows) > position(cols)
}

/// Where a matrix lies in an array.
enum Place {
    /// It is the array.
    Whole,
    /// Row by row, from here on.
    Rows(TokenStream),
    /// From here on, with these distances from a row to the next and from a column to the next.
    Strided(TokenStream, [TokenStream; 2]),
}
