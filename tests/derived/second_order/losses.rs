//! Gradient and diagonal of the Hessian of every loss.

use super::Derived;
use crate::checks::{near, sigmoid};
use gradsmith::{Cost, Error, Rng};
use gradsmith_compiler::catalog::{self, Kind};
use ndarray::{Array2, ArrayView2, s};

/// What activations and targets a loss takes.
#[derive(Clone, Copy)]
enum Domain {
    /// Any and any.
    Real,
    /// Any, and targets from 0 to 1.
    Scores,
    /// Both between 0 and 1.
    Unit,
    /// Any, and ±1.
    Signs,
    /// Positive, and counts.
    Counts,
    /// Any, and counts.
    LogCounts,
}

impl Domain {
    fn sample(self, m: usize, k: usize, seed: u64) -> (Array2<f64>, Array2<f64>) {
        let mut rng = Rng::new(seed);
        let mut uniform =
            |low: f64, high: f64| Array2::from_shape_simple_fn((m, k), || low + (high - low) * rng.uniform());
        let (real, unit, small) = (uniform(-3.0, 3.0), uniform(0.05, 0.95), uniform(0.05, 0.95));
        let counts = small.mapv(|t| (5.0 * t).floor());
        match self {
            Self::Real => (real, uniform(-3.0, 3.0)),
            Self::Scores => (real, small),
            Self::Unit => (unit, small),
            Self::Signs => (real, small.mapv(|t| if t < 0.5 { -1.0 } else { 1.0 })),
            Self::Counts => (uniform(0.1, 4.0), counts),
            Self::LogCounts => (real, counts),
        }
    }
}

/// Gradient and curvature of one example, by hand.
type ByHand = fn(&[f64], &[f64]) -> Vec<(f64, f64)>;
/// The mean over a batch, and its derivative.
type First = fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Result<(f64, Array2<f64>), Error>;

/// A loss of the catalog.
struct Loss {
    name: &'static str,
    domain: Domain,
    by_hand: ByHand,
    derived: Derived,
    first: First,
}

/// A struct for each loss, and the table of all. Where `|a, y, k|` takes entries, the loss is a sum over
/// them.
macro_rules! losses {
    ($($name:ident ( $($cost:tt)* ) $id:ident $domain:ident $by_hand:expr;)*) => {
        $(
            #[derive(Cost)]
            #[cost($($cost)*)]
            pub(crate) struct $id;
        )*
        fn losses() -> Vec<Loss> {
            vec![$(Loss {
                name: stringify!($name),
                domain: Domain::$domain,
                by_hand: $by_hand,
                derived: |a, y| $id.gradient_and_hessian_diagonal(a, y),
                first: |a, y| Ok(($id.data(a, y)?, $id.d_activation(a, y)?)),
            }),*]
        }
    };
}

/// Each entry for itself.
macro_rules! entries {
    (|$a:ident, $y:ident, $k:ident| $pair:expr) => {
        |a, y| {
            let $k = a.len() as f64;
            let _ = $k;
            a.iter().zip(y).map(|(&$a, &$y)| $pair).collect()
        }
    };
}

fn smoothed(y: f64, k: f64) -> f64 {
    0.9 * y + 0.1 / k
}

fn rmse(a: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let k = a.len() as f64;
    let root = (a.iter().zip(y).map(|(a, y)| (a - y).powi(2)).sum::<f64>() / k).sqrt();
    let entry = |d: f64| (d / (k * root), 1.0 / (k * root) - d * d / (k * k * root.powi(3)));
    a.iter().zip(y).map(|(a, y)| entry(a - y)).collect()
}

fn softmax_cross_entropy(a: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let (sum, total) = (a.iter().map(|a| a.exp()).sum::<f64>(), y.iter().sum::<f64>());
    let entry = |p: f64, y: f64| (total * p - y, total * p * (1.0 - p));
    a.iter().zip(y).map(|(a, y)| entry(a.exp() / sum, *y)).collect()
}

fn cosine(a: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    let (aa, length) = (dot(a, a), (dot(a, a) * dot(y, y)).sqrt());
    let c = dot(a, y) / length;
    let entry = |a: f64, y: f64| {
        let slope = y / length - c * a / aa;
        let curvature = y * a / (aa * length) + slope * a / aa + c / aa - 2.0 * c * a * a / (aa * aa);
        (-slope, curvature)
    };
    a.iter().zip(y).map(|(a, y)| entry(*a, *y)).collect()
}

