//! A network class of one's own, in the manner of Nielsen's `network.py`, with the cost as an object: sigmoid
//! layers, feedforward, backpropagation in ndarray, and an optimiser that knows no regularisation.
//!
//! `Quadratic` and `QuadraticL2` differ by their attribute. The network is generic over the cost, and whoever
//! adds `+ l2(lambda)` changes no line of it: not in backpropagation, not in the optimiser.
//!
//! ```text
//! cargo run --release --example own_network
//! ```
#![allow(clippy::print_stdout, reason = "a program that reports on standard output")]

use gradsmith::{Cost, Error, Rng, metrics::accuracy};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis};

#[derive(Cost)]
#[cost(quadratic)]
pub(crate) struct Quadratic;

#[derive(Cost)]
#[cost(quadratic + l2(lambda))]
pub(crate) struct QuadraticL2 {
    pub(crate) lambda: f64,
}

/// Gradient descent, θ ← θ − η g. It sees numbers and a gradient, and cannot know what they stand for.
pub(crate) fn descend(learning_rate: f64, numbers: &mut [f64], gradient: &[f64]) {
    for (number, slope) in numbers.iter_mut().zip(gradient) {
        *number -= learning_rate * slope;
    }
}

/// Weights (units × inputs) and biases of one layer, or the gradient by them.
#[derive(Clone)]
pub(crate) struct Layer {
    pub(crate) w: Array2<f64>,
    pub(crate) b: Array1<f64>,
}

/// Sigmoid layers, and a cost of whatever kind.
pub(crate) struct Network<C> {
    pub(crate) layers: Vec<Layer>,
    pub(crate) cost: C,
}

impl<C: Cost<Scalar = f64>> Network<C> {
    pub(crate) fn new(sizes: &[usize], cost: C, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let layers = sizes.windows(2).map(|n| Layer {
            w: Array2::from_shape_simple_fn((n[1], n[0]), || rng.normal()),
            b: Array1::from_shape_simple_fn(n[1], || rng.normal()),
        });
        Self { layers: layers.collect(), cost }
    }

    /// The activations of all layers, the inputs first; a row an example.
    pub(crate) fn feedforward(&self, x: &Array2<f64>) -> Vec<Array2<f64>> {
        let mut activations = vec![x.clone()];
        for layer in &self.layers {
            let z = activations[activations.len() - 1].dot(&layer.w.t()) + &layer.b;
            activations.push(z.mapv(|z| 1.0 / (1.0 + (-z).exp())));
        }
        activations
    }

    /// The gradient of C by all weights and biases. The cost is asked three questions: ∂C/∂a, and the direct
    /// ∂C/∂w and ∂C/∂b, to which back-propagation adds δ aᵀ and δ.
    pub(crate) fn backprop(&self, x: &Array2<f64>, y: &Array2<f64>) -> Result<Vec<Layer>, Error> {
        let a = self.feedforward(x);
        let mut gradient = self.layers.clone();
        let mut d_a = self.cost.d_activation(a[self.layers.len()].view(), y.view())?;
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let delta = d_a * a[l + 1].mapv(|a| a * (1.0 - a));
            self.cost.d_weight_into(layer.w.view(), gradient[l].w.view_mut())?;
            general_mat_mul(1.0, &delta.t(), &a[l], 1.0, &mut gradient[l].w);
            gradient[l].b = self.cost.d_bias(layer.b.view())? + delta.sum_axis(Axis(0));
            d_a = delta.dot(&layer.w);
        }
        Ok(gradient)
    }

    /// The optimiser gets numbers, one array after the other, each beside its gradient.
    pub(crate) fn train(&mut self, x: &Array2<f64>, y: &Array2<f64>, steps: usize) -> Result<(), Error> {
        const ROWS: &str = "arrays made above lie row by row";
        for _ in 0..steps {
            for (by, layer) in self.backprop(x, y)?.iter().zip(&mut self.layers) {
                descend(2.0, layer.w.as_slice_mut().expect(ROWS), by.w.as_slice().expect(ROWS));
                descend(2.0, layer.b.as_slice_mut().expect(ROWS), by.b.as_slice().expect(ROWS));
            }
        }
        Ok(())
    }
}

/// Points of a square, and whether their coordinates are of one sign; a share `wrong` of the answers is
/// false.
fn exclusive_or(count: usize, wrong: f64, seed: u64) -> (Array2<f64>, Array2<f64>) {
    let mut rng = Rng::new(seed);
    let x = Array2::from_shape_simple_fn((count, 2), || 2.0 * rng.uniform() - 1.0);
    let y = x.map_axis(Axis(1), |p| f64::from((p[0] * p[1] > 0.0) != (rng.uniform() < wrong)));
    (x, y.insert_axis(Axis(1)))
}

fn report<C: Cost<Scalar = f64>>(cost: C) -> Result<(), Error> {
    println!("{}", C::DERIVATION);
    let ((x, y), (new_x, new_y)) = (exclusive_or(100, 0.1, 1), exclusive_or(2000, 0.0, 99));
    let mut network = Network::new(&[2, 8, 1], cost, 3);
    for steps in (2000..=10_000).step_by(2000) {
        network.train(&x, &y, 2000)?;
        let weights: Vec<_> = network.layers.iter().map(|layer| layer.w.view()).collect();
        let value = network.cost.value(network.feedforward(&x)[2].view(), y.view(), &weights, &[])?;
        let right = 100.0 * accuracy(network.feedforward(&new_x)[2].view(), new_y.view())?;
        println!("{steps:>6} steps: {value}; {right:.1} % of new points right");
    }
    println!();
    Ok(())
}

fn main() -> Result<(), Error> {
    report(Quadratic)?;
    report(QuadraticL2 { lambda: 0.0002 })?;
    println!("Both were asked for ∂C/∂a at every step, and gave the same answer for the same a and y:");
    println!("the penalty does not mention a. It reached the weights by ∂C/∂w, and the optimiser saw no λ.");
    Ok(())
}
