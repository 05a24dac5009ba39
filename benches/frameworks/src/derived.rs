//! By gradsmith.

use crate::workload::Kind;
use crate::{Contestant, Data, Failure};
use gradsmith::{Network, Objective};
use peers::clock::norm;
use peers::networks::{Tiny, Training, deeper, digits};
use peers::objectives::{Logistic, Masked};
use std::hint::black_box;

/// The workload of these data.
///
/// # Errors
/// If shapes do not fit.
pub fn on(data: &Data) -> Result<Box<dyn Contestant + '_>, Failure> {
    Ok(match data {
        Data::Network(kind, seed) => {
            let batch = seed.x.nrows();
            match kind {
                Kind::Regression => Box::new(Net { training: Training::new(Tiny, 1, batch)?, step: false }),
                Kind::Binary => {
                    Box::new(Net { training: Training::new(digits::<f32>(), 2, batch)?, step: true })
                }
                Kind::Classes => Box::new(Net { training: Training::new(deeper(), 3, batch)?, step: true }),
            }
        }
        Data::Regression(data) => {
            let gradient = vec![0.0; data.w.len()];
            Box::new(Problem { objective: Logistic::new(data).prepare()?, at: &data.w, gradient })
        }
        Data::Factorisation(data) => {
            let gradient = vec![0.0; data.u.len()];
            Box::new(Problem { objective: Masked::new(data).prepare()?, at: &data.u, gradient })
        }
    })
}

struct Net<N: Network> {
    training: Training<N>,
    step: bool,
}

impl<N: Network<Scalar = f32>> Contestant for Net<N> {
    fn run(&mut self) -> Result<f32, Failure> {
        Ok(if self.step { self.training.step()? } else { self.training.gradient()? })
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        self.training.gradient()?;
        let norm = self.training.gradient_norm();
        Ok((self.run()?, norm))
    }
}

struct Problem<'a, O> {
    objective: O,
    at: &'a [f32],
    gradient: Vec<f32>,
}

impl<O: Objective<Scalar = f32>> Contestant for Problem<'_, O> {
    fn run(&mut self) -> Result<f32, Failure> {
        Ok(self.objective.value_and_gradient_into(black_box(self.at), &mut self.gradient)?)
    }

    fn run_with_norm(&mut self) -> Result<(f32, f64), Failure> {
        Ok((self.run()?, norm(&self.gradient)))
    }
}