losses! {
    quadratic(quadratic) Quadratic Real entries!(|a, y, k| (a - y, 1.0));
    mse(mse) Mse Real entries!(|a, y, k| (2.0 * (a - y) / k, 2.0 / k));
    mae(mae) Mae Real entries!(|a, y, k| ((a - y).signum() / k, 0.0));
    rmse(rmse) Rmse Real rmse;
    huber(huber) Huber Real
        entries!(|a, y, k| ((a - y).clamp(-1.0, 1.0), f64::from((a - y).abs() <= 1.0)));
    log_cosh(log_cosh) LogCosh Real
        entries!(|a, y, k| ((a - y).tanh(), 1.0 - (a - y).tanh().powi(2)));
    quantile(quantile(0.3)) Quantile Real entries!(|a, y, k| (if y > a { -0.3 } else { 0.7 }, 0.0));
    epsilon_insensitive(epsilon_insensitive) EpsilonInsensitive Real
        entries!(|a, y, k| (if (a - y).abs() > 0.1 { (a - y).signum() } else { 0.0 }, 0.0));
    cross_entropy(cross_entropy) CrossEntropy Unit
        entries!(|a, y, k| ((a - y) / (a * (1.0 - a)), y / (a * a) + (1.0 - y) / (1.0 - a).powi(2)));
    binary_cross_entropy(binary_cross_entropy) BinaryCrossEntropy Unit
        entries!(|a, y, k| ((a - y) / (a * (1.0 - a)), y / (a * a) + (1.0 - y) / (1.0 - a).powi(2)));
    categorical_cross_entropy(categorical_cross_entropy(0.1)) Categorical Unit
        entries!(|a, y, k| (-smoothed(y, k) / a, smoothed(y, k) / (a * a)));
    cross_entropy_with_logits(cross_entropy_with_logits) Logits Scores
        entries!(|a, y, k| (sigmoid(a) - y, sigmoid(a) * (1.0 - sigmoid(a))));
    categorical_cross_entropy_with_logits(categorical_cross_entropy_with_logits) CategoricalLogits Scores
        softmax_cross_entropy;
    focal(focal) Focal Unit entries!(|a, y, k| {
        let (b, z) = (1.0 - a, 1.0 - y);
        let gradient = y * (2.0 * b * a.ln() - b * b / a) - z * (2.0 * a * b.ln() - a * a / b);
        let curvature = |a: f64, b: f64| -2.0 * a.ln() + 4.0 * b / a + b * b / (a * a);
        (gradient, y * curvature(a, b) + z * curvature(b, a))
    });
    hinge(hinge) Hinge Signs entries!(|a, y, k| (if y * a < 1.0 { -y } else { 0.0 }, 0.0));
    squared_hinge(squared_hinge) SquaredHinge Signs
        entries!(|a, y, k| (-2.0 * y * (1.0 - y * a).max(0.0), if y * a < 1.0 { 2.0 } else { 0.0 }));
    logistic(logistic) Logistic Signs entries!(|a, y, k| {
        let g = -y / (1.0 + (y * a).exp());
        (g, g.abs() * (1.0 - g.abs()))
    });
    kl_divergence(kl_divergence) KlDivergence Unit entries!(|a, y, k| (-y / a, y / (a * a)));
    poisson(poisson) Poisson Counts entries!(|a, y, k| (1.0 - y / a, y / (a * a)));
    poisson_log(poisson_log) PoissonLog LogCounts entries!(|a, y, k| (a.exp() - y, a.exp()));
    gaussian_nll(gaussian_nll(0.7)) GaussianNll Real entries!(|a, y, k| ((a - y) / 0.49, 1.0 / 0.49));
    cosine(cosine) Cosine Real cosine;
}

#[test]
fn every_loss_of_the_catalog_is_here() {
    let entries: Vec<&str> =
        catalog::all().iter().filter(|e| e.kind == Kind::Loss).map(catalog::Entry::name).collect();
    assert_eq!(entries, losses().iter().map(|l| l.name).collect::<Vec<_>>());
}

