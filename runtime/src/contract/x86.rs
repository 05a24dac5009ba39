//! Products of matrices on x86-64 with AVX2 and FMA, or AVX-512.
//!
//! Two inner kernels, each holding a tile of the output in registers for the whole sum over k:
//! - `rows`: the output's rows as vectors; per step one row of `b` is loaded and numbers of `a` are spread over vectors.
//!   Wants the columns of `b` adjacent; otherwise, or where `b` is used often, `b` is packed into panels first
//!   (K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", TOMS 34, 2008).
//! - `dots`: the sum over k as vectors, added up at the end. Wants k adjacent in both `a` and `b`; then nothing is packed.
//!
//! Nothing is allocated once the thread's packing buffer has grown to the largest product.
#![allow(unsafe_code, reason = "vector instructions and pointers into strided matrices")]

use core::arch::x86_64::*;

use super::Accum;
use super::product::{Contract as _, Product};
use crate::scalar::Scalar;
use crate::simd::x86::{AVX2, AVX512, level};

/// A vector register.
///
/// # Safety
/// All functions need the processor to have the instructions; the pointers, room for the lanes said.
trait Vector: Copy {
    type T: Scalar;
    /// Which lanes of a vector take part.
    type Mask: Copy;
    const LANES: usize;
    unsafe fn mask(lanes: usize) -> Self::Mask;
    unsafe fn splat(x: Self::T) -> Self;
    unsafe fn load(p: *const Self::T) -> Self;
    /// The lanes outside the mask are 0 and not read.
    unsafe fn load_masked(p: *const Self::T, mask: Self::Mask) -> Self;
    unsafe fn store(self, p: *mut Self::T);
    unsafe fn store_masked(self, p: *mut Self::T, mask: Self::Mask);
    /// a·b + c
    unsafe fn mul_add(a: Self, b: Self, c: Self) -> Self;
    unsafe fn mul(a: Self, b: Self) -> Self;
    /// The sum of the lanes.
    unsafe fn total(self) -> Self::T;
}

macro_rules! vector {
    ($v:ident, $t:ident, $lanes:literal, $mask:ident, $mask_fn:expr,
     $splat:ident, $load:ident, $load_masked:expr, $store:ident, $store_masked:expr, $fma:ident, $mul:ident, $total:expr) => {
        impl Vector for $v {
            type T = $t;
            type Mask = $mask;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn mask(lanes: usize) -> $mask {
                $mask_fn(lanes)
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(p: *const $t) -> Self {
                // SAFETY: the caller's.
                unsafe { $load(p) }
            }
            #[inline(always)]
            unsafe fn load_masked(p: *const $t, mask: $mask) -> Self {
                // SAFETY: the caller's.
                unsafe { $load_masked(mask, p) }
            }
            #[inline(always)]
            unsafe fn store(self, p: *mut $t) {
                // SAFETY: the caller's.
                unsafe { $store(p, self) }
            }
            #[inline(always)]
            unsafe fn store_masked(self, p: *mut $t, mask: $mask) {
                // SAFETY: the caller's.
                unsafe { $store_masked(p, mask, self) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: Self, b: Self, c: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn mul(a: Self, b: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            unsafe fn total(self) -> $t {
                // SAFETY: the caller's.
                unsafe { $total(self) }
            }
        }
    };
}

vector!(
    __m512,
    f32,
    16,
    __mmask16,
    |n: usize| ((1u32 << n) - 1) as __mmask16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_maskz_loadu_ps,
    _mm512_storeu_ps,
    _mm512_mask_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_mul_ps,
    _mm512_reduce_add_ps
);
vector!(
    __m512d,
    f64,
    8,
    __mmask8,
    |n: usize| ((1u32 << n) - 1) as __mmask8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_maskz_loadu_pd,
    _mm512_storeu_pd,
    _mm512_mask_storeu_pd,
    _mm512_fmadd_pd,
    _mm512_mul_pd,
    _mm512_reduce_add_pd
);
vector!(
    __m256,
    f32,
    8,
    __m256i,
    |n: usize| {
        // SAFETY: 8 lanes from 8 − n ≤ 8 on are inside the 16.
        unsafe { _mm256_loadu_si256(LANES_32.as_ptr().add(8 - n).cast()) }
    },
    _mm256_set1_ps,
    _mm256_loadu_ps,
    |m, p| _mm256_maskload_ps(p, m),
    _mm256_storeu_ps,
    _mm256_maskstore_ps,
    _mm256_fmadd_ps,
    _mm256_mul_ps,
    |v| {
        let s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let s = _mm_add_ps(s, _mm_movehl_ps(s, s));
        _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)))
    }
);
vector!(
    __m256d,
    f64,
    4,
    __m256i,
    |n: usize| {
        // SAFETY: 4 lanes from 4 − n ≤ 4 on are inside the 8.
        unsafe { _mm256_loadu_si256(LANES_64.as_ptr().add(4 - n).cast()) }
    },
    _mm256_set1_pd,
    _mm256_loadu_pd,
    |m, p| _mm256_maskload_pd(p, m),
    _mm256_storeu_pd,
    _mm256_maskstore_pd,
    _mm256_fmadd_pd,
    _mm256_mul_pd,
    |v| {
        let s = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(s, _mm_unpackhi_pd(s, s)))
    }
);

