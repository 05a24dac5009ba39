//! W1 to W3, W5a and W6a by hand on `ndarray`: buffers made once, `ndarray`'s product, element-wise passes
//! fused.

use crate::clock::norm;
use crate::inputs::{Factorisation, LAMBDA, Perceptron, RATE, Regression};
use gradsmith::Scalar;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, LinalgScalar, Zip};

/// What a number must be for `ndarray`'s product and std's functions.
pub trait Number: Scalar + LinalgScalar {
    /// std's.
    fn std_exp(self) -> Self;
    /// std's.
    fn std_ln(self) -> Self;
}

macro_rules! number {
    ($t:ident) => {
        impl Number for $t {
            fn std_exp(self) -> Self {
                self.exp()
            }
            fn std_ln(self) -> Self {
                self.ln()
            }
        }
    };
}

number!(f32);
number!(f64);

/// A layer's activation, and what follows the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// ReLU and half the squared distance.
    Regression,
    /// Sigmoid and cross-entropy.
    Binary,
    /// ReLU, softmax and cross-entropy.
    Classes,
}

/// A network of W1 to W3: weights inputs × units.
#[derive(Debug)]
pub struct Net<T> {
    kind: Kind,
    lambda: T,
    seed: Perceptron<T>,
    slopes: Vec<Array2<T>>,
    bias_slopes: Vec<Array1<T>>,
    activations: Vec<Array2<T>>,
    deltas: Vec<Array2<T>>,
}

impl<T: Number> Net<T> {
    /// The network of workload 1, 2 or 3.
    #[must_use]
    pub fn new(workload: u64, batch: usize) -> Self {
        let seed = Perceptron::of(workload, batch);
        let layer = |w: &Array2<T>| Array2::zeros((batch, w.ncols()));
        Self {
            kind: match workload {
                1 => Kind::Regression,
                2 => Kind::Binary,
                _ => Kind::Classes,
            },
            lambda: T::from_f64(if workload == 1 { 0.0 } else { LAMBDA }),
            slopes: seed.weights.iter().map(|w| Array2::zeros(w.dim())).collect(),
            bias_slopes: seed.biases.iter().map(|b| Array1::zeros(b.dim())).collect(),
            activations: seed.weights.iter().map(layer).collect(),
            deltas: seed.weights.iter().map(layer).collect(),
            seed,
        }
    }

    fn forwards(&mut self) {
        let layers = self.seed.weights.len();
        for l in 0..layers {
            let (before, rest) = self.activations.split_at_mut(l);
            let (input, z) = (before.last().unwrap_or(&self.seed.x), &mut rest[0]);
            general_mat_mul(T::ONE, input, &self.seed.weights[l], T::ZERO, z);
            let (hidden, sigmoid) = (l + 1 < layers, self.kind == Kind::Binary);
            for row in z.rows_mut() {
                let pairs = Zip::from(row).and(&self.seed.biases[l]);
                match (hidden, sigmoid) {
                    (false, _) => pairs.for_each(|z, &b| *z += b),
                    (_, true) => pairs.for_each(|z, &b| *z = T::ONE / (T::ONE + (-(*z + b)).std_exp())),
                    (_, false) => {
                        pairs.for_each(|z, &b| *z = if *z + b > T::ZERO { *z + b } else { T::ZERO })
                    }
                }
            }
        }
    }

    /// The value of the last layer's cost; its delta.
    fn cost(&mut self) -> T {
        let m = T::from_usize(self.seed.x.nrows());
        let (Some(z), Some(delta)) = (self.activations.last(), self.deltas.last_mut()) else {
            return T::ZERO;
        };
        let mut sum = T::ZERO;
        match self.kind {
            Kind::Regression => Zip::from(delta).and(z).and(&self.seed.y).for_each(|d, &z, &y| {
                sum += (z - y) * (z - y) / (T::ONE + T::ONE);
                *d = (z - y) / m;
            }),
            Kind::Binary => Zip::from(delta).and(z).and(&self.seed.y).for_each(|d, &z, &y| {
                let e = (-z.abs()).std_exp();
                sum += if z > T::ZERO { z } else { T::ZERO } + (T::ONE + e).std_ln() - y * z;
                *d = (if z >= T::ZERO { T::ONE } else { e } / (T::ONE + e) - y) / m;
            }),
            Kind::Classes => {
                Zip::from(delta.rows_mut()).and(z.rows()).and(self.seed.y.rows()).for_each(|mut d, z, y| {
                    let top = z.fold(z[0], |a, &b| if b > a { b } else { a });
                    Zip::from(&mut d).and(&z).for_each(|d, &z| *d = (z - top).std_exp());
                    let total = d.sum();
                    Zip::from(&mut d).and(&z).and(&y).for_each(|d, &z, &y| {
                        sum += y * (total.std_ln() + top - z);
                        *d = (*d / total - y) / m;
                    });
                });
            }
        }
        sum / m
    }

    fn backwards(&mut self) {
        for l in (0..self.seed.weights.len()).rev() {
            let input = if l == 0 { &self.seed.x } else { &self.activations[l - 1] };
            let (before, rest) = self.deltas.split_at_mut(l);
            general_mat_mul(T::ONE, &input.t(), &rest[0], T::ZERO, &mut self.slopes[l]);
            self.bias_slopes[l].fill(T::ZERO);
            for row in rest[0].rows() {
                self.bias_slopes[l] += &row;
            }
            if let Some(delta) = before.last_mut() {
                general_mat_mul(T::ONE, &rest[0], &self.seed.weights[l].t(), T::ZERO, delta);
                let pairs = Zip::from(delta).and(input);
                match self.kind {
                    Kind::Binary => pairs.for_each(|d, &a| *d *= a * (T::ONE - a)),
                    _ => pairs.for_each(|d, &a| *d = if a > T::ZERO { *d } else { T::ZERO }),
                }
            }
        }
    }