#[test]
fn gradient_and_curvature_are_those_by_hand() -> Result<(), Error> {
    for loss in losses() {
        for (m, k) in [(1, 1), (1, 5), (6, 1), (7, 5), (3, 33)] {
            let (a, y) = loss.domain.sample(m, k, (m * 100 + k) as u64);
            let (g, h) = (loss.derived)(a.view(), y.view())?;
            for row in 0..m {
                let by_hand = (loss.by_hand)(&a.row(row).to_vec(), &y.row(row).to_vec());
                for (j, (want_g, want_h)) in by_hand.into_iter().enumerate() {
                    let (g, h) = (g[(row, j)], h[(row, j)]);
                    let at = format!("{}, {m}×{k}, ({row}, {j})", loss.name);
                    // The cosine of one number is ±1 whatever the number: what is left is rounding.
                    assert!(near(g, want_g, 1e-11), "{at}: gradient {g}, not {want_g}");
                    assert!(near(h, want_h, 1e-11), "{at}: curvature {h}, not {want_h}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn gradient_and_curvature_are_the_differences_of_one_example() -> Result<(), Error> {
    const STEP: f64 = 1e-5;
    for loss in losses() {
        let (a, y) = loss.domain.sample(5, 4, 11);
        let (g, h) = (loss.derived)(a.view(), y.view())?;
        for row in 0..5 {
            let (example, y) = (a.slice(s![row..=row, ..]).to_owned(), y.slice(s![row..=row, ..]));
            for j in 0..4 {
                let moved = |by: f64| {
                    let mut a = example.clone();
                    a[(0, j)] += by;
                    let (value, _) = (loss.first)(a.view(), y)?;
                    let (gradient, _) = (loss.derived)(a.view(), y)?;
                    Ok::<_, Error>((value, gradient[(0, j)]))
                };
                let (above, below) = (moved(STEP)?, moved(-STEP)?);
                let slope = (above.0 - below.0) / (2.0 * STEP);
                let curvature = (above.1 - below.1) / (2.0 * STEP);
                let (g, h) = (g[(row, j)], h[(row, j)]);
                assert!(near(g, slope, 1e-7), "{}, ({row}, {j}): gradient {g}, not {slope}", loss.name);
                assert!(
                    near(h, curvature, 1e-6),
                    "{}, ({row}, {j}): curvature {h}, not {curvature}",
                    loss.name
                );
            }
        }
    }
    Ok(())
}

#[test]
fn no_mean_is_taken_and_layout_does_not_matter() -> Result<(), Error> {
    for loss in losses() {
        let (a, y) = loss.domain.sample(6, 3, 5);
        let (g, h) = (loss.derived)(a.view(), y.view())?;
        let (_, mean) = (loss.first)(a.view(), y.view())?;
        for (g, mean) in g.iter().zip(&mean) {
            assert!(near(*g, 6.0 * mean, 1e-13), "{}: {g} is not 6 times {mean}", loss.name);
        }
        // Rows on their own, and rows that lie in memory as columns.
        let (first, _) = (loss.derived)(a.slice(s![2..3, ..]), y.slice(s![2..3, ..]))?;
        assert_eq!(first.row(0), g.row(2), "{}", loss.name);
        let (turned_a, turned_y) =
            (a.t().as_standard_layout().to_owned(), y.t().as_standard_layout().to_owned());
        let (turned_g, turned_h) = (loss.derived)(turned_a.t(), turned_y.t())?;
        assert!(g == turned_g && h == turned_h, "{}", loss.name);
    }
    Ok(())
}

#[test]
fn far_scores_stay_finite() -> Result<(), Error> {
    let far =
        Array2::from_shape_vec((1, 6), vec![-1e4, -745.0, -40.0, 40.0, 745.0, 1e4]).expect("six entries");
    for sign in [-1.0, 1.0] {
        let y = Array2::from_elem((1, 6), sign);
        let (g, h) = Logistic.gradient_and_hessian_diagonal(far.view(), y.view())?;
        let (log_cosh, curvature) = LogCosh.gradient_and_hessian_diagonal(far.view(), y.view())?;
        let t = y.mapv(|y| f64::midpoint(y, 1.0));
        let (logits, same) = Logits.gradient_and_hessian_diagonal(far.view(), t.view())?;
        for array in [&g, &h, &log_cosh, &curvature, &logits, &same] {
            assert!(array.iter().all(|v| v.is_finite() && v.abs() <= 1.0), "{array}");
        }
        assert!(
            [&h, &curvature, &same].iter().all(|h| h.iter().all(|v| *v >= 0.0)),
            "{h}, {curvature}, {same}"
        );
        // The same loss, spelled for targets of 0 and 1.
        for (a, b) in g.iter().zip(&logits).chain(h.iter().zip(&same)) {
            assert!((a - b).abs() <= 1e-15, "{g}, {logits}; {h}, {same}");
        }
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error() {
    let (two, three) = (Array2::zeros((2, 2)), Array2::zeros((2, 3)));
    let empty = Array2::zeros((0, 2));
    assert!(Quadratic.gradient_and_hessian_diagonal(two.view(), three.view()).is_err());
    assert!(Quadratic.gradient_and_hessian_diagonal(empty.view(), empty.view()).is_err());
    let (mut g, mut h) = (two.clone(), three.clone());
    let result =
        Quadratic.gradient_and_hessian_diagonal_into(two.view(), two.view(), g.view_mut(), h.view_mut());
    assert!(result.is_err());
}
