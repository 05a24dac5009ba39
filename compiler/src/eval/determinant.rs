//! Determinants and what their derivatives are made of, of singular matrices too.
//!
//! By elimination with complete pivoting, R A C = L D U, R and C permutations, L and U with unit diagonals:
//! what A lacks of full rank shows in the last pivots. With X = L⁻¹ R, Y = C U⁻¹ and h = X H Y, the derivatives of the
//! determinant are polynomials in the pivots d, without a division by one that may be 0:
//!
//! D det(A)[H] = ± Σᵢ hᵢᵢ Π_{k≠i} dₖ and D² det(A)[H, K] = ± Σ_{i≠j} (hᵢᵢ kⱼⱼ − hᵢⱼ kⱼᵢ) Π_{k≠i,j} dₖ.

use crate::ir::Cofactors;

/// R A C = L D U.
struct Eliminated {
    n: usize,
    /// L below the diagonal, D on it, U above.
    entries: Vec<f64>,
    /// Which row and which column of A stands in each place.
    rows: Vec<usize>,
    columns: Vec<usize>,
    /// The determinant of R and C.
    sign: f64,
}

impl Eliminated {
    fn of(a: &[f64], n: usize) -> Self {
        let mut m = a.to_vec();
        m.resize(n * n, f64::NAN);
        let (mut rows, mut columns): (Vec<usize>, Vec<usize>) = ((0..n).collect(), (0..n).collect());
        let mut sign = 1.0;
        for c in 0..n {
            let places = (c..n).flat_map(|r| (c..n).map(move |k| (r, k)));
            let size = |(r, k): (usize, usize)| m[r * n + k].abs();
            let (r, k) = places.fold((c, c), |best, at| if size(at) > size(best) { at } else { best });
            if r != c {
                (0..n).for_each(|k| m.swap(r * n + k, c * n + k));
                rows.swap(r, c);
                sign = -sign;
            }
            if k != c {
                (0..n).for_each(|r| m.swap(r * n + k, r * n + c));
                columns.swap(k, c);
                sign = -sign;
            }
            let pivot = m[c * n + c];
            if pivot == 0.0 {
                break;
            }
            for r in c + 1..n {
                let factor = m[r * n + c] / pivot;
                m[r * n + c] = factor;
                for k in c + 1..n {
                    m[r * n + k] -= factor * m[c * n + k];
                }
            }
            for k in c + 1..n {
                m[c * n + k] /= pivot;
            }
        }
        let mut eliminated = Self { n, entries: m, rows, columns, sign };
        if n > 1 && vanishes(a, n) == Some(true) {
            eliminated.entries[n * n - 1] = 0.0;
        }
        eliminated
    }

    fn pivots(&self) -> Vec<f64> {
        (0..self.n).map(|k| self.entries[k * self.n + k]).collect()
    }

    /// Y diag(x) X
    fn combined(&self, x: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut out = vec![0.0; n * n];
        for i in (0..n).filter(|&i| x[i] != 0.0) {
            // Row i of L⁻¹ solves l L = eᵢ, column i of U⁻¹ solves U u = eᵢ.
            let (mut l, mut u) = (vec![0.0; n], vec![0.0; n]);
            (l[i], u[i]) = (1.0, 1.0);
            for k in (0..i).rev() {
                l[k] = -(k + 1..=i).map(|r| l[r] * self.entries[r * n + k]).sum::<f64>();
                u[k] = -(k + 1..=i).map(|c| self.entries[k * n + c] * u[c]).sum::<f64>();
            }
            for r in 0..=i {
                for c in 0..=i {
                    out[self.columns[r] * n + self.rows[c]] += u[r] * x[i] * l[c];
                }
            }
        }
        out
    }
}

/// The product of numbers, which neither overflows nor underflows on the way.
fn product(numbers: impl IntoIterator<Item = f64>) -> f64 {
    const STEP: f64 = 1.157_920_892_373_162e77; // 2²⁵⁶
    let (mut product, mut steps) = (1.0_f64, 0);
    for mut x in numbers {
        for factor in [&mut x, &mut product] {
            while factor.is_finite() && factor.abs() > STEP {
                *factor /= STEP;
                steps += 1;
            }
            while *factor != 0.0 && factor.abs() < 1.0 / STEP {
                *factor *= STEP;
                steps -= 1;
            }
        }
        product *= x;
    }
    let step = if steps < 0 { 1.0 / STEP } else { STEP };
    (0..i32::abs(steps)).fold(product, |p, _| p * step)
}

