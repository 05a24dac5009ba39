//! A matrix product as pointers and strides, and who computes it.
#![allow(unsafe_code, reason = "the kernels take pointers, because a matrix may be strided either way")]

use super::VectorProduct;
use super::vector::{Portable32, Portable64};
use crate::kernel::gemm::{Accum, Gemm, GemmKernels, Small};
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::parallel;
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;

/// [`Gemm::diagonal`] of a product that is wanted whole: so far away that no submatrix reaches it.
pub(super) const WHOLE: isize = isize::MAX / 2;

impl<T: Scalar> Gemm<T> {
    /// The submatrix of `rows` rows from `row` and `cols` columns from `col`, with the numbers of `a` and `b`
    /// where they are.
    #[inline(always)]
    pub(super) fn submatrix(&self, row: usize, rows: usize, col: usize, cols: usize) -> Self {
        Gemm {
            m: rows,
            n: cols,
            out: self.out.wrapping_offset(row as isize * self.out_stride).wrapping_add(col),
            a: self.a.wrapping_offset(row as isize * self.a_strides.0),
            b: self.b.wrapping_offset(col as isize * self.b_strides.1),
            diagonal: self.diagonal + col as isize - row as isize,
            ..*self
        }
    }

    /// A column as a row: outᵀ = bᵀ aᵀ.
    #[inline(always)]
    pub(super) fn transposed(&self) -> Self {
        let flip = |(row, col)| (col, row);
        Gemm {
            m: 1,
            n: self.m,
            out_stride: self.m as isize,
            a: self.b,
            a_strides: flip(self.b_strides),
            b: self.a,
            b_strides: flip(self.a_strides),
            ..*self
        }
    }

    /// The same sum over `k` terms from `from` only.
    #[inline(always)]
    pub(super) fn slice(&self, from: usize, k: usize) -> Self {
        Gemm {
            k,
            accum: if from == 0 { self.accum } else { Accum::Add },
            beta: if from == 0 { self.beta } else { T::ONE },
            a: self.a.wrapping_offset(from as isize * self.a_strides.1),
            b: self.b.wrapping_offset(from as isize * self.b_strides.0),
            weights: if self.weights.is_null() { self.weights } else { self.weights.wrapping_add(from) },
            ..*self
        }
    }

    /// Whether no number of these rows and columns is wanted.
    #[inline(always)]
    pub(super) fn unwanted(&self, row: usize, col: usize, cols: usize) -> bool {
        ((col + cols) as isize).saturating_add(self.diagonal) <= row as isize
    }

    /// Calls `compute` with submatrices of the output that together are all of it, on several threads if it
    /// is large. Rows are divided into multiples of `unit.0`, columns of `unit.1`.
    #[inline]
    pub(super) fn divided(&self, unit: (usize, usize), compute: impl Fn(&Self) + Sync) {
        let threads = parallel::threads();
        let numbers = self.m.saturating_mul(self.n).saturating_mul(self.k);
        if threads == 1 || numbers < WORTH_DIVIDING {
            return compute(self);
        }
        let by_rows = self.m >= self.n || self.diagonal != WHOLE;
        let (extent, unit) = if by_rows { (self.m, unit.0) } else { (self.n, unit.1) };
        let blocks = extent.div_ceil(unit);
        let shares = threads.min(blocks);
        let half = self.diagonal != WHOLE;
        let until = |k: usize| {
            let share = k as f64 / shares as f64;
            // Of the rows above a diagonal, the first are the longest.
            let share = if half { 1.0 - (1.0 - share).sqrt() } else { share };
            ((blocks as f64 * share).round() as usize * unit).min(extent)
        };
        let whole = Divided(self);
        parallel::run(shares, &|k| {
            let (from, to) = (until(k), until(k + 1));
            let p = whole.product();
            if from < to {
                let (from, n) = (from, to - from);
                compute(&if by_rows { p.submatrix(from, n, 0, p.n) } else { p.submatrix(0, p.m, from, n) });
            }
        });
    }
}

/// Multiplications from which on a product is divided among threads: some 30 µs of one, where handing a task
/// over takes a few.
const WORTH_DIVIDING: usize = 2_000_000;

/// A product as several threads see it.
struct Divided<'p, T>(&'p Gemm<T>);

// SAFETY: each thread writes rows or columns of the output of its own, and nothing else is written.
unsafe impl<T: Sync> Sync for Divided<'_, T> {}

impl<T> Divided<'_, T> {
    fn product(&self) -> &Gemm<T> {
        self.0
    }
}

