//! Systems with a triangular matrix, solved where their right sides stand.
//!
//! Everything halves itself until a few rows are left, so that nearly all work is products of matrices.
//! Nothing is allocated.

use crate::kernel::contract::{gram, matmul};
use crate::kernel::gemm::Accum;
use crate::kernel::matrix::{Mat, MatMut};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::Math;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};

/// Rows that are substituted one by one; where the right side is a vector; and where it is as wide as `WIDE`, so
/// that a product of a few rows is worth its call.
pub(super) const ROWS: usize = 16;
pub(super) const ROWS_OF_VECTOR: usize = 64;
const ROWS_OF_WIDE: usize = 8;
const WIDE: usize = 64;
/// Columns of a triangle that are multiplied together.
const COLUMNS: usize = 64;

/// A triangle of a matrix whose rows are contiguous.
#[derive(Clone, Copy)]
pub(super) struct Triangle<'a, T> {
    matrix: ArrayView2<'a, T>,
    upper: bool,
    transposed: bool,
}

impl<'a, T: Scalar> Triangle<'a, T> {
    /// What is below the diagonal, with ones on it.
    pub(super) fn lower(matrix: ArrayView2<'a, T>) -> Self {
        Self { matrix, upper: false, transposed: false }
    }

    /// What is on and above the diagonal.
    pub(super) fn upper(matrix: ArrayView2<'a, T>) -> Self {
        Self { matrix, upper: true, transposed: false }
    }

    /// The transpose.
    pub(super) fn t(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }

    /// Whether the first row has one entry.
    fn forward(&self) -> bool {
        self.upper == self.transposed
    }

    fn on(&self, from: usize, to: usize) -> Self {
        Self { matrix: self.matrix.slice_move(s![from..to, from..to]), ..*self }
    }

    /// The part of these rows and columns, off the diagonal.
    fn off(&self, rows: (usize, usize), cols: (usize, usize)) -> Mat<'a, T> {
        let (rows, cols) = (rows.0..rows.1, cols.0..cols.1);
        match self.transposed {
            false => Mat::from(self.matrix.slice_move(s![rows, cols])),
            true => Mat::from(self.matrix.slice_move(s![cols, rows])).t(),
        }
    }

    fn at(&self, r: usize, c: usize) -> T {
        if self.transposed { self.matrix[[c, r]] } else { self.matrix[[r, c]] }
    }

    /// x ← this⁻¹ x
    pub(super) fn solve(&self, mut x: ArrayViewMut2<'_, T>) {
        let n = x.nrows();
        if n <= if x.ncols() == 1 { ROWS_OF_VECTOR } else { few(&x) } {
            return self.few(x);
        }
        let half = (n / 2).next_multiple_of(few(&x));
        let (mut first, mut second) = x.view_mut().split_at(Axis(0), half);
        if self.forward() {
            self.on(0, half).solve(first.view_mut());
            subtract(second.view_mut(), self.off((half, n), (0, half)), first.view());
            self.on(half, n).solve(second);
        } else {
            self.on(half, n).solve(second.view_mut());
            subtract(first.view_mut(), self.off((0, half), (half, n)), second.view());
            self.on(0, half).solve(first);
        }
    }

    fn few(&self, mut x: ArrayViewMut2<'_, T>) {
        let (n, cols) = x.dim();
        if cols > 1 && x.strides()[1] == 1 {
            return simd!(by_rows, (self, &mut x));
        }
        for mut column in x.columns_mut() {
            match column.as_slice_mut() {
                Some(column) => simd!(in_column, (self, column)),
                None => {
                    for step in 0..n {
                        let r = if self.forward() { step } else { n - 1 - step };
                        let done = if self.forward() { 0..r } else { r + 1..n };
                        let known: T = done.map(|k| self.at(r, k) * column[k]).sum();
                        column[r] -= known;
                        if self.upper {
                            column[r] /= self.at(r, r);
                        }
                    }
                }
            }
        }
    }
}

/// How many rows of a right side are not worth halving.
fn few<T>(x: &ArrayViewMut2<'_, T>) -> usize {
    if x.ncols() < WIDE { ROWS } else { ROWS_OF_WIDE }
}

