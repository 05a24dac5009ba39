//! What a search is told of a problem, inside its domain and out of it.
//!
//! The last point is remembered with its value and gradient, so each is computed once a point.
//!
//! Out of the domain, where a matrix is not what `logdet` or `inv` want of it or the result is no finite
//! number, a search is to step back and go on inside. To one that looks at values alone the value there is
//! +∞. Line searches that also ask for slopes fit a parabola or a cubic through what they are told, and give
//! up at an infinity; they are told a value V and a slope. With x₀ the lowest point met inside, f₀ and g₀
//! its value and gradient, d = x - x₀ and M the largest of the last values met inside,
//!
//! ```text
//! V = M + |g₀·d|/6 (1 + |d| / (1 + |x₀|))        g = 6 (V - f₀) d / |d|²
//! ```
//!
//! So V is above what the search compares it with. The slope along d, 6 (V - f₀), is upwards and puts the
//! least point of the cubic at four to five tenths of the way, whatever V - f₀ and the slope in x₀ are. That
//! it grows with |d| brings a search back at once that went far out.
//!
//! What is told there is for turning back, not for going on: who takes such a point for the next one, and so
//! asks for its gradient again, or for its Hessian, gets the error that was met there. So does who asks for a
//! gradient without having been inside, or for values only, again and again.

use super::Error;
use crate::error;
use crate::kernel::checks::check_finite;
use crate::kernel::scalar::Scalar;
use crate::model::objective::{Objective, Residual};
use ndarray::{Array2, ArrayView1};

/// How many values are remembered: more than a line search looks at before it is where it will stay.
const RECENT: usize = 16;

/// How many points outside, for each variable and one more, are looked at without one inside. Not one alone:
/// a simplex or a swarm may begin on both sides.
const PATIENCE: usize = 100;

/// How far one search has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Whether it has been inside.
    pub(super) entered: bool,
    /// How many points outside it has looked at.
    missed: usize,
}

/// A problem and what is known of the points that were asked for.
#[derive(Debug)]
pub(super) struct Search<P: Objective> {
    pub(super) problem: P,
    met: Met<P::Scalar>,
    /// Where the last residual was asked for and is outside, and of what.
    no_residual: Option<(Vec<P::Scalar>, error::Error)>,
}

/// Points that were met.
#[derive(Debug)]
struct Met<T> {
    /// The last point inside.
    last: Option<Inside<T>>,
    /// The lowest point before.
    lowest: Option<Inside<T>>,
    /// The last values inside, the oldest overwritten first.
    recent: [T; RECENT],
    /// How many values there were.
    values: usize,
    /// The last point, if it is outside.
    outside: Option<Outside<T>>,
    /// Whether the gradient of the last point was asked for.
    asked: bool,
    /// Whether that of the point before was.
    slopes: bool,
}

#[derive(Debug)]
struct Inside<T> {
    x: Vec<T>,
    value: T,
    gradient: Option<Vec<T>>,
}

#[derive(Debug)]
struct Outside<T> {
    x: Vec<T>,
    error: error::Error,
    value: T,
    /// The gradient that is told, once.
    gradient: Option<Vec<T>>,
}

impl<P: Objective> Search<P> {
    pub(super) fn new(problem: P) -> Self {
        Self { problem, met: Met::none(), no_residual: None }
    }

    /// Forgets what was met: the problem may become another.
    pub(super) fn forget(&mut self) {
        self.met = Met::none();
        self.no_residual = None;
    }

    /// f(x), or what a search is told instead.
    pub(super) fn value(&mut self, x: &[P::Scalar], progress: &mut Progress) -> Result<P::Scalar, Error> {
        if self.met.outside(x).is_none() {
            match self.visit(x, false)? {
                Ok(()) => progress.entered = true,
                Err(error) => self.met.leave(x, error, progress.entered && self.met.slopes),
            }
        }
        let Some(outside) = self.met.outside(x) else {
            return self.met.last.as_ref().map(|last| last.value).ok_or_else(lost);
        };
        progress.missed += 1;
        match progress.entered {
            true => Ok(outside.value),
            false if progress.missed <= PATIENCE * (x.len() + 1) => Ok(P::Scalar::INFINITY),
            false => Err(outside.error.clone().into()),
        }
    }

