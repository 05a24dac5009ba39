//! Loops: a nest over the plan's space, rows cut to slices, sums in lanes.
//!
//! [`access`] how arrays are read and written, [`body`] the innermost loop, [`nest`] the loops around it.

mod access;
mod body;
mod nest;

use super::expr::{Code, Level, Writer};
use super::{Context, Names, constant_product, identifier, plain_identifier, unparenthesised};
use crate::ir::{AxisFn, Extent, Graph, NodeId, Number, Op, Operand};
use crate::schedule::{BufferId, Class, Loop, Plan, Storage, class};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
/// Partial sums that run beside each other along a row of many.
const LANES: usize = 32;
/// The same where the whole loop is one row: enough to hide the latency of an addition in every vector width.
const LONG_LANES: usize = 64;

/// An array as a loop reads or writes it.
struct Access {
    buffer: BufferId,
    /// Its extents: those of the node read or written, which may be another shape of the same entries.
    shape: Vec<Extent>,
    /// For each axis of the array, the axis of the loop.
    axes: Vec<usize>,
    written: bool,
    /// The variable or slice that stands for it in the innermost loop.
    name: Ident,
}

impl Access {
    fn is(&self, buffer: BufferId, shape: &[Extent], axes: &[usize]) -> bool {
        self.buffer == buffer && self.shape == shape && self.axes == axes
    }
}

/// A reduction of a loop.
struct Sum {
    node: NodeId,
    buffer: BufferId,
    /// For each axis of the result, the axis of the loop.
    out: Vec<usize>,
    max: bool,
    coeff: Number,
    /// Scalar factors, with their powers.
    scalars: Vec<(NodeId, Number)>,
    /// Where it is gathered: lanes, one variable, or an access of its own.
    lanes: bool,
    name: Ident,
    access: Option<usize>,
    /// Whether the array holds a part of the sum already.
    accumulate: bool,
}

/// The generated loop: its function and its call.
pub(super) struct Kernel<'a> {
    plan: &'a Plan,
    names: &'a Names,
    g: &'a Graph,
    cx: &'a Context,
    l: &'a Loop,
    /// One flat loop over everything, because nothing distinguishes the axes.
    flat: bool,
    /// Two axes: everything written is 0 where their indices differ.
    diagonal: Option<[u8; 2]>,
    accesses: Vec<Access>,
    sums: Vec<Sum>,
    /// Scalars read, in order.
    scalars: Vec<Ident>,
    extents: Vec<Ident>,
}

impl<'a> Kernel<'a> {
    pub(super) fn new(plan: &'a Plan, names: &'a Names, cx: &'a Context, l: &'a Loop) -> Self {
        let g = &plan.graph;
        let accesses = Vec::new();
        let mut kernel = Self {
            plan,
            names,
            g,
            cx,
            l,
            flat: false,
            diagonal: diagonal(g, l),
            accesses,
            sums: Vec::new(),
            scalars: Vec::new(),
            extents: Vec::new(),
        };
        kernel.find_accesses();
        kernel
    }

