//! Reductions along one axis of a row-major array, and softmax.
//!
//! An array of shape (d₀, …, dₖ, …) reduced along axis k is seen as (outer, len, inner): outer = the product
//! of the extents before k, len = dₖ, inner = the product of those after. Element (o, i, n) lies at (o·len +
//! i)·inner + n. `out` of a reduction has outer·inner numbers, that of a softmax as many as `x`.
//!
//! Every sum of exponentials is of e^(x − max x): without overflow for all finite input, at least one term
//! being 1. Exponentials are taken of many rows at once, so that short rows are as fast as long ones. Nothing
//! is allocated.

use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;
use crate::kernel::sums::{RUN, Total, add_to_totals, sum_of_terms};

/// Numbers of a block of rows that is worked on at once, and stays in the cache: a multiple of every vector's
/// length.
const BLOCK: usize = 256;

#[track_caller]
#[inline]
fn check(name: &str, out: usize, expected: usize, x: usize, [outer, len, inner]: [usize; 3]) {
    let numbers = outer.checked_mul(len).and_then(|n| n.checked_mul(inner));
    assert!(
        numbers == Some(x) && out == expected && len > 0,
        "{name}: {x} numbers to {out}, as {outer}×{len}×{inner}"
    );
}

/// outᵢ = e^xᵢ / Σⱼ e^xⱼ along the axis.
///
/// # Panics
/// If a slice's length is not the one that the extents say, or `len` is 0.
#[track_caller]
pub fn softmax<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
    check("softmax", out.len(), outer * len * inner, x.len(), [outer, len, inner]);
    if inner == 1 {
        simd!(softmax_rows, (out, x, len));
    } else {
        simd!(softmax_columns, (out, x, len, inner));
    }
}

#[inline(always)]
fn softmax_rows<T: Scalar>(math: Math, (out, x, len): (&mut [T], &[T], usize)) {
    let block = (BLOCK / len).max(1) * len;
    for (out, x) in out.chunks_mut(block).zip(x.chunks(block)) {
        for (out, x) in out.chunks_exact_mut(len).zip(x.chunks_exact(len)) {
            let top = max_of(math, x);
            for (out, &x) in out.iter_mut().zip(x) {
                *out = x - top;
            }
        }
        for out in &mut *out {
            *out = math.exp(*out);
        }
        for out in out.chunks_exact_mut(len) {
            let total = sum_of(math, out);
            for out in out {
                *out /= total;
            }
        }
    }
}

#[inline(always)]
fn softmax_columns<T: Scalar>(math: Math, (out, x, len, inner): (&mut [T], &[T], usize, usize)) {
    let plane = (len * inner).max(1);
    for (out, x) in out.chunks_exact_mut(plane).zip(x.chunks_exact(plane)) {
        for from in (0..inner).step_by(BLOCK) {
            let n = (inner - from).min(BLOCK);
            let top = &max_of_columns(math, x, inner, from, n)[..n];
            let mut totals = Totals::new();
            for (out, x) in out.chunks_mut(RUN * inner).zip(x.chunks(RUN * inner)) {
                for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(inner)) {
                    let columns = out[from..from + n].iter_mut().zip(&x[from..from + n]);
                    for (((out, &x), &top), total) in columns.zip(top).zip(&mut totals.run) {
                        *out = math.exp(x - top);
                        *total += *out;
                    }
                }
                totals.put_away(math, n);
            }
            let total = totals.sums;
            for out in out.chunks_exact_mut(inner) {
                for (out, &total) in out[from..from + n].iter_mut().zip(&total) {
                    *out /= total;
                }
            }
        }
    }
}

/// outᵢ = xᵢ − log Σⱼ e^xⱼ along the axis, computed as (xᵢ − max x) − log Σⱼ e^(xⱼ − max x).
///
/// # Panics
/// If a slice's length is not the one that the extents say, or `len` is 0.
#[track_caller]
pub fn log_softmax<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
    check("log_softmax", out.len(), outer * len * inner, x.len(), [outer, len, inner]);
    if inner == 1 {
        simd!(log_softmax_rows, (out, x, len));
    } else {
        simd!(log_softmax_columns, (out, x, len, inner));
    }
}

#[inline(always)]
fn log_softmax_rows<T: Scalar>(math: Math, (out, x, len): (&mut [T], &[T], usize)) {
    for_rows(
        math,
        x,
        len,
        #[inline(always)]
        |o, x, top, total| {
            let log_total = math.log(total);
            for (out, &x) in out[o * len..(o + 1) * len].iter_mut().zip(x) {
                *out = (x - top) - log_total;
            }
        },
    );
}

