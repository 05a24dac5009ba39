//! The forms of a product, for vectors of any size.
//!
//! Two inner kernels, each holding a tile of the output in registers for the whole sum over k:
//! - `rows`: the output's rows as vectors; per step one row of `b` is loaded and numbers of `a` are spread
//!   over vectors. Wants the columns of `b` adjacent; otherwise, or where `b` is used often, `b` is packed
//!   into panels first (K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication",
//!   TOMS 34, 2008).
//! - `dots`: the sum over k as vectors, added up at the end. Wants k adjacent in both `a` and `b`; then
//!   nothing is packed.
//!
//! Nothing is allocated once the thread's packing buffer has grown to the largest product.
#![allow(unsafe_code, reason = "vector instructions and pointers into strided matrices")]

use super::dispatch::WHOLE;
use super::gram::gram;
use super::level::Level;
use super::long::SLICE;
use super::pack::{pack_columns, pack_rows};
use super::tile::{RUN, columns_tile, dot_tile, dots_tile, packed_tile, rows_tile};
use super::vector::Vector;
use crate::kernel::gemm::Gemm;
use crate::kernel::memory::Packing;

/// [`rows_tile`], as a function of its own where nothing is optimised.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
pub(super) unsafe fn rows<V: Level, const R: usize, const N: usize>(p: &Gemm<V::T>, cols: usize) {
    // SAFETY: the caller's.
    unsafe { if cfg!(debug_assertions) { V::rows::<R, N>(p, cols) } else { rows_tile::<V, R, N>(p, cols) } }
}

/// [`packed_tile`], likewise.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn packed_rows<V: Level, const R: usize, const N: usize>(p: &Gemm<V::T>, cols: usize) {
    // SAFETY: the caller's.
    unsafe { if cfg!(debug_assertions) { V::rows::<R, N>(p, cols) } else { packed_tile::<V, R, N>(p, cols) } }
}

/// [`dots_tile`], likewise.
///
/// # Safety
/// As for [`dots_tile`].
#[inline(always)]
unsafe fn dots_of<V: Level, const R: usize, const C: usize>(p: &Gemm<V::T>, rows: usize, cols: usize) {
    // SAFETY: the caller's.
    unsafe {
        if cfg!(debug_assertions) {
            V::dots::<R, C>(p, rows, cols)
        } else {
            dots_tile::<V, R, C>(p, rows, cols)
        }
    }
}

/// A panel of `p.n` ≤ N·LANES columns, by tiles of as many rows as registers have room for, and then of fewer.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_panel<V: Level, const N: usize>(p: &Gemm<V::T>) {
    let mut row = 0;
    macro_rules! tile {
        ($r:literal) => {{
            // SAFETY: the caller's.
            unsafe { rows::<V, $r, N>(&p.submatrix(row, $r, 0, p.n), p.n) };
            row += $r;
        }};
    }
    if const { N > 1 && V::REGISTERS == 16 } {
        // Tiles of about equal height: those of few rows would wait for each of their sums in turn.
        let tiles = p.m.div_ceil(const { rows_of::<V>(N) });
        for tile in 0..tiles {
            match (p.m - row).div_ceil(tiles - tile) {
                6 if const { rows_of::<V>(N) >= 6 } => tile!(6),
                5 if const { rows_of::<V>(N) >= 5 } => tile!(5),
                4 => tile!(4),
                3 => tile!(3),
                2 => tile!(2),
                _ => tile!(1),
            }
        }
    } else {
        macro_rules! tiles {
            ($($r:literal)*) => {$(
                if const { $r <= rows_of::<V>(N) } {
                    while p.m - row >= $r {
                        tile!($r);
                    }
                }
            )*};
        }
        tiles!(12 10 8 6 5 4 3 2 1);
    }
}

