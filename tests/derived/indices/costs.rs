//! Costs of outputs that know their place, and of neighbours: of outputs, and of rows of weights.

use crate::checks::{close, matrix};
use gradsmith::{Cost, Error};
use ndarray::{Array2, arr1};

#[derive(Cost)]
#[cost(
    "sum[i]((i + 1)*(a[i] - y[i])^2) + mu*sum[i]((a[i+1] - a[i])^4) + sum(cumsum(a - y).^2)/2 \
     + nu*sum[i, j]((w[i+1, j] - w[i, j])^2)"
)]
struct Smooth {
    mu: f64,
    nu: f64,
}

/// Central differences of a function of a matrix.
fn differences(x: &Array2<f64>, f: impl Fn(&Array2<f64>) -> f64) -> Array2<f64> {
    let h = 1e-5;
    Array2::from_shape_fn(x.dim(), |at| {
        let moved = |h: f64| {
            let mut x = x.clone();
            x[at] += h;
            f(&x)
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    })
}

#[test]
fn of_places_and_of_neighbours() -> Result<(), Error> {
    let cost = Smooth { mu: 0.3, nu: 0.7 };
    for (examples, outputs) in [(3, 4), (1, 1), (2, 2), (5, 19)] {
        let (a, y, w) = (matrix(examples, outputs, 1), matrix(examples, outputs, 2), matrix(outputs, 2, 3));
        let b = arr1(&[0.0]);
        let value = |a: &Array2<f64>, w: &Array2<f64>| {
            cost.value(a.view(), y.view(), &[w.view()], &[b.view()]).expect("finite").total()
        };
        let sums = |k: usize| -> f64 {
            let difference = |i: usize| a[[k, i]] - y[[k, i]];
            let weighted: f64 = (0..outputs).map(|i| (i as f64 + 1.0) * difference(i).powi(2)).sum();
            let steps: f64 = (1..outputs).map(|i| (a[[k, i]] - a[[k, i - 1]]).powi(4)).sum();
            let running = |i: usize| (0..=i).map(difference).sum::<f64>();
            weighted + 0.3 * steps + (0..outputs).map(|i| running(i).powi(2)).sum::<f64>() / 2.0
        };
        let mean = (0..examples).map(sums).sum::<f64>() / examples as f64;
        close([&cost.data(a.view(), y.view())?], [&mean], 1e-13);
        close(&cost.d_activation(a.view(), y.view())?, &differences(&a, |a| value(a, &w)), 1e-8);
        close(&cost.d_weight(w.view())?, &differences(&w, |w| value(&a, w)), 1e-8);
    }
    Ok(())
}
