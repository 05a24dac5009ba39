//! Where the values of a sparse matrix go, as loops over the indices of its pieces.

use super::Context;
use super::indexing::{Arrays, Indexing};
use super::kernel::Kernel;
use crate::ir::{Extent, Graph};
use crate::schedule::Piece;
use proc_macro2::TokenStream;
use quote::quote;

/// A block of a matrix that a piece belongs to.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its first row and column, of type `usize`.
    pub at: [TokenStream; 2],
    /// The extents of its rows' axes, then of its columns'.
    pub axes: [Vec<Extent>; 2],
    /// Whether it is symmetric, and only entries on and below the diagonal count.
    pub lower: bool,
}

/// Statements that call `add`, for each value of the piece, with row and column of its entry, or none.
#[must_use]
pub fn entries(g: &Graph, cx: &Context, piece: &Piece, block: &Block) -> TokenStream {
    let (indexing, rt) = (Indexing { g, arrays: Arrays::Inputs, cx }, &cx.rt);
    let [rows, columns] = &block.axes;
    let (row, column) = piece.at.split_at(rows.len());
    let place = |first: &TokenStream, axes: &[Extent], at| {
        let offset = indexing.offset(axes, at, None);
        if first.to_string() == "0" { offset } else { quote!(#first + #offset) }
    };
    let (row, column) = (place(&block.at[0], rows, row), place(&block.at[1], columns, column));
    let conditions: Vec<TokenStream> = piece.conditions.iter().map(|c| indexing.condition(c)).collect();
    let entry = quote!(#rt::Some([#row, #column]));
    let entry = match (conditions.is_empty(), block.lower) {
        (true, false) => entry,
        (false, false) => quote!(if #(#conditions)&&* { #entry } else { #rt::None }),
        (true, true) => quote!(#entry.filter(|[row, column]| row >= column)),
        (false, true) => {
            quote!(if #(#conditions)&&* { #entry.filter(|[row, column]| row >= column) } else { #rt::None })
        }
    };
    let loops = g.shape(piece.values).iter().enumerate().rev();
    loops.fold(quote!(add(#entry);), |code, (axis, &e)| {
        let (i, n) = (Kernel::index(axis), cx.extent(g, e));
        quote!(for #i in 0..#n { #code })
    })
}