#[inline(always)]
fn log_softmax_columns<T: Scalar>(math: Math, (out, x, len, inner): (&mut [T], &[T], usize, usize)) {
    let plane = (len * inner).max(1);
    for_columns(
        math,
        x,
        len,
        inner,
        #[inline(always)]
        |o, from, x, top, log_total| {
            let out = &mut out[o * plane..(o + 1) * plane];
            for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(inner)) {
                let columns = out[from..from + top.len()].iter_mut().zip(&x[from..]);
                for (((out, &x), &top), &log_total) in columns.zip(top).zip(log_total) {
                    *out = (x - top) - log_total;
                }
            }
        },
    );
}

/// log Σⱼ e^xⱼ along the axis.
///
/// # Panics
/// If a slice's length is not the one that the extents say, or `len` is 0.
#[track_caller]
pub fn logsumexp<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
    check("logsumexp", out.len(), outer * inner, x.len(), [outer, len, inner]);
    if inner == 1 {
        simd!(logsumexp_rows, (out, x, len));
    } else {
        simd!(logsumexp_columns, (out, x, len, inner));
    }
}

#[inline(always)]
fn logsumexp_rows<T: Scalar>(math: Math, (out, x, len): (&mut [T], &[T], usize)) {
    for_rows(
        math,
        x,
        len,
        #[inline(always)]
        |o, _, top, total| out[o] = top + math.log(total),
    );
}

#[inline(always)]
fn logsumexp_columns<T: Scalar>(math: Math, (out, x, len, inner): (&mut [T], &[T], usize, usize)) {
    for_columns(
        math,
        x,
        len,
        inner,
        #[inline(always)]
        |o, from, _, top, log_total| {
            for ((out, &top), &log_total) in out[o * inner + from..].iter_mut().zip(top).zip(log_total) {
                *out = top + log_total;
            }
        },
    );
}

/// The largest number along the axis; NaN if there is one.
///
/// # Panics
/// If a slice's length is not the one that the extents say, or `len` is 0.
#[track_caller]
pub fn max<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
    check("max", out.len(), outer * inner, x.len(), [outer, len, inner]);
    simd!(max_kernel, (out, x, len, inner));
}

#[inline(always)]
fn max_kernel<T: Scalar>(math: Math, (out, x, len, inner): (&mut [T], &[T], usize, usize)) {
    if inner == 1 {
        for (out, x) in out.iter_mut().zip(x.chunks_exact(len)) {
            *out = max_of(math, x);
        }
    } else {
        fold_columns(
            out,
            x,
            len,
            inner,
            #[inline(always)]
            |out, x| math.max(out, x),
        );
    }
}

/// √Σ x² along the axis, of entries so large or small that their squares are not numbers, too; 0 for zeros, and
/// of nothing.
///
/// # Panics
/// If a slice's length is not the one that the extents say.
#[track_caller]
pub fn norm<T: Scalar>(out: &mut [T], x: &[T], outer: usize, len: usize, inner: usize) {
    if len == 0 {
        return out.fill(T::ZERO);
    }
    check("norm", out.len(), outer * inner, x.len(), [outer, len, inner]);
    for (k, out) in out.iter_mut().enumerate() {
        let start = k / inner * len * inner + k % inner;
        let entries = || x[start..].iter().step_by(inner).take(len).copied();
        let squares = if inner == 1 {
            crate::kernel::sums::sum_squares(&x[start..][..len])
        } else {
            sum_of_terms(entries().map(|x| x * x))
        };
        // A sum of squares in the middle of the range has lost nothing.
        let (low, high) = (T::MIN_POSITIVE / T::EPSILON, T::MAX * T::EPSILON);
        *out = if squares > low && squares < high {
            squares.sqrt()
        } else {
            let max = entries().fold(T::ZERO, |m, x| if x.abs() > m || x.is_nan() { x.abs() } else { m });
            if max == T::ZERO || !max.is_finite() {
                max
            } else {
                let scaled = sum_of_terms(entries().map(|x| (x / max) * (x / max)));
                max * scaled.sqrt()
            }
        };
    }
}

/// Sums of columns, of which a run of rows is added up before it is put away.
struct Totals<T> {
    run: [T; BLOCK],
    sums: [T; BLOCK],
    excesses: [T; BLOCK],
}

impl<T: Scalar> Totals<T> {
    #[inline(always)]
    fn new() -> Self {
        Self { run: [T::ZERO; BLOCK], sums: [T::ZERO; BLOCK], excesses: [T::ZERO; BLOCK] }
    }

    /// Adds what the run has come to in the first `n` columns, and begins another.
    #[inline(always)]
    fn put_away(&mut self, math: Math, n: usize) {
        add_to_totals(math, (&mut self.sums[..n], &mut self.excesses, &self.run));
        self.run[..n].fill(T::ZERO);
    }
}