    /// The function `name` and the statement that calls it.
    pub(super) fn tokens(mut self, name: &Ident, doc: &[String], together: bool) -> TokenStream {
        let outer = self.cx;
        let extents = self.extent_args();
        // Inside the function an extent goes by its own name.
        let mut inner_cx = outer.clone();
        inner_cx.extents = extents.iter().map(|(name, ident, _)| (name.clone(), quote!(#ident))).collect();
        let passed: Vec<TokenStream> = extents.iter().map(|(.., value)| value.clone()).collect();
        self.extents = extents.into_iter().map(|(_, ident, _)| ident).collect();
        let this = Kernel { cx: &inner_cx, ..self };
        this.finish(name, doc, &passed, together)
    }

    fn finish(&self, name: &Ident, doc: &[String], passed: &[TokenStream], together: bool) -> TokenStream {
        let (code, math) = self.nest();
        let (results, values) = self.results();
        let t = self.cx.float.tokens();
        let runtime = &self.cx.runtime;
        let generics = match &self.cx.float {
            super::Float::Generic(t) => quote!(<#t: #runtime::Scalar>),
            _ => quote!(),
        };
        let mut params: Vec<Ident> = self.extents.clone();
        let mut types: Vec<TokenStream> = self.extents.iter().map(|_| quote!(usize)).collect();
        let mut args: Vec<TokenStream> = passed.to_vec();
        for s in &self.scalars {
            params.push(s.clone());
            types.push(quote!(#t));
            args.push(quote!(#s));
        }
        let mut seen: Vec<BufferId> = Vec::new();
        for a in &self.accesses {
            if seen.contains(&a.buffer) {
                continue;
            }
            seen.push(a.buffer);
            let array = self.names.of(a.buffer);
            let written = self.accesses.iter().any(|other| other.buffer == a.buffer && other.written);
            params.push(array.clone());
            let slice = self.plan.buffers[a.buffer.0].storage != Storage::Scalar;
            debug_assert!(slice, "scalars are passed by value");
            types.push(if written { quote!(&mut [#t]) } else { quote!(&[#t]) });
            args.push(if written { quote!(&mut *#array) } else { quote!(&*#array) });
        }
        let math_param = if math { quote!(math) } else { quote!(_) };
        let tuple = |items: &[TokenStream]| match items {
            [one] => quote!((#one,)),
            all => quote!((#(#all),*)),
        };
        let params: Vec<TokenStream> = params.iter().map(|p| quote!(#p)).collect();
        let (params, types, args) = (tuple(&params), tuple(&types), tuple(&args));
        let (returns, result, binding) = match (results.as_slice(), values.as_slice()) {
            ([], _) => (quote!(), quote!(), quote!()),
            ([r], [v]) => (quote!(-> #t), quote!(#v), quote!(let #r =)),
            (rs, vs) => {
                let ts = rs.iter().map(|_| &t);
                (quote!(-> (#(#ts),*)), quote!((#(#vs),*)), quote!(let (#(#rs),*) =))
            }
        };
        let call = if together { quote!(#name(math, #args)) } else { quote!(#runtime::simd!(#name, #args)) };
        quote! {
            #(#[doc = #doc])*
            #[inline(always)]
            fn #name #generics (#math_param: #runtime::simd::Math, #params: #types) #returns {
                #code
                #result
            }
            #binding #call;
        }
    }
}

/// Two axes of a loop such that everything it writes is a product with their delta.
fn diagonal(g: &Graph, l: &Loop) -> Option<[u8; 2]> {
    let deltas = |node: NodeId| -> Vec<[u8; 2]> {
        let pair = |axes: &[u8]| [axes[0].min(axes[1]), axes[0].max(axes[1])];
        match g.op(node) {
            Op::Delta => vec![[0, 1]],
            Op::Product { factors, .. } => {
                let factors = factors.iter().map(|f| &f.operand);
                factors.filter(|o| matches!(g.op(o.node), Op::Delta)).map(|o| pair(&o.axes)).collect()
            }
            _ => Vec::new(),
        }
    };
    let (first, rest) = l.stores.split_first().filter(|_| l.reductions.is_empty())?;
    deltas(first.0).into_iter().find(|d| d[0] != d[1] && rest.iter().all(|(n, _)| deltas(*n).contains(d)))
}

/// The name, or one like it that is not taken yet.
fn unique(names: &Names, taken: &mut BTreeSet<String>, name: &str) -> Ident {
    let mut unique = name.to_owned();
    let mut k = 2;
    while names.has(&unique) || taken.contains(&unique) {
        unique = format!("{name}_{k}");
        k += 1;
    }
    let ident = Ident::new(&unique, Span::call_site());
    taken.insert(unique);
    ident
}

/// The variable that has an extent's value as a number.
pub(super) fn extent_scalar(g: &Graph, node: NodeId) -> Ident {
    match g.op(node) {
        Op::Extent(e) => format_ident!("count_{}", plain_identifier(&g.extents.name(*e))),
        _ => Ident::new("count", Span::call_site()),
    }
}