/// Whether the determinant is 0, where entries that are multiples of one power of two are small enough to say
/// it exactly: by elimination without fractions (Bareiss, Math. Comp. 22, 1968).
fn vanishes(a: &[f64], n: usize) -> Option<bool> {
    let largest = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    // 2⁶² bounds the largest; of what does not come out whole then, nothing is known.
    let scale = f64::exp2(61.0 - largest.log2().floor());
    let whole = |x: &f64| Some((x * scale) as i128).filter(|w| *w as f64 == x * scale);
    let mut m: Vec<i128> = a.iter().map(whole).collect::<Option<_>>()?;
    let shift = m.iter().filter(|w| **w != 0).map(|w| w.trailing_zeros()).min().unwrap_or(0);
    m.iter_mut().for_each(|w| *w >>= shift);
    let mut before = 1;
    for c in 0..n {
        let Some(r) = (c..n).find(|r| m[r * n + c] != 0) else { return Some(true) };
        (0..n).filter(|_| r != c).for_each(|k| m.swap(r * n + k, c * n + k));
        let pivot = m[c * n + c];
        for r in c + 1..n {
            for k in c + 1..n {
                let (ahead, back) =
                    (m[r * n + k].checked_mul(pivot)?, m[r * n + c].checked_mul(m[c * n + k])?);
                m[r * n + k] = ahead.checked_sub(back)? / before;
            }
        }
        before = pivot;
    }
    Some(false)
}

fn is_finite(a: &[f64]) -> bool {
    a.iter().all(|x| x.is_finite())
}

/// The determinant.
pub(super) fn determinant(a: &[f64], n: usize) -> f64 {
    match a {
        [only] => *only,
        _ if !is_finite(a) => f64::NAN,
        _ => {
            let e = Eliminated::of(a, n);
            product(e.pivots().into_iter().chain([e.sign]))
        }
    }
}

/// Whether there is no inverse.
pub(super) fn is_singular(a: &[f64], n: usize) -> bool {
    Eliminated::of(a, n).pivots().contains(&0.0)
}

/// Σ log of the pivots, so that a huge or tiny determinant does not overflow; −∞ where it is 0, NaN where it
/// is negative.
pub(super) fn log_determinant(a: &[f64], n: usize) -> f64 {
    let e = Eliminated::of(a, n);
    let pivots = e.pivots();
    if pivots.contains(&0.0) {
        return f64::NEG_INFINITY;
    }
    let negative = pivots.iter().filter(|p| **p < 0.0).count() + usize::from(e.sign < 0.0);
    if negative % 2 == 1 {
        return f64::NAN;
    }
    pivots.iter().map(|p| p.abs().ln()).sum()
}

/// The adjugate, or a part of its derivative.
pub(super) fn cofactors(a: &[f64], n: usize, part: Cofactors) -> Vec<f64> {
    if n > 1 && !is_finite(a) {
        return vec![f64::NAN; n * n];
    }
    match part {
        Cofactors::Adjugate => adjugate(a, n),
        Cofactors::First => pair(a, n).0,
        Cofactors::Second => pair(a, n).1,
    }
}

/// By its definition, minor for minor.
fn adjugate(a: &[f64], n: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| {
        let kept = (0..n * n).filter(|at| at / n != j && at % n != i);
        let minor: Vec<f64> = kept.map(|at| a[at]).collect();
        let sign = if (i + j).is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * determinant(&minor, n - 1)
    };
    (0..n * n).map(|at| entry(at / n, at % n)).collect()
}

/// P and Q. What is wanted are products of all pivots but two, and on a diagonal that cancels anything:
/// `m (xᵢ yⱼ + xⱼ yᵢ)`, where d and e are the last two pivots, m is the product of the others,
/// x is d over each pivot and 0 in the last place, y is 1 in the last place and x·e/(2d) in the others.
fn pair(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    if n < 2 {
        return (vec![0.0; n * n], vec![0.0; n * n]);
    }
    let eliminated = Eliminated::of(a, n);
    let pivots = eliminated.pivots();
    let (d, e) = (pivots[n - 2], pivots[n - 1]);
    let over = |x: f64, by: f64| if x == 0.0 { 0.0 } else { x / by };
    let mut x: Vec<f64> = pivots.iter().map(|&p| over(d, p)).collect();
    (x[n - 2], x[n - 1]) = (1.0, 0.0);
    let mut y: Vec<f64> = x.iter().map(|x| x * 0.5 * over(e, d)).collect();
    y[n - 1] = 1.0;
    let m = product(pivots[..n - 2].iter().copied().chain([eliminated.sign]));
    let first = eliminated.combined(&x.iter().map(|x| m * x).collect::<Vec<_>>());
    (first, eliminated.combined(&y))
}
