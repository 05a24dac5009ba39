//! The inner kernels of a product: a tile of the output held in registers for the whole sum.
#![allow(unsafe_code, reason = "vector instructions and pointers into strided matrices")]

use core::hint::black_box;
use core::mem::MaybeUninit;

use super::vector::Vector;
use crate::kernel::gemm::{Accum, Gemm};
use crate::kernel::memory::LINE;
use crate::kernel::scalar::Scalar;
use crate::kernel::sums::{RUN as DOT_RUN, Total};

/// Additions that follow one another in a register, at most, before it is put away, into memory that belongs to
/// the tile. With 64, products of some 1000 terms take two hundredths more time.
pub(super) const RUN: usize = 128;

/// Where a tile is put away. It is memory, and not registers that the compiler would find no room for: its
/// own places for them are not aligned.
struct Held<T>(MaybeUninit<T>);

impl<T> Held<T> {
    #[inline(always)]
    const fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    #[inline(always)]
    fn place(&mut self) -> *mut T {
        black_box(self.0.as_mut_ptr())
    }
}

/// The body with $i = 0, 1, … below $n ≤ 16, written out: a loop left to the optimiser stays a loop where the
/// body is large, and then the tile is in memory instead of registers. The condition is a constant of the
/// language, so that an unoptimised build, too, leaves out what is not below.
macro_rules! unroll {
    ($i:ident < $n:expr, $body:block) => {
        unroll!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $i:ident, $n:expr, $body:block, $($at:literal)*) => {$(
        #[allow(unconditional_panic, reason = "what is not below is never reached")]
        if const { $at < $n } {
            let $i: usize = $at;
            $body
        }
    )*};
}

/// The same for pairs of numbers, $r below $rows and $c below $cols, $rows·$cols ≤ 36 in all: as one list, for each that is not
/// below leaves a block of nothing behind.
macro_rules! unroll_pairs {
    ($r:ident < $rows:expr, $c:ident < $cols:expr, $body:block) => {
        const { assert!($rows * $cols <= 36) };
        unroll_pairs!(@ $r, $c, $rows, $cols, $body,
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35)
    };
    (@ $r:ident, $c:ident, $rows:expr, $cols:expr, $body:block, $($at:literal)*) => {$(
        #[allow(unconditional_panic, reason = "what is not below is never reached")]
        if const { $at < $rows * $cols } {
            let ($r, $c) = const { ($at / $cols, $at % $cols) };
            $body
        }
    )*};
}

/// A tile of R rows and `cols` columns of the output, in the form `rows`: N vectors, of which the last may be
/// part of one.
///
/// # Safety
/// `p` describes memory that is there, for at least R rows and `cols` columns, more than N − 1 vectors and at
/// most N; the processor has V's instructions.
#[inline(always)]
pub(super) unsafe fn rows_tile<V: Vector, const R: usize, const N: usize>(p: &Gemm<V::T>, cols: usize) {
    // Code of its own for the few terms of most products: where runs are put away, registers are not as well used.
    // SAFETY: the caller's.
    unsafe {
        if p.k <= RUN {
            tile_of_rows::<V, R, N, false, false>(p, cols, 0);
        } else {
            tile_of_rows::<V, R, N, true, false>(p, cols, 0);
        }
    }
}

/// The same of operands that are packed: with strides that the compiler knows a term is little but its
/// multiplications, and four of them are a turn of the loop, so that how it ends is foreseen.
///
/// # Safety
/// As for [`rows_tile`].
#[inline(always)]
pub(super) unsafe fn packed_tile<V: Vector, const R: usize, const N: usize>(p: &Gemm<V::T>, cols: usize) {
    // SAFETY: the caller's.
    unsafe { tile_of_rows::<V, R, N, true, true>(p, cols, 0) }
}

/// The same for up to [`RUN`] terms, where the tile's rows are followed without a gap by rows that are computed later, `left` numbers
/// in all: a row's last vector may be stored whole, for what it writes beyond the row is replaced later, or is
/// what is there already.
///
/// # Safety
/// As for [`rows_tile`]; unless `left` is 0, a row of the output is `cols` numbers long, with no gap to the
/// next, and there are `left` numbers from the tile's first on.
#[inline(always)]
pub(super) unsafe fn rows_tile_before<V: Vector, const R: usize, const N: usize>(
    p: &Gemm<V::T>,
    cols: usize,
    left: usize,
) {
    // SAFETY: the caller's.
    unsafe { tile_of_rows::<V, R, N, false, false>(p, cols, left) }
}