/// Calls `finish(row's number, row, max, Σ e^(x − max))` for every row of `len` numbers.
#[inline(always)]
fn for_rows<T: Scalar>(math: Math, x: &[T], len: usize, mut finish: impl FnMut(usize, &[T], T, T)) {
    let mut shifted = [T::ZERO; BLOCK];
    if len > BLOCK {
        for (o, x) in x.chunks_exact(len).enumerate() {
            let top = max_of(math, x);
            let mut total = Total::ZERO;
            for x in x.chunks(BLOCK) {
                for (s, &x) in shifted.iter_mut().zip(x) {
                    *s = math.exp(x - top);
                }
                total.add(sum_of(math, &shifted[..x.len()]));
            }
            finish(o, x, top, total.sum());
        }
        return;
    }
    let rows = BLOCK / len;
    let mut tops = [T::ZERO; BLOCK];
    for (block, x) in x.chunks(rows * len).enumerate() {
        for ((x, shifted), top) in x.chunks_exact(len).zip(shifted.chunks_exact_mut(len)).zip(&mut tops) {
            *top = max_of(math, x);
            for (s, &x) in shifted.iter_mut().zip(x) {
                *s = x - *top;
            }
        }
        for s in &mut shifted {
            *s = math.exp(*s);
        }
        for (o, ((x, shifted), &top)) in
            x.chunks_exact(len).zip(shifted.chunks_exact(len)).zip(&tops).enumerate()
        {
            finish(block * rows + o, x, top, sum_of(math, shifted));
        }
    }
}

/// Calls `finish(o, first column, plane, max, log Σ e^(x − max))` for every plane and up to `BLOCK` columns
/// at a time.
#[inline(always)]
fn for_columns<T: Scalar>(
    math: Math,
    x: &[T],
    len: usize,
    inner: usize,
    mut finish: impl FnMut(usize, usize, &[T], &[T], &[T]),
) {
    for (o, x) in x.chunks_exact((len * inner).max(1)).enumerate() {
        for from in (0..inner).step_by(BLOCK) {
            let n = (inner - from).min(BLOCK);
            let top = &max_of_columns(math, x, inner, from, n)[..n];
            let mut totals = Totals::new();
            for x in x.chunks(RUN * inner) {
                for x in x.chunks_exact(inner) {
                    for ((&x, &top), total) in x[from..from + n].iter().zip(top).zip(&mut totals.run) {
                        *total += math.exp(x - top);
                    }
                }
                totals.put_away(math, n);
            }
            let mut total = totals.sums;
            for total in &mut total[..n] {
                *total = math.log(*total);
            }
            finish(o, from, x, top, &total[..n]);
        }
    }
}

#[inline(always)]
fn max_of_columns<T: Scalar>(math: Math, x: &[T], inner: usize, from: usize, n: usize) -> [T; BLOCK] {
    let mut top = [T::NEG_INFINITY; BLOCK];
    for x in x.chunks_exact(inner) {
        for (top, &x) in top.iter_mut().zip(&x[from..from + n]) {
            *top = math.max(*top, x);
        }
    }
    top
}

/// out = the first plane's line, then `step` with every further one.
#[inline(always)]
fn fold_columns<T: Scalar>(out: &mut [T], x: &[T], len: usize, inner: usize, step: impl Fn(T, T) -> T) {
    if inner == 0 {
        return;
    }
    for (out, x) in out.chunks_exact_mut(inner).zip(x.chunks_exact(len * inner)) {
        let (first, rest) = x.split_at(inner);
        out.copy_from_slice(first);
        for x in rest.chunks_exact(inner) {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = step(*out, x);
            }
        }
    }
}

#[inline(always)]
fn max_of<T: Scalar>(math: Math, x: &[T]) -> T {
    fold(
        x,
        #[inline(always)]
        |a, b| math.max(a, b),
    )
}

#[inline(always)]
fn sum_of<T: Scalar>(math: Math, x: &[T]) -> T {
    if x.len() < 2 * LANES {
        x.iter().fold(T::ZERO, |a, &x| a + x)
    } else {
        math.sum_map(
            x,
            #[inline(always)]
            |x| x,
        )
    }
}

const LANES: usize = 16;

/// The numbers joined by `step`, an associative and commutative function; `x` is not empty.
#[inline(always)]
fn fold<T: Scalar>(x: &[T], step: impl Fn(T, T) -> T) -> T {
    if x.len() < 2 * LANES {
        return x[1..].iter().fold(x[0], |a, &x| step(a, x));
    }
    let mut lanes = [x[0]; LANES];
    let (blocks, rest) = x.as_chunks::<LANES>();
    for x in blocks {
        for l in 0..LANES {
            lanes[l] = step(lanes[l], x[l]);
        }
    }
    let first = lanes.iter().skip(1).fold(lanes[0], |a, &x| step(a, x));
    rest.iter().fold(first, |a, &x| step(a, x))
}