    /// ∇f(x), or what a search is told instead.
    pub(super) fn gradient(
        &mut self,
        x: &[P::Scalar],
        progress: &mut Progress,
    ) -> Result<Vec<P::Scalar>, Error> {
        if let Some(outside) = self.met.outside(x) {
            let told = outside.gradient.take().filter(|_| progress.entered);
            let error = outside.error.clone();
            self.met.asked = true;
            return told.ok_or_else(|| error.into());
        }
        let known = self.met.last.as_ref().is_some_and(|last| same(&last.x, x));
        match self.visit(x, true)? {
            Ok(()) => progress.entered = true,
            // The value is a number and its gradient none, as that of a root is at 0: the domain ends here too.
            Err(error) if progress.entered && known => {
                self.met.leave(x, error, true);
                return self.gradient(x, progress);
            }
            // Who has not asked for the value first does not compare it, and so cannot turn back.
            Err(error) => return Err(error.into()),
        }
        self.met.last.as_ref().and_then(|last| last.gradient.clone()).ok_or_else(lost)
    }

    /// r(x); +∞ in all entries outside.
    pub(super) fn residual(
        &mut self,
        x: &[P::Scalar],
        progress: &mut Progress,
    ) -> Result<Vec<P::Scalar>, Error>
    where
        P: Residual,
    {
        self.no_residual = None;
        let residual = self.problem.residual(x);
        match residual.and_then(|r| check_finite("residual", r.view()).map(|()| r)) {
            Ok(residual) => {
                progress.entered = true;
                Ok(residual.to_vec())
            }
            Err(error) => {
                if leaves_the_domain(&error) {
                    self.no_residual = Some((x.to_vec(), error.clone()));
                    if progress.entered {
                        return Ok(vec![P::Scalar::INFINITY; self.problem.residuals()]);
                    }
                }
                Err(error.into())
            }
        }
    }

    /// ∂r/∂x, where there is a residual.
    pub(super) fn jacobian(&mut self, x: &[P::Scalar]) -> Result<Array2<P::Scalar>, Error>
    where
        P: Residual,
    {
        if let Some((_, error)) = self.no_residual.as_ref().filter(|(at, _)| same(at, x)) {
            return Err(error.clone().into());
        }
        let jacobian = self.problem.jacobian(x)?;
        check_finite("jacobian", jacobian.view())?;
        Ok(jacobian)
    }

    /// The error that was met at this point, if it is outside.
    pub(super) fn check(&mut self, x: &[P::Scalar]) -> Result<(), Error> {
        self.met.outside(x).map_or(Ok(()), |outside| Err(outside.error.clone().into()))
    }

    /// Makes `x` the last point, its value known; and its gradient, where that is `wanted` or likely to be.
    /// The inner error is that of a point outside.
    fn visit(&mut self, x: &[P::Scalar], wanted: bool) -> Result<Result<(), error::Error>, Error> {
        let met = &mut self.met;
        let known = |last: &Inside<P::Scalar>| same(&last.x, x) && !(wanted && last.gradient.is_none());
        if !met.last.as_ref().is_some_and(known) {
            let likely = met.asked || met.values == 0;
            met.pass(x);
            let mut gradient = (wanted || likely).then(|| vec![P::Scalar::ZERO; x.len()]);
            let value = match &mut gradient {
                Some(gradient) => self.problem.value_and_gradient_into(x, gradient),
                None => self.problem.value(x),
            };
            match value.and_then(finite) {
                Ok(value) => met.enter(Inside { x: x.to_vec(), value, gradient }),
                Err(error) if leaves_the_domain(&error) => return Ok(Err(error)),
                Err(error) => return Err(error.into()),
            }
        }
        met.asked |= wanted;
        let gradient = met.last.as_ref().and_then(|last| last.gradient.as_deref()).filter(|_| wanted);
        Ok(gradient.map_or(Ok(()), |g| check_finite("gradient", ArrayView1::from(g))))
    }
}

