//! Contractions: products of matrices and vectors, and sums.
//!
//! [`matmul`] covers matrix times matrix, matrix times vector, outer and inner products: it looks at shapes and strides,
//! and never copies a whole operand. On x86-64 with AVX2 and FMA, or AVX-512, the kernels are this crate's own; elsewhere
//! and for an output with neither rows nor columns adjacent, `ndarray`'s. On any number of [threads](crate::parallel) the
//! same input gives the same bits on the same processor. Numbers behind the choice: docs/runtime-choices.md.

#[cfg(target_arch = "x86_64")]
mod pack;
mod product;
pub mod small;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(target_arch = "x86_64")]
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_gram;
#[cfg(target_arch = "x86_64")]
mod x86_small;

use ndarray::ArrayViewMut2;
use ndarray::linalg::general_mat_mul;

pub(crate) use product::Contract;

use crate::matrix::{Mat, MatMut};
use crate::scalar::Scalar;
use crate::simd;
use crate::simd::Math;

/// What becomes of the numbers that an output holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accum {
    /// They are overwritten, never read: NaN among them does no harm.
    Replace,
    /// The result is added to them.
    Add,
}

/// Bytes that a product packs at most: a block of each factor, each up to a panel longer.
const MOST_PACKED: usize = 3 << 20;

/// Takes the memory that products of this type pack their factors into, 3 MiB of the thread's, so that none of them
/// allocates. Else it grows with the products.
pub fn reserve<T: Scalar>() {
    T::put_scratch(T::take_scratch(MOST_PACKED / size_of::<T>()));
}

/// out = alpha·a·b, or out += alpha·a·b.
///
/// # Panics
/// If the shapes are not out: m×n, a: m×k, b: k×n.
#[inline]
#[track_caller]
pub fn matmul<T: Scalar>(out: MatMut<'_, T>, accum: Accum, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    let beta = if accum == Accum::Add { T::ONE } else { T::ZERO };
    general(out, accum, beta, alpha, a, b);
}

/// out = beta·out + alpha·a·b: a step of descent with a decay, in one pass over `out`.
///
/// # Panics
/// If the shapes are not out: m×n, a: m×k, b: k×n.
#[inline]
#[track_caller]
pub fn matmul_onto<T: Scalar>(out: MatMut<'_, T>, beta: T, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    general(out, Accum::Add, beta, alpha, a, b);
}

#[inline]
#[track_caller]
fn general<T: Scalar>(mut out: MatMut<'_, T>, accum: Accum, beta: T, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>) {
    let ((m, n), (ma, k), (kb, nb)) = (out.shape(), a.shape(), b.shape());
    assert!(m == ma && k == kb && n == nb, "matmul: {m}×{n} from {ma}×{k} and {kb}×{nb}");
    if k == 0 {
        // An empty sum; the kernels count on a term.
        match accum {
            Accum::Replace => out.view().fill(T::ZERO),
            Accum::Add => out.view().mapv_inplace(|x| beta * x),
        }
        return;
    }
    if m == 0 || n == 0 || product::product(&mut out, accum, beta, alpha, a, b) {
        return;
    }
    general_mat_mul(alpha, &a.view(), &b.view(), beta, &mut out.view());
}

/// A product of a matrix with `x`: out = alpha·a·x, or out += that.
#[derive(Debug)]
pub struct Vector<'v, T> {
    /// Where it goes.
    pub out: &'v mut [T],
    /// What becomes of the numbers there.
    pub accum: Accum,
    /// The factor.
    pub alpha: T,
    /// What the matrix is multiplied with.
    pub x: &'v [T],
}

/// Two products of one matrix with a vector each, in one pass over the matrix.
///
/// # Panics
/// If the shapes are not a: m×k, out: m, x: k.
#[track_caller]
pub fn matvec_pair<T: Scalar>(a: Mat<'_, T>, mut vectors: [Vector<'_, T>; 2]) {
    let (m, k) = a.shape();
    for v in &vectors {
        let (out, x) = (v.out.len(), v.x.len());
        assert!(out == m && x == k, "matvec_pair: {out} numbers from {m}×{k} and {x}");
    }
    if m == 0 || k == 0 || !product::pair(a, &mut vectors) {
        for v in vectors {
            matmul(MatMut::column(v.out), v.accum, v.alpha, a, Mat::column(v.x));
        }
    }
}

