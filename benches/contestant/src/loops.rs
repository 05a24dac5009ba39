//! W10 to W12 by hand: loops over slices, and for the linear algebra `ndarray`; buffers made once.

use crate::hand::Number;
use crate::inputs::{FACTORS, LAMBDA, Points, Ratings, USERS};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, Zip, s};

/// Sums side by side, so that loops fill vectors.
const LANES: usize = 16;
/// Terms that are added up in lanes before they go into the sum.
const TERMS: usize = 4096;
/// Columns of a matrix that are eliminated together.
const BLOCK: usize = 32;

/// W10: value and gradient, each entry from its neighbours, in one pass.
pub fn chain<T: Number>(x: &[T], gradient: &mut [T]) -> f64 {
    let [k100, k200, k400] = [100.0, 200.0, 400.0].map(T::from_f64);
    let two = T::ONE + T::ONE;
    // The term that starts here, and its derivative by x[i].
    let term = |x: T, next: T| {
        let (u, v) = (next - x * x, T::ONE - x);
        (k100 * u * u + v * v, -k400 * x * u - two * v)
    };
    let (&[first, second, ..], last) = (x, x.len().max(1) - 1) else { return 0.0 };
    let (value, slope) = term(first, second);
    gradient[0] = slope;
    gradient[last] = k200 * (x[last] - x[last - 1] * x[last - 1]);
    let mut sum = value.to_f64();
    let inner = gradient[1..last].chunks_mut(TERMS).zip(x[1..last].chunks(TERMS));
    let around = x[..last - 1].chunks(TERMS).zip(x[2..].chunks(TERMS));
    for ((gradient, x), (before, next)) in inner.zip(around) {
        let mut lanes = [T::ZERO; LANES];
        let mut at = 0;
        while at < x.len() {
            let width = LANES.min(x.len() - at);
            let (gradient, x) = (&mut gradient[at..][..width], &x[at..][..width]);
            let (before, next) = (&before[at..][..width], &next[at..][..width]);
            for lane in 0..width {
                let (value, slope) = term(x[lane], next[lane]);
                lanes[lane] += value;
                gradient[lane] = k200 * (x[lane] - before[lane] * before[lane]) + slope;
            }
            at += width;
        }
        sum += lanes.iter().map(|l| l.to_f64()).sum::<f64>();
    }
    sum
}

/// W11, with room for its matrices, of which all but the inverse have their lower half alone.
#[derive(Debug)]
pub struct Likelihood<'a> {
    data: &'a Points,
    /// A row a coordinate.
    coordinates: Array2<f64>,
    squares: Array2<f64>,
    kernel: Array2<f64>,
    factor: Array2<f64>,
    inverse_factor: Array2<f64>,
    inverse: Array2<f64>,
}

impl<'a> Likelihood<'a> {
    /// Of these points.
    #[must_use]
    pub fn new(data: &'a Points) -> Self {
        let n = data.y.len();
        let square = Array2::zeros((n, n));
        Self {
            data,
            coordinates: data.x.t().as_standard_layout().into_owned(),
            squares: square.clone(),
            kernel: square.clone(),
            factor: square.clone(),
            inverse_factor: square.clone(),
            inverse: square,
        }
    }

    /// The kernel without the noise, and what its exponentials have of the distances.
    fn kernel(&mut self, length: f64, signal: f64) {
        let scale = (-2.0 * length).exp();
        for (i, mut squares) in self.squares.rows_mut().into_iter().enumerate() {
            let mut squares = squares.slice_mut(s![..=i]);
            squares.fill(0.0);
            for x in self.coordinates.rows() {
                squares.zip_mut_with(&x.slice(s![..=i]), |sum, y| *sum += (x[i] - y) * (x[i] - y));
            }
            squares *= scale;
            let kernel = self.kernel.row_mut(i);
            Zip::from(kernel.slice_move(s![..=i]))
                .and(&squares)
                .for_each(|k, s| *k = (signal - 0.5 * s).exp());
        }
    }

    /// L of L Lᵀ = K + noise I, some columns at a time; the same rows of L⁻¹; then L⁻ᵀ L⁻¹.
    fn factor(&mut self, noise: f64) {
        let n = self.data.y.len();
        for from in (0..n).step_by(BLOCK) {
            let to = n.min(from + BLOCK);
            let (known, mut rest) = self.factor.view_mut().split_at(Axis(1), from);
            let mut columns = rest.slice_mut(s![from.., ..to - from]);
            columns.assign(&self.kernel.slice(s![from.., from..to]));
            columns.diag_mut().mapv_inplace(|k| k + noise);
            let known = known.slice(s![from.., ..]);
            general_mat_mul(-1.0, &known, &known.slice(s![..to - from, ..]).t(), 1.0, &mut columns);
            for i in 0..n - from {
                let (above, mut rest) = columns.view_mut().split_at(Axis(0), i);
                let mut row = rest.row_mut(0);
                for (j, other) in above.rows().into_iter().take(to - from).enumerate() {
                    row[j] = (row[j] - row.slice(s![..j]).dot(&other.slice(s![..j]))) / other[j];
                }
                if i < to - from {
                    row[i] = (row[i] - row.slice(s![..i]).dot(&row.slice(s![..i]))).sqrt();
                }
            }

            let (above, mut rest) = self.inverse_factor.view_mut().split_at(Axis(0), from);
            let mut rows = rest.slice_mut(s![..to - from, ..to]);
            let (mut left, mut right) = rows.view_mut().split_at(Axis(1), from);
            general_mat_mul(
                -1.0,
                &known.slice(s![..to - from, ..]),
                &above.slice(s![.., ..from]),
                0.0,
                &mut left,
            );
            right.fill(0.0);
            right.diag_mut().fill(1.0);
            for i in 0..to - from {
                let (above, mut rest) = rows.view_mut().split_at(Axis(0), i);
                let mut row = rest.row_mut(0);
                for (k, other) in above.rows().into_iter().enumerate() {
                    row.scaled_add(-columns[[i, k]], &other);
                }
                row /= columns[[i, i]];
            }
        }
        general_mat_mul(1.0, &self.inverse_factor.t(), &self.inverse_factor, 0.0, &mut self.inverse);
    }