impl<T: Scalar> Met<T> {
    fn none() -> Self {
        Self {
            last: None,
            lowest: None,
            recent: [T::NEG_INFINITY; RECENT],
            values: 0,
            outside: None,
            asked: false,
            slopes: false,
        }
    }

    /// The last point, if it is this one and outside.
    fn outside(&mut self, x: &[T]) -> Option<&mut Outside<T>> {
        self.outside.as_mut().filter(|outside| same(&outside.x, x))
    }

    /// Goes on from the last point to `x`.
    fn pass(&mut self, x: &[T]) {
        self.outside = None;
        self.slopes = std::mem::take(&mut self.asked);
        if let Some(last) = self.last.take().filter(|last| !same(&last.x, x))
            && self.lowest.as_ref().is_none_or(|lowest| last.value <= lowest.value)
        {
            self.lowest = Some(last);
        }
    }

    /// Makes a point inside the last one.
    fn enter(&mut self, point: Inside<T>) {
        self.recent[self.values % RECENT] = point.value;
        self.values += 1;
        self.last = Some(point);
    }

    /// Makes a point outside the last one, as one that looks at `slopes` or not is told of it.
    fn leave(&mut self, x: &[T], error: error::Error, slopes: bool) {
        self.last = None;
        let told = if slopes { self.told(x) } else { None };
        let (value, gradient) = told.map_or((T::INFINITY, None), |(value, g)| (value, Some(g)));
        self.outside = Some(Outside { x: x.to_vec(), error, value, gradient });
    }

    /// The value and the gradient at `x`, outside, that make a line search turn back.
    fn told(&self, x: &[T]) -> Option<(T, Vec<T>)> {
        let from = self.lowest.as_ref()?;
        let d: Vec<T> = x.iter().zip(&from.x).map(|(&x, &y)| x - y).collect();
        let dot = |a: &[T]| a.iter().zip(&d).map(|(&a, &d)| a * d).sum::<T>();
        let top = self.recent.iter().fold(from.value, |top, &v| if v > top { v } else { top });
        let norm = |a: &[T]| a.iter().map(|&a| a * a).sum::<T>().sqrt();
        let six = T::from_f64(6.0);
        let slope = from.gradient.as_deref().map_or(T::ZERO, |g| dot(g).abs());
        let rise = slope / six * (T::ONE + norm(&d) / (T::ONE + norm(&from.x)));
        let least = T::from_f64(64.0) * T::EPSILON * top.abs() + T::MIN_POSITIVE;
        let value = top + if rise > least { rise } else { least };
        let factor = six * (value - from.value) / dot(&d);
        let gradient: Vec<T> = d.iter().map(|&d| factor * d).collect();
        (value.is_finite() && gradient.iter().all(|g| g.is_finite())).then_some((value, gradient))
    }
}

/// Whether two points are one. A search may come to numbers that are none, which are not equal to themselves.
fn same<T: Scalar>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

/// A value, if it is a finite number.
fn finite<T: Scalar>(value: T) -> Result<T, error::Error> {
    crate::kernel::checks::check_finite_scalar("f", value).map(|()| value)
}

/// Whether an error says that a point is outside of the domain, and not that the call is wrong.
fn leaves_the_domain(error: &error::Error) -> bool {
    use error::Error::{NonFinite, NotPositiveDefinite, Singular};
    matches!(error, Singular { .. } | NotPositiveDefinite { .. } | NonFinite { .. })
}

fn lost() -> Error {
    Error::msg("no point was visited")
}
