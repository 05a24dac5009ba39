//! W5 to W8: values, gradients, Hessians and products of expressions.

use crate::clock::{Line, norm};
use crate::inputs::{Factorisation, LAMBDA, Perceptron, Regression, symmetric};
use crate::rosenbrock::Rosenbrock;
use gradsmith::{Error, Objective, Scalar};
use ndarray::{ArrayView1, ArrayView2};
use std::hint::black_box;

/// W5.
#[derive(Clone, Debug, Objective)]
#[objective("mean(log(1 + exp(-y .* (X*w)))) + lambda/2 * norm2(w)^2", wrt(w: vector))]
#[allow(non_snake_case, reason = "as in the formula")]
pub struct Logistic<'a, T> {
    X: ArrayView2<'a, T>,
    y: ArrayView1<'a, T>,
    lambda: T,
}

impl<'a, T: Scalar> Logistic<'a, T> {
    /// The regression on these data.
    #[must_use]
    pub fn new(data: &'a Regression<T>) -> Self {
        Self { X: data.x.view(), y: data.y.view(), lambda: T::from_f64(LAMBDA) }
    }
}

/// W6.
#[derive(Clone, Debug, Objective)]
#[objective("norm2(M .* (U*V' - T))^2", wrt(U: matrix))]
#[allow(non_snake_case, reason = "as in the formula")]
pub struct Masked<'a, T> {
    M: ArrayView2<'a, T>,
    V: ArrayView2<'a, T>,
    T: ArrayView2<'a, T>,
}

impl<'a, T: Scalar> Masked<'a, T> {
    /// The factorisation of these data.
    #[must_use]
    pub fn new(data: &'a Factorisation<T>) -> Self {
        Self { M: data.m.view(), V: data.v.view(), T: data.t.view() }
    }
}

/// W7: a row an example.
#[derive(Clone, Debug, Objective)]
#[objective(
    "A = tanh(X*W + vector(1)*b1');
     B = tanh(A*W2 + vector(1)*b2');
     Z = B*W3 + vector(1)*b3';
     mean(log(rowsum(exp(Z))) - rowsum(Y .* Z))",
    wrt(W: matrix)
)]
#[allow(non_snake_case, reason = "as in the formula")]
pub struct FirstLayer<'a, T> {
    X: ArrayView2<'a, T>,
    Y: ArrayView2<'a, T>,
    W2: ArrayView2<'a, T>,
    W3: ArrayView2<'a, T>,
    b1: ArrayView1<'a, T>,
    b2: ArrayView1<'a, T>,
    b3: ArrayView1<'a, T>,
}

/// W8m.
#[derive(Clone, Debug, Objective)]
#[objective(
    "a = sin(x0*x1);
     b = exp(0.1*(x2 - x3));
     c = log(1 + x4^2 + x5^2);
     d = sqrt(1 + x0^2)^3;
     p = exp(0.3*log(x2^2 + 1));
     a*b + c*d/(1 + b) + a^2*c + p*sin(x3 + a) + b*log(2 + a) + x4*x5/(1 + d)",
    wrt(x0: scalar, x1: scalar, x2: scalar, x3: scalar, x4: scalar, x5: scalar)
)]
pub struct Messy;

/// Times value and gradient at `x`.
pub(crate) fn gradient<O: Objective>(
    case: &'static str,
    problem: &mut O,
    x: &[O::Scalar],
) -> Result<(), Error> {
    let mut g = vec![O::Scalar::ZERO; x.len()];
    let loss = problem.value_and_gradient_into(x, &mut g)?.to_f64();
    let line = Line { case, dtype: O::Scalar::NAME, loss, gnorm: norm(&g) };
    line.time(|| problem.value_and_gradient_into(black_box(x), &mut g));
    Ok(())
}

/// Times the Hessian's product with `v` at `x`; the numbers are vᵀHv and |Hv|.
fn product<O: Objective>(
    case: &'static str,
    problem: &mut O,
    x: &[O::Scalar],
    v: &[O::Scalar],
) -> Result<(), Error> {
    let mut h = vec![O::Scalar::ZERO; x.len()];
    problem.hessian_vector_product_into(x, v, &mut h)?;
    let loss = v.iter().zip(&h).map(|(v, h)| v.to_f64() * h.to_f64()).sum();
    let line = Line { case, dtype: O::Scalar::NAME, loss, gnorm: norm(&h) };
    line.time(|| problem.hessian_vector_product_into(black_box(x), v, &mut h));
    Ok(())
}

/// Times the Hessian at `x`; the numbers are its trace and its norm.
fn hessian<O: Objective>(case: &'static str, problem: &mut O, x: &[O::Scalar]) -> Result<(), Error> {
    let mut h = problem.hessian(x)?;
    let loss = h.diag().iter().map(|h| h.to_f64()).sum();
    let gnorm = norm(&h.iter().copied().collect::<Vec<_>>());
    let line = Line { case, dtype: O::Scalar::NAME, loss, gnorm };
    line.time(|| problem.hessian_into(black_box(x), h.view_mut()));
    Ok(())
}

/// W5: value and gradient, a Hessian-vector product, the Hessian.
///
/// # Errors
/// None that is expected.
pub fn w5<T: Scalar>() -> Result<(), Error> {
    let data = Regression::<T>::new();
    let mut problem = Logistic::new(&data).prepare()?;
    gradient("W5a", &mut problem, &data.w)?;
    product("W5b", &mut problem, &data.w, &data.v)?;
    hessian("W5c", &mut problem, &data.w)
}

/// W6: value and gradient for n = 500, k = 10, the Hessian for n = 100, k = 5.
///
/// # Errors
/// None that is expected.
pub fn w6<T: Scalar>() -> Result<(), Error> {
    let data = Factorisation::<T>::new(500, 10);
    gradient("W6a", &mut Masked::new(&data).prepare()?, &data.u)?;
    let data = Factorisation::<T>::new(100, 5);
    hessian("W6b", &mut Masked::new(&data).prepare()?, &data.u)
}

/// W7: the Hessian by the first layer's weights.
///
/// # Errors
/// None that is expected.
pub fn w7<T: Scalar>() -> Result<(), Error> {
    let p = Perceptron::<T>::of(7, 20);
    let layer = FirstLayer {
        X: p.x.view(),
        Y: p.y.view(),
        W2: p.weights[1].view(),
        W3: p.weights[2].view(),
        b1: p.biases[0].view(),
        b2: p.biases[1].view(),
        b3: p.biases[2].view(),
    };
    let w: Vec<T> = p.weights[0].iter().copied().collect();
    hessian("W7", &mut layer.prepare()?, &w)
}

/// W8: value and gradient of Rosenbrock's function of 100 variables, and of a function of 6.
///
/// # Errors
/// None that is expected.
pub fn w8() -> Result<(), Error> {
    gradient("W8r", &mut Rosenbrock.prepare()?, &symmetric(800, 100, 1.5))?;
    gradient("W8m", &mut Messy.prepare()?, &symmetric(801, 6, 1.0))
}