/// out = alpha·xᵀ diag(weights) x, or out += that: a symmetric matrix, of which the half is computed. Without weights, they
/// are 1.
///
/// Of numbers to be added to, those on and above the diagonal are read: `out` is symmetric afterwards in any case.
///
/// # Panics
/// If `x` is not k×n, `out` n×n and the weights k in number.
#[track_caller]
pub fn gram<T: Scalar>(mut out: MatMut<'_, T>, accum: Accum, alpha: T, x: Mat<'_, T>, weights: Option<&[T]>) {
    let (k, n) = x.shape();
    assert!(out.shape() == (n, n), "gram: {:?} from {k}×{n}", out.shape());
    assert!(weights.is_none_or(|w| w.len() == k), "gram: {k} rows and {:?} weights", weights.map(<[T]>::len));
    let done = k > 0 && n > 0 && product::gram(&mut out, accum, alpha, x, weights);
    let mut out = out.view();
    if !done {
        gram_by_rows(&mut out, accum, alpha, x, weights);
    }
    for i in 0..n {
        for j in 0..i {
            out[(i, j)] = out[(j, i)];
        }
    }
}

fn gram_by_rows<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    accum: Accum,
    alpha: T,
    x: Mat<'_, T>,
    weights: Option<&[T]>,
) {
    let x = x.view();
    if accum == Accum::Replace {
        out.fill(T::ZERO);
    }
    for (k, row) in x.rows().into_iter().enumerate() {
        let factor = alpha * weights.map_or(T::ONE, |w| w[k]);
        for (i, &a) in row.iter().enumerate() {
            for (out, &b) in out.row_mut(i).iter_mut().zip(row).skip(i) {
                *out += factor * a * b;
            }
        }
    }
}

/// The sum of partial sums, halves first: the same order on every machine.
#[inline(always)]
#[must_use]
pub fn sum_of_lanes<T: Scalar, const N: usize>(mut lanes: [T; N]) -> T {
    let mut width = N;
    while width > 1 {
        let half = width.div_ceil(2);
        for k in 0..width - half {
            let other = lanes[k + half];
            lanes[k] += other;
        }
        width = half;
    }
    lanes.first().copied().unwrap_or(T::ZERO)
}

/// The greatest of partial maxima; NaN if one of them is.
#[inline(always)]
#[must_use]
pub fn max_of_lanes<T: Scalar, const N: usize>(lanes: [T; N]) -> T {
    lanes.into_iter().fold(T::NEG_INFINITY, |a, b| if b > a || b.is_nan() { b } else { a })
}

/// Σᵢ aᵢ·bᵢ
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    assert!(a.len() == b.len(), "dot: lengths {} and {}", a.len(), b.len());
    simd!(dot_kernel, (a, b))
}

#[inline(always)]
fn dot_kernel<T: Scalar>(math: Math, (a, b): (&[T], &[T])) -> T {
    math.sum_map2(
        a,
        b,
        #[inline(always)]
        |a, b| a * b,
    )
}

/// y += alpha·x
///
/// # Panics
/// If the lengths differ.
#[inline]
#[track_caller]
pub fn axpy<T: Scalar>(alpha: T, x: &[T], y: &mut [T]) {
    assert!(x.len() == y.len(), "axpy: lengths {} and {}", x.len(), y.len());
    simd!(axpy_kernel, (alpha, x, y));
}

#[inline(always)]
fn axpy_kernel<T: Scalar>(math: Math, (alpha, x, y): (T, &[T], &mut [T])) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = math.mul_add(alpha, x, *y);
    }
}

/// Σᵢ xᵢ
#[inline]
pub fn sum<T: Scalar>(x: &[T]) -> T {
    simd!(sum_kernel, x)
}