/// AVX2 takes a mask as a vector whose lanes are negative where they take part: a window into these.
static LANES_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static LANES_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// The body with $i = 0, 1, … below $n ≤ 12, written out: a loop left to the optimiser stays a loop where the body is
/// large, and then the tile is in memory instead of registers.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $i:ident, $n:expr, $body:block, $($at:literal)*) => {$(
        if $at < $n {
            let $i: usize = $at;
            $body
        }
    )*};
}

/// A tile of R rows and `cols` ≤ N·LANES columns of the output, in the form `rows`.
///
/// # Safety
/// `p` describes memory that is there, for at least R rows and `cols` columns; the processor has V's instructions.
#[inline(always)]
unsafe fn rows_tile<V: Vector, const R: usize, const N: usize>(p: &Product<V::T>, cols: usize) {
    // SAFETY: the caller's; every access is inside R×k, k×cols and R×cols.
    unsafe {
        let mask = V::mask(cols - (N - 1) * V::LANES);
        let (row, col) = p.a_strides;
        let (mut a, mut b) = (p.a, p.b);
        let zero = V::splat(V::T::ZERO);
        let mut tile = [[zero; N]; R];
        for _ in 0..p.k {
            let mut line = [zero; N];
            unroll!(v < N, {
                let at = b.add(v * V::LANES);
                line[v] = if v + 1 < N { V::load(at) } else { V::load_masked(at, mask) };
            });
            unroll!(r < R, {
                let factor = V::splat(*a.offset(r as isize * row));
                unroll!(v < N, {
                    tile[r][v] = V::mul_add(factor, line[v], tile[r][v]);
                });
            });
            a = a.wrapping_offset(col);
            b = b.wrapping_offset(p.b_strides.0);
        }
        let alpha = V::splat(p.alpha);
        unroll!(r < R, {
            let out = p.out.offset(r as isize * p.out_stride);
            unroll!(v < N, {
                let (at, t) = (out.add(v * V::LANES), tile[r][v]);
                if v + 1 < N {
                    let t = match p.accum {
                        Accum::Replace => V::mul(alpha, t),
                        Accum::Add => V::mul_add(alpha, t, V::load(at)),
                    };
                    t.store(at);
                } else {
                    let t = match p.accum {
                        Accum::Replace => V::mul(alpha, t),
                        Accum::Add => V::mul_add(alpha, t, V::load_masked(at, mask)),
                    };
                    t.store_masked(at, mask);
                }
            });
        });
    }
}

