//! A network small enough to be right by inspection: linear regression, a = W x + b with one output, under
//! C = 1/(2m) Σᵢ (aᵢ − yᵢ)² + λ/2 Σ w².

#![allow(dead_code, reason = "each test crate uses a part of this module")]

/// Threads of one process as ranks.
pub(crate) mod threads {
    gradsmith_test_support::threads_as_ranks!(gradsmith_runtime);
}

use gradsmith_runtime::check::{check_extent, check_shape, check_workspace};
use gradsmith_runtime::{CostValue, Error, Init, Network, Parameters, Rng, TensorSpec};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, array, s};

pub(crate) struct Linear {
    pub(crate) lambda: f64,
    /// What the gradient by the bias is multiplied with: 1, unless it shall be wrong.
    pub(crate) flaw: f64,
}

impl Linear {
    pub(crate) fn new(lambda: f64) -> Self {
        Self { lambda, flaw: 1.0 }
    }
}

/// w1, w2, b.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line(pub(crate) [f64; 3]);

impl Parameters for Line {
    type Scalar = f64;
    const TENSORS: &'static [TensorSpec] = &[
        TensorSpec { name: "w", offset: 0, shape: &[1, 2] },
        TensorSpec { name: "b", offset: 2, shape: &[1] },
    ];

    fn zeros() -> Self {
        Self([0.0; 3])
    }
    fn as_slice(&self) -> &[f64] {
        &self.0
    }
    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.0
    }
}

impl Network for Linear {
    type Scalar = f64;
    type Parameters = Line;
    /// The outputs of one batch.
    type Workspace = Array2<f64>;
    const INPUTS: usize = 2;
    const OUTPUTS: usize = 1;

    fn init(init: Init, seed: u64) -> Line {
        let (mut line, mut rng) = (Line::zeros(), Rng::new(seed));
        let (weights, biases) = line.0.split_at_mut(2);
        init.weights(&mut rng, weights, 2, 1);
        init.biases(&mut rng, biases);
        line
    }

    fn workspace(&self, batch: usize) -> Array2<f64> {
        Array2::zeros((batch, 1))
    }

    fn predict_into(
        &self,
        parameters: &Line,
        x: ArrayView2<'_, f64>,
        workspace: &mut Array2<f64>,
        mut out: ArrayViewMut2<'_, f64>,
    ) -> Result<(), Error> {
        check_workspace(workspace.nrows(), x.nrows())?;
        check_extent("x", 1, 2, x.ncols())?;
        check_shape("out", &[x.nrows(), 1], out.shape())?;
        let [w1, w2, b] = parameters.0;
        for (row, out) in x.rows().into_iter().zip(&mut out) {
            *out = w1 * row[0] + w2 * row[1] + b;
        }
        Ok(())
    }

    fn value(
        &self,
        parameters: &Line,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        workspace: &mut Array2<f64>,
    ) -> Result<CostValue<f64>, Error> {
        let mut gradient = Line::zeros();
        self.value_and_gradient(parameters, x, y, workspace, &mut gradient)
    }

    fn value_and_gradient(
        &self,
        parameters: &Line,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        workspace: &mut Array2<f64>,
        gradient: &mut Line,
    ) -> Result<CostValue<f64>, Error> {
        check_workspace(workspace.nrows(), x.nrows())?;
        check_extent("x", 1, 2, x.ncols())?;
        check_shape("y", &[x.nrows(), 1], y.shape())?;
        let m = x.nrows() as f64;
        let [w1, w2, b] = parameters.0;
        let mut outputs = workspace.slice_mut(s![..x.nrows(), ..]);
        let (mut data, mut sums) = (0.0, [0.0; 3]);
        for ((row, y), a) in x.rows().into_iter().zip(y).zip(&mut outputs) {
            *a = w1 * row[0] + w2 * row[1] + b;
            let delta = (*a - y) / m;
            data += delta * (*a - y) / 2.0;
            sums = [sums[0] + delta * row[0], sums[1] + delta * row[1], sums[2] + delta];
        }
        gradient.0 = [sums[0] + self.lambda * w1, sums[1] + self.lambda * w2, self.flaw * sums[2]];
        Ok(CostValue { data, penalty: self.lambda / 2.0 * (w1 * w1 + w2 * w2) })
    }
}

/// `rows` random examples of y = 2 x1 − 3 x2 + 0.5.
pub(crate) fn examples(rows: usize, seed: u64) -> (Array2<f64>, Array2<f64>) {
    let mut rng = Rng::new(seed);
    let x = Array2::from_shape_simple_fn((rows, 2), || rng.normal());
    let y = x.dot(&array![[2.0], [-3.0]]) + 0.5;
    (x, y)
}