/// Rows of a tile that is N vectors wide: what registers hold beside a line of `b` and a number of `a`, and one
/// that the compiler wants for itself.
const fn rows_of<V: Vector>(n: usize) -> usize {
    match (V::REGISTERS, n) {
        (32, 1 | 2) => 12,
        (32, _) => 8,
        (_, 1) => 8,
        (_, 2) => 6,
        _ => 3,
    }
}

/// Vectors in the width of most tiles.
const WIDTH: usize = 2;

/// Rows of most tiles.
const fn height_of<V: Vector>() -> usize {
    rows_of::<V>(WIDTH)
}

/// Rows and columns of a tile, of which a thread has a multiple.
const fn unit_of<V: Vector>() -> (usize, usize) {
    (height_of::<V>(), WIDTH * V::LANES)
}

/// All of a product in the form `rows`, with `a` and `b` where they are: [`Level::rows_in_place`], inside it.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
pub(super) unsafe fn rows_in_place_here<V: Level>(p: &Gemm<V::T>) {
    let mut col = 0;
    // SAFETY: the caller's.
    unsafe {
        if p.m == 1 && p.n > 2 * V::LANES {
            return wide_row::<V>(p);
        }
        while col < p.n {
            let left = (p.n - col).div_ceil(V::LANES);
            // Without cheap masks three rather than two and one, and of few rows wherever it is possible: there
            // should be eight sums at once.
            let three = !V::MASKS && (left == 3 || p.m <= 3 && left > 4);
            let vectors = if three { 3 } else { left.min(WIDTH) };
            let cols = (p.n - col).min(vectors * V::LANES);
            let panel = p.submatrix(0, p.m, col, cols);
            match vectors {
                1 => rows_panel::<V, 1>(&panel),
                3 if const { !V::MASKS } => rows_panel::<V, 3>(&panel),
                _ => rows_panel::<V, 2>(&panel),
            }
            col += cols;
        }
    }
}

/// Vectors of one row that are summed at once.
const fn widest<V: Vector>() -> usize {
    if V::REGISTERS == 32 { 16 } else { 12 }
}

/// One row of the output, in as few parts as registers allow, of about equal length: a narrow one would wait
/// for each of its sums in turn.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn wide_row<V: Level>(p: &Gemm<V::T>) {
    let vectors = p.n.div_ceil(V::LANES);
    let width = vectors.div_ceil(vectors.div_ceil(widest::<V>()));
    for col in (0..p.n).step_by(width * V::LANES) {
        let cols = (p.n - col).min(width * V::LANES);
        let sub = p.submatrix(0, 1, col, cols);
        macro_rules! of_width {
            ($($n:literal)*) => {
                match cols.div_ceil(V::LANES) {
                    // SAFETY: the caller's.
                    $($n if const { $n <= widest::<V>() } => unsafe { rows::<V, 1, $n>(&sub, cols) },)*
                    _ => {}
                }
            };
        }
        of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
    }
}

/// All of a product in the form `rows`, with `b` copied row by row.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_transposed<V: Level>(p: &Gemm<V::T>) {
    let mut packing = Packing::<V::T>::take(p.n * p.k);
    let block = packing.numbers(p.n * p.k);
    // SAFETY: the caller's; the block has room for all of `b`.
    unsafe {
        pack_columns::<V>(block, p, p.n);
        let transposed = Gemm { b: block.as_ptr(), b_strides: (p.n as isize, 1), ..*p };
        V::rows_in_place(&transposed);
    }
    packing.put();
}

/// A row times a matrix, in the form `rows`: `step` rows of `b` at a time, so that each is read from end to
/// end.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn row_in_place<V: Level>(p: &Gemm<V::T>, step: usize) {
    for from in (0..p.k).step_by(step) {
        // SAFETY: the caller's.
        unsafe { V::rows_in_place(&p.slice(from, (p.k - from).min(step))) };
    }
}