/// Row after row of a right side whose rows are contiguous.
#[inline(always)]
fn by_rows<T: Scalar>(math: Math, (t, x): (&Triangle<'_, T>, &mut ArrayViewMut2<'_, T>)) {
    let n = x.nrows();
    for step in 0..n {
        let r = if t.forward() { step } else { n - 1 - step };
        let (above, mut rest) = x.view_mut().split_at(Axis(0), r);
        let (row, below) = rest.view_mut().split_at(Axis(0), 1);
        let (done, first) = if t.forward() { (above.view(), 0) } else { (below.view(), r + 1) };
        let Some(row) = row.into_slice() else { return };
        for (k, known) in done.rows().into_iter().enumerate() {
            subtract_row(math, row, t.at(r, first + k), known.to_slice().unwrap_or_default());
        }
        if t.upper {
            let pivot = t.at(r, r);
            row.iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

/// A right side that is one contiguous column.
#[inline(always)]
fn in_column<T: Scalar>(math: Math, (t, x): (&Triangle<'_, T>, &mut [T])) {
    let n = x.len();
    for step in 0..n {
        let r = if t.forward() { step } else { n - 1 - step };
        let Some(row) = t.matrix.row(r).to_slice() else { return };
        let (before, x_r, after) = {
            let (before, rest) = x.split_at_mut(r);
            let (x_r, after) = rest.split_at_mut(1);
            (before, &mut x_r[0], after)
        };
        // The part of the row in the triangle: of the numbers found already, or of those to be found.
        let (row, others) = if t.upper { (&row[r + 1..n], after) } else { (&row[..r], before) };
        if t.transposed {
            if t.upper {
                *x_r /= t.matrix[[r, r]];
            }
            subtract_row(math, others, *x_r, row);
        } else {
            *x_r -= dot(math, row, others);
            if t.upper {
                *x_r /= t.matrix[[r, r]];
            }
        }
    }
}

/// x ← U⁻¹ L⁻¹ x, a vector; or x ← L⁻ᵀ U⁻ᵀ x. For so few numbers that nothing is gained by halving them.
#[inline(always)]
#[allow(clippy::type_complexity, reason = "what a kernel is handed is one tuple")]
pub(super) fn vector<T: Scalar>(math: Math, (lu, x, transposed): (&[T], &mut [T], bool)) {
    let n = x.len();
    let rows = || lu.chunks_exact(n.max(1)).enumerate();
    if transposed {
        for (r, row) in rows() {
            x[r] /= row[r];
            let factor = x[r];
            subtract_row(math, &mut x[r + 1..], factor, &row[r + 1..]);
        }
        for (r, row) in rows().rev() {
            let (before, rest) = x.split_at_mut(r);
            subtract_row(math, before, rest[0], row);
        }
    } else {
        for (r, row) in rows() {
            x[r] -= dot(math, &row[..r], &x[..r]);
        }
        for (r, row) in rows().rev() {
            x[r] = (x[r] - dot(math, &row[r + 1..], &x[r + 1..])) / row[r];
        }
    }
}

/// Writes U⁻¹ L⁻¹ of a few rows to `out`, which is 0.
#[inline(always)]
pub(super) fn inverse<T: Scalar>(math: Math, (lu, out, n): (&[T], &mut [T], usize)) {
    for r in 0..n {
        let (above, rest) = out.split_at_mut(r * n);
        rest[r] = T::ONE;
        for (k, y) in above.chunks_exact(n).enumerate() {
            subtract_row(math, rest, lu[r * n + k], &y[..=k]);
        }
    }
    for r in (0..n).rev() {
        let (above, below) = out.split_at_mut((r + 1) * n);
        let (row, lu) = (&mut above[r * n..], &lu[r * n..][..n]);
        for (y, &u) in below.chunks_exact(n).zip(&lu[r + 1..]) {
            subtract_row(math, row, u, y);
        }
        row.iter_mut().for_each(|x| *x /= lu[r]);
    }
}

/// x −= factor·y over the shorter of the two.
#[inline(always)]
fn subtract_row<T: Scalar>(math: Math, x: &mut [T], factor: T, y: &[T]) {
    for (x, &y) in x.iter_mut().zip(y) {
        *x = math.mul_add(-factor, y, *x);
    }
}

/// Σ aᵢ bᵢ of a few numbers.
#[inline(always)]
fn dot<T: Scalar>(math: Math, a: &[T], b: &[T]) -> T {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sum = T::ZERO;
    if !a.is_empty() {
        let mut lanes = [T::ZERO; 8];
        for (a, b) in a.iter().zip(b) {
            for l in 0..8 {
                lanes[l] = math.mul_add(a[l], b[l], lanes[l]);
            }
        }
        let [a, b, c, d, e, f, g, h] = lanes;
        sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        sum = math.mul_add(a, b, sum);
    }
    sum
}

/// a −= b·c
pub(super) fn subtract<T: Scalar>(a: ArrayViewMut2<'_, T>, b: Mat<'_, T>, c: ArrayView2<'_, T>) {
    matmul(MatMut::from(a), Accum::Add, -T::ONE, b, Mat::from(c));
}

/// Writes L⁻¹ below the diagonal of `out` and ones on it, where L is that part of `l`; above, `out` is 0 and
/// stays so.
pub(super) fn invert_lower<T: Scalar>(l: ArrayView2<'_, T>, mut out: ArrayViewMut2<'_, T>) {
    let n = l.nrows();
    if n <= ROWS {
        return simd!(invert_few, (l, out));
    }
    let half = (n / 2).next_multiple_of(ROWS);
    let (mut first, mut second) = out.view_mut().split_at(Axis(0), half);
    let mut first = first.slice_mut(s![.., ..half]);
    invert_lower(l.slice(s![..half, ..half]), first.view_mut());
    let (mut below, last) = second.view_mut().split_at(Axis(1), half);
    for start in (0..half).step_by(COLUMNS) {
        // Above these columns' diagonal there is nothing to multiply.
        let end = half.min(start + COLUMNS);
        let (to, l21) = (below.slice_mut(s![.., start..end]), l.slice(s![half.., start..half]));
        let known = first.slice(s![start.., start..end]);
        matmul(MatMut::from(to), Accum::Replace, -T::ONE, Mat::from(l21), Mat::from(known));
    }
    let l22 = l.slice(s![half.., half..]);
    Triangle::lower(l22).solve(below);
    invert_lower(l22, last);
}

#[inline(always)]
fn invert_few<T: Scalar>(math: Math, (l, mut out): (ArrayView2<'_, T>, ArrayViewMut2<'_, T>)) {
    for r in 0..l.nrows() {
        let (above, mut rest) = out.view_mut().split_at(Axis(0), r);
        let Some(row) = rest.row_mut(0).into_slice() else { return };
        row[r] = T::ONE;
        for k in 0..r {
            let above = above.row(k).to_slice().unwrap_or_default();
            subtract_row(math, row, l[[r, k]], &above[..=k]);
        }
    }
}

/// Overwrites the lower triangle V, and what is above it, by VᵀV.
pub(super) fn gram_of_lower<T: Scalar>(mut v: ArrayViewMut2<'_, T>) {
    let n = v.nrows();
    if n <= ROWS {
        return simd!(gram_of_few, (v,));
    }
    let half = (n / 2).next_multiple_of(ROWS);
    let (mut first, mut right, mut left, mut last) =
        v.multi_slice_mut((s![..half, ..half], s![..half, half..], s![half.., ..half], s![half.., half..]));
    gram_of_lower(first.view_mut());
    gram(MatMut::from(first), Accum::Add, T::ONE, Mat::from(left.view()), None);
    multiply_transposed(last.view(), left.view_mut());
    right.assign(&left.t());
    gram_of_lower(last.view_mut());
}

#[inline(always)]
fn gram_of_few<T: Scalar>(math: Math, (mut v,): (ArrayViewMut2<'_, T>,)) {
    for i in 0..v.nrows() {
        let (mut above, below) = v.view_mut().split_at(Axis(0), i + 1);
        let Some(row) = above.row_mut(i).into_slice() else { return };
        let row = &mut row[..=i];
        let own = row[i];
        row.iter_mut().for_each(|x| *x *= own);
        for other in below.rows() {
            let other = other.to_slice().unwrap_or_default();
            subtract_row(math, row, -other[i], other);
        }
        for j in 0..i {
            v[[j, i]] = v[[i, j]];
        }
    }
}

/// x ← Vᵀ x, where V is what is on and below the diagonal of `v`.
fn multiply_transposed<T: Scalar>(v: ArrayView2<'_, T>, mut x: ArrayViewMut2<'_, T>) {
    let n = x.nrows();
    if n <= few(&x) {
        return simd!(multiply_few, (v, x));
    }
    let half = (n / 2).next_multiple_of(few(&x));
    let (mut first, second) = x.view_mut().split_at(Axis(0), half);
    multiply_transposed(v.slice(s![..half, ..half]), first.view_mut());
    let across = Mat::from(v.slice(s![half.., ..half])).t();
    matmul(MatMut::from(first), Accum::Add, T::ONE, across, Mat::from(second.view()));
    multiply_transposed(v.slice(s![half.., half..]), second);
}

#[inline(always)]
fn multiply_few<T: Scalar>(math: Math, (v, mut x): (ArrayView2<'_, T>, ArrayViewMut2<'_, T>)) {
    for r in 0..x.nrows() {
        let (mut above, below) = x.view_mut().split_at(Axis(0), r + 1);
        let Some(row) = above.row_mut(r).into_slice() else { return };
        row.iter_mut().for_each(|x| *x *= v[[r, r]]);
        for (k, other) in below.rows().into_iter().enumerate() {
            subtract_row(math, row, -v[[r + 1 + k, r]], other.to_slice().unwrap_or_default());
        }
    }
}
