//! What the derivatives of a determinant are made of, of singular matrices too.
//!
//! By elimination with complete pivoting, R A C = L D U, R and C permutations, L and U with unit diagonals:
//! what A lacks of full rank shows in the last pivots, and L and U are well conditioned whatever A is. With
//! X = L⁻¹ R, Y = C U⁻¹ and h = X H Y, the derivatives are polynomials in the pivots d, without a division by one that may be 0:
//!
//! D det(A)[H] = ± Σᵢ hᵢᵢ Π_{k≠i} dₖ, so that adj(A) = ± Y diag(Π_{k≠i} dₖ) X;
//! D² det(A)[H, K] = ± Σ_{i≠j} (hᵢᵢ kⱼⱼ − hᵢⱼ kⱼᵢ) Π_{k≠i,j} dₖ.
//!
//! On the diagonal i = j that bracket is 0, so that anything may stand there for the products of all pivots
//! but two: they are m (xᵢ yⱼ + xⱼ yᵢ), where d and e are the last two pivots, m is the product of the
//! others, x is d over each pivot and 0 in the last place, y is 1 in the last place and x·e/(2d) in the
//! others. That makes two matrices, P = m Y diag(x) X and Q = Y diag(y) X, of which
//! D² det(A)[H, K] = tr(P H) tr(Q K) + tr(Q H) tr(P K) − tr(P H Q K) − tr(Q H P K).
//!
//! Where A is well conditioned all this comes of its inverse, by the factors that are there already.

use super::Factors;
use crate::kernel::memory::Scratch;
use crate::kernel::scalar::Scalar;

/// Up to this condition an inverse loses no more than two digits where two of them cancel.
const WELL_CONDITIONED: f64 = 100.0;

/// A product of numbers that neither overflows nor underflows on the way.
#[derive(Clone, Copy)]
pub(super) struct Product {
    value: f64,
    /// How many factors 2²⁵⁶ are beside it.
    steps: i32,
}

impl Product {
    const STEP: f64 = 1.157_920_892_373_162e77;

    pub(super) fn of<T: Scalar>(factors: impl IntoIterator<Item = T>) -> Self {
        factors.into_iter().fold(Self { value: 1.0, steps: 0 }, |p, x| p.times(x.to_f64()))
    }

    #[inline]
    fn times(self, x: f64) -> Self {
        let (x, y) = (Self { value: x, steps: self.steps }.normal(), Self { steps: 0, ..self }.normal());
        Self { value: x.value * y.value, steps: x.steps + y.steps }
    }

    fn normal(mut self) -> Self {
        while self.value.is_finite() && self.value.abs() > Self::STEP {
            self.value /= Self::STEP;
            self.steps += 1;
        }
        while self.value != 0.0 && self.value.abs() < 1.0 / Self::STEP {
            self.value *= Self::STEP;
            self.steps -= 1;
        }
        self
    }

    /// Multiplies numbers by it. It may be out of range where their products with it are not.
    fn scale<T: Scalar>(self, numbers: &mut [T]) {
        if self.steps == 0 {
            numbers.iter_mut().for_each(|x| *x = T::from_f64(x.to_f64() * self.value));
        } else {
            numbers.iter_mut().for_each(|x| *x = T::from_f64(self.times(x.to_f64()).value()));
        }
    }

    pub(super) fn value(self) -> f64 {
        let step = if self.steps < 0 { 1.0 / Self::STEP } else { Self::STEP };
        (0..self.steps.unsigned_abs()).fold(self.value, |p, _| p * step)
    }
}

/// Which of the pair.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    First,
    Second,
}

