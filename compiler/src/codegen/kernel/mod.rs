//! Loops: what is computed for each tuple of indices of a space.
//!
//! Where arrays are walked together, entry by entry or row by row, the runtime has the loop, and the formula
//! is a closure ([`walk`]); everything else is a nest of loops ([`nest`]). [`access`] says how arrays are
//! read and written, [`body`] what is done with an entry of each, [`long`] how many are added up in arrays,
//! [`windows`] along which part of a row conditions hold.

mod access;
mod body;
mod long;
mod nest;
mod placed;
mod walk;
mod windows;

use super::expr::{Code, Precedence, Writer};
use super::{Context, Names, constant_product, identifier, plain_identifier, unparenthesised};
use crate::ir::{AxisFn, Extent, Graph, NodeId, Number, Op, Operand};
use crate::schedule::{Affine, BufferId, Class, Condition, Loop, Place, Places, Plan, class};
use body::Inner;
use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use windows::Window;

/// Entries of the innermost loop up to which a sum needs no lanes: two chunks of them.
const FEW: usize = 64;
/// Lanes of a sum that the nest itself runs.
const LANES: usize = 32;

/// An array as a loop reads or writes it.
#[derive(Clone)]
struct Access {
    buffer: BufferId,
    /// Its extents: those of the node read or written, which may be another shape of the same entries.
    shape: Vec<Extent>,
    /// For each axis of the array, the axis of the loop; none where `places` say more.
    axes: Vec<usize>,
    /// For each axis of the array, where in it: of a part of the array, or of entries that data name.
    places: Vec<Place>,
    /// Whether not every tuple of indices of the loop has an entry: then it is read where one has.
    guarded: bool,
    written: bool,
    /// The variable or slice that stands for it in the innermost loop.
    name: Ident,
}

impl Access {
    fn is(&self, buffer: BufferId, shape: &[Extent], axes: &[usize]) -> bool {
        self.buffer == buffer && self.shape == shape && self.axes == axes && self.places.is_empty()
    }

    /// Whether it changes along an axis of the loop.
    fn runs_along(&self, axis: usize) -> bool {
        self.axes.contains(&axis) || self.places.iter().any(|p| p.runs_along(axis))
    }
}

/// A reduction of a loop.
#[derive(Clone)]
struct Sum {
    node: NodeId,
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
    /// Whether it is added to entries that are not those of the loop's indices.
    scattered: bool,
}

/// How a loop goes through its space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    /// Entry after entry of arrays of one shape.
    Each,
    /// Row after row of matrices, with vectors along either.
    Rows,
    /// By indices, in nested loops.
    Nest,
}

/// A loop, and what is known of it before it is written.
pub(super) struct Kernel<'a> {
    plan: &'a Plan,
    names: &'a Names,
    g: &'a Graph,
    cx: &'a Context,
    l: &'a Loop,
    /// Whether it is part of a function that has `math`.
    together: bool,
    /// One flat loop over everything, because nothing distinguishes the axes.
    flat: bool,
    walk: Walk,
    /// Two axes: everything written is 0 where their indices differ.
    diagonal: Option<[u8; 2]>,
    /// The part of the innermost axis that it is about, if not the whole.
    window: Option<Window>,
    accesses: Vec<Access>,
    sums: Vec<Sum>,
}

impl<'a> Kernel<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        names: &'a Names,
        cx: &'a Context,
        l: &'a Loop,
        together: bool,
    ) -> Self {
        let g = &plan.graph;
        let mut kernel = Self {
            plan,
            names,
            g,
            cx,
            l,
            together,
            flat: false,
            walk: Walk::Nest,
            diagonal: diagonal(g, l),
            window: None,
            accesses: Vec::new(),
            sums: Vec::new(),
        };
        kernel.find_accesses();
        kernel.walk = kernel.best_walk();
        kernel.name_accesses();
        kernel
    }

    /// The statement; afterwards the loop's scalars are variables.
    pub(super) fn tokens(&self, doc: &[String]) -> TokenStream {
        let code = match self.walk {
            Walk::Nest => self.nested(),
            _ => self.repeat().unwrap_or_else(|| self.walked()),
        };
        let before = self.filled();
        quote!(#before #(#[doc = #doc])* #code)
    }

    /// What binds the scalars that a loop yields: a number where there is `one`, else an array.
    fn bound(&self, names: &[Ident], one: bool) -> TokenStream {
        let (t, n) = (self.cx.float.tokens(), Literal::usize_unsuffixed(names.len()));
        match names {
            [] => quote!(),
            [name] if one => quote!(let #name: #t =),
            all => quote!(let [#(#all),*]: [#t; #n] =),
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
