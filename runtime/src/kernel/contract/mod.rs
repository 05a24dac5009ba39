//! Contractions: products of matrices and vectors.
//!
//! [`matmul`] covers matrix times matrix, matrix times vector, outer and inner products: it looks at shapes
//! and strides, and never copies a whole operand. The kernels are generic over a [vector](vector): those of
//! AVX-512, or of AVX2 with FMA, where an x86-64 processor has them, else those of 16 bytes, of SSE2 or NEON or
//! whatever the compiler makes of them. On any number of [threads](crate::kernel::parallel) the same input
//! gives the same bits on the same processor. Sums of any number of terms are in runs, slices and totals
//! ([`long`]), which allocate nothing. Numbers behind the choice: docs/runtime-choices.md.

mod dispatch;
mod forms;
mod gram;
mod level;
mod long;
mod pack;
mod portable;
pub(crate) mod small;
mod small_forms;
mod tile;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use ndarray::{ArrayViewMut2, s};

use crate::kernel::gemm::Accum;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::memory::{LONG, Scratch};
use crate::kernel::scalar::Scalar;

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
    apart(&mut out.view(), accum, beta, alpha, a, b);
}

/// The same where neither rows nor columns of `out` are adjacent: blocks of it in the thread's memory.
fn apart<T: Scalar>(
    out: &mut ArrayViewMut2<'_, T>,
    accum: Accum,
    beta: T,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) {
    let (m, n) = out.dim();
    let cols = n.min(1024);
    let rows = m.min(LONG / size_of::<T>() / cols);
    let mut memory = Scratch::new(rows * cols);
    for row in (0..m).step_by(rows) {
        for col in (0..n).step_by(cols) {
            let (rows, cols) = (row..m.min(row + rows), col..n.min(col + cols));
            let block = &mut memory[..rows.len() * cols.len()];
            let to = MatMut::rows(block, rows.len(), cols.len());
            let (a, b) =
                (a.view().slice_move(s![rows.clone(), ..]), b.view().slice_move(s![.., cols.clone()]));
            matmul(to, Accum::Replace, alpha, a.into(), b.into());
            add_apart(&mut out.slice_mut(s![rows, cols]), accum, beta, block);
        }
    }
}

/// out = numbers, or beta·out + numbers.
fn add_apart<T: Scalar>(out: &mut ArrayViewMut2<'_, T>, accum: Accum, beta: T, numbers: &[T]) {
    for (out, &number) in out.iter_mut().zip(numbers) {
        *out = match accum {
            Accum::Replace => number,
            Accum::Add => beta * *out + number,
        };
    }
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
pub fn gram<T: Scalar>(out: MatMut<'_, T>, accum: Accum, alpha: T, x: Mat<'_, T>, weights: Option<&[T]>) {
    let mut out = out.view();
    gram_above(MatMut::from(out.view_mut()), accum, alpha, x, weights);
    mirror(out);
}

/// The same of which only what is on and above the diagonal counts: what is below is not to be read.
///
/// # Panics
/// As [`gram`].
#[track_caller]
pub(crate) fn gram_above<T: Scalar>(
    mut out: MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    x: Mat<'_, T>,
    weights: Option<&[T]>,
) {
    let (k, n) = x.shape();
    assert!(out.shape() == (n, n), "gram: {:?} from {k}×{n}", out.shape());
    assert!(weights.is_none_or(|w| w.len() == k), "gram: {k} rows and {:?} weights", weights.map(<[T]>::len));
    let done = k > 0 && n > 0 && dispatch::gram(&mut out, accum, alpha, x, weights);
    let mut out = out.view();
    if k == 0 && accum == Accum::Replace {
        out.fill(T::ZERO);
    } else if k > 0 && n > 0 && !done {
        let mut all = Scratch::new(n * n);
        gram(MatMut::rows(&mut all, n, n), Accum::Replace, alpha, x, weights);
        add_apart(&mut out, accum, T::ONE, &all);
    }
}

/// Makes a matrix symmetric by what is above its diagonal.
fn mirror<T: Scalar>(mut a: ArrayViewMut2<'_, T>) {
    /// Rows and columns that are exchanged one by one.
    const FEW: usize = 16;
    let n = a.nrows();
    if n <= FEW {
        (0..n).for_each(|i| (0..i).for_each(|j| a[(i, j)] = a[(j, i)]));
        return;
    }
    let half = (n / 2).next_multiple_of(FEW);
    let (first, right, mut left, last) =
        a.multi_slice_mut((s![..half, ..half], s![..half, half..], s![half.., ..half], s![half.., half..]));
    left.assign(&right.t());
    mirror(first);
    mirror(last);
}