/// One matrix times a column, or several: a few rows at a time, so that the matrix is read from end to end.
///
/// # Safety
/// As for [`columns_tile`].
#[inline(always)]
pub(super) unsafe fn columns_in_place<V: Level, const C: usize>(products: &[Gemm<V::T>; C]) {
    let (m, mut row) = (products[0].m, 0);
    // A multiply-add waits for the one before it in its sum: eight sums keep the processor busy. With more
    // rows, numbers of the vectors are read less often, where there are registers for sixteen.
    while (C == 1 || V::REGISTERS == 32) && m - row >= 8 {
        // SAFETY: the caller's.
        unsafe { columns_tile::<V, 8, C>(products, row, 8) };
        row += 8;
    }
    while row < m {
        // SAFETY: the caller's.
        unsafe { columns_tile::<V, 4, C>(products, row, (m - row).min(4)) };
        row += 4;
    }
}

/// All of a product in the form `dots`.
///
/// # Safety
/// As for [`dots_tile`].
#[inline(always)]
unsafe fn dots<V: Level, const R: usize, const C: usize>(p: &Gemm<V::T>) {
    // Columns of `b` stay in the first-level cache while rows of `a` pass, and those in the second-level one.
    let block_k = p.k.div_ceil(p.k.div_ceil(TERMS.min(RUN * V::LANES)));
    let block_m = (BLOCK_A / size_of::<V::T>() / block_k).next_multiple_of(R);
    for from in (0..p.k).step_by(block_k) {
        let slice = p.slice(from, (p.k - from).min(block_k));
        for first in (0..p.m).step_by(block_m) {
            let until = p.m.min(first + block_m);
            for col in (0..p.n).step_by(C) {
                let cols = (p.n - col).min(C);
                for row in (first..until).step_by(R) {
                    let rows = (until - row).min(R);
                    // SAFETY: the caller's.
                    unsafe { dots_of::<V, R, C>(&slice.submatrix(row, rows, col, cols), rows, cols) };
                }
            }
        }
    }
}

/// Rows of the form `dots`: copying `b` pays once more of them meet it, the sooner the longer the product itself
/// takes.
const fn most_dotted<V: Vector>() -> usize {
    if size_of::<V>() == 16 { 8 } else { 128 }
}

/// Terms that are summed at once in the form `dots`.
const TERMS: usize = 1024;

/// Bytes of a packed block of `b`, which the third-level cache holds, and of `a`, a part of the second-level
/// cache.
const BLOCK_B: usize = 2048 * 1024;
const BLOCK_A: usize = 384 * 1024;

/// [`rows_panel`] of one vector or two.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_panel_of<V: Level>(p: &Gemm<V::T>) {
    // SAFETY: the caller's.
    unsafe { if p.n > V::LANES { rows_panel::<V, WIDTH>(p) } else { rows_panel::<V, 1>(p) } }
}

