//! Contractions: products of matrices and vectors.
//!
//! [`matmul`] covers matrix times matrix, matrix times vector, outer and inner products: it looks at shapes
//! and strides, and never copies a whole operand. On x86-64 with AVX2 and FMA, or AVX-512, the kernels are
//! this crate's own; elsewhere and for an output with neither rows nor columns adjacent, `ndarray`'s. On any
//! number of [threads](crate::kernel::parallel) the same input gives the same bits on the same processor.
//! Sums of any number of terms are in runs, slices and totals ([`long`]), which allocate nothing.
//! Numbers behind the choice: docs/runtime-choices.md.

mod dispatch;
mod long;
#[cfg(target_arch = "x86_64")]
mod pack;
pub(crate) mod small;
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

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, s};

use crate::kernel::gemm::Accum;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use long::Block;

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
    if m == 0 || n == 0 || dispatch::product(&mut out, accum, beta, alpha, a, b) {
        return;
    }
    by_ndarray(&mut out.view(), beta, alpha, a.view(), b.view());
}

/// Terms that `ndarray` is given at once, and slices in which that is done without more.
const TERMS: usize = 48;
const FEW: usize = 8;

/// out = beta·out + alpha·a·b, by `ndarray`; it is no smaller than 1×1, and there is a term.
fn by_ndarray<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    beta: T,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
) {
    fn add<T: Scalar>(
        out: &mut ArrayViewMut2<'_, T>,
        beta: T,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
    ) {
        for from in (0..a.ncols()).step_by(TERMS) {
            let terms = from..a.ncols().min(from + TERMS);
            let (a, b) = (a.slice(s![.., terms.clone()]), b.slice(s![terms, ..]));
            general_mat_mul(alpha, &a, &b, if from == 0 { beta } else { T::ONE }, out);
        }
    }
    let ((m, k), n) = (a.dim(), b.ncols());
    if k <= TERMS * FEW {
        return add(out, beta, alpha, a, b);
    }
    long::in_slices(
        (m, n, k),
        TERMS * FEW,
        |_| true,
        |block, terms, sums| {
            let mut out = matrix_of(sums, block);
            let a = a.slice(s![block.rows.clone(), terms.clone()]);
            add(&mut out, T::ZERO, T::ONE, a, b.slice(s![terms, block.cols.clone()]));
        },
        |block, sums| {
            let mut out = out.slice_mut(s![block.rows.clone(), block.cols.clone()]);
            for (out, &sum) in out.iter_mut().zip(sums) {
                // What is there may be NaN where it is not to be read.
                *out = if beta == T::ZERO { alpha * sum } else { beta * *out + alpha * sum };
            }
        },
    );
}

/// The numbers of a block, row by row, as a matrix.
fn matrix_of<'s, T: Scalar>(sums: &'s mut [T], block: &Block) -> ArrayViewMut2<'s, T> {
    MatMut::rows(sums, block.rows.len(), block.cols.len()).view()
}

/// A product of a matrix with `x`: out = alpha·a·x, or out += that.
#[derive(Debug)]
pub struct VectorProduct<'v, T> {
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
pub fn matvec_pair<T: Scalar>(a: Mat<'_, T>, mut vectors: [VectorProduct<'_, T>; 2]) {
    let (m, k) = a.shape();
    for v in &vectors {
        let (out, x) = (v.out.len(), v.x.len());
        assert!(out == m && x == k, "matvec_pair: {out} numbers from {m}×{k} and {x}");
    }
    if m == 0 || k == 0 || !dispatch::pair(a, &mut vectors) {
        for v in vectors {
            matmul(MatMut::column(v.out), v.accum, v.alpha, a, Mat::column(v.x));
        }
    }
}

/// out = alpha·xᵀ diag(weights) x, or out += that: a symmetric matrix, of which the half is computed. Without
/// weights, they are 1.
///
/// Of more than 2048 rows there are three partial sums for each entry of `out`, whatever their number: what 512
/// rows come to, the sum of those before, and what that is too large by.
///
/// Of numbers to be added to, only those on and above the diagonal are read: `out` is symmetric afterwards,
/// whether or not it was before.
///
/// # Panics
/// If `x` is not k×n, `out` n×n and the weights k in number.
#[track_caller]
pub fn gram<T: Scalar>(mut out: MatMut<'_, T>, accum: Accum, alpha: T, x: Mat<'_, T>, weights: Option<&[T]>) {
    let (k, n) = x.shape();
    assert!(out.shape() == (n, n), "gram: {:?} from {k}×{n}", out.shape());
    assert!(weights.is_none_or(|w| w.len() == k), "gram: {k} rows and {:?} weights", weights.map(<[T]>::len));
    let done = k > 0 && n > 0 && dispatch::gram(&mut out, accum, alpha, x, weights);
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
    let (x, (k, n)) = (x.view(), x.shape());
    if accum == Accum::Replace {
        out.fill(T::ZERO);
    }
    long::in_slices(
        (n, n, k),
        TERMS,
        |block| block.cols.end > block.rows.start,
        |block, terms, sums| {
            sums.fill(T::ZERO);
            let mut out = matrix_of(sums, block);
            for k in terms {
                let (row, weight) = (x.row(k), weights.map_or(T::ONE, |w| w[k]));
                let right = row.slice(s![block.cols.clone()]);
                for (i, mut out) in block.rows.clone().zip(out.rows_mut()) {
                    let (a, from) = (weight * row[i], i.saturating_sub(block.cols.start));
                    for (out, &b) in out.iter_mut().zip(right).skip(from) {
                        *out += a * b;
                    }
                }
            }
        },
        |block, sums| {
            let mut out = out.slice_mut(s![block.rows.clone(), block.cols.clone()]);
            for (out, &sum) in out.iter_mut().zip(sums) {
                *out += alpha * sum;
            }
        },
    );
}
