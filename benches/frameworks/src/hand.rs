//! By hand on `ndarray`.

use crate::workload::Kind;
use crate::{Contestant, Data, Failure};
use ndarray::{Array1, Array2};
use peers::clock::norm;
use peers::hand::{Net, logistic, masked};
use peers::inputs::{Factorisation, Regression};
use std::hint::black_box;

/// The workload of these data.
///
/// # Errors
/// If shapes do not fit.
pub fn on(data: &Data) -> Result<Box<dyn Contestant + '_>, Failure> {
    Ok(match data {
        &Data::Network(kind, ref seed) => {
            Box::new(ByHand { net: Net::new(kind.workload(), seed.x.nrows()), kind })
        }
        Data::Regression(data) => {
            let w = Array1::from(data.w.clone());
            Box::new(Logistic { data, gradient: Array1::zeros(w.dim()), w })
        }
        Data::Factorisation(data) => {
            let u = Array2::from_shape_vec(data.v.dim(), data.u.clone())?;
            Box::new(Masked {
                data,
                residual: Array2::zeros(data.t.dim()),
                gradient: Array2::zeros(u.dim()),
                u,
            })
        }
    })
}

struct ByHand {
    net: Net<f32>,
    kind: Kind,
}

impl Contestant for ByHand {
    fn run(&mut self) -> Result<f32, Failure> {
        let net = black_box(&mut self.net);
        Ok(if self.kind.trained() { net.step() } else { net.gradient() })
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        Ok((self.run()?, self.net.gradient_norm()))
    }
}

struct Logistic<'a> {
    data: &'a Regression<f32>,
    w: Array1<f32>,
    gradient: Array1<f32>,
}

impl Contestant for Logistic<'_> {
    fn run(&mut self) -> Result<f32, Failure> {
        Ok(logistic(self.data, black_box(&self.w), &mut self.gradient))
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        Ok((self.run()?, norm(&self.gradient.to_vec())))
    }
}

struct Masked<'a> {
    data: &'a Factorisation<f32>,
    u: Array2<f32>,
    residual: Array2<f32>,
    gradient: Array2<f32>,
}

impl Contestant for Masked<'_> {
    fn run(&mut self) -> Result<f32, Failure> {
        Ok(masked(self.data, black_box(&self.u), &mut self.residual, &mut self.gradient))
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        let value = self.run()?;
        Ok((value, norm(&self.gradient.iter().copied().collect::<Vec<_>>())))
    }
}