/// The tile, which is put away after every run of terms if it is `LONG`; four terms a turn if `UNROLLED`.
///
/// # Safety
/// As for [`rows_tile_before`].
#[inline(always)]
unsafe fn tile_of_rows<V: Vector, const R: usize, const N: usize, const LONG: bool, const UNROLLED: bool>(
    p: &Gemm<V::T>,
    cols: usize,
    left: usize,
) {
    // SAFETY: the caller's; every access is inside R×k, k×cols and R×cols.
    unsafe {
        // Without cheap masks the last vector of several ends where the row does: what it has in common with
        // the one before it is the same.
        let overlaps = const { N > 1 && !V::MASKS };
        let full = overlaps || cols == N * V::LANES;
        let last = if overlaps { cols - V::LANES } else { (N - 1) * V::LANES };
        let start = |v: usize| start_of::<V, N>(v, last);
        let mask = V::mask(if overlaps { V::LANES } else { cols - (N - 1) * V::LANES });
        let (row, col) = p.a_strides;
        let (mut a, mut b) = (p.a, p.b);
        let zero = V::splat(V::T::ZERO);
        let mut tile = [[zero; N]; R];
        if p.accum == Accum::Add {
            // It is read at the end, and may come from far.
            unroll_pairs!(r < R, v < N, {
                V::prefetch(p.out.wrapping_offset(r as isize * p.out_stride).wrapping_add(start(v)));
            });
        }
        macro_rules! next {
            ($whole:expr) => {
                term::<V, R, N, $whole>(&mut tile, a, b, (row, last), mask);
                (a, b) = (a.wrapping_offset(col), b.wrapping_offset(p.b_strides.0));
            };
        }
        macro_rules! terms {
            ($count:expr, $whole:expr) => {
                let mut left = $count;
                if UNROLLED {
                    while left >= 4 {
                        next!($whole);
                        next!($whole);
                        next!($whole);
                        next!($whole);
                        left -= 4;
                    }
                }
                for _ in 0..left {
                    next!($whole);
                }
            };
        }
        // Terms whose last vector may be read whole; only asked of a tile that is one vector wide.
        let readable = if full || N > 1 || V::MASKS { p.k } else { p.k.saturating_sub(beyond::<V>(p, cols)) };
        macro_rules! run {
            ($from:expr, $until:expr) => {
                if const { V::MASKS } {
                    terms!($until - $from, false);
                } else if const { N > 1 } {
                    terms!($until - $from, true);
                } else {
                    let first = readable.clamp($from, $until);
                    terms!(first - $from, true);
                    terms!($until - first, false);
                }
            };
        }
        if LONG {
            let mut held = Held::<[[V; N]; R]>::new();
            for from in (0..p.k).step_by(RUN) {
                let until = p.k.min(from + RUN);
                run!(from, until);
                if p.k > RUN {
                    let held = held.place().cast::<V>();
                    if from > 0 {
                        unroll_pairs!(r < R, v < N, {
                            tile[r][v] = V::add(tile[r][v], held.add(r * N + v).read());
                        });
                    }
                    if until < p.k {
                        unroll_pairs!(r < R, v < N, {
                            held.add(r * N + v).write(tile[r][v]);
                            tile[r][v] = zero;
                        });
                    }
                }
            }
        } else {
            run!(0, p.k);
        }
        let (alpha, beta) = (V::splat(p.alpha), V::splat(p.beta));
        // A masked load or store is slow on some processors, and few tiles need one. Without a gap, a row is
        // `cols` numbers from the last.
        let whole = |r: usize, v: usize| v + 1 < N || full || r * cols + N * V::LANES <= left;
        // All are read before one is written: a vector may reach into the next row.
        unroll_pairs!(r < R, v < N, {
            let at = p.out.offset(r as isize * p.out_stride).add(start(v));
            tile[r][v] = match p.accum {
                Accum::Replace => V::mul(alpha, tile[r][v]),
                Accum::Add if whole(r, v) => {
                    let there = V::load(at);
                    let sum = V::mul_add(alpha, tile[r][v], V::mul(beta, there));
                    // Lanes beyond the row hold no sum, for 0·∞ is none. The tile's own rows are stored
                    // after them, later ones keep what is there.
                    let inside = v + 1 < N || full || r * cols + N * V::LANES <= R * cols;
                    if inside { sum } else { V::select(mask, sum, there) }
                }
                Accum::Add => V::mul_add(alpha, tile[r][v], V::mul(beta, V::load_masked(at, mask))),
            };
        });
        unroll_pairs!(r < R, v < N, {
            let at = p.out.offset(r as isize * p.out_stride).add(start(v));
            if whole(r, v) { tile[r][v].store(at) } else { tile[r][v].store_masked(at, mask) }
        });
    }
}