/// A tile of up to R×C numbers of the output, in the form `dots`. Rows and columns beyond the edge repeat the last one.
///
/// # Safety
/// As for [`rows_tile`]; k is adjacent in `a` and `b`.
#[inline(always)]
unsafe fn dots_tile<V: Vector, const R: usize, const C: usize>(p: &Product<V::T>, rows: usize, cols: usize) {
    // SAFETY: the caller's; every access is inside rows×k, k×cols and rows×cols.
    unsafe {
        let (mut a, mut b) = ([p.a; R], [p.b; C]);
        unroll!(r < R, {
            a[r] = p.a.offset(r.min(rows - 1) as isize * p.a_strides.0);
        });
        unroll!(c < C, {
            b[c] = p.b.offset(c.min(cols - 1) as isize * p.b_strides.1);
        });
        let zero = V::splat(V::T::ZERO);
        let mut tile = [[zero; C]; R];
        macro_rules! step {
            ($p:ident => $load:expr) => {
                let mut line = [zero; C];
                unroll!(c < C, {
                    let $p = b[c];
                    line[c] = $load;
                });
                unroll!(r < R, {
                    let $p = a[r];
                    let factor = $load;
                    unroll!(c < C, {
                        tile[r][c] = V::mul_add(factor, line[c], tile[r][c]);
                    });
                });
            };
        }
        let whole = p.k / V::LANES * V::LANES;
        for at in (0..whole).step_by(V::LANES) {
            step!(p => V::load(p.add(at)));
        }
        if whole < p.k {
            let mask = V::mask(p.k - whole);
            step!(p => V::load_masked(p.add(whole), mask));
        }
        unroll!(r < R, {
            unroll!(c < C, {
                let x = p.alpha * tile[r][c].total();
                if r < rows && c < cols {
                    let out = p.out.offset(r as isize * p.out_stride).add(c);
                    *out = match p.accum {
                        Accum::Replace => x,
                        Accum::Add => *out + x,
                    };
                }
            });
        });
    }
}

impl<T: Scalar> Product<T> {
    /// The part of `rows` rows from `row` and `cols` columns from `col`, with the numbers of `a` and `b` where they are.
    #[inline(always)]
    fn part(&self, row: usize, rows: usize, col: usize, cols: usize) -> Self {
        Product {
            m: rows,
            n: cols,
            out: self.out.wrapping_offset(row as isize * self.out_stride).wrapping_add(col),
            a: self.a.wrapping_offset(row as isize * self.a_strides.0),
            b: self.b.wrapping_offset(col as isize * self.b_strides.1),
            ..*self
        }
    }

    /// The same sum over `k` terms from `from` only.
    #[inline(always)]
    fn slice(&self, from: usize, k: usize) -> Self {
        Product {
            k,
            accum: if from == 0 { self.accum } else { Accum::Add },
            a: self.a.wrapping_offset(from as isize * self.a_strides.1),
            b: self.b.wrapping_offset(from as isize * self.b_strides.0),
            ..*self
        }
    }
}

/// A panel of `p.n` ≤ N·LANES columns, by tiles of R rows and then of fewer.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_panel<V: Vector, const R: usize, const N: usize>(p: &Product<V::T>) {
    let mut row = 0;
    macro_rules! tiles {
        ($($r:literal)*) => {$(
            if $r <= R {
                while p.m - row >= $r {
                    // SAFETY: the caller's.
                    unsafe { rows_tile::<V, $r, N>(&p.part(row, $r, 0, p.n), p.n) };
                    row += $r;
                }
            }
        )*};
    }
    tiles!(12 8 6 4 3 2 1);
}

/// All of a product in the form `rows`, with `a` and `b` where they are.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_in_place<V: Vector, const R: usize>(p: &Product<V::T>) {
    let mut col = 0;
    // SAFETY: the caller's.
    unsafe {
        if p.m == 1 {
            while p.n - col >= 6 * V::LANES {
                rows_tile::<V, 1, 6>(&p.part(0, 1, col, 6 * V::LANES), 6 * V::LANES);
                col += 6 * V::LANES;
            }
        }
        while p.n - col > V::LANES {
            let cols = (p.n - col).min(2 * V::LANES);
            rows_panel::<V, R, 2>(&p.part(0, p.m, col, cols));
            col += cols;
        }
        if col < p.n {
            rows_panel::<V, R, 1>(&p.part(0, p.m, col, p.n - col));
        }
    }
}

/// All of a product in the form `dots`.
///
/// # Safety
/// As for [`dots_tile`].
#[inline(always)]
unsafe fn dots<V: Vector, const R: usize, const C: usize>(p: &Product<V::T>) {
    let mut from = 0;
    while from < p.k {
        let k = (p.k - from).min(4096);
        let slice = p.slice(from, k);
        for col in (0..p.n).step_by(C) {
            let cols = (p.n - col).min(C);
            for row in (0..p.m).step_by(R) {
                let rows = (p.m - row).min(R);
                // SAFETY: the caller's.
                unsafe { dots_tile::<V, R, C>(&slice.part(row, rows, col, cols), rows, cols) };
            }
        }
        from += k;
    }
}