    /// Value and gradient.
    pub fn gradient(&mut self) -> T {
        self.forwards();
        let cost = self.cost();
        self.backwards();
        cost
    }

    /// Value, gradient, and a step against it; penalty and step in one pass over the weights.
    pub fn step(&mut self) -> T {
        let cost = self.gradient();
        let (lambda, rate) = (self.lambda, T::from_f64(RATE));
        let mut squares = T::ZERO;
        for (w, g) in self.seed.weights.iter_mut().zip(&mut self.slopes) {
            Zip::from(w.rows_mut()).and(g.rows_mut()).for_each(|w, g| {
                // A sum a row: less is lost than in one long sum.
                let mut row = T::ZERO;
                Zip::from(w).and(g).for_each(|w, g| {
                    row += *w * *w;
                    *g += lambda * *w;
                    *w -= rate * *g;
                });
                squares += row;
            });
        }
        for (b, g) in self.seed.biases.iter_mut().zip(&self.bias_slopes) {
            b.scaled_add(-rate, g);
        }
        cost + lambda * squares / (T::ONE + T::ONE)
    }

    /// Of the last evaluation.
    #[must_use]
    pub fn gradient_norm(&self) -> f64 {
        let weights = self.slopes.iter().flatten();
        norm(&weights.chain(self.bias_slopes.iter().flatten()).copied().collect::<Vec<_>>())
    }
}

/// W5a: value and gradient of a logistic regression.
pub fn logistic<T: Number>(data: &Regression<T>, w: &Array1<T>, gradient: &mut Array1<T>) -> T {
    let (n, lambda) = (T::from_usize(data.x.nrows()), T::from_f64(LAMBDA));
    Zip::from(&mut *gradient).and(w).for_each(|g, &w| *g = lambda * w);
    let mut sum = T::ZERO;
    for (row, &y) in data.x.rows().into_iter().zip(&data.y) {
        let margin = -y * row.dot(w);
        let e = (-margin.abs()).std_exp();
        sum += if margin > T::ZERO { margin } else { T::ZERO } + (T::ONE + e).std_ln();
        let p = if margin >= T::ZERO { T::ONE } else { e } / (T::ONE + e);
        gradient.scaled_add(-y * p / n, &row);
    }
    sum / n + lambda * w.dot(w) / (T::ONE + T::ONE)
}

/// W6a: value and gradient of a masked factorisation; `residual`, n × n, is room for what the pass leaves.
pub fn masked<T: Number>(
    data: &Factorisation<T>,
    u: &Array2<T>,
    residual: &mut Array2<T>,
    gradient: &mut Array2<T>,
) -> T {
    general_mat_mul(T::ONE, u, &data.v.t(), T::ZERO, residual);
    let mut sum = T::ZERO;
    let rows = Zip::from(residual.rows_mut()).and(data.m.rows()).and(data.t.rows());
    rows.for_each(|residual, m, t| {
        // A sum a row: less is lost than in one long sum.
        let mut row = T::ZERO;
        Zip::from(residual).and(m).and(t).for_each(|r, &m, &t| {
            let masked = m * (*r - t);
            row += masked * masked;
            *r = m * masked;
        });
        sum += row;
    });
    general_mat_mul(T::ONE + T::ONE, residual, &data.v, T::ZERO, gradient);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::matrix;
    use crate::networks::{Tiny, Training, deeper, digits};
    use crate::objectives::{Logistic, Masked};
    use gradsmith::Objective;

    #[test]
    fn by_hand_and_derived_agree() -> Result<(), gradsmith::Error> {
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-5 * a.abs(), "{a} and {b}");
        let (mut derived, mut hand) = (Training::new(Tiny, 1, 32)?, Net::<f32>::new(1, 32));
        near(derived.gradient()?.into(), hand.gradient().into());
        near(derived.gradient_norm(), hand.gradient_norm());
        let (mut derived, mut hand) = (Training::new(digits::<f64>(), 2, 10)?, Net::<f64>::new(2, 10));
        for _ in 0..3 {
            near(derived.step()?, hand.step());
        }
        let (mut derived, mut hand) = (Training::new(deeper(), 3, 16)?, Net::<f32>::new(3, 16));
        for _ in 0..3 {
            near(derived.step()?.into(), hand.step().into());
        }
        let data = Regression::<f64>::new();
        let mut problem = Logistic::new(&data).prepare()?;
        let (value, slopes) = problem.value_and_gradient(&data.w)?;
        let (w, mut by_hand) = (Array1::from(data.w.clone()), Array1::zeros(200));
        near(value, logistic(&data, &w, &mut by_hand));
        near(slopes.dot(&slopes), slopes.dot(&by_hand));
        let data = Factorisation::<f64>::new(50, 5);
        let mut problem = Masked::new(&data).prepare()?;
        let (value, slopes) = problem.value_and_gradient(&data.u)?;
        let (u, mut residual, mut by_hand) =
            (matrix(data.u.clone(), 50, 5), Array2::zeros((50, 50)), Array2::zeros((50, 5)));
        near(value, masked(&data, &u, &mut residual, &mut by_hand));
        near(slopes.dot(&slopes), slopes.iter().zip(&by_hand).map(|(a, b)| a * b).sum());
        Ok(())
    }
}