/// Where a row's vector of this number starts, given where the last of N does.
#[inline(always)]
const fn start_of<V: Vector, const N: usize>(v: usize, last: usize) -> usize {
    if v + 1 == N { last } else { v * V::LANES }
}

/// A term of the tile's sums: numbers of a column of `a`, `row` apart, times a row of `b`, whose last vector is at `last`, and read
/// as a whole if `WHOLE`. A function of its own, of which the tile has many: as text in it they would be most of what an unoptimised
/// build compiles.
///
/// # Safety
/// R numbers are at `a`, and N vectors at `b`, the last of them as `mask` says unless `WHOLE`; the processor has V's instructions.
#[inline(always)]
unsafe fn term<V: Vector, const R: usize, const N: usize, const WHOLE: bool>(
    tile: &mut [[V; N]; R],
    a: *const V::T,
    b: *const V::T,
    (row, last): (isize, usize),
    mask: V::Mask,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut line = [V::splat(V::T::ZERO); N];
        unroll!(v < N, {
            let at = b.add(start_of::<V, N>(v, last));
            line[v] = if WHOLE || v + 1 < N { V::load(at) } else { V::load_masked(at, mask) };
        });
        unroll_pairs!(r < R, v < N, {
            let factor = V::splat(*a.offset(r as isize * row));
            tile[r][v] = V::mul_add(factor, line[v], tile[r][v]);
        });
    }
}

/// The last terms of a product of few columns whose row of `b`, read as a whole vector, would reach beyond the
/// numbers of `b`. Where there are gaps between the rows, all of them: the gaps may be anybody's.
#[inline(always)]
fn beyond<V: Vector>(p: &Gemm<V::T>, cols: usize) -> usize {
    match usize::try_from(p.b_strides.0) {
        _ if p.b_padded => 0,
        Ok(stride) if stride > 0 && stride <= cols => (V::LANES - cols).div_ceil(stride),
        _ => p.k,
    }
}

/// Σₖ of R rows times C columns; R·C is a multiple of 4. Meanwhile as many numbers as the rows have are
/// fetched from `next` on.
///
/// # Safety
/// There are `k` adjacent numbers at each pointer; the processor has V's instructions.
#[inline(always)]
unsafe fn sums<V: Vector, const R: usize, const C: usize>(
    a: [*const V::T; R],
    b: [*const V::T; C],
    k: usize,
    next: Option<*const V::T>,
) -> [[V::T; C]; R] {
    // SAFETY: the caller's; no access is beyond k.
    unsafe {
        let zero = V::splat(V::T::ZERO);
        let mut tile = [[zero; C]; R];
        macro_rules! step {
            ($p:ident, $at:expr => $load:expr) => {
                if let Some(next) = next {
                    unroll!(n < R, {
                        if n * LINE < R * V::LANES * size_of::<V::T>() {
                            V::prefetch(next.wrapping_add(R * $at + n * LINE / size_of::<V::T>()));
                        }
                    });
                }
                // The fewer are held in registers while the others pass.
                if const { R < C } {
                    let mut line = [zero; R];
                    unroll!(r < R, {
                        let $p = a[r];
                        line[r] = $load;
                    });
                    unroll_pairs!(c < C, r < R, {
                        let $p = b[c];
                        tile[r][c] = V::mul_add(line[r], $load, tile[r][c]);
                    });
                } else {
                    let mut line = [zero; C];
                    unroll!(c < C, {
                        let $p = b[c];
                        line[c] = $load;
                    });
                    unroll_pairs!(r < R, c < C, {
                        let $p = a[r];
                        tile[r][c] = V::mul_add($load, line[c], tile[r][c]);
                    });
                }
            };
        }
        let whole = k / V::LANES * V::LANES;
        for at in (0..whole).step_by(V::LANES) {
            step!(p, at => V::load(p.add(at)));
        }
        if whole < k {
            if !V::MASKS && k >= V::LANES {
                let (at, before) = (k - V::LANES, V::mask(V::LANES - (k - whole)));
                step!(p, at => V::select(before, zero, V::load(p.add(at))));
            } else {
                let mask = V::mask(k - whole);
                step!(p, whole => V::load_masked(p.add(whole), mask));
            }
        }
        let mut numbers = [[V::T::ZERO; C]; R];
        unroll!(four < R * C / 4, {
            let at = |n: usize| ((4 * four + n) / C, (4 * four + n) % C);
            let vector = |n: usize| tile[at(n).0][at(n).1];
            let totals = V::totals([vector(0), vector(1), vector(2), vector(3)]);
            numbers[at(0).0][at(0).1] = totals[0];
            numbers[at(1).0][at(1).1] = totals[1];
            numbers[at(2).0][at(2).1] = totals[2];
            numbers[at(3).0][at(3).1] = totals[3];
        });
        numbers
    }
}