/// All of a product in the form `rows`, block by block, `b` and perhaps `a` packed.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_packed<V: Level>(p: &Gemm<V::T>) {
    let (height, width) = (height_of::<V>(), WIDTH * V::LANES);
    // Equal blocks, so that none is a small rest.
    let even = |n: usize, most: usize| n.div_ceil(n.div_ceil(most));
    // So many terms that the output is seldom read and written again.
    let most_k = if width * size_of::<V::T>() <= 64 {
        256
    } else if size_of::<V::T>() == 8 {
        384
    } else {
        512
    };
    let block_k = even(p.k, most_k);
    let block_n = even(p.n, BLOCK_B / size_of::<V::T>() / most_k).next_multiple_of(width);
    let block_m = even(p.m, BLOCK_A / size_of::<V::T>() / most_k).next_multiple_of(height);
    // A number of `a` meets a vector n/LANES times, and is packed once. Rows that are read from end to end do
    // without for longer.
    let pack_a = if p.a_strides.1 == 1 { p.n * size_of::<V::T>() > 2048 } else { p.n >= 4 * V::LANES };
    let b_len = block_k * block_n;
    let a_len = if pack_a { block_k * block_m } else { 0 };
    // Not borrowed in a closure: that would be compiled for the target's baseline.
    let mut packing = Packing::<V::T>::take(b_len + a_len);
    {
        let (b_block, a_block) = packing.numbers(b_len + a_len).split_at_mut(b_len);
        for from in (0..p.k).step_by(block_k) {
            let k = (p.k - from).min(block_k);
            let slice = p.slice(from, k);
            for col in (0..p.n).step_by(block_n) {
                let cols = (p.n - col).min(block_n);
                // SAFETY: the caller's; the block has room for cols rounded up to panels.
                unsafe { pack_columns::<V>(b_block, &slice.submatrix(0, 0, col, cols), width) };
                for row in (0..p.m).step_by(block_m) {
                    let rows = (p.m - row).min(block_m);
                    let sub = slice.submatrix(row, rows, col, cols);
                    if pack_a {
                        // SAFETY: the caller's; the block has room for rows rounded up to panels.
                        unsafe { pack_rows::<V>(a_block, &sub, height) };
                    }
                    for c in (0..cols).step_by(width) {
                        let n = (cols - c).min(width);
                        let panel = Gemm {
                            b: b_block[c * k..].as_ptr(),
                            b_strides: (width as isize, 1),
                            b_padded: true,
                            out: sub.out.wrapping_add(c),
                            n,
                            ..sub
                        };
                        if !pack_a {
                            // SAFETY: the caller's, and the packed block holds what the strides say.
                            unsafe { rows_panel_of::<V>(&panel) };
                            continue;
                        }
                        for r in (0..rows).step_by(height) {
                            let tile = Gemm {
                                m: (rows - r).min(height),
                                a: a_block[r * k..].as_ptr(),
                                a_strides: (1, height as isize),
                                ..panel.submatrix(r, 0, 0, n)
                            };
                            // SAFETY: as above, of both blocks.
                            unsafe {
                                if tile.m < height || n <= V::LANES {
                                    rows_panel_of::<V>(&tile);
                                } else if const { V::REGISTERS == 32 } {
                                    packed_rows::<V, 12, WIDTH>(&tile, n);
                                } else {
                                    packed_rows::<V, 6, WIDTH>(&tile, n);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    packing.put();
}

/// How a product is computed.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// One number.
    Dot,
    Column,
    /// By so many terms at a time.
    Row(usize),
    DotsOfRow,
    Dots,
    InPlace,
    /// `b` copied with rows and columns exchanged, then in place.
    Transposed,
    Packed,
    /// A triangle of a matrix times itself.
    Gram,
}

impl Form {
    /// What suits the shape and the strides. A part of the product is computed in the form of the whole, so
    /// that its numbers are the same.
    #[inline]
    fn of<V: Vector>(p: &mut Gemm<V::T>) -> Self {
        if p.diagonal != WHOLE {
            return Self::Gram;
        }
        let columns_adjacent = p.b_strides.1 == 1 || p.n == 1;
        let k_adjacent = p.k == 1 || (p.a_strides.1 == 1 && p.b_strides.0 == 1);
        let few_terms =
            if p.n >= V::LANES { p.k <= 16 * p.m.min(16) } else { p.k <= 16 && p.m.min(p.n) >= 4 };
        let few_rows = p.m <= 2 * height_of::<V>();
        // Of many columns, lines of a panel of `b` are far from one another, and drive each other out of the
        // cache before they have met many rows.
        let strided = p.m >= 64
            && p.n * p.k * size_of::<V::T>() > if size_of::<V>() == 64 { 256 * 1024 } else { 48 * 1024 };
        let row = |n: usize, k: usize| Self::Row(if n > widest::<V>() * V::LANES { 32 } else { k });
        if p.n == 1 && p.out_stride == 1 && p.m > 1 && p.a_strides.0 == 1 && !k_adjacent {
            // Aᵀx: the same as a row times A
            *p = Gemm {
                m: 1,
                n: p.m,
                a: p.b,
                a_strides: (0, p.b_strides.0),
                b: p.a,
                b_strides: (p.a_strides.1, 1),
                ..*p
            };
            row(p.n, p.k)
        } else if k_adjacent && p.n == 1 && p.k > 1 {
            if p.m == 1 { Self::Dot } else { Self::Column }
        } else if columns_adjacent && p.m == 1 {
            row(p.n, p.k)
        } else if k_adjacent && !columns_adjacent && few_terms && p.n * p.k <= BLOCK_B / size_of::<V::T>() {
            // Adding up a vector's lanes for each number costs more than copying `b`.
            Self::Transposed
        } else if k_adjacent && p.m == 1 {
            Self::DotsOfRow
        } else if k_adjacent && !columns_adjacent && p.m <= most_dotted::<V>() {
            Self::Dots
        } else if columns_adjacent && (few_rows || p.k <= 128 && !strided || p.n <= V::LANES) {
            Self::InPlace
        } else {
            Self::Packed
        }
    }

    /// The most terms that are summed up at once.
    #[inline(always)]
    const fn terms<V: Vector>(self) -> usize {
        match self {
            Self::Dot => usize::MAX,
            Self::Column => RUN * V::LANES,
            Self::DotsOfRow | Self::Dots => 8 * TERMS,
            Self::Row(_) | Self::InPlace | Self::Transposed | Self::Packed | Self::Gram => SLICE,
        }
    }

    /// Computes the product.
    ///
    /// # Safety
    /// As for [`rows_tile`]; the form is that of the product or of one of which it is a sub.
    #[inline(always)]
    pub(super) unsafe fn compute<V: Level>(self, p: &Gemm<V::T>) {
        // SAFETY: the caller's, and the adjacency that each form wants was checked when it was chosen.
        unsafe {
            match self {
                Self::Dot => dot_tile::<V>(p),
                Self::Column => columns_in_place::<V, 1>(core::array::from_ref(p)),
                Self::Row(step) => row_in_place::<V>(p, step),
                Self::DotsOfRow => dots::<V, 1, 8>(p),
                // As few rows left over as can be, if registers allow.
                Self::Dots if const { V::REGISTERS == 32 } => {
                    if p.m.next_multiple_of(5) <= p.m.next_multiple_of(4) {
                        dots::<V, 5, 4>(p)
                    } else {
                        dots::<V, 4, 4>(p)
                    }
                }
                Self::Dots => dots::<V, 4, 3>(p),
                Self::InPlace => V::rows_in_place(p),
                Self::Transposed => rows_transposed::<V>(p),
                Self::Packed => rows_packed::<V>(p),
                // Squarer than other tiles, for what is computed below the diagonal grows with their width.
                Self::Gram if V::REGISTERS == 32 => gram::<V, 8, 3>(p),
                Self::Gram => gram::<V, 6, 2>(p),
            }
        }
    }
}

/// Computes the product.
///
/// # Safety
/// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap; the processor
/// has V's instructions.
pub(super) unsafe fn product<V: Level>(p: &Gemm<V::T>) {
    let mut p = Gemm { ..*p };
    let form = Form::of::<V>(&mut p);
    // SAFETY: the caller's.
    p.divided(unit_of::<V>(), |sub| unsafe {
        sub.by_slices(form.terms::<V>(), |slice| V::compute(form, slice));
    });
}

/// Computes two products of one matrix with a column each, if the layout suits them; else returns false.
///
/// # Safety
/// As for [`product`]; both have `a` in common, with its shape and strides.
pub(super) unsafe fn pair<V: Level>(products: &[Gemm<V::T>; 2]) -> bool {
    let suits = |p: &Gemm<V::T>| p.n == 1 && p.a_strides.1 == 1 && p.b_strides.0 == 1;
    // With more terms, one product after the other is in slices.
    let suited = products.iter().all(suits) && products[0].k <= RUN * V::LANES;
    if suited {
        // SAFETY: the caller's.
        unsafe { V::pair(products) }
    }
    suited
}