macro_rules! gemm_kernels {
    ($t:ident, $wide:ident, $narrow:ident, $portable:ident) => {
        impl GemmKernels for $t {
            unsafe fn product(p: &Gemm<Self>) {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the caller's.
                unsafe {
                    super::x86::product::<core::arch::x86_64::$wide, core::arch::x86_64::$narrow, $portable>(
                        p,
                    )
                }
                #[cfg(not(target_arch = "x86_64"))]
                // SAFETY: the caller's, and the target has these vectors.
                unsafe {
                    super::forms::product::<$portable>(p)
                }
            }

            unsafe fn pair(products: &[Gemm<Self>; 2]) -> bool {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the caller's.
                unsafe {
                    super::x86::pair::<core::arch::x86_64::$wide, core::arch::x86_64::$narrow, $portable>(
                        products,
                    )
                }
                #[cfg(not(target_arch = "x86_64"))]
                // SAFETY: the caller's, and the target has these vectors.
                unsafe {
                    super::forms::pair::<$portable>(products)
                }
            }

            #[inline(always)]
            unsafe fn small_product<S: Small>(_math: Math, p: &Gemm<Self>) -> bool {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the caller's.
                unsafe {
                    super::x86::small_product::<
                        S,
                        core::arch::x86_64::$wide,
                        core::arch::x86_64::$narrow,
                        $portable,
                    >(_math, p)
                }
                #[cfg(not(target_arch = "x86_64"))]
                // SAFETY: the caller's, and the target has these vectors.
                unsafe {
                    super::small_forms::form::<S, $portable>(&S::known(p))
                }
            }
        }
    };
}

gemm_kernels!(f32, __m512, __m256, Portable32);
gemm_kernels!(f64, __m512d, __m256d, Portable64);

/// Computes the product, if `out` has adjacent columns or rows; else returns false.
#[inline]
pub(super) fn product<T: Scalar>(
    out: &mut MatMut<'_, T>,
    accum: Accum,
    beta: T,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) -> bool {
    let p = product_of(out, accum, beta, alpha, a, b);
    if let Some(p) = &p {
        // SAFETY: pointers, extents and strides are those of `ndarray` views; `out` is borrowed for writing
        // alone. The caller has checked that the extents agree.
        unsafe { T::product(p) }
    }
    p.is_some()
}

/// Computes two products of one matrix with a vector each, if the layout suits them; else returns false.
#[inline]
pub(super) fn pair<T: Scalar>(a: Mat<'_, T>, vectors: &mut [VectorProduct<'_, T>; 2]) -> bool {
    let product = |v: &mut VectorProduct<'_, T>| {
        let beta = if v.accum == Accum::Add { T::ONE } else { T::ZERO };
        product_of(&mut MatMut::column(v.out), v.accum, beta, v.alpha, a, Mat::column(v.x))
    };
    let [first, second] = vectors;
    match (product(first), product(second)) {
        // SAFETY: pointers, extents and strides are those of `ndarray` views; the outputs are borrowed for
        // writing alone. The caller has checked that the extents agree.
        (Some(first), Some(second)) => unsafe { T::pair(&[first, second]) },
        _ => false,
    }
}

/// The product as the kernels want it, if `out` has adjacent columns or rows.
#[inline(always)]
pub(super) fn product_of<T: Scalar>(
    out: &mut MatMut<'_, T>,
    accum: Accum,
    beta: T,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
) -> Option<Gemm<T>> {
    let ((m, n), (_, k)) = (out.shape(), a.shape());
    let (out_strides, a_strides, b_strides) = (out.strides(), a.strides(), b.strides());
    let (out, a, b) = (out.as_mut_ptr(), a.as_ptr(), b.as_ptr());
    let (weights, diagonal) = (core::ptr::null(), WHOLE);
    if out_strides.1 == 1 || n == 1 {
        let out_stride = out_strides.0;
        Some(Gemm {
            m,
            n,
            k,
            alpha,
            accum,
            beta,
            out,
            out_stride,
            a,
            a_strides,
            b,
            b_strides,
            b_padded: false,
            weights,
            diagonal,
        })
    } else if out_strides.0 == 1 || m == 1 {
        // outᵀ = bᵀ aᵀ
        let flip = |(row, col)| (col, row);
        Some(Gemm {
            m: n,
            n: m,
            k,
            alpha,
            accum,
            beta,
            out,
            out_stride: out_strides.1,
            a: b,
            a_strides: flip(b_strides),
            b: a,
            b_strides: flip(a_strides),
            b_padded: false,
            weights,
            diagonal,
        })
    } else {
        None
    }
}

/// Computes the upper triangle of alpha·xᵀ diag(weights) x, if `out` has adjacent columns; else returns false.
#[inline]
pub(super) fn gram<T: Scalar>(
    out: &mut MatMut<'_, T>,
    accum: Accum,
    alpha: T,
    x: Mat<'_, T>,
    weights: Option<&[T]>,
) -> bool {
    let ((k, n), strides, out_strides) = (x.shape(), x.strides(), out.strides());
    if out_strides.1 != 1 {
        return false;
    }
    let p = Gemm {
        m: n,
        n,
        k,
        alpha,
        accum,
        beta: T::ONE,
        out: out.as_mut_ptr(),
        out_stride: out_strides.0,
        a: x.as_ptr(),
        a_strides: (strides.1, strides.0),
        b: x.as_ptr(),
        b_strides: strides,
        b_padded: false,
        weights: weights.map_or(core::ptr::null(), <[T]>::as_ptr),
        diagonal: 0,
    };
    // SAFETY: pointers, extents and strides are those of `ndarray` views; `out` is borrowed for writing
    // alone. The caller has checked that the extents and the number of weights agree.
    unsafe { T::product(&p) }
    true
}
