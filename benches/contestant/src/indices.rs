//! W10 to W12: formulas that subscripts are written in.

use crate::inputs::{ITEMS, LAMBDA, Points, Ratings, USERS, symmetric};
use crate::objectives::gradient;
use gradsmith::{Error, Objective, Scalar};
use ndarray::{ArrayView1, ArrayView2};
use std::marker::PhantomData;

/// W10.
#[derive(Clone, Debug, Default, Objective)]
#[objective("sum[i](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)", wrt(x: vector))]
pub struct Chain<T> {
    number: PhantomData<T>,
}

/// W11: the negative logarithm of the marginal likelihood. The parameters are logarithms of the length scale,
/// the signal's variance and the noise's.
#[derive(Clone, Debug, Objective)]
#[objective(
    "K = matrix[i, j](exp(s - exp(-2*l)*sum[c]((X[i, c] - X[j, c])^2)/2)) + exp(t)*eye;
     y'*inv(K)*y/2 + logdet(K)/2 + len(y)*log(2*pi)/2",
    wrt(l: scalar, s: scalar, t: scalar)
)]
#[allow(non_snake_case, reason = "as in the formula")]
pub struct Process<'a> {
    X: ArrayView2<'a, f64>,
    y: ArrayView1<'a, f64>,
}

impl<'a> Process<'a> {
    /// The process through these points.
    #[must_use]
    pub fn new(data: &'a Points) -> Self {
        Self { X: data.x.view(), y: data.y.view() }
    }
}

/// W12: `r[k]` is what user `p[k]` says of item `q[k]`.
#[derive(Clone, Debug, Objective)]
#[objective(
    "sum[k]((dot(U[p[k], :], V[q[k], :]) - r[k])^2) + lambda/2 * (norm2(U)^2 + norm2(V)^2)",
    wrt(U: matrix[users, 16], V: matrix[items, 16])
)]
pub struct Rated<'a, T> {
    r: ArrayView1<'a, T>,
    p: ArrayView1<'a, u32>,
    q: ArrayView1<'a, u32>,
    lambda: T,
}

impl<'a, T: Scalar> Rated<'a, T> {
    /// The factorisation of these ratings.
    #[must_use]
    pub fn new(data: &'a Ratings<T>) -> Self {
        Self { r: data.r.view(), p: data.p.view(), q: data.q.view(), lambda: T::from_f64(LAMBDA) }
    }
}

/// W10: value and gradient of Rosenbrock's function of a million variables.
///
/// # Errors
/// None that is expected.
pub fn w10<T: Scalar>() -> Result<(), Error> {
    gradient("W10", &mut Chain::<T>::default().prepare(1_000_000)?, &symmetric(1000, 1_000_000, 1.5))
}

/// W11: value and gradient by the three parameters.
///
/// # Errors
/// None that is expected.
pub fn w11() -> Result<(), Error> {
    gradient("W11", &mut Process::new(&Points::new(500)).prepare()?, &Points::AT)
}

/// W12: value and gradient by the factors of users and items.
///
/// # Errors
/// None that is expected.
pub fn w12<T: Scalar>() -> Result<(), Error> {
    let data = Ratings::<T>::new(1_000_000);
    gradient("W12", &mut Rated::new(&data).prepare(USERS, ITEMS)?, &data.factors)
}
