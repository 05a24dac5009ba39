//! By burn: tensors on backend flex, reverse mode by its tape.

use crate::workload::Kind;
use crate::{Contestant, Data, Failure};
use burn::tensor::activation::{log_softmax, relu, sigmoid, softplus};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use ndarray::{Array1, Array2};
use peers::inputs::{LAMBDA, RATE};

/// The workload of these data.
#[must_use]
pub fn on(data: &Data) -> Box<dyn Contestant + '_> {
    let device = Device::flex().autodiff();
    let matrix = |m: &Array2<f32>| matrix(m, &device);
    let column = |entries: Vec<f32>| {
        let shape = [entries.len(), 1];
        Tensor::<2>::from_data(TensorData::new(entries, shape), &device)
    };
    match data {
        Data::Network(kind, seed) => Box::new(Training {
            kind: *kind,
            x: matrix(&seed.x),
            y: matrix(&seed.y),
            weights: seed.weights.iter().map(|w| matrix(w).require_grad()).collect(),
            biases: seed.biases.iter().map(|b| vector(b, &device).require_grad()).collect(),
        }),
        Data::Regression(data) => {
            let (x, y) = (matrix(&data.x), column(data.y.to_vec()));
            let value = move |w: Tensor<2>| {
                let margin = x.clone().matmul(w.clone()) * y.clone();
                softplus(-margin, 1.0).mean() + w.square().sum() * (LAMBDA / 2.0)
            };
            Box::new(Function { at: column(data.w.clone()).require_grad(), value })
        }
        Data::Factorisation(data) => {
            let (m, v, t) = (matrix(&data.m), matrix(&data.v), matrix(&data.t));
            let u = Tensor::from_data(TensorData::new(data.u.clone(), data.v.shape().to_vec()), &device);
            let value = move |u: Tensor<2>| {
                (m.clone() * (u.matmul(v.clone().transpose()) - t.clone())).square().sum()
            };
            Box::new(Function { at: u.require_grad(), value })
        }
    }
}

fn matrix(m: &Array2<f32>, device: &Device) -> Tensor<2> {
    let entries: Vec<f32> = m.iter().copied().collect();
    Tensor::from_data(TensorData::new(entries, m.shape().to_vec()), device)
}

fn vector(v: &Array1<f32>, device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(v.to_vec(), [v.len()]), device)
}

fn squares<const D: usize>(t: &Tensor<D>) -> f64 {
    t.to_data().iter::<f64>().map(|x| x * x).sum()
}

struct Training {
    kind: Kind,
    x: Tensor<2>,
    y: Tensor<2>,
    weights: Vec<Tensor<2>>,
    biases: Vec<Tensor<1>>,
}

impl Training {
    fn value(&self) -> Tensor<1> {
        let (last, batch) = (self.weights.len() - 1, self.x.dims()[0] as f64);
        let mut a = self.x.clone();
        for (l, (w, b)) in self.weights.iter().zip(&self.biases).enumerate() {
            a = a.matmul(w.clone()) + b.clone().unsqueeze();
            if l < last {
                a = if self.kind == Kind::Binary { sigmoid(a) } else { relu(a) };
            }
        }
        let y = self.y.clone();
        let mut value = match self.kind {
            Kind::Regression => (a - y).square().sum() * (0.5 / batch),
            Kind::Binary => (softplus(a.clone(), 1.0) - y * a).sum() / batch,
            Kind::Classes => (y * log_softmax(a, 1)).sum() / -batch,
        };
        if self.kind.trained() {
            for w in &self.weights {
                value = value + w.clone().square().sum() * (LAMBDA / 2.0);
            }
        }
        value
    }

    /// The value; the gradient's squares are added up where asked for.
    fn evaluate(&mut self, mut sum: Option<&mut f64>) -> Result<f32, Failure> {
        let value = self.value();
        let mut gradients = value.backward();
        let step = self.kind.trained();
        for w in &mut self.weights {
            update(w, &mut gradients, step, sum.as_deref_mut())?;
        }
        for b in &mut self.biases {
            update(b, &mut gradients, step, sum.as_deref_mut())?;
        }
        Ok(value.into_scalar::<f32>())
    }
}

/// A step for one parameter, and its part of the gradient's squares.
fn update<const D: usize>(
    parameter: &mut Tensor<D>,
    gradients: &mut Gradients,
    step: bool,
    sum: Option<&mut f64>,
) -> Result<(), Failure> {
    let slope = parameter.grad_remove(gradients).ok_or("a parameter without gradient")?;
    if let Some(sum) = sum {
        *sum += squares(&slope);
    }
    if step {
        let stepped = parameter.clone().inner() - slope * RATE;
        *parameter = Tensor::from_inner(stepped).require_grad();
    }
    Ok(())
}

impl Contestant for Training {
    fn run(&mut self) -> Result<f32, Failure> {
        self.evaluate(None)
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        let mut sum = 0.0;
        Ok((self.evaluate(Some(&mut sum))?, sum.sqrt()))
    }
}

struct Function<F> {
    at: Tensor<2>,
    value: F,
}

impl<F: Fn(Tensor<2>) -> Tensor<1>> Function<F> {
    fn evaluate(&self) -> Result<(f32, Tensor<2>), Failure> {
        let value = (self.value)(self.at.clone());
        let mut gradients = value.backward();
        let slope = self.at.grad_remove(&mut gradients).ok_or("a variable without gradient")?;
        Ok((value.into_scalar::<f32>(), slope))
    }
}

impl<F: Fn(Tensor<2>) -> Tensor<1>> Contestant for Function<F> {
    fn run(&mut self) -> Result<f32, Failure> {
        Ok(self.evaluate()?.0)
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        let (value, slope) = self.evaluate()?;
        Ok((value, squares(&slope).sqrt()))
    }
}
