//! Second order: gradient and diagonal of the Hessian of every loss, and the products of a network's Hessian and of its
//! Gauss-Newton part with a direction.

use gradsmith::{Cost, Error, Init, Network, Parameters, Rng};
use gradsmith_compiler::catalog::{self, Kind};
use ndarray::{Array2, ArrayView2, s};

// ---- losses

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
/// What the derive gives.
type Derived = fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), Error>;
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

/// A struct for each loss, and the table of all. Where `|a, y, k|` takes entries, the loss is a sum over them.
macro_rules! losses {
    ($($name:ident ( $($cost:tt)* ) $id:ident $domain:ident $by_hand:expr;)*) => {
        $(
            #[derive(Cost)]
            #[cost($($cost)*)]
            struct $id;
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

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
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

/// Whether two numbers are within `within`, relative to the larger, absolute below 1.
fn near(got: f64, want: f64, within: f64) -> bool {
    (got - want).abs() <= within * want.abs().max(1.0)
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

// ---- networks

/// A network's products, which its struct has as methods of its own.
trait Products: Network<Scalar = f64> {
    /// H v.
    fn hessian(&self, data: &Sample<Self>, v: &Self::Parameters) -> Result<Vec<f64>, Error>;
    /// G v.
    fn gauss_newton(&self, data: &Sample<Self>, v: &Self::Parameters) -> Result<Vec<f64>, Error>;
}

/// Where a network is looked at.
struct Sample<N: Network<Scalar = f64> + ?Sized> {
    parameters: N::Parameters,
    x: Array2<f64>,
    y: Array2<f64>,
}

macro_rules! networks {
    ($($id:ident: $network:meta, $cost:meta;)*) => {
        $(
            #[derive(Network)]
            #[$network]
            #[$cost]
            struct $id;

            impl Products for $id {
                fn hessian(&self, at: &Sample<Self>, v: &Self::Parameters) -> Result<Vec<f64>, Error> {
                    // Room for more than there is, and nothing relied upon that was there before.
                    let mut workspace = self.workspace(at.x.nrows() + 3);
                    let mut out = nan::<Self::Parameters>();
                    self.hessian_vector_product(
                        &at.parameters, at.x.view(), at.y.view(), &mut workspace, v, &mut out,
                    )?;
                    Ok(out.as_slice().to_vec())
                }

                fn gauss_newton(&self, at: &Sample<Self>, v: &Self::Parameters) -> Result<Vec<f64>, Error> {
                    let mut workspace = self.workspace(at.x.nrows() + 3);
                    let mut out = nan::<Self::Parameters>();
                    self.gauss_newton_product(
                        &at.parameters, at.x.view(), at.y.view(), &mut workspace, v, &mut out,
                    )?;
                    Ok(out.as_slice().to_vec())
                }
            }
        )*
    };
}

networks! {
    LinearQuadratic: network(4 -> 3 linear), cost(quadratic);
    LinearPenalised: network(4 -> 3 linear), cost(mse + l2(0.3) + l2(0.2, b));
    DeepQuadratic: network(4 -> 5 tanh -> 3 sigmoid), cost(quadratic);
    SigmoidCrossEntropy: network(4 -> 5 tanh -> 3 sigmoid), cost(cross_entropy + l2(0.1));
    SigmoidLogits: network(4 -> 5 tanh -> 3 linear), cost(cross_entropy_with_logits + l2(0.1));
    SoftmaxCategorical: network(4 -> 6 gelu -> 5 softplus -> 3 softmax), cost(categorical_cross_entropy);
    SoftmaxLogits: network(4 -> 6 gelu -> 5 softplus -> 3 linear), cost(categorical_cross_entropy_with_logits);
    Logits3: network(4 -> 5 sin -> 3 linear), cost(cross_entropy_with_logits);
    Counts: network(4 -> 5 silu -> 2 linear), cost(poisson_log);
    Robust: network(4 -> 5 sigmoid -> 3 linear), cost(log_cosh + smooth_l1(0.1, 0.2));
    Wide: network(17 -> 40 tanh -> 33 softsign -> 2 linear), cost(cross_entropy_with_logits);
    Shared: network("h = tanh(W*x + b); g = h + tanh(W*h + c); a = softmax(V*g)", x: 4, W: 4 x 4, b: 4, c: 4, V: 3 x 4),
        cost(categorical_cross_entropy + group_lasso(0.1) + activity_l2(0.2));
    Arrows: network(4 -> 5 tanh -> 3 linear), cost(quadratic);
    HiddenZ: network("z = tanh(W*x + b); a = V*z + c", x: 4, W: 5 x 4, b: 5, V: 3 x 5, c: 3), cost(quadratic);
    SoftmaxArrows: network(4 -> 5 tanh -> 3 softmax), cost(categorical_cross_entropy + activity_l2(0.2));
    SoftmaxText: network("h = tanh(W*x + b); a = softmax(V*h + c)", x: 4, W: 5 x 4, b: 5, V: 3 x 5, c: 3),
        cost(categorical_cross_entropy + activity_l2(0.2));
    Coupled: network(4 -> 5 tanh -> 3 linear), cost("quadratic + 0.1 * sum((w1*w1').^2) + 0.2 * norm2(w2*w1)^2");
}

fn nan<P: Parameters<Scalar = f64>>() -> P {
    let mut p = P::zeros();
    p.as_mut_slice().fill(f64::NAN);
    p
}

fn direction<P: Parameters<Scalar = f64>>(seed: u64) -> P {
    let (mut p, mut rng) = (P::zeros(), Rng::new(seed));
    p.as_mut_slice().fill_with(|| 2.0 * rng.uniform() - 1.0);
    p
}

fn dot(u: &[f64], v: &[f64]) -> f64 {
    u.iter().zip(v).map(|(u, v)| u * v).sum()
}

impl<N: Network<Scalar = f64>> Sample<N> {
    /// `m` examples, and parameters somewhere.
    fn new(m: usize) -> Self {
        let mut rng = Rng::new(3);
        let x = Array2::from_shape_simple_fn((m, N::INPUTS), || 2.0 * rng.uniform() - 1.0);
        let y = Array2::from_shape_simple_fn((m, N::OUTPUTS), || rng.uniform());
        let y = &y / &y.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
        let mut parameters = N::init(Init::Glorot, 4);
        let biased = direction::<N::Parameters>(5);
        for (p, b) in parameters.as_mut_slice().iter_mut().zip(biased.as_slice()) {
            *p += 0.3 * b;
        }
        Self { parameters, x, y }
    }

    /// The same examples elsewhere.
    fn moved(&self, v: &N::Parameters, by: f64) -> N::Parameters {
        let mut p = N::Parameters::zeros();
        let sums = self.parameters.as_slice().iter().zip(v.as_slice()).map(|(p, v)| p + by * v);
        p.as_mut_slice().iter_mut().zip(sums).for_each(|(p, sum)| *p = sum);
        p
    }
}

/// What holds of every network: symmetry, and differences of gradients.
fn holds<N: Products>(name: &str, network: &N) -> Result<(), Error> {
    const STEP: f64 = 1e-5;
    for m in [1, 7] {
        let at = Sample::<N>::new(m);
        let (u, v) = (direction::<N::Parameters>(6), direction::<N::Parameters>(7));
        let (hu, hv) = (network.hessian(&at, &u)?, network.hessian(&at, &v)?);
        let (gu, gv) = (network.gauss_newton(&at, &u)?, network.gauss_newton(&at, &v)?);
        let (left, right) = (dot(u.as_slice(), &hv), dot(v.as_slice(), &hu));
        assert!(near(left, right, 1e-12), "{name}: u'Hv = {left}, v'Hu = {right}");
        let (left, right) = (dot(u.as_slice(), &gv), dot(v.as_slice(), &gu));
        assert!(near(left, right, 1e-12), "{name}: u'Gv = {left}, v'Gu = {right}");
        let gradient = |by: f64| {
            let (mut workspace, mut gradient) = (network.workspace(m), N::Parameters::zeros());
            let p = at.moved(&v, by);
            network.value_and_gradient(&p, at.x.view(), at.y.view(), &mut workspace, &mut gradient)?;
            Ok::<_, Error>(gradient)
        };
        let (above, below) = (gradient(STEP)?, gradient(-STEP)?);
        for (k, (above, below)) in above.as_slice().iter().zip(below.as_slice()).enumerate() {
            let (difference, got) = ((above - below) / (2.0 * STEP), hv[k]);
            assert!(near(got, difference, 1e-7), "{name}: (Hv)[{k}] = {got}, not {difference}");
        }
    }
    Ok(())
}

#[test]
fn products_are_symmetric_and_differences_of_gradients() -> Result<(), Error> {
    holds("LinearQuadratic", &LinearQuadratic)?;
    holds("LinearPenalised", &LinearPenalised)?;
    holds("DeepQuadratic", &DeepQuadratic)?;
    holds("SigmoidCrossEntropy", &SigmoidCrossEntropy)?;
    holds("SigmoidLogits", &SigmoidLogits)?;
    holds("SoftmaxCategorical", &SoftmaxCategorical)?;
    holds("SoftmaxLogits", &SoftmaxLogits)?;
    holds("Logits3", &Logits3)?;
    holds("Counts", &Counts)?;
    holds("Robust", &Robust)?;
    holds("Wide", &Wide)?;
    holds("Shared", &Shared)?;
    holds("Coupled", &Coupled)
}

/// G v is H v: the outputs are linear in the parameters.
fn gauss_newton_is_the_hessian<N: Products>(network: &N) -> Result<(), Error> {
    let at = Sample::<N>::new(9);
    for seed in 0..5 {
        let v = direction::<N::Parameters>(seed);
        let (h, g) = (network.hessian(&at, &v)?, network.gauss_newton(&at, &v)?);
        assert!(h.iter().zip(&g).all(|(h, g)| near(*g, *h, 1e-13)), "{h:?}\n{g:?}");
    }
    Ok(())
}

#[test]
fn gauss_newton_is_the_hessian_of_linear_networks() -> Result<(), Error> {
    gauss_newton_is_the_hessian(&LinearQuadratic)?;
    gauss_newton_is_the_hessian(&LinearPenalised)
}

fn is_semi_definite<N: Products>(name: &str, network: &N) -> Result<(), Error> {
    let at = Sample::<N>::new(4);
    for seed in 0..50 {
        let v = direction::<N::Parameters>(seed);
        let form = dot(v.as_slice(), &network.gauss_newton(&at, &v)?);
        assert!(form >= -1e-13, "{name}: v'Gv = {form}");
    }
    Ok(())
}

/// Losses convex in what the last layer's activation is given.
#[test]
fn gauss_newton_of_convex_losses_is_semi_definite() -> Result<(), Error> {
    is_semi_definite("LinearQuadratic", &LinearQuadratic)?;
    is_semi_definite("SigmoidCrossEntropy", &SigmoidCrossEntropy)?;
    is_semi_definite("SoftmaxCategorical", &SoftmaxCategorical)?;
    is_semi_definite("SoftmaxLogits", &SoftmaxLogits)?;
    is_semi_definite("Logits3", &Logits3)?;
    is_semi_definite("Counts", &Counts)?;
    is_semi_definite("Robust", &Robust)?;
    is_semi_definite("Wide", &Wide)
}

/// u'Gv = 1/m Σ h (Ju)(Jv), where the outputs are the pre-activations and h is the loss's own curvature.
fn is_built_of_curvatures<N: Products>(name: &str, network: &N, loss: Derived) -> Result<(), Error> {
    const STEP: f64 = 1e-5;
    let at = Sample::<N>::new(6);
    let (_, h) = loss(network.predict(&at.parameters, at.x.view())?.view(), at.y.view())?;
    let change = |v: &N::Parameters| {
        let (above, below) = (at.moved(v, STEP), at.moved(v, -STEP));
        let above = network.predict(&above, at.x.view())?;
        Ok::<_, Error>((above - network.predict(&below, at.x.view())?) / (2.0 * STEP))
    };
    for seed in 0..10 {
        let (u, v) = (direction::<N::Parameters>(seed), direction::<N::Parameters>(seed + 100));
        let want = (&h * &change(&u)? * &change(&v)?).sum() / 6.0;
        let got = dot(u.as_slice(), &network.gauss_newton(&at, &v)?);
        assert!(near(got, want, 1e-8), "{name}: u'Gv = {got}, not {want}");
    }
    Ok(())
}

#[test]
fn gauss_newton_is_built_of_the_curvatures_of_the_loss() -> Result<(), Error> {
    let logits: Derived = |a, y| Logits.gradient_and_hessian_diagonal(a, y);
    is_built_of_curvatures("Logits3", &Logits3, logits)?;
    is_built_of_curvatures("Wide", &Wide, logits)?;
    is_built_of_curvatures("Counts", &Counts, |a, y| PoissonLog.gradient_and_hessian_diagonal(a, y))?;
    is_built_of_curvatures("LinearQuadratic", &LinearQuadratic, |a, y| {
        Quadratic.gradient_and_hessian_diagonal(a, y)
    })
}

/// The last layer's activation belongs to the loss: the same network, its loss spelled with logits, has the same products.
fn are_the_same<A: Products, B: Products>(with: &A, without: &B) -> Result<(), Error> {
    let (a, b) = (Sample::<A>::new(5), Sample::<B>::new(5));
    assert_eq!(a.parameters.as_slice(), b.parameters.as_slice());
    let (v, w) = (direction::<A::Parameters>(8), direction::<B::Parameters>(8));
    let pairs = [
        (with.hessian(&a, &v)?, without.hessian(&b, &w)?),
        (with.gauss_newton(&a, &v)?, without.gauss_newton(&b, &w)?),
    ];
    for (with, without) in pairs {
        assert!(with.iter().zip(&without).all(|(a, b)| near(*a, *b, 1e-12)), "{with:?}\n{without:?}");
    }
    Ok(())
}

#[test]
fn an_activation_and_a_loss_are_one_loss_of_logits() -> Result<(), Error> {
    are_the_same(&SigmoidCrossEntropy, &SigmoidLogits)?;
    are_the_same(&SoftmaxCategorical, &SoftmaxLogits)
}

#[test]
fn names_of_values_do_not_matter() -> Result<(), Error> {
    are_the_same(&Arrows, &HiddenZ)?;
    are_the_same(&SoftmaxArrows, &SoftmaxText)
}

#[test]
fn a_workspace_too_small_is_an_error() {
    let at = Sample::<LinearQuadratic>::new(4);
    let (v, mut out) = (direction(1), nan());
    let mut workspace = LinearQuadratic.workspace(3);
    let (x, y) = (at.x.view(), at.y.view());
    let result = LinearQuadratic.hessian_vector_product(&at.parameters, x, y, &mut workspace, &v, &mut out);
    assert!(matches!(result, Err(Error::WorkspaceTooSmall { .. })), "{result:?}");
    let result = LinearQuadratic.gauss_newton_product(&at.parameters, x, y, &mut workspace, &v, &mut out);
    assert!(matches!(result, Err(Error::WorkspaceTooSmall { .. })), "{result:?}");
}