impl<T: Scalar> Factors<'_, T> {
    /// Writes the adjugate of `a`, of which these are the factors, to `out`: det(A) A⁻¹, and what that tends
    /// to where A is singular.
    ///
    /// # Panics
    /// If a slice is shorter than n·n.
    pub fn adjugate(&self, a: &[T], out: &mut [T]) {
        let n = self.n;
        if self.inverted(out).is_some() {
            let det = Product::of(super::pivots(self.lu, n)).times(self.sign().to_f64());
            det.scale(&mut out[..n * n]);
            return;
        }
        Eliminated::of(a, n).combine(out, |e, i| {
            let others = (0..n).filter(|&k| k != i).map(|k| e.pivot(k));
            Product::of(others).times(e.sign).value()
        });
    }

    /// Writes P of the pair of which the derivative of the adjugate of `a` is made to `out`.
    ///
    /// # Panics
    /// If a slice is shorter than n·n.
    pub fn adjugate_first(&self, a: &[T], out: &mut [T]) {
        self.adjugate_part(a, out, Part::First);
    }

    /// Writes Q of the pair of which the derivative of the adjugate of `a` is made to `out`.
    ///
    /// # Panics
    /// If a slice is shorter than n·n.
    pub fn adjugate_second(&self, a: &[T], out: &mut [T]) {
        self.adjugate_part(a, out, Part::Second);
    }

    fn adjugate_part(&self, a: &[T], out: &mut [T], part: Part) {
        let n = self.n;
        let a = &a[..n * n];
        if n < 2 {
            return out[..n].fill(T::ZERO);
        }
        if let Some(size) = self.inverted(out) {
            let greatest = a.iter().fold(0.0, |m: f64, x| m.max(x.abs().to_f64()));
            if n as f64 * greatest * size <= WELL_CONDITIONED {
                let det = Product::of(super::pivots(self.lu, n)).times(self.sign().to_f64());
                match part {
                    Part::First => det.times(size).scale(&mut out[..n * n]),
                    Part::Second => {
                        out[..n * n].iter_mut().for_each(|x| *x = T::from_f64(0.5 * (x.to_f64() / size)));
                    }
                }
                return;
            }
        }
        let over = |x: f64, by: f64| if x == 0.0 { 0.0 } else { x / by };
        let weight = |e: &Eliminated<T>, i: usize| match i {
            i if i == n - 1 => 0.0,
            i if i == n - 2 => 1.0,
            i => over(e.pivot(n - 2).to_f64(), e.pivot(i).to_f64()),
        };
        Eliminated::of(a, n).combine(out, |e, i| match part {
            Part::First => {
                let others = (0..n - 2).map(|k| e.pivot(k));
                weight(e, i) * Product::of(others).times(e.sign).value()
            }
            Part::Second if i == n - 1 => 1.0,
            Part::Second => 0.5 * weight(e, i) * over(e.pivot(n - 1).to_f64(), e.pivot(n - 2).to_f64()),
        });
    }

    /// Writes the inverse to `out`, if there is one: its greatest entry.
    fn inverted(&self, out: &mut [T]) -> Option<f64> {
        self.inverse(out, "").ok()?;
        let size = out[..self.n * self.n].iter().fold(0.0, |m: f64, x| {
            // NaN, too, is none.
            if x.is_finite() { m.max(x.abs().to_f64()) } else { f64::INFINITY }
        });
        (size.is_finite() && size > 0.0).then_some(size)
    }
}

/// R A C = L D U.
struct Eliminated<T: Scalar> {
    n: usize,
    /// L below the diagonal, D on it, U above; then which row, and then which column, of A is in each place;
    /// then numbers for one more row.
    all: Scratch<T>,
    /// The determinant of R and C.
    sign: f64,
}

impl<T: Scalar> Eliminated<T> {
    fn of(a: &[T], n: usize) -> Self {
        let mut all = Scratch::new(n * n + 3 * n);
        let (m, places) = all.split_at_mut(n * n);
        m.copy_from_slice(&a[..n * n]);
        if m.iter().any(|x| !x.is_finite()) {
            m.fill(T::NAN);
        }
        let (rows, rest) = places.split_at_mut(n);
        let columns = &mut rest[..n];
        (0..n).for_each(|k| (rows[k], columns[k]) = (T::from_usize(k), T::from_usize(k)));
        let mut sign = 1.0;
        for c in 0..n {
            let (mut r, mut k) = (c, c);
            for row in c..n {
                for column in c..n {
                    if m[row * n + column].abs() > m[r * n + k].abs() {
                        (r, k) = (row, column);
                    }
                }
            }
            if r != c {
                super::lu::swap_rows(m, n, c, r);
                rows.swap(c, r);
                sign = -sign;
            }
            if k != c {
                m.chunks_exact_mut(n).for_each(|row| row.swap(c, k));
                columns.swap(c, k);
                sign = -sign;
            }
            let pivot = m[c * n + c];
            if pivot == T::ZERO {
                break;
            }
            let (above, below) = m.split_at_mut((c + 1) * n);
            let above = &mut above[c * n..][c + 1..];
            for row in below.chunks_exact_mut(n) {
                let factor = row[c] / pivot;
                row[c] = factor;
                row[c + 1..].iter_mut().zip(&*above).for_each(|(x, &u)| *x -= factor * u);
            }
            above.iter_mut().for_each(|u| *u /= pivot);
        }
        Self { n, all, sign }
    }

    fn pivot(&self, k: usize) -> T {
        self.all[k * self.n + k]
    }

    /// Writes Y diag(x) X to `out`.
    fn combine(&mut self, out: &mut [T], x: impl Fn(&Self, usize) -> f64) {
        let n = self.n;
        for i in 0..n {
            let weight = x(self, i);
            self.all[n * n + 2 * n + i] = T::from_f64(weight);
        }
        let (m, places) = self.all.split_at_mut(n * n);
        // L and U become their inverses: L⁻¹ by its rows from above, U⁻¹ by its columns from the left.
        for i in 0..n {
            for k in 0..i {
                let (mut l, mut u) = (m[i * n + k], m[k * n + i]);
                for r in k + 1..i {
                    l += m[i * n + r] * m[r * n + k];
                    u += m[k * n + r] * m[r * n + i];
                }
                (m[i * n + k], m[k * n + i]) = (-l, -u);
            }
        }
        let (rows, rest) = places.split_at(n);
        let (columns, weights) = rest.split_at(n);
        for r in 0..n {
            for c in 0..n {
                let from = r.max(c);
                // Both have ones on their diagonals, where D stands.
                let at = |i: usize, row: usize, column: usize| if row == column { T::ONE } else { m[i] };
                let term = |i: usize| at(r * n + i, r, i) * weights[i] * at(i * n + c, i, c);
                let sum = (from..n).fold(T::ZERO, |sum, i| sum + term(i));
                out[columns[r].to_f64() as usize * n + rows[c].to_f64() as usize] = sum;
            }
        }
    }
}
