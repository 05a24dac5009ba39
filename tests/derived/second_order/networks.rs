//! The products of a network's Hessian, and of its Gauss-Newton part, with a direction.

use super::Derived;
use super::losses::{Logits, PoissonLog, Quadratic};
use crate::checks::near;
use gradsmith::{Error, Init, Network, Parameters, Rng};
use ndarray::Array2;

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

/// The last layer's activation belongs to the loss: the same network, its loss spelled with logits, has the
/// same products.
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