#[inline(always)]
fn sum_kernel<T: Scalar>(math: Math, x: &[T]) -> T {
    math.sum_map(
        x,
        #[inline(always)]
        |x| x,
    )
}

/// Σᵢ xᵢ²
#[inline]
pub fn sum_squares<T: Scalar>(x: &[T]) -> T {
    simd!(sum_squares_kernel, x)
}

#[inline(always)]
fn sum_squares_kernel<T: Scalar>(math: Math, x: &[T]) -> T {
    math.sum_map(
        x,
        #[inline(always)]
        |x| x * x,
    )
}

/// outⱼ = alpha·Σᵢ aᵢⱼ, or outⱼ += alpha·Σᵢ aᵢⱼ: the sum of the rows, such as a bias's gradient over a batch.
///
/// # Panics
/// If `out` is not as long as a row of `a`.
#[inline]
#[track_caller]
pub fn sum_rows<T: Scalar>(out: &mut [T], accum: Accum, alpha: T, a: Mat<'_, T>) {
    assert!(out.len() == a.shape().1, "sum_rows: {} sums of {} columns", out.len(), a.shape().1);
    if accum == Accum::Replace {
        out.fill(T::ZERO);
    }
    match a.view().to_slice() {
        Some(rows) => simd!(sum_rows_kernel, (out, alpha, rows)),
        None => {
            for row in a.view().rows() {
                for (o, &x) in out.iter_mut().zip(row) {
                    *o += alpha * x;
                }
            }
        }
    }
}

#[inline(always)]
fn sum_rows_kernel<T: Scalar>(math: Math, (out, alpha, rows): (&mut [T], T, &[T])) {
    let n = out.len().max(1);
    let mut fours = rows.chunks_exact(4 * n);
    for four in &mut fours {
        let (a, b) = four.split_at(2 * n);
        let ((a0, a1), (b0, b1)) = (a.split_at(n), b.split_at(n));
        for ((((o, &a0), &a1), &b0), &b1) in out.iter_mut().zip(a0).zip(a1).zip(b0).zip(b1) {
            *o = math.mul_add(alpha, (a0 + a1) + (b0 + b1), *o);
        }
    }
    for row in fours.remainder().chunks_exact(n) {
        for (o, &x) in out.iter_mut().zip(row) {
            *o = math.mul_add(alpha, x, *o);
        }
    }
}

/// How many sums run side by side. A constant, so that a sum's order does not depend on the processor.
const LANES: usize = 32;

impl Math {
    /// Σᵢ f(xᵢ), vectorised where `f` is; the order of the additions depends on the length alone.
    ///
    /// `f` should be marked `#[inline(always)]`: see the module [`simd`](mod@crate::simd).
    #[inline(always)]
    pub fn sum_map<T: Scalar>(self, x: &[T], f: impl Fn(T) -> T) -> T {
        let mut lanes = [T::ZERO; LANES];
        let (blocks, rest) = x.as_chunks::<LANES>();
        for x in blocks {
            for l in 0..LANES {
                lanes[l] += f(x[l]);
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane += f(x);
        }
        add_lanes(lanes)
    }

    /// Σᵢ f(xᵢ, yᵢ) over the shorter of the two, like [`sum_map`](Math::sum_map).
    #[inline(always)]
    pub fn sum_map2<T: Scalar>(self, x: &[T], y: &[T], f: impl Fn(T, T) -> T) -> T {
        let n = x.len().min(y.len());
        let (x, y) = (&x[..n], &y[..n]);
        let mut lanes = [T::ZERO; LANES];
        let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in xs.iter().zip(ys) {
            for l in 0..LANES {
                lanes[l] += f(x[l], y[l]);
            }
        }
        for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += f(x, y);
        }
        add_lanes(lanes)
    }
}

#[inline(always)]
fn add_lanes<T: Scalar>(mut lanes: [T; LANES]) -> T {
    let mut n = LANES / 2;
    while n > 0 {
        for l in 0..n {
            let upper = lanes[l + n];
            lanes[l] += upper;
        }
        n /= 2;
    }
    lanes[0]
}
