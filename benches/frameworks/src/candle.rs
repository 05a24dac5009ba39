//! By candle: tensors on the processor, reverse mode by its tape.

use crate::workload::Kind;
use crate::{Contestant, Data, Failure};
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::ops::{log_softmax, sigmoid};
use ndarray::{ArrayBase, Data as Storage, Dimension};
use peers::inputs::{LAMBDA, RATE};

/// The workload of these data.
///
/// # Errors
/// If shapes do not fit.
pub fn on(data: &Data) -> std::result::Result<Box<dyn Contestant + '_>, Failure> {
    Ok(match data {
        Data::Network(kind, seed) => Box::new(Training {
            kind: *kind,
            x: tensor(&seed.x)?,
            y: tensor(&seed.y)?,
            weights: seed.weights.iter().map(variable).collect::<Result<_>>()?,
            biases: seed.biases.iter().map(variable).collect::<Result<_>>()?,
        }),
        Data::Regression(data) => {
            let column = |entries: &[f32]| Tensor::from_slice(entries, (entries.len(), 1), &Device::Cpu);
            let (x, minus_y) = (tensor(&data.x)?, column(&data.y.to_vec())?.neg()?);
            let value = move |w: &Tensor| {
                softplus(&(x.matmul(w)? * &minus_y)?)?.mean_all()? + (w.sqr()?.sum_all()? * (LAMBDA / 2.0))?
            };
            Box::new(Function { at: Var::from_tensor(&column(&data.w)?)?, value })
        }
        Data::Factorisation(data) => {
            let (m, v, t) = (tensor(&data.m)?, tensor(&data.v)?, tensor(&data.t)?);
            let u = Var::from_slice(&data.u, data.v.shape(), &Device::Cpu)?;
            let value = move |u: &Tensor| ((u.matmul(&v.t()?)? - &t)? * &m)?.sqr()?.sum_all();
            Box::new(Function { at: u, value })
        }
    })
}

fn tensor<S: Storage<Elem = f32>, D: Dimension>(entries: &ArrayBase<S, D>) -> Result<Tensor> {
    Tensor::from_iter(entries.iter().copied(), &Device::Cpu)?.reshape(entries.shape())
}

fn variable<S: Storage<Elem = f32>, D: Dimension>(entries: &ArrayBase<S, D>) -> Result<Var> {
    Var::from_tensor(&tensor(entries)?)
}

/// log(1 + exp(z)) without overflow: candle has none with a gradient.
fn softplus(z: &Tensor) -> Result<Tensor> {
    z.relu()? + (z.abs()?.neg()?.exp()? + 1.0)?.log()?
}

fn squares(t: &Tensor) -> Result<f64> {
    t.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar()
}

struct Training {
    kind: Kind,
    x: Tensor,
    y: Tensor,
    weights: Vec<Var>,
    biases: Vec<Var>,
}

impl Training {
    fn value(&self) -> Result<Tensor> {
        let (last, batch) = (self.weights.len() - 1, self.x.dim(0)? as f64);
        let mut a = self.x.clone();
        for (l, (w, b)) in self.weights.iter().zip(&self.biases).enumerate() {
            a = a.matmul(w)?.broadcast_add(b)?;
            if l < last {
                a = if self.kind == Kind::Binary { sigmoid(&a)? } else { a.relu()? };
            }
        }
        let mut value = match self.kind {
            Kind::Regression => ((a - &self.y)?.sqr()?.sum_all()? * (0.5 / batch))?,
            Kind::Binary => ((softplus(&a)? - (&self.y * &a)?)?.sum_all()? / batch)?,
            Kind::Classes => ((&self.y * log_softmax(&a, 1)?)?.sum_all()? / -batch)?,
        };
        if self.kind.trained() {
            for w in &self.weights {
                value = (value + (w.sqr()?.sum_all()? * (LAMBDA / 2.0))?)?;
            }
        }
        Ok(value)
    }

    /// The value; the gradient's squares are added up where asked for.
    fn evaluate(&self, mut sum: Option<&mut f64>) -> std::result::Result<f32, Failure> {
        let value = self.value()?;
        let gradients = value.backward()?;
        for parameter in self.weights.iter().chain(&self.biases) {
            let slope = gradients.get(parameter).ok_or("a parameter without gradient")?;
            if let Some(sum) = &mut sum {
                **sum += squares(slope)?;
            }
            if self.kind.trained() {
                parameter.set(&(parameter.as_tensor() - (slope * RATE)?)?)?;
            }
        }
        Ok(value.to_scalar()?)
    }
}

impl Contestant for Training {
    fn run(&mut self) -> std::result::Result<f32, Failure> {
        self.evaluate(None)
    }

    fn run_with_norm(&mut self) -> std::result::Result<(f32, f64), Failure> {
        let mut sum = 0.0;
        Ok((self.evaluate(Some(&mut sum))?, sum.sqrt()))
    }
}

struct Function<F> {
    at: Var,
    value: F,
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Function<F> {
    fn evaluate(&self) -> std::result::Result<(f32, Tensor), Failure> {
        let value = (self.value)(&self.at)?;
        let mut gradients = value.backward()?;
        let slope = gradients.remove(&self.at).ok_or("a variable without gradient")?;
        Ok((value.to_scalar()?, slope))
    }
}

impl<F: Fn(&Tensor) -> Result<Tensor>> Contestant for Function<F> {
    fn run(&mut self) -> std::result::Result<f32, Failure> {
        Ok(self.evaluate()?.0)
    }

    fn run_with_norm(&mut self) -> std::result::Result<(f32, f64), Failure> {
        let (value, slope) = self.evaluate()?;
        Ok((value, squares(&slope)?.sqrt()))
    }
}