    /// The value, and its derivatives by the logarithms of the length scale, the signal's variance and the
    /// noise's: those of K weighted by K⁻¹ − (K⁻¹ y) (K⁻¹ y)ᵀ.
    pub fn gradient(&mut self, [length, signal, noise]: [f64; 3]) -> (f64, [f64; 3]) {
        let noise = noise.exp();
        self.kernel(length, signal);
        self.factor(noise);
        let (n, y) = (self.data.y.len(), &self.data.y);
        let a: Array1<f64> = self.inverse.dot(y);
        let [mut by_length, mut by_signal, mut by_noise] = [0.0; 3];
        for i in 0..n {
            let [mut row_by_length, mut row_by_signal] = [0.0; 2];
            let rows = Zip::from(self.inverse.slice(s![i, ..i])).and(a.slice(s![..i]));
            let rows = rows.and(self.kernel.slice(s![i, ..i])).and(self.squares.slice(s![i, ..i]));
            rows.for_each(|inverse, other, kernel, squares| {
                let weighted = (inverse - a[i] * other) * kernel;
                row_by_signal += weighted;
                row_by_length += weighted * squares;
            });
            let own = self.inverse[[i, i]] - a[i] * a[i];
            by_length += row_by_length;
            by_signal += row_by_signal + 0.5 * own * self.kernel[[i, i]];
            by_noise += 0.5 * own * noise;
        }
        let determinant: f64 = self.factor.diag().iter().map(|p| p.ln()).sum();
        let value = 0.5 * (y.dot(&a) + n as f64 * (2.0 * std::f64::consts::PI).ln()) + determinant;
        (value, [by_length, by_signal, by_noise])
    }
}

/// W12: value and gradient, the penalty first, then a pass over the ratings as they stand.
pub fn rated<T: Number>(data: &Ratings<T>, gradient: &mut [T]) -> f64 {
    let (lambda, two) = (T::from_f64(LAMBDA), T::ONE + T::ONE);
    let (factors, gradient) = (data.factors.as_chunks::<FACTORS>().0, gradient.as_chunks_mut::<FACTORS>().0);
    let mut penalty = [T::ZERO; FACTORS];
    for (gradient, factors) in gradient.iter_mut().zip(factors) {
        for k in 0..FACTORS {
            gradient[k] = lambda * factors[k];
            penalty[k] += factors[k] * factors[k];
        }
    }
    let ((users, items), (by_users, by_items)) = (factors.split_at(USERS), gradient.split_at_mut(USERS));
    let mut sum = 0.5 * LAMBDA * penalty.iter().map(|p| p.to_f64()).sum::<f64>();
    for ((&r, &p), &q) in data.r.iter().zip(&data.p).zip(&data.q) {
        let (user, item) = (&users[p as usize], &items[q as usize]);
        let mut products = [T::ZERO; FACTORS];
        for k in 0..FACTORS {
            products[k] = user[k] * item[k];
        }
        let mut width = FACTORS / 2;
        while width > 0 {
            for k in 0..width {
                products[k] += products[k + width];
            }
            width /= 2;
        }
        let rest = products[0] - r;
        sum += (rest * rest).to_f64();
        add(&mut by_users[p as usize], two * rest, item);
        add(&mut by_items[q as usize], two * rest, user);
    }
    sum
}

/// sum += factor·x
fn add<T: Number>(sum: &mut [T; FACTORS], factor: T, x: &[T; FACTORS]) {
    for k in 0..FACTORS {
        sum[k] += factor * x[k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indices::{Chain, Process, Rated};
    use crate::inputs::{ITEMS, symmetric};
    use gradsmith::Objective;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-10 * a.abs(), "{a} and {b}");
    }

    #[test]
    fn by_hand_and_derived_agree() -> Result<(), gradsmith::Error> {
        for n in [2, 3, 18, 10_000] {
            let x = symmetric(1000, n, 1.5);
            let (value, slopes) = Chain::default().prepare(n)?.value_and_gradient(&x)?;
            let mut by_hand = vec![0.0; n];
            near(value, chain(&x, &mut by_hand));
            slopes.iter().zip(&by_hand).for_each(|(&a, &b)| near(a, b));
        }
        let data = Points::new(60);
        let (value, slopes) = Process::new(&data).prepare()?.value_and_gradient(&Points::AT)?;
        let (expected, by_hand) = Likelihood::new(&data).gradient(Points::AT);
        near(value, expected);
        slopes.iter().zip(&by_hand).for_each(|(&a, &b)| near(a, b));
        let data = Ratings::new(5_000);
        let (value, slopes) = Rated::new(&data).prepare(USERS, ITEMS)?.value_and_gradient(&data.factors)?;
        let mut by_hand = vec![0.0; data.factors.len()];
        near(value, rated(&data, &mut by_hand));
        slopes.iter().zip(&by_hand).for_each(|(&a, &b)| near(a, b));
        Ok(())
    }
}