/// A tile of up to R×C numbers of the output, in the form `dots`. Rows and columns beyond the edge repeat the
/// last one.
///
/// # Safety
/// As for [`rows_tile`]; k is adjacent in `a` and `b`.
#[inline(always)]
pub(super) unsafe fn dots_tile<V: Vector, const R: usize, const C: usize>(
    p: &Gemm<V::T>,
    rows: usize,
    cols: usize,
) {
    // SAFETY: the caller's; every access is inside rows×k, k×cols and rows×cols.
    unsafe {
        let (mut a, mut b) = ([p.a; R], [p.b; C]);
        unroll!(r < R, {
            a[r] = p.a.offset(r.min(rows - 1) as isize * p.a_strides.0);
        });
        unroll!(c < C, {
            b[c] = p.b.offset(c.min(cols - 1) as isize * p.b_strides.1);
        });
        let numbers = sums::<V, R, C>(a, b, p.k, None);
        for (r, numbers) in numbers.iter().enumerate().take(rows) {
            for (c, &sum) in numbers.iter().enumerate().take(cols) {
                write(p, r, c, sum);
            }
        }
    }
}

/// R rows of C products of one matrix with a column each. Rows beyond the edge repeat the last one.
///
/// # Safety
/// As for [`rows_tile`], for each product; they have `a` in common, `n` is 1, and k is adjacent in all
/// operands.
#[inline(always)]
pub(super) unsafe fn columns_tile<V: Vector, const R: usize, const C: usize>(
    products: &[Gemm<V::T>; C],
    row: usize,
    rows: usize,
) {
    // SAFETY: the caller's; every access is inside the rows from `row` on, the columns, and the outputs.
    unsafe {
        let p = &products[0];
        let (mut a, mut b) = ([p.a; R], [p.b; C]);
        unroll!(r < R, {
            a[r] = p.a.offset((row + r.min(rows - 1)) as isize * p.a_strides.0);
        });
        unroll!(c < C, {
            b[c] = products[c].b;
        });
        // The rows are met once, and waiting for them is most of the time. Mostly the next ones follow
        // without a gap.
        let next = p.a.wrapping_offset(((row + R) as isize).wrapping_mul(p.a_strides.0));
        let numbers = sums::<V, R, C>(a, b, p.k, Some(next));
        for (r, numbers) in numbers.iter().enumerate().take(rows) {
            for (p, &sum) in products.iter().zip(numbers) {
                write(p, row + r, 0, sum);
            }
        }
    }
}

/// Writes a number of the output, given its sum.
///
/// # Safety
/// The output has this row and column.
#[inline(always)]
unsafe fn write<T: Scalar>(p: &Gemm<T>, row: usize, col: usize, sum: T) {
    // SAFETY: the caller's.
    unsafe {
        let out = p.out.offset(row as isize * p.out_stride).add(col);
        *out = match p.accum {
            Accum::Replace => p.alpha * sum,
            Accum::Add => p.beta * *out + p.alpha * sum,
        };
    }
}

/// One number of the output: a dot product in four partial sums, which a [`Total`] takes after every run.
///
/// # Safety
/// As for [`rows_tile`]; k is adjacent in `a` and `b`.
#[inline(always)]
pub(super) unsafe fn dot_tile<V: Vector>(p: &Gemm<V::T>) {
    // SAFETY: the caller's; every access is inside k numbers of each.
    unsafe {
        let mut total = Total::ZERO;
        let mut from = 0;
        loop {
            let run = (p.k - from).min(DOT_RUN * 4 * V::LANES);
            let (a, b) = (p.a.add(from), p.b.add(from));
            let mut sums = [V::splat(V::T::ZERO); 4];
            let mut at = 0;
            while run - at >= 4 * V::LANES {
                unroll!(s < 4, {
                    let i = at + s * V::LANES;
                    sums[s] = V::mul_add(V::load(a.add(i)), V::load(b.add(i)), sums[s]);
                });
                at += 4 * V::LANES;
            }
            while at < run {
                let mask = V::mask((run - at).min(V::LANES));
                sums[0] =
                    V::mul_add(V::load_masked(a.add(at), mask), V::load_masked(b.add(at), mask), sums[0]);
                at += V::LANES;
            }
            let sum = V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])).total();
            if run == p.k {
                return write(p, 0, 0, sum);
            }
            total.add(sum);
            from += run;
            if from == p.k {
                return write(p, 0, 0, total.sum());
            }
        }
    }
}