/// Terms of the sum that a packed block holds: a panel of `b` then fits the first-level cache.
const BLOCK_K: usize = 256;
/// Bytes of a packed block of `b`, and of `a`: parts of the second-level cache.
const BLOCK_B: usize = 512 * 1024;
const BLOCK_A: usize = 192 * 1024;

/// All of a product in the form `rows`, block by block, `b` and perhaps `a` packed.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn rows_packed<V: Vector, const R: usize>(p: &Product<V::T>) {
    let width = 2 * V::LANES;
    // Equal blocks, so that none is a small rest.
    let even = |n: usize, most: usize| n.div_ceil(n.div_ceil(most));
    let block_k = even(p.k, BLOCK_K);
    let block_n = even(p.n, BLOCK_B / size_of::<V::T>() / BLOCK_K).next_multiple_of(width);
    let block_m = even(p.m, BLOCK_A / size_of::<V::T>() / BLOCK_K).next_multiple_of(R);
    // A number of `a` meets a vector n/LANES times, and is packed once.
    let pack_a = p.n >= 16 * V::LANES || (p.a_strides.1 != 1 && p.n >= 4 * V::LANES);
    let b_len = block_k * block_n;
    let a_len = if pack_a { block_k * block_m } else { 0 };
    // Not borrowed in a closure: that would be compiled for the target's baseline.
    let mut scratch = V::T::take_scratch(b_len + a_len);
    {
        let (b_block, a_block) = scratch.numbers(b_len + a_len).split_at_mut(b_len);
        for from in (0..p.k).step_by(block_k) {
            let k = (p.k - from).min(block_k);
            let slice = p.slice(from, k);
            for col in (0..p.n).step_by(block_n) {
                let cols = (p.n - col).min(block_n);
                // SAFETY: the caller's; the block has room for cols rounded up to panels.
                unsafe { pack_columns::<V>(b_block, &slice.part(0, 0, col, cols), width) };
                for row in (0..p.m).step_by(block_m) {
                    let rows = (p.m - row).min(block_m);
                    let part = slice.part(row, rows, col, cols);
                    if pack_a {
                        // SAFETY: the caller's; the block has room for rows rounded up to panels.
                        unsafe { pack_rows::<V::T, R>(a_block, &part) };
                    }
                    for c in (0..cols).step_by(width) {
                        let n = (cols - c).min(width);
                        let panel = Product {
                            b: b_block[c * k..].as_ptr(),
                            b_strides: (width as isize, 1),
                            out: part.out.wrapping_add(c),
                            n,
                            ..part
                        };
                        for r in (0..rows).step_by(if pack_a { R } else { rows }) {
                            let panel = if pack_a {
                                Product {
                                    a: a_block[r * k..].as_ptr(),
                                    a_strides: (1, R as isize),
                                    out: panel.out.wrapping_offset(r as isize * p.out_stride),
                                    m: (rows - r).min(R),
                                    ..panel
                                }
                            } else {
                                panel.part(0, rows, 0, n)
                            };
                            // SAFETY: the caller's, and the packed blocks hold what the strides say.
                            unsafe {
                                if n > V::LANES {
                                    rows_panel::<V, R, 2>(&panel);
                                } else {
                                    rows_panel::<V, R, 1>(&panel);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    V::T::put_scratch(scratch);
}

/// Panels of `width` columns of `b`, each listed row by row.
///
/// # Safety
/// `p` describes memory that is there.
#[inline(always)]
unsafe fn pack_columns<V: Vector>(block: &mut [V::T], p: &Product<V::T>, width: usize) {
    let (row, col) = p.b_strides;
    for (c, panel) in (0..p.n).step_by(width).zip(block.chunks_exact_mut(width * p.k)) {
        let cols = (p.n - c).min(width);
        // SAFETY: the caller's: inside k×cols.
        let b = unsafe { p.b.offset(c as isize * col) };
        if col == 1 {
            for (k, line) in panel.chunks_exact_mut(width).enumerate() {
                for (j, x) in line[..cols].iter_mut().enumerate() {
                    // SAFETY: as above.
                    *x = unsafe { *b.offset(k as isize * row).add(j) };
                }
            }
        } else {
            // Squares of 8 by 8, so that both sides use whole lines of the cache.
            for k0 in (0..p.k).step_by(8) {
                for j in 0..cols {
                    for k in k0..(k0 + 8).min(p.k) {
                        // SAFETY: as above.
                        panel[k * width + j] = unsafe { *b.offset(k as isize * row + j as isize * col) };
                    }
                }
            }
        }
    }
}

/// Panels of R rows of `a`, each listed column by column.
///
/// # Safety
/// `p` describes memory that is there.
#[inline(always)]
unsafe fn pack_rows<T: Scalar, const R: usize>(block: &mut [T], p: &Product<T>) {
    let (row, col) = p.a_strides;
    for (r, panel) in (0..p.m).step_by(R).zip(block.chunks_exact_mut(R * p.k)) {
        let rows = (p.m - r).min(R);
        // SAFETY: the caller's: inside rows×k.
        let a = unsafe { p.a.offset(r as isize * row) };
        for (k, line) in panel.chunks_exact_mut(R).enumerate() {
            for (i, x) in line[..rows].iter_mut().enumerate() {
                // SAFETY: as above.
                *x = unsafe { *a.offset(k as isize * col + i as isize * row) };
            }
        }
    }
}

/// The form that suits the shape and the strides.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
unsafe fn product<V: Vector, const R: usize>(p: &Product<V::T>) {
    let columns_adjacent = p.b_strides.1 == 1 || p.n == 1;
    let k_adjacent = (p.a_strides.1 == 1 || p.k == 1) && (p.b_strides.0 == 1 || p.k == 1);
    // SAFETY: the caller's, and the adjacency that each form wants is checked here.
    unsafe {
        if p.n == 1 && p.out_stride == 1 && p.m > 1 && p.a_strides.0 == 1 && !k_adjacent {
            // Aᵀx: the same as a row times A
            rows_in_place::<V, R>(&Product {
                m: 1,
                n: p.m,
                a: p.b,
                a_strides: (0, p.b_strides.0),
                b: p.a,
                b_strides: (p.a_strides.1, 1),
                ..*p
            });
        } else if k_adjacent && p.n == 1 && p.k > 1 {
            dots::<V, 8, 1>(p);
        } else if k_adjacent && p.m == 1 && !columns_adjacent {
            dots::<V, 1, 8>(p);
        } else if k_adjacent && !columns_adjacent && p.m <= 32 {
            dots::<V, 4, 4>(p);
        } else if columns_adjacent && (p.m <= 2 * R || p.k <= 4 || p.n <= V::LANES) {
            rows_in_place::<V, R>(p);
        } else {
            rows_packed::<V, R>(p);
        }
    }
}

/// # Safety
/// The processor has the features named, and V's instructions are among them; `p` describes memory that is there.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi1,bmi2")]
unsafe fn avx512<V: Vector>(p: &Product<V::T>) {
    // SAFETY: the caller's.
    unsafe { product::<V, 12>(p) }
}

/// # Safety
/// As for [`avx512`].
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
unsafe fn avx2<V: Vector>(p: &Product<V::T>) {
    // SAFETY: the caller's.
    unsafe { product::<V, 6>(p) }
}

/// Computes the product if this processor has the instructions; else returns false.
///
/// # Safety
/// `p` describes memory that is there: `out` for writing, `a` and `b` for reading, without overlap.
pub(super) unsafe fn single(p: &Product<f32>) -> bool {
    match level() {
        // SAFETY: the processor has the features; the caller's.
        AVX512 => unsafe { avx512::<__m512>(p) },
        // SAFETY: the processor has the features; the caller's.
        AVX2 => unsafe { avx2::<__m256>(p) },
        _ => return false,
    }
    true
}

/// As [`single`], in double precision.
///
/// # Safety
/// As for [`single`].
pub(super) unsafe fn double(p: &Product<f64>) -> bool {
    match level() {
        // SAFETY: the processor has the features; the caller's.
        AVX512 => unsafe { avx512::<__m512d>(p) },
        // SAFETY: the processor has the features; the caller's.
        AVX2 => unsafe { avx2::<__m256d>(p) },
        _ => return false,
    }
    true
}
